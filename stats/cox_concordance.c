/* stats/cox_concordance.c: Harrell's C by sweeps over time with a Fenwick tree over the ranks of the marker. */
#include "stats/cox_concordance.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

/* Weights by rank of the marker: sums below, at and above a rank. */
typedef struct { size_t n; double *tree, *at, total; } Ranks;

static void ranks_add(Ranks *r, size_t rank, double w)
{
    r->at[rank] += w;
    r->total += w;
    for (size_t i = rank + 1; i <= r->n; i += i & (~i + 1)) r->tree[i] += w;
}

static double ranks_below(const Ranks *r, size_t rank)
{
    double s = 0;
    for (size_t i = rank; i > 0; i -= i & (~i + 1)) s += r->tree[i];
    return s;
}

static void ranks_clear(Ranks *r)
{
    memset(r->tree, 0, (r->n + 1) * sizeof *r->tree);
    memset(r->at, 0, (r->n + 1) * sizeof *r->at);
    r->total = 0;
}

typedef struct {
    const double *start, *time, *event, *weight, *marker;
} Rows;

typedef struct { double key; size_t row; } Keyed;

static int by_key(const void *a, const void *b)
{
    const Keyed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Sums of weights of the pairs that a row is part of. */
typedef struct { double concordant, discordant, tied; } Part;

static double weight_of(const Rows *q, size_t i) { return q->weight ? q->weight[i] : 1; }

/* One stratum: rows by_time (ascending time), by_start. */
static void sweep(Concordance *out, Part *part, const Rows *q, const Keyed *by_time, const Keyed *start_of, size_t m, const size_t *rank,
                  Ranks *r)
{
    /* Backwards: every event against those still at risk after it. */
    ranks_clear(r);
    size_t leaving = m;
    for (size_t to = m; to > 0;) {
        size_t from = to;
        double t = by_time[to - 1].key;
        while (from > 0 && by_time[from - 1].key == t) from--;
        for (size_t k = from; k < to; k++)
            if (q->event[by_time[k].row] != 1) ranks_add(r, rank[by_time[k].row], weight_of(q, by_time[k].row));
        for (; start_of && leaving > 0 && start_of[leaving - 1].key >= t; leaving--)
            ranks_add(r, rank[start_of[leaving - 1].row], -weight_of(q, start_of[leaving - 1].row));
        double tied_total = 0, tied_squares = 0;
        for (size_t k = from; k < to; k++) {
            size_t i = by_time[k].row;
            if (q->event[i] != 1) continue;
            double w = weight_of(q, i), below = ranks_below(r, rank[i]), same = r->at[rank[i]], above = r->total - below - same;
            part[i].concordant += below;
            part[i].discordant += above;
            part[i].tied += same;
            out->concordant += w * below;
            out->discordant += w * above;
            out->tied_x += w * same;
            tied_total += w;
            tied_squares += w * w;
        }
        /* Pairs of events at this time; those of equal marker apart. */
        double pairs = (tied_total * tied_total - tied_squares) / 2, equal = 0;
        for (size_t k = from; k < to; k++) {
            size_t i = by_time[k].row;
            if (q->event[i] == 1) ranks_add(r, rank[i], weight_of(q, i));
        }
        if (pairs > 0) {
            /* Rows of one time come sorted by nothing: count equal markers by sorting their ranks. */
            size_t d = 0;
            Keyed *tied = malloc((to - from) * sizeof *tied);
            for (size_t k = from; tied && k < to; k++)
                if (q->event[by_time[k].row] == 1) tied[d++] = (Keyed){ (double)rank[by_time[k].row], by_time[k].row };
            if (tied) qsort(tied, d, sizeof *tied, by_key);
            for (size_t k = 0; tied && k < d;) {
                double s = 0, ss = 0;
                size_t b = k;
                for (; k < d && tied[k].key == tied[b].key; k++) { double w = weight_of(q, tied[k].row); s += w; ss += w * w; }
                equal += (s * s - ss) / 2;
            }
            free(tied);
        }
        out->tied_xy += equal;
        out->tied_y += pairs - equal;
        to = from;
    }
    /* Forwards: every row against the events it was at risk for and outlived. */
    ranks_clear(r);
    size_t entering = 0;
    for (size_t from = 0; from < m;) {
        size_t to = from;
        double t = by_time[from].key;
        while (to < m && by_time[to].key == t) to++;
        /* A row that starts before t, but not before the event times so far, leaves out what is there now. */
        for (; start_of && entering < m && start_of[entering].key < t; entering++) {
            size_t i = start_of[entering].row;
            double below = ranks_below(r, rank[i]), same = r->at[rank[i]];
            part[i].concordant -= r->total - below - same;
            part[i].discordant -= below;
            part[i].tied -= same;
        }
        for (int pass = 0; pass < 2; pass++) {
            if (pass == 1)
                for (size_t k = from; k < to; k++)
                    if (q->event[by_time[k].row] == 1) ranks_add(r, rank[by_time[k].row], weight_of(q, by_time[k].row));
            for (size_t k = from; k < to; k++) {
                size_t i = by_time[k].row;
                if ((q->event[i] == 1) != (pass == 0)) continue;
                double below = ranks_below(r, rank[i]), same = r->at[rank[i]];
                part[i].concordant += r->total - below - same;
                part[i].discordant += below;
                part[i].tied += same;
            }
        }
        from = to;
    }
}

Rc cox_concordance(Concordance *out, size_t n, const double *start, const double *time, const double *event, const double *weight,
                   const int *stratum, size_t n_strata, const int *cluster, size_t n_clusters, const double *marker, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Rows q = { start, time, event, weight, marker };
    Keyed *by_time = ARENA_NEW(&a, n + 1, Keyed), *starts = ARENA_NEW(&a, n + 1, Keyed), *sorted = ARENA_NEW(&a, n + 1, Keyed);
    size_t *rank = ARENA_NEW(&a, n + 1, size_t), *first = ARENA_NEW(&a, n_strata + 2, size_t), *member = ARENA_NEW(&a, n + 1, size_t);
    Part *part = ARENA_NEW(&a, n + 1, Part);
    Ranks r = { n, ARENA_NEW(&a, n + 2, double), ARENA_NEW(&a, n + 2, double), 0 };
    *out = (Concordance){ .c = NAN, .se = NAN };
    if (!by_time || !starts || !sorted || !rank || !first || !member || !part || !r.tree || !r.at) { rc = err_nomem(e); goto out; }
    if (!stratum) n_strata = 1;
    for (size_t i = 0; i < n; i++) first[(stratum ? (size_t)stratum[i] : 0) + 1]++;
    for (size_t s = 0; s < n_strata; s++) first[s + 1] += first[s];
    {
        size_t *fill = ARENA_NEW(&a, n_strata + 1, size_t);
        if (!fill) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < n; i++) { size_t s = stratum ? (size_t)stratum[i] : 0; member[first[s] + fill[s]++] = i; }
    }
    for (size_t s = 0; s < n_strata; s++) {
        size_t m = first[s + 1] - first[s], k = 0;
        for (size_t j = 0; j < m; j++) {
            size_t i = member[first[s] + j];
            sorted[j] = (Keyed){ marker[i], i };
            by_time[j] = (Keyed){ time[i], i };
            if (start) starts[j] = (Keyed){ start[i], i };
        }
        qsort(sorted, m, sizeof *sorted, by_key);
        qsort(by_time, m, sizeof *by_time, by_key);
        if (start) qsort(starts, m, sizeof *starts, by_key);
        for (size_t j = 0; j < m; j++) {
            if (j && sorted[j].key != sorted[j - 1].key) k++;
            rank[sorted[j].row] = k;
        }
        r.n = k + 1;
        sweep(out, part, &q, by_time, start ? starts : NULL, m, rank, &r);
    }
    double pairs = out->concordant + out->discordant + out->tied_x;
    if (!(pairs > 0)) goto out;
    double somers = (out->concordant - out->discordant) / pairs, variance = 0;
    out->c = (out->concordant + out->tied_x / 2) / pairs;
    double *sum = ARENA_NEW(&a, (cluster ? n_clusters : 0) + 1, double);
    if (!sum) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        double change = weight_of(&q, i) * ((part[i].concordant - part[i].discordant) / pairs
                                            - (part[i].concordant + part[i].discordant + part[i].tied) * somers / pairs) / 2;
        if (cluster) sum[cluster[i]] += change;
        else variance += change * change;
    }
    for (size_t c = 0; cluster && c < n_clusters; c++) variance += sum[c] * sum[c];
    out->se = sqrt(variance);
out:
    arena_free(&a);
    return rc;
}
