/* db/db_wide.h: the views with a row a patient, whose columns depend on the study. */
#ifndef REOX_DB_DB_WIDE_H
#define REOX_DB_DB_WIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "db/db.h"
#include "db/db_feature.h"

enum { WIDE_COLUMNS_MAX = 1900 };      /* SQLite ends at 2,000 */

/* A column: a clinical one (variable NULL) or a variable. */
typedef struct {
    const char *name;
    const VariableKey *variable;
} WideColumn;

/* A view: of one scan's features (tracer and timepoint given: a row for each patient who has it), or of everybody. */
typedef struct {
    const char *name;
    const char *tracer_slug, *timepoint;
    const WideColumn *column;
    size_t n_columns;                  /* at most WIDE_COLUMNS_MAX */
} WideView;

/* Makes the database have just these v_wide… views, touching those that differ. Inside the caller's transaction. */
Rc db_wide_store(bool *changed, Db *db, const WideView *view, size_t n, Err *e);

#endif
