/* tests/unit/test_logistic.c: logistic regression by hand, under separation, and the certificate against exhaustive search. */
#include "tests/unit/stat_fixture.h"

#include "core/rng.h"
#include "stats/dist.h"
#include "stats/existence.h"
#include "stats/logistic_fit.h"
#include "stats/predict.h"

/* Two groups: the coefficient is the log odds ratio, its variance the sum of reciprocal counts (Woolf 1955). */
START_TEST(two_by_two_by_hand)
{
    Frame f = table_of("y,x,w\n1,1,12\n0,1,5\n1,0,7\n0,0,16\n"), rows = table_of("x\n1\n0\n");
    Json *out = call_method("logistic", "y~x", &f, &rows, "{\"weights\":\"w\",\"profile\":true,\"keep_fit\":true}", OK, NULL);
    double b = log(12.0 * 16 / (5 * 7)), se = sqrt(1 / 12. + 1 / 5. + 1 / 7. + 1 / 16.);
    assert_near(number_at(out, "coef", "x"), b, 1e-13);
    assert_near(number_at(out, "coef", "(Intercept)"), log(7 / 16.), 1e-13);
    assert_near(number_at(out, "se", "x"), se, 1e-13);
    double ll = 12 * log(12 / 17.) + 5 * log(5 / 17.) + 7 * log(7 / 23.) + 16 * log(16 / 23.), null = 19 * log(19 / 40.) + 21 * log(21 / 40.);
    assert_near(number_at(out, "lr_test", "chisq"), 2 * (ll - null), 1e-12);
    /* The score test of two groups is Pearson's chi-square: 40 (12*16 - 5*7)^2 / (17*23*19*21). */
    assert_near(number_at(out, "score_test", "chisq"), 40. * 157 * 157 / (17. * 23 * 19 * 21), 1e-12);
    Err e = { 0 };
    Arena a = { 0 };
    Prediction p[2];
    assert_ok_e(predict_probability(p, json_get(out, "fit"), &rows, .95, &a, &e), e);
    assert_near(p[0].estimate, 12 / 17., 1e-13);
    assert_near(p[1].se, 7 / 23. * 16 / 23. * sqrt(1 / 7. + 1 / 16.), 1e-12);
    assert_near(log(p[1].upper / (1 - p[1].upper)), log(7 / 16.) + 1.959963984540054 * sqrt(1 / 7. + 1 / 16.), 1e-12);
    arena_free(&a);
    json_free(out);
    /* Firth on a saturated table adds 1/2 to every cell. */
    out = call_method("logistic", "y~x", &f, NULL, "{\"weights\":\"w\",\"penalty\":\"firth\"}", OK, NULL);
    assert_near(number_at(out, "coef", "x"), log(12.5 * 16.5 / (5.5 * 7.5)), 1e-12);
    json_free(out);
    frame_free(&f);
    frame_free(&rows);
}
END_TEST

/* An empty cell: quasi-separation. The deviance has a bound, and Firth's estimate is Haldane's. */
START_TEST(empty_cell)
{
    Frame f = table_of("y,x,w,z\n1,1,12,0\n1,0,7,1\n0,0,16,0\n1,0,3,0\n0,0,4,1\n");
    Json *out = call_method("logistic", "y~x+z", &f, NULL, "{\"weights\":\"w\",\"profile\":true}", ERR_ESTIMATE, NULL);
    ck_assert(has_code(out, "quasi_separation"));
    ck_assert(json_number(json_get(json_get(json_get(out, "separation"), "direction"), "x")) == 1);
    ck_assert(json_type(json_get(json_get(out, "coef"), "x")) == JSON_NULL);
    /* What stays finite is the fit of the rows with x = 0. */
    assert_near(number_at(out, "coef", "z"), log(7 / 4. * 16 / 3.), 1e-12);
    assert_near(number_at(out, "se", "z"), sqrt(1 / 7. + 1 / 4. + 1 / 3. + 1 / 16.), 1e-11);
    /* x has a lower limit alone: where 12 log p has fallen by 1.92 together with what the rest gives up. */
    double b = cell_at(out, "profile_ci95", 1, 0), best = -INFINITY;
    for (double a = -3; a < 0; a += 1e-5)            /* z free in its own rows: 7 log + 4 log stays at its maximum */
        best = fmax(best, 12 * -log1p(exp(-a - b)) + 3 * -log1p(exp(-a)) + 16 * -log1p(exp(a)));
    assert_near(2 * (3 * log(3 / 19.) + 16 * log(16 / 19.) - best), 3.841458820694124, 1e-7);
    ck_assert(isnan(cell_at(out, "profile_ci95", 1, 1)) && isfinite(cell_at(out, "profile_ci95", 2, 0)));
    assert_near(number_at(out, "deviance", NULL), -2 * (7 * log(7 / 11.) + 4 * log(4 / 11.) + 3 * log(3 / 19.) + 16 * log(16 / 19.)), 1e-12);
    json_free(out);
    out = call_method("logistic", "y~x", &f, NULL, "{\"weights\":\"w\",\"penalty\":\"firth\"}", OK, NULL);
    assert_near(number_at(out, "coef", "x"), log(12.5 / .5 * 20.5 / 10.5), 1e-12);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Outcome turned round: coefficients change sign, the AUC becomes 1 - AUC of the same marker; here both fits see it right. */
START_TEST(swapped_outcome_and_moved_columns)
{
    enum { N = 50 };
    Rng r = rng_stream(3, 0);
    double x[N], y[N], other[N], far[N];
    for (int i = 0; i < N; i++) {
        x[i] = rng_normal(&r);
        far[i] = 4096 * x[i] + 1048576;
        y[i] = rng_uniform(&r) < 1 / (1 + exp(-x[i]));
        other[i] = 1 - y[i];
    }
    Frame f = { 0 };
    assert_ok(frame_init(&f, "sample", N, &e_));
    add_numbers(&f, "x", x, N);
    add_numbers(&f, "far", far, N);
    add_numbers(&f, "y", y, N);
    add_numbers(&f, "o", other, N);
    static const char *const options[] = { "{\"profile\":true}", "{\"penalty\":\"firth\"}" };
    for (int k = 0; k < 2; k++) {
        Json *a = call_method("logistic", "y~x", &f, NULL, options[k], OK, NULL), *b = call_method("logistic", "o~x", &f, NULL, options[k], OK, NULL);
        Json *c = call_method("logistic", "y~far", &f, NULL, options[k], OK, NULL);
        assert_near(number_at(a, "coef", "x"), -number_at(b, "coef", "x"), 1e-11);
        assert_near(number_at(a, "coef", "x"), 4096 * number_at(c, "coef", "far"), 1e-9);
        assert_near(cell_at(a, "profile_ci95", 1, 0), -cell_at(b, "profile_ci95", 1, 1), 1e-9);
        assert_near(cell_at(a, "profile_ci95", 1, 0), 4096 * cell_at(c, "profile_ci95", 1, 0), 1e-9);
        json_free(a);
        json_free(b);
        json_free(c);
    }
    frame_free(&f);
}
END_TEST

/* Intercept and two columns of small whole numbers: an extreme direction touches two rows, so all pairs are tried. */
static void search(const double *x, const double *sign, int n, bool *any, bool *full_rank)
{
    *any = *full_rank = false;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) {
            const double *a = x + 3 * i, *b = x + 3 * j;
            double d[3] = { a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0] };
            if (d[0] == 0 && d[1] == 0 && d[2] == 0) continue;
            for (int way = -1; way <= 1; way += 2) {
                bool holds = true, some = false;
                for (int k = 0; k < n && holds; k++) {
                    double v = way * sign[k] * (d[0] * x[3 * k] + d[1] * x[3 * k + 1] + d[2] * x[3 * k + 2]);
                    holds = v >= 0;
                    some = some || v > 0;
                    if (v != 0) *full_rank = true;
                }
                *any = *any || (holds && some);
            }
        }
}

START_TEST(certificate_agrees_with_exhaustive_search)
{
    int rounds = unit_long() ? 20000 : 1500, separated = 0, quasi = 0;
    for (int round = 0; round < rounds; round++) {
        Rng r = rng_stream(41, (uint64_t)round);
        int n = 5 + (int)rng_below(&r, 36);
        double x[3 * 40], sign[40];
        for (int i = 0; i < n; i++) {
            x[3 * i] = 1;
            x[3 * i + 1] = (double)rng_below(&r, 4);
            x[3 * i + 2] = (double)rng_below(&r, 5) - 2;
            double eta = (x[3 * i + 1] - 1.5) * (double)rng_below(&r, 4) + x[3 * i + 2];
            sign[i] = eta + rng_normal(&r) * (round % 3) > 0 ? 1 : -1;
        }
        bool any, rank;
        search(x, sign, n, &any, &rank);
        if (!rank) continue;
        Arena a = { 0 };
        Err e = { 0 };
        Existence ex = { 0 };
        assert_ok_e(existence_binary(&ex, x, sign, (size_t)n, 3, &a, &e), e);
        ck_assert_msg(ex.separated == any, "round %d, n %d: certificate %d, search %d", round, n, ex.separated, any);
        if (ex.separated) {
            /* The direction is one: no row is on the wrong side, and `complete` means all strictly on theirs. */
            bool strict = true;
            for (int i = 0; i < n; i++) {
                double v = sign[i] * (ex.direction[0] * x[3 * i] + ex.direction[1] * x[3 * i + 1] + ex.direction[2] * x[3 * i + 2]);
                ck_assert(v > -1e-9);
                strict = strict && v > 1e-7;
            }
            ck_assert_int_eq(strict, ex.complete);
            separated++;
            quasi += !ex.complete;
        }
        arena_free(&a);
    }
    ck_assert(separated > rounds / 20 && separated < rounds && quasi > rounds / 100);
}
END_TEST

/* Cox, two columns of small whole numbers: an extreme direction is square to one difference between a failure and a row at risk. */
START_TEST(cox_certificate_agrees_with_exhaustive_search)
{
    int rounds = unit_long() ? 20000 : 1500, separated = 0, checked = 0;
    for (int round = 0; round < rounds; round++) {
        Rng r = rng_stream(43, (uint64_t)round);
        int n = 5 + (int)rng_below(&r, 20), order[40];
        double x[2 * 40], t[40], d[40];
        for (int i = 0; i < n; i++) {
            x[i] = (double)rng_below(&r, 3);
            x[n + i] = (double)rng_below(&r, 3);
            t[i] = 1 + floor(6 * rng_exponential(&r) * exp(-(round % 3) * x[i]));
            d[i] = rng_uniform(&r) < .4;
            order[i] = i;
        }
        for (int i = 0; i < n; i++)                 /* sorted by time, then event */
            for (int j = i + 1; j < n; j++)
                if (t[order[j]] < t[order[i]] || (t[order[j]] == t[order[i]] && d[order[j]] < d[order[i]])) { int s = order[i]; order[i] = order[j]; order[j] = s; }
        bool any = false, rank = false;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                if (!d[i] || t[j] < t[i]) continue;
                double u = x[i] - x[j], v = x[n + i] - x[n + j];
                for (int way = -1; way <= 1 && (u != 0 || v != 0); way += 2) {
                    bool holds = true, some = false;
                    for (int k = 0; k < n && holds; k++)
                        for (int l = 0; l < n && holds; l++) {
                            if (!d[k] || t[l] < t[k]) continue;
                            double s = way * (-v * (x[k] - x[l]) + u * (x[n + k] - x[n + l]));
                            holds = s >= 0;
                            some = some || s > 0;
                            if (s != 0) rank = true;
                        }
                    any = any || (holds && some);
                }
            }
        if (!rank) continue;
        checked++;
        size_t sorted[40];
        for (int i = 0; i < n; i++) sorted[i] = (size_t)order[i];
        Arena a = { 0 };
        Err e = { 0 };
        CoxData data = { 0 };
        Existence ex = { 0 };
        CoxInput in = { .n = (size_t)n, .p = 2, .x = x, .time = t, .event = d, .order = sorted, .ties = round % 2 ? TIES_EFRON : TIES_BRESLOW,
                        .plain_columns = true };
        assert_ok_e(cox_data_init(&data, &in, &a, &e), e);
        assert_ok_e(existence_cox(&ex, &data, &a, &e), e);
        ck_assert_msg(ex.separated == any, "round %d, n %d: certificate %d, search %d", round, n, ex.separated, any);
        separated += ex.separated;
        /* The Newton certificate never vouches for what does not exist. */
        CoxMaximum m = { 0 };
        assert_ok_e(cox_maximise(&m, &data, NULL, NULL, &a, &e), e);
        ck_assert(!(m.certified && any));
        arena_free(&a);
    }
    ck_assert(checked > rounds / 2 && separated > rounds / 20 && separated < checked);
}
END_TEST

/* A separating column far from 0: its direction is the column's, however large the intercept has to be. */
START_TEST(separation_far_from_zero)
{
    Frame f = table_of("y,x\n0,1000000000000\n0,1000000000001\n0,1000000000002\n1,1000000000003\n1,1000000000004\n1,1000000000006\n");
    char message[ERR_TEXT_MAX];
    Json *out = call_method("logistic", "y~x", &f, NULL, NULL, ERR_ESTIMATE, message);
    ck_assert(has_code(out, "complete_separation"));
    const Json *direction = json_get(json_get(out, "separation"), "direction");
    ck_assert(json_number(json_get(direction, "x")) == 1 && json_number(json_get(direction, "(Intercept)")) == -1);
    ck_assert_msg(strstr(message, "x (+) parts the two classes") != NULL, "%s", message);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Without an intercept the null model says one half to every row, or what the offset says; x = -1, 1 is a proportion by hand. */
START_TEST(null_model_without_a_column)
{
    Frame f = table_of("y,x,o\n1,1,1\n1,1,1\n1,-1,1\n0,1,1\n0,-1,1\n1,1,1\n");
    Json *out = call_method("logistic", "y~x-1", &f, NULL, NULL, OK, NULL);
    assert_near(number_at(out, "null_deviance", NULL), 12 * log(2), 1e-12);
    assert_near(number_at(out, "coef", "x"), log(2), 1e-10);                       /* four of the six rows have y as the sign of x says */
    assert_near(number_at(out, "deviance", NULL), -2 * (4 * log(2.0 / 3) + 2 * log(1.0 / 3)), 1e-12);
    json_free(out);
    out = call_method("logistic", "y~x-1+offset(o)", &f, NULL, NULL, OK, NULL);
    assert_near(number_at(out, "null_deviance", NULL), -2 * (4 * log(1 / (1 + exp(-1))) + 2 * log(1 / (1 + exp(1)))), 1e-12);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Weighted rows nearly separated by x2 within x1: from the estimate the first step outwards leads to where no maximum is. The limits are those of a
 * search over all three coefficients. */
START_TEST(firth_limit_after_a_step_too_far)
{
    Frame f = table_of("x1,x2,y,w\n1,1.75271,1,2\n0,0.345405,1,1\n0,-0.134073,1,.5\n0,-0.35522,1,1\n0,-0.0388061,0,1\n0,-0.180829,0,3\n0,0.0546782,0,3\n"
                       "1,1.82583,1,1\n1,2.13223,1,2\n0,0.276562,1,3\n0,0.414379,1,1\n0,-0.0624854,1,1\n");
    Json *out = call_method("logistic", "y~x1+x2", &f, NULL, "{\"weights\":\"w\",\"penalty\":\"firth\"}", OK, NULL);
    assert_near(cell_at(out, "profile_ci95", 2, 0), -.7141222, 1e-6);
    assert_near(cell_at(out, "profile_ci95", 2, 1), 9.816738, 1e-6);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Nearly saturated rows: the penalised likelihood under a constraint has several maxima, some far out. At a limit no start may give more of it
 * than the drop allows. The seeds are those of a random search at which the way from the estimate stops too early. */
START_TEST(firth_limits_hold_from_every_start)
{
    enum { SEEDS = 3, P_MAX = 7, N_MAX = 25, STARTS = 40 };
    static const uint64_t seed[SEEDS] = { 1, 9, 58 };
    for (int q = 0; q < SEEDS; q++) {
        Arena a = { 0 };
        Rng r = rng_stream(77, seed[q]);
        const int n = 15 + (int)rng_below(&r, 11), p = 5 + (int)rng_below(&r, 3);
        double x[P_MAX * N_MAX], y[N_MAX], beta[P_MAX], t[P_MAX], g[P_MAX], limit, edge;
        for (int j = 0; j < p; j++) beta[j] = rng_normal(&r) * 3;
        for (int i = 0; i < n; i++) {
            double eta = beta[0];
            x[i] = 1;
            for (int j = 1; j < p; j++) {
                x[j * n + i] = j % 2 ? rng_normal(&r) : (double)rng_below(&r, 2);
                eta += beta[j] * x[j * n + i];
            }
            y[i] = rng_uniform(&r) < 1 / (1 + exp(-eta));
        }
        LogisticData d;
        LogisticMaximum m;
        assert_ok(logistic_data_init(&d, &(LogisticInput){ .n = (size_t)n, .p = p, .x = x, .has_intercept = true, .y = y }, &a, NULL));
        d.firth = true;
        assert_ok(logistic_maximise(&m, &d, NULL, &a, NULL));
        ck_assert(m.converged);
        Likelihood l = { p, &d, logistic_evaluate, false, logistic_evaluate_plain };
        const double drop = chisq_quantile(.95, 1);
        for (int j = 0; j < p; j++)
            for (int side = -1; side <= 1; side += 2) {
                double most = -INFINITY;
                for (int k = 0; k < p; k++) t[k] = d.T[k * p + j];
                assert_ok(likelihood_limit(&limit, &edge, &l, m.g, t, m.beta[j], sqrt(m.vcov[j * p + j]), m.value, drop, side, NULL));
                ck_assert(isfinite(limit));
                for (int s = 0; s < STARTS; s++) {
                    LikelihoodPoint at;
                    for (int k = 0; k < p; k++) g[k] = (s % 2 ? m.g[k] : 0) + (s ? rng_normal(&r) * (s % 5 == 0 ? 20 : s % 5 == 1 ? 8 : 3) : 0);
                    assert_ok(likelihood_maximise_to(&at, &l, g, t, limit, 1e-7, NULL));
                    most = fmax(most, at.value);
                }
                ck_assert_msg(fabs(2 * (m.value - most) - drop) < 1e-6, "seed %d, coefficient %d, side %d: fall %.9g at %.9g", (int)seed[q], j, side,
                              2 * (m.value - most), limit);
            }
        arena_free(&a);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("logistic");
    TCase *c = unit_case(s, "by hand");
    tcase_add_test(c, two_by_two_by_hand);
    tcase_add_test(c, empty_cell);
    tcase_add_test(c, null_model_without_a_column);
    tcase_add_test(c, separation_far_from_zero);
    tcase_add_test(c, swapped_outcome_and_moved_columns);
    c = unit_case(s, "existence");
    tcase_add_test(c, certificate_agrees_with_exhaustive_search);
    tcase_add_test(c, cox_certificate_agrees_with_exhaustive_search);
    tcase_add_test(c, firth_limit_after_a_step_too_far);
    tcase_add_test(c, firth_limits_hold_from_every_start);
    return s;
}

UNIT_MAIN("logistic")
