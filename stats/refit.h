/* stats/refit.h: what a model that can predict is worth on new patients: bootstrap optimism, the whole analysis anew in each resample. */
#ifndef REOX_STATS_REFIT_H
#define REOX_STATS_REFIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "stats/method.h"

typedef struct {
    int resamples;
    uint64_t seed;
    double horizon;            /* of the calibration curve of a survival model; NaN: none. tt() needs one to rank patients */
    bool no_curve;             /* the risk at the horizon is not that of the event (others compete): no calibration curve. Not of a finegray
                                * model, whose risk is its cumulative incidence */
} RefitWish;

/* Adds apparent, train_mean, test_mean, optimism and corrected {C, slope, of a response also intercept and brier}, resamples,
 * resamples_used, and where there are risks calibration_curve_corrected {predicted, observed, mean_distance}: the keys of method validate,
 * for any method whose call keeps its fit ("keep_fit", stats/predict.h). The method is called on every resample, so all that the data
 * decide there (penalty, knots, powers, frailties) is decided anew. Pairs and slope count within the model's strata; of a finegray model as in
 * stats/subdistribution.h. Rows of a frailty
 * model are judged at frailty 1. A category that a resample lacks has no coefficient there and counts as the reference; a resample
 * without an estimate is left out and counted.
 * ERR_USAGE with the reason for what cannot be judged so: case weights, a call without a fit. ERR_ESTIMATE: no resample has an estimate. */
Rc refit_validate(Json *out, const Method *m, const StatCall *call, const RefitWish *w, Err *e);

#endif
