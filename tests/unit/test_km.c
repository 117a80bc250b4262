/* tests/unit/test_km.c: Kaplan–Meier worked by hand, its limits, and its properties. */
#include "stats/km.h"

#include "core/rng.h"
#include "tests/unit/unit.h"

static const double hand_time[6] = { 1, 2, 3, 3, 4, 5 }, hand_event[6] = { 1, 0, 1, 1, 0, 1 };
static const KmData hand = { .n = 6, .time = hand_time, .event = hand_event };

START_TEST(by_hand)
{
    Arena a = { 0 };
    Err e = { 0 };
    KmCurve c;
    assert_ok_e(km_estimate(&c, &hand, &(KmOptions){ 0 }, &a, &e), e);
    ck_assert_uint_eq(c.n, 5);
    static const double n_risk[5] = { 6, 5, 4, 2, 1 }, n_event[5] = { 1, 0, 2, 0, 1 }, n_censor[5] = { 0, 1, 0, 1, 0 };
    static const double surv[5] = { 5. / 6, 5. / 6, 5. / 12, 5. / 12, 0 };
    for (int k = 0; k < 5; k++) {
        assert_near(c.n_risk[k], n_risk[k], 0);
        assert_near(c.n_event[k], n_event[k], 0);
        assert_near(c.n_censor[k], n_censor[k], 0);
        assert_near_abs(c.surv[k], surv[k], 1e-15, 0);
    }
    assert_near(c.std_err[0], sqrt(1. / 30), 1e-15);
    assert_near(c.std_err[2], sqrt(1. / 30 + 1. / 4), 1e-15);
    ck_assert(isinf(c.std_err[4]));
    assert_near(c.cumhaz[4], 1. / 6 + 1. / 2 + 1, 1e-15);
    assert_near(c.se_cumhaz[2], sqrt(1. / 36 + 2. / 16), 1e-15);
    assert_near(km_survival(&c, 0.5), 1, 0);
    assert_near(km_survival(&c, 3), 5. / 12, 1e-15);
    assert_near(km_survival_before(&c, 3), 5. / 6, 1e-15);
    assert_near(km_next_at_risk(&c, 3.5), 2, 0);
    assert_near(km_next_at_risk(&c, 3), 4, 0);
    assert_near(km_next_at_risk(&c, 5.5), 0, 0);
    assert_near(km_at_risk(&hand, 3.5), 2, 0);
    double q, lo, hi, mean, se;
    km_quantiles(&q, &lo, &hi, &c, &(double){ 0.5 }, 1, KM_LOG, 0.95);
    assert_near(q, 3, 0);
    assert_near(lo, 3, 0);
    ck_assert(isnan(hi));
    km_restricted_mean(&mean, &se, &c, 5);
    assert_near(mean, 3.5, 1e-15);
    assert_near(se, sqrt(2.5 * 2.5 / 30 + 25. / 36 / 4), 1e-15);
    km_restricted_mean(&mean, &se, &c, 0.5);
    assert_near(mean, 0.5, 1e-15);
    assert_near(se, 0, 0);
    assert_ok_e(km_estimate(&c, &hand, &(KmOptions){ .exponential = true, .tie_corrected = true }, &a, &e), e);
    assert_near(c.cumhaz[2], 1. / 6 + 1. / 4 + 1. / 3, 1e-15);
    assert_near(c.surv[2], exp(-0.75), 1e-15);
    assert_near(c.std_err[2], sqrt(1. / 36 + 1. / 16 + 1. / 9), 1e-15);
    arena_free(&a);
}
END_TEST

/* S = 0.5 on an interval: the median is its middle. Not reached: NaN. */
START_TEST(median_on_a_plateau)
{
    Arena a = { 0 };
    KmCurve c;
    double t[4] = { 1, 2, 3, 4 }, d[4] = { 1, 1, 1, 1 }, q, lo, hi;
    assert_ok(km_estimate(&c, &(KmData){ .n = 4, .time = t, .event = d }, &(KmOptions){ 0 }, &a, NULL));
    km_quantiles(&q, &lo, &hi, &c, &(double){ 0.5 }, 1, KM_LOG, 0.95);
    assert_near(q, 2.5, 0);
    assert_near(lo, 1, 0);
    ck_assert(isnan(hi));
    double t2[4] = { 5, 6, 7, 8 }, d2[4] = { 1, 0, 0, 0 };
    assert_ok(km_estimate(&c, &(KmData){ .n = 4, .time = t2, .event = d2 }, &(KmOptions){ 0 }, &a, NULL));
    km_quantiles(&q, &lo, &hi, &c, &(double){ 0.5 }, 1, KM_LOG, 0.95);
    ck_assert(isnan(q) && isnan(hi));
    assert_near(lo, 5, 0);
    arena_free(&a);
}
END_TEST

/* Limits of S = 0.6, se of log S = 0.2, by the formulas of Kalbfleisch & Prentice worked apart. */
START_TEST(limits)
{
    double lo, hi, z = 1.959963984540054;
    km_limits(&lo, &hi, KM_PLAIN, 0.95, 0.6, 0.2, true);
    assert_near(lo, 0.6 - z * 0.12, 1e-14);
    assert_near(hi, 0.6 + z * 0.12, 1e-14);
    km_limits(&lo, &hi, KM_LOG, 0.95, 0.6, 0.2, true);
    assert_near(lo, 0.6 * exp(-z * 0.2), 1e-14);
    assert_near(hi, 0.6 * exp(z * 0.2), 1e-14);
    km_limits(&lo, &hi, KM_LOGLOG, 0.95, 0.6, 0.2, true);
    assert_near(lo, pow(0.6, exp(z * 0.2 / -log(0.6))), 1e-14);
    assert_near(hi, pow(0.6, exp(-z * 0.2 / -log(0.6))), 1e-14);
    km_limits(&lo, &hi, KM_LOGIT, 0.95, 0.6, 0.12, false);      /* the same error, of S itself */
    assert_near(log(lo / (1 - lo)), log(1.5) - z * 0.12 / 0.24, 1e-13);
    km_limits(&lo, &hi, KM_ARCSIN, 0.95, 0.6, 0.2, true);
    assert_near(asin(sqrt(hi)) - asin(sqrt(0.6)), z * 0.12 / (2 * sqrt(0.24)), 1e-13);
    km_limits(&lo, &hi, KM_PLAIN, 0.95, 0, INFINITY, true);
    ck_assert(isnan(lo) && isnan(hi));
}
END_TEST

enum { N = 60 };
typedef struct { double start[N], time[N], event[N], weight[N]; int cluster[N]; } Sample;

static Sample sample_of(uint64_t seed)
{
    Rng r = rng_stream(seed, 0);
    Sample s;
    for (int i = 0; i < N; i++) {
        s.time[i] = 1 + rng_below(&r, 15);
        s.event[i] = rng_uniform(&r) < 0.7;
        s.start[i] = floor(rng_uniform(&r) * 0.5 * s.time[i]);
        s.weight[i] = 0.5 + rng_uniform(&r);
        s.cluster[i] = i / 3;
    }
    return s;
}

START_TEST(shuffled_rows_same_bits)
{
    Arena a = { 0 };
    Sample s = sample_of(1), z = s;
    Rng r = rng_stream(2, 0);
    KmCurve c, k;
    KmOptions robust = { .robust = true };
    assert_ok(km_estimate(&c, &(KmData){ N, s.start, s.time, s.event, s.weight, NULL }, &robust, &a, NULL));
    for (int i = N - 1; i > 0; i--) {
        int j = (int)rng_below(&r, (uint32_t)i + 1);
        double *col[4] = { z.start, z.time, z.event, z.weight };
        for (int m = 0; m < 4; m++) { double t = col[m][i]; col[m][i] = col[m][j]; col[m][j] = t; }
    }
    assert_ok(km_estimate(&k, &(KmData){ N, z.start, z.time, z.event, z.weight, NULL }, &robust, &a, NULL));
    ck_assert_uint_eq(c.n, k.n);
    for (size_t i = 0; i < c.n; i++)
        ck_assert(c.surv[i] == k.surv[i] && c.std_err[i] == k.std_err[i] && c.se_cumhaz[i] == k.se_cumhaz[i]
                  && c.n_risk[i] == k.n_risk[i]);
    arena_free(&a);
}
END_TEST

START_TEST(doubled_row_is_weight_two)
{
    Arena a = { 0 };
    double w[6] = { 1, 2, 1, 1, 3, 1 }, t[9], d[9];
    int n = 0;
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < w[i]; k++) { t[n] = hand_time[i]; d[n++] = hand_event[i]; }
    KmCurve c, k;
    KmData weighted = hand;
    weighted.weight = w;
    assert_ok(km_estimate(&c, &weighted, &(KmOptions){ 0 }, &a, NULL));
    assert_ok(km_estimate(&k, &(KmData){ .n = (size_t)n, .time = t, .event = d }, &(KmOptions){ 0 }, &a, NULL));
    for (size_t i = 0; i < c.n; i++) {
        assert_near_abs(c.surv[i], k.surv[i], 1e-15, 0);
        assert_near(c.std_err[i], k.std_err[i], 1e-14);
        assert_near(c.cumhaz[i], k.cumhaz[i], 1e-15);
    }
    arena_free(&a);
}
END_TEST

/* (0, t] cut into (0, c] and (c, t] is the same person. */
START_TEST(split_interval_is_unsplit)
{
    Arena a = { 0 };
    Sample s = sample_of(3);
    double start[2 * N], stop[2 * N], event[2 * N];
    int cluster[2 * N], n = 0;
    for (int i = 0; i < N; i++) {
        double cut = floor(s.time[i] / 2);
        if (cut > 0) { start[n] = 0; stop[n] = cut; event[n] = 0; cluster[n++] = i; }
        start[n] = cut; stop[n] = s.time[i]; event[n] = s.event[i]; cluster[n++] = i;
    }
    KmCurve c, k;
    KmOptions robust = { .robust = true };
    assert_ok(km_estimate(&c, &(KmData){ .n = N, .time = s.time, .event = s.event }, &robust, &a, NULL));
    assert_ok(km_estimate(&k, &(KmData){ (size_t)n, start, stop, event, NULL, cluster }, &robust, &a, NULL));
    for (size_t i = 0; i < c.n; i++) {
        long row = km_row(&k, c.time[i]);
        assert_near_abs(k.surv[row], c.surv[i], 1e-14, 0);
        assert_near_abs(k.std_err[row], c.std_err[i], 1e-11, 1e-15);
        assert_near_abs(k.se_cumhaz[row], c.se_cumhaz[i], 1e-11, 0);
        assert_near(k.n_risk[row], c.n_risk[i], 0);
    }
    arena_free(&a);
}
END_TEST

/* The jackknife against what it stands for: the derivative of S and H by each cluster's weights, taken numerically. */
START_TEST(jackknife_is_the_derivative)
{
    Arena a = { 0 };
    Sample s = sample_of(5);
    for (int tie = 0; tie < 2; tie++) {
        KmCurve c, up, down;
        KmOptions how = { .robust = true, .tie_corrected = tie };
        KmData d = { N, s.start, s.time, s.event, s.weight, s.cluster };
        assert_ok(km_estimate(&c, &d, &how, &a, NULL));
        double v[32] = { 0 }, vh[32] = { 0 };
        for (int g = 0; g < N / 3; g++) {
            double h = 1e-5, w1[N], w2[N];
            for (int i = 0; i < N; i++) {
                w1[i] = s.weight[i] * (s.cluster[i] == g ? 1 + h : 1);
                w2[i] = s.weight[i] * (s.cluster[i] == g ? 1 - h : 1);
            }
            d.weight = w1;
            assert_ok(km_estimate(&up, &d, &how, &a, NULL));
            d.weight = w2;
            assert_ok(km_estimate(&down, &d, &how, &a, NULL));
            for (size_t k = 0; k < c.n; k++) {
                v[k] += pow((up.surv[k] - down.surv[k]) / (2 * h), 2);
                vh[k] += pow((up.cumhaz[k] - down.cumhaz[k]) / (2 * h), 2);
            }
        }
        for (size_t k = 0; k < c.n; k++) {
            assert_near_abs(c.std_err[k], sqrt(v[k]), 1e-7, 1e-9);
            assert_near_abs(c.se_cumhaz[k], sqrt(vh[k]), 1e-7, 1e-9);
        }
    }
    arena_free(&a);
}
END_TEST

/* Quantile (in quarters) of a curve whose S is a fraction: first time with S <= 1 - p, the middle of the flat piece where S equals it. */
static double quantile_by_fractions(const int entry[], const int exit[], const int event[], const long weight[], int n, int last, int quarters)
{
    long num = 1, den = 1;
    double flat = NAN;
    for (int t = 1; t <= last; t++) {
        long risk = 0, dies = 0;
        for (int i = 0; i < n; i++) {
            if (entry[i] < t && t <= exit[i]) risk += weight[i];
            if (event[i] && exit[i] == t) dies += weight[i];
        }
        if (!dies) continue;
        num *= risk - dies;
        den *= risk;
        if (4 * num > (4 - quarters) * den) continue;
        if (4 * num < (4 - quarters) * den) return isnan(flat) ? t : (flat + t) / 2;
        if (isnan(flat)) flat = t;
    }
    return isnan(flat) ? NAN : (flat + last) / 2;
}

/* Every set of three rows with late entry and weights that are no binary fractions. Where all at risk die and others enter later, S is 0 from
 * there and stays it: R (survival 3.5) has -2e-16 there, 0 later, and so takes a later time for every quantile. */
START_TEST(quantiles_of_late_entries_by_fractions)
{
    enum { LAST = 4 };
    static const long tenths[] = { 3, 7, 10, 20 };
    int entry[80], exit[80], event[80], rows = 0;
    long weight[80];
    static const double p[3] = { .25, .5, .75 };
    long sets = 0, early = 0;
    for (int t = 1; t <= LAST; t++)
        for (int s = 0; s < t; s++)
            for (int d = 0; d < 2; d++)
                for (int w = 0; w < 4; w++, rows++) {
                    entry[rows] = s;
                    exit[rows] = t;
                    event[rows] = d;
                    weight[rows] = tenths[w];
                }
    for (int i = 0; i < rows; i++)
        for (int j = i; j < rows; j++)
            for (int k = j; k < rows; k++) {
                Arena a = { 0 };
                KmCurve c;
                const int at[3] = { i, j, k };
                int e[3], x[3], d[3], last = 0;
                long w[3];
                double start[3], time[3], died[3], weigh[3], q[3], lo[3], hi[3];
                for (int r = 0; r < 3; r++) {
                    start[r] = e[r] = entry[at[r]];
                    time[r] = x[r] = exit[at[r]];
                    died[r] = d[r] = event[at[r]];
                    w[r] = weight[at[r]];
                    weigh[r] = (double)w[r] / 10;
                    last = x[r] > last ? x[r] : last;
                }
                assert_ok(km_estimate(&c, &(KmData){ 3, start, time, died, weigh, NULL }, &(KmOptions){ 0 }, &a, NULL));
                km_quantiles(q, lo, hi, &c, p, 3, KM_LOG, .95);
                for (int m = 0; m < 3; m++) {
                    const double want = quantile_by_fractions(e, x, d, w, 3, last, m + 1);
                    ck_assert_msg(q[m] == want || (isnan(q[m]) && isnan(want)),
                                  "(%d,%d]%s w %ld, (%d,%d]%s w %ld, (%d,%d]%s w %ld: quantile %g is %g, expected %g", e[0], x[0], d[0] ? "" : "+", w[0],
                                  e[1], x[1], d[1] ? "" : "+", w[1], e[2], x[2], d[2] ? "" : "+", w[2], p[m], q[m], want);
                }
                sets++;
                early += c.n > 1 && c.surv[0] == 0;
                arena_free(&a);
            }
    ck_assert(sets == 88560 && early > 1000);
}
END_TEST

/* Rows that count one each are counted, not gone through: the same bits as with a weight of 1 each, whatever the times are like. */
START_TEST(counted_is_row_by_row)
{
    enum { MANY = 9000, KINDS = 7 };
    static double t[MANY], d[MANY], one[MANY];
    for (int kind = 0; kind < KINDS; kind++)
        for (int how = 0; how < 4; how++)
            for (size_t n = 0; n <= MANY; n = n ? 7 * n + 3 : 1) {
                Arena a = { 0 };
                KmCurve c, k;
                Rng r = rng_stream(12, (uint64_t)kind);
                const KmOptions options = { .exponential = how & 1, .tie_corrected = how & 2 };
                for (size_t i = 0; i < n; i++) {
                    const double x = rng_exponential(&r);
                    t[i] = kind == 0 ? x : kind == 1 ? ceil(300 * x) : kind == 2 ? ceil(40 * x) / 10 : kind == 3 ? 5 : kind == 4 ? rng_normal(&r) * 9
                         : kind == 5 ? (rng_below(&r, 2) ? 0. : -0.) : (double)(i / 3) + .1;      /* the last ones ascend */
                    d[i] = rng_below(&r, 3);
                    one[i] = 1;
                }
                assert_ok(km_estimate(&c, &(KmData){ .n = n, .time = t, .event = d }, &options, &a, NULL));
                assert_ok(km_estimate(&k, &(KmData){ .n = n, .time = t, .event = d, .weight = one }, &options, &a, NULL));
                ck_assert_uint_eq(c.n, k.n);
                ck_assert_uint_eq(c.n_rows, n);
                const double *x[8] = { c.time, c.n_risk, c.n_event, c.n_censor, c.surv, c.std_err, c.cumhaz, c.se_cumhaz };
                const double *y[8] = { k.time, k.n_risk, k.n_event, k.n_censor, k.surv, k.std_err, k.cumhaz, k.se_cumhaz };
                for (int q = 0; q < 8; q++)
                    for (size_t i = 0; i < c.n; i++) ck_assert_msg(x[q][i] == y[q][i], "kind %d column %d row %zu", kind, q, i);
                arena_free(&a);
            }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("km");
    TCase *c = unit_case(s, "km");
    tcase_add_test(c, by_hand);
    tcase_add_test(c, median_on_a_plateau);
    tcase_add_test(c, limits);
    tcase_add_test(c, shuffled_rows_same_bits);
    tcase_add_test(c, doubled_row_is_weight_two);
    tcase_add_test(c, split_interval_is_unsplit);
    tcase_add_test(c, jackknife_is_the_derivative);
    tcase_add_test(c, quantiles_of_late_entries_by_fractions);
    tcase_add_test(c, counted_is_row_by_row);
    return s;
}

UNIT_MAIN("km")
