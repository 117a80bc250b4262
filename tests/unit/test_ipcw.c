/* tests/unit/test_ipcw.c: censoring weights by hand, and measures that must equal their plain forms without censoring. */
#include "stats/ipcw.h"

#include "core/rng.h"
#include "stats/roc.h"
#include "tests/unit/unit.h"

/* Times 1 2+ 3 3+ 4: at 2 one of 4 is censored; at 3 the event goes first, then one of two; G = 1, 3/4, 3/8. */
static const double hand_time[5] = { 1, 2, 3, 3, 4 };
static const int hand_state[5] = { 1, 0, 1, 0, 1 };

START_TEST(weights_by_hand)
{
    Arena a = { 0 };
    Ipcw w;
    assert_ok(ipcw_init(&w, hand_time, hand_state, 5, &a, NULL));
    static const double before[5] = { 1, 1, 0.75, 0.75, 0.375 };
    for (int i = 0; i < 5; i++) assert_near(1 / w.inverse_at[i], before[i], 1e-15);      /* the rows are sorted */
    assert_near(ipcw_G(&w, 1.9), 1, 0);
    assert_near(ipcw_G(&w, 2), 0.75, 1e-15);
    assert_near(ipcw_G(&w, 3.5), 0.375, 1e-15);
    /* Brier at 3 of risk 1/2: rows 1 and 3 as events (weights 1, 4/3), row 5 as survivor (8/3); the weights sum to n. */
    double risk[5] = { 0.5, 0.5, 0.5, 0.5, 0.5 };
    Measure m;
    assert_ok(ipcw_brier(&m, &w, risk, 3, NULL));
    assert_near(m.value, 0.25 * (1 + 4. / 3 + 8. / 3) / 5, 1e-15);
    /* AUC at 3: cases 1 and 3 with weights 1 and 4/3, control 5. Only case 1 lies above it. */
    double marker[5] = { 9, 0, 2, 0, 5 };
    assert_ok(ipcw_auc(&m, NULL, &w, marker, 3, CASES_UP_TO_T, false, NULL, NULL));
    assert_near(m.value, 1 / (1 + 4. / 3), 1e-15);
    assert_ok(ipcw_auc(&m, NULL, &w, marker, 3, CASES_BEFORE_T, false, NULL, NULL));
    assert_near(m.value, 1, 1e-15);
    assert_ok(ipcw_auc(&m, NULL, &w, marker, 0.5, CASES_UP_TO_T, false, NULL, NULL));
    ck_assert(isnan(m.value) && isnan(m.se));
    arena_free(&a);
}
END_TEST

START_TEST(without_censoring)
{
    enum { N = 90 };
    Arena a = { 0 };
    Rng r = rng_stream(4, 0);
    double time[N], marker[N], risk[N], y[N], mse = 0, square = 0;
    int state[N];
    for (int i = 0; i < N; i++) {
        time[i] = 1 + rng_below(&r, 30);
        marker[i] = rng_below(&r, 20);
        risk[i] = rng_uniform(&r);
        state[i] = 1;
        y[i] = time[i] <= 12;
        double d = (y[i] - risk[i]) * (y[i] - risk[i]);
        mse += d / N;
        square += d * d / N;
    }
    Ipcw w;
    Measure m;
    RocArea roc;
    assert_ok(ipcw_init(&w, time, state, N, &a, NULL));
    assert_ok(ipcw_brier(&m, &w, risk, 12, NULL));
    assert_near(m.value, mse, 1e-14);
    assert_near(m.se, sqrt((square - mse * mse) / (N - 1)), 1e-12);
    assert_ok(ipcw_auc(&m, NULL, &w, marker, 12, CASES_UP_TO_T, false, NULL, NULL));
    assert_ok(roc_area(&roc, marker, y, N, &a, NULL));
    assert_near(m.value, roc.auc, 1e-14);
    /* DeLong's variance has other denominators, n - 1 by class. */
    assert_near(m.se, sqrt(roc.var), 0.03);
    arena_free(&a);
}
END_TEST

/* A constant rise of the marker, rows turned round, marker turned round. */
START_TEST(properties)
{
    enum { N = 80 };
    Arena a = { 0 };
    Rng r = rng_stream(9, 0);
    double time[N], marker[N], minus[N], cubed[N], back_time[N], back[N];
    int state[N], back_state[N];
    for (int i = 0; i < N; i++) {
        time[i] = 1 + rng_below(&r, 25);
        marker[i] = rng_normal(&r);
        state[i] = (int)rng_below(&r, 3);
    }
    for (int i = 0; i < N; i++) {
        minus[i] = -marker[i];
        cubed[i] = marker[i] * marker[i] * marker[i] + 7;
        back_time[i] = time[N - 1 - i];
        back[i] = marker[N - 1 - i];
        back_state[i] = state[N - 1 - i];
    }
    Ipcw w, b;
    Measure m, q;
    assert_ok(ipcw_init(&w, time, state, N, &a, NULL));
    assert_ok(ipcw_init(&b, back_time, back_state, N, &a, NULL));
    for (int other = 0; other < 2; other++) {
        assert_ok(ipcw_auc(&m, NULL, &w, marker, 10, CASES_BEFORE_T, other, NULL, NULL));
        assert_ok(ipcw_auc(&q, NULL, &w, minus, 10, CASES_BEFORE_T, other, NULL, NULL));
        assert_near(q.value, 1 - m.value, 1e-13);
        assert_near(q.se, m.se, 1e-11);
        assert_ok(ipcw_auc(&q, NULL, &w, cubed, 10, CASES_BEFORE_T, other, NULL, NULL));
        assert_near(q.value, m.value, 0);
        assert_ok(ipcw_auc(&q, NULL, &b, back, 10, CASES_BEFORE_T, other, NULL, NULL));
        assert_near(q.value, m.value, 1e-14);
        assert_near(q.se, m.se, 1e-12);
    }
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ipcw");
    TCase *c = unit_case(s, "ipcw");
    tcase_add_test(c, weights_by_hand);
    tcase_add_test(c, without_censoring);
    tcase_add_test(c, properties);
    return s;
}

UNIT_MAIN("ipcw")
