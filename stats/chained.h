/* stats/chained.h: multiple imputation by chained equations, on plain columns. */
#ifndef REOX_STATS_CHAINED_H
#define REOX_STATS_CHAINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"

typedef enum { IMPUTE_NONE, IMPUTE_PMM, IMPUTE_NORMAL, IMPUTE_LOGISTIC, IMPUTE_MULTINOMIAL } ImputeModel;
const char *impute_model_name(ImputeModel m);      /* "pmm" "normal" "logistic" "multinomial"; "none" */

/* One variable: numbers, or codes 0 … n_levels-1 of categories. Missing is NaN. Only variables with a model are filled in; the others
 * (complete: outcomes, auxiliary ones) predict. */
typedef struct {
    const char *name;
    const double *value;       /* [n] */
    int n_levels;              /* 0: a number */
    ImputeModel model;
} ChainedVariable;

typedef struct {
    size_t n, n_variables;
    const ChainedVariable *variable;
    int iterations, donors;
    uint64_t seed;
} ChainedData;

/* Completed values of imputation `index` (a stream of its own, so imputations do not depend on each other): filled[v] is [n] for each
 * variable, arena memory. mean (n_variables x iterations, may be NULL) is each variable's mean over what was filled in, by iteration.
 * Each variable in turn, fewest gaps first, is drawn given all the others: numbers by Bayesian linear regression, as its normal draw or as
 * predictive mean matching on the `donors` nearest; categories by logits with coefficients drawn around the Firth estimate, which
 * separation cannot make infinite (several levels: each against the first, Begg and Gray 1984). van Buuren 2018; Rubin 1987; White,
 * Royston and Wood 2011. ERR_ESTIMATE naming a variable without any observed value. */
Rc chained_impute(double ***filled, double *mean, const ChainedData *d, uint64_t index, Arena *a, Err *e);

#endif
