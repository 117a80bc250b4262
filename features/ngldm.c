/* features/ngldm.c: neighbouring grey level dependence matrices. IBSI reference manual 3.11; Sun and Wee 1983. */
#include "features/ngldm.h"

static Rc add_voxels(SizeMatrix *m, const LevelBox *b, const Neighbours *nb, size_t from, size_t to, Err *e)
{
    Rc rc = OK;
    for (size_t v = from; v < to; v++) TRY(size_matrix_add(m, b->level[b->at[v]], (size_t)nb->alike[v] + 1, e));
out:
    return rc;
}

Rc ngldm_aggregations(double out[AGGREGATION_COUNT][SIZE_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b,
                      const Neighbours *in_slices, const Neighbours *in_volume, int distance, Err *e)
{
    Rc rc = OK;
    SizeMatrix m = { 0 };
    const int lo = b->lowest, hi = b->highest;
    size_t side = 2 * (size_t)distance + 1;

    TRY(size_matrix_init(&m, b->Ng, side * side * side, e));
    if (wanted[AGGREGATION_2D]) {
        double v[SIZE_FEATURES], sum[SIZE_FEATURES] = { 0 };
        uint32_t count[SIZE_FEATURES] = { 0 };
        FeatureMean mean = { sum, count, SIZE_FEATURES };
        for (int z = 0; z < b->n[2]; z++) {
            if (b->slice[z] == b->slice[z + 1]) continue;
            size_matrix_clear(&m, lo, hi);
            TRY(add_voxels(&m, b, in_slices, b->slice[z], b->slice[z + 1], e));
            TRY(size_matrix_features(v, &m, lo, hi, (double)(b->slice[z + 1] - b->slice[z]), e));
            feature_mean_add(&mean, v);
        }
        feature_mean_take(out[AGGREGATION_2D], &mean);
    }
    for (int volume = 0; volume < 2; volume++) {
        Aggregation a = volume ? AGGREGATION_3D : AGGREGATION_25D;
        if (!wanted[a]) continue;
        size_matrix_clear(&m, lo, hi);
        TRY(add_voxels(&m, b, volume ? in_volume : in_slices, 0, b->voxels, e));
        TRY(size_matrix_features(out[a], &m, lo, hi, (double)b->voxels, e));
    }
out:
    size_matrix_free(&m);
    return rc;
}
