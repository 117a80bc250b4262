/* stats/net_path.c: the solutions of an elastic net along its lambdas, and how far each is from the null model. */
#include "stats/net_path.h"

#include <math.h>

/* Deviance of the model without penalised columns' say: b = 0 (offset and, for logistic, intercept alone). */
static Rc null_deviance(double *dev, const PathProblem *net, Arena *a, Err *e)
{
    Rc rc = OK;
    PathSolver *s;
    PathSolution none = { 0 };
    PathProblem p = *net;
    p.p = 0;
    TRY(path_solver_new(&s, &p, a, e));
    TRY(path_solve(&none, s, 1, e));
    *dev = 2 * (path_saturated(s) - none.loglik);
out:
    return rc;
}

Rc net_path(NetPath *path, PathSolver *s, const PathProblem *net, const double *lambda, size_t n_lambda, Arena *a, Err *e)
{
    Rc rc = OK;
    path->beta = ARENA_NEW(a, net->p * n_lambda, double);
    path->intercept = ARENA_NEW(a, n_lambda, double);
    path->dev_ratio = ARENA_NEW(a, n_lambda, double);
    if (!path->beta || !path->intercept || !path->dev_ratio) return err_nomem(e);
    TRY(null_deviance(&path->nulldev, net, a, e));
    path->worst_kkt = 0;
    for (size_t k = 0; k < n_lambda; k++) {
        PathSolution at = { .beta = path->beta + k * net->p };
        TRY(path_solve(&at, s, lambda[k], e));
        path->worst_kkt = fmax(path->worst_kkt, at.kkt);
        path->intercept[k] = at.intercept;
        path->dev_ratio[k] = 1 - 2 * (path_saturated(s) - at.loglik) / path->nulldev;
    }
out:
    return rc;
}
