/* stats/influence.c: robust variances: products of influence values, summed over what is independent. */
#include "stats/influence.h"

#include <stdlib.h>

#include "core/sum.h"

Rc influence_product(double *out, size_t *used, const double *u, const double *v, const Clusters *c, Err *e)
{
    Sum s = { 0 };
    size_t m = 0;
    if (!c->cluster) {
        for (size_t i = 0; i < c->n; i++) {
            sum_add(&s, u[i] * v[i]);
            m += u[i] != 0;
        }
    } else {
        double *sum = calloc(3 * c->n_clusters + 1, sizeof *sum), *U = sum, *V = sum ? sum + c->n_clusters : NULL;
        if (!sum) return err_nomem(e);
        double *any = V + c->n_clusters;
        for (size_t i = 0; i < c->n; i++) {
            int k = c->cluster[i];
            U[k] += u[i];
            V[k] += v[i];
            if (u[i] != 0) any[k] = 1;
        }
        for (size_t k = 0; k < c->n_clusters; k++) {
            sum_add(&s, U[k] * V[k]);
            m += any[k] != 0;
        }
        free(sum);
    }
    if (used) *used = m;
    *out = sum_value(&s);
    return OK;
}
