/* stats/logrank.h: log-rank and G-rho tests on plain arrays. */
#ifndef REOX_STATS_LOGRANK_H
#define REOX_STATS_LOGRANK_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* start and stratum may be NULL; event 0 is censored; group 0 … n_groups-1. */
typedef struct {
    size_t n;
    const double *start, *time, *event;
    const int *group, *stratum;
    int n_groups, n_strata;
} LogrankData;

/* Sums over all times, weighted with S(t-)^rho of the stratum's pooled Kaplan–Meier curve. by_stratum ones are
 * n_groups x n_strata, column-major. Memory is the arena's. chisq is NaN when fewer than two groups were ever at risk at an
 * event; df counts the groups that were, less one. */
typedef struct {
    double *observed, *expected, *var;        /* [G], [G], [G*G] */
    double *observed_by_stratum, *expected_by_stratum;
    double chisq, p;
    int df;
    double trend_chisq, trend_p;              /* scores 1 … G */
} LogrankTest;

/* Hypergeometric variance, with the factor for ties. Harrington & Fleming 1982; trend: Tarone 1975. */
Rc logrank_test(LogrankTest *out, const LogrankData *d, double rho, Arena *a, Err *e);

#endif
