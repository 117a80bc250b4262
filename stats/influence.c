/* stats/influence.c: robust variances: products of influence values, summed over what is independent. */
#include "stats/influence.h"

#include <stdlib.h>

#include "core/sum.h"

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
