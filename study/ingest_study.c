/* study/ingest_study.c: a study folder's tables and files into its database. */
#include "study/ingest_study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_feature.h"
#include "db/db_names.h"
#include "db/db_patient.h"
#include "db/db_rejection.h"
#include "db/db_run.h"
#include "db/db_scan.h"
#include "db/db_stale.h"
#include "ingest/protocol.h"
#include "study/check_study.h"
#include "study/in_order.h"
#include "study/scan_read.h"
#include "study/stale.h"
#include "study/wide.h"

void ingest_result_free(IngestResult *r)
{
    rejection_free(&r->rejected);
    *r = (IngestResult){ 0 };
}

static void add_text(Sha256 *s, const char *key, const char *text)
{
    sha256_add(s, key, strlen(key) + 1);
    if (text) sha256_add(s, text, strlen(text));
    sha256_add(s, text ? "" : "\1", 1);
}

static void add_number(Sha256 *s, const char *key, double x)
{
    char text[NUMBER_TEXT_MAX];
    add_text(s, key, number_write(text, x));
}

Rc scan_inputs_digest(char out[HASH_TEXT], const char *study_dir, const Protocol *p, const Scan *scan, Err *e)
{
    Rc rc = OK;
    Sha256 s;
    char files[HASH_TEXT] = "";
    ScanRule rule;

    if (scan->status == SCAN_DONE) TRY(scan_files_hash(files, study_dir, scan, e));
    scan_rule(&rule, p, scan);
    sha256_begin(&s);
    add_text(&s, "patient", scan->patient);
    add_text(&s, "timepoint", scan->timepoint);
    add_text(&s, "tracer", scan->tracer);
    add_text(&s, "status", scan_status_name(scan->status));
    add_text(&s, "units", units_name(scan->units));
    add_number(&s, "reference_value", scan->reference_value);
    add_number(&s, "day", scan->day);
    add_number(&s, "uptake_min", scan->uptake_min);
    add_number(&s, "injected_mbq", scan->injected_mbq);
    add_number(&s, "weight_kg", scan->weight_kg);
    add_number(&s, "height_m", scan->height_m);
    add_text(&s, "sex", scan->sex);
    add_text(&s, "center", scan->center);
    for (size_t i = 0; i < scan->n_roi; i++)
        if (scan->roi[i].path) add_text(&s, scan->roi[i].name, strrchr(scan->roi[i].path, '#'));
    add_text(&s, "reference", rule.region);
    add_text(&s, "files", files);
    sha256_end(&s, out);
out:
    return rc;
}

Json *study_inputs_json(const StudyTables *t)
{
    Json *j = json_object();
    if (!j) return NULL;
    json_set_text(j, "study.json", t->protocol_sha256);
    json_set_text(j, t->protocol.clinical, t->clinical.sha256);
    json_set_text(j, t->protocol.scans, t->scans.sha256);
    return j;
}

/* ---- verdicts */

Rc ingest_refused_whole(Db *db, int64_t run_id, const char *study_dir, const char *message, Err *e)
{
    Rc rc = OK;
    Protocol p = { 0 };
    Verdict v = { .kind = SUBJECT_TABLE, .subject = "study.json", .file = "study.json", .reason = message };

    if (protocol_read(&p, study_dir, NULL, NULL) == OK) {
        if (strncmp(message, p.clinical, strlen(p.clinical)) == 0) { v.subject = "clinical"; v.file = p.clinical; }
        else if (strncmp(message, p.scans, strlen(p.scans)) == 0) { v.subject = "scans"; v.file = p.scans; }
    }
    TRY(db_begin(db, e));
    TRY(db_reject(NULL, db, run_id, &v, e));
    TRY(db_commit(db, e));
out:
    db_rollback(db);
    protocol_free(&p);
    return rc;
}

/* A patient without an id that may be kept has none in the list; the database calls him NO_ID. */
static const char *const NO_ID = "(no id)";
static bool refuses(const RejectionList *l, const char *patient)
{
    for (size_t i = 0; i < l->n; i++)
        if (!l->item[i].timepoint && strcmp(l->item[i].patient ? l->item[i].patient : NO_ID, patient) == 0) return true;
    return false;
}

static bool listed(const ClinicalTable *c, const char *patient)
{
    for (size_t i = 0; i < c->n_listed; i++)
        if (strcmp(c->listed[i], patient) == 0) return true;
    return false;
}

/* Tables and patients: what this reading refuses, and refusals of former ones that no longer hold. */
static Rc store_verdicts(IngestResult *out, const StudyTables *t, Db *db, int64_t run_id, Err *e)
{
    static const char *const tables[] = { "study.json", "clinical", "scans" };
    Rc rc = OK;
    Arena a = { 0 };
    char **refused = NULL;
    size_t n = 0;

    for (int i = 0; i < 3; i++) TRY(db_accept(NULL, db, run_id, SUBJECT_TABLE, tables[i], e));
    for (size_t i = 0; i < t->rejected.n; i++) {
        const Rejection *r = &t->rejected.item[i];
        Verdict v = { SUBJECT_PATIENT, r->patient ? r->patient : NO_ID, r->file, r->patient, NULL, NULL, r->what };
        TRY(db_reject(NULL, db, run_id, &v, e));
        TRY(rejection_add(&out->rejected, r->file, r->patient, r->timepoint, r->tracer, r->what, e));
    }
    TRY(db_names(&refused, &n, db, "refused_patients", &a, e));
    for (size_t i = 0; i < n; i++)
        if (!refuses(&t->rejected, refused[i])) TRY(db_accept(NULL, db, run_id, SUBJECT_PATIENT, refused[i], e));
    TRY(db_names(&refused, &n, db, "refused_models", &a, e));
    for (size_t i = 0; i < n; i++)
        if (!protocol_model(&t->protocol, refused[i])) TRY(db_accept(NULL, db, run_id, SUBJECT_MODEL, refused[i], e));
    TRY(db_names(&refused, &n, db, "refused_scans", &a, e));
    for (size_t i = 0; i < n; i++) {               /* a scan that left the list is no longer refused */
        bool there = false;
        Str key = { 0 };
        char *patient = arena_strndup(&a, refused[i], strcspn(refused[i], "/"));
        if (!patient) { rc = err_nomem(e); goto out; }
        for (size_t k = 0; k < t->scans.n && !there; k++) {
            key.len = 0;
            scan_subject(&key, t->scans.scan[k].patient, t->scans.scan[k].timepoint, t->scans.scan[k].tracer_slug);
            there = strcmp(str_text(&key), refused[i]) == 0;
        }
        str_free(&key);
        if (!there && (clinical_row(&t->clinical, patient) >= 0 || !listed(&t->clinical, patient)))
            TRY(db_accept(NULL, db, run_id, SUBJECT_SCAN, refused[i], e));
    }
out:
    arena_free(&a);
    return rc;
}

/* ---- the clinical table */

static void tell(const Progress *w, const char *what, char *const *who, size_t n, Str *text)
{
    enum { SHOWN = 8 };
    if (n == 0) return;
    text->len = 0;
    for (size_t i = 0; i < n && i < SHOWN; i++) str_appendf(text, "%s%s", i ? ", " : "", who[i]);
    if (n > SHOWN) str_appendf(text, " and %zu more", n - SHOWN);
    progress_note(w, "%s: %s", what, str_text(text));
}

static Rc audit_list(Db *db, int64_t run_id, const char *action, char *const *who, size_t n, const char *detail, Err *e)
{
    Rc rc = OK;
    for (size_t i = 0; rc == OK && i < n; i++) rc = db_audit_add(db, run_id, action, who[i], detail, e);
    return rc;
}

static Rc store_clinical(IngestResult *out, const StudyTables *t, Db *db, int64_t run_id, const Progress *w, Err *e)
{
    Rc rc = OK;
    ClinicalChange c = { 0 };
    Str text = { 0 };
    bool study_changed, first;

    TRY(db_begin(db, e));
    TRY(store_verdicts(out, t, db, run_id, e));
    TRY(db_study_store(&study_changed, db, t->protocol.name ? t->protocol.name : "", t->protocol.timepoint,
                       t->protocol.n_timepoints, e));
    TRY(db_clinical_store(&c, db, &t->clinical.frame, t->clinical.listed, t->clinical.n_listed, &t->protocol, e));
    if (c.n_added || c.n_removed) TRY(db_stale_column(db, NULL, e));
    for (size_t i = 0; i < c.n_columns; i++) TRY(db_stale_column(db, c.column[i], e));
    out->changed = study_changed || c.n_added || c.n_removed || c.n_changed || c.n_columns || c.renumbered;
    if (out->changed) TRY(db_stale_reports(db, e));
    TRY(audit_list(db, run_id, "add", c.added, c.n_added, t->protocol.clinical, e));
    TRY(audit_list(db, run_id, "remove", c.removed, c.n_removed, t->protocol.clinical, e));
    for (size_t i = 0; i < c.n_columns; i++) str_appendf(&text, "%s%s", i ? ", " : "", c.column[i]);
    first = c.n_added == t->clinical.frame.rows;
    if (!first) TRY(audit_list(db, run_id, "change", c.changed, c.n_changed, str_text(&text), e));
    TRY(db_commit(db, e));
    out->patients = t->clinical.frame.rows;
    out->patients_added = c.n_added;
    out->patients_removed = c.n_removed;
    for (size_t i = 0; i < c.n_changed; i++) {
        bool added = false;
        for (size_t k = 0; k < c.n_added && !added; k++) added = strcmp(c.changed[i], c.added[k]) == 0;
        if (!added) out->patients_changed++;
    }
    if (!first) {
        tell(w, "new patients", c.added, c.n_added, &text);
        if (out->patients_changed) tell(w, "other clinical values of", c.changed, c.n_changed, &text);
    }
    tell(w, "left clinical.csv, removed with scans and features", c.removed, c.n_removed, &text);
out:
    db_rollback(db);
    clinical_change_free(&c);
    str_free(&text);
    return rc;
}

/* ---- scans */

typedef struct {
    IngestResult *out;
    const StudyTables *tables;
    const char *study_dir;
    Db *db;
    int64_t run_id;
    const Progress *progress;
    StoredScans stored;            /* as they were before */
    char **refused;                /* subjects of scans whose newest verdict was a refusal */
    size_t n_refused;
    Arena arena;
} Ingest;

/* One scan, read and judged. */
typedef struct {
    char inputs[HASH_TEXT];
    bool unchanged;
    char *refusal;                 /* NULL: accepted */
    Grid grid;
    char image_sha[HASH_TEXT];
    RegionRow *region;
    size_t n_regions;
    char **warning;
    size_t n_warnings;
    Arena arena;
} Piece;

static void drop_piece(void *piece)
{
    Piece *p = piece;
    arena_free(&p->arena);
    free(p);
}

static const char *scan_name(void *context, size_t i)
{
    return ((Ingest *)context)->tables->scans.scan[i].patient;
}

static Rc summarise(Piece *p, const ScanData *d, Err *e)
{
    p->grid = d->image.grid;
    memcpy(p->image_sha, d->image_sha256, HASH_TEXT);
    p->region = ARENA_NEW(&p->arena, d->n_regions, RegionRow);
    p->warning = ARENA_NEW(&p->arena, d->n_warnings, char *);
    if (!p->region || !p->warning) return err_nomem(e);
    for (size_t i = 0; i < d->n_regions; i++) {
        const ScanRegion *g = &d->region[i];
        p->region[i] = (RegionRow){ arena_strdup(&p->arena, g->name), g->is_reference, g->voxels,
                                    (double)g->voxels * grid_voxel_ml(&d->image.grid), g->mean, g->sd, g->cov,
                                    arena_strdup(&p->arena, g->sha256) };
        if (!p->region[i].roi || !p->region[i].mask_sha) return err_nomem(e);
    }
    p->n_regions = d->n_regions;
    for (size_t i = 0; i < d->n_warnings; i++)
        if (!(p->warning[i] = arena_strdup(&p->arena, d->warning[i]))) return err_nomem(e);
    p->n_warnings = d->n_warnings;
    return OK;
}

static bool was_refused(const Ingest *g, const Scan *s)
{
    bool found = false;
    Str key = { 0 };
    scan_subject(&key, s->patient, s->timepoint, s->tracer_slug);
    for (size_t i = 0; i < g->n_refused && !found; i++) found = strcmp(g->refused[i], str_text(&key)) == 0;
    str_free(&key);
    return found;
}

static Rc make_piece(void **piece, void *context, size_t i, Err *e)
{
    Rc rc = OK;
    Ingest *g = context;
    const Scan *s = &g->tables->scans.scan[i];
    ScanData d = { 0 };
    ScanRule rule;
    Err refusal = { 0 };
    Piece *p = calloc(1, sizeof *p);

    *piece = p;
    if (!p) return err_nomem(e);
    rc = scan_inputs_digest(p->inputs, g->study_dir, &g->tables->protocol, s, &refusal);
    if (rc == OK) {
        const StoredScan *old = stored_scan_find(&g->stored, s->patient, s->timepoint, s->tracer_slug);
        p->unchanged = old && strcmp(old->inputs_sha, p->inputs) == 0 && !was_refused(g, s);
        if (p->unchanged || s->status != SCAN_DONE) return OK;
    }
    /* A file that cannot even be hashed is refused in the reader's words. */
    scan_rule(&rule, &g->tables->protocol, s);
    if (rc == OK || rc == ERR_INPUT) rc = scan_read(&d, g->study_dir, s, rule.region, &refusal);
    if (rc == OK) rc = summarise(p, &d, &refusal);
    if (rc == OK && !p->inputs[0]) rc = scan_inputs_digest(p->inputs, g->study_dir, &g->tables->protocol, s, &refusal);
    if (rc == ERR_INPUT) {
        p->refusal = arena_strdup(&p->arena, refusal.text);
        rc = p->refusal ? OK : err_nomem(e);
    } else if (rc != OK && e) *e = refusal;
    scan_data_free(&d);
    return rc;
}

static Rc take_refused(Ingest *g, const Piece *p, const Scan *s, Err *e)
{
    Rc rc = OK;
    Str key = { 0 };

    scan_subject(&key, s->patient, s->timepoint, s->tracer_slug);
    TRY(str_check(&key, e));
    Verdict v = { SUBJECT_SCAN, key.s, s->image, s->patient, s->timepoint, s->tracer, p->refusal };
    TRY(db_begin(g->db, e));
    TRY(db_reject(NULL, g->db, g->run_id, &v, e));
    TRY(db_commit(g->db, e));
    TRY(rejection_add(&g->out->rejected, s->image, s->patient, s->timepoint, s->tracer, p->refusal, e));
    g->out->scans_refused++;
out:
    db_rollback(g->db);
    str_free(&key);
    return rc;
}

static Rc take_piece(void *piece, void *context, size_t i, Err *e)
{
    Rc rc = OK;
    Ingest *g = context;
    Piece *p = piece;
    const Scan *s = &g->tables->scans.scan[i];
    const StoredScan *old = stored_scan_find(&g->stored, s->patient, s->timepoint, s->tracer_slug);
    char now[HASH_TEXT];
    Str key = { 0 };

    if (p->refusal) return take_refused(g, p, s, e);
    for (size_t k = 0; k < p->n_warnings; k++) progress_warn(g->progress, "%s", p->warning[k]);
    if (p->unchanged) { g->out->scans_unchanged++; return OK; }
    scan_subject(&key, s->patient, s->timepoint, s->tracer_slug);
    TRY(str_check(&key, e));
    TRY(db_begin(g->db, e));
    TRY(db_accept(NULL, g->db, g->run_id, SUBJECT_SCAN, key.s, e));
    /* Asked again inside the transaction: a second process may have stored it meanwhile. Equal too when it was refused for a while
     * and is as before again. */
    TRY(db_scan_inputs(now, g->db, scan_id(s->patient, s->timepoint, s->tracer_slug), e));
    if (strcmp(now, p->inputs) == 0) g->out->scans_unchanged++;
    else {
        bool done = s->status == SCAN_DONE;
        ScanRow row = { s, done ? &p->grid : NULL, done ? p->image_sha : NULL, p->inputs, p->region, p->n_regions };
        TRY(db_scan_store(g->db, g->run_id, &row, e));
        TRY(db_audit_add(g->db, g->run_id, old ? "change" : "add", key.s, p->inputs, e));
        g->out->changed = true;
        if (old) g->out->scans_changed++;
        else g->out->scans_added++;
    }
    TRY(db_commit(g->db, e));
    if (old && strcmp(old->inputs_sha, p->inputs) != 0)
        progress_note(g->progress, "scan %s changed; its features are to be computed again", key.s);
out:
    db_rollback(g->db);
    str_free(&key);
    return rc;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Scans of accepted patients that scans.csv no longer names. */
static Rc remove_unlisted(Ingest *g, Err *e)
{
    Rc rc = OK;
    Str key = { 0 };
    const ScanList *l = &g->tables->scans;
    int64_t *id = ARENA_NEW(&g->arena, l->n, int64_t);

    if (!id) return err_nomem(e);
    for (size_t k = 0; k < l->n; k++) id[k] = scan_id(l->scan[k].patient, l->scan[k].timepoint, l->scan[k].tracer_slug);
    qsort(id, l->n, sizeof *id, compare_ids);
    TRY(db_begin(g->db, e));
    for (size_t i = 0; i < g->stored.n; i++) {
        const StoredScan *s = &g->stored.scan[i];
        if (l->n && bsearch(&s->id, id, l->n, sizeof *id, compare_ids)) continue;
        if (clinical_row(&g->tables->clinical, s->patient) < 0) continue;      /* his patient is refused: kept */
        key.len = 0;
        scan_subject(&key, s->patient, s->timepoint, s->tracer_slug);
        TRY(str_check(&key, e));
        TRY(db_scan_remove(g->db, s->id, e));
        TRY(db_audit_add(g->db, g->run_id, "remove", key.s, "left the list of scans", e));
        progress_note(g->progress, "scan %s left %s; its features and changes were removed", key.s, g->tables->protocol.scans);
        g->out->scans_removed++;
        g->out->changed = true;
    }
    TRY(db_definition_prune(g->db, e));
    TRY(db_commit(g->db, e));
out:
    db_rollback(g->db);
    str_free(&key);
    return rc;
}

Rc ingest_study(IngestResult *out, const StudyTables *t, const char *study_dir, Db *db, int64_t run_id, int threads,
                const Progress *w, Err *e)
{
    Rc rc = OK;
    bool views_changed;
    Ingest g = { .out = out, .tables = t, .study_dir = study_dir, .db = db, .run_id = run_id, .progress = w };
    InOrder work = { make_piece, take_piece, drop_piece, scan_name, &g };

    TRY(store_clinical(out, t, db, run_id, w, e));
    TRY(db_scans_load(&g.stored, db, true, e));
    TRY(db_names(&g.refused, &g.n_refused, db, "refused_scans", &g.arena, e));
    TRY(remove_unlisted(&g, e));
    out->scans = t->scans.n;
    TRY(in_order(t->scans.n, threads, &work, w, "ingest", e));
    TRY(wide_refresh(&views_changed, db, &t->protocol, w, e));
    if (out->changed) rc = stale_tell(db, w, e);
out:
    stored_scans_free(&g.stored);
    arena_free(&g.arena);
    return rc;
}
