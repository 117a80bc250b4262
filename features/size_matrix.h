/* features/size_matrix.h: matrices of grey level by size. Runs by length, zones by size, zones by distance and voxels by
 * dependence have the same sixteen features in the IBSI reference manual (3.7 to 3.11), so they have one code. */
#ifndef REOX_FEATURES_SIZE_MATRIX_H
#define REOX_FEATURES_SIZE_MATRIX_H

#include "features/levels.h"

/* In the order of features.def; the energy is a feature of dependence counts alone. */
typedef enum {
    SIZE_SMALL_EMPHASIS, SIZE_LARGE_EMPHASIS, SIZE_LOW_LEVEL_EMPHASIS, SIZE_HIGH_LEVEL_EMPHASIS,
    SIZE_SMALL_LOW_EMPHASIS, SIZE_SMALL_HIGH_EMPHASIS, SIZE_LARGE_LOW_EMPHASIS, SIZE_LARGE_HIGH_EMPHASIS,
    SIZE_LEVEL_NON_UNIFORMITY, SIZE_LEVEL_NON_UNIFORMITY_NORMALISED, SIZE_NON_UNIFORMITY, SIZE_NON_UNIFORMITY_NORMALISED,
    SIZE_PERCENTAGE, SIZE_LEVEL_VARIANCE, SIZE_VARIANCE, SIZE_ENTROPY, SIZE_ENERGY,
    SIZE_FEATURES
} SizeFeature;

typedef struct { uint32_t level, size; } LevelSize;

/* Sizes up to `width` stand in an array, the few above in a list. */
typedef struct {
    int Ng, width;
    uint32_t *count;           /* [(Ng+1)*width], level after level; size s at s-1 */
    LevelSize *big;            /* one entry each */
    size_t n_big, cap_big;
    CountLogs logs;
} SizeMatrix;

/* An empty matrix for sizes that are mostly at most `largest`. Fails with ERR_NOMEM. */
Rc size_matrix_init(SizeMatrix *m, int Ng, size_t largest, Err *e);
void size_matrix_free(SizeMatrix *m);
void size_matrix_clear(SizeMatrix *m, int lowest, int highest);    /* levels that may be set */
Rc size_matrix_add_big(SizeMatrix *m, int level, size_t size, Err *e);
Rc size_matrix_merge(SizeMatrix *sum, const SizeMatrix *m, int lowest, int highest, Err *e);

static inline Rc size_matrix_add(SizeMatrix *m, int level, size_t size, Err *e)
{
    if (size > (size_t)m->width) return size_matrix_add_big(m, level, size, e);
    m->count[(size_t)level * (size_t)m->width + size - 1]++;
    return OK;
}

/* v[SIZE_…]; voxels: the denominator of the percentage. All NaN when the matrix is empty. Levels lowest … highest. */
Rc size_matrix_features(double v[SIZE_FEATURES], SizeMatrix *m, int lowest, int highest, double voxels, Err *e);

#endif
