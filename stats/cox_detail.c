/* stats/cox_detail.c: hazards and means by event block, score residuals by row. */
#include <math.h>
#include <string.h>

#include "core/lanes.h"
#include "stats/cox_fit.h"
#include "stats/rows.h"

/* Sums over the risk set as time runs backwards. Long double where rows leave again, so that little is lost in the difference. */
typedef struct {
    const CoxData *d;
    size_t next, leaving, row_from;        /* one past the next row to enter, to leave */
    long double s0, most;                  /* what it has been since it was summed */
    double *s1;
} RiskSet;

static void risk_set_begin(RiskSet *q, const CoxData *d, CoxStratum t, double *s1)
{
    *q = (RiskSet){ d, t.row_to, t.row_to, t.row_from, 0, 0, s1 };
    memset(s1, 0, rows_width((size_t)d->p) * sizeof *s1);
}

static void risk_set_at(RiskSet *q, size_t k, size_t row_to)
{
    const CoxData *d = q->d;
    const size_t from = d->block[k].from;
    const size_t p = (size_t)d->p, to = q->next;
    for (; q->next > from; q->next--) q->s0 += d->r[q->next - 1];
    if (from < to && p) rows_sum(q->s1, d->x + from * p, d->r + from, to - from, p);
    size_t first = q->leaving;
    if (q->s0 > q->most) q->most = q->s0;
    for (; d->start && first > q->row_from && d->start[d->by_start[first - 1]] >= d->block[k].time; first--) q->s0 -= d->r[d->by_start[first - 1]];
    if (first < q->leaving && p) rows_subtract(q->s1, d->x, d->r, d->by_start + first, q->leaving - first, p);
    q->leaving = first;
    if (d->start && q->most > COX_LOST * q->s0) q->most = q->s0 = cox_at_risk(q->s1, d, k, from, row_to);
}

/* Of block k, with the sums over its risk set; Efron's steps by their sums, each mean being (s1 - f s1_deaths)/c. */
static FOR_EACH_WIDTH void block_detail(CoxDetail *out, const CoxData *d, size_t k, double s0, const double *s1)
{
    const CoxBlock *b = &d->block[k];
    const size_t p = (size_t)d->p, deaths = b->to - b->first_death;
    double *mean = out->mean + k * p, *met = out->mean_hazard + k * p, *met_death = out->mean_hazard_death + k * p, s0d = 0;
    if (d->ties != TIES_EFRON || deaths == 1) {
        const double jump = b->deaths_weight / s0;
        out->hazard[k] = out->hazard_death[k] = jump;
        out->variance[k] = out->variance_death[k] = jump / s0;
        for (size_t j = 0; j < p; j++) {
            mean[j] = s1[j] / s0;
            met[j] = met_death[j] = mean[j] * jump;
        }
        return;
    }
    CoxSteps q;
    const double m = (double)deaths, weight = b->deaths_weight / m;
    const double *dead = d->s1_deaths;
    memset(d->s1_deaths, 0, rows_width(p) * sizeof(double));
    if (p) rows_sum(d->s1_deaths, d->x + b->first_death * p, d->r + b->first_death, deaths, p);
    for (size_t i = b->first_death; i < b->to; i++) s0d += d->r[i];
    cox_efron_steps(&q, deaths, s0, s0d);
    out->hazard[k] = weight * q.c1;
    out->hazard_death[k] = weight * (q.c1 - q.f1);
    out->variance[k] = weight * q.c2;
    out->variance_death[k] = weight * (q.c2 - q.f2);
    for (size_t j = 0; j < p; j++) {
        mean[j] = (s1[j] * q.c1 - dead[j] * q.f1) / m;
        met[j] = weight * (s1[j] * q.c2 - dead[j] * q.f2);
        met_death[j] = weight * (s1[j] * (q.c2 - q.f2) - dead[j] * (q.f2 - q.ff2));
    }
}

Rc cox_detail(CoxDetail *out, CoxData *d, const double *g, Arena *a, Err *e)
{
    size_t p = (size_t)d->p, K = d->n_blocks;
    *out = (CoxDetail){ .shift = ARENA_ROOM(a, d->n_strata + 1, double), .hazard = ARENA_ROOM(a, K + 1, double),
                        .hazard_death = ARENA_ROOM(a, K + 1, double), .variance = ARENA_ROOM(a, K + 1, double),
                        .variance_death = ARENA_ROOM(a, K + 1, double), .mean = ARENA_ROOM(a, p * K + 1, double), .mean_hazard = ARENA_ROOM(a, p * K + 1, double),
                        .mean_hazard_death = ARENA_ROOM(a, p * K + 1, double) };
    if (!out->shift || !out->hazard || !out->hazard_death || !out->variance || !out->variance_death || !out->mean || !out->mean_hazard ||
        !out->mean_hazard_death) return err_nomem(e);
    if (!cox_risks(d, g)) return err_set(e, ERR_ESTIMATE, "the linear predictor is not finite");
    memcpy(out->shift, d->shift, d->n_strata * sizeof(double));
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        RiskSet q;
        risk_set_begin(&q, d, t, d->s1);
        for (size_t k = t.block_to; k-- > t.block_from;) {
            risk_set_at(&q, k, t.row_to);
            block_detail(out, d, k, (double)q.s0, q.s1);
        }
    }
    return OK;
}

/* Running sums over the blocks of a stratum, up to and with block k: of the jumps, of mean_hazard. */
typedef struct { double *hazard, *mean, *own; const double *none; } Met;

static FOR_EACH_WIDTH void residuals_of_stratum(double *score, double *martingale, const CoxData *d, CoxStratum t, const CoxDetail *detail, Met q)
{
    const size_t p = (size_t)d->p;
    for (size_t k = t.block_from; k < t.block_to; k++) {
        const double *before = k > t.block_from ? q.mean + (k - 1) * p : q.none;
        q.hazard[k] = detail->hazard[k] + (k > t.block_from ? q.hazard[k - 1] : 0);
        for (size_t j = 0; j < p; j++) q.mean[k * p + j] = detail->mean_hazard[k * p + j] + before[j];
    }
    for (size_t i = t.row_from; i < t.row_to; i++) {
        const double risk = d->w ? exp(d->eta[i]) : d->r[i];
        const size_t last = d->leave[i], first = d->enter[i];
        const double *x = d->x + i * p;
        double *u = score ? score + i * p : NULL, met = 0;
        if (last <= first) {                         /* no event while it was there */
            if (u) memset(u, 0, p * sizeof *u);
            if (martingale) martingale[i] = 0;
            continue;
        }
        /* What was met up to and with the last block, less what had been before the first; a tied death meets less of the last. */
        const size_t k = last - 1;
        const double *until = q.mean + k * p, *before = first > t.block_from ? q.mean + (first - 1) * p : q.none;
        const double met_before = first > t.block_from ? q.hazard[first - 1] : 0;
        met = q.hazard[k] - met_before;
        if (met * COX_LOST < met_before) {         /* little beside what came before: block by block */
            met = 0;
            memset(q.own, 0, p * sizeof *q.own);
            for (size_t b = first; b <= k; b++) {
                met += detail->hazard[b];
                for (size_t j = 0; j < p; j++) q.own[j] += detail->mean_hazard[b * p + j];
            }
            until = q.own;
            before = q.none;
        }
        if (d->event[i]) met += detail->hazard_death[k] - detail->hazard[k];
        if (martingale) martingale[i] = d->event[i] - risk * met;
        if (!u) continue;
        if (!d->event[i]) { for (size_t j = 0; j < p; j++) u[j] = -risk * (x[j] * met - (until[j] - before[j])); continue; }
        const double *own = detail->mean + k * p, *less = detail->mean_hazard + k * p, *instead = detail->mean_hazard_death + k * p;
        for (size_t j = 0; j < p; j++) u[j] = x[j] - own[j] - risk * (x[j] * met - (until[j] - before[j] + (instead[j] - less[j])));
    }
}

Rc cox_score_residuals(double *score, double *martingale, CoxData *d, const double *g, const CoxDetail *detail, Err *e)
{
    const size_t p = (size_t)d->p, K = d->n_blocks;
    Rc rc = OK;
    Arena scratch = { 0 };
    const Met q = { ARENA_ROOM(&scratch, K + 1, double), ARENA_ROOM(&scratch, p * K + 1, double), ARENA_NEW(&scratch, p + 1, double),
                    ARENA_NEW(&scratch, p + 1, double) };
    if (!q.hazard || !q.mean || !q.own || !q.none) { rc = err_nomem(e); goto out; }
    if (!cox_risks(d, g)) { rc = err_set(e, ERR_ESTIMATE, "the linear predictor is not finite"); goto out; }
    for (size_t s = 0; s < d->n_strata; s++) residuals_of_stratum(score, martingale, d, d->stratum[s], detail, q);
out:
    arena_free(&scratch);
    return rc;
}
