/* features/sink.c: the table that the families fill. */
#include "features/sink.h"

#include <math.h>

static void fill(FeatureSink *s, FeatureId id, Aggregation a, double value, const char *reason)
{
    if (!s->wanted[id]) return;
    s->cell[id][a] = (SinkCell){ .value = reason ? NAN : value, .reason = reason, .filled = true };
}

void sink_put(FeatureSink *s, FeatureId id, Aggregation a, double value)
{
    fill(s, id, a, value, isfinite(value) ? NULL : "its formula divides by zero or overflows here");
}

void sink_undefined(FeatureSink *s, FeatureId id, Aggregation a, const char *reason)
{
    fill(s, id, a, NAN, reason);
}

void sink_undefined_family(FeatureSink *s, Family f, Aggregation a, const char *reason)
{
    for (int i = 0; i < FEATURE_COUNT; i++)
        if (feature_info((FeatureId)i)->family == f && !s->cell[i][a].filled) sink_undefined(s, (FeatureId)i, a, reason);
}

bool sink_wants(const FeatureSink *s, Family f, unsigned needs)
{
    for (int i = 0; i < FEATURE_COUNT; i++) {
        const FeatureInfo *row = feature_info((FeatureId)i);
        if (s->wanted[i] && row->family == f && (needs == 0 || (row->needs & needs))) return true;
    }
    return false;
}

const char SINK_NO_VALUE[] = "no computation fills this row";

static bool in_vector(const FeatureSink *s, int id, int a, const bool aggregation[AGGREGATION_COUNT])
{
    if (!s->wanted[id] || !family_has_aggregation(feature_info((FeatureId)id)->family, (Aggregation)a)) return false;
    return a == AGGREGATION_NONE || (aggregation && aggregation[a]);
}

Rc sink_vector(FeatureVector *out, const FeatureSink *s, const bool aggregation[AGGREGATION_COUNT], Err *e)
{
    FeatureVector v = { 0 };
    size_t n = 0;
    for (int id = 0; id < FEATURE_COUNT; id++)
        for (int a = 0; a < AGGREGATION_COUNT; a++) n += in_vector(s, id, a, aggregation);
    v.value = ARENA_NEW(&v.arena, n, FeatureValue);
    if (!v.value) return err_nomem(e);
    for (int id = 0; id < FEATURE_COUNT; id++)
        for (int a = 0; a < AGGREGATION_COUNT; a++) {
            if (!in_vector(s, id, a, aggregation)) continue;
            const SinkCell *c = &s->cell[id][a];
            v.value[v.n++] = (FeatureValue){ .id = (FeatureId)id, .aggregation = (Aggregation)a, .value = c->filled ? c->value : NAN,
                                             .reason = c->filled ? c->reason : SINK_NO_VALUE };
        }
    *out = v;
    return OK;
}
