/* features/glcm.h: grey level co-occurrence. IBSI reference manual 3.6; Haralick et al. 1973. */
#ifndef REOX_FEATURES_GLCM_H
#define REOX_FEATURES_GLCM_H

#include "features/feature.h"
#include "features/levels.h"

enum { GLCM_FIRST = FEATURE_GLCM_JOINT_MAXIMUM, GLCM_FEATURES = FEATURE_GLCM_INFORMATION_CORRELATION_2 - GLCM_FIRST + 1 };

/* Co-occurrence counts of one direction, each pair once: m[i*(Ng+1) + j] voxels of level i have one of level j at
 * `offset`. Row and column 0 count what lies outside. Voxels `from` … `to`-1 of the box. m is added to. */
void glcm_count(uint32_t *m, const LevelBox *b, size_t from, size_t to, ptrdiff_t offset);

/* The features of a dense matrix as glcm_count makes it (made symmetric and normalised on the way), in the order of
 * features.def; all NaN when it holds no pair, single ones where they do not exist. Fails with ERR_NOMEM. */
Rc glcm_matrix_features(double v[GLCM_FEATURES], const uint32_t *m, const LevelBox *b, Err *e);

/* The features of every aggregation asked for (of matrices with a direction): out[a]. distance: of the two voxels along
 * the direction, at most the box's margin. Any Ng: beyond 512 the matrices are kept sparse. */
Rc glcm_aggregations(double out[AGGREGATION_COUNT][GLCM_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b,
                     int distance, Err *e);

#endif
