/* tests/unit/test_training.c: training sets side by side: each gets what it gets one by one, and the same bits in any company. */
#include "core/rng.h"
#include "stats/training.h"
#include "unit.h"

enum { N = 70, P = 12, M = 24 };
typedef struct { double x[P * N], time[N], event[N]; size_t row[M][N]; RowList set[M]; TrainData d; } Case;

/* p columns, some of few values, one that hardly varies; times in `steps` steps. Sets: resamples, subsets, all rows once, and one
 * (where there is a column of 0 and 1) in which every row with a 1 fails first. */
static void draw(Case *c, uint64_t stream, int p, double steps, bool response)
{
    Rng r = rng_stream(17, stream);
    for (int j = 0; j < p; j++)
        for (int i = 0; i < N; i++) {
            const double v = rng_normal(&r);
            c->x[j * N + i] = j % 4 == 1 ? v > .3 : j % 4 == 2 ? 60 + nearbyint(9 * v) : j % 4 == 3 ? (v > 1.2) - 5 : v;
        }
    for (int i = 0; i < N; i++) {
        const double eta = .5 * c->x[i] + (p > 1 ? .4 * c->x[N + i] : 0), t = rng_exponential(&r) / exp(eta), end = 2 * rng_uniform(&r);
        c->time[i] = ceil(steps * fmin(t, end));
        c->event[i] = response ? rng_uniform(&r) < 1 / (1 + exp(-eta)) : t <= end;
    }
    for (int k = 0; k < M; k++) {
        size_t n = 0;
        for (int i = 0; i < N; i++) {
            if (k == 0) c->row[k][n++] = (size_t)i;
            else if (k == 1) { if (p < 2 || c->x[N + i] == 0 || c->event[i] != 0) c->row[k][n++] = (size_t)i; }
            else if (k < 12) c->row[k][n++] = rng_below(&r, N);
            else if (rng_uniform(&r) < .8) c->row[k][n++] = (size_t)i;
        }
        c->set[k] = (RowList){ c->row[k], n };
    }
    c->d = (TrainData){ .n = N, .p = p, .x = c->x, .time = response ? NULL : c->time, .event = c->event, .horizon = response ? NAN : steps / 2 };
}

static void same(const Trained *a, const Trained *b, int p, double tolerance)
{
    ck_assert(a->exists == b->exists);
    if (!a->exists) return;
    for (int j = 0; j < p; j++) assert_near_abs(a->beta[j], b->beta[j], tolerance, tolerance);
    assert_near_abs(a->intercept, b->intercept, tolerance, tolerance);
    /* The hazard belongs to its centre. */
    assert_near_abs(log(a->cumhaz) - a->center, log(b->cumhaz) - b->center, tolerance, tolerance);
}

static size_t checked, without;

static void check(uint64_t stream, int p, double steps, bool response)
{
    static Case c;
    Arena a = { 0 };
    Training side, alone;
    draw(&c, stream, p, steps, response);
    assert_ok(training_init(&side, &c.d, true, &a, NULL));
    assert_ok(training_init(&alone, &c.d, true, &a, NULL));
    for (int from = 0; from < M; from += LANES) {
        Trained t[LANES] = { { 0 } };
        Judged own[LANES], all[LANES];
        assert_ok(training_fit(t, &side, c.set + from, LANES, &a, NULL));
        assert_ok(training_judge(own, all, &side, t, c.set + from, LANES, &a, NULL));
        for (int k = 0; k < LANES; k++) {
            Trained one, single;
            Judged own_one, all_one, j;
            const RowList *set = &c.set[from + k];
            double eta[2][N], time[N], event[N];
            assert_ok(trained_fit(&one, &c.d, set->row, set->n, &a, NULL));
            same(&t[k], &one, p, 1e-9);
            assert_ok(training_fit(&single, &alone, set, 1, &a, NULL));
            assert_ok(training_judge(&own_one, &all_one, &alone, &single, set, 1, &a, NULL));
            ck_assert(single.exists == t[k].exists);
            checked++;
            without += !one.exists;
            if (!one.exists) continue;
            ck_assert(memcmp(single.beta, t[k].beta, (size_t)p * sizeof(double)) == 0 && single.intercept == t[k].intercept && single.cumhaz == t[k].cumhaz);
            ck_assert(memcmp(&own_one, &own[k], sizeof own_one) == 0 && memcmp(&all_one, &all[k], sizeof all_one) == 0);
            for (size_t i = 0; i < set->n; i++) {
                eta[0][i] = trained_eta(&t[k], &c.d, set->row[i]);
                time[i] = c.time[set->row[i]];
                event[i] = c.event[set->row[i]];
            }
            assert_ok(judge(&j, eta[0], c.d.time ? time : NULL, event, NULL, 1, set->n, &a, NULL));
            assert_near(own[k].c, j.c, 1e-13);
            assert_near_abs(j.slope, own[k].slope, 1e-8, 0);
            if (response) assert_near(own[k].brier, j.brier, 1e-12);
            for (size_t i = 0; i < N; i++) eta[1][i] = trained_eta(&t[k], &c.d, i);
            assert_ok(judge(&j, eta[1], c.d.time, c.event, NULL, 1, N, &a, NULL));
            assert_near(all[k].c, j.c, 1e-13);
            assert_near_abs(all[k].slope, j.slope, 1e-9, 1e-9);
            if (!response) continue;
            assert_near_abs(all[k].intercept, j.intercept, 1e-9, 1e-9);
            assert_near(all[k].brier, j.brier, 1e-12);
        }
    }
    arena_free(&a);
}

START_TEST(as_one_by_one_and_in_any_company)
{
    static const double steps[] = { 1e9, 40, 4 };
    checked = without = 0;
    for (int response = 0; response < 2; response++)
        for (int p = 1; p <= P; p++) check((uint64_t)(100 * response + p), p, steps[p % 3], response);
    /* Both kinds are among them. */
    ck_assert_msg(without > 10 && checked > 4 * without, "%zu of %zu without a maximum", without, checked);
}
END_TEST

/* The row that comes twice is a second row, so two deaths that are tied: not one death of double weight. */
START_TEST(a_row_twice_is_two_rows)
{
    const double x[] = { 1, 0, 2, 1, 0 }, time[] = { 1, 2, 3, 4, 5 }, event[] = { 1, 1, 1, 0, 1 };
    size_t twice[] = { 0, 1, 1, 2, 3, 4 };
    Arena a = { 0 };
    Training side;
    Trained t;
    TrainData d = { .n = 5, .p = 1, .x = x, .time = time, .event = event, .horizon = NAN };
    assert_ok(training_init(&side, &d, true, &a, NULL));
    assert_ok(training_fit(&t, &side, &(RowList){ twice, 6 }, 1, &a, NULL));
    ck_assert(t.exists);
    /* With r = exp(b): deaths 1 | 0 0 tied | 2 | 0 alone; at risk 2r + 3 + r^2 …: the score of Efron's likelihood is 0. */
    const double r = exp(t.beta[0]), s = r * r, first = (2 * r + 2 * s) / (2 * r + s + 3), pair = r + 2 * s;
    assert_near_abs(1 + 2 - first - pair / (r + s + 3) - pair / (r + s + 2) - (r + 2 * s) / (r + s + 1), 0, 0, 1e-12);
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("training");
    TCase *c = unit_case(s, "side by side");
    tcase_add_test(c, as_one_by_one_and_in_any_company);
    tcase_add_test(c, a_row_twice_is_two_rows);
    return s;
}

UNIT_MAIN("training")
