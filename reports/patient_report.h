/* reports/patient_report.h: the page of one patient for the tumour board. */
#ifndef REOX_REPORTS_PATIENT_REPORT_H
#define REOX_REPORTS_PATIENT_REPORT_H

#include "core/scan.h"
#include "reports/document.h"
#include "reports/slice.h"

/* A number and, where it does not exist, why. */
typedef struct { double value; const char *reason; } PatientValue;

typedef struct {
    const char *tracer, *timepoint;
    bool listed;                   /* false: scans.csv has no such row */
    ScanStatus status;
    const char *refused;           /* why the scan is refused; NULL */
    double day, uptake_min;        /* NaN where not known */
    const char *definition;        /* "TBR ≥ 1.4, reference blood" */
    PatientValue tbr_max, tbr_mean, fhv, hv_ml, volume_ml;
    size_t lower, others;          /* other patients with an FHV of this tracer and time point, and those among them whose FHV is lower */
    const Slice *slice;            /* NULL when there is none … */
    const char *no_slice;          /* … and why */
} PatientScan;

typedef struct {
    const char *tracer, *from, *to;
    PatientValue tbr_max, fhv, hv_ml;          /* differences: to minus from; fhv as a share */
} PatientChange;

typedef struct {
    const char *model, *formula;
    const char *detail;            /* "n = 60, 41 events" */
    double value, lower, upper;    /* 0 … 1; NaN value: none */
    const char *absent;            /* why there is no value */
    bool in_range;
    const char *note;              /* what is outside the range of the model's data */
    const char *clock;             /* "from day 0", "from this patient's mid scan" */
    size_t n, n_events, n_terms;
} PatientRisk;

typedef struct { const char *label, *value; } PatientFact;

typedef struct {
    const char *study, *patient;
    int row;                       /* of the clinical table; names the file */
    const char *tracers;           /* "FMISO" or "FMISO, FDG" */
    const PatientFact *fact;       /* described clinical columns */
    size_t n_facts;
    const PatientScan *scan;       /* by tracer, then time point: every time point of the protocol */
    size_t n_scans;
    const PatientChange *change;
    size_t n_changes;
    const char *risk_of;           /* "risk of an event (Overall survival) within 24 months"; NULL: the protocol has no board */
    const PatientRisk *risk;
    size_t n_risks;
    const char *provenance;        /* one line */
} PatientReport;

/* Fills d (document_free it also after a failure). */
Rc patient_document(Document *d, const PatientReport *r, Err *e);

#endif
