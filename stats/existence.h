/* stats/existence.h: does the maximum of the likelihood exist? A direction along which it only rises says no: it names the columns,
 * and what stays finite. Albert and Anderson 1984 (logistic); Jacobsen 1989, Bryson and Johnson 1981 (Cox). */
#ifndef REOX_STATS_EXISTENCE_H
#define REOX_STATS_EXISTENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "stats/cox_fit.h"

typedef struct {
    bool separated;
    bool complete;             /* logistic: every row lies strictly on its side */
    double *direction;         /* [p] in the basis given; zero where nothing diverges */
    double *along;             /* [n] x'direction of every row, sorted order for Cox */
} Existence;

/* Rows of length p with sign: sign[i] x_i'd >= 0 for all, > 0 for some. x row-major (row i at i*p), sign 1 or -1. */
Rc existence_binary(Existence *out, const double *x, const double *sign, size_t n, int p, Arena *a, Err *e);

/* Every event against everyone at risk then (exact ties: against those who do not fail then). In the basis of `d`. */
Rc existence_cox(Existence *out, const CoxData *d, Arena *a, Err *e);

/* Direction in the caller's columns as -1, 0, 1: coefficients below 1e-7 of the largest standardised one are 0. */
void existence_signs(double *sign, const double *direction, const double *scale, int p);

#endif
