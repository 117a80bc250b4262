/* tests/unit/test_coverage_weights.c: intervals of roc, timeroc and performance cover the truth where rows stand for more than themselves (drawn
 * with unequal chances, weighted by the inverse), where they come in clusters, where both, and where a Cox model of censoring weights them.
 * n = 300; 150 sets, with REOX_LONG 2,000, where coverage must lie between 93 and 97 %. */
#include "core/par.h"
#include "core/rng.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "tests/unit/stat_fixture.h"

enum { N = 300, SETS_MAX = 2000, NUMBERS_MAX = 4 };
static const double T = 5, OWN = .12, EFFECT = .8, OTHER = .05, CENSORING = .08, CENSORING_EFFECT = .7;

typedef enum { RESPONSE, SURVIVAL, COMPETING, COMPETING_DEPENDENT } Kind;

/* x is standard normal in the population (in those without the response), where `clustered` half of its variance shared by the three of a cluster.
 * A row is taken with a chance that grows with x where `chosen`. */
static Frame draw(Kind kind, bool chosen, bool clustered, uint64_t set)
{
    static const char *const name[] = { "x", "t", "code", "y", "w", "cl" };
    double column[6][N];
    size_t n = 0;
    Rng g = rng_stream(211 + kind, set);
    for (int cluster = 0; n < N; cluster++) {
        const double u = rng_normal(&g);
        for (int member = 0; member < 3 && n < N; member++) {
            const double y = rng_uniform(&g) < .4, shared = clustered ? u : rng_normal(&g);
            const double x = sqrt(.5) * (shared + rng_normal(&g)) + (kind == RESPONSE ? y : 0), chance = .3 + .7 * normal_cdf(x);
            const double own = rng_exponential(&g) / (OWN * exp(EFFECT * x)), other = kind >= COMPETING ? rng_exponential(&g) / OTHER : INFINITY;
            const double end = rng_exponential(&g) / (CENSORING * (kind == COMPETING_DEPENDENT ? exp(CENSORING_EFFECT * x) : 1));
            if (chosen && rng_uniform(&g) > chance) continue;
            const double first = fmin(own, fmin(other, end));
            const double row[6] = { x, first, first == own ? 1 : first == other ? 2 : 0, y, chosen ? 1 / chance : 1, cluster };
            for (int c = 0; c < 6; c++) column[c][n] = row[c];
            n++;
        }
    }
    Frame f = { 0 };
    Err e = { 0 };
    assert_ok_e(frame_init(&f, "t.csv", N, &e), e);
    for (int c = 0; c < 6; c++) add_numbers(&f, name[c], column[c], N);
    return f;
}

/* By quadrature over x: the area between cases up to T and those event-free then (or all without the event), and the Brier score of the truth. */
typedef struct { double auc, auc_def2, brier; } Truth;
static Truth truth_of(bool other_events)
{
    Truth q = { 0, 0, 0 };
    double cases = 0, below[2] = { 0, 0 };
    const double h = .002;
    for (double x = -8 + h / 2; x < 8; x += h) {
        const double a = OWN * exp(EFFECT * x), b = other_events ? OTHER : 0, S = exp(-(a + b) * T), F = a / (a + b) * (1 - S), w = h * normal_pdf(x);
        cases += w * F;
        q.auc += w * F * (below[0] + w * S / 2);
        q.auc_def2 += w * F * (below[1] + w * (1 - F) / 2);
        below[0] += w * S;
        below[1] += w * (1 - F);
        q.brier += w * F * (1 - F);
    }
    q.auc /= cases * below[0];
    q.auc_def2 /= cases * below[1];
    return q;
}

typedef struct {
    const char *method, *formula, *options;
    Kind kind;
    bool chosen, clustered;
    int n;                                                 /* numbers asked for, with their truths */
    double truth[NUMBERS_MAX];
    const char *name[NUMBERS_MAX];
    double estimate[SETS_MAX][NUMBERS_MAX], se[SETS_MAX][NUMBERS_MAX];
} Trial;

static double first_of(const Json *o, const char *key)
{
    const Json *j = json_get(o, key);
    return json_number(json_type(j) == JSON_ARRAY ? json_at(j, 0) : j);
}

static Rc one_set(void *context, size_t s, int worker, Err *e)
{
    Trial *q = context;
    Json *out = NULL, *options = NULL;
    Rc rc = OK;
    Frame f = draw(q->kind, q->chosen, q->clustered, s);
    (void)worker;
    TRY(json_parse(&options, q->options, strlen(q->options), "options", e));
    const StatCall call = { .formula = q->formula, .data = &f, .options = options, .threads = 1 };
    TRY(method_call(&out, method_by_name(q->method), &call, e));
    for (int k = 0; k < q->n; k++) {
        const bool own = strcmp(q->method, "performance") == 0, brier = strcmp(q->name[k], "brier") == 0;
        const bool second = strcmp(q->name[k], "auc_def2") == 0;
        const Json *o = !own ? json_get(json_get(out, "markers"), "x") : brier ? json_get(json_get(out, "brier"), "model") : json_get(out, "auc");
        q->estimate[s][k] = first_of(o, q->name[k]);
        q->se[s][k] = first_of(o, second ? "se_def2" : "se");
        if (!(q->se[s][k] > 0)) { rc = err_set(e, ERR_INTERNAL, "set %zu: no standard error of %s", s, q->name[k]); goto out; }
    }
out:
    json_free(out);
    json_free(options);
    frame_free(&f);
    return rc;
}

static void ask(Trial *q)
{
    const int sets = unit_long() ? SETS_MAX : 150;
    Err e = { 0 };
    linalg_init();
    assert_ok_e(parallel_for((size_t)sets, 2, one_set, q, &e), e);
    for (int k = 0; k < q->n; k++) {
        double covered = 0, mean = 0, ss = 0, se = 0;
        for (int s = 0; s < sets; s++) {
            covered += fabs(q->estimate[s][k] - q->truth[k]) <= 1.959963984540054 * q->se[s][k];
            mean += q->estimate[s][k] / sets;
            se += q->se[s][k] / sets;
        }
        for (int s = 0; s < sets; s++) ss += (q->estimate[s][k] - mean) * (q->estimate[s][k] - mean) / (sets - 1);
        if (unit_long())
            printf("note: %s %s %s: %s %.4f, mean %.4f; SD %.4f, mean se %.4f; %.1f %% covered\n", q->method, q->options,
                   q->chosen ? "chosen" : "all", q->name[k], q->truth[k], mean, sqrt(ss), se, 100 * covered / sets);
        const double low = unit_long() ? .93 : .95 - .02 - 4 * sqrt(.95 * .05 / sets), high = unit_long() ? .97 : 1;
        ck_assert_msg(covered >= low * sets && covered <= high * sets, "%s %s: %s: %.0f of %d cover %.4f (mean %.4f, SD %.4f, se %.4f)", q->method,
                      q->options, q->name[k], covered, sets, q->truth[k], mean, sqrt(ss), se);
    }
    free(q);
}

static const char *const ways[] = { "", "\"weights\":\"w\"", "\"cluster\":\"cl\"", "\"weights\":\"w\",\"cluster\":\"cl\"" };

static Trial *new_trial(const char *method, const char *formula, const char *more, int way, Kind kind, char options[128])
{
    Trial *q = calloc(1, sizeof *q);
    ck_assert(q != NULL);
    snprintf(options, 128, "{%s%s%s}", more, *more && *ways[way] ? "," : "", ways[way]);
    *q = (Trial){ .method = method, .formula = formula, .options = options, .kind = kind, .chosen = way % 2, .clustered = way / 2 };
    return q;
}

START_TEST(areas)
{
    char options[128];
    Trial *q = new_trial("roc", "y~x", "", _i, RESPONSE, options);
    q->n = 1;
    q->name[0] = "auc";
    q->truth[0] = normal_cdf(sqrt(.5));
    ask(q);
}
END_TEST

static void ask_areas_in_time(int way, const char *more, Kind kind)
{
    char options[128];
    const Truth truth = truth_of(true);
    Trial *q = new_trial("timeroc", "Surv(t,code)~x", more, way, kind, options);
    q->n = 2;
    q->name[0] = "auc";
    q->name[1] = "auc_def2";
    q->truth[0] = truth.auc;
    q->truth[1] = truth.auc_def2;
    ask(q);
}

START_TEST(areas_in_time)
{
    ask_areas_in_time(_i, "\"times\":5", COMPETING);
}
END_TEST

/* Censoring depends on the marker: the marginal curve would be wrong, the Cox model of it is right. */
START_TEST(areas_weighted_by_a_model)
{
    ask_areas_in_time(_i, "\"times\":5,\"weighting\":\"cox\"", COMPETING_DEPENDENT);
}
END_TEST

START_TEST(prediction_error)
{
    char options[128];
    const Truth truth = truth_of(false);
    Trial *q = new_trial("performance", "Surv(t,code)~x", "\"times\":5", _i, SURVIVAL, options);
    q->n = 2;
    q->name[0] = "brier";
    q->name[1] = "auc";
    q->truth[0] = truth.brier;
    q->truth[1] = truth.auc;
    ask(q);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("coverage_weights");
    TCase *c = unit_case(s, "coverage_weights");
    if (unit_long()) tcase_set_timeout(c, 3600);
    tcase_add_loop_test(c, areas, 0, 4);
    tcase_add_loop_test(c, areas_in_time, 0, 4);
    tcase_add_loop_test(c, areas_weighted_by_a_model, 0, 4);
    tcase_add_loop_test(c, prediction_error, 0, 4);
    return s;
}

UNIT_MAIN("coverage_weights")
