/* features/neighbours.h: what each voxel has around it, for the two families that look at a neighbourhood: NGTDM and NGLDM. */
#ifndef REOX_FEATURES_NEIGHBOURS_H
#define REOX_FEATURES_NEIGHBOURS_H

#include <stdbool.h>

#include "features/levels.h"

/* Of each ROI voxel, in raster order: neighbours inside the ROI, the sum of their levels, and how many of them differ by
 * at most alpha levels. */
typedef struct { uint32_t *count, *sum, *alike; } Neighbours;

/* All voxels within Chebyshev `distance` (at most the box's margin), in the slice alone when in_plane. alpha >= 0.
 * Fails with ERR_NOMEM. IBSI reference manual 3.10, 3.11. */
Rc neighbours_build(Neighbours *out, const LevelBox *b, int distance, double alpha, bool in_plane, Err *e);
void neighbours_free(Neighbours *n);

#endif
