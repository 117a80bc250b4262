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
#include "stats/influence.h"
#include "stats/ipcw.h"
#include "stats/km.h"
#include "stats/linalg.h"
#include "stats/newton.h"
#include "stats/result_keys.h"
#include "stats/roc.h"
#include "stats/subdistribution.h"
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

static double weight_of(const ExternalData *d, size_t i) { return d->weight ? d->weight[i] : 1; }

/* Rows of weight 2 are two rows; any other weights are of sampling and call for robust variances. */
static bool weights_whole(const ExternalData *d)
{
    for (size_t i = 0; d->weight && i < d->n; i++) if (d->weight[i] != floor(d->weight[i])) return false;
    return true;
}

static double weighted_mean(const double *x, const ExternalData *d)
{
    Sum s = { 0 }, w = { 0 };
    if (!d->weight) return mean_of(x, d->n);
    for (size_t i = 0; i < d->n; i++) { sum_add(&s, d->weight[i] * x[i]); sum_add(&w, d->weight[i]); }
    return sum_value(&s) / sum_value(&w);
}

/* Standard error of that mean about `mean`, between rows. */
static double mean_se(const double *x, double mean, const ExternalData *d)
{
    Sum ss = { 0 }, w = { 0 };
    for (size_t i = 0; i < d->n; i++) {
        const double r = weight_of(d, i) * (x[i] - mean);
        sum_add(&ss, r * r);
        sum_add(&w, weight_of(d, i));
    }
    return sqrt(sum_value(&ss)) / sum_value(&w);
}

static bool at_horizon(const ExternalData *d) { return d->time && isfinite(d->horizon) && !isnan(d->risk[0]); }

static SubdistributionRows subdistribution_rows(const ExternalData *d, const int *state)
{
    return (SubdistributionRows){ .n = d->n, .eta = d->eta, .time = d->time, .weight = d->weight, .state = state, .stratum = d->stratum };
}

/* ---- discrimination */

static Rc discrimination(Json *out, const ExternalData *d, const double *event, const int *state, Arena *a, Err *e)
{
    Rc rc = OK;
    Json *o = json_set(out, "discrimination", json_object());
    if (!d->time) {
        RocArea area;
        TRY(roc_area_of_sample(&area, d->eta, &(RocSample){ .n = d->n, .y = d->y, .weight = d->weight }, a, e));
        set_estimate(o, "c", area.auc, sqrt(area.var), d->conf);
        goto out;
    }
    Concordance c;
    double *time = ARENA_NEW(a, d->n + 1, double);
    bool competing = false;
    if (!time) return err_nomem(e);
    for (size_t i = 0; i < d->n; i++) competing = competing || state[i] == 2;
    const SubdistributionRows rows = subdistribution_rows(d, state);
    if (d->subdistribution) subdistribution_times(time, &rows);
    ConcordanceData q = { .n = d->n, .time = d->subdistribution ? time : d->time, .event = event, .weight = d->weight, .marker = d->eta,
                          .stratum = d->stratum, .tau = INFINITY };
    TRY(concordance_estimate(&c, &q, NULL, a, e));
    set_estimate(o, "c", c.c, sqrt(c.var), d->conf);
    if (!at_horizon(d)) goto out;
    if (!competing) {
        q.pairs = PAIRS_N_G2;
        q.tau = d->horizon;
        TRY(concordance_estimate(&c, &q, NULL, a, e));
        set_estimate(o, "uno_c", c.c, sqrt(c.var), d->conf);
    }
    Ipcw w;
    Measure auc;
    TRY(ipcw_init_weighted(&w, d->time, state, d->weight, &(Clusters){ d->n, NULL, 0 }, a, e));
    TRY(ipcw_auc(&auc, NULL, &w, d->risk, d->horizon, CASES_UP_TO_T, false, NULL, e));
    set_estimate(o, "auc", auc.value, auc.se, d->conf);
    if (!competing) goto out;
    TRY(ipcw_auc(&auc, NULL, &w, d->risk, d->horizon, CASES_UP_TO_T, true, NULL, e));
    set_estimate(o, "auc_def2", auc.value, auc.se, d->conf);
out:
    return rc;
}

/* ---- calibration */

/* Observed risk at the horizon with its standard error. */
static Rc observed_risk(double *risk, double *se, const ExternalData *d, const int *state, Arena *a, Err *e)
{
    Rc rc = OK;
    CifCurve c;
    TRY(cif_curve(&c, &(CifData){ .n = d->n, .time = d->time, .cause = state, .n_causes = 2, .weight = d->weight }, a, e));
    *risk = cif_at(&c, 1, d->horizon);
    const long row = cif_row(&c, d->horizon);
    *se = row == CIF_BEFORE ? NAN : c.se_state[c.n + (size_t)row];
out:
    return rc;
}

static Rc parametric_slope(Judged *j, const ExternalData *d, const double *event, Arena *a, Err *e)
{
    double *lp = ARENA_NEW(a, d->n + 1, double);
    if (!lp) return err_nomem(e);
    *j = (Judged){ NAN, NAN, NAN, NAN, NAN, NAN };
    for (size_t i = 0; i < d->n; i++) lp[i] = -d->eta[i] * d->scale;
    return survreg_slope(&j->slope, &j->se_slope, d->dist, lp, d->time, event, d->weight, d->n, a, e);
}

static Rc calibration(Json *out, const ExternalData *d, const double *event, const int *state, Arena *a, Err *e)
{
    Rc rc = OK;
    Json *o = json_set(out, "calibration", json_object());
    Judged j;
    double observed = NAN, se = NAN, expected = weighted_mean(d->risk, d), z = conf_z(d->conf);
    const SubdistributionRows rows = subdistribution_rows(d, state);
    if (d->subdistribution) TRY(subdistribution_slope(&j, &rows, a, e));
    else if (d->scale > 0) TRY(parametric_slope(&j, d, event, a, e));
    else TRY(judge_weighted(&j, d->eta, d->time, event, d->weight, d->stratum, d->stratum ? d->n_strata : 1, d->n, a, e));
    set_estimate(o, "slope", j.slope, j.se_slope, d->conf);
    if (d->time && !at_horizon(d)) goto out;
    if (d->time) TRY(observed_risk(&observed, &se, d, state, a, e));
    else {
        observed = weighted_mean(d->y, d);
        se = mean_se(d->y, observed, d);
    }
    json_set_number(o, "observed", observed);
    json_set_number(o, "expected", expected);
    json_set_number(o, "oe", observed / expected);
    set_level_limits(o, "oe_ci", d->conf, "", observed / expected * exp(-z * se / observed), observed / expected * exp(z * se / observed));
    CalibrationCurve c = { .ici = NAN, .e50 = NAN, .e90 = NAN, .largest = NAN };
    TRY(calibration_curve(&c, &(CalibrationData){ d->n, d->risk, d->y, d->time, d->horizon, d->weight }, NULL, GRID, a, e));
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
    else observed = weighted_mean(d->y, d);
    for (size_t i = 0; i < d->n; i++) same[i] = observed;
    if (d->time) {
        Ipcw w;
        TRY(ipcw_init_weighted(&w, d->time, state, d->weight, &(Clusters){ d->n, NULL, 0 }, a, e));
        TRY(ipcw_brier(&model, &w, d->risk, d->horizon, e));
        TRY(ipcw_brier(&null, &w, same, d->horizon, e));
    } else {
        double *square = ARENA_NEW(a, d->n + 1, double);
        if (!square) return err_nomem(e);
        for (size_t i = 0; i < d->n; i++) square[i] = (d->y[i] - d->risk[i]) * (d->y[i] - d->risk[i]);
        model.value = weighted_mean(square, d);
        model.se = mean_se(square, model.value, d);
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
typedef struct {
    const ExternalData *d;
    const double *event, *offset, *z;
    int q;
    double *score;             /* n x q, filled with g: what each row adds to it; NULL: not wanted */
} Step;

static double step_loglik(double *g, double *h, const double *theta, void *context)
{
    const Step *s = context;
    const ExternalData *d = s->d;
    size_t n = d->n, q = (size_t)s->q;
    Sum value = { 0 };
    if (g) memset(g, 0, q * sizeof *g);
    if (h) memset(h, 0, q * q * sizeof *h);
    for (size_t i = 0; i < n; i++) {
        double eta = s->offset ? s->offset[i] : 0, w = weight_of(d, i), mean, v;
        for (size_t j = 0; j < q; j++) eta += theta[j] * s->z[j * n + i];
        if (d->time) {
            mean = v = d->cumhaz[i] * exp(eta);
            sum_add(&value, w * (s->event[i] * eta - mean));
        } else {
            mean = 1 / (1 + exp(-eta));
            v = mean * (1 - mean);
            sum_add(&value, w * (s->event[i] * eta - (eta > 0 ? eta + log1p(exp(-eta)) : log1p(exp(eta)))));
        }
        if (!isfinite(mean)) return -INFINITY;
        for (size_t j = 0; g && j < q; j++) {
            const double u = w * (s->event[i] - mean) * s->z[j * n + i];
            g[j] += u;
            if (s->score) s->score[j * n + i] = u;
        }
        for (size_t j = 0; h && j < q; j++)
            for (size_t k = 0; k <= j; k++) h[j * q + k] -= w * v * s->z[j * n + i] * s->z[k * n + i];
    }
    for (size_t j = 0; h && j < q; j++) for (size_t k = 0; k < j; k++) h[k * q + j] = h[j * q + k];
    return sum_value(&value);
}

typedef struct { double loglik; int q; double *theta, *vcov; const char **name; bool exists; } Recalibrated;

/* vcov of a maximum by the sandwich of its rows, or of the pieces that are one row. */
static Rc robust_variance(double *vcov, const double *theta, const Step *fitted, Arena *a, Err *e)
{
    Step s = *fitted;
    const size_t n = s.d->n, q = (size_t)s.q;
    double *g = ARENA_NEW(a, q + 2 * q * q, double), *h = g ? g + q : NULL, *bread = h ? h + q * q : NULL;
    s.score = ARENA_NEW(a, n * q, double);
    if (!g || !s.score) return err_nomem(e);
    step_loglik(g, h, theta, &s);
    memcpy(bread, vcov, q * q * sizeof *bread);
    return influence_sandwich(vcov, bread, s.score, q, &(Clusters){ n, s.d->row, s.d->n_rows }, e);
}

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
    Step step = { d, event, offset, z, (int)q, NULL };
    rc = newton_maximise(r->theta, r->vcov, &report, (int)q, step_loglik, &step, a, &why);
    r->exists = rc == OK && report.converged;
    if (rc != OK && rc != ERR_ESTIMATE) return err_set(e, rc, "%s", why.text);
    rc = OK;
    r->loglik = r->exists ? report.loglik : NAN;
    if (r->exists && !weights_whole(d)) TRY(robust_variance(r->vcov, r->theta, &step, a, e));
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

/* A test of a step against a lesser one. */
typedef struct { double chisq, p; int df; } StepTest;

static StepTest step_test(double chisq, int df)
{
    return (StepTest){ chisq, df > 0 && !isnan(chisq) ? chisq_sf(chisq, df) : NAN, df };
}

static StepTest ratio_test(const Recalibrated *more, const Recalibrated *less)
{
    double chisq = 2 * (more->loglik - less->loglik);
    if (chisq < 0 && chisq > -1e-9 * (1 + fabs(less->loglik))) chisq = 0;      /* rounding */
    return step_test(chisq, more->q - less->q);
}

/* Wald's test that k parameters from `first` on are 0. */
static Rc zero_test(StepTest *out, const Recalibrated *r, int first, Arena *a, Err *e)
{
    const int k = r->q - first;
    double *v = ARENA_NEW(a, (size_t)(k * k) + 1, double);
    if (!v) return err_nomem(e);
    for (int j = 0; j < k; j++) for (int i = 0; i < k; i++) v[j * k + i] = r->vcov[(first + j) * r->q + first + i];
    *out = step_test(!r->exists ? NAN : k ? linalg_quadratic_form_inverse(r->theta + first, v, k) : 0, k);
    return OK;
}

/* Wald's test that the slopes of a change of all coefficients are a multiple of the model's own, b: contrasts at right angles to b, in
 * parameters of standard error 1. */
static Rc along_test(StepTest *out, const Recalibrated *change, const double *b, Arena *a, Err *e)
{
    const int q = change->q, m = q - 1;
    double *u = ARENA_NEW(a, (size_t)(2 * m + m * m) + 1, double), *t = u + m, *v = t + m, *c = ARENA_NEW(a, (size_t)(2 * m * m) + 1, double);
    if (!u || !c) return err_nomem(e);
    *out = step_test(NAN, m - 1);
    if (!change->exists || m < 2) return OK;
    double norm = 0;
    for (int j = 0; j < m; j++) {
        const double se = sqrt(change->vcov[(j + 1) * q + j + 1]);
        u[j] = b[j] / se;
        t[j] = change->theta[j + 1] / se;
        for (int i = 0; i < m; i++) v[j * m + i] = change->vcov[(j + 1) * q + i + 1] / se / sqrt(change->vcov[(i + 1) * q + i + 1]);
        norm += u[j] * u[j];
    }
    norm = sqrt(norm);
    if (!(norm > 0) || !isfinite(norm)) return OK;
    /* Householder: the reflection that takes u to the first axis has its other columns at right angles to u. */
    double *w = u, scale = 0;
    w[0] += w[0] < 0 ? -norm : norm;
    for (int j = 0; j < m; j++) scale += w[j] * w[j];
    for (int k = 1; k < m; k++) for (int j = 0; j < m; j++) c[(k - 1) * m + j] = (j == k) - 2 * w[j] * w[k] / scale;
    double *ct = ARENA_NEW(a, (size_t)m + 1, double), *half = c + m * m, *cvc = ARENA_NEW(a, (size_t)(m * m) + 1, double);
    if (!ct || !cvc) return err_nomem(e);
    linalg_gemm_tn(ct, c, t, m - 1, 1, m, 1, 0);
    linalg_gemm_nn(half, v, c, m, m - 1, m, 1, 0);
    linalg_gemm_tn(cvc, c, half, m - 1, m - 1, m, 1, 0);
    *out = step_test(linalg_quadratic_form_inverse(ct, cvc, m - 1), m - 1);
    return OK;
}

/* Coefficients with which m columns make up the model's own predictor: least squares, exact but for rounding. */
static Rc own_coefficients(double *b, const double *x, size_t m, const double *own, size_t n, Arena *a, Err *e)
{
    Rc rc = OK;
    ScaledColumns c = { 0 };
    double *L = ARENA_NEW(a, m * m + 1, double), *y = ARENA_NEW(a, n + 1, double), mean = mean_of(own, n);
    if (!L || !y) return err_nomem(e);
    if (!m) return OK;
    TRY(columns_scale(&c, x, n, m, a, e));
    for (size_t i = 0; i < n; i++) y[i] = own[i] - mean;
    linalg_syrk_t(L, c.x, (int)n, (int)m, 0);
    TRY(linalg_cholesky(L, (int)m, e));
    linalg_gemm_tn(b, c.x, y, (int)m, 1, (int)n, 1, 0);
    linalg_cholesky_solve(L, (int)m, b, 1);
    for (size_t j = 0; j < m; j++) b[j] /= c.scale[j];
out:
    return rc;
}

/* next[k]: step k against the one before; last[k]: the revision against step k. By likelihood ratios, or where weights are no counts and
 * leave those without their distribution, by Wald's tests with robust variances of what a step changes in the one before. */
static Rc step_tests(StepTest next[STEPS], StepTest last[STEPS], const Recalibrated r[STEPS], const ExternalData *d, const double *event, const double *x,
                     size_t m, const double *own, Arena *a, Err *e)
{
    Rc rc = OK;
    Recalibrated change = { 0 }, slope = r[2];
    double *b = ARENA_NEW(a, m + 1, double);
    Err why = { 0 };
    if (!b) return err_nomem(e);
    for (int k = 1; k < STEPS; k++) next[k] = ratio_test(&r[k], &r[k - 1]);
    for (int k = 0; k < STEPS; k++) last[k] = ratio_test(&r[STEPS - 1], &r[k]);
    if (weights_whole(d)) return OK;
    TRY(recalibrate(&change, d, event, d->eta, x, m, a, e));
    rc = own_coefficients(b, x, m, own, d->n, a, &why);
    if (rc == ERR_ESTIMATE) { change.exists = false; rc = OK; }
    if (rc != OK) { err_set(e, rc, "%s", why.text); goto out; }
    TRY(zero_test(&next[1], &r[1], 0, a, e));
    slope.theta = ARENA_NEW(a, 2, double);
    if (!slope.theta) return err_nomem(e);
    slope.theta[1] = r[2].theta[1] - 1;
    TRY(zero_test(&next[2], &slope, 1, a, e));
    TRY(zero_test(&last[0], &change, 0, a, e));
    TRY(zero_test(&last[1], &change, 1, a, e));
    TRY(along_test(&last[2], &change, b, a, e));
    next[3] = last[2];
out:
    return rc;
}

static Rc recalibration(Json *out, const ExternalData *d, const double *event, Arena *a, Err *e)
{
    Rc rc = OK;
    static const char *const step_name[STEPS] = { "as_published", "baseline", "baseline_and_slope", "revision" };
    size_t n = d->n;
    double *x = ARENA_NEW(a, n * d->p + 1, double), *own = ARENA_NEW(a, n + 1, double);
    const char **name = ARENA_NEW(a, d->p + 2, const char *);
    Recalibrated r[STEPS] = { { 0 } };
    StepTest next[STEPS], last[STEPS];
    if (!x || !own || !name) return err_nomem(e);
    const char *const baseline = d->time ? "log_hazard" : "(Intercept)";
    const char *const slope[] = { baseline, "linear_predictor" };
    name[0] = baseline;
    const size_t m = varying(x, name, d);
    Step none = { d, event, d->eta, NULL, 0, NULL };
    const double nothing[1] = { 0 };
    r[0] = (Recalibrated){ .loglik = step_loglik(NULL, NULL, nothing, &none), .exists = true };
    TRY(recalibrate(&r[1], d, event, d->eta, NULL, 0, a, e));
    for (size_t i = 0; i < n; i++) own[i] = d->eta[i] - (d->offset ? d->offset[i] : 0);
    TRY(recalibrate(&r[2], d, event, d->offset, own, 1, a, e));
    TRY(recalibrate(&r[3], d, event, d->offset, x, m, a, e));
    TRY(step_tests(next, last, r, d, event, x, m, own, a, e));
    Json *o = json_set(out, "recalibration", json_object()), *steps = json_set(o, "steps", json_array()), *tests = json_set(o, "tests", json_array());
    step_json(steps, &r[0], step_name[0], name);
    step_json(steps, &r[1], step_name[1], name);
    step_json(steps, &r[2], step_name[2], slope);
    step_json(steps, &r[3], step_name[3], name);
    for (int k = 1; k < STEPS; k++) {
        Json *t = json_push(tests, json_object());
        json_set_text(t, "step", step_name[k]);
        json_set_text(t, "against", step_name[k - 1]);
        json_set_number(t, "chisq", next[k].chisq);
        json_set_number(t, "df", next[k].df);
        json_set_number(t, "p", next[k].p);
    }
    /* Closed testing: the revision against each step in turn, the least one that is not rejected at .05 is kept. */
    int chosen = 0;
    while (chosen < 3 && last[chosen].p < .05) chosen++;
    json_set(o, "closed_test", !isnan(last[0].p) ? json_from_text(step_name[chosen]) : json_null());
    json_set_text(o, "convention", d->time ? "Poisson likelihood of the model's cumulative hazard; log_hazard multiplies its baseline"
                                           : "Bernoulli likelihood");
    if (d->weight)
        json_set_text(o, "weights_convention", weights_whole(d) ? "weighted likelihood, rows of weight 2 being two rows"
                                                                : "weighted likelihood; robust errors between rows, Wald's tests with them");
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
    if (d->subdistribution)
        json_set_text(out, "recalibration_reason", "a subdistribution hazard counts patients after another event by weights that the likelihood of a "
                                                   "hazard does not know: nothing is recalibrated");
    if (d->time && !d->cumhaz) goto out;
    TRY(recalibration(out, d->pieces ? d->pieces : d, d->pieces ? d->pieces->y : event, a, e));
out:
    return rc;
}
