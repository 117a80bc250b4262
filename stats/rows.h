/* stats/rows.h: kernels over the rows of a matrix: predictors, weighted sums, weighted cross products. The bulk of every fit. */
#ifndef REOX_STATS_ROWS_H
#define REOX_STATS_ROWS_H

#include <stddef.h>

#include "core/lanes.h"

/* Everywhere below row i of p numbers stands at x + i*stride, and ROWS_SPARE numbers past the last one can be read: whole Lanes are
 * loaded. What stands there does not matter, NaN neither. Every sum has one order for given sizes, the same bits on every processor. */
enum { ROWS_SPARE = LANES };

/* p in whole Lanes. */
static inline size_t rows_width(size_t p) { return (p + LANES - 1) / LANES * LANES; }

/* Lower triangle of a p x p matrix by rows, each in whole Lanes: numbers, and where row j begins. Past the diagonal stands anything. */
static inline size_t rows_packed_row(size_t j) { return LANES * (j / LANES + 1) * (LANES * (j / LANES) / 2 + j % LANES); }
static inline size_t rows_packed(size_t p) { return rows_packed_row(p); }

/* out[i] = offset[i] + x_i'g; offset NULL: 0. Rows with equal numbers get equal bits wherever they stand. */
void rows_dot(double *out, const double *x, const double *g, const double *offset, size_t n, size_t p);

/* out[i] = x_i'x_i; their largest, 0 without rows (out NULL: that alone). */
double rows_lengths(double *out, const double *x, size_t n, size_t p);

/* sum += sum_i c_i x_i; c NULL: 1. sum has rows_width(p) numbers, those past p are left with anything. */
void rows_sum(double *sum, const double *x, const double *c, size_t n, size_t p);

/* sum -= sum of c_i x_i over the n rows i that `at` names; c is by row. */
void rows_subtract(double *sum, const double *x, const double *c, const size_t *at, size_t n, size_t p);

/* sum_j += sum_i (x_ij - shift_j), squares_j += sum_i (x_ij - shift_j)^2; each of the three has rows_width(p) numbers. */
void rows_moments(double *sum, double *squares, const double *x, const double *shift, size_t n, size_t p);

/* x_ij := (x_ij - center_j) factor_j. */
void rows_standardise(double *x, const double *center, const double *factor, size_t n, size_t p);

/* packed += sum_i v_i x_i x_i'; v NULL: 1. */
void rows_cross(double *packed, const double *x, size_t stride, const double *v, size_t n, size_t p);

/* The same of rows that stand one after the other; meanwhile n rows at `ahead` are fetched into the cache. */
void rows_cross_ahead(double *packed, const double *x, const double *v, size_t n, size_t p, const double *ahead);

/* Eight weighted cross products of the same rows: packed + w*rows_packed(p), for w of LANES, += sum of c[LANES*k + w] v_i x_i x_i' over the
 * rows i of run k, which are end[k-1] … end[k]-1 (from 0 for the first). Room for ROWS_RUNS * rows_packed(p) numbers. */
enum { ROWS_RUNS = 16 };
void rows_cross_eight(double *packed, const double *x, size_t stride, const double *v, const size_t *end, const double *c, size_t runs, size_t p,
                      double *room);

/* Eight weighted sums of matrices M_k that grow with a running cross product: packed + w*rows_packed(p), for w of LANES, += sum of
 * c[LANES*k + w] M_k, M_k = all_k R_k - part_k P_k - Y_k. R_k: `running`, to which step k first adds its rows from … from+n-1 as v_i x_i x_i';
 * P_k: of its rows part_from … part_from+n_part-1 alone; Y_k: y y' of the next n_squares rows of y, which stand rows_width(p) apart. Rows of x
 * stand p apart. Room as above. */
typedef struct { size_t from, n, part_from, n_part, n_squares; double all, part; } RowsStep;
void rows_cross_steps(double *packed, double *running, const double *x, const double *v, const double *y, const RowsStep *step, const double *c,
                      size_t steps, size_t p, double *room);

/* out + w*size += sum of c[LANES*k + w] times the k-th of n times size numbers, for w of LANES; size is whole Lanes. */
void rows_combine(double *out, const double *numbers, const double *c, size_t n, size_t size);

/* The whole symmetric p x p matrix of a packed one, less another (NULL: nothing). */
void rows_unpack(double *out, const double *packed, const double *less, size_t p);

/* out (p numbers) = sum_i c_i x_i; room for rows_width(p) numbers. */
void rows_sum_whole(double *out, const double *x, const double *c, size_t n, size_t p, double *room);

/* out (p x p, whole) = sum_i v_i x_i x_i'; room for rows_packed(p) numbers. */
void rows_cross_whole(double *out, const double *x, const double *v, size_t n, size_t p, double *room);

#endif
