/* stats/path_rows.h: the rows under an elastic-net path: laid out once, then likelihood, score and curvature at any coefficients. */
#ifndef REOX_STATS_PATH_ROWS_H
#define REOX_STATS_PATH_ROWS_H

#include "stats/penalised_path.h"

/* Rows in order of stratum and falling time (logistic: as they come), their number filled up with zeros to a multiple of LANES, so that
 * no kernel has a tail. Columns are centred and scaled; that of number p is 1 in every row, the intercept of a logistic model.
 * Cox: rows of one segment enter the risk sets together: up to and with the last row of an event time, or after the last of a stratum. */
typedef struct {
    size_t n, ld, p;
    bool cox;
    double *x;                             /* ld x (p + 1) */
    double *center, *scale;                /* [p] */
    size_t *place;                         /* [n] of each row in the caller's arrays */
    double *event, *weight, *offset;       /* [ld] */
    size_t n_segments, *segment_end;
    unsigned char *opens_stratum;          /* [n_segments] */
    double *deaths;                        /* [n_segments] weight of the events; 0 after the last of a stratum */
    double total;                          /* sum of weights */
    double saturated;                      /* log-likelihood of the saturated model: 0; Cox -sum d log d */
    double *eta, *score;                   /* [ld] predictor; d loglik / d eta */
    double *risk, *curve;                  /* [ld] w exp(eta - top), diagonal curvature */
    double *jump, *share;                  /* [n_segments] d/S0 and 1/S0 (0 without events): their product may overflow */
    double *held_risk, *held_curve, *held_jump, *held_share;       /* those of the curvature that is in use */
} PathRows;

/* Arena memory. ERR_NOMEM. */
Rc path_rows_init(PathRows *r, const PathProblem *p, Arena *a, Err *e);

/* eta := offset + sum of b[k] times column col[k]. */
void path_rows_predict(PathRows *r, const size_t *col, const double *b, size_t k);
/* Log-likelihood at eta (Breslow partial; Bernoulli); leaves score, curve and, of Cox, risk, jump and share. */
double path_rows_loglik(PathRows *r);
/* g[col[k]] := column col[k] times score, per unit of weight. */
void path_rows_gradient(double *g, const PathRows *r, const size_t *col, size_t k);

/* The curvature V = -d2 loglik / d eta2 of the last evaluation is held for the two below. */
void path_rows_hold(PathRows *r);
/* z (ld x k) := V times the columns. */
void path_rows_curvature(double *z, const PathRows *r, const size_t *col, size_t k);
/* h[i + j*ldh] := column row[i] times column j of z, per unit of weight, i < m, j < k; with `lower` only where i >= j matters. */
void path_rows_products(double *h, size_t ldh, const PathRows *r, const size_t *row, size_t m, const double *z, size_t k, bool lower);

#endif
