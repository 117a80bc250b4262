/* core/extent.h: between which numbers a column lies, in one pass. */
#ifndef REOX_CORE_EXTENT_H
#define REOX_CORE_EXTENT_H

#include <stdbool.h>
#include <stddef.h>

/* Lowest and highest of n numbers, no -0. False, and both of no use, where one is NaN or infinite; n 0: true, both NaN. */
bool extent_of(double *low, double *high, const double *x, size_t n);

#endif
