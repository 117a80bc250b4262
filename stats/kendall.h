/* stats/kendall.h: Kendall's rank correlation. */
#ifndef REOX_STATS_KENDALL_H
#define REOX_STATS_KENDALL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

typedef struct {
    double tau;                /* tau-b */
    double p;                  /* two-sided */
    double z;                  /* NaN where p is exact */
    bool exact;
} Kendall;

/* n pairs without missing values. p from the exact distribution for n < 50 without ties, as R's cor.test, else from the normal
 * one with the variance for ties. NaN for a constant side. O(n^2). Fails with ERR_NOMEM. Kendall 1938, 1945. */
Rc kendall_test(Kendall *out, const double *x, const double *y, size_t n, Err *e);

#endif
