/* ingest/study_tables.c: the three tables of a study folder, held against each other. */
#include "ingest/study_tables.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/tracer.h"
#include "ingest/protocol.h"

/* Last known day of a patient over all survival endpoints; NaN when no time is known. */
static double last_day(const StudyTables *t, size_t row)
{
    double last = NAN;
    for (size_t i = 0; i < t->protocol.n_endpoints; i++) {
        const Endpoint *end = &t->protocol.endpoint[i];
        const FrameColumn *time = end->time ? frame_column(&t->clinical.frame, end->time) : NULL;
        if (!time || time->is_text || isnan(time->num[row])) continue;
        const double day = time->num[row] * time_unit_days(end->unit);
        if (isnan(last) || day > last) last = day;
    }
    return last;
}

static void drop_scans_of(ScanList *l, const char *patient)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->scan[i].patient, patient) != 0) l->scan[kept++] = l->scan[i];
    l->n = kept;
}

/* A scan after the last follow-up: one of the two dates is wrong, and nobody can tell which. */
static Rc refuse_scanned_after_end(StudyTables *t, Err *e)
{
    Rc rc = OK;
    for (size_t i = 0; i < t->scans.n; ) {
        const Scan *s = &t->scans.scan[i];
        const int row = clinical_row(&t->clinical, s->patient);
        const double last = row >= 0 ? last_day(t, (size_t)row) : NAN;
        if (s->status != SCAN_DONE || isnan(s->day) || !(last < s->day)) { i++; continue; }
        Err line = { 0 };
        err_set(&line, ERR_INPUT, "%s:%zu: patient %s: last time over all endpoints is day %.6g, but %s:%zu has a %s scan done on day %g: one of the two "
                "dates is wrong", t->protocol.clinical, t->clinical.frame.line[row], s->patient, last, t->protocol.scans, s->line, s->timepoint, s->day);
        TRY(rejection_add(&t->rejected, t->protocol.clinical, s->patient, NULL, NULL, line.text, e));
        clinical_drop(&t->clinical, (size_t)row);
        drop_scans_of(&t->scans, s->patient);
    }
out:
    return rc;
}

/* Without declared time points those of the table serve, so that features have names; they have no order in time. */
static Rc adopt_timepoints(StudyTables *t, Err *e)
{
    Protocol *p = &t->protocol;
    if (p->timepoints_declared) return OK;
    p->timepoint = arena_array(&p->arena, t->scans.n_timepoints + 1, sizeof *p->timepoint);
    if (!p->timepoint) return err_nomem(e);
    for (size_t i = 0; i < t->scans.n_timepoints; i++) {
        p->timepoint[i] = arena_strdup(&p->arena, t->scans.timepoint[i]);
        if (!p->timepoint[i]) return err_nomem(e);
    }
    p->n_timepoints = t->scans.n_timepoints;
    return OK;
}

Rc study_tables_read(StudyTables *out, const char *study_dir, const Progress *w, Err *e)
{
    Rc rc = OK;
    StudyTables t = { 0 };
    size_t presets;
    if (!tracer_presets(&presets)) return err_nomem(e);    /* else every tracer would seem to have no preset */
    TRY(protocol_read(&t.protocol, study_dir, t.protocol_sha256, e));
    TRY(clinical_read(&t.clinical, &t.rejected, study_dir, &t.protocol, w, e));
    TRY(scans_read(&t.scans, study_dir, &t.protocol, &t.clinical, w, e));
    TRY(adopt_timepoints(&t, e));
    TRY(refuse_scanned_after_end(&t, e));
    *out = t;
    t = (StudyTables){ 0 };
out:
    study_tables_free(&t);
    return rc;
}

void study_tables_free(StudyTables *t)
{
    protocol_free(&t->protocol);
    clinical_free(&t->clinical);
    scans_free(&t->scans);
    rejection_free(&t->rejected);
    *t = (StudyTables){ 0 };
}
