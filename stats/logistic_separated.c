/* stats/logistic_separated.c: separation of a logistic model: which columns, the supremum, and what stays finite. */
#include <math.h>
#include <string.h>

#include "core/str.h"
#include "stats/basis.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/existence.h"
#include "stats/linalg.h"
#include "stats/logistic_model.h"
#include "stats/result_keys.h"

static const double ON_THE_LINE = 1e-7;      /* as existence.c */

/* Rows of the basis and their signs; rows of weight 0 say nothing. */
static Rc rows_with_signs(double **x, double **sign, size_t *n, const LogisticData *d, Arena *a, Err *e)
{
    size_t p = (size_t)d->p, m = 0;
    *x = ARENA_NEW(a, d->n * p + 1, double);
    *sign = ARENA_NEW(a, d->n + 1, double);
    if (!*x || !*sign) return err_nomem(e);
    for (size_t i = 0; i < d->n; i++) {
        if (d->w && d->w[i] == 0) continue;
        memcpy(*x + m * p, d->x + i * p, p * sizeof(double));
        (*sign)[m++] = d->y[i] > 0 ? 1 : -1;
    }
    *n = m;
    return OK;
}

/* A single column that parts the classes by itself, with the intercept; -1 when none does. */
static Rc lone_column(int *found, double *direction, const LogisticModel *c, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = c->d.n;
    int from = c->d.has_intercept ? 1 : 0;
    *found = -1;
    for (int j = from; j < c->p && *found < 0; j++) {
        LogisticInput in = logistic_input(c);
        LogisticData d = { 0 };
        Existence ex = { 0 };
        double *x = ARENA_NEW(a, 2 * n + 1, double), *rows = NULL, *sign = NULL, raw[2] = { 0, 0 };
        size_t m = 0;
        if (!x) return err_nomem(e);
        if (from) memcpy(x, c->x, n * sizeof *x);
        memcpy(x + (size_t)from * n, c->x + (size_t)j * n, n * sizeof *x);
        in.x = x;
        in.p = from + 1;
        TRY(logistic_data_init(&d, &in, a, e));
        TRY(rows_with_signs(&rows, &sign, &m, &d, a, e));
        TRY(existence_binary(&ex, rows, sign, m, d.p, a, e));
        if (!ex.complete) continue;
        *found = j;
        memset(direction, 0, (size_t)c->p * sizeof *direction);
        logistic_to_columns(raw, &d, ex.direction);
        if (from) direction[0] = raw[0];
        direction[j] = raw[from];
    }
out:
    return rc;
}

/* The likelihood of the rows on the dividing line, in the directions that they still see. */
typedef struct { LogisticData rows; double *V, *g, *score, *info, *half; int rank; } Reduced;

static bool evaluate_reduced(void *context, const double *h, double *value, double *score, double *info)
{
    Reduced *q = context;
    int p = q->rows.p, r = q->rank;
    for (int j = 0; j < p; j++) { q->g[j] = 0; for (int k = 0; k < r; k++) q->g[j] += q->V[k * p + j] * h[k]; }
    if (!logistic_evaluate(&q->rows, q->g, value, q->score, q->info)) return false;
    linalg_gemm_tn(score, q->V, q->score, r, 1, p, 1, 0);
    linalg_gemm_nn(q->half, q->info, q->V, p, r, p, 1, 0);
    linalg_gemm_tn(info, q->V, q->half, r, r, p, 1, 0);
    return true;
}

/* Coefficient j of the caller's columns as t'h. */
static void along_axes(double *t, const Reduced *q, size_t j)
{
    size_t p = (size_t)q->rows.p;
    for (int k = 0; k < q->rank; k++) {
        t[k] = 0;
        for (size_t i = 0; i < p; i++) t[k] += q->rows.T[i * p + j] * q->V[(size_t)k * p + i];
    }
}

/* reduced, h: the likelihood of the rows on the line and its maximum, for limits; se NaN where nothing is finite. */
static Rc supremum(LogisticModel *c, const Existence *ex, Reduced *reduced, double *h, double *value, double *beta, double *se,
                   unsigned char *finite, Err *e)
{
    Rc rc = OK;
    Arena *a = &c->a;
    LogisticData *d = &c->data;
    size_t p = (size_t)d->p, m = 0, seen = 0;
    Reduced q = { .rows = *d, .V = ARENA_NEW(a, p * p + 1, double), .g = ARENA_NEW(a, p + 1, double), .score = ARENA_NEW(a, p + 1, double),
                  .info = ARENA_NEW(a, p * p + 1, double), .half = ARENA_NEW(a, p * p + 1, double) };
    double *w = ARENA_NEW(a, p + 1, double), *g = ARENA_NEW(a, p + 1, double);
    double *column = ARENA_NEW(a, p + 1, double);
    q.rows.x = ARENA_NEW(a, d->n * p + 1, double);
    q.rows.y = ARENA_NEW(a, d->n + 1, double);
    q.rows.w = d->w ? ARENA_NEW(a, d->n + 1, double) : NULL;
    q.rows.offset = d->offset ? ARENA_NEW(a, d->n + 1, double) : NULL;
    if (!q.V || !q.g || !q.score || !q.info || !q.half || !w || !g || !column || !q.rows.x || !q.rows.y || (d->w && !q.rows.w) ||
        (d->offset && !q.rows.offset)) return err_nomem(e);
    for (size_t i = 0; i < d->n; i++) {
        if (d->w && d->w[i] == 0) continue;
        if (fabs(ex->along[seen++]) > ON_THE_LINE) continue;
        memcpy(q.rows.x + m * p, d->x + i * p, p * sizeof(double));
        q.rows.y[m] = d->y[i];
        if (d->w) q.rows.w[m] = d->w[i];
        if (d->offset) q.rows.offset[m] = d->offset[i];
        m++;
    }
    q.rows.n = m;
    q.rows.firth = false;
    memset(finite, 1, p);
    *value = 0;
    if (m == 0) { memset(finite, 0, p); return OK; }
    if (!logistic_evaluate(&q.rows, g, value, q.score, q.info)) return OK;
    memcpy(q.half, q.info, p * p * sizeof(double));
    TRY(linalg_symmetric_eigen(w, q.half, (int)p, e));
    for (size_t k = 0; k < p; k++) {
        if (w[k] > 1e-9 * w[p - 1]) { memcpy(q.V + (size_t)q.rank++ * p, q.half + k * p, p * sizeof(double)); continue; }
        logistic_to_columns(column, d, q.half + k * p);
        for (size_t j = 0; j < p; j++) if (fabs(column[j]) * d->scale[j] > 1e-7) finite[j] = 0;
    }
    if (q.rank > 0) {
        LikelihoodPoint at = { 0 };
        Likelihood l = { q.rank, &q, evaluate_reduced, true, NULL };
        TRY(likelihood_maximise(&at, &l, h, NULL, 0, e));
        *value = at.value;
        for (size_t j = 0; j < p; j++) for (int k = 0; k < q.rank; k++) g[j] += q.V[(size_t)k * p + j] * h[k];
        size_t r = (size_t)q.rank;
        double *v = ARENA_NEW(a, r * r, double), *score = ARENA_NEW(a, r, double), *info = ARENA_NEW(a, r * r, double);
        Err ignored = { 0 };
        if (!v || !score || !info) return err_nomem(e);
        if (evaluate_reduced(&q, h, value, score, info) && linalg_cholesky(info, q.rank, &ignored) == OK) {
            linalg_cholesky_inverse(v, info, q.rank);
            for (size_t j = 0; j < p; j++) {
                double form = 0;
                along_axes(column, &q, j);
                for (size_t k = 0; k < r; k++) for (size_t i = 0; i < r; i++) form += column[k] * v[i * r + k] * column[i];
                se[j] = finite[j] ? sqrt(form) : (double)NAN;
            }
        }
    }
    logistic_to_columns(beta, d, g);
    *reduced = q;
out:
    return rc;
}

/* The limit on the side where the estimate of column j is not. */
static Rc one_sided(LogisticModel *c, int j, int sign, double top, double *limit, Err *e)
{
    const Likelihood l = { c->p, &c->data, logistic_evaluate, true, NULL };
    double *t = ARENA_NEW(&c->a, (size_t)c->p, double);
    if (!t) return err_nomem(e);
    basis_axis(t, c->data.T, c->p, j);
    return likelihood_limit_of_infinite(limit, &l, t, sign, 1 / c->data.scale[j], top, chisq_quantile(call_conf(c->call), 1), &c->a, e);
}

static Rc separated_limits(LogisticModel *c, Reduced *reduced, const double *h, const double *sign, const double *beta, const double *se,
                           double top, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    double *limits = ARENA_NEW(&c->a, 2 * (size_t)p, double), *edge = ARENA_NEW(&c->a, 2 * (size_t)p, double), *t = ARENA_NEW(&c->a, (size_t)p, double);
    if (!limits || !edge || !t) return err_nomem(e);
    for (int j = 0; j < p; j++) {
        limits[j] = limits[p + j] = edge[j] = edge[p + j] = NAN;
        if (sign[j] > 0) TRY(one_sided(c, j, 1, top, &limits[j], e));
        if (sign[j] < 0) TRY(one_sided(c, j, -1, top, &limits[p + j], e));
        if (isnan(se[j])) continue;
        Likelihood l = { reduced->rank, reduced, evaluate_reduced, true, NULL };
        along_axes(t, reduced, (size_t)j);
        for (int side = 0; side < 2; side++)
            TRY(likelihood_limit(&limits[side * p + j], &edge[side * p + j], &l, h, t, beta[j], se[j], top, chisq_quantile(call_conf(c->call), 1), side ? 1 : -1, e));
    }
    set_profile_limits(c->out, call_conf(c->call), limits, edge, (size_t)p, c->term);
out:
    return rc;
}

/* Signs of a direction. The intercept goes by the slopes' measure and has no say in it: far from 0 (x + 1e12) it is immense
 * and would make them look like rounding. */
static void signs_of(double *sign, const double *raw, const LogisticModel *c)
{
    int from = c->d.has_intercept ? 1 : 0;
    double largest = 0;
    for (int j = from; j < c->p; j++) largest = fmax(largest, fabs(raw[j]) * c->data.scale[j]);
    existence_signs(sign + from, raw + from, c->data.scale + from, c->p - from);
    if (from) sign[0] = fabs(raw[0]) < 1e-7 * largest || raw[0] == 0 ? 0 : raw[0] > 0 ? 1 : -1;
}

Rc logistic_separated(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    Arena *a = &c->a;
    int p = c->p, lone = -1;
    Existence ex = { 0 };
    double *rows = NULL, *sign_of_row = NULL, top = 0;
    double *raw = ARENA_NEW(a, (size_t)p + 1, double), *sign = ARENA_NEW(a, (size_t)p + 1, double), *beta = ARENA_NEW(a, (size_t)p + 1, double);
    double *se = ARENA_NEW(a, (size_t)p + 1, double), *h = ARENA_NEW(a, (size_t)p + 1, double);
    unsigned char *finite = arena_alloc(a, (size_t)p + 1);
    Reduced reduced = { 0 };
    size_t m = 0;
    Str names = { 0 }, rest = { 0 };
    if (!raw || !sign || !beta || !finite || !se || !h) return err_nomem(e);
    TRY(rows_with_signs(&rows, &sign_of_row, &m, &c->data, a, e));
    rc = existence_binary(&ex, rows, sign_of_row, m, p, a, e);
    if (rc == ERR_ESTIMATE) { rc = OK; goto out; }
    if (rc != OK || !ex.separated) goto out;
    logistic_to_columns(raw, &c->data, ex.direction);
    if (ex.complete) TRY(lone_column(&lone, raw, c, a, e));
    signs_of(sign, raw, c);
    for (int j = 0; j < p; j++) se[j] = NAN;
    TRY(supremum(c, &ex, &reduced, h, &top, beta, se, finite, e));
    for (int j = 0; j < p; j++) {
        bool intercept = c->d.has_intercept && j == 0;
        if (sign[j] != 0 || !finite[j]) beta[j] = se[j] = NAN;
        if (sign[j] != 0 && !intercept) str_appendf(&names, "%s%s (%s)", names.len ? ", " : "", c->term[j], sign[j] > 0 ? "+" : "-");
        else if (finite[j] && sign[j] == 0) str_appendf(&rest, "%s%s", rest.len ? ", " : "", c->term[j]);
    }
    json_set_bool(c->out, "converged", false);
    json_set_number(c->out, "iterations", c->m.iterations);
    logistic_by_term(c, "coef", beta);
    logistic_by_term(c, "se", se);
    json_set_number(c->out, "deviance", 0 - 2 * top);
    json_set_number(c->out, "null_deviance", -2 * c->loglik_null);
    json_set_number(c->out, "loglik_null", c->loglik_null);
    json_set_number(c->out, "loglik", top);
    set_chisq_test(c->out, "lr_test", 2 * (top - c->loglik_null), p - c->d.has_intercept);
    Json *s = json_set(c->out, "separation", json_object());
    json_set_bool(s, "separated", true);
    Json *direction = json_set(s, "direction", json_object());
    int k = 0;
    for (size_t j = 0; j < c->d.p; j++) json_set_number(direction, c->d.term[j], c->keep[j] ? sign[k++] : 0);
    if (option_flag(c->call, "profile")) TRY(separated_limits(c, &reduced, h, sign, beta, se, top, e));
    if (ex.complete)
        rc = diagnose_fatal(c->out, e, "complete_separation", "%s part%s the two classes without an error: no coefficient is finite (deviance at "
                            "its bound %.4g, the likelihood-ratio test holds); --penalty firth gives finite estimates with limits",
                            str_text(&names), lone >= 0 ? "s" : "", 0 - 2 * top);
    else
        rc = diagnose_fatal(c->out, e, "quasi_separation", "the likelihood rises for ever along %s: no finite coefficient there%s%s. The "
                            "likelihood-ratio test holds (deviance at least %.6g); --penalty firth gives finite estimates with limits",
                            names.len ? str_text(&names) : "the intercept", rest.len ? "; finite, given that: " : "", str_text(&rest), -2 * top);
out:
    str_free(&names);
    str_free(&rest);
    return rc;
}
