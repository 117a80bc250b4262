/* tests/unit/test_multiplicity.c: adjusted p-values by hand, and Hommel's against testing every intersection. */
#include "stats/multiplicity.h"

#include "core/rng.h"
#include "tests/unit/unit.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

START_TEST(by_hand)
{
    static const double p[5] = { 0.04, 0.01, NAN, 0.03, 0.005 };
    static const double want[ADJUST_N][5] = {
        [ADJUST_BONFERRONI] = { 0.16, 0.04, NAN, 0.12, 0.02 },
        [ADJUST_HOLM] = { 0.06, 0.03, NAN, 0.06, 0.02 },
        [ADJUST_HOCHBERG] = { 0.04, 0.03, NAN, 0.04, 0.02 },
        [ADJUST_HOMMEL] = { 0.04, 0.03, NAN, 0.04, 0.02 },
        [ADJUST_BH] = { 0.04, 0.02, NAN, 0.04, 0.02 },
        [ADJUST_BY] = { 0.04 * 25 / 12, 0.02 * 25 / 12, NAN, 0.04 * 25 / 12, 0.02 * 25 / 12 },
    };
    double out[5];
    for (int how = 0; how < ADJUST_N; how++) {
        assert_ok(p_adjust(out, p, 5, (Adjustment)how, NULL));
        for (int i = 0; i < 5; i++) assert_near(out[i], want[how][i], 1e-14);
    }
    assert_ok(p_adjust(out, p, 0, ADJUST_HOMMEL, NULL));
    assert_ok(p_adjust(out, p, 1, ADJUST_HOMMEL, NULL));
    assert_near(out[0], 0.04, 0);
}
END_TEST

/* Closed testing: a hypothesis' p is the largest Simes p of all intersections that it is part of. */
START_TEST(hommel_is_closed_simes)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        Rng r = rng_stream(seed, 0);
        int n = 2 + (int)rng_below(&r, 7);
        double p[8], out[8], want[8] = { 0 };
        for (int i = 0; i < n; i++) p[i] = rng_uniform(&r) * (seed % 2 ? 1 : 0.1);
        for (int set = 1; set < 1 << n; set++) {
            double q[8], simes = 1;
            int m = 0;
            for (int i = 0; i < n; i++) if (set >> i & 1) q[m++] = p[i];
            qsort(q, (size_t)m, sizeof *q, ascending);
            for (int i = 0; i < m; i++) simes = fmin(simes, m * q[i] / (i + 1));
            for (int i = 0; i < n; i++) if (set >> i & 1) want[i] = fmax(want[i], simes);
        }
        assert_ok(p_adjust(out, p, (size_t)n, ADJUST_HOMMEL, NULL));
        for (int i = 0; i < n; i++) assert_near(out[i], want[i], 1e-13);
    }
}
END_TEST

/* Wright 1992, as it stands: for each size of a set of the largest hypotheses Simes' bound of that set. Quadratic; with ties and zeros. */
START_TEST(hommel_is_wrights)
{
    enum { MOST = 120 };
    for (uint64_t seed = 1; seed <= 60; seed++) {
        Rng r = rng_stream(seed, 1);
        const size_t m = 2 + rng_below(&r, MOST - 1);
        double p[MOST], q[MOST], want[MOST], out[MOST], lowest = INFINITY;
        for (size_t i = 0; i < m; i++) {
            p[i] = pow(rng_uniform(&r), 1 + (double)(seed % 4));
            if (seed % 3 == 0) p[i] = round(20 * p[i]) / 20;
        }
        qsort(p, m, sizeof *p, ascending);
        for (size_t i = 0; i < m; i++) lowest = fmin(lowest, (double)m * p[i] / (double)(i + 1));
        for (size_t i = 0; i < m; i++) q[i] = want[i] = lowest;
        for (size_t j = m - 1; j >= 2; j--) {
            double q1 = INFINITY;
            for (size_t i = 0; i < j - 1; i++) q1 = fmin(q1, (double)j * p[m - j + 1 + i] / (double)(i + 2));
            for (size_t i = 0; i <= m - j; i++) q[i] = fmin((double)j * p[i], q1);
            for (size_t i = m - j + 1; i < m; i++) q[i] = q[m - j];
            for (size_t i = 0; i < m; i++) want[i] = fmax(want[i], q[i]);
        }
        assert_ok(p_adjust(out, p, m, ADJUST_HOMMEL, NULL));
        for (size_t i = 0; i < m; i++) assert_near(out[i], fmin(fmax(want[i], p[i]), 1), 1e-13);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("multiplicity");
    TCase *c = unit_case(s, "multiplicity");
    tcase_add_test(c, by_hand);
    tcase_add_test(c, hommel_is_closed_simes);
    tcase_add_test(c, hommel_is_wrights);
    return s;
}

UNIT_MAIN("multiplicity")
