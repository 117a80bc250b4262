/* features/feature.h: what a feature is, and what one computation of many of them gives back. */
#ifndef REOX_FEATURES_FEATURE_H
#define REOX_FEATURES_FEATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/volume.h"

typedef enum {
    FAMILY_MORPHOLOGY, FAMILY_LOCAL_INTENSITY, FAMILY_STATISTICS, FAMILY_INTENSITY_HISTOGRAM, FAMILY_IVH,
    FAMILY_GLCM, FAMILY_GLRLM, FAMILY_GLSZM, FAMILY_GLDZM, FAMILY_NGTDM, FAMILY_NGLDM, FAMILY_HYPOXIA,
    FAMILY_COUNT
} Family;
const char *family_name(Family f);                         /* "morphology" … as in INTERFACE §4 */
bool family_parse(Family *out, const char *text);

/* IBSI's ways to aggregate a texture matrix; NONE is a feature of the whole volume. ZONE dimensions (matrices without
 * direction) are written 2D, 2.5D, 3D. */
typedef enum {
    AGGREGATION_NONE,
    AGGREGATION_2D_AVG, AGGREGATION_2D_MRG, AGGREGATION_25D_DIR, AGGREGATION_25D_MRG, AGGREGATION_3D_AVG, AGGREGATION_3D_MRG,
    AGGREGATION_2D, AGGREGATION_25D, AGGREGATION_3D,
    AGGREGATION_COUNT
} Aggregation;
const char *aggregation_name(Aggregation a);               /* "3D:mrg"; NULL for NONE */
bool aggregation_parse(Aggregation *out, const char *text);
const char *aggregation_slug(Aggregation a);               /* "3d_mrg", what names of variables carry; "" for NONE */

/* One value per row of features.def; FEATURE_COUNT is the number of rows. */
typedef enum {
#define FEATURE(slot, ...) FEATURE_##slot,
#include "features/features.def"
#undef FEATURE
    FEATURE_COUNT
} FeatureId;

/* What a row needs built before its value can be taken; built once for all rows that are asked for (roi.h, extract.h). */
typedef enum {
    NEEDS_MASK      = 0,           /* the prepared mask is always there */
    NEEDS_INTENSITY = 1 << 0,
    NEEDS_PEAK      = 1 << 1,      /* image around the ROI */
    NEEDS_LEVELS    = 1 << 2,      /* grey levels */
    NEEDS_IVH       = 1 << 3,
    NEEDS_MESH      = 1 << 4,
    NEEDS_AXES      = 1 << 5,      /* principal axes */
    NEEDS_HULL      = 1 << 6,      /* convex hull of the mesh */
    NEEDS_BOX       = 1 << 7,      /* oriented minimum bounding box */
    NEEDS_ELLIPSOID = 1 << 8,      /* minimum volume enclosing ellipsoid */
    NEEDS_SPATIAL   = 1 << 9,      /* sums over all pairs of voxels */
    NEEDS_GLCM      = 1 << 10,
    NEEDS_GLRLM     = 1 << 11,
    NEEDS_GLSZM     = 1 << 12,
    NEEDS_GLDZM     = 1 << 13,
    NEEDS_NGTDM     = 1 << 14,
    NEEDS_NGLDM     = 1 << 15,
    NEEDS_UPTAKE    = 1 << 16      /* the image as scanned, and its reference */
} Needs;

/* A row of features.def. `name` is what formulas, SQL and JSON say: family prefix and IBSI name for IBSI families
 * ("glcm_joint_maximum"), the bare metric for hypoxia ("fhv"). ibsi is "" where IBSI has no code. */
typedef struct {
    FeatureId id;
    Family family;
    const char *ibsi, *name, *unit, *definition, *source;
    unsigned needs;                                        /* of Needs */
} FeatureInfo;
const FeatureInfo *feature_info(FeatureId id);
const FeatureInfo *feature_by_name(const char *name);      /* NULL when there is none */

/* The row's unit for an image in these units: "intensity^2" of an image in SUV is "SUV^2". */
const char *feature_unit(FeatureId id, Units image);

/* The aggregations that a family knows: AGGREGATION_NONE alone; the six of matrices with a direction (GLCM, GLRLM); or
 * the three dimensions of matrices without (GLSZM, GLDZM, NGTDM, NGLDM). */
bool family_has_aggregation(Family f, Aggregation a);

/* A value is a number with status ok, or NaN with the reason why it cannot exist; never 0 for "nothing". */
typedef struct {
    FeatureId id;
    Aggregation aggregation;
    double value;
    const char *reason;                                    /* NULL when ok; else a string that outlives the vector */
} FeatureValue;

typedef struct {
    FeatureValue *value;
    size_t n;
    Arena arena;
} FeatureVector;
void feature_vector_free(FeatureVector *v);

#endif
