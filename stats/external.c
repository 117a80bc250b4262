/* stats/external.c: discrimination, calibration and recalibration of a model on other patients. */
#include "stats/external.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/sum.h"
#include "stats/calibration.h"
#include "stats/cif.h"
#include "stats/concordance.h"
#include "stats/dist.h"
#include "stats/ipcw.h"
#include "stats/km.h"
#include "stats/newton.h"
#include "stats/result_keys.h"
#include "stats/roc.h"
#include "stats/trained.h"

enum { GRID = 41, STEPS = 4 };

static void set_estimate(Json *o, const char *key, double x, double se, double conf)
{
    char name[KEY_MAX];
    json_set_number(o, key, x);
    snprintf(name, sizeof name, "%s_se", key);
    json_set_number(o, name, se);
    snprintf(name, sizeof name, "%s_ci", key);
    set_level_limits(o, name, conf, "", x - conf_z(conf) * se, x + conf_z(conf) * se);
}

static bool at_horizon(const ExternalData *d) { return d->time && isfinite(d->horizon) && !isnan(d->risk[0]); }

/* ---- discrimination */

static Rc discrimination(Json *out, const ExternalData *d, const double *event, const int *state, Arena *a, Err *e)
{
    Rc rc = OK;
    Json *o = json_set(out, "discrimination", json_object());
    if (!d->time) {
        RocArea area;
        TRY(roc_area(&area, d->eta, d->y, d->n, a, e));
        set_estimate(o, "c", area.auc, sqrt(area.var), d->conf);
        goto out;
    }
    Concordance c;
    ConcordanceData q = { .n = d->n, .time = d->time, .event = event, .marker = d->eta, .stratum = d->stratum, .tau = INFINITY };
    TRY(concordance_estimate(&c, &q, NULL, a, e));
    set_estimate(o, "c", c.c, sqrt(c.var), d->conf);
    if (!at_horizon(d)) goto out;
    bool competing = false;
    for (size_t i = 0; i < d->n; i++) competing = competing || state[i] == 2;
    if (!competing) {
        q.pairs = PAIRS_N_G2;
        q.tau = d->horizon;
        TRY(concordance_estimate(&c, &q, NULL, a, e));
        set_estimate(o, "uno_c", c.c, sqrt(c.var), d->conf);
    }
    Ipcw w;
    Measure auc;
    TRY(ipcw_init(&w, d->time, state, d->n, a, e));
    TRY(ipcw_auc(&auc, NULL, &w, d->risk, d->horizon, CASES_UP_TO_T, false, NULL, e));
    set_estimate(o, "auc", auc.value, auc.se, d->conf);
out:
    return rc;
}

/* ---- calibration */

/* Observed risk at the horizon with its standard error. */
static Rc observed_risk(double *risk, double *se, const ExternalData *d, const int *state, Arena *a, Err *e)
{
    Rc rc = OK;
    CifCurve c;
    TRY(cif_estimate(&c, d->n, d->time, state, 2, a, e));
    *risk = cif_at(&c, 1, d->horizon);
    const long row = cif_row(&c, d->horizon);
    *se = row == CIF_BEFORE ? NAN : c.se_state[c.n + (size_t)row];
out:
    return rc;
}

static Rc calibration(Json *out, const ExternalData *d, const double *event, const int *state, Arena *a, Err *e)
{
    Rc rc = OK;
    Json *o = json_set(out, "calibration", json_object());
    Judged j;
    double observed = NAN, se = NAN, expected = mean_of(d->risk, d->n), z = conf_z(d->conf);
    TRY(judge(&j, d->eta, d->time, event, d->stratum, d->stratum ? d->n_strata : 1, d->n, a, e));
    set_estimate(o, "slope", j.slope, j.se_slope, d->conf);
    if (d->time && !at_horizon(d)) goto out;
    if (d->time) TRY(observed_risk(&observed, &se, d, state, a, e));
    else {
        observed = mean_of(d->y, d->n);
        se = sqrt(observed * (1 - observed) / (double)d->n);
    }
    json_set_number(o, "observed", observed);
    json_set_number(o, "expected", expected);
    json_set_number(o, "oe", observed / expected);
    set_level_limits(o, "oe_ci", d->conf, "", observed / expected * exp(-z * se / observed), observed / expected * exp(z * se / observed));
    CalibrationCurve c;
    TRY(calibration_curve(&c, &(CalibrationData){ d->n, d->risk, d->y, d->time, d->horizon }, NULL, GRID, a, e));
    calibration_json(o, "curve", &c);
out:
    return rc;
}

static Rc brier(Json *out, const ExternalData *d, const int *state, Arena *a, Err *e)
{
    Rc rc = OK;
    Measure model = { NAN, NAN }, null = { NAN, NAN };
    double *same = ARENA_NEW(a, d->n + 1, double), observed = NAN, se;
    if (!same) return err_nomem(e);
    if (d->time && !at_horizon(d)) return OK;
    if (d->time) TRY(observed_risk(&observed, &se, d, state, a, e));
    else observed = mean_of(d->y, d->n);
    for (size_t i = 0; i < d->n; i++) same[i] = observed;
    if (d->time) {
        Ipcw w;
        TRY(ipcw_init(&w, d->time, state, d->n, a, e));
        TRY(ipcw_brier(&model, &w, d->risk, d->horizon, e));
        TRY(ipcw_brier(&null, &w, same, d->horizon, e));
    } else {
        Sum s = { 0 }, ss = { 0 };
        for (size_t i = 0; i < d->n; i++) sum_add(&s, (d->y[i] - d->risk[i]) * (d->y[i] - d->risk[i]));
        model.value = sum_value(&s) / (double)d->n;
        for (size_t i = 0; i < d->n; i++) {
            double r = (d->y[i] - d->risk[i]) * (d->y[i] - d->risk[i]) - model.value;
            sum_add(&ss, r * r);
        }
        model.se = sqrt(sum_value(&ss)) / (double)d->n;
        null.value = observed * (1 - observed);
    }
    Json *o = json_set(out, "brier", json_object());
    set_estimate(o, "model", model.value, model.se, d->conf);
    json_set_number(o, "null", null.value);
    json_set_number(o, "ipa", 1 - model.value / null.value);
out:
    return rc;
}

/* ---- recalibration */

/* eta = offset + Z theta. Survival: sum of d eta - H0 exp(eta) (the log hazard itself is the same for every theta); response: Bernoulli. */
typedef struct { const ExternalData *d; const double *event, *offset, *z; int q; } Step;

static double step_loglik(double *g, double *h, const double *theta, void *context)
{
    const Step *s = context;
    const ExternalData *d = s->d;
    size_t n = d->n, q = (size_t)s->q;
    Sum value = { 0 };
    if (g) memset(g, 0, q * sizeof *g);
    if (h) memset(h, 0, q * q * sizeof *h);
    for (size_t i = 0; i < n; i++) {
        double eta = s->offset ? s->offset[i] : 0, mean, v;
        for (size_t j = 0; j < q; j++) eta += theta[j] * s->z[j * n + i];
        if (d->time) {
            mean = v = d->cumhaz[i] * exp(eta);
            sum_add(&value, s->event[i] * eta - mean);
        } else {
            mean = 1 / (1 + exp(-eta));
            v = mean * (1 - mean);
            sum_add(&value, s->event[i] * eta - (eta > 0 ? eta + log1p(exp(-eta)) : log1p(exp(eta))));
        }
        if (!isfinite(mean)) return -INFINITY;
        for (size_t j = 0; g && j < q; j++) g[j] += (s->event[i] - mean) * s->z[j * n + i];
        for (size_t j = 0; h && j < q; j++)
            for (size_t k = 0; k <= j; k++) h[j * q + k] -= v * s->z[j * n + i] * s->z[k * n + i];
    }
    for (size_t j = 0; h && j < q; j++) for (size_t k = 0; k < j; k++) h[k * q + j] = h[j * q + k];
    return sum_value(&value);
}

typedef struct { double loglik; int q; double *theta, *vcov; const char **name; bool exists; } Recalibrated;

/* Columns: ones, then `columns` (n x m) centred and scaled inside. */
static Rc recalibrate(Recalibrated *r, const ExternalData *d, const double *event, const double *offset, const double *columns, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = d->n, q = m + 1;
    ScaledColumns scaled = { 0 };
    NewtonReport report;
    Err why = { 0 };
    double *z = ARENA_NEW(a, n * q + 1, double), *back = ARENA_NEW(a, q * q, double), *scratch = ARENA_NEW(a, 2 * q * q, double);
    r->q = (int)q;
    r->theta = ARENA_NEW(a, q, double);
    r->vcov = ARENA_NEW(a, q * q, double);
    if (!z || !back || !scratch || !r->theta || !r->vcov) return err_nomem(e);
    for (size_t i = 0; i < n; i++) z[i] = 1;
    if (m) {
        TRY(columns_scale(&scaled, columns, n, m, a, e));
        memcpy(z + n, scaled.x, n * m * sizeof *z);
    }
    Step step = { d, event, offset, z, (int)q };
    rc = newton_maximise(r->theta, r->vcov, &report, (int)q, step_loglik, &step, a, &why);
    r->exists = rc == OK && report.converged;
    if (rc != OK && rc != ERR_ESTIMATE) return err_set(e, rc, "%s", why.text);
    rc = OK;
    r->loglik = r->exists ? report.loglik : NAN;
    /* Back to the columns as they came. */
    back[0] = 1;
    for (size_t j = 0; j < m; j++) {
        back[(j + 1) * q] = -scaled.mean[j] / scaled.scale[j];
        back[(j + 1) * q + j + 1] = 1 / scaled.scale[j];
    }
    if (r->exists) parameters_transform(r->theta, r->vcov, back, (int)q, scratch);
out:
    return rc;
}

static void step_json(Json *steps, const Recalibrated *r, const char *name, const char *const *term)
{
    Json *o = json_push(steps, json_object());
    json_set_text(o, "step", name);
    json_set_number(o, "parameters", r->q);
    json_set_number(o, "loglik", r->loglik);
    Json *coef = json_set(o, "coef", json_object()), *se = json_set(o, "se", json_object());
    for (int k = 0; k < r->q; k++) {
        json_set_number(coef, term[k], r->exists ? r->theta[k] : NAN);
        json_set_number(se, term[k], r->exists ? sqrt(r->vcov[k * r->q + k]) : NAN);
    }
}

/* Columns that vary and are no repetition of an earlier one are what a revision can estimate; others are left out. */
static size_t varying(double *out, const char **name, const ExternalData *d)
{
    size_t m = 0;
    for (size_t j = 0; j < d->p; j++) {
        const double *x = d->x + j * d->n;
        size_t i = 1;
        while (i < d->n && x[i] == x[0]) i++;
        if (i >= d->n) continue;
        memcpy(out + m * d->n, x, d->n * sizeof *x);
        name[++m] = d->term[j];
    }
    return m;
}

static double test_p(const Recalibrated *more, const Recalibrated *less, double *chisq, int *df)
{
    *chisq = 2 * (more->loglik - less->loglik);
    if (*chisq < 0 && *chisq > -1e-9 * (1 + fabs(less->loglik))) *chisq = 0;      /* rounding */
    *df = more->q - less->q;
    return *df > 0 && !isnan(*chisq) ? chisq_sf(*chisq, *df) : NAN;
}

static Rc recalibration(Json *out, const ExternalData *d, const double *event, Arena *a, Err *e)
{
    Rc rc = OK;
    static const char *const step_name[STEPS] = { "as_published", "baseline", "baseline_and_slope", "revision" };
    size_t n = d->n;
    double *x = ARENA_NEW(a, n * d->p + 1, double), *own = ARENA_NEW(a, n + 1, double);
    const char **name = ARENA_NEW(a, d->p + 2, const char *);
    Recalibrated r[STEPS] = { { 0 } };
    if (!x || !own || !name) return err_nomem(e);
    const char *const baseline = d->time ? "log_hazard" : "(Intercept)";
    const char *const slope[] = { baseline, "linear_predictor" };
    name[0] = baseline;
    const size_t m = varying(x, name, d);
    Step none = { d, event, d->eta, NULL, 0 };
    const double nothing[1] = { 0 };
    r[0] = (Recalibrated){ .loglik = step_loglik(NULL, NULL, nothing, &none), .exists = true };
    TRY(recalibrate(&r[1], d, event, d->eta, NULL, 0, a, e));
    for (size_t i = 0; i < n; i++) own[i] = d->eta[i] - (d->offset ? d->offset[i] : 0);
    TRY(recalibrate(&r[2], d, event, d->offset, own, 1, a, e));
    TRY(recalibrate(&r[3], d, event, d->offset, x, m, a, e));
    Json *o = json_set(out, "recalibration", json_object()), *steps = json_set(o, "steps", json_array()), *tests = json_set(o, "tests", json_array());
    step_json(steps, &r[0], step_name[0], name);
    step_json(steps, &r[1], step_name[1], name);
    step_json(steps, &r[2], step_name[2], slope);
    step_json(steps, &r[3], step_name[3], name);
    double chisq;
    int df;
    for (int k = 1; k < STEPS; k++) {
        const double p = test_p(&r[k], &r[k - 1], &chisq, &df);
        Json *t = json_push(tests, json_object());
        json_set_text(t, "step", step_name[k]);
        json_set_text(t, "against", step_name[k - 1]);
        json_set_number(t, "chisq", chisq);
        json_set_number(t, "df", df);
        json_set_number(t, "p", p);
    }
    /* Closed testing: the revision against each step in turn, the least one that is not rejected at .05 is kept. */
    int chosen = 0;
    while (chosen < 3 && test_p(&r[3], &r[chosen], &chisq, &df) < .05) chosen++;
    bool told = !isnan(test_p(&r[3], &r[0], &chisq, &df));
    json_set(o, "closed_test", told ? json_from_text(step_name[chosen]) : json_null());
    json_set_text(o, "convention", d->time ? "Poisson likelihood of the model's cumulative hazard; log_hazard multiplies its baseline"
                                           : "Bernoulli likelihood");
out:
    return rc;
}

Rc external_validate(Json *out, const ExternalData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    double *event = ARENA_NEW(a, d->n + 1, double);
    int *state = ARENA_NEW(a, d->n + 1, int);
    if (!event || !state) return err_nomem(e);
    for (size_t i = 0; i < d->n; i++) {
        event[i] = d->y[i] == 1;
        state[i] = (int)d->y[i];
    }
    TRY(discrimination(out, d, event, state, a, e));
    TRY(calibration(out, d, event, state, a, e));
    TRY(brier(out, d, state, a, e));
    for (size_t i = 0; i < d->n; i++) if (d->beyond && d->beyond[i]) event[i] = 0;
    if (d->time && !d->cumhaz) goto out;
    TRY(recalibration(out, d->pieces ? d->pieces : d, d->pieces ? d->pieces->y : event, a, e));
out:
    return rc;
}
