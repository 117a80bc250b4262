/* cli/cmd_report.c: reox report STUDY: the cohort report and a page a patient. */
#include "cli/command.h"
#include "cli/steps.h"
#include "cli/study_run.h"

static ExitCode run(const CommandLine *c)
{
    StudyRun r;
    Json *j = NULL;
    Err e = { 0 };
    const char *out_dir = cli_text(c, "out");

    /* Into another folder the database is only read, so a study on a disk that cannot be written can be reported too. */
    if (study_run_begin(&r, c, "report", out_dir ? DB_READ : DB_WRITE)) {
        bool done = step_report(&j, &r, cli_text(c, "patient"), out_dir);
        if (cli_json(c)) study_run_check(&r, cli_print_json(j, &e), &e);
        else if (done) {
            Str text = { 0 };
            step_print(&r, "report", j);
            str_appendf(&text, "%s\n", json_text(json_get(j, "folder")));
            study_run_check(&r, cli_print(str_text(&text), &e), &e);
            str_free(&text);
        }
    }
    json_free(j);
    return study_run_end(&r);
}

static const CliOption options[] = {
    { "patient", CLI_TEXT, "ID", "the page of this patient alone", false },
    { "out", CLI_TEXT, "DIR", "into this folder, all of it, recording nothing in the database", false },
    { NULL, CLI_FLAG, NULL, NULL, false }
};

const Command command_report = {
    .name = "report",
    .synopsis = "STUDY [--patient ID]",
    .summary = "writes the cohort report and the tumour-board reports",
    .details = "reox report STUDY                   cohort.html, cohort.pdf and patient_NNN.pdf in STUDY/reports\n"
               "reox report STUDY --patient P017    one patient's page\n"
               "reox report STUDY --out DIR         elsewhere; the study and its database stay as they are\n\n"
               "Files are named by the patient's row in the clinical table, never by id. A report that was made of just what is there\n"
               "now is left alone; the same input gives the same bytes. For research use only.",
    .options = options,
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
