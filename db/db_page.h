/* db/db_page.h: what the pages of reports show, read in a few sweeps. Only accepted patients and scans, but for what is refused. */
#ifndef REOX_DB_DB_PAGE_H
#define REOX_DB_DB_PAGE_H

#include <stddef.h>

#include "core/arena.h"
#include "core/scan.h"
#include "db/db.h"

/* Missing numbers are NaN, missing texts NULL; all text is the arena's. */
typedef struct {
    const char *patient, *timepoint, *tracer, *tracer_slug;
    ScanStatus status;
    double day, uptake_min, volume_ml;         /* volume of the tumour (roi gtv) */
    const char *image_sha;
} PageScan;

typedef struct { const char *patient, *timepoint, *tracer, *reason; } PageRefusedScan;

/* A hypoxia value of the tumour: tbr_max, tbr_mean, fhv, hv_ml or suv_max, with the document that defines it; of a change (`to` not
 * NULL) delta_ of the same. */
typedef struct {
    const char *patient, *tracer_slug, *from, *to, *name;
    double value;
    const char *reason, *definition;
} PageValue;

typedef struct {
    const char *term, *measure;
    double coef, se, ratio, lower95, upper95, p;
} PageTerm;

typedef struct { const char *kind, *model, *reason; } PageRefusal;      /* model "" unless kind is "model" */

Rc db_page_scans(PageScan **out, size_t *n, Db *db, Arena *a, Err *e);                  /* by patient, tracer, time point */
Rc db_page_refused_scans(PageRefusedScan **out, size_t *n, Db *db, Arena *a, Err *e);
Rc db_page_values(PageValue **out, size_t *n, Db *db, Arena *a, Err *e);                /* of scans, by patient */
Rc db_page_changes(PageValue **out, size_t *n, Db *db, Arena *a, Err *e);               /* by patient */
Rc db_page_terms(PageTerm **out, size_t *n, Db *db, const char *model, Arena *a, Err *e);
Rc db_page_refusals(PageRefusal **out, size_t *n, Db *db, Arena *a, Err *e);

/* Forgets a file of reports that is no longer there. Inside the caller's transaction. db_names lists them as "report_files". */
Rc db_report_remove(Db *db, const char *file, Err *e);

#endif
