/* stats/external.h: a prediction model held against patients that had no part in making it. */
#ifndef REOX_STATS_EXTERNAL_H
#define REOX_STATS_EXTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/json.h"
#include "stats/survreg_dist.h"

/* n rows that the model can predict. time NULL: a response, y is 0/1 and risk its probability. Else y is the state at `time` (0 censored,
 * 1 the event, 2 another event), risk that of the event up to `horizon` (NaN where the model has none: then nothing is said at a
 * horizon), cumhaz the model's cumulative hazard at eta 0 up to the end of each row's time (NULL: it
 * has none, and nothing can be recalibrated). x is n x p, column-major. */
typedef struct ExternalData {
    size_t n, p;
    const double *y, *time, *risk, *eta, *cumhaz, *x;
    const double *weight;              /* [n] NULL: rows count alike. Weights that are no whole numbers are of sampling: errors are robust then */
    const double *offset;              /* what of eta the model's coefficients do not decide; recalibration leaves it as it is. NULL: 0 */
    const int *stratum;                /* [n] numbers from 0 on, where pairs and slope count within strata alone; NULL: one */
    int n_strata;
    const unsigned char *beyond;       /* [n] followed longer than the model knows: for recalibration they end there without an event; may be NULL */
    const char *const *term;   /* [p] */
    double horizon, conf;
    double scale;                      /* of a survreg model with eta = -x'b/scale: slope is that of x'b in a model of its distribution; 0: another */
    SurvregDist dist;
    bool subdistribution;              /* eta ranks by cumulative incidence: another event is never followed by the event */
    const int *row;                    /* [n] of pieces: which of n_rows rows each is of; else NULL */
    size_t n_rows;
    const struct ExternalData *pieces; /* where eta changes with time (tt): what recalibration sees instead, rows cut so that eta is one number
                                        * a piece; n, p, y (0/1), time (not NULL), eta, cumhaz of the piece, x. NULL: the rows themselves */
} ExternalData;

/* Adds to `out`:
 *   discrimination  {c, se, ci95} (Harrell; a response's area by DeLong), survival also uno_c and auc at the horizon (controls: event-free);
 *                   with other events auc_def2 (controls: all without the event). Of a subdistribution who had another event counts as at
 *                   risk for ever (Wolbers et al. 2009), and slope is that of a Fine–Gray model
 *   calibration     {observed, expected, oe, oe_ci95, slope, slope_se, slope_ci95, intercept …}, curve {predicted, observed, ici …}
 *   brier           {model, se, null, ipa}
 *   recalibration   {steps: [as it is, baseline, baseline and slope, all coefficients], tests: [each step against the one before], closed_test}
 * Recalibration of a survival model is by the Poisson likelihood of its own cumulative hazard (Crowson, Atkinson & Therneau 2016), of a
 * response by the Bernoulli likelihood; the closed test chooses the least step that the data cannot reject (Vergouwe et al. 2017). */
Rc external_validate(Json *out, const ExternalData *d, Arena *a, Err *e);

#endif
