/* study/ingest_study.h: a study folder's tables and files into its database. */
#ifndef REOX_STUDY_INGEST_STUDY_H
#define REOX_STUDY_INGEST_STUDY_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/json.h"
#include "core/progress.h"
#include "core/rejection.h"
#include "db/db.h"
#include "ingest/study_tables.h"

typedef struct {
    size_t patients, patients_added, patients_changed, patients_removed;
    size_t scans, scans_added, scans_changed, scans_unchanged, scans_removed, scans_refused;
    RejectionList rejected;            /* patients and scans refused in this reading */
    bool changed;                      /* anything at all was written but run, rejection and audit */
} IngestResult;

/* Writes what is new or changed, one transaction for the clinical table and one for each scan, in the order of scans.csv; removes
 * what left the tables; keeps the rows of what is refused now. Says through the progress' notes what changed and what became stale.
 * A killed or interrupted (ERR_INTERRUPTED) call has kept whole scans, and the next one ends as an undisturbed one would.
 * `t` was opened by study_open. Subjects that are refused are no failure: they are in out->rejected. */
Rc ingest_study(IngestResult *out, const StudyTables *t, const char *study_dir, Db *db, int64_t run_id, int threads,
                const Progress *w, Err *e);
void ingest_result_free(IngestResult *r);

/* Records that a table, or the protocol, was refused whole; the message tells which (it begins with its file). Own transaction. */
Rc ingest_refused_whole(Db *db, int64_t run_id, const char *study_dir, const char *message, Err *e);

/* {file: SHA-256} of the three tables, for the run's row. NULL when memory is out. */
Json *study_inputs_json(const StudyTables *t);

/* What a scan is made of, in one hash: its row, every file it names, and the reference region that its rule asks for. */
Rc scan_inputs_digest(char out[HASH_TEXT], const char *study_dir, const Protocol *p, const Scan *s, Err *e);

#endif
