/* stats/ipcw_auc.c: areas under time-dependent ROC curves, weighted for censoring. */
#include <math.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/ipcw.h"

static double weight_at(const Ipcw *w, size_t place) { return w->weight ? w->weight[w->order[place]] : 1; }

/* own[q]: by how much the row counts, above 0 as a case, below 0 as a control, 0 as neither. weight by row; NULL: of the marginal curve. */
static void roles(double *own, const Ipcw *w, double t, CaseRule rule, bool other_events, const double *weight)
{
    const double sign[3] = { 0, 1, other_events ? -1 : 0 }, beyond = 1 / ipcw_G(w, t);
    const size_t before = w->first[ipcw_times(w, t, rule == CASES_UP_TO_T)], upto = w->first[ipcw_times(w, t, true)];
    for (size_t q = 0; q < before; q++) own[q] = sign[w->state_at[q]] * (weight ? weight[w->order[q]] : w->inverse_at[q]);
    for (size_t q = before; q < upto; q++) own[q] = 0;
    for (size_t q = upto; q < w->n; q++) own[q] = -(weight ? weight[w->order[q]] : beyond);
}

Rc ipcw_ranked_init(IpcwRanked *r, const Ipcw *w, const double *marker, Arena *a, Err *e)
{
    const size_t n = w->n;
    *r = (IpcwRanked){ w, ARENA_ROOM(a, n, size_t), arena_room(a, n, 1), ARENA_ROOM(a, n, double), ARENA_ROOM(a, n, double), ARENA_ROOM(a, n, double),
                       ARENA_ROOM(a, n, double) };
    if (!r->order || !r->tied || !r->own || !r->ranked || !r->half || !r->pair) return err_nomem(e);
    double *by_place = r->own, *sorted = r->ranked;
    for (size_t q = 0; q < n; q++) by_place[q] = marker[w->order[q]];
    order_start(r->order, n);
    const Rc rc = order_by(r->order, by_place, n, e);
    if (rc != OK) return rc;
    for (size_t i = 0; i < n; i++) sorted[i] = by_place[r->order[i]];
    for (size_t i = 0; i < n; i++) r->tied[i] = i > 0 && sorted[i] == sorted[i - 1];
    return OK;
}

/* Sums of the rows with smaller markers, and with larger ones: pair[q] is what a row carries of all pairs, as a case over the controls below it
 * or as a control under the cases above it. `wins`: the sum over the cases. Who is a case cannot be foreseen: everyone is added, as 0 where
 * another kind is asked for. */
static double pairs(const IpcwRanked *r, double *cases, double *controls)
{
    const Ipcw *w = r->w;
    const size_t n = w->n, *s = r->order;
    const double N = w->total;
    double *own = r->ranked, *half = r->half;
    Sum wins = { 0 }, below = { 0 }, above = { 0 };
    for (size_t i = 0; i < n; i++) own[i] = r->own[s[i]];
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        const double under = sum_value(&below);
        double tied = 0;
        for (hi = lo; hi < n && (hi == lo || r->tied[hi]); hi++) {
            const double v = own[hi] < 0 ? weight_at(w, s[hi]) * -own[hi] : 0;
            tied += v;
            sum_add(&below, v);
        }
        for (size_t i = lo; i < hi; i++) {
            const double h = own[i] > 0 ? own[i] * (under + tied / 2) / N : 0;
            half[i] = h;
            sum_add(&wins, weight_at(w, s[i]) * h / N);
        }
    }
    for (size_t hi = n, lo; hi > 0; hi = lo) {
        const double over = sum_value(&above);
        double tied = 0;
        for (lo = hi; lo > 0 && (lo == hi || r->tied[lo]); lo--) {
            const double v = own[lo - 1] > 0 ? weight_at(w, s[lo - 1]) * own[lo - 1] : 0;
            tied += v;
            sum_add(&above, v);
        }
        for (size_t i = lo; i < hi; i++) {
            const double h = -own[i] * (over + tied / 2) / N;
            r->pair[s[i]] = own[i] > 0 ? half[i] : h;
        }
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
    double cases, controls, *u = r->pair;
    *out = (Measure){ NAN, NAN };
    for (size_t i = 0; influence && i < n; i++) influence[i] = NAN;
    roles(r->own, w, t, rule, other_events, weight);
    const double wins = pairs(r, &cases, &controls);
    if (!(cases > 0) || !(controls > 0)) goto out;
    const double a = cases / w->total, b = controls / w->total, auc = wins / (a * b);
    out->value = auc;
    /* The ratio's influence is linear in those of its three sums. */
    for (size_t q = 0; q < n; q++) u[q] = (u[q] - auc * (r->own[q] > 0 ? r->own[q] * b : -r->own[q] * a)) / (a * b);
    if (!weight) {
        TRY(ipcw_influence(u, w, u, t, e));
        TRY(ipcw_se_sorted(&out->se, w, u, e));
    }
    for (size_t q = 0; influence && q < n; q++) influence[w->order[q]] = u[q];
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
