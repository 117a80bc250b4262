/* study/in_order.c: pieces of work made on many threads and taken in order by one. */
#include "study/in_order.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/par.h"

typedef struct {
    const InOrder *work;
    const Progress *progress;
    size_t n, next;            /* the piece that is taken next */
    void **piece;
    bool *ready;
    Rc failed;                 /* of take; nothing is taken behind it */
    pthread_mutex_t lock;
} Queue;

static Rc take_ready(Queue *q, Err *e)
{
    Rc rc = OK;
    while (q->failed == OK && q->next < q->n && q->ready[q->next]) {
        size_t i = q->next;
        rc = q->work->take(q->piece[i], q->work->context, i, e);
        if (rc != OK) { q->failed = rc; break; }
        if (q->piece[i]) q->work->drop(q->piece[i]);
        q->piece[i] = NULL;
        q->next++;
        progress_step(q->progress, q->next, q->work->subject ? q->work->subject(q->work->context, i) : NULL);
    }
    return rc;
}

static Rc body(void *context, size_t i, int worker, Err *e)
{
    Queue *q = context;
    Rc rc = OK;

    (void)worker;
    if (progress_interrupted(q->progress)) return err_set(e, ERR_INTERRUPTED, "interrupted; what was finished is kept");
    pthread_mutex_lock(&q->lock);
    Rc failed = q->failed;
    pthread_mutex_unlock(&q->lock);
    if (failed != OK) return OK;                   /* the one that failed has the message */
    rc = q->work->make(&q->piece[i], q->work->context, i, e);
    if (rc != OK) return rc;
    pthread_mutex_lock(&q->lock);
    q->ready[i] = true;
    rc = take_ready(q, e);
    pthread_mutex_unlock(&q->lock);
    return rc;
}

Rc in_order(size_t n, int threads, const InOrder *work, const Progress *w, const char *what, Err *e)
{
    Queue q = { .work = work, .progress = w, .n = n, .lock = PTHREAD_MUTEX_INITIALIZER };
    Rc rc = OK;

    if (n == 0) return OK;
    q.piece = calloc(n, sizeof *q.piece);
    q.ready = calloc(n, sizeof *q.ready);
    if (!q.piece || !q.ready) { rc = err_nomem(e); goto out; }
    progress_begin(w, what, n);
    rc = parallel_for(n, threads, body, &q, e);
    progress_end(w);
out:
    for (size_t i = 0; q.piece && i < n; i++)
        if (q.piece[i]) work->drop(q.piece[i]);
    free(q.piece);
    free(q.ready);
    pthread_mutex_destroy(&q.lock);
    return rc;
}
