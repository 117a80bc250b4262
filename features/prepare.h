/* features/prepare.h: from image and mask to the prepared ROI, and what the diagnostics say of each step. */
#ifndef REOX_FEATURES_PREPARE_H
#define REOX_FEATURES_PREPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/json.h"
#include "features/extract.h"
#include "features/resample.h"
#include "features/roi.h"

typedef struct {
    int size[3];
    double spacing_mm[3];
    double mean, min, max;
} ImageReport;

/* Intensity mask and morphological mask; mean, min and max are of the intensity mask, NaN when it is empty. */
typedef struct {
    int size[3], bbox_size[3], morphological_bbox_size[3];
    size_t voxels, morphological_voxels;
    double mean, min, max;
} RoiReport;

/* Before and after interpolation; the ROI after re-segmentation too. */
typedef struct {
    ImageReport initial_image, interpolated_image;
    RoiReport initial_roi, interpolated_roi, resegmented_roi;
} Diagnostics;

/* Interpolation, rounding, re-segmentation and discretisation of INTERFACE §4, in that order; the ROI's box alone is worked on, the
 * whole image only for diagnostics (report not NULL). peaks: also cut the surroundings (roi->around). All memory of *out is the
 * arena's; out->mesh stays NULL. When interpolation leaves no voxel of the mask, n_morphological is 0 and the box one voxel.
 * Errors as feature_extract. */
Rc roi_prepare(Roi *out, Diagnostics *report, const ExtractInput *in, const Settings *s, bool peaks, Arena *a, Err *e);

/* The `diagnostics` object of INTERFACE §4; NULL when memory is out. */
Json *diagnostics_json(const Diagnostics *d);

/* Radius of the sphere of 1 cm^3 that intensity peaks are means of: (3/(4 pi))^(1/3) cm. */
#define PEAK_RADIUS_MM 6.203504908994

#endif
