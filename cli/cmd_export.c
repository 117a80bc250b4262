/* cli/cmd_export.c: reox export STUDY --out DIR: the database's views as CSV, with a data dictionary. */
#include "cli/command.h"
#include "cli/study_run.h"
#include "core/file.h"
#include "db/db_model.h"
#include "study/export_study.h"
#include "study/model_file.h"

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

/* A fitted model as a file that predict and validate read, DIR/MODEL.json, added to the list of files. */
static Rc export_model(const StudyRun *r, const char *name, const char *dir, Json *files, Err *e)
{
    Rc rc = OK;
    StoredModels stored = { 0 };
    Json *j = NULL;
    Str text = { 0 }, file = { 0 }, path = { 0 };

    if (!protocol_model(&r->tables.protocol, name)) return err_set(e, ERR_USAGE, "export: study.json has no model %s", name);
    TRY(db_models_load(&stored, r->db, name, e));
    if (stored.n != 1) { rc = err_set(e, ERR_INPUT, "model %s: is not fitted, or was refused; expected reox fit before", name); goto out; }
    if (!stored.model[0].estimated) { rc = err_set(e, ERR_ESTIMATE, "model %s: could not be estimated", name); goto out; }
    TRY(model_file(&j, &stored.model[0], cli_given(r->command, "groups"), &r->tables, r->db, e));
    TRY(json_print(&text, j, true, e));
    str_append(&text, "\n");
    for (const char *c = name; *c; c++) str_append_char(&file, *c == '/' ? '_' : *c);
    str_append(&file, ".json");
    path_join(&path, dir, str_text(&file));
    TRY(str_check(&text, e));
    TRY(str_check(&path, e));
    TRY(folder_make(dir, e));
    TRY(file_write_atomic(path.s, text.s, text.len, e));
    Json *o = json_push(files, json_object());
    json_set_text(o, "file", str_text(&file));
    json_set_text(o, "model", name);
out:
    stored_models_free(&stored);
    json_free(j);
    str_free(&text);
    str_free(&file);
    str_free(&path);
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
        if (rc == OK && cli_text(c, "model")) rc = export_model(&r, cli_text(c, "model"), cli_text(c, "out"), files, &e);
        if (rc == OK) rc = print_result(c, &files, &e);
        study_run_check(&r, rc, &e);
    }
    json_free(files);
    return study_run_end(&r);
}

static const CliOption options[] = {
    { "out", CLI_TEXT, "DIR", "folder for the files, made when absent", false },
    { "model", CLI_TEXT, "M", "also this fitted model, as M.json for predict and validate elsewhere", false },
    { "groups", CLI_FLAG, NULL, "the model's file names the groups of frailty(id) or (1|id) and their effects; without it they stay anonymous", false },
    { 0 }
};

const Command command_export = {
    .name = "export",
    .synopsis = "STUDY --out DIR [--model M [--groups]]",
    .summary = "writes the database's views as CSV, with a data dictionary",
    .details = "reox export STUDY --out DIR    a file for each view (v_patient, v_scan, v_feature, v_wide …), one for the changes of each\n"
               "                               tracer and pair of time points, and dictionary.csv\n\n"
               "reox export STUDY --out DIR --model M    and M.json: the fit, what its variables mean and how they were measured, its\n"
               "                               performance apparent and corrected for optimism, a digest of all that\n\n"
               "Numbers read back to the same bits; missing is NA; a cell that a spreadsheet would take for a formula begins with '.",
    .options = options,
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
