/* stats/path_factor.c: a Cholesky factor whose matrix gains and loses rows (Golub & Van Loan 2013, 6.5). */
#include "stats/path_factor.h"

#include <math.h>
#include <string.h>

#include "core/lanes.h"

static const double LEAST_PIVOT = 1e-10;

/* y[i] -= s x[i] */
static FOR_EACH_WIDTH void take_away(double *y, const double *x, double s, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) lanes_put(y + i, lanes_at(y + i) - lanes_all(s) * lanes_at(x + i));
    for (; i < n; i++) y[i] -= s * x[i];
}

static FOR_EACH_WIDTH double dot(const double *x, const double *y, size_t n)
{
    Lanes s = { 0 };
    double rest = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) s += lanes_at(x + i) * lanes_at(y + i);
    for (; i < n; i++) rest += x[i] * y[i];
    return (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))) + rest;
}

Rc path_factor_room(PathFactor *f, size_t m, Arena *a, Err *e)
{
    if (m <= f->room) return OK;
    const size_t room = m < 2 * f->room ? 2 * f->room : m < 32 ? 32 : m;
    double *L = ARENA_NEW(a, room * room, double), *work = ARENA_NEW(a, room, double);
    if (!L || !work) return err_nomem(e);
    for (size_t j = 0; j < f->m; j++) memcpy(L + j * room + j, f->L + j * f->room + j, (f->m - j) * sizeof *L);
    f->L = L;
    f->work = work;
    f->room = room;
    return OK;
}

/* Column by column, each less the products with those before it. */
void path_factor_whole(PathFactor *f, size_t m)
{
    f->m = m;
    for (size_t j = 0; j < m; j++) {
        double *c = f->L + j * f->room;
        const double least = LEAST_PIVOT * c[j];
        for (size_t k = 0; k < j; k++) take_away(c + j, f->L + k * f->room + j, f->L[k * f->room + j], m - j);
        const double d = sqrt(fmax(fmax(c[j], least), 1e-300));
        for (size_t i = j; i < m; i++) c[i] /= d;
        c[j] = d;
    }
}

/* b := L^-1 b, L^-T b */
static void forward(const PathFactor *f, double *b)
{
    for (size_t j = 0; j < f->m; j++) {
        const double *c = f->L + j * f->room;
        b[j] /= c[j];
        take_away(b + j + 1, c + j + 1, b[j], f->m - j - 1);
    }
}

static void backward(const PathFactor *f, double *b)
{
    for (size_t j = f->m; j-- > 0;) {
        const double *c = f->L + j * f->room;
        b[j] = (b[j] - dot(c + j + 1, b + j + 1, f->m - j - 1)) / c[j];
    }
}

void path_factor_append(PathFactor *f, double *h)
{
    const size_t m = f->m;
    const double least = LEAST_PIVOT * h[m];
    forward(f, h);
    for (size_t j = 0; j < m; j++) f->L[j * f->room + m] = h[j];
    f->L[m * f->room + m] = sqrt(fmax(fmax(h[m] - dot(h, h, m), least), 1e-300));
    f->m++;
}

/* What the row had explained of those behind it goes back to them: their factor of A becomes that of A + vv'. */
static FOR_EACH_WIDTH void rotate(double *L, double *v, double c, double s, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const Lanes l = (lanes_at(L + i) + s * lanes_at(v + i)) / c;
        lanes_put(v + i, c * lanes_at(v + i) - s * l);
        lanes_put(L + i, l);
    }
    for (; i < n; i++) {
        L[i] = (L[i] + s * v[i]) / c;
        v[i] = c * v[i] - s * L[i];
    }
}

void path_factor_remove(PathFactor *f, size_t k)
{
    const size_t m = f->m, room = f->room, behind = m - k - 1;
    double *v = f->work;
    memcpy(v, f->L + k * room + k + 1, behind * sizeof *v);
    for (size_t j = 0; j < k; j++) memmove(f->L + j * room + k, f->L + j * room + k + 1, behind * sizeof *v);
    for (size_t j = 0; j < behind; j++) {
        const size_t rest = behind - j;
        double *c = f->L + (k + j) * room + k + j;
        memmove(c, f->L + (k + j + 1) * room + k + j + 1, rest * sizeof *v);
        const double d = sqrt(c[0] * c[0] + v[j] * v[j]), cosine = d / c[0], sine = v[j] / c[0];
        c[0] = d;
        rotate(c + 1, v + j + 1, cosine, sine, rest - 1);
    }
    f->m--;
}

void path_factor_solve(const PathFactor *f, double *b)
{
    forward(f, b);
    backward(f, b);
}
