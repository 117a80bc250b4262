/* bench/pairs.c: Moran's I and Geary's C through the Fourier transform against the double sum over all pairs, on 2,000 voxels:
 * how far apart, how much faster. Fails when they are more than 1e-12 apart. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/clock.h"
#include "core/rng.h"
#include "core/sum.h"
#include "features/moran_geary.h"

enum { SIDE = 16, VOXELS = 2000 };

static void direct(double *moran, double *geary, const float *v, const uint8_t *in, const double mm[3])
{
    size_t total = (size_t)SIDE * SIDE * SIDE;
    double mean = 0, squares = 0;
    Sum s0 = { 0 }, cross = { 0 }, gap = { 0 };                /* four million addends: a plain sum is off by 5e-12 itself */
    for (size_t i = 0; i < total; i++) mean += in[i] * (double)v[i];
    mean /= VOXELS;
    for (size_t i = 0; i < total; i++) squares += in[i] * (v[i] - mean) * (v[i] - mean);
    for (size_t i = 0; i < total; i++) {
        if (!in[i]) continue;
        for (size_t j = 0; j < total; j++) {
            if (!in[j] || i == j) continue;
            double x = mm[0] * ((double)(i % SIDE) - (double)(j % SIDE));
            double y = mm[1] * ((double)(i / SIDE % SIDE) - (double)(j / SIDE % SIDE));
            double z = mm[2] * ((double)(i / SIDE / SIDE) - (double)(j / SIDE / SIDE)), w = 1 / sqrt(x * x + y * y + z * z);
            sum_add(&s0, w);
            sum_add(&cross, w * (v[i] - mean) * (v[j] - mean));
            sum_add(&gap, w * ((double)v[i] - v[j]) * ((double)v[i] - v[j]));
        }
    }
    *moran = VOXELS / sum_value(&s0) * sum_value(&cross) / squares;
    *geary = (VOXELS - 1) / (2 * sum_value(&s0)) * sum_value(&gap) / squares;
}

int main(void)
{
    size_t total = (size_t)SIDE * SIDE * SIDE;
    float *v = malloc(total * sizeof *v);
    uint8_t *in = calloc(total, 1);
    const double mm[3] = { 3.9, 3.9, 3.27 };
    const int n[3] = { SIDE, SIDE, SIDE };
    double moran, geary, moran_direct, geary_direct, fast, slow;
    Err e = { 0 };
    Rng r = rng_stream(11, 1);

    if (!v || !in) { free(v); free(in); return 1; }
    for (size_t i = 0; i < total; i++)                         /* a hot centre in noise */
        v[i] = (float)(rng_normal(&r) + 3 * det_exp(-0.02 * (double)((i % SIDE - 7) * (i % SIDE - 7) + (i / SIDE % SIDE - 7) * (i / SIDE % SIDE - 7))));
    for (size_t left = VOXELS; left;) {
        uint32_t i = rng_below(&r, (uint32_t)total);
        left -= !in[i];
        in[i] = 1;
    }
    BEST_OF(5, fast, if (moran_geary(&moran, &geary, v, in, n, mm, &e) != OK) { fprintf(stderr, "pairs: %s\n", e.text); return 1; });
    BEST_OF(1, slow, direct(&moran_direct, &geary_direct, v, in, mm));
    double off_moran = fabs(moran / moran_direct - 1), off_geary = fabs(geary / geary_direct - 1);
    printf("  Moran %.15f, double sum %.15f, relative difference %.1e\n", moran, moran_direct, off_moran);
    printf("  Geary %.15f, double sum %.15f, relative difference %.1e\n", geary, geary_direct, off_geary);
    printf("  %.2f ms against %.1f ms of the double sum\n", 1e3 * fast, 1e3 * slow);
    free(v);
    free(in);
    return off_moran > 1e-12 || off_geary > 1e-12;
}
