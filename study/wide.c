/* study/wide.c: which columns the views v_wide and v_wide_<tracer>_<timepoint> have in this study. */
#include "study/wide.h"

#include <string.h>

#include "db/db_patient.h"
#include "db/db_scan.h"
#include "db/db_wide.h"
#include "study/model_columns.h"
#include "study/variables.h"

/* Columns of one view as they gather; names and keys are the arena's. */
typedef struct {
    WideColumn column[WIDE_COLUMNS_MAX];
    size_t n, left_out;
} Columns;

static bool has(const Columns *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (text_equal_nocase(c->column[i].name, name)) return true;
    return false;
}

static Rc add_variable(Columns *c, const VariableSpace *s, const Variable *v, bool once, Arena *a, Err *e)
{
    Rc rc = OK;
    Str name = { 0 }, key_name = { 0 };
    VariableKey *key = ARENA_NEW(a, 1, VariableKey);
    char *kept = NULL, *kept_key = NULL;

    if (!key) { rc = err_nomem(e); goto out; }
    variable_name(&name, s, v);
    variable_key(key, &key_name, s, v);
    kept = arena_strdup(a, str_text(&name));
    kept_key = arena_strdup(a, str_text(&key_name));
    if (!kept || !kept_key) { rc = err_nomem(e); goto out; }
    key->name = kept_key;
    if (once && has(c, kept)) goto out;
    if (c->n == WIDE_COLUMNS_MAX) { c->left_out++; goto out; }
    c->column[c->n++] = (WideColumn){ kept, key };
out:
    str_free(&name);
    str_free(&key_name);
    return rc;
}

/* Every aggregation of a feature. */
static Rc add_feature(Columns *c, const VariableSpace *s, Variable v, bool once, Arena *a, Err *e)
{
    Rc rc = OK;
    for (int k = 0; rc == OK && k < AGGREGATION_COUNT; k++) {
        if (!(s->aggregations[v.feature] & 1u << k)) continue;
        v.aggregation = (Aggregation)k;
        rc = add_variable(c, s, &v, once, a, e);
    }
    return rc;
}

/* A model that cannot be read here (its only scans were refused, say) names no columns; fit tells about it. */
static Rc model_variables(Columns *c, const VariableSpace *s, const Protocol *p, const Frame *clinical, Arena *a, Err *e)
{
    Rc rc = OK;
    for (size_t m = 0; m < p->n_models; m++) {
        ModelColumns columns = { 0 };
        rc = model_columns(&columns, &p->model[m], p, s, clinical, a, e);
        if (rc == ERR_INPUT || rc == ERR_USAGE) { rc = OK; continue; }
        if (rc != OK) goto out;
        for (size_t i = 0; i < columns.n; i++)
            if (columns.is_variable[i]) TRY(add_variable(c, s, &columns.variable[i], true, a, e));
    }
out:
    return rc;
}

/* Whether a tracer was scanned at a time point at all. */
static bool scanned(const StoredScans *scans, const char *tracer, const char *timepoint)
{
    for (size_t i = 0; i < scans->n; i++)
        if (!strcmp(scans->scan[i].tracer_slug, tracer) && !strcmp(scans->scan[i].timepoint, timepoint)) return true;
    return false;
}

static Rc hypoxia_variables(Columns *c, const VariableSpace *s, const Protocol *p, const StoredScans *scans, Arena *a, Err *e)
{
    Rc rc = OK;
    for (size_t t = 0; t < s->n_tracers; t++)
        for (size_t r = 0; r < s->n_rois; r++) {
            Variable v = { .kind = VARIABLE_FEATURE, .tracer = s->tracer[t], .to = -1, .roi = s->roi[r] };
            for (size_t k = 0; k < s->n_timepoints; k++) {
                if (!scanned(scans, s->tracer[t], s->timepoint[k])) continue;
                v.from = (int)k;
                for (int i = 0; i < FEATURE_COUNT; i++) {
                    if (feature_info((FeatureId)i)->family != FAMILY_HYPOXIA) continue;
                    v.feature = (FeatureId)i;
                    TRY(add_feature(c, s, v, true, a, e));
                }
            }
            for (size_t k = 0; k < p->n_changes; k++) {
                v.from = variable_timepoint(s, p->timepoint[p->change[k].from]);
                v.to = variable_timepoint(s, p->timepoint[p->change[k].to]);
                if (v.from < 0 || v.to < 0 || !scanned(scans, s->tracer[t], s->timepoint[v.from]) ||
                    !scanned(scans, s->tracer[t], s->timepoint[v.to])) continue;
                for (int i = 0; i < FEATURE_COUNT; i++) {
                    if (feature_info((FeatureId)i)->family != FAMILY_HYPOXIA) continue;
                    v.feature = (FeatureId)i;
                    v.kind = VARIABLE_DELTA;
                    TRY(add_feature(c, s, v, true, a, e));
                    v.kind = VARIABLE_RATIO;
                    TRY(add_feature(c, s, v, true, a, e));
                }
                v.kind = VARIABLE_FEATURE;
                v.to = -1;
            }
        }
out:
    return rc;
}

/* Clinical columns stand first, but make room for the models' variables and hypoxia where all would not fit. */
static Rc patient_view(WideView *out, Db *db, const VariableSpace *s, const Protocol *p, const StoredScans *scans, Arena *a,
                       const Progress *w, Err *e)
{
    Rc rc = OK;
    Frame clinical = { 0 };
    Columns *variables = ARENA_NEW(a, 1, Columns);
    size_t n = 0, n_clinical = 0;

    if (!variables) { rc = err_nomem(e); goto out; }
    TRY(db_clinical_load(&clinical, db, NULL, e));
    TRY(model_variables(variables, s, p, &clinical, a, e));
    TRY(hypoxia_variables(variables, s, p, scans, a, e));
    n_clinical = clinical.columns - 1;
    if (n_clinical > WIDE_COLUMNS_MAX - variables->n) n_clinical = WIDE_COLUMNS_MAX - variables->n;
    WideColumn *column = ARENA_NEW(a, n_clinical + variables->n + 1, WideColumn);
    if (!column) { rc = err_nomem(e); goto out; }
    for (size_t i = 1; i <= n_clinical; i++) {
        if (!(column[n].name = arena_strdup(a, clinical.column[i].name))) { rc = err_nomem(e); goto out; }
        n++;
    }
    if (variables->n) memcpy(column + n, variables->column, variables->n * sizeof *column);
    n += variables->n;
    size_t left_out = clinical.columns - 1 - n_clinical + variables->left_out;
    if (left_out)
        progress_note(w, "view v_wide holds %d columns; %zu more are in v_feature, v_change and the export of clinical.csv",
                      WIDE_COLUMNS_MAX, left_out);
    *out = (WideView){ "v_wide", NULL, NULL, column, n };
out:
    frame_free(&clinical);
    return rc;
}

/* All features of one tracer at one time point; what does not fit goes on in views with _part2, _part3 … behind the name. */
static Rc scan_views(WideView *view, size_t *n_views, const VariableSpace *s, const char *tracer, size_t timepoint, Arena *a, Err *e)
{
    Rc rc = OK;
    Columns *c = ARENA_NEW(a, 1, Columns);
    int part = 1;

    if (!c) return err_nomem(e);
    for (size_t r = 0; r < s->n_rois; r++)
        for (int i = 0; i < FEATURE_COUNT; i++) {
            Variable v = { VARIABLE_FEATURE, tracer, (int)timepoint, -1, s->roi[r], (FeatureId)i, AGGREGATION_NONE };
            bool last = r + 1 == s->n_rois && i + 1 == FEATURE_COUNT;
            TRY(add_feature(c, s, v, false, a, e));
            if (!last && c->n + AGGREGATION_COUNT <= WIDE_COLUMNS_MAX) continue;
            char *name = part == 1 ? arena_printf(a, "v_wide_%s_%s", tracer, s->timepoint_slug[timepoint])
                                   : arena_printf(a, "v_wide_%s_%s_part%d", tracer, s->timepoint_slug[timepoint], part);
            WideColumn *column = ARENA_NEW(a, c->n + 1, WideColumn);
            if (!name || !column) { rc = err_nomem(e); goto out; }
            memcpy(column, c->column, c->n * sizeof *column);
            view[(*n_views)++] = (WideView){ name, tracer, s->timepoint[timepoint], column, c->n };
            c->n = 0;
            part++;
        }
out:
    return rc;
}

Rc wide_refresh(bool *changed, Db *db, const Protocol *p, const Progress *w, Err *e)
{
    Rc rc = OK;
    VariableSpace s = { 0 };
    StoredScans scans = { 0 };
    Arena a = { 0 };
    size_t n = 1;

    *changed = false;
    TRY(variable_space_stored(&s, p, db, e));
    TRY(db_scans_load(&scans, db, true, e));
    size_t parts = (s.n_rois + 1) * FEATURE_COUNT * AGGREGATION_COUNT / (WIDE_COLUMNS_MAX - AGGREGATION_COUNT) + 2;
    WideView *view = ARENA_NEW(&a, 1 + s.n_tracers * s.n_timepoints * parts, WideView);
    if (!view) { rc = err_nomem(e); goto out; }
    TRY(patient_view(&view[0], db, &s, p, &scans, &a, w, e));
    for (size_t t = 0; t < s.n_tracers; t++)
        for (size_t k = 0; k < s.n_timepoints; k++)
            if (scanned(&scans, s.tracer[t], s.timepoint[k])) TRY(scan_views(view, &n, &s, s.tracer[t], k, &a, e));
    TRY(db_begin(db, e));
    TRY(db_wide_store(changed, db, view, n, e));
    TRY(db_commit(db, e));
out:
    db_rollback(db);
    stored_scans_free(&scans);
    variable_space_free(&s);
    arena_free(&a);
    return rc;
}
