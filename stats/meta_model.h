/* stats/meta_model.h: random-effects models of k estimates with known variances, on plain arrays. */
#ifndef REOX_STATS_META_MODEL_H
#define REOX_STATS_META_MODEL_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

typedef enum { META_FE, META_DL, META_REML, META_ML, META_PM, META_HS, META_SJ, META_EB, META_HE, META_METHODS } MetaMethod;
const char *meta_method_name(MetaMethod m);        /* "FE" … */

/* y (k) with variances v > 0; x k x p, column-major, the intercept its first column (NULL: intercept alone). */
typedef struct { size_t k, p; const double *y, *v, *x; } MetaData;

typedef struct {
    double beta[2], vcov[4];       /* p <= 2 */
    double tau2, se_tau2;          /* NaN for FE */
    double q, q_p;                 /* Cochran's Q around the fixed-effect fit */
    double i2, h2;                 /* percent; both from tau2 and the typical variance (Higgins & Thompson 2002) */
    double loglik;                 /* of the method: REML with + log|X'X|/2, ML for every other */
} MetaFit;

/* DerSimonian & Laird 1986; REML by Fisher scoring to round-off; Paule & Mandel 1982 (equal to empirical Bayes, Morris 1983);
 * Hunter & Schmidt; Sidik & Jonkman 2005; Hedges & Olkin 1985. tau2 is never negative. Standard errors of tau2: Viechtbauer 2005. */
Rc meta_fit(MetaFit *out, const MetaData *d, MetaMethod method, Arena *a, Err *e);

/* Generalised Q at tau2, around its own weighted fit: falls in tau2. */
double meta_generalised_q(const MetaData *d, double tau2);

/* Limits of tau2 by the Q-profile (Viechtbauer 2007), intercept alone. */
void meta_q_profile(double limits[2], const MetaData *d, double conf);

#endif
