/* db/db.c: opening the database safely: whose file it is, which schema it has, whether it is whole. */
#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/str.h"
#include "db/handle.h"
#include "db/query.h"
#include "db/schema.h"

/* Offsets in the header of an SQLite file (sqlite.org/fileformat2.html, 1.3). */
enum { HEADER_SIZE = 100, HEADER_USER_VERSION = 60, HEADER_APPLICATION_ID = 68 };
enum { BUSY_WAIT_MS = 20000 };

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Looks at the header before SQLite does: opening a foreign file may already roll back its journal. */
static Rc header_check(const char *path, int newest, Err *e)
{
    uint8_t h[HEADER_SIZE];
    struct stat st;
    Str journal = { 0 };
    Rc rc = OK;

    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return err_set(e, ERR_DB, "%s: cannot open the database: %s", path, strerror(errno));
    ssize_t got = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? pread(fd, h, sizeof h, 0) : -1;
    close(fd);
    if (got != HEADER_SIZE || memcmp(h, "SQLite format 3", 16) != 0)
        return err_set(e, ERR_DB, "%s: this is not an SQLite database", path);
    if (big_endian(h + HEADER_APPLICATION_ID) != REOX_APPLICATION_ID)
        return err_set(e, ERR_DB, "%s: this SQLite database was made by another program (application_id %u)", path,
                       big_endian(h + HEADER_APPLICATION_ID));
    str_append(&journal, path);
    str_append(&journal, "-journal");
    rc = str_check(&journal, e);
    /* With a journal at hand the version may be that of a migration which was cut short; SQLite rolls it back first. */
    if (rc == OK && access(journal.s, F_OK) != 0 && big_endian(h + HEADER_USER_VERSION) > (uint32_t)newest)
        rc = err_set(e, ERR_DB, "%s: schema version %u, written by a newer version of reox; this one knows up to %d", path,
                     big_endian(h + HEADER_USER_VERSION), newest);
    str_free(&journal);
    return rc;
}

static Rc one_integer(int64_t *out, Db *db, const char *sql, Err *e)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) {
        Rc rc = db_failure(db, sql, e);
        sqlite3_finalize(s);
        return rc;
    }
    *out = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return OK;
}

static Rc pages_check(Db *db, Err *e)
{
    sqlite3_stmt *s = NULL;
    Rc rc = OK;
    if (sqlite3_prepare_v2(db->sql, "PRAGMA quick_check(1)", -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
        rc = err_set(e, ERR_DB, "%s: the database is damaged (corrupt): %s", db->path, sqlite3_errmsg(db->sql));
    else if (strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
        rc = err_set(e, ERR_DB, "%s: the database is damaged (corrupt): %s", db->path, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return rc;
}

/* Settings that hold for this connection alone; none writes. knowledge: a study's database may come from elsewhere, so the
 * schema in it is not trusted, and numbers of SQL text, columns and variables have a cap. */
static Rc guard(Db *db, Err *e)
{
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)0);
    sqlite3_limit(db->sql, SQLITE_LIMIT_LENGTH, 64 << 20);
    sqlite3_limit(db->sql, SQLITE_LIMIT_SQL_LENGTH, 4 << 20);
    sqlite3_limit(db->sql, SQLITE_LIMIT_EXPR_DEPTH, 200);
    sqlite3_limit(db->sql, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db->sql, SQLITE_LIMIT_VARIABLE_NUMBER, 4096);
    sqlite3_busy_timeout(db->sql, BUSY_WAIT_MS);
    return sqlite3_exec(db->sql, "PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY",
                        NULL, NULL, NULL) == SQLITE_OK ? OK : db_failure(db, "settings", e);
}

/* A path that SQLite can take neither for a URI nor for its own ":memory:". */
static void plain_path(Str *out, const char *path)
{
    if (path[0] != '/') str_append(out, "./");
    str_append(out, path);
}

/* Writes the empty database beside its place and links it there, so that it is whole or absent, and a second process that
 * makes it at the same time finds the first one's. */
static Rc create(const char *path, const EmbeddedFile *schema, Err *e)
{
    Rc rc = OK;
    sqlite3_int64 size = 0;
    unsigned char *bytes = NULL;
    Str temporary = { 0 };

    str_appendf(&temporary, "%s.new.%ld", path, (long)getpid());
    TRY(str_check(&temporary, e));
    TRY(schema_empty_database(&bytes, &size, schema, e));
    TRY(file_write_atomic(temporary.s, bytes, (size_t)size, e));
    if (link(temporary.s, path) != 0 && errno != EEXIST && rename(temporary.s, path) != 0)
        rc = err_set(e, ERR_IO, "%s: cannot make the database: %s", path, strerror(errno));
    unlink(temporary.s);
out:
    sqlite3_free(bytes);
    str_free(&temporary);
    return rc;
}

/* A copy of the file as it is before its schema is changed. VACUUM INTO reads one consistent state and refuses to overwrite. */
static Rc backup(Db *db, int version, Err *e)
{
    Rc rc = OK;
    sqlite3_stmt *s = NULL;
    Str path = { 0 };

    plain_path(&path, db->path);
    str_appendf(&path, ".schema-%d.bak", version);
    TRY(str_check(&path, e));
    unlink(path.s);                                /* of a migration that did not come to its end */
    sqlite3_limit(db->sql, SQLITE_LIMIT_ATTACHED, 1);          /* VACUUM INTO attaches the copy */
    if (sqlite3_prepare_v2(db->sql, "VACUUM INTO ?1", -1, &s, NULL) != SQLITE_OK ||
        sqlite3_bind_text(s, 1, path.s, -1, SQLITE_TRANSIENT) != SQLITE_OK || sqlite3_step(s) != SQLITE_DONE)
        rc = db_failure(db, "copy before the migration", e);
    if (rc == OK) chmod(path.s, 0600);
out:
    sqlite3_finalize(s);
    sqlite3_limit(db->sql, SQLITE_LIMIT_ATTACHED, 0);
    str_free(&path);
    return rc;
}

static Rc bring_up_to_date(Db *db, DbMode mode, const EmbeddedFile *schema, Err *e)
{
    Rc rc = OK;
    int64_t version = 0;
    int newest = schema_newest(schema);

    TRY(one_integer(&version, db, "PRAGMA user_version", e));
    if (version > newest)
        return err_set(e, ERR_DB, "%s: schema version %lld, written by a newer version of reox; this one knows up to %d",
                       db->path, (long long)version, newest);
    TRY(pages_check(db, e));
    TRY(schema_check(db, (int)version, schema, e));
    if (version == newest) return OK;
    if (mode == DB_READ)
        return err_set(e, ERR_DB, "%s: schema version %lld is older than this program's %d; `reox ingest` brings it up to date",
                       db->path, (long long)version, newest);
    TRY(backup(db, (int)version, e));
    TRY(db_begin(db, e));
    rc = schema_apply(db, (int)version, schema, e);
    if (rc == OK) rc = db_commit(db, e);
    db_rollback(db);
out:
    return rc;
}

Rc db_open_schema(Db **out, const char *path, DbMode mode, const EmbeddedFile *schema, Err *e)
{
    Rc rc = OK;
    Str plain = { 0 };
    Db *db = calloc(1, sizeof *db);

    *out = NULL;
    if (!db || !(db->path = text_copy(path))) { rc = err_nomem(e); goto out; }
    if (access(path, F_OK) != 0) {
        if (mode != DB_CREATE) {
            rc = err_set(e, ERR_DB, "%s: there is no database yet; `reox ingest` makes it", path);
            goto out;
        }
        TRY(create(path, schema, e));
    }
    TRY(header_check(path, schema_newest(schema), e));
    plain_path(&plain, path);
    TRY(str_check(&plain, e));
    if (sqlite3_open_v2(plain.s, &db->sql, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        rc = db->sql ? db_failure(db, "cannot open the database", e) : err_nomem(e);
        goto out;
    }
    sqlite3_extended_result_codes(db->sql, 1);
    TRY(guard(db, e));
    TRY(bring_up_to_date(db, mode, schema, e));
    if (mode != DB_READ && sqlite3_db_readonly(db->sql, "main") == 1) {
        rc = err_set(e, ERR_DB, "%s: the database may only be read (rights of the file or its folder)", path);
        goto out;
    }
    if (sqlite3_exec(db->sql, mode == DB_READ ? "PRAGMA query_only=ON"
                                              : "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA secure_delete=ON",
                     NULL, NULL, NULL) != SQLITE_OK)
        TRY(db_failure(db, "settings", e));
    *out = db;
    db = NULL;
out:
    str_free(&plain);
    db_close(db);
    return rc;
}

Rc db_open(Db **out, const char *path, DbMode mode, Err *e)
{
    return db_open_schema(out, path, mode, embedded_db_schema, e);
}

void db_close(Db *db)
{
    if (!db) return;
    queries_free(db);
    if (db->sql) sqlite3_close_v2(db->sql);
    free(db->path);
    free(db);
}

const char *db_name(const Db *db) { return db->path; }

Rc db_begin(Db *db, Err *e)
{
    db_rollback(db);               /* of a step whose own rollback found no memory; transactions do not nest */
    return sqlite3_exec(db->sql, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK ? OK : db_failure(db, "cannot begin", e);
}

Rc db_commit(Db *db, Err *e)
{
    if (sqlite3_exec(db->sql, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) return OK;
    Rc rc = db_failure(db, "cannot commit; nothing of this step was kept", e);
    db_rollback(db);
    return rc;
}

void db_rollback(Db *db)
{
    if (db && !sqlite3_get_autocommit(db->sql)) sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}
