/* stats/net_path.h: the solutions of an elastic net along its lambdas. */
#ifndef REOX_STATS_NET_PATH_H
#define REOX_STATS_NET_PATH_H

#include "stats/penalised_path.h"

/* One solution a lambda; beta p x n_lambda, on the scale of the columns as they came. */
typedef struct {
    double *beta, *intercept, *dev_ratio;
    double nulldev, worst_kkt;
} NetPath;

/* The path of a problem by its solver. ERR_ESTIMATE where a lambda does not converge. */
Rc net_path(NetPath *path, PathSolver *s, const PathProblem *net, const double *lambda, size_t n_lambda, Arena *a, Err *e);

#endif
