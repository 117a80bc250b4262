/* stats/basis.h: coefficients, scores and covariances between a basis of columns and the caller's columns. */
#ifndef REOX_STATS_BASIS_H
#define REOX_STATS_BASIS_H

/* Coefficients of the caller's columns are T g, g those of the basis. T is p x p, column-major and upper triangular: what a fit uses in place of
 * its columns is made of a column and those before it. */

/* beta[p] = T g, and v (p x p) = T V T' for V the covariance of g, each sum in long double. */
void basis_to_columns(double *beta, const double *T, int p, const double *g);
void basis_vcov_to_columns(double *v, const double *T, int p, const double *vg);

/* A score of the basis in the caller's columns: T'u = score. */
void basis_score_to_columns(double *u, const double *T, int p, const double *score);

/* Largest score times standard error over the caller's columns; u[p] is room. */
double basis_largest_score(const double *T, int p, const double *score, const double *vg, double *u);

/* t[p] with t'g = coefficient j of the caller's columns. */
void basis_axis(double *t, const double *T, int p, int j);

#endif
