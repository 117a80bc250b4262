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

#endif
