/* tests/unit/test_lanes.c: numbers side by side: the exponential and the logarithm against those in long double, and a choice lane by lane. */
#include <math.h>

#include "core/lanes.h"
#include "core/lanes_exp.h"
#include "core/lanes_log.h"
#include "core/rng.h"
#include "unit.h"

static FOR_EACH_WIDTH void exp_of(double *to, const double *x)
{
    lanes_put(to, lanes_exp(lanes_at(x)));
}

/* Units in the last place by which e^x is missed. */
static double missed(double got, double x)
{
    const long double want = expl((long double)x);
    return (double)(fabsl((long double)got - want) / (nextafter((double)want, INFINITY) - (double)want));
}

START_TEST(exponential)
{
    static const double edge[LANES] = { 0, -0., 1, -1, 0x1.62e42fefa39efp-2, -0x1.62e42fefa39efp-2, -708, 709 };
    Rng r = rng_stream(5, 0);
    double x[LANES], y[LANES], worst = 0;
    exp_of(y, edge);
    ck_assert(y[0] == 1 && y[1] == 1);
    for (int l = 0; l < LANES; l++) ck_assert_double_le(missed(y[l], edge[l]), 1.1);
    for (int k = 0; k < 200000; k++) {
        for (int l = 0; l < LANES; l++) x[l] = k % 2 ? 1417 * rng_uniform(&r) - 708 : ldexp(2 * rng_uniform(&r) - 1, (int)rng_below(&r, 12) - 8);
        exp_of(y, x);
        for (int l = 0; l < LANES; l++) worst = fmax(worst, missed(y[l], x[l]));
    }
    ck_assert_double_lt(worst, 1.1);
}
END_TEST

START_TEST(outside_its_range)
{
    const double x[LANES] = { -1e300, -709, 710, 1e300, INFINITY, -INFINITY, NAN, -NAN }, low = exp(-708), high = exp(709);
    double y[LANES];
    exp_of(y, x);
    for (int l = 0; l < 2; l++) assert_near(y[l], low, 1e-15);
    for (int l = 2; l < 4; l++) assert_near(y[l], high, 1e-15);
    for (int l = 4; l < LANES; l++) ck_assert(isnan(y[l]));
}
END_TEST

static FOR_EACH_WIDTH void log1p_of(double *to, const double *x)
{
    lanes_put(to, lanes_log1p(lanes_at(x)));
}

START_TEST(logarithm_beyond_one)
{
    static const double edge[LANES] = { 0, 1, 0x1.a827999fcef32p-2, 0x1.a827999fcef33p-2, .5, 0x1p-1074, 0x1p-60, 0x1.fffffffffffffp-1 };
    Rng r = rng_stream(5, 1);
    double x[LANES], y[LANES], worst = 0;
    log1p_of(y, edge);
    ck_assert(y[0] == 0 && y[5] == 0x1p-1074 && y[6] == 0x1p-60);
    for (int k = 0; k < 200000; k++) {
        for (int l = 0; l < LANES; l++) x[l] = k == 0 ? edge[l] : k % 2 ? rng_uniform(&r) : ldexp(rng_uniform(&r), -(int)rng_below(&r, 60));
        log1p_of(y, x);
        for (int l = 0; l < LANES; l++) {
            if (x[l] == 0) continue;
            const long double want = log1pl((long double)x[l]);
            worst = fmax(worst, (double)(fabsl((long double)y[l] - want) / (nextafter((double)want, INFINITY) - (double)want)));
        }
    }
    ck_assert_double_lt(worst, 1.5);
    x[0] = NAN;
    log1p_of(y, x);
    ck_assert(isnan(y[0]));
}
END_TEST

START_TEST(choice)
{
    const double a[LANES] = { 1, 2, 3, 4, NAN, INFINITY, -0., 8 }, b[LANES] = { 8, 7, 6, 5, 4, 3, 2, 1 };
    double to[LANES];
    lanes_put(to, lanes_select(lanes_at(b) > 4, lanes_at(a), lanes_all(-1)));
    for (int l = 0; l < LANES; l++) ck_assert(to[l] == (l < 4 ? a[l] : -1));
    const double c[LANES] = { 0, -0., 1, 0x1p-1074, 2, -1e300, 5, -3 }, d[LANES] = { -0., 0, nextafter(1, 2), 0, 2, 1e300, 4, -2 };
    const LanesMask below = lanes_below(lanes_at(c), lanes_at(d));
    for (int l = 0; l < LANES; l++) ck_assert((below[l] != 0) == (c[l] < d[l]));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lanes");
    TCase *c = unit_case(s, "side by side");
    tcase_add_test(c, exponential);
    tcase_add_test(c, outside_its_range);
    tcase_add_test(c, logarithm_beyond_one);
    tcase_add_test(c, choice);
    return s;
}

UNIT_MAIN("lanes")
