/* stats/cox_inference.c: robust variance and curves of a fitted Cox model. */
#include "stats/cox_inference.h"

#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"

Rc cox_cluster_scores(double **sums, size_t *n_groups, CoxData *d, const double *g, const int *cluster, size_t n_clusters, Arena *a,
                      Err *e)
{
    Rc rc = OK;
    size_t p = (size_t)d->p, groups = cluster ? n_clusters : d->n;
    CoxDetail detail = { 0 };
    double *u = ARENA_NEW(a, p * d->n + 1, double), *s = ARENA_NEW(a, p * groups + 1, double);
    if (!u || !s) return err_nomem(e);
    TRY(cox_detail(&detail, d, g, a, e));
    TRY(cox_score_residuals(u, NULL, d, g, &detail, e));
    for (size_t i = 0; i < d->n; i++) {
        size_t c = cluster ? (size_t)cluster[d->order[i]] : i;
        for (size_t j = 0; j < p; j++) s[c * p + j] += (d->w ? d->w[i] : 1) * u[i * p + j];
    }
    *sums = s;
    *n_groups = groups;
out:
    return rc;
}

Rc cox_robust(double *v, const double *sums, size_t n_groups, const double *vcov, int p, Arena *a, Err *e)
{
    size_t pp = (size_t)(p * p) + 1;
    double *meat = ARENA_NEW(a, pp, double), *half = ARENA_NEW(a, pp, double);
    if (!meat || !half) return err_nomem(e);
    for (size_t c = 0; c < n_groups; c++)
        for (int j = 0; j < p; j++)
            for (int k = 0; k <= j; k++) meat[j * p + k] += sums[c * (size_t)p + (size_t)j] * sums[c * (size_t)p + (size_t)k];
    for (int j = 0; j < p; j++) for (int k = 0; k < j; k++) meat[k * p + j] = meat[j * p + k];
    linalg_gemm_nn(half, vcov, meat, p, p, p, 1, 0);
    linalg_gemm_nn(v, half, vcov, p, p, p, 1, 0);
    for (int j = 0; j < p; j++) for (int k = 0; k < j; k++) v[k * p + j] = v[j * p + k] = (v[k * p + j] + v[j * p + k]) / 2;
    return OK;
}

void cox_r_means(double *mean, const double *const *xj, size_t n, int p, const double *weight, const size_t *order, const double *plain)
{
    for (int j = 0; j < p; j++) {
        const double *c = xj[j];
        bool indicator = true;
        for (size_t i = 0; i < n && indicator; i++) indicator = c[i] == -1 || c[i] == 0 || c[i] == 1;
        Sum s = { 0 }, w = { 0 };
        if (indicator || (plain && !weight)) { mean[j] = indicator ? 0 : plain[j]; continue; }
        for (size_t i = 0; i < n; i++) {
            size_t r = order[i];
            double v = weight ? weight[r] : 1;
            sum_add(&s, v * c[r]);
            sum_add(&w, v);
        }
        mean[j] = sum_value(&s) / sum_value(&w);
    }
}

void cox_curve_at(double *hazard, double *variance, const CoxData *d, const CoxDetail *detail, size_t s, double t, const double *xb,
                  double eta, const double *v, double *scratch)
{
    size_t p = (size_t)d->p;
    CoxStratum q = d->stratum[s];
    double sum = 0, jumps = 0, risk = exp(eta - detail->shift[s]);
    for (size_t j = 0; j < p; j++) scratch[j] = 0;
    for (size_t k = q.block_from; k < q.block_to && d->block[k].time <= t; k++) {
        sum += detail->hazard[k];
        jumps += detail->variance[k];
        for (size_t j = 0; j < p; j++) scratch[j] += detail->mean_hazard[k * p + j];
    }
    for (size_t j = 0; j < p; j++) scratch[j] = xb[j] * sum - scratch[j];
    double form = 0;
    for (size_t j = 0; j < p; j++) for (size_t k = 0; k < p; k++) form += scratch[j] * v[k * p + j] * scratch[k];
    *hazard = risk * sum;
    *variance = risk * risk * (jumps + form);
}
