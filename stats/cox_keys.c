/* stats/cox_keys.c: what --profile, --residuals, --baseline and --newdata add to a Cox analysis. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/basis.h"
#include "stats/cox_model.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/profile.h"
#include "stats/result_keys.h"
#include "stats/terms.h"

/* ---- profile limits */

static bool evaluate(void *context, const double *g, double *value, double *score, double *info)
{
    return cox_evaluate(context, g, value, score, info);
}

Rc cox_profile_limits(CoxModel *c, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    Likelihood l = { p, &c->data, evaluate, true, NULL };
    double *m = ARENA_NEW(&c->a, 2 * (size_t)p + 1, double), *edge = ARENA_NEW(&c->a, 2 * (size_t)p + 1, double);
    if (!m || !edge) return err_nomem(e);
    const ProfiledFit fit = { .g = c->m.g, .T = c->data.T, .beta = c->beta, .se = c->se, .top = c->m.loglik };
    TRY(likelihood_limits(m, edge, &l, &fit, chisq_quantile(call_conf(c->call), 1), &c->a, e));
    set_profile_limits(c->out, call_conf(c->call), m, edge, (size_t)p, c->term);
out:
    return rc;
}

/* ---- residuals */

static void set_rows(CoxModel *c, const char *key, const double *m, size_t rows)
{
    json_set_matrix(c->out, key, m, rows, (size_t)c->p, NULL, (const char *const *)c->term);
}

/* A row vector u in the basis times the covariance, in the caller's columns: T V u. */
static void times_vcov(double *out, const CoxModel *c, const double *u, double *step)
{
    size_t p = (size_t)c->p;
    for (size_t j = 0; j < p; j++) {
        step[j] = 0;
        for (size_t k = 0; k < p; k++) step[j] += c->m.vcov[k * p + j] * u[k];
    }
    cox_to_columns(out, &c->data, step);
}

static int by_file(const void *a, const void *b, void *context)
{
    const CoxData *d = context;
    size_t x = d->order[*(const size_t *)a], y = d->order[*(const size_t *)b];
    return (x > y) - (x < y);
}

static Rc schoenfeld(CoxModel *c, const CoxDetail *detail, Arena *a, Err *e)
{
    CoxData *d = &c->data;
    size_t p = (size_t)c->p, m = d->n_events, at = 0;
    double *raw = ARENA_NEW(a, m * p + 1, double), *scaled = ARENA_NEW(a, m * p + 1, double), *times = ARENA_NEW(a, m + 1, double);
    double *u = ARENA_NEW(a, p + 1, double), *v = ARENA_NEW(a, p + 1, double), *step = ARENA_NEW(a, p + 1, double);
    size_t *tied = ARENA_NEW(a, d->n + 1, size_t);
    if (!raw || !scaled || !times || !u || !v || !step || !tied) return err_nomem(e);
    for (size_t k = 0; k < d->n_blocks; k++) {
        size_t deaths = d->block[k].to - d->block[k].first_death;
        for (size_t q = 0; q < deaths; q++) tied[q] = d->block[k].first_death + q;
        qsort_r(tied, deaths, sizeof *tied, by_file, d);
        for (size_t q = 0; q < deaths; q++, at++) {
            times[at] = d->block[k].time;
            for (size_t j = 0; j < p; j++) u[j] = d->x[tied[q] * p + j] - detail->mean[k * p + j];
            basis_score_to_columns(v, d->T, c->p, u);
            for (size_t j = 0; j < p; j++) raw[j * m + at] = v[j];
            times_vcov(v, c, u, step);
            for (size_t j = 0; j < p; j++) scaled[j * m + at] = (double)m * v[j] + c->beta[j];
        }
    }
    json_set_numbers(c->out, "resid_schoenfeld_time", times, m);
    set_rows(c, "resid_schoenfeld", raw, m);
    set_rows(c, "resid_scaled_schoenfeld", scaled, m);
    return OK;
}

Rc cox_residuals(CoxModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxData *d = &c->data;
    size_t n = d->n, p = (size_t)c->p;
    CoxDetail detail = { 0 };
    double *u = ARENA_NEW(&a, n * p + 1, double), *sorted = ARENA_NEW(&a, n + 1, double), *martingale = ARENA_NEW(&a, n + 1, double);
    double *deviance = ARENA_NEW(&a, n + 1, double), *score = ARENA_NEW(&a, n * p + 1, double), *dfbeta = ARENA_NEW(&a, n * p + 1, double);
    double *dfbetas = ARENA_NEW(&a, n * p + 1, double), *v = ARENA_NEW(&a, p + 1, double), *step = ARENA_NEW(&a, p + 1, double);
    if (!u || !sorted || !martingale || !deviance || !score || !dfbeta || !dfbetas || !v || !step) { rc = err_nomem(e); goto out; }
    if (d->ties == TIES_EXACT) {
        rc = err_set(e, ERR_USAGE, "cox: residuals are not defined for exact ties; take efron or breslow");
        goto out;
    }
    TRY(cox_detail(&detail, d, c->m.g, &a, e));
    TRY(cox_score_residuals(u, sorted, d, c->m.g, &detail, e));
    for (size_t i = 0; i < n; i++) {
        size_t row = d->order[i];
        double M = sorted[i], inner = d->event[i] ? -2 * (M + log(1 - M)) : -2 * M;
        martingale[row] = M;
        deviance[row] = (M > 0 ? 1 : M < 0 ? -1 : 0) * sqrt(fmax(inner, 0));
        basis_score_to_columns(v, d->T, c->p, u + i * p);
        for (size_t j = 0; j < p; j++) score[j * n + row] = v[j];
        times_vcov(v, c, u + i * p, step);
        for (size_t j = 0; j < p; j++) {
            double w = d->w ? d->w[i] : 1;           /* as R: the change of the coefficients when the weighted row goes */
            dfbeta[j * n + row] = w * v[j];
            dfbetas[j * n + row] = w * v[j] / c->se[j];
        }
    }
    json_set_numbers(c->out, "resid_martingale", martingale, n);
    json_set_numbers(c->out, "resid_deviance", deviance, n);
    set_rows(c, "resid_score", score, n);
    set_rows(c, "resid_dfbeta", dfbeta, n);
    set_rows(c, "resid_dfbetas", dfbetas, n);
    TRY(schoenfeld(c, &detail, &a, e));
out:
    arena_free(&a);
    return rc;
}

/* ---- hazards and curves */

static Rc refuse_exact(const CoxModel *c, Err *e)
{
    if (c->data.ties != TIES_EXACT) return OK;
    return err_set(e, ERR_USAGE, "cox: hazards are not defined for exact ties; take efron or breslow");
}

/* The design's stratum that a stratum of the sorted data is. */
static int design_stratum(const CoxModel *c, size_t s)
{
    return c->d.stratum ? c->d.stratum[c->data.order[c->data.stratum[s].row_from]] : 0;
}

Rc cox_baseline(CoxModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxData *d = &c->data;
    CoxDetail detail = { 0 };
    size_t p = (size_t)c->p;
    double *zero = ARENA_NEW(&a, p + 1, double), *xb = ARENA_NEW(&a, p + 1, double);
    if (!zero || !xb) { rc = err_nomem(e); goto out; }
    TRY(refuse_exact(c, e));
    TRY(cox_detail(&detail, d, c->m.g, &a, e));
    double eta = 0;
    cox_model_basis(xb, c, zero);
    for (size_t j = 0; j < p; j++) eta += xb[j] * c->m.g[j];
    Json *o = json_set(c->out, "cumhaz_x0", json_object());
    Json *time = json_set(o, "time", json_array()), *hazard = json_set(o, "hazard", json_array());
    Json *strata = c->d.stratum ? json_set(o, "strata", json_array()) : NULL;
    for (size_t s = 0; s < d->n_strata; s++) {
        double sum = 0, risk = exp(eta - detail.shift[s]);
        if (strata && d->stratum[s].block_from == d->stratum[s].block_to) {     /* nobody had the event: 0 from its first time on */
            double first = HUGE_VAL;
            for (size_t i = d->stratum[s].row_from; i < d->stratum[s].row_to; i++) first = fmin(first, d->time[i]);
            json_push(time, json_from_number(first));
            json_push(hazard, json_from_number(0));
            json_push(strata, json_from_text(c->d.stratum_label[design_stratum(c, s)]));
        }
        for (size_t k = d->stratum[s].block_from; k < d->stratum[s].block_to; k++) {
            sum += detail.hazard[k];
            json_push(time, json_from_number(d->block[k].time));
            json_push(hazard, json_from_number(risk * sum));
            if (strata) json_push(strata, json_from_text(c->d.stratum_label[design_stratum(c, s)]));
        }
    }
out:
    arena_free(&a);
    return rc;
}

static void limits(double *lower, double *upper, double s, double se_cumhaz, double z, int kind)
{
    *lower = *upper = NAN;
    if (isnan(s)) return;
    if (kind == 0) {                                 /* log */
        *lower = exp(log(s) - z * se_cumhaz);
        *upper = fmin(1, exp(log(s) + z * se_cumhaz));
    } else if (kind == 1) {                          /* log(-log) */
        if (s <= 0 || s >= 1) return;
        double w = z * se_cumhaz / log(s);
        *lower = exp(-exp(log(-log(s)) - w));
        *upper = exp(-exp(log(-log(s)) + w));
    } else {
        *lower = fmax(0, s - z * se_cumhaz * s);
        *upper = fmin(1, s + z * se_cumhaz * s);
    }
}

/* Stratum (of the sorted data) of each row of newdata. */
static Rc newdata_strata(size_t *out, CoxModel *c, Arena *a, Err *e)
{
    Rc rc = OK;
    int *code = NULL;
    TRY(design_strata_for(&code, &c->d, c->call->newdata, a, e));
    for (size_t i = 0; i < c->call->newdata->rows; i++)
        for (out[i] = 0; out[i] + 1 < c->data.n_strata && design_stratum(c, out[i]) != code[i]; out[i]++) continue;
out:
    return rc;
}

Rc cox_predictions(CoxModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxData *d = &c->data;
    const Frame *rows = c->call->newdata;
    size_t n = rows->rows, p = (size_t)c->p, n_times = 0;
    const double *times = NULL, *v = c->robust_basis ? c->robust_basis : c->m.vcov;
    double *all = NULL, *offset = NULL, z = conf_z(call_conf(c->call));
    CoxDetail detail = { 0 };
    double *x = ARENA_NEW(&a, n * p + 1, double), *row = ARENA_NEW(&a, p + 1, double), *xb = ARENA_NEW(&a, p + 1, double);
    double *mean = ARENA_NEW(&a, p + 1, double), *uncentered = ARENA_NEW(&a, n + 1, double), *centered = ARENA_NEW(&a, n + 1, double);
    double *se = ARENA_NEW(&a, n + 1, double), *scratch = ARENA_NEW(&a, p + 1, double);
    size_t *stratum = ARENA_NEW(&a, n + 1, size_t);
    if (!x || !row || !xb || !mean || !uncentered || !centered || !se || !scratch || !stratum) { rc = err_nomem(e); goto out; }
    TRY(design_matrix_for(&all, &c->d, rows, &a, e));
    TRY(design_offset_for(&offset, &c->d, rows, &a, e));
    for (size_t k = 0; k < p; k++) memcpy(x + k * n, all + (size_t)c->column[k] * n, n * sizeof *x);
    cox_model_basis(mean, c, c->center);
    for (size_t i = 0; i < n; i++) {
        double form = 0;
        uncentered[i] = centered[i] = offset[i];
        for (size_t j = 0; j < p; j++) {
            row[j] = x[j * n + i];
            uncentered[i] += row[j] * c->beta[j];
            centered[i] += (row[j] - c->center[j]) * c->beta[j];
        }
        cox_model_basis(xb, c, row);
        for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) form += (xb[j] - mean[j]) * v[k * p + j] * (xb[k] - mean[k]);
        se[i] = sqrt(form);
    }
    Json *o = json_set(c->out, "linear_predictor", json_object());
    json_set_numbers(o, "uncentered", uncentered, n);
    json_set_numbers(o, "centered", centered, n);
    json_set_numbers(o, "se_centered", se, n);
    n_times = option_numbers(&times, c->call, "times", &a);
    if (!n_times) goto out;
    TRY(refuse_exact(c, e));
    TRY(newdata_strata(stratum, c, &a, e));
    TRY(cox_detail(&detail, d, c->m.g, &a, e));
    double *cumhaz = ARENA_NEW(&a, n_times * n + 1, double), *s = ARENA_NEW(&a, n_times * n + 1, double);
    double *error = ARENA_NEW(&a, n_times * n + 1, double), *lower = ARENA_NEW(&a, n_times * n + 1, double);
    double *upper = ARENA_NEW(&a, n_times * n + 1, double), *se_s = ARENA_NEW(&a, n_times * n + 1, double);
    if (!cumhaz || !s || !error || !lower || !upper || !se_s) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        double eta = offset[i];
        for (size_t j = 0; j < p; j++) row[j] = x[j * n + i];
        cox_model_basis(xb, c, row);
        for (size_t j = 0; j < p; j++) eta += xb[j] * c->m.g[j];
        for (size_t t = 0; t < n_times; t++) {
            double h = 0, var = 0;
            cox_curve_at(&h, &var, d, &detail, stratum[i], times[t], xb, eta, v, scratch);
            cumhaz[i * n_times + t] = h;
            s[i * n_times + t] = exp(-h);
            error[i * n_times + t] = sqrt(var);
            se_s[i * n_times + t] = exp(-h) * sqrt(var);
        }
    }
    static const char *const keys[] = { "pred_surv_log", "pred_surv_loglog", "pred_surv_plain" };
    for (int kind = 0; kind < 3; kind++) {
        for (size_t k = 0; k < n_times * n; k++) limits(&lower[k], &upper[k], s[k], error[k], z, kind);
        o = json_set(c->out, keys[kind], json_object());
        json_set_numbers(o, "times", times, n_times);
        json_set_matrix(o, "surv", s, n_times, n, NULL, NULL);
        json_set_matrix(o, "se", se_s, n_times, n, NULL, NULL);
        json_set_matrix(o, "lower", lower, n_times, n, NULL, NULL);
        json_set_matrix(o, "upper", upper, n_times, n, NULL, NULL);
        json_set_matrix(o, "cumhaz", cumhaz, n_times, n, NULL, NULL);
    }
out:
    arena_free(&a);
    return rc;
}
