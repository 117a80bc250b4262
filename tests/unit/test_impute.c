/* tests/unit/test_impute.c: multiple imputation: known truth under MAR, and what may not change. */
#include "core/rng.h"
#include "stats/dist.h"
#include "tests/unit/stat_fixture.h"

enum { ROWS = 200 };
static const char *const kinds[] = { "linear", "logistic", "cox" };
static const char *const formula_of[] = { "y~x1+x2+x3", "y~x1+x2+x3", "Surv(time,event)~x1+x2+x3" };
static const double truth[3][3] = { { 1, 1, -.5 }, { .5, .7, -.5 }, { .5, .5, -.4 } };

static double expit(double x) { return 1 / (1 + exp(-x)); }

/* x2 (a number) and x3 (a category of two) are missing at random: the chance depends on x1 and on the outcome, which are complete. About
 * a quarter of each. With the outcome in it complete cases are no longer representative. */
static void simulate(Frame *f, int kind, uint64_t set)
{
    Rng r = rng_stream(77, 4 * set + (uint64_t)kind);
    static const char *const names[] = { "x1", "x2", "x3", "y", "time", "event" };
    double *x[6];
    assert_ok(frame_init(f, "simulated.csv", ROWS, NULL));
    for (int k = 0; k < 6; k++) assert_ok(frame_add_numbers(&x[k], f, names[k], NULL));
    for (size_t i = 0; i < ROWS; i++) {
        x[0][i] = rng_normal(&r);
        x[1][i] = .5 * x[0][i] + rng_normal(&r);
        x[2][i] = rng_uniform(&r) < expit(.4 * x[0][i]);
        double eta = truth[kind][0] * x[0][i] + truth[kind][1] * x[1][i] + truth[kind][2] * x[2][i], late;
        x[3][i] = kind == 0 ? eta + rng_normal(&r) : rng_uniform(&r) < expit(eta);
        double t = rng_exponential(&r) / exp(eta), c = 2.5 * rng_uniform(&r);
        x[4][i] = fmin(t, c);
        x[5][i] = t <= c;
        late = kind == 2 ? 2 * x[5][i] - 1 : kind == 1 ? 2 * x[3][i] - 1 : x[3][i] / 2;
        if (rng_uniform(&r) < expit(-1.3 + .6 * x[0][i] + .8 * late)) x[1][i] = NAN;
        if (rng_uniform(&r) < expit(-1.3 - .5 * x[0][i] + .8 * late)) x[2][i] = NAN;
    }
}

/* Share of simulated sets whose 95 % interval holds the truth. */
static void coverage(int kind, int sets, int hits[3], double mean[3])
{
    char options[128];
    for (int j = 0; j < 3; j++) { hits[j] = 0; mean[j] = 0; }
    for (int s = 0; s < sets; s++) {
        Frame f = { 0 };
        simulate(&f, kind, (uint64_t)s);
        snprintf(options, sizeof options, "{\"analysis\": \"%s\", \"imputations\": 15, \"iterations\": 6, \"numbers\": \"normal\", \"seed\": %d, \"dfcom\": \"inf\"}", kinds[kind], s + 1);
        Json *out = call_method("impute", formula_of[kind], &f, NULL, options, OK, NULL);
        const size_t first = kind == 2 ? 0 : 1;
        for (size_t j = 0; j < 3; j++) {
            hits[j] += cell_at(out, "ci95", first + j, 0) <= truth[kind][j] && truth[kind][j] <= cell_at(out, "ci95", first + j, 1);
            mean[j] += cell_at(out, "pooled", first + j, 0) / sets;
        }
        json_free(out);
        frame_free(&f);
    }
}

/* 50 sets a kind: at most so many misses as a binomial of .95 gives in 999 of 1,000 runs. With REOX_LONG 1,000 sets: 93 to 97 %. */
START_TEST(intervals_cover_under_mar)
{
    const int sets = unit_long() ? 1000 : 50;
    for (int kind = 0; kind < 3; kind++) {
        int hits[3];
        double mean[3];
        coverage(kind, sets, hits, mean);
        for (int j = 0; j < 3; j++) {
            double share = (double)hits[j] / sets;
            if (unit_long()) ck_assert_msg(share >= .93 && share <= .97, "%s x%d: %g", kinds[kind], j + 1, share);
            else ck_assert_msg(binomial_cdf(hits[j], sets, .95) > .001, "%s x%d: %d of %d", kinds[kind], j + 1, hits[j], sets);
            ck_assert_msg(fabs(mean[j] - truth[kind][j]) < (unit_long() ? .06 : .2), "%s x%d: mean %g", kinds[kind], j + 1, mean[j]);
        }
    }
}
END_TEST

/* Complete cases lose by the outcome and are biased here; imputation is not. */
START_TEST(complete_cases_are_biased_imputation_is_not)
{
    double complete = 0, imputed = 0;
    for (uint64_t s = 0; s < 60; s++) {
        Frame f = { 0 };
        simulate(&f, 0, 5000 + s);
        Json *a = call_method("linear", formula_of[0], &f, NULL, NULL, OK, NULL);
        Json *b = call_method("impute", formula_of[0], &f, NULL, "{\"imputations\": 10, \"iterations\": 5}", OK, NULL);
        complete += number_at(a, "coef", "x2") / 60;
        imputed += number_at(b, "coef", "x2") / 60;
        json_free(a);
        json_free(b);
        frame_free(&f);
    }
    ck_assert_msg(complete < .97 && fabs(imputed - 1) < .03 && fabs(imputed - 1) < fabs(complete - 1), "complete %g, imputed %g", complete, imputed);
}
END_TEST

START_TEST(nothing_missing_is_the_plain_analysis)
{
    for (int kind = 0; kind < 3; kind++) {
        Frame f = { 0 };
        simulate(&f, kind, 3);
        for (size_t i = 0; i < ROWS; i++) {
            for (int k = 1; k < 3; k++) if (isnan(f.column[k].num[i])) f.column[k].num[i] = k == 1 ? .3 : 1;
        }
        Json *a = call_method(kinds[kind], formula_of[kind], &f, NULL, NULL, OK, NULL), *b = call_method("impute", formula_of[kind], &f, NULL, NULL, OK, NULL);
        for (const Json *x = json_first(json_get(a, "coef")); x; x = json_next(x)) {
            assert_near(number_at(b, "coef", json_key(x)), json_number(x), 1e-14);
            assert_near(number_at(b, "se", json_key(x)), number_at(a, "se", json_key(x)), 1e-14);
        }
        ck_assert_str_eq(json_text(json_get(b, "analysis")), kinds[kind]);
        json_free(a);
        json_free(b);
        frame_free(&f);
    }
}
END_TEST

static double value(const Json *out, const char *name, size_t row, size_t k)
{
    return json_number(json_at(json_at(json_get(json_get(json_get(out, "imputed"), name), "values"), row), k));
}

/* An imputation has its own stream: how many others there are changes nothing. Another seed changes everything. */
START_TEST(imputations_do_not_depend_on_each_other)
{
    Frame f = { 0 };
    simulate(&f, 2, 8);
    Json *few = call_method("impute", formula_of[2], &f, NULL, "{\"imputations\": 3, \"values\": true}", OK, NULL);
    Json *many = call_method("impute", formula_of[2], &f, NULL, "{\"imputations\": 6, \"values\": true}", OK, NULL);
    Json *other = call_method("impute", formula_of[2], &f, NULL, "{\"imputations\": 3, \"values\": true, \"seed\": 2}", OK, NULL);
    const Json *x2 = json_get(json_get(few, "imputed"), "x2");
    size_t rows = json_size(json_get(x2, "values")), differ = 0;
    ck_assert_uint_eq(rows, (size_t)json_number(json_get(x2, "missing")));
    ck_assert(rows > 20);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < 3; k++) {
            double v = value(few, "x2", i, k);
            ck_assert(v == value(many, "x2", i, k));
            differ += v != value(other, "x2", i, k);
            bool seen = false;                     /* predictive mean matching gives observed values */
            for (size_t q = 0; q < ROWS; q++) seen = seen || f.column[1].num[q] == v;
            ck_assert(seen);
        }
    ck_assert(differ > rows);
    for (size_t i = 0; i < 5; i++) { double v = value(few, "x3", i, 0); ck_assert(v == 0 || v == 1); }
    json_free(few);
    json_free(many);
    json_free(other);
    frame_free(&f);
}
END_TEST

/* Categories as text, three of them, one telling the outcome exactly: no infinite coefficient, each level from the table. */
START_TEST(categories_and_separation)
{
    Str csv = { 0 };
    Rng r = rng_stream(5, 0);
    static const char *const level[] = { "adeno", "other", "squamous" };
    str_append(&csv, "y,h,z\n");
    for (int i = 0; i < 120; i++) {
        int h = (int)rng_below(&r, 3), y = h == 2 ? 1 : rng_uniform(&r) < .4;
        str_appendf(&csv, "%d,%s,", y, i % 6 == 1 ? "" : level[h]);
        if (i % 9 == 2) str_append(&csv, "NA\n");
        else str_appendf(&csv, "%.3f\n", rng_normal(&r));
    }
    Frame f = table_of(str_text(&csv));
    Json *out = call_method("impute", "z~h+y", &f, NULL, "{\"imputations\": 5, \"values\": true, \"auxiliary\": \"h\"}", OK, NULL);
    const Json *h = json_get(json_get(out, "imputed"), "h");
    ck_assert_str_eq(json_text(json_get(h, "model")), "multinomial");
    for (const Json *row = json_first(json_get(h, "values")); row; row = json_next(row))
        for (const Json *x = json_first(row); x; x = json_next(x))
            ck_assert(strcmp(json_text(x), "adeno") == 0 || strcmp(json_text(x), "other") == 0 || strcmp(json_text(x), "squamous") == 0);
    json_free(out);
    frame_free(&f);
    str_free(&csv);
}
END_TEST

/* A patient's follow-up cut into intervals is the same patient: x2 and x3 are imputed once for all of them, and the pooled coefficients are those of
 * the table as it was. */
START_TEST(cut_follow_up_is_the_same_patient)
{
    Frame f = { 0 }, cut = { 0 };
    static const char *const names[] = { "x1", "x2", "x3", "start", "time", "event", "id" };
    double *x[7];
    simulate(&f, 2, 3);
    const double *t = frame_column(&f, "time")->num, *d = frame_column(&f, "event")->num;
    assert_ok(frame_init(&cut, "cut.csv", 2 * ROWS, NULL));
    for (int k = 0; k < 7; k++) assert_ok(frame_add_numbers(&x[k], &cut, names[k], NULL));
    for (size_t i = 0; i < ROWS; i++)
        for (size_t part = 0; part < 2; part++) {
            const size_t row = 2 * i + part;
            for (int k = 0; k < 3; k++) x[k][row] = frame_column(&f, names[k])->num[i];
            x[3][row] = part * t[i] / 3;
            x[4][row] = part ? t[i] : t[i] / 3;
            x[5][row] = part ? d[i] : 0;
            x[6][row] = (double)i;
        }
    x[1][1] = NAN;                                         /* known in one of its intervals */
    Json *whole = call_method("impute", "Surv(time,event)~x1+x2+x3", &f, NULL, "{\"imputations\":4}", OK, NULL);
    Json *split = call_method("impute", "Surv(start,time,event)~x1+x2+x3", &cut, NULL, "{\"imputations\":4,\"cluster\":\"id\"}", OK, NULL);
    ck_assert(number_at(split, "n_imputation_subjects", NULL) == ROWS);
    static const char *const term[] = { "x1", "x2", "x3" };
    for (int k = 0; k < 3; k++) assert_near(number_at(split, "coef", term[k]), number_at(whole, "coef", term[k]), 1e-9);
    json_free(whole);
    json_free(split);
    frame_free(&f);
    frame_free(&cut);
}
END_TEST

/* With nothing missing, weights, a landmark and robust errors are those of the analysis itself. */
START_TEST(weights_landmark_and_robust_errors_reach_the_analysis)
{
    static const char *const options[] = { "\"weights\":\"w\"", "\"landmark\":0.3", "\"robust\":true" };
    Frame f = { 0 };
    double *w;
    simulate(&f, 2, 5);
    assert_ok(frame_add_numbers(&w, &f, "w", NULL));
    for (size_t i = 0; i < ROWS; i++) w[i] = 1 + (double)(i % 3);
    for (int k = 0; k < 3; k++) {
        char some[80], all[120];
        snprintf(some, sizeof some, "{%s}", options[k]);
        snprintf(all, sizeof all, "{%s,\"imputations\":3}", options[k]);
        Json *plain = call_method("cox", "Surv(time,event)~x1", &f, NULL, some, OK, NULL), *pooled = call_method("impute", "Surv(time,event)~x1", &f, NULL, all, OK, NULL);
        assert_near(number_at(pooled, "coef", "x1"), number_at(plain, "coef", "x1"), 1e-12);
        assert_near(number_at(pooled, "se", "x1"), number_at(plain, k == 1 ? "se" : "robust_se", "x1"), 1e-12);
        ck_assert(number_at(pooled, "n", NULL) == number_at(plain, "n", NULL));
        json_free(plain);
        json_free(pooled);
    }
    frame_free(&f);
}
END_TEST

/* Predicted from categories alone, whole groups of donors are equally near: any of them may be taken, not those at the ends of their order. The values
 * imputed spread as the observed ones do, and the coefficient keeps its size. */
START_TEST(donors_that_are_equally_near_are_taken_by_chance)
{
    enum { SETS = 30 };
    double spread = 0, mean = 0;
    for (uint64_t s = 0; s < SETS; s++) {
        Rng r = rng_stream(91, s);
        double x[ROWS], g[ROWS], y[ROWS], seen = 0, n_seen = 0, drawn = 0, n_drawn = 0;
        for (int i = 0; i < ROWS; i++) {
            x[i] = rng_normal(&r);
            g[i] = rng_uniform(&r) < .5;
            y[i] = rng_uniform(&r) < expit(x[i]);
            if (rng_uniform(&r) < .4) x[i] = NAN; else { seen += x[i] * x[i]; n_seen++; }
        }
        Frame f = { 0 };
        assert_ok(frame_init(&f, "groups.csv", ROWS, NULL));
        add_numbers(&f, "x", x, ROWS);
        add_numbers(&f, "g", g, ROWS);
        add_numbers(&f, "y", y, ROWS);
        Json *out = call_method("impute", "y~x+g", &f, NULL, "{\"imputations\": 10, \"values\": true}", OK, NULL);
        const size_t rows = json_size(json_get(json_get(json_get(out, "imputed"), "x"), "values"));
        for (size_t i = 0; i < rows; i++)
            for (size_t k = 0; k < 10; k++) { drawn += value(out, "x", i, k) * value(out, "x", i, k); n_drawn++; }
        spread += drawn / n_drawn / (seen / n_seen) / SETS;
        mean += number_at(out, "coef", "x") / SETS;
        json_free(out);
        frame_free(&f);
    }
    ck_assert_msg(fabs(spread - 1) < .1 && fabs(mean - 1) < .15, "variance %g of the observed one, coefficient %g", spread, mean);
}
END_TEST

START_TEST(what_cannot_be)
{
    char message[ERR_TEXT_MAX];
    Frame f = table_of("y,a,b\n1,2,\n2,3,\n3,1,\n4,2,\n");
    Json *out = call_method("impute", "y~a+b", &f, NULL, NULL, ERR_ESTIMATE, message);
    ck_assert(has_code(out, "no_data") && strstr(message, "b has no value"));
    json_free(out);
    ck_assert(!call_method("impute", "y~a", &f, NULL, "{\"auxiliary\": \"c\"}", ERR_USAGE, message) && strstr(message, "no column c"));
    ck_assert(!call_method("impute", "y~a", &f, NULL, "{\"auxiliary\": \"y\"}", ERR_USAGE, message) && strstr(message, "among the predictors"));
    ck_assert(!call_method("impute", "y~a", &f, NULL, "{\"imputations\": 1}", ERR_USAGE, message));
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("impute");
    TCase *c = unit_case(s, "imputation");
    tcase_set_timeout(c, 3600);
    tcase_add_test(c, intervals_cover_under_mar);
    tcase_add_test(c, complete_cases_are_biased_imputation_is_not);
    tcase_add_test(c, nothing_missing_is_the_plain_analysis);
    tcase_add_test(c, imputations_do_not_depend_on_each_other);
    tcase_add_test(c, categories_and_separation);
    tcase_add_test(c, cut_follow_up_is_the_same_patient);
    tcase_add_test(c, weights_landmark_and_robust_errors_reach_the_analysis);
    tcase_add_test(c, donors_that_are_equally_near_are_taken_by_chance);
    tcase_add_test(c, what_cannot_be);
    return s;
}

UNIT_MAIN("impute")
