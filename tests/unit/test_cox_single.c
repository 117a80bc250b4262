/* tests/unit/test_cox_single.c: the short way of screening gives what the general fit gives, and steps aside where it cannot. */
#include "core/rng.h"
#include "stats/concordance.h"
#include "stats/cox_fit.h"
#include "stats/cox_single.h"
#include "unit.h"

enum { N = 120 };
typedef struct { double time[N], event[N], x[N]; } Rows;

/* Times in whole steps of 1/`steps`, so that few steps make many ties; x rounded to `digits` when that is not 0. */
static void simulate(Rows *r, uint64_t stream, double steps, double digits)
{
    Rng g = rng_stream(3, stream);
    for (int i = 0; i < N; i++) {
        double v = 40 + 9 * rng_normal(&g);
        r->x[i] = digits > 0 ? nearbyint(v / digits) * digits : v;
        double t = rng_exponential(&g) / exp(.04 * (r->x[i] - 40)), c = 2 * rng_uniform(&g);
        r->time[i] = ceil(steps * fmin(t, c));
        r->event[i] = t <= c;
    }
}

static bool fits(CoxSingleFit *f, const CoxSingle *s, const double *x)
{
    bool found;
    assert_ok(cox_single_fit(f, &found, s, &x, 1, NULL));
    return found;
}

static int by_time(const void *pa, const void *pb, void *context)
{
    const Rows *r = context;
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    if (r->time[a] != r->time[b]) return r->time[a] < r->time[b] ? -1 : 1;
    if (r->event[a] != r->event[b]) return r->event[a] < r->event[b] ? -1 : 1;
    return (a > b) - (a < b);
}

START_TEST(as_the_general_fit)
{
    static const double steps[] = { 1e9, 300, 12 }, digits[] = { 0, 5 };
    for (int efron = 0; efron < 2; efron++)
        for (int s = 0; s < 3; s++)
            for (int d = 0; d < 2; d++) {
                Rows r;
                Arena a = { 0 };
                CoxSingle single;
                CoxSingleFit f;
                CoxData data;
                CoxMaximum m;
                Concordance c;
                size_t order[N];
                double beta, v, marker[N];
                simulate(&r, (uint64_t)(6 * efron + 2 * s + d), steps[s], digits[d]);
                for (size_t i = 0; i < N; i++) order[i] = i;
                qsort_r(order, N, sizeof *order, by_time, &r);
                CoxInput in = { .n = N, .p = 1, .x = r.x, .time = r.time, .event = r.event, .order = order, .ties = efron ? TIES_EFRON : TIES_BRESLOW };
                assert_ok(cox_data_init(&data, &in, &a, NULL));
                assert_ok(cox_maximise(&m, &data, NULL, NULL, &a, NULL));
                cox_to_columns(&beta, &data, m.g);
                cox_vcov_to_columns(&v, &data, m.vcov);
                for (int i = 0; i < N; i++) marker[i] = beta * r.x[i];
                assert_ok(concordance_estimate(&c, &(ConcordanceData){ .n = N, .time = r.time, .event = r.event, .marker = marker, .tau = INFINITY }, NULL, &a, NULL));
                assert_ok(cox_single_init(&single, r.time, r.event, N, in.ties, &a, NULL));
                ck_assert(fits(&f, &single, r.x));
                assert_near(f.coef, beta, 1e-11);
                assert_near(f.se, sqrt(v), 1e-11);
                assert_near(f.loglik, m.loglik, 1e-13);
                assert_near(f.loglik_null, m.loglik_start, 1e-13);
                assert_near(f.score_chisq, m.score_start[0] * m.score_start[0] / m.info_start[0], 1e-10);
                assert_near(f.c, c.c, 1e-15);
                arena_free(&a);
            }
}
END_TEST

/* Shuffled rows, the same bits; the negative covariate, the negative coefficient and the same concordance. */
START_TEST(what_may_not_change)
{
    Rows r, q;
    Arena a = { 0 };
    CoxSingle s, t;
    CoxSingleFit f, g;
    double minus[N];
    simulate(&r, 40, 20, 3);
    for (int i = 0; i < N; i++) {
        const int k = (i * 77 + 13) % N;
        q.time[i] = r.time[k];
        q.event[i] = r.event[k];
        q.x[i] = r.x[k];
        minus[i] = -r.x[i];
    }
    assert_ok(cox_single_init(&s, r.time, r.event, N, TIES_EFRON, &a, NULL));
    assert_ok(cox_single_init(&t, q.time, q.event, N, TIES_EFRON, &a, NULL));
    ck_assert(fits(&f, &s, r.x) && fits(&g, &t, q.x));
    ck_assert(f.coef == g.coef && f.se == g.se && f.loglik == g.loglik && f.c == g.c);
    ck_assert(fits(&g, &s, minus));
    assert_near(g.coef, -f.coef, 1e-12);
    assert_near(g.c, f.c, 1e-15);
    arena_free(&a);
}
END_TEST

/* A constant, a covariate by which every event is the first of all at risk, and one that only ties keep from it. */
START_TEST(what_it_leaves_to_the_general_way)
{
    double time[] = { 1, 2, 3, 4, 5, 6 }, event[] = { 1, 1, 0, 1, 0, 0 }, constant[] = { 2, 2, 2, 2, 2, 2 }, falling[] = { 9, 8, 5, 7, 6, 1 };
    double tied[] = { 9, 8, 5, 7, 7, 7 }, mixed[] = { 9, 8, 5, 1, 6, 7 };
    Arena a = { 0 };
    CoxSingle s;
    CoxSingleFit f;
    assert_ok(cox_single_init(&s, time, event, 6, TIES_EFRON, &a, NULL));
    ck_assert(!fits(&f, &s, constant));
    ck_assert(!fits(&f, &s, falling));
    ck_assert(!fits(&f, &s, tied));
    ck_assert(fits(&f, &s, mixed));
    for (int i = 0; i < 6; i++) falling[i] = -falling[i];
    ck_assert(!fits(&f, &s, falling));
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cox_single");
    TCase *c = unit_case(s, "one covariate");
    tcase_add_test(c, as_the_general_fit);
    tcase_add_test(c, what_may_not_change);
    tcase_add_test(c, what_it_leaves_to_the_general_way);
    return s;
}

UNIT_MAIN("cox_single")
