/* features/ngtdm.h: neighbourhood grey tone differences. IBSI reference manual 3.10; Amadasun and King 1989. */
#ifndef REOX_FEATURES_NGTDM_H
#define REOX_FEATURES_NGTDM_H

#include "features/feature.h"
#include "features/neighbours.h"

enum { NGTDM_FIRST = FEATURE_NGTDM_COARSENESS, NGTDM_FEATURES = FEATURE_NGTDM_STRENGTH - NGTDM_FIRST + 1 };

/* The features of the dimensions asked for: mean over the slices (AGGREGATION_2D), slices together (_25D), volume (_3D).
 * Values that do not exist are NaN: all of them without a voxel that has a neighbour, contrast and complexity … of a ROI
 * of one grey level, those that divide by a sum of differences that is zero. */
Rc ngtdm_aggregations(double out[AGGREGATION_COUNT][NGTDM_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b,
                      const Neighbours *in_slices, const Neighbours *in_volume, Err *e);

#endif
