/* features/levels.c: the padded box of grey levels, and the small sums that texture families share. */
#include "features/levels.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "core/rng.h"

const int direction_3d[DIRECTIONS_3D][3] = {
    { 1, 0, 0 }, { 0, 1, 0 }, { 1, 1, 0 }, { -1, 1, 0 },
    { 0, 0, 1 }, { 1, 0, 1 }, { -1, 0, 1 }, { 0, 1, 1 }, { 0, -1, 1 },
    { 1, 1, 1 }, { -1, 1, 1 }, { 1, -1, 1 }, { -1, -1, 1 }
};

Rc level_box_build(LevelBox *out, const uint16_t *level, const int n[3], int Ng, int margin, Err *e)
{
    Rc rc = OK;
    LevelBox b = { .n = { n[0], n[1], n[2] }, .margin = margin, .Ng = Ng };
    const size_t both = 2 * (size_t)margin, width = (size_t)n[0] + both, height = (size_t)n[1] + both, depth = (size_t)n[2] + both;
    size_t total = (size_t)n[0] * (size_t)n[1] * (size_t)n[2];

    assert(Ng >= 0 && Ng <= UINT16_MAX && margin >= 1);
    b.step[0] = 1;
    b.step[1] = (ptrdiff_t)width;
    b.step[2] = (ptrdiff_t)(width * height);
    b.padded = width * height * depth;
    if (b.padded > UINT32_MAX)
        return err_set(e, ERR_INPUT, "the ROI's box has %zu voxels, more than a texture matrix is made of", b.padded);
    for (size_t i = 0; i < total; i++) b.voxels += level[i] != 0;
    b.level = calloc(b.padded, sizeof *b.level);
    b.at = malloc((b.voxels ? b.voxels : 1) * sizeof *b.at);
    b.slice = malloc(((size_t)n[2] + 1) * sizeof *b.slice);
    if (!b.level || !b.at || !b.slice) { rc = err_nomem(e); goto out; }
    size_t v = 0;
    int lowest = INT32_MAX, highest = 0;
    for (int z = 0; z < n[2]; z++) {
        b.slice[z] = v;
        for (int y = 0; y < n[1]; y++) {
            const uint16_t *from = level + ((size_t)z * (size_t)n[1] + (size_t)y) * (size_t)n[0];
            size_t row = ((size_t)(z + margin) * height + (size_t)(y + margin)) * width + (size_t)margin;
            for (int x = 0; x < n[0]; x++) {
                int l = from[x];
                if (!l) continue;
                assert(l <= Ng);
                b.level[row + (size_t)x] = (uint16_t)l;
                b.at[v++] = (uint32_t)(row + (size_t)x);
                if (l < lowest) lowest = l;
                if (l > highest) highest = l;
            }
        }
    }
    b.slice[n[2]] = v;
    b.lowest = highest ? lowest : 0;
    b.highest = highest;
    *out = b;
    b = (LevelBox){ 0 };
out:
    level_box_free(&b);
    return rc;
}

void level_box_free(LevelBox *b)
{
    free(b->level);
    free(b->at);
    free(b->slice);
    *b = (LevelBox){ 0 };
}

double count_log(CountLogs *l, uint64_t c)
{
    if (c < 2) return 0;
    if (c >= COUNT_LOGS) return (double)c * det_log2((double)c);
    if (l->of[c] == 0) l->of[c] = (double)c * det_log2((double)c);
    return l->of[c];
}

void feature_mean_add(FeatureMean *m, const double *value)
{
    for (size_t k = 0; k < m->n; k++)
        if (!isnan(value[k])) { m->sum[k] += value[k]; m->count[k]++; }
}

void feature_mean_take(double *out, const FeatureMean *m)
{
    for (size_t k = 0; k < m->n; k++) out[k] = m->count[k] ? m->sum[k] / m->count[k] : NAN;
}
