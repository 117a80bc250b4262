/* study/check_study.c: a study folder judged as a whole. */
#include "study/check_study.h"

#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/par.h"
#include "core/tracer.h"
#include "features/settings.h"
#include "study/model_columns.h"
#include "study/scan_read.h"
#include "study/variables.h"

/* ---- what only the rooms together can judge */

/* unbuilt (NULL: not asked): what `extract` will refuse of some scan's settings; rc OK: nothing. */
static Rc check_settings(const StudyTables *t, Err *unbuilt, Err *e)
{
    Rc rc = OK;
    Settings s = { 0 };
    if (unbuilt) *unbuilt = (Err){ 0 };
    TRY(settings_read(&s, t->protocol.features, NULL, UNITS_SUV, "study.json: features", e));
    for (size_t i = 0; i < t->scans.n; i++) {
        const Scan *scan = &t->scans.scan[i];
        bool seen = scan->status != SCAN_DONE;
        for (size_t j = 0; j < i && !seen; j++)
            seen = t->scans.scan[j].status == SCAN_DONE && t->scans.scan[j].units == scan->units && strcmp(t->scans.scan[j].tracer, scan->tracer) == 0;
        if (seen) continue;
        settings_free(&s);
        TRY(settings_read(&s, t->protocol.features, scan->tracer, scan->units, "study.json: features", e));
        if (unbuilt && unbuilt->rc == OK) unbuilt->rc = settings_check_built(&s, "study.json", unbuilt);
    }
out:
    settings_free(&s);
    return rc;
}

/* Two rules of one tracer contradict; a rule of a tracer without scans or of a region nobody has is a slip. */
static Rc check_hypoxia(const StudyTables *t, const Progress *w, Err *e)
{
    const Protocol *p = &t->protocol;
    char slug[2][LIMIT_ID + 64];
    for (size_t i = 0; i < p->n_hypoxia; i++) {
        const HypoxiaRule *h = &p->hypoxia[i];
        if (strlen(h->tracer) > LIMIT_ID) return err_set(e, ERR_INPUT, "study.json: hypoxia.%.80s: name is longer than %d", h->tracer, LIMIT_ID);
        tracer_slug(slug[0], h->tracer);
        for (size_t j = 0; j < i; j++)
            if (strcmp(slug[0], tracer_slug(slug[1], p->hypoxia[j].tracer)) == 0)
                return err_set(e, ERR_INPUT, "study.json: hypoxia.%s: the tracer is there twice (as %s): duplicate", h->tracer, p->hypoxia[j].tracer);
        size_t scans = 0, without = 0;
        for (size_t k = 0; k < t->scans.n; k++) {
            const Scan *s = &t->scans.scan[k];
            if (strcmp(s->tracer_slug, slug[0]) != 0) continue;
            scans++;
            if (!h->reference || s->status != SCAN_DONE || s->units == UNITS_TBR || !isnan(s->reference_value)) continue;
            bool has = false;
            for (size_t r = 0; r < s->n_roi && !has; r++) has = s->roi[r].path && strcmp(s->roi[r].name, h->reference) == 0;
            without += !has;
        }
        if (!scans && t->scans.n) progress_warn(w, "study.json: hypoxia.%s: %s has no scan of this tracer", h->tracer, p->scans);
        if (without)
            progress_warn(w, "study.json: hypoxia.%s: %zu scan%s neither roi_%s nor a reference_value: the ratios are undefined there", h->tracer, without,
                          without > 1 ? "s have" : " has", h->reference);
    }
    return OK;
}

static Rc check_columns(const StudyTables *t, const VariableSpace *s, Err *e)
{
    Rc rc = OK;
    const Frame *f = &t->clinical.frame;
    Variable v;
    bool found = false;
    for (size_t i = 1; i < f->columns; i++) {
        char lower[LIMIT_COLUMN_NAME + 1];                     /* SQL does not tell the case of names */
        size_t n = 0;
        for (const char *c = f->column[i].name; *c && n < LIMIT_COLUMN_NAME; c++) lower[n++] = (char)tolower((unsigned char)*c);
        lower[n] = '\0';
        TRY(variable_resolve(&v, &found, s, lower, e));
        if (!found) continue;
        rc = err_set(e, ERR_INPUT, "%s:1: column %s is named like a variable of the scans, expected another name", t->protocol.clinical, f->column[i].name);
        goto out;
    }
    for (size_t i = 0; i < t->protocol.n_columns; i++) {
        const ColumnSpec *c = &t->protocol.column[i];
        if (frame_find(f, c->name) >= 0) continue;
        TRY(variable_resolve(&v, &found, s, c->name, e));
        if (found && !c->n_levels) continue;
        if (found) {
            rc = err_set(e, ERR_INPUT, "study.json: columns.%s: a variable of the scans has no levels", c->name);
            goto out;
        }
        const char *names[LIMIT_CSV_COLUMNS];
        for (size_t j = 0; j < f->columns; j++) names[j] = f->column[j].name;
        const char *near = text_nearest(c->name, names, f->columns);
        rc = err_set(e, ERR_INPUT, "study.json: columns.%s: no such column in %s%s%s", c->name, t->protocol.clinical, near ? ", perhaps " : "", near ? near : "");
        goto out;
    }
out:
    return rc;
}

/* What is probably a slip of the protocol: a unit left out, a cause that nobody has. */
static void warn_of_endpoints(const StudyTables *t, const Progress *w)
{
    const Json *endpoints = json_get(t->protocol.document, "endpoints");
    for (size_t i = 0; i < t->protocol.n_endpoints; i++) {
        const Endpoint *end = &t->protocol.endpoint[i];
        if (end->time && !json_get(json_get(endpoints, end->name), "time_unit"))
            progress_warn(w, "study.json: endpoints.%s: time_unit is missing, months are taken", end->name);
        const FrameColumn *event = end->has_cause ? frame_column(&t->clinical.frame, end->event) : NULL;
        size_t with = 0;
        for (size_t k = 0; event && !event->is_text && k < t->clinical.frame.rows; k++) with += event->num[k] == end->cause;
        if (event && !with && t->clinical.frame.rows)
            progress_warn(w, "study.json: endpoints.%s: no patient has the code %g of its cause in %s", end->name, end->cause, end->event);
    }
}

Rc study_open(StudyTables *out, const char *study_dir, const Progress *w, Err *e)
{
    Rc rc = OK;
    StudyTables t = { 0 };
    VariableSpace s = { 0 };
    Arena a = { 0 };
    TRY(study_tables_read(&t, study_dir, w, e));
    TRY(check_settings(&t, NULL, e));
    TRY(check_hypoxia(&t, w, e));
    TRY(variable_space(&s, &t.protocol, &t.scans, e));
    TRY(check_columns(&t, &s, e));
    warn_of_endpoints(&t, w);
    for (size_t i = 0; i < t.protocol.n_exclude; i++) {
        const char *const *columns;
        TRY(expression_columns(&columns, t.protocol.exclude[i].expression, &s, &t.clinical.frame, "study.json: exclude", &a, e));
    }
    for (size_t i = 0; i < t.protocol.n_models; i++) {
        ModelColumns c;
        TRY(model_columns(&c, &t.protocol.model[i], &t.protocol, &s, &t.clinical.frame, &a, e));
    }
    *out = t;
    t = (StudyTables){ 0 };
out:
    study_tables_free(&t);
    variable_space_free(&s);
    arena_free(&a);
    return rc;
}

/* ---- check: every file as well */

typedef struct {
    StudyTables *t;
    const char *study_dir;
    const Progress *w;
    Err *fault;                /* [scans.n] rc OK where the scan is good */
    char ***warning;           /* [scans.n] */
    size_t *n_warnings;
    Arena arena;
    pthread_mutex_t lock;
    size_t done;
} Check;

static Rc check_scan(void *context, size_t i, int worker, Err *e)
{
    Check *c = context;
    const Scan *s = &c->t->scans.scan[i];
    ScanData d = { 0 };
    ScanRule rule;
    Rc rc = OK;
    (void)worker;
    if (progress_interrupted(c->w)) return err_set(e, ERR_INTERRUPTED, "interrupted");
    if (s->status == SCAN_DONE) {
        scan_rule(&rule, &c->t->protocol, s);
        rc = scan_read(&d, c->study_dir, s, rule.region, &c->fault[i]);
        c->fault[i].rc = rc;
    }
    pthread_mutex_lock(&c->lock);
    if (rc == OK && d.n_warnings) {
        c->warning[i] = ARENA_NEW(&c->arena, d.n_warnings, char *);
        for (size_t k = 0; c->warning[i] && k < d.n_warnings; k++)
            if ((c->warning[i][k] = arena_strdup(&c->arena, d.warning[k]))) c->n_warnings[i]++;
    }
    progress_step(c->w, ++c->done, s->patient);
    pthread_mutex_unlock(&c->lock);
    scan_data_free(&d);
    return rc == OK || rc == ERR_INPUT ? OK : err_set(e, rc, "%s", c->fault[i].text);
}

static Rc check_models_of_time(StudyTables *t, Err *e)
{
    Rc rc = OK;
    VariableSpace s = { 0 };
    Arena a = { 0 };
    TRY(variable_space(&s, &t->protocol, &t->scans, e));
    for (size_t i = 0; i < t->protocol.n_models; i++) {
        ModelColumns c;
        Err why = { 0 };
        TRY(model_columns(&c, &t->protocol.model[i], &t->protocol, &s, &t->clinical.frame, &a, e));
        if (model_time_rules(&c, &t->protocol.model[i], &t->protocol, &why) != OK)
            TRY(rejection_add(&t->rejected, "study.json", NULL, NULL, NULL, why.text, e));
    }
out:
    variable_space_free(&s);
    arena_free(&a);
    return rc;
}

Rc check_study(StudyTables *t, const char *study_dir, int threads, const Progress *w, Err *e)
{
    Rc rc = OK;
    Check c = { .t = t, .study_dir = study_dir, .w = w };
    Err unbuilt;
    pthread_mutex_init(&c.lock, NULL);
    TRY(study_open(t, study_dir, w, e));
    const size_t n = t->scans.n;
    c.fault = ARENA_NEW(&c.arena, n + 1, Err);
    c.warning = ARENA_NEW(&c.arena, n + 1, char **);
    c.n_warnings = ARENA_NEW(&c.arena, n + 1, size_t);
    if (!c.fault || !c.warning || !c.n_warnings) { rc = err_nomem(e); goto out; }
    TRY(check_models_of_time(t, e));
    TRY(check_settings(t, &unbuilt, e));
    if (unbuilt.rc != OK) TRY(rejection_add(&t->rejected, "study.json", NULL, NULL, NULL, unbuilt.text, e));
    progress_begin(w, "check", n);
    rc = parallel_for(n, threads, check_scan, &c, e);
    progress_end(w);
    if (rc != OK) goto out;
    for (size_t i = 0; i < n; i++) {
        const Scan *s = &t->scans.scan[i];
        for (size_t k = 0; k < c.n_warnings[i]; k++) progress_warn(w, "%s", c.warning[i][k]);
        if (c.fault[i].rc == ERR_INPUT)
            TRY(rejection_add(&t->rejected, s->image, s->patient, s->timepoint, s->tracer, c.fault[i].text, e));
    }
out:
    arena_free(&c.arena);
    pthread_mutex_destroy(&c.lock);
    return rc;
}
