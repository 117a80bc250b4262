/* tests/unit/test_elasticnet.c: stats/penalised_path and elasticnet: solutions against their optimality conditions, worked out by
 * plain double loops; scaling; cross-validation of noise. */
#include "tests/unit/unit.h"

#include "core/rng.h"
#include "stats/elasticnet.h"
#include "stats/path_factor.h"

enum { N = 60, P = 12 };

typedef struct { double x[N * P], time[N], event[N], weight[N], factor[P]; } Data;

static void make(Data *d, uint64_t seed, bool ties)
{
    Rng r = rng_stream(seed, 0);
    for (int i = 0; i < N; i++) {
        double eta = 0;
        for (int j = 0; j < P; j++) d->x[j * N + i] = rng_normal(&r) + (j ? 0.5 * d->x[i] : 0);
        for (int j = 0; j < 4; j++) eta += 0.5 * d->x[j * N + i];
        d->time[i] = rng_exponential(&r) / det_exp(eta);
        if (ties) d->time[i] = ceil(4 * d->time[i]);
        d->event[i] = rng_uniform(&r) < 0.6;
        d->weight[i] = 1 + rng_below(&r, 3);
    }
    for (int j = 0; j < P; j++) d->factor[j] = j == 5 ? 0 : j == 6 ? 2 : 1;
}

/* Score of the Breslow likelihood by its definition. */
static void cox_score(double g[P], const Data *d, const double *b)
{
    double risk[N];
    for (int i = 0; i < N; i++) {
        double eta = 0;
        for (int j = 0; j < P; j++) eta += b[j] * d->x[j * N + i];
        risk[i] = d->weight[i] * exp(eta);
    }
    for (int j = 0; j < P; j++) {
        g[j] = 0;
        for (int i = 0; i < N; i++) {
            if (d->event[i] == 0) continue;
            double s0 = 0, s1 = 0;
            for (int k = 0; k < N; k++) if (d->time[k] >= d->time[i]) { s0 += risk[k]; s1 += risk[k] * d->x[j * N + k]; }
            g[j] += d->weight[i] * (d->x[j * N + i] - s1 / s0);
        }
    }
}

static void logistic_score(double g[P], double *g0, const Data *d, const double *b, double intercept)
{
    *g0 = 0;
    memset(g, 0, P * sizeof *g);
    for (int i = 0; i < N; i++) {
        double eta = intercept;
        for (int j = 0; j < P; j++) eta += b[j] * d->x[j * N + i];
        double u = d->weight[i] * (d->event[i] - 1 / (1 + exp(-eta)));
        *g0 += u;
        for (int j = 0; j < P; j++) g[j] += u * d->x[j * N + i];
    }
}

static void check_conditions(const double *g, const double *b, const double *factor, double total, double lambda, double alpha)
{
    for (int j = 0; j < P; j++) {
        double f = lambda * factor[j], r = g[j] / total - f * (1 - alpha) * b[j];
        if (b[j] != 0) assert_near_abs(r, (b[j] > 0 ? 1 : -1) * f * alpha, 0, 1e-9);
        else ck_assert_msg(fabs(r) <= f * alpha + 1e-9, "column %d: score %g beyond %g", j, r, f * alpha);
    }
}

START_TEST(solutions_meet_their_conditions)
{
    static const double alphas[] = { 1, 0.5, 0 };
    for (int kind = 0; kind < 2; kind++)
        for (int t = 0; t < 3; t++) {
            Data d;
            Arena a = { 0 };
            Err e = { 0 };
            PathSolver *s;
            make(&d, 11 + (uint64_t)t, t != 1);
            PathProblem p = { N, P, d.x, kind ? NULL : d.time, d.event, d.weight, NULL, NULL, d.factor, alphas[t], false, NULL, 0 };
            double total = 0, top, b[P], g[P], g0;
            PathSolution at = { .beta = b };
            for (int i = 0; i < N; i++) total += d.weight[i];
            assert_ok_e(path_solver_new(&s, &p, &a, &e), e);
            assert_ok_e(path_lambda_max(&top, s, &e), e);
            for (int k = 0; k < 8; k++) {
                double lambda = top * pow(0.5, k);
                assert_ok_e(path_solve(&at, s, lambda, &e), e);
                if (kind) { logistic_score(g, &g0, &d, b, at.intercept); assert_near_abs(g0 / total, 0, 0, 1e-9); }
                else cox_score(g, &d, b);
                check_conditions(g, b, d.factor, total, lambda, alphas[t]);
                int in = 0;
                for (int j = 0; j < P; j++) in += b[j] != 0;
                if (alphas[t] > 0 && k == 0) ck_assert_int_eq(in, 1);              /* the unpenalised one alone */
                if (k == 7) ck_assert_int_gt(in, 3);
            }
            arena_free(&a);
        }
}
END_TEST

START_TEST(weight_two_is_a_doubled_row)
{
    Data d;
    Arena a = { 0 };
    Err e = { 0 };
    PathSolver *s, *t;
    double x2[2 * N * P], time2[2 * N], event2[2 * N], b[P], b2[P];
    PathSolution one = { .beta = b }, two = { .beta = b2 };
    make(&d, 5, true);
    size_t n = 0;
    for (int i = 0; i < N; i++) d.weight[i] = 1 + (i % 3 == 0);
    for (int i = 0; i < N; i++) n += (size_t)d.weight[i];
    size_t k = 0;
    for (int i = 0; i < N; i++)
        for (int w = 0; w < (int)d.weight[i]; w++, k++) {
            time2[k] = d.time[i];
            event2[k] = d.event[i];
            for (int j = 0; j < P; j++) x2[(size_t)j * n + k] = d.x[j * N + i];
        }
    PathProblem p = { N, P, d.x, d.time, d.event, d.weight, NULL, NULL, d.factor, 0.8, false, NULL, 0 },
                q = { n, P, x2, time2, event2, NULL, NULL, NULL, d.factor, 0.8, false, NULL, 0 };
    assert_ok_e(path_solver_new(&s, &p, &a, &e), e);
    assert_ok_e(path_solver_new(&t, &q, &a, &e), e);
    assert_ok_e(path_solve(&one, s, 0.03, &e), e);
    assert_ok_e(path_solve(&two, t, 0.03, &e), e);
    for (int j = 0; j < P; j++) assert_near_abs(b[j], b2[j], 1e-8, 1e-10);
    assert_near(one.loglik, two.loglik, 1e-12);
    arena_free(&a);
}
END_TEST

/* Rows put in one by one and taken out again leave the factor of what is left: M x = b is solved as by the factor made at once. */
START_TEST(factor_grows_and_shrinks)
{
    enum { M = 23 };
    Arena a = { 0 };
    PathFactor f = { 0 };
    Rng r = rng_stream(9, 1);
    double x[40][M], m[M][M], h[M], b[M], was[M];
    size_t in[M], k = 0;
    for (int i = 0; i < 40; i++) for (int j = 0; j < M; j++) x[i][j] = rng_normal(&r) + (j ? x[i][0] : 0);
    for (int j = 0; j < M; j++) for (int l = 0; l < M; l++) { m[j][l] = 0; for (int i = 0; i < 40; i++) m[j][l] += x[i][j] * x[i][l]; }
    assert_ok(path_factor_room(&f, 4, &a, NULL));
    for (size_t j = 0; j < M; j++) {
        assert_ok(path_factor_room(&f, k + 1, &a, NULL));
        for (size_t l = 0; l < k; l++) h[l] = m[j][in[l]];
        h[k] = m[j][j];
        path_factor_append(&f, h);
        in[k++] = j;
        if (j % 3 != 2) continue;
        const size_t out = rng_below(&r, (uint32_t)k);
        path_factor_remove(&f, out);
        for (size_t l = out; l + 1 < k; l++) in[l] = in[l + 1];
        k--;
        for (size_t l = 0; l < k; l++) b[l] = was[l] = rng_normal(&r);
        path_factor_solve(&f, b);
        for (size_t l = 0; l < k; l++) {
            double s = 0;
            for (size_t i = 0; i < k; i++) s += m[in[l]][in[i]] * b[i];
            assert_near_abs(s, was[l], 0, 1e-10);
        }
    }
    arena_free(&a);
}
END_TEST

/* One lambda far down is the same solution as by the path; and what has no maximum is refused, not called solved. */
START_TEST(far_lambda_and_no_maximum)
{
    Data d;
    Arena a = { 0 };
    Err e = { 0 };
    PathSolver *s, *t;
    double b[P], b2[P], top;
    PathSolution one = { .beta = b }, two = { .beta = b2 };
    make(&d, 6, false);
    PathProblem p = { N, P, d.x, d.time, d.event, d.weight, NULL, NULL, d.factor, 0.9, true, NULL, 0 };
    assert_ok_e(path_solver_new(&s, &p, &a, &e), e);
    assert_ok_e(path_solver_new(&t, &p, &a, &e), e);
    assert_ok_e(path_lambda_max(&top, s, &e), e);
    for (int k = 0; k <= 40; k++) assert_ok_e(path_solve(&one, s, top * pow(0.85, k), &e), e);
    assert_ok_e(path_solve(&two, t, top * pow(0.85, 40), &e), e);
    for (int j = 0; j < P; j++) assert_near_abs(b[j], b2[j], 1e-7, 1e-9);
    PathProblem few = p;                                  /* ten rows, twelve columns */
    static const size_t row[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    few.n = 10;
    few.row = row;
    few.x_rows = N;
    assert_ok_e(path_solver_new(&s, &few, &a, &e), e);
    ck_assert_int_eq(path_solve(&one, s, 0, NULL), ERR_ESTIMATE);
    arena_free(&a);
}
END_TEST

/* A table of noise: whatever the selection does, cross-validation must not see a gain. */
START_TEST(noise_shows_no_gain)
{
    enum { ROWS = 120, COLS = 200 };
    Err e = { 0 };
    Frame f = { 0 };
    Str formula = { 0 };
    double *y, *x;
    Rng r = rng_stream(77, 3);
    assert_ok_e(frame_init(&f, "noise", ROWS, &e), e);
    assert_ok_e(frame_add_numbers(&y, &f, "y", &e), e);
    for (int i = 0; i < ROWS; i++) y[i] = i % 2;
    str_append(&formula, "y~");
    for (int j = 0; j < COLS; j++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", j);
        assert_ok_e(frame_add_numbers(&x, &f, name, &e), e);
        for (int i = 0; i < ROWS; i++) x[i] = rng_normal(&r);
        str_appendf(&formula, "%s%s", j ? "+" : "", name);
    }
    Json *options = json_object(), *out[2] = { NULL };
    json_set_number(options, "folds", 10);
    json_set_number(options, "nlambda", 20);
    json_set_number(options, "lambda_min_ratio", 0.1);
    for (int t = 0; t < 2; t++) {
        StatCall call = { .formula = str_text(&formula), .data = &f, .options = options, .threads = 1 + t };
        assert_ok_e(method_call(&out[t], method_by_name("elasticnet"), &call, &e), e);
    }
    double best = 0;
    for (const Json *v = json_first(json_get(json_get(out[0], "cv_auc"), "cvm")); v; v = json_next(v)) best = fmax(best, json_number(v));
    ck_assert_msg(best < 0.62, "cross-validated AUC of noise is %g", best);           /* SE of an AUC at 60 + 60 is .053 */
    double apparent = json_number(json_at(json_get(out[0], "dev_ratio"), 19));
    ck_assert_msg(apparent > 0.4, "the apparent fit explains only %g: the trap is not set", apparent);
    Str s[2] = { { 0 } };
    for (int t = 0; t < 2; t++) assert_ok_e(json_print(&s[t], out[t], false, &e), e);
    ck_assert_str_eq(str_text(&s[0]), str_text(&s[1]));                               /* the same bytes on two threads */
    for (int t = 0; t < 2; t++) { str_free(&s[t]); json_free(out[t]); }
    json_free(options);
    str_free(&formula);
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("elasticnet");
    TCase *c = unit_case(s, "elasticnet");
    tcase_add_test(c, solutions_meet_their_conditions);
    tcase_add_test(c, weight_two_is_a_doubled_row);
    tcase_add_test(c, factor_grows_and_shrinks);
    tcase_add_test(c, far_lambda_and_no_maximum);
    tcase_add_test(c, noise_shows_no_gain);
    return s;
}

UNIT_MAIN("elasticnet")
