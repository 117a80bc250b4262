/* stats/maxstat.c: the best cut of a marker by a standardised rank statistic, and p-values that know of the search. */
#include "stats/maxstat.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "core/rng.h"
#include "core/sum.h"
#include "stats/dist.h"

static Rc make_scores(double *score, const MaxstatData *d, Err *e)
{
    Rc rc = OK;
    size_t n = d->n, *r = malloc((n + 1) * sizeof *r);
    const double *value = d->time ? d->time : d->y;
    if (!r) return err_nomem(e);
    order_start(r, n);
    TRY(order_by(r, value, n, e));
    double hazard = 0;
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        double events = 0;
        for (hi = lo; hi < n && value[r[hi]] == value[r[lo]]; hi++) events += d->time && d->event[r[hi]] != 0;
        hazard += events / (1 + (double)(n - hi));
        for (size_t i = lo; i < hi; i++)
            score[r[i]] = d->time ? (d->event[r[i]] != 0) - hazard : ((double)lo + 1 + (double)hi) / 2;
    }
out:
    free(r);
    return rc;
}

/* |standardised rank sum| of the first m rows for every cut. */
static void standardise(double *stat, const MaxstatSearch *s, const double *score)
{
    double n = (double)s->n, mean = mean_of(score, s->n);
    Sum ss = { 0 }, low = { 0 };
    for (size_t i = 0; i < s->n; i++) sum_add(&ss, (score[i] - mean) * (score[i] - mean));
    double var = sum_value(&ss) / (n - 1);
    size_t k = 0;
    for (size_t i = 0; i < s->n && k < s->n_cuts; i++) {
        sum_add(&low, score[i] - mean);
        double m = (double)i + 1;
        if (s->size[k] == i + 1) stat[k++] = fabs(sum_value(&low)) / sqrt(m * (n - m) / n * var);
    }
}

Rc maxstat_search(MaxstatSearch *s, const MaxstatData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = d->n, least = (size_t)floor((double)n * d->minprop), most = (size_t)floor((double)n * d->maxprop);
    size_t *order = ARENA_NEW(a, n, size_t);
    double *score = ARENA_NEW(a, n, double);
    *s = (MaxstatSearch){ .n = n, .score = ARENA_NEW(a, n, double), .cut = ARENA_NEW(a, n, double), .stat = ARENA_NEW(a, n, double),
                          .size = ARENA_NEW(a, n, size_t) };
    if (!order || !score || !s->score || !s->cut || !s->stat || !s->size) return err_nomem(e);
    TRY(make_scores(score, d, e));
    order_start(order, n);
    TRY(order_by(order, score, n, e));      /* a canonical order of equal markers */
    TRY(order_by(order, d->marker, n, e));
    for (size_t i = 0; i < n; i++) {
        double x = d->marker[order[i]];
        s->score[i] = score[order[i]];
        bool last_of_value = i + 1 < n && d->marker[order[i + 1]] != x;
        if (!last_of_value || i + 1 < least || i + 1 > most) continue;
        s->cut[s->n_cuts] = x;
        s->size[s->n_cuts++] = i + 1;
    }
    standardise(s->stat, s, s->score);
    for (size_t k = 1; k < s->n_cuts; k++)
        if (s->stat[k] > s->stat[s->best]) s->best = k;
out:
    return rc;
}

/* Lausen & Schumacher 1992: the supremum of a standardised Brownian bridge. */
double maxstat_p_bridge(double b, double minprop, double maxprop)
{
    double f = normal_pdf(b);
    return b < 1 ? 1 : fmin(fmax(4 * f / b + f * (b - 1 / b) * log(maxprop * (1 - minprop) / ((1 - maxprop) * minprop)), 0), 1);
}

/* Lausen et al. 1994: improved Bonferroni inequality over the sizes that occur. */
double maxstat_p_bonferroni(double b, const MaxstatSearch *s)
{
    double n = (double)s->n, D = 0;
    for (size_t k = 0; k + 1 < s->n_cuts; k++) {
        double m1 = (double)s->size[k], m2 = (double)s->size[k + 1], t = sqrt(1 - m1 * (n - m2) / ((n - m1) * m2));
        D += exp(-b * b / 2) / acos(-1) * (t - (b * b / 4 - 1) * t * t * t / 6);
    }
    return fmin(fmax(normal_two_sided_p(b) + D, 0), 1);
}

/* Nodes and weights of Gauss and Legendre on [-1, 1]. */
static void gauss_legendre(double *x, double *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double z = cos(acos(-1) * ((double)i + 0.75) / ((double)n + 0.5)), derivative = 1;
        for (int it = 0; it < 100; it++) {
            double p0 = 1, p1 = z;
            for (size_t k = 2; k <= n; k++) {
                double p2 = ((2 * (double)k - 1) * z * p1 - ((double)k - 1) * p0) / (double)k;
                p0 = p1;
                p1 = p2;
            }
            derivative = (double)n * (z * p1 - p0) / (z * z - 1);
            double step = p1 / derivative;
            z -= step;
            if (fabs(step) < 1e-15) break;
        }
        x[i] = z;
        w[i] = 2 / ((1 - z * z) * derivative * derivative);
    }
}

/* Multivariate normal p-value. The statistics at sizes m1 < m2 < … correlate as a Markov chain, so the rectangle probability is
 * a chain of one-dimensional integrals; what leaves [-b, b] is added up step by step, so that small p keep their digits. NaN
 * where the chain is too long. */
Rc maxstat_p_gauss(double *p, double b, const MaxstatSearch *s, Err *e)
{
    double n = (double)s->n, narrow = 1;
    *p = NAN;
    for (size_t k = 0; k + 1 < s->n_cuts; k++) {
        double m1 = (double)s->size[k], m2 = (double)s->size[k + 1];
        narrow = fmin(narrow, 1 - m1 * (n - m2) / ((n - m1) * m2));
    }
    size_t nodes = (size_t)fmax(48, ceil(6 * 2 * b / sqrt(narrow)));
    if (s->n_cuts == 0 || !(b > 0) || (double)nodes * (double)nodes * (double)s->n_cuts > 2e9) return OK;
    double *x = calloc(4 * nodes + 1, sizeof *x);
    if (!x) return err_nomem(e);
    double *w = x + nodes, *f = x + 2 * nodes, *g = x + 3 * nodes;
    gauss_legendre(x, w, nodes);
    for (size_t i = 0; i < nodes; i++) {
        x[i] *= b;
        w[i] *= b;
        f[i] = normal_pdf(x[i]);
    }
    Sum out = { 0 };
    sum_add(&out, normal_two_sided_p(b));
    for (size_t k = 0; k + 1 < s->n_cuts; k++) {
        double m1 = (double)s->size[k], m2 = (double)s->size[k + 1];
        double rho = sqrt(m1 * (n - m2) / ((n - m1) * m2)), sd = sqrt(1 - rho * rho);
        for (size_t i = 0; i < nodes; i++) {
            double centre = rho * x[i];
            sum_add(&out, w[i] * f[i] * (normal_sf((b - centre) / sd) + normal_cdf((-b - centre) / sd)));
        }
        for (size_t j = 0; j < nodes; j++) {
            double total = 0;
            for (size_t i = 0; i < nodes; i++) {
                double z = (x[j] - rho * x[i]) / sd;
                if (fabs(z) < 9) total += w[i] * f[i] * exp(-z * z / 2);
            }
            g[j] = total / (sd * sqrt(2 * acos(-1)));
        }
        memcpy(f, g, nodes * sizeof *f);
    }
    *p = fmin(sum_value(&out), 1);
    free(x);
    return OK;
}

/* Whole-number scores for exact counting: halves doubled, anything else spread over 0 … n and rounded. */
static void round_scores(double *out, const double *score, size_t n)
{
    double low = INFINITY, high = -INFINITY;
    bool halves = true;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, score[i]);
        high = fmax(high, score[i]);
        halves = halves && 2 * score[i] == floor(2 * score[i]);
    }
    bool whole = halves;
    for (size_t i = 0; i < n; i++) whole = whole && score[i] == floor(score[i]);
    for (size_t i = 0; i < n; i++)
        out[i] = whole ? score[i] - low : halves ? 2 * (score[i] - low) : nearbyint((score[i] - low) * (double)n / (high - low));
}

static double largest(const double *x, size_t n)
{
    double m = -INFINITY;
    for (size_t i = 0; i < n; i++) m = fmax(m, x[i]);
    return m;
}

/* Sums of the k largest and k smallest scores for k = 0 … n, scores sorted ascending. */
static void extremes(double *top, double *bottom, const double *sorted, size_t n)
{
    top[0] = bottom[0] = 0;
    for (size_t k = 0; k < n; k++) {
        top[k + 1] = top[k] + sorted[n - 1 - k];
        bottom[k + 1] = bottom[k] + sorted[k];
    }
}

/* Most cells of the table of counts that are worked through. */
#define HL_WORK_MAX 5e9

/* Hothorn & Lausen 2003. P(M >= b) is at most the sum over sizes of P(|T_m| >= b), less what is counted twice for certain: sums so
 * far out at one size that they are still beyond b at the next, whatever rows join. The permutation distribution of the rank
 * sum of m rows is counted exactly (Streitberg & Röhmel 1986), for up to half of the rows: m rows with sum t leave n - m with the rest. NaN
 * where the table is too large. */
Rc maxstat_p_bound(double *p, const MaxstatSearch *s, Err *e)
{
    Rc rc = OK;
    size_t n = s->n, most = 0;
    for (size_t k = 0; k < s->n_cuts; k++) {
        const size_t m = s->size[k] < n - s->size[k] ? s->size[k] : n - s->size[k];
        if (m > most) most = m;
    }
    double *score = calloc(5 * n + 6, sizeof *score), *H = NULL;
    *p = NAN;
    if (!score) return err_nomem(e);
    double *sorted = score + n, *stat = score + 2 * n, *top = score + 3 * n, *bottom = score + 4 * n + 2;
    round_scores(score, s->score, n);
    standardise(stat, s, score);
    double b = largest(stat, s->n_cuts), N = (double)n, total = sum_of(score, n), mean = total / N, ss = 0;
    memcpy(sorted, score, n * sizeof *score);
    sort_doubles(sorted, n);
    extremes(top, bottom, sorted, n);
    for (size_t i = 0; i < n; i++) ss += (score[i] - mean) * (score[i] - mean);
    double var = ss / (N - 1);
    size_t rows = most + 1, cols = (size_t)top[most] + 1;
    if (!isfinite(b) || !(var > 0) || (double)rows * (double)cols * N > HL_WORK_MAX || n > 1000) goto out;
    H = calloc(rows * cols, sizeof *H);      /* H[m][t]: subsets of m rows with sum t */
    if (!H) { rc = err_nomem(e); goto out; }
    H[0] = 1;
    for (size_t i = 0; i < n; i++) {
        const size_t a = (size_t)sorted[i];
        for (size_t m = i + 1 < most ? i + 1 : most; m > 0; m--) {
            /* Sums of m among the first i + 1, the last of them in it: between those of the smallest and of the largest. */
            const size_t low = (size_t)bottom[m - 1] + a, high = (size_t)(bottom[i + 1] - bottom[i + 1 - m]);
            double *to = H + m * cols;
            const double *from = H + (m - 1) * cols;
            for (size_t t = low; t <= high; t++) to[t] += from[t - a];
        }
    }
    Sum sum = { 0 };
    for (size_t k = 0; k < s->n_cuts; k++) {
        double m = (double)s->size[k], E = m * mean, sd = sqrt(m * (N - m) / N * var), edge = b * (1 - 1e-12);
        const size_t size = s->size[k], join = k + 1 < s->n_cuts ? s->size[k + 1] - size : 0;
        const bool mirrored = size > most;
        const double *h = H + (mirrored ? n - size : size) * cols;
        double m2 = m + (double)join, E2 = m2 * mean, sd2 = sqrt(m2 * (N - m2) / N * var), count = exp(log_choose(N, m));
        for (size_t t = (size_t)bottom[size]; t <= (size_t)top[size]; t++) {
            const double subsets = h[mirrored ? (size_t)total - t : t];
            if (subsets == 0 || fabs((double)t - E) / sd < edge) continue;
            double share = subsets / count;
            sum_add(&sum, share);
            if (!join) continue;
            bool stays = (double)t < E ? (E2 - ((double)t + top[join])) / sd2 >= edge : ((double)t + bottom[join] - E2) / sd2 >= edge;
            if (stays) sum_add(&sum, -share);
        }
    }
    *p = fmin(sum_value(&sum), 1);
out:
    free(score);
    free(H);
    return rc;
}

Rc maxstat_p_permutation(double *p, double *se, const MaxstatSearch *s, size_t permutations, uint64_t seed, Err *e)
{
    size_t n = s->n;
    double *score = malloc((2 * n + 1) * sizeof *score), *stat = score ? score + n : NULL, hits = 0;
    if (!score) return err_nomem(e);
    memcpy(score, s->score, n * sizeof *score);
    double b = s->n_cuts ? s->stat[s->best] * (1 - 1e-12) : NAN;
    for (size_t k = 0; k < permutations; k++) {
        Rng r = rng_stream(seed, k);
        for (size_t i = n; i > 1; i--) {
            size_t j = rng_below(&r, (uint32_t)i);
            double t = score[i - 1];
            score[i - 1] = score[j];
            score[j] = t;
        }
        standardise(stat, s, score);
        hits += largest(stat, s->n_cuts) >= b;
    }
    *p = (hits + 1) / ((double)permutations + 1);
    *se = sqrt(*p * (1 - *p) / (double)permutations);
    free(score);
    return OK;
}

/* Rows list[m] of d as data of their own; room[4 n]. */
static MaxstatData part_of(const MaxstatData *d, const size_t *list, size_t m, double *room)
{
    double *x = room, *t = room + d->n, *v = room + 2 * d->n, *y = room + 3 * d->n;
    for (size_t i = 0; i < m; i++) {
        x[i] = d->marker[list[i]];
        if (d->time) { t[i] = d->time[list[i]]; v[i] = d->event[list[i]]; }
        else y[i] = d->y[list[i]];
    }
    return (MaxstatData){ m, x, d->time ? t : NULL, v, y, d->minprop, d->maxprop };
}

Rc maxstat_bootstrap(double *cut, size_t *found, const MaxstatData *d, size_t resamples, uint64_t seed, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    double *room = malloc((4 * d->n + 1) * sizeof *room);
    size_t *list = malloc((d->n + 1) * sizeof *list);
    *found = 0;
    if (!room || !list) { rc = err_nomem(e); goto out; }
    for (size_t k = 0; k < resamples; k++) {
        Rng r = rng_stream(seed, k);
        MaxstatSearch s;
        for (size_t i = 0; i < d->n; i++) list[i] = rng_below(&r, (uint32_t)d->n);
        MaxstatData part = part_of(d, list, d->n, room);
        TRY(maxstat_search(&s, &part, &a, e));
        if (s.n_cuts && isfinite(s.stat[s.best])) cut[(*found)++] = s.cut[s.best];
        arena_free(&a);
    }
    sort_doubles(cut, *found);
out:
    arena_free(&a);
    free(room);
    free(list);
    return rc;
}

Rc maxstat_crossfit(double *high, const MaxstatData *d, int folds, uint64_t seed, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    size_t n = d->n;
    double *room = malloc((4 * n + 1) * sizeof *room);
    size_t *list = malloc((2 * n + 1) * sizeof *list), *turn = list ? list + n : NULL;
    if (!room || !list) { rc = err_nomem(e); goto out; }
    Rng r = rng_stream(seed, UINT32_MAX);
    for (size_t i = 0; i < n; i++) turn[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = rng_below(&r, (uint32_t)i), t = turn[i - 1];
        turn[i - 1] = turn[j];
        turn[j] = t;
    }
    for (int f = 0; f < folds; f++) {
        size_t m = 0;
        MaxstatSearch s;
        for (size_t i = 0; i < n; i++)
            if ((int)(turn[i] % (size_t)folds) != f) list[m++] = i;
        MaxstatData part = part_of(d, list, m, room);
        TRY(maxstat_search(&s, &part, &a, e));
        for (size_t i = 0; i < n; i++)
            if ((int)(turn[i] % (size_t)folds) == f) high[i] = s.n_cuts ? d->marker[i] > s.cut[s.best] : NAN;
        arena_free(&a);
    }
out:
    arena_free(&a);
    free(room);
    free(list);
    return rc;
}
