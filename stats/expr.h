/* stats/expr.h: the parsed form of an expression, for those who take formulas apart. Users of values see formula.h. */
#ifndef REOX_STATS_EXPR_H
#define REOX_STATS_EXPR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/frame.h"
#include "core/str.h"
#include "stats/formula.h"

typedef enum { EXPR_NUMBER, EXPR_LOGICAL, EXPR_TEXT, EXPR_COLUMN, EXPR_CALL } ExprKind;

/* Operators are calls by their own name ("+", "%in%", "~"); parentheses are the call "(". */
struct Expr {
    ExprKind kind;
    double number;             /* EXPR_NUMBER (NaN for NA), EXPR_LOGICAL */
    const char *name;          /* column, text or function */
    struct Expr **arg;
    const char **arg_name;     /* NULL for an argument without name */
    int n_args;
    const char *label;         /* as typed without blanks */
};

/* Whether x is a call of this name, with n arguments (n < 0: any number). */
bool expr_is_call(const Expr *x, const char *name, int n);

/* x without the parentheses around it. */
const Expr *expr_bare(const Expr *x);

/* What number or text a label shows for a category: the shortest decimal. */
const char *expr_number_label(double x, Arena *a);

/* The label of row i of a value taken as a category: text, TRUE or FALSE, a number; NULL when missing. */
const char *expr_value_label(const ExprValue *v, size_t i, Arena *a);

/* The same without an arena: a number is written to `buffer`. */
const char *expr_value_text(const ExprValue *v, size_t i, char buffer[NUMBER_TEXT_MAX]);

/* A text column whose cells all read as numbers, Inf and NaN among them, as numbers; NULL for every other column. */
Rc expr_text_as_numbers(double **out, const FrameColumn *c, size_t rows, Arena *a, Err *e);

#endif
