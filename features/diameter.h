/* features/diameter.h: the largest distance between points. */
#ifndef REOX_FEATURES_DIAMETER_H
#define REOX_FEATURES_DIAMETER_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* Largest distance between two of n points, exactly; 0 for fewer than two. Meant for points that lie in planes across the axes, as the
 * vertices of a mesh on a grid do. Scratch is the arena's; fails with ERR_NOMEM. */
Rc largest_distance(double *out, const double (*point)[3], size_t n, Arena *a, Err *e);

#endif
