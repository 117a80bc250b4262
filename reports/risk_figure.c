/* reports/risk_figure.c: predicted risks with their intervals. */
#include "reports/risk_figure.h"

#include <math.h>
#include <stdio.h>

#include "reports/axis.h"
#include "reports/format.h"
#include "reports/style.h"

Rc risk_draw(Scene *out, const RiskFigure *f, Err *e)
{
    enum { ROW = 23 };
    Rc rc = OK;
    Scene s = { 0 };
    char text[160], a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];
    const double left = 150, right = 385, top = 4, bottom = top + ROW * (double)f->n_rows;
    if (!f->n_rows) return err_set(e, ERR_INTERNAL, "risk figure without rows");
    snprintf(text, sizeof text, "Predicted risks of %zu model%s with 95 %% intervals.", f->n_rows, f->n_rows == 1 ? "" : "s");
    scene_init(&s, FIGURE_WIDTH, bottom + 32, f->title, text);
    int panel = scene_panel(&s, (Scale){ false, 0, 100, left, right }, (Scale){ false, 0, 1, bottom, top });
    Ticks t = ticks_linear(0, 100, 5);
    grid_down(&s, panel, &t);
    for (size_t i = 0; i < f->n_rows; i++) {
        const RiskRow *r = &f->row[i];
        double y = top + ROW * ((double)i + 0.5);
        char *label = text_fit(&s.arena, r->label, SIZE_LABEL, true, left - 10), *detail = text_fit(&s.arena, r->detail, SIZE_SMALL, false, left - 10);
        if (!label || !detail) { rc = err_nomem(e); goto out; }
        scene_text(&s, SCENE_PAGE, 0, y, 0, -1, label, (TextStyle){ .size_pt = SIZE_LABEL, .colour = COLOUR_INK, .bold = true });
        scene_text(&s, SCENE_PAGE, 0, y, 0, 8.5, detail, TEXT_SMALL(ANCHOR_START));
        if (isnan(r->value)) {
            char *why = text_fit(&s.arena, r->absent ? r->absent : "not predicted", SIZE_TICK, false, FIGURE_WIDTH - left - 8);
            if (!why) { rc = err_nomem(e); goto out; }
            scene_text(&s, SCENE_PAGE, left + 6, y, 0, 3, why, TEXT_TICK(ANCHOR_START));
            continue;
        }
        const Colour colour = r->outside ? COLOUR_QUIET : COLOUR_BLUE;
        if (isfinite(r->lower) && isfinite(r->upper)) scene_segment(&s, panel, 100 * r->lower, 1 - ((double)i + 0.5) / (double)f->n_rows,
                                                                    100 * r->upper, 1 - ((double)i + 0.5) / (double)f->n_rows, PEN(colour, 5));
        scene_shape(&s, SCENE_PAGE, scale_pt(&s.panel[panel].x, 100 * r->value), y, SHAPE_CIRCLE, 9, COLOUR_WHITE);
        scene_shape(&s, SCENE_PAGE, scale_pt(&s.panel[panel].x, 100 * r->value), y, SHAPE_CIRCLE, 7, colour);
        snprintf(text, sizeof text, "%s %%", format_fixed(a, 100 * r->value, 0));
        scene_text(&s, SCENE_PAGE, right + 12, y, 0, 3.5, text, (TextStyle){ .size_pt = 10.5, .colour = COLOUR_INK, .bold = true });
        if (!isfinite(r->lower) || !isfinite(r->upper)) snprintf(text, sizeof text, "no interval%s", r->outside ? " *" : "");
        else snprintf(text, sizeof text, "%s–%s %%%s", format_fixed(b, 100 * r->lower, 0), format_fixed(c, 100 * r->upper, 0), r->outside ? " *" : "");
        scene_text(&s, SCENE_PAGE, right + 48, y, 0, 3, text, TEXT_TICK(ANCHOR_START));
    }
    axis_bottom(&s, panel, &t, f->x_label);
    TRY(scene_check(&s, e));
    *out = s;
    s = (Scene){ 0 };
out:
    scene_free(&s);
    return rc;
}
