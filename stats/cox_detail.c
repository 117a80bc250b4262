/* stats/cox_detail.c: hazards and means by event block, score residuals by row. */
#include <math.h>
#include <string.h>

#include "stats/cox_fit.h"
#include "stats/rows.h"

/* Sums over the risk set as time runs backwards. Long double where rows leave again, so that little is lost in the difference. */
typedef struct {
    const CoxData *d;
    size_t next, leaving, row_from;        /* one past the next row to enter, to leave */
    long double s0;
    double *s1;
} RiskSet;

static void risk_set_begin(RiskSet *q, const CoxData *d, CoxStratum t, double *s1)
{
    *q = (RiskSet){ d, t.row_to, t.row_to, t.row_from, 0, s1 };
    memset(s1, 0, rows_width((size_t)d->p) * sizeof *s1);
}

static void risk_set_at(RiskSet *q, size_t from, double time)
{
    const CoxData *d = q->d;
    const size_t p = (size_t)d->p, to = q->next;
    for (; q->next > from; q->next--) q->s0 += d->r[q->next - 1];
    if (from < to && p) rows_sum(q->s1, d->x + from * p, d->r + from, to - from, p);
    size_t first = q->leaving;
    for (; d->start && first > q->row_from && d->start[d->by_start[first - 1]] >= time; first--) q->s0 -= d->r[d->by_start[first - 1]];
    if (first < q->leaving && p) rows_subtract(q->s1, d->x, d->r, d->by_start + first, q->leaving - first, p);
    q->leaving = first;
}

Rc cox_detail(CoxDetail *out, CoxData *d, const double *g, Arena *a, Err *e)
{
    size_t p = (size_t)d->p, K = d->n_blocks;
    *out = (CoxDetail){ .shift = ARENA_NEW(a, d->n_strata + 1, double), .hazard = ARENA_NEW(a, K + 1, double),
                        .hazard_death = ARENA_NEW(a, K + 1, double), .variance = ARENA_NEW(a, K + 1, double),
                        .variance_death = ARENA_NEW(a, K + 1, double), .mean = ARENA_NEW(a, p * K + 1, double), .mean_hazard = ARENA_NEW(a, p * K + 1, double),
                        .mean_hazard_death = ARENA_NEW(a, p * K + 1, double) };
    if (!out->shift || !out->hazard || !out->hazard_death || !out->variance || !out->variance_death || !out->mean || !out->mean_hazard ||
        !out->mean_hazard_death) return err_nomem(e);
    if (!cox_risks(d, g)) return err_set(e, ERR_ESTIMATE, "the linear predictor is not finite");
    memcpy(out->shift, d->shift, d->n_strata * sizeof(double));
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        RiskSet q;
        risk_set_begin(&q, d, t, d->s1);
        for (size_t k = t.block_to; k-- > t.block_from;) {
            const CoxBlock *b = &d->block[k];
            size_t deaths = b->to - b->first_death;
            risk_set_at(&q, b->from, b->time);
            double s0 = (double)q.s0, s0d = 0;
            bool steps = d->ties == TIES_EFRON && deaths > 1;
            memset(d->s1_deaths, 0, rows_width(p) * sizeof(double));
            for (size_t i = b->first_death; steps && i < b->to; i++) s0d += d->r[i];
            if (steps && p) rows_sum(d->s1_deaths, d->x + b->first_death * p, d->r + b->first_death, deaths, p);
            size_t m = steps ? deaths : 1;
            double weight = b->deaths_weight / (double)m;
            for (size_t l = 0; l < m; l++) {
                double f = (double)l / (double)m, c = s0 - f * s0d, jump = weight / c;
                out->hazard[k] += jump;
                out->hazard_death[k] += jump * (1 - f);
                out->variance[k] += weight / (c * c);
                out->variance_death[k] += weight / (c * c) * (1 - f);
                for (size_t j = 0; j < p; j++) {
                    double mean = (q.s1[j] - f * d->s1_deaths[j]) / c;
                    out->mean[k * p + j] += mean / (double)m;
                    out->mean_hazard[k * p + j] += mean * jump;
                    out->mean_hazard_death[k * p + j] += mean * jump * (1 - f);
                }
            }
        }
    }
    return OK;
}

Rc cox_score_residuals(double *score, double *martingale, CoxData *d, const double *g, const CoxDetail *detail, Err *e)
{
    size_t p = (size_t)d->p, K = d->n_blocks;
    Rc rc = OK;
    Arena scratch = { 0 };
    /* Running sums over the blocks of a stratum, up to and with block k. */
    double *hazard = ARENA_NEW(&scratch, K + 1, double), *mean = ARENA_NEW(&scratch, p * K + 1, double);
    if (!hazard || !mean) { rc = err_nomem(e); goto out; }
    if (!cox_risks(d, g)) { rc = err_set(e, ERR_ESTIMATE, "the linear predictor is not finite"); goto out; }
    for (size_t s = 0; s < d->n_strata; s++) {
        CoxStratum t = d->stratum[s];
        for (size_t k = t.block_from; k < t.block_to; k++) {
            hazard[k] = detail->hazard[k] + (k > t.block_from ? hazard[k - 1] : 0);
            for (size_t j = 0; j < p; j++)
                mean[k * p + j] = detail->mean_hazard[k * p + j] + (k > t.block_from ? mean[(k - 1) * p + j] : 0);
        }
        for (size_t i = t.row_from; i < t.row_to; i++) {
            double risk = exp(d->eta[i]), met = 0;
            size_t last = d->leave[i], first = d->enter[i];
            bool any = last > first;
            const double *x = d->x + i * p;
            if (any) {
                met = hazard[last - 1] - (first > t.block_from ? hazard[first - 1] : 0);
                if (d->event[i]) met += detail->hazard_death[last - 1] - detail->hazard[last - 1];
            }
            if (martingale) martingale[i] = d->event[i] - risk * met;
            if (!score) continue;
            for (size_t j = 0; j < p; j++) {
                double xbar = 0, u = 0;
                if (any) {
                    xbar = mean[(last - 1) * p + j] - (first > t.block_from ? mean[(first - 1) * p + j] : 0);
                    if (d->event[i]) xbar += detail->mean_hazard_death[(last - 1) * p + j] - detail->mean_hazard[(last - 1) * p + j];
                }
                if (d->event[i]) u = x[j] - detail->mean[(last - 1) * p + j];
                score[i * p + j] = u - risk * (x[j] * met - xbar);
            }
        }
    }
out:
    arena_free(&scratch);
    return rc;
}
