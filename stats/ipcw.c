/* stats/ipcw.c: inverse probability of censoring weights, and measures of prediction that use them. */
#include "stats/ipcw.h"

#include <math.h>

#include "core/order.h"
#include "core/sum.h"

Rc ipcw_init_weighted(Ipcw *w, const double *time, const int *state, const double *weight, const Clusters *clusters, Arena *a, Err *e)
{
    size_t n = clusters->n;
    *w = (Ipcw){ .n = n, .time = time, .state = state, .weight = weight, .clusters = *clusters };
    w->order = ARENA_ROOM(a, n, size_t);
    w->G_before = ARENA_ROOM(a, n, double);
    w->at = ARENA_ROOM(a, n + 1, double);
    w->G_after = ARENA_ROOM(a, n + 1, double);
    w->at_risk = ARENA_ROOM(a, n + 1, double);
    w->first = ARENA_ROOM(a, n + 1, size_t);
    if (!w->order || !w->G_before || !w->at || !w->G_after || !w->first || !w->at_risk) return err_nomem(e);
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
    double G = 1;
    for (size_t k = 0; k < w->n_times; k++) {
        double events = 0, censored = 0;
        size_t n_censored = 0, here = w->first[k + 1] - w->first[k];
        for (size_t q = w->first[k]; q < w->first[k + 1]; q++) {
            size_t i = w->order[q];
            w->G_before[i] = G;
            *(state[i] ? &events : &censored) += weight ? weight[i] : 1;
            n_censored += !state[i];
        }
        /* Whoever is left of all that are not events is censored here: G is 0, not what rounding leaves of it. */
        bool all = n_censored > 0 && w->first[k] + here == n;
        if (n_censored > 0) G *= all ? 0 : 1 - censored / (w->at_risk[k] - events);
        w->G_after[k] = G;
    }
    return OK;
}

Rc ipcw_init(Ipcw *w, const double *time, const int *state, size_t n, Arena *a, Err *e)
{
    return ipcw_init_weighted(w, time, state, NULL, &(Clusters){ .n = n }, a, e);
}

static double weight_of(const Ipcw *w, size_t row) { return w->weight ? w->weight[row] : 1; }

double ipcw_G(const Ipcw *w, double t)
{
    size_t lo = 0, hi = w->n_times;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->at[mid] <= t) lo = mid + 1; else hi = mid;
    }
    return lo == 0 ? 1 : w->G_after[lo - 1];
}

Rc ipcw_influence(double *influence, const Ipcw *w, const double *x, double t, Err *e)
{
    size_t m = w->n_times, upto = 0;
    while (upto < m && w->at[upto] <= t) upto++;
    Arena scratch = { 0 };
    double *share = ARENA_ROOM(&scratch, upto + 1, double);      /* S(z)/Y(z) at times up to t; beyond them nothing is estimated */
    if (!share) return err_nomem(e);
    Sum beyond = { 0 };
    for (size_t k = m; k-- > 0;) {
        if (k < upto) share[k] = sum_value(&beyond) / w->at_risk[k];
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) sum_add(&beyond, weight_of(w, w->order[i]) * x[w->order[i]]);
    }
    const double mean = sum_value(&beyond) / w->total;
    double drift = 0;
    for (size_t k = 0; k < m; k++) {
        double censored = 0;
        for (size_t i = w->first[k]; k < upto && i < w->first[k + 1]; i++)
            if (w->state[w->order[i]] == 0) censored += weight_of(w, w->order[i]);
        if (censored > 0) drift += share[k] * censored / w->at_risk[k];
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) {
            size_t row = w->order[i];
            influence[row] = x[row] - mean - drift + (k < upto && w->state[row] == 0 ? share[k] : 0);
        }
    }
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
    for (size_t i = 0; i < n; i++) wu[i] = weight_of(w, i) * u[i];
    Rc rc = influence_product(&v, wu, wu, &w->clusters, e);
    arena_free(&scratch);
    if (rc == OK && m > 1) *se = sqrt(v * m / (m - 1)) / w->total;
    return rc;
}

Rc ipcw_brier(Measure *out, const Ipcw *w, const double *risk, double t, Err *e)
{
    size_t n = w->n;
    Arena scratch = { 0 };
    double *x = ARENA_ROOM(&scratch, n + 1, double), G = ipcw_G(w, t);
    *out = (Measure){ NAN, NAN };
    if (!x) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        bool before = w->time[i] <= t;
        double y = before && w->state[i] == 1, d = y - risk[i];
        x[i] = !before ? d * d / G : w->state[i] ? d * d / w->G_before[i] : 0;
    }
    Sum s = { 0 };
    for (size_t i = 0; i < n; i++) sum_add(&s, weight_of(w, w->order[i]) * x[w->order[i]]);
    out->value = sum_value(&s) / w->total;
    Rc rc = ipcw_influence(x, w, x, t, e);
    if (rc == OK) rc = ipcw_se(&out->se, w, x, e);
    arena_free(&scratch);
    return rc;
}
