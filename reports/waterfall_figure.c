/* reports/waterfall_figure.c: the change of every patient as a bar, largest increase first. */
#include "reports/change_figure.h"

#include <math.h>
#include <stdio.h>

#include "core/sum.h"
#include "reports/axis.h"
#include "reports/format.h"
#include "reports/style.h"

Rc waterfall_draw(Scene *out, const WaterfallFigure *f, Err *e)
{
    Rc rc = OK;
    Scene s = { 0 };
    char text[256], a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];
    size_t n = 0, rose = 0, fell = 0;
    double lo = 0, hi = 0;
    scene_init(&s, FIGURE_WIDTH, 196, f->title, NULL);
    double *x = ARENA_NEW(&s.arena, f->n + 1, double);
    if (!x) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < f->n; i++) {
        if (!isfinite(f->change[i])) continue;
        x[n++] = f->change[i];
        lo = fmin(lo, f->change[i]);
        hi = fmax(hi, f->change[i]);
        rose += f->change[i] > 0;
        fell += f->change[i] < 0;
    }
    if (!n) { rc = err_set(e, ERR_INTERNAL, "waterfall plot without any pair of scans"); goto out; }
    sort_doubles(x, n);
    if (hi - lo < 1e-12) { lo -= 0.5; hi += 0.5; }
    double margin = 0.04 * (hi - lo);
    if (lo < 0) lo -= margin;
    if (hi > 0) hi += margin;
    snprintf(text, sizeof text, "Waterfall plot of %zu patients: %zu rose, %zu fell.", n, rose, fell);
    s.description = arena_strdup(&s.arena, text);
    if (!s.description) { rc = err_nomem(e); goto out; }
    const double left = 62, right = FIGURE_WIDTH - 6, top = 28, bottom = 176;
    int panel = scene_panel(&s, (Scale){ false, 0, (double)n, left, right }, (Scale){ false, lo, hi, bottom, top });
    Ticks ty = ticks_linear(lo, hi, 6);
    grid_across(&s, panel, &ty);
    double gap = n > 150 ? 0 : 0.14;
    for (size_t i = 0; i < n; i++) {
        double v = x[n - 1 - i];
        if (v != 0) scene_rect(&s, panel, (double)i + gap, 0, (double)i + 1 - gap, v, v > 0 ? COLOUR_VERMILLION : COLOUR_BLUE, 1);
    }
    scene_segment(&s, panel, 0, 0, (double)n, 0, PEN(COLOUR_INK, 0.8));
    axis_left(&s, panel, &ty, f->y_label);
    scene_text(&s, SCENE_PAGE, (left + right) / 2, bottom + 13, 0, 0, "Patients with both scans, by change", TEXT_LABEL(ANCHOR_MIDDLE));

    scene_rect(&s, SCENE_PAGE, left, 5, left + 8, 13, COLOUR_VERMILLION, 1);
    snprintf(text, sizeof text, "rose: %s", format_share(a, rose, n));
    scene_text(&s, SCENE_PAGE, left + 12, 12, 0, 0, text, TEXT_TICK(ANCHOR_START));
    scene_rect(&s, SCENE_PAGE, left + 92, 5, left + 100, 13, COLOUR_BLUE, 1);
    snprintf(text, sizeof text, "fell: %s", format_share(a, fell, n));
    scene_text(&s, SCENE_PAGE, left + 104, 12, 0, 0, text, TEXT_TICK(ANCHOR_START));
    snprintf(text, sizeof text, "n = %zu of %zu; median %s (quartiles %s to %s)", n, f->n, format_signed(a, quantile_sorted(x, n, 0.5), 1),
             format_signed(b, quantile_sorted(x, n, 0.25), 1), format_signed(c, quantile_sorted(x, n, 0.75), 1));
    scene_text(&s, SCENE_PAGE, right, 12, 0, 0, text, TEXT_TICK(ANCHOR_END));
    TRY(scene_check(&s, e));
    *out = s;
    s = (Scene){ 0 };
out:
    scene_free(&s);
    return rc;
}
