/* stats/concordance.c: Harrell's, Uno's and other concordance indices with their influence, on plain arrays. */
#include "stats/concordance.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/pair_counts.h"

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

/* ---- whole numbers: every row counts once, so pairs are counted, not summed */

/* Places in canonical order; class: of the marker, 0 … in each stratum. */
typedef struct {
    double *time;
    unsigned char *event, *counts;         /* counts: an event up to tau, whose pairs count */
    uint32_t *class, *up, *down, *tied;    /* pairs by the place's own view: concordant, discordant, tied marker */
} Places;

static Places places_from(const Places *p, size_t lo)
{
    return (Places){ p->time + lo, p->event + lo, p->counts + lo, p->class + lo, p->up + lo, p->down + lo, p->tied + lo };
}

/* The n places of one stratum. */
static Rc count_stratum(Concordance *out, const Places *p, size_t n, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const uint32_t *class = p->class;
    uint32_t classes = 0;
    uint64_t *before = ARENA_NEW(&a, n, uint64_t);
    if (!before) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) if (class[i] >= classes) classes = class[i] + 1;
    TRY(pair_counts_before(before, class, p->counts, n, classes, e));
    uint32_t *size = ARENA_NEW(&a, (size_t)classes + 1, uint32_t), *less = ARENA_NEW(&a, (size_t)classes + 1, uint32_t);
    uint64_t *seen = ARENA_NEW(&a, (size_t)classes + 1, uint64_t);
    if (!size || !less || !seen) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) size[class[i]]++;
    for (uint32_t k = 0; k < classes; k++) less[k + 1] = less[k] + size[k];
    uint64_t concordant = 0, discordant = 0, tied_x = 0, tied_y = 0, tied_xy = 0;
    uint32_t earlier = 0;        /* counted events before this time */
    for (size_t from = 0, to; from < n; from = to) {
        const double t = p->time[from];
        size_t deaths = from;
        for (to = from; to < n && p->time[to] == t; to++) deaths += p->event[to];
        const uint32_t here = p->counts[from] ? (uint32_t)(deaths - from) : 0;
        /* Events of one time, by marker: no pairs among themselves. */
        for (size_t i = from, run; i < deaths; i = run) {
            const uint32_t k = class[i];
            for (run = i; run < deaths && class[run] == k; run++) continue;
            const uint64_t same = seen[k];
            const uint32_t below = pair_counts_marked(before[i]) - (here ? (uint32_t)(i - from) : 0);
            const uint32_t equal = pair_counts_marked(same), above = earlier - below - equal, g = (uint32_t)(run - i);
            uint32_t later_below = 0, later_equal = 0, later_above = 0;
            if (here) {
                later_below = less[k] - pair_counts_all(before[i]);
                later_equal = size[k] - pair_counts_all(same) - g;
                later_above = (uint32_t)(n - deaths) - later_below - later_equal;
                concordant += (uint64_t)g * later_below;
                tied_x += (uint64_t)g * later_equal;
                discordant += (uint64_t)g * later_above;
                tied_xy += (uint64_t)g * (g - 1) / 2;
            }
            for (; i < run; i++) {
                p->up[i] = later_below + above;
                p->tied[i] = later_equal + equal;
                p->down[i] = later_above + below;
            }
            seen[k] += g * PAIR_COUNTS_ONE(here != 0);
        }
        tied_y += (uint64_t)here * (here ? here - 1 : 0) / 2;
        earlier += here;
        for (size_t i = deaths; i < to; i++) {
            const uint32_t below = pair_counts_marked(before[i]), equal = pair_counts_marked(seen[class[i]]);
            p->up[i] = earlier - below - equal;
            p->tied[i] = equal;
            p->down[i] = below;
            seen[class[i]] += PAIR_COUNTS_ONE(0);
        }
    }
    out->concordant += (double)concordant;
    out->discordant += (double)discordant;
    out->tied_x += (double)tied_x;
    out->tied_xy += (double)tied_xy;
    out->tied_y += (double)(tied_y - tied_xy);
out:
    arena_free(&a);
    return rc;
}

/* Stable: events first. */
static void events_first(size_t *at, size_t *room, const unsigned char *event, size_t n)
{
    size_t events = 0, others = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t row = at[i], is = event[row];
        at[events] = row;
        room[others] = row;
        events += is;
        others += 1 - is;
    }
    memcpy(at + events, room, others * sizeof *at);
}

static Rc covariance(double *cov, const double *u, const double *v, const size_t *at, size_t n, const int *cluster, Err *e);

/* What a row brings to its place: fetched at once, for rows lie scattered. */
typedef struct { double time; uint32_t class; unsigned char event; } Fetched;

static Rc estimate_by_counting(Concordance *out, const ConcordanceData *d, const int *cluster, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    size_t n = d->n, *at = ARENA_NEW(&a, n, size_t), *room = ARENA_NEW(&a, n, size_t);
    Fetched *row = ARENA_NEW(&a, n, Fetched);
    unsigned char *event = arena_alloc(&a, n);
    Places all = { ARENA_NEW(&a, n, double), arena_alloc(&a, n), arena_alloc(&a, n), ARENA_NEW(&a, n, uint32_t), ARENA_NEW(&a, n, uint32_t),
                   ARENA_NEW(&a, n, uint32_t), ARENA_NEW(&a, n, uint32_t) };
    double *influence = ARENA_NEW(&a, n, double);
    if (!at || !room || !row || !event || !all.time || !all.event || !all.counts || !all.class || !all.up || !all.down || !all.tied || !influence) {
        rc = err_nomem(e);
        goto out;
    }
    /* Canonical: by stratum, time, events first, marker. */
    order_start(at, n);
    TRY(order_by(at, d->marker, n, e));
    if (d->stratum) TRY(order_by_codes(at, d->stratum, n, e));
    for (size_t i = 0; i < n; i++) { event[i] = d->event[i] != 0; row[i] = (Fetched){ d->time[i], 0, event[i] }; }
    uint32_t class = 0;
    double last = 0;
    for (size_t i = 0; i < n; i++) {
        const double marker = d->marker[at[i]];
        bool fresh = i == 0 || (d->stratum && d->stratum[at[i]] != d->stratum[at[i - 1]]);
        class = fresh ? 0 : class + (marker != last);
        last = marker;
        row[at[i]].class = class;
    }
    events_first(at, room, event, n);
    TRY(order_by(at, d->time, n, e));
    if (d->stratum) TRY(order_by_codes(at, d->stratum, n, e));
    for (size_t i = 0; i < n; i++) {
        const Fetched f = row[at[i]];
        all.time[i] = f.time;
        all.class[i] = f.class;
        all.event[i] = f.event;
        all.counts[i] = f.event && !(f.time > d->tau);
    }
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        hi = d->stratum ? lo + 1 : n;
        while (hi < n && d->stratum[at[hi]] == d->stratum[at[lo]]) hi++;
        const Places p = places_from(&all, lo);
        TRY(count_stratum(out, &p, hi - lo, e));
    }
    double pairs = out->concordant + out->discordant + out->tied_x;
    if (!(pairs > 0)) goto out;
    double somers = (out->concordant - out->discordant) / pairs;
    out->c = (out->concordant + out->tied_x / 2) / pairs;
    for (size_t i = 0; i < n; i++) {
        const double up = all.up[i], down = all.down[i], tied = all.tied[i];
        influence[i] = ((up - down) - somers * (up + down + tied)) / pairs / 2;
    }
    for (size_t i = 0; i < n; i++) out->influence[at[i]] = influence[i];
    TRY(covariance(&out->var, influence, influence, at, n, cluster, e));
out:
    arena_free(&a);
    return rc;
}

/* ---- with weights or delayed entry: sums in a tree */

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
            out->influence[r->at] = sorted[i];
        }
        TRY(covariance(&out->var, sorted, sorted, at, n, cluster, e));
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

/* Rows at[0 … n-1] of the caller in this order (NULL: as they are). */
static Rc covariance(double *cov, const double *u, const double *v, const size_t *at, size_t n, const int *cluster, Err *e)
{
    Sum s = { 0 };
    if (!cluster) {
        for (size_t i = 0; i < n; i++) sum_add(&s, u[i] * v[i]);
    } else {
        int k = 0;
        for (size_t i = 0; i < n; i++)
            if (cluster[i] >= k) k = cluster[i] + 1;
        double *total = calloc(2 * (size_t)k + 1, sizeof *total);
        if (!total) return err_nomem(e);
        for (size_t i = 0; i < n; i++) {
            const int c = cluster[at ? at[i] : i];
            total[c] += u[i];
            total[k + c] += v[i];
        }
        for (int c = 0; c < k; c++) sum_add(&s, total[c] * total[k + c]);
        free(total);
    }
    *cov = sum_value(&s);
    return OK;
}

Rc concordance_covariance(double *cov, const double *u, const double *v, size_t n, const int *cluster, Err *e)
{
    return covariance(cov, u, v, NULL, n, cluster, e);
}

Rc concordance_estimate(Concordance *out, const ConcordanceData *d, const int *cluster, Arena *a, Err *e)
{
    *out = (Concordance){ .c = NAN, .var = NAN, .influence = ARENA_NEW(a, d->n, double) };
    if (!out->influence) return err_nomem(e);
    const bool whole = !d->weight && !d->start && d->pairs == PAIRS_N && d->n < PAIR_COUNTS_MAX;
    return whole ? estimate_by_counting(out, d, cluster, e) : estimate_by_sums(out, d, cluster, e);
}
