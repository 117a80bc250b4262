/* features/order.h: sorted intensities and their quantiles. */
#ifndef REOX_FEATURES_ORDER_H
#define REOX_FEATURES_ORDER_H

#include <stddef.h>

/* Ascending; x holds finite numbers; scratch has room for n. Radix sort, for images have many voxels. */
void sort_floats(float *x, float *scratch, size_t n);

/* Quantile of sorted x by linear interpolation (type 7 of Hyndman and Fan 1996); p in [0, 1], n at least 1. */
double quantile_floats(const float *x, size_t n, double p);

#endif
