/* core/volume.h: images and masks on a grid. */
#ifndef REOX_CORE_VOLUME_H
#define REOX_CORE_VOLUME_H

#include <stdint.h>

#include "core/err.h"
#include "core/geom.h"

typedef enum { UNITS_SUV, UNITS_BQ_ML, UNITS_TBR, UNITS_HU } Units;
const char *units_name(Units u);                        /* "SUV", "Bq/mL", "TBR", "HU" */
bool units_parse(Units *out, const char *text);         /* exact spelling of the above */

typedef struct {
    Grid grid;
    Units units;
    float *v;                  /* grid_voxels() values, x fastest */
} Volume;

/* A region of interest: 1 inside, 0 outside. */
typedef struct {
    Grid grid;
    uint8_t *in;               /* grid_voxels() values, x fastest */
} Mask;

Rc volume_alloc(Volume *out, const Grid *g, Units u, Err *e);      /* zeros */
void volume_free(Volume *v);
Rc mask_alloc(Mask *out, const Grid *g, Err *e);                   /* zeros */
void mask_free(Mask *m);
size_t mask_count(const Mask *m);

/* Smallest box that holds the mask: first and one past last index by axis. false for an empty mask. */
bool mask_box(int lo[3], int hi[3], const Mask *m);

/* Index of voxel (x, y, z). */
static inline size_t voxel_at(const Grid *g, int x, int y, int z)
{
    return ((size_t)z * (size_t)g->n[1] + (size_t)y) * (size_t)g->n[0] + (size_t)x;
}

#endif
