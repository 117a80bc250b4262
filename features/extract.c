/* features/extract.c: from one image and mask to its features: prepares the ROI, builds what the wanted rows need, lets the families
 * fill their cells. */
#include "features/extract.h"

#include <stdlib.h>

#include "features/hypoxia.h"
#include "features/prepare.h"

enum { LEAST_LEVELS = 8, MOST_LEVELS = 256 };
static const double LEAST_TEXTURE_ML = 5;

/* Which function fills which rows: it is called when a wanted row of its families needs one of its intermediates. ground says what must
 * be there; where it is not, the rows are undefined. */
typedef enum { FROM_MASK, FROM_VOXELS, FROM_LEVELS } Ground;
typedef struct {
    Family first, last;
    unsigned needs;                /* 0: any row */
    Ground ground;
    FamilyFeatures *compute;
} Computation;

static const Computation computations[] = {
    { FAMILY_MORPHOLOGY, FAMILY_MORPHOLOGY, 0, FROM_MASK, morphology_features },
    { FAMILY_MORPHOLOGY, FAMILY_MORPHOLOGY, NEEDS_SPATIAL, FROM_VOXELS, spatial_features },
    { FAMILY_MORPHOLOGY, FAMILY_MORPHOLOGY, NEEDS_HULL | NEEDS_BOX | NEEDS_ELLIPSOID, FROM_MASK, enclosure_features },
    { FAMILY_LOCAL_INTENSITY, FAMILY_LOCAL_INTENSITY, 0, FROM_VOXELS, local_intensity_features },
    { FAMILY_STATISTICS, FAMILY_STATISTICS, 0, FROM_VOXELS, statistics_features },
    { FAMILY_INTENSITY_HISTOGRAM, FAMILY_INTENSITY_HISTOGRAM, 0, FROM_LEVELS, intensity_histogram_features },
    { FAMILY_IVH, FAMILY_IVH, 0, FROM_VOXELS, ivh_features },
    { FAMILY_GLCM, FAMILY_NGLDM, 0, FROM_LEVELS, texture_features },
};

static const unsigned needs_texture = NEEDS_GLCM | NEEDS_GLRLM | NEEDS_GLSZM | NEEDS_GLDZM | NEEDS_NGTDM | NEEDS_NGLDM;

static bool wants(const FeatureSink *sink, Family first, Family last, unsigned needs)
{
    for (int f = first; f <= (int)last; f++)
        if (sink_wants(sink, (Family)f, needs)) return true;
    return false;
}

/* Rows of the families that have no value yet, in each aggregation asked for. */
static void undefine(FeatureSink *sink, Family first, Family last, unsigned needs, const Settings *s, const char *reason)
{
    for (int id = 0; id < FEATURE_COUNT; id++) {
        const FeatureInfo *row = feature_info((FeatureId)id);
        if (row->family < first || row->family > last || (needs && !(row->needs & needs))) continue;
        for (int a = 0; a < AGGREGATION_COUNT; a++)
            if (family_has_aggregation(row->family, (Aggregation)a) && (a == AGGREGATION_NONE || s->aggregation[a])
                && !sink->cell[id][a].filled)
                sink_undefined(sink, (FeatureId)id, (Aggregation)a, reason);
    }
}

static Rc compute(FeatureSink *sink, Roi *roi, const Settings *s, Arena *a, Err *e)
{
    Rc rc = OK;
    if (roi->n_morphological == 0) {
        undefine(sink, FAMILY_MORPHOLOGY, FAMILY_NGLDM, 0, s, roi->level_reason);
        return OK;
    }
    if (sink_wants(sink, FAMILY_MORPHOLOGY, NEEDS_MESH)) {
        Mesh *mesh = ARENA_NEW(a, 1, Mesh);
        if (!mesh) return err_nomem(e);
        TRY(mesh_build(mesh, roi->morphological, roi->n, roi->spacing_mm, a, e));
        roi->mesh = mesh;
    }
    for (size_t i = 0; i < sizeof computations / sizeof *computations; i++) {
        const Computation *c = &computations[i];
        if (!wants(sink, c->first, c->last, c->needs)) continue;
        if (c->ground != FROM_MASK && roi->n_inside == 0)
            undefine(sink, c->first, c->last, c->needs, s, roi->none_inside);
        else if (c->ground == FROM_LEVELS && !roi->level)
            undefine(sink, c->first, c->last, c->needs, s, roi->level_reason);
        else
            TRY(c->compute(sink, roi, s, a, e));
    }
out:
    return rc;
}

/* ---- warnings ---- */

static Rc warn(Extraction *x, char *line, Err *e)
{
    if (!line) return err_nomem(e);
    if (x->n_warnings < EXTRACT_WARNINGS) x->warning[x->n_warnings++] = line;
    return OK;
}

static int levels_present(const Roi *roi)
{
    static const size_t bits = 8 * sizeof(unsigned char);
    unsigned char seen[65536 / 8] = { 0 };
    size_t n = (size_t)roi->n[0] * (size_t)roi->n[1] * (size_t)roi->n[2];
    int present = 0;
    for (size_t i = 0; i < n; i++) seen[roi->level[i] / bits] |= (unsigned char)(1u << roi->level[i] % bits);
    for (size_t i = 1; i < 65536; i++) present += seen[i / bits] >> i % bits & 1;
    return present;
}

static Rc add_warnings(Extraction *x, const ExtractInput *in, const FeatureSink *sink, const Roi *roi, Err *e)
{
    Rc rc = OK;
    Arena *a = &x->features.arena;
    if (roi->filled)
        TRY(warn(x, arena_printf(a, "%s: voxels outside the ROI are no finite numbers; they count as the least value of the image",
                                 in->name), e));
    bool texture = wants(sink, FAMILY_GLCM, FAMILY_NGLDM, needs_texture);
    if (texture && x->roi_ml < LEAST_TEXTURE_ML)
        TRY(warn(x, arena_printf(a, "%s: the ROI has %.3g mL, texture wants at least %g mL", in->name, x->roi_ml, LEAST_TEXTURE_ML), e));
    if (roi->n_morphological && roi->n_inside == 0 && wants(sink, FAMILY_LOCAL_INTENSITY, FAMILY_NGLDM, 0))
        TRY(warn(x, arena_printf(a, "%s: %s: no feature of intensities has a value", in->name, roi->none_inside), e));
    if (!(texture || sink_wants(sink, FAMILY_INTENSITY_HISTOGRAM, 0)) || roi->n_inside == 0) goto out;
    if (!roi->level) {
        TRY(warn(x, arena_printf(a, "%s: %s", in->name, roi->level_reason), e));
        goto out;
    }
    int present = levels_present(roi);
    if (present < LEAST_LEVELS)
        TRY(warn(x, arena_printf(a, "%s: the discretisation leaves %d grey level%s in the ROI, fewer than %d", in->name, present,
                                 present == 1 ? "" : "s", LEAST_LEVELS), e));
    else if (roi->Ng > MOST_LEVELS)
        TRY(warn(x, arena_printf(a, "%s: the discretisation makes %d grey levels, more than %d", in->name, roi->Ng, MOST_LEVELS), e));
out:
    return rc;
}

/* ---- the whole ---- */

static Rc check_input(const ExtractInput *in, const Settings *s, Err *e)
{
    Rc rc = grid_require_same(&in->image->grid, &in->mask->grid, in->name, e);
    return rc == OK ? settings_check_built(s, in->name, e) : rc;
}

Rc feature_extract(Extraction *out, const ExtractInput *in, const Settings *s, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    Extraction x = { 0 };
    Roi roi = { 0 };
    Diagnostics diagnostics = { 0 };
    FeatureSink *sink = ARENA_NEW(&scratch, 1, FeatureSink);
    if (!sink) { rc = err_nomem(e); goto out; }
    TRY(check_input(in, s, e));
    for (int i = 0; i < FEATURE_COUNT; i++) sink->wanted[i] = s->family[feature_info((FeatureId)i)->family];

    bool image_rows = wants(sink, FAMILY_MORPHOLOGY, FAMILY_NGLDM, 0);
    if (image_rows || in->diagnostics)
        TRY(roi_prepare(&roi, in->diagnostics ? &diagnostics : NULL, in, s, sink_wants(sink, FAMILY_LOCAL_INTENSITY, 0), &scratch, e));
    if (image_rows) TRY(compute(sink, &roi, s, &scratch, e));
    if (sink_wants(sink, FAMILY_HYPOXIA, 0)) {
        rc = hypoxia_features(sink, in->image, in->mask, in->reference, in->rule, &scratch, e);
        if (rc != OK) { err_prefix(e, "%s", in->name); goto out; }
    }
    TRY(sink_vector(&x.features, sink, s->aggregation, e));
    x.units = s->quantity == QUANTITY_TBR ? UNITS_TBR : in->image->units;
    x.roi_voxels = mask_count(in->mask);
    x.roi_ml = (double)x.roi_voxels * grid_voxel_ml(&in->image->grid);
    x.grey_levels = roi.Ng;
    TRY(add_warnings(&x, in, sink, &roi, e));
    if (in->diagnostics) {
        x.diagnostics = diagnostics_json(&diagnostics);
        if (!x.diagnostics) { rc = err_nomem(e); goto out; }
    }
    *out = x;
    x = (Extraction){ 0 };
out:
    extraction_free(&x);
    arena_free(&scratch);
    return rc;
}

void extraction_free(Extraction *x)
{
    feature_vector_free(&x->features);
    json_free(x->diagnostics);
    *x = (Extraction){ 0 };
}
