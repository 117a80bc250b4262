/* db/db_report.c: which reports lie on disk, and what they were made of. */
#include "db/db_report.h"

#include <stdio.h>
#include <string.h>

#include "db/query.h"

Rc db_report_store(Db *db, int64_t run_id, const ReportRow *row, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    TRY(query_begin(&q, db, "report_set", e));
    query_text(q, ":file", row->file);
    query_text(q, ":kind", row->kind);
    query_text(q, ":patient", row->patient);
    query_text(q, ":inputs_sha", row->inputs_sha);
    query_text(q, ":file_sha", row->file_sha);
    query_integer(q, ":run_id", run_id);
    rc = query_done(q, e);
out:
    return rc;
}

Rc db_report_current(bool *current, char file_sha[65], Db *db, const char *file, const char *inputs_sha, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;

    *current = false;
    file_sha[0] = '\0';
    TRY(query_begin(&q, db, "report_get", e));
    query_text(q, ":file", file);
    TRY(query_step(&row, q, e));
    if (row) {
        *current = strcmp(query_get_text(q, 0), inputs_sha) == 0;
        snprintf(file_sha, 65, "%s", query_get_text(q, 1));
    }
out:
    query_end(q);
    return rc;
}

Rc db_report_confirm(Db *db, int64_t run_id, const char *file, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    TRY(query_begin(&q, db, "report_confirm", e));
    query_text(q, ":file", file);
    query_integer(q, ":run_id", run_id);
    rc = query_done(q, e);
out:
    return rc;
}
