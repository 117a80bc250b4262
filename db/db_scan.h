/* db/db_scan.h: scans as they were ingested, and what became of them. */
#ifndef REOX_DB_DB_SCAN_H
#define REOX_DB_DB_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/geom.h"
#include "core/hash.h"
#include "core/scan.h"
#include "db/db.h"

typedef struct {
    const char *roi;
    bool is_reference;
    size_t voxels;
    double volume_ml, mean, sd, cov;       /* sd, cov: NaN where they cannot be */
    const char *mask_sha;
} RegionRow;

/* A scan for the table: the row of scans.csv, and of its files what they turned out to be. */
typedef struct {
    const Scan *scan;
    const Grid *grid;                      /* NULL unless done */
    const char *image_sha;                 /* NULL unless done */
    const char *inputs_sha;                /* of the row and of every file it names */
    const RegionRow *region;
    size_t n_regions;
} ScanRow;

/* The id of a scan: a digest of patient, time point and tracer. */
int64_t scan_id(const char *patient, const char *timepoint, const char *tracer_slug);

/* The hash that the database holds for it; "" when it has no such scan. */
Rc db_scan_inputs(char out[HASH_TEXT], Db *db, int64_t id, Err *e);

/* Writes a new or changed scan. What was computed from the old one goes: features, changes; models and reports built on it become
 * stale. Inside the caller's transaction. */
Rc db_scan_store(Db *db, int64_t run_id, const ScanRow *row, Err *e);

/* Removes a scan with everything computed from it, and makes models and reports built on it stale. */
Rc db_scan_remove(Db *db, int64_t id, Err *e);

/* A scan as views, formulas and reports count it: its newest verdict is no refusal. Text is the list's arena. */
typedef struct {
    int64_t id;
    const char *patient, *timepoint, *tracer, *tracer_slug;
    ScanStatus status;
    double day;                            /* NaN when not known */
    const char *inputs_sha;
    const char *extracted_settings, *extracted_inputs;     /* NULL when there are no features of it */
} StoredScan;
typedef struct {
    StoredScan *scan;
    size_t n;
    Arena arena;
} StoredScans;

/* By patient, tracer, time point in the order of the table `timepoint`. all: the refused ones too. */
Rc db_scans_load(StoredScans *out, Db *db, bool all, Err *e);
void stored_scans_free(StoredScans *s);
const StoredScan *stored_scan_find(const StoredScans *s, const char *patient, const char *timepoint, const char *tracer_slug);

/* The study's name and its time points in order; *changed when something was written. Inside the caller's transaction. */
Rc db_study_store(bool *changed, Db *db, const char *name, char *const *timepoint, size_t n_timepoints, Err *e);

#endif
