/* stats/exact22.h: exact inference for the 2x2 table (a b; c d) given its margins, and intervals of a proportion. */
#ifndef REOX_STATS_EXACT22_H
#define REOX_STATS_EXACT22_H

#include "core/arena.h"
#include "core/err.h"

/* P(a | margins, odds ratio e^theta): Fisher's non-central hypergeometric distribution on lo … hi. */
typedef struct {
    long a, lo, hi;
    double *base;              /* log weights at theta = 0 */
    double *p;                 /* scratch: the distribution last worked out */
} Exact22;

typedef struct { double lower, upper; } Interval;

Rc exact22_new(Exact22 *x, const double cell[4], Arena *a, Err *e);
/* Two-sided by minimum likelihood (Fisher), by Blaker's acceptability, and one-sided, at odds ratio 1. */
double exact22_p_minlike(Exact22 *x);
double exact22_p_blaker(Exact22 *x);
double exact22_p_greater(Exact22 *x);        /* P(A >= a) */
double exact22_p_less(Exact22 *x);
double exact22_p_mid(Exact22 *x);            /* twice the smaller one-sided mid-p, at most 1 */
/* Conditional maximum-likelihood odds ratio: 0 or infinite at the ends of the support. */
double exact22_odds_ratio(Exact22 *x);
/* Limits of the odds ratio: ends of the set of odds ratios that the test at level alpha does not reject. Roots to round-off. */
Interval exact22_central(Exact22 *x, double alpha);
Interval exact22_central_mid(Exact22 *x, double alpha);
Interval exact22_minlike(Exact22 *x, double alpha);
Interval exact22_blaker(Exact22 *x, double alpha);

/* Limits of k/n. Clopper & Pearson 1934; Wilson 1927; Wilson with the continuity correction of R's prop.test. */
Interval proportion_clopper_pearson(double k, double n, double alpha);
Interval proportion_wilson(double k, double n, double alpha);
Interval proportion_wilson_cc(double k, double n, double alpha);

#endif
