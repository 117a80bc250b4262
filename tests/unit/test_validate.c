/* tests/unit/test_validate.c: resampling of prediction models and the smooth calibration curve. */
#include "core/frame.h"
#include "core/rng.h"
#include "core/str.h"
#include "stats/calibration.h"
#include "stats/method.h"
#include "stats/trained.h"
#include "unit.h"

static Json *call(const char *formula, const Frame *f, const Frame *resamples, const char *options, Rc want)
{
    Json *o = NULL, *out = NULL;
    Err e = { 0 };
    assert_ok_e(json_parse(&o, options, strlen(options), "options", &e), e);
    Rc rc = method_call(&out, method_by_name("validate"), &(StatCall){ .formula = formula, .data = f, .options = o, .resamples = resamples, .threads = 1 }, &e);
    ck_assert_msg(rc == want, "rc %d: %s", (int)rc, e.text);
    json_free(o);
    return out;
}

static double number(const Json *j, const char *a, const char *b) { return json_number(json_get(json_get(j, a), b)); }

/* n rows of noise columns x0 …, a response and a survival time that know nothing of them; a centre of four. */
static void noise(Frame *f, size_t n, int p, uint64_t seed)
{
    Rng r = rng_stream(seed, 0);
    double *x = NULL;
    char name[16];
    assert_ok(frame_init(f, "noise.csv", n, NULL));
    for (int j = 0; j < p; j++) {
        snprintf(name, sizeof name, "x%d", j);
        assert_ok(frame_add_numbers(&x, f, name, NULL));
        for (size_t i = 0; i < n; i++) x[i] = rng_normal(&r);
    }
    assert_ok(frame_add_numbers(&x, f, "y", NULL));
    for (size_t i = 0; i < n; i++) x[i] = rng_uniform(&r) < .4;
    assert_ok(frame_add_numbers(&x, f, "time", NULL));
    for (size_t i = 0; i < n; i++) x[i] = ceil(20 * rng_exponential(&r));
    assert_ok(frame_add_numbers(&x, f, "event", NULL));
    for (size_t i = 0; i < n; i++) x[i] = rng_uniform(&r) < .7;
    assert_ok(frame_add_numbers(&x, f, "centre", NULL));
    for (size_t i = 0; i < n; i++) x[i] = 1 + rng_below(&r, 4);
}

static void noise_formula(Str *text, const char *left, int p)
{
    str_append(text, left);
    for (int j = 0; j < p; j++) str_appendf(text, "%sx%d", j ? "+" : "~", j);
}

START_TEST(selection_inside_the_fold_shows_no_gain)
{
    static const char *const left[] = { "y", "Surv(time,event)" };
    for (int kind = 0; kind < 2; kind++) {
        Frame f = { 0 };
        Str text = { 0 };
        noise(&f, 120, 150, 11);
        noise_formula(&text, left[kind], 150);
        Json *out = call(str_text(&text), &f, NULL, "{\"folds\": 5, \"repeats\": 8, \"select\": 6, \"seed\": 3}", OK);
        ck_assert_msg(number(out, "apparent", "C") > .65, "C %g", number(out, "apparent", "C"));
        ck_assert_msg(fabs(number(out, "corrected", "C") - .5) < .07, "C %g", number(out, "corrected", "C"));
        ck_assert(fabs(number(out, "corrected", "slope")) < .35);
        json_free(out);
        str_free(&text);
        frame_free(&f);
    }
}
END_TEST

/* A resample that is the cohort itself has no optimism. */
START_TEST(the_cohort_as_its_own_resample)
{
    Frame f = { 0 }, rows = { 0 };
    noise(&f, 40, 2, 5);
    assert_ok(frame_init(&rows, "rows.csv", 1, NULL));
    for (size_t i = 0; i < 40; i++) {
        double *x = NULL;
        char name[16];
        snprintf(name, sizeof name, "V%zu", i + 1);
        assert_ok(frame_add_numbers(&x, &rows, name, NULL));
        x[0] = (double)i + 1;
    }
    static const char *const formula[] = { "y~x0+x1", "Surv(time,event)~x0+x1" };
    for (int k = 0; k < 2; k++) {
        Json *out = call(formula[k], &f, &rows, "{}", OK);
        ck_assert(number(out, "optimism", "C") == 0);
        assert_near_abs(number(out, "optimism", "slope"), 0, 0, 1e-9);
        ck_assert(number(out, "corrected", "C") == number(out, "apparent", "C"));
        json_free(out);
    }
    frame_column(&rows, "V7")->num[0] = 41;
    Json *out = call(formula[0], &f, &rows, "{}", ERR_INPUT);
    ck_assert(out == NULL);
    frame_free(&rows);
    frame_free(&f);
}
END_TEST

/* Rows in another order give the same numbers, to the bit. */
START_TEST(shuffled_rows)
{
    Frame f = { 0 }, g = { 0 };
    Str text[2] = { { 0 } };
    noise(&f, 90, 3, 21);
    assert_ok(frame_init(&g, "noise.csv", f.rows, NULL));
    for (size_t k = 0; k < f.columns; k++) {
        double *x = NULL;
        assert_ok(frame_add_numbers(&x, &g, f.column[k].name, NULL));
        for (size_t i = 0; i < f.rows; i++) x[i] = f.column[k].num[(i * 37 + 5) % f.rows];
    }
    static const char *const formula[] = { "y~rcs(x0,3)+x1", "Surv(time,event)~x0+rcs(x2,4)" };
    for (int k = 0; k < 2; k++) {
        const Frame *frame[] = { &f, &g };
        for (int s = 0; s < 2; s++) {
            Json *out = call(formula[k], frame[s], NULL, "{\"leave_out\": \"centre\"}", OK);
            text[s].len = 0;
            assert_ok(json_print(&text[s], json_get(out, "table"), false, NULL));
            assert_ok(json_print(&text[s], json_get(out, "slope_pooled"), false, NULL));
            json_free(out);
        }
        ck_assert_str_eq(str_text(&text[0]), str_text(&text[1]));
    }
    str_free(&text[0]);
    str_free(&text[1]);
    frame_free(&f);
    frame_free(&g);
}
END_TEST

START_TEST(a_model_that_does_not_exist)
{
    Frame f = { 0 };
    noise(&f, 30, 1, 9);
    double *x = frame_column(&f, "x0")->num, *y = frame_column(&f, "y")->num;
    for (size_t i = 0; i < 30; i++) y[i] = x[i] > 0;
    Json *out = call("y~x0", &f, NULL, "{\"bootstrap\": 5}", ERR_ESTIMATE);
    ck_assert_str_eq(json_text(json_get(json_at(json_get(out, "diagnosis"), 0), "code")), "quasi_separation");
    json_free(out);
    ck_assert(call("y~x0", &f, NULL, "{}", ERR_USAGE) == NULL);
    ck_assert(call("y~x0", &f, NULL, "{\"bootstrap\": 5, \"folds\": 3}", ERR_USAGE) == NULL);
    ck_assert(call("y~x0", &f, NULL, "{\"bootstrap\": 5, \"model\": \"cox\"}", ERR_USAGE) == NULL);
    frame_free(&f);
}
END_TEST

/* ---- the smooth curve */

static double expit(double x) { return 1 / (1 + exp(-x)); }

/* Responses of slope 1/2 on the logit: predictions are too extreme. The curve is the truth within its noise; where predictions are
 * right it is the diagonal. */
START_TEST(planted_miscalibration_of_a_response)
{
    enum { N = 4000 };
    static double risk[N], y[N];
    for (int planted = 0; planted < 2; planted++) {
        Arena a = { 0 };
        Rng r = rng_stream(4, (uint64_t)planted);
        for (int i = 0; i < N; i++) {
            double z = 1.5 * rng_normal(&r);
            risk[i] = expit(z);
            y[i] = rng_uniform(&r) < expit(planted ? z / 2 - .5 : z);
        }
        CalibrationCurve c;
        assert_ok(calibration_curve(&c, &(CalibrationData){ .n = N, .risk = risk, .y = y }, NULL, 21, &a, NULL));
        ck_assert(c.exists && c.columns == 3);
        for (size_t k = 0; k < c.n_grid; k++) {
            double z = log(c.grid[k] / (1 - c.grid[k])), truth = expit(planted ? z / 2 - .5 : z);
            assert_near_abs(c.observed[k], truth, 0, .05);
        }
        ck_assert(planted ? c.ici > .1 && c.largest > .25 : c.ici < .025);
        arena_free(&a);
    }
}
END_TEST

/* Survival and, with a third of other events, cumulative incidence: the subdistribution hazard is doubled against the prediction. */
START_TEST(planted_miscalibration_of_a_risk)
{
    enum { N = 4000 };
    static double risk[N], y[N], time[N];
    for (int competing = 0; competing < 2; competing++)
        for (int planted = 0; planted < 2; planted++) {
            Arena a = { 0 };
            Rng r = rng_stream(8, (uint64_t)(2 * competing + planted));
            double factor = planted ? 2 : 1;
            for (int i = 0; i < N; i++) {
                double hazard = .5 * exp(.7 * rng_normal(&r)), u = rng_uniform(&r), c = 3 * rng_uniform(&r), full;
                /* F(t) = 1 - exp(-H (1 - exp(-t))): events for u below F's limit, others at a time of their own. */
                risk[i] = 1 - exp(-hazard * (1 - exp(-1.)));
                full = competing ? 1 - exp(-factor * hazard) : 1;
                double t = competing ? (u < full ? -log1p(log1p(-u) / (factor * hazard)) : rng_exponential(&r))
                                     : -log(u) / (factor * hazard * (1 - exp(-1.)));
                bool event = !competing || u < full;
                time[i] = fmin(t, c);
                y[i] = t > c ? 0 : event ? 1 : 2;
            }
            CalibrationCurve c;
            assert_ok(calibration_curve(&c, &(CalibrationData){ N, risk, y, time, 1 }, NULL, 15, &a, NULL));
            ck_assert(c.exists);
            for (size_t k = 0; k < c.n_grid; k++)
                assert_near_abs(c.observed[k], 1 - pow(1 - c.grid[k], factor), 0, .05);
            ck_assert(planted ? c.ici > .12 : c.ici < .02);
            arena_free(&a);
        }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("validate");
    TCase *c = unit_case(s, "resampling");
    tcase_add_test(c, selection_inside_the_fold_shows_no_gain);
    tcase_add_test(c, the_cohort_as_its_own_resample);
    tcase_add_test(c, shuffled_rows);
    tcase_add_test(c, a_model_that_does_not_exist);
    c = unit_case(s, "calibration");
    tcase_add_test(c, planted_miscalibration_of_a_response);
    tcase_add_test(c, planted_miscalibration_of_a_risk);
    return s;
}

UNIT_MAIN("validate")
