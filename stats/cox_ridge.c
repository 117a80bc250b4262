/* stats/cox_ridge.c: ridge and lasso for the Cox model at a given penalty: log-likelihood - A sum |b| - B/2 sum b^2. A path with
 * cross-validation is the method elasticnet. */
#include <math.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"

typedef struct { const double *a, *b; } Penalty;       /* of g_j: a_j |g_j| + b_j/2 g_j^2 */

static double penalty_at(const Penalty *q, const double *g, int p)
{
    double s = 0;
    for (int j = 0; j < p; j++) s += q->a[j] * fabs(g[j]) + q->b[j] / 2 * g[j] * g[j];
    return s;
}

/* Maximises score'(h - g) - 1/2 (h - g)'info (h - g) - penalty(h) over h, coordinate by coordinate. */
static void inner(double *h, const double *g, const double *score, const double *info, const Penalty *q, int p, double *slope)
{
    enum { SWEEPS_MAX = 10000 };
    for (int j = 0; j < p; j++) h[j] = g[j];
    for (int j = 0; j < p; j++) slope[j] = score[j];   /* of the quadratic at h */
    for (int sweep = 0; sweep < SWEEPS_MAX; sweep++) {
        double largest = 0;
        for (int j = 0; j < p; j++) {
            double v = info[j * p + j], u = slope[j] + v * h[j], next = 0;
            if (fabs(u) > q->a[j]) next = (u - (u > 0 ? q->a[j] : -q->a[j])) / (v + q->b[j]);
            double step = next - h[j];
            if (step == 0) continue;
            for (int k = 0; k < p; k++) slope[k] -= info[j * p + k] * step;
            h[j] = next;
            largest = fmax(largest, fabs(step) * sqrt(v));
        }
        if (largest < 1e-15) return;
    }
}

Rc cox_ridge_lasso(CoxModel *c, CoxTies ties, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    size_t m = (size_t)p + 1, mm = (size_t)(p * p) + 1;
    Arena *a = &c->a;
    CoxInput in = cox_model_input(c, ties);
    double lambda1 = option_number(c->call, "lambda1", 0), lambda2 = option_number(c->call, "lambda2", 0);
    bool standardised = option_flag(c->call, "standardize");
    if (lambda1 < 0 || lambda2 < 0) return err_set(e, ERR_USAGE, "cox: a penalty is negative");
    in.plain_columns = true;
    TRY(cox_data_init(&c->data, &in, a, e));
    CoxData *d = &c->data;
    double *l1 = ARENA_NEW(a, m, double), *l2 = ARENA_NEW(a, m, double), *score = ARENA_NEW(a, m, double), *info = ARENA_NEW(a, mm, double);
    double *h = ARENA_NEW(a, m, double), *trial = ARENA_NEW(a, m, double), *slope = ARENA_NEW(a, m, double), *L = ARENA_NEW(a, mm, double);
    double *half = ARENA_NEW(a, mm, double), *sandwich = ARENA_NEW(a, mm, double);
    c->m = (CoxMaximum){ .g = ARENA_NEW(a, m, double), .vcov = ARENA_NEW(a, mm, double) };
    c->center = ARENA_NEW(a, m, double);
    c->beta = ARENA_NEW(a, m, double);
    c->se = ARENA_NEW(a, m, double);
    c->vcov = ARENA_NEW(a, mm, double);
    if (!l1 || !l2 || !score || !info || !h || !trial || !slope || !L || !half || !sandwich || !c->m.g || !c->m.vcov || !c->center ||
        !c->beta || !c->se || !c->vcov) return err_nomem(e);
    cox_r_means(c->center, c->xj, c->d.n, p, c->d.start ? NULL : c->d.weight, c->order, c->data.center);
    for (int j = 0; j < p; j++) {                      /* b_j = g_j / scale_j */
        double s = standardised ? 1 : d->scale[j];
        l1[j] = lambda1 / s;
        l2[j] = lambda2 / (s * s);
    }
    Penalty q = { l1, l2 };
    double value = 0, best = -INFINITY;
    if (!cox_evaluate(d, c->m.g, &value, score, info)) return err_set(e, ERR_ESTIMATE, "the likelihood cannot be evaluated");
    c->loglik_null = value;
    best = value;
    bool done = p == 0;
    for (c->m.iterations = 0; !done && c->m.iterations < 200; c->m.iterations++) {
        inner(h, c->m.g, score, info, &q, p, slope);
        double largest = 0;
        for (int j = 0; j < p; j++) largest = fmax(largest, fabs(h[j] - c->m.g[j]) * sqrt(info[j * p + j] + l2[j]));
        bool moved = false;
        for (int cut = 0; cut < 40 && !moved; cut++) {
            for (int j = 0; j < p; j++) trial[j] = c->m.g[j] + ldexp(1, -cut) * (h[j] - c->m.g[j]);
            moved = cox_evaluate(d, trial, &value, score, info) &&
                    value - penalty_at(&q, trial, p) >= best - 1e-13 * (1 + fabs(best));
        }
        if (!moved) break;
        memcpy(c->m.g, trial, (size_t)p * sizeof *trial);
        best = value - penalty_at(&q, trial, p);
        done = largest < 1e-13;
    }
    if (!cox_evaluate(d, c->m.g, &c->m.loglik, score, info)) return err_set(e, ERR_ESTIMATE, "the likelihood cannot be evaluated");
    cox_to_columns(c->beta, d, c->m.g);
    /* How far the optimality conditions are from being met, in standard errors. */
    for (int j = 0; j < p; j++) {
        double u = score[j] - l2[j] * c->m.g[j];
        u = c->m.g[j] != 0 ? fabs(u - (c->m.g[j] > 0 ? l1[j] : -l1[j])) : fmax(0, fabs(u) - l1[j]);
        c->m.max_abs_score = fmax(c->m.max_abs_score, u / sqrt(info[j * p + j] + l2[j]));
    }
    json_set_number(c->out, "nevent", (double)d->n_events);
    json_set_bool(c->out, "converged", c->m.max_abs_score < 1e-9);
    json_set_number(c->out, "iterations", c->m.iterations);
    json_set_number(c->out, "max_abs_score", c->m.max_abs_score);
    cox_model_by_term(c, "coef", c->beta);
    json_set_number(c->out, "loglik_null", c->loglik_null);
    json_set_number(c->out, "loglik", c->m.loglik);
    json_set_number(c->out, "pen_loglik", c->m.loglik - penalty_at(&q, c->m.g, p));
    double sum1 = 0, sum2 = 0;
    for (int j = 0; j < p; j++) { sum1 += l1[j] * fabs(c->m.g[j]); sum2 += l2[j] / 2 * c->m.g[j] * c->m.g[j]; }
    Json *o = json_set(c->out, "penalty", json_object());
    json_set_number(o, "L1", sum1);
    json_set_number(o, "L2", sum2);
    if (lambda1 > 0) {
        json_set_text(c->out, "note", "a lasso at one penalty has no standard errors; elasticnet gives the path and its cross-validation");
        c->vcov = NULL;
        design_note_weights(&c->d, c->out);
        if (option_flag(c->call, "keep_fit")) TRY(cox_fit_json(c, e));
        goto out;
    }
    memcpy(L, info, (size_t)(p * p) * sizeof *L);
    for (int j = 0; j < p; j++) L[j * p + j] += l2[j];
    TRY(linalg_cholesky(L, p, e));
    linalg_cholesky_inverse(c->m.vcov, L, p);
    cox_vcov_to_columns(c->vcov, d, c->m.vcov);
    for (int j = 0; j < p; j++) c->se[j] = sqrt(c->vcov[j * p + j]);
    linalg_gemm_nn(half, c->m.vcov, info, p, p, p, 1, 0);
    double edf = 0;
    for (int j = 0; j < p; j++) edf += half[j * p + j];
    linalg_gemm_nn(L, half, c->m.vcov, p, p, p, 1, 0);
    cox_vcov_to_columns(sandwich, d, L);
    cox_model_by_term(c, "se", c->se);
    cox_model_matrix(c, "vcov", c->vcov);
    cox_model_matrix(c, "vcov_sandwich", sandwich);
    json_set_number(c->out, "edf", edf);
    c->edf = edf;
    TRY(cox_robust_keys(c, e));
    TRY(cox_common_keys(c, e));
out:
    return rc;
}
