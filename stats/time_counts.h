/* stats/time_counts.h: how many rows have an event, and how many are censored, at each distinct time. */
#ifndef REOX_STATS_TIME_COUNTS_H
#define REOX_STATS_TIME_COUNTS_H

#include <stddef.h>

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

#endif
