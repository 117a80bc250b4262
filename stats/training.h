/* stats/training.h: many training sets from the rows of one cohort, and their judgement: what bootstrap and folds are made of. */
#ifndef REOX_STATS_TRAINING_H
#define REOX_STATS_TRAINING_H

#include "core/lanes.h"
#include "stats/cox_lanes.h"
#include "stats/logistic_lanes.h"
#include "stats/trained.h"

/* A training set: row numbers, more than once where a row comes so often. */
typedef struct { size_t *row, n; } RowList;

/* The rows in an order of their content alone. A training set is how often each of them comes: nothing is sorted or copied for it, and
 * LANES sets are fitted side by side. */
typedef struct {
    const TrainData *d;
    size_t *order, *place;     /* place -> row and back */
    bool side_by_side;         /* false where every training set has columns of its own */
    Lanes *w, *all, *eta, *z;  /* [n] by place: how often in each lane; 1; predictors; the same standardised */
    CoxData cox;
    CoxLanes cox_fit, cox_slope;
    LogisticData logistic;
    LogisticLanes logistic_fit, logistic_slope;
} Training;

/* d stays the caller's. `fixed`: its columns do not change from set to set; else sets are fitted one by one. Arena memory. ERR_NOMEM. */
Rc training_init(Training *t, const TrainData *d, bool fixed, Arena *a, Err *e);

/* trained_fit for m <= LANES sets. The same numbers, to round-off; what a set gets depends on that set alone, to the bit. */
Rc training_fit(Trained *out, Training *t, const RowList *set, size_t m, Arena *a, Err *e);

/* How the m models that training_fit left fit their own rows and all rows; se are NaN. A maximum of the likelihood fits its own rows with
 * slope 1 and intercept 0: that is its score equation. Models that do not exist are left out. */
Rc training_judge(Judged *own, Judged *all, Training *t, const Trained *model, const RowList *set, size_t m, Arena *a, Err *e);

#endif
