/* reports/cohort_report.h: the report of a whole cohort. */
#ifndef REOX_REPORTS_COHORT_REPORT_H
#define REOX_REPORTS_COHORT_REPORT_H

#include "core/frame.h"
#include "core/protocol.h"
#include "reports/change_figure.h"
#include "reports/document.h"
#include "reports/km_figure.h"
#include "reports/model_result.h"

/* One quantity of one tracer at every time point: value[patient * n_timepoints + timepoint], NaN where there is none; already
 * in the unit that label names. */
typedef struct {
    const char *label;             /* "FHV (% of tumour volume)" */
    int decimals;
    const double *value;
} MetricCourse;

/* Scans of one tracer at one time point, by what became of them; they add up to the patients. */
typedef struct { size_t done, not_done, not_assessable, refused, not_listed; } ScanCounts;

typedef struct {
    const char *name;              /* "FMISO" */
    const char *definition;        /* "hypoxic: TBR ≥ 1.4, reference blood"; or why there is none */
    const ScanCounts *count;       /* [n_timepoints] */
    const MetricCourse *metric;
    size_t n_metrics;
} TracerResult;

typedef struct {
    const char *name, *label;      /* "os", "Overall survival" */
    bool survival, competing;      /* competing: it has a cause of its own among others */
    size_t n, n_events, n_competing;      /* n: patients with the outcome known */
    const char *unit;              /* "months" */
    double median, median_lower, median_upper, follow_up;     /* NaN: not reached; follow-up by reverse Kaplan–Meier */
} EndpointResult;

typedef struct { WaterfallFigure figure; const char *caption; } ChangePlot;
typedef struct { SpaghettiFigure figure; const char *caption; } CoursePlot;
typedef struct { KmFigure figure; const char *caption; } SurvivalPlot;
typedef struct { const char *label, *value; } Provenance;

typedef struct {
    const char *study;
    const Frame *clinical;         /* accepted patients */
    const ColumnSpec *column;      /* the protocol's */
    size_t n_columns;
    const char *const *outcome_columns;        /* of endpoints, NULL-terminated: no characteristics */
    const char *const *timepoint;
    size_t n_timepoints;
    const TracerResult *tracer;
    size_t n_tracers;
    const CoursePlot *course;
    size_t n_courses;
    const ChangePlot *change;
    size_t n_changes;
    const EndpointResult *endpoint;
    size_t n_endpoints;
    const SurvivalPlot *survival;
    size_t n_survival;
    const ModelResult *model;
    size_t n_models;
    const char *const *refusal;    /* what is refused now, a line each */
    size_t n_refusals;
    const Provenance *provenance;
    size_t n_provenance;
} CohortReport;

/* Fills d (document_free it also after a failure). */
Rc cohort_document(Document *d, const CohortReport *r, Err *e);

#endif
