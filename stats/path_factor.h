/* stats/path_factor.h: a Cholesky factor whose matrix gains and loses rows. */
#ifndef REOX_STATS_PATH_FACTOR_H
#define REOX_STATS_PATH_FACTOR_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* L L' = M, m x m, lower triangle column-major with leading dimension `room`. Rows that nearly depend on those before them get a pivot of
 * a 1e-10th of their diagonal: the factor is of a slightly larger matrix then, and solutions along that direction are long. */
typedef struct { size_t m, room; double *L, *work; } PathFactor;

/* Room for m rows; what is in the factor stays. Arena memory. */
Rc path_factor_room(PathFactor *f, size_t m, Arena *a, Err *e);
/* The factor of M, whose lower triangle lies in f->L. */
void path_factor_whole(PathFactor *f, size_t m);
/* A last row: h[0 … m-1] its products with those before, h[m] its diagonal. h is overwritten. */
void path_factor_append(PathFactor *f, double *h);
/* Without row k; those behind it move up. */
void path_factor_remove(PathFactor *f, size_t k);
/* b := M^-1 b */
void path_factor_solve(const PathFactor *f, double *b);

#endif
