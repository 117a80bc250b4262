/* sample_cohort/blur.c: separable point spread and sampling, from the truth's lattice to the scanner's. */
#include "sample_cohort/blur.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Antiderivative of the normal distribution function: x Phi(x) + phi(x). */
static double normal_integral(double x)
{
    double phi = 0.3989422804014327 * det_exp(-x * x / 2);

    return x * 0.5 * (1 + det_erf(x * 0.7071067811865476)) + phi;
}

/* Weights of fine cells first … first+taps-1 for the coarse cell [lo, hi]. */
static void axis_weights(double *w, int taps, int first, double lo, double hi, double sigma)
{
    double sum = 0, before = 0;

    for (int i = 0; i <= taps; i++) {
        /* Mass that a fine cell [x, x+1] of unit density sends to the coarse cell: second difference of the integral. */
        double x = first + i, after = sigma > 0 ? normal_integral((hi - x) / sigma) - normal_integral((lo - x) / sigma) : 0;
        if (i > 0) {
            w[i - 1] = sigma > 0 ? sigma * (before - after) : fmax(0, fmin(hi, x) - fmax(lo, x - 1));
            sum += w[i - 1];
        }
        before = after;
    }
    for (int i = 0; i < taps; i++) w[i] /= sum;
}

Rc axis_blur_init(AxisBlur *out, int n_coarse, double width, int n_fine, double sigma, Err *e)
{
    double reach = 4 * sigma + width / 2;
    AxisBlur b = { .n_coarse = n_coarse, .n_fine = n_fine, .taps = (int)ceil(2 * reach) + 2 };

    b.first = calloc((size_t)n_coarse, sizeof *b.first);
    b.weight = calloc((size_t)n_coarse * (size_t)b.taps, sizeof *b.weight);
    if (!b.first || !b.weight) { axis_blur_free(&b); return err_nomem(e); }
    for (int k = 0; k < n_coarse; k++) {
        double centre = (k + 0.5) * width;
        b.first[k] = (int)floor(centre - reach) - 1;
        if (k > 0 && width == floor(width))     /* the same weights, moved by whole cells */
            memcpy(b.weight + (size_t)k * (size_t)b.taps, b.weight, (size_t)b.taps * sizeof *b.weight);
        else
            axis_weights(b.weight + (size_t)k * (size_t)b.taps, b.taps, b.first[k], centre - width / 2, centre + width / 2, sigma);
    }
    *out = b;
    return OK;
}

void axis_blur_free(AxisBlur *b)
{
    free(b->first);
    free(b->weight);
    *b = (AxisBlur){ 0 };
}

static int inside(int i, int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* One axis of a field whose cells along it are `stride` apart: rows of n_fine cells become rows of n_coarse. The lines of
 * `stride` neighbouring cells are done together. outer: number of such blocks. */
static void blur_axis(double *out, const double *in, const AxisBlur *b, size_t stride, size_t outer)
{
    for (size_t o = 0; o < outer; o++)
        for (int k = 0; k < b->n_coarse; k++) {
            double *to = out + (o * (size_t)b->n_coarse + (size_t)k) * stride;
            const double *w = b->weight + (size_t)k * (size_t)b->taps;
            for (size_t s = 0; s < stride; s++) to[s] = 0;
            for (int i = 0; i < b->taps; i++) {
                const double *from = in + (o * (size_t)b->n_fine + (size_t)inside(b->first[k] + i, b->n_fine)) * stride;
                for (size_t s = 0; s < stride; s++) to[s] += w[i] * from[s];
            }
        }
}

/* The fine cells that an axis reads. */
static void axis_range(const AxisBlur *b, int *from, int *to)
{
    *from = inside(b->first[0], b->n_fine);
    *to = inside(b->first[b->n_coarse - 1] + b->taps - 1, b->n_fine) + 1;
}

Rc blur_resample(double *out, const float *in, const AxisBlur axis[3], Err *e)
{
    const AxisBlur *x = &axis[0], *y = &axis[1], *z = &axis[2];
    size_t plane = (size_t)x->n_fine * (size_t)y->n_fine, thin = (size_t)x->n_coarse * (size_t)y->n_fine;
    size_t small = (size_t)x->n_coarse * (size_t)y->n_coarse;
    double *row = malloc((thin + small * (size_t)z->n_fine) * sizeof *row), *slab = row ? row + thin : NULL;
    int y_from, y_to, z_from, z_to;

    if (!row) return err_nomem(e);
    axis_range(y, &y_from, &y_to);
    axis_range(z, &z_from, &z_to);
    for (int k = z_from; k < z_to; k++) {
        const float *slice = in + plane * (size_t)k;
        for (int j = y_from; j < y_to; j++)
            for (int c = 0; c < x->n_coarse; c++) {
                const double *w = x->weight + (size_t)c * (size_t)x->taps;
                const float *from = slice + (size_t)j * (size_t)x->n_fine;
                int first = x->first[c];
                double sum = 0;
                if (first >= 0 && first + x->taps <= x->n_fine)
                    for (int i = 0; i < x->taps; i++) sum += w[i] * (double)from[first + i];
                else
                    for (int i = 0; i < x->taps; i++) sum += w[i] * (double)from[inside(first + i, x->n_fine)];
                row[(size_t)j * (size_t)x->n_coarse + (size_t)c] = sum;
            }
        blur_axis(slab + small * (size_t)k, row, y, (size_t)x->n_coarse, 1);
    }
    blur_axis(out, slab, z, small, 1);
    free(row);
    return OK;
}

AxisBlur axis_blur_part(const AxisBlur *b, int from, int to)
{
    AxisBlur part = *b;

    part.n_coarse = to - from;
    part.first += from;
    part.weight += (size_t)from * (size_t)b->taps;
    return part;
}

Rc correlated_noise(float *out, const int n[3], const double sigma[3], Rng *r, Err *e)
{
    AxisBlur axis[3] = { { 0 } };
    int padded[3], pad[3];
    size_t total = 1, voxels = (size_t)n[0] * (size_t)n[1] * (size_t)n[2];
    float *white = NULL;
    double *smooth = NULL, variance = 1;
    Rc rc = OK;

    for (int a = 0; a < 3; a++) {
        pad[a] = (int)ceil(4 * sigma[a]) + 2;
        padded[a] = n[a] + 2 * pad[a];
        total *= (size_t)padded[a];
        /* Averaging over a cell twice, on the way in and out, adds 2/12 to the variance of the kernel. */
        TRY(axis_blur_init(&axis[a], n[a], 1, padded[a], sqrt(fmax(sigma[a] * sigma[a] - 1.0 / 6, 0)), e));
        double squares = 0;
        for (int i = 0; i < axis[a].taps; i++) squares += axis[a].weight[i] * axis[a].weight[i];
        variance *= squares;
        for (int k = 0; k < n[a]; k++) axis[a].first[k] += pad[a];
    }
    white = malloc(total * sizeof *white);
    smooth = malloc(voxels * sizeof *smooth);
    if (!white || !smooth) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < total; i++) white[i] = (float)rng_normal(r);
    TRY(blur_resample(smooth, white, axis, e));
    double scale = 1 / sqrt(variance);
    for (size_t i = 0; i < voxels; i++) out[i] = (float)(smooth[i] * scale);
out:
    for (int a = 0; a < 3; a++) axis_blur_free(&axis[a]);
    free(white);
    free(smooth);
    return rc;
}
