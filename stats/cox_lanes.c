/* stats/cox_lanes.c: the partial likelihood of stats/cox_fit.c in lanes. */
#include "stats/cox_lanes.h"

#include <math.h>
#include <string.h>

#include "core/lanes_exp.h"

/* Beyond it a predictor is refused rather than shifted: sums of its exponentials stay far inside the range of numbers. */
#define PREDICTOR_MAX 300.
enum { SMALL_COLUMNS = 6, SMALL_PACKED = SMALL_COLUMNS * (SMALL_COLUMNS + 1) / 2 };

static inline size_t packed(size_t p) { return p * (p + 1) / 2; }

Rc cox_lanes_init(CoxLanes *q, const CoxData *d, bool by_lane, Arena *a, Err *e)
{
    const size_t p = by_lane ? 1 : (size_t)d->p, n = d->n, K = d->n_blocks;
    *q = (CoxLanes){ .d = d, .p = p, .x = d->x, .by_lane = by_lane, .w = lanes_new(a, n), .r = lanes_new(a, n), .deaths = lanes_new(a, K),
                     .share = lanes_new(a, K), .steps = ARENA_NEW(a, K + 1, int), .hazard = lanes_new(a, K), .hazard_death = lanes_new(a, K),
                     .sum_deaths = lanes_new(a, p), .room = lanes_new(a, 3 * p + packed(p)) };
    return q->w && q->r && q->deaths && q->share && q->steps && q->hazard && q->hazard_death && q->sum_deaths && q->room ? OK : err_nomem(e);
}

/* Column j of row i in each lane. */
static inline __attribute__((always_inline)) Lanes column(const CoxLanes *q, size_t i, size_t j, const size_t p, const bool by_lane)
{
    return by_lane ? lanes_at(q->x + i * LANES) : lanes_all(q->x[i * p + j]);
}

static FOR_EACH_WIDTH void weigh(CoxLanes *q, const Lanes *w, Lanes *longest, Lanes *events)
{
    const CoxData *d = q->d;
    const size_t p = q->p;
    Lanes most = lanes_all(0);
    for (size_t i = 0; i < d->n; i++) q->w[i] = w ? w[i] : lanes_all(1);
    for (size_t j = 0; j < p; j++) q->sum_deaths[j] = lanes_all(0);
    for (size_t k = 0; k < d->n_blocks; k++) {
        const CoxBlock *b = &d->block[k];
        Lanes deaths = lanes_all(0);
        for (size_t i = b->first_death; i < b->to; i++) {
            deaths += q->w[i];
            for (size_t j = 0; j < p; j++) q->sum_deaths[j] += q->w[i] * column(q, i, j, p, q->by_lane);
        }
        q->deaths[k] = deaths;
        *events += deaths;
        q->share[k] = 1 / deaths;
        q->steps[k] = 0;
        for (int l = 0; l < LANES; l++) if (deaths[l] > q->steps[k]) q->steps[k] = (int)deaths[l];
    }
    for (size_t i = 0; i < d->n; i++) {
        Lanes s = lanes_all(0);
        for (size_t j = 0; j < p; j++) { const Lanes c = column(q, i, j, p, q->by_lane); s += c * c; }
        most = lanes_select(lanes_below(most, s) & lanes_below(lanes_all(0), q->w[i]), s, most);
    }
    *longest = most;
}

/* Sums of r, and of r x over a run of rows. */
static inline __attribute__((always_inline)) void add_rows(Lanes *s0, Lanes *s1, const CoxLanes *q, size_t from, size_t to, const size_t p, const bool by_lane)
{
    for (size_t i = to; i-- > from;) {
        const Lanes r = q->r[i];
        *s0 += r;
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) s1[j] += r * column(q, i, j, p, by_lane);
    }
}

/* Rows that meet a hazard: score -= r hazard x, info += r hazard x x'. */
static inline __attribute__((always_inline)) void meet(Lanes *score, Lanes *info, const CoxLanes *q, size_t from, size_t to, Lanes hazard,
                                                       const size_t p, const bool by_lane)
{
    for (size_t i = from; i < to; i++) {
        const Lanes rl = q->r[i] * hazard;
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) {
            const Lanes v = rl * column(q, i, j, p, by_lane);
            score[j] -= v;
#pragma GCC unroll 6
            for (size_t k = 0; k <= j; k++) info[j * (j + 1) / 2 + k] += v * column(q, i, k, p, by_lane);
        }
    }
}

/* A product of many factors, each normal and above 0, as a number from 1 to 2 and the powers of 2 taken out of it. */
typedef struct { Lanes fraction; LanesMask twos; } Product;

static inline __attribute__((always_inline)) void times(Product *product, Lanes factor)
{
    const LanesMask bits = (LanesMask)(product->fraction * factor);
    product->twos += (bits >> 52) - 1023;
    product->fraction = (Lanes)((bits & 0xfffffffffffff) | 0x3ff0000000000000);
}

static inline __attribute__((always_inline)) Lanes log_of(Product product)
{
    Lanes x;
    for (int l = 0; l < LANES; l++) x[l] = log(product.fraction[l]) + (double)product.twos[l] * 0x1.62e42fefa39efp-1;
    return x;
}

/* See stats/cox_fit.c: the information is X' diag(r L) X less two squares an event time. With p and by_lane known to the compiler the sums
 * stay in registers; they are in room else. Steps and squares that a lane does not have add 0 to it. */
static inline __attribute__((always_inline)) void evaluate(CoxLanes *q, const Lanes *g, Lanes *value, Lanes *score, Lanes *info, Lanes *raw,
                                                            const size_t p, const bool by_lane)
{
    const CoxData *d = q->d;
    const size_t n = d->n, K = d->n_blocks, m = packed(p), first = d->block[0].from;
    const bool efron = d->ties == TIES_EFRON;
    Lanes few[2 * SMALL_COLUMNS + SMALL_PACKED], sums[SMALL_COLUMNS + SMALL_PACKED], s0 = lanes_all(0), loglik = lanes_all(0);
    Lanes *s1 = p <= SMALL_COLUMNS ? few : q->room, *d1 = s1 + p, *squares = d1 + p;
    const Lanes zero = lanes_all(0), one = lanes_all(1), limit = lanes_all(PREDICTOR_MAX);
    Product product = { one, { 0 } };
    LanesMask wild = { 0 };
    for (size_t i = first; i < n; i++) {
        Lanes eta = lanes_all(0);
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) eta += column(q, i, j, p, by_lane) * g[j];
        wild |= (lanes_below(limit, eta) | lanes_below(eta, -limit)) & lanes_below(zero, q->w[i]);
        q->r[i] = q->w[i] * lanes_exp_within(eta);
    }
#pragma GCC unroll 6
    for (size_t j = 0; j < p; j++) s1[j] = lanes_all(0);
#pragma GCC unroll 21
    for (size_t j = 0; j < m; j++) squares[j] = lanes_all(0);
    for (size_t k = K; k-- > 0;) {
        const CoxBlock *b = &d->block[k];
        Lanes d0 = lanes_all(0), hazard = lanes_all(0), hazard_death = lanes_all(0), A = lanes_all(0), B = lanes_all(0), C = lanes_all(0);
        add_rows(&s0, s1, q, b->to, k + 1 < K ? d->block[k + 1].from : n, p, by_lane);
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) d1[j] = lanes_all(0);
        add_rows(&d0, d1, q, b->first_death, b->to, p, by_lane);
        s0 += d0;
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) s1[j] += d1[j];
        add_rows(&s0, s1, q, b->from, b->first_death, p, by_lane);
        for (int l = 0; l < q->steps[k]; l++) {
            const LanesMask here = lanes_below(lanes_all(l), q->deaths[k]);
            const Lanes f = efron ? lanes_select(here, l * q->share[k], zero) : zero, c = lanes_select(here, s0 - f * d0, one);
            const Lanes jump = lanes_select(here, 1 / c, zero), square = jump * jump;
            times(&product, c);
            hazard += jump;
            hazard_death += jump * (1 - f);
            A += square;
            B += f * square;
            C += f * f * square;
        }
        q->hazard[k] = hazard;
        q->hazard_death[k] = hazard_death;
        if (q->steps[k] == 0) continue;
        /* A S1 S1' - B (S1 D' + D S1') + C D D' as two squares; the second is of tied deaths only. Breslow's
         * steps are all the same, so one square for him too. */
        const Lanes ratio = lanes_select(lanes_below(zero, A), B / A, zero);
        Lanes u[SMALL_COLUMNS];
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) {
            Lanes *uj = p <= SMALL_COLUMNS ? &u[j] : &q->room[2 * p + m + j];
            *uj = s1[j] - ratio * d1[j];
            const Lanes Au = A * *uj;
#pragma GCC unroll 6
            for (size_t i = 0; i <= j; i++) squares[j * (j + 1) / 2 + i] += Au * (p <= SMALL_COLUMNS ? u[i] : q->room[2 * p + m + i]);
        }
        if (q->steps[k] == 1 || !efron) continue;
        const Lanes left = C - B * ratio, rest = lanes_select(lanes_below(zero, left), left, zero);
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) {
            const Lanes v = rest * d1[j];
#pragma GCC unroll 6
            for (size_t i = 0; i <= j; i++) squares[j * (j + 1) / 2 + i] += v * d1[i];
        }
    }
#pragma GCC unroll 6
    for (size_t j = 0; j < p; j++) loglik += g[j] * q->sum_deaths[j];
    *value = lanes_select(wild, lanes_all(NAN), loglik - log_of(product));
    Lanes *total_score = p <= SMALL_COLUMNS ? sums : score, *total = p <= SMALL_COLUMNS ? sums + SMALL_COLUMNS : info, met = lanes_all(0);
#pragma GCC unroll 6
    for (size_t j = 0; j < p; j++) total_score[j] = q->sum_deaths[j];
#pragma GCC unroll 21
    for (size_t j = 0; j < m; j++) total[j] = lanes_all(0);
    for (size_t k = 0; k < K; k++) {
        const CoxBlock *b = &d->block[k];
        const Lanes at_death = met + q->hazard_death[k];
        met += q->hazard[k];
        meet(total_score, total, q, b->from, b->first_death, met, p, by_lane);
        meet(total_score, total, q, b->first_death, b->to, at_death, p, by_lane);
        meet(total_score, total, q, b->to, k + 1 < K ? d->block[k + 1].from : n, met, p, by_lane);
    }
    for (size_t j = 0; j < p; j++) { score[j] = total_score[j]; raw[j] = total[j * (j + 1) / 2 + j]; }
    for (size_t j = 0; j < m; j++) info[j] = total[j] - squares[j];
}

static FOR_EACH_WIDTH void evaluate_resamples(void *context, const Lanes *g, Lanes *value, Lanes *score, Lanes *info, Lanes *raw)
{
    CoxLanes *q = context;
    switch (q->p) {
    case 1: evaluate(q, g, value, score, info, raw, 1, false); break;
    case 2: evaluate(q, g, value, score, info, raw, 2, false); break;
    case 3: evaluate(q, g, value, score, info, raw, 3, false); break;
    case 4: evaluate(q, g, value, score, info, raw, 4, false); break;
    case 5: evaluate(q, g, value, score, info, raw, 5, false); break;
    case 6: evaluate(q, g, value, score, info, raw, 6, false); break;
    default: evaluate(q, g, value, score, info, raw, q->p, false);
    }
}

static FOR_EACH_WIDTH void evaluate_columns(void *context, const Lanes *g, Lanes *value, Lanes *score, Lanes *info, Lanes *raw)
{
    evaluate(context, g, value, score, info, raw, 1, true);
}

void cox_lanes_resamples(CoxLanes *q, const Lanes *w)
{
    Lanes longest, events = lanes_all(0);
    weigh(q, w, &longest, &events);
    q->likelihood = (LanesLikelihood){ .p = (int)q->p, .context = q, .evaluate = q->by_lane ? evaluate_columns : evaluate_resamples };
    for (int l = 0; l < LANES; l++) {
        q->likelihood.reach[l] = 2 * sqrt(longest[l]);
        q->likelihood.noise[l] = 1e-14 * (events[l] + 1) * sqrt(longest[l]);
    }
}

void cox_lanes_columns(CoxLanes *q, const Lanes *x, const Lanes *w)
{
    q->x = (const double *)x;
    cox_lanes_resamples(q, w);
}

Rc cox_lanes_maximise(LanesMaximum *out, CoxLanes *q, bool want_vcov, Arena *a, Err *e)
{
    return lanes_maximise(out, &q->likelihood, want_vcov, a, e);
}

Rc cox_lanes_hazard(Lanes *hazard, CoxLanes *q, const Lanes *g, double time, Arena *a, Err *e)
{
    const CoxData *d = q->d;
    Lanes *room = lanes_new(a, 2 * q->p + packed(q->p)), value, total = lanes_all(0);
    if (!room) return err_nomem(e);
    q->likelihood.evaluate(q, g, &value, room, room + 2 * q->p, room + q->p);
    for (size_t k = 0; k < d->n_blocks && d->block[k].time <= time; k++) total += q->hazard[k];
    *hazard = total;
    return OK;
}
