/* stats/cox_selection.c: refits of a Cox model with other columns: backward elimination, measures of explained variation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/terms.h"

Rc cox_refit(CoxRefit *out, double *beta, double *se, const CoxModel *c, const double *const *xj, int m, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxInput in = cox_model_input(c, c->data.ties);
    CoxData d = { 0 };
    CoxMaximum fit = { 0 };
    in.xj = xj;
    in.p = m;
    TRY(cox_data_init(&d, &in, &a, e));
    TRY(cox_maximise(&fit, &d, NULL, NULL, &a, e));
    *out = (CoxRefit){ fit.loglik_start, fit.loglik, fit.converged };
    if (beta) cox_to_columns(beta, &d, fit.g);
    if (se) {
        double *v = ARENA_NEW(&a, (size_t)(m * m) + 1, double);
        if (!v) { rc = err_nomem(e); goto out; }
        cox_vcov_to_columns(v, &d, fit.vcov);
        for (int j = 0; j < m; j++) se[j] = sqrt(v[j * m + j]);
    }
out:
    arena_free(&a);
    return rc;
}

/* ---- backward elimination by AIC */

/* Whether term t of the formula is part of another term that is still in. */
static bool is_margin(const Formula *f, const bool *in, size_t t)
{
    for (size_t k = 0; k < f->n_terms; k++) {
        if (k == t || !in[k] || f->term[k].n <= f->term[t].n) continue;
        int found = 0;
        for (int i = 0; i < f->term[t].n; i++)
            for (int j = 0; j < f->term[k].n; j++) found += f->term[t].var[i] == f->term[k].var[j];
        if (found == f->term[t].n) return true;
    }
    return false;
}

/* Columns of the terms that are in, but for `without`. */
static int gather(const double **xj, const CoxModel *c, const bool *in, size_t without)
{
    int m = 0;
    for (int k = 0; k < c->p; k++) {
        size_t t = (size_t)c->d.assign[c->column[k]] - 1;
        if (!in[t] || t == without) continue;
        xj[m++] = c->xj[k];
    }
    return m;
}

Rc cox_backward(CoxModel *c, Err *e)
{
    Rc rc = OK;
    const Formula *f = c->d.formula;
    const double **xj = (const double **)arena_array(&c->a, (size_t)c->p + 1, sizeof *xj);
    double full = -2 * c->m.loglik + 2 * c->p, aic = full;
    bool *in = ARENA_NEW(&c->a, f->n_terms + 1, bool);
    double *beta = ARENA_NEW(&c->a, (size_t)c->p + 1, double), *se = ARENA_NEW(&c->a, (size_t)c->p + 1, double);
    if (!xj || !in || !beta || !se) return err_nomem(e);
    for (size_t t = 0; t < f->n_terms; t++) in[t] = true;
    Json *o = json_set(c->out, "step", json_object()), *final, *removed;
    json_set_number(o, "full_aic", full);
    removed = json_array();
    for (;;) {
        size_t best = f->n_terms;
        double best_aic = aic;
        for (size_t t = 0; t < f->n_terms; t++) {
            CoxRefit r = { 0 };
            if (!in[t] || is_margin(f, in, t)) continue;
            int m = gather(xj, c, in, t);
            rc = cox_refit(&r, NULL, NULL, c, xj, m, e);
            if (rc != OK) { json_free(removed); return rc; }
            if (-2 * r.loglik + 2 * m < best_aic) { best = t; best_aic = -2 * r.loglik + 2 * m; }
        }
        if (best == f->n_terms) break;
        in[best] = false;
        aic = best_aic;
        json_push(removed, json_from_text(f->term[best].label));
    }
    json_set_number(o, "final_aic", aic);
    final = json_set(o, "final_terms", json_array());
    for (size_t t = 0; t < f->n_terms; t++) if (in[t]) json_push(final, json_from_text(f->term[t].label));
    json_set(o, "removed_in_order", removed);
    CoxRefit r = { 0 };
    int m = gather(xj, c, in, f->n_terms), k = 0;
    TRY(cox_refit(&r, beta, se, c, xj, m, e));
    Json *coef = json_set(o, "coef", json_object());
    for (int j = 0; j < c->p; j++)
        if (in[(size_t)c->d.assign[c->column[j]] - 1]) json_set_number(coef, c->term[j], beta[k++]);
    /* Standard errors after a search are too small: they are left out on purpose. */
    json_set_text(o, "note", "for comparison only: coefficients chosen by a search are biased away from 0, their standard errors too small");
out:
    return rc;
}

/* ---- explained variation */

typedef struct { double lp; size_t place; } Ranked;

static int by_lp(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->lp != y->lp) return x->lp < y->lp ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Blom scores of the linear predictor, their mean within ties, over kappa = sqrt(8/pi); a row of weight 2 is two that tie. Royston and Sauerbrei 2004. */
static Rc blom_scores(double *z, const double *lp, const double *weight, double total, size_t n, Arena *a, Err *e)
{
    Ranked *r = ARENA_NEW(a, n + 1, Ranked);
    double before = 0;
    if (!r) return err_nomem(e);
    for (size_t i = 0; i < n; i++) r[i] = (Ranked){ lp[i], i };
    qsort(r, n, sizeof *r, by_lp);
    for (size_t i = 0; i < n;) {
        size_t to = i;
        double sum = 0, tied = 0;
        for (; to < n && r[to].lp == r[i].lp; to++) tied += weight ? weight[r[to].place] : 1;
        for (double k = 0; k < tied; k++) sum += normal_quantile((before + k + 1 - 3. / 8) / (total + 1. / 4));
        for (size_t k = i; k < to; k++) z[r[k].place] = sum / tied / sqrt(8 / acos(-1));
        before += tied;
        i = to;
    }
    return OK;
}

/* Goenen and Heller 2005: pairs of the model's own risks; O(n log n) is not possible, n is a cohort's. Whole weights are so many rows, which pair with
 * each other as well. */
static double pairs_of_risks(const CoxModel *c, const double *lp, double total, bool whole)
{
    double sum = 0, pairs = 0, own = 0;
    for (size_t i = 0; i < c->d.n; i++) {
        const double wi = c->d.weight ? c->d.weight[c->order[i]] : 1;
        for (size_t k = 0; k < i; k++) {
            const double gap = fabs(lp[c->order[i]] - lp[c->order[k]]), w = c->d.weight ? wi * c->d.weight[c->order[k]] : 1;
            sum += w / (1 + exp(-gap));
            pairs += w;
        }
        own += wi * (wi - 1) / 2;
    }
    return whole ? 2 * (sum + own / 2) / (total * (total - 1)) : sum / pairs;
}

/* The model's predictor, offset in it, as survival::royston has it. Of strata it speaks of differences within alone: the level of each is its baseline's, and
 * a column moved by a constant within a stratum leaves the fit as it is, so a stratum's mean is taken off (royston does that to the columns, but
 * leaves the offset its level, which the baseline takes up as well). */
static Rc predictor_of_rows(double *lp, const CoxModel *c, Arena *a, Err *e)
{
    const size_t strata = c->d.stratum ? (size_t)c->d.n_strata : 1;
    double *sum = ARENA_NEW(a, 2 * strata, double), *rows = sum ? sum + strata : NULL;
    if (!sum) return err_nomem(e);
    for (size_t k = 0; k < c->d.n; k++) {
        const size_t i = c->order[k], s = c->d.stratum ? (size_t)c->d.stratum[i] : 0;
        const double w = c->d.weight ? c->d.weight[i] : 1;
        lp[i] = c->d.offset ? c->d.offset[i] : 0;
        for (int j = 0; j < c->p; j++) lp[i] += c->beta[j] * c->xj[j][i];
        sum[s] += w * lp[i];
        rows[s] += w;
    }
    for (size_t i = 0; c->d.stratum && i < c->d.n; i++) {
        const size_t s = (size_t)c->d.stratum[i];
        if (rows[s] > 0) lp[i] -= sum[s] / rows[s];
    }
    return OK;
}

Rc cox_explained(CoxModel *c, Err *e)
{
    enum { ROWS_MAX = 100000000 };
    Rc rc = OK;
    size_t n = c->d.n;
    double *lp = ARENA_NEW(&c->a, n + 1, double), *z = ARENA_NEW(&c->a, n + 1, double), D = NAN, se_D = NAN, rows = 0;
    const double pi = acos(-1), sigma2 = pi * pi / 6, kappa2 = 8 / pi, *weight = c->d.weight;
    CoxRefit r = { 0 };
    if (!lp || !z) return err_nomem(e);
    TRY(predictor_of_rows(lp, c, &c->a, e));
    for (size_t i = 0; i < n; i++) rows += weight ? weight[c->order[i]] : 1;
    const bool whole = design_weights_whole(&c->d) && rows <= ROWS_MAX;
    if (whole) {                   /* scores by rank want places */
        TRY(blom_scores(z, lp, weight, rows, n, &c->a, e));
        /* The offset is in the scores. Strata stay (royston fits the scores without): they were made because hazards differ between them. */
        CoxModel scores = *c;
        scores.d.offset = NULL;
        TRY(cox_refit(&r, &D, &se_D, &scores, (const double *[]){ z }, 1, e));
    }
    double mean = 0, var = 0;
    const double free = whole ? rows - 1 : rows * ((double)n - 1) / (double)n;
    for (size_t i = 0; i < n; i++) mean += (weight ? weight[c->order[i]] : 1) * lp[c->order[i]] / rows;
    for (size_t i = 0; i < n; i++) { double u = lp[c->order[i]] - mean; var += (weight ? weight[c->order[i]] : 1) * u * u / free; }
    double lr = 2 * (c->m.loglik - c->loglik_null), d2 = D * D / kappa2, null = c->loglik_null;
    /* Weights that are no counts are taken to be 1 in the mean: the log-likelihood of no model depends on their unit. */
    for (size_t i = 0; !whole && i < n; i++) null -= c->d.event[c->order[i]] != 0 ? weight[c->order[i]] * log((double)n / rows) : 0;
    Json *o = json_set(c->out, "explained", json_object());
    json_set_number(o, "D", D);
    json_set_number(o, "se_D", se_D);
    json_set_number(o, "R2_D", d2 / (sigma2 + d2));
    json_set_number(o, "R2_KO", var / (var + sigma2));
    json_set_number(o, "R2_N", -expm1(-lr / rows) / -expm1(2 * null / rows));
    json_set_number(o, "C_GH", pairs_of_risks(c, lp, rows, whole));
out:
    return rc;
}
