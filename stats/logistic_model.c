/* stats/logistic_model.c: what the answers of a logistic model share: keys by term, limits of the likelihood, predictions. */
#include "stats/logistic_model.h"

#include <math.h>

#include "stats/dist.h"
#include "stats/fit_json.h"
#include "stats/response.h"
#include "stats/result_keys.h"

void logistic_by_term(const LogisticModel *c, const char *key, const double *x)
{
    Json *o = json_set(c->out, key, json_object());
    int k = 0;
    for (size_t j = 0; j < c->d.p; j++) json_set_number(o, c->d.term[j], c->keep[j] ? x[k++] : (double)NAN);
}

void logistic_matrix(const LogisticModel *c, const char *key, const double *m)
{
    set_matrix_by_term(c->out, key, m, (size_t)c->p, c->term);
}

LogisticInput logistic_input(const LogisticModel *c)
{
    return (LogisticInput){ .n = c->d.n, .p = c->p, .x = c->x, .has_intercept = c->d.has_intercept, .y = c->y, .weight = c->d.weight,
                            .offset = c->d.offset, .order = c->order };
}

Rc logistic_limits(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    Likelihood l = { p, &c->data, logistic_evaluate, !c->data.firth, logistic_evaluate_plain };
    double *m = ARENA_NEW(&c->a, 2 * (size_t)p + 1, double), *edge = ARENA_NEW(&c->a, 2 * (size_t)p + 1, double), *se = ARENA_NEW(&c->a, (size_t)p + 1, double);
    if (!m || !edge || !se) return err_nomem(e);
    for (int j = 0; j < p; j++) se[j] = sqrt(c->m.vcov[j * p + j]);
    const ProfiledFit fit = { .g = c->m.g, .T = c->data.T, .beta = c->m.beta, .se = se, .top = c->m.value };
    TRY(likelihood_limits(m, edge, &l, &fit, chisq_quantile(call_conf(c->call), 1), &c->a, e));
    set_profile_limits(c->out, call_conf(c->call), m, edge, (size_t)p, c->term);
out:
    return rc;
}

Rc logistic_predict(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    size_t p = (size_t)c->p;
    if (c->call->newdata) {
        const Frame *rows = c->call->newdata;
        size_t n = rows->rows;
        double z = conf_z(call_conf(c->call)), *all = NULL, *offset = NULL, *row = ARENA_NEW(&a, p + 1, double), *o[5];
        for (int k = 0; k < 5; k++) if (!(o[k] = ARENA_NEW(&a, n + 1, double))) { rc = err_nomem(e); goto out; }
        if (!row) { rc = err_nomem(e); goto out; }
        TRY(design_matrix_for(&all, &c->d, rows, &a, e));
        TRY(design_offset_for(&offset, &c->d, rows, &a, e));
        for (size_t i = 0; i < n; i++) {
            double eta = offset[i], form = 0;
            for (size_t j = 0; j < p; j++) { row[j] = all[(size_t)c->column[j] * n + i]; eta += row[j] * c->m.beta[j]; }
            for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) form += row[j] * c->m.vcov[k * p + j] * row[k];
            double se = sqrt(form);
            o[0][i] = eta;
            o[1][i] = se;
            o[2][i] = 1 / (1 + exp(-eta));
            o[3][i] = 1 / (1 + exp(-(eta - z * se)));
            o[4][i] = 1 / (1 + exp(-(eta + z * se)));
        }
        static const char *const names[] = { "eta", "se", "prob", "lower", "upper" };
        Json *j = json_set(c->out, "predict", json_object());
        for (int k = 0; k < 5; k++) json_set_numbers(j, names[k], o[k], n);
    }
    if (option_flag(c->call, "keep_fit")) {
        Json *fit = json_set(c->out, "fit", fit_json_begin("logistic", &c->d, c->call, c->p, c->column, c->events));
        json_set_texts(fit, "term", (const char *const *)c->term, p);
        json_set_numbers(fit, "coef", c->m.beta, p);
        json_set_matrix(fit, "vcov", c->m.vcov, p, p, NULL, NULL);
    }
out:
    arena_free(&a);
    return rc;
}
