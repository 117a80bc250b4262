/* bench/stages.c: CPU time of each stage of `reox features`: stages IMAGE MASK SETTINGS UNITS */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"
#include "features/prepare.h"
#include "ingest/nifti.h"

enum { ROUNDS = 7 };

typedef struct { const char *name; FamilyFeatures *compute; Family first, last; } Stage;
static const Stage stages[] = {
    { "morphology (axes, diameter)", morphology_features, FAMILY_MORPHOLOGY, FAMILY_MORPHOLOGY },
    { "hull, box, ellipsoid", enclosure_features, FAMILY_MORPHOLOGY, FAMILY_MORPHOLOGY },
    { "Moran's I, Geary's C, all pairs", spatial_features, FAMILY_MORPHOLOGY, FAMILY_MORPHOLOGY },
    { "local intensity", local_intensity_features, FAMILY_LOCAL_INTENSITY, FAMILY_LOCAL_INTENSITY },
    { "statistics", statistics_features, FAMILY_STATISTICS, FAMILY_STATISTICS },
    { "intensity histogram", intensity_histogram_features, FAMILY_INTENSITY_HISTOGRAM, FAMILY_INTENSITY_HISTOGRAM },
    { "IVH", ivh_features, FAMILY_IVH, FAMILY_IVH },
    { "GLCM", texture_features, FAMILY_GLCM, FAMILY_GLCM },
    { "GLRLM", texture_features, FAMILY_GLRLM, FAMILY_GLRLM },
    { "GLSZM", texture_features, FAMILY_GLSZM, FAMILY_GLSZM },
    { "GLDZM", texture_features, FAMILY_GLDZM, FAMILY_GLDZM },
    { "NGTDM", texture_features, FAMILY_NGTDM, FAMILY_NGTDM },
    { "NGLDM", texture_features, FAMILY_NGLDM, FAMILY_NGLDM },
    { "the six texture families at once", texture_features, FAMILY_GLCM, FAMILY_NGLDM },
};

static void line(const char *name, double seconds, size_t voxels)
{
    printf("  %-34s %9.2f ms %12.3g voxels/s\n", name, 1e3 * seconds, (double)voxels / seconds);
}

int main(int argc, char **argv)
{
    Rc rc = OK;
    Err e = { 0 };
    Volume image = { 0 };
    Mask mask = { 0 };
    Settings settings = { 0 };
    Arena scratch = { 0 };
    FeatureSink *sink = calloc(1, sizeof *sink);
    Units units;
    double best;

    if (argc != 5 || !sink || !units_parse(&units, argv[4])) { fprintf(stderr, "usage: stages IMAGE MASK SETTINGS UNITS\n"); free(sink); return 2; }
    TRY(settings_read_file(&settings, argv[3], argv[3], NULL, units, &e));
    BEST_OF(ROUNDS, best, volume_free(&image); TRY(nifti_read_volume(&image, argv[1], argv[1], units, NULL, &e)));
    line("reading the image", best, grid_voxels(&image.grid));
    BEST_OF(ROUNDS, best, mask_free(&mask); TRY(nifti_read_mask(&mask, argv[2], argv[2], -1, NULL, &e)));
    line("reading the mask", best, grid_voxels(&mask.grid));

    ExtractInput in = { .name = argv[1], .image = &image, .mask = &mask, .reference = NAN };
    Roi roi = { 0 };
    BEST_OF(ROUNDS, best, arena_free(&scratch); TRY(roi_prepare(&roi, NULL, &in, &settings, true, &scratch, &e)));
    line("interpolation to grey levels", best, roi.n_inside);
    Mesh mesh = { 0 };
    BEST_OF(ROUNDS, best, TRY(mesh_build(&mesh, roi.morphological, roi.n, roi.spacing_mm, &scratch, &e)));
    line("mesh", best, roi.n_morphological);
    roi.mesh = &mesh;
    for (size_t k = 0; k < sizeof stages / sizeof *stages; k++) {
        const Stage *s = &stages[k];
        for (int i = 0; i < FEATURE_COUNT; i++) {
            Family f = feature_info((FeatureId)i)->family;
            sink->wanted[i] = f >= s->first && f <= s->last;
        }
        Arena arena = { 0 };
        BEST_OF(ROUNDS, best, arena_free(&arena); TRY(s->compute(sink, &roi, &settings, &arena, &e)));
        arena_free(&arena);
        line(s->name, best, roi.n_inside);
    }
    printf("  ROI: %zu voxels, box %d x %d x %d, %d grey levels\n", roi.n_inside, roi.n[0], roi.n[1], roi.n[2], roi.Ng);
out:
    if (rc != OK) fprintf(stderr, "stages: %s\n", e.text);
    arena_free(&scratch);
    settings_free(&settings);
    mask_free(&mask);
    volume_free(&image);
    free(sink);
    return rc != OK;
}
