/* stats/concordance_counts.c: concordance where every row counts once: pairs are whole numbers, counted and not summed. */
#include "stats/concordance_counts.h"

#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/pair_counts.h"

/* What a place adds to those of higher classes behind it. A stop: one, and one in the marked half for an event whose pairs count. With
 * starts: who is at risk in the lower half, where a stop takes away what its start has put in. */
static const uint64_t STOPS[PAIR_KINDS] = { PAIR_COUNTS_ONE(0), PAIR_COUNTS_ONE(1) };
enum { STARTS = 2 };
static const uint64_t STARTS_AND_STOPS[PAIR_KINDS] = { [0] = (uint64_t)-1, [1] = ((uint64_t)1 << 32) - 1, [STARTS] = 1 };

bool concordance_countable(const ConcordanceData *d)
{
    if (d->weight || d->pairs != PAIRS_N || d->n >= PAIR_COUNTS_MAX / 2) return false;
    for (size_t i = 0; d->start && i < d->n; i++) if (!(d->start[i] < d->time[i])) return false;
    return true;
}

Rc concordance_products(double *cov, const double *u, const double *v, const size_t *at, size_t n, const int *cluster, Err *e)
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

/* Places in canonical order: by stratum, time, events first, marker. Those of group g, the rows of one stratum and time, are begin[2g] …
 * begin[2g+2]-1, its events before begin[2g+1]. class: of the marker, 0 … in each stratum. */
typedef struct {
    size_t n;
    uint32_t *begin, n_groups;
    double *time;                          /* [n_groups] */
    int *stratum;                          /* [n_groups]; NULL: one */
    size_t *at;                            /* [n] row of the caller */
    uint32_t *by_marker, *code;            /* [n] by stratum, marker, the later first: places, twice their group and 1 for no event; not with starts */
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

/* Rows in descending order of their code; next: room. */
static void later_first(size_t *by, uint32_t *next, const uint32_t *code, const Places *p)
{
    const size_t codes = 2 * (size_t)p->n_groups;
    for (size_t k = 0; k < codes; k++) next[k] = (uint32_t)p->n - p->begin[k + 1];
    for (size_t i = 0; i < p->n; i++) by[next[code[i]]++] = i;
}

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
    if (d->start) {
        order_start(by, n);
        TRY(order_by(by, d->start, n, e));
    } else later_first(by, next, code, p);
    memcpy(next, p->begin, (2 * (size_t)p->n_groups + 1) * sizeof *next);
    TRY(order_by(by, d->marker, n, e));
    if (d->stratum) TRY(order_by_codes(by, d->stratum, n, e));
    for (size_t i = 0; i < n; i++) {
        const Fetched f = row[by[i]];
        const int s = p->stratum ? p->stratum[f.code / 2] : 0;
        if (classes[s] == 0 || f.marker != last[s]) classes[s]++;
        last[s] = f.marker;
        const uint32_t to = next[f.code]++;
        p->class[to] = classes[s] - 1;
        p->at[to] = by[i];
        if (!p->by_marker) continue;
        p->by_marker[i] = to;
        p->code[i] = f.code;
    }
out:
    return rc;
}

/* before[i]: what place i of a stratum has of lower markers at earlier times, a censoring that of events at its own time too; places of one
 * marker do not see each other, the later ones come first. By markers along and times apart: there are fewer of them. */
static Rc earlier_and_lower(uint64_t *before, const Places *p, uint32_t from_group, uint32_t to_group, Arena *a, Err *e)
{
    Rc rc = OK;
    const uint32_t first = p->begin[2 * from_group], n = p->begin[2 * to_group] - first, *place = p->by_marker + first;
    uint64_t *counted = ARENA_ROOM(a, n, uint64_t);
    unsigned char *kind = arena_room(a, n, 1);
    if (!counted || !kind) return err_nomem(e);
    for (uint32_t i = 0; i < n; i++) {
        p->code[first + i] -= 2 * from_group;
        kind[i] = p->counts[place[i]];
    }
    TRY(pair_counts_before(counted, p->code + first, kind, STOPS, n, 2 * (to_group - from_group), e));
    for (uint32_t i = 0; i < n; i++) before[place[i] - first] = counted[i];
out:
    return rc;
}

/* What is counted over the pairs of a stratum. */
typedef struct { uint64_t concordant, discordant, tied_x, tied_y, tied_xy; } PairSums;

/* g events of one time and marker that count, against those who are there later: with a lower, the same, a higher marker. */
static inline void count_run(PairSums *s, uint64_t g, uint32_t below, uint32_t equal, uint32_t above)
{
    s->concordant += g * below;
    s->tied_x += g * equal;
    s->discordant += g * above;
    s->tied_xy += g * (g - 1) / 2;
}

static void add_pairs(Concordance *out, const PairSums *s)
{
    out->concordant += (double)s->concordant;
    out->discordant += (double)s->discordant;
    out->tied_x += (double)s->tied_x;
    out->tied_xy += (double)s->tied_xy;
    out->tied_y += (double)(s->tied_y - s->tied_xy);
}

/* Pairs of one stratum: groups from … to-1. Everyone is there from the beginning. */
static Rc count_stratum(Concordance *out, const Places *p, uint32_t from_group, uint32_t to_group, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const uint32_t first = p->begin[2 * from_group], *class = p->class + first, n = p->begin[2 * to_group] - first;
    uint32_t *up = p->up + first, *down = p->down + first, *tied = p->tied + first, classes = 0;
    uint64_t *before = ARENA_ROOM(&a, n, uint64_t);
    if (!before) { rc = err_nomem(e); goto out; }
    for (uint32_t i = 0; i < n; i++) if (class[i] >= classes) classes = class[i] + 1;
    TRY(earlier_and_lower(before, p, from_group, to_group, &a, e));
    /* Where no two markers are equal nothing has been seen of a class before, and what is less is its number. */
    const bool some_equal = classes < n;
    const size_t m = some_equal ? (size_t)classes + 1 : 1;
    uint32_t *size = ARENA_NEW(&a, m, uint32_t), *less = ARENA_NEW(&a, m, uint32_t);
    uint64_t *seen = ARENA_NEW(&a, m, uint64_t);
    if (!size || !less || !seen) { rc = err_nomem(e); goto out; }
    for (uint32_t i = 0; some_equal && i < n; i++) size[class[i]]++;
    for (uint32_t k = 0; some_equal && k < classes; k++) less[k + 1] = less[k] + size[k];
    PairSums pairs = { 0 };
    uint32_t earlier = 0;        /* counted events before this time */
    for (uint32_t group = from_group; group < to_group; group++) {
        const uint32_t from = p->begin[2 * group] - first, deaths = p->begin[2 * group + 1] - first, to = p->begin[2 * group + 2] - first;
        const uint32_t here = from < deaths && p->counts[first + from] ? deaths - from : 0;
        /* Events of one time, by marker: no pairs among themselves. */
        for (uint32_t i = from, run; i < deaths; i = run) {
            const uint32_t k = class[i];
            for (run = i; run < deaths && class[run] == k; run++) continue;
            const uint64_t same = some_equal ? seen[k] : 0;
            const uint32_t below = pair_counts_marked(before[i]), equal = pair_counts_marked(same), above = earlier - below - equal, g = run - i;
            uint32_t later_below = 0, later_equal = 0, later_above = 0;
            if (here) {
                later_below = (some_equal ? less[k] : k) - pair_counts_all(before[i]) - (i - from);
                later_equal = some_equal ? size[k] - pair_counts_all(same) - g : 0;
                later_above = n - deaths - later_below - later_equal;
                count_run(&pairs, g, later_below, later_equal, later_above);
            }
            for (; i < run; i++) {
                up[i] = later_below + above;
                tied[i] = later_equal + equal;
                down[i] = later_above + below;
            }
            if (some_equal) seen[k] += g * PAIR_COUNTS_ONE(here != 0);
        }
        pairs.tied_y += (uint64_t)here * (here ? here - 1 : 0) / 2;
        earlier += here;
        for (uint32_t i = deaths; i < to; i++) {
            const uint32_t below = pair_counts_marked(before[i]), equal = some_equal ? pair_counts_marked(seen[class[i]]) : 0;
            up[i] = earlier - below - equal;
            tied[i] = equal;
            down[i] = below;
            if (some_equal) seen[class[i]] += PAIR_COUNTS_ONE(0);
        }
    }
    add_pairs(out, &pairs);
out:
    arena_free(&a);
    return rc;
}

/* Those who come to be at risk, in order of it; start: of their places. */
static Rc entries(size_t **out, const double *start, size_t n, Arena *a, Err *e)
{
    *out = ARENA_ROOM(a, n, size_t);
    if (!*out) return err_nomem(e);
    order_start(*out, n);
    return order_by(*out, start, n, e);
}

/* The same where each is at risk from a start of its own on: one list of starts and stops in order of time, a start behind the stops at its
 * time. What of the pairs' earlier events came before a row's start is in its up, down and tied until its stop is reached. */
static Rc count_entered(Concordance *out, const Places *p, const double *start, uint32_t from_group, uint32_t to_group, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const uint32_t first = p->begin[2 * from_group], *class = p->class + first, n = p->begin[2 * to_group] - first;
    uint32_t *up = p->up + first, *down = p->down + first, *tied = p->tied + first, classes = 0;
    size_t *entry = NULL, entered = 0, at = 0;
    uint64_t *before = ARENA_ROOM(&a, 2 * (size_t)n, uint64_t);
    uint32_t *list = ARENA_ROOM(&a, 2 * (size_t)n, uint32_t);
    unsigned char *kind = arena_room(&a, 2 * (size_t)n, 1);
    if (!before || !list || !kind) { rc = err_nomem(e); goto out; }
    TRY(entries(&entry, start + first, n, &a, e));
    for (uint32_t i = 0; i < n; i++) if (class[i] >= classes) classes = class[i] + 1;
    uint32_t *at_risk = ARENA_NEW(&a, (size_t)classes + 1, uint32_t), *failed = ARENA_NEW(&a, (size_t)classes + 1, uint32_t);
    if (!at_risk || !failed) { rc = err_nomem(e); goto out; }
    for (uint32_t group = from_group; group < to_group; group++) {
        for (; entered < n && start[first + entry[entered]] < p->time[group]; entered++, at++) {
            list[at] = class[entry[entered]];
            kind[at] = STARTS;
        }
        for (uint32_t i = p->begin[2 * group] - first; i < p->begin[2 * group + 2] - first; i++, at++) {
            list[at] = class[i];
            kind[at] = p->counts[first + i];
        }
    }
    TRY(pair_counts_before(before, list, kind, STARTS_AND_STOPS, at, classes, e));
    PairSums pairs = { 0 };
    uint32_t earlier = 0, there = 0;        /* counted events before this time; at risk */
    entered = at = 0;
    for (uint32_t group = from_group; group < to_group; group++) {
        const uint32_t from = p->begin[2 * group] - first, deaths = p->begin[2 * group + 1] - first, to = p->begin[2 * group + 2] - first;
        const uint32_t here = from < deaths && p->counts[first + from] ? deaths - from : 0;
        for (; entered < n && start[first + entry[entered]] < p->time[group]; entered++, at++, there++) {
            const size_t i = entry[entered];
            down[i] = pair_counts_marked(before[at]);
            tied[i] = failed[class[i]];
            up[i] = earlier - down[i] - tied[i];
            at_risk[class[i]]++;
        }
        there -= deaths - from;
        for (uint32_t i = from, run; i < deaths; i = run) {
            const uint32_t k = class[i];
            for (run = i; run < deaths && class[run] == k; run++) continue;
            const uint32_t below = pair_counts_marked(before[at]) - (here ? i - from : 0);
            const uint32_t equal = failed[k], above = earlier - below - equal, g = run - i;
            uint32_t later_below = 0, later_equal = 0, later_above = 0;
            at_risk[k] -= g;
            if (here) {
                later_below = pair_counts_all(before[at]);
                later_equal = at_risk[k];
                later_above = there - later_below - later_equal;
                count_run(&pairs, g, later_below, later_equal, later_above);
                failed[k] += g;
            }
            at += g;
            for (; i < run; i++) {
                up[i] = later_below + above - up[i];
                tied[i] = later_equal + equal - tied[i];
                down[i] = later_above + below - down[i];
            }
        }
        pairs.tied_y += (uint64_t)here * (here ? here - 1 : 0) / 2;
        earlier += here;
        for (uint32_t i = deaths; i < to; i++, at++, there--) {
            const uint32_t below = pair_counts_marked(before[at]), equal = failed[class[i]];
            up[i] = earlier - below - equal - up[i];
            tied[i] = equal - tied[i];
            down[i] = below - down[i];
            at_risk[class[i]]--;
        }
    }
    add_pairs(out, &pairs);
out:
    arena_free(&a);
    return rc;
}

Rc concordance_by_counting(Concordance *out, const ConcordanceData *d, const int *cluster, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const size_t n = d->n;
    uint32_t *code = ARENA_ROOM(&a, n, uint32_t);
    size_t *by = ARENA_ROOM(&a, n, size_t);
    Places p = { .n = n, .at = ARENA_ROOM(&a, n, size_t), .class = ARENA_ROOM(&a, n, uint32_t), .up = ARENA_ROOM(&a, n, uint32_t),
                 .down = ARENA_ROOM(&a, n, uint32_t), .tied = ARENA_ROOM(&a, n, uint32_t), .counts = arena_room(&a, n, 1) };
    if (!d->start) { p.by_marker = ARENA_ROOM(&a, n, uint32_t); p.code = ARENA_ROOM(&a, n, uint32_t); }
    double *influence = ARENA_ROOM(&a, n, double), *start = d->start ? ARENA_ROOM(&a, n, double) : NULL;
    if (!code || !by || !p.at || !p.class || !p.up || !p.down || !p.tied || !p.counts || !influence ||
        (d->start ? !start : !p.by_marker || !p.code)) {
        rc = err_nomem(e);
        goto out;
    }
    TRY(find_groups(&p, code, by, d, &a, e));
    TRY(take_places(&p, code, by, d, &a, e));
    for (size_t i = 0; start && i < n; i++) start[i] = d->start[p.at[i]];
    for (uint32_t g = 0; g < p.n_groups; g++) {
        memset(p.counts + p.begin[2 * g], !(p.time[g] > d->tau), p.begin[2 * g + 1] - p.begin[2 * g]);
        memset(p.counts + p.begin[2 * g + 1], 0, p.begin[2 * g + 2] - p.begin[2 * g + 1]);
    }
    for (uint32_t from = 0, to; from < p.n_groups; from = to) {
        to = p.stratum ? from + 1 : p.n_groups;
        while (to < p.n_groups && p.stratum[to] == p.stratum[from]) to++;
        TRY(start ? count_entered(out, &p, start, from, to, e) : count_stratum(out, &p, from, to, e));
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
    TRY(concordance_products(&out->var, influence, influence, p.at, n, cluster, e));
out:
    arena_free(&a);
    return rc;
}
