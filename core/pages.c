/* core/pages.c: memory in pages, kept when it is given back. */
#include "core/pages.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* The leak checker of the sanitizers does not look for pointers in mapped pages: none there. */
#if defined(MADV_HUGEPAGE) && !defined(__SANITIZE_ADDRESS__)

typedef struct { unsigned char *at; size_t bytes; } Extent;

/* The system is asked for pages of 2 MiB alone: the first touch of one of 4 KiB costs more than filling it. */
enum { LARGE = 2 << 20, EXTENTS = 512 };
static const size_t KEPT_MOST = (size_t)512 << 20;

/* What nobody owns, by address; neighbours are one extent. */
static struct { pthread_mutex_t lock; Extent extent[EXTENTS]; size_t n, bytes; } kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void forget(size_t i)
{
    memmove(kept.extent + i, kept.extent + i + 1, (--kept.n - i) * sizeof *kept.extent);
}

/* The front of the smallest extent that is large enough, or NULL. */
static void *take_kept(size_t bytes)
{
    size_t best = kept.n;
    for (size_t i = 0; i < kept.n; i++)
        if (kept.extent[i].bytes >= bytes && (best == kept.n || kept.extent[i].bytes < kept.extent[best].bytes)) best = i;
    if (best == kept.n) return NULL;
    Extent *x = &kept.extent[best];
    void *p = x->at;
    x->at += bytes;
    x->bytes -= bytes;
    kept.bytes -= bytes;
    if (!x->bytes) forget(best);
    return p;
}

/* False: there is no room to remember it in. */
static bool keep(unsigned char *at, size_t bytes)
{
    size_t i = 0;
    if (kept.bytes + bytes > KEPT_MOST) return false;
    while (i < kept.n && kept.extent[i].at < at) i++;
    Extent *before = i > 0 ? &kept.extent[i - 1] : NULL, *after = i < kept.n ? &kept.extent[i] : NULL;
    if (before && before->at + before->bytes == at) {
        before->bytes += bytes;
        if (after && at + bytes == after->at) { before->bytes += after->bytes; forget(i); }
    } else if (after && at + bytes == after->at) {
        after->at = at;
        after->bytes += bytes;
    } else {
        if (kept.n == EXTENTS) return false;
        memmove(kept.extent + i + 1, kept.extent + i, (kept.n++ - i) * sizeof *kept.extent);
        kept.extent[i] = (Extent){ at, bytes };
    }
    kept.bytes += bytes;
    return true;
}

static size_t up_to_large(uintptr_t p) { return (size_t)(-p & (LARGE - 1)); }

/* As much as is about to be mapped goes back to the system, in whole large pages, the smallest extents first. */
static void release(size_t bytes)
{
    for (size_t released = 0; released < bytes;) {
        size_t least = kept.n, inner = 0, skip = 0;
        for (size_t i = 0; i < kept.n; i++) {
            const Extent x = kept.extent[i];
            const size_t before = up_to_large((uintptr_t)x.at), whole = x.bytes > before ? (x.bytes - before) / LARGE * LARGE : 0;
            if (whole && (least == kept.n || whole < inner)) { least = i; inner = whole; skip = before; }
        }
        if (least == kept.n) return;
        const Extent x = kept.extent[least];
        munmap(x.at + skip, inner);
        released += inner;
        kept.bytes -= x.bytes;
        forget(least);
        if (skip) keep(x.at, skip);
        if (x.bytes > skip + inner) keep(x.at + skip + inner, x.bytes - skip - inner);
    }
}

/* Fresh large pages; what of the last is not wanted is kept. */
static void *map(size_t bytes)
{
    const size_t whole = bytes + up_to_large(bytes);
    unsigned char *p = mmap(NULL, whole + LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    const size_t before = up_to_large((uintptr_t)p);
    if (before) munmap(p, before);
    if (before < LARGE) munmap(p + before + whole, LARGE - before);
    madvise(p + before, whole, MADV_HUGEPAGE);
    if (whole > bytes && !keep(p + before + bytes, whole - bytes)) munmap(p + before + bytes, whole - bytes);
    return p + before;
}

void *pages_take(size_t bytes, bool *clean)
{
    pthread_mutex_lock(&kept.lock);
    void *p = take_kept(bytes);
    *clean = !p;
    if (!p) {
        release(bytes);
        p = map(bytes);
    }
    pthread_mutex_unlock(&kept.lock);
    return p;
}

void pages_give_back(void *pages, size_t bytes)
{
    pthread_mutex_lock(&kept.lock);
    const bool stays = keep(pages, bytes);
    pthread_mutex_unlock(&kept.lock);
    if (!stays) munmap(pages, bytes);
}

#else

void *pages_take(size_t bytes, bool *clean)
{
    (void)bytes;
    *clean = false;
    return NULL;
}

void pages_give_back(void *pages, size_t bytes)
{
    (void)pages;
    (void)bytes;
}

#endif
