/* tests/unit/test_texture.c: the texture matrices and their features: small images worked by hand, slow and obvious ways of
 * counting, and what must not change when an image is turned, moved or its grey levels exchanged. */
#include "unit.h"

#include "features/glcm.h"
#include "features/glrlm.h"
#include "features/ngldm.h"
#include "features/ngtdm.h"
#include "features/zones.h"

static unsigned state = 1;
static int below(int n)
{
    state = state * 1664525u + 1013904223u;
    return (int)((state >> 8) % (unsigned)n);
}

static LevelBox box_of(const uint16_t *level, int nx, int ny, int nz, int Ng, int margin)
{
    LevelBox b;
    assert_ok(level_box_build(&b, level, (const int[3]){ nx, ny, nz }, Ng, margin, &e_));
    return b;
}

/* Every family and aggregation of one image. */
typedef struct {
    double glcm[AGGREGATION_COUNT][GLCM_FEATURES], ngtdm[AGGREGATION_COUNT][NGTDM_FEATURES];
    double glrlm[AGGREGATION_COUNT][SIZE_FEATURES], glszm[AGGREGATION_COUNT][SIZE_FEATURES];
    double gldzm[AGGREGATION_COUNT][SIZE_FEATURES], ngldm[AGGREGATION_COUNT][SIZE_FEATURES];
} All;

static All *all_of(const uint16_t *level, int nx, int ny, int nz, int Ng)
{
    All *v = calloc(1, sizeof *v);
    LevelBox b = box_of(level, nx, ny, nz, Ng, 1);
    bool wanted[AGGREGATION_COUNT];
    Zones slices = { 0 }, volume = { 0 };
    Neighbours near = { 0 }, around = { 0 };
    size_t total = (size_t)nx * (size_t)ny * (size_t)nz;
    uint8_t *mask = malloc(total);
    uint16_t *distance = malloc(total * sizeof *distance);
    for (int a = 0; a < AGGREGATION_COUNT; a++) wanted[a] = true;
    for (size_t i = 0; i < total; i++) mask[i] = level[i] != 0;
    assert_ok(glcm_aggregations(v->glcm, wanted, &b, 1, &e_));
    assert_ok(glrlm_aggregations(v->glrlm, wanted, &b, &e_));
    distance_map(distance, mask, b.n, true);
    assert_ok(zones_find(&slices, &b, distance, true, &e_));
    distance_map(distance, mask, b.n, false);
    assert_ok(zones_find(&volume, &b, distance, false, &e_));
    assert_ok(zones_aggregations(v->glszm, wanted, &b, &slices, &volume, false, &e_));
    assert_ok(zones_aggregations(v->gldzm, wanted, &b, &slices, &volume, true, &e_));
    assert_ok(neighbours_build(&near, &b, 1, 0, true, &e_));
    assert_ok(neighbours_build(&around, &b, 1, 0, false, &e_));
    assert_ok(ngtdm_aggregations(v->ngtdm, wanted, &b, &near, &around, &e_));
    assert_ok(ngldm_aggregations(v->ngldm, wanted, &b, &near, &around, 1, &e_));
    neighbours_free(&near);
    neighbours_free(&around);
    zones_free(&slices);
    zones_free(&volume);
    level_box_free(&b);
    free(mask);
    free(distance);
    return v;
}

#define CM(slot) (FEATURE_GLCM_##slot - GLCM_FIRST)
#define TD(slot) (FEATURE_NGTDM_##slot - NGTDM_FIRST)

/* The image of the worked examples of the IBSI reference manual's chapter on texture: four levels, one slice. */
static const uint16_t example[16] = { 1, 2, 2, 3,
                                      1, 2, 3, 3,
                                      4, 2, 4, 1,
                                      4, 1, 2, 3 };

/* Along x: pairs 1-2 three times, 2-2 once, 2-3 three times, 3-3 once, 2-4 twice, 1-4 twice: 12, symmetric 24. */
START_TEST(glcm_by_hand)
{
    LevelBox b = box_of(example, 4, 4, 1, 4, 1);
    uint32_t m[25] = { 0 };
    double v[GLCM_FEATURES];
    glcm_count(m, &b, 0, b.voxels, 1);
    ck_assert_uint_eq(m[1 * 5 + 2] + m[2 * 5 + 1], 3);
    ck_assert_uint_eq(m[2 * 5 + 2], 1);
    ck_assert_uint_eq(m[2 * 5 + 3] + m[3 * 5 + 2], 3);
    ck_assert_uint_eq(m[2 * 5 + 4] + m[4 * 5 + 2], 2);
    ck_assert_uint_eq(m[1 * 5 + 4] + m[4 * 5 + 1], 2);
    ck_assert_uint_eq(m[1 * 5 + 1] + m[1 * 5 + 3] + m[3 * 5 + 1] + m[3 * 5 + 4] + m[4 * 5 + 3] + m[4 * 5 + 4], 0);
    assert_ok(glcm_matrix_features(v, m, &b, &e_));
    assert_near(v[CM(JOINT_MAXIMUM)], 3.0 / 24, 1e-15);
    assert_near(v[CM(ANGULAR_SECOND_MOMENT)], 60.0 / 576, 1e-15);
    assert_near(v[CM(CONTRAST)], 32.0 / 12, 1e-15);
    assert_near(v[CM(DISSIMILARITY)], (3 + 3 + 4 + 6) / 12.0, 1e-15);
    assert_near(v[CM(JOINT_AVERAGE)], (5 * 1 + 10 * 2 + 5 * 3 + 4 * 4) / 24.0, 1e-15);   /* levels in 24 ends: 5 10 5 4 */
    assert_near(v[CM(AUTOCORRELATION)], (3 * 2 + 4 + 3 * 6 + 9 + 2 * 8 + 2 * 4) / 12.0, 1e-14);
    assert_near(v[CM(INVERSE_DIFFERENCE)], (2 * 1 + 6 / 2.0 + 2 / 3.0 + 2 / 4.0) / 12, 1e-15);
    assert_near(v[CM(NORMALISED_INVERSE_DIFFERENCE_MOMENT)], (2 * 1 + 6 / (1 + 1 / 16.0) + 2 / (1 + 4 / 16.0) + 2 / (1 + 9 / 16.0)) / 12, 1e-15);
    assert_near(v[CM(INVERSE_VARIANCE)], (6 + 2 / 4.0 + 2 / 9.0) / 12, 1e-15);
    double mu = 56.0 / 24, variance = 0, covariance = (3 * 2 + 4 + 3 * 6 + 9 + 2 * 8 + 2 * 4) / 12.0 - mu * mu;
    static const double ends[5] = { 0, 5, 10, 5, 4 };
    for (int i = 1; i < 5; i++) variance += ends[i] / 24 * (i - mu) * (i - mu);
    assert_near(v[CM(JOINT_VARIANCE)], variance, 1e-14);
    assert_near(v[CM(CORRELATION)], covariance / variance, 1e-13);
    double hxy = -(4 * 3 / 24.0 * log2(3 / 24.0) + 6 * 2 / 24.0 * log2(2 / 24.0)), hx = 0;
    for (int i = 1; i < 5; i++) hx -= ends[i] / 24 * log2(ends[i] / 24);
    assert_near(v[CM(JOINT_ENTROPY)], hxy, 1e-14);
    assert_near(v[CM(INFORMATION_CORRELATION_1)], (hxy - 2 * hx) / hx, 1e-13);
    assert_near(v[CM(INFORMATION_CORRELATION_2)], sqrt(1 - exp(-2 * (2 * hx - hxy))), 1e-13);
    level_box_free(&b);
}
END_TEST

/* Along x: two runs of length 2 (of 2 and of 3), twelve of length 1 (levels 1 to 4: 4 3 2 3). */
START_TEST(glrlm_by_hand)
{
    LevelBox b = box_of(example, 4, 4, 1, 4, 1);
    SizeMatrix m;
    double v[SIZE_FEATURES];
    assert_ok(size_matrix_init(&m, 4, 4, &e_));
    assert_ok(glrlm_count(&m, &b, 0, b.voxels, direction_3d[0], &e_));
    assert_ok(size_matrix_features(v, &m, 1, 4, 16, &e_));
    assert_near(v[SIZE_SMALL_EMPHASIS], (12 + 2 / 4.0) / 14, 1e-15);
    assert_near(v[SIZE_LARGE_EMPHASIS], (12 + 2 * 4) / 14.0, 1e-15);
    assert_near(v[SIZE_LOW_LEVEL_EMPHASIS], (4 + 4 / 4.0 + 3 / 9.0 + 3 / 16.0) / 14, 1e-15);
    assert_near(v[SIZE_HIGH_LEVEL_EMPHASIS], (4 + 4 * 4 + 3 * 9 + 3 * 16) / 14.0, 1e-15);
    assert_near(v[SIZE_LARGE_HIGH_EMPHASIS], (4 + 3 * 4 + 4 * 4 + 2 * 9 + 4 * 9 + 3 * 16) / 14.0, 1e-15);
    assert_near(v[SIZE_SMALL_LOW_EMPHASIS], (4 + (3 + 0.25) / 4 + (2 + 0.25) / 9 + 3 / 16.0) / 14, 1e-15);
    assert_near(v[SIZE_LEVEL_NON_UNIFORMITY], (16 + 16 + 9 + 9) / 14.0, 1e-15);
    assert_near(v[SIZE_NON_UNIFORMITY], (144 + 4) / 14.0, 1e-15);
    assert_near(v[SIZE_PERCENTAGE], 14 / 16.0, 1e-15);
    assert_near(v[SIZE_VARIANCE], (12 * 1 + 2 * 4) / 14.0 - 16.0 / 14 * 16 / 14, 1e-14);
    assert_near(v[SIZE_ENTROPY], log2(14) - (4 * 2 + 3 * log2(3) + 2 + 3 * log2(3)) / 14, 1e-14);
    size_matrix_free(&m);
    level_box_free(&b);
}
END_TEST

/* Zones, 8-connected: 1: 2 1 1; 2: 5; 3: 3 1; 4: 2 1. All touch the border but the 4 in the middle, at distance 2. */
START_TEST(zones_by_hand)
{
    All *v = all_of(example, 4, 4, 1, 4);
    assert_near(v->glszm[AGGREGATION_2D][SIZE_SMALL_EMPHASIS], (1 / 4.0 + 1 + 1 + 1 / 25.0 + 1 / 9.0 + 1 + 1 / 4.0 + 1) / 8, 1e-15);
    assert_near(v->glszm[AGGREGATION_2D][SIZE_LARGE_EMPHASIS], 46 / 8.0, 1e-15);
    assert_near(v->glszm[AGGREGATION_2D][SIZE_PERCENTAGE], 8 / 16.0, 1e-15);
    assert_near(v->glszm[AGGREGATION_2D][SIZE_NON_UNIFORMITY], (16 + 4 + 1 + 1) / 8.0, 1e-15);   /* sizes 1 2 3 5: 4 2 1 1 zones */
    assert_near(v->gldzm[AGGREGATION_2D][SIZE_LARGE_EMPHASIS], (7 + 4) / 8.0, 1e-15);
    assert_near(v->gldzm[AGGREGATION_2D][SIZE_LARGE_HIGH_EMPHASIS], (3 + 4 + 2 * 9 + 16 + 4 * 16) / 8.0, 1e-15);
    assert_near(v->gldzm[AGGREGATION_3D][SIZE_LARGE_EMPHASIS], 1, 1e-15);                        /* above and below is outside */
    free(v);
}
END_TEST

/* 1 2 4 in a row: means of the neighbours 2, 2.5, 2; so s = 1, 0.5, 2 and p = 1/3 each. */
START_TEST(ngtdm_by_hand)
{
    All *v = all_of((const uint16_t[]){ 1, 2, 4 }, 3, 1, 1, 4);
    const double *t = v->ngtdm[AGGREGATION_3D];
    assert_near(t[TD(COARSENESS)], 3 / 3.5, 1e-15);
    assert_near(t[TD(CONTRAST)], 2 * (1 + 9 + 4) / 9.0 / 6 * (3.5 / 3), 1e-15);
    assert_near(t[TD(BUSYNESS)], 3.5 / 3 / (2 * (1 + 3 + 2) / 3.0), 1e-15);
    assert_near(t[TD(COMPLEXITY)], 2 * (0.75 + 4.5 + 2.5) / 3, 1e-15);
    assert_near(t[TD(STRENGTH)], 2 * (2 / 3.0) * 14 / 3.5, 1e-15);
    free(v);
}
END_TEST

START_TEST(ngldm_by_hand)
{
    const uint16_t row[] = { 1, 1, 2 };
    All *v = all_of(row, 3, 1, 1, 2);
    assert_near(v->ngldm[AGGREGATION_3D][SIZE_SMALL_EMPHASIS], (0.25 + 0.25 + 1) / 3, 1e-15);
    assert_near(v->ngldm[AGGREGATION_3D][SIZE_LARGE_EMPHASIS], (4 + 4 + 1) / 3.0, 1e-15);
    assert_near(v->ngldm[AGGREGATION_3D][SIZE_ENERGY], (4 + 1) / 9.0, 1e-15);
    assert_near(v->ngldm[AGGREGATION_3D][SIZE_PERCENTAGE], 1, 1e-15);
    free(v);
    LevelBox b = box_of(row, 3, 1, 1, 2, 2);
    Neighbours n;
    assert_ok(neighbours_build(&n, &b, 1, 1, false, &e_));     /* levels that differ by one are alike; outside is not level 0 */
    ck_assert(n.alike[0] == 1 && n.alike[1] == 2 && n.alike[2] == 1);
    neighbours_free(&n);
    assert_ok(neighbours_build(&n, &b, 2, 0, false, &e_));
    ck_assert(n.count[0] == 2 && n.sum[0] == 3 && n.alike[0] == 1);
    neighbours_free(&n);
    level_box_free(&b);
}
END_TEST

static void noise(uint16_t *level, int total, int Ng, int share)
{
    for (int i = 0; i < total; i++) level[i] = (uint16_t)(below(100) < share ? 1 + below(Ng) : 0);
}

static uint32_t flood(const uint16_t *l, uint8_t *done, const int n[3], int x, int y, int z, int dz, uint16_t level)
{
    if (x < 0 || y < 0 || z < 0 || x >= n[0] || y >= n[1] || z >= n[2]) return 0;
    int i = (z * n[1] + y) * n[0] + x;
    if (l[i] != level || done[i]) return 0;
    uint32_t size = 1;
    done[i] = 1;
    for (int c = -dz; c <= dz; c++)
        for (int b = -1; b <= 1; b++)
            for (int a = -1; a <= 1; a++) size += flood(l, done, n, x + a, y + b, z + c, dz, level);
    return size;
}

/* Zones come in the order of their first voxels, so filling from there gives the same list. */
START_TEST(zones_are_what_flooding_finds)
{
    for (int round = 0; round < 60; round++) {
        const int n[3] = { 1 + below(9), 1 + below(9), 1 + below(6) }, total = n[0] * n[1] * n[2];
        uint16_t level[9 * 9 * 6];
        uint8_t done[9 * 9 * 6] = { 0 };
        bool in_plane = round % 2;
        noise(level, total, 1 + round % 3, 40 + round);
        LevelBox b = box_of(level, n[0], n[1], n[2], 3, 1);
        Zones z;
        assert_ok(zones_find(&z, &b, NULL, in_plane, &e_));
        size_t k = 0;
        for (int i = 0; i < total; i++) {
            if (!level[i] || done[i]) continue;
            ck_assert(k < z.n);
            ck_assert_uint_eq(z.zone[k].level, level[i]);
            ck_assert_uint_eq(z.zone[k++].size, flood(level, done, n, i % n[0], i / n[0] % n[1], i / n[0] / n[1], in_plane ? 0 : 1, level[i]));
        }
        ck_assert_uint_eq(k, z.n);
        zones_free(&z);
        level_box_free(&b);
    }
}
END_TEST

START_TEST(distance_is_the_nearest_outside)
{
    for (int round = 0; round < 40; round++) {
        const int n[3] = { 1 + below(9), 1 + below(8), 1 + below(7) }, total = n[0] * n[1] * n[2];
        uint8_t mask[9 * 8 * 7];
        uint16_t d[9 * 8 * 7];
        bool in_plane = round % 2;
        for (int i = 0; i < total; i++) mask[i] = below(100) < 92;
        distance_map(d, mask, n, in_plane);
        for (int i = 0; i < total; i++) {
            int x = i % n[0], y = i / n[0] % n[1], z = i / n[0] / n[1], least = mask[i] ? 1 << 20 : 0;
            for (int c = -1; c <= n[2]; c++)
                for (int b = -1; b <= n[1]; b++)
                    for (int a = -1; a <= n[0]; a++) {
                        bool outside = a < 0 || b < 0 || c < 0 || a == n[0] || b == n[1] || c == n[2] || !mask[(c * n[1] + b) * n[0] + a];
                        int far = abs(a - x) + abs(b - y) + abs(c - z);
                        if (outside && (!in_plane || c == z) && far < least) least = far;
                    }
            ck_assert_int_eq(d[i], least);
        }
    }
}
END_TEST

/* From 513 levels on the matrices are sparse. The same image must give the same, but for what names Ng. */
START_TEST(sparse_equals_dense)
{
    uint16_t level[7 * 6 * 5];
    noise(level, 210, 40, 80);
    All *dense = all_of(level, 7, 6, 5, 512), *sparse = all_of(level, 7, 6, 5, 513);
    for (int a = AGGREGATION_2D_AVG; a <= AGGREGATION_3D_MRG; a++)
        for (int k = 0; k < GLCM_FEATURES; k++) {
            bool by_Ng = k == CM(NORMALISED_INVERSE_DIFFERENCE) || k == CM(NORMALISED_INVERSE_DIFFERENCE_MOMENT);
            assert_near(sparse->glcm[a][k], dense->glcm[a][k], by_Ng ? 1e-3 : 1e-13);
        }
    free(dense);
    free(sparse);
    for (int i = 0; i < 210; i++) level[i] = (uint16_t)(level[i] * 1600 + (level[i] ? 1535 : 0));      /* up to 65535 */
    All *high = all_of(level, 7, 6, 5, 65535);
    ck_assert(isfinite(high->glcm[AGGREGATION_3D_MRG][CM(JOINT_ENTROPY)]));
    free(high);
}
END_TEST

typedef enum { ALL_AGGREGATIONS, VOLUME_ONLY } Reach;

static void assert_same(const All *a, const All *b, Reach reach)
{
    for (int g = 0; g < AGGREGATION_COUNT; g++) {
        if (g == AGGREGATION_NONE || (reach == VOLUME_ONLY && g != AGGREGATION_3D_AVG && g != AGGREGATION_3D_MRG && g != AGGREGATION_3D)) continue;
        bool directed = g <= AGGREGATION_3D_MRG;
        for (int k = 0; k < GLCM_FEATURES && directed; k++) assert_near_abs(b->glcm[g][k], a->glcm[g][k], 1e-11, 1e-12);
        for (int k = 0; k < SIZE_ENERGY && directed; k++) assert_near(b->glrlm[g][k], a->glrlm[g][k], 1e-12);
        for (int k = 0; k < SIZE_ENERGY && !directed; k++) {
            assert_near(b->glszm[g][k], a->glszm[g][k], 1e-12);
            assert_near(b->gldzm[g][k], a->gldzm[g][k], 1e-12);
            assert_near(b->ngldm[g][k], a->ngldm[g][k], 1e-12);
        }
        for (int k = 0; k < NGTDM_FEATURES && !directed; k++) assert_near(b->ngtdm[g][k], a->ngtdm[g][k], 1e-12);
    }
}

/* All 48 ways to permute and mirror the axes for the volume; for slices those that keep them slices. */
START_TEST(turned_and_mirrored)
{
    enum { X = 6, Y = 5, Z = 4 };
    static const int axes[6][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 0, 2, 1 }, { 2, 1, 0 }, { 1, 2, 0 }, { 2, 0, 1 } };
    const int n[3] = { X, Y, Z };
    uint16_t level[X * Y * Z], turned[X * Y * Z];
    noise(level, X * Y * Z, 5, 75);
    All *first = all_of(level, X, Y, Z, 5);
    for (int p = 0; p < 6; p++)
        for (int mirror = 0; mirror < 8; mirror++) {
            int m[3];
            for (int k = 0; k < 3; k++) m[k] = n[axes[p][k]];
            for (int i = 0; i < X * Y * Z; i++) {
                int at[3] = { i % X, i / X % Y, i / X / Y }, to[3];
                for (int k = 0; k < 3; k++) to[k] = mirror >> k & 1 ? m[k] - 1 - at[axes[p][k]] : at[axes[p][k]];
                turned[(to[2] * m[1] + to[1]) * m[0] + to[0]] = level[i];
            }
            All *v = all_of(turned, m[0], m[1], m[2], 5);
            assert_same(first, v, axes[p][2] == 2 ? ALL_AGGREGATIONS : VOLUME_ONLY);
            free(v);
        }
    free(first);
}
END_TEST

START_TEST(moved_in_a_larger_box)
{
    uint16_t level[5 * 5 * 3], wide[11 * 8 * 9] = { 0 };
    noise(level, 75, 4, 80);
    for (int z = 0; z < 3; z++)
        for (int y = 0; y < 5; y++)
            for (int x = 0; x < 5; x++) wide[((z + 4) * 8 + y + 2) * 11 + x + 6] = level[(z * 5 + y) * 5 + x];
    All *a = all_of(level, 5, 5, 3, 4), *b = all_of(wide, 11, 8, 9, 4);
    assert_same(a, b, ALL_AGGREGATIONS);
    free(a);
    free(b);
}
END_TEST

/* What only counts which levels are equal does not see their order. */
START_TEST(levels_exchanged)
{
    static const int exchange[7] = { 0, 4, 6, 1, 3, 2, 5 };
    static const int glcm[] = { CM(JOINT_MAXIMUM), CM(JOINT_ENTROPY), CM(ANGULAR_SECOND_MOMENT), CM(INFORMATION_CORRELATION_1),
                                CM(INFORMATION_CORRELATION_2) };
    static const int size[] = { SIZE_SMALL_EMPHASIS, SIZE_LARGE_EMPHASIS, SIZE_LEVEL_NON_UNIFORMITY, SIZE_LEVEL_NON_UNIFORMITY_NORMALISED,
                                SIZE_NON_UNIFORMITY, SIZE_NON_UNIFORMITY_NORMALISED, SIZE_PERCENTAGE, SIZE_VARIANCE, SIZE_ENTROPY };
    uint16_t level[6 * 6 * 5], other[6 * 6 * 5];
    noise(level, 180, 6, 85);
    for (int i = 0; i < 180; i++) other[i] = (uint16_t)exchange[level[i]];
    All *a = all_of(level, 6, 6, 5, 6), *b = all_of(other, 6, 6, 5, 6);
    for (int g = AGGREGATION_2D_AVG; g < AGGREGATION_COUNT; g++) {
        bool directed = g <= AGGREGATION_3D_MRG;
        for (size_t k = 0; k < sizeof glcm / sizeof *glcm && directed; k++) assert_near(b->glcm[g][glcm[k]], a->glcm[g][glcm[k]], 1e-11);
        for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
            if (directed) { assert_near(b->glrlm[g][size[k]], a->glrlm[g][size[k]], 1e-12); continue; }
            assert_near(b->glszm[g][size[k]], a->glszm[g][size[k]], 1e-12);
            assert_near(b->gldzm[g][size[k]], a->gldzm[g][size[k]], 1e-12);
            assert_near(b->ngldm[g][size[k]], a->ngldm[g][size[k]], 1e-12);
        }
    }
    free(a);
    free(b);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("texture");
    TCase *c = unit_case(s, "texture");
    tcase_add_test(c, glcm_by_hand);
    tcase_add_test(c, glrlm_by_hand);
    tcase_add_test(c, zones_by_hand);
    tcase_add_test(c, ngtdm_by_hand);
    tcase_add_test(c, ngldm_by_hand);
    tcase_add_test(c, zones_are_what_flooding_finds);
    tcase_add_test(c, distance_is_the_nearest_outside);
    tcase_add_test(c, sparse_equals_dense);
    tcase_add_test(c, turned_and_mirrored);
    tcase_add_test(c, moved_in_a_larger_box);
    tcase_add_test(c, levels_exchanged);
    return s;
}
UNIT_MAIN("texture")
