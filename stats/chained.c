/* stats/chained.c: the chained equations: each variable drawn given all the others. */
#include "stats/chained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "core/sum.h"
#include "stats/linalg.h"
#include "stats/logistic_fit.h"

/* Added to the diagonal of the scaled cross products, so that columns that say the same do no harm. */
static const double RIDGE = 1e-5;

typedef struct {
    const ChainedData *d;
    double **filled;
    unsigned char **gap;       /* [n_variables][n] */
    size_t *order, n_order;    /* variables with gaps, fewest first */
    size_t *n_gaps;
    Rng rng;
    Arena scratch;             /* of one draw */
    Err *e;
} Chain;

const char *impute_model_name(ImputeModel m)
{
    static const char *const names[] = { "none", "pmm", "normal", "logistic", "multinomial" };
    return names[m];
}

/* ---- predictors */

/* Columns of all other variables, each less its mean and divided by its standard deviation; categories as indicators. n x p behind a
 * first column of ones. */
static Rc predictors(double **x, int *p, Chain *c, size_t target)
{
    const ChainedData *d = c->d;
    size_t n = d->n, cols = 1;
    for (size_t v = 0; v < d->n_variables; v++) if (v != target) cols += d->variable[v].n_levels ? (size_t)d->variable[v].n_levels - 1 : 1;
    *x = ARENA_NEW(&c->scratch, n * cols + 1, double);
    if (!*x) return err_nomem(c->e);
    for (size_t i = 0; i < n; i++) (*x)[i] = 1;
    int k = 1;
    for (size_t v = 0; v < d->n_variables; v++) {
        if (v == target) continue;
        const int levels = d->variable[v].n_levels;
        for (int level = 1; level < (levels ? levels : 2); level++) {
            double *col = *x + (size_t)k * n;
            Sum s = { 0 }, ss = { 0 };
            for (size_t i = 0; i < n; i++) {
                col[i] = levels ? c->filled[v][i] == level : c->filled[v][i];
                sum_add(&s, col[i]);
            }
            const double mean = sum_value(&s) / (double)n;
            for (size_t i = 0; i < n; i++) { col[i] -= mean; sum_add(&ss, col[i] * col[i]); }
            const double sd = sqrt(sum_value(&ss) / (double)n);
            if (!(sd > 0)) continue;
            for (size_t i = 0; i < n; i++) col[i] /= sd;
            k++;
        }
    }
    *p = k;
    return OK;
}

static double row_product(const double *x, size_t n, int p, size_t i, const double *b)
{
    double s = 0;
    for (int j = 0; j < p; j++) s += x[(size_t)j * n + i] * b[j];
    return s;
}

/* beta + scale * L^-T z: a draw around beta with covariance scale^2 (L L')^-1. */
static void draw_around(double *out, const double *beta, const double *L, int p, double scale, Rng *r)
{
    for (int j = 0; j < p; j++) out[j] = rng_normal(r);
    for (int j = p - 1; j >= 0; j--) {
        for (int k = j + 1; k < p; k++) out[j] -= L[j * p + k] * out[k];
        out[j] /= L[j * p + j];
    }
    for (int j = 0; j < p; j++) out[j] = beta[j] + scale * out[j];
}

/* ---- numbers */

/* [first, end): the donors with the same prediction. */
typedef struct { double predicted, value; size_t first, end; } Donor;

static int by_prediction(const void *pa, const void *pb)
{
    const Donor *a = pa, *b = pb;
    if (a->predicted != b->predicted) return a->predicted < b->predicted ? -1 : 1;
    return (a->value > b->value) - (a->value < b->value);
}

static void donors_sort(Donor *donor, size_t m)
{
    qsort(donor, m, sizeof *donor, by_prediction);
    for (size_t from = 0, to; from < m; from = to) {
        for (to = from + 1; to < m && donor[to].predicted == donor[from].predicted; to++) continue;
        for (size_t i = from; i < to; i++) { donor[i].first = from; donor[i].end = to; }
    }
}

/* One of the k donors nearest to a prediction. Which of those that are farthest and equally far are among the k is left to chance: they stand in the
 * order of their values, and with categories alone as predictors they are many. */
static double nearest(const Donor *donor, size_t m, int k, double wanted, Rng *r)
{
    size_t low = 0, high = m;
    while (low < high) { size_t middle = (low + high) / 2; if (donor[middle].predicted < wanted) low = middle + 1; else high = middle; }
    size_t from = low, to = low;                            /* [from, to) */
    while (to - from < (size_t)k && to - from < m) {
        if (from == 0) to++;
        else if (to == m) from--;
        else if (wanted - donor[from - 1].predicted <= donor[to].predicted - wanted) from--;
        else to++;
    }
    const size_t place = rng_below(r, (uint32_t)(to - from));
    const double below = fabs(wanted - donor[from].predicted), above = fabs(donor[to - 1].predicted - wanted);
    const size_t first = below >= above ? donor[from].first : from, end = above >= below ? donor[to - 1].end : to;
    if (first == from && end == to) return donor[from + place].value;
    const size_t inner = below >= above ? donor[from].end : from, outer = above >= below ? donor[to - 1].first : to;     /* nearer than the farthest */
    const size_t nearer = inner < outer ? outer - inner : 0;
    if (place < nearer) return donor[inner + place].value;
    size_t other = rng_below(r, (uint32_t)(end - first - nearer));
    if (nearer && other >= inner - first) other += nearer;
    return donor[first + other].value;
}

static Rc draw_number(Chain *c, size_t v)
{
    Rc rc = OK;
    const ChainedData *d = c->d;
    size_t n = d->n, m = n - c->n_gaps[v], k = 0;
    double *x = NULL, *y = c->filled[v];
    int p = 0;
    TRY(predictors(&x, &p, c, v));
    double *L = ARENA_NEW(&c->scratch, (size_t)(p * p) + 1, double), *beta = ARENA_NEW(&c->scratch, (size_t)p + 1, double);
    double *drawn = ARENA_NEW(&c->scratch, (size_t)p + 1, double);
    Donor *donor = ARENA_NEW(&c->scratch, m + 1, Donor);
    if (!L || !beta || !drawn || !donor) return err_nomem(c->e);
    double mean = 0;
    for (size_t i = 0; i < n; i++) if (!c->gap[v][i]) mean += y[i] / (double)m;
    for (size_t i = 0; i < n; i++) {
        if (c->gap[v][i]) continue;
        for (int j = 0; j < p; j++) {
            const double xj = x[(size_t)j * n + i];
            beta[j] += xj * (y[i] - mean);
            for (int q = 0; q <= j; q++) L[q * p + j] += xj * x[(size_t)q * n + i];
        }
    }
    for (int j = 0; j < p; j++) L[j * p + j] *= 1 + RIDGE;
    for (int j = 0; j < p; j++) for (int q = 0; q < j; q++) L[j * p + q] = L[q * p + j];
    TRY(linalg_cholesky(L, p, c->e));
    linalg_cholesky_solve(L, p, beta, 1);
    Sum rss = { 0 };
    for (size_t i = 0; i < n; i++) {
        if (c->gap[v][i]) continue;
        double r = y[i] - mean - row_product(x, n, p, i, beta);
        sum_add(&rss, r * r);
    }
    double df = (double)m - (double)p, sigma = sqrt(sum_value(&rss) / (2 * rng_gamma(&c->rng, fmax(df, 1) / 2)));
    draw_around(drawn, beta, L, p, sigma, &c->rng);
    if (d->variable[v].model == IMPUTE_PMM) {
        for (size_t i = 0; i < n; i++) if (!c->gap[v][i]) donor[k++] = (Donor){ .predicted = row_product(x, n, p, i, beta), .value = y[i] };
        donors_sort(donor, m);
    }
    for (size_t i = 0; i < n; i++) {
        if (!c->gap[v][i]) continue;
        double at = row_product(x, n, p, i, drawn);
        y[i] = d->variable[v].model == IMPUTE_PMM ? nearest(donor, m, d->donors, at, &c->rng) : mean + at + sigma * rng_normal(&c->rng);
    }
out:
    return rc;
}

/* ---- categories */

/* Drawn coefficients of level `one` against level 0, from the rows that have either. *there false where no row has one of them. */
static Rc draw_logit(double *drawn, bool *there, Chain *c, size_t v, const double *x, int p, int one)
{
    Rc rc = OK;
    size_t n = c->d->n, m = 0, ones = 0;
    const double *y = c->filled[v];
    *there = false;
    for (size_t i = 0; i < n; i++) if (!c->gap[v][i] && (y[i] == 0 || y[i] == one)) { m++; ones += y[i] == one; }
    if (ones == 0 || ones == m) goto out;
    double *xs = ARENA_NEW(&c->scratch, m * (size_t)p + 1, double), *ys = ARENA_NEW(&c->scratch, m + 1, double);
    if (!xs || !ys) return err_nomem(c->e);
    int kept = 0, *column = ARENA_NEW(&c->scratch, (size_t)p + 1, int);
    if (!column) return err_nomem(c->e);
    for (int j = 0; j < p; j++) {                           /* what does not vary among these rows has no coefficient */
        size_t k = 0;
        bool varies = j == 0;
        double *col = xs + (size_t)kept * m;
        for (size_t i = 0; i < n; i++)
            if (!c->gap[v][i] && (y[i] == 0 || y[i] == one)) {
                col[k] = x[(size_t)j * n + i];
                varies = varies || col[k] != col[0];
                ys[k++] = y[i] == one;
            }
        if (varies) column[kept++] = j;
    }
    LogisticData data = { 0 };
    LogisticMaximum best = { 0 };
    Err why = { 0 };
    TRY(logistic_data_init(&data, &(LogisticInput){ .n = m, .p = kept, .x = xs, .has_intercept = true, .y = ys }, &c->scratch, c->e));
    data.firth = true;
    rc = logistic_maximise(&best, &data, NULL, &c->scratch, &why);
    if (rc == ERR_NOMEM) return err_nomem(c->e);
    for (int j = 0; j < p; j++) drawn[j] = 0;
    *there = true;
    double *L = ARENA_NEW(&c->scratch, (size_t)(kept * kept) + 1, double), *z = ARENA_NEW(&c->scratch, (size_t)kept + 1, double);
    if (!L || !z) return err_nomem(c->e);
    if (rc == OK && best.converged) memcpy(L, best.vcov, (size_t)(kept * kept) * sizeof *L);
    if (rc != OK || !best.converged || linalg_cholesky(L, kept, &why) != OK) {
        drawn[0] = log((double)ones / (double)(m - ones));  /* columns that repeat each other: the share of the level alone */
        rc = OK;
        goto out;
    }
    for (int j = 0; j < kept; j++) z[j] = rng_normal(&c->rng);
    for (int j = 0; j < kept; j++) {
        drawn[column[j]] = best.beta[j];
        for (int k = 0; k <= j; k++) drawn[column[j]] += L[k * kept + j] * z[k];
    }
out:
    return rc;
}

static Rc draw_category(Chain *c, size_t v)
{
    Rc rc = OK;
    size_t n = c->d->n;
    int p = 0, levels = c->d->variable[v].n_levels;
    double *x = NULL;
    TRY(predictors(&x, &p, c, v));
    double *drawn = ARENA_NEW(&c->scratch, (size_t)(p * levels) + 1, double), *share = ARENA_NEW(&c->scratch, (size_t)levels + 1, double);
    bool *there = ARENA_NEW(&c->scratch, (size_t)levels + 1, bool);
    if (!drawn || !share || !there) return err_nomem(c->e);
    for (int k = 1; k < levels; k++) TRY(draw_logit(drawn + k * p, &there[k], c, v, x, p, k));
    for (size_t i = 0; i < n; i++) {
        if (!c->gap[v][i]) continue;
        double largest = 0, total = 0;
        for (int k = 1; k < levels; k++) if (there[k]) largest = fmax(largest, share[k] = row_product(x, n, p, i, drawn + k * p));
        share[0] = 0;
        for (int k = 0; k < levels; k++) total += share[k] = k == 0 || there[k] ? exp(share[k] - largest) : 0;
        double u = rng_uniform(&c->rng) * total;
        int k = 0;
        while (k < levels - 1 && u >= share[k]) u -= share[k++];
        c->filled[v][i] = k;
    }
out:
    return rc;
}

/* ---- the chain */

static Rc begin(Chain *c, Arena *a)
{
    const ChainedData *d = c->d;
    size_t n = d->n, V = d->n_variables;
    c->filled = ARENA_NEW(a, V + 1, double *);
    c->gap = ARENA_NEW(a, V + 1, unsigned char *);
    c->order = ARENA_NEW(a, V + 1, size_t);
    c->n_gaps = ARENA_NEW(a, V + 1, size_t);
    if (!c->filled || !c->gap || !c->order || !c->n_gaps) return err_nomem(c->e);
    for (size_t v = 0; v < V; v++) {
        c->filled[v] = ARENA_NEW(a, n + 1, double);
        c->gap[v] = arena_alloc(a, n + 1);
        size_t *seen = ARENA_NEW(&c->scratch, n + 1, size_t), m = 0;
        if (!c->filled[v] || !c->gap[v] || !seen) return err_nomem(c->e);
        for (size_t i = 0; i < n; i++) {
            c->filled[v][i] = d->variable[v].value[i];
            c->gap[v][i] = isnan(c->filled[v][i]);
            if (c->gap[v][i]) c->n_gaps[v]++; else seen[m++] = i;
        }
        if (c->n_gaps[v] && (d->variable[v].model == IMPUTE_NONE || m == 0))
            return err_set(c->e, ERR_ESTIMATE, "%s has no observed value to impute from", d->variable[v].name);
        for (size_t i = 0; i < n; i++) if (c->gap[v][i]) c->filled[v][i] = d->variable[v].value[seen[rng_below(&c->rng, (uint32_t)m)]];
        if (!c->n_gaps[v]) continue;
        size_t at = c->n_order++;
        for (; at > 0 && c->n_gaps[c->order[at - 1]] > c->n_gaps[v]; at--) c->order[at] = c->order[at - 1];
        c->order[at] = v;
    }
    arena_free(&c->scratch);
    return OK;
}

Rc chained_impute(double ***filled, double *mean, const ChainedData *d, uint64_t index, Arena *a, Err *e)
{
    Rc rc = OK;
    Chain c = { .d = d, .rng = rng_stream(d->seed, index), .e = e };
    TRY(begin(&c, a));
    for (int it = 0; it < d->iterations; it++)
        for (size_t k = 0; k < c.n_order; k++) {
            const size_t v = c.order[k];
            TRY(d->variable[v].n_levels ? draw_category(&c, v) : draw_number(&c, v));
            arena_free(&c.scratch);
            if (!mean) continue;
            Sum s = { 0 };
            for (size_t i = 0; i < d->n; i++) if (c.gap[v][i]) sum_add(&s, c.filled[v][i]);
            mean[(size_t)it * d->n_variables + v] = sum_value(&s) / (double)c.n_gaps[v];
        }
    *filled = c.filled;
out:
    arena_free(&c.scratch);
    return rc;
}
