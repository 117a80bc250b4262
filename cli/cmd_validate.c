/* cli/cmd_validate.c: reox validate STUDY --model F.json: a model that was made elsewhere, held against this cohort. */
#include <math.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/study_run.h"
#include "study/model_file.h"
#include "study/validate_study.h"

static void estimate(Str *text, const char *words, const Json *o, const char *key, double factor)
{
    char limits[64];
    const double x = json_number(json_get(o, key));
    if (isnan(x)) return;
    snprintf(limits, sizeof limits, "%s_ci95", key);
    const Json *l = json_get(o, limits);
    str_appendf(text, "  %-34s %.3g", words, factor * x);
    if (json_size(l) == 2 && json_type(json_at(l, 0)) == JSON_NUMBER)
        str_appendf(text, " (95 %% CI %.3g to %.3g)", factor * json_number(json_at(l, 0)), factor * json_number(json_at(l, 1)));
    str_append(text, "\n");
}

static Rc print(const Json *j, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    const Json *model = json_get(j, "model"), *d = json_get(j, "discrimination"), *c = json_get(j, "calibration"), *r = json_get(j, "recalibration");
    const double horizon = json_number(json_get(j, "horizon")), brier = json_number(json_get(json_get(j, "brier"), "model"));
    str_appendf(&text, "%s (%s) on endpoint %s: %.0f of %.0f patients, %.0f events\n", json_text(json_get(j, "file")), json_text(json_get(model, "formula")),
                json_text(json_get(j, "endpoint")), json_number(json_get(j, "n")), json_number(json_get(j, "patients")), json_number(json_get(j, "nevent")));
    for (const Json *x = json_first(json_get(j, "left_out")); x; x = json_next(x))
        str_appendf(&text, "  left out: %.0f (%s)\n", json_number(x), json_key(x));
    if (json_number(json_get(j, "out_of_range")) > 0)
        str_appendf(&text, "  outside the range of the model's data: %.0f\n", json_number(json_get(j, "out_of_range")));
    estimate(&text, "concordance", d, "c", 1);
    if (!isnan(horizon)) {
        const char *unit = json_text(json_get(j, "time_unit"));
        str_appendf(&text, "within %g %s of the model's clock\n", horizon, unit ? unit : "");
    }
    estimate(&text, "area under the curve", d, "auc", 1);
    estimate(&text, "observed risk, %", c, "observed", 100);
    estimate(&text, "expected risk, %", c, "expected", 100);
    estimate(&text, "observed / expected", c, "oe", 1);
    estimate(&text, "calibration slope", c, "slope", 1);
    estimate(&text, "mean distance from the diagonal, %", json_get(c, "curve"), "ici", 100);
    if (!isnan(brier)) str_appendf(&text, "  %-34s %.3g, without covariates %.3g\n", "Brier score", brier, json_number(json_get(json_get(j, "brier"), "null")));
    for (const Json *x = json_first(json_get(r, "tests")); x; x = json_next(x))
        str_appendf(&text, "  %s against %s: chi-square %.3g, df %.0f, p = %.3g\n", json_text(json_get(x, "step")), json_text(json_get(x, "against")),
                    json_number(json_get(x, "chisq")), json_number(json_get(x, "df")), json_number(json_get(x, "p")));
    const char *chosen = json_text(json_get(r, "closed_test"));
    if (chosen) str_appendf(&text, "  least update that these data do not reject: %s\n", chosen);
    for (const Json *x = json_first(json_get(j, "diagnosis")); x; x = json_next(x)) str_appendf(&text, "  ! %s\n", json_text(json_get(x, "message")));
    TRY(str_check(&text, e));
    TRY(cli_print(text.s, e));
out:
    str_free(&text);
    return rc;
}

static Rc validate(Json **out, const StudyRun *r, Err *e)
{
    Rc rc = OK;
    const CommandLine *c = r->command;
    Json *file = NULL;
    ValidationRequest q = { .file = cli_text(c, "model"), .endpoint = cli_text(c, "endpoint"), .horizon = cli_number(c, "horizon", NAN),
                            .weights = cli_text(c, "weights"), .group = GROUP_TYPICAL };
    if (!fit_group_parse(&q.group, cli_text(c, "group")) || q.group == GROUP_AVERAGE)
        return err_set(e, ERR_USAGE, "validate: --group is '%s', expected typical or own", cli_text(c, "group"));
    if (cli_given(c, "horizon") && !(q.horizon > 0)) return err_set(e, ERR_USAGE, "validate: --horizon is %g, expected a time above 0", q.horizon);
    TRY(model_file_read(&file, q.file, e));
    q.model = file;
    rc = validate_study(out, &q, &r->tables, r->db, e);
out:
    json_free(file);
    return rc;
}

static ExitCode run(const CommandLine *c)
{
    StudyRun r = { 0 };
    Json *out = NULL;
    Err e = { 0 };
    if (!cli_text(c, "model")) {
        err_set(&e, ERR_USAGE, "validate: --model is missing, expected the file of a model that export wrote");
        return cli_fail(&e);
    }
    if (study_run_begin(&r, c, "validate", DB_READ)) {
        study_run_check(&r, validate(&out, &r, &e), &e);
        if (out) {
            Err written = { 0 };
            study_run_check(&r, cli_json(c) ? cli_print_json(out, &written) : print(out, &written), &written);
        }
    }
    json_free(out);
    return study_run_end(&r);
}

static const CliOption options[] = {
    { "model", CLI_TEXT, "F.json", "the model's file, as reox export --model writes it", false },
    { "endpoint", CLI_TEXT, "E", "the endpoint of this study that is meant (default: the one of the same name)", false },
    { "horizon", CLI_NUMBER, "T", "time in the model's unit from its clock (default: the file's, else board.horizon)", false },
    { "weights", CLI_TEXT, "COL", "column of this study with the weight of each patient, in all measures and in recalibration", false },
    { "group", CLI_TEXT, "typical|own", "of a model with frailties: frailty 1, or that of the patient's own group where the file names it", false },
    { NULL, CLI_FLAG, NULL, NULL, false }
};

const Command command_validate = {
    .name = "validate",
    .synopsis = "STUDY --model F.json [--endpoint E] [--horizon T] [--weights COL] [--group G]",
    .summary = "holds a model file made elsewhere against this cohort: discrimination, calibration, updating",
    .details = "reox export HERE --out models --model os_pre\n"
               "reox validate THERE --model models/os_pre.json\n\n"
               "Concordance and area under the curve, observed against expected risk, calibration slope and smooth curve, Brier score; then three steps\n"
               "of recalibration (baseline; baseline and slope; all coefficients), each tested against the one before. A variable that is measured in\n"
               "another way here (settings, reference, threshold, operator, unit) refuses the whole.\n\n"
               "--weights: a weight of 2 is two patients; where weights are no whole numbers they are of sampling: errors are robust, recalibration is\n"
               "tested by Wald's tests with them.",
    .options = options,
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
