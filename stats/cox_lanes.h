/* stats/cox_lanes.h: small Cox models side by side on rows sorted once: resamples of a cohort (bootstrap, folds), or one covariate after
 * another (screening, calibration slopes). */
#ifndef REOX_STATS_COX_LANES_H
#define REOX_STATS_COX_LANES_H

#include "stats/cox_fit.h"
#include "stats/newton_lanes.h"

/* A resample is how often each row comes: 0, 1, 2 … A row that comes twice is two rows, so two deaths that are tied: Efron's steps at a
 * time are as many as the weights of its deaths sum to. (coxph with weights means something else: one death that counts double.) */
typedef struct {
    const CoxData *d;          /* order, event times, and for resamples columns */
    size_t p;
    const double *x;           /* row i at x + i*p, the same for every lane; or with `by_lane` Lanes, one for each row (p is 1) */
    bool by_lane;
    Lanes *w, *r;              /* [n] by sorted place: how often; how often times exp(x'g) */
    Lanes *deaths, *share;     /* [blocks] how many, and 1 / how many */
    int *steps;                /* [blocks] most deaths in any lane */
    Lanes *hazard, *hazard_death;        /* [blocks] jumps of the last evaluation, as in CoxData */
    Lanes *sum_deaths;         /* [p] x over all deaths */
    Lanes *room;
    LanesLikelihood likelihood;
} CoxLanes;

/* d: one stratum, right-censored, without weights or offset, Efron or Breslow, at least one event. The columns are d's, in its basis, or
 * with `by_lane` what cox_lanes_columns brings. Arena memory. ERR_NOMEM. */
Rc cox_lanes_init(CoxLanes *q, const CoxData *d, bool by_lane, Arena *a, Err *e);

/* What the next maximum is of. w [n]: whole numbers >= 0 by sorted place (NULL: every row once). x [n]: of mean about 0 and length about 1,
 * only with `by_lane`; it stays the caller's, and is finite also where w is 0. */
void cox_lanes_resamples(CoxLanes *q, const Lanes *w);
void cox_lanes_columns(CoxLanes *q, const Lanes *x, const Lanes *w);

/* Lanes that are not found (newton_lanes.h) are for cox_maximise. */
Rc cox_lanes_maximise(LanesMaximum *out, CoxLanes *q, bool want_vcov, Arena *a, Err *e);

/* Cumulative hazard up to and at `time` for a row whose x'g is 0 (in the basis: at the columns' means). ERR_NOMEM. */
Rc cox_lanes_hazard(Lanes *hazard, CoxLanes *q, const Lanes *g, double time, Arena *a, Err *e);

#endif
