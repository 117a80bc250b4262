/* core/arena.c: blocks that grow; everything is given back at once. */
#include "core/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ArenaBlock {
    ArenaBlock *next;
    size_t used, cap;
    bool clean;                /* zeroed by the system, page by page as it is touched */
    alignas(max_align_t) unsigned char data[];
};

enum { FIRST_BLOCK = 4096, LARGEST_STEP = 1 << 20 };

void *arena_alloc(Arena *a, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX - sizeof(ArenaBlock) - unit) return NULL;
    size = size ? (size + unit - 1) / unit * unit : unit;
    ArenaBlock *b = a->head;
    if (!b || b->cap - b->used < size) {
        size_t cap = b ? (b->cap < LARGEST_STEP ? 2 * b->cap : b->cap) : FIRST_BLOCK;
        if (cap > LARGEST_STEP) cap = LARGEST_STEP;
        if (cap < size) cap = size;
        bool clean = cap == size;
        b = clean ? calloc(1, sizeof *b + cap) : malloc(sizeof *b + cap);
        if (!b) return NULL;
        b->used = 0;
        b->cap = cap;
        b->clean = clean;
        /* A block of one large item goes behind the head, whose rest stays usable. */
        if (a->head && cap == size && a->head->cap - a->head->used >= FIRST_BLOCK / 4) {
            b->next = a->head->next;
            a->head->next = b;
        } else {
            b->next = a->head;
            a->head = b;
        }
    }
    void *p = b->data + b->used;
    b->used += size;
    if (!b->clean) memset(p, 0, size);
    return p;
}

void *arena_array(Arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
    return arena_alloc(a, bytes);
}

char *arena_strndup(Arena *a, const char *text, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    if (p) memcpy(p, text, n);
    return p;
}

char *arena_strdup(Arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_printf(Arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (p) {
        va_start(ap, format);
        vsnprintf(p, (size_t)n + 1, format, ap);
        va_end(ap);
    }
    return p;
}

void arena_free(Arena *a)
{
    for (ArenaBlock *b = a->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->head = NULL;
}
