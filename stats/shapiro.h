/* stats/shapiro.h: Shapiro and Wilk's test of normality. */
#ifndef REOX_STATS_SHAPIRO_H
#define REOX_STATS_SHAPIRO_H

#include <stddef.h>

#include "core/err.h"

/* W and its p-value for x ascending, 3 to 5000 values not all equal; NaN otherwise. Royston 1995, algorithm AS R94. */
Rc shapiro_wilk(double *w, double *p, const double *x, size_t n, Err *e);

#endif
