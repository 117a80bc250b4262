/* features/registry.c: the rows of features.def as a table, and the names of families and aggregations. */
#include "features/feature.h"

#include <string.h>

#include "core/str.h"

static const FeatureInfo table[FEATURE_COUNT] = {
#define FEATURE(slot, family_, ibsi_, name_, unit_, needs_, definition_, source_) \
    [FEATURE_##slot] = { .id = FEATURE_##slot, .family = FAMILY_##family_, .ibsi = ibsi_, .name = name_, .unit = unit_, \
                         .definition = definition_, .source = source_, .needs = needs_ },
#include "features/features.def"
#undef FEATURE
};

static const char *const family_names[FAMILY_COUNT] = {
    [FAMILY_MORPHOLOGY] = "morphology", [FAMILY_LOCAL_INTENSITY] = "local_intensity", [FAMILY_STATISTICS] = "statistics",
    [FAMILY_INTENSITY_HISTOGRAM] = "intensity_histogram", [FAMILY_IVH] = "ivh", [FAMILY_GLCM] = "glcm",
    [FAMILY_GLRLM] = "glrlm", [FAMILY_GLSZM] = "glszm", [FAMILY_GLDZM] = "gldzm", [FAMILY_NGTDM] = "ngtdm",
    [FAMILY_NGLDM] = "ngldm", [FAMILY_HYPOXIA] = "hypoxia"
};

/* IBSI's names, and what names of variables carry. */
static const struct { const char *name, *slug; } aggregations[AGGREGATION_COUNT] = {
    [AGGREGATION_NONE] = { NULL, "" },
    [AGGREGATION_2D_AVG] = { "2D:avg", "2d_avg" }, [AGGREGATION_2D_MRG] = { "2D:mrg", "2d_mrg" },
    [AGGREGATION_25D_DIR] = { "2.5D:dir", "2_5d_dir" }, [AGGREGATION_25D_MRG] = { "2.5D:mrg", "2_5d_mrg" },
    [AGGREGATION_3D_AVG] = { "3D:avg", "3d_avg" }, [AGGREGATION_3D_MRG] = { "3D:mrg", "3d_mrg" },
    [AGGREGATION_2D] = { "2D", "2d" }, [AGGREGATION_25D] = { "2.5D", "2_5d" }, [AGGREGATION_3D] = { "3D", "3d" }
};

const FeatureInfo *feature_info(FeatureId id)
{
    return (int)id >= 0 && id < FEATURE_COUNT ? &table[id] : NULL;
}

const FeatureInfo *feature_by_name(const char *name)
{
    for (int i = 0; i < FEATURE_COUNT; i++)
        if (text_equal(table[i].name, name)) return &table[i];
    return NULL;
}

const char *feature_unit(FeatureId id, Units image)
{
    /* By unit of the image: of intensity, its square, and its integral over the volume. */
    static const char *const of[][3] = {
        [UNITS_SUV] = { "SUV", "SUV^2", "SUV*mm^3" }, [UNITS_BQ_ML] = { "Bq/mL", "(Bq/mL)^2", "Bq/mL*mm^3" },
        [UNITS_TBR] = { "1", "1", "mm^3" }, [UNITS_HU] = { "HU", "HU^2", "HU*mm^3" }
    };
    const char *unit = table[id].unit;
    if (strcmp(unit, "intensity") == 0) return of[image][0];
    if (strcmp(unit, "intensity^2") == 0) return of[image][1];
    if (strcmp(unit, "intensity*mm^3") == 0) return of[image][2];
    return unit;
}

const char *family_name(Family f) { return family_names[f]; }

bool family_parse(Family *out, const char *text)
{
    for (int i = 0; i < FAMILY_COUNT; i++)
        if (text_equal(family_names[i], text)) { *out = (Family)i; return true; }
    return false;
}

bool family_has_aggregation(Family f, Aggregation a)
{
    switch (f) {
    case FAMILY_GLCM: case FAMILY_GLRLM:
        return a >= AGGREGATION_2D_AVG && a <= AGGREGATION_3D_MRG;
    case FAMILY_GLSZM: case FAMILY_GLDZM: case FAMILY_NGTDM: case FAMILY_NGLDM:
        return a >= AGGREGATION_2D && a <= AGGREGATION_3D;
    default:
        return a == AGGREGATION_NONE;
    }
}

const char *aggregation_name(Aggregation a) { return aggregations[a].name; }
const char *aggregation_slug(Aggregation a) { return aggregations[a].slug; }

bool aggregation_parse(Aggregation *out, const char *text)
{
    for (int i = AGGREGATION_NONE + 1; i < AGGREGATION_COUNT; i++)
        if (text_equal(aggregations[i].name, text)) { *out = (Aggregation)i; return true; }
    return false;
}

void feature_vector_free(FeatureVector *v)
{
    arena_free(&v->arena);
    *v = (FeatureVector){ 0 };
}
