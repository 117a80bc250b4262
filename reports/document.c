/* reports/document.c: a report as a list of blocks. */
#include "reports/document.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A text longer than this many bytes is cut: a page must be able to hold it. A cell gets its share of a row. */
enum { TEXT_MAX = 2400, CELL_MIN = 120, TITLE_MAX = 240, HEADER_MAX = 120, FACT_MAX = 120 };

static char *copy_at_most(Document *d, const char *text, size_t most)
{
    if (!text) return NULL;
    size_t n = strnlen(text, most + 1);
    bool cut = n > most;
    if (cut) {
        n = most;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) n--;            /* not inside a character */
    }
    char *p = arena_printf(&d->arena, "%.*s%s", (int)n, text, cut ? "…" : "");
    if (!p) d->rc = ERR_NOMEM;
    return p;
}

static char *copy(Document *d, const char *text)
{
    return copy_at_most(d, text, TEXT_MAX);
}

void document_init(Document *d, const char *title, const char *subtitle, const char *line)
{
    *d = (Document){ 0 };
    d->title = copy_at_most(d, title, TITLE_MAX);
    d->subtitle = copy_at_most(d, subtitle, 2 * TITLE_MAX);
    d->line = copy_at_most(d, line, TITLE_MAX);
}

void document_free(Document *d)
{
    for (size_t i = 0; i < d->n_blocks; i++) {
        Block *b = &d->block[i];
        scene_free(&b->figure);
        if (b->table) { free(b->table->cell); free(b->table->style); }
        free(b->fact);
    }
    free(d->block);
    arena_free(&d->arena);
    *d = (Document){ 0 };
}

static Block *add(Document *d, BlockKind kind, const char *text)
{
    if (d->rc != OK) return NULL;
    if (d->n_blocks == d->blocks_cap) {
        size_t cap = d->blocks_cap ? 2 * d->blocks_cap : 32;
        Block *p = realloc(d->block, cap * sizeof *p);
        if (!p) { d->rc = ERR_NOMEM; return NULL; }
        d->block = p;
        d->blocks_cap = cap;
    }
    Block *b = &d->block[d->n_blocks++];
    *b = (Block){ .kind = kind };
    b->text = copy(d, text);
    return b;
}

static void add_heading(Document *d, BlockKind kind, const char *text)
{
    char *cut = copy_at_most(d, text, TITLE_MAX);
    add(d, kind, cut);
}

void document_heading(Document *d, const char *text) { add_heading(d, BLOCK_HEADING, text); }
void document_subheading(Document *d, const char *text) { add_heading(d, BLOCK_SUBHEADING, text); }
void document_text(Document *d, const char *text) { add(d, BLOCK_TEXT, text); }
void document_note(Document *d, const char *text) { add(d, BLOCK_NOTE, text); }
void document_warning(Document *d, const char *text) { add(d, BLOCK_WARNING, text); }
void document_page_break(Document *d) { add(d, BLOCK_PAGE, NULL); }

void document_fact(Document *d, const char *value, const char *label, const char *detail)
{
    Block *b = d->n_blocks && d->block[d->n_blocks - 1].kind == BLOCK_FACTS ? &d->block[d->n_blocks - 1] : add(d, BLOCK_FACTS, NULL);
    if (!b || d->rc != OK) return;
    Fact *p = realloc(b->fact, (b->n_facts + 1) * sizeof *p);
    if (!p) { d->rc = ERR_NOMEM; return; }
    b->fact = p;
    b->fact[b->n_facts++] = (Fact){ copy_at_most(d, value, FACT_MAX), copy_at_most(d, label, FACT_MAX), copy_at_most(d, detail, FACT_MAX) };
}

void document_figure(Document *d, Scene *figure, const char *caption)
{
    Block *b = add(d, BLOCK_FIGURE, caption);
    if (b) b->figure = *figure;
    else scene_free(figure);
    *figure = (Scene){ 0 };
}

Table *document_table(Document *d, const char *caption, size_t columns)
{
    Block *b = add(d, BLOCK_TABLE, NULL);
    if (!b) return NULL;
    Table *t = ARENA_NEW(&d->arena, 1, Table);
    if (!t) { d->rc = ERR_NOMEM; return NULL; }
    *t = (Table){ .columns = columns, .caption = copy_at_most(d, caption, TITLE_MAX) };
    t->header = ARENA_NEW(&d->arena, columns, char *);
    t->align = ARENA_NEW(&d->arena, columns, Align);
    if (!t->header || !t->align) { d->rc = ERR_NOMEM; t->columns = 0; }
    b->table = t;
    return d->rc == OK ? t : NULL;
}

void document_table_column(Document *d, Table *t, size_t column, const char *header, Align align)
{
    if (!t || d->rc != OK || column >= t->columns) return;
    t->header[column] = copy_at_most(d, header, HEADER_MAX);
    t->align[column] = align;
}

void document_table_row(Document *d, Table *t, RowStyle style)
{
    if (!t || d->rc != OK) return;
    if (t->rows == t->rows_cap) {
        size_t cap = t->rows_cap ? 2 * t->rows_cap : 32;
        char **cell = realloc(t->cell, cap * t->columns * sizeof *cell);
        if (cell) t->cell = cell;
        RowStyle *styles = realloc(t->style, cap * sizeof *styles);
        if (styles) t->style = styles;
        if (!cell || !styles) { d->rc = ERR_NOMEM; return; }
        t->rows_cap = cap;
    }
    memset(t->cell + t->rows * t->columns, 0, t->columns * sizeof *t->cell);
    t->style[t->rows++] = style;
}

void document_table_cell(Document *d, Table *t, size_t column, const char *text)
{
    if (!t || d->rc != OK || !t->rows || column >= t->columns) return;
    t->cell[(t->rows - 1) * t->columns + column] = copy_at_most(d, text, TEXT_MAX / t->columns > CELL_MIN ? TEXT_MAX / t->columns : CELL_MIN);
}

void document_table_note(Document *d, Table *t, const char *text)
{
    if (t && d->rc == OK) t->note = copy(d, text);
}
