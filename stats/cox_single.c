/* stats/cox_single.c: one covariate at a time, on rows sorted once. */
#include "stats/cox_single.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"

enum { ITERATIONS_MAX = 40, HALVINGS_MAX = 30 };

typedef struct { double time, event; size_t row; } Key;

static int by_time(const void *pa, const void *pb)
{
    const Key *a = pa, *b = pb;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->event != b->event) return a->event < b->event ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

Rc cox_single_init(CoxSingle *s, const double *time, const double *event, size_t n, bool efron, Arena *a, Err *e)
{
    Key *key = ARENA_NEW(a, n + 1, Key);
    *s = (CoxSingle){ .n = n, .order = ARENA_NEW(a, n + 1, size_t), .group = ARENA_NEW(a, n + 2, size_t),
                      .event = arena_alloc(a, n + 1), .time = ARENA_NEW(a, n + 1, double), .efron = efron };
    if (!key || !s->order || !s->group || !s->event || !s->time) return err_nomem(e);
    for (size_t i = 0; i < n; i++) key[i] = (Key){ time[i], event[i] != 0, i };
    qsort(key, n, sizeof *key, by_time);
    for (size_t i = 0; i < n; i++) {
        s->order[i] = key[i].row;
        s->time[i] = key[i].time;
        s->event[i] = key[i].event != 0;
        s->n_events += s->event[i];
        if (i == 0 || key[i].time != key[i - 1].time || key[i].event != key[i - 1].event) s->group[s->n_groups++] = i;
    }
    s->group[s->n_groups] = n;
    return OK;
}

/* Rows of one time and event by value, so that no sum depends on the file's order. */
static void sort_groups(double *x, const CoxSingle *s)
{
    for (size_t g = 0; g < s->n_groups; g++) {
        const size_t from = s->group[g], m = s->group[g + 1] - from;
        if (m > 32) { sort_doubles(x + from, m); continue; }
        for (size_t i = from + 1; i < from + m; i++) {
            const double v = x[i];
            size_t k = i;
            for (; k > from && x[k - 1] > v; k--) x[k] = x[k - 1];
            x[k] = v;
        }
    }
}

/* Every event has the largest (sign 1) or smallest (-1) value of all at risk, and not always a tied one. */
static bool monotone(const CoxSingle *s, const double *x, double sign)
{
    double most = -INFINITY;
    bool strict = false;
    for (size_t g = s->n_groups; g-- > 0;) {
        const size_t from = s->group[g], to = s->group[g + 1];
        double least = INFINITY;
        for (size_t i = from; i < to; i++) { most = fmax(most, sign * x[i]); least = fmin(least, sign * x[i]); }
        if (!s->event[from]) continue;
        /* Those censored at this time are at risk: they are the group before. */
        double all = most;
        if (g > 0 && !s->event[s->group[g - 1]] && s->time[s->group[g - 1]] == s->time[from])
            for (size_t i = s->group[g - 1]; i < from; i++) all = fmax(all, sign * x[i]);
        if (least < all) return false;
        for (size_t i = from; i < s->n && !strict; i++) strict = sign * x[i] < all;
        if (g > 0 && all > least) strict = true;
    }
    return strict;
}

typedef struct { double loglik, score, info; } At;

static At evaluate(const CoxSingle *s, const double *x, double *r, double b)
{
    At at = { 0, 0, 0 };
    double top = -INFINITY, s0 = 0, s1 = 0, s2 = 0;
    for (size_t i = 0; i < s->n; i++) if (b * x[i] > top) top = b * x[i];
    for (size_t i = 0; i < s->n; i++) r[i] = exp(b * x[i] - top);
    for (size_t g = s->n_groups; g-- > 0;) {
        const size_t from = s->group[g], to = s->group[g + 1];
        double d0 = 0, d1 = 0, d2 = 0, sum = 0;
        for (size_t i = from; i < to; i++) {
            const double w = r[i] * x[i];
            d0 += r[i];
            d1 += w;
            d2 += w * x[i];
            sum += x[i];
        }
        s0 += d0;
        s1 += d1;
        s2 += d2;
        if (!s->event[from]) continue;
        /* Rows censored at this time come next but are at risk. */
        double a0 = s0, a1 = s1, a2 = s2;
        if (g > 0 && !s->event[s->group[g - 1]] && s->time[s->group[g - 1]] == s->time[from])
            for (size_t i = s->group[g - 1]; i < from; i++) { a0 += r[i]; a1 += r[i] * x[i]; a2 += r[i] * x[i] * x[i]; }
        const double m = (double)(to - from);
        at.loglik += b * sum - m * top;
        at.score += sum;
        if (!s->efron || to - from == 1) {
            const double mean = a1 / a0;
            at.loglik -= m * log(a0);
            at.score -= m * mean;
            at.info += m * (a2 / a0 - mean * mean);
            continue;
        }
        for (size_t l = 0; l < to - from; l++) {
            const double f = (double)l / m, c = a0 - f * d0, mean = (a1 - f * d1) / c;
            at.loglik -= log(c);
            at.score -= mean;
            at.info += (a2 - f * d2) / c - mean * mean;
        }
    }
    return at;
}

/* ---- concordance of x itself */

typedef struct { double x; size_t place; } Ranked;

static int by_value(const void *pa, const void *pb)
{
    const double a = ((const Ranked *)pa)->x, b = ((const Ranked *)pb)->x;
    return (a > b) - (a < b);
}

/* Shell's method with Ciura's gaps: without a call a comparison it is twice as fast as qsort on a cohort's few hundred rows. */
static void sort_ranked(Ranked *by, size_t n)
{
    static const size_t gaps[] = { 701, 301, 132, 57, 23, 10, 4, 1 };
    if (n > 2000) { qsort(by, n, sizeof *by, by_value); return; }
    for (size_t q = 0; q < sizeof gaps / sizeof *gaps; q++)
        for (size_t i = gaps[q]; i < n; i++) {
            const Ranked v = by[i];
            size_t k = i;
            for (; k >= gaps[q] && by[k - gaps[q]].x > v.x; k -= gaps[q]) by[k] = by[k - gaps[q]];
            by[k] = v;
        }
}

static size_t below(const unsigned *tree, size_t rank)
{
    size_t n = 0;
    for (; rank > 0; rank -= rank & -rank) n += tree[rank];
    return n;
}

static bool concordance(double *c, const CoxSingle *s, const double *x, double sign, Arena *a)
{
    const size_t n = s->n;
    Ranked *by = ARENA_NEW(a, n + 1, Ranked);
    unsigned *rank = ARENA_NEW(a, n + 1, unsigned), *tree = ARENA_NEW(a, n + 2, unsigned);
    if (!by || !rank || !tree) return false;
    for (size_t i = 0; i < n; i++) by[i] = (Ranked){ x[i], i };
    sort_ranked(by, n);
    unsigned k = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || by[i].x != by[i - 1].x) k++;
        rank[by[i].place] = k;
    }
    double low = 0, high = 0, tied = 0;
    size_t in = 0;
    for (size_t g = s->n_groups; g-- > 0;) {
        const size_t from = s->group[g], to = s->group[g + 1];
        const bool event = s->event[from];
        const bool partner = event && g > 0 && !s->event[s->group[g - 1]] && s->time[s->group[g - 1]] == s->time[from];
        const size_t first = partner ? s->group[g - 1] : from;
        /* Who outlives the events: those added before, and who is censored at their time. */
        for (size_t i = first; i < (event ? from : to); i++, in++) for (size_t q = rank[i]; q <= k; q += q & -q) tree[q]++;
        for (size_t i = from; event && i < to; i++) {
            const size_t under = below(tree, rank[i] - 1), upto = below(tree, rank[i]);
            low += (double)under;
            tied += (double)(upto - under);
            high += (double)(in - upto);
        }
        for (size_t i = from; event && i < to; i++, in++) for (size_t q = rank[i]; q <= k; q += q & -q) tree[q]++;
        if (partner) g--;
    }
    const double pairs = low + high + tied;
    *c = pairs > 0 ? ((sign > 0 ? low : sign < 0 ? high : (low + high) / 2) + tied / 2) / pairs : NAN;
    return true;
}

bool cox_single_fit(CoxSingleFit *f, const CoxSingle *s, const double *x, Arena *scratch)
{
    const size_t n = s->n;
    double *z = ARENA_NEW(scratch, 2 * n + 1, double), *r = z + n, mean = 0, ss = 0;
    if (!z || s->n_events == 0) return false;
    for (size_t i = 0; i < n; i++) z[i] = x[s->order[i]];
    sort_groups(z, s);
    for (size_t i = 0; i < n; i++) mean += z[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++) { z[i] -= mean; ss += z[i] * z[i]; }
    const double sd = sqrt(ss / (double)n);
    /* Far from 0 the values lose digits, and extreme scales overflow: that is for the general way. */
    if (!(sd > 1e-6 * fabs(mean)) || !(sd > 1e-100 && sd < 1e100)) return false;
    for (size_t i = 0; i < n; i++) z[i] /= sd;
    if (monotone(s, z, 1) || monotone(s, z, -1)) return false;
    double b = 0;
    At at = evaluate(s, z, r, b);
    f->loglik_null = at.loglik;
    f->score_chisq = at.score * at.score / at.info;
    bool last = false;
    for (int it = 0; it < ITERATIONS_MAX; it++) {
        if (!(at.info > 1e-12 * (double)s->n_events)) return false;
        const double off = fabs(at.score) / sqrt(at.info);
        if (off < 1e-10) {
            if (last || off < 1e-13) { last = true; break; }
            last = true;
        }
        double step = at.score / at.info;
        At next = evaluate(s, z, r, b + step);
        for (int half = 0; half < HALVINGS_MAX && !(next.loglik >= at.loglik - 1e-12 * (1 + fabs(at.loglik))); half++) {
            step /= 2;
            next = evaluate(s, z, r, b + step);
        }
        b += step;
        at = next;
    }
    if (!last) return false;
    f->coef = b / sd;
    f->se = 1 / (sqrt(at.info) * sd);
    f->loglik = at.loglik;
    return concordance(&f->c, s, z, b, scratch);
}
