/* stats/ipcw.c: inverse probability of censoring weights, and measures of prediction that use them. */
#include "stats/ipcw.h"

#include <math.h>

#include "core/order.h"
#include "core/sum.h"

/* G at and after each time, and what of it the rows there need. */
static void censoring_curve(Ipcw *w)
{
    const size_t n = w->n;
    double G = 1;
    for (size_t k = 0; k < w->n_times; k++) {
        double events = 0, censored = 0;
        size_t n_censored = 0;
        const size_t end = w->first[k + 1];
        const double inverse = 1 / G;
        for (size_t q = w->first[k]; q < end; q++) {
            const size_t i = w->order[q];
            const double own = w->weight ? w->weight[i] : 1;
            const bool is_censored = w->state[i] == 0;
            w->state_at[q] = (unsigned char)w->state[i];
            w->inverse_at[q] = inverse;
            events += is_censored ? 0 : own;
            censored += is_censored ? own : 0;
            n_censored += is_censored;
        }
        /* Whoever is left of all that are not events is censored here: G is 0, not what rounding leaves of it. */
        const double left = n_censored > 0 && end == n ? 0 : 1 - censored / (w->at_risk[k] - events);
        G = n_censored > 0 ? G * left : G;
        w->G_after[k] = G;
    }
}

Rc ipcw_init_weighted(Ipcw *w, const double *time, const int *state, const double *weight, const Clusters *clusters, Arena *a, Err *e)
{
    size_t n = clusters->n;
    *w = (Ipcw){ .n = n, .time = time, .state = state, .weight = weight, .clusters = *clusters };
    w->order = ARENA_ROOM(a, n, size_t);
    w->state_at = arena_room(a, n, 1);
    w->inverse_at = ARENA_ROOM(a, n, double);
    w->at = ARENA_ROOM(a, n + 1, double);
    w->G_after = ARENA_ROOM(a, n + 1, double);
    w->at_risk = ARENA_ROOM(a, n + 1, double);
    w->first = ARENA_ROOM(a, n + 1, size_t);
    if (!w->order || !w->state_at || !w->inverse_at || !w->at || !w->G_after || !w->first || !w->at_risk) return err_nomem(e);
    order_start(w->order, n);
    Rc rc = order_by(w->order, time, n, e);
    if (rc != OK) return rc;
    for (size_t lo = 0; lo < n; lo++) {
        if (lo && time[w->order[lo]] == time[w->order[lo - 1]]) continue;
        w->at[w->n_times] = time[w->order[lo]];
        w->first[w->n_times++] = lo;
    }
    w->first[w->n_times] = n;
    Sum left = { 0 };
    for (size_t k = w->n_times; k-- > 0;) {
        for (size_t i = w->first[k]; weight && i < w->first[k + 1]; i++) sum_add(&left, weight[w->order[i]]);
        w->at_risk[k] = weight ? sum_value(&left) : (double)(n - w->first[k]);
    }
    w->total = w->n_times ? w->at_risk[0] : 0;
    censoring_curve(w);
    return OK;
}

Rc ipcw_init(Ipcw *w, const double *time, const int *state, size_t n, Arena *a, Err *e)
{
    return ipcw_init_weighted(w, time, state, NULL, &(Clusters){ .n = n }, a, e);
}

size_t ipcw_times(const Ipcw *w, double t, bool with_t)
{
    size_t lo = 0, hi = w->n_times;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->at[mid] < t || (with_t && w->at[mid] == t)) lo = mid + 1; else hi = mid;
    }
    return lo;
}

double ipcw_G(const Ipcw *w, double t)
{
    const size_t upto = ipcw_times(w, t, true);
    return upto == 0 ? 1 : w->G_after[upto - 1];
}

static double weight_at(const Ipcw *w, size_t place) { return w->weight ? w->weight[w->order[place]] : 1; }

Rc ipcw_influence(double *influence, const Ipcw *w, const double *x, double t, Err *e)
{
    const size_t m = w->n_times, upto = ipcw_times(w, t, true);
    Arena scratch = { 0 };
    double *share = ARENA_ROOM(&scratch, upto + 1, double);      /* S(z)/Y(z) at times up to t; beyond them nothing is estimated */
    if (!share) return err_nomem(e);
    Sum beyond = { 0 };
    for (size_t q = w->n; q-- > w->first[upto];) sum_add(&beyond, weight_at(w, q) * x[q]);
    for (size_t k = upto; k-- > 0;) {
        share[k] = sum_value(&beyond) / w->at_risk[k];
        for (size_t q = w->first[k + 1]; q-- > w->first[k];) sum_add(&beyond, weight_at(w, q) * x[q]);
    }
    const double mean = sum_value(&beyond) / w->total;
    double drift = 0;
    for (size_t k = 0; k < upto; k++) {
        double censored = 0;
        for (size_t q = w->first[k]; q < w->first[k + 1]; q++) censored += w->state_at[q] == 0 ? weight_at(w, q) : 0;
        const double more = share[k] * censored / w->at_risk[k];
        drift += censored > 0 ? more : 0;
        for (size_t q = w->first[k]; q < w->first[k + 1]; q++) influence[q] = x[q] - mean - drift + (w->state_at[q] == 0 ? share[k] : 0);
    }
    for (size_t q = w->first[upto]; upto < m && q < w->n; q++) influence[q] = x[q] - mean - drift;
    arena_free(&scratch);
    return OK;
}

Rc ipcw_se(double *se, const Ipcw *w, const double *u, Err *e)
{
    size_t n = w->n;
    *se = NAN;
    if (n < 2) return OK;
    if (!w->weight && !w->clusters.cluster) {
        double mean = mean_of(u, n);
        Sum s = { 0 };
        for (size_t i = 0; i < n; i++) sum_add(&s, (u[i] - mean) * (u[i] - mean));
        *se = sqrt(sum_value(&s) / (double)(n - 1) / (double)n);
        return OK;
    }
    Arena scratch = { 0 };
    double m = (double)(w->clusters.cluster ? w->clusters.n_clusters : n), *wu = ARENA_ROOM(&scratch, n, double), v;
    if (!wu) return err_nomem(e);
    for (size_t i = 0; i < n; i++) wu[i] = (w->weight ? w->weight[i] : 1) * u[i];
    Rc rc = influence_product(&v, wu, wu, &w->clusters, e);
    arena_free(&scratch);
    if (rc == OK && m > 1) *se = sqrt(v * m / (m - 1)) / w->total;
    return rc;
}

Rc ipcw_se_sorted(double *se, const Ipcw *w, const double *u, Err *e)
{
    if (!w->weight && !w->clusters.cluster) return ipcw_se(se, w, u, e);
    Arena scratch = { 0 };
    double *by_row = ARENA_ROOM(&scratch, w->n, double);
    if (!by_row) return err_nomem(e);
    for (size_t q = 0; q < w->n; q++) by_row[w->order[q]] = u[q];
    const Rc rc = ipcw_se(se, w, by_row, e);
    arena_free(&scratch);
    return rc;
}

/* risk by row; NULL: `same` for all. */
static Rc brier(Measure *out, const Ipcw *w, const double *risk, double same, double t, Err *e)
{
    const size_t n = w->n, upto = w->first[ipcw_times(w, t, true)];
    Arena scratch = { 0 };
    double *x = ARENA_ROOM(&scratch, n + 1, double);
    const double beyond = 1 / ipcw_G(w, t);
    *out = (Measure){ NAN, NAN };
    if (!x) return err_nomem(e);
    for (size_t q = 0; q < upto; q++) {
        const double d = (w->state_at[q] == 1 ? 1 : 0) - (risk ? risk[w->order[q]] : same);
        x[q] = w->state_at[q] ? d * d * w->inverse_at[q] : 0;
    }
    for (size_t q = upto; q < n; q++) {
        const double r = risk ? risk[w->order[q]] : same;
        x[q] = r * r * beyond;
    }
    Sum s = { 0 };
    for (size_t q = 0; q < n; q++) sum_add(&s, weight_at(w, q) * x[q]);
    out->value = sum_value(&s) / w->total;
    Rc rc = ipcw_influence(x, w, x, t, e);
    if (rc == OK) rc = ipcw_se_sorted(&out->se, w, x, e);
    arena_free(&scratch);
    return rc;
}

Rc ipcw_brier(Measure *out, const Ipcw *w, const double *risk, double t, Err *e) { return brier(out, w, risk, 0, t, e); }
Rc ipcw_brier_same(Measure *out, const Ipcw *w, double risk, double t, Err *e) { return brier(out, w, NULL, risk, t, e); }
