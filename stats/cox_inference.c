/* stats/cox_inference.c: robust variance, tests of proportional hazards, curves of a fitted Cox model. */
#include "stats/cox_inference.h"

#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"

Rc cox_cluster_scores(double **sums, size_t *n_groups, CoxData *d, const double *g, const int *cluster, size_t n_clusters, Arena *a,
                      Err *e)
{
    Rc rc = OK;
    size_t p = (size_t)d->p, groups = cluster ? n_clusters : d->n;
    CoxDetail detail = { 0 };
    double *u = ARENA_NEW(a, p * d->n + 1, double), *s = ARENA_NEW(a, p * groups + 1, double);
    if (!u || !s) return err_nomem(e);
    TRY(cox_detail(&detail, d, g, a, e));
    TRY(cox_score_residuals(u, NULL, d, g, &detail, e));
    for (size_t i = 0; i < d->n; i++) {
        size_t c = cluster ? (size_t)cluster[d->order[i]] : i;
        for (size_t j = 0; j < p; j++) s[c * p + j] += (d->w ? d->w[i] : 1) * u[i * p + j];
    }
    *sums = s;
    *n_groups = groups;
out:
    return rc;
}

Rc cox_robust(double *v, const double *sums, size_t n_groups, const double *vcov, int p, Arena *a, Err *e)
{
    size_t pp = (size_t)(p * p) + 1;
    double *meat = ARENA_NEW(a, pp, double), *half = ARENA_NEW(a, pp, double);
    if (!meat || !half) return err_nomem(e);
    for (size_t c = 0; c < n_groups; c++)
        for (int j = 0; j < p; j++)
            for (int k = 0; k <= j; k++) meat[j * p + k] += sums[c * (size_t)p + (size_t)j] * sums[c * (size_t)p + (size_t)k];
    for (int j = 0; j < p; j++) for (int k = 0; k < j; k++) meat[k * p + j] = meat[j * p + k];
    linalg_gemm_nn(half, vcov, meat, p, p, p, 1, 0);
    linalg_gemm_nn(v, half, vcov, p, p, p, 1, 0);
    for (int j = 0; j < p; j++) for (int k = 0; k < j; k++) v[k * p + j] = v[j * p + k] = (v[k * p + j] + v[j * p + k]) / 2;
    return OK;
}

/* ---- proportional hazards */

/* 1 - Kaplan-Meier just before each event time, strata and weights aside, as cox.zph has it. */
static Rc km_before(double *out, const CoxData *d, Arena *a, Err *e)
{
    size_t n = d->n;
    double *time = ARENA_NEW(a, n + 1, double), *start = d->start ? ARENA_NEW(a, n + 1, double) : NULL, *events = ARENA_NEW(a, n + 1, double);
    size_t m = 0;
    if (!time || !events || (d->start && !start)) return err_nomem(e);
    for (size_t i = 0; i < n; i++) { time[i] = d->time[i]; if (start) start[i] = d->start[i]; }
    for (size_t i = 0; i < n; i++) if (d->event[i]) events[m++] = d->time[i];
    sort_doubles(time, n);
    sort_doubles(events, m);
    if (start) sort_doubles(start, n);
    /* At risk at t: started before it, not gone before it. */
    double s = 1;
    size_t gone = 0, begun = 0;
    double *at = ARENA_NEW(a, m + 1, double), *before = ARENA_NEW(a, m + 1, double);
    size_t distinct = 0;
    if (!at || !before) return err_nomem(e);
    for (size_t k = 0; k < m;) {
        double t = events[k];
        size_t deaths = 0;
        while (k < m && events[k] == t) { deaths++; k++; }
        while (gone < n && time[gone] < t) gone++;
        while (start && begun < n && start[begun] < t) begun++;
        size_t risk = (start ? begun : n) - gone;
        at[distinct] = t;
        before[distinct++] = 1 - s;
        s *= 1 - (double)deaths / (double)risk;
    }
    for (size_t k = 0; k < d->n_blocks; k++) {
        size_t low = 0, high = distinct;
        while (high - low > 1) { size_t middle = (low + high) / 2; if (at[middle] <= d->block[k].time) low = middle; else high = middle; }
        out[k] = before[low];
    }
    return OK;
}

/* Rank of each block's time among the times of all rows, ties averaged. */
static Rc time_ranks(double *out, const CoxData *d, Arena *a, Err *e)
{
    size_t m = d->n;
    double *times = ARENA_NEW(a, m + 1, double);
    if (!times) return err_nomem(e);
    memcpy(times, d->time, m * sizeof *times);
    sort_doubles(times, m);
    for (size_t k = 0; k < d->n_blocks; k++) {
        size_t low = 0, high = m, first;
        double t = d->block[k].time;
        while (low < high) { size_t middle = (low + high) / 2; if (times[middle] < t) low = middle + 1; else high = middle; }
        first = low;
        high = m;
        while (low < high) { size_t middle = (low + high) / 2; if (times[middle] <= t) low = middle + 1; else high = middle; }
        out[k] = (double)(first + 1 + low) / 2;
    }
    return OK;
}

static Rc transform(double *out, const CoxData *d, ZphTime which, Arena *a, Err *e)
{
    switch (which) {
    case ZPH_KM: return km_before(out, d, a, e);
    case ZPH_RANK: return time_ranks(out, d, a, e);
    default:
        for (size_t k = 0; k < d->n_blocks; k++) out[k] = which == ZPH_LOG ? log(d->block[k].time) : d->block[k].time;
        return OK;
    }
}

/* m := S' m S for S = inverse of the basis' T with columns scaled: the information of the caller's (scaled) columns. */
static void to_columns(double *m, const CoxData *d, const double *back, double *scratch)
{
    int p = d->p;
    linalg_gemm_tn(scratch, back, m, p, p, p, 1, 0);
    linalg_gemm_nn(m, scratch, back, p, p, p, 1, 0);
}

/* What the four tests share: the information and its factor in columns, the way from basis to columns. */
typedef struct { double *L, *back; } ZphCommon;

static Rc zph_common(ZphCommon *q, CoxData *d, const double *g, Arena *a, Err *e)
{
    int p = d->p;
    size_t pp = (size_t)(p * p) + 1;
    double loglik, *scratch = ARENA_NEW(a, pp, double);
    q->L = ARENA_NEW(a, pp, double);
    q->back = ARENA_NEW(a, pp, double);
    if (!q->L || !q->back || !scratch) return err_nomem(e);
    if (!cox_evaluate(d, g, &loglik, NULL, q->L, NULL)) return err_set(e, ERR_ESTIMATE, "the information cannot be evaluated");
    /* back = (T scaled by the columns' scale)^-1: upper triangular inverse by columns. */
    for (int j = 0; j < p; j++) {
        q->back[j * p + j] = 1 / (d->T[j * p + j] * d->scale[j]);
        for (int i = j - 1; i >= 0; i--) {
            double s = 0;
            for (int k = i + 1; k <= j; k++) s += d->T[k * p + i] * d->scale[i] * q->back[j * p + k];
            q->back[j * p + i] = -s / (d->T[i * p + i] * d->scale[i]);
        }
    }
    to_columns(q->L, d, q->back, scratch);
    return linalg_cholesky(q->L, p, e);
}

static Rc zph_one(double *chisq, double *df, CoxData *d, const double *g, const ZphCommon *q, ZphTime which, const int *assign, size_t n_terms,
                  Arena *a, Err *e)
{
    Rc rc = OK;
    int p = d->p;
    size_t pp = (size_t)(p * p) + 1, K = d->n_blocks;
    double *time = ARENA_NEW(a, K + 1, double), *square = ARENA_NEW(a, K + 1, double);
    double *bg = ARENA_NEW(a, pp, double), *gg = ARENA_NEW(a, pp, double);
    double *u = ARENA_NEW(a, (size_t)p + 1, double), *uc = ARENA_NEW(a, (size_t)p + 1, double);
    double *scratch = ARENA_NEW(a, pp, double), *solved = ARENA_NEW(a, pp, double), *sub = ARENA_NEW(a, pp, double);
    double loglik, low = INFINITY, largest = 0;
    if (!time || !square || !bg || !gg || !u || !uc || !scratch || !solved || !sub) return err_nomem(e);
    for (size_t t = 0; t <= n_terms; t++) { chisq[t] = NAN; df[t] = 0; }
    for (int j = 0; j < p; j++) { df[assign[j] - 1]++; df[n_terms]++; }
    TRY(transform(time, d, which, a, e));
    for (size_t k = 0; k < K; k++) { if (!isfinite(time[k])) return OK; if (time[k] < low) low = time[k]; }
    for (size_t k = 0; k < K; k++) { time[k] -= low; if (time[k] > largest) largest = time[k]; }
    if (!(largest > 0)) return OK;              /* one event time: nothing can change over it */
    for (size_t k = 0; k < K; k++) { time[k] /= largest; square[k] = time[k] * time[k]; }
    if (!cox_evaluate(d, g, &loglik, u, bg, time) || !cox_evaluate(d, g, &loglik, NULL, gg, square)) return OK;
    to_columns(bg, d, q->back, scratch);
    to_columns(gg, d, q->back, scratch);
    for (int j = 0; j < p; j++) for (int k = 0; k < p; k++) uc[j] += q->back[j * p + k] * u[k];
    memcpy(solved, bg, (size_t)(p * p) * sizeof *solved);
    linalg_cholesky_solve(q->L, p, solved, p);
    for (int j = 0; j < p; j++)
        for (int k = 0; k < p; k++) {
            double s = 0;
            for (int r = 0; r < p; r++) s += bg[j * p + r] * solved[k * p + r];
            gg[k * p + j] -= s;
        }
    for (size_t t = 0; t <= n_terms; t++) {
        int m = 0;
        double *ut = scratch;
        for (int j = 0; j < p; j++) {
            if (t < n_terms && assign[j] - 1 != (int)t) continue;
            int r = 0;
            for (int k = 0; k < p; k++) {
                if (t < n_terms && assign[k] - 1 != (int)t) continue;
                sub[m * (int)df[t] + r++] = gg[j * p + k];
            }
            ut[m++] = uc[j];
        }
        chisq[t] = m ? linalg_quadratic_form_inverse(ut, sub, m) : NAN;
    }
out:
    return rc;
}

Rc cox_zph(double *chisq, double *df, CoxData *d, const double *g, const int *assign, size_t n_terms, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    ZphCommon q = { 0 };
    rc = zph_common(&q, d, g, &a, e);
    for (int w = 0; w < ZPH_TIMES && rc == OK; w++) {
        Arena scratch = { 0 };
        rc = zph_one(chisq + (size_t)w * (n_terms + 1), df + (size_t)w * (n_terms + 1), d, g, &q, (ZphTime)w, assign, n_terms, &scratch, e);
        arena_free(&scratch);
    }
    if (rc == ERR_ESTIMATE) {
        for (size_t t = 0; t < ZPH_TIMES * (n_terms + 1); t++) chisq[t] = NAN;
        rc = OK;
    }
    arena_free(&a);
    return rc;
}

void cox_r_means(double *mean, const double *x, size_t n, int p, const double *weight, const size_t *order, const double *plain)
{
    for (int j = 0; j < p; j++) {
        const double *c = x + (size_t)j * n;
        bool indicator = true;
        for (size_t i = 0; i < n && indicator; i++) indicator = c[i] == -1 || c[i] == 0 || c[i] == 1;
        Sum s = { 0 }, w = { 0 };
        if (indicator || (plain && !weight)) { mean[j] = indicator ? 0 : plain[j]; continue; }
        for (size_t i = 0; i < n; i++) {
            size_t r = order[i];
            double v = weight ? weight[r] : 1;
            sum_add(&s, v * c[r]);
            sum_add(&w, v);
        }
        mean[j] = sum_value(&s) / sum_value(&w);
    }
}

void cox_curve_at(double *hazard, double *variance, const CoxData *d, const CoxDetail *detail, size_t s, double t, const double *xb,
                  double eta, const double *v, double *scratch)
{
    size_t p = (size_t)d->p;
    CoxStratum q = d->stratum[s];
    double sum = 0, jumps = 0, risk = exp(eta - detail->shift[s]);
    for (size_t j = 0; j < p; j++) scratch[j] = 0;
    for (size_t k = q.block_from; k < q.block_to && d->block[k].time <= t; k++) {
        sum += detail->hazard[k];
        jumps += detail->variance[k];
        for (size_t j = 0; j < p; j++) scratch[j] += detail->mean_hazard[k * p + j];
    }
    for (size_t j = 0; j < p; j++) scratch[j] = xb[j] * sum - scratch[j];
    double form = 0;
    for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) form += scratch[j] * v[k * p + j] * scratch[k];
    *hazard = risk * sum;
    *variance = risk * risk * (jumps + form);
}
