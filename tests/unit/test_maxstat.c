/* tests/unit/test_maxstat.c: maximally selected statistics against all permutations, the Gaussian p-value against simulation, and
 * the size of the corrected tests under no effect. */
#include "stats/maxstat.h"
#include "stats/method.h"

#include "core/rng.h"
#include "stats/logrank.h"
#include "stats/linalg.h"
#include "tests/unit/unit.h"

/* A table of numbers by column; x and y are n long. */
static void table_of(Frame *f, const double *x, const double *y, size_t n)
{
    double *col = NULL;
    assert_ok(frame_init(f, "table", n, NULL));
    assert_ok(frame_add_numbers(&col, f, "x", NULL));
    memcpy(col, x, n * sizeof *x);
    assert_ok(frame_add_numbers(&col, f, "y", NULL));
    memcpy(col, y, n * sizeof *y);
}

static double value_of(const double *x, const double *y, size_t n, const char *key)
{
    Frame f = { 0 };
    Json *out = NULL;
    Err e = { 0 };
    table_of(&f, x, y, n);
    StatCall call = { .formula = "y~x", .data = &f };
    assert_ok_e(method_call(&out, method_by_name("maxstat"), &call, &e), e);
    double v = json_number(json_get(out, key));
    json_free(out);
    frame_free(&f);
    return v;
}

/* max over cuts 1 … n-1 of the standardised sum of the first ranks, n = 8, ranks 1 … 8: cuts with 1 … 7 rows low. */
static double largest(const int *rank, int n)
{
    double best = 0, low = 0, mean = (n + 1) / 2., var = n * (n + 1) / 12.;
    for (int m = 1; m < n; m++) {
        low += rank[m - 1] - mean;
        if (m >= 1 && m <= (int)floor(n * 0.9)) best = fmax(best, fabs(low) / sqrt(m * (n - m) / (double)n * var));
    }
    return best;
}

static void permute(int *rank, int at, int n, double b, double *hit, double *all)
{
    if (at == n) {
        (*all)++;
        *hit += largest(rank, n) >= b - 1e-12;
        return;
    }
    for (int i = at; i < n; i++) {
        int t = rank[at]; rank[at] = rank[i]; rank[i] = t;
        permute(rank, at + 1, n, b, hit, all);
        t = rank[at]; rank[at] = rank[i]; rank[i] = t;
    }
}

START_TEST(all_permutations)
{
    enum { n = 8 };
    double x[n] = { 1, 2, 3, 4, 5, 6, 7, 8 }, y[4][n] = { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 2, 1, 4, 3, 6, 8, 5, 7 }, { 5, 8, 6, 2, 1, 4, 3, 7 },
                                                       { 8, 1, 7, 2, 6, 3, 5, 4 } };
    for (int k = 0; k < 4; k++) {
        int rank[n], sorted[n];
        for (int i = 0; i < n; i++) { rank[i] = (int)y[k][i]; sorted[i] = i + 1; }
        double b = largest(rank, n), hit = 0, all = 0, bound = value_of(x, y[k], n, "p_HL");
        assert_near(value_of(x, y[k], n, "statistic"), b, 1e-13);
        permute(sorted, 0, n, b, &hit, &all);
        assert_near(all, 40320, 0);
        ck_assert_msg(bound >= hit / all * (1 - 1e-12), "bound %g below the exact %g", bound, hit / all);
        ck_assert(bound <= fmin(1, 7 * hit / all));      /* never above Bonferroni over the 7 cuts */
    }
}
END_TEST

/* n = 40 without ties: the Gaussian p of the observed statistic against 40,000 simulated bridges. */
START_TEST(gaussian_by_simulation)
{
    enum { n = 40, SIMS = 40000 };
    Rng r = rng_stream(3, 0);
    double x[n], y[n], hits = 0;
    for (int i = 0; i < n; i++) { x[i] = i; y[i] = rng_normal(&r) + (i > 25 ? 0.8 : 0); }
    double b = value_of(x, y, n, "statistic"), p = value_of(x, y, n, "p_exactGauss");
    for (int s = 0; s < SIMS; s++) {
        double w[n], total = 0, low = 0, most = 0;
        for (int i = 0; i < n; i++) total += w[i] = rng_normal(&r);
        for (int m = 1; m <= 36; m++) {
            low += w[m - 1];
            if (m < 4) continue;
            double z = fabs(low - m * total / n) / sqrt(m * (n - m) / (double)n);
            if (z > most) most = z;
        }
        hits += most >= b;
    }
    double se = sqrt(p * (1 - p) / SIMS);
    ck_assert_msg(fabs(hits / SIMS - p) < 4 * se, "simulated %g, p %g", hits / SIMS, p);
}
END_TEST

/* A marker of noise: the uncorrected p rejects far too often, the corrected ones about as often as they say or less. */
START_TEST(size)
{
    enum { n = 50, SIMS = 400 };
    Rng r = rng_stream(17, 0);
    double x[n], y[n], plain = 0, gauss = 0, bonferroni = 0;
    for (int s = 0; s < SIMS; s++) {
        for (int i = 0; i < n; i++) { x[i] = rng_normal(&r); y[i] = rng_normal(&r); }
        plain += value_of(x, y, n, "p_uncorrected") < 0.05;
        gauss += value_of(x, y, n, "p_exactGauss") < 0.05;
        bonferroni += value_of(x, y, n, "p_Lau94") < 0.05;
    }
    ck_assert_msg(plain / SIMS > 0.25, "uncorrected %g", plain / SIMS);
    ck_assert_msg(gauss / SIMS < 0.05 + 3 * sqrt(0.05 * 0.95 / SIMS), "corrected %g", gauss / SIMS);
    ck_assert(gauss / SIMS > 0.01 && bonferroni <= gauss + 4);
}
END_TEST

/* Permutations agree with the normal chain; a real step is found again by resamples. */
START_TEST(resampling)
{
    enum { n = 80 };
    Arena a = { 0 };
    Rng r = rng_stream(23, 0);
    double x[n], t[n], d[n], cut[400], p, se, gauss;
    for (int i = 0; i < n; i++) {
        x[i] = i;
        t[i] = rng_exponential(&r) * (i >= 50 ? 0.3 : 1);
        d[i] = rng_uniform(&r) < 0.8;
    }
    MaxstatData data = { n, x, t, d, NULL, 0.1, 0.9 };
    MaxstatSearch s;
    size_t found;
    assert_ok(maxstat_search(&s, &data, &a, NULL));
    ck_assert(s.cut[s.best] > 40 && s.cut[s.best] < 60);
    assert_ok(maxstat_bootstrap(cut, &found, &data, 400, 1, NULL));
    ck_assert_uint_eq(found, 400);
    ck_assert(cut[200] > 40 && cut[200] < 60 && cut[0] <= cut[399]);
    /* A weaker statistic, where a p-value can be counted. */
    for (int i = 0; i < n; i++) t[i] = rng_exponential(&r) * (i >= 50 ? 0.75 : 1);
    assert_ok(maxstat_search(&s, &data, &a, NULL));
    assert_ok(maxstat_p_permutation(&p, &se, &s, 20000, 1, NULL));
    assert_ok(maxstat_p_gauss(&gauss, s.stat[s.best], &s, NULL));
    ck_assert_msg(fabs(p - gauss) < 0.02 + 4 * se, "permutations %g, normal %g", p, gauss);
    arena_free(&a);
}
END_TEST

/* Groups whose cuts were chosen elsewhere: the log-rank test between them keeps its size, that of the chosen cut does not. */
START_TEST(crossfit_keeps_its_size)
{
    enum { n = 60, SIMS = 600 };
    double chosen = 0, crossed = 0;
    for (int sim = 0; sim < SIMS; sim++) {
        Arena a = { 0 };
        Rng r = rng_stream(29, (uint64_t)sim);
        double x[n], t[n], d[n], high[n];
        int g[n];
        for (int i = 0; i < n; i++) { x[i] = rng_normal(&r); t[i] = rng_exponential(&r); d[i] = rng_uniform(&r) < 0.7; }
        MaxstatData data = { n, x, t, d, NULL, 0.1, 0.9 };
        MaxstatSearch s;
        LogrankTest l;
        LogrankData two = { .n = n, .time = t, .event = d, .group = g, .n_groups = 2 };
        assert_ok(maxstat_search(&s, &data, &a, NULL));
        for (int i = 0; i < n; i++) g[i] = x[i] > s.cut[s.best];
        assert_ok(logrank_test(&l, &two, 0, &a, NULL));
        chosen += l.p < 0.05;
        assert_ok(maxstat_crossfit(high, &data, 10, (uint64_t)sim, NULL));
        for (int i = 0; i < n; i++) g[i] = high[i] != 0;
        assert_ok(logrank_test(&l, &two, 0, &a, NULL));
        /* One-sided in effect: only the direction that was chosen counts, and folds overlap. */
        crossed += l.p < 0.05 && l.observed[1] > l.expected[1];
        arena_free(&a);
    }
    ck_assert_msg(chosen / SIMS > 0.25, "chosen cut %g", chosen / SIMS);
    ck_assert_msg(crossed / SIMS < 0.09, "cross-fitted %g", crossed / SIMS);
}
END_TEST

static Suite *suite(void)
{
    linalg_init();
    Suite *s = suite_create("maxstat");
    TCase *c = unit_case(s, "maxstat");
    tcase_add_test(c, all_permutations);
    tcase_add_test(c, gaussian_by_simulation);
    tcase_add_test(c, size);
    tcase_add_test(c, resampling);
    tcase_add_test(c, crossfit_keeps_its_size);
    return s;
}

UNIT_MAIN("maxstat")
