/* stats/cox_firth.c: Firth's penalised partial likelihood (Firth 1993; Heinze and Schemper 2001): log-likelihood + 1/2 log of the
 * determinant of the information, which stays finite where the likelihood rises for ever. */
#include <math.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/profile.h"
#include "stats/result_keys.h"

/* Running sums over a risk set (or over the deaths of one time): of r, r x, r x x', r a and r a x, with a = x'A x and A the inverse
 * information. They give tr(A dI/d beta_j) = E[a x_j] - E[a] xbar_j - 2 xbar'A Cov(x, x_j) in one pass. */
typedef struct { double s0, sa, *s1, *sax, *s2; } Sums;

typedef struct {
    CoxData *d;
    double log_det;            /* of T */
    double *A, *L, *xbar, *ax;
    Sums all, deaths;
} Firth;

static Rc sums_init(Sums *s, size_t p, Arena *a, Err *e)
{
    s->s1 = ARENA_NEW(a, p + 1, double);
    s->sax = ARENA_NEW(a, p + 1, double);
    s->s2 = ARENA_NEW(a, p * p + 1, double);
    return s->s1 && s->sax && s->s2 ? OK : err_nomem(e);
}

static void sums_clear(Sums *s, size_t p)
{
    s->s0 = s->sa = 0;
    memset(s->s1, 0, p * sizeof(double));
    memset(s->sax, 0, p * sizeof(double));
    memset(s->s2, 0, p * p * sizeof(double));
}

static void sums_add(Sums *s, const Firth *q, size_t i, double sign)
{
    size_t p = (size_t)q->d->p;
    const double *x = q->d->x + i * p;
    double r = sign * q->d->r[i], a = 0;
    for (size_t j = 0; j < p; j++) {
        double c = 0;
        for (size_t k = 0; k < p; k++) c += q->A[j * p + k] * x[k];
        a += c * x[j];
    }
    s->s0 += r;
    s->sa += r * a;
    for (size_t j = 0; j < p; j++) {
        s->s1[j] += r * x[j];
        s->sax[j] += r * a * x[j];
        for (size_t k = 0; k < p; k++) s->s2[j * p + k] += r * x[j] * x[k];
    }
}

/* score += weight/2 * tr(A dV/d beta) for the risk set `all` less f times the deaths. */
static void add_trace(double *score, Firth *q, double f, double weight)
{
    size_t p = (size_t)q->d->p;
    double s0 = q->all.s0 - f * q->deaths.s0, ea = (q->all.sa - f * q->deaths.sa) / s0;
    for (size_t j = 0; j < p; j++) q->xbar[j] = (q->all.s1[j] - f * q->deaths.s1[j]) / s0;
    for (size_t j = 0; j < p; j++) {
        q->ax[j] = 0;
        for (size_t k = 0; k < p; k++) q->ax[j] += q->A[j * p + k] * q->xbar[k];
    }
    for (size_t j = 0; j < p; j++) {
        double cross = 0;
        for (size_t k = 0; k < p; k++)
            cross += q->ax[k] * ((q->all.s2[j * p + k] - f * q->deaths.s2[j * p + k]) / s0 - q->xbar[k] * q->xbar[j]);
        score[j] += weight / 2 * ((q->all.sax[j] - f * q->deaths.sax[j]) / s0 - ea * q->xbar[j] - 2 * cross);
    }
}

/* The information is a cross product of the rows less squares. Where hardly anything is left of a pivot, what is left is rounding, and so is the
 * determinant: far out on the way of a monotone likelihood it would look like a maximum. */
static bool digits_left(const Firth *q)
{
    static const double LOST = 1e-10;
    const CoxData *d = q->d;
    const size_t p = (size_t)d->p;
    for (size_t j = 0; j < p; j++) {
        double whole = 0;
        for (size_t i = 0; i < d->n; i++) whole += d->rl[i] * d->x[i * p + j] * d->x[i * p + j];
        if (!(q->L[j * p + j] * q->L[j * p + j] > LOST * whole)) return false;
    }
    return true;
}

static bool evaluate(void *context, const double *g, double *value, double *score, double *info)
{
    Firth *q = context;
    CoxData *d = q->d;
    size_t p = (size_t)d->p;
    Err ignored = { 0 };
    if (!cox_evaluate(d, g, value, score, info)) return false;
    memcpy(q->L, info, p * p * sizeof(double));
    if (linalg_cholesky(q->L, (int)p, &ignored) != OK || !digits_left(q)) return false;
    *value += linalg_cholesky_logdet(q->L, (int)p) / 2 - q->log_det;
    linalg_cholesky_inverse(q->A, q->L, (int)p);
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        size_t next = t.row_to, leaving = t.row_to;
        sums_clear(&q->all, p);
        for (size_t k = t.block_to; k-- > t.block_from;) {
            const CoxBlock *b = &d->block[k];
            size_t deaths = b->to - b->first_death;
            for (; next > b->from; next--) sums_add(&q->all, q, next - 1, 1);
            for (; d->by_start && leaving > t.row_from && d->start[d->by_start[leaving - 1]] >= b->time; leaving--)
                sums_add(&q->all, q, d->by_start[leaving - 1], -1);
            sums_clear(&q->deaths, p);
            if (d->ties == TIES_BRESLOW || deaths == 1) { add_trace(score, q, 0, b->deaths_weight); continue; }
            for (size_t i = b->first_death; i < b->to; i++) sums_add(&q->deaths, q, i, 1);
            for (size_t l = 0; l < deaths; l++)
                add_trace(score, q, (double)l / (double)deaths, b->deaths_weight / (double)deaths);
        }
    }
    return isfinite(*value);
}

static bool evaluate_plain(void *context, const double *g, double *value, double *score, double *info)
{
    const Firth *q = context;
    return cox_evaluate(q->d, g, value, score, info);
}

static Rc limits_and_tests(CoxModel *c, const Likelihood *l, double top, Err *e)
{
    Rc rc = OK;
    size_t p = (size_t)c->p;
    double drop = chisq_quantile(call_conf(c->call), 1);
    double *m = ARENA_NEW(&c->a, 2 * p, double), *t = ARENA_NEW(&c->a, p, double), *g = ARENA_NEW(&c->a, p, double);
    double *pen = ARENA_NEW(&c->a, p, double), *wald = ARENA_NEW(&c->a, p, double);
    char key[KEY_MAX];
    static const char *const cols[] = { "lower", "upper" };
    if (!m || !t || !g || !pen || !wald) return err_nomem(e);
    for (size_t j = 0; j < p; j++) {
        LikelihoodPoint warm, cold;
        for (size_t k = 0; k < p; k++) t[k] = c->data.T[k * p + j];
        memcpy(g, c->m.g, p * sizeof *g);
        TRY(likelihood_maximise_to(&warm, l, g, t, 0, 1e-7, e));
        memset(g, 0, p * sizeof *g);
        TRY(likelihood_maximise_to(&cold, l, g, t, 0, 1e-7, e));
        pen[j] = chisq_sf(fmax(2 * (top - fmax(warm.value, cold.value)), 0), 1);
        wald[j] = normal_two_sided_p(c->beta[j] / c->se[j]);
        for (int side = 0; side < 2; side++)
            TRY(likelihood_limit(&m[(size_t)side * p + j], l, c->m.g, t, c->beta[j], c->se[j], top, drop, side ? 1 : -1, e));
    }
    json_set_matrix(c->out, level_key(key, "profile_ci", call_conf(c->call)), m, p, 2, (const char *const *)c->term, cols);
    cox_model_by_term(c, "p_pen_lr", pen);
    cox_model_by_term(c, "wald_p", wald);
out:
    return rc;
}

Rc cox_firth(CoxModel *c, Err *e)
{
    Rc rc = OK;
    Arena *a = &c->a;
    size_t p = (size_t)c->p;
    CoxData *d = &c->data;
    Firth q = { .d = d, .A = ARENA_NEW(a, p * p, double), .L = ARENA_NEW(a, p * p, double), .xbar = ARENA_NEW(a, p, double),
                .ax = ARENA_NEW(a, p, double) };
    Likelihood l = { c->p, &q, evaluate, false, evaluate_plain };
    LikelihoodPoint at = { 0 };
    double *zero = ARENA_NEW(a, p, double), *score = ARENA_NEW(a, p, double), *info = ARENA_NEW(a, p * p, double), null_value = NAN;
    c->m = (CoxMaximum){ .g = ARENA_NEW(a, p, double), .vcov = ARENA_NEW(a, p * p, double) };
    if (!q.A || !q.L || !q.xbar || !q.ax || !zero || !score || !info || !c->m.g || !c->m.vcov) return err_nomem(e);
    if (d->ties == TIES_EXACT) return err_set(e, ERR_USAGE, "cox: --penalty firth does not go with --ties exact");
    for (size_t j = 0; j < p; j++) q.log_det += log(fabs(d->T[j * p + j]));
    TRY(sums_init(&q.all, p, a, e));
    TRY(sums_init(&q.deaths, p, a, e));
    if (!evaluate(&q, zero, &null_value, score, info))
        return diagnose_fatal(c->out, e, "no_information", "the information about the coefficients is singular at 0");
    TRY(likelihood_maximise(&at, &l, c->m.g, NULL, 0, e));
    if (!evaluate(&q, c->m.g, &at.value, score, info) || !isfinite(at.rest) || at.rest > 1e-4)
        return err_set(e, ERR_ESTIMATE, "Firth's estimate was not found");
    memcpy(c->m.vcov, q.A, p * p * sizeof(double));
    cox_to_columns(c->beta, d, c->m.g);
    cox_vcov_to_columns(c->vcov, d, c->m.vcov);
    for (size_t j = 0; j < p; j++) c->se[j] = sqrt(c->vcov[j * p + j]);
    json_set_bool(c->out, "converged", at.converged || at.rest < 1e-10);
    json_set_number(c->out, "iterations", at.iterations);
    json_set_number(c->out, "max_abs_score", at.rest);
    cox_model_by_term(c, "coef", c->beta);
    cox_model_by_term(c, "se", c->se);
    cox_model_matrix(c, "vcov", c->vcov);
    cox_evaluate(d, c->m.g, &c->m.loglik, NULL, NULL);
    json_set_number(c->out, "loglik", c->m.loglik);
    json_set_number(c->out, "pen_loglik_null", null_value);
    json_set_number(c->out, "pen_loglik", at.value);
    set_chisq_test(c->out, "pen_lr_global", 2 * (at.value - null_value), (double)p);
    TRY(limits_and_tests(c, &l, at.value, e));
    TRY(cox_common_keys(c, e));
out:
    return rc;
}
