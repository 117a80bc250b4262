/* core/frame.c: tables of typed columns. */
#include "core/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Rc frame_init(Frame *out, const char *name, size_t rows, Err *e)
{
    Frame f = { .rows = rows };
    f.name = arena_strdup(&f.arena, name ? name : "table");
    f.line = arena_array(&f.arena, rows, sizeof *f.line);
    if (!f.name || !f.line) { frame_free(&f); return err_nomem(e); }
    *out = f;
    return OK;
}

void frame_free(Frame *f)
{
    arena_free(&f->arena);
    *f = (Frame){ 0 };
}

static Rc add_column(FrameColumn **out, Frame *f, const char *name, Err *e)
{
    if (f->columns == f->columns_cap) {
        size_t cap = f->columns_cap ? 2 * f->columns_cap : 32;
        FrameColumn *c = arena_array(&f->arena, cap, sizeof *c);
        if (!c) return err_nomem(e);
        if (f->columns) memcpy(c, f->column, f->columns * sizeof *c);
        f->column = c;
        f->columns_cap = cap;
    }
    FrameColumn *c = &f->column[f->columns];
    c->name = arena_strdup(&f->arena, name);
    if (!c->name) return err_nomem(e);
    *out = c;
    return OK;
}

Rc frame_add_numbers(double **num, Frame *f, const char *name, Err *e)
{
    Rc rc = OK;
    FrameColumn *c;
    TRY(add_column(&c, f, name, e));
    c->num = ARENA_NEW(&f->arena, f->rows, double);
    if (!c->num) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < f->rows; i++) c->num[i] = NAN;
    f->columns++;
    *num = c->num;
out:
    return rc;
}

Rc frame_add_texts(char ***text, Frame *f, const char *name, Err *e)
{
    Rc rc = OK;
    FrameColumn *c;
    TRY(add_column(&c, f, name, e));
    c->is_text = true;
    c->text = ARENA_NEW(&f->arena, f->rows, char *);
    if (!c->text) { rc = err_nomem(e); goto out; }
    f->columns++;
    *text = c->text;
out:
    return rc;
}

Rc frame_set_text(Frame *f, char **slot, const char *text, Err *e)
{
    *slot = text ? arena_strdup(&f->arena, text) : NULL;
    return text && !*slot ? err_nomem(e) : OK;
}

int frame_find(const Frame *f, const char *name)
{
    for (size_t i = 0; i < f->columns; i++) if (strcmp(f->column[i].name, name) == 0) return (int)i;
    return -1;
}

const FrameColumn *frame_column(const Frame *f, const char *name)
{
    int i = frame_find(f, name);
    return i < 0 ? NULL : &f->column[i];
}

typedef enum { CELLS_NUMBERS, CELLS_LOGICAL, CELLS_TEXT } CellKind;

/* What every cell of a column can be read as, and the values where that is numbers (x[rows]; missing is NaN). A column without
 * any value is one of numbers. */
static CellKind read_cells(double *x, const CsvTable *t, size_t column)
{
    bool numbers = true, logical = true;
    size_t seen = 0;
    for (size_t i = 0; i < t->rows && (numbers || logical); i++) {
        const char *c = csv_cell(t, i, column);
        x[i] = NAN;
        if (csv_is_missing(c)) continue;
        seen++;
        numbers = numbers && number_read(&x[i], c);
        logical = logical && (strcmp(c, "TRUE") == 0 || strcmp(c, "FALSE") == 0);
        if (logical) x[i] = *c == 'T';
    }
    return numbers ? CELLS_NUMBERS : logical && seen ? CELLS_LOGICAL : CELLS_TEXT;
}

Rc frame_from_csv(Frame *out, const CsvTable *t, Err *e)
{
    Rc rc = OK;
    Frame f = { 0 };
    double *cells = NULL;
    TRY(frame_init(&f, t->name, t->rows, e));
    for (size_t i = 0; i < t->rows; i++) f.line[i] = t->line[i];
    cells = malloc((t->rows + 1) * sizeof *cells);
    if (!cells) { rc = err_nomem(e); goto out; }
    for (size_t j = 0; j < t->columns; j++) {
        CellKind kind = read_cells(cells, t, j);
        if (kind != CELLS_TEXT) {
            double *x;
            TRY(frame_add_numbers(&x, &f, t->header[j], e));
            f.column[f.columns - 1].is_logical = kind == CELLS_LOGICAL;
            memcpy(x, cells, t->rows * sizeof *x);
        } else {
            char **s;
            TRY(frame_add_texts(&s, &f, t->header[j], e));
            for (size_t i = 0; i < t->rows; i++) {
                const char *c = csv_cell(t, i, j);
                if (!csv_is_missing(c)) TRY(frame_set_text(&f, &s[i], c, e));
            }
        }
    }
    *out = f;
    f = (Frame){ 0 };
out:
    free(cells);
    frame_free(&f);
    return rc;
}

/* ---- a file, without a copy of its text */

/* A column under way. What its first value is decides the kind; a later value that does not fit makes it text, to be read again. */
typedef struct {
    enum { KIND_OPEN, KIND_NUMBERS, KIND_LOGICAL, KIND_TEXT, KIND_DONE, KIND_AGAIN } kind;
    double *num;
    char **text;
} Reading;

static bool logical_of(double *x, CsvField f)
{
    *x = f.n && *f.text == 'T';
    return (f.n == 4 && memcmp(f.text, "TRUE", 4) == 0) || (f.n == 5 && memcmp(f.text, "FALSE", 5) == 0);
}

static bool number_of(double *x, CsvField f)
{
    double v = 0;
    if (number_scan(&v, f.text, f.text + f.n) != f.text + f.n) return false;
    *x = v;
    return true;
}

/* The first value of a column, in this row; what is above it is missing. */
static Rc decide(Reading *c, Frame *f, size_t row, CsvField v, Err *e)
{
    double x = 0;
    c->kind = number_of(&x, v) ? KIND_NUMBERS : logical_of(&x, v) ? KIND_LOGICAL : KIND_TEXT;
    if (c->kind == KIND_TEXT) c->text = ARENA_NEW(&f->arena, f->rows, char *);
    else c->num = ARENA_NEW(&f->arena, f->rows, double);
    if (!c->text && !c->num) return err_nomem(e);
    for (size_t i = 0; c->num && i < row; i++) c->num[i] = NAN;
    return OK;
}

static Rc take(Reading *c, Frame *f, size_t row, CsvField v, Err *e)
{
    Rc rc = OK;
    const bool missing = csv_field_is_missing(v);
    double x = NAN;
    if (c->kind == KIND_OPEN && !missing) TRY(decide(c, f, row, v, e));
    switch (c->kind) {
    case KIND_NUMBERS:
    case KIND_LOGICAL:
        if (missing || (c->kind == KIND_NUMBERS ? number_of(&x, v) : logical_of(&x, v))) c->num[row] = x;
        else c->kind = KIND_AGAIN;
        break;
    case KIND_TEXT:
        c->text[row] = missing ? NULL : arena_strndup(&f->arena, v.text, v.n);
        if (!missing && !c->text[row]) rc = err_nomem(e);
        break;
    default: break;
    }
out:
    return rc;
}

/* All records from the reader on into the columns. */
static Rc read_records(Frame *f, Reading *column, size_t columns, CsvReader *r, size_t *rows, Err *e)
{
    Rc rc = OK;
    size_t row = 0;
    while (r->p < r->end) {
        bool more = true, empty = false;
        size_t j = 0;
        TRY(csv_record(r, e));
        if (row == f->rows) { rc = err_set(e, ERR_IO, "%s: changed while it was read", r->name); goto out; }
        for (; more; j++) {
            double x;
            if (j < columns && column[j].kind == KIND_NUMBERS && csv_number(&x, r)) {
                column[j].num[row] = x;
            } else {
                CsvField v = { 0 };
                TRY(csv_field(&v, r, e));
                empty = j == 0 && v.n == 0;
                if (j < columns) TRY(take(&column[j], f, row, v, e));
            }
            TRY(csv_separator(&more, r, e));
        }
        if (j == 1 && empty) continue;
        if (j != columns) { rc = csv_wrong_count(r, j, columns, e); goto out; }
        f->line[row++] = r->record_line;
    }
    *rows = row;
out:
    return rc;
}

/* The table of a reader that stands behind the header. */
static Rc read_table(Frame *out, CsvReader *r, char *const *header, size_t columns, const char *name, Arena *a, Err *e)
{
    Rc rc = OK;
    Frame f = { 0 };
    size_t rows = 0;
    Reading *column = NULL, *second = NULL;
    bool any = false;
    TRY(frame_init(&f, name, r->rows_max + 1, e));
    column = ARENA_NEW(a, columns, Reading);
    if (!column) { rc = err_nomem(e); goto out; }
    TRY(read_records(&f, column, columns, r, &rows, e));
    second = ARENA_NEW(a, columns, Reading);
    if (!second) { rc = err_nomem(e); goto out; }
    for (size_t j = 0; j < columns; j++) {
        Reading *c = &column[j];
        second[j].kind = KIND_DONE;
        if (c->kind == KIND_AGAIN) {
            *c = second[j] = (Reading){ .kind = KIND_TEXT, .text = ARENA_NEW(&f.arena, f.rows, char *) };
            any = true;
        } else if (c->kind == KIND_OPEN) {
            *c = (Reading){ .kind = KIND_NUMBERS, .num = ARENA_NEW(&f.arena, f.rows, double) };
            for (size_t i = 0; c->num && i < rows; i++) c->num[i] = NAN;
        }
        if (!c->num && !c->text) { rc = err_nomem(e); goto out; }
    }
    if (any) {
        TRY(csv_rewind(r, e));
        TRY(read_records(&f, second, columns, r, &rows, e));
    }
    f.rows = rows;
    for (size_t j = 0; j < columns; j++) {
        FrameColumn *c = NULL;
        TRY(add_column(&c, &f, header[j], e));
        c->is_text = column[j].kind == KIND_TEXT;
        c->is_logical = column[j].kind == KIND_LOGICAL;
        c->num = column[j].num;
        c->text = column[j].text;
        f.columns++;
    }
    *out = f;
    f = (Frame){ 0 };
out:
    frame_free(&f);
    return rc;
}

Rc frame_parse_csv(Frame *out, const char *text, size_t size, const char *name, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CsvReader r = { 0 };
    char **header = NULL;
    size_t columns = 0;
    TRY(csv_begin(&r, &header, &columns, text, size, name, &a, e));
    TRY(read_table(out, &r, header, columns, name, &a, e));
out:
    csv_end(&r);
    arena_free(&a);
    return rc;
}

Rc frame_read_csv(Frame *out, const char *path, const char *name, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CsvReader r = { 0 };
    char **header = NULL;
    size_t columns = 0;
    if (!name) name = path;
    TRY(csv_open(&r, &header, &columns, path, name, &a, e));
    TRY(read_table(out, &r, header, columns, name, &a, e));
out:
    csv_end(&r);
    arena_free(&a);
    return rc;
}
