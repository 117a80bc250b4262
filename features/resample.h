/* features/resample.h: an image or a mask on another grid. */
#ifndef REOX_FEATURES_RESAMPLE_H
#define REOX_FEATURES_RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/volume.h"
#include "features/settings.h"

/* From the grid of a scan to the one of its features. The new grid is centred on the old one and has
 * ceil(n * spacing / new spacing) voxels along an axis; samples outside the old grid take the value at its edge. IBSI reference manual
 * 2.4. An axis that keeps its spacing is left as it is. */
typedef struct {
    int n_in[3], n_out[3];
    double spacing_in[3], spacing_out[3];
    bool keep[3];                  /* axis untouched */
} Resampling;

/* ERR_INPUT when the new grid is larger than LIMIT_AXIS or LIMIT_VOXELS. */
Rc resampling_plan(Resampling *out, const Grid *g, const Settings *s, Err *e);

/* An image as the steps before interpolation leave it: rounded on reading, divided by the reference. Done row by row as it is read,
 * so that no copy of the image is made. */
typedef struct {
    const float *v;                /* n_in[0]*n_in[1]*n_in[2] */
    bool round;
    double divisor;                /* 1 for none */
    float fill;                    /* stands for voxels that are no finite numbers */
} ImageSource;

/* Takes one slice of the box, finished: out[(hi[1]-lo[1])*(hi[0]-lo[0])], x fastest. */
typedef void SliceTaker(void *context, int z, const float *slice);

/* The box lo … hi-1 of the new grid, slice after slice in z. Only the part of the old image that the box needs is read.
 * round: to whole numbers after interpolation, halves to even. Fails with ERR_NOMEM. */
Rc resample_image(const Resampling *r, Interpolation how, const ImageSource *image, bool round, const int lo[3], const int hi[3],
                  SliceTaker *take, void *context, Err *e);

/* The mask on the new grid, where interpolated values reach the threshold; lo, hi: the smallest box that holds it. *out is that
 * box, to be freed, NULL when nothing is left. Fails with ERR_NOMEM. */
Rc resample_mask(uint8_t **out, int lo[3], int hi[3], const Resampling *r, Interpolation how, double threshold, const Mask *mask,
                 Err *e);

#endif
