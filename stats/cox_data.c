/* stats/cox_data.c: sorts once, finds tied event times, and takes the columns into a well-conditioned basis. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/cox_fit.h"
#include "stats/cross.h"
#include "stats/linalg.h"

/* Above this condition number of the scaled cross products the columns are made orthogonal first. */
static const double CONDITION_PLAIN = 1e3;

/* Rows gathered once into the order of the data, then centred and scaled by passes along memory. Every sum runs in that order. */
static Rc columns(CoxData *d, const CoxInput *in, Arena *a, Err *e)
{
    enum { TILE = 64 };
    Rc rc = OK;
    size_t n = d->n, p = (size_t)d->p;
    double *rows = malloc((n * p + 1) * sizeof *rows);
    Sum *sum = ARENA_NEW(a, p + 1, Sum);
    double *largest = ARENA_NEW(a, p + 1, double), *ss = ARENA_NEW(a, p + 1, double), *part = ARENA_NEW(a, p + 1, double);
    d->x = ARENA_NEW(a, n * p + 1, double);
    d->center = ARENA_NEW(a, p + 1, double);
    d->scale = ARENA_NEW(a, p + 1, double);
    d->T = ARENA_NEW(a, p * p + 1, double);
    if (!rows || !sum || !largest || !ss || !part || !d->x || !d->center || !d->scale || !d->T) { rc = err_nomem(e); goto out; }
    for (size_t from = 0; from < n; from += TILE)
        for (size_t j = 0; j < p; j++)
            for (size_t i = from; i < n && i < from + TILE; i++) rows[i * p + j] = in->x[j * n + i];
    for (size_t i = 0; i < n; i++) {
        const double *row = rows + d->order[i] * p;
        double *x = d->x + i * p;
        for (size_t j = 0; j < p; j++) { x[j] = row[j]; part[j] += row[j]; }
        if (i % TILE == TILE - 1 || i + 1 == n)
            for (size_t j = 0; j < p; j++) { sum_add(&sum[j], part[j]); part[j] = 0; }
    }
    for (size_t j = 0; j < p; j++) { d->center[j] = sum_value(&sum[j]) / (double)n; d->scale[j] = 1; }
    for (size_t i = 0; i < n; i++) {
        double *x = d->x + i * p;
        for (size_t j = 0; j < p; j++) { double v = x[j] - d->center[j], u = fabs(v); x[j] = v; largest[j] = u > largest[j] ? u : largest[j]; }
    }
    if (!in->keep_scale) {
        for (size_t j = 0; j < p; j++) part[j] = largest[j] > 0 ? 1 / largest[j] : 1;
        for (size_t i = 0; i < n; i++) {
            const double *x = d->x + i * p;
            for (size_t j = 0; j < p; j++) { double v = x[j] * part[j]; ss[j] += v * v; }
        }
        for (size_t j = 0; j < p; j++) if (ss[j] > 0) d->scale[j] = largest[j] * sqrt(ss[j] / (double)n);
        for (size_t j = 0; j < p; j++) part[j] = 1 / d->scale[j];
        for (size_t i = 0; i < n; i++) {
            double *x = d->x + i * p;
            for (size_t j = 0; j < p; j++) x[j] *= part[j];
        }
    }
    for (size_t j = 0; j < p; j++) d->T[j * p + j] = 1 / d->scale[j];
out:
    free(rows);
    return rc;
}

/* Gram-Schmidt, twice, on ill-conditioned columns; T keeps the way back. */
static Rc orthogonalise(CoxData *d, Arena *a, Err *e)
{
    size_t n = d->n, p = (size_t)d->p;
    double *gram = ARENA_NEW(a, p * p, double);
    if (!gram) return err_nomem(e);
    linalg_gemm_nt(gram, d->x, d->x, (int)p, (int)p, (int)n, 1 / (double)n, 0);
    /* Gershgorin: eigenvalues lie within the sum of a row's correlations of 1. */
    double most = 0;
    for (size_t j = 0; j < p; j++) {
        double sum = 0;
        for (size_t k = 0; k < p; k++) if (k != j) sum += fabs(gram[j * p + k]) / sqrt(gram[j * p + j] * gram[k * p + k]);
        if (!(sum <= most)) most = sum;
    }
    if (most < .99 || linalg_scaled_condition(gram, (int)p) < CONDITION_PLAIN) return OK;
    for (size_t j = 0; j < p; j++) {
        double *T = d->T + j * p;
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < j; k++) {
                long double dot = 0;
                for (size_t i = 0; i < n; i++) dot += (long double)d->x[i * p + k] * d->x[i * p + j];
                double c = (double)(dot / (long double)n);
                for (size_t i = 0; i < n; i++) d->x[i * p + j] -= c * d->x[i * p + k];
                for (size_t q = 0; q <= k; q++) T[q] -= c * d->T[k * p + q];
            }
        long double ss = 0;
        for (size_t i = 0; i < n; i++) ss += (long double)d->x[i * p + j] * d->x[i * p + j];
        double length = sqrt((double)(ss / (long double)n));
        if (!(length > 0)) continue;
        for (size_t i = 0; i < n; i++) d->x[i * p + j] /= length;
        for (size_t q = 0; q <= j; q++) T[q] /= length;
    }
    return OK;
}

static Rc blocks(CoxData *d, const CoxInput *in, Arena *a, Err *e)
{
    size_t n = d->n, k = 0, s = 0;
    int last = -1;
    for (size_t i = 0; i < n; i++) {          /* count, to size the arrays */
        int g = in->stratum ? in->stratum[d->order[i]] : 0;
        bool fresh = i == 0 || g != last;
        if (fresh) s++;
        last = g;
    }
    d->stratum = ARENA_NEW(a, s + 1, CoxStratum);
    d->block = ARENA_NEW(a, d->n_events + 1, CoxBlock);
    d->enter = ARENA_NEW(a, n + 1, size_t);
    d->leave = ARENA_NEW(a, n + 1, size_t);
    if (!d->stratum || !d->block || !d->enter || !d->leave) return err_nomem(e);
    s = 0;
    for (size_t i = 0; i < n;) {
        int g = in->stratum ? in->stratum[d->order[i]] : 0;
        CoxStratum *t = &d->stratum[s++];
        t->row_from = i;
        t->block_from = k;
        while (i < n && (!in->stratum || in->stratum[d->order[i]] == g)) {
            size_t to = i, first = n;
            double weight = 0;
            while (to < n && d->time[to] == d->time[i] && (!in->stratum || in->stratum[d->order[to]] == g)) {
                if (d->event[to]) { if (first == n) first = to; weight += d->w ? d->w[to] : 1; }
                to++;
            }
            if (first < n) d->block[k++] = (CoxBlock){ i, to, first, d->time[i], weight };
            for (size_t q = i; q < to; q++) d->leave[q] = k;
            i = to;
        }
        t->row_to = i;
        t->block_to = k;
        for (size_t q = t->row_from; q < t->row_to; q++) {
            size_t low = t->block_from, high = t->block_to;
            if (d->start)
                while (low < high) { size_t middle = (low + high) / 2; if (d->block[middle].time <= d->start[q]) low = middle + 1; else high = middle; }
            d->enter[q] = low;
        }
    }
    d->n_strata = s;
    d->n_blocks = k;
    return OK;
}

static int by_start(const void *pa, const void *pb, void *context)
{
    const CoxData *d = context;
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    if (d->start[a] != d->start[b]) return d->start[a] < d->start[b] ? -1 : 1;
    return (a > b) - (a < b);
}

Rc cox_data_init(CoxData *d, const CoxInput *in, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = in->n;
    *d = (CoxData){ .n = n, .p = in->p, .ties = in->ties };
    d->order = ARENA_NEW(a, n + 1, size_t);
    d->time = ARENA_NEW(a, n + 1, double);
    d->event = arena_alloc(a, n + 1);
    if (in->start) d->start = ARENA_NEW(a, n + 1, double);
    if (in->weight) d->w = ARENA_NEW(a, n + 1, double);
    if (in->offset) d->offset = ARENA_NEW(a, n + 1, double);
    d->eta = ARENA_NEW(a, n + 1, double);
    d->r = ARENA_NEW(a, n + 1, double);
    d->rl = ARENA_NEW(a, n + 1, double);
    d->martingale = ARENA_NEW(a, n + 1, double);
    if (!d->order || !d->time || !d->event || (in->start && !d->start) || (in->weight && !d->w) || (in->offset && !d->offset) ||
        !d->eta || !d->r || !d->rl || !d->martingale) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t row = in->order ? in->order[i] : i;
        d->order[i] = row;
        d->time[i] = in->time[row];
        d->event[i] = in->event[row] == 1;
        d->n_events += d->event[i];
        if (d->start) d->start[i] = in->start[row];
        if (d->w) d->w[i] = in->weight[row];
        if (d->offset) d->offset[i] = in->offset[row];
    }
    TRY(columns(d, in, a, e));
    if (!in->plain_columns && d->p > 1 && n > 1) TRY(orthogonalise(d, a, e));
    TRY(blocks(d, in, a, e));
    if (d->start) {
        d->by_start = ARENA_NEW(a, n + 1, size_t);
        if (!d->by_start) return err_nomem(e);
        for (size_t i = 0; i < n; i++) d->by_start[i] = i;
        for (size_t s = 0; s < d->n_strata; s++) {
            CoxStratum t = d->stratum[s];
            qsort_r(d->by_start + t.row_from, t.row_to - t.row_from, sizeof(size_t), by_start, d);
        }
    }
    d->hazard = ARENA_NEW(a, d->n_blocks + 1, double);
    d->hazard_death = ARENA_NEW(a, d->n_blocks + 1, double);
    d->rank = ARENA_NEW(a, 2 * (size_t)d->p * (d->n_blocks + 1), double);
    d->s1 = ARENA_NEW(a, (size_t)d->p + 1, double);
    d->s1_deaths = ARENA_NEW(a, (size_t)d->p + 1, double);
    d->shift = ARENA_NEW(a, d->n_strata + 1, double);
    d->scaled = ARENA_NEW(a, CROSS_ROWS * (size_t)(d->p + 1), double);
    if (!d->hazard || !d->hazard_death || !d->rank || !d->s1 || !d->s1_deaths || !d->shift || !d->scaled) rc = err_nomem(e);
out:
    return rc;
}

void cox_to_columns(double *beta, const CoxData *d, const double *g)
{
    int p = d->p;
    for (int i = 0; i < p; i++) {
        long double s = 0;
        for (int j = i; j < p; j++) s += (long double)d->T[j * p + i] * g[j];
        beta[i] = (double)s;
    }
}

void cox_vcov_to_columns(double *v, const CoxData *d, const double *vg)
{
    int p = d->p;
    for (int i = 0; i < p; i++)
        for (int k = 0; k <= i; k++) {
            long double s = 0;
            for (int j = i; j < p; j++)
                for (int q = k; q < p; q++) s += (long double)d->T[j * p + i] * vg[q * p + j] * d->T[q * p + k];
            v[k * p + i] = v[i * p + k] = (double)s;
        }
}
