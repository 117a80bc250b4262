/* db/db_feature.c: features of scans, changes between scans, and the definitions beside them. */
#include "db/db_feature.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "db/query.h"

Rc db_definition_store(int64_t *id, Db *db, const Json *document, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    Str text = { 0 };

    TRY(json_print_canonical(&text, document, e));
    *id = id_of("definition", text.s, (const char *)NULL);
    TRY(query_begin(&q, db, "definition_add", e));
    query_integer(q, ":definition_id", *id);
    query_text(q, ":document", text.s);
    rc = query_done(q, e);
out:
    str_free(&text);
    return rc;
}

Rc db_definition_load(Json **document, Db *db, int64_t id, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;

    TRY(query_begin(&q, db, "definition_get", e));
    query_integer(q, ":definition_id", id);
    TRY(query_step(&row, q, e));
    const char *text = row ? query_get_text(q, 0) : "null";
    rc = json_parse(document, text, strlen(text), db_name(db), e);
out:
    query_end(q);
    return rc;
}

Rc db_extraction_remove(Db *db, int64_t scan, Err *e)
{
    Query *q = NULL;
    Rc rc = query_begin(&q, db, "extraction_remove", e);
    if (rc != OK) return rc;
    query_integer(q, ":scan_id", scan);
    return query_done(q, e);
}

Rc db_definition_prune(Db *db, Err *e)
{
    Query *q = NULL;
    Rc rc = query_begin(&q, db, "definition_prune", e);
    return rc == OK ? query_done(q, e) : rc;
}

Rc db_feature_info_store(bool *changed, Db *db, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;

    *changed = false;
    for (int i = 0; i < FEATURE_COUNT; i++) {
        const FeatureInfo *f = feature_info((FeatureId)i);
        TRY(query_begin(&q, db, "feature_info_set", e));
        query_text(q, ":name", f->name);
        query_text(q, ":family", family_name(f->family));
        query_text(q, ":ibsi", *f->ibsi ? f->ibsi : NULL);
        query_text(q, ":unit", f->unit);
        query_text(q, ":definition", f->definition);
        query_text(q, ":source", f->source);
        TRY(query_done(q, e));
        if (db_changes(db) > 0) *changed = true;
    }
out:
    return rc;
}

static const char *aggregation_text(Aggregation a)
{
    const char *name = aggregation_name(a);
    return name ? name : "";
}

static void bind_value(Query *q, double value, const char *reason)
{
    query_number(q, ":value", reason ? NAN : value);
    query_text(q, ":reason", reason);
}

static void bind_made_of(Query *q, const MadeOf *made, int64_t run_id)
{
    query_text(q, ":settings_sha", made->settings_sha);
    query_text(q, ":inputs_sha", made->inputs_sha);
    query_integer(q, ":definition_id", made->definition);
    query_integer(q, ":hypoxia_definition_id", made->hypoxia_definition);
    query_integer(q, ":run_id", run_id);
}

Rc db_extraction_store(Db *db, int64_t run_id, int64_t scan, const MadeOf *made, const RegionFeatures *region, size_t n_regions, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;

    TRY(db_extraction_remove(db, scan, e));
    TRY(query_begin(&q, db, "extraction_set", e));
    query_integer(q, ":scan_id", scan);
    bind_made_of(q, made, run_id);
    TRY(query_done(q, e));
    for (size_t r = 0; r < n_regions; r++)
        for (size_t i = 0; i < region[r].features.n; i++) {
            const FeatureValue *v = &region[r].features.value[i];
            TRY(query_begin(&q, db, "feature_add", e));
            query_integer(q, ":scan_id", scan);
            query_text(q, ":roi", region[r].roi);
            query_text(q, ":name", feature_info(v->id)->name);
            query_text(q, ":aggregation", aggregation_text(v->aggregation));
            bind_value(q, v->value, v->reason);
            query_text(q, ":unit", feature_unit(v->id, region[r].units));
            TRY(query_done(q, e));
        }
out:
    return rc;
}

/* Values come by name from the database and are wanted in the registry's order. */
static int by_registry(const void *a, const void *b)
{
    const FeatureValue *x = a, *y = b;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : (x->aggregation > y->aggregation) - (x->aggregation < y->aggregation);
}

static Rc add_value(RegionFeatures *r, size_t *cap, Query *q, Err *e)
{
    const FeatureInfo *info = feature_by_name(query_get_text(q, 1));
    Aggregation a = AGGREGATION_NONE;
    const char *text = query_get_text(q, 2), *reason = query_get_text(q, 4);

    if (!info || (*text && !aggregation_parse(&a, text))) return OK;      /* of a registry that had more rows */
    if (r->features.n == *cap) {
        *cap = *cap ? 2 * *cap : 256;
        FeatureValue *more = ARENA_NEW(&r->features.arena, *cap, FeatureValue);
        if (!more) return err_nomem(e);
        if (r->features.n) memcpy(more, r->features.value, r->features.n * sizeof *more);
        r->features.value = more;
    }
    FeatureValue *v = &r->features.value[r->features.n];
    *v = (FeatureValue){ info->id, a, query_get_number(q, 3), NULL };
    if (reason && !(v->reason = arena_strdup(&r->features.arena, reason))) return err_nomem(e);
    r->features.n++;
    return OK;
}

Rc db_extraction_load(RegionFeatures **out, size_t *n, MadeOf *made, Db *db, int64_t scan, Arena *a, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t cap = 0, regions_cap = 0;

    *out = NULL;
    *n = 0;
    *made = (MadeOf){ 0 };
    TRY(query_begin(&q, db, "extraction_definitions", e));
    query_integer(q, ":scan_id", scan);
    TRY(query_step(&row, q, e));
    if (row) *made = (MadeOf){ .definition = query_get_integer(q, 0), .hypoxia_definition = query_get_integer(q, 1) };
    query_end(q);
    TRY(query_begin(&q, db, "features_of_scan", e));
    query_integer(q, ":scan_id", scan);
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        const char *roi = query_get_text(q, 0);
        if (*n == 0 || strcmp((*out)[*n - 1].roi, roi) != 0) {
            if (*n == regions_cap) {
                regions_cap = regions_cap ? 2 * regions_cap : 4;
                RegionFeatures *more = ARENA_NEW(a, regions_cap, RegionFeatures);
                if (!more) { rc = err_nomem(e); goto out; }
                if (*n) memcpy(more, *out, *n * sizeof *more);
                *out = more;
            }
            RegionFeatures *r = &(*out)[(*n)++];
            *r = (RegionFeatures){ .roi = arena_strdup(a, roi) };
            if (!r->roi) { rc = err_nomem(e); goto out; }
            units_parse(&r->units, query_get_text(q, 5));
            cap = 0;
        }
        TRY(add_value(&(*out)[*n - 1], &cap, q, e));
    }
    for (size_t i = 0; i < *n; i++)
        qsort((*out)[i].features.value, (*out)[i].features.n, sizeof *(*out)[i].features.value, by_registry);
out:
    query_end(q);
    return rc;
}

Rc db_comparison_hashes(char settings_sha[65], char inputs_sha[65], Db *db, int64_t from, int64_t to, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;

    settings_sha[0] = inputs_sha[0] = '\0';
    TRY(query_begin(&q, db, "comparison_hashes", e));
    query_integer(q, ":from_scan", from);
    query_integer(q, ":to_scan", to);
    TRY(query_step(&row, q, e));
    if (row) {
        snprintf(settings_sha, HASH_TEXT, "%s", query_get_text(q, 0));
        snprintf(inputs_sha, HASH_TEXT, "%s", query_get_text(q, 1));
    }
out:
    query_end(q);
    return rc;
}

Rc db_comparison_remove(Db *db, int64_t from, int64_t to, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    TRY(query_begin(&q, db, "comparison_remove", e));
    query_integer(q, ":from_scan", from);
    query_integer(q, ":to_scan", to);
    rc = query_done(q, e);
out:
    return rc;
}

static Rc add_change(Db *db, int64_t from, int64_t to, const RegionChanges *r, const FeatureChange *c, const char *kind, double value,
                     const char *unit, const char *reason, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    char name[256];
    const FeatureInfo *info = feature_info(c->id);
    bool hypoxia = info->family == FAMILY_HYPOXIA;

    snprintf(name, sizeof name, "%s_%s", kind, info->name);
    if (!hypoxia && r->unlike) reason = r->unlike;
    TRY(query_begin(&q, db, "change_add", e));
    query_integer(q, ":from_scan", from);
    query_integer(q, ":to_scan", to);
    query_text(q, ":roi", r->roi);
    query_text(q, ":name", name);
    query_text(q, ":aggregation", aggregation_text(c->aggregation));
    bind_value(q, value, reason);
    query_text(q, ":unit", unit);
    query_integer(q, ":of_hypoxia", hypoxia);
    rc = query_done(q, e);
out:
    return rc;
}

Rc db_comparison_store(Db *db, int64_t run_id, int64_t from, int64_t to, const MadeOf *made, const RegionChanges *region,
                       size_t n_regions, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;

    TRY(db_comparison_remove(db, from, to, e));
    TRY(query_begin(&q, db, "comparison_set", e));
    query_integer(q, ":from_scan", from);
    query_integer(q, ":to_scan", to);
    bind_made_of(q, made, run_id);
    TRY(query_done(q, e));
    for (size_t r = 0; r < n_regions; r++)
        for (size_t i = 0; i < region[r].n; i++) {
            const FeatureChange *c = &region[r].change[i];
            TRY(add_change(db, from, to, &region[r], c, "delta", c->delta, feature_unit(c->id, region[r].units), c->delta_reason, e));
            TRY(add_change(db, from, to, &region[r], c, "ratio", c->ratio, "1", c->ratio_reason, e));
        }
out:
    return rc;
}

Rc db_comparisons(ScanPair **out, size_t *n, Db *db, Arena *a, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t cap = 0;

    *out = NULL;
    *n = 0;
    TRY(query_begin(&q, db, "comparisons", e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        if (*n == cap) {
            cap = cap ? 2 * cap : 64;
            ScanPair *more = ARENA_NEW(a, cap, ScanPair);
            if (!more) { rc = err_nomem(e); goto out; }
            if (*n) memcpy(more, *out, *n * sizeof *more);
            *out = more;
        }
        (*out)[(*n)++] = (ScanPair){ query_get_integer(q, 0), query_get_integer(q, 1) };
    }
out:
    query_end(q);
    return rc;
}

/* ---- values as columns: patients of the frame sorted by id, each with its row. */
typedef struct { const char *id; size_t at; } Place;
static int compare_places(const void *a, const void *b) { return strcmp(((const Place *)a)->id, ((const Place *)b)->id); }

static Rc places(Place **out, const Frame *f, Err *e)
{
    const FrameColumn *id = frame_column(f, "patient");
    Place *p = calloc(f->rows + 1, sizeof *p);
    if (!p) return err_nomem(e);
    for (size_t i = 0; i < f->rows; i++) p[i] = (Place){ id->text[i], i };
    qsort(p, f->rows, sizeof *p, compare_places);
    *out = p;
    return OK;
}

static const Place *place_of(const Place *p, size_t n, const char *patient)
{
    Place key = { patient, 0 };
    return n ? bsearch(&key, p, n, sizeof *p, compare_places) : NULL;
}

Rc db_variable_load(double *num, Db *db, const Frame *f, const VariableKey *key, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    Place *place = NULL;
    bool row;

    for (size_t i = 0; i < f->rows; i++) num[i] = NAN;
    TRY(places(&place, f, e));
    TRY(query_begin(&q, db, key->to ? "change_values" : "feature_values", e));
    query_text(q, ":tracer", key->tracer_slug);
    query_text(q, ":from", key->from);
    if (key->to) query_text(q, ":to", key->to);
    query_text(q, ":roi", key->roi);
    query_text(q, ":name", key->name);
    query_text(q, ":aggregation", key->aggregation ? key->aggregation : "");
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        const Place *p = place_of(place, f->rows, query_get_text(q, 0));
        if (p) num[p->at] = query_get_number(q, 1);
    }
out:
    query_end(q);
    free(place);
    return rc;
}

Rc db_scan_days(double *day, bool *has, Db *db, const Frame *f, const char *timepoint, const char *const *tracer_slug, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    Place *place = NULL;
    bool row;

    for (size_t i = 0; i < f->rows; i++) { day[i] = NAN; has[i] = false; }
    TRY(places(&place, f, e));
    TRY(query_begin(&q, db, "scan_days", e));
    query_text(q, ":timepoint", timepoint);
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        const Place *p = place_of(place, f->rows, query_get_text(q, 0));
        bool wanted = !tracer_slug;
        for (const char *const *t = tracer_slug; t && *t; t++)
            if (strcmp(*t, query_get_text(q, 1)) == 0) wanted = true;
        if (!p || !wanted) continue;
        double d = query_get_number(q, 2);
        if (!has[p->at] || isnan(d) || d > day[p->at]) day[p->at] = has[p->at] && isnan(day[p->at]) ? NAN : d;
        has[p->at] = true;
    }
out:
    query_end(q);
    free(place);
    return rc;
}
