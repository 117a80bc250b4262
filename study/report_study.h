/* study/report_study.h: the reports of a study on disk. */
#ifndef REOX_STUDY_REPORT_STUDY_H
#define REOX_STUDY_REPORT_STUDY_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/progress.h"
#include "db/db.h"
#include "ingest/study_tables.h"

/* What is to be written. out_dir NULL: STUDY/reports, recorded in the database (which is open for writing), and only what is stale
 * or not there is done again; else that folder, whole, and nothing is recorded. patient NULL: cohort and all patients; else that
 * one's page alone. */
typedef struct {
    const char *study_dir, *out_dir, *patient;
    int64_t run_id;
    int threads;
} ReportWish;

typedef struct {
    size_t cohort, patients;       /* files written: cohort.html and cohort.pdf; patient_NNN.pdf */
    size_t current, removed;       /* already good; of patients that are no longer there */
    char *dir;                     /* where they are; free with report_result_free */
} ReportResult;

/* ERR_INPUT for a patient that the study does not have, ERR_INTERRUPTED between two files (what was written is whole and kept). */
Rc report_study(ReportResult *out, const StudyTables *t, Db *db, const ReportWish *wish, const Progress *w, Err *e);
void report_result_free(ReportResult *r);

#endif
