/* tests/unit/test_shuffled.c: every curve, test and measure of prediction gives the same bytes however its rows are shuffled. */
#include "stats/method.h"

#include "core/rng.h"
#include "stats/linalg.h"
#include "tests/unit/unit.h"

enum { N = 90, COLUMNS = 9 };
static const char *const name[COLUMNS] = { "t", "s", "d", "k", "x", "z", "g", "y", "w" };

static void simulate(double col[COLUMNS][N])
{
    Rng r = rng_stream(77, 0);
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&r), z = rng_below(&r, 4), u = rng_uniform(&r);
        double v[COLUMNS] = { ceil(10 * rng_exponential(&r) * exp(-0.4 * x)), 0, rng_uniform(&r) < 0.7, u < 0.3 ? 0 : u < 0.7 ? 1 : 2,
                              x, z, rng_below(&r, 3), rng_uniform(&r) < 1 / (1 + exp(-x)), 0.5 + rng_uniform(&r) };
        v[1] = floor(v[0] * 0.4 * rng_uniform(&r));
        for (int c = 0; c < COLUMNS; c++) col[c][i] = v[c];
    }
}

/* The answer as text, rows in the given order. */
static char *answer(const char *method, const char *formula, const char *options, double col[COLUMNS][N], const int *order)
{
    Frame f = { 0 };
    Json *o = NULL, *out = NULL;
    Str text = { 0 };
    Err e = { 0 };
    assert_ok(frame_init(&f, "table", N, NULL));
    for (int c = 0; c < COLUMNS; c++) {
        double *v = NULL;
        assert_ok(frame_add_numbers(&v, &f, name[c], NULL));
        for (int i = 0; i < N; i++) v[i] = col[c][order[i]];
    }
    assert_ok_e(json_parse(&o, options, strlen(options), "options", &e), e);
    StatCall call = { .formula = formula, .data = &f, .options = o };
    const Method *m = method_by_name(method);
    ck_assert_msg(m != NULL, "no method %s", method);
    assert_ok_e(method_check_options(m, o, method, &e), e);
    assert_ok_e(method_call(&out, m, &call, &e), e);
    assert_ok(json_print(&text, out, true, NULL));
    json_free(out);
    json_free(o);
    frame_free(&f);
    return str_take(&text);
}

START_TEST(same_bytes)
{
    static const struct { const char *method, *formula, *options; } calls[] = {
        { "km", "Surv(t,d)~g", "{\"times\":[3,9],\"tau\":12}" },
        { "km", "Surv(s,t,d)~g", "{\"weights\":\"w\",\"times\":[3,9]}" },
        { "km", "Surv(t,d)~1", "{\"weights\":\"w\",\"stype\":2,\"ctype\":2,\"tau\":9}" },
        { "logrank", "Surv(t,d)~g", "{\"rho\":[0,0.5,1]}" },
        { "logrank", "Surv(t,d)~g+strata(z)", "{\"rho\":0.5}" },
        { "rmst", "Surv(t,d)~y", "{\"tau\":9}" },
        { "concordance", "Surv(t,d)~x+z", "{\"tau\":15}" },
        { "concordance", "Surv(s,t,d)~x+z+strata(g)", "{\"weights\":\"w\"}" },
        { "cif", "Surv(t,k)~g", "{\"times\":[3,9],\"tau\":12,\"rho\":[0,1]}" },
        { "finegray", "Surv(t,k)~x+z", "{}" },
        { "finegray", "Surv(t,k)~x+z", "{\"convention\":\"survival\",\"ties\":\"efron\"}" },
        { "roc", "y~x+z", "{\"pauc\":[1,0.8]}" },
        { "roc", "y~x", "{\"by\":\"g>1\"}" },
        { "timeroc", "Surv(t,k)~x+z", "{\"times\":[4,12]}" },
        { "timeroc", "Surv(t,d)~x+z", "{\"times\":[4,12],\"weighting\":\"cox\"}" },
        { "performance", "Surv(t,d)~x+z", "{\"times\":[4,12]}" },
        { "maxstat", "Surv(t,d)~x", "{}" },
        { "maxstat", "x~z", "{}" },
        { "twosample", "x~y", "{}" },
        { "paired", "~x+z", "{}" },
        { "ksample", "x~g", "{}" },
        { "trend", "y~z", "{}" },
        { "contingency", "~g+z", "{}" },
        { "correlation", "~x+z", "{}" },
        { "icc", "~x+z+w", "{}" },
        { "compare", "y~x+z", "{\"versus\":\"y~z\",\"cuts\":[0.4],\"thresholds\":[0.2,0.5]}" },
        { "compare", "Surv(t,d)~x+z", "{\"versus\":\"Surv(t,d)~z\",\"times\":9,\"thresholds\":[0.2,0.5]}" },
    };
    static double col[COLUMNS][N];
    int order[N], shuffled[N];
    Rng r = rng_stream(78, 0);
    simulate(col);
    for (int i = 0; i < N; i++) order[i] = shuffled[i] = i;
    for (int i = N - 1; i > 0; i--) {
        int j = (int)rng_below(&r, (uint32_t)i + 1), t = shuffled[i];
        shuffled[i] = shuffled[j];
        shuffled[j] = t;
    }
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
        char *a = answer(calls[k].method, calls[k].formula, calls[k].options, col, order);
        char *b = answer(calls[k].method, calls[k].formula, calls[k].options, col, shuffled);
        size_t at = 0;
        while (a[at] && a[at] == b[at]) at++;
        size_t from = at > 60 ? at - 60 : 0;
        ck_assert_msg(a[at] == b[at], "%s %s %s:\n%.120s\n%.120s", calls[k].method, calls[k].formula, calls[k].options, a + from, b + from);
        free(a);
        free(b);
    }
}
END_TEST

static Suite *suite(void)
{
    linalg_init();
    Suite *s = suite_create("shuffled");
    TCase *c = unit_case(s, "shuffled");
    tcase_add_test(c, same_bytes);
    return s;
}

UNIT_MAIN("shuffled")
