/* stats/time_counts.c: how many rows have an event, and how many are censored, at each distinct time; the same by group and stratum. */
#include "stats/time_counts.h"

#include "core/lanes.h"
#include "core/order.h"

/* The keys of the times (core/order.h): whole numbers of the same order, (key - least) >> shift below 2^width. */
typedef struct { uint64_t least; int shift, width; bool ascending; } Span;

FOR_EACH_WIDTH
static Span span_of(const double *time, size_t n)
{
    uint64_t least = UINT64_MAX, most = 0, differ = 0, descends = 0;
    const uint64_t first = n ? order_key(time[0]) : 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t k = order_key(time[i]);
        differ |= k ^ first;
        least = k < least ? k : least;
        most = k > most ? k : most;
    }
    for (size_t i = 1; i < n; i++) descends |= time[i] < time[i - 1];
    const int shift = differ ? __builtin_ctzll(differ) : 0;
    return (Span){ least, shift, differ ? 64 - __builtin_clzll((most - least) >> shift) : 1, !descends };
}

/* Columns of at most `most` times. Pages that are not written cost nothing, fresh ones more than what is written to them: so what a sort
 * needs has its room here. */
static Rc room_for(TimeCounts *out, size_t most, Arena *a, Err *e)
{
    double *block = ARENA_NEW(a, (3 + COUNTS_MORE) * most, double);
    if (!block) return err_nomem(e);
    *out = (TimeCounts){ .time = block, .n_event = block + most, .n_censor = block + 2 * most };
    for (size_t k = 0; k < COUNTS_MORE; k++) out->more[k] = block + (3 + k) * most;
    return OK;
}

/* A place for every time that the span allows: whole days, a schedule's visits. */
static Rc by_place(TimeCounts *out, const double *time, const double *event, size_t n, Span s, Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    const size_t places = (size_t)1 << s.width;
    size_t m = 0;
    uint32_t (*count)[2] = arena_array(&scratch, places, sizeof *count);
    if (!count) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) count[(order_key(time[i]) - s.least) >> s.shift][event[i] != 0]++;
    for (size_t k = 0; k < places; k++) m += (count[k][0] | count[k][1]) != 0;
    TRY(room_for(out, m, a, e));
    for (size_t k = 0; k < places; k++) {
        if (!(count[k][0] | count[k][1])) continue;
        out->time[out->n] = order_unkey(((uint64_t)k << s.shift) + s.least);
        out->n_event[out->n] = count[k][1];
        out->n_censor[out->n++] = count[k][0];
    }
out:
    arena_free(&scratch);
    return rc;
}

/* Keys with the kind of their row as the last bit. */
static Rc by_sorting(TimeCounts *out, const double *time, const double *event, size_t n, Span s, Arena *a, Err *e)
{
    Rc rc = OK;
    TRY(room_for(out, n, a, e));
    uint64_t *key = (uint64_t *)(void *)out->more[0];
    for (size_t i = 0; i < n; i++) key[i] = (order_key(time[i]) - s.least) >> s.shift << 1 | (event[i] != 0);
    if (!s.ascending) key = order_below(key, (uint64_t *)(void *)out->more[1], n, s.width + 1);
    for (size_t from = 0, to; from < n; from = to) {
        const uint64_t code = key[from] >> 1;
        size_t events = 0;
        for (to = from; to < n && key[to] >> 1 == code; to++) events += key[to] & 1;
        out->time[out->n] = order_unkey((code << s.shift) + s.least);
        out->n_event[out->n] = (double)events;
        out->n_censor[out->n++] = (double)(to - from - events);
    }
out:
    return rc;
}

/* Times of both signs, whose keys leave no bit for the kind of row. */
static Rc by_order(TimeCounts *out, const double *time, const double *event, size_t n, Arena *a, Err *e)
{
    Rc rc = OK;
    TRY(room_for(out, n, a, e));
    size_t *order = (size_t *)(void *)out->more[0];
    order_start(order, n);
    TRY(order_by(order, time, n, e));
    for (size_t i = 0; i < n; i++) {
        const size_t row = order[i];
        if (i == 0 || time[row] != out->time[out->n - 1]) out->time[out->n++] = time[row] + 0.;
        *(event[row] != 0 ? &out->n_event[out->n - 1] : &out->n_censor[out->n - 1]) += 1;
    }
out:
    return rc;
}

Rc time_counts(TimeCounts *out, const double *time, const double *event, size_t n, Arena *a, Err *e)
{
    const Span s = span_of(time, n);
    *out = (TimeCounts){ 0 };
    if (s.width < 32 && (size_t)1 << s.width <= n / 2 && n <= UINT32_MAX) return by_place(out, time, event, n, s, a, e);
    if (s.width < 64) return by_sorting(out, time, event, n, s, a, e);
    return by_order(out, time, event, n, a, e);
}

static int bits_for(size_t codes)
{
    int bits = 0;
    while ((codes - 1) >> bits) bits++;
    return bits;
}

/* Every key has a place. */
static Rc runs_by_place(TimeRuns *out, const double *time, const double *event, const int *group, const int *stratum, size_t n, Span s, size_t places,
                        Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    size_t m = 0;
    uint32_t *at = ARENA_NEW(&scratch, places, uint32_t), *count = NULL;
    uint64_t *key = NULL;
    if (!at) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        const uint64_t own = stratum ? (uint64_t)stratum[i] << out->stratum_shift : 0;
        at[own | (order_key(time[i]) - s.least) >> s.shift << out->kind_bits | (uint64_t)group[i] << 1 | (event[i] != 0)]++;
    }
    for (size_t k = 0; k < places; k++) m += at[k] != 0;
    key = ARENA_ROOM(a, m, uint64_t);
    count = ARENA_ROOM(a, m, uint32_t);
    if (!key || !count) { rc = err_nomem(e); goto out; }
    for (size_t k = 0; k < places; k++) {
        if (!at[k]) continue;
        key[out->n] = k;
        count[out->n++] = at[k];
    }
    out->key = key;
    out->count = count;
out:
    arena_free(&scratch);
    return rc;
}

Rc time_runs(bool *fits, TimeRuns *out, const double *time, const double *event, const int *group, size_t n_groups, const int *stratum,
             size_t n_strata, size_t n, Arena *a, Err *e)
{
    const Span s = span_of(time, n);
    const int kind_bits = 1 + bits_for(n_groups ? n_groups : 1), stratum_bits = stratum && n_strata ? bits_for(n_strata) : 0;
    const int width = s.width + kind_bits + stratum_bits;
    *fits = width <= 64;
    if (!*fits) return OK;
    *out = (TimeRuns){ .kind_bits = kind_bits, .stratum_shift = s.width + kind_bits };
    if (width < 32 && (size_t)1 << width <= n && n <= UINT32_MAX) return runs_by_place(out, time, event, group, stratum, n, s, (size_t)1 << width, a, e);
    uint64_t *key = ARENA_ROOM(a, 2 * n + 1, uint64_t);
    if (!key) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const uint64_t own = stratum_bits ? (uint64_t)stratum[i] << out->stratum_shift : 0;
        key[i] = own | (order_key(time[i]) - s.least) >> s.shift << kind_bits | (uint64_t)group[i] << 1 | (event[i] != 0);
    }
    out->key = order_below(key, key + n, n, width);
    out->n = n;
    return OK;
}
