/* cli/cmd_ingest.c: reox ingest STUDY: protocol, clinical table and scans into the database. */
#include "cli/command.h"
#include "cli/steps.h"
#include "cli/study_run.h"

static ExitCode run(const CommandLine *c)
{
    StudyRun r;
    Json *j = NULL;
    Err e = { 0 };

    if (study_run_begin(&r, c, "ingest", DB_CREATE)) {
        bool done = step_ingest(&j, &r);
        if (cli_json(c)) study_run_check(&r, cli_print_json(j, &e), &e);
        else if (done) step_print(&r, "ingest", j);
    }
    json_free(j);
    return study_run_end(&r);
}

const Command command_ingest = {
    .name = "ingest",
    .synopsis = "STUDY",
    .summary = "reads protocol, clinical table and scans into the database",
    .details = "reox ingest STUDY            into STUDY/reox.db; a second time only what is new or changed\n"
               "reox ingest STUDY --db FILE  into another file\n\n"
               "A scan is kept whole or not at all, so an interrupted run goes on where it stopped. What is refused is listed at the\n"
               "end and in the view v_rejection, with exit code 3; the others are read. What became stale by a changed file is named.",
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
