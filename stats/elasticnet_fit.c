/* stats/elasticnet_fit.c: one solution of an elastic-net path as a model that predicts. */
#include <math.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/elasticnet.h"
#include "stats/fit_json.h"

/* g with T g = beta, T upper triangular. */
static void to_basis(double *g, const CoxData *d, const double *beta)
{
    const int p = d->p;
    for (int j = p - 1; j >= 0; j--) {
        g[j] = beta[j];
        for (int k = j + 1; k < p; k++) g[j] -= d->T[k * p + j] * g[k];
        g[j] /= d->T[j * p + j];
    }
}

static Rc cox_part(CoxModel *c, const double *x, Err *e)
{
    Rc rc = OK;
    Design *d = &c->d;
    TRY(design_canonical_order(&c->order, d, &c->a, e));
    CoxInput in = { .n = d->n, .p = c->p, .x = x, .time = d->time, .event = d->event, .weight = d->weight, .offset = d->offset,
                    .stratum = d->stratum, .order = c->order, .ties = TIES_BRESLOW, .plain_columns = true };
    TRY(cox_data_init(&c->data, &in, &c->a, e));
    c->m.g = ARENA_NEW(&c->a, (size_t)c->p + 1, double);
    if (!c->m.g) { rc = err_nomem(e); goto out; }
    to_basis(c->m.g, &c->data, c->beta);
    TRY(cox_fit_json(c, e));
out:
    return rc;
}

Rc net_chosen(Json *out, const PathProblem *net, Design *d, const StatCall *call, const double *beta, double intercept, Err *e)
{
    Rc rc = OK;
    const size_t skip = net->time ? 0 : 1;                 /* the intercept among the coefficients */
    size_t first = (size_t)(net->x - d->x) / (d->n ? d->n : 1), p = 0;
    CoxModel c = { .d = *d, .call = call, .out = out };
    double *x = ARENA_NEW(&c.a, d->n * net->p + 1, double);
    c.beta = ARENA_NEW(&c.a, net->p + 2, double);
    c.column = ARENA_NEW(&c.a, net->p + 2, int);
    c.term = (char **)arena_array(&c.a, net->p + 2, sizeof(char *));
    if (!x || !c.beta || !c.column || !c.term) { rc = err_nomem(e); goto out; }
    Json *coef = json_set(out, "coef", json_object());
    if (skip) {
        json_set_number(coef, "(Intercept)", intercept);
        c.beta[0] = intercept;
        c.term[0] = d->term[0];
    }
    for (size_t j = 0; j < net->p; j++) {
        json_set_number(coef, d->term[j + first], beta[j]);
        if (beta[j] == 0) continue;
        memcpy(x + p * d->n, net->x + j * d->n, d->n * sizeof *x);
        c.beta[p + skip] = beta[j];
        c.column[p + skip] = (int)(j + first);
        c.term[p + skip] = d->term[j + first];
        p++;
    }
    c.p = (int)(p + skip);
    if (!option_flag(call, "keep_fit") || (skip && !d->has_intercept)) goto out;
    if (net->time) TRY(cox_part(&c, x, e));
    else {
        double events = 0;
        for (size_t i = 0; i < d->n; i++) events += net->event[i];
        Json *fit = json_set(out, "fit", fit_json_begin("logistic", d, call, c.p, c.column, events));
        json_set_texts(fit, "term", (const char *const *)c.term, (size_t)c.p);
        json_set_numbers(fit, "coef", c.beta, (size_t)c.p);
        json_set(fit, "vcov", json_null());
        json_set_text(fit, "variance", "none");
    }
out:
    arena_free(&c.a);
    return rc;
}
