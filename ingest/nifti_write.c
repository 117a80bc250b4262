/* ingest/nifti_write.c: volumes and masks as NIfTI-1 files whose bytes depend on nothing but the voxels. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "ingest/gzip.h"
#include "ingest/nifti.h"
#include "ingest/nifti_header.h"

enum { HEADER_BYTES = 348, VOXELS_AT = 352 };

static void put_i2(uint8_t *p, int x)
{
    p[0] = (uint8_t)(x & 0xff);
    p[1] = (uint8_t)((x >> 8) & 0xff);
}

static void put_f4(uint8_t *p, double x)
{
    const float f = (float)x;
    memcpy(p, &f, sizeof f);                     /* little-endian machines, as the reader */
}

/* Byte positions: nifti1.h of the NIfTI DFWG. Text fields stay empty. */
static void header_fill(uint8_t *h, const Grid *g, NiftiType type, int bits)
{
    put_i2(h, HEADER_BYTES);
    put_i2(h + 40, 3);
    for (int i = 0; i < 3; i++) put_i2(h + 42 + 2 * i, g->n[i]);
    for (int i = 4; i < 8; i++) put_i2(h + 40 + 2 * i, 1);
    put_i2(h + 70, type);
    put_i2(h + 72, bits);
    put_f4(h + 76, 1);
    for (int i = 0; i < 3; i++) put_f4(h + 80 + 4 * i, g->spacing_mm[i]);
    put_f4(h + 108, VOXELS_AT);
    put_f4(h + 112, 1);
    h[123] = 2;                                  /* millimetres */
    put_i2(h + 254, 1);                          /* sform: scanner coordinates */
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) put_f4(h + 280 + 16 * i + 4 * j, g->world.m[i][j]);
    memcpy(h + 344, "n+1", 4);
}

static Rc write_voxels(const char *path, const Grid *g, NiftiType type, int bytes_per_voxel, const void *voxels, Err *e)
{
    Rc rc = OK;
    const size_t data = grid_voxels(g) * (size_t)bytes_per_voxel, size = VOXELS_AT + data, n = strlen(path);
    Bytes packed = { 0 };
    uint8_t *file = calloc(1, size);
    if (!file) return err_nomem(e);
    header_fill(file, g, type, 8 * bytes_per_voxel);
    memcpy(file + VOXELS_AT, voxels, data);
    if (n > 3 && strcmp(path + n - 3, ".gz") == 0) {
        TRY(gzip_deflate(&packed, file, size, e));
        TRY(file_write_atomic(path, packed.data, packed.size, e));
    } else {
        TRY(file_write_atomic(path, file, size, e));
    }
out:
    bytes_free(&packed);
    free(file);
    return rc;
}

Rc nifti_write_volume(const char *path, const Volume *v, Err *e)
{
    return write_voxels(path, &v->grid, NIFTI_FLOAT32, 4, v->v, e);
}

Rc nifti_write_mask(const char *path, const Mask *m, Err *e)
{
    return write_voxels(path, &m->grid, NIFTI_UINT8, 1, m->in, e);
}
