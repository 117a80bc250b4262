/* features/discretise.c: intensities to grey levels. */
#include "features/discretise.h"

#include <math.h>

static const char *by_size(uint16_t *level, int *Ng, const float *v, const uint8_t *inside, size_t n, const Binning *b)
{
    int top = 0;
    for (size_t i = 0; i < n; i++) {
        if (!inside[i]) { level[i] = 0; continue; }
        double bin = floor(((double)v[i] - b->origin) / b->bin_size) + 1;
        if (bin > MAX_GREY_LEVELS) return "the bin size makes more than 65535 grey levels";
        level[i] = bin < 1 ? 1 : (uint16_t)bin;
        if (level[i] > top) top = level[i];
    }
    *Ng = top;
    return NULL;
}

static const char *by_number(uint16_t *level, int *Ng, const float *v, const uint8_t *inside, size_t n, const Binning *b)
{
    double min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!inside[i]) continue;
        if ((double)v[i] < min) min = (double)v[i];
        if ((double)v[i] > max) max = (double)v[i];
    }
    for (size_t i = 0; i < n; i++) {
        if (!inside[i]) { level[i] = 0; continue; }
        double bin = max > min ? floor(b->bins * ((double)v[i] - min) / (max - min)) + 1 : 1;
        level[i] = bin > b->bins ? (uint16_t)b->bins : (uint16_t)bin;
    }
    *Ng = max > min ? b->bins : 1;
    return NULL;
}

static const char *as_they_are(uint16_t *level, int *Ng, const float *v, const uint8_t *inside, size_t n)
{
    int top = 0;
    for (size_t i = 0; i < n; i++) {
        if (!inside[i]) { level[i] = 0; continue; }
        double x = (double)v[i];
        if (x != floor(x) || x < 1 || x > MAX_GREY_LEVELS)
            return "without discretisation the intensities must be whole numbers from 1 to 65535";
        level[i] = (uint16_t)x;
        if (level[i] > top) top = level[i];
    }
    *Ng = top;
    return NULL;
}

const char *discretise(uint16_t *level, int *Ng, const float *intensity, const uint8_t *inside, size_t n, const Binning *b)
{
    *Ng = 0;
    switch (b->method) {
    case BINS_FIXED_SIZE:   return by_size(level, Ng, intensity, inside, n, b);
    case BINS_FIXED_NUMBER: return by_number(level, Ng, intensity, inside, n, b);
    default:                return as_they_are(level, Ng, intensity, inside, n);
    }
}
