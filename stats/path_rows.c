/* stats/path_rows.c: rows of an elastic-net path: layout, and kernels eight rows or eight columns abreast. */
#include "stats/path_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lanes.h"
#include "core/lanes_exp.h"
#include "core/sum.h"

/* Rows of a panel: what the columns hold of it stays in the cache while they are multiplied with each other. */
enum { PANEL = 512 };

typedef struct { int stratum; double time; size_t place; } SortKey;

static int by_stratum_then_late(const void *pa, const void *pb)
{
    const SortKey *a = pa, *b = pb;
    if (a->stratum != b->stratum) return a->stratum < b->stratum ? -1 : 1;
    if (a->time != b->time) return a->time > b->time ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* Segments end with an event time, and with each stratum. */
static void lay_segments(PathRows *r, const SortKey *key)
{
    Sum saturated = { 0 };
    bool opens = true;
    for (size_t i = 0; i < r->n;) {
        double d = 0;
        size_t to = i;
        for (; to < r->n && key[to].time == key[i].time && key[to].stratum == key[i].stratum; to++)
            if (r->event[to] != 0) d += r->weight[to];
        const bool ends = to == r->n || key[to].stratum != key[i].stratum;
        if (d > 0 || ends) {
            r->segment_end[r->n_segments] = to;
            r->opens_stratum[r->n_segments] = opens;
            r->deaths[r->n_segments++] = d;
            if (d > 0) sum_add(&saturated, -d * log(d));
            opens = ends;
        }
        i = to;
    }
    r->saturated = sum_value(&saturated);
}

/* Eight sums side by side, added up in a fixed order. */
static inline __attribute__((always_inline)) double lanes_total(Lanes v)
{
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

static FOR_EACH_WIDTH double dot(const double *x, const double *y, size_t ld)
{
    Lanes s[4] = { { 0 } };
    size_t i = 0;
    for (; i + 4 * LANES <= ld; i += 4 * LANES) for (int k = 0; k < 4; k++) s[k] += lanes_at(x + i + k * LANES) * lanes_at(y + i + k * LANES);
    for (; i < ld; i += LANES) s[0] += lanes_at(x + i) * lanes_at(y + i);
    return lanes_total((s[0] + s[1]) + (s[2] + s[3]));
}

/* Weighted mean taken out (twice: the second takes what rounding left), weighted variance with 1/n brought to 1 where asked. */
static FOR_EACH_WIDTH void standardise(double *x, const double *w, size_t n, size_t ld, double total, bool scale, double *center, double *sd)
{
    *center = 0;
    *sd = 1;
    for (int pass = 0; pass < 2; pass++) {
        const double mean = dot(x, w, ld) / total;
        *center += mean;
        for (size_t i = 0; i < n; i++) x[i] -= mean;
    }
    if (!scale) return;
    Lanes s = { 0 };
    for (size_t i = 0; i < ld; i += LANES) s += lanes_at(w + i) * lanes_at(x + i) * lanes_at(x + i);
    const double v = sqrt(lanes_total(s) / total);
    if (!(v > 0)) return;
    *sd = v;
    for (size_t i = 0; i < n; i++) x[i] /= v;
}

Rc path_rows_init(PathRows *r, const PathProblem *p, Arena *a, Err *e)
{
    const size_t n = p->n, ld = (n + LANES - 1) / LANES * LANES;
    *r = (PathRows){ .n = n, .ld = ld, .p = p->p, .cox = p->time };
    SortKey *key = ARENA_NEW(a, n, SortKey);
    double **row[] = { &r->event, &r->weight, &r->offset, &r->eta, &r->score, &r->risk, &r->curve, &r->held_risk, &r->held_curve };
    double **by_segment[] = { &r->deaths, &r->jump, &r->share, &r->held_jump, &r->held_share };
    bool missing = !key;
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) missing = !(*row[k] = ARENA_NEW(a, ld, double)) || missing;
    for (size_t k = 0; k < sizeof by_segment / sizeof *by_segment; k++) missing = !(*by_segment[k] = ARENA_NEW(a, n, double)) || missing;
    r->x = ARENA_NEW(a, ld * (p->p + 1), double);
    r->center = ARENA_NEW(a, p->p, double);
    r->scale = ARENA_NEW(a, p->p, double);
    r->place = ARENA_NEW(a, n, size_t);
    r->segment_end = ARENA_NEW(a, n, size_t);
    r->opens_stratum = ARENA_NEW(a, n, unsigned char);
    if (missing || !r->x || !r->center || !r->scale || !r->place || !r->segment_end || !r->opens_stratum) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const size_t at = p->row ? p->row[i] : i;
        key[i] = (SortKey){ p->stratum ? p->stratum[at] : 0, p->time ? p->time[at] : 0, at };
    }
    if (r->cox) qsort(key, n, sizeof *key, by_stratum_then_late);
    for (size_t i = 0; i < n; i++) {
        const size_t at = r->place[i] = key[i].place;
        r->event[i] = p->event[at];
        r->weight[i] = p->weight ? p->weight[at] : 1;
        r->offset[i] = p->offset ? p->offset[at] : 0;
        r->x[p->p * ld + i] = 1;
    }
    r->total = sum_of(r->weight, n);
    for (size_t j = 0; j < p->p; j++) {
        double *to = r->x + j * ld;
        const double *from = p->x + j * (p->x_rows ? p->x_rows : n);
        for (size_t i = 0; i < n; i++) to[i] = from[r->place[i]];
        standardise(to, r->weight, n, ld, r->total, p->standardize, &r->center[j], &r->scale[j]);
    }
    if (r->cox) lay_segments(r, key);
    return OK;
}

/* eta += b[0] x[0] + … + b[3] x[3], in that order, for the rows from … to-1. */
static FOR_EACH_WIDTH void add_four(double *eta, const double *const x[4], const double b[4], size_t from, size_t to)
{
    const Lanes b0 = lanes_all(b[0]), b1 = lanes_all(b[1]), b2 = lanes_all(b[2]), b3 = lanes_all(b[3]);
    for (size_t i = from; i < to; i += LANES) {
        Lanes s = lanes_at(eta + i) + b0 * lanes_at(x[0] + i);
        s += b1 * lanes_at(x[1] + i);
        s += b2 * lanes_at(x[2] + i);
        lanes_put(eta + i, s + b3 * lanes_at(x[3] + i));
    }
}

/* By panels of rows, whose eta stays in the cache; of a long column a panel is a few whole pages. */
void path_rows_predict(PathRows *r, const size_t *col, const double *b, size_t k)
{
    memcpy(r->eta, r->offset, r->ld * sizeof *r->eta);
    for (size_t from = 0; from < r->ld; from += PANEL) {
        const size_t to = from + PANEL < r->ld ? from + PANEL : r->ld;
        for (size_t j = 0; j < k; j += 4) {
            const double *x[4];
            double bj[4] = { 0 };
            for (size_t c = 0; c < 4; c++) {
                x[c] = r->x + col[j + c < k ? j + c : k - 1] * r->ld;
                if (j + c < k) bj[c] = b[j + c];
            }
            add_four(r->eta, x, bj, from, to);
        }
    }
}

/* log(1 + t) for t from 0 to 1: 2 atanh(t / (2 + t)), whose square is at most 1/9; the series ends below 1e-17. */
static inline __attribute__((always_inline)) Lanes log_of_1_plus(Lanes t)
{
    const Lanes f = t / (2 + t), q = f * f;
    Lanes s = lanes_all(1. / 35);
    for (int k = 33; k >= 1; k -= 2) s = s * q + 1. / k;
    return 2 * f * s;
}

static FOR_EACH_WIDTH double logistic_loglik(PathRows *r)
{
    Lanes ll = { 0 };
    for (size_t i = 0; i < r->ld; i += LANES) {
        const Lanes eta = lanes_at(r->eta + i), w = lanes_at(r->weight + i), y = lanes_at(r->event + i), none = { 0 };
        const Lanes size = lanes_select(eta > 0, eta, -eta), t = lanes_exp(-size), share = 1 / (1 + t);
        const Lanes pr = lanes_select(eta > 0, share, t * share);
        ll += w * ((y - lanes_select(eta > 0, none + 1, none)) * eta - log_of_1_plus(t));
        lanes_put(r->score + i, w * (y - pr));
        lanes_put(r->curve + i, w * t * share * share);
    }
    return lanes_total(ll);
}

/* risk := w exp(eta - top); the events' part of the log-likelihood. */
static FOR_EACH_WIDTH double cox_risks(PathRows *r)
{
    double top = -INFINITY;
    for (size_t i = 0; i < r->n; i++) if (r->eta[i] > top) top = r->eta[i];
    Lanes ll = { 0 };
    for (size_t i = 0; i < r->ld; i += LANES) {
        const Lanes w = lanes_at(r->weight + i), above = lanes_at(r->eta + i) - top;
        lanes_put(r->risk + i, w * lanes_exp(above));
        ll += w * lanes_at(r->event + i) * above;
    }
    return lanes_total(ll);
}

static double cox_loglik(PathRows *r)
{
    Sum ll = { cox_risks(r), 0 };
    double s0 = 0;
    for (size_t s = 0, i = 0; s < r->n_segments; s++) {
        if (r->opens_stratum[s]) s0 = 0;
        for (; i < r->segment_end[s]; i++) s0 += r->risk[i];
        const double d = r->deaths[s];
        if (d == 0) continue;
        sum_add(&ll, -d * log(s0));
        r->jump[s] = d / s0;
        r->share[s] = 1 / s0;
    }
    /* Rows at risk at t are those with T >= t: the hazards of all earlier times add up from the last segment to the first. */
    double hazard = 0;
    for (size_t s = r->n_segments, i = r->n; s-- > 0;) {
        hazard += r->jump[s];
        for (const size_t from = s ? r->segment_end[s - 1] : 0; i > from; i--) {
            const size_t k = i - 1;
            r->curve[k] = r->risk[k] * hazard;
            r->score[k] = r->weight[k] * r->event[k] - r->curve[k];
        }
        if (r->opens_stratum[s]) hazard = 0;
    }
    return sum_value(&ll);
}

double path_rows_loglik(PathRows *r)
{
    return r->cox ? cox_loglik(r) : logistic_loglik(r);
}

/* Columns four abreast; each adds up by itself, so its sum does not depend on its neighbours. */
static FOR_EACH_WIDTH void four_products(double out[4], const double *const x[4], const double *y, size_t ld)
{
    Lanes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
    for (size_t i = 0; i < ld; i += LANES) {
        const Lanes v = lanes_at(y + i);
        a += lanes_at(x[0] + i) * v;
        b += lanes_at(x[1] + i) * v;
        c += lanes_at(x[2] + i) * v;
        d += lanes_at(x[3] + i) * v;
    }
    out[0] = lanes_total(a);
    out[1] = lanes_total(b);
    out[2] = lanes_total(c);
    out[3] = lanes_total(d);
}

void path_rows_gradient(double *g, const PathRows *r, const size_t *col, size_t k)
{
    for (size_t j = 0; j < k; j += 4) {
        const double *x[4];
        double out[4];
        for (size_t c = 0; c < 4; c++) x[c] = r->x + col[j + c < k ? j + c : k - 1] * r->ld;
        four_products(out, x, r->score, r->ld);
        for (size_t c = 0; c < 4 && j + c < k; c++) g[col[j + c]] = out[c] / r->total;
    }
}

void path_rows_hold(PathRows *r)
{
    memcpy(r->held_curve, r->curve, r->ld * sizeof *r->curve);
    if (!r->cox) return;
    memcpy(r->held_risk, r->risk, r->ld * sizeof *r->risk);
    memcpy(r->held_jump, r->jump, r->n_segments * sizeof *r->jump);
    memcpy(r->held_share, r->share, r->n_segments * sizeof *r->share);
}

/* V x for eight columns: curve_i x_i - r_i sum over the event times that row i met of d/S0 times the risk set's mean of x. */
static FOR_EACH_WIDTH void cox_curvature(double *const z[LANES], const PathRows *r, const double *const x[LANES])
{
    Lanes s1 = { 0 };
    for (size_t s = 0, i = 0; s < r->n_segments; s++) {
        if (r->opens_stratum[s]) s1 = (Lanes){ 0 };
        for (; i < r->segment_end[s]; i++) {
            const Lanes xi = { x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], x[5][i], x[6][i], x[7][i] };
            s1 += r->held_risk[i] * xi;
        }
        /* Kept in the last row of the segment until the way back has come to it. */
        const Lanes mean = r->held_jump[s] * (r->held_share[s] * s1);
        for (int c = 0; c < LANES; c++) z[c][i - 1] = mean[c];
    }
    Lanes sum = { 0 };
    for (size_t s = r->n_segments, i = r->n; s-- > 0;) {
        for (int c = 0; c < LANES; c++) sum[c] += z[c][i - 1];
        for (const size_t from = s ? r->segment_end[s - 1] : 0; i > from; i--) {
            const size_t k = i - 1;
            const Lanes xk = { x[0][k], x[1][k], x[2][k], x[3][k], x[4][k], x[5][k], x[6][k], x[7][k] };
            const Lanes v = r->held_curve[k] * xk - r->held_risk[k] * sum;
            for (int c = 0; c < LANES; c++) z[c][k] = v[c];
        }
        if (r->opens_stratum[s]) sum = (Lanes){ 0 };
    }
    for (int c = 0; c < LANES; c++) for (size_t i = r->n; i < r->ld; i++) z[c][i] = 0;
}

static FOR_EACH_WIDTH void times_curve(double *z, const double *x, const double *curve, size_t ld)
{
    for (size_t i = 0; i < ld; i += LANES) lanes_put(z + i, lanes_at(curve + i) * lanes_at(x + i));
}

void path_rows_curvature(double *z, const PathRows *r, const size_t *col, size_t k)
{
    for (size_t j = 0; j < k; j++) if (!r->cox) times_curve(z + j * r->ld, r->x + col[j] * r->ld, r->held_curve, r->ld);
    for (size_t j = 0; r->cox && j < k; j += LANES) {
        const double *x[LANES];
        double *to[LANES];
        for (size_t c = 0; c < LANES; c++) {
            const size_t at = j + c < k ? j + c : k - 1;           /* the last one may be worked out several times */
            x[c] = r->x + col[at] * r->ld;
            to[c] = z + at * r->ld;
        }
        cox_curvature(to, r, x);
    }
}

/* out (4 x 2) += x' z of one panel. */
static FOR_EACH_WIDTH void panel_products(double out[8], const double *const x[4], const double *const z[2], size_t from, size_t to)
{
    Lanes a0 = { 0 }, a1 = { 0 }, a2 = { 0 }, a3 = { 0 }, b0 = { 0 }, b1 = { 0 }, b2 = { 0 }, b3 = { 0 };
    for (size_t i = from; i < to; i += LANES) {
        const Lanes u = lanes_at(z[0] + i), v = lanes_at(z[1] + i);
        const Lanes x0 = lanes_at(x[0] + i), x1 = lanes_at(x[1] + i), x2 = lanes_at(x[2] + i), x3 = lanes_at(x[3] + i);
        a0 += x0 * u; b0 += x0 * v;
        a1 += x1 * u; b1 += x1 * v;
        a2 += x2 * u; b2 += x2 * v;
        a3 += x3 * u; b3 += x3 * v;
    }
    out[0] += lanes_total(a0); out[1] += lanes_total(a1); out[2] += lanes_total(a2); out[3] += lanes_total(a3);
    out[4] += lanes_total(b0); out[5] += lanes_total(b1); out[6] += lanes_total(b2); out[7] += lanes_total(b3);
}

void path_rows_products(double *h, size_t ldh, const PathRows *r, const size_t *row, size_t m, const double *z, size_t k, bool lower)
{
    for (size_t j = 0; j < k; j++) for (size_t i = lower ? j : 0; i < m; i++) h[i + j * ldh] = 0;
    for (size_t from = 0; from < r->ld; from += PANEL) {
        const size_t to = from + PANEL < r->ld ? from + PANEL : r->ld;
        for (size_t j = 0; j < k; j += 2) {
            const double *zj[2] = { z + j * r->ld, z + (j + 1 < k ? j + 1 : j) * r->ld };
            for (size_t i = lower ? j / 4 * 4 : 0; i < m; i += 4) {
                const double *x[4];
                double out[8] = { 0 };
                for (size_t c = 0; c < 4; c++) x[c] = r->x + row[i + c < m ? i + c : m - 1] * r->ld;
                panel_products(out, x, zj, from, to);
                for (size_t c = 0; c < 4 && i + c < m; c++)
                    for (size_t d = 0; d < 2 && j + d < k; d++) if (!lower || i + c >= j + d) h[i + c + (j + d) * ldh] += out[4 * d + c];
            }
        }
    }
    for (size_t j = 0; j < k; j++) for (size_t i = lower ? j : 0; i < m; i++) h[i + j * ldh] /= r->total;
}
