/* tests/unit/test_curve_tests.c: log-rank and cumulative incidence by hand and by what they must agree with. */
#include "stats/cif.h"
#include "stats/km.h"
#include "stats/logrank.h"

#include "core/rng.h"
#include "stats/dist.h"
#include "tests/unit/unit.h"

/* Six subjects, groups A (0) and B (1): A 1, 3, 4+; B 2, 3, 5. Risk sets (A, B): t=1 (3,3), t=2 (2,3), t=3 (2,2), t=5 (0,1). */
static const double t6[6] = { 1, 3, 4, 2, 3, 5 }, d6[6] = { 1, 1, 0, 1, 1, 1 };
static const int g6[6] = { 0, 0, 0, 1, 1, 1 };

START_TEST(logrank_by_hand)
{
    Arena a = { 0 };
    LogrankTest r;
    LogrankData d = { .n = 6, .time = t6, .event = d6, .group = g6, .n_groups = 2 };
    assert_ok(logrank_test(&r, &d, 0, &a, NULL));
    double E = 3. / 6 + 2. / 5 + 2 * 2. / 4, V = 0.25 + 6. / 25 + 2 * 0.25 * 2. / 3;
    assert_near(r.observed[0], 2, 0);
    assert_near(r.expected[0], E, 1e-15);
    assert_near(r.expected[1], 5 - E, 1e-15);
    assert_near(r.var[0], V, 1e-15);
    assert_near(r.var[1], -V, 1e-15);
    assert_near(r.chisq, (2 - E) * (2 - E) / V, 1e-13);
    assert_near(r.p, chisq_sf(r.chisq, 1), 0);
    assert_near(r.trend_chisq, r.chisq, 1e-12);      /* two groups: the trend is the difference */
    /* rho = 1: weights S(t-) = 1, 5/6, 2/3 (5/6 * 4/5), 1/3. */
    assert_ok(logrank_test(&r, &d, 1, &a, NULL));
    assert_near(r.observed[0], 1 + 2. / 3, 1e-15);
    assert_near(r.expected[0], 0.5 + 5. / 6 * 0.4 + 2. / 3, 1e-15);
    assert_near(r.var[0], 0.25 + 25. / 36 * 6 / 25 + 4. / 9 / 3, 1e-14);
    arena_free(&a);
}
END_TEST

START_TEST(logrank_strata)
{
    /* Each group twice, in two strata: O, E and V double, and so does the chi-square. One stratum a row: nothing to compare. */
    Arena a = { 0 };
    double t[12], d[12];
    int g[12], s[12], own[12];
    for (int i = 0; i < 12; i++) { t[i] = t6[i % 6]; d[i] = d6[i % 6]; g[i] = g6[i % 6]; s[i] = i / 6; own[i] = i; }
    LogrankTest one, two, none;
    assert_ok(logrank_test(&one, &(LogrankData){ .n = 6, .time = t6, .event = d6, .group = g6, .n_groups = 2 }, 0.5, &a, NULL));
    assert_ok(logrank_test(&two, &(LogrankData){ .n = 12, .time = t, .event = d, .group = g, .stratum = s, .n_groups = 2, .n_strata = 2 }, 0.5, &a, NULL));
    assert_near(two.chisq, 2 * one.chisq, 1e-13);
    assert_near(two.observed_by_stratum[2], one.observed[0], 1e-15);
    assert_ok(logrank_test(&none, &(LogrankData){ .n = 12, .time = t, .event = d, .group = g, .stratum = own, .n_groups = 2, .n_strata = 12 }, 0, &a, NULL));
    ck_assert(isnan(none.chisq) && isnan(none.p));
    arena_free(&a);
}
END_TEST

/* Causes 1 and 2: times 1 (1), 2 (2), 3 (1 and 2), 4+, 5 (1). */
/* Rows that count one each are counted by time and group, rows with weights are sorted: weights of 1 must give the same bits. Whole days, times
 * that all differ, times of both signs (which leave no bit for the group), each with and without strata. */
START_TEST(counted_rows_are_weighted_rows)
{
    enum { N = 3000, GROUPS = 3, STRATA = 7 };
    static double time[N], event[N], one[N];
    static int group[N], stratum[N];
    for (int way = 0; way < 6; way++) {
        Rng r = rng_stream(20261101, (uint64_t)way);
        Arena a = { 0 };
        LogrankTest counted, weighted;
        for (int i = 0; i < N; i++) {
            group[i] = (int)rng_below(&r, GROUPS);
            stratum[i] = (int)rng_below(&r, STRATA);
            time[i] = rng_exponential(&r) * (1 + group[i]);
            if (way % 3 == 0) time[i] = ceil(100 * time[i]);
            if (way % 3 == 2) time[i] -= 1;
            event[i] = rng_uniform(&r) < .6;
            one[i] = 1;
        }
        LogrankData d = { .n = N, .time = time, .event = event, .group = group, .stratum = way < 3 ? NULL : stratum, .n_groups = GROUPS, .n_strata = STRATA };
        assert_ok(logrank_test(&counted, &d, .5, &a, NULL));
        d.weight = one;
        assert_ok(logrank_test(&weighted, &d, .5, &a, NULL));
        ck_assert(counted.chisq > 10);
        assert_near(counted.chisq, weighted.chisq, 0);
        for (int k = 0; k < GROUPS * (way < 3 ? 1 : STRATA); k++) {
            assert_near(counted.observed_by_stratum[k], weighted.observed_by_stratum[k], 0);
            assert_near(counted.expected_by_stratum[k], weighted.expected_by_stratum[k], 0);
        }
        arena_free(&a);
    }
}
END_TEST

START_TEST(incidence_by_hand)
{
    Arena a = { 0 };
    double t[6] = { 1, 2, 3, 3, 4, 5 };
    int k[6] = { 1, 2, 1, 2, 0, 1 };
    CifCurve c;
    assert_ok(cif_estimate(&c, 6, t, k, 2, &a, NULL));
    ck_assert_uint_eq(c.n, 5);
    static const double surv[5] = { 5. / 6, 4. / 6, 2. / 6, 2. / 6, 0 }, f1[5] = { 1. / 6, 1. / 6, 2. / 6, 2. / 6, 4. / 6 },
                        f2[5] = { 0, 1. / 6, 2. / 6, 2. / 6, 2. / 6 };
    for (int i = 0; i < 5; i++) {
        assert_near_abs(c.surv[i], surv[i], 1e-14, 1e-15);
        assert_near(c.cif[i], f1[i], 1e-14);
        assert_near_abs(c.cif[5 + i], f2[i], 1e-14, 0);
    }
    assert_near(cif_at(&c, 1, 0.5), 0, 0);
    assert_near(cif_at(&c, 0, 3.5), 2. / 6, 1e-14);
    assert_near(cif_area(&c, 1, 5), (1 + 1 + 2 + 2) / 6., 1e-14);
    assert_near(cif_area(&c, 0, 5) + cif_area(&c, 1, 5) + cif_area(&c, 2, 5), 5, 1e-14);
    arena_free(&a);
}
END_TEST

enum { N = 70 };

/* One cause: 1 - Kaplan–Meier with its robust error. Gray's test: groups swapped, time squared, the same statistic. */
START_TEST(incidence_and_survival)
{
    Arena a = { 0 };
    Rng r = rng_stream(5, 0);
    double t[N], d[N], squared[N];
    int one[N], three[N], g[N], other[N];
    for (int i = 0; i < N; i++) {
        t[i] = 1 + rng_below(&r, 18);
        squared[i] = t[i] * t[i];
        three[i] = (int)rng_below(&r, 3);
        one[i] = three[i] > 0;
        d[i] = one[i];
        g[i] = (int)rng_below(&r, 3);
        other[i] = 2 - g[i];
    }
    CifCurve c;
    KmCurve k;
    assert_ok(cif_estimate(&c, N, t, one, 1, &a, NULL));
    assert_ok(km_estimate(&k, &(KmData){ .n = N, .time = t, .event = d }, &(KmOptions){ .robust = true }, &a, NULL));
    for (size_t i = 0; i < c.n; i++) {
        assert_near_abs(c.cif[i], 1 - k.surv[i], 1e-13, 1e-14);
        assert_near_abs(c.se_state[i], k.std_err[i], 1e-11, 1e-14);
        assert_near_abs(c.se_state[c.n + i], k.std_err[i], 1e-10, 1e-13);
    }
    assert_ok(cif_estimate(&c, N, t, three, 2, &a, NULL));
    for (size_t i = 0; i < c.n; i++) assert_near(c.surv[i] + c.cif[i] + c.cif[c.n + i], 1, 1e-13);
    for (int cause = 1; cause <= 2; cause++)
        for (double rho = 0; rho < 2; rho++) {
            GrayTest x, y, z;
            assert_ok(gray_test(&x, N, t, three, cause, g, 3, NULL, 1, NULL, rho, NULL));
            assert_ok(gray_test(&y, N, t, three, cause, other, 3, NULL, 1, NULL, rho, NULL));
            assert_ok(gray_test(&z, N, squared, three, cause, g, 3, NULL, 1, NULL, rho, NULL));
            assert_near(y.stat, x.stat, 1e-11);
            assert_near(z.stat, x.stat, 1e-13);
            ck_assert_int_eq(x.df, 2);
            assert_near(x.p, chisq_sf(x.stat, 2), 0);
        }
    arena_free(&a);
}
END_TEST

/* A group whose follow-up ends before the cause strikes says nothing of it, whichever number it has: the test is that of the other two. */
START_TEST(gray_without_one_group)
{
    enum { M = 90 };
    static const int number[3][3] = { { 0, 1, 2 }, { 1, 2, 0 }, { 2, 0, 1 } };
    Rng r = rng_stream(15, 0);
    double t[M], t2[M];
    int k[M], k2[M], g[M], g2[M], n2 = 0;
    for (int i = 0; i < M; i++) {
        const int own = i % 3;
        t[i] = own == 2 ? 1 + rng_uniform(&r) : 1 + 5 * rng_uniform(&r);
        k[i] = (int)rng_below(&r, 3);
        if (k[i] == 1 && t[i] < 2) k[i] = 2;            /* cause 1 only after group 2 has gone */
        g[i] = own;
        if (own == 2) continue;
        t2[n2] = t[i];
        k2[n2] = k[i];
        g2[n2++] = own;
    }
    GrayTest two, three;
    assert_ok(gray_test(&two, (size_t)n2, t2, k2, 1, g2, 2, NULL, 1, NULL, 0, NULL));
    ck_assert(two.df == 1 && two.stat > 0);
    for (int order = 0; order < 3; order++) {
        int renumbered[M];
        for (int i = 0; i < M; i++) renumbered[i] = number[order][g[i]];
        assert_ok(gray_test(&three, M, t, k, 1, renumbered, 3, NULL, 1, NULL, 0, NULL));
        ck_assert_int_eq(three.df, 1);
        assert_near(three.stat, two.stat, 1e-10);
        assert_near(three.p, two.p, 1e-10);
    }
}
END_TEST

/* The jackknife of an incidence is its derivative: add a copy of one row and compare. */
START_TEST(incidence_jackknife)
{
    Arena a = { 0 };
    enum { M = 400 };
    Rng r = rng_stream(8, 0);
    double t[M + 1], v[3] = { 0 };
    int k[M + 1];
    for (int i = 0; i < M; i++) {
        t[i] = 1 + rng_below(&r, 12);
        k[i] = (int)rng_below(&r, 3);
    }
    CifCurve c, plus;
    assert_ok(cif_estimate(&c, M, t, k, 2, &a, NULL));
    long row = cif_row(&c, 7);
    for (int i = 0; i < M; i++) {
        t[M] = t[i];
        k[M] = k[i];
        assert_ok(cif_estimate(&plus, M + 1, t, k, 2, &a, NULL));
        for (int s = 0; s < 3; s++) v[s] += pow(cif_at(&plus, s, 7) - cif_at(&c, s, 7), 2);
    }
    for (int s = 0; s < 3; s++) assert_near(c.se_state[(size_t)s * c.n + (size_t)row], sqrt(v[s]), 0.01);
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("curve_tests");
    TCase *c = unit_case(s, "curve_tests");
    tcase_add_test(c, logrank_by_hand);
    tcase_add_test(c, logrank_strata);
    tcase_add_test(c, counted_rows_are_weighted_rows);
    tcase_add_test(c, incidence_by_hand);
    tcase_add_test(c, incidence_and_survival);
    tcase_add_test(c, gray_without_one_group);
    tcase_add_test(c, incidence_jackknife);
    return s;
}

UNIT_MAIN("curve_tests")
