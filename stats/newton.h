/* stats/newton.h: Newton's method for a log-likelihood with its two derivatives, and columns made well-behaved for it. */
#ifndef REOX_STATS_NEWTON_H
#define REOX_STATS_NEWTON_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* loglik at theta; g (p) and h (p x p, symmetric, second derivatives) when they are not NULL. -INFINITY or NaN where theta cannot be. */
typedef double LoglikAt(double *g, double *h, const double *theta, void *context);

typedef struct {
    double loglik;
    int iterations;
    double max_abs_score;        /* largest |score| times standard error */
    double condition_number;     /* of the scaled information */
    bool converged;
} NewtonReport;

/* theta in: start; out: maximum. vcov (p x p): inverse of the negative second derivative there. Step halving; where the second
 * derivative is not negative definite the step is damped. Converged: max_abs_score below 1e-10. ERR_ESTIMATE when it is not, with
 * what was reached in theta, vcov and report. */
Rc newton_maximise(double *theta, double *vcov, NewtonReport *report, int p, LoglikAt *loglik, void *context, Arena *a, Err *e);

/* Columns less their mean, divided by their standard deviation (both kept; a constant column gets mean 0 and scale 1). */
typedef struct { size_t n, p; double *x, *mean, *scale; } ScaledColumns;
Rc columns_scale(ScaledColumns *out, const double *x, size_t n, size_t p, Arena *a, Err *e);

/* theta := T theta, vcov := T vcov T'; T q x q column-major. */
void parameters_transform(double *theta, double *vcov, const double *t, int q, double *scratch);

#endif
