/* tests/unit/test_outcome.c: the simulated cohort's tables against what they were calibrated to, and the specification's keys. */
#include "sample_cohort/outcome.h"

#include "unit.h"

enum { N = 40000 };

static Rc read_spec(SimulationSpec *s, const char *text, Err *e)
{
    Json *j = NULL;
    Rc rc = json_parse(&j, text, strlen(text), "spec.json", e);
    if (rc == OK) rc = simulation_spec_read(s, j, "spec.json", e);
    json_free(j);
    return rc;
}

static SimulationSpec spec_of(const char *text)
{
    SimulationSpec s;
    Err e = { 0 };
    assert_ok_e(read_spec(&s, text, &e), e);
    return s;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *x, double p)
{
    qsort(x, N, sizeof *x, ascending);
    return x[(int)(p * (N - 1))];
}

/* ---- calibration. Binomial SE at N = 40,000 is at most 0.0025. */

START_TEST(outcomes_as_calibrated)
{
    SimulationSpec s = spec_of("{}");
    double alive12 = 0, alive24 = 0, failed60 = 0, deaths = 0, responders = 0, judged = 0;
    double *seen = malloc(N * sizeof *seen);
    for (size_t i = 0; i < N; i++) {
        CohortPatient p;
        double os, lrf;
        int os_event, lrf_code;
        patient_draw(&p, &s, i);
        patient_observed(&p, &os, &os_event, &lrf, &lrf_code);
        alive12 += p.death_time > 12;
        alive24 += p.death_time > 24;
        failed60 += p.lrf_time <= 60;
        deaths += os_event;
        judged += p.response_known;
        responders += p.response_known && p.responder;
        seen[i] = os;
        ck_assert(os > 0 && lrf > 0 && lrf <= os && (lrf_code == 1 || lrf == os));
        ck_assert(lrf_code != 2 || os_event == 1);
    }
    assert_near_abs(alive12 / N, .67, 0, .01);
    assert_near_abs(alive24 / N, .43, 0, .015);
    assert_near_abs(failed60 / N, .73, 0, .01);            /* local failure at five years were nobody to die: 27 % controlled */
    assert_near_abs(deaths / N, .66, 0, .015);
    assert_near_abs(quantile(seen, .5), 17, 0, 1);
    assert_near_abs(responders / judged, .56, 0, .02);
    free(seen);
}
END_TEST

START_TEST(hypoxia_as_calibrated)
{
    SimulationSpec s = spec_of("{}");
    double *pre = malloc(N * sizeof *pre), *end = malloc(N * sizeof *end), *volume = malloc(N * sizeof *volume);
    double s0 = 0, sm = 0, s00 = 0, smm = 0, s0m = 0, sv = 0, s0v = 0;
    Rng r = rng_stream(21, 0);
    for (size_t i = 0; i < N; i++) {
        CohortPatient p;
        patient_draw(&p, &s, i);
        pre[i] = logistic(p.logit_fhv[PRE]);
        /* Koh et al.: median 58 % before, 22 % (3 to 65) at the end; a group with logit N(.32, 1.13) */
        end[i] = logistic(.32 + 1.13 * rng_normal(&r) + p.logit_fhv[END] - p.logit_fhv[PRE]);
        volume[i] = p.volume_ml[PRE];
        s0 += p.z0; sm += p.zm; s00 += p.z0 * p.z0; smm += p.zm * p.zm; s0m += p.z0 * p.zm; sv += p.v; s0v += p.z0 * p.v;
        ck_assert(p.volume_ml[PRE] >= 4 - 1e-9 && p.volume_ml[PRE] <= 400 + 1e-6);
        assert_near_abs(p.z0, (p.logit_fhv[PRE] + .10) / 1.9, 1e-12, 1e-12);
    }
    assert_near_abs(quantile(pre, .5), .476, 0, .02);      /* Rasey et al. */
    assert_near_abs(quantile(pre, .5 / 21), .02, 0, .01);  /* their lowest and highest of 21: .013, .947 */
    assert_near_abs(quantile(pre, 1 - .5 / 21), .97, 0, .02);
    assert_near_abs(quantile(end, .5), .22, 0, .03);
    assert_near_abs(quantile(end, .1), .03, 0, .015);
    assert_near_abs(quantile(end, .9), .76, 0, .04);
    assert_near(quantile(volume, .5), 45, .03);
    double c0 = s00 - s0 * s0 / N, cm = smm - sm * sm / N;
    assert_near_abs((s0m - s0 * sm / N) / sqrt(c0 * cm), .94, 0, .015);
    assert_near_abs(s0 / N, 0, 0, .02);
    assert_near_abs(sm / N, 0, 0, .02);
    assert_near_abs(sqrt(cm / N), 1, 0, .05);
    assert_near_abs((s0v - s0 * sv / N) / sqrt(c0 * N), 0, 0, .02);        /* hypoxia does not go with volume */
    free(pre); free(end); free(volume);
}
END_TEST

/* 27 % of mid scans are missing at random, 3 % not at random, some patients are dead or lost before; 40 % of end scans. */
START_TEST(missing_as_calibrated)
{
    SimulationSpec s = spec_of("{}"), all = spec_of("{\"missing\":false,\"censoring\":false}");
    double mid = 0, end = 0, early = 0, ill = 0, fit = 0, n_ill = 0;
    for (size_t i = 0; i < N; i++) {
        CohortPatient p, q;
        double os, lrf;
        int os_event, lrf_code;
        patient_draw(&p, &s, i);
        patient_draw(&q, &all, i);
        mid += p.status[MID] != SCAN_DONE;
        end += p.status[END] != SCAN_DONE;
        early += q.status[MID] != SCAN_DONE;
        if (p.performance == 2) { n_ill++; ill += p.status[MID] != SCAN_DONE; } else { fit += p.status[MID] != SCAN_DONE; }
        ck_assert_int_eq(p.status[PRE], SCAN_DONE);
        patient_observed(&q, &os, &os_event, &lrf, &lrf_code);
        ck_assert(os_event == 1 && lrf_code > 0);
        patient_observed(&p, &os, &os_event, &lrf, &lrf_code);
        for (int t = 0; t < SIMULATION_TIMEPOINTS; t++)                /* nobody is scanned after his last follow-up */
            if (p.status[t] == SCAN_DONE) ck_assert(p.day[t] <= os * 30.4375 && p.day[t] <= lrf * 30.4375);
    }
    assert_near_abs(mid / N, .30, 0, .025);
    assert_near_abs(end / N, .45, 0, .03);
    ck_assert(early / N < .04);
    ck_assert(ill / n_ill > fit / (N - n_ill) + .05);
}
END_TEST

/* ---- what a switch leaves alone */

START_TEST(switches_change_nothing_else)
{
    SimulationSpec a = spec_of("{\"seed\":5}"), b = spec_of("{\"seed\":5,\"n\":500,\"images\":false,\"noise\":false,\"motion\":false,\"missing\":false}");
    SimulationSpec c = spec_of("{\"seed\":5,\"scenario\":\"null\"}"), d = spec_of("{\"seed\":6}");
    int differ = 0;
    for (size_t i = 0; i < 50; i++) {
        CohortPatient p, q, r, t;
        patient_draw(&p, &a, i);
        patient_draw(&q, &b, i);
        patient_draw(&r, &c, i);
        patient_draw(&t, &d, i);
        ck_assert(p.z0 == q.z0 && p.zm == q.zm && p.lrf_time == q.lrf_time && p.death_time == q.death_time && p.age == q.age);
        ck_assert(p.z0 == r.z0 && p.age == r.age && p.censor_time == r.censor_time);
        differ += p.z0 != t.z0;
    }
    ck_assert_int_eq(differ, 50);
}
END_TEST

START_TEST(scenarios_move_the_effect)
{
    SimulationSpec null = spec_of("{\"scenario\":\"null\"}"), pre = spec_of("{\"scenario\":\"pre\"}"), mid = spec_of("{\"scenario\":\"mid\"}");
    Effects os;
    ck_assert(null.lrf.z0 == 0 && null.lrf.zm == 0 && null.lrf.v == .30 && null.death.a == .20 && null.response.zm == 0);
    assert_near(pre.lrf.z0, .65, 1e-12);
    ck_assert(pre.lrf.zm == 0 && mid.lrf.z0 == 0);
    assert_near(mid.response.zm, -1.4, 1e-12);
    ck_assert(simulation_marginal_os(&os, &null));
    assert_near_abs(os.z0, 0, 0, .006);
    assert_near_abs(os.zm, 0, 0, .006);
    SimulationSpec own = spec_of("{\"effects\":{\"lrf\":{\"zm\":1}}}");
    ck_assert(!simulation_marginal_os(&os, &own));
    ck_assert(own.lrf.zm == 1 && own.lrf.z0 == .20 && own.death.zm == .30);
    SimulationSpec both = spec_of("{}");
    ck_assert(simulation_marginal_os(&os, &both));
    assert_near_abs(os.v, .279, 0, .004);                  /* an independent simulation of 160,000 found .279 */
}
END_TEST

/* Dehdashti et al.: 14 patients, all 8 responders below the cut, all 6 others above. */
START_TEST(separation_separates)
{
    SimulationSpec s = spec_of("{\"scenario\":\"separation\"}");
    double highest_responder = -99, lowest_other = 99;
    int responders = 0;
    ck_assert_int_eq(s.n, 14);
    for (size_t i = 0; i < 14; i++) {
        CohortPatient p;
        patient_draw(&p, &s, i);
        ck_assert(p.response_known);
        responders += p.responder;
        if (p.responder) highest_responder = fmax(highest_responder, p.z0); else lowest_other = fmin(lowest_other, p.z0);
    }
    ck_assert_int_eq(responders, 8);
    ck_assert(lowest_other > highest_responder + 1);
}
END_TEST

/* ---- refusals */

START_TEST(bad_specifications_are_refused_by_name)
{
    static const struct { const char *text, *says; } bad[] = {
        { "{\"sed\":1}", "sed" }, { "{\"n\":0}", "n: 0" }, { "{\"n\":2.5}", "n: 2.5" }, { "{\"n\":\"12\"}", "n" }, { "{\"seed\":-1}", "seed" },
        { "{\"tracer\":\"FDG\"}", "FDG" }, { "{\"scenario\":\"late\"}", "late" }, { "{\"centers\":[]}", "centers" },
        { "{\"centers\":[\"E\"]}", "E" }, { "{\"centers\":[\"A\",\"A\"]}", "twice" }, { "{\"noise\":-1}", "noise" }, { "{\"noise\":\"no\"}", "noise" },
        { "{\"images\":1}", "images" }, { "{\"effects\":{\"pfs\":{}}}", "pfs" }, { "{\"effects\":{\"lrf\":{\"a\":1}}}", "lrf" },
        { "{\"effects\":{\"os\":{\"intercept\":1}}}", "intercept" }, { "{\"effects\":{\"os\":{\"zm\":\"x\"}}}", "zm" }, { "[1]", "array" },
        { "{\"n\":1,\"n\":2}", "n" } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        SimulationSpec s;
        Err e = { 0 };
        ck_assert_msg(read_spec(&s, bad[i].text, &e) == ERR_INPUT, "%s was accepted", bad[i].text);
        ck_assert_msg(strstr(e.text, bad[i].says) && strstr(e.text, "spec.json"), "%s: %s", bad[i].text, e.text);
    }
}
END_TEST

/* The effective specification, read again, is the same. */
START_TEST(effective_specification_is_complete)
{
    SimulationSpec s = spec_of("{\"n\":7,\"tracer\":\"hx4\",\"scenario\":\"mid\",\"noise\":0.5,\"centers\":[\"D\",\"B\"]}"), again;
    Json *j = simulation_spec_json(&s);
    Err e = { 0 };
    assert_ok_e(simulation_spec_read(&again, j, "spec", &e), e);
    ck_assert(again.n == 7 && again.tracer == s.tracer && again.scenario == SCENARIO_MID && again.noise == .5 && again.center[1] && again.center[3]
              && !again.center[0] && again.lrf.zm == s.lrf.zm && again.response.intercept == .35);
    ck_assert_str_eq(s.tracer->name, "HX4");
    json_free(j);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("outcome");
    TCase *c = unit_case(s, "outcome");
    tcase_add_test(c, outcomes_as_calibrated);
    tcase_add_test(c, hypoxia_as_calibrated);
    tcase_add_test(c, missing_as_calibrated);
    tcase_add_test(c, switches_change_nothing_else);
    tcase_add_test(c, scenarios_move_the_effect);
    tcase_add_test(c, separation_separates);
    tcase_add_test(c, bad_specifications_are_refused_by_name);
    tcase_add_test(c, effective_specification_is_complete);
    return s;
}

UNIT_MAIN("outcome")
