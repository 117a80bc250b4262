/* stats/linear.c: `linear`: ordinary (or weighted) least squares with t and F tests. */
#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/influence.h"
#include "stats/linalg.h"
#include "stats/newton.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "robust", OPTION_FLAG, NULL, "sandwich variance (HC0, by cluster CR0); on by itself with a cluster or weights other than whole numbers" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* Residual sums of squares: around the fit, and of y less the offset around its mean (around 0 without intercept). */
typedef struct { double rss, tss; } Squares;

/* b (p) and inv = (X'WX)^-1 of scaled columns. The normal equations are solved twice, the second time for the residuals, which
 * gives back the digits that squaring the columns costs. */
static Rc least_squares(double *b, double *inv, Squares *q, const ScaledColumns *c, const Design *d, double *residual, Arena *a, Err *e)
{
    Rc rc = OK;
    int n = (int)c->n, p = (int)c->p;
    double *wx = ARENA_NEW(a, c->n * c->p, double), *L = ARENA_NEW(a, c->p * c->p, double), *step = ARENA_NEW(a, c->p, double);
    if (!wx || !L || !step) return err_nomem(e);
    for (size_t j = 0; j < c->p; j++)
        for (size_t i = 0; i < c->n; i++) wx[j * c->n + i] = c->x[j * c->n + i] * (d->weight ? d->weight[i] : 1);
    linalg_gemm_tn(L, wx, c->x, p, p, n, 1, 0);
    TRY(linalg_cholesky(L, p, e));
    linalg_cholesky_inverse(inv, L, p);
    memset(b, 0, c->p * sizeof *b);
    for (size_t i = 0; i < c->n; i++) residual[i] = d->y[i] - (d->offset ? d->offset[i] : 0);
    for (int pass = 0; pass < 3; pass++) {
        for (size_t j = 0; j < c->p; j++) {
            Sum s = { 0 };
            for (size_t i = 0; i < c->n; i++) sum_add(&s, wx[j * c->n + i] * residual[i]);
            step[j] = sum_value(&s);
        }
        linalg_cholesky_solve(L, p, step, 1);
        for (size_t j = 0; j < c->p; j++) {
            b[j] += step[j];
            for (size_t i = 0; i < c->n; i++) residual[i] -= step[j] * c->x[j * c->n + i];
        }
    }
    Sum w = { 0 }, m = { 0 }, rss = { 0 }, tss = { 0 };
    for (size_t i = 0; i < c->n; i++) {
        double wi = d->weight ? d->weight[i] : 1;
        sum_add(&w, wi);
        sum_add(&m, wi * (d->y[i] - (d->offset ? d->offset[i] : 0)));
        sum_add(&rss, wi * residual[i] * residual[i]);
    }
    double mean = d->has_intercept ? sum_value(&m) / sum_value(&w) : 0;
    for (size_t i = 0; i < c->n; i++) {
        double y = d->y[i] - (d->offset ? d->offset[i] : 0) - mean;
        sum_add(&tss, (d->weight ? d->weight[i] : 1) * y * y);
    }
    *q = (Squares){ sum_value(&rss), sum_value(&tss) };
out:
    return rc;
}

/* The sandwich of the scaled columns: scores are the weighted residual times the column, bread is inv. */
static Rc robust_variance(double *out, const double *inv, const ScaledColumns *c, const Design *d, const double *residual, Arena *a, Err *e)
{
    double *score = ARENA_NEW(a, c->n * c->p, double);
    if (!score) return err_nomem(e);
    for (size_t j = 0; j < c->p; j++)
        for (size_t i = 0; i < c->n; i++) score[j * c->n + i] = (d->weight ? d->weight[i] : 1) * residual[i] * c->x[j * c->n + i];
    return influence_sandwich(out, inv, score, c->p, &(Clusters){ c->n, d->cluster, d->n_clusters }, e);
}

/* F of all columns but the intercept: of the sums of squares, or Wald's with a robust variance. */
static Rc f_ratio(double *out, const Design *d, const double *b, const double *robust, Squares q, double k, double df, Arena *a, Err *e)
{
    *out = (q.tss - q.rss) / k / (q.rss / df);
    if (!robust) return OK;
    const size_t p = d->p, first = d->has_intercept, m = p - first;
    double *v = ARENA_NEW(a, m * m + 1, double);
    if (!v) return err_nomem(e);
    for (size_t j = 0; j < m; j++) for (size_t i = 0; i < m; i++) v[j * m + i] = robust[(j + first) * p + i + first];
    *out = m ? linalg_quadratic_form_inverse(b + first, v, (int)m) / k : NAN;
    return OK;
}

/* robust (NULL: none) is what t, p, limits and F are of. */
static Rc write_fit(Json *out, const Design *d, const double *b, const double *vcov, const double *robust, Squares q, double df, const StatCall *call,
                    Arena *a, Err *e)
{
    Rc rc = OK;
    size_t p = d->p;
    double *se = ARENA_NEW(a, 2 * p, double), *used = se + (robust ? p : 0), *t = ARENA_NEW(a, p, double), *pv = ARENA_NEW(a, p, double),
        *ci = ARENA_NEW(a, 2 * p, double);
    static const char *const limits[] = { "lower", "upper" };
    char key[KEY_MAX];
    if (!se || !t || !pv || !ci) return err_nomem(e);
    double width = t_quantile(0.5 + call_conf(call) / 2, df), k = (double)p - d->has_intercept;
    for (size_t j = 0; j < p; j++) {
        se[j] = sqrt(vcov[j * p + j]);
        if (robust) used[j] = sqrt(robust[j * p + j]);
        t[j] = b[j] / used[j];
        pv[j] = t_two_sided_p(t[j], df);
        ci[j] = b[j] - width * used[j];
        ci[p + j] = b[j] + width * used[j];
    }
    design_say_left_out(set_by_term(out, "coef", b, p, d->term), d);
    set_matrix_by_term(out, "vcov", vcov, p, d->term);
    set_by_term(out, "se", se, p, d->term);
    if (robust) TRY(set_robust(out, robust, p, d->term, d->cluster != NULL, e));
    set_by_term(out, "t", t, p, d->term);
    set_by_term(out, "p", pv, p, d->term);
    json_set_number(out, "df", df);
    json_set_number(out, "sigma", sqrt(q.rss / df));
    double r2 = 1 - q.rss / q.tss, n = (double)d->n;
    json_set_number(out, "r2", r2);
    json_set_number(out, "adj_r2", 1 - (1 - r2) * (n - d->has_intercept) / df);
    Json *f = json_set(out, "f", json_object());
    double ratio;
    TRY(f_ratio(&ratio, d, b, robust, q, k, df, a, e));
    json_set_number(f, "f", ratio);
    json_set_number(f, "df1", k);
    json_set_number(f, "df2", df);
    json_set_number(f, "p", k > 0 ? f_sf(ratio, k, df) : (double)NAN);
    json_set_matrix(out, level_key(key, "ci", call_conf(call)), ci, p, 2, (const char *const *)d->term, limits);
    Sum lw = { 0 };
    for (size_t i = 0; d->weight && i < d->n; i++) if (d->weight[i] > 0) sum_add(&lw, log(d->weight[i]));
    json_set_number(out, "loglik", 0.5 * (sum_value(&lw) - n * (log(2 * M_PI) + log(q.rss / n) + 1)));
out:
    return rc;
}

static Rc linear_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Design d = { 0 };
    ScaledColumns c;
    Squares q = { 0, 0 };
    DesignWish wish = { .kind = FORMULA_RESPONSE };
    TRY(design_build(&d, out, call, &wish, e));
    TRY(design_want_rows(&d, out, 2, e));
    TRY(design_sort_rows(&d, e));
    json_set_number(out, "n", (double)d.n);
    if (d.response != RESPONSE_NUMBER) { rc = err_set(e, ERR_USAGE, "linear wants a number left of ~, not text"); goto out; }
    if (d.stratum || d.group) { rc = err_set(e, ERR_USAGE, "linear takes no strata() and no random effect (see lmm)"); goto out; }
    if (d.n <= d.p) {
        rc = diagnose_fatal(out, e, "underdetermined", "%zu rows for %zu coefficients: no degree of freedom is left; take fewer columns", d.n, d.p);
        goto out;
    }
    TRY(design_drop_collinear(&d, out, call, e));
    double *b = ARENA_NEW(&a, d.p, double), *vcov = ARENA_NEW(&a, d.p * d.p, double), *t = ARENA_NEW(&a, d.p * d.p, double),
           *scratch = ARENA_NEW(&a, d.p * d.p, double), *residual = ARENA_NEW(&a, d.n, double),
           *robust = design_wants_robust(&d, call) ? ARENA_NEW(&a, d.p * d.p, double) : NULL, *same = ARENA_NEW(&a, d.p, double);
    if (!b || !vcov || !t || !scratch || !residual || !same) { rc = err_nomem(e); goto out; }
    TRY(columns_scale(&c, d.x, d.n, d.p, &a, e));
    /* Without an intercept there is nothing that could take up the means. */
    for (size_t j = 0; !d.has_intercept && j < d.p; j++) {
        for (size_t i = 0; i < d.n; i++) c.x[j * d.n + i] += c.mean[j] / c.scale[j];
        c.mean[j] = 0;
    }
    TRY(least_squares(b, vcov, &q, &c, &d, residual, &a, e));
    if (robust) TRY(robust_variance(robust, vcov, &c, &d, residual, &a, e));
    double df = (double)(d.n - d.p);
    for (size_t k = 0; k < d.p * d.p; k++) vcov[k] *= q.rss / df;
    for (size_t j = 0; j < d.p; j++) t[j * d.p + j] = 1 / c.scale[j];
    for (size_t j = 1; d.has_intercept && j < d.p; j++) t[j * d.p] = -c.mean[j] / c.scale[j];
    parameters_transform(b, vcov, t, (int)d.p, scratch);
    if (robust) parameters_transform(same, robust, t, (int)d.p, scratch);
    TRY(write_fit(out, &d, b, vcov, robust, q, df, call, &a, e));
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_linear = {
    "linear", "linear regression by least squares", FORMULA_RESPONSE, true, false, options, linear_run, "Gauss 1809; Seber & Lee 2003"
};
