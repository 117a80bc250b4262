/* study/change_study.c: changes of features between serial scans of one patient and tracer. */
#include "study/change_study.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/version.h"
#include "db/db_feature.h"
#include "db/db_scan.h"
#include "db/db_stale.h"
#include "features/change.h"

/* What a comparison was made of: both extractions, and the program. */
static void pair_digests(char settings[HASH_TEXT], char inputs[HASH_TEXT], const StoredScan *from, const StoredScan *to)
{
    Sha256 s;
    sha256_begin(&s);
    sha256_add(&s, REOX_VERSION, sizeof REOX_VERSION);
    sha256_add(&s, from->extracted_settings, HASH_TEXT);
    sha256_add(&s, to->extracted_settings, HASH_TEXT);
    sha256_end(&s, settings);
    sha256_begin(&s);
    sha256_add(&s, from->extracted_inputs, HASH_TEXT);
    sha256_add(&s, to->extracted_inputs, HASH_TEXT);
    sha256_end(&s, inputs);
}

/* {"from": …, "to": …} when the two scans were measured by different documents, else the one they share. */
static Rc common_definition(int64_t *out, Db *db, int64_t from, int64_t to, Err *e)
{
    Rc rc = OK;
    Json *a = NULL, *b = NULL, *both = NULL;

    if (from == to) { *out = from; return OK; }
    TRY(db_definition_load(&a, db, from, e));
    TRY(db_definition_load(&b, db, to, e));
    both = json_object();
    json_set(both, "from", a);
    a = NULL;
    json_set(both, "to", b);
    b = NULL;
    rc = db_definition_store(out, db, both, e);
out:
    json_free(a);
    json_free(b);
    json_free(both);
    return rc;
}

static Rc compare(Db *db, int64_t run_id, const StoredScan *from, const StoredScan *to, const char *settings, const char *inputs, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    RegionFeatures *x = NULL, *y = NULL;
    RegionChanges *region = NULL;
    MadeOf of_x, of_y, made = { .settings_sha = settings, .inputs_sha = inputs };
    size_t n_x = 0, n_y = 0, n = 0;

    TRY(db_extraction_load(&x, &n_x, &of_x, db, from->id, &a, e));
    TRY(db_extraction_load(&y, &n_y, &of_y, db, to->id, &a, e));
    TRY(common_definition(&made.definition, db, of_x.definition, of_y.definition, e));
    TRY(common_definition(&made.hypoxia_definition, db, of_x.hypoxia_definition, of_y.hypoxia_definition, e));
    region = ARENA_NEW(&a, n_x, RegionChanges);
    if (!region) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n_x; i++)
        for (size_t k = 0; k < n_y; k++) {
            if (strcmp(x[i].roi, y[k].roi) != 0) continue;
            RegionChanges *r = &region[n++];
            FeatureChange *change = NULL;
            *r = (RegionChanges){ .roi = x[i].roi, .units = x[i].units,
                                  .unlike = x[i].units == y[k].units ? NULL : "the two images are in different units" };
            TRY(feature_changes(&change, &r->n, &x[i].features, &y[k].features, &a, e));
            r->change = change;
        }
    TRY(db_comparison_store(db, run_id, from->id, to->id, &made, region, n, e));
out:
    for (size_t i = 0; i < n_x; i++) feature_vector_free(&x[i].features);
    for (size_t i = 0; i < n_y; i++) feature_vector_free(&y[i].features);
    arena_free(&a);
    return rc;
}

typedef struct {
    const Protocol *protocol;
    Db *db;
    int64_t run_id;
    StoredScans scans;
    ScanPair *wanted, *there;
    size_t n_wanted, n_there;
    ChangeCounts *out;
    Arena arena;
} Changes;

/* Pair `from` with each later scan of the same patient and tracer that the protocol asks for. */
static Rc changes_from(Changes *c, const StoredScan *from, Err *e)
{
    Rc rc = OK;
    const Protocol *p = c->protocol;

    for (size_t k = 0; k < p->n_changes; k++) {
        char settings[HASH_TEXT], inputs[HASH_TEXT], had_settings[HASH_TEXT], had_inputs[HASH_TEXT];
        if (strcmp(p->timepoint[p->change[k].from], from->timepoint) != 0) continue;
        const StoredScan *to = stored_scan_find(&c->scans, from->patient, p->timepoint[p->change[k].to], from->tracer_slug);
        if (!to || !to->extracted_settings) continue;
        pair_digests(settings, inputs, from, to);
        c->wanted[c->n_wanted++] = (ScanPair){ from->id, to->id };
        c->out->pairs++;
        TRY(db_comparison_hashes(had_settings, had_inputs, c->db, from->id, to->id, e));
        if (!strcmp(settings, had_settings) && !strcmp(inputs, had_inputs)) { c->out->unchanged++; continue; }
        TRY(compare(c->db, c->run_id, from, to, settings, inputs, e));
        TRY(db_stale_scan(c->db, from->tracer_slug, from->timepoint, e));
        TRY(db_stale_scan(c->db, to->tracer_slug, to->timepoint, e));
        TRY(db_stale_reports(c->db, e));
        c->out->computed++;
    }
out:
    return rc;
}

static int compare_pairs(const void *a, const void *b)
{
    const ScanPair *x = a, *y = b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : (x->to > y->to) - (x->to < y->to);
}

/* Pairs that nobody asks for any more. Those of refused scans stay, as their scans' rows do. */
static Rc remove_unwanted(Changes *c, Err *e)
{
    Rc rc = OK;

    TRY(db_comparisons(&c->there, &c->n_there, c->db, &c->arena, e));
    qsort(c->wanted, c->n_wanted, sizeof *c->wanted, compare_pairs);
    TRY(db_begin(c->db, e));
    for (size_t i = 0; i < c->n_there; i++) {
        bool from = false, to = false;
        if (c->n_wanted && bsearch(&c->there[i], c->wanted, c->n_wanted, sizeof *c->wanted, compare_pairs)) continue;
        for (size_t k = 0; k < c->scans.n; k++) {
            from = from || c->scans.scan[k].id == c->there[i].from;
            to = to || c->scans.scan[k].id == c->there[i].to;
        }
        if (!from || !to) continue;
        TRY(db_comparison_remove(c->db, c->there[i].from, c->there[i].to, e));
        TRY(db_stale_reports(c->db, e));
        c->out->removed++;
    }
    TRY(db_commit(c->db, e));
out:
    db_rollback(c->db);
    return rc;
}

Rc change_study(ChangeCounts *out, const Protocol *p, Db *db, int64_t run_id, const Progress *w, Err *e)
{
    Rc rc = OK;
    Changes c = { .protocol = p, .db = db, .run_id = run_id, .out = out };
    bool begun = false;

    TRY(db_scans_load(&c.scans, db, false, e));
    c.wanted = ARENA_NEW(&c.arena, c.scans.n * p->n_changes + 1, ScanPair);
    if (!c.wanted) { rc = err_nomem(e); goto out; }
    progress_begin(w, "changes", c.scans.n);
    begun = true;
    for (size_t i = 0; i < c.scans.n; i++) {       /* by patient: one transaction each */
        const StoredScan *s = &c.scans.scan[i];
        bool first = i == 0 || strcmp(s[-1].patient, s->patient) != 0;
        bool last = i + 1 == c.scans.n || strcmp(s[1].patient, s->patient) != 0;
        if (first) {
            if (progress_interrupted(w)) TRY(err_set(e, ERR_INTERRUPTED, "interrupted; what was finished is kept"));
            TRY(db_begin(db, e));
        }
        if (s->extracted_settings) TRY(changes_from(&c, s, e));
        if (last) TRY(db_commit(db, e));
        progress_step(w, i + 1, s->patient);
    }
    TRY(remove_unwanted(&c, e));
out:
    db_rollback(db);
    if (begun) progress_end(w);
    stored_scans_free(&c.scans);
    arena_free(&c.arena);
    return rc;
}
