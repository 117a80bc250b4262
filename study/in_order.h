/* study/in_order.h: pieces of work made on many threads and taken in order by one, so that what is kept never depends on threads. */
#ifndef REOX_STUDY_IN_ORDER_H
#define REOX_STUDY_IN_ORDER_H

#include <stddef.h>

#include "core/err.h"
#include "core/progress.h"

/* make: piece i, on any thread; *piece is handed to take. take: called for i = 0, 1, 2 … with one piece at a time, on whichever
 * thread comes to it. drop: frees a piece, taken or not; called once for each that is not NULL. subject: what progress shows. */
typedef struct {
    Rc (*make)(void **piece, void *context, size_t i, Err *e);
    Rc (*take)(void *piece, void *context, size_t i, Err *e);
    void (*drop)(void *piece);
    const char *(*subject)(void *context, size_t i);
    void *context;
} InOrder;

/* Ends at the first failure, or with ERR_INTERRUPTED when the progress says so: pieces begun are still taken, as far as the order
 * allows. */
Rc in_order(size_t n, int threads, const InOrder *work, const Progress *w, const char *what, Err *e);

#endif
