/* stats/cox_single.h: Cox models of one covariate after another on the same rows, sorted once: what screening is made of. */
#ifndef REOX_STATS_COX_SINGLE_H
#define REOX_STATS_COX_SINGLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/lanes.h"
#include "stats/cox_fit.h"

/* Right-censored rows without strata and weights. */
typedef struct {
    CoxData data;                  /* in order of time, then event; no columns */
    size_t n_groups, *group;       /* [n_groups + 1] places where rows of one time and event begin */
} CoxSingle;

/* event 0 is censored. ties: Efron or Breslow. Arena memory. ERR_NOMEM. */
Rc cox_single_init(CoxSingle *s, const double *time, const double *event, size_t n, CoxTies ties, Arena *a, Err *e);

/* n: rows that have the covariate; c: Harrell's concordance of the fitted predictor. */
typedef struct { double n, coef, se, loglik, loglik_null, score_chisq, c; } CoxSingleFit;

/* m <= LANES covariates, x[k] by the caller's row, NaN where missing: each is fitted on the rows that have it. The same numbers as the
 * general fit, to round-off; the same bits for shuffled rows, and whichever covariates share a call. found[k] false where there is more
 * to be said than these numbers (a constant covariate, a likelihood without maximum, no convergence): the general way says it. */
Rc cox_single_fit(CoxSingleFit *f, bool *found, const CoxSingle *s, const double *const *x, size_t m, Err *e);

#endif
