/* core/csv.c: tables in RFC 4180. */
#include "core/csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/limits.h"

/* The reader's place. Messages count lines as an editor does: newlines inside quotes count too. */
typedef struct {
    const char *p, *end, *name;
    size_t line;
} Reader;

/* Fields of one record, as arena strings. */
typedef struct {
    char **field;
    size_t n, cap;
} Record;

static Rc record_push(Record *r, char *field, Err *e)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 32;
        char **p = realloc(r->field, cap * sizeof *p);
        if (!p) return err_nomem(e);
        r->field = p;
        r->cap = cap;
    }
    r->field[r->n++] = field;
    return OK;
}

/* One field; leaves the reader on the separator behind it. */
static Rc read_field(char **out, Reader *r, Arena *a, Err *e)
{
    const size_t line = r->line;
    if (r->p < r->end && *r->p == '"') {
        const char *p = r->p + 1;
        size_t n = 0, room = 0;
        /* Two passes: measure, then copy. */
        for (const char *q = p; ; q++) {
            if (q >= r->end)
                return err_set(e, ERR_INPUT, "%s:%zu: quote is never closed, expected a closing \"", r->name, line);
            if (*q == '"') { if (q + 1 < r->end && q[1] == '"') q++; else break; }
            room++;
            if (room > LIMIT_CSV_LINE)
                return err_set(e, ERR_INPUT, "%s:%zu: field is longer than %zu bytes: too long, or a quote is not closed", r->name, line, LIMIT_CSV_LINE);
        }
        char *field = arena_alloc(a, room + 1);
        if (!field) return err_nomem(e);
        for (; ; p++) {
            if (*p == '"') { if (p + 1 < r->end && p[1] == '"') p++; else break; }
            if (*p == '\n') r->line++;
            field[n++] = *p;
        }
        r->p = p + 1;
        if (r->p < r->end && *r->p != ',' && *r->p != '\n' && *r->p != '\r')
            return err_set(e, ERR_INPUT, "%s:%zu: text behind a closing quote, expected a comma or the end of the line", r->name, line);
        *out = field;
        return OK;
    }
    const char *from = r->p;
    while (r->p < r->end && *r->p != ',' && *r->p != '\n' && *r->p != '\r') {
        if (*r->p == '"')
            return err_set(e, ERR_INPUT, "%s:%zu: quote inside an unquoted field, expected the whole field in quotes", r->name, line);
        r->p++;
    }
    *out = arena_strndup(a, from, (size_t)(r->p - from));
    return *out ? OK : err_nomem(e);
}

static Rc read_record(Record *out, Reader *r, Arena *a, Err *e)
{
    Rc rc = OK;
    out->n = 0;
    const char *from = r->p;
    const size_t line = r->line;
    for (;;) {
        char *field;
        TRY(read_field(&field, r, a, e));
        TRY(record_push(out, field, e));
        if ((size_t)(r->p - from) > LIMIT_CSV_LINE) {
            rc = err_set(e, ERR_INPUT, "%s:%zu: line is longer than %zu bytes: too long", r->name, line, LIMIT_CSV_LINE);
            goto out;
        }
        if (r->p < r->end && *r->p == ',') { r->p++; continue; }
        break;
    }
    if (r->p < r->end && *r->p == '\r') {
        r->p++;
        if (r->p < r->end && *r->p != '\n') {
            rc = err_set(e, ERR_INPUT, "%s:%zu: carriage return inside a line, expected a line end", r->name, r->line);
            goto out;
        }
    }
    if (r->p < r->end && *r->p == '\n') { r->p++; r->line++; }
out:
    return rc;
}

/* What may not stand in a table at all: NUL and other control bytes, bytes that are not UTF-8. */
static Rc check_bytes(const char *text, size_t size, const char *name, Err *e)
{
    size_t line = 1, line_start = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n') {
            line++;
            line_start = i + 1;
            continue;
        }
        if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F) {
            return err_set(e, ERR_INPUT, "%s:%zu: control character (%s, byte 0x%02X), expected text", name, line, c ? "not printable" : "NUL", c);
        }
        if (i - line_start > LIMIT_CSV_LINE)
            return err_set(e, ERR_INPUT, "%s:%zu: line is longer than %zu bytes: too long", name, line, LIMIT_CSV_LINE);
    }
    if (text_is_utf8(text, size)) return OK;
    line = 1;
    size_t from = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && text[i] != '\n') continue;
        if (!text_is_utf8(text + from, i - from)) break;
        from = i + 1;
        line++;
    }
    return err_set(e, ERR_INPUT, "%s:%zu: text is not UTF-8, expected that encoding", name, line);
}

static Rc check_header(const CsvTable *t, Err *e)
{
    if (t->columns == 1 && (strchr(t->header[0], ';') || strchr(t->header[0], '\t')))
        return err_set(e, ERR_INPUT, "%s:1: columns are separated by %s, expected a comma as separator", t->name,
                       strchr(t->header[0], ';') ? "';'" : "tabs");
    if (t->columns > LIMIT_CSV_COLUMNS)
        return err_set(e, ERR_INPUT, "%s:1: %zu columns, at most %d are read", t->name, t->columns, LIMIT_CSV_COLUMNS);
    for (size_t i = 0; i < t->columns; i++) {
        if (!t->header[i][0]) return err_set(e, ERR_INPUT, "%s:1: column %zu has no name", t->name, i + 1);
        for (size_t j = 0; j < i; j++)
            if (text_equal_nocase(t->header[i], t->header[j]))
                return err_set(e, ERR_INPUT, "%s:1: column %s is there twice: duplicate, columns %zu and %zu%s", t->name, t->header[i],
                               j + 1, i + 1, text_equal(t->header[i], t->header[j]) ? "" : " differ only in case");
    }
    return OK;
}

Rc csv_parse(CsvTable *out, const char *text, size_t size, const char *name, Err *e)
{
    Rc rc = OK;
    CsvTable t = { 0 };
    Record record = { 0 };
    char **cell = NULL;
    size_t *line = NULL, rows_cap = 0;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { text += 3; size -= 3; }
    TRY(check_bytes(text, size, name, e));
    t.name = arena_strdup(&t.arena, name);
    if (!t.name) { rc = err_nomem(e); goto out; }
    Reader r = { text, text + size, t.name, 1 };
    if (r.p == r.end) { rc = err_set(e, ERR_INPUT, "%s: file is empty, expected a header line", name); goto out; }
    TRY(read_record(&record, &r, &t.arena, e));
    t.columns = record.n;
    t.header = arena_array(&t.arena, t.columns, sizeof *t.header);
    if (!t.header) { rc = err_nomem(e); goto out; }
    memcpy(t.header, record.field, t.columns * sizeof *t.header);
    TRY(check_header(&t, e));
    while (r.p < r.end) {
        size_t at = r.line;
        TRY(read_record(&record, &r, &t.arena, e));
        if (record.n == 1 && !record.field[0][0]) continue;             /* an empty line */
        if (record.n != t.columns) {
            rc = err_set(e, ERR_INPUT, "%s:%zu: %zu fields, expected %zu columns as in the header", name, at, record.n, t.columns);
            goto out;
        }
        if (t.rows == rows_cap) {
            rows_cap = rows_cap ? 2 * rows_cap : 64;
            char **c = realloc(cell, rows_cap * t.columns * sizeof *c);
            if (c) cell = c;
            size_t *l = realloc(line, rows_cap * sizeof *l);
            if (l) line = l;
            if (!c || !l) { rc = err_nomem(e); goto out; }
        }
        memcpy(cell + t.rows * t.columns, record.field, t.columns * sizeof *cell);
        line[t.rows++] = at;
    }
    t.cell = arena_array(&t.arena, t.rows * t.columns, sizeof *t.cell);
    t.line = arena_array(&t.arena, t.rows, sizeof *t.line);
    if (!t.cell || !t.line) { rc = err_nomem(e); goto out; }
    if (t.rows) {
        memcpy(t.cell, cell, t.rows * t.columns * sizeof *cell);
        memcpy(t.line, line, t.rows * sizeof *line);
    }
    *out = t;
    t = (CsvTable){ 0 };
out:
    free(record.field);
    free(cell);
    free(line);
    csv_free(&t);
    return rc;
}

Rc csv_read(CsvTable *out, const char *path, const char *name, Err *e)
{
    Rc rc = OK;
    Bytes b = { 0 };
    if (!name) name = path;
    TRY(file_read(&b, path, name, LIMIT_CSV_BYTES, e));
    TRY(csv_parse(out, (const char *)b.data, b.size, name, e));
out:
    bytes_free(&b);
    return rc;
}

void csv_free(CsvTable *t)
{
    arena_free(&t->arena);
    *t = (CsvTable){ 0 };
}

int csv_column(const CsvTable *t, const char *name)
{
    for (size_t i = 0; i < t->columns; i++) if (strcmp(t->header[i], name) == 0) return (int)i;
    return -1;
}

const char *csv_cell(const CsvTable *t, size_t row, size_t column) { return t->cell[row * t->columns + column]; }

int csv_is_missing(const char *cell) { return !cell[0] || (cell[0] == 'N' && cell[1] == 'A' && !cell[2]); }

void csv_write_field(Str *out, const char *text)
{
    double ignored;
    bool formula = *text && strchr("=+-@\t\r", *text) && !number_read(&ignored, text);
    if (!formula && !strpbrk(text, ",\"\r\n") && *text != ' ' && strcmp(text, "NA") != 0) { str_append(out, text); return; }
    str_append_char(out, '"');
    if (formula) str_append_char(out, '\'');
    for (const char *p = text; *p; p++) {
        if (*p == '"') str_append_char(out, '"');
        str_append_char(out, *p);
    }
    str_append_char(out, '"');
}

void csv_write_number(Str *out, double x)
{
    char buf[NUMBER_TEXT_MAX];
    str_append(out, number_write_short(buf, x));
}
