/* tests/unit/test_shape.c: mesh, axes and diameter of bodies with known geometry; statistics and histogram worked by hand. */
#include "tests/unit/unit.h"

#include "core/rng.h"
#include "features/diameter.h"
#include "features/mesh.h"
#include "features/order.h"
#include "features/roi.h"

static const double PI = 3.14159265358979323846;

/* ---- mesh ---- */

static Mesh mesh_of(const uint8_t *mask, int x, int y, int z, double sx, double sy, double sz, Arena *a)
{
    const int n[3] = { x, y, z };
    const double spacing[3] = { sx, sy, sz };
    Mesh m = { 0 };
    assert_ok(mesh_build(&m, mask, n, spacing, a, NULL));
    return m;
}

START_TEST(one_voxel_is_an_octahedron)
{
    /* Half-axes of half a voxel: volume 4/3 abc, area of eight triangles. */
    Arena a = { 0 };
    const uint8_t one = 1;
    Mesh m = mesh_of(&one, 1, 1, 1, 1, 1, 1, &a);
    assert_near(m.volume_mm3, 4.0 / 3 / 8, 1e-14);
    assert_near(m.area_mm2, sqrt(3), 1e-14);
    ck_assert_uint_eq(m.n_vertices, 6);
    m = mesh_of(&one, 1, 1, 1, 2, 3, 5, &a);
    assert_near(m.volume_mm3, 4.0 / 3 * 1 * 1.5 * 2.5, 1e-14);
    const double half[3] = { 1, 1.5, 2.5 };          /* area of eight triangles: 4 sqrt(a2 b2 + b2 c2 + c2 a2) */
    assert_near(m.area_mm2, 4 * sqrt(1 * 2.25 + 2.25 * 6.25 + 6.25 * 1), 1e-14);
    for (int k = 0; k < 3; k++) assert_near(m.high_mm[k] - m.low_mm[k], 2 * half[k], 1e-15);
    arena_free(&a);
}
END_TEST

START_TEST(box)
{
    /* Flat faces between the outer voxel centres, bevelled edges, corners cut off. */
    Arena a = { 0 };
    const int sizes[][3] = { { 4, 3, 2 }, { 1, 1, 5 }, { 10, 7, 6 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double p = sizes[i][0] - 1, q = sizes[i][1] - 1, r = sizes[i][2] - 1;
        uint8_t mask[420];
        memset(mask, 1, sizeof mask);
        Mesh m = mesh_of(mask, sizes[i][0], sizes[i][1], sizes[i][2], 1, 1, 1, &a);
        assert_near(m.volume_mm3, p * q * r + (p * q + q * r + r * p) + 0.5 * (p + q + r) + 1.0 / 6, 1e-13);
        assert_near(m.area_mm2, 2 * (p * q + q * r + r * p) + 4 * sqrt(0.5) * (p + q + r) + sqrt(3), 1e-13);
    }
    arena_free(&a);
}
END_TEST

static void fill_ellipsoid(uint8_t *mask, int n, const double half[3])
{
    double c = (n - 1) / 2.0;
    for (int z = 0, i = 0; z < n; z++)
        for (int y = 0; y < n; y++)
            for (int x = 0; x < n; x++, i++) {
                double u = (x - c) / half[0], v = (y - c) / half[1], w = (z - c) / half[2];
                mask[i] = u * u + v * v + w * w <= 1;
            }
}

START_TEST(ball)
{
    enum { N = 61 };
    Arena a = { 0 };
    const double half[3] = { 28.3, 28.3, 28.3 };
    uint8_t *mask = malloc(N * N * N);
    fill_ellipsoid(mask, N, half);
    Mesh m = mesh_of(mask, N, N, N, 1, 1, 1, &a);
    assert_near(m.volume_mm3, 4.0 / 3 * PI * 28.3 * 28.3 * 28.3, 5e-3);
    /* Stairs make a mesh of a binary mask rougher than the ball: the known excess of marching cubes on a mask, just under a tenth. */
    double sphere = 4 * PI * 28.3 * 28.3;
    ck_assert(m.area_mm2 > sphere && m.area_mm2 < 1.1 * sphere);
    double d = 0;
    assert_ok(largest_distance(&d, (const double (*)[3])m.vertex, m.n_vertices, &a, NULL));
    assert_near(d, 2 * 28.3, 0.02);
    arena_free(&a);
    free(mask);
}
END_TEST

START_TEST(holes_and_parts)
{
    /* Volumes of parts that do not touch add up; a hole takes away what a body of its shape has. */
    Arena a = { 0 };
    uint8_t apart[5] = { 1, 0, 0, 0, 1 }, full[125], hollow[125];
    Mesh m = mesh_of(apart, 5, 1, 1, 1, 1, 1, &a);
    assert_near(m.volume_mm3, 2.0 / 6, 1e-14);
    assert_near(m.area_mm2, 2 * sqrt(3), 1e-14);
    memset(full, 1, sizeof full);
    memset(hollow, 1, sizeof hollow);
    hollow[62] = 0;
    Mesh f = mesh_of(full, 5, 5, 5, 1, 1, 1, &a), h = mesh_of(hollow, 5, 5, 5, 1, 1, 1, &a);
    assert_near(f.volume_mm3 - h.volume_mm3, 1.0 / 6, 1e-12);
    assert_near(h.area_mm2 - f.area_mm2, sqrt(3), 1e-12);
    arena_free(&a);
}
END_TEST

START_TEST(diameter_against_all_pairs)
{
    Arena a = { 0 };
    Rng r = rng_stream(1, 0);
    for (int k = 0; k < 20; k++) {
        uint8_t mask[512];
        double density = 0.03 + 0.04 * k, want = 0, got = 0;
        for (int i = 0; i < 512; i++) mask[i] = rng_uniform(&r) < density;
        mask[100] = 1;
        Mesh m = mesh_of(mask, 8, 8, 8, 2, 0.7, 3.1, &a);
        for (size_t i = 0; i < m.n_vertices; i++)
            for (size_t j = 0; j < i; j++) {
                double d2 = 0;
                for (int c = 0; c < 3; c++) d2 += (m.vertex[i][c] - m.vertex[j][c]) * (m.vertex[i][c] - m.vertex[j][c]);
                want = fmax(want, sqrt(d2));
            }
        assert_ok(largest_distance(&got, (const double (*)[3])m.vertex, m.n_vertices, &a, NULL));
        assert_near(got, want, 1e-14);
    }
    arena_free(&a);
}
END_TEST

/* ---- families on a prepared ROI ---- */

typedef struct {
    Roi roi;
    FeatureSink *sink;
    Settings s;
    Arena a;
} Bench;

/* Voxels in a row of n, with intensities and levels. */
static void bench_init(Bench *b, const float *v, const uint16_t *level, int n, int Ng)
{
    static const uint8_t ones[512] = { [0 ... 511] = 1 };
    *b = (Bench){ .roi = { .n = { n, 1, 1 }, .spacing_mm = { 2, 2, 2 }, .intensity = v, .morphological = ones, .inside = ones,
                           .n_morphological = (size_t)n, .n_inside = (size_t)n, .level = level, .Ng = Ng } };
    b->sink = ARENA_NEW(&b->a, 1, FeatureSink);
    for (int i = 0; i < FEATURE_COUNT; i++) b->sink->wanted[i] = true;
    settings_defaults(&b->s, UNITS_SUV);
}
#define assert_cell(b, id, want) do { ck_assert((b).sink->cell[id][0].filled); assert_near_abs((b).sink->cell[id][0].value, (want), 1e-13, 1e-14); } while (0)

START_TEST(statistics_by_hand)
{
    const float v[] = { 4, 1, 3, 2, 10 };            /* sorted 1 2 3 4 10 */
    Bench b;
    bench_init(&b, v, NULL, 5, 0);
    assert_ok(statistics_features(b.sink, &b.roi, &b.s, &b.a, NULL));
    assert_cell(b, FEATURE_STATISTICS_MEAN_INTENSITY, 4);
    assert_cell(b, FEATURE_STATISTICS_INTENSITY_VARIANCE, 10);               /* (9 + 4 + 1 + 0 + 36) / 5 */
    assert_cell(b, FEATURE_STATISTICS_INTENSITY_SKEWNESS, 36 / pow(10, 1.5));/* (-27 - 8 - 1 + 216) / 5 = 36 */
    assert_cell(b, FEATURE_STATISTICS_EXCESS_INTENSITY_KURTOSIS, -0.212);    /* (81 + 16 + 1 + 1296) / 5 = 278.8; 2.788 - 3 */
    assert_cell(b, FEATURE_STATISTICS_MEDIAN_INTENSITY, 3);
    assert_cell(b, FEATURE_STATISTICS_10TH_INTENSITY_PERCENTILE, 1.4);
    assert_cell(b, FEATURE_STATISTICS_90TH_INTENSITY_PERCENTILE, 7.6);
    assert_cell(b, FEATURE_STATISTICS_INTENSITY_INTERQUARTILE_RANGE, 2);
    assert_cell(b, FEATURE_STATISTICS_INTENSITY_RANGE, 9);
    assert_cell(b, FEATURE_STATISTICS_MEAN_ABSOLUTE_DEVIATION, 2.4);
    assert_cell(b, FEATURE_STATISTICS_ROBUST_MEAN_ABSOLUTE_DEVIATION, 2.0 / 3);      /* of 2 3 4 */
    assert_cell(b, FEATURE_STATISTICS_MEDIAN_ABSOLUTE_DEVIATION, 2.2);
    assert_cell(b, FEATURE_STATISTICS_COEFFICIENT_OF_VARIATION, sqrt(10) / 4);
    assert_cell(b, FEATURE_STATISTICS_QUARTILE_COEFFICIENT_OF_DISPERSION, 2.0 / 6);
    assert_cell(b, FEATURE_STATISTICS_ENERGY, 130);
    assert_cell(b, FEATURE_STATISTICS_ROOT_MEAN_SQUARE_INTENSITY, sqrt(26));
    arena_free(&b.a);
}
END_TEST

START_TEST(histogram_by_hand)
{
    const float v[] = { 0, 0, 0, 0, 0, 0, 0, 0 };
    const uint16_t level[] = { 2, 2, 2, 3, 3, 3, 5, 6 };     /* counts 0 3 3 0 1 1; mean 26/8 */
    Bench b;
    bench_init(&b, v, level, 8, 6);
    assert_ok(intensity_histogram_features(b.sink, &b.roi, &b.s, &b.a, NULL));
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_MEAN_DISCRETISED_INTENSITY, 3.25);
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_MODE, 3);                     /* both have 3, 3 is nearer to the mean */
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_MEDIAN_DISCRETISED_INTENSITY, 3);
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_90TH_DISCRETISED_INTENSITY_PERCENTILE, 5.3);  /* rank 6.3: 5 + 0.3 */
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_INTERQUARTILE_RANGE, 1.5);  /* 3.5 - 2: rank 5.25 is 3 + 0.25*2 */
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_ENTROPY, 0.75 * log2(8.0 / 3) + 0.25 * 3);
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_UNIFORMITY, 20.0 / 64);
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_MAXIMUM_HISTOGRAM_GRADIENT, 3);       /* at level 1, one-sided */
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_MAXIMUM_HISTOGRAM_GRADIENT_INTENSITY, 1);
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_MINIMUM_HISTOGRAM_GRADIENT, -1.5);
    assert_cell(b, FEATURE_INTENSITY_HISTOGRAM_MINIMUM_HISTOGRAM_GRADIENT_INTENSITY, 3);
    arena_free(&b.a);
}
END_TEST

START_TEST(ivh_by_hand)
{
    /* Bins of 1 from 0, ten voxels 0.5 … 9.5, one in each: shares 1, 0.9 … 0.1 at centres 0.5 … 9.5. */
    float v[10];
    Bench b;
    for (int i = 0; i < 10; i++) v[i] = (float)i + 0.5f;
    bench_init(&b, v, NULL, 10, 0);
    b.s.ivh = (Binning){ .method = BINS_FIXED_SIZE, .bin_size = 1, .origin = 0 };
    assert_ok(ivh_features(b.sink, &b.roi, &b.s, &b.a, NULL));
    assert_cell(b, FEATURE_IVH_V10, 0.9);            /* fractions are k/9: the first that reaches 0.1 is k = 1 */
    assert_cell(b, FEATURE_IVH_V90, 0.1);            /* k = 9 */
    assert_cell(b, FEATURE_IVH_I10, 9.5);
    assert_cell(b, FEATURE_IVH_I90, 1.5);
    assert_cell(b, FEATURE_IVH_AREA_UNDER_THE_IVH_CURVE, 0.55);
    arena_free(&b.a);

    /* The axis spans the range, wherever its bins begin: -2 … 18 is 20 steps, the bins below 0 and above 10 empty. */
    bench_init(&b, v, NULL, 10, 0);
    b.s.ivh = (Binning){ .method = BINS_FIXED_SIZE, .bin_size = 1, .origin = -100 };
    b.s.range[0] = -2;
    b.s.range[1] = 18;
    assert_ok(ivh_features(b.sink, &b.roi, &b.s, &b.a, NULL));
    assert_cell(b, FEATURE_IVH_V10, 1);              /* k >= 1.9: the bin of 0 to 1 */
    assert_cell(b, FEATURE_IVH_V90, 0);
    assert_cell(b, FEATURE_IVH_I10, 9.5);
    arena_free(&b.a);

    /* An open low end is the ROI's. */
    bench_init(&b, v, NULL, 10, 0);
    b.s.ivh = (Binning){ .method = BINS_FIXED_SIZE, .bin_size = 1, .origin = -100 };
    b.s.range[0] = -INFINITY;
    assert_ok(ivh_features(b.sink, &b.roi, &b.s, &b.a, NULL));
    assert_cell(b, FEATURE_IVH_V10, 0.9);
    arena_free(&b.a);
}
END_TEST

START_TEST(axes_of_a_rod)
{
    /* n voxels in a row of spacing d: variance d^2 (n^2 - 1)/12 * n/(n - 1) along it, none across. */
    const float v[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    Bench b;
    Mesh m = { 0 };
    bench_init(&b, v, NULL, 9, 0);
    assert_ok(mesh_build(&m, b.roi.morphological, b.roi.n, b.roi.spacing_mm, &b.a, NULL));
    b.roi.mesh = &m;
    assert_ok(morphology_features(b.sink, &b.roi, &b.s, &b.a, NULL));
    assert_cell(b, FEATURE_MORPHOLOGY_MAJOR_AXIS_LENGTH, 4 * sqrt(4 * 80.0 / 12 * 9 / 8));
    assert_cell(b, FEATURE_MORPHOLOGY_MINOR_AXIS_LENGTH, 0);
    assert_cell(b, FEATURE_MORPHOLOGY_ELONGATION, 0);
    assert_cell(b, FEATURE_MORPHOLOGY_MAXIMUM_3D_DIAMETER, 18);
    assert_cell(b, FEATURE_MORPHOLOGY_CENTRE_OF_MASS_SHIFT, 0);
    ck_assert_ptr_nonnull(b.sink->cell[FEATURE_MORPHOLOGY_VOLUME_DENSITY_APPROXIMATE_ENCLOSING_ELLIPSOID][0].reason);
    arena_free(&b.a);
}
END_TEST

START_TEST(sorting)
{
    Rng r = rng_stream(2, 0);
    float x[1000], y[1000], scratch[1000];
    for (int i = 0; i < 1000; i++) x[i] = y[i] = (float)(rng_normal(&r) * pow(10, 6 * rng_uniform(&r) - 3));
    x[17] = y[17] = -0.0f;
    x[18] = y[18] = 0.0f;
    sort_floats(x, scratch, 1000);
    for (int i = 1; i < 1000; i++) ck_assert(x[i - 1] <= x[i]);
    double a = 0, b = 0;
    for (int i = 0; i < 1000; i++) { a += (double)x[i]; b += (double)y[i]; }
    assert_near_abs(a, b, 1e-9, 1e-6);
    const float q[] = { 1, 2, 3, 4 };
    assert_near(quantile_floats(q, 4, 0.25), 1.75, 1e-15);
    assert_near(quantile_floats(q, 1, 0.9), 1, 0);
    assert_near(quantile_floats(q, 4, 1), 4, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("shape");
    TCase *c = unit_case(s, "shape");
    tcase_add_test(c, one_voxel_is_an_octahedron);
    tcase_add_test(c, box);
    tcase_add_test(c, ball);
    tcase_add_test(c, holes_and_parts);
    tcase_add_test(c, diameter_against_all_pairs);
    tcase_add_test(c, statistics_by_hand);
    tcase_add_test(c, histogram_by_hand);
    tcase_add_test(c, ivh_by_hand);
    tcase_add_test(c, axes_of_a_rod);
    tcase_add_test(c, sorting);
    return s;
}

UNIT_MAIN("shape")
