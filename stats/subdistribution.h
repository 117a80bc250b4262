/* stats/subdistribution.h: how a predictor of a cumulative incidence fits patients among whom events compete. */
#ifndef REOX_STATS_SUBDISTRIBUTION_H
#define REOX_STATS_SUBDISTRIBUTION_H

#include "core/arena.h"
#include "core/err.h"
#include "stats/trained.h"

/* n rows: state 0 censored, 1 the event, 2 another event, at `time`; eta ranks by the incidence of the event. weight and stratum may be NULL. */
typedef struct {
    size_t n;
    const double *eta, *time, *weight;
    const int *state, *stratum;
} SubdistributionRows;

/* time[n]: as it is, and behind all others for who had another event: never followed by the event, so at risk for ever (Wolbers et al. 2009). */
void subdistribution_times(double *time, const SubdistributionRows *d);

/* Slope of eta in a Fine–Gray model of these rows, with its robust error; NaN where there is none. */
Rc subdistribution_slope(Judged *out, const SubdistributionRows *d, Arena *a, Err *e);

/* C over the pairs of those times, and that slope; the rest is NaN. */
Rc subdistribution_judge(Judged *out, const SubdistributionRows *d, Arena *a, Err *e);

#endif
