/* features/size_matrix.c: the features of a matrix of grey level by size. IBSI reference manual 3.7 to 3.11. */
#include "features/size_matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"

enum { WIDTH_MAX = 64 };

Rc size_matrix_init(SizeMatrix *m, int Ng, size_t largest, Err *e)
{
    *m = (SizeMatrix){ .Ng = Ng, .width = largest < WIDTH_MAX ? (int)largest : WIDTH_MAX };
    if (m->width < 1) m->width = 1;
    m->count = calloc(((size_t)Ng + 1) * (size_t)m->width, sizeof *m->count);
    return m->count ? OK : err_nomem(e);
}

void size_matrix_free(SizeMatrix *m)
{
    free(m->count);
    free(m->big);
    m->count = NULL;
    m->big = NULL;
    m->n_big = m->cap_big = 0;
}

void size_matrix_clear(SizeMatrix *m, int lowest, int highest)
{
    size_t width = (size_t)m->width;
    memset(m->count + (size_t)lowest * width, 0, (size_t)(highest - lowest + 1) * width * sizeof *m->count);
    m->n_big = 0;
}

Rc size_matrix_add_big(SizeMatrix *m, int level, size_t size, Err *e)
{
    if (m->n_big == m->cap_big) {
        size_t cap = m->cap_big ? 2 * m->cap_big : 256;
        LevelSize *p = realloc(m->big, cap * sizeof *p);
        if (!p) return err_nomem(e);
        m->big = p;
        m->cap_big = cap;
    }
    m->big[m->n_big++] = (LevelSize){ (uint32_t)level, (uint32_t)size };
    return OK;
}

Rc size_matrix_merge(SizeMatrix *sum, const SizeMatrix *m, int lowest, int highest, Err *e)
{
    Rc rc = OK;
    size_t width = (size_t)m->width;
    for (size_t i = (size_t)lowest * width; i < ((size_t)highest + 1) * width; i++) sum->count[i] += m->count[i];
    for (size_t i = 0; i < m->n_big; i++) TRY(size_matrix_add_big(sum, (int)m->big[i].level, m->big[i].size, e));
out:
    return rc;
}

static int by_level(const void *pa, const void *pb)
{
    const LevelSize *a = pa, *b = pb;
    if (a->level != b->level) return a->level < b->level ? -1 : 1;
    return a->size < b->size ? -1 : a->size > b->size;
}

static int by_size(const void *pa, const void *pb)
{
    const LevelSize *a = pa, *b = pb;
    return a->size < b->size ? -1 : a->size > b->size;
}

static double square(double x) { return x * x; }

/* Sums over the cells; sizes of one level before the next level, small before large. */
typedef struct {
    double small, large, low, high, small_low, small_high, large_low, large_high;
    double level_squares, size_squares, cell_squares, cell_logs, level_sum, size_sum;
    uint64_t total;
} Sums;

/* What one level has. */
typedef struct { uint64_t count; double small, large; } Row;

static void row_add(Row *r, Sums *s, CountLogs *logs, uint64_t count, double size)
{
    double c = (double)count;
    r->count += count;
    r->small += c / (size * size);
    r->large += c * size * size;
    s->size_sum += c * size;
    s->cell_squares += c * c;
    s->cell_logs += count_log(logs, count);
}

static void sums_add_row(Sums *s, const Row *r, double level)
{
    double i2 = level * level, c = (double)r->count;
    s->total += r->count;
    s->small += r->small;
    s->large += r->large;
    s->low += c / i2;
    s->high += c * i2;
    s->small_low += r->small / i2;
    s->small_high += r->small * i2;
    s->large_low += r->large / i2;
    s->large_high += r->large * i2;
    s->level_sum += c * level;
    s->level_squares += c * c;
}

Rc size_matrix_features(double v[SIZE_FEATURES], SizeMatrix *m, int lowest, int highest, double voxels, Err *e)
{
    Sums s = { 0 };
    size_t width = (size_t)m->width, big = 0;
    uint64_t *level = calloc((size_t)(highest - lowest + 1) + width, sizeof *level), *column = level + (highest - lowest + 1);

    if (!level) return err_nomem(e);
    for (int k = 0; k < SIZE_FEATURES; k++) v[k] = NAN;
    if (m->n_big) qsort(m->big, m->n_big, sizeof *m->big, by_level);
    for (int i = lowest; i <= highest; i++) {
        const uint32_t *count = m->count + (size_t)i * width;
        Row r = { 0 };
        for (size_t j = 0; j < width; j++) {
            if (!count[j]) continue;
            row_add(&r, &s, &m->logs, count[j], (double)(j + 1));
            column[j] += count[j];
        }
        while (big < m->n_big && m->big[big].level == (uint32_t)i) {
            size_t end = big + 1;
            while (end < m->n_big && by_level(&m->big[big], &m->big[end]) == 0) end++;
            row_add(&r, &s, &m->logs, end - big, m->big[big].size);
            big = end;
        }
        level[i - lowest] = r.count;
        if (r.count) sums_add_row(&s, &r, i);
    }
    if (s.total == 0) goto out;

    const double N = (double)s.total, level_mean = s.level_sum / N, size_mean = s.size_sum / N;
    double level_variance = 0, size_variance = 0;
    for (int i = lowest; i <= highest; i++) level_variance += (double)level[i - lowest] * square(i - level_mean);
    for (size_t j = 0; j < width; j++) {
        s.size_squares += square((double)column[j]);
        size_variance += (double)column[j] * square((double)(j + 1) - size_mean);
    }
    if (m->n_big) qsort(m->big, m->n_big, sizeof *m->big, by_size);
    for (size_t k = 0; k < m->n_big;) {
        size_t end = k + 1;
        while (end < m->n_big && m->big[end].size == m->big[k].size) end++;
        s.size_squares += square((double)(end - k));
        size_variance += (double)(end - k) * square((double)m->big[k].size - size_mean);
        k = end;
    }

    v[SIZE_SMALL_EMPHASIS] = s.small / N;
    v[SIZE_LARGE_EMPHASIS] = s.large / N;
    v[SIZE_LOW_LEVEL_EMPHASIS] = s.low / N;
    v[SIZE_HIGH_LEVEL_EMPHASIS] = s.high / N;
    v[SIZE_SMALL_LOW_EMPHASIS] = s.small_low / N;
    v[SIZE_SMALL_HIGH_EMPHASIS] = s.small_high / N;
    v[SIZE_LARGE_LOW_EMPHASIS] = s.large_low / N;
    v[SIZE_LARGE_HIGH_EMPHASIS] = s.large_high / N;
    v[SIZE_LEVEL_NON_UNIFORMITY] = s.level_squares / N;
    v[SIZE_LEVEL_NON_UNIFORMITY_NORMALISED] = s.level_squares / (N * N);
    v[SIZE_NON_UNIFORMITY] = s.size_squares / N;
    v[SIZE_NON_UNIFORMITY_NORMALISED] = s.size_squares / (N * N);
    v[SIZE_PERCENTAGE] = N / voxels;
    v[SIZE_LEVEL_VARIANCE] = level_variance / N;
    v[SIZE_VARIANCE] = size_variance / N;
    v[SIZE_ENTROPY] = det_log2(N) - s.cell_logs / N;
    v[SIZE_ENERGY] = s.cell_squares / (N * N);
out:
    free(level);
    return OK;
}
