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

static Suite *suite(void)
{
    Suite *s = suite_create("offset");
    TCase *c = unit_case(s, "offset");
    tcase_add_test(c, predictions_hold_the_offset);
    tcase_add_test(c, what_is_known_is_not_explained);
    return s;
}

UNIT_MAIN("offset")
