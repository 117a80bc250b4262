/* stats/ipcw.c: inverse probability of censoring weights, and measures of prediction that use them. */
#include "stats/ipcw.h"

#include <math.h>
#include <stdlib.h>

#include "core/order.h"
#include "core/sum.h"

Rc ipcw_init(Ipcw *w, const double *time, const int *state, size_t n, Arena *a, Err *e)
{
    *w = (Ipcw){ .n = n, .time = time, .state = state };
    w->order = ARENA_NEW(a, n, size_t);
    w->G_before = ARENA_NEW(a, n, double);
    w->at = ARENA_NEW(a, n + 1, double);
    w->G_after = ARENA_NEW(a, n + 1, double);
    w->first = ARENA_NEW(a, n + 1, size_t);
    if (!w->order || !w->G_before || !w->at || !w->G_after || !w->first) return err_nomem(e);
    order_start(w->order, n);
    Rc rc = order_by(w->order, time, n, e);
    if (rc != OK) return rc;
    double G = 1;
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        double left = (double)(n - lo), events = 0, censored = 0;
        for (hi = lo; hi < n && time[w->order[hi]] == time[w->order[lo]]; hi++) {
            size_t i = w->order[hi];
            w->G_before[i] = G;
            *(state[i] ? &events : &censored) += 1;
        }
        if (censored > 0) G *= 1 - censored / (left - events);
        w->at[w->n_times] = time[w->order[lo]];
        w->first[w->n_times] = lo;
        w->G_after[w->n_times++] = G;
    }
    w->first[w->n_times] = n;
    return OK;
}

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
    size_t n = w->n, m = w->n_times;
    double *share = malloc((m + 1) * sizeof *share);      /* S(z)/Y(z) at censoring times up to t, else 0 */
    if (!share) return err_nomem(e);
    Sum beyond = { 0 }, total = { 0 };
    for (size_t k = m; k-- > 0;) {
        share[k] = w->at[k] <= t ? sum_value(&beyond) / (double)(n - w->first[k]) : 0;
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) {
            sum_add(&beyond, x[w->order[i]]);
            sum_add(&total, x[w->order[i]]);
        }
    }
    double mean = sum_value(&total) / (double)n, drift = 0;
    for (size_t k = 0; k < m; k++) {
        double censored = 0;
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) censored += w->state[w->order[i]] == 0;
        drift += share[k] * censored / (double)(n - w->first[k]);
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) {
            size_t row = w->order[i];
            influence[row] = x[row] - mean - drift + (w->state[row] == 0 ? share[k] : 0);
        }
    }
    free(share);
    return OK;
}

double influence_se(const double *u, size_t n)
{
    if (n < 2) return NAN;
    double mean = mean_of(u, n);
    Sum s = { 0 };
    for (size_t i = 0; i < n; i++) sum_add(&s, (u[i] - mean) * (u[i] - mean));
    return sqrt(sum_value(&s) / (double)(n - 1) / (double)n);
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
    for (size_t i = 0; i < n; i++) sum_add(&s, x[w->order[i]]);
    Rc rc = ipcw_influence(x + n, w, x, t, e);
    if (rc == OK) *out = (Measure){ sum_value(&s) / (double)n, influence_se(x + n, n) };
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
    double N = (double)n;
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
        sum_add(&m1, wc[s[i]]);
        sum_add(&m2, vc[s[i]]);
    }
    if (!(sum_value(&m1) > 0) || !(sum_value(&m2) > 0)) goto out;
    /* pair[i]: what row i carries of all pairs, as a case over controls below it and as a control under cases above it. */
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        double tied = 0;
        for (hi = lo; hi < n && marker[s[hi]] == marker[s[lo]]; hi++) tied += vc[s[hi]];
        for (size_t i = lo; i < hi; i++) {
            double h = wc[s[i]] * (sum_value(&below) + tied / 2) / N;
            pair[s[i]] += h;
            sum_add(&wins, h / N);
        }
        for (size_t i = lo; i < hi; i++) sum_add(&below, vc[s[i]]);
    }
    for (size_t hi = n, lo; hi > 0; hi = lo) {
        double tied = 0;
        for (lo = hi; lo > 0 && marker[s[lo - 1]] == marker[s[hi - 1]]; lo--) tied += wc[s[lo - 1]];
        for (size_t i = lo; i < hi; i++) pair[s[i]] += vc[s[i]] * (sum_value(&above) + tied / 2) / N;
        for (size_t i = hi; i-- > lo;) sum_add(&above, wc[s[i]]);
    }
    double a = sum_value(&m1) / N, b = sum_value(&m2) / N, auc = sum_value(&wins) / (a * b);
    out->value = auc;
    if (weight) goto out;
    double *u = block + 3 * n, *u1 = block + 4 * n, *u2 = block + 5 * n;
    TRY(ipcw_influence(u, w, pair, t, e));
    TRY(ipcw_influence(u1, w, wc, t, e));
    TRY(ipcw_influence(u2, w, vc, t, e));
    for (size_t i = 0; i < n; i++) u[i] = (u[i] - auc * (u1[i] * b + a * u2[i])) / (a * b);
    out->se = influence_se(u, n);
    for (size_t i = 0; influence && i < n; i++) influence[i] = u[i];
out:
    free(block);
    free(s);
    return rc;
}
