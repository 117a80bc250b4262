/* stats/logistic.c: `logistic`: regression of a binary response, maximum likelihood or penalised. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/logistic_model.h"
#include "stats/response.h"
#include "stats/result_keys.h"
#include "stats/riley.h"
#include "stats/roc.h"
#include "stats/rows.h"
#include "stats/spline_keys.h"
#include "stats/terms.h"

static const double CONDITION_BAD = 1e6;

static Rc kept_columns(LogisticModel *c, Err *e)
{
    size_t n = c->d.n;
    c->column = ARENA_NEW(&c->a, c->d.p + 1, int);
    c->term = ARENA_NEW(&c->a, c->d.p + 1, char *);
    c->x = c->d.x;
    if (!c->column || !c->term) return err_nomem(e);
    for (size_t j = 0; j < c->d.p; j++)
        if (c->keep[j]) { c->column[c->p] = (int)j; c->term[c->p++] = c->d.term[j]; }
    if ((size_t)c->p == c->d.p) return OK;
    c->x = ARENA_NEW(&c->a, n * (size_t)c->p + 1, double);
    if (!c->x) return err_nomem(e);
    for (int k = 0; k < c->p; k++) memcpy(c->x + (size_t)k * n, c->d.x + (size_t)c->column[k] * n, n * sizeof(double));
    return OK;
}

/* The model of the intercept alone, or of nothing. */
static Rc null_model(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    LogisticInput in = logistic_input(c);
    LogisticData d = { 0 };
    LogisticMaximum fit = { 0 };
    in.p = c->d.has_intercept;
    TRY(logistic_data_init(&d, &in, &a, e));
    TRY(logistic_maximise(&fit, &d, NULL, &a, e));
    c->loglik_null = fit.value;
    if (in.p) c->intercept_null = fit.beta[0];
out:
    arena_free(&a);
    return rc;
}

/* ---- keys of the maximum-likelihood fit */

/* Rao's test of all columns but the intercept, at the null model. */
static Rc score_test(LogisticModel *c, Err *e)
{
    size_t p = (size_t)c->p;
    double *g = ARENA_NEW(&c->a, p + 1, double), *score = ARENA_NEW(&c->a, p + 1, double), *info = ARENA_NEW(&c->a, p * p + 1, double), value;
    if (!g || !score || !info) return err_nomem(e);
    if (c->d.has_intercept) g[0] = c->intercept_null;      /* in the basis too: its first column is all ones */
    if (!logistic_evaluate(&c->data, g, &value, score, info)) return OK;
    if (c->d.has_intercept) score[0] = 0;            /* at its own maximum */
    set_chisq_test(c->out, "score_test", linalg_quadratic_form_inverse(score, info, c->p), (double)(c->p - c->d.has_intercept));
    return OK;
}

/* Estimates with their errors, z and p. */
static void wald_table(LogisticModel *c, const char *key, const double *vcov)
{
    size_t p = (size_t)c->p;
    double *m = ARENA_NEW(&c->a, 4 * p + 1, double);
    static const char *const cols[] = { "est", "se", "z", "p" };
    if (!m) return;
    for (size_t j = 0; j < p; j++) {
        m[j] = c->m.beta[j];
        m[p + j] = sqrt(vcov[j * p + j]);
        m[2 * p + j] = m[j] / m[p + j];
        m[3 * p + j] = normal_two_sided_p(m[2 * p + j]);
    }
    json_set_matrix(c->out, key, m, p, 4, (const char *const *)c->term, cols);
}

/* The same as people read it: odds ratios with their limits; the intercept's is the odds where all is 0. */
static void odds_table(LogisticModel *c, const double *vcov)
{
    size_t p = (size_t)c->p;
    double conf = call_conf(c->call), z = conf_z(conf), *odds = ARENA_NEW(&c->a, 5 * p + 1, double);
    char lower[KEY_MAX], upper[KEY_MAX];
    const char *const cols[] = { "or", level_key(lower, "lower", conf), level_key(upper, "upper", conf), "z", "p" };
    if (!odds) return;
    for (size_t j = 0; j < p; j++) {
        const double b = c->m.beta[j], se = sqrt(vcov[j * p + j]);
        odds[j] = exp(b);
        odds[p + j] = exp(b - z * se);
        odds[2 * p + j] = exp(b + z * se);
        odds[3 * p + j] = b / se;
        odds[4 * p + j] = normal_two_sided_p(b / se);
    }
    json_set_matrix(c->out, "or", odds, p, 5, (const char *const *)c->term, cols);
}

static Rc discrimination(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    RocArea area = { 0 };
    size_t n = c->d.n;
    double *marker = ARENA_NEW(&a, n + 1, double);
    int *cluster = c->d.cluster ? ARENA_NEW(&a, n + 1, int) : NULL;
    if (!marker || (c->d.cluster && !cluster)) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {                 /* row by row in one order: equal rows tie */
        size_t row = c->data.order[i];
        double s = c->d.offset ? c->d.offset[row] : 0;
        for (int j = 0; j < c->p; j++) s += c->m.beta[j] * c->x[(size_t)j * n + row];
        marker[i] = s;
        if (cluster) cluster[i] = c->d.cluster[row];
    }
    const RocSample sample = { n, c->data.y, c->data.w, cluster, c->d.n_clusters };
    TRY(roc_area_of_sample(&area, marker, &sample, &a, e));
    Json *o = json_set(c->out, "auc_apparent", json_object());
    json_set_number(o, "auc", area.auc);
    json_set_number(o, "se_delong", sqrt(area.var));
out:
    arena_free(&a);
    return rc;
}

typedef struct { double prob, weight; } Fitted;

static int by_prob(const void *a, const void *b)
{
    const double x = ((const Fitted *)a)->prob, y = ((const Fitted *)b)->prob;
    return (x > y) - (x < y);
}

/* The fit at a place, from 0, among rows that are there as often as their weights say. */
static double fitted_at(const Fitted *f, size_t n, double place)
{
    size_t i = 0;
    for (double upto = f[0].weight; i + 1 < n && upto <= place; upto += f[i].weight) i++;
    return f[i].prob;
}

/* Bounds of n_groups groups: type-7 quantiles of the fit, with weights (whole numbers) as quantile_sorted() would find them in the rows written out. */
static Rc group_bounds(double *bound, int n_groups, const double *prob, const double *weight, size_t n, Arena *a, Err *e)
{
    Fitted *f = weight ? ARENA_NEW(a, n + 1, Fitted) : NULL;
    double *sorted = weight ? NULL : ARENA_NEW(a, n + 1, double), total = 0;
    if (weight ? !f : !sorted) return err_nomem(e);
    if (!weight) {
        memcpy(sorted, prob, n * sizeof *sorted);
        sort_doubles(sorted, n);
        for (int k = 0; k <= n_groups; k++) bound[k] = quantile_sorted(sorted, n, k / (double)n_groups);
        return OK;
    }
    for (size_t i = 0; i < n; i++) {
        f[i] = (Fitted){ prob[i], weight[i] };
        total += weight[i];
    }
    qsort(f, n, sizeof *f, by_prob);
    for (int k = 0; k <= n_groups; k++) {
        const double place = (total - 1) * (k / (double)n_groups), low = floor(place + 1e-12 * fmax(1, place));
        const double two[2] = { fitted_at(f, n, low), fitted_at(f, n, low + 1) };
        bound[k] = quantile_sorted(two, 2, fmax(place - low, 0));
    }
    return OK;
}

/* Hosmer and Lemeshow 1980: ten groups by type-7 quantiles of the fit. A row of weight 2 is two rows; weights that are no counts of rows leave no
 * chi-square distribution. */
static Rc hosmer_lemeshow(LogisticModel *c, const double *prob, Err *e)
{
    enum { GROUPS = 10 };
    size_t n = c->d.n;
    double bound[GROUPS + 1], cut[GROUPS + 1], count[GROUPS] = { 0 }, seen[GROUPS] = { 0 }, expected[GROUPS] = { 0 }, chisq = 0;
    int groups = 0;
    if (!design_weights_whole(&c->d)) {
        set_test(c->out, "hosmer_lemeshow", NAN, NAN, NAN);
        return OK;
    }
    Rc rc = group_bounds(bound, GROUPS, prob, c->data.w, n, &c->a, e);
    if (rc != OK) return rc;
    for (int k = 0; k <= GROUPS; k++)
        if (groups == 0 || bound[k] > cut[groups - 1]) cut[groups++] = bound[k];
    groups--;
    if (groups < 3) return OK;
    for (size_t i = 0; i < n; i++) {
        const double w = c->data.w ? c->data.w[i] : 1;
        int k = 0;
        while (k < groups - 1 && prob[i] > cut[k + 1]) k++;
        count[k] += w;
        seen[k] += w * c->data.y[i];
        expected[k] += w * prob[i];
    }
    for (int k = 0; k < groups; k++) {
        double d = seen[k] - expected[k];
        chisq += d * d / expected[k] + d * d / (count[k] - expected[k]);
    }
    Json *o = set_chisq_test(c->out, "hosmer_lemeshow", chisq, groups - 2);
    json_set_numbers(o, "n", count, (size_t)groups);
    json_set_numbers(o, "observed", seen, (size_t)groups);
    json_set_numbers(o, "expected", expected, (size_t)groups);
    return OK;
}

/* Measures of the fit, all by weight: a row of weight 2 is two rows, in the number of rows that the likelihood is spread over as well. */
static Rc accuracy(LogisticModel *c, const double *prob, Err *e)
{
    size_t n = c->d.n;
    double ll = c->m.value, ll0 = c->loglik_null, weight = 0, events = 0, brier = 0, sum[2] = { 0 }, total[2] = { 0 };
    for (size_t i = 0; i < n; i++) {
        double w = c->data.w ? c->data.w[i] : 1, y = c->data.y[i];
        weight += w;
        events += w * y;
        brier += w * (y - prob[i]) * (y - prob[i]);
        sum[y > 0] += w * prob[i];
        total[y > 0] += w;
    }
    double rows = weight, cox_snell = -expm1(2 * (ll0 - ll) / rows), mean = events / weight;
    Json *o = json_set(c->out, "r2", json_object());
    json_set_number(o, "mcfadden", 1 - ll / ll0);
    json_set_number(o, "cox_snell", cox_snell);
    json_set_number(o, "nagelkerke", cox_snell / -expm1(2 * ll0 / rows));
    json_set_number(o, "tjur", sum[1] / total[1] - sum[0] / total[0]);
    brier /= weight;
    json_set_number(c->out, "brier", brier);
    json_set_number(c->out, "brier_scaled", 1 - brier / (mean * (1 - mean)));
    Rc rc = discrimination(c, e);
    return rc == OK ? hosmer_lemeshow(c, prob, e) : rc;
}

/* V (sum u u') V with u the scores of rows, or of clusters: in columns, and in the basis. */
static Rc sandwich(double *out, double *basis, LogisticModel *c, const double *prob, const int *cluster, size_t n_clusters, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    size_t n = c->d.n, p = (size_t)c->p, groups = cluster ? n_clusters : n;
    double *u = ARENA_NEW(&a, (cluster ? groups * p : n) + 1, double), *meat = ARENA_NEW(&a, p * p + 1, double), *half = ARENA_NEW(&a, p * p + 1, double);
    double *room = ARENA_NEW(&a, rows_packed(p) + 1, double);
    if (!u || !meat || !half || !room) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        double r = (c->data.w ? c->data.w[i] : 1) * (c->data.y[i] - prob[i]);
        if (!cluster) { u[i] = r * r; continue; }
        size_t g = (size_t)cluster[c->data.order[i]];
        for (size_t j = 0; j < p; j++) u[g * p + j] += r * c->data.x[i * p + j];
    }
    if (!cluster) rows_cross_whole(meat, c->data.x, u, n, p, room);
    for (size_t g = 0; cluster && g < groups; g++)
        for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) meat[j * p + k] += u[g * p + j] * u[g * p + k];
    linalg_gemm_nn(half, c->m.vcov_basis, meat, (int)p, (int)p, (int)p, 1, 0);
    linalg_gemm_nn(basis, half, c->m.vcov_basis, (int)p, (int)p, (int)p, 1, 0);
    logistic_vcov_to_columns(out, &c->data, basis);
out:
    arena_free(&a);
    return rc;
}

/* Whether term t is part of a term of higher order: then it stays (marginality). */
static bool has_higher(const Formula *f, size_t t)
{
    for (size_t k = 0; k < f->n_terms; k++) {
        if (k == t || f->term[k].n <= f->term[t].n) continue;
        int found = 0;
        for (int i = 0; i < f->term[t].n; i++)
            for (int j = 0; j < f->term[k].n; j++) found += f->term[t].var[i] == f->term[k].var[j];
        if (found == f->term[t].n) return true;
    }
    return false;
}

static Rc drop_each(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    const Formula *f = c->d.formula;
    size_t m = 0, rows = 0;
    double *table = NULL;
    int *which = ARENA_NEW(&c->a, (size_t)c->p + 1, int);
    const char **names = (const char **)arena_array(&c->a, f->n_terms + 1, sizeof(char *));
    static const char *const cols[] = { "df", "deviance", "aic", "chisq", "p" };
    for (size_t t = 0; t < f->n_terms; t++) m += !has_higher(f, t);
    table = ARENA_NEW(&c->a, 5 * m + 1, double);
    if (!which || !names || !table) return err_nomem(e);
    for (size_t t = 0; t < f->n_terms; t++) {
        if (has_higher(f, t)) continue;
        int gone = 0;
        double loglik = 0;
        for (int k = 0; k < c->p; k++) if (c->d.assign[c->column[k]] == (int)t + 1) which[gone++] = k;
        TRY(logistic_without(&loglik, &c->data, &c->m, which, gone, &c->a, e));
        int left = c->p - gone;
        double df = gone, deviance = -2 * loglik, chisq = deviance + 2 * c->m.value;
        names[rows] = f->term[t].label;
        table[rows] = df;
        table[m + rows] = deviance;
        table[2 * m + rows] = deviance + 2 * left;
        table[3 * m + rows] = chisq;
        table[4 * m + rows++] = df > 0 ? chisq_sf(fmax(chisq, 0), df) : NAN;
    }
    json_set_matrix(c->out, "drop1_lrt", table, m, 5, names, cols);
out:
    return rc;
}

static Rc residuals(LogisticModel *c, const double *prob, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    size_t n = c->d.n, p = (size_t)c->p;
    double *fitted = ARENA_NEW(&a, n + 1, double), *pearson = ARENA_NEW(&a, n + 1, double), *deviance = ARENA_NEW(&a, n + 1, double);
    double *hat = ARENA_NEW(&a, n + 1, double), *cooks = ARENA_NEW(&a, n + 1, double);
    if (!fitted || !pearson || !deviance || !hat || !cooks) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        size_t row = c->data.order[i];
        const double *x = c->data.x + i * p;
        double w = c->data.w ? c->data.w[i] : 1, y = c->data.y[i], q = prob[i], h = 0;
        for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) h += x[j] * c->m.vcov_basis[k * p + j] * x[k];
        h *= w * q * (1 - q);
        fitted[row] = q;
        pearson[row] = (y - q) * sqrt(w / (q * (1 - q)));
        deviance[row] = (y > 0 ? 1 : -1) * sqrt(-2 * w * log(y > 0 ? q : 1 - q));
        hat[row] = h;
        cooks[row] = pearson[row] * pearson[row] / ((1 - h) * (1 - h)) * h / (double)p;
    }
    json_set_numbers(c->out, "fitted", fitted, n);
    json_set_numbers(c->out, "resid_pearson", pearson, n);
    json_set_numbers(c->out, "resid_deviance", deviance, n);
    json_set_numbers(c->out, "hat", hat, n);
    json_set_numbers(c->out, "cooks", cooks, n);
out:
    arena_free(&a);
    return rc;
}

static void notes(LogisticModel *c)
{
    int slopes = c->p - c->d.has_intercept, p = c->p;
    double fewer = fmin(c->events, (double)c->d.n - c->events);
    if (slopes > 0 && fewer / slopes < 10)
        diagnose(c->out, "few_events", "%.0f in the smaller class for %d parameter%s (%.3g each): below 10, expect optimism; fewer terms or a "
                 "penalty would help", fewer, slopes, slopes == 1 ? "" : "s", fewer / slopes);
    /* The intercept's correlation with a column far from 0 is no fault: slopes alone. */
    int from = c->d.has_intercept ? 1 : 0, m = p - from;
    double *v = ARENA_NEW(&c->a, (size_t)(m * m) + 1, double), condition = NAN, worst = -1;
    int a = from, b = from;
    if (m < 1 || !v) { json_set_number(c->out, "condition_number", m < 1 ? 1 : NAN); return; }
    for (int j = 0; j < m; j++)
        for (int k = 0; k < m; k++) {
            v[j * m + k] = c->m.vcov[(j + from) * p + k + from];
            double r = fabs(v[j * m + k]) / sqrt(c->m.vcov[(j + from) * p + j + from] * c->m.vcov[(k + from) * p + k + from]);
            if (k < j && r > worst) { worst = r; a = k + from; b = j + from; }
        }
    condition = linalg_scaled_condition(v, m);
    json_set_number(c->out, "condition_number", condition);
    if (m > 1 && condition >= CONDITION_BAD)
        diagnose(c->out, "ill_conditioned", "%s and %s can hardly be told apart (condition number %.2g): their coefficients are nearly "
                 "arbitrary; leave one out or take their difference", c->term[a], c->term[b], condition);
}

static Rc ml_results(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    Json *out = c->out;
    size_t p = (size_t)c->p, n = c->d.n;
    double ll = c->m.value, slopes = (double)(c->p - c->d.has_intercept), lr = 2 * (ll - c->loglik_null);
    double *se = ARENA_NEW(&c->a, p + 1, double), *hc0 = ARENA_NEW(&c->a, p * p + 1, double), *zero = ARENA_NEW(&c->a, c->d.p + 1, double);
    double *prob = ARENA_NEW(&c->a, n + 1, double), *sandwich_basis = ARENA_NEW(&c->a, p * p + 1, double);
    /* What odds ratios, limits and predictions are of; wald is of the model's errors, as glm has it. */
    double *used = c->m.vcov, *used_basis = c->m.vcov_basis;
    if (!se || !hc0 || !zero || !prob || !sandwich_basis) return err_nomem(e);
    memcpy(prob, c->data.prob, n * sizeof *prob);
    for (size_t j = 0; j < p; j++) se[j] = sqrt(c->m.vcov[j * p + j]);
    json_set_bool(out, "converged", c->m.converged);
    json_set_number(out, "iterations", c->m.iterations);
    json_set_number(out, "max_abs_score", c->m.max_abs_score);
    logistic_by_term(c, "coef", c->m.beta);
    logistic_by_term(c, "se", se);
    logistic_matrix(c, "vcov", c->m.vcov);
    TRY(sandwich(hc0, sandwich_basis, c, prob, NULL, 0, e));
    logistic_matrix(c, "vcov_hc0", hc0);
    if (design_wants_robust(&c->d, c->call)) {
        if (c->d.cluster) TRY(sandwich(hc0, sandwich_basis, c, prob, c->d.cluster, c->d.n_clusters, e));
        used = hc0;
        used_basis = sandwich_basis;
        logistic_matrix(c, "robust_vcov", used);
        for (size_t j = 0; j < p; j++) se[j] = sqrt(used[j * p + j]);
        logistic_by_term(c, "robust_se", se);
        wald_table(c, "robust_wald", used);
        json_set_text(out, "robust_convention",
                      c->d.cluster ? "sandwich by cluster without a small-sample factor (CR0); odds ratios and predictions are of it, wald is not"
                                   : "sandwich by row without a small-sample factor (HC0); odds ratios and predictions are of it, wald is not");
    }
    wald_table(c, "wald", c->m.vcov);
    odds_table(c, used);
    json_set_number(out, "deviance", -2 * ll);
    json_set_number(out, "null_deviance", -2 * c->loglik_null);
    json_set_number(out, "loglik_null", c->loglik_null);
    json_set_number(out, "loglik", ll);
    json_set_number(out, "aic", -2 * ll + 2 * (double)p);
    json_set_number(out, "bic", -2 * ll + (double)p * log((double)n));
    set_chisq_test(out, "lr_test", lr, slopes);
    TRY(score_test(c, e));
    TRY(accuracy(c, prob, e));
    riley_report(out, &(RileyFit){ (double)n, json_number(json_get(out, "nevent")), slopes, lr, true });
    Json *s = json_set(out, "separation", json_object());
    json_set_bool(s, "separated", false);
    set_by_term(s, "direction", zero, c->d.p, c->d.term);
    if (slopes > 0) TRY(drop_each(c, e));
    notes(c);
    TRY(spline_keys(out, &c->d, c->m.beta, covariance_root(c->data.T, used_basis, c->p, &c->a), c->p, c->column, e));
    if (option_flag(c->call, "profile")) TRY(logistic_limits(c, e));
    if (option_flag(c->call, "residuals")) TRY(residuals(c, prob, e));
    /* The errors of predictions are robust too, and so are those that a kept fit gives later. */
    double *model_vcov = c->m.vcov;
    c->m.vcov = used;
    rc = logistic_predict(c, e);
    c->m.vcov = model_vcov;
out:
    return rc;
}

static Rc logistic_ml(LogisticModel *c, Err *e)
{
    Rc rc = OK;
    TRY(logistic_maximise(&c->m, &c->data, NULL, &c->a, e));
    if (!c->m.certified) {
        rc = logistic_separated(c, e);
        if (rc != OK) goto out;
    }
    if (!c->m.converged)
        diagnose(c->out, "ill_conditioned", "the fit stopped with a score of %.3g standard errors: the digits beyond that are not sure",
                 c->m.max_abs_score);
    TRY(ml_results(c, e));
out:
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    LogisticModel c = { .call = call, .out = out };
    const DesignWish wish = { .kind = FORMULA_RESPONSE };
    const char *penalty = option_text(call, "penalty", "none");
    const bool plain = strcmp(penalty, "none") == 0;
    TRY(design_build(&c.d, out, call, &wish, e));
    if (!plain && (c.d.cluster || option_flag(call, "robust"))) {
        rc = err_set(e, ERR_USAGE, "logistic: --penalty %s and --%s do not go together", penalty, c.d.cluster ? "cluster" : "robust");
        goto out;
    }
    TRY(design_want_rows(&c.d, out, 2, e));
    TRY(response_binary(&c.y, &c.d, out, e));
    for (size_t i = 0; i < c.d.n; i++) c.events += c.y[i];
    json_set_number(out, "nevent", c.events);
    c.keep = arena_alloc(&c.a, c.d.p + 1);
    if (!c.keep) { rc = err_nomem(e); goto out; }
    TRY(design_check_rank(&c.d, out, call, c.keep, e));
    c.d.y = c.y;
    TRY(design_canonical_order(&c.order, &c.d, &c.a, e));
    TRY(kept_columns(&c, e));
    LogisticInput in = logistic_input(&c);
    TRY(logistic_data_init(&c.data, &in, &c.a, e));
    TRY(null_model(&c, e));
    rc = plain ? logistic_ml(&c, e) : logistic_penalised(&c, penalty, e);
out:
    arena_free(&c.a);
    design_free(&c.d);
    return rc;
}

static const MethodOption options[] = {
    { "penalty", OPTION_CHOICE, "none|firth|median|flac|flic", "Firth's penalty and its relatives, finite under separation (none)" },
    { "robust", OPTION_FLAG, NULL, "sandwich variance (HC0, by cluster CR0); on by itself with a cluster or weights other than whole numbers" },
    { "profile", OPTION_FLAG, NULL, "likelihood-ratio intervals (always there with firth)" },
    { "residuals", OPTION_FLAG, NULL, "fitted values, residuals, leverage, Cook's distance" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

const Method method_logistic = {
    .name = "logistic",
    .summary = "regression of a binary response",
    .formula = FORMULA_RESPONSE,
    .needs_data = true,
    .fits_protocol = true,
    .options = options,
    .run = run,
    .source = "Cox 1958; Firth 1993, Heinze and Schemper 2002 (firth); Puhr et al. 2017 (flac, flic); Kenne Pagui et al. 2017 (median)",
};
