/* stats/cif.h: cumulative incidence with competing events, and Gray's test, on plain arrays. */
#ifndef REOX_STATS_CIF_H
#define REOX_STATS_CIF_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* Curves of K causes at the n distinct times of one group; [n*K] are column-major (cause k at k*n + i). se_state [n*(K+1)]
 * is the infinitesimal jackknife, event-free state first; var is the delta-method variance of cmprsk (0 until the first
 * event of the cause, constant between its events). Memory is the arena's. */
typedef struct {
    size_t n, n_rows;
    int n_causes;
    double *time, *n_risk, *n_censor, *surv;
    double *n_event, *cif, *var, *se_state;
} CifCurve;

/* cause[i]: 0 censored, 1 … K. weight may be NULL; the jackknife takes a weighted row as one (as R's survfit), var takes weight w as w
 * rows and so has a meaning for whole numbers alone. cluster (0 … n_clusters-1, or NULL): rows that belong together in the jackknife. */
typedef struct {
    size_t n;
    const double *time;
    const int *cause;
    int n_causes;
    const double *weight;
    const int *cluster;
    size_t n_clusters;
} CifData;

/* Fails with ERR_NOMEM alone. Aalen & Johansen 1978; variance: Gray 1988, Betensky & Schoenfeld 2001 for the jackknife. */
Rc cif_curve(CifCurve *out, const CifData *d, Arena *a, Err *e);
/* The same of rows that count alike. */
Rc cif_estimate(CifCurve *out, size_t n, const double *time, const int *cause, int n_causes, Arena *a, Err *e);

enum { CIF_BEFORE = -1 };
long cif_row(const CifCurve *c, double t);                            /* last time <= t, or CIF_BEFORE */
double cif_at(const CifCurve *c, int cause, double t);                /* cause 1 … K; 0 is the event-free share */
double cif_area(const CifCurve *c, int cause, double tau);            /* mean time spent so up to tau */

typedef struct { double stat, p; int df; } GrayTest;
/* Equality of the subdistribution hazards of `cause` between groups 0 … G-1, within strata (NULL for none), weighted with
 * (1 - F(t-))^rho. weight (NULL: 1) is a whole number, w rows in one. df: the rank of the variance, below G - 1 where groups are never at
 * risk when the cause strikes (cmprsk gives no test then); stat is NaN where there is none. Gray 1988, as in cmprsk. */
Rc gray_test(GrayTest *out, size_t n, const double *time, const int *cause_of, int cause, const int *group, int n_groups,
             const int *stratum, int n_strata, const double *weight, double rho, Err *e);

#endif
