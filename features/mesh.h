/* features/mesh.h: the triangle mesh through the boundary of a mask. */
#ifndef REOX_FEATURES_MESH_H
#define REOX_FEATURES_MESH_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"

typedef struct {
    double volume_mm3, area_mm2;
    double (*vertex)[3];           /* mm along the grid's axes, from the centre of the box's first voxel; each once */
    size_t n_vertices;
    double low_mm[3], high_mm[3];  /* the box along the axes that holds the vertices */
} Mesh;

/* Marching cubes at 0.5 on a mask of n[0]*n[1]*n[2] bytes, x fastest, taken as 0 outside; vertices are the midpoints between
 * a voxel inside and one outside. All memory is the arena's. Fails with ERR_NOMEM. IBSI reference manual 3.1; Lorensen and
 * Cline 1987. */
Rc mesh_build(Mesh *out, const uint8_t *mask, const int n[3], const double spacing_mm[3], Arena *a, Err *e);

#endif
