/* study/model_file.c: a fitted model as a file for others. */
#include "study/model_file.h"

#include <math.h>
#include <string.h>

#include "core/hash.h"
#include "core/version.h"
#include "stats/predict.h"
#include "stats/refit.h"
#include "study/model_columns.h"
#include "study/model_definitions.h"
#include "study/model_frame.h"
#include "study/predict.h"

enum { RESAMPLES = 200 };

static void copy_key(Json *to, const Json *from, const char *key)
{
    if (json_get(from, key)) json_set(to, key, json_copy(json_get(from, key)));
}

/* Whether method validate fits the very model: Efron's or the plain likelihood of columns that the rows do not choose. It is faster. */
static bool is_plain(const ModelSpec *spec, const Json *fit)
{
    static const char *const more[] = { "lambda1", "lambda2", "weights", "cluster" };
    if (strcmp(spec->method, "cox") != 0 && strcmp(spec->method, "logistic") != 0) return false;
    const char *penalty = json_text(json_get(spec->options, "penalty")), *ties = json_text(json_get(fit, "ties"));
    if (penalty && strcmp(penalty, "none") != 0) return false;
    if (ties && strcmp(ties, "efron") != 0) return false;
    if (json_size(json_get(fit, "strata")) || json_size(json_get(fit, "offsets")) || json_get(fit, "frailty") || json_get(fit, "tt")) return false;
    for (size_t k = 0; k < sizeof more / sizeof *more; k++) if (json_get(spec->options, more[k])) return false;
    /* What a resample decides anew are knots alone: fp() and pspline() are refitted whole. */
    return !strstr(spec->formula, "fp(") && !strstr(spec->formula, "pspline(");
}

/* Apparent performance and what bootstrap optimism leaves of it, everything that the data decided decided anew in each resample. What
 * cannot be judged so says why. */
static Rc add_performance(Json *out, const ModelSpec *spec, const ModelDocument *d, double horizon, const StudyTables *t, const VariableSpace *s, Db *db,
                          Arena *a, Err *e)
{
    static const char *const keys[] = { "apparent", "optimism", "corrected", "resamples", "resamples_used", "calibration_curve_corrected" };
    Rc rc = OK;
    ModelColumns c = { 0 };
    ModelFrame f = { 0 };
    Err why = { 0 };
    Json *options = NULL, *result = NULL, *o = json_set(out, "performance", json_object());
    if (d->n_levels) { json_set_text(o, "reason", "the optimism of the probabilities of several levels is not resampled"); goto out; }
    TRY(model_columns(&c, spec, &t->protocol, s, &t->clinical.frame, a, e));
    TRY(model_frame(&f, spec, &c, &t->protocol, s, db, e));
    if (is_plain(spec, d->fit)) {
        options = json_object();
        json_set_number(options, "bootstrap", RESAMPLES);
        json_set_number(options, "seed", 1);
        copy_key(options, f.options, "levels");
        if (d->survival && !d->has_cause && !isnan(horizon)) json_set_numbers(options, "times", &horizon, 1);
        StatCall call = { .formula = spec->formula, .data = &f.frame, .options = options, .threads = 1 };
        rc = method_call(&result, method_by_name("validate"), &call, &why);
    } else {
        StatCall call = { .formula = spec->formula, .data = &f.frame, .options = f.options, .threads = 1 };
        result = json_object();
        rc = refit_validate(result, c.method, &call, &(RefitWish){ RESAMPLES, 1, d->survival ? horizon : NAN,
                                                                        d->has_cause && !d->subdistribution }, &why);
    }
    if (rc == OK) {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) copy_key(o, result, keys[k]);
        json_set_number(o, "seed", 1);
        if (json_text(json_get(spec->options, "step"))) json_set_text(o, "note", "of the model with all terms, which is the one that predicts; step "
                                                                                 "only tells what a search would remove");
    } else if (rc == ERR_ESTIMATE || rc == ERR_USAGE || rc == ERR_INPUT) {
        json_set_text(o, "reason", why.text);
        rc = OK;
    } else {
        if (e) *e = why;
    }
out:
    json_free(options);
    json_free(result);
    model_frame_free(&f);
    return rc;
}

/* Of everything but the digest itself. */
static Rc digest(char out[HASH_TEXT], const Json *file, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    Json *rest = json_copy(file);
    if (!rest) return err_nomem(e);
    json_remove(rest, "sha256");
    TRY(json_print_canonical(&text, rest, e));
    sha256_of(out, str_text(&text), text.len);
out:
    json_free(rest);
    str_free(&text);
    return rc;
}

Rc model_file_read(Json **out, const char *path, Err *e)
{
    static const char *const known[] = { "schema", "model", "fit", "competing", "program", "disclaimer", "study", "horizon", "subset", "exclude", "definitions",
                                         "performance", "sha256", NULL };
    static const char *const known_model[] = { "name", "method", "formula", "endpoint", "time_unit", "landmark", "has_cause", "has_competing", "kind", NULL };
    Rc rc = OK;
    Json *file = NULL;
    ModelDocument d;
    const char *schema = NULL, *told = NULL;
    char own[HASH_TEXT];
    TRY(json_read(&file, path, path, e));
    if (json_type(file) != JSON_OBJECT) { rc = err_set(e, ERR_INPUT, "%s: is %s, expected a model of reox", path, json_type_name(file)); goto out; }
    TRY(json_want_text(&schema, file, "schema", path, e));
    if (!schema || strcmp(schema, "reox.model/1") != 0) {
        rc = err_set(e, ERR_INPUT, "%s: schema is '%s', expected 'reox.model/1', a file that reox export --model writes", path, schema ? schema : "missing");
        goto out;
    }
    TRY(json_refuse_unknown(file, known, path, e));
    TRY(model_document(&d, file, path, e));
    TRY(json_refuse_unknown(json_get(file, "model"), known_model, path, e));
    TRY(json_want_text(&told, file, "sha256", path, e));
    TRY(digest(own, file, e));
    if (!told || strcmp(told, own) != 0) {
        rc = err_set(e, ERR_INPUT, "%s: %s, so it is not what was exported", path, told ? "its content does not have its sha256" : "the sha256 is missing");
        goto out;
    }
    *out = file;
    file = NULL;
out:
    json_free(file);
    return rc;
}

Rc model_file(Json **out, const StoredModel *m, bool groups, const StudyTables *t, Db *db, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    VariableSpace s = { 0 };
    ModelDocument d;
    const char *const *columns = NULL;
    Json *file = NULL, *definitions = NULL;
    const ModelSpec *spec = protocol_model(&t->protocol, m->name);

    if (!spec) return err_set(e, ERR_USAGE, "study.json has no model %s", m->name);
    TRY(model_export(&file, m->fit, groups, m->name, e));
    TRY(model_document(&d, m->fit, m->name, e));
    TRY(variable_space_stored(&s, &t->protocol, db, e));
    TRY(fit_columns(&columns, d.fit, groups ? GROUP_OWN : GROUP_TYPICAL, &a, e));
    json_set_text(file, "program", "reox " REOX_VERSION);
    json_set_text(file, "disclaimer", REOX_DISCLAIMER);
    json_set(file, "study", json_from_text(t->protocol.name));
    const double horizon = predict_horizon(&d, &t->protocol);
    json_set_number(file, "horizon", d.survival ? horizon : NAN);
    json_set(file, "subset", json_from_text(json_text(json_get(spec->options, "subset"))));
    Json *exclude = json_set(file, "exclude", json_array());
    for (size_t k = 0; k < t->protocol.n_exclude; k++) {
        Json *o = json_push(exclude, json_object());
        json_set_text(o, "if", t->protocol.exclude[k].expression);
        json_set_text(o, "reason", t->protocol.exclude[k].reason);
    }
    TRY(model_definitions(&definitions, columns, &t->protocol, &s, db, e));
    json_set(file, "definitions", definitions);
    TRY(add_performance(file, spec, &d, horizon, t, &s, db, &a, e));
    char sha256[HASH_TEXT];
    TRY(digest(sha256, file, e));
    json_set_text(file, "sha256", sha256);
    *out = file;
    file = NULL;
out:
    json_free(file);
    variable_space_free(&s);
    arena_free(&a);
    return rc;
}

static Rc take_landmark(ModelSpec *spec, const Json *model, const Protocol *p, const char *path, Err *e)
{
    const Json *j = json_get(model, "landmark");
    if (json_type(j) == JSON_NUMBER) {
        spec->landmark = LANDMARK_DAYS;
        spec->landmark_days = json_number(j);
    } else if (json_text(j)) {
        spec->landmark = LANDMARK_TIMEPOINT;
        spec->landmark_timepoint = protocol_timepoint(p, json_text(j));
        if (spec->landmark_timepoint < 0)
            return err_set(e, ERR_INPUT, "%s: the model's clock starts at the scan '%s', which is none of study.json's timepoints", path, json_text(j));
    }
    return OK;
}

Rc model_file_spec(ModelSpec *spec, const Json *file, const Endpoint *endpoint, const Protocol *p, const char *path, Arena *a, Err *e)
{
    const Json *model = json_get(file, "model"), *fit = json_get(file, "fit");
    const char *name = json_text(json_get(model, "name")), *formula = json_text(json_get(fit, "formula")), *right = formula ? strchr(formula, '~') : NULL;
    const char *subset = json_text(json_get(file, "subset"));
    const bool survival = endpoint->time != NULL;
    if (!right) return err_set(e, ERR_INPUT, "%s: fit.formula is no formula", path);
    *spec = (ModelSpec){ .name = arena_strdup(a, name ? name : "model"), .method = arena_strdup(a, survival ? "cox" : "logistic"),
                         .formula = survival ? arena_printf(a, "Surv(%s, %s) %s", endpoint->time, endpoint->event, right)
                                             : arena_printf(a, "%s %s", endpoint->column, right),
                         .allow_immortal_time = true,      /* the clock is the model's, whatever this study would choose */
                         .options = json_object() };
    if (!spec->name || !spec->method || !spec->formula || !spec->options) return err_nomem(e);
    if (subset) json_set_text(spec->options, "subset", subset);
    return take_landmark(spec, model, p, path, e);
}

/* Who had the event before the model's clock began: known where this study has the model's endpoint. */
static Rc before_the_clock(PredictionRow *row, size_t n, const Json *file, const ModelDocument *d, const char *path, const StudyTables *t,
                           const VariableSpace *s, Db *db, Arena *a, Err *e)
{
    Rc rc = OK;
    ModelSpec spec = { 0 };
    ModelColumns c = { 0 };
    ModelFrame f = { 0 };
    const Protocol *p = &t->protocol;
    const Endpoint *endpoint = d->endpoint ? protocol_endpoint(p, d->endpoint) : NULL;
    if (json_type(json_get(json_get(file, "model"), "landmark")) == JSON_NULL || !endpoint || d->survival != (endpoint->time != NULL)) return OK;
    TRY(model_file_spec(&spec, file, endpoint, p, path, a, e));
    json_remove(spec.options, "subset");
    TRY(model_columns(&c, &spec, p, s, &t->clinical.frame, a, e));
    TRY(model_frame(&f, &spec, &c, p, s, db, e));
    for (size_t k = 0; k < f.n_out; k++)
        for (size_t i = 0; i < n; i++)
            if (model_row_had_event(f.out[k].reason) && strcmp(f.out[k].patient, row[i].patient) == 0) {
                const char *reason = arena_strdup(a, f.out[k].reason);
                if (!reason) { rc = err_nomem(e); goto out; }
                predict_left_out(&row[i], reason, a);
            }
out:
    json_free(spec.options);
    model_frame_free(&f);
    return rc;
}

Rc model_file_predict(PredictionRow **out, size_t *n, const Json *file, const char *path, const char *only, const StudyTables *t, Db *db,
                      const PredictWish *w, Arena *a, Err *e)
{
    Rc rc = OK;
    VariableSpace s = { 0 };
    ModelDocument d;
    const char *const *columns = NULL;
    const StoredModel m = { .fit = (Json *)file };
    TRY(variable_space_stored(&s, &t->protocol, db, e));
    TRY(model_document(&d, file, path, e));
    TRY(fit_columns(&columns, d.fit, w->group, a, e));
    TRY(model_definitions_agree(json_get(file, "definitions"), columns, &t->protocol, &s, db, &t->clinical.frame, path, e));
    TRY(predict_patients(out, n, &m, only, &s, db, w, a, e));
    TRY(before_the_clock(*out, *n, file, &d, path, t, &s, db, a, e));
out:
    variable_space_free(&s);
    return rc;
}
