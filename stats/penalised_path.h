/* stats/penalised_path.h: elastic-net paths of Cox and logistic models, on plain arrays. */
#ifndef REOX_STATS_PENALISED_PATH_H
#define REOX_STATS_PENALISED_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* Minimises -loglik/W + lambda * sum_j f_j (alpha |b_j| + (1 - alpha)/2 b_j^2), W the sum of weights, b of the standardised columns (weighted
 * variance with 1/n) or of the columns as they come. time NULL: logistic with an unpenalised intercept and event as 0/1 response; else Cox
 * with Breslow ties, where who is censored at t is at risk at t. */
typedef struct {
    size_t n, p;
    const double *x;              /* n x p, column-major, finite */
    const double *time;           /* NULL: logistic */
    const double *event;          /* 0/1 */
    const double *weight;         /* NULL: ones */
    const double *offset;         /* NULL: none */
    const int *stratum;           /* NULL: one; Cox only */
    const double *factor;         /* [p] f_j, 0 leaves a column unpenalised */
    double alpha;
    bool standardize;
    const size_t *row;            /* NULL: all; else the problem has rows row[0 … n-1] of the arrays, whose columns are x_rows long */
    size_t x_rows;
} PathProblem;

typedef struct PathSolver PathSolver;

/* Sorts and standardises once; every later call works on this layout. Arena memory. */
Rc path_solver_new(PathSolver **out, const PathProblem *problem, Arena *a, Err *e);

/* Smallest lambda at which no penalised column is in the model (alpha below 0.001 counts as 0.001, as glmnet's path does). */
Rc path_lambda_max(double *lambda, PathSolver *s, Err *e);

/* A solution; beta and intercept are those of the columns as they come. */
typedef struct {
    double *beta;                 /* [p], the caller's; NULL: not wanted */
    double intercept, loglik;
    double kkt;                   /* largest violation of the optimality conditions, score per observation and unit of a (standardised) column */
} PathSolution;

/* Warm start from where the last call ended. ERR_ESTIMATE when the optimality conditions cannot be met to 1e-9.
 * Newton steps on the columns that the strong rule leaves (Simon et al. 2011; Tibshirani et al. 2012); the conditions are then checked on
 * all. One curvature serves several steps, and several lambdas, as long as the steps with it shrink the violation well. */
Rc path_solve(PathSolution *out, PathSolver *s, double lambda, Err *e);
void path_restart(PathSolver *s);        /* back to b = 0 */

/* Log-likelihood (Breslow partial; Bernoulli) at given linear predictors, offsets included, one for each row of the arrays. The path starts
 * anew after it. */
double path_loglik(PathSolver *s, const double *eta);
/* Log-likelihood of the saturated model: 0 for logistic, -sum d log d over event times for Cox. */
double path_saturated(const PathSolver *s);

#endif
