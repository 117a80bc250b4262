/* stats/rows.c: kernels over the rows of a matrix, eight numbers side by side.
 * Cross products go by tiles of four rows and one or two Lanes of the triangle, whose sums stay in registers while a group of rows that
 * stays in the first cache passes by. What a vector holds past the end of its row is another row's or nobody's: it ends in places that no
 * one reads, because a lane never meets another. */
#include "stats/rows.h"

#include <stdbool.h>
#include <string.h>

enum { GROUP_NUMBERS = 2048, GROUP_LEAST = 16, GROUP_MOST = 256 };

/* Rows that pass at once. */
static size_t group(size_t stride)
{
    const size_t rows = GROUP_NUMBERS / (stride + !stride);
    return rows < GROUP_LEAST ? GROUP_LEAST : rows > GROUP_MOST ? GROUP_MOST : rows;
}

/* A body for each width of registers. */
#define KERNEL_FILE "stats/rows_kernel.inc"
#include "core/widths.inc"

/* ---- predictors */

/* A choice of lanes from a and b: 0 … 7 are a's. */
#define CHOOSE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

/* Lane k is the sum over the lanes of s[k]: neighbours first, then pairs, then halves. */
INLINE Lanes sums_across(const Lanes s[LANES])
{
    Lanes two[4], four[2];
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
        two[k] = CHOOSE(s[2 * k], s[2 * k + 1], 0, 8, 2, 10, 4, 12, 6, 14) + CHOOSE(s[2 * k], s[2 * k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++)
        four[k] = CHOOSE(two[2 * k], two[2 * k + 1], 0, 1, 8, 9, 4, 5, 12, 13) + CHOOSE(two[2 * k], two[2 * k + 1], 2, 3, 10, 11, 6, 7, 14, 15);
    return CHOOSE(four[0], four[1], 0, 1, 2, 3, 8, 9, 10, 11) + CHOOSE(four[0], four[1], 4, 5, 6, 7, 12, 13, 14, 15);
}

/* The same sum of one, in the same order. */
INLINE double sum_across(Lanes s)
{
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

FOR_EACH_WIDTH void rows_dot(double *out, const double *x, const double *g, const double *offset, size_t n, size_t p)
{
    const size_t whole = p / LANES * LANES, rest = p - whole;
    Lanes end = { 0 };
    LanesMask taken = { 0 };
    memcpy(&end, g + whole, rest * sizeof *g);
    for (size_t l = 0; l < rest; l++) taken[l] = -1;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const double *row = x + i * p;
        Lanes s[LANES];
#pragma GCC unroll 8
        for (size_t k = 0; k < LANES; k++) s[k] = (Lanes){ 0 };
        for (size_t t = 0; t < whole; t += LANES) {
            const Lanes gt = lanes_at(g + t);
#pragma GCC unroll 8
            for (size_t k = 0; k < LANES; k++) s[k] += lanes_at(row + k * p + t) * gt;
        }
        if (rest) {
#pragma GCC unroll 8
            for (size_t k = 0; k < LANES; k++) s[k] += (Lanes)((LanesMask)lanes_at(row + k * p + whole) & taken) * end;
        }
        const Lanes eta = sums_across(s);
        lanes_put(out + i, offset ? eta + lanes_at(offset + i) : eta);
    }
    for (; i < n; i++) {
        const double *row = x + i * p;
        Lanes s = { 0 };
        for (size_t t = 0; t < whole; t += LANES) s += lanes_at(row + t) * lanes_at(g + t);
        if (rest) s += (Lanes)((LanesMask)lanes_at(row + whole) & taken) * end;
        const double eta = sum_across(s);
        out[i] = offset ? eta + offset[i] : eta;
    }
}

FOR_EACH_WIDTH double rows_lengths(double *out, const double *x, size_t n, size_t p)
{
    const size_t whole = p / LANES * LANES, rest = p - whole;
    LanesMask taken = { 0 };
    double longest = 0;
    for (size_t l = 0; l < rest; l++) taken[l] = -1;
    for (size_t i = 0; i < n; i++) {
        Lanes s = { 0 };
        for (size_t t = 0; t < whole; t += LANES) { const Lanes v = lanes_at(x + i * p + t); s += v * v; }
        if (rest) { const Lanes v = (Lanes)((LanesMask)lanes_at(x + i * p + whole) & taken); s += v * v; }
        const double length = sum_across(s);
        if (out) out[i] = length;
        if (length > longest) longest = length;
    }
    return longest;
}

/* ---- sums and cross products */

/* One column: the rows themselves lie side by side. sum of x_i, c_i x_i (once) or c_i x_i^2 (twice). */
static FOR_EACH_WIDTH double column_sum(const double *x, const double *c, size_t n, bool twice)
{
    Lanes s[2] = { { 0 }, { 0 } };
    double rest = 0;
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
#pragma GCC unroll 2
        for (size_t k = 0; k < 2; k++) {
            const Lanes v = lanes_at(x + i + k * LANES), y = twice ? v * v : v;
            s[k] += c ? lanes_at(c + i + k * LANES) * y : y;
        }
    }
    for (; i < n; i++) rest += (c ? c[i] : 1) * (twice ? x[i] * x[i] : x[i]);
    return sum_across(s[0] + s[1]) + rest;
}

void rows_sum(double *sum, const double *x, const double *c, size_t n, size_t p)
{
    if (p == 1) { *sum += column_sum(x, c, n, false); return; }
    CALL(sum, sum, x, c, n, p);
}

void rows_subtract(double *sum, const double *x, const double *c, const size_t *at, size_t n, size_t p)
{
    CALL(subtract, sum, x, c, at, n, p);
}

void rows_combine(double *out, const double *numbers, const double *c, size_t n, size_t size)
{
    CALL(combine, out, numbers, c, n, size);
}

void rows_moments(double *sum, double *squares, const double *x, const double *shift, size_t n, size_t p)
{
    CALL(moments, sum, squares, x, shift, n, p);
}

void rows_standardise(double *x, const double *center, const double *factor, size_t n, size_t p)
{
    CALL(standardise, x, center, factor, n, p);
}

void rows_cross(double *packed, const double *x, size_t stride, const double *v, size_t n, size_t p)
{
    if (p == 1 && stride == 1) { *packed += column_sum(x, v, n, true); return; }
    CALL(cross, packed, x, stride, v, n, p, NULL);
}

void rows_cross_ahead(double *packed, const double *x, const double *v, size_t n, size_t p, const double *ahead)
{
    if (p == 1) { *packed += column_sum(x, v, n, true); return; }
    CALL(cross, packed, x, p, v, n, p, ahead);
}

void rows_cross_eight(double *packed, const double *x, size_t stride, const double *v, const size_t *end, const double *c, size_t runs, size_t p,
                      double *room)
{
    CALL(cross_eight, packed, x, stride, v, end, c, runs, p, room);
}

void rows_cross_steps(double *packed, double *running, const double *x, const double *v, const double *y, const RowsStep *step, const double *c,
                      size_t steps, size_t p, double *room)
{
    CALL(cross_steps, packed, running, x, v, y, step, c, steps, p, room);
}

void rows_unpack(double *out, const double *packed, const double *less, size_t p)
{
    for (size_t j = 0; j < p; j++) {
        const size_t row = rows_packed_row(j);
        for (size_t k = 0; k <= j; k++) out[j * p + k] = out[k * p + j] = less ? packed[row + k] - less[row + k] : packed[row + k];
    }
}

void rows_sum_whole(double *out, const double *x, const double *c, size_t n, size_t p, double *room)
{
    memset(room, 0, rows_width(p) * sizeof *room);
    rows_sum(room, x, c, n, p);
    memcpy(out, room, p * sizeof *out);
}

void rows_cross_whole(double *out, const double *x, const double *v, size_t n, size_t p, double *room)
{
    memset(room, 0, rows_packed(p) * sizeof *room);
    rows_cross(room, x, p, v, n, p);
    rows_unpack(out, room, NULL, p);
}
