/* stats/cox_data.c: sorts once, finds tied event times, and takes the columns into a well-conditioned basis. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lanes.h"
#include "core/order.h"
#include "core/sum.h"
#include "stats/basis.h"
#include "stats/cox_fit.h"
#include "stats/linalg.h"
#include "stats/rows.h"

/* Above this condition number of the scaled cross products the columns are made orthogonal first. */
static const double CONDITION_PLAIN = 1e3;

enum { TILE = 64, CACHED_NUMBERS = 1 << 17, AHEAD = 12, FEW_COLUMNS = 2 };

/* x := the caller's rows in their order, row by row. Where the table is larger than a cache, the columns are read along memory and each
 * row is written to its place, which `place` (room for n) tells; an order that names a row twice has no such places, and for few columns it is
 * not worth it. */
static void rows_in_order(double *x, const CoxInput *in, size_t *place, double *tile)
{
    const size_t n = in->n, p = (size_t)in->p;
    bool once = in->order && n * p > CACHED_NUMBERS && p > FEW_COLUMNS;
    for (size_t i = 0; once && i < n; i++) place[i] = n;
    for (size_t i = 0; once && i < n; i++) { once = place[in->order[i]] == n; place[in->order[i]] = i; }
    for (size_t from = 0; from < n; from += TILE) {
        const size_t m = n - from < TILE ? n - from : TILE;
        double *to = once ? tile : x + from * p;
        for (size_t j = 0; j < p; j++) {
            const double *column = cox_input_column(in, j);
            if (from + 4 * TILE < n) for (size_t i = 0; i < TILE; i += LANES) __builtin_prefetch(column + from + 3 * TILE + i);
            if (once || !in->order) for (size_t i = 0; i < m; i++) to[i * p + j] = column[from + i];
            else for (size_t i = 0; i < m; i++) to[i * p + j] = column[in->order[from + i]];
        }
        for (size_t i = 0; once && i < m; i++) {
            if (from + i + AHEAD < n)
                for (size_t j = 0; j < p + LANES; j += LANES) __builtin_prefetch(x + place[from + i + AHEAD] * p + j, 1);
            memcpy(x + place[from + i] * p, tile + i * p, p * sizeof *x);
        }
    }
}

/* Root mean square of x_j about its centre, whatever the size of its numbers; 0 for a constant. */
static double careful_deviation(const CoxData *d, size_t j)
{
    const size_t p = (size_t)d->p;
    const double *x = d->x + j, center = d->center[j];
    double most = 0, squares = 0;
    for (size_t i = 0; i < d->n; i++) most = fmax(most, fabs(x[i * p] - center));
    for (size_t i = 0; most > 0 && i < d->n; i++) { const double v = (x[i * p] - center) / most; squares += v * v; }
    return most * sqrt(squares / (double)d->n);
}

/* Means and deviations from one pass, about the first row; where that lies so far from the mean, or the numbers are so small or large, that
 * digits are lost, from a second one. Every sum runs in the order of the data. */
static Rc centre_and_scale(CoxData *d, bool keep_scale, Arena *a)
{
    const size_t n = d->n, p = (size_t)d->p, width = rows_width(p);
    Sum *sum = ARENA_NEW(a, p + 1, Sum);
    double *shift = ARENA_NEW(a, width + 1, double), *part = ARENA_NEW(a, width + 1, double), *squares = ARENA_NEW(a, width + 1, double);
    if (!sum || !shift || !part || !squares) return ERR_NOMEM;
    if (n) memcpy(shift, d->x, p * sizeof *shift);
    for (size_t from = 0; from < n; from += TILE) {
        memset(part, 0, width * sizeof *part);
        rows_moments(part, squares, d->x + from * p, shift, n - from < TILE ? n - from : TILE, p);
        for (size_t j = 0; j < p; j++) sum_add(&sum[j], part[j]);
    }
    d->independent = n > p && !keep_scale;         /* as far as a column alone can tell */
    for (size_t j = 0; j < p; j++) {
        const double mean = sum_value(&sum[j]) / (double)n, around = squares[j] / (double)n, variance = around - mean * mean;
        d->center[j] = shift[j] + mean;
        d->scale[j] = 1;
        if (keep_scale) continue;
        const double deviation = variance > 1e-5 * around && around > 1e-280 && around < 1e280 ? sqrt(variance) : careful_deviation(d, j);
        if (deviation > 0) d->scale[j] = deviation;
        d->independent = d->independent && deviation > 1e-6 * fabs(d->center[j]);
    }
    return OK;
}

/* Centred and scaled columns, and with `gram` (NULL: not wanted) their packed cross products. */
static Rc columns(CoxData *d, const CoxInput *in, double *gram, Arena *a, Err *e)
{
    const size_t n = d->n, p = (size_t)d->p, width = rows_width(p);
    double *factor = ARENA_NEW(a, width + 1, double), *tile = ARENA_ROOM(a, TILE * p + 1, double);
    d->x = ARENA_ROOM(a, n * p + ROWS_SPARE, double);
    d->center = ARENA_NEW(a, width + 1, double);
    d->scale = ARENA_NEW(a, p + 1, double);
    d->T = ARENA_NEW(a, p * p + 1, double);
    if (!factor || !tile || !d->x || !d->center || !d->scale || !d->T) return err_nomem(e);
    if (p == 0) return OK;
    rows_in_order(d->x, in, d->enter, tile);
    memset(d->x + n * p, 0, ROWS_SPARE * sizeof *d->x);
    if (centre_and_scale(d, in->keep_scale, a) != OK) return err_nomem(e);
    for (size_t j = 0; j < p; j++) factor[j] = d->T[j * p + j] = 1 / d->scale[j];
    for (size_t from = 0; from < n; from += TILE) {
        const size_t m = n - from < TILE ? n - from : TILE;
        rows_standardise(d->x + from * p, d->center, factor, m, p);
        if (!gram) continue;
        rows_cross(gram, d->x + from * p, p, NULL, m, p);
        d->longest = fmax(d->longest, rows_lengths(NULL, d->x + from * p, m, p));
    }
    return OK;
}

/* Gram-Schmidt, twice, on ill-conditioned columns; T keeps the way back. */
static Rc orthogonalise(CoxData *d, const double *packed, bool only_independent, Arena *a, Err *e)
{
    size_t n = d->n, p = (size_t)d->p;
    double *gram = ARENA_NEW(a, p * p, double), *L = ARENA_NEW(a, p * p, double);
    if (!gram || !L) return err_nomem(e);
    rows_unpack(gram, packed, NULL, p);
    /* Gershgorin: eigenvalues lie within the sum of a row's correlations of 1. */
    double most = 0;
    for (size_t j = 0; j < p; j++) {
        double sum = 0;
        for (size_t k = 0; k < p; k++) {
            L[k * p + j] = gram[j * p + k] / sqrt(gram[j * p + j] * gram[k * p + k]);
            if (k != j) sum += fabs(L[k * p + j]);
        }
        if (!(sum <= most)) most = sum;
    }
    if (most < .99) return OK;
    d->independent = d->independent && linalg_cholesky(L, (int)p, NULL) == OK;
    for (size_t j = 0; j < p; j++) d->independent = d->independent && L[j * p + j] * L[j * p + j] >= 1e-6;
    if ((only_independent && !d->independent) || linalg_scaled_condition(gram, (int)p) < CONDITION_PLAIN) return OK;
    d->longest = -1;
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

/* Rows of one stratum each, in their order. */
static Rc strata(CoxData *d, const int *stratum, Arena *a, Err *e)
{
    size_t s = d->n > 0;
    for (size_t i = 1; stratum && i < d->n; i++) s += stratum[d->order[i]] != stratum[d->order[i - 1]];
    d->stratum = ARENA_NEW(a, s + 1, CoxStratum);
    if (!d->stratum) return err_nomem(e);
    for (size_t i = 0; i < d->n; i++) {
        if (i == 0 || (stratum && stratum[d->order[i]] != stratum[d->order[i - 1]])) d->stratum[d->n_strata++].row_from = i;
        d->stratum[d->n_strata - 1].row_to = i + 1;
    }
    return OK;
}

/* Event times of the strata, and the blocks in which each row is at risk, from its stratum's first on. */
static Rc blocks(CoxData *d, Arena *a, Err *e)
{
    size_t k = 0;
    d->block = ARENA_ROOM(a, d->n_events + 1, CoxBlock);
    if (!d->block) return err_nomem(e);
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum *t = &d->stratum[s];
        t->block_from = k;
        for (size_t i = t->row_from, to; i < t->row_to; i = to) {
            size_t first = d->n;
            double weight = 0;
            for (to = i; to < t->row_to && d->time[to] == d->time[i]; to++)
                if (d->event[to]) { if (first == d->n) first = to; weight += d->w ? d->w[to] : 1; }
            if (first < d->n) d->block[k++] = (CoxBlock){ i, to, first, d->time[i], weight };
            for (size_t q = i; q < to; q++) d->leave[q] = k;
        }
        t->block_to = k;
        for (size_t q = t->row_from; q < t->row_to; q++) d->enter[q] = t->block_from;
    }
    d->n_blocks = k;
    return OK;
}

/* Places by stratum, then start, then place; a row is at risk from the first event time after its start on. */
static Rc places_by_start(CoxData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    int *codes = NULL;
    d->by_start = ARENA_NEW(a, d->n + 1, size_t);
    if (!d->by_start) return err_nomem(e);
    order_start(d->by_start, d->n);
    TRY(order_by(d->by_start, d->start, d->n, e));
    if (d->n_strata > 1) {
        codes = malloc((d->n + 1) * sizeof *codes);
        if (!codes) { rc = err_nomem(e); goto out; }
        for (size_t s = 0; s < d->n_strata; s++)
            for (size_t i = d->stratum[s].row_from; i < d->stratum[s].row_to; i++) codes[i] = (int)s;
        TRY(order_by_codes(d->by_start, codes, d->n, e));
    }
    for (size_t s = 0; s < d->n_strata; s++) {
        const CoxStratum t = d->stratum[s];
        size_t k = t.block_from;
        for (size_t i = t.row_from; i < t.row_to; i++) {
            const size_t q = d->by_start[i];
            while (k < t.block_to && d->block[k].time <= d->start[q]) k++;
            d->enter[q] = k;
        }
    }
out:
    free(codes);
    return rc;
}

/* Rows by their start, and room for evaluations. */
static Rc prepare(CoxData *d, Arena *a, Err *e)
{
    const size_t n = d->n, width = rows_width((size_t)d->p);
    if (d->start) {
        const Rc rc = places_by_start(d, a, e);
        if (rc != OK) return rc;
    }
    d->hazard = ARENA_NEW(a, 2 * (d->n_blocks + 1), double);
    d->eta = ARENA_ROOM(a, n + 1, double);
    d->r = ARENA_ROOM(a, n + 1, double);
    d->rl = ARENA_NEW(a, n + 1, double);
    d->event_terms = ARENA_NEW(a, d->n_blocks + 1, CoxEventTerms);
    d->shift = ARENA_NEW(a, d->n_strata + 1, double);
    d->risks_at = ARENA_NEW(a, (size_t)d->p + 1, double);
    d->s1 = ARENA_NEW(a, width + 1, double);
    d->s1_deaths = ARENA_NEW(a, width + 1, double);
    d->part = ARENA_NEW(a, width + 1, double);
    d->packed = ARENA_NEW(a, 2 * rows_packed((size_t)d->p) + 1, double);
    d->squares = ARENA_NEW(a, COX_SQUARES * width + ROWS_SPARE, double);
    return d->hazard && d->eta && d->r && d->rl && d->event_terms && d->shift && d->risks_at && d->s1 && d->s1_deaths && d->part && d->packed && d->squares
        ? OK : err_nomem(e);
}

/* Arrays by row, but for x. */
static Rc arrays(CoxData *d, bool start, bool weight, bool offset, Arena *a, Err *e)
{
    const size_t n = d->n;
    d->time = ARENA_ROOM(a, n + 1, double);
    d->event = arena_room(a, n + 1, 1);
    d->death = ARENA_ROOM(a, n + 1, double);
    d->enter = ARENA_ROOM(a, n + 1, size_t);
    d->leave = ARENA_ROOM(a, n + 1, size_t);
    if (start) d->start = ARENA_ROOM(a, n + 1, double);
    if (weight) d->w = ARENA_ROOM(a, n + 1, double);
    if (offset) d->offset = ARENA_ROOM(a, n + 1, double);
    return d->time && d->event && d->death && d->enter && d->leave && (!start || d->start) && (!weight || d->w) && (!offset || d->offset) ? OK : err_nomem(e);
}

Rc cox_data_init(CoxData *d, const CoxInput *in, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = in->n, p = (size_t)in->p;
    const bool want_gram = !in->plain_columns && p > 1 && n > 1;
    double *gram = ARENA_NEW(a, want_gram ? rows_packed(p) : 1, double);
    *d = (CoxData){ .n = n, .p = in->p, .ties = in->ties, .order = ARENA_ROOM(a, n + 1, size_t), .longest = -1 };
    if (!gram || !d->order) return err_nomem(e);
    TRY(arrays(d, in->start, in->weight, in->offset, a, e));
    for (size_t i = 0; i < n; i++) {
        const size_t row = in->order ? in->order[i] : i;
        d->order[i] = row;
        d->time[i] = in->time[row];
        d->event[i] = in->event[row] == 1;
        d->n_events += d->event[i];
        if (d->start) d->start[i] = in->start[row];
        if (d->w) d->w[i] = in->weight[row];
        d->death[i] = !d->event[i] ? 0 : d->w ? d->w[i] : 1;
        if (d->offset) d->offset[i] = in->offset[row];
    }
    TRY(columns(d, in, want_gram ? gram : NULL, a, e));
    if (want_gram) TRY(orthogonalise(d, gram, in->only_independent, a, e));
    else if (p > 1) d->independent = false;
    if (in->only_independent && !d->independent) goto out;
    TRY(strata(d, in->stratum, a, e));
    TRY(blocks(d, a, e));
    TRY(prepare(d, a, e));
out:
    return rc;
}

double cox_longest(CoxData *d)
{
    if (d->longest < 0) d->longest = rows_lengths(NULL, d->x, d->n, (size_t)d->p);
    return d->longest;
}

void cox_to_columns(double *beta, const CoxData *d, const double *g) { basis_to_columns(beta, d->T, d->p, g); }
void cox_vcov_to_columns(double *v, const CoxData *d, const double *vg) { basis_vcov_to_columns(v, d->T, d->p, vg); }
