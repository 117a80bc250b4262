/* features/resample.c: nearest, linear and cubic B-spline interpolation, axis after axis. */
#include "features/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/rng.h"

enum { MAX_TAPS = 4 };

/* Beyond so many voxels the prefilter of the cubic spline has forgotten a value: |pole|^40 < 1e-22. */
enum { SPLINE_MEMORY = 40 };

/* Which old voxels a new one is made of, and with what weights, along one axis. */
typedef struct {
    int taps, n;                   /* taps per sample, samples lo … lo+n-1 */
    int first, last;               /* old voxels that are read: first … last */
    int *index;                    /* [n*taps] */
    double *weight;                /* [n*taps] */
} AxisTaps;

Rc resampling_plan(Resampling *out, const Grid *g, const Settings *s, Err *e)
{
    Resampling r = { 0 };
    double voxels = 1;
    for (int a = 0; a < 3; a++) {
        r.n_in[a] = r.n_out[a] = g->n[a];
        r.spacing_in[a] = r.spacing_out[a] = g->spacing_mm[a];
        r.keep[a] = !s->has_spacing || (a == 2 && s->in_plane) || s->spacing_mm[a] == g->spacing_mm[a];
        if (!r.keep[a]) {
            r.spacing_out[a] = s->spacing_mm[a];
            /* Spacings come as 32-bit numbers: a ratio that should be whole is not taken to the next one. */
            double n = ceil(g->n[a] * g->spacing_mm[a] / s->spacing_mm[a] - 1e-5);
            if (n > LIMIT_AXIS)
                return err_set(e, ERR_INPUT, "resample.spacing_mm: %g mm makes %.0f voxels along %c, at most %d are allowed",
                               s->spacing_mm[a], n, "xyz"[a], LIMIT_AXIS);
            r.n_out[a] = n < 1 ? 1 : (int)n;
        }
        voxels *= r.n_out[a];
    }
    if (voxels > (double)LIMIT_VOXELS)
        return err_set(e, ERR_INPUT, "resample.spacing_mm: the new grid of %d x %d x %d has more than %zu voxels", r.n_out[0],
                       r.n_out[1], r.n_out[2], LIMIT_VOXELS);
    *out = r;
    return OK;
}

/* ---- one axis ---- */

static int clamp_int(int i, int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* Coefficients of a spline continue mirrored about the edge voxel. */
static int mirror(int i, int n)
{
    if (n == 1) return 0;
    while (i < 0 || i >= n) i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

static void sample_taps(int *index, double *weight, double x, int n, Interpolation how)
{
    x = x < 0 ? 0 : x > n - 1 ? n - 1 : x;         /* outside the old grid: the value at its edge */
    if (how == INTERPOLATE_NEAREST) {
        index[0] = clamp_int((int)floor(x + 0.5), n);
        weight[0] = 1;
        return;
    }
    int i = (int)floor(x);
    double t = x - i;
    if (how == INTERPOLATE_LINEAR) {
        index[0] = i;
        index[1] = clamp_int(i + 1, n);
        weight[0] = 1 - t;
        weight[1] = t;
        return;
    }
    /* Cubic B-spline (Unser 1999, IEEE Signal Process Mag 16:22), on coefficients i-1 … i+2. */
    double u = 1 - t;
    weight[0] = u * u * u / 6;
    weight[1] = (4 - 6 * t * t + 3 * t * t * t) / 6;
    weight[2] = (4 - 6 * u * u + 3 * u * u * u) / 6;
    weight[3] = t * t * t / 6;
    for (int k = 0; k < 4; k++) index[k] = mirror(i - 1 + k, n);
}

static void taps_free(AxisTaps *t)
{
    free(t->index);
    free(t->weight);
    *t = (AxisTaps){ 0 };
}

static Rc taps_make(AxisTaps *out, const Resampling *r, int axis, Interpolation how, int lo, int hi, Err *e)
{
    AxisTaps t = { .n = hi - lo };
    bool keep = r->keep[axis];
    t.taps = keep || how == INTERPOLATE_NEAREST ? 1 : how == INTERPOLATE_LINEAR ? 2 : 4;
    size_t cells = (size_t)t.n * (size_t)t.taps;
    t.index = malloc((cells + 1) * sizeof *t.index);
    t.weight = malloc((cells + 1) * sizeof *t.weight);
    if (!t.index || !t.weight) { taps_free(&t); return err_nomem(e); }
    int n_in = r->n_in[axis], n_out = r->n_out[axis];
    double ratio = r->spacing_out[axis] / r->spacing_in[axis];
    t.first = n_in;
    t.last = -1;
    for (int i = 0; i < t.n; i++) {
        int *index = t.index + i * t.taps;
        double *weight = t.weight + i * t.taps;
        if (keep) {
            index[0] = lo + i;
            weight[0] = 1;
        } else {
            double x = (lo + i - 0.5 * (n_out - 1)) * ratio + 0.5 * (n_in - 1);
            /* A sample that stands on a voxel is that voxel, whatever the 32-bit spacing left over. */
            if (fabs(x - round(x)) < 1e-6) x = round(x);
            sample_taps(index, weight, x, n_in, how);
        }
        for (int k = 0; k < t.taps; k++) {
            if (index[k] < t.first) t.first = index[k];
            if (index[k] > t.last) t.last = index[k];
        }
    }
    *out = t;
    return OK;
}

/* ---- the prefilter of the cubic spline ---- */

/* Samples to B-spline coefficients, in place, n values `step` apart, mirrored at both ends (Unser 1999; pole sqrt(3)-2). */
static void spline_prefilter(double *c, int n, size_t step)
{
    const double pole = sqrt(3.0) - 2.0, gain = 6.0;
    if (n < 2) return;
    int reach = n < SPLINE_MEMORY ? n : SPLINE_MEMORY;
    double sum, z = pole;
    if (reach < n) {
        sum = c[0];
        for (int i = 1; i < reach; i++, z *= pole) sum += z * c[(size_t)i * step];
    } else {
        /* The whole mirrored row, exactly. */
        double zn = det_pow(pole, n - 1), z2 = zn * zn / pole;
        sum = c[0] + zn * c[(size_t)(n - 1) * step];
        for (int i = 1; i < n - 1; i++, z *= pole, z2 /= pole) sum += (z + z2) * c[(size_t)i * step];
        sum /= 1 - zn * zn;
    }
    double before = c[0] = gain * sum;
    for (int i = 1; i < n; i++) before = c[(size_t)i * step] = gain * c[(size_t)i * step] + pole * before;
    double *last = c + (size_t)(n - 1) * step;
    *last = pole / (pole * pole - 1) * (*last + pole * c[(size_t)(n - 2) * step]);
    double after = *last;
    for (int i = n - 2; i >= 0; i--) after = c[(size_t)i * step] = pole * (after - c[(size_t)i * step]);
}

/* The same along y or z of many columns at once: rows of `width` values, `step` apart. Rows are walked in memory order. */
static void spline_prefilter_rows(double *c, int n, size_t step, size_t width)
{
    const double pole = sqrt(3.0) - 2.0, gain = 6.0;
    if (n < 2) return;
    if (n < SPLINE_MEMORY) {
        for (size_t x = 0; x < width; x++) spline_prefilter(c + x, n, step);
        return;
    }
    double z = pole;
    for (int i = 1; i < SPLINE_MEMORY; i++, z *= pole)
        for (size_t x = 0; x < width; x++) c[x] += z * c[(size_t)i * step + x];
    for (size_t x = 0; x < width; x++) c[x] *= gain;
    for (int i = 1; i < n; i++) {
        double *row = c + (size_t)i * step;
        for (size_t x = 0; x < width; x++) row[x] = gain * row[x] + pole * row[x - step];
    }
    double *last = c + (size_t)(n - 1) * step;
    for (size_t x = 0; x < width; x++) last[x] = pole / (pole * pole - 1) * (last[x] + pole * last[x - step]);
    for (int i = n - 2; i >= 0; i--) {
        double *row = c + (size_t)i * step;
        for (size_t x = 0; x < width; x++) row[x] = pole * (row[x + step] - row[x]);
    }
}

/* ---- reading ---- */

static void read_row(double *out, const ImageSource *s, size_t at, int n)
{
    const float *v = s->v + at;
    for (int i = 0; i < n; i++) {
        double x = (double)(isfinite(v[i]) ? v[i] : s->fill);
        if (s->round) x = rint(x);
        out[i] = s->divisor == 1 ? x : x / s->divisor;
    }
}

/* Rows first … last of slices first … last of the old image, as doubles: the part that a box needs. For cubic interpolation they are
 * spline coefficients along the axes that are interpolated, computed on a wider part. */
typedef struct {
    int lo[3], n[3];
    double *v;                     /* NULL: rows are read from the image as they are needed */
} Part;

static Rc part_read(Part *out, const Resampling *r, Interpolation how, const ImageSource *image, const AxisTaps taps[3], Err *e)
{
    Part p = { 0 };
    bool spline = how == INTERPOLATE_CUBIC && !(r->keep[0] && r->keep[1] && r->keep[2]);
    for (int a = 0; a < 3; a++) {
        int margin = spline && !r->keep[a] ? SPLINE_MEMORY : 0;
        p.lo[a] = clamp_int(taps[a].first - margin, r->n_in[a]);
        p.n[a] = clamp_int(taps[a].last + margin, r->n_in[a]) - p.lo[a] + 1;
    }
    if (spline) {
        size_t slice = (size_t)p.n[0] * (size_t)p.n[1];
        p.v = malloc(slice * (size_t)p.n[2] * sizeof *p.v);
        if (!p.v) return err_nomem(e);
        for (int z = 0; z < p.n[2]; z++) {
            for (int y = 0; y < p.n[1]; y++) {
                double *row = p.v + (size_t)z * slice + (size_t)y * (size_t)p.n[0];
                size_t at = ((size_t)(p.lo[2] + z) * (size_t)r->n_in[1] + (size_t)(p.lo[1] + y)) * (size_t)r->n_in[0];
                read_row(row, image, at + (size_t)p.lo[0], p.n[0]);
                if (!r->keep[0]) spline_prefilter(row, p.n[0], 1);
            }
            if (!r->keep[1]) spline_prefilter_rows(p.v + (size_t)z * slice, p.n[1], (size_t)p.n[0], (size_t)p.n[0]);
        }
        if (!r->keep[2]) spline_prefilter_rows(p.v, p.n[2], slice, slice);
    }
    *out = p;
    return OK;
}

/* ---- a box, slice after slice ---- */

/* One old slice, interpolated in the plane. */
typedef struct { int z; double *v; } PlaneSlot;

typedef struct {
    const Resampling *r;
    const ImageSource *image;
    const Part *part;
    const AxisTaps *taps;
    double *row;                   /* one row of the part */
    double *lines;                 /* rows interpolated along x, [part rows * width] */
    PlaneSlot slot[MAX_TAPS];
} Engine;

static void plane_make(Engine *g, double *out, int z)
{
    const AxisTaps *tx = &g->taps[0], *ty = &g->taps[1];
    const Part *p = g->part;
    size_t width = (size_t)tx->n;
    for (int y = ty->first; y <= ty->last; y++) {
        const double *row = g->row;
        if (p->v) row = p->v + ((size_t)(z - p->lo[2]) * (size_t)p->n[1] + (size_t)(y - p->lo[1])) * (size_t)p->n[0];
        else
            read_row(g->row, g->image, ((size_t)z * (size_t)g->r->n_in[1] + (size_t)y) * (size_t)g->r->n_in[0] + (size_t)p->lo[0], p->n[0]);
        double *line = g->lines + (size_t)(y - ty->first) * width;
        const int *index = tx->index;
        const double *w = tx->weight;
        for (size_t x = 0; x < width; x++, index += tx->taps, w += tx->taps) {
            double sum = w[0] * row[index[0] - p->lo[0]];
            for (int k = 1; k < tx->taps; k++) sum += w[k] * row[index[k] - p->lo[0]];
            line[x] = sum;
        }
    }
    for (int y = 0; y < ty->n; y++) {
        double *to = out + (size_t)y * width;
        for (int k = 0; k < ty->taps; k++) {
            double w = ty->weight[y * ty->taps + k];
            const double *line = g->lines + (size_t)(ty->index[y * ty->taps + k] - ty->first) * width;
            if (k == 0) for (size_t x = 0; x < width; x++) to[x] = w * line[x];
            else for (size_t x = 0; x < width; x++) to[x] += w * line[x];
        }
    }
}

/* The old slice z in the plane of the new grid; made once while it is among the last few used. */
static const double *plane_get(Engine *g, int z, const int *needed, int n_needed)
{
    PlaneSlot *free_slot = NULL;
    for (int s = 0; s < MAX_TAPS; s++) {
        if (g->slot[s].z == z) return g->slot[s].v;
        bool needed_still = false;
        for (int k = 0; k < n_needed; k++) needed_still |= g->slot[s].z == needed[k];
        if (!needed_still) free_slot = &g->slot[s];
    }
    plane_make(g, free_slot->v, z);
    free_slot->z = z;
    return free_slot->v;
}

Rc resample_image(const Resampling *r, Interpolation how, const ImageSource *image, bool round, const int lo[3], const int hi[3],
                  SliceTaker *take, void *context, Err *e)
{
    Rc rc = OK;
    AxisTaps taps[3] = { { 0 } };
    Part part = { 0 };
    double *sum = NULL;
    float *slice = NULL;
    Engine g = { .r = r, .image = image, .part = &part, .taps = taps };

    for (int a = 0; a < 3; a++) TRY(taps_make(&taps[a], r, a, how, lo[a], hi[a], e));
    TRY(part_read(&part, r, how, image, taps, e));
    size_t area = (size_t)taps[0].n * (size_t)taps[1].n;
    g.row = malloc((size_t)part.n[0] * sizeof *g.row);
    g.lines = malloc((size_t)(taps[1].last - taps[1].first + 1) * (size_t)taps[0].n * sizeof *g.lines);
    sum = malloc(area * sizeof *sum);
    slice = malloc(area * sizeof *slice);
    bool enough = g.row && g.lines && sum && slice;
    for (int s = 0; s < MAX_TAPS; s++) {
        g.slot[s] = (PlaneSlot){ -1, malloc(area * sizeof *g.slot[s].v) };
        enough = enough && g.slot[s].v;
    }
    if (!enough) { rc = err_nomem(e); goto out; }

    const AxisTaps *tz = &taps[2];
    for (int z = 0; z < tz->n; z++) {
        const int *index = tz->index + z * tz->taps;
        const double *from = sum;
        for (int k = 0; k < tz->taps; k++) {
            const double *plane = plane_get(&g, index[k], index, tz->taps);
            double w = tz->weight[z * tz->taps + k];
            if (tz->taps == 1) from = plane;
            else if (k == 0) for (size_t i = 0; i < area; i++) sum[i] = w * plane[i];
            else for (size_t i = 0; i < area; i++) sum[i] += w * plane[i];
        }
        if (round) for (size_t i = 0; i < area; i++) slice[i] = (float)rint((double)(float)from[i]);
        else for (size_t i = 0; i < area; i++) slice[i] = (float)from[i];
        take(context, lo[2] + z, slice);
    }
out:
    for (int s = 0; s < MAX_TAPS; s++) free(g.slot[s].v);
    free(g.row);
    free(g.lines);
    free(sum);
    free(slice);
    free(part.v);
    for (int a = 0; a < 3; a++) taps_free(&taps[a]);
    return rc;
}

/* ---- masks ---- */

typedef struct {
    uint8_t *in;
    size_t area;
    int lo_z;
    float threshold;
    bool any;
    int n_x;
    int lo[3], hi[3];              /* of what is inside, from the box's corner */
} MaskTaker;

static void take_mask(void *context, int z, const float *slice)
{
    MaskTaker *m = context;
    uint8_t *in = m->in + (size_t)(z - m->lo_z) * m->area;
    for (size_t i = 0; i < m->area; i++) {
        in[i] = slice[i] >= m->threshold;
        if (!in[i]) continue;
        int at[3] = { (int)(i % (size_t)m->n_x), (int)(i / (size_t)m->n_x), z - m->lo_z };
        for (int a = 0; a < 3; a++) {
            if (!m->any || at[a] < m->lo[a]) m->lo[a] = at[a];
            if (!m->any || at[a] >= m->hi[a]) m->hi[a] = at[a] + 1;
        }
        m->any = true;
    }
}

/* New samples that any old voxel lo … hi-1 along the axis can reach. */
static Rc reached(int *out_lo, int *out_hi, const Resampling *r, int axis, Interpolation how, int lo, int hi, Err *e)
{
    AxisTaps t = { 0 };
    Rc rc = taps_make(&t, r, axis, how, 0, r->n_out[axis], e);
    if (rc != OK) return rc;
    *out_lo = r->n_out[axis];
    *out_hi = 0;
    for (int i = 0; i < t.n; i++)
        for (int k = 0; k < t.taps; k++) {
            int index = t.index[i * t.taps + k];
            if (index < lo || index >= hi) continue;
            if (i < *out_lo) *out_lo = i;
            *out_hi = i + 1;
        }
    taps_free(&t);
    return OK;
}

Rc resample_mask(uint8_t **out, int lo[3], int hi[3], const Resampling *r, Interpolation how, double threshold, const Mask *mask,
                 Err *e)
{
    Rc rc = OK;
    float *v = NULL;
    uint8_t *cut = NULL;
    MaskTaker m = { 0 };
    int old_lo[3], old_hi[3], box_lo[3], box_hi[3];
    *out = NULL;
    if (!mask_box(old_lo, old_hi, mask)) return OK;

    /* Only the part around the mask is interpolated, as a small image of its own on the same old grid. */
    for (int a = 0; a < 3; a++) {
        TRY(reached(&box_lo[a], &box_hi[a], r, a, how, old_lo[a], old_hi[a], e));
        if (box_hi[a] <= box_lo[a]) goto out;      /* no sample comes near: nothing is left */
    }
    size_t n_in = grid_voxels(&mask->grid);
    v = calloc(n_in, sizeof *v);
    m.n_x = box_hi[0] - box_lo[0];
    m.area = (size_t)m.n_x * (size_t)(box_hi[1] - box_lo[1]);
    m.lo_z = box_lo[2];
    m.in = calloc(m.area * (size_t)(box_hi[2] - box_lo[2]), 1);
    if (!v || !m.in) { rc = err_nomem(e); goto out; }
    for (int z = old_lo[2]; z < old_hi[2]; z++)
        for (int y = old_lo[1]; y < old_hi[1]; y++) {
            size_t row = voxel_at(&mask->grid, 0, y, z);
            for (int x = old_lo[0]; x < old_hi[0]; x++) v[row + (size_t)x] = mask->in[row + (size_t)x] != 0;
        }
    ImageSource source = { .v = v, .divisor = 1 };
    m.threshold = (float)(threshold - 1e-6);       /* what should be exactly the threshold reaches it */
    TRY(resample_image(r, how, &source, false, box_lo, box_hi, take_mask, &m, e));
    if (!m.any) goto out;

    int n[3];
    for (int a = 0; a < 3; a++) n[a] = m.hi[a] - m.lo[a];
    cut = malloc((size_t)n[0] * (size_t)n[1] * (size_t)n[2]);
    if (!cut) { rc = err_nomem(e); goto out; }
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            memcpy(cut + ((size_t)z * (size_t)n[1] + (size_t)y) * (size_t)n[0],
                   m.in + (size_t)(z + m.lo[2]) * m.area + (size_t)(y + m.lo[1]) * (size_t)m.n_x + (size_t)m.lo[0], (size_t)n[0]);
    for (int a = 0; a < 3; a++) {
        lo[a] = box_lo[a] + m.lo[a];
        hi[a] = box_lo[a] + m.hi[a];
    }
    *out = cut;
out:
    free(v);
    free(m.in);
    return rc;
}
