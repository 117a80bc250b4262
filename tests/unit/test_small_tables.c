/* tests/unit/test_small_tables.c: stats/exact22, fisher, mcnemar, diagnostic, power: tables worked by hand and published ones. */
#include "tests/unit/unit.h"

#include "stats/dist.h"
#include "stats/exact22.h"
#include "stats/kendall.h"
#include "stats/meta_model.h"
#include "stats/method.h"

static Exact22 table(double a, double b, double c, double d, Arena *arena)
{
    Exact22 x;
    const double cell[4] = { a, b, c, d };
    assert_ok(exact22_new(&x, cell, arena, &e_));
    return x;
}

/* Fisher's tea tasting: 3 1 / 1 3: p = 34/70. Dehdashti 2003, lung: 8 0 / 0 6: p = 1/3003. */
START_TEST(fisher_by_counting)
{
    Arena a = { 0 };
    Exact22 tea = table(3, 1, 1, 3, &a), lung = table(8, 0, 0, 6, &a);
    assert_near(exact22_p_minlike(&tea), 34.0 / 70, 1e-14);
    assert_near(exact22_p_greater(&tea), 17.0 / 70, 1e-14);
    assert_near(exact22_p_minlike(&lung), 1.0 / 3003, 1e-13);
    ck_assert(isinf(exact22_odds_ratio(&lung)));
    Interval ci = exact22_central(&lung, 0.05);
    ck_assert(isinf(ci.upper));
    /* The lower limit is where P(A >= 8) is 2.5 %. */
    double theta = log(ci.lower), top = 8 * theta, sum = 0;
    for (int k = 2; k <= 8; k++) sum += exp(log_choose(8, k) + log_choose(6, 8 - k) + k * theta - top);
    assert_near(1 / sum, 0.025, 1e-10);
    arena_free(&a);
}
END_TEST

START_TEST(limits_mirror_when_rows_are_swapped)
{
    Arena a = { 0 };
    Exact22 x = table(7, 3, 2, 9, &a), y = table(2, 9, 7, 3, &a);
    Interval (*const kinds[])(Exact22 *, double) = { exact22_central, exact22_central_mid, exact22_minlike, exact22_blaker };
    assert_near(exact22_odds_ratio(&x) * exact22_odds_ratio(&y), 1, 1e-12);
    for (int k = 0; k < 4; k++) {
        Interval i = kinds[k](&x, 0.05), j = kinds[k](&y, 0.05);
        assert_near(i.lower * j.upper, 1, 1e-6);
        assert_near(i.upper * j.lower, 1, 1e-6);
        ck_assert(i.lower < exact22_odds_ratio(&x) && exact22_odds_ratio(&x) < i.upper);
    }
    /* Mid-p limits lie inside the central ones. */
    Interval c = exact22_central(&x, 0.05), m = exact22_central_mid(&x, 0.05);
    ck_assert(c.lower < m.lower && m.upper < c.upper);
    arena_free(&a);
}
END_TEST

/* 0 of 10: Clopper-Pearson's upper limit is 1 - .025^(1/10); Wilson's z^2/(n + z^2). */
START_TEST(proportions_at_the_edge)
{
    double z = normal_quantile(0.975);
    assert_near(proportion_clopper_pearson(0, 10, 0.05).upper, 1 - pow(0.025, 0.1), 1e-12);
    assert_near(proportion_wilson(0, 10, 0.05).upper, z * z / (10 + z * z), 1e-13);
    ck_assert(proportion_clopper_pearson(0, 10, 0.05).lower == 0 && proportion_wilson_cc(10, 10, 0.05).upper == 1);
}
END_TEST

static Json *call(const char *method, Json *options, Rc expected)
{
    Err e = { 0 };
    Json *out = NULL;
    StatCall c = { .options = options, .threads = 1 };
    Rc rc = method_call(&out, method_by_name(method), &c, &e);
    ck_assert_msg(rc == expected, "%s: rc %d: %s", method, (int)rc, e.text);
    json_free(options);
    return out;
}

START_TEST(mcnemar_counts_discordant_pairs)
{
    Json *o = json_object();
    static const double t[] = { 30, 6, 0, 40 };
    json_set_numbers(o, "table", t, 4);
    Json *out = call("mcnemar", o, OK);
    assert_near(json_number(json_get(out, "p_exact")), 2.0 / 64, 1e-14);          /* 2 * (1/2)^6 */
    assert_near(json_number(json_get(out, "p_midp")), 1.0 / 64, 1e-14);
    assert_near(json_number(json_get(out, "chisq")), 6, 1e-14);
    json_free(out);
    o = json_object();
    static const double none[] = { 30, 0, 0, 40 };
    json_set_numbers(o, "table", none, 4);
    json_free(call("mcnemar", o, ERR_ESTIMATE));
}
END_TEST

/* Power and events undo each other, for hazard and odds ratios. */
START_TEST(power_and_size_are_inverse)
{
    Json *o = json_object();
    json_set_number(o, "hr", 2);
    json_set_number(o, "prop", 0.5);
    Json *out = call("power", o, OK);
    double events = json_number(json_get(out, "events"));
    assert_near(events, 4 * pow(normal_quantile(0.975) + normal_quantile(0.8), 2) / (log(2) * log(2)), 1e-12);
    json_free(out);
    o = json_object();
    json_set_number(o, "hr", 2);
    json_set_number(o, "prop", 0.5);
    json_set_number(o, "events", events);
    out = call("power", o, OK);
    assert_near_abs(json_number(json_get(out, "power")), 0.8, 0, 1e-5);           /* and the other tail */
    json_free(out);
    /* Fleiss: 50 % against 30 % at 1:1 needs 93 a group without correction: OR 7/3 at prevalence .4. */
    o = json_object();
    json_set_number(o, "or", 7.0 / 3);
    json_set_number(o, "prop", 0.5);
    json_set_number(o, "prevalence", 0.4);
    out = call("power", o, OK);
    ck_assert_msg(fabs(json_number(json_get(out, "n")) - 186) <= 1, "n = %g", json_number(json_get(out, "n")));
    json_free(out);
}
END_TEST

/* Four untied pairs, one swap: tau = (5 - 1)/6; two-sided p: permutations with at most 1 inversion, twice (1 + 3)/24. With a tie in
 * x the variance is Kendall's. R: cor.test(1:4, c(1,2,4,3), method = "kendall"). */
START_TEST(kendall_by_counting)
{
    static const double x[] = { 1, 2, 3, 4 }, y[] = { 1, 2, 4, 3 }, tied[] = { 1, 1, 2, 3 };
    Kendall k;
    assert_ok(kendall_test(&k, x, y, 4, &e_));
    ck_assert(k.exact);
    assert_near(k.tau, 2.0 / 3, 1e-15);
    assert_near(k.p, 8.0 / 24, 1e-14);
    assert_ok(kendall_test(&k, tied, y, 4, &e_));
    ck_assert(!k.exact);
    assert_near(k.tau, 3 / sqrt(30), 1e-14);
    /* v = (4*3*13 - 2*1*9)/18 = 138/18 */
    assert_near(k.z, 3 / sqrt(138.0 / 18), 1e-14);
}
END_TEST

/* Two studies: DerSimonian and Laird's tau2 in closed form; equal variances make every estimator and REML agree. */
START_TEST(two_studies_by_hand)
{
    static const double y[] = { 0.2, 1.0 }, v[] = { 0.1, 0.1 };
    Arena a = { 0 };
    MetaData d = { 2, 1, y, v, NULL };
    MetaFit f;
    static const MetaMethod same[] = { META_DL, META_REML, META_PM, META_HE };
    for (int i = 0; i < 4; i++) {
        assert_ok(meta_fit(&f, &d, same[i], &a, &e_));
        assert_near(f.tau2, 0.32 - 0.1, 1e-12);            /* sample variance less the error variance */
        assert_near(f.beta[0], 0.6, 1e-14);
        assert_near(f.vcov[0], 0.32 / 2, 1e-12);
    }
    assert_near(f.q, 0.32 / 0.1, 1e-13);
    static const double alike[] = { 0.5, 0.51, 0.49 }, w[] = { 0.1, 0.2, 0.3 };
    MetaData none = { 3, 1, alike, w, NULL };
    for (int m = 0; m < META_METHODS; m++) {
        assert_ok(meta_fit(&f, &none, (MetaMethod)m, &a, &e_));
        ck_assert(f.tau2 >= 0);
        if (m != META_SJ) ck_assert_msg(f.tau2 == 0, "%s: tau2 %g", meta_method_name((MetaMethod)m), f.tau2);
    }
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("small_tables");
    TCase *c = unit_case(s, "tables");
    tcase_add_test(c, fisher_by_counting);
    tcase_add_test(c, limits_mirror_when_rows_are_swapped);
    tcase_add_test(c, proportions_at_the_edge);
    tcase_add_test(c, mcnemar_counts_discordant_pairs);
    tcase_add_test(c, power_and_size_are_inverse);
    tcase_add_test(c, kendall_by_counting);
    tcase_add_test(c, two_studies_by_hand);
    return s;
}

UNIT_MAIN("small_tables")
