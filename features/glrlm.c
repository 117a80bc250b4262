/* features/glrlm.c: grey level run length matrices. IBSI reference manual 3.7; Galloway 1975. */
#include "features/glrlm.h"

Rc glrlm_count(SizeMatrix *m, const LevelBox *b, size_t from, size_t to, const int direction[3], Err *e)
{
    Rc rc = OK;
    const ptrdiff_t step = level_offset(b, direction);
    for (size_t v = from; v < to; v++) {
        const uint16_t *l = b->level + b->at[v], level = *l;
        if (l[-step] == level) continue;                       /* not the first of its run */
        size_t length = 1;
        while (l[(ptrdiff_t)length * step] == level) length++;
        TRY(size_matrix_add(m, level, length, e));
    }
out:
    return rc;
}

static size_t longest(const LevelBox *b)
{
    int n = b->n[0] > b->n[1] ? b->n[0] : b->n[1];
    return (size_t)(n > b->n[2] ? n : b->n[2]);
}

/* Merged matrices have the voxels of each matrix that went into them: the percentage's denominator grows alike. */
static Rc volume_features(double out[AGGREGATION_COUNT][SIZE_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b, Err *e)
{
    Rc rc = OK;
    SizeMatrix one = { 0 }, all = { 0 };
    double v[SIZE_FEATURES], sum[SIZE_FEATURES] = { 0 };
    uint32_t count[SIZE_FEATURES] = { 0 };
    FeatureMean mean = { sum, count, SIZE_FEATURES };

    TRY(size_matrix_init(&one, b->Ng, longest(b), e));
    TRY(size_matrix_init(&all, b->Ng, longest(b), e));
    for (int d = 0; d < DIRECTIONS_3D; d++) {
        if (!wanted[AGGREGATION_3D_AVG]) {
            TRY(glrlm_count(&all, b, 0, b->voxels, direction_3d[d], e));
            continue;
        }
        size_matrix_clear(&one, b->lowest, b->highest);
        TRY(glrlm_count(&one, b, 0, b->voxels, direction_3d[d], e));
        if (wanted[AGGREGATION_3D_MRG]) TRY(size_matrix_merge(&all, &one, b->lowest, b->highest, e));
        TRY(size_matrix_features(v, &one, b->lowest, b->highest, (double)b->voxels, e));
        feature_mean_add(&mean, v);
    }
    if (wanted[AGGREGATION_3D_AVG]) feature_mean_take(out[AGGREGATION_3D_AVG], &mean);
    if (wanted[AGGREGATION_3D_MRG])
        TRY(size_matrix_features(out[AGGREGATION_3D_MRG], &all, b->lowest, b->highest, DIRECTIONS_3D * (double)b->voxels, e));
out:
    size_matrix_free(&one);
    size_matrix_free(&all);
    return rc;
}

static Rc slice_features(double out[AGGREGATION_COUNT][SIZE_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b, Err *e)
{
    Rc rc = OK;
    SizeMatrix one = { 0 }, slice = { 0 }, direction[DIRECTIONS_2D] = { { 0 } }, all = { 0 };
    double v[SIZE_FEATURES], sum[3][SIZE_FEATURES] = { { 0 } };
    uint32_t count[3][SIZE_FEATURES] = { { 0 } };
    FeatureMean avg = { sum[0], count[0], SIZE_FEATURES }, mrg = { sum[1], count[1], SIZE_FEATURES },
                dir = { sum[2], count[2], SIZE_FEATURES };
    bool volume = wanted[AGGREGATION_25D_DIR] || wanted[AGGREGATION_25D_MRG];
    const int lo = b->lowest, hi = b->highest;

    TRY(size_matrix_init(&one, b->Ng, longest(b), e));
    TRY(size_matrix_init(&slice, b->Ng, longest(b), e));
    TRY(size_matrix_init(&all, b->Ng, longest(b), e));
    for (int d = 0; d < DIRECTIONS_2D; d++) TRY(size_matrix_init(&direction[d], b->Ng, longest(b), e));
    for (int z = 0; z < b->n[2]; z++) {
        double voxels = (double)(b->slice[z + 1] - b->slice[z]);
        if (voxels == 0) continue;
        size_matrix_clear(&slice, lo, hi);
        for (int d = 0; d < DIRECTIONS_2D; d++) {
            size_matrix_clear(&one, lo, hi);
            TRY(glrlm_count(&one, b, b->slice[z], b->slice[z + 1], direction_3d[d], e));
            if (wanted[AGGREGATION_2D_MRG]) TRY(size_matrix_merge(&slice, &one, lo, hi, e));
            if (volume) TRY(size_matrix_merge(&direction[d], &one, lo, hi, e));
            if (!wanted[AGGREGATION_2D_AVG]) continue;
            TRY(size_matrix_features(v, &one, lo, hi, voxels, e));
            feature_mean_add(&avg, v);
        }
        if (wanted[AGGREGATION_2D_MRG]) {
            TRY(size_matrix_features(v, &slice, lo, hi, DIRECTIONS_2D * voxels, e));
            feature_mean_add(&mrg, v);
        }
    }
    for (int d = 0; d < DIRECTIONS_2D && volume; d++) {
        TRY(size_matrix_merge(&all, &direction[d], lo, hi, e));
        TRY(size_matrix_features(v, &direction[d], lo, hi, (double)b->voxels, e));
        feature_mean_add(&dir, v);
    }
    if (wanted[AGGREGATION_2D_AVG]) feature_mean_take(out[AGGREGATION_2D_AVG], &avg);
    if (wanted[AGGREGATION_2D_MRG]) feature_mean_take(out[AGGREGATION_2D_MRG], &mrg);
    if (wanted[AGGREGATION_25D_DIR]) feature_mean_take(out[AGGREGATION_25D_DIR], &dir);
    if (wanted[AGGREGATION_25D_MRG])
        TRY(size_matrix_features(out[AGGREGATION_25D_MRG], &all, lo, hi, DIRECTIONS_2D * (double)b->voxels, e));
out:
    size_matrix_free(&one);
    size_matrix_free(&slice);
    size_matrix_free(&all);
    for (int d = 0; d < DIRECTIONS_2D; d++) size_matrix_free(&direction[d]);
    return rc;
}

Rc glrlm_aggregations(double out[AGGREGATION_COUNT][SIZE_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b, Err *e)
{
    Rc rc = OK;
    if (wanted[AGGREGATION_3D_AVG] || wanted[AGGREGATION_3D_MRG]) TRY(volume_features(out, wanted, b, e));
    if (wanted[AGGREGATION_2D_AVG] || wanted[AGGREGATION_2D_MRG] || wanted[AGGREGATION_25D_DIR] || wanted[AGGREGATION_25D_MRG])
        TRY(slice_features(out, wanted, b, e));
out:
    return rc;
}
