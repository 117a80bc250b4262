/* stats/newton.c: Newton's method with step halving. */
#include "stats/newton.h"

#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/linalg.h"

static const double SCORE_ENOUGH = 1e-10;
enum { MOST_STEPS = 100 };

/* inv := (-h + damping on the diagonal)^-1, damping as little as makes it positive definite. */
static bool invert_information(double *inv, double *L, const double *h, int p, double *damping)
{
    for (double extra = 0; extra < 1e12; extra = extra > 0 ? 10 * extra : 1e-6) {
        for (int i = 0; i < p * p; i++) L[i] = -h[i];
        for (int i = 0; i < p; i++) L[i * p + i] += extra * fmax(1e-8, fabs(h[i * p + i]));
        if (linalg_cholesky(L, p, NULL) != OK) continue;
        linalg_cholesky_inverse(inv, L, p);
        *damping = extra;
        return true;
    }
    return false;
}

Rc newton_maximise(double *theta, double *vcov, NewtonReport *r, int p, LoglikAt *loglik, void *context, Arena *a, Err *e)
{
    size_t q = (size_t)p;
    double *g = ARENA_NEW(a, q, double), *h = ARENA_NEW(a, q * q, double), *L = ARENA_NEW(a, q * q, double), *try_ = ARENA_NEW(a, q, double);
    if (!g || !h || !L || !try_) return err_nomem(e);
    *r = (NewtonReport){ .max_abs_score = INFINITY };
    double now = loglik(g, h, theta, context);
    if (!isfinite(now)) return err_set(e, ERR_ESTIMATE, "the log-likelihood is not finite at its starting values");
    for (; r->iterations <= MOST_STEPS; r->iterations++) {
        double damping, worst = 0;
        if (!invert_information(vcov, L, h, p, &damping)) return err_set(e, ERR_ESTIMATE, "the information matrix is singular");
        for (int i = 0; i < p; i++) worst = fmax(worst, fabs(g[i]) * sqrt(vcov[i * p + i]));
        /* Below the target one more step is taken as long as it still helps: the digits are nearly free. */
        bool enough = damping == 0 && worst < SCORE_ENOUGH;
        if (enough && (worst < 1e-14 || worst >= r->max_abs_score / 2)) { r->max_abs_score = fmin(worst, r->max_abs_score); break; }
        r->max_abs_score = worst;
        double step = 1, next = -INFINITY;
        for (int half = 0; half < 40; half++, step /= 2) {
            for (int i = 0; i < p; i++) {
                double d = 0;
                for (int j = 0; j < p; j++) d += vcov[i + j * p] * g[j];
                try_[i] = theta[i] + step * d;
            }
            next = loglik(NULL, NULL, try_, context);
            if (next >= now - 1e-12 * fabs(now)) break;
        }
        if (!(next >= now - 1e-12 * fabs(now))) break;
        memcpy(theta, try_, q * sizeof *theta);
        now = loglik(g, h, theta, context);
    }
    r->loglik = now;
    double damping = 1;
    for (size_t i = 0; i < q * q; i++) L[i] = -h[i];
    r->condition_number = linalg_scaled_condition(L, p);
    if (!invert_information(vcov, L, h, p, &damping)) return err_set(e, ERR_ESTIMATE, "the information matrix is singular");
    r->converged = damping == 0 && r->max_abs_score < SCORE_ENOUGH;
    if (!r->converged) return err_set(e, ERR_ESTIMATE, "no maximum was found: the score is still %.3g standard errors", r->max_abs_score);
    return OK;
}

Rc columns_scale(ScaledColumns *out, const double *x, size_t n, size_t p, Arena *a, Err *e)
{
    *out = (ScaledColumns){ n, p, ARENA_NEW(a, n * p, double), ARENA_NEW(a, p, double), ARENA_NEW(a, p, double) };
    if (!out->x || !out->mean || !out->scale) return err_nomem(e);
    for (size_t j = 0; j < p; j++) {
        const double *c = x + j * n;
        double m = mean_of(c, n);
        Sum v = { 0 };
        for (size_t i = 0; i < n; i++) sum_add(&v, (c[i] - m) * (c[i] - m));
        double sd = sqrt(sum_value(&v) / (double)n);
        bool varies = sd > 1e-13 * fabs(m);
        out->mean[j] = varies ? m : 0;
        out->scale[j] = varies ? sd : 1;
        for (size_t i = 0; i < n; i++) out->x[j * n + i] = (c[i] - out->mean[j]) / out->scale[j];
    }
    return OK;
}

void parameters_transform(double *theta, double *vcov, const double *t, int q, double *scratch)
{
    linalg_gemm_nn(scratch, t, theta, q, 1, q, 1, 0);
    memcpy(theta, scratch, (size_t)q * sizeof *theta);
    linalg_gemm_nn(scratch, t, vcov, q, q, q, 1, 0);
    linalg_gemm_nt(vcov, scratch, t, q, q, q, 1, 0);
    for (int i = 0; i < q; i++) for (int j = 0; j < i; j++) vcov[j * q + i] = vcov[i * q + j];
}
