/* tests/unit/test_fit_json.c: a fit as Json: printed, read and applied it has the same bits; damaged it is refused; frailties and tt() by
 * closed forms; bootstrap optimism of any method is that of `validate`. */
#include "core/rng.h"
#include "core/str.h"
#include "stats/predict.h"
#include "stats/refit.h"
#include "tests/unit/stat_fixture.h"

enum { N = 120 };

/* Sorted by time (by y, then x, for the response), so that the order of the file is the canonical one. */
static Frame cohort(uint64_t seed, bool response)
{
    Str csv = { 0 };
    Rng g = rng_stream(seed, 0);
    struct { double x, z, t, d; int group, level; } row[N];
    for (int i = 0; i < N; i++) {
        row[i].x = rng_normal(&g);
        row[i].z = rng_uniform(&g) < .4;
        row[i].group = i % 8;
        row[i].level = i % 3;
        double eta = .8 * row[i].x - .5 * row[i].z + .5 * (row[i].group - 3.5) / 3, t = rng_exponential(&g) / (.1 * exp(eta)), c = 30 * rng_uniform(&g);
        row[i].t = fmin(t, c);
        row[i].d = response ? rng_uniform(&g) < 1 / (1 + exp(-eta)) : t <= c;
    }
    for (int i = 1; i < N; i++)
        for (int k = i; k > 0; k--) {
            bool before = response ? row[k].d < row[k - 1].d || (row[k].d == row[k - 1].d && row[k].x < row[k - 1].x) : row[k].t < row[k - 1].t;
            if (!before) break;
            __typeof__(row[0]) s = row[k];
            row[k] = row[k - 1];
            row[k - 1] = s;
        }
    str_append(&csv, "x,z,t,d,g,l,w\n");
    for (int i = 0; i < N; i++)
        str_appendf(&csv, "%.17g,%g,%.17g,%g,c%d,%c,%d\n", row[i].x, row[i].z, row[i].t, row[i].d, row[i].group, 'a' + row[i].level, 1 + i % 3);
    Frame f = table_of(str_text(&csv));
    str_free(&csv);
    return f;
}

static const struct Kind { const char *method, *formula, *options; } kinds[] = {
    { "cox", "Surv(t,d)~x*l+z", "\"ties\":\"breslow\"" },
    { "cox", "Surv(t,d)~rcs(x,4)+z+strata(l)+offset(0.1*w)", "\"cluster\":\"g\"" },
    { "cox", "Surv(t,d)~x+z", "\"penalty\":\"firth\"" },
    { "cox", "Surv(t,d)~x+z+l", "\"lambda2\":3" },
    { "cox", "Surv(t,d)~pspline(x,df=3)+z", "\"weights\":\"w\"" },
    { "cox", "Surv(t,d)~fp(x)+z", "\"alpha\":0.3" },
    { "cox", "Surv(t,d)~x+tt(x)+z", "\"tt\":\"log(t+1)\"" },
    { "cox", "Surv(t,d)~x+z+frailty(g)", "\"conf\":0.9" },
    { "cox", "Surv(t,d)~x+z+strata(l)+(1|g)", "\"conf\":0.9" },
    { "cox", "Surv(t,d)~x*l+z", "\"lambda1\":2" },
    { "elasticnet", "Surv(t,d)~x+z+l+strata(w)", "\"alpha\":0.5,\"folds\":5,\"choose\":\"min\"" },
    { "elasticnet", "d~x+z+l", "\"lambda\":0.02" },
    { "logistic", "d~x+factor(z)+offset(0.1*w)", "\"conf\":0.9" },
    { "logistic", "d~rcs(x,3)+l", "\"penalty\":\"firth\"" },
    { "survreg", "Surv(t,d)~rcs(x,3)+l", "\"dist\":\"weibull\"" },
    { "survreg", "Surv(t,d)~x+z+offset(0.1*w)", "\"dist\":\"lognormal\",\"cluster\":\"g\"" },
    { "survreg", "Surv(t,d)~x*l", "\"dist\":\"loglogistic\"" },
    { "survreg", "Surv(t,d)~x", "\"dist\":\"exponential\"" },
    { "finegray", "Surv(t,d*w)~x+z+strata(l)", "\"convention\":\"survival\"" },
    { "finegray", "Surv(t,d*w)~x*l", "\"ties\":\"efron\"" },
    { "ordinal", "l~x+z+offset(0.1*w)", "\"link\":\"probit\"" },
    { "ordinal", "l~rcs(x,3)", "\"robust\":true" },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool is_survival(int k) { return strncmp(kinds[k].formula, "Surv", 4) == 0; }

static Json *kept_fit(const struct Kind *k, const Frame *f)
{
    char options[200];
    snprintf(options, sizeof options, "{\"keep_fit\":true,%s}", k->options);
    Json *out = call_method(k->method, k->formula, f, NULL, options, OK, NULL), *fit = json_copy(json_get(out, "fit"));
    ck_assert_msg(json_type(fit) == JSON_OBJECT, "%s keeps no fit", k->formula);
    json_free(out);
    return fit;
}

static Json *printed_and_read(const Json *fit)
{
    Str text = { 0 };
    Json *copy = NULL;
    Err e = { 0 };
    assert_ok_e(json_print(&text, fit, true, &e), e);
    assert_ok_e(json_parse(&copy, str_text(&text), text.len, "fit", &e), e);
    str_free(&text);
    return copy;
}

enum { LEVELS = 3 };        /* of an ordinal model here */

/* Predictions of n rows: so many more as a row has levels. */
static Rc apply(Prediction *p, const Json *fit, bool survival, const Frame *rows, FitGroup group, Arena *a, Err *e)
{
    const char *kind = json_text(json_get(fit, "kind"));
    if (kind && strcmp(kind, "ordinal") == 0) {
        const char *const *level = NULL;
        size_t n = 0;
        const Rc rc = fit_levels(&level, &n, fit, a, e);
        if (rc != OK) return rc;
        return n > LEVELS ? err_set(e, ERR_INPUT, "%zu levels are too many for a test", n) : predict_levels(p, fit, rows, .95, a, e);
    }
    return survival ? predict_risk(p, fit, NULL, 0, rows, &(PredictWish){ 9, .95, group }, a, e) : predict_probability(p, fit, rows, .95, a, e);
}

START_TEST(printed_and_read_the_same_bits)
{
    for (int k = 0; k < KINDS; k++) {
        const bool survival = is_survival(k);
        Frame f = cohort(7, !survival);
        Arena a = { 0 };
        Err e = { 0 };
        Prediction one[LEVELS * N], two[LEVELS * N];
        const int n = strcmp(kinds[k].method, "ordinal") == 0 ? LEVELS * N : N;
        Json *fit = kept_fit(&kinds[k], &f), *copy = printed_and_read(fit);
        assert_ok_e(apply(one, fit, survival, &f, GROUP_TYPICAL, &a, &e), e);
        assert_ok_e(apply(two, copy, survival, &f, GROUP_TYPICAL, &a, &e), e);
        for (int i = 0; i < n; i++) {
            const bool limits = json_type(json_get(fit, "vcov")) == JSON_OBJECT && strcmp(kinds[k].method, "finegray") != 0;
            ck_assert_msg(one[i].status == PREDICTED && (limits ? one[i].lower < one[i].estimate && one[i].estimate < one[i].upper : isnan(one[i].lower)),
                          "%s row %d", kinds[k].formula, i);
            ck_assert(memcmp(&one[i].estimate, &two[i].estimate, 4 * sizeof(double)) == 0);
        }
        json_free(fit);
        json_free(copy);
        arena_free(&a);
        frame_free(&f);
    }
}
END_TEST

/* ---- damage */

static const char *const damages[] = { NULL, "null", "\"A\"", "-1e300", "[]", "{}", "true", "1e9" };
enum { DAMAGES = sizeof damages / sizeof *damages };

/* Copy of j in which node number *at (counted down, in order) is damaged; lists of numbers count for their first three alone. */
static Json *damaged(const Json *j, long *at, const char *damage)
{
    Json *copy = json_type(j) == JSON_OBJECT ? json_object() : json_array();
    size_t place = 0;
    for (const Json *x = json_first(j); x; x = json_next(x), place++) {
        const bool counts = json_type(j) == JSON_OBJECT || place < 3 || json_type(x) > JSON_TEXT, nested = json_type(x) == JSON_OBJECT || json_type(x) == JSON_ARRAY;
        Json *value = NULL;
        if (counts && (*at)-- == 0) {
            Err e = { 0 };
            if (!damage) continue;
            assert_ok_e(json_parse(&value, damage, strlen(damage), "damage", &e), e);
        } else {
            value = nested ? damaged(x, at, damage) : json_copy(x);
        }
        if (json_type(j) == JSON_OBJECT) json_set(copy, json_key(x), value);
        else json_push(copy, value);
    }
    return copy;
}

/* Whatever node is lost or replaced: an error in words, or a prediction that is one. */
START_TEST(damage_is_no_crash)
{
    size_t refused = 0, tried = 0;
    for (int k = 0; k < KINDS; k++) {
        const bool survival = is_survival(k);
        Frame f = cohort(7, !survival), rows = table_of("x,z,g,l,w\n0.3,1,c1,a,2\n-1,0,c7,b,1\n,1,c1,z,3\n");
        Json *fit = kept_fit(&kinds[k], &f);
        for (int d = 0; d < DAMAGES; d++)
            for (long node = 0;; node++) {
                Arena a = { 0 };
                Err e = { 0 };
                FitKind kind;
                Prediction p[3 * LEVELS];
                long at = node;
                Json *bad = damaged(fit, &at, damages[d]);
                if (at >= 0) { json_free(bad); break; }
                tried++;
                Rc rc = fit_check(&kind, bad, "bad.json", &e);
                if (rc == OK) rc = apply(p, bad, fit_kind_is_survival(kind), &rows, GROUP_OWN * (json_get(fit, "frailty") != NULL), &a, &e);
                if (rc == OK) {
                    for (int i = 0; i < 3; i++)
                        ck_assert_msg(p[i].status == PREDICTED ? p[i].estimate >= 0 && p[i].estimate <= 1 : isnan(p[i].estimate),
                                      "%s: node %ld as %s gives %g", kinds[k].formula, node, damages[d] ? damages[d] : "nothing", p[i].estimate);
                } else {
                    refused++;
                    ck_assert(rc == ERR_INPUT || rc == ERR_USAGE);
                    ck_assert(strlen(e.text) > 10);
                }
                json_free(bad);
                arena_free(&a);
            }
        json_free(fit);
        frame_free(&f);
        frame_free(&rows);
    }
    ck_assert(tried > 5000 && refused > tried / 2);
}
END_TEST

/* A lasso's risk is that of its own Breslow curve: cox --lambda1 and elasticnet with lambda = lambda1/n are one model. */
START_TEST(two_ways_to_a_lasso)
{
    Frame f = cohort(7, false);
    Arena a = { 0 };
    Err e = { 0 };
    Prediction one[N], two[N];
    char options[80];
    snprintf(options, sizeof options, "\"no_standardize\":true,\"lambda\":%.17g", 3. / N);
    Json *fit = kept_fit(&(struct Kind){ "cox", "Surv(t,d)~x+z", "\"lambda1\":3,\"ties\":\"breslow\"" }, &f);
    Json *other = kept_fit(&(struct Kind){ "elasticnet", "Surv(t,d)~x+z", options }, &f);
    assert_ok_e(apply(one, fit, true, &f, GROUP_TYPICAL, &a, &e), e);
    assert_ok_e(apply(two, other, true, &f, GROUP_TYPICAL, &a, &e), e);
    for (int i = 0; i < N; i++) assert_near(two[i].estimate, one[i].estimate, 1e-6);
    Json *out = call_method("elasticnet", "Surv(t,d)~x+z", &f, NULL, "{\"keep_fit\":true}", OK, NULL);
    ck_assert(json_get(out, "fit") == NULL && json_get(out, "coef") == NULL);      /* a path is no model */
    json_free(out);
    json_free(fit);
    json_free(other);
    arena_free(&a);
    frame_free(&f);
}
END_TEST

START_TEST(unknown_keys_are_named)
{
    Frame f = cohort(7, false);
    Json *fit = kept_fit(&kinds[0], &f);
    Err e = { 0 };
    json_set_number(fit, "coeff", 1);
    ck_assert(fit_check(NULL, fit, "m.json", &e) == ERR_INPUT);
    ck_assert_str_eq(e.text, "m.json: unknown key coeff, expected perhaps coef");
    json_free(fit);
    frame_free(&f);
}
END_TEST

/* ---- frailties */

static void risks(Prediction *p, const struct Kind *k, const Frame *f, const Frame *rows, FitGroup group, const Json **fit_out, Json **fit, Arena *a)
{
    Err e = { 0 };
    *fit = kept_fit(k, f);
    *fit_out = *fit;
    assert_ok_e(apply(p, *fit, true, rows, group, a, &e), e);
}

/* The own group multiplies the typical hazard by its frailty; the average is the gamma's Laplace transform. */
START_TEST(frailties_by_their_formulas)
{
    Frame f = cohort(11, false), rows = table_of("x,z,g,l\n0.4,1,c2,a\n-0.7,0,c6,b\n1,1,new,a\n");
    for (int k = 7; k < 9; k++) {
        Arena a = { 0 };
        Err e = { 0 };
        Prediction typical[3], own[3], average[3];
        Json *fit = kept_fit(&kinds[k], &f);
        const Json *frailty = json_get(fit, "frailty"), *effect = json_get(frailty, "effect");
        const double theta = json_number(json_get(frailty, "theta"));
        static const size_t group[] = { 2, 6 };
        assert_ok_e(apply(typical, fit, true, &rows, GROUP_TYPICAL, &a, &e), e);
        assert_ok_e(apply(own, fit, true, &rows, GROUP_OWN, &a, &e), e);
        assert_ok_e(apply(average, fit, true, &rows, GROUP_AVERAGE, &a, &e), e);
        ck_assert(theta > .01);
        for (int i = 0; i < 2; i++) {
            const double H = -log1p(-typical[i].estimate);
            ck_assert_str_eq(json_text(json_at(json_get(frailty, "levels"), group[i])), i ? "c6" : "c2");
            assert_near(-log1p(-own[i].estimate), H * exp(json_number(json_at(effect, group[i]))), 1e-12);
            if (k == 7) assert_near(average[i].estimate, 1 - pow(1 + theta * H, -1 / theta), 1e-12);
            else ck_assert(average[i].estimate > 0 && average[i].estimate != typical[i].estimate);
            ck_assert(average[i].lower < average[i].estimate && average[i].estimate < average[i].upper);
        }
        ck_assert(own[2].status == PREDICT_UNKNOWN_LEVEL && strstr(own[2].reason, "g is 'new', a group that the model has not seen"));
        ck_assert(typical[2].status == PREDICTED);
        json_remove((Json *)frailty, "levels");
        ck_assert(apply(own, fit, true, &rows, GROUP_OWN, &a, &e) == ERR_INPUT && strstr(e.text, "does not name its groups"));
        json_free(fit);
        arena_free(&a);
    }
    frame_free(&f);
    frame_free(&rows);
}
END_TEST

START_TEST(own_group_wants_a_frailty)
{
    Frame f = cohort(11, false);
    Json *fit;
    const Json *same;
    Arena a = { 0 };
    Err e = { 0 };
    Prediction p[N];
    risks(p, &kinds[2], &f, &f, GROUP_TYPICAL, &same, &fit, &a);
    ck_assert(apply(p, same, true, &f, GROUP_OWN, &a, &e) == ERR_USAGE && strstr(e.text, "no frailty"));
    json_free(fit);
    arena_free(&a);
    frame_free(&f);
}
END_TEST

/* ---- tt() */

/* tt(x) is x log(t + 1) on rows split at every event time: the same coefficients and robust errors, and the same hazard summed step by step. */
START_TEST(tt_is_the_split_table)
{
    Frame f = cohort(13, false), row = table_of("x,z\n0.6,1\n");
    const double *t = frame_column(&f, "t")->num, *d = frame_column(&f, "d")->num, *x = frame_column(&f, "x")->num, *z = frame_column(&f, "z")->num;
    Str csv = { 0 };
    Arena a = { 0 };
    Err e = { 0 };
    Prediction p;
    str_append(&csv, "start,stop,d,x,xt,z,id\n");
    for (int i = 0; i < N; i++) {
        double from = 0;
        for (int k = 0; k < N && t[k] <= t[i]; k++) {
            if (d[k] == 0) continue;
            str_appendf(&csv, "%.17g,%.17g,%d,%.17g,%.17g,%g,%d\n", from, t[k], k == i, x[i], x[i] * log(t[k] + 1), z[i], i);
            from = t[k];
        }
    }
    Frame split = table_of(str_text(&csv));
    Json *fit = kept_fit(&kinds[6], &f), *other = kept_fit(&(struct Kind){ "cox", "Surv(start,stop,d)~x+xt+z", "\"conf\":0.9" }, &split);
    Json *robust = call_method("cox", kinds[6].formula, &f, NULL, "{\"tt\":\"log(t+1)\",\"robust\":true}", OK, NULL);
    Json *clustered = call_method("cox", "Surv(start,stop,d)~x+xt+z", &split, NULL, "{\"cluster\":\"id\"}", OK, NULL);
    static const char *const term[2][3] = { { "x", "tt(x)", "z" }, { "x", "xt", "z" } };
    for (int j = 0; j < 3; j++) assert_near(number_at(robust, "robust_se", term[0][j]), number_at(clustered, "robust_se", term[1][j]), 1e-8);
    json_free(robust);
    json_free(clustered);
    double b[3], center[3], H = 0;
    for (size_t j = 0; j < 3; j++) {
        b[j] = json_number(json_at(json_get(other, "coef"), j));
        center[j] = json_number(json_at(json_get(other, "center"), j));
        assert_near(json_number(json_at(json_get(fit, "coef"), j)), b[j], 1e-9);
        for (size_t k = 0; k < 3; k++) assert_near(cell_at(fit, "vcov", j, k), cell_at(other, "vcov", j, k), 1e-8);
    }
    const Json *base = json_at(json_get(other, "baseline"), 0), *time = json_get(base, "time"), *hazard = json_get(base, "hazard");
    for (size_t k = 0; k < json_size(time) && json_number(json_at(time, k)) <= 9; k++)
        H += json_number(json_at(hazard, k)) * exp((.6 - center[0]) * b[0] + (.6 * log(json_number(json_at(time, k)) + 1) - center[1]) * b[1] + (1 - center[2]) * b[2]);
    assert_ok_e(apply(&p, fit, true, &row, GROUP_TYPICAL, &a, &e), e);
    assert_near(p.estimate, -expm1(-H), 1e-9);
    ck_assert(isnan(p.linear_predictor));
    json_free(fit);
    json_free(other);
    str_free(&csv);
    arena_free(&a);
    frame_free(&f);
    frame_free(&row);
    frame_free(&split);
}
END_TEST

/* ---- optimism */

START_TEST(refitting_is_what_validate_does)
{
    static const struct { const char *method, *formula; int stats; } model[] = { { "cox", "Surv(t,d)~x+z+l", 2 }, { "logistic", "d~x+z+l", 4 } };
    static const char *const stat[] = { "C", "slope", "intercept", "brier" }, *const key[] = { "apparent", "optimism", "corrected" };
    for (int m = 0; m < 2; m++) {
        Frame f = cohort(17, m == 1);
        Json *a = call_method("validate", model[m].formula, &f, NULL, m ? "{\"bootstrap\":40,\"seed\":3}" : "{\"bootstrap\":40,\"seed\":3,\"times\":9}", OK, NULL);
        Json *b = json_object();
        Err e = { 0 };
        StatCall call = { .formula = model[m].formula, .data = &f, .threads = 1 };
        assert_ok_e(refit_validate(b, method_by_name(model[m].method), &call, &(RefitWish){ 40, 3, m ? NAN : 9, false }, &e), e);
        for (int k = 0; k < 3; k++)
            for (int s = 0; s < model[m].stats; s++)
                assert_near_abs(number_at(b, key[k], stat[s]), number_at(a, key[k], stat[s]), 1e-7, 1e-9);
        assert_near(number_at(b, "calibration_curve_corrected", "mean_distance"), number_at(a, "calibration_curve_corrected", "mean_distance"), 1e-6);
        ck_assert(number_at(b, "resamples_used", NULL) == number_at(a, "resamples_used", NULL));
        json_free(a);
        json_free(b);
        frame_free(&f);
    }
}
END_TEST

/* Among competing events: C by counting the pairs of Wolbers et al. (who had another event is never behind an event), the slope that the model
 * has in its own cohort, less of both on new patients, and the curve at the horizon. */
START_TEST(a_subdistribution_in_resamples)
{
    static const char with[] = "{\"convention\":\"survival\",\"cens_code\":7}";
    Frame f = cohort(23, false);
    double *code, pairs = 0, concordant = 0, eta[N];
    Err e = { 0 };
    Json *options = NULL, *out = json_object();
    assert_ok_e(frame_add_numbers(&code, &f, "code", &e), e);
    const double *t = frame_column(&f, "t")->num, *d = frame_column(&f, "d")->num, *x = frame_column(&f, "x")->num, *z = frame_column(&f, "z")->num;
    for (int i = 0; i < N; i++) code[i] = d[i] == 0 ? 7 : i % 3 == 0 ? 2 : 1;
    assert_ok_e(json_parse(&options, with, strlen(with), "options", &e), e);
    StatCall call = { .formula = "Surv(t,code)~x+z+l", .data = &f, .options = options, .threads = 1 };
    assert_ok_e(refit_validate(out, method_by_name("finegray"), &call, &(RefitWish){ 60, 2, 9, false }, &e), e);
    Json *whole = call_method("finegray", call.formula, &f, NULL, with, OK, NULL);
    for (int i = 0; i < N; i++) {
        const char l = *frame_column(&f, "l")->text[i];
        eta[i] = number_at(whole, "coef", "x") * x[i] + number_at(whole, "coef", "z") * z[i] +
                 (l == 'b' ? number_at(whole, "coef", "lb") : l == 'c' ? number_at(whole, "coef", "lc") : 0);
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            if (code[i] != 1 || k == i || !(t[k] > t[i] || code[k] == 2)) continue;
            pairs++;
            concordant += eta[i] > eta[k] ? 1 : eta[i] == eta[k] ? .5 : 0;
        }
    assert_near(number_at(out, "apparent", "C"), concordant / pairs, 1e-12);
    assert_near(number_at(out, "apparent", "slope"), 1, 1e-8);
    ck_assert(number_at(out, "corrected", "C") < number_at(out, "apparent", "C") && number_at(out, "corrected", "slope") < 1);
    ck_assert(number_at(out, "resamples_used", NULL) > 50 && number_at(out, "calibration_curve_corrected", "mean_distance") > 0);
    json_free(whole);
    json_free(options);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* A penalty inside the resamples: less optimism than without; weights are refused by name. */
START_TEST(penalty_goes_into_the_resamples)
{
    Frame f = cohort(19, false);
    Json *o = NULL, *plain = json_object(), *ridge = json_object(), *none = json_object();
    Err e = { 0 };
    StatCall call = { .formula = "Surv(t,d)~x*l+z*l+rcs(w,3)", .data = &f, .threads = 1 };
    call.formula = "Surv(t,d)~x*l+z*l";
    assert_ok_e(refit_validate(plain, method_by_name("cox"), &call, &(RefitWish){ 60, 1, NAN, false }, &e), e);
    assert_ok_e(json_parse(&o, "{\"lambda2\":20}", 14, "options", &e), e);
    call.options = o;
    assert_ok_e(refit_validate(ridge, method_by_name("cox"), &call, &(RefitWish){ 60, 1, NAN, false }, &e), e);
    ck_assert(number_at(ridge, "corrected", "slope") > 1 && number_at(plain, "corrected", "slope") < 1);
    ck_assert(json_size(o) == 1);                          /* the caller's options stay as they were */
    json_set_text(o, "weights", "w");
    ck_assert(refit_validate(none, method_by_name("cox"), &call, &(RefitWish){ 60, 1, NAN, false }, &e) == ERR_USAGE && strstr(e.text, "case weights"));
    json_free(o);
    json_free(plain);
    json_free(ridge);
    json_free(none);
    frame_free(&f);
}
END_TEST

/* ---- what a method says of --newdata and what its fit says */

START_TEST(the_fit_predicts_what_the_method_did)
{
    Frame f = cohort(23, false), rows = table_of("x,z,g,l,w\n0.3,1,c1,a,2\n-1,0,c7,b,1\n2.5,1,c3,c,3\n,1,c1,a,1\n");
    for (int k = 0; k < KINDS; k++) {
        const bool parametric = strcmp(kinds[k].method, "survreg") == 0, ordinal = strcmp(kinds[k].method, "ordinal") == 0;
        if (!parametric && !ordinal && strcmp(kinds[k].method, "finegray") != 0) continue;
        Arena a = { 0 };
        Err e = { 0 };
        char options[160];
        Prediction p[4 * LEVELS];
        snprintf(options, sizeof options, "{\"keep_fit\":true,%s%s}", ordinal ? "" : "\"times\":9,", kinds[k].options);
        Json *out = call_method(kinds[k].method, kinds[k].formula, &f, &rows, options, OK, NULL), *fit = printed_and_read(json_get(out, "fit"));
        assert_ok_e(apply(p, fit, !ordinal, &rows, GROUP_TYPICAL, &a, &e), e);
        ck_assert(p[ordinal ? 3 * LEVELS : 3].status == PREDICT_MISSING);
        for (size_t i = 0; i < 3; i++) {
            if (ordinal) {
                double sum = 0;
                for (size_t c = 0; c < LEVELS; c++) {
                    const Prediction *q = &p[i * LEVELS + c];
                    ck_assert(q->estimate == cell_at(out, "pred_prob", i, c));
                    sum += q->estimate;
                }
                assert_near(sum, 1, 1e-14);
                continue;
            }
            const Json *pred = json_get(out, parametric ? "pred_surv" : "pred_cif");
            const char *const label = (const char *[]){ "l=a", "l=b", "l=c" }[i];
            const Json *by = json_get(pred, "cif"), *own = json_get(by, "data") ? by : json_get(by, label);
            if (!parametric) {
                ck_assert(p[i].estimate == json_number(json_at(json_at(json_get(own, "data"), 0), i)) && isnan(p[i].lower) && p[i].estimate > 0);
                continue;
            }
            ck_assert(p[i].estimate == cell_at(pred, "risk", 0, i));
            assert_near(1 - p[i].estimate, cell_at(pred, "surv", 0, i), 1e-14);
            assert_near(1 - p[i].lower, cell_at(pred, "upper", 0, i), 1e-13);
            ck_assert(p[i].se == cell_at(pred, "se", 0, i));
        }
        json_free(out);
        json_free(fit);
        arena_free(&a);
    }
    frame_free(&f);
    frame_free(&rows);
}
END_TEST

/* Limits by the delta method are those of derivatives by differences: the risk and the probabilities as functions of their parameters. */
START_TEST(limits_by_differences)
{
    Frame f = cohort(29, false), row = table_of("x,z,w,l\n0.7,1,2,a\n");
    for (int k = 0; k < KINDS; k++) {
        const bool parametric = strcmp(kinds[k].method, "survreg") == 0;
        if ((!parametric && strcmp(kinds[k].method, "ordinal") != 0) || strstr(kinds[k].formula, "exponential")) continue;
        Arena a = { 0 };
        Err e = { 0 };
        Json *fit = kept_fit(&kinds[k], &f);
        const size_t p = json_size(json_get(fit, "coef")), m = json_size(json_get(fit, "thresholds"));
        const size_t q = json_size(json_get(json_get(fit, "vcov"), "data"));
        Prediction at[LEVELS], up[LEVELS], down[LEVELS];
        double g[LEVELS][16], h = 1e-5;
        assert_ok_e(apply(at, fit, parametric, &row, GROUP_TYPICAL, &a, &e), e);
        for (size_t j = 0; j < q; j++)
            for (int side = 0; side < 2; side++) {
                const bool coef = j >= m && j < m + p;
                const double step = side ? h : -h;
                Json *moved = json_copy(fit);
                if (!coef && parametric) json_set_number(moved, "scale", json_number(json_get(fit, "scale")) * exp(step));
                else {
                    const Json *old = json_get(fit, coef ? "coef" : "thresholds");
                    Json *list = json_set(moved, coef ? "coef" : "thresholds", json_array());
                    for (size_t i = 0; i < json_size(old); i++)
                        json_push(list, json_from_number(json_number(json_at(old, i)) + (i == (coef ? j - m : j) ? step : 0)));
                }
                assert_ok_e(apply(side ? up : down, moved, parametric, &row, GROUP_TYPICAL, &a, &e), e);
                for (int c = 0; side && c < (parametric ? 1 : LEVELS); c++) g[c][j] = (up[c].estimate - down[c].estimate) / (2 * h);
                json_free(moved);
            }
        for (int c = 0; c < (parametric ? 1 : LEVELS); c++) {
            double form = 0;
            for (size_t i = 0; i < q; i++) for (size_t j = 0; j < q; j++) form += g[c][i] * cell_at(fit, "vcov", i, j) * g[c][j];
            assert_near(at[c].se, sqrt(form), 1e-6);
        }
        json_free(fit);
        arena_free(&a);
    }
    frame_free(&f);
    frame_free(&row);
}
END_TEST

/* A Weibull model has proportional hazards: its rows stand as those of a Cox model with eta = -x'b/scale do. */
START_TEST(weibull_rows_are_hazards)
{
    Frame f = cohort(31, false);
    Arena a = { 0 };
    Err e = { 0 };
    FitRows r;
    const double *t = frame_column(&f, "t")->num, *x = frame_column(&f, "x")->num, *d = frame_column(&f, "d")->num;
    Json *fit = kept_fit(&(struct Kind){ "survreg", "Surv(t,d)~x+z", "\"dist\":\"weibull\"" }, &f);
    const double scale = json_number(json_get(fit, "scale"));
    double score[2] = { 0, 0 }, events = 0;
    assert_ok_e(fit_rows(&r, fit, &f, t, &(PredictWish){ 9, .95, GROUP_TYPICAL }, &a, &e), e);
    ck_assert(r.p == 2 && r.x[0] == x[0]);
    for (int i = 0; i < N; i++) {
        assert_near(r.cumhaz[i], pow(t[i], 1 / scale), 1e-10);
        score[0] += d[i] - r.cumhaz[i] * exp(r.eta[i]);
        score[1] += (d[i] - r.cumhaz[i] * exp(r.eta[i])) * x[i];
        events += d[i];
    }
    double *lp = ARENA_NEW(&a, N, double), slope, se;
    for (int i = 0; i < N; i++) lp[i] = -r.eta[i] * scale;
    assert_ok_e(survreg_slope(&slope, &se, r.dist, lp, t, d, NULL, N, &a, &e), e);
    assert_near(slope, 1, 1e-9);
    /* Its own likelihood's score: nothing is left to recalibrate at home. */
    for (int k = 0; k < 2; k++) ck_assert_msg(fabs(score[k]) < 1e-8 * events, "score %g", score[k]);
    json_free(fit);
    arena_free(&a);
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fit_json");
    TCase *c = tcase_create("fit_json");
    tcase_set_timeout(c, UNIT_TIMEOUT_S);
    tcase_add_test(c, printed_and_read_the_same_bits);
    tcase_add_test(c, damage_is_no_crash);
    tcase_add_test(c, two_ways_to_a_lasso);
    tcase_add_test(c, unknown_keys_are_named);
    tcase_add_test(c, frailties_by_their_formulas);
    tcase_add_test(c, own_group_wants_a_frailty);
    tcase_add_test(c, tt_is_the_split_table);
    tcase_add_test(c, refitting_is_what_validate_does);
    tcase_add_test(c, a_subdistribution_in_resamples);
    tcase_add_test(c, penalty_goes_into_the_resamples);
    tcase_add_test(c, the_fit_predicts_what_the_method_did);
    tcase_add_test(c, limits_by_differences);
    tcase_add_test(c, weibull_rows_are_hazards);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN("fit_json")
