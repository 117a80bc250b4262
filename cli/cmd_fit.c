/* cli/cmd_fit.c: reox fit STUDY [MODEL…]: fits the models that the protocol names. */
#include <stdlib.h>

#include "cli/command.h"
#include "cli/step_fit.h"
#include "cli/study_run.h"

static ExitCode run(const CommandLine *c)
{
    StudyRun r;
    Json *j = NULL;
    Err e = { 0 };
    const size_t n = cli_argument_count(c) - 1;
    const char **only = calloc(n + 1, sizeof *only);

    for (size_t i = 0; only && i < n; i++) only[i] = cli_argument(c, i + 1);
    if (study_run_begin(&r, c, "fit", DB_WRITE) && study_run_check(&r, only ? OK : err_nomem(&e), &e)) {
        const bool done = step_fit(&j, &r, n ? only : NULL, cli_flag(c, "force"));
        if (cli_json(c)) study_run_check(&r, cli_print_json(j, &e), &e);
        else if (done) step_fit_print(&r, j);
    }
    json_free(j);
    free(only);
    return study_run_end(&r);
}

static const CliOption options[] = {
    { "force", CLI_FLAG, NULL, "fit again what is not stale, too", false },
    { NULL, CLI_FLAG, NULL, NULL, false }
};

const Command command_fit = {
    .name = "fit",
    .synopsis = "STUDY [MODEL…]",
    .summary = "fits the models that the protocol names",
    .details = "reox fit STUDY                 what is new or stale\n"
               "reox fit STUDY os_mid --force  one model, again\n\n"
               "A model with a landmark counts from each patient's own scan of that name (or from a number of days) and keeps who is at risk\n"
               "then; everyone left out is counted by reason. A survival model that uses a scan after the first time point without a landmark\n"
               "is refused, because patients must survive to be scanned (immortal time).\n"
               "Exit code 3: a model was refused; 4: a model could not be estimated. The others are fitted.",
    .options = options,
    .min_arguments = 1, .max_arguments = -1,
    .run = run,
};
