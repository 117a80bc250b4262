/* features/change.c: difference and ratio of features between two scans. */
#include "features/change.h"

#include <math.h>

static const FeatureValue *find(const FeatureVector *v, FeatureId id, Aggregation a, size_t guess)
{
    /* Vectors of one study are alike, so the same place is tried first. */
    if (guess < v->n && v->value[guess].id == id && v->value[guess].aggregation == a) return &v->value[guess];
    for (size_t i = 0; i < v->n; i++)
        if (v->value[i].id == id && v->value[i].aggregation == a) return &v->value[i];
    return NULL;
}

Rc feature_changes(FeatureChange **out, size_t *n, const FeatureVector *from, const FeatureVector *to, Arena *a, Err *e)
{
    *out = ARENA_NEW(a, from->n, FeatureChange);
    *n = 0;
    if (!*out) return err_nomem(e);
    for (size_t i = 0; i < from->n; i++) {
        const FeatureValue *before = &from->value[i], *after = find(to, before->id, before->aggregation, i);
        if (!after) continue;
        FeatureChange c = { before->id, before->aggregation, NAN, NAN, NULL, NULL };
        const char *reason = before->reason ? before->reason : after->reason;
        if (!reason) {
            c.delta = after->value - before->value;
            c.ratio = after->value / before->value;
        }
        c.delta_reason = c.ratio_reason = reason;
        if (!reason && !isfinite(c.ratio)) {
            c.ratio = NAN;
            c.ratio_reason = "the value before is 0";
        }
        (*out)[(*n)++] = c;
    }
    return OK;
}
