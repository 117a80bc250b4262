/* core/sum.c: sums and order statistics. */
#include "core/sum.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/arena.h"
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

double counted_at(const double *x, const double *cum, double before, size_t n, double k)
{
    const double most = (k + 1) * (1 - 1e-12);             /* a sum of weights that should be whole is */
    size_t low = 0, high = n - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (cum[middle] - before < most) low = middle + 1;
        else high = middle;
    }
    return x[low];
}

double quantile_counted(const double *x, const double *cum, double before, size_t n, double p)
{
    if (!n) return NAN;
    const double h = fmax(cum[n - 1] - before - 1, 0) * p, lo = floor(h + 1e-12 * fmax(1, h)), part = h - lo;
    const double at = counted_at(x, cum, before, n, lo);
    return part < 1e-12 * fmax(1, h) ? at : at + part * (counted_at(x, cum, before, n, lo + 1) - at);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* By the doubles' order-keeping whole numbers, in linear time; qsort for few, or where memory is out. */
void sort_doubles(double *x, size_t n)
{
    enum { FEW = 256 };
    Arena room = { 0 };
    uint64_t *key = n < FEW ? NULL : ARENA_NEW(&room, 2 * n, uint64_t);
    if (key) {
        for (size_t i = 0; i < n; i++) key[i] = order_key(x[i]);
        order_keys(key, key + n, n);
        for (size_t i = 0; i < n; i++) x[i] = order_unkey(key[i]);
    } else if (n > 1) {
        qsort(x, n, sizeof *x, ascending);
    }
    arena_free(&room);
}
