/* cli/cmd_extract.c: reox extract STUDY: features of every ingested scan and every pair of serial scans. */
#include "cli/command.h"
#include "cli/steps.h"
#include "cli/study_run.h"

static ExitCode run(const CommandLine *c)
{
    StudyRun r;
    Json *j = NULL;
    Err e = { 0 };

    if (study_run_begin(&r, c, "extract", DB_WRITE)) {
        bool done = step_extract(&j, &r);
        if (cli_json(c)) study_run_check(&r, cli_print_json(j, &e), &e);
        else if (done) step_print(&r, "extract", j);
    }
    json_free(j);
    return study_run_end(&r);
}

const Command command_extract = {
    .name = "extract",
    .synopsis = "STUDY",
    .summary = "computes the features of every ingested scan and every pair of serial scans",
    .details = "reox extract STUDY                what is missing or stale\n"
               "reox extract STUDY --threads 4    the same bytes, sooner\n\n"
               "Every value is stored with its unit, status and definition (views v_feature, v_change, v_wide and so on). A value that\n"
               "cannot exist is undefined with its reason.",
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
