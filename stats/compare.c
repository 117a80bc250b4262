/* stats/compare.c: `compare`: a model against a smaller one on the same rows: reclassification, net benefit, likelihood ratio. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/sum.h"
#include "stats/cox_risk.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/existence.h"
#include "stats/km.h"
#include "stats/logistic_fit.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"
#include "stats/roc.h"

static const MethodOption options[] = {
    { "versus", OPTION_TEXT, NULL, "formula of the base model" },
    { "cuts", OPTION_NUMBERS, NULL, "bounds of risk categories (risk >= cut is the higher one)" },
    { "thresholds", OPTION_NUMBERS, NULL, "thresholds of risk for the net benefit" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* One of the two models on the common rows. */
typedef struct {
    Design d;
    Arena a;
    size_t p;                      /* columns kept, the intercept among them */
    double *x;                     /* n x p, common rows */
    double *offset;                /* [n], NULL: none */
    int *stratum;                  /* [n] of the model's own strata(), NULL: none */
    const char **name;
    double *risk;                  /* [n] */
    double loglik;
    int df;                        /* coefficients without the intercept */
} Model;

typedef struct {
    Model full, base;
    bool survival;
    size_t n;
    size_t *row;                   /* rows of the frame that both models have */
    double *y;                     /* 0/1 */
    double *time, *event;
    double *weight;                /* NULL: rows count alike */
    double horizon;
} Pair;

static double weight_of(const Pair *q, size_t i) { return q->weight ? q->weight[i] : 1; }

/* Place in d (rows ascending) of a row of the frame, or SIZE_MAX. */
static size_t place_of(const Design *d, size_t row)
{
    size_t lo = 0, hi = d->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (d->row[mid] < row) lo = mid + 1; else hi = mid;
    }
    return lo < d->n && d->row[lo] == row ? lo : SIZE_MAX;
}

static Rc common_columns(Model *m, const Pair *q, Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    const Design *d = &m->d;
    unsigned char *keep = arena_alloc(&m->a, d->p + 1);
    m->x = ARENA_NEW(&m->a, q->n * d->p + 1, double);
    m->name = (const char **)arena_array(&m->a, d->p + 1, sizeof(char *));
    m->risk = ARENA_NEW(&m->a, q->n, double);
    if (!keep || !m->x || !m->name || !m->risk) return err_nomem(e);
    TRY(design_check_rank(d, out, call, keep, e));
    for (size_t j = 0; j < d->p; j++) {
        if (!keep[j]) continue;
        for (size_t i = 0; i < q->n; i++) m->x[m->p * q->n + i] = d->x[j * d->n + place_of(d, q->row[i])];
        m->name[m->p++] = d->term[j];
    }
    if (d->offset) {
        m->offset = ARENA_NEW(&m->a, q->n, double);
        if (!m->offset) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < q->n; i++) m->offset[i] = d->offset[place_of(d, q->row[i])];
    }
    if (d->stratum) {
        m->stratum = ARENA_NEW(&m->a, q->n, int);
        if (!m->stratum) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < q->n; i++) m->stratum[i] = d->stratum[place_of(d, q->row[i])];
    }
    m->df = (int)m->p - (d->has_intercept ? 1 : 0);
out:
    return rc;
}

static Rc fit_logistic(Model *m, const Pair *q, Json *out, Err *e)
{
    Rc rc = OK;
    LogisticInput in = { .n = q->n, .p = (int)m->p, .x = m->x, .has_intercept = m->d.has_intercept, .y = q->y,
                         .weight = q->weight, .offset = m->offset };
    LogisticData data = { 0 };
    LogisticMaximum max = { 0 };
    Existence ex = { 0 };
    double *sign = ARENA_NEW(&m->a, q->n, double);
    if (!sign) return err_nomem(e);
    for (size_t i = 0; i < q->n; i++) sign[i] = q->y[i] != 0 ? 1 : -1;
    TRY(logistic_data_init(&data, &in, &m->a, e));
    TRY(existence_binary(&ex, data.x, sign, q->n, (int)m->p, &m->a, e));
    if (ex.separated)
        return diagnose_fatal(out, e, ex.complete ? "complete_separation" : "quasi_separation", "the outcome is separated by the model with "
                              "%s: its risks are 0 and 1; see logistic --penalty firth", m->d.term_label[0]);
    TRY(logistic_maximise(&max, &data, NULL, &m->a, e));
    m->loglik = max.value;
    for (size_t i = 0; i < q->n; i++) {
        double eta = m->offset ? m->offset[i] : 0;
        for (size_t j = 0; j < m->p; j++) eta += max.beta[j] * m->x[j * q->n + i];
        m->risk[i] = 1 / (1 + exp(-eta));
    }
out:
    return rc;
}

static Rc fit_cox(Model *m, const Pair *q, Json *out, Err *e)
{
    CoxRisk fit;
    const CoxInput in = { .n = q->n, .p = (int)m->p, .x = m->x, .time = q->time, .event = q->event, .weight = q->weight, .offset = m->offset,
                          .stratum = m->stratum, .ties = TIES_EFRON };
    Rc rc = cox_risk_reaches(q->time, m->stratum, q->n, (const char *const *)m->d.stratum_label, m->d.n_strata, q->horizon, e);
    if (rc == OK) rc = cox_risk_fit_input(&fit, &in, m->name, out, &m->a, e);
    if (rc != OK) return rc;
    m->loglik = fit.loglik;
    for (size_t i = 0; i < q->n; i++) {
        const double lp = cox_risk_lp(&fit, m->x, q->n, i) + (m->offset ? m->offset[i] : 0);
        m->risk[i] = cox_risk_at(&fit, m->stratum ? m->stratum[i] : 0, q->horizon, lp);
    }
    return OK;
}

/* ---- reclassification */

/* Share with the event by the horizon of rows whose move is `way` (-1, 1; 0 for all rows): the observed one, or with censoring
 * Kaplan–Meier's. 0 for no rows, NaN when their follow-up ends before. */
static Rc event_share(double *share, double *count, const Pair *q, const int *move, int way, Arena *a, Err *e)
{
    Rc rc = OK;
    double *time = ARENA_NEW(a, 3 * q->n, double), *event = time + q->n, *weight = event + q->n, events = 0, all = 0;
    size_t m = 0;
    if (!time) return err_nomem(e);
    for (size_t i = 0; i < q->n; i++) {
        if (way != 0 && move[i] != way) continue;
        const double w = weight_of(q, i);
        if (q->survival) { time[m] = q->time[i]; event[m] = q->event[i]; weight[m] = w; }
        else events += w * q->y[i];
        all += w;
        m++;
    }
    *count = all;
    *share = m && !q->survival ? events / all : 0;
    if (m == 0 || !q->survival) return OK;
    KmCurve c;
    TRY(km_estimate(&c, &(KmData){ .n = m, .time = time, .event = event, .weight = q->weight ? weight : NULL }, &(KmOptions){ 0 }, a, e));
    *share = q->horizon <= c.time[c.n - 1] || c.surv[c.n - 1] == 0 ? 1 - km_survival(&c, q->horizon) : NAN;
out:
    return rc;
}

/* Net reclassification over categories, or for any change of risk without cuts. With censoring the prospective form, P(up | event) =
 * P(event | up) P(up) / P(event). Pencina et al. 2008, 2011. */
static Rc write_nri(Json *out, const char *key, const Pair *q, const double *cuts, size_t n_cuts, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    int *move = ARENA_NEW(&a, q->n, int);
    double n, n_up, n_down, all, up, down;
    if (!move) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < q->n; i++) {
        double r0 = q->base.risk[i], r1 = q->full.risk[i];
        int step = n_cuts ? 0 : (r1 > r0) - (r1 < r0);
        for (size_t c = 0; c < n_cuts; c++) step += (r1 >= cuts[c]) - (r0 >= cuts[c]);
        move[i] = step > 0 ? 1 : step < 0 ? -1 : 0;
    }
    TRY(event_share(&all, &n, q, move, 0, &a, e));
    TRY(event_share(&up, &n_up, q, move, 1, &a, e));
    TRY(event_share(&down, &n_down, q, move, -1, &a, e));
    double up_event = n_up * up / (n * all), down_event = n_down * down / (n * all);
    double up_rest = n_up * (1 - up) / (n * (1 - all)), down_rest = n_down * (1 - down) / (n * (1 - all));
    Json *o = json_set(out, key, json_object());
    json_set_number(o, "nri", up_event - down_event + down_rest - up_rest);
    json_set_number(o, "nri_event", up_event - down_event);
    json_set_number(o, "nri_nonevent", down_rest - up_rest);
    json_set_number(o, "up_event", up_event);
    json_set_number(o, "down_event", down_event);
    json_set_number(o, "down_nonevent", down_rest);
    json_set_number(o, "up_nonevent", up_rest);
out:
    arena_free(&a);
    return rc;
}

/* Gain of the mean risk in events less that in the others. Pencina et al. 2008. With weights the variance of each mean is that of its
 * influence, m/(m-1) sum of w^2 (d - mean)^2 / (sum of w)^2, which is Pencina's where rows count alike. */
static void write_idi(Json *out, const Pair *q)
{
    Sum s[2] = { { 0, 0 }, { 0, 0 } }, ss[2] = { { 0, 0 }, { 0, 0 } };
    double n[2] = { 0, 0 }, all[2] = { 0, 0 }, mean[2], se2 = 0;
    for (size_t i = 0; i < q->n; i++) {
        int k = q->y[i] != 0;
        n[k]++;
        all[k] += weight_of(q, i);
        sum_add(&s[k], weight_of(q, i) * (q->full.risk[i] - q->base.risk[i]));
    }
    for (int k = 0; k < 2; k++) mean[k] = sum_value(&s[k]) / all[k];
    for (size_t i = 0; i < q->n; i++) {
        int k = q->y[i] != 0;
        double d = weight_of(q, i) * (q->full.risk[i] - q->base.risk[i] - mean[k]);
        sum_add(&ss[k], d * d);
    }
    for (int k = 0; k < 2; k++) se2 += sum_value(&ss[k]) / (n[k] - 1) * n[k] / (all[k] * all[k]);
    Json *o = json_set(out, "idi", json_object());
    json_set_number(o, "idi", mean[1] - mean[0]);
    json_set_number(o, "se", sqrt(se2));
    json_set_number(o, "z", (mean[1] - mean[0]) / sqrt(se2));
}

/* ---- net benefit. Vickers & Elkin 2006; with censoring the event rate of the treated is their Kaplan–Meier estimate, NaN when their follow-up ends
 * before. */

static Rc benefit_at(double *benefit, const Pair *q, const double *risk, double t, double *time, double *event, double *weight, Err *e)
{
    double treated = 0, rate = 0, n = 0, odds = t / (1 - t);
    size_t m = 0;
    Arena a = { 0 };
    Rc rc = OK;
    for (size_t i = 0; i < q->n; i++) {
        const double w = weight_of(q, i);
        n += w;
        if (risk && !(risk[i] >= t)) continue;
        treated += w;
        if (q->survival) { time[m] = q->time[i]; event[m] = q->event[i]; weight[m] = w; }
        else rate += w * q->y[i];
        m++;
    }
    if (m == 0) { *benefit = 0; return OK; }
    if (q->survival) {
        KmCurve c;
        TRY(km_estimate(&c, &(KmData){ .n = m, .time = time, .event = event, .weight = q->weight ? weight : NULL }, &(KmOptions){ 0 }, &a, e));
        rate = q->horizon <= c.time[c.n - 1] || c.surv[c.n - 1] == 0 ? (1 - km_survival(&c, q->horizon)) * treated : NAN;
    }
    *benefit = rate / n - (treated - rate) / n * odds;
out:
    arena_free(&a);
    return rc;
}

static Rc write_benefit(Json *out, const Pair *q, const double *threshold, size_t k, Arena *a, Err *e)
{
    Rc rc = OK;
    double *x = ARENA_NEW(a, 4 * k + 3 * q->n, double), *time = x + 4 * k, *event = time + q->n, *weight = event + q->n;
    if (!x) return err_nomem(e);
    for (size_t i = 0; i < k; i++) {
        TRY(benefit_at(&x[i], q, NULL, threshold[i], time, event, weight, e));
        TRY(benefit_at(&x[2 * k + i], q, q->base.risk, threshold[i], time, event, weight, e));
        TRY(benefit_at(&x[3 * k + i], q, q->full.risk, threshold[i], time, event, weight, e));
    }
    Json *o = json_set(out, "net_benefit", json_object());
    json_set_numbers(o, "thresholds", threshold, k);
    json_set_numbers(o, "all", x, k);
    json_set_numbers(o, "none", x + k, k);
    json_set_numbers(o, "model0", x + 2 * k, k);
    json_set_numbers(o, "model1", x + 3 * k, k);
out:
    return rc;
}

static Rc write_areas(Json *out, const Pair *q, Arena *a, Err *e)
{
    Rc rc = OK;
    RocArea r[2];
    const RocSample s = { .n = q->n, .y = q->y, .weight = q->weight };
    double covariance;
    TRY(roc_area_of_sample(&r[0], q->base.risk, &s, a, e));
    TRY(roc_area_of_sample(&r[1], q->full.risk, &s, a, e));
    TRY(roc_covariance_of_sample(&covariance, &r[0], &r[1], &s, e));
    double diff = r[1].auc - r[0].auc, var = r[0].var + r[1].var - 2 * covariance;
    Json *o = json_set(out, "auc", json_object());
    json_set_number(o, "model0", r[0].auc);
    json_set_number(o, "model1", r[1].auc);
    json_set_number(o, "diff", diff);
    json_set_number(o, "se_diff", var > 0 ? sqrt(var) : NAN);
out:
    return rc;
}

/* Both models have the same strata: rows share one in the one exactly where they do in the other. */
static Rc same_strata(bool *same, const Pair *q, Arena *a, Err *e)
{
    const int *s[2] = { q->full.stratum, q->base.stratum };
    *same = true;
    for (int k = 0; k < 2; k++) {
        const size_t m = k ? q->base.d.n_strata : q->full.d.n_strata;
        int *of = ARENA_NEW(a, m + 1, int);                    /* 1 + the other model's stratum of the first row that is in this one */
        if (!of) return err_nomem(e);
        for (size_t i = 0; i < q->n; i++) {
            int *first = &of[s[k] ? s[k][i] : 0], other = 1 + (s[!k] ? s[!k][i] : 0);
            if (!*first) *first = other;
            *same = *same && *first == other;
        }
    }
    return OK;
}

/* Twice the gain in log-likelihood. Weights that are no counts of rows leave it without its distribution, strata that differ without meaning. */
static Rc write_ratio(Json *out, const Pair *q, Arena *a, Err *e)
{
    bool same = true;
    Rc rc = same_strata(&same, q, a, e);
    if (rc != OK) return rc;
    const double chisq = same ? 2 * (q->full.loglik - q->base.loglik) : NAN, df = q->full.df - q->base.df;
    const bool whole = design_weights_whole(&q->full.d);
    set_test(out, "lr_nested", chisq, df, same && whole && df > 0 ? chisq_sf(chisq, df) : NAN);
    if (!same)
        json_set_text(out, "strata_convention", "risks from the baseline of the row's own stratum; partial likelihoods of different strata are not to "
                                                "be compared: no lr_nested");
    else if (q->full.stratum) json_set_text(out, "strata_convention", "risks from the baseline of the row's own stratum");
    if (q->weight)
        json_set_text(out, "weights_convention", whole ? "weighted sums, in the fits as well; standard errors between rows"
                                                       : "weighted sums, in the fits as well; standard errors between rows; lr_nested of weights "
                                                         "that are no counts has no chi-square distribution: no p");
    return OK;
}

/* ---- the call */

static Rc build(Pair *q, Json *out, const StatCall *call, const char *versus, Err *e)
{
    Rc rc = OK;
    Json *aside = json_object();      /* notes on the base model's rows would stand twice */
    StatCall other = *call;
    other.formula = versus;
    DesignWish wish = { .kind = FORMULA_ANY, .no_intercept = false };
    if (!aside) return err_nomem(e);
    /* The outcome says which kind: Cox has no intercept. */
    TRY(design_build(&q->full.d, out, call, &wish, e));
    ResponseKind kind = q->full.d.response;
    q->survival = kind == RESPONSE_SURVIVAL;
    if (kind == RESPONSE_COUNTING || kind == RESPONSE_NONE) {
        rc = err_set(e, ERR_USAGE, "'%s': Surv(time, event) or a two-valued outcome is expected left of ~", call->formula);
        goto out;
    }
    if (q->survival) {
        wish.no_intercept = true;
        design_free(&q->full.d);
        json_remove(out, "diagnosis");
        TRY(design_build(&q->full.d, out, call, &wish, e));
    }
    TRY(design_build(&q->base.d, aside, &other, &wish, e));
    if (!q->survival && (q->full.d.stratum || q->base.d.stratum)) {
        rc = err_set(e, ERR_USAGE, "strata() go with Surv(time, event), '%s' has no time", call->formula);
        goto out;
    }
    if (q->base.d.response != kind) { rc = err_set(e, ERR_USAGE, "the two models have different outcomes"); goto out; }
out:
    json_free(aside);
    return rc;
}

/* Rows of both, in the canonical order of the full model: sums do not depend on the order of the file. */
static Rc common_rows(Pair *q, Json *out, Err *e)
{
    Design *d = &q->full.d;
    size_t *order = NULL;
    Arena *a = &q->full.a;
    q->row = ARENA_NEW(a, d->n, size_t);
    q->y = ARENA_NEW(a, d->n, double);
    q->time = ARENA_NEW(a, d->n, double);
    q->event = ARENA_NEW(a, d->n, double);
    q->weight = d->weight ? ARENA_NEW(a, d->n, double) : NULL;
    if (!q->row || !q->y || !q->time || !q->event || (d->weight && !q->weight)) return err_nomem(e);
    double *y = NULL;
    Rc rc = q->survival ? OK : response_binary(&y, d, out, e);
    if (rc == OK) rc = design_canonical_order(&order, d, a, e);
    if (rc != OK) return rc;
    for (size_t k = 0; k < d->n; k++) {
        size_t i = order[k];
        if (place_of(&q->base.d, d->row[i]) == SIZE_MAX) continue;
        q->row[q->n] = d->row[i];
        if (q->survival) { q->time[q->n] = d->time[i]; q->event[q->n] = d->event[i] != 0; }
        else q->y[q->n] = y[i];
        if (q->weight) q->weight[q->n] = d->weight[i];
        q->n++;
    }
    double events = 0;
    for (size_t i = 0; i < q->n; i++) events += q->survival ? q->event[i] : q->y[i];
    json_set_number(out, "n", (double)q->n);
    json_set_number(out, "nevent", events);
    if (events == 0) return diagnose_fatal(out, e, "no_events", "none of the %zu rows that both models have has the event", q->n);
    if (!q->survival && events == (double)q->n)
        return diagnose_fatal(out, e, "one_class", "all %zu rows that both models have show the event", q->n);
    return OK;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Pair q = { .horizon = NAN };
    Model *model[2] = { &q.full, &q.base };
    const double *cuts = NULL, *thresholds = NULL, *times = NULL;
    const char *versus = option_text(call, "versus", NULL);
    if (!versus) return err_set(e, ERR_USAGE, "compare wants --versus 'base model'");
    TRY(build(&q, out, call, versus, e));
    Arena *a = &q.full.a;
    size_t n_cuts = option_numbers(&cuts, call, "cuts", a), n_thresholds = option_numbers(&thresholds, call, "thresholds", a);
    for (size_t i = 0; i < n_thresholds; i++)
        if (!(thresholds[i] >= 0 && thresholds[i] < 1)) {
            rc = err_set(e, ERR_USAGE, "--thresholds: %g is no risk from 0 to below 1", thresholds[i]);
            goto out;
        }
    if (!q.survival && json_get(call->options, "times")) {
        rc = err_set(e, ERR_USAGE, "--times goes with Surv(time, event), '%s' has no time", call->formula);
        goto out;
    }
    if (q.survival) {
        if (option_numbers(&times, call, "times", a) != 1) { rc = err_set(e, ERR_USAGE, "a survival model wants one --times"); goto out; }
        q.horizon = times[0];
    }
    TRY(common_rows(&q, out, e));
    for (int k = 0; k < 2; k++) {
        TRY(common_columns(model[k], &q, out, call, e));
        TRY(q.survival ? fit_cox(model[k], &q, out, e) : fit_logistic(model[k], &q, out, e));
    }
    if (n_cuts) TRY(write_nri(out, "nri_cat", &q, cuts, n_cuts, e));
    TRY(write_nri(out, "nri_free", &q, NULL, 0, e));
    if (!q.survival) {
        write_idi(out, &q);
        TRY(write_areas(out, &q, a, e));
    }
    if (n_thresholds) TRY(write_benefit(out, &q, thresholds, n_thresholds, a, e));
    TRY(write_ratio(out, &q, a, e));
    json_set_text(out, "convention", "model0 is the base; apparent risks of both on their common complete rows; treated: risk >= threshold");
out:
    design_free(&q.full.d);
    design_free(&q.base.d);
    arena_free(&q.full.a);
    arena_free(&q.base.a);
    return rc;
}

const Method method_compare = {
    .name = "compare", .summary = "a model against a smaller one: reclassification, net benefit, likelihood ratio",
    .formula = FORMULA_ANY, .needs_data = true, .options = options, .run = run,
    .source = "Pencina et al. 2008, 2011; Vickers & Elkin 2006; Vickers et al. 2008"
};
