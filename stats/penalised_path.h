/* stats/penalised_path.h: elastic-net paths of Cox and logistic models, on plain arrays. */
#ifndef REOX_STATS_PENALISED_PATH_H
#define REOX_STATS_PENALISED_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* Minimises -loglik/W + lambda * sum_j f_j (alpha |b_j| + (1 - alpha)/2 b_j^2), W the sum of weights, b of the columns as they
 * come (standardise before). time NULL: logistic with an unpenalised intercept and event as 0/1 response; else Cox with
 * Breslow ties, where who is censored at t is at risk at t. */
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
} PathProblem;

typedef struct PathSolver PathSolver;

/* Sorts once; every later call works on this layout. Arena memory. */
Rc path_solver_new(PathSolver **out, const PathProblem *problem, Arena *a, Err *e);

/* Smallest lambda at which no penalised column is in the model (alpha below 0.001 counts as 0.001, as glmnet's path does). */
Rc path_lambda_max(double *lambda, PathSolver *s, Err *e);

/* Warm start from where the last call ended. beta[p] and the intercept; kkt (may be NULL): largest violation of the optimality
 * conditions, in units of the score per observation. ERR_ESTIMATE when it cannot be brought below 1e-9.
 * Proximal Newton steps with the exact Hessian of the active columns, coordinate descent inside, strong rule outside
 * (Simon et al. 2011; Tibshirani et al. 2012; Lee, Sun & Saunders 2014). */
Rc path_solve(double *beta, double *intercept, double *kkt, PathSolver *s, double lambda, Err *e);
void path_restart(PathSolver *s);        /* back to b = 0 */

/* Log-likelihood (Breslow partial; Bernoulli) of the rows of a problem at coefficients b. */
double path_loglik(PathSolver *s, const double *beta, double intercept);
/* Log-likelihood of the saturated model: 0 for logistic, -sum d log d over event times for Cox. */
double path_saturated(const PathSolver *s);

#endif
