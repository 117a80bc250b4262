/* features/peak.h: means in a sphere of 1 cm^3, for intensity peaks. */
#ifndef REOX_FEATURES_PEAK_H
#define REOX_FEATURES_PEAK_H

#include <stdint.h>

#include "core/err.h"

/* Local peak: the mean around the ROI voxel of highest intensity (the highest such mean where several share it). Global peak: the
 * highest mean around any ROI voxel. */
typedef struct { double local, global; } Peaks;

/* image: n[0]*n[1]*n[2] voxels, x fastest. mask: the ROI in a box of box[0]*box[1]*box[2] voxels, whose first voxel is voxel `shift`
 * of the image; it holds at least one voxel. A mean is over the voxels whose centres lie within the sphere and that the image has;
 * voxels that are no finite numbers are left out. Fails with ERR_NOMEM. IBSI reference manual 3.2. */
Rc intensity_peaks(Peaks *out, const float *image, const int n[3], const double spacing_mm[3], const uint8_t *mask, const int box[3],
                   const int shift[3], Err *e);

#endif
