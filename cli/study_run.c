/* cli/study_run.c: what commands on a study share. */
#include "cli/study_run.h"

#include <string.h>

#include "cli/terminal.h"
#include "core/file.h"
#include "db/db_run.h"
#include "study/check_study.h"
#include "study/ingest_study.h"

bool study_run_check(StudyRun *r, Rc rc, const Err *e)
{
    if (rc == OK) return true;
    r->code = exit_code_worse(r->code, cli_fail(e));
    return false;
}

void study_run_refused(StudyRun *r, const RejectionList *l)
{
    for (size_t i = 0; i < l->n; i++) terminal_line("", l->item[i].what);
    if (l->n) r->code = exit_code_worse(r->code, EXIT_REFUSED);
}

/* A study refused whole is recorded where there is a database already; none is made for it. */
static void record_refusal(StudyRun *r, const Err *refusal)
{
    Err e = { 0 };
    if (!r->db || r->run_id == 0) return;
    study_run_check(r, ingest_refused_whole(r->db, r->run_id, r->dir, refusal->text, &e), &e);
}

bool study_run_begin(StudyRun *r, const CommandLine *c, const char *name, DbMode mode)
{
    Err opened = { 0 }, e = { 0 };

    *r = (StudyRun){ .command = c, .dir = cli_argument(c, 0), .code = EXIT_DONE };
    if (cli_text(c, "db")) str_append(&r->db_path, cli_text(c, "db"));
    else path_join(&r->db_path, r->dir, "reox.db");
    if (!study_run_check(r, str_check(&r->db_path, &e), &e)) return false;
    Rc tables = study_open(&r->tables, r->dir, cli_progress(c), &opened);
    bool there = file_exists(r->db_path.s);
    if (tables == OK || there) {
        Rc rc = db_open(&r->db, r->db_path.s, mode, &e);
        if (rc == OK && mode != DB_READ) rc = db_run_begin(&r->run_id, r->db, name, &e);
        if (!study_run_check(r, rc, &e)) return false;
    }
    if (tables == ERR_INPUT) record_refusal(r, &opened);
    return study_run_check(r, tables, &opened);
}

ExitCode study_run_end(StudyRun *r)
{
    Err e = { 0 };
    if (r->db && r->run_id) {
        bool read = r->tables.protocol_sha256[0] != '\0';
        Json *inputs = read ? study_inputs_json(&r->tables) : NULL;
        study_run_check(r, db_run_end(r->db, r->run_id, (int)r->code, read ? r->tables.protocol_sha256 : NULL, inputs, &e), &e);
        json_free(inputs);
    }
    db_close(r->db);
    study_tables_free(&r->tables);
    str_free(&r->db_path);
    r->db = NULL;
    return r->code;
}

Json *rejections_json(const RejectionList *l)
{
    Json *list = json_array();
    for (size_t i = 0; i < l->n; i++) {
        Json *row = json_push(list, json_object());
        json_set_text(row, "file", l->item[i].file);
        json_set_text(row, "patient", l->item[i].patient);
        json_set_text(row, "timepoint", l->item[i].timepoint);
        json_set_text(row, "tracer", l->item[i].tracer);
        json_set_text(row, "reason", l->item[i].what);
    }
    return list;
}
