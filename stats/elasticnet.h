/* stats/elasticnet.h: between the elastic-net path and its cross-validation. */
#ifndef REOX_STATS_ELASTICNET_H
#define REOX_STATS_ELASTICNET_H

#include "stats/design.h"
#include "stats/penalised_path.h"

/* The rows and columns of one problem, columns as they came (n x p, column-major). time NULL: logistic. */
typedef struct {
    size_t n, p;
    const double *x;
    const char *const *term;
    const double *time, *event, *weight, *offset;
    const int *stratum;
    const double *factor;
    double alpha;
    bool standardize;
} NetData;

/* Columns less their mean, divided by their scale. */
typedef struct { double *x, *mean, *scale; } NetColumns;

/* One solution a lambda; beta p x n_lambda, on the scale of the columns as they came. */
typedef struct {
    double *beta, *intercept, *dev_ratio;
    double nulldev, worst_kkt;
} NetPath;

Rc net_columns(NetColumns *out, const double *x, size_t n, size_t p, const double *weight, bool standardize, Arena *a, Err *e);
void net_unscale(double *beta, double *intercept, const NetColumns *c, size_t p);
PathProblem net_problem(const NetData *net, const NetColumns *c);
Rc net_path(NetPath *path, const NetData *net, const double *lambda, size_t n_lambda, Arena *a, Err *e);

/* Refits the path without each fold in turn (option foldid or folds) and adds cv_deviance and cv_C, or cv_auc and cv_class. */
Rc net_cross_validate(Json *out, const NetData *net, const Design *d, const StatCall *call, const double *lambda, size_t n_lambda,
                      Arena *a, Err *e);

#endif
