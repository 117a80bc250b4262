/* stats/basis.c: between a basis of columns and the caller's columns. */
#include "stats/basis.h"

#include <math.h>

void basis_to_columns(double *beta, const double *T, int p, const double *g)
{
    for (int i = 0; i < p; i++) {
        long double s = 0;
        for (int j = i; j < p; j++) s += (long double)T[j * p + i] * g[j];
        beta[i] = (double)s;
    }
}

void basis_vcov_to_columns(double *v, const double *T, int p, const double *vg)
{
    for (int i = 0; i < p; i++)
        for (int k = 0; k <= i; k++) {
            long double s = 0;
            for (int j = i; j < p; j++)
                for (int q = k; T[j * p + i] != 0 && q < p; q++) s += (long double)T[j * p + i] * vg[q * p + j] * T[q * p + k];
            v[k * p + i] = v[i * p + k] = (double)s;
        }
}

void basis_score_to_columns(double *u, const double *T, int p, const double *score)
{
    for (int j = 0; j < p; j++) {
        double s = score[j];
        for (int k = 0; k < j; k++) s -= T[j * p + k] * u[k];
        u[j] = s / T[j * p + j];
    }
}

double basis_largest_score(const double *T, int p, const double *score, const double *vg, double *u)
{
    double largest = 0;
    basis_score_to_columns(u, T, p, score);
    for (int i = 0; i < p; i++) {
        double v = 0;
        for (int j = i; j < p; j++) for (int q = i; T[j * p + i] != 0 && q < p; q++) v += T[j * p + i] * vg[q * p + j] * T[q * p + i];
        largest = fmax(largest, fabs(u[i]) * sqrt(fmax(v, 0)));
    }
    return largest;
}

void basis_axis(double *t, const double *T, int p, int j)
{
    for (int k = 0; k < p; k++) t[k] = T[k * p + j];
}
