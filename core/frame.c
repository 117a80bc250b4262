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

Rc frame_read_csv(Frame *out, const char *path, const char *name, Err *e)
{
    Rc rc = OK;
    CsvTable t = { 0 };
    TRY(csv_read(&t, path, name, e));
    TRY(frame_from_csv(out, &t, e));
out:
    csv_free(&t);
    return rc;
}
