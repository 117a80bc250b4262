/* core/par.h: independent pieces of work over threads. */
#ifndef REOX_CORE_PAR_H
#define REOX_CORE_PAR_H

#include <stddef.h>

#include "core/err.h"

typedef Rc ParallelBody(void *context, size_t i, int worker, Err *e);

/* Calls body(context, i, worker, …) for i = 0 … n-1 on at most `threads` threads (0: all cores), in increasing order of
 * start. Pieces must not share what they write, so the number of threads cannot change a result. The failure with the
 * lowest i is returned; pieces not yet begun are then left out. worker is 0 … threads-1. */
Rc parallel_for(size_t n, int threads, ParallelBody *body, void *context, Err *e);

int cores_available(void);

#endif
