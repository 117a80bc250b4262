/* tests/unit/test_offset.c: a known part of the predictor moves its coefficient and nothing that the model says of a row. */
#include "tests/unit/stat_fixture.h"

static const char rows_csv[] = "t,d,y,o,x,z\n5,1,0,a,1.5,0\n8,0,1,b,0.3,1\n3,1,1,a,2.5,1\n9,1,0,c,0.1,0\n4,0,1,b,1.9,1\n7,1,0,a,0.8,0\n"
                               "2,1,1,c,2.2,0\n6,1,0,b,1.1,1\n10,0,0,a,0.2,1\n11,1,1,c,1.4,1\n1,1,0,b,0.9,0\n12,0,1,c,1.7,0\n";

/* 3x known: its coefficient falls by 3, curves, probabilities and standard errors of rows stay. */
static void same_predictions(const char *method, const char *plain, const char *known, const char *options, const char *key, const char *member)
{
    Frame f = table_of(rows_csv), rows = table_of("x,z\n0.5,1\n2,0\n");
    Json *a = call_method(method, plain, &f, &rows, options, OK, NULL), *b = call_method(method, known, &f, &rows, options, OK, NULL);
    assert_near(number_at(b, "coef", "x"), number_at(a, "coef", "x") - 3, 1e-9);
    const Json *p = json_get(a, key), *q = json_get(b, key);
    if (member) { p = json_get(p, member); q = json_get(q, member); }
    if (json_get(p, "data")) { p = json_get(p, "data"); q = json_get(q, "data"); }
    ck_assert(json_size(p) > 0 && json_size(p) == json_size(q));
    for (size_t i = 0; i < json_size(p); i++) {
        const Json *u = json_at(p, i), *v = json_at(q, i);
        if (json_size(u) == 0) { assert_near(json_number(v), json_number(u), 1e-9); continue; }
        for (size_t j = 0; j < json_size(u); j++) assert_near(json_number(json_at(v, j)), json_number(json_at(u, j)), 1e-9);
    }
    json_free(a);
    json_free(b);
    frame_free(&f);
    frame_free(&rows);
}

START_TEST(predictions_hold_the_offset)
{
    same_predictions("logistic", "y~x+z", "y~x+z+offset(3*x)", NULL, "predict", "eta");
    same_predictions("logistic", "y~x+z", "y~x+z+offset(x)+offset(2*x)", NULL, "predict", "lower");
    same_predictions("ordinal", "o~x+z", "o~x+z+offset(3*x)", NULL, "pred_prob", NULL);
    static const char *const keys[] = { "surv", "se", "lower" };
    for (int k = 0; k < 3; k++)
        same_predictions("cox", "Surv(t,d)~x+z", "Surv(t,d)~x+z+offset(3*x)", "{\"times\": [3, 7]}", "pred_surv_log", keys[k]);
    same_predictions("cox", "Surv(t,d)~x+z", "Surv(t,d)~x+z+offset(3*x)", NULL, "linear_predictor", "uncentered");
}
END_TEST

/* Least squares of y - 2x and of y with 2x known are one regression. */
START_TEST(what_is_known_is_not_explained)
{
    Frame f = table_of(rows_csv);
    Json *a = call_method("linear", "I(t-2*x)~x+z", &f, NULL, NULL, OK, NULL), *b = call_method("linear", "t~x+z+offset(2*x)", &f, NULL, NULL, OK, NULL);
    assert_near(number_at(b, "r2", NULL), number_at(a, "r2", NULL), 1e-12);
    assert_near(number_at(b, "adj_r2", NULL), number_at(a, "adj_r2", NULL), 1e-12);
    assert_near(number_at(b, "f", "f"), number_at(a, "f", "f"), 1e-10);
    assert_near(number_at(b, "coef", "x"), number_at(a, "coef", "x"), 1e-12);
    json_free(a);
    json_free(b);
    frame_free(&f);
}
END_TEST

/* Measures of the predictor with its offset in it, as of survival 3.5-3: royston(coxph(Surv(t,d)~x+offset(.7*z))), D by hand with coxph of the scores to
 * the end. A column of coefficient .7 that is known is the same predictor as one that is fitted. */
START_TEST(what_is_known_is_in_the_predictor)
{
    static const struct { const char *key; double value; } royston[] = {
        { "D", 0.156869102789953 }, { "se_D", 0.703296533702396 }, { "R2_D", 0.00584039644679415 }, { "R2_KO", 0.205962196926226 },
        { "R2_N", 0.122287006350647 }, { "C_GH", 0.673195327559028 }
    };
    Frame f = table_of(rows_csv);
    Json *a = call_method("cox", "Surv(t,d)~x+offset(0.7*z)", &f, NULL, "{\"explained\": true}", OK, NULL);
    for (int k = 0; k < 6; k++) assert_near(number_at(a, "explained", royston[k].key), royston[k].value, 1e-9);
    Json *fitted = call_method("cox", "Surv(t,d)~x+z", &f, NULL, "{\"explained\": true}", OK, NULL);
    Json *known = call_method("cox", "Surv(t,d)~x+z+offset(3*x-z)", &f, NULL, "{\"explained\": true}", OK, NULL);
    static const char *const same[] = { "D", "se_D", "R2_D", "R2_KO", "C_GH" };
    for (int k = 0; k < 5; k++) assert_near(number_at(known, "explained", same[k]), number_at(fitted, "explained", same[k]), 1e-9);
    json_free(a);
    json_free(fitted);
    json_free(known);
    frame_free(&f);
}
END_TEST

/* Of strata only differences within count: R2_KO, R2_N and C_GH as survival's royston() has them, D with the scores fitted in the strata (coxph of R; its
 * own leaves them out: 2.122). A column, or an offset, that is moved by a constant in each stratum moves nothing. */
START_TEST(strata_have_their_own_level)
{
    static const struct { const char *key; double value; } expected[] = {
        { "D", 2.70598409651745 }, { "se_D", 1.21054391328551 }, { "R2_KO", 0.676998101635633 }, { "R2_N", 0.561277353962296 }, { "C_GH", 0.818299293541283 }
    };
    static const char *const formula[] = { "Surv(t,d)~x+z+strata(y)", "Surv(t,d)~I(x+5*y)+z+strata(y)", "Surv(t,d)~x+z+strata(y)+offset(4*y)" };
    Frame f = table_of(rows_csv);
    for (int j = 0; j < 3; j++) {
        Json *a = call_method("cox", formula[j], &f, NULL, "{\"explained\": true}", OK, NULL);
        for (int k = 0; k < 5; k++) assert_near(number_at(a, "explained", expected[k].key), expected[k].value, 1e-9);
        json_free(a);
    }
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("offset");
    TCase *c = unit_case(s, "offset");
    tcase_add_test(c, predictions_hold_the_offset);
    tcase_add_test(c, what_is_known_is_not_explained);
    tcase_add_test(c, what_is_known_is_in_the_predictor);
    tcase_add_test(c, strata_have_their_own_level);
    return s;
}

UNIT_MAIN("offset")
