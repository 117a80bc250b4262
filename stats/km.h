/* stats/km.h: survival curves by Kaplan–Meier and Fleming–Harrington, on plain arrays. */
#ifndef REOX_STATS_KM_H
#define REOX_STATS_KM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* The rows of one curve. event: 0 is censored, anything else an event. start (time of entry, exclusive) and weight may be
 * NULL; cluster (0 … ) says which rows belong together in the robust variance, NULL: each row is its own. */
typedef struct {
    size_t n;
    const double *start, *time, *event, *weight;
    const int *cluster;
} KmData;

/* How the curve is made; {0} is Kaplan–Meier with Nelson–Aalen beside it and Greenwood's variance. */
typedef struct {
    bool exponential;      /* S = exp(-cumulative hazard) instead of the product limit (R: stype 2) */
    bool tie_corrected;    /* each of d tied events meets a risk set smaller by one (R: ctype 2) */
    bool robust;           /* infinitesimal jackknife instead of Greenwood */
} KmOptions;

/* One row for each distinct time, ascending; memory is the arena's. std_err is that of log S (log_scale) or of S itself
 * (robust product limit, as in R); infinite where S is 0. */
typedef struct {
    size_t n, n_rows;      /* times; rows of data */
    double *time, *n_risk, *n_event, *n_censor;
    double *surv, *std_err, *cumhaz, *se_cumhaz;
    bool log_scale;
} KmCurve;

/* A censoring at a time counts as at risk for events at that time. The result does not depend on the order of rows, to the
 * bit. Fails with ERR_NOMEM alone. Kalbfleisch & Prentice 2002, 1.4; robust variance: Therneau & Grambsch 2000, 2.1. */
Rc km_estimate(KmCurve *out, const KmData *data, const KmOptions *how, Arena *a, Err *e);

/* The same by group: curve[n_groups] from rows with group[i] = 0 … n_groups-1. */
Rc km_by_group(KmCurve *curve, const KmData *data, const int *group, size_t n_groups, const KmOptions *how, Arena *a, Err *e);

enum { KM_BEFORE = -1 };
/* Row whose time is the last <= t, or KM_BEFORE. */
long km_row(const KmCurve *c, double t);
double km_survival(const KmCurve *c, double t);          /* S(t); the last value is carried on */
double km_survival_before(const KmCurve *c, double t);   /* S(t-) */
/* Number at risk just before t: those that may still fail at t. */
double km_at_risk(const KmData *data, double t);
/* Number at risk at the first time of the curve that is not before t, as R's summary gives it; 0 after the last. The
 * same as km_at_risk without delayed entry. */
double km_next_at_risk(const KmCurve *c, double t);

typedef enum { KM_LOG, KM_LOGLOG, KM_PLAIN, KM_LOGIT, KM_ARCSIN, KM_N_INTERVALS } KmInterval;
const char *km_interval_name(KmInterval kind);           /* "log" "loglog" … */
/* Pointwise limits of one value; both 1 where S is 1, NaN where S is 0 (0 for the plain robust ones, as in R). conf 0.95. */
void km_limits(double *lower, double *upper, KmInterval kind, double conf, double surv, double std_err, bool log_scale);
/* Row i of a curve. */
void km_row_limits(double *lower, double *upper, const KmCurve *c, long row, KmInterval kind, double conf);

enum { KM_QUANTILES = 4 };      /* so many are found in one pass over the curve */
/* quantile[n] of p[n]: first time with S <= 1-p, the middle of the interval on which S equals 1-p; the limits by the same rule on the bands
 * (Brookmeyer & Crowley 1982). NaN where it is not reached. Where a band is not monotone, the limit is R's: the time whose value of the
 * band is nearest beyond the level. */
void km_quantiles(double *quantile, double *lower, double *upper, const KmCurve *c, const double *p, size_t n, KmInterval kind, double conf);

/* Area under S from 0 to tau, the last value carried on, and its standard error by Greenwood (also for weighted and
 * exponential curves, as in R). */
void km_restricted_mean(double *mean, double *se, const KmCurve *c, double tau);

/* u[i] := weight of row i times its influence on that mean, for the rows of group g (group NULL: all of them); c is the product-limit
 * curve of those rows. The sum of u^2, by cluster where there are some, is the infinitesimal-jackknife variance. */
Rc km_restricted_mean_influence(double *u, const KmCurve *c, const KmData *data, const int *group, int g, double tau, Err *e);

#endif
