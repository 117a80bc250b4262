/* stats/ipcw_auc.c: areas under time-dependent ROC curves, weighted for censoring. */
#include <math.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/ipcw.h"

static double weight_of(const Ipcw *w, size_t row) { return w->weight ? w->weight[row] : 1; }

/* own[i]: by how much row i counts, above 0 as a case, below 0 as a control, 0 as neither. */
static void roles(double *own, const Ipcw *w, double t, CaseRule rule, bool other_events, const double *weight)
{
    const double beyond = 1 / ipcw_G(w, t);
    for (size_t i = 0; i < w->n; i++) {
        const double T = w->time[i];
        const bool before = rule == CASES_UP_TO_T ? T <= t : T < t, after = T > t;
        own[i] = 0;
        if (before && w->state[i] == 1) own[i] = weight ? weight[i] : 1 / w->G_before[i];
        else if (after || (other_events && before && w->state[i] == 2)) own[i] = -(weight ? weight[i] : before ? 1 / w->G_before[i] : beyond);
    }
}

Rc ipcw_ranked_init(IpcwRanked *r, const Ipcw *w, const double *marker, Arena *a, Err *e)
{
    const size_t n = w->n;
    *r = (IpcwRanked){ w, marker, ARENA_ROOM(a, n, size_t), ARENA_ROOM(a, n, double), ARENA_ROOM(a, n, double), ARENA_ROOM(a, n, double) };
    if (!r->order || !r->own || !r->ranked || !r->pair) return err_nomem(e);
    order_start(r->order, n);
    return order_by(r->order, marker, n, e);
}

/* Sums of the rows with smaller markers, and with larger ones: pair[i] is what row i carries of all pairs, as a case over the controls below it
 * or as a control under the cases above it. `wins`: the sum over the cases. */
static double pairs(const IpcwRanked *r, double *cases, double *controls)
{
    const Ipcw *w = r->w;
    const size_t n = w->n, *s = r->order;
    const double N = w->total;
    double *q = r->ranked;
    Sum wins = { 0 }, below = { 0 }, above = { 0 };
    for (size_t i = 0; i < n; i++) q[i] = r->own[s[i]];
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        const double under = sum_value(&below);
        double tied = 0;
        for (hi = lo; hi < n && (hi == lo || r->marker[s[hi]] == r->marker[s[lo]]); hi++) {
            if (!(q[hi] < 0)) continue;
            const double v = weight_of(w, s[hi]) * -q[hi];
            tied += v;
            sum_add(&below, v);
        }
        for (size_t i = lo; i < hi; i++) {
            if (!(q[i] > 0)) continue;
            const double h = q[i] * (under + tied / 2) / N;
            r->pair[s[i]] = h;
            sum_add(&wins, weight_of(w, s[i]) * h / N);
        }
    }
    for (size_t hi = n, lo; hi > 0; hi = lo) {
        const double over = sum_value(&above);
        double tied = 0;
        for (lo = hi; lo > 0 && (lo == hi || r->marker[s[lo - 1]] == r->marker[s[hi - 1]]); lo--) {
            if (!(q[lo - 1] > 0)) continue;
            const double v = weight_of(w, s[lo - 1]) * q[lo - 1];
            tied += v;
            sum_add(&above, v);
        }
        for (size_t i = lo; i < hi; i++)
            if (!(q[i] > 0)) r->pair[s[i]] = -q[i] * (over + tied / 2) / N;
    }
    *cases = sum_value(&above);
    *controls = sum_value(&below);
    return sum_value(&wins);
}

Rc ipcw_auc_ranked(Measure *out, double *influence, const IpcwRanked *r, double t, CaseRule rule, bool other_events, const double *weight, Err *e)
{
    Rc rc = OK;
    const Ipcw *w = r->w;
    const size_t n = w->n;
    double cases, controls;
    *out = (Measure){ NAN, NAN };
    for (size_t i = 0; influence && i < n; i++) influence[i] = NAN;
    roles(r->own, w, t, rule, other_events, weight);
    const double wins = pairs(r, &cases, &controls);
    if (!(cases > 0) || !(controls > 0)) goto out;
    const double a = cases / w->total, b = controls / w->total, auc = wins / (a * b);
    out->value = auc;
    /* The ratio's influence is linear in those of its three sums. */
    for (size_t i = 0; i < n; i++) r->pair[i] = (r->pair[i] - auc * (r->own[i] > 0 ? r->own[i] * b : -r->own[i] * a)) / (a * b);
    if (weight) {
        for (size_t i = 0; influence && i < n; i++) influence[i] = r->pair[i];
        goto out;
    }
    double *u = influence ? influence : r->pair;
    TRY(ipcw_influence(u, w, r->pair, t, e));
    TRY(ipcw_se(&out->se, w, u, e));
out:
    return rc;
}

Rc ipcw_auc(Measure *out, double *influence, const Ipcw *w, const double *marker, double t, CaseRule rule, bool other_events,
            const double *weight, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    IpcwRanked r;
    TRY(ipcw_ranked_init(&r, w, marker, &a, e));
    TRY(ipcw_auc_ranked(out, influence, &r, t, rule, other_events, weight, e));
out:
    arena_free(&a);
    return rc;
}
