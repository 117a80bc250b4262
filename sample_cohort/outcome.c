/* sample_cohort/outcome.c: patients, their hypoxia over time, their fate. Numbers without another source: the calibration of the
 * simulated cohort (sample_cohort/STORY.md says against what). */
#include "sample_cohort/outcome.h"

#include <math.h>
#include <stdio.h>

const char *const simulation_timepoint[SIMULATION_TIMEPOINTS] = { "pre", "mid", "end" };

static const double MONTH_DAYS = 30.4375;

double logistic(double x) { return 1 / (1 + det_exp(-x)); }

Rng patient_stream(const SimulationSpec *s, size_t patient, int purpose)
{
    return rng_stream(s->seed, (uint64_t)patient * 32 + (uint64_t)purpose);
}

static double normal(Rng *r, double mean, double sd) { return mean + sd * rng_normal(r); }

static double clamp(double x, double lo, double hi) { return x < lo ? lo : x > hi ? hi : x; }

static double rounded(double x, double step) { return floor(x / step + 0.5) * step; }

static void draw_clinic(CohortPatient *p, const SimulationSpec *s)
{
    Rng r = patient_stream(s, p->index, PURPOSE_PATIENT);
    int chosen[SIMULATION_CENTERS], n = 0;

    for (int i = 0; i < SIMULATION_CENTERS; i++) if (s->center[i]) chosen[n++] = i;
    p->center = chosen[rng_below(&r, (uint32_t)n)];
    p->male = rng_uniform(&r) < 0.62;
    p->age = rounded(clamp(normal(&r, 66, 8.5), 40, 90), 0.1);
    p->a = (p->age - 66) / 8.5;
    p->weight_kg = rounded(clamp(p->male ? normal(&r, 80, 14) : normal(&r, 66, 12), 40, 140), 0.1);
    p->height_m = rounded(clamp(p->male ? normal(&r, 1.76, .07) : normal(&r, 1.63, .065), 1.4, 2.05), 0.01);
    double u = rng_uniform(&r);
    p->stage = u < .45 ? 0 : u < .85 ? 1 : 2;
    p->scc = rng_uniform(&r) < .5;
    u = rng_uniform(&r);
    p->performance = u < .35 ? 0 : u < .85 ? 1 : 2;
    p->chemo = rng_uniform(&r) < .75;
    p->rt_dose_gy = 60 + 2 * (double)rng_below(&r, 4);
    p->pack_years = rounded(clamp(normal(&r, 35, 18), 0, 120), 1);
    p->hb_g_dl = rounded(clamp(p->male ? normal(&r, 13.4, 1.5) : normal(&r, 12.6, 1.4), 8, 18), 0.1);
}

static void draw_tumour(CohortPatient *p, const SimulationSpec *s)
{
    Rng r = patient_stream(s, p->index, PURPOSE_TUMOUR);

    double log_v = det_log(45) + det_log(2.6) * rng_normal(&r);
    log_v = clamp(log_v, det_log(4), det_log(400));
    p->volume_ml[PRE] = det_exp(log_v);
    p->v = (log_v - det_log(45)) / det_log(2.6);
    p->volume_ml[MID] = p->volume_ml[PRE] * det_exp(normal(&r, -.25, .2));
    p->volume_ml[END] = p->volume_ml[PRE] * det_exp(normal(&r, -.60, .35));

    double h0 = normal(&r, -.10, 1.9);
    double amplitude = s->tracer->amplitude * det_exp(det_log(s->tracer->amplitude_gsd) * rng_normal(&r));
    double u = rng_uniform(&r);                /* most tumours reoxygenate, some do not, few get worse */
    double change = u < .65 ? normal(&r, -2.45, .7) : u < .90 ? normal(&r, -.2, .4) : normal(&r, .7, .4);
    double share = rng_beta(&r, 2, 4);         /* of it seen at mid-treatment: lung tumours are slow */
    double jitter = normal(&r, 0, .3);
    if (s->scenario == SCENARIO_SEPARATION) {  /* as Dehdashti et al.: 8 of 14 respond, a gap between the groups */
        p->responder = (p->index * 6) % 14 >= 6;
        double away = 1.2 + fabs(h0 + .10) / 1.5;
        h0 = p->responder ? -.10 - away : -.10 + away;
        amplitude = s->tracer->amplitude * (p->responder ? .7 : 2.5);
    }
    p->amplitude = clamp(amplitude, .05, 3);
    p->logit_fhv[PRE] = h0;
    p->logit_fhv[MID] = h0 + share * change + jitter;
    p->logit_fhv[END] = h0 + change;
    p->z0 = (p->logit_fhv[PRE] + .10) / 1.9;
    p->zm = (p->logit_fhv[MID] + .62) / 1.95;
}

/* Cumulative hazard of death without failure: Weibull of shape 1.15, median 24 months; times in months. */
static const double DEATH_SHAPE = 1.15, DEATH_MEDIAN = 24;

static void draw_outcome(CohortPatient *p, const SimulationSpec *s)
{
    Rng r = patient_stream(s, p->index, PURPOSE_OUTCOME);
    const Effects *f = &s->lrf, *d = &s->death, *q = &s->response;
    double rate = 0.0245 * det_exp(f->z0 * p->z0 + f->zm * p->zm + f->v * p->v + f->a * p->a);
    double frailty = normal(&r, 0, .25);
    double scale = det_log(2) * det_exp(d->z0 * p->z0 + d->zm * p->zm + d->v * p->v + d->a * p->a + frailty);

    p->lrf_time = rng_exponential(&r) / rate;
    /* The hazard of death doubles at failure, so H(t) beyond it is 2 H(t) - H(failure). */
    double due = rng_exponential(&r) / scale;
    double at_failure = det_pow(p->lrf_time / DEATH_MEDIAN, DEATH_SHAPE);
    if (due > at_failure) due = (due + at_failure) / 2;
    p->death_time = DEATH_MEDIAN * det_pow(due, 1 / DEATH_SHAPE);
    if (s->scenario != SCENARIO_SEPARATION)
        p->responder = rng_uniform(&r) < logistic(q->intercept + q->z0 * p->z0 + q->zm * p->zm + q->v * p->v + q->a * p->a);

    p->censor_time = HUGE_VAL;
    if (s->censoring) {
        Rng c = patient_stream(s, p->index, PURPOSE_CENSORING);
        double administrative = 12 + 48 * rng_uniform(&c);     /* accrual over four years */
        double lost = 1 + 35 * rng_uniform(&c);
        p->censor_time = rng_uniform(&c) < .08 && lost < administrative ? lost : administrative;
    }
    /* Judged three months after the start, in who is then still seen. */
    double seen = p->death_time < p->censor_time ? p->death_time : p->censor_time;
    p->response_known = seen >= 3 || s->scenario == SCENARIO_SEPARATION || !s->missing;
}

void patient_observed(const CohortPatient *p, double *os_months, int *os_event, double *lrf_months, int *lrf_code)
{
    double os = p->death_time < p->censor_time ? p->death_time : p->censor_time;

    *os_event = p->death_time <= p->censor_time;
    *os_months = rounded(os, .001);
    *lrf_code = p->lrf_time <= os ? 1 : *os_event ? 2 : 0;
    *lrf_months = rounded(*lrf_code == 1 ? p->lrf_time : os, .001);
    if (*os_months < .001) *os_months = .001;
    if (*lrf_months < .001) *lrf_months = .001;
}

static void draw_scans(CohortPatient *p, const SimulationSpec *s)
{
    Rng r = patient_stream(s, p->index, PURPOSE_SCANNER);
    const SimulationCenter *c = simulation_center(p->center);
    double blood = s->tracer->blood_suv * det_exp(normal(&r, 0, .05)) * det_exp(normal(&r, 0, .10));
    double os_months, lrf_months;
    int os_event, lrf_code;

    p->day[PRE] = -3 - (int)rng_below(&r, 12);
    p->day[MID] = 12 + (int)rng_below(&r, 10);
    p->day[END] = 40 + (int)rng_below(&r, 8);
    for (int t = 0; t < SIMULATION_TIMEPOINTS; t++) {
        p->uptake_min[t] = rounded(clamp(normal(&r, c->uptake_min, 8), 60, 300), 1);
        p->injected_mbq[t] = rounded(clamp(normal(&r, s->tracer->activity_mbq, s->tracer->activity_sd), 150, 700), .1);
        p->blood_suv[t] = blood * det_exp(normal(&r, 0, .04));
        p->status[t] = SCAN_DONE;
    }
    /* Nobody is scanned after his last follow-up. */
    patient_observed(p, &os_months, &os_event, &lrf_months, &lrf_code);
    for (int t = MID; t < SIMULATION_TIMEPOINTS; t++)
        if (p->day[t] > os_months * MONTH_DAYS - 1 || p->day[t] > lrf_months * MONTH_DAYS - 1) p->status[t] = SCAN_NOT_DONE;
    if (!s->missing) return;

    Rng m = patient_stream(s, p->index, PURPOSE_MISSING);
    double u_mid = rng_uniform(&m), u_end = rng_uniform(&m), u_early = rng_uniform(&m);
    if (u_mid < logistic(-1.1 + .4 * (p->performance == 2) + .25 * p->v)) p->status[MID] = SCAN_NOT_DONE;
    if (u_end < .40) p->status[END] = SCAN_NOT_DONE;
    /* Not at random: who soon fails or dies is at times too ill for the mid scan (about 3 in 100). */
    if ((p->lrf_time < 4 || p->death_time < 4) && u_early < .2) p->status[MID] = SCAN_NOT_DONE;
}

void patient_draw(CohortPatient *p, const SimulationSpec *s, size_t i)
{
    *p = (CohortPatient){ .index = i };
    snprintf(p->id, sizeof p->id, "P%0*zu", s->n > 9999 ? 7 : s->n > 999 ? 4 : 3, i + 1);
    draw_clinic(p, s);
    draw_tumour(p, s);
    draw_outcome(p, s);
    draw_scans(p, s);
}
