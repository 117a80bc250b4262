/* core/order.c: sorting rows by columns of numbers in linear time. */
#include "core/order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

typedef struct { uint64_t key; size_t row; } Keyed;

enum { BITS = 11, SIZE = 1 << BITS, LEADING = 32, SMALL = 64, RUN = 8 };

void order_start(size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) order[i] = i;
}

static void insertion(Keyed *a, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        Keyed k = a[i];
        size_t j = i;
        for (; j > 0 && a[j - 1].key > k.key; j--) a[j] = a[j - 1];
        a[j] = k;
    }
}

/* ---- radix sort, digits of at most 11 bits from the lowest */

/* The bits in which keys differ, as a whole number: (key - least) >> shift is below 2^width. */
typedef struct { uint64_t least; int shift, width; bool sorted; } Span;

static Span span_of(const uint64_t *key, size_t n)
{
    uint64_t least = key[0], most = key[0], differ = 0;
    bool sorted = true;
    for (size_t i = 1; i < n; i++) {
        sorted = sorted && key[i - 1] <= key[i];
        differ |= key[i] ^ key[0];
        least = key[i] < least ? key[i] : least;
        most = key[i] > most ? key[i] : most;
    }
    if (sorted) return (Span){ .sorted = true };
    int shift = __builtin_ctzll(differ);
    return (Span){ least, shift, 64 - __builtin_clzll((most - least) >> shift), false };
}

/* a by its bits from … from+width-1, stable; b is room for as many. The sorted one of the two is returned. */
static uint64_t *radix(uint64_t *a, uint64_t *b, size_t n, int from, int width)
{
    int passes = (width + BITS - 1) / BITS, bits = (width + passes - 1) / passes;
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (int pass = 0; pass < passes; pass++) {
        size_t at[SIZE + 1] = { 0 };
        int shift = from + pass * bits;
        for (size_t i = 0; i < n; i++) at[(a[i] >> shift & mask) + 1]++;
        for (uint64_t k = 0; k < mask; k++) at[k + 1] += at[k];
        for (size_t i = 0; i < n; i++) b[at[a[i] >> shift & mask]++] = a[i];
        uint64_t *swap = a;
        a = b;
        b = swap;
    }
    return a;
}

/* Digits of keys from the lowest, counted for all passes in one. */
enum { KEY_PASSES = 4, BELOW_PASSES = 3, FEW_BITS = 8, FEW = 4096, FEW_PLACES = 2048 };

/* key by its bits from … from+passes*bits-1, stable; the sorted one of key and room. */
static uint64_t *by_digits(uint64_t *key, uint64_t *room, size_t n, int from, int passes, int bits)
{
    uint32_t at[KEY_PASSES][SIZE];
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (int pass = 0; pass < passes; pass++) memset(at[pass], 0, (size_t)(mask + 1) * sizeof at[0][0]);
    for (size_t i = 0; i < n; i++)
        for (int pass = 0; pass < passes; pass++) at[pass][key[i] >> (from + pass * bits) & mask]++;
    for (int pass = 0; pass < passes; pass++) {
        const int shift = from + pass * bits;
        uint32_t begins = 0;
        for (uint64_t k = 0; k <= mask; k++) {
            const uint32_t here = at[pass][k];
            at[pass][k] = begins;
            begins += here;
        }
        for (size_t i = 0; i < n; i++) room[at[pass][key[i] >> shift & mask]++] = key[i];
        uint64_t *swap = key;
        key = room;
        room = swap;
    }
    return key;
}

/* Sorts places (whole numbers below 2^32) by key[place], stable; room for as many words. A word is the leading 32 bits in which the
 * keys differ, and the place: three passes over 8 bytes a row. Places that agree in them are few, and sorted by what follows. */
static void sort_places(uint64_t *place, uint64_t *room, const uint64_t *key, size_t n)
{
    const uint64_t low = ((uint64_t)1 << LEADING) - 1;
    if (n < SMALL) {
        for (size_t i = 1; i < n; i++) {
            uint64_t p = place[i], k = key[p];
            size_t j = i;
            for (; j > 0 && key[place[j - 1]] > k; j--) place[j] = place[j - 1];
            place[j] = p;
        }
        return;
    }
    for (size_t i = 0; i < n; i++) room[i] = key[place[i]];
    Span s = span_of(room, n);
    if (s.sorted) return;
    int drop = s.width > LEADING ? s.width - LEADING : 0;
    for (size_t i = 0; i < n; i++) place[i] |= (room[i] - s.least) >> (s.shift + drop) << LEADING;
    const int width = s.width - drop, most = n < FEW_PLACES ? FEW_BITS : BITS, passes = (width + most - 1) / most;
    const uint64_t *sorted = by_digits(place, room, n, LEADING, passes, (width + passes - 1) / passes);
    if (sorted != place) memcpy(place, sorted, n * sizeof *place);
    for (size_t i = 0, to; drop && i < n; i = to) {
        const uint64_t leading = place[i] >> LEADING;
        for (to = i + 1; to < n && place[to] >> LEADING == leading; to++) continue;
        if (to - i == 1) continue;
        bool same = true;
        for (size_t k = i; k < to; k++) {
            place[k] &= low;
            same = same && key[place[k]] == key[place[i]];
        }
        if (!same) sort_places(place + i, room + i, key, to - i);
    }
    for (size_t i = 0; i < n; i++) place[i] &= low;
}

static Rc by_words(size_t *order, const double *x, size_t n, Err *e)
{
    Arena a = { 0 };
    uint64_t *key = ARENA_ROOM(&a, 3 * n, uint64_t), *place = key + n, *room = place + n;
    bool as_it_stands = true;
    if (!key) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        key[i] = order_key(x[order[i]]);
        place[i] = i;
        as_it_stands = as_it_stands && order[i] == i;
    }
    sort_places(place, room, key, n);
    if (as_it_stands) for (size_t i = 0; i < n; i++) order[i] = place[i];
    else {
        memcpy(room, order, n * sizeof *room);
        for (size_t i = 0; i < n; i++) order[i] = room[place[i]];
    }
    arena_free(&a);
    return OK;
}

/* ---- few whole numbers (events, days, levels): counted, where they lie within MUCH times as many */

enum { MUCH = 4 };

/* x of the rows as whole numbers, and between which they lie; false where one is none, or they lie too far apart for counting. */
static bool whole_numbers(int32_t *to, int32_t *low, int32_t *high, bool *sorted, const size_t *order, const double *x, size_t n)
{
    enum { FAR = 1 << 30, COUNTS_MOST = 1 << 14 };
    int32_t last = -FAR, l = FAR, h = -FAR;
    *sorted = true;
    for (size_t i = 0; i < n; i++) {
        const double v = x[order[i]];
        if (!(v > -FAR && v < FAR)) return false;
        const int32_t k = (int32_t)v;
        if (k != v) return false;
        *sorted = *sorted && last <= k;
        last = to[i] = k;
        l = k < l ? k : l;
        h = k > h ? k : h;
    }
    *low = l;
    *high = h;
    return h - l < COUNTS_MOST && (size_t)(h - l) < MUCH * n;
}

/* Two values: each row is written to both sides, and one of them moves on. */
static void part_in_two(size_t *order, size_t *upper, const int32_t *code, int32_t low, size_t n)
{
    size_t lower = 0, above = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t row = order[i], high = code[i] != low;
        order[lower] = upper[above] = row;
        lower += 1 - high;
        above += high;
    }
    memcpy(order + lower, upper, above * sizeof *order);
}

/* *done: they could be. */
static Rc by_counting(bool *done, size_t *order, const double *x, size_t n, Err *e)
{
    int32_t low = 0, high = 0;
    bool sorted = false;
    Arena a = { 0 };
    size_t *to = arena_room(&a, n, sizeof *to + sizeof(int32_t) + MUCH * sizeof(uint32_t));
    if (!to) return err_nomem(e);
    int32_t *code = (int32_t *)(to + n);
    uint32_t *at = (uint32_t *)(code + n), before = 0;
    *done = whole_numbers(code, &low, &high, &sorted, order, x, n);
    if (*done && !sorted && high - low == 1) part_in_two(order, to, code, low, n);
    else if (*done && !sorted) {
        const size_t range = (size_t)(high - low) + 1;
        memset(at, 0, range * sizeof *at);
        for (size_t i = 0; i < n; i++) at[code[i] - low]++;
        for (size_t k = 0; k < range; k++) { const uint32_t here = at[k]; at[k] = before; before += here; }
        for (size_t i = 0; i < n; i++) to[at[code[i] - low]++] = order[i];
        memcpy(order, to, n * sizeof *order);
    }
    arena_free(&a);
    return OK;
}

/* a[n] and b[m] into out; of equals those of a first. Which comes next is a number, not a branch: it cannot be foreseen. */
static void merge_runs(Keyed *out, const Keyed *a, size_t n, const Keyed *b, size_t m)
{
    size_t i = 0, j = 0;
    while (i < n && j < m) {
        const size_t second = b[j].key < a[i].key;
        const Keyed *next[2] = { a + i, b + j };
        *out++ = *next[second];
        i += 1 - second;
        j += second;
    }
    memcpy(out, a + i, (n - i) * sizeof *out);
    memcpy(out + (n - i), b + j, (m - j) * sizeof *out);
}

/* Few rows: clearing the counts of radix sort costs more than merging. */
static void merge(size_t *order, Keyed *a, Keyed *b, size_t n)
{
    for (size_t from = 0; from < n; from += RUN) insertion(a + from, n - from < RUN ? n - from : RUN);
    for (size_t width = RUN; width < n; width *= 2) {
        for (size_t from = 0; from < n; from += 2 * width) {
            const size_t middle = from + width < n ? from + width : n, to = from + 2 * width < n ? from + 2 * width : n;
            merge_runs(b + from, a + from, middle - from, a + middle, to - middle);
        }
        Keyed *swap = a;
        a = b;
        b = swap;
    }
    for (size_t i = 0; i < n; i++) order[i] = a[i].row;
}

Rc order_by(size_t *order, const double *x, size_t n, Err *e)
{
    Keyed few[2 * SMALL], *room = few;
    if (n >= SMALL && n >> LEADING == 0) {
        bool done = false;
        const Rc rc = by_counting(&done, order, x, n, e);
        return rc != OK || done ? rc : by_words(order, x, n, e);
    }
    if (n > SMALL && !(room = malloc(2 * n * sizeof *room))) return err_nomem(e);
    for (size_t i = 0; i < n; i++) room[i] = (Keyed){ order_key(x[order[i]]), order[i] };
    merge(order, room, room + n, n);
    if (room != few) free(room);
    return OK;
}

/* Insertion, given up (false) after so many moves. */
static bool put_right(uint64_t *key, size_t n, size_t moves)
{
    for (size_t i = 1; i < n; i++) {
        const uint64_t k = key[i];
        size_t j = i;
        for (; j > 0 && key[j - 1] > k && moves > 0; j--, moves--) key[j] = key[j - 1];
        key[j] = k;
        if (moves == 0) return false;
    }
    return true;
}

uint64_t *order_below(uint64_t *key, uint64_t *room, size_t n, int width)
{
    if (n < SMALL) { put_right(key, n, n * n + 1); return key; }
    if (n >> 32) return radix(key, room, n, 0, width);
    /* The leading bits by radix; what they leave is put right by insertion, unless that would be much. */
    const int most = n < FEW ? FEW_BITS : BITS, leading = width < BELOW_PASSES * most ? width : BELOW_PASSES * most;
    const int passes = (leading + most - 1) / most, bits = (leading + passes - 1) / passes, drop = width - leading;
    uint64_t *sorted = by_digits(key, room, n, drop, passes, bits);
    if (drop && !put_right(sorted, n, 4 * n)) sorted = radix(sorted, sorted == key ? room : key, n, 0, width);
    return sorted;
}

void order_keys(uint64_t *key, uint64_t *room, size_t n)
{
    if (!n) return;
    Span s = span_of(key, n);
    if (s.sorted) return;
    for (size_t i = 0; i < n; i++) key[i] = (key[i] - s.least) >> s.shift;
    const uint64_t *sorted = order_below(key, room, n, s.width);
    for (size_t i = 0; i < n; i++) key[i] = (sorted[i] << s.shift) + s.least;
}

Rc order_by_codes(size_t *order, const int *x, size_t n, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    size_t top = 0, *at = NULL, *to = NULL;
    bool sorted = true;
    for (size_t i = 0; i < n; i++) {
        if ((size_t)x[i] > top) top = (size_t)x[i];
        sorted = sorted && (i == 0 || x[order[i - 1]] <= x[order[i]]);
    }
    if (sorted) return OK;
    at = ARENA_NEW(&a, top + 2, size_t);
    to = ARENA_NEW(&a, n, size_t);
    if (!at || !to) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) at[x[order[i]] + 1]++;
    for (size_t k = 0; k <= top; k++) at[k + 1] += at[k];
    for (size_t i = 0; i < n; i++) to[at[x[order[i]]]++] = order[i];
    memcpy(order, to, n * sizeof *order);
out:
    arena_free(&a);
    return rc;
}
