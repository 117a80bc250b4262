/* core/frame.h: a table of typed columns, as statistics and reports want it. */
#ifndef REOX_CORE_FRAME_H
#define REOX_CORE_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/csv.h"
#include "core/err.h"

/* A column holds numbers or text. A missing number is NaN, missing text NULL. */
typedef struct {
    char *name;
    bool is_text;
    bool is_logical;           /* numbers that stood as TRUE and FALSE */
    double *num;               /* [rows] when numeric, else NULL */
    char **text;               /* [rows] when text, else NULL; each NULL or a string of the frame's */
} FrameColumn;

typedef struct {
    char *name;                /* file or view, for messages */
    size_t rows, columns;
    size_t columns_cap;        /* room in column; grows by itself */
    FrameColumn *column;
    size_t *line;              /* [rows] line of the source, 0 when there is none */
    Arena arena;               /* all memory of the columns */
} Frame;

/* An empty frame of so many rows; frame_free also takes a half-built one. */
Rc frame_init(Frame *out, const char *name, size_t rows, Err *e);
void frame_free(Frame *f);

/* New columns, all missing; fill num[] or text[] afterwards. The pointers stay good while the frame lives. */
Rc frame_add_numbers(double **num, Frame *f, const char *name, Err *e);
Rc frame_add_texts(char ***text, Frame *f, const char *name, Err *e);
Rc frame_set_text(Frame *f, char **slot, const char *text, Err *e);      /* copies into the frame's arena */

int frame_find(const Frame *f, const char *name);                        /* index or -1; exact spelling */
const FrameColumn *frame_column(const Frame *f, const char *name);       /* NULL when absent */

/* Typed columns of a table: a column is numeric when every cell that is not missing reads as a number, else text. TRUE
 * and FALSE (all cells) read as 1 and 0. */
Rc frame_from_csv(Frame *out, const CsvTable *t, Err *e);
Rc frame_parse_csv(Frame *out, const char *text, size_t size, const char *name, Err *e);      /* the same from text, a NUL behind it */
Rc frame_read_csv(Frame *out, const char *path, const char *name, Err *e);

#endif
