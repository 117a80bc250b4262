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
