/* stats/cox_results.c: the keys of a fitted Cox model, and notes on its data. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/extent.h"
#include "core/lanes.h"
#include "stats/concordance.h"
#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"
#include "stats/riley.h"
#include "stats/rows.h"
#include "stats/spline_keys.h"

static const double CONDITION_BAD = 1e6;
static const double EVENTS_PER_PARAMETER = 10;
enum { LARGE_TABLE = 50000 };

/* ---- notes on the data */

/* How many events share their time with another of their stratum. */
static size_t tied_events(const CoxData *d)
{
    size_t tied = 0;
    for (size_t k = 0; k < d->n_blocks; k++) {
        size_t deaths = d->block[k].to - d->block[k].first_death;
        if (deaths > 1) tied += deaths;
    }
    return tied;
}

/* Where the other method's maximum lies, in g, to a thousandth of a standard error: by its scores and the covariance of the own one. At rest,
 * when it does not get there (*found), or lies where no coefficient moves by .03 standard errors (*near). */
static Rc look_for_other(bool *found, bool *near, double *g, CoxModel *c, Arena *a, Err *e)
{
    enum { STEPS = 8 };
    const size_t p = (size_t)c->p;
    double *score = ARENA_NEW(a, p + 1, double), value;
    *found = *near = false;
    if (!score) return err_nomem(e);
    memcpy(g, c->m.g, p * sizeof *g);
    for (int it = 0; it < STEPS && !*found; it++) {
        double decrement = 0;
        if (!cox_evaluate(&c->data, g, &value, score, NULL)) { *near = it == 0; break; }
        for (size_t j = 0; j < p; j++) {
            double step = 0;
            for (size_t k = 0; k < p; k++) step += c->m.vcov[k * p + j] * score[k];
            g[j] += step;
            decrement += step * score[j];
        }
        /* No combination of coefficients moves by more than this many of its standard errors. */
        if (it == 0 && decrement < .03 * .03) *near = true;
        *found = *near || decrement < .001 * .001;
    }
    return OK;
}

/* Only where the other method leads far is it fitted to the end. */
static Rc note_ties(CoxModel *c, Err *e)
{
    static const double FAR = .1;
    Rc rc = OK;
    Arena a = { 0 };
    CoxData *d = &c->data;
    CoxMaximum m = { 0 };
    size_t events = d->n_events, tied = tied_events(d), p = (size_t)c->p;
    CoxTies own = d->ties, other = own == TIES_BRESLOW ? TIES_EFRON : TIES_BRESLOW;
    double *beta = NULL, *g = NULL;
    bool found = false, near = false, far = false;
    if (events > 1 && d->n_blocks == 1)
        diagnose(c->out, "all_tied", "all %zu events are at one time: the order of failure says nothing", events);
    if ((double)tied <= .1 * (double)events) return OK;
    beta = ARENA_NEW(&a, p + 1, double);
    g = ARENA_NEW(&a, p + 1, double);
    if (!beta || !g) { rc = err_nomem(e); goto out; }
    d->ties = other;
    TRY(look_for_other(&found, &near, g, c, &a, e));
    if (near) goto out;
    cox_to_columns(beta, d, g);
    for (int j = 0; j < c->p; j++) far = far || fabs(beta[j] - c->beta[j]) > .99 * FAR * c->se[j];
    if (found && !far) goto out;
    TRY(cox_maximise(&m, d, c->m.g, NULL, &a, e));
    if (!m.converged) goto out;
    cox_to_columns(beta, d, m.g);
    for (int j = 0; j < c->p; j++)
        if (fabs(beta[j] - c->beta[j]) > FAR * c->se[j]) {
            diagnose(c->out, "heavy_ties", "%zu of %zu events share their time, and %s ties give %.4g for %s instead of %.4g: name the method "
                     "of ties with the result", tied, events, other == TIES_EFRON ? "Efron's" : "Breslow's", beta[j], c->term[j], c->beta[j]);
            break;
        }
out:
    d->ties = own;
    arena_free(&a);
    return rc;
}

void cox_note_events(const CoxModel *c)
{
    const double spent = c->edf > 0 ? c->edf : c->p, per = (double)c->data.n_events / spent;
    const char *of = c->edf > 0 ? "effective degree" : "parameter", *plural = spent == 1 ? "" : "s";
    if (c->p && per < EVENTS_PER_PARAMETER)
        diagnose(c->out, "few_events", "%zu event%s for %.3g %s%s%s (%.3g each): below 10, expect optimism; fewer terms, %s penalty or "
                 "more events would help", c->data.n_events, c->data.n_events == 1 ? "" : "s", spent, of, plural, c->edf > 0 ? " of freedom" : "",
                 per, c->edf > 0 ? "a stronger" : "a");
}

/* Whether no row of a large table can move a coefficient that far: longest row times largest hazard met, at most. */
static bool cannot_move(CoxModel *c, double limit)
{
    CoxData *d = &c->data;
    size_t p = (size_t)c->p;
    double least = 0, met = 0, trace = 0;
    for (size_t j = 0; j < p; j++) trace += c->m.vcov[j * p + j];
    extent_of(&least, &met, d->rl, d->n);
    return sqrt(cox_longest(d) * trace / (double)p) * (1 + met) < limit;
}

/* step = M u for a p x p matrix M. */
static FOR_EACH_WIDTH void multiply(double *step, const double *M, const double *u, size_t p)
{
    memset(step, 0, p * sizeof *step);
    for (size_t k = 0; k < p; k++) for (size_t j = 0; j < p; j++) step[j] += M[k * p + j] * u[k];
}

/* Rows that move a coefficient by 2/sqrt(n) of its standard error (Belsley, Kuh and Welsch 1980), and by .3 at least: in a large
 * cohort less is no news. */
static Rc note_influence(CoxModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    size_t p = (size_t)c->p, n = c->d.n, count = 0, row = 0;
    int term = 0;
    double worst = 0, limit = fmax(2 / sqrt((double)n), .3);
    CoxDetail detail = { 0 };
    if (n > LARGE_TABLE && cannot_move(c, limit)) return OK;
    double *u = ARENA_ROOM(&a, n * p + ROWS_SPARE, double), *length = ARENA_ROOM(&a, n, double), *step = ARENA_NEW(&a, p + 1, double);
    if (!u || !length || !step) { rc = err_nomem(e); goto out; }
    TRY(cox_detail(&detail, &c->data, c->m.g, &a, e));
    TRY(cox_score_residuals(u, NULL, &c->data, c->m.g, &detail, e));
    /* dfbetas of a row are M u, M = T V over the standard errors. */
    double *M = ARENA_NEW(&a, p * p + 1, double);
    if (!M) { rc = err_nomem(e); goto out; }
    linalg_gemm_nn(M, c->data.T, c->m.vcov, c->p, c->p, c->p, 1, 0);
    for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) M[k * p + j] /= c->se[j];
    /* No coefficient moves by more of its standard errors than the root of u'Vu, and V's largest eigenvalue is at most its largest row sum. */
    double most = 0;
    for (size_t j = 0; j < p; j++) {
        double row_sum = 0;
        for (size_t k = 0; k < p; k++) row_sum += fabs(c->m.vcov[k * p + j]);
        if (!(row_sum <= most)) most = row_sum;
    }
    rows_lengths(length, u, n, p);
    for (size_t i = 0; i < n; i++) {
        if (length[i] * most < .99 * limit * limit) continue;
        multiply(step, M, u + i * p, p);
        bool over = false;
        for (size_t j = 0; j < p; j++) {
            double v = fabs(step[j]);
            over = over || v > limit;
            if (v > worst) { worst = v; row = c->data.order[i]; term = (int)j; }
        }
        count += over;
    }
    if (count)
        diagnose(c->out, "influential", "%zu row%s move%s a coefficient by more than %.2g of its standard error; line %zu that of %s by %.2g: "
                 "look at the values there", count, count == 1 ? "" : "s", count == 1 ? "s" : "", limit,
                 c->call->data->line ? c->call->data->line[c->d.row[row]] : c->d.row[row] + 2, c->term[term], worst);
out:
    arena_free(&a);
    return rc;
}

/* Condition number of the information in the caller's columns, each scaled to 1; names the pair that is worst. */
static void note_condition(CoxModel *c)
{
    int p = c->p;
    double condition = p ? linalg_scaled_condition(c->vcov, p) : NAN;
    json_set_number(c->out, "condition_number", condition);
    if (!p || condition < CONDITION_BAD) return;
    double worst = -1;
    int a = 0, b = 0;
    for (int j = 0; j < p; j++)
        for (int k = 0; k < j; k++) {
            double r = fabs(c->vcov[k * p + j]) / (c->se[j] * c->se[k]);
            if (r > worst) { worst = r; a = k; b = j; }
        }
    if (p > 1)
        diagnose(c->out, "ill_conditioned", "%s and %s can hardly be told apart (condition number %.2g): their coefficients are nearly "
                 "arbitrary; leave one out or take their difference", c->term[a], c->term[b], condition);
}

/* ---- keys */

/* eta += b0 x0, then b1 x1, b2 x2, b3 x3. */
static FOR_EACH_WIDTH void add_four(double *eta, const double *b, const double *const *x, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        Lanes s = lanes_at(eta + i);
        for (int k = 0; k < 4; k++) s += b[k] * lanes_at(x[k] + i);
        lanes_put(eta + i, s);
    }
    for (; i < n; i++) for (int k = 0; k < 4; k++) eta[i] += b[k] * x[k][i];
}

/* Predictors of the rows in their sorted order, by columns along memory; each row's sum keeps its own order, so equal rows have equal bits. */
static Rc predictors(double *out, const CoxModel *c, Err *e)
{
    enum { TILE = 1024 };
    const CoxData *d = &c->data;
    const size_t n = d->n, p = (size_t)c->p;
    Arena a = { 0 };
    double *eta = ARENA_NEW(&a, n, double);
    if (!eta) return err_nomem(e);
    for (size_t i = 0; d->offset && i < n; i++) eta[d->order[i]] = d->offset[i];
    for (size_t from = 0; from < n; from += TILE) {
        const size_t m = from + TILE < n ? TILE : n - from;
        size_t j = 0;
        for (; j + 4 <= p; j += 4)
            add_four(eta + from, c->beta + j,
                     (const double *[]){ c->xj[j] + from, c->xj[j + 1] + from, c->xj[j + 2] + from, c->xj[j + 3] + from }, m);
        for (; j < p; j++) {
            const double b = c->beta[j], *x = c->xj[j] + from;
            for (size_t i = 0; i < m; i++) eta[from + i] += b * x[i];
        }
    }
    for (size_t i = 0; i < n; i++) out[i] = eta[d->order[i]];
    arena_free(&a);
    return OK;
}

static Rc concordance(CoxModel *c, Err *e)
{
    Rc rc = OK;
    CoxData *d = &c->data;
    const size_t n = d->n;
    Concordance k = { 0 };
    Arena a = { 0 };
    /* Those of the fit are there; within a stratum they are less by one number, and pairs lie within strata. */
    const bool known = c->g && cox_risks(d, c->g);
    double *marker = known ? d->eta : ARENA_ROOM(&a, n, double), *event = ARENA_ROOM(&a, n, double);
    int *stratum = d->n_strata > 1 ? ARENA_ROOM(&a, n, int) : NULL, *cluster = c->d.cluster ? ARENA_ROOM(&a, n, int) : NULL;
    if (!marker || !event || (d->n_strata > 1 && !stratum) || (c->d.cluster && !cluster)) { rc = err_nomem(e); goto out; }
    if (!known) TRY(predictors(marker, c, e));
    for (size_t s = 0; stratum && s < d->n_strata; s++)
        for (size_t i = d->stratum[s].row_from; i < d->stratum[s].row_to; i++) stratum[i] = (int)s;
    for (size_t i = 0; i < n; i++) event[i] = d->event[i];
    for (size_t i = 0; cluster && i < n; i++) cluster[i] = c->d.cluster[d->order[i]];
    ConcordanceData pairs = { .n = n, .start = d->start, .time = d->time, .event = event, .weight = d->w, .marker = marker, .stratum = stratum,
                              .tau = INFINITY, .no_influence = true };
    TRY(concordance_estimate(&k, &pairs, cluster, &a, e));
    Json *o = json_set(c->out, "concordance", json_object());
    json_set_number(o, "c", k.c);
    json_set_number(o, "se", sqrt(k.var));
    o = json_set(c->out, "concordance_counts", json_object());
    json_set_number(o, "concordant", k.concordant);
    json_set_number(o, "discordant", k.discordant);
    json_set_number(o, "tied.x", k.tied_x);
    json_set_number(o, "tied.y", k.tied_y);
    json_set_number(o, "tied.xy", k.tied_xy);
out:
    arena_free(&a);
    return rc;
}

void cox_hazard_ratios(CoxModel *c)
{
    int p = c->p;
    double z = conf_z(call_conf(c->call));
    double *m = ARENA_NEW(&c->a, (size_t)p * 5 + 1, double);
    char lower[KEY_MAX], upper[KEY_MAX];
    if (!m) return;
    for (int j = 0; j < p; j++) {
        double se = sqrt((c->robust ? c->robust : c->vcov)[j * p + j]);
        m[j] = exp(c->beta[j]);
        m[p + j] = exp(c->beta[j] - z * se);
        m[2 * p + j] = exp(c->beta[j] + z * se);
        m[3 * p + j] = c->beta[j] / se;
        m[4 * p + j] = normal_two_sided_p(c->beta[j] / se);
    }
    const char *cols[] = { "hr", level_key(lower, "lower", call_conf(c->call)), level_key(upper, "upper", call_conf(c->call)), "z", "p" };
    json_set_matrix(c->out, "hr", m, (size_t)p, 5, (const char *const *)c->term, cols);
}

static Rc tests_of_proportionality(CoxModel *c, Err *e)
{
    static const char *const keys[ZPH_TIMES] = { "zph_km", "zph_rank", "zph_identity", "zph_log" };
    static const char *const cols[] = { "chisq", "df", "p" };
    Rc rc = OK;
    size_t t = c->n_terms + 1;
    double *chisq = ARENA_NEW(&c->a, ZPH_TIMES * t, double), *df = ARENA_NEW(&c->a, ZPH_TIMES * t, double), *m = ARENA_NEW(&c->a, 3 * t, double);
    const char **rows = (const char **)arena_array(&c->a, t, sizeof(char *));
    if (!chisq || !df || !m || !rows) return err_nomem(e);
    for (size_t k = 0; k + 1 < t; k++) rows[k] = c->term_label[k];
    rows[t - 1] = "GLOBAL";
    TRY(cox_zph(chisq, df, &c->data, c->m.g, c->m.info, c->assign, c->n_terms, e));
    for (size_t w = 0; w < ZPH_TIMES; w++) {
        for (size_t k = 0; k < t; k++) {
            m[k] = chisq[w * t + k];
            m[t + k] = df[w * t + k];
            m[2 * t + k] = isnan(m[k]) ? (double)NAN : chisq_sf(m[k], m[t + k]);
        }
        json_set_matrix(c->out, keys[w], m, t, 3, rows, cols);
    }
out:
    return rc;
}

Rc cox_robust_keys(CoxModel *c, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    double *sums = NULL, *null_sums = NULL, *zero = NULL, *u = NULL, *meat = NULL;
    size_t groups = 0;
    bool wanted = option_flag(c->call, "robust") || c->d.cluster || cox_weights_are_odd(c);
    if (!wanted || !p || c->data.ties == TIES_EXACT) return OK;
    const int *cluster = c->limited ? c->piece_cluster : c->d.cluster;
    const size_t n_clusters = c->limited ? c->n_piece_clusters : c->d.n_clusters;
    size_t pp = (size_t)(p * p);
    c->robust_basis = ARENA_NEW(&c->a, pp, double);
    c->robust = ARENA_NEW(&c->a, pp, double);
    zero = ARENA_NEW(&c->a, (size_t)p, double);
    u = ARENA_NEW(&c->a, (size_t)p, double);
    meat = ARENA_NEW(&c->a, pp, double);
    if (!c->robust || !c->robust_basis || !zero || !u || !meat) return err_nomem(e);
    TRY(cox_cluster_scores(&sums, &groups, &c->data, c->m.g, cluster, n_clusters, &c->a, e));
    TRY(cox_robust(c->robust_basis, sums, groups, c->m.vcov, p, &c->a, e));
    cox_vcov_to_columns(c->robust, &c->data, c->robust_basis);
    TRY(cox_cluster_scores(&null_sums, &groups, &c->data, zero, cluster, n_clusters, &c->a, e));
    for (size_t g = 0; g < groups; g++)
        for (int j = 0; j < p; j++) {
            u[j] += null_sums[g * (size_t)p + (size_t)j];
            for (int k = 0; k < p; k++) meat[j * p + k] += null_sums[g * (size_t)p + (size_t)j] * null_sums[g * (size_t)p + (size_t)k];
        }
    cox_model_matrix(c, "robust_vcov", c->robust);
    double *se = ARENA_NEW(&c->a, (size_t)p, double);
    if (!se) return err_nomem(e);
    for (int j = 0; j < p; j++) se[j] = sqrt(c->robust[j * p + j]);
    cox_model_by_term(c, "robust_se", se);
    set_chisq_test(c->out, "robust_score_test", linalg_quadratic_form_inverse(u, meat, p), p);
out:
    return rc;
}

Rc cox_common_keys(CoxModel *c, Err *e)
{
    Rc rc = OK;
    cox_hazard_ratios(c);
    cox_note_events(c);
    note_condition(c);
    TRY(spline_keys(c->out, &c->d, c->beta, covariance_root(c->data.T, c->robust_basis ? c->robust_basis : c->m.vcov, c->p, &c->a), c->p,
                    c->column, e));
    if (c->limited || c->matched) return OK;
    cox_model_by_term(c, "covariate_means", c->center);
    TRY(concordance(c, e));
    if (option_flag(c->call, "explained")) TRY(cox_explained(c, e));
    if (option_text(c->call, "step", NULL)) TRY(cox_backward(c, e));
    if (option_flag(c->call, "residuals")) TRY(cox_residuals(c, e));
    if (option_flag(c->call, "baseline")) TRY(cox_baseline(c, e));
    if (c->call->newdata) TRY(cox_predictions(c, e));
    if (option_flag(c->call, "keep_fit")) TRY(cox_fit_json(c, e));
out:
    return rc;
}

Rc cox_results(CoxModel *c, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    Json *out = c->out;
    double lr = 2 * (c->m.loglik - c->loglik_null), events = (double)c->data.n_events;
    cox_model_by_term(c, "coef", c->beta);
    cox_model_by_term(c, "se", c->se);
    cox_model_matrix(c, "vcov", c->vcov);
    TRY(cox_robust_keys(c, e));
    json_set_number(out, "loglik_null", c->loglik_null);
    json_set_number(out, "loglik", c->m.loglik);
    set_chisq_test(out, "lr_test", lr, p);
    set_chisq_test(out, "score_test", linalg_quadratic_form_inverse(c->m.score_start, c->m.info_start, p), p);
    set_chisq_test(out, "wald_test", linalg_quadratic_form_inverse(c->m.g, c->robust_basis ? c->robust_basis : c->m.vcov, p), p);
    json_set_number(out, "aic", -2 * c->m.loglik + 2 * p);
    json_set_number(out, "bic_nevent", -2 * c->m.loglik + p * log(events));
    bool by_row = p && c->data.ties != TIES_EXACT && !c->limited;
    if (by_row && !c->matched) TRY(tests_of_proportionality(c, e));
    riley_report(out, &(RileyFit){ c->d.start ? NAN : (double)c->d.n, events, p, lr, false });
    Json *s = json_set(out, "separation", json_object());
    json_set_bool(s, "separated", false);
    json_set(s, "direction", json_object());
    if (p && !c->limited && !c->matched) TRY(note_ties(c, e));
    if (by_row) TRY(note_influence(c, e));
    if (option_flag(c->call, "profile")) TRY(cox_profile_limits(c, e));
    TRY(cox_common_keys(c, e));
out:
    return rc;
}
