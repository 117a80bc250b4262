/* stats/influence.c: robust variances: products of influence values, summed over what is independent. */
#include "stats/influence.h"

#include <stdlib.h>

#include "core/sum.h"
#include "stats/linalg.h"

Rc influence_product(double *out, const double *u, const double *v, const Clusters *c, Err *e)
{
    Sum s = { 0 };
    if (!c->cluster) {
        for (size_t i = 0; i < c->n; i++) sum_add(&s, u[i] * v[i]);
    } else {
        double *sum = calloc(2 * c->n_clusters + 1, sizeof *sum), *U = sum, *V = sum ? sum + c->n_clusters : NULL;
        if (!sum) return err_nomem(e);
        for (size_t i = 0; i < c->n; i++) {
            int k = c->cluster[i];
            U[k] += u[i];
            V[k] += v[i];
        }
        for (size_t k = 0; k < c->n_clusters; k++) sum_add(&s, U[k] * V[k]);
        free(sum);
    }
    *out = sum_value(&s);
    return OK;
}

Rc influence_sandwich(double *out, const double *bread, const double *score, size_t p, const Clusters *c, Err *e)
{
    Rc rc = OK;
    const size_t groups = c->cluster ? c->n_clusters : c->n;
    double *sum = calloc(groups * p + 1, sizeof *sum), *meat = calloc(2 * p * p + 1, sizeof *meat), *half = meat ? meat + p * p : NULL;
    if (!sum || !meat) { rc = err_nomem(e); goto out; }
    for (size_t j = 0; j < p; j++)
        for (size_t i = 0; i < c->n; i++) sum[j * groups + (c->cluster ? (size_t)c->cluster[i] : i)] += score[j * c->n + i];
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k <= j; k++) {
            Sum s = { 0 };
            for (size_t g = 0; g < groups; g++) sum_add(&s, sum[j * groups + g] * sum[k * groups + g]);
            meat[j * p + k] = meat[k * p + j] = sum_value(&s);
        }
    linalg_gemm_nn(half, bread, meat, (int)p, (int)p, (int)p, 1, 0);
    linalg_gemm_nn(out, half, bread, (int)p, (int)p, (int)p, 1, 0);
    for (size_t j = 0; j < p; j++) for (size_t k = 0; k < j; k++) out[k * p + j] = out[j * p + k] = (out[k * p + j] + out[j * p + k]) / 2;
out:
    free(sum);
    free(meat);
    return rc;
}
