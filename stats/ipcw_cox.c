/* stats/ipcw_cox.c: censoring weights from a Cox model of censoring. */
#include "stats/ipcw_cox.h"

#include <math.h>

#include "core/sum.h"
#include "stats/linalg.h"

Rc censoring_fit(CensoringModel *m, const Ipcw *w, const double *x, size_t p, const char *const *term, Json *out, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = w->n;
    double *censored = ARENA_NEW(a, n, double), *score = ARENA_NEW(a, n * p + 1, double);
    *m = (CensoringModel){ .w = w, .score_beta = ARENA_NEW(a, n * p + 1, double) };
    if (!censored || !score || !m->score_beta) return err_nomem(e);
    for (size_t i = 0; i < n; i++) censored[i] = w->state[i] == 0;
    const CoxInput in = { .n = n, .p = (int)p, .x = x, .time = w->time, .event = censored, .weight = w->weight, .ties = TIES_EFRON };
    TRY(cox_risk_fit_kept(&m->G, &m->fit, &in, term, out, a, e));
    TRY(cox_score_residuals(score, NULL, &m->fit.data, m->fit.g, &m->fit.detail, e));
    linalg_gemm_nn(m->score_beta, m->fit.vcov, score, (int)p, (int)n, (int)p, 1, 0);
out:
    return rc;
}

void censoring_weights(double *weight, const CensoringModel *m, const double *x, double t)
{
    const Ipcw *w = m->w;
    const double H = cox_risk_cumhaz(&m->G, 0, t);
    for (size_t i = 0; i < w->n; i++) {
        const double r = exp(cox_risk_lp(&m->G, x, w->n, i));
        weight[i] = exp((w->time[i] <= t ? cox_risk_cumhaz_before(&m->G, 0, w->time[i]) : H) * r);
    }
}

Rc censoring_influence(double *influence, const CensoringModel *m, double t, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const Ipcw *w = m->w;
    const CoxData *d = &m->fit.data;
    const CoxDetail *h = &m->fit.detail;
    const size_t n = d->n, p = (size_t)d->p;
    size_t upto = 0;
    while (upto < d->n_blocks && d->block[upto].time <= t) upto++;
    double *log_share = ARENA_NEW(&a, n, double);      /* by sorted place: derivative of the number by the logarithm of the row's weight, times r */
    double *Q = ARENA_NEW(&a, upto + 1, double), *H = ARENA_NEW(&a, upto + 1, double), *drift = ARENA_NEW(&a, upto + 1, double);
    double *by_beta = ARENA_NEW(&a, p + 1, double);
    if (!log_share || !Q || !H || !drift || !by_beta) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        const size_t row = d->order[i];
        log_share[i] = (w->weight ? w->weight[row] : 1) * influence[row] / w->total * exp(d->eta[i]);
    }
    /* Q[k]: what one more unit of hazard at censoring time k does to the number; H, drift: sums up to before block k. */
    size_t next = n;
    Sum later = { 0 };
    for (size_t k = d->n_blocks; k-- > 0;) {
        for (; next > 0 && d->time[next - 1] > d->block[k].time; next--) sum_add(&later, log_share[next - 1]);
        if (k < upto) Q[k] = sum_value(&later);
    }
    for (size_t k = 0; k < upto; k++) {
        H[k + 1] = H[k] + h->hazard[k];
        drift[k + 1] = drift[k] + Q[k] * h->variance[k];
        for (size_t j = 0; j < p; j++) by_beta[j] -= Q[k] * h->mean_hazard[k * p + j];
    }
    for (size_t i = 0; i < n; i++) {
        size_t k = d->leave[i] < upto ? d->leave[i] : upto;
        if (d->time[i] <= t && k > 0 && d->block[k - 1].time == d->time[i]) k--;       /* H just before the own time */
        for (size_t j = 0; j < p; j++) by_beta[j] += log_share[i] * H[k] * d->x[i * p + j];
    }
    for (size_t i = 0; i < n; i++) {
        const size_t row = d->order[i], last = d->leave[i] < upto ? d->leave[i] : upto;
        const double r = exp(d->eta[i]);
        double change = -r * drift[last];
        if (d->event[i] && d->leave[i] <= upto && d->leave[i] > 0) {                   /* censored here, by t */
            const size_t k = d->leave[i] - 1;
            if (d->block[k].deaths_weight > 0) change += Q[k] * h->hazard[k] / d->block[k].deaths_weight;
            change += r * Q[k] * (h->variance[k] - h->variance_death[k]);
        }
        for (size_t j = 0; j < p; j++) change += by_beta[j] * m->score_beta[i * p + j];
        influence[row] += w->total * change;
    }
out:
    arena_free(&a);
    return rc;
}
