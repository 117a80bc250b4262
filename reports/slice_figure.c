/* reports/slice_figure.c: slices of one patient side by side. */
#include "reports/slice_figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/axis.h"
#include "reports/format.h"
#include "reports/style.h"

static const Colour OUTLINE_TUMOUR = 0xFFFFFF, OUTLINE_HYPOXIC = 0x4DE3FF;
static const double BAR_ROOM = 46, GAP = 8, HEAD = 15, FOOT = 15;

/* matplotlib's "inferno" (CC0) at nine places, linear between them: lightness rises evenly, also for colour-blind eyes. */
static void heat(uint8_t rgb[3], double u)
{
    static const uint8_t stop[9][3] = { { 0, 0, 4 }, { 31, 12, 72 }, { 85, 15, 109 }, { 136, 34, 106 }, { 186, 54, 85 }, { 227, 89, 51 },
                                        { 249, 140, 10 }, { 249, 201, 50 }, { 252, 255, 164 } };
    double at = 8 * fmin(fmax(u, 0), 1);
    int k = at >= 8 ? 7 : (int)at;
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)lround(stop[k][c] + (at - k) * (stop[k + 1][c] - stop[k][c]));
}

static void outline(Scene *s, int panel, const Contour *c, Colour colour, double width)
{
    for (size_t i = 0; i < c->n; i++) {
        Mark *under = scene_line(s, panel, c->ring[i].x, c->ring[i].y, c->ring[i].n, (Pen){ .colour = 0x000000, .width_pt = width + 1.1, .alpha = 0.45 });
        if (under) under->closed = true;
        Mark *m = scene_line(s, panel, c->ring[i].x, c->ring[i].y, c->ring[i].n, PEN(colour, width));
        if (m) m->closed = true;
    }
}

static Rc draw_slice(Scene *s, const Slice *v, double x, double y, double side, double window_hi, bool with_scale, Err *e)
{
    size_t pixels = (size_t)v->n * (size_t)v->n;
    uint8_t *rgb = ARENA_NEW(&s->arena, pixels * 3, uint8_t);
    if (!rgb) return err_nomem(e);
    for (size_t i = 0; i < pixels; i++) {
        if (isnan(v->value[i])) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = 70;       /* outside the image */
        else heat(rgb + 3 * i, v->value[i] / window_hi);
    }
    scene_image(s, SCENE_PAGE, x, y, x + side, y + side, rgb, v->n, v->n);
    int panel = scene_panel(s, (Scale){ false, -0.5, v->n - 0.5, x, x + side }, (Scale){ false, -0.5, v->n - 0.5, y, y + side });
    outline(s, panel, &v->tumour, OUTLINE_TUMOUR, 1.0);
    outline(s, panel, &v->hypoxic, OUTLINE_HYPOXIC, 1.2);
    const TextStyle on_image = { .size_pt = 7, .colour = COLOUR_WHITE, .bold = true, .halo = true };
    TextStyle end = on_image;
    end.anchor = ANCHOR_END;
    scene_text(s, SCENE_PAGE, x + 4, y + side / 2 + 2, 0, 0, "R", on_image);
    scene_text(s, SCENE_PAGE, x + side - 4, y + side / 2 + 2, 0, 0, "L", end);
    if (with_scale) {
        double mm = v->size_mm > 150 ? 50 : 20, length = mm / v->size_mm * side;
        char text[FORMAT_MAX];
        scene_segment(s, SCENE_PAGE, x + 6, y + side - 7, x + 6 + length, y + side - 7, (Pen){ .colour = 0, .width_pt = 3.4, .alpha = 0.5 });
        scene_segment(s, SCENE_PAGE, x + 6, y + side - 7, x + 6 + length, y + side - 7, PEN(COLOUR_WHITE, 1.8));
        snprintf(text, sizeof text, "%g mm", mm);
        scene_text(s, SCENE_PAGE, x + 6, y + side - 11, 0, 0, text, on_image);
    }
    return OK;
}

static void draw_bar(Scene *s, const SliceFigure *f, double x, double y, double height)
{
    enum { STEPS = 128 };
    uint8_t rgb[STEPS * 3];
    for (int i = 0; i < STEPS; i++) heat(rgb + 3 * i, 1 - (i + 0.5) / STEPS);
    scene_image(s, SCENE_PAGE, x, y, x + 9, y + height, rgb, 1, STEPS);
    Scale scale = { false, 0, f->window_hi, y + height, y };
    Ticks t = ticks_linear(0, f->window_hi, 4);
    for (int i = 0; i < t.n; i++) {
        char number[FORMAT_MAX], text[FORMAT_MAX + 8];
        double at = scale_pt(&scale, t.at[i]);
        format_fixed(number, t.at[i], t.decimals);
        snprintf(text, sizeof text, "%s%s", t.at[i] >= f->window_hi * (1 - 1e-9) ? "≥" : "", number);
        scene_segment(s, SCENE_PAGE, x + 9, at, x + 12, at, PEN(COLOUR_AXIS, 0.7));
        scene_text(s, SCENE_PAGE, x + 14, at + 2.6, 0, 0, text, TEXT_SMALL(ANCHOR_START));
    }
    if (f->threshold > 0 && f->threshold < f->window_hi) {
        double at = scale_pt(&scale, f->threshold);
        scene_segment(s, SCENE_PAGE, x - 2, at, x + 11, at, PEN(COLOUR_INK, 2.4));
        scene_segment(s, SCENE_PAGE, x - 2, at, x + 11, at, PEN(OUTLINE_HYPOXIC, 1.2));
    }
    scene_text(s, SCENE_PAGE, x - 2, y - 5, 0, 0, f->unit, TEXT_LABEL(ANCHOR_START));
}

static double draw_legend(Scene *s, const char *label, Colour colour, double x, double y)
{
    scene_segment(s, SCENE_PAGE, x, y - 2.8, x + 16, y - 2.8, (Pen){ .colour = 0x30343A, .width_pt = 3.6, .alpha = 1 });
    scene_segment(s, SCENE_PAGE, x, y - 2.8, x + 16, y - 2.8, PEN(colour, 1.6));
    scene_text(s, SCENE_PAGE, x + 21, y, 0, 0, label, TEXT_TICK(ANCHOR_START));
    return x + 21 + text_width_pt(label, SIZE_TICK, false) + 18;
}

Rc slice_figure_draw(Scene *out, const SliceFigure *f, Err *e)
{
    Rc rc = OK;
    Scene s = { 0 };
    char text[256], number[FORMAT_MAX];
    if (!f->n_panels) return err_set(e, ERR_INTERNAL, "image strip without panels");
    if (!(f->window_hi > 0)) return err_set(e, ERR_INTERNAL, "image strip with a window up to %g", f->window_hi);
    size_t across = f->n_panels < 2 ? 2 : f->n_panels > 4 ? 4 : f->n_panels, down = (f->n_panels + across - 1) / across;
    double side = fmin((FIGURE_WIDTH - BAR_ROOM - GAP * (double)(across - 1)) / (double)across, f->n_panels < 3 ? 170 : 134);
    double row_height = HEAD + side + FOOT, height = row_height * (double)down + 16;
    size_t shown = 0;
    for (size_t i = 0; i < f->n_panels; i++) shown += f->panel[i].slice != NULL;
    snprintf(text, sizeof text, "Axial slices of %zu of %zu scans with the tumour's outline, colours from 0 to %g %s.", shown, f->n_panels, f->window_hi, f->unit);
    scene_init(&s, FIGURE_WIDTH, height, f->title, text);
    for (size_t i = 0; i < f->n_panels; i++) {
        const SlicePanel *p = &f->panel[i];
        size_t row = i / across;
        double x = (side + GAP) * (double)(i % across), y = row_height * (double)row + HEAD;
        char *head = text_fit(&s.arena, p->heading, SIZE_LABEL, true, side / 2);
        if (!head) { rc = err_nomem(e); goto out; }
        scene_text(&s, SCENE_PAGE, x, y - 5, 0, 0, head, (TextStyle){ .size_pt = SIZE_LABEL, .colour = COLOUR_INK, .bold = true });
        if (p->detail) {
            double used = text_width_pt(head, SIZE_LABEL, true) + 6;
            char *detail = text_fit(&s.arena, p->detail, SIZE_TICK, false, side - used);
            if (!detail) { rc = err_nomem(e); goto out; }
            scene_text(&s, SCENE_PAGE, x + used, y - 5, 0, 0, detail, TEXT_TICK(ANCHOR_START));
        }
        if (p->slice) {
            TRY(draw_slice(&s, p->slice, x, y, side, f->window_hi, true, e));
            snprintf(text, sizeof text, "axial, z = %s mm", format_fixed(number, p->slice->z_mm, 1));
            scene_text(&s, SCENE_PAGE, x, y + side + 9, 0, 0, text, TEXT_SMALL(ANCHOR_START));
        } else {
            scene_rect(&s, SCENE_PAGE, x, y, x + side, y + side, COLOUR_TINT, 1);
            const double cx[4] = { x, x + side, x + side, x }, cy[4] = { y, y, y + side, y + side };
            Mark *m = scene_line(&s, SCENE_PAGE, cx, cy, 4, (Pen){ .colour = COLOUR_AXIS, .width_pt = 0.7, .alpha = 1, .dash_pt = 3 });
            if (m) m->closed = true;
            scene_text(&s, SCENE_PAGE, x + side / 2, y + side / 2 + 3, 0, 0, p->absent ? p->absent : "no image",
                       (TextStyle){ .size_pt = SIZE_LABEL, .colour = COLOUR_QUIET, .anchor = ANCHOR_MIDDLE });
        }
    }
    if (shown) {
        draw_bar(&s, f, (side + GAP) * (double)(f->n_panels < across ? f->n_panels : across) + 4, HEAD, side);
        double x = draw_legend(&s, "tumour (GTV)", OUTLINE_TUMOUR, 0, height - 4);
        if (f->hypoxic_label) draw_legend(&s, f->hypoxic_label, OUTLINE_HYPOXIC, x, height - 4);
    }
    TRY(scene_check(&s, e));
    *out = s;
    s = (Scene){ 0 };
out:
    scene_free(&s);
    return rc;
}
