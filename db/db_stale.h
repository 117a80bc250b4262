/* db/db_stale.h: marks on models and reports whose inputs changed, and a digest of what reports show. */
#ifndef REOX_DB_DB_STALE_H
#define REOX_DB_DB_STALE_H

#include "core/hash.h"
#include "db/db.h"

/* Models become stale that read a clinical column (NULL: all models), or a scan of tracer and time point; or all reports. Inside the
 * caller's transaction. The hashes decide what is done again; the marks are for people and views. */
Rc db_stale_column(Db *db, const char *column, Err *e);
Rc db_stale_scan(Db *db, const char *tracer_slug, const char *timepoint, Err *e);
Rc db_stale_reports(Db *db, Err *e);

/* Of everything that a report can show: patients, clinical values, scans, what features and changes were made of, models,
 * predictions, refusals. Not of runs, and not of when anything came. */
Rc db_views_digest(char out[HASH_TEXT], Db *db, Err *e);

#endif
