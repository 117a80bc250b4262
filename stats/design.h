/* stats/design.h: formula and frame to response, model matrix, strata and weights. */
#ifndef REOX_STATS_DESIGN_H
#define REOX_STATS_DESIGN_H

#include "stats/formula.h"
#include "stats/method.h"

typedef enum { RESPONSE_NONE, RESPONSE_SURVIVAL, RESPONSE_COUNTING, RESPONSE_NUMBER, RESPONSE_TEXT } ResponseKind;

/* How one term makes its columns, kept so that other rows get the same columns later (factor levels in order, knots,
 * centring). Opaque here; fit_json.c carries it. */
typedef struct DesignTerm DesignTerm;

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
    double *x;                   /* [n*p] */
    char **term;                 /* [p] R's names */
    int *assign;                 /* [p] which term a column came from; 0 the intercept */
    size_t n_terms;
    char **term_label;           /* [n_terms] */
    DesignTerm **terms;
    double *offset, *weight;     /* NULL when there are none */
    int *stratum;                /* [n] 0 … n_strata-1, NULL when none */
    size_t n_strata;
    char **stratum_label;        /* "sex=1" */
    int *cluster;                /* [n], NULL when none */
    size_t n_clusters;
    int *group;                  /* (1|g), (x|g), frailty(id): level of each row; NULL when none */
    size_t n_groups;
    size_t n_dropped_missing;
    size_t n_times_merged;       /* survival times joined by timefix */
} Design;

/* Everything a method may ask of the design beyond its formula. */
typedef struct {
    FormulaKind kind;
    bool codes;                  /* event holds competing-risk codes, not 0/1 */
    bool no_intercept;           /* Cox and friends */
    bool keep_zero_weight;
} DesignWish;

/* Applies subset, landmark, drops incomplete rows and counts them (out.n_dropped_missing, out.missing), codes events,
 * merges times (timefix), finds unused levels and level variants. Diagnoses go into `out`. ERR_INPUT names file, line and
 * value for what cannot be; ERR_USAGE for a formula or column that is not there. */
Rc design_build(Design *d, Json *out, const StatCall *call, const DesignWish *wish, Err *e);
void design_free(Design *d);

/* The same columns for other rows: x (rows x p, arena memory of `a`), NaN rows where something is missing. An unknown level
 * is ERR_INPUT naming it. Row-by-row evaluation, so equal rows have equal bits. */
Rc design_matrix_for(double **x, const Design *d, const Frame *rows, Arena *a, Err *e);

/* Rank, constant and collinear columns by pivoted QR of the centred, scaled columns. Diagnoses constant_column, collinear
 * (naming the combination) and underdetermined; ERR_ESTIMATE unless call has drop_collinear, then keep[] (p) marks what stays. */
Rc design_check_rank(const Design *d, Json *out, const StatCall *call, unsigned char *keep, Err *e);

#endif
