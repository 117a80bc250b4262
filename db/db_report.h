/* db/db_report.h: which reports lie on disk, and what they were made of. */
#ifndef REOX_DB_DB_REPORT_H
#define REOX_DB_DB_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"

typedef struct {
    const char *file;                  /* name below the folder of reports */
    const char *kind;                  /* "cohort", "patient" */
    const char *patient;               /* NULL for the cohort's */
    const char *inputs_sha;            /* of everything that it shows (study/stale.h) */
    const char *file_sha;
} ReportRow;

/* Inside the caller's transaction. */
Rc db_report_store(Db *db, int64_t run_id, const ReportRow *row, Err *e);

/* Whether the stored report was made of just this; gives the hash that its file had. Marks nothing. */
Rc db_report_current(bool *current, char file_sha[65], Db *db, const char *file, const char *inputs_sha, Err *e);

/* Takes the mark "stale" from a report that is still good. */
Rc db_report_confirm(Db *db, int64_t run_id, const char *file, Err *e);

#endif
