/* stats/trim_fill.c: studies that a funnel plot lacks on one side, and the pooled estimate with their mirror images (Duval & Tweedie 2000). */
#include "stats/trim_fill.h"

#include <math.h>
#include <stdlib.h>

typedef struct { double y, v; } Study;
typedef struct { double size; int sign; } Residual;

static int by_estimate(const void *a, const void *b)
{
    const Study *x = a, *y = b;
    if (x->y != y->y) return x->y < y->y ? -1 : 1;
    return (x->v > y->v) - (x->v < y->v);
}

static int by_size(const void *a, const void *b)
{
    const double x = ((const Residual *)a)->size, y = ((const Residual *)b)->size;
    return (x > y) - (x < y);
}

/* L0 = (4 T - k(k+1)) / (2k - 1), T the sum of ranks of |y - centre| above the centre. */
static double missing_studies(Residual *r, const Study *s, size_t k, double centre)
{
    const double K = (double)k;
    double largest = 0, ranks = 0;
    for (size_t i = 0; i < k; i++) largest = fmax(largest, fmax(fabs(s[i].y), fabs(s[i].y - centre)));
    const double same = 1e-12 * largest;
    for (size_t i = 0; i < k; i++) {
        const double off = s[i].y - centre;
        r[i] = (Residual){ fabs(off), fabs(off) <= same ? 0 : off > 0 ? 1 : -1 };
    }
    qsort(r, k, sizeof *r, by_size);
    for (size_t i = 0, to; i < k; i = to) {
        for (to = i + 1; to < k && r[to].size - r[to - 1].size <= same;) to++;
        for (size_t j = i; j < to; j++) if (r[j].sign > 0) ranks += (double)(i + 1 + to) / 2;
    }
    return fmax(0, rint((4 * ranks - K * (K + 1)) / (2 * K - 1)));
}

static Rc pooled(double *out, const double *y, const double *v, size_t n, Arena *a, Err *e)
{
    Rc rc = OK;
    MetaFit f;
    const MetaData d = { n, 1, y, v, NULL };
    if (n == 1) { *out = y[0]; return OK; }
    TRY(meta_fit(&f, &d, META_DL, a, e));
    *out = f.beta[0];
out:
    return rc;
}

Rc trim_and_fill(TrimFill *out, const MetaData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t k = d->k;
    double *x = ARENA_NEW(a, 2 * k, double), *y = ARENA_NEW(a, 2 * k, double), *v = ARENA_NEW(a, 2 * k, double), centre = NAN;
    Study *s = ARENA_NEW(a, k, Study);
    Residual *r = ARENA_NEW(a, k, Residual);
    unsigned char *seen = ARENA_NEW(a, k + 1, unsigned char);
    MetaFit f;
    *out = (TrimFill){ .k0 = NAN, .est = NAN };
    if (!x || !y || !v || !s || !r || !seen) return err_nomem(e);
    for (size_t i = 0; i < k; i++) {
        x[i] = 1;
        x[k + i] = sqrt(d->v[i]);
        out->sided = out->sided || d->v[i] != d->v[0];
    }
    if (!out->sided) return OK;
    const MetaData on_se = { k, 2, d->y, d->v, x };
    TRY(meta_fit(&f, &on_se, META_DL, a, e));
    out->right = f.beta[1] < 0;
    const double turn = out->right ? -1 : 1;           /* right: mirrored, so that the left side is always the one to fill */
    for (size_t i = 0; i < k; i++) s[i] = (Study){ turn * d->y[i], d->v[i] };
    qsort(s, k, sizeof *s, by_estimate);
    size_t k0 = 0, next = 0;
    for (;;) {                                         /* what follows a k0 is always the same: one seen before ends it */
        const size_t n = k - k0;
        seen[k0] = 1;
        for (size_t i = 0; i < n; i++) { y[i] = s[i].y; v[i] = s[i].v; }
        TRY(pooled(&centre, y, v, n, a, e));
        next = (size_t)fmin(missing_studies(r, s, k, centre), (double)k - 1);
        if (next == k0 || seen[next]) break;
        k0 = next;
    }
    out->low = (int)(next < k0 ? next : k0);
    out->high = (int)(next < k0 ? k0 : next);
    if (next != k0) return OK;
    for (size_t i = 0; i < k; i++) { y[i] = turn * s[i].y; v[i] = s[i].v; }
    for (size_t i = 0; i < k0; i++) {
        y[k + i] = turn * (2 * centre - s[k - k0 + i].y);
        v[k + i] = s[k - k0 + i].v;
    }
    TRY(pooled(&out->est, y, v, k + k0, a, e));
    out->k0 = (double)k0;
out:
    return rc;
}
