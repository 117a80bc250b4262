/* tests/unit/test_ibs.c: the integrated Brier score against the score of every row at every time. */
#include <math.h>

#include "core/rng.h"
#include "stats/ibs.h"
#include "tests/unit/unit.h"

enum { ROWS = 300 };

/* As it is defined, n x times products. */
static void plainly(double out[2], const Ipcw *w, const double *lp, const int *stratum, size_t n_strata, const double *H, const double *r0,
                    double tau)
{
    size_t place[ROWS];
    for (size_t q = 0; q < w->n; q++) place[w->order[q]] = q;
    out[0] = out[1] = 0;
    for (size_t k = 0; k < w->n_times && w->at[k] < tau; k++) {
        const double t = w->at[k], until = k + 1 < w->n_times && w->at[k + 1] < tau ? w->at[k + 1] : tau;
        for (int which = 0; which < 2; which++) {
            long double s = 0;
            for (size_t i = 0; i < w->n; i++) {
                const double r = which ? r0[k] : -expm1(-H[k * n_strata + (stratum ? (size_t)stratum[i] : 0)] * exp(lp[i]));
                if (w->time[i] > t) s += r * r / w->G_after[k];
                else if (w->state[i]) s += (1 - r) * (1 - r) * w->inverse_at[place[i]];
            }
            out[which] += (double)(s * (until - t) / (long double)w->n / tau);
        }
    }
}

/* Without strata and with three of them, each with its own hazard.
 * Few and many ties, narrow and wide predictors (some equal, one at a node), hazards up to certain death. */
START_TEST(row_by_row)
{
    enum { N = ROWS };
    static const double spread[] = { 0, .1, 1, 4, 40 };
    for (uint64_t seed = 0; seed < 25; seed++) {
        Rng g = rng_stream(11, seed);
        Arena a = { 0 };
        Ipcw w;
        const size_t n = 2 + rng_below(&g, N - 1);
        double time[N], lp[N], H[3 * N], r0[N], got[2], want[2];
        int state[N], stratum[N];
        const size_t strata = seed % 2 ? 1 : 3;
        for (size_t i = 0; i < n; i++) {
            time[i] = seed % 2 ? rng_uniform(&g) : 1 + rng_below(&g, 20);
            state[i] = rng_uniform(&g) < .6;
            stratum[i] = (int)rng_below(&g, 3);
            lp[i] = spread[seed % 5] * (seed % 3 ? rng_normal(&g) : round(2 * rng_normal(&g)) / 2);
        }
        assert_ok(ipcw_init(&w, time, state, n, &a, NULL));
        for (size_t k = 0; k < w.n_times; k++) {
            for (size_t s = 0; s < strata; s++)
                H[k * strata + s] = (k ? H[(k - 1) * strata + s] : 0) + (k % 3 != s ? 10. / (double)n * rng_uniform(&g) : 0);
            r0[k] = -expm1(-H[k * strata]);
        }
        const double tau = seed % 4 ? w.at[w.n_times - 1] : w.at[w.n_times / 2];
        assert_ok(ipcw_integrated_brier(&got[0], &got[1], &w, lp, strata > 1 ? stratum : NULL, strata, H, r0, tau, NULL));
        plainly(want, &w, lp, strata > 1 ? stratum : NULL, strata, H, r0, tau);
        for (int k = 0; k < 2; k++) assert_near(got[k], want[k], 1e-13);
        arena_free(&a);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ibs");
    TCase *c = unit_case(s, "ibs");
    tcase_add_test(c, row_by_row);
    return s;
}

UNIT_MAIN("ibs")
