/* db/db_stale.c: marks on models and reports whose inputs changed, and a digest of what reports show. */
#include "db/db_stale.h"

#include <string.h>

#include "db/query.h"

static Rc stale(Db *db, const char *statement, const char *a, const char *a_value, const char *b, const char *b_value, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    TRY(query_begin(&q, db, statement, e));
    if (a) query_text(q, a, a_value);
    if (b) query_text(q, b, b_value);
    rc = query_done(q, e);
out:
    return rc;
}

Rc db_stale_column(Db *db, const char *column, Err *e) { return stale(db, "stale_column", ":column", column, NULL, NULL, e); }
Rc db_stale_scan(Db *db, const char *tracer_slug, const char *timepoint, Err *e)
{
    return stale(db, "stale_scan", ":tracer", tracer_slug, ":timepoint", timepoint, e);
}
Rc db_stale_reports(Db *db, Err *e) { return stale(db, "stale_reports", NULL, NULL, NULL, NULL, e); }

Rc db_views_digest(char out[HASH_TEXT], Db *db, Err *e)
{
    static const char *const part[] = { "digest_patients", "digest_clinical", "digest_scans", "digest_changes", "digest_models",
                                        "digest_predictions", "digest_refusals" };
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    Sha256 s;

    sha256_begin(&s);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        sha256_add(&s, part[i], strlen(part[i]) + 1);
        TRY(query_begin(&q, db, part[i], e));
        for (;;) {
            TRY(query_step(&row, q, e));
            if (!row) break;
            for (int k = 0; k < query_columns(q); k++) {
                char number[NUMBER_TEXT_MAX];
                const char *text = query_is_null(q, k) ? "\1" : query_is_number(q, k) && !query_is_whole(q, k)
                                   ? number_write(number, query_get_number(q, k)) : query_get_text(q, k);
                sha256_add(&s, text, strlen(text) + 1);
            }
        }
        query_end(q);
        q = NULL;
    }
    sha256_end(&s, out);
out:
    query_end(q);
    return rc;
}
