/* stats/trim_fill.h: Duval & Tweedie's trim and fill for published estimates, on plain arrays. */
#ifndef REOX_STATS_TRIM_FILL_H
#define REOX_STATS_TRIM_FILL_H

#include <stdbool.h>

#include "stats/meta_model.h"

typedef struct {
    double k0, est;            /* studies thought missing; pooled estimate (DerSimonian & Laird) with their mirror images filled in; NaN: see below */
    bool sided, right;         /* the side where they are missing; sided false: all variances are equal, so Egger's slope has no sign */
    int low, high;             /* where k0 does not settle: it goes round between these; else both are k0 */
} TrimFill;

/* Estimator L0 on the side away from Egger's slope, until k0 stays (Duval & Tweedie 2000). d->p is 1, d->k >= 3; at least one study is left.
 * Residuals equal within rounding share their mean rank and one of 0 has no sign, so a symmetric set has k0 = 0 and a mirrored one
 * is mirrored; R ranks such ties as they come. Of equal estimates the less precise is trimmed first: the order of rows says nothing. */
Rc trim_and_fill(TrimFill *out, const MetaData *d, Arena *a, Err *e);

#endif
