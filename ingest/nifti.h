/* ingest/nifti.h: NIfTI-1 and NIfTI-2 images and masks, plain or gzipped, read safely and written reproducibly. */
#ifndef REOX_INGEST_NIFTI_H
#define REOX_INGEST_NIFTI_H

#include "core/err.h"
#include "core/hash.h"
#include "core/volume.h"

/* Reads the bytes once, inflates (CRC checked), validates every header field, then converts; the library sees only checked
 * headers. `name` is the path as the user knows it and heads every message. sha256 (NULL: not wanted) is of the file's bytes.
 * Two transforms in the header that contradict each other are refused.
 * ERR_INPUT for anything that cannot be trusted; NaN and infinite voxels are kept as NaN for the caller to judge inside the ROI. */
Rc nifti_read_volume(Volume *out, const char *path, const char *name, Units units, char sha256[HASH_TEXT], Err *e);

/* A mask: voxels that are 1 (label < 0) or the label, within 1e-3. Refused: other values than 0 and 1 without a label (naming
 * them), NaN, an empty mask, a label that no voxel has. */
Rc nifti_read_mask(Mask *out, const char *path, const char *name, int label, char sha256[HASH_TEXT], Err *e);

/* float32 / uint8, NIfTI-1, sform; gzipped when the name ends in .gz, with a header that carries no time: same bytes each run.
 * Written atomically. */
Rc nifti_write_volume(const char *path, const Volume *v, Err *e);
Rc nifti_write_mask(const char *path, const Mask *m, Err *e);

#endif
