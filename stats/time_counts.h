/* stats/time_counts.h: how many rows have an event, and how many are censored, at each distinct time; the same by group and stratum. */
#ifndef REOX_STATS_TIME_COUNTS_H
#define REOX_STATS_TIME_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"

enum { COUNTS_MORE = 5 };

/* Distinct times ascending, with the rows at each, and columns as long for what the caller works out from them. */
typedef struct {
    size_t n;
    double *time, *n_event, *n_censor, *more[COUNTS_MORE];
} TimeCounts;

/* Of n rows that count one each; event: 0 is censored, anything else an event; no NaN. Memory is the arena's. Linear in n: few different times
 * are counted where they are, many are sorted. Fails with ERR_NOMEM. */
Rc time_counts(TimeCounts *out, const double *time, const double *event, size_t n, Arena *a, Err *e);

/* Rows that count one each as whole numbers that ascend by stratum, time, group and event: key >> kind_bits tells strata and times apart,
 * key >> stratum_shift is the stratum, the lowest bit the event (not 0), the kind_bits - 1 above it the group. */
typedef struct {
    size_t n;
    const uint64_t *key;
    const uint32_t *count;      /* rows with each key; NULL: one, keys come more than once */
    int kind_bits, stratum_shift;
} TimeRuns;

/* stratum NULL: one, 0. *fits false: the numbers would not fit 64 bits, out is left alone. No column is read in another order than its own. Memory
 * is the arena's. Linear in n. Fails with ERR_NOMEM. */
Rc time_runs(bool *fits, TimeRuns *out, const double *time, const double *event, const int *group, size_t n_groups, const int *stratum,
             size_t n_strata, size_t n, Arena *a, Err *e);

#endif
