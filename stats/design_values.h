/* stats/design_values.h: what the files of design_build share: the rows under way, and categories. */
#ifndef REOX_STATS_DESIGN_VALUES_H
#define REOX_STATS_DESIGN_VALUES_H

#include "stats/design.h"
#include "stats/terms.h"

/* An expression evaluated for all rows of the frame. */
typedef struct {
    const Expr *expr;
    const char *label;         /* of its groups, where it is not that of expr: factor(x) */
    ExprValue value;
    bool as_category;          /* text is fine */
    bool finite;               /* numbers, none missing or infinite in any row of the frame */
    double low, high;          /* between which they lie, when finite */
} Needed;

/* design_build under way. */
typedef struct {
    Design *d;
    Json *out;
    const StatCall *call;
    const DesignWish *wish;
    const Frame *f;
    Formula *formula;
    Arena scratch;
    unsigned char *keep;       /* [rows] */
    Needed *need;
    size_t n_need;
    int time, start, event, y, weight, cluster, group, slope, first_var, first_stratum, first_offset;     /* places in need; -1 */
    Err *e;
} Building;

size_t design_line(const Frame *f, size_t row);

bool value_missing(const ExprValue *v, size_t row);

/* Levels of a value over rows: order of --levels for this column where given, else numbers ascending and texts by bytes.
 * Variants that differ by blanks or case alone are one level (diagnosed). Fills n_levels, level, aliases of `v`. */
Rc var_find_levels(Var *v, const ExprValue *value, const size_t *row, size_t n, const Frame *f, const StatCall *call, Json *out,
                   Arena *a, Err *e);

/* Level order asked for a column by --levels; n 0 when none. */
Rc levels_asked(char ***level, size_t *n, const StatCall *call, const char *column, Arena *a, Err *e);

/* Drops rows that do not count, b->keep, and says how many; then lists those that do. */
Rc design_complete_rows(Building *b);
Rc design_list_rows(Building *b);

/* Kinds, levels, knots and ranges of the formula's variables; then names and terms of the columns. */
Rc design_variables(Building *b);
Rc design_column_names(Building *b);

/* Outcome: checks the times, codes the events, merges times. */
Rc design_outcome(Building *b);

/* Diagnoses of survival data that need strata: empty_stratum, unit_suspect. */
Rc design_look_at_strata(Building *b);

/* Codes of one or more values combined, labels "a=1, b=2". */
Rc combine_categories(int **code, char ***label, size_t *n_groups, const Needed *const *values, size_t n_values, const size_t *row,
                      size_t n, const Frame *f, const StatCall *call, Json *out, bool bare, Arena *a, Err *e);

#endif
