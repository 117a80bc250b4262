/* stats/cox_risk.c: a Cox model of a whole design as something that gives risks. */
#include "stats/cox_risk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lanes_exp.h"
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

/* Rows by stratum, time, event and content: linear but for ties. */
static Rc content_order(size_t *order, const CoxInput *in, Err *e)
{
    Rc rc = OK;
    const size_t n = in->n;
    CoxInput context = *in;
    TRY(cox_time_order(order, n, in->stratum, in->time, in->event, e));
    for (size_t i = 0, to; i < n; i = to) {
        const size_t a = order[i];
        for (to = i + 1; to < n; to++) {
            const size_t b = order[to];
            if (in->time[a] != in->time[b] || (in->event[a] != 0) != (in->event[b] != 0) || (in->stratum && in->stratum[a] != in->stratum[b])) break;
        }
        if (to - i > 1) qsort_r(order + i, to - i, sizeof *order, by_content, &context);
    }
out:
    return rc;
}

/* The maximum from `start` (basis; NULL: 0), or why there is none. */
static Rc maximum(CoxMaximum *m, CoxData *d, const double *start, const char *const *term, Json *out, Arena *a, Err *e)
{
    Rc rc = OK;
    Existence ex = { 0 };
    TRY(cox_maximise(m, d, start, NULL, a, e));
    if (!m->certified) TRY(existence_cox(&ex, d, a, e));
    if (ex.separated) {
        double most = 0;
        int worst = 0;
        for (int j = 0; j < d->p; j++)
            if (fabs(ex.direction[j]) > most) { most = fabs(ex.direction[j]); worst = j; }
        rc = diagnose_fatal(out, e, "monotone_likelihood", "every event has the most extreme %s of all at risk: its coefficient is "
                            "infinite and so are the risks; leave it out or use cox --penalty firth", term[worst]);
    } else if (m->singular || !m->converged) {
        rc = diagnose_fatal(out, e, "no_information", "the Cox model has no maximum that could be found");
    }
out:
    return rc;
}

/* Steps of the cumulative hazard by stratum, after an evaluation. */
static Rc hazards(CoxRisk *r, const CoxData *d, const CoxInput *in, Arena *a, Err *e)
{
    r->time = ARENA_ROOM(a, d->n_blocks, double);
    r->cumhaz = ARENA_ROOM(a, d->n_blocks, double);
    r->n_strata = 1;
    for (size_t i = 0; in->stratum && i < d->n; i++) if ((size_t)in->stratum[i] >= r->n_strata) r->n_strata = (size_t)in->stratum[i] + 1;
    r->from = ARENA_NEW(a, r->n_strata + 1, size_t);
    if (!r->time || !r->cumhaz || !r->from) return err_nomem(e);
    size_t next = 0;               /* strata come in ascending order, those without rows not at all */
    for (size_t s = 0; s < d->n_strata; s++) {
        const CoxStratum *t = &d->stratum[s];
        const size_t code = in->stratum ? (size_t)in->stratum[d->order[t->row_from]] : 0;
        const double scale = exp(-d->shift[s]);
        Sum H = { 0 };
        while (next <= code) r->from[next++] = t->block_from;
        for (size_t k = t->block_from; k < t->block_to; k++) {
            sum_add(&H, d->event_terms[k].jump * scale);
            r->time[k] = d->block[k].time;
            r->cumhaz[k] = sum_value(&H);
        }
    }
    while (next <= r->n_strata) r->from[next++] = d->n_blocks;
    return OK;
}

/* Everything but the risks is left in `scratch`. */
static Rc fit(CoxRisk *r, CoxKept *kept, const CoxInput *given, const char *const *term, Json *out, Arena *a, Arena *scratch, Err *e)
{
    Rc rc = OK;
    CoxInput in = *given;
    const int p = in.p;
    size_t *order = ARENA_ROOM(scratch, in.n, size_t);
    CoxData d = { 0 };
    CoxMaximum m = { 0 };
    *r = (CoxRisk){ .p = p, .beta = ARENA_NEW(a, (size_t)p, double), .center = ARENA_NEW(a, (size_t)p, double) };
    if (!order || !r->beta || !r->center) { rc = err_nomem(e); goto out; }
    TRY(content_order(order, &in, e));
    in.order = order;
    TRY(cox_data_init(&d, &in, scratch, e));
    TRY(maximum(&m, &d, NULL, term, out, scratch, e));
    cox_to_columns(r->beta, &d, m.g);
    for (int j = 0; j < p; j++) r->center[j] = d.center[j];
    r->loglik = m.loglik;
    r->loglik_null = m.loglik_start;
    r->max_abs_score = m.max_abs_score;
    r->iterations = m.iterations;
    double loglik;
    if (!cox_evaluate(&d, m.g, &loglik, NULL, NULL)) { rc = err_set(e, ERR_ESTIMATE, "the linear predictor is not finite"); goto out; }
    TRY(hazards(r, &d, &in, a, e));
    kept->data = d;
    kept->g = m.g;
    kept->vcov = m.vcov;
out:
    return rc;
}

Rc cox_risk_fit_input(CoxRisk *r, const CoxInput *in, const char *const *term, Json *out, Arena *a, Err *e)
{
    CoxKept kept;
    Arena scratch = { 0 };
    const Rc rc = fit(r, &kept, in, term, out, a, &scratch, e);
    arena_free(&scratch);
    return rc;
}

Rc cox_risk_fit_kept(CoxRisk *r, CoxKept *kept, const CoxInput *in, const char *const *term, Json *out, Arena *a, Err *e)
{
    const Rc rc = fit(r, kept, in, term, out, a, a, e);
    return rc == OK ? cox_detail(&kept->detail, &kept->data, kept->g, a, e) : rc;
}

Rc cox_risk_slope(double *slope, const CoxInput *given, double start, const char *term, Json *out, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    CoxInput in = *given;
    size_t *order = ARENA_ROOM(&scratch, in.n, size_t);
    CoxData d = { 0 };
    CoxMaximum m = { 0 };
    if (!order) { rc = err_nomem(e); goto out; }
    TRY(content_order(order, &in, e));
    in.order = order;
    TRY(cox_data_init(&d, &in, &scratch, e));
    const double g = start / d.T[0];
    TRY(maximum(&m, &d, &g, &term, out, &scratch, e));
    cox_to_columns(slope, &d, m.g);
out:
    arena_free(&scratch);
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

void cox_risk_cumhaz_along(double *H, size_t stride, const CoxRisk *r, int s, const double *t, size_t n)
{
    const size_t from = r->from[s], to = r->from[s + 1];
    for (size_t k = 0, q = from; k < n; k++) {
        while (q < to && r->time[q] <= t[k]) q++;
        H[k * stride] = q > from ? r->cumhaz[q - 1] : 0;
    }
}

static inline __attribute__((always_inline)) Lanes risks_of(Lanes lp, double H)
{
    const Lanes least = lanes_all(-708), x = -H * lanes_exp(lp);
    return -lanes_expm1_within(lanes_select(lanes_below(x, least), least, x));
}

FOR_EACH_WIDTH void cox_risks_at(double *risk, const double *lp, size_t n, double H)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) lanes_put(risk + i, risks_of(lanes_at(lp + i), H));
    if (i == n) return;
    Lanes rest = { 0 };
    memcpy(&rest, lp + i, (n - i) * sizeof *lp);
    rest = risks_of(rest, H);
    memcpy(risk + i, &rest, (n - i) * sizeof *risk);
}
