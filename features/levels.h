/* features/levels.h: the grey levels of a ROI as the texture families walk through them. */
#ifndef REOX_FEATURES_LEVELS_H
#define REOX_FEATURES_LEVELS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/* Levels 1 … Ng in a box, 0 outside the ROI, with `margin` empty voxels on every side: a neighbour is an offset, never a
 * question whether there is one. */
typedef struct {
    int n[3];                  /* the box without its margin */
    int margin;
    ptrdiff_t step[3];         /* distance in memory of neighbours along x, y, z */
    size_t padded;             /* voxels with the margin */
    uint16_t *level;           /* [padded] */
    uint32_t *at;              /* [voxels] place in `level` of each ROI voxel, in raster order */
    size_t voxels;
    size_t *slice;             /* [n[2]+1] first of `at` of each slice */
    int Ng, lowest, highest;   /* lowest and highest level that occurs; 0, 0 in an empty ROI */
} LevelBox;

/* From n[0]*n[1]*n[2] levels, x fastest. Fails with ERR_NOMEM, or ERR_INPUT when the box is beyond 2^32 voxels. */
Rc level_box_build(LevelBox *out, const uint16_t *level, const int n[3], int Ng, int margin, Err *e);
void level_box_free(LevelBox *b);

/* The 13 directions that with their opposites are all neighbours; the first four lie in the slice. */
enum { DIRECTIONS_2D = 4, DIRECTIONS_3D = 13 };
extern const int direction_3d[DIRECTIONS_3D][3];

static inline ptrdiff_t level_offset(const LevelBox *b, const int d[3])
{
    return d[0] * b->step[0] + d[1] * b->step[1] + d[2] * b->step[2];
}

/* c log2 c of whole numbers, remembered; entropies of counts are sums of it. Start with {0}; a few KiB. */
enum { COUNT_LOGS = 1024 };
typedef struct { double of[COUNT_LOGS]; } CountLogs;
double count_log(CountLogs *l, uint64_t c);

/* The mean of what is defined: features of many matrices, NaN left out. n values a matrix. */
typedef struct { double *sum; uint32_t *count; size_t n; } FeatureMean;
void feature_mean_add(FeatureMean *m, const double *value);
void feature_mean_take(double *out, const FeatureMean *m);     /* NaN where no matrix had a value */

#endif
