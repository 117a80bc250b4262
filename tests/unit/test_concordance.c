/* tests/unit/test_concordance.c: the tree against counting every pair, and the influence against the derivative. */
#include "stats/concordance.h"

#include "core/rng.h"
#include "tests/unit/unit.h"

enum { N = 80 };
typedef struct { double start[N], time[N], event[N], weight[N], marker[N]; int stratum[N], cluster[N]; } Sample;

static Sample sample_of(uint64_t seed)
{
    Rng r = rng_stream(seed, 0);
    Sample s;
    for (int i = 0; i < N; i++) {
        s.time[i] = 2 + rng_below(&r, 20);
        s.start[i] = floor(rng_uniform(&r) * 0.6 * s.time[i]);
        s.event[i] = rng_uniform(&r) < 0.6;
        s.marker[i] = rng_below(&r, 9);
        s.weight[i] = 0.5 + rng_uniform(&r);
        s.stratum[i] = (int)rng_below(&r, 3);
        s.cluster[i] = i / 4;
    }
    return s;
}

/* Every pair by its definition, pair weight 1. */
static void count_pairs(double out[5], const ConcordanceData *d)
{
    memset(out, 0, 5 * sizeof *out);
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < d->n; j++) {
            if (i == j || !d->event[i] || (d->stratum && d->stratum[i] != d->stratum[j])) continue;
            double w = (d->weight ? d->weight[i] * d->weight[j] : 1), t = d->time[i];
            if (t > d->tau || (d->start && d->start[j] >= t)) continue;
            if (d->time[j] == t && d->event[j]) {
                if (i < j) out[d->marker[i] == d->marker[j] ? 4 : 3] += w;
            } else if (d->time[j] >= t) {
                out[d->marker[i] > d->marker[j] ? 0 : d->marker[i] < d->marker[j] ? 1 : 2] += w;
            }
        }
}

/* Rows that count once are counted, rows of weight 1 summed: the same numbers, and the same influence of every row. */
START_TEST(counts_are_sums)
{
    Arena a = { 0 };
    double one[N];
    for (int i = 0; i < N; i++) one[i] = 1;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        Sample s = sample_of(seed);
        if (seed % 2) for (int i = 0; i < N; i++) s.marker[i] += i / 100.;      /* none equal */
        for (int variant = 0; variant < 8; variant++) {
            Concordance counted, summed;
            ConcordanceData d = { .n = N, .start = variant & 1 ? s.start : NULL, .time = s.time, .event = s.event, .marker = s.marker,
                                  .stratum = variant & 2 ? s.stratum : NULL, .tau = variant & 4 ? 12 : INFINITY };
            assert_ok(concordance_estimate(&counted, &d, s.cluster, &a, NULL));
            d.weight = one;
            assert_ok(concordance_estimate(&summed, &d, s.cluster, &a, NULL));
            ck_assert(counted.concordant == summed.concordant && counted.discordant == summed.discordant && counted.tied_x == summed.tied_x);
            ck_assert(counted.tied_y == summed.tied_y && counted.tied_xy == summed.tied_xy && counted.c == summed.c);
            assert_near(counted.var, summed.var, 1e-13);
            for (int i = 0; i < N; i++) assert_near_abs(counted.influence[i], summed.influence[i], 1e-13, 1e-16);
        }
    }
    arena_free(&a);
}
END_TEST

START_TEST(every_pair)
{
    Arena a = { 0 };
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Sample s = sample_of(seed);
        for (int variant = 0; variant < 8; variant++) {
            ConcordanceData d = { N, variant & 1 ? s.start : NULL, s.time, s.event, variant & 2 ? s.weight : NULL, s.marker,
                                  variant & 4 ? s.stratum : NULL, PAIRS_N, seed % 2 ? INFINITY : 12, false };
            Concordance c;
            double want[5];
            assert_ok(concordance_estimate(&c, &d, NULL, &a, NULL));
            count_pairs(want, &d);
            assert_near_abs(c.concordant, want[0], 1e-12, 1e-9);
            assert_near_abs(c.discordant, want[1], 1e-12, 1e-9);
            assert_near_abs(c.tied_x, want[2], 1e-12, 1e-9);
            assert_near_abs(c.tied_y, want[3], 1e-12, 1e-9);
            assert_near_abs(c.tied_xy, want[4], 1e-12, 1e-9);
            assert_near(c.c, (want[0] + want[2] / 2) / (want[0] + want[1] + want[2]), 1e-12);
        }
    }
    arena_free(&a);
}
END_TEST

/* With pair weights held fixed (kind N), influence is the derivative of C by the case weight. */
START_TEST(influence_is_the_derivative)
{
    Arena a = { 0 };
    Sample s = sample_of(99);
    ConcordanceData d = { N, s.start, s.time, s.event, s.weight, s.marker, s.stratum, PAIRS_N, 15, false };
    Concordance c, up, down;
    assert_ok(concordance_estimate(&c, &d, s.cluster, &a, NULL));
    double sum = 0;
    for (int g = 0; g < N / 4; g++) {
        double h = 1e-5, w1[N], w2[N], u = 0;
        for (int i = 0; i < N; i++) {
            w1[i] = s.weight[i] * (s.cluster[i] == g ? 1 + h : 1);
            w2[i] = s.weight[i] * (s.cluster[i] == g ? 1 - h : 1);
            if (s.cluster[i] == g) u += c.influence[i];
        }
        d.weight = w1;
        assert_ok(concordance_estimate(&up, &d, NULL, &a, NULL));
        d.weight = w2;
        assert_ok(concordance_estimate(&down, &d, NULL, &a, NULL));
        assert_near_abs(u, (up.c - down.c) / (2 * h), 1e-6, 1e-9);
        sum += u * u;
    }
    assert_near(c.var, sum, 1e-12);
    arena_free(&a);
}
END_TEST

START_TEST(properties)
{
    Arena a = { 0 };
    Sample s = sample_of(7);
    for (int k = 0; k < PAIRS_N_KINDS; k++) {
        ConcordanceData d = { N, NULL, s.time, s.event, s.weight, s.marker, NULL, (PairWeight)k, INFINITY, false };
        Concordance c, m;
        assert_ok(concordance_estimate(&c, &d, NULL, &a, NULL));
        double minus[N], z[5][N];
        for (int i = 0; i < N; i++) minus[i] = -s.marker[i];
        d.marker = minus;
        assert_ok(concordance_estimate(&m, &d, NULL, &a, NULL));
        assert_near(m.c, 1 - c.c, 1e-13);
        assert_near(m.var, c.var, 1e-11);
        /* Rows turned round: the same bits. */
        for (int i = 0; i < N; i++) {
            z[0][i] = s.time[N - 1 - i]; z[1][i] = s.event[N - 1 - i]; z[2][i] = s.weight[N - 1 - i];
            z[3][i] = s.marker[N - 1 - i];
        }
        d = (ConcordanceData){ N, NULL, z[0], z[1], z[2], z[3], NULL, (PairWeight)k, INFINITY, false };
        assert_ok(concordance_estimate(&m, &d, NULL, &a, NULL));
        ck_assert(m.c == c.c && m.var == c.var && m.concordant == c.concordant && m.tied_y == c.tied_y);
    }
    /* Two events at one time: nothing to compare. */
    double t[2] = { 5, 5 }, d2[2] = { 1, 1 }, x[2] = { 1, 2 };
    Concordance none;
    assert_ok(concordance_estimate(&none, &(ConcordanceData){ .n = 2, .time = t, .event = d2, .marker = x, .tau = INFINITY }, NULL,
                                   &a, NULL));
    ck_assert(isnan(none.c) && isnan(none.var));
    assert_near(none.tied_y, 1, 0);
    arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("concordance");
    TCase *c = unit_case(s, "concordance");
    tcase_add_test(c, counts_are_sums);
    tcase_add_test(c, every_pair);
    tcase_add_test(c, influence_is_the_derivative);
    tcase_add_test(c, properties);
    return s;
}

UNIT_MAIN("concordance")
