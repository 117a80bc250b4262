/* features/moran_geary.h: spatial autocorrelation over all pairs of voxels, exactly. IBSI reference manual 3.1; Moran 1950,
 * Geary 1954. */
#ifndef REOX_FEATURES_MORAN_GEARY_H
#define REOX_FEATURES_MORAN_GEARY_H

#include <stdint.h>

#include "core/err.h"

/* Moran's I and Geary's C of the voxels where `inside`, each pair weighted by the inverse distance (mm) of its centres.
 * n[0]*n[1]*n[2] values, x fastest. Both NaN for fewer than two voxels or equal intensities. Fails with ERR_NOMEM. */
Rc moran_geary(double *moran, double *geary, const float *intensity, const uint8_t *inside, const int n[3],
               const double spacing_mm[3], Err *e);

#endif
