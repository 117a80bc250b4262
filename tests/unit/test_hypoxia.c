/* tests/unit/test_hypoxia.c: hypoxia metrics worked by hand, reference regions, peaks against a plain loop, changes. */
#include "tests/unit/unit.h"

#include "core/rng.h"
#include "features/change.h"
#include "features/hypoxia.h"
#include "features/peak.h"
#include "features/prepare.h"

static Grid grid_of(int x, int y, int z, double sx, double sy, double sz)
{
    const double spacing[3] = { sx, sy, sz }, origin[3] = { 0, 0, 0 };
    Grid g = { { x, y, z }, { sx, sy, sz }, affine_from_spacing(spacing, origin) };
    return g;
}

static FeatureValue value_of(const FeatureVector *v, const char *name)
{
    for (size_t i = 0; i < v->n; i++)
        if (strcmp(feature_info(v->value[i].id)->name, name) == 0) return v->value[i];
    ck_abort_msg("no feature %s", name);
}
#define assert_value(v, name, want) assert_near_abs(value_of((v), (name)).value, (want), 1e-12, 1e-15)

/* Six voxels of half a mL in a row, 1 … 6 SUV, everything else 0. */
static void six(Volume *image, Mask *roi, Units units)
{
    Grid g = grid_of(8, 3, 3, 10, 10, 5);
    assert_ok(volume_alloc(image, &g, units, NULL));
    assert_ok(mask_alloc(roi, &g, NULL));
    for (int i = 0; i < 6; i++) {
        image->v[voxel_at(&g, 1 + i, 1, 1)] = (float)(1 + i);
        roi->in[voxel_at(&g, 1 + i, 1, 1)] = 1;
    }
}

START_TEST(by_hand)
{
    Volume image = { 0 };
    Mask roi = { 0 };
    FeatureVector v = { 0 };
    HypoxiaRule rule = { .has_threshold = true, .threshold = 1.5, .has_operator = true, .op = OP_GE };
    six(&image, &roi, UNITS_SUV);
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 2, &rule, NULL));        /* ratios 0.5 1 1.5 2 2.5 3 */
    assert_value(&v, "suv_max", 6);
    assert_value(&v, "suv_mean", 3.5);
    assert_value(&v, "suv_peak", 2);                 /* the voxel and its two neighbours in z, 5 mm away: 6/3 */
    assert_value(&v, "tbr_max", 3);
    assert_value(&v, "tbr_mean", 1.75);
    assert_value(&v, "tbr_peak", 1);
    assert_value(&v, "tbr_p95", 2.875);              /* rank 4.75 of 0 … 5 */
    assert_value(&v, "fhv", 4.0 / 6);
    assert_value(&v, "hv_ml", 2);
    assert_value(&v, "hypoxic_burden", 1.5);         /* (0 + 0.5 + 1 + 1.5) * 0.5 mL */
    assert_value(&v, "fhv_auc", 5.0 / 6);            /* mean of 0 0 0.5 1 1.5 2 */
    assert_value(&v, "hypoxic_components", 1);
    assert_value(&v, "largest_component_ml", 2);
    feature_vector_free(&v);

    rule.op = OP_GT;                                 /* the voxel at the threshold does not count */
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 2, &rule, NULL));
    assert_value(&v, "fhv", 0.5);
    assert_value(&v, "hv_ml", 1.5);
    assert_value(&v, "hypoxic_burden", 1.5);
    feature_vector_free(&v);

    rule.op = OP_LT;
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 2, &rule, NULL));
    assert_value(&v, "fhv", 2.0 / 6);
    assert_value(&v, "fhv_auc", 2 - 5.0 / 6);
    feature_vector_free(&v);

    rule.has_operator = false;                       /* >= where nothing says it */
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 2, &rule, NULL));
    assert_value(&v, "fhv", 4.0 / 6);
    feature_vector_free(&v);
    volume_free(&image);
    mask_free(&roi);
}
END_TEST

START_TEST(no_hypoxia_is_zero_not_undefined)
{
    Volume image = { 0 };
    Mask roi = { 0 };
    FeatureVector v = { 0 };
    HypoxiaRule rule = { .has_threshold = true, .threshold = 1.4 };
    six(&image, &roi, UNITS_SUV);
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 100, &rule, NULL));
    assert_value(&v, "fhv", 0);
    assert_value(&v, "hv_ml", 0);
    assert_value(&v, "hypoxic_components", 0);
    assert_value(&v, "largest_component_ml", 0);
    assert_value(&v, "fhv_auc", 0);
    feature_vector_free(&v);
    volume_free(&image);
    mask_free(&roi);
}
END_TEST

START_TEST(components)
{
    /* Voxels of 0.2 mL: two that touch by a corner and one beside them make 0.6 mL; a pair of 0.4 mL is below the floor of 0.5 mL. */
    Grid g = grid_of(9, 9, 3, 10, 4, 5);
    Volume image = { 0 };
    Mask roi = { 0 };
    FeatureVector v = { 0 };
    HypoxiaRule rule = { .has_threshold = true, .threshold = 2 };
    assert_ok(volume_alloc(&image, &g, UNITS_SUV, NULL));
    assert_ok(mask_alloc(&roi, &g, NULL));
    memset(roi.in, 1, grid_voxels(&g));
    image.v[voxel_at(&g, 1, 1, 0)] = image.v[voxel_at(&g, 2, 2, 1)] = image.v[voxel_at(&g, 3, 2, 1)] = 5;
    image.v[voxel_at(&g, 7, 7, 0)] = image.v[voxel_at(&g, 7, 8, 0)] = 5;
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 1, &rule, NULL));
    assert_value(&v, "hypoxic_components", 1);
    assert_value(&v, "largest_component_ml", 0.6);
    assert_value(&v, "hv_ml", 1.0);
    feature_vector_free(&v);
    volume_free(&image);
    mask_free(&roi);
}
END_TEST

START_TEST(units_and_missing_definitions)
{
    Volume image = { 0 };
    Mask roi = { 0 };
    FeatureVector v = { 0 };
    HypoxiaRule rule = { .has_threshold = true, .threshold = 2 };
    six(&image, &roi, UNITS_TBR);
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 17, &rule, NULL));       /* a ratio has reference 1, whatever is passed */
    assert_value(&v, "tbr_max", 6);
    assert_value(&v, "fhv", 5.0 / 6);
    ck_assert_ptr_nonnull(value_of(&v, "suv_max").reason);
    ck_assert(isnan(value_of(&v, "suv_max").value));
    feature_vector_free(&v);

    image.units = UNITS_BQ_ML;
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 2, &rule, NULL));
    ck_assert_ptr_nonnull(value_of(&v, "suv_mean").reason);
    assert_value(&v, "tbr_max", 3);
    feature_vector_free(&v);

    image.units = UNITS_SUV;
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, NAN, &rule, NULL));
    assert_value(&v, "suv_max", 6);
    ck_assert_ptr_nonnull(strstr(value_of(&v, "tbr_max").reason, "reference"));
    ck_assert_ptr_nonnull(strstr(value_of(&v, "fhv").reason, "reference"));
    feature_vector_free(&v);

    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 2, NULL, NULL));
    assert_value(&v, "tbr_max", 3);
    assert_value(&v, "fhv_auc", 5.0 / 6);            /* needs no threshold */
    ck_assert_ptr_nonnull(strstr(value_of(&v, "fhv").reason, "threshold"));
    feature_vector_free(&v);
    volume_free(&image);
    mask_free(&roi);
}
END_TEST

START_TEST(auc_is_the_integral_of_fhv)
{
    Grid g = grid_of(12, 11, 10, 4, 4, 3);
    Volume image = { 0 };
    Mask roi = { 0 };
    FeatureVector v = { 0 };
    Rng r = rng_stream(7, 0);
    assert_ok(volume_alloc(&image, &g, UNITS_SUV, NULL));
    assert_ok(mask_alloc(&roi, &g, NULL));
    size_t n = grid_voxels(&g);
    for (size_t i = 0; i < n; i++) {
        image.v[i] = (float)(4 * rng_uniform(&r));
        roi.in[i] = rng_uniform(&r) < 0.6;
    }
    assert_ok(hypoxia_measure(&v, "x", &image, &roi, 1.1, NULL, NULL));
    double auc = value_of(&v, "fhv_auc").value, sum = 0;
    feature_vector_free(&v);
    enum { STEPS = 4000 };
    for (int k = 0; k < STEPS; k++) {                /* midpoint rule of FHV at 4,000 thresholds */
        HypoxiaRule rule = { .has_threshold = true, .threshold = 1 + 2 * (k + 0.5) / STEPS };
        size_t hot = 0, all = 0;
        for (size_t i = 0; i < n; i++) {
            all += roi.in[i];
            hot += roi.in[i] && (double)image.v[i] / 1.1 >= rule.threshold;
        }
        sum += (double)hot / (double)all * 2 / STEPS;
    }
    assert_near(auc, sum, 1e-4);
    volume_free(&image);
    mask_free(&roi);
}
END_TEST

START_TEST(reference_regions)
{
    Grid g = grid_of(4, 1, 1, 2, 2, 2);
    Volume image = { 0 };
    Mask region = { 0 };
    ReferenceRegion r = { 0 };
    Err e = { 0 };
    assert_ok(volume_alloc(&image, &g, UNITS_SUV, NULL));
    assert_ok(mask_alloc(&region, &g, NULL));
    ck_assert_int_eq(reference_measure(&r, &image, &region, "blood", &e), ERR_INPUT);        /* empty */
    for (int i = 0; i < 3; i++) {
        image.v[i] = (float)(i + 1);
        region.in[i] = 1;
    }
    assert_ok(reference_measure(&r, &image, &region, "blood", NULL));
    ck_assert_uint_eq(r.voxels, 3);
    assert_near(r.mean, 2, 0);
    assert_near(r.sd, 1, 1e-15);
    assert_near(r.cov, 0.5, 1e-15);
    image.v[1] = NAN;
    ck_assert_int_eq(reference_measure(&r, &image, &region, "blood", &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "(1, 0, 0)"));
    image.v[1] = -9;
    ck_assert_int_eq(reference_measure(&r, &image, &region, "blood", &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "more than 0"));
    r = reference_from_value(1.3);
    ck_assert(r.voxels == 0 && r.mean == 1.3 && isnan(r.sd) && isnan(r.cov));
    volume_free(&image);
    mask_free(&region);
}
END_TEST

START_TEST(voxels_that_are_no_numbers)
{
    Volume image = { 0 };
    Mask roi = { 0 };
    FeatureVector v = { 0 };
    Err e = { 0 };
    six(&image, &roi, UNITS_SUV);
    image.v[voxel_at(&image.grid, 3, 1, 1)] = INFINITY;
    ck_assert_int_eq(hypoxia_measure(&v, "pet.nii", &image, &roi, 2, NULL, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "pet.nii: voxel (3, 1, 1) of the ROI is infinite"));
    image.v[voxel_at(&image.grid, 3, 1, 1)] = 3;
    image.v[voxel_at(&image.grid, 6, 1, 0)] = NAN;   /* beside the ROI: left out of the peak's sphere */
    assert_ok(hypoxia_measure(&v, "pet.nii", &image, &roi, 2, NULL, NULL));
    assert_value(&v, "suv_peak", 3);
    feature_vector_free(&v);
    volume_free(&image);
    mask_free(&roi);
}
END_TEST

/* Every mean of a sphere by a plain triple loop. */
static Peaks plain_peaks(const Volume *image, const Mask *roi)
{
    const Grid *g = &image->grid;
    Peaks p = { -INFINITY, -INFINITY };
    double highest = -INFINITY;
    for (int z = 0; z < g->n[2]; z++)
        for (int y = 0; y < g->n[1]; y++)
            for (int x = 0; x < g->n[0]; x++) {
                if (!roi->in[voxel_at(g, x, y, z)]) continue;
                double sum = 0, n = 0, v = (double)image->v[voxel_at(g, x, y, z)];
                for (int c = 0; c < g->n[2]; c++)
                    for (int b = 0; b < g->n[1]; b++)
                        for (int a = 0; a < g->n[0]; a++) {
                            double dx = (a - x) * g->spacing_mm[0], dy = (b - y) * g->spacing_mm[1], dz = (c - z) * g->spacing_mm[2];
                            if (dx * dx + dy * dy + dz * dz > PEAK_RADIUS_MM * PEAK_RADIUS_MM) continue;
                            sum += (double)image->v[voxel_at(g, a, b, c)];
                            n++;
                        }
                if (sum / n > p.global) p.global = sum / n;
                if (v > highest || (v == highest && sum / n > p.local)) { highest = v; p.local = sum / n; }
            }
    return p;
}

START_TEST(peaks_against_a_plain_loop)
{
    const double spacings[][3] = { { 2, 2, 2 }, { 0.977, 0.977, 3 }, { 4, 4, 4 }, { 7, 3, 1.5 }, { 20, 20, 20 } };
    Rng r = rng_stream(7, 0);
    for (size_t k = 0; k < sizeof spacings / sizeof *spacings; k++) {
        Grid g = grid_of(11, 9, 8, spacings[k][0], spacings[k][1], spacings[k][2]);
        Volume image = { 0 };
        Mask roi = { 0 };
        Peaks got = { 0 };
        assert_ok(volume_alloc(&image, &g, UNITS_SUV, NULL));
        assert_ok(mask_alloc(&roi, &g, NULL));
        for (size_t i = 0; i < grid_voxels(&g); i++) {
            image.v[i] = (float)floor(9 * rng_uniform(&r));          /* several voxels share the maximum */
            roi.in[i] = rng_uniform(&r) < 0.3;
        }
        const int shift[3] = { 0, 0, 0 };
        assert_ok(intensity_peaks(&got, image.v, g.n, g.spacing_mm, roi.in, g.n, shift, NULL));
        Peaks want = plain_peaks(&image, &roi);
        assert_near(got.global, want.global, 1e-12);
        assert_near(got.local, want.local, 1e-12);
        volume_free(&image);
        mask_free(&roi);
    }
}
END_TEST

START_TEST(changes)
{
    Arena a = { 0 };
    FeatureValue before[] = { { FEATURE_HYPOXIA_FHV, AGGREGATION_NONE, 0.4, NULL }, { FEATURE_HYPOXIA_HV_ML, AGGREGATION_NONE, 0, NULL },
                              { FEATURE_HYPOXIA_TBR_MAX, AGGREGATION_NONE, NAN, "no reference region or value is given" },
                              { FEATURE_GLCM_CONTRAST, AGGREGATION_3D_MRG, 8, NULL } };
    FeatureValue after[] = { { FEATURE_GLCM_CONTRAST, AGGREGATION_3D_MRG, 2, NULL }, { FEATURE_HYPOXIA_FHV, AGGREGATION_NONE, 0.1, NULL },
                             { FEATURE_HYPOXIA_HV_ML, AGGREGATION_NONE, 3, NULL }, { FEATURE_HYPOXIA_TBR_MAX, AGGREGATION_NONE, 2, NULL } };
    FeatureVector from = { before, 4, { 0 } }, to = { after, 4, { 0 } };
    FeatureChange *c = NULL;
    size_t n = 0;
    assert_ok(feature_changes(&c, &n, &from, &to, &a, NULL));
    ck_assert_uint_eq(n, 4);
    assert_near(c[0].delta, -0.3, 1e-15);
    assert_near(c[0].ratio, 0.25, 1e-15);
    assert_near(c[1].delta, 3, 0);
    ck_assert(isnan(c[1].ratio) && c[1].ratio_reason && !c[1].delta_reason);
    ck_assert(isnan(c[2].delta) && c[2].delta_reason == before[2].reason && c[2].ratio_reason == before[2].reason);
    assert_near(c[3].delta, -6, 0);
    assert_near(c[3].ratio, 0.25, 0);
    after[0].aggregation = AGGREGATION_3D_AVG;       /* another aggregation is another feature */
    assert_ok(feature_changes(&c, &n, &from, &to, &a, NULL));
    ck_assert_uint_eq(n, 3);
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("hypoxia");
    TCase *c = unit_case(s, "hypoxia");
    tcase_add_test(c, by_hand);
    tcase_add_test(c, no_hypoxia_is_zero_not_undefined);
    tcase_add_test(c, components);
    tcase_add_test(c, units_and_missing_definitions);
    tcase_add_test(c, auc_is_the_integral_of_fhv);
    tcase_add_test(c, reference_regions);
    tcase_add_test(c, voxels_that_are_no_numbers);
    tcase_add_test(c, peaks_against_a_plain_loop);
    tcase_add_test(c, changes);
    return s;
}

UNIT_MAIN("hypoxia")
