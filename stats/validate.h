/* stats/validate.h: a validation under way: what the ways of method `validate` share. */
#ifndef REOX_STATS_VALIDATE_H
#define REOX_STATS_VALIDATE_H

#include "stats/calibration.h"
#include "stats/design.h"
#include "stats/trained.h"
#include "stats/training.h"

enum { VALIDATE_STATS = 4, VALIDATE_GRID = 25 };
extern const char *const validate_stat_name[VALIDATE_STATS];       /* C, slope; of a response intercept and brier too */

typedef struct {
    Design d;
    Json *out;
    const StatCall *call;
    TrainData data;
    double *x;                     /* data.x: filled anew where knots follow the training rows */
    const char **name;             /* [p] */
    size_t *column;                /* [p] among the design's */
    bool has_knots;
    int n_stats;
    Trained full;
    double stats[VALIDATE_STATS];  /* apparent */
    double *eta;                   /* [n] of the full model */
    CalibrationCurve curve;        /* apparent */
    size_t failed;                 /* training sets without an estimate */
} Validation;

/* What a model says of rows, and what became of them. */
typedef struct { double *eta, *time, *event, *risk; int *stratum; } ValidationSample;
Rc validation_sample(ValidationSample *s, size_t n, Arena *a, Err *e);
void validation_row(ValidationSample *s, size_t k, const Validation *w, const Trained *t, size_t i);      /* row i of the data as row k */
Rc validation_judge(Judged *out, const Validation *w, const ValidationSample *s, size_t m, Arena *a, Err *e);
bool validation_wants_curve(const Validation *w);
Rc validation_curve(CalibrationCurve *out, const Validation *w, const ValidationSample *s, size_t m, const double *grid, Arena *a, Err *e);
void validation_stats(double *s, const Judged *j);                  /* [VALIDATE_STATS] */
void validation_set(Json *object, const char *key, const Validation *w, const double *stats);

/* Knots of restricted cubic splines from the training rows alone, and the columns that they make for every row. */
Rc validation_columns(Validation *w, const size_t *row, size_t m, Arena *a, Err *e);
/* *ok false: these rows have no estimate. */
Rc validation_train(Trained *t, bool *ok, Validation *w, const size_t *row, size_t m, Arena *a, Err *e);

/* The ways, each with its keys. groups: a column or expression. */
Rc validate_bootstrap(Validation *w, size_t B, Err *e);
Rc validate_folds(Validation *w, int folds, size_t repeats, Err *e);
Rc validate_leave_out(Validation *w, const char *groups, Err *e);

#endif
