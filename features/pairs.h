/* features/pairs.h: pairs of neighbouring grey levels where there are too many levels for a dense matrix. */
#ifndef REOX_FEATURES_PAIRS_H
#define REOX_FEATURES_PAIRS_H

#include "features/levels.h"

/* Sorted: key = lower level << 16 | higher level; count of that pair. */
typedef struct {
    uint32_t *key, *count;
    size_t n;
} PairCounts;

/* The pairs at `offset` of the voxels from … to-1, both in the ROI. Replaces what was in out. */
Rc pair_counts_build(PairCounts *out, const LevelBox *b, size_t from, size_t to, ptrdiff_t offset, Err *e);

/* sum += p */
Rc pair_counts_add(PairCounts *sum, const PairCounts *p, Err *e);
void pair_counts_free(PairCounts *p);

#endif
