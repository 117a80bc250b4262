/* tests/unit/test_invariance.c: what no method may notice: the order of the rows, to the bit; and the sign of a marker. */
#include "tests/unit/stat_fixture.h"

#include "core/rng.h"

enum { N = 60 };

/* Survival with ties and two causes, outcomes, markers, groups; every column has ties or text, some cells are missing. */
typedef struct { double t[N], code[N], y[N], a[N], b[N], w[N]; int grade[N], group[N], set[N]; } Sample;

static void draw(Sample *q, uint64_t seed)
{
    Rng r = rng_stream(seed, 0);
    for (int i = 0; i < N; i++) {
        q->a[i] = floor(10 * rng_normal(&r)) / 10;
        q->b[i] = rng_uniform(&r) * 100;
        double first = rng_exponential(&r) / exp(0.5 * q->a[i]), second = 2 * rng_exponential(&r), censored = 2 * rng_exponential(&r);
        q->t[i] = 1 + floor(8 * fmin(fmin(first, second), censored));
        q->code[i] = censored <= fmin(first, second) ? 0 : first <= second ? 1 : 2;
        q->y[i] = rng_uniform(&r) < 1 / (1 + exp(-q->a[i]));
        q->w[i] = 0.5 + rng_below(&r, 3);
        q->grade[i] = (int)rng_below(&r, 3);
        q->group[i] = (int)rng_below(&r, 3);
        q->set[i] = (int)rng_below(&r, 12);
    }
}

static Frame frame_of(const Sample *q, const int *order)
{
    Str s = { 0 };
    str_append(&s, "t,code,e,y,a,b,w,grade,g,h,set\n");
    for (int i = 0; i < N; i++) {
        int k = order[i];
        str_appendf(&s, "%g,%g,%d,%g,%.17g,", q->t[k], q->code[k], q->code[k] == 1, q->y[k], q->a[k]);
        if (k % 17 != 3) str_appendf(&s, "%.17g", q->b[k]);
        str_appendf(&s, ",%g,%s,%s,%s,%d\n", q->w[k], (const char *[]){ "low", "mid", "top" }[q->grade[k]],
                    (const char *[]){ "u", "V", "w x" }[q->group[k]], q->group[k] ? "yes" : "no", q->set[k]);
    }
    Frame f = table_of(str_text(&s));
    str_free(&s);
    return f;
}

static const struct { const char *method, *formula, *options; } cases[] = {
    { "km", "Surv(t,e)~g", "{\"weights\":\"w\",\"times\":[2,5],\"tau\":6}" },
    { "logrank", "Surv(t,e)~g+strata(h)", "{\"rho\":[0,0.5,1]}" },
    { "rmst", "Surv(t,e)~h", "{\"tau\":5}" },
    { "concordance", "Surv(t,e)~a+b", NULL },
    { "cif", "Surv(t,code)~h", "{\"times\":[2,5],\"rho\":[0,1]}" },
    { "finegray", "Surv(t,code)~a+b+g", "{\"convention\":\"cmprsk\"}" },
    { "finegray", "Surv(t,code)~a+b", "{\"convention\":\"survival\"}" },
    { "cox", "Surv(t,e)~a+rcs(b,3)+g+cluster(set)", "{\"ties\":\"efron\"}" },
    { "cox", "Surv(t,e)~a+b", "{\"ties\":\"breslow\",\"penalty\":\"firth\"}" },
    { "cox", "Surv(t,e)~a+frailty(set)", NULL },
    { "logistic", "y~a*g+b", "{\"profile\":true}" },
    { "logistic", "y~a+b", "{\"penalty\":\"firth\"}" },
    { "clogit", "y~a+b+strata(set)", NULL },
    { "roc", "y~a+b", "{\"pauc\":[1,0.8]}" },
    { "timeroc", "Surv(t,code)~a+b", "{\"times\":[3]}" },
    { "performance", "Surv(t,e)~a+b", "{\"times\":[3]}" },
    { "maxstat", "Surv(t,e)~a", NULL },
    { "twosample", "b~h", NULL },
    { "paired", "~a+b", NULL },
    { "ksample", "b~g", NULL },
    { "trend", "y~set", NULL },
    { "correlation", "~a+b", NULL },
    { "contingency", "~g+grade", NULL },
    { "screen", "Surv(t,e)~a+b+g", NULL },
    { "survreg", "Surv(t,e)~a+g", "{\"dist\":\"lognormal\",\"weights\":\"w\"}" },
    { "ordinal", "grade~a+b", "{\"levels\":[\"grade=low,mid,top\"],\"link\":\"logit\"}" },
    { "linear", "b~a*g", NULL },
    { "linear", "b~a", "{\"weights\":\"w\"}" },
    { "lmm", "b~a+(1|set)", NULL },
    { "lmm", "b~g+(a|set)", NULL },
    { "elasticnet", "y~a+b+g", "{\"alpha\":0.5,\"nlambda\":10,\"folds\":5,\"seed\":1}" },
    { "elasticnet", "Surv(t,e)~a+b", "{\"alpha\":1,\"nlambda\":10}" },
};

static Str printed(const char *method, const char *formula, const char *options, const Frame *f)
{
    Err e = { 0 };
    Str text = { 0 };
    Json *out = call_method(method, formula, f, NULL, options, OK, NULL);
    json_remove(out, "diagnosis");                   /* names lines */
    assert_ok_e(json_print(&text, out, true, &e), e);
    json_free(out);
    return text;
}

/* Where two texts part, for the message. */
static const char *parting(const char *a, const char *b)
{
    size_t i = 0, line = 0;
    for (; a[i] && a[i] == b[i]; i++) if (a[i] == '\n') line = i;
    return a + line;
}

START_TEST(shuffled_rows_same_bits)
{
    Sample q;
    int order[N];
    for (int i = 0; i < N; i++) order[i] = i;
    draw(&q, 5);
    Frame first = frame_of(&q, order);
    Rng r = rng_stream(6, 0);
    for (int round = 0; round < 2; round++) {
        for (int i = N - 1; i > 0; i--) { int k = (int)rng_below(&r, (uint32_t)i + 1), swap = order[i]; order[i] = order[k]; order[k] = swap; }
        Frame f = frame_of(&q, order);
        for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
            Str a = printed(cases[c].method, cases[c].formula, cases[c].options, &first);
            Str b = printed(cases[c].method, cases[c].formula, cases[c].options, &f);
            if (strcmp(str_text(&a), str_text(&b)) != 0)
                ck_abort_msg("%s %s: %.120s", cases[c].method, cases[c].formula, parting(str_text(&a), str_text(&b)));
            str_free(&a);
            str_free(&b);
        }
        frame_free(&f);
    }
    frame_free(&first);
}
END_TEST

/* The marker turned, or the outcome: 1 - AUC, 1 - C, the same standard error. */
START_TEST(turned_marker)
{
    Sample q;
    int order[N];
    for (int i = 0; i < N; i++) order[i] = i;
    draw(&q, 9);
    Frame f = frame_of(&q, order);
    static const struct { const char *method, *as_is, *turned, *marker, *other, *type; } pair[] = {
        { "roc", "y~a", "1-y~a", "a", "a", NULL },
        { "roc", "y~a", "y~I(-a)", "a", "I(-a)", NULL },
        { "concordance", "Surv(t,e)~a", "Surv(t,e)~I(-a)", "a", "I(-a)", "n" },
        { "concordance", "Surv(t,e)~a", "Surv(t,e)~I(-a)", "a", "I(-a)", "n/G2" } };
    for (size_t k = 0; k < sizeof pair / sizeof pair[0]; k++) {
        Json *a = call_method(pair[k].method, pair[k].as_is, &f, NULL, NULL, OK, NULL);
        Json *b = call_method(pair[k].method, pair[k].turned, &f, NULL, NULL, OK, NULL);
        const Json *x = json_get(json_get(a, "markers"), pair[k].marker), *y = json_get(json_get(b, "markers"), pair[k].other);
        if (pair[k].type) { x = json_get(x, pair[k].type); y = json_get(y, pair[k].type); }
        const char *key = pair[k].type ? "c" : "auc";
        assert_near_abs(json_number(json_get(x, key)), 1 - json_number(json_get(y, key)), 1e-13, 1e-14);
        assert_near_abs(json_number(json_get(x, "se")), json_number(json_get(y, "se")), 1e-11, 1e-14);
        json_free(a);
        json_free(b);
    }
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("invariance");
    TCase *c = unit_case(s, "invariance");
    tcase_add_test(c, shuffled_rows_same_bits);
    tcase_add_test(c, turned_marker);
    return s;
}

UNIT_MAIN("invariance")
