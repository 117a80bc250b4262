/* tests/unit/test_rng.c: the generator against its published output, the variates against their distributions. */
#include "core/rng.h"

#include "unit.h"

/* Output of pcg32-demo, "Round 1", seeded with 42 and 54 (pcg-c-basic). */
START_TEST(published_output)
{
    static const uint32_t want[] = { 0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e };
    Rng r = rng_pcg32(42, 54);
    for (int i = 0; i < 6; i++) ck_assert_uint_eq(rng_u32(&r), want[i]);
}
END_TEST

/* The demo goes on with 65 coins and 33 dice drawn by pcg32_boundedrand_r from the same generator. */
START_TEST(published_coins_and_dice)
{
    static const char coins[] = "HHTTTHTHHHTHTTTHHHHHTTTHHHTHTHTHTTHTTTHHHHHHTTTTHHTTTTTHTTTTTTTHT";
    static const int dice[] = { 3, 4, 1, 1, 2, 2, 3, 2, 4, 3, 2, 4, 3, 3, 5, 2, 3, 1, 3, 1, 5, 1, 4, 1, 5, 6, 4, 6, 6, 2, 6, 3, 3 };
    Rng r = rng_pcg32(42, 54);
    for (int i = 0; i < 6; i++) rng_u32(&r);
    for (int i = 0; i < 65; i++) ck_assert_int_eq(rng_below(&r, 2) ? 'H' : 'T', coins[i]);
    for (int i = 0; i < 33; i++) ck_assert_int_eq((int)rng_below(&r, 6) + 1, dice[i]);
}
END_TEST

/* Golden bits: what every processor must give. */
START_TEST(same_bits_everywhere)
{
    Rng r = rng_stream(1, 2);
    uint64_t h = 1469598103934665603u;
    for (int i = 0; i < 20000; i++) {
        double x[] = { rng_normal(&r), rng_exponential(&r), rng_gamma(&r, 2.5), rng_beta(&r, 2, 4), rng_gamma(&r, .3),
                       det_sin(30 * rng_normal(&r)), det_cos(rng_normal(&r)), det_erf(rng_normal(&r)),
                       det_pow(rng_uniform(&r), rng_normal(&r)), det_exp(rng_normal(&r)) };
        for (size_t k = 0; k < sizeof x; k++) h = (h ^ ((unsigned char *)x)[k]) * 1099511628211u;
    }
    ck_assert_msg(h == 0x6d0cc2e03b910b4bu, "hash 0x%llx", (unsigned long long)h);
}
END_TEST

enum { N = 200000 };
typedef double Draw(Rng *r);
static double draw_uniform(Rng *r) { return rng_uniform(r); }
static double draw_normal(Rng *r) { return rng_normal(r); }
static double draw_exponential(Rng *r) { return rng_exponential(r); }
static double draw_gamma_2(Rng *r) { return rng_gamma(r, 2); }
static double draw_gamma_half(Rng *r) { return rng_gamma(r, .5); }
static double draw_beta_2_4(Rng *r) { return rng_beta(r, 2, 4); }
static double cdf_uniform(double x) { return x; }
static double cdf_normal(double x) { return .5 * erfc(-x / sqrt(2)); }
static double cdf_exponential(double x) { return 1 - exp(-x); }
static double cdf_gamma_2(double x) { return 1 - exp(-x) * (1 + x); }
static double cdf_gamma_half(double x) { return erf(sqrt(x)); }
/* P(X <= x) for Beta(2, 4): at least 2 of 5 uniforms at or below x. */
static double cdf_beta_2_4(double x) { double y = 1 - x; return 1 - y * y * y * y * y - 5 * x * y * y * y * y; }

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov–Smirnov distance times sqrt(n): 2.0 is exceeded by chance with p = 0.0007; the seeds are fixed. */
START_TEST(distributions)
{
    static const struct { Draw *draw; double (*cdf)(double); } d[] = {
        { draw_uniform, cdf_uniform }, { draw_normal, cdf_normal }, { draw_exponential, cdf_exponential },
        { draw_gamma_2, cdf_gamma_2 }, { draw_gamma_half, cdf_gamma_half }, { draw_beta_2_4, cdf_beta_2_4 } };
    double *x = malloc(N * sizeof *x);
    for (size_t k = 0; k < sizeof d / sizeof *d; k++) {
        Rng r = rng_stream(77, k);
        double worst = 0;
        for (int i = 0; i < N; i++) x[i] = d[k].draw(&r);
        qsort(x, N, sizeof *x, ascending);
        for (int i = 0; i < N; i++) {
            double f = d[k].cdf(x[i]), lo = fabs(f - i / (double)N), hi = fabs((i + 1) / (double)N - f);
            if (lo > worst) worst = lo;
            if (hi > worst) worst = hi;
        }
        ck_assert_msg(worst * sqrt(N) < 2.0, "distribution %zu: KS %.3f", k, worst * sqrt(N));
    }
    free(x);
}
END_TEST

/* Neighbouring streams and neighbouring seeds: correlation within 4 standard errors, at lag 0 and 1. */
START_TEST(streams_are_apart)
{
    for (uint64_t k = 0; k < 20; k++) {
        Rng a = rng_stream(5, k), b = rng_stream(5, k + 1), c = rng_stream(6, k);
        double ab = 0, ac = 0, lag = 0, last = 0;
        for (int i = 0; i < 50000; i++) {
            double x = rng_uniform(&a) - .5, y = rng_uniform(&b) - .5, z = rng_uniform(&c) - .5;
            ab += x * y; ac += x * z; lag += last * y; last = x;
        }
        double se = sqrt(50000) / 12;
        ck_assert(fabs(ab) < 4 * se && fabs(ac) < 4 * se && fabs(lag) < 4 * se);
    }
}
END_TEST

START_TEST(below_is_fair)
{
    Rng r = rng_stream(9, 0);
    int count[7] = { 0 };
    for (int i = 0; i < 70000; i++) count[rng_below(&r, 7)]++;
    double chisq = 0;
    for (int i = 0; i < 7; i++) chisq += (count[i] - 10000.0) * (count[i] - 10000.0) / 10000;
    ck_assert_msg(chisq < 22.5, "chi-squared %g on 6 df", chisq);       /* p = 0.001 */
    for (int i = 0; i < 100; i++) ck_assert_uint_eq(rng_below(&r, 1), 0);
}
END_TEST

START_TEST(elementary_functions)
{
    for (double x = -20; x < 20; x += .0137) {
        assert_near(det_exp(x), exp(x), 4e-16);
        assert_near_abs(det_sin(x), sin(x), 4e-16, 1e-17);
        assert_near_abs(det_cos(x), cos(x), 4e-16, 1e-17);
        assert_near(det_erf(x), erf(x), 4e-16);
        if (x > 0) { assert_near(det_log(x), log(x), 4e-16); assert_near(det_pow(x, 1.7), pow(x, 1.7), 4e-16); }
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("rng");
    TCase *c = unit_case(s, "rng");
    tcase_add_test(c, published_output);
    tcase_add_test(c, published_coins_and_dice);
    tcase_add_test(c, same_bits_everywhere);
    tcase_add_test(c, distributions);
    tcase_add_test(c, streams_are_apart);
    tcase_add_test(c, below_is_fair);
    tcase_add_test(c, elementary_functions);
    return s;
}

UNIT_MAIN("rng")
