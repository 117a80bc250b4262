/* features/ivh.c: the intensity-volume histogram. IBSI reference manual 3.5. */
#include <math.h>

#include "features/roi.h"

/* More steps than this along the intensity axis are not a histogram. */
enum { MAX_STEPS = 1 << 22 };

/* The intensity axis: step k, from 0, stands for the intensity first + k * step; a voxel falls into step
 * floor((x - low) / width). */
typedef struct {
    double first, step, low, width;
    int n;
} Axis;

static bool axis_make(Axis *out, const Binning *b, const double range[2], double roi_min, double roi_max)
{
    double low = isfinite(range[0]) ? range[0] : roi_min, high = isfinite(range[1]) ? range[1] : roi_max, n;
    switch (b->method) {
    case BINS_FIXED_SIZE: {
        /* Bin centres, from the bin of the low end to the bin of the high end; a high end on a bin's edge closes the bin below. */
        double first = floor((low - b->origin) / b->bin_size + 1e-9);
        double last = isfinite(range[1]) ? ceil((high - b->origin) / b->bin_size - 1e-9) - 1 : floor((high - b->origin) / b->bin_size);
        low = b->origin + first * b->bin_size;
        *out = (Axis){ .first = low + b->bin_size / 2, .step = b->bin_size, .low = low, .width = b->bin_size };
        n = last - first + 1;
        break;
    }
    case BINS_FIXED_NUMBER:
        *out = (Axis){ .first = 1, .step = 1, .low = roi_min, .width = (roi_max - roi_min) / b->bins };
        n = roi_max > roi_min ? b->bins : 1;
        break;
    default:
        *out = (Axis){ .first = low, .step = 1, .low = low, .width = 1 };
        n = floor(high - low) + 1;
        break;
    }
    if (!(n >= 2 && n <= MAX_STEPS)) return false;
    out->n = (int)n;
    return true;
}

Rc ivh_features(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e)
{
    const Aggregation whole = AGGREGATION_NONE;
    size_t voxels = (size_t)roi->n[0] * (size_t)roi->n[1] * (size_t)roi->n[2];
    double min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < voxels; i++) {
        if (!roi->inside[i]) continue;
        min = fmin(min, (double)roi->intensity[i]);
        max = fmax(max, (double)roi->intensity[i]);
    }
    Axis axis;
    if (!axis_make(&axis, &s->ivh, s->range, min, max)) {
        sink_undefined_family(sink, FAMILY_IVH, whole, "the intensity axis has one step only, or more than four million");
        return OK;
    }
    /* share[k]: part of the ROI in step k or above; share[n] is 0. */
    double *share = ARENA_NEW(a, (size_t)axis.n + 1, double);
    if (!share) return err_nomem(e);
    for (size_t i = 0; i < voxels; i++) {
        if (!roi->inside[i]) continue;
        double x = (double)roi->intensity[i];
        double k = s->ivh.method == BINS_FIXED_NUMBER ? floor(s->ivh.bins * (x - min) / (max - min)) : floor((x - axis.low) / axis.width);
        share[k < 0 ? 0 : k >= axis.n ? axis.n - 1 : (int)k] += 1;
    }
    for (int k = axis.n - 1; k >= 0; k--) share[k] += share[k + 1];
    for (int k = 0; k < axis.n; k++) share[k] /= (double)roi->n_inside;

    /* V_x: share at the least intensity whose fraction of the axis reaches x. I_x: the least intensity that at most x of the volume
     * reaches; past the end of the axis nothing does. */
    double V[2], I[2], area = 0;
    const double at[2] = { 0.10, 0.90 };
    for (int j = 0; j < 2; j++) {
        V[j] = share[(int)ceil(at[j] * (axis.n - 1) - 1e-9)];
        int k = 0;
        while (k < axis.n && share[k] > at[j] + 1e-12) k++;
        I[j] = axis.first + k * axis.step;
    }
    for (int k = 0; k + 1 < axis.n; k++) area += (share[k] + share[k + 1]) / 2;
    sink_put(sink, FEATURE_IVH_V10, whole, V[0]);
    sink_put(sink, FEATURE_IVH_V90, whole, V[1]);
    sink_put(sink, FEATURE_IVH_I10, whole, I[0]);
    sink_put(sink, FEATURE_IVH_I90, whole, I[1]);
    sink_put(sink, FEATURE_IVH_VOLUME_FRACTION_DIFFERENCE_BETWEEN_INTENSITY_FRACTIONS, whole, V[0] - V[1]);
    sink_put(sink, FEATURE_IVH_INTENSITY_FRACTION_DIFFERENCE_BETWEEN_VOLUME_FRACTIONS, whole, I[0] - I[1]);
    sink_put(sink, FEATURE_IVH_AREA_UNDER_THE_IVH_CURVE, whole, area / (axis.n - 1));
    return OK;
}
