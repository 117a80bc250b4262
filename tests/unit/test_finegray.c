/* tests/unit/test_finegray.c: the subdistribution model against its likelihood written out, and where it must equal Cox. */
#include "stats/finegray.h"

#include "core/rng.h"
#include "tests/unit/unit.h"

enum { N = 70, P = 2 };
typedef struct { double time[N], x[N * P]; int state[N]; } Sample;

static Sample sample_of(uint64_t seed, bool censor)
{
    Rng r = rng_stream(seed, 0);
    Sample s;
    for (int i = 0; i < N; i++) {
        s.x[i] = rng_normal(&r);
        s.x[N + i] = rng_uniform(&r) < 0.5;
        s.time[i] = ceil(8 * rng_exponential(&r) * exp(-0.4 * s.x[i]));
        double u = rng_uniform(&r);
        s.state[i] = u < 0.45 ? 1 : u < 0.75 || !censor ? 2 : 0;
    }
    return s;
}

/* G(t-): product over censoring times below t, with or without that time's events in the risk set. */
static double G_before(const Sample *s, double t, FineGrayConvention c)
{
    double G = 1;
    for (double u = 1; u < t; u++) {
        double risk = 0, events = 0, censored = 0;
        for (int i = 0; i < N; i++) {
            risk += s->time[i] >= u;
            events += s->time[i] == u && s->state[i] != 0;
            censored += s->time[i] == u && s->state[i] == 0;
        }
        if (censored > 0) G *= 1 - censored / (risk - (c == FINEGRAY_SURVIVAL ? events : 0));
    }
    return G;
}

static double loglik(const Sample *s, const double *b, FineGrayConvention c)
{
    double ll = 0;
    for (int i = 0; i < N; i++) {
        if (s->state[i] != 1) continue;
        double sum = 0, t = s->time[i];
        for (int j = 0; j < N; j++) {
            double w = s->time[j] >= t ? 1 : s->state[j] == 2 ? G_before(s, t, c) / G_before(s, s->time[j], c) : 0;
            sum += w * exp(b[0] * s->x[j] + b[1] * s->x[N + j]);
        }
        ll += b[0] * s->x[i] + b[1] * s->x[N + i] - log(sum);
    }
    return ll;
}

START_TEST(maximum_of_the_likelihood)
{
    Arena a = { 0 };
    Err e = { 0 };
    for (int c = 0; c < 2; c++) {
        Sample s = sample_of(3 + (uint64_t)c, true);
        FineGrayFit f;
        FineGrayData d = { N, P, s.time, s.x, s.state, (FineGrayConvention)c, false, NULL, NULL, NULL, 0 };
        assert_ok_e(finegray_fit(&f, &d, &a, &e), e);
        ck_assert(f.converged && f.max_abs_score < 1e-10);
        assert_near(f.loglik, loglik(&s, f.coef, (FineGrayConvention)c), 1e-12);
        assert_near(f.loglik_null, loglik(&s, (double[2]){ 0, 0 }, (FineGrayConvention)c), 1e-12);
        /* Curvature by differences against the inverse information. */
        double h = 1e-3, H[4];
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++) {
                double v[4];
                for (int k = 0; k < 4; k++) {
                    double b[2] = { f.coef[0], f.coef[1] };
                    b[i] += k & 1 ? h : -h;
                    b[j] += k & 2 ? h : -h;
                    v[k] = loglik(&s, b, (FineGrayConvention)c);
                }
                H[j * 2 + i] = -(v[3] - v[2] - v[1] + v[0]) / (4 * h * h);
            }
        double det = H[0] * H[3] - H[1] * H[2];
        assert_near(f.information_inverse[0], H[3] / det, 1e-5);
        assert_near(f.information_inverse[1], -H[1] / det, 1e-4);
        assert_near(f.information_inverse[3], H[0] / det, 1e-5);
    }
    arena_free(&a);
}
END_TEST

/* Without censoring a row with another event stays at risk for ever: Cox with those times moved behind all others. */
START_TEST(without_censoring)
{
    Arena a = { 0 };
    Sample s = sample_of(11, false), moved = s;
    for (int i = 0; i < N; i++)
        if (s.state[i] == 2) { moved.time[i] = 1e6; moved.state[i] = 0; }
    FineGrayFit f, g, cox;
    assert_ok(finegray_fit(&f, &(FineGrayData){ N, P, s.time, s.x, s.state, FINEGRAY_CMPRSK, false, NULL, NULL, NULL, 0 }, &a, NULL));
    assert_ok(finegray_fit(&g, &(FineGrayData){ N, P, s.time, s.x, s.state, FINEGRAY_SURVIVAL, false, NULL, NULL, NULL, 0 }, &a, NULL));
    assert_ok(finegray_fit(&cox, &(FineGrayData){ N, P, moved.time, moved.x, moved.state, FINEGRAY_SURVIVAL, false, NULL, NULL, NULL, 0 }, &a, NULL));
    for (int j = 0; j < P; j++) {
        assert_near(f.coef[j], cox.coef[j], 1e-10);
        assert_near(g.coef[j], cox.coef[j], 1e-10);
        for (int h = 0; h < P; h++) assert_near(f.vcov[j * P + h], cox.vcov[j * P + h], 1e-9);
    }
    assert_near(finegray_incidence(&f, 0, 10, 0.3), finegray_incidence(&cox, 0, 10, 0.3), 1e-11);
    ck_assert(finegray_incidence(&f, 0, 0.5, 0) == 0);
    arena_free(&a);
}
END_TEST

START_TEST(scaled_shifted_shuffled)
{
    Arena a = { 0 };
    Sample s = sample_of(21, true), m = s, r = s;
    for (int i = 0; i < N; i++) {
        m.x[i] = 1e8 * s.x[i];
        m.x[N + i] = s.x[N + i] + 1000;
        int k = N - 1 - i;
        r.time[i] = s.time[k]; r.state[i] = s.state[k]; r.x[i] = s.x[k]; r.x[N + i] = s.x[N + k];
    }
    FineGrayFit f, g, q;
    for (int efron = 0; efron < 2; efron++) {
        assert_ok(finegray_fit(&f, &(FineGrayData){ N, P, s.time, s.x, s.state, FINEGRAY_CMPRSK, efron, NULL, NULL, NULL, 0 }, &a, NULL));
        assert_ok(finegray_fit(&g, &(FineGrayData){ N, P, m.time, m.x, m.state, FINEGRAY_CMPRSK, efron, NULL, NULL, NULL, 0 }, &a, NULL));
        assert_ok(finegray_fit(&q, &(FineGrayData){ N, P, r.time, r.x, r.state, FINEGRAY_CMPRSK, efron, NULL, NULL, NULL, 0 }, &a, NULL));
        assert_near(g.coef[0] * 1e8, f.coef[0], 1e-9);
        assert_near(g.coef[1], f.coef[1], 1e-9);
        assert_near(g.vcov[0] * 1e16, f.vcov[0], 1e-9);
        ck_assert(memcmp(f.coef, q.coef, sizeof(double) * P) == 0 && memcmp(f.vcov, q.vcov, sizeof(double) * P * P) == 0);
    }
    arena_free(&a);
}
END_TEST

/* The same cohort again, its clock four times as fast, is another stratum: the same coefficients from twice the information, and in each
 * stratum the curve of the cohort alone. */
START_TEST(strata)
{
    Arena a = { 0 };
    Sample s = sample_of(41, true);
    double time[2 * N], x[2 * N * P];
    int state[2 * N], stratum[2 * N];
    for (int i = 0; i < 2 * N; i++) {
        int k = i / 2;
        stratum[i] = i % 2;
        time[i] = i % 2 ? s.time[k] / 4 : s.time[k];
        state[i] = s.state[k];
        for (int j = 0; j < P; j++) x[j * 2 * N + i] = s.x[j * N + k];
    }
    FineGrayFit one, two;
    for (int c = 0; c < 2; c++)
        for (int efron = 0; efron < 2; efron++) {
            assert_ok(finegray_fit(&one, &(FineGrayData){ N, P, s.time, s.x, s.state, (FineGrayConvention)c, efron, NULL, NULL, NULL, 0 }, &a, NULL));
            assert_ok(finegray_fit(&two, &(FineGrayData){ 2 * N, P, time, x, state, (FineGrayConvention)c, efron, stratum,
                                                         NULL, NULL, 0 }, &a, NULL));
            assert_near(two.loglik, 2 * one.loglik, 1e-12);
            for (int j = 0; j < P; j++) assert_near(two.coef[j], one.coef[j], 1e-10);
            for (int j = 0; j < P * P; j++) {
                assert_near(two.vcov[j], one.vcov[j] / 2, 1e-9);
                assert_near(two.information_inverse[j], one.information_inverse[j] / 2, 1e-9);
            }
            for (double t = 1; t < 12; t++) {
                assert_near(finegray_incidence(&two, 0, t, 0.3), finegray_incidence(&one, 0, t, 0.3), 1e-9);
                assert_near(finegray_incidence(&two, 1, t / 4, 0.3), finegray_incidence(&one, 0, t, 0.3), 1e-9);
            }
            ck_assert(finegray_incidence(&two, 1, 0.1, 0) == 0);
        }
    arena_free(&a);
}
END_TEST

START_TEST(monotone)
{
    Arena a = { 0 };
    Sample s = sample_of(31, true);
    for (int i = 0; i < N; i++) s.x[N + i] = s.state[i] == 1;
    FineGrayFit f;
    assert_ok(finegray_fit(&f, &(FineGrayData){ N, P, s.time, s.x, s.state, FINEGRAY_CMPRSK, false, NULL, NULL, NULL, 0 }, &a, NULL));
    ck_assert(f.direction && isnan(f.coef[1]) && !f.converged);
    assert_near(f.direction[1], 1, 0);
    assert_near(f.direction[0], 0, 0);
    /* The supremum: nothing above it, and the likelihood far out along the ray comes up to it. */
    double best = -INFINITY;
    for (double b = -3; b <= 3; b += 0.02) best = fmax(best, loglik(&s, (double[2]){ b, 40 }, FINEGRAY_CMPRSK));
    ck_assert_msg(best <= f.loglik + 1e-9 && best > f.loglik - 0.01, "best %.12g, supremum %.12g", best, f.loglik);
    /* A mirror image, and two columns that separate only together. */
    for (int i = 0; i < N; i++) { s.x[i] = s.x[N + i] + (i % 5) * 0.1; s.x[N + i] = (i % 5) * 0.1; }
    assert_ok(finegray_fit(&f, &(FineGrayData){ N, P, s.time, s.x, s.state, FINEGRAY_SURVIVAL, true, NULL, NULL, NULL, 0 }, &a, NULL));
    ck_assert(f.direction && f.direction[0] == 1 && f.direction[1] == -1);
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("finegray");
    TCase *c = unit_case(s, "finegray");
    tcase_add_test(c, maximum_of_the_likelihood);
    tcase_add_test(c, without_censoring);
    tcase_add_test(c, scaled_shifted_shuffled);
    tcase_add_test(c, strata);
    tcase_add_test(c, monotone);
    return s;
}

UNIT_MAIN("finegray")
