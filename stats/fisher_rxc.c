/* stats/fisher_rxc.c: Fisher's exact test of r x c tables: columns in two halves that meet in the middle. */
#include "stats/fisher_rxc.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "core/sum.h"
#include "stats/dist.h"

#define SAME 1e-7
enum { SIDE_MAX = 12, BUCKETS = 4096, DRAWS = 100000 };
/* Cells looked at before counting gives way to drawing. */
#define WORK_MAX 5e8
#define VECTOR_WORK 40

/* Weight of a table: product of Poisson probabilities of its cells about the mean cell, a constant times its probability given
 * the margins, and of a size that doubles can hold. */
typedef struct {
    size_t r, c;
    double row[SIDE_MAX], col[SIDE_MAX];
    double *f;                     /* [n+1] weight of a cell */
    double n, limit;               /* limit: weight of the table seen, with its margin */
    double work;
} Margins;

typedef struct { double *w; size_t n, cap; double sum, low, high; } List;

static Rc list_push(List *l, double w, Err *e)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 1024;
        double *p = realloc(l->w, cap * sizeof *p);
        if (!p) return err_nomem(e);
        l->w = p;
        l->cap = cap;
    }
    l->w[l->n++] = w;
    l->sum += w;
    l->low = fmin(l->low, w);
    l->high = fmax(l->high, w);
    return OK;
}

/* All ways to fill columns [from, to) with row sums left[]; i is the row whose cell in column `from` comes next, `need` what that
 * column still wants. */
static Rc fill(List *out, Margins *m, double *left, size_t from, size_t to, size_t i, double need, double w, Err *e)
{
    Rc rc = OK;
    if (from + 1 == to) {          /* the last column is what is left */
        for (size_t k = 0; k < m->r; k++) w *= m->f[(size_t)left[k]];
        m->work += (double)m->r;
        return list_push(out, w, e);
    }
    double room = 0;
    for (size_t k = i + 1; k < m->r; k++) room += left[k];
    double least = fmax(0, need - room), most = fmin(left[i], need);
    for (double x = least; x <= most; x++) {
        left[i] -= x;
        double weight = w * m->f[(size_t)x];
        if (i + 1 < m->r) rc = fill(out, m, left, from, to, i + 1, need - x, weight, e);
        else rc = fill(out, m, left, from + 1, to, 0, m->col[from + 1], weight, e);
        left[i] += x;
        m->work++;
        if (rc != OK || m->work > WORK_MAX) return rc;
    }
    return rc;
}

static Rc half_tables(List *out, Margins *m, const double *sums, size_t from, size_t to, Err *e)
{
    double left[SIDE_MAX];
    memcpy(left, sums, m->r * sizeof *left);
    out->n = 0;
    out->sum = 0;
    out->low = INFINITY;
    out->high = 0;
    return fill(out, m, left, from, to, 0, m->col[from], 1, e);
}

/* Largest weight that one row of k cells with a given sum can have: cells as equal as can be. */
static double row_bound(const Margins *m, double sum, size_t k)
{
    double w = 1, share = floor(sum / (double)k), over = sum - share * (double)k;
    for (size_t j = 0; j < k; j++) w *= m->f[(size_t)(share + ((double)j < over))];
    return w;
}

/* Positive doubles in order of their bits. */
static uint64_t bits_of(double w)
{
    uint64_t u;
    memcpy(&u, &w, sizeof u);
    return u;
}

/* Sum of a*b over pairs with a*b <= limit: the left list in buckets of its bits with running sums. */
typedef struct { double *sorted, sum[BUCKETS + 1]; size_t first[BUCKETS + 1]; } Buckets;

static Rc pairs_below(double *total, const List *l, const List *r, double limit, Buckets *b, size_t *cap, Err *e)
{
    uint64_t low = bits_of(l->low), span = bits_of(l->high) - low;
    int shift = 0;
    while (span >> shift >= BUCKETS) shift++;
    if (*cap < l->n) {
        double *p = realloc(b->sorted, l->n * sizeof *p);
        if (!p) return err_nomem(e);
        b->sorted = p;
        *cap = l->n;
    }
    memset(b->first, 0, sizeof b->first);
    memset(b->sum, 0, sizeof b->sum);
    for (size_t i = 0; i < l->n; i++) b->first[((bits_of(l->w[i]) - low) >> shift) + 1]++;
    for (size_t k = 0; k < BUCKETS; k++) b->first[k + 1] += b->first[k];
    size_t at[BUCKETS];
    memcpy(at, b->first, sizeof at);
    for (size_t i = 0; i < l->n; i++) {
        size_t k = (bits_of(l->w[i]) - low) >> shift;
        b->sorted[at[k]++] = l->w[i];
        b->sum[k + 1] += l->w[i];
    }
    for (size_t k = 0; k < BUCKETS; k++) b->sum[k + 1] += b->sum[k];
    double s = 0;
    for (size_t j = 0; j < r->n; j++) {
        double most = limit / r->w[j];
        if (most >= l->high) { s += r->w[j] * l->sum; continue; }
        if (most < l->low) continue;
        size_t k = (bits_of(most) - low) >> shift;
        double part = b->sum[k];
        for (size_t i = b->first[k]; i < b->first[k + 1]; i++)
            if (b->sorted[i] <= most) part += b->sorted[i];
        s += r->w[j] * part;
    }
    *total = s;
    return OK;
}

typedef struct { Margins m; size_t split; List left, right; Buckets *b; size_t cap; double sums[SIDE_MAX], rest[SIDE_MAX]; Sum hit, all; } Meeting;

/* Sum of the weights of all ways to fill columns with these row sums: M!/(prod c! prod m!) in Poisson units. */
static double half_total(const Meeting *q, const double *sums, size_t from, size_t to)
{
    double M = 0, s = 0, mu = q->m.n / (double)(q->m.r * q->m.c);
    for (size_t j = from; j < to; j++) { M += q->m.col[j]; s -= log_gamma(q->m.col[j] + 1); }
    for (size_t i = 0; i < q->m.r; i++) s -= log_gamma(sums[i] + 1);
    return exp(s + log_gamma(M + 1) + M * log(mu) - mu * (double)(q->m.r * (to - from)));
}

/* Every vector of row sums of the left half; i is the row that comes next. */
static Rc meet(Meeting *q, size_t i, double need, Err *e)
{
    Rc rc = OK;
    Margins *m = &q->m;
    if (m->work > WORK_MAX) return OK;
    if (i < m->r) {
        double room = 0;
        for (size_t k = i + 1; k < m->r; k++) room += m->row[k];
        for (double x = fmax(0, need - room); x <= fmin(m->row[i], need); x++) {
            q->sums[i] = x;
            q->rest[i] = m->row[i] - x;
            TRY(meet(q, i + 1, need - x, e));
        }
        return OK;
    }
    double bound = 1, mass = half_total(q, q->sums, 0, q->split) * half_total(q, q->rest, q->split, m->c);
    for (size_t k = 0; k < m->r; k++)
        bound *= row_bound(m, q->sums[k], q->split) * row_bound(m, q->rest[k], m->c - q->split);
    m->work += VECTOR_WORK;
    sum_add(&q->all, mass);
    if (bound <= m->limit) { sum_add(&q->hit, mass); return OK; }
    TRY(half_tables(&q->left, m, q->sums, 0, q->split, e));
    TRY(half_tables(&q->right, m, q->rest, q->split, m->c, e));
    if (m->work > WORK_MAX) return OK;
    double part = 0;
    if (q->left.high * q->right.high <= m->limit) part = q->left.sum * q->right.sum;
    else if (q->left.low * q->right.low <= m->limit) TRY(pairs_below(&part, &q->left, &q->right, m->limit, q->b, &q->cap, e));
    sum_add(&q->hit, part);
out:
    return rc;
}

/* Vectors of row sums that the left half can have, each row at most its own: the least that has to be gone through. */
static Rc count_vectors(double *vectors, const Margins *m, double left, Err *e)
{
    const size_t n = (size_t)left;
    double *ways = calloc(2 * (n + 1), sizeof *ways), *before = ways ? ways + n + 1 : NULL;
    if (!ways) return err_nomem(e);
    ways[0] = 1;
    for (size_t i = 0; i < m->r; i++) {
        const size_t most = (size_t)m->row[i];
        double window = 0;
        memcpy(before, ways, (n + 1) * sizeof *ways);
        for (size_t t = 0; t <= n; t++) {
            window += before[t];
            if (t > most) window -= before[t - most - 1];
            ways[t] = window;
        }
    }
    *vectors = ways[n];
    free(ways);
    return OK;
}

/* log k! for k = 0 … n. */
static double *log_factorials(size_t n)
{
    double *logs = malloc((n + 1) * sizeof *logs);
    for (size_t k = 0; logs && k <= n; k++) logs[k] = log_gamma((double)k + 1);
    return logs;
}

/* How many of `marked` among n things are in a sample of m drawn without replacement: inversion from the mode outwards, so that it takes
 * about as many steps as the standard deviation. */
static size_t draw_hypergeometric(Rng *g, size_t n, size_t marked, size_t m, const double *logs)
{
    const size_t least = m + marked > n ? m + marked - n : 0, most = m < marked ? m : marked;
    if (least == most) return least;
    const double K = (double)marked, M = (double)m, rest = (double)(n - marked) - M;      /* rest: unmarked less the sample */
    size_t mode = (size_t)((M + 1) * (K + 1) / ((double)n + 2));
    if (mode < least) mode = least;
    if (mode > most) mode = most;
    const double top = det_exp(logs[marked] - logs[mode] - logs[marked - mode] + logs[n - marked] - logs[m - mode] - logs[n - marked - (m - mode)]
                               - (logs[n] - logs[m] - logs[n - m]));
    double u = rng_uniform(g) - top, up = top, down = top;
    for (size_t above = mode, below = mode; u > 0 && (above < most || below > least);) {
        if (above < most) {
            const double x = (double)above;
            up *= (K - x) * (M - x) / ((x + 1) * (rest + x + 1));
            above++;
            if ((u -= up) <= 0) return above;
        }
        if (below > least) {
            const double x = (double)below;
            down *= x * (rest + x) / ((K - x + 1) * (M - x + 1));
            below--;
            if ((u -= down) <= 0) return below;
        }
    }
    return mode;
}

/* Random tables with the given margins (Patefield 1981: cell after cell, each given those before), by their probability. */
static Rc by_drawing(double *p, double *se, const double *count, size_t r, size_t c, uint64_t seed, Err *e)
{
    double n = 0, observed = 0, hits = 0;
    size_t *row = calloc(2 * r + c + 1, sizeof *row), *left = row ? row + r : NULL, *col = row ? row + 2 * r : NULL;
    for (size_t i = 0; row && i < r * c; i++) {
        n += count[i];
        observed -= log_gamma(count[i] + 1);
        row[i % r] += (size_t)count[i];
        col[i / r] += (size_t)count[i];
    }
    double *logs = log_factorials((size_t)n);
    if (!row || !logs) { free(row); free(logs); return err_nomem(e); }
    Rng g = rng_stream(seed, 0);
    for (int k = 0; k < DRAWS; k++) {
        double s = 0;
        size_t rest = (size_t)n;
        memcpy(left, row, r * sizeof *left);
        for (size_t j = 0; j < c; j++) {
            size_t pool = rest, want = col[j];           /* rows i … have `pool` things left, of which column j takes `want` */
            for (size_t i = 0; i < r; i++) {
                const size_t x = i + 1 < r ? draw_hypergeometric(&g, pool, left[i], want, logs) : want;
                pool -= left[i];
                want -= x;
                left[i] -= x;
                s -= logs[x];
            }
            rest -= col[j];
        }
        hits += s <= observed + SAME;
    }
    *p = (hits + 1) / (DRAWS + 1.);
    *se = sqrt(*p * (1 - *p) / DRAWS);
    free(row);
    free(logs);
    return OK;
}

Rc fisher_rxc(double *p, double *se, const double *count, size_t r, size_t c, uint64_t seed, Err *e)
{
    Rc rc = OK;
    Meeting *q = calloc(1, sizeof *q);
    size_t rows = r < c ? r : c, cols = r < c ? c : r, used = 0;
    double weight = 1;
    *p = NAN;
    *se = 0;
    if (!q) return err_nomem(e);
    q->b = calloc(1, sizeof *q->b);
    if (!q->b) { rc = err_nomem(e); goto out; }
    Margins *m = &q->m;
    if (cols <= SIDE_MAX) {
        /* The shorter side as rows; empty margins say nothing. */
        for (size_t i = 0; i < rows; i++) {
            double s = 0;
            for (size_t j = 0; j < cols; j++) s += r < c ? count[j * r + i] : count[i * r + j];
            if (s > 0) m->row[m->r++] = s;
            m->n += s;
        }
        for (size_t j = 0; j < cols; j++) {
            double s = 0;
            for (size_t i = 0; i < rows; i++) s += r < c ? count[j * r + i] : count[i * r + j];
            if (s > 0) m->col[used++] = s;
        }
        m->c = used;
    }
    if (m->r == 0 || m->n > 1e7) { rc = by_drawing(p, se, count, r, c, seed, e); goto out; }
    if (m->r < 2 || m->c < 2) { *p = 1; goto out; }
    m->f = calloc((size_t)m->n + 1, sizeof *m->f);
    if (!m->f) { rc = err_nomem(e); goto out; }
    double mu = m->n / (double)(m->r * m->c);
    for (size_t k = 0; k <= (size_t)m->n; k++) m->f[k] = exp((double)k * log(mu) - mu - log_gamma((double)k + 1));
    /* Cells of empty margins are zeros and were left out with them. */
    for (size_t k = 0; k < r * c; k++) {
        double rs = 0, cs = 0;
        for (size_t j = 0; j < c; j++) rs += count[j * r + k % r];
        for (size_t i = 0; i < r; i++) cs += count[k / r * r + i];
        if (rs > 0 && cs > 0) weight *= m->f[(size_t)count[k]];
    }
    m->limit = weight * (1 + SAME);
    q->split = m->c / 2;
    double left = 0;
    for (size_t j = 0; j < q->split; j++) left += m->col[j];
    double vectors = INFINITY;
    if (weight > 0) TRY(count_vectors(&vectors, m, left, e));
    const bool countable = VECTOR_WORK * vectors <= WORK_MAX;
    if (countable) TRY(meet(q, 0, left, e));
    if (countable && m->work <= WORK_MAX) *p = fmin(sum_value(&q->hit) / sum_value(&q->all), 1);
    else TRY(by_drawing(p, se, count, r, c, seed, e));
out:
    if (q->b) free(q->b->sorted);
    free(q->b);
    free(q->left.w);
    free(q->right.w);
    free(q->m.f);
    free(q);
    return rc;
}
