/* features/ngldm.h: neighbouring grey level dependence. IBSI reference manual 3.11; Sun and Wee 1983. */
#ifndef REOX_FEATURES_NGLDM_H
#define REOX_FEATURES_NGLDM_H

#include "features/feature.h"
#include "features/neighbours.h"
#include "features/size_matrix.h"

/* The features of the dimensions asked for: mean over the slices (AGGREGATION_2D), slices together (_25D), volume (_3D).
 * A voxel's dependence is 1, for itself, and its alike neighbours. */
Rc ngldm_aggregations(double out[AGGREGATION_COUNT][SIZE_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b,
                      const Neighbours *in_slices, const Neighbours *in_volume, int distance, Err *e);

#endif
