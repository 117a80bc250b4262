/* tests/unit/test_order.c: radix sorting against comparing. */
#include "core/order.h"

#include "core/rng.h"
#include "core/sum.h"
#include "tests/unit/unit.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double draw(Rng *r, uint64_t kind)
{
    switch (kind % 8) {
    case 0: return rng_normal(r);
    case 1: return (double)rng_below(r, 7) - 3;
    case 2: return rng_normal(r) * det_exp(300 * rng_normal(r));
    case 3: return rng_below(r, 2) ? 0.0 : -0.0;
    case 5: return 5 + (double)rng_below(r, 2);
    case 6: return (double)rng_below(r, 3000) - 100;
    case 4: return rng_below(r, 1000) ? 1e9 + rng_uniform(r) : -1e300 * rng_uniform(r);      /* many agree in their leading bits */
    default: return rng_below(r, 3) ? rng_normal(r) : rng_below(r, 2) ? INFINITY : -INFINITY;
    }
}

START_TEST(stable_and_ascending)
{
    enum { MAX = 9000 };      /* few and many: digits of both widths */
    static double x[MAX];
    static int code[MAX];
    static size_t order[MAX];
    for (uint64_t seed = 0; seed < 58; seed++) {
        Rng r = rng_stream(seed, 0);
        size_t n = seed < 10 ? seed * 9 : 50 + rng_below(&r, seed < 34 ? 2100 : MAX - 50);
        for (size_t i = 0; i < n; i++) { x[i] = draw(&r, seed); code[i] = (int)rng_below(&r, 6); }
        order_start(order, n);
        assert_ok(order_by(order, x, n, NULL));
        for (size_t i = 1; i < n; i++)
            ck_assert(x[order[i - 1]] < x[order[i]] || (x[order[i - 1]] == x[order[i]] && order[i - 1] < order[i]));
        assert_ok(order_by_codes(order, code, n, NULL));
        for (size_t i = 1; i < n; i++) {
            int a = code[order[i - 1]], b = code[order[i]];
            ck_assert(a < b || (a == b && x[order[i - 1]] <= x[order[i]]));
        }
        static double y[MAX], z[MAX];
        memcpy(y, x, n * sizeof *x);
        memcpy(z, x, n * sizeof *x);
        sort_doubles(y, n);
        qsort(z, n, sizeof *z, ascending);
        for (size_t i = 0; i < n; i++) ck_assert(y[i] == z[i]);
    }
}
END_TEST

START_TEST(keys)
{
    static const double x[9] = { -INFINITY, -1e300, -1, -1e-310, 0, 1e-310, 1, 1e300, INFINITY };
    for (int i = 0; i < 9; i++) {
        ck_assert(order_unkey(order_key(x[i])) == x[i]);
        if (i) ck_assert(order_key(x[i - 1]) < order_key(x[i]));
    }
    ck_assert(order_key(-0.0) == order_key(0.0));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("order");
    TCase *c = unit_case(s, "order");
    tcase_add_test(c, stable_and_ascending);
    tcase_add_test(c, keys);
    return s;
}

UNIT_MAIN("order")
