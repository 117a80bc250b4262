/* stats/cox_risk.h: a Cox model of a whole design as something that gives risks: what prediction measures are taken of. */
#ifndef REOX_STATS_COX_RISK_H
#define REOX_STATS_COX_RISK_H

#include "stats/cox_fit.h"
#include "stats/design.h"

/* Columns p of the caller; cumulative hazard at linear predictor 0 with columns centred at `center`: steps from[s] … from[s+1]-1 are those of
 * stratum s (one stratum 0 without strata; one that no row is of has none and risks of 0). Memory is the arena's. */
typedef struct {
    int p;
    double *beta, *center;
    double loglik, loglik_null;
    size_t n_strata, *from;    /* [n_strata + 1] */
    double *time, *cumhaz;
    double max_abs_score;
    int iterations;
} CoxRisk;

/* Right-censored data. x is n x p, column-major, of full rank; events[i] is 0 or not. ERR_ESTIMATE with a
 * diagnosis in `out` (monotone_likelihood, no_information) when the maximum does not exist; term[p] are names for it. */
Rc cox_risk_fit(CoxRisk *r, const double *x, size_t n, int p, const double *time, const double *event, CoxTies ties,
                const char *const *term, Json *out, Arena *a, Err *e);

/* The same with weights, strata 0 … and an offset, which the baseline hazard holds at 0; in.order is set here, no start. */
Rc cox_risk_fit_input(CoxRisk *r, const CoxInput *in, const char *const *term, Json *out, Arena *a, Err *e);

/* The same, with the fit itself left behind in `a`: sorted data, detail, coefficients and inverse information in its basis. */
typedef struct { CoxData data; CoxDetail detail; double *g, *vcov; } CoxKept;
Rc cox_risk_fit_kept(CoxRisk *r, CoxKept *kept, const CoxInput *in, const char *const *term, Json *out, Arena *a, Err *e);

/* The coefficient of one column, in.x, searched from `start`. Errors as above. */
Rc cox_risk_slope(double *slope, const CoxInput *in, double start, const char *term, Json *out, Err *e);

/* x'b about the centre for row i of a matrix with `rows` rows; rows with the same values have the same bits. */
double cox_risk_lp(const CoxRisk *r, const double *x, size_t rows, size_t i);

/* By stratum s. */
double cox_risk_cumhaz(const CoxRisk *r, int s, double t);            /* H(t) at lp 0 */
double cox_risk_cumhaz_before(const CoxRisk *r, int s, double t);     /* H(t-) */
double cox_risk_at(const CoxRisk *r, int s, double t, double lp);     /* 1 - exp(-H(t) exp(lp)) */
/* H[k*stride] := H(t[k]) of ascending times, in one walk. */
void cox_risk_cumhaz_along(double *H, size_t stride, const CoxRisk *r, int s, const double *t, size_t n);

/* risk[i] := 1 - exp(-H exp(lp[i])), lp within -708 … 709, H finite and not below 0: within a few units in the last place. */
void cox_risks_at(double *risk, const double *lp, size_t n, double H);

/* A curve says nothing behind the last time of its stratum: ERR_USAGE naming the stratum where t lies there. label[n_strata]; NULL stratum:
 * nothing is asked. */
Rc cox_risk_reaches(const double *time, const int *stratum, size_t n, const char *const *label, size_t n_strata, double t, Err *e);

#endif
