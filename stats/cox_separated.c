/* stats/cox_separated.c: a Cox model whose likelihood has no maximum: what is infinite, the supremum, what stays finite, and the
 * one-sided limits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/basis.h"
#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/profile.h"
#include "stats/result_keys.h"

static const double TIED = 1e-7;      /* along the ray, in columns of unit variance: as existence.c */

/* The likelihood at infinity along the ray: a risk set holds only those who do not fall behind its failures. */
typedef struct { CoxData *d; const double *along; size_t *member; double *r; double *s1, *s1d; } Limit;

static bool at_block(const Limit *q, size_t k, size_t row_to, const double *g, double *value, double *score, double *info)
{
    const CoxData *d = q->d;
    const CoxBlock *b = &d->block[k];
    size_t p = (size_t)d->p, m = 0, deaths = b->to - b->first_death;
    double level = q->along[b->first_death], shift = -INFINITY, weight = b->deaths_weight / (double)deaths;
    for (size_t i = b->from; i < row_to; i++) {
        if (d->start && d->start[i] >= b->time) continue;
        if (q->along[i] < level - TIED) continue;
        double eta = d->offset ? d->offset[i] : 0;
        for (size_t j = 0; j < p; j++) eta += d->x[i * p + j] * g[j];
        q->r[m] = eta;
        q->member[m++] = i;
        if (eta > shift) shift = eta;
    }
    for (size_t i = 0; i < m; i++) {
        size_t row = q->member[i];
        if (row >= b->first_death && row < b->to) {
            double w = d->w ? d->w[row] : 1;
            *value += w * (q->r[i] - shift);
            for (size_t j = 0; j < p; j++) score[j] += w * d->x[row * p + j];
        }
        q->r[i] = (d->w ? d->w[row] : 1) * exp(q->r[i] - shift);
    }
    size_t steps = d->ties == TIES_EFRON ? deaths : 1;
    if (steps == 1) weight = b->deaths_weight;
    for (size_t l = 0; l < steps; l++) {
        double f = (double)l / (double)deaths, s0 = 0;
        memset(q->s1, 0, p * sizeof(double));
        for (size_t i = 0; i < m; i++) {
            size_t row = q->member[i];
            double r = q->r[i] * (row >= b->first_death && row < b->to ? 1 - f : 1);
            s0 += r;
            for (size_t j = 0; j < p; j++) q->s1[j] += r * d->x[row * p + j];
        }
        if (!(s0 > 0)) return false;
        *value -= weight * log(s0);
        for (size_t j = 0; j < p; j++) { q->s1[j] /= s0; score[j] -= weight * q->s1[j]; }
        for (size_t i = 0; i < m; i++) {
            size_t row = q->member[i];
            double r = q->r[i] * (row >= b->first_death && row < b->to ? 1 - f : 1) / s0 * weight;
            for (size_t j = 0; j < p; j++) {
                double c = r * (d->x[row * p + j] - q->s1[j]);
                for (size_t h = 0; h <= j; h++) info[j * p + h] += c * (d->x[row * p + h] - q->s1[h]);
            }
        }
    }
    return true;
}

/* Exact ties: who lies above the lowest failure fails for certain, who lies below never does; among those level with it all sets of
 * the remaining size compete. */
static bool at_exact_block(const Limit *q, size_t k, size_t row_to, const double *g, double *value, double *score, double *info)
{
    CoxData *d = q->d;
    const CoxBlock *b = &d->block[k];
    size_t p = (size_t)d->p, pp = p * (p + 1) / 2, m = 0, fails = 0, at = 0;
    double level = INFINITY, shift = -INFINITY;
    d->risks_known = false;
    for (size_t i = b->first_death; i < b->to; i++) level = fmin(level, q->along[i]);
    for (size_t i = b->from; i < row_to; i++) {
        if (d->start && d->start[i] >= b->time) continue;
        if (fabs(q->along[i] - level) > TIED) continue;
        double eta = d->offset ? d->offset[i] : 0;
        for (size_t j = 0; j < p; j++) eta += d->x[i * p + j] * g[j];
        d->eta[i] = eta;
        q->member[m++] = i;
        fails += i >= b->first_death && i < b->to;
        if (eta > shift) shift = eta;
    }
    if (fails == m) return true;                       /* nobody to compete with */
    long double log_sum, *first = calloc(p + pp + 1, sizeof *first);
    if (!first) return false;
    for (size_t i = 0; i < m; i++) d->r[q->member[i]] = exp(d->eta[q->member[i]] - shift);
    bool fine = cox_symmetric_function(&log_sum, first, first + p, d, q->member, m, fails);
    for (size_t i = 0; fine && i < m; i++) {
        size_t row = q->member[i];
        if (row < b->first_death || row >= b->to) continue;
        *value += d->eta[row] - shift;
        for (size_t j = 0; j < p; j++) score[j] += d->x[row * p + j];
    }
    if (fine) *value -= (double)log_sum;
    for (size_t j = 0; fine && j < p; j++) {
        score[j] -= (double)first[j];
        for (size_t l = 0; l <= j; l++, at++) info[j * p + l] += (double)(first[p + at] - first[j] * first[l]);
    }
    free(first);
    return fine;
}

/* One stratum without start times in one pass: backwards in time the risk set grows, and whoever enters higher along the ray leaves
 * the others behind for good. Breslow and Efron. */
static bool nested_stratum(const Limit *q, CoxStratum t, const double *g, double *value, double *score, double *info)
{
    CoxData *d = q->d;
    size_t p = (size_t)d->p, next = t.row_to;
    double level = -INFINITY, shift = -INFINITY;
    long double s0 = 0;
    double *s2 = calloc(2 * p * p + 1, sizeof *s2), *d2 = s2 ? s2 + p * p : NULL;
    if (!s2) return false;
    d->risks_known = false;
    memset(q->s1, 0, p * sizeof(double));
    for (size_t i = t.row_from; i < t.row_to; i++) {
        double eta = d->offset ? d->offset[i] : 0;
        for (size_t j = 0; j < p; j++) eta += d->x[i * p + j] * g[j];
        d->eta[i] = eta;
        if (eta > shift) shift = eta;
    }
    bool fine = isfinite(shift);
    for (size_t k = t.block_to; fine && k-- > t.block_from;) {
        const CoxBlock *b = &d->block[k];
        size_t deaths = b->to - b->first_death, steps = d->ties == TIES_EFRON ? deaths : 1;
        for (; next > b->from; next--) {
            size_t i = next - 1;
            const double *x = d->x + i * p;
            if (q->along[i] > level + TIED) {
                level = q->along[i];
                s0 = 0;
                memset(q->s1, 0, p * sizeof(double));
                memset(s2, 0, p * p * sizeof *s2);
            } else if (q->along[i] < level - TIED) continue;
            double r = (d->w ? d->w[i] : 1) * exp(d->eta[i] - shift);
            s0 += r;
            for (size_t j = 0; j < p; j++) {
                q->s1[j] += r * x[j];
                for (size_t h = 0; h <= j; h++) s2[j * p + h] += r * x[j] * x[h];
            }
        }
        double d0 = 0, weight = b->deaths_weight / (double)steps;
        memset(q->s1d, 0, p * sizeof(double));
        memset(d2, 0, p * p * sizeof *d2);
        for (size_t i = b->first_death; i < b->to; i++) {
            const double *x = d->x + i * p, w = d->w ? d->w[i] : 1, r = w * exp(d->eta[i] - shift);
            *value += w * (d->eta[i] - shift);
            d0 += r;
            for (size_t j = 0; j < p; j++) {
                score[j] += w * x[j];
                q->s1d[j] += r * x[j];
                for (size_t h = 0; steps > 1 && h <= j; h++) d2[j * p + h] += r * x[j] * x[h];
            }
        }
        for (size_t l = 0; fine && l < steps; l++) {
            double f = (double)l / (double)steps, sum = (double)s0 - f * d0;
            fine = sum > 0;
            if (!fine) break;
            *value -= weight * log(sum);
            for (size_t j = 0; j < p; j++) {
                double mean = (q->s1[j] - f * q->s1d[j]) / sum;
                score[j] -= weight * mean;
                for (size_t h = 0; h <= j; h++)
                    info[j * p + h] += weight * ((s2[j * p + h] - f * d2[j * p + h]) / sum - mean * (q->s1[h] - f * q->s1d[h]) / sum);
            }
        }
    }
    free(s2);
    return fine;
}

static bool at_infinity(const Limit *q, const double *g, double *value, double *score, double *info)
{
    const CoxData *d = q->d;
    size_t p = (size_t)d->p;
    *value = 0;
    memset(score, 0, p * sizeof *score);
    memset(info, 0, p * p * sizeof *info);
    for (size_t s = 0; s < d->n_strata; s++) {
        if (!d->start && d->ties != TIES_EXACT) {
            if (!nested_stratum(q, d->stratum[s], g, value, score, info)) return false;
            continue;
        }
        for (size_t k = d->stratum[s].block_from; k < d->stratum[s].block_to; k++)
            if (!(d->ties == TIES_EXACT ? at_exact_block : at_block)(q, k, d->stratum[s].row_to, g, value, score, info)) return false;
    }
    for (size_t j = 0; j < p; j++) for (size_t h = 0; h < j; h++) info[h * p + j] = info[j * p + h];
    return isfinite(*value);
}

/* The supremum, in the directions that still carry information: V are their axes (p x rank). */
typedef struct { Limit limit; double *V; int rank, p; double *g, *score, *info, *half; } Reduced;

static bool evaluate_reduced(void *context, const double *h, double *value, double *score, double *info)
{
    Reduced *q = context;
    int p = q->p, r = q->rank;
    for (int j = 0; j < p; j++) { q->g[j] = 0; for (int k = 0; k < r; k++) q->g[j] += q->V[k * p + j] * h[k]; }
    if (!at_infinity(&q->limit, q->g, value, q->score, q->info)) return false;
    linalg_gemm_tn(score, q->V, q->score, r, 1, p, 1, 0);
    linalg_gemm_nn(q->half, q->info, q->V, p, r, p, 1, 0);
    linalg_gemm_tn(info, q->V, q->half, r, r, p, 1, 0);
    return true;
}

/* Coefficient j of the caller's columns as t'h. */
static void along_axes(double *t, const Reduced *q, const CoxData *d, size_t j)
{
    size_t p = (size_t)q->p;
    for (int k = 0; k < q->rank; k++) {
        t[k] = 0;
        for (size_t i = 0; i < p; i++) t[k] += d->T[i * p + j] * q->V[(size_t)k * p + i];
    }
}

/* q, h: the reduced likelihood and its maximum, for limits; se NaN where nothing is finite. */
static Rc supremum(CoxModel *c, const Existence *ex, Reduced *reduced, double *h, double *value, double *beta, double *se,
                   unsigned char *finite, Err *e)
{
    Rc rc = OK;
    CoxData *d = &c->data;
    size_t p = (size_t)d->p;
    Arena *a = &c->a;
    Reduced q = { .limit = { d, ex->along, ARENA_NEW(a, d->n + 1, size_t), ARENA_NEW(a, d->n + 1, double), ARENA_NEW(a, p + 1, double),
                             ARENA_NEW(a, p + 1, double) },
                  .V = ARENA_NEW(a, p * p + 1, double), .p = (int)p, .g = ARENA_NEW(a, p + 1, double),
                  .score = ARENA_NEW(a, p + 1, double), .info = ARENA_NEW(a, p * p + 1, double), .half = ARENA_NEW(a, p * p + 1, double) };
    double *w = ARENA_NEW(a, p + 1, double), *g = ARENA_NEW(a, p + 1, double);
    double *column = ARENA_NEW(a, p + 1, double);
    if (!q.limit.member || !q.limit.r || !q.limit.s1 || !q.limit.s1d || !q.V || !q.g || !q.score || !q.info || !q.half || !w || !g ||
        !column) return err_nomem(e);
    if (!at_infinity(&q.limit, g, value, q.score, q.info)) return err_set(e, ERR_ESTIMATE, "the supremum cannot be evaluated");
    memcpy(q.half, q.info, p * p * sizeof(double));
    TRY(linalg_symmetric_eigen(w, q.half, (int)p, e));
    memset(finite, 1, p);
    double floor = 1e-9 * fmax(w[p - 1], 1e-6 * (double)d->n_events);
    for (size_t k = 0; k < p; k++) {
        if (w[k] > floor) { memcpy(q.V + (size_t)q.rank++ * p, q.half + k * p, p * sizeof(double)); continue; }
        /* No information along this axis: the columns in it are not determined. */
        cox_to_columns(column, d, q.half + k * p);
        for (size_t j = 0; j < p; j++) if (fabs(column[j]) * d->scale[j] > 1e-7) finite[j] = 0;
    }
    if (q.rank > 0) {
        size_t r = (size_t)q.rank;
        double *v = ARENA_NEW(a, r * r, double), *score = ARENA_NEW(a, r, double), *info = ARENA_NEW(a, r * r, double);
        if (!v || !score || !info) return err_nomem(e);
        LikelihoodPoint at = { 0 };
        Likelihood l = { q.rank, &q, evaluate_reduced, true, NULL };
        TRY(likelihood_maximise(&at, &l, h, NULL, 0, e));
        *value = at.value;
        for (size_t j = 0; j < p; j++) for (int k = 0; k < q.rank; k++) g[j] += q.V[(size_t)k * p + j] * h[k];
        if (evaluate_reduced(&q, h, value, score, info) && linalg_cholesky(info, q.rank, e) == OK) {
            linalg_cholesky_inverse(v, info, q.rank);
            for (size_t j = 0; j < p; j++) {
                double form = 0;
                along_axes(column, &q, d, j);
                for (size_t k = 0; k < r; k++) for (size_t m = 0; m < r; m++) form += column[k] * v[m * r + k] * column[m];
                se[j] = finite[j] ? sqrt(form) : (double)NAN;
            }
        }
    }
    cox_to_columns(beta, d, g);
    *reduced = q;
out:
    return rc;
}

static bool evaluate(void *context, const double *g, double *value, double *score, double *info)
{
    return cox_evaluate(context, g, value, score, info);
}

/* The limit on the side where the estimate of column j is not. */
static Rc one_sided(CoxModel *c, int j, int sign, double top, double *limit, Err *e)
{
    const Likelihood l = { c->p, &c->data, evaluate, true, NULL };
    double *t = ARENA_NEW(&c->a, (size_t)c->p, double);
    if (!t) return err_nomem(e);
    basis_axis(t, c->data.T, c->p, j);
    return likelihood_limit_of_infinite(limit, &l, t, sign, 1 / c->data.scale[j], top, chisq_quantile(call_conf(c->call), 1), &c->a, e);
}

static Rc separated_limits(CoxModel *c, Reduced *reduced, const double *h, const double *sign, const double *beta, const double *se, double top, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    double *limits = ARENA_NEW(&c->a, 2 * (size_t)p, double), *edge = ARENA_NEW(&c->a, 2 * (size_t)p, double), *t = ARENA_NEW(&c->a, (size_t)p, double);
    if (!limits || !edge || !t) return err_nomem(e);
    for (int j = 0; j < p; j++) {
        limits[j] = limits[p + j] = edge[j] = edge[p + j] = NAN;
        if (sign[j] > 0) TRY(one_sided(c, j, 1, top, &limits[j], e));
        if (sign[j] < 0) TRY(one_sided(c, j, -1, top, &limits[p + j], e));
        if (isnan(se[j])) continue;
        Likelihood l = { reduced->rank, reduced, evaluate_reduced, true, NULL };
        along_axes(t, reduced, &c->data, (size_t)j);
        for (int side = 0; side < 2; side++)
            TRY(likelihood_limit(&limits[side * p + j], &edge[side * p + j], &l, h, t, beta[j], se[j], top, chisq_quantile(call_conf(c->call), 1), side ? 1 : -1, e));
    }
    set_profile_limits(c->out, call_conf(c->call), limits, edge, (size_t)p, c->term);
out:
    return rc;
}

Rc cox_separated(CoxModel *c, const Existence *ex, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    Json *out = c->out;
    double top = NAN, *beta = ARENA_NEW(&c->a, (size_t)p, double), *raw = ARENA_NEW(&c->a, (size_t)p, double);
    double *sign = ARENA_NEW(&c->a, (size_t)p, double), *se = ARENA_NEW(&c->a, (size_t)p, double), *h = ARENA_NEW(&c->a, (size_t)p, double);
    Reduced reduced = { 0 };
    unsigned char *finite = arena_alloc(&c->a, (size_t)p);
    Str names = { 0 }, rest = { 0 };
    if (!beta || !raw || !sign || !finite || !se || !h) { rc = err_nomem(e); goto out; }
    cox_to_columns(raw, &c->data, ex->direction);
    existence_signs(sign, raw, c->data.scale, p);
    for (int j = 0; j < p; j++) se[j] = NAN;
    rc = supremum(c, ex, &reduced, h, &top, beta, se, finite, e);
    if (rc == ERR_ESTIMATE) { memset(finite, 0, (size_t)p); rc = OK; }
    else if (rc != OK) goto out;
    for (int j = 0; j < p; j++) {
        if (sign[j] != 0 || !finite[j]) beta[j] = se[j] = NAN;
        if (sign[j] != 0) str_appendf(&names, "%s%s (%s)", names.len ? ", " : "", c->term[j], sign[j] > 0 ? "+" : "-");
        else if (finite[j]) str_appendf(&rest, "%s%s", rest.len ? ", " : "", c->term[j]);
    }
    json_set_bool(out, "converged", false);
    json_set_number(out, "iterations", c->m.iterations);
    cox_model_by_term(c, "coef", beta);
    cox_model_by_term(c, "se", se);
    json_set_number(out, "loglik_null", c->loglik_null);
    json_set_number(out, "loglik", top);
    set_chisq_test(out, "lr_test", 2 * (top - c->loglik_null), p);
    set_chisq_test(out, "score_test", linalg_quadratic_form_inverse(c->m.score_start, c->m.info_start, p), p);
    Json *s = json_set(out, "separation", json_object());
    json_set_bool(s, "separated", true);
    Json *direction = json_set(s, "direction", json_object());
    int k = 0;
    for (size_t j = 0; j < c->d.p; j++) json_set_number(direction, c->d.term[j], c->keep[j] ? sign[k++] : 0);
    if (option_flag(c->call, "profile") && isfinite(top)) TRY(separated_limits(c, &reduced, h, sign, beta, se, top, e));
    rc = diagnose_fatal(out, e, "monotone_likelihood",
                        "the likelihood rises for ever along %s: no finite coefficient%s%s%s. The likelihood-ratio test holds (log-likelihood at "
                        "most %.6g)%s", str_text(&names), rest.len ? "; finite, given that: " : "", str_text(&rest), "", top,
                        c->matched ? "; leave the column out, or merge a level with another"
                                   : "; --penalty firth gives a finite estimate with limits, merging a level without events another");
out:
    str_free(&names);
    str_free(&rest);
    return rc;
}
