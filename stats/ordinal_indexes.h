/* stats/ordinal_indexes.h: how well a proportional-odds model tells levels apart. */
#ifndef REOX_STATS_ORDINAL_INDEXES_H
#define REOX_STATS_ORDINAL_INDEXES_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/json.h"

typedef struct {
    size_t n, K;
    const double *y, *weight;          /* level 0 … K-1; weights or NULL */
    const double *eta, *threshold;     /* [n] x'b; [K-1] */
    double loglik, loglik_null;
} OrdinalFit;

/* Adds out.indexes: C, Dxy, Gamma, Tau-a over pairs of unlike levels; R2 (Nagelkerke); Brier score of P(Y above the middle
 * threshold); g, Gini's mean difference of x'b. O(n log n + n K). Harrell, Regression Modeling Strategies. */
Rc ordinal_indexes(Json *out, const OrdinalFit *f, Arena *a, Err *e);

#endif
