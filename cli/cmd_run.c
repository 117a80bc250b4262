/* cli/cmd_run.c: reox run STUDY: every step of a study, doing again only what is stale. */
#include "cli/command.h"
#include "cli/step_fit.h"
#include "cli/steps.h"
#include "cli/study_run.h"

static bool fit_all(Json **out, StudyRun *r) { return step_fit(out, r, NULL, false); }
static bool report_all(Json **out, StudyRun *r) { return step_report(out, r, NULL, cli_text(r->command, "out")); }

/* The folder of the reports is the last line of all. */
static void print_report(StudyRun *r, const Json *j)
{
    Err e = { 0 };
    Str text = { 0 };
    step_print(r, "report", j);
    str_appendf(&text, "%s\n", json_text(json_get(j, "folder")));
    study_run_check(r, cli_print(str_text(&text), &e), &e);
    str_free(&text);
}

/* print NULL: the line that every step has. */
typedef struct {
    const char *name;
    bool (*run)(Json **out, StudyRun *r);
    void (*print)(StudyRun *r, const Json *j);
} Step;

static const Step steps[] = {
    { "ingest", step_ingest, NULL },
    { "extract", step_extract, NULL },
    { "fit", fit_all, step_fit_print },
    { "report", report_all, print_report },
};

static ExitCode run(const CommandLine *c)
{
    StudyRun r;
    Json *all = json_object();
    Err e = { 0 };

    json_set_text(all, "schema", "reox.run/1");
    if (study_run_begin(&r, c, "run", DB_CREATE)) {
        bool go_on = true;
        for (size_t i = 0; go_on && i < sizeof steps / sizeof *steps; i++) {
            Json *j = NULL;
            go_on = steps[i].run(&j, &r);
            if (go_on && !cli_json(c)) {
                if (steps[i].print) steps[i].print(&r, j);
                else step_print(&r, steps[i].name, j);
            }
            if (j) json_set(all, steps[i].name, j);
        }
        if (cli_json(c)) {
            json_set_number(all, "exit_code", (double)r.code);
            study_run_check(&r, cli_print_json(all, &e), &e);
        }
    }
    json_free(all);
    return study_run_end(&r);
}

static const CliOption options[] = {
    { "out", CLI_TEXT, "DIR", "the reports into this folder, all of them, instead of STUDY/reports", false },
    { NULL, CLI_FLAG, NULL, NULL, false }
};

const Command command_run = {
    .name = "run",
    .synopsis = "STUDY",
    .summary = "ingest, extract, fit and report, doing again only what is stale",
    .details = "reox run STUDY               the whole way from files to reports\n"
               "reox run STUDY --threads 1   the same bytes, later\n\n"
               "What was finished is kept: an interrupted run goes on where it stopped. A scan, patient or model that is refused is listed,\n"
               "and the run goes on to the report with the others.",
    .options = options,
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
