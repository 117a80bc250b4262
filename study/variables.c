/* study/variables.c: names of variables (INTERFACE §3). */
#include "study/variables.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/tracer.h"
#include "db/db_feature.h"
#include "db/db_names.h"
#include "db/db_patient.h"
#include "features/settings.h"
#include "study/scan_read.h"

void variable_space_free(VariableSpace *s)
{
    arena_free(&s->arena);
    *s = (VariableSpace){ 0 };
}

/* Appends a text once; the arrays have room for all that can come. */
static Rc add_once(char **list, size_t *n, Arena *a, const char *text, Err *e)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(list[i], text) == 0) return OK;
    if (!(list[*n] = arena_strdup(a, text))) return err_nomem(e);
    ++*n;
    return OK;
}

static int compare_texts(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* gtv first, the others by name: the same order whatever the order of scans. */
static void sort_rois(VariableSpace *s)
{
    if (s->n_rois == 0) return;                            /* qsort wants an array even then */
    qsort(s->roi, s->n_rois, sizeof *s->roi, compare_texts);
    for (size_t i = 0; i < s->n_rois; i++)
        if (strcmp(s->roi[i], "gtv") == 0) {
            char *gtv = s->roi[i];
            memmove(s->roi + 1, s->roi, i * sizeof *s->roi);
            s->roi[0] = gtv;
        }
}

static Rc set_timepoints(VariableSpace *s, char *const *name, size_t n, Err *e)
{
    s->timepoint = ARENA_NEW(&s->arena, n + 1, char *);
    s->timepoint_slug = ARENA_NEW(&s->arena, n + 1, char *);
    if (!s->timepoint || !s->timepoint_slug) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        s->timepoint[i] = arena_strdup(&s->arena, name[i]);
        s->timepoint_slug[i] = arena_array(&s->arena, strlen(name[i]) + 1, 1);
        if (!s->timepoint[i] || !s->timepoint_slug[i]) return err_nomem(e);
        text_slug(s->timepoint_slug[i], name[i]);
    }
    s->n_timepoints = n;
    return OK;
}

/* What the settings of each tracer compute, and from which intensities: those of its images, or their ratio to the reference. */
static Rc set_aggregations(VariableSpace *s, const Protocol *p, Err *e)
{
    Rc rc = OK;
    Settings set = { 0 };

    for (size_t t = 0; t < s->n_tracers; t++) {
        TRY(settings_read(&set, p->features, s->tracer[t], s->units[t], "study.json: features", e));
        if (set.quantity == QUANTITY_TBR) s->units[t] = UNITS_TBR;
        for (int i = 0; i < FEATURE_COUNT; i++) {
            Family f = feature_info((FeatureId)i)->family;
            if (!set.family[f]) continue;
            for (int a = 0; a < AGGREGATION_COUNT; a++)
                if (family_has_aggregation(f, (Aggregation)a) && (a == AGGREGATION_NONE || set.aggregation[a]))
                    s->aggregations[i] |= 1u << a;
        }
        settings_free(&set);
    }
out:
    settings_free(&set);
    return rc;
}

Rc variable_space(VariableSpace *out, const Protocol *p, const ScanList *scans, Err *e)
{
    Rc rc = OK;

    out->tracer = ARENA_NEW(&out->arena, scans->n + p->n_hypoxia + 1, char *);
    out->roi = ARENA_NEW(&out->arena, scans->n_roi_names + 2, char *);
    if (!out->tracer || !out->roi) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < scans->n; i++) {
        const Scan *s = &scans->scan[i];
        ScanRule rule;
        TRY(add_once(out->tracer, &out->n_tracers, &out->arena, s->tracer_slug, e));
        scan_rule(&rule, p, s);
        for (size_t r = 0; r < s->n_roi; r++)
            if (s->roi[r].path && !region_is_reference(s->roi[r].name, rule.region))
                TRY(add_once(out->roi, &out->n_rois, &out->arena, s->roi[r].name, e));
    }
    TRY(add_once(out->roi, &out->n_rois, &out->arena, "gtv", e));
    for (size_t i = 0; i < p->n_hypoxia; i++) {                /* named in the protocol, though no scan of it is listed yet */
        char slug[LIMIT_ID + 64];
        if (strlen(p->hypoxia[i].tracer) <= LIMIT_ID && *tracer_slug(slug, p->hypoxia[i].tracer))
            TRY(add_once(out->tracer, &out->n_tracers, &out->arena, slug, e));
    }
    qsort(out->tracer, out->n_tracers, sizeof *out->tracer, compare_texts);
    out->units = ARENA_NEW(&out->arena, out->n_tracers, Units);
    if (!out->units) { rc = err_nomem(e); goto out; }
    for (size_t i = scans->n; i-- > 0; )           /* the first scan of a tracer has the last word */
        for (size_t t = 0; t < out->n_tracers; t++)
            if (scans->scan[i].status == SCAN_DONE && strcmp(out->tracer[t], scans->scan[i].tracer_slug) == 0)
                out->units[t] = scans->scan[i].units;
    sort_rois(out);
    if (p->n_timepoints) TRY(set_timepoints(out, p->timepoint, p->n_timepoints, e));
    else TRY(set_timepoints(out, scans->timepoint, scans->n_timepoints, e));
    rc = set_aggregations(out, p, e);
out:
    return rc;
}

Rc variable_space_stored(VariableSpace *out, const Protocol *p, Db *db, Err *e)
{
    Rc rc = OK;
    char **timepoint = NULL, **units = NULL;
    size_t n = 0, n_units = 0;

    TRY(db_names(&out->tracer, &out->n_tracers, db, "tracers", &out->arena, e));
    TRY(db_names(&units, &n_units, db, "tracer_units", &out->arena, e));
    out->units = ARENA_NEW(&out->arena, out->n_tracers, Units);
    if (!out->units) { rc = err_nomem(e); goto out; }
    for (size_t t = 0; t < out->n_tracers && t < n_units; t++) units_parse(&out->units[t], units[t]);
    TRY(db_names(&out->roi, &out->n_rois, db, "rois", &out->arena, e));
    TRY(db_names(&timepoint, &n, db, "timepoints", &out->arena, e));
    sort_rois(out);
    TRY(set_timepoints(out, timepoint, n, e));
    rc = set_aggregations(out, p, e);
out:
    return rc;
}

static int count_bits(unsigned x)
{
    int n = 0;
    for (; x; x &= x - 1) n++;
    return n;
}

void variable_name(Str *out, const VariableSpace *s, const Variable *v)
{
    str_appendf(out, "%s_%s", v->tracer, s->timepoint_slug[v->from]);
    if (v->to >= 0) str_appendf(out, "_%s", s->timepoint_slug[v->to]);
    if (strcmp(v->roi, "gtv") != 0) str_appendf(out, "_%s", v->roi);
    if (v->kind != VARIABLE_FEATURE) str_append(out, v->kind == VARIABLE_DELTA ? "_delta" : "_ratio");
    str_appendf(out, "_%s", feature_info(v->feature)->name);
    if (count_bits(s->aggregations[v->feature]) > 1) str_appendf(out, "_%s", aggregation_slug(v->aggregation));
}

/* What follows PREFIX_ in a name, or NULL. */
static const char *behind(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(name, prefix, n) == 0 && name[n] == '_' ? name + n + 1 : NULL;
}

/* A feature's name with or without its aggregation. With one aggregation in the study the long name is taken as well. */
static bool read_feature(FeatureId *id, Aggregation *a, const VariableSpace *s, const char *text)
{
    const FeatureInfo *info = feature_by_name(text);
    if (info && count_bits(s->aggregations[info->id]) == 1) {
        *id = info->id;
        for (int k = 0; k < AGGREGATION_COUNT; k++) if (s->aggregations[info->id] == 1u << k) *a = (Aggregation)k;
        return true;
    }
    for (int i = 0; i < FEATURE_COUNT; i++) {
        const char *rest = behind(text, feature_info((FeatureId)i)->name);
        if (!rest) continue;
        for (int k = AGGREGATION_NONE + 1; k < AGGREGATION_COUNT; k++)
            if ((s->aggregations[i] & 1u << k) && strcmp(rest, aggregation_slug((Aggregation)k)) == 0) {
                *id = (FeatureId)i;
                *a = (Aggregation)k;
                return true;
            }
    }
    return false;
}

/* One reading of a name; a second one that differs makes it ambiguous. */
typedef struct { const VariableSpace *space; Variable found; int readings; } Readings;

static void try_rest(Readings *r, Variable v, const char *rest)
{
    const VariableSpace *s = r->space;
    for (size_t i = 0; i < s->n_rois; i++) {
        const char *name = strcmp(s->roi[i], "gtv") == 0 ? rest : behind(rest, s->roi[i]);
        if (!name) continue;
        if (v.to >= 0) {
            const char *delta = behind(name, "delta"), *ratio = behind(name, "ratio");
            v.kind = delta ? VARIABLE_DELTA : VARIABLE_RATIO;
            name = delta ? delta : ratio;
            if (!name) continue;
        }
        v.roi = s->roi[i];
        if (!read_feature(&v.feature, &v.aggregation, s, name)) continue;
        r->found = v;
        r->readings++;
    }
}

Rc variable_resolve(Variable *out, bool *found, const VariableSpace *s, const char *name, Err *e)
{
    Readings r = { .space = s };

    *found = false;
    for (size_t t = 0; t < s->n_tracers; t++) {
        const char *rest = behind(name, s->tracer[t]);
        if (!rest) continue;
        for (size_t a = 0; a < s->n_timepoints; a++) {
            const char *one = behind(rest, s->timepoint_slug[a]);
            if (!one) continue;
            Variable v = { .kind = VARIABLE_FEATURE, .tracer = s->tracer[t], .from = (int)a, .to = -1 };
            try_rest(&r, v, one);
            for (size_t b = 0; b < s->n_timepoints; b++) {
                const char *two = behind(one, s->timepoint_slug[b]);
                if (!two || a == b) continue;
                v.to = (int)b;
                try_rest(&r, v, two);
            }
        }
    }
    if (r.readings > 1)
        return err_set(e, ERR_INPUT, "variable %s can be read in %d ways; rename a time point or a region", name, r.readings);
    if (r.readings == 1) { *out = r.found; *found = true; }
    return OK;
}

int variable_timepoint(const VariableSpace *s, const char *name)
{
    for (size_t i = 0; i < s->n_timepoints; i++)
        if (strcmp(s->timepoint[i], name) == 0) return (int)i;
    return -1;
}

int variable_latest(const Variable *v) { return v->to > v->from ? v->to : v->from; }

void variable_label(Str *out, const VariableSpace *s, const Variable *v)
{
    if (v->kind == VARIABLE_DELTA) str_append(out, "change of ");
    if (v->kind == VARIABLE_RATIO) str_append(out, "ratio of ");
    str_append(out, feature_info(v->feature)->name);
    if (v->aggregation != AGGREGATION_NONE) str_appendf(out, " (%s)", aggregation_name(v->aggregation));
    if (strcmp(v->roi, "gtv") != 0) str_appendf(out, ", %s", v->roi);
    str_append(out, ", ");
    for (const char *c = v->tracer; *c; c++) str_append_char(out, (char)toupper((unsigned char)*c));
    str_appendf(out, " %s", s->timepoint[v->from]);
    if (v->to >= 0) str_appendf(out, " to %s", s->timepoint[v->to]);
}

const char *variable_unit(const VariableSpace *s, const Variable *v)
{
    size_t t = 0;
    while (t + 1 < s->n_tracers && strcmp(s->tracer[t], v->tracer) != 0) t++;
    return v->kind == VARIABLE_RATIO ? "1" : feature_unit(v->feature, s->units[t]);
}

void variable_key(VariableKey *out, Str *name, const VariableSpace *s, const Variable *v)
{
    if (v->kind != VARIABLE_FEATURE) str_append(name, v->kind == VARIABLE_DELTA ? "delta_" : "ratio_");
    str_append(name, feature_info(v->feature)->name);
    const char *aggregation = aggregation_name(v->aggregation);
    *out = (VariableKey){ v->tracer, s->timepoint[v->from], v->to >= 0 ? s->timepoint[v->to] : NULL, v->roi, str_text(name),
                          aggregation ? aggregation : "" };
}

/* "not a column of clinical.csv nor a variable", with the nearest name of either kind. */
static Rc unknown_column(const char *name, const Frame *clinical, const VariableSpace *s, const char *where, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Str text = { 0 };
    size_t n = 0, cap = clinical->columns + s->n_tracers * s->n_timepoints * FEATURE_COUNT;
    const char **word = ARENA_NEW(&a, cap + 1, const char *);
    const FeatureInfo *info = NULL;

    if (!word) { rc = err_nomem(e); goto out; }
    for (size_t i = 1; i < clinical->columns; i++) word[n++] = clinical->column[i].name;
    for (size_t t = 0; t < s->n_tracers; t++)
        for (size_t k = 0; k < s->n_timepoints; k++)
            for (int i = 0; i < FEATURE_COUNT; i++) {
                str_appendf(&text, "%s_%s_%s", s->tracer[t], s->timepoint_slug[k], feature_info((FeatureId)i)->name);
                if (text.s && strcmp(text.s, name) == 0) info = feature_info((FeatureId)i);
                if (!(word[n++] = arena_strdup(&a, str_text(&text)))) { rc = err_nomem(e); goto out; }
                text.len = 0;
            }
    if (info && count_bits(s->aggregations[info->id]) > 1)
        rc = err_set(e, ERR_INPUT, "%s: %s has more than one aggregation in this study: name one, such as %s_3d_mrg", where, name, name);
    else if (info)
        rc = err_set(e, ERR_INPUT, "%s: %s is not computed by this study's settings (features.families)", where, name);
    else {
        const char *near = text_nearest(name, word, n);
        rc = err_set(e, ERR_INPUT, "%s: %s is neither a column of clinical.csv nor a variable of this study%s%s", where, name,
                     near ? ", perhaps " : "", near ? near : "");
    }
out:
    str_free(&text);
    arena_free(&a);
    return rc;
}

Rc study_frame(Frame *out, Db *db, const VariableSpace *s, const char *const *columns, const char *where, Err *e)
{
    Rc rc = OK;
    Frame all = { 0 };
    Str name = { 0 };

    TRY(db_clinical_load(out, db, columns, e));
    for (; *columns; columns++) {
        Variable v;
        VariableKey key;
        bool found;
        double *num;
        if (frame_find(out, *columns) >= 0) continue;
        rc = variable_resolve(&v, &found, s, *columns, e);
        if (rc != OK) { err_prefix(e, "%s", where); goto out; }
        if (!found) {
            TRY(db_clinical_load(&all, db, NULL, e));
            TRY(unknown_column(*columns, &all, s, where, e));
        }
        TRY(frame_add_numbers(&num, out, *columns, e));
        name.len = 0;
        variable_key(&key, &name, s, &v);
        TRY(str_check(&name, e));
        TRY(db_variable_load(num, db, out, &key, e));
    }
out:
    str_free(&name);
    frame_free(&all);
    return rc;
}
