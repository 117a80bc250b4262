/* stats/roc.c: areas under ROC curves with DeLong's variance, and the curve itself, on plain arrays. */
#include "stats/roc.h"

#include <math.h>
#include <stdlib.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/dist.h"
#include "stats/influence.h"

typedef struct { double x; int y; size_t at; } Item;      /* at: place among its own class, in order of rows */

static Rc sorted_items(Item **out, size_t *n_pos, const double *marker, const double *y, size_t n, Err *e)
{
    Rc rc = OK;
    Item *s = malloc((n + 1) * sizeof *s);
    size_t *order = malloc((2 * n + 1) * sizeof *order), *place = order ? order + n : NULL, count[2] = { 0, 0 };
    if (!s || !order) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) place[i] = count[y[i] != 0]++;
    order_start(order, n);
    TRY(order_by(order, marker, n, e));
    for (size_t k = 0; k < n; k++) s[k] = (Item){ marker[order[k]], y[order[k]] != 0, place[order[k]] };
    *out = s;
    *n_pos = count[1];
out:
    free(order);
    if (rc != OK) free(s);
    return rc;
}

/* Sum of products about the means over n - 1; NaN for n < 2. */
static double covariance(const double *u, const double *v, size_t n)
{
    if (n < 2) return NAN;
    double mu = mean_of(u, n), mv = mean_of(v, n);
    Sum s = { 0 };
    for (size_t i = 0; i < n; i++) sum_add(&s, (u[i] - mu) * (v[i] - mv));
    return sum_value(&s) / (double)(n - 1);
}

Rc roc_area(RocArea *out, const double *marker, const double *y, size_t n, Arena *a, Err *e)
{
    Item *s = NULL;
    size_t n_pos = 0;
    Rc rc = sorted_items(&s, &n_pos, marker, y, n, e);
    if (rc != OK) return rc;
    size_t n_neg = n - n_pos;
    *out = (RocArea){ n_pos, n_neg, NAN, NAN, ARENA_NEW(a, n_pos, double), ARENA_NEW(a, n_neg, double) };
    if (!out->v10 || !out->v01) { free(s); return err_nomem(e); }
    /* Twice the number of pairs won, a whole number. */
    double wins2 = 0, below[2] = { 0, 0 };
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        double tied[2] = { 0, 0 };
        for (hi = lo; hi < n && s[hi].x == s[lo].x; hi++) tied[s[hi].y]++;
        for (size_t i = lo; i < hi; i++) {
            if (s[i].y) out->v10[s[i].at] = (2 * below[0] + tied[0]) / (2 * (double)n_neg);
            else out->v01[s[i].at] = (2 * ((double)n_pos - below[1]) - tied[1]) / (2 * (double)n_pos);
        }
        wins2 += tied[1] * (2 * below[0] + tied[0]);
        below[0] += tied[0];
        below[1] += tied[1];
    }
    free(s);
    out->auc = wins2 / (2 * (double)n_pos * (double)n_neg);
    out->var = covariance(out->v10, out->v10, n_pos) / (double)n_pos + covariance(out->v01, out->v01, n_neg) / (double)n_neg;
    return OK;
}

double roc_covariance(const RocArea *a, const RocArea *b)
{
    return covariance(a->v10, b->v10, a->n_pos) / (double)a->n_pos + covariance(a->v01, b->v01, a->n_neg) / (double)a->n_neg;
}

/* Weight of row `at` of class y, by the place among its class. */
static void class_weights(double *pos, double *neg, const RocSample *s)
{
    size_t at[2] = { 0, 0 };
    for (size_t i = 0; i < s->n; i++) (s->y[i] != 0 ? pos : neg)[at[s->y[i] != 0]++] = s->weight ? s->weight[i] : 1;
}

Rc roc_area_of_sample(RocArea *out, const double *marker, const RocSample *sample, Arena *a, Err *e)
{
    Item *s = NULL;
    size_t n = sample->n, n_pos = 0;
    double *w[2] = { NULL, NULL };
    Rc rc = sorted_items(&s, &n_pos, marker, sample->y, n, e);
    if (rc != OK) return rc;
    *out = (RocArea){ n_pos, n - n_pos, NAN, NAN, ARENA_NEW(a, n_pos, double), ARENA_NEW(a, n - n_pos, double) };
    w[0] = ARENA_NEW(a, n, double);
    if (!out->v10 || !out->v01 || !w[0]) { rc = err_nomem(e); goto out; }
    w[1] = w[0] + (n - n_pos);
    class_weights(w[1], w[0], sample);
    double total[2] = { sum_of(w[0], n - n_pos), sum_of(w[1], n_pos) };
    Sum below = { 0 }, above = { 0 }, wins = { 0 };
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        double tied = 0;
        for (hi = lo; hi < n && s[hi].x == s[lo].x; hi++) tied += s[hi].y ? 0 : w[0][s[hi].at];
        for (size_t i = lo; i < hi; i++) {
            if (!s[i].y) continue;
            out->v10[s[i].at] = (sum_value(&below) + tied / 2) / total[0];
            sum_add(&wins, w[1][s[i].at] * out->v10[s[i].at]);
        }
        for (size_t i = lo; i < hi; i++) if (!s[i].y) sum_add(&below, w[0][s[i].at]);
    }
    for (size_t hi = n, lo; hi > 0; hi = lo) {
        double tied = 0;
        for (lo = hi; lo > 0 && s[lo - 1].x == s[hi - 1].x; lo--) tied += s[lo - 1].y ? w[1][s[lo - 1].at] : 0;
        for (size_t i = lo; i < hi; i++) if (!s[i].y) out->v01[s[i].at] = (sum_value(&above) + tied / 2) / total[1];
        for (size_t i = hi; i-- > lo;) if (s[i].y) sum_add(&above, w[1][s[i].at]);
    }
    out->auc = sum_value(&wins) / total[1];
    rc = roc_covariance_of_sample(&out->var, out, out, sample, e);
out:
    free(s);
    return rc;
}

/* u[c][i]: weighted influence of row i on the area through class c; of the other class it is 0. Rows in order. */
static void class_influence(double *u[2], const RocArea *r, const RocSample *s)
{
    double total[2] = { 0, 0 };
    size_t at[2] = { 0, 0 };
    for (size_t i = 0; i < s->n; i++) total[s->y[i] != 0] += s->weight ? s->weight[i] : 1;
    for (size_t i = 0; i < s->n; i++) {
        int c = s->y[i] != 0;
        double v = (c ? r->v10 : r->v01)[at[c]++];
        u[c][i] = (s->weight ? s->weight[i] : 1) * (v - r->auc) / total[c];
        u[!c][i] = 0;
    }
}

Rc roc_covariance_of_sample(double *cov, const RocArea *a, const RocArea *b, const RocSample *s, Err *e)
{
    Rc rc = OK;
    size_t n = s->n, groups = s->cluster ? s->n_clusters : n, m[3] = { 0, 0, 0 };      /* clusters with negatives, positives, either */
    double *block = calloc(4 * n + 1, sizeof *block), *u[2] = { block, block + n }, *v[2] = { block + 2 * n, block + 3 * n }, part[4];
    unsigned char *has = calloc(groups + 1, 1);
    Clusters clusters = { n, s->cluster, s->n_clusters };
    if (!block || !has) { rc = err_nomem(e); goto out; }
    class_influence(u, a, s);
    class_influence(v, b, s);
    for (size_t i = 0; i < n; i++) has[s->cluster ? (size_t)s->cluster[i] : i] |= s->y[i] != 0 ? 2 : 1;
    for (size_t c = 0; c < groups; c++) {
        m[0] += (has[c] & 1) != 0;
        m[1] += (has[c] & 2) != 0;
        m[2] += has[c] != 0;
    }
    for (size_t k = 0; k < 4; k++) TRY(influence_product(&part[k], u[k / 2], v[k % 2], &clusters, e));
    double f[3];
    for (int k = 0; k < 3; k++) f[k] = m[k] > 1 ? (double)m[k] / (double)(m[k] - 1) : NAN;
    *cov = f[0] * part[0] + f[1] * part[3] + (s->cluster ? f[2] * (part[1] + part[2]) : 0);
out:
    free(block);
    free(has);
    return rc;
}

Rc roc_curve(RocCurve *out, const double *marker, const double *y, const double *weight, size_t n, Arena *a, Err *e)
{
    Item *s = NULL;
    size_t n_pos = 0, k = 0;
    Rc rc = sorted_items(&s, &n_pos, marker, y, n, e);
    if (rc != OK) return rc;
    for (size_t i = 0; i < n; i++) k += i == 0 || s[i].x != s[i - 1].x;
    double *block = ARENA_NEW(a, 3 * (k + 1), double), *w = ARENA_NEW(a, weight ? n : 1, double);
    if (!block || !w) { free(s); return err_nomem(e); }
    *out = (RocCurve){ .n = k + 1, .counts = !weight, .threshold = block, .true_pos = block + k + 1, .true_neg = block + 2 * (k + 1) };
    const RocSample sample = { .n = n, .y = y, .weight = weight };
    if (weight) class_weights(w + (n - n_pos), w, &sample);
    /* Negatives below each threshold from below, positives above it from above: sums of weights end at exactly 0. */
    Sum tn = { 0 }, tp = { 0 };
    size_t at = 0;
    out->threshold[at] = -INFINITY;
    out->true_neg[at++] = 0;
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        for (hi = lo; hi < n && s[hi].x == s[lo].x; hi++)
            if (!s[hi].y) sum_add(&tn, weight ? w[s[hi].at] : 1);
        double cut = hi < n ? (s[lo].x + s[hi].x) / 2 : INFINITY;
        if (cut == s[lo].x) cut = s[hi].x;      /* neighbouring doubles have no midpoint */
        out->threshold[at] = cut;
        out->true_neg[at++] = sum_value(&tn);
    }
    out->true_pos[--at] = 0;
    for (size_t hi = n, lo; hi > 0; hi = lo) {
        for (lo = hi; lo > 0 && s[lo - 1].x == s[hi - 1].x; lo--)
            if (s[lo - 1].y) sum_add(&tp, weight ? w[(n - n_pos) + s[lo - 1].at] : 1);
        out->true_pos[--at] = sum_value(&tp);
    }
    out->pos = out->true_pos[0];
    out->neg = out->true_neg[k];
    free(s);
    return OK;
}

double roc_partial_area(const RocCurve *c, double high, double low)
{
    if (!(low >= 0 && low < high && high <= 1)) return NAN;
    Sum area = { 0 };
    for (size_t i = 0; i + 1 < c->n; i++) {
        double p0 = c->true_neg[i] / c->neg, p1 = c->true_neg[i + 1] / c->neg;
        double s0 = c->true_pos[i] / c->pos, s1 = c->true_pos[i + 1] / c->pos;
        double a = fmax(p0, low), b = fmin(p1, high);
        if (!(b > a)) continue;
        double slope = (s1 - s0) / (p1 - p0);
        sum_add(&area, (b - a) * (s0 + slope * ((a + b) / 2 - p0)));
    }
    return sum_value(&area);
}

double roc_partial_corrected(double area, double high, double low)
{
    double least = (high - low) * (2 - high - low) / 2, most = high - low;
    return area < least ? NAN : (1 + (area - least) / (most - least)) / 2;
}

double roc_variance_hanley(double A, double n_pos, double n_neg)
{
    double q1 = A / (2 - A), q2 = 2 * A * A / (1 + A);
    return (A * (1 - A) + (n_pos - 1) * (q1 - A * A) + (n_neg - 1) * (q2 - A * A)) / (n_pos * n_neg);
}

static double newcombe_variance(double A, double m, double n)
{
    double h = (m + n) / 2 - 1;
    return A * (1 - A) * (1 + h * (1 - A) / (2 - A) + h * A / (1 + A)) / (m * n);
}

/* The area at distance z standard errors (its own) from auc, between auc and end. */
static double newcombe_limit(double auc, double end, double m, double n, double z)
{
    double near = auc, far = end;
    if (auc == end) return end;
    for (int i = 0; i < 200; i++) {
        double mid = (near + far) / 2;
        if (fabs(mid - auc) < z * sqrt(newcombe_variance(mid, m, n))) near = mid; else far = mid;
    }
    return (near + far) / 2;
}

void roc_limits_newcombe(double *lower, double *upper, double auc, double n_pos, double n_neg, double conf)
{
    double z = normal_quantile(0.5 + conf / 2);
    *lower = newcombe_limit(auc, 0, n_pos, n_neg, z);
    *upper = newcombe_limit(auc, 1, n_pos, n_neg, z);
}
