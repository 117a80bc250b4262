/* ingest/study_tables.h: protocol, clinical table and list of scans, read together and held against each other. */
#ifndef REOX_INGEST_STUDY_TABLES_H
#define REOX_INGEST_STUDY_TABLES_H

#include "core/err.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/protocol.h"
#include "core/rejection.h"
#include "ingest/clinical.h"
#include "ingest/scans.h"

/* A study folder's three tables. `rejected` holds the patients refused so far; scans are those of the others. */
typedef struct {
    Protocol protocol;
    ClinicalTable clinical;
    ScanList scans;
    RejectionList rejected;
    char protocol_sha256[HASH_TEXT];
} StudyTables;

/* ERR_INPUT when a table is refused whole. A patient whose last time over all endpoints lies before the day of a done scan is
 * refused by id here, because only both tables together show it. */
Rc study_tables_read(StudyTables *out, const char *study_dir, const Progress *w, Err *e);
void study_tables_free(StudyTables *t);

#endif
