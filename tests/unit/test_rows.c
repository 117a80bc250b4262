/* tests/unit/test_rows.c: kernels over rows against plain loops in long double, for every width and around the edges of groups. */
#include <math.h>
#include <stdlib.h>

#include "core/rng.h"
#include "stats/rows.h"
#include "unit.h"

enum { P_MOST = 40, N_MOST = 700 };
static const size_t counts[] = { 0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 50, 51, 52, 102, 103, 255, 256, 257, 699 };
enum { COUNTS = sizeof counts / sizeof *counts };

typedef struct { double *x, *g, *c, *offset, *packed, *room; } Table;

/* What stands behind the last row is not to be used: NaN. */
static Table table_new(size_t n, size_t p, uint64_t stream)
{
    Rng r = rng_stream(11, stream);
    Table t = { malloc((n * p + ROWS_SPARE) * sizeof(double)), malloc(p * sizeof(double)), malloc((n + 1) * sizeof(double)), malloc((n + 1) * sizeof(double)),
                calloc((LANES + 1) * rows_packed(p), sizeof(double)), malloc(ROWS_RUNS * rows_packed(p) * sizeof(double)) };
    for (size_t i = 0; i < n * p; i++) t.x[i] = rng_normal(&r);
    for (size_t i = 0; i < ROWS_SPARE; i++) t.x[n * p + i] = NAN;
    for (size_t j = 0; j < p; j++) t.g[j] = rng_normal(&r);
    for (size_t i = 0; i < n; i++) { t.c[i] = rng_normal(&r); t.offset[i] = rng_normal(&r); }
    return t;
}

static void table_free(Table *t)
{
    free(t->x);
    free(t->g);
    free(t->c);
    free(t->offset);
    free(t->packed);
    free(t->room);
}

START_TEST(predictors)
{
    for (size_t p = 1; p <= P_MOST; p++) {
        const size_t n = 100 + p % 8;
        Table t = table_new(n, p, p);
        double out[120], longest = 0;
        memcpy(t.x + (n - 1) * p, t.x + 3 * p, p * sizeof(double));      /* the same row in a group of eight and behind the last */
        t.offset[n - 1] = t.offset[3];
        for (int with = 0; with < 2; with++) {
            rows_dot(out, t.x, t.g, with ? t.offset : NULL, n, p);
            ck_assert(memcmp(&out[3], &out[n - 1], sizeof *out) == 0);
            for (size_t i = 0; i < n; i++) {
                long double s = with ? t.offset[i] : 0, size = fabsl(s), length = 0;
                for (size_t j = 0; j < p; j++) {
                    s += (long double)t.x[i * p + j] * t.g[j];
                    size += fabsl((long double)t.x[i * p + j] * t.g[j]);
                    length += (long double)t.x[i * p + j] * t.x[i * p + j];
                }
                ck_assert_double_le(fabs((double)(out[i] - s)), 1e-15 * (double)size);
                longest = fmax(longest, (double)length);
            }
        }
        assert_near(rows_lengths(NULL, t.x, n, p), longest, 1e-14);
        table_free(&t);
    }
}
END_TEST

START_TEST(sums)
{
    for (size_t p = 1; p <= P_MOST; p++)
        for (int q = 0; q < COUNTS; q++) {
            const size_t n = counts[q], some = n / 3;
            Table t = table_new(n, p, p);
            double sum[3][P_MOST + LANES] = { { 0 } };
            size_t *at = malloc((n + 1) * sizeof *at);
            for (size_t i = 0; i < some; i++) at[i] = (7 * i + 5) % n;
            rows_sum(sum[0], t.x, t.c, n, p);
            rows_sum(sum[1], t.x, NULL, n, p);
            rows_subtract(sum[2], t.x, t.c, at, some, p);
            for (size_t j = 0; j < p; j++) {
                long double want[3] = { 0 };
                for (size_t i = 0; i < n; i++) { want[0] += (long double)t.c[i] * t.x[i * p + j]; want[1] += t.x[i * p + j]; }
                for (size_t i = 0; i < some; i++) want[2] -= (long double)t.c[at[i]] * t.x[at[i] * p + j];
                for (int k = 0; k < 3; k++) ck_assert_double_le(fabs((double)(sum[k][j] - want[k])), 1e-13);
            }
            free(at);
            table_free(&t);
        }
}
END_TEST

START_TEST(standardised)
{
    for (size_t p = 1; p <= P_MOST; p++) {
        const size_t n = 103;
        Table t = table_new(n, p, p);
        double center[P_MOST + LANES] = { 0 }, factor[P_MOST + LANES] = { 0 }, sum[P_MOST + LANES] = { 0 }, squares[P_MOST + LANES] = { 0 };
        for (size_t j = 0; j < p; j++) { center[j] = t.g[j]; factor[j] = 1 + (double)j; }
        double *before = malloc((n * p + ROWS_SPARE) * sizeof *before);
        memcpy(before, t.x, (n * p + ROWS_SPARE) * sizeof *before);
        rows_moments(sum, squares, t.x, center, n, p);
        rows_standardise(t.x, center, factor, n, p);
        for (size_t j = 0; j < p; j++) {
            double s = 0, q = 0;
            for (size_t i = 0; i < n; i++) {
                const double y = before[i * p + j] - center[j];
                ck_assert(t.x[i * p + j] == y * factor[j]);
                s += y;
                q += y * y;
            }
            ck_assert(fabs(sum[j] - s) < 1e-12 * sqrt(q));
            assert_near(squares[j], q, 1e-14);
        }
        for (size_t i = 0; i < ROWS_SPARE; i++) ck_assert(isnan(t.x[n * p + i]));
        free(before);
        table_free(&t);
    }
}
END_TEST

START_TEST(cross_products)
{
    for (size_t p = 1; p <= P_MOST; p++)
        for (int q = 0; q < COUNTS; q++) {
            const size_t n = counts[q];
            Table t = table_new(n, p, p);
            double *out = malloc(p * p * sizeof *out);
            for (int weighted = 0; weighted < 2; weighted++) {
                rows_cross_whole(out, t.x, weighted ? t.c : NULL, n, p, t.packed);
                for (size_t j = 0; j < p; j++)
                    for (size_t k = 0; k <= j; k++) {
                        long double want = 0;
                        for (size_t i = 0; i < n; i++) want += (weighted ? t.c[i] : 1) * (long double)t.x[i * p + j] * t.x[i * p + k];
                        ck_assert_double_le(fabs((double)(out[j * p + k] - want)), 1e-12);
                        ck_assert(out[j * p + k] == out[k * p + j]);
                    }
            }
            free(out);
            table_free(&t);
        }
}
END_TEST

/* Eight at once, of runs that are one row, some or none. */
START_TEST(eight_cross_products)
{
    for (size_t p = 1; p <= P_MOST; p += p < 10 ? 1 : 3) {
        const size_t n = 300, size = rows_packed(p);
        Table t = table_new(n, p, p);
        Rng r = rng_stream(12, p);
        size_t end[N_MOST], runs = 0;
        static double c[N_MOST * LANES];
        for (size_t to = 0; to < n; runs++) {
            to += runs % 5 == 4 ? rng_below(&r, 40) : runs % 7 == 3 ? 0 : 1;
            end[runs] = to < n ? to : n;
            for (size_t w = 0; w < LANES; w++) c[runs * LANES + w] = rng_normal(&r);
        }
        rows_cross_eight(t.packed, t.x, p, t.c, end, c, runs, p, t.room);
        double *out = malloc(p * p * sizeof *out);
        for (size_t w = 0; w < LANES; w++) {
            rows_unpack(out, t.packed + w * size, t.packed + LANES * size, p);
            for (size_t j = 0; j < p; j++)
                for (size_t k = 0; k < p; k++) {
                    long double want = 0;
                    for (size_t run = 0, i = 0; run < runs; run++)
                        for (; i < end[run]; i++) want += (long double)c[run * LANES + w] * t.c[i] * t.x[i * p + j] * t.x[i * p + k];
                    ck_assert_double_le(fabs((double)(out[j * p + k] - want)), 1e-12);
                }
        }
        free(out);
        table_free(&t);
    }
}
END_TEST

/* Every processor adds in the same order, whatever it holds at once: to the bit what stands here. */
START_TEST(order_of_sums)
{
    enum { SOME = 13 };
    for (size_t p = 2; p <= P_MOST; p++)
        for (size_t n = 1; n <= SOME; n++) {
            Table t = table_new(n, p, 900 + p);
            double *sum = calloc(rows_width(p), sizeof *sum);
            const size_t chains = p <= LANES ? 4 : 2, whole = n / chains * chains;
            rows_sum(sum, t.x, t.c, n, p);
            rows_cross(t.packed, t.x, p, t.c, n, p);
            for (size_t j = 0; j < p; j++) {
                double s[4] = { 0 };
                for (size_t i = 0; i < n; i++) s[i < whole ? i % chains : 0] += t.c[i] * t.x[i * p + j];
                const double want = chains == 4 ? (s[0] + s[1]) + (s[2] + s[3]) : s[0] + s[1];
                ck_assert(sum[j] == want);
                for (size_t k = 0; k <= j; k++) {
                    double square = 0;
                    for (size_t i = 0; i < n; i++) square += t.x[i * p + j] * (t.c[i] * t.x[i * p + k]);
                    ck_assert(t.packed[rows_packed_row(j) + k] == square);
                }
            }
            free(sum);
            table_free(&t);
        }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("rows");
    TCase *t = unit_case(s, "rows");
    tcase_add_test(t, predictors);
    tcase_add_test(t, sums);
    tcase_add_test(t, standardised);
    tcase_add_test(t, cross_products);
    tcase_add_test(t, eight_cross_products);
    tcase_add_test(t, order_of_sums);
    return s;
}

UNIT_MAIN("rows")
