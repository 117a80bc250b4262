/* stats/ranks.c: ranks, exact permutation distributions of rank sums, and order statistics of pairwise values. */
#include "stats/ranks.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/dist.h"

Rc ranks_mid(double *rank, double *tie_sum, const double *x, size_t n, Err *e)
{
    Rc rc = OK;
    size_t *s = malloc((n + 1) * sizeof *s);
    double ties = 0;
    if (!s) return err_nomem(e);
    order_start(s, n);
    TRY(order_by(s, x, n, e));
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        for (hi = lo; hi < n && x[s[hi]] == x[s[lo]]; hi++) continue;
        double t = (double)(hi - lo);
        ties += t * t * t - t;
        for (size_t i = lo; i < hi; i++) rank[s[i]] = ((double)lo + 1 + (double)hi) / 2;
    }
    if (tie_sum) *tie_sum = ties;
out:
    free(s);
    return rc;
}

/* Ranks doubled are whole numbers. */
static size_t doubled(double rank) { return (size_t)(2 * rank + 0.5); }

static size_t total_doubled(const double *rank, size_t n)
{
    size_t s = 0;
    for (size_t i = 0; i < n; i++) s += doubled(rank[i]);
    return s;
}

Rc rank_sum_exact_p(double *p, const double *rank, size_t n, size_t m, double sum, Err *e)
{
    *p = NAN;
    if (n > RANKS_EXACT_MAX || m == 0 || m >= n) return OK;
    size_t total = total_doubled(rank, n), width = total + 1, reach = 0;
    double *H = calloc((m + 1) * width, sizeof *H);      /* H[k][t]: choices of k rows with doubled sum t */
    if (!H) return err_nomem(e);
    H[0] = 1;
    for (size_t i = 0; i < n; i++) {
        size_t a = doubled(rank[i]);
        reach += a;
        for (size_t k = i + 1 < m ? i + 1 : m; k > 0; k--) {
            double *to = H + k * width;
            const double *from = H + (k - 1) * width;
            for (size_t t = a; t <= reach; t++) to[t] += from[t - a];
        }
    }
    /* Both sides times n, so that the comparison is in whole numbers. */
    double mean = (double)m * (double)total, far = fabs(2 * sum * (double)n - mean) - 0.25;
    Sum hit = { 0 }, all = { 0 };
    for (size_t t = 0; t <= total; t++) {
        sum_add(&all, H[m * width + t]);
        if (fabs((double)t * (double)n - mean) >= far) sum_add(&hit, H[m * width + t]);
    }
    *p = fmin(sum_value(&hit) / sum_value(&all), 1);
    free(H);
    return OK;
}

Rc signed_rank_exact_p(double *p, const double *rank, size_t n, double positive, Err *e)
{
    *p = NAN;
    if (n > SIGNED_RANKS_EXACT_MAX) return OK;
    if (n == 0) { *p = 1; return OK; }
    size_t total = total_doubled(rank, n), reach = 0;
    double *H = calloc(total + 1, sizeof *H);
    if (!H) return err_nomem(e);
    H[0] = 1;
    for (size_t i = 0; i < n; i++) {
        size_t a = doubled(rank[i]);
        reach += a;
        for (size_t t = reach + 1; t-- > 0;) H[t] = (H[t] + (t >= a ? H[t - a] : 0)) / 2;
    }
    double mean = (double)total / 2, far = fabs(2 * positive - mean) - 0.25;
    Sum hit = { 0 };
    for (size_t t = 0; t <= total; t++)
        if (fabs((double)t - mean) >= far) sum_add(&hit, H[t]);
    *p = fmin(sum_value(&hit), 1);
    free(H);
    return OK;
}

Rc mann_whitney_quantile(double *q, double alpha, size_t m, size_t n, Err *e)
{
    *q = -1;
    if (m + n > RANKS_EXACT_MAX) return OK;
    /* Coefficients of the Gaussian binomial: prod (1 - z^(n+i)) / prod (1 - z^i). */
    size_t top = m * n;
    double *c = calloc(top + 1, sizeof *c), all = exp(log_choose((double)(m + n), (double)m));
    if (!c) return err_nomem(e);
    c[0] = 1;
    for (size_t i = 1; i <= m; i++) {
        for (size_t t = top + 1; t-- > n + i;) c[t] -= c[t - n - i];
        for (size_t t = i; t <= top; t++) c[t] += c[t - i];
    }
    Sum s = { 0 };
    size_t k = 0;
    for (; k <= top; k++) {
        sum_add(&s, c[k]);
        if (sum_value(&s) / all >= alpha * (1 - 1e-14)) break;
    }
    *q = (double)k;
    free(c);
    return OK;
}

/* ---- order statistics of pairwise values: bisection over the doubles themselves, so that the answer is one of the values. */

typedef struct { const double *x, *y; size_t m, n; } Pairs;

static double count_differences(const Pairs *p, double v)
{
    double c = 0;
    size_t j = p->n;      /* y_j … y_n-1 give x_i - y <= v */
    for (size_t i = 0; i < p->m; i++) {
        while (j > 0 && p->x[i] - p->y[j - 1] <= v) j--;
        /* as x grows, fewer y are large enough */
        while (j < p->n && p->x[i] - p->y[j] > v) j++;
        c += (double)(p->n - j);
    }
    return c;
}

static double count_walsh(const Pairs *p, double v)
{
    double c = 0;
    size_t j = p->m;      /* x_0 … x_j-1 pair with x_i to an average <= v */
    for (size_t i = 0; i < p->m; i++) {
        while (j > 0 && (p->x[i] + p->x[j - 1]) / 2 > v) j--;
        c += j > i ? (double)(j - i) : 0;
        if (j <= i) break;
    }
    return c;
}

static double kth(const Pairs *p, double (*count)(const Pairs *, double), double low, double high, double k)
{
    uint64_t lo = order_key(low), hi = order_key(high);
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (count(p, order_unkey(mid)) >= k) hi = mid; else lo = mid + 1;
    }
    return order_unkey(lo);
}

double kth_difference(const double *x, size_t m, const double *y, size_t n, double k)
{
    if (m == 0 || n == 0) return NAN;
    Pairs p = { x, y, m, n };
    return kth(&p, count_differences, x[0] - y[n - 1], x[m - 1] - y[0], k);
}

double median_difference(const double *x, size_t m, const double *y, size_t n)
{
    double N = (double)m * (double)n, half = floor(N / 2);
    if (N == 0) return NAN;
    if (N != 2 * half) return kth_difference(x, m, y, n, half + 1);
    return (kth_difference(x, m, y, n, half) + kth_difference(x, m, y, n, half + 1)) / 2;
}

double median_walsh(const double *x, size_t n)
{
    if (n == 0) return NAN;
    Pairs p = { x, NULL, n, 0 };
    double N = (double)n * ((double)n + 1) / 2, half = floor(N / 2);
    double upper = kth(&p, count_walsh, x[0], x[n - 1], half + 1);
    return N != 2 * half ? upper : (kth(&p, count_walsh, x[0], x[n - 1], half) + upper) / 2;
}
