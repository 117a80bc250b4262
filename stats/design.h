/* stats/design.h: formula and frame to response, model matrix, strata and weights. */
#ifndef REOX_STATS_DESIGN_H
#define REOX_STATS_DESIGN_H

#include "stats/formula.h"
#include "stats/method.h"

typedef enum { RESPONSE_NONE, RESPONSE_SURVIVAL, RESPONSE_COUNTING, RESPONSE_NUMBER, RESPONSE_TEXT } ResponseKind;

/* The formula with how each variable makes its columns (levels in order, knots), kept so that other rows get the same
 * columns later. Opaque here (stats/terms.h); fit_json.c carries it. */
struct Formula;

/* Complete rows after subset, landmark and dropping, in file order. Memory is the arena's. Matrices column-major n x p. */
typedef struct {
    Arena arena;
    size_t n;                    /* rows kept */
    size_t *row;                 /* [n] row of the frame */
    ResponseKind response;
    double *start, *time;        /* survival: start NULL unless counting process */
    double *event;               /* survival: codes as given (0/1 after event coding; any whole number for `codes`) */
    double *y;                   /* number, or level index 0 … for text */
    char **y_level;              /* levels of a text response */
    size_t n_y_levels;
    size_t p;                    /* columns of x, intercept among them when has_intercept */
    bool has_intercept;
    double *x;                   /* [n*p]; NULL where no_matrix was wished */
    const double **xj;           /* [p] column j of x, n numbers: in x, or where they stand, in the frame or the arena */
    char **term;                 /* [p] R's names */
    int *assign;                 /* [p] which term a column came from; 0 the intercept */
    size_t *column;              /* [p] its place among the formula's columns; NULL as long as none was left out */
    char **left_out;             /* [n_left_out] names of the columns that design_drop_collinear took away */
    size_t n_left_out;
    size_t n_terms;
    char **term_label;           /* [n_terms] */
    struct Formula *formula;
    double *offset, *weight;     /* NULL when there are none; weights that are all 1 are none */
    int *stratum;                /* [n] 0 … n_strata-1, NULL when none */
    size_t n_strata;
    char **stratum_label;        /* "sex=1" */
    int *cluster;                /* [n], NULL when none */
    size_t n_clusters;
    int *group;                  /* (1|g), (x|g), frailty(id): level of each row; NULL when none */
    size_t n_groups;
    char **group_label;
    double *slope;               /* x of (x|g); NULL when none */
    const Frame *frame;          /* the caller's; design functions read it again */
    size_t n_dropped_missing;
    size_t n_times_merged;       /* survival times joined by timefix */
} Design;

/* A number further from 0 is refused, and a column that is nowhere further from it, 0 apart. */
extern const double DESIGN_LARGEST, DESIGN_SMALLEST;

/* Everything a method may ask of the design beyond its formula. */
typedef struct {
    FormulaKind kind;
    bool codes;                  /* event holds competing-risk codes, not 0/1 */
    bool no_intercept;           /* Cox and friends */
    bool keep_zero_weight;
    bool keep_tiny;              /* p-values: a column of numbers near 0 is meant */
    bool no_matrix;              /* xj will do: columns that stand in the table as they are wanted are not copied */
} DesignWish;

/* Applies subset, landmark, drops incomplete rows and counts them (out.n_dropped_missing, out.missing), codes events,
 * merges times (timefix), finds unused levels and level variants. Diagnoses go into `out`. ERR_INPUT names file, line and
 * value for what cannot be; ERR_USAGE for a formula or column that is not there. */
Rc design_build(Design *d, Json *out, const StatCall *call, const DesignWish *wish, Err *e);
void design_free(Design *d);

/* Rows by the categories of the terms right of ~ (of term t alone, or of all of them for t < 0): code 0 … n_groups-1 per row,
 * numbers in ascending order, texts by their levels. Labels "sex=1", "sex=1, hpv=0" (`bare`: "1", for one term); one group
 * without label when there is no term. Memory of the design's arena. Made for curves and tests; no column of x is needed. */
Rc design_groups(int **code, char ***label, size_t *n_groups, Design *d, const StatCall *call, int t, bool bare, Err *e);

/* Diagnoses too_few_rows (ERR_ESTIMATE) when fewer than `least` rows are there; names the column that lost most. */
Rc design_want_rows(const Design *d, Json *out, size_t least, Err *e);
/* Where columns are set against each other: a category is refused, with the line of the first word in it; its indicator columns would be
 * taken for measurements. ERR_INPUT, ERR_USAGE. */
Rc design_want_numbers(const Design *d, const StatCall *call, Err *e);

/* No weights, or whole numbers: a row of weight 2 is two rows. Any other weights are of sampling and call for a robust variance
 * (the rule of R's survfit; Cox's is stricter and takes 0 and 1 alone). */
bool design_weights_whole(const Design *d);
/* A robust variance is asked for: by --robust, by a cluster, by weights that are no whole numbers. */
bool design_wants_robust(const Design *d, const StatCall *call);
/* weights_model_based: a fit that has no robust variance to offer says so of weights that call for one. */
void design_note_weights(const Design *d, Json *out);

/* Rows in an order that depends on their content alone: by stratum, start, time, event, y, columns of x, weight, offset, cluster.
 * What is summed in it has the same bits however the file was shuffled. order[n], arena memory of `a`. */
Rc design_canonical_order(size_t **order, const Design *d, Arena *a, Err *e);

/* The same columns for other rows: x (rows x p, arena memory of `a`), NaN rows where something is missing. An unknown level
 * is ERR_INPUT naming it. Row-by-row evaluation, so equal rows have equal bits. */
Rc design_matrix_for(double **x, const Design *d, const Frame *rows, Arena *a, Err *e);

/* The sum of the formula's offsets for other rows (rows, arena memory of `a`): 0 where it has none, NaN where one is missing. */
Rc design_offset_for(double **offset, const Design *d, const Frame *rows, Arena *a, Err *e);

/* The stratum of other rows, 0 … n_strata-1 (rows, arena memory of `a`); all 0 where the formula has none. ERR_INPUT naming the row for a
 * stratum that is not among the data. */
Rc design_strata_for(int **stratum, const Design *d, const Frame *rows, Arena *a, Err *e);

/* Columns alone, each of n numbers. Centred: a constant makes no difference; with strata (NULL: none) one for each of them makes none
 * either, as in a likelihood that compares within strata. `of` follows "in every row" in messages: "" or " of a stratum". */
typedef struct {
    size_t n, p;
    const double *const *xj;     /* [p] */
    char *const *term;           /* [p] */
    bool centre;
    const int *stratum;          /* [n] 0 … n_strata-1 */
    size_t n_strata;
    const char *of;
} DesignColumns;

/* Rank, constant and collinear columns by QR of the centred, scaled columns in their order. Diagnoses constant_column, collinear
 * (naming the combination) and underdetermined; ERR_ESTIMATE unless `drop`, then keep[] (p) marks what stays. */
Rc design_columns_rank(unsigned char *keep, const DesignColumns *columns, Json *out, bool drop, Err *e);

/* Categories with one level, which have no column: constant_column, ERR_ESTIMATE unless `drop`. */
Rc design_check_levels(const Design *d, Json *out, bool drop, Err *e);

/* Both for the design's columns; drop is the call's drop_collinear. */
Rc design_check_rank(const Design *d, Json *out, const StatCall *call, unsigned char *keep, Err *e);

/* The same check; what does not stay is taken out of x, xj, term, assign and p, so that a fit need not know of it. */
Rc design_drop_collinear(Design *d, Json *out, const StatCall *call, Err *e);
/* null in an object by term for each column left out. */
void design_say_left_out(Json *by_term, const Design *d);

#endif
