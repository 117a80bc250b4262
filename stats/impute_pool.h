/* stats/impute_pool.h: one analysis on several completed tables, pooled by Rubin's rules. */
#ifndef REOX_STATS_IMPUTE_POOL_H
#define REOX_STATS_IMPUTE_POOL_H

#include "stats/method.h"

/* Runs m on the rows of each value of the column named by --imp (completed tables stacked), pools coef and se: Rubin 1987, degrees
 * of freedom by Barnard and Rubin 1999 with dfcom = n - p (survival: nevent - p; --dfcom N or inf). ERR_USAGE when the method has no
 * coefficients. */
Rc pooled_call(Json *out, const Method *m, const StatCall *call, Err *e);

#endif
