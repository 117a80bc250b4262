/* features/extract.h: from one image and mask to its features. */
#ifndef REOX_FEATURES_EXTRACT_H
#define REOX_FEATURES_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/json.h"
#include "core/protocol.h"
#include "core/volume.h"
#include "features/feature.h"
#include "features/settings.h"

typedef struct {
    const char *name;              /* of the image, as the user knows it; heads messages */
    const Volume *image;
    const Mask *mask;              /* of the image's grid */
    double reference;              /* mean uptake of the reference region in the image's unit; NaN for none */
    const HypoxiaRule *rule;       /* threshold and operator of the hypoxia rows, resolved; may be NULL */
    bool diagnostics;              /* the whole image is interpolated and summed for them */
} ExtractInput;

enum { EXTRACT_WARNINGS = 8 };

typedef struct {
    FeatureVector features;        /* rows in the order of features.def, aggregations of a row in their enum's order */
    Units units;                   /* of the intensities, for feature_unit: TBR when quantity is tbr */
    size_t roi_voxels;             /* of the mask as given */
    double roi_ml;
    int grey_levels;               /* Ng; 0 when there are none */
    Json *diagnostics;             /* NULL unless asked for */
    const char *warning[EXTRACT_WARNINGS];     /* whole lines without "reox: warning: "; memory is the vector's */
    size_t n_warnings;
} Extraction;

/* Prepares the ROI by the settings (interpolation, rounding, re-segmentation, discretisation) and computes every row of the families
 * that the settings name. ERR_INPUT, beginning with the name, for a mask of another grid or without a voxel, a voxel of the ROI that
 * is no finite number, and an image filter, which is not built yet. A value that cannot exist (of intensities under quantity tbr
 * without a reference, say) is undefined with its reason, never an error. */
Rc feature_extract(Extraction *out, const ExtractInput *in, const Settings *s, Err *e);
void extraction_free(Extraction *x);

#endif
