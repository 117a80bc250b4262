/* db/db_definition.c: what the values of one variable mean in this cohort. */
#include "db/db_definition.h"

#include <string.h>

#include "db/query.h"

Rc db_variable_definitions(Json **out, Db *db, const VariableKey *key, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    Json *list = json_array();
    bool row;

    TRY(query_begin(&q, db, key->to ? "change_definitions" : "feature_definitions", e));
    query_text(q, ":tracer", key->tracer_slug);
    query_text(q, ":from", key->from);
    if (key->to) query_text(q, ":to", key->to);
    query_text(q, ":roi", key->roi);
    query_text(q, ":name", key->name);
    query_text(q, ":aggregation", key->aggregation ? key->aggregation : "");
    for (;;) {
        Json *document = NULL;
        TRY(query_step(&row, q, e));
        if (!row) break;
        const char *text = query_get_text(q, 0);
        TRY(json_parse(&document, text, strlen(text), "definition", e));
        Json *o = json_push(list, json_object());
        json_set(o, "document", document);
        json_set_text(o, "unit", query_get_text(q, 1));
    }
    *out = list;
    list = NULL;
out:
    query_end(q);
    json_free(list);
    return rc;
}
