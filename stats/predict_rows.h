/* stats/predict_rows.h: rows of a table as a fit sees them: what every kind of prediction begins with. */
#ifndef REOX_STATS_PREDICT_ROWS_H
#define REOX_STATS_PREDICT_ROWS_H

#include "stats/fit.h"

/* Columns (p + q a row, the own group's last ones 1), offset, number of the stratum's baseline (-1: none). */
typedef struct { double *x, *offset; int *baseline; } FitInput;

/* Arena memory. out[rows->rows] is told which rows cannot be predicted, and why; what they hold is not to be used. ERR_INPUT for a fit whose
 * columns do not fit its design and for an offset of text. */
Rc fit_input(FitInput *r, Prediction *out, const Fit *f, const Frame *rows, FitGroup group, Arena *a, Err *e);

/* Tells the rows of which some covariate lies outside the model's data. */
Rc prediction_ranges(Prediction *out, const Fit *f, const Frame *rows, Arena *a, Err *e);

/* The first that is said of a row stands. */
void prediction_say(Prediction *out, PredictStatus status, const char *reason);
/* Covariates so far out that their columns overflow. */
void prediction_overflow(Prediction *out);

/* Column j of a row (p + q) at the center, where tt() multiplies by `factor`; and the sum of offset and columns times coefficients. */
double fit_at_center(const Fit *f, const double *x, size_t j, double factor);
double fit_linear(const Fit *f, const double *x, double offset, double factor);

#endif
