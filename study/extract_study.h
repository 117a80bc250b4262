/* study/extract_study.h: features of every ingested scan, and changes of every pair of serial scans. */
#ifndef REOX_STUDY_EXTRACT_STUDY_H
#define REOX_STUDY_EXTRACT_STUDY_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/rejection.h"
#include "db/db.h"
#include "ingest/study_tables.h"
#include "study/scan_read.h"

typedef struct {
    size_t scans, scans_computed, scans_unchanged, scans_refused;      /* done scans that are accepted */
    size_t pairs, pairs_computed, pairs_unchanged, pairs_removed;
    size_t values, undefined;          /* features computed now */
    RejectionList rejected;            /* scans whose features the settings cannot give, or whose files changed since ingest */
} ExtractResult;

/* Computes what is missing or stale: a scan's features are made of its files and row, of the effective settings for its tracer and
 * unit, of its hypoxia rule, and of the registry. One transaction a scan, in the order of scans.csv whatever the number of threads;
 * then the changes, one transaction a patient. May be killed or interrupted (ERR_INTERRUPTED) and called again. */
Rc extract_study(ExtractResult *out, const StudyTables *t, const char *study_dir, Db *db, int64_t run_id, int threads,
                 const Progress *w, Err *e);
void extract_result_free(ExtractResult *r);

#endif
