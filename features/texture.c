/* features/texture.c: the six texture families of one ROI. What several of them need is built once: the padded levels by
 * all, zones by GLSZM and GLDZM, neighbourhoods by NGTDM and NGLDM. */
#include <math.h>
#include <stdlib.h>

#include "features/glcm.h"
#include "features/glrlm.h"
#include "features/ngldm.h"
#include "features/ngtdm.h"
#include "features/roi.h"
#include "features/zones.h"

/* The size matrices' features stand in features.def in the order of SizeFeature. */
_Static_assert(FEATURE_GLRLM_RUN_ENTROPY - FEATURE_GLRLM_SHORT_RUNS_EMPHASIS == SIZE_ENTROPY, "rows of GLRLM");
_Static_assert(FEATURE_GLSZM_ZONE_SIZE_ENTROPY - FEATURE_GLSZM_SMALL_ZONE_EMPHASIS == SIZE_ENTROPY, "rows of GLSZM");
_Static_assert(FEATURE_GLDZM_ZONE_DISTANCE_ENTROPY - FEATURE_GLDZM_SMALL_DISTANCE_EMPHASIS == SIZE_ENTROPY, "rows of GLDZM");
_Static_assert(FEATURE_NGLDM_DEPENDENCE_COUNT_ENERGY - FEATURE_NGLDM_LOW_DEPENDENCE_EMPHASIS == SIZE_ENERGY, "rows of NGLDM");

static const char no_pair[] = "no two voxels of the ROI are neighbours";
static const char one_level[] = "the ROI has one grey level";
static const char no_neighbour[] = "no voxel of the ROI has a neighbour";
static const char no_difference[] = "no grey level differs from its neighbours";

static void put(FeatureSink *sink, FeatureId first, int features, const bool wanted[AGGREGATION_COUNT], const double *v, size_t stride,
                const char *empty, const char *degenerate)
{
    for (int a = 0; a < AGGREGATION_COUNT; a++) {
        const double *row = v + (size_t)a * stride;
        bool none = true;
        if (!wanted[a]) continue;
        for (int k = 0; k < features; k++) none = none && isnan(row[k]);
        for (int k = 0; k < features; k++) {
            FeatureId id = (FeatureId)(first + k);
            if (isnan(row[k])) sink_undefined(sink, id, (Aggregation)a, none ? empty : degenerate);
            else sink_put(sink, id, (Aggregation)a, row[k]);
        }
    }
}

static Rc pairs_and_runs(FeatureSink *sink, const LevelBox *b, const Settings *s, Err *e)
{
    Rc rc = OK;
    bool wanted[AGGREGATION_COUNT] = { false };
    for (int a = AGGREGATION_2D_AVG; a <= AGGREGATION_3D_MRG; a++) wanted[a] = s->aggregation[a];

    if (sink_wants(sink, FAMILY_GLCM, 0)) {
        double v[AGGREGATION_COUNT][GLCM_FEATURES];
        TRY(glcm_aggregations(v, wanted, b, s->distance, e));
        put(sink, FEATURE_GLCM_JOINT_MAXIMUM, GLCM_FEATURES, wanted, v[0], GLCM_FEATURES, no_pair, one_level);
    }
    if (sink_wants(sink, FAMILY_GLRLM, 0)) {
        double v[AGGREGATION_COUNT][SIZE_FEATURES];
        TRY(glrlm_aggregations(v, wanted, b, e));
        put(sink, FEATURE_GLRLM_SHORT_RUNS_EMPHASIS, SIZE_ENTROPY + 1, wanted, v[0], SIZE_FEATURES, no_neighbour, one_level);
    }
out:
    return rc;
}

static Rc zones(FeatureSink *sink, const LevelBox *b, const Roi *roi, const bool wanted[AGGREGATION_COUNT], Err *e)
{
    Rc rc = OK;
    Zones slices = { 0 }, volume = { 0 };
    double v[AGGREGATION_COUNT][SIZE_FEATURES];
    uint16_t *distance = NULL;
    bool by_size = sink_wants(sink, FAMILY_GLSZM, 0), by_distance = sink_wants(sink, FAMILY_GLDZM, 0);
    if (!by_size && !by_distance) return OK;

    if (by_distance) {
        distance = malloc((size_t)roi->n[0] * (size_t)roi->n[1] * (size_t)roi->n[2] * sizeof *distance);
        if (!distance) { rc = err_nomem(e); goto out; }
    }
    if (wanted[AGGREGATION_2D] || wanted[AGGREGATION_25D]) {
        if (distance) distance_map(distance, roi->morphological, roi->n, true);
        TRY(zones_find(&slices, b, distance, true, e));
    }
    if (wanted[AGGREGATION_3D]) {
        if (distance) distance_map(distance, roi->morphological, roi->n, false);
        TRY(zones_find(&volume, b, distance, false, e));
    }
    if (by_size) {
        TRY(zones_aggregations(v, wanted, b, &slices, &volume, false, e));
        put(sink, FEATURE_GLSZM_SMALL_ZONE_EMPHASIS, SIZE_ENTROPY + 1, wanted, v[0], SIZE_FEATURES, no_neighbour, one_level);
    }
    if (by_distance) {
        TRY(zones_aggregations(v, wanted, b, &slices, &volume, true, e));
        put(sink, FEATURE_GLDZM_SMALL_DISTANCE_EMPHASIS, SIZE_ENTROPY + 1, wanted, v[0], SIZE_FEATURES, no_neighbour, one_level);
    }
out:
    free(distance);
    zones_free(&slices);
    zones_free(&volume);
    return rc;
}

static Rc neighbourhoods(FeatureSink *sink, const LevelBox *b, const Settings *s, const bool wanted[AGGREGATION_COUNT], Err *e)
{
    Rc rc = OK;
    Neighbours slices = { 0 }, volume = { 0 };
    bool tones = sink_wants(sink, FAMILY_NGTDM, 0), dependence = sink_wants(sink, FAMILY_NGLDM, 0);
    if (!tones && !dependence) return OK;

    if (wanted[AGGREGATION_2D] || wanted[AGGREGATION_25D])
        TRY(neighbours_build(&slices, b, s->distance, s->ngldm_alpha, true, e));
    if (wanted[AGGREGATION_3D]) TRY(neighbours_build(&volume, b, s->distance, s->ngldm_alpha, false, e));
    if (tones) {
        double v[AGGREGATION_COUNT][NGTDM_FEATURES];
        TRY(ngtdm_aggregations(v, wanted, b, &slices, &volume, e));
        put(sink, FEATURE_NGTDM_COARSENESS, NGTDM_FEATURES, wanted, v[0], NGTDM_FEATURES,
            b->lowest == b->highest && b->voxels > 1 ? one_level : no_neighbour,
            b->lowest == b->highest ? one_level : no_difference);
    }
    if (dependence) {
        double v[AGGREGATION_COUNT][SIZE_FEATURES];
        TRY(ngldm_aggregations(v, wanted, b, &slices, &volume, s->distance, e));
        put(sink, FEATURE_NGLDM_LOW_DEPENDENCE_EMPHASIS, SIZE_ENERGY + 1, wanted, v[0], SIZE_FEATURES, no_neighbour, one_level);
    }
out:
    neighbours_free(&slices);
    neighbours_free(&volume);
    return rc;
}

Rc texture_features(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e)
{
    Rc rc = OK;
    LevelBox b = { 0 };
    bool wanted[AGGREGATION_COUNT] = { false };
    (void)a;                                   /* boxes are large and short-lived: freed here, not with the ROI */

    for (int k = AGGREGATION_2D; k <= AGGREGATION_3D; k++) wanted[k] = s->aggregation[k];
    TRY(level_box_build(&b, roi->level, roi->n, roi->Ng, s->distance > 1 ? s->distance : 1, e));
    TRY(pairs_and_runs(sink, &b, s, e));
    TRY(zones(sink, &b, roi, wanted, e));
    TRY(neighbourhoods(sink, &b, s, wanted, e));
out:
    level_box_free(&b);
    return rc;
}
