/* stats/finegray.h: proportional subdistribution hazards, on plain arrays. */
#ifndef REOX_STATS_FINEGRAY_H
#define REOX_STATS_FINEGRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* Two constructions of one estimator that part where events and censorings share a time. CMPRSK: censorings step before the
 * events at their time (factor 1 - c/n), the variance knows that the censoring curve is estimated. SURVIVAL (weighted Cox on
 * expanded rows): just after them (1 - c/(n-d)), robust variance by subject with the weights taken as known. */
typedef enum { FINEGRAY_CMPRSK, FINEGRAY_SURVIVAL } FineGrayConvention;

/* state: 0 censored, 1 the cause, 2 any other event. x is n x p, column-major. Strata have a baseline and a censoring curve each, the
 * coefficients in common (Zhou, Latouche, Rocha & Fine 2011, strata of few subjects set apart). */
typedef struct {
    size_t n;
    int p;
    const double *time, *x;
    const int *state;
    FineGrayConvention convention;
    bool efron;                    /* ties of the cause; else Breslow */
    const int *stratum;            /* NULL: one */
    const double *weight;          /* SURVIVAL alone (NULL: 1): of the terms of the likelihood; the censoring curve counts rows, as in R */
    const int *cluster;            /* SURVIVAL alone (NULL: each row its own): rows that belong together in the variance */
    size_t n_clusters;
} FineGrayData;

/* Memory is the arena's. With `direction` (-1, 0, 1 by column) the likelihood rises for ever, certified by a linear program over every
 * event and everyone at risk; coef is then NaN and loglik the supremum. */
typedef struct {
    double *coef, *se, *vcov, *information_inverse;
    double loglik, loglik_null, score_chisq, max_abs_score, condition;
    int iterations;
    bool converged;
    double *direction;
    size_t n_steps;                /* cumulative subdistribution hazard at x = 0, by stratum and time */
    int *step_stratum;
    double *step_time, *cumhaz;
} FineGrayFit;

/* O(n (log n + p^2)) a step. Fine & Gray 1999; Geskus 2011 for the weighted form. ERR_ESTIMATE where the information is
 * singular. */
Rc finegray_fit(FineGrayFit *out, const FineGrayData *d, Arena *a, Err *e);

/* Cumulative incidence at t for a row of that stratum (0 where there is one) with x'b = eta. */
double finegray_incidence(const FineGrayFit *f, int stratum, double t, double eta);

#endif
