/* tests/unit/test_enclosure.c: convex hull, smallest box and smallest ellipsoid, against bodies whose answer is known. */
#include "unit.h"

#include "features/box.h"
#include "features/ellipsoid.h"
#include "features/hull.h"

static unsigned state = 1;
static int below(int n)
{
    state = state * 1664525u + 1013904223u;
    return (int)((state >> 8) % (unsigned)n);
}

/* Every point is below or in every facet's plane, every edge has its opposite once, and volume and Euler's count agree. */
static void assert_hull(const Hull *h, const LatticePoint *p, size_t n)
{
    ck_assert_uint_eq(h->n_facets, 2 * h->n_points - 4);
    int64_t volume = 0;
    for (size_t f = 0; f < h->n_facets; f++) {
        const HullFacet *a = &h->facet[f];
        const int32_t *o = h->point[a->corner[0]].at;
        ck_assert(a->normal[0] || a->normal[1] || a->normal[2]);
        for (size_t i = 0; i < n; i++) {
            int64_t d = 0;
            for (int k = 0; k < 3; k++) d += a->normal[k] * (p[i].at[k] - o[k]);
            ck_assert(d <= 0);
        }
        for (int k = 0; k < 3; k++) volume += a->normal[k] * o[k];
        for (int k = 0; k < 3; k++) {
            int twins = 0;
            for (size_t g = 0; g < h->n_facets; g++)
                for (int j = 0; j < 3; j++)
                    twins += h->facet[g].corner[j] == a->corner[(k + 1) % 3] && h->facet[g].corner[(j + 1) % 3] == a->corner[k];
            ck_assert_int_eq(twins, 1);
        }
    }
    ck_assert(volume == h->volume_6);
}

START_TEST(cube_full_of_points)
{
    Arena a = { 0 };
    LatticePoint p[6 * 6 * 6], q[6 * 6 * 6];
    Hull h;
    size_t n = 0;
    for (int z = 0; z < 6; z++) for (int y = 0; y < 6; y++) for (int x = 0; x < 6; x++) p[n++] = (LatticePoint){ { x, y, z } };
    memcpy(q, p, sizeof p);
    assert_ok(hull_build(&h, p, n, &a, &e_));
    assert_hull(&h, q, n);
    ck_assert(h.volume_6 == 6 * 125);
    arena_free(&a);
}
END_TEST

START_TEST(random_and_degenerate_clouds)
{
    for (int round = 0; round < 300; round++) {
        Arena a = { 0 };
        enum { MOST = 120 };
        LatticePoint p[MOST], q[MOST];
        Hull h;
        /* small ranges: most points double, in line or in plane with others */
        int range[3] = { 1 + below(round % 7 + 2), 1 + below(12), 1 + below(40) };
        size_t n = 1 + (size_t)below(MOST);
        for (size_t i = 0; i < n; i++)
            for (int k = 0; k < 3; k++) p[i].at[k] = below(range[k]) - range[k] / 2 + (k == 2 && round % 5 == 0 ? 16000 : 0);
        memcpy(q, p, sizeof p);
        assert_ok(hull_build(&h, p, n, &a, &e_));
        if (h.n_facets) assert_hull(&h, q, n);
        else
            for (size_t i = 3; i < n; i++) {                   /* then all lie in one plane */
                int64_t m[3][3];
                for (int r = 0; r < 3; r++)
                    for (int k = 0; k < 3; k++) m[r][k] = q[r == 2 ? i : (size_t)r + 1].at[k] - q[0].at[k];
                ck_assert(m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                          m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]) == 0);
            }
        arena_free(&a);
    }
}
END_TEST

/* Corners of a box turned by three angles, points on its faces: the box comes back. */
START_TEST(box_of_a_turned_box)
{
    const double edge[3] = { 7, 4, 2.5 };
    double c1 = cos(0.7), s1 = sin(0.7), c2 = cos(-1.1), s2 = sin(-1.1), c3 = cos(0.3), s3 = sin(0.3);
    double r[3][3] = { { c1 * c2, c1 * s2 * s3 - s1 * c3, c1 * s2 * c3 + s1 * s3 },
                       { s1 * c2, s1 * s2 * s3 + c1 * c3, s1 * s2 * c3 - c1 * s3 }, { -s2, c2 * s3, c2 * c3 } };
    static const uint32_t side[12][3] = { { 0, 2, 1 }, { 1, 2, 3 }, { 4, 5, 6 }, { 5, 7, 6 }, { 0, 1, 4 }, { 1, 5, 4 },
                                          { 2, 6, 3 }, { 3, 6, 7 }, { 0, 4, 2 }, { 2, 4, 6 }, { 1, 3, 5 }, { 3, 7, 5 } };
    double p[8][3], got[3];
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 3; k++) {
            p[i][k] = 20;
            for (int j = 0; j < 3; j++) p[i][k] += r[k][j] * edge[j] * ((i >> j & 1) - 0.5);
        }
    assert_ok(box_minimum(got, (const double (*)[3])p, 8, side, 12, &e_));
    for (int k = 0; k < 3; k++) assert_near(got[k], edge[k], 1e-12);
}
END_TEST

/* The smallest box around a regular tetrahedron of edge sqrt(2) is the unit cube of whose corners it has four: no side of
 * the box holds a face. However it is turned. */
START_TEST(box_of_a_tetrahedron)
{
    static const uint32_t side[4][3] = { { 0, 2, 1 }, { 0, 1, 3 }, { 0, 3, 2 }, { 1, 2, 3 } };
    static const double p[4][3] = { { 0, 0, 0 }, { 1, 1, 0 }, { 1, 0, 1 }, { 0, 1, 1 } };
    for (int round = 0; round < 20; round++) {
        double q[4][3], got[3], a = below(628) / 100.0, b = below(628) / 100.0;
        for (int i = 0; i < 4; i++) {
            double x = cos(a) * p[i][0] - sin(a) * p[i][1], y = sin(a) * p[i][0] + cos(a) * p[i][1], z = p[i][2];
            q[i][0] = cos(b) * x - sin(b) * z;
            q[i][1] = y + 7;
            q[i][2] = sin(b) * x + cos(b) * z;
        }
        assert_ok(box_minimum(got, (const double (*)[3])q, 4, side, 4, &e_));
        assert_near(got[0] * got[1] * got[2], 1, 1e-9);
    }
}
END_TEST

/* Around a box with edges a, b, c the smallest ellipsoid has the semi-axes sqrt(3)/2 times those. */
START_TEST(ellipsoid_of_a_box)
{
    const double edge[3] = { 30, 10, 4 };
    double p[8][3], got[3];
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 3; k++) p[i][k] = 100 + edge[k] * (i >> k & 1);
    assert_ok(ellipsoid_enclosing(got, (const double (*)[3])p, 8, &e_));
    for (int k = 0; k < 3; k++) assert_near(got[k], sqrt(3) / 2 * edge[k], 1e-7);
}
END_TEST

/* A regular tetrahedron's is its circumscribed sphere; points inside and an affine map change nothing but the scale. */
START_TEST(ellipsoid_of_a_tetrahedron)
{
    double p[40][3] = { { 1, 1, 1 }, { 1, -1, -1 }, { -1, 1, -1 }, { -1, -1, 1 } }, got[3];
    for (int i = 4; i < 40; i++)
        for (int k = 0; k < 3; k++) {
            double w[4], sum = 0;
            for (int j = 0; j < 4; j++) { w[j] = 1 + below(100); sum += w[j]; }
            p[i][k] = 0;
            for (int j = 0; j < 4; j++) p[i][k] += w[j] / sum * p[j][k];
            p[i][k] *= 0.3;
        }
    assert_ok(ellipsoid_enclosing(got, (const double (*)[3])p, 40, &e_));
    for (int k = 0; k < 3; k++) assert_near(got[k], sqrt(3), 1e-7);
    for (int i = 0; i < 40; i++) { p[i][0] = 5 * p[i][0] + 2 * p[i][1] + 30; p[i][1] *= 0.5; p[i][2] = 2 * p[i][2] - 9 * p[i][1]; }
    assert_ok(ellipsoid_enclosing(got, (const double (*)[3])p, 40, &e_));
    assert_near(got[0] * got[1] * got[2], pow(3, 1.5) * 5 * 0.5 * 2, 1e-7);
}
END_TEST

START_TEST(ellipsoid_sizes)
{
    assert_near(ellipsoid_area((double[]){ 2, 2, 2 }), 16 * M_PI, 1e-14);
    /* The manual's series with Legendre's P_0 … P_3 written out, to the fourth term; axes 20 19 18. */
    double al2 = 1 - 19.0 * 19 / 400, be2 = 1 - 18.0 * 18 / 400, ab = sqrt(al2 * be2), x = (al2 + be2) / (2 * ab);
    double series = 1 - ab * x / 3 - ab * ab * (3 * x * x - 1) / 2 / 15 - ab * ab * ab * (5 * x * x * x - 3 * x) / 2 / 35;
    assert_near(ellipsoid_area((double[]){ 20, 19, 18 }), 4 * M_PI * 380 * series, 2e-5);
    assert_near(ellipsoid_volume((double[]){ 3, 2, 1 }), 8 * M_PI, 1e-14);
    double v[3];
    eigenvalues_3(v, (const double[3][3]){ { 2, 1, 0 }, { 1, 2, 0 }, { 0, 0, 5 } });
    assert_near(v[0], 5, 1e-14);
    assert_near(v[1], 3, 1e-14);
    assert_near(v[2], 1, 1e-14);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("enclosure");
    TCase *c = unit_case(s, "enclosure");
    tcase_add_test(c, cube_full_of_points);
    tcase_add_test(c, random_and_degenerate_clouds);
    tcase_add_test(c, box_of_a_turned_box);
    tcase_add_test(c, box_of_a_tetrahedron);
    tcase_add_test(c, ellipsoid_of_a_box);
    tcase_add_test(c, ellipsoid_of_a_tetrahedron);
    tcase_add_test(c, ellipsoid_sizes);
    return s;
}
UNIT_MAIN("enclosure")
