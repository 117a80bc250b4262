/* stats/multiplicity.c: p-values adjusted for the number of tests. */
#include "stats/multiplicity.h"

#include <math.h>
#include <stdlib.h>

const char *adjustment_name(Adjustment how)
{
    static const char *const name[ADJUST_N] = { "bonferroni", "holm", "hochberg", "hommel", "BH", "BY" };
    return name[how];
}

typedef struct { double p; size_t at; } Ranked;

static int by_p(const void *x, const void *y)
{
    const Ranked *a = x, *b = y;
    if (a->p != b->p) return a->p < b->p ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* Wright 1992, as R's p.adjust: for each size i of a set of the largest hypotheses, Simes' bound of that set. */
static void hommel(double *q, const Ranked *r, size_t m)
{
    double *pa = q + m, lowest = INFINITY;
    for (size_t i = 0; i < m; i++) lowest = fmin(lowest, (double)m * r[i].p / (double)(i + 1));
    for (size_t i = 0; i < m; i++) q[i] = pa[i] = lowest;
    for (size_t j = m - 1; j >= 2; j--) {
        double q1 = INFINITY;
        for (size_t i = 0; i < j - 1; i++) q1 = fmin(q1, (double)j * r[m - j + 1 + i].p / (double)(i + 2));
        for (size_t i = 0; i <= m - j; i++) q[i] = fmin((double)j * r[i].p, q1);
        for (size_t i = m - j + 1; i < m; i++) q[i] = q[m - j];
        for (size_t i = 0; i < m; i++) pa[i] = fmax(pa[i], q[i]);
    }
    for (size_t i = 0; i < m; i++) q[i] = fmax(pa[i], r[i].p);
}

Rc p_adjust(double *out, const double *p, size_t n, Adjustment how, Err *e)
{
    Ranked *r = malloc((n + 1) * sizeof *r);
    double *q = calloc(2 * n + 1, sizeof *q);
    size_t m = 0;
    if (!r || !q) {
        free(r);
        free(q);
        return err_nomem(e);
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = NAN;
        if (!isnan(p[i])) r[m++] = (Ranked){ p[i], i };
    }
    qsort(r, m, sizeof *r, by_p);
    double M = (double)m, harmonic = 0, running;
    for (size_t i = 1; i <= m; i++) harmonic += 1 / (double)i;
    switch (how) {
    case ADJUST_BONFERRONI:
        for (size_t i = 0; i < m; i++) q[i] = M * r[i].p;
        break;
    case ADJUST_HOLM:
        running = 0;
        for (size_t i = 0; i < m; i++) q[i] = running = fmax(running, (M - (double)i) * r[i].p);
        break;
    case ADJUST_HOCHBERG:
        running = INFINITY;
        for (size_t i = m; i-- > 0;) q[i] = running = fmin(running, (M - (double)i) * r[i].p);
        break;
    case ADJUST_HOMMEL:
        if (m >= 1) hommel(q, r, m);
        break;
    case ADJUST_BH:
    case ADJUST_BY:
        running = INFINITY;
        for (size_t i = m; i-- > 0;)
            q[i] = running = fmin(running, (how == ADJUST_BY ? harmonic : 1) * M / (double)(i + 1) * r[i].p);
        break;
    case ADJUST_N:
        break;
    }
    for (size_t i = 0; i < m; i++) out[r[i].at] = fmin(q[i], 1);
    free(r);
    free(q);
    return OK;
}
