/* stats/logistic_model.h: a logistic analysis under way: what the files behind `reox stat logistic` share. */
#ifndef REOX_STATS_LOGISTIC_MODEL_H
#define REOX_STATS_LOGISTIC_MODEL_H

#include "stats/design.h"
#include "stats/logistic_fit.h"

typedef struct {
    Design d;
    const StatCall *call;
    Json *out;
    Arena a;
    size_t *order;
    unsigned char *keep;
    int p;                     /* columns that stay */
    int *column;
    double *x;                 /* n x p */
    double *y;                 /* 0/1 by row of the design */
    char **term;
    double events;
    LogisticData data;
    LogisticMaximum m;
    double loglik_null, intercept_null;
} LogisticModel;

void logistic_by_term(const LogisticModel *c, const char *key, const double *x);
void logistic_matrix(const LogisticModel *c, const char *key, const double *m);
LogisticInput logistic_input(const LogisticModel *c);

/* What is said where the maximum does not exist (ERR_ESTIMATE). */
Rc logistic_separated(LogisticModel *c, Err *e);
/* penalty firth, median, flac, flic. */
Rc logistic_penalised(LogisticModel *c, const char *penalty, Err *e);
/* profile_ci of the likelihood in c->data (penalised or not). */
Rc logistic_limits(LogisticModel *c, Err *e);
/* `predict` for newdata and `fit` when asked for. */
Rc logistic_predict(LogisticModel *c, Err *e);

#endif
