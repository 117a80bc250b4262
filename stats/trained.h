/* stats/trained.h: a prediction model trained on some rows of a cohort and judged on others: what resampling is made of. */
#ifndef REOX_STATS_TRAINED_H
#define REOX_STATS_TRAINED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* Columns x (n x p, column-major) without an intercept; event is 0 or 1. time NULL: a response, event is the y of a logistic model; else a Cox
 * model with Efron ties. select: so many columns are chosen in the training rows by the score test of each alone; 0: all of them. */
typedef struct {
    size_t n;
    int p;
    const double *x, *time, *event;
    int select;
    double horizon;            /* of risks; NaN: none wanted */
    const double *weight;      /* [n] above 0, what a row counts for in the fit; the choice of columns takes no notice. NULL: 1 */
    const double *start;       /* [p] from where a Cox model's coefficients are searched; NULL: 0 */
} TrainData;

/* beta has a 0 for a column that was not chosen or does not vary in the training rows. exists false: the likelihood of the training
 * rows has no maximum (separation, no events). */
typedef struct {
    bool exists;
    double intercept, *beta;
    double cumhaz, center;     /* cumulative hazard at the horizon for a linear predictor of `center` */
} Trained;

/* Rows may come more than once (bootstrap). Arena memory. */
Rc trained_fit(Trained *out, const TrainData *d, const size_t *row, size_t n_rows, Arena *a, Err *e);

/* m rows of d, in `row`, by outcome and columns: an order that does not come from the file's. Fails with ERR_NOMEM. */
Rc train_sort(size_t *row, size_t m, const TrainData *d, Err *e);

/* Linear predictor of row i, the intercept in it; equal rows have equal bits. */
double trained_eta(const Trained *t, const TrainData *d, size_t i);
/* Probability of the response, or risk up to the horizon. */
double trained_risk(const Trained *t, const TrainData *d, double eta);

/* How linear predictors eta [m] fit outcomes of m rows (arrays gathered by the caller). NaN where it cannot be said. */
typedef struct { double c, se_c, slope, se_slope, intercept, brier; } Judged;
/* stratum (NULL: one): pairs and slope within it. time NULL: response. ERR_NOMEM. */
Rc judge(Judged *out, const double *eta, const double *time, const double *event, const int *stratum, int n_strata, size_t m, Arena *a, Err *e);
/* The same of rows that count by weight (NULL: 1); where weights are no whole numbers se_slope is robust, between rows. */
Rc judge_weighted(Judged *out, const double *eta, const double *time, const double *event, const double *weight, const int *stratum, int n_strata,
                  size_t m, Arena *a, Err *e);

#endif
