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
    double *x;                 /* n x p, kept columns; the design's own when all stay */
    char **term;               /* [p] */
    CoxData data;
    CoxMaximum m;
    double *beta, *vcov, *se;  /* [p], p x p, kept columns */
    double *robust;            /* p x p in columns, NULL when model-based */
    double *robust_basis;      /* the same in the basis */
    double loglik_null;
    double *center;            /* R's means [p] */
} CoxModel;

/* Sorted rows and their columns in the basis for a row of new data (kept columns). */
void cox_model_basis(double *xb, const CoxModel *c, const double *x_row);

/* n numbers by term of all columns, null for those left out. */
void cox_model_by_term(const CoxModel *c, const char *key, const double *x);
void cox_model_matrix(const CoxModel *c, const char *key, const double *m);

/* The separated fit: diagnosis, supremum, what stays finite, one-sided limits. Ends with ERR_ESTIMATE. */
Rc cox_separated(CoxModel *c, const Existence *ex, Err *e);

/* --penalty firth: estimate, tests and limits of the penalised likelihood. */
Rc cox_firth(CoxModel *c, Err *e);
/* hr, concordance, and the keys of newdata and keep_fit, from beta and vcov. */
Rc cox_common_keys(CoxModel *c, Err *e);

/* Keys of the options. */
Rc cox_residuals(CoxModel *c, Err *e);
Rc cox_baseline(CoxModel *c, Err *e);
Rc cox_predictions(CoxModel *c, Err *e);
Rc cox_profile_limits(CoxModel *c, Err *e);
/* The fit as Json (stats/predict.h). */
Rc cox_fit_json(CoxModel *c, Err *e);

#endif
