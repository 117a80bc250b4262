/* tests/unit/test_landmark.c: `landmark` on cohorts where the truth is known: a null exposure that begins during follow-up. */
#include "tests/unit/unit.h"

#include "core/rng.h"
#include "stats/method.h"

enum { N = 2000 };

/* Death at rate 1; an exposure without effect begins at rate 1, if the patient lives that long. */
static void null_exposure(Frame *f, uint64_t seed)
{
    Err e = { 0 };
    double *t, *d, *since, *ever, *marker;
    Rng r = rng_stream(seed, 0);
    assert_ok_e(frame_init(f, "null", N, &e), e);
    assert_ok_e(frame_add_numbers(&t, f, "t", &e), e);
    assert_ok_e(frame_add_numbers(&d, f, "d", &e), e);
    assert_ok_e(frame_add_numbers(&since, f, "since", &e), e);
    assert_ok_e(frame_add_numbers(&ever, f, "ever", &e), e);
    assert_ok_e(frame_add_numbers(&marker, f, "marker", &e), e);
    for (int i = 0; i < N; i++) {
        double death = rng_exponential(&r), censor = 2 * rng_uniform(&r) + 0.5, begins = rng_exponential(&r), m = rng_normal(&r);
        t[i] = fmin(death, censor);
        d[i] = death <= censor;
        ever[i] = begins < t[i];
        since[i] = ever[i] != 0 ? begins : NAN;
        marker[i] = ever[i] != 0 ? m : NAN;
    }
}

static Json *run(const char *formula, const Frame *f, Json *options)
{
    Err e = { 0 };
    Json *out = NULL;
    StatCall call = { .formula = formula, .data = f, .options = options, .threads = 1 };
    Rc rc = method_call(&out, method_by_name("landmark"), &call, &e);
    ck_assert_msg(rc == OK, "rc %d: %s", (int)rc, e.text);
    return out;
}

static double part(const Json *analysis, const char *key, const char *term) { return json_number(json_get(json_get(analysis, key), term)); }

START_TEST(immortal_time_is_undone)
{
    Frame f = { 0 };
    null_exposure(&f, 4);
    Json *o = json_object();
    json_set_text(o, "since", "since");
    json_set_text(o, "exposure", "ever");
    json_set_number(o, "landmark", 0.5);
    Json *out = run("Surv(t,d)~ever", &f, o);
    const Json *naive = json_get(out, "naive"), *mark = json_at(json_get(out, "landmarks"), 0), *td = json_get(out, "time_dependent");
    ck_assert_msg(part(naive, "coef", "ever") < -0.6, "naive %g: the trap is not set", part(naive, "coef", "ever"));
    ck_assert(fabs(part(mark, "coef", "ever")) < 3 * part(mark, "se", "ever"));
    ck_assert(fabs(part(td, "coef", "ever")) < 3 * part(td, "se", "ever"));
    /* Every event is in the time-dependent analysis once, and everybody at the landmark is counted or left out. */
    ck_assert(json_number(json_get(td, "nevent")) == json_number(json_get(naive, "nevent")));
    const Json *left = json_get(mark, "left_out");
    ck_assert(json_number(json_get(mark, "n")) + json_number(json_get(left, "event_before")) + json_number(json_get(left, "censored_before")) == N);
    json_free(out);
    json_free(o);
    frame_free(&f);
}
END_TEST

/* Landmarks at one time twice: the effect of one, and errors that know that the rows are the same (twice the rows, the same error). */
START_TEST(super_model_knows_its_patients)
{
    Frame f = { 0 };
    null_exposure(&f, 6);
    Json *o = json_object(), *twice = json_object();
    json_set_text(o, "since", "since");
    json_set_text(o, "exposure", "ever");
    json_set_text(o, "cluster", "id");
    double *id, marks[] = { .5, .5 };
    Err e = { 0 };
    assert_ok_e(frame_add_numbers(&id, &f, "id", &e), e);
    for (int i = 0; i < N; i++) id[i] = i;
    json_set_number(o, "landmark", .5);
    json_set_text(twice, "since", "since");
    json_set_text(twice, "exposure", "ever");
    json_set_numbers(twice, "landmark", marks, 2);
    json_set_text(o, "ties", "breslow");
    json_set_text(twice, "ties", "breslow");
    Json *one = run("Surv(t,d)~ever", &f, o), *two = run("Surv(t,d)~ever", &f, twice);
    const Json *mark = json_at(json_get(one, "landmarks"), 0), *all = json_get(two, "super_model"), *table = json_get(two, "side_by_side");
    ck_assert(json_get(one, "super_model") == NULL);
    ck_assert(json_number(json_get(all, "n")) == 2 * json_number(json_get(mark, "n")) && json_number(json_get(all, "patients")) == json_number(json_get(mark, "n")));
    assert_near(part(all, "coef", "ever"), part(mark, "coef", "ever"), 1e-9);
    assert_near(part(all, "robust_se", "ever"), part(mark, "robust_se", "ever"), 1e-9);
    ck_assert_str_eq(json_text(json_at(json_get(table, "rows"), 3)), "all landmarks");
    assert_near(json_number(json_at(json_at(json_get(table, "data"), 3), 2)), exp(part(all, "coef", "ever")), 1e-12);
    json_free(one);
    json_free(two);
    json_free(o);
    json_free(twice);
    frame_free(&f);
}
END_TEST

START_TEST(marker_enters_when_it_is_known)
{
    Frame f = { 0 };
    null_exposure(&f, 9);
    Json *o = json_object();
    json_set_text(o, "since", "since");
    json_set_number(o, "landmark", 0.5);
    Json *out = run("Surv(t,d)~marker", &f, o);
    const Json *mark = json_at(json_get(out, "landmarks"), 0), *td = json_get(out, "time_dependent"), *left = json_get(mark, "left_out");
    double known = 0;
    for (int i = 0; i < N; i++) known += !isnan(frame_column(&f, "since")->num[i]);
    ck_assert(json_number(json_get(td, "n")) == known);
    double all = json_number(json_get(mark, "n"));
    static const char *const reasons[] = { "event_before", "censored_before", "known_later", "never_known" };
    for (int k = 0; k < 4; k++) all += json_number(json_get(left, reasons[k]));
    ck_assert(all == N);
    ck_assert(fabs(part(td, "coef", "marker")) < 3 * part(td, "se", "marker"));
    json_free(out);
    json_free(o);
    frame_free(&f);
}
END_TEST

/* A time before its zero is told by the name that the user gave it. */
START_TEST(a_negative_time_is_refused)
{
    Frame f = { 0 };
    null_exposure(&f, 9);
    Err e = { 0 };
    Json *o = json_object(), *out = NULL;
    json_set_text(o, "since", "since");
    ((double *)(size_t)frame_column(&f, "t")->num)[3] = -2;
    StatCall call = { .formula = "Surv(t,d)~marker", .data = &f, .options = o, .threads = 1 };
    ck_assert(method_call(&out, method_by_name("landmark"), &call, &e) == ERR_INPUT);
    ck_assert_msg(strstr(e.text, "time t is -2, expected 0 or more") != NULL, "%s", e.text);
    json_free(o);
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("landmark");
    TCase *c = unit_case(s, "landmark");
    tcase_add_test(c, immortal_time_is_undone);
    tcase_add_test(c, super_model_knows_its_patients);
    tcase_add_test(c, marker_enters_when_it_is_known);
    tcase_add_test(c, a_negative_time_is_refused);
    return s;
}

UNIT_MAIN("landmark")
