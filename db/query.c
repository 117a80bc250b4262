/* db/query.c: named statements of db/query, prepared once a database. */
#include "db/query.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed.h"
#include "core/hash.h"
#include "db/handle.h"

struct Query {
    Db *db;
    sqlite3_stmt *stmt;
    const char *name;          /* of db/query, or the SQL itself */
    bool cached;
    int failed;                /* first SQLite code of a binding */
};
struct CachedQuery { Query *query; };

/* The text behind "-- name: NAME" up to the next such line or the end of its file. */
static const char *statement_text(size_t *size, const char *name)
{
    static const char mark[] = "-- name: ";
    size_t n = strlen(name);
    for (const EmbeddedFile *f = embedded_db_query; f->name; f++)
        for (const char *at = strstr(f->text, mark); at; at = strstr(at + 1, mark)) {
            const char *is = at + sizeof mark - 1;
            if (strncmp(is, name, n) != 0 || (is[n] != '\n' && is[n] != ' ')) continue;
            const char *begin = strchr(is, '\n'), *end = begin ? strstr(begin, mark) : NULL;
            if (!begin) return NULL;
            *size = end ? (size_t)(end - begin) : strlen(begin);
            return begin;
        }
    return NULL;
}

static Rc prepare(Query **out, Db *db, const char *name, const char *sql, size_t size, bool keep, Err *e)
{
    Query *q = calloc(1, sizeof *q);
    if (!q) return err_nomem(e);
    q->db = db;
    q->cached = keep;
    q->name = name;
    if (sqlite3_prepare_v3(db->sql, sql, (int)size, keep ? SQLITE_PREPARE_PERSISTENT : 0, &q->stmt, NULL) != SQLITE_OK) {
        Rc rc = db_failure(db, name, e);
        free(q);
        return rc;
    }
    *out = q;
    return OK;
}

Rc query_begin(Query **out, Db *db, const char *name, Err *e)
{
    *out = NULL;
    for (size_t i = 0; i < db->n_cached; i++) {
        Query *q = db->cached[i].query;
        if (strcmp(q->name, name) != 0) continue;
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
        q->failed = SQLITE_OK;
        *out = q;
        return OK;
    }
    size_t size = 0;
    const char *sql = statement_text(&size, name);
    if (!sql) return err_set(e, ERR_INTERNAL, "no statement called %s", name);
    if (db->n_cached == db->cap_cached) {
        size_t cap = db->cap_cached ? 2 * db->cap_cached : 32;
        CachedQuery *more = realloc(db->cached, cap * sizeof *more);
        if (!more) return err_nomem(e);
        db->cached = more;
        db->cap_cached = cap;
    }
    Rc rc = prepare(out, db, name, sql, size, true, e);
    if (rc == OK) db->cached[db->n_cached++].query = *out;
    return rc;
}

Rc query_sql(Query **out, Db *db, const char *sql, Err *e)
{
    *out = NULL;
    return prepare(out, db, "statement", sql, strlen(sql), false, e);
}

void queries_free(Db *db)
{
    for (size_t i = 0; i < db->n_cached; i++) {
        sqlite3_finalize(db->cached[i].query->stmt);
        free(db->cached[i].query);
    }
    free(db->cached);
    db->cached = NULL;
    db->n_cached = db->cap_cached = 0;
}

static int parameter_index(Query *q, const char *parameter)
{
    int i = sqlite3_bind_parameter_index(q->stmt, parameter);
    assert(i > 0);             /* a name that the statement does not have */
    return i;
}

static void keep_failure(Query *q, int code)
{
    if (code != SQLITE_OK && q->failed == SQLITE_OK) q->failed = code;
}

void query_text(Query *q, const char *parameter, const char *text)
{
    int i = parameter_index(q, parameter);
    keep_failure(q, text ? sqlite3_bind_text(q->stmt, i, text, -1, SQLITE_TRANSIENT) : sqlite3_bind_null(q->stmt, i));
}

void query_number(Query *q, const char *parameter, double x)
{
    int i = parameter_index(q, parameter);
    keep_failure(q, isnan(x) ? sqlite3_bind_null(q->stmt, i) : sqlite3_bind_double(q->stmt, i, x));
}

void query_integer(Query *q, const char *parameter, int64_t x)
{
    keep_failure(q, sqlite3_bind_int64(q->stmt, parameter_index(q, parameter), x));
}

Rc query_step(bool *row, Query *q, Err *e)
{
    *row = false;
    if (q->failed != SQLITE_OK) return err_set(e, q->failed == SQLITE_NOMEM ? ERR_NOMEM : ERR_DB, "%s: %s: %s", q->db->path, q->name,
                                               sqlite3_errstr(q->failed));
    int code = sqlite3_step(q->stmt);
    if (code == SQLITE_ROW) *row = true;
    else if (code != SQLITE_DONE) {
        Rc rc = db_failure(q->db, q->name, e);
        sqlite3_reset(q->stmt);
        return rc;
    }
    return OK;
}

Rc query_done(Query *q, Err *e)
{
    bool row;
    Rc rc;
    do rc = query_step(&row, q, e); while (rc == OK && row);
    query_end(q);
    return rc;
}

void query_end(Query *q)
{
    if (!q) return;
    if (q->cached) { sqlite3_reset(q->stmt); return; }
    sqlite3_finalize(q->stmt);
    free(q);
}

const char *query_get_text(Query *q, int column) { return (const char *)sqlite3_column_text(q->stmt, column); }
double query_get_number(Query *q, int column)
{
    return sqlite3_column_type(q->stmt, column) == SQLITE_NULL ? NAN : sqlite3_column_double(q->stmt, column);
}
int64_t query_get_integer(Query *q, int column) { return sqlite3_column_int64(q->stmt, column); }
bool query_is_null(Query *q, int column) { return sqlite3_column_type(q->stmt, column) == SQLITE_NULL; }
bool query_is_number(Query *q, int column)
{
    int type = sqlite3_column_type(q->stmt, column);
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}
bool query_is_whole(Query *q, int column) { return sqlite3_column_type(q->stmt, column) == SQLITE_INTEGER; }
int query_columns(Query *q) { return sqlite3_column_count(q->stmt); }
const char *query_column_name(Query *q, int column) { return sqlite3_column_name(q->stmt, column); }

int64_t db_changes(Db *db) { return sqlite3_changes64(db->sql); }

Rc db_exec(Db *db, const char *sql, Err *e)
{
    return sqlite3_exec(db->sql, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : db_failure(db, "statement", e);
}

int64_t id_of(const char *first, ...)
{
    Sha256 s;
    char hex[HASH_TEXT];
    va_list ap;

    sha256_begin(&s);
    va_start(ap, first);
    for (const char *text = first; text; text = va_arg(ap, const char *)) sha256_add(&s, text, strlen(text) + 1);
    va_end(ap);
    sha256_end(&s, hex);
    hex[16] = '\0';
    return (int64_t)(strtoull(hex, NULL, 16) >> 11);
}

static void quoted(Str *out, const char *text, char mark)
{
    str_append_char(out, mark);
    for (; *text; text++) {
        if (*text == mark) str_append_char(out, mark);
        str_append_char(out, *text);
    }
    str_append_char(out, mark);
}

void sql_quote(Str *out, const char *text) { quoted(out, text, '\''); }
void sql_name(Str *out, const char *name) { quoted(out, name, '"'); }
