/* features/pairs.c: sorted lists of pairs, built by radix sort, added by merging. */
#include "features/pairs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DIGIT = 11, BUCKETS = 1 << DIGIT };

static void sort_keys(uint32_t *key, uint32_t *spare, size_t n)
{
    for (int pass = 0; pass < 3; pass++) {                     /* 33 bits in three digits; an odd number of passes */
        size_t start[BUCKETS] = { 0 }, sum = 0;
        for (size_t i = 0; i < n; i++) start[key[i] >> pass * DIGIT & (BUCKETS - 1)]++;
        for (size_t d = 0; d < BUCKETS; d++) { size_t c = start[d]; start[d] = sum; sum += c; }
        for (size_t i = 0; i < n; i++) spare[start[key[i] >> pass * DIGIT & (BUCKETS - 1)]++] = key[i];
        uint32_t *t = key; key = spare; spare = t;
    }
    memcpy(spare, key, n * sizeof *key);
}

static Rc resize(PairCounts *p, size_t n, Err *e)
{
    uint32_t *key = realloc(p->key, (n ? n : 1) * sizeof *key);
    if (!key) return err_nomem(e);
    p->key = key;
    uint32_t *count = realloc(p->count, (n ? n : 1) * sizeof *count);
    if (!count) return err_nomem(e);
    p->count = count;
    return OK;
}

Rc pair_counts_build(PairCounts *out, const LevelBox *b, size_t from, size_t to, ptrdiff_t offset, Err *e)
{
    Rc rc = OK;
    size_t n = 0;

    TRY(resize(out, to - from, e));
    for (size_t v = from; v < to; v++) {
        const uint16_t *l = b->level + b->at[v];
        uint32_t i = l[0], j = l[offset];
        if (j) out->key[n++] = i < j ? i << 16 | j : j << 16 | i;
    }
    sort_keys(out->key, out->count, n);
    out->n = 0;
    for (size_t k = 0; k < n;) {
        size_t end = k + 1;
        while (end < n && out->key[end] == out->key[k]) end++;
        out->key[out->n] = out->key[k];
        out->count[out->n++] = (uint32_t)(end - k);
        k = end;
    }
out:
    return rc;
}

Rc pair_counts_add(PairCounts *sum, const PairCounts *p, Err *e)
{
    Rc rc = OK;
    PairCounts all = { 0 };
    size_t i = 0, j = 0;

    TRY(resize(&all, sum->n + p->n, e));
    while (i < sum->n || j < p->n) {
        bool mine = j == p->n || (i < sum->n && sum->key[i] <= p->key[j]);
        bool theirs = i == sum->n || (j < p->n && p->key[j] <= sum->key[i]);
        all.key[all.n] = mine ? sum->key[i] : p->key[j];
        all.count[all.n++] = (mine ? sum->count[i] : 0) + (theirs ? p->count[j] : 0);
        i += mine;
        j += theirs;
    }
    pair_counts_free(sum);
    *sum = all;
    all = (PairCounts){ 0 };
out:
    pair_counts_free(&all);
    return rc;
}

void pair_counts_free(PairCounts *p)
{
    free(p->key);
    free(p->count);
    *p = (PairCounts){ 0 };
}
