/* stats/cox_risk.c: a Cox model of a whole design as something that gives risks. */
#include "stats/cox_risk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/diagnosis.h"
#include "stats/existence.h"

static int by_content(const void *pa, const void *pb, void *context)
{
    const CoxInput *r = context;
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    if (r->stratum && r->stratum[a] != r->stratum[b]) return r->stratum[a] < r->stratum[b] ? -1 : 1;
    if (r->time[a] != r->time[b]) return r->time[a] < r->time[b] ? -1 : 1;
    if ((r->event[a] != 0) != (r->event[b] != 0)) return r->event[a] != 0 ? 1 : -1;
    for (int j = 0; j < r->p; j++) {
        double u = r->x[(size_t)j * r->n + a], v = r->x[(size_t)j * r->n + b];
        if (u != v) return u < v ? -1 : 1;
    }
    if (r->weight && r->weight[a] != r->weight[b]) return r->weight[a] < r->weight[b] ? -1 : 1;
    if (r->offset && r->offset[a] != r->offset[b]) return r->offset[a] < r->offset[b] ? -1 : 1;
    return (a > b) - (a < b);
}

Rc cox_risk_fit(CoxRisk *r, const double *x, size_t n, int p, const double *time, const double *event, CoxTies ties,
                const char *const *term, Json *out, Arena *a, Err *e)
{
    return cox_risk_fit_input(r, &(CoxInput){ .n = n, .p = p, .x = x, .time = time, .event = event, .ties = ties }, term, out, a, e);
}

Rc cox_risk_fit_input(CoxRisk *r, const CoxInput *given, const char *const *term, Json *out, Arena *a, Err *e)
{
    Rc rc = OK;
    CoxInput in = *given;
    const size_t n = in.n;
    const int p = in.p;
    size_t *order = ARENA_NEW(a, n, size_t);
    CoxData d = { 0 };
    CoxMaximum m = { 0 };
    CoxDetail detail = { 0 };
    Existence ex = { 0 };
    *r = (CoxRisk){ .p = p, .beta = ARENA_NEW(a, (size_t)p, double), .center = ARENA_NEW(a, (size_t)p, double) };
    if (!order || !r->beta || !r->center) return err_nomem(e);
    for (size_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, n, sizeof *order, by_content, &in);
    in.order = order;
    TRY(cox_data_init(&d, &in, a, e));
    TRY(existence_cox(&ex, &d, a, e));
    if (ex.separated) {
        double most = 0;
        int worst = 0;
        for (int j = 0; j < p; j++)
            if (fabs(ex.direction[j]) > most) { most = fabs(ex.direction[j]); worst = j; }
        return diagnose_fatal(out, e, "monotone_likelihood", "every event has the most extreme %s of all at risk: its coefficient is "
                              "infinite and so are the risks; leave it out or use cox --penalty firth", term[worst]);
    }
    TRY(cox_maximise(&m, &d, NULL, NULL, a, e));
    if (m.singular || !m.converged)
        return diagnose_fatal(out, e, "no_information", "the Cox model has no maximum that could be found");
    cox_to_columns(r->beta, &d, m.g);
    for (int j = 0; j < p; j++) r->center[j] = d.center[j];
    r->loglik = m.loglik;
    r->loglik_null = m.loglik_start;
    r->max_abs_score = m.max_abs_score;
    r->iterations = m.iterations;
    TRY(cox_detail(&detail, &d, m.g, a, e));
    r->time = ARENA_NEW(a, d.n_blocks, double);
    r->cumhaz = ARENA_NEW(a, d.n_blocks, double);
    if (!r->time || !r->cumhaz) return err_nomem(e);
    r->n_strata = 1;
    for (size_t i = 0; in.stratum && i < n; i++) if ((size_t)in.stratum[i] >= r->n_strata) r->n_strata = (size_t)in.stratum[i] + 1;
    r->from = ARENA_NEW(a, r->n_strata + 1, size_t);
    if (!r->from) { rc = err_nomem(e); goto out; }
    size_t next = 0;               /* strata come in ascending order, those without rows not at all */
    for (size_t s = 0; s < d.n_strata; s++) {
        const CoxStratum *t = &d.stratum[s];
        const size_t code = in.stratum ? (size_t)in.stratum[d.order[t->row_from]] : 0;
        Sum H = { 0 };
        while (next <= code) r->from[next++] = t->block_from;
        for (size_t k = t->block_from; k < t->block_to; k++) {
            sum_add(&H, detail.hazard[k] * exp(-detail.shift[s]));
            r->time[k] = d.block[k].time;
            r->cumhaz[k] = sum_value(&H);
        }
    }
    while (next <= r->n_strata) r->from[next++] = d.n_blocks;
out:
    return rc;
}

double cox_risk_lp(const CoxRisk *r, const double *x, size_t rows, size_t i)
{
    double s = 0;
    for (int j = 0; j < r->p; j++) s += r->beta[j] * (x[(size_t)j * rows + i] - r->center[j]);
    return s;
}

static double cumhaz(const CoxRisk *r, int s, double t, bool before)
{
    const size_t first = r->from[s];
    size_t lo = first, hi = r->from[s + 1];
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (before ? r->time[mid] < t : r->time[mid] <= t) lo = mid + 1; else hi = mid;
    }
    return lo == first ? 0 : r->cumhaz[lo - 1];
}

double cox_risk_cumhaz(const CoxRisk *r, int s, double t) { return cumhaz(r, s, t, false); }
double cox_risk_cumhaz_before(const CoxRisk *r, int s, double t) { return cumhaz(r, s, t, true); }
double cox_risk_at(const CoxRisk *r, int s, double t, double lp) { return -expm1(-cumhaz(r, s, t, false) * exp(lp)); }

Rc cox_risk_reaches(const double *time, const int *stratum, size_t n, const char *const *label, size_t n_strata, double t, Err *e)
{
    for (size_t s = 0; stratum && s < n_strata; s++) {
        double last = -INFINITY;
        for (size_t i = 0; i < n; i++) if ((size_t)stratum[i] == s && time[i] > last) last = time[i];
        if (t > last && last > -INFINITY)
            return err_set(e, ERR_USAGE, "--times %g lies behind the last time of the stratum %s, %g: its baseline ends there", t, label[s], last);
    }
    return OK;
}
