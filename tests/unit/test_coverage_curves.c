/* tests/unit/test_coverage_curves.c: intervals and tests of curves on simulated data with known truth: they hold what they say. 2,000 sets;
 * with REOX_LONG 20,000. */
#include "stats/cif.h"
#include "stats/finegray.h"
#include "stats/ipcw.h"
#include "stats/km.h"
#include "stats/logrank.h"
#include "stats/roc.h"

#include "core/rng.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "tests/unit/unit.h"

enum { N = 250 };
static const double Z = 1.959963984540054;
static int sets(void) { return unit_long() ? 20000 : 2000; }

/* hits of `sets` around the nominal share, within `slack` and four standard errors of the simulation. */
static void holds(const char *what, double hits, double nominal, double slack)
{
    double n = sets(), share = hits / n, se = sqrt(nominal * (1 - nominal) / n);
    ck_assert_msg(fabs(share - nominal) < slack + 4 * se, "%s: %.3f, expected %.3f", what, share, nominal);
}

/* Binormal markers one SD apart: the area is Phi(1/sqrt 2). */
START_TEST(delong)
{
    double truth = normal_cdf(sqrt(0.5)), hits = 0;
    for (int s = 0; s < sets(); s++) {
        Arena a = { 0 };
        Rng r = rng_stream(101, (uint64_t)s);
        double x[N], y[N];
        for (int i = 0; i < N; i++) { y[i] = i % 3 == 0; x[i] = rng_normal(&r) + y[i]; }
        RocArea roc;
        assert_ok(roc_area(&roc, x, y, N, &a, NULL));
        hits += fabs(roc.auc - truth) <= Z * sqrt(roc.var);
        arena_free(&a);
    }
    holds("DeLong", hits, 0.95, 0.01);
}
END_TEST

/* Exponential times with a third censored: S(1) = exp(-1), restricted mean to 1.5. */
START_TEST(curves)
{
    double hit[KM_N_INTERVALS] = { 0 }, mean_hit = 0, tau = 1.5, mean = 1 - exp(-tau);
    for (int s = 0; s < sets(); s++) {
        Arena a = { 0 };
        Rng r = rng_stream(102, (uint64_t)s);
        double t[N], d[N], lo, hi, m, se;
        for (int i = 0; i < N; i++) {
            double event = rng_exponential(&r), end = 2 * rng_exponential(&r);
            t[i] = fmin(event, end);
            d[i] = event <= end;
        }
        KmCurve c;
        assert_ok(km_estimate(&c, &(KmData){ .n = N, .time = t, .event = d }, &(KmOptions){ 0 }, &a, NULL));
        for (int k = 0; k < KM_N_INTERVALS; k++) {
            km_row_limits(&lo, &hi, &c, km_row(&c, 1), (KmInterval)k, 0.95);
            hit[k] += lo <= exp(-1) && exp(-1) <= hi;
        }
        km_restricted_mean(&m, &se, &c, tau);
        mean_hit += fabs(m - mean) <= Z * se;
        arena_free(&a);
    }
    for (int k = 0; k < KM_N_INTERVALS; k++) holds(km_interval_name((KmInterval)k), hit[k], 0.95, 0.01);
    holds("restricted mean", mean_hit, 0.95, 0.01);
}
END_TEST

/* Fine & Gray's own design: F1(t|x) = 1 - (1 - p (1 - exp(-t)))^exp(bx), p = 0.5; the other cause exponential. */
static void competing(Rng *r, double b, double *x, double *t, int *state)
{
    for (int i = 0; i < N; i++) {
        x[i] = rng_normal(r);
        double h = exp(b * x[i]), one = 1 - pow(0.5, h), u = rng_uniform(r), event;
        int cause = u < one ? 1 : 2;
        if (cause == 1) event = -log(1 - (1 - pow(1 - u, 1 / h)) / 0.5);
        else event = rng_exponential(r) / exp(-0.3 * x[i]);
        double end = 3 * rng_uniform(r);
        t[i] = fmin(event, end);
        state[i] = event <= end ? cause : 0;
    }
}

START_TEST(subdistribution)
{
    double b = 0.5, hit[2] = { 0 };
    for (int s = 0; s < sets(); s++) {
        Arena a = { 0 };
        Rng r = rng_stream(103, (uint64_t)s);
        double x[N], t[N];
        int state[N];
        competing(&r, b, x, t, state);
        for (int k = 0; k < 2; k++) {
            FineGrayFit f;
            assert_ok(finegray_fit(&f, &(FineGrayData){ .n = N, .p = 1, .time = t, .x = x, .state = state, .convention = (FineGrayConvention)k }, &a, NULL));
            hit[k] += fabs(f.coef[0] - b) <= Z * f.se[0];
        }
        arena_free(&a);
    }
    holds("Fine-Gray, cmprsk", hit[FINEGRAY_CMPRSK], 0.95, 0.015);
    holds("Fine-Gray, survival", hit[FINEGRAY_SURVIVAL], 0.95, 0.015);
}
END_TEST

/* No difference: tests reject as often as they say; incidence at 1 within its limits by both variances. */
START_TEST(tests_and_incidence)
{
    double logrank = 0, gray = 0, delta = 0, jack = 0, truth = 0.5 * (1 - exp(-1));
    for (int s = 0; s < sets(); s++) {
        Arena a = { 0 };
        Rng r = rng_stream(104, (uint64_t)s);
        double x[N], t[N], d[N];
        int state[N], g[N];
        competing(&r, 0, x, t, state);
        for (int i = 0; i < N; i++) { g[i] = (int)rng_below(&r, 2); d[i] = state[i] == 1; }
        LogrankTest l;
        GrayTest y;
        CifCurve c;
        assert_ok(logrank_test(&l, &(LogrankData){ .n = N, .time = t, .event = d, .group = g, .n_groups = 2 }, 0, &a, NULL));
        assert_ok(gray_test(&y, N, t, state, 1, g, 2, NULL, 1, NULL, 0, NULL));
        assert_ok(cif_estimate(&c, N, t, state, 2, &a, NULL));
        long row = cif_row(&c, 1);
        double F = cif_at(&c, 1, 1);
        logrank += l.p < 0.05;
        gray += y.p < 0.05;
        delta += fabs(F - truth) <= Z * sqrt(c.var[row]);
        jack += fabs(F - truth) <= Z * c.se_state[c.n + (size_t)row];
        arena_free(&a);
    }
    holds("log-rank", logrank, 0.05, 0.01);
    holds("Gray", gray, 0.05, 0.01);
    holds("incidence, delta method", delta, 0.95, 0.01);
    holds("incidence, jackknife", jack, 0.95, 0.01);
}
END_TEST

/* Time-dependent area and Brier score with a third censored; truths from 400,000 uncensored rows of the same law. */
static double survival_time(Rng *r, double x) { return rng_exponential(r) * exp(-0.8 * x); }

START_TEST(weighted_measures)
{
    enum { BIG = 400000 };
    double *x = malloc(BIG * sizeof *x), *y = malloc(BIG * sizeof *y), brier = 0, auc_hit = 0, brier_hit = 0;
    Arena big = { 0 };
    Rng q = rng_stream(105, 1000000);
    RocArea roc;
    ck_assert(x && y);
    for (int i = 0; i < BIG; i++) {
        x[i] = rng_normal(&q);
        y[i] = survival_time(&q, x[i]) <= 1;
        double risk = -expm1(-exp(0.8 * x[i]));
        brier += (y[i] - risk) * (y[i] - risk) / BIG;
    }
    assert_ok(roc_area(&roc, x, y, BIG, &big, NULL));
    for (int s = 0; s < sets(); s++) {
        Arena a = { 0 };
        Rng r = rng_stream(105, (uint64_t)s);
        double m[N], t[N], risk[N];
        int state[N];
        for (int i = 0; i < N; i++) {
            m[i] = rng_normal(&r);
            double event = survival_time(&r, m[i]), end = 2.5 * rng_exponential(&r);
            t[i] = fmin(event, end);
            state[i] = event <= end;
            risk[i] = -expm1(-exp(0.8 * m[i]));
        }
        Ipcw w;
        Measure auc, score;
        assert_ok(ipcw_init(&w, t, state, N, &a, NULL));
        assert_ok(ipcw_auc(&auc, NULL, &w, m, 1, CASES_UP_TO_T, false, NULL, NULL));
        assert_ok(ipcw_brier(&score, &w, risk, 1, NULL));
        auc_hit += fabs(auc.value - roc.auc) <= Z * auc.se;
        brier_hit += fabs(score.value - brier) <= Z * score.se;
        arena_free(&a);
    }
    holds("area at t", auc_hit, 0.95, 0.01);
    holds("Brier score at t", brier_hit, 0.95, 0.01);
    free(x);
    free(y);
    arena_free(&big);
}
END_TEST

static Suite *suite(void)
{
    linalg_init();
    Suite *s = suite_create("coverage_curves");
    TCase *c = unit_case(s, "coverage_curves");
    tcase_add_test(c, delong);
    tcase_add_test(c, curves);
    tcase_add_test(c, subdistribution);
    tcase_add_test(c, tests_and_incidence);
    tcase_add_test(c, weighted_measures);
    return s;
}

UNIT_MAIN("coverage_curves")
