/* stats/cox_model.h: a Cox analysis under way: what the files behind `reox stat cox` share. */
#ifndef REOX_STATS_COX_MODEL_H
#define REOX_STATS_COX_MODEL_H

#include "stats/cox_fit.h"
#include "stats/cox_inference.h"
#include "stats/design.h"
#include "stats/existence.h"

typedef struct {
    Design d;
    const StatCall *call;
    Json *out;
    Arena a;
    size_t *order;             /* canonical order of the design's rows */
    unsigned char *keep;       /* [d.p] columns that stay (--drop-collinear) */
    int p;                     /* how many stay */
    int *column;               /* [p] their places among d.p */
    int *assign;               /* [p] terms, numbered from 1 without gaps */
    size_t n_terms;
    char **term_label;         /* [n_terms] */
    const double **xj;         /* [p] kept columns, n numbers each: the design's */
    char **term;               /* [p] */
    bool unchecked;            /* whether columns are constant or collinear is looked at when `data` are made */
    CoxData data;
    CoxMaximum m;
    const double *g;           /* [p] the estimate in the basis of `data`; NULL where it is known in columns alone */
    double *beta, *vcov, *se;  /* [p], p x p, kept columns */
    double *robust;            /* p x p in columns, NULL when model-based */
    double *robust_basis;      /* the same in the basis */
    double edf;                /* effective degrees of freedom under a penalty; 0: there is none, columns count */
    double loglik_null;
    double *center;            /* R's means [p] */
    bool limited;              /* tt: rows of `data` are not the design's */
    const int *piece_cluster;  /* tt: what each row of `data` belongs to in a robust variance, 0 … n_piece_clusters-1 */
    size_t n_piece_clusters;
    bool matched;              /* clogit: time means nothing */
} CoxModel;

/* Canonical order, kept columns and their terms, from c->d and c->keep. */
Rc cox_model_columns(CoxModel *c, Err *e);
CoxInput cox_model_input(const CoxModel *c, CoxTies ties);
CoxTies cox_ties_of(const StatCall *call, const char *otherwise);
bool cox_weights_are_odd(const CoxModel *c);
/* The whole analysis: fit, existence, keys. */
Rc cox_model_fit(CoxModel *c, CoxTies ties, Err *e);
/* The same of rows that are not the design's (tt): keys by row are left out. */
Rc cox_fit_and_report(CoxModel *c, const CoxInput *in, Err *e);
Rc cox_results(CoxModel *c, Err *e);

/* Sorted rows and their columns in the basis for a row of new data (kept columns). */
void cox_model_basis(double *xb, const CoxModel *c, const double *x_row);

/* n numbers by term of all columns, null for those left out. */
void cox_model_by_term(const CoxModel *c, const char *key, const double *x);
void cox_model_matrix(const CoxModel *c, const char *key, const double *m);

/* The columns that a penalty on others leaves free (in, their names in term[in->p]) must have a maximum without those: else ERR_ESTIMATE
 * with its diagnosis. */
Rc cox_check_free(CoxModel *c, const CoxInput *in, char **term, Err *e);

/* The separated fit: diagnosis, supremum, what stays finite, one-sided limits. Ends with ERR_ESTIMATE. */
Rc cox_separated(CoxModel *c, const Existence *ex, Err *e);

/* --penalty firth: estimate, tests and limits of the penalised likelihood. */
Rc cox_firth(CoxModel *c, Err *e);
/* --lambda1, --lambda2. */
Rc cox_ridge_lasso(CoxModel *c, CoxTies ties, Err *e);
/* tt(x): every risk set a stratum of its own, with x times an expression in its time. */
Rc cox_time_varying(CoxModel *c, CoxTies ties, Err *e);
/* pspline(x,df=k); fp(x). The rank marks what stays in c->keep, before the columns are taken. */
Rc cox_smooth_rank(CoxModel *c, Err *e);
Rc cox_smooth(CoxModel *c, CoxTies ties, Err *e);
/* The chosen model is reported by `run`, as one of its own. */
Rc cox_fractional(CoxModel *c, CoxTies ties, MethodRun *run, Err *e);
/* frailty(id) (gamma), (1|id) (log-normal). */
Rc cox_shared_frailty(CoxModel *c, CoxTies ties, bool gamma, Err *e);
/* --explained, --step. */
Rc cox_explained(CoxModel *c, Err *e);
Rc cox_backward(CoxModel *c, Err *e);

/* A model of the same rows with m other columns of n numbers: NULL where not wanted: beta[m], se[m]. */
typedef struct { double loglik_null, loglik; bool converged; } CoxRefit;
Rc cox_refit(CoxRefit *out, double *beta, double *se, const CoxModel *c, const double *const *xj, int m, Err *e);

/* robust_vcov, robust_se, robust_score_test and c->robust, where one is asked for: by --robust, a cluster, weights other than 0 and 1. c->m has
 * the estimate and its covariance in the basis (of a penalised likelihood: its inverse information, so dfbeta is as R has it). */
Rc cox_robust_keys(CoxModel *c, Err *e);
/* hr, concordance, and the keys of newdata and keep_fit, from beta and vcov. */
Rc cox_common_keys(CoxModel *c, Err *e);
void cox_hazard_ratios(CoxModel *c);
void cox_note_events(const CoxModel *c);

/* Keys of the options. */
Rc cox_residuals(CoxModel *c, Err *e);
Rc cox_baseline(CoxModel *c, Err *e);
Rc cox_predictions(CoxModel *c, Err *e);
Rc cox_profile_limits(CoxModel *c, Err *e);
/* The fit as Json (stats/predict.h). */
Rc cox_fit_json(CoxModel *c, Err *e);
/* With tt(): c->data has block k of `own`, the data as given, as its stratum k; varying[p] marks the columns that tt() multiplies. */
Rc cox_fit_json_tt(CoxModel *c, const CoxData *own, const unsigned char *varying, Err *e);
/* With frailties: d has the fixed columns, divided by scale[p], then the groups; g and inverse (p + groups) are of d's columns. The
 * covariance of the groups goes along up to so many of them. */
enum { FRAILTY_COVARIANCE_MAX = 100 };
Rc cox_fit_json_frailty(CoxModel *c, CoxData *d, const double *g, const double *inverse, const double *scale, double theta, bool gamma, Err *e);

#endif
