/* stats/design_order.c: an order of rows that depends on their content alone, in linear time but for ties. */
#include <math.h>
#include <stdbool.h>

#include "core/order.h"
#include "stats/cox_fit.h"
#include "stats/design.h"

/* What parts rows that agree in stratum, times, event and y: columns of numbers, the most important first. */
typedef struct { const double **column; size_t n; } Further;

static const double *as_numbers(const int *code, size_t n, Arena *a)
{
    double *x = ARENA_NEW(a, n, double);
    for (size_t i = 0; x && i < n; i++) x[i] = code[i];
    return x;
}

static Rc further_columns(Further *out, const Design *d, Arena *a, Err *e)
{
    Further f = { (const double **)arena_array(a, d->p + 6, sizeof(double *)), 0 };
    const double *cluster = d->cluster ? as_numbers(d->cluster, d->n, a) : NULL, *group = d->group ? as_numbers(d->group, d->n, a) : NULL;
    if (!f.column || (d->cluster && !cluster) || (d->group && !group)) return err_nomem(e);
    if (d->start) f.column[f.n++] = d->start;
    for (size_t j = 0; j < d->p; j++) f.column[f.n++] = d->xj[j];
    if (d->weight) f.column[f.n++] = d->weight;
    if (d->offset) f.column[f.n++] = d->offset;
    if (cluster) f.column[f.n++] = cluster;
    if (group) f.column[f.n++] = group;
    if (d->slope) f.column[f.n++] = d->slope;
    *out = f;
    return OK;
}

/* Rows that agree in the columns before k; those that agree in all of them keep the order in which they stand, that of the file. */
static Rc part(size_t *order, size_t n, const Further *f, size_t k, Err *e)
{
    Rc rc = OK;
    for (; n > 1 && k < f->n; k++) {
        const double *x = f->column[k];
        TRY(order_by(order, x, n, e));
        if (x[order[0]] == x[order[n - 1]]) continue;
        for (size_t i = 0, to; i < n; i = to) {
            for (to = i + 1; to < n && x[order[to]] == x[order[i]]; to++) continue;
            if (to - i > 1) TRY(part(order + i, to - i, f, k + 1, e));
        }
        break;
    }
out:
    return rc;
}

/* Without times: the first column that holds something else than whole numbers spreads the rows best. */
static const double *spreading_column(const Design *d)
{
    for (size_t j = 0; j < d->p; j++) {
        const double *x = d->xj[j];
        for (size_t i = 0; i < d->n; i++) if (x[i] != floor(x[i])) return x;
    }
    return d->p ? d->xj[d->p - 1] : NULL;
}

Rc design_canonical_order(size_t **order, const Design *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = d->n, *o = ARENA_ROOM(a, n + 1, size_t);
    const double *keys[4] = { NULL };
    int m = 0;
    Further further = { 0 };
    Arena scratch = { 0 };
    if (!o) return err_nomem(e);
    order_start(o, n);
    /* Least significant first: spread, y, event, time; then the stratum. */
    if (!d->time) keys[m++] = spreading_column(d);
    if (d->y) keys[m++] = d->y;
    if (d->event) keys[m++] = d->event;
    if (d->time) keys[m++] = d->time;
    for (int k = 0; k < m; k++) if (keys[k]) TRY(order_by(o, keys[k], n, e));
    if (d->stratum) TRY(order_by_codes(o, d->stratum, n, e));
    TRY(further_columns(&further, d, &scratch, e));
    for (size_t i = 0, to; i < n; i = to) {
        for (to = i + 1; to < n; to++) {
            bool same = !d->stratum || d->stratum[o[to]] == d->stratum[o[i]];
            for (int k = 0; same && k < m; k++) same = !keys[k] || keys[k][o[to]] == keys[k][o[i]];
            if (!same) break;
        }
        if (to - i > 1) TRY(part(o + i, to - i, &further, 0, e));
    }
    *order = o;
out:
    arena_free(&scratch);
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
