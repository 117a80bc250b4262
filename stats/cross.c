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

void cross_weighted(double *out, const double *x, const double *v, size_t n, size_t p, double *scaled)
{
    cross_weighted_sums(out, NULL, x, v, NULL, n, p, scaled);
}

void cross_weighted_sums(double *out, double *sums, const double *x, const double *v, const double *c, size_t n, size_t p, double *scaled)
{
    memset(out, 0, p * p * sizeof *out);
    if (sums) memset(sums, 0, p * sizeof *sums);
    if (p <= SMALL_COLUMNS || n < SMALL_ROWS) {
        for (size_t i = 0; i < n; i++) {
            const double *row = x + i * p;
            if (sums) for (size_t j = 0; j < p; j++) sums[j] += c[i] * row[j];
            if (v[i] == 0) continue;
            for (size_t j = 0; j < p; j++) {
                double w = v[i] * row[j];
                for (size_t k = 0; k <= j; k++) out[j * p + k] += w * row[k];
            }
        }
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
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < p; j++) {
            double c = r[i * p + j];
            for (size_t k = 0; k <= j; k++) out[j * p + k] -= c * r[i * p + k];
        }
    for (size_t j = 0; j < p; j++) for (size_t k = 0; k < j; k++) out[k * p + j] = out[j * p + k];
}
