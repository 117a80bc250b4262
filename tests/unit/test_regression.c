/* tests/unit/test_regression.c: penalties, matched sets, frailty, smooth terms, pooling, screening: closed forms and properties. */
#include "tests/unit/stat_fixture.h"

#include "core/rng.h"

enum { N = 120 };

/* Times with a true effect of x of .7, groups of 6 with a shared effect, censoring. */
static Frame cohort(uint64_t seed, double spread)
{
    Rng r = rng_stream(seed, 0);
    double t[N], d[N], x[N], z[N], g[N], effect = 0;
    Frame f = { 0 };
    for (int i = 0; i < N; i++) {
        if (i % 6 == 0) effect = spread * rng_normal(&r);
        g[i] = i / 6;
        x[i] = rng_normal(&r);
        z[i] = 5 + rng_gamma(&r, 2);
        double event = rng_exponential(&r) * exp(-.7 * x[i] - effect), censored = 2 * rng_exponential(&r);
        t[i] = fmin(event, censored);
        d[i] = event <= censored;
    }
    assert_ok(frame_init(&f, "cohort", N, &e_));
    add_numbers(&f, "t", t, N);
    add_numbers(&f, "d", d, N);
    add_numbers(&f, "x", x, N);
    add_numbers(&f, "z", z, N);
    add_numbers(&f, "g", g, N);
    return f;
}

/* Matched pairs: the coefficient is the log of the discordant counts' ratio, its variance 1/b + 1/c (McNemar). */
START_TEST(matched_pairs_by_hand)
{
    Str csv = { 0 };
    str_append(&csv, "case,x,set\n");
    int set = 0;
    for (int k = 0; k < 9; k++, set++) str_appendf(&csv, "1,1,%d\n0,0,%d\n", set, set);      /* exposed case, free control */
    for (int k = 0; k < 4; k++, set++) str_appendf(&csv, "1,0,%d\n0,1,%d\n", set, set);
    for (int k = 0; k < 7; k++, set++) str_appendf(&csv, "1,1,%d\n0,1,%d\n", set, set);
    Frame f = table_of(str_text(&csv));
    Json *out = call_method("clogit", "case~x+strata(set)", &f, NULL, NULL, OK, NULL);
    assert_near(number_at(out, "coef", "x"), log(9 / 4.), 1e-12);
    assert_near(number_at(out, "se", "x"), sqrt(1 / 9. + 1 / 4.), 1e-12);
    /* The score test is McNemar's chi-square. */
    assert_near(number_at(out, "score_test", "chisq"), 25 / 13., 1e-12);
    json_free(out);
    str_free(&csv);
    frame_free(&f);
}
END_TEST

/* Two cases of four rows: the conditional likelihood of the set by counting its six pairs. */
START_TEST(two_cases_in_a_set)
{
    Frame f = table_of("case,x,s\n1,1,1\n1,3,1\n0,2,1\n0,0,1\n1,0,2\n0,1,2\n0,2,2\n1,2,2\n");
    Json *out = call_method("clogit", "case~x+strata(s)", &f, NULL, NULL, OK, NULL);
    double b = number_at(out, "coef", "x"), sum = 0, first = 0, second = 0;
    static const double sets[2][4] = { { 1, 3, 2, 0 }, { 0, 1, 2, 2 } }, chosen[2] = { 4, 2 };
    double score = 0, info = 0, loglik = 0;
    for (int s = 0; s < 2; s++) {
        sum = first = second = 0;
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < i; j++) { double v = sets[s][i] + sets[s][j], e = exp(b * v); sum += e; first += v * e; second += v * v * e; }
        loglik += b * chosen[s] - log(sum);
        score += chosen[s] - first / sum;
        info += second / sum - first * first / sum / sum;
    }
    assert_near_abs(score, 0, 0, 1e-10);
    assert_near(number_at(out, "loglik", NULL), loglik, 1e-12);
    assert_near(cell_at(out, "vcov", 0, 0), 1 / info, 1e-10);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Ridge and lasso: the optimality conditions at the answer, and what large and vanishing penalties do. */
START_TEST(penalties)
{
    Frame f = cohort(5, 0);
    Json *ml = call_method("cox", "Surv(t,d)~x+z", &f, NULL, NULL, OK, NULL);
    Json *tiny = call_method("cox", "Surv(t,d)~x+z", &f, NULL, "{\"lambda2\":1e-9}", OK, NULL);
    assert_near(number_at(tiny, "coef", "x"), number_at(ml, "coef", "x"), 1e-8);
    assert_near(number_at(tiny, "edf", NULL), 2, 1e-8);
    Json *strong = call_method("cox", "Surv(t,d)~x+z", &f, NULL, "{\"lambda2\":50}", OK, NULL), *out;
    ck_assert(fabs(number_at(strong, "coef", "x")) < fabs(number_at(ml, "coef", "x")));
    ck_assert(number_at(strong, "edf", NULL) < 2 && number_at(strong, "loglik", NULL) < number_at(ml, "loglik", NULL));
    double b = number_at(strong, "coef", "x"), c = number_at(strong, "coef", "z");
    assert_near(number_at(strong, "loglik", NULL) - number_at(strong, "pen_loglik", NULL), 25 * (b * b + c * c), 1e-12);
    out = call_method("cox", "Surv(t,d)~x+z", &f, NULL, "{\"lambda1\":1e6}", OK, NULL);
    ck_assert(number_at(out, "coef", "x") == 0 && number_at(out, "coef", "z") == 0);
    json_free(out);
    /* A lasso strong enough to leave one term out gives the other's own lasso. */
    out = call_method("cox", "Surv(t,d)~x+z", &f, NULL, "{\"lambda1\":12,\"standardize\":true}", OK, NULL);
    Json *alone = call_method("cox", "Surv(t,d)~x", &f, NULL, "{\"lambda1\":12,\"standardize\":true}", OK, NULL);
    ck_assert(number_at(out, "coef", "z") == 0 && number_at(out, "coef", "x") != 0);
    assert_near(number_at(out, "coef", "x"), number_at(alone, "coef", "x"), 1e-9);
    json_free(ml);
    json_free(tiny);
    json_free(strong);
    json_free(out);
    json_free(alone);
    frame_free(&f);
}
END_TEST

/* tt(x) with a constant in time is x itself; a landmark at 0 keeps everybody. */
START_TEST(time_that_does_not_matter)
{
    Frame f = cohort(7, 0);
    Json *plain = call_method("cox", "Surv(t,d)~x+z", &f, NULL, "{\"ties\":\"breslow\"}", OK, NULL);
    Json *tt = call_method("cox", "Surv(t,d)~tt(x)+z", &f, NULL, "{\"ties\":\"breslow\",\"tt\":\"0*t+2\"}", OK, NULL);
    assert_near(2 * number_at(tt, "coef", "tt(x)"), number_at(plain, "coef", "x"), 1e-10);
    assert_near(number_at(tt, "loglik", NULL), number_at(plain, "loglik", NULL), 1e-12);
    Json *mark = call_method("cox", "Surv(t,d)~x+z", &f, NULL, "{\"ties\":\"breslow\",\"landmark\":0}", OK, NULL);
    assert_near(number_at(mark, "coef", "x"), number_at(plain, "coef", "x"), 1e-12);
    ck_assert(number_at(mark, "landmark", "n_excluded") == 0);
    json_free(plain);
    json_free(tt);
    json_free(mark);
    frame_free(&f);
}
END_TEST

/* Frailty: no variance where groups do not differ, its size where they do; the integrated likelihood is never below that without. */
START_TEST(frailty_finds_what_was_planted)
{
    static const char *const formulas[] = { "Surv(t,d)~x+frailty(g)", "Surv(t,d)~x+(1|g)" };
    for (int k = 0; k < 2; k++) {
        double with = 0, without = 0;
        for (uint64_t seed = 1; seed <= 12; seed++) {
            Frame a = cohort(100 + seed, 1), b = cohort(200 + seed, 0);
            Json *p = call_method("cox", formulas[k], &a, NULL, NULL, OK, NULL), *q = call_method("cox", formulas[k], &b, NULL, NULL, OK, NULL);
            with += number_at(p, "theta", NULL) / 12;
            without += number_at(q, "theta", NULL) / 12;
            Json *plain = call_method("cox", "Surv(t,d)~x", &a, NULL, NULL, OK, NULL);
            ck_assert(number_at(p, "loglik_integrated", NULL) > number_at(plain, "loglik", NULL) - 1e-3);
            json_free(p);
            json_free(q);
            json_free(plain);
            frame_free(&a);
            frame_free(&b);
        }
        ck_assert_msg(with > .5 && with < 1.6 && without < .15, "%s: mean variance %g and %g, planted 1 and 0", formulas[k], with, without);
    }
}
END_TEST

/* Pairs whose order is the order of the events: the maximum of Laplace's likelihood is far up. Its value, and the gamma's, from a program of
 * its own (Newton on the penalised likelihood, every theta tried). The gamma's is at 0: the fit there is one that converged. */
START_TEST(frailty_of_ordered_groups)
{
    Frame f = table_of("x,t,d,id\n5.21902,10.09878,1,1\n4.3858,10.48823,0,1\n26.4029,20.36404,1,2\n45.8108,20.42062,1,2\n1.63018,30.30096,0,3\n"
                       "8.25243,30.14764,1,3\n3.45286,40.89857,1,4\n3.78143,40.22356,0,4\n9.72325,50.96596,0,5\n2.65575,50.14107,1,5\n"
                       "1.19794,60.06536,1,6\n3.78941,60.39725,1,6\n");
    Json *normal = call_method("cox", "Surv(t,d)~x+(1|id)", &f, NULL, NULL, OK, NULL);
    assert_near(number_at(normal, "theta", NULL), 119.973774, 1e-5);
    assert_near(number_at(normal, "coef", "x"), -.0740380185, 1e-6);
    assert_near(number_at(normal, "se", "x"), .1008551012, 1e-6);
    assert_near(number_at(normal, "loglik_integrated", NULL), -11.0121579569, 1e-10);
    assert_near(cell_at(normal, "hr", 0, 1), exp(-.0740380185 - 1.9599639845 * .1008551012), 1e-6);
    json_free(normal);
    frame_free(&f);
    f = table_of("t,d,id\n1,1,1\n2,1,1\n3,0,2\n4,1,2\n5,1,3\n6,0,3\n7,1,4\n8,1,4\n");
    Json *gamma = call_method("cox", "Surv(t,d)~frailty(id)", &f, NULL, NULL, OK, NULL);
    ck_assert(json_bool(json_get(gamma, "converged")) && number_at(gamma, "iterations", NULL) < 500 && number_at(gamma, "theta", NULL) < 1e-4);
    json_free(gamma);
    frame_free(&f);
}
END_TEST

/* The penalty of a frailty or of a smooth does not hold the other columns, nor the line of the smooth. */
START_TEST(monotone_beside_a_penalty)
{
    static const char *const formulas[][2] = { { "Surv(t,d)~x+z+frailty(id)", "along x (+)" }, { "Surv(t,d)~x+(1|id)", "along x (+)" },
                                               { "Surv(t,d)~x+pspline(z,df=2)", "along x (+)" }, { "Surv(t,d)~pspline(t,df=2)", ":linear (-)" } };
    Frame f = table_of("t,d,x,z,id\n1,1,1,.3,1\n2,1,1,.9,1\n3,0,0,.1,2\n4,1,1,.5,2\n5,0,0,.7,3\n6,1,1,.2,3\n7,0,1,.4,4\n8,0,0,1.3,4\n9,0,0,.8,5\n"
                       "10,0,0,.6,5\n11,0,1,.65,6\n12,0,0,.35,6\n");
    for (size_t k = 0; k < sizeof formulas / sizeof *formulas; k++) {
        char message[ERR_TEXT_MAX];
        Json *out = call_method("cox", formulas[k][0], &f, NULL, NULL, ERR_ESTIMATE, message);
        ck_assert_msg(has_code(out, "monotone_likelihood") && strstr(message, formulas[k][1]), "%s: %s", formulas[k][0], message);
        json_free(out);
    }
    frame_free(&f);
}
END_TEST

/* A penalised spline of nearly one degree of freedom is the line. */
START_TEST(stiff_spline_is_a_line)
{
    Frame f = cohort(9, 0);
    Json *line = call_method("cox", "Surv(t,d)~x+z", &f, NULL, NULL, OK, NULL), *stiff = call_method("cox", "Surv(t,d)~pspline(x,df=1.001)+z", &f, NULL, NULL, OK, NULL);
    assert_near(number_at(stiff, "edf", "x"), 1.001, 1e-8);
    assert_near(number_at(stiff, "loglik", NULL), number_at(line, "loglik", NULL), 1e-4);
    assert_near(cell_at(stiff, "table", 0, 0), number_at(line, "coef", "x"), 1e-2);
    json_free(line);
    json_free(stiff);
    frame_free(&f);
}
END_TEST

/* Events are counted against what a penalised term spends, not against its columns. */
START_TEST(few_events_for_a_penalised_term)
{
    Frame f = cohort(9, 0);
    Json *out = call_method("cox", "Surv(t,d)~pspline(x,df=3)+z", &f, NULL, NULL, OK, NULL);
    const double events = number_at(out, "nevent", NULL);
    ck_assert_msg(events >= 40 && events < 110, "%g events", events);       /* ten columns of x: fewer than 10 events each */
    ck_assert(!has_code(out, "few_events"));
    json_free(out);
    char options[64];
    snprintf(options, sizeof options, "{\"subset\": \"d==0 | seq_along(x)<=%d\"}", 30);
    out = call_method("cox", "Surv(t,d)~pspline(x,df=3)+z", &f, NULL, options, OK, NULL);
    bool said = false;
    for (const Json *d = json_first(json_get(out, "diagnosis")); d; d = json_next(d))
        said = said || (strcmp(json_text(json_get(d, "code")), "few_events") == 0 && strstr(json_text(json_get(d, "message")), "effective degrees of freedom"));
    ck_assert_msg(said, "%g events", number_at(out, "nevent", NULL));
    json_free(out);
    frame_free(&f);
}
END_TEST

/* A time before its zero is refused with a landmark as without one; incomplete rows are counted as such in either. */
START_TEST(a_landmark_forgives_no_negative_time)
{
    Frame f = table_of("t,d,x\n5,1,1\n-3,1,2\n8,0,3\n9,1,0\n12,1,2\n");
    static const char *const options[] = { NULL, "{\"landmark\": 2}", "{\"landmark\": -5}" };
    for (int k = 0; k < 3; k++) {
        char message[ERR_TEXT_MAX];
        json_free(call_method("cox", "Surv(t,d)~x", &f, NULL, options[k], ERR_INPUT, message));
        ck_assert_msg(strstr(message, "t.csv:3: time t is -3, expected 0 or more") != NULL, "%s", message);
    }
    frame_free(&f);
    f = table_of("t,d,x\n5,1,1\n-3,1,\n1,0,3\n9,1,0\n12,1,2\n");
    Json *out = call_method("cox", "Surv(t,d)~x", &f, NULL, "{\"landmark\": 2}", OK, NULL);
    ck_assert(number_at(out, "landmark", "n_excluded") == 1 && number_at(out, "landmark", "n_at_landmark") == 3);
    ck_assert(number_at(out, "n", NULL) == 3 && number_at(out, "n_dropped_missing", NULL) == 1);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Rubin's rules by hand on three imputations of a mean: estimate, within, between, total. */
START_TEST(pooling_by_hand)
{
    Frame f = table_of("imp,y\n1,1\n1,2\n1,6\n2,1\n2,2\n2,3\n3,1\n3,2\n3,9\n");
    Json *out = call_method("linear", "y~1", &f, NULL, "{\"imp\":\"imp\"}", OK, NULL);
    double ubar = (7 / 3. + 1 / 3. + 19 / 3.) / 3, between = 1, total = ubar + 4 / 3. * between;      /* means 3, 2, 4; s2/3 = 7/3, 1/3, 19/3 */
    assert_near(cell_at(out, "pooled", 0, 0), 3, 1e-13);
    assert_near(cell_at(out, "pooled", 0, 1), ubar, 1e-12);
    assert_near(cell_at(out, "pooled", 0, 2), between, 1e-12);
    assert_near(cell_at(out, "pooled", 0, 3), total, 1e-12);
    double lambda = 4 / 3. / total, old = 2 / (lambda * lambda), seen = 3. / 5 * 2 * (1 - lambda);
    assert_near(cell_at(out, "pooled", 0, 5), old * seen / (old + seen), 1e-12);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Each variable of a screen is the model of that variable alone, with and without the shortcut for complete tables. */
START_TEST(screening_is_one_model_each)
{
    Frame f = cohort(11, 0);
    for (int round = 0; round < 2; round++) {
        Json *out = call_method("screen", "Surv(t,d)~x+z", &f, NULL, NULL, OK, NULL), *x = call_method("cox", "Surv(t,d)~x", &f, NULL, NULL, OK, NULL);
        ck_assert(cell_at(out, "table", 0, 0) == (round ? N - 1 : N));
        assert_near(cell_at(out, "table", 0, 1), number_at(x, "coef", "x"), 1e-12);
        assert_near(cell_at(out, "table", 0, 4), number_at(x, "lr_test", "p"), 1e-9);
        assert_near(cell_at(out, "table", 0, 6), number_at(x, "concordance", "c"), 1e-12);
        double p0 = cell_at(out, "table", 0, 4), p1 = cell_at(out, "table", 1, 4);
        assert_near(number_at(out, "p_lr_holm", "x"), fmin(1, 2 * p0), p0 < p1 ? 1e-12 : 1);
        json_free(out);
        json_free(x);
        ((double *)frame_column(&f, "x")->num)[3] = NAN;
    }
    frame_free(&f);
}
END_TEST

/* Weights other than 0 and 1: the error is the robust one, as cox has it for the same weights, for a column and for a factor. */
START_TEST(screening_with_weights_is_robust)
{
    Frame f = cohort(11, 0);
    static char a[] = "a", b[] = "b", c[] = "c", *const levels[] = { a, b, c };
    double *w = NULL;
    char **g = NULL;
    assert_ok(frame_add_numbers(&w, &f, "w", NULL));
    assert_ok(frame_add_texts(&g, &f, "g", NULL));
    for (size_t i = 0; i < f.rows; i++) {
        w[i] = (double)(i % 4 + 1) / 2;
        g[i] = levels[i % 3];
    }
    Json *out = call_method("screen", "Surv(t,d)~x+g", &f, NULL, "{\"weights\":\"w\"}", OK, NULL);
    Json *x = call_method("cox", "Surv(t,d)~x", &f, NULL, "{\"weights\":\"w\"}", OK, NULL);
    Json *factor = call_method("cox", "Surv(t,d)~g", &f, NULL, "{\"weights\":\"w\"}", OK, NULL);
    assert_near(cell_at(out, "table", 0, 7), number_at(x, "robust_se", "x"), 1e-12);
    assert_near(cell_at(out, "table", 0, 2), number_at(x, "se", "x"), 1e-12);
    assert_near(cell_at(out, "table", 0, 3), number_at(x, "wald_test", "p"), 1e-10);
    assert_near(cell_at(out, "table", 1, 3), number_at(factor, "wald_test", "p"), 1e-10);
    const double p0 = cell_at(out, "table", 0, 3), p1 = cell_at(out, "table", 1, 3);
    assert_near(number_at(out, "p_wald_holm", p0 < p1 ? "x" : "g"), fmin(1, 2 * fmin(p0, p1)), 1e-12);
    json_free(out);
    json_free(x);
    json_free(factor);
    frame_free(&f);
}
END_TEST

/* Fractional polynomials find a planted inverse square and leave a line a line. */
START_TEST(powers_are_found)
{
    Rng r = rng_stream(21, 0);
    enum { M = 600 };
    double t[M], d[M], x[M], z[M];
    for (int i = 0; i < M; i++) {
        x[i] = .4 + 3 * rng_uniform(&r);
        z[i] = 1 + rng_uniform(&r);
        t[i] = rng_exponential(&r) * exp(-1.2 / (x[i] * x[i]) - z[i]);
        d[i] = 1;
    }
    Frame f = { 0 };
    assert_ok(frame_init(&f, "powers", M, &e_));
    add_numbers(&f, "t", t, M);
    add_numbers(&f, "d", d, M);
    add_numbers(&f, "x", x, M);
    add_numbers(&f, "z", z, M);
    Json *out = call_method("cox", "Surv(t,d)~fp(x)+fp(z)", &f, NULL, NULL, OK, NULL);
    const Json *px = json_get(json_get(out, "fp"), "x"), *pz = json_get(json_get(out, "fp"), "z");
    ck_assert_msg(json_number(json_at(px, 0)) == -2, "power of x is %g", json_number(json_at(px, 0)));
    ck_assert(json_size(pz) == 1 && json_number(json_at(pz, 0)) == 1);
    json_free(out);
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("regression");
    TCase *c = unit_case(s, "by hand");
    tcase_add_test(c, matched_pairs_by_hand);
    tcase_add_test(c, two_cases_in_a_set);
    tcase_add_test(c, pooling_by_hand);
    c = unit_case(s, "properties");
    tcase_add_test(c, penalties);
    tcase_add_test(c, time_that_does_not_matter);
    tcase_add_test(c, frailty_finds_what_was_planted);
    tcase_add_test(c, frailty_of_ordered_groups);
    tcase_add_test(c, monotone_beside_a_penalty);
    tcase_add_test(c, stiff_spline_is_a_line);
    tcase_add_test(c, few_events_for_a_penalised_term);
    tcase_add_test(c, a_landmark_forgives_no_negative_time);
    tcase_add_test(c, screening_is_one_model_each);
    tcase_add_test(c, screening_with_weights_is_robust);
    tcase_add_test(c, powers_are_found);
    return s;
}

UNIT_MAIN("regression")
