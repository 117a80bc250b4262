/* reports/axis.h: where ticks stand, and the axes of a panel. */
#ifndef REOX_REPORTS_AXIS_H
#define REOX_REPORTS_AXIS_H

#include "core/protocol.h"
#include "reports/scene.h"

enum { TICKS_MAX = 24 };
typedef struct {
    double at[TICKS_MAX];
    int n, decimals;
} Ticks;

/* Ticks at 1, 2 or 5 times a power of ten that lie within lo … hi; about `want` of them. */
Ticks ticks_linear(double lo, double hi, int want);
/* From 0 to hi at steps that suit a calendar: 6 or 12 months rather than 5 or 10. */
Ticks ticks_time(double hi, TimeUnit unit);
/* 1, 2, 5 (or powers of ten alone over a wide range) within lo … hi, both positive. */
Ticks ticks_log(double lo, double hi);
/* lo … hi widened to the next tick; hi > lo. For bars and lines that should end on a labelled value. */
void ticks_widen(double *lo, double *hi, int want);

/* Axis lines, ticks, grid and label of a panel; y0, x0 … are the panel's own edges. label says quantity and unit. */
void axis_bottom(Scene *s, int panel, const Ticks *t, const char *label);
void axis_left(Scene *s, int panel, const Ticks *t, const char *label);
void grid_across(Scene *s, int panel, const Ticks *t);         /* faint horizontal lines at the ticks */
void grid_down(Scene *s, int panel, const Ticks *t);

#endif
