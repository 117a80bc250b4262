/* stats/cox_fit.c: log partial likelihood with its derivatives.
 * The information is one weighted cross product minus rank-one terms: sum_k d_k S2/S0 = X' diag(r_i L_i) X, with L_i the hazard
 * that row i meets; minus sum_k d_k xbar_k xbar_k'. For Efron's d steps at a tied time xbar_l is a combination of the sums over
 * the risk set and over the deaths, so they close to two rank-one terms a time.
 * The hazards need the risks alone; then one sweep over the rows, from the last time to the first, gives all that has x in it. */
#include "stats/cox_fit.h"

#include <math.h>
#include <string.h>

#include "core/lanes_exp.h"
#include "core/sum.h"
#include "stats/rows.h"

/* A risk set that weighs less than this against the largest risk of its stratum holds only risks that are not told from 0. */
static const double LEAST_WEIGHT = 1e-290;

/* ---- risks */

/* Least and largest of n > 0 numbers; false where one is infinite or none. */
static FOR_EACH_WIDTH bool spread(double *least, double *largest, const double *x, size_t n)
{
    Lanes low = lanes_all(x[0]), high = low, odd = 0 * low;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const Lanes v = lanes_at(x + i);
        low = lanes_select(v < low, v, low);
        high = lanes_select(v > high, v, high);
        odd += 0 * v;                        /* 0, or NaN for ever */
    }
    double l = low[0], h = high[0], sum = odd[0];
    for (int k = 1; k < LANES; k++) { l = low[k] < l ? low[k] : l; h = high[k] > h ? high[k] : h; sum += odd[k]; }
    for (; i < n; i++) { l = x[i] < l ? x[i] : l; h = x[i] > h ? x[i] : h; sum += 0 * x[i]; }
    *least = l;
    *largest = h;
    return sum == 0;
}

static inline __attribute__((always_inline)) Lanes risk_of(Lanes eta)
{
    return lanes_select(eta < -708, lanes_all(0), lanes_exp(eta));
}

/* eta less shift, and r = w exp of it. */
static FOR_EACH_WIDTH void exponentials(double *r, double *eta, const double *w, double shift, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const Lanes v = lanes_at(eta + i) - shift, risk = risk_of(v);
        lanes_put(eta + i, v);
        lanes_put(r + i, w ? lanes_at(w + i) * risk : risk);
    }
    if (i == n) return;
    Lanes v = { 0 };
    memcpy(&v, eta + i, (n - i) * sizeof *eta);
    v -= shift;
    const Lanes risk = risk_of(v);
    for (size_t k = 0; i < n; i++, k++) { eta[i] = v[k]; r[i] = w ? w[i] * risk[k] : risk[k]; }
}

bool cox_risks(CoxData *d, const double *g)
{
    const size_t p = (size_t)d->p;
    bool zero = true;
    if (d->risks_known && memcmp(d->risks_at, g, p * sizeof *g) == 0) return true;
    d->risks_known = false;
    for (size_t j = 0; j < p; j++) zero = zero && g[j] == 0;
    if (!zero) rows_dot(d->eta, d->x, g, d->offset, d->n, p);
    else if (d->offset) memcpy(d->eta, d->offset, d->n * sizeof *d->eta);
    else memset(d->eta, 0, d->n * sizeof *d->eta);
    for (size_t s = 0; s < d->n_strata; s++) {
        const CoxStratum t = d->stratum[s];
        const size_t n = t.row_to - t.row_from;
        double least;
        if (!spread(&least, &d->shift[s], d->eta + t.row_from, n)) return false;
        exponentials(d->r + t.row_from, d->eta + t.row_from, d->w ? d->w + t.row_from : NULL, d->shift[s], n);
    }
    memcpy(d->risks_at, g, p * sizeof *g);
    d->risks_known = true;
    return true;
}

/* ---- terms of the event times */

static double total(Lanes s)
{
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

static FOR_EACH_WIDTH double long_sum(const double *x, size_t n)
{
    Lanes s = { 0 };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) s += lanes_at(x + i);
    double sum = total(s);
    for (; i < n; i++) sum += x[i];
    return sum;
}

/* x_0 + x_1 + … + x_n-1; most are few. */
static inline double small_sum(const double *x, size_t n)
{
    double sum = 0;
    if (n >= LANES) return long_sum(x, n);
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum;
}

/* Efron's steps, eight at a time. */
static FOR_EACH_WIDTH bool many_steps(CoxSteps *out, size_t deaths, double s0, double s0d)
{
    enum { VECTORS = 4 };      /* the logarithm is taken of 32 factors at once: each lies between 1/deaths and 1 */
    const double each = 1 / (double)deaths, inverse = 1 / s0;
    Lanes c1 = { 0 }, f1 = { 0 }, c2 = { 0 }, f2 = { 0 }, ff2 = { 0 };
    LanesMask bad = { 0 };
    *out = (CoxSteps){ .product = 1 };
    for (size_t from = 0; from < deaths; from += VECTORS * LANES) {
        Lanes product = lanes_all(1);
        for (size_t l = from; l < deaths && l < from + VECTORS * LANES; l += LANES) {
            const Lanes step = (double)l + (Lanes){ 0, 1, 2, 3, 4, 5, 6, 7 }, f = step * each, c = s0 - f * s0d;
            const LanesMask there = step < (double)deaths;
            const Lanes jump = lanes_select(there, 1 / c, lanes_all(0)), jump2 = jump * jump;
            bad |= there & ~(LanesMask)(c > 0);
            c1 += jump;
            f1 += f * jump;
            c2 += jump2;
            f2 += f * jump2;
            ff2 += f * f * jump2;
            product *= lanes_select(there, c * inverse, lanes_all(1));
        }
        double all = 1;
        for (int k = 0; k < LANES; k++) all *= product[k];
        if (from == 0) out->product = all; else out->log += log(all);
    }
    out->c1 = total(c1);
    out->f1 = total(f1);
    out->c2 = total(c2);
    out->f2 = total(f2);
    out->ff2 = total(ff2);
    for (int k = 0; k < LANES; k++) if (bad[k]) return false;
    return true;
}

bool cox_efron_steps(CoxSteps *out, size_t deaths, double s0, double s0d)
{
    enum { FEW = 4 };
    if (deaths > FEW) return many_steps(out, deaths, s0, s0d);
    const double each = 1 / (double)deaths, jump0 = 1 / s0;
    CoxSteps q = { .c1 = jump0, .c2 = jump0 * jump0, .product = 1 };
    for (size_t l = 1; l < deaths; l++) {
        const double f = (double)l * each, c = s0 - f * s0d, jump = 1 / c, jump2 = jump * jump;
        if (!(c > 0)) return false;
        q.c1 += jump;
        q.f1 += f * jump;
        q.c2 += jump2;
        q.f2 += f * jump2;
        q.ff2 += f * f * jump2;
        q.product *= c * jump0;
    }
    *out = q;
    return s0 > 0;
}

/* The log-likelihood's sum under way, with factors whose logarithm is still to be taken from it. */
typedef struct { Sum sum; double product; } Loglik;

static void divide(Loglik *l, double by)
{
    static const double LARGE = 1e100;
    if (by > 1 / LARGE && by < LARGE) {
        l->product *= by;
        if (l->product > 1 / LARGE && l->product < LARGE) return;
        by = l->product;
        l->product = 1;
    }
    sum_add(&l->sum, -log(by));
}

/* As many times. */
static void divide_often(Loglik *l, double by, double times)
{
    enum { OFTEN = 8 };
    if (times == ceil(times) && times <= OFTEN) for (int k = 0; k < (int)times; k++) divide(l, by);
    else sum_add(&l->sum, -times * log(by));
}

/* One event time with s0 at risk: what log-likelihood has of it but for its deaths' predictors, its hazard jumps, and by what the sums of x go
 * into its squares. */
static bool at_event(CoxData *d, size_t k, double s0, Loglik *loglik)
{
    const CoxBlock *b = &d->block[k];
    const size_t deaths = b->to - b->first_death;
    CoxSteps q;
    if (b->deaths_weight == 0) { d->event_terms[k] = (CoxEventTerms){ 0 }; return true; }      /* says nothing, whoever is at risk */
    if (!(s0 > LEAST_WEIGHT && s0 < INFINITY)) return false;
    if (d->ties == TIES_BRESLOW || deaths == 1) {
        const double jump = b->deaths_weight / s0;
        const bool whole = b->deaths_weight == 1;
        if (whole) divide(loglik, s0); else divide_often(loglik, s0, b->deaths_weight);
        d->event_terms[k] = (CoxEventTerms){ .jump = jump, .jump_death = jump, .all = whole ? jump : sqrt(b->deaths_weight) / s0, .at_risk = s0 };
        return true;
    }
    if (!cox_efron_steps(&q, deaths, s0, small_sum(d->r + b->first_death, deaths))) return false;
    const double weight = b->deaths_weight / (double)deaths, ratio = q.f2 / q.c2, rest = q.ff2 - q.f2 * ratio, all = sqrt(weight * q.c2);
    divide_often(loglik, s0, b->deaths_weight);
    if (weight == 1) divide(loglik, q.product); else sum_add(&loglik->sum, -weight * log(q.product));
    if (q.log != 0) sum_add(&loglik->sum, -weight * q.log);
    /* C2 S1 S1' - F2 (S1 D' + D S1') + FF2 D D' as two squares. */
    d->event_terms[k] = (CoxEventTerms){ weight * q.c1, weight * (q.c1 - q.f1), all, -all * ratio, rest > 0 ? sqrt(weight * rest) : 0, s0 };
    return true;
}

/* Predictors of the deaths times their weights: in stretches, then compensated. */
static FOR_EACH_WIDTH void add_predictors(Sum *sum, const double *eta, const double *death, size_t n)
{
    enum { STRETCH = 1024 };
    for (size_t from = 0; from < n; from += STRETCH) {
        const size_t to = n - from < STRETCH ? n : from + STRETCH;
        Lanes s = { 0 };
        size_t i = from;
        for (; i + LANES <= to; i += LANES) s += lanes_at(death + i) * lanes_at(eta + i);
        double all = total(s);
        for (; i < to; i++) all += death[i] * eta[i];
        sum_add(sum, all);
    }
}

double cox_at_risk(double *s1, const CoxData *d, size_t k, size_t next, size_t row_to)
{
    const size_t p = (size_t)d->p;
    long double s0 = 0;
    if (s1) memset(s1, 0, rows_width(p) * sizeof *s1);
    for (size_t i = next; i < row_to; i++) {
        if (d->enter[i] > k) continue;
        s0 += d->r[i];
        if (s1) rows_sum(s1, d->x + i * p, d->r + i, 1, p);
    }
    return (double)s0;
}

/* Long double where rows leave again, so that little is lost in the difference. */
static bool event_terms(CoxData *d, CoxStratum t, Loglik *loglik)
{
    long double s0 = 0, most = 0;
    size_t next = t.row_to, leaving = t.row_to;
    for (size_t k = t.block_to; k-- > t.block_from;) {
        s0 += small_sum(d->r + d->block[k].from, next - d->block[k].from);
        next = d->block[k].from;
        if (d->start) {
            if (s0 > most) most = s0;
            for (; leaving > t.row_from && d->start[d->by_start[leaving - 1]] >= d->block[k].time; leaving--) s0 -= d->r[d->by_start[leaving - 1]];
            if (most > COX_LOST * s0) most = s0 = cox_at_risk(NULL, d, k, next, t.row_to);
        }
        if (!at_event(d, k, (double)s0, loglik)) return false;
    }
    add_predictors(&loglik->sum, d->eta + next, d->death + next, t.row_to - next);
    return true;
}

/* Hazard that each row meets, times r: rl. Rows of a tied death meet less of it at their own time. */
static void hazards_met(CoxData *d, CoxStratum t)
{
    double before = 0;
    if (!d->start) {
        /* What is met by who leaves with the first blocks, by event or not: no branch by row. */
        double *met = d->hazard + 2 * t.block_from;
        met[0] = met[1] = 0;
        for (size_t k = t.block_from; k < t.block_to; k++) {
            double *own = d->hazard + 2 * (k + 1);
            own[0] = before + d->event_terms[k].jump;
            own[1] = before + d->event_terms[k].jump_death;
            before = own[0];
        }
        for (size_t i = t.row_from; i < t.row_to; i++) d->rl[i] = d->r[i] * d->hazard[2 * d->leave[i] + d->event[i]];
        return;
    }
    for (size_t k = t.block_from; k < t.block_to; k++) d->hazard[k] = before += d->event_terms[k].jump;
    for (size_t i = t.row_from; i < t.row_to; i++) {
        const size_t first = d->enter[i], last = d->leave[i];
        if (last <= first) { d->rl[i] = 0; continue; }
        const double until_start = first > t.block_from ? d->hazard[first - 1] : 0;
        double met = (last - 1 > t.block_from ? d->hazard[last - 2] : 0) - until_start;
        if (met * COX_LOST < until_start) {                  /* little beside what came before: jump by jump */
            met = 0;
            for (size_t k = first; k < last - 1; k++) met += d->event_terms[k].jump;
        }
        d->rl[i] = d->r[i] * (met + (d->event[i] ? d->event_terms[last - 1].jump_death : d->event_terms[last - 1].jump));
    }
}

bool cox_evaluate(CoxData *d, const double *g, double *loglik, double *score, double *info)
{
    Loglik sum = { .product = 1 };
    if (d->ties == TIES_EXACT) return cox_evaluate_exact(d, g, loglik, score, info);
    if (!cox_risks(d, g)) return false;
    for (size_t s = 0; s < d->n_strata; s++)
        if (!event_terms(d, d->stratum[s], &sum)) return false;
    sum_add(&sum.sum, -log(sum.product));
    if (loglik) *loglik = sum_value(&sum.sum);
    if (!isfinite(sum_value(&sum.sum))) return false;
    if (!score && !info) return true;
    for (size_t s = 0; s < d->n_strata; s++) hazards_met(d, d->stratum[s]);
    if (d->p > 0) cox_sweep(d, score, info);
    return true;
}
