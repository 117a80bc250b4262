/* reports/spaghetti_figure.c: every patient's course as a thin line, median and quartiles on top. */
#include "reports/change_figure.h"

#include <math.h>
#include <stdio.h>

#include "core/sum.h"
#include "reports/axis.h"
#include "reports/format.h"
#include "reports/style.h"

Rc spaghetti_draw(Scene *out, const SpaghettiFigure *f, Err *e)
{
    Rc rc = OK;
    Scene s = { 0 };
    char text[256];
    const size_t T = f->n_timepoints;
    double hi = 0, lo = 0;
    size_t drawn = 0;
    if (T < 1) return err_set(e, ERR_INTERNAL, "course over no time point");
    scene_init(&s, FIGURE_WIDTH, 250, f->title, NULL);
    for (size_t i = 0; i < f->n; i++) {
        bool any = false;
        for (size_t t = 0; t < T; t++) {
            double v = f->value[i * T + t];
            if (!isfinite(v)) continue;
            any = true;
            hi = fmax(hi, v);
            lo = fmin(lo, v);
        }
        drawn += any;
    }
    if (!drawn) { rc = err_set(e, ERR_INTERNAL, "course of hypoxia without any value"); goto out; }
    if (hi <= lo) hi = lo + 1;
    ticks_widen(&lo, &hi, 5);
    snprintf(text, sizeof text, "Courses of %zu patients over %zu time points, with median and quartiles.", drawn, T);
    s.description = arena_strdup(&s.arena, text);
    if (!s.description) { rc = err_nomem(e); goto out; }
    const double left = 62, right = FIGURE_WIDTH - 6, top = 24, bottom = 212, n_t = (double)T;
    int panel = scene_panel(&s, (Scale){ false, -0.5, n_t - 0.5, left, right }, (Scale){ false, lo, hi, bottom, top });
    Ticks ty = ticks_linear(lo, hi, 5);
    grid_across(&s, panel, &ty);
    for (size_t i = 0; i < f->n; i++) {
        const double *v = f->value + i * T;
        size_t last = T;
        for (size_t t = 0; t < T; t++) {
            if (!isfinite(v[t])) continue;
            if (last < T) {
                Pen pen = { .colour = COLOUR_AXIS, .width_pt = 0.7, .alpha = 0.55, .dash_pt = t - last > 1 ? 2.5 : 0 };
                scene_segment(&s, panel, (double)last, v[last], (double)t, v[t], pen);
            }
            last = t;
        }
        for (size_t t = 0; t < T; t++) if (isfinite(v[t])) scene_shape(&s, panel, (double)t, v[t], SHAPE_CIRCLE, 2.6, COLOUR_AXIS);
    }

    double *x = ARENA_NEW(&s.arena, f->n + 1, double), *at = ARENA_NEW(&s.arena, T, double), *median = ARENA_NEW(&s.arena, T, double);
    if (!x || !at || !median) { rc = err_nomem(e); goto out; }
    size_t points = 0;
    scene_segment(&s, SCENE_PAGE, left, bottom, right, bottom, PEN(COLOUR_AXIS, 0.8));
    for (size_t t = 0; t < T; t++) {
        size_t n = 0;
        for (size_t i = 0; i < f->n; i++) if (isfinite(f->value[i * T + t])) x[n++] = f->value[i * T + t];
        sort_doubles(x, n);
        double place = scale_pt(&s.panel[panel].x, (double)t);
        char *label = text_fit(&s.arena, f->timepoint[t], SIZE_LABEL, true, (right - left) / n_t - 8);
        if (!label) { rc = err_nomem(e); goto out; }
        scene_text(&s, SCENE_PAGE, place, bottom + 14, 0, 0, label,
                   (TextStyle){ .size_pt = SIZE_LABEL, .colour = COLOUR_INK, .bold = true, .anchor = ANCHOR_MIDDLE });
        snprintf(text, sizeof text, "n = %zu", n);
        scene_text(&s, SCENE_PAGE, place, bottom + 26, 0, 0, text, TEXT_TICK(ANCHOR_MIDDLE));
        if (!n) continue;
        const Scale *value = &s.panel[panel].y;
        scene_rect(&s, SCENE_PAGE, place - 6, scale_pt(value, quantile_sorted(x, n, 0.75)), place + 6, scale_pt(value, quantile_sorted(x, n, 0.25)),
                   COLOUR_BLUE, 0.25);
        at[points] = (double)t;
        median[points++] = quantile_sorted(x, n, 0.5);
    }
    scene_line(&s, panel, at, median, points, PEN(COLOUR_BLUE, 2));
    for (size_t k = 0; k < points; k++) {
        scene_shape(&s, panel, at[k], median[k], SHAPE_CIRCLE, 9, COLOUR_WHITE);
        scene_shape(&s, panel, at[k], median[k], SHAPE_CIRCLE, 6.5, COLOUR_BLUE);
    }
    axis_left(&s, panel, &ty, f->y_label);
    scene_shape(&s, SCENE_PAGE, left + 6, 9, SHAPE_CIRCLE, 6.5, COLOUR_BLUE);
    scene_text(&s, SCENE_PAGE, left + 13, 12, 0, 0, "median; bar: quartiles", TEXT_TICK(ANCHOR_START));
    scene_segment(&s, SCENE_PAGE, left + 112, 9, left + 128, 9, PEN(COLOUR_AXIS, 0.8));
    scene_text(&s, SCENE_PAGE, left + 132, 12, 0, 0, "one patient (dashed: a scan between is missing)", TEXT_TICK(ANCHOR_START));
    TRY(scene_check(&s, e));
    *out = s;
    s = (Scene){ 0 };
out:
    scene_free(&s);
    return rc;
}
