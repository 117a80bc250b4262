/* stats/logistic_median.c: median bias reduction (Kenne Pagui, Salvan and Sartori 2017). */
#include <math.h>
#include <string.h>

#include "stats/linalg.h"
#include "stats/logistic_fit.h"
#include "stats/rows.h"

/* The score plus its median adjustment at beta, in columns that are scaled but not centred: the adjustment is one of each
 * coefficient. */
static bool median_score(double *score, double *info, const double *x, size_t n, size_t p, const double *y, const double *w,
                         const double *offset, const double *beta, double *room)
{
    Err ignored = { 0 };
    double *prob = room, *v = prob + n, *h = v + n, *L = h + n, *inverse = L + p * p, *u = inverse + p * p, *packed = u + p;
    for (size_t i = 0; i < n; i++) {
        double eta = offset ? offset[i] : 0;
        for (size_t j = 0; j < p; j++) eta += x[i * p + j] * beta[j];
        if (!isfinite(eta)) return false;
        prob[i] = 1 / (1 + exp(-eta));
        v[i] = (w ? w[i] : 1) * prob[i] * (1 - prob[i]);
    }
    rows_cross_whole(info, x, v, n, p, packed);
    memcpy(L, info, p * p * sizeof *L);
    if (linalg_cholesky(L, (int)p, &ignored) != OK) return false;
    linalg_cholesky_inverse(inverse, L, (int)p);
    memset(u, 0, p * sizeof *u);
    for (size_t i = 0; i < n; i++) {
        h[i] = 0;
        for (size_t j = 0; j < p; j++) {
            double c = 0;
            for (size_t k = 0; k < p; k++) c += inverse[j * p + k] * x[i * p + k];
            h[i] += c * x[i * p + j];
        }
        h[i] *= v[i];
    }
    for (size_t j = 0; j < p; j++)
        for (size_t i = 0; i < n; i++) {
            double c = 0;
            for (size_t k = 0; k < p; k++) c += inverse[j * p + k] * x[i * p + k];
            /* [inverse]_j'x_i times the i-th diagonal of X K_j X'W times d v'/(6v) - d'/(2d) = -(1 - 2p)/3. */
            u[j] += c * (c * c / inverse[j * p + j] * v[i]) * -(1 - 2 * prob[i]) / 3;
        }
    memset(score, 0, p * sizeof *score);
    for (size_t i = 0; i < n; i++) {
        double c = (w ? w[i] : 1) * (y[i] - prob[i]) + h[i] * (.5 - prob[i]), xu = 0;
        for (size_t j = 0; j < p; j++) xu += x[i * p + j] * u[j];
        c += v[i] * xu;
        for (size_t j = 0; j < p; j++) score[j] += c * x[i * p + j];
    }
    return true;
}

Rc logistic_median(double *beta, const LogisticInput *in, const double *start, int *iterations, Arena *a, Err *e)
{
    enum { ITERATIONS_MAX = 1000 };
    size_t n = in->n, p = (size_t)in->p;
    double *x = ARENA_NEW(a, n * p + ROWS_SPARE, double), *y = ARENA_NEW(a, n + 1, double), *w = in->weight ? ARENA_NEW(a, n + 1, double) : NULL;
    double *offset = in->offset ? ARENA_NEW(a, n + 1, double) : NULL, *scale = ARENA_NEW(a, p + 1, double);
    double *score = ARENA_NEW(a, p + 1, double), *info = ARENA_NEW(a, p * p + 1, double), *L = ARENA_NEW(a, p * p + 1, double);
    double *room = ARENA_NEW(a, 3 * n + 2 * p * p + p + rows_packed(p), double), *step = ARENA_NEW(a, p + 1, double);
    Err ignored = { 0 };
    if (!x || !y || (in->weight && !w) || (in->offset && !offset) || !scale || !score || !info || !L || !room || !step) return err_nomem(e);
    for (size_t j = 0; j < p; j++) {
        double ss = 0;
        for (size_t i = 0; i < n; i++) { double v = in->x[j * n + i]; ss += v * v; }
        scale[j] = ss > 0 ? sqrt(ss / (double)n) : 1;
        beta[j] = start[j] * scale[j];
    }
    for (size_t i = 0; i < n; i++) {
        size_t row = in->order ? in->order[i] : i;
        y[i] = in->y[row];
        if (w) w[i] = in->weight[row];
        if (offset) offset[i] = in->offset[row];
        for (size_t j = 0; j < p; j++) x[i * p + j] = in->x[j * n + row] / scale[j];
    }
    double best = INFINITY;
    int flat = 0;
    for (*iterations = 0; *iterations < ITERATIONS_MAX; ++*iterations) {
        if (!median_score(score, info, x, n, p, y, w, offset, beta, room)) break;
        memcpy(L, info, p * p * sizeof *L);
        if (linalg_cholesky(L, (int)p, &ignored) != OK) break;
        memcpy(step, score, p * sizeof *step);
        linalg_cholesky_solve(L, (int)p, step, 1);
        double decrement = 0;
        for (size_t j = 0; j < p; j++) decrement += step[j] * score[j];
        decrement = sqrt(fmax(decrement, 0));
        if (decrement < best * .9) { best = decrement; flat = 0; }
        else flat++;
        if (decrement < 1e-14 || (flat > 20 && decrement < 1e-11)) {
            for (size_t j = 0; j < p; j++) beta[j] /= scale[j];
            return OK;
        }
        double f = decrement > 2 ? 2 / decrement : 1;       /* no wild first steps */
        for (size_t j = 0; j < p; j++) beta[j] += f * step[j];
    }
    return err_set(e, ERR_ESTIMATE, "the median bias reduction did not come to an end");
}
