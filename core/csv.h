/* core/csv.h: tables in RFC 4180, read strictly and written safely. */
#ifndef REOX_CORE_CSV_H
#define REOX_CORE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/file.h"
#include "core/limits.h"
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

/* Reads a whole table; text: a NUL stands behind it. UTF-8 with or without BOM, LF or CRLF, quoted fields may hold commas, quotes and newlines.
 * Refused with file and line: a NUL or other control byte, invalid UTF-8, an open quote, a row with another number of
 * fields, a record over LIMIT_CSV_LINE, an empty or doubled column name (case ignored, with `allow_twins` only
 * byte-equal ones), a table separated by ';' or tabs, no header. */
Rc csv_read(CsvTable *out, const char *path, const char *name, Err *e);
Rc csv_parse(CsvTable *out, const char *text, size_t size, const char *name, Err *e);
void csv_free(CsvTable *t);

/* ---- field by field, for who wants no copy of the text: the same tables, the same refusals */

/* The reader's place. Messages count lines as an editor does: newlines inside quotes count too. */
typedef struct {
    const char *p, *end, *name;
    size_t line, record_line;  /* of the place, and where the record began */
    const char *record;
    size_t rows_max;           /* so many records at most */
    Str unquoted;              /* the last field that held doubled quotes */
    const char *whole;         /* the text, when it is in memory; else what is in view of a file */
    FileStream file;
    char *window;
    size_t window_size;
    bool at_end;               /* nothing of the file lies behind the window */
} CsvReader;

/* Good until the next field is read; no NUL behind it. */
typedef struct { const char *text; size_t n; } CsvField;

/* Checks all bytes, reads the header, which is the arena's. csv_end after success and failure. */
Rc csv_begin(CsvReader *r, char ***header, size_t *columns, const char *text, size_t size, const char *name, Arena *a, Err *e);
/* The same for a file, of which a few MB are in memory at a time; a table with other than ASCII characters is read whole. */
Rc csv_open(CsvReader *r, char ***header, size_t *columns, const char *path, const char *name, Arena *a, Err *e);
Rc csv_rewind(CsvReader *r, Err *e);                    /* to the first record again */
void csv_end(CsvReader *r);

/* While r->p < r->end: csv_record, then fields, each with its separator behind it as long as there are more. A record of one empty
 * field is an empty line; one with another number of fields than the header is refused by csv_wrong_count. */
enum { CSV_AHEAD = 4 << 20 };      /* more than a record can hold */
Rc csv_refill(CsvReader *r, Err *e);
static inline Rc csv_record(CsvReader *r, Err *e)
{
    if (!r->at_end && r->end - r->p < CSV_AHEAD) {
        Rc rc = csv_refill(r, e);
        if (rc != OK) return rc;
    }
    r->record = r->p;
    r->record_line = r->line;
    return OK;
}
Rc csv_field(CsvField *out, CsvReader *r, Err *e);
Rc csv_line_end(bool *more, CsvReader *r, Err *e);
static inline Rc csv_separator(bool *more, CsvReader *r, Err *e)
{
    if (*r->p != ',' || (size_t)(r->p - r->record) > LIMIT_CSV_LINE) return csv_line_end(more, r, e);
    r->p++;
    *more = true;
    return OK;
}
Rc csv_wrong_count(const CsvReader *r, size_t fields, size_t columns, Err *e);

/* The next field where it is a number without quotes; else the reader stays where it is. */
static inline bool csv_number(double *x, CsvReader *r)
{
    const char *q = number_scan(x, r->p, r->end);
    if (!q || (q < r->end && *q != ',' && *q != '\n' && *q != '\r')) return false;
    r->p = q;
    return true;
}

bool csv_field_is_missing(CsvField f);

/* ---- cells */

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
