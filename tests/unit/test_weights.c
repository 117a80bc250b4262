/* tests/unit/test_weights.c: what weights mean to each method that takes them: a row of weight 0 is no row, a weight of 1 is none, weight 2
 * two rows, a common factor nothing. */
#include "tests/unit/stat_fixture.h"

enum { N = 60, VALUES = 4000 };

/* Rows with ties of time and of markers; `copies`: whole weights as so many rows, `left_out`: those of weight 0 are not there. */
typedef struct { bool copies, left_out; double factor; } Wish;

static Frame make(Wish wish)
{
    static const char *const name[] = { "t", "d", "code", "y", "g", "x", "z", "cl", "k", "w", "one" };
    enum { COLUMNS = sizeof name / sizeof *name };
    static double column[COLUMNS][3 * N];
    size_t n = 0;
    uint64_t state = 11;
    for (size_t i = 0; i < N; i++) {
        double u[6];
        for (int k = 0; k < 6; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            u[k] = (double)(state >> 11) / 9007199254740992.0;
        }
        double x = floor(8 * u[0]) / 4, z = floor(16 * u[1]) / 8, count = (double)(i % 4 == 3 ? 0 : i % 4 + 1);
        double row[COLUMNS] = { floor(1 + 12 * u[2] / (1 + x)), u[3] < .65, u[3] < .4 ? 1 : u[3] < .65 ? 2 : 0, u[4] < .3 + x / 5, i % 2 == 0, x, z,
                                (double)(i / 3), count, wish.factor * (.25 + u[5]), 1 };
        size_t times = wish.copies ? (size_t)count : wish.left_out ? count > 0 : 1;
        for (size_t q = 0; q < times; q++, n++)
            for (int c = 0; c < COLUMNS; c++) column[c][n] = row[c];
    }
    Frame f = { 0 };
    Err e = { 0 };
    assert_ok_e(frame_init(&f, "t.csv", n, &e), e);
    for (int c = 0; c < COLUMNS; c++) add_numbers(&f, name[c], column[c], n);
    static const char *const level[] = { "a", "b", "c" };      /* an order of its own, from time and marker */
    char **o;
    assert_ok_e(frame_add_texts(&o, &f, "o", &e), e);
    for (size_t i = 0; i < n; i++) o[i] = (char *)level[((int)column[0][i] + (int)(2 * column[6][i])) % 3];
    return f;
}

/* All numbers below `key` of a result, in order. */
static size_t collect(double *x, size_t n, const Json *j)
{
    if (json_type(j) == JSON_NUMBER) { ck_assert(n < VALUES); x[n++] = json_number(j); }
    for (const Json *q = json_type(j) == JSON_ARRAY || json_type(j) == JSON_OBJECT ? json_first(j) : NULL; q; q = json_next(q)) n = collect(x, n, q);
    return n;
}

static void same(const Json *a, const Json *b, const char *key, double margin, const char *method)
{
    static double x[VALUES], y[VALUES];
    size_t n = collect(x, 0, json_get(a, key)), m = collect(y, 0, json_get(b, key));
    ck_assert_msg(n > 0 && n == m, "%s %s: %zu and %zu numbers", method, key, n, m);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(x[i] - y[i]) <= margin * fmax(1, fabs(y[i])), "%s %s: %.17g and %.17g", method, key, x[i], y[i]);
}

/* `all`: keys that hold estimates and errors. `copies`: keys that a row of weight 2 shares with two rows (NULL ends both). */
typedef struct { const char *method, *formula, *options; const char *all[6], *copies[5]; } Case;

static const Case cases[] = {
    { "km", "Surv(t,d)~g", "\"times\": [2, 5]", { "curve", "quantiles_log" }, { "curve" } },
    { "logrank", "Surv(t,d)~g", "\"rho\": [0, 1]", { "rho0", "rho1" }, { NULL } },
    { "rmst", "Surv(t,d)~g", "\"tau\": 5", { "contrasts" }, { "contrasts" } },
    { "cif", "Surv(t,code)~g", "\"times\": [2, 5], \"tau\": 5", { "est", "var" }, { "est", "var", "gray_tests" } },
    { "finegray", "Surv(t,code)~x+z", "\"convention\": \"survival\"", { "coef", "se", "vcov" }, { NULL } },
    { "roc", "y~x+z", "\"pauc\": [1, 0.5]", { "markers", "paired_delong" }, { NULL } },
    { "timeroc", "Surv(t,code)~x+z", "\"times\": [3, 5]", { "markers", "compare" }, { NULL } },
    { "performance", "Surv(t,d)~x+z", "\"times\": [3, 5], \"ties\": \"breslow\"", { "coef", "brier", "auc", "ibs", "calibration" }, { "coef", "ibs" } },
    { "compare", "Surv(t,d)~x+z+strata(g)", "\"versus\": \"Surv(t,d)~x+strata(g)\", \"times\": [4], \"cuts\": [0.3], \"thresholds\": [0.4]",
      { "nri_cat", "nri_free", "net_benefit" }, { NULL } },
    { "compare", "y~x+z", "\"versus\": \"y~x\", \"thresholds\": [0.4]",
      { "nri_free", "idi", "auc", "net_benefit" }, { "nri_free", "net_benefit", "lr_nested" } },
    { "logistic", "y~x+z", "\"conf\": 0.95", { "coef", "r2", "brier", "auc_apparent" }, { "vcov", "r2", "brier", "hosmer_lemeshow" } },
    { "cox", "Surv(t,d)~x+z", "\"ties\": \"breslow\", \"explained\": true", { "coef", "explained" }, { "coef", "vcov", "explained" } },
    { "linear", "t~x+z", "\"robust\": true", { "coef", "robust_vcov", "f", "ci95" }, { "coef" } },
    { "survreg", "Surv(t,d)~x+z", "\"robust\": true", { "coef", "robust_vcov", "wald_test" }, { "coef", "vcov", "lr_test" } },
    { "ordinal", "o~x+z", "\"robust\": true, \"levels\": \"o=b,c,a\"",
      { "thresholds", "coef", "robust_vcov", "wald_test" }, { "thresholds", "coef", "vcov", "lr_test" } },
};
enum { CASES = sizeof cases / sizeof *cases };

static Json *run(const Case *c, const char *weights, const char *more, const Frame *f)
{
    char options[256];
    snprintf(options, sizeof options, "{%s%s%s%s%s}", c->options, weights ? ", \"weights\": \"" : "", weights ? weights : "", weights ? "\"" : "", more);
    return call_method(c->method, c->formula, f, NULL, options, OK, NULL);
}

START_TEST(one_is_no_weight)
{
    const Case *c = &cases[_i];
    Frame f = make((Wish){ .factor = 1 });
    Json *a = run(c, "one", "", &f), *b = run(c, NULL, "", &f);
    for (int k = 0; c->all[k]; k++) same(a, b, c->all[k], 0, c->method);
    json_free(a);
    json_free(b);
    frame_free(&f);
}
END_TEST

START_TEST(zero_is_no_row)
{
    const Case *c = &cases[_i];
    Frame f = make((Wish){ .factor = 1 }), g = make((Wish){ .factor = 1, .left_out = true });
    Json *a = run(c, "k", "", &f), *b = run(c, "k", "", &g);
    for (int k = 0; c->all[k]; k++) same(a, b, c->all[k], 0, c->method);
    ck_assert(json_number(json_get(a, "n_weight_zero")) == N / 4);
    json_free(a);
    json_free(b);
    frame_free(&f);
    frame_free(&g);
}
END_TEST

START_TEST(a_common_factor_is_nothing)
{
    const Case *c = &cases[_i];
    static const char *const more[] = { "", ", \"cluster\": \"cl\"" };
    for (int q = 0; q < (method_takes_option(method_by_name(c->method), "cluster") ? 2 : 1); q++) {
        Frame f = make((Wish){ .factor = 1 }), g = make((Wish){ .factor = 3.7 });
        Json *a = run(c, "w", more[q], &f), *b = run(c, "w", more[q], &g);
        if (strcmp(c->method, "km") == 0) {
            same(json_get(a, "curve"), json_get(b, "curve"), "surv", 1e-10, c->method);
            same(json_get(a, "curve"), json_get(b, "curve"), "se_over_surv", 1e-10, c->method);
        } else if (strcmp(c->method, "logrank") == 0) {
            same(json_get(a, "rho0"), json_get(b, "rho0"), "chisq", 1e-10, c->method);
            same(json_get(a, "rho1"), json_get(b, "rho1"), "trend", 1e-10, c->method);
        } else if (strcmp(c->method, "roc") == 0) {
            same(json_get(json_get(a, "markers"), "x"), json_get(json_get(b, "markers"), "x"), "se", 1e-10, c->method);
            same(a, b, "paired_delong", 1e-9, c->method);
        } else {
            for (int k = 0; c->all[k]; k++) same(a, b, c->all[k], 1e-9, c->method);
        }
        json_free(a);
        json_free(b);
        frame_free(&f);
        frame_free(&g);
    }
}
END_TEST

START_TEST(two_is_two_rows)
{
    const Case *c = &cases[_i];
    Frame f = make((Wish){ .factor = 1 }), g = make((Wish){ .factor = 1, .copies = true });
    Json *a = run(c, "k", "", &f), *b = run(c, NULL, "", &g);
    for (int k = 0; c->copies[k]; k++) same(a, b, c->copies[k], 1e-10, c->method);
    static const char *const estimates[][2] = { { "roc", "auc" }, { "timeroc", "auc" }, { "timeroc", "auc_def2" } };
    for (int k = 0; k < 3; k++)
        if (strcmp(c->method, estimates[k][0]) == 0)
            same(json_get(json_get(a, "markers"), "z"), json_get(json_get(b, "markers"), "z"), estimates[k][1], 1e-12, c->method);
    if (strcmp(c->method, "logrank") == 0) {
        same(json_get(a, "rho0"), json_get(b, "rho0"), "chisq", 1e-10, c->method);
        same(json_get(a, "rho1"), json_get(b, "rho1"), "var", 1e-10, c->method);
    }
    json_free(a);
    json_free(b);
    frame_free(&f);
    frame_free(&g);
}
END_TEST

/* The robust log-rank test is the score test of a Cox model, ties by Breslow: its chi-square is that of cox --robust. */
START_TEST(logrank_is_coxs_score_test)
{
    Frame f = make((Wish){ .factor = 1 });
    static const char *const options[] = { "{\"weights\": \"w\"}", "{\"weights\": \"w\", \"cluster\": \"cl\"}", "{\"robust\": true}" };
    for (int k = 0; k < 3; k++) {
        char more[128];
        snprintf(more, sizeof more, "%.*s, \"ties\": \"breslow\"}", (int)strlen(options[k]) - 1, options[k]);
        Json *a = call_method("logrank", "Surv(t,d)~g", &f, NULL, options[k], OK, NULL), *b = call_method("cox", "Surv(t,d)~g", &f, NULL, more, OK, NULL);
        assert_near(number_at(a, "rho0", "chisq"), number_at(b, "robust_score_test", "chisq"), 1e-10);
        json_free(a);
        json_free(b);
    }
    frame_free(&f);
}
END_TEST

/* What a method has no use for is refused by name, not passed over. */
START_TEST(nothing_is_passed_over)
{
    Frame f = make((Wish){ .factor = 1 });
    static const struct { const char *method, *formula, *options, *says; } refused[] = {
        { "twosample", "x~g", "{\"weights\": \"w\"}", "twosample takes no --weights" },
        { "maxstat", "Surv(t,d)~x", "{\"cluster\": \"cl\"}", "maxstat takes no --cluster" },
        { "roc", "y~x+strata(g)", NULL, "roc takes no strata()" },
        { "logistic", "y~x+strata(g)", NULL, "logistic takes no strata()" },
        { "finegray", "Surv(t,code)~x+(1|cl)", NULL, "finegray takes no random effect" },
        { "ksample", "x~g+offset(z)", NULL, "ksample takes no offset()" },
        { "km", "Surv(t,d)~g+frailty(cl)", NULL, "km takes no frailty()" },
        { "finegray", "Surv(t,code)~x", "{\"weights\": \"w\"}", "finegray takes weights with --convention survival alone" },
        { "roc", "y~x", "{\"levels\": \"nobody=1,0\"}", "has no column 'nobody'" },
    };
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
        char message[ERR_TEXT_MAX] = "";
        call_method(refused[k].method, refused[k].formula, &f, NULL, refused[k].options, ERR_USAGE, message);
        ck_assert_msg(strstr(message, refused[k].says) != NULL, "%s: %s", refused[k].method, message);
    }
    Err e = { 0 };
    Json *o = json_object();
    json_set_number(o, "tau", 3);
    ck_assert(method_check_options(method_by_name("logrank"), o, "here", &e) == ERR_USAGE);
    ck_assert(method_check_options(method_by_name("rmst"), o, "here", &e) == OK);
    json_free(o);
    frame_free(&f);
}
END_TEST

/* Sixty rows without chance, the same wherever they are made: w of 1 to 2 in quarters, nine clusters. */
static Frame sixty(void)
{
    static const char *const name[] = { "t", "e", "x", "z", "c", "w", "y" };
    enum { COLUMNS = sizeof name / sizeof *name };
    double column[COLUMNS][N];
    for (int i = 1; i <= N; i++) {
        const double row[COLUMNS] = { i * 37 % 101 + 1, i % 3 > 0, i * 7 % 11, i * 5 % 13, i % 9, 1 + i % 5 / 4., i * 29 % 17 > 7 + i * 7 % 11 - 5 };
        for (int k = 0; k < COLUMNS; k++) column[k][i - 1] = row[k];
    }
    Frame f = { 0 };
    Err e = { 0 };
    assert_ok_e(frame_init(&f, "t.csv", N, &e), e);
    for (int k = 0; k < COLUMNS; k++) add_numbers(&f, name[k], column[k], N);
    return f;
}

/* Robust errors beside a ridge and a penalised spline are those of R's survival 3.5-3 (coxph, eps 1e-13, pspline(x, df = 3, eps = 1e-9)); what
 * prints intervals prints theirs. */
START_TEST(a_penalty_takes_a_robust_variance)
{
    Frame f = sixty();
    static const double by_weight[2] = { 0.20626349283146220, 0.03647427837750821 }, by_cluster[2] = { 0.02196002176238612, 0.03043381203393002 };
    static const char *const options[] = { "{\"lambda2\": 3, \"weights\": \"w\"}", "{\"lambda2\": 3, \"cluster\": \"c\"}" };
    static const double *const se[] = { by_weight, by_cluster };
    static const double score[] = { 6.96843032150428865, 5.60500770092394518 };
    for (int k = 0; k < 2; k++) {
        Json *out = call_method("cox", "Surv(t,e)~x+z", &f, NULL, options[k], OK, NULL);
        assert_near(number_at(out, "robust_se", "x"), se[k][0], 1e-8);
        assert_near(number_at(out, "robust_se", "z"), se[k][1], 1e-8);
        assert_near(number_at(out, "robust_score_test", "chisq"), score[k], 1e-8);
        assert_near(cell_at(out, "hr", 0, 3), number_at(out, "coef", "x") / se[k][0], 1e-8);
        ck_assert(fabs(number_at(out, "se", "x") - se[k][0]) > 1e-3);
        json_free(out);
    }
    Json *out = call_method("cox", "Surv(t,e)~pspline(x,df=3)+z", &f, NULL, "{\"weights\": \"w\"}", OK, NULL);
    static const double table[3][4] = { { 0.7572008257137841, 0.1312352358837042, 0.0986911008104742, 33.290571087182741 },
                                        { NAN, NAN, NAN, 11.882525831869469 },
                                        { 0.0313557634712394, 0.0414469056107293, 0.0375127265926444, 0.572335303408074 } };
    for (size_t r = 0; r < 3; r++)
        for (size_t k = 0; k < 4; k++)
            if (!isnan(table[r][k])) assert_near(cell_at(out, "table", r, k), table[r][k], 1e-6);
    assert_near(number_at(out, "robust_se", "z"), 0.0414469056107293, 1e-6);
    json_free(out);
    char message[ERR_TEXT_MAX];
    json_free(call_method("cox", "Surv(t,e)~x+z", &f, NULL, "{\"lambda1\": 3, \"cluster\": \"c\"}", ERR_USAGE, message));
    frame_free(&f);
}
END_TEST

/* A binary response: glm's estimates (R 4.2.2) with the sandwich package's sandwich() and, by cluster, vcovCL(type = "HC0", cadjust = FALSE). */
START_TEST(a_logistic_model_has_robust_errors)
{
    Frame f = sixty();
    static const char *const options[] = { "{\"weights\": \"w\"}", "{\"weights\": \"w\", \"cluster\": \"c\"}", "{\"weights\": \"w\", \"robust\": true}" };
    static const double se[3][3] = { { 0.6979990994722232, 0.0982538799766151, 0.0782684229934520 },
                                     { 0.6915888392694881, 0.0813521295302293, 0.0667994283265391 },
                                     { 0.6979990994722232, 0.0982538799766151, 0.0782684229934520 } };
    static const char *const term[] = { "(Intercept)", "x", "z" };
    for (int k = 0; k < 3; k++) {
        Json *out = call_method("logistic", "y~x+z", &f, NULL, options[k], OK, NULL);
        assert_near(number_at(out, "coef", "x"), -0.2343439397740667, 1e-9);
        assert_near(number_at(out, "se", "x"), 0.0760868743636954, 1e-8);
        for (size_t j = 0; j < 3; j++) {
            assert_near(number_at(out, "robust_se", term[j]), se[k][j], 1e-8);
            assert_near(cell_at(out, "robust_wald", j, 1), se[k][j], 1e-8);
            assert_near(cell_at(out, "wald", j, 1), number_at(out, "se", term[j]), 1e-12);
            assert_near(cell_at(out, "or", j, 1), exp(number_at(out, "coef", term[j]) - 1.959963984540054 * se[k][j]), 1e-7);
        }
        json_free(out);
    }
    Json *plain = call_method("logistic", "y~x+z", &f, NULL, NULL, OK, NULL);
    ck_assert(json_get(plain, "robust_se") == NULL);
    json_free(plain);
    json_free(call_method("logistic", "y~x+z", &f, NULL, "{\"penalty\": \"firth\", \"cluster\": \"c\"}", ERR_USAGE, NULL));
    frame_free(&f);
}
END_TEST

/* Weights of sampling in a fit that has no robust variance are said to be counted. */
START_TEST(weights_without_a_robust_variance_are_said)
{
    Frame f = sixty();
    static const char *const call[][3] = {
        { "cox", "Surv(t,e)~x+frailty(c)", "" }, { "cox", "Surv(t,e)~x+z", ", \"penalty\": \"firth\"" }, { "cox", "Surv(t,e)~x+z", ", \"lambda1\": 3" },
        { "logistic", "y~x+z", ", \"penalty\": \"firth\"" }, { "logistic", "y~x+z", ", \"penalty\": \"median\"" } };
    for (size_t k = 0; k < sizeof call / sizeof *call; k++) {
        char options[128];
        snprintf(options, sizeof options, "{\"weights\": \"w\"%s}", call[k][2]);
        Json *out = call_method(call[k][0], call[k][1], &f, NULL, options, OK, NULL);
        ck_assert_msg(has_code(out, "weights_model_based"), "%s %s %s", call[k][0], call[k][1], options);
        json_free(out);
        snprintf(options, sizeof options, "{\"weights\": \"e+1\"%s}", call[k][2]);
        out = call_method(call[k][0], call[k][1], &f, NULL, options, OK, NULL);
        ck_assert(!has_code(out, "weights_model_based"));
        json_free(out);
    }
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("weights");
    TCase *t = unit_case(s, "weights");
    tcase_add_loop_test(t, one_is_no_weight, 0, CASES);
    tcase_add_loop_test(t, zero_is_no_row, 0, CASES);
    tcase_add_loop_test(t, a_common_factor_is_nothing, 0, CASES);
    tcase_add_loop_test(t, two_is_two_rows, 0, CASES);
    tcase_add_test(t, logrank_is_coxs_score_test);
    tcase_add_test(t, nothing_is_passed_over);
    tcase_add_test(t, a_penalty_takes_a_robust_variance);
    tcase_add_test(t, a_logistic_model_has_robust_errors);
    tcase_add_test(t, weights_without_a_robust_variance_are_said);
    return s;
}

UNIT_MAIN("weights")
