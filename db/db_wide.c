/* db/db_wide.c: the views with a row a patient, whose columns depend on the study. A column is a look-up by primary key, so a row costs
 * as many look-ups as it has columns, and who counts is worked out once a query. */
#include "db/db_wide.h"

#include <stdlib.h>
#include <string.h>

#include "db/query.h"

static void condition(Str *out, const char *column, const char *value)
{
    str_appendf(out, " AND %s = ", column);
    sql_quote(out, value);
}

/* A scan of the wide view: of one tracer at one time point, joined once and looked up by every column that needs it. */
typedef struct { const char *tracer_slug, *timepoint; } Joined;
enum { JOINS_MAX = 60 };               /* SQLite joins at most 64 tables */

static size_t joined(Joined *list, size_t *n, const char *tracer_slug, const char *timepoint)
{
    size_t i = 0;
    while (i < *n && (strcmp(list[i].tracer_slug, tracer_slug) != 0 || strcmp(list[i].timepoint, timepoint) != 0)) i++;
    if (i == *n) list[(*n)++] = (Joined){ tracer_slug, timepoint };
    return i;
}

/* The patient's scan_id of list[i]. */
static void scan_of(Str *out, const Joined *list, size_t i)
{
    if (i < JOINS_MAX) { str_appendf(out, "s%zu.scan_id", i); return; }
    str_append(out, "(SELECT o.scan_id FROM ok AS o WHERE o.patient = p.patient");
    condition(out, "o.tracer_slug", list[i].tracer_slug);
    condition(out, "o.timepoint", list[i].timepoint);
    str_append(out, ")");
}

static void key_of(Str *out, const char *table, const VariableKey *k)
{
    const struct { const char *column, *value; } part[] = { { "roi", k->roi }, { "name", k->name }, { "aggregation", k->aggregation } };
    for (int i = 0; i < 3; i++) {
        str_appendf(out, " AND %s.%s = ", table, part[i].column);
        sql_quote(out, part[i].value);
    }
}

static void add_variable(Str *out, const VariableKey *k, Joined *list, size_t *n)
{
    size_t from = joined(list, n, k->tracer_slug, k->from);
    if (!k->to) {
        str_append(out, "SELECT f.value FROM feature AS f WHERE f.scan_id = ");
        scan_of(out, list, from);
        key_of(out, "f", k);
        return;
    }
    size_t to = joined(list, n, k->tracer_slug, k->to);
    str_append(out, "SELECT c.value FROM change AS c WHERE c.from_scan = ");
    scan_of(out, list, from);
    str_append(out, " AND c.to_scan = ");
    scan_of(out, list, to);
    key_of(out, "c", k);
}

/* All features of one scan. */
static void scan_statement(Str *out, const WideView *v)
{
    str_append(out, "CREATE VIEW ");
    sql_name(out, v->name);
    str_append(out, " AS SELECT s.patient AS patient");
    for (size_t i = 0; i < v->n_columns; i++) {
        str_append(out, ",\n    (SELECT f.value FROM feature AS f WHERE f.scan_id = s.scan_id");
        key_of(out, "f", v->column[i].variable);
        str_append(out, ") AS ");
        sql_name(out, v->column[i].name);
    }
    str_append(out, "\nFROM accepted_scan AS s WHERE s.status = 'done'");
    condition(out, "s.tracer_slug", v->tracer_slug);
    condition(out, "s.timepoint", v->timepoint);
}

/* A row a patient. */
static Rc patient_statement(Str *out, const WideView *v, Err *e)
{
    size_t n = 0;
    Joined *list = calloc(2 * v->n_columns + 1, sizeof *list);

    if (!list) return err_nomem(e);
    str_append(out, "CREATE VIEW ");
    sql_name(out, v->name);
    str_append(out, " AS WITH ok AS MATERIALIZED (SELECT patient, tracer_slug, timepoint, scan_id FROM accepted_scan)"
                    "\nSELECT p.patient AS patient");
    for (size_t i = 0; i < v->n_columns; i++) {
        const WideColumn *c = &v->column[i];
        str_append(out, ",\n    (");
        if (c->variable) add_variable(out, c->variable, list, &n);
        else {
            str_append(out, "SELECT coalesce(c.number, c.text) FROM clinical AS c WHERE c.patient = p.patient");
            condition(out, "c.name", c->name);
        }
        str_append(out, ") AS ");
        sql_name(out, c->name);
    }
    str_append(out, "\nFROM accepted_patient AS p");
    for (size_t i = 0; i < n && i < JOINS_MAX; i++) {
        str_appendf(out, "\n    LEFT JOIN ok AS s%zu ON s%zu.patient = p.patient AND s%zu.tracer_slug = ", i, i, i);
        sql_quote(out, list[i].tracer_slug);
        str_appendf(out, " AND s%zu.timepoint = ", i);
        sql_quote(out, list[i].timepoint);
    }
    free(list);
    return OK;
}

Rc db_wide_store(bool *changed, Db *db, const WideView *view, size_t n, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row, *same = calloc(n + 1, sizeof *same);
    Str *sql = calloc(n + 1, sizeof *sql), drop = { 0 };

    *changed = false;
    if (!same || !sql) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        if (view[i].tracer_slug) scan_statement(&sql[i], &view[i]);
        else TRY(patient_statement(&sql[i], &view[i], e));
        TRY(str_check(&sql[i], e));
    }
    TRY(query_begin(&q, db, "wide_views", e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        size_t i = 0;
        while (i < n && strcmp(view[i].name, query_get_text(q, 0)) != 0) i++;
        if (i < n && strcmp(sql[i].s, query_get_text(q, 1)) == 0) { same[i] = true; continue; }
        str_append(&drop, "DROP VIEW ");
        sql_name(&drop, query_get_text(q, 0));
        str_append(&drop, ";");
    }
    query_end(q);
    q = NULL;
    TRY(str_check(&drop, e));
    if (drop.len) { TRY(db_exec(db, drop.s, e)); *changed = true; }
    for (size_t i = 0; i < n; i++) {
        if (same[i]) continue;
        TRY(db_exec(db, sql[i].s, e));
        *changed = true;
    }
out:
    query_end(q);
    for (size_t i = 0; sql && i < n; i++) str_free(&sql[i]);
    str_free(&drop);
    free(sql);
    free(same);
    return rc;
}
