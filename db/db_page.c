/* db/db_page.c: what the pages of reports show, read in a few sweeps. */
#include "db/db_page.h"

#include <string.h>

#include "db/query.h"

/* A growing list in the arena; the old block stays until the arena goes. */
typedef struct {
    void *item;
    size_t n, cap, size;
} List;

static void *list_add(List *l, Arena *a)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        void *more = arena_array(a, cap, l->size);
        if (!more) return NULL;
        if (l->n) memcpy(more, l->item, l->n * l->size);
        l->item = more;
        l->cap = cap;
    }
    return (char *)l->item + l->n++ * l->size;
}

/* Text of a column, kept. *failed when memory is out. */
static const char *kept(Query *q, int column, Arena *a, bool *failed)
{
    const char *text = query_get_text(q, column);
    if (!text) return NULL;
    char *copy = arena_strdup(a, text);
    if (!copy) *failed = true;
    return copy;
}

typedef void FillRow(void *item, Query *q, Arena *a, bool *failed);

/* Every row of a statement through `fill`. */
static Rc sweep(List *l, Db *db, const char *name, const char *model, FillRow *fill, Arena *a, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row, failed = false;
    TRY(query_begin(&q, db, name, e));
    if (model) query_text(q, ":model", model);
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        void *item = list_add(l, a);
        if (item) fill(item, q, a, &failed);
        if (!item || failed) { rc = err_nomem(e); goto out; }
    }
out:
    query_end(q);
    return rc;
}

static ScanStatus status_of(const char *text)
{
    for (int s = SCAN_DONE; s <= SCAN_NOT_ASSESSABLE; s++) if (text && strcmp(scan_status_name((ScanStatus)s), text) == 0) return (ScanStatus)s;
    return SCAN_NOT_ASSESSABLE;
}

static void fill_scan(void *item, Query *q, Arena *a, bool *failed)
{
    *(PageScan *)item = (PageScan){ kept(q, 0, a, failed), kept(q, 1, a, failed), kept(q, 2, a, failed), kept(q, 3, a, failed),
                                    status_of(query_get_text(q, 4)), query_get_number(q, 5), query_get_number(q, 6), query_get_number(q, 8),
                                    kept(q, 7, a, failed) };
}

static void fill_refused_scan(void *item, Query *q, Arena *a, bool *failed)
{
    *(PageRefusedScan *)item = (PageRefusedScan){ kept(q, 0, a, failed), kept(q, 1, a, failed), kept(q, 2, a, failed), kept(q, 3, a, failed) };
}

static void fill_value(void *item, Query *q, Arena *a, bool *failed)
{
    *(PageValue *)item = (PageValue){ kept(q, 0, a, failed), kept(q, 1, a, failed), kept(q, 2, a, failed), NULL, kept(q, 3, a, failed),
                                      query_get_number(q, 4), kept(q, 5, a, failed), kept(q, 6, a, failed) };
}

static void fill_change(void *item, Query *q, Arena *a, bool *failed)
{
    *(PageValue *)item = (PageValue){ kept(q, 0, a, failed), kept(q, 1, a, failed), kept(q, 2, a, failed), kept(q, 3, a, failed), kept(q, 4, a, failed),
                                      query_get_number(q, 5), kept(q, 6, a, failed), NULL };
}

static void fill_term(void *item, Query *q, Arena *a, bool *failed)
{
    *(PageTerm *)item = (PageTerm){ kept(q, 0, a, failed), kept(q, 3, a, failed), query_get_number(q, 1), query_get_number(q, 2), query_get_number(q, 4),
                                    query_get_number(q, 5), query_get_number(q, 6), query_get_number(q, 7) };
}

static void fill_refusal(void *item, Query *q, Arena *a, bool *failed)
{
    *(PageRefusal *)item = (PageRefusal){ kept(q, 0, a, failed), kept(q, 1, a, failed), kept(q, 2, a, failed) };
}

Rc db_page_scans(PageScan **out, size_t *n, Db *db, Arena *a, Err *e)
{
    List l = { .size = sizeof **out };
    Rc rc = sweep(&l, db, "page_scans", NULL, fill_scan, a, e);
    *out = l.item;
    *n = l.n;
    return rc;
}

Rc db_page_refused_scans(PageRefusedScan **out, size_t *n, Db *db, Arena *a, Err *e)
{
    List l = { .size = sizeof **out };
    Rc rc = sweep(&l, db, "page_scans_refused", NULL, fill_refused_scan, a, e);
    *out = l.item;
    *n = l.n;
    return rc;
}

Rc db_page_values(PageValue **out, size_t *n, Db *db, Arena *a, Err *e)
{
    List l = { .size = sizeof **out };
    Rc rc = sweep(&l, db, "page_values", NULL, fill_value, a, e);
    *out = l.item;
    *n = l.n;
    return rc;
}

Rc db_page_changes(PageValue **out, size_t *n, Db *db, Arena *a, Err *e)
{
    List l = { .size = sizeof **out };
    Rc rc = sweep(&l, db, "page_changes", NULL, fill_change, a, e);
    *out = l.item;
    *n = l.n;
    return rc;
}

Rc db_page_terms(PageTerm **out, size_t *n, Db *db, const char *model, Arena *a, Err *e)
{
    List l = { .size = sizeof **out };
    Rc rc = sweep(&l, db, "page_terms", model, fill_term, a, e);
    *out = l.item;
    *n = l.n;
    return rc;
}

Rc db_page_refusals(PageRefusal **out, size_t *n, Db *db, Arena *a, Err *e)
{
    List l = { .size = sizeof **out };
    Rc rc = sweep(&l, db, "page_refusals", NULL, fill_refusal, a, e);
    *out = l.item;
    *n = l.n;
    return rc;
}

Rc db_report_remove(Db *db, const char *file, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    TRY(query_begin(&q, db, "report_remove", e));
    query_text(q, ":file", file);
    rc = query_done(q, e);
    q = NULL;
out:
    query_end(q);
    return rc;
}
