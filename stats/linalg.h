/* stats/linalg.h: dense linear algebra; every LAPACKE call of the program is behind it. */
#ifndef REOX_STATS_LINALG_H
#define REOX_STATS_LINALG_H

#include <stddef.h>

#include "core/err.h"

/* All matrices are column-major and checked finite first: LAPACK hangs on infinities. Symmetric ones are read and written
 * whole. Fails with ERR_ESTIMATE where the matrix does not allow it, ERR_INTERNAL for a value that is not finite. */

/* Lower Cholesky factor of the p x p matrix a, in place (upper triangle zeroed). */
Rc linalg_cholesky(double *a, int p, Err *e);
/* b (p x m) := solution of L L' x = b, L from linalg_cholesky. */
void linalg_cholesky_solve(const double *L, int p, double *b, int m);
/* inv (p x p) := (L L')^-1, whole and symmetric to the bit. */
void linalg_cholesky_inverse(double *inv, const double *L, int p);
double linalg_cholesky_logdet(const double *L, int p);

/* Eigenvalues ascending in w, vectors (columns) over a. */
Rc linalg_symmetric_eigen(double *w, double *a, int p, Err *e);
/* QR with column pivoting of the n x p matrix a (overwritten): pivot[p] (0-based), rank by tolerance relative to the
 * largest diagonal. tau[min(n,p)]. */
Rc linalg_qr_pivot(double *a, int n, int p, int *pivot, double *tau, double tolerance, int *rank, Err *e);
/* Singular values (descending) of a (n x p, overwritten). */
Rc linalg_singular_values(double *s, double *a, int n, int p, Err *e);
/* General solve, a (p x p, overwritten), b (p x m, solution out). */
Rc linalg_solve(double *a, int p, double *b, int m, Err *e);
/* Condition number of a symmetric positive matrix scaled to unit diagonal. */
double linalg_scaled_condition(const double *a, int p);

/* x'V^-1 x for a symmetric positive V (p x p), scaled to unit diagonal first; NaN where V has no inverse. */
double linalg_quadratic_form_inverse(const double *x, const double *v, int p);

/* C (m x n) := alpha A' B + beta C; A k x m, B k x n. BLAS. */
void linalg_gemm_tn(double *c, const double *a, const double *b, int m, int n, int k, double alpha, double beta);
void linalg_gemm_nn(double *c, const double *a, const double *b, int m, int n, int k, double alpha, double beta);
void linalg_gemm_nt(double *c, const double *a, const double *b, int m, int n, int k, double alpha, double beta);
/* C (p x p, both triangles) := A' A + beta C; A n x p. */
void linalg_syrk_t(double *c, const double *a, int n, int p, double beta);
/* One BLAS thread, the others ended; called by main, and by method_call and tests. May be called again. */
void linalg_init(void);

#endif
