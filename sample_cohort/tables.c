/* sample_cohort/tables.c: study.json, clinical.csv, scans.csv and truth.json of a simulated study. */
#include "sample_cohort/tables.h"

#include <math.h>

#include "core/csv.h"

static const char *const stages[] = { "IIIA", "IIIB", "IIIC" };

static void field(Str *out, const char *text)
{
    str_append_char(out, ',');
    csv_write_field(out, text);
}

static void number(Str *out, double x)
{
    char text[NUMBER_TEXT_MAX];

    str_append_char(out, ',');
    if (!isnan(x)) str_append(out, number_write_short(text, x));
}

/* A number of the given decimals; the shortest form of 0.1 * k may not look like it. */
static void decimal(Str *out, double x, int decimals)
{
    char text[NUMBER_TEXT_MAX];
    double scale = decimals == 1 ? 10 : decimals == 2 ? 100 : decimals == 3 ? 1000 : 1;

    str_append_char(out, ',');
    str_append(out, number_write_short(text, floor(x * scale + .5) / scale));
}

void clinical_table(Str *out, const SimulatedPatient *all, size_t n)
{
    str_append(out, "patient,age,sex,histology,stage,ps,chemo,rt_dose_gy,pack_years,hb_g_dl,center,responder,"
                    "os_months,os_event,lrf_months,lrf_code\n");
    for (size_t i = 0; i < n; i++) {
        const CohortPatient *p = &all[i].patient;
        double os_months, lrf_months;
        int os_event, lrf_code;
        patient_observed(p, &os_months, &os_event, &lrf_months, &lrf_code);
        csv_write_field(out, p->id);
        decimal(out, p->age, 1);
        field(out, p->male ? "M" : "F");
        field(out, p->scc ? "SCC" : "AC");
        field(out, stages[p->stage]);
        number(out, p->performance);
        number(out, p->chemo);
        number(out, p->rt_dose_gy);
        number(out, p->pack_years);
        decimal(out, p->hb_g_dl, 1);
        field(out, simulation_center(p->center)->name);
        number(out, p->response_known ? p->responder : NAN);
        decimal(out, os_months, 3);
        number(out, os_event);
        decimal(out, lrf_months, 3);
        number(out, lrf_code);
        str_append_char(out, '\n');
    }
}

static void scan_file(Str *out, const CohortPatient *p, int t, const char *what)
{
    str_appendf(out, ",scans/%s_%s%s.nii.gz", p->id, simulation_timepoint[t], what);
}

/* Without images, a scan that was made cannot be assessed from this folder. */
void scans_table(Str *out, const SimulatedPatient *all, size_t n, const SimulationSpec *s)
{
    str_append(out, "patient,timepoint,tracer,status,image,units,roi_gtv,roi_blood,roi_muscle,day,uptake_min,injected_mbq,weight_kg,"
                    "height_m,sex,center\n");
    for (size_t i = 0; i < n; i++)
        for (int t = 0; t < SIMULATION_TIMEPOINTS; t++) {
            const CohortPatient *p = &all[i].patient;
            bool done = p->status[t] == SCAN_DONE;
            csv_write_field(out, p->id);
            field(out, simulation_timepoint[t]);
            field(out, s->tracer->name);
            field(out, scan_status_name(done && !s->images ? SCAN_NOT_ASSESSABLE : p->status[t]));
            if (done && s->images) {
                scan_file(out, p, t, "");
                field(out, "SUV");
                scan_file(out, p, t, "_gtv");
                scan_file(out, p, t, "_blood");
                scan_file(out, p, t, "_muscle");
            } else {
                str_append(out, ",,,,,");
            }
            number(out, done ? p->day[t] : NAN);
            number(out, done ? p->uptake_min[t] : NAN);
            if (done) decimal(out, p->injected_mbq[t], 1); else number(out, NAN);
            decimal(out, p->weight_kg, 1);
            decimal(out, p->height_m, 2);
            field(out, p->male ? "M" : "F");
            field(out, simulation_center(p->center)->name);
            str_append_char(out, '\n');
        }
}

/* ---- study.json */

static Json *column(Json *columns, const char *name, const char *label, const char *unit)
{
    Json *c = json_set(columns, name, json_object());

    json_set_text(c, "label", label);
    if (unit) json_set_text(c, "unit", unit);
    return c;
}

/* %s of the formula, each time, is the tracer as names of variables have it. */
static void model(Json *models, const char *name, const char *method, const char *landmark, const char *formula, const char *tracer)
{
    Json *m = json_push(models, json_object());
    Str text = { 0 };

    for (const char *c = formula; *c; c++)
        if (c[0] == '%' && c[1] == 's') { str_append(&text, tracer); c++; } else str_append_char(&text, *c);
    json_set_text(m, "name", name);
    json_set_text(m, "method", method);
    if (landmark) json_set_text(m, "landmark", landmark);
    if (method[0] == 'l') json_set_text(m, "penalty", "firth");
    json_set_text(m, "formula", str_text(&text));
    str_free(&text);
}

static void add_models(Json *study, const char *tracer)
{
    static const char *const board_models[] = { "os_pre", "os_mid" };
    Json *board = json_set(study, "board", json_object()), *models = json_set(study, "models", json_array());

    json_set_text(board, "endpoint", "os");
    json_set_number(board, "horizon", 24);
    json_set_texts(board, "models", board_models, 2);
    model(models, "os_pre", "cox", NULL, "Surv(os_months, os_event) ~ %s_pre_fhv + log(%s_pre_morphology_volume) + age", tracer);
    model(models, "os_mid", "cox", "mid", "Surv(os_months, os_event) ~ %s_mid_fhv + log(%s_pre_morphology_volume) + age", tracer);
    model(models, "os_both", "cox", "mid", "Surv(os_months, os_event) ~ %s_pre_fhv + %s_mid_fhv", tracer);
    model(models, "os_change", "cox", "mid", "Surv(os_months, os_event) ~ %s_pre_fhv + %s_pre_mid_delta_fhv", tracer);
    model(models, "lrf_pre", "cox", NULL, "Surv(lrf_months, lrf_code) ~ %s_pre_fhv + log(%s_pre_morphology_volume)", tracer);
    model(models, "lrf_mid", "cox", "mid", "Surv(lrf_months, lrf_code) ~ %s_mid_fhv + log(%s_pre_morphology_volume)", tracer);
    model(models, "resp_pre", "logistic", NULL, "responder ~ %s_pre_fhv", tracer);
    model(models, "resp_mid", "logistic", NULL, "responder ~ %s_mid_fhv", tracer);
}

Rc protocol_text(Str *out, const SimulationSpec *s, Err *e)
{
    static const char *const sexes[] = { "F", "M" };
    char tracer[16];
    Json *study = json_object();
    Rc rc = OK;

    text_slug(tracer, s->tracer->name);
    Str name = { 0 };
    str_appendf(&name, "Simulated %s cohort, scenario %s, seed %llu", s->tracer->name, scenario_name(s->scenario),
                (unsigned long long)s->seed);
    json_set_text(study, "name", str_text(&name));
    str_free(&name);
    json_set_text(study, "clinical", "clinical.csv");
    json_set_text(study, "scans", "scans.csv");
    json_set_texts(study, "timepoints", simulation_timepoint, SIMULATION_TIMEPOINTS);
    Json *rule = json_set(json_set(study, "hypoxia", json_object()), s->tracer->name, json_object());
    json_set_text(rule, "reference", "blood");
    json_set_number(rule, "threshold", s->tracer->threshold);
    json_set_text(rule, "operator", ">=");
    Json *features = json_set(study, "features", json_object());
    json_set_text(features, "quantity", "tbr");            /* bins of a ratio mean the same at every time point */
    Json *discretise = json_set(features, "discretise", json_object());
    json_set_text(discretise, "method", "fixed_bin_size");
    json_set_number(discretise, "bin_size", 0.1);
    Json *columns = json_set(study, "columns", json_object());
    column(columns, "age", "Age", "years");
    json_set_texts(column(columns, "sex", "Sex", NULL), "levels", sexes, 2);
    column(columns, "histology", "Histology", NULL);
    json_set_texts(column(columns, "stage", "Stage", NULL), "levels", stages, 3);
    column(columns, "ps", "Performance status", NULL);
    column(columns, "chemo", "Concurrent chemotherapy", NULL);
    column(columns, "rt_dose_gy", "Radiation dose", "Gy");
    column(columns, "pack_years", "Smoking", "pack-years");
    column(columns, "hb_g_dl", "Haemoglobin", "g/dL");
    column(columns, "responder", "Response at 3 months", NULL);
    Json *endpoints = json_set(study, "endpoints", json_object());
    Json *os = json_set(endpoints, "os", json_object()), *lrf = json_set(endpoints, "lrf", json_object());
    json_set_text(os, "time", "os_months");
    json_set_text(os, "event", "os_event");
    json_set_text(os, "time_unit", "months");
    json_set_text(lrf, "time", "lrf_months");
    json_set_text(lrf, "event", "lrf_code");
    json_set_number(lrf, "cause", 1);
    json_set_text(lrf, "time_unit", "months");
    json_set_text(json_set(endpoints, "response", json_object()), "column", "responder");
    if (s->images) add_models(study, tracer);
    TRY(json_print_short(out, study, e));
    str_append_char(out, '\n');
out:
    json_free(study);
    return rc;
}

/* ---- truth.json */

static void summary(Json *at, const char *key, const HypoxiaSummary *h)
{
    Json *j = json_set(at, key, json_object());

    json_set_number(j, "fhv", h->fhv);
    json_set_number(j, "hv_ml", h->hv_ml);
    json_set_number(j, "volume_ml", h->volume_ml);
    json_set_number(j, "tbr_mean", h->tbr_mean);
    json_set_number(j, "tbr_max", h->tbr_max);
}

static Json *patient_truth(const SimulatedPatient *x)
{
    const CohortPatient *p = &x->patient;
    Json *j = json_object(), *c = json_set(j, "covariates", json_object()), *times = json_set(j, "uncensored", json_object());
    Json *timepoints = json_set(j, "timepoints", json_object());

    json_set_number(c, "z0", p->z0);
    json_set_number(c, "zm", p->zm);
    json_set_number(c, "v", p->v);
    json_set_number(c, "a", p->a);
    json_set_number(times, "os_months", p->death_time);
    json_set_number(times, "lrf_months", p->lrf_time);
    json_set_number(times, "censored_at_months", p->censor_time);
    json_set_number(times, "responder", p->responder);
    for (int t = 0; t < SIMULATION_TIMEPOINTS; t++) {
        Json *at = json_set(timepoints, simulation_timepoint[t], json_object());
        json_set_bool(at, "scanned", p->status[t] == SCAN_DONE);
        json_set_number(at, "aimed_fhv", logistic(p->logit_fhv[t]));
        summary(at, "true", &x->truth[t]);
        summary(at, "expected", &x->expected[t]);
    }
    return j;
}

static void coefficients(Json *all, const char *endpoint, const Effects *f, bool known, bool intercept, bool age)
{
    if (!known) { json_set(all, endpoint, json_null()); return; }
    Json *j = json_set(all, endpoint, json_object());
    if (intercept) json_set_number(j, "(Intercept)", f->intercept);
    json_set_number(j, "z0", f->z0);
    json_set_number(j, "zm", f->zm);
    json_set_number(j, "v", f->v);
    if (age) json_set_number(j, "a", f->a);
}

static Json *truth_head(const SimulationSpec *s)
{
    Json *j = json_object(), *c, *d, *r;
    Effects os = { 0 };
    bool has_os = simulation_marginal_os(&os, s);

    json_set_text(j, "schema", "reox.truth/1");
    json_set(j, "spec", simulation_spec_json(s));
    r = json_set(j, "definition", json_object());
    json_set_text(r, "tracer", s->tracer->name);
    json_set_text(r, "reference", "blood");
    json_set_number(r, "threshold", s->tracer->threshold);
    json_set_text(r, "operator", ">=");
    c = json_set(j, "coefficients", json_object());
    coefficients(c, "os", &os, has_os, false, true);
    coefficients(c, "lrf", &s->lrf, true, false, false);
    coefficients(c, "response", &s->response, s->scenario != SCENARIO_SEPARATION, true, false);
    d = json_set(j, "notes", json_object());
    json_set_text(d, "z0", "(logit(aimed_fhv of pre) + 0.10) / 1.90");
    json_set_text(d, "zm", "(logit(aimed_fhv of mid) + 0.62) / 1.95");
    json_set_text(d, "v", "(log(GTV volume in mL before treatment) - log 45) / log 2.6");
    json_set_text(d, "a", "(age - 66) / 8.5");
    json_set_text(d, "os", "marginal log hazard ratios: a Cox model of overall survival on z0, zm, v and a estimates these, because the "
                  "hazard of death doubles at locoregional failure and patients differ in frailty; spec.effects.os generates");
    json_set_text(d, "lrf", "log hazard ratios of the cause-specific hazard of locoregional failure");
    json_set_text(d, "response", "log odds ratios");
    json_set_text(d, "true", "counted on the fine grid");
    json_set_text(d, "expected", "of the noise-free blurred image within the GTV mask, against the mean of the blood region");
    return j;
}

/* A line a patient, so that a large cohort needs no large tree. */
Rc truth_text(Str *out, const SimulatedPatient *all, size_t n, const SimulationSpec *s, Err *e)
{
    Json *j = truth_head(s);
    Rc rc = OK;

    TRY(json_print(out, j, true, e));
    while (out->len > 0 && out->s[out->len - 1] != '}') out->s[--out->len] = 0;
    out->s[--out->len] = 0;                                /* the closing brace, and the newline before it */
    while (out->len > 0 && out->s[out->len - 1] == '\n') out->s[--out->len] = 0;
    str_append(out, ",\n  \"patients\": {");
    for (size_t i = 0; i < n; i++) {
        str_appendf(out, "%s\n    \"%s\": ", i ? "," : "", all[i].patient.id);
        json_free(j);
        j = patient_truth(&all[i]);
        TRY(json_print(out, j, false, e));
    }
    str_append(out, "\n  }\n}\n");
    TRY(str_check(out, e));
out:
    json_free(j);
    return rc;
}
