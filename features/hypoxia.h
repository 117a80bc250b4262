/* features/hypoxia.h: hypoxia metrics of one scan, relative to a reference region. */
#ifndef REOX_FEATURES_HYPOXIA_H
#define REOX_FEATURES_HYPOXIA_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/json.h"
#include "core/protocol.h"
#include "core/volume.h"
#include "features/feature.h"
#include "features/sink.h"

/* Uptake of a reference region. A value that was measured otherwise (a blood sample) has voxels 0 and no sd or cov (NaN). */
typedef struct {
    size_t voxels;
    double mean, sd, cov;      /* image's unit; sd with divisor n - 1, NaN for one voxel; cov = sd / mean */
} ReferenceRegion;

/* Count, mean, SD and COV of the image in the region. ERR_INPUT for another grid, an empty region, a voxel that is no finite
 * number (naming its index), and a mean that is not positive; the message begins with `name`, the region's file or name. */
Rc reference_measure(ReferenceRegion *out, const Volume *image, const Mask *region, const char *name, Err *e);
ReferenceRegion reference_from_value(double mean);

/* The metrics of INTERFACE §3 into the hypoxia rows of the sink, on the scan's own grid with the mask as given, which must be of the
 * image's grid and not empty.
 *   reference  mean uptake of the reference in the image's unit, NaN for none; an image in TBR has 1, whatever is passed
 *   rule       threshold and operator, resolved already; NULL or without a threshold: what needs it is undefined; without an operator it is >=
 * suv_* is defined for images in SUV alone. FHV = share of voxels with ratio `op` threshold; fhv_auc = integral of FHV over
 * thresholds from 1 to 3 = mean over the voxels of min(max(ratio - 1, 0), 2), for either side of the operator (< and <=: 2 minus
 * that). Fails with ERR_NOMEM, and ERR_INPUT for a voxel of the ROI that is no finite number. */
Rc hypoxia_features(FeatureSink *sink, const Volume *image, const Mask *roi, double reference, const HypoxiaRule *rule,
                    Arena *a, Err *e);

/* The same as a vector of all hypoxia rows, for a scan that wants nothing else. `name` heads messages. */
Rc hypoxia_measure(FeatureVector *out, const char *name, const Volume *image, const Mask *roi, double reference,
                   const HypoxiaRule *rule, Err *e);

/* {tracer, reference, threshold, operator, uptake_min}: what is stored beside every value. reference is the region's name, or
 * "value" for a number; what is unknown is null. NULL when memory is out. */
Json *hypoxia_definition_json(const HypoxiaRule *rule, const char *reference, double uptake_min);

#endif
