/* stats/ipcw.c: inverse probability of censoring weights, and measures of prediction that use them. */
#include "stats/ipcw.h"

#include <math.h>
#include <stdlib.h>

#include "core/order.h"
#include "core/sum.h"

Rc ipcw_init_weighted(Ipcw *w, const double *time, const int *state, const double *weight, const Clusters *clusters, Arena *a, Err *e)
{
    size_t n = clusters->n;
    *w = (Ipcw){ .n = n, .time = time, .state = state, .weight = weight, .clusters = *clusters };
    w->order = ARENA_NEW(a, n, size_t);
    w->G_before = ARENA_NEW(a, n, double);
    w->at = ARENA_NEW(a, n + 1, double);
    w->G_after = ARENA_NEW(a, n + 1, double);
    w->at_risk = ARENA_NEW(a, n + 1, double);
    w->first = ARENA_NEW(a, n + 1, size_t);
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
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) sum_add(&left, weight ? weight[w->order[i]] : 1);
        w->at_risk[k] = sum_value(&left);
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
    size_t m = w->n_times;
    double *share = malloc((m + 1) * sizeof *share);      /* S(z)/Y(z) at censoring times up to t, else 0 */
    if (!share) return err_nomem(e);
    Sum beyond = { 0 }, total = { 0 };
    for (size_t k = m; k-- > 0;) {
        share[k] = w->at[k] <= t ? sum_value(&beyond) / w->at_risk[k] : 0;
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) {
            double wx = weight_of(w, w->order[i]) * x[w->order[i]];
            sum_add(&beyond, wx);
            sum_add(&total, wx);
        }
    }
    double mean = sum_value(&total) / w->total, drift = 0;
    for (size_t k = 0; k < m; k++) {
        double censored = 0;
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++)
            if (w->state[w->order[i]] == 0) censored += weight_of(w, w->order[i]);
        drift += share[k] * censored / w->at_risk[k];
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) {
            size_t row = w->order[i];
            influence[row] = x[row] - mean - drift + (w->state[row] == 0 ? share[k] : 0);
        }
    }
    free(share);
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
    double m = (double)(w->clusters.cluster ? w->clusters.n_clusters : n), *wu = malloc(n * sizeof *wu), v;
    if (!wu) return err_nomem(e);
    for (size_t i = 0; i < n; i++) wu[i] = weight_of(w, i) * u[i];
    Rc rc = influence_product(&v, wu, wu, &w->clusters, e);
    free(wu);
    if (rc == OK && m > 1) *se = sqrt(v * m / (m - 1)) / w->total;
    return rc;
}

Rc ipcw_brier(Measure *out, const Ipcw *w, const double *risk, double t, Err *e)
{
    size_t n = w->n;
    double *x = calloc(2 * n + 1, sizeof *x), G = ipcw_G(w, t);
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
    Rc rc = ipcw_influence(x + n, w, x, t, e);
    if (rc == OK) rc = ipcw_se(&out->se, w, x + n, e);
    free(x);
    return rc;
}

/* Weights of cases (w) and controls (v) of each row. */
static void roles(double *wc, double *vc, const Ipcw *w, double t, CaseRule rule, bool other_events, const double *weight)
{
    double G = ipcw_G(w, t);
    for (size_t i = 0; i < w->n; i++) {
        double T = w->time[i];
        bool before = rule == CASES_UP_TO_T ? T <= t : T < t, after = T > t;
        double own = weight ? weight[i] : before ? 1 / w->G_before[i] : 1 / G;
        wc[i] = before && w->state[i] == 1 ? own : 0;
        vc[i] = after || (other_events && before && w->state[i] == 2) ? own : 0;
    }
}

Rc ipcw_auc(Measure *out, double *influence, const Ipcw *w, const double *marker, double t, CaseRule rule, bool other_events,
            const double *weight, Err *e)
{
    Rc rc = OK;
    size_t n = w->n;
    double N = w->total;
    double *block = calloc(6 * n + 1, sizeof *block), *wc = block, *vc = block + n, *pair = block + 2 * n;
    size_t *s = malloc((n + 1) * sizeof *s);
    *out = (Measure){ NAN, NAN };
    if (!block || !s) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; influence && i < n; i++) influence[i] = NAN;
    roles(wc, vc, w, t, rule, other_events, weight);
    order_start(s, n);
    TRY(order_by(s, marker, n, e));
    Sum m1 = { 0 }, m2 = { 0 }, wins = { 0 }, below = { 0 }, above = { 0 };
    for (size_t i = 0; i < n; i++) {
        sum_add(&m1, weight_of(w, s[i]) * wc[s[i]]);
        sum_add(&m2, weight_of(w, s[i]) * vc[s[i]]);
    }
    if (!(sum_value(&m1) > 0) || !(sum_value(&m2) > 0)) goto out;
    /* pair[i]: what row i carries of all pairs, as a case over controls below it and as a control under cases above it. */
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        double tied = 0;
        for (hi = lo; hi < n && marker[s[hi]] == marker[s[lo]]; hi++) tied += weight_of(w, s[hi]) * vc[s[hi]];
        for (size_t i = lo; i < hi; i++) {
            double h = wc[s[i]] * (sum_value(&below) + tied / 2) / N;
            pair[s[i]] += h;
            sum_add(&wins, weight_of(w, s[i]) * h / N);
        }
        for (size_t i = lo; i < hi; i++) sum_add(&below, weight_of(w, s[i]) * vc[s[i]]);
    }
    for (size_t hi = n, lo; hi > 0; hi = lo) {
        double tied = 0;
        for (lo = hi; lo > 0 && marker[s[lo - 1]] == marker[s[hi - 1]]; lo--) tied += weight_of(w, s[lo - 1]) * wc[s[lo - 1]];
        for (size_t i = lo; i < hi; i++) pair[s[i]] += vc[s[i]] * (sum_value(&above) + tied / 2) / N;
        for (size_t i = hi; i-- > lo;) sum_add(&above, weight_of(w, s[i]) * wc[s[i]]);
    }
    double a = sum_value(&m1) / N, b = sum_value(&m2) / N, auc = sum_value(&wins) / (a * b);
    out->value = auc;
    if (weight) goto out;
    double *u = block + 3 * n, *u1 = block + 4 * n, *u2 = block + 5 * n;
    TRY(ipcw_influence(u, w, pair, t, e));
    TRY(ipcw_influence(u1, w, wc, t, e));
    TRY(ipcw_influence(u2, w, vc, t, e));
    for (size_t i = 0; i < n; i++) u[i] = (u[i] - auc * (u1[i] * b + a * u2[i])) / (a * b);
    TRY(ipcw_se(&out->se, w, u, e));
    for (size_t i = 0; influence && i < n; i++) influence[i] = u[i];
out:
    free(block);
    free(s);
    return rc;
}
