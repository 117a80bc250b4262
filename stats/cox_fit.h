/* stats/cox_fit.h: the proportional hazards model on arrays: data sorted once, likelihood, score, information, maximum. */
#ifndef REOX_STATS_COX_FIT_H
#define REOX_STATS_COX_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

typedef enum { TIES_EFRON, TIES_BRESLOW, TIES_EXACT } CoxTies;

/* What is to be fitted. Rows are taken in the order given by `order` (NULL: 0 … n-1), which must be ascending in stratum, then
 * time, then event; a canonical order makes every sum independent of the file's order. */
typedef struct {
    size_t n;
    int p;
    const double *x;           /* n x p, column-major */
    const double *const *xj;   /* [p] or column by column, wherever each stands; NULL: x */
    const double *start;       /* NULL: right-censored */
    const double *time, *event;
    const double *weight, *offset;       /* NULL: 1 and 0 */
    const int *stratum;        /* NULL: one */
    const size_t *order;
    CoxTies ties;
    bool plain_columns;        /* no orthogonal basis, however ill-conditioned (penalties speak of single columns) */
    bool keep_scale;           /* columns are centred but not scaled */
    bool only_independent;     /* where columns are not plainly independent, that is all that is wanted: the data are left unfinished */
} CoxInput;

/* All rows of one stratum that share an event time, with the place of the deaths among them. */
typedef struct {
    size_t from, to;           /* sorted places of the rows whose time is this one */
    size_t first_death;        /* deaths are first_death … to-1 */
    double time;
    double deaths_weight;      /* sum of their weights */
} CoxBlock;

typedef struct { size_t row_from, row_to, block_from, block_to; } CoxStratum;

/* One event time of an evaluation. For Efron's steps, c_l = S0 - l/d S0d with a mean weight each, and f = l/d:
 * jumps of the hazard sum 1/c and (a tied death's) (1-f)/c; the rank-one terms of the information are the squares of
 * all S1 + deaths D and rest D, S1 and D being the sums of r x over the risk set and over the deaths. at_risk is S0. */
typedef struct { double jump, jump_death, all, deaths, rest, at_risk; } CoxEventTerms;

enum { COX_SQUARES = 128 };    /* rank-one terms that are subtracted at once */

/* Sorted data in a basis of well-conditioned columns: row i is x + i*p, coefficients of the caller's columns are T g. */
typedef struct {
    size_t n, n_blocks, n_strata, n_events;
    int p;
    CoxTies ties;
    size_t *order;             /* sorted place -> caller's row */
    double *x;                 /* p x n, and ROWS_SPARE more */
    double *center;            /* [p] means of the caller's columns */
    double *scale;             /* [p] by which a centred column was divided */
    double *T;                 /* p x p upper triangular */
    bool independent;          /* 1 - R2 of each column on the others and a constant is above 1e-6, and none is so narrow around its mean that
                                * rounding might have made it: false too where nobody looked (plain_columns) */
    double longest;            /* of cox_longest; below 0: not asked yet */
    double *w, *offset;        /* NULL: 1 and 0 */
    double *time, *start;      /* start NULL */
    unsigned char *event;
    double *death;             /* weight of an event, 0 of none */
    CoxBlock *block;
    CoxStratum *stratum;
    size_t *enter, *leave;     /* a row is at risk in blocks enter … leave-1 */
    size_t *by_start;          /* places by stratum and start; NULL without start */
    /* the last evaluation: predictors less the stratum's largest, risks w exp(eta), times the hazard that was met; by block, by stratum */
    double *eta, *r, *rl;
    double *risks_at;          /* [p] the g that eta, r and shift are of, where risks_known: whoever writes them himself says that they are not */
    bool risks_known;
    CoxEventTerms *event_terms;
    double *shift;
    /* room for evaluations */
    double *hazard, *s1, *s1_deaths, *part, *packed, *squares;
} CoxData;

static inline const double *cox_input_column(const CoxInput *in, size_t j) { return in->xj ? in->xj[j] : in->x + j * in->n; }

/* An order as CoxInput wants it, ties by place; linear time. */
Rc cox_time_order(size_t *order, size_t n, const int *stratum, const double *time, const double *event, Err *e);

/* Arena memory. ERR_NOMEM. */
Rc cox_data_init(CoxData *d, const CoxInput *in, Arena *a, Err *e);

/* Largest x_i'x_i. */
double cox_longest(CoxData *d);

/* Log partial likelihood at g; score[p] and info (p x p) may be NULL. False when the likelihood cannot be evaluated there (a risk set
 * whose weights vanish). */
bool cox_evaluate(CoxData *d, const double *g, double *loglik, double *score, double *info);

/* As cox_evaluate for exact ties; cox_evaluate calls it. */
bool cox_evaluate_exact(CoxData *d, const double *g, double *loglik, double *score, double *info);

/* Parts of cox_evaluate: d->eta, d->r and d->shift at g, false where a predictor is not finite; score[p] and info (p x p) from d->r, d->rl
 * and d->event_terms, either NULL. */
bool cox_risks(CoxData *d, const double *g);
void cox_sweep(CoxData *d, double *score, double *info);

/* S0 of block k, and S1 (rows_width(p) numbers; NULL: not wanted), summed anew over the rows next … row_to-1 of its stratum that are at risk. Sums
 * that follow time add rows and take them away again: where they have been COX_LOST times S0 since they were summed, they hold too few digits. */
#define COX_LOST 1e3
double cox_at_risk(double *s1, const CoxData *d, size_t k, size_t next, size_t row_to);

/* Efron's steps at one time, l = 0 … deaths-1, f = l/deaths, c = s0 - f s0d: sums of 1/c, f/c, 1/c2, f/c2, f2/c2; the sum of log c/s0 is `log`
 * and the logarithm of `product`. False where a c is not above 0. */
typedef struct { double c1, f1, c2, f2, ff2, log, product; } CoxSteps;
bool cox_efron_steps(CoxSteps *out, size_t deaths, double s0, double s0d);

/* After cox_evaluate, not for exact ties: eight scores (p x LANES) and informations (p x p each) with the terms of block k multiplied
 * by multiplier[LANES*k + w]. ERR_NOMEM. */
Rc cox_eight(double *score, double *info, CoxData *d, const double *multiplier, Err *e);

/* log of the sum over all sets of `deaths` rows among the m at risk (by sorted place) of the product of their d->r, with its first
 * derivatives [p] and second [p(p+1)/2, lower rows] divided by the sum itself. False when it cannot be evaluated. */
bool cox_symmetric_function(long double *value, long double *first, long double *second, const CoxData *d, const size_t *at_risk,
                            size_t m, size_t deaths);

typedef struct {
    double *g;                 /* [p] */
    double loglik, loglik_start;
    double *score, *info, *vcov;         /* at g, in the basis; vcov = inverse information */
    double *score_start, *info_start;    /* at the start */
    int iterations;
    bool converged;            /* the largest score times standard error is below 1e-10 */
    bool certified;            /* a maximum exists near g: self-concordance bound (Bach 2010) on the Newton decrement */
    bool singular;             /* the information has no inverse at the last place */
    double max_abs_score;      /* score times standard error, largest over the caller's columns */
} CoxMaximum;

/* Newton's method with step halving from `start` (NULL: 0). ridge[j] (NULL: none) subtracts ridge/2 (T g)_j^2 from the log-likelihood, in the
 * caller's columns. Arena memory. */
Rc cox_maximise(CoxMaximum *m, CoxData *d, const double *start, const double *ridge, Arena *a, Err *e);

/* Coefficients and covariance in the caller's columns. */
void cox_to_columns(double *beta, const CoxData *d, const double *g);
void cox_vcov_to_columns(double *v, const CoxData *d, const double *vg);

/* What residuals, tests and hazards need, by event block, in the basis. */
typedef struct {
    double *shift;             /* [n_strata]: exp(eta) below is exp(eta - shift) */
    double *hazard;            /* [blocks] jump of the cumulative hazard for exp(eta - shift) = 1 */
    double *hazard_death;      /* [blocks] what of it a tied death carries (Efron) */
    double *variance;          /* [blocks] of the jump */
    double *variance_death;    /* [blocks] the same sum with what of a tied death is still at risk at each step (Efron) */
    double *mean;              /* p x blocks: mean of x over the risk set, averaged over the steps of Efron */
    double *mean_hazard;       /* p x blocks: sum over steps of mean times jump */
    double *mean_hazard_death;
} CoxDetail;

Rc cox_detail(CoxDetail *out, CoxData *d, const double *g, Arena *a, Err *e);

/* Score residuals in the basis, p x n in sorted order; martingale residuals [n] (NULL: not wanted). */
Rc cox_score_residuals(double *score, double *martingale, CoxData *d, const double *g, const CoxDetail *detail, Err *e);

#endif
