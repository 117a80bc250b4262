/* stats/predict.h: a fitted model as Json that carries all it needs, and what it predicts for other rows. */
#ifndef REOX_STATS_PREDICT_H
#define REOX_STATS_PREDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/frame.h"
#include "core/json.h"
#include "stats/survreg_dist.h"

/* ---- where a fit comes from
 * method_call with "keep_fit": true among the options (cox and logistic with any penalty, elasticnet, survreg, ordinal, finegray) adds
 * the key `fit` to the output:
 *   schema "reox.fit/1"; kind "cox", "logistic", "survreg", "ordinal" or "finegray"; formula, ties, penalty ("none", "firth", "ridge" …), n, nevent;
 *   design     the terms with levels, knots, ranges (low, high, median) and the expression of each variable
 *   term       names of the columns; coef, vcov (robust where the model is; null, with variance "none", where a lasso has
 *              none: its predictions have no limits) in that order; center
 *   baseline   (cox) a list by stratum: label, time, hazard (jumps at `center`), variance of each jump, mean (risk-set mean minus
 *              center, one list a jump), last_time
 *   tt         (tt(x)) expression, and columns: the coefficients whose column is multiplied by its value at each time; center and mean
 *              are then of the products
 *   frailty    (frailty(id), (1|id)) group, distribution ("gamma", "log-normal"), theta, levels, effect: log frailties of the groups;
 *              up to 100 groups vcov of coefficients and effects together, and group_mean, in the baseline, of the groups' columns.
 *              The baseline is that of a frailty of 1.
 *   dist, scale (survreg) last_time of its data; vcov ends with Log(scale) where the scale was estimated
 *   link, levels, thresholds (ordinal) link P(Y <= k) = threshold_k - x'b; vcov begins with the thresholds
 *   cause, convention, ties (finegray) baseline is a list by stratum of label, time, cumhaz (the cumulative subdistribution hazard where all
 *              columns are 0), last_time
 * It is complete: print it, keep it, parse it years later. Numbers are exact, so predictions have the same bits. */

typedef enum { FIT_COX, FIT_LOGISTIC, FIT_SURVREG, FIT_ORDINAL, FIT_FINEGRAY } FitKind;

/* Of a time to an event: it gives risks up to a horizon. */
bool fit_kind_is_survival(FitKind kind);

/* ERR_INPUT naming `where` and the key for Json that is no usable fit; call it before predicting from a file. */
Rc fit_check(FitKind *kind, const Json *fit, const char *where, Err *e);

/* Whose frailty a row of a model with frailty() or (1|id) has. */
typedef enum {
    GROUP_TYPICAL,             /* frailty 1, random effect 0: of a group in the middle */
    GROUP_AVERAGE,             /* the mean over all groups that there could be: survival is the Laplace transform of the frailties */
    GROUP_OWN                  /* that of the row's own group, which the model must have seen */
} FitGroup;

/* "typical", "average", "own"; NULL is typical. False for anything else. */
bool fit_group_parse(FitGroup *out, const char *text);
const char *fit_group_name(FitGroup group);

typedef struct { double horizon, conf; FitGroup group; } PredictWish;

/* Columns that a row must have for prediction (covariates, strata, offsets, with GROUP_OWN the group; not the outcome). NULL-terminated,
 * arena memory. */
Rc fit_columns(const char *const **columns, const Json *fit, FitGroup group, Arena *a, Err *e);

/* What is said for one row. estimate, lower and upper are NaN unless status is PREDICTED. */
typedef enum {
    PREDICTED,
    PREDICT_MISSING,           /* a covariate is empty */
    PREDICT_UNKNOWN_LEVEL,     /* a category or stratum that the model has not seen */
    PREDICT_BEYOND             /* the horizon lies behind the last time that the model has seen (in the row's stratum) */
} PredictStatus;

typedef struct {
    PredictStatus status;
    double estimate, lower, upper, se;       /* of a risk or probability, 0 … 1 */
    double linear_predictor;                 /* x'b, centred at the fit's center for cox; NaN with tt() */
    bool out_of_range;                       /* some covariate lies outside the model's data: the number is an extrapolation */
    char *out_of_range_text;                 /* "age 91 is above 84, the highest of 54 patients"; NULL when inside */
    const char *reason;                      /* NULL when PREDICTED; else which column, level or time */
} Prediction;

/* Risk of the event up to `horizon` (in the unit of the model's time) for every row: out[rows->rows], texts in `a`.
 *   without competing fits: 1 - S, S = exp(-cumulative hazard), limits on the log(-log) scale of S
 *   with n_competing cause-specific fits of the competing events (same rows, same terms): cumulative incidence. At a time with
 *   hazard jumps a (own) and b (all) the state is left with probability 1 - exp(-b), by the own cause in the share a/b, so
 *   incidences and survival add up to 1. Its variance is the delta method over coefficients and jumps of every fit, fits taken
 *   as independent (Cheng, Fine and Wei 1998); limits on the log(-log(1 - F)) scale.
 *   a survreg fit: 1 - S of its distribution, limits by the delta method on the scale of the error; a horizon behind its last time is said
 *   a finegray fit: its cumulative incidence, without limits: its baseline has no standard error
 * Neither takes competing fits. With frailties of up to 100 groups the limits hold their uncertainty too, beyond that they take them as known; theta
 * counts as known. tt(): the hazard is summed with the covariate's effect at each time. ERR_INPUT for rows that lack a column, ERR_USAGE for a fit of another kind. */
Rc predict_risk(Prediction *out, const Json *fit, const Json *const *competing, size_t n_competing, const Frame *rows, const PredictWish *w,
                Arena *a, Err *e);

/* Probability of the response for every row; limits on the logit scale. A Firth fit predicts with its own coefficients; the
 * convention (penalty) stands in the fit. */
Rc predict_probability(Prediction *out, const Json *fit, const Frame *rows, double conf, Arena *a, Err *e);

/* Probability of each level of an ordinal fit: out[rows->rows * n_levels], row by row, level by level; limits on the logit scale by the delta
 * method over thresholds and coefficients. ERR_USAGE for a fit of another kind. */
Rc predict_levels(Prediction *out, const Json *fit, const Frame *rows, double conf, Arena *a, Err *e);
/* Its levels, in their order; none (NULL, 0) for a fit of another kind. */
Rc fit_levels(const char *const **level, size_t *n, const Json *fit, Arena *a, Err *e);

/* Rows of a model with tt(), cut at the steps of its hazard. x is n x p, column-major. */
typedef struct {
    size_t n, *row;            /* [n] row that a piece is of */
    unsigned char *ends;       /* the piece without hazard where the row's follow-up ends: it carries the event */
    double *x, *eta, *offset, *cumhaz;
} FitPieces;

/* How rows stand in a model that was made elsewhere: what validation and recalibration work with. Memory is the arena's. */
typedef struct {
    size_t p;
    double *x;                 /* n x p, column-major, minus the fit's center for cox; the intercept's column is left out */
    double *eta;               /* linear predictor; NaN where the row cannot be predicted. With tt() the log cumulative hazard at the horizon;
                                * survreg: minus x'b over the scale, so that more is worse (a Weibull model's log hazard ratio) */
    double *offset;            /* what of eta the coefficients do not decide: offset() and the own group's frailty */
    int *stratum;              /* cox, finegray: number of the row's baseline, -1 where it has none */
    double *cumhaz;            /* cox: cumulative hazard of a row with eta 0 up to `time`, or to last_time where that is earlier; survreg: the row's
                                * own over exp(eta). NULL: there is none to work with (exact ties, finegray) */
    double *last_time;         /* cox, finegray: last time that the model has seen in the row's stratum; infinite without a baseline (exact ties, survreg) */
    double scale;              /* survreg: x'b is -eta times this; else NaN */
    SurvregDist dist;
    FitPieces *pieces;         /* NULL without tt() */
} FitRows;

/* time[rows->rows] for a survival model, NULL for logistic; an ordinal fit is ERR_USAGE. The wish's horizon is read with tt() alone; GROUP_AVERAGE is ERR_USAGE. */
Rc fit_rows(FitRows *out, const Json *fit, const Frame *rows, const double *time, const PredictWish *w, Arena *a, Err *e);

const char *predict_status_name(PredictStatus s);        /* "ok", "missing", "unknown_level", "beyond_follow_up" */

#endif
