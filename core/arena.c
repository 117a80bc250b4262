/* core/arena.c: blocks that grow; everything is given back at once. */
#include "core/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "core/pages.h"

struct ArenaBlock {
    ArenaBlock *next;
    size_t used, cap;
    bool clean;                /* zeroed by the system, page by page as it is touched */
    bool pages;                /* mapped, not from malloc */
    alignas(max_align_t) unsigned char data[];
};

/* What is larger comes in pages that outlive the arena (core/pages.h), where the system has them. */
enum { FIRST_BLOCK = 4096, LEAST_PAGES = 128 << 10, LARGEST_STEP = 16 << 20, CACHE_LINE = 64 };

static size_t rounded_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

/* A block with room for `cap` bytes at least. `whole`: one item fills it. */
static ArenaBlock *block_new(size_t cap, bool whole)
{
    ArenaBlock *b = NULL;
    if (cap >= LEAST_PAGES && cap < SIZE_MAX - 2 * PAGES_UNIT) {
        const size_t bytes = rounded_up(sizeof *b + cap + CACHE_LINE, PAGES_UNIT);
        bool clean;
        b = pages_take(bytes, &clean);
        if (b) {
            *b = (ArenaBlock){ .used = CACHE_LINE - sizeof *b % CACHE_LINE, .cap = bytes - sizeof *b, .clean = clean, .pages = true };
            return b;
        }
    }
    b = whole ? calloc(1, sizeof *b + cap) : malloc(sizeof *b + cap);
    if (b) *b = (ArenaBlock){ .cap = cap, .clean = whole };
    return b;
}

/* `size` bytes, and the block that they are in. */
static void *take(ArenaBlock **from, Arena *a, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX - sizeof(ArenaBlock) - unit) return NULL;
    size = size ? rounded_up(size, unit) : unit;
    ArenaBlock *b = a->head;
    if (!b || b->cap - b->used < size) {
        size_t cap = b ? (b->cap < LARGEST_STEP ? 2 * b->cap : b->cap) : FIRST_BLOCK;
        if (cap > LARGEST_STEP) cap = LARGEST_STEP;
        bool whole = cap <= size;
        b = block_new(whole ? size : cap, whole);
        if (!b) return NULL;
        /* The head is the block with more room left. */
        if (a->head && b->cap - b->used - size < a->head->cap - a->head->used) {
            b->next = a->head->next;
            a->head->next = b;
        } else {
            b->next = a->head;
            a->head = b;
        }
    }
    void *p = b->data + b->used;
    b->used += size;
    *from = b;
    return p;
}

void *arena_alloc(Arena *a, size_t size)
{
    ArenaBlock *b = NULL;
    void *p = take(&b, a, size);
    if (p && !b->clean) memset(p, 0, size);
    return p;
}

void *arena_room(Arena *a, size_t n, size_t size)
{
    size_t bytes;
    ArenaBlock *b = NULL;
    if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
    void *p = take(&b, a, bytes);
#ifdef __SANITIZE_ADDRESS__
    if (p) memset(p, 0xff, bytes);      /* whoever reads before writing shall notice */
#endif
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
        if (b->pages) pages_give_back(b, sizeof *b + b->cap);
        else free(b);
    }
    a->head = NULL;
}

void arena_keep_freed(void)
{
#ifdef __GLIBC__
    /* The largest that glibc takes. A low threshold costs more than it saves: each larger block is mapped, and cleared, anew every time. */
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}
