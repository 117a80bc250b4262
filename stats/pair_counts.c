/* stats/pair_counts.c: for every place of a list, how many before it hold less. */
#include "stats/pair_counts.h"

#include <stdbool.h>

#include "core/lanes.h"

/* A place under way: what was counted for it so far. The two lowest bits of `at` are its kind. */
typedef struct { uint64_t count; uint32_t class, at; } Item;

static void finish(uint64_t *before, const Item *a, size_t n)
{
    for (size_t i = 0; i < n; i++) before[a[i].at >> 2] = a[i].count;
}

/* Few: every pair. */
static void count_few(uint64_t *before, const uint64_t *one, const Item *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t c = a[i].count;
        for (size_t j = 0; j < i; j++) c += a[j].class < a[i].class ? one[a[j].at & 3] : 0;
        before[a[i].at >> 2] = c;
    }
}

/* a[n] in order of place, of classes that agree above `bit`; b is room for as many. Those with the bit have all before them without
 * it below them. Without a branch: each item is written to both sides, and one of them moves on. */
static void halve(uint64_t *before, const uint64_t *one, Item *a, Item *b, size_t n, int bit)
{
    enum { FEW = 6 };
    while (bit >= 0 && n > FEW) {
        size_t lower = 0, upper = 0;
        uint64_t below = 0;
        for (size_t i = 0; i < n; i++) {
            Item x = a[i];
            const uint64_t high = x.class >> bit & 1, if_high = 0 - high;
            x.count += below & if_high;
            below += one[x.at & 3] & ~if_high;
            b[lower] = x;
            a[upper] = x;
            lower += 1 - high;
            upper += high;
        }
        bit--;
        /* The lower half is in b, the upper one in a; each has as much room behind the other. */
        halve(before, one, b, a + upper, lower, bit);
        b += lower;
        n = upper;
    }
    if (bit < 0) finish(before, a, n);
    else count_few(before, one, a, n);
}

typedef uint64_t Eight __attribute__((vector_size(64), may_alias));

/* a[n] in order of place into its eight classes by the bits from `shift` up, in b, each in order of place, with all that is below and
 * before counted; end[k]: one past the last of class k. */
FOR_EACH_WIDTH static void split(size_t end[8], const uint64_t *one, Item *b, const Item *a, size_t n, int shift)
{
    /* Row k: ones for the classes above k. */
#define ALL UINT64_MAX
    static const Eight above[8] = { { 0, ALL, ALL, ALL, ALL, ALL, ALL, ALL }, { 0, 0, ALL, ALL, ALL, ALL, ALL, ALL },
                                    { 0, 0, 0, ALL, ALL, ALL, ALL, ALL }, { 0, 0, 0, 0, ALL, ALL, ALL, ALL }, { 0, 0, 0, 0, 0, ALL, ALL, ALL },
                                    { 0, 0, 0, 0, 0, 0, ALL, ALL }, { 0, 0, 0, 0, 0, 0, 0, ALL }, { 0 } };
#undef ALL
    size_t at[2][8] = { { 0 } };
    uint64_t below[8];
    Eight sum = { 0 };
    for (size_t i = 0; i < n; i++) at[i % 2][a[i].class >> shift & 7]++;
    for (size_t k = 0, before = 0; k < 8; k++) { end[k] = before; before += at[0][k] + at[1][k]; }
    for (size_t i = 0; i < n; i++) {
        Item x = a[i];
        const uint32_t k = x.class >> shift & 7;
        memcpy(below, &sum, sizeof sum);
        x.count += below[k];
        sum += above[k] & one[x.at & 3];
        b[end[k]++] = x;
    }
}

/* a[n] in order of place, of classes that agree above the lowest `bits`; b is room for as many. */
static void count(uint64_t *before, const uint64_t *one, Item *a, Item *b, size_t n, int bits)
{
    enum { MANY = 128 };
    size_t end[8];
    if (n < MANY || bits < 3) { halve(before, one, a, b, n, bits - 1); return; }
    split(end, one, b, a, n, bits - 3);
    for (size_t k = 0, from = 0; k < 8; from = end[k++])
        if (end[k] > from) count(before, one, b + from, a + from, end[k] - from, bits - 3);
}

Rc pair_counts_before(uint64_t *before, const uint32_t *class, const unsigned char *kind, const uint64_t one[PAIR_KINDS], size_t n,
                      uint32_t n_classes, Err *e)
{
    Arena room = { 0 };
    Item *a = ARENA_ROOM(&room, 2 * n, Item);
    if (!a) return err_nomem(e);
    for (size_t i = 0; i < n; i++) a[i] = (Item){ 0, class[i], (uint32_t)i << 2 | kind[i] };
    count(before, one, a, a + n, n, n_classes > 1 ? 32 - __builtin_clz(n_classes - 1) : 0);
    arena_free(&room);
    return OK;
}
