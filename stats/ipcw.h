/* stats/ipcw.h: inverse probability of censoring weights, and measures of prediction that use them. */
#ifndef REOX_STATS_IPCW_H
#define REOX_STATS_IPCW_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "stats/influence.h"

/* Rows sorted by time, with G, the Kaplan–Meier curve of censoring: events leave the risk set before censorings at the same
 * time. state: 0 censored, 1 the event, 2 any other event. */
typedef struct {
    size_t n;
    size_t *order;              /* sorted place -> row */
    const double *time;         /* the caller's, by row */
    const int *state;
    unsigned char *state_at;    /* by sorted place, as what follows */
    double *inverse_at;         /* 1/G(T-) */
    size_t n_times;             /* distinct times */
    double *at, *G_after;       /* G just after each */
    size_t *first;              /* sorted place where each begins; first[n_times] = n */
    double *at_risk;            /* rows (or their weight) with this time or a later one */
    const double *weight;       /* by row; NULL: 1 */
    double total;               /* n, or the sum of weights */
    Clusters clusters;
} Ipcw;

/* Arena memory; time and state must outlive it. */
Rc ipcw_init(Ipcw *w, const double *time, const int *state, size_t n, Arena *a, Err *e);
/* The same for rows that count by weight (NULL: 1), in the measures and in G, and of which those of a cluster belong together. Measures
 * are ratios of weighted sums; their variance is m/(m-1) times the sum over the m clusters (rows) of (sum of w times influence)^2 /
 * (sum of w)^2, which no common factor of the weights changes. */
Rc ipcw_init_weighted(Ipcw *w, const double *time, const int *state, const double *weight, const Clusters *clusters, Arena *a, Err *e);
double ipcw_G(const Ipcw *w, double t);                     /* G(t), right-continuous */

size_t ipcw_times(const Ipcw *w, double t, bool with_t);    /* distinct times before t, or up to it */

/* By sorted place: influence[q] := x_q - (weighted) mean x, plus what the row contributes to x through the estimated G up to t. x_q is 0 or
 * carries one weight of the row; rows beyond t carry 1/G(t). influence may be x itself. Fails with ERR_NOMEM. */
Rc ipcw_influence(double *influence, const Ipcw *w, const double *x, double t, Err *e);

/* A mean with its standard error. */
typedef struct { double value, se; } Measure;

/* Brier score at t of predicted risks (by row). An event at t has happened. Graf et al. 1999; variance: influence function,
 * Blanche et al. 2015. */
Rc ipcw_brier(Measure *out, const Ipcw *w, const double *risk, double t, Err *e);
Rc ipcw_brier_same(Measure *out, const Ipcw *w, double risk, double t, Err *e);      /* one risk for all */

typedef enum {
    CASES_UP_TO_T,              /* T <= t: cases; T > t: controls */
    CASES_BEFORE_T              /* T < t: cases; an event at t is neither */
} CaseRule;

/* Area under the time-dependent ROC curve. Controls are those event-free at t, with `other_events` also who had another event by
 * then. influence (by row, may be NULL) for comparisons. weight (by row, may be NULL) replaces 1/G(T-) and 1/G(t): then there
 * is no se, and influence takes the weights as known (stats/ipcw_cox.h adds to it). NaN without cases or controls. O(n log n). Uno et al. 2007; Hung
 * & Chiang 2010; Blanche et al. 2013. */
Rc ipcw_auc(Measure *out, double *influence, const Ipcw *w, const double *marker, double t, CaseRule rule, bool other_events,
            const double *weight, Err *e);

/* A marker sorted once for several times or definitions, with the room that an area needs: one area at a time. Memory is the arena's; w must
 * outlive it. */
typedef struct {
    const Ipcw *w;
    size_t *order;              /* sorted places by ascending marker */
    unsigned char *tied;        /* of each of them: has the same marker as the one before */
    double *own, *ranked, *half, *pair;
} IpcwRanked;
Rc ipcw_ranked_init(IpcwRanked *r, const Ipcw *w, const double *marker, Arena *a, Err *e);
Rc ipcw_auc_ranked(Measure *out, double *influence, const IpcwRanked *r, double t, CaseRule rule, bool other_events, const double *weight, Err *e);

/* Standard error of the (weighted) mean of influence values by row, or by sorted place. Fails with ERR_NOMEM. */
Rc ipcw_se(double *se, const Ipcw *w, const double *influence, Err *e);
Rc ipcw_se_sorted(double *se, const Ipcw *w, const double *influence, Err *e);

#endif
