/* features/glcm.c: grey level co-occurrence matrices and their features. IBSI reference manual 3.6; Haralick 1973. */
#include "features/glcm.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "features/pairs.h"

enum { DENSE_MAX = 512 };      /* levels up to which a matrix is an array: 1 MiB */

/* What one pass over the cells of a symmetric matrix leaves; all counts are whole numbers. */
typedef struct {
    uint64_t *row, *sum, *diff;                                /* [Ng+1], [2 Ng+1], [Ng+1]: p_i, p_(i+j), p_|i-j| times total */
    uint64_t total, max;
    double squares, logs;                                      /* sum of c^2, of c log2 c */
    CountLogs count_logs;
} Marginals;

static Rc marginals_init(Marginals **out, int Ng, Err *e)
{
    Marginals *s = calloc(1, sizeof *s);
    if (!s) return err_nomem(e);
    s->row = calloc(4 * ((size_t)Ng + 1), sizeof *s->row);
    if (!s->row) { free(s); return err_nomem(e); }
    s->diff = s->row + Ng + 1;
    s->sum = s->diff + Ng + 1;
    *out = s;
    return OK;
}

static void marginals_free(Marginals *s)
{
    if (!s) return;
    free(s->row);
    free(s);
}

static void marginals_clear(Marginals *s, const LevelBox *b)
{
    size_t span = (size_t)(b->highest - b->lowest) + 1;
    memset(s->row + b->lowest, 0, span * sizeof *s->row);
    memset(s->diff, 0, span * sizeof *s->diff);
    memset(s->sum + 2 * b->lowest, 0, (2 * span - 1) * sizeof *s->sum);
    s->total = s->max = 0;
    s->squares = s->logs = 0;
}

/* n pairs of the levels i <= j, each of which the symmetric matrix counts twice. */
static inline void marginals_add(Marginals *s, size_t i, size_t j, uint64_t n)
{
    uint64_t c = i == j ? 2 * n : n;                           /* one cell's count */
    double cells = i == j ? 1 : 2;
    s->row[i] += n;
    s->row[j] += n;
    s->sum[i + j] += 2 * n;
    s->diff[j - i] += 2 * n;
    s->total += 2 * n;
    if (c > s->max) s->max = c;
    s->squares += cells * (double)c * (double)c;
    s->logs += cells * count_log(&s->count_logs, c);
}

static double entropy_of(Marginals *s, const uint64_t *count, size_t from, size_t to, double total, double log_total)
{
    double logs = 0;
    for (size_t k = from; k <= to; k++) logs += count_log(&s->count_logs, count[k]);
    return log_total - logs / total;
}

#define V(slot) v[FEATURE_GLCM_##slot - GLCM_FIRST]

static void features_of(double v[GLCM_FEATURES], Marginals *s, const LevelBox *b)
{
    for (int k = 0; k < GLCM_FEATURES; k++) v[k] = NAN;
    if (s->total == 0) return;
    const size_t lo = (size_t)b->lowest, hi = (size_t)b->highest, span = hi - lo;
    const double N = (double)s->total, Ng = b->Ng, log_N = det_log2(N);

    V(JOINT_MAXIMUM) = (double)s->max / N;
    V(ANGULAR_SECOND_MOMENT) = s->squares / (N * N);
    double hxy = V(JOINT_ENTROPY) = log_N - s->logs / N;

    double mu = 0, variance = 0;
    for (size_t i = lo; i <= hi; i++) mu += (double)i * (double)s->row[i];
    mu /= N;
    for (size_t i = lo; i <= hi; i++) variance += ((double)i - mu) * ((double)i - mu) * (double)s->row[i];
    variance /= N;
    V(JOINT_AVERAGE) = mu;
    V(JOINT_VARIANCE) = variance;

    double mean = 0, squares = 0, inverse = 0, inverse_n = 0, moment = 0, moment_n = 0, inverse_var = 0, var = 0;
    for (size_t k = 0; k <= span; k++) {
        double d = (double)k, p = (double)s->diff[k];
        if (p == 0) continue;
        mean += d * p;
        squares += d * d * p;
        inverse += p / (1 + d);
        inverse_n += p / (1 + d / Ng);
        moment += p / (1 + d * d);
        moment_n += p / (1 + d * d / (Ng * Ng));
        if (k) inverse_var += p / (d * d);
    }
    mean /= N;
    for (size_t k = 0; k <= span; k++) var += ((double)k - mean) * ((double)k - mean) * (double)s->diff[k];
    V(DIFFERENCE_AVERAGE) = V(DISSIMILARITY) = mean;
    V(DIFFERENCE_VARIANCE) = var / N;
    V(DIFFERENCE_ENTROPY) = entropy_of(s, s->diff, 0, span, N, log_N);
    V(CONTRAST) = squares / N;
    V(INVERSE_DIFFERENCE) = inverse / N;
    V(NORMALISED_INVERSE_DIFFERENCE) = inverse_n / N;
    V(INVERSE_DIFFERENCE_MOMENT) = moment / N;
    V(NORMALISED_INVERSE_DIFFERENCE_MOMENT) = moment_n / N;
    V(INVERSE_VARIANCE) = inverse_var / N;

    double tendency = 0, shade = 0, prominence = 0, product = 0;
    for (size_t k = 2 * lo; k <= 2 * hi; k++) {
        double p = (double)s->sum[k], d = (double)k - 2 * mu;
        if (p == 0) continue;
        tendency += d * d * p;
        shade += d * d * d * p;
        prominence += d * d * d * d * p;
        product += (double)k * (double)k * p;
    }
    V(SUM_AVERAGE) = 2 * mu;
    V(SUM_VARIANCE) = V(CLUSTER_TENDENCY) = tendency / N;
    V(SUM_ENTROPY) = entropy_of(s, s->sum, 2 * lo, 2 * hi, N, log_N);
    V(CLUSTER_SHADE) = shade / N;
    V(CLUSTER_PROMINENCE) = prominence / N;
    V(AUTOCORRELATION) = (product - squares) / (4 * N);        /* ij = ((i+j)^2 - (i-j)^2) / 4 */

    /* p is symmetric, so HXY1 = HXY2 = 2 HX (IBSI 3.6.24). A single level correlates with nothing. */
    double hx = entropy_of(s, s->row, lo, hi, N, log_N);
    if (variance > 0) {
        V(CORRELATION) = (tendency - squares) / (4 * N) / variance;
        V(INFORMATION_CORRELATION_1) = (hxy - 2 * hx) / hx;
    }
    double gap = 2 * (2 * hx - hxy);
    V(INFORMATION_CORRELATION_2) = gap > 0 ? sqrt(1 - det_exp(-gap)) : 0;
}

void glcm_count(uint32_t *m, const LevelBox *b, size_t from, size_t to, ptrdiff_t offset)
{
    const size_t width = (size_t)b->Ng + 1;
    for (size_t v = from; v < to; v++) {
        const uint16_t *l = b->level + b->at[v];
        m[l[0] * width + l[offset]]++;
    }
}

static void dense_features(double v[GLCM_FEATURES], Marginals *s, const uint32_t *m, const LevelBox *b)
{
    const size_t width = (size_t)b->Ng + 1, lo = (size_t)b->lowest, hi = (size_t)b->highest;
    marginals_clear(s, b);
    for (size_t i = lo; i <= hi; i++) {
        if (m[i * width + i]) marginals_add(s, i, i, m[i * width + i]);
        for (size_t j = i + 1; j <= hi; j++) {
            uint64_t n = (uint64_t)m[i * width + j] + m[j * width + i];
            if (n) marginals_add(s, i, j, n);
        }
    }
    features_of(v, s, b);
}

static void sparse_features(double v[GLCM_FEATURES], Marginals *s, const PairCounts *p, const LevelBox *b)
{
    marginals_clear(s, b);
    for (size_t k = 0; k < p->n; k++) marginals_add(s, p->key[k] >> 16, p->key[k] & 0xffff, p->count[k]);
    features_of(v, s, b);
}

Rc glcm_matrix_features(double v[GLCM_FEATURES], const uint32_t *m, const LevelBox *b, Err *e)
{
    Rc rc = OK;
    Marginals *s = NULL;
    TRY(marginals_init(&s, b->Ng, e));
    dense_features(v, s, m, b);
out:
    marginals_free(s);
    return rc;
}

/* A matrix of either kind, and what fills, adds and judges it. */
typedef struct {
    uint32_t *dense;           /* NULL when sparse */
    PairCounts sparse;
} Matrix;

typedef struct {
    const LevelBox *b;
    size_t cells;              /* of a dense matrix; 0: sparse */
    Marginals *marginals;
    Err *e;
} Work;

static Rc matrix_init(Matrix *m, const Work *w)
{
    if (!w->cells) return OK;
    m->dense = calloc(w->cells, sizeof *m->dense);
    return m->dense ? OK : err_nomem(w->e);
}

static void matrix_free(Matrix *m)
{
    free(m->dense);
    pair_counts_free(&m->sparse);
    m->dense = NULL;
}

static void matrix_clear(Matrix *m, const Work *w)
{
    if (m->dense) memset(m->dense, 0, w->cells * sizeof *m->dense);
    m->sparse.n = 0;
}

static Rc matrix_count(Matrix *m, const Work *w, size_t from, size_t to, const int direction[3], int distance)
{
    ptrdiff_t offset = distance * level_offset(w->b, direction);
    matrix_clear(m, w);
    if (!m->dense) return pair_counts_build(&m->sparse, w->b, from, to, offset, w->e);
    glcm_count(m->dense, w->b, from, to, offset);
    return OK;
}

static Rc matrix_add(Matrix *sum, const Matrix *m, const Work *w)
{
    if (!sum->dense) return pair_counts_add(&sum->sparse, &m->sparse, w->e);
    for (size_t i = 0; i < w->cells; i++) sum->dense[i] += m->dense[i];
    return OK;
}

static void matrix_features(double v[GLCM_FEATURES], const Matrix *m, const Work *w)
{
    if (m->dense) dense_features(v, w->marginals, m->dense, w->b);
    else sparse_features(v, w->marginals, &m->sparse, w->b);
}

/* The 13 directions of the volume, averaged, merged, or both. */
static Rc volume_features(double out[AGGREGATION_COUNT][GLCM_FEATURES], const bool wanted[AGGREGATION_COUNT], const Work *w,
                          int distance)
{
    Rc rc = OK;
    Matrix one = { 0 }, merged = { 0 };
    double v[GLCM_FEATURES], sum[GLCM_FEATURES] = { 0 };
    uint32_t count[GLCM_FEATURES] = { 0 };
    FeatureMean mean = { sum, count, GLCM_FEATURES };

    TRY(matrix_init(&one, w));
    TRY(matrix_init(&merged, w));
    for (int d = 0; d < DIRECTIONS_3D; d++) {
        if (merged.dense && !wanted[AGGREGATION_3D_AVG]) {
            glcm_count(merged.dense, w->b, 0, w->b->voxels, distance * level_offset(w->b, direction_3d[d]));
            continue;
        }
        TRY(matrix_count(&one, w, 0, w->b->voxels, direction_3d[d], distance));
        if (wanted[AGGREGATION_3D_AVG]) {
            matrix_features(v, &one, w);
            feature_mean_add(&mean, v);
        }
        if (wanted[AGGREGATION_3D_MRG]) TRY(matrix_add(&merged, &one, w));
    }
    if (wanted[AGGREGATION_3D_AVG]) feature_mean_take(out[AGGREGATION_3D_AVG], &mean);
    if (wanted[AGGREGATION_3D_MRG]) matrix_features(out[AGGREGATION_3D_MRG], &merged, w);
out:
    matrix_free(&one);
    matrix_free(&merged);
    return rc;
}

/* Slice by slice, four directions each; matrices of the same direction and of all are added up over the slices. */
static Rc slice_features(double out[AGGREGATION_COUNT][GLCM_FEATURES], const bool wanted[AGGREGATION_COUNT], const Work *w,
                          int distance)
{
    Rc rc = OK;
    Matrix one = { 0 }, slice = { 0 }, direction[DIRECTIONS_2D] = { { 0 } }, all = { 0 };
    double v[GLCM_FEATURES], sum[3][GLCM_FEATURES] = { { 0 } };
    uint32_t count[3][GLCM_FEATURES] = { { 0 } };
    FeatureMean avg = { sum[0], count[0], GLCM_FEATURES }, mrg = { sum[1], count[1], GLCM_FEATURES },
                dir = { sum[2], count[2], GLCM_FEATURES };
    bool volume = wanted[AGGREGATION_25D_DIR] || wanted[AGGREGATION_25D_MRG];

    TRY(matrix_init(&one, w));
    TRY(matrix_init(&slice, w));
    TRY(matrix_init(&all, w));
    for (int d = 0; d < DIRECTIONS_2D; d++) TRY(matrix_init(&direction[d], w));
    for (int z = 0; z < w->b->n[2]; z++) {
        if (w->b->slice[z] == w->b->slice[z + 1]) continue;
        matrix_clear(&slice, w);
        for (int d = 0; d < DIRECTIONS_2D; d++) {
            TRY(matrix_count(&one, w, w->b->slice[z], w->b->slice[z + 1], direction_3d[d], distance));
            if (wanted[AGGREGATION_2D_AVG]) {
                matrix_features(v, &one, w);
                feature_mean_add(&avg, v);
            }
            if (wanted[AGGREGATION_2D_MRG]) TRY(matrix_add(&slice, &one, w));
            if (volume) TRY(matrix_add(&direction[d], &one, w));
        }
        if (wanted[AGGREGATION_2D_MRG]) {
            matrix_features(v, &slice, w);
            feature_mean_add(&mrg, v);
        }
    }
    for (int d = 0; d < DIRECTIONS_2D && volume; d++) {
        matrix_features(v, &direction[d], w);
        feature_mean_add(&dir, v);
        TRY(matrix_add(&all, &direction[d], w));
    }
    if (wanted[AGGREGATION_2D_AVG]) feature_mean_take(out[AGGREGATION_2D_AVG], &avg);
    if (wanted[AGGREGATION_2D_MRG]) feature_mean_take(out[AGGREGATION_2D_MRG], &mrg);
    if (wanted[AGGREGATION_25D_DIR]) feature_mean_take(out[AGGREGATION_25D_DIR], &dir);
    if (wanted[AGGREGATION_25D_MRG]) matrix_features(out[AGGREGATION_25D_MRG], &all, w);
out:
    matrix_free(&one);
    matrix_free(&slice);
    matrix_free(&all);
    for (int d = 0; d < DIRECTIONS_2D; d++) matrix_free(&direction[d]);
    return rc;
}

Rc glcm_aggregations(double out[AGGREGATION_COUNT][GLCM_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b,
                     int distance, Err *e)
{
    Rc rc = OK;
    size_t width = (size_t)b->Ng + 1;
    Work w = { .b = b, .cells = b->Ng <= DENSE_MAX ? width * width : 0, .e = e };

    assert(distance >= 1 && distance <= b->margin);
    TRY(marginals_init(&w.marginals, b->Ng, e));
    if (wanted[AGGREGATION_3D_AVG] || wanted[AGGREGATION_3D_MRG]) TRY(volume_features(out, wanted, &w, distance));
    if (wanted[AGGREGATION_2D_AVG] || wanted[AGGREGATION_2D_MRG] || wanted[AGGREGATION_25D_DIR] || wanted[AGGREGATION_25D_MRG])
        TRY(slice_features(out, wanted, &w, distance));
out:
    marginals_free(w.marginals);
    return rc;
}
