/* stats/concordance.h: Harrell's, Uno's and other concordance indices with their influence, on plain arrays. */
#ifndef REOX_STATS_CONCORDANCE_H
#define REOX_STATS_CONCORDANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* How pairs are weighted by the time t of their earlier event, as survival's timewt: 1; 1/G(t-)^2 (Uno); N S(t-)/Y(t)
 * (Peto & Wilcoxon); N S(t-)/(G(t-) Y(t)) (Schemper); 1/Y(t). N is the sum of weights, Y those at risk. */
typedef enum { PAIRS_N, PAIRS_N_G2, PAIRS_S, PAIRS_S_G, PAIRS_I, PAIRS_N_KINDS } PairWeight;
const char *pair_weight_name(PairWeight w);      /* "n" "n/G2" "S" "S/G" "I" */

/* start, weight, stratum may be NULL; event 0 is censored. A higher marker means a higher risk. An event and a censoring at
 * one time are comparable, two events are not (tied.y, tied.xy when the marker is tied as well). Pairs within strata only;
 * those whose earlier time is above tau (INFINITY for none) do not count. */
typedef struct {
    size_t n;
    const double *start, *time, *event, *weight, *marker;
    const int *stratum;
    PairWeight pairs;
    double tau;
    bool no_influence;     /* nobody wants it by row */
} ConcordanceData;

typedef struct {
    double concordant, discordant, tied_x, tied_y, tied_xy;
    double c;              /* (concordant + tied_x/2) / comparable; NaN without a comparable pair */
    double var;            /* infinitesimal jackknife */
    double *influence;     /* [n] change of c by one row's case weight, times that weight; NULL for no_influence */
} Concordance;

/* O(n log n), the same bits for shuffled rows up to the order of influence. cluster may be NULL. Fails with ERR_NOMEM.
 * Harrell et al. 1982; Uno et al. 2011; Therneau & Watson 2017. Delayed entry has no G: NaN for PAIRS_N_G2 and PAIRS_S_G. */
Rc concordance_estimate(Concordance *out, const ConcordanceData *d, const int *cluster, Arena *a, Err *e);

/* Sum over clusters of influence products: the covariance of two indices on the same rows. */
Rc concordance_covariance(double *cov, const double *u, const double *v, size_t n, const int *cluster, Err *e);

#endif
