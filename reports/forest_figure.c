/* reports/forest_figure.c: effects with their intervals, a line each. */
#include "reports/forest_figure.h"

#include <math.h>
#include <stdio.h>

#include "reports/axis.h"
#include "reports/format.h"
#include "reports/style.h"

/* Limits beyond 0.1 … 10 are cut and end in an arrow, and estimates beyond the wider pair are only printed: an effect without
 * information must not squeeze the others. */
static const double LIMIT_LEAST = 0.1, LIMIT_MOST = 10, ESTIMATE_LEAST = 0.02, ESTIMATE_MOST = 50;

static void axis_range(double *lo, double *hi, const ForestFigure *f)
{
    *lo = 0.5;
    *hi = 2;
    for (size_t i = 0; i < f->n_rows; i++) {
        const ForestRow *r = &f->row[i];
        if (r->heading || !isfinite(r->estimate)) continue;
        const double x[3] = { r->estimate, r->lower, r->upper };
        for (int k = 0; k < 3; k++) {
            if (isnan(x[k])) continue;
            if (k == 0 && (x[k] < ESTIMATE_LEAST || x[k] > ESTIMATE_MOST)) continue;
            *lo = fmin(*lo, k ? fmax(x[k], LIMIT_LEAST) : x[k]);
            *hi = fmax(*hi, k ? fmin(x[k], LIMIT_MOST) : x[k]);
        }
    }
    *lo /= 1.08;
    *hi *= 1.08;
}

static void draw_effect(Scene *s, int panel, const ForestRow *r, double lo, double hi, double y)
{
    const Scale *x = &s->panel[panel].x;
    double a = isnan(r->lower) ? r->estimate : r->lower, b = isnan(r->upper) ? r->estimate : r->upper;
    double from = fmax(a, lo), to = fmin(b, hi);
    if (from < to) scene_segment(s, SCENE_PAGE, scale_pt(x, from), y, scale_pt(x, to), y, PEN(COLOUR_BLUE, 1.3));
    if (a < lo) scene_shape(s, SCENE_PAGE, scale_pt(x, lo) + 2, y, SHAPE_LEFT, 6, COLOUR_BLUE);
    if (b > hi) scene_shape(s, SCENE_PAGE, scale_pt(x, hi) - 2, y, SHAPE_RIGHT, 6, COLOUR_BLUE);
    if (r->estimate >= lo && r->estimate <= hi) scene_shape(s, SCENE_PAGE, scale_pt(x, r->estimate), y, SHAPE_SQUARE, 6, COLOUR_BLUE);
}

Rc forest_draw(Scene *out, const ForestFigure *f, Err *e)
{
    enum { ROW = 16 };
    Rc rc = OK;
    Scene s = { 0 };
    char text[256], a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];
    size_t effects = 0;
    double lo, hi;
    for (size_t i = 0; i < f->n_rows; i++) effects += !f->row[i].heading;
    if (!effects) return err_set(e, ERR_INTERNAL, "forest plot without effects");
    axis_range(&lo, &hi, f);
    const double left = 214, right = 358, top = 22, bottom = top + ROW * (double)f->n_rows + 4;
    snprintf(text, sizeof text, "Forest plot of %zu effects with %d %% intervals; a %s of 1 means no effect.", effects, f->conf_percent, f->effect);
    scene_init(&s, FIGURE_WIDTH, bottom + 48, f->title, text);
    int panel = scene_panel(&s, (Scale){ true, lo, hi, left, right }, (Scale){ false, 0, 1, bottom, top });
    if (panel < 0) { rc = scene_check(&s, e); goto out; }
    Ticks t = ticks_log(lo, hi);
    const TextStyle head = { .size_pt = SIZE_TICK, .colour = COLOUR_QUIET };
    TextStyle head_end = head;
    head_end.anchor = ANCHOR_END;
    snprintf(text, sizeof text, "%s (%d %% CI)", f->effect, f->conf_percent);
    scene_text(&s, SCENE_PAGE, 452, 12, 0, 0, text, head_end);
    scene_text(&s, SCENE_PAGE, FIGURE_WIDTH, 12, 0, 0, "p", head_end);
    scene_segment(&s, SCENE_PAGE, 0, top - 4, FIGURE_WIDTH, top - 4, PEN(COLOUR_GRID, 0.8));
    grid_down(&s, panel, &t);
    double one = scale_pt(&s.panel[panel].x, 1);
    scene_segment(&s, SCENE_PAGE, one, top, one, bottom, PEN(COLOUR_AXIS, 0.9));
    for (size_t i = 0; i < f->n_rows; i++) {
        const ForestRow *r = &f->row[i];
        double y = top + ROW * ((double)i + 0.5), base = y + 3;
        char *label = text_fit(&s.arena, r->label, SIZE_LABEL, r->heading, r->heading ? 240 : left - 20);
        if (!label) { rc = err_nomem(e); goto out; }
        if (r->heading) {
            scene_rect(&s, SCENE_PAGE, 0, y - ROW / 2.0 + 1, FIGURE_WIDTH, y + ROW / 2.0 - 1, COLOUR_TINT, 1);
            scene_text(&s, SCENE_PAGE, 4, base, 0, 0, label, (TextStyle){ .size_pt = SIZE_LABEL, .colour = COLOUR_INK, .bold = true });
            if (r->detail) scene_text(&s, SCENE_PAGE, FIGURE_WIDTH - 4, base, 0, 0, r->detail, TEXT_TICK(ANCHOR_END));
            continue;
        }
        scene_text(&s, SCENE_PAGE, 12, base, 0, 0, label, TEXT_LABEL(ANCHOR_START));
        if (isnan(r->estimate)) {
            scene_text(&s, SCENE_PAGE, 452, base, 0, 0, "not estimable", TEXT_LABEL(ANCHOR_END));
            continue;
        }
        draw_effect(&s, panel, r, lo, hi, y);
        snprintf(text, sizeof text, "%s (%s–%s)", format_ratio(a, r->estimate), format_ratio(b, r->lower), format_ratio(c, r->upper));
        scene_text(&s, SCENE_PAGE, 452, base, 0, 0, text, TEXT_LABEL(ANCHOR_END));
        scene_text(&s, SCENE_PAGE, FIGURE_WIDTH, base, 0, 0, format_p(a, r->p), TEXT_LABEL(ANCHOR_END));
    }
    snprintf(text, sizeof text, "%s, logarithmic axis", f->effect);
    axis_bottom(&s, panel, &t, text);
    snprintf(text, sizeof text, "← %s", f->below);
    scene_text(&s, SCENE_PAGE, fmax(one - 10, left + text_width_pt(text, SIZE_SMALL, false)), bottom + 38, 0, 0, text, TEXT_SMALL(ANCHOR_END));
    snprintf(text, sizeof text, "%s →", f->above);
    scene_text(&s, SCENE_PAGE, one + 10, bottom + 38, 0, 0, text, TEXT_SMALL(ANCHOR_START));
    TRY(scene_check(&s, e));
    *out = s;
    s = (Scene){ 0 };
out:
    scene_free(&s);
    return rc;
}
