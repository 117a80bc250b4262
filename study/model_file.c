/* study/model_file.c: a fitted model as a file for others. */
#include "study/model_file.h"

#include <math.h>
#include <string.h>

#include "core/version.h"
#include "stats/predict.h"
#include "study/model_columns.h"
#include "study/model_definitions.h"
#include "study/model_frame.h"
#include "study/predict.h"

enum { RESAMPLES = 200 };

static void copy_key(Json *to, const Json *from, const char *key)
{
    if (json_get(from, key)) json_set(to, key, json_copy(json_get(from, key)));
}

/* What validate says of the same rows. Only plain models: what it does not take is said as the reason. */
static Rc add_performance(Json *out, const ModelSpec *spec, const ModelDocument *d, double horizon, const StudyTables *t, const VariableSpace *s, Db *db,
                          Arena *a, Err *e)
{
    Rc rc = OK;
    ModelColumns c = { 0 };
    ModelFrame f = { 0 };
    Err why = { 0 };
    Json *options = json_object(), *result = NULL, *o = json_set(out, "performance", json_object());
    const char *penalty = json_text(json_get(spec->options, "penalty"));
    if (penalty && strcmp(penalty, "none") != 0) {
        json_set_text(o, "reason", "the resampling that corrects for optimism fits without a penalty, this model has one");
        goto out;
    }
    TRY(model_columns(&c, spec, &t->protocol, s, &t->clinical.frame, a, e));
    TRY(model_frame(&f, spec, &c, &t->protocol, s, db, e));
    json_set_number(options, "bootstrap", RESAMPLES);
    json_set_number(options, "seed", 1);
    copy_key(options, f.options, "levels");
    copy_key(options, f.options, "weights");
    copy_key(options, f.options, "cluster");
    if (d->survival && !isnan(horizon) && !d->has_cause) json_set_numbers(options, "times", &horizon, 1);
    StatCall call = { .formula = spec->formula, .data = &f.frame, .options = options, .threads = 1 };
    rc = method_call(&result, method_by_name("validate"), &call, &why);
    if (rc == OK) {
        static const char *const keys[] = { "apparent", "optimism", "corrected", "resamples", "resamples_used", "calibration_curve_corrected" };
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) copy_key(o, result, keys[k]);
        json_set_number(o, "seed", 1);
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

Rc model_file(Json **out, const StoredModel *m, const StudyTables *t, Db *db, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    VariableSpace s = { 0 };
    ModelDocument d;
    const char *const *columns = NULL;
    Json *file = NULL, *definitions = NULL;
    const ModelSpec *spec = protocol_model(&t->protocol, m->name);

    if (!spec) return err_set(e, ERR_USAGE, "study.json has no model %s", m->name);
    TRY(model_export(&file, m->fit, m->name, e));
    TRY(model_document(&d, m->fit, m->name, e));
    TRY(variable_space_stored(&s, &t->protocol, db, e));
    TRY(fit_columns(&columns, d.fit, &a, e));
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
    *out = file;
    file = NULL;
out:
    json_free(file);
    variable_space_free(&s);
    arena_free(&a);
    return rc;
}
