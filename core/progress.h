/* core/progress.h: how long work says how far it is, and learns that it should stop. cli draws it. */
#ifndef REOX_CORE_PROGRESS_H
#define REOX_CORE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* All members may be NULL. `step` is called after each finished piece, from one thread at a time; `warn` takes a whole
 * line without "reox: warning: "; `interrupted` is asked between pieces. */
typedef struct {
    void (*begin)(void *context, const char *what, size_t total);
    void (*step)(void *context, size_t done, const char *subject);
    void (*end)(void *context);
    void (*warn)(void *context, const char *line);
    void (*note)(void *context, const char *line);         /* a line for people, silenced by -q */
    bool (*interrupted)(void *context);
    void *context;
} Progress;

void progress_begin(const Progress *p, const char *what, size_t total);
void progress_step(const Progress *p, size_t done, const char *subject);
void progress_end(const Progress *p);
__attribute__((format(printf, 2, 3)))
void progress_warn(const Progress *p, const char *format, ...);
__attribute__((format(printf, 2, 3)))
void progress_note(const Progress *p, const char *format, ...);
bool progress_interrupted(const Progress *p);

#endif
