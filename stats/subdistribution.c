/* stats/subdistribution.c: concordance and slope of a predictor of a cumulative incidence. */
#include "stats/subdistribution.h"

#include <math.h>

#include "stats/concordance.h"
#include "stats/finegray.h"

void subdistribution_times(double *time, const SubdistributionRows *d)
{
    double last = 0;
    for (size_t i = 0; i < d->n; i++) last = fmax(last, d->time[i]);
    for (size_t i = 0; i < d->n; i++) time[i] = d->state[i] == 2 ? 2 * last + 1 : d->time[i];
}

Rc subdistribution_slope(Judged *out, const SubdistributionRows *d, Arena *a, Err *e)
{
    FineGrayFit f = { 0 };
    Err why = { 0 };
    const FineGrayData q = { .n = d->n, .p = 1, .time = d->time, .x = d->eta, .state = d->state, .convention = FINEGRAY_SURVIVAL,
                             .stratum = d->stratum, .weight = d->weight };
    *out = (Judged){ NAN, NAN, NAN, NAN, NAN, NAN };
    const Rc rc = finegray_fit(&f, &q, a, &why);
    if (rc == ERR_NOMEM) return err_nomem(e);
    if (rc != OK || !f.converged || f.direction) return OK;
    out->slope = f.coef[0];
    out->se_slope = f.se[0];
    return OK;
}

Rc subdistribution_judge(Judged *out, const SubdistributionRows *d, Arena *a, Err *e)
{
    Rc rc = OK;
    Concordance c = { 0 };
    double *time = ARENA_NEW(a, d->n + 1, double), *event = ARENA_NEW(a, d->n + 1, double);
    if (!time || !event) return err_nomem(e);
    subdistribution_times(time, d);
    for (size_t i = 0; i < d->n; i++) event[i] = d->state[i] == 1;
    TRY(subdistribution_slope(out, d, a, e));
    TRY(concordance_estimate(&c, &(ConcordanceData){ .n = d->n, .time = time, .event = event, .weight = d->weight, .marker = d->eta,
                                                     .stratum = d->stratum, .tau = INFINITY }, NULL, a, e));
    out->c = c.c;
    out->se_c = sqrt(c.var);
out:
    return rc;
}
