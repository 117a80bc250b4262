/* stats/logistic_lanes.c: the logistic likelihood in lanes. */
#include "stats/logistic_lanes.h"

#include <math.h>

#include "core/lanes_exp.h"

enum { SMALL_COLUMNS = 6, SMALL_PACKED = SMALL_COLUMNS * (SMALL_COLUMNS + 1) / 2, FACTORS_MAX = 512 };
#define PREDICTOR_MAX 700.

Rc logistic_lanes_init(LogisticLanes *q, const LogisticData *d, bool by_lane, Arena *a, Err *e)
{
    *q = (LogisticLanes){ .n = d->n, .p = by_lane ? 2 : (size_t)d->p, .x = d->x, .y = d->y, .by_lane = by_lane, .w = lanes_new(a, d->n),
                          .most = ARENA_NEW(a, d->n + 1, int) };
    return q->w && q->most ? OK : err_nomem(e);
}

static inline __attribute__((always_inline)) Lanes column(const LogisticLanes *q, size_t i, size_t j, const size_t p, const bool by_lane)
{
    return by_lane ? (j == 0 ? lanes_all(1) : lanes_at(q->x + i * LANES)) : lanes_all(q->x[i * p + j]);
}

/* The fractions of a product of numbers from 1 to 2, its powers of 2 kept apart. */
static inline __attribute__((always_inline)) void take_twos(Lanes *product, LanesMask *twos)
{
    const LanesMask bits = (LanesMask)*product;
    *twos += (bits >> 52) - 1023;
    *product = (Lanes)((bits & 0xfffffffffffff) | 0x3ff0000000000000);
}

/* With t = exp(-|eta|): the probabilities are 1/(1+t) and t/(1+t), each to full precision, and log(1 + exp(eta)) = max(eta, 0) + log(1+t);
 * the logarithms are those of a product. */
static inline __attribute__((always_inline)) void evaluate(LogisticLanes *q, const Lanes *g, Lanes *value, Lanes *score, Lanes *info, Lanes *raw,
                                                            const size_t p, const bool by_lane)
{
    const size_t m = p * (p + 1) / 2;
    const Lanes zero = lanes_all(0), one = lanes_all(1), limit = lanes_all(PREDICTOR_MAX);
    Lanes few[SMALL_COLUMNS + SMALL_PACKED], product = one, linear = zero;
    Lanes *u = p <= SMALL_COLUMNS ? few : score, *total = p <= SMALL_COLUMNS ? few + SMALL_COLUMNS : info;
    LanesMask twos = { 0 }, wild = { 0 };
    int factors = 0;
#pragma GCC unroll 6
    for (size_t j = 0; j < p; j++) u[j] = zero;
#pragma GCC unroll 21
    for (size_t j = 0; j < m; j++) total[j] = zero;
    for (size_t i = 0; i < q->n; i++) {
        const Lanes w = q->w[i], y = lanes_all(q->y[i]);
        Lanes eta = zero;
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) eta += column(q, i, j, p, by_lane) * g[j];
        const LanesMask negative = lanes_below(eta, zero), here = lanes_below(zero, w);
        const Lanes size = lanes_select(negative, -eta, eta), t = lanes_exp_within(-size), large = 1 / (1 + t), small = t * large;
        wild |= lanes_below(limit, size) & here;
        linear += w * (y * eta - lanes_select(negative, zero, eta));
        for (int l = 0; l < q->most[i]; l++, factors++) {
            product *= lanes_select(lanes_below(lanes_all(l), w), 1 + t, one);
            if (factors % FACTORS_MAX == FACTORS_MAX - 1) take_twos(&product, &twos);
        }
        const Lanes c = w * (y - lanes_select(negative, small, large)), v = w * (small * large);
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) {
            const Lanes x = column(q, i, j, p, by_lane), vx = v * x;
            u[j] += c * x;
#pragma GCC unroll 6
            for (size_t k = 0; k <= j; k++) total[j * (j + 1) / 2 + k] += vx * column(q, i, k, p, by_lane);
        }
    }
    take_twos(&product, &twos);
    for (int l = 0; l < LANES; l++) linear[l] -= log(product[l]) + (double)twos[l] * 0x1.62e42fefa39efp-1;
    *value = lanes_select(wild, lanes_all(NAN), linear);
    for (size_t j = 0; j < p; j++) { score[j] = u[j]; raw[j] = total[j * (j + 1) / 2 + j]; }
    for (size_t j = 0; j < m && p <= SMALL_COLUMNS; j++) info[j] = total[j];
}

static FOR_EACH_WIDTH void evaluate_resamples(void *context, const Lanes *g, Lanes *value, Lanes *score, Lanes *info, Lanes *raw)
{
    LogisticLanes *q = context;
    switch (q->p) {
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
    evaluate(context, g, value, score, info, raw, 2, true);
}

static FOR_EACH_WIDTH void weigh(LogisticLanes *q, const Lanes *w, Lanes *longest, Lanes *rows)
{
    const Lanes zero = lanes_all(0);
    Lanes most = zero, count = zero;
    for (size_t i = 0; i < q->n; i++) {
        Lanes s = zero;
        q->w[i] = w ? w[i] : lanes_all(1);
        q->most[i] = 0;
        for (int l = 0; l < LANES; l++) if (q->w[i][l] > q->most[i]) q->most[i] = (int)q->w[i][l];
        for (size_t j = 0; j < q->p; j++) { const Lanes c = column(q, i, j, q->p, q->by_lane); s += c * c; }
        most = lanes_select(lanes_below(most, s) & lanes_below(zero, q->w[i]), s, most);
        count += q->w[i];
    }
    *longest = most;
    *rows = count;
}

void logistic_lanes_resamples(LogisticLanes *q, const Lanes *w)
{
    Lanes longest, rows;
    weigh(q, w, &longest, &rows);
    q->likelihood = (LanesLikelihood){ .p = (int)q->p, .context = q, .evaluate = q->by_lane ? evaluate_columns : evaluate_resamples };
    for (int l = 0; l < LANES; l++) {
        q->likelihood.reach[l] = sqrt(longest[l]);
        q->likelihood.noise[l] = 1e-15 * rows[l] * sqrt(longest[l]);
    }
}

void logistic_lanes_columns(LogisticLanes *q, const Lanes *x, const Lanes *w)
{
    q->x = (const double *)x;
    logistic_lanes_resamples(q, w);
}

Rc logistic_lanes_maximise(LanesMaximum *out, LogisticLanes *q, bool want_vcov, Arena *a, Err *e)
{
    return lanes_maximise(out, &q->likelihood, want_vcov, a, e);
}
