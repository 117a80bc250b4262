/* study/fit_study.c: fits the protocol's models and stores them with terms, row accounting and predictions. */
#include "study/fit_study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_model.h"
#include "db/db_rejection.h"
#include "stats/design.h"
#include "stats/dist.h"
#include "study/model_columns.h"
#include "study/model_frame.h"
#include "study/predict.h"
#include "study/stale.h"
#include "study/variables.h"

typedef struct {
    FitResult *out;
    const StudyTables *t;
    const VariableSpace *space;
    Db *db;
    int64_t run_id;
    int threads;
    bool force;
    const Progress *w;
    Err *e;
} Job;

/* ---- terms */

/* Column of a {"rows","cols","data"} matrix at a row named term; NaN when absent. */
static double matrix_at(const Json *matrix, const char *term, const char *column)
{
    const Json *rows = json_get(matrix, "rows"), *cols = json_get(matrix, "cols"), *data = json_get(matrix, "data");
    size_t i = 0, j = 0;
    while (i < json_size(rows) && !text_equal(json_text(json_at(rows, i)), term)) i++;
    while (j < json_size(cols) && !text_equal(json_text(json_at(cols, j)), column)) j++;
    return i < json_size(rows) && j < json_size(cols) ? json_number(json_at(json_at(data, i), j)) : NAN;
}

/* [lower, upper] of a term, whether kept by term or as a matrix. */
static bool limits_at(double limits[2], const Json *by_term, const char *term)
{
    const Json *pair = json_get(by_term, term);
    if (json_type(pair) == JSON_ARRAY && json_size(pair) == 2) {
        for (size_t i = 0; i < 2; i++) limits[i] = json_number(json_at(pair, i));
        return true;
    }
    limits[0] = matrix_at(by_term, term, "lower95");
    limits[1] = matrix_at(by_term, term, "upper95");
    if (isnan(limits[0]) && isnan(limits[1])) {
        limits[0] = matrix_at(by_term, term, "lower");
        limits[1] = matrix_at(by_term, term, "upper");
    }
    return !isnan(limits[0]) || !isnan(limits[1]);
}

static const char *measure_of(const char *method, const char *term)
{
    static const char *const known[][2] = { { "cox", "HR" }, { "logistic", "OR" }, { "clogit", "OR" }, { "ordinal", "OR" }, { "finegray", "SHR" } };
    if (strcmp(term, "(Intercept)") == 0) return "";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) if (strcmp(known[i][0], method) == 0) return known[i][1];
    return "";
}

/* The fit's own limits (penalised likelihood, Student's t) where it has them, else Wald's on the scale of the coefficient. */
static TermRow term_row(const Json *out, const char *method, const Json *coef)
{
    const char *term = json_key(coef);
    TermRow t = { .term = term, .coef = json_number(coef), .measure = measure_of(method, term), .p = NAN };
    const Json *robust = json_get(out, "robust_se"), *se = json_get(robust ? robust : json_get(out, "se"), term);
    double limits[2] = { NAN, NAN };
    t.se = se ? json_number(se) : NAN;
    if (!limits_at(limits, json_get(out, "profile_ci95"), term) && !limits_at(limits, json_get(out, "ci95"), term)) {
        const double z = normal_quantile(0.975);
        limits[0] = t.coef - z * t.se;
        limits[1] = t.coef + z * t.se;
    }
    const Json *lr = json_get(json_get(out, "p_pen_lr"), term);
    if (!lr) lr = json_get(json_get(out, "p"), term);                      /* linear: Student's t */
    if (lr) t.p = json_number(lr);
    else if (t.se > 0) t.p = normal_two_sided_p(t.coef / t.se);
    const bool ratio = *t.measure != '\0';
    t.ratio = ratio ? exp(t.coef) : NAN;
    t.lower95 = ratio ? exp(limits[0]) : limits[0];
    t.upper95 = ratio ? exp(limits[1]) : limits[1];
    return t;
}

static Rc list_terms(TermRow **out, size_t *n, const Json *document, const char *method, Arena *a, Err *e)
{
    const Json *coef = json_get(document, "coef");
    const char *analysis = json_text(json_get(document, "analysis"));      /* what an imputation pooled */
    if (analysis) method = analysis;
    *n = 0;
    *out = ARENA_NEW(a, (json_type(coef) == JSON_OBJECT ? json_size(coef) : 0) + 1, TermRow);
    if (!*out) return err_nomem(e);
    for (const Json *x = json_type(coef) == JSON_OBJECT ? json_first(coef) : NULL; x; x = json_next(x)) (*out)[(*n)++] = term_row(document, method, x);
    return OK;
}

/* ---- rows */

static bool is_missing(const FrameColumn *c, size_t row) { return c && (c->is_text ? c->text[row] == NULL : isnan(c->num[row])); }

static const char *missing_reason(const ModelColumns *c, const Frame *f, size_t row, Arena *a)
{
    Str text = { 0 };
    for (size_t i = 0; i < c->n_formula; i++)
        if (is_missing(frame_column(f, c->name[i]), row)) str_appendf(&text, "%s%s", text.len ? ", " : "missing: ", c->name[i]);
    const char *reason = arena_strdup(a, text.len ? text.s : "missing value of a term");
    str_free(&text);
    return reason;
}

/* Who of the frame has no complete row: the design itself tells, because a term may make a value of a missing one. */
static Rc add_incomplete(ModelRow **rows, size_t *n, const ModelColumns *c, const ModelFrame *f, const StatCall *call, Arena *a, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    Json *ignored = json_object();
    const FrameColumn *id = frame_column(&f->frame, "patient");
    const DesignWish wish = { .kind = c->survival ? FORMULA_SURVIVAL : FORMULA_RESPONSE, .codes = true, .no_intercept = c->survival, .keep_zero_weight = true };
    unsigned char *in = ARENA_NEW(a, f->frame.rows + 1, unsigned char);
    ModelRow *list = ARENA_NEW(a, f->n_out + f->frame.rows + 1, ModelRow);
    StatCall outcome = *call;
    if (strcmp(c->method->name, "impute") == 0) {          /* a covariate that is missing is filled in, an outcome is not */
        const char *tilde = strchr(call->formula, '~');
        outcome.formula = tilde ? arena_printf(a, "%.*s ~ 1", (int)(tilde - call->formula), call->formula) : call->formula;
        call = &outcome;
    }
    if (!in || !list || !call->formula) { rc = err_nomem(e); goto out; }
    if (f->n_out) memcpy(list, f->out, f->n_out * sizeof *list);
    *n = f->n_out;
    if (design_build(&d, ignored, call, &wish, NULL) == OK) {
        for (size_t i = 0; i < d.n; i++) in[d.row[i]] = 1;
        for (size_t i = 0; i < f->frame.rows; i++) {
            if (in[i]) continue;
            const char *reason = missing_reason(c, &f->frame, i, a);
            if (!reason) { rc = err_nomem(e); goto out; }
            list[(*n)++] = (ModelRow){ id->text[i], reason };
        }
    }
    *rows = list;
out:
    design_free(&d);
    json_free(ignored);
    return rc;
}

static Rc count_left_out(ModelOutcome *m, const ModelRow *row, size_t n, Arena *a, Err *e)
{
    m->left_out = ARENA_NEW(a, n + 1, LeftOut);
    if (!m->left_out) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < m->n_left_out && strcmp(m->left_out[k].reason, row[i].reason) != 0) k++;
        if (k == m->n_left_out) {
            m->left_out[k].reason = arena_strdup(a, row[i].reason);
            if (!m->left_out[k].reason) return err_nomem(e);
            m->n_left_out++;
        }
        m->left_out[k].n++;
    }
    return OK;
}

/* ---- one model */

static Rc list_columns(ModelColumn **out, size_t *n, const ModelColumns *c, const VariableSpace *s, Arena *a, Err *e)
{
    *n = 0;
    *out = ARENA_NEW(a, 2 * c->n + 1, ModelColumn);
    if (!*out) return err_nomem(e);
    for (size_t i = 0; i < c->n; i++) {
        const Variable *v = &c->variable[i];
        if (!c->is_variable[i]) { (*out)[(*n)++] = (ModelColumn){ c->name[i], NULL, NULL }; continue; }
        (*out)[(*n)++] = (ModelColumn){ c->name[i], v->tracer, s->timepoint[v->from] };
        if (v->to >= 0) (*out)[(*n)++] = (ModelColumn){ c->name[i], v->tracer, s->timepoint[v->to] };
    }
    return OK;
}

static bool can_predict(const char *method)
{
    static const char *const methods[] = { "cox", "logistic", "elasticnet", "survreg", "ordinal", "finegray" };
    for (size_t k = 0; k < sizeof methods / sizeof *methods; k++) if (strcmp(method, methods[k]) == 0) return true;
    return false;
}

/* The same terms fitted to the competing events, for the cumulative incidence. */
static Rc fit_competing(Json *document, const ModelColumns *c, const ModelFrame *f, StatCall call, Err *e)
{
    Json *other = NULL;
    Err why = { 0 };
    /* Cumulative incidences come from Cox models of each cause; parametric ones are not put together. */
    if (!f->competing.rows || !can_predict(c->method->name) || strcmp(c->method->name, "survreg") == 0) return OK;
    call.data = &f->competing;
    Rc rc = method_call(&other, c->method, &call, &why);
    const Json *fit = rc == OK ? json_get(other, "fit") : NULL;
    if (fit) json_push(json_set(document, "competing", json_array()), json_copy(fit));
    else json_set_text(document, "competing_reason", why.text);
    json_free(other);
    return rc == OK || rc == ERR_ESTIMATE || rc == ERR_INPUT ? OK : err_set(e, rc, "%s", why.text);
}

static Rc refuse(Job *j, ModelOutcome *m, const char *why)
{
    Rc rc = OK;
    bool news = false;
    m->state = MODEL_REFUSED;
    m->why = arena_strdup(&j->out->arena, why);
    if (!m->why) return err_nomem(j->e);
    TRY(db_begin(j->db, j->e));
    TRY(db_reject(&news, j->db, j->run_id, &(Verdict){ .kind = SUBJECT_MODEL, .subject = m->name, .file = "study.json", .reason = m->why }, j->e));
    TRY(db_commit(j->db, j->e));
    j->out->changed |= news;
out:
    if (rc != OK) db_rollback(j->db);
    return rc;
}

/* Predictions of a stored model for every patient. Inside the caller's transaction. */
static Rc store_predictions(Job *j, const char *name, Arena *a)
{
    Rc rc = OK;
    StoredModels stored = { 0 };
    PredictionRow *row = NULL;
    size_t n = 0;
    ModelDocument d;
    TRY(db_models_load(&stored, j->db, name, j->e));
    const StoredModel *m = stored.n == 1 ? &stored.model[0] : NULL;
    if (m && m->estimated && model_document(&d, m->fit, name, NULL) == OK) {
        const double horizon = predict_horizon(&d, &j->t->protocol);
        if (!isnan(horizon)) TRY(predict_patients(&row, &n, m, NULL, j->space, j->db, &(PredictWish){ .horizon = horizon, .conf = .95 }, a, j->e));
    }
    TRY(db_predictions_store(j->db, name, row, n, j->e));
out:
    stored_models_free(&stored);
    return rc;
}

static Rc store(Job *j, const ModelSpec *spec, const ModelColumns *c, ModelOutcome *m, const ModelRow *rows, size_t n_rows,
                const char *settings, const char *inputs, Arena *a)
{
    Rc rc = OK;
    const Protocol *p = &j->t->protocol;
    ModelColumn *column = NULL;
    char landmark[NUMBER_TEXT_MAX];
    ModelRecord r = { .name = spec->name, .method = spec->method, .formula = spec->formula, .endpoint = c->endpoint ? c->endpoint->name : NULL,
                      .position = (int)(spec - p->model) + 1, .settings_sha = settings, .inputs_sha = inputs, .estimated = m->state == MODEL_FITTED,
                      .n = (double)m->rows, .nevent = m->nevent, .fit = m->document, .diagnosis = json_get(m->document, "diagnosis"), .row = rows,
                      .n_rows = n_rows };
    if (spec->landmark == LANDMARK_TIMEPOINT) r.landmark = p->timepoint[spec->landmark_timepoint];
    if (spec->landmark == LANDMARK_DAYS) r.landmark = number_write_short(landmark, spec->landmark_days);
    TRY(list_columns(&column, &r.n_columns, c, j->space, a, j->e));
    r.term = m->term;
    r.n_terms = m->n_terms;
    r.column = column;
    TRY(db_begin(j->db, j->e));
    TRY(db_model_store(j->db, j->run_id, &r, j->e));
    TRY(store_predictions(j, spec->name, a));
    TRY(db_commit(j->db, j->e));
out:
    if (rc != OK) db_rollback(j->db);
    return rc;
}

/* A fit that is still good is told as it was; its predictions follow the board's horizon. */
static Rc take_current(Job *j, ModelOutcome *m, Arena *a)
{
    Rc rc = OK;
    StoredModels stored = { 0 };
    ModelRow *row = NULL;
    size_t n = 0;
    TRY(db_models_load(&stored, j->db, m->name, j->e));
    if (stored.n != 1) { rc = err_set(j->e, ERR_DB, "model %s is not where it was stored", m->name); goto out; }
    m->state = stored.model[0].estimated ? MODEL_CURRENT : MODEL_NOT_ESTIMATED;
    m->document = json_copy(stored.model[0].fit);
    m->rows = (size_t)(isnan(stored.model[0].n) ? 0 : stored.model[0].n);
    m->nevent = stored.model[0].nevent;
    TRY(list_terms(&m->term, &m->n_terms, m->document, stored.model[0].method, &j->out->arena, j->e));
    if (m->state == MODEL_NOT_ESTIMATED) {
        const char *message = json_text(json_get(json_at(stored.model[0].diagnosis, 0), "message"));
        m->why = arena_strdup(&j->out->arena, message ? message : "could not be estimated");
    }
    TRY(db_model_rows_load(&row, &n, j->db, m->name, a, j->e));
    TRY(count_left_out(m, row, n, &j->out->arena, j->e));
    TRY(db_begin(j->db, j->e));
    TRY(store_predictions(j, m->name, a));
    TRY(db_commit(j->db, j->e));
out:
    if (rc != OK) db_rollback(j->db);
    stored_models_free(&stored);
    return rc;
}

static double events_of(const Json *document)
{
    const Json *n = json_get(document, "nevent");
    return json_type(n) == JSON_NUMBER ? json_number(n) : NAN;
}

static Rc is_current(bool *current, Job *j, const char *name, const char *settings, const char *inputs)
{
    Rc rc = OK;
    *current = false;
    if (j->force) return OK;
    TRY(db_begin(j->db, j->e));
    TRY(db_model_confirm(current, j->db, j->run_id, name, settings, inputs, j->e));
    TRY(db_commit(j->db, j->e));
out:
    if (rc != OK) db_rollback(j->db);
    return rc;
}

static Rc fit_model(Job *j, const ModelSpec *spec, ModelOutcome *m)
{
    Rc rc = OK;
    Arena a = { 0 };
    ModelColumns c = { 0 };
    ModelFrame f = { 0 };
    Err why = { 0 };
    char settings[HASH_TEXT], inputs[HASH_TEXT];
    bool current = false;

    m->name = spec->name;
    m->nevent = NAN;
    TRY(model_columns(&c, spec, &j->t->protocol, j->space, &j->t->clinical.frame, &a, j->e));
    if (model_time_rules(&c, spec, &j->t->protocol, &why) != OK) { rc = refuse(j, m, why.text); goto out; }
    rc = model_frame(&f, spec, &c, &j->t->protocol, j->space, j->db, &why);
    if (rc == ERR_INPUT || rc == ERR_USAGE) { rc = refuse(j, m, why.text); goto out; }
    if (rc != OK) { if (j->e) *j->e = why; goto out; }
    m->patients = f.patients;
    TRY(model_settings_digest(settings, &j->t->protocol, spec, j->e));
    frame_digest(inputs, &f.frame);
    TRY(is_current(&current, j, spec->name, settings, inputs));
    if (current) { rc = take_current(j, m, &a); goto out; }

    if (can_predict(spec->method)) json_set_bool(f.options, "keep_fit", true);
    StatCall call = { .formula = spec->formula, .data = &f.frame, .options = f.options, .threads = j->threads };
    rc = method_call(&m->document, c.method, &call, &why);
    if (rc == ERR_INPUT || rc == ERR_USAGE) {
        Err line = { 0 };
        err_set(&line, ERR_INPUT, "study.json: models.%.100s: %s", spec->name, why.text);
        rc = refuse(j, m, line.text);
        goto out;
    }
    if (rc != OK && rc != ERR_ESTIMATE) { if (j->e) *j->e = why; goto out; }
    j->out->changed = true;
    m->state = rc == OK ? MODEL_FITTED : MODEL_NOT_ESTIMATED;
    if (rc == ERR_ESTIMATE && !(m->why = arena_strdup(&j->out->arena, why.text))) { rc = err_nomem(j->e); goto out; }
    m->nevent = events_of(m->document);
    const bool has_cause = c.survival && c.endpoint->has_cause && (c.event || f.competing.rows > 0);
    TRY(model_describe(m->document, spec, c.endpoint, c.survival, has_cause, f.competing.rows > 0, &j->t->protocol, j->e));
    TRY(list_terms(&m->term, &m->n_terms, m->document, spec->method, &j->out->arena, j->e));
    if (m->state == MODEL_FITTED) TRY(fit_competing(m->document, &c, &f, call, j->e));
    ModelRow *rows = NULL;
    size_t n_rows = 0;
    TRY(add_incomplete(&rows, &n_rows, &c, &f, &call, &a, j->e));
    m->rows = f.patients - n_rows;
    TRY(count_left_out(m, rows, n_rows, &j->out->arena, j->e));
    TRY(store(j, spec, &c, m, rows, n_rows, settings, inputs, &a));
out:
    model_frame_free(&f);
    arena_free(&a);
    return rc;
}

static bool wanted(const char *const *only, const char *name)
{
    for (const char *const *x = only; x && *x; x++) if (strcmp(*x, name) == 0) return true;
    return only == NULL;
}

static Rc check_names(const Protocol *p, const char *const *only, Err *e)
{
    for (const char *const *x = only; x && *x; x++) {
        if (protocol_model(p, *x)) continue;
        Arena a = { 0 };
        const char **names = ARENA_NEW(&a, p->n_models + 1, const char *);
        for (size_t i = 0; names && i < p->n_models; i++) names[i] = p->model[i].name;
        const char *near = names ? text_nearest(*x, names, p->n_models) : NULL;
        const Rc rc = err_set(e, ERR_USAGE, "fit: study.json has no model %s%s%s", *x, near ? ", perhaps " : "", near ? near : "");
        arena_free(&a);
        return rc;
    }
    return OK;
}

static Rc forget_removed(Job *j)
{
    Rc rc = OK;
    const Protocol *p = &j->t->protocol;
    const char **names = ARENA_NEW(&j->out->arena, p->n_models + 1, const char *);
    if (!names) return err_nomem(j->e);
    for (size_t i = 0; i < p->n_models; i++) names[i] = p->model[i].name;
    TRY(db_begin(j->db, j->e));
    TRY(db_models_keep(j->db, names, j->e));
    TRY(db_commit(j->db, j->e));
out:
    if (rc != OK) db_rollback(j->db);
    return rc;
}

Rc fit_study(FitResult *out, const StudyTables *t, Db *db, int64_t run_id, const char *const *only, bool force, int threads, const Progress *w, Err *e)
{
    Rc rc = OK;
    VariableSpace s = { 0 };
    FitResult r = { 0 };
    Job j = { &r, t, &s, db, run_id, threads, force, w, e };
    const Protocol *p = &t->protocol;

    TRY(check_names(p, only, e));
    TRY(variable_space(&s, p, &t->scans, e));
    r.model = ARENA_NEW(&r.arena, p->n_models + 1, ModelOutcome);
    if (!r.model) { rc = err_nomem(e); goto out; }
    if (!only) TRY(forget_removed(&j));
    progress_begin(w, "fit", p->n_models);
    for (size_t i = 0; i < p->n_models; i++) {
        if (!wanted(only, p->model[i].name)) continue;
        if (progress_interrupted(w)) { rc = err_set(e, ERR_INTERRUPTED, "interrupted; what was fitted is kept"); goto out; }
        TRY(fit_model(&j, &p->model[i], &r.model[r.n++]));
        progress_step(w, i + 1, p->model[i].name);
    }
    *out = r;
    r = (FitResult){ 0 };
out:
    progress_end(w);
    fit_result_free(&r);
    variable_space_free(&s);
    return rc;
}

void fit_result_free(FitResult *r)
{
    for (size_t i = 0; i < r->n; i++) json_free(r->model[i].document);
    arena_free(&r->arena);
    *r = (FitResult){ 0 };
}
