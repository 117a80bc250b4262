/* stats/pair_counts.h: for every place of a list, how many before it hold less. */
#ifndef REOX_STATS_PAIR_COUNTS_H
#define REOX_STATS_PAIR_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"

/* n below this. */
enum { PAIR_COUNTS_MAX = 1 << 30 };

/* Two counts in one word, added as one: all, and those marked. */
#define PAIR_COUNTS_ONE(marked) ((uint64_t)1 | (uint64_t)(marked) << 32)
static inline uint32_t pair_counts_all(uint64_t c) { return (uint32_t)c; }
static inline uint32_t pair_counts_marked(uint64_t c) { return (uint32_t)(c >> 32); }

/* before[i]: the sum of one[kind[j]] over the places j < i with class[j] < class[i]. Classes 0 … n_classes-1. Parts the classes and then
 * each part, places kept in order: O(n log n_classes) in passes along memory. ERR_NOMEM. */
enum { PAIR_KINDS = 4 };
Rc pair_counts_before(uint64_t *before, const uint32_t *class, const unsigned char *kind, const uint64_t one[PAIR_KINDS], size_t n,
                      uint32_t n_classes, Err *e);

#endif
