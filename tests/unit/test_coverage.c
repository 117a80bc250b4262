/* tests/unit/test_coverage.c: do the intervals of fitted models cover what the simulated cohort was made with?
 *
 * Tables alone, n = 600, on truth.json's covariates, through the same door as `reox stat`. 50 seeds in `make check`, 1,000 with
 * REOX_LONG, where coverage must lie between 93 and 97 %. */
#include "core/par.h"
#include "sample_cohort/outcome.h"
#include "stats/linalg.h"
#include "stats/method.h"
#include "unit.h"

enum { N = 600, SEEDS_MAX = 1000, TERMS_MAX = 5 };
static const char *const z_terms[] = { "z0", "zm", "v", "a" };

/* One seed's table, as clinical.csv and truth.json together hold it. */
static Rc cohort_frame(Frame *f, const SimulationSpec *s, Err *e)
{
    static const char *const names[] = { "z0", "zm", "v", "a", "responder", "os_months", "os_event", "lrf_months", "lrf_code" };
    double *c[9];
    Rc rc = OK;
    TRY(frame_init(f, "cohort", N, e));
    for (int k = 0; k < 9; k++) TRY(frame_add_numbers(&c[k], f, names[k], e));
    for (size_t i = 0; i < N; i++) {
        CohortPatient p;
        int os_event, lrf_code;
        patient_draw(&p, s, i);
        c[0][i] = p.z0; c[1][i] = p.zm; c[2][i] = p.v; c[3][i] = p.a;
        c[4][i] = p.response_known ? p.responder : NAN;
        patient_observed(&p, &c[5][i], &os_event, &c[7][i], &lrf_code);
        c[6][i] = os_event;
        c[8][i] = lrf_code;
    }
out:
    return rc;
}

typedef struct { const char *method, *formula; const char *const *terms; int n_terms; double truth[TERMS_MAX]; } Question;

typedef struct {
    Question q;
    SimulationSpec spec[SEEDS_MAX];
    unsigned char covered[SEEDS_MAX][TERMS_MAX];
    double z[SEEDS_MAX][TERMS_MAX], estimate[SEEDS_MAX][TERMS_MAX];
} Trial;

static Rc one_seed(void *context, size_t i, int worker, Err *e)
{
    Trial *t = context;
    Frame f = { 0 };
    Json *out = NULL;
    Rc rc = OK;
    (void)worker;
    TRY(cohort_frame(&f, &t->spec[i], e));
    StatCall call = { .formula = t->q.formula, .data = &f, .threads = 1 };
    TRY(method_call(&out, method_by_name(t->q.method), &call, e));
    for (int k = 0; k < t->q.n_terms; k++) {
        double b = json_number(json_get(json_get(out, "coef"), t->q.terms[k])), se = json_number(json_get(json_get(out, "se"), t->q.terms[k]));
        if (!(se > 0)) { rc = err_set(e, ERR_INTERNAL, "seed %zu: no standard error of %s", i, t->q.terms[k]); goto out; }
        t->estimate[i][k] = b;
        t->z[i][k] = (b - t->q.truth[k]) / se;
        t->covered[i][k] = fabs(t->z[i][k]) <= 1.959963984540054;
    }
out:
    json_free(out);
    frame_free(&f);
    return rc;
}

/* Runs the seeds; each term's coverage must lie within what chance allows around 95 %. For 50 seeds: at least 42 (one in 5,000 falls
 * below by chance) and, over all terms together, at most 3.5 binomial SE off. Mean z is near 0: no bias. */
static void ask(const char *scenario, const Question *q, double bias_allowed)
{
    int seeds = unit_long() ? SEEDS_MAX : 50;
    Trial *t = calloc(1, sizeof *t);
    Err e = { 0 };
    char text[200];
    ck_assert_msg(method_by_name(q->method) != NULL, "no method %s", q->method);
    linalg_init();
    t->q = *q;
    for (int i = 0; i < seeds; i++) {
        Json *j = NULL;
        int size = snprintf(text, sizeof text, "{\"n\":%d,\"seed\":%d,\"images\":false,\"scenario\":\"%s\"}", N, 1000 + i, scenario);
        assert_ok_e(json_parse(&j, text, (size_t)size, "spec", &e), e);
        assert_ok_e(simulation_spec_read(&t->spec[i], j, "spec", &e), e);
        json_free(j);
    }
    assert_ok_e(parallel_for((size_t)seeds, 2, one_seed, t, &e), e);
    for (int k = 0; k < q->n_terms; k++) {
        double z = 0, b = 0;
        int covered = 0;
        for (int i = 0; i < seeds; i++) { covered += t->covered[i][k]; z += t->z[i][k] / seeds; b += t->estimate[i][k] / seeds; }
        if (unit_long())
            printf("note: %s %s: %s: %d of %d intervals cover %.4g; mean estimate %.4f\n", scenario, q->method, q->terms[k], covered, seeds, q->truth[k], b);
        if (unit_long()) ck_assert_msg(covered >= .93 * seeds && covered <= .97 * seeds, "%s: %d of %d cover", q->terms[k], covered, seeds);
        else ck_assert_msg(covered >= 42, "%s: %d of %d cover", q->terms[k], covered, seeds);
        ck_assert_msg(fabs(z) <= 4 / sqrt(seeds) + bias_allowed, "%s: mean z %.3f", q->terms[k], z);
    }
    free(t);
}

/* The cause-specific hazard of locoregional failure is exactly a Cox model in z0, zm and v. */
static void ask_lrf(const char *scenario, double z0, double zm)
{
    Question q = { "cox", "Surv(lrf_months, lrf_code==1) ~ z0 + zm + v", z_terms, 3, { z0, zm, .30 } };
    ask(scenario, &q, 0);
}

START_TEST(lrf_both) { ask_lrf("both", .20, .45); }
END_TEST
START_TEST(lrf_null) { ask_lrf("null", 0, 0); }
END_TEST
START_TEST(lrf_mid) { ask_lrf("mid", 0, .65); }
END_TEST

/* Maximum likelihood at n = 600 overstates the log odds by about 2 %, which is a tenth of their SE. */
START_TEST(response_both)
{
    static const char *const terms[] = { "(Intercept)", "z0", "zm", "v" };
    Question q = { "logistic", "responder ~ z0 + zm + v", terms, 4, { .35, -.5, -.9, -.25 } };
    ask("both", &q, .15);
}
END_TEST

/* Overall survival: the marginal coefficients that truth.json states. Its model is not quite a Cox model, so its SE may be a little off. */
static void ask_os(const char *scenario)
{
    SimulationSpec s = { 0 };
    Effects os;
    Err e = { 0 };
    Json *j = NULL;
    char text[100];
    int size = snprintf(text, sizeof text, "{\"scenario\":\"%s\"}", scenario);
    assert_ok_e(json_parse(&j, text, (size_t)size, "spec", &e), e);
    assert_ok_e(simulation_spec_read(&s, j, "spec", &e), e);
    json_free(j);
    ck_assert(simulation_marginal_os(&os, &s));
    Question q = { "cox", "Surv(os_months, os_event) ~ z0 + zm + v + a", z_terms, 4, { os.z0, os.zm, os.v, os.a } };
    ask(scenario, &q, 0.05);
}

START_TEST(os_both) { ask_os("both"); }
END_TEST
START_TEST(os_pre) { ask_os("pre"); }
END_TEST

/* The separation scenario has no finite maximum; the program says so, and Firth's penalty gives an answer. */
START_TEST(separation_is_seen)
{
    SimulationSpec s;
    Err e = { 0 };
    Json *j = NULL, *out = NULL, *options = json_object();
    Frame f = { 0 };
    double *z0, *responder;
    static const char text[] = "{\"scenario\":\"separation\"}";
    linalg_init();
    assert_ok_e(json_parse(&j, text, sizeof text - 1, "spec", &e), e);
    assert_ok_e(simulation_spec_read(&s, j, "spec", &e), e);
    json_free(j);
    assert_ok_e(frame_init(&f, "cohort", (size_t)s.n, &e), e);
    assert_ok_e(frame_add_numbers(&z0, &f, "z0", &e), e);
    assert_ok_e(frame_add_numbers(&responder, &f, "responder", &e), e);
    for (size_t i = 0; i < (size_t)s.n; i++) {
        CohortPatient p;
        patient_draw(&p, &s, i);
        z0[i] = p.z0;
        responder[i] = p.responder;
    }
    StatCall call = { .formula = "responder ~ z0", .data = &f, .threads = 1 };
    ck_assert_msg(method_by_name("logistic") != NULL, "no method logistic");
    ck_assert_int_eq(method_call(&out, method_by_name("logistic"), &call, &e), ERR_ESTIMATE);
    ck_assert_str_eq(json_text(json_get(json_at(json_get(out, "diagnosis"), 0), "code")), "complete_separation");
    json_free(out);
    out = NULL;
    json_set_text(options, "penalty", "firth");
    call.options = options;
    assert_ok_e(method_call(&out, method_by_name("logistic"), &call, &e), e);
    double b = json_number(json_get(json_get(out, "coef"), "z0"));
    ck_assert_msg(b < -.5 && b > -20, "Firth: %g", b);
    json_free(out);
    json_free(options);
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("coverage");
    TCase *c = unit_case(s, "coverage");
    if (unit_long()) tcase_set_timeout(c, 3600);
    tcase_add_test(c, lrf_both);
    tcase_add_test(c, lrf_null);
    tcase_add_test(c, os_both);
    if (unit_long()) { tcase_add_test(c, lrf_mid); tcase_add_test(c, os_pre); }
    tcase_add_test(c, response_both);
    tcase_add_test(c, separation_is_seen);
    return s;
}

UNIT_MAIN("coverage")
