/* tests/unit/test_likelihood_models.c: linear, survreg, ordinal, lmm where the answer is known in closed form. */
#include "tests/unit/stat_fixture.h"

#include "core/frame.h"
#include "core/rng.h"
#include "stats/method.h"

static void add(Frame *f, const char *name, const double *x, size_t n)
{
    double *column;
    Err e = { 0 };
    assert_ok_e(frame_add_numbers(&column, f, name, &e), e);
    memcpy(column, x, n * sizeof *x);
}

static Json *run(const char *method, const char *formula, const Frame *f, Json *options, Rc expected)
{
    Err e = { 0 };
    Json *out = NULL;
    StatCall call = { .formula = formula, .data = f, .options = options, .threads = 1 };
    Rc rc = method_call(&out, method_by_name(method), &call, &e);
    ck_assert_msg(rc == expected, "%s %s: rc %d: %s", method, formula, (int)rc, e.text);
    return out;
}

static double at(const Json *out, const char *key, const char *member)
{
    const Json *j = json_get(out, key);
    return json_number(member ? json_get(j, member) : j);
}

/* Anscombe 1973, first set: 3.0001 + 0.50009 x, R2 = 0.6665, F = 17.99. Slope by hand: Sxy/Sxx = 55.01/110. */
START_TEST(least_squares_by_hand)
{
    static const double x[] = { 10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5 }, y[] = { 8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68 };
    Frame f = { 0 };
    assert_ok(frame_init(&f, "anscombe", 11, &e_));
    add(&f, "x", x, 11);
    add(&f, "y", y, 11);
    Json *out = run("linear", "y~x", &f, NULL, OK);
    assert_near(at(out, "coef", "x"), 55.01 / 110, 1e-13);
    assert_near(at(out, "coef", "(Intercept)"), 82.51 / 11 - 9 * 55.01 / 110, 1e-13);
    assert_near_abs(at(out, "r2", NULL), 0.6665, 0, 5e-5);
    assert_near_abs(at(out, "f", "f"), 17.99, 0, 5e-3);
    json_free(out);
    /* A column far from 0 keeps its slope to what the data still hold. */
    double far[11];
    for (int i = 0; i < 11; i++) far[i] = 1e9 + x[i];
    add(&f, "far", far, 11);
    out = run("linear", "y~far", &f, NULL, OK);
    assert_near(at(out, "coef", "far"), 55.01 / 110, 1e-13);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Exponential: the rate is events over time at risk, in each group. */
START_TEST(exponential_rates_by_hand)
{
    static const double t[] = { 2, 3, 5, 7, 1, 4, 9, 10 }, d[] = { 1, 0, 1, 1, 1, 0, 1, 0 }, g[] = { 0, 0, 0, 0, 1, 1, 1, 1 };
    Frame f = { 0 };
    assert_ok(frame_init(&f, "t", 8, &e_));
    add(&f, "t", t, 8);
    add(&f, "d", d, 8);
    add(&f, "g", g, 8);
    Json *options = json_object();
    json_set_text(options, "dist", "exponential");
    Json *out = run("survreg", "Surv(t,d)~g", &f, options, OK);
    assert_near(at(out, "coef", "(Intercept)"), log(17.0 / 3), 1e-12);
    assert_near(at(out, "coef", "g"), log(24.0 / 2) - log(17.0 / 3), 1e-12);
    assert_near(at(out, "loglik", NULL), 3 * log(3.0 / 17) - 3 + 2 * log(2.0 / 24) - 2, 1e-12);
    assert_near(at(out, "loglik_null", NULL), 5 * log(5.0 / 41) - 5, 1e-12);
    /* Variance of a log rate is 1/events. */
    assert_near(at(out, "se", "(Intercept)"), sqrt(1.0 / 3), 1e-12);
    json_free(out);
    json_free(options);
    frame_free(&f);
}
END_TEST

/* Changing the unit of time moves the intercept by its logarithm and nothing else. */
START_TEST(unit_of_time_moves_the_intercept)
{
    enum { N = 80 };
    static const char *const dists[] = { "weibull", "exponential", "lognormal", "loglogistic" };
    Rng r = rng_stream(3, 0);
    double t[N], u[N], d[N], x[N];
    for (int i = 0; i < N; i++) {
        x[i] = rng_normal(&r);
        t[i] = rng_exponential(&r) * det_exp(0.5 * x[i]);
        u[i] = 30.4375 * t[i];
        d[i] = rng_uniform(&r) < 0.7;
    }
    Frame f = { 0 };
    assert_ok(frame_init(&f, "t", N, &e_));
    add(&f, "t", t, N);
    add(&f, "u", u, N);
    add(&f, "d", d, N);
    add(&f, "x", x, N);
    for (int k = 0; k < 4; k++) {
        Json *options = json_object();
        json_set_text(options, "dist", dists[k]);
        Json *a = run("survreg", "Surv(t,d)~x", &f, options, OK), *b = run("survreg", "Surv(u,d)~x", &f, options, OK);
        assert_near(at(b, "coef", "x"), at(a, "coef", "x"), 1e-10);
        assert_near(at(b, "scale", NULL), at(a, "scale", NULL), 1e-10);
        assert_near(at(b, "coef", "(Intercept)"), at(a, "coef", "(Intercept)") + log(30.4375), 1e-10);
        json_free(a);
        json_free(b);
        json_free(options);
    }
    frame_free(&f);
}
END_TEST

/* Two levels: the proportional-odds model is the logistic model; one binary covariate makes it the table's log odds ratio. */
START_TEST(two_levels_are_a_two_by_two_table)
{
    enum { N = 30 };                                         /* x = 0: 12 low, 5 high; x = 1: 4 low, 9 high */
    double x[N];
    char **y;
    Frame f = { 0 };
    assert_ok(frame_init(&f, "t", N, &e_));
    assert_ok(frame_add_texts(&y, &f, "y", &e_));
    for (int i = 0; i < N; i++) {
        x[i] = i >= 17;
        y[i] = (char *)((i < 12 || (i >= 17 && i < 21)) ? "low" : "top");
    }
    add(&f, "x", x, N);
    Json *out = run("ordinal", "y~x", &f, NULL, OK);
    assert_near(at(out, "coef", "x"), log(12.0 * 9 / (5 * 4)), 1e-12);
    assert_near(at(out, "thresholds", "low|top"), log(12.0 / 5), 1e-12);
    assert_near(at(out, "se", "x"), sqrt(1 / 12.0 + 1 / 5.0 + 1 / 4.0 + 1 / 9.0), 1e-12);
    json_free(out);
    /* Perfectly told apart: named, no estimate. */
    for (int i = 0; i < N; i++) y[i] = (char *)(x[i] > 0 ? "top" : "low");
    out = run("ordinal", "y~x", &f, NULL, ERR_ESTIMATE);
    ck_assert_str_eq(json_text(json_get(json_at(json_get(out, "diagnosis"), 0), "code")), "complete_separation");
    ck_assert(at(json_get(out, "separation"), "direction", "x") == 1);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Balanced one-way layout: REML gives the analysis-of-variance estimates (MSW; (MSB - MSW)/m), the mean its standard error. */
START_TEST(balanced_groups_are_an_analysis_of_variance)
{
    static const double y[] = { 10, 12, 11, 15, 17, 16, 20, 19, 21, 9, 8, 10 };
    double g[12];
    for (int i = 0; i < 12; i++) g[i] = i / 3;
    Frame f = { 0 };
    assert_ok(frame_init(&f, "t", 12, &e_));
    add(&f, "y", y, 12);
    add(&f, "g", g, 12);
    Json *out = run("lmm", "y~1+(1|g)", &f, NULL, OK);
    /* Group means 11, 16, 20, 9, grand 14: SSB = 3 (9 + 4 + 36 + 25) = 222, MSB = 74; each group has SS 2: MSW = 1. */
    assert_near(at(out, "varcomp_reml", "Residual"), 1, 1e-9);
    assert_near(at(out, "varcomp_reml", "g.(Intercept)"), 73.0 / 3, 1e-9);
    assert_near(at(out, "fixef", "(Intercept)"), 14, 1e-12);
    assert_near(json_number(json_at(json_at(json_get(json_get(out, "vcov_fixef"), "data"), 0), 0)), 74.0 / 12, 1e-9);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* A column that repeats another: what is left is the fit without it, its own coefficient is null. */
START_TEST(the_later_collinear_column_is_left_out)
{
    static const char csv[] = "t,d,y,o,g,x,z\n5,1,3.1,a,1,1.5,0\n8,0,1.0,b,1,0.3,1\n3,1,4.2,a,1,2.5,1\n9,1,0.7,c,1,0.1,0\n4,0,3.9,b,2,1.9,1\n"
                              "7,1,1.8,a,2,0.8,0\n2,1,5.5,c,2,2.2,0\n6,1,2.0,b,2,1.1,1\n10,0,0.2,a,3,0.2,1\n11,1,1.7,c,3,1.4,1\n1,1,2.9,b,3,0.9,0\n"
                              "12,0,2.2,c,3,1.7,0\n";
    static const char *const call[][4] = { { "linear", "y~", "coef", "" }, { "survreg", "Surv(t,d)~", "coef", "" },
                                           { "ordinal", "o~", "coef", "" }, { "lmm", "y~", "fixef", "+(1|g)" } };
    Frame f = table_of(csv);
    for (int k = 0; k < 4; k++) {
        char twice[64], once[64];
        snprintf(twice, sizeof twice, "%sx+I(2*x)+z%s", call[k][1], call[k][3]);
        snprintf(once, sizeof once, "%sx+z%s", call[k][1], call[k][3]);
        Json *a = call_method(call[k][0], twice, &f, NULL, "{\"drop_collinear\": true}", OK, NULL);
        Json *b = call_method(call[k][0], once, &f, NULL, NULL, OK, NULL);
        ck_assert(has_code(a, "collinear"));
        assert_near(number_at(a, call[k][2], "x"), number_at(b, call[k][2], "x"), 1e-12);
        assert_near(number_at(a, call[k][2], "z"), number_at(b, call[k][2], "z"), 1e-12);
        ck_assert(json_get(json_get(a, call[k][2]), "I(2*x)") && isnan(number_at(a, call[k][2], "I(2*x)")));
        json_free(a);
        json_free(b);
    }
    frame_free(&f);
}
END_TEST

static void names_are(const char *formula, const char *const *name)
{
    static const char csv[] = "y,a,b,x,z\n1,p,u,0.3,1\n2,q,v,0.9,2\n4,p,w,1.4,0\n3,q,u,2.2,5\n7,p,v,0.1,3\n5,q,w,1.7,1\n2,p,u,2.8,4\n6,q,v,0.6,2\n"
                              "8,p,w,1.1,6\n1,q,u,1.9,0\n9,p,v,2.4,3\n4,q,w,0.2,7\n";
    Frame f = table_of(csv);
    Json *out = call_method("linear", formula, &f, NULL, NULL, OK, NULL);
    size_t n = 0;
    for (const Json *q = json_first(json_get(out, "coef")); q; q = json_next(q)) ck_assert_str_eq(json_key(q), name[n++]);
    ck_assert_ptr_null(name[n]);
    json_free(out);
    frame_free(&f);
}

/* R codes a factor of a product by contrasts when the rest of the product is part of an earlier term: a:x says all that x says. */
START_TEST(margins_within_earlier_terms)
{
    names_are("y~a:x+b:x", (const char *const[]){ "(Intercept)", "ap:x", "aq:x", "x:bv", "x:bw", NULL });
    names_are("y~x:z+a:z", (const char *const[]){ "(Intercept)", "x:z", "z:aq", NULL });
    names_are("y~x:z+a:z-1", (const char *const[]){ "x:z", "z:ap", "z:aq", NULL });
    names_are("y~a*x", (const char *const[]){ "(Intercept)", "aq", "x", "aq:x", NULL });
    names_are("y~a:x+a-1", (const char *const[]){ "ap", "aq", "ap:x", "aq:x", NULL });
}
END_TEST

/* Robust standard errors of R: sandwich::vcovCL(type = "HC0", cadjust = FALSE), survreg(cluster =) and, with weights, its
 * residuals(type = "dfbeta", weighted = TRUE), rms::robcov(lrm), and scores by differences for a weighted ordinal model. */
START_TEST(robust_errors_are_those_of_r)
{
    static const char csv[] = "cl,x,y,t,e,o,w\n"
        "1,1.4,3.1,3.6,1,L,1.9\n" "1,2,1.5,3.6,1,H,1.5\n" "1,0.5,0.7,0.8,0,M,1.4\n" "2,0.6,2.1,3.3,1,L,0.7\n"
        "2,3.2,4,10.5,1,M,2\n" "2,1.1,3.6,1.9,0,H,1.8\n" "3,3.3,3.6,2.5,1,H,1.3\n" "3,2.6,3.1,0.7,1,L,1.8\n"
        "3,2,1.3,0.3,0,H,1.8\n" "4,1,1.6,2.5,1,H,1.7\n" "4,1.2,2.6,1.6,0,L,1.9\n" "4,1.7,1.4,1.2,1,L,1.9\n"
        "5,0.5,2.3,0.7,1,M,1.6\n" "5,1.7,2.2,1.2,1,L,1.5\n" "5,0.9,-0.4,3.7,0,L,1.7\n" "6,2,3.3,2.2,1,M,0.5\n"
        "6,1.8,2.9,0.5,1,L,1.2\n" "6,2.9,3.5,1.6,0,H,1.2\n" "7,1.4,2.5,2.8,1,H,0.9\n" "7,1.3,1.4,2.3,1,L,1\n"
        "7,1.3,0.8,2.8,1,L,0.8\n" "8,2,2.9,0.8,0,L,1\n" "8,1.6,2.2,0.3,1,M,1.3\n" "8,2.4,3.4,2.3,1,H,1.4\n";
    static const struct { const char *method, *formula, *options, *term[3]; double se[4][3], margin; } of[] = {
        { "linear", "y~x", "", { "(Intercept)", "x" },
          { { 0.451462344894665, 0.192001158808483 }, { 0.30981171456083, 0.11590457130384 },
            { 0.51362071299165, 0.214945796156375 }, { 0.279488722123759, 0.0930010081064876 } }, 1e-12 },
        { "survreg", "Surv(t,e)~x", ", \"dist\": \"weibull\"", { "(Intercept)", "x", "Log(scale)" },
          { { 0.323173023782213, 0.199716686035768, 0.167152266888088 }, { 0.143036152424247, 0.151913977016152, 0.174732230908399 },
            { 0.396318761823166, 0.226478134132574, 0.169562204047855 }, { 0.18019154392497, 0.177248268177599, 0.18401930599731 } }, 1e-10 },
        { "survreg", "Surv(t,e)~x", ", \"dist\": \"lognormal\"", { "(Intercept)", "x", "Log(scale)" },
          { { 0.426893766341744, 0.247079087879289, 0.162051558435119 }, { 0.215044234795366, 0.14462659094011, 0.131552465031825 },
            { 0.506381189427251, 0.294411468921018, 0.15101426740425 }, { 0.244313339362453, 0.201987359547267, 0.12465910280354 } }, 1e-10 },
        { "ordinal", "o~x", ", \"levels\": \"o=L,M,H\"", { "L|M", "M|H", "x" },
          { { 0.844386524383731, 0.821014526546358, 0.40976815250188 }, { 0.380432165685946, 0.435414769844758, 0.220171974251664 },
            { 0.813161374366404, 0.784864505345031, 0.372854970672349 }, { 0.425762337401048, 0.402436546660661, 0.2069319130454 } }, 3e-7 },
    };
    Frame f = table_of(csv);
    for (size_t k = 0; k < sizeof of / sizeof *of; k++)
        for (int way = 0; way < 4; way++) {
            char options[160];
            snprintf(options, sizeof options, "{\"robust\": true%s%s%s}", way % 2 ? ", \"cluster\": \"cl\"" : "", way / 2 ? ", \"weights\": \"w\"" : "",
                     of[k].options);
            Json *out = call_method(of[k].method, of[k].formula, &f, NULL, options, OK, NULL);
            for (int j = 0; j < 3 && of[k].term[j]; j++) assert_near(at(out, "robust_se", of[k].term[j]), of[k].se[way][j], of[k].margin);
            const double z = at(out, "coef", "x") / at(out, "robust_se", "x");
            assert_near(strcmp(of[k].method, "linear") ? at(out, "wald_test", "chisq") : at(out, "f", "f"), z * z, 1e-10);
            json_free(out);
        }
    /* On by itself with a cluster or a weight that is no whole number, and only then; the model's own errors stand beside it. */
    static const char *const asked[] = { "{\"cluster\": \"cl\"", "{\"weights\": \"w\"", "{\"weights\": \"cl\"" };
    for (size_t k = 0; k < sizeof of / sizeof *of; k++)
        for (int way = 0; way < 3; way++) {
            char options[160];
            snprintf(options, sizeof options, "%s%s}", asked[way], of[k].options);
            Json *out = call_method(of[k].method, of[k].formula, &f, NULL, options, OK, NULL);
            ck_assert_msg((json_get(out, "robust_se") != NULL) == (way < 2), "%s %s", of[k].method, options);
            ck_assert(at(out, "se", "x") > 0);
            json_free(out);
        }
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("likelihood_models");
    TCase *c = unit_case(s, "models");
    tcase_add_test(c, least_squares_by_hand);
    tcase_add_test(c, exponential_rates_by_hand);
    tcase_add_test(c, unit_of_time_moves_the_intercept);
    tcase_add_test(c, two_levels_are_a_two_by_two_table);
    tcase_add_test(c, balanced_groups_are_an_analysis_of_variance);
    tcase_add_test(c, the_later_collinear_column_is_left_out);
    tcase_add_test(c, margins_within_earlier_terms);
    tcase_add_test(c, robust_errors_are_those_of_r);
    return s;
}

UNIT_MAIN("likelihood_models")
