/* stats/ibs.c: the integrated Brier score of a proportional-hazards model. */
#include "stats/ibs.h"

#include <math.h>
#include <string.h>

#include "core/lanes.h"
#include "core/lanes_exp.h"
#include "core/order.h"
#include "core/rng.h"
#include "core/sum.h"

/* Survival exp(-H e^v) as a function of v is analytic and within [-1, 1] in the strip |Im v| < pi/2. On a piece of width 1.5 interpolation in 24
 * Chebyshev points converges with the ellipse that just fits into it, 4.4^-24 = 3e-16; so it does for its square and that of the risk. */
enum { NODES = 24 };
static const double WIDTH = 1.5;

typedef struct {
    Arena arena;
    double node[NODES], bary[NODES];      /* on [-1, 1] */
    size_t n_pieces;
    double *centre;                       /* [pieces] */
    size_t *stratum;                      /* [pieces] a piece holds rows of one stratum */
    double *theta;                        /* [pieces][NODES] exp(v) at the nodes */
    double *sums;                         /* [pieces][NODES] weights of rows, each shared out over the nodes of its piece */
    size_t *piece;                        /* [n] of each row */
} Interpolation;

static Rc interpolation_init(Interpolation *q, const double *lp, const int *stratum, size_t n, Err *e)
{
    Rc rc = OK;
    Arena *a = &q->arena;
    size_t *order = ARENA_ROOM(a, n + 1, size_t);
    q->piece = ARENA_ROOM(a, n + 1, size_t);
    q->centre = ARENA_ROOM(a, n + 1, double);
    q->stratum = ARENA_ROOM(a, n + 1, size_t);
    if (!order || !q->piece || !q->centre || !q->stratum) { rc = err_nomem(e); goto out; }
    order_start(order, n);
    TRY(order_by(order, lp, n, e));
    if (stratum) TRY(order_by_codes(order, stratum, n, e));
    for (size_t k = 0; k < n; k++) {
        const double v = lp[order[k]];
        const size_t s = stratum ? (size_t)stratum[order[k]] : 0, last = q->n_pieces - 1;
        if (q->n_pieces == 0 || s != q->stratum[last] || v > q->centre[last] + WIDTH / 2) {
            q->stratum[q->n_pieces] = s;
            q->centre[q->n_pieces++] = v + WIDTH / 2;
        }
        q->piece[order[k]] = q->n_pieces - 1;
    }
    q->theta = ARENA_ROOM(a, q->n_pieces * NODES + 1, double);
    q->sums = ARENA_ROOM(a, q->n_pieces * NODES + 1, double);
    if (!q->theta || !q->sums) { rc = err_nomem(e); goto out; }
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

/* sums += weight times the value at u of each node's polynomial (barycentric formula). */
static FOR_EACH_WIDTH void share_out(double *sums, const Interpolation *q, double u, double weight)
{
    double share[NODES], total = 0;
    for (int k = 0; k < NODES; k++)
        if (u == q->node[k]) { sums[k] += weight; return; }
    for (int k = 0; k < NODES; k += LANES) lanes_put(share + k, lanes_at(q->bary + k) / (u - lanes_at(q->node + k)));
    for (int k = 0; k < NODES; k++) total += share[k];
    for (int k = 0; k < NODES; k += LANES) lanes_put(sums + k, lanes_at(sums + k) + lanes_at(share + k) * (weight / total));
}

/* Sum over rows of the squared risk (of who is beyond the time) or the squared survival (of who has had the event); H by stratum. */
static FOR_EACH_WIDTH double squares(const Interpolation *q, const double *H, bool beyond)
{
    Lanes sum = lanes_all(0);
    for (size_t p = 0; p < q->n_pieces; p++) {
        const double h = -H[q->stratum[p]];
        for (size_t k = p * NODES; k < (p + 1) * NODES; k += LANES) {
            const Lanes s = lanes_exp(h * lanes_at(q->theta + k)), x = beyond ? 1 - s : s;
            sum += lanes_at(q->sums + k) * (x * x);
        }
    }
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

Rc ipcw_integrated_brier(double *model, double *null, const Ipcw *w, const double *lp, const int *stratum, size_t n_strata, const double *cumhaz,
                         const double *null_risk, double tau, Err *e)
{
    Rc rc = OK;
    const size_t n = w->n;
    size_t points = 0;
    Interpolation q = { .n_pieces = 0 };
    Sum area[2] = { { 0, 0 }, { 0, 0 } }, weights = { 0, 0 };
    double *score = NULL;
    while (points < w->n_times && w->at[points] < tau) points++;
    TRY(interpolation_init(&q, lp, stratum, n, e));
    score = ARENA_ROOM(&q.arena, points + 1, double);
    if (!score) { rc = err_nomem(e); goto out; }
    /* Those beyond each time join from the end, those with an event by then from the start: sums only grow. */
    memset(q.sums, 0, q.n_pieces * NODES * sizeof *q.sums);
    for (size_t k = w->n_times; k-- > 0;) {
        if (k < points) score[k] = w->first[k + 1] < n ? squares(&q, cumhaz + k * n_strata, true) / w->G_after[k] : 0;
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) {
            const size_t row = w->order[i], p = q.piece[row];
            share_out(q.sums + p * NODES, &q, (lp[row] - q.centre[p]) / (WIDTH / 2), w->weight ? w->weight[row] : 1);
        }
    }
    memset(q.sums, 0, q.n_pieces * NODES * sizeof *q.sums);
    for (size_t k = 0; k < points; k++) {
        for (size_t i = w->first[k]; i < w->first[k + 1]; i++) {
            const size_t row = w->order[i], p = q.piece[row];
            if (!w->state[row]) continue;
            const double weight = (w->weight ? w->weight[row] : 1) / w->G_before[row];
            share_out(q.sums + p * NODES, &q, (lp[row] - q.centre[p]) / (WIDTH / 2), weight);
            sum_add(&weights, weight);
        }
        const double r = null_risk[k], until = k + 1 < points ? w->at[k + 1] : tau, wide = (until - w->at[k]) / w->total;
        const double beyond = k + 1 < w->n_times ? w->at_risk[k + 1] : 0;
        sum_add(&area[0], wide * (score[k] + squares(&q, cumhaz + k * n_strata, false)));
        sum_add(&area[1], wide * ((beyond > 0 ? beyond * r * r / w->G_after[k] : 0) + (1 - r) * (1 - r) * sum_value(&weights)));
    }
    *model = sum_value(&area[0]) / tau;
    *null = sum_value(&area[1]) / tau;
out:
    arena_free(&q.arena);
    return rc;
}
