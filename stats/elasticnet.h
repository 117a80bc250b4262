/* stats/elasticnet.h: between the elastic-net path and its cross-validation. */
#ifndef REOX_STATS_ELASTICNET_H
#define REOX_STATS_ELASTICNET_H

#include "stats/design.h"
#include "stats/penalised_path.h"

/* One solution a lambda; beta p x n_lambda, on the scale of the columns as they came. */
typedef struct {
    double *beta, *intercept, *dev_ratio;
    double nulldev, worst_kkt;
} NetPath;

/* The path of a problem by its solver. ERR_ESTIMATE where a lambda does not converge. */
Rc net_path(NetPath *path, PathSolver *s, const PathProblem *net, const double *lambda, size_t n_lambda, Arena *a, Err *e);

/* Refits the path without each fold in turn (option foldid or folds) and adds cv_deviance and cv_C, or cv_auc and cv_class. */
Rc net_cross_validate(Json *out, const PathProblem *net, const Design *d, const StatCall *call, const double *lambda, size_t n_lambda,
                      Arena *a, Err *e);

/* Adds coef (of the columns as they came, by term) of the solution `beta`, and for keep_fit its fit as Json (stats/predict.h): the columns
 * that are not 0, without a covariance; a Cox model with Breslow's baseline. */
Rc net_chosen(Json *out, const PathProblem *net, Design *d, const StatCall *call, const double *beta, double intercept, Err *e);

#endif
