/* study/report_patient.h: one patient's report from what the database and the image files hold. */
#ifndef REOX_STUDY_REPORT_PATIENT_H
#define REOX_STUDY_REPORT_PATIENT_H

#include "reports/patient_report.h"
#include "study/report_data.h"

/* The slices of one patient's scans, [n_tracers * n_timepoints], read from the files again; may run in parallel for several patients. */
typedef struct {
    Slice *slice;                  /* n = 0 where there is none */
    const char **why;              /* and then why */
    size_t n;
    Arena arena;
} PatientSlices;

/* A file that cannot be read, or is not the one that was ingested, leaves its slice out with a reason. ERR_NOMEM alone. */
Rc patient_slices_read(PatientSlices *out, const ReportData *d, size_t row, Err *e);
void patient_slices_free(PatientSlices *s);

/* What a fitted model's events are set against: its terms, or the effective degrees of freedom of a penalised fit. Levels are no events: 0. */
size_t report_terms_spent(const ReportModel *m);

/* Everything that out points to is the arena's, the data's or the slices'. */
Rc patient_report_gather(PatientReport *out, const ReportData *d, size_t row, const PatientSlices *slices, const char *inputs_sha, Arena *a, Err *e);

#endif
