/* core/sum.h: sums with one order, whatever the number of threads. */
#ifndef REOX_CORE_SUM_H
#define REOX_CORE_SUM_H

#include <stddef.h>

/* Neumaier's compensated sum (1974): error of the result stays near one rounding. Start with {0}. */
typedef struct { double sum, carry; } Sum;

static inline void sum_add(Sum *s, double x)
{
    double t = s->sum + x;
    double big = s->sum >= 0 ? s->sum : -s->sum, ax = x >= 0 ? x : -x;
    s->carry += big >= ax ? (s->sum - t) + x : (x - t) + s->sum;
    s->sum = t;
}
static inline double sum_value(const Sum *s) { return s->sum + s->carry; }

double sum_of(const double *x, size_t n);                 /* compensated */
double mean_of(const double *x, size_t n);                /* NaN when n is 0 */

/* Sample quantile of sorted x by linear interpolation, R's type 7; p in [0, 1]. NaN when n is 0. */
double quantile_sorted(const double *x, size_t n, double p);

/* Of sorted x that count more than once or less: cum[i] is how many there are up to place i, `before` how many there were before the first.
 * The k-th from 0 is the first up to which there are k + 1, so of whole counts that of the values written out; quantiles are type 7 of their
 * number (Hmisc's wtd.quantile). */
double counted_at(const double *x, const double *cum, double before, size_t n, double k);
double quantile_counted(const double *x, const double *cum, double before, size_t n, double p);

void sort_doubles(double *x, size_t n);                   /* ascending; no NaN */

#endif
