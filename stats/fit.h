/* stats/fit.h: a fit read back from Json (stats/predict.h says what it holds), every list checked against the others. */
#ifndef REOX_STATS_FIT_H
#define REOX_STATS_FIT_H

#include "stats/finegray.h"
#include "stats/ordinal_link.h"
#include "stats/predict.h"
#include "stats/terms.h"

/* Steps of one stratum's cumulative hazard for a row at the center (groups at frailty 1). */
typedef struct {
    const char *label;         /* "sex=1"; "" where the model has no strata */
    size_t n;
    double *time, *hazard, *variance;
    double *mean;              /* (p + q) x n: weighted mean of the risk set minus the center, one column a step */
    double *factor;            /* [n] the expression of tt() at each time; NULL without tt() */
    double last_time;
} FitBaseline;

/* What shared frailties the fit had. */
typedef struct {
    const Expr *group;         /* NULL: none */
    bool gamma;                /* else normal on the log scale */
    double theta;              /* variance */
    size_t n;                  /* groups */
    const char **level;        /* NULL where the file does not name them */
    double *effect;            /* [n] log frailties */
} FitFrailty;

/* Memory of an arena, matrices column-major. Coefficients are the p fixed ones, then the q groups whose covariance the fit holds
 * (none, or all of them). */
typedef struct {
    FitKind kind;
    struct Formula *terms;
    bool intercept;
    size_t p, q, n_strata, n_offsets, n_baselines;
    size_t *column;            /* [p] places among the design's columns */
    double *coef, *vcov, *center, n;     /* [p + q], (p + q)^2 (NULL: none is known), [p + q] */
    const Expr **strata, **offset;
    const Expr *tt;            /* expression in t, NULL without tt() */
    unsigned char *varying;    /* [p] columns that tt multiplies */
    FitBaseline *baseline;     /* of a finegray fit with the label and last_time alone: its steps are in `subdistribution` */
    FitFrailty frailty;
    FineGrayFit subdistribution;         /* finegray: steps by stratum, numbered as baseline */
    SurvregDist dist;          /* survreg */
    double scale, last_time;
    OrdinalLink link;          /* ordinal: K levels, K-1 ascending thresholds */
    size_t n_levels;
    const char **level;
    double *threshold;
    size_t n_more;             /* parameters that vcov holds beside p + q: log(scale) behind the coefficients, thresholds before them */
} Fit;

/* ERR_INPUT naming `where` and the key for Json that is no fit: an unknown key, lists that do not belong together, numbers that no
 * fit can have. */
Rc fit_read(Fit *f, const Json *fit, const char *where, Arena *a, Err *e);

#endif
