/* stats/spline_keys.h: what a model says about its restricted cubic splines. */
#ifndef REOX_STATS_SPLINE_KEYS_H
#define REOX_STATS_SPLINE_KEYS_H

#include "core/json.h"
#include "stats/design.h"

/* Key `splines` with, for each rcs(x,k) that is a term of its own: knots, x (5, 25, 50, 75, 95 % quantiles), basis, log_ratio and se
 * against the median, wald_overall, wald_nonlinear. column[p] are the places of beta's p entries among the design's columns;
 * root (p x p) has root root' as their covariance: a spline's columns are so alike that its inverse needs more digits than a
 * covariance holds. */
Rc spline_keys(Json *out, const Design *d, const double *beta, const double *root, int p, const int *column, Err *e);

/* T L for the covariance V = L L' of a basis with coefficients T g; NULL when V has no factor. Arena memory. */
double *covariance_root(const double *T, const double *v, int p, Arena *a);

#endif
