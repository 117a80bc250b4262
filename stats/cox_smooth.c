/* stats/cox_smooth.c: penalised smooth terms pspline(x,df=k) in the Cox model (Eilers and Marx 1996; Gray 1992 for the degrees of
 * freedom). The penalty is second differences of the coefficients; its weight is the one that gives the wanted degrees of freedom,
 * solved to the end (R stops within .1 of them). */
#include <math.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"
#include "stats/profile.h"
#include "stats/terms.h"

/* One smooth term: its columns first … first+m-1 among the kept, the weight of its penalty, the degrees of freedom. */
typedef struct { int first, m; double lambda, wanted, df; const Var *var; } Smooth;

typedef struct {
    CoxModel *c;
    Smooth *smooth;
    int n_smooth;
    double *P;                 /* p x p: penalty 1/2 b'P b in columns */
    double *Pg;                /* in the basis: D P D with D = diag of T */
    double *H, *V, *V2;        /* penalised information and its inverse, and V I V, in columns */
    double loglik;
} Fit;

/* D2'D2 of the m + 1 B-spline coefficients with the first held at 0. */
static void add_differences(double *P, int p, const Smooth *s)
{
    int all = s->m + 1;
    for (int r = 0; r + 2 < all; r++) {
        const double d[3] = { 1, -2, 1 };
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                int a = r + i - 1, b = r + j - 1;
                if (a < 0 || b < 0) continue;
                P[(s->first + b) * p + s->first + a] += s->lambda * d[i] * d[j];
            }
    }
}

static bool evaluate(void *context, const double *g, double *value, double *score, double *info)
{
    Fit *q = context;
    CoxData *d = &q->c->data;
    int p = d->p;
    if (!cox_evaluate(d, g, value, score, info)) return false;
    q->loglik = *value;
    for (int j = 0; j < p; j++)
        for (int k = 0; k < p; k++) {
            *value -= q->Pg[k * p + j] * g[j] * g[k] / 2;
            score[j] -= q->Pg[k * p + j] * g[k];
            info[k * p + j] += q->Pg[k * p + j];
        }
    return true;
}

/* tr(V_ss^-1 V2_ss) for columns first … first+m-1: R's degrees of freedom of a term. */
static double freedom(const double *V, const double *V2, int p, int first, int m, double *a, double *b)
{
    Err ignored = { 0 };
    double sum = 0;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++) {
            double s = 1 / sqrt(V[(first + i) * p + first + i] * V[(first + j) * p + first + j]);
            a[j * m + i] = V[(first + j) * p + first + i] * s;
            b[j * m + i] = V2[(first + j) * p + first + i] * s;
        }
    if (linalg_cholesky(a, m, &ignored) != OK) return NAN;
    linalg_cholesky_solve(a, m, b, m);
    for (int i = 0; i < m; i++) sum += b[i * m + i];
    return sum;
}

static Rc fit_at(Fit *q, double *score, double *info, double *a, double *b, Err *e)
{
    Rc rc = OK;
    CoxModel *c = q->c;
    CoxData *d = &c->data;
    int p = c->p;
    LikelihoodPoint at = { 0 };
    Likelihood l = { p, q, evaluate, true, NULL };
    memset(q->P, 0, (size_t)(p * p) * sizeof(double));
    for (int s = 0; s < q->n_smooth; s++) add_differences(q->P, p, &q->smooth[s]);
    for (int j = 0; j < p; j++) for (int k = 0; k < p; k++) q->Pg[k * p + j] = q->P[k * p + j] * d->T[j * p + j] * d->T[k * p + k];
    TRY(likelihood_maximise(&at, &l, c->m.g, NULL, 0, e));
    double value;
    if (!evaluate(q, c->m.g, &value, score, info)) return err_set(e, ERR_ESTIMATE, "the penalised likelihood cannot be evaluated");
    c->m.iterations += at.iterations;
    c->m.converged = at.converged || at.rest < 1e-9;
    c->m.max_abs_score = at.rest;
    memcpy(q->H, info, (size_t)(p * p) * sizeof(double));
    TRY(linalg_cholesky(q->H, p, e));
    linalg_cholesky_inverse(c->m.vcov, q->H, p);
    for (int j = 0; j < p * p; j++) info[j] -= q->Pg[j];
    linalg_gemm_nn(a, c->m.vcov, info, p, p, p, 1, 0);
    linalg_gemm_nn(b, a, c->m.vcov, p, p, p, 1, 0);
    cox_vcov_to_columns(q->V, d, c->m.vcov);
    cox_vcov_to_columns(q->V2, d, b);
    for (int s = 0; s < q->n_smooth; s++) q->smooth[s].df = freedom(q->V, q->V2, p, q->smooth[s].first, q->smooth[s].m, a, b);
out:
    return rc;
}

/* Weight of smooth term s that gives its degrees of freedom, the others held: bisection on log lambda, secant inside. */
static Rc solve(Fit *q, int s, double *score, double *info, double *a, double *b, Err *e)
{
    Rc rc = OK;
    Smooth *t = &q->smooth[s];
    double low = -30, high = 30, x = log(t->lambda);
    for (int it = 0; it < 80; it++) {
        t->lambda = exp(x);
        TRY(fit_at(q, score, info, a, b, e));
        double off = t->df - t->wanted;                /* falls with lambda */
        if (fabs(off) < 1e-10 || high - low < 1e-13) return OK;
        if (off > 0) low = x; else high = x;
        double h = 1e-4, here = off;
        t->lambda = exp(x + h);
        TRY(fit_at(q, score, info, a, b, e));
        double slope = (t->df - t->wanted - here) / h, next = x - here / slope;
        x = next > low && next < high ? next : (low + high) / 2;
    }
out:
    return rc;
}

/* Test of linearity: the coefficients' generalised least-squares line over the equidistant centres of the B-splines, and the rest. */
static void line_and_rest(const Fit *q, const Smooth *s, const double *variance, const double *beta, double *linear, double *rest, Arena *a)
{
    int p = q->c->p, m = s->m;
    Err ignored = { 0 };
    double width = (s->var->high - s->var->low) / (s->var->n_knots - 1);
    double *L = ARENA_NEW(a, (size_t)(m * m), double), *X = ARENA_NEW(a, 3 * (size_t)m, double), *w = ARENA_NEW(a, (size_t)m, double);
    if (!L || !X || !w) return;
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < m; j++) L[j * m + i] = variance[(s->first + j) * p + s->first + i];
        X[i] = 1;
        X[m + i] = (i + 1) * width;
        X[2 * m + i] = beta[s->first + i];
    }
    if (linalg_cholesky(L, m, &ignored) != OK) return;
    double raw[3 * 64];
    if (m > 64) return;
    memcpy(raw, X, 3 * (size_t)m * sizeof *raw);
    linalg_cholesky_solve(L, m, X, 3);                 /* V^-1 (1, centre, b) */
    double m11 = 0, m12 = 0, m22 = 0, all = 0;
    for (int i = 0; i < m; i++) {
        m11 += raw[i] * X[i];
        m12 += raw[i] * X[m + i];
        m22 += raw[m + i] * X[m + i];
        all += raw[2 * m + i] * X[2 * m + i];
    }
    double det = m11 * m22 - m12 * m12, slope = 0, v1 = 0, v2 = 0;
    for (int i = 0; i < m; i++) {
        w[i] = (m11 * X[m + i] - m12 * X[i]) / det;    /* row of (X'V^-1X)^-1 X'V^-1 for the slope */
        slope += w[i] * beta[s->first + i];
    }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++) {
            v1 += w[i] * variance[(s->first + j) * p + s->first + i] * w[j];
            v2 += w[i] * q->V2[(s->first + j) * p + s->first + i] * w[j];
        }
    double chisq = slope * slope / v1;
    linear[0] = slope; linear[1] = sqrt(v1); linear[2] = sqrt(v2); linear[3] = chisq; linear[4] = 1; linear[5] = chisq_sf(chisq, 1);
    rest[0] = rest[1] = rest[2] = NAN;
    rest[3] = all - chisq;
    rest[4] = s->df - 1;
    rest[5] = chisq_sf(fmax(all - chisq, 0), fmax(.5, s->df - 1));
}

static Rc report(Fit *q, double *a, double *b, Err *e)
{
    static const char *const cols[] = { "coef", "se", "se2", "chisq", "df", "p" };
    Rc rc = OK;
    CoxModel *c = q->c;
    int p = c->p, rows = 0;
    const double *variance = c->robust ? c->robust : q->V;
    size_t most = 2 * (size_t)p + 2;
    double *table = ARENA_NEW(&c->a, 6 * most, double), *flat = ARENA_NEW(&c->a, 6 * most, double);
    const char **names = (const char **)arena_array(&c->a, most, sizeof(char *));
    if (!table || !flat || !names) return err_nomem(e);
    Json *edf = json_set(c->out, "edf", json_object());
    for (int k = 0; k < p;) {
        int s = 0, m = 1;
        while (s < q->n_smooth && q->smooth[s].first != k) s++;
        if (s < q->n_smooth) {
            const Smooth *t = &q->smooth[s];
            m = t->m;
            names[rows] = arena_printf(&c->a, "%s:linear", t->var->expr->label);
            names[rows + 1] = arena_printf(&c->a, "%s:nonlinear", t->var->expr->label);
            for (int i = 0; i < 12; i++) table[rows * 6 + i] = NAN;
            line_and_rest(q, t, variance, c->beta, table + rows * 6, table + (rows + 1) * 6, &c->a);
            json_set_number(edf, t->var->expr->label, t->df);
            c->edf += t->df;
            rows += 2;
        } else {
            double *row = table + rows * 6, v = variance[k * p + k], df = freedom(q->V, q->V2, p, k, 1, a, b);
            names[rows++] = c->term[k];
            row[0] = c->beta[k];
            row[1] = sqrt(v);
            row[2] = sqrt(q->V2[k * p + k]);
            row[3] = c->beta[k] * c->beta[k] / v;
            row[4] = 1;
            row[5] = chisq_sf(row[3], 1);
            json_set_number(edf, c->term[k], df);
            c->edf += df;
        }
        k += m;
    }
    for (int i = 0; i < rows; i++) for (int k = 0; k < 6; k++) flat[k * rows + i] = table[i * 6 + k];
    json_set_matrix(c->out, "table", flat, (size_t)rows, 6, names, cols);
    return rc;
}

/* The columns that the penalty leaves free: the line of each smooth, and the others. Equidistant B-splines times their number make the line
 * (the first is held at 0). Lines come first. */
typedef struct {
    const double **column;
    char **term;
    size_t *from, p, lines;    /* the design's column, the smooth's first */
} FreeColumns;

static Rc free_columns(FreeColumns *out, CoxModel *c, Err *e)
{
    const Design *d = &c->d;
    const size_t n = d->n;
    double *x = ARENA_NEW(&c->a, n * d->p + 1, double);
    *out = (FreeColumns){ .column = (const double **)arena_array(&c->a, d->p + 1, sizeof *out->column),
                          .term = ARENA_NEW(&c->a, d->p + 1, char *), .from = ARENA_NEW(&c->a, d->p + 1, size_t) };
    if (!x || !out->column || !out->term || !out->from) return err_nomem(e);
    for (int pass = 0; pass < 2; pass++)
        for (size_t j = 0, m; j < d->p; j += m) {
            const Term *t = &d->formula->term[d->assign[j] - 1];
            const Var *v = &d->formula->var[t->var[0]];
            const bool smooth = t->n == 1 && v->kind == VAR_PSPLINE;
            m = smooth ? (size_t)var_columns(v, false) : 1;
            if (smooth != (pass == 0) || !c->keep[j]) continue;
            const double width = (v->high - v->low) / (v->n_knots - 1);
            const size_t p = out->p++;
            for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < m; k++) x[p * n + i] += (smooth ? (double)(k + 1) * width : 1) * d->xj[j + k][i];
            out->term[p] = smooth ? arena_printf(&c->a, "%s:linear", v->label) : d->term[j];
            if (!out->term[p]) return err_nomem(e);
            out->column[p] = x + p * n;
            out->from[p] = j;
            out->lines += smooth;
        }
    return OK;
}

/* The line of each smooth and the other columns must be told apart. It comes first, for what equals it is in the smooth already, wherever
 * it stands in the formula. */
Rc cox_smooth_rank(CoxModel *c, Err *e)
{
    Rc rc = OK;
    const Design *d = &c->d;
    const bool drop = option_flag(c->call, "drop_collinear");
    unsigned char *keep = arena_alloc(&c->a, d->p + 1);
    FreeColumns f = { 0 };
    Json *ignored = json_object();
    if (!keep || !ignored) { rc = err_nomem(e); goto out; }
    memset(c->keep, 1, d->p);
    TRY(design_check_levels(d, c->out, drop, e));
    TRY(free_columns(&f, c, e));
    const DesignColumns columns = { .n = d->n, .p = f.p, .xj = f.column, .term = f.term, .centre = true, .stratum = d->stratum,
                                    .n_strata = d->n_strata, .of = d->stratum ? " of a stratum" : "" };
    DesignColumns alone = columns;
    alone.p = f.lines;
    TRY(design_columns_rank(keep, &alone, ignored, true, e));
    for (size_t k = 0; k < f.lines; k++)
        if (!keep[k]) {
            rc = diagnose_fatal(c->out, e, "collinear", "the line of %s is in the smooth terms before it: leave this term out",
                                d->formula->var[d->formula->term[d->assign[f.from[k]] - 1].var[0]].label);
            goto out;
        }
    TRY(design_columns_rank(keep, &columns, c->out, drop, e));
    for (size_t k = f.lines; k < f.p; k++) c->keep[f.from[k]] = keep[k];
out:
    json_free(ignored);
    return rc;
}

Rc cox_smooth(CoxModel *c, CoxTies ties, Err *e)
{
    Rc rc = OK;
    Arena *a = &c->a;
    FreeColumns f = { 0 };
    TRY(free_columns(&f, c, e));
    CoxInput in = cox_model_input(c, ties), free_in = in;
    free_in.xj = f.column;
    free_in.p = (int)f.p;
    TRY(cox_check_free(c, &free_in, f.term, e));
    in.plain_columns = true;
    TRY(cox_data_init(&c->data, &in, a, e));
    size_t p = (size_t)c->p, pp = p * p + 1;
    Fit q = { .c = c, .smooth = ARENA_NEW(a, p + 1, Smooth), .P = ARENA_NEW(a, pp, double), .Pg = ARENA_NEW(a, pp, double),
              .H = ARENA_NEW(a, pp, double), .V = ARENA_NEW(a, pp, double), .V2 = ARENA_NEW(a, pp, double) };
    double *score = ARENA_NEW(a, p + 1, double), *info = ARENA_NEW(a, pp, double), *w1 = ARENA_NEW(a, pp, double), *w2 = ARENA_NEW(a, pp, double);
    c->m = (CoxMaximum){ .g = ARENA_NEW(a, p + 1, double), .vcov = ARENA_NEW(a, pp, double) };
    c->center = ARENA_NEW(a, p + 1, double);
    c->beta = ARENA_NEW(a, p + 1, double);
    c->se = ARENA_NEW(a, p + 1, double);
    if (!q.smooth || !q.P || !q.Pg || !q.H || !q.V || !q.V2 || !score || !info || !w1 || !w2 || !c->m.g || !c->m.vcov || !c->center ||
        !c->beta || !c->se) return err_nomem(e);
    for (int k = 0; k < c->p; k++) {
        const Term *t = &c->d.formula->term[c->d.assign[c->column[k]] - 1];
        const Var *v = &c->d.formula->var[t->var[0]];
        if (v->kind != VAR_PSPLINE) continue;
        if (t->n > 1) return err_set(e, ERR_USAGE, "cox: pspline() stands alone, not in a product");
        int m = var_columns(v, false);
        q.smooth[q.n_smooth++] = (Smooth){ .first = k, .m = m, .lambda = 1, .wanted = v->wanted_df, .var = v };
        k += m - 1;
    }
    if (!cox_evaluate(&c->data, c->m.g, &c->loglik_null, NULL, NULL)) return err_set(e, ERR_ESTIMATE, "the likelihood cannot be evaluated");
    for (int round = 0; round < (q.n_smooth > 1 ? 20 : 1); round++)
        for (int s = 0; s < q.n_smooth; s++) TRY(solve(&q, s, score, info, w1, w2, e));
    TRY(fit_at(&q, score, info, w1, w2, e));
    c->m.loglik = q.loglik;
    cox_to_columns(c->beta, &c->data, c->m.g);
    c->vcov = q.V;
    for (size_t j = 0; j < p; j++) c->se[j] = sqrt(q.V[j * p + j]);
    cox_r_means(c->center, c->xj, c->d.n, c->p, c->d.start ? NULL : c->d.weight, c->order, c->data.center);
    json_set_number(c->out, "nevent", (double)c->data.n_events);
    json_set_bool(c->out, "converged", c->m.converged);
    json_set_number(c->out, "iterations", c->m.iterations);
    json_set_number(c->out, "max_abs_score", c->m.max_abs_score);
    cox_model_by_term(c, "coef", c->beta);
    cox_model_by_term(c, "se", c->se);
    cox_model_matrix(c, "vcov", c->vcov);
    json_set_number(c->out, "loglik_null", c->loglik_null);
    json_set_number(c->out, "loglik", c->m.loglik);
    TRY(cox_robust_keys(c, e));
    TRY(report(&q, w1, w2, e));
    TRY(cox_common_keys(c, e));
out:
    return rc;
}
