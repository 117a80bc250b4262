/* stats/roc.h: areas under ROC curves with DeLong's variance, and the curve itself, on plain arrays. */
#ifndef REOX_STATS_ROC_H
#define REOX_STATS_ROC_H

#include <stdbool.h>
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

/* Rows that count by weight (NULL: 1) and of which those of a cluster (0 … n_clusters-1, NULL: each its own) belong together. */
typedef struct {
    size_t n;
    const double *y, *weight;
    const int *cluster;
    size_t n_clusters;
} RocSample;

/* The area with every pair counting by the product of its weights; v10 and v01 are weighted shares. Its variance is that of the
 * influence of rows or clusters: w (v10 - A) over the weight of the positives, w (v01 - A) over that of the negatives, each class with
 * m/(m-1) for its m clusters: DeLong's where all weights are 1, Obuchowski's 1997 with clusters. A factor in all weights changes nothing. */
Rc roc_area_of_sample(RocArea *out, const double *marker, const RocSample *s, Arena *a, Err *e);
Rc roc_covariance_of_sample(double *cov, const RocArea *a, const RocArea *b, const RocSample *s, Err *e);

/* Points from everything positive to nothing: positive is marker >= threshold, thresholds are midpoints between values,
 * infinite at both ends. */
typedef struct {
    size_t n;
    bool counts;                                   /* no weights: all numbers are whole */
    double pos, neg;                               /* rows of either class, or their weight */
    double *threshold, *true_pos, *true_neg;       /* counts, or sums of weights */
} RocCurve;
Rc roc_curve(RocCurve *out, const double *marker, const double *y, const double *weight, size_t n, Arena *a, Err *e);

/* Area over specificities from high down to low; NaN unless 0 <= low < high <= 1. */
double roc_partial_area(const RocCurve *c, double spec_high, double spec_low);
/* The same rescaled to 0.5 (no information) … 1; NaN when below no information. McClish 1989. */
double roc_partial_corrected(double area, double spec_high, double spec_low);

/* Variance of an area of this size. Hanley & McNeil 1982. */
double roc_variance_hanley(double auc, double n_pos, double n_neg);
/* Limits of Wilson's kind, defined for a perfect marker too. Newcombe 2006, method 5. */
void roc_limits_newcombe(double *lower, double *upper, double auc, double n_pos, double n_neg, double conf);

#endif
