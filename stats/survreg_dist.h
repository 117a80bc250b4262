/* stats/survreg_dist.h: distributions of parametric survival models, log T = x'b + scale * error, and the risk that a fitted one gives. */
#ifndef REOX_STATS_SURVREG_DIST_H
#define REOX_STATS_SURVREG_DIST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* The error: extreme value (Weibull; exponential with the scale known to be 1), normal, logistic. */
typedef enum { SURVREG_WEIBULL, SURVREG_EXPONENTIAL, SURVREG_LOGNORMAL, SURVREG_LOGLOGISTIC } SurvregDist;

/* "weibull", "exponential", "lognormal", "loglogistic". False for anything else. */
bool survreg_dist_parse(SurvregDist *out, const char *name);
const char *survreg_dist_name(SurvregDist dist);

/* P(error > z) and P(error <= z), each from its own tail; -log of the first; the density. */
double survreg_survival(SurvregDist dist, double z);
double survreg_risk(SurvregDist dist, double z);
double survreg_cumhaz(SurvregDist dist, double z);
double survreg_density(SurvregDist dist, double z);

/* A fit of p coefficients, the intercept among them. vcov is q x q, symmetric: the coefficients and, where the scale was estimated
 * (q = p + 1), its logarithm. */
typedef struct { SurvregDist dist; double scale; size_t p, q; const double *vcov; } SurvregModel;

/* Up to `time` for a row x[p] with linear predictor eta (offset in it): z = (log time - eta)/scale with its standard error by the delta method;
 * limits of the risk are risks at the limits of z, so within 0 and 1. width: normal quantile of the interval. */
typedef struct { double z, se_z, risk, lower, upper, se; } SurvregRisk;
SurvregRisk survreg_risk_at(const SurvregModel *m, const double *x, double eta, double time, double width);

/* Calibration slope: b of log T = a + b lp + scale * error in other data, scale free but for the exponential; NaN where there is no maximum. se
 * is robust, between rows, where weights (NULL: 1) are no whole numbers. Rows in any order of their own. ERR_NOMEM. As rms::validate.psm. */
Rc survreg_slope(double *slope, double *se, SurvregDist dist, const double *lp, const double *time, const double *event, const double *weight,
                 size_t n, Arena *a, Err *e);

#endif
