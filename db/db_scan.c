/* db/db_scan.c: scans as they were ingested, and what became of them. */
#include "db/db_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_stale.h"
#include "db/query.h"

int64_t scan_id(const char *patient, const char *timepoint, const char *tracer_slug)
{
    return id_of("scan", patient, timepoint, tracer_slug, (const char *)NULL);
}

Rc db_scan_inputs(char out[HASH_TEXT], Db *db, int64_t id, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;

    out[0] = '\0';
    TRY(query_begin(&q, db, "scan_inputs", e));
    query_integer(q, ":scan_id", id);
    TRY(query_step(&row, q, e));
    if (row) snprintf(out, HASH_TEXT, "%s", query_get_text(q, 0));
out:
    query_end(q);
    return rc;
}

static Rc store_regions(Db *db, int64_t id, const ScanRow *row, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    for (size_t i = 0; i < row->n_regions; i++) {
        const RegionRow *r = &row->region[i];
        TRY(query_begin(&q, db, "region_add", e));
        query_integer(q, ":scan_id", id);
        query_text(q, ":roi", r->roi);
        query_integer(q, ":is_reference", r->is_reference);
        query_integer(q, ":voxels", (int64_t)r->voxels);
        query_number(q, ":volume_ml", r->volume_ml);
        query_number(q, ":mean", r->mean);
        query_number(q, ":sd", r->sd);
        query_number(q, ":cov", isfinite(r->cov) ? r->cov : NAN);
        query_text(q, ":mask_sha", r->mask_sha);
        TRY(query_done(q, e));
    }
out:
    return rc;
}

Rc db_scan_store(Db *db, int64_t run_id, const ScanRow *row, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    const Scan *s = row->scan;
    int64_t id = scan_id(s->patient, s->timepoint, s->tracer_slug);

    TRY(db_scan_remove(db, id, e));
    TRY(query_begin(&q, db, "scan_set", e));
    query_integer(q, ":scan_id", id);
    query_text(q, ":patient", s->patient);
    query_text(q, ":timepoint", s->timepoint);
    query_text(q, ":tracer", s->tracer);
    query_text(q, ":tracer_slug", s->tracer_slug);
    query_text(q, ":status", scan_status_name(s->status));
    query_text(q, ":units", row->grid ? units_name(s->units) : NULL);
    query_number(q, ":day", s->day);
    query_number(q, ":uptake_min", s->uptake_min);
    query_number(q, ":injected_mbq", s->injected_mbq);
    query_number(q, ":weight_kg", s->weight_kg);
    query_number(q, ":height_m", s->height_m);
    query_text(q, ":sex", s->sex);
    query_text(q, ":center", s->center);
    query_number(q, ":reference_value", s->reference_value);
    if (row->grid) {
        static const char *const n[] = { ":nx", ":ny", ":nz" }, *const d[] = { ":dx_mm", ":dy_mm", ":dz_mm" };
        for (int k = 0; k < 3; k++) {
            query_integer(q, n[k], row->grid->n[k]);
            query_number(q, d[k], row->grid->spacing_mm[k]);
        }
    }
    query_text(q, ":image_sha", row->image_sha);
    query_text(q, ":inputs_sha", row->inputs_sha);
    query_integer(q, ":run_id", run_id);
    TRY(query_done(q, e));
    TRY(store_regions(db, id, row, e));
    TRY(db_stale_scan(db, s->tracer_slug, s->timepoint, e));
    rc = db_stale_reports(db, e);
out:
    return rc;
}

Rc db_scan_remove(Db *db, int64_t id, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    char *tracer = NULL, *timepoint = NULL;

    TRY(query_begin(&q, db, "scan_key", e));
    query_integer(q, ":scan_id", id);
    TRY(query_step(&row, q, e));
    if (!row) goto out;
    tracer = text_copy(query_get_text(q, 0));
    timepoint = text_copy(query_get_text(q, 1));
    query_end(q);
    q = NULL;
    if (!tracer || !timepoint) { rc = err_nomem(e); goto out; }
    TRY(query_begin(&q, db, "scan_remove", e));
    query_integer(q, ":scan_id", id);
    TRY(query_done(q, e));
    TRY(db_stale_scan(db, tracer, timepoint, e));
    rc = db_stale_reports(db, e);
out:
    query_end(q);
    free(tracer);
    free(timepoint);
    return rc;
}

void stored_scans_free(StoredScans *s)
{
    arena_free(&s->arena);
    *s = (StoredScans){ 0 };
}

static ScanStatus status_of(const char *text)
{
    ScanStatus s = SCAN_DONE;
    while (s < SCAN_NOT_ASSESSABLE && strcmp(scan_status_name(s), text) != 0) s++;
    return s;
}

/* Text of a column in the arena; NULL for NULL. */
static Rc keep(const char **out, Arena *a, Query *q, int column, Err *e)
{
    const char *text = query_get_text(q, column);
    *out = text ? arena_strdup(a, text) : NULL;
    return text && !*out ? err_nomem(e) : OK;
}

Rc db_scans_load(StoredScans *out, Db *db, bool all, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t cap = 0;

    TRY(query_begin(&q, db, all ? "scans_all" : "scans_accepted", e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        if (out->n == cap) {
            cap = cap ? 2 * cap : 64;
            StoredScan *more = ARENA_NEW(&out->arena, cap, StoredScan);
            if (!more) { rc = err_nomem(e); goto out; }
            if (out->n) memcpy(more, out->scan, out->n * sizeof *more);
            out->scan = more;
        }
        StoredScan *s = &out->scan[out->n++];
        s->id = query_get_integer(q, 0);
        TRY(keep(&s->patient, &out->arena, q, 1, e));
        TRY(keep(&s->timepoint, &out->arena, q, 2, e));
        TRY(keep(&s->tracer, &out->arena, q, 3, e));
        TRY(keep(&s->tracer_slug, &out->arena, q, 4, e));
        s->status = status_of(query_get_text(q, 5));
        s->day = query_get_number(q, 6);
        TRY(keep(&s->inputs_sha, &out->arena, q, 7, e));
        TRY(keep(&s->extracted_settings, &out->arena, q, 8, e));
        TRY(keep(&s->extracted_inputs, &out->arena, q, 9, e));
    }
out:
    query_end(q);
    return rc;
}

const StoredScan *stored_scan_find(const StoredScans *s, const char *patient, const char *timepoint, const char *tracer_slug)
{
    size_t lo = 0, hi = s->n;                      /* the list is in order of patient */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(s->scan[mid].patient, patient) < 0) lo = mid + 1;
        else hi = mid;
    }
    for (; lo < s->n && strcmp(s->scan[lo].patient, patient) == 0; lo++)
        if (!strcmp(s->scan[lo].timepoint, timepoint) && !strcmp(s->scan[lo].tracer_slug, tracer_slug)) return &s->scan[lo];
    return NULL;
}

Rc db_study_store(bool *changed, Db *db, const char *name, char *const *timepoint, size_t n_timepoints, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row, same = true;
    size_t n = 0;

    *changed = false;
    TRY(query_begin(&q, db, "study_get", e));
    TRY(query_step(&row, q, e));
    if (!row || strcmp(query_get_text(q, 0), name) != 0) *changed = true;
    query_end(q);
    if (*changed) {
        TRY(query_begin(&q, db, "study_set", e));
        query_text(q, ":name", name);
        TRY(query_done(q, e));
    }
    TRY(query_begin(&q, db, "timepoints", e));
    for (;; n++) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        if (n >= n_timepoints || strcmp(query_get_text(q, 0), timepoint[n]) != 0) same = false;
    }
    query_end(q);
    q = NULL;
    if (same && n == n_timepoints) goto out;
    *changed = true;
    TRY(query_begin(&q, db, "timepoints_clear", e));
    TRY(query_done(q, e));
    for (size_t i = 0; i < n_timepoints; i++) {
        TRY(query_begin(&q, db, "timepoint_add", e));
        query_text(q, ":name", timepoint[i]);
        query_integer(q, ":position", (int64_t)i + 1);
        TRY(query_done(q, e));
    }
out:
    query_end(q);
    return rc;
}
