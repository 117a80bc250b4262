/* core/rejection.c: the list of refused subjects. */
#include "core/rejection.h"

#include <stdbool.h>
#include <string.h>

static char *copy(Arena *a, const char *text, bool *failed)
{
    char *p = text ? arena_strdup(a, text) : NULL;
    if (text && !p) *failed = true;
    return p;
}

Rc rejection_add(RejectionList *l, const char *file, const char *patient, const char *timepoint, const char *tracer,
                 const char *what, Err *e)
{
    bool failed = false;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        Rejection *r = arena_array(&l->arena, cap, sizeof *r);
        if (!r) return err_nomem(e);
        if (l->n) memcpy(r, l->item, l->n * sizeof *r);
        l->item = r;
        l->cap = cap;
    }
    l->item[l->n] = (Rejection){ copy(&l->arena, file, &failed), copy(&l->arena, patient, &failed), copy(&l->arena, timepoint, &failed),
                                 copy(&l->arena, tracer, &failed), copy(&l->arena, what, &failed) };
    if (failed) return err_nomem(e);
    l->n++;
    return OK;
}

void rejection_free(RejectionList *l)
{
    arena_free(&l->arena);
    *l = (RejectionList){ 0 };
}
