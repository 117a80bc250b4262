/* stats/cox_concordance.h: Harrell's concordance of a risk score with survival, with strata, weights, start and stop. */
#ifndef REOX_STATS_COX_CONCORDANCE_H
#define REOX_STATS_COX_CONCORDANCE_H

#include <stddef.h>

#include "core/err.h"

typedef struct {
    double concordant, discordant, tied_x, tied_y, tied_xy;      /* sums of w_i w_j over pairs */
    double c, se;              /* NaN without comparable pair; se by the infinitesimal jackknife */
} Concordance;

/* Higher marker = higher risk. start, weight, stratum, cluster may be NULL. An event and a censoring at one time are comparable,
 * two events are not. O(n log n). The sums follow the order of the rows: give them in a canonical order. */
Rc cox_concordance(Concordance *out, size_t n, const double *start, const double *time, const double *event, const double *weight,
                   const int *stratum, size_t n_strata, const int *cluster, size_t n_clusters, const double *marker, Err *e);

#endif
