/* cli/cmd_export.c: reox export STUDY --out DIR: the database's views as CSV, with a data dictionary. */
#include "cli/command.h"
#include "cli/study_run.h"
#include "study/export_study.h"

static Rc print_result(const CommandLine *c, Json **files, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    Json *j = NULL;

    if (cli_json(c)) {
        j = json_object();
        json_set_text(j, "schema", "reox.export/1");
        json_set(j, "files", *files);
        *files = NULL;
        TRY(cli_print_json(j, e));
    } else {
        str_appendf(&text, "%zu files in %s; dictionary.csv says what their columns are\n", json_size(*files), cli_text(c, "out"));
        TRY(str_check(&text, e));
        TRY(cli_print(text.s, e));
    }
out:
    json_free(j);
    str_free(&text);
    return rc;
}

static ExitCode run(const CommandLine *c)
{
    StudyRun r;
    Json *files = NULL;
    Err e = { 0 };

    if (!cli_text(c, "out")) {
        err_set(&e, ERR_USAGE, "export: --out DIR is missing: where the files go");
        return cli_fail(&e);
    }
    if (study_run_begin(&r, c, "export", DB_READ)) {
        Rc rc = export_study(&files, cli_text(c, "out"), r.db, &r.tables.protocol, cli_progress(c), &e);
        if (rc == OK) rc = print_result(c, &files, &e);
        study_run_check(&r, rc, &e);
    }
    json_free(files);
    return study_run_end(&r);
}

static const CliOption options[] = {
    { "out", CLI_TEXT, "DIR", "folder for the files, made when absent", false },
    { 0 }
};

const Command command_export = {
    .name = "export",
    .synopsis = "STUDY --out DIR",
    .summary = "writes the database's views as CSV, with a data dictionary",
    .details = "reox export STUDY --out DIR    a file for each view (v_patient, v_scan, v_feature, v_wide …), one for the changes of each\n"
               "                               tracer and pair of time points, and dictionary.csv\n\n"
               "Numbers read back to the same bits; missing is NA; a cell that a spreadsheet would take for a formula begins with '.",
    .options = options,
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
