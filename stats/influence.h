/* stats/influence.h: robust variances: products of influence values, summed over what is independent. */
#ifndef REOX_STATS_INFLUENCE_H
#define REOX_STATS_INFLUENCE_H

#include <stddef.h>

#include "core/err.h"

/* Which rows belong together: cluster[n] with codes 0 … n_clusters-1, NULL: each row is its own. */
typedef struct {
    size_t n;
    const int *cluster;
    size_t n_clusters;
} Clusters;

/* sum over clusters of (sum of u)(sum of v): with u = v the infinitesimal-jackknife variance of what u is the influence on (a
 * row's weight times the derivative by it), else a covariance. Rows in a canonical order give the same bits. Fails with ERR_NOMEM. Huber 1967; Lin & Wei 1989. */
Rc influence_product(double *out, const double *u, const double *v, const Clusters *c, Err *e);

/* The sandwich B (sum over clusters of s s') B, s the sum of a cluster's scores: score (n x p, column-major) holds each row's weight times
 * the derivative of its log-likelihood, bread (p x p, symmetric) the inverse of the information. No small-sample factor: HC0 by row, CR0 by
 * cluster, as coxph, survreg(robust=TRUE) and sandwich::vcovCL(type="HC0", cadjust=FALSE); survreg leaves weights out of it, here they count.
 * out p x p, whole and symmetric to the bit. Fails with ERR_NOMEM. Huber 1967; White 1980; Liang & Zeger 1986. */
Rc influence_sandwich(double *out, const double *bread, const double *score, size_t p, const Clusters *c, Err *e);

#endif
