/* stats/concordance.c: Harrell's, Uno's and other concordance indices with their influence, on plain arrays. */
#include "stats/concordance.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/concordance_counts.h"

const char *pair_weight_name(PairWeight w)
{
    static const char *const name[PAIRS_N_KINDS] = { "n", "n/G2", "S", "S/G", "I" };
    return name[w];
}

typedef struct {
    double time, start, event, marker, weight;
    int stratum, rank;
    size_t at;                   /* row of the caller */
    double pair;                 /* weight of pairs whose earlier time is this row's */
    double up, down, tied;       /* sums over the other row of its pairs, by concordant, discordant, tied marker */
} Row;

static int compare(double a, double b) { return (a > b) - (a < b); }

static int by_start(const void *x, const void *y)
{
    const Row *const *a = x, *const *b = y;
    int c = compare((*a)->start, (*b)->start);
    return c ? c : compare((double)(*a - *b), 0);
}

/* ---- Fenwick tree over marker ranks 1 … k */
typedef struct { double *node; int k; } Tree;

static void tree_add(Tree *t, int rank, double w)
{
    for (int i = rank; i <= t->k; i += i & -i) t->node[i] += w;
}

static double tree_below(const Tree *t, int rank)     /* ranks < rank */
{
    double s = 0;
    for (int i = rank - 1; i > 0; i -= i & -i) s += t->node[i];
    return s;
}

/* Weight of pairs at each time of one stratum, from the Kaplan–Meier curves of the event and of censoring just before it.
 * Events leave the risk set before censorings at the same time. */
static void pair_weights(Row *r, size_t n, Row **order, PairWeight kind, double tau)
{
    Sum total = { 0 };
    size_t events = 0;
    for (size_t i = n; i-- > 0;) {
        sum_add(&total, r[i].weight);
        events += r[i].event != 0;
    }
    double S = 1, G = 1, N = sum_value(&total);
    Sum at_risk = { 0 };
    size_t in = 0;
    if (!order) at_risk = total;
    if (events < 2) kind = PAIRS_N;
    for (size_t i = 0; i < n;) {
        double t = r[i].time, d = 0, c = 0;
        for (; order && in < n && order[in]->start < t; in++) sum_add(&at_risk, order[in]->weight);
        double Y = sum_value(&at_risk);
        size_t j = i;
        for (; j < n && r[j].time == t; j++) *(r[j].event != 0 ? &d : &c) += r[j].weight;
        double w = kind == PAIRS_N ? 1 : kind == PAIRS_N_G2 ? 1 / (G * G) : kind == PAIRS_S ? N * S / Y
                 : kind == PAIRS_S_G ? N * S / (G * Y) : 1 / Y;
        if (order && (kind == PAIRS_N_G2 || kind == PAIRS_S_G)) w = NAN;
        if (t > tau) w = 0;
        if (d > 0) S *= (Y - d) / Y;
        if (c > 0) G *= (Y - d - c) / (Y - d);
        for (; i < j; i++) {
            r[i].pair = w;
            sum_add(&at_risk, -r[i].weight);
        }
    }
}

/* Pairs of one stratum, rows in order of time. order: the same rows by start, NULL when none is delayed. */
static void stratum_pairs(Concordance *out, Row *r, size_t n, Row **order, Tree *tree)
{
    /* From the last time down: what is in the tree outlives the event. */
    for (int k = 0; k <= tree->k; k++) tree->node[k] = 0;
    double in_tree = 0;
    size_t late = n;
    for (size_t hi = n; hi > 0;) {
        double t = r[hi - 1].time;
        size_t lo = hi;
        while (lo > 0 && r[lo - 1].time == t) lo--;
        for (size_t i = lo; i < hi; i++)
            if (r[i].event == 0) { tree_add(tree, r[i].rank, r[i].weight); in_tree += r[i].weight; }
        for (; order && late > 0 && order[late - 1]->start >= t; late--) {
            tree_add(tree, order[late - 1]->rank, -order[late - 1]->weight);
            in_tree -= order[late - 1]->weight;
        }
        double D = 0, D2 = 0, w = r[lo].pair, xy = 0;
        for (size_t i = lo; i < hi && r[i].event != 0;) {
            size_t j = i;
            double g = 0, g2 = 0, below = tree_below(tree, r[i].rank), upto = tree_below(tree, r[i].rank + 1);
            for (; j < hi && r[j].event != 0 && r[j].rank == r[i].rank; j++) {
                g += r[j].weight;
                g2 += r[j].weight * r[j].weight;
                r[j].up += w * below;
                r[j].tied += w * (upto - below);
                r[j].down += w * (in_tree - upto);
            }
            out->concordant += w * g * below;
            out->tied_x += w * g * (upto - below);
            out->discordant += w * g * (in_tree - upto);
            xy += w * (g * g - g2) / 2;
            D += g;
            D2 += g2;
            i = j;
        }
        out->tied_xy += xy;
        out->tied_y += w * (D * D - D2) / 2 - xy;
        for (size_t i = lo; i < hi && r[i].event != 0; i++) { tree_add(tree, r[i].rank, r[i].weight); in_tree += r[i].weight; }
        hi = lo;
    }
    /* From the first time up: what is in the tree failed before the row left. */
    for (int k = 0; k <= tree->k; k++) tree->node[k] = 0;
    double failed = 0;
    size_t entering = 0;
    for (size_t lo = 0; lo < n;) {
        double t = r[lo].time;
        size_t hi = lo, first_censored;
        while (hi < n && r[hi].time == t) hi++;
        for (; order && entering < n && order[entering]->start < t; entering++) {
            Row *x = order[entering];      /* what failed up to its entry is not its pair */
            double below = tree_below(tree, x->rank), upto = tree_below(tree, x->rank + 1);
            x->down -= below;
            x->tied -= upto - below;
            x->up -= failed - upto;
        }
        for (first_censored = lo; first_censored < hi && r[first_censored].event != 0;) first_censored++;
        for (int censored = 0; censored < 2; censored++) {
            if (censored)
                for (size_t i = lo; i < first_censored; i++) {
                    tree_add(tree, r[i].rank, r[i].weight * r[i].pair);
                    failed += r[i].weight * r[i].pair;
                }
            for (size_t i = censored ? first_censored : lo; i < (censored ? hi : first_censored); i++) {
                double below = tree_below(tree, r[i].rank), upto = tree_below(tree, r[i].rank + 1);
                r[i].down += below;
                r[i].tied += upto - below;
                r[i].up += failed - upto;
            }
        }
        lo = hi;
    }
}

/* ---- the sums in a tree */

static Rc estimate_by_sums(Concordance *out, const ConcordanceData *d, const int *cluster, Err *e)
{
    Rc rc = OK;
    size_t n = d->n;
    Row *row = calloc(n + 1, sizeof *row), **order = calloc(n + 1, sizeof *order);
    double *sorted = calloc(n + 1, sizeof *sorted), *key = calloc(n + 1, sizeof *key);
    size_t *at = calloc(n + 1, sizeof *at);
    int *rank = calloc(n + 1, sizeof *rank);
    Tree tree = { .node = calloc(n + 2, sizeof *tree.node) };
    if (!row || !order || !sorted || !key || !at || !rank || !tree.node) { rc = err_nomem(e); goto out; }
    /* Canonical: by stratum, time, events first, marker, weight, start. Rows equal in all of it are interchangeable. */
    order_start(at, n);
    if (d->start) TRY(order_by(at, d->start, n, e));
    if (d->weight) TRY(order_by(at, d->weight, n, e));
    TRY(order_by(at, d->marker, n, e));
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || d->marker[at[i]] != d->marker[at[i - 1]]) tree.k++;
        rank[at[i]] = tree.k;
        key[i] = d->event[i] != 0 ? 0 : 1;
    }
    TRY(order_by(at, key, n, e));
    TRY(order_by(at, d->time, n, e));
    if (d->stratum) TRY(order_by_codes(at, d->stratum, n, e));
    for (size_t k = 0; k < n; k++) {
        size_t i = at[k];
        row[k] = (Row){ .time = d->time[i], .start = d->start ? d->start[i] : -INFINITY, .event = d->event[i] != 0,
                        .marker = d->marker[i], .weight = d->weight ? d->weight[i] : 1,
                        .stratum = d->stratum ? d->stratum[i] : 0, .rank = rank[i], .at = i };
    }
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        for (hi = lo; hi < n && row[hi].stratum == row[lo].stratum; hi++) order[hi] = &row[hi];
        if (d->start) qsort(order + lo, hi - lo, sizeof *order, by_start);
        pair_weights(row + lo, hi - lo, d->start ? order + lo : NULL, d->pairs, d->tau);
        stratum_pairs(out, row + lo, hi - lo, d->start ? order + lo : NULL, &tree);
    }
    double pairs = out->concordant + out->discordant + out->tied_x;
    if (pairs > 0) {
        double somers = (out->concordant - out->discordant) / pairs;
        out->c = (out->concordant + out->tied_x / 2) / pairs;
        for (size_t i = 0; i < n; i++) {
            const Row *r = &row[i];
            sorted[i] = r->weight * ((r->up - r->down) - somers * (r->up + r->down + r->tied)) / pairs / 2;
            if (out->influence) out->influence[r->at] = sorted[i];
        }
        TRY(concordance_products(&out->var, sorted, sorted, at, n, cluster, e));
    }
out:
    free(row);
    free(order);
    free(sorted);
    free(key);
    free(at);
    free(rank);
    free(tree.node);
    return rc;
}

Rc concordance_covariance(double *cov, const double *u, const double *v, size_t n, const int *cluster, Err *e)
{
    return concordance_products(cov, u, v, NULL, n, cluster, e);
}

Rc concordance_estimate(Concordance *out, const ConcordanceData *d, const int *cluster, Arena *a, Err *e)
{
    *out = (Concordance){ .c = NAN, .var = NAN, .influence = d->no_influence ? NULL : ARENA_NEW(a, d->n, double) };
    if (!d->no_influence && !out->influence) return err_nomem(e);
    return concordance_countable(d) ? concordance_by_counting(out, d, cluster, e) : estimate_by_sums(out, d, cluster, e);
}
