/* features/peak.c: means in a sphere of 1 cm^3, by sums along rows. */
#include "features/peak.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "features/prepare.h"

/* The sphere as rows along x: at (dy, dz), from -half to +half. */
typedef struct { int dy, dz, half; } SphereRow;

/* The image's part that spheres reach, as running sums along x: sum[row*(n[0]+1) + x] is of the x voxels before x. */
typedef struct {
    int lo[3], n[3];
    double *sum;
    int *count;                    /* the same for the number of finite voxels; NULL when all are */
} Running;

static int sphere_rows(SphereRow *row, const double spacing_mm[3], const int reach[3])
{
    const double r2 = PEAK_RADIUS_MM * PEAK_RADIUS_MM;
    int n = 0;
    for (int dz = -reach[2]; dz <= reach[2]; dz++)
        for (int dy = -reach[1]; dy <= reach[1]; dy++) {
            double y = dy * spacing_mm[1], z = dz * spacing_mm[2], rest = r2 - y * y - z * z;
            if (rest < 0) continue;
            int half = (int)floor(sqrt(rest) / spacing_mm[0] + 1e-9);
            row[n++] = (SphereRow){ dy, dz, half };
        }
    return n;
}

static Rc running_make(Running *r, const float *image, const int n[3], Err *e)
{
    size_t width = (size_t)r->n[0] + 1, rows = (size_t)r->n[1] * (size_t)r->n[2];
    r->sum = malloc(width * rows * sizeof *r->sum);
    if (!r->sum) return err_nomem(e);
    bool finite = true;
    for (int z = 0; z < r->n[2]; z++)
        for (int y = 0; y < r->n[1]; y++) {
            const float *v = image + ((size_t)(z + r->lo[2]) * (size_t)n[1] + (size_t)(y + r->lo[1])) * (size_t)n[0] + (size_t)r->lo[0];
            double *sum = r->sum + ((size_t)z * (size_t)r->n[1] + (size_t)y) * width;
            sum[0] = 0;
            for (int x = 0; x < r->n[0]; x++) {
                bool good = isfinite(v[x]);
                finite = finite && good;
                sum[x + 1] = sum[x] + (good ? (double)v[x] : 0);
            }
        }
    if (finite) return OK;
    r->count = malloc(width * rows * sizeof *r->count);
    if (!r->count) return err_nomem(e);
    for (int z = 0; z < r->n[2]; z++)
        for (int y = 0; y < r->n[1]; y++) {
            const float *v = image + ((size_t)(z + r->lo[2]) * (size_t)n[1] + (size_t)(y + r->lo[1])) * (size_t)n[0] + (size_t)r->lo[0];
            int *count = r->count + ((size_t)z * (size_t)r->n[1] + (size_t)y) * width;
            count[0] = 0;
            for (int x = 0; x < r->n[0]; x++) count[x + 1] = count[x] + isfinite(v[x]);
        }
    return OK;
}

/* Mean of the sphere around voxel (x, y, z) of the running sums' part, which holds whatever of it the image has. */
static double sphere_mean(const Running *r, const SphereRow *row, int n_rows, int x, int y, int z)
{
    double sum = 0;
    long count = 0;
    for (int k = 0; k < n_rows; k++) {
        int yy = y + row[k].dy, zz = z + row[k].dz;
        if (yy < 0 || yy >= r->n[1] || zz < 0 || zz >= r->n[2]) continue;
        int from = x - row[k].half, to = x + row[k].half + 1;
        if (from < 0) from = 0;
        if (to > r->n[0]) to = r->n[0];
        size_t at = ((size_t)zz * (size_t)r->n[1] + (size_t)yy) * ((size_t)r->n[0] + 1);
        sum += r->sum[at + (size_t)to] - r->sum[at + (size_t)from];
        count += r->count ? r->count[at + (size_t)to] - r->count[at + (size_t)from] : to - from;
    }
    return sum / (double)count;
}

Rc intensity_peaks(Peaks *out, const float *image, const int n[3], const double spacing_mm[3], const uint8_t *mask, const int box[3],
                   const int shift[3], Err *e)
{
    Rc rc = OK;
    Running r = { 0 };
    int reach[3];
    SphereRow *row = NULL;
    for (int a = 0; a < 3; a++) {
        /* A sphere may be larger than the image; what is outside is not summed. */
        reach[a] = (int)fmin(floor(PEAK_RADIUS_MM / spacing_mm[a] + 1e-9), n[a] - 1);
        r.lo[a] = shift[a] > reach[a] ? shift[a] - reach[a] : 0;
        int hi = shift[a] + box[a] + reach[a];
        r.n[a] = (hi < n[a] ? hi : n[a]) - r.lo[a];
    }
    row = malloc((size_t)(2 * reach[1] + 1) * (size_t)(2 * reach[2] + 1) * sizeof *row);
    if (!row) { rc = err_nomem(e); goto out; }
    int n_rows = sphere_rows(row, spacing_mm, reach);
    TRY(running_make(&r, image, n, e));

    double highest = -INFINITY;
    Peaks p = { -INFINITY, -INFINITY };
    size_t i = 0;
    for (int z = 0; z < box[2]; z++)
        for (int y = 0; y < box[1]; y++)
            for (int x = 0; x < box[0]; x++, i++) {
                if (!mask[i]) continue;
                double v = (double)image[((size_t)(z + shift[2]) * (size_t)n[1] + (size_t)(y + shift[1])) * (size_t)n[0]
                                         + (size_t)(x + shift[0])];
                double mean = sphere_mean(&r, row, n_rows, x + shift[0] - r.lo[0], y + shift[1] - r.lo[1], z + shift[2] - r.lo[2]);
                if (mean > p.global) p.global = mean;
                if (v > highest || (v == highest && mean > p.local)) { highest = v; p.local = mean; }
            }
    *out = p;
out:
    free(row);
    free(r.sum);
    free(r.count);
    return rc;
}
