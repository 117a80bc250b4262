/* features/order.c: sorted intensities and their quantiles. */
#include "features/order.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* IEEE floats in an order that unsigned numbers have: the sign bit turned, all bits of negative ones turned. */
static uint32_t key_of(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

void sort_floats(float *x, float *scratch, size_t n)
{
    enum { BITS = 11, BUCKETS = 1 << BITS, PASSES = 3 };
    float *from = x, *to = scratch;
    for (int pass = 0; pass < PASSES; pass++) {
        size_t start[BUCKETS] = { 0 }, sum = 0;
        int shift = pass * BITS;
        for (size_t i = 0; i < n; i++) start[key_of(from[i]) >> shift & (BUCKETS - 1)]++;
        for (int b = 0; b < BUCKETS; b++) { size_t count = start[b]; start[b] = sum; sum += count; }
        for (size_t i = 0; i < n; i++) to[start[key_of(from[i]) >> shift & (BUCKETS - 1)]++] = from[i];
        float *swap = from;
        from = to;
        to = swap;
    }
    if (from != x) memcpy(x, from, n * sizeof *x);
}

double quantile_floats(const float *x, size_t n, double p)
{
    double h = (double)(n - 1) * p;
    double lo = floor(h + 4e-16 * fmax(1, h));     /* what should be whole is whole */
    size_t i = (size_t)lo;
    if (i >= n - 1) return (double)x[n - 1];
    double part = h - lo;
    return part <= 0 ? (double)x[i] : (double)x[i] + part * ((double)x[i + 1] - (double)x[i]);
}
