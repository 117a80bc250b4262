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
            assert_ok(calibration_curve(&c, &(CalibrationData){ N, risk, y, time, 1, NULL }, NULL, 15, &a, NULL));
            ck_assert(c.exists);
            for (size_t k = 0; k < c.n_grid; k++)
                assert_near_abs(c.observed[k], 1 - pow(1 - c.grid[k], factor), 0, .05);
            ck_assert(planted ? c.ici > .12 : c.ici < .02);
            arena_free(&a);
        }
}
END_TEST

/* With weights the curve is that of R 4.2.2: rcspline.eval's columns (Hmisc; knots by wtd.quantile with weights of mean 1, the outer ones the
 * fifth from either end below 100) in glm, in survival's coxph, and in coxph of its finegray's rows. */
START_TEST(weighted_curves_are_r_s)
{
    enum { N = 60, P = 3 };
    double risk[3][N], y[3][N], time[N], weight[N];
    for (int i = 1; i <= N; i++) {
        const double own = exp(-1 + .1 * (i * 7 % 11));
        time[i - 1] = i * 37 % 101 + 1;
        weight[i - 1] = 1 + i % 5 / 4.;
        risk[0][i - 1] = expit(-1 + time[i - 1] / 50);
        y[0][i - 1] = i * 29 % 17 > 7 + i * 7 % 11 - 5;
        risk[1][i - 1] = risk[2][i - 1] = 1 - exp(-own);
        y[1][i - 1] = i % 3 > 0;
        y[2][i - 1] = i % 3;
    }
    static const struct { double grid[P], observed[P], ici, e50, e90, largest; } r[3] = {
        { { .3, .5, .7 }, { 0.597578745498120, 0.433372209292794, 0.741144818642368 }, 0.0943504963694026, 0.0663758647095265, 0.2439434186516457, 0.3442919280075987 },
        { { .4, .5, .6 }, { 0.143554261679486, 0.343345733136347, 0.972283095264646 }, 0.222327084516361, 0.215427228593078, 0.367459192729484, 0.367459192729484 },
        { { .4, .5, .6 }, { 0.164727692389256, 0.174310879768771, 0.223343095691794 }, 0.276006194736356, 0.290640420917804, 0.387287054684672, 0.387287054684672 } };
    for (int k = 0; k < 3; k++) {
        Arena a = { 0 };
        CalibrationCurve c, plain;
        CalibrationData d = { .n = N, .risk = risk[k], .y = y[k], .time = k ? time : NULL, .horizon = 50, .weight = weight };
        assert_ok(calibration_curve(&c, &d, r[k].grid, P, &a, NULL));
        ck_assert(c.exists && c.columns == 2);
        for (int q = 0; q < P; q++) assert_near(c.observed[q], r[k].observed[q], 1e-8);
        assert_near(c.ici, r[k].ici, 1e-8);
        assert_near(c.e50, r[k].e50, 1e-8);
        assert_near(c.e90, r[k].e90, 1e-8);
        assert_near(c.largest, r[k].largest, 1e-8);
        d.weight = NULL;
        assert_ok(calibration_curve(&plain, &d, r[k].grid, P, &a, NULL));
        ck_assert(fabs(plain.ici - c.ici) > 1e-4);
        arena_free(&a);
    }
}
END_TEST

/* A row of weight 3 is three rows, knots and distances too. */
START_TEST(a_whole_weight_is_so_many_rows)
{
    enum { ROWS = 150, MOST = 3 * ROWS };
    double risk[MOST], y[MOST], weight[ROWS], copy_risk[MOST], copy_y[MOST];
    size_t m = 0;
    Arena a = { 0 };
    Rng r = rng_stream(15, 0);
    for (size_t i = 0; i < ROWS; i++) {
        risk[i] = expit(floor(8 * rng_normal(&r)) / 8);
        y[i] = rng_uniform(&r) < risk[i];
        weight[i] = (double)(i % 4);
        for (size_t k = 0; k < i % 4; k++, m++) { copy_risk[m] = risk[i]; copy_y[m] = y[i]; }
    }
    CalibrationCurve c, copies;
    assert_ok(calibration_curve(&c, &(CalibrationData){ .n = ROWS, .risk = risk, .y = y, .weight = weight }, NULL, 20, &a, NULL));
    assert_ok(calibration_curve(&copies, &(CalibrationData){ .n = m, .risk = copy_risk, .y = copy_y }, NULL, 20, &a, NULL));
    ck_assert(c.exists && c.columns == copies.columns);
    for (int k = 0; k < 20; k++) {
        assert_near(c.grid[k], copies.grid[k], 1e-12);
        assert_near(c.observed[k], copies.observed[k], 1e-9);
    }
    assert_near(c.ici, copies.ici, 1e-8);
    assert_near(c.e50, copies.e50, 1e-8);
    assert_near(c.e90, copies.e90, 1e-8);
    arena_free(&a);
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
    tcase_add_test(c, weighted_curves_are_r_s);
    tcase_add_test(c, a_whole_weight_is_so_many_rows);
    return s;
}

UNIT_MAIN("validate")
