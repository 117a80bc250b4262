/* stats/maxstat.h: the best cut of a marker by a standardised rank statistic, on plain arrays. */
#ifndef REOX_STATS_MAXSTAT_H
#define REOX_STATS_MAXSTAT_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"

/* Marker and outcome: time and event (0 censored), or y with time NULL. Cuts leave between floor(n minprop) and floor(n maxprop) rows
 * at or below them. */
typedef struct {
    size_t n;
    const double *marker, *time, *event, *y;
    double minprop, maxprop;
} MaxstatData;

/* score[n] in order of the marker; cut k puts size[k] rows low. best is the first with the largest stat. Arena memory. */
typedef struct {
    size_t n, n_cuts, best;
    double *score, *cut, *stat;
    size_t *size;
} MaxstatSearch;

/* Log-rank scores d_i - sum over T_j <= T_i of d_j / (1 + #{T_k > T_j}), or midranks of y. O(n log n). Lausen & Schumacher 1992. */
Rc maxstat_search(MaxstatSearch *s, const MaxstatData *d, Arena *a, Err *e);

/* p of statistic b, knowing of the search: supremum of a Brownian bridge; improved Bonferroni inequality (Lausen et al. 1994);
 * multivariate normal (NaN where the chain of cuts is too long); bound of the permutation distribution of whole-number scores
 * (Hothorn & Lausen 2003; NaN where the table is too large). */
double maxstat_p_bridge(double b, double minprop, double maxprop);
double maxstat_p_bonferroni(double b, const MaxstatSearch *s);
Rc maxstat_p_gauss(double *p, double b, const MaxstatSearch *s, Err *e);
Rc maxstat_p_bound(double *p, const MaxstatSearch *s, Err *e);

/* Share of shuffled scores that reach the statistic seen (both counted once more), and its standard error. */
Rc maxstat_p_permutation(double *p, double *se, const MaxstatSearch *s, size_t permutations, uint64_t seed, Err *e);

/* The best cuts of resamples of rows, ascending: cut[resamples], of which *found could be searched. Stream k of the seed is resample k. */
Rc maxstat_bootstrap(double *cut, size_t *found, const MaxstatData *d, size_t resamples, uint64_t seed, Err *e);

/* high[i] = 1 where row i lies above the best cut of the other folds: what the cut is worth where it was not chosen. Folds are
 * drawn by the seed. */
Rc maxstat_crossfit(double *high, const MaxstatData *d, int folds, uint64_t seed, Err *e);

#endif
