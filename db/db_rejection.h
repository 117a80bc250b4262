/* db/db_rejection.h: verdicts on tables, patients, scans and models; the newest one counts. */
#ifndef REOX_DB_DB_REJECTION_H
#define REOX_DB_DB_REJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/str.h"
#include "db/db.h"

/* What a verdict is about. table: subject "clinical" or "scans", "study.json" for the protocol; patient: his id; scan:
 * scan_subject(); features: the same, of a scan that is good but whose features the settings cannot give; model: its name. */
typedef enum { SUBJECT_TABLE, SUBJECT_PATIENT, SUBJECT_SCAN, SUBJECT_FEATURES, SUBJECT_MODEL } SubjectKind;

typedef struct {
    SubjectKind kind;
    const char *subject;
    const char *file, *patient, *timepoint, *tracer;       /* NULL where they do not apply */
    const char *reason;                                    /* the whole line that people see */
} Verdict;

/* "P001/pre/fmiso" in out. */
void scan_subject(Str *out, const char *patient, const char *timepoint, const char *tracer_slug);

/* Adds a row unless the newest one says the same; with an audit row. *news (NULL: not wanted) tells whether one was added.
 * Inside the caller's transaction. A patient's id that is no id of ours (it may be a name) is kept out of the database. */
Rc db_reject(bool *news, Db *db, int64_t run_id, const Verdict *v, Err *e);

/* Adds "accepted" when the newest verdict on the subject is a refusal, else nothing. */
Rc db_accept(bool *news, Db *db, int64_t run_id, SubjectKind kind, const char *subject, Err *e);

Rc db_is_refused(bool *refused, Db *db, SubjectKind kind, const char *subject, Err *e);

#endif
