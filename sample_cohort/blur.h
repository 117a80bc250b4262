/* sample_cohort/blur.h: what a scanner makes of the truth: point spread, volume averaging, correlated noise. */
#ifndef REOX_SAMPLE_COHORT_BLUR_H
#define REOX_SAMPLE_COHORT_BLUR_H

#include "core/err.h"
#include "core/rng.h"

#define FWHM_PER_SIGMA 2.3548200450309493          /* 2 sqrt(2 ln 2) */

/* Linear map of one axis from a fine lattice (cells of 1 unit, cell i spans [i, i+1]) to coarse cells. Row k of weights sums
 * to 1 over fine cells first[k] … first[k]+taps-1. */
typedef struct {
    int n_coarse, n_fine, taps;
    int *first;
    double *weight;                                /* [n_coarse*taps] */
} AxisBlur;

/* Coarse cell k spans [k*width, (k+1)*width] in fine units. The weights are the exact integral of a Gaussian of the given
 * sigma, averaged over the coarse cell, over each fine cell; beyond the lattice its ends go on. */
Rc axis_blur_init(AxisBlur *out, int n_coarse, double width, int n_fine, double sigma, Err *e);
void axis_blur_free(AxisBlur *b);

/* The coarse cells from … to-1 alone; borrows, so it is not freed. */
AxisBlur axis_blur_part(const AxisBlur *b, int from, int to);

/* out (coarse, x fastest) := blur of in (fine), one axis after another. */
Rc blur_resample(double *out, const float *in, const AxisBlur axis[3], Err *e);

/* Unit-variance Gaussian noise on n[0]*n[1]*n[2] cells, white noise smoothed with sigma (in cells) along each axis. */
Rc correlated_noise(float *out, const int n[3], const double sigma[3], Rng *r, Err *e);

#endif
