/* features/box.h: the smallest box of any orientation around a convex body. */
#ifndef REOX_FEATURES_BOX_H
#define REOX_FEATURES_BOX_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/* Edge lengths, longest first, of the smallest box found around the n points that are the corners of a convex body with the
 * given triangles (counter-clockwise from outside). Tried are the boxes about each face's normal, each turned to its exact
 * best (Freeman and Shapira 1975); of a body with few edges also those about the common normal of every two edges. The good
 * ones are turned about their other axes as long as they shrink: two adjacent sides of the least box hold an edge each, but
 * none need hold a face (O'Rourke 1985). Fails with ERR_NOMEM. */
Rc box_minimum(double edge[3], const double (*point)[3], size_t n, const uint32_t (*triangle)[3], size_t n_triangles, Err *e);

#endif
