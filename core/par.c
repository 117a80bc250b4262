/* core/par.c: a pool that lives as long as one loop. */
#include "core/par.h"

#include <pthread.h>
#include <sched.h>

#include "core/limits.h"

typedef struct {
    pthread_mutex_t lock;
    size_t next, n, failed_at;
    ParallelBody *body;
    void *context;
    Rc rc;
    Err err;
} Loop;

typedef struct { Loop *loop; int worker; } Worker;

static void *work(void *p)
{
    Worker *w = p;
    Loop *l = w->loop;
    for (;;) {
        pthread_mutex_lock(&l->lock);
        size_t i = l->rc == OK ? l->next++ : l->n;
        pthread_mutex_unlock(&l->lock);
        if (i >= l->n) return NULL;
        Err e = { 0 };
        Rc rc = l->body(l->context, i, w->worker, &e);
        if (rc == OK) continue;
        pthread_mutex_lock(&l->lock);
        if (l->rc == OK || i < l->failed_at) { l->rc = rc; l->err = e; l->failed_at = i; }
        pthread_mutex_unlock(&l->lock);
    }
}

int cores_available(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > LIMIT_THREADS ? LIMIT_THREADS : n;
}

Rc parallel_for(size_t n, int threads, ParallelBody *body, void *context, Err *e)
{
    Loop l = { .n = n, .body = body, .context = context };
    pthread_t thread[LIMIT_THREADS];
    Worker worker[LIMIT_THREADS];
    if (threads <= 0) threads = cores_available();
    if (threads > LIMIT_THREADS) threads = LIMIT_THREADS;
    if ((size_t)threads > n) threads = n ? (int)n : 1;
    pthread_mutex_init(&l.lock, NULL);
    int started = 0;
    for (int i = 0; i < threads; i++) worker[i] = (Worker){ &l, i };
    /* The caller is worker 0; where a thread cannot be had the others do its share. */
    for (int i = 1; i < threads; i++) {
        if (pthread_create(&thread[started], NULL, work, &worker[i]) != 0) break;
        started++;
    }
    work(&worker[0]);
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
    pthread_mutex_destroy(&l.lock);
    if (l.rc != OK && e) *e = l.err;
    return l.rc;
}
