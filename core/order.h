/* core/order.h: sorting rows by columns of numbers in linear time. */
#ifndef REOX_CORE_ORDER_H
#define REOX_CORE_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/err.h"

/* order[i] = i */
void order_start(size_t *order, size_t n);

/* Stable: rows in `order` come to ascend in x, those with equal x keep their order. -0 equals 0, no NaN. So sorting by several
 * columns is one call each, the least important first. Radix sort; fails with ERR_NOMEM. */
Rc order_by(size_t *order, const double *x, size_t n, Err *e);
Rc order_by_codes(size_t *order, const int *x, size_t n, Err *e);      /* x >= 0 and not much above n */

/* key[n] ascending; room for as many. */
void order_keys(uint64_t *key, uint64_t *room, size_t n);
/* The same for keys below 2^width, 1 <= width <= 64: ascending in key or in room, whichever is returned; the other one is spent. */
uint64_t *order_below(uint64_t *key, uint64_t *room, size_t n, int width);

/* Doubles as whole numbers of the same order; one zero. */
static inline uint64_t order_key(double x)
{
    uint64_t u;
    x += 0.0;
    memcpy(&u, &x, sizeof u);
    return u >> 63 ? ~u : u | (uint64_t)1 << 63;
}

static inline double order_unkey(uint64_t u)
{
    double x;
    u = u >> 63 ? u & ~((uint64_t)1 << 63) : ~u;
    memcpy(&x, &u, sizeof x);
    return x;
}

#endif
