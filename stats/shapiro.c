/* stats/shapiro.c: Shapiro and Wilk's test of normality. */
#include "stats/shapiro.h"

#include <math.h>
#include <stdlib.h>

#include "core/sum.h"
#include "stats/dist.h"

static double polynomial(const double *c, size_t n, double x)
{
    double s = 0;
    for (size_t k = n; k-- > 0;) s = s * x + c[k];
    return s;
}

/* Weights of the lower half (negative side), Royston's polynomials for the outer ones. */
static void weights(double *a, size_t n)
{
    static const double c1[6] = { 0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056 };
    static const double c2[6] = { 0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633 };
    size_t half = n / 2;
    if (n == 3) { a[0] = sqrt(0.5); return; }
    double ss = 0, root;
    for (size_t i = 0; i < half; i++) {
        a[i] = normal_quantile(((double)i + 1 - 0.375) / ((double)n + 0.25));
        ss += a[i] * a[i];
    }
    ss *= 2;
    root = sqrt(ss);
    double r = 1 / sqrt((double)n), a1 = polynomial(c1, 6, r) - a[0] / root, factor;
    size_t from = 1;
    if (n > 5) {
        double a2 = polynomial(c2, 6, r) - a[1] / root;
        factor = sqrt((ss - 2 * a[0] * a[0] - 2 * a[1] * a[1]) / (1 - 2 * a1 * a1 - 2 * a2 * a2));
        a[1] = a2;
        from = 2;
    } else {
        factor = sqrt((ss - 2 * a[0] * a[0]) / (1 - 2 * a1 * a1));
    }
    a[0] = a1;
    for (size_t i = from; i < half; i++) a[i] = -a[i] / factor;
}

static double p_value(double w, double rest, double n)
{
    static const double c3[4] = { 0.544, -0.39978, 0.025054, -6.714e-4 }, c4[4] = { 1.3822, -0.77857, 0.062767, -0.0020322 };
    static const double c5[4] = { -1.5861, -0.31082, -0.083751, 0.0038915 }, c6[3] = { -0.4803, -0.082676, 0.0030302 };
    static const double g[2] = { -2.273, 0.459 };
    if (n == 3) return fmax(6 / acos(-1) * (asin(sqrt(w)) - asin(sqrt(0.75))), 0);
    double y = log(rest), m, s;
    if (n <= 11) {
        double gamma = polynomial(g, 2, n);
        if (y >= gamma) return 1e-99;
        y = -log(gamma - y);
        m = polynomial(c3, 4, n);
        s = exp(polynomial(c4, 4, n));
    } else {
        m = polynomial(c5, 4, log(n));
        s = exp(polynomial(c6, 3, log(n)));
    }
    return normal_sf((y - m) / s);
}

Rc shapiro_wilk(double *w, double *p, const double *x, size_t n, Err *e)
{
    *w = *p = NAN;
    if (n < 3 || n > 5000 || !(x[n - 1] > x[0])) return OK;
    double *a = calloc(n, sizeof *a), range = x[n - 1] - x[0], mean = mean_of(x, n);
    if (!a) return err_nomem(e);
    weights(a, n);
    Sum aa = { 0 }, xx = { 0 }, ax = { 0 };
    for (size_t i = 0; i < n; i++) {
        size_t j = n - 1 - i;
        double c = i == j ? 0 : i < j ? -a[i] : a[j], d = (x[i] - mean) / range;
        sum_add(&aa, c * c);
        sum_add(&xx, d * d);
        sum_add(&ax, c * d);
    }
    double A = sum_value(&aa), X = sum_value(&xx), C = sum_value(&ax), root = sqrt(A * X);
    double rest = (root - C) * (root + C) / (A * X);      /* 1 - W, without cancellation */
    *w = 1 - rest;
    *p = p_value(*w, rest, (double)n);
    free(a);
    return OK;
}
