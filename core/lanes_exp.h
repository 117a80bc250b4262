/* core/lanes_exp.h: the exponential of eight numbers at once. */
#ifndef REOX_CORE_LANES_EXP_H
#define REOX_CORE_LANES_EXP_H

#include "core/lanes.h"

/* e to the x for x from -708 to 709, lane by lane, within 1.1 units in the last place, the same bits on every processor (libm's has other
 * bits where there are fused operations). NaN gives NaN; elsewhere the result means nothing.
 * x = k log 2 + r with |r| <= log(2)/2: k times the upper part of log 2 (32 bits) is exact, and so is its difference to x. Then
 * 1 + (r + r^2 q(r)), q of degree 9 by Chebyshev interpolation of (e^r - 1 - r)/r^2: 1.6e-17 off relative to e^r, .15 of a unit; the last
 * sum rounds by half a unit, that before it by a quarter, the two below by a sixteenth. 2^k goes into the exponent's bits. */
static inline __attribute__((always_inline)) Lanes lanes_exp_less_one(LanesMask *power, Lanes x)
{
    const Lanes round = lanes_all(0x1.8p52);             /* added: the whole part stands in the low bits */
    const Lanes t = x * 0x1.71547652b82fep+0 + round, k = t - round;
    const Lanes high = x - k * 0x1.62e42fee00000p-1, low = k * 0x1.a39ef35793c76p-33, r = high - low, r2 = r * r, r4 = r2 * r2;
    const Lanes a = (0x1.0000000000001p-1 + r * 0x1.5555555555556p-3) + r2 * (0x1.5555555553d63p-5 + r * 0x1.11111111109b3p-7);
    const Lanes b = (0x1.6c16c1788bd90p-10 + r * 0x1.a01a01a7c41d5p-13) + r2 * (0x1.a019b90d2ae7ap-16 + r * 0x1.71de0dae63bb3p-19);
    const Lanes c = 0x1.289185613a3d6p-22 + r * 0x1.af38a9b0ec855p-26;
    *power = (LanesMask)t << 52;
    return high + (r2 * (a + r4 * (b + r4 * c)) - low);
}

static inline __attribute__((always_inline)) Lanes lanes_exp_within(Lanes x)
{
    LanesMask power;
    const Lanes e = 1 + lanes_exp_less_one(&power, x);
    return (Lanes)((LanesMask)e + power);
}

/* e to the x, less 1, for x from -708 to 709, within two units in the last place also near 0: 2^k (e^r - 1) + (2^k - 1). */
static inline __attribute__((always_inline)) Lanes lanes_expm1_within(Lanes x)
{
    LanesMask power;
    const Lanes rest = lanes_exp_less_one(&power, x), twos = (Lanes)((LanesMask)lanes_all(1) + power);
    return twos * rest + (twos - 1);
}

/* The same for every number: below -708 as at -708, above 709 as at 709, so never 0, subnormal or infinite. NaN and infinities give NaN. */
static inline __attribute__((always_inline)) Lanes lanes_exp(Lanes x)
{
    const Lanes low = lanes_all(-708), high = lanes_all(709), known = x - x;
    x = lanes_select(lanes_below(x, low), low, x);
    x = lanes_select(lanes_below(high, x), high, x);
    return lanes_exp_within(x) + known;
}

#endif
