/* stats/dist.c: distribution functions. Worked in long double, so that what is rounded at the end is right to 1e-15 or so:
 * a p-value of 1e-300 is the exponential of -690, which costs three digits of whatever arithmetic it is worked in. */
#include "stats/dist.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

typedef long double Real;

#define LN_SQRT_2PI 0.918938533204672741780329736405617640L
#define SQRT_1_2    0.707106781186547524400844362104849039L
#define PI_L        3.141592653589793238462643383279502884L

/* Terms of a series or continued fraction; both need about the square root of the larger parameter. */
enum { TERMS_MAX = 200000000 };

/* ---- gamma function and its relatives */

double log_gamma(double x)
{
    int sign;
    if (isnan(x)) return x;
    return (double)lgammal_r((Real)x, &sign);
}

double log_choose(double n, double k)
{
    int s;
    if (!(k >= 0) || !(k <= n)) return -INFINITY;
    return (double)(lgammal_r((Real)n + 1, &s) - lgammal_r((Real)k + 1, &s) - lgammal_r((Real)n - (Real)k + 1, &s));
}

/* Bernoulli numbers B_2, B_4, … */
static const Real bernoulli[] = {
    1.0L / 6, -1.0L / 30, 1.0L / 42, -1.0L / 30, 5.0L / 66, -691.0L / 2730, 7.0L / 6, -3617.0L / 510, 43867.0L / 798,
    -174611.0L / 330, 854513.0L / 138, -236364091.0L / 2730
};
enum { N_BERNOULLI = sizeof bernoulli / sizeof bernoulli[0] };

/* log Gamma(z) - [(z - 1/2) log z - z + log sqrt(2 pi)]; DLMF 5.11.1. */
static Real stirling_error(Real z)
{
    if (z < 16) {
        int s;
        return lgammal_r(z, &s) - ((z - 0.5L) * logl(z) - z + LN_SQRT_2PI);
    }
    Real sum = 0, power = z;
    for (int k = 1; k <= N_BERNOULLI; k++) {
        sum += bernoulli[k - 1] / ((Real)(2 * k) * (2 * k - 1) * power);
        power *= z * z;
    }
    return sum;
}

double digamma(double x)
{
    if (isnan(x) || (x <= 0 && floor(x) == x)) return NAN;
    Real z = x, shift = 0;
    if (z < 0) {                                     /* DLMF 5.5.4 */
        Real w = 1 - z;
        return (double)((Real)digamma((double)w) - PI_L / tanl(PI_L * (z - floorl(z))));
    }
    while (z < 20) { shift -= 1 / z; z += 1; }
    Real sum = logl(z) - 0.5L / z, power = z * z;    /* DLMF 5.11.2 */
    for (int k = 1; k <= N_BERNOULLI; k++) { sum -= bernoulli[k - 1] / (2 * k * power); power *= z * z; }
    return (double)(sum + shift);
}

double trigamma(double x)
{
    if (isnan(x) || (x <= 0 && floor(x) == x)) return NAN;
    Real z = x, shift = 0;
    if (z < 0) {
        Real s = sinl(PI_L * (z - floorl(z)));
        return (double)(PI_L * PI_L / (s * s) - (Real)trigamma((double)(1 - z)));
    }
    while (z < 20) { shift += 1 / (z * z); z += 1; }
    Real sum = 1 / z + 0.5L / (z * z), power = z * z * z;
    for (int k = 1; k <= N_BERNOULLI; k++) { sum += bernoulli[k - 1] / power; power *= z * z; }
    return (double)(sum + shift);
}

/* u - log(1 + u) for |u| < 0.4, without cancellation near 0: log(1 + u) = 2 (r + r^3/3 + r^5/5 …), r = u / (2 + u). */
static Real u_minus_log1p(Real u)
{
    Real r = u / (2 + u), r2 = r * r, sum = 0, power = 1;
    for (int k = 3; k < 200; k += 2) {
        Real term = power / k;
        sum += term;
        if (term < 1e-21L * sum) break;
        power *= r2;
    }
    return u * r - 2 * r * r2 * sum;
}

/* Deviance part x log(x/m) + m - x of Loader's saddle-point expansion (2000). */
static Real deviance_part(Real x, Real m)
{
    if (x == 0) return m;
    Real u = (m - x) / x;
    return fabsl(u) < 0.4L ? x * u_minus_log1p(u) : x * logl(x / m) + (m - x);
}

/* log of x^a e^-x / Gamma(a). */
static Real gamma_log_kernel(Real a, Real x)
{
    if (a < 1) {
        int s;
        return a * logl(x) - x - lgammal_r(a, &s);
    }
    return -deviance_part(a, x) - stirling_error(a) + 0.5L * logl(a) - LN_SQRT_2PI;
}

/* log of x^a y^b / B(a, b), y = 1 - x. */
static Real beta_log_kernel(Real a, Real b, Real x, Real y)
{
    Real n = a + b;
    if (n < 20) {
        int s;
        return a * logl(x) + b * logl(y) + lgammal_r(n, &s) - lgammal_r(a, &s) - lgammal_r(b, &s);
    }
    return -deviance_part(a, n * x) - deviance_part(b, n * y) + stirling_error(n) - stirling_error(a) - stirling_error(b)
        + 0.5L * (logl(a) + logl(b) - logl(n)) - LN_SQRT_2PI;
}

/* ---- incomplete gamma: lower and upper share of one distribution, each good in its own tail. */
typedef struct { Real lower, upper; } Tails;

static Tails gamma_tails(Real a, Real x)
{
    if (x <= 0) return (Tails){ 0, 1 };
    if (isinf(x)) return (Tails){ 1, 0 };
    Real kernel = expl(gamma_log_kernel(a, x));
    if (x < a + 1) {                                  /* series, DLMF 8.11.4 */
        Real term = 1 / a, sum = term;
        for (Real k = 1; k < TERMS_MAX; k++) {
            term *= x / (a + k);
            sum += term;
            if (term < 1e-20L * sum) break;
        }
        Real p = kernel * sum;
        if (p > 1) p = 1;
        return (Tails){ p, 1 - p };
    }
    /* Continued fraction by Lentz' method, DLMF 8.9.2. */
    Real tiny = 1e-4000L, b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (Real k = 1; k < TERMS_MAX; k++) {
        Real an = -k * (k - a);
        b += 2;
        d = an * d + b;
        if (fabsl(d) < tiny) d = tiny;
        c = b + an / c;
        if (fabsl(c) < tiny) c = tiny;
        d = 1 / d;
        Real step = d * c;
        h *= step;
        if (fabsl(step - 1) < 1e-19L) break;
    }
    Real q = kernel * h;
    if (q > 1) q = 1;
    return (Tails){ 1 - q, q };
}

/* ---- incomplete beta I_x(a, b); y = 1 - x is given, so that neither loses digits. */
static Real beta_fraction(Real a, Real b, Real x, Real y)
{
    /* DLMF 8.17.22, Lentz. */
    Real tiny = 1e-4000L, c = 1, d = 1 - (a + b) * x / (a + 1);
    if (fabsl(d) < tiny) d = tiny;
    d = 1 / d;
    Real h = d;
    for (Real m = 1; m < TERMS_MAX; m++) {
        Real even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 + even * d;
        if (fabsl(d) < tiny) d = tiny;
        c = 1 + even / c;
        if (fabsl(c) < tiny) c = tiny;
        d = 1 / d;
        h *= d * c;
        Real odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + odd * d;
        if (fabsl(d) < tiny) d = tiny;
        c = 1 + odd / c;
        if (fabsl(c) < tiny) c = tiny;
        d = 1 / d;
        Real step = d * c;
        h *= step;
        if (fabsl(step - 1) < 1e-19L) break;
    }
    return expl(beta_log_kernel(a, b, x, y)) / a * h;
}

static Tails beta_tails(Real a, Real b, Real x, Real y)
{
    if (x <= 0) return (Tails){ 0, 1 };
    if (y <= 0) return (Tails){ 1, 0 };
    if (x < (a + 1) / (a + b + 2)) {
        Real p = beta_fraction(a, b, x, y);
        if (p > 1) p = 1;
        return (Tails){ p, 1 - p };
    }
    Real q = beta_fraction(b, a, y, x);
    if (q > 1) q = 1;
    return (Tails){ 1 - q, q };
}

/* ---- normal */
double normal_cdf(double x) { return (double)(0.5L * erfcl(-(Real)x * SQRT_1_2)); }
double normal_sf(double x) { return (double)(0.5L * erfcl((Real)x * SQRT_1_2)); }
double normal_pdf(double x) { return (double)expl(-0.5L * (Real)x * x - LN_SQRT_2PI); }
double normal_two_sided_p(double z) { return (double)erfcl(fabsl((Real)z) * SQRT_1_2); }

double normal_quantile(double p)
{
    if (isnan(p) || p < 0 || p > 1) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    if (p == 0.5) return 0;
    /* The tail that holds p, from Abramowitz & Stegun 26.2.23 (4.5e-4), then Newton on the log of the tail, which is
     * nearly a parabola: quadratic from there. */
    Real tail = p < 0.5 ? (Real)p : 1 - (Real)p, s = sqrtl(-2 * logl(tail));
    Real z = s - (2.515517L + s * (0.802853L + s * 0.010328L)) / (1 + s * (1.432788L + s * (0.189269L + s * 0.001308L)));
    for (int i = 0; i < 60; i++) {
        Real q = 0.5L * erfcl(z * SQRT_1_2), density = expl(-0.5L * z * z - LN_SQRT_2PI);
        Real step = q * (logl(q) - logl(tail)) / density;
        z += step;
        if (fabsl(step) <= 1e-18L * fabsl(z)) break;
    }
    return p < 0.5 ? (double)-z : (double)z;
}

/* ---- gamma, chi-square */
double gamma_cdf(double x, double shape)
{
    if (isnan(x) || !(shape > 0) || isinf(shape)) return NAN;
    return (double)gamma_tails(shape, x).lower;
}

double gamma_sf(double x, double shape)
{
    if (isnan(x) || !(shape > 0) || isinf(shape)) return NAN;
    return (double)gamma_tails(shape, x).upper;
}

/* log x with the lower share p: Newton on log x inside a bracket that each step narrows. */
double gamma_quantile(double p, double shape)
{
    if (isnan(p) || p < 0 || p > 1 || !(shape > 0) || isinf(shape)) return NAN;
    if (p == 0) return 0;
    if (p == 1) return INFINITY;
    Real a = shape, target = p, rest = 1 - (Real)p, lo = -11000, hi = 11000, start;
    Real z = normal_quantile(p), w = 1 - 1 / (9 * a) + z / (3 * sqrtl(a));     /* Wilson & Hilferty 1931 */
    if (a > 0.5L && w > 0.1L) start = logl(a) + 3 * logl(w);
    else {
        int s;
        start = (logl(target) + lgammal_r(a + 1, &s)) / a;                     /* first term of the series */
    }
    Real u = fminl(fmaxl(start, lo + 1), hi - 1);
    for (int i = 0; i < 400; i++) {
        Real x = expl(u);
        Tails t = gamma_tails(a, x);
        /* Relative miss in the smaller tail; its sign says on which side the root lies. */
        Real below = p < 0.5 ? logl(t.lower) - logl(target) : logl(rest) - logl(t.upper);
        if (below < 0) lo = u; else hi = u;
        Real share = p < 0.5 ? t.lower : t.upper, slope = expl(gamma_log_kernel(a, x)) / share;
        Real next = u - below / slope;
        if (!(next > lo && next < hi)) next = 0.5L * (lo + hi);
        if (fabsl(next - u) <= 1e-18L * fmaxl(1, fabsl(u)) || hi - lo <= 1e-18L * fmaxl(1, fabsl(lo))) { u = next; break; }
        u = next;
    }
    return (double)expl(u);
}

double chisq_cdf(double x, double df) { return gamma_cdf(x / 2, df / 2); }
double chisq_sf(double x, double df) { return df == 1 && x >= 0 ? (double)erfcl(sqrtl((Real)x / 2)) : gamma_sf(x / 2, df / 2); }
double chisq_quantile(double p, double df) { return 2 * gamma_quantile(p, df / 2); }

/* ---- beta, F, t, binomial */
static bool beta_ok(double a, double b)
{
    return a > 0 && b > 0 && !isinf(a) && !isinf(b);
}

double beta_cdf(double x, double a, double b)
{
    if (isnan(x) || !beta_ok(a, b)) return NAN;
    return (double)beta_tails(a, b, x, 1 - (Real)x).lower;
}

double beta_sf(double x, double a, double b)
{
    if (isnan(x) || !beta_ok(a, b)) return NAN;
    return (double)beta_tails(a, b, x, 1 - (Real)x).upper;
}

/* log(x / (1 - x)) with lower share p and upper share q = 1 - p of I_x(a, b). */
static Real beta_logit_quantile(Real p, Real q, Real a, Real b)
{
    Real lo = -11000, hi = 11000, u = logl(a / b);
    int s;
    Real log_b = lgammal_r(a, &s) + lgammal_r(b, &s) - lgammal_r(a + b, &s);
    if (p < 1e-3L) u = fminl(u, (logl(p) + logl(a) + log_b) / a);
    if (q < 1e-3L) u = fmaxl(u, -(logl(q) + logl(b) + log_b) / b);
    bool low = p < q;
    for (int i = 0; i < 500; i++) {
        Real x = 1 / (1 + expl(-u)), y = 1 / (1 + expl(u));
        Tails t = beta_tails(a, b, x, y);
        Real below = low ? logl(t.lower) - logl(p) : logl(q) - logl(t.upper);
        if (below < 0) lo = u; else hi = u;
        Real slope = expl(beta_log_kernel(a, b, x, y)) / (low ? t.lower : t.upper);
        Real next = u - below / slope;
        if (!(next > lo && next < hi)) next = 0.5L * (lo + hi);
        if (fabsl(next - u) <= 1e-18L * fmaxl(1, fabsl(u)) || hi - lo <= 1e-18L * fmaxl(1, fabsl(lo))) { u = next; break; }
        u = next;
    }
    return u;
}

double beta_quantile(double p, double a, double b)
{
    if (isnan(p) || p < 0 || p > 1 || !beta_ok(a, b)) return NAN;
    if (p == 0 || p == 1) return p;
    return (double)(1 / (1 + expl(-beta_logit_quantile(p, 1 - (Real)p, a, b))));
}

/* An F with infinite denominator is a chi-square over its df; both infinite is the constant 1. */
static Tails f_tails(double x, double df1, double df2)
{
    if (!(x > 0)) return (Tails){ 0, 1 };
    if (isinf(x)) return (Tails){ 1, 0 };
    if (isinf(df2)) return gamma_tails((Real)df1 / 2, (Real)df1 * x / 2);
    Real top = (Real)df1 * x, sum = top + df2;
    return beta_tails((Real)df1 / 2, (Real)df2 / 2, top / sum, df2 / sum);
}

double f_cdf(double x, double df1, double df2)
{
    if (isnan(x) || !(df1 > 0) || !(df2 > 0) || isinf(df1)) return NAN;
    return (double)f_tails(x, df1, df2).lower;
}

double f_sf(double x, double df1, double df2)
{
    if (isnan(x) || !(df1 > 0) || !(df2 > 0) || isinf(df1)) return NAN;
    return (double)f_tails(x, df1, df2).upper;
}

double f_quantile(double p, double df1, double df2)
{
    if (isnan(p) || p < 0 || p > 1 || !(df1 > 0) || !(df2 > 0) || isinf(df1)) return NAN;
    if (p == 0) return 0;
    if (p == 1) return INFINITY;
    if (isinf(df2)) return chisq_quantile(p, df1) / df1;
    Real u = beta_logit_quantile(p, 1 - (Real)p, (Real)df1 / 2, (Real)df2 / 2);
    return (double)((Real)df2 / df1 * expl(u));
}

/* Above this t is normal to double precision in the range where it is not 0. */
#define T_DF_NORMAL 1e14

/* P(T > t) for t >= 0. */
static Real t_upper(Real t, Real df)
{
    Real t2 = t * t, sum = df + t2;
    if (isinf(t)) return 0;
    return 0.5L * beta_tails(df / 2, 0.5L, df / sum, t2 / sum).lower;
}

double t_sf(double x, double df)
{
    if (isnan(x) || !(df > 0)) return NAN;
    if (df > T_DF_NORMAL) return normal_sf(x);
    return x >= 0 ? (double)t_upper(x, df) : (double)(1 - t_upper(-(Real)x, df));
}

double t_cdf(double x, double df) { return t_sf(-x, df); }

double t_two_sided_p(double t, double df)
{
    if (isnan(t) || !(df > 0)) return NAN;
    if (df > T_DF_NORMAL) return normal_two_sided_p(t);
    return (double)(2 * t_upper(fabsl((Real)t), df));
}

double t_quantile(double p, double df)
{
    if (isnan(p) || p < 0 || p > 1 || !(df > 0)) return NAN;
    if (p == 0.5) return 0;
    if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
    if (df > T_DF_NORMAL) return normal_quantile(p);
    Real tail = p < 0.5 ? (Real)p : 1 - (Real)p;
    Real u = beta_logit_quantile(2 * tail, 1 - 2 * tail, (Real)df / 2, 0.5L);
    Real t = sqrtl((Real)df) * expl(-u / 2);
    return p < 0.5 ? (double)-t : (double)t;
}

double binomial_pmf(double k, double n, double p)
{
    if (isnan(k) || isnan(n) || !(p >= 0 && p <= 1) || n < 0 || floor(n) != n) return NAN;
    if (k < 0 || k > n || floor(k) != k) return 0;
    if (p == 0) return k == 0;
    if (p == 1) return k == n;
    Real q = 1 - (Real)p;
    if (k == 0) return (double)expl((Real)n * log1pl(-(Real)p));
    if (k == n) return (double)expl((Real)n * logl(p));
    /* x^a y^b / B(a, b) with a = k, b = n - k, times (n / (a b)). */
    return (double)expl(beta_log_kernel(k, (Real)n - k, p, q) + logl(n) - logl(k) - logl((Real)n - k));
}

double binomial_cdf(double k, double n, double p)
{
    if (isnan(k) || isnan(n) || !(p >= 0 && p <= 1) || n < 0 || floor(n) != n) return NAN;
    k = floor(k);
    if (k < 0) return 0;
    if (k >= n) return 1;
    return (double)beta_tails((Real)n - k, (Real)k + 1, 1 - (Real)p, p).lower;
}
