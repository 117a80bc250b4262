/* features/feature.h: what a feature is, and what one computation of many of them gives back. */
#ifndef REOX_FEATURES_FEATURE_H
#define REOX_FEATURES_FEATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"

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

/* A row of features.def. `name` is what formulas, SQL and JSON say: family prefix and IBSI name for IBSI families
 * ("glcm_joint_maximum"), the bare metric for hypoxia ("fhv"). ibsi is "" where IBSI has no code. */
typedef struct {
    FeatureId id;
    Family family;
    const char *ibsi, *name, *unit, *definition, *source;
} FeatureInfo;
const FeatureInfo *feature_info(FeatureId id);
const FeatureInfo *feature_by_name(const char *name);      /* NULL when there is none */

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
