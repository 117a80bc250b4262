/* core/lanes_log.h: log(1 + t) of eight numbers at once. */
#ifndef REOX_CORE_LANES_LOG_H
#define REOX_CORE_LANES_LOG_H

#include "core/lanes.h"

/* log(1 + t) for 0 <= t <= 1, lane by lane, within 1.5 units in the last place, the same bits on every processor. NaN stays NaN.
 * Above sqrt(2) - 1 as log 2 + log(1 + f), f = (t - 1)/2, so that |f| < .42. Then log(1 + f) = 2 atanh(s), s = f/(2 + f), and as 2 s = f - s f it
 * is f - s (f - s^2 q(s^2)), q of degree 6 by Chebyshev interpolation of the series 2/3 + 2 z/5 + 2 z^2/7 …: 5e-18 off relative to the whole. */
static inline __attribute__((always_inline)) Lanes lanes_log1p(Lanes t)
{
    const LanesMask upper = t > 0x1.a827999fcef32p-2;
    const Lanes f = lanes_select(upper, (t - 1) * .5, t), s = f / (2 + f), z = s * s, z2 = z * z;
    const Lanes a = 0x1.5555555555558p-1 + z * 0x1.99999999952d8p-2, b = 0x1.2492492df26cep-2 + z * 0x1.c71c62e40b94ep-3;
    const Lanes c = 0x1.7462b5152e8a6p-3 + z * 0x1.39fe52a20dc69p-3, r = z * (a + z2 * (b + z2 * (c + z2 * 0x1.2b58f4c8d5f63p-3)));
    const Lanes high = lanes_select(upper, lanes_all(0x1.62e42fee00000p-1), lanes_all(0));
    const Lanes low = lanes_select(upper, lanes_all(0x1.a39ef35793c76p-33), lanes_all(0));
    return high + (f - (s * (f - r) - low));
}

#endif
