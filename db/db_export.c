/* db/db_export.c: views as CSV. */
#include "db/db_export.h"

#include <inttypes.h>
#include <string.h>

#include "core/csv.h"
#include "db/query.h"

Rc db_view_columns(char ***out, size_t *n, Db *db, const char *view, Arena *a, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    Str sql = { 0 };

    str_append(&sql, "SELECT * FROM ");
    sql_name(&sql, view);
    TRY(str_check(&sql, e));
    TRY(query_sql(&q, db, sql.s, e));
    *n = (size_t)query_columns(q);
    *out = ARENA_NEW(a, *n, char *);
    if (!*out) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < *n; i++)
        if (!((*out)[i] = arena_strdup(a, query_column_name(q, (int)i)))) { rc = err_nomem(e); goto out; }
out:
    query_end(q);
    str_free(&sql);
    return rc;
}

/* In the protocol's order where a view has it, else by its first columns, which are its key. */
static void add_order(Str *sql, const char *view, int columns)
{
    if (strcmp(view, "v_model") == 0) { str_append(sql, " ORDER BY position"); return; }
    if (strcmp(view, "v_term") == 0) { str_append(sql, " ORDER BY model, position"); return; }
    if (strcmp(view, "v_patient") == 0) { str_append(sql, " ORDER BY row"); return; }
    str_append(sql, " ORDER BY 1");
    for (int i = 2; i <= columns && i <= 7 && strncmp(view, "v_wide", 6) != 0; i++) str_appendf(sql, ", %d", i);
}

Rc db_view_csv(Str *out, size_t *rows, Db *db, const char *view, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    Str sql = { 0 };

    *rows = 0;
    str_append(&sql, "SELECT * FROM ");
    sql_name(&sql, view);
    TRY(str_check(&sql, e));
    TRY(query_sql(&q, db, sql.s, e));
    int n = query_columns(q);
    query_end(q);
    q = NULL;
    add_order(&sql, view, n);
    TRY(str_check(&sql, e));
    TRY(query_sql(&q, db, sql.s, e));
    for (int i = 0; i < n; i++) {
        if (i) str_append_char(out, ',');
        csv_write_field(out, query_column_name(q, i));
    }
    str_append_char(out, '\n');
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        for (int i = 0; i < n; i++) {
            if (i) str_append_char(out, ',');
            if (query_is_null(q, i)) str_append(out, "NA");
            else if (query_is_whole(q, i)) str_appendf(out, "%" PRId64, query_get_integer(q, i));
            else if (query_is_number(q, i)) csv_write_number(out, query_get_number(q, i));
            else csv_write_field(out, query_get_text(q, i));
        }
        str_append_char(out, '\n');
        ++*rows;
    }
    rc = str_check(out, e);
out:
    query_end(q);
    str_free(&sql);
    return rc;
}

Rc db_clinical_column_info(const char **label, const char **unit, Db *db, const char *column, Arena *a, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;

    *label = *unit = "";
    TRY(query_begin(&q, db, "clinical_column_get", e));
    query_text(q, ":name", column);
    TRY(query_step(&row, q, e));
    if (row && !query_is_null(q, 0) && !(*label = arena_strdup(a, query_get_text(q, 0)))) { rc = err_nomem(e); goto out; }
    if (row && !query_is_null(q, 1) && !(*unit = arena_strdup(a, query_get_text(q, 1)))) { rc = err_nomem(e); goto out; }
out:
    query_end(q);
    return rc;
}
