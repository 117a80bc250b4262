/* db/db_run.c: runs and the audit trail. */
#include "db/db_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/version.h"
#include "db/query.h"

static const char CHAIN_START[] = "0000000000000000000000000000000000000000000000000000000000000000";

Rc db_run_begin(int64_t *run_id, Db *db, const char *command, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;

    TRY(db_begin(db, e));
    TRY(query_begin(&q, db, "run_begin", e));
    query_text(q, ":version", REOX_VERSION);
    query_text(q, ":command", command);
    TRY(query_step(&row, q, e));
    *run_id = query_get_integer(q, 0);
    TRY(query_done(q, e));
    TRY(db_commit(db, e));
out:
    db_rollback(db);
    return rc;
}

Rc db_run_end(Db *db, int64_t run_id, int exit_code, const char *settings_sha, const Json *inputs, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    Str text = { 0 };

    if (inputs) TRY(json_print_canonical(&text, inputs, e));
    TRY(db_begin(db, e));
    TRY(query_begin(&q, db, "run_end", e));
    query_integer(q, ":run_id", run_id);
    query_integer(q, ":exit_code", exit_code);
    query_text(q, ":settings_sha", settings_sha && *settings_sha ? settings_sha : NULL);
    query_text(q, ":inputs", inputs ? text.s : NULL);
    TRY(query_done(q, e));
    TRY(db_commit(db, e));
out:
    db_rollback(db);
    str_free(&text);
    return rc;
}

/* Digest of the row before and of this row's columns, each ended by a NUL. */
static void row_digest(char out[HASH_TEXT], const char *prev, int64_t seq, int64_t run_id, const char *at, const char *action,
                       const char *object, const char *detail)
{
    char numbers[64];
    const char *part[] = { prev, numbers, at, action, object, detail };
    Sha256 s;

    snprintf(numbers, sizeof numbers, "%" PRId64 " %" PRId64, seq, run_id);
    sha256_begin(&s);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) sha256_add(&s, part[i], strlen(part[i]) + 1);
    sha256_end(&s, out);
}

Rc db_audit_add(Db *db, int64_t run_id, const char *action, const char *object, const char *detail, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    int64_t seq = 1;
    char prev[HASH_TEXT], sha[HASH_TEXT], at[32];

    memcpy(prev, CHAIN_START, HASH_TEXT);
    TRY(query_begin(&q, db, "audit_last", e));
    TRY(query_step(&row, q, e));
    if (row) {
        seq = query_get_integer(q, 0) + 1;
        snprintf(prev, sizeof prev, "%s", query_get_text(q, 1));
    }
    query_end(q);
    TRY(query_begin(&q, db, "now", e));
    TRY(query_step(&row, q, e));
    snprintf(at, sizeof at, "%s", query_get_text(q, 0));
    query_end(q);
    row_digest(sha, prev, seq, run_id, at, action, object, detail);
    TRY(query_begin(&q, db, "audit_add", e));
    query_integer(q, ":seq", seq);
    query_integer(q, ":run_id", run_id);
    query_text(q, ":at", at);
    query_text(q, ":action", action);
    query_text(q, ":object", object);
    query_text(q, ":detail", detail);
    query_text(q, ":prev_sha", prev);
    query_text(q, ":row_sha", sha);
    rc = query_done(q, e);
out:
    query_end(q);
    return rc;
}

Rc db_audit_verify(Db *db, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    char prev[HASH_TEXT], sha[HASH_TEXT];
    int64_t expected = 1;

    memcpy(prev, CHAIN_START, HASH_TEXT);
    TRY(query_begin(&q, db, "audit_all", e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        row_digest(sha, prev, query_get_integer(q, 0), query_get_integer(q, 1), query_get_text(q, 2), query_get_text(q, 3),
                   query_get_text(q, 4), query_get_text(q, 5));
        if (query_get_integer(q, 0) != expected || strcmp(query_get_text(q, 6), prev) != 0 ||
            strcmp(query_get_text(q, 7), sha) != 0) {
            rc = err_set(e, ERR_DB, "%s: row %" PRId64 " of audit was altered, or one before it is missing", db_name(db),
                         query_get_integer(q, 0));
            goto out;
        }
        memcpy(prev, sha, HASH_TEXT);
        expected++;
    }
out:
    query_end(q);
    return rc;
}
