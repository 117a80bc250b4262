/* stats/logrank.h: log-rank and G-rho tests on plain arrays. */
#ifndef REOX_STATS_LOGRANK_H
#define REOX_STATS_LOGRANK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* start, stratum, weight and cluster may be NULL; event 0 is censored; group 0 … n_groups-1. weight: a row of weight 2 is two rows.
 * `robust`: the variance is the sum of squares of what each row (or cluster, code 0 … n_clusters-1) adds to O - E; weights may then
 * be any, and rows want a canonical order. */
typedef struct {
    size_t n;
    const double *start, *time, *event;
    const int *group, *stratum;
    int n_groups, n_strata;
    const double *weight;
    const int *cluster;
    size_t n_clusters;
    bool robust;
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

/* Hypergeometric variance, with the factor for ties. Harrington & Fleming 1982; trend: Tarone 1975. The robust test is the score test of
 * a Cox model with ties by Breslow (coxph's rscore): Lin & Wei 1989; weighted log-rank: Xie & Liu 2005. */
Rc logrank_test(LogrankTest *out, const LogrankData *d, double rho, Arena *a, Err *e);

#endif
