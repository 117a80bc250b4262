/* core/extent.c: between which numbers a column lies, in one pass. */
#include "core/extent.h"

#include <math.h>
#include <stdint.h>

#include "core/lanes.h"

typedef int64_t Mask __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) Lanes chosen(Mask m, Lanes yes, Lanes no)
{
    return (Lanes)((m & (Mask)yes) | (~m & (Mask)no));
}

FOR_EACH_WIDTH static void extent_lanes(Lanes out[3], const double *x, size_t n)
{
    Lanes low = lanes_at(x), high = low, odd = { 0 };
    for (size_t i = 0; i + LANES <= n; i += LANES) {
        const Lanes v = lanes_at(x + i);
        odd += 0 * v;                       /* 0, or NaN for good */
        low = chosen(v < low, v, low);
        high = chosen(v > high, v, high);
    }
    out[0] = low;
    out[1] = high;
    out[2] = odd;
}

bool extent_of(double *low, double *high, const double *x, size_t n)
{
    Lanes side[3] = { { 0 } };
    double a = n ? x[0] : NAN, b = a, odd = 0;
    const size_t whole = n / LANES * LANES;
    if (whole) extent_lanes(side, x, n);
    for (int k = 0; whole && k < LANES; k++) {
        a = side[0][k] < a ? side[0][k] : a;
        b = side[1][k] > b ? side[1][k] : b;
        odd += side[2][k];
    }
    for (size_t i = whole; i < n; i++) {
        odd += 0 * x[i];
        a = x[i] < a ? x[i] : a;
        b = x[i] > b ? x[i] : b;
    }
    *low = a + 0.0;
    *high = b + 0.0;
    return odd == 0;
}
