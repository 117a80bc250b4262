/* core/order.c: sorting rows by columns of numbers in linear time. */
#include "core/order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

typedef struct { uint64_t key; size_t row; } Keyed;

enum { BITS = 11, SIZE = 1 << BITS, LEADING = 32, SMALL = 64, MERGED = 2048, RUN = 8 };

uint64_t order_key(double x)
{
    uint64_t u;
    x += 0.0;      /* one zero */
    memcpy(&u, &x, sizeof u);
    return u >> 63 ? ~u : u | (uint64_t)1 << 63;
}

double order_unkey(uint64_t u)
{
    double x;
    u = u >> 63 ? u & ~((uint64_t)1 << 63) : ~u;
    memcpy(&x, &u, sizeof x);
    return x;
}

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
    uint64_t *sorted = radix(place, room, n, LEADING, s.width - drop);
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
    uint64_t *key = ARENA_NEW(&a, 3 * n, uint64_t), *place = key + n, *room = place + n;
    if (!key) return err_nomem(e);
    for (size_t i = 0; i < n; i++) { key[i] = order_key(x[order[i]]); place[i] = i; }
    sort_places(place, room, key, n);
    memcpy(room, order, n * sizeof *room);
    for (size_t i = 0; i < n; i++) order[i] = room[place[i]];
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

/* Below some thousand rows clearing the counts of radix sort costs more than merging. */
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
    enum { ON_STACK = 512 };
    Keyed few[2 * ON_STACK], *room = few;
    if (n >= MERGED && n >> LEADING == 0) return by_words(order, x, n, e);
    if (n > ON_STACK && !(room = malloc(2 * n * sizeof *room))) return err_nomem(e);
    for (size_t i = 0; i < n; i++) room[i] = (Keyed){ order_key(x[order[i]]), order[i] };
    merge(order, room, room + n, n);
    if (room != few) free(room);
    return OK;
}

void order_keys(uint64_t *key, uint64_t *room, size_t n)
{
    if (!n) return;
    Span s = span_of(key, n);
    if (s.sorted) return;
    /* The leading bits by radix; what they leave is put right by insertion, unless that would be much. */
    int drop = s.width > 3 * BITS ? s.width - 3 * BITS : 0;
    for (size_t i = 0; i < n; i++) key[i] = (key[i] - s.least) >> s.shift;
    uint64_t *sorted = radix(key, room, n, drop, s.width - drop);
    size_t moves = 0;
    for (size_t i = 1; drop && i < n && moves < 4 * n; i++) {
        uint64_t k = sorted[i];
        size_t j = i;
        for (; j > 0 && sorted[j - 1] > k && moves < 4 * n; j--, moves++) sorted[j] = sorted[j - 1];
        sorted[j] = k;
    }
    if (moves >= 4 * n) sorted = radix(sorted, sorted == key ? room : key, n, 0, s.width);
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
