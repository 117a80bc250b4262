/* core/geom.h: voxel indices and world positions in RAS millimetres. */
#ifndef REOX_CORE_GEOM_H
#define REOX_CORE_GEOM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* World = m[.][0..2] * index + m[.][3]. Index (0,0,0) is the centre of the first voxel. */
typedef struct { double m[3][4]; } Affine;

/* The lattice of a volume: what image and mask must share. */
typedef struct {
    int n[3];                 /* voxels along x, y, z; x is fastest in memory */
    double spacing_mm[3];
    Affine world;             /* index to RAS mm */
} Grid;

size_t grid_voxels(const Grid *g);
double grid_voxel_ml(const Grid *g);                              /* mL of one voxel */
Affine affine_identity(void);
Affine affine_from_spacing(const double spacing_mm[3], const double origin_mm[3]);
void affine_apply(double out[3], const Affine *a, const double p[3]);
bool affine_invert(Affine *out, const Affine *a);                 /* false when singular */
double affine_det(const Affine *a);

/* Largest distance (mm) between the same corner of two grids, and which corner (bits x, y, z); grids of other
 * dimensions are compared corner by corner of their own. */
double grid_corner_distance_mm(const Grid *a, const Grid *b, int *corner);

/* Same dimensions and every corner within 0.01 mm. */
bool grid_same(const Grid *a, const Grid *b);

/* ERR_INPUT with a sentence that says how they differ: dimensions, or by how many mm at which corner. */
Rc grid_require_same(const Grid *image, const Grid *mask, const char *mask_name, Err *e);

#endif
