/* stats/cox_exact.c: the exact (conditional) likelihood of tied event times: a ratio of elementary symmetric functions of the
 * risks, with first and second derivatives by the same recursion (Gail, Lubin and Rubinstein 1981). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/cox_fit.h"

/* Long double and risks scaled to deaths/m keep the terms of some thousand rows in range. */
bool cox_symmetric_function(long double *value, long double *first, long double *second, const CoxData *d, const size_t *at_risk,
                            size_t m, size_t deaths)
{
    size_t p = (size_t)d->p, pp = p * (p + 1) / 2, width = 1 + p + pp;
    long double total = 0;
    for (size_t i = 0; i < m; i++) total += d->r[at_risk[i]];
    if (!(total > 0)) return false;
    long double scale = (long double)deaths / total;
    long double *B = calloc((deaths + 1) * width, sizeof *B);
    if (!B) return false;
    B[0] = 1;
    for (size_t i = 0; i < m; i++) {
        const double *x = d->x + at_risk[i] * p;
        long double r = d->r[at_risk[i]] * scale;
        size_t top = i + 1 < deaths ? i + 1 : deaths;
        for (size_t k = top; k >= 1; k--) {
            long double *now = B + k * width, *less = B + (k - 1) * width;
            size_t q = 1 + p;
            for (size_t j = 0; j < p; j++)
                for (size_t l = 0; l <= j; l++, q++)
                    now[q] += r * (less[q] + x[j] * less[1 + l] + x[l] * less[1 + j] + (long double)x[j] * x[l] * less[0]);
            for (size_t j = 0; j < p; j++) now[1 + j] += r * (less[1 + j] + x[j] * less[0]);
            now[0] += r * less[0];
        }
    }
    const long double *end = B + deaths * width;
    bool fine = end[0] > 0 && isfinite((double)logl(end[0]));
    if (fine) {
        *value = logl(end[0]) - (long double)deaths * logl(scale);
        for (size_t j = 0; j < p; j++) first[j] = end[1 + j] / end[0];
        for (size_t q = 0; q < pp; q++) second[q] = end[1 + p + q] / end[0];
    }
    free(B);
    return fine;
}

bool cox_evaluate_exact(CoxData *d, const double *g, double *loglik, double *score, double *info)
{
    size_t p = (size_t)d->p, pp = p * (p + 1) / 2;
    long double sum = 0;
    bool fine = true;
    long double *first = calloc(p + pp + 1, sizeof *first), *second = first ? first + p : NULL;
    size_t *at_risk = malloc((d->n + 1) * sizeof *at_risk);
    if (!first || !at_risk) { free(first); free(at_risk); return false; }
    d->risks_known = false;
    if (score) memset(score, 0, p * sizeof *score);
    if (info) memset(info, 0, p * p * sizeof *info);
    for (size_t s = 0; s < d->n_strata && fine; s++) {
        CoxStratum t = d->stratum[s];
        double largest = -INFINITY;
        for (size_t i = t.row_from; i < t.row_to; i++) {
            double eta = d->offset ? d->offset[i] : 0;
            for (size_t j = 0; j < p; j++) eta += d->x[i * p + j] * g[j];
            d->eta[i] = eta;
            if (eta > largest) largest = eta;
        }
        if (!isfinite(largest)) { fine = false; break; }
        for (size_t i = t.row_from; i < t.row_to; i++) {
            d->eta[i] -= largest;
            d->r[i] = exp(d->eta[i]);
        }
        for (size_t k = t.block_from; k < t.block_to && fine; k++) {
            const CoxBlock *b = &d->block[k];
            size_t m = 0;
            long double value = 0;
            for (size_t i = b->from; i < t.row_to; i++)
                if (!d->start || d->start[i] < b->time) at_risk[m++] = i;
            fine = cox_symmetric_function(&value, first, second, d, at_risk, m, b->to - b->first_death);
            if (!fine) break;
            sum -= value;
            for (size_t i = b->first_death; i < b->to; i++) {
                sum += d->eta[i];
                for (size_t j = 0; score && j < p; j++) score[j] += d->x[i * p + j];
            }
            for (size_t j = 0; score && j < p; j++) score[j] -= (double)first[j];
            size_t q = 0;
            for (size_t j = 0; info && j < p; j++)
                for (size_t l = 0; l <= j; l++, q++) info[j * p + l] += (double)(second[q] - first[j] * first[l]);
        }
    }
    for (size_t j = 0; info && j < p; j++) for (size_t l = 0; l < j; l++) info[l * p + j] = info[j * p + l];
    if (loglik) *loglik = (double)sum;
    free(first);
    free(at_risk);
    return fine && isfinite((double)sum);
}
