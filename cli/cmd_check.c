/* cli/cmd_check.c: reox check STUDY: everything that the other commands would read, judged; nothing is written. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "core/json.h"
#include "study/check_study.h"

static Json *rejections_json(const RejectionList *l)
{
    Json *list = json_array();
    for (size_t i = 0; i < l->n; i++) {
        Json *row = json_push(list, json_object());
        json_set(row, "file", json_from_text(l->item[i].file));
        json_set(row, "patient", json_from_text(l->item[i].patient));
        json_set(row, "timepoint", json_from_text(l->item[i].timepoint));
        json_set(row, "tracer", json_from_text(l->item[i].tracer));
        json_set(row, "reason", json_from_text(l->item[i].what));
    }
    return list;
}

static Rc print_result(const CommandLine *c, const StudyTables *t, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    Json *j = NULL;
    size_t status[3] = { 0, 0, 0 };
    for (size_t i = 0; i < t->scans.n; i++) status[t->scans.scan[i].status]++;
    if (cli_json(c)) {
        j = json_object();
        json_set_text(j, "schema", "reox.check/1");
        json_set_text(j, "study", t->protocol.name);
        json_set_number(j, "patients", (double)t->clinical.frame.rows);
        json_set_number(j, "scans", (double)t->scans.n);
        for (int k = 0; k < 3; k++) json_set_number(j, scan_status_name((ScanStatus)k), (double)status[k]);
        json_set_number(j, "models", (double)t->protocol.n_models);
        json_set(j, "rejections", rejections_json(&t->rejected));
        TRY(cli_print_json(j, e));
    } else {
        str_appendf(&text, "%zu patients, %zu scans (%zu done, %zu not done, %zu not assessable), %zu endpoints, %zu models: ", t->clinical.frame.rows,
                    t->scans.n, status[0], status[1], status[2], t->protocol.n_endpoints, t->protocol.n_models);
        if (t->rejected.n) str_appendf(&text, "%zu refused\n", t->rejected.n);
        else str_append(&text, "all accepted\n");
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
    Err e = { 0 };
    StudyTables t = { 0 };
    ExitCode code = EXIT_DONE;
    if (check_study(&t, cli_argument(c, 0), cli_threads(c), cli_progress(c), &e) != OK) {
        code = cli_fail(&e);
    } else {
        for (size_t i = 0; i < t.rejected.n; i++) terminal_line("", t.rejected.item[i].what);
        if (t.rejected.n) code = EXIT_REFUSED;
        if (print_result(c, &t, &e) != OK) code = exit_code_worse(code, cli_fail(&e));
    }
    study_tables_free(&t);
    return code;
}

const Command command_check = {
    .name = "check",
    .synopsis = "STUDY",
    .summary = "validates everything that the other commands would read; writes nothing",
    .details = "reox check STUDY            reads protocol, tables, images and masks\n"
               "reox check STUDY --json     the same, refusals as a list\n\n"
               "Exit code 0: all is well; 3: something is refused, a line each on stderr.",
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
