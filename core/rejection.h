/* core/rejection.h: what was refused, and why. */
#ifndef REOX_CORE_REJECTION_H
#define REOX_CORE_REJECTION_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* One refused subject. patient, timepoint, tracer are NULL where they do not apply; `what` is the whole line that
 * people see, without "reox: ". */
typedef struct {
    char *file, *patient, *timepoint, *tracer, *what;
} Rejection;

typedef struct {
    Rejection *item;
    size_t n, cap;
    Arena arena;
} RejectionList;

Rc rejection_add(RejectionList *l, const char *file, const char *patient, const char *timepoint, const char *tracer,
                 const char *what, Err *e);
void rejection_free(RejectionList *l);

#endif
