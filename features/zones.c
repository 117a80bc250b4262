/* features/zones.c: linked zones by union and find, and the distance from the edge. IBSI reference manual 3.8, 3.9. */
#include "features/zones.h"

#include <stdlib.h>

void distance_map(uint16_t *out, const uint8_t *mask, const int n[3], bool in_plane)
{
    const size_t nx = (size_t)n[0], ny = (size_t)n[1], nz = (size_t)n[2], sy = nx, sz = nx * ny;
    /* City-block distance is exact in two sweeps (Rosenfeld and Pfaltz 1966); what lies beyond the box counts as 0. */
    for (size_t z = 0, i = 0; z < nz; z++)
        for (size_t y = 0; y < ny; y++)
            for (size_t x = 0; x < nx; x++, i++) {
                unsigned d = x ? out[i - 1] : 0, up = y ? out[i - sy] : 0, below = in_plane ? UINT16_MAX : z ? out[i - sz] : 0;
                if (up < d) d = up;
                if (below < d) d = below;
                out[i] = (uint16_t)(!mask[i] ? 0 : d < UINT16_MAX ? d + 1 : d);
            }
    for (size_t z = nz; z-- > 0;)
        for (size_t y = ny; y-- > 0;)
            for (size_t x = nx; x-- > 0;) {
                size_t i = z * sz + y * sy + x;
                unsigned d = x + 1 < nx ? out[i + 1] : 0, down = y + 1 < ny ? out[i + sy] : 0;
                unsigned above = in_plane ? UINT16_MAX : z + 1 < nz ? out[i + sz] : 0;
                if (down < d) d = down;
                if (above < d) d = above;
                if (d + 1 < out[i]) out[i] = (uint16_t)(d + 1);
            }
}

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* Joins two trees; the earlier voxel is the root, so a zone's root is its first voxel. */
static inline uint32_t join(uint32_t *parent, uint32_t a, uint32_t b)
{
    b = root_of(parent, b);
    if (a < b) { parent[b] = a; return a; }
    parent[a] = b;
    return b;
}

Rc zones_find(Zones *out, const LevelBox *b, const uint16_t *distance, bool in_plane, Err *e)
{
    Rc rc = OK;
    Zones z = { .slices = in_plane ? (size_t)b->n[2] : 1 };
    const int directions = in_plane ? DIRECTIONS_2D : DIRECTIONS_3D;
    ptrdiff_t back[DIRECTIONS_3D];
    uint32_t *parent = malloc((b->voxels ? b->voxels : 1) * sizeof *parent);
    uint32_t *index = malloc(b->padded * sizeof *index);       /* of the voxel at a place; set before it is read */

    z.slice = calloc(z.slices + 1, sizeof *z.slice);
    if (!parent || !index || !z.slice) { rc = err_nomem(e); goto out; }
    for (int d = 0; d < directions; d++) back[d] = -level_offset(b, direction_3d[d]);
    for (size_t v = 0; v < b->voxels; v++) {
        const uint32_t at = b->at[v];
        const uint16_t *l = b->level + at, level = *l;
        uint32_t root = (uint32_t)v;
        parent[v] = index[at] = root;
        for (int d = 0; d < directions; d++)
            if (l[back[d]] == level) root = join(parent, root, index[(ptrdiff_t)at + back[d]]);
    }
    for (size_t v = 0; v < b->voxels; v++) z.n += parent[v] == v;
    z.zone = malloc((z.n ? z.n : 1) * sizeof *z.zone);
    if (!z.zone) { rc = err_nomem(e); goto out; }

    /* Parents stand before their children, so one sweep numbers the zones; `parent` becomes the zone's number. */
    size_t n = 0, v = 0;
    const size_t nx = (size_t)b->n[0], row = (size_t)b->step[1], plane = (size_t)b->step[2], m = (size_t)b->margin;
    for (size_t s = 0; s < z.slices; s++) {
        size_t end = in_plane ? b->slice[s + 1] : b->voxels;
        z.slice[s] = n;
        for (; v < end; v++) {
            const uint32_t at = b->at[v];
            size_t d = 0;
            if (distance) {
                size_t pz = at / plane, py = at % plane / row, px = at % row;
                d = distance[((pz - m) * (size_t)b->n[1] + (py - m)) * nx + (px - m)];
            }
            if (parent[v] == v) {
                z.zone[n] = (Zone){ b->level[at], 0, (uint32_t)d };
                parent[v] = (uint32_t)n++;
            } else {
                parent[v] = parent[parent[v]];
            }
            Zone *zone = &z.zone[parent[v]];
            zone->size++;
            if (d < zone->distance) zone->distance = (uint32_t)d;
        }
    }
    z.slice[z.slices] = n;
    *out = z;
    z = (Zones){ 0 };
out:
    free(parent);
    free(index);
    zones_free(&z);
    return rc;
}

void zones_free(Zones *z)
{
    free(z->zone);
    free(z->slice);
    *z = (Zones){ 0 };
}

static Rc add_zones(SizeMatrix *m, const Zones *z, size_t slice, bool by_distance, Err *e)
{
    Rc rc = OK;
    for (size_t k = z->slice[slice]; k < z->slice[slice + 1]; k++)
        TRY(size_matrix_add(m, (int)z->zone[k].level, by_distance ? z->zone[k].distance : z->zone[k].size, e));
out:
    return rc;
}

Rc zones_aggregations(double out[AGGREGATION_COUNT][SIZE_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b,
                      const Zones *in_slices, const Zones *in_volume, bool by_distance, Err *e)
{
    Rc rc = OK;
    SizeMatrix m = { 0 };
    const int lo = b->lowest, hi = b->highest;
    const double voxels = (double)b->voxels;

    TRY(size_matrix_init(&m, b->Ng, b->voxels, e));
    if (wanted[AGGREGATION_2D]) {
        double v[SIZE_FEATURES], sum[SIZE_FEATURES] = { 0 };
        uint32_t count[SIZE_FEATURES] = { 0 };
        FeatureMean mean = { sum, count, SIZE_FEATURES };
        for (size_t s = 0; s < in_slices->slices; s++) {
            if (b->slice[s] == b->slice[s + 1]) continue;
            size_matrix_clear(&m, lo, hi);
            TRY(add_zones(&m, in_slices, s, by_distance, e));
            TRY(size_matrix_features(v, &m, lo, hi, (double)(b->slice[s + 1] - b->slice[s]), e));
            feature_mean_add(&mean, v);
        }
        feature_mean_take(out[AGGREGATION_2D], &mean);
    }
    if (wanted[AGGREGATION_25D]) {
        size_matrix_clear(&m, lo, hi);
        for (size_t s = 0; s < in_slices->slices; s++) TRY(add_zones(&m, in_slices, s, by_distance, e));
        TRY(size_matrix_features(out[AGGREGATION_25D], &m, lo, hi, voxels, e));
    }
    if (wanted[AGGREGATION_3D]) {
        size_matrix_clear(&m, lo, hi);
        TRY(add_zones(&m, in_volume, 0, by_distance, e));
        TRY(size_matrix_features(out[AGGREGATION_3D], &m, lo, hi, voxels, e));
    }
out:
    size_matrix_free(&m);
    return rc;
}
