/* stats/spline.h: bases of spline terms. */
#ifndef REOX_STATS_SPLINE_H
#define REOX_STATS_SPLINE_H

#include "core/arena.h"
#include "core/err.h"

/* Harrell's default knots: quantiles (type 7) of x without missing values, k = 3 … 7 of them; below 100 values, and where many
 * share a value at an end, as Hmisc. `sorted` ascending, n of them; cum: how many each counts for, summed up (core/sum.h), NULL: one.
 * ERR_ESTIMATE when two knots coincide. Harrell, Regression Modeling Strategies, 2nd ed., table 2.3. */
Rc rcs_knots(double *knot, int k, const double *sorted, const double *cum, size_t n, Err *e);

/* Restricted cubic spline of x: k-1 columns x, x', x'' …, the nonlinear ones divided by (last knot - first knot)^2. */
void rcs_basis(double *out, double x, const double *knot, int k);

/* P-spline (Eilers and Marx 1996; R's pspline): cubic B-splines on n_knots equidistant inner knots (boundary values among
 * them), linear beyond the boundary; the first column is left out. */
int pspline_columns(int n_knots);
void pspline_basis(double *out, double x, const double *knot, int n_knots);

#endif
