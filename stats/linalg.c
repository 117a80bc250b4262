/* stats/linalg.c: dense linear algebra; every LAPACKE and BLAS call of the program. */
#include "stats/linalg.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

/* Exported by OpenBLAS, in no header of it; another BLAS may lack it. Ends its threads; they are not started again while one
 * thread is all it may use. */
__attribute__((weak)) int blas_thread_shutdown_(void);

/* OpenBLAS starts its threads when it is loaded, and they spin for some 25 ms in case there is work: as much CPU as half of a
 * short command takes. To set their number starts them once more, so this is done once. */
static void one_thread(void)
{
    openblas_set_num_threads(1);
    if (blas_thread_shutdown_) blas_thread_shutdown_();
}

void linalg_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, one_thread);
}

/* LAPACK's iterations need not end on an infinity, so it never sees one. */
static Rc check_finite(const double *a, size_t n, const char *what, Err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(a[i])) return err_set(e, ERR_INTERNAL, "%s: a value that is not finite reached the linear algebra", what);
    return OK;
}

static size_t area(int n, int p)
{
    return (size_t)n * (size_t)p;
}

/* LAPACK reads one triangle; the other is made equal to it. */
static void mirror_lower(double *a, int p)
{
    for (int j = 0; j < p; j++)
        for (int i = j + 1; i < p; i++) a[area(i, p) + (size_t)j] = a[area(j, p) + (size_t)i];
}

/* ---- a few columns by hand: the calls cost more than the work, and a model of a cohort has few columns */
enum { FEW = 8 };

/* 0, or the column (from 1) at which the matrix is not positive definite. */
static int few_cholesky(double *a, int p)
{
    for (int j = 0; j < p; j++) {
        double *c = a + j * p, d = c[j];
        for (int k = 0; k < j; k++) d -= a[k * p + j] * a[k * p + j];
        if (!(d > 0)) return j + 1;
        c[j] = sqrt(d);
        for (int i = j + 1; i < p; i++) {
            double v = c[i];
            for (int k = 0; k < j; k++) v -= a[k * p + i] * a[k * p + j];
            c[i] = v / c[j];
        }
        for (int i = 0; i < j; i++) c[i] = 0;
    }
    return 0;
}

static void few_solve(const double *L, int p, double *b)
{
    for (int i = 0; i < p; i++) {
        for (int k = 0; k < i; k++) b[i] -= L[k * p + i] * b[k];
        b[i] /= L[i * p + i];
    }
    for (int i = p - 1; i >= 0; i--) {
        for (int k = i + 1; k < p; k++) b[i] -= L[i * p + k] * b[k];
        b[i] /= L[i * p + i];
    }
}

/* M = L^-1 column by column, then M'M. */
static void few_inverse(double *inv, const double *L, int p)
{
    double m[FEW * FEW] = { 0 };
    for (int j = 0; j < p; j++)
        for (int i = j; i < p; i++) {
            double v = i == j;
            for (int k = j; k < i; k++) v -= L[k * p + i] * m[j * p + k];
            m[j * p + i] = v / L[i * p + i];
        }
    for (int j = 0; j < p; j++)
        for (int i = 0; i <= j; i++) {
            double v = 0;
            for (int k = j; k < p; k++) v += m[i * p + k] * m[j * p + k];
            inv[j * p + i] = inv[i * p + j] = v;
        }
}

Rc linalg_cholesky(double *a, int p, Err *e)
{
    if (p <= 0) return OK;
    Rc rc = check_finite(a, area(p, p), "Cholesky factor", e);
    if (rc != OK) return rc;
    if (p <= FEW) {
        const int at = few_cholesky(a, p);
        return at ? err_set(e, ERR_ESTIMATE, "the matrix is not positive definite (at column %d of %d)", at, p) : OK;
    }
    lapack_int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', p, a, p);
    if (info > 0) return err_set(e, ERR_ESTIMATE, "the matrix is not positive definite (at column %d of %d)", (int)info, p);
    if (info < 0) return err_set(e, ERR_INTERNAL, "Cholesky factor: argument %d", (int)-info);
    for (int j = 1; j < p; j++)
        for (int i = 0; i < j; i++) a[area(j, p) + (size_t)i] = 0;
    return OK;
}

void linalg_cholesky_solve(const double *L, int p, double *b, int m)
{
    if (p <= 0 || m <= 0) return;
    if (p <= FEW) {
        for (int k = 0; k < m; k++) few_solve(L, p, b + area(k, p));
        return;
    }
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, p, m, 1.0, L, p, b, p);
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, p, m, 1.0, L, p, b, p);
}

void linalg_cholesky_inverse(double *inv, const double *L, int p)
{
    if (p <= 0) return;
    if (p <= FEW) { few_inverse(inv, L, p); return; }
    if (inv != L) memcpy(inv, L, area(p, p) * sizeof *inv);
    (void)LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'L', p, inv, p);   /* fails only for a zero diagonal, which L has not */
    mirror_lower(inv, p);
}

double linalg_cholesky_logdet(const double *L, int p)
{
    double s = 0;
    for (int j = 0; j < p; j++) s += log(L[area(j, p) + (size_t)j]);
    return 2 * s;
}

Rc linalg_symmetric_eigen(double *w, double *a, int p, Err *e)
{
    if (p <= 0) return OK;
    Rc rc = check_finite(a, area(p, p), "eigenvalues", e);
    if (rc != OK) return rc;
    lapack_int info = LAPACKE_dsyev(LAPACK_COL_MAJOR, 'V', 'L', p, a, p, w);
    if (info == LAPACK_WORK_MEMORY_ERROR) return err_nomem(e);
    if (info != 0) return err_set(e, ERR_ESTIMATE, "the eigenvalues of a %d x %d matrix did not converge", p, p);
    return OK;
}

Rc linalg_qr_pivot(double *a, int n, int p, int *pivot, double *tau, double tolerance, int *rank, Err *e)
{
    *rank = 0;
    for (int j = 0; j < p; j++) pivot[j] = j;
    if (n <= 0 || p <= 0) return OK;
    Rc rc = check_finite(a, area(n, p), "QR decomposition", e);
    if (rc != OK) return rc;
    lapack_int *jpvt = calloc((size_t)p, sizeof *jpvt);
    if (!jpvt) return err_nomem(e);
    lapack_int info = LAPACKE_dgeqp3(LAPACK_COL_MAJOR, n, p, a, n, jpvt, tau);
    for (int j = 0; j < p; j++) pivot[j] = (int)jpvt[j] - 1;
    free(jpvt);
    if (info == LAPACK_WORK_MEMORY_ERROR) return err_nomem(e);
    if (info != 0) return err_set(e, ERR_INTERNAL, "QR decomposition: argument %d", (int)-info);
    int k = n < p ? n : p;
    double first = fabs(a[0]);
    while (*rank < k && fabs(a[area(*rank, n) + (size_t)*rank]) > tolerance * first) (*rank)++;
    return OK;
}

Rc linalg_singular_values(double *s, double *a, int n, int p, Err *e)
{
    if (n <= 0 || p <= 0) return OK;
    Rc rc = check_finite(a, area(n, p), "singular values", e);
    if (rc != OK) return rc;
    double none = 0;
    lapack_int info = LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'N', n, p, a, n, s, &none, 1, &none, 1);
    if (info == LAPACK_WORK_MEMORY_ERROR) return err_nomem(e);
    if (info != 0) return err_set(e, ERR_ESTIMATE, "the singular values of a %d x %d matrix did not converge", n, p);
    return OK;
}

Rc linalg_solve(double *a, int p, double *b, int m, Err *e)
{
    if (p <= 0 || m <= 0) return OK;
    Rc rc = check_finite(a, area(p, p), "linear system", e);
    if (rc == OK) rc = check_finite(b, area(p, m), "linear system", e);
    if (rc != OK) return rc;
    lapack_int *pivot = calloc((size_t)p, sizeof *pivot);
    if (!pivot) return err_nomem(e);
    lapack_int info = LAPACKE_dgesv_work(LAPACK_COL_MAJOR, p, m, a, p, pivot, b, p);
    free(pivot);
    if (info > 0) return err_set(e, ERR_ESTIMATE, "the linear system is singular (at column %d of %d)", (int)info, p);
    if (info < 0) return err_set(e, ERR_INTERNAL, "linear system: argument %d", (int)-info);
    return OK;
}

double linalg_scaled_condition(const double *a, int p)
{
    if (p <= 0) return NAN;
    double *s = calloc(area(p, p), sizeof *s), *w = calloc((size_t)p, sizeof *w), condition = NAN;
    if (!s || !w) goto out;
    for (int j = 0; j < p; j++) {
        double dj = a[area(j, p) + (size_t)j];
        if (!(dj > 0)) { condition = INFINITY; goto out; }
    }
    for (int j = 0; j < p; j++)
        for (int i = 0; i < p; i++)
            s[area(j, p) + (size_t)i] = a[area(j, p) + (size_t)i]
                / sqrt(a[area(j, p) + (size_t)j]) / sqrt(a[area(i, p) + (size_t)i]);
    if (check_finite(s, area(p, p), "eigenvalues", NULL) == OK && LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'L', p, s, p, w) == 0)
        condition = w[0] > 0 ? w[p - 1] / w[0] : INFINITY;
out:
    free(s);
    free(w);
    return condition;
}

/* beta 0 must overwrite, also where c holds no number yet; BLAS promises that. */
void linalg_gemm_tn(double *c, const double *a, const double *b, int m, int n, int k, double alpha, double beta)
{
    if (m <= 0 || n <= 0) return;
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, m, n, k, alpha, a, k > 0 ? k : 1, b, k > 0 ? k : 1, beta, c, m);
}

void linalg_gemm_nn(double *c, const double *a, const double *b, int m, int n, int k, double alpha, double beta)
{
    if (m <= 0 || n <= 0) return;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, m, n, k, alpha, a, m, b, k > 0 ? k : 1, beta, c, m);
}

void linalg_gemm_nt(double *c, const double *a, const double *b, int m, int n, int k, double alpha, double beta)
{
    if (m <= 0 || n <= 0) return;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, m, n, k, alpha, a, m, b, n, beta, c, m);
}

void linalg_syrk_t(double *c, const double *a, int n, int p, double beta)
{
    if (p <= 0) return;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, p, n, 1.0, a, n > 0 ? n : 1, beta, c, p);
    mirror_lower(c, p);
}

double linalg_quadratic_form_inverse(const double *x, const double *v, int p)
{
    enum { SMALL = 24 };
    double small[SMALL * (SMALL + 2)], result = NAN;
    if (p == 0) return 0;
    /* Up to SMALL columns nothing can fail for want of memory. */
    size_t n = (size_t)p;
    double *L = p <= SMALL ? small : malloc(n * (n + 2) * sizeof *L);
    if (!L) return NAN;
    double *y = L + n * n, *scale = y + n;
    for (size_t i = 0; i < n; i++) {
        if (!(v[i * n + i] > 0)) goto out;
        scale[i] = 1 / sqrt(v[i * n + i]);
        y[i] = x[i] * scale[i];
    }
    for (size_t i = 0; i < n; i++) for (size_t j = 0; j < n; j++) L[i * n + j] = v[i * n + j] * scale[i] * scale[j];
    if (linalg_cholesky(L, p, NULL) != OK) goto out;
    linalg_cholesky_solve(L, p, y, 1);
    result = 0;
    for (size_t i = 0; i < n; i++) result += y[i] * x[i] * scale[i];
out:
    if (L != small) free(L);
    return result;
}
