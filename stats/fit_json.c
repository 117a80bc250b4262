/* stats/fit_json.c: a fitted model as Json, complete for prediction elsewhere (stats/predict.h). */
#include "stats/fit_json.h"

#include <math.h>

#include "stats/cox_model.h"
#include "stats/terms.h"

Json *fit_json_begin(const char *kind, const Design *d, const StatCall *call, int n_columns, const int *column, double nevent)
{
    Json *fit = json_object(), *columns, *strata;
    json_set_text(fit, "schema", "reox.fit/1");
    json_set_text(fit, "kind", kind);
    json_set_text(fit, "formula", call->formula);
    json_set_text(fit, "penalty", option_text(call, "penalty", "none"));
    json_set_number(fit, "n", (double)d->n);
    json_set_number(fit, "nevent", nevent);
    json_set(fit, "design", terms_to_json(d->formula));
    json_set_bool(fit, "intercept", d->has_intercept);
    /* Which of the design's columns the coefficients belong to. */
    columns = json_set(fit, "columns", json_array());
    for (int k = 0; k < n_columns; k++) json_push(columns, json_from_number(column[k]));
    strata = json_set(fit, "strata", json_array());
    for (size_t k = 0; k < d->formula->n_strata; k++) json_push(strata, json_from_text(d->formula->strata[k]->label));
    strata = json_set(fit, "offsets", json_array());
    for (size_t k = 0; k < d->formula->n_offsets; k++) json_push(strata, json_from_text(d->formula->offset[k]->label));
    return fit;
}

/* ---- survival */

static const char *const ties_name[] = { "efron", "breslow", "exact" };

/* A new cox fit within the output, up to its empty list of baselines, which is returned. */
static Json *cox_fit_begin(CoxModel *c, CoxTies ties, const double *vcov, bool robust, const double *center, double events)
{
    const size_t p = (size_t)c->p;
    Json *fit = json_set(c->out, "fit", fit_json_begin("cox", &c->d, c->call, c->p, c->column, events));
    json_set_text(fit, "ties", ties_name[ties]);
    json_set_texts(fit, "term", (const char *const *)c->term, p);
    json_set_numbers(fit, "coef", c->beta, p);
    if (vcov) json_set_matrix(fit, "vcov", vcov, p, p, NULL, NULL);
    else json_set(fit, "vcov", json_null());
    json_set_text(fit, "variance", !vcov ? "none" : robust ? "robust" : "model");
    json_set_numbers(fit, "center", center, p);
    return json_set(fit, "baseline", json_array());
}

/* The lists of one stratum, to be filled step by step. */
typedef struct { Json *time, *hazard, *variance, *mean, *group_mean; } Steps;

static Steps baseline_begin(Json *list, const CoxModel *c, const CoxData *d, size_t s, bool groups)
{
    const CoxStratum *t = &d->stratum[s];
    double last = 0;
    Json *o = json_push(list, json_object());
    for (size_t i = t->row_from; i < t->row_to; i++) if (d->time[i] > last) last = d->time[i];
    json_set_text(o, "label", c->d.stratum ? c->d.stratum_label[c->d.stratum[d->order[t->row_from]]] : "");
    json_set_number(o, "last_time", last);
    return (Steps){ json_set(o, "time", json_array()), json_set(o, "hazard", json_array()), json_set(o, "variance", json_array()),
                    json_set(o, "mean", json_array()), groups ? json_set(o, "group_mean", json_array()) : NULL };
}

/* Block k of fitted data as a step at `time`; `unit` brings a hazard to the center. The mean of x weighted by the steps' jumps, minus the
 * data's center, comes back in columns, mean[d->p]: it solves T'm = mean of the basis. */
static void baseline_step(Steps *o, double *mean, const CoxData *d, const CoxDetail *detail, size_t k, double time, double unit)
{
    const size_t p = (size_t)d->p;
    json_push(o->time, json_from_number(time));
    json_push(o->hazard, json_from_number(unit * detail->hazard[k]));
    json_push(o->variance, json_from_number(unit * unit * detail->variance[k]));
    for (size_t j = 0; j < p; j++) {
        double sum = detail->mean_hazard[k * p + j] / detail->hazard[k];
        for (size_t q = 0; q < j; q++) sum -= d->T[j * p + q] * mean[q];
        mean[j] = sum / d->T[j * p + j];
    }
}

static void push_numbers(Json *list, const double *x, size_t n)
{
    Json *row = json_push(list, json_array());
    for (size_t j = 0; j < n; j++) json_push(row, json_from_number(x[j]));
}

Rc cox_fit_json(CoxModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxData *d = &c->data;
    size_t p = (size_t)c->p;
    CoxDetail detail = { 0 };
    double *v = ARENA_NEW(&a, p + 1, double);
    Json *list = cox_fit_begin(c, d->ties, c->robust ? c->robust : c->vcov, c->robust != NULL, d->center, (double)d->n_events);
    if (!v) { rc = err_nomem(e); goto out; }
    if (d->ties == TIES_EXACT) goto out;             /* no hazard is defined: such a fit predicts no risks */
    TRY(cox_detail(&detail, d, c->m.g, &a, e));
    for (size_t s = 0; s < d->n_strata; s++) {
        /* exp(eta - shift) = 1 in the detail; at the center eta is 0. Jumps at the center carry exp(-shift). */
        const double unit = exp(-detail.shift[s]);
        Steps o = baseline_begin(list, c, d, s, false);
        for (size_t k = d->stratum[s].block_from; k < d->stratum[s].block_to; k++) {
            baseline_step(&o, v, d, &detail, k, d->block[k].time, unit);
            push_numbers(o.mean, v, p);
        }
    }
out:
    arena_free(&a);
    return rc;
}

Rc cox_fit_json_tt(CoxModel *c, const CoxData *own, const unsigned char *varying, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxData *d = &c->data;
    size_t p = (size_t)c->p;
    CoxDetail detail = { 0 };
    double *v = ARENA_NEW(&a, p + 1, double);
    Json *list = cox_fit_begin(c, d->ties, c->robust ? c->robust : c->vcov, c->robust != NULL, d->center, (double)d->n_events),
        *fit = (Json *)json_get(c->out, "fit");
    Json *tt = json_set(fit, "tt", json_object()), *columns = json_set(tt, "columns", json_array());
    if (!v) { rc = err_nomem(e); goto out; }
    json_set_text(tt, "expression", option_text(c->call, "tt", ""));
    for (size_t j = 0; j < p; j++) if (varying[j]) json_push(columns, json_from_number((double)j));
    if (d->ties == TIES_EXACT) goto out;
    TRY(cox_detail(&detail, d, c->m.g, &a, e));
    for (size_t s = 0; s < own->n_strata; s++) {
        Steps o = baseline_begin(list, c, own, s, false);
        for (size_t k = own->stratum[s].block_from; k < own->stratum[s].block_to; k++) {       /* block k is stratum k of the fit */
            baseline_step(&o, v, d, &detail, d->stratum[k].block_from, own->block[k].time, exp(-detail.shift[k]));
            push_numbers(o.mean, v, p);
        }
    }
out:
    arena_free(&a);
    return rc;
}

Rc cox_fit_json_frailty(CoxModel *c, CoxData *d, const double *g, const double *inverse, const double *scale, double theta, bool gamma, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const size_t p = (size_t)c->p, q = c->d.n_groups, all = p + q;
    const bool known = q <= FRAILTY_COVARIANCE_MAX;
    CoxDetail detail = { 0 };
    double *v = ARENA_NEW(&a, all + 1, double), *vcov = ARENA_NEW(&a, p * p + 1, double), *whole = ARENA_NEW(&a, known ? all * all + 1 : 1, double), middle = 0;
    if (!v || !vcov || !whole) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < all; i++)
        for (size_t j = 0; j < all; j++) {
            const double x = inverse[j * all + i] / (i < p ? scale[i] : 1) / (j < p ? scale[j] : 1);
            if (i < p && j < p) vcov[j * p + i] = x;
            if (known) whole[j * all + i] = x;
        }
    Json *list = cox_fit_begin(c, d->ties, vcov, false, c->center, (double)d->n_events), *fit = (Json *)json_get(c->out, "fit");
    Json *o = json_set(fit, "frailty", json_object());
    json_set_text(o, "group", c->d.formula->group->label);
    json_set_text(o, "distribution", gamma ? "gamma" : "log-normal");
    json_set_number(o, "theta", theta);
    json_set_texts(o, "levels", (const char *const *)c->d.group_label, q);
    json_set_numbers(o, "effect", g + p, q);
    if (known) json_set_matrix(o, "vcov", whole, all, all, NULL, NULL);
    TRY(cox_detail(&detail, d, g, &a, e));
    /* The groups' columns were centred; a frailty of 1 is where all of them are 0. */
    for (size_t k = p; k < all; k++) middle += d->center[k] * g[k];
    for (size_t s = 0; s < d->n_strata; s++) {
        Steps steps = baseline_begin(list, c, d, s, known);
        for (size_t k = d->stratum[s].block_from; k < d->stratum[s].block_to; k++) {
            baseline_step(&steps, v, d, &detail, k, d->block[k].time, exp(-detail.shift[s] - middle));
            for (size_t j = 0; j < p; j++) v[j] = v[j] * scale[j];
            for (size_t j = p; j < all; j++) v[j] += d->center[j];
            push_numbers(steps.mean, v, p);
            if (known) push_numbers(steps.group_mean, v + p, q);
        }
    }
out:
    arena_free(&a);
    return rc;
}
