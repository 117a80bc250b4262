/* core/tracer.h: what is known of a hypoxia tracer, from literature/tracers.json. */
#ifndef REOX_CORE_TRACER_H
#define REOX_CORE_TRACER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/protocol.h"

/* A preset names one reference, threshold and operator with their source, or none (reference NULL, has_threshold false). */
typedef struct {
    char *name;                /* "FMISO" */
    char *label;               /* "[18F]fluoromisonidazole" */
    char **alias;
    size_t n_aliases;
    char *nuclide;             /* "F-18" */
    double half_life_s;
    double window_min[2];      /* usual uptake time, minutes after injection; NaN when not known */
    char *reference;           /* roi name, or NULL */
    bool has_threshold, has_operator;
    double threshold;
    Operator op;
    char *source;              /* of reference, threshold and operator; or why there are none */
    double repeat_percent;     /* repeatability coefficient of TBRmax or its kin, percent; NaN when not known */
    char *repeat_source;
} Preset;

/* All presets in the order of the file; made once, kept for the life of the process. NULL and n = 0 when memory is out. */
const Preset *tracer_presets(size_t *n);

/* By name or alias, ASCII case and everything but letters and digits ignored; NULL when there is none. */
const Preset *tracer_find(const char *name_or_alias);

/* What stands in names of variables: the slug of the preset's name, else of the text itself. Needs strlen + 64 bytes. */
char *tracer_slug(char *out, const char *tracer);

#endif
