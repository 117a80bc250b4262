/* features/zones.h: zones of linked voxels of one grey level, what GLSZM and GLDZM count. */
#ifndef REOX_FEATURES_ZONES_H
#define REOX_FEATURES_ZONES_H

#include <stdbool.h>

#include "features/feature.h"
#include "features/levels.h"
#include "features/size_matrix.h"

typedef struct { uint32_t level, size, distance; } Zone;       /* distance of its nearest voxel from the ROI's edge */

typedef struct {
    Zone *zone;
    size_t n;
    size_t *slice;             /* [n[2]+1] first zone of each slice, when in_plane; else one range from 0 */
    size_t slices;
} Zones;

/* City-block distance (voxels) of every voxel of the mask from the nearest one outside, 1 at the edge; slice by slice
 * when in_plane. out and mask: n[0]*n[1]*n[2]; all beyond the box is outside. IBSI reference manual 3.9. */
void distance_map(uint16_t *out, const uint8_t *mask, const int n[3], bool in_plane);

/* All zones: 26-connected, or slice by slice 8-connected when in_plane. distance: the map of the unpadded box, NULL when
 * not asked for. Order: that of their first voxels. Fails with ERR_NOMEM. */
Rc zones_find(Zones *out, const LevelBox *b, const uint16_t *distance, bool in_plane, Err *e);
void zones_free(Zones *z);

/* The features of the matrices of level by size, or by distance, of the zones: of each slice and their mean
 * (AGGREGATION_2D), of the zones of all slices (_25D), of the volume (_3D). What GLSZM and GLDZM have in common. */
Rc zones_aggregations(double out[AGGREGATION_COUNT][SIZE_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b,
                      const Zones *in_slices, const Zones *in_volume, bool by_distance, Err *e);

#endif
