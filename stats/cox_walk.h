/* stats/cox_walk.h: the sums over the risk set, backwards in time over many blocks at once. */
#ifndef REOX_STATS_COX_WALK_H
#define REOX_STATS_COX_WALK_H

#include "stats/cox_fit.h"

/* From block last-1 down to block first. The next row to enter is next-1, the next to leave by_start[leaving-1]. */
typedef struct {
    const CoxData *d;
    size_t last, first, next, leaving;
    const size_t *leave;       /* [last - first]: after block k no row before leave[k - first] has left; NULL: no row leaves */
    double *s1;                /* sums of r x over the risk set; rows_width(p) numbers, as all vectors here */
    double *squares;           /* out: vectors whose squares are the rank-one terms, one a block, or two with tied deaths (Efron) */
    double *residual;          /* out: a vector a block, the deaths' x less what was expected of them; NULL: not wanted */
} CoxWalk;

void cox_walk(const CoxWalk *w);

#endif
