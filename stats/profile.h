/* stats/profile.h: maximum of a likelihood under a linear constraint, and likelihood-ratio limits found by it. */
#ifndef REOX_STATS_PROFILE_H
#define REOX_STATS_PROFILE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"

/* A (penalised) log-likelihood of p parameters g: value, score[p] and a positive matrix info (p x p) that serves as its Hessian,
 * exactly or nearly. False where it cannot be evaluated. `concave`: one local maximum at most, also under constraints. */
typedef struct {
    int p;
    void *context;
    bool (*evaluate)(void *context, const double *g, double *value, double *score, double *info);
    bool concave;
    /* The likelihood without its penalty, concave, where the whole is not: the way up it leads to where the whole may have other maxima.
     * NULL: none. */
    bool (*plain)(void *context, const double *g, double *value, double *score, double *info);
} Likelihood;

typedef struct {
    double value;
    double lambda;             /* slope of the profile: d value / d b */
    double rest;               /* largest remaining score times standard error */
    int iterations;
    bool converged;            /* rest below 1e-10 */
} LikelihoodPoint;

/* Maximises over g with t'g = b (t NULL: freely) from the g given, which ends at the maximum. */
Rc likelihood_maximise(LikelihoodPoint *out, const Likelihood *l, double *g, const double *t, double b, Err *e);

/* The same, but a largest score times standard error below `enough` will do: the value is then short by the order of its square. */
Rc likelihood_maximise_to(LikelihoodPoint *out, const Likelihood *l, double *g, const double *t, double b, double enough, Err *e);

/* The value of t'g below (side -1) or above (side 1) the estimate at which twice the drop of the profile from `top` equals
 * `drop`. g_hat is the maximum with t'g_hat = b_hat and standard error se there; where the estimate is infinite in the other
 * direction, any place with b_hat and se as a scale (then `top` is the supremum). NaN when the profile does not fall that far; *edge is then
 * NaN too, or the last place at which it could be evaluated, where numbers end before it has fallen.
 * Where the likelihood is not concave no other start may give more of it at the limit: those that do send the search on, and from then
 * on all starts are tried at every step. */
Rc likelihood_limit(double *limit, double *edge, const Likelihood *l, const double *g_hat, const double *t, double b_hat, double se, double top,
                    double drop, int side, Err *e);

/* A fit whose coefficients are looked at one by one: beta = T g in the caller's columns (stats/basis.h), their standard errors, and the maximum. */
typedef struct { const double *g, *T, *beta, *se; double top; } ProfiledFit;

/* Both limits of every coefficient: m[p x 2], lower and upper; edge[p x 2] likewise. */
Rc likelihood_limits(double *m, double *edge, const Likelihood *l, const ProfiledFit *fit, double drop, Arena *a, Err *e);

/* p of the likelihood-ratio test of each coefficient, which is held at 0: from the maximum and from 0, the better of the two. */
Rc likelihood_tests(double *p, const Likelihood *l, const ProfiledFit *fit, Arena *a, Err *e);

/* Of a coefficient t'g that is infinite to the side of `sign`: the limit on the other side, from a place at which the profile is near its
 * supremum `top`; `unit` is what the coefficient is searched in steps of. */
Rc likelihood_limit_of_infinite(double *limit, const Likelihood *l, const double *t, int sign, double unit, double top, double drop, Arena *a, Err *e);

#endif
