/* tests/unit/test_moran_geary.c: features/moran_geary.c against the double sum that defines both measures. */
#include "unit.h"

#include "features/moran_geary.h"

static double noise(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / (double)(1u << 24);
}

static void direct(double *moran, double *geary, const float *v, const uint8_t *in, const int n[3], const double mm[3])
{
    long double mean = 0, squares = 0, s0 = 0, cross = 0, gap = 0;
    int total = n[0] * n[1] * n[2], count = 0;
    for (int i = 0; i < total; i++) if (in[i]) { mean += v[i]; count++; }
    mean /= count;
    for (int i = 0; i < total; i++) if (in[i]) squares += (v[i] - mean) * (v[i] - mean);
    for (int i = 0; i < total; i++)
        for (int j = 0; j < total && in[i]; j++) {
            if (i == j || !in[j]) continue;
            long double x = mm[0] * (i % n[0] - j % n[0]), y = mm[1] * (i / n[0] % n[1] - j / n[0] % n[1]);
            long double z = mm[2] * (i / n[0] / n[1] - j / n[0] / n[1]), w = 1 / sqrtl(x * x + y * y + z * z);
            s0 += w;
            cross += w * (v[i] - mean) * (v[j] - mean);
            gap += w * ((long double)v[i] - v[j]) * ((long double)v[i] - v[j]);
        }
    *moran = (double)(count / s0 * cross / squares);
    *geary = (double)((count - 1) / (2 * s0) * gap / squares);
}

static void fill(float *v, uint8_t *in, size_t total, unsigned seed, double share)
{
    for (size_t i = 0; i < total; i++) { v[i] = (float)(1000 * noise(&seed) - 300); in[i] = noise(&seed) < share; }
}

START_TEST(two_voxels_by_hand)
{
    /* Values m-1, m+1 and weight w: S0 = 2w, sum y (w*y) = -2w, sum y^2 = 2. I = 2/2w (-2w)/2 = -1, C = 1/4w (8w)/2 = 1. */
    float v[] = { 3, 9, 5 };                                   /* the middle one is outside */
    uint8_t in[] = { 1, 0, 1 };
    double moran, geary;
    assert_ok(moran_geary(&moran, &geary, v, in, (int[3]){ 3, 1, 1 }, (double[3]){ 1, 2, 3 }, &e_));
    assert_near(moran, -1, 1e-14);
    assert_near(geary, 1, 1e-14);
}
END_TEST

START_TEST(all_pairs)
{
    static const int sizes[][3] = { { 17, 12, 13 }, { 1, 9, 5 }, { 6, 1, 7 }, { 40, 3, 1 }, { 2, 2, 2 }, { 11, 23, 10 } };
    static const double mm[][3] = { { 1, 1, 1 }, { 0.977, 0.977, 3 }, { 2, 5, 0.3 }, { 4, 4, 4 }, { 1, 2, 3 }, { 3.9, 3.9, 3.27 } };
    for (size_t c = 0; c < sizeof sizes / sizeof *sizes; c++) {
        size_t total = (size_t)sizes[c][0] * (size_t)sizes[c][1] * (size_t)sizes[c][2];
        float *v = malloc(total * sizeof *v);
        uint8_t *in = malloc(total);
        double moran, geary, moran_direct, geary_direct;
        fill(v, in, total, 7 + (unsigned)c, total > 100 ? 0.8 : 1);
        assert_ok(moran_geary(&moran, &geary, v, in, sizes[c], mm[c], &e_));
        direct(&moran_direct, &geary_direct, v, in, sizes[c], mm[c]);
        assert_near_abs(moran, moran_direct, 1e-12, 1e-13);
        assert_near(geary, geary_direct, 1e-12);
        free(v);
        free(in);
    }
}
END_TEST

/* Empty rows around the voxels, mirrored axes, other units of intensity, longer millimetres: nothing changes. */
START_TEST(invariances)
{
    const int n[3] = { 9, 7, 6 }, wide[3] = { 13, 8, 11 };
    float v[9 * 7 * 6], turned[9 * 7 * 6], *w = calloc(13 * 8 * 11, sizeof *w);
    uint8_t in[9 * 7 * 6], turned_in[9 * 7 * 6], *w_in = calloc(13 * 8 * 11, 1);
    double i0, c0, i1, c1;
    fill(v, in, 9 * 7 * 6, 3, 0.7);
    assert_ok(moran_geary(&i0, &c0, v, in, n, (double[3]){ 1, 2, 3 }, &e_));
    for (int z = 0; z < 6; z++)
        for (int y = 0; y < 7; y++)
            for (int x = 0; x < 9; x++) {
                int from = (z * 7 + y) * 9 + x, to = ((z + 4) * 8 + y + 1) * 13 + x + 2, mirror = (z * 7 + 6 - y) * 9 + 8 - x;
                w[to] = v[from] * 4 - 100;
                w_in[to] = in[from];
                turned[mirror] = v[from];
                turned_in[mirror] = in[from];
            }
    assert_ok(moran_geary(&i1, &c1, w, w_in, wide, (double[3]){ 10, 20, 30 }, &e_));
    assert_near(i1, i0, 1e-6);                                 /* v*4-100 is rounded to float */
    assert_near(c1, c0, 1e-6);
    assert_ok(moran_geary(&i1, &c1, turned, turned_in, n, (double[3]){ 1, 2, 3 }, &e_));
    assert_near(i1, i0, 1e-12);
    assert_near(c1, c0, 1e-12);
    free(w);
    free(w_in);
}
END_TEST

START_TEST(undefined)
{
    float v[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    uint8_t none[8] = { 0 }, one[8] = { 0, 0, 1 }, all[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    const uint8_t *masks[] = { none, one, all };
    for (int k = 0; k < 3; k++) {
        double moran = 0, geary = 0;
        assert_ok(moran_geary(&moran, &geary, v, masks[k], (int[3]){ 2, 2, 2 }, (double[3]){ 1, 1, 1 }, &e_));
        ck_assert(isnan(moran) && isnan(geary));
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("moran_geary");
    TCase *c = unit_case(s, "moran_geary");
    tcase_add_test(c, two_voxels_by_hand);
    tcase_add_test(c, all_pairs);
    tcase_add_test(c, invariances);
    tcase_add_test(c, undefined);
    return s;
}
UNIT_MAIN("moran_geary")
