/* stats/design_order.c: an order of rows that depends on their content alone, in linear time but for ties. */
#include <math.h>
#include <stdlib.h>

#include "core/order.h"
#include "stats/cox_fit.h"
#include "stats/design.h"

static int by_number(double a, double b) { return (a > b) - (a < b); }

static int compare_rows(const void *pa, const void *pb, void *context)
{
    const Design *d = context;
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    int c = 0;
    if (d->start && (c = by_number(d->start[a], d->start[b]))) return c;
    for (size_t j = 0; j < d->p; j++)
        if ((c = by_number(d->x[j * d->n + a], d->x[j * d->n + b]))) return c;
    if (d->weight && (c = by_number(d->weight[a], d->weight[b]))) return c;
    if (d->offset && (c = by_number(d->offset[a], d->offset[b]))) return c;
    if (d->cluster && (c = by_number(d->cluster[a], d->cluster[b]))) return c;
    if (d->group && (c = by_number(d->group[a], d->group[b]))) return c;
    if (d->slope && (c = by_number(d->slope[a], d->slope[b]))) return c;
    return (a > b) - (a < b);
}

/* Without times: the first column that holds something else than whole numbers spreads the rows best. */
static const double *spreading_column(const Design *d)
{
    for (size_t j = 0; j < d->p; j++) {
        const double *x = d->x + j * d->n;
        for (size_t i = 0; i < d->n; i++) if (x[i] != floor(x[i])) return x;
    }
    return d->p ? d->x + (d->p - 1) * d->n : NULL;
}

Rc design_canonical_order(size_t **order, const Design *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = d->n, *o = ARENA_NEW(a, n + 1, size_t);
    const double *keys[4] = { NULL };
    int m = 0;
    if (!o) return err_nomem(e);
    order_start(o, n);
    /* Least significant first: spread, y, event, time; then the stratum. */
    if (!d->time) keys[m++] = spreading_column(d);
    if (d->y) keys[m++] = d->y;
    if (d->event) keys[m++] = d->event;
    if (d->time) keys[m++] = d->time;
    for (int k = 0; k < m; k++) if (keys[k]) TRY(order_by(o, keys[k], n, e));
    if (d->stratum) TRY(order_by_codes(o, d->stratum, n, e));
    for (size_t i = 0; i < n;) {
        size_t to = i + 1;
        for (; to < n; to++) {
            bool same = !d->stratum || d->stratum[o[to]] == d->stratum[o[i]];
            for (int k = 0; same && k < m; k++) same = !keys[k] || keys[k][o[to]] == keys[k][o[i]];
            if (!same) break;
        }
        if (to - i > 1) qsort_r(o + i, to - i, sizeof *o, compare_rows, (void *)(size_t)d);
        i = to;
    }
    *order = o;
out:
    return rc;
}

Rc cox_time_order(size_t *order, size_t n, const int *stratum, const double *time, const double *event, Err *e)
{
    Rc rc = OK;
    order_start(order, n);
    TRY(order_by(order, event, n, e));
    TRY(order_by(order, time, n, e));
    if (stratum) TRY(order_by_codes(order, stratum, n, e));
out:
    return rc;
}
