/* stats/logrank.c: log-rank and G-rho tests on plain arrays. */
#include "stats/logrank.h"

#include <math.h>
#include <stdlib.h>

#include "core/order.h"
#include "stats/dist.h"
#include "stats/linalg.h"

typedef struct { double time, start; int event, group, stratum; } Row;

/* One stratum: rows [lo, hi) of row (by time) and of entry (by start, NULL when all start at once). */
static void stratum_add(LogrankTest *t, const Row *row, const Row *entry, size_t lo, size_t hi, int G, double rho, int s,
                        double *n, double *dead)
{
    double surv = 1;
    for (int g = 0; g < G; g++) n[g] = 0;
    if (!entry)
        for (size_t i = lo; i < hi; i++) n[row[i].group]++;
    size_t in = lo;
    for (size_t i = lo; i < hi;) {
        double time = row[i].time, total = 0, deaths = 0;
        for (; entry && in < hi && entry[in].start < time; in++) n[entry[in].group]++;
        for (int g = 0; g < G; g++) { dead[g] = 0; total += n[g]; }
        size_t j = i;
        for (; j < hi && row[j].time == time; j++)
            if (row[j].event) { dead[row[j].group]++; deaths++; }
        if (deaths > 0) {
            double w = rho == 0 ? 1 : pow(surv, rho);
            for (int g = 0; g < G; g++) {
                t->observed_by_stratum[s * G + g] += w * dead[g];
                t->expected_by_stratum[s * G + g] += w * deaths * n[g] / total;
            }
            if (total > 1) {
                double f = w * w * deaths * (total - deaths) / (total * total * (total - 1));
                for (int g = 0; g < G; g++)
                    for (int h = 0; h < G; h++) t->var[h * G + g] += f * n[g] * ((g == h ? total : 0) - n[h]);
            }
            surv *= (total - deaths) / total;
        }
        for (; i < j; i++) n[row[i].group]--;
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
static Rc gather(Row *row, size_t *order, const LogrankData *d, const double *by, Err *e)
{
    Rc rc = OK;
    order_start(order, d->n);
    TRY(order_by(order, by, d->n, e));
    if (d->stratum) TRY(order_by_codes(order, d->stratum, d->n, e));
    for (size_t k = 0; k < d->n; k++) {
        size_t i = order[k];
        row[k] = (Row){ d->time[i], d->start ? d->start[i] : 0, d->event[i] != 0, d->group[i], d->stratum ? d->stratum[i] : 0 };
    }
out:
    return rc;
}

Rc logrank_test(LogrankTest *t, const LogrankData *d, double rho, Arena *a, Err *e)
{
    Rc rc = OK;
    int G = d->n_groups, S = d->stratum ? d->n_strata : 1;
    Row *row = calloc(d->n + 1, sizeof *row), *entry = NULL;
    double *count = calloc(2 * (size_t)G + 1, sizeof *count);
    size_t *order = malloc((d->n + 1) * sizeof *order);
    *t = (LogrankTest){ .chisq = NAN, .p = NAN, .trend_chisq = NAN, .trend_p = NAN };
    t->observed = ARENA_NEW(a, (size_t)G, double);
    t->expected = ARENA_NEW(a, (size_t)G, double);
    t->var = ARENA_NEW(a, (size_t)G * (size_t)G, double);
    t->observed_by_stratum = ARENA_NEW(a, (size_t)G * (size_t)S, double);
    t->expected_by_stratum = ARENA_NEW(a, (size_t)G * (size_t)S, double);
    if (d->start) entry = calloc(d->n + 1, sizeof *entry);
    if (!row || !count || !order || (d->start && !entry) || !t->observed || !t->expected || !t->var || !t->observed_by_stratum
        || !t->expected_by_stratum) {
        rc = err_nomem(e);
        goto out;
    }
    TRY(gather(row, order, d, d->time, e));
    if (entry) TRY(gather(entry, order, d, d->start, e));
    for (size_t lo = 0, hi; lo < d->n; lo = hi) {
        for (hi = lo; hi < d->n && row[hi].stratum == row[lo].stratum; hi++) continue;
        stratum_add(t, row, entry, lo, hi, G, rho, row[lo].stratum, count, count + G);
    }
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
    free(row);
    free(order);
    free(entry);
    free(count);
    return rc;
}
