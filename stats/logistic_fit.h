/* stats/logistic_fit.h: logistic regression on arrays: likelihood, Firth's penalty, maximum. */
#ifndef REOX_STATS_LOGISTIC_FIT_H
#define REOX_STATS_LOGISTIC_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "stats/profile.h"

typedef struct {
    size_t n;
    int p;
    const double *x;           /* n x p, column-major */
    bool has_intercept;        /* column 0 is all ones */
    const double *y;           /* 0/1 */
    const double *weight, *offset;       /* NULL: 1 and 0 */
    const size_t *order;       /* canonical order of the rows; NULL: 0 … n-1 */
} LogisticInput;

/* Rows in order, in a basis of centred, scaled (and where needed orthogonal) columns; coefficients of the caller's columns are
 * T g, T upper triangular. */
typedef struct {
    size_t n;
    int p;
    double *x;                 /* row i at x + i*p */
    double *y, *w, *offset;    /* w and offset may be NULL */
    size_t *order;
    double *T, *scale;
    double log_det;            /* of T: log |X'WX| = log |Z'WZ| - 2 log_det */
    bool firth;                /* evaluate the penalised likelihood */
    double *prob, *v, *rest, *packed, *L;       /* room for evaluations: p, w p(1 - p), w (y - p) by row … */
} LogisticData;

Rc logistic_data_init(LogisticData *d, const LogisticInput *in, Arena *a, Err *e);

/* Log-likelihood with 1/2 log |information| when d->firth (Firth 1993; Heinze and Schemper 2002), its (modified) score, and the
 * Fisher information, all in the basis. For Likelihood.evaluate; `context` is the LogisticData. d->prob holds the probabilities. */
bool logistic_evaluate(void *context, const double *g, double *value, double *score, double *info);
bool logistic_evaluate_plain(void *context, const double *g, double *value, double *score, double *info);      /* d->firth or not */

typedef struct {
    double *g, *beta, *vcov_basis, *vcov;        /* vcov in the caller's columns */
    double value;
    int iterations;
    bool converged, certified;
    double max_abs_score;
} LogisticMaximum;

/* The maximum, started at 0 or at `start` (basis). */
Rc logistic_maximise(LogisticMaximum *m, LogisticData *d, const double *start, Arena *a, Err *e);

/* Log-likelihood with the caller's columns `out` (m of them) left out, from the maximum `full` of all. Not penalised. */
Rc logistic_without(double *loglik, LogisticData *d, const LogisticMaximum *full, const int *out, int m, Arena *a, Err *e);

void logistic_to_columns(double *beta, const LogisticData *d, const double *g);
void logistic_vcov_to_columns(double *v, const LogisticData *d, const double *vg);

/* Median bias reduction (Kenne Pagui, Salvan and Sartori 2017): coefficients of the caller's columns. ERR_ESTIMATE when the
 * iteration does not end. */
Rc logistic_median(double *beta, const LogisticInput *in, const double *start, int *iterations, Arena *a, Err *e);

#endif
