/* stats/penalised_path.c: elastic-net paths: proximal Newton on the active columns. */
#include "stats/penalised_path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/linalg.h"

/* Largest violation of the optimality conditions that counts as solved, per observation and unit of x. */
static const double KKT_ENOUGH = 1e-11, KKT_LIMIT = 1e-9;
/* A step with an old Hessian that leaves more than this share of the violation is the last with it. */
static const double SHRINKS_WELL = 0.2;
enum { MOST_NEWTON = 200, MOST_SWEEPS = 10000, MOST_ROUNDS = 50 };

/* Rows in order of stratum and falling time; times of one stratum and value are a block. */
struct PathSolver {
    PathProblem p;
    double *x;                   /* own copy, rows in that order */
    double *event, *weight, *offset;
    size_t *block_end;           /* Cox: one past the last row of each block */
    unsigned char *first;        /* [blocks] the stratum begins here */
    unsigned char *any_event;    /* [blocks] */
    double *root;                /* [n] square root of curve */
    size_t n_blocks, n_event_blocks;
    double total;                /* sum of weights */
    double *beta, intercept, lambda;
    double *eta, *u, *curve;     /* [n] linear predictor, score by row, diagonal curvature */
    double *risk, *mean_weight;  /* Cox: r_i; per event block sqrt(d)/S0 */
    double *gradient;            /* [p] of loglik/W */
    unsigned char *active;       /* [p] */
    size_t *list;                /* active columns */
    double *h, *m, *wx, *delta, *q, *ga, *direct;     /* scratch of the active set; grows */
    size_t *at, room;
    size_t *factored, n_factored;        /* columns whose factor lies in `direct`; 0: none */
    Arena *arena;
};

typedef struct { double stratum, time; size_t row; } SortKey;

static int by_stratum_then_late(const void *pa, const void *pb)
{
    const SortKey *a = pa, *b = pb;
    if (a->stratum != b->stratum) return a->stratum < b->stratum ? -1 : 1;
    if (a->time != b->time) return a->time > b->time ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static Rc gather(PathSolver *s, const PathProblem *p, Err *e)
{
    size_t n = p->n;
    SortKey *key = arena_array(s->arena, n, sizeof *key);
    if (!key) return err_nomem(e);
    for (size_t i = 0; i < n; i++) key[i] = (SortKey){ p->stratum ? p->stratum[i] : 0, p->time ? p->time[i] : 0, i };
    if (p->time) qsort(key, n, sizeof *key, by_stratum_then_late);
    for (size_t i = 0; i < n; i++) {
        size_t r = key[i].row;
        s->event[i] = p->event[r];
        s->weight[i] = p->weight ? p->weight[r] : 1;
        s->offset[i] = p->offset ? p->offset[r] : 0;
        for (size_t j = 0; j < p->p; j++) s->x[j * n + i] = p->x[j * n + r];
    }
    s->total = sum_of(s->weight, n);
    if (!p->time) return OK;
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || key[i + 1].time != key[i].time || key[i + 1].stratum != key[i].stratum) {
            size_t from = s->n_blocks ? s->block_end[s->n_blocks - 1] : 0;
            s->first[s->n_blocks] = from == 0 || key[from].stratum != key[from - 1].stratum;
            s->block_end[s->n_blocks++] = i + 1;
            bool any = false;
            for (size_t k = from; k <= i; k++) any = any || (s->event[k] != 0 && s->weight[k] > 0);
            s->any_event[s->n_blocks - 1] = any;
            s->n_event_blocks += any;
        }
    return OK;
}

Rc path_solver_new(PathSolver **out, const PathProblem *p, Arena *a, Err *e)
{
    Rc rc = OK;
    PathSolver *s = ARENA_NEW(a, 1, PathSolver);
    if (!s) return err_nomem(e);
    s->p = *p;
    s->arena = a;
    s->x = ARENA_NEW(a, p->n * p->p, double);
    s->event = ARENA_NEW(a, p->n, double);
    s->weight = ARENA_NEW(a, p->n, double);
    s->offset = ARENA_NEW(a, p->n, double);
    s->block_end = ARENA_NEW(a, p->n, size_t);
    s->first = ARENA_NEW(a, p->n, unsigned char);
    s->any_event = ARENA_NEW(a, p->n, unsigned char);
    s->root = ARENA_NEW(a, p->n, double);
    s->eta = ARENA_NEW(a, p->n, double);
    s->u = ARENA_NEW(a, p->n, double);
    s->curve = ARENA_NEW(a, p->n, double);
    s->risk = ARENA_NEW(a, p->n, double);
    s->mean_weight = ARENA_NEW(a, p->n, double);
    s->beta = ARENA_NEW(a, p->p, double);
    s->gradient = ARENA_NEW(a, p->p, double);
    s->active = ARENA_NEW(a, p->p, unsigned char);
    s->list = ARENA_NEW(a, p->p, size_t);
    if (!s->x || !s->event || !s->weight || !s->offset || !s->block_end || !s->first || !s->any_event || !s->root || !s->eta || !s->u || !s->curve || !s->risk ||
        !s->mean_weight || !s->beta || !s->gradient || !s->active || !s->list) return err_nomem(e);
    TRY(gather(s, p, e));
    path_restart(s);
    *out = s;
out:
    return rc;
}

void path_restart(PathSolver *s)
{
    memset(s->beta, 0, s->p.p * sizeof *s->beta);
    s->intercept = 0;
    s->lambda = INFINITY;
}

static void predictor(PathSolver *s, const double *beta, double intercept)
{
    size_t n = s->p.n;
    for (size_t i = 0; i < n; i++) s->eta[i] = s->offset[i] + intercept;
    for (size_t j = 0; j < s->p.p; j++) {
        const double b = beta[j], *x = s->x + j * n;
        if (b != 0) for (size_t i = 0; i < n; i++) s->eta[i] += b * x[i];
    }
}

/* Log-likelihood at eta; with `derivatives` also the score u_i = d loglik / d eta_i and the diagonal curvature. */
static double logistic_at(PathSolver *s, bool derivatives)
{
    Sum ll = { 0 };
    for (size_t i = 0; i < s->p.n; i++) {
        double eta = s->eta[i], t = exp(-fabs(eta)), pr = eta >= 0 ? 1 / (1 + t) : t / (1 + t);
        sum_add(&ll, s->weight[i] * ((s->event[i] - (eta > 0)) * eta - log1p(t)));
        if (!derivatives) continue;
        s->u[i] = s->weight[i] * (s->event[i] - pr);
        s->curve[i] = s->weight[i] * t / ((1 + t) * (1 + t));
    }
    return sum_value(&ll);
}

static double cox_at(PathSolver *s, bool derivatives)
{
    Sum ll = { 0 };
    double top = -INFINITY, s0 = 0;
    size_t n = s->p.n, event_block = 0;
    for (size_t i = 0; i < n; i++) if (s->eta[i] > top) top = s->eta[i];
    for (size_t i = 0; i < n; i++) s->risk[i] = s->weight[i] * exp(s->eta[i] - top);
    for (size_t b = 0, i = 0; b < s->n_blocks; b++) {
        double d = 0;
        if (s->first[b]) s0 = 0;
        for (size_t k = i; k < s->block_end[b]; k++) {
            s0 += s->risk[k];
            if (s->event[k] == 0 || s->weight[k] == 0) continue;
            d += s->weight[k];
            sum_add(&ll, s->weight[k] * (s->eta[k] - top));
        }
        if (d > 0) {
            sum_add(&ll, -d * log(s0));
            s->mean_weight[event_block] = sqrt(d) / s0;
            event_block++;
        }
        /* Kept for the way back, where the cumulative hazard of later times is known. */
        s->curve[b] = d > 0 ? d / s0 : 0;
        i = s->block_end[b];
    }
    if (!derivatives) return sum_value(&ll);
    /* Rows at risk at t are those with T >= t: hazards of all earlier times add up from the last block to the first. */
    double hazard = 0;
    for (size_t b = s->n_blocks; b-- > 0;) {
        hazard += s->curve[b];
        size_t from = b ? s->block_end[b - 1] : 0;
        for (size_t k = from; k < s->block_end[b]; k++) s->u[k] = hazard;
        if (s->first[b]) hazard = 0;
    }
    for (size_t i = 0; i < n; i++) {
        s->curve[i] = s->risk[i] * s->u[i];
        s->u[i] = s->weight[i] * s->event[i] - s->curve[i];
    }
    return sum_value(&ll);
}

static double loglik_at(PathSolver *s, bool derivatives) { return s->p.time ? cox_at(s, derivatives) : logistic_at(s, derivatives); }

double path_loglik(PathSolver *s, const double *beta, double intercept)
{
    predictor(s, beta, intercept);
    return loglik_at(s, false);
}

double path_saturated(const PathSolver *s)
{
    Sum sat = { 0 };
    for (size_t b = 0, i = 0; s->p.time && b < s->n_blocks; b++) {
        double d = 0;
        for (; i < s->block_end[b]; i++) d += s->event[i] != 0 ? s->weight[i] : 0;
        if (d > 0) sum_add(&sat, -d * log(d));
    }
    return sum_value(&sat);
}

static double column_gradient(const PathSolver *s, size_t j)
{
    const double *x = s->x + j * s->p.n;
    double g[4] = { 0 };
    size_t i = 0;
    for (; i + 4 <= s->p.n; i += 4) for (int k = 0; k < 4; k++) g[k] += x[i + (size_t)k] * s->u[i + (size_t)k];
    for (; i < s->p.n; i++) g[0] += x[i] * s->u[i];
    return ((g[0] + g[1]) + (g[2] + g[3])) / s->total;
}

static void full_gradient(PathSolver *s)
{
    for (size_t j = 0; j < s->p.p; j++) s->gradient[j] = column_gradient(s, j);
}

static double intercept_gradient(const PathSolver *s)
{
    return s->p.time ? 0 : sum_of(s->u, s->p.n) / s->total;
}

/* How far column j is from its optimality condition at gradient g of loglik/W. */
static double violation(const PathSolver *s, size_t j, double g, double lambda)
{
    double b = s->beta[j], f = lambda * s->p.factor[j], l1 = f * s->p.alpha, r = g - f * (1 - s->p.alpha) * b;
    if (b != 0) return fabs(r - (b > 0 ? l1 : -l1));
    return fmax(0, fabs(r) - l1);
}

/* Room for a active columns (the intercept is one of them). */
static Rc make_room(PathSolver *s, size_t a, Err *e)
{
    if (a <= s->room) return OK;
    size_t room = s->room ? 2 * s->room : 32;
    if (room < a) room = a;
    size_t rows = s->n_event_blocks > s->p.n ? s->n_event_blocks : s->p.n;
    s->h = ARENA_NEW(s->arena, room * room, double);
    s->m = ARENA_NEW(s->arena, s->n_event_blocks * room + 1, double);
    s->wx = ARENA_NEW(s->arena, rows * room, double);
    s->delta = ARENA_NEW(s->arena, room, double);
    s->q = ARENA_NEW(s->arena, room, double);
    s->ga = ARENA_NEW(s->arena, room, double);
    s->direct = ARENA_NEW(s->arena, room * (room + 1), double);
    s->at = ARENA_NEW(s->arena, room, size_t);
    s->factored = ARENA_NEW(s->arena, room, size_t);
    s->n_factored = 0;
    if (!s->h || !s->m || !s->wx || !s->delta || !s->q || !s->ga || !s->direct || !s->at || !s->factored) return err_nomem(e);
    s->room = room;
    return OK;
}

/* Negative Hessian of loglik/W in the active columns: X' diag(curve) X, for Cox less the sum of d * mean mean'. */
static void active_hessian(PathSolver *s, size_t a)
{
    size_t n = s->p.n, cols = a - (s->p.time ? 0 : 1);
    s->n_factored = 0;
    for (size_t i = 0; i < n; i++) s->root[i] = sqrt(s->curve[i]);
    for (size_t k = 0; k < cols; k++) {
        const double *x = s->x + s->list[k] * n;
        double *wx = s->wx + k * n;
        for (size_t i = 0; i < n; i++) wx[i] = s->root[i] * x[i];
    }
    if (cols < a) memcpy(s->wx + cols * n, s->root, n * sizeof *s->root);
    linalg_syrk_t(s->h, s->wx, (int)n, (int)a, 0);
    if (s->p.time && s->n_event_blocks) {
        /* Four columns at a time: each sum waits for itself alone. */
        for (size_t k = 0; k < a; k += 4) {
            const double *x[4];
            double *m[4], s1[4] = { 0 };
            for (size_t c = 0; c < 4; c++) {
                size_t at = k + c < a ? k + c : a - 1;
                x[c] = s->x + s->list[at] * n;
                m[c] = s->m + at * s->n_event_blocks;
            }
            size_t i = 0, ev = 0;
            for (size_t b = 0; b < s->n_blocks; b++) {
                if (s->first[b]) memset(s1, 0, sizeof s1);
                for (; i < s->block_end[b]; i++) {
                    const double r = s->risk[i];
                    for (int c = 0; c < 4; c++) s1[c] += r * x[c][i];
                }
                if (!s->any_event[b]) continue;
                const double w = s->mean_weight[ev];
                for (int c = 0; c < 4; c++) m[c][ev] = s1[c] * w;
                ev++;
            }
        }
        linalg_syrk_t(s->direct, s->m, (int)s->n_event_blocks, (int)a, 0);
        for (size_t k = 0; k < a * a; k++) s->h[k] -= s->direct[k];
    }
    for (size_t k = 0; k < a * a; k++) s->h[k] /= s->total;
    /* A column without curvature left must not divide by zero. */
    for (size_t k = 0; k < a; k++) if (!(s->h[k * a + k] > 1e-14)) s->h[k * a + k] = 1e-14;
}

/* Towards the exact minimum of the quadratic model among coefficients with the present signs, the zero ones staying zero: all the way, or to
 * where the first of them becomes zero. Coordinate descent alone crawls where columns nearly depend on each other. */
static void direct_step(PathSolver *s, size_t a, double lambda)
{
    size_t cols = a - (s->p.time ? 0 : 1), k = 0;
    double *L = s->direct, *r = L + a * a;
    size_t *at = s->at;
    for (size_t i = 0; i < a; i++) if (i >= cols || s->beta[s->list[i]] + s->delta[i] != 0) at[k++] = i;
    if (!k) return;
    const bool known = k == s->n_factored && memcmp(at, s->factored, k * sizeof *at) == 0;
    for (size_t c = 0; c < k; c++) {
        size_t i = at[c], j = i < cols ? s->list[i] : 0;
        double f = i < cols ? lambda * s->p.factor[j] : 0, now = i < cols ? s->beta[j] + s->delta[i] : 0;
        if (!known) {
            for (size_t d = 0; d < k; d++) L[d + c * k] = s->h[at[d] + i * a];
            L[c + c * k] += f * (1 - s->p.alpha);
        }
        /* Newton from the present point: what is left of the model's score there. */
        r[c] = s->ga[i] - s->q[i] - f * (1 - s->p.alpha) * now - (now > 0 ? f : now < 0 ? -f : 0) * s->p.alpha;
    }
    if (!known) {
        s->n_factored = 0;
        if (linalg_cholesky(L, (int)k, NULL) != OK) return;
        memcpy(s->factored, at, k * sizeof *at);
        s->n_factored = k;
    }
    linalg_cholesky_solve(L, (int)k, r, 1);
    double share = 1;
    size_t turns = k;
    for (size_t c = 0; c < k; c++) {
        if (at[c] >= cols) continue;
        const double now = s->beta[s->list[at[c]]] + s->delta[at[c]];
        if (now * (now + r[c]) > 0 || -now / r[c] >= share) continue;
        share = -now / r[c];
        turns = c;
    }
    for (size_t c = 0; c < k; c++) {
        const double was = s->delta[at[c]];
        s->delta[at[c]] = c == turns ? -s->beta[s->list[at[c]]] : was + share * r[c];
        const double step = s->delta[at[c]] - was, *h = s->h + at[c] * a;
        for (size_t i = 0; i < a; i++) s->q[i] += h[i] * step;
    }
}

/* Coordinate descent on the quadratic model; delta is the step of the active coefficients. Returns when no coordinate moves by
 * more than `enough` in units of the score. */
static void quadratic_step(PathSolver *s, size_t a, double lambda, double enough)
{
    size_t cols = a - (s->p.time ? 0 : 1);
    memset(s->delta, 0, a * sizeof *s->delta);
    memset(s->q, 0, a * sizeof *s->q);
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        double moved = 0;
        bool other = false;            /* a coefficient became zero or ceased to be */
        for (size_t k = 0; k < a; k++) {
            double h = s->h[k * a + k], g = s->ga[k] - s->q[k], now, was, f = 0;
            if (k < cols) {
                size_t j = s->list[k];
                f = lambda * s->p.factor[j];
                was = s->beta[j] + s->delta[k];
                double z = h * was + g, l1 = f * s->p.alpha;
                now = fabs(z) <= l1 * (1 + 1e-12) ? 0 : (z > 0 ? z - l1 : z + l1) / (h + f * (1 - s->p.alpha));
            } else {
                was = s->delta[k];
                now = was + g / h;
            }
            double step = now - was;
            if (step == 0) continue;
            other = other || (now == 0) != (was == 0);
            s->delta[k] += step;
            const double *hk = s->h + k * a;
            for (size_t i = 0; i < a; i++) s->q[i] += hk[i] * step;
            double change = fabs(step) * (h + f * (1 - s->p.alpha));
            if (change > moved) moved = change;
        }
        if (moved < enough) break;
        if (!other || sweep % 4 == 0) direct_step(s, a, lambda);
    }
}

static double penalty(const PathSolver *s, double lambda)
{
    Sum t = { 0 };
    for (size_t j = 0; j < s->p.p; j++) {
        double b = s->beta[j];
        if (b != 0) sum_add(&t, lambda * s->p.factor[j] * (s->p.alpha * fabs(b) + 0.5 * (1 - s->p.alpha) * b * b));
    }
    return sum_value(&t);
}

/* Newton on the columns marked active until they satisfy their conditions; *worst is their largest violation. */
static Rc solve_active(PathSolver *s, double lambda, double *worst, Err *e)
{
    Rc rc = OK;
    size_t cols = 0, a;
    for (size_t j = 0; j < s->p.p; j++) if (s->active[j]) s->list[cols++] = j;
    a = cols + (s->p.time ? 0 : 1);
    *worst = 0;
    TRY(make_room(s, a ? a : 1, e));
    predictor(s, s->beta, s->intercept);
    double objective = -loglik_at(s, true) / s->total + penalty(s, lambda), last = INFINITY;
    /* The Hessian is the costly part and changes little over a step: it is kept as long as the steps with it shrink the violation well. */
    bool fresh = false;
    for (int it = 0; it < MOST_NEWTON; it++) {
        *worst = fabs(intercept_gradient(s));
        for (size_t k = 0; k < cols; k++) {
            s->ga[k] = column_gradient(s, s->list[k]);
            *worst = fmax(*worst, violation(s, s->list[k], s->ga[k], lambda));
        }
        if (!s->p.time) s->ga[cols] = intercept_gradient(s);
        if (*worst < KKT_ENOUGH || (fresh && *worst < KKT_LIMIT && *worst >= last)) break;
        fresh = it == 0 || *worst > SHRINKS_WELL * last;
        last = *worst;
        if (fresh) active_hessian(s, a);
        quadratic_step(s, a, lambda, fmax(1e-2 * *worst, 0.1 * KKT_ENOUGH));
        double step = 1, was_intercept = s->intercept;
        for (size_t k = 0; k < cols; k++) s->q[k] = s->beta[s->list[k]];
        for (int half = 0; ; half++) {
            for (size_t k = 0; k < cols; k++) s->beta[s->list[k]] = step == 1 && s->q[k] + s->delta[k] == 0 ? 0 : s->q[k] + step * s->delta[k];
            if (!s->p.time) s->intercept = was_intercept + step * s->delta[cols];
            predictor(s, s->beta, s->intercept);
            double now = -loglik_at(s, true) / s->total + penalty(s, lambda);
            if (now <= objective + 1e-13 * (1 + fabs(objective)) || half == 30) { objective = now; break; }
            step /= 2;
        }
    }
out:
    return rc;
}

Rc path_solve(double *beta, double *intercept, double *kkt, PathSolver *s, double lambda, Err *e)
{
    Rc rc = OK;
    double worst = INFINITY;
    if (!isfinite(s->lambda)) { predictor(s, s->beta, s->intercept); loglik_at(s, true); full_gradient(s); }
    /* Sequential strong rule: a column whose score is below 2 lambda - lambda_before is not expected to enter. */
    double before = isfinite(s->lambda) ? s->lambda : lambda;
    for (size_t j = 0; j < s->p.p; j++) {
        double f = s->p.factor[j] * s->p.alpha;
        s->active[j] = s->beta[j] != 0 || f == 0 || fabs(s->gradient[j]) >= f * fmin(lambda, 2 * lambda - before);
    }
    for (int round = 0; round < MOST_ROUNDS; round++) {
        double inside;
        TRY(solve_active(s, lambda, &inside, e));
        full_gradient(s);
        worst = inside;
        bool more = false;
        for (size_t j = 0; j < s->p.p; j++) {
            double v = violation(s, j, s->gradient[j], lambda);
            worst = fmax(worst, v);
            if (!s->active[j] && v > KKT_ENOUGH) { s->active[j] = 1; more = true; }
        }
        if (!more) break;
    }
    s->lambda = lambda;
    if (beta) memcpy(beta, s->beta, s->p.p * sizeof *beta);
    if (intercept) *intercept = s->intercept;
    if (kkt) *kkt = worst;
    if (!(worst < KKT_LIMIT))
        rc = err_set(e, ERR_ESTIMATE, "elastic net at lambda %.6g did not converge: optimality conditions missed by %.3g", lambda, worst);
out:
    return rc;
}

Rc path_lambda_max(double *lambda, PathSolver *s, Err *e)
{
    Rc rc = OK;
    double inside, alpha = fmax(s->p.alpha, 1e-3);
    path_restart(s);
    /* What is not penalised is in the model from the start. */
    for (size_t j = 0; j < s->p.p; j++) s->active[j] = s->p.factor[j] == 0;
    TRY(solve_active(s, 0, &inside, e));
    full_gradient(s);
    *lambda = 0;
    for (size_t j = 0; j < s->p.p; j++)
        if (s->p.factor[j] > 0) *lambda = fmax(*lambda, fabs(s->gradient[j]) / (s->p.factor[j] * alpha));
    s->lambda = *lambda;
out:
    return rc;
}
