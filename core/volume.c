/* core/volume.c: images and masks. */
#include "core/volume.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const unit_names[] = { "SUV", "Bq/mL", "TBR", "HU" };

const char *units_name(Units u) { return unit_names[u]; }

bool units_parse(Units *out, const char *text)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(unit_names[i], text) == 0) { *out = (Units)i; return true; }
    return false;
}

Rc volume_alloc(Volume *out, const Grid *g, Units u, Err *e)
{
    float *v = calloc(grid_voxels(g) + 1, sizeof *v);
    if (!v) return err_nomem(e);
    *out = (Volume){ *g, u, v };
    return OK;
}

void volume_free(Volume *v)
{
    free(v->v);
    *v = (Volume){ 0 };
}

Rc mask_alloc(Mask *out, const Grid *g, Err *e)
{
    uint8_t *in = calloc(grid_voxels(g) + 1, 1);
    if (!in) return err_nomem(e);
    *out = (Mask){ *g, in };
    return OK;
}

void mask_free(Mask *m)
{
    free(m->in);
    *m = (Mask){ 0 };
}

size_t mask_count(const Mask *m)
{
    size_t n = grid_voxels(&m->grid), count = 0;
    for (size_t i = 0; i < n; i++) count += m->in[i] != 0;
    return count;
}

bool mask_box(int lo[3], int hi[3], const Mask *m)
{
    const int *n = m->grid.n;
    for (int a = 0; a < 3; a++) { lo[a] = n[a]; hi[a] = 0; }
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++) {
            const uint8_t *row = m->in + voxel_at(&m->grid, 0, y, z);
            const uint8_t *first = memchr(row, 1, (size_t)n[0]);
            if (!first) continue;
            int x0 = (int)(first - row), x1 = n[0];
            while (!row[x1 - 1]) x1--;
            if (x0 < lo[0]) lo[0] = x0;
            if (x1 > hi[0]) hi[0] = x1;
            if (y < lo[1]) lo[1] = y;
            if (y + 1 > hi[1]) hi[1] = y + 1;
            if (z < lo[2]) lo[2] = z;
            hi[2] = z + 1;
        }
    return hi[2] > 0;
}
