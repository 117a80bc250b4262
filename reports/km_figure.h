/* reports/km_figure.h: survival curves with the numbers at risk under their ticks. */
#ifndef REOX_REPORTS_KM_FIGURE_H
#define REOX_REPORTS_KM_FIGURE_H

#include "core/protocol.h"
#include "reports/scene.h"

/* One curve. time and event are of the n subjects (for numbers at risk and censoring ticks); step_* are the estimate: its
 * distinct times in order with the survival just after them and its limits (NaN where there are none). */
typedef struct {
    const char *label;
    size_t n;
    const double *time, *event;
    size_t n_steps;
    const double *step_time, *survival, *lower, *upper;
} KmCurve;

typedef struct {
    const char *title;
    const char *y_label;           /* "Overall survival" */
    const char *x_label;           /* where the clock starts: "Months from time zero" */
    TimeUnit unit;
    double horizon;                /* a dotted line there; NaN for none */
    const KmCurve *curve;
    size_t n_curves;               /* at most 6 */
} KmFigure;

enum { KM_CURVES_MAX = 6 };

size_t km_at_risk(const KmCurve *c, double t);       /* subjects with time >= t */
size_t km_events(const KmCurve *c);
Rc km_draw(Scene *out, const KmFigure *f, Err *e);

#endif
