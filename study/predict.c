/* study/predict.c: predictions for patients of the study and for rows of a table. */
#include "study/predict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/model_frame.h"

Rc model_describe(Json *document, const ModelSpec *m, const Endpoint *endpoint, bool survival, bool has_cause, bool has_competing, const Protocol *p, Err *e)
{
    Json *j = json_set(document, "model", json_object());
    if (!j) return err_nomem(e);
    json_set_text(j, "name", m->name);
    json_set_text(j, "method", m->method);
    json_set_text(j, "formula", m->formula);
    json_set(j, "endpoint", json_from_text(endpoint ? endpoint->name : NULL));
    json_set(j, "time_unit", json_from_text(survival && endpoint ? time_unit_name(endpoint->unit) : NULL));
    if (m->landmark == LANDMARK_TIMEPOINT) json_set_text(j, "landmark", p->timepoint[m->landmark_timepoint]);
    else if (m->landmark == LANDMARK_DAYS) json_set_number(j, "landmark", m->landmark_days);
    else json_set(j, "landmark", json_null());
    json_set_bool(j, "has_cause", has_cause);
    json_set_bool(j, "has_competing", has_competing);
    json_set_text(j, "kind", survival ? "survival" : "response");
    return OK;
}

Rc model_document(ModelDocument *out, const Json *document, const char *where, Err *e)
{
    Rc rc = OK;
    FitKind kind;
    const Json *j = json_get(document, "model");
    *out = (ModelDocument){ .fit = json_get(document, "fit"), .competing = json_get(document, "competing") };
    if (json_type(document) != JSON_OBJECT || !j) return err_set(e, ERR_INPUT, "%s: is no model of reox: the key model is missing", where);
    if (!out->fit) {
        const char *method = json_text(json_get(j, "method"));
        if (method && strcmp(method, "elasticnet") == 0)
            return err_set(e, ERR_INPUT, "%s: a path predicts nothing: one lambda makes it a model, or choose min or 1se with folds", where);
        return err_set(e, ERR_INPUT, "%s: a fit of method %s predicts nothing, expected cox, logistic, elasticnet, survreg, ordinal or finegray", where,
                       method ? method : "?");
    }
    TRY(fit_check(&kind, out->fit, where, e));
    out->name = json_text(json_get(j, "name"));
    out->endpoint = json_text(json_get(j, "endpoint"));
    out->time_unit = json_text(json_get(j, "time_unit"));
    out->landmark = json_text(json_get(j, "landmark"));
    out->has_cause = json_bool(json_get(j, "has_cause"));
    out->has_competing = json_bool(json_get(j, "has_competing"));
    out->survival = fit_kind_is_survival(kind);
    out->subdistribution = kind == FIT_FINEGRAY;
    out->has_cause = out->has_cause || out->subdistribution;
    for (const Json *x = kind == FIT_ORDINAL ? json_first(json_get(out->fit, "levels")) : NULL; x; x = json_next(x)) {
        if (out->n_levels == MODEL_LEVELS_MAX) return err_set(e, ERR_INPUT, "%s: more than %d levels", where, MODEL_LEVELS_MAX);
        out->level[out->n_levels++] = json_text(x);
    }
    if (json_type(json_get(out->fit, "vcov")) == JSON_NULL) out->no_interval = "a lasso has no standard errors, so the number has no interval";
    if (out->subdistribution) out->no_interval = "the baseline of a subdistribution has no standard error, so the number has no interval";
    if (kind == FIT_COX && !json_size(json_get(out->fit, "baseline"))) out->no_value = "the model was fitted with exact ties, which leave its "
                                                                                       "baseline hazard open: it ranks patients, but has no risk";
    if (out->survival && out->has_competing && !out->competing)
        out->no_value = "the competing events could not be modelled with these terms, so there is no cumulative incidence";
    if (kind == FIT_SURVREG && out->has_competing)
        out->no_value = "other events compete, and a cumulative incidence of parametric models is not worked out: cox has one";
    out->measure = !out->survival ? "probability" : out->has_cause ? "cumulative_incidence" : "risk";
out:
    return rc;
}

/* The names of a frailty's groups may be those of patients. */
static Json *without_groups(const Json *fit, bool groups)
{
    Json *copy = json_copy(fit);
    if (!groups && json_get(copy, "frailty")) json_remove((Json *)json_get(copy, "frailty"), "levels");
    return copy;
}

Rc model_export(Json **out, const Json *document, bool groups, const char *where, Err *e)
{
    ModelDocument d;
    const Rc rc = model_document(&d, document, where, e);
    if (rc != OK) return rc;
    Json *j = json_object();
    json_set_text(j, "schema", "reox.model/1");
    json_set(j, "model", json_copy(json_get(document, "model")));
    json_set(j, "fit", without_groups(d.fit, groups));
    if (d.competing) {
        Json *list = json_set(j, "competing", json_array());
        for (const Json *x = json_first(d.competing); x; x = json_next(x)) json_push(list, without_groups(x, groups));
    }
    *out = j;
    return j ? OK : err_nomem(e);
}

double predict_horizon(const ModelDocument *d, const Protocol *p)
{
    if (!d->survival) return 0;
    return d->endpoint && p->board_endpoint && strcmp(d->endpoint, p->board_endpoint) == 0 ? p->board_horizon : NAN;
}

static char *note_of(const Prediction *x, Arena *a)
{
    if (x->status != PREDICTED) return arena_strdup(a, x->reason ? x->reason : predict_status_name(x->status));
    return x->out_of_range ? arena_printf(a, "outside the range of the model's data: %s", x->out_of_range_text ? x->out_of_range_text : "") : NULL;
}

Rc predict_rows(PredictionRow **out, size_t *n, const Json *document, const char *where, const Frame *rows, const PredictWish *w, Arena *a, Err *e)
{
    Rc rc = OK;
    ModelDocument d;
    const Json *competing[16];
    const char *const *columns = NULL;
    size_t n_competing = 0;
    TRY(model_document(&d, document, where, e));
    TRY(fit_columns(&columns, d.fit, w->group, a, e));
    for (; *columns; columns++)
        if (frame_find(rows, *columns) < 0) { rc = err_set(e, ERR_INPUT, "%s: column %s is missing, which the model needs", where, *columns); goto out; }
    const size_t each = d.n_levels ? d.n_levels : 1;
    Prediction *p = ARENA_NEW(a, rows->rows * each + 1, Prediction);
    PredictionRow *list = ARENA_NEW(a, rows->rows * each + 1, PredictionRow);
    const char *measure[MODEL_LEVELS_MAX] = { d.measure };
    for (size_t k = 0; k < d.n_levels; k++)
        if (!(measure[k] = arena_printf(a, "probability of %s", d.level[k]))) { rc = err_nomem(e); goto out; }
    *n = rows->rows * each;
    if (!p || !list) { rc = err_nomem(e); goto out; }
    for (const Json *x = json_first(d.competing); x && n_competing < 16; x = json_next(x)) competing[n_competing++] = x;
    if (!d.survival && w->group != GROUP_TYPICAL) { rc = err_set(e, ERR_USAGE, "%s: the model has no frailty: groups are all alike", where); goto out; }
    if (d.n_levels) TRY(predict_levels(p, d.fit, rows, w->conf, a, e));
    else if (!d.survival) TRY(predict_probability(p, d.fit, rows, w->conf, a, e));
    else if (!d.no_value) TRY(predict_risk(p, d.fit, competing, n_competing, rows, w, a, e));

    const FrameColumn *id = frame_column(rows, "patient");
    for (size_t i = 0; i < *n; i++) {
        PredictionRow *r = &list[i];
        const size_t row = i / each;
        r->patient = id && id->is_text && id->text[row] ? id->text[row]
                     : id && !id->is_text ? arena_printf(a, "%.15g", id->num[row]) : arena_printf(a, "row %zu", row + 1);
        if (!r->patient) { rc = err_nomem(e); goto out; }
        r->measure = measure[i % each];
        r->horizon = d.survival ? w->horizon : 0;
        if (d.no_value) {
            r->value = r->lower95 = r->upper95 = NAN;
            r->note = d.no_value;
            continue;
        }
        const bool there = p[i].status == PREDICTED;
        r->value = there ? p[i].estimate : NAN;
        r->lower95 = there ? p[i].lower : NAN;
        r->upper95 = there ? p[i].upper : NAN;
        r->in_range = there && !p[i].out_of_range;
        r->note = note_of(&p[i], a);
        if (there && d.no_interval) r->note = r->note ? arena_printf(a, "%s; %s", r->note, d.no_interval) : d.no_interval;
    }
    *out = list;
out:
    return rc;
}

void predict_left_out(PredictionRow *r, const char *reason, Arena *a)
{
    if (model_row_had_event(reason)) {
        r->value = r->lower95 = r->upper95 = NAN;
        r->in_range = false;
        r->note = reason;
        return;
    }
    if (isnan(r->value)) return;
    const char *joined = r->note ? arena_printf(a, "%s; not in the model's data: %s", r->note, reason) : arena_printf(a, "not in the model's data: %s", reason);
    if (joined) r->note = joined;
}

Rc predict_patients(PredictionRow **out, size_t *n, const StoredModel *m, const char *only, const VariableSpace *s, Db *db,
                    const PredictWish *w, Arena *a, Err *e)
{
    Rc rc = OK;
    Frame all = { 0 }, one = { 0 };
    ModelDocument d;
    ModelRow *left_out = NULL;
    size_t n_left_out = 0;
    const char *const *columns = NULL;
    char where[160];
    if (m->name) snprintf(where, sizeof where, "model %.120s", m->name);
    else snprintf(where, sizeof where, "the model's file");
    TRY(model_document(&d, m->fit, where, e));
    TRY(fit_columns(&columns, d.fit, w->group, a, e));
    TRY(study_frame(&all, db, s, columns, where, e));
    const FrameColumn *id = frame_column(&all, "patient");
    if (only) {
        unsigned char *keep = ARENA_NEW(a, all.rows + 1, unsigned char);
        size_t found = 0;
        if (!keep) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < all.rows; i++) found += keep[i] = strcmp(id->text[i], only) == 0;
        if (!found) { rc = err_set(e, ERR_INPUT, "patient %s is not among the accepted patients of the study", only); goto out; }
        TRY(frame_keep(&one, &all, keep, e));
    }
    const Frame *rows = only ? &one : &all;
    TRY(predict_rows(out, n, m->fit, where, rows, w, a, e));
    if (m->name) TRY(db_model_rows_load(&left_out, &n_left_out, db, m->name, a, e));
    for (size_t i = 0; i < *n; i++) {
        PredictionRow *r = &(*out)[i];
        if (!(r->patient = arena_strdup(a, r->patient))) { rc = err_nomem(e); goto out; }      /* outlives the frame */
        for (size_t k = 0; k < n_left_out; k++) {
            if (strcmp(left_out[k].patient, r->patient) == 0) predict_left_out(r, left_out[k].reason, a);
        }
    }
out:
    frame_free(&all);
    frame_free(&one);
    return rc;
}

Rc predict_newdata(Frame *out, const char *path, const Protocol *p, Err *e)
{
    Rc rc = OK;
    CsvTable t = { 0 };
    Frame f = { 0 };
    TRY(csv_read(&t, path, path, e));
    TRY(frame_from_csv(&f, &t, e));
    for (size_t k = 0; k < p->n_columns; k++) {
        const int at = frame_find(&f, p->column[k].name);
        if (at < 0 || !p->column[k].n_levels || f.column[at].is_text) continue;
        char **text = ARENA_NEW(&f.arena, f.rows + 1, char *);
        if (!text) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < f.rows; i++) {
            const char *cell = csv_cell(&t, i, (size_t)at);
            if (!csv_is_missing(cell)) TRY(frame_set_text(&f, &text[i], cell, e));
        }
        f.column[at].num = NULL;
        f.column[at].text = text;
        f.column[at].is_text = true;
    }
    *out = f;
    f = (Frame){ 0 };
out:
    frame_free(&f);
    csv_free(&t);
    return rc;
}
