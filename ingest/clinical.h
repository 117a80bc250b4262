/* ingest/clinical.h: the clinical table, patient by patient. */
#ifndef REOX_INGEST_CLINICAL_H
#define REOX_INGEST_CLINICAL_H

#include <stddef.h>

#include "core/err.h"
#include "core/frame.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/protocol.h"
#include "core/rejection.h"

/* The patients that were accepted, and the ids of all. */
typedef struct {
    Frame frame;               /* a row an accepted patient, in the table's order; column "patient" is text and the first; a
                                  column with declared levels is text; time_zero and columns named like a direct identifier
                                  (name, birth_date …) are left out */
    int *time_zero;            /* [frame.rows] days from 1970-01-01, or TIME_ZERO_MISSING */
    char **listed;             /* every id that the table holds, refused ones too */
    size_t n_listed;
    int has_time_zero;         /* the table has the column */
    char sha256[HASH_TEXT];
    Arena arena;
} ClinicalTable;

enum { TIME_ZERO_MISSING = -2147483647 - 1 };

/* Refused whole (ERR_INPUT): a table that is not well formed, without `patient` or a column that an endpoint names, columns
 * equal but for case. Refused by patient (rejections are added): an id that is not [A-Za-z0-9._-]{1,64}, twice (both rows, case
 * ignored), a negative time, an event that is no code, a value outside the declared levels, text where the column has a unit
 * or is otherwise numbers (and a model reads it, or the text is a slip such as 1,5), a time_zero that is no date. */
Rc clinical_read(ClinicalTable *out, RejectionList *rejected, const char *study_dir, const Protocol *p, const Progress *w, Err *e);
void clinical_free(ClinicalTable *c);

int clinical_row(const ClinicalTable *c, const char *patient);        /* row of an accepted patient, or -1 */

/* Takes one accepted patient out of the frame again. */
void clinical_drop(ClinicalTable *c, size_t row);

/* Days from 1970-01-01 of "YYYY-MM-DD"; 0 when it is no date of the calendar. */
int date_read(int *days, const char *text);

#endif
