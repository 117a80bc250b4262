/* stats/lmm.c: `lmm`: linear mixed model with one grouping factor: y ~ x + (1|g) or (x|g), by REML and by ML.
 * Profiled deviance in the relative Cholesky factor: Bates et al. 2015. Its gradient is exact, from a complex step (Squire & Trapp 1998). */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/expr.h"
#include "stats/linalg.h"
#include "stats/newton.h"
#include "stats/response.h"
#include "stats/result_keys.h"
#include "stats/terms.h"

static const MethodOption options[] = { { NULL, OPTION_FLAG, NULL, NULL } };

enum { MOST_Q = 2, MOST_THETA = 3 };

/* Cross products by group; y less its least-squares fit, so that small variances do not drown in y'y. */
typedef struct {
    size_t n, p, groups;
    int q, n_theta;                    /* random columns; parameters of their factor */
    double *zz, *zx, *zy;              /* [groups] q x q, q x p, q */
    double *xx, *xy, yy;               /* p x p, p */
    double complex *s, *b, *w;         /* scratch: p x p, p, q x p */
    bool reml;
} Mixed;

/* Cholesky of a small complex symmetric matrix, in place, lower; the logarithm of its determinant. The complex step keeps the
 * imaginary parts tiny, so pivots are those of the real matrix. */
static double complex factor(double complex *m, int p)
{
    double complex logdet = 0;
    for (int j = 0; j < p; j++) {
        for (int k = 0; k < j; k++) for (int i = j; i < p; i++) m[j * p + i] -= m[k * p + i] * m[k * p + j];
        if (!(creal(m[j * p + j]) > 0)) return NAN;
        m[j * p + j] = csqrt(m[j * p + j]);
        logdet += 2 * clog(m[j * p + j]);
        for (int i = j + 1; i < p; i++) m[j * p + i] /= m[j * p + j];
    }
    return logdet;
}

static void forward(double complex *x, const double complex *l, int p)
{
    for (int i = 0; i < p; i++) {
        for (int k = 0; k < i; k++) x[i] -= l[k * p + i] * x[k];
        x[i] /= l[i * p + i];
    }
}

/* Deviance at theta (lower triangle of Lambda by columns); leaves S's factor in m->s and L^-1 s_y in m->b. */
static double complex deviance(Mixed *m, const double complex *theta, double complex *rss)
{
    int q = m->q, p = (int)m->p;
    double complex lambda[MOST_Q * MOST_Q] = { 0 }, logdet = 0, yy = m->yy;
    for (int j = 0, k = 0; j < q; j++) for (int i = j; i < q; i++) lambda[j * q + i] = theta[k++];
    for (int k = 0; k < p * p; k++) m->s[k] = m->xx[k];
    for (int k = 0; k < p; k++) m->b[k] = m->xy[k];
    for (size_t g = 0; g < m->groups; g++) {
        const double *zz = m->zz + g * (size_t)(q * q), *zx = m->zx + g * (size_t)(q * p), *zy = m->zy + g * (size_t)q;
        double complex w[MOST_Q * MOST_Q] = { 0 }, u[MOST_Q] = { 0 };
        for (int i = 0; i < q; i++)
            for (int j = 0; j < q; j++) {
                w[j * q + i] = i == j;
                for (int k = 0; k < q; k++) for (int l = 0; l < q; l++) w[j * q + i] += lambda[i * q + k] * zz[l * q + k] * lambda[j * q + l];
            }
        logdet += factor(w, q);
        for (int i = 0; i < q; i++) for (int k = 0; k < q; k++) u[i] += lambda[i * q + k] * zy[k];
        forward(u, w, q);
        for (int c = 0; c < p; c++) {
            double complex *v = m->w + c * q;
            for (int i = 0; i < q; i++) { v[i] = 0; for (int k = 0; k < q; k++) v[i] += lambda[i * q + k] * zx[c * q + k]; }
            forward(v, w, q);
        }
        for (int i = 0; i < q; i++) {
            yy -= u[i] * u[i];
            for (int c = 0; c < p; c++) {
                m->b[c] -= m->w[c * q + i] * u[i];
                for (int d = 0; d < p; d++) m->s[d * p + c] -= m->w[c * q + i] * m->w[d * q + i];
            }
        }
    }
    double complex logdet_s = factor(m->s, p);
    forward(m->b, m->s, p);
    for (int c = 0; c < p; c++) yy -= m->b[c] * m->b[c];
    *rss = yy;
    double df = (double)m->n - (m->reml ? (double)p : 0);
    return logdet + (m->reml ? logdet_s : 0) + df * (1 + clog(2 * M_PI * yy / df));
}

/* -deviance/2 with its exact gradient; second derivatives by central differences of that. For newton_maximise. */
static double objective(double *g, double *h, const double *theta, void *context)
{
    Mixed *m = context;
    const double tiny = 1e-30;
    int t = m->n_theta;
    double complex z[MOST_THETA] = { 0 }, rss;
    for (int i = 0; i < t; i++) z[i] = theta[i];
    double value = -0.5 * creal(deviance(m, z, &rss));
    for (int pass = 0; g && pass <= 2 * t; pass++) {
        /* Pass 0: the point itself. Then theta_k plus and minus a step. */
        int k = (pass - 1) / 2;
        double step = pass ? 1e-4 * fmax(1, fabs(theta[k])) : 0, grad[MOST_THETA];
        for (int i = 0; i < t; i++) {
            for (int j = 0; j < t; j++) z[j] = theta[j] + (pass && j == k ? (pass % 2 ? step : -step) : 0) + (j == i ? tiny * I : 0);
            grad[i] = -0.5 * cimag(deviance(m, z, &rss)) / tiny;
        }
        if (!pass) { memcpy(g, grad, (size_t)t * sizeof *g); memset(h, 0, (size_t)(t * t) * sizeof *h); }
        else for (int i = 0; i < t; i++) h[k * t + i] += (pass % 2 ? 1 : -1) * grad[i] / (2 * step);
    }
    for (int i = 0; h && i < t; i++) for (int j = 0; j < i; j++) h[j * t + i] = h[i * t + j] = 0.5 * (h[j * t + i] + h[i * t + j]);
    return value;
}

static Rc gather(Mixed *m, const Design *d, const ScaledColumns *c, const double *y, Arena *a, Err *e)
{
    size_t n = d->n, p = d->p, q = d->slope ? 2 : 1, k = d->n_groups;
    *m = (Mixed){ .n = n, .p = p, .groups = k, .q = (int)q, .n_theta = q == 2 ? 3 : 1 };
    m->zz = ARENA_NEW(a, k * q * q, double);
    m->zx = ARENA_NEW(a, k * q * p, double);
    m->zy = ARENA_NEW(a, k * q, double);
    m->xx = ARENA_NEW(a, p * p, double);
    m->xy = ARENA_NEW(a, p, double);
    m->s = ARENA_NEW(a, p * p, double complex);
    m->b = ARENA_NEW(a, p, double complex);
    m->w = ARENA_NEW(a, q * p, double complex);
    if (!m->zz || !m->zx || !m->zy || !m->xx || !m->xy || !m->s || !m->b || !m->w) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t g = (size_t)d->group[i];
        double z[MOST_Q] = { 1, d->slope ? d->slope[i] : 0 };
        for (size_t r = 0; r < q; r++) {
            for (size_t s = 0; s < q; s++) m->zz[(g * q + s) * q + r] += z[r] * z[s];
            for (size_t j = 0; j < p; j++) m->zx[(g * p + j) * q + r] += z[r] * c->x[j * n + i];
            m->zy[g * q + r] += z[r] * y[i];
        }
        for (size_t j = 0; j < p; j++) {
            m->xy[j] += c->x[j * n + i] * y[i];
            for (size_t l = 0; l < p; l++) m->xx[l * p + j] += c->x[j * n + i] * c->x[l * n + i];
        }
        m->yy += y[i] * y[i];
    }
    return OK;
}

/* y less its least-squares fit; ols (p) is that fit. */
static Rc take_out_mean(double *y, double *ols, const Design *d, const ScaledColumns *c, Arena *a, Err *e)
{
    Rc rc = OK;
    int p = (int)d->p, n = (int)d->n;
    double *L = ARENA_NEW(a, d->p * d->p, double), *step = ARENA_NEW(a, d->p, double);
    if (!L || !step) return err_nomem(e);
    for (size_t i = 0; i < d->n; i++) y[i] = d->y[i] - (d->offset ? d->offset[i] : 0);
    linalg_syrk_t(L, c->x, n, p, 0);
    TRY(linalg_cholesky(L, p, e));
    for (int pass = 0; pass < 2; pass++) {
        linalg_gemm_tn(step, c->x, y, p, 1, n, 1, 0);
        linalg_cholesky_solve(L, p, step, 1);
        for (size_t j = 0; j < d->p; j++) {
            ols[j] += step[j];
            for (size_t i = 0; i < d->n; i++) y[i] -= step[j] * c->x[j * d->n + i];
        }
    }
out:
    return rc;
}

/* Maximum over theta; beta (p, scaled columns) with sigma2 * S^-1 in vcov, sigma2, loglik. */
static Rc maximise(double *theta, double *beta, double *vcov, double *sigma2, NewtonReport *r, Mixed *m, bool reml, const double *ols,
                   Arena *a, Err *e)
{
    Rc rc = OK;
    int p = (int)m->p, t = m->n_theta;
    double ignored[MOST_THETA * MOST_THETA], *L = ARENA_NEW(a, m->p * m->p, double);
    double complex z[MOST_THETA] = { 0 }, rss;
    if (!L) return err_nomem(e);
    m->reml = reml;
    TRY(newton_maximise(theta, ignored, r, t, objective, m, a, e));
    for (int i = 0; i < t; i++) z[i] = theta[i];
    deviance(m, z, &rss);
    *sigma2 = creal(rss) / ((double)m->n - (reml ? p : 0));
    for (int i = p - 1; i >= 0; i--) {
        double v = creal(m->b[i]);
        for (int k = i + 1; k < p; k++) v -= creal(m->s[i * p + k]) * beta[k];
        beta[i] = v / creal(m->s[i * p + i]);
    }
    for (int i = 0; i < p; i++) beta[i] += ols[i];
    for (int k = 0; k < p * p; k++) L[k] = creal(m->s[k]);
    for (int j = 0; j < p; j++) for (int i = 0; i < j; i++) L[j * p + i] = 0;
    linalg_cholesky_inverse(vcov, L, p);
    for (int k = 0; k < p * p; k++) vcov[k] *= *sigma2;
out:
    return rc;
}

static Rc write_variances(Json *out, const Design *d, const double *theta, int q, double sigma2, Arena *a, Err *e)
{
    const char *g = expr_label(d->formula->group), *x = d->slope ? expr_label(d->formula->slope) : NULL;
    Json *v = json_set(out, "varcomp_reml", json_object());
    char *one = arena_printf(a, "%s.(Intercept)", g), *two = x ? arena_printf(a, "%s.%s", g, x) : NULL,
         *both = x ? arena_printf(a, "%s.(Intercept).%s", g, x) : NULL;
    if (!one || (x && (!two || !both))) return err_nomem(e);
    json_set_number(v, one, sigma2 * theta[0] * theta[0]);
    if (q == 2) {
        json_set_number(v, two, sigma2 * (theta[1] * theta[1] + theta[2] * theta[2]));
        json_set_number(v, both, sigma2 * theta[0] * theta[1]);
    }
    json_set_number(v, "Residual", sigma2);
    if (fabs(theta[0]) < 1e-6 || (q == 2 && fabs(theta[2]) < 1e-6))
        diagnose(out, "degenerate_variance", "a variance component of %s is 0 or its correlation is 1: the model is too rich for these data", g);
    return OK;
}

static Rc lmm_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Design d = { 0 };
    ScaledColumns c;
    Mixed m;
    NewtonReport reml, ml;
    double sigma2 = NAN, sigma2_ml, theta[MOST_THETA] = { 1, 0, 1 };
    DesignWish wish = { .kind = FORMULA_RESPONSE };
    TRY(design_build(&d, out, call, &wish, e));
    TRY(design_want_rows(&d, out, 3, e));
    TRY(design_sort_rows(&d, e));
    json_set_number(out, "n", (double)d.n);
    if (d.response != RESPONSE_NUMBER) { rc = err_set(e, ERR_USAGE, "lmm wants a number left of ~, not text"); goto out; }
    if (!d.group || !d.has_intercept || d.weight || d.stratum) {
        rc = err_set(e, ERR_USAGE, "lmm wants an intercept and one (1|g) or (x|g), no weights, no strata()");
        goto out;
    }
    json_set_number(out, "n_groups", (double)d.n_groups);
    if (d.n_groups < 2 || d.n_groups == d.n) {
        rc = diagnose_fatal(out, e, "one_group", "%zu groups of %zu rows: rows within groups and groups are not told apart", d.n_groups, d.n);
        goto out;
    }
    TRY(design_drop_collinear(&d, out, call, e));
    size_t p = d.p;
    double *y = ARENA_NEW(&a, d.n, double), *ols = ARENA_NEW(&a, p, double), *beta = ARENA_NEW(&a, p, double), *vcov = ARENA_NEW(&a, p * p, double),
           *t = ARENA_NEW(&a, p * p, double), *scratch = ARENA_NEW(&a, p * p, double);
    if (!y || !ols || !beta || !vcov || !t || !scratch) { rc = err_nomem(e); goto out; }
    TRY(columns_scale(&c, d.x, d.n, p, &a, e));
    TRY(take_out_mean(y, ols, &d, &c, &a, e));
    TRY(gather(&m, &d, &c, y, &a, e));
    rc = maximise(theta, beta, vcov, &sigma2, &reml, &m, true, ols, &a, e);
    if (rc == ERR_ESTIMATE) rc = diagnose_fatal(out, e, "no_information", "lmm: %s", e ? e->text : "no maximum");
    if (rc != OK) goto out;
    /* log|S| of the scaled columns differs from that of the columns as they came by the squared scales. */
    Sum scales = { 0 };
    for (size_t j = 0; j < p; j++) { t[j * p + j] = 1 / c.scale[j]; sum_add(&scales, log(c.scale[j])); }
    for (size_t j = 1; j < p; j++) t[j * p] = -c.mean[j] / c.scale[j];
    parameters_transform(beta, vcov, t, (int)p, scratch);
    design_say_left_out(set_by_term(out, "fixef", beta, p, d.term), &d);
    set_matrix_by_term(out, "vcov_fixef", vcov, p, d.term);
    TRY(write_variances(out, &d, theta, m.q, sigma2, &a, e));
    double loglik = reml.loglik - sum_value(&scales);
    json_set_number(out, "reml_criterion", -2 * loglik);
    json_set_number(out, "loglik_reml", loglik);
    json_set_number(out, "iterations", reml.iterations);
    json_set_number(out, "max_abs_score", reml.max_abs_score);
    rc = maximise(theta, beta, vcov, &sigma2_ml, &ml, &m, false, ols, &a, e);
    if (rc == ERR_ESTIMATE) rc = diagnose_fatal(out, e, "no_information", "lmm: %s", e ? e->text : "no maximum");
    if (rc != OK) goto out;
    parameters_transform(beta, vcov, t, (int)p, scratch);
    json_set_number(out, "loglik_ml", ml.loglik);
    design_say_left_out(set_by_term(out, "fixef_ml", beta, p, d.term), &d);
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_lmm = {
    "lmm", "linear mixed model with a random intercept, or intercept and slope", FORMULA_RESPONSE, true, false, options, lmm_run, "Bates et al. 2015"
};
