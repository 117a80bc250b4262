/* reports/km_figure.h: survival curves with the numbers at risk under their ticks. */
#ifndef REOX_REPORTS_KM_FIGURE_H
#define REOX_REPORTS_KM_FIGURE_H

#include "core/protocol.h"
#include "reports/scene.h"
#include "stats/cif.h"
#include "stats/km.h"

/* One curve: its rows and what stats/km.c made of them, or, with competing events, stats/cif.c (then data.event is 1 for the cause that
 * is drawn, 2 for another, 0 for censored). Weights and late entry are not drawn: NULL in data. */
typedef struct {
    const char *label;
    KmData data;
    KmCurve estimate;
    CifCurve incidence;            /* n > 0: the cumulative incidence of cause 1 is drawn, rising from 0 */
} SurvivalCurve;

typedef struct {
    const char *title;
    const char *y_label;           /* "Overall survival" */
    const char *x_label;           /* where the clock starts: "Months from time zero" */
    TimeUnit unit;
    double horizon;                /* a dotted line there; NaN for none */
    const SurvivalCurve *curve;
    size_t n_curves;               /* at most 6 */
} KmFigure;

enum { KM_CURVES_MAX = 6 };

size_t curve_events(const SurvivalCurve *c);               /* of the cause that is drawn */

/* Bands are log-log intervals, which stay within 0 … 1: of survival (stats/km.c), of 1 - incidence with the variance of cif.c. */
Rc km_draw(Scene *out, const KmFigure *f, Err *e);

#endif
