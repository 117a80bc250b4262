/* tests/unit/test_strata.c: performance and compare of models with strata, and compare with weights, beside R. */
#include "tests/unit/stat_fixture.h"

#include "core/rng.h"
#include "core/str.h"

static const char csv[] = "cl,x,y,t,e,s,w\n"
    "1,1.4,3.1,3.6,1,a,1.9\n" "1,2,1.5,3.6,1,a,1.5\n" "1,0.5,0.7,0.8,0,a,1.4\n" "2,0.6,2.1,3.3,1,a,0.7\n" "2,3.2,4,10.5,1,a,2\n"
    "2,1.1,3.6,1.9,0,a,1.8\n"
    "3,3.3,3.6,2.5,1,a,1.3\n" "3,2.6,3.1,0.7,1,a,1.8\n" "3,2,1.3,0.3,0,a,1.8\n" "4,1,1.6,2.5,1,a,1.7\n" "4,1.2,2.6,1.6,0,a,1.9\n"
    "4,1.7,1.4,1.2,1,a,1.9\n"
    "5,0.5,2.3,0.7,1,b,1.6\n" "5,1.7,2.2,1.2,1,b,1.5\n" "5,0.9,-0.4,3.7,0,b,1.7\n" "6,2,3.3,2.2,1,b,0.5\n" "6,1.8,2.9,0.5,1,b,1.2\n"
    "6,2.9,3.5,1.6,0,b,1.2\n"
    "7,1.4,2.5,2.8,1,b,0.9\n" "7,1.3,1.4,2.3,1,b,1\n" "7,1.3,0.8,2.8,1,b,0.8\n" "8,2,2.9,0.8,0,b,1\n" "8,1.6,2.2,0.3,1,b,1.3\n"
    "8,2.4,3.4,2.3,1,b,1.4\n";

static double item(const Json *o, size_t i) { return json_number(json_at(o, i)); }

/* riskRegression::Score and predictRisk of coxph(Surv(t, e) ~ x + strata(s)), censoring by Kaplan–Meier. */
START_TEST(performance_is_that_of_r)
{
    static const double brier[] = { 0.135847546367931, 0.197831558120781 }, se[] = { 0.0501541939824075, 0.0475154880706414 };
    static const double auc[] = { 0.645765998707175, 0.642510143618586 }, se_auc[] = { 0.177912280530913, 0.137390348973549 };
    static const double risk[2][2] = { { 0.0898582573828921, 0.188955169524409 }, { 0.24690575573403, 0.648123661710032 } };
    Frame f = table_of(csv), rows = table_of("x,s\n1,a\n1,b\n");
    Json *out = call_method("performance", "Surv(t,e)~x+strata(s)", &f, &rows, "{\"times\": [1, 2.4]}", OK, NULL);
    const Json *b = json_get(json_get(out, "brier"), "model"), *a = json_get(out, "auc");
    for (size_t t = 0; t < 2; t++) {
        assert_near(item(json_get(b, "brier"), t), brier[t], 1e-12);
        assert_near(item(json_get(b, "se"), t), se[t], 1e-10);
        assert_near(item(json_get(a, "auc"), t), auc[t], 1e-12);
        assert_near(item(json_get(a, "se"), t), se_auc[t], 1e-10);
        for (size_t i = 0; i < 2; i++) assert_near(cell_at(out, "pred_risk", i, t), risk[i][t], 1e-10);
    }
    assert_near(number_at(out, "ibs", "model"), 0.134221249698341, 1e-12);
    /* The slope is that of a model of the predictor. */
    double lp[24];
    for (size_t i = 0; i < 24; i++) lp[i] = number_at(out, "coef", "x") * frame_column(&f, "x")->num[i];
    add_numbers(&f, "lp", lp, 24);
    Json *own = call_method("cox", "Surv(t,e)~lp+strata(s)", &f, NULL, NULL, OK, NULL);
    assert_near(number_at(out, "calibration", "slope"), number_at(own, "coef", "lp"), 1e-10);
    json_free(own);
    json_free(out);
    frame_free(&rows);
    frame_free(&f);
}
END_TEST

/* A baseline ends with its stratum, and a row of no stratum has none. */
START_TEST(nothing_is_said_without_a_baseline)
{
    char message[ERR_TEXT_MAX] = "";
    Frame f = table_of(csv), rows = table_of("x,s\n1,a\n1,c\n");
    call_method("performance", "Surv(t,e)~x+strata(s)", &f, NULL, "{\"times\": [1, 5]}", ERR_USAGE, message);
    ck_assert_msg(strstr(message, "stratum s=b, 3.7") != NULL, "%s", message);
    call_method("compare", "Surv(t,e)~x+y+strata(s)", &f, NULL, "{\"times\": [5], \"versus\": \"Surv(t,e)~x\"}", ERR_USAGE, message);
    ck_assert_msg(strstr(message, "stratum s=b, 3.7") != NULL, "%s", message);
    call_method("performance", "Surv(t,e)~x+strata(s)", &f, &rows, "{\"times\": [1]}", ERR_INPUT, message);
    ck_assert_msg(strstr(message, "t.csv:3: the stratum s=c") != NULL, "%s", message);
    call_method("compare", "y~x+strata(s)", &f, NULL, "{\"versus\": \"y~x\"}", ERR_USAGE, message);
    frame_free(&rows);
    frame_free(&f);
}
END_TEST

/* Weighted coxph with strata and glm, Kaplan–Meier curves and sums by weight in R. */
START_TEST(weighted_comparison_is_that_of_r)
{
    Frame f = table_of(csv);
    Json *out = call_method("compare", "Surv(t,e)~x+y+strata(s)", &f, NULL,
                            "{\"times\": [2.4], \"versus\": \"Surv(t,e)~x+strata(s)\", \"weights\": \"w\", \"thresholds\": [0.5]}", OK, NULL);
    assert_near(number_at(out, "nri_free", "nri_event"), 0.275267080964017, 1e-10);
    assert_near(number_at(out, "nri_free", "nri_nonevent"), 0.209070870790284, 1e-10);
    assert_near(item(json_get(json_get(out, "net_benefit"), "model1"), 0), 0.151044112582574, 1e-10);
    assert_near(number_at(out, "lr_nested", "chisq"), 0.910203722139627, 1e-9);
    ck_assert(isnan(number_at(out, "lr_nested", "p")));
    json_free(out);
    out = call_method("compare", "I(t>2)~x+y", &f, NULL, "{\"versus\": \"I(t>2)~x\", \"weights\": \"w\"}", OK, NULL);
    assert_near(number_at(out, "idi", "idi"), 0.0197184061612505, 1e-9);
    assert_near(number_at(out, "idi", "se"), 0.0330074768952607, 1e-9);
    assert_near(number_at(out, "auc", "model0"), 0.541360813099944, 1e-12);
    assert_near(number_at(out, "auc", "model1"), 0.621223884810841, 1e-12);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* The gain in likelihood is one only between models of the same strata, whatever they are called. */
START_TEST(likelihoods_of_other_strata_are_not_compared)
{
    static const struct { const char *full, *base; bool same; } of[] = {
        { "Surv(t,e)~x+y+strata(s)", "Surv(t,e)~x+strata(s)", true },     { "Surv(t,e)~x+y+strata(s)", "Surv(t,e)~x+strata(ifelse(s=='a',2,1))", true },
        { "Surv(t,e)~x+y+strata(s)", "Surv(t,e)~x", false },              { "Surv(t,e)~x+y", "Surv(t,e)~x+strata(s)", false },
        { "Surv(t,e)~x+y+strata(s)", "Surv(t,e)~x+strata(I(cl%%2))", false },
    };
    Frame f = table_of(csv);
    for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
        char options[128];
        snprintf(options, sizeof options, "{\"times\": [2.4], \"versus\": \"%s\"}", of[k].base);
        Json *out = call_method("compare", of[k].full, &f, NULL, options, OK, NULL);
        ck_assert_msg(isfinite(number_at(out, "lr_nested", "p")) == of[k].same, "%s and %s", of[k].full, of[k].base);
        json_free(out);
    }
    frame_free(&f);
}
END_TEST

/* The same strata as one number, as larger ones, as texts, by two columns, and by three whose levels could make 216,000: the same bits, also of
 * rows in another order. */
START_TEST(many_strata_by_any_name)
{
    enum { N = 4000, LEVELS = 60, WAYS = 5 };
    static const char *const strata[WAYS] = { "c", "large", "word", "c1,c2", "c1,c2,c3" };
    static double t[N], e[N], g[N], c[N], large[N], c1[N], c2[N];
    double first = NAN;
    for (int turned = 0; turned < 2; turned++) {
        Frame f;
        Str words = { 0 };
        str_append(&words, "word\n");
        for (size_t i = 0; i < N; i++) {
            Rng r = rng_stream(20261102, turned ? N - 1 - i : i);
            c1[i] = rng_below(&r, LEVELS);
            c2[i] = rng_below(&r, LEVELS);
            c[i] = LEVELS * c1[i] + c2[i];
            large[i] = 1e6 * c[i] - .5;
            g[i] = rng_below(&r, 2);
            t[i] = 1 + rng_below(&r, 30);
            e[i] = rng_below(&r, 2);
            str_appendf(&words, "s%04.0f\n", c[i]);
        }
        f = table_of(str_text(&words));
        add_numbers(&f, "c", c, N);
        add_numbers(&f, "large", large, N);
        add_numbers(&f, "c1", c1, N);
        add_numbers(&f, "c2", c2, N);
        add_numbers(&f, "c3", c1, N);
        add_numbers(&f, "g", g, N);
        add_numbers(&f, "t", t, N);
        add_numbers(&f, "e", e, N);
        for (int k = 0; k < WAYS; k++) {
            char formula[64];
            snprintf(formula, sizeof formula, "Surv(t,e)~g+strata(%s)", strata[k]);
            Json *out = call_method("logrank", formula, &f, NULL, NULL, OK, NULL);
            const double chisq = number_at(out, "rho0", "chisq");
            if (isnan(first)) first = chisq;
            ck_assert(chisq > 0);
            assert_near(chisq, first, 0);
            json_free(out);
        }
        str_free(&words);
        frame_free(&f);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("strata");
    TCase *c = unit_case(s, "strata");
    tcase_add_test(c, many_strata_by_any_name);
    tcase_add_test(c, performance_is_that_of_r);
    tcase_add_test(c, nothing_is_said_without_a_baseline);
    tcase_add_test(c, weighted_comparison_is_that_of_r);
    tcase_add_test(c, likelihoods_of_other_strata_are_not_compared);
    return s;
}

UNIT_MAIN("strata")
