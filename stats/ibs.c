/* stats/ibs.c: the integrated Brier score of a proportional-hazards model. */
#include "stats/ibs.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/lanes.h"
#include "core/lanes_exp.h"
#include "core/order.h"
#include "core/rng.h"
#include "core/sum.h"

/* Survival exp(-H e^v) as a function of v is analytic and within [-1, 1] in the strip |Im v| < pi/2. On a piece of width 1.5 interpolation in 24
 * Chebyshev points converges with the ellipse that just fits into it, 4.4^-24 = 3e-16; so it does for its square and that of the risk, and for
 * sums of them over times. */
enum { NODES = 24 };
static const double WIDTH = 1.5;

/* Pieces hold rows of one stratum; by row in the order of w: its piece, and where in it, on [-1, 1]. */
typedef struct {
    Arena arena;
    double node[NODES], bary[NODES];      /* on [-1, 1] */
    size_t n_pieces;
    double *centre;                       /* [pieces] */
    size_t *stratum;                      /* [pieces] */
    double *theta;                        /* [pieces][NODES] exp(v) at the nodes */
    double *risk2, *survival2;            /* [pieces][NODES] squares at the present time */
    double *beyond, *after;               /* [pieces][NODES] sums over the times so far: of squared risks by their weight, of squared survival */
    double *events;                       /* [pieces][NODES] weights of rows with an event, each shared out over the nodes of its piece */
    uint32_t *piece;                      /* [n] */
    double *u;                            /* [n] */
} Interpolation;

/* Pieces from sorted predictors, each from the first one that the last does not reach. */
static Rc pieces(Interpolation *q, const Ipcw *w, const double *lp, const int *stratum, Err *e)
{
    Rc rc = OK;
    const size_t n = w->n;
    Arena scratch = { 0 };
    size_t *order = ARENA_ROOM(&scratch, n + 1, size_t);
    double *v = q->u;
    int *s = stratum ? ARENA_ROOM(&scratch, n + 1, int) : NULL;
    if (!order || (stratum && !s)) { rc = err_nomem(e); goto out; }
    for (size_t k = 0; k < n; k++) v[k] = lp[w->order[k]];
    for (size_t k = 0; stratum && k < n; k++) s[k] = stratum[w->order[k]];
    order_start(order, n);
    TRY(order_by(order, v, n, e));
    if (stratum) TRY(order_by_codes(order, s, n, e));
    for (size_t i = 0; i < n; i++) {
        const size_t k = order[i], own = stratum ? (size_t)s[k] : 0, last = q->n_pieces - 1;
        if (q->n_pieces == 0 || own != q->stratum[last] || v[k] > q->centre[last] + WIDTH / 2) {
            q->stratum[q->n_pieces] = own;
            q->centre[q->n_pieces++] = v[k] + WIDTH / 2;
        }
        q->piece[k] = (uint32_t)(q->n_pieces - 1);
    }
    for (size_t k = 0; k < n; k++) v[k] = (v[k] - q->centre[q->piece[k]]) / (WIDTH / 2);
out:
    arena_free(&scratch);
    return rc;
}

static Rc interpolation_init(Interpolation *q, const Ipcw *w, const double *lp, const int *stratum, Err *e)
{
    Rc rc = OK;
    Arena *a = &q->arena;
    const size_t n = w->n;
    q->piece = ARENA_ROOM(a, n + 1, uint32_t);
    q->u = ARENA_ROOM(a, n + 1, double);
    q->centre = ARENA_ROOM(a, n + 1, double);
    q->stratum = ARENA_ROOM(a, n + 1, size_t);
    if (!q->piece || !q->u || !q->centre || !q->stratum) { rc = err_nomem(e); goto out; }
    TRY(pieces(q, w, lp, stratum, e));
    const size_t nodes = q->n_pieces * NODES;
    q->theta = ARENA_ROOM(a, 6 * nodes + 1, double);
    if (!q->theta) { rc = err_nomem(e); goto out; }
    q->risk2 = q->theta + nodes;
    q->survival2 = q->risk2 + nodes;
    q->beyond = q->survival2 + nodes;
    q->after = q->beyond + nodes;
    q->events = q->after + nodes;
    memset(q->risk2, 0, 5 * nodes * sizeof *q->risk2);
    for (int k = 0; k < NODES; k++) {
        const double angle = acos(-1) * (2 * k + 1) / (2 * NODES);
        q->node[k] = det_cos(angle);
        q->bary[k] = (k % 2 ? -1 : 1) * det_sin(angle);
    }
    for (size_t p = 0; p < q->n_pieces; p++)
        for (int k = 0; k < NODES; k++) q->theta[p * NODES + (size_t)k] = det_exp(fmin(q->centre[p] + WIDTH / 2 * q->node[k], 700));
out:
    return rc;
}

static inline __attribute__((always_inline)) double lanes_total(Lanes x)
{
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* What one row is charged with, own (beyond - inverse after) between the nodes of its piece (barycentric formula); its weight as an event goes
 * to the nodes. */
static inline __attribute__((always_inline)) double charge(Interpolation *q, size_t k, double own, double inverse)
{
    enum { PARTS = NODES / LANES };
    const size_t from = q->piece[k] * (size_t)NODES;
    const double u = q->u[k], *beyond = q->beyond + from, *after = q->after + from;
    double *events = q->events + from;
    Lanes share[PARTS], total = lanes_all(0), sum = total;
    for (int j = 0; j < PARTS; j++) {
        share[j] = lanes_at(q->bary + LANES * j) / (u - lanes_at(q->node + LANES * j));
        total += share[j];
        sum += share[j] * (lanes_at(beyond + LANES * j) - inverse * lanes_at(after + LANES * j));
    }
    const double all = lanes_total(total), part = own * inverse / all;
    if (!(fabs(all) <= DBL_MAX))      /* at a node */
        for (int j = 0; j < NODES; j++)
            if (u == q->node[j]) { events[j] += own * inverse; return own * (beyond[j] - inverse * after[j]); }
    for (int j = 0; j < PARTS; j++) lanes_put(events + LANES * j, lanes_at(events + LANES * j) + share[j] * part);
    return own * (lanes_total(sum) / all);
}

static inline __attribute__((always_inline)) void squares_at(Interpolation *q, const double *H)
{
    for (size_t p = 0; p < q->n_pieces; p++) {
        const double h = -H[q->stratum[p]];
        for (size_t j = p * NODES; j < (p + 1) * NODES; j += LANES) {
            const Lanes s = lanes_exp(h * lanes_at(q->theta + j));
            lanes_put(q->risk2 + j, (1 - s) * (1 - s));
            lanes_put(q->survival2 + j, s * s);
        }
    }
}

/* Sum over the rows of what each is charged with over the times before tau: as long as it is at risk its squared risk by 1/G(t), from an event on
 * its squared survival by 1/G(T-). Both are sums over times, kept at the nodes and asked for once a row; from its event on is all times less
 * those before. */
static FOR_EACH_WIDTH double charges(Interpolation *q, const Ipcw *w, const double *H, size_t n_strata, size_t points, double tau)
{
    const size_t nodes = q->n_pieces * NODES;
    Sum area = { 0, 0 };
    for (size_t k = 0; k < w->n_times; k++) {
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) {
            const double inverse = w->state_at[i] && k < points ? w->inverse_at[i] : 0;
            sum_add(&area, charge(q, i, w->weight ? w->weight[w->order[i]] : 1, inverse));
        }
        if (k >= points) continue;
        bool same = k > 0;
        for (size_t s = 0; same && s < n_strata; s++) same = H[k * n_strata + s] == H[(k - 1) * n_strata + s];
        if (!same) squares_at(q, H + k * n_strata);
        const double wide = (k + 1 < points ? w->at[k + 1] : tau) - w->at[k], weight = w->first[k + 1] < w->n ? wide / w->G_after[k] : 0;
        for (size_t j = 0; j < nodes; j += LANES) {
            lanes_put(q->beyond + j, lanes_at(q->beyond + j) + weight * lanes_at(q->risk2 + j));
            lanes_put(q->after + j, lanes_at(q->after + j) + wide * lanes_at(q->survival2 + j));
        }
    }
    for (size_t j = 0; j < nodes; j++) sum_add(&area, q->events[j] * q->after[j]);
    return sum_value(&area);
}

/* The same with one risk for all at each time. */
static double charges_same(const Ipcw *w, const double *risk, size_t points, double tau)
{
    Sum area = { 0, 0 }, weights = { 0, 0 };
    for (size_t k = 0; k < points; k++) {
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++)
            sum_add(&weights, w->state_at[i] ? (w->weight ? w->weight[w->order[i]] : 1) * w->inverse_at[i] : 0);
        const double r = risk[k], wide = (k + 1 < points ? w->at[k + 1] : tau) - w->at[k], beyond = k + 1 < w->n_times ? w->at_risk[k + 1] : 0;
        sum_add(&area, wide * ((beyond > 0 ? beyond * r * r / w->G_after[k] : 0) + (1 - r) * (1 - r) * sum_value(&weights)));
    }
    return sum_value(&area);
}

Rc ipcw_integrated_brier(double *model, double *null, const Ipcw *w, const double *lp, const int *stratum, size_t n_strata, const double *cumhaz,
                         const double *null_risk, double tau, Err *e)
{
    Rc rc = OK;
    size_t points = 0;
    Interpolation q = { .n_pieces = 0 };
    while (points < w->n_times && w->at[points] < tau) points++;
    TRY(interpolation_init(&q, w, lp, stratum, e));
    *model = charges(&q, w, cumhaz, n_strata, points, tau) / w->total / tau;
    *null = charges_same(w, null_risk, points, tau) / w->total / tau;
out:
    arena_free(&q.arena);
    return rc;
}
