/* stats/design_order.c: an order of rows that depends on their content alone, in linear time but for ties. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stats/cox_fit.h"
#include "stats/design.h"

typedef struct { uint64_t key; size_t row; } Keyed;

/* Doubles as whole numbers of the same order; -0 is 0. */
static uint64_t key_of(double x)
{
    uint64_t u;
    x += 0.0;
    memcpy(&u, &x, sizeof u);
    return u & ((uint64_t)1 << 63) ? ~u : u | ((uint64_t)1 << 63);
}

/* Stable sort of `order` by x: radix of 11 bits, passes in which all digits agree are left out. */
static void sort_by(size_t *order, const double *x, size_t n, Keyed *a, Keyed *b)
{
    enum { BITS = 11, SIZE = 1 << BITS, PASSES = 6 };
    static const uint64_t mask = SIZE - 1;
    uint64_t all = 0, first;
    if (n == 0) return;
    for (size_t i = 0; i < n; i++) a[i] = (Keyed){ key_of(x[order[i]]), order[i] };
    first = a[0].key;
    for (size_t i = 1; i < n; i++) all |= a[i].key ^ first;
    for (int pass = 0; pass < PASSES; pass++) {
        size_t count[SIZE + 1] = { 0 };
        int shift = pass * BITS;
        if (!(all >> shift & mask)) continue;
        for (size_t i = 0; i < n; i++) count[(a[i].key >> shift & mask) + 1]++;
        for (int k = 0; k < SIZE; k++) count[k + 1] += count[k];
        for (size_t i = 0; i < n; i++) b[count[a[i].key >> shift & mask]++] = a[i];
        Keyed *swap = a; a = b; b = swap;
    }
    for (size_t i = 0; i < n; i++) order[i] = a[i].row;
}

static void sort_by_int(size_t *order, const int *x, size_t n, size_t groups, size_t *count, size_t *to)
{
    memset(count, 0, (groups + 1) * sizeof *count);
    for (size_t i = 0; i < n; i++) count[x[order[i]] + 1]++;
    for (size_t g = 0; g < groups; g++) count[g + 1] += count[g];
    for (size_t i = 0; i < n; i++) to[count[x[order[i]]]++] = order[i];
    memcpy(order, to, n * sizeof *order);
}

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
    Keyed *room = malloc(2 * (n + 1) * sizeof *room);
    const double *keys[4] = { NULL };
    int m = 0;
    if (!o || !room) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) o[i] = i;
    /* Least significant first: spread, y, event, time; then the stratum. */
    if (!d->time) keys[m++] = spreading_column(d);
    if (d->y) keys[m++] = d->y;
    if (d->event) keys[m++] = d->event;
    if (d->time) keys[m++] = d->time;
    for (int k = 0; k < m; k++) if (keys[k]) sort_by(o, keys[k], n, room, room + n);
    if (d->stratum) {
        size_t *count = ARENA_NEW(a, d->n_strata + 2, size_t), *to = ARENA_NEW(a, n + 1, size_t);
        if (!count || !to) { rc = err_nomem(e); goto out; }
        sort_by_int(o, d->stratum, n, d->n_strata, count, to);
    }
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
    free(room);
    return rc;
}

Rc cox_time_order(size_t *order, size_t n, const int *stratum, const double *time, const double *event, Err *e)
{
    Keyed *room = malloc(2 * (n + 1) * sizeof *room);
    size_t groups = 0, *count = NULL, *to = NULL;
    Rc rc = OK;
    for (size_t i = 0; stratum && i < n; i++) if ((size_t)stratum[i] + 1 > groups) groups = (size_t)stratum[i] + 1;
    if (stratum) { count = malloc((groups + 2) * sizeof *count); to = malloc((n + 1) * sizeof *to); }
    if (!room || (stratum && (!count || !to))) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) order[i] = i;
    sort_by(order, event, n, room, room + n);
    sort_by(order, time, n, room, room + n);
    if (stratum) sort_by_int(order, stratum, n, groups, count, to);
out:
    free(room);
    free(count);
    free(to);
    return rc;
}
