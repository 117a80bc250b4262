/* stats/ipcw_cox.h: censoring weights from a Cox model of censoring, and what its estimation adds to the influence of a row. */
#ifndef REOX_STATS_IPCW_COX_H
#define REOX_STATS_IPCW_COX_H

#include "core/json.h"
#include "stats/cox_risk.h"
#include "stats/ipcw.h"

typedef struct {
    const Ipcw *w;
    CoxRisk G;
    CoxKept fit;
    double *score_beta;         /* [n x p] by sorted place: change of the coefficients (in the basis) by a row's case weight */
} CensoringModel;

/* Cox model, ties by Efron, of the time to censoring (state 0 of w) on x (n x p, column-major, rows as in w, weighted as they are). There must be
 * a censored row. Arena memory; w must outlive it. ERR_ESTIMATE with a diagnosis in `out` as cox_risk_fit. */
Rc censoring_fit(CensoringModel *m, const Ipcw *w, const double *x, size_t p, const char *const *term, Json *out, Arena *a, Err *e);

/* By row: 1/G(T-|x) for times up to t, 1/G(t|x) beyond; G = exp(-H exp(x'b)). x as in the fit. */
void censoring_weights(double *weight, const CensoringModel *m, const double *x, double t);

/* influence[i] (in the scale of ipcw_se) comes in as that of row i with these weights taken as known, 0 for rows that bear none, and leaves with
 * what the row changes through the estimated hazard and coefficients of censoring: the infinitesimal jackknife of a number that does not
 * change when all weights are multiplied, as a ratio of sums of weights. Fails with ERR_NOMEM.
 * Derivation: a weight exp(H(s) r), r = exp(x'b), moves by r dH(s) + H(s) r x'db; db is Lin & Wei's (1989) dfbeta, dH that of the Breslow
 * (Efron) curve. Blanche, Dartigues & Jacqmin-Gadda 2013 do the same for the Kaplan-Meier curve of censoring. */
Rc censoring_influence(double *influence, const CensoringModel *m, double t, Err *e);

#endif
