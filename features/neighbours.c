/* features/neighbours.c: one walk through each voxel's neighbourhood. */
#include "features/neighbours.h"

#include <assert.h>
#include <stdlib.h>

static size_t offsets_of(ptrdiff_t *offset, const LevelBox *b, int distance, bool in_plane)
{
    size_t n = 0;
    int dz = in_plane ? 0 : distance;
    for (int z = -dz; z <= dz; z++)
        for (int y = -distance; y <= distance; y++)
            for (int x = -distance; x <= distance; x++)
                if (x || y || z) offset[n++] = level_offset(b, (const int[3]){ x, y, z });
    return n;
}

Rc neighbours_build(Neighbours *out, const LevelBox *b, int distance, double alpha, bool in_plane, Err *e)
{
    Rc rc = OK;
    Neighbours nb = { 0 };
    size_t side = 2 * (size_t)distance + 1, voxels = b->voxels ? b->voxels : 1;
    ptrdiff_t *offset = malloc(side * side * side * sizeof *offset);

    assert(distance >= 1 && distance <= b->margin && alpha >= 0);
    nb.count = malloc(3 * voxels * sizeof *nb.count);
    if (!offset || !nb.count) { rc = err_nomem(e); goto out; }
    nb.sum = nb.count + voxels;
    nb.alike = nb.sum + voxels;
    const size_t n = offsets_of(offset, b, distance, in_plane);
    const int most = alpha < UINT16_MAX ? (int)alpha : UINT16_MAX;
    for (size_t v = 0; v < b->voxels; v++) {
        const uint16_t *l = b->level + b->at[v];
        const int level = *l;
        uint32_t count = 0, sum = 0, alike = 0;
        if (most == 0) {
            for (size_t k = 0; k < n; k++) {
                int other = l[offset[k]];
                sum += (uint32_t)other;
                count += other != 0;
                alike += other == level;
            }
        } else {
            for (size_t k = 0; k < n; k++) {
                int other = l[offset[k]];
                sum += (uint32_t)other;
                count += other != 0;
                alike += other != 0 && abs(other - level) <= most;
            }
        }
        nb.count[v] = count;
        nb.sum[v] = sum;
        nb.alike[v] = alike;
    }
    *out = nb;
    nb = (Neighbours){ 0 };
out:
    free(offset);
    neighbours_free(&nb);
    return rc;
}

void neighbours_free(Neighbours *n)
{
    free(n->count);
    *n = (Neighbours){ 0 };
}
