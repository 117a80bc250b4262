/* tests/unit/test_cox.c: Cox regression by hand and by what may not change. */
#include "tests/unit/stat_fixture.h"

#include "core/rng.h"
#include "stats/predict.h"

/* Six subjects worked in closed form (Therneau and Grambsch 2000, appendix E.1): with r = exp(b),
 * Breslow: 2b - log(3r+3) - 2 log(r+3); Efron: 2b - log(3r+3) - log(r+3) - log((r+5)/2). */
static const char SIX[] = "t,d,x\n9,1,0\n1,1,1\n1,0,1\n6,1,1\n6,1,0\n8,0,0\n";

START_TEST(six_subjects_breslow)
{
    Frame f = table_of(SIX), zero = table_of("x\n0\n1\n");
    Json *out = call_method("cox", "Surv(t,d)~x", &f, &zero, "{\"ties\":\"breslow\",\"baseline\":true,\"residuals\":true,\"times\":[1,6,9]}", OK, NULL);
    double r = (3 + sqrt(33)) / 2, b = log(r), info = r / ((r + 1) * (r + 1)) + 6 * r / ((r + 3) * (r + 3));
    assert_near(number_at(out, "coef", "x"), b, 1e-13);
    assert_near(number_at(out, "se", "x"), 1 / sqrt(info), 1e-13);
    assert_near(number_at(out, "loglik", NULL), 2 * b - log(3 * r + 3) - 2 * log(r + 3), 1e-13);
    assert_near(number_at(out, "loglik_null", NULL), -log(6) - 2 * log(4), 1e-13);
    /* At 0: U = 2 - 3/6 - 2/4 = 1, I = 1/4 + 6/16. */
    assert_near(number_at(out, "score_test", "chisq"), 1 / .625, 1e-13);
    assert_near(json_number(json_at(json_get(json_get(out, "cumhaz_x0"), "hazard"), 1)), 1 / (3 * r + 3) + 2 / (r + 3), 1e-13);
    assert_near(cell_at(json_get(out, "pred_surv_log"), "surv", 2, 0), exp(-(1 / (3 * r + 3) + 2 / (r + 3) + 1)), 1e-13);
    /* Martingale residual of the first to fail: 1 - r/(3r+3). Its Schoenfeld residual: 1 - r/(r+1). */
    assert_near(json_number(json_at(json_get(out, "resid_martingale"), 1)), 1 - r / (3 * r + 3), 1e-12);
    assert_near(cell_at(out, "resid_schoenfeld", 0, 0), 1 - r / (r + 1), 1e-12);
    double sum = 0;
    for (const Json *m = json_first(json_get(out, "resid_martingale")); m; m = json_next(m)) sum += json_number(m);
    assert_near_abs(sum, 0, 0, 1e-13);
    json_free(out);
    frame_free(&f);
    frame_free(&zero);
}
END_TEST

START_TEST(six_subjects_efron)
{
    Frame f = table_of(SIX);
    Json *out = call_method("cox", "Surv(t,d)~x", &f, NULL, "{\"residuals\":true,\"baseline\":true}", OK, NULL);
    double b = number_at(out, "coef", "x"), r = exp(b);
    assert_near_abs(2 - r / (r + 1) - r / (r + 3) - r / (r + 5), 0, 0, 1e-13);
    double info = r / ((r + 1) * (r + 1)) + 3 * r / ((r + 3) * (r + 3)) + 5 * r / ((r + 5) * (r + 5));
    assert_near(cell_at(out, "vcov", 0, 0), 1 / info, 1e-12);
    assert_near(number_at(out, "loglik", NULL), 2 * b - log(3 * r + 3) - log(r + 3) - log((r + 5) / 2), 1e-13);
    /* Hazard at the tied time: 1/(r+3) + 2/(r+5); a tied death carries 1/(r+3) + 1/(r+5) of it. */
    assert_near(json_number(json_at(json_get(json_get(out, "cumhaz_x0"), "hazard"), 1)), 1 / (3 * r + 3) + 1 / (r + 3) + 2 / (r + 5), 1e-12);
    assert_near(json_number(json_at(json_get(out, "resid_martingale"), 4)), 1 - 1 / (3 * r + 3) - 1 / (r + 3) - 1 / (r + 5), 1e-12);
    json_free(out);
    /* Exact: both tied times give r/(3r+3): the likelihood rises for ever. */
    out = call_method("cox", "Surv(t,d)~x", &f, NULL, "{\"ties\":\"exact\"}", ERR_ESTIMATE, NULL);
    ck_assert(has_code(out, "monotone_likelihood"));
    assert_near(number_at(out, "loglik", NULL), -2 * log(3), 1e-12);
    json_free(out);
    frame_free(&f);
}
END_TEST

enum { N = 60 };
typedef struct { double t[N], d[N], x[N], z[N], w[N], s[N]; } Sample;

static void draw(Sample *q, uint64_t seed)
{
    Rng r = rng_stream(seed, 0);
    for (int i = 0; i < N; i++) {
        q->x[i] = rng_normal(&r);
        q->z[i] = rng_below(&r, 3);
        q->t[i] = 1 + floor(20 * rng_exponential(&r) * exp(-.5 * q->x[i]));
        q->d[i] = rng_uniform(&r) < .6;
        q->w[i] = 1 + rng_below(&r, 2);
        q->s[i] = rng_below(&r, 2);
    }
}

static Frame frame_of(const Sample *q, const int *order, size_t n)
{
    Frame f = { 0 };
    double c[2 * N];
    static const char *const names[] = { "t", "d", "x", "z", "w", "s" };
    const double *const columns[] = { q->t, q->d, q->x, q->z, q->w, q->s };
    assert_ok(frame_init(&f, "sample", n, &e_));
    for (int k = 0; k < 6; k++) {
        for (size_t i = 0; i < n; i++) c[i] = columns[k][order[i]];
        add_numbers(&f, names[k], c, n);
    }
    return f;
}

/* The same bits however the rows are shuffled, for every key. */
START_TEST(shuffled_rows_same_bits)
{
    Sample q;
    draw(&q, 7);
    int order[N];
    Rng r = rng_stream(8, 0);
    Str first = { 0 };
    for (int i = 0; i < N; i++) order[i] = i;
    for (int round = 0; round < 4; round++) {
        Frame f = frame_of(&q, order, N);
        Err e = { 0 };
        Str text = { 0 };
        Json *out = call_method("cox", "Surv(t,d)~x+z+strata(s)", &f, NULL, "{\"weights\":\"w\",\"baseline\":true,\"profile\":true}", OK, NULL);
        json_remove(out, "diagnosis");               /* names lines */
        assert_ok_e(json_print(&text, out, false, &e), e);
        if (round == 0) { first = text; text = (Str){ 0 }; }
        else ck_assert_str_eq(str_text(&text), str_text(&first));
        str_free(&text);
        json_free(out);
        frame_free(&f);
        for (int i = N - 1; i > 0; i--) { int k = (int)rng_below(&r, (uint32_t)i + 1), swap = order[i]; order[i] = order[k]; order[k] = swap; }
    }
    str_free(&first);
}
END_TEST

START_TEST(weight_two_is_the_row_twice)
{
    Sample q;
    draw(&q, 9);
    int once[N], twice[2 * N];
    size_t m = 0;
    for (int i = 0; i < N; i++) { once[i] = i; for (int k = 0; k < (int)q.w[i]; k++) twice[m++] = i; }
    Frame a = frame_of(&q, once, N), b = frame_of(&q, twice, m);
    Json *wa = call_method("cox", "Surv(t,d)~x+z", &a, NULL, "{\"ties\":\"breslow\",\"weights\":\"w\"}", OK, NULL);
    Json *wb = call_method("cox", "Surv(t,d)~x+z", &b, NULL, "{\"ties\":\"breslow\"}", OK, NULL);
    for (int j = 0; j < 2; j++) {
        const char *term = j ? "z" : "x";
        assert_near(number_at(wa, "coef", term), number_at(wb, "coef", term), 1e-12);
        assert_near(number_at(wa, "se", term), number_at(wb, "se", term), 1e-12);
    }
    assert_near(number_at(wa, "loglik", NULL), number_at(wb, "loglik", NULL), 1e-12);
    assert_near(number_at(wa, "concordance", "c"), number_at(wb, "concordance", "c"), 1e-12);
    json_free(wa);
    json_free(wb);
    frame_free(&a);
    frame_free(&b);
}
END_TEST

/* Cutting a follow-up in two, (0, 5] and (5, t], changes nothing; neither does a stratum in which nobody fails. */
START_TEST(cut_intervals_and_idle_strata)
{
    Sample q;
    draw(&q, 11);
    Frame f = { 0 }, g = { 0 };
    double a[2 * N], b[2 * N], d[2 * N], x[2 * N], s[2 * N];
    size_t m = 0;
    int order[N];
    for (int i = 0; i < N; i++) {
        order[i] = i;
        if (q.t[i] > 5) { a[m] = 0; b[m] = 5; d[m] = 0; x[m] = q.x[i]; s[m++] = 0; }
        a[m] = q.t[i] > 5 ? 5 : 0; b[m] = q.t[i]; d[m] = q.d[i]; x[m] = q.x[i]; s[m++] = 0;
    }
    a[m] = 0; b[m] = 100; d[m] = 0; x[m] = 50; s[m++] = 1;
    f = frame_of(&q, order, N);
    assert_ok(frame_init(&g, "cut", m, &e_));
    add_numbers(&g, "a", a, m);
    add_numbers(&g, "b", b, m);
    add_numbers(&g, "d", d, m);
    add_numbers(&g, "x", x, m);
    add_numbers(&g, "s", s, m);
    Json *whole = call_method("cox", "Surv(t,d)~x", &f, NULL, NULL, OK, NULL), *cut = call_method("cox", "Surv(a,b,d)~x+strata(s)", &g, NULL, NULL, OK, NULL);
    assert_near(number_at(cut, "coef", "x"), number_at(whole, "coef", "x"), 1e-11);
    assert_near(number_at(cut, "se", "x"), number_at(whole, "se", "x"), 1e-11);
    assert_near(number_at(cut, "loglik", NULL), number_at(whole, "loglik", NULL), 1e-12);
    assert_near(number_at(cut, "concordance", "c"), number_at(whole, "concordance", "c"), 1e-12);
    ck_assert(has_code(cut, "empty_stratum"));
    json_free(whole);
    json_free(cut);
    frame_free(&f);
    frame_free(&g);
}
END_TEST

/* A level without events: supremum and what stays finite are those of the rest, and one pass over nested risk sets says what counting
 * every risk set (start times) says. */
START_TEST(level_without_events)
{
    Sample q;
    draw(&q, 31);
    int order[N];
    double zero[N] = { 0 };
    for (int i = 0; i < N; i++) { order[i] = i; q.t[i] = 1 + floor(q.t[i] / 4); if (q.z[i] == 1) q.d[i] = 0; }
    Frame f = frame_of(&q, order, N);
    add_numbers(&f, "a", zero, N);
    static const char *const options[] = { "{\"profile\":true}", "{\"ties\":\"breslow\",\"profile\":true}", "{\"ties\":\"exact\",\"profile\":true}" };
    for (int k = 0; k < 3; k++) {
        Json *one = call_method("cox", "Surv(t,d)~factor(z)+x", &f, NULL, options[k], ERR_ESTIMATE, NULL);
        Json *all = call_method("cox", "Surv(a,t,d)~factor(z)+x", &f, NULL, options[k], ERR_ESTIMATE, NULL);
        assert_near(number_at(one, "loglik", NULL), number_at(all, "loglik", NULL), 1e-12);
        assert_near(number_at(one, "coef", "x"), number_at(all, "coef", "x"), 1e-9);
        ck_assert(isnan(number_at(one, "coef", "factor(z)1")));
        Str o = { 0 };
        str_append(&o, options[k]);
        o.s[--o.len] = 0;
        str_append(&o, ",\"subset\":\"z!=1\"}");
        Json *rest = call_method("cox", "Surv(t,d)~factor(z)+x", &f, NULL, str_text(&o), OK, NULL);
        assert_near(number_at(one, "loglik", NULL), number_at(rest, "loglik", NULL), 1e-11);
        assert_near(number_at(one, "coef", "factor(z)2"), number_at(rest, "coef", "factor(z)2"), 1e-9);
        assert_near(number_at(one, "se", "x"), number_at(rest, "se", "x"), 1e-9);
        for (size_t side = 0; side < 2; side++) assert_near(cell_at(one, "profile_ci95", 2, side), cell_at(rest, "profile_ci95", 1, side), 1e-8);
        ck_assert(isnan(cell_at(one, "profile_ci95", 0, 0)) && isfinite(cell_at(one, "profile_ci95", 0, 1)));
        str_free(&o);
        json_free(one);
        json_free(all);
        json_free(rest);
    }
    frame_free(&f);
}
END_TEST

/* x + c and k x: coefficients divide, tests, limits and log-likelihoods stay. */
START_TEST(shift_and_scale)
{
    Sample q;
    draw(&q, 13);
    int order[N];
    for (int i = 0; i < N; i++) order[i] = i;
    Frame f = frame_of(&q, order, N);
    double y[N];
    for (int i = 0; i < N; i++) y[i] = 1024 * q.x[i] + 65536;
    add_numbers(&f, "y", y, N);
    static const char *const options[] = { "{\"profile\":true}", "{\"penalty\":\"firth\"}", "{\"ties\":\"exact\"}" };
    for (int k = 0; k < 3; k++) {
        Json *a = call_method("cox", "Surv(t,d)~x+z", &f, NULL, options[k], OK, NULL), *b = call_method("cox", "Surv(t,d)~y+z", &f, NULL, options[k], OK, NULL);
        assert_near(number_at(b, "coef", "y"), number_at(a, "coef", "x") / 1024, 1e-10);
        assert_near(number_at(b, "coef", "z"), number_at(a, "coef", "z"), 1e-10);
        assert_near(number_at(b, "se", "y"), number_at(a, "se", "x") / 1024, 1e-10);
        if (k < 2) assert_near(cell_at(b, "profile_ci95", 0, 1), cell_at(a, "profile_ci95", 0, 1) / 1024, 1e-9);
        if (k != 1) assert_near(number_at(b, "lr_test", "chisq"), number_at(a, "lr_test", "chisq"), 1e-9);
        json_free(a);
        json_free(b);
    }
    frame_free(&f);
}
END_TEST

/* Firth with one binary covariate and no ties: the penalised score at the estimate by slow differences. */
static double penalised(const Sample *q, double b)
{
    double value = 0, info = 0;
    for (int i = 0; i < N; i++) {
        if (!q->d[i]) continue;
        double s0 = 0, s1 = 0, s2 = 0;
        for (int j = 0; j < N; j++)
            if (q->t[j] >= q->t[i]) { double r = exp(b * q->x[j]); s0 += r; s1 += r * q->x[j]; s2 += r * q->x[j] * q->x[j]; }
        value += b * q->x[i] - log(s0);
        info += s2 / s0 - s1 * s1 / s0 / s0;
    }
    return value + .5 * log(info);
}

START_TEST(firth_is_the_maximum_of_its_likelihood)
{
    Sample q;
    draw(&q, 15);
    int order[N];
    for (int i = 0; i < N; i++) order[i] = i;
    Frame f = frame_of(&q, order, N);
    Json *out = call_method("cox", "Surv(t,d)~x", &f, NULL, "{\"penalty\":\"firth\",\"ties\":\"breslow\"}", OK, NULL);
    double b = number_at(out, "coef", "x"), top = penalised(&q, b), lower = cell_at(out, "profile_ci95", 0, 0);
    assert_near(number_at(out, "pen_loglik", NULL), top, 1e-12);
    ck_assert(penalised(&q, b + 1e-4) < top && penalised(&q, b - 1e-4) < top);
    assert_near(2 * (top - penalised(&q, lower)), 3.841458820694124, 1e-9);
    assert_near(2 * (top - penalised(&q, 0)), number_at(out, "pen_lr_global", "chisq"), 1e-9);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Late entries: a row that comes when much hazard has gone by meets little of it, and a difference of sums from the start has no digits for that. The
 * profile was lost where the risks part, and limits were ends of what could be worked out (6.705 and 9.961; other ones of columns times 1.7). At
 * these the profile has fallen by 3.84146 in quadruple precision, from the sums' definition and from many starts. */
START_TEST(firth_limits_with_late_entries)
{
    Frame f = table_of("s,t,d,a,b,c\n0,0.1,0,2.184,-0.451,-0.128\n0,1486.1,0,-0.667,0.364,-1.248\n0,0.1,1,0.959,-1.136,0.81\n8.2,8.3,0,1.695,-0.666,0.957\n"
                       "0,0.1,0,0.335,-2.32,0.048\n4.2,4.4,1,1.393,-0.677,-0.189\n0,34,1,-2.297,-1.436,0.077\n0,0.1,1,1.805,-0.503,0.32\n"
                       "2.6,2.7,1,-0.308,-0.01,2.496\n0,111.8,0,-0.364,-0.283,-1.074\n");
    static const char *const formula[] = { "Surv(s,t,d)~a+b+c", "Surv(s,t,d)~I(1.7*a)+I(1.7*b)+I(1.7*c)" };
    static const double limit[3][2] = { { -0.7197999190, 2.31308954 }, { -2.550721984, 7.4272170 }, { 0.03666316041, 9.9706382 } };
    for (int k = 0; k < 2; k++) {
        Json *out = call_method("cox", formula[k], &f, NULL, "{\"penalty\":\"firth\",\"ties\":\"breslow\"}", OK, NULL);
        for (size_t j = 0; j < 3; j++)
            for (size_t side = 0; side < 2; side++) assert_near((k ? 1.7 : 1) * cell_at(out, "profile_ci95", j, side), limit[j][side], 1e-6);
        json_free(out);
    }
    frame_free(&f);
}
END_TEST

/* Where the profile is lost before it has fallen, that place is no limit: null, and said by name. (In quadruple precision the limit is 52.88; at 42.06,
 * which was printed, the profile has fallen by 2.70.) */
START_TEST(a_lost_profile_has_no_limit)
{
    Frame f = table_of("s,t,d,a,b,c,e,f,g\n0,6.322,0,0.987,1,1.462,-0.939,0.099,-0.583\n5.134,5.211,1,-0.188,0,-0.602,0.94,0.176,-0.056\n"
                       "1.222,20.629,1,-0.478,0,0.809,0.15,-0.703,-0.527\n6.849,7.054,0,-1.065,1,-0.786,0.555,-0.379,0.677\n"
                       "0,1.457,1,0.148,0,-0.593,-1.006,0.025,1.043\n0.521,35.829,1,0.951,0,1.03,-0.336,1.697,0.734\n"
                       "0,3.096,1,0.868,1,1.25,-0.018,1.618,-0.643\n0,119.263,0,-1.071,1,1.898,-0.127,-0.462,1.317\n"
                       "0.097,65.31,0,-1.808,0,-0.04,1.109,-0.133,-1.686\n7.991,9.324,1,-0.087,0,0.101,-0.686,-0.012,1.194\n"
                       "0,0.783,0,0.723,1,0.661,-0.799,-0.233,0.024\n0,12.748,1,-0.861,0,-0.157,-0.819,-0.269,-0.111\n"
                       "0.057,0.114,1,1.677,1,-1.376,-0.252,-0.037,1.51\n14.169,15.292,0,0.509,0,-0.795,-1.223,-1.032,-1.49\n"
                       "5.671,6.906,0,0.992,1,0.607,-1.015,-0.099,-0.157\n0,119.803,1,0.515,0,0.858,-0.572,0.853,-0.298\n");
    Json *out = call_method("cox", "Surv(s,t,d)~a+b+c+e+f+g", &f, NULL, "{\"penalty\":\"firth\"}", OK, NULL);
    const double upper = cell_at(out, "profile_ci95", 0, 1);
    bool said = false;
    for (size_t k = 0; k < json_size(json_get(out, "diagnosis")); k++)
        said = said || strstr(json_text(json_get(json_at(json_get(out, "diagnosis"), k), "message")), "the profile of a was lost");
    ck_assert(isnan(upper) ? said : fabs(upper - 52.88) < .01);
    ck_assert(isfinite(cell_at(out, "profile_ci95", 0, 0)));
    json_free(out);
    frame_free(&f);
}
END_TEST

/* ---- prediction from the fit as Json */

static Json *fit_of(const Frame *f, const char *formula, const char *options)
{
    Json *out = call_method("cox", formula, f, NULL, options, OK, NULL), *copy = NULL, *fit = json_copy(json_get(out, "fit"));
    Err e = { 0 };
    Str text = { 0 };
    FitKind kind;
    assert_ok_e(json_print(&text, fit, false, &e), e);
    assert_ok_e(json_parse(&copy, str_text(&text), text.len, "fit", &e), e);
    assert_ok_e(fit_check(&kind, copy, "fit", &e), e);
    ck_assert(kind == FIT_COX);
    str_free(&text);
    json_free(fit);
    json_free(out);
    return copy;
}

START_TEST(risk_agrees_with_the_curve)
{
    Sample q;
    draw(&q, 17);
    int order[N];
    for (int i = 0; i < N; i++) order[i] = i;
    Frame f = frame_of(&q, order, N), rows = table_of("x,z,s\n0.3,1,0\n-1,2,1\n9,0,0\n,1,0\n0,0,7\n");
    Arena a = { 0 };
    Err e = { 0 };
    Prediction p[5];
    Json *fit = fit_of(&f, "Surv(t,d)~x+factor(z)+strata(s)", "{\"keep_fit\":true}");
    Frame good = table_of("x,z,s\n0.3,1,0\n-1,2,1\n");
    Json *out = call_method("cox", "Surv(t,d)~x+factor(z)+strata(s)", &f, &good, "{\"times\":[12]}", OK, NULL);
    assert_ok_e(predict_risk(p, fit, NULL, 0, &rows, &(PredictWish){ .horizon = 12, .conf = .95 }, &a, &e), e);
    for (int i = 0; i < 2; i++) {
        const Json *curve = json_get(out, "pred_surv_loglog");
        assert_near(1 - p[i].estimate, cell_at(curve, "surv", 0, (size_t)i), 1e-12);
        assert_near(p[i].se, cell_at(curve, "se", 0, (size_t)i), 1e-10);
        assert_near(1 - p[i].lower, cell_at(curve, "upper", 0, (size_t)i), 1e-10);
        assert_near(1 - p[i].upper, cell_at(curve, "lower", 0, (size_t)i), 1e-10);
        ck_assert(!p[i].out_of_range);
    }
    ck_assert(p[2].out_of_range && strstr(p[2].out_of_range_text, "x 9 is above"));
    ck_assert(p[3].status == PREDICT_MISSING && strstr(p[3].reason, "x"));
    ck_assert(p[4].status == PREDICT_UNKNOWN_LEVEL && isnan(p[4].estimate));
    assert_ok_e(predict_risk(p, fit, NULL, 0, &rows, &(PredictWish){ .horizon = 1e6, .conf = .95 }, &a, &e), e);
    ck_assert(p[0].status == PREDICT_BEYOND);
    json_free(out);
    json_free(fit);
    frame_free(&f);
    frame_free(&rows);
    frame_free(&good);
    arena_free(&a);
}
END_TEST

static double risk_now(const Json *own, const Json *other, const Frame *row, double t)
{
    Arena a = { 0 };
    Err e = { 0 };
    Prediction p;
    assert_ok_e(predict_risk(&p, own, &other, 1, row, &(PredictWish){ .horizon = t, .conf = .95 }, &a, &e), e);
    arena_free(&a);
    return p.estimate;
}

/* Two causes: the incidences and the survival add up to 1, and the variance is that of slow differences by coefficients and jumps. */
START_TEST(incidence_of_two_causes)
{
    Sample q;
    draw(&q, 19);
    int order[N];
    Rng r = rng_stream(20, 0);
    double cause[N];
    for (int i = 0; i < N; i++) { order[i] = i; cause[i] = q.d[i] ? 1 + rng_below(&r, 2) : 0; }
    Frame f = frame_of(&q, order, N), row = table_of("x\n0.7\n");
    add_numbers(&f, "k", cause, N);
    Json *one = fit_of(&f, "Surv(t,k==1)~x", "{\"keep_fit\":true}"), *two = fit_of(&f, "Surv(t,k==2)~x", "{\"keep_fit\":true}");
    const Json *list[] = { two };
    Arena a = { 0 };
    Err e = { 0 };
    Prediction p, s1, s2;
    double t = 15;
    assert_ok_e(predict_risk(&p, one, list, 1, &row, &(PredictWish){ .horizon = t, .conf = .95 }, &a, &e), e);
    assert_ok_e(predict_risk(&s1, one, NULL, 0, &row, &(PredictWish){ .horizon = t, .conf = .95 }, &a, &e), e);
    assert_ok_e(predict_risk(&s2, two, NULL, 0, &row, &(PredictWish){ .horizon = t, .conf = .95 }, &a, &e), e);
    assert_near(p.estimate + risk_now(two, one, &row, t) + (1 - s1.estimate) * (1 - s2.estimate), 1, 1e-12);
    ck_assert(p.estimate < s1.estimate && p.lower < p.estimate && p.estimate < p.upper && p.upper < 1);
    double variance = 0, h = 1e-5;
    for (int which = 0; which < 2; which++) {
        const Json *fit = which ? two : one, *base = json_at(json_get(fit, "baseline"), 0);
        size_t jumps = json_size(json_get(base, "hazard"));
        for (size_t k = 0; k <= jumps; k++) {        /* every jump, then the coefficient (which moves the jumps as well) */
            double value[2];
            for (int side = 0; side < 2; side++) {
                Json *moved = json_copy(fit);
                Json *hazard = (Json *)json_get(json_at(json_get(moved, "baseline"), 0), "hazard");
                Json *list_new = json_array();
                double step = side ? h : -h;
                for (size_t i = 0; i < jumps; i++) {
                    double v = json_number(json_at(hazard, i));
                    if (i == k) v += step * .01;
                    if (k == jumps) v *= exp(-step * json_number(json_at(json_at(json_get(base, "mean"), i), 0)));
                    json_push(list_new, json_from_number(v));
                }
                json_set((Json *)json_at(json_get(moved, "baseline"), 0), "hazard", list_new);
                if (k == jumps) {
                    double b = json_number(json_at(json_get(fit, "coef"), 0)) + step;
                    json_set_numbers(moved, "coef", &b, 1);
                }
                value[side] = which ? risk_now(one, moved, &row, t) : risk_now(moved, two, &row, t);
                json_free(moved);
            }
            double slope = (value[1] - value[0]) / (2 * h * (k == jumps ? 1 : .01));
            variance += slope * slope * (k == jumps ? cell_at(fit, "vcov", 0, 0) : json_number(json_at(json_get(base, "variance"), k)));
        }
    }
    assert_near(p.se, sqrt(variance), 1e-6);
    json_free(one);
    json_free(two);
    frame_free(&f);
    frame_free(&row);
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cox");
    TCase *c = unit_case(s, "by hand");
    tcase_add_test(c, six_subjects_breslow);
    tcase_add_test(c, six_subjects_efron);
    tcase_add_test(c, firth_is_the_maximum_of_its_likelihood);
    tcase_add_test(c, firth_limits_with_late_entries);
    tcase_add_test(c, a_lost_profile_has_no_limit);
    c = unit_case(s, "properties");
    tcase_add_test(c, shuffled_rows_same_bits);
    tcase_add_test(c, weight_two_is_the_row_twice);
    tcase_add_test(c, cut_intervals_and_idle_strata);
    tcase_add_test(c, shift_and_scale);
    tcase_add_test(c, level_without_events);
    c = unit_case(s, "prediction");
    tcase_add_test(c, risk_agrees_with_the_curve);
    tcase_add_test(c, incidence_of_two_causes);
    return s;
}

UNIT_MAIN("cox")
