/* stats/cox_maximise.c: the maximum of a Cox likelihood by Newton's method, and whether there is one. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "stats/basis.h"
#include "stats/cox_fit.h"
#include "stats/linalg.h"
#include "stats/rows.h"

enum { ITERATIONS_MAX = 60, HALVINGS_MAX = 40, LARGE_TABLE = 2000 };

typedef struct { const double *ridge; double *beta; } Penalty;

static bool objective(CoxData *d, const Penalty *pen, const double *g, double *value, double *score, double *info)
{
    int p = d->p;
    if (!cox_evaluate(d, g, value, score, info)) return false;
    if (!pen->ridge) return true;
    cox_to_columns(pen->beta, d, g);
    for (int j = 0; j < p; j++) *value -= pen->ridge[j] / 2 * pen->beta[j] * pen->beta[j];
    for (int j = 0; j < p; j++)
        for (int q = 0; q < p; q++) {
            /* T is upper triangular: T[q*p+j] for j <= q. */
            if (score) score[q] -= pen->ridge[j] * pen->beta[j] * d->T[q * p + j];
            if (info) for (int k = 0; k < p; k++) info[k * p + q] += pen->ridge[j] * d->T[q * p + j] * d->T[k * p + j];
        }
    return true;
}

/* A maximum exists where the Newton decrement is small against how fast the information can change: with R the largest
 * |(x_i - x_j)'d| over rows for a step d of length 1 in the information's norm, decrement * R < 1/2 is enough. R is bounded by twice
 * the longest row times the root of the largest eigenvalue of the covariance. */
static bool certificate(CoxData *d, const double *vg, double decrement, double *room, double *w)
{
    size_t p = (size_t)d->p;
    double longest = cox_longest(d), size = sqrt(longest), trace = 0;
    Err ignored = { 0 };
    for (size_t j = 0; j < p; j++) trace += vg[j * p + j];
    /* What rounding hides in the score: where the likelihood rises for ever it is all that is left of it. */
    decrement += 1e-14 * (double)(d->n_events + 1) * size * sqrt(trace);
    if (decrement * 2 * sqrt(longest * trace) < .25) return true;      /* the trace is more than its largest part */
    memcpy(room, vg, p * p * sizeof *room);
    if (linalg_symmetric_eigen(w, room, (int)p, &ignored) != OK) return false;
    return decrement * 2 * sqrt(longest * w[p - 1]) < .25;
}

/* Of the place where m is: L is its factor; room for p numbers. */
static void inverse_and_score(CoxMaximum *m, const CoxData *d, const double *L, double *room)
{
    linalg_cholesky_inverse(m->vcov, L, d->p);
    m->max_abs_score = basis_largest_score(d->T, d->p, m->score, m->vcov, room);
}

/* The next place. */
static void take(CoxMaximum *m, int p, const double *g, double value, const double *score, const double *info)
{
    memcpy(m->g, g, (size_t)p * sizeof *g);
    memcpy(m->score, score, (size_t)p * sizeof *score);
    memcpy(m->info, info, (size_t)(p * p) * sizeof *info);
    m->loglik = value;
    m->iterations++;
}

Rc cox_maximise(CoxMaximum *m, CoxData *d, const double *start, const double *ridge, Arena *a, Err *e)
{
    int p = d->p;
    size_t pp = (size_t)(p * p) + 1, p1 = (size_t)p + 1;
    double *trial = ARENA_NEW(a, p1, double), *step = ARENA_NEW(a, p1, double), *L = ARENA_NEW(a, pp, double);
    double *score = ARENA_NEW(a, p1, double), *info = ARENA_NEW(a, pp, double);
    Penalty pen = { ridge, ARENA_NEW(a, p1, double) };
    *m = (CoxMaximum){ .g = ARENA_NEW(a, p1, double), .score = ARENA_NEW(a, p1, double), .info = ARENA_NEW(a, pp, double),
                       .vcov = ARENA_NEW(a, pp, double), .score_start = ARENA_NEW(a, p1, double),
                       .info_start = ARENA_NEW(a, pp, double), .max_abs_score = INFINITY };
    if (!trial || !step || !L || !score || !info || !pen.beta || !m->g || !m->score || !m->info || !m->vcov || !m->score_start ||
        !m->info_start) return err_nomem(e);
    if (start) memcpy(m->g, start, (size_t)p * sizeof *start);
    if (!objective(d, &pen, m->g, &m->loglik, m->score, m->info)) {
        m->singular = true;
        return OK;
    }
    m->loglik_start = m->loglik;
    memcpy(m->score_start, m->score, (size_t)p * sizeof *score);
    memcpy(m->info_start, m->info, (size_t)(p * p) * sizeof *info);
    if (p == 0) { m->converged = m->certified = true; m->max_abs_score = 0; return OK; }
    bool last = false;
    for (int it = 0; it < ITERATIONS_MAX; it++) {
        Err ignored = { 0 };
        memcpy(L, m->info, (size_t)(p * p) * sizeof *L);
        m->singular = linalg_cholesky(L, p, &ignored) != OK;
        if (m->singular) return OK;
        memcpy(step, m->score, (size_t)p * sizeof *step);
        linalg_cholesky_solve(L, p, step, 1);
        double decrement = 0;
        for (int j = 0; j < p; j++) decrement += step[j] * m->score[j];
        decrement = sqrt(fmax(decrement, 0));
        /* No score times standard error is above the decrement, and it is at most p times the largest of them: far away nobody needs to look. */
        const bool near = decrement < 1e-9 * p;
        if (near) {
            inverse_and_score(m, d, L, trial);
            if (m->max_abs_score < 1e-10) {
                m->converged = true;
                m->certified = certificate(d, m->vcov, decrement, info, trial);
                if (last || m->max_abs_score < 1e-13) return OK;
                if (d->n > LARGE_TABLE) {     /* the step is taken on trust: what it leaves is the square of 1e-10 */
                    for (int j = 0; j < p; j++) m->g[j] += step[j];
                    m->loglik += decrement * decrement / 2;
                    m->iterations++;
                    return OK;
                }
                last = true;              /* one more step: to round-off, not to the threshold */
            }
        }
        double value = 0;
        bool moved = false;
        for (int half = 0; half < HALVINGS_MAX && !moved; half++) {
            double f = ldexp(1, -half);
            for (int j = 0; j < p; j++) trial[j] = m->g[j] + f * step[j];
            moved = objective(d, &pen, trial, &value, score, info) && (value >= m->loglik - 1e-12 * (1 + fabs(m->loglik)));
            if (last && half == 0 && !moved) return OK;
        }
        if (!moved || it + 1 == ITERATIONS_MAX) {
            if (!near) inverse_and_score(m, d, L, trial);
            if (!moved) return OK;
        }
        if (last) {
            /* Keep the better of two places that differ by rounding alone. */
            memcpy(L, info, (size_t)(p * p) * sizeof *L);
            if (linalg_cholesky(L, p, &ignored) != OK) return OK;
        }
        take(m, p, trial, value, score, info);
    }
    return OK;
}
