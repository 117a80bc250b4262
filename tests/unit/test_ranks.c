/* tests/unit/test_ranks.c: permutation distributions against going through all permutations, order statistics against sorting,
 * Shapiro and Wilk's published example. */
#include "stats/ranks.h"

#include "core/rng.h"
#include "core/sum.h"
#include "stats/shapiro.h"
#include "tests/unit/unit.h"

START_TEST(midranks)
{
    double x[6] = { 3, 1, 3, 7, 3, 1 }, r[6], ties;
    static const double want[6] = { 4, 1.5, 4, 6, 4, 1.5 };
    assert_ok(ranks_mid(r, &ties, x, 6, NULL));
    for (int i = 0; i < 6; i++) assert_near(r[i], want[i], 0);
    assert_near(ties, 24 + 6, 0);
}
END_TEST

START_TEST(rank_sum_all_choices)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        Rng rng = rng_stream(seed, 0);
        double x[11], r[11], p, observed = 0;
        size_t n = 11, m = 2 + rng_below(&rng, 7);
        for (size_t i = 0; i < n; i++) x[i] = rng_below(&rng, seed % 2 ? 5 : 1000);
        assert_ok(ranks_mid(r, NULL, x, n, NULL));
        for (size_t i = 0; i < m; i++) observed += r[i];
        double mean = (double)m * ((double)n + 1) / 2, hit = 0, all = 0;
        for (unsigned set = 0; set < 1u << n; set++) {
            double s = 0, size = 0;
            for (size_t i = 0; i < n; i++)
                if (set >> i & 1) { s += r[i]; size++; }
            if (size != (double)m) continue;
            all++;
            hit += fabs(s - mean) >= fabs(observed - mean) - 1e-9;
        }
        assert_ok(rank_sum_exact_p(&p, r, n, m, observed, NULL));
        assert_near(p, hit / all, 1e-14);
        /* Signs of the same ranks. */
        double plus = 0, far = 0;
        for (size_t i = 0; i < n; i += 3) plus += r[i];
        for (unsigned set = 0; set < 1u << n; set++) {
            double s = 0;
            for (size_t i = 0; i < n; i++)
                if (set >> i & 1) s += r[i];
            far += fabs(s - 33) >= fabs(plus - 33) - 1e-9;
        }
        assert_ok(signed_rank_exact_p(&p, r, n, plus, NULL));
        assert_near(p, far / (1u << n), 1e-14);
    }
}
END_TEST

/* From Hollander & Wolfe's tables: P(W <= 2) = 4/210 … for m = 4, n = 6; the 2.5 % quantile of 5 and 5 is 3. */
START_TEST(mann_whitney)
{
    double q;
    assert_ok(mann_whitney_quantile(&q, 4. / 210, 4, 6, NULL));
    assert_near(q, 2, 0);
    assert_ok(mann_whitney_quantile(&q, 0.025, 5, 5, NULL));
    assert_near(q, 3, 0);
}
END_TEST

START_TEST(pairwise_order_statistics)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Rng rng = rng_stream(seed, 1);
        size_t m = 1 + rng_below(&rng, 9), n = 1 + rng_below(&rng, 9), k = 0;
        double x[9], y[9], all[81];
        for (size_t i = 0; i < m; i++) x[i] = seed % 2 ? rng_normal(&rng) : rng_below(&rng, 4);
        for (size_t j = 0; j < n; j++) y[j] = seed % 2 ? rng_normal(&rng) : rng_below(&rng, 4);
        sort_doubles(x, m);
        sort_doubles(y, n);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++) all[k++] = x[i] - y[j];
        sort_doubles(all, k);
        for (size_t q = 0; q < k; q++) assert_near(kth_difference(x, m, y, n, (double)q + 1), all[q], 0);
        assert_near_abs(median_difference(x, m, y, n), quantile_sorted(all, k, 0.5), 1e-14, 1e-15);
        k = 0;
        for (size_t i = 0; i < m; i++)
            for (size_t j = i; j < m; j++) all[k++] = (x[i] + x[j]) / 2;
        sort_doubles(all, k);
        assert_near_abs(median_walsh(x, m), quantile_sorted(all, k, 0.5), 1e-14, 1e-15);
    }
}
END_TEST

/* Weights of eleven men in pounds (Shapiro & Wilk 1965): W = 0.79, p about 0.007 by Royston's normalisation. */
START_TEST(shapiro)
{
    double x[11] = { 148, 154, 158, 160, 161, 162, 166, 170, 182, 195, 236 }, w, p;
    assert_ok(shapiro_wilk(&w, &p, x, 11, NULL));
    assert_near_abs(w, 0.79, 0, 0.005);
    assert_near_abs(p, 0.0067, 0, 0.0005);
    double three[3] = { 1, 2, 3 }, flat[3] = { 1, 1, 1 };
    assert_ok(shapiro_wilk(&w, &p, three, 3, NULL));
    assert_near(w, 1, 1e-14);
    assert_near(p, 1, 1e-7);
    assert_ok(shapiro_wilk(&w, &p, flat, 3, NULL));
    ck_assert(isnan(w) && isnan(p));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ranks");
    TCase *c = unit_case(s, "ranks");
    tcase_add_test(c, midranks);
    tcase_add_test(c, rank_sum_all_choices);
    tcase_add_test(c, mann_whitney);
    tcase_add_test(c, pairwise_order_statistics);
    tcase_add_test(c, shapiro);
    return s;
}

UNIT_MAIN("ranks")
