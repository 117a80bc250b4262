/* stats/lp.h: a small linear program for cones: which direction d has a'd >= 0 for every row a of a (long) list, and how far it
 * can go along c. */
#ifndef REOX_STATS_LP_H
#define REOX_STATS_LP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* Rows of the cone are asked for as they are needed: writes rows a with a'd < -tolerance |a| (the worst first), at most `most`
 * of them, p numbers each, and returns how many. */
typedef size_t ConeCut(double *rows, size_t most, const double *d, double tolerance, const void *cone);

/* Maximises c'd over |d_j| <= 1 and a'd >= 0 for every row of the cone. value = c'd, >= 0. The result is verified: no row cuts it
 * off by more than 1e-9 of its length. Dense simplex with Bland's rule on the rows met so far. ERR_ESTIMATE when it does not end. */
Rc lp_cone_maximise(double *d, double *value, const double *c, int p, ConeCut *cut, const void *cone, Err *e);

#endif
