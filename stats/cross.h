/* stats/cross.h: cross products of rows with weights, the bulk of every information matrix. */
#ifndef REOX_STATS_CROSS_H
#define REOX_STATS_CROSS_H

#include <stddef.h>

enum { CROSS_ROWS = 256 };       /* rows multiplied at once */

/* v >= 0. out (p x p, whole) = sum_i v_i x_i x_i' over n rows of p numbers, row i at x + i*p. `scaled` is room for CROSS_ROWS * p. One order
 * of sums for a given n and p. */
void cross_weighted(double *out, const double *x, const double *v, size_t n, size_t p, double *scaled);

/* The same with sums = sum_i c_i x_i in the same pass over the rows. */
void cross_weighted_sums(double *out, double *sums, const double *x, const double *v, const double *c, size_t n, size_t p, double *scaled);

/* out -= sum of r_i r_i' over m rows of p numbers. */
void cross_subtract(double *out, const double *r, size_t m, size_t p);

#endif
