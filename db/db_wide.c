/* db/db_wide.c: the views with a row a patient, whose columns depend on the study. A column is a look-up by primary key, so a row costs
 * as many look-ups as it has columns. */
#include "db/db_wide.h"

#include <stdlib.h>
#include <string.h>

#include "db/query.h"

static void condition(Str *out, const char *column, const char *value)
{
    str_appendf(out, " AND %s = ", column);
    sql_quote(out, value);
}

static void add_feature(Str *out, const VariableKey *k, bool of_scan)
{
    if (of_scan) str_append(out, "SELECT f.value FROM feature AS f WHERE f.scan_id = s.scan_id");
    else {
        str_append(out, "SELECT f.value FROM accepted_scan AS s JOIN feature AS f USING (scan_id) WHERE s.patient = p.patient");
        condition(out, "s.tracer_slug", k->tracer_slug);
        condition(out, "s.timepoint", k->from);
    }
    condition(out, "f.roi", k->roi);
    condition(out, "f.name", k->name);
    condition(out, "f.aggregation", k->aggregation);
}

static void add_change(Str *out, const VariableKey *k)
{
    str_append(out, "SELECT c.value FROM accepted_scan AS a JOIN accepted_scan AS b JOIN change AS c ON c.from_scan = a.scan_id"
                    " AND c.to_scan = b.scan_id WHERE a.patient = p.patient AND b.patient = p.patient");
    condition(out, "a.tracer_slug", k->tracer_slug);
    condition(out, "b.tracer_slug", k->tracer_slug);
    condition(out, "a.timepoint", k->from);
    condition(out, "b.timepoint", k->to);
    condition(out, "c.roi", k->roi);
    condition(out, "c.name", k->name);
    condition(out, "c.aggregation", k->aggregation);
}

static void statement(Str *out, const WideView *v)
{
    str_append(out, "CREATE VIEW ");
    sql_name(out, v->name);
    str_append(out, v->tracer_slug ? " AS SELECT s.patient AS patient" : " AS SELECT p.patient AS patient");
    for (size_t i = 0; i < v->n_columns; i++) {
        const WideColumn *c = &v->column[i];
        str_append(out, ",\n    (");
        if (!c->variable) {
            str_append(out, "SELECT coalesce(c.number, c.text) FROM clinical AS c WHERE c.patient = p.patient");
            condition(out, "c.name", c->name);
        } else if (c->variable->to) add_change(out, c->variable);
        else add_feature(out, c->variable, v->tracer_slug != NULL);
        str_append(out, ") AS ");
        sql_name(out, c->name);
    }
    if (v->tracer_slug) {
        str_append(out, "\nFROM accepted_scan AS s WHERE s.status = 'done'");
        condition(out, "s.tracer_slug", v->tracer_slug);
        condition(out, "s.timepoint", v->timepoint);
    } else str_append(out, "\nFROM accepted_patient AS p");
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
        statement(&sql[i], &view[i]);
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
