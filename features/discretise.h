/* features/discretise.h: intensities to grey levels. */
#ifndef REOX_FEATURES_DISCRETISE_H
#define REOX_FEATURES_DISCRETISE_H

#include <stddef.h>
#include <stdint.h>

#include "features/settings.h"

enum { MAX_GREY_LEVELS = 65535 };

/* level: n grey levels, 0 where inside is 0. Fixed bin size: floor((x - origin) / size) + 1, below the origin 1, Ng is the highest
 * level. Fixed bin number: floor(N (x - min) / (max - min)) + 1 of the ROI's own min and max, the maximum in bin N; a flat ROI is all
 * level 1 and has one level. None: the intensities, which must be whole numbers from 1. Returns NULL, or why there are no levels
 * (then *Ng is 0). IBSI reference manual 2.7. */
const char *discretise(uint16_t *level, int *Ng, const float *intensity, const uint8_t *inside, size_t n, const Binning *b);

#endif
