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

/* Simes' p of the i largest, i = 1 … m: simes[i] = i times the least p[m-i+j]/j. That is the least slope from the point (m-i, 0) to the
 * points (r, p_r) right of it (r counts from 1), which a tangent to their lower convex hull has. The hull grows to the left: a stack. */
static void simes_of_largest(double *simes, size_t *hull, const Ranked *r, size_t m)
{
    size_t top = 0;
    for (size_t i = 1; i <= m; i++) {
        const size_t x = m - i + 1;
        const double y = r[x - 1].p;
        while (top > 1) {
            const size_t a = hull[top - 1], b = hull[top - 2];
            const double to_a = (r[a - 1].p - y) / (double)(a - x), a_to_b = (r[b - 1].p - r[a - 1].p) / (double)(b - a);
            if (to_a < a_to_b) break;
            top--;
        }
        hull[top++] = x;
        /* Seen from (m-i, 0) slopes fall along the hull up to the tangent and rise behind it. */
        size_t near = top - 1, far = 0;
        while (near > far) {
            const size_t middle = (near + far + 1) / 2, a = hull[middle], b = hull[middle - 1];
            if (r[b - 1].p * (double)(a + i - m) < r[a - 1].p * (double)(b + i - m)) near = middle - 1; else far = middle;
        }
        const size_t at = hull[near];
        simes[i] = (double)i * r[at - 1].p / (double)(at + i - m);
    }
}

/* Hommel's p of each hypothesis is the least alpha with h(alpha) p <= alpha, h(alpha) the size of the largest set of largest p that Simes'
 * test does not reject at alpha. h <= k from max Simes of more than k on, so it is the least over k of max(that, k p): both run
 * monotonely. O(n log n). Hommel 1988; Meijer, Krebs & Goeman 2019. */
static Rc hommel(double *q, const Ranked *r, size_t m, Err *e)
{
    double *simes = malloc((m + 2) * sizeof *simes);
    size_t *hull = malloc((m + 1) * sizeof *hull);
    if (!simes || !hull) {
        free(simes);
        free(hull);
        return err_nomem(e);
    }
    simes_of_largest(simes, hull, r, m);
    simes[m + 1] = 0;
    for (size_t i = m; i-- > 1;) simes[i] = fmax(simes[i], simes[i + 1]);
    size_t k = m;                                    /* the least k with k p >= simes[k+1], falling as p rises */
    for (size_t i = 0; i < m; i++) {
        const double p = r[i].p;
        while (k > 0 && (double)(k - 1) * p >= simes[k]) k--;
        q[i] = fmax((double)k * p, simes[k + 1]);
        if (k > 0) q[i] = fmin(q[i], fmax((double)(k - 1) * p, simes[k]));
    }
    free(simes);
    free(hull);
    return OK;
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
        if (m >= 1 && hommel(q, r, m, e) != OK) {
            free(r);
            free(q);
            return ERR_NOMEM;
        }
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
