/* stats/performance.c: `performance`: how well a Cox model predicts its own cohort: Brier score, AUC, calibration. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/calibration.h"
#include "stats/cox_risk.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/ibs.h"
#include "stats/ipcw.h"
#include "stats/km.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "ties", OPTION_CHOICE, "efron|breslow", "tied events (default efron)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

enum { GROUPS = 5, SMOOTH_POINTS = 50 };

typedef struct {
    Design d;
    size_t p, *column;             /* kept columns */
    double *x;                     /* n x p */
    const char **name;
    int *state;
    const double *times;
    size_t n_times;
    CoxTies ties;
    CoxRisk fit;
    KmCurve km;
    Ipcw ipcw;
    double *lp, *risk;             /* [n] */
    double risk_time;              /* at which risk[] is; NaN: none */
    double *marker;                /* [n] what ranks at a time: lp, or with strata the log of the cumulative hazard */
    double conf;
} Work;

static Rc prepare(Work *w, Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design *d = &w->d;
    Arena *a = &d->arena;
    TRY(design_build(d, out, call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true }, e));
    if (d->start) { rc = err_set(e, ERR_USAGE, "performance takes Surv(time, event), not start and stop"); goto out; }
    if (d->p == 0) { rc = err_set(e, ERR_USAGE, "'%s': a covariate is expected right of ~", call->formula); goto out; }
    w->n_times = option_numbers(&w->times, call, "times", a);
    if (w->n_times == 0) { rc = err_set(e, ERR_USAGE, "performance wants --times"); goto out; }
    double events = 0;
    for (size_t i = 0; i < d->n; i++) events += d->event[i] != 0;
    json_set_number(out, "nevent", events);
    if (events == 0) { rc = diagnose_fatal(out, e, "no_events", "none of %zu rows has an event", d->n); goto out; }
    unsigned char *keep = arena_alloc(a, d->p);
    w->column = ARENA_NEW(a, d->p, size_t);
    w->name = (const char **)arena_array(a, d->p, sizeof(char *));
    w->state = ARENA_ROOM(a, d->n, int);
    w->lp = ARENA_ROOM(a, d->n, double);
    w->risk = ARENA_ROOM(a, d->n, double);
    w->marker = d->stratum ? ARENA_ROOM(a, d->n, double) : w->lp;
    if (!w->marker || !keep || !w->column || !w->name || !w->state || !w->lp || !w->risk) { rc = err_nomem(e); goto out; }
    TRY(design_check_rank(d, out, call, keep, e));
    TRY(design_sort_rows(d, e));
    w->x = d->x;       /* nobody asks for columns that are not kept again */
    for (size_t j = 0; j < d->p; j++) {
        if (!keep[j]) continue;
        if (w->p < j) memcpy(w->x + w->p * d->n, d->x + j * d->n, d->n * sizeof(double));
        w->name[w->p] = d->term[j];
        w->column[w->p++] = j;
    }
    for (size_t i = 0; i < d->n; i++) w->state[i] = d->event[i] != 0;
    w->ties = strcmp(option_text(call, "ties", "efron"), "breslow") == 0 ? TIES_BRESLOW : TIES_EFRON;
    const CoxInput in = { .n = d->n, .p = (int)w->p, .x = w->x, .time = d->time, .event = d->event, .weight = d->weight, .offset = d->offset,
                          .stratum = d->stratum, .ties = w->ties };
    const Clusters clusters = { d->n, d->cluster, d->n_clusters };
    TRY(cox_risk_fit_input(&w->fit, &in, w->name, out, a, e));
    TRY(ipcw_init_weighted(&w->ipcw, d->time, w->state, d->weight, &clusters, a, e));
    TRY(km_estimate(&w->km, &(KmData){ .n = d->n, .time = d->time, .event = d->event, .weight = d->weight }, &(KmOptions){ 0 }, a, e));
    for (size_t i = 0; i < d->n; i++) w->lp[i] = cox_risk_lp(&w->fit, w->x, d->n, i) + (d->offset ? d->offset[i] : 0);
    if (events < 10 * (double)w->p)
        diagnose(out, "few_events", "%g events for %zu parameters (%.1f each, fewer than 10): expect optimism", events, w->p,
                 events / (double)w->p);
out:
    return rc;
}

static void series(Json *o, const char *key, const double *x, size_t n) { json_set_numbers(o, key, x, n); }

/* value, se and limits of a measure at every time. */
static Rc write_measure(Json *o, const char *key, const Work *w, const Measure *m, Err *e)
{
    size_t n = w->n_times;
    double z = conf_z(w->conf), *x = malloc((4 * n + 1) * sizeof *x);
    char name[KEY_MAX];
    if (!x) return err_nomem(e);
    for (size_t t = 0; t < n; t++) {
        x[t] = m[t].value;
        x[n + t] = m[t].se;
        x[2 * n + t] = m[t].value - z * m[t].se;
        x[3 * n + t] = m[t].value + z * m[t].se;
    }
    series(o, "times", w->times, n);
    series(o, key, x, n);
    series(o, "se", x + n, n);
    series(o, level_key(name, "lower", w->conf), x + 2 * n, n);
    series(o, level_key(name, "upper", w->conf), x + 3 * n, n);
    free(x);
    return OK;
}

static int stratum_of(const Work *w, size_t i) { return w->d.stratum ? w->d.stratum[i] : 0; }

/* Rows of one stratum stand together. */
static void risks_at(Work *w, double t)
{
    if (w->risk_time == t) return;
    w->risk_time = t;
    for (size_t i = 0, to; i < w->d.n; i = to) {
        const int s = stratum_of(w, i);
        for (to = w->d.stratum ? i + 1 : w->d.n; to < w->d.n && stratum_of(w, to) == s; to++) continue;
        const double h = cox_risk_cumhaz(&w->fit, s, t), log_h = w->d.stratum && h > 0 ? log(h) : 0;
        cox_risks_at(w->risk + i, w->lp + i, to - i, h);
        for (size_t k = i; w->d.stratum && k < to; k++) w->marker[k] = h > 0 ? log_h + w->lp[k] : -DBL_MAX;
    }
}

static Rc write_scores(Json *out, Work *w, Err *e)
{
    Rc rc = OK;
    size_t n = w->n_times;
    Measure *model = ARENA_NEW(&w->d.arena, 3 * n, Measure), *null = model + n, *auc = model + 2 * n;
    double *ipa = ARENA_NEW(&w->d.arena, 2 * n, double);
    Arena scratch = { 0 };
    IpcwRanked ranked;
    if (!model || !ipa) return err_nomem(e);
    for (size_t t = 0; t < n; t++) {
        risks_at(w, w->times[t]);
        if (t > 0 && w->d.stratum) arena_free(&scratch);
        if (t == 0 || w->d.stratum) TRY(ipcw_ranked_init(&ranked, &w->ipcw, w->marker, &scratch, e));
        TRY(ipcw_brier(&model[t], &w->ipcw, w->risk, w->times[t], e));
        TRY(ipcw_brier_same(&null[t], &w->ipcw, 1 - km_survival(&w->km, w->times[t]), w->times[t], e));
        TRY(ipcw_auc_ranked(&auc[t], NULL, &ranked, w->times[t], CASES_UP_TO_T, false, NULL, e));
        ipa[t] = 1 - model[t].value / null[t].value;
    }
    Json *b = json_set(out, "brier", json_object()), *m = json_set(b, "model", json_object()),
         *k = json_set(b, "null", json_object()), *o = json_set(out, "auc", json_object());
    TRY(write_measure(m, "brier", w, model, e));
    series(m, "ipa", ipa, n);
    TRY(write_measure(k, "brier", w, null, e));
    series(k, "ipa", ipa + n, n);
    TRY(write_measure(o, "auc", w, auc, e));
out:
    arena_free(&scratch);
    return rc;
}

static Rc write_integral(Json *out, Work *w, double tau, Err *e)
{
    Rc rc = OK;
    const size_t m = w->ipcw.n_times, n_strata = w->fit.n_strata;
    Arena scratch = { 0 };
    double *H = ARENA_ROOM(&scratch, (n_strata + 1) * m + 1, double), *null_risk = H + n_strata * m, model = NAN, null = NAN;
    if (!H) return err_nomem(e);
    for (size_t s = 0; s < n_strata; s++) cox_risk_cumhaz_along(H + s, n_strata, &w->fit, (int)s, w->ipcw.at, m);
    for (size_t k = 0, q = 0; k < m; k++) {
        while (q < w->km.n && w->km.time[q] <= w->ipcw.at[k]) q++;
        null_risk[k] = q ? 1 - w->km.surv[q - 1] : 0;
    }
    TRY(ipcw_integrated_brier(&model, &null, &w->ipcw, w->lp, w->d.stratum, n_strata, H, null_risk, tau, e));
    Json *o = json_set(out, "ibs", json_object());
    json_set_number(o, "tau", tau);
    json_set_number(o, "model", model);
    json_set_number(o, "null", null);
out:
    arena_free(&scratch);
    return rc;
}

/* Mean over the rows, by weight where there are some. */
static double weighted_mean(const Work *w, const double *x)
{
    const double *weight = w->d.weight;
    if (!weight) return mean_of(x, w->d.n);
    Sum s = { 0 };
    for (size_t i = 0; i < w->d.n; i++) sum_add(&s, weight[i] * x[i]);
    return sum_value(&s) / w->ipcw.total;
}

typedef struct { double risk, weight; } Weighted;
static int by_risk(const void *a, const void *b)
{
    double x = ((const Weighted *)a)->risk, y = ((const Weighted *)b)->risk;
    return (x > y) - (x < y);
}

/* Bounds of fifths of the weight: the first risk with at least this share of the weight up to it. */
static Rc weighted_bounds(double *bound, const Work *w, Arena *a, Err *e)
{
    size_t n = w->d.n, i = 0;
    Weighted *s = ARENA_NEW(a, n, Weighted);
    if (!s) return err_nomem(e);
    for (size_t k = 0; k < n; k++) s[k] = (Weighted){ w->risk[k], w->d.weight[k] };
    qsort(s, n, sizeof *s, by_risk);
    double up_to = s[0].weight;
    for (int g = 0; g <= GROUPS; g++) {
        while (i + 1 < n && up_to < (double)g / GROUPS * w->ipcw.total * (1 - 1e-12)) up_to += s[++i].weight;
        bound[g] = g == GROUPS ? s[n - 1].risk : s[i].risk;
    }
    return OK;
}

/* Fifths of predicted risk: bounds are type-7 quantiles, a value on a bound belongs below it. */
static Rc write_groups(Json *out, Work *w, double t, Err *e)
{
    Rc rc = OK;
    size_t n = w->d.n;
    Arena scratch = { 0 }, curve = { 0 };
    double *sorted = ARENA_ROOM(&scratch, n + 1, double), bound[GROUPS + 1], mean[GROUPS], observed[GROUPS], count[GROUPS];
    double *time = ARENA_ROOM(&scratch, n + 1, double), *event = ARENA_ROOM(&scratch, n + 1, double), *weight = ARENA_ROOM(&scratch, n + 1, double);
    if (!sorted || !time || !event || !weight) { rc = err_nomem(e); goto out; }
    risks_at(w, t);
    memcpy(sorted, w->risk, n * sizeof *sorted);
    sort_doubles(sorted, n);
    for (int g = 0; g <= GROUPS; g++) bound[g] = quantile_sorted(sorted, n, (double)g / GROUPS);
    if (w->d.weight) TRY(weighted_bounds(bound, w, &scratch, e));
    size_t used = 0, m[GROUPS] = { 0 };
    unsigned char *group = arena_room(&scratch, n, 1);
    if (!group) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        int g = 0;
        for (int k = 1; k < GROUPS; k++) g += w->risk[i] > bound[k];
        group[i] = (unsigned char)g;
        m[g]++;
    }
    for (int g = 0; g < GROUPS; g++) {
        Sum s = { 0 }, all = { 0 };
        if (m[g] == 0) continue;   /* bounds fall together where many risks are equal */
        size_t k = 0;
        for (size_t i = 0; i < n; i++) {
            /* Each row is written, and the place moves on where it belongs here: which rows do cannot be foreseen. */
            time[k] = w->d.time[i];
            event[k] = w->d.event[i];
            weight[k] = w->d.weight ? w->d.weight[i] : 1;
            sorted[k] = w->risk[i];
            k += group[i] == g;
        }
        for (size_t i = 0; i < k; i++) { sum_add(&s, weight[i] * sorted[i]); sum_add(&all, weight[i]); }
        KmCurve c;
        TRY(km_estimate(&c, &(KmData){ .n = k, .time = time, .event = event, .weight = w->d.weight ? weight : NULL }, &(KmOptions){ 0 }, &curve, e));
        mean[used] = sum_value(&s) / sum_value(&all);
        observed[used] = t <= c.time[c.n - 1] || c.surv[c.n - 1] == 0 ? 1 - km_survival(&c, t) : NAN;
        count[used++] = (double)k;
        arena_free(&curve);
    }
    Json *o = json_set(out, "by_group", json_object());
    json_set_number(o, "time", t);
    series(o, "mean_predicted", mean, used);
    series(o, "observed", observed, used);
    series(o, "n", count, used);
    Json *q = json_set(out, "oe", json_object());
    double all = 1 - km_survival(&w->km, t), expected = weighted_mean(w, w->risk);
    json_set_number(q, "time", t);
    json_set_number(q, "observed", all);
    json_set_number(q, "expected", expected);
    json_set_number(q, "ratio", all / expected);
out:
    arena_free(&scratch);
    arena_free(&curve);
    return rc;
}

static Rc write_calibration(Json *out, Work *w, double t, Err *e)
{
    Rc rc = OK;
    Json *o = json_set(out, "calibration", json_object());
    double slope = 1;
    const CoxInput in = { .n = w->d.n, .p = 1, .x = w->lp, .time = w->d.time, .event = w->d.event, .weight = w->d.weight,
                          .stratum = w->d.stratum, .ties = TIES_EFRON };
    /* On the rows of the fit a predictor's own slope is 1: the score along it is that of the coefficients, and 0. It has to be searched for where the
     * predictor holds more than the coefficients, or the fit took tied events in another way. */
    bool own = !w->d.offset && w->ties == TIES_EFRON, any = false;
    for (size_t j = 0; j < w->p; j++) any = any || w->fit.beta[j] != 0;
    if (!own || !any) TRY(cox_risk_slope(&slope, &in, 1, "linear predictor", out, e));
    json_set_number(o, "slope", slope);
    TRY(write_groups(o, w, t, e));
    CalibrationCurve smooth = { .ici = NAN, .e50 = NAN, .e90 = NAN, .largest = NAN };
    CalibrationData data = { w->d.n, w->risk, w->d.event, w->d.time, t, w->d.weight };
    risks_at(w, t);
    TRY(calibration_curve(&smooth, &data, NULL, SMOOTH_POINTS, &w->d.arena, e));
    calibration_json(o, "smooth", &smooth);
out:
    return rc;
}

static Rc write_predictions(Json *out, const Work *w, const Frame *rows, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    double *x = NULL, *offset = NULL;
    int *stratum = NULL;
    TRY(design_strata_for(&stratum, &w->d, rows, &a, e));
    TRY(design_matrix_for(&x, &w->d, rows, &a, e));
    TRY(design_offset_for(&offset, &w->d, rows, &a, e));
    size_t n = rows->rows;
    double *kept = ARENA_NEW(&a, n * w->p, double), *risk = ARENA_NEW(&a, n * w->n_times, double), *number = ARENA_NEW(&a, n, double);
    if (!kept || !risk || !number) { rc = err_nomem(e); goto out; }
    for (size_t j = 0; j < w->p; j++) memcpy(kept + j * n, x + w->column[j] * n, n * sizeof *kept);
    for (size_t i = 0; i < n; i++) {
        double lp = cox_risk_lp(&w->fit, kept, n, i) + (offset ? offset[i] : 0);
        number[i] = (double)i + 1;
        for (size_t t = 0; t < w->n_times; t++) risk[t * n + i] = cox_risk_at(&w->fit, stratum[i], w->times[t], lp);
    }
    const char **row = number_keys(number, n, &a), **col = number_keys(w->times, w->n_times, &a);
    if (!row || !col) { rc = err_nomem(e); goto out; }
    json_set_matrix(out, "pred_risk", risk, n, w->n_times, row, col);
out:
    arena_free(&a);
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Work w = { .conf = call_conf(call), .risk_time = NAN };
    TRY(prepare(&w, out, call, e));
    Json *coef = json_set(out, "coef", json_object());
    for (size_t j = 0; j < w.d.p; j++) json_set_number(coef, w.d.term[j], NAN);
    for (size_t j = 0; j < w.p; j++) json_set_number(coef, w.name[j], w.fit.beta[j]);
    json_set_number(out, "iterations", w.fit.iterations);
    json_set_number(out, "max_abs_score", w.fit.max_abs_score);
    double lr = 2 * (w.fit.loglik - w.fit.loglik_null), last = w.times[0];
    json_set_number(out, "heuristic_shrinkage", (lr - (double)w.p) / lr);
    json_set_text(out, "convention", "apparent performance; cases T <= t; weights 1/G(T-) and 1/G(t) of the marginal Kaplan-Meier curve of "
                                     "censoring, its estimation in the standard errors");
    if (w.d.weight || w.d.cluster)
        json_set_text(out, "weights_convention", "weighted sums, in the fit, the censoring curve and the smooth curve of calibration as well; fifths of the "
                                                 "weight; standard errors between rows or clusters");
    if (w.d.stratum) {
        json_set_texts(out, "strata", (const char *const *)w.d.stratum_label, w.d.n_strata);
        json_set_text(out, "strata_convention", "risks from the baseline of the row's own stratum, which rank over all strata; null model, censoring "
                                                "curve and groups of risk take no notice of strata");
    }
    for (size_t t = 1; t < w.n_times; t++) last = fmax(last, w.times[t]);
    double end = w.ipcw.at[w.ipcw.n_times - 1];
    if (last > end) {
        rc = err_set(e, ERR_USAGE, "--times %g lies behind the last time of the data, %g", last, end);
        goto out;
    }
    TRY(cox_risk_reaches(w.d.time, w.d.stratum, w.d.n, (const char *const *)w.d.stratum_label, w.d.n_strata, last, e));
    TRY(write_scores(out, &w, e));
    TRY(write_integral(out, &w, last, e));
    TRY(write_calibration(out, &w, last, e));
    if (call->newdata) TRY(write_predictions(out, &w, call->newdata, e));
out:
    design_free(&w.d);
    return rc;
}

const Method method_performance = {
    .name = "performance", .summary = "Brier score, time-dependent AUC and calibration of a Cox model in its own cohort",
    .formula = FORMULA_SURVIVAL, .needs_data = true, .options = options, .run = run,
    .source = "Graf et al. 1999; Gerds & Schumacher 2006; Blanche et al. 2015"
};
