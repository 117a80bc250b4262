/* tests/unit/test_prepare.c: interpolation, the border of the image, re-segmentation and rounding. */
#include "tests/unit/unit.h"

#include "core/rng.h"
#include "features/prepare.h"

typedef struct { Volume image; Mask mask; } Case;

static Case case_of(const int n[3], const double spacing[3])
{
    const double origin[3] = { -7, 3, 11 };
    Grid g = { { n[0], n[1], n[2] }, { spacing[0], spacing[1], spacing[2] }, affine_from_spacing(spacing, origin) };
    Case c = { { { { 0 }, { 0 }, { { { 0 } } } }, UNITS_SUV, NULL }, { { { 0 }, { 0 }, { { { 0 } } } }, NULL } };
    assert_ok(volume_alloc(&c.image, &g, UNITS_SUV, NULL));
    assert_ok(mask_alloc(&c.mask, &g, NULL));
    return c;
}

static void case_free(Case *c)
{
    volume_free(&c->image);
    mask_free(&c->mask);
}

static double plane(const double p[3]) { return 3 + 0.25 * p[0] - 0.5 * p[1] + 0.125 * p[2]; }

/* Interpolated values of an image, by voxel of the new grid. */
static void prepare(Roi *roi, const Case *c, const Settings *s, Arena *a)
{
    Err e = { 0 };
    ExtractInput in = { .name = "test", .image = &c->image, .mask = &c->mask, .reference = NAN };
    assert_ok_e(roi_prepare(roi, NULL, &in, s, false, a, &e), e);
}

START_TEST(planes_are_reproduced)
{
    const int n[3] = { 24, 20, 22 };
    const double spacing[3] = { 2, 3, 1.5 };
    static const double targets[][3] = { { 1, 1, 1 }, { 2.7, 2.7, 2.7 }, { 2, 1.1, 1.5 }, { 5, 4, 3 } };
    for (size_t k = 0; k < sizeof targets / sizeof *targets; k++)
        for (int how = INTERPOLATE_LINEAR; how <= INTERPOLATE_CUBIC; how++) {
            Case c = case_of(n, spacing);
            Arena a = { 0 };
            Roi roi = { 0 };
            Settings s = { 0 };
            settings_defaults(&s, UNITS_SUV);
            s.range[0] = -INFINITY;
            s.has_spacing = true;
            s.image = (Interpolation)how;
            memcpy(s.spacing_mm, targets[k], sizeof s.spacing_mm);
            for (int z = 0; z < n[2]; z++)
                for (int y = 0; y < n[1]; y++)
                    for (int x = 0; x < n[0]; x++) {
                        const double p[3] = { (x - 11.5) * spacing[0], (y - 9.5) * spacing[1], (z - 10.5) * spacing[2] };
                        c.image.v[voxel_at(&c.image.grid, x, y, z)] = (float)plane(p);
                        /* Away from the border, where the spline's mirrored continuation bends a plane. */
                        c.mask.in[voxel_at(&c.image.grid, x, y, z)] = abs(2 * x - 23) < 5 && abs(2 * y - 19) < 5 && abs(2 * z - 21) < 5;
                    }
            prepare(&roi, &c, &s, &a);
            ck_assert_uint_gt(roi.n_inside, 0);
            size_t i = 0;
            for (int z = 0; z < roi.n[2]; z++)
                for (int y = 0; y < roi.n[1]; y++)
                    for (int x = 0; x < roi.n[0]; x++, i++) {
                        /* The new grid has ceil(n * old / new) voxels and the same centre. */
                        const int at[3] = { x, y, z };
                        double p[3];
                        for (int b = 0; b < 3; b++) {
                            double size = ceil(n[b] * spacing[b] / targets[k][b] - 1e-9);
                            p[b] = (at[b] + roi.offset[b] - (size - 1) / 2) * targets[k][b];
                        }
                        assert_near_abs((double)roi.intensity[i], plane(p), 0, how == INTERPOLATE_LINEAR ? 1e-5 : 2e-4);
                    }
            arena_free(&a);
            case_free(&c);
        }
}
END_TEST

START_TEST(spline_passes_through_the_voxels)
{
    /* A third of the spacing: every third sample stands on a voxel and is its value, whatever is around it. */
    const int n[3] = { 9, 50, 7 };
    const double spacing[3] = { 3, 3, 3 };
    Case c = case_of(n, spacing);
    Rng r = rng_stream(5, 0);
    Arena a = { 0 };
    Roi roi = { 0 };
    Settings s = { 0 };
    settings_defaults(&s, UNITS_SUV);
    s.range[0] = -INFINITY;
    s.has_spacing = true;
    s.spacing_mm[0] = s.spacing_mm[1] = s.spacing_mm[2] = 1;
    for (size_t i = 0; i < grid_voxels(&c.image.grid); i++) {
        c.image.v[i] = (float)rng_normal(&r);
        c.mask.in[i] = 1;
    }
    prepare(&roi, &c, &s, &a);
    ck_assert(roi.n[0] == 27 && roi.n[1] == 150 && roi.n[2] == 21);
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < n[0]; x++) {
                size_t i = ((size_t)(3 * z + 1) * 150 + (size_t)(3 * y + 1)) * 27 + (size_t)(3 * x + 1);
                assert_near_abs((double)roi.intensity[i], (double)c.image.v[voxel_at(&c.image.grid, x, y, z)], 0, 1e-6);
            }
    /* The first sample lies outside the old grid and takes the value at its edge. */
    assert_near_abs((double)roi.intensity[0], (double)c.image.v[0], 0, 1e-6);
    arena_free(&a);
    case_free(&c);
}
END_TEST

START_TEST(mask_at_the_border_keeps_its_voxels)
{
    /* An ROI from the first to the last slice of a grid that grows: nothing is lost at the edge. */
    const int n[3] = { 10, 10, 5 };
    const double spacing[3] = { 2, 2, 5 };
    Case c = case_of(n, spacing);
    Arena a = { 0 };
    Roi roi = { 0 };
    Settings s = { 0 };
    settings_defaults(&s, UNITS_SUV);
    s.has_spacing = true;
    s.spacing_mm[0] = s.spacing_mm[1] = 1;
    s.spacing_mm[2] = 2;
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < 4; x++) c.mask.in[voxel_at(&c.mask.grid, x, y, z)] = 1;
    prepare(&roi, &c, &s, &a);
    ck_assert(roi.offset[0] == 0 && roi.offset[1] == 0 && roi.offset[2] == 0);
    ck_assert_int_eq(roi.n[2], 13);                  /* ceil(25 / 2) */
    ck_assert_int_eq(roi.n[1], 20);
    ck_assert_int_eq(roi.n[0], 8);                   /* half a voxel past the fourth one's centre is where it falls below a half */
    ck_assert_uint_eq(roi.n_morphological, 8 * 20 * 13);
    arena_free(&a);
    case_free(&c);
}
END_TEST

START_TEST(resegmentation_and_rounding)
{
    const int n[3] = { 5, 1, 1 };
    const double spacing[3] = { 1, 1, 1 };
    Case c = case_of(n, spacing);
    const float v[] = { 0.6f, 1.4f, 2.5f, 3.4f, 100 };
    Arena a = { 0 };
    Roi roi = { 0 };
    Settings s = { 0 };
    settings_defaults(&s, UNITS_SUV);
    memcpy(c.image.v, v, sizeof v);
    memset(c.mask.in, 1, 5);
    s.round = true;
    prepare(&roi, &c, &s, &a);
    ck_assert(roi.intensity[0] == 1 && roi.intensity[1] == 1 && roi.intensity[2] == 2 && roi.intensity[3] == 3);
    s.round = false;
    s.range[0] = 1;
    s.range[1] = 3.4000000953674316;                 /* both ends belong to the range */
    prepare(&roi, &c, &s, &a);
    ck_assert_uint_eq(roi.n_inside, 3);
    ck_assert(!roi.inside[0] && roi.inside[1] && roi.inside[3] && !roi.inside[4]);
    ck_assert_uint_eq(roi.n_morphological, 5);
    /* The outlier limits are of the whole ROI: mean 21.58, sd 39.22 (divisor n); what the range leaves has nothing to do with it. */
    s.outlier_sigma = 0.5;
    prepare(&roi, &c, &s, &a);
    ck_assert_uint_eq(roi.n_inside, 2);              /* from 21.58 - 19.61 = 1.97 to 3.4; the limits of the rest alone: 2.02 to 2.84 */
    ck_assert(roi.inside[2] && roi.inside[3]);
    arena_free(&a);
    case_free(&c);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("prepare");
    TCase *c = unit_case(s, "prepare");
    tcase_add_test(c, planes_are_reproduced);
    tcase_add_test(c, spline_passes_through_the_voxels);
    tcase_add_test(c, mask_at_the_border_keeps_its_voxels);
    tcase_add_test(c, resegmentation_and_rounding);
    return s;
}

UNIT_MAIN("prepare")
