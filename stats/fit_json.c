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

Rc cox_fit_json(CoxModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxData *d = &c->data;
    size_t p = (size_t)c->p;
    CoxDetail detail = { 0 };
    static const char *const ties[] = { "efron", "breslow", "exact" };
    double *v = ARENA_NEW(&a, p + 1, double);
    Json *fit = fit_json_begin("cox", &c->d, c->call, c->p, c->column, (double)d->n_events);
    json_set(c->out, "fit", fit);
    if (!v) { rc = err_nomem(e); goto out; }
    json_set_text(fit, "ties", ties[d->ties]);
    json_set_texts(fit, "term", (const char *const *)c->term, p);
    json_set_numbers(fit, "coef", c->beta, p);
    json_set_matrix(fit, "vcov", c->robust ? c->robust : c->vcov, p, p, NULL, NULL);
    json_set_text(fit, "variance", c->robust ? "robust" : "model");
    json_set_numbers(fit, "center", d->center, p);
    Json *list = json_set(fit, "baseline", json_array());
    if (d->ties == TIES_EXACT) goto out;             /* no hazard is defined: such a fit predicts no risks */
    TRY(cox_detail(&detail, d, c->m.g, &a, e));
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        size_t first = d->order[t.row_from];
        /* exp(eta - shift) = 1 in the detail; at the center eta is 0. Jumps at the center carry exp(-shift). */
        double unit = exp(-detail.shift[s]), last = 0;
        Json *o = json_push(list, json_object());
        json_set_text(o, "label", c->d.stratum ? c->d.stratum_label[c->d.stratum[first]] : "");
        Json *time = json_set(o, "time", json_array()), *hazard = json_set(o, "hazard", json_array());
        Json *variance = json_set(o, "variance", json_array()), *mean = json_set(o, "mean", json_array());
        for (size_t i = t.row_from; i < t.row_to; i++) if (d->time[i] > last) last = d->time[i];
        for (size_t k = t.block_from; k < t.block_to; k++) {
            json_push(time, json_from_number(d->block[k].time));
            json_push(hazard, json_from_number(unit * detail.hazard[k]));
            json_push(variance, json_from_number(unit * unit * detail.variance[k]));
            /* Mean of x weighted by the steps' jumps, minus the center, in columns: solves T'm = mean of the basis. */
            Json *row = json_push(mean, json_array());
            for (size_t j = 0; j < p; j++) {
                double sum = detail.mean_hazard[k * p + j] / detail.hazard[k];
                for (size_t q = 0; q < j; q++) sum -= d->T[j * p + q] * v[q];
                v[j] = sum / d->T[j * p + j];
                json_push(row, json_from_number(v[j]));
            }
        }
        json_set_number(o, "last_time", last);
    }
out:
    arena_free(&a);
    return rc;
}
