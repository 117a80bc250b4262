/* tests/unit/test_roc.c: areas against every pair, a small table by hand, limits where DeLong has none. */
#include "stats/roc.h"

#include "core/rng.h"
#include "tests/unit/unit.h"

/* Positives 3 5 5 9, negatives 1 3 5: of 12 pairs 2+.5 | 2+.5 twice | 3 are won. */
static const double hand_x[7] = { 3, 5, 5, 9, 1, 3, 5 }, hand_y[7] = { 1, 1, 1, 1, 0, 0, 0 };

START_TEST(by_hand)
{
    Arena a = { 0 };
    RocArea r;
    assert_ok(roc_area(&r, hand_x, hand_y, 7, &a, NULL));
    assert_near(r.auc, (1.5 + 2.5 + 2.5 + 3) / 12, 1e-15);
    static const double v10[4] = { 0.5, 2.5 / 3, 2.5 / 3, 1 }, v01[3] = { 1, 3.5 / 4, 2. / 4 };
    for (int i = 0; i < 4; i++) assert_near(r.v10[i], v10[i], 1e-15);
    for (int i = 0; i < 3; i++) assert_near(r.v01[i], v01[i], 1e-15);
    double m = 9.5 / 12, s10 = 0, s01 = 0;
    for (int i = 0; i < 4; i++) s10 += (v10[i] - m) * (v10[i] - m) / 3;
    for (int i = 0; i < 3; i++) s01 += (v01[i] - m) * (v01[i] - m) / 2;
    assert_near(r.var, s10 / 4 + s01 / 3, 1e-14);
    RocCurve c;
    assert_ok(roc_curve(&c, hand_x, hand_y, NULL, 7, &a, NULL));
    ck_assert_uint_eq(c.n, 5);
    static const double cut[5] = { -INFINITY, 2, 4, 7, INFINITY }, tp[5] = { 4, 4, 3, 1, 0 }, tn[5] = { 0, 1, 2, 3, 3 };
    for (int i = 0; i < 5; i++) {
        assert_near(c.threshold[i], cut[i], 0);
        assert_near(c.true_pos[i], tp[i], 0);
        assert_near(c.true_neg[i], tn[i], 0);
    }
    assert_near(roc_partial_area(&c, 1, 0), r.auc, 1e-14);
    /* Specificity 1 … 5/6: half of the piece from (2/3, 3/4) to (1, 1/4). */
    assert_near(roc_partial_area(&c, 1, 5. / 6), (0.25 + 0.5) / 2 / 6, 1e-14);
    assert_near(roc_partial_corrected(0.12, 1, 0.8), (1 + (0.12 - 0.02) / 0.18) / 2, 1e-14);
    ck_assert(isnan(roc_partial_corrected(0.015, 1, 0.8)));
    arena_free(&a);
}
END_TEST

START_TEST(every_pair)
{
    Arena a = { 0 };
    for (uint64_t seed = 1; seed <= 10; seed++) {
        Rng rng = rng_stream(seed, 0);
        double x[60], z[60], y[60], not_y[60], pairs = 0, won = 0;
        for (int i = 0; i < 60; i++) {
            x[i] = rng_below(&rng, 12);
            z[i] = rng_normal(&rng);
            y[i] = i % 3 == 0;
            not_y[i] = !y[i];
        }
        for (int i = 0; i < 60; i++)
            for (int j = 0; j < 60; j++)
                if (y[i] > y[j]) { pairs++; won += x[i] > x[j] ? 1 : x[i] == x[j] ? 0.5 : 0; }
        RocArea r, s, t;
        assert_ok(roc_area(&r, x, y, 60, &a, NULL));
        assert_near(r.auc, won / pairs, 1e-15);
        assert_ok(roc_area(&s, x, not_y, 60, &a, NULL));      /* swapped outcome */
        assert_near(s.auc, 1 - r.auc, 1e-14);
        assert_near(s.var, r.var, 1e-13);
        assert_ok(roc_area(&t, z, y, 60, &a, NULL));
        assert_near(roc_covariance(&r, &r), r.var, 1e-14);
        ck_assert(fabs(roc_covariance(&r, &t)) <= sqrt(r.var * t.var) * (1 + 1e-12));
    }
    arena_free(&a);
}
END_TEST

/* A perfect marker: no DeLong variance, but limits by Newcombe that solve their own equation. */
START_TEST(perfect_marker)
{
    double lo, hi;
    roc_limits_newcombe(&lo, &hi, 1, 10, 10, 0.95);
    assert_near(hi, 1, 0);
    double h = 9, v = lo * (1 - lo) * (1 + h * (1 - lo) / (2 - lo) + h * lo / (1 + lo)) / 100;
    assert_near((1 - lo) / sqrt(v), 1.959963984540054, 1e-9);
    assert_near(roc_variance_hanley(0.5, 10, 10), (0.25 + 9 * (1. / 3 - 0.25) * 2) / 100, 1e-14);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("roc");
    TCase *c = unit_case(s, "roc");
    tcase_add_test(c, by_hand);
    tcase_add_test(c, every_pair);
    tcase_add_test(c, perfect_marker);
    return s;
}

UNIT_MAIN("roc")
