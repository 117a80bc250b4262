/* stats/concordance_lanes.h: Harrell's concordance of several markers, or in several resamples, at once. */
#ifndef REOX_STATS_CONCORDANCE_LANES_H
#define REOX_STATS_CONCORDANCE_LANES_H

#include "core/lanes.h"
#include "stats/cox_fit.h"

/* Rows and event times of d (one stratum, right-censored). marker, w: n x LANES by sorted place, w whole numbers >= 0 (how often the row
 * comes), markers finite. c is the weight of concordant pairs, a pair of equal markers as a half, by that of all pairs of an event with a
 * row that outlives it; NaN without such pairs. Sums of whole numbers, so exact below 2^53. O(n^2) for few rows, else O(n log n).
 * ERR_NOMEM. */
Rc concordance_lanes(Lanes *c, const CoxData *d, const Lanes *marker, const Lanes *w, Err *e);

#endif
