/* reports/axis.c: where ticks stand, and the axes of a panel. */
#include "reports/axis.h"

#include <math.h>

#include "reports/format.h"
#include "reports/style.h"

static Ticks ticks_step(double lo, double hi, double step)
{
    Ticks t = { 0 };
    double first = ceil(lo / step - 1e-9), last = floor(hi / step + 1e-9);
    for (double k = first; k <= last && t.n < TICKS_MAX; k++) t.at[t.n++] = k * step;
    while (t.decimals < 6 && fabs(step * pow(10, t.decimals) - round(step * pow(10, t.decimals))) > 1e-9) t.decimals++;
    return t;
}

static double nice_step(double span, int want)
{
    double raw = span / want, power = pow(10, floor(log10(raw))), m = raw / power;
    return power * (m <= 1.0 ? 1 : m <= 2.0 ? 2 : m <= 5.0 ? 5 : 10);
}

Ticks ticks_linear(double lo, double hi, int want)
{
    if (!(isfinite(lo) && isfinite(hi) && hi > lo) || want < 1) return (Ticks){ 0 };
    return ticks_step(lo, hi, nice_step(hi - lo, want));
}

void ticks_widen(double *lo, double *hi, int want)
{
    if (!(isfinite(*lo) && isfinite(*hi) && *hi > *lo)) return;
    double step = nice_step(*hi - *lo, want);
    *lo = floor(*lo / step + 1e-9) * step;
    *hi = ceil(*hi / step - 1e-9) * step;
}

Ticks ticks_time(double hi, TimeUnit unit)
{
    static const double months[] = { 1, 2, 3, 6, 12, 24, 36, 60, 120 };
    static const double weeks[] = { 1, 2, 4, 13, 26, 52, 104, 260 };
    static const double days[] = { 1, 7, 14, 30, 90, 180, 365, 730, 1825 };
    const double *step = unit == TIME_MONTHS ? months : unit == TIME_WEEKS ? weeks : days;
    int n = unit == TIME_MONTHS ? 9 : unit == TIME_WEEKS ? 8 : 9;
    if (!(isfinite(hi) && hi > 0)) return (Ticks){ 0 };
    if (unit != TIME_YEARS)
        for (int i = 0; i < n; i++)
            if (hi / step[i] <= 8) return ticks_step(0, hi, step[i]);
    return ticks_linear(0, hi, 6);
}

Ticks ticks_log(double lo, double hi)
{
    Ticks t = { 0 };
    if (!(isfinite(lo) && isfinite(hi) && lo > 0 && hi > lo)) return t;
    static const double mantissa[] = { 1, 2, 5 };
    double decades = log10(hi / lo);
    int per_decade = decades > 3 ? 1 : 3, skip = decades > 8 ? (int)ceil(decades / 8) : 1;
    for (int k = (int)floor(log10(lo)); k <= (int)ceil(log10(hi)); k++) {
        if (((k % skip) + skip) % skip != 0) continue;
        for (int m = 0; m < per_decade && t.n < TICKS_MAX; m++) {
            double x = mantissa[m] * pow(10, k);
            if (x >= lo * (1 - 1e-9) && x <= hi * (1 + 1e-9)) t.at[t.n++] = x;
        }
    }
    t.decimals = -1;                                 /* each tick has its own */
    return t;
}

static char *tick_text(char buf[FORMAT_MAX], const Ticks *t, double x)
{
    if (t->decimals >= 0) return format_fixed(buf, x, t->decimals);
    int decimals = 0;
    while (decimals < 6 && fabs(x * pow(10, decimals) - round(x * pow(10, decimals))) > 1e-6) decimals++;
    return x >= 1e5 || x < 1e-5 ? format_digits(buf, x, 1) : format_fixed(buf, x, decimals);
}

void axis_bottom(Scene *s, int panel, const Ticks *t, const char *label)
{
    if (s->rc != OK || panel < 0) return;
    const Panel p = s->panel[panel];
    double bottom = fmax(p.y.from_pt, p.y.to_pt), left = fmin(p.x.from_pt, p.x.to_pt), right = fmax(p.x.from_pt, p.x.to_pt);
    char text[FORMAT_MAX];
    scene_segment(s, SCENE_PAGE, left, bottom, right, bottom, PEN(COLOUR_AXIS, 0.8));
    for (int i = 0; i < t->n; i++) {
        double x = scale_pt(&p.x, t->at[i]);
        scene_segment(s, SCENE_PAGE, x, bottom, x, bottom + 3.5, PEN(COLOUR_AXIS, 0.8));
        scene_text(s, SCENE_PAGE, x, bottom, 0, 12.5, tick_text(text, t, t->at[i]), TEXT_TICK(ANCHOR_MIDDLE));
    }
    char *fitted = text_fit(&s->arena, label, SIZE_LABEL, false, (right - left) * 1.2);
    scene_text(s, SCENE_PAGE, (left + right) / 2, bottom, 0, 26, fitted, TEXT_LABEL(ANCHOR_MIDDLE));
}

void axis_left(Scene *s, int panel, const Ticks *t, const char *label)
{
    if (s->rc != OK || panel < 0) return;
    const Panel p = s->panel[panel];
    double left = fmin(p.x.from_pt, p.x.to_pt), top = fmin(p.y.from_pt, p.y.to_pt), bottom = fmax(p.y.from_pt, p.y.to_pt), widest = 0;
    char text[FORMAT_MAX];
    for (int i = 0; i < t->n; i++) {
        double y = scale_pt(&p.y, t->at[i]);
        tick_text(text, t, t->at[i]);
        scene_text(s, SCENE_PAGE, left, y, -6, 2.8, text, TEXT_TICK(ANCHOR_END));
        widest = fmax(widest, text_width_pt(text, SIZE_TICK, false));
    }
    TextStyle st = TEXT_LABEL(ANCHOR_MIDDLE);
    st.upwards = true;
    scene_text(s, SCENE_PAGE, left - widest - 14, (top + bottom) / 2, 0, 0, label, st);
}

void grid_across(Scene *s, int panel, const Ticks *t)
{
    if (s->rc != OK || panel < 0) return;
    const Panel p = s->panel[panel];
    for (int i = 0; i < t->n; i++) {
        double y = scale_pt(&p.y, t->at[i]);
        scene_segment(s, SCENE_PAGE, p.x.from_pt, y, p.x.to_pt, y, PEN(COLOUR_GRID, 0.6));
    }
}

void grid_down(Scene *s, int panel, const Ticks *t)
{
    if (s->rc != OK || panel < 0) return;
    const Panel p = s->panel[panel];
    for (int i = 0; i < t->n; i++) {
        double x = scale_pt(&p.x, t->at[i]);
        scene_segment(s, SCENE_PAGE, x, p.y.from_pt, x, p.y.to_pt, PEN(COLOUR_GRID, 0.6));
    }
}
