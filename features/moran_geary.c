/* features/moran_geary.c: Moran's I and Geary's C over all pairs of voxels.
 *
 * With w_ij = 1/distance, m the mask and y = (x - mean) m, every sum over pairs is a convolution on the regular grid:
 *   S0 = sum m (w*m),  Syy = sum y (w*y),  Sqm = sum y^2 (w*m)
 *   Moran = n/S0 Syy / sum y^2,  Geary = (n-1)/S0 (Sqm - Syy) / sum y^2
 * and by Parseval's theorem a sum over the frequencies of a grid padded to twice the box, for instance
 *   Syy = 1/N sum_k W(k) |Y(k)|^2.
 * So nothing is transformed back. Only lines that are not all zero are transformed; y, m and y^2 are real, so half of the
 * spectrum along x is enough; w is even along each axis, so an eighth of it is. */
#include "features/moran_geary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/fft.h"
#include "core/sum.h"
#include "features/roi.h"

enum { LANES = 16, FIELDS = 3 };                               /* lines side by side; y, m, y^2 */

/* The voxels' own box inside the given one, and what is computed on the way. */
typedef struct {
    const float *intensity;
    const uint8_t *inside;
    size_t start, row, slice;                                  /* of the box in the arrays given */
    size_t n[3], padded[3], half[3];                           /* half = padded/2 + 1: frequencies up to Nyquist */
    double spacing_mm[3], mean;
    FftPlan *plan[3];
    double *spectrum[FIELDS];                                  /* [half x][n y][n z] re, then the same im */
    double *weights;                                           /* [half x][half y][half z] of lags y, z, frequency x */
    double *work, *line, *turned;
} Pairs;

static size_t voxel(const Pairs *p, size_t x, size_t y, size_t z) { return p->start + z * p->slice + y * p->row + x; }

static bool own_box(Pairs *p, const uint8_t *inside, const int n[3])
{
    int lo[3] = { n[0], n[1], n[2] }, hi[3] = { -1, -1, -1 };
    size_t i = 0;
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < n[0]; x++, i++) {
                if (!inside[i]) continue;
                const int at[3] = { x, y, z };
                for (int a = 0; a < 3; a++) {
                    if (at[a] < lo[a]) lo[a] = at[a];
                    if (at[a] > hi[a]) hi[a] = at[a];
                }
            }
    if (hi[0] < 0) return false;
    p->row = (size_t)n[0];
    p->slice = p->row * (size_t)n[1];
    p->start = (size_t)lo[2] * p->slice + (size_t)lo[1] * p->row + (size_t)lo[0];
    for (int a = 0; a < 3; a++) {
        p->n[a] = (size_t)hi[a] - (size_t)lo[a] + 1;
        p->padded[a] = (size_t)fft_good_length(2 * (int)p->n[a] - 1);
        p->half[a] = p->padded[a] / 2 + 1;
    }
    return true;
}

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

static Rc pairs_alloc(Pairs *p, Err *e)
{
    Rc rc = OK;
    const size_t *n = p->n, *P = p->padded, *H = p->half;
    size_t field = 2 * H[0] * n[1] * n[2], lanes = most(most(LANES, P[1]), most(n[2], H[2])), longest = most(P[0], most(P[1], P[2]));

    for (int a = 0; a < 3; a++) TRY(fft_plan_new(&p->plan[a], (int)P[a], e));
    p->spectrum[0] = malloc(FIELDS * field * sizeof(double));
    p->weights = malloc(H[0] * H[1] * H[2] * sizeof(double));
    p->line = malloc(2 * most(longest * LANES, P[1] * most(P[2], most(n[2], H[2]))) * sizeof(double));
    p->turned = malloc(2 * P[1] * P[2] * FIELDS * sizeof(double));
    size_t work = 0;
    for (int a = 0; a < 3; a++) work = most(work, fft_work(p->plan[a], lanes));
    p->work = malloc(work * sizeof(double));
    if (!p->spectrum[0] || !p->weights || !p->line || !p->turned || !p->work) { rc = err_nomem(e); goto out; }
    for (int f = 1; f < FIELDS; f++) p->spectrum[f] = p->spectrum[0] + (size_t)f * field;
out:
    return rc;
}

static void pairs_free(Pairs *p)
{
    for (int a = 0; a < 3; a++) fft_plan_free(p->plan[a]);
    free(p->spectrum[0]);
    free(p->weights);
    free(p->line);
    free(p->turned);
    free(p->work);
}

/* Two real lines were transformed as one complex line, z = a + i b: A(k) = (Z(k) + Z*(-k))/2, B(k) = (Z(k) - Z*(-k))/2i.
 * Their spectra go to the rows `at` and up of a and b. */
static void split_spectra(const Pairs *p, const double *re, const double *im, size_t lanes, double *a, size_t at_a, double *b, size_t at_b)
{
    size_t P = p->padded[0], rows = p->n[1] * p->n[2], imag = p->half[0] * rows;
    for (size_t k = 0; k < p->half[0]; k++) {
        const double *zr = re + k * lanes, *zi = im + k * lanes;
        const double *cr = re + (P - k) % P * lanes, *ci = im + (P - k) % P * lanes;
        double *ar = a + k * rows + at_a, *br = b + k * rows + at_b;
        for (size_t j = 0; j < lanes; j++) {
            ar[j] = 0.5 * (zr[j] + cr[j]);
            ar[imag + j] = 0.5 * (zi[j] - ci[j]);
            br[j] = 0.5 * (zi[j] + ci[j]);
            br[imag + j] = 0.5 * (cr[j] - zr[j]);
        }
    }
}

/* Along x. Rows are numbered y*n[2] + z, so that a plane of one frequency is [y][z]. */
static void transform_rows(Pairs *p)
{
    const size_t nx = p->n[0], nz = p->n[2], P = p->padded[0], rows = p->n[1] * nz;
    for (size_t first = 0; first < rows; first += LANES) {
        size_t lanes = rows - first < LANES ? rows - first : LANES;
        double *re = p->line, *im = p->line + P * lanes;
        memset(re, 0, 2 * P * lanes * sizeof *re);
        for (size_t j = 0; j < lanes; j++) {                   /* y + i m */
            size_t at = voxel(p, 0, (first + j) / nz, (first + j) % nz);
            for (size_t x = 0; x < nx; x++)
                if (p->inside[at + x]) { re[x * lanes + j] = p->intensity[at + x] - p->mean; im[x * lanes + j] = 1; }
        }
        fft_lines(p->plan[0], re, im, lanes, -1, p->work);
        split_spectra(p, re, im, lanes, p->spectrum[0], first, p->spectrum[1], first);
    }
    for (size_t first = 0; first < rows; first += 2 * LANES) { /* y^2 of one block of rows, + i y^2 of the next */
        size_t left = rows - first, lanes = left < LANES ? left : LANES, second = left - lanes < LANES ? left - lanes : LANES;
        double *re = p->line, *im = p->line + P * lanes;
        memset(re, 0, 2 * P * lanes * sizeof *re);
        for (size_t j = 0; j < lanes + second; j++) {
            size_t at = voxel(p, 0, (first + j) / nz, (first + j) % nz), lane = j < lanes ? j : j - lanes;
            double *to = j < lanes ? re : im;
            for (size_t x = 0; x < nx; x++) {
                double d = p->intensity[at + x] - p->mean;
                if (p->inside[at + x]) to[x * lanes + lane] = d * d;
            }
        }
        fft_lines(p->plan[0], re, im, lanes, -1, p->work);
        if (second == lanes) {
            split_spectra(p, re, im, lanes, p->spectrum[2], first, p->spectrum[2], first + lanes);
        } else {                                               /* the last blocks: lanes without a partner go nowhere */
            size_t imag = p->half[0] * rows;
            for (size_t k = 0; k < p->half[0]; k++)
                for (size_t j = 0; j < lanes; j++) {
                    size_t z = k * lanes + j, c = (P - k) % P * lanes + j;
                    double *q = p->spectrum[2] + k * rows + first + j;
                    q[0] = 0.5 * (re[z] + re[c]);
                    q[imag] = 0.5 * (im[z] - im[c]);
                    if (j >= second) continue;
                    q[lanes] = 0.5 * (im[z] + im[c]);
                    q[lanes + imag] = 0.5 * (re[c] - re[z]);
                }
        }
    }
}

/* 1/distance along x; the lines are real and even, so are their transforms, and two go as one complex line. */
static void transform_weights(Pairs *p)
{
    const size_t P = p->padded[0], H = p->half[0], depth = p->half[2], rows = p->half[1] * depth;
    for (size_t first = 0; first < rows; first += 2 * LANES) {
        size_t left = rows - first, lanes = left < LANES ? left : LANES;
        double *re = p->line, *im = p->line + P * lanes;
        for (size_t j = 0; j < 2 * lanes; j++) {
            double *to = j < lanes ? re : im;
            size_t lane = j < lanes ? j : j - lanes, row = first + j < rows ? first + j : rows - 1;
            size_t y = row / depth, z = row % depth;
            double dy = (double)y * p->spacing_mm[1], dz = (double)z * p->spacing_mm[2], d2 = dy * dy + dz * dz;
            for (size_t x = 0; x < H; x++) {
                double dx = (double)x * p->spacing_mm[0], r2 = d2 + dx * dx;
                to[x * lanes + lane] = to[(P - x) % P * lanes + lane] = r2 > 0 ? 1 / sqrt(r2) : 0;
            }
        }
        fft_lines(p->plan[0], re, im, lanes, -1, p->work);
        for (size_t k = 0; k < H; k++)
            for (size_t j = 0; j < 2 * lanes && first + j < rows; j++)
                p->weights[k * rows + first + j] = j < lanes ? re[k * lanes + j] : im[k * lanes + j - lanes];
    }
}

/* One plane [n1][n2] of real even lines, in place: along the first index, then along the second. Ends as [second][first]
 * in `turned`. */
static void transform_weight_plane(Pairs *p, const double *plane, double *turned)
{
    const size_t P1 = p->padded[1], P2 = p->padded[2], H1 = p->half[1], H2 = p->half[2];
    size_t lanes = (H2 + 1) / 2;
    double *re = p->line, *im = p->line + P1 * lanes;
    for (size_t y = 0; y < H1; y++)
        for (size_t j = 0; j < lanes; j++) {
            double a = plane[y * H2 + 2 * j], b = 2 * j + 1 < H2 ? plane[y * H2 + 2 * j + 1] : 0;
            re[y * lanes + j] = re[(P1 - y) % P1 * lanes + j] = a;
            im[y * lanes + j] = im[(P1 - y) % P1 * lanes + j] = b;
        }
    fft_lines(p->plan[1], re, im, lanes, -1, p->work);
    for (size_t z = 0; z < H2; z++)
        for (size_t k = 0; k < H1; k++) turned[z * H1 + k] = z % 2 ? im[k * lanes + z / 2] : re[k * lanes + z / 2];
    lanes = (H1 + 1) / 2;
    re = p->line;
    im = p->line + P2 * lanes;
    for (size_t z = 0; z < H2; z++)
        for (size_t j = 0; j < lanes; j++) {
            double a = turned[z * H1 + 2 * j], b = 2 * j + 1 < H1 ? turned[z * H1 + 2 * j + 1] : 0;
            re[z * lanes + j] = re[(P2 - z) % P2 * lanes + j] = a;
            im[z * lanes + j] = im[(P2 - z) % P2 * lanes + j] = b;
        }
    fft_lines(p->plan[2], re, im, lanes, -1, p->work);
    for (size_t l = 0; l < H2; l++)
        for (size_t k = 0; k < H1; k++) turned[l * H1 + k] = k % 2 ? im[l * lanes + k / 2] : re[l * lanes + k / 2];
}

/* A field's plane of one x frequency, along y and z: `out` is [kz][ky] re, then im. */
static void transform_plane(Pairs *p, const double *spectrum, size_t k, double *out)
{
    const size_t ny = p->n[1], nz = p->n[2], P1 = p->padded[1], P2 = p->padded[2], rows = ny * nz, imag = p->half[0] * rows;
    double *re = p->line, *im = p->line + P1 * nz;
    memcpy(re, spectrum + k * rows, rows * sizeof *re);
    memcpy(im, spectrum + imag + k * rows, rows * sizeof *im);
    memset(re + rows, 0, (P1 - ny) * nz * sizeof *re);
    memset(im + rows, 0, (P1 - ny) * nz * sizeof *im);
    fft_lines(p->plan[1], re, im, nz, -1, p->work);
    double *to_re = out, *to_im = out + P1 * P2;
    for (size_t y = 0; y < P1; y++)
        for (size_t z = 0; z < nz; z++) {
            to_re[z * P1 + y] = re[y * nz + z];
            to_im[z * P1 + y] = im[y * nz + z];
        }
    memset(to_re + nz * P1, 0, (P2 - nz) * P1 * sizeof *re);
    memset(to_im + nz * P1, 0, (P2 - nz) * P1 * sizeof *im);
    fft_lines(p->plan[2], to_re, to_im, P1, -1, p->work);
}

/* Sums over all frequencies of W |M|^2, W |Y|^2, W Re(Q M*). Frequencies of -kx are the conjugates of those of kx. */
static Rc pair_sums(double sum[3], Pairs *p, Err *e)
{
    const size_t P1 = p->padded[1], P2 = p->padded[2], H1 = p->half[1], H2 = p->half[2], plane = P1 * P2;
    const double *Yr = p->turned, *Yi = Yr + plane, *Mr = Yi + plane, *Mi = Mr + plane, *Qr = Mi + plane, *Qi = Qr + plane;
    double *W = malloc(H1 * H2 * sizeof *W);
    Sum total[3] = { { 0 } };

    if (!W) return err_nomem(e);
    for (size_t kx = 0; kx < p->half[0]; kx++) {
        double twice = kx == 0 || 2 * kx == p->padded[0] ? 1 : 2, mm = 0, yy = 0, qm = 0;
        transform_weight_plane(p, p->weights + kx * H1 * H2, W);
        for (int f = 0; f < FIELDS; f++) transform_plane(p, p->spectrum[f], kx, p->turned + 2 * (size_t)f * plane);
        for (size_t kz = 0; kz < P2; kz++) {
            const double *w = W + (kz < H2 ? kz : P2 - kz) * H1;
            double row_mm = 0, row_yy = 0, row_qm = 0;
            for (size_t ky = 0, i = kz * P1; ky < P1; ky++, i++) {
                double weight = w[ky < H1 ? ky : P1 - ky];
                row_mm += weight * (Mr[i] * Mr[i] + Mi[i] * Mi[i]);
                row_yy += weight * (Yr[i] * Yr[i] + Yi[i] * Yi[i]);
                row_qm += weight * (Qr[i] * Mr[i] + Qi[i] * Mi[i]);
            }
            mm += row_mm;
            yy += row_yy;
            qm += row_qm;
        }
        sum_add(&total[0], twice * mm);
        sum_add(&total[1], twice * yy);
        sum_add(&total[2], twice * qm);
    }
    free(W);
    double N = (double)p->padded[0] * (double)P1 * (double)P2;
    for (int k = 0; k < 3; k++) sum[k] = sum_value(&total[k]) / N;
    return OK;
}

Rc moran_geary(double *moran, double *geary, const float *intensity, const uint8_t *inside, const int n[3],
               const double spacing_mm[3], Err *e)
{
    Rc rc = OK;
    Pairs p = { .intensity = intensity, .inside = inside, .spacing_mm = { spacing_mm[0], spacing_mm[1], spacing_mm[2] } };
    Sum mean = { 0 }, squares = { 0 };
    size_t voxels = 0, total = (size_t)n[0] * (size_t)n[1] * (size_t)n[2];
    float least = INFINITY, largest = -INFINITY;
    double sum[3];

    *moran = *geary = NAN;
    for (size_t i = 0; i < total; i++) {
        if (!inside[i]) continue;
        sum_add(&mean, intensity[i]);
        voxels++;
        least = fminf(least, intensity[i]);
        largest = fmaxf(largest, intensity[i]);
    }
    if (voxels < 2 || least == largest || !own_box(&p, inside, n)) return OK;
    p.mean = sum_value(&mean) / (double)voxels;
    for (size_t i = 0; i < total; i++)
        if (inside[i]) sum_add(&squares, (intensity[i] - p.mean) * (intensity[i] - p.mean));
    TRY(pairs_alloc(&p, e));
    transform_rows(&p);
    transform_weights(&p);
    TRY(pair_sums(sum, &p, e));
    *moran = (double)voxels / sum[0] * sum[1] / sum_value(&squares);
    *geary = (double)(voxels - 1) / sum[0] * (sum[2] - sum[1]) / sum_value(&squares);
out:
    pairs_free(&p);
    return rc;
}

Rc spatial_features(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e)
{
    Rc rc = OK;
    double moran, geary;
    (void)s;
    (void)a;
    TRY(moran_geary(&moran, &geary, roi->intensity, roi->inside, roi->n, roi->spacing_mm, e));
    if (isnan(moran)) {
        const char *why = roi->n_inside < 2 ? "the ROI has fewer than two voxels" : "all intensities of the ROI are equal";
        sink_undefined(sink, FEATURE_MORPHOLOGY_MORANS_I_INDEX, AGGREGATION_NONE, why);
        sink_undefined(sink, FEATURE_MORPHOLOGY_GEARYS_C_MEASURE, AGGREGATION_NONE, why);
    } else {
        sink_put(sink, FEATURE_MORPHOLOGY_MORANS_I_INDEX, AGGREGATION_NONE, moran);
        sink_put(sink, FEATURE_MORPHOLOGY_GEARYS_C_MEASURE, AGGREGATION_NONE, geary);
    }
out:
    return rc;
}
