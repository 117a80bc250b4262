/* features/glrlm.h: grey level run lengths. IBSI reference manual 3.7; Galloway 1975. */
#ifndef REOX_FEATURES_GLRLM_H
#define REOX_FEATURES_GLRLM_H

#include "features/feature.h"
#include "features/size_matrix.h"

/* Adds to m the runs of one direction that begin in the voxels from … to-1: voxels of one level in a row, as long as
 * the row goes on. Fails with ERR_NOMEM. */
Rc glrlm_count(SizeMatrix *m, const LevelBox *b, size_t from, size_t to, const int direction[3], Err *e);

/* The features of every aggregation asked for (of matrices with a direction): out[a][SIZE_…]. */
Rc glrlm_aggregations(double out[AGGREGATION_COUNT][SIZE_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b, Err *e);

#endif
