/* reports/km_figure.c: survival curves with the numbers at risk under their ticks. */
#include "reports/km_figure.h"

#include <math.h>
#include <stdio.h>

#include "reports/axis.h"
#include "reports/format.h"
#include "reports/style.h"

size_t km_at_risk(const KmCurve *c, double t)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) n += c->time[i] >= t;
    return n;
}

size_t km_events(const KmCurve *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) n += c->event[i] != 0;
    return n;
}

/* Survival just after t. */
static double survival_at(const KmCurve *c, double t)
{
    double s = 1;
    for (size_t i = 0; i < c->n_steps && c->step_time[i] <= t; i++) s = c->survival[i];
    return s;
}

static double last_time(const KmCurve *c)
{
    double last = 0;
    for (size_t i = 0; i < c->n; i++) last = fmax(last, c->time[i]);
    return last;
}

/* The corners of a step function from (0, 1) to `end`; out has room for 2 * n_steps + 2. */
static size_t stairs(double *x, double *y, const KmCurve *c, const double *value, double end)
{
    size_t n = 0;
    double level = 1;
    x[n] = 0; y[n++] = 1;
    for (size_t i = 0; i < c->n_steps && c->step_time[i] <= end && !isnan(value[i]); i++) {
        if (value[i] == level) continue;
        x[n] = c->step_time[i]; y[n++] = level;
        level = value[i];
        x[n] = c->step_time[i]; y[n++] = level;
    }
    /* A limit that does not exist (survival 0) ends the band where it ceases. */
    double stop = end;
    for (size_t i = 0; i < c->n_steps; i++) if (isnan(value[i])) { stop = fmin(stop, c->step_time[i]); break; }
    x[n] = stop; y[n++] = level;
    return n;
}

static Rc draw_curve(Scene *s, int panel, const KmCurve *c, Colour colour, double dash, Err *e)
{
    size_t room = 2 * c->n_steps + 2;
    double *x = ARENA_NEW(&s->arena, 2 * room, double), *y = ARENA_NEW(&s->arena, 2 * room, double);
    if (!x || !y) return err_nomem(e);
    double end = last_time(c);
    if (c->lower && c->upper) {
        size_t n = stairs(x, y, c, c->lower, end);
        double *back_x = x + n, *back_y = y + n;
        size_t m = stairs(back_x, back_y, c, c->upper, end);
        for (size_t i = 0; i < m / 2; i++) {
            double t = back_x[i]; back_x[i] = back_x[m - 1 - i]; back_x[m - 1 - i] = t;
            t = back_y[i]; back_y[i] = back_y[m - 1 - i]; back_y[m - 1 - i] = t;
        }
        scene_area(s, panel, x, y, n + m, colour, 0.13);
    }
    size_t n = stairs(x, y, c, c->survival, end);
    scene_line(s, panel, x, y, n, (Pen){ .colour = colour, .width_pt = 1.5, .alpha = 1, .dash_pt = dash });
    for (size_t i = 0; i < c->n; i++)
        if (c->event[i] == 0) scene_shape(s, panel, c->time[i], survival_at(c, c->time[i]), SHAPE_TICK, 5.5, colour);
    return OK;
}

Rc km_draw(Scene *out, const KmFigure *f, Err *e)
{
    static const Colour colour[KM_CURVES_MAX] = { COLOUR_BLUE, COLOUR_VERMILLION, COLOUR_GREEN, COLOUR_PURPLE, COLOUR_ORANGE, COLOUR_INK };
    static const double dash[KM_CURVES_MAX] = { 0, 5, 2.5, 7, 3.5, 1.5 };
    Rc rc = OK;
    Scene s = { 0 };
    char text[256], number[FORMAT_MAX], description[512];
    size_t subjects = 0, events = 0;
    double end = 0;
    if (f->n_curves < 1 || f->n_curves > KM_CURVES_MAX) return err_set(e, ERR_INTERNAL, "%zu survival curves in one figure", f->n_curves);
    for (size_t k = 0; k < f->n_curves; k++) {
        subjects += f->curve[k].n;
        events += km_events(&f->curve[k]);
        end = fmax(end, last_time(&f->curve[k]));
    }
    if (!(end > 0)) return err_set(e, ERR_INTERNAL, "survival curves without any follow-up");

    /* From above: a line of legend a curve, the plot, its axis, a row of numbers a curve. */
    double label_room = 0;
    for (size_t k = 0; k < f->n_curves; k++) label_room = fmax(label_room, text_width_pt(f->curve[k].label, SIZE_TICK, false));
    const double left = fmin(fmax(label_room + 22, 56), 150), right = FIGURE_WIDTH - 14;
    const double top = 8 + 13 * (double)f->n_curves, plot = 185, bottom = top + plot, table = bottom + 44;
    const double height = table + 12 * (double)f->n_curves + 6;
    snprintf(description, sizeof description, "Kaplan–Meier estimate of %s in %zu group%s, %zu patients, %zu events; horizontal axis: %s.",
             f->y_label, f->n_curves, f->n_curves == 1 ? "" : "s", subjects, events, f->x_label);
    scene_init(&s, FIGURE_WIDTH, height, f->title, description);
    int panel = scene_panel(&s, (Scale){ false, 0, end, left, right }, (Scale){ false, 0, 1, bottom, top });
    int percent = scene_panel(&s, (Scale){ false, 0, end, left, right }, (Scale){ false, 0, 100, bottom, top });
    Ticks tx = ticks_time(end, f->unit), ty = ticks_linear(0, 100, 5);
    grid_across(&s, percent, &ty);
    if (f->horizon > 0 && f->horizon < end) {
        scene_segment(&s, panel, f->horizon, 0, f->horizon, 1, (Pen){ .colour = COLOUR_AXIS, .width_pt = 0.8, .alpha = 1, .dash_pt = 2 });
    }
    for (size_t k = 0; k < f->n_curves; k++) TRY(draw_curve(&s, panel, &f->curve[k], colour[k], dash[k], e));
    axis_bottom(&s, percent, &tx, f->x_label);
    snprintf(text, sizeof text, "%.200s (%%)", f->y_label);
    axis_left(&s, percent, &ty, text);

    for (size_t k = 0; k < f->n_curves; k++) {
        const KmCurve *c = &f->curve[k];
        double y = 9 + 13 * (double)k;
        Pen pen = { .colour = colour[k], .width_pt = 1.5, .alpha = 1, .dash_pt = dash[k] };
        scene_segment(&s, SCENE_PAGE, left, y - 2.8, left + 18, y - 2.8, pen);
        char *label = text_fit(&s.arena, c->label, SIZE_LABEL, false, 250);
        if (!label) { rc = err_nomem(e); goto out; }
        snprintf(text, sizeof text, "%.200s", label);
        scene_text(&s, SCENE_PAGE, left + 23, y, 0, 0, text, TEXT_LABEL(ANCHOR_START));
        double after = left + 23 + text_width_pt(text, SIZE_LABEL, false) + 8;
        snprintf(text, sizeof text, "n = %zu, %zu event%s", c->n, km_events(c), km_events(c) == 1 ? "" : "s");
        scene_text(&s, SCENE_PAGE, after, y, 0, 0, text, TEXT_TICK(ANCHOR_START));
    }

    scene_text(&s, SCENE_PAGE, 0, table - 12, 0, 8, "Number at risk", (TextStyle){ .size_pt = SIZE_TICK, .colour = COLOUR_INK, .bold = true });
    for (size_t k = 0; k < f->n_curves; k++) {
        double y = table + 8 + 12 * (double)k;
        char *label = text_fit(&s.arena, f->curve[k].label, SIZE_TICK, false, left - 18);
        if (!label) { rc = err_nomem(e); goto out; }
        scene_text(&s, SCENE_PAGE, 0, y, 0, 0, label, (TextStyle){ .size_pt = SIZE_TICK, .colour = colour[k] });
        for (int i = 0; i < tx.n; i++) {
            snprintf(number, sizeof number, "%zu", km_at_risk(&f->curve[k], tx.at[i]));
            scene_text(&s, SCENE_PAGE, scale_pt(&(Scale){ false, 0, end, left, right }, tx.at[i]), y, 0, 0, number, TEXT_TICK(ANCHOR_MIDDLE));
        }
    }
    TRY(scene_check(&s, e));
    *out = s;
    s = (Scene){ 0 };
out:
    scene_free(&s);
    return rc;
}
