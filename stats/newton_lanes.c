/* stats/newton_lanes.c: Newton's method in lanes. */
#include "stats/newton_lanes.h"

#include <math.h>

enum { ROUNDS_MAX = 40 };

static inline size_t at(size_t j, size_t k) { return j * (j + 1) / 2 + k; }

static inline __attribute__((always_inline)) Lanes root(Lanes x)
{
    for (int l = 0; l < LANES; l++) x[l] = sqrt(x[l]);
    return x;
}

static inline bool any(LanesMask m)
{
    int64_t all = 0;
    for (int l = 0; l < LANES; l++) all |= m[l];
    return all != 0;
}

/* The information as L D L' (L unit lower in `low`, 1/D in `inverse`) and step = its inverse times the score. The mask has the lanes where
 * no pivot is lost in rounding. */
static FOR_EACH_WIDTH void solve(Lanes *step, LanesMask *fine, Lanes *low, Lanes *inverse, const Lanes *score, const Lanes *info, const Lanes *raw, size_t p)
{
    LanesMask good = lanes_all(0) == 0;
    for (size_t j = 0; j < p; j++) {
        Lanes pivot = info[at(j, j)];
        for (size_t k = 0; k < j; k++) {
            Lanes c = info[at(j, k)];
            for (size_t i = 0; i < k; i++) c -= low[at(j, i)] * low[at(k, i)];      /* times the pivots, until its row is done */
            low[at(j, k)] = c;
        }
        for (size_t k = 0; k < j; k++) {
            const Lanes c = low[at(j, k)];
            low[at(j, k)] = c * inverse[k];
            pivot -= c * low[at(j, k)];
        }
        good &= pivot > 1e-7 * raw[j];
        inverse[j] = 1 / pivot;
    }
    for (size_t j = 0; j < p; j++) {
        step[j] = score[j];
        for (size_t k = 0; k < j; k++) step[j] -= low[at(j, k)] * step[k];
    }
    for (size_t j = p; j-- > 0;) {
        step[j] *= inverse[j];
        for (size_t k = j + 1; k < p; k++) step[j] -= low[at(k, j)] * step[k];
    }
    *fine = good;
}

/* The inverse from its factors, over `low`: first L^-1, then its cross product. */
static FOR_EACH_WIDTH void invert(Lanes *vcov, Lanes *low, const Lanes *inverse, size_t p)
{
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k < j; k++) {
            Lanes c = -low[at(j, k)];
            for (size_t i = k + 1; i < j; i++) c -= low[at(j, i)] * low[at(i, k)];
            low[at(j, k)] = c;
        }
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k <= j; k++) {
            Lanes v = (k == j ? lanes_all(1) : low[at(j, k)]) * inverse[j];
            for (size_t i = j + 1; i < p; i++) v += low[at(i, j)] * low[at(i, k)] * inverse[i];
            vcov[at(j, k)] = v;
        }
}

Rc lanes_maximise(LanesMaximum *out, const LanesLikelihood *l, bool want_vcov, Arena *a, Err *e)
{
    const size_t p = (size_t)l->p, m = p * (p + 1) / 2;
    Lanes *room = lanes_new(a, 8 * p + 4 * m);
    if (!room) return err_nomem(e);
    /* vcov: an arrived lane keeps the information of its last place, so to invert it again for others' sake gives it the same. */
    Lanes *g = room, *score = g + p, *raw = score + p, *trial = raw + p, *new_score = trial + p, *new_raw = new_score + p, *step = new_raw + p,
          *inverse = step + p, *info = inverse + p, *new_info = info + m, *low = new_info + m, *vcov = low + m;
    *out = (LanesMaximum){ .g = g, .vcov = want_vcov ? vcov : NULL, .score_start = lanes_new(a, p), .info_start = lanes_new(a, m) };
    if (!out->score_start || !out->info_start) return err_nomem(e);
    Lanes value, new_value, part = lanes_all(1);
    l->evaluate(l->context, g, &value, score, info, raw);
    out->value_start = value;
    memcpy(out->score_start, score, p * sizeof *score);
    memcpy(out->info_start, info, m * sizeof *info);
    LanesMask under_way = value * 0 == 0;              /* not where it is infinite or NaN */
    for (int round = 0; round < ROUNDS_MAX; round++) {
        LanesMask fine;
        solve(step, &fine, low, inverse, score, info, raw, p);
        under_way &= fine & (part > 1e-6);
        Lanes decrement2 = lanes_all(0);
        for (size_t j = 0; j < p; j++) decrement2 += step[j] * score[j];
        under_way &= decrement2 >= 0;
        if (any(under_way & (decrement2 < 1e-6))) {
            Lanes trace = lanes_all(0);
            invert(want_vcov ? vcov : new_info, low, inverse, p);
            for (size_t j = 0; j < p; j++) trace += (want_vcov ? vcov : new_info)[at(j, j)];
            const Lanes spread = root(trace), decrement = root(decrement2), reach = l->reach * spread;
            /* What the step leaves behind is the square of what it goes; a variance changes by the step itself. */
            const LanesMask arrived = under_way & ((want_vcov ? decrement : decrement2) * reach < (want_vcov ? 1e-10 : 1e-12)) &
                                      ((decrement + l->noise * spread) * reach < .25);
            for (size_t j = 0; j < p; j++) g[j] = lanes_select(arrived, g[j] + step[j], g[j]);
            value = lanes_select(arrived, value + decrement2 / 2, value);
            out->found |= arrived;
            under_way &= ~arrived;
        }
        if (!any(under_way)) break;
        for (size_t j = 0; j < p; j++) trial[j] = lanes_select(under_way, g[j] + part * step[j], g[j]);
        l->evaluate(l->context, trial, &new_value, new_score, new_info, new_raw);
        const Lanes size = lanes_select(value < 0, -value, value);
        const LanesMask better = under_way & (new_value >= value - 1e-12 * (1 + size));
        part = lanes_select(better, lanes_all(1), part / 2);
        value = lanes_select(better, new_value, value);
        for (size_t j = 0; j < p; j++) {
            g[j] = lanes_select(better, trial[j], g[j]);
            score[j] = lanes_select(better, new_score[j], score[j]);
            raw[j] = lanes_select(better, new_raw[j], raw[j]);
        }
        for (size_t j = 0; j < m; j++) info[j] = lanes_select(better, new_info[j], info[j]);
    }
    out->value = value;
    return OK;
}

FOR_EACH_WIDTH void lanes_standardise(Lanes *x, const Lanes *w, Lanes *mean, Lanes *sd, Lanes *rows, size_t n)
{
    const Lanes zero = lanes_all(0);
    Lanes sum = zero, ss = zero, count = zero;
    for (size_t i = 0; i < n; i++) {
        x[i] = lanes_select(lanes_below(zero, w[i]), x[i], zero);
        sum += x[i];
        count += w[i];
    }
    const Lanes m = sum / count;
    for (size_t i = 0; i < n; i++) {
        x[i] = lanes_select(lanes_below(zero, w[i]), x[i] - m, zero);
        ss += x[i] * x[i];
    }
    Lanes s = ss / count;
    for (int l = 0; l < LANES; l++) s[l] = sqrt(s[l]);
    const Lanes scale = lanes_select(s > 0, s, lanes_all(1));
    for (size_t i = 0; i < n; i++) x[i] /= scale;
    *mean = m;
    *sd = s;
    *rows = count;
}
