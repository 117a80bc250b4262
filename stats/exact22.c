/* stats/exact22.c: exact inference for the 2x2 table. Fay 2010 for the three kinds of limits. */
#include "stats/exact22.h"

#include <math.h>

#include "core/sum.h"
#include "stats/dist.h"

/* Probabilities that differ by less than this share count as equal, as in R's fisher.test. */
static const double EQUAL = 1 + 1e-7;

Rc exact22_new(Exact22 *x, const double cell[4], Arena *a, Err *e)
{
    for (int i = 0; i < 4; i++)
        if (!(cell[i] >= 0 && cell[i] <= 1e6 && cell[i] == floor(cell[i])))
            return err_set(e, ERR_INPUT, "cell %d of the table is %g, expected a whole number from 0 to 1000000", i + 1, cell[i]);
    long A = (long)cell[0], b = (long)cell[1], c = (long)cell[2], d = (long)cell[3];
    *x = (Exact22){ .a = A, .lo = A > d ? A - d : 0, .hi = A + b < A + c ? A + b : A + c };
    size_t n = (size_t)(x->hi - x->lo + 1);
    x->base = ARENA_NEW(a, n, double);
    x->p = ARENA_NEW(a, n, double);
    if (!x->base || !x->p) return err_nomem(e);
    for (long k = x->lo; k <= x->hi; k++)
        x->base[k - x->lo] = log_choose((double)(A + c), (double)k) + log_choose((double)(b + d), (double)(A + b - k));
    return OK;
}

static void distribution(Exact22 *x, double theta)
{
    double top = -INFINITY;
    long n = x->hi - x->lo + 1;
    for (long i = 0; i < n; i++) { x->p[i] = x->base[i] + theta * (double)(x->lo + i); top = fmax(top, x->p[i]); }
    for (long i = 0; i < n; i++) x->p[i] = exp(x->p[i] - top);
    double s = sum_of(x->p, (size_t)n);
    for (long i = 0; i < n; i++) x->p[i] /= s;
}

/* Of the distribution last worked out. */
static double at_least(const Exact22 *x) { return sum_of(x->p + (x->a - x->lo), (size_t)(x->hi - x->a + 1)); }
static double at_most(const Exact22 *x) { return sum_of(x->p, (size_t)(x->a - x->lo + 1)); }
static double here(const Exact22 *x) { return x->p[x->a - x->lo]; }

static double minlike_at(Exact22 *x, double theta)
{
    distribution(x, theta);
    Sum s = { 0 };
    for (long i = 0; i <= x->hi - x->lo; i++) if (x->p[i] <= here(x) * EQUAL) sum_add(&s, x->p[i]);
    return fmin(1, sum_value(&s));
}

/* Blaker 2000: the smaller tail, and as much of the other as does not exceed it. */
static double blaker_at(Exact22 *x, double theta)
{
    distribution(x, theta);
    double up = at_least(x), down = at_most(x), tail = fmin(up, down), best = 0;
    long n = x->hi - x->lo + 1;
    Sum other = { 0 };
    for (long i = 0; i < n; i++) {
        sum_add(&other, up < down ? x->p[i] : x->p[n - 1 - i]);
        if (sum_value(&other) > tail * EQUAL) break;
        best = sum_value(&other);
    }
    return fmin(1, tail + best);
}

double exact22_p_minlike(Exact22 *x) { return minlike_at(x, 0); }
double exact22_p_blaker(Exact22 *x) { return blaker_at(x, 0); }
double exact22_p_greater(Exact22 *x) { distribution(x, 0); return fmin(1, at_least(x)); }
double exact22_p_less(Exact22 *x) { distribution(x, 0); return fmin(1, at_most(x)); }

double exact22_p_mid(Exact22 *x)
{
    distribution(x, 0);
    double half = here(x) / 2;
    return fmin(1, 2 * fmin(at_least(x) - half, at_most(x) - half));
}

/* What is searched for, decreasing in theta where it matters; sought at 0. */
typedef double Goal(Exact22 *x, double theta, double level);

static double mean_less_a(Exact22 *x, double theta, double level)
{
    (void)level;
    distribution(x, theta);
    Sum s = { 0 };
    for (long i = 0; i <= x->hi - x->lo; i++) sum_add(&s, x->p[i] * (double)(x->lo + i));
    return (double)x->a - sum_value(&s);
}
static double upper_tail(Exact22 *x, double theta, double level) { distribution(x, theta); return level - at_least(x); }
static double lower_tail(Exact22 *x, double theta, double level) { distribution(x, theta); return at_most(x) - level; }
static double upper_mid(Exact22 *x, double theta, double level) { distribution(x, theta); return level - at_least(x) + here(x) / 2; }
static double lower_mid(Exact22 *x, double theta, double level) { distribution(x, theta); return at_most(x) - here(x) / 2 - level; }

/* e^theta where the goal passes from positive to not, by halving down to the last bit. */
static double crossing(Exact22 *x, Goal *goal, double level)
{
    double left = -100, right = 100;
    for (int i = 0; i < 200 && right - left > 1e-16 * fabs(left + right); i++) {
        double middle = (left + right) / 2;
        if (goal(x, middle, level) > 0) left = middle;
        else right = middle;
    }
    return exp((left + right) / 2);
}

double exact22_odds_ratio(Exact22 *x)
{
    if (x->lo == x->hi) return NAN;
    return x->a == x->lo ? 0 : x->a == x->hi ? INFINITY : crossing(x, mean_less_a, 0);
}

Interval exact22_central(Exact22 *x, double alpha)
{
    return (Interval){ x->a == x->lo ? 0 : crossing(x, upper_tail, alpha / 2), x->a == x->hi ? INFINITY : crossing(x, lower_tail, alpha / 2) };
}

Interval exact22_central_mid(Exact22 *x, double alpha)
{
    return (Interval){ x->a == x->lo ? 0 : crossing(x, upper_mid, alpha / 2), x->a == x->hi ? INFINITY : crossing(x, lower_mid, alpha / 2) };
}

/* The p-value as a function of theta jumps and has gaps, so the outermost theta that is not rejected is looked for on a grid and
 * then by halving. sign -1: lower limit. */
static double outermost(Exact22 *x, double (*p)(Exact22 *, double), double alpha, double centre, int sign, double reach, int points)
{
    int last = -1;
    for (int i = 0; i <= points; i++) if (p(x, centre + sign * reach * i / points) > alpha) last = i;
    if (last < 0) return NAN;
    if (last == points) return sign < 0 ? 0 : INFINITY;
    double in = reach * last / points, out = reach * (last + 1) / points;
    for (int i = 0; i < 60; i++) {
        double middle = (in + out) / 2;
        if (p(x, centre + sign * middle) > alpha) in = middle;
        else out = middle;
    }
    return exp(centre + sign * (in + out) / 2);
}

static Interval by_inversion(Exact22 *x, double (*p)(Exact22 *, double), double alpha)
{
    if (x->lo == x->hi) return (Interval){ 0, INFINITY };
    /* At an end of the support the estimate is no centre: look from far on its side. */
    if (x->a == x->lo) return (Interval){ 0, outermost(x, p, alpha, -30, 1, 60, 15000) };
    if (x->a == x->hi) return (Interval){ outermost(x, p, alpha, 30, -1, 60, 15000), INFINITY };
    double centre = log(exact22_odds_ratio(x));
    return (Interval){ outermost(x, p, alpha, centre, -1, 12, 3000), outermost(x, p, alpha, centre, 1, 12, 3000) };
}

Interval exact22_minlike(Exact22 *x, double alpha) { return by_inversion(x, minlike_at, alpha); }
Interval exact22_blaker(Exact22 *x, double alpha) { return by_inversion(x, blaker_at, alpha); }

Interval proportion_clopper_pearson(double k, double n, double alpha)
{
    return (Interval){ k > 0 ? beta_quantile(alpha / 2, k, n - k + 1) : 0, k < n ? beta_quantile(1 - alpha / 2, k + 1, n - k) : 1 };
}

static double wilson_side(double share, double n, double z, int sign)
{
    double h = z * z / (2 * n);
    return (share + h + sign * z * sqrt(share * (1 - share) / n + h / (2 * n))) / (1 + 2 * h);
}

Interval proportion_wilson(double k, double n, double alpha)
{
    double z = normal_quantile(1 - alpha / 2);
    return (Interval){ k > 0 ? wilson_side(k / n, n, z, -1) : 0, k < n ? wilson_side(k / n, n, z, 1) : 1 };
}

Interval proportion_wilson_cc(double k, double n, double alpha)
{
    double z = normal_quantile(1 - alpha / 2), shift = fmin(0.5, fabs(k - n / 2)) / n, lo = k / n - shift, hi = k / n + shift;
    return (Interval){ lo <= 0 ? 0 : wilson_side(lo, n, z, -1), hi >= 1 ? 1 : wilson_side(hi, n, z, 1) };
}
