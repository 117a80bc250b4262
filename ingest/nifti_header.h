/* ingest/nifti_header.h: the header of a NIfTI file, every field checked before anything is believed. */
#ifndef REOX_INGEST_NIFTI_HEADER_H
#define REOX_INGEST_NIFTI_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geom.h"

enum { NIFTI_HEAD_BYTES = 544 };     /* a NIfTI-2 header with its extension flag: all that nifti_header_check wants to see */

typedef enum {
    NIFTI_UINT8 = 2, NIFTI_INT16 = 4, NIFTI_INT32 = 8, NIFTI_FLOAT32 = 16, NIFTI_FLOAT64 = 64, NIFTI_INT8 = 256,
    NIFTI_UINT16 = 512, NIFTI_UINT32 = 768, NIFTI_INT64 = 1024, NIFTI_UINT64 = 1280
} NiftiType;

typedef struct {
    bool big_endian;
    NiftiType type;
    int bytes_per_voxel;
    size_t data_offset, data_bytes;
    double slope, inter;             /* 1 and 0 when the file says "no scaling" */
    Grid grid;
} NiftiHeader;

/* Judges the first n bytes of a file (n = NIFTI_HEAD_BYTES unless the file is shorter). ERR_INPUT naming field and value. */
Rc nifti_header_check(NiftiHeader *out, const uint8_t *head, size_t n, const char *name, Err *e);

/* Walks the extensions between header and voxels; file is the whole of it. */
Rc nifti_extensions_check(const NiftiHeader *h, const uint8_t *file, size_t n, const char *name, Err *e);

#endif
