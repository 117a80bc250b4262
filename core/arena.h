/* core/arena.h: memory of everything small that lives for one ROI, one fit or one page. */
#ifndef REOX_CORE_ARENA_H
#define REOX_CORE_ARENA_H

#include <stddef.h>

typedef struct ArenaBlock ArenaBlock;
typedef struct { ArenaBlock *head; } Arena;      /* {0} is an empty arena */

/* size bytes, zeroed, aligned for any type; NULL when memory is out. Size 0 gives a valid pointer. */
void *arena_alloc(Arena *a, size_t size);

/* n items of `size` bytes, zeroed; NULL when memory is out or n*size does not fit. */
void *arena_array(Arena *a, size_t n, size_t size);

/* The same, but not zeroed: whatever stood there. For what is written before it is read. */
void *arena_room(Arena *a, size_t n, size_t size);

/* A copy of text, or of its first n bytes and a NUL. NULL when memory is out. */
char *arena_strdup(Arena *a, const char *text);
char *arena_strndup(Arena *a, const char *text, size_t n);

__attribute__((format(printf, 2, 3)))
char *arena_printf(Arena *a, const char *format, ...);

/* Gives everything back; the arena is empty and usable again. */
void arena_free(Arena *a);

/* Once, where a program starts: what is freed stays with the process for what comes next, up to 32 MiB. glibc would give the end of the heap back
 * to the system from 128 KiB on, after every small analysis, and the next one would pay for its pages again: more than its arithmetic. */
void arena_keep_freed(void);

#define ARENA_NEW(a, n, Type) ((Type *)arena_array((a), (n), sizeof(Type)))
#define ARENA_ROOM(a, n, Type) ((Type *)arena_room((a), (n), sizeof(Type)))

#endif
