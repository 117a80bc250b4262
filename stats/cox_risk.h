/* stats/cox_risk.h: a Cox model of a whole design as something that gives risks: what prediction measures are taken of. */
#ifndef REOX_STATS_COX_RISK_H
#define REOX_STATS_COX_RISK_H

#include "stats/cox_fit.h"
#include "stats/design.h"

/* Columns p of the caller; cumulative hazard at linear predictor 0 with columns centred at `center`. Memory is the arena's. */
typedef struct {
    int p;
    double *beta, *center;
    double loglik, loglik_null;
    size_t n_steps;
    double *time, *cumhaz;
    double max_abs_score;
    int iterations;
} CoxRisk;

/* Right-censored data without strata. x is n x p, column-major, of full rank; events[i] is 0 or not. ERR_ESTIMATE with a
 * diagnosis in `out` (monotone_likelihood, no_information) when the maximum does not exist; term[p] are names for it. */
Rc cox_risk_fit(CoxRisk *r, const double *x, size_t n, int p, const double *time, const double *event, CoxTies ties,
                const char *const *term, Json *out, Arena *a, Err *e);

/* The same with weights and an offset, which the baseline hazard holds at 0; in.order is set here, no strata and no start. */
Rc cox_risk_fit_input(CoxRisk *r, const CoxInput *in, const char *const *term, Json *out, Arena *a, Err *e);

/* x'b about the centre for row i of a matrix with `rows` rows; rows with the same values have the same bits. */
double cox_risk_lp(const CoxRisk *r, const double *x, size_t rows, size_t i);

double cox_risk_cumhaz(const CoxRisk *r, double t);            /* H(t) at lp 0 */
double cox_risk_cumhaz_before(const CoxRisk *r, double t);     /* H(t-) */
double cox_risk_at(const CoxRisk *r, double t, double lp);     /* 1 - exp(-H(t) exp(lp)) */

#endif
