/* study/report_data.h: everything that the pages of a study show, read once from its database. */
#ifndef REOX_STUDY_REPORT_DATA_H
#define REOX_STUDY_REPORT_DATA_H

#include "core/frame.h"
#include "db/db_model.h"
#include "db/db_page.h"
#include "ingest/study_tables.h"
#include "study/variables.h"

/* A model of the protocol as it stands in the database: stored NULL when it was not fitted, refused: why not. */
typedef struct {
    const ModelSpec *spec;
    const StoredModel *stored;
    const char *refused;
    PageTerm *term;
    size_t n_terms;
    ModelRow *left_out;
    size_t n_left_out;
    PredictionRow *prediction;
    size_t n_predictions;
} ReportModel;

typedef struct { const char *name, *slug; } ReportTracer;

typedef struct {
    const StudyTables *tables;
    const char *study_dir;
    Db *db;
    VariableSpace space;
    Frame clinical;                /* accepted patients in order of row; line[] - 1 is the row's number */
    PageScan *scan;                /* lists sorted by patient */
    size_t n_scans;
    PageRefusedScan *refused_scan;
    size_t n_refused_scans;
    PageValue *value, *change;
    size_t n_values, n_changes;
    PageRefusal *refusal;
    size_t n_refusals;
    ReportTracer *tracer;          /* in order of the list of scans */
    size_t n_tracers;
    double **fhv;                  /* [n_tracers * n_timepoints] FHV of all patients, ascending */
    size_t *n_fhv;
    StoredModels stored;
    ReportModel *model;            /* in the protocol's order */
    size_t n_models;
    Arena arena;
} ReportData;

Rc report_data_load(ReportData *out, const StudyTables *t, const char *study_dir, Db *db, Err *e);
void report_data_free(ReportData *d);

/* NULL when there is none. */
const PageScan *report_scan(const ReportData *d, const char *patient, const char *tracer_slug, const char *timepoint);
const PageRefusedScan *report_refused_scan(const ReportData *d, const char *patient, const char *tracer, const char *timepoint);
const PageValue *report_value(const ReportData *d, const char *patient, const char *tracer_slug, const char *timepoint, const char *name);
const PageValue *report_change(const ReportData *d, const char *patient, const char *tracer_slug, const char *from, const char *to, const char *name);

/* Of the other patients with an FHV of this tracer (index) and time point (index): how many there are, and how many are lower. */
void report_rank(size_t *lower, size_t *others, const ReportData *d, size_t tracer, size_t timepoint, double fhv);

const char *report_patient(const ReportData *d, size_t row);           /* id of row 0 … clinical.rows - 1 */

#endif
