/* stats/spline.c: bases of spline terms. */
#include "stats/spline.h"

#include <math.h>

#include "core/sum.h"

Rc rcs_knots(double *knot, int k, const double *sorted, size_t n, Err *e)
{
    static const double at[5][7] = {
        { .1, .5, .9 }, { .05, .35, .65, .95 }, { .05, .275, .5, .725, .95 }, { .05, .23, .41, .59, .77, .95 },
        { .025, .1833, .3417, .5, .6583, .8167, .975 } };
    for (int i = 0; i < k; i++) knot[i] = quantile_sorted(sorted, n, at[k - 3][i]);
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
