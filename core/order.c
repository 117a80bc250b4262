/* core/order.c: sorting rows by columns of numbers in linear time. */
#include "core/order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint64_t key; size_t row; } Keyed;

enum { BITS = 11, SIZE = 1 << BITS, PASSES = 6, SMALL = 64, MERGED = 2048, RUN = 8 };

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

static void insertion(size_t *order, const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        size_t row = order[i], j = i;
        for (; j > 0 && x[order[j - 1]] > x[row]; j--) order[j] = order[j - 1];
        order[j] = row;
    }
}

/* Digits of 11 bits from the lowest; passes in which all keys agree are left out. */
static void radix(size_t *order, Keyed *a, Keyed *b, size_t n)
{
    uint64_t differ = 0;
    const uint64_t mask = SIZE - 1;
    for (size_t i = 1; i < n; i++) differ |= a[i].key ^ a[0].key;
    for (int pass = 0; pass < PASSES; pass++) {
        size_t at[SIZE + 1] = { 0 };
        int shift = pass * BITS;
        if (!(differ >> shift & mask)) continue;
        for (size_t i = 0; i < n; i++) at[(a[i].key >> shift & mask) + 1]++;
        for (int k = 0; k < SIZE; k++) at[k + 1] += at[k];
        for (size_t i = 0; i < n; i++) b[at[a[i].key >> shift & mask]++] = a[i];
        Keyed *swap = a;
        a = b;
        b = swap;
    }
    for (size_t i = 0; i < n; i++) order[i] = a[i].row;
}

/* Below some thousand rows clearing the counts costs more than merging. */
static void merge(size_t *order, Keyed *a, Keyed *b, size_t n)
{
    for (size_t from = 0; from < n; from += RUN)
        for (size_t i = from + 1; i < n && i < from + RUN; i++) {
            Keyed k = a[i];
            size_t j = i;
            for (; j > from && a[j - 1].key > k.key; j--) a[j] = a[j - 1];
            a[j] = k;
        }
    for (size_t width = RUN; width < n; width *= 2) {
        for (size_t from = 0; from < n; from += 2 * width) {
            size_t middle = from + width < n ? from + width : n, to = from + 2 * width < n ? from + 2 * width : n;
            size_t i = from, j = middle;
            for (size_t k = from; k < to; k++) b[k] = i < middle && (j == to || a[i].key <= a[j].key) ? a[i++] : a[j++];
        }
        Keyed *swap = a;
        a = b;
        b = swap;
    }
    for (size_t i = 0; i < n; i++) order[i] = a[i].row;
}

Rc order_by(size_t *order, const double *x, size_t n, Err *e)
{
    if (n < SMALL) {
        insertion(order, x, n);
        return OK;
    }
    Keyed *room = malloc(2 * n * sizeof *room);
    if (!room) return err_nomem(e);
    for (size_t i = 0; i < n; i++) room[i] = (Keyed){ order_key(x[order[i]]), order[i] };
    (n < MERGED ? merge : radix)(order, room, room + n, n);
    free(room);
    return OK;
}

Rc order_by_codes(size_t *order, const int *x, size_t n, Err *e)
{
    size_t top = 0;
    for (size_t i = 0; i < n; i++)
        if ((size_t)x[i] > top) top = (size_t)x[i];
    size_t *at = calloc(top + 2, sizeof *at), *to = malloc((n + 1) * sizeof *to);
    if (!at || !to) {
        free(at);
        free(to);
        return err_nomem(e);
    }
    for (size_t i = 0; i < n; i++) at[x[order[i]] + 1]++;
    for (size_t k = 0; k <= top; k++) at[k + 1] += at[k];
    for (size_t i = 0; i < n; i++) to[at[x[order[i]]]++] = order[i];
    memcpy(order, to, n * sizeof *order);
    free(at);
    free(to);
    return OK;
}
