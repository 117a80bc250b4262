/* features/settings.h: how features are computed, as study.json's `features` or a settings file says it. */
#ifndef REOX_FEATURES_SETTINGS_H
#define REOX_FEATURES_SETTINGS_H

#include <stdbool.h>

#include "core/err.h"
#include "core/json.h"
#include "core/volume.h"
#include "features/feature.h"

typedef enum { INTERPOLATE_NEAREST, INTERPOLATE_LINEAR, INTERPOLATE_CUBIC } Interpolation;
typedef enum { QUANTITY_IMAGE, QUANTITY_TBR } Quantity;
typedef enum { BINS_NONE, BINS_FIXED_SIZE, BINS_FIXED_NUMBER } BinMethod;

/* origin: where bin 1 begins, of BINS_FIXED_SIZE; resolved already (the lower end of the range where the file says none). */
typedef struct {
    BinMethod method;
    double bin_size, origin;
    int bins;
} Binning;

typedef struct {
    /* resample */
    bool has_spacing;                      /* false: the grid stays as it is */
    double spacing_mm[3];                  /* z is not read when in_plane */
    bool in_plane;
    Interpolation image, mask;
    double mask_threshold;
    bool round;                            /* to whole numbers, on reading and after interpolation */
    Quantity quantity;
    /* resegment; an open end is an infinity, no outlier filter is 0 */
    double range[2];
    double outlier_sigma;
    Binning discretise, ivh;
    /* texture: the six of matrices with a direction as asked for, the three of the others as follows from them */
    bool aggregation[AGGREGATION_COUNT];
    int distance;                          /* Chebyshev, voxels */
    double ngldm_alpha;
    bool family[FAMILY_COUNT];
    Json *filter;                          /* as written, checked; NULL for none. Owned */
} Settings;

/* Defaults of INTERFACE §4 for an image in these units. */
void settings_defaults(Settings *out, Units units);

/* The settings of one tracer and unit: defaults, overridden by j (NULL: nothing), overridden by its by_tracer member of that
 * tracer (by any name of its preset, or case and punctuation ignored; NULL: none). All members of by_tracer are checked, the tracer's own or not.
 * ERR_INPUT begins with `where` ("study.json: features", "settings.json") and names the key. */
Rc settings_read(Settings *out, const Json *j, const char *tracer, Units units, const char *where, Err *e);

/* Reads a settings file. name heads the messages. */
Rc settings_read_file(Settings *out, const char *path, const char *name, const char *tracer, Units units, Err *e);

/* ERR_INPUT, headed by `where`, for what is understood but not built yet: image filters. */
Rc settings_check_built(const Settings *s, const char *where, Err *e);

/* The effective settings, every key; what is stored and hashed. Free with json_free; NULL when memory is out. */
Json *settings_json(const Settings *s);

void settings_free(Settings *s);

#endif
