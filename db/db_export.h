/* db/db_export.h: views as CSV. */
#ifndef REOX_DB_DB_EXPORT_H
#define REOX_DB_DB_EXPORT_H

#include <stddef.h>

#include "core/arena.h"
#include "core/str.h"
#include "db/db.h"

/* The names of a view's columns, in arena memory. */
Rc db_view_columns(char ***out, size_t *n, Db *db, const char *view, Arena *a, Err *e);

/* Appends the view as CSV with its header, rows in a fixed order: RFC 4180, numbers that read back to the same bits, missing is NA,
 * no cell that a spreadsheet would take for a formula. */
Rc db_view_csv(Str *out, size_t *rows, Db *db, const char *view, Err *e);

/* Label and unit of a clinical column, "" where there is none; arena memory. */
Rc db_clinical_column_info(const char **label, const char **unit, Db *db, const char *column, Arena *a, Err *e);

#endif
