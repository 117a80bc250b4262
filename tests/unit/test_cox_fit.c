/* tests/unit/test_cox_fit.c: likelihood, score and information of a Cox model against their definitions, in long double and in quadratic time. */
#include "tests/unit/unit.h"

#include "core/lanes.h"
#include "core/order.h"
#include "core/rng.h"
#include "stats/cox_fit.h"

enum { P_MOST = 37, N_MOST = 900 };

typedef struct { double x[N_MOST * P_MOST], start[N_MOST], time[N_MOST], event[N_MOST], weight[N_MOST], offset[N_MOST]; int stratum[N_MOST]; size_t order[N_MOST]; } Cohort;
typedef struct { size_t n; int p, strata; double days; bool start, weight, offset; CoxTies ties; } Shape;

static CoxInput draw(Cohort *c, Shape s, uint64_t stream)
{
    Rng r = rng_stream(21, stream);
    for (size_t i = 0; i < s.n; i++) {
        double eta = 0;
        for (int j = 0; j < s.p; j++) { double x = c->x[(size_t)j * s.n + i] = 3 + rng_normal(&r) * (1 + j); if (j < 3) eta += .3 * (x - 3) / (1 + j); }
        c->time[i] = ceil(s.days * rng_exponential(&r) / exp(eta));
        c->start[i] = floor(c->time[i] * rng_uniform(&r));
        if (c->start[i] >= c->time[i]) c->start[i] = c->time[i] - 1;
        c->event[i] = rng_uniform(&r) < .6;
        c->weight[i] = (double)rng_below(&r, 4) / 2;          /* 0 too */
        c->offset[i] = rng_normal(&r) / 2;
        c->stratum[i] = s.strata > 1 ? (int)rng_below(&r, (uint32_t)s.strata) : 0;
    }
    order_start(c->order, s.n);
    assert_ok(order_by(c->order, c->event, s.n, NULL));
    assert_ok(order_by(c->order, c->time, s.n, NULL));
    assert_ok(order_by_codes(c->order, c->stratum, s.n, NULL));
    return (CoxInput){ .n = s.n, .p = s.p, .x = c->x, .time = c->time, .event = c->event, .order = c->order, .ties = s.ties, .start = s.start ? c->start : NULL,
                       .weight = s.weight ? c->weight : NULL, .offset = s.offset ? c->offset : NULL, .stratum = s.strata > 1 ? c->stratum : NULL };
}

typedef struct { long double loglik, score[P_MOST], info[P_MOST * P_MOST]; } Right;

/* The definitions, with block k's score and information multiplied by m[k] (NULL: 1). */
static void define(Right *out, const CoxData *d, const double *g, const double *m, size_t stride)
{
    const size_t p = (size_t)d->p;
    *out = (Right){ 0 };
    for (size_t h = 0; h < d->n_strata; h++)
        for (size_t k = d->stratum[h].block_from; k < d->stratum[h].block_to; k++) {
            const CoxBlock b = d->block[k];
            long double s0 = 0, s1[P_MOST] = { 0 }, s2[P_MOST * P_MOST] = { 0 }, d0 = 0, d1[P_MOST] = { 0 }, d2[P_MOST * P_MOST] = { 0 }, weight = 0;
            const long double times = m ? m[k * stride] : 1;
            for (size_t i = d->stratum[h].row_from; i < d->stratum[h].row_to; i++) {
                if (d->time[i] < b.time || (d->start && d->start[i] >= b.time)) continue;
                const double *x = d->x + i * p;
                long double eta = d->offset ? d->offset[i] : 0, w = d->w ? d->w[i] : 1;
                const bool dies = d->event[i] && d->time[i] == b.time;
                for (size_t j = 0; j < p; j++) eta += (long double)x[j] * g[j];
                const long double r = w * expl(eta);
                s0 += r;
                if (dies) { d0 += r; weight += w; out->loglik += w * eta; }
                for (size_t j = 0; j < p; j++) {
                    s1[j] += r * x[j];
                    if (dies) { d1[j] += r * x[j]; out->score[j] += times * w * x[j]; }
                    for (size_t q = 0; q < p; q++) { s2[j * p + q] += r * x[j] * x[q]; if (dies) d2[j * p + q] += r * x[j] * x[q]; }
                }
            }
            if (weight == 0) continue;
            const size_t deaths = b.to - b.first_death, steps = d->ties == TIES_EFRON ? deaths : 1;
            for (size_t l = 0; l < steps; l++) {
                const long double f = (long double)l / (long double)steps, c = s0 - f * d0, each = weight / (long double)steps;
                out->loglik -= each * logl(c);
                for (size_t j = 0; j < p; j++) {
                    const long double mean = (s1[j] - f * d1[j]) / c;
                    out->score[j] -= times * each * mean;
                    for (size_t q = 0; q < p; q++)
                        out->info[j * p + q] += times * each * ((s2[j * p + q] - f * d2[j * p + q]) / c - mean * (s1[q] - f * d1[q]) / c);
                }
            }
        }
}

static void compare(const Right *want, const double *score, const double *info, size_t p)
{
    for (size_t j = 0; j < p; j++) {
        ck_assert_double_le(fabs((double)(score[j] - want->score[j])), 1e-10);
        for (size_t q = 0; q < p; q++)
            ck_assert_double_le(fabs((double)(info[j * p + q] - want->info[j * p + q])), 1e-11 * (1 + sqrt((double)(want->info[j * p + j] * want->info[q * p + q]))));
    }
}

static const Shape shapes[] = {
    { 60, 1, 1, 10, false, false, false, TIES_EFRON }, { 300, 3, 1, 1e6, false, false, false, TIES_EFRON }, { 300, 5, 1, 3, false, true, true, TIES_EFRON },
    { 300, 9, 7, 12, false, true, false, TIES_BRESLOW }, { 900, 20, 1, 40, false, false, false, TIES_EFRON }, { 900, 8, 3, 40, true, true, true, TIES_EFRON },
    { 500, 17, 1, 1e6, true, false, true, TIES_BRESLOW }, { 500, 2, 200, 9, false, true, true, TIES_EFRON }, { 400, 16, 1, 1, true, true, false, TIES_EFRON },
    { 400, 37, 2, 30, true, false, false, TIES_EFRON }, { 400, 33, 1, 1e6, false, true, false, TIES_EFRON },
};

START_TEST(definitions)
{
    const Shape s = shapes[_i];
    static Cohort c;
    Arena a = { 0 };
    CoxData d;
    const CoxInput in = draw(&c, s, (uint64_t)_i);
    const size_t p = (size_t)s.p;
    double g[P_MOST], score[P_MOST], alone[P_MOST], info[P_MOST * P_MOST], loglik;
    Right *want = malloc(sizeof *want);
    assert_ok(cox_data_init(&d, &in, &a, NULL));
    for (int round = 0; round < 2; round++) {
        for (size_t j = 0; j < p; j++) g[j] = round * (.4 - .1 * (double)(j % 8));
        ck_assert(cox_evaluate(&d, g, &loglik, score, info));
        define(want, &d, g, NULL, 0);
        assert_near(loglik, (double)want->loglik, 1e-13);
        compare(want, score, info, p);
        ck_assert(cox_evaluate(&d, g, NULL, alone, NULL));
        for (size_t j = 0; j < p; j++) ck_assert_double_le(fabs(alone[j] - score[j]), 1e-10);
    }
    /* Multiplied blocks. */
    Rng r = rng_stream(22, 0);
    double *m = malloc(LANES * (d.n_blocks + 1) * sizeof *m), *u = malloc(LANES * p * sizeof *u), *v = malloc(LANES * p * p * sizeof *v);
    for (size_t k = 0; k < LANES * d.n_blocks; k++) m[k] = rng_uniform(&r);
    assert_ok(cox_eight(u, v, &d, m, NULL));
    for (size_t w = 0; w < LANES; w++) {
        define(want, &d, g, m + w, LANES);
        compare(want, u + w * p, v + w * p * p, p);
    }
    free(m);
    free(u);
    free(v);
    free(want);
    arena_free(&a);
}
END_TEST

/* Rows that outweigh all others by many digits come late and leave early: what was summed with them keeps its digits without them. */
START_TEST(heavy_rows)
{
    static Cohort c;
    Right *want = malloc(sizeof *want);
    for (uint64_t stream = 0; stream < 12; stream++) {
        const Shape s = { 200, 3, stream % 3 == 0 ? 2 : 1, stream % 2 ? 15 : 1e6, true, false, false, stream % 4 < 2 ? TIES_EFRON : TIES_BRESLOW };
        Arena a = { 0 };
        CoxData d;
        CoxDetail detail;
        const CoxInput in = draw(&c, s, 100 + stream);
        double g[3], score[3], alone[3] = { 0 }, info[9], loglik;
        assert_ok(cox_data_init(&d, &in, &a, NULL));
        for (int j = 0; j < 3; j++) g[j] = j % 2 ? -9 : 9;
        ck_assert(cox_evaluate(&d, g, &loglik, score, info));
        define(want, &d, g, NULL, 0);
        assert_near(loglik, (double)want->loglik, 1e-13);
        compare(want, score, info, 3);
        double *u = malloc(3 * s.n * sizeof *u);
        assert_ok(cox_detail(&detail, &d, g, &a, NULL));
        assert_ok(cox_score_residuals(u, NULL, &d, g, &detail, NULL));
        for (size_t i = 0; i < 3 * s.n; i++) alone[i % 3] += u[i];
        for (int j = 0; j < 3; j++) ck_assert_double_le(fabs(alone[j] - (double)want->score[j]), 1e-9);
        free(u);
        arena_free(&a);
    }
    free(want);
}
END_TEST

/* Rows that come in another order, or from a table that is read as they lie, have the same bits: both ways in which they are gathered. */
START_TEST(order_of_rows)
{
    enum { N = 30000, P = 7 };
    double *x = malloc(2 * N * P * sizeof *x), *time = malloc(2 * N * sizeof *time), *event = malloc(2 * N * sizeof *event);
    size_t *order = malloc(2 * N * sizeof *order), *shuffled = order + N;
    double first[P], second[P];
    Rng r = rng_stream(23, 0);
    for (size_t i = 0; i < N; i++) { shuffled[i] = i; time[i] = (double)(i / 3); event[i] = i % 3 != 0; }
    for (size_t i = N - 1; i > 0; i--) { const size_t k = rng_below(&r, (uint32_t)i + 1), swap = shuffled[i]; shuffled[i] = shuffled[k]; shuffled[k] = swap; }
    for (size_t i = 0; i < N; i++) for (size_t j = 0; j < P; j++) x[j * N + i] = 1e3 + rng_normal(&r) * exp((double)j);
    for (size_t i = 0; i < N; i++) {
        order[shuffled[i]] = i;                    /* row i of the second table is row shuffled[i] of the first */
        time[N + i] = time[shuffled[i]];
        event[N + i] = event[shuffled[i]];
        for (size_t j = 0; j < P; j++) x[(P + j) * N + i] = x[j * N + shuffled[i]];
    }
    for (int which = 0; which < 2; which++) {
        Arena a = { 0 };
        CoxData d;
        CoxMaximum m;
        const CoxInput in = { .n = N, .p = P, .x = x + which * N * P, .time = time + which * N, .event = event + which * N, .order = which ? order : NULL };
        assert_ok(cox_data_init(&d, &in, &a, NULL));
        assert_ok(cox_maximise(&m, &d, NULL, NULL, &a, NULL));
        ck_assert(m.converged && m.certified);
        memcpy(which ? second : first, m.g, sizeof first);
        arena_free(&a);
    }
    ck_assert(memcmp(first, second, sizeof first) == 0);
    free(x);
    free(time);
    free(event);
    free(order);
}
END_TEST

/* Columns of huge or tiny numbers are scaled without overflow, and a risk set of nothing but vanishing risks is refused. */
START_TEST(extremes)
{
    enum { N = 20 };
    double x[2 * N], time[N], event[N];
    Arena a = { 0 };
    CoxData d;
    CoxMaximum m;
    Rng r = rng_stream(24, 0);
    for (int i = 0; i < N; i++) { x[i] = 1e160 * rng_normal(&r); x[N + i] = 1e-150 * rng_normal(&r); time[i] = i; event[i] = i % 3 != 0; }
    const CoxInput in = { .n = N, .p = 2, .x = x, .time = time, .event = event };
    assert_ok(cox_data_init(&d, &in, &a, NULL));
    for (int i = 0; i < 2 * N; i++) ck_assert(fabs(d.x[i]) < 4);
    assert_ok(cox_maximise(&m, &d, NULL, NULL, &a, NULL));
    ck_assert(m.converged);
    const double far[2] = { 1e4, 0 };
    double loglik;
    ck_assert(!cox_evaluate(&d, far, &loglik, NULL, NULL));
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cox_fit");
    TCase *c = unit_case(s, "likelihood");
    tcase_add_loop_test(c, definitions, 0, sizeof shapes / sizeof *shapes);
    tcase_add_test(c, order_of_rows);
    tcase_add_test(c, heavy_rows);
    tcase_add_test(c, extremes);
    return s;
}

UNIT_MAIN("cox_fit")
