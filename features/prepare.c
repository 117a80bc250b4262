/* features/prepare.c: interpolation, rounding, re-segmentation and discretisation of one ROI, cut to its box. */
#include "features/prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/discretise.h"

/* ---- the image as given ---- */

/* The mask holds a voxel, and the image a finite number in each. */
static Rc require_finite(const ExtractInput *in, const int lo[3], const int hi[3], Err *e)
{
    const Grid *g = &in->image->grid;
    for (int z = lo[2]; z < hi[2]; z++)
        for (int y = lo[1]; y < hi[1]; y++)
            for (int x = lo[0]; x < hi[0]; x++) {
                size_t i = voxel_at(g, x, y, z);
                if (in->mask->in[i] && !isfinite(in->image->v[i]))
                    return err_set(e, ERR_INPUT, "%s: voxel (%d, %d, %d) of the ROI is %s, expected a finite number", in->name, x, y, z,
                                   isnan(in->image->v[i]) ? "not a number" : "infinite");
            }
    return OK;
}

/* What stands for voxels that are no numbers, outside the ROI: the least number of the image. */
static float least_finite(const Volume *image)
{
    size_t n = grid_voxels(&image->grid);
    float least = INFINITY;
    for (size_t i = 0; i < n; i++)
        if (isfinite(image->v[i]) && image->v[i] < least) least = image->v[i];
    return least;
}

static bool all_finite(const Volume *image)
{
    size_t n = grid_voxels(&image->grid);
    const float *v = image->v;
    int bad = 0;
    for (size_t i = 0; i < n; i++) bad |= !(fabsf(v[i]) <= 3.4028234e38f);
    return !bad;
}

/* ---- reports ---- */

typedef struct {
    size_t area, n;
    double sum, min, max;
} Summary;

static void take_summary(void *context, int z, const float *slice)
{
    Summary *s = context;
    double sum = 0;
    float min = slice[0], max = slice[0];
    for (size_t i = 0; i < s->area; i++) {
        sum += (double)slice[i];
        min = slice[i] < min ? slice[i] : min;
        max = slice[i] > max ? slice[i] : max;
    }
    (void)z;
    s->sum += sum;
    s->n += s->area;
    s->min = fmin(s->min, (double)min);
    s->max = fmax(s->max, (double)max);
}

/* Mean, least and greatest of the whole image on r's new grid. */
static Rc report_image(ImageReport *out, const Resampling *r, Interpolation how, const ImageSource *source, bool round, Err *e)
{
    const int lo[3] = { 0, 0, 0 };
    Summary s = { .area = (size_t)r->n_out[0] * (size_t)r->n_out[1], .min = INFINITY, .max = -INFINITY };
    Rc rc = resample_image(r, how, source, round, lo, r->n_out, take_summary, &s, e);
    if (rc != OK) return rc;
    memcpy(out->size, r->n_out, sizeof out->size);
    memcpy(out->spacing_mm, r->spacing_out, sizeof out->spacing_mm);
    out->mean = s.sum / (double)s.n;
    out->min = s.min;
    out->max = s.max;
    return OK;
}

/* Of one mask in a box of n voxels, with the intensities there. */
static void report_mask(RoiReport *out, bool morphological, const uint8_t *in, const float *v, const int n[3])
{
    int lo[3] = { n[0], n[1], n[2] }, hi[3] = { 0, 0, 0 };
    size_t count = 0, i = 0;
    double sum = 0, min = INFINITY, max = -INFINITY;
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < n[0]; x++, i++) {
                if (!in[i]) continue;
                const int at[3] = { x, y, z };
                for (int a = 0; a < 3; a++) {
                    if (at[a] < lo[a]) lo[a] = at[a];
                    if (at[a] >= hi[a]) hi[a] = at[a] + 1;
                }
                count++;
                sum += (double)v[i];
                min = fmin(min, (double)v[i]);
                max = fmax(max, (double)v[i]);
            }
    int *size = morphological ? out->morphological_bbox_size : out->bbox_size;
    for (int a = 0; a < 3; a++) size[a] = count ? hi[a] - lo[a] : 0;
    if (morphological) { out->morphological_voxels = count; return; }
    out->voxels = count;
    out->mean = count ? sum / (double)count : NAN;
    out->min = count ? min : NAN;
    out->max = count ? max : NAN;
}

/* ---- the box ---- */

typedef struct {
    float *v;
    size_t area;
    int lo_z;
} Cut;

static void take_cut(void *context, int z, const float *slice)
{
    Cut *c = context;
    memcpy(c->v + (size_t)(z - c->lo_z) * c->area, slice, c->area * sizeof *slice);
}

/* The image in the box lo … hi-1 of the new grid. */
static Rc cut_image(const float **out, const Resampling *r, Interpolation how, const ImageSource *source, bool round,
                    const int lo[3], const int hi[3], Arena *a, Err *e)
{
    Cut c = { .area = (size_t)(hi[0] - lo[0]) * (size_t)(hi[1] - lo[1]), .lo_z = lo[2] };
    c.v = ARENA_NEW(a, c.area * (size_t)(hi[2] - lo[2]), float);
    if (!c.v) return err_nomem(e);
    *out = c.v;
    return resample_image(r, how, source, round, lo, hi, take_cut, &c, e);
}

/* The intensities of the box, from the wider cut around it. */
static Rc box_of_around(Roi *roi, Arena *a, Err *e)
{
    float *v = ARENA_NEW(a, (size_t)roi->n[0] * (size_t)roi->n[1] * (size_t)roi->n[2], float);
    if (!v) return err_nomem(e);
    roi->intensity = v;
    for (int z = 0; z < roi->n[2]; z++)
        for (int y = 0; y < roi->n[1]; y++, v += roi->n[0])
            memcpy(v, roi->around + ((size_t)(z + roi->shift[2]) * (size_t)roi->around_n[1] + (size_t)(y + roi->shift[1]))
                      * (size_t)roi->around_n[0] + (size_t)roi->shift[0], (size_t)roi->n[0] * sizeof *v);
    return OK;
}

/* Keeps what lies in the range and within the outlier filter's limits, which are of the whole ROI, not of what the range leaves. */
static Rc resegment(Roi *roi, const Settings *s, Arena *a, Err *e)
{
    size_t n = (size_t)roi->n[0] * (size_t)roi->n[1] * (size_t)roi->n[2];
    uint8_t *inside = ARENA_NEW(a, n, uint8_t);
    if (!inside) return err_nomem(e);
    double low = s->range[0], high = s->range[1];
    if (s->outlier_sigma > 0) {
        double sum = 0, squares = 0, count = (double)roi->n_morphological;
        for (size_t i = 0; i < n; i++) if (roi->morphological[i]) sum += (double)roi->intensity[i];
        double mean = sum / count;
        for (size_t i = 0; i < n; i++) {
            double d = (double)roi->intensity[i] - mean;
            if (roi->morphological[i]) squares += d * d;
        }
        double sd = sqrt(squares / count);
        low = fmax(low, mean - s->outlier_sigma * sd);
        high = fmin(high, mean + s->outlier_sigma * sd);
    }
    roi->n_inside = 0;
    for (size_t i = 0; i < n; i++) {
        double x = (double)roi->intensity[i];
        inside[i] = roi->morphological[i] && x >= low && x <= high;
        roi->n_inside += inside[i];
    }
    roi->inside = inside;
    return OK;
}

static Rc set_levels(Roi *roi, const Settings *s, Arena *a, Err *e)
{
    size_t n = (size_t)roi->n[0] * (size_t)roi->n[1] * (size_t)roi->n[2];
    if (roi->n_inside == 0) {
        roi->level_reason = roi->none_inside;
        return OK;
    }
    uint16_t *level = ARENA_NEW(a, n, uint16_t);
    if (!level) return err_nomem(e);
    roi->level_reason = discretise(level, &roi->Ng, roi->intensity, roi->inside, n, &s->discretise);
    roi->level = roi->level_reason ? NULL : level;
    return OK;
}

/* The box when interpolation leaves nothing of the mask: one voxel that is not in it. */
static Rc empty_roi(Roi *roi, Arena *a, Err *e)
{
    roi->n[0] = roi->n[1] = roi->n[2] = 1;
    roi->intensity = ARENA_NEW(a, 1, float);
    roi->morphological = roi->inside = ARENA_NEW(a, 1, uint8_t);
    roi->level_reason = "interpolation leaves no voxel of the mask";
    return roi->intensity && roi->inside ? OK : err_nomem(e);
}

static Rc report_initial(Diagnostics *d, const ExtractInput *in, const ImageSource *source, const Grid *g, Arena *a, Err *e)
{
    Rc rc = OK;
    Settings none = { 0 };
    Resampling same = { 0 };
    const float *v = NULL;
    int lo[3], hi[3], n[3];
    TRY(resampling_plan(&same, g, &none, e));
    TRY(report_image(&d->initial_image, &same, INTERPOLATE_NEAREST, source, false, e));
    mask_box(lo, hi, in->mask);
    for (int i = 0; i < 3; i++) n[i] = hi[i] - lo[i];
    TRY(cut_image(&v, &same, INTERPOLATE_NEAREST, source, false, lo, hi, a, e));
    uint8_t *mask = ARENA_NEW(a, (size_t)n[0] * (size_t)n[1] * (size_t)n[2], uint8_t);
    if (!mask) return err_nomem(e);
    for (int z = 0, i = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < n[0]; x++) mask[i++] = in->mask->in[voxel_at(g, lo[0] + x, lo[1] + y, lo[2] + z)] != 0;
    report_mask(&d->initial_roi, true, mask, v, n);
    report_mask(&d->initial_roi, false, mask, v, n);
    memcpy(d->initial_roi.size, g->n, sizeof d->initial_roi.size);
out:
    return rc;
}

Rc roi_prepare(Roi *out, Diagnostics *report, const ExtractInput *in, const Settings *s, bool peaks, Arena *a, Err *e)
{
    Rc rc = OK;
    const Grid *g = &in->image->grid;
    Resampling r = { 0 };
    Roi roi = { 0 };
    uint8_t *mask = NULL;
    int lo[3], hi[3];

    if (!mask_box(lo, hi, in->mask)) { rc = err_set(e, ERR_INPUT, "%s: the mask has no voxel", in->name); goto out; }
    TRY(require_finite(in, lo, hi, e));
    ImageSource source = { .v = in->image->v, .round = s->round, .divisor = 1 };
    roi.filled = !all_finite(in->image);
    if (roi.filled) source.fill = least_finite(in->image);
    roi.units = in->image->units;
    roi.none_inside = "re-segmentation leaves no voxel";
    if (s->quantity == QUANTITY_TBR) {
        if (in->image->units != UNITS_TBR) source.divisor = in->reference;
        if (!(source.divisor > 0)) {                       /* no ratio exists: no intensity is a number, shapes are as ever */
            roi.none_inside = isnan(source.divisor) ? "quantity tbr: no reference region or value is given"
                                                    : "quantity tbr: the uptake of the reference is not above 0";
            source.divisor = NAN;
        }
        roi.units = UNITS_TBR;
    }
    rc = resampling_plan(&r, g, s, e);
    if (rc != OK) { err_prefix(e, "%s", in->name); goto out; }
    memcpy(roi.spacing_mm, r.spacing_out, sizeof roi.spacing_mm);
    bool same_grid = r.keep[0] && r.keep[1] && r.keep[2];

    if (report) {
        *report = (Diagnostics){ 0 };
        TRY(report_initial(report, in, &source, g, a, e));
        report->interpolated_image = report->initial_image;
        if (!same_grid) TRY(report_image(&report->interpolated_image, &r, s->image, &source, s->round, e));
    }

    TRY(resample_mask(&mask, lo, hi, &r, s->mask, s->mask_threshold, in->mask, e));
    if (!mask) {
        TRY(empty_roi(&roi, a, e));
    } else {
        int wide_lo[3], wide_hi[3];
        for (int i = 0; i < 3; i++) {
            int margin = peaks ? (int)ceil(PEAK_RADIUS_MM / r.spacing_out[i]) : 0;
            wide_lo[i] = lo[i] > margin ? lo[i] - margin : 0;
            wide_hi[i] = hi[i] + margin < r.n_out[i] ? hi[i] + margin : r.n_out[i];
            roi.n[i] = hi[i] - lo[i];
            roi.offset[i] = lo[i];
            roi.around_n[i] = wide_hi[i] - wide_lo[i];
            roi.shift[i] = lo[i] - wide_lo[i];
        }
        size_t n = (size_t)roi.n[0] * (size_t)roi.n[1] * (size_t)roi.n[2];
        uint8_t *morphological = ARENA_NEW(a, n, uint8_t);
        if (!morphological) { rc = err_nomem(e); goto out; }
        memcpy(morphological, mask, n);
        roi.morphological = morphological;
        for (size_t i = 0; i < n; i++) roi.n_morphological += morphological[i];
        TRY(cut_image(&roi.around, &r, s->image, &source, s->round, wide_lo, wide_hi, a, e));
        TRY(box_of_around(&roi, a, e));
        if (!peaks) roi.around = NULL;
        TRY(resegment(&roi, s, a, e));
        TRY(set_levels(&roi, s, a, e));
    }
    if (report) {
        report_mask(&report->interpolated_roi, true, roi.morphological, roi.intensity, roi.n);
        report_mask(&report->interpolated_roi, false, roi.morphological, roi.intensity, roi.n);
        report_mask(&report->resegmented_roi, true, roi.morphological, roi.intensity, roi.n);
        report_mask(&report->resegmented_roi, false, roi.inside, roi.intensity, roi.n);
        memcpy(report->interpolated_roi.size, r.n_out, sizeof r.n_out);
        memcpy(report->resegmented_roi.size, r.n_out, sizeof r.n_out);
    }
    *out = roi;
out:
    free(mask);
    return rc;
}

/* ---- diagnostics as Json ---- */

static void set_size(Json *j, const char *key, const int n[3])
{
    const double x[3] = { n[0], n[1], n[2] };
    json_set_numbers(j, key, x, 3);
}

static void set_summary(Json *j, double mean, double min, double max)
{
    json_set_number(j, "mean", mean);
    json_set_number(j, "min", min);
    json_set_number(j, "max", max);
}

static void set_image(Json *parent, const char *key, const ImageReport *r)
{
    Json *j = json_set(parent, key, json_object());
    set_size(j, "size", r->size);
    json_set_numbers(j, "spacing_mm", r->spacing_mm, 3);
    set_summary(j, r->mean, r->min, r->max);
}

static void set_roi(Json *parent, const char *key, const RoiReport *r)
{
    Json *j = json_set(parent, key, json_object());
    set_size(j, "size", r->size);
    set_size(j, "bbox_size", r->bbox_size);
    json_set_number(j, "voxels", (double)r->voxels);
    set_summary(j, r->mean, r->min, r->max);
    set_size(j, "morphological_bbox_size", r->morphological_bbox_size);
    json_set_number(j, "morphological_voxels", (double)r->morphological_voxels);
}

Json *diagnostics_json(const Diagnostics *d)
{
    Json *j = json_object();
    set_image(j, "initial_image", &d->initial_image);
    set_image(j, "interpolated_image", &d->interpolated_image);
    set_roi(j, "initial_roi", &d->initial_roi);
    set_roi(j, "interpolated_roi", &d->interpolated_roi);
    set_roi(j, "resegmented_roi", &d->resegmented_roi);
    return j;
}
