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

/* Places in canonical order: by stratum, time, events first, marker. Those of group g, the rows of one stratum and time, are begin[2g] …
 * begin[2g+2]-1, its events before begin[2g+1]. class: of the marker, 0 … in each stratum. */
typedef struct {
    size_t n;
    uint32_t *begin, n_groups;
    double *time;                          /* [n_groups] */
    int *stratum;                          /* [n_groups]; NULL: one */
    size_t *at;                            /* [n] row of the caller */
    uint32_t *class, *up, *down, *tied;    /* [n] pairs by the place's own view: concordant, discordant, tied marker */
    unsigned char *counts;                 /* [n] an event up to tau, whose pairs count */
} Places;

/* Groups and their bounds; code[n]: twice the row's group, and 1 for no event. at[n] is spent. */
static Rc find_groups(Places *p, uint32_t *code, size_t *at, const ConcordanceData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = d->n;
    uint32_t g = 0;
    order_start(at, n);
    TRY(order_by(at, d->time, n, e));
    if (d->stratum) TRY(order_by_codes(at, d->stratum, n, e));
    for (size_t i = 0; i < n; i++) {
        const size_t row = at[i], before = at[i ? i - 1 : 0];
        g += i && (d->time[row] != d->time[before] || (d->stratum && d->stratum[row] != d->stratum[before]));
        code[row] = 2 * g + (d->event[row] == 0);
    }
    p->n_groups = n ? g + 1 : 0;
    p->begin = ARENA_NEW(a, 2 * (size_t)p->n_groups + 1, uint32_t);
    p->time = ARENA_ROOM(a, p->n_groups, double);
    p->stratum = d->stratum ? ARENA_ROOM(a, p->n_groups, int) : NULL;
    if (!p->begin || !p->time || (d->stratum && !p->stratum)) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const size_t row = at[i];
        g = code[row] / 2;
        p->begin[code[row] + 1]++;
        p->time[g] = d->time[row];
        if (p->stratum) p->stratum[g] = d->stratum[row];
    }
    for (uint32_t k = 0; k < 2 * p->n_groups; k++) p->begin[k + 1] += p->begin[k];
out:
    return rc;
}

/* What a row brings to its place: fetched at once, for rows lie scattered. */
typedef struct { double marker; uint32_t code; } Fetched;

/* Rows by their marker, each to the next place of its group. */
static Rc take_places(Places *p, const uint32_t *code, size_t *by, const ConcordanceData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = d->n;
    Fetched *row = ARENA_ROOM(a, n, Fetched);
    uint32_t *next = ARENA_ROOM(a, 2 * (size_t)p->n_groups + 1, uint32_t), *classes = NULL;
    double *last = NULL;
    int n_strata = 1;
    if (!row || !next) return err_nomem(e);
    for (size_t i = 0; d->stratum && i < n; i++) if (d->stratum[i] >= n_strata) n_strata = d->stratum[i] + 1;
    classes = ARENA_NEW(a, (size_t)n_strata, uint32_t);
    last = ARENA_ROOM(a, (size_t)n_strata, double);
    if (!classes || !last) return err_nomem(e);
    for (size_t i = 0; i < n; i++) row[i] = (Fetched){ d->marker[i], code[i] };
    memcpy(next, p->begin, (2 * (size_t)p->n_groups + 1) * sizeof *next);
    order_start(by, n);
    TRY(order_by(by, d->marker, n, e));
    for (size_t i = 0; i < n; i++) {
        const Fetched f = row[by[i]];
        const int s = p->stratum ? p->stratum[f.code / 2] : 0;
        if (classes[s] == 0 || f.marker != last[s]) classes[s]++;
        last[s] = f.marker;
        const uint32_t to = next[f.code]++;
        p->class[to] = classes[s] - 1;
        p->at[to] = by[i];
    }
out:
    return rc;
}

/* Pairs of one stratum: groups from … to-1. */
static Rc count_stratum(Concordance *out, const Places *p, uint32_t from_group, uint32_t to_group, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const uint32_t first = p->begin[2 * from_group], *class = p->class + first, n = p->begin[2 * to_group] - first;
    uint32_t *up = p->up + first, *down = p->down + first, *tied = p->tied + first, classes = 0;
    uint64_t *before = ARENA_ROOM(&a, n, uint64_t);
    if (!before) { rc = err_nomem(e); goto out; }
    for (uint32_t i = 0; i < n; i++) if (class[i] >= classes) classes = class[i] + 1;
    TRY(pair_counts_before(before, class, p->counts + first, n, classes, e));
    /* Where no two markers are equal nothing has been seen of a class before, and what is less is its number. */
    const bool some_equal = classes < n;
    uint32_t *size = ARENA_NEW(&a, some_equal ? (size_t)classes + 1 : 1, uint32_t), *less = ARENA_NEW(&a, some_equal ? (size_t)classes + 1 : 1, uint32_t);
    uint64_t *seen = ARENA_NEW(&a, some_equal ? (size_t)classes + 1 : 1, uint64_t);
    if (!size || !less || !seen) { rc = err_nomem(e); goto out; }
    for (uint32_t i = 0; some_equal && i < n; i++) size[class[i]]++;
    for (uint32_t k = 0; some_equal && k < classes; k++) less[k + 1] = less[k] + size[k];
    uint64_t concordant = 0, discordant = 0, tied_x = 0, tied_y = 0, tied_xy = 0;
    uint32_t earlier = 0;        /* counted events before this time */
    for (uint32_t group = from_group; group < to_group; group++) {
        const uint32_t from = p->begin[2 * group] - first, deaths = p->begin[2 * group + 1] - first, to = p->begin[2 * group + 2] - first;
        const uint32_t here = from < deaths && p->counts[first + from] ? deaths - from : 0;
        /* Events of one time, by marker: no pairs among themselves. */
        for (uint32_t i = from, run; i < deaths; i = run) {
            const uint32_t k = class[i];
            for (run = i; run < deaths && class[run] == k; run++) continue;
            const uint64_t same = some_equal ? seen[k] : 0;
            const uint32_t below = pair_counts_marked(before[i]) - (here ? i - from : 0);
            const uint32_t equal = pair_counts_marked(same), above = earlier - below - equal, g = run - i;
            uint32_t later_below = 0, later_equal = 0, later_above = 0;
            if (here) {
                later_below = (some_equal ? less[k] : k) - pair_counts_all(before[i]);
                later_equal = some_equal ? size[k] - pair_counts_all(same) - g : 0;
                later_above = n - deaths - later_below - later_equal;
                concordant += (uint64_t)g * later_below;
                tied_x += (uint64_t)g * later_equal;
                discordant += (uint64_t)g * later_above;
                tied_xy += (uint64_t)g * (g - 1) / 2;
            }
            for (; i < run; i++) {
                up[i] = later_below + above;
                tied[i] = later_equal + equal;
                down[i] = later_above + below;
            }
            if (some_equal) seen[k] += g * PAIR_COUNTS_ONE(here != 0);
        }
        tied_y += (uint64_t)here * (here ? here - 1 : 0) / 2;
        earlier += here;
        for (uint32_t i = deaths; i < to; i++) {
            const uint32_t below = pair_counts_marked(before[i]), equal = some_equal ? pair_counts_marked(seen[class[i]]) : 0;
            up[i] = earlier - below - equal;
            tied[i] = equal;
            down[i] = below;
            if (some_equal) seen[class[i]] += PAIR_COUNTS_ONE(0);
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

static Rc covariance(double *cov, const double *u, const double *v, const size_t *at, size_t n, const int *cluster, Err *e);

static Rc estimate_by_counting(Concordance *out, const ConcordanceData *d, const int *cluster, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const size_t n = d->n;
    uint32_t *code = ARENA_ROOM(&a, n, uint32_t);
    size_t *by = ARENA_ROOM(&a, n, size_t);
    Places p = { .n = n, .at = ARENA_ROOM(&a, n, size_t), .class = ARENA_ROOM(&a, n, uint32_t), .up = ARENA_ROOM(&a, n, uint32_t),
                 .down = ARENA_ROOM(&a, n, uint32_t), .tied = ARENA_ROOM(&a, n, uint32_t), .counts = arena_room(&a, n, 1) };
    double *influence = ARENA_ROOM(&a, n, double);
    if (!code || !by || !p.at || !p.class || !p.up || !p.down || !p.tied || !p.counts || !influence) { rc = err_nomem(e); goto out; }
    TRY(find_groups(&p, code, by, d, &a, e));
    TRY(take_places(&p, code, by, d, &a, e));
    for (uint32_t g = 0; g < p.n_groups; g++) {
        memset(p.counts + p.begin[2 * g], !(p.time[g] > d->tau), p.begin[2 * g + 1] - p.begin[2 * g]);
        memset(p.counts + p.begin[2 * g + 1], 0, p.begin[2 * g + 2] - p.begin[2 * g + 1]);
    }
    for (uint32_t from = 0, to; from < p.n_groups; from = to) {
        to = p.stratum ? from + 1 : p.n_groups;
        while (to < p.n_groups && p.stratum[to] == p.stratum[from]) to++;
        TRY(count_stratum(out, &p, from, to, e));
    }
    double pairs = out->concordant + out->discordant + out->tied_x;
    if (!(pairs > 0)) goto out;
    double somers = (out->concordant - out->discordant) / pairs;
    out->c = (out->concordant + out->tied_x / 2) / pairs;
    for (size_t i = 0; i < n; i++) {
        const double up = p.up[i], down = p.down[i], tied = p.tied[i];
        influence[i] = ((up - down) - somers * (up + down + tied)) / pairs / 2;
    }
    for (size_t i = 0; out->influence && i < n; i++) out->influence[p.at[i]] = influence[i];
    TRY(covariance(&out->var, influence, influence, p.at, n, cluster, e));
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
            if (out->influence) out->influence[r->at] = sorted[i];
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
    *out = (Concordance){ .c = NAN, .var = NAN, .influence = d->no_influence ? NULL : ARENA_NEW(a, d->n, double) };
    if (!d->no_influence && !out->influence) return err_nomem(e);
    const bool whole = !d->weight && !d->start && d->pairs == PAIRS_N && d->n < PAIR_COUNTS_MAX;
    return whole ? estimate_by_counting(out, d, cluster, e) : estimate_by_sums(out, d, cluster, e);
}
