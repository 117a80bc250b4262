/* stats/cox_firth.c: Firth's penalised partial likelihood (Firth 1993; Heinze and Schemper 2001): log-likelihood + 1/2 log of the
 * determinant of the information, which stays finite where the likelihood rises for ever. */
#include <math.h>
#include <string.h>

#include "core/lanes.h"
#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/profile.h"
#include "stats/result_keys.h"

/* The score of the penalty, 1/2 tr(A dI/d beta_j) with A the inverse information, is a sum over event times (and Efron's steps l of them, f = l/d,
 * whose risk set is all less f times the deaths) of
 *   w/2 (E[a x_j] - E[a] xbar_j) - w (E[x_j x]'A xbar - xbar'A xbar xbar_j),   a = x'A x.
 * What has the rows' x in it twice or with a is taken row by row instead: a row meets the sums over its times of u = w/(2 s0) and of v = w/s0 A xbar,
 * and adds r x_j (a u - x'v). What is left per time are sums of r, r a and r x. */
typedef struct {
    CoxData *d;
    double log_det;            /* of T */
    double *A, *L, *xbar;
    double *a, *columns;       /* [n]; LANES rows, column by column */
    double *all, *deaths;      /* [p + 2] over the risk set, over the deaths of one time: r, r a, r x */
    double *met, *until;       /* [blocks + 1][p + 1] u, v of the time before each; summed over the stratum's times before each */
    double *row;               /* [p + 1] what a row meets of them */
    double *met_deaths;        /* [blocks][p + 1] by how much less its deaths meet of each time */
} Firth;

/* q->a of all rows, a row a lane. */
static FOR_EACH_WIDTH void squared_lengths(Firth *q)
{
    const CoxData *d = q->d;
    const size_t n = d->n, p = (size_t)d->p;
    for (size_t from = 0; from < n; from += LANES) {
        const size_t m = n - from < LANES ? n - from : LANES;
        const double *x = d->x + from * p;
        double *column = q->columns, a[LANES];
        for (size_t i = 0; i < m; i++) for (size_t j = 0; j < p; j++) column[j * LANES + i] = x[i * p + j];
        Lanes sum = lanes_all(0);
        for (size_t j = 0; j < p; j++) {
            Lanes c = lanes_all(0);
            for (size_t k = 0; k < p; k++) c += q->A[j * p + k] * lanes_at(column + k * LANES);
            sum += c * lanes_at(column + j * LANES);
        }
        lanes_put(a, sum);
        memcpy(q->a + from, a, m * sizeof *a);
    }
}

static void sums_add(double *s, const Firth *q, size_t i, double sign)
{
    const size_t p = (size_t)q->d->p;
    const double *x = q->d->x + i * p, r = sign * q->d->r[i];
    s[0] += r;
    s[1] += r * q->a[i];
    for (size_t j = 0; j < p; j++) s[2 + j] += r * x[j];
}

/* One time, or one of Efron's steps of it, of this weight. */
static void add_time(double *score, Firth *q, double *met, double *met_deaths, double f, double weight)
{
    const size_t p = (size_t)q->d->p;
    const double s0 = q->all[0] - f * q->deaths[0], each = 1 / s0, ea = (q->all[1] - f * q->deaths[1]) * each, u = weight / 2 * each;
    double length = 0;
    for (size_t j = 0; j < p; j++) q->xbar[j] = (q->all[2 + j] - f * q->deaths[2 + j]) * each;
    met[0] += u;
    met_deaths[0] += f * u;
    for (size_t j = 0; j < p; j++) {
        double c = 0;
        for (size_t k = 0; k < p; k++) c += q->A[j * p + k] * q->xbar[k];
        const double v = 2 * u * c;
        length += c * q->xbar[j];
        met[1 + j] += v;
        met_deaths[1 + j] += f * v;
    }
    for (size_t j = 0; j < p; j++) score[j] += weight * (length - ea / 2) * q->xbar[j];
}

/* Of the times of a stratum, backwards. */
static void add_times(double *score, Firth *q, CoxStratum t)
{
    const CoxData *d = q->d;
    const size_t p = (size_t)d->p;
    size_t next = t.row_to, leaving = t.row_to;
    double most = 0;               /* what S0 has been since it was summed */
    memset(q->all, 0, (p + 2) * sizeof *q->all);
    for (size_t k = t.block_to; k-- > t.block_from;) {
        const CoxBlock *b = &d->block[k];
        const size_t deaths = b->to - b->first_death;
        double *met = q->met + (k + 1) * (p + 1), *met_deaths = q->met_deaths + k * (p + 1);
        for (; next > b->from; next--) sums_add(q->all, q, next - 1, 1);
        most = fmax(most, q->all[0]);
        for (; d->by_start && leaving > t.row_from && d->start[d->by_start[leaving - 1]] >= b->time; leaving--)
            sums_add(q->all, q, d->by_start[leaving - 1], -1);
        if (d->by_start && d->event_terms[k].at_risk > 0 && most > COX_LOST * d->event_terms[k].at_risk) {
            memset(q->all, 0, (p + 2) * sizeof *q->all);
            for (size_t i = next; i < t.row_to; i++) if (d->enter[i] <= k) sums_add(q->all, q, i, 1);
            most = q->all[0];
        }
        memset(q->deaths, 0, (p + 2) * sizeof *q->deaths);
        memset(met, 0, (p + 1) * sizeof *met);
        memset(met_deaths, 0, (p + 1) * sizeof *met_deaths);
        if (d->ties == TIES_BRESLOW || deaths == 1) { add_time(score, q, met, met_deaths, 0, b->deaths_weight); continue; }
        for (size_t i = b->first_death; i < b->to; i++) sums_add(q->deaths, q, i, 1);
        for (size_t l = 0; l < deaths; l++)
            add_time(score, q, met, met_deaths, (double)l / (double)deaths, b->deaths_weight / (double)deaths);
    }
}

/* What row i meets of the times it is at risk, into q->row: the difference of sums over all times before, or where it is little beside what came
 * before it entered, and would have the rounding of that, time by time. */
static void row_meets(Firth *q, size_t i)
{
    const CoxData *d = q->d;
    const size_t width = (size_t)d->p + 1, enter = d->enter[i], leave = d->leave[i];
    const double *from = q->until + enter * width, *to = q->until + leave * width, *less = q->met_deaths + (leave - 1) * width;
    for (size_t j = 0; j < width; j++) q->row[j] = to[j] - from[j];
    if (q->row[0] * COX_LOST < from[0]) {
        memset(q->row, 0, width * sizeof *q->row);
        for (size_t k = enter; k < leave; k++) for (size_t j = 0; j < width; j++) q->row[j] += q->met[(k + 1) * width + j];
    }
    for (size_t j = 0; d->event[i] && j < width; j++) q->row[j] -= less[j];
}

/* Of the rows of a stratum, once q->met holds what each time adds. */
static void add_rows(double *score, Firth *q, CoxStratum t)
{
    const CoxData *d = q->d;
    const size_t p = (size_t)d->p, width = p + 1;
    memset(q->until + t.block_from * width, 0, width * sizeof *q->until);
    for (size_t k = t.block_from; k < t.block_to; k++)
        for (size_t j = 0; j < width; j++) q->until[(k + 1) * width + j] = q->until[k * width + j] + q->met[(k + 1) * width + j];
    for (size_t i = t.row_from; i < t.row_to; i++) {
        const double *x = d->x + i * p;
        if (d->leave[i] <= d->enter[i]) continue;
        row_meets(q, i);
        double c = q->a[i] * q->row[0];
        for (size_t j = 0; j < p; j++) c -= x[j] * q->row[1 + j];
        for (size_t j = 0; j < p; j++) score[j] += d->r[i] * c * x[j];
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
    squared_lengths(q);
    for (size_t s = 0; s < d->n_strata; s++) {
        add_times(score, q, d->stratum[s]);
        add_rows(score, q, d->stratum[s]);
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
    double *m = ARENA_NEW(&c->a, 2 * p, double), *edge = ARENA_NEW(&c->a, 2 * p, double), *pen = ARENA_NEW(&c->a, p, double), *wald = ARENA_NEW(&c->a, p, double);
    const ProfiledFit fit = { .g = c->m.g, .T = c->data.T, .beta = c->beta, .se = c->se, .top = top };
    if (!m || !edge || !pen || !wald) return err_nomem(e);
    TRY(likelihood_tests(pen, l, &fit, &c->a, e));
    TRY(likelihood_limits(m, edge, l, &fit, chisq_quantile(call_conf(c->call), 1), &c->a, e));
    for (size_t j = 0; j < p; j++) wald[j] = normal_two_sided_p(c->beta[j] / c->se[j]);
    set_profile_limits(c->out, call_conf(c->call), m, edge, p, c->term);
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
    const size_t times = (d->n_blocks + 1) * (p + 1);
    Firth q = { .d = d, .A = ARENA_NEW(a, p * p, double), .L = ARENA_NEW(a, p * p, double), .xbar = ARENA_NEW(a, p, double),
                .a = ARENA_ROOM(a, d->n + 1, double), .columns = ARENA_NEW(a, LANES * p, double),
                .all = ARENA_NEW(a, p + 2, double), .deaths = ARENA_NEW(a, p + 2, double),
                .met = ARENA_ROOM(a, times, double), .met_deaths = ARENA_ROOM(a, times, double),
                .until = ARENA_ROOM(a, times, double), .row = ARENA_NEW(a, p + 1, double) };
    Likelihood l = { c->p, &q, evaluate, false, evaluate_plain };
    LikelihoodPoint at = { 0 };
    double *zero = ARENA_NEW(a, p, double), *score = ARENA_NEW(a, p, double), *info = ARENA_NEW(a, p * p, double), null_value = NAN;
    c->m = (CoxMaximum){ .g = ARENA_NEW(a, p, double), .vcov = ARENA_NEW(a, p * p, double) };
    if (!q.A || !q.L || !q.xbar || !q.a || !q.columns || !q.all || !q.deaths || !q.met || !q.met_deaths || !q.until || !q.row) return err_nomem(e);
    if (!zero || !score || !info || !c->m.g || !c->m.vcov) return err_nomem(e);
    if (d->ties == TIES_EXACT) return err_set(e, ERR_USAGE, "cox: --penalty firth does not go with --ties exact");
    for (size_t j = 0; j < p; j++) q.log_det += log(fabs(d->T[j * p + j]));
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
    design_note_weights(&c->d, c->out);
    TRY(cox_common_keys(c, e));
out:
    return rc;
}
