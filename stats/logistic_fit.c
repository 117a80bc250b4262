/* stats/logistic_fit.c: the logistic likelihood with and without Firth's penalty. */
#include "stats/logistic_fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lanes.h"
#include "core/lanes_exp.h"
#include "core/lanes_log.h"
#include "core/sum.h"
#include "stats/basis.h"
#include "stats/linalg.h"
#include "stats/rows.h"

static const double CONDITION_PLAIN = 1e3;

/* ---- columns to rows */

static inline __attribute__((always_inline)) double sum_of_lanes(Lanes v)
{
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

static FOR_EACH_WIDTH double column_mean(const double *x, size_t n)
{
    Lanes sum = lanes_all(0);
    const size_t wide = n / LANES * LANES;
    for (size_t i = 0; i < wide; i += LANES) sum += lanes_at(x + i);
    double s = sum_of_lanes(sum);
    for (size_t i = wide; i < n; i++) s += x[i];
    return s / (double)n;
}

/* Root mean square of x less `mean`, safe from overflow; x is left without its mean. */
static FOR_EACH_WIDTH double column_scale(double *x, size_t n, double mean)
{
    double largest = 0, ss = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] -= mean;
        largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    }
    if (!(largest > 0)) return 1;
    Lanes sum = lanes_all(0);
    const size_t wide = n / LANES * LANES;
    for (size_t i = 0; i < wide; i += LANES) { const Lanes v = lanes_at(x + i) / largest; sum += v * v; }
    for (size_t i = wide; i < n; i++) { const double v = x[i] / largest; ss += v * v; }
    return largest * sqrt((sum_of_lanes(sum) + ss) / (double)n);
}

/* Columns in order of the rows, centred (with an intercept to take it up) and scaled to root mean square 1: eight at a time in `room`
 * (8 n), then written where they belong, so that each row's numbers are touched once for eight. */
static void standardise(LogisticData *d, const LogisticInput *in, double *room)
{
    const size_t n = d->n, p = (size_t)d->p;
    for (size_t first = 0; first < p; first += LANES) {
        const size_t m = p - first < LANES ? p - first : LANES;
        double scale[LANES];
        for (size_t q = 0; q < m; q++) {
            const size_t j = first + q;
            const bool intercept = in->has_intercept && j == 0;
            const double *x = in->x + j * n;
            double *to = room + q * n;
            for (size_t i = 0; i < n; i++) to[i] = x[d->order[i]];
            const double mean = in->has_intercept && !intercept ? column_mean(to, n) : 0;
            scale[q] = intercept ? 1 : column_scale(to, n, mean);
            d->scale[j] = scale[q];
            d->T[j * p + j] = 1 / scale[q];
            if (in->has_intercept && !intercept) d->T[j * p] = -mean / scale[q];
        }
        for (size_t i = 0; i < n; i++)
            for (size_t q = 0; q < m; q++) d->x[i * p + first + q] = room[q * n + i] / scale[q];
    }
}

static Rc orthogonalise(LogisticData *d, size_t from, Arena *a, Err *e)
{
    size_t n = d->n, p = (size_t)d->p;
    double *gram = ARENA_NEW(a, p * p + 1, double);
    if (!gram) return err_nomem(e);
    rows_cross_whole(gram, d->x, NULL, n, p, d->packed);
    if (linalg_scaled_condition(gram, (int)p) < CONDITION_PLAIN) return OK;
    for (size_t j = from; j < p; j++) {
        double *T = d->T + j * p;
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = from; k < j; k++) {
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

Rc logistic_data_init(LogisticData *d, const LogisticInput *in, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = in->n, p = (size_t)in->p;
    *d = (LogisticData){ .n = n, .p = in->p, .x = ARENA_NEW(a, n * p + ROWS_SPARE, double), .y = ARENA_NEW(a, n + 1, double),
                         .w = in->weight ? ARENA_NEW(a, n + 1, double) : NULL, .offset = in->offset ? ARENA_NEW(a, n + 1, double) : NULL,
                         .order = ARENA_NEW(a, n + 1, size_t), .T = ARENA_NEW(a, p * p + 1, double), .scale = ARENA_NEW(a, p + 1, double),
                         .prob = ARENA_NEW(a, n + 1, double), .v = ARENA_NEW(a, n + 1, double),
                         .rest = ARENA_NEW(a, n + 1, double),
                         .packed = ARENA_NEW(a, rows_packed(p) + 1, double), .L = ARENA_NEW(a, 3 * (p * p + p) + 1, double) };
    if (!d->x || !d->y || (in->weight && !d->w) || (in->offset && !d->offset) || !d->order || !d->T || !d->scale || !d->prob || !d->v || !d->rest ||
        !d->packed || !d->L) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t row = in->order ? in->order[i] : i;
        d->order[i] = row;
        d->y[i] = in->y[row];
        if (d->w) d->w[i] = in->weight[row];
        if (d->offset) d->offset[i] = in->offset[row];
    }
    double *room = malloc((LANES * n + 1) * sizeof *room);
    if (!room) return err_nomem(e);
    standardise(d, in, room);
    free(room);
    if (p > 1) TRY(orthogonalise(d, in->has_intercept, a, e));
    for (size_t j = 0; j < p; j++) d->log_det += log(fabs(d->T[j * p + j]));
out:
    return rc;
}

void logistic_to_columns(double *beta, const LogisticData *d, const double *g) { basis_to_columns(beta, d->T, d->p, g); }
void logistic_vcov_to_columns(double *v, const LogisticData *d, const double *vg) { basis_vcov_to_columns(v, d->T, d->p, vg); }

/* ---- the likelihood, rows in groups that stay in cache from the linear predictor to the cross products */

enum { GROUP_NUMBERS = 1 << 16, BLOCK = 256 };

static size_t group_rows(size_t p)
{
    const size_t rows = GROUP_NUMBERS / (p ? p : 1) / BLOCK * BLOCK;      /* p 0: nothing but an offset, if that */
    return rows > BLOCK ? rows : BLOCK;
}

/* The first `left` of eight numbers, zeros behind them; and the same back. */
static inline __attribute__((always_inline)) Lanes load_some(const double *from, size_t left)
{
    double few[LANES] = { 0 };
    if (left >= LANES) return lanes_at(from);
    memcpy(few, from, left * sizeof *few);
    return lanes_at(few);
}

static inline __attribute__((always_inline)) void store_some(double *to, Lanes v, size_t left)
{
    double few[LANES];
    if (left >= LANES) { lanes_put(to, v); return; }
    lanes_put(few, v);
    memcpy(to, few, left * sizeof *few);
}

/* eta[m] of rows of p numbers. */
static inline __attribute__((always_inline)) void predictors(double *eta, const double *x, size_t m, size_t p, const double *g)
{
    const size_t wide = p / LANES * LANES;
    for (size_t i = 0; i < m; i++, x += p) {
        double s = 0;
        if (wide) {
            Lanes sum = lanes_at(x) * lanes_at(g);
            for (size_t j = LANES; j < wide; j += LANES) sum += lanes_at(x + j) * lanes_at(g + j);
            s = sum_of_lanes(sum);
        }
        for (size_t j = wide; j < p; j++) s += x[j] * g[j];
        eta[i] = s;
    }
}

/* Probabilities, weights and residuals of rows [from, from + m), m <= BLOCK; returns their log-likelihood, NaN where a predictor is not
 * finite. With t = exp(-|eta|) the smaller of p and 1 - p is t/(1 + t) and the larger 1/(1 + t), both to full precision. */
static FOR_EACH_WIDTH double evaluate_rows(LogisticData *d, const double *g, size_t from, size_t m)
{
    double eta[BLOCK + LANES] = { 0 };
    predictors(eta, d->x + from * (size_t)d->p, m, (size_t)d->p, g);
    if (d->offset) for (size_t i = 0; i < m; i++) eta[i] += d->offset[from + i];
    Lanes sum = lanes_all(0);
    for (size_t i = 0; i < m; i += LANES) {
        const size_t left = m - i, row = from + i;
        const Lanes s = lanes_at(eta + i), w = d->w ? load_some(d->w + row, left) : lanes_all(1);
        const LanesMask event = load_some(d->y + row, left) > 0, above = s > 0;
        const Lanes size = lanes_select(above, s, -s), t = lanes_exp(-size), larger = 1 / (1 + t), smaller = t * larger;
        const Lanes prob = lanes_select(above, 1 - smaller, smaller);
        const Lanes rest = lanes_select(event, lanes_select(above, smaller, larger), -lanes_select(above, larger, smaller));
        /* log of the probability of what was seen: -log(1 + t), and -|eta| more where the less likely was. */
        Lanes seen = -lanes_log1p(t) - lanes_select(event ^ above, size, lanes_all(0)) + 0 * s;
        if (left < LANES) for (size_t k = left; k < LANES; k++) seen[k] = 0;
        sum += w * seen;
        store_some(d->prob + row, prob, left);
        store_some(d->v + row, w * smaller * larger, left);
        store_some(d->rest + row, w * rest, left);
    }
    return sum_of_lanes(sum);
}

/* The triangle L (lower, column-major) of the information L L' from the rows themselves, by rotations: where fitted probabilities are close to 0
 * or 1, weights differ by many powers of ten, and the cross product has lost the small ones beside the large. */
static void triangle_of_rows(double *L, const LogisticData *d, double *row)
{
    const size_t p = (size_t)d->p;
    memset(L, 0, p * p * sizeof *L);
    for (size_t i = 0; i < d->n; i++) {
        const double root = sqrt(d->v[i]);
        for (size_t j = 0; j < p; j++) row[j] = root * d->x[i * p + j];
        for (size_t j = 0; j < p; j++) {
            if (row[j] == 0) continue;
            double *pivot = L + j * p;
            const double r = hypot(pivot[j], row[j]), c = pivot[j] / r, s = row[j] / r;
            for (size_t k = j; k < p; k++) {
                const double was = pivot[k];
                pivot[k] = c * was + s * row[k];
                row[k] = c * row[k] - s * was;
            }
        }
    }
}

/* Hat values over v of m rows, LANES at most: x'I^-1 x = z'z with L z = x by forward substitution, a row a lane; room for LANES p numbers. */
static FOR_EACH_WIDTH void hats(double *h, const double *x, size_t m, const double *L, size_t p, double *room)
{
    Lanes sum = lanes_all(0);
    for (size_t i = 0; i < LANES; i++) for (size_t j = 0; j < p; j++) room[LANES * j + i] = i < m ? x[i * p + j] : 0;
    for (size_t j = 0; j < p; j++) {
        Lanes s = lanes_at(room + LANES * j);
        for (size_t k = 0; k < j; k++) s -= L[k * p + j] * lanes_at(room + LANES * k);
        s /= L[j * p + j];
        lanes_put(room + LANES * j, s);
        sum += s * s;
    }
    lanes_put(h, sum);
}

/* What Firth's penalty adds to value and score; `info` is the information. */
static bool penalise(LogisticData *d, double *value, double *score, const double *info)
{
    static const double LOST = 1e-6;       /* a pivot this small against its diagonal has ten digits left */
    const size_t n = d->n, p = (size_t)d->p;
    double *L = d->L, *z = d->L + p * p;
    Err ignored = { 0 };
    memcpy(L, info, p * p * sizeof *L);
    bool exact = linalg_cholesky(L, (int)p, &ignored) == OK;
    for (size_t j = 0; exact && j < p; j++) exact = L[j * p + j] * L[j * p + j] > LOST * info[j * p + j];
    if (!exact) triangle_of_rows(L, d, z);
    for (size_t j = 0; j < p; j++) if (!(L[j * p + j] > 0)) return false;
    *value += linalg_cholesky_logdet(L, (int)p) / 2 - d->log_det;
    for (size_t from = 0; from < n; from += LANES) {
        const size_t m = n - from < LANES ? n - from : LANES;
        double h[LANES];
        hats(h, d->x + from * p, m, L, p, d->packed);
        for (size_t i = from; i < from + m; i++) {
            const double c = h[i - from] * d->v[i] * (.5 - d->prob[i]);
            for (size_t j = 0; j < p; j++) score[j] += c * d->x[i * p + j];
        }
    }
    return true;
}

/* Sums of groups are added up with their rounding errors kept: in a million rows the likelihood must still tell a step that helps. */
bool logistic_evaluate(void *context, const double *g, double *value, double *score, double *info)
{
    LogisticData *d = context;
    const size_t n = d->n, p = (size_t)d->p, rows = group_rows(p), m = p * p + p;
    Sum total = { 0 };
    double *part = d->L + p * p + p, *carry = part + m;
    memset(carry, 0, m * sizeof *carry);
    memset(score, 0, p * sizeof *score);
    memset(info, 0, p * p * sizeof *info);
    for (size_t from = 0; from < n; from += rows) {
        const size_t to = n - from < rows ? n : from + rows;
        Sum group = { 0 };
        for (size_t i = from; i < to; i += BLOCK) sum_add(&group, evaluate_rows(d, g, i, to - i < BLOCK ? to - i : BLOCK));
        sum_add(&total, sum_value(&group));
        if (!isfinite(total.sum)) return false;
        rows_cross_whole(part, d->x + from * p, d->v + from, to - from, p, d->packed);
        rows_sum_whole(part + p * p, d->x + from * p, d->rest + from, to - from, p, d->packed);
        for (size_t k = 0; k < m; k++) {
            Sum s = { k < p * p ? info[k] : score[k - p * p], carry[k] };
            sum_add(&s, part[k]);
            *(k < p * p ? &info[k] : &score[k - p * p]) = s.sum;
            carry[k] = s.carry;
        }
    }
    for (size_t k = 0; k < m; k++) *(k < p * p ? &info[k] : &score[k - p * p]) += carry[k];
    *value = sum_value(&total);
    if (d->firth && !penalise(d, value, score, info)) return false;
    return isfinite(*value);
}

bool logistic_evaluate_plain(void *context, const double *g, double *value, double *score, double *info)
{
    LogisticData *d = context;
    const bool firth = d->firth;
    d->firth = false;
    const bool good = logistic_evaluate(d, g, value, score, info);
    d->firth = firth;
    return good;
}
