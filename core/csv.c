/* core/csv.c: tables in RFC 4180. */
#include "core/csv.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/limits.h"
#include "core/utf8.h"

bool csv_field_is_missing(CsvField f) { return f.n == 0 || (f.n == 2 && memcmp(f.text, "NA", 2) == 0); }

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

/* Behind the opening quote. Doubled quotes make a copy, other fields are where they stand. */
static Rc read_quoted(CsvField *out, CsvReader *r, Err *e)
{
    const char *from = r->p + 1, *p = from;
    size_t room = 0;
    bool doubled = false;
    for (;;) {
        const char *q = memchr(p, '"', (size_t)(r->end - p));
        room += (size_t)((q ? q : r->end) - p);
        if (room > LIMIT_CSV_LINE)
            return err_set(e, ERR_INPUT, "%s:%zu: field is longer than %zu bytes: too long, or a quote is not closed", r->name, r->line, LIMIT_CSV_LINE);
        if (!q) return err_set(e, ERR_INPUT, "%s:%zu: quote is never closed, expected a closing \"", r->name, r->line);
        p = q + 1;
        if (p == r->end || *p != '"') break;
        if (!doubled) { r->unquoted.len = 0; doubled = true; }
        str_append_n(&r->unquoted, from, (size_t)(p - from));
        from = ++p;
        room++;
    }
    *out = (CsvField){ from, (size_t)(p - 1 - from) };
    if (doubled) {
        str_append_n(&r->unquoted, from, (size_t)(p - 1 - from));
        if (str_check(&r->unquoted, e) != OK) return ERR_NOMEM;
        *out = (CsvField){ r->unquoted.s, r->unquoted.len };
    }
    if (p < r->end && *p != ',' && *p != '\n' && *p != '\r')
        return err_set(e, ERR_INPUT, "%s:%zu: text behind a closing quote, expected a comma or the end of the line", r->name, r->line);
    for (const char *n = r->p; (n = memchr(n, '\n', (size_t)(p - n))); n++) r->line++;
    r->p = p;
    return OK;
}

Rc csv_field(CsvField *out, CsvReader *r, Err *e)
{
    const char *p = r->p;
    if (p < r->end && *p == '"') return read_quoted(out, r, e);
    for (; p < r->end && *p != ',' && *p != '\n' && *p != '\r'; p++)
        if (*p == '"')
            return err_set(e, ERR_INPUT, "%s:%zu: quote inside an unquoted field, expected the whole field in quotes", r->name, r->line);
    *out = (CsvField){ r->p, (size_t)(p - r->p) };
    r->p = p;
    return OK;
}

Rc csv_line_end(bool *more, CsvReader *r, Err *e)
{
    if ((size_t)(r->p - r->record) > LIMIT_CSV_LINE)
        return err_set(e, ERR_INPUT, "%s:%zu: line is longer than %zu bytes: too long", r->name, r->record_line, LIMIT_CSV_LINE);
    *more = r->p < r->end && *r->p == ',';
    if (*more) { r->p++; return OK; }
    if (r->p < r->end && *r->p == '\r') {
        r->p++;
        if (r->p < r->end && *r->p != '\n')
            return err_set(e, ERR_INPUT, "%s:%zu: carriage return inside a line, expected a line end", r->name, r->line);
    }
    if (r->p < r->end && *r->p == '\n') { r->p++; r->line++; }
    return OK;
}

Rc csv_wrong_count(const CsvReader *r, size_t fields, size_t columns, Err *e)
{
    return err_set(e, ERR_INPUT, "%s:%zu: %zu fields, expected %zu columns as in the header", r->name, r->record_line, fields, columns);
}

static Rc read_record(Record *out, CsvReader *r, Arena *a, Err *e)
{
    Rc rc = OK;
    bool more = true;
    out->n = 0;
    TRY(csv_record(r, e));
    while (more) {
        CsvField f = { 0 };
        TRY(csv_field(&f, r, e));
        char *field = arena_strndup(a, f.text, f.n);
        if (!field) { rc = err_nomem(e); goto out; }
        TRY(record_push(out, field, e));
        TRY(csv_separator(&more, r, e));
    }
out:
    return rc;
}

/* Sixteen bytes at once: every processor has registers for that. */
typedef unsigned char Octets __attribute__((vector_size(16)));
enum { OCTETS = 16 };

/* What a glance at bytes tells. */
typedef struct {
    size_t lines, since;           /* line ends; bytes at most since the last one */
    unsigned char high;            /* all bytes or-ed: below 0x80 for ASCII */
    bool odd;                      /* a control character or a very long line may be there, to be looked for one by one */
} Glance;

static void glance(Glance *g, const char *text, size_t size)
{
    enum { BLOCK = 255 * OCTETS };
    for (size_t at = 0; at < size; at += BLOCK) {
        Octets more = { 0 }, control = { 0 }, ends = { 0 };
        size_t n = size - at < BLOCK ? size - at : BLOCK, found = 0, i = 0;
        unsigned char odd = 0;
        for (; i + OCTETS <= n; i += OCTETS) {
            Octets v;
            memcpy(&v, text + at + i, sizeof v);
            const Octets end = (Octets)(v == '\n'), blank = (Octets)(v == '\t') | (Octets)(v == '\r') | end;
            more |= v;
            control |= ((Octets)(v < 0x20) | (Octets)(v == 0x7F)) & ~blank;
            ends -= end;
        }
        for (int k = 0; k < OCTETS; k++) { g->high |= more[k]; odd |= control[k]; found += ends[k]; }
        for (; i < n; i++) {
            const unsigned char c = (unsigned char)text[at + i];
            g->high |= c;
            odd |= (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F;
            found += c == '\n';
        }
        g->lines += found;
        g->since = found ? n : g->since + n;
        if (odd || g->since + BLOCK > LIMIT_CSV_LINE) g->odd = true;
    }
}

/* What may not stand in a table at all: NUL and other control bytes, bytes that are not UTF-8. */
static Rc check_bytes(size_t *lines, const char *text, size_t size, const char *name, Err *e)
{
    size_t line = 1, line_start = 0;
    Glance g = { 0 };
    glance(&g, text, size);
    *lines = g.lines;
    if (!g.odd && (g.high < 0x80 || text_is_utf8(text, size))) return OK;
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

static Rc check_header(char *const *header, size_t columns, const char *name, Err *e)
{
    if (columns == 1 && (strchr(header[0], ';') || strchr(header[0], '\t')))
        return err_set(e, ERR_INPUT, "%s:1: columns are separated by %s, expected a comma as separator", name,
                       strchr(header[0], ';') ? "';'" : "tabs");
    if (columns > LIMIT_CSV_COLUMNS)
        return err_set(e, ERR_INPUT, "%s:1: %zu columns, at most %d are read", name, columns, LIMIT_CSV_COLUMNS);
    for (size_t i = 0; i < columns; i++) {
        if (!header[i][0]) return err_set(e, ERR_INPUT, "%s:1: column %zu has no name", name, i + 1);
        for (size_t j = 0; j < i; j++)
            if (text_equal_nocase(header[i], header[j]))
                return err_set(e, ERR_INPUT, "%s:1: column %s is there twice: duplicate, columns %zu and %zu%s", name, header[i],
                               j + 1, i + 1, text_equal(header[i], header[j]) ? "" : " differ only in case");
    }
    return OK;
}

/* From the first byte on. */
static Rc read_header(CsvReader *r, char ***header, size_t *columns, const char *name, Arena *a, Err *e)
{
    Rc rc = OK;
    Record record = { 0 };
    r->name = arena_strdup(a, name);
    if (!r->name) { rc = err_nomem(e); goto out; }
    r->line = 1;
    if (r->p == r->end) { rc = err_set(e, ERR_INPUT, "%s: file is empty, expected a header line", name); goto out; }
    TRY(read_record(&record, r, a, e));
    *columns = record.n;
    *header = arena_array(a, record.n, sizeof **header);
    if (!*header) { rc = err_nomem(e); goto out; }
    memcpy(*header, record.field, record.n * sizeof **header);
    TRY(check_header(*header, *columns, r->name, e));
out:
    free(record.field);
    return rc;
}

Rc csv_begin(CsvReader *r, char ***header, size_t *columns, const char *text, size_t size, const char *name, Arena *a, Err *e)
{
    Rc rc = OK;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { text += 3; size -= 3; }
    *r = (CsvReader){ .whole = text, .p = text, .end = text + size, .at_end = true };
    TRY(check_bytes(&r->rows_max, text, size, name, e));
    TRY(read_header(r, header, columns, name, a, e));
out:
    return rc;
}

/* ---- a window on a file */

enum { WINDOW = 2 * CSV_AHEAD };

/* What is left of the window goes to its front, and the file fills it. */
Rc csv_refill(CsvReader *r, Err *e)
{
    size_t left = (size_t)(r->end - r->p), got = 0;
    memmove(r->window, r->p, left);
    Rc rc = file_more(&got, &r->file, r->window + left, r->window_size - left, e);
    r->at_end = got < r->window_size - left;
    r->p = r->window;
    r->end = r->window + left + got;
    r->window[left + got] = 0;
    return rc;
}

Rc csv_rewind(CsvReader *r, Err *e)
{
    Rc rc = OK;
    bool more = true;
    if (r->whole) r->p = r->whole;
    else {
        TRY(file_rewind(&r->file, e));
        r->p = r->end = r->window;
        TRY(csv_refill(r, e));
    }
    r->line = 1;
    TRY(csv_record(r, e));
    while (more) {
        CsvField f = { 0 };
        TRY(csv_field(&f, r, e));
        TRY(csv_separator(&more, r, e));
    }
out:
    return rc;
}

Rc csv_open(CsvReader *r, char ***header, size_t *columns, const char *path, const char *name, Arena *a, Err *e)
{
    Rc rc = OK;
    Glance g = { 0 };
    size_t got = 0;
    *r = (CsvReader){ 0 };
    TRY(file_open(&r->file, path, name, LIMIT_CSV_BYTES, e));
    r->window_size = r->file.size < WINDOW ? r->file.size + 1 : WINDOW;
    r->window = arena_alloc(a, r->window_size + 1);
    if (!r->window) { rc = err_nomem(e); goto out; }
    do {
        TRY(file_more(&got, &r->file, r->window, r->window_size, e));
        glance(&g, r->window, got);
    } while (got == r->window_size && !g.odd && g.high < 0x80);
    TRY(file_rewind(&r->file, e));
    if (g.odd || g.high >= 0x80) {
        const size_t size = r->file.size;
        char *text = arena_alloc(a, size + 1);
        if (!text) { rc = err_nomem(e); goto out; }
        TRY(file_more(&got, &r->file, text, size, e));
        file_close(&r->file);
        return csv_begin(r, header, columns, text, got, name, a, e);
    }
    r->rows_max = g.lines;
    r->p = r->end = r->window;
    TRY(csv_refill(r, e));
    TRY(read_header(r, header, columns, name, a, e));
out:
    return rc;
}

void csv_end(CsvReader *r)
{
    str_free(&r->unquoted);
    file_close(&r->file);
}

Rc csv_parse(CsvTable *out, const char *text, size_t size, const char *name, Err *e)
{
    Rc rc = OK;
    CsvTable t = { 0 };
    CsvReader r = { 0 };
    Record record = { 0 };
    char **cell = NULL;
    size_t *line = NULL, rows_cap = 0;
    TRY(csv_begin(&r, &t.header, &t.columns, text, size, name, &t.arena, e));
    t.name = r.name;
    while (r.p < r.end) {
        TRY(read_record(&record, &r, &t.arena, e));
        if (record.n == 1 && !record.field[0][0]) continue;             /* an empty line */
        if (record.n != t.columns) { rc = csv_wrong_count(&r, record.n, t.columns, e); goto out; }
        if (t.rows == rows_cap) {
            rows_cap = rows_cap ? 2 * rows_cap : 64;
            char **c = realloc(cell, rows_cap * t.columns * sizeof *c);
            if (c) cell = c;
            size_t *l = realloc(line, rows_cap * sizeof *l);
            if (l) line = l;
            if (!c || !l) { rc = err_nomem(e); goto out; }
        }
        memcpy(cell + t.rows * t.columns, record.field, t.columns * sizeof *cell);
        line[t.rows++] = r.record_line;
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
    csv_end(&r);
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
