/* stats/finegray.c: proportional subdistribution hazards, by forward and backward sums. */
#include "stats/finegray.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/cox_fit.h"
#include "stats/existence.h"
#include "stats/influence.h"
#include "stats/linalg.h"

enum { ITERATIONS_MAX = 60 };
#define ETA_SUSPECT 18         /* spread of x'b beyond which divergence is looked for */

/* Everything sorted by time. Weight of a row at an event time t: 1 while t <= T; G(t-)/G(T-) beyond it for another event;
 * 0 beyond it otherwise. One `Step` is a factor of the likelihood: Breslow one a time with multiplicity d, Efron d of them in
 * which the failing rows count (1 - share). */
typedef struct { size_t block; double times, share, s0; } Step;
typedef struct { size_t lo, hi, end; double time, deaths, G; int stratum; } Block;      /* rows of one time, G just before it; end of its stratum */

typedef struct {
    size_t n, n_blocks, n_steps;
    int p;
    double *z;                   /* n x p, centred and scaled */
    double *mean, *scale;
    const double *time;          /* sorted */
    int *state;
    double *inv_G;               /* 1/G(T-) of each row, for other events */
    double *weight;              /* of each row; 1 */
    int *cluster;                /* NULL: none */
    size_t n_clusters;
    Block *block;
    Step *step;
    double *zbar;                /* n_steps x p */
    double *eta, *r, *rL;        /* [n] */
    double *score, *info, *work; /* [p], [p*p], scratch [4p] */
    double loglik, shift;
} Problem;

typedef struct { const FineGrayData *d; size_t at; } Ref;

static int by_content(const void *x, const void *y)
{
    const Ref *a = x, *b = y;
    const FineGrayData *d = a->d;
    if (d->stratum && d->stratum[a->at] != d->stratum[b->at]) return d->stratum[a->at] < d->stratum[b->at] ? -1 : 1;
    double s = d->time[a->at], t = d->time[b->at];
    if (s != t) return s < t ? -1 : 1;
    if (d->state[a->at] != d->state[b->at]) return d->state[a->at] < d->state[b->at] ? -1 : 1;
    for (int j = 0; j < d->p; j++) {
        double u = d->x[(size_t)j * d->n + a->at], v = d->x[(size_t)j * d->n + b->at];
        if (u != v) return u < v ? -1 : 1;
    }
    if (d->weight && d->weight[a->at] != d->weight[b->at]) return d->weight[a->at] < d->weight[b->at] ? -1 : 1;
    return 0;
}

static Rc problem_make(Problem *q, const FineGrayData *d, Arena *a, Err *e)
{
    size_t n = d->n, p = (size_t)d->p;
    q->n = n;
    q->p = d->p;
    Ref *ref = ARENA_NEW(a, n, Ref);
    double *time = ARENA_NEW(a, n, double);
    q->z = ARENA_NEW(a, n * p, double);
    q->mean = ARENA_NEW(a, p, double);
    q->scale = ARENA_NEW(a, p, double);
    q->state = ARENA_NEW(a, n, int);
    q->inv_G = ARENA_NEW(a, n, double);
    q->weight = ARENA_NEW(a, n, double);
    q->cluster = d->cluster ? ARENA_NEW(a, n, int) : NULL;
    q->n_clusters = d->n_clusters;
    if (d->cluster && !q->cluster) return err_nomem(e);
    q->block = ARENA_NEW(a, n + 1, Block);
    q->step = ARENA_NEW(a, n + 1, Step);
    q->eta = ARENA_NEW(a, n, double);
    q->r = ARENA_NEW(a, n, double);
    q->rL = ARENA_NEW(a, n, double);
    q->score = ARENA_NEW(a, p, double);
    q->info = ARENA_NEW(a, p * p, double);
    q->work = ARENA_NEW(a, 4 * p, double);
    if (!ref || !time || !q->z || !q->mean || !q->scale || !q->state || !q->inv_G || !q->weight || !q->block || !q->step || !q->eta || !q->r
        || !q->rL || !q->score || !q->info || !q->work)
        return err_nomem(e);
    for (size_t i = 0; i < n; i++) ref[i] = (Ref){ d, i };
    qsort(ref, n, sizeof *ref, by_content);
    for (size_t i = 0; i < n; i++) {
        time[i] = d->time[ref[i].at];
        q->state[i] = d->state[ref[i].at];
        q->weight[i] = d->weight ? d->weight[ref[i].at] : 1;
        if (q->cluster) q->cluster[i] = d->cluster[ref[i].at];
    }
    q->time = time;
    for (size_t j = 0; j < p; j++) {
        double *z = q->z + j * n;
        double most = 0;      /* squares of columns near the end of the range would overflow */
        for (size_t i = 0; i < n; i++) most = fmax(most, fabs(d->x[j * n + ref[i].at]));
        if (!(most > 0)) most = 1;
        for (size_t i = 0; i < n; i++) z[i] = d->x[j * n + ref[i].at] / most;
        double mean = mean_of(z, n), sd;
        Sum ss = { 0 };
        for (size_t i = 0; i < n; i++) { z[i] -= mean; sum_add(&ss, z[i] * z[i]); }
        sd = sqrt(sum_value(&ss) / (double)n);
        if (!(sd > 0)) sd = 1;
        for (size_t i = 0; i < n; i++) z[i] /= sd;
        q->mean[j] = mean * most;
        q->scale[j] = sd * most;
    }
    double G = 1;
    for (size_t lo = 0, hi, end = 0; lo < n; lo = hi) {
        const int stratum = d->stratum ? d->stratum[ref[lo].at] : 0;
        if (lo == end) {
            for (G = 1; end < n && (!d->stratum || d->stratum[ref[end].at] == stratum); end++) continue;
        }
        double events = 0, deaths = 0, weight = 0, censored = 0, left = (double)(end - lo);
        for (hi = lo; hi < end && time[hi] == time[lo]; hi++) {
            censored += q->state[hi] == 0;
            events += q->state[hi] != 0;
            deaths += q->state[hi] == 1;
            weight += q->state[hi] == 1 ? q->weight[hi] : 0;
            q->inv_G[hi] = 1 / G;
        }
        q->block[q->n_blocks] = (Block){ lo, hi, end, time[lo], deaths, G, stratum };
        for (double l = 0; l < (d->efron ? deaths : deaths > 0); l++)
            q->step[q->n_steps++] = (Step){ q->n_blocks, d->efron ? weight / deaths : weight, d->efron ? l / deaths : 0, 0 };
        q->n_blocks++;
        if (censored > 0) G *= d->convention == FINEGRAY_CMPRSK ? 1 - censored / left : 1 - censored / (left - events);
    }
    q->zbar = ARENA_NEW(a, q->n_steps * p + 1, double);
    return q->zbar ? OK : err_nomem(e);
}

static bool begins_stratum(const Problem *q, size_t m)
{
    return m == 0 || q->block[m - 1].end == q->block[m].lo;
}

/* Log-likelihood, score and information at b (standardised columns). */
static void evaluate(Problem *q, const double *b)
{
    size_t n = q->n, p = (size_t)q->p;
    q->shift = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        double s = 0;
        for (size_t j = 0; j < p; j++) s += q->z[j * n + i] * b[j];
        q->eta[i] = s;
        if (s > q->shift) q->shift = s;
    }
    for (size_t i = 0; i < n; i++) q->r[i] = q->weight[i] * exp(q->eta[i] - q->shift);
    /* Sums of those still under observation, from the last time back; of those kept for another event, forward. */
    double *s1 = q->work, *d1 = q->work + p;
    Sum s0 = { 0 };
    size_t k = q->n_steps;
    for (size_t m = q->n_blocks; m-- > 0;) {
        const Block *B = &q->block[m];
        double d0 = 0;
        if (B->hi == B->end) {
            s0 = (Sum){ 0 };
            for (size_t j = 0; j < p; j++) s1[j] = 0;
        }
        for (size_t j = 0; j < p; j++) d1[j] = 0;
        for (size_t i = B->hi; i-- > B->lo;) {
            sum_add(&s0, q->r[i]);
            for (size_t j = 0; j < p; j++) s1[j] += q->r[i] * q->z[j * n + i];
            if (q->state[i] != 1) continue;
            d0 += q->r[i];
            for (size_t j = 0; j < p; j++) d1[j] += q->r[i] * q->z[j * n + i];
        }
        for (; k > 0 && q->step[k - 1].block == m; k--) {
            Step *t = &q->step[k - 1];
            t->s0 = sum_value(&s0) - t->share * d0;
            for (size_t j = 0; j < p; j++) q->zbar[(k - 1) * p + j] = s1[j] - t->share * d1[j];
        }
    }
    Sum c0 = { 0 }, loglik = { 0 };
    double *c1 = q->work, *score = q->score;
    for (size_t j = 0; j < p; j++) score[j] = 0;
    for (size_t j = 0; j < p * p; j++) q->info[j] = 0;
    for (size_t m = 0; m < q->n_blocks; m++) {
        const Block *B = &q->block[m];
        if (begins_stratum(q, m)) {
            c0 = (Sum){ 0 };
            for (size_t j = 0; j < p; j++) c1[j] = 0;
        }
        for (; k < q->n_steps && q->step[k].block == m; k++) {
            Step *t = &q->step[k];
            double *z = q->zbar + k * p;
            t->s0 += B->G * sum_value(&c0);
            for (size_t j = 0; j < p; j++) {
                z[j] = (z[j] + B->G * c1[j]) / t->s0;
                score[j] -= t->times * z[j];
            }
            sum_add(&loglik, -t->times * log(t->s0));
            for (size_t j = 0; j < p; j++)
                for (size_t i = 0; i < p; i++) q->info[j * p + i] -= t->times * z[i] * z[j];
        }
        for (size_t i = B->lo; i < B->hi; i++) {
            if (q->state[i] == 1) {
                sum_add(&loglik, q->weight[i] * (q->eta[i] - q->shift));
                for (size_t j = 0; j < p; j++) score[j] += q->weight[i] * q->z[j * n + i];
            } else if (q->state[i] == 2) {
                sum_add(&c0, q->r[i] * q->inv_G[i]);
                for (size_t j = 0; j < p; j++) c1[j] += q->r[i] * q->inv_G[i] * q->z[j * n + i];
            }
        }
    }
    q->loglik = sum_value(&loglik);
    /* Information: X' diag(r L) X less the products of means; L_i is the weighted cumulative hazard that row i met. */
    double late = 0, hazard = 0;
    for (size_t m = q->n_blocks; m-- > 0;) {
        const Block *B = &q->block[m];
        if (B->hi == B->end) late = 0;
        for (size_t i = B->lo; i < B->hi; i++) q->rL[i] = q->state[i] == 2 ? late * q->inv_G[i] : 0;
        for (; k > 0 && q->step[k - 1].block == m; k--) late += B->G * q->step[k - 1].times / q->step[k - 1].s0;
    }
    for (size_t m = 0; m < q->n_blocks; m++) {
        const Block *B = &q->block[m];
        double own = 0;
        if (begins_stratum(q, m)) hazard = 0;
        for (; k < q->n_steps && q->step[k].block == m; k++) {
            double h = q->step[k].times / q->step[k].s0;
            hazard += h;
            own += q->step[k].share * h;
        }
        for (size_t i = B->lo; i < B->hi; i++) q->rL[i] = q->r[i] * (hazard - (q->state[i] == 1 ? own : 0) + q->rL[i]);
    }
    for (size_t j = 0; j < p; j++)
        for (size_t h = 0; h <= j; h++) {
            double s = 0;
            for (size_t i = 0; i < n; i++) s += q->rL[i] * q->z[j * n + i] * q->z[h * n + i];
            q->info[j * p + h] += s;
            if (h != j) q->info[h * p + j] = q->info[j * p + h];
        }
}

/* Does the maximum exist? Who had another event stays at risk for ever with a positive weight, so the likelihood rises along the
 * same directions as Cox's with those times moved behind all others. signs[p]: -1, 0, 1 in the caller's columns. */
static Rc certify(bool *separated, double *signs, const FineGrayData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = d->n, p = (size_t)d->p;
    double *time = ARENA_NEW(a, n, double), *event = ARENA_NEW(a, n, double), *raw = ARENA_NEW(a, p, double), last = 0;
    Ref *ref = ARENA_NEW(a, n, Ref);
    size_t *order = ARENA_NEW(a, n, size_t);
    int *state = ARENA_NEW(a, n, int);
    CoxData cox = { 0 };
    Existence ex = { 0 };
    if (!time || !event || !raw || !ref || !order || !state) return err_nomem(e);
    for (size_t i = 0; i < n; i++) last = fmax(last, d->time[i]);
    for (size_t i = 0; i < n; i++) {
        time[i] = d->state[i] == 2 ? 2 * last + 1 : d->time[i];
        event[i] = state[i] = d->state[i] == 1;
    }
    FineGrayData moved = *d;
    moved.time = time;
    moved.state = state;
    for (size_t i = 0; i < n; i++) ref[i] = (Ref){ &moved, i };
    qsort(ref, n, sizeof *ref, by_content);
    for (size_t i = 0; i < n; i++) order[i] = ref[i].at;
    CoxInput in = { .n = n, .p = d->p, .x = d->x, .time = time, .event = event, .order = order,
                    .stratum = d->stratum, .ties = d->efron ? TIES_EFRON : TIES_BRESLOW };
    TRY(cox_data_init(&cox, &in, a, e));
    TRY(existence_cox(&ex, &cox, a, e));
    *separated = ex.separated;
    if (!ex.separated) goto out;
    cox_to_columns(raw, &cox, ex.direction);
    existence_signs(signs, raw, cox.scale, d->p);
out:
    return rc;
}

static Rc newton(FineGrayFit *out, Problem *q, double *b, const FineGrayData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t p = (size_t)q->p;
    double *L = ARENA_NEW(a, p * p, double), *step = ARENA_NEW(a, p, double), *trial = ARENA_NEW(a, p, double), last = INFINITY;
    if (!L || !step || !trial) return err_nomem(e);
    evaluate(q, b);
    out->loglik_null = q->loglik;
    bool asked = false;
    while (out->iterations < ITERATIONS_MAX) {
        memcpy(L, q->info, p * p * sizeof *L);
        double lo = INFINITY, hi = -INFINITY;
        for (size_t i = 0; i < q->n; i++) { lo = fmin(lo, q->eta[i]); hi = fmax(hi, q->eta[i]); }
        rc = linalg_cholesky(L, q->p, e);
        if (!asked && (rc == ERR_ESTIMATE || hi - lo > ETA_SUSPECT)) {
            double *signs = ARENA_NEW(a, p, double);
            bool separated = false;
            asked = true;
            if (!signs) { rc = err_nomem(e); goto out; }
            Rc own = certify(&separated, signs, d, a, e);
            if (own != OK) { rc = own; goto out; }
            if (separated) out->direction = signs;
        }
        /* Along a ray the information dies out in the end; the likelihood is then at its supremum. */
        if (rc == ERR_ESTIMATE && out->direction) { rc = OK; break; }
        if (rc != OK) goto out;
        memcpy(step, q->score, p * sizeof *step);
        linalg_cholesky_solve(L, q->p, step, 1);
        double decrement = 0, loglik = q->loglik, f = 1;
        for (size_t j = 0; j < p; j++) decrement += step[j] * q->score[j];
        if (out->iterations == 0) out->score_chisq = decrement;
        /* The largest score times its standard error is at most the root of the decrement. At the floor of rounding it
         * stops shrinking. */
        if (decrement < 1e-24 || (decrement < 1e-16 && decrement > last / 4)) { out->converged = true; break; }
        last = decrement;
        for (int half = 0; half < 40; half++, f /= 2) {
            for (size_t j = 0; j < p; j++) trial[j] = b[j] + f * step[j];
            evaluate(q, trial);
            if (isfinite(q->loglik) && q->loglik >= loglik - 1e-12 * fabs(loglik)) break;
        }
        memcpy(b, trial, p * sizeof *b);
        out->iterations++;
    }
out:
    return rc;
}

/* Influence of each row on the score, times its weight, n x p: what it adds itself, and (cmprsk) through the censoring curve. */
static Rc influence(double *u, const Problem *q, FineGrayConvention convention, Arena *a, Err *e)
{
    size_t n = q->n, p = (size_t)q->p, K = q->n_steps;
    /* tail1[m], tail0[m]: sums over events after block m of G h zbar and G h, for rows that outlive their other event. */
    double *tail0 = ARENA_NEW(a, q->n_blocks + 1, double), *tail1 = ARENA_NEW(a, (q->n_blocks + 1) * p, double);
    double *M = ARENA_NEW(a, 2 * p, double), *own = M ? M + p : NULL;
    if (!tail0 || !tail1 || !M) return err_nomem(e);
    size_t k = K;
    for (size_t m = q->n_blocks; m-- > 0;) {
        const bool last = q->block[m].hi == q->block[m].end;
        tail0[m] = last ? 0 : tail0[m + 1];
        for (size_t j = 0; j < p; j++) tail1[m * p + j] = last ? 0 : tail1[(m + 1) * p + j];
        for (; k > 0 && q->step[k - 1].block > m; k--) {
            if (last) continue;
            double h = q->block[q->step[k - 1].block].G * q->step[k - 1].times / q->step[k - 1].s0;
            tail0[m] += h;
            for (size_t j = 0; j < p; j++) tail1[m * p + j] += h * q->zbar[(k - 1) * p + j];
        }
    }
    k = 0;
    double L = 0;
    for (size_t m = 0; m < q->n_blocks; m++) {
        const Block *B = &q->block[m];
        size_t first = k;
        double own0 = 0;
        for (size_t j = 0; j < p; j++) own[j] = 0;
        if (begins_stratum(q, m)) {
            L = 0;
            for (size_t j = 0; j < p; j++) M[j] = 0;
        }
        for (; k < K && q->step[k].block == m; k++) {
            double h = q->step[k].times / q->step[k].s0;
            L += h;
            own0 += q->step[k].share * h;
            for (size_t j = 0; j < p; j++) {
                M[j] += h * q->zbar[k * p + j];
                own[j] += q->step[k].share * h * q->zbar[k * p + j];
            }
        }
        for (size_t i = B->lo; i < B->hi; i++)
            for (size_t j = 0; j < p; j++) {
                double z = q->z[j * n + i], v = -q->r[i] * (z * L - M[j]);
                if (q->state[i] == 1) {
                    double mean = 0;
                    for (size_t s = first; s < k; s++) mean += q->zbar[s * p + j];
                    v += q->weight[i] * (z - mean / (double)(k - first)) + q->r[i] * (z * own0 - own[j]);
                } else if (q->state[i] == 2) {
                    v -= q->r[i] * q->inv_G[i] * (z * tail0[m] - tail1[m * p + j]);
                }
                u[j * n + i] = v;
            }
    }
    if (convention != FINEGRAY_CMPRSK) return OK;
    /* A censoring at u moves the weight, at all events s >= u, of everybody whose other event came before u (the indicator
     * s >= u > T of Fine & Gray's appendix, equal to cmprsk at ties). */
    double c0 = 0, *c1 = ARENA_NEW(a, p, double), *drift = ARENA_NEW(a, p, double);
    if (!c1 || !drift) return err_nomem(e);
    for (size_t m = 0; m < q->n_blocks; m++) {
        const Block *B = &q->block[m];
        double censored = 0, at_risk = (double)(B->end - B->lo);
        if (begins_stratum(q, m)) {
            c0 = 0;
            for (size_t j = 0; j < p; j++) c1[j] = drift[j] = 0;
        }
        for (size_t i = B->lo; i < B->hi; i++) censored += q->state[i] == 0;
        for (size_t j = 0; j < p && censored > 0; j++) {
            double late0 = tail0[m > 0 ? m - 1 : 0], late1 = tail1[(m > 0 ? m - 1 : 0) * p + j];
            double w = (c1[j] * late0 - c0 * late1) / at_risk;
            drift[j] += w * censored / at_risk;
            for (size_t i = B->lo; i < B->hi; i++)
                if (q->state[i] == 0) u[j * n + i] += w;
        }
        for (size_t j = 0; j < p; j++)
            for (size_t i = B->lo; i < B->hi; i++) u[j * n + i] -= drift[j];
        for (size_t i = B->lo; i < B->hi; i++) {
            if (q->state[i] != 2) continue;
            c0 += q->r[i] * q->inv_G[i];
            for (size_t j = 0; j < p; j++) c1[j] += q->r[i] * q->inv_G[i] * q->z[j * n + i];
        }
    }
    return OK;
}

static Rc finish(FineGrayFit *out, Problem *q, const double *b, FineGrayConvention convention, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = q->n, p = (size_t)q->p;
    double *L = ARENA_NEW(a, p * p, double), *inv = ARENA_NEW(a, p * p, double), *u = ARENA_NEW(a, n * p, double),
           *meat = ARENA_NEW(a, p * p, double), *v = ARENA_NEW(a, p * p, double);
    out->coef = ARENA_NEW(a, p, double);
    out->se = ARENA_NEW(a, p, double);
    out->step_time = ARENA_NEW(a, q->n_steps, double);
    out->cumhaz = ARENA_NEW(a, q->n_steps, double);
    out->step_stratum = ARENA_NEW(a, q->n_steps, int);
    if (!L || !inv || !u || !meat || !v || !out->coef || !out->se || !out->step_time || !out->cumhaz || !out->step_stratum)
        return err_nomem(e);
    out->loglik = q->loglik;
    out->condition = linalg_scaled_condition(q->info, q->p);
    memcpy(L, q->info, p * p * sizeof *L);
    TRY(linalg_cholesky(L, q->p, e));
    linalg_cholesky_inverse(inv, L, q->p);
    for (size_t j = 0; j < p; j++) out->max_abs_score = fmax(out->max_abs_score, fabs(q->score[j]) * sqrt(inv[j * p + j]));
    TRY(influence(u, q, convention, a, e));
    for (size_t j = 0; j < p; j++)
        for (size_t h = 0; h <= j; h++) {
            TRY(influence_product(&meat[j * p + h], u + j * n, u + h * n, &(Clusters){ n, q->cluster, q->n_clusters }, e));
            meat[h * p + j] = meat[j * p + h];
        }
    linalg_gemm_nn(v, inv, meat, q->p, q->p, q->p, 1, 0);
    linalg_gemm_nn(meat, v, inv, q->p, q->p, q->p, 1, 0);
    for (size_t j = 0; j < p; j++) out->se[j] = sqrt(meat[j * p + j]) / q->scale[j];
    for (size_t j = 0; j < p; j++)
        for (size_t h = 0; h < p; h++) {
            double f = q->scale[j] * q->scale[h];
            v[h * p + j] = (meat[h * p + j] + meat[j * p + h]) / 2 / f;
            inv[h * p + j] /= f;
        }
    out->vcov = v;
    out->information_inverse = inv;
    double offset = 0;
    for (size_t j = 0; j < p; j++) {
        out->coef[j] = b[j] / q->scale[j];
        offset += out->coef[j] * q->mean[j];
    }
    double hazard = 0;
    const Block *was = NULL;
    for (size_t k = 0; k < q->n_steps; k++) {
        const Block *B = &q->block[q->step[k].block];
        if (!was || was->stratum != B->stratum) hazard = 0;
        hazard += q->step[k].times / q->step[k].s0 * exp(-q->shift - offset);
        if (was != B) {
            out->step_stratum[out->n_steps] = B->stratum;
            out->step_time[out->n_steps++] = B->time;
        }
        out->cumhaz[out->n_steps - 1] = hazard;
        was = B;
    }
out:
    return rc;
}

Rc finegray_fit(FineGrayFit *out, const FineGrayData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    Problem q = { 0 };
    *out = (FineGrayFit){ 0 };
    TRY(problem_make(&q, d, a, e));
    double *b = ARENA_NEW(a, (size_t)d->p, double);
    if (!b) { rc = err_nomem(e); goto out; }
    TRY(newton(out, &q, b, d, a, e));
    if (out->direction) {
        out->converged = false;
        out->loglik = q.loglik;
        out->coef = ARENA_NEW(a, (size_t)d->p, double);
        if (!out->coef) { rc = err_nomem(e); goto out; }
        for (int j = 0; j < d->p; j++) out->coef[j] = NAN;
        goto out;
    }
    TRY(finish(out, &q, b, d->convention, a, e));
out:
    return rc;
}

double finegray_incidence(const FineGrayFit *f, int stratum, double t, double eta)
{
    size_t lo = 0, hi = f->n_steps;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const int s = f->step_stratum[mid];
        if (s < stratum || (s == stratum && f->step_time[mid] <= t)) lo = mid + 1; else hi = mid;
    }
    return lo == 0 || f->step_stratum[lo - 1] != stratum ? 0 : -expm1(-f->cumhaz[lo - 1] * exp(eta));
}
