/* db/db_rejection.c: verdicts on tables, patients, scans and models. */
#include "db/db_rejection.h"

#include <string.h>

#include "core/limits.h"
#include "db/db_run.h"
#include "db/query.h"

static const char *const KIND[] = { "table", "patient", "scan", "features", "model" };

void scan_subject(Str *out, const char *patient, const char *timepoint, const char *tracer_slug)
{
    str_appendf(out, "%s/%s/%s", patient, timepoint, tracer_slug);
}

static bool fit_id(const char *id)
{
    size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return n > 0 && n <= LIMIT_ID && !id[n];
}

static Rc newest(bool *refused, bool *same, Db *db, SubjectKind kind, const char *subject, const char *reason, Err *e)
{
    Query *q = NULL;
    bool row;
    Rc rc = OK;

    *refused = *same = false;
    TRY(query_begin(&q, db, "rejection_newest", e));
    query_text(q, ":kind", KIND[kind]);
    query_text(q, ":subject", subject);
    TRY(query_step(&row, q, e));
    *refused = row && strcmp(query_get_text(q, 0), "refused") == 0;
    *same = *refused && reason && strcmp(query_get_text(q, 1), reason) == 0;
out:
    query_end(q);
    return rc;
}

static Rc add(Db *db, int64_t run_id, const char *verdict, const Verdict *v, Err *e)
{
    Query *q = NULL;
    Rc rc = OK;

    TRY(query_begin(&q, db, "rejection_add", e));
    query_integer(q, ":run_id", run_id);
    query_text(q, ":kind", KIND[v->kind]);
    query_text(q, ":subject", v->subject);
    query_text(q, ":verdict", verdict);
    query_text(q, ":file", v->file);
    query_text(q, ":patient", v->patient);
    query_text(q, ":timepoint", v->timepoint);
    query_text(q, ":tracer", v->tracer);
    query_text(q, ":reason", v->reason);
    TRY(query_done(q, e));
    TRY(db_audit_add(db, run_id, verdict, v->subject, v->reason, e));
out:
    return rc;
}

Rc db_reject(bool *news, Db *db, int64_t run_id, const Verdict *v, Err *e)
{
    Rc rc = OK;
    bool refused, same;
    Verdict kept = *v;

    if (news) *news = false;
    if (kept.kind == SUBJECT_PATIENT && !fit_id(kept.subject)) {
        kept.subject = "(no id)";
        kept.patient = NULL;
        kept.reason = "a patient's id has characters that an id cannot have; it is not kept here, for it may be a name";
    }
    TRY(newest(&refused, &same, db, kept.kind, kept.subject, kept.reason, e));
    if (same) return OK;
    TRY(add(db, run_id, "refused", &kept, e));
    if (news) *news = true;
out:
    return rc;
}

Rc db_accept(bool *news, Db *db, int64_t run_id, SubjectKind kind, const char *subject, Err *e)
{
    Rc rc = OK;
    bool refused, same;
    Verdict v = { .kind = kind, .subject = subject, .reason = "accepted again" };

    if (news) *news = false;
    TRY(newest(&refused, &same, db, kind, subject, NULL, e));
    if (!refused) return OK;
    TRY(add(db, run_id, "accepted", &v, e));
    if (news) *news = true;
out:
    return rc;
}

Rc db_is_refused(bool *refused, Db *db, SubjectKind kind, const char *subject, Err *e)
{
    bool same;
    return newest(refused, &same, db, kind, subject, NULL, e);
}
