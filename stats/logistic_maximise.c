/* stats/logistic_maximise.c: the maximum of a logistic likelihood, whether there is one, and that of some columns less. */
#include <math.h>
#include <string.h>

#include "core/lanes.h"
#include "stats/basis.h"
#include "stats/linalg.h"
#include "stats/logistic_fit.h"

/* ---- a model with some of the columns left out: the same rows in the subspace where their coefficients are 0 */

typedef struct { LogisticData *d; int p, m; double *basis, *g, *score, *info, *half; } Face;

static bool evaluate_face(void *context, const double *h, double *value, double *score, double *info)
{
    Face *f = context;
    linalg_gemm_nn(f->g, f->basis, h, f->p, 1, f->m, 1, 0);
    if (!logistic_evaluate(f->d, f->g, value, f->score, f->info)) return false;
    linalg_gemm_tn(score, f->basis, f->score, f->m, 1, f->p, 1, 0);
    linalg_gemm_nn(f->half, f->info, f->basis, f->p, f->m, f->p, 1, 0);
    linalg_gemm_tn(info, f->basis, f->half, f->m, f->m, f->p, 1, 0);
    return true;
}

/* An orthonormal basis (p x (p-k)) of what is orthogonal to the k columns of c (p x k, overwritten), by Householder reflections. */
static void complement(double *basis, double *c, int p, int k)
{
    for (int j = 0; j < k; j++) {
        double *u = c + (size_t)j * (size_t)p, length = 0;
        for (int i = j; i < p; i++) length = hypot(length, u[i]);
        u[j] += u[j] < 0 ? -length : length;
        double size = 0;
        for (int i = 0; i < j; i++) u[i] = 0;
        for (int i = j; i < p; i++) size = hypot(size, u[i]);
        for (int i = j; i < p && size > 0; i++) u[i] /= size;
        for (int q = j + 1; q < k; q++) {
            double *w = c + (size_t)q * (size_t)p, s = 0;
            for (int i = j; i < p; i++) s += u[i] * w[i];
            for (int i = j; i < p; i++) w[i] -= 2 * s * u[i];
        }
    }
    for (int q = k; q < p; q++) {
        double *b = basis + (size_t)(q - k) * (size_t)p;
        memset(b, 0, (size_t)p * sizeof *b);
        b[q] = 1;
        for (int j = k; j-- > 0;) {
            const double *u = c + (size_t)j * (size_t)p;
            double s = 0;
            for (int i = j; i < p; i++) s += u[i] * b[i];
            for (int i = j; i < p; i++) b[i] -= 2 * s * u[i];
        }
    }
}

Rc logistic_without(double *loglik, LogisticData *d, const LogisticMaximum *full, const int *out, int k, Arena *a, Err *e)
{
    Rc rc = OK;
    const int p = d->p, m = p - k;
    const size_t P = (size_t)p, K = (size_t)k;
    Face f = { d, p, m, ARENA_NEW(a, P * P + 1, double), ARENA_NEW(a, P + 1, double), ARENA_NEW(a, P + 1, double), ARENA_NEW(a, P * P + 1, double),
               ARENA_NEW(a, P * P + 1, double) };
    double *c = ARENA_NEW(a, P * K + 1, double), *vc = ARENA_NEW(a, P * K + 1, double), *cvc = ARENA_NEW(a, K * K + 1, double);
    double *miss = ARENA_NEW(a, K + 1, double), *g = ARENA_NEW(a, P + 1, double), *h = ARENA_NEW(a, P + 1, double);
    if (!f.basis || !f.g || !f.score || !f.info || !f.half || !c || !vc || !cvc || !miss || !g || !h) return err_nomem(e);
    /* Coefficient j of the caller's columns is row j of T times g. */
    for (size_t q = 0; q < K; q++) for (size_t i = 0; i < P; i++) c[q * P + i] = d->T[i * P + (size_t)out[q]];
    /* Start: where the quadratic at the maximum is largest on the subspace. */
    linalg_gemm_nn(vc, full->vcov_basis, c, p, k, p, 1, 0);
    linalg_gemm_tn(cvc, c, vc, k, k, p, 1, 0);
    linalg_gemm_tn(miss, c, full->g, k, 1, p, 1, 0);
    memcpy(g, full->g, P * sizeof *g);
    if (linalg_solve(cvc, k, miss, 1, NULL) == OK) linalg_gemm_nn(g, vc, miss, p, 1, k, -1, 1);
    complement(f.basis, c, p, k);
    linalg_gemm_tn(h, f.basis, g, m, 1, p, 1, 0);
    Likelihood l = { m, &f, evaluate_face, true, NULL };
    LikelihoodPoint at;
    if (m == 0) { double none; if (!evaluate_face(&f, h, loglik, &none, &none)) *loglik = NAN; return OK; }
    TRY(likelihood_maximise_to(&at, &l, h, NULL, 0, 1e-7, e));
    *loglik = at.value;
out:
    return rc;
}

static FOR_EACH_WIDTH double largest_number(const double *x, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    return largest;
}

/* Largest x'Vx of the rows. */
static double largest_form(const double *x, const double *v, size_t n, size_t p)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++, x += p) {
        double s = 0;
        for (size_t j = 0; j < p; j++) {
            double c = 0;
            for (size_t k = 0; k < p; k++) c += v[j * p + k] * x[k];
            s += c * x[j];
        }
        if (s > largest) largest = s;
    }
    return largest;
}

Rc logistic_maximise(LogisticMaximum *m, LogisticData *d, const double *start, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t p = (size_t)d->p;
    LikelihoodPoint at = { 0 };
    Likelihood l = { d->p, d, logistic_evaluate, !d->firth, NULL };
    double *score = ARENA_NEW(a, p + 1, double), *info = ARENA_NEW(a, p * p + 1, double), *u = ARENA_NEW(a, p + 1, double), value;
    *m = (LogisticMaximum){ .g = ARENA_NEW(a, p + 1, double), .beta = ARENA_NEW(a, p + 1, double),
                            .vcov_basis = ARENA_NEW(a, p * p + 1, double), .vcov = ARENA_NEW(a, p * p + 1, double),
                            .max_abs_score = INFINITY };
    if (!score || !info || !u || !m->g || !m->beta || !m->vcov_basis || !m->vcov) return err_nomem(e);
    if (start) memcpy(m->g, start, p * sizeof *start);
    TRY(likelihood_maximise(&at, &l, m->g, NULL, 0, e));
    m->value = at.value;
    m->iterations = at.iterations;
    if (!logistic_evaluate(d, m->g, &value, score, info)) return OK;
    Err ignored = { 0 };
    if (linalg_cholesky(info, (int)p, &ignored) != OK) return OK;
    linalg_cholesky_inverse(m->vcov_basis, info, (int)p);
    m->max_abs_score = basis_largest_score(d->T, d->p, score, m->vcov_basis, u);
    m->converged = at.converged || m->max_abs_score < 1e-10;
    logistic_to_columns(m->beta, d, m->g);
    logistic_vcov_to_columns(m->vcov, d, m->vcov_basis);
    /* The certificate of existence: see cox_fit.c. */
    double decrement = 0, largest = 0, size = 0, trace = 0;
    memcpy(u, score, p * sizeof *u);
    linalg_cholesky_solve(info, (int)p, u, 1);
    for (size_t j = 0; j < p; j++) { decrement += u[j] * score[j]; trace += m->vcov_basis[j * p + j]; }
    size = largest_number(d->x, d->n * p);
    decrement = sqrt(fmax(decrement, 0)) + 1e-15 * (double)d->n * size * sqrt(trace);
    /* The trace bounds the form from above, mostly by enough; else each row's own. */
    if (decrement * size * sqrt((double)p * trace) < .25) largest = size * size * (double)p * trace;
    else largest = largest_form(d->x, m->vcov_basis, d->n, p);
    m->certified = m->converged && decrement * sqrt(largest) < .25;
out:
    return rc;
}
