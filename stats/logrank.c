/* stats/logrank.c: log-rank and G-rho tests on plain arrays. */
#include "stats/logrank.h"

#include <math.h>
#include <stdlib.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/dist.h"
#include "stats/influence.h"
#include "stats/linalg.h"
#include "stats/time_counts.h"

typedef struct { double time, start, weight; int event, group, stratum; } Row;

/* What the deaths at one time add: n[g] at risk, dead[g] of them. */
static void time_add(LogrankTest *t, const double *n, const double *dead, int G, double rho, double *surv, int s)
{
    double total = 0, deaths = 0;
    for (int g = 0; g < G; g++) { total += n[g]; deaths += dead[g]; }
    if (!(deaths > 0)) return;
    const double w = rho == 0 ? 1 : pow(*surv, rho);
    for (int g = 0; g < G; g++) {
        t->observed_by_stratum[s * G + g] += w * dead[g];
        t->expected_by_stratum[s * G + g] += w * deaths * n[g] / total;
    }
    if (total > 1) {
        const double f = w * w * deaths * (total - deaths) / (total * total * (total - 1));
        for (int g = 0; g < G; g++)
            for (int h = 0; h < G; h++) t->var[h * G + g] += f * n[g] * ((g == h ? total : 0) - n[h]);
    }
    *surv *= (total - deaths) / total;
}

/* Rows of whole counts that are all at risk from the start. */
static void runs_add(LogrankTest *t, const TimeRuns *r, int G, double rho, double *n, double *dead)
{
    const uint64_t of_kind = ((uint64_t)1 << r->kind_bits) - 1;
    for (size_t lo = 0, hi; lo < r->n; lo = hi) {
        const int shift = r->stratum_shift;
        const uint64_t s = shift < 64 ? r->key[lo] >> shift : 0;
        double surv = 1;
        for (int g = 0; g < G; g++) n[g] = 0;
        for (hi = lo; hi < r->n && (shift < 64 ? r->key[hi] >> shift : 0) == s; hi++) n[(r->key[hi] & of_kind) >> 1] += r->count ? r->count[hi] : 1;
        for (size_t i = lo, j; i < hi; i = j) {
            const uint64_t time = r->key[i] >> r->kind_bits;
            for (int g = 0; g < G; g++) dead[g] = 0;
            for (j = i; j < hi && r->key[j] >> r->kind_bits == time; j++)
                dead[(r->key[j] & of_kind) >> 1] += r->key[j] & 1 ? (r->count ? r->count[j] : 1) : 0;
            time_add(t, n, dead, G, rho, &surv, (int)s);
            for (size_t k = i; k < j; k++) n[(r->key[k] & of_kind) >> 1] -= r->count ? r->count[k] : 1;
        }
    }
}

/* One stratum: rows [lo, hi) of row (by time) and of entry (by start, NULL when all start at once). */
static void stratum_add(LogrankTest *t, const Row *row, const Row *entry, size_t lo, size_t hi, int G, double rho, int s,
                        double *n, double *dead)
{
    double surv = 1;
    for (int g = 0; g < G; g++) n[g] = 0;
    if (!entry)
        for (size_t i = lo; i < hi; i++) n[row[i].group] += row[i].weight;
    size_t in = lo;
    for (size_t i = lo; i < hi;) {
        const double time = row[i].time;
        for (; entry && in < hi && entry[in].start < time; in++) n[entry[in].group] += entry[in].weight;
        for (int g = 0; g < G; g++) dead[g] = 0;
        size_t j = i;
        for (; j < hi && row[j].time == time; j++) dead[row[j].group] += row[j].event ? row[j].weight : 0;
        time_add(t, n, dead, G, rho, &surv, s);
        for (; i < j; i++) n[row[i].group] -= row[i].weight;
    }
}

/* Quadratic form of O - E over the groups that were at risk, the first of them left out. */
static Rc quadratic_form(LogrankTest *t, int G, Arena *a, Err *e)
{
    int *at = ARENA_NEW(a, (size_t)G, int), m = 0;
    if (!at) return err_nomem(e);
    for (int g = 0; g < G; g++)
        if (t->expected[g] > 0) at[m++] = g;
    t->df = m - 1;
    if (m < 2) return OK;
    double *v = ARENA_NEW(a, (size_t)(m * m), double), *u = ARENA_NEW(a, (size_t)m, double);
    if (!v || !u) return err_nomem(e);
    int p = m - 1;
    for (int j = 0; j < p; j++) {
        u[j] = t->observed[at[j + 1]] - t->expected[at[j + 1]];
        for (int i = 0; i < p; i++) v[j * p + i] = t->var[at[j + 1] * G + at[i + 1]];
    }
    double *z = ARENA_NEW(a, (size_t)m, double);
    if (!z) return err_nomem(e);
    for (int j = 0; j < p; j++) z[j] = u[j];
    if (linalg_solve(v, p, z, 1, NULL) != OK) return OK;      /* no information: chisq stays undefined */
    double q = 0;
    for (int j = 0; j < p; j++) q += u[j] * z[j];
    t->chisq = q;
    t->p = chisq_sf(q, p);
    return OK;
}

/* Rows by stratum and one of their times. */
static Rc gather(Row **out, const LogrankData *d, const double *by, Arena *a, Err *e)
{
    Rc rc = OK;
    Row *row = *out = ARENA_ROOM(a, d->n + 1, Row);
    size_t *order = ARENA_ROOM(a, d->n + 1, size_t);
    if (!row || !order) { rc = err_nomem(e); goto out; }
    order_start(order, d->n);
    TRY(order_by(order, by, d->n, e));
    if (d->stratum) TRY(order_by_codes(order, d->stratum, d->n, e));
    for (size_t k = 0; k < d->n; k++) {
        size_t i = order[k];
        row[k] = (Row){ d->time[i], d->start ? d->start[i] : 0, d->weight ? d->weight[i] : 1, d->event[i] != 0, d->group[i], d->stratum ? d->stratum[i] : 0 };
    }
out:
    return rc;
}

/* O, E and the hypergeometric variance; count has room for two numbers a group. */
static Rc sums(LogrankTest *t, const LogrankData *d, double rho, double *count, Arena *a, Err *e)
{
    Rc rc = OK;
    const int G = d->n_groups;
    bool counted = !d->start && !d->weight;
    TimeRuns runs;
    Row *row = NULL, *entry = NULL;
    if (counted)
        TRY(time_runs(&counted, &runs, d->time, d->event, d->group, (size_t)G, d->stratum, d->stratum ? (size_t)d->n_strata : 1, d->n, a, e));
    if (counted) { runs_add(t, &runs, G, rho, count, count + G); goto out; }
    TRY(gather(&row, d, d->time, a, e));
    if (d->start) TRY(gather(&entry, d, d->start, a, e));
    for (size_t lo = 0, hi; lo < d->n; lo = hi) {
        for (hi = lo; hi < d->n && row[hi].stratum == row[lo].stratum; hi++) continue;
        stratum_add(t, row, entry, lo, hi, G, rho, row[lo].stratum, count, count + G);
    }
out:
    return rc;
}

/* ---- the robust test */

/* At one distinct time of a stratum: weight of all at risk and of the events, the rho-weight, and what being at risk up to this
 * time has cost: sums of w d/n (`hazard`) and of w d/n times each group's share of those at risk (by group, elsewhere). */
typedef struct { double time, total, deaths, rho_weight, hazard; } Moment;

/* One stratum of the robust test: rows at[0 … n), in any order, n_entry of them by start. Adds O, E and, by row and group, what the row
 * puts into O - E. Sums of those at risk are made from the last time back, where they stay exact. */
static Rc robust_stratum(LogrankTest *t, double *u, const LogrankData *d, const size_t *by_time, const size_t *by_start, size_t n, double rho,
                         int stratum, Err *e)
{
    size_t G = (size_t)d->n_groups, m = 0;
    Rc rc = OK;
    Moment *moment = calloc(n + 1, sizeof *moment);
    Sum *risk = calloc(2 * G, sizeof *risk), *late = risk ? risk + G : NULL;
    double *share = calloc(2 * (n + 1) * G, sizeof *share), *cost = share ? share + (n + 1) * G : NULL, surv = 1, hazard = 0;
    if (!moment || !risk || !share) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) m += i == 0 || d->time[by_time[i]] != d->time[by_time[i - 1]];
    for (size_t k = m, j = n, in = n; k-- > 0;) {
        Moment *q = &moment[k];
        Sum deaths = { 0 }, total = { 0 };
        for (q->time = d->time[by_time[j - 1]]; j > 0 && d->time[by_time[j - 1]] == q->time; j--) {
            size_t i = by_time[j - 1];
            double w = d->weight ? d->weight[i] : 1;
            sum_add(&risk[d->group[i]], w);
            if (d->event[i] != 0) sum_add(&deaths, w);
        }
        for (; by_start && in > 0 && d->start[by_start[in - 1]] >= q->time; in--) {
            size_t i = by_start[in - 1];
            sum_add(&late[d->group[i]], d->weight ? d->weight[i] : 1);
        }
        for (size_t g = 0; g < G; g++) {
            double at_risk = sum_value(&risk[g]) - sum_value(&late[g]);
            share[k * G + g] = at_risk;
            sum_add(&total, at_risk);
        }
        q->total = sum_value(&total);
        q->deaths = sum_value(&deaths);
        for (size_t g = 0; g < G; g++) share[k * G + g] = q->total > 0 ? share[k * G + g] / q->total : 0;
    }
    for (size_t k = 0; k < m; k++) {
        Moment *q = &moment[k];
        double step = q->deaths > 0 ? q->deaths / q->total : 0;
        q->rho_weight = rho == 0 ? 1 : pow(surv, rho);
        hazard += q->rho_weight * step;
        q->hazard = hazard;
        for (size_t g = 0; g < G; g++) {
            cost[k * G + g] = (k ? cost[(k - 1) * G + g] : 0) + q->rho_weight * step * share[k * G + g];
            t->expected_by_stratum[(size_t)stratum * G + g] += q->rho_weight * q->deaths * share[k * G + g];
        }
        surv *= 1 - step;
    }
    for (size_t j = 0, k = 0; j < n; j++) {
        size_t i = by_time[j], own = (size_t)d->group[i], lo = 0, hi = m;
        double w = d->weight ? d->weight[i] : 1;
        while (moment[k].time != d->time[i]) k++;
        /* Times up to its entry were before its time; `lo` becomes the first one after. */
        if (!d->start) hi = 0;
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (moment[mid].time <= d->start[i]) lo = mid + 1; else hi = mid;
        }
        if (d->event[i] != 0) t->observed_by_stratum[(size_t)stratum * G + own] += w * moment[k].rho_weight;
        for (size_t g = 0; g < G; g++) {
            double event = d->event[i] != 0 ? moment[k].rho_weight * ((g == own) - share[k * G + g]) : 0;
            double met = (g == own ? moment[k].hazard - (lo ? moment[lo - 1].hazard : 0) : 0) - (cost[k * G + g] - (lo ? cost[(lo - 1) * G + g] : 0));
            u[g * d->n + i] = w * (event - met);
        }
    }
out:
    free(moment);
    free(risk);
    free(share);
    return rc;
}

/* O, E and the variance between what the rows (or clusters) put into O - E. */
static Rc robust_sums(LogrankTest *t, const LogrankData *d, double rho, Err *e)
{
    Rc rc = OK;
    size_t n = d->n, G = (size_t)d->n_groups;
    double *u = calloc(n * G + 1, sizeof *u);
    size_t *by_time = malloc(2 * (n + 1) * sizeof *by_time), *by_start = by_time ? by_time + n + 1 : NULL;
    Clusters clusters = { n, d->cluster, d->n_clusters };
    if (!u || !by_time) { rc = err_nomem(e); goto out; }
    order_start(by_time, n);
    TRY(order_by(by_time, d->time, n, e));
    if (d->stratum) TRY(order_by_codes(by_time, d->stratum, n, e));
    order_start(by_start, n);
    if (d->start) TRY(order_by(by_start, d->start, n, e));
    if (d->start && d->stratum) TRY(order_by_codes(by_start, d->stratum, n, e));
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        int s = d->stratum ? d->stratum[by_time[lo]] : 0;
        for (hi = lo; hi < n && (!d->stratum || d->stratum[by_time[hi]] == s); hi++) continue;
        TRY(robust_stratum(t, u, d, by_time + lo, d->start ? by_start + lo : NULL, hi - lo, rho, s, e));
    }
    for (size_t g = 0; g < G; g++)
        for (size_t h = 0; h < G; h++) TRY(influence_product(&t->var[h * G + g], u + g * n, u + h * n, &clusters, e));
out:
    free(u);
    free(by_time);
    return rc;
}

/* ---- */

Rc logrank_test(LogrankTest *t, const LogrankData *d, double rho, Arena *a, Err *e)
{
    Rc rc = OK;
    int G = d->n_groups, S = d->stratum ? d->n_strata : 1;
    Arena scratch = { 0 };
    double *count = ARENA_NEW(&scratch, 2 * (size_t)G + 1, double);
    *t = (LogrankTest){ .chisq = NAN, .p = NAN, .trend_chisq = NAN, .trend_p = NAN };
    t->observed = ARENA_NEW(a, (size_t)G, double);
    t->expected = ARENA_NEW(a, (size_t)G, double);
    t->var = ARENA_NEW(a, (size_t)G * (size_t)G, double);
    t->observed_by_stratum = ARENA_NEW(a, (size_t)G * (size_t)S, double);
    t->expected_by_stratum = ARENA_NEW(a, (size_t)G * (size_t)S, double);
    if (!count || !t->observed || !t->expected || !t->var || !t->observed_by_stratum || !t->expected_by_stratum) { rc = err_nomem(e); goto out; }
    if (d->robust) TRY(robust_sums(t, d, rho, e));
    else TRY(sums(t, d, rho, count, &scratch, e));
    for (int s = 0; s < S; s++)
        for (int g = 0; g < G; g++) {
            t->observed[g] += t->observed_by_stratum[s * G + g];
            t->expected[g] += t->expected_by_stratum[s * G + g];
        }
    TRY(quadratic_form(t, G, a, e));
    double top = 0, below = 0;
    for (int g = 0; g < G; g++) {
        top += (g + 1) * (t->observed[g] - t->expected[g]);
        for (int h = 0; h < G; h++) below += (g + 1) * (double)(h + 1) * t->var[h * G + g];
    }
    if (below > 0) {
        t->trend_chisq = top * top / below;
        t->trend_p = chisq_sf(t->trend_chisq, 1);
    }
out:
    arena_free(&scratch);
    return rc;
}
