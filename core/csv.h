/* core/csv.h: tables in RFC 4180, read strictly and written safely. */
#ifndef REOX_CORE_CSV_H
#define REOX_CORE_CSV_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/str.h"

/* A table as it stands in the file: every cell is text, nothing is judged yet. All memory is the arena's. */
typedef struct {
    Arena arena;
    const char *name;          /* the file, as messages say it */
    size_t columns, rows;      /* rows without the header */
    char **header;             /* [columns] */
    char **cell;               /* [rows*columns], row after row; never NULL */
    size_t *line;              /* [rows] line in the file where the record begins, from 1 */
} CsvTable;

/* Reads a whole table. UTF-8 with or without BOM, LF or CRLF, quoted fields may hold commas, quotes and newlines.
 * Refused with file and line: a NUL or other control byte, invalid UTF-8, an open quote, a row with another number of
 * fields, a record over LIMIT_CSV_LINE, an empty or doubled column name (case ignored, with `allow_twins` only
 * byte-equal ones), a table separated by ';' or tabs, no header. */
Rc csv_read(CsvTable *out, const char *path, const char *name, Err *e);
Rc csv_parse(CsvTable *out, const char *text, size_t size, const char *name, Err *e);
void csv_free(CsvTable *t);

/* The column's index, or -1. Exact spelling. */
int csv_column(const CsvTable *t, const char *name);
const char *csv_cell(const CsvTable *t, size_t row, size_t column);

/* Missing is an empty field or NA. */
int csv_is_missing(const char *cell);

/* One field: quoted where RFC 4180 wants it; text that a spreadsheet would take for a formula (begins with = + - @ TAB
 * or CR and is no number) gets a leading apostrophe. */
void csv_write_field(Str *out, const char *text);
void csv_write_number(Str *out, double x);       /* shortest exact decimal; NaN is NA */

#endif
