/* stats/existence.c: recession directions of the logistic and of the partial likelihood, by linear programs over the cone of
 * directions along which no term falls. */
#include "stats/existence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/lp.h"

/* A row counts as strictly on its side when it lies further than this, in columns of unit variance. */
static const double STRICT = 1e-7;

static double dot(const double *a, const double *b, size_t p)
{
    double s = 0;
    for (size_t j = 0; j < p; j++) s += a[j] * b[j];
    return s;
}

static double length(const double *a, size_t p)
{
    double s = 0;
    for (size_t j = 0; j < p; j++) if (fabs(a[j]) > s) s = fabs(a[j]);
    return s;
}

/* Keeps the `most` worst rows seen so far, worst first. */
typedef struct { double *rows; size_t p, n, most; double *depth; } Worst;

static void worst_add(Worst *w, const double *row, double depth)
{
    if (w->n == w->most && depth >= w->depth[w->n - 1]) return;
    size_t k = w->n < w->most ? w->n++ : w->n - 1;
    while (k > 0 && w->depth[k - 1] > depth) {
        w->depth[k] = w->depth[k - 1];
        memcpy(w->rows + k * w->p, w->rows + (k - 1) * w->p, w->p * sizeof *row);
        k--;
    }
    w->depth[k] = depth;
    memcpy(w->rows + k * w->p, row, w->p * sizeof *row);
}

/* ---- rows with signs */

typedef struct { const double *x, *sign; size_t n, p; double *row, *depth; } Binary;

static size_t cut_binary(double *rows, size_t most, const double *d, double tolerance, const void *cone)
{
    const Binary *b = cone;
    Worst w = { rows, b->p, 0, most, b->depth };
    for (size_t i = 0; i < b->n; i++) {
        double size = length(b->x + i * b->p, b->p), v = b->sign[i] * dot(b->x + i * b->p, d, b->p);
        if (size == 0 || v >= -tolerance * size) continue;
        for (size_t j = 0; j < b->p; j++) b->row[j] = b->sign[i] * b->x[i * b->p + j];
        worst_add(&w, b->row, v / size);
    }
    return w.n;
}

Rc existence_binary(Existence *out, const double *x, const double *sign, size_t n, int p, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t width = (size_t)p;
    Binary b = { x, sign, n, width, ARENA_NEW(a, width + 1, double), ARENA_NEW(a, 256, double) };
    double *c = ARENA_NEW(a, width + 1, double), *d = ARENA_NEW(a, width + 1, double), value = 0;
    unsigned char *strict = arena_alloc(a, n + 1);
    *out = (Existence){ .direction = ARENA_NEW(a, width + 1, double), .along = ARENA_NEW(a, n + 1, double) };
    if (!b.row || !b.depth || !c || !d || !strict || !out->direction || !out->along) return err_nomem(e);
    /* Each round takes the rows that can still be put strictly on their side; the sum of the rays does so for all of them. */
    for (int round = 0; round <= p; round++) {
        memset(c, 0, width * sizeof *c);
        for (size_t i = 0; i < n; i++)
            if (!strict[i]) for (size_t j = 0; j < width; j++) c[j] += sign[i] * x[i * width + j];
        TRY(lp_cone_maximise(d, &value, c, p, cut_binary, &b, e));
        bool any = false;
        for (size_t i = 0; i < n; i++)
            if (!strict[i] && sign[i] * dot(x + i * width, d, width) > STRICT) { strict[i] = 1; any = true; }
        if (!any) break;
        for (size_t j = 0; j < width; j++) out->direction[j] += d[j];
        out->separated = true;
    }
    size_t on_side = 0;
    for (size_t i = 0; i < n; i++) {
        out->along[i] = dot(x + i * width, out->direction, width);
        on_side += strict[i];
    }
    out->complete = out->separated && on_side == n;
out:
    return rc;
}

/* ---- events against risk sets */

typedef struct { const CoxData *d; double *along, *row, *depth; } Cone;

/* Whether sorted row j stands against the events of block k: at risk, and with exact ties not failing itself. */
static bool stands_against(const CoxData *d, size_t k, size_t j)
{
    const CoxBlock *b = &d->block[k];
    if (d->start && d->start[j] >= b->time) return false;
    return !(d->ties == TIES_EXACT && j >= b->first_death && j < b->to);
}

static size_t cut_cox(double *rows, size_t most, const double *dir, double tolerance, const void *cone)
{
    const Cone *q = cone;
    const CoxData *d = q->d;
    size_t p = (size_t)d->p;
    Worst w = { rows, p, 0, most, q->depth };
    for (size_t i = 0; i < d->n; i++) q->along[i] = dot(d->x + i * p, dir, p);
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        size_t next = t.row_to, top = d->n;
        for (size_t k = t.block_to; k-- > t.block_from;) {
            const CoxBlock *b = &d->block[k];
            size_t highest = d->n;
            if (d->start || d->ties == TIES_EXACT) {
                for (size_t j = b->from; j < t.row_to; j++)
                    if (stands_against(d, k, j) && (highest == d->n || q->along[j] > q->along[highest])) highest = j;
            } else {
                for (; next > b->from; next--)
                    if (top == d->n || q->along[next - 1] > q->along[top]) top = next - 1;
                highest = top;
            }
            if (highest == d->n) continue;
            for (size_t i = b->first_death; i < b->to; i++) {
                double v = q->along[i] - q->along[highest];
                if (v >= 0) continue;
                for (size_t j = 0; j < p; j++) q->row[j] = d->x[i * p + j] - d->x[highest * p + j];
                double size = length(q->row, p);
                if (size > 0 && v < -tolerance * size) worst_add(&w, q->row, v / size);
            }
        }
    }
    return w.n;
}

Rc existence_cox(Existence *out, const CoxData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t p = (size_t)d->p;
    Cone cone = { d, ARENA_NEW(a, d->n + 1, double), ARENA_NEW(a, p + 1, double), ARENA_NEW(a, 256, double) };
    double *c = ARENA_NEW(a, p + 1, double), *dir = ARENA_NEW(a, p + 1, double), *sum = ARENA_NEW(a, p + 1, double), value = 0;
    *out = (Existence){ .direction = ARENA_NEW(a, p + 1, double), .along = ARENA_NEW(a, d->n + 1, double) };
    if (!cone.along || !cone.row || !cone.depth || !c || !dir || !sum || !out->direction || !out->along) return err_nomem(e);
    if (p == 0) return OK;
    for (int round = 0; round <= d->p; round++) {
        /* c: sum of x_fail - x_j over the pairs that are not strict along the rays so far. */
        memset(c, 0, p * sizeof *c);
        for (size_t s = 0; s < d->n_strata; s++) {
            CoxStratum t = d->stratum[s];
            memset(sum, 0, p * sizeof *sum);
            double count = 0;
            size_t next = t.row_to;
            /* Backwards in time a risk set only grows, and its failures stand highest along the rays: rows that fall behind a
             * newcomer are strict against every earlier failure and leave the sum. */
            bool nested = !d->start && d->ties != TIES_EXACT;
            double level = -INFINITY;
            for (size_t k = t.block_to; k-- > t.block_from;) {
                const CoxBlock *b = &d->block[k];
                for (; nested && next > b->from; next--) {
                    double along = out->along[next - 1];
                    if (along > level + STRICT) { memset(sum, 0, p * sizeof *sum); count = 0; level = along; }
                    else if (along < level - STRICT) continue;
                    count++;
                    for (size_t j = 0; j < p; j++) sum[j] += d->x[(next - 1) * p + j];
                }
                for (size_t i = b->first_death; i < b->to; i++) {
                    if (nested) {
                        for (size_t j = 0; j < p; j++) c[j] += count * d->x[i * p + j] - sum[j];
                        continue;
                    }
                    for (size_t r = b->from; r < t.row_to; r++) {
                        if (!stands_against(d, k, r) || out->along[i] - out->along[r] > STRICT) continue;
                        for (size_t j = 0; j < p; j++) c[j] += d->x[i * p + j] - d->x[r * p + j];
                    }
                }
            }
        }
        TRY(lp_cone_maximise(dir, &value, c, d->p, cut_cox, &cone, e));
        if (!(value > STRICT)) break;
        out->separated = true;
        for (size_t j = 0; j < p; j++) out->direction[j] += dir[j];
        for (size_t i = 0; i < d->n; i++) out->along[i] = dot(d->x + i * p, out->direction, p);
    }
out:
    return rc;
}

void existence_signs(double *sign, const double *direction, const double *scale, int p)
{
    double largest = 0;
    for (int j = 0; j < p; j++) if (fabs(direction[j]) * scale[j] > largest) largest = fabs(direction[j]) * scale[j];
    for (int j = 0; j < p; j++) {
        double v = direction[j] * scale[j];
        sign[j] = !(largest > 0) || fabs(v) < 1e-7 * largest ? 0 : v > 0 ? 1 : -1;
    }
}
