/* stats/logistic_lanes.h: small logistic models side by side on the same rows: resamples, or calibration lines of several predictors. */
#ifndef REOX_STATS_LOGISTIC_LANES_H
#define REOX_STATS_LOGISTIC_LANES_H

#include "stats/logistic_fit.h"
#include "stats/newton_lanes.h"

/* A resample is how often each row comes: 0, 1, 2 … */
typedef struct {
    size_t n, p;
    const double *x, *y;       /* row i at x + i*p, the same for every lane; or with `by_lane` Lanes, beside an intercept (p is 2) */
    bool by_lane;
    Lanes *w;                  /* [n] */
    int *most;                 /* [n] largest of w[i] */
    LanesLikelihood likelihood;
} LogisticLanes;

/* d: without weights and offset. The columns are d's, in its basis, or with `by_lane` an intercept and what logistic_lanes_columns brings.
 * Arena memory. ERR_NOMEM. */
Rc logistic_lanes_init(LogisticLanes *q, const LogisticData *d, bool by_lane, Arena *a, Err *e);

/* As for stats/cox_lanes.h. */
void logistic_lanes_resamples(LogisticLanes *q, const Lanes *w);
void logistic_lanes_columns(LogisticLanes *q, const Lanes *x, const Lanes *w);
Rc logistic_lanes_maximise(LanesMaximum *out, LogisticLanes *q, bool want_vcov, Arena *a, Err *e);

#endif
