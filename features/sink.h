/* features/sink.h: the table that the families fill, one cell a feature and aggregation. extract.c makes the vector of it. */
#ifndef REOX_FEATURES_SINK_H
#define REOX_FEATURES_SINK_H

#include <stdbool.h>

#include "core/err.h"
#include "features/feature.h"

typedef struct {
    double value;
    const char *reason;            /* NULL when the value is good; a string that outlives everything (a literal) */
    bool filled;
} SinkCell;

/* About 45 kB; lives in an arena. */
typedef struct {
    bool wanted[FEATURE_COUNT];
    SinkCell cell[FEATURE_COUNT][AGGREGATION_COUNT];
} FeatureSink;

/* A value that is not finite becomes undefined. Rows that nobody asked for may be given; they are dropped. */
void sink_put(FeatureSink *s, FeatureId id, Aggregation a, double value);

/* The value cannot exist, for this reason (a literal: "the ROI has one grey level"). */
void sink_undefined(FeatureSink *s, FeatureId id, Aggregation a, const char *reason);

/* The same for every row of the family that has no cell filled yet in this aggregation. */
void sink_undefined_family(FeatureSink *s, Family f, Aggregation a, const char *reason);

/* Whether a wanted row of the family needs one of these intermediates (any row at all when needs is 0). */
bool sink_wants(const FeatureSink *s, Family f, unsigned needs);

/* The wanted rows as a vector, in the order of features.def, aggregations in their enum's: `aggregation` says which, NULL for those
 * without alone. A row whose family left its cell empty is undefined and says so. Fails with ERR_NOMEM. */
Rc sink_vector(FeatureVector *out, const FeatureSink *s, const bool aggregation[AGGREGATION_COUNT], Err *e);

/* The reason of a row that no family fills; a test sees to it that none ships. */
extern const char SINK_NO_VALUE[];

#endif
