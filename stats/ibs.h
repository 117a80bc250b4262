/* stats/ibs.h: the integrated Brier score of a proportional-hazards model. */
#ifndef REOX_STATS_IBS_H
#define REOX_STATS_IBS_H

#include "stats/ipcw.h"

/* Mean over [0, tau] of the Brier score, a step function on the observed times w->at, weighted for censoring (and by the rows' weights) as in
 * ipcw_brier (state 0 or 1):
 *   model      of risks 1 - exp(-cumhaz[k*n_strata + s] exp(lp_i)) at the k-th time, s = stratum[i] (NULL: one stratum, 0)
 *   null       of one risk for all, null_risk[k]
 * cumhaz and null_risk are wanted at the times before tau alone. O(n log n) and some hundred products a time: the risk is a smooth function of
 * lp, so rows enter through Chebyshev interpolation in it (to 1e-14). Fails with ERR_NOMEM. Graf et al. 1999. */
Rc ipcw_integrated_brier(double *model, double *null, const Ipcw *w, const double *lp, const int *stratum, size_t n_strata, const double *cumhaz,
                         const double *null_risk, double tau, Err *e);

#endif
