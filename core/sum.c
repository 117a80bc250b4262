/* core/sum.c: sums and order statistics. */
#include "core/sum.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/order.h"

double sum_of(const double *x, size_t n)
{
    Sum s = { 0 };
    for (size_t i = 0; i < n; i++) sum_add(&s, x[i]);
    return sum_value(&s);
}

double mean_of(const double *x, size_t n)
{
    return n ? sum_of(x, n) / (double)n : NAN;
}

double quantile_sorted(const double *x, size_t n, double p)
{
    if (!n) return NAN;
    double h = (double)(n - 1) * p;
    /* R adds a fuzz of a few ulp so that p*(n-1) that should be whole is whole. */
    double lo = floor(h + 4 * 2.220446049250313e-16 * fmax(1, h));
    size_t i = lo < 0 ? 0 : (size_t)lo;
    if (i >= n - 1) return x[n - 1];
    double part = h - lo;
    if (part < 1e-12 * fmax(1, h)) return x[i];
    return x[i] + part * (x[i + 1] - x[i]);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Radix sort of the doubles' order-keeping whole numbers, in linear time; qsort for few, or where memory is out. */
void sort_doubles(double *x, size_t n)
{
    enum { BITS = 11, SIZE = 1 << BITS, PASSES = 6, FEW = 256 };
    uint64_t *a = n < FEW ? NULL : malloc(2 * n * sizeof *a), *b = a ? a + n : NULL, *room = a, differ = 0;
    if (!a) {
        if (n > 1) qsort(x, n, sizeof *x, ascending);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        a[i] = order_key(x[i]);
        differ |= a[i] ^ a[0];
    }
    for (int pass = 0; pass < PASSES; pass++) {
        size_t at[SIZE + 1] = { 0 };
        int shift = pass * BITS;
        if (!(differ >> shift & (SIZE - 1))) continue;
        for (size_t i = 0; i < n; i++) at[(a[i] >> shift & (SIZE - 1)) + 1]++;
        for (int k = 0; k < SIZE; k++) at[k + 1] += at[k];
        for (size_t i = 0; i < n; i++) b[at[a[i] >> shift & (SIZE - 1)]++] = a[i];
        uint64_t *swap = a;
        a = b;
        b = swap;
    }
    for (size_t i = 0; i < n; i++) x[i] = order_unkey(a[i]);
    free(room);
}
