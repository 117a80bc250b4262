/* study/extract_study.c: features of every ingested scan, and changes of every pair of serial scans. */
#include "study/extract_study.h"

#include <stdlib.h>
#include <string.h>

#include "db/db_feature.h"
#include "db/db_rejection.h"
#include "db/db_run.h"
#include "db/db_scan.h"
#include "db/db_stale.h"
#include "study/change_study.h"
#include "study/in_order.h"
#include "study/ingest_study.h"
#include "study/scan_features.h"
#include "study/stale.h"
#include "study/wide.h"

void extract_result_free(ExtractResult *r)
{
    rejection_free(&r->rejected);
    *r = (ExtractResult){ 0 };
}

typedef struct {
    ExtractResult *out;
    const StudyTables *tables;
    const char *study_dir;
    Db *db;
    int64_t run_id;
    const Progress *progress;
    StoredScans stored;
    const Scan **scan;             /* what is to be measured, in the order of scans.csv */
    const StoredScan **row;        /* its row in the database */
    size_t n;
    Arena arena;
} Work;

/* The features of one scan, or why there are none. */
typedef struct {
    bool unchanged;
    char *refusal;
    char settings_sha[HASH_TEXT];
    Json *definition, *hypoxia_definition;
    struct { const char *roi; Extraction features; } *region;
    size_t n_regions;
    Arena arena;
} Piece;

static void drop_piece(void *piece)
{
    Piece *p = piece;
    for (size_t i = 0; i < p->n_regions; i++) extraction_free(&p->region[i].features);
    json_free(p->definition);
    json_free(p->hypoxia_definition);
    arena_free(&p->arena);
    free(p);
}

static const char *scan_name(void *context, size_t i) { return ((Work *)context)->scan[i]->patient; }

static Rc measure(Piece *p, const Work *w, const Scan *s, ScanMethod *m, Err *e)
{
    Rc rc = OK;
    ScanData d = { 0 };

    TRY(scan_read(&d, w->study_dir, s, m->rule.region, e));
    p->hypoxia_definition = scan_hypoxia_definition(m, s, &d);
    p->definition = m->definition;
    m->definition = NULL;
    p->region = arena_array(&p->arena, d.n_regions, sizeof *p->region);
    if (!p->hypoxia_definition || !p->region) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < d.n_regions; i++) {
        if (d.region[i].is_reference) continue;
        if (!(p->region[p->n_regions].roi = arena_strdup(&p->arena, d.region[i].name))) { rc = err_nomem(e); goto out; }
        p->n_regions++;
        TRY(scan_region_features(&p->region[p->n_regions - 1].features, m, s, &d, &d.region[i], e));
    }
out:
    scan_data_free(&d);
    return rc;
}

static Rc make_piece(void **piece, void *context, size_t i, Err *e)
{
    Rc rc = OK;
    Work *w = context;
    const Scan *s = w->scan[i];
    const StoredScan *row = w->row[i];
    ScanMethod m = { 0 };
    Err refusal = { 0 };
    char inputs[HASH_TEXT];
    Piece *p = calloc(1, sizeof *p);

    *piece = p;
    if (!p) return err_nomem(e);
    TRY(scan_method(&m, &w->tables->protocol, s, &refusal));
    memcpy(p->settings_sha, m.settings_sha, HASH_TEXT);
    TRY(scan_inputs_digest(inputs, w->study_dir, &w->tables->protocol, s, &refusal));
    if (strcmp(inputs, row->inputs_sha) != 0)
        TRY(err_set(&refusal, ERR_INPUT, "%s: changed since it was ingested; `reox ingest` reads it again (scan %s/%s/%s)", s->image,
                    s->patient, s->timepoint, s->tracer));
    p->unchanged = row->extracted_settings && !strcmp(row->extracted_settings, m.settings_sha) &&
                   !strcmp(row->extracted_inputs, row->inputs_sha);
    if (!p->unchanged) TRY(measure(p, w, s, &m, &refusal));
out:
    scan_method_free(&m);
    if (rc == ERR_INPUT) {
        p->refusal = arena_strdup(&p->arena, refusal.text);
        rc = p->refusal ? OK : err_nomem(e);
    } else if (rc != OK && e) *e = refusal;
    return rc;
}

/* No features: what was computed otherwise goes, for it is not what the protocol asks for. */
static Rc take_refused(Work *w, const Piece *p, const Scan *s, const StoredScan *row, Err *e)
{
    Rc rc = OK;
    Str key = { 0 };

    scan_subject(&key, s->patient, s->timepoint, s->tracer_slug);
    TRY(str_check(&key, e));
    Verdict v = { SUBJECT_FEATURES, key.s, s->image, s->patient, s->timepoint, s->tracer, p->refusal };
    TRY(db_begin(w->db, e));
    TRY(db_reject(NULL, w->db, w->run_id, &v, e));
    if (row->extracted_settings) {
        TRY(db_extraction_remove(w->db, row->id, e));
        TRY(db_stale_scan(w->db, s->tracer_slug, s->timepoint, e));
        TRY(db_stale_reports(w->db, e));
    }
    TRY(db_commit(w->db, e));
    TRY(rejection_add(&w->out->rejected, s->image, s->patient, s->timepoint, s->tracer, p->refusal, e));
    w->out->scans_refused++;
out:
    db_rollback(w->db);
    str_free(&key);
    return rc;
}

static Rc store(Work *w, Piece *p, const Scan *s, const StoredScan *row, const char *key, Err *e)
{
    Rc rc = OK;
    MadeOf made = { .settings_sha = p->settings_sha, .inputs_sha = row->inputs_sha };
    char now[HASH_TEXT];
    RegionFeatures *region = ARENA_NEW(&p->arena, p->n_regions, RegionFeatures);

    if (!region) return err_nomem(e);
    TRY(db_begin(w->db, e));
    TRY(db_scan_inputs(now, w->db, row->id, e));
    if (strcmp(now, row->inputs_sha) != 0) goto out;       /* a second process ingested it anew meanwhile: its turn */
    TRY(db_definition_store(&made.definition, w->db, p->definition, e));
    TRY(db_definition_store(&made.hypoxia_definition, w->db, p->hypoxia_definition, e));
    for (size_t i = 0; i < p->n_regions; i++) {
        const Extraction *x = &p->region[i].features;
        region[i] = (RegionFeatures){ p->region[i].roi, x->features, x->units };
        for (size_t k = 0; k < x->features.n; k++) w->out->undefined += x->features.value[k].reason != NULL;
        w->out->values += x->features.n;
    }
    TRY(db_extraction_store(w->db, w->run_id, row->id, &made, region, p->n_regions, e));
    TRY(db_stale_scan(w->db, s->tracer_slug, s->timepoint, e));
    TRY(db_stale_reports(w->db, e));
    TRY(db_accept(NULL, w->db, w->run_id, SUBJECT_FEATURES, key, e));
    TRY(db_audit_add(w->db, w->run_id, "extract", key, p->settings_sha, e));
    TRY(db_commit(w->db, e));
out:
    db_rollback(w->db);
    return rc;
}

static Rc take_piece(void *piece, void *context, size_t i, Err *e)
{
    Rc rc = OK;
    Work *w = context;
    Piece *p = piece;
    const Scan *s = w->scan[i];
    Str key = { 0 };

    if (p->refusal) return take_refused(w, p, s, w->row[i], e);
    if (p->unchanged) { w->out->scans_unchanged++; return OK; }
    for (size_t r = 0; r < p->n_regions; r++)
        for (size_t k = 0; k < p->region[r].features.n_warnings; k++)
            progress_warn(w->progress, "%s (scan %s/%s/%s)", p->region[r].features.warning[k], s->patient, s->timepoint, s->tracer);
    scan_subject(&key, s->patient, s->timepoint, s->tracer_slug);
    TRY(str_check(&key, e));
    TRY(store(w, p, s, w->row[i], key.s, e));
    w->out->scans_computed++;
out:
    str_free(&key);
    return rc;
}

/* Done scans of the list that the database holds and counts. */
static Rc choose(Work *w, Err *e)
{
    const ScanList *l = &w->tables->scans;

    w->scan = arena_array(&w->arena, l->n, sizeof *w->scan);
    w->row = arena_array(&w->arena, l->n, sizeof *w->row);
    if (!w->scan || !w->row) return err_nomem(e);
    for (size_t i = 0; i < l->n; i++) {
        const Scan *s = &l->scan[i];
        const StoredScan *row = stored_scan_find(&w->stored, s->patient, s->timepoint, s->tracer_slug);
        if (s->status != SCAN_DONE || !row) continue;
        w->scan[w->n] = s;
        w->row[w->n++] = row;
    }
    return OK;
}

static Rc store_registry(Work *w, Err *e)
{
    Rc rc = OK;
    bool changed;
    TRY(db_begin(w->db, e));
    TRY(db_feature_info_store(&changed, w->db, e));
    TRY(db_commit(w->db, e));
out:
    db_rollback(w->db);
    return rc;
}

static Rc prune(Work *w, Err *e)
{
    Rc rc = OK;
    TRY(db_begin(w->db, e));
    TRY(db_definition_prune(w->db, e));
    TRY(db_commit(w->db, e));
out:
    db_rollback(w->db);
    return rc;
}

Rc extract_study(ExtractResult *out, const StudyTables *t, const char *study_dir, Db *db, int64_t run_id, int threads,
                 const Progress *progress, Err *e)
{
    Rc rc = OK;
    bool views_changed;
    Work w = { .out = out, .tables = t, .study_dir = study_dir, .db = db, .run_id = run_id, .progress = progress };
    InOrder work = { make_piece, take_piece, drop_piece, scan_name, &w };
    ChangeCounts changes = { 0 };

    TRY(store_registry(&w, e));
    TRY(db_scans_load(&w.stored, db, false, e));
    TRY(choose(&w, e));
    out->scans = w.n;
    TRY(in_order(w.n, threads, &work, progress, "extract", e));
    TRY(change_study(&changes, &t->protocol, db, run_id, progress, e));
    out->pairs = changes.pairs;
    out->pairs_computed = changes.computed;
    out->pairs_unchanged = changes.unchanged;
    out->pairs_removed = changes.removed;
    TRY(prune(&w, e));
    TRY(wide_refresh(&views_changed, db, &t->protocol, progress, e));
    if (out->scans_computed || changes.computed || changes.removed) rc = stale_tell(db, progress, e);
out:
    stored_scans_free(&w.stored);
    arena_free(&w.arena);
    return rc;
}
