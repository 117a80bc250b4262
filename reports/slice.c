/* reports/slice.c: one axial slice of a scan, cut in world coordinates. */
#include "reports/slice.h"

#include <math.h>

enum { SAMPLES = 256 };

void slice_free(Slice *s)
{
    arena_free(&s->arena);
    *s = (Slice){ 0 };
}

/* World box of the voxels inside the mask: their centres. */
static bool world_box(double lo[3], double hi[3], const Mask *m)
{
    int first[3], past[3];
    if (!mask_box(first, past, m)) return false;
    for (int a = 0; a < 3; a++) { lo[a] = INFINITY; hi[a] = -INFINITY; }
    for (int z = first[2]; z < past[2]; z++) for (int y = first[1]; y < past[1]; y++) for (int x = first[0]; x < past[0]; x++) {
        if (!m->in[voxel_at(&m->grid, x, y, z)]) continue;
        double at[3];
        affine_apply(at, &m->grid.world, (double[3]){ x, y, z });
        for (int a = 0; a < 3; a++) { lo[a] = fmin(lo[a], at[a]); hi[a] = fmax(hi[a], at[a]); }
    }
    return true;
}

double slice_size_mm(const Mask *tumour)
{
    double lo[3], hi[3];
    if (!world_box(lo, hi, tumour)) return NAN;
    return fmin(fmax(fmax(hi[0] - lo[0], hi[1] - lo[1]) + 50, 90), 240);
}

/* The hottest voxel of the tumour, the first of equals. */
static bool hottest(double at[3], const Volume *v, const Mask *m)
{
    int lo[3], hi[3], best[3] = { 0 };
    bool found = false;
    float most = 0;
    if (!mask_box(lo, hi, m)) return false;
    for (int z = lo[2]; z < hi[2]; z++) for (int y = lo[1]; y < hi[1]; y++) for (int x = lo[0]; x < hi[0]; x++) {
        size_t i = voxel_at(&m->grid, x, y, z);
        if (!m->in[i] || isnan(v->v[i]) || (found && v->v[i] <= most)) continue;
        found = true;
        most = v->v[i];
        best[0] = x; best[1] = y; best[2] = z;
    }
    if (found) affine_apply(at, &v->grid.world, (double[3]){ best[0], best[1], best[2] });
    return found;
}

/* What is interpolated: the image, the tumour as 0 and 1, or its hypoxic voxels as 0 and 1. */
typedef struct {
    const Volume *image;
    const Mask *tumour;
    enum { OF_IMAGE, OF_TUMOUR, OF_HYPOXIC } what;
    double reference, threshold;
    Operator op;
} Source;

static double voxel(const Source *s, int x, int y, int z)
{
    const Grid *g = &s->image->grid;
    bool inside = x >= 0 && y >= 0 && z >= 0 && x < g->n[0] && y < g->n[1] && z < g->n[2];
    if (!inside) return s->what == OF_IMAGE ? NAN : 0;
    size_t i = voxel_at(g, x, y, z);
    if (s->what == OF_IMAGE) return s->image->v[i] / s->reference;
    if (!s->tumour->in[i]) return 0;
    return s->what == OF_TUMOUR || operator_holds(s->op, s->image->v[i] / s->reference, s->threshold);
}

/* Trilinear in index coordinates. A neighbour without weight is not asked, so the image's outermost voxels are whole. */
static double interpolate(const Source *s, const double p[3])
{
    double sum = 0, u[3];
    int base[3];
    for (int a = 0; a < 3; a++) {
        if (!(fabs(p[a]) < 1e6)) return NAN;
        double nearest = round(p[a]), at = fabs(p[a] - nearest) < 1e-6 ? nearest : p[a];
        base[a] = (int)floor(at);
        u[a] = at - floor(at);
    }
    for (int corner = 0; corner < 8; corner++) {
        double w = 1;
        int at[3];
        for (int a = 0; a < 3; a++) {
            int up = corner >> a & 1;
            w *= up ? u[a] : 1 - u[a];
            at[a] = base[a] + up;
        }
        if (w > 0) sum += w * voxel(s, at[0], at[1], at[2]);
    }
    return sum;
}

static void cut(float *out, const Source *s, const Affine *to_index, const double centre[3], double size_mm)
{
    double step = size_mm / SAMPLES;
    for (int r = 0; r < SAMPLES; r++) for (int c = 0; c < SAMPLES; c++) {
        /* In RAS +x is the patient's right and +y anterior: the first column holds the largest x, the first row the largest y. */
        const double world[3] = { centre[0] + size_mm / 2 - (c + 0.5) * step, centre[1] + size_mm / 2 - (r + 0.5) * step, centre[2] };
        double index[3];
        affine_apply(index, to_index, world);
        out[(size_t)r * SAMPLES + (size_t)c] = (float)interpolate(s, index);
    }
}

Rc slice_cut(Slice *out, const Volume *image, const Mask *tumour, double reference, double threshold, Operator op,
             double size_mm, Err *e)
{
    Rc rc = OK;
    Slice s = { .n = SAMPLES, .size_mm = size_mm, .units = image->units };
    double lo[3], hi[3], peak[3], centre[3];
    Affine to_index;
    if (!world_box(lo, hi, tumour) || !hottest(peak, image, tumour)) return err_set(e, ERR_INPUT, "tumour mask is empty");
    if (!affine_invert(&to_index, &image->grid.world)) return err_set(e, ERR_INPUT, "image has no invertible geometry");
    if (!(size_mm > 0 && size_mm < 1e5)) return err_set(e, ERR_INTERNAL, "slice of %g mm", size_mm);
    for (int a = 0; a < 2; a++) centre[a] = (lo[a] + hi[a]) / 2;
    centre[2] = s.z_mm = peak[2];
    s.is_ratio = reference > 0;
    Source source = { image, tumour, OF_IMAGE, s.is_ratio ? reference : 1, threshold, op };
    s.value = ARENA_NEW(&s.arena, (size_t)SAMPLES * SAMPLES, float);
    float *field = ARENA_NEW(&s.arena, (size_t)SAMPLES * SAMPLES, float);
    if (!s.value || !field) { rc = err_nomem(e); goto out; }
    cut(s.value, &source, &to_index, centre, size_mm);
    source.what = OF_TUMOUR;
    cut(field, &source, &to_index, centre, size_mm);
    TRY(contour_trace(&s.tumour, field, SAMPLES, SAMPLES, 0.5, &s.arena, e));
    if (s.is_ratio && isfinite(threshold)) {
        source.what = OF_HYPOXIC;
        cut(field, &source, &to_index, centre, size_mm);
        TRY(contour_trace(&s.hypoxic, field, SAMPLES, SAMPLES, 0.5, &s.arena, e));
    }
    *out = s;
    s = (Slice){ 0 };
out:
    slice_free(&s);
    return rc;
}
