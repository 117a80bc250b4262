/* stats/formula.h: R's formulas and expressions, parsed and evaluated on a frame. */
#ifndef REOX_STATS_FORMULA_H
#define REOX_STATS_FORMULA_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/frame.h"

/* ---- expressions (COMMANDS.md §1): what subset, by, tt, exclude and terms share. */
typedef struct Expr Expr;
Rc expr_parse(Expr **out, const char *text, Arena *a, Err *e);        /* ERR_USAGE with the place in the text */

/* A column of values: numbers (TRUE is 1; NaN missing) or text (NULL missing). */
typedef struct {
    bool is_text, is_logical;  /* is_logical: a comparison or TRUE/FALSE made it */
    double *num;
    char **text;
    size_t n;
} ExprValue;
Rc expr_eval(ExprValue *out, const Expr *x, const Frame *f, Arena *a, Err *e);
/* keep[i] = 1 where the expression is true (missing is not). */
Rc expr_eval_rows(unsigned char *keep, const char *text, const Frame *f, Err *e);
/* Names of the columns that an expression reads, each once, NULL-terminated. */
Rc expr_columns(const char *const **out, const Expr *x, Arena *a, Err *e);
/* The expression as typed without blanks: what R calls the term. */
const char *expr_label(const Expr *x);

/* ---- formulas */
typedef struct Formula Formula;
Rc formula_parse(Formula **out, const char *text, Arena *a, Err *e);
/* Columns read by the left side, by the right side; each NULL-terminated, arena memory. For the protocol's rules on
 * landmarks and for v_wide. */
Rc formula_columns(const char *const **left, const char *const **right, const Formula *f, Arena *a, Err *e);

#endif
