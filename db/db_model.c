/* db/db_model.c: fitted models, their terms, who is not in them, and predictions. */
#include "db/db_model.h"

#include <math.h>
#include <string.h>

#include "db/db_rejection.h"
#include "db/db_stale.h"
#include "db/query.h"

static Rc store_parts(Db *db, const ModelRecord *m, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;

    for (size_t i = 0; i < m->n_terms; i++) {
        const TermRow *t = &m->term[i];
        TRY(query_begin(&q, db, "term_add", e));
        query_text(q, ":model", m->name);
        query_integer(q, ":position", (int64_t)i + 1);
        query_text(q, ":term", t->term);
        query_number(q, ":coef", t->coef);
        query_number(q, ":se", t->se);
        query_text(q, ":measure", t->measure ? t->measure : "");
        query_number(q, ":ratio", t->ratio);
        query_number(q, ":lower95", t->lower95);
        query_number(q, ":upper95", t->upper95);
        query_number(q, ":p", t->p);
        TRY(query_done(q, e));
    }
    for (size_t i = 0; i < m->n_rows; i++) {
        TRY(query_begin(&q, db, "model_row_add", e));
        query_text(q, ":model", m->name);
        query_text(q, ":patient", m->row[i].patient);
        query_text(q, ":reason", m->row[i].reason);
        TRY(query_done(q, e));
    }
    for (size_t i = 0; i < m->n_columns; i++) {
        TRY(query_begin(&q, db, "model_column_add", e));
        query_text(q, ":model", m->name);
        query_text(q, ":name", m->column[i].name);
        query_text(q, ":tracer", m->column[i].tracer);
        query_text(q, ":timepoint", m->column[i].timepoint ? m->column[i].timepoint : "");
        TRY(query_done(q, e));
    }
out:
    return rc;
}

static Rc remove_model(Db *db, const char *name, Err *e)
{
    Query *q = NULL;
    Rc rc = query_begin(&q, db, "model_remove", e);
    if (rc != OK) return rc;
    query_text(q, ":name", name);
    return query_done(q, e);
}

Rc db_model_store(Db *db, int64_t run_id, const ModelRecord *m, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    Str fit = { 0 }, diagnosis = { 0 };

    TRY(json_print(&fit, m->fit, false, e));            /* in the order of its terms */
    if (m->diagnosis) TRY(json_print(&diagnosis, m->diagnosis, false, e));
    TRY(remove_model(db, m->name, e));
    TRY(query_begin(&q, db, "model_set", e));
    query_text(q, ":name", m->name);
    query_integer(q, ":position", m->position);
    query_text(q, ":method", m->method);
    query_text(q, ":formula", m->formula);
    query_text(q, ":endpoint", m->endpoint);
    query_text(q, ":landmark", m->landmark);
    query_text(q, ":settings_sha", m->settings_sha);
    query_text(q, ":inputs_sha", m->inputs_sha);
    query_text(q, ":status", m->estimated ? "ok" : "not_estimated");
    query_text(q, ":diagnosis", m->diagnosis ? diagnosis.s : "[]");
    if (!isnan(m->n)) query_integer(q, ":n", (int64_t)m->n);
    if (!isnan(m->nevent)) query_integer(q, ":nevent", (int64_t)m->nevent);
    query_text(q, ":fit", fit.s);
    query_integer(q, ":run_id", run_id);
    TRY(query_done(q, e));
    TRY(store_parts(db, m, e));
    TRY(db_accept(NULL, db, run_id, SUBJECT_MODEL, m->name, e));
    rc = db_stale_reports(db, e);
out:
    str_free(&fit);
    str_free(&diagnosis);
    return rc;
}

Rc db_model_confirm(bool *current, Db *db, int64_t run_id, const char *name, const char *settings_sha, const char *inputs_sha, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;

    *current = false;
    TRY(query_begin(&q, db, "model_hashes", e));
    query_text(q, ":name", name);
    TRY(query_step(&row, q, e));
    *current = row && !strcmp(query_get_text(q, 0), settings_sha) && !strcmp(query_get_text(q, 1), inputs_sha);
    query_end(q);
    q = NULL;
    if (!*current) goto out;
    TRY(query_begin(&q, db, "model_confirm", e));
    query_text(q, ":name", name);
    query_integer(q, ":run_id", run_id);
    TRY(query_done(q, e));
    rc = db_accept(NULL, db, run_id, SUBJECT_MODEL, name, e);
out:
    query_end(q);
    return rc;
}

Rc db_models_keep(Db *db, const char *const *names, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    Arena a = { 0 };
    typedef struct Gone { const char *name; struct Gone *next; } Gone;
    Gone *gone = NULL;

    TRY(query_begin(&q, db, "model_names", e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        const char *name = query_get_text(q, 0);
        const char *const *n = names;
        while (*n && strcmp(*n, name) != 0) n++;
        if (*n) continue;
        Gone *g = ARENA_NEW(&a, 1, Gone);
        if (!g || !(g->name = arena_strdup(&a, name))) { rc = err_nomem(e); goto out; }
        g->next = gone;
        gone = g;
    }
    query_end(q);
    q = NULL;
    for (; gone; gone = gone->next) {
        TRY(remove_model(db, gone->name, e));
        TRY(db_stale_reports(db, e));
    }
out:
    query_end(q);
    arena_free(&a);
    return rc;
}

void stored_models_free(StoredModels *m)
{
    for (size_t i = 0; i < m->n; i++) {
        json_free(m->model[i].fit);
        json_free(m->model[i].diagnosis);
    }
    arena_free(&m->arena);
    *m = (StoredModels){ 0 };
}

static Rc keep(const char **out, Arena *a, Query *q, int column, Err *e)
{
    const char *text = query_get_text(q, column);
    *out = text ? arena_strdup(a, text) : NULL;
    return text && !*out ? err_nomem(e) : OK;
}

static Rc load_json(Json **out, Db *db, Query *q, int column, Err *e)
{
    const char *text = query_get_text(q, column);
    return json_parse(out, text, strlen(text), db_name(db), e);
}

Rc db_models_load(StoredModels *out, Db *db, const char *only, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t cap = 0;

    TRY(query_begin(&q, db, "models", e));
    query_text(q, ":only", only);
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        if (out->n == cap) {
            cap = cap ? 2 * cap : 8;
            StoredModel *more = ARENA_NEW(&out->arena, cap, StoredModel);
            if (!more) { rc = err_nomem(e); goto out; }
            if (out->n) memcpy(more, out->model, out->n * sizeof *more);
            out->model = more;
        }
        StoredModel *m = &out->model[out->n++];
        const char **text[] = { &m->name, &m->method, &m->formula, &m->endpoint, &m->landmark, &m->settings_sha, &m->inputs_sha };
        for (int i = 0; i < 7; i++) TRY(keep(text[i], &out->arena, q, i, e));
        m->estimated = strcmp(query_get_text(q, 7), "ok") == 0;
        m->stale = query_get_integer(q, 8) != 0;
        m->n = query_get_number(q, 9);
        m->nevent = query_get_number(q, 10);
        TRY(load_json(&m->fit, db, q, 11, e));
        TRY(load_json(&m->diagnosis, db, q, 12, e));
    }
out:
    query_end(q);
    return rc;
}

Rc db_model_rows_load(ModelRow **out, size_t *n, Db *db, const char *model, Arena *a, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t cap = 0;

    *out = NULL;
    *n = 0;
    TRY(query_begin(&q, db, "model_rows", e));
    query_text(q, ":model", model);
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        if (*n == cap) {
            cap = cap ? 2 * cap : 32;
            ModelRow *more = ARENA_NEW(a, cap, ModelRow);
            if (!more) { rc = err_nomem(e); goto out; }
            if (*n) memcpy(more, *out, *n * sizeof *more);
            *out = more;
        }
        TRY(keep(&(*out)[*n].patient, a, q, 0, e));
        TRY(keep(&(*out)[*n].reason, a, q, 1, e));
        ++*n;
    }
out:
    query_end(q);
    return rc;
}

Rc db_predictions_store(Db *db, const char *model, const PredictionRow *row, size_t n, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;

    TRY(query_begin(&q, db, "predictions_remove", e));
    query_text(q, ":model", model);
    TRY(query_done(q, e));
    for (size_t i = 0; i < n; i++) {
        TRY(query_begin(&q, db, "prediction_add", e));
        query_text(q, ":model", model);
        query_text(q, ":patient", row[i].patient);
        query_text(q, ":measure", row[i].measure);
        query_number(q, ":horizon", row[i].horizon);
        query_number(q, ":value", row[i].value);
        query_number(q, ":lower95", row[i].lower95);
        query_number(q, ":upper95", row[i].upper95);
        query_integer(q, ":in_range", row[i].in_range);
        query_text(q, ":note", row[i].note);
        TRY(query_done(q, e));
    }
out:
    return rc;
}

Rc db_predictions_load(PredictionRow **out, size_t *n, Db *db, const char *model, Arena *a, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t cap = 0;

    *out = NULL;
    *n = 0;
    TRY(query_begin(&q, db, "predictions", e));
    query_text(q, ":model", model);
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        if (*n == cap) {
            cap = cap ? 2 * cap : 64;
            PredictionRow *more = ARENA_NEW(a, cap, PredictionRow);
            if (!more) { rc = err_nomem(e); goto out; }
            if (*n) memcpy(more, *out, *n * sizeof *more);
            *out = more;
        }
        PredictionRow *p = &(*out)[(*n)++];
        TRY(keep(&p->patient, a, q, 0, e));
        TRY(keep(&p->measure, a, q, 1, e));
        p->horizon = query_get_number(q, 2);
        p->value = query_get_number(q, 3);
        p->lower95 = query_get_number(q, 4);
        p->upper95 = query_get_number(q, 5);
        p->in_range = query_get_integer(q, 6) != 0;
        TRY(keep(&p->note, a, q, 7, e));
    }
out:
    query_end(q);
    return rc;
}
