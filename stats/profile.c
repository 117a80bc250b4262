/* stats/profile.c: Newton's method with one linear constraint, and likelihood-ratio limits. */
#include "stats/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/basis.h"
#include "stats/dist.h"
#include "stats/linalg.h"

enum { ITERATIONS_MAX = 200, HALVINGS_MAX = 40, SEARCH_MAX = 100, SLOW = 12, JUMPS_MAX = 4 };

/* Scores in standard errors at which a maximum is reached; for its value alone, which is off by half their square, less will do. */
static const double REST = 1e-12, REST_FOR_VALUE = 1e-7;
/* A start this near to a maximum, in standard errors, ends in it. */
static const double NEAR = 1e-3;
/* Where steps of the search can no longer be told apart, what the profile is off the drop, relative to it. */
static const double JUMP = 1e-6;
/* With scores of more standard errors left than this, a search that got no further has lost its way, and its value is no maximum. */
static const double LOST = 1e-3;

/* A maximum that is known, with the information there (p x p). */
typedef struct { double *g, *info, value; } Known;

static double dot(const double *a, const double *b, int p)
{
    double s = 0;
    for (int j = 0; j < p; j++) s += a[j] * b[j];
    return s;
}

/* By the information at either end: where it nearly vanishes at one, all places look near from there. */
static bool is_near(const Known *k, const double *g, const double *info, int p)
{
    double there = 0, here = 0;
    for (int j = 0; j < p; j++)
        for (int i = 0; i < p; i++) {
            const double product = (g[i] - k->g[i]) * (g[j] - k->g[j]);
            there += product * k->info[j * p + i];
            here += product * info[j * p + i];
        }
    return there < NEAR * NEAR && here < NEAR * NEAR;
}

/* The negative second derivative of the whole, by differences of the score, into `info`: where the information given is that of the likelihood
 * without its penalty, steps by it may converge slowly. As much of the latter is added as makes it positive definite. L is its Cholesky factor;
 * false where none is found. */
static bool whole_information(double *L, double *whole, const Likelihood *l, const double *g, const double *score, const double *info, double *trial,
                              double *room)
{
    enum { TRIES = 6 };
    const int p = l->p;
    double value, *there = room, *ignored_info = room + p;
    for (int j = 0; j < p; j++) {
        const double h = 1e-5 * (1 + fabs(g[j]));
        memcpy(trial, g, (size_t)p * sizeof *g);
        trial[j] += h;
        if (!l->evaluate(l->context, trial, &value, there, ignored_info)) return false;
        for (int i = 0; i < p; i++) L[j * p + i] = (score[i] - there[i]) / (trial[j] - g[j]);
    }
    for (int j = 0; j < p; j++) for (int i = 0; i < p; i++) whole[j * p + i] = (L[j * p + i] + L[i * p + j]) / 2;
    for (int k = 0; k < TRIES; k++) {
        const double more = k ? ldexp(.25, k) : 0;
        Err ignored = { 0 };
        for (int i = 0; i < p * p; i++) L[i] = whole[i] + more * info[i];
        if (linalg_cholesky(L, p, &ignored) == OK) return true;
    }
    return false;
}

/* Stops at scores of `enough`. `avoid` (NULL: none): on the way to that maximum it stops too, with *same true, where it is near or its next step ends
 * near by what is known before that is taken. `info_at` (NULL: not wanted): the information at the end. */
static Rc maximise(LikelihoodPoint *out, const Likelihood *l, double *g, const double *t, double b, double enough, const Known *avoid, bool *same,
                   double *info_at, Err *e)
{
    Rc rc = OK;
    int p = l->p;
    Arena a = { 0 };
    size_t n = (size_t)p + 1, nn = (size_t)(p * p) + 1;
    double *score = ARENA_NEW(&a, n, double), *info = ARENA_NEW(&a, nn, double), *L = ARENA_NEW(&a, nn, double);
    double *step = ARENA_NEW(&a, n, double), *vt = ARENA_NEW(&a, n, double), *trial = ARENA_NEW(&a, n, double);
    double *new_score = ARENA_NEW(&a, n, double), *new_info = ARENA_NEW(&a, nn, double), *rest = ARENA_NEW(&a, n, double);
    double *v = ARENA_NEW(&a, nn, double), *whole = ARENA_NEW(&a, nn, double), *room = ARENA_NEW(&a, nn + n, double);
    Err ignored = { 0 };
    *out = (LikelihoodPoint){ .value = -INFINITY, .rest = INFINITY };
    if (!score || !info || !L || !step || !vt || !trial || !new_score || !new_info || !rest || !v || !whole || !room) { rc = err_nomem(e); goto out; }
    if (t) {                                        /* onto the constraint first */
        double tt = dot(t, t, p), miss = (b - dot(t, g, p)) / tt;
        for (int j = 0; j < p; j++) g[j] += miss * t[j];
    }
    if (!l->evaluate(l->context, g, &out->value, score, info)) { out->value = -INFINITY; goto out; }
    double least_rest = INFINITY;
    int stuck = 0;
    for (out->iterations = 0; out->iterations < ITERATIONS_MAX; out->iterations++) {
        memcpy(L, info, (size_t)(p * p) * sizeof *L);
        if (linalg_cholesky(L, p, &ignored) != OK) goto out;
        linalg_cholesky_inverse(v, L, p);
        if (!l->concave && out->iterations >= SLOW && !whole_information(L, whole, l, g, score, info, trial, room)) {
            memcpy(L, info, (size_t)(p * p) * sizeof *L);
            if (linalg_cholesky(L, p, &ignored) != OK) goto out;
        }
        memcpy(step, score, (size_t)p * sizeof *step);
        linalg_cholesky_solve(L, p, step, 1);
        out->lambda = 0;
        if (t) {
            memcpy(vt, t, (size_t)p * sizeof *vt);
            linalg_cholesky_solve(L, p, vt, 1);
            double tvt = dot(t, vt, p);
            out->lambda = dot(t, step, p) / tvt;
            for (int j = 0; j < p; j++) step[j] -= out->lambda * vt[j];
            /* What rounding leaves of t'step would take it off the constraint. */
            const double off = dot(t, step, p) / dot(t, t, p);
            for (int j = 0; j < p; j++) step[j] -= off * t[j];
        }
        out->rest = 0;
        for (int j = 0; j < p; j++) {
            rest[j] = score[j] - (t ? out->lambda * t[j] : 0);
            double r = fabs(rest[j]) * sqrt(v[j * p + j]);
            if (r > out->rest) out->rest = r;
        }
        if (out->rest < enough) { out->converged = true; goto out; }
        if (avoid && is_near(avoid, g, info, p)) { *same = true; goto out; }
        /* At round-off the score no longer falls. */
        if (out->rest < least_rest * .5) { least_rest = out->rest; stuck = 0; }
        else if (++stuck > 3 && out->rest < 1e-9) { out->converged = out->rest < 1e-10; goto out; }
        double value = 0;
        bool moved = false;
        for (int half = 0; half < HALVINGS_MAX && !moved; half++) {
            double f = ldexp(1, -half);
            for (int j = 0; j < p; j++) trial[j] = g[j] + f * step[j];
            if (avoid && half == 0 && out->value <= avoid->value && is_near(avoid, trial, info, p)) { *same = true; goto out; }
            moved = l->evaluate(l->context, trial, &value, new_score, new_info) &&
                    value >= out->value - 1e-13 * (1 + fabs(out->value));
        }
        if (!moved) { out->converged = out->rest < 1e-10; goto out; }
        memcpy(g, trial, (size_t)p * sizeof *g);
        memcpy(score, new_score, (size_t)p * sizeof *score);
        memcpy(info, new_info, (size_t)(p * p) * sizeof *info);
        out->value = value;
    }
    out->converged = out->rest < 1e-10;
out:
    if (info_at && info) memcpy(info_at, info, (size_t)(p * p) * sizeof *info);
    arena_free(&a);
    return rc;
}

Rc likelihood_maximise(LikelihoodPoint *out, const Likelihood *l, double *g, const double *t, double b, Err *e)
{
    return maximise(out, l, g, t, b, REST, NULL, NULL, NULL, e);
}

Rc likelihood_maximise_to(LikelihoodPoint *out, const Likelihood *l, double *g, const double *t, double b, double enough, Err *e)
{
    return maximise(out, l, g, t, b, enough, NULL, NULL, NULL, e);
}

/* Room of a search around a known maximum. */
typedef struct { double *trial, *info, *place, *score, *plain_info, *step, *vt; } Around;

static bool around_init(Around *q, int p, Arena *a)
{
    const size_t n = (size_t)p, nn = n * n;
    double *room = ARENA_NEW(a, 5 * n + 2 * nn, double);
    if (room) *q = (Around){ room, room + n, room + n + nn, room + 2 * n + nn, room + 3 * n + nn, room + 3 * n + 2 * nn, room + 4 * n + 2 * nn };
    return room != NULL;
}

/* One step of Newton's method up the likelihood without its penalty, under the constraint, in standard errors at most so long; false where it
 * has arrived or gets nowhere. */
static bool step_up(const Likelihood *l, Around *q, const double *t)
{
    const int p = l->p;
    double value, *L = q->plain_info;
    Err ignored = { 0 };
    if (!l->plain(l->context, q->place, &value, q->score, L) || linalg_cholesky(L, p, &ignored) != OK) return false;
    memcpy(q->step, q->score, (size_t)p * sizeof *q->step);
    memcpy(q->vt, t, (size_t)p * sizeof *q->vt);
    linalg_cholesky_solve(L, p, q->step, 1);
    linalg_cholesky_solve(L, p, q->vt, 1);
    const double lambda = dot(t, q->step, p) / dot(t, q->vt, p);
    double decrement = 0;
    for (int j = 0; j < p; j++) {
        q->step[j] -= lambda * q->vt[j];
        decrement += q->step[j] * q->score[j];
    }
    for (int j = 0; j < p; j++) q->place[j] += q->step[j];
    return decrement > 1e-5;
}

/* Does the start q->trial lead to more than the known maximum? Then that is the known one, and *point. */
static Rc try_start(bool *better, LikelihoodPoint *point, const Likelihood *l, Known *known, const double *t, double b, Around *q, Err *e)
{
    LikelihoodPoint other;
    bool same = false;
    const Rc rc = maximise(&other, l, q->trial, t, b, REST_FOR_VALUE, known, &same, q->info, e);
    if (rc != OK || same || !(other.value > point->value + 1e-9 * (1 + fabs(point->value)))) return rc;
    *better = true;
    *point = other;
    known->value = other.value;
    memcpy(known->g, q->trial, (size_t)l->p * sizeof *q->trial);
    memcpy(known->info, q->info, (size_t)(l->p * l->p) * sizeof *q->info);
    return OK;
}

/* Where several maxima are possible: is one higher than that known at b? From places around: the origin, the estimate, its multiples, the estimate
 * with each other parameter turned round or doubled; and from places on the way up the likelihood without its penalty, which near separation
 * goes far out, where the penalty weighs little against what is gained. */
static Rc look_around(bool *better, LikelihoodPoint *point, const Likelihood *l, Known *known, const double *t, double b, const double *g_hat,
                      Around *q, Err *e)
{
    enum { MULTIPLES = 4, STEPS_UP = 12 };
    Rc rc = OK;
    const int p = l->p;
    *better = false;
    if (l->concave || p == 1) return OK;
    for (int k = -2 - MULTIPLES; k < 2 * p; k++) {
        for (int j = 0; j < p; j++) q->trial[j] = k == -1 ? 0 : k == -2 ? g_hat[j] : k < 0 ? ldexp(g_hat[j], -2 - k) : g_hat[j];
        if (k >= 0) q->trial[k / 2] = k % 2 ? -g_hat[k / 2] : 3 * g_hat[k / 2] + (g_hat[k / 2] < 0 ? -1 : 1);
        TRY(try_start(better, point, l, known, t, b, q, e));
    }
    if (!l->plain) goto out;
    memcpy(q->place, known->g, (size_t)p * sizeof *q->place);
    for (int k = 0; k < STEPS_UP && step_up(l, q, t); k++) {
        memcpy(q->trial, q->place, (size_t)p * sizeof *q->trial);
        TRY(try_start(better, point, l, known, t, b, q, e));
    }
out:
    return rc;
}

Rc likelihood_limit(double *limit, double *edge, const Likelihood *l, const double *g_hat, const double *t, double b_hat, double se, double top,
                    double drop, int side, Err *e)
{
    Rc rc = OK;
    int p = l->p;
    Arena a = { 0 };
    size_t pp = (size_t)(p * p);
    double *g = ARENA_NEW(&a, 2 * (size_t)p, double), *info = ARENA_NEW(&a, pp, double);
    double *g_inside = g ? g + p : NULL;      /* the maximum at the furthest place that is known to be inside: its branch is followed outwards */
    Around around;
    double z = sqrt(drop);
    int n_jumps = 0;
    bool seen = false;             /* was the likelihood evaluated at `outside`? */
    double fall_inside = 0;
    bool everywhere = false;       /* once a start has shown more than the way from the estimate does, all are tried at every step */
    *limit = *edge = NAN;
    if (!g || !info || !around_init(&around, p, &a)) { rc = err_nomem(e); goto out; }
    Known known = { g, info, -INFINITY };
    memcpy(g, g_hat, (size_t)p * sizeof *g);
    memcpy(g_inside, g_hat, (size_t)p * sizeof *g);
    /* inside: the drop is too small there; outside: too large. The root of sqrt(2 fall) - z, nearly linear in b. */
    double inside = b_hat, outside = NAN, b = b_hat + side * z * se, tried = se;
    for (int k = 0; k < SEARCH_MAX; k++) {
        LikelihoodPoint at;
        bool better;
        TRY(maximise(&at, l, g, t, b, REST_FOR_VALUE, NULL, NULL, info, e));
        known.value = at.value;
        if (everywhere) {
            memcpy(around.trial, g_inside, (size_t)p * sizeof *g);
            TRY(try_start(&better, &at, l, &known, t, b, &around, e));
            TRY(look_around(&better, &at, l, &known, t, b, g_hat, &around, e));
        }
        double fall = 2 * (top - at.value), root = sqrt(fmax(fall, 0)), slope, end = NAN;
        if (!isfinite(at.value) || (!l->concave && at.rest > LOST)) {      /* too far out for a start from there: nearer first */
            outside = b;
            seen = false;
            b = (inside + outside) / 2;
            memcpy(g, g_inside, (size_t)p * sizeof *g);
            continue;
        }
        slope = root > 0 ? -at.lambda / root : 0;   /* d root / d b */
        double next = slope * side > 0 ? b - (root - z) / slope : NAN;
        if (fabs(fall - drop) < 1e-13 * drop) end = b;
        else {
            if (fall < drop) {
                inside = b;
                fall_inside = fall;
                memcpy(g_inside, g, (size_t)p * sizeof *g);
            } else {
                outside = b;
                seen = true;
            }
            if (!isnan(outside) && fabs(outside - inside) <= 4e-16 * fabs(b)) end = b;
            else if (!isnan(outside) && fabs(next - b) <= 1e-15 * fabs(b) + 1e-300) end = next;
        }
        if (!isnan(end)) {
            /* The way from the estimate says that this is it. Where another maximum is higher here, the profile has not fallen so far yet. */
            better = false;
            if (!everywhere) TRY(look_around(&better, &at, l, &known, t, b, g_hat, &around, e));
            /* Where it jumps over the drop, what was found outside was a lower maximum than the profile's. */
            const bool jumps = !l->concave && !isnan(outside) && fabs(fall - drop) > JUMP * drop && n_jumps++ < JUMPS_MAX;
            if (!better && !jumps) { *limit = end; goto done; }
            everywhere = true;
            inside = b;
            fall_inside = fall;
            memcpy(g_inside, g, (size_t)p * sizeof *g);
            outside = NAN;
            tried = fabs(b - b_hat) / (4 * z);
            continue;                               /* on from here, up the other one */
        }
        if (isnan(outside)) {
            /* Out, doubling at most; a profile that goes flat never gets there. */
            tried *= 2;
            double most = b_hat + side * z * tried * 4;
            if (isnan(next) || (next - most) * side > 0) next = most;
            if (fabs(next - b_hat) > 1e4 * se * z && fabs(next - b_hat) > 1e4) goto out;
        } else {
            double low = fmin(inside, outside), high = fmax(inside, outside);
            if (!(next > low && next < high)) next = (low + high) / 2;
        }
        b = next;
    }
    *limit = isnan(outside) ? NAN : (inside + outside) / 2;
done:
    if (!isnan(outside) && !seen && drop - fall_inside > JUMP * drop) {       /* not where the profile has fallen, but where it is lost */
        *edge = inside;
        *limit = NAN;
    }
out:
    arena_free(&a);
    return rc;
}

Rc likelihood_limits(double *m, double *edge, const Likelihood *l, const ProfiledFit *fit, double drop, Arena *a, Err *e)
{
    Rc rc = OK;
    const int p = l->p;
    double *t = ARENA_NEW(a, (size_t)p + 1, double);
    if (!t) return err_nomem(e);
    for (int j = 0; j < p; j++) {
        basis_axis(t, fit->T, p, j);
        for (int side = 0; side < 2; side++)
            TRY(likelihood_limit(&m[side * p + j], &edge[side * p + j], l, fit->g, t, fit->beta[j], fit->se[j], fit->top, drop, side ? 1 : -1, e));
    }
out:
    return rc;
}

Rc likelihood_tests(double *p, const Likelihood *l, const ProfiledFit *fit, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = (size_t)l->p;
    double *g = ARENA_NEW(a, n + 1, double), *t = ARENA_NEW(a, n + 1, double);
    if (!g || !t) return err_nomem(e);
    for (int j = 0; j < l->p; j++) {
        LikelihoodPoint warm, cold;
        basis_axis(t, fit->T, l->p, j);
        memcpy(g, fit->g, n * sizeof *g);
        TRY(likelihood_maximise_to(&warm, l, g, t, 0, REST_FOR_VALUE, e));
        memset(g, 0, n * sizeof *g);
        TRY(likelihood_maximise_to(&cold, l, g, t, 0, REST_FOR_VALUE, e));
        p[j] = chisq_sf(fmax(2 * (fit->top - fmax(warm.value, cold.value)), 0), 1);
    }
out:
    return rc;
}

Rc likelihood_limit_of_infinite(double *limit, const Likelihood *l, const double *t, int sign, double unit, double top, double drop, Arena *a, Err *e)
{
    enum { FARTHEST = 700 };
    Rc rc = OK;
    double *g = ARENA_NEW(a, (size_t)l->p + 1, double), edge;
    *limit = NAN;
    if (!g) return err_nomem(e);
    for (double b = unit; b < FARTHEST * unit; b *= 1.5) {
        LikelihoodPoint at;
        TRY(likelihood_maximise(&at, l, g, t, sign * b, e));
        if (!isfinite(at.value)) return OK;
        if (2 * (top - at.value) > drop / 4) continue;
        return likelihood_limit(limit, &edge, l, g, t, sign * b, unit, top, drop, -sign, e);
    }
out:
    return rc;
}
