/* stats/terms.h: a formula taken apart into terms and variables, and a variable with all that makes its columns again. */
#ifndef REOX_STATS_TERMS_H
#define REOX_STATS_TERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/frame.h"
#include "core/json.h"
#include "stats/expr.h"

typedef enum {
    VAR_NUMBER, VAR_LOGICAL, VAR_FACTOR,
    VAR_RCS,                   /* rcs(x,k): restricted cubic spline, x x' x'' */
    VAR_PSPLINE,               /* pspline(x,df=k): B-splines, penalised */
    VAR_FP,                    /* fp(x): powers are chosen; linear until then */
    VAR_TT                     /* tt(x): times an expression in time */
} VarKind;

/* A variable of the formula. Before design_build only label, expr, wants_factor, kind and argument are known. */
typedef struct {
    const char *label;         /* "factor(race)", "log(bili)", "rcs(age,4)" */
    const Expr *expr;          /* what is evaluated: of rcs(x,4) it is x */
    VarKind kind;
    bool wants_factor;
    int wanted_knots;          /* rcs(x,k) */
    double wanted_df;          /* pspline(x,df=k) */
    int n_levels;
    const char **level;        /* in order, the first is the reference */
    int n_aliases;             /* spellings that mean a level: text, index */
    const char **alias;
    int *alias_of;
    int n_knots;
    double *knot;
    double low, high;          /* range of the values it was built from (numbers) */
    double median;
} Var;

typedef struct {
    const char *label;         /* "trt:karno" */
    int n;
    int *var;                  /* indices into Formula.var */
    bool *full;                /* a factor without a margin gets a column for every level */
} Term;

typedef enum { LEFT_NONE, LEFT_SURV, LEFT_VALUE } LeftKind;

struct Formula {
    const char *text;
    LeftKind left_kind;
    const Expr *left, *start, *time, *event;     /* Surv's arguments; left is the whole left side */
    size_t n_vars, n_terms;
    Var *var;
    Term *term;                /* in R's order: main effects, then products of two, … */
    bool intercept;
    size_t n_strata, n_offsets;
    const Expr **strata, **offset;
    const Expr *cluster;       /* cluster(x), NULL when there is none */
    const Expr *group;         /* g of frailty(g), (1|g), (x|g) */
    const Expr *slope;         /* x of (x|g), NULL for (1|g) */
    bool is_frailty;           /* group came as frailty(g): gamma */
};

/* Whether a variable is of this kind. */
bool terms_have(const struct Formula *f, VarKind kind);

/* Columns that a variable makes in the model matrix. */
int var_columns(const Var *v, bool full);

/* The columns of a variable for one value: numbers through `x`, categories through `level` (an index). */
void var_basis(double *out, const Var *v, bool full, double x, int level);

/* Name of its column k as R gives it. */
const char *var_column_name(const Var *v, bool full, int k, Arena *a);

/* Index of a level for a value's text, through its other spellings too; -1 when there is none. */
int var_level(const Var *v, const char *text);

/* Model matrix of all terms (with a first column of ones if `intercept`) for the rows of a frame that `row` lists, NaN where
 * something is missing. A level that the variable does not know is ERR_INPUT, unless `unknown` (NULL or [n]) is there to mark
 * the row with the number of that variable, from 1. */
Rc terms_matrix(double **x, size_t *p, const struct Formula *f, bool intercept, const Frame *frame, const size_t *row, size_t n,
                int *unknown, Arena *a, Err *e);

/* The same, column j of it n numbers at (*xj)[j], each where it stands: a column of numbers of all the rows (row NULL) is the frame's
 * own, so the frame must outlive it. */
Rc terms_columns(const double ***xj, size_t *p, const struct Formula *f, bool intercept, const Frame *frame, const size_t *row, size_t n,
                 Arena *a, Err *e);

/* Everything that terms_matrix needs, as Json and back. */
Json *terms_to_json(const struct Formula *f);
Rc terms_from_json(struct Formula **out, const Json *j, const char *where, Arena *a, Err *e);

#endif
