/* features/ellipsoid.c: volume and area of an ellipsoid, and the minimum-volume enclosing one. */
#include "features/ellipsoid.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

double ellipsoid_volume(const double semi_axis[3])
{
    return 4 * M_PI / 3 * semi_axis[0] * semi_axis[1] * semi_axis[2];
}

/* alpha^2 = 1 - b^2/a^2, beta^2 = 1 - c^2/a^2, as the manual has it. A spheroid's closed form wants c/a and c/b instead (axes
 * 3 3 2: 89.0, the manual's series gives 101.5), but the reference values are met by the manual's alone (digital phantom:
 * 1.36 against 1.30).
 * The products q = (alpha beta)^n P_n(x), x = (alpha^2 + beta^2) / (2 alpha beta), are taken by the recursion of the Legendre
 * polynomials P_n scaled with alpha beta, which has no 0/0 for round ones. */
double ellipsoid_area(const double semi_axis[3])
{
    double a = semi_axis[0], b = semi_axis[1], c = semi_axis[2];
    double alpha2 = 1 - b * b / (a * a), beta2 = 1 - c * c / (a * a), sum = 0, q_before = 0, q = 1;
    for (int n = 0; n <= 20; n++) {
        sum += q / (1 - 4.0 * n * n);
        double next = ((2 * n + 1) * (alpha2 + beta2) / 2 * q - n * alpha2 * beta2 * q_before) / (n + 1);
        q_before = q;
        q = next;
    }
    return 4 * M_PI * a * b * sum;
}

void eigenvalues_3(double value[3], const double matrix[3][3])
{
    double m[3][3];
    memcpy(m, matrix, sizeof m);
    for (int sweep = 0; sweep < 60; sweep++) {
        if (fabs(m[0][1]) + fabs(m[0][2]) + fabs(m[1][2]) == 0) break;
        for (int p = 0; p < 2; p++)
            for (int q = p + 1; q < 3; q++) {
                if (m[p][q] == 0) continue;
                double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
                double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
                double c = 1 / sqrt(t * t + 1), s = t * c;
                int r = 3 - p - q;
                double mpq = m[p][q], mrp = m[r][p], mrq = m[r][q];
                m[p][p] -= t * mpq;
                m[q][q] += t * mpq;
                m[p][q] = m[q][p] = 0;
                m[r][p] = m[p][r] = c * mrp - s * mrq;
                m[r][q] = m[q][r] = s * mrp + c * mrq;
            }
    }
    for (int i = 0; i < 3; i++) value[i] = m[i][i] > 0 ? m[i][i] : 0;
    for (int i = 0; i < 2; i++)
        for (int j = i + 1; j < 3; j++)
            if (value[j] > value[i]) { double swap = value[i]; value[i] = value[j]; value[j] = swap; }
}

/* The dual of the problem: weights u of the points, sum 1, that maximise det(sum u q q') of q = (p, 1). */
typedef struct {
    const double (*p)[3];
    size_t n;
    double *u, *distance;      /* weight; q' M^-1 q */
    size_t *alive;             /* numbers of the points that may still touch */
    size_t n_alive;
    double inverse[4][4];
} Dual;

static bool invert_4(double out[4][4], const double m[4][4])
{
    double a[4][8];
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 8; j++) a[i][j] = j < 4 ? m[i][j] : j - 4 == i;
    for (int k = 0; k < 4; k++) {
        int pivot = k;
        for (int i = k + 1; i < 4; i++) if (fabs(a[i][k]) > fabs(a[pivot][k])) pivot = i;
        if (a[pivot][k] == 0) return false;
        for (int j = 0; j < 8; j++) { double t = a[k][j]; a[k][j] = a[pivot][j]; a[pivot][j] = t; }
        double d = a[k][k];
        for (int j = 0; j < 8; j++) a[k][j] /= d;
        for (int i = 0; i < 4; i++) {
            double f = a[i][k];
            if (i != k) for (int j = 0; j < 8; j++) a[i][j] -= f * a[k][j];
        }
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) out[i][j] = a[i][j + 4];
    return true;
}

static bool moment_invert(Dual *d)
{
    double m[4][4] = { { 0 } };
    for (size_t k = 0; k < d->n_alive; k++) {
        const double *p = d->p[d->alive[k]], u = d->u[d->alive[k]], q[4] = { p[0], p[1], p[2], 1 };
        if (u == 0) continue;
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) m[i][j] += u * q[i] * q[j];
    }
    return invert_4(d->inverse, m);
}

static double distance_of(const Dual *d, size_t i)
{
    const double *p = d->p[i], q[4] = { p[0], p[1], p[2], 1 };
    double sum = 0;
    for (int r = 0; r < 4; r++)
        sum += q[r] * (d->inverse[r][0] * q[0] + d->inverse[r][1] * q[1] + d->inverse[r][2] * q[2] + d->inverse[r][3] * q[3]);
    return sum;
}

/* Drops the points that no optimal ellipsoid can touch, given that the largest distance is 4 + gap: Harman and Pronzato 2007,
 * theorem 1. Their weight goes to the others. */
static void drop_points(Dual *d, double gap)
{
    double least = 4 * (1 + gap / 2 - sqrt(gap * (4 + gap - 1)) / 2), left = 0;
    size_t n = 0;
    for (size_t k = 0; k < d->n_alive; k++) {
        size_t i = d->alive[k];
        if (d->distance[i] < least - 1e-9) { d->u[i] = 0; continue; }
        d->alive[n++] = i;
        left += d->u[i];
    }
    d->n_alive = n;
    for (size_t k = 0; k < n; k++) d->u[d->alive[k]] /= left;
}

static bool dual_solve(Dual *d)
{
    enum { ITERATIONS = 20000 };
    const double tolerance = 1e-8;
    for (int t = 0; t < ITERATIONS; t++) {
        if (!moment_invert(d)) return false;
        size_t most = d->alive[0], least = SIZE_MAX;
        for (size_t k = 0; k < d->n_alive; k++) {
            size_t i = d->alive[k];
            d->distance[i] = distance_of(d, i);
            if (d->distance[i] > d->distance[most]) most = i;
            if (d->u[i] > 0 && (least == SIZE_MAX || d->distance[i] < d->distance[least])) least = i;
        }
        double up = d->distance[most] / 4 - 1, down = 1 - d->distance[least] / 4;
        if (up <= tolerance && down <= tolerance) return true;
        if (t % 8 == 7) { drop_points(d, d->distance[most] - 4); continue; }
        size_t i = up >= down ? most : least;
        double k = d->distance[i], step = (k - 4) / (4 * (k - 1));
        if (up < down) {                                       /* away: not below a weight of zero */
            double limit = -d->u[i] / (1 - d->u[i]);
            if (!(k > 1) || step < limit) step = limit;
        }
        for (size_t j = 0; j < d->n_alive; j++) d->u[d->alive[j]] *= 1 - step;
        d->u[i] += step;
        if (d->u[i] < 0) d->u[i] = 0;
    }
    return true;                                               /* near enough: what is left is made good by scaling */
}

Rc ellipsoid_enclosing(double semi_axis[3], const double (*point)[3], size_t n, Err *e)
{
    Rc rc = OK;
    Dual d = { .n = n };
    double (*p)[3] = malloc(n * sizeof *p), centre[3] = { 0 }, scale = 0;

    d.p = (const double (*)[3])p;
    d.u = malloc(n * sizeof *d.u);
    d.distance = calloc(n, sizeof *d.distance);
    d.alive = malloc(n * sizeof *d.alive);
    for (int k = 0; k < 3; k++) semi_axis[k] = NAN;
    if (!p || !d.u || !d.distance || !d.alive) { rc = err_nomem(e); goto out; }

    /* Centred and scaled, for a well conditioned matrix. */
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) centre[k] += point[i][k] / (double)n;
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) scale = fmax(scale, fabs(point[i][k] - centre[k]));
    if (!(scale > 0)) goto out;
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++) p[i][k] = (point[i][k] - centre[k]) / scale;
        d.u[i] = 1 / (double)n;
        d.alive[i] = i;
    }
    d.n_alive = n;
    if (!dual_solve(&d)) goto out;

    double c[3] = { 0 }, shape[3][3] = { { 0 } };
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) c[k] += d.u[i] * p[i][k];
    for (size_t i = 0; i < n; i++)
        for (int r = 0; r < 3; r++)
            for (int s = 0; s < 3; s++) shape[r][s] += 3 * d.u[i] * (p[i][r] - c[r]) * (p[i][s] - c[s]);
    /* (p-c)' shape^-1 (p-c) = (q' M^-1 q - 1)/3: the farthest point decides the scale, so that all are inside. */
    double far = 0;
    if (!moment_invert(&d)) goto out;
    for (size_t i = 0; i < n; i++) far = fmax(far, (distance_of(&d, i) - 1) / 3);
    double value[3];
    eigenvalues_3(value, (const double (*)[3])shape);
    for (int k = 0; k < 3; k++) semi_axis[k] = scale * sqrt(far * value[k]);
out:
    free(p);
    free(d.u);
    free(d.distance);
    free(d.alive);
    return rc;
}
