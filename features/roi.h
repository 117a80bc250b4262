/* features/roi.h: the region of interest, prepared: interpolated, re-segmented and discretised, cut to its box. What every family
 * computes from. */
#ifndef REOX_FEATURES_ROI_H
#define REOX_FEATURES_ROI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "features/mesh.h"
#include "features/settings.h"
#include "features/sink.h"

/* Voxel (x, y, z) of the box stands at index (z*n[1] + y)*n[0] + x of every array. */
typedef struct {
    int n[3];                          /* the smallest box that holds the mask; at least 1 x 1 x 1 */
    double spacing_mm[3];
    int offset[3];                     /* of the box in the interpolated grid */
    Units units;                       /* of the intensities (UNITS_TBR when divided by the reference) */

    const float *intensity;            /* of every voxel of the box, inside the ROI or not */
    const uint8_t *morphological;      /* 1: in the mask before re-segmentation. Morphology and distance maps use it */
    const uint8_t *inside;             /* 1: in the intensity mask, after re-segmentation; part of the above */
    size_t n_morphological, n_inside;  /* n_inside may be 0 */
    const char *none_inside;           /* why, if it is: what is undefined then says it */

    /* Grey levels 1 … Ng where `inside`, else 0; levels below and between may be empty. NULL when they cannot exist, and
     * then level_reason says why and every family that needs them is undefined. */
    const uint16_t *level;
    int Ng;
    const char *level_reason;

    /* A wider cut of the image for spheres that leave the ROI: voxel (x, y, z) of the box is (x + shift[0], …) of it. It ends
     * where the image ends. NULL unless a wanted row NEEDS_PEAK. */
    const float *around;
    int around_n[3], shift[3];

    bool filled;                       /* voxels outside the ROI were no finite numbers and took the image's least value */

    const Mesh *mesh;                  /* of the morphological mask; NULL unless a wanted row NEEDS_MESH */
} Roi;

/* A family's computation: fills the cells of its rows, for each aggregation of its kind that settings->aggregation asks for
 * (AGGREGATION_NONE for families without). Scratch memory is the arena's. A value that cannot exist is sink_undefined, never an
 * error; fails with ERR_NOMEM alone. extract.c has the table of them, and never calls one that nobody asked for. A texture
 * family is called with level not NULL and n_inside > 0. */
typedef Rc FamilyFeatures(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e);

FamilyFeatures local_intensity_features, statistics_features, intensity_histogram_features, ivh_features;
FamilyFeatures morphology_features;        /* mesh, axes and aligned box */
FamilyFeatures enclosure_features;         /* convex hull, oriented box, enclosing ellipsoid; reads roi->mesh */
FamilyFeatures spatial_features;           /* Moran's I, Geary's C */
FamilyFeatures texture_features;           /* the six texture families: they share what they are made from */

#endif
