/* db/db_names.h: short lists of names. */
#ifndef REOX_DB_DB_NAMES_H
#define REOX_DB_DB_NAMES_H

#include <stddef.h>

#include "core/arena.h"
#include "db/db.h"

/* One of: "tracers" (slugs of all scans), "tracer_units" (of their images, in the same order), "rois" (regions that have features), "timepoints" (in
 * order), "refused_patients", "refused_scans" (scan_subject), "refused_models", "stale_models", "stale_report_files", "views". Arena memory. */
Rc db_names(char ***out, size_t *n, Db *db, const char *list, Arena *a, Err *e);

#endif
