/* stats/logistic_fit.c: the logistic likelihood with and without Firth's penalty. */
#include "stats/logistic_fit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/cross.h"
#include "stats/linalg.h"

static const double CONDITION_PLAIN = 1e3;

/* Columns centred (with an intercept to take it up) and scaled to root mean square 1. */
static void standardise(LogisticData *d, const LogisticInput *in)
{
    size_t n = d->n, p = (size_t)d->p;
    for (size_t j = 0; j < p; j++) {
        const double *x = in->x + j * n;
        double mean = 0, largest = 0, ss = 0;
        bool intercept = in->has_intercept && j == 0;
        if (in->has_intercept && !intercept) {
            Sum s = { 0 };
            for (size_t i = 0; i < n; i++) sum_add(&s, x[d->order[i]]);
            mean = sum_value(&s) / (double)n;
        }
        for (size_t i = 0; i < n; i++) {
            double v = x[d->order[i]] - mean;
            d->x[i * p + j] = v;
            if (fabs(v) > largest) largest = fabs(v);
        }
        double scale = 1;
        if (!intercept && largest > 0) {
            for (size_t i = 0; i < n; i++) { double v = d->x[i * p + j] / largest; ss += v * v; }
            scale = largest * sqrt(ss / (double)n);
        }
        for (size_t i = 0; i < n; i++) d->x[i * p + j] /= scale;
        d->scale[j] = scale;
        d->T[j * p + j] = 1 / scale;
        if (in->has_intercept && !intercept) d->T[j * p] = -mean / scale;
    }
}

static Rc orthogonalise(LogisticData *d, size_t from, Arena *a, Err *e)
{
    size_t n = d->n, p = (size_t)d->p;
    double *gram = ARENA_NEW(a, p * p + 1, double);
    if (!gram) return err_nomem(e);
    linalg_gemm_nt(gram, d->x, d->x, (int)p, (int)p, (int)n, 1 / (double)n, 0);
    if (linalg_scaled_condition(gram, (int)p) < CONDITION_PLAIN) return OK;
    for (size_t j = from; j < p; j++) {
        double *T = d->T + j * p;
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = from; k < j; k++) {
                long double dot = 0;
                for (size_t i = 0; i < n; i++) dot += (long double)d->x[i * p + k] * d->x[i * p + j];
                double c = (double)(dot / (long double)n);
                for (size_t i = 0; i < n; i++) d->x[i * p + j] -= c * d->x[i * p + k];
                for (size_t q = 0; q <= k; q++) T[q] -= c * d->T[k * p + q];
            }
        long double ss = 0;
        for (size_t i = 0; i < n; i++) ss += (long double)d->x[i * p + j] * d->x[i * p + j];
        double length = sqrt((double)(ss / (long double)n));
        if (!(length > 0)) continue;
        for (size_t i = 0; i < n; i++) d->x[i * p + j] /= length;
        for (size_t q = 0; q <= j; q++) T[q] /= length;
    }
    return OK;
}

Rc logistic_data_init(LogisticData *d, const LogisticInput *in, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = in->n, p = (size_t)in->p;
    *d = (LogisticData){ .n = n, .p = in->p, .x = ARENA_NEW(a, n * p + 1, double), .y = ARENA_NEW(a, n + 1, double),
                         .w = in->weight ? ARENA_NEW(a, n + 1, double) : NULL, .offset = in->offset ? ARENA_NEW(a, n + 1, double) : NULL,
                         .order = ARENA_NEW(a, n + 1, size_t), .T = ARENA_NEW(a, p * p + 1, double), .scale = ARENA_NEW(a, p + 1, double),
                         .prob = ARENA_NEW(a, n + 1, double), .v = ARENA_NEW(a, n + 1, double),
                         .scaled = ARENA_NEW(a, CROSS_ROWS * (p + 1), double), .L = ARENA_NEW(a, p * p + p + 1, double) };
    if (!d->x || !d->y || (in->weight && !d->w) || (in->offset && !d->offset) || !d->order || !d->T || !d->scale || !d->prob || !d->v ||
        !d->scaled || !d->L) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t row = in->order ? in->order[i] : i;
        d->order[i] = row;
        d->y[i] = in->y[row];
        if (d->w) d->w[i] = in->weight[row];
        if (d->offset) d->offset[i] = in->offset[row];
    }
    standardise(d, in);
    if (p > 1) TRY(orthogonalise(d, in->has_intercept, a, e));
    for (size_t j = 0; j < p; j++) d->log_det += log(fabs(d->T[j * p + j]));
out:
    return rc;
}

void logistic_to_columns(double *beta, const LogisticData *d, const double *g)
{
    int p = d->p;
    for (int i = 0; i < p; i++) {
        long double s = 0;
        for (int j = i; j < p; j++) s += (long double)d->T[j * p + i] * g[j];
        beta[i] = (double)s;
    }
}

void logistic_vcov_to_columns(double *v, const LogisticData *d, const double *vg)
{
    int p = d->p;
    for (int i = 0; i < p; i++)
        for (int k = 0; k <= i; k++) {
            long double s = 0;
            for (int j = i; j < p; j++)
                for (int q = k; q < p; q++) s += (long double)d->T[j * p + i] * vg[q * p + j] * d->T[q * p + k];
            v[k * p + i] = v[i * p + k] = (double)s;
        }
}

bool logistic_evaluate(void *context, const double *g, double *value, double *score, double *info)
{
    LogisticData *d = context;
    size_t n = d->n, p = (size_t)d->p;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double eta = d->offset ? d->offset[i] : 0, w = d->w ? d->w[i] : 1;
        const double *x = d->x + i * p;
        for (size_t j = 0; j < p; j++) eta += x[j] * g[j];
        double t = exp(-fabs(eta)), small = t / (1 + t);          /* the smaller of p and 1 - p, to full precision */
        d->prob[i] = eta > 0 ? 1 - small : small;
        sum += w * ((d->y[i] > 0 ? fmin(eta, 0) : fmin(-eta, 0)) - log1p(t));
        d->v[i] = w * small * (1 - small);
        if (!isfinite(eta)) return false;
    }
    *value = sum;
    cross_weighted(info, d->x, d->v, n, p, d->scaled);
    memset(score, 0, p * sizeof *score);
    if (d->firth) {
        Err ignored = { 0 };
        double *L = d->L, *z = d->L + p * p;
        memcpy(L, info, p * p * sizeof *L);
        if (linalg_cholesky(L, (int)p, &ignored) != OK) return false;
        *value += linalg_cholesky_logdet(L, (int)p) / 2 - d->log_det;
        for (size_t i = 0; i < n; i++) {
            const double *x = d->x + i * p;
            double h = 0;                                          /* hat value: v x'I^-1 x by forward substitution */
            for (size_t j = 0; j < p; j++) {
                double s = x[j];
                for (size_t k = 0; k < j; k++) s -= L[k * p + j] * z[k];
                z[j] = s / L[j * p + j];
                h += z[j] * z[j];
            }
            h *= d->v[i];
            double c = (d->w ? d->w[i] : 1) * (d->y[i] - d->prob[i]) + h * (.5 - d->prob[i]);
            for (size_t j = 0; j < p; j++) score[j] += c * x[j];
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            const double *x = d->x + i * p;
            double c = (d->w ? d->w[i] : 1) * (d->y[i] - d->prob[i]);
            for (size_t j = 0; j < p; j++) score[j] += c * x[j];
        }
    }
    return isfinite(*value);
}

static double largest_score(const LogisticData *d, const double *score, const double *vg, double *u)
{
    int p = d->p;
    double largest = 0;
    for (int j = 0; j < p; j++) {
        double s = score[j];
        for (int k = 0; k < j; k++) s -= d->T[j * p + k] * u[k];
        u[j] = s / d->T[j * p + j];
    }
    for (int i = 0; i < p; i++) {
        double v = 0;
        for (int j = i; j < p; j++) for (int q = i; q < p; q++) v += d->T[j * p + i] * vg[q * p + j] * d->T[q * p + i];
        largest = fmax(largest, fabs(u[i]) * sqrt(fmax(v, 0)));
    }
    return largest;
}

Rc logistic_maximise(LogisticMaximum *m, LogisticData *d, const double *start, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t p = (size_t)d->p;
    LikelihoodPoint at = { 0 };
    Likelihood l = { d->p, d, logistic_evaluate, !d->firth };
    double *score = ARENA_NEW(a, p + 1, double), *info = ARENA_NEW(a, p * p + 1, double), *u = ARENA_NEW(a, p + 1, double), value;
    *m = (LogisticMaximum){ .g = ARENA_NEW(a, p + 1, double), .beta = ARENA_NEW(a, p + 1, double),
                            .vcov_basis = ARENA_NEW(a, p * p + 1, double), .vcov = ARENA_NEW(a, p * p + 1, double),
                            .max_abs_score = INFINITY };
    if (!score || !info || !u || !m->g || !m->beta || !m->vcov_basis || !m->vcov) return err_nomem(e);
    if (start) memcpy(m->g, start, p * sizeof *start);
    TRY(likelihood_maximise(&at, &l, m->g, NULL, 0, e));
    m->value = at.value;
    m->iterations = at.iterations;
    if (!logistic_evaluate(d, m->g, &value, score, info)) return OK;
    Err ignored = { 0 };
    if (linalg_cholesky(info, (int)p, &ignored) != OK) return OK;
    linalg_cholesky_inverse(m->vcov_basis, info, (int)p);
    m->max_abs_score = largest_score(d, score, m->vcov_basis, u);
    m->converged = at.converged || m->max_abs_score < 1e-10;
    logistic_to_columns(m->beta, d, m->g);
    logistic_vcov_to_columns(m->vcov, d, m->vcov_basis);
    /* The certificate of existence: see cox_fit.c. */
    double decrement = 0, largest = 0, size = 0, trace = 0;
    memcpy(u, score, p * sizeof *u);
    linalg_cholesky_solve(info, (int)p, u, 1);
    for (size_t j = 0; j < p; j++) { decrement += u[j] * score[j]; trace += m->vcov_basis[j * p + j]; }
    for (size_t i = 0; i < d->n; i++) {
        const double *x = d->x + i * p;
        double s = 0;
        for (size_t j = 0; j < p; j++) {
            double c = 0;
            for (size_t k = 0; k < p; k++) c += m->vcov_basis[j * p + k] * x[k];
            s += c * x[j];
            if (fabs(x[j]) > size) size = fabs(x[j]);
        }
        if (s > largest) largest = s;
    }
    decrement = sqrt(fmax(decrement, 0)) + 1e-15 * (double)d->n * size * sqrt(trace);
    m->certified = m->converged && decrement * sqrt(largest) < .25;
out:
    return rc;
}

/* ---- median bias reduction */

/* The score plus its median adjustment at beta, in columns that are scaled but not centred: the adjustment is one of each
 * coefficient. */
static bool median_score(double *score, double *info, const double *x, size_t n, size_t p, const double *y, const double *w,
                         const double *offset, const double *beta, double *room)
{
    Err ignored = { 0 };
    double *prob = room, *v = prob + n, *h = v + n, *L = h + n, *inverse = L + p * p, *u = inverse + p * p, *scaled = u + p;
    for (size_t i = 0; i < n; i++) {
        double eta = offset ? offset[i] : 0;
        for (size_t j = 0; j < p; j++) eta += x[i * p + j] * beta[j];
        if (!isfinite(eta)) return false;
        prob[i] = 1 / (1 + exp(-eta));
        v[i] = (w ? w[i] : 1) * prob[i] * (1 - prob[i]);
    }
    cross_weighted(info, x, v, n, p, scaled);
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
    double *x = ARENA_NEW(a, n * p + 1, double), *y = ARENA_NEW(a, n + 1, double), *w = in->weight ? ARENA_NEW(a, n + 1, double) : NULL;
    double *offset = in->offset ? ARENA_NEW(a, n + 1, double) : NULL, *scale = ARENA_NEW(a, p + 1, double);
    double *score = ARENA_NEW(a, p + 1, double), *info = ARENA_NEW(a, p * p + 1, double), *L = ARENA_NEW(a, p * p + 1, double);
    double *room = ARENA_NEW(a, 3 * n + 2 * p * p + p + CROSS_ROWS * (p + 1), double), *step = ARENA_NEW(a, p + 1, double);
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
