/* cli/cmd_predict.c: reox predict STUDY --model M: absolute risk or probability of response, with its interval. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/study_run.h"
#include "core/file.h"
#include "core/limits.h"
#include "study/model_file.h"
#include "study/predict.h"
#include "study/variables.h"

typedef struct {
    StudyRun run;
    Arena arena;
    StoredModels stored;
    const StoredModel *model;
    Json *file;                    /* of a model file; NULL when the database's is used */
    ModelDocument document;
    const char *name;
    PredictWish wish;
    PredictionRow *row;
    size_t n;
} PredictRun;

/* The model that was fitted here, or a file that `export` made. */
static Rc load_model(PredictRun *x, Err *e)
{
    Rc rc = OK;
    const char *name = cli_text(x->run.command, "model");
    const size_t n = strlen(name);
    x->name = name;
    if (n > 5 && strcmp(name + n - 5, ".json") == 0 && !protocol_model(&x->run.tables.protocol, name)) {
        TRY(model_file_read(&x->file, name, e));
        TRY(model_document(&x->document, x->file, name, e));
        if (x->document.name) x->name = x->document.name;
        goto out;
    }
    const Protocol *p = &x->run.tables.protocol;
    if (!protocol_model(p, name)) {
        const char **names = ARENA_NEW(&x->arena, p->n_models + 1, const char *);
        for (size_t i = 0; names && i < p->n_models; i++) names[i] = p->model[i].name;
        const char *near = names ? text_nearest(name, names, p->n_models) : NULL;
        rc = err_set(e, ERR_USAGE, "predict: study.json has no model %s%s%s", name, near ? ", perhaps " : "", near ? near : "");
        goto out;
    }
    TRY(db_models_load(&x->stored, x->run.db, name, e));
    if (x->stored.n != 1) { rc = err_set(e, ERR_INPUT, "model %s: is not fitted, or was refused; expected reox fit before", name); goto out; }
    x->model = &x->stored.model[0];
    if (!x->model->estimated) { rc = err_set(e, ERR_ESTIMATE, "model %s: could not be estimated, so it predicts nothing", name); goto out; }
    if (x->model->stale) progress_warn(cli_progress(x->run.command), "model %s: is stale, its data changed since; reox fit renews it", name);
    TRY(model_document(&x->document, x->model->fit, name, e));
out:
    return rc;
}

/* --horizon, else that of the model's file, else the board's, in the unit of the model. */
static Rc choose_horizon(PredictRun *x, Err *e)
{
    const CommandLine *c = x->run.command;
    const Protocol *p = &x->run.tables.protocol;
    double horizon = x->file ? json_number(json_get(x->file, "horizon")) : NAN;
    if (isnan(horizon)) {
        TimeUnit unit;
        const Endpoint *board = p->board_endpoint ? protocol_endpoint(p, p->board_endpoint) : NULL;
        horizon = predict_horizon(&x->document, p);
        if (board && x->document.time_unit && time_unit_parse(&unit, x->document.time_unit)) horizon *= time_unit_days(board->unit) / time_unit_days(unit);
    }
    x->wish.horizon = cli_given(c, "horizon") ? cli_number(c, "horizon", NAN) : horizon;
    if (!x->document.survival) {
        if (cli_given(c, "horizon")) return err_set(e, ERR_USAGE, "predict: model %s gives a probability of response, --horizon has no meaning", x->name);
        return OK;
    }
    if (isnan(x->wish.horizon)) return err_set(e, ERR_USAGE, "predict: model %s needs --horizon, a time in %s from the model's clock", x->name,
                                          x->document.time_unit ? x->document.time_unit : "the endpoint's unit");
    if (!(x->wish.horizon > 0)) return err_set(e, ERR_USAGE, "predict: --horizon is %g, expected a time above 0", x->wish.horizon);
    return OK;
}

static Rc predict(PredictRun *x, Err *e)
{
    Rc rc = OK;
    Frame rows = { 0 };
    VariableSpace s = { 0 };
    const CommandLine *c = x->run.command;
    const char *patient = cli_text(c, "patient"), *newdata = cli_text(c, "newdata");
    if (patient && newdata) return err_set(e, ERR_USAGE, "predict: --patient and --newdata exclude each other");
    TRY(load_model(x, e));
    TRY(choose_horizon(x, e));
    if (!fit_group_parse(&x->wish.group, cli_text(c, "group")))
        return err_set(e, ERR_USAGE, "predict: --group is '%s', expected typical, average or own", cli_text(c, "group"));
    x->wish.conf = .95;
    if (newdata) {
        TRY(predict_newdata(&rows, newdata, &x->run.tables.protocol, e));
        TRY(predict_rows(&x->row, &x->n, x->file ? x->file : x->model->fit, newdata, &rows, &x->wish, &x->arena, e));
        for (size_t i = 0; i < x->n; i++) x->row[i].patient = arena_strdup(&x->arena, x->row[i].patient);
        goto out;
    }
    if (x->file) {
        TRY(model_file_predict(&x->row, &x->n, x->file, cli_text(c, "model"), patient, &x->run.tables, x->run.db, &x->wish, &x->arena, e));
        goto out;
    }
    TRY(variable_space(&s, &x->run.tables.protocol, &x->run.tables.scans, e));
    TRY(predict_patients(&x->row, &x->n, x->model, patient, &s, x->run.db, &x->wish, &x->arena, e));
out:
    frame_free(&rows);
    variable_space_free(&s);
    return rc;
}

static Json *result_json(const PredictRun *x)
{
    Json *j = json_object();
    json_set_text(j, "schema", "reox.predict/1");
    json_set_text(j, "model", x->name);
    json_set(j, "endpoint", json_from_text(x->document.endpoint));
    json_set_text(j, "measure", x->document.measure);
    json_set(j, "horizon", x->document.survival ? json_from_number(x->wish.horizon) : json_null());
    json_set(j, "time_unit", json_from_text(x->document.time_unit));
    json_set(j, "landmark", json_copy(json_get(json_get(x->file ? x->file : x->model->fit, "model"), "landmark")));
    json_set(j, "group", json_get(x->document.fit, "frailty") ? json_from_text(fit_group_name(x->wish.group)) : json_null());
    json_set_number(j, "conf", 0.95);
    Json *list = json_set(j, "predictions", json_array());
    for (size_t i = 0; i < x->n; i++) {
        const PredictionRow *r = &x->row[i];
        Json *row = json_push(list, json_object());
        json_set_text(row, "patient", r->patient);
        if (x->document.n_levels) json_set_text(row, "level", x->document.level[i % x->document.n_levels]);
        json_set_number(row, "value", r->value);
        json_set_number(row, "lower95", r->lower95);
        json_set_number(row, "upper95", r->upper95);
        json_set_text(row, "status", isnan(r->value) ? "undefined" : "ok");
        json_set_bool(row, "in_range", r->in_range);
        json_set(row, "note", json_from_text(r->note));
    }
    return j;
}

static const char *measure_words(const PredictRun *x)
{
    if (x->document.n_levels) return "probability of each level";
    if (!x->document.survival) return "probability of response";
    return x->document.has_cause ? "cumulative incidence of the event" : "risk of the event";
}

static Rc print(const PredictRun *x, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    str_appendf(&text, "%s: %s", x->name, measure_words(x));
    if (x->document.survival) {
        str_appendf(&text, " within %g %s", x->wish.horizon, x->document.time_unit ? x->document.time_unit : "");
        const Json *landmark = json_get(json_get(x->file ? x->file : x->model->fit, "model"), "landmark");
        if (json_text(landmark)) str_appendf(&text, " of the patient's %s scan", json_text(landmark));
        if (json_type(landmark) == JSON_NUMBER) str_appendf(&text, " of day %g", json_number(landmark));
    }
    if (json_get(x->document.fit, "frailty"))
        str_append(&text, x->wish.group == GROUP_OWN ? ", with the frailty of the own group"
                          : x->wish.group == GROUP_AVERAGE ? ", over all groups" : ", in a group of frailty 1");
    str_append(&text, ", 95 % interval\n");
    for (size_t i = 0; i < x->n; i++) {
        const PredictionRow *r = &x->row[i];
        str_appendf(&text, "  %-16s ", r->patient);
        if (x->document.n_levels) str_appendf(&text, "%-16s ", x->document.level[i % x->document.n_levels]);
        if (isnan(r->value)) str_appendf(&text, "no value: %s\n", r->note ? r->note : "");
        else if (isnan(r->lower95)) str_appendf(&text, "%5.1f %%%s%s\n", 100 * r->value, r->note ? "  ! " : "", r->note ? r->note : "");
        else
            str_appendf(&text, "%5.1f %% (%.1f to %.1f)%s%s\n", 100 * r->value, 100 * r->lower95, 100 * r->upper95, r->note ? "  ! " : "",
                        r->note ? r->note : "");
    }
    TRY(str_check(&text, e));
    TRY(cli_print(text.s, e));
out:
    str_free(&text);
    return rc;
}

static ExitCode run(const CommandLine *c)
{
    PredictRun x = { 0 };
    Err e = { 0 };
    if (!cli_text(c, "model")) {
        err_set(&e, ERR_USAGE, "predict: --model is missing, expected the name of a model of study.json or the file of one");
        return cli_fail(&e);
    }
    if (study_run_begin(&x.run, c, "predict", DB_READ) && study_run_check(&x.run, predict(&x, &e), &e)) {
        if (cli_json(c)) {
            Json *j = result_json(&x);
            study_run_check(&x.run, cli_print_json(j, &e), &e);
            json_free(j);
        } else {
            study_run_check(&x.run, print(&x, &e), &e);
        }
    }
    stored_models_free(&x.stored);
    json_free(x.file);
    arena_free(&x.arena);
    return study_run_end(&x.run);
}

static const CliOption options[] = {
    { "model", CLI_TEXT, "M", "a model of study.json, or the file of one", false },
    { "patient", CLI_TEXT, "ID", "one patient of the study (default: all)", false },
    { "newdata", CLI_TEXT, "F.csv", "rows of a table instead: the model's columns, and patient where there is one", false },
    { "horizon", CLI_NUMBER, "T", "time in the model's unit from its clock (default: that of its file, else board.horizon)", false },
    { "group", CLI_TEXT, "typical|average|own", "of a model with frailties: frailty 1, the mean over all groups that there could be, or the own group's", false },
    { NULL, CLI_FLAG, NULL, NULL, false }
};

const Command command_predict = {
    .name = "predict",
    .synopsis = "STUDY --model M [--patient ID | --newdata F.csv] [--horizon T] [--group G]",
    .summary = "absolute risk or probability of response with interval, for patients that the model has not seen too",
    .details = "reox predict STUDY --model os_pre --patient P017 --horizon 24\n"
               "reox predict STUDY --model resp --newdata new.csv --json\n\n"
               "Of an ordinal model it is the probability of each level. With competing events it is the cumulative incidence; with tt() the effect "
               "is taken at each time. A covariate outside the range of the model's data is said beside the number.\n"
               "Research use only.",
    .options = options,
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
