/* tests/unit/test_small_tables.c: stats/exact22, fisher, mcnemar, diagnostic, power: tables worked by hand and published ones. */
#include "tests/unit/unit.h"

#include "stats/dist.h"
#include "stats/exact22.h"
#include "stats/kendall.h"
#include "stats/meta_model.h"
#include "stats/trim_fill.h"
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
    static const double even[] = { 30, 2, 2, 40 };
    json_set_numbers(o, "table", even, 4);
    out = call("mcnemar", o, OK);
    assert_near(json_number(json_get(out, "p_exact")), 1, 1e-14);
    assert_near(json_number(json_get(out, "p_midp")), 1 - 3.0 / 16, 1e-14);      /* 1 - P(2 of 4) / 2: Fagerland, Lydersen & Laake 2013 */
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

/* tau2 is 0 here (Q < df). All three: centre 4.72/136.1, ranks 1 2 3, T = 2 + 3, L0 = (20 - 12)/5 -> 2. One alone: centre 0, the same T, so
 * two it stays; their images -.1 and -.2 make the set symmetric about 0. R (metafor 3.8): trimfill() gives 2 and 0. */
START_TEST(trim_and_fill_may_leave_one_study)
{
    static const double y[] = { 0.2, 0, 0.1 }, v[] = { 0.09, 0.01, 0.04 };
    Arena a = { 0 };
    TrimFill t;
    assert_ok(trim_and_fill(&t, &(MetaData){ 3, 1, y, v, NULL }, &a, &e_));
    ck_assert(t.sided && !t.right);
    ck_assert_int_eq((int)t.k0, 2);
    assert_near(t.est, 0, 1e-15);
    arena_free(&a);
}
END_TEST

/* Ties say nothing about a side: a funnel with its own mirror image lacks no study; the mirror image of a set has the mirrored answer; rows in
 * another order have the same one. */
START_TEST(trim_and_fill_has_no_side_of_its_own)
{
    enum { K = 9 };
    static const double y[K] = { 0.1, 0.3, 0.3, 0.4, 0.4, 0.7, 0.9, 0.9, 1.6 }, v[K] = { 0.1, 0.2, 0.01, 0.1, 0.3, 0.1, 0.5, 0.3, 0.9 };
    double twice[2 * K], w[2 * K], turned[K], shuffled[K], sv[K];
    Arena a = { 0 };
    TrimFill t, u;
    for (int i = 0; i < K; i++) {
        twice[i] = y[i];
        twice[K + i] = 1 - y[i];
        w[i] = w[K + i] = v[i];
        turned[i] = -y[i];
        shuffled[i] = y[i * 4 % K];
        sv[i] = v[i * 4 % K];
    }
    assert_ok(trim_and_fill(&t, &(MetaData){ 2 * K, 1, twice, w, NULL }, &a, &e_));
    ck_assert_msg(t.k0 == 0, "a symmetric funnel lacks %g", t.k0);
    assert_ok(trim_and_fill(&t, &(MetaData){ K, 1, y, v, NULL }, &a, &e_));
    assert_ok(trim_and_fill(&u, &(MetaData){ K, 1, turned, v, NULL }, &a, &e_));
    ck_assert(t.k0 > 0 && t.k0 == u.k0 && t.right != u.right);
    assert_near(t.est, -u.est, 1e-14);
    assert_ok(trim_and_fill(&u, &(MetaData){ K, 1, shuffled, sv, NULL }, &a, &e_));
    ck_assert(t.k0 == u.k0 && t.right == u.right);
    assert_near(t.est, u.est, 1e-14);
    arena_free(&a);
}
END_TEST

/* Found by search: k0 = 0 asks for 1 and 1 for 0, where R (metafor 3.8) stops with "did not converge". Equal variances have no slope. */
START_TEST(trim_and_fill_says_when_there_is_no_answer)
{
    static const double y[] = { -0.21726921, -0.12907220, -0.05819703, -0.05673399, -0.04573195, -0.03364330, -0.00210515, 0.08219554 };
    static const double v[] = { 6.331029e-01, 1.636314e-04, 6.277592e-02, 3.692912e+01, 2.606128e-04, 6.996884e-04, 9.684107e-04, 1.601385e+00 };
    static const double same[] = { 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 };
    Arena a = { 0 };
    TrimFill t;
    assert_ok(trim_and_fill(&t, &(MetaData){ 8, 1, y, v, NULL }, &a, &e_));
    ck_assert(t.sided && isnan(t.k0) && isnan(t.est) && t.low == 0 && t.high == 1);
    assert_ok(trim_and_fill(&t, &(MetaData){ 8, 1, y, same, NULL }, &a, &e_));
    ck_assert(!t.sided && isnan(t.k0));
    arena_free(&a);
}
END_TEST

/* A moderator counted in days from long ago is the same moderator: slope, its variance and Q do not lose digits. */
START_TEST(a_moderator_far_from_zero)
{
    enum { K = 5 };
    static const double y[K] = { 0.1, 0.4, 0.9, -0.2, 0.3 }, v[K] = { 0.1, 0.05, 0.2, 0.1, 0.15 }, m[K] = { 1, 3, 10, 4, 20 };
    double near_[2 * K], far[2 * K];
    Arena a = { 0 };
    MetaFit f, g;
    for (int i = 0; i < K; i++) {
        near_[i] = far[i] = 1;
        near_[K + i] = m[i];
        far[K + i] = m[i] + 16777216;
    }
    for (int method = 0; method < META_METHODS; method++) {
        assert_ok(meta_fit(&f, &(MetaData){ K, 2, y, v, near_ }, (MetaMethod)method, &a, &e_));
        assert_ok(meta_fit(&g, &(MetaData){ K, 2, y, v, far }, (MetaMethod)method, &a, &e_));
        assert_near(g.beta[1], f.beta[1], 1e-13);
        assert_near(g.vcov[3], f.vcov[3], 1e-15);
        assert_near(g.tau2, f.tau2, 1e-12);
        assert_near(g.loglik, f.loglik, 1e-12);
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
    tcase_add_test(c, trim_and_fill_may_leave_one_study);
    tcase_add_test(c, trim_and_fill_has_no_side_of_its_own);
    tcase_add_test(c, trim_and_fill_says_when_there_is_no_answer);
    tcase_add_test(c, a_moderator_far_from_zero);
    tcase_add_test(c, two_studies_by_hand);
    return s;
}

UNIT_MAIN("small_tables")
