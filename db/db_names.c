/* db/db_names.c: short lists of names. */
#include "db/db_names.h"

#include <string.h>

#include "db/query.h"

Rc db_names(char ***out, size_t *n, Db *db, const char *list, Arena *a, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t cap = 0;

    *out = NULL;
    *n = 0;
    TRY(query_begin(&q, db, list, e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        if (*n == cap) {
            cap = cap ? 2 * cap : 8;
            char **more = ARENA_NEW(a, cap, char *);
            if (!more) { rc = err_nomem(e); goto out; }
            if (*n) memcpy(more, *out, *n * sizeof *more);
            *out = more;
        }
        if (!((*out)[(*n)++] = arena_strdup(a, query_get_text(q, 0)))) { rc = err_nomem(e); goto out; }
    }
out:
    query_end(q);
    return rc;
}
