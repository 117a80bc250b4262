/* stats/cox_single.h: Cox models of one covariate after another on the same rows, sorted once: what screening is made of. */
#ifndef REOX_STATS_COX_SINGLE_H
#define REOX_STATS_COX_SINGLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* Right-censored rows without strata and weights, in order of time, then event. */
typedef struct {
    size_t n, n_events, n_groups;
    size_t *order;                 /* place -> row */
    size_t *group;                 /* [n_groups + 1] places where rows of one time and event begin */
    unsigned char *event;          /* by place */
    double *time;                  /* by place */
    bool efron;                    /* else Breslow */
} CoxSingle;

/* event 0 is censored. Arena memory. ERR_NOMEM. */
Rc cox_single_init(CoxSingle *s, const double *time, const double *event, size_t n, bool efron, Arena *a, Err *e);

/* c is Harrell's concordance of the fitted predictor. */
typedef struct { double coef, se, loglik, loglik_null, score_chisq, c; } CoxSingleFit;

/* The same numbers as the general fit, to round-off; the same bits for shuffled rows. False where there is more to be said than these
 * numbers (a constant covariate, a likelihood without maximum, no convergence): the general way says it. O(n log n). */
bool cox_single_fit(CoxSingleFit *f, const CoxSingle *s, const double *x, Arena *scratch);

#endif
