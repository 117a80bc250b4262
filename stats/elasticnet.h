/* stats/elasticnet.h: the parts of `elasticnet`: cross-validation of its path, and the solution that is chosen. */
#ifndef REOX_STATS_ELASTICNET_H
#define REOX_STATS_ELASTICNET_H

#include "stats/design.h"
#include "stats/net_path.h"

/* Refits the path without each fold in turn (option foldid or folds) and adds cv_deviance and cv_C, or cv_auc and cv_class. */
Rc net_cross_validate(Json *out, const PathProblem *net, const Design *d, const StatCall *call, const double *lambda, size_t n_lambda,
                      Arena *a, Err *e);

/* Adds coef (of the columns as they came, by term) of the solution `beta`, and for keep_fit its fit as Json (stats/predict.h): the columns
 * that are not 0, without a covariance; a Cox model with Breslow's baseline. */
Rc net_chosen(Json *out, const PathProblem *net, Design *d, const StatCall *call, const double *beta, double intercept, Err *e);

#endif
