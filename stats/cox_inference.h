/* stats/cox_inference.h: what is built on a fitted Cox model: robust variance, tests of proportional hazards, hazards, curves. */
#ifndef REOX_STATS_COX_INFERENCE_H
#define REOX_STATS_COX_INFERENCE_H

#include "core/json.h"
#include "stats/cox_fit.h"
#include "stats/design.h"

/* Sum over clusters (rows, when cluster is NULL) of w-weighted score residuals, n_groups x p, in the basis of `d`, at g. */
Rc cox_cluster_scores(double **sums, size_t *n_groups, CoxData *d, const double *g, const int *cluster, size_t n_clusters, Arena *a,
                      Err *e);
/* Sandwich variance in the basis: V (sum u u') V. */
Rc cox_robust(double *v, const double *sums, size_t n_groups, const double *vcov, int p, Arena *a, Err *e);

typedef enum { ZPH_KM, ZPH_RANK, ZPH_IDENTITY, ZPH_LOG, ZPH_TIMES } ZphTime;

/* Grambsch and Therneau's tests as score tests of x g(t), for the four transforms of time in their order, a row a term and GLOBAL
 * (survival 3). at_g: the information at g (p x p in the basis). assign[j]: term of column j from 1, n_terms of them. chisq[4 x (n_terms + 1)], df
 * likewise; NaN where the time has no value (log 0). */
Rc cox_zph(double *chisq, double *df, CoxData *d, const double *g, const double *at_g, const int *assign, size_t n_terms, Err *e);

/* Means by which R centres the p columns of n numbers: 0 for columns that hold only -1, 0, 1; weighted (R leaves the weights out for start and stop).
 * `plain` (NULL: none): unweighted means known already. */
void cox_r_means(double *mean, const double *const *xj, size_t n, int p, const double *weight, const size_t *order, const double *plain);

/* Cumulative hazard of stratum s up to t for a row x (in the basis), with its variance; v is the covariance of g. */
void cox_curve_at(double *hazard, double *variance, const CoxData *d, const CoxDetail *detail, size_t s, double t, const double *xb,
                  double eta, const double *v, double *scratch);

#endif
