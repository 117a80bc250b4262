/* stats/ranks.h: ranks, exact permutation distributions of rank sums, and order statistics of pairwise values. */
#ifndef REOX_STATS_RANKS_H
#define REOX_STATS_RANKS_H

#include <stddef.h>

#include "core/err.h"

/* Midranks 1 … n of x, and the sum of t^3 - t over groups of t equal values. Fails with ERR_NOMEM. */
Rc ranks_mid(double *rank, double *tie_sum, const double *x, size_t n, Err *e);

/* Two-sided exact p of a sum over m of the n midranks: probability of a sum at least as far from its mean, over all choices
 * of m rows. Ties included. NaN where n is above RANKS_EXACT_MAX. Streitberg & Röhmel 1986. */
enum { RANKS_EXACT_MAX = 400, SIGNED_RANKS_EXACT_MAX = 2000 };
Rc rank_sum_exact_p(double *p, const double *rank, size_t n, size_t m, double sum, Err *e);

/* The same for the sum of the ranks that carry a plus when signs are fair coins. */
Rc signed_rank_exact_p(double *p, const double *rank, size_t n, double positive, Err *e);

/* Smallest q with P(W <= q) >= alpha for the Mann–Whitney count of m and n values without ties; -1 when m or n is too large. */
Rc mann_whitney_quantile(double *q, double alpha, size_t m, size_t n, Err *e);

/* k-th smallest (1 …) of all x_i - y_j; x, y ascending. */
double kth_difference(const double *x, size_t m, const double *y, size_t n, double k);
/* Median of all x_i - y_j; x, y ascending. */
double median_difference(const double *x, size_t m, const double *y, size_t n);
/* Median of the Walsh averages (x_i + x_j)/2, i <= j; x ascending. */
double median_walsh(const double *x, size_t n);

#endif
