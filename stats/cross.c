/* stats/cross.c: cross products of rows with weights. Small ones by hand, large ones as matrix products of blocks of rows. */
#include "stats/cross.h"

#include <math.h>
#include <string.h>

#include "stats/linalg.h"

enum { SMALL_COLUMNS = 6, SMALL_ROWS = 512 };

static void mirror(double *m, size_t p)
{
    for (size_t j = 0; j < p; j++) for (size_t k = 0; k < j; k++) m[j * p + k] = m[k * p + j];
}

/* Row by row. With p known to the compiler the sums stay in registers. */
static inline __attribute__((always_inline)) void small(double *out, double *sums, const double *x, const double *v, const double *c, size_t n, const size_t p)
{
    double m[SMALL_COLUMNS * SMALL_COLUMNS] = { 0 }, total[SMALL_COLUMNS] = { 0 };
    double *to = p <= SMALL_COLUMNS ? m : out, *add = p <= SMALL_COLUMNS ? total : sums;
    for (size_t i = 0; i < n; i++) {
        const double *row = x + i * p, w = v ? v[i] : 1;
        if (sums) {
            const double u = c[i];
#pragma GCC unroll 6
            for (size_t j = 0; j < p; j++) add[j] += u * row[j];
        }
        if (w == 0) continue;
#pragma GCC unroll 6
        for (size_t j = 0; j < p; j++) {
            const double a = w * row[j];
#pragma GCC unroll 6
            for (size_t k = 0; k <= j; k++) to[j * p + k] += a * row[k];
        }
    }
    if (p > SMALL_COLUMNS) return;
    memcpy(out, m, p * p * sizeof *out);
    if (sums) memcpy(sums, total, p * sizeof *sums);
}

static void by_rows(double *out, double *sums, const double *x, const double *v, const double *c, size_t n, size_t p)
{
    switch (p) {
    case 1: small(out, sums, x, v, c, n, 1); break;
    case 2: small(out, sums, x, v, c, n, 2); break;
    case 3: small(out, sums, x, v, c, n, 3); break;
    case 4: small(out, sums, x, v, c, n, 4); break;
    case 5: small(out, sums, x, v, c, n, 5); break;
    case 6: small(out, sums, x, v, c, n, 6); break;
    default: small(out, sums, x, v, c, n, p);
    }
}

void cross_weighted(double *out, const double *x, const double *v, size_t n, size_t p, double *scaled)
{
    cross_weighted_sums(out, NULL, x, v, NULL, n, p, scaled);
}

void cross_weighted_sums(double *out, double *sums, const double *x, const double *v, const double *c, size_t n, size_t p, double *scaled)
{
    memset(out, 0, p * p * sizeof *out);
    if (sums) memset(sums, 0, p * sizeof *sums);
    if (p <= SMALL_COLUMNS || n < SMALL_ROWS) {
        by_rows(out, sums, x, v, c, n, p);
        for (size_t j = 0; j < p; j++) for (size_t k = 0; k < j; k++) out[k * p + j] = out[j * p + k];
        return;
    }
    for (size_t from = 0; from < n; from += CROSS_ROWS) {
        size_t m = n - from < CROSS_ROWS ? n - from : CROSS_ROWS;
        for (size_t i = 0; i < m; i++) {
            const double *row = x + (from + i) * p, root = sqrt(v[from + i]);
            double *to = scaled + i * p;
            for (size_t j = 0; j < p; j++) to[j] = root * row[j];
            if (!sums) continue;
            const double u = c[from + i];
            for (size_t j = 0; j < p; j++) sums[j] += u * row[j];
        }
        linalg_syrk_n_lower(out, scaled, (int)p, (int)m, 1);
    }
    mirror(out, p);
}

void cross_subtract(double *out, const double *r, size_t m, size_t p)
{
    if (p > SMALL_COLUMNS && m >= SMALL_ROWS) {
        linalg_syrk_n_lower(out, r, (int)p, (int)m, -1);
        mirror(out, p);
        return;
    }
    double few[SMALL_COLUMNS * SMALL_COLUMNS] = { 0 };
    if (p <= SMALL_COLUMNS) {
        by_rows(few, NULL, r, NULL, NULL, m, p);
        for (size_t j = 0; j < p; j++) for (size_t k = 0; k <= j; k++) out[j * p + k] -= few[j * p + k];
    }
    for (size_t i = 0; i < m && p > SMALL_COLUMNS; i++)
        for (size_t j = 0; j < p; j++) {
            double c = r[i * p + j];
            for (size_t k = 0; k <= j; k++) out[j * p + k] -= c * r[i * p + k];
        }
    for (size_t j = 0; j < p; j++) for (size_t k = 0; k < j; k++) out[k * p + j] = out[j * p + k];
}
