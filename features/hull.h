/* features/hull.h: the convex hull of lattice points, in whole numbers and so without rounding. */
#ifndef REOX_FEATURES_HULL_H
#define REOX_FEATURES_HULL_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"

typedef struct { int32_t at[3]; } LatticePoint;

/* Corners counter-clockwise seen from outside. normal = (v1-v0) x (v2-v0), twice the triangle's area long. */
typedef struct {
    uint32_t corner[3];
    int64_t normal[3];
} HullFacet;

/* A closed convex surface of triangles; faces of more corners are cut into coplanar ones. */
typedef struct {
    LatticePoint *point;       /* the corners that the facets name, each once */
    size_t n_points;
    HullFacet *facet;
    size_t n_facets;           /* 0: all points lie in one plane */
    int64_t volume_6;          /* six times the volume, in lattice cells */
} Hull;

/* The hull of n points with coordinates within +-16384. p is sorted and thinned out. All memory is the arena's. Fails with
 * ERR_NOMEM. Incremental with outside sets: Barber, Dobkin and Huhdanpaa 1996; exact, because every determinant of such
 * coordinates fits 64 bits. */
Rc hull_build(Hull *out, LatticePoint *p, size_t n, Arena *a, Err *e);

#endif
