/* features/hypoxia.c: hypoxia metrics of one scan on its own grid, relative to a reference region. */
#include "features/hypoxia.h"

#include <math.h>
#include <stdlib.h>

#include "core/sum.h"
#include "features/order.h"
#include "features/peak.h"

/* Components smaller than this are noise and not counted; the largest has no such floor. */
static const double LEAST_COMPONENT_ML = 0.5;
/* Thresholds over which fhv_auc integrates. */
static const double AUC_FROM = 1, AUC_TO = 3;

/* ---- reference ---- */

ReferenceRegion reference_from_value(double mean)
{
    return (ReferenceRegion){ .voxels = 0, .mean = mean, .sd = NAN, .cov = NAN };
}

Rc reference_measure(ReferenceRegion *out, const Volume *image, const Mask *region, const char *name, Err *e)
{
    Rc rc = grid_require_same(&image->grid, &region->grid, name, e);
    if (rc != OK) return rc;
    size_t voxels = grid_voxels(&image->grid), n = 0;
    Sum sum = { 0 }, squares = { 0 };
    for (size_t i = 0; i < voxels; i++) {
        if (!region->in[i]) continue;
        if (!isfinite(image->v[i])) {
            int nx = image->grid.n[0], ny = image->grid.n[1];
            return err_set(e, ERR_INPUT, "%s: voxel (%d, %d, %d) of the reference region is %s, expected a finite number", name,
                           (int)(i % (size_t)nx), (int)(i / (size_t)nx % (size_t)ny), (int)(i / (size_t)nx / (size_t)ny),
                           isnan(image->v[i]) ? "not a number" : "infinite");
        }
        sum_add(&sum, (double)image->v[i]);
        n++;
    }
    if (n == 0) return err_set(e, ERR_INPUT, "%s: the reference region has no voxel", name);
    double mean = sum_value(&sum) / (double)n;
    if (!(mean > 0)) return err_set(e, ERR_INPUT, "%s: mean uptake of the reference region is %g, expected more than 0", name, mean);
    for (size_t i = 0; i < voxels; i++)
        if (region->in[i]) sum_add(&squares, ((double)image->v[i] - mean) * ((double)image->v[i] - mean));
    double sd = n > 1 ? sqrt(sum_value(&squares) / (double)(n - 1)) : NAN;
    *out = (ReferenceRegion){ n, mean, sd, sd / mean };
    return OK;
}

/* ---- the ROI's box ---- */

typedef struct {
    int lo[3], n[3];
    size_t voxels;                 /* of the ROI */
    uint8_t *in;                   /* of the box */
    float *sorted;                 /* the ROI's intensities, ascending */
    double mean;
} Box;

static Rc box_cut(Box *out, const Volume *image, const Mask *roi, Arena *a, Err *e)
{
    Box b = { 0 };
    int hi[3];
    if (!mask_box(b.lo, hi, roi)) return err_set(e, ERR_INPUT, "the mask has no voxel");
    for (int k = 0; k < 3; k++) b.n[k] = hi[k] - b.lo[k];
    size_t all = (size_t)b.n[0] * (size_t)b.n[1] * (size_t)b.n[2];
    b.in = ARENA_NEW(a, all, uint8_t);
    b.sorted = ARENA_NEW(a, all, float);
    float *scratch = ARENA_NEW(a, all, float);
    if (!b.in || !b.sorted || !scratch) return err_nomem(e);
    Sum sum = { 0 };
    size_t i = 0;
    for (int z = 0; z < b.n[2]; z++)
        for (int y = 0; y < b.n[1]; y++)
            for (int x = 0; x < b.n[0]; x++, i++) {
                size_t at = voxel_at(&image->grid, x + b.lo[0], y + b.lo[1], z + b.lo[2]);
                b.in[i] = roi->in[at] != 0;
                if (!b.in[i]) continue;
                if (!isfinite(image->v[at]))
                    return err_set(e, ERR_INPUT, "voxel (%d, %d, %d) of the ROI is %s, expected a finite number", x + b.lo[0],
                                   y + b.lo[1], z + b.lo[2], isnan(image->v[at]) ? "not a number" : "infinite");
                sum_add(&sum, (double)image->v[at]);
                b.sorted[b.voxels++] = image->v[at];
            }
    b.mean = sum_value(&sum) / (double)b.voxels;
    sort_floats(b.sorted, scratch, b.voxels);
    *out = b;
    return OK;
}

/* ---- components ---- */

typedef struct { size_t count_over_floor, largest; } Components;

/* 26-connected components of box[i] != 0, which is emptied on the way. queue has room for every voxel. */
static Components count_components(uint8_t *hot, size_t *queue, const int n[3], double voxel_ml)
{
    Components c = { 0, 0 };
    size_t all = (size_t)n[0] * (size_t)n[1] * (size_t)n[2];
    for (size_t start = 0; start < all; start++) {
        if (!hot[start]) continue;
        size_t head = 0, tail = 0;
        hot[start] = 0;
        queue[tail++] = start;
        while (head < tail) {
            size_t i = queue[head++];
            int x = (int)(i % (size_t)n[0]), y = (int)(i / (size_t)n[0] % (size_t)n[1]), z = (int)(i / (size_t)n[0] / (size_t)n[1]);
            for (int zz = z > 0 ? z - 1 : 0; zz <= z + 1 && zz < n[2]; zz++)
                for (int yy = y > 0 ? y - 1 : 0; yy <= y + 1 && yy < n[1]; yy++)
                    for (int xx = x > 0 ? x - 1 : 0; xx <= x + 1 && xx < n[0]; xx++) {
                        size_t j = ((size_t)zz * (size_t)n[1] + (size_t)yy) * (size_t)n[0] + (size_t)xx;
                        if (!hot[j]) continue;
                        hot[j] = 0;
                        queue[tail++] = j;
                    }
        }
        if (tail > c.largest) c.largest = tail;
        /* A volume that is the floor but for rounding counts. */
        if ((double)tail * voxel_ml >= LEAST_COMPONENT_ML * (1 - 1e-9)) c.count_over_floor++;
    }
    return c;
}

/* ---- metrics ---- */

/* A threshold without an operator is met by what reaches it. */
static Operator operator_of(const HypoxiaRule *rule)
{
    return rule && rule->has_operator ? rule->op : OP_GE;
}

static void put_suv(FeatureSink *sink, const Box *b, Units units, double peak)
{
    const Aggregation whole = AGGREGATION_NONE;
    if (units == UNITS_SUV) {
        sink_put(sink, FEATURE_HYPOXIA_SUV_MAX, whole, (double)b->sorted[b->voxels - 1]);
        sink_put(sink, FEATURE_HYPOXIA_SUV_MEAN, whole, b->mean);
        sink_put(sink, FEATURE_HYPOXIA_SUV_PEAK, whole, peak);
        return;
    }
    const char *reason = units == UNITS_BQ_ML ? "the image is in Bq/mL and not converted to SUV"
                       : units == UNITS_TBR ? "the image is a ratio, not SUV" : "the image is in HU, not SUV";
    sink_undefined(sink, FEATURE_HYPOXIA_SUV_MAX, whole, reason);
    sink_undefined(sink, FEATURE_HYPOXIA_SUV_MEAN, whole, reason);
    sink_undefined(sink, FEATURE_HYPOXIA_SUV_PEAK, whole, reason);
}

/* Integral of FHV over the threshold = mean over the voxels of the length of [AUC_FROM, AUC_TO] where the voxel counts as hypoxic. */
static double integrate_fhv(const Box *b, double reference, Operator op)
{
    Sum sum = { 0 };
    for (size_t i = 0; i < b->voxels; i++) {
        double ratio = (double)b->sorted[i] / reference;
        double length = fmin(fmax(ratio - AUC_FROM, 0), AUC_TO - AUC_FROM);
        sum_add(&sum, op == OP_GE || op == OP_GT ? length : AUC_TO - AUC_FROM - length);
    }
    return sum_value(&sum) / (double)b->voxels;
}

static Rc put_threshold(FeatureSink *sink, const Box *b, const Volume *image, double reference, double threshold, Operator op,
                        Arena *a, Err *e)
{
    const Aggregation whole = AGGREGATION_NONE;
    size_t all = (size_t)b->n[0] * (size_t)b->n[1] * (size_t)b->n[2], hypoxic = 0, i = 0;
    uint8_t *hot = ARENA_NEW(a, all, uint8_t);
    size_t *queue = ARENA_NEW(a, b->voxels, size_t);
    if (!hot || !queue) return err_nomem(e);
    Sum burden = { 0 };
    for (int z = 0; z < b->n[2]; z++)
        for (int y = 0; y < b->n[1]; y++)
            for (int x = 0; x < b->n[0]; x++, i++) {
                if (!b->in[i]) continue;
                double ratio = (double)image->v[voxel_at(&image->grid, x + b->lo[0], y + b->lo[1], z + b->lo[2])] / reference;
                if (!operator_holds(op, ratio, threshold)) continue;
                hot[i] = 1;
                hypoxic++;
                sum_add(&burden, ratio - threshold);
            }
    double voxel_ml = grid_voxel_ml(&image->grid);
    Components c = count_components(hot, queue, b->n, voxel_ml);
    sink_put(sink, FEATURE_HYPOXIA_FHV, whole, (double)hypoxic / (double)b->voxels);
    sink_put(sink, FEATURE_HYPOXIA_HV_ML, whole, (double)hypoxic * voxel_ml);
    sink_put(sink, FEATURE_HYPOXIA_BURDEN, whole, sum_value(&burden) * voxel_ml);
    sink_put(sink, FEATURE_HYPOXIA_COMPONENTS, whole, (double)c.count_over_floor);
    sink_put(sink, FEATURE_HYPOXIA_LARGEST_COMPONENT_ML, whole, (double)c.largest * voxel_ml);
    return OK;
}

Rc hypoxia_features(FeatureSink *sink, const Volume *image, const Mask *roi, double reference, const HypoxiaRule *rule,
                    Arena *a, Err *e)
{
    const Aggregation whole = AGGREGATION_NONE;
    static const FeatureId of_threshold[] = { FEATURE_HYPOXIA_FHV, FEATURE_HYPOXIA_HV_ML, FEATURE_HYPOXIA_BURDEN,
        FEATURE_HYPOXIA_COMPONENTS, FEATURE_HYPOXIA_LARGEST_COMPONENT_ML };
    static const FeatureId of_reference[] = { FEATURE_HYPOXIA_TBR_MAX, FEATURE_HYPOXIA_TBR_MEAN, FEATURE_HYPOXIA_TBR_PEAK,
        FEATURE_HYPOXIA_TBR_P95, FEATURE_HYPOXIA_FHV_AUC };
    Rc rc = OK;
    Box b = { 0 };
    Peaks peaks = { 0 };
    TRY(box_cut(&b, image, roi, a, e));
    TRY(intensity_peaks(&peaks, image->v, image->grid.n, image->grid.spacing_mm, b.in, b.n, b.lo, e));
    put_suv(sink, &b, image->units, peaks.global);

    const char *reason = NULL;
    if (image->units == UNITS_TBR) reference = 1;
    if (image->units == UNITS_HU) reason = "the image is in HU, which has no uptake";
    else if (isnan(reference)) reason = "no reference region or value is given";
    else if (!(reference > 0)) reason = "the reference uptake is not above 0";
    if (reason) {
        for (size_t i = 0; i < sizeof of_reference / sizeof *of_reference; i++) sink_undefined(sink, of_reference[i], whole, reason);
        for (size_t i = 0; i < sizeof of_threshold / sizeof *of_threshold; i++) sink_undefined(sink, of_threshold[i], whole, reason);
        goto out;
    }
    sink_put(sink, FEATURE_HYPOXIA_TBR_MAX, whole, (double)b.sorted[b.voxels - 1] / reference);
    sink_put(sink, FEATURE_HYPOXIA_TBR_MEAN, whole, b.mean / reference);
    sink_put(sink, FEATURE_HYPOXIA_TBR_PEAK, whole, peaks.global / reference);
    sink_put(sink, FEATURE_HYPOXIA_TBR_P95, whole, quantile_floats(b.sorted, b.voxels, 0.95) / reference);
    sink_put(sink, FEATURE_HYPOXIA_FHV_AUC, whole, integrate_fhv(&b, reference, operator_of(rule)));

    if (!rule || !rule->has_threshold) {
        for (size_t i = 0; i < sizeof of_threshold / sizeof *of_threshold; i++)
            sink_undefined(sink, of_threshold[i], whole, "no threshold is given");
        goto out;
    }
    TRY(put_threshold(sink, &b, image, reference, rule->threshold, operator_of(rule), a, e));
out:
    return rc;
}

Rc hypoxia_measure(FeatureVector *out, const char *name, const Volume *image, const Mask *roi, double reference,
                   const HypoxiaRule *rule, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    FeatureVector v = { 0 };
    FeatureSink *sink = ARENA_NEW(&scratch, 1, FeatureSink);
    if (!sink) { rc = err_nomem(e); goto out; }
    for (int i = 0; i < FEATURE_COUNT; i++) sink->wanted[i] = feature_info((FeatureId)i)->family == FAMILY_HYPOXIA;
    TRY(grid_require_same(&image->grid, &roi->grid, name, e));
    rc = hypoxia_features(sink, image, roi, reference, rule, &scratch, e);
    if (rc != OK) { err_prefix(e, "%s", name); goto out; }
    TRY(sink_vector(&v, sink, NULL, e));
    *out = v;
    v = (FeatureVector){ 0 };
out:
    feature_vector_free(&v);
    arena_free(&scratch);
    return rc;
}

Json *hypoxia_definition_json(const HypoxiaRule *rule, const char *reference, double uptake_min)
{
    Json *j = json_object();
    json_set_text(j, "tracer", rule ? rule->tracer : NULL);
    json_set_text(j, "reference", reference);
    json_set_number(j, "threshold", rule && rule->has_threshold ? rule->threshold : NAN);
    json_set_text(j, "operator", rule && rule->has_threshold ? operator_name(operator_of(rule)) : NULL);
    json_set_number(j, "uptake_min", uptake_min);
    return j;
}
