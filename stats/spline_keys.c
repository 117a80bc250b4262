/* stats/spline_keys.c: what a model says about its restricted cubic splines. */
#include "stats/spline_keys.h"

#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"
#include "stats/terms.h"

enum { PLACES = 5, MOST = 8 };

double *covariance_root(const double *T, const double *v, int p, Arena *a)
{
    Err ignored = { 0 };
    double *L = ARENA_NEW(a, (size_t)(p * p) + 1, double), *root = ARENA_NEW(a, (size_t)(p * p) + 1, double);
    if (!L || !root) return NULL;
    memcpy(L, v, (size_t)(p * p) * sizeof *L);
    if (linalg_cholesky(L, p, &ignored) != OK) return NULL;
    linalg_gemm_nn(root, T, L, p, p, p, 1, 0);
    return root;
}

/* Wald test of rows from … m-1 of r (m x p): |U^-T b|^2 with U from Gram-Schmidt on the rows. */
static void wald(Json *o, const char *key, const double *b, const double *r, int m, int p, int from, double *q)
{
    double y[MOST], sum = 0;
    for (int i = from; i < m; i++) {
        y[i] = b[i];
        for (int c = 0; c < p; c++) q[i * p + c] = r[i * p + c];
        for (int pass = 0; pass < 2; pass++)
            for (int k = from; k < i; k++) {
                double dot = 0;
                for (int c = 0; c < p; c++) dot += q[i * p + c] * q[k * p + c];
                for (int c = 0; c < p; c++) q[i * p + c] -= dot * q[k * p + c];
                y[i] -= dot * y[k];
            }
        double length = 0;
        for (int c = 0; c < p; c++) length += q[i * p + c] * q[i * p + c];
        length = sqrt(length);
        for (int c = 0; c < p; c++) q[i * p + c] /= length;
        y[i] /= length;
        sum += y[i] * y[i];
    }
    set_chisq_test(o, key, sum, m - from);
}

static Rc one_spline(Json *all, const Design *d, size_t t, const double *beta, const double *root, int p, const int *column, Err *e)
{
    static const double at[PLACES] = { .05, .25, .5, .75, .95 };
    Rc rc = OK;
    Arena a = { 0 };
    const Var *v = &d->formula->var[d->formula->term[t].var[0]];
    int place[MOST], m = 0;
    double b[MOST], basis[PLACES * MOST], x[PLACES], row[MOST], ratio[PLACES], se[PLACES];
    for (int k = 0; k < p && m < MOST; k++) if (d->assign[column[k]] == (int)t + 1) place[m++] = k;
    if (m != v->n_knots - 1) goto out;                 /* a column was dropped */
    double *sorted = ARENA_NEW(&a, d->n, double), *r = ARENA_NEW(&a, (size_t)(m * p), double), *room = ARENA_NEW(&a, (size_t)(m * p), double);
    if (!sorted || !r || !room) { rc = err_nomem(e); goto out; }
    for (int i = 0; i < m; i++) {
        b[i] = beta[place[i]];
        for (int j = 0; j < p; j++) r[i * p + j] = root[j * p + place[i]];
    }
    memcpy(sorted, d->xj[column[place[0]]], d->n * sizeof *sorted);      /* the first column is x itself */
    sort_doubles(sorted, d->n);
    for (int i = 0; i < PLACES; i++) {
        x[i] = quantile_sorted(sorted, d->n, at[i]);
        var_basis(row, v, false, x[i], 0);
        for (int k = 0; k < m; k++) basis[k * PLACES + i] = row[k];
    }
    for (int i = 0; i < PLACES; i++) {
        double form = 0;
        ratio[i] = 0;
        for (int k = 0; k < m; k++) row[k] = basis[k * PLACES + i] - basis[k * PLACES + PLACES / 2];
        for (int k = 0; k < m; k++) ratio[i] += row[k] * b[k];
        for (int c = 0; c < p; c++) {
            double s = 0;
            for (int k = 0; k < m; k++) s += row[k] * r[k * p + c];
            form += s * s;
        }
        se[i] = sqrt(form);
    }
    Json *o = json_set(all, v->expr->label, json_object());
    json_set_numbers(o, "knots", v->knot, (size_t)v->n_knots);
    json_set_numbers(o, "x", x, PLACES);
    json_set_matrix(o, "basis", basis, PLACES, (size_t)m, NULL, NULL);
    json_set_numbers(o, "log_ratio", ratio, PLACES);
    json_set_numbers(o, "se", se, PLACES);
    wald(o, "wald_overall", b, r, m, p, 0, room);
    wald(o, "wald_nonlinear", b, r, m, p, 1, room);
out:
    arena_free(&a);
    return rc;
}

Rc spline_keys(Json *out, const Design *d, const double *beta, const double *root, int p, const int *column, Err *e)
{
    Rc rc = OK;
    Json *all = NULL;
    if (!root) return OK;
    for (size_t t = 0; t < d->formula->n_terms; t++) {
        const Term *term = &d->formula->term[t];
        if (term->n != 1 || d->formula->var[term->var[0]].kind != VAR_RCS) continue;
        if (!all) all = json_set(out, "splines", json_object());
        TRY(one_spline(all, d, t, beta, root, p, column, e));
    }
out:
    return rc;
}
