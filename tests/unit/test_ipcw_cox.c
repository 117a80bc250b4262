/* tests/unit/test_ipcw_cox.c: areas weighted by a Cox model of censoring: each row's influence is the derivative by its case weight, and the
 * standard error is that of R. What it covers is in test_coverage_weights.c. */
#include "core/rng.h"
#include "stats/ipcw_cox.h"
#include "tests/unit/stat_fixture.h"

enum { N = 60, P = 2 };

typedef struct { double time[N], weight[N], x[P * N]; int state[N]; } Rows;
typedef struct { double t; bool other_events; size_t marker; } Asked;

/* Censoring depends on both columns; times are whole numbers where `ties`. */
static void make(Rows *r, bool ties, bool weighted, uint64_t seed)
{
    Rng g = rng_stream(41, seed);
    for (int i = 0; i < N; i++) {
        r->x[i] = ties ? floor(3 * rng_uniform(&g)) : rng_normal(&g);
        r->x[N + i] = rng_uniform(&g);
        const double event = 6 * rng_exponential(&g) / exp(.7 * r->x[i]), other = 15 * rng_exponential(&g);
        const double end = 8 * rng_exponential(&g) / exp(.5 * r->x[i] - r->x[N + i]), first = fmin(event, fmin(other, end));
        r->time[i] = ties ? ceil(first) : first;
        r->state[i] = first == event ? 1 : first == other ? 2 : 0;
        r->weight[i] = weighted ? .3 + rng_uniform(&g) : 1;
    }
}

/* The area with the model fitted anew for these weights; influence NULL: not wanted. */
static double area(double *influence, const Rows *r, const double *weight, Asked q)
{
    Arena a = { 0 };
    Ipcw w;
    CensoringModel m;
    Measure auc;
    Err e = { 0 };
    double by_row[N], known[N];
    static const char *const term[] = { "x", "z" };
    Json *out = json_object();
    assert_ok_e(ipcw_init_weighted(&w, r->time, r->state, weight, &(Clusters){ .n = N }, &a, &e), e);
    assert_ok_e(censoring_fit(&m, &w, r->x, P, term, out, &a, &e), e);
    censoring_weights(by_row, &m, r->x, q.t);
    assert_ok_e(ipcw_auc(&auc, known, &w, r->x + q.marker * N, q.t, CASES_BEFORE_T, q.other_events, by_row, &e), e);
    ck_assert(isnan(auc.se));
    if (influence) {
        assert_ok_e(censoring_influence(known, &m, q.t, &e), e);
        for (int i = 0; i < N; i++) influence[i] = known[i] / w.total;
    }
    json_free(out);
    arena_free(&a);
    return auc.value;
}

START_TEST(influence_is_the_derivative)
{
    static const Asked asked[] = { { 2.5, false, 0 }, { 4, true, 0 }, { 4, false, 1 }, { 6, true, 1 } };
    for (int way = 0; way < 4; way++)
        for (size_t k = 0; k < sizeof asked / sizeof *asked; k++) {
            Rows r;
            double u[N], w[N], largest = 0, worst = 0;
            make(&r, way % 2, way / 2, (uint64_t)way);
            memcpy(w, r.weight, sizeof w);
            area(u, &r, w, asked[k]);
            for (int i = 0; i < N; i++) {
                const double h = 1e-4 * r.weight[i];
                double at[4];
                static const double step[4] = { -2, -1, 1, 2 };
                for (int s = 0; s < 4; s++) { w[i] = r.weight[i] + step[s] * h; at[s] = area(NULL, &r, w, asked[k]); }
                w[i] = r.weight[i];
                const double slope = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
                largest = fmax(largest, fabs(slope));
                worst = fmax(worst, fabs(slope - u[i]));
            }
            ck_assert_msg(largest > 1e-4 && worst < 1e-8 + 1e-7 * largest, "way %d, question %zu: %g off, largest %g", way, k, worst, largest);
        }
}
END_TEST

/* riskRegression::Score(Hist(t, k) ~ x, cens.model = "cox", metrics = "auc"): controls are all without the cause. */
START_TEST(area_and_error_of_r)
{
    Frame f = table_of("x,t,k\n1.4,3.6,1\n2,3.7,1\n0.5,0.8,0\n0.6,3.3,1\n3.2,10.5,1\n1.1,1.9,0\n3.3,2.5,2\n2.6,0.7,1\n2.1,0.3,0\n1,2.6,1\n1.2,1.6,0\n"
                       "1.7,1.2,1\n0.55,0.75,1\n1.75,1.25,2\n0.9,3.9,0\n2.05,2.2,1\n1.8,0.5,1\n2.9,1.65,0\n1.45,2.8,1\n1.3,2.3,1\n1.35,2.85,2\n"
                       "2.15,0.85,0\n1.6,0.35,1\n2.4,2.35,0\n");
    Json *out = call_method("timeroc", "Surv(t,k)~x", &f, NULL, "{\"times\": 2.4, \"weighting\": \"cox\"}", OK, NULL);
    const Json *x = json_get(json_get(out, "markers"), "x");
    assert_near(json_number(json_at(json_get(x, "auc_def2"), 0)), 0.564855882303093, 1e-10);
    assert_near(json_number(json_at(json_get(x, "se_def2"), 0)), 0.137041460585952, 1e-9);
    json_free(out);
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ipcw_cox");
    TCase *c = unit_case(s, "ipcw_cox");
    tcase_add_test(c, influence_is_the_derivative);
    tcase_add_test(c, area_and_error_of_r);
    return s;
}

UNIT_MAIN("ipcw_cox")
