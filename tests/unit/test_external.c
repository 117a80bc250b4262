/* tests/unit/test_external.c: a model on other patients: recalibration by closed forms, and what may not change. */
#include "core/json.h"
#include "core/rng.h"
#include "core/str.h"
#include "stats/dist.h"
#include "stats/external.h"
#include "unit.h"

enum { N = 400 };
typedef struct { double y[N], time[N], risk[N], eta[N], cumhaz[N], x[2 * N]; } Rows;
static const char *const term[] = { "a", "b" };

/* Hazard factor * exp(slope * eta) against the model's exp(eta) at baseline hazard 1/10 a month; a response likewise on the logit. */
static void simulate(Rows *r, bool survival, double factor, double slope, uint64_t seed)
{
    Rng g = rng_stream(seed, 0);
    for (int i = 0; i < N; i++) {
        r->x[i] = rng_normal(&g);
        r->x[N + i] = rng_uniform(&g) < .5;
        r->eta[i] = .8 * r->x[i] - .5 * r->x[N + i];
        double truth = log(factor) + slope * r->eta[i];
        if (survival) {
            double t = rng_exponential(&g) / (.1 * exp(truth)), c = 24 * rng_uniform(&g);
            r->time[i] = fmin(t, c);
            r->y[i] = t <= c;
            r->cumhaz[i] = .1 * r->time[i];
            r->risk[i] = -expm1(-.1 * 12 * exp(r->eta[i]));
        } else {
            r->risk[i] = 1 / (1 + exp(-r->eta[i]));
            r->y[i] = rng_uniform(&g) < 1 / (1 + exp(-truth));
        }
    }
}

static Json *validate(const Rows *r, bool survival)
{
    Json *out = json_object();
    Arena a = { 0 };
    Err e = { 0 };
    ExternalData d = { .n = N, .p = 2, .y = r->y, .time = survival ? r->time : NULL, .risk = r->risk, .eta = r->eta, .cumhaz = r->cumhaz,
                       .x = r->x, .term = term, .horizon = survival ? 12 : NAN, .conf = .95 };
    assert_ok_e(external_validate(out, &d, &a, &e), e);
    arena_free(&a);
    return out;
}

static const Json *step(const Json *out, size_t k) { return json_at(json_get(json_get(out, "recalibration"), "steps"), k); }
static double coef(const Json *out, size_t k, const char *name) { return json_number(json_get(json_get(step(out, k), "coef"), name)); }
static double se(const Json *out, size_t k, const char *name) { return json_number(json_get(json_get(step(out, k), "se"), name)); }

/* The update of the baseline alone is log(observed events / expected events), with variance 1 / events. */
START_TEST(baseline_of_a_hazard_in_closed_form)
{
    Rows r;
    simulate(&r, true, 2, 1, 3);
    double events = 0, expected = 0;
    for (int i = 0; i < N; i++) { events += r.y[i]; expected += r.cumhaz[i] * exp(r.eta[i]); }
    Json *out = validate(&r, true);
    assert_near(coef(out, 1, "log_hazard"), log(events / expected), 1e-10);
    assert_near(se(out, 1, "log_hazard"), 1 / sqrt(events), 1e-10);
    const Json *test = json_at(json_get(json_get(out, "recalibration"), "tests"), 0);
    double chisq = 2 * (events * log(events / expected) - events + expected);
    assert_near(json_number(json_get(test, "chisq")), chisq, 1e-9);
    assert_near(json_number(json_get(test, "p")), chisq_sf(chisq, 1), 1e-8);
    ck_assert_str_eq(json_text(json_get(json_get(out, "recalibration"), "closed_test")), "baseline");
    ck_assert(fabs(log(2) - coef(out, 1, "log_hazard")) < 3 * se(out, 1, "log_hazard"));
    json_free(out);
}
END_TEST

/* Truths planted in each step are found, by the coefficients and by the closed test. */
START_TEST(planted_updates_are_found)
{
    static const struct { double factor, slope; const char *chosen; } truth[] = { { 1, 1, "as_published" }, { 2.5, 1, "baseline" }, { 1, .3, "baseline_and_slope" } };
    for (int survival = 0; survival < 2; survival++)
        for (int k = 0; k < 3; k++) {
            Rows r;
            simulate(&r, survival != 0, truth[k].factor, truth[k].slope, 17);
            Json *out = validate(&r, survival != 0);
            const char *baseline = survival ? "log_hazard" : "(Intercept)";
            ck_assert(fabs(coef(out, 2, baseline) - log(truth[k].factor)) < 3 * se(out, 2, baseline));
            ck_assert(fabs(coef(out, 2, "linear_predictor") - truth[k].slope) < 3 * se(out, 2, "linear_predictor"));
            ck_assert_str_eq(json_text(json_get(json_get(out, "recalibration"), "closed_test")), truth[k].chosen);
            double ici = json_number(json_get(json_get(json_get(out, "calibration"), "curve"), "ici"));
            ck_assert_msg(k == 0 ? ici < .05 : ici > .06, "case %d: ici %g", k, ici);
            json_free(out);
        }
}
END_TEST

/* A revision along the model's own direction is the slope: coefficients of a model with one column are slope times its own. */
START_TEST(twice_the_predictor_is_half_the_slope)
{
    Rows r, twice;
    simulate(&r, true, 1.4, .8, 29);
    twice = r;
    for (int i = 0; i < N; i++) twice.eta[i] *= 2;
    Json *a = validate(&r, true), *b = validate(&twice, true);
    assert_near(coef(b, 2, "linear_predictor"), coef(a, 2, "linear_predictor") / 2, 1e-9);
    assert_near(coef(b, 2, "log_hazard"), coef(a, 2, "log_hazard"), 1e-9);
    assert_near(coef(b, 3, "a"), coef(a, 3, "a"), 1e-12);
    ck_assert(json_number(json_get(json_get(a, "discrimination"), "c")) == json_number(json_get(json_get(b, "discrimination"), "c")));
    json_free(a);
    json_free(b);
}
END_TEST

/* Patients followed behind the end of the model's knowledge count up to there and no further. */
START_TEST(follow_up_ends_with_the_model)
{
    Rows r;
    static unsigned char beyond[N];
    Json *out = json_object();
    Arena a = { 0 };
    double events = 0, expected = 0;
    simulate(&r, true, 1.5, 1, 31);
    for (int i = 0; i < N; i++) {
        beyond[i] = r.time[i] > 8;
        r.cumhaz[i] = .1 * fmin(r.time[i], 8);
        events += r.y[i] * !beyond[i];
        expected += r.cumhaz[i] * exp(r.eta[i]);
    }
    ExternalData d = { .n = N, .p = 2, .y = r.y, .time = r.time, .risk = r.risk, .eta = r.eta, .cumhaz = r.cumhaz, .x = r.x, .beyond = beyond,
                       .term = term, .horizon = NAN, .conf = .95 };
    assert_ok(external_validate(out, &d, &a, NULL));
    assert_near(coef(out, 1, "log_hazard"), log(events / expected), 1e-10);
    ck_assert(json_get(out, "brier") == NULL);
    json_free(out);
    arena_free(&a);
}
END_TEST

/* ---- weights */

static Json *validate_weighted(const Rows *r, const double *weight, size_t n, bool survival)
{
    Json *out = json_object();
    Arena a = { 0 };
    Err e = { 0 };
    double x[2 * N];                                    /* columns of n rows */
    for (size_t j = 0; j < 2; j++) memcpy(x + j * n, r->x + j * N, n * sizeof *x);
    ExternalData d = { .n = n, .p = 2, .y = r->y, .time = survival ? r->time : NULL, .risk = r->risk, .eta = r->eta, .cumhaz = r->cumhaz,
                       .x = x, .term = term, .weight = weight, .horizon = survival ? 12 : NAN, .conf = .95 };
    assert_ok_e(external_validate(out, &d, &a, &e), e);
    arena_free(&a);
    return out;
}

static double of(const Json *out, const char *key, const char *member) { return json_number(json_get(json_get(out, key), member)); }
static double test_of(const Json *out, size_t k, const char *key)
{
    return json_number(json_get(json_at(json_get(json_get(out, "recalibration"), "tests"), k), key));
}

static void move_row(Rows *to, size_t k, const Rows *from, size_t i)
{
    to->y[k] = from->y[i]; to->time[k] = from->time[i]; to->risk[k] = from->risk[i]; to->eta[k] = from->eta[i]; to->cumhaz[k] = from->cumhaz[i];
    to->x[k] = from->x[i]; to->x[N + k] = from->x[N + i];
}

/* A weight of 2 is two rows: every estimate, and recalibration with its errors and tests. */
START_TEST(two_is_two_rows)
{
    for (int survival = 0; survival < 2; survival++) {
        Rows all, rows, copies;
        double weight[N];
        size_t n = 0, m = 0;
        simulate(&all, survival != 0, 1.6, .8, 41);
        for (size_t i = 0; m + 3 < N; i++, n++) {
            weight[n] = (double)(1 + i % 3);
            move_row(&rows, n, &all, i);
            for (double w = weight[n]; w > 0; w--) move_row(&copies, m++, &all, i);
        }
        Json *a = validate_weighted(&rows, weight, n, survival != 0), *b = validate_weighted(&copies, NULL, m, survival != 0);
        assert_near(of(a, "discrimination", "c"), of(b, "discrimination", "c"), 1e-12);
        static const char *const keys[] = { "observed", "expected", "oe" };
        for (int k = 0; k < 3; k++) assert_near(of(a, "calibration", keys[k]), of(b, "calibration", keys[k]), 1e-12);
        if (!survival) assert_near(of(a, "calibration", "slope"), of(b, "calibration", "slope"), 1e-10);      /* Efron's ties are no copies */
        assert_near(of(a, "brier", "model"), of(b, "brier", "model"), 1e-12);
        if (survival) assert_near(of(a, "discrimination", "auc"), of(b, "discrimination", "auc"), 1e-12);
        for (size_t k = 1; k < 4; k++) {
            const Json *names = json_get(step(a, k), "coef");
            for (const Json *x = json_first(names); x; x = json_next(x)) {
                assert_near(coef(a, k, json_key(x)), coef(b, k, json_key(x)), 1e-10);
                assert_near(se(a, k, json_key(x)), se(b, k, json_key(x)), 1e-10);
            }
            assert_near_abs(test_of(a, k - 1, "chisq"), test_of(b, k - 1, "chisq"), 1e-8, 1e-9);
        }
        json_free(a);
        json_free(b);
    }
}
END_TEST

/* Weights of sampling: the update of the baseline and its robust error in closed form, and nothing changes with a common factor or with
 * other columns that span the same. */
START_TEST(weights_of_sampling)
{
    for (int survival = 0; survival < 2; survival++) {
        Rows r, mixed;
        double w[N], more[N];
        Rng g = rng_stream(7, 1);
        simulate(&r, survival != 0, 1.5, .7, 43);
        mixed = r;
        for (int i = 0; i < N; i++) {
            w[i] = .25 + rng_uniform(&g);
            more[i] = 3.7 * w[i];
            mixed.x[i] = r.x[i] + 3 * r.x[N + i];
            mixed.x[N + i] = 100 * (r.x[N + i] - r.x[i]);
        }
        Json *a = validate_weighted(&r, w, N, survival != 0), *b = validate_weighted(&r, more, N, survival != 0);
        Json *c = validate_weighted(&mixed, w, N, survival != 0);
        if (survival) {
            double events = 0, expected = 0, ss = 0;
            for (int i = 0; i < N; i++) { events += w[i] * r.y[i]; expected += w[i] * r.cumhaz[i] * exp(r.eta[i]); }
            for (int i = 0; i < N; i++) ss += pow(w[i] * (r.y[i] - events / expected * r.cumhaz[i] * exp(r.eta[i])), 2);
            assert_near(coef(a, 1, "log_hazard"), log(events / expected), 1e-10);
            assert_near(se(a, 1, "log_hazard"), sqrt(ss) / events, 1e-10);
            assert_near(test_of(a, 0, "chisq"), pow(log(events / expected) * events, 2) / ss, 1e-9);
        }
        for (size_t k = 0; k < 3; k++) {
            assert_near(test_of(b, k, "chisq"), test_of(a, k, "chisq"), 1e-8);
            assert_near(test_of(c, k, "chisq"), test_of(a, k, "chisq"), 1e-7);
            ck_assert(test_of(a, k, "df") == 1);
        }
        static const char *const keys[][2] = { { "discrimination", "c_se" }, { "calibration", "slope" }, { "calibration", "slope_se" },
                                               { "brier", "model_se" } };
        for (int k = 0; k < 4; k++) assert_near(of(b, keys[k][0], keys[k][1]), of(a, keys[k][0], keys[k][1]), 1e-9);
        json_free(a);
        json_free(b);
        json_free(c);
    }
}
END_TEST

/* Rows drawn with chances that depend on a covariate and the outcome, weighted by the inverse: of a model that is true every test of recalibration
 * rejects one in twenty. 150 sets, with REOX_LONG 2,000. */
START_TEST(weighted_tests_hold_their_level)
{
    const int sets = unit_long() ? 2000 : 150;
    for (int survival = 0; survival < 2; survival++) {
        double rejected[3] = { 0 };
        for (int s = 0; s < sets; s++) {
            Rows all, r;
            double w[N];
            size_t n = 0;
            Rng g = rng_stream(9, (uint64_t)s);
            for (uint64_t part = 0; n < N; part++) {
                simulate(&all, survival != 0, 1, 1, 100000 + 10 * (uint64_t)s + part);
                for (size_t i = 0; i < N && n < N; i++) {
                    const double chance = .3 + .4 * (all.x[i] > 0) + .3 * all.y[i];
                    if (rng_uniform(&g) > chance) continue;
                    w[n] = 1 / chance;
                    move_row(&r, n++, &all, i);
                }
            }
            Json *out = validate_weighted(&r, w, n, survival != 0);
            for (size_t k = 0; k < 3; k++) rejected[k] += test_of(out, k, "p") < .05;
            json_free(out);
        }
        for (int k = 0; k < 3; k++) {
            if (unit_long()) printf("note: %s, step %d: %.1f %% rejected\n", survival ? "survival" : "response", k + 1, 100 * rejected[k] / sets);
            ck_assert_msg(fabs(rejected[k] / sets - .05) < .015 + 4 * sqrt(.05 * .95 / sets), "survival %d, step %d: %.0f of %d rejected", survival, k + 1,
                          rejected[k], sets);
        }
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("external");
    TCase *c = unit_case(s, "recalibration");
    tcase_add_test(c, baseline_of_a_hazard_in_closed_form);
    tcase_add_test(c, planted_updates_are_found);
    tcase_add_test(c, twice_the_predictor_is_half_the_slope);
    tcase_add_test(c, follow_up_ends_with_the_model);
    tcase_add_test(c, two_is_two_rows);
    tcase_add_test(c, weights_of_sampling);
    if (unit_long()) tcase_set_timeout(c, 3600);
    tcase_add_test(c, weighted_tests_hold_their_level);
    return s;
}

UNIT_MAIN("external")
