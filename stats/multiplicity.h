/* stats/multiplicity.h: p-values adjusted for the number of tests. */
#ifndef REOX_STATS_MULTIPLICITY_H
#define REOX_STATS_MULTIPLICITY_H

#include <stddef.h>

#include "core/err.h"

typedef enum { ADJUST_BONFERRONI, ADJUST_HOLM, ADJUST_HOCHBERG, ADJUST_HOMMEL, ADJUST_BH, ADJUST_BY, ADJUST_N } Adjustment;
const char *adjustment_name(Adjustment how);          /* "bonferroni" "holm" … "BH" "BY" */

/* out[n] of p[n]; NaN stays NaN and does not count as a test. Holm 1979, Hochberg 1988, Hommel 1988, Benjamini & Hochberg
 * 1995, Benjamini & Yekutieli 2001. */
Rc p_adjust(double *out, const double *p, size_t n, Adjustment how, Err *e);

#endif
