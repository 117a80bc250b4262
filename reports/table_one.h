/* reports/table_one.h: Table 1: who the patients are. */
#ifndef REOX_REPORTS_TABLE_ONE_H
#define REOX_REPORTS_TABLE_ONE_H

#include "core/frame.h"
#include "core/protocol.h"
#include "reports/document.h"

/* Rows for the columns that the protocol describes, in its order, with its labels, units and levels; where it describes none, for all
 * columns but `patient` and those named in `leave_out` (NULL-terminated: times and events of endpoints). Numbers as median with
 * quartiles, categories and 0/1 as counts, missing cells counted for each. */
void table_one(Document *d, const Frame *clinical, const ColumnSpec *column, size_t n_columns, const char *const *leave_out);

/* "66 (60–73)": median and quartiles of the finite values, NaN left out; "–" for none. *n (may be NULL): how many. */
char *median_text(Arena *a, const double *x, size_t n, int decimals, size_t *n_known);

#endif
