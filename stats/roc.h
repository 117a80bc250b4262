/* stats/roc.h: areas under ROC curves with DeLong's variance, and the curve itself, on plain arrays. */
#ifndef REOX_STATS_ROC_H
#define REOX_STATS_ROC_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* y: 1 positive, 0 negative; a higher marker speaks for positive. v10[n_pos] is each positive's share of negatives below it
 * (ties half), v01[n_neg] each negative's share of positives above it, in order of rows. var is NaN with fewer than two of
 * either. Memory is the arena's; counts are exact up to 2^53 pairs. */
typedef struct {
    size_t n_pos, n_neg;
    double auc, var;
    double *v10, *v01;
} RocArea;

/* O(n log n) by midranks. Fails with ERR_NOMEM alone; both classes must be there. DeLong et al. 1988; Sun & Xu 2014. */
Rc roc_area(RocArea *out, const double *marker, const double *y, size_t n, Arena *a, Err *e);

/* Covariance of two areas on the same rows. */
double roc_covariance(const RocArea *a, const RocArea *b);

/* Points from everything positive to nothing: positive is marker >= threshold, thresholds are midpoints between values,
 * infinite at both ends. */
typedef struct {
    size_t n, n_pos, n_neg;
    double *threshold, *true_pos, *true_neg;       /* counts */
} RocCurve;
Rc roc_curve(RocCurve *out, const double *marker, const double *y, size_t n, Arena *a, Err *e);

/* Area over specificities from high down to low; NaN unless 0 <= low < high <= 1. */
double roc_partial_area(const RocCurve *c, double spec_high, double spec_low);
/* The same rescaled to 0.5 (no information) … 1; NaN when below no information. McClish 1989. */
double roc_partial_corrected(double area, double spec_high, double spec_low);

/* Variance of an area of this size. Hanley & McNeil 1982. */
double roc_variance_hanley(double auc, double n_pos, double n_neg);
/* Limits of Wilson's kind, defined for a perfect marker too. Newcombe 2006, method 5. */
void roc_limits_newcombe(double *lower, double *upper, double auc, double n_pos, double n_neg, double conf);

#endif
