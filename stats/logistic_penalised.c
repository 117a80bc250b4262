/* stats/logistic_penalised.c: Firth's logistic regression and its relatives. */
#include <math.h>
#include <string.h>

#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/logistic_model.h"
#include "stats/result_keys.h"

/* se from X'W(1+h)X (logistf since 1.24). */
static Rc augmented(LogisticModel *c, Err *e)
{
    size_t n = c->d.n, p = (size_t)c->p;
    double *info = ARENA_NEW(&c->a, p * p + 1, double), *inverse = ARENA_NEW(&c->a, p * p + 1, double);
    double *v = ARENA_NEW(&c->a, p * p + 1, double), *se = ARENA_NEW(&c->a, p + 1, double);
    Err ignored = { 0 };
    if (!info || !inverse || !v || !se) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const double *x = c->data.x + i * p;
        double q = c->data.prob[i], weight = (c->data.w ? c->data.w[i] : 1) * q * (1 - q), h = 0;
        for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) h += x[j] * c->m.vcov_basis[k * p + j] * x[k];
        h *= weight;
        double total = weight * (1 + h);
        for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) info[j * p + k] += total * x[j] * x[k];
    }
    if (linalg_cholesky(info, (int)p, &ignored) != OK) return OK;
    linalg_cholesky_inverse(inverse, info, (int)p);
    logistic_vcov_to_columns(v, &c->data, inverse);
    for (size_t j = 0; j < p; j++) se[j] = sqrt(v[j * p + j]);
    logistic_by_term(c, "se_augmented", se);
    return OK;
}

/* The penalised likelihood with one coefficient held at 0, for every coefficient. */
static Rc tests_by_term(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    Likelihood l = { c->p, &c->data, logistic_evaluate, false, NULL };
    double *p = ARENA_NEW(&c->a, (size_t)c->p + 1, double);
    if (!p) return err_nomem(e);
    TRY(likelihood_tests(p, &l, &(ProfiledFit){ .g = c->m.g, .T = c->data.T, .top = c->m.value }, &c->a, e));
    logistic_by_term(c, "p_pen_lr", p);
out:
    return rc;
}

/* All slopes 0, the intercept free, the penalty that of the full information. The profile of one number. */
static Rc null_penalised(LogisticModel *c, double *value, Err *e)
{
    size_t p = (size_t)c->p;
    double *g = ARENA_NEW(&c->a, p + 1, double), *score = ARENA_NEW(&c->a, p + 1, double), *info = ARENA_NEW(&c->a, p * p + 1, double);
    if (!g || !score || !info) return err_nomem(e);
    for (int it = 0; it < 200; it++) {
        if (!logistic_evaluate(&c->data, g, value, score, info)) { *value = NAN; return OK; }
        if (!c->d.has_intercept) return OK;
        double step = score[0] / info[0];
        if (fabs(step) < 1e-15 * (1 + fabs(g[0]))) return OK;
        g[0] += step;
    }
    return OK;
}

/* Ordinary fit to data augmented by two half rows a row (weights h/2) with an indicator column of their own. */
static Rc flac(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    size_t n = c->d.n, p = (size_t)c->p, m = 3 * n;
    Arena *a = &c->a;
    double *x = ARENA_NEW(a, m * (p + 1) + 1, double), *y = ARENA_NEW(a, m + 1, double), *w = ARENA_NEW(a, m + 1, double);
    double *offset = ARENA_NEW(a, m + 1, double);
    LogisticData d = { 0 };
    LogisticMaximum fit = { 0 };
    if (!x || !y || !w || !offset) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t row = c->data.order[i];
        const double *z = c->data.x + i * p;
        double q = c->data.prob[i], own = c->data.w ? c->data.w[i] : 1, h = 0;
        for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) h += z[j] * c->m.vcov_basis[k * p + j] * z[k];
        h *= own * q * (1 - q);
        for (size_t copy = 0; copy < 3; copy++) {
            size_t r = copy * n + i;
            for (size_t j = 0; j < p; j++) x[j * m + r] = c->x[j * n + row];
            x[p * m + r] = copy > 0;
            y[r] = copy == 2 ? 1 - c->data.y[i] : c->data.y[i];
            w[r] = copy == 0 ? own : h / 2;
            offset[r] = c->data.offset ? c->data.offset[i] : 0;
        }
    }
    LogisticInput in = { .n = m, .p = (int)p + 1, .x = x, .has_intercept = c->d.has_intercept, .y = y, .weight = w, .offset = offset };
    TRY(logistic_data_init(&d, &in, a, e));
    TRY(logistic_maximise(&fit, &d, NULL, a, e));
    for (size_t j = 0; j < p; j++) c->m.beta[j] = fit.beta[j];
    for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) c->m.vcov[j * p + k] = fit.vcov[j * (p + 1) + k];
    c->m.converged = fit.converged;
    c->m.max_abs_score = fit.max_abs_score;
out:
    return rc;
}

/* Firth's slopes, and the intercept at which the mean prediction is the mean outcome. */
static Rc flic(LogisticModel *c, Err *e)
{
    size_t n = c->d.n, p = (size_t)c->p;
    double b = c->m.beta[0];
    (void)e;
    if (!c->d.has_intercept) return OK;
    for (int it = 0; it < 200; it++) {
        double score = 0, info = 0;
        for (size_t i = 0; i < n; i++) {
            size_t row = c->data.order[i];
            double eta = b + (c->data.offset ? c->data.offset[i] : 0), w = c->data.w ? c->data.w[i] : 1;
            for (size_t j = 1; j < p; j++) eta += c->m.beta[j] * c->x[j * n + row];
            double q = 1 / (1 + exp(-eta));
            score += w * (c->data.y[i] - q);
            info += w * q * (1 - q);
        }
        double step = score / info;
        b += step;
        if (fabs(step) < 1e-15 * (1 + fabs(b))) break;
    }
    c->m.beta[0] = b;
    return OK;
}

static void common_keys(LogisticModel *c)
{
    size_t p = (size_t)c->p;
    double *se = ARENA_NEW(&c->a, p + 1, double);
    if (!se) return;
    for (size_t j = 0; j < p; j++) se[j] = sqrt(c->m.vcov[j * p + j]);
    json_set_bool(c->out, "converged", c->m.converged);
    json_set_number(c->out, "iterations", c->m.iterations);
    json_set_number(c->out, "max_abs_score", c->m.max_abs_score);
    logistic_by_term(c, "coef", c->m.beta);
    logistic_by_term(c, "se", se);
    logistic_matrix(c, "vcov", c->m.vcov);
}

Rc logistic_penalised(LogisticModel *c, const char *penalty, Err *e)
{
    Rc rc = OK;
    int slopes = c->p - c->d.has_intercept;
    double null_value = NAN;
    c->data.firth = true;
    TRY(logistic_maximise(&c->m, &c->data, NULL, &c->a, e));
    if (!c->m.converged && !isfinite(c->m.max_abs_score)) return err_set(e, ERR_ESTIMATE, "Firth's estimate was not found");
    if (strcmp(penalty, "firth") == 0) {
        common_keys(c);
        TRY(augmented(c, e));
        json_set_number(c->out, "pen_loglik", c->m.value);
        TRY(null_penalised(c, &null_value, e));
        json_set_number(c->out, "pen_loglik_null", null_value);
        set_chisq_test(c->out, "pen_lr_global", 2 * (c->m.value - null_value), slopes);
        TRY(logistic_limits(c, e));
        TRY(tests_by_term(c, e));
    } else if (strcmp(penalty, "median") == 0) {
        LogisticInput in = logistic_input(c);
        TRY(logistic_median(c->m.beta, &in, c->m.beta, &c->m.iterations, &c->a, e));
        common_keys(c);
    } else {
        TRY(penalty[2] == 'a' ? flac(c, e) : flic(c, e));
        common_keys(c);
    }
    c->data.firth = false;
    design_note_weights(&c->d, c->out);
    TRY(logistic_predict(c, e));
out:
    return rc;
}
