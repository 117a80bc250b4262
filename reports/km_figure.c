/* reports/km_figure.c: survival curves with the numbers at risk under their ticks. */
#include "reports/km_figure.h"

#include <math.h>
#include <stdio.h>

#include "reports/axis.h"
#include "reports/format.h"
#include "reports/style.h"

size_t curve_events(const SurvivalCurve *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->data.n; i++) n += c->data.event[i] == 1;
    return n;
}

static double last_time(const SurvivalCurve *c)
{
    double last = 0;
    for (size_t i = 0; i < c->data.n; i++) last = fmax(last, c->data.time[i]);
    return last;
}

/* What is drawn of either kind of curve: a step function with limits; arena memory. */
typedef struct {
    size_t n;
    double start;                  /* its value before the first time */
    const double *time, *value;
    double *lower, *upper;
} Steps;

/* Limits of an incidence F by the complementary log-log transform: those of 1 - F on the log(-log) scale. */
static void incidence_limits(double *lower, double *upper, double F, double variance)
{
    const double z = 1.959963984540054;
    *lower = *upper = F;
    if (!(F > 0 && F < 1)) return;
    double theta = log(-log1p(-F)), se = sqrt(variance) / ((1 - F) * -log1p(-F));
    *lower = -expm1(-exp(theta - z * se));
    *upper = -expm1(-exp(theta + z * se));
}

static Rc steps_of(Steps *out, const SurvivalCurve *c, Arena *a, Err *e)
{
    const bool rising = c->incidence.n > 0;
    Steps s = { .n = rising ? c->incidence.n : c->estimate.n, .start = rising ? 0 : 1, .time = rising ? c->incidence.time : c->estimate.time,
                .value = rising ? c->incidence.cif : c->estimate.surv };
    s.lower = ARENA_NEW(a, s.n, double);
    s.upper = ARENA_NEW(a, s.n, double);
    if (!s.lower || !s.upper) return err_nomem(e);
    for (size_t i = 0; i < s.n; i++) {
        if (rising) incidence_limits(&s.lower[i], &s.upper[i], s.value[i], c->incidence.var[i]);
        else km_row_limits(&s.lower[i], &s.upper[i], &c->estimate, (long)i, KM_LOGLOG, 0.95);
    }
    *out = s;
    return OK;
}

static double value_at(const Steps *s, double t)
{
    double v = s->start;
    for (size_t i = 0; i < s->n && s->time[i] <= t; i++) v = s->value[i];
    return v;
}

/* The corners of a step function from time 0 to `end`, or to where its value ceases to exist (limits, once survival is 0);
 * room for 2 * n + 2. */
static size_t stairs(double *x, double *y, const Steps *s, const double *value, double end)
{
    size_t k = 0;
    double level = s->start, stop = end;
    x[k] = 0; y[k++] = level;
    for (size_t i = 0; i < s->n; i++) {
        if (isnan(value[i])) { stop = s->time[i]; break; }
        if (value[i] == level) continue;
        x[k] = s->time[i]; y[k++] = level;
        level = value[i];
        x[k] = s->time[i]; y[k++] = level;
    }
    x[k] = stop; y[k++] = level;
    return k;
}

static Rc draw_curve(Scene *s, int panel, const SurvivalCurve *c, Colour colour, double dash, Err *e)
{
    Rc rc = OK;
    Steps steps = { 0 };
    TRY(steps_of(&steps, c, &s->arena, e));
    const size_t corners = 2 * steps.n + 2;
    double *x = ARENA_NEW(&s->arena, 2 * corners, double), *y = ARENA_NEW(&s->arena, 2 * corners, double);
    if (!x || !y) { rc = err_nomem(e); goto out; }
    double end = last_time(c);
    size_t n = stairs(x, y, &steps, steps.lower, end), m = stairs(x + n, y + n, &steps, steps.upper, end);
    for (size_t i = n, j = n + m - 1; i < j; i++, j--) {           /* the upper limit runs back */
        double t = x[i]; x[i] = x[j]; x[j] = t;
        t = y[i]; y[i] = y[j]; y[j] = t;
    }
    scene_area(s, panel, x, y, n + m, colour, 0.13);
    n = stairs(x, y, &steps, steps.value, end);
    scene_line(s, panel, x, y, n, (Pen){ .colour = colour, .width_pt = 1.5, .alpha = 1, .dash_pt = dash });
    for (size_t i = 0; i < c->data.n; i++)
        if (c->data.event[i] == 0)
            scene_shape(s, panel, c->data.time[i], value_at(&steps, c->data.time[i]), SHAPE_TICK, 5.5, colour);
out:
    return rc;
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
        subjects += f->curve[k].data.n;
        events += curve_events(&f->curve[k]);
        end = fmax(end, last_time(&f->curve[k]));
    }
    if (!(end > 0)) return err_set(e, ERR_INTERNAL, "survival curves without any follow-up");

    /* From above: a line of legend a curve, the plot, its axis, a row of numbers a curve. */
    double label_room = 0;
    for (size_t k = 0; k < f->n_curves; k++) label_room = fmax(label_room, text_width_pt(f->curve[k].label, SIZE_TICK, false));
    const double left = fmin(fmax(label_room + 24, 64), 130), right = FIGURE_WIDTH - 14;
    const double top = 8 + 13 * (double)f->n_curves, plot = 185, bottom = top + plot, table = bottom + 44;
    const double height = table + 12 * (double)f->n_curves + 6;
    snprintf(description, sizeof description, "%s of %s in %zu group%s, %zu patients, %zu events; horizontal axis: %s.",
             f->curve[0].incidence.n ? "Cumulative incidence" : "Kaplan–Meier estimate", f->y_label, f->n_curves, f->n_curves == 1 ? "" : "s",
             subjects, events, f->x_label);
    scene_init(&s, FIGURE_WIDTH, height, f->title, description);
    int panel = scene_panel(&s, (Scale){ false, 0, end, left, right }, (Scale){ false, 0, 1, bottom, top });
    int percent = scene_panel(&s, (Scale){ false, 0, end, left, right }, (Scale){ false, 0, 100, bottom, top });
    Ticks tx = ticks_time(end, f->unit), ty = ticks_linear(0, 100, 5);
    grid_across(&s, percent, &ty);
    if (f->horizon > 0 && f->horizon < end) {
        scene_segment(&s, panel, f->horizon, 0, f->horizon, 1, (Pen){ .colour = COLOUR_AXIS, .width_pt = 0.8, .alpha = 1, .dash_pt = 2 });
        scene_text(&s, panel, f->horizon, 1, 3, 6, "horizon", TEXT_SMALL(ANCHOR_START));
    }
    for (size_t k = 0; k < f->n_curves; k++) TRY(draw_curve(&s, panel, &f->curve[k], colour[k], dash[k], e));
    axis_bottom(&s, percent, &tx, f->x_label);
    snprintf(text, sizeof text, "%.200s (%%)", f->y_label);
    axis_left(&s, percent, &ty, text);

    for (size_t k = 0; k < f->n_curves; k++) {
        const SurvivalCurve *c = &f->curve[k];
        double y = 9 + 13 * (double)k;
        Pen pen = { .colour = colour[k], .width_pt = 1.5, .alpha = 1, .dash_pt = dash[k] };
        scene_segment(&s, SCENE_PAGE, left, y - 2.8, left + 18, y - 2.8, pen);
        char *label = text_fit(&s.arena, c->label, SIZE_LABEL, false, 250);
        if (!label) { rc = err_nomem(e); goto out; }
        snprintf(text, sizeof text, "%.200s", label);
        scene_text(&s, SCENE_PAGE, left + 23, y, 0, 0, text, TEXT_LABEL(ANCHOR_START));
        double after = left + 23 + text_width_pt(text, SIZE_LABEL, false) + 8;
        snprintf(text, sizeof text, "n = %zu, %zu event%s", c->data.n, curve_events(c), curve_events(c) == 1 ? "" : "s");
        scene_text(&s, SCENE_PAGE, after, y, 0, 0, text, TEXT_TICK(ANCHOR_START));
    }

    scene_text(&s, SCENE_PAGE, 0, table - 12, 0, 8, "Number at risk", (TextStyle){ .size_pt = SIZE_TICK, .colour = COLOUR_INK, .bold = true });
    for (size_t k = 0; k < f->n_curves; k++) {
        double y = table + 8 + 12 * (double)k;
        char *label = text_fit(&s.arena, f->curve[k].label, SIZE_TICK, false, left - 18);
        if (!label) { rc = err_nomem(e); goto out; }
        scene_text(&s, SCENE_PAGE, 0, y, 0, 0, label, (TextStyle){ .size_pt = SIZE_TICK, .colour = colour[k] });
        for (int i = 0; i < tx.n; i++) {
            snprintf(number, sizeof number, "%.0f", km_at_risk(&f->curve[k].data, tx.at[i]));
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
