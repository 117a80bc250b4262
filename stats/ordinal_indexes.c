/* stats/ordinal_indexes.c: rank indexes of an ordinal model. */
#include "stats/ordinal_indexes.h"

#include <math.h>
#include <stdlib.h>

#include "core/sum.h"

typedef struct { double eta, weight; size_t y; } Row;

static int by_eta(const void *a, const void *b)
{
    double x = ((const Row *)a)->eta, y = ((const Row *)b)->eta;
    return (x > y) - (x < y);
}

Rc ordinal_indexes(Json *out, const OrdinalFit *f, Arena *a, Err *e)
{
    Row *row = ARENA_NEW(a, f->n, Row);
    double *below = ARENA_NEW(a, f->K, double), *block = ARENA_NEW(a, f->K, double);
    if (!row || !below || !block) return err_nomem(e);
    for (size_t i = 0; i < f->n; i++) row[i] = (Row){ f->eta[i], f->weight ? f->weight[i] : 1, (size_t)f->y[i] };
    qsort(row, f->n, sizeof *row, by_eta);
    double concordant = 0, discordant = 0, tied = 0, total = 0, pairs = 0, seen = 0;
    Sum gini = { 0 }, brier = { 0 };
    for (size_t i = 0; i < f->n;) {
        size_t k = i;
        for (size_t l = 0; l < f->K; l++) block[l] = 0;
        for (; k < f->n && row[k].eta == row[i].eta; k++) block[row[k].y] += row[k].weight;
        for (size_t l = 0; l < f->K; l++)
            for (size_t m = 0; m < f->K; m++) {
                if (m < l) { concordant += block[l] * below[m]; tied += block[l] * block[m]; }
                if (m > l) discordant += block[l] * below[m];
            }
        for (size_t l = 0; l < f->K; l++) { below[l] += block[l]; total += block[l]; }
        /* Gini: each row meets the weight before it and the weight behind it. */
        for (; i < k; i++) { sum_add(&gini, row[i].weight * row[i].eta * (2 * seen + row[i].weight)); seen += row[i].weight; }
    }
    for (size_t l = 0; l < f->K; l++) for (size_t m = 0; m < l; m++) pairs += below[l] * below[m];
    Sum all = { 0 };
    for (size_t i = 0; i < f->n; i++) sum_add(&all, row[i].weight * row[i].eta);
    double g = 2 * (sum_value(&gini) - total * sum_value(&all)) / (total * (total - 1));
    size_t middle = (f->K - 1 + 1) / 2;                     /* of K-1 thresholds, counted from 1 */
    for (size_t i = 0; i < f->n; i++) {
        double above = 1 / (1 + exp(f->threshold[middle - 1] - f->eta[i])), is = f->y[i] >= (double)middle;
        sum_add(&brier, (f->weight ? f->weight[i] : 1) * (above - is) * (above - is));
    }
    Json *o = json_set(out, "indexes", json_object());
    double dxy = (concordant - discordant) / pairs;
    json_set_number(o, "C", (dxy + 1) / 2);
    json_set_number(o, "Dxy", dxy);
    json_set_number(o, "Gamma", (concordant - discordant) / (concordant + discordant));
    json_set_number(o, "Tau-a", (concordant - discordant) / (total * (total - 1) / 2));
    json_set_number(o, "R2", -expm1(-2 * (f->loglik - f->loglik_null) / total) / -expm1(2 * f->loglik_null / total));
    json_set_number(o, "Brier", sum_value(&brier) / total);
    json_set_number(o, "g", g);
    json_set_number(o, "tied", tied);
    return OK;
}
