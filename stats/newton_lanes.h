/* stats/newton_lanes.h: Newton's method for as many small likelihoods at once as Lanes hold, each in a lane of its own. */
#ifndef REOX_STATS_NEWTON_LANES_H
#define REOX_STATS_NEWTON_LANES_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/lanes.h"

/* Log-likelihoods of p parameters each. Symmetric matrices are packed by lower rows: (j, k), k <= j, at j(j+1)/2 + k. */
typedef struct {
    int p;
    void *context;
    /* value NaN in a lane where it cannot be evaluated; score [p]; info: the negative second derivative; raw [p]: its diagonal before
     * anything was subtracted, against which it shows what rounding left of nothing. */
    void (*evaluate)(void *context, const Lanes *g, Lanes *value, Lanes *score, Lanes *info, Lanes *raw);
    Lanes reach;               /* at least the largest |(x_i - x_k)'d| over rows, for a d of length 1 */
    Lanes noise;               /* what rounding may leave in a component of the score */
} LanesLikelihood;

typedef struct {
    LanesMask found;           /* the lanes whose maximum is known to exist and was reached */
    Lanes *g;                  /* [p] */
    Lanes value, value_start;
    Lanes *vcov;               /* packed inverse of the information at g; NULL when not wanted */
    Lanes *score_start, *info_start;
} LanesMaximum;

/* From 0, with step halving, all lanes in step; a lane that has arrived stays where it is. What a lane ends with depends on that lane
 * alone, to the bit. A lane is found when the next step would leave a score below 1e-12 standard errors, and a maximum provably lies
 * there: with R = reach times the root of the trace of vcov, the information changes by at most exp(R d) over a step of d standard
 * errors (self-concordance, Bach 2010), so a Newton decrement below 1/(4R) proves it. Where the information is nearly singular, the
 * likelihood rises for ever or steps are many, the lane is not found: that is for the general way, which says why. ERR_NOMEM. */
Rc lanes_maximise(LanesMaximum *out, const LanesLikelihood *l, bool want_vcov, Arena *a, Err *e);

/* x [n] less its mean, by its standard deviation (divisor `rows`; not divided where it is 0), both over the rows whose w is not 0; there x
 * becomes 0. w is 0 or 1. */
void lanes_standardise(Lanes *x, const Lanes *w, Lanes *mean, Lanes *sd, Lanes *rows, size_t n);

#endif
