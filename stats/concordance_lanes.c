/* stats/concordance_lanes.c: pairs of a row that fails and one that outlives it, counted in lanes; many rows by a tree over the ranks. */
#include "stats/concordance_lanes.h"

#include <math.h>

#include "core/order.h"

/* Up to here comparing every pair in lanes takes no longer than sorting, on the narrowest registers too. */
enum { ROWS_FEW = 800 };

typedef struct { Lanes below, above, all; } Pairs;

/* Weights of the rows from … to-1 whose marker is below x, and above it. */
static inline __attribute__((always_inline)) void count(Lanes *below, Lanes *above, Lanes x, const Lanes *marker, const Lanes *w, size_t from, size_t to)
{
    Lanes b[2] = { *below, lanes_all(0) }, a[2] = { *above, lanes_all(0) };       /* two sums each: whole numbers, so any order is right */
    size_t i = from;
    for (; i + 2 <= to; i += 2)
        for (int k = 0; k < 2; k++) {
            b[k] += (Lanes)((LanesMask)w[i + (size_t)k] & lanes_below(marker[i + (size_t)k], x));
            a[k] += (Lanes)((LanesMask)w[i + (size_t)k] & lanes_below(x, marker[i + (size_t)k]));
        }
    for (; i < to; i++) {
        b[0] += (Lanes)((LanesMask)w[i] & lanes_below(marker[i], x));
        a[0] += (Lanes)((LanesMask)w[i] & lanes_below(x, marker[i]));
    }
    *below = b[0] + b[1];
    *above = a[0] + a[1];
}

static FOR_EACH_WIDTH void every_pair(Pairs *out, const CoxData *d, const Lanes *marker, const Lanes *w)
{
    Pairs sum = { lanes_all(0), lanes_all(0), lanes_all(0) };
    Lanes later = lanes_all(0);
    size_t next = d->n;
    for (size_t k = d->n_blocks; k-- > 0;) {
        const CoxBlock *b = &d->block[k];
        for (; next > b->to; next--) later += w[next - 1];
        for (size_t i = b->from; i < b->first_death; i++) later += w[i];
        for (size_t i = b->first_death; i < b->to; i++) {
            Lanes below = lanes_all(0), above = lanes_all(0);
            count(&below, &above, marker[i], marker, w, b->from, b->first_death);
            count(&below, &above, marker[i], marker, w, b->to, d->n);
            sum.below += w[i] * below;
            sum.above += w[i] * above;
            sum.all += w[i] * later;
        }
        for (size_t i = b->first_death; i < b->to; i++) later += w[i];
        next = b->from;
    }
    *out = sum;
}

/* ---- one lane of many rows: a Fenwick tree of the weights of those alive, by rank of the marker */

static double upto(const double *tree, size_t rank)
{
    double sum = 0;
    for (; rank > 0; rank -= rank & -rank) sum += tree[rank];
    return sum;
}

static Rc by_ranks(Pairs *out, int lane, const CoxData *d, const Lanes *marker, const Lanes *w, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const size_t n = d->n;
    double *x = ARENA_NEW(&a, n + 1, double), *tree = ARENA_NEW(&a, n + 2, double), later = 0;
    size_t *at = ARENA_NEW(&a, n + 1, size_t), *rank = ARENA_NEW(&a, n + 1, size_t), k = 0, next = n;
    if (!x || !tree || !at || !rank) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) x[i] = marker[i][lane];
    order_start(at, n);
    TRY(order_by(at, x, n, e));
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || x[at[i]] != x[at[i - 1]]) k++;
        rank[at[i]] = k;
    }
    for (size_t block = d->n_blocks; block-- > 0;) {
        const CoxBlock *b = &d->block[block];
        const size_t run[3][2] = { { b->to, next }, { b->from, b->first_death }, { b->first_death, b->to } };
        for (int r = 0; r < 3; r++) {
            for (size_t i = run[r][0]; r == 2 && i < run[r][1]; i++) {       /* the deaths: first their pairs, then they join */
                out->below[lane] += w[i][lane] * upto(tree, rank[i] - 1);
                out->above[lane] += w[i][lane] * (later - upto(tree, rank[i]));
                out->all[lane] += w[i][lane] * later;
            }
            for (size_t i = run[r][0]; i < run[r][1]; i++) {
                if (w[i][lane] == 0) continue;
                later += w[i][lane];
                for (size_t q = rank[i]; q <= k; q += q & -q) tree[q] += w[i][lane];
            }
        }
        next = b->from;
    }
out:
    arena_free(&a);
    return rc;
}

Rc concordance_lanes(Lanes *c, const CoxData *d, const Lanes *marker, const Lanes *w, Err *e)
{
    Rc rc = OK;
    Pairs sum = { lanes_all(0), lanes_all(0), lanes_all(0) };
    if (d->n <= ROWS_FEW) every_pair(&sum, d, marker, w);
    else for (int lane = 0; lane < LANES; lane++) TRY(by_ranks(&sum, lane, d, marker, w, e));
    *c = (sum.below + (sum.all - sum.below - sum.above) / 2) / sum.all;                 /* 0/0 is NaN */
out:
    return rc;
}
