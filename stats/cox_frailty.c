/* stats/cox_frailty.c: shared frailty in the Cox model. frailty(id): gamma, by the penalised likelihood of Therneau, Grambsch and
 * Pankratz 2003, its variance at the maximum of the integrated likelihood. (1|id): normal on the log scale, the likelihood
 * integrated by Laplace's method (Ripatti and Palmgren 2000) with the full matrix of the random effects. Groups are dense columns. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"
#include "stats/profile.h"

enum { GROUPS_MAX = 2000 };

typedef struct {
    CoxModel *c;
    CoxData *d;                /* p fixed columns, then one a group */
    int p, q;
    bool gamma;
    double theta, partial;     /* partial log-likelihood at the last place */
    double *deaths;            /* [q] weight of the events of a group */
    double *info, *score, *L, *sub;
} Frailty;

/* Penalised partial log-likelihood of (b, w), w the log frailties. Columns are centred but not scaled, so g are coefficients. */
static bool evaluate(void *context, const double *g, double *value, double *score, double *info)
{
    Frailty *f = context;
    int n = f->p + f->q;
    if (!cox_evaluate(f->d, g, value, score, info)) return false;
    f->partial = *value;
    for (int k = 0; k < f->q; k++) {
        int j = f->p + k;
        double w = g[j];
        if (f->gamma) {
            double more = expm1(w);                    /* w is as small as theta: exp(w) - 1 would be rounding, divided by theta */
            if (!isfinite(more)) return false;
            *value += (w - more) / f->theta;           /* nothing is lost where there is no frailty */
            score[j] -= more / f->theta;
            info[j * n + j] += (1 + more) / f->theta;
        } else {
            *value -= w * w / 2 / f->theta;
            score[j] -= w / f->theta;
            info[j * n + j] += 1 / f->theta;
        }
    }
    return isfinite(*value);
}

/* Maximum for one theta; the integrated log-likelihood there. g is start and result. */
static Rc integrated(double *value, double *penalised, Frailty *f, double theta, double *g, Err *e)
{
    Rc rc = OK;
    int n = f->p + f->q;
    Likelihood l = { n, f, evaluate, true, NULL };
    LikelihoodPoint at = { 0 };
    f->theta = theta;
    TRY(likelihood_maximise(&at, &l, g, NULL, 0, e));
    double top;
    if (!evaluate(f, g, &top, f->score, f->info)) return err_set(e, ERR_ESTIMATE, "the penalised likelihood cannot be evaluated");
    f->c->m.iterations += at.iterations;
    f->c->m.max_abs_score = at.rest;
    f->c->m.converged = at.converged || at.rest < 1e-8;
    if (f->gamma) {
        /* w - r sums to the penalty; what the integral adds, by group: Therneau et al. 2003, eq. 7. */
        double nu = 1 / theta;
        *penalised = f->partial;                       /* what R's coxph calls its log-likelihood here */
        *value = f->partial;
        for (int k = 0; k < f->q; k++) {
            double w = g[f->p + k], d = f->deaths[k];
            *value += (w - expm1(w)) * nu + nu * log(nu) - (nu + d) * log(nu + d) + log_gamma(nu + d) - log_gamma(nu) + d;
        }
        return OK;
    }
    *penalised = top;
    for (int i = 0; i < f->q; i++) for (int j = 0; j < f->q; j++) f->sub[j * f->q + i] = f->info[(f->p + j) * n + f->p + i] * theta;
    TRY(linalg_cholesky(f->sub, f->q, e));
    *value = top - linalg_cholesky_logdet(f->sub, f->q) / 2;
out:
    return rc;
}

/* Golden section over log theta, to where the maximum is flat. Laplace's likelihood can have one maximum at 0 and a higher one far up,
 * so the grid is walked to its end and on from there while it still rises. rising: it does so at the last theta, no maximum was found. */
static Rc best_theta(bool *rising, double *theta, double *value, double *penalised, Frailty *f, double *g, Err *e)
{
    Rc rc = OK;
    const double ratio = (sqrt(5) - 1) / 2;
    double grid_best = -INFINITY, centre = 0;
    const double grid_end = 8, last = 24;
    double *best = ARENA_NEW(&f->c->a, f->p + f->q + 1, double);
    if (!best) return err_nomem(e);
    for (double x = -9; x <= grid_end || (x <= last && centre == x - 1); x += 1) {
        TRY(integrated(value, penalised, f, exp(x), g, e));
        if (*value > grid_best) {
            grid_best = *value;
            centre = x;
            memcpy(best, g, (size_t)(f->p + f->q) * sizeof *g);
        }
    }
    *rising = centre == last;
    memcpy(g, best, (size_t)(f->p + f->q) * sizeof *g);
    double low = centre - 1, high = centre + 1, a = high - ratio * (high - low), b = low + ratio * (high - low), fa, fb;
    TRY(integrated(&fa, penalised, f, exp(a), g, e));
    TRY(integrated(&fb, penalised, f, exp(b), g, e));
    while (high - low > 1e-7) {
        if (fa > fb) {
            high = b; b = a; fb = fa;
            a = high - ratio * (high - low);
            TRY(integrated(&fa, penalised, f, exp(a), g, e));
        } else {
            low = a; a = b; fa = fb;
            b = low + ratio * (high - low);
            TRY(integrated(&fb, penalised, f, exp(b), g, e));
        }
    }
    *theta = exp((low + high) / 2);
    TRY(integrated(value, penalised, f, *theta, g, e));
out:
    return rc;
}

Rc cox_shared_frailty(CoxModel *c, CoxTies ties, bool gamma, Err *e)
{
    Rc rc = OK;
    Arena *a = &c->a;
    size_t n = c->d.n, p = (size_t)c->p, q = c->d.n_groups, all = p + q;
    if (c->d.slope) return err_set(e, ERR_USAGE, "cox: (1|group) is possible, (x|group) is not");
    if (q < 2) return diagnose_fatal(c->out, e, "one_group", "the frailty has one group alone");
    if (q > GROUPS_MAX) return err_set(e, ERR_USAGE, "cox: %zu frailty groups, at most %d are possible", q, GROUPS_MAX);
    if (c->d.cluster || option_flag(c->call, "robust"))
        return err_set(e, ERR_USAGE, "cox: a frailty and a robust variance by cluster both answer for rows that belong together; take one of them");
    if (ties == TIES_EXACT) return err_set(e, ERR_USAGE, "cox: frailty does not go with exact ties");
    double *x = ARENA_NEW(a, n * all, double), *g = ARENA_NEW(a, all, double), *beta = ARENA_NEW(a, all, double);
    CoxData d = { 0 };
    Frailty f = { .c = c, .d = &d, .p = c->p, .q = (int)q, .gamma = gamma, .deaths = ARENA_NEW(a, q, double),
                  .info = ARENA_NEW(a, all * all, double), .score = ARENA_NEW(a, all, double), .L = ARENA_NEW(a, all * all, double),
                  .sub = ARENA_NEW(a, q * q, double) };
    if (!x || !g || !beta || !f.deaths || !f.info || !f.score || !f.L || !f.sub) return err_nomem(e);
    /* Fixed columns scaled here to root mean square 1: the groups' stay as they are. */
    double *scale = ARENA_NEW(a, p + 1, double);
    c->center = ARENA_NEW(a, p + 1, double);
    if (!scale || !c->center) return err_nomem(e);
    for (size_t j = 0; j < p; j++) {
        double mean = 0, ss = 0;
        for (size_t i = 0; i < n; i++) mean += c->xj[j][c->order[i]] / (double)n;
        for (size_t i = 0; i < n; i++) { double v = c->xj[j][c->order[i]] - mean; ss += v * v / (double)n; }
        scale[j] = ss > 0 ? sqrt(ss) : 1;
        c->center[j] = mean;
        for (size_t i = 0; i < n; i++) x[j * n + i] = (c->xj[j][i] - mean) / scale[j];
    }
    for (size_t i = 0; i < n; i++) {
        x[(p + (size_t)c->d.group[i]) * n + i] = 1;
        if (c->d.event[i] == 1) f.deaths[c->d.group[i]] += c->d.weight ? c->d.weight[i] : 1;
    }
    CoxInput in = cox_model_input(c, ties);
    TRY(cox_check_free(c, &in, c->term, e));
    in.x = x;
    in.xj = NULL;
    in.p = (int)all;
    in.plain_columns = in.keep_scale = true;
    TRY(cox_data_init(&d, &in, a, e));
    if (!cox_evaluate(&d, g, &c->loglik_null, NULL, NULL)) return err_set(e, ERR_ESTIMATE, "the likelihood cannot be evaluated");
    double theta = 0, value = 0, penalised = 0;
    bool rising = false;
    TRY(best_theta(&rising, &theta, &value, &penalised, &f, g, e));
    if (rising) {
        rc = diagnose_fatal(c->out, e, "no_information", "the likelihood rises as long as the frailty's variance grows: the order of the "
                            "groups explains the events; take a stratum for each group, or the groups as a term with --penalty firth");
        goto out;
    }
    double *var = ARENA_NEW(a, p * p + 1, double), *se = ARENA_NEW(a, p + 1, double);
    if (!var || !se) return err_nomem(e);
    memcpy(f.L, f.info, all * all * sizeof(double));
    TRY(linalg_cholesky(f.L, (int)all, e));
    double *inverse = ARENA_NEW(a, all * all, double);
    if (!inverse) return err_nomem(e);
    linalg_cholesky_inverse(inverse, f.L, (int)all);
    for (size_t j = 0; j < p; j++) {
        beta[j] = g[j] / scale[j];
        for (size_t k = 0; k < p; k++) var[k * p + j] = inverse[k * all + j] / scale[j] / scale[k];
        se[j] = sqrt(var[j * p + j]);
    }
    json_set_number(c->out, "nevent", (double)d.n_events);
    json_set_bool(c->out, "converged", c->m.converged);
    json_set_number(c->out, "iterations", c->m.iterations);
    json_set_number(c->out, "max_abs_score", c->m.max_abs_score);
    json_set_text(c->out, "frailty", gamma ? "gamma" : "log-normal");
    json_set_number(c->out, "n_groups", (double)q);
    cox_model_by_term(c, "coef", beta);
    cox_model_by_term(c, "se", se);
    cox_model_matrix(c, "vcov", var);
    json_set_number(c->out, "theta", theta);
    json_set_number(c->out, "loglik_null", c->loglik_null);
    json_set_number(c->out, "loglik_integrated", value);
    json_set_number(c->out, "pen_loglik", penalised);
    c->beta = beta;
    c->vcov = var;
    c->data.n_events = d.n_events;
    cox_hazard_ratios(c);
    cox_note_events(c);
    design_note_weights(&c->d, c->out);
    if (option_flag(c->call, "keep_fit")) TRY(cox_fit_json_frailty(c, &d, g, inverse, scale, theta, gamma, e));
    Json *o = json_set(c->out, "frailties", json_object());
    for (size_t k = 0; k < q; k++) json_set_number(o, c->d.group_label[k], g[p + k]);
    if (theta < 2e-4) diagnose(c->out, "degenerate_variance", "the frailty's variance is 0 within rounding: groups do not differ beyond chance");
out:
    return rc;
}
