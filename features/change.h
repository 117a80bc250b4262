/* features/change.h: how a feature changed between two scans of one patient. */
#ifndef REOX_FEATURES_CHANGE_H
#define REOX_FEATURES_CHANGE_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "features/feature.h"

/* Both numbers of one feature. An undefined one is NaN with its reason. */
typedef struct {
    FeatureId id;
    Aggregation aggregation;
    double delta;              /* to - from, in the feature's unit */
    double ratio;              /* to / from; undefined where from is 0 */
    const char *delta_reason, *ratio_reason;
} FeatureChange;

/* Every feature that both vectors hold in the same aggregation, in the order of `from`. Memory is the arena's; reasons live as
 * long as the vectors'. Fails with ERR_NOMEM. */
Rc feature_changes(FeatureChange **out, size_t *n, const FeatureVector *from, const FeatureVector *to, Arena *a, Err *e);

#endif
