/* study/report_data.c: everything that the pages of a study show, read once from its database. */
#include "study/report_data.h"

#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "db/db_patient.h"

void report_data_free(ReportData *d)
{
    stored_models_free(&d->stored);
    variable_space_free(&d->space);
    frame_free(&d->clinical);
    arena_free(&d->arena);
    *d = (ReportData){ 0 };
}

/* Tracers that an accepted or a refused scan has, as the list of scans writes them first. */
static Rc find_tracers(ReportData *d, Err *e)
{
    const ScanList *l = &d->tables->scans;
    d->tracer = ARENA_NEW(&d->arena, l->n + d->n_scans + 1, ReportTracer);
    if (!d->tracer) return err_nomem(e);
    for (size_t i = 0; i < l->n + d->n_scans; i++) {
        ReportTracer t = i < l->n ? (ReportTracer){ l->scan[i].tracer, l->scan[i].tracer_slug } :
                                    (ReportTracer){ d->scan[i - l->n].tracer, d->scan[i - l->n].tracer_slug };
        bool known = false;
        for (size_t k = 0; k < d->n_tracers && !known; k++) known = strcmp(d->tracer[k].slug, t.slug) == 0;
        if (!known) d->tracer[d->n_tracers++] = t;
    }
    return OK;
}

static Rc sort_fhv(ReportData *d, Err *e)
{
    const size_t T = d->space.n_timepoints, cells = d->n_tracers * T;
    d->fhv = ARENA_NEW(&d->arena, cells, double *);
    d->n_fhv = ARENA_NEW(&d->arena, cells, size_t);
    if (!d->fhv || !d->n_fhv) return err_nomem(e);
    for (size_t k = 0; k < cells; k++) {
        double *x = ARENA_NEW(&d->arena, d->clinical.rows, double);
        if (!x) return err_nomem(e);
        for (size_t i = 0; i < d->clinical.rows; i++) {
            const PageValue *v = report_value(d, report_patient(d, i), d->tracer[k / T].slug, d->space.timepoint[k % T], "fhv");
            if (v && isfinite(v->value)) x[d->n_fhv[k]++] = v->value;
        }
        sort_doubles(x, d->n_fhv[k]);
        d->fhv[k] = x;
    }
    return OK;
}

void report_rank(size_t *lower, size_t *others, const ReportData *d, size_t tracer, size_t timepoint, double fhv)
{
    const size_t k = tracer * d->space.n_timepoints + timepoint;
    *lower = 0;
    *others = d->n_fhv[k] ? d->n_fhv[k] - 1 : 0;
    while (*lower < d->n_fhv[k] && d->fhv[k][*lower] < fhv) ++*lower;
}

static Rc load_models(ReportData *d, Err *e)
{
    Rc rc = OK;
    const Protocol *p = &d->tables->protocol;
    TRY(db_models_load(&d->stored, d->db, NULL, e));
    d->model = ARENA_NEW(&d->arena, p->n_models, ReportModel);
    if (!d->model) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < p->n_models; i++) {
        ReportModel *m = &d->model[d->n_models++];
        m->spec = &p->model[i];
        for (size_t k = 0; k < d->stored.n; k++) if (strcmp(d->stored.model[k].name, m->spec->name) == 0) m->stored = &d->stored.model[k];
        for (size_t k = 0; k < d->n_refusals; k++)
            if (strcmp(d->refusal[k].kind, "model") == 0 && strcmp(d->refusal[k].model, m->spec->name) == 0) m->refused = d->refusal[k].reason;
        if (!m->stored) continue;
        TRY(db_page_terms(&m->term, &m->n_terms, d->db, m->spec->name, &d->arena, e));
        TRY(db_model_rows_load(&m->left_out, &m->n_left_out, d->db, m->spec->name, &d->arena, e));
        TRY(db_predictions_load(&m->prediction, &m->n_predictions, d->db, m->spec->name, &d->arena, e));
    }
out:
    return rc;
}

Rc report_data_load(ReportData *out, const StudyTables *t, const char *study_dir, Db *db, Err *e)
{
    Rc rc = OK;
    ReportData d = { .tables = t, .study_dir = study_dir, .db = db };
    TRY(variable_space_stored(&d.space, &t->protocol, db, e));
    TRY(db_clinical_load(&d.clinical, db, NULL, e));
    TRY(db_page_scans(&d.scan, &d.n_scans, db, &d.arena, e));
    TRY(db_page_refused_scans(&d.refused_scan, &d.n_refused_scans, db, &d.arena, e));
    TRY(db_page_values(&d.value, &d.n_values, db, &d.arena, e));
    TRY(db_page_changes(&d.change, &d.n_changes, db, &d.arena, e));
    TRY(db_page_refusals(&d.refusal, &d.n_refusals, db, &d.arena, e));
    TRY(find_tracers(&d, e));
    TRY(sort_fhv(&d, e));
    TRY(load_models(&d, e));
    *out = d;
    d = (ReportData){ 0 };
out:
    report_data_free(&d);
    return rc;
}

/* Index of the first item of a patient in a list sorted by patient; every item begins with that pointer. */
static size_t first_of(const void *list, size_t n, size_t size, const char *patient)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const char *const *key = (const char *const *)(const void *)((const char *)list + mid * size);
        if (strcmp(*key, patient) < 0) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

const PageScan *report_scan(const ReportData *d, const char *patient, const char *tracer_slug, const char *timepoint)
{
    for (size_t i = first_of(d->scan, d->n_scans, sizeof *d->scan, patient); i < d->n_scans && strcmp(d->scan[i].patient, patient) == 0; i++)
        if (strcmp(d->scan[i].tracer_slug, tracer_slug) == 0 && strcmp(d->scan[i].timepoint, timepoint) == 0) return &d->scan[i];
    return NULL;
}

const PageRefusedScan *report_refused_scan(const ReportData *d, const char *patient, const char *tracer, const char *timepoint)
{
    size_t n = d->n_refused_scans;
    for (size_t i = first_of(d->refused_scan, n, sizeof *d->refused_scan, patient); i < n && strcmp(d->refused_scan[i].patient, patient) == 0; i++)
        if (text_equal(d->refused_scan[i].tracer, tracer) && text_equal(d->refused_scan[i].timepoint, timepoint)) return &d->refused_scan[i];
    return NULL;
}

static const PageValue *find_value(const PageValue *v, size_t n, const char *patient, const char *tracer_slug, const char *from, const char *to, const char *name)
{
    for (size_t i = first_of(v, n, sizeof *v, patient); i < n && strcmp(v[i].patient, patient) == 0; i++)
        if (strcmp(v[i].tracer_slug, tracer_slug) == 0 && strcmp(v[i].from, from) == 0 && text_equal(v[i].to, to) && strcmp(v[i].name, name) == 0) return &v[i];
    return NULL;
}

const PageValue *report_value(const ReportData *d, const char *patient, const char *tracer_slug, const char *timepoint, const char *name)
{
    return find_value(d->value, d->n_values, patient, tracer_slug, timepoint, NULL, name);
}

const PageValue *report_change(const ReportData *d, const char *patient, const char *tracer_slug, const char *from, const char *to, const char *name)
{
    return find_value(d->change, d->n_changes, patient, tracer_slug, from, to, name);
}

const char *report_patient(const ReportData *d, size_t row)
{
    const FrameColumn *c = frame_column(&d->clinical, "patient");
    return c && c->text[row] ? c->text[row] : "";
}
