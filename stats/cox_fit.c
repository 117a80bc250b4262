/* stats/cox_fit.c: log partial likelihood with its derivatives, and its maximum.
 * The information is one weighted cross product minus rank-one terms: sum_k d_k S2/S0 = X' diag(r_i L_i) X, with L_i the hazard
 * that row i meets; minus sum_k d_k xbar_k xbar_k'. For Efron's d steps at a tied time xbar_l is a combination of the sums over
 * the risk set and over the deaths, so they close to two rank-one terms a time. */
#include "stats/cox_fit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "stats/cross.h"
#include "stats/linalg.h"

enum { ITERATIONS_MAX = 60, HALVINGS_MAX = 40, LARGE_TABLE = 50000 };

/* eta of rows from … to-1. Four at a time: each sum waits for itself alone, and has the order of its own row, so equal rows have equal bits. */
static void predictors(CoxData *d, const double *g, size_t from, size_t to)
{
    size_t p = (size_t)d->p, i = from;
    for (; i + 4 <= to; i += 4) {
        const double *a = d->x + i * p, *b = a + p, *c = b + p, *e = c + p;
        double s[4] = { 0 };
        if (d->offset) memcpy(s, d->offset + i, sizeof s);
        for (size_t j = 0; j < p; j++) {
            const double gj = g[j];
            s[0] += a[j] * gj;
            s[1] += b[j] * gj;
            s[2] += c[j] * gj;
            s[3] += e[j] * gj;
        }
        memcpy(d->eta + i, s, sizeof s);
    }
    for (; i < to; i++) {
        double eta = d->offset ? d->offset[i] : 0;
        const double *x = d->x + i * p;
        for (size_t j = 0; j < p; j++) eta += x[j] * g[j];
        d->eta[i] = eta;
    }
}

/* eta, and r = w exp(eta - largest eta of the stratum). */
static bool risks(CoxData *d, const double *g)
{
    d->shift_at_most = 0;
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        double largest = -INFINITY, least = INFINITY;
        predictors(d, g, t.row_from, t.row_to);
        for (size_t i = t.row_from; i < t.row_to; i++) {
            const double eta = d->eta[i];
            if (!(eta - eta == 0)) return false;               /* infinite or not a number */
            if (eta > largest) largest = eta;
            if (eta < least) least = eta;
        }
        if (!isfinite(largest) || !isfinite(least)) return false;
        if (largest - least > d->shift_at_most) d->shift_at_most = largest - least;
        d->shift[s] = largest;
        for (size_t i = t.row_from; i < t.row_to; i++) {
            d->eta[i] -= largest;
            d->r[i] = (d->w ? d->w[i] : 1) * exp(d->eta[i]);
        }
    }
    return true;
}

/* Sums over the risk set as time runs backwards. Long double where rows leave again, so that little is lost in the difference. */
typedef struct {
    const CoxData *d;
    size_t next, next_start, row_from;     /* one past the next row to enter, to leave */
    long double s0;
    double *s1;
} RiskSet;

static void risk_set_begin(RiskSet *q, const CoxData *d, CoxStratum t, double *s1)
{
    *q = (RiskSet){ d, t.row_to, t.row_to, t.row_from, 0, s1 };
    memset(s1, 0, (size_t)d->p * sizeof *s1);
}

static void risk_set_at(RiskSet *q, size_t from, double time)
{
    const CoxData *d = q->d;
    size_t p = (size_t)d->p;
    for (; q->next > from; q->next--) {
        size_t i = q->next - 1;
        const double r = d->r[i], *x = d->x + i * p;
        q->s0 += r;
        for (size_t j = 0; j < p; j++) q->s1[j] += r * x[j];
    }
    if (!d->by_start) return;
    for (; q->next_start > q->row_from && d->start[d->by_start[q->next_start - 1]] >= time; q->next_start--) {
        size_t i = d->by_start[q->next_start - 1];
        const double r = d->r[i], *x = d->x + i * p;
        q->s0 -= r;
        for (size_t j = 0; j < p; j++) q->s1[j] -= r * x[j];
    }
}

/* One event time: its terms of the log-likelihood, its hazard jumps, and the vectors whose squares are its rank-one terms. */
static bool at_event(CoxData *d, size_t k, const RiskSet *q, double multiplier, double *loglik, double *rank, size_t *n_rank)
{
    const CoxBlock *b = &d->block[k];
    size_t p = (size_t)d->p, deaths = b->to - b->first_death;
    double s0 = (double)q->s0, s0d = 0;
    if (!(s0 > 0) || !isfinite(s0)) return false;
    for (size_t i = b->first_death; i < b->to; i++) *loglik += (d->w ? d->w[i] : 1) * d->eta[i];
    if (d->ties == TIES_BRESLOW || deaths == 1) {
        double jump = b->deaths_weight / s0;
        *loglik -= b->deaths_weight * log(s0);
        d->hazard[k] = jump * multiplier;
        d->hazard_death[k] = jump * multiplier;
        if (!rank) return true;
        double c = sqrt(b->deaths_weight * fabs(multiplier)) / s0;
        for (size_t j = 0; j < p; j++) rank[*n_rank * p + j] = c * q->s1[j];
        ++*n_rank;
        return true;
    }
    memset(d->s1_deaths, 0, p * sizeof(double));
    for (size_t i = b->first_death; i < b->to; i++) {
        s0d += d->r[i];
        for (size_t j = 0; j < p; j++) d->s1_deaths[j] += d->r[i] * d->x[i * p + j];
    }
    double mean_weight = b->deaths_weight / (double)deaths, hazard = 0, hazard_death = 0, A = 0, B = 0, C = 0;
    for (size_t l = 0; l < deaths; l++) {
        double f = (double)l / (double)deaths, c = s0 - f * s0d;
        if (!(c > 0)) return false;
        *loglik -= mean_weight * log(c);
        hazard += mean_weight / c;
        hazard_death += mean_weight * (1 - f) / c;
        A += mean_weight / (c * c);
        B += mean_weight * f / (c * c);
        C += mean_weight * f * f / (c * c);
    }
    d->hazard[k] = hazard * multiplier;
    d->hazard_death[k] = hazard_death * multiplier;
    if (!rank) return true;
    /* A S1 S1' - B (S1 D' + D S1') + C D D' as two squares. */
    double m = sqrt(fabs(multiplier)), a = sqrt(A) * m, rest = C - B * B / A;
    rest = rest > 0 ? sqrt(rest) * m : 0;
    for (size_t j = 0; j < p; j++) {
        rank[*n_rank * p + j] = a * (q->s1[j] - B / A * d->s1_deaths[j]);
        rank[(*n_rank + 1) * p + j] = rest * d->s1_deaths[j];
    }
    *n_rank += 2;
    return true;
}

/* Hazard that each row meets, times r: rl. Rows of a tied death meet less of it at their own time. */
static void hazards_met(CoxData *d, CoxStratum t)
{
    double total = 0;
    for (size_t k = t.block_from; k < t.block_to; k++) {
        double jump = d->hazard[k], before = total;
        total += jump;
        d->hazard[k] = total;
        d->hazard_death[k] += before;
    }
    for (size_t i = t.row_from; i < t.row_to; i++) {
        double before = d->enter[i] > t.block_from ? d->hazard[d->enter[i] - 1] : 0;
        double met = d->leave[i] <= d->enter[i] ? before : d->event[i] ? d->hazard_death[d->leave[i] - 1] : d->hazard[d->leave[i] - 1];
        d->rl[i] = d->r[i] * (met - before);
    }
}

bool cox_evaluate(CoxData *d, const double *g, double *loglik, double *score, double *info, const double *multiplier)
{
    size_t p = (size_t)d->p, rank = 0;
    double sum = 0;
    if (d->ties == TIES_EXACT) return cox_evaluate_exact(d, g, loglik, score, info);
    if (!risks(d, g)) return false;
    if (info) memset(info, 0, p * p * sizeof *info);
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        RiskSet q;
        risk_set_begin(&q, d, t, d->s1);
        for (size_t k = t.block_to; k-- > t.block_from;) {
            risk_set_at(&q, d->block[k].from, d->block[k].time);
            if (!at_event(d, k, &q, multiplier ? multiplier[k] : 1, &sum, info ? d->rank : NULL, &rank)) return false;
        }
        if (score || info) hazards_met(d, t);
    }
    if (loglik) *loglik = sum;
    if (!isfinite(sum)) return false;
    if (score)
        for (size_t i = 0; i < d->n; i++)
            d->martingale[i] = (d->event[i] ? (d->w ? d->w[i] : 1) * (multiplier ? multiplier[d->leave[i] - 1] : 1) : 0) - d->rl[i];
    if (score && !info) {
        memset(score, 0, p * sizeof *score);
        for (size_t i = 0; i < d->n; i++)
            for (size_t j = 0; j < p; j++) score[j] += d->martingale[i] * d->x[i * p + j];
    }
    if (info) {
        cross_weighted_sums(info, score, d->x, d->rl, d->martingale, d->n, p, d->scaled);
        cross_subtract(info, d->rank, rank, p);
    }
    return true;
}

/* ---- maximum */

typedef struct { const double *ridge; double *beta; } Penalty;

static bool objective(CoxData *d, const Penalty *pen, const double *g, double *value, double *score, double *info)
{
    int p = d->p;
    if (!cox_evaluate(d, g, value, score, info, NULL)) return false;
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

/* Largest score times standard error over the caller's columns. */
static double largest_score(const CoxData *d, const double *score, const double *vg, double *u)
{
    int p = d->p;
    double largest = 0;
    /* Score of column j is that of g carried back: u = T^-T score; T is upper triangular. */
    for (int j = 0; j < p; j++) {
        double s = score[j];
        for (int k = 0; k < j; k++) s -= d->T[j * p + k] * u[k];
        u[j] = s / d->T[j * p + j];
    }
    for (int i = 0; i < p; i++) {
        double v = 0;
        for (int j = i; j < p; j++) for (int q = i; q < p; q++) v += d->T[j * p + i] * vg[q * p + j] * d->T[q * p + i];
        double x = fabs(u[i]) * sqrt(fmax(v, 0));
        if (x > largest) largest = x;
    }
    return largest;
}

/* A maximum exists where the Newton decrement is small against how fast the information can change: with R the largest
 * |(x_i - x_j)'d| over rows for a step d of length 1 in the information's norm, decrement * R < 1/2 is enough. R is bounded by twice
 * the longest row times the root of the largest eigenvalue of the covariance. */
static bool certificate(const CoxData *d, const double *vg, double decrement, double *room, double *w)
{
    size_t p = (size_t)d->p;
    double longest = 0, size = 0, trace = 0;
    Err ignored = { 0 };
    for (size_t j = 0; j < p; j++) trace += vg[j * p + j];
    memcpy(room, vg, p * p * sizeof *room);
    if (linalg_symmetric_eigen(w, room, (int)p, &ignored) != OK) return false;
    for (size_t i = 0; i < d->n; i++) {
        const double *x = d->x + i * p;
        double s = 0;
        for (size_t j = 0; j < p; j++) s += x[j] * x[j];
        if (s > longest) longest = s;
    }
    size = sqrt(longest);
    /* What rounding hides in the score: where the likelihood rises for ever it is all that is left of it. */
    decrement += 1e-14 * (double)(d->n_events + 1) * size * sqrt(trace);
    return decrement * 2 * sqrt(longest * w[p - 1]) < .25;
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
        linalg_cholesky_inverse(m->vcov, L, p);
        m->max_abs_score = largest_score(d, m->score, m->vcov, step);
        memcpy(step, m->score, (size_t)p * sizeof *step);
        linalg_cholesky_solve(L, p, step, 1);
        double decrement = 0;
        for (int j = 0; j < p; j++) decrement += step[j] * m->score[j];
        decrement = sqrt(fmax(decrement, 0));
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
        double value = 0;
        bool moved = false;
        for (int half = 0; half < HALVINGS_MAX && !moved; half++) {
            double f = ldexp(1, -half);
            for (int j = 0; j < p; j++) trial[j] = m->g[j] + f * step[j];
            moved = objective(d, &pen, trial, &value, score, info) && (value >= m->loglik - 1e-12 * (1 + fabs(m->loglik)));
            if (last && half == 0 && !moved) return OK;
        }
        if (!moved) return OK;
        if (last) {
            /* Keep the better of two places that differ by rounding alone. */
            memcpy(L, info, (size_t)(p * p) * sizeof *L);
            if (linalg_cholesky(L, p, &ignored) != OK) return OK;
        }
        memcpy(m->g, trial, (size_t)p * sizeof *trial);
        memcpy(m->score, score, (size_t)p * sizeof *score);
        memcpy(m->info, info, (size_t)(p * p) * sizeof *info);
        m->loglik = value;
        m->iterations++;
    }
    return OK;
}

/* ---- by event block */

Rc cox_detail(CoxDetail *out, CoxData *d, const double *g, Arena *a, Err *e)
{
    size_t p = (size_t)d->p, K = d->n_blocks;
    *out = (CoxDetail){ .shift = ARENA_NEW(a, d->n_strata + 1, double), .hazard = ARENA_NEW(a, K + 1, double),
                        .hazard_death = ARENA_NEW(a, K + 1, double), .variance = ARENA_NEW(a, K + 1, double),
                        .mean = ARENA_NEW(a, p * K + 1, double), .mean_hazard = ARENA_NEW(a, p * K + 1, double),
                        .mean_hazard_death = ARENA_NEW(a, p * K + 1, double) };
    if (!out->shift || !out->hazard || !out->hazard_death || !out->variance || !out->mean || !out->mean_hazard ||
        !out->mean_hazard_death) return err_nomem(e);
    if (!risks(d, g)) return err_set(e, ERR_ESTIMATE, "the linear predictor is not finite");
    memcpy(out->shift, d->shift, d->n_strata * sizeof(double));
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        RiskSet q;
        risk_set_begin(&q, d, t, d->s1);
        for (size_t k = t.block_to; k-- > t.block_from;) {
            const CoxBlock *b = &d->block[k];
            size_t deaths = b->to - b->first_death;
            risk_set_at(&q, b->from, b->time);
            double s0 = (double)q.s0, s0d = 0;
            bool steps = d->ties == TIES_EFRON && deaths > 1;
            memset(d->s1_deaths, 0, p * sizeof(double));
            for (size_t i = b->first_death; steps && i < b->to; i++) {
                s0d += d->r[i];
                for (size_t j = 0; j < p; j++) d->s1_deaths[j] += d->r[i] * d->x[i * p + j];
            }
            size_t m = steps ? deaths : 1;
            double weight = b->deaths_weight / (double)m;
            for (size_t l = 0; l < m; l++) {
                double f = (double)l / (double)m, c = s0 - f * s0d, jump = weight / c;
                out->hazard[k] += jump;
                out->hazard_death[k] += jump * (1 - f);
                out->variance[k] += weight / (c * c);
                for (size_t j = 0; j < p; j++) {
                    double mean = (q.s1[j] - f * d->s1_deaths[j]) / c;
                    out->mean[k * p + j] += mean / (double)m;
                    out->mean_hazard[k * p + j] += mean * jump;
                    out->mean_hazard_death[k * p + j] += mean * jump * (1 - f);
                }
            }
        }
    }
    return OK;
}

Rc cox_score_residuals(double *score, double *martingale, CoxData *d, const double *g, const CoxDetail *detail, Err *e)
{
    size_t p = (size_t)d->p, K = d->n_blocks;
    Rc rc = OK;
    Arena scratch = { 0 };
    /* Running sums over the blocks of a stratum, up to and with block k. */
    double *hazard = ARENA_NEW(&scratch, K + 1, double), *mean = ARENA_NEW(&scratch, p * K + 1, double);
    if (!hazard || !mean) { rc = err_nomem(e); goto out; }
    if (!risks(d, g)) { rc = err_set(e, ERR_ESTIMATE, "the linear predictor is not finite"); goto out; }
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        for (size_t k = t.block_from; k < t.block_to; k++) {
            hazard[k] = detail->hazard[k] + (k > t.block_from ? hazard[k - 1] : 0);
            for (size_t j = 0; j < p; j++)
                mean[k * p + j] = detail->mean_hazard[k * p + j] + (k > t.block_from ? mean[(k - 1) * p + j] : 0);
        }
        for (size_t i = t.row_from; i < t.row_to; i++) {
            double risk = exp(d->eta[i]), met = 0;
            size_t last = d->leave[i], first = d->enter[i];
            bool any = last > first;
            const double *x = d->x + i * p;
            if (any) {
                met = hazard[last - 1] - (first > t.block_from ? hazard[first - 1] : 0);
                if (d->event[i]) met += detail->hazard_death[last - 1] - detail->hazard[last - 1];
            }
            if (martingale) martingale[i] = d->event[i] - risk * met;
            if (!score) continue;
            for (size_t j = 0; j < p; j++) {
                double xbar = 0, u = 0;
                if (any) {
                    xbar = mean[(last - 1) * p + j] - (first > t.block_from ? mean[(first - 1) * p + j] : 0);
                    if (d->event[i]) xbar += detail->mean_hazard_death[(last - 1) * p + j] - detail->mean_hazard[(last - 1) * p + j];
                }
                if (d->event[i]) u = x[j] - detail->mean[(last - 1) * p + j];
                score[i * p + j] = u - risk * (x[j] * met - xbar);
            }
        }
    }
out:
    arena_free(&scratch);
    return rc;
}
