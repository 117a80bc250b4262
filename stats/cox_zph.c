/* stats/cox_zph.c: tests of proportional hazards. */
#include <math.h>
#include <string.h>

#include "core/lanes.h"
#include "core/sum.h"
#include "stats/cox_inference.h"
#include "stats/linalg.h"

/* Place of the first of the n ascending numbers that is at least t (above t), from `from` on, below which none is; in steps that double,
 * so that a walk through ascending t is linear. */
static size_t first_from(const double *x, size_t from, size_t n, double t, bool above)
{
    size_t step = 1, low = from, high = from;
    while (high < n && (above ? x[high] <= t : x[high] < t)) { low = high + 1; high += step; step *= 2; }
    if (high > n) high = n;
    while (low < high) { const size_t middle = (low + high) / 2; if (above ? x[middle] <= t : x[middle] < t) low = middle + 1; else high = middle; }
    return low;
}

/* Event times of all strata together, ascending: deaths, and rows that are gone before. */
typedef struct { double *time; size_t n, *deaths, *gone; } EventTimes;

/* Those of the data; `times`: of all rows, ascending. */
static Rc event_times(EventTimes *out, const CoxData *d, const double *times, Arena *a, Err *e)
{
    const size_t most = d->n_strata == 1 ? d->n_blocks : d->n_events;
    *out = (EventTimes){ ARENA_ROOM(a, most + 1, double), 0, ARENA_ROOM(a, most + 1, size_t), ARENA_ROOM(a, most + 1, size_t) };
    if (!out->time || !out->deaths || !out->gone) return err_nomem(e);
    if (d->n_strata == 1) {
        for (size_t k = 0; k < d->n_blocks; k++) {
            out->time[k] = d->block[k].time;
            out->deaths[k] = d->block[k].to - d->block[k].first_death;
            out->gone[k] = d->block[k].from;
        }
        out->n = d->n_blocks;
        return OK;
    }
    size_t m = 0, gone = 0;
    for (size_t i = 0; i < d->n; i++) if (d->event[i]) out->time[m++] = d->time[i];
    sort_doubles(out->time, m);
    for (size_t i = 0, to; i < m; i = to) {
        const double t = out->time[i];
        for (to = i; to < m && out->time[to] == t;) to++;
        while (gone < d->n && times[gone] < t) gone++;
        out->time[out->n] = t;
        out->deaths[out->n] = to - i;
        out->gone[out->n++] = gone;
    }
    return OK;
}

/* 1 - Kaplan-Meier just before each event time, strata and weights aside, as cox.zph has it. */
static Rc km_before(double *out, const CoxData *d, const double *times, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = d->n;
    double *start = d->start ? ARENA_ROOM(a, n + 1, double) : NULL, s = 1;
    EventTimes at = { 0 };
    size_t begun = 0;
    if (d->start && !start) return err_nomem(e);
    TRY(event_times(&at, d, times, a, e));
    double *before = ARENA_ROOM(a, at.n + 1, double);
    if (!before) { rc = err_nomem(e); goto out; }
    if (start) {
        for (size_t i = 0; i < n; i++) start[i] = d->start[d->by_start[i]];
        if (d->n_strata > 1) sort_doubles(start, n);
    }
    for (size_t k = 0; k < at.n; k++) {
        /* At risk at t: started before it, not gone before it. */
        while (start && begun < n && start[begun] < at.time[k]) begun++;
        before[k] = 1 - s;
        s *= 1 - (double)at.deaths[k] / (double)((start ? begun : n) - at.gone[k]);
    }
    for (size_t h = 0; h < d->n_strata; h++)
        for (size_t k = d->stratum[h].block_from, place = 0; k < d->stratum[h].block_to; k++) {
            place = first_from(at.time, place, at.n, d->block[k].time, false);
            out[k] = before[place];
        }
out:
    return rc;
}

/* Rank of each block's time among the times of all rows, ties averaged. */
static void time_ranks(double *out, const CoxData *d, const double *times)
{
    if (d->n_strata == 1) {
        for (size_t k = 0; k < d->n_blocks; k++) out[k] = (double)(d->block[k].from + 1 + d->block[k].to) / 2;
        return;
    }
    for (size_t h = 0; h < d->n_strata; h++)
        for (size_t k = d->stratum[h].block_from, after = 0; k < d->stratum[h].block_to; k++) {
            const size_t first = first_from(times, after, d->n, d->block[k].time, false);
            after = first_from(times, first, d->n, d->block[k].time, true);
            out[k] = (double)(first + 1 + after) / 2;
        }
}

/* Transformed times of the blocks. `times`: those of all rows, ascending. */
static Rc transform(double *out, const CoxData *d, ZphTime which, const double *times, Arena *a, Err *e)
{
    switch (which) {
    case ZPH_KM: return km_before(out, d, times, a, e);
    case ZPH_RANK: time_ranks(out, d, times); return OK;
    default:
        for (size_t k = 0; k < d->n_blocks; k++) out[k] = which == ZPH_LOG ? log(d->block[k].time) : d->block[k].time;
        return OK;
    }
}

/* The four transforms g of time, each from 0 to 1, in lanes 0 … 3 of each block, and their squares in the others. exists[w]: finite everywhere,
 * and not one number; else 0. */
static Rc multipliers(double *to, bool exists[ZPH_TIMES], const CoxData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = d->n, K = d->n_blocks;
    double *g = ARENA_NEW(a, K + 1, double), *sorted = d->n_strata > 1 ? ARENA_NEW(a, n + 1, double) : d->time;
    if (!g || !sorted) return err_nomem(e);
    if (sorted != d->time) {
        memcpy(sorted, d->time, n * sizeof *sorted);
        sort_doubles(sorted, n);
    }
    for (int w = 0; w < ZPH_TIMES; w++) {
        double low = INFINITY, high = -INFINITY;
        TRY(transform(g, d, (ZphTime)w, sorted, a, e));
        exists[w] = true;
        double odd = 0;                                    /* 0, or NaN for ever */
        for (size_t k = 0; k < K; k++) { odd += 0 * g[k]; low = g[k] < low ? g[k] : low; high = g[k] > high ? g[k] : high; }
        exists[w] = odd == 0 && high > low;               /* one event time: nothing can change over it */
        for (size_t k = 0; exists[w] && k < K; k++) {
            const double u = (g[k] - low) / (high - low);
            to[LANES * k + (size_t)w] = u;
            to[LANES * k + ZPH_TIMES + (size_t)w] = u * u;
        }
    }
out:
    return rc;
}

/* m := S' m S for S = inverse of the basis' T with columns scaled: the information of the caller's (scaled) columns. */
static void to_columns(double *m, const CoxData *d, const double *back, double *scratch)
{
    const int p = d->p;
    linalg_gemm_tn(scratch, back, m, p, p, p, 1, 0);
    linalg_gemm_nn(m, scratch, back, p, p, p, 1, 0);
}

/* back = (T scaled by the columns' scale)^-1: upper triangular inverse by columns. */
static void inverse_of_basis(double *back, const CoxData *d)
{
    const int p = d->p;
    for (int j = 0; j < p; j++) {
        back[j * p + j] = 1 / (d->T[j * p + j] * d->scale[j]);
        for (int i = j - 1; i >= 0; i--) {
            double s = 0;
            for (int k = i + 1; k <= j; k++) s += d->T[k * p + i] * d->scale[i] * back[j * p + k];
            back[j * p + i] = -s / (d->T[i * p + i] * d->scale[i]);
        }
    }
}

/* Room of the four tests. */
typedef struct { double *L, *back, *uc, *scratch, *solved, *sub; } Zph;

/* Tests of one transform: u its score, bg and gg the informations with g and g^2, in the basis; gg is overwritten. */
static void tests(double *chisq, const double *df, const CoxData *d, Zph *q, const double *u, const double *bg, double *gg, const int *assign, size_t n_terms)
{
    const int p = d->p;
    memcpy(q->solved, bg, (size_t)(p * p) * sizeof *q->solved);
    linalg_cholesky_solve(q->L, p, q->solved, p);
    linalg_gemm_tn(gg, bg, q->solved, p, p, p, -1, 1);
    to_columns(gg, d, q->back, q->scratch);
    for (int j = 0; j < p; j++) {
        q->uc[j] = 0;
        for (int k = 0; k <= j; k++) q->uc[j] += q->back[j * p + k] * u[k];
    }
    for (size_t t = 0; t <= n_terms; t++) {
        int m = 0;
        double *ut = q->scratch;
        for (int j = 0; j < p; j++) {
            if (t < n_terms && assign[j] - 1 != (int)t) continue;
            int r = 0;
            for (int k = 0; k < p; k++) {
                if (t < n_terms && assign[k] - 1 != (int)t) continue;
                q->sub[m * (int)df[t] + r++] = gg[j * p + k];
            }
            ut[m++] = q->uc[j];
        }
        chisq[t] = m ? linalg_quadratic_form_inverse(ut, q->sub, m) : NAN;
    }
}

Rc cox_zph(double *chisq, double *df, CoxData *d, const double *g, const double *at_g, const int *assign, size_t n_terms, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const size_t p = (size_t)d->p, pp = p * p, tests_each = n_terms + 1;
    bool exists[ZPH_TIMES];
    double *multiplier = ARENA_NEW(&a, LANES * (d->n_blocks + 1), double), *score = ARENA_NEW(&a, LANES * p + 1, double);
    double *info = ARENA_NEW(&a, LANES * pp + 1, double);
    Zph q = { ARENA_NEW(&a, pp + 1, double), ARENA_NEW(&a, pp + 1, double), ARENA_NEW(&a, p + 1, double),
              ARENA_NEW(&a, pp + 1, double), ARENA_NEW(&a, pp + 1, double), ARENA_NEW(&a, pp + 1, double) };
    for (size_t t = 0; t < ZPH_TIMES * tests_each; t++) { chisq[t] = NAN; df[t] = 0; }
    for (size_t w = 0; w < ZPH_TIMES; w++)
        for (size_t j = 0; j < p; j++) { df[w * tests_each + (size_t)assign[j] - 1]++; df[w * tests_each + n_terms]++; }
    if (!multiplier || !score || !info || !q.L || !q.back || !q.uc || !q.scratch || !q.solved || !q.sub) { rc = err_nomem(e); goto out; }
    if (d->ties == TIES_EXACT || !cox_evaluate(d, g, NULL, NULL, NULL)) goto out;
    memcpy(q.L, at_g, pp * sizeof *q.L);
    inverse_of_basis(q.back, d);
    if (linalg_cholesky(q.L, d->p, NULL) != OK) goto out;
    TRY(multipliers(multiplier, exists, d, &a, e));
    TRY(cox_eight(score, info, d, multiplier, e));
    for (size_t w = 0; w < ZPH_TIMES; w++)
        if (exists[w])
            tests(chisq + w * tests_each, df + w * tests_each, d, &q, score + w * p, info + w * pp, info + (ZPH_TIMES + w) * pp, assign, n_terms);
out:
    arena_free(&a);
    return rc;
}
