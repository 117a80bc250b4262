/* stats/spline.c: bases of spline terms. */
#include "stats/spline.h"

#include <math.h>

#include "core/sum.h"

enum { FEW_ROWS = 100, FIFTH = 5 };
#define TIED_SHARE 0.05

/* Values in ascending order; cum: how many each of them counts for, summed up, NULL where each is one. */
typedef struct { const double *x, *cum; size_t n; } Values;

/* How many places from i on share the value there. */
static size_t tied(const Values *v, size_t i)
{
    size_t k = i;
    while (k < v->n && v->x[k] == v->x[i]) k++;
    return k - i;
}

static double before(const Values *v, size_t i) { return v->cum && i ? v->cum[i - 1] : 0; }

/* How many there are at the places from … to-1. */
static double count(const Values *v, size_t from, size_t to)
{
    if (to <= from) return 0;
    return v->cum ? v->cum[to - 1] - before(v, from) : (double)(to - from);
}

static double quantile_within(const Values *v, size_t from, size_t to, double p)
{
    return v->cum ? quantile_counted(v->x + from, v->cum + from, before(v, from), to - from, p) : quantile_sorted(v->x + from, to - from, p);
}

/* The k-th of them, from 0. */
static double kth_within(const Values *v, size_t from, size_t to, double k)
{
    return v->cum ? counted_at(v->x + from, v->cum + from, before(v, from), to - from, k) : v->x[from + (size_t)k];
}

/* Harrell's knots as Hmisc's rcspline.eval sets them: quantiles at equal distances between the outer ones; below 100 values
 * the fifth from either end takes the outer one's place; a value at an end that 5 % of the rows share (and none within does)
 * stands aside, the knot is the next one and the rest are quantiles of what lies within. */
Rc rcs_knots(double *knot, int k, const double *sorted, const double *cum, size_t n, Err *e)
{
    const Values v = { sorted, cum, n };
    double outer = k > 6 ? .025 : k > 3 ? .05 : .1, first = NAN, last = NAN, highest = 0, most = 0;
    size_t from = 0, to = n, low_places = n ? tied(&v, 0) : 0, high_places = 0;
    for (size_t i = low_places; i < n; i += high_places) {
        if (highest > most) most = highest;
        high_places = tied(&v, i);
        highest = count(&v, i, i + high_places);
    }
    const double many = TIED_SHARE * count(&v, 0, n);
    int inner = k, at = 0;
    if (most < many && low_places + high_places < n) {
        if (count(&v, 0, low_places) >= many) {
            first = sorted[low_places];
            from = low_places + tied(&v, low_places);
            inner--;
        }
        if (highest >= many) {
            size_t top = n - high_places;
            last = sorted[top - 1];
            for (to = top; to > from && sorted[to - 1] == last; to--) {}
            inner--;
        }
    }
    if (to <= from) return err_set(e, ERR_ESTIMATE, "too few values for %d knots: take fewer", k);
    if (first == first) knot[at++] = first;
    for (int i = 0; i < inner; i++) {
        double low = inner == 1 || inner == 2 ? .5 : outer;
        knot[at + i] = quantile_within(&v, from, to, inner == 1 ? .5 : low + (1 - outer - low) * i / (inner - 1));
    }
    const double within = count(&v, from, to);
    if (inner > 1 && within < FEW_ROWS && within > FIFTH) {
        if (first != first) knot[at] = kth_within(&v, from, to, FIFTH - 1);
        if (last != last) knot[at + inner - 1] = kth_within(&v, from, to, within - FIFTH);
    }
    if (last == last) knot[at + inner] = last;
    for (int i = 1; i < k; i++)           /* with few rows the fifth may lie within */
        for (int q = i; q > 0 && knot[q] < knot[q - 1]; q--) { double swap = knot[q]; knot[q] = knot[q - 1]; knot[q - 1] = swap; }
    for (int i = 1; i < k; i++)
        if (!(knot[i] > knot[i - 1]))
            return err_set(e, ERR_ESTIMATE, "two of the %d knots coincide at %g: take fewer knots", k, knot[i]);
    return OK;
}

static double cube_above(double x) { return x > 0 ? x * x * x : 0; }

void rcs_basis(double *out, double x, const double *knot, int k)
{
    double first = knot[0], last = knot[k - 1], before = knot[k - 2], norm = (last - first) * (last - first);
    out[0] = x;
    for (int j = 0; j < k - 2; j++)
        out[j + 1] = (cube_above(x - knot[j]) - cube_above(x - before) * (last - knot[j]) / (last - before)
                      + cube_above(x - last) * (before - knot[j]) / (last - before)) / norm;
}

int pspline_columns(int n_knots) { return n_knots - 1 + 3 - 1; }

/* Cubic B-splines on equidistant knots: the four pieces that are not zero at a place u (0 … 1) inside an interval, and
 * their slopes by u. */
static void cubic_pieces(double b[4], double slope[4], double u)
{
    double v = 1 - u;
    b[0] = v * v * v / 6;
    b[1] = (3 * u * u * u - 6 * u * u + 4) / 6;
    b[2] = (-3 * u * u * u + 3 * u * u + 3 * u + 1) / 6;
    b[3] = u * u * u / 6;
    slope[0] = -v * v / 2;
    slope[1] = (3 * u * u - 4 * u) / 2;
    slope[2] = (-3 * u * u + 2 * u + 1) / 2;
    slope[3] = u * u / 2;
}

void pspline_basis(double *out, double x, const double *knot, int n_knots)
{
    int intervals = n_knots - 1, all = intervals + 3;
    double low = knot[0], high = knot[n_knots - 1], width = (high - low) / intervals, b[4], slope[4], beyond = 0;
    double inside = x;
    if (x < low) { beyond = x - low; inside = low; }
    if (x > high) { beyond = x - high; inside = high; }
    int i = (int)floor((inside - low) / width);
    if (i < 0) i = 0;
    if (i > intervals - 1) i = intervals - 1;
    cubic_pieces(b, slope, (inside - low) / width - i);
    for (int k = 0; k < all - 1; k++) out[k] = 0;
    for (int k = 0; k < 4; k++)
        if (i + k >= 1) out[i + k - 1] = b[k] + beyond * slope[k] / width;
}
