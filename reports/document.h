/* reports/document.h: a report before it is laid out: a list of blocks, which html.c and pdf.c render alike. */
#ifndef REOX_REPORTS_DOCUMENT_H
#define REOX_REPORTS_DOCUMENT_H

#include "reports/scene.h"

typedef enum { BLOCK_HEADING, BLOCK_SUBHEADING, BLOCK_TEXT, BLOCK_NOTE, BLOCK_WARNING, BLOCK_FACTS, BLOCK_TABLE, BLOCK_FIGURE, BLOCK_PAGE } BlockKind;

typedef enum { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTRE } Align;
typedef enum { ROW_PLAIN, ROW_GROUP, ROW_INDENTED, ROW_STRONG } RowStyle;

/* A table of texts; cells may be NULL (empty). */
typedef struct {
    char *caption, *note;              /* above and below; may be NULL */
    size_t columns, rows, rows_cap;
    char **header;                     /* [columns] */
    Align *align;                      /* [columns] */
    char **cell;                       /* [rows * columns] */
    RowStyle *style;                   /* [rows] */
} Table;

/* A number that one should see first. */
typedef struct { char *value, *label, *detail; } Fact;

typedef struct {
    BlockKind kind;
    char *text;                        /* heading, text, note; caption of a figure */
    Fact *fact;
    size_t n_facts;
    Table *table;
    Scene figure;
} Block;

typedef struct {
    Arena arena;
    char *title, *subtitle;            /* subtitle: what this page is of */
    bool compact;                      /* on paper: less room between blocks, to keep one page one page */
    char *line;                        /* one line over every page: "NSCLC FMISO · patient report 12" */
    Block *block;
    size_t n_blocks, blocks_cap;
    Rc rc;                             /* ERR_NOMEM sticks; the renderers tell it */
} Document;

void document_init(Document *d, const char *title, const char *subtitle, const char *line);
void document_free(Document *d);

/* Texts are copied; one that no page could hold ends in "…". What fails for lack of memory is told when the document is rendered. */
void document_heading(Document *d, const char *text);
void document_subheading(Document *d, const char *text);
void document_text(Document *d, const char *text);
void document_note(Document *d, const char *text);           /* smaller, quieter */
void document_warning(Document *d, const char *text);        /* what a reader must not overlook */
void document_page_break(Document *d);                       /* a new page on paper, nothing on screen */
void document_fact(Document *d, const char *value, const char *label, const char *detail);   /* joins the facts before it */
/* Takes the figure over and empties *figure. caption says what is seen, with n. */
void document_figure(Document *d, Scene *figure, const char *caption);

/* A new table block; its columns are named by document_table_column, in order, before the first row. NULL after a failure,
 * which the functions below accept. */
Table *document_table(Document *d, const char *caption, size_t columns);
void document_table_column(Document *d, Table *t, size_t column, const char *header, Align align);
void document_table_row(Document *d, Table *t, RowStyle style);                              /* begins a row */
void document_table_cell(Document *d, Table *t, size_t column, const char *text);            /* of the row begun last */
void document_table_note(Document *d, Table *t, const char *text);

#endif
