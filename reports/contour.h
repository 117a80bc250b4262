/* reports/contour.h: iso-lines of a sampled field. */
#ifndef REOX_REPORTS_CONTOUR_H
#define REOX_REPORTS_CONTOUR_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* One closed line in grid coordinates: (0, 0) is the centre of the first sample. */
typedef struct {
    size_t n;
    double *x, *y;
} Ring;

typedef struct {
    Ring *ring;
    size_t n;
} Contour;

/* The lines where f (nx x ny, x fastest) crosses `level`, by marching squares with linear interpolation; outside the field
 * everything lies below the level, so every line is closed. NaN counts as below. Memory is the arena's. ERR_NOMEM. */
Rc contour_trace(Contour *out, const float *f, int nx, int ny, double level, Arena *a, Err *e);

/* Area that the rings enclose, in samples squared; holes are taken off. */
double contour_area(const Contour *c);

#endif
