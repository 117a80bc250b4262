/* stats/kendall.c: Kendall's rank correlation. */
#include "stats/kendall.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/dist.h"

/* Sums over blocks of equal values t: t(t-1), t(t-1)(t-2), t(t-1)(2t+5). */
static void tie_sums(double out[3], const double *sorted, size_t n)
{
    memset(out, 0, 3 * sizeof *out);
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && sorted[k] == sorted[i]) k++;
        double t = (double)(k - i);
        out[0] += t * (t - 1);
        out[1] += t * (t - 1) * (t - 2);
        out[2] += t * (t - 1) * (2 * t + 5);
        i = k;
    }
}

/* P(T <= q) for T, the number of concordant pairs of n untied pairs: counts of permutations by inversions. */
static Rc exact_cdf(double *p, size_t n, double q, Err *e)
{
    size_t most = n * (n - 1) / 2;
    double *count = calloc(most + 1, sizeof *count), *next = calloc(most + 1, sizeof *next);
    if (!count || !next) { free(count); free(next); return err_nomem(e); }
    count[0] = 1;
    for (size_t m = 2; m <= n; m++) {
        /* Adding the m-th makes 0 … m-1 new inversions, each with share 1/m: a running window. */
        double window = 0;
        for (size_t k = 0; k <= most; k++) {
            window += count[k];
            if (k >= m) window -= count[k - m];
            next[k] = window / (double)m;
        }
        double *t = count;
        count = next;
        next = t;
    }
    size_t upto = q < 0 ? 0 : (size_t)q + 1;
    *p = sum_of(count, upto > most + 1 ? most + 1 : upto);
    free(count);
    free(next);
    return OK;
}

Rc kendall_test(Kendall *out, const double *x, const double *y, size_t n, Err *e)
{
    Rc rc = OK;
    double *sorted = malloc((n ? n : 1) * sizeof *sorted), tx[3], ty[3], score = 0, N = (double)n;
    if (!sorted) return err_nomem(e);
    memcpy(sorted, x, n * sizeof *x);
    sort_doubles(sorted, n);
    tie_sums(tx, sorted, n);
    memcpy(sorted, y, n * sizeof *y);
    sort_doubles(sorted, n);
    tie_sums(ty, sorted, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) score += ((x[i] > x[j]) - (x[i] < x[j])) * ((y[i] > y[j]) - (y[i] < y[j]));
    double pairs = N * (N - 1);
    *out = (Kendall){ .tau = 2 * score / sqrt((pairs - tx[0]) * (pairs - ty[0])), .p = NAN, .z = NAN };
    if (n < 2 || !isfinite(out->tau)) { out->tau = NAN; goto out; }
    out->exact = n < 50 && tx[0] == 0 && ty[0] == 0;
    if (out->exact) {
        double concordant = round((out->tau + 1) * pairs / 4), p;
        if (concordant > pairs / 4) {
            TRY(exact_cdf(&p, n, pairs / 2 - concordant, e));       /* the distribution is symmetric */
        } else {
            TRY(exact_cdf(&p, n, concordant, e));
        }
        out->p = fmin(1, 2 * p);
    } else {
        double v = (pairs * (2 * N + 5) - tx[2] - ty[2]) / 18 + tx[0] * ty[0] / (2 * pairs);
        if (n > 2) v += tx[1] * ty[1] / (9 * pairs * (N - 2));
        out->z = score / sqrt(v);
        out->p = normal_two_sided_p(out->z);
    }
out:
    free(sorted);
    return rc;
}
