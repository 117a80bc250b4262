/* db/schema.c: runs the embedded schema files, and compares what a database has with what they would make. */
#include "db/schema.h"

#include <stdlib.h>
#include <string.h>

static int number_of(const EmbeddedFile *f) { return (int)strtol(f->name, NULL, 10); }

int schema_newest(const EmbeddedFile *schema)
{
    int newest = 0;
    for (; schema->name; schema++)
        if (number_of(schema) > newest) newest = number_of(schema);
    return newest;
}

static Rc run_files(sqlite3 *sql, int from, int to, const EmbeddedFile *schema, const char *path, Err *e)
{
    for (; schema->name; schema++)
        if (number_of(schema) > from && number_of(schema) <= to && sqlite3_exec(sql, schema->text, NULL, NULL, NULL) != SQLITE_OK)
            return err_set(e, ERR_DB, "%s: schema %s: %s", path, schema->name, sqlite3_errmsg(sql));
    char *pragma = sqlite3_mprintf("PRAGMA user_version=%d", to);
    if (!pragma) return err_nomem(e);
    int failed = sqlite3_exec(sql, pragma, NULL, NULL, NULL) != SQLITE_OK;
    sqlite3_free(pragma);
    return failed ? err_set(e, ERR_DB, "%s: schema: %s", path, sqlite3_errmsg(sql)) : OK;
}

Rc schema_apply(Db *db, int version, const EmbeddedFile *schema, Err *e)
{
    return run_files(db->sql, version, schema_newest(schema), schema, db->path, e);
}

static Rc in_memory(sqlite3 **out, int version, const EmbeddedFile *schema, Err *e)
{
    if (sqlite3_open_v2(":memory:", out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) return err_nomem(e);
    char *pragma = sqlite3_mprintf("PRAGMA application_id=%d", REOX_APPLICATION_ID);
    if (!pragma) return err_nomem(e);
    sqlite3_exec(*out, pragma, NULL, NULL, NULL);
    sqlite3_free(pragma);
    return run_files(*out, 0, version, schema, "schema", e);
}

Rc schema_empty_database(unsigned char **bytes, sqlite3_int64 *size, const EmbeddedFile *schema, Err *e)
{
    sqlite3 *sql = NULL;
    Rc rc = in_memory(&sql, schema_newest(schema), schema, e);
    if (rc == OK) {
        *bytes = sqlite3_serialize(sql, "main", size, 0);
        if (!*bytes) rc = err_nomem(e);
    }
    sqlite3_close(sql);
    return rc;
}

/* `GLOB` instead of LIKE: the underscore is no wildcard in it. */
#define OBJECTS "SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'" \
                " AND NOT (type = 'view' AND name GLOB 'v_wide*') ORDER BY type, name"

Rc schema_check(Db *db, int version, const EmbeddedFile *schema, Err *e)
{
    Rc rc = OK;
    sqlite3 *wanted = NULL;
    sqlite3_stmt *a = NULL, *b = NULL;

    TRY(in_memory(&wanted, version, schema, e));
    if (sqlite3_prepare_v2(db->sql, OBJECTS, -1, &a, NULL) != SQLITE_OK) TRY(db_failure(db, "the schema cannot be read", e));
    if (sqlite3_prepare_v2(wanted, OBJECTS, -1, &b, NULL) != SQLITE_OK) TRY(err_nomem(e));
    for (;;) {
        int got = sqlite3_step(a), want = sqlite3_step(b);
        if ((got != SQLITE_ROW && got != SQLITE_DONE)) TRY(db_failure(db, "the schema cannot be read", e));
        if (got == SQLITE_DONE && want == SQLITE_DONE) break;
        for (int i = 0; got == SQLITE_ROW && want == SQLITE_ROW && i < 3; i++)
            if (strcmp((const char *)sqlite3_column_text(a, i), (const char *)sqlite3_column_text(b, i)) != 0) got = SQLITE_DONE;
        if (got != want) {
            sqlite3_stmt *shown = sqlite3_column_text(b, 1) ? b : a;
            rc = err_set(e, ERR_DB, "%s: its schema (version %d) was altered by another program, at or before %s %s", db->path,
                         version, (const char *)sqlite3_column_text(shown, 0), (const char *)sqlite3_column_text(shown, 1));
            goto out;
        }
    }
out:
    sqlite3_finalize(a);
    sqlite3_finalize(b);
    sqlite3_close(wanted);
    return rc;
}
