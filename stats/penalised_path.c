/* stats/penalised_path.c: elastic-net paths: Newton on the columns in the model, with a curvature that is held.
 *
 * The model S is a list of columns, each with the sign of its coefficient. While the signs stay the penalty is smooth there, and a Newton
 * step solves L L' d = score - penalty's slope. L is kept from step to step and from lambda to lambda: a column that enters or leaves
 * changes it by a row. The score is always exact, so an old curvature costs steps, never accuracy. */
#include "stats/penalised_path.h"

#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/path_factor.h"
#include "stats/path_rows.h"

/* Largest violation of the optimality conditions that counts as solved, per observation and unit of x. */
static const double KKT_ENOUGH = 1e-11, KKT_LIMIT = 1e-9;
/* A step with an old curvature that leaves more than this share of the violation is the last with it. */
static const double SHRINKS_WELL = 0.1;
/* A column enters when its violation is more than this share of the largest in the model; before, it may be due to those that have yet to move. */
static const double ENTERS = 1;
/* A lambda below this share of the last one is reached by way of some between, solved to this share of lambda. */
static const double FAR_STEP = 0.5, BETWEEN_ENOUGH = 1e-3;
enum { MOST_STEPS = 500, MOST_ROUNDS = 50, MOST_BETWEEN = 20, MOST_HALVINGS = 30 };

struct PathSolver {
    PathRows rows;
    const double *factor;        /* [columns] of the penalty; the intercept has 0 */
    double alpha, lambda;        /* lambda of the last solution; INFINITY: none yet */
    size_t columns;              /* of the problem, and the intercept */
    double *beta, *gradient;     /* [columns] of standardised columns; of loglik/W */
    double loglik;
    unsigned char *watched, *in_model;   /* [columns] */
    size_t *watch, n_watched, *other;    /* columns that are looked at in each step; scratch */
    /* the model */
    size_t *col, m, room;
    double *sign, *b, *residual, *step;
    PathFactor curvature;
    bool held;                   /* L belongs to S */
    double *z, *rowwise;         /* scratch, rows x room and room x room */
    /* where the last step began */
    size_t *old_col, old_m;
    double *old_b, *new_b;
    Arena *arena;
};

Rc path_solver_new(PathSolver **out, const PathProblem *p, Arena *a, Err *e)
{
    Rc rc = OK;
    PathSolver *s = ARENA_NEW(a, 1, PathSolver);
    if (!s) return err_nomem(e);
    TRY(path_rows_init(&s->rows, p, a, e));
    const size_t columns = p->p + (p->time ? 0 : 1);
    double *factor = ARENA_NEW(a, columns, double);
    s->beta = ARENA_NEW(a, columns, double);
    s->gradient = ARENA_NEW(a, columns, double);
    s->watched = ARENA_NEW(a, columns, unsigned char);
    s->in_model = ARENA_NEW(a, columns, unsigned char);
    s->watch = ARENA_NEW(a, columns, size_t);
    s->other = ARENA_NEW(a, columns, size_t);
    if (!factor || !s->beta || !s->gradient || !s->watched || !s->in_model || !s->watch || !s->other) return err_nomem(e);
    if (p->p) memcpy(factor, p->factor, p->p * sizeof *factor);
    s->factor = factor;
    s->columns = columns;
    s->alpha = p->alpha;
    s->arena = a;
    path_restart(s);
    *out = s;
out:
    return rc;
}

void path_restart(PathSolver *s)
{
    memset(s->beta, 0, s->columns * sizeof *s->beta);
    memset(s->in_model, 0, s->columns);
    s->lambda = INFINITY;
    s->m = s->curvature.m = 0;
    s->held = false;
}

double path_loglik(PathSolver *s, const double *eta)
{
    PathRows *r = &s->rows;
    path_restart(s);
    for (size_t i = 0; i < r->n; i++) r->eta[i] = eta[r->place[i]];
    return path_rows_loglik(r);
}

double path_saturated(const PathSolver *s)
{
    return s->rows.saturated;
}

static Rc model_room(PathSolver *s, size_t m, Err *e)
{
    if (m <= s->room) return OK;
    const size_t room = m < 32 ? 32 : m < 2 * s->room ? 2 * s->room : m;
    double **number[] = { &s->sign, &s->b, &s->residual, &s->step, &s->old_b, &s->new_b };
    size_t **column[] = { &s->col, &s->old_col };
    for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
        double *v = ARENA_NEW(s->arena, room, double);
        if (!v) return err_nomem(e);
        if (s->m) memcpy(v, *number[k], s->m * sizeof *v);
        *number[k] = v;
    }
    for (size_t k = 0; k < sizeof column / sizeof *column; k++) {
        size_t *v = ARENA_NEW(s->arena, room, size_t);
        if (!v) return err_nomem(e);
        if (s->m) memcpy(v, *column[k], s->m * sizeof *v);
        *column[k] = v;
    }
    s->z = ARENA_NEW(s->arena, s->rows.ld * room, double);
    s->rowwise = ARENA_NEW(s->arena, room * room, double);
    if (!s->z || !s->rowwise) return err_nomem(e);
    Rc rc = path_factor_room(&s->curvature, room, s->arena, e);
    s->room = room;
    return rc;
}

static double l1(const PathSolver *s, size_t j, double lambda) { return lambda * s->factor[j] * s->alpha; }
static double l2(const PathSolver *s, size_t j, double lambda) { return lambda * s->factor[j] * (1 - s->alpha); }

/* How far column j is from its optimality condition. */
static double violation(const PathSolver *s, size_t j, double lambda)
{
    const double b = s->beta[j], edge = l1(s, j, lambda), r = s->gradient[j] - l2(s, j, lambda) * b;
    if (isnan(r)) return INFINITY;
    if (b != 0) return fabs(r - (b > 0 ? edge : -edge));
    return fmax(0, fabs(r) - edge);
}

/* Columns enter the model behind those in it; where L is of the model it grows by as many rows. */
static Rc enter(PathSolver *s, const size_t *col, size_t k, double lambda, Err *e)
{
    Rc rc = OK;
    TRY(model_room(s, s->m + k, e));
    for (size_t c = 0; c < k; c++) {
        const size_t j = col[c], at = s->m + c;
        s->col[at] = j;
        s->b[at] = s->beta[j];
        s->sign[at] = l1(s, j, lambda) == 0 ? 0 : s->beta[j] != 0 ? copysign(1, s->beta[j]) : copysign(1, s->gradient[j]);
        s->in_model[j] = 1;
    }
    if (s->held) {
        const size_t m = s->m + k;
        path_rows_curvature(s->z, &s->rows, col, k);
        path_rows_products(s->rowwise, m, &s->rows, s->col, m, s->z, k, false);
        for (size_t c = 0; c < k; c++) {
            s->rowwise[c * m + s->m + c] += l2(s, col[c], lambda);
            path_factor_append(&s->curvature, s->rowwise + c * m);
        }
    }
    s->m += k;
out:
    return rc;
}

static void leave(PathSolver *s, size_t k)
{
    s->in_model[s->col[k]] = 0;
    s->beta[s->col[k]] = 0;
    s->m--;
    memmove(s->col + k, s->col + k + 1, (s->m - k) * sizeof *s->col);
    memmove(s->sign + k, s->sign + k + 1, (s->m - k) * sizeof *s->sign);
    memmove(s->b + k, s->b + k + 1, (s->m - k) * sizeof *s->b);
    memmove(s->residual + k, s->residual + k + 1, (s->m - k) * sizeof *s->residual);
    path_factor_remove(&s->curvature, k);
}

/* L anew, of the curvature where the rows were last evaluated. */
static void make_curvature(PathSolver *s, double lambda)
{
    path_rows_hold(&s->rows);
    path_rows_curvature(s->z, &s->rows, s->col, s->m);
    path_rows_products(s->curvature.L, s->curvature.room, &s->rows, s->col, s->m, s->z, s->m, true);
    for (size_t k = 0; k < s->m; k++) s->curvature.L[k * s->curvature.room + k] += l2(s, s->col[k], lambda);
    path_factor_whole(&s->curvature, s->m);
    s->held = true;
}

/* To the minimum of the quadratic among coefficients with their present signs: a coefficient that would change its sign on the way stops
 * the step at 0 and leaves, and the step goes on without it. What the others have still to go shrinks by the same share. False where the
 * numbers have come to an end (a likelihood without a maximum). */
static bool quadratic_step(PathSolver *s, bool *left, double lambda)
{
    for (size_t k = 0; k < s->m; k++) {
        const size_t j = s->col[k];
        s->residual[k] = s->gradient[j] - l2(s, j, lambda) * s->b[k] - l1(s, j, lambda) * s->sign[k];
    }
    while (s->m) {
        double share = 1;
        size_t stops = s->m;
        memcpy(s->step, s->residual, s->m * sizeof *s->step);
        path_factor_solve(&s->curvature, s->step);
        for (size_t k = 0; k < s->m; k++) {
            const double to = s->b[k] + s->step[k];
            if (!isfinite(to)) return false;
            if (s->sign[k] * to >= 0 || s->sign[k] == 0) continue;
            const double t = -s->b[k] / s->step[k];
            if (t >= share) continue;
            share = t;
            stops = k;
        }
        for (size_t k = 0; k < s->m; k++) s->b[k] += share * s->step[k];
        if (stops == s->m) break;
        for (size_t k = 0; k < s->m; k++) s->residual[k] *= 1 - share;
        leave(s, stops);
        *left = true;
    }
    for (size_t k = 0; k < s->m; k++) s->beta[s->col[k]] = s->b[k];
    return true;
}

static double penalty(const PathSolver *s, double lambda)
{
    double t = 0;
    for (size_t k = 0; k < s->m; k++) {
        const double b = s->b[k];
        t += l1(s, s->col[k], lambda) * fabs(b) + 0.5 * l2(s, s->col[k], lambda) * b * b;
    }
    return t;
}

static double evaluate(PathSolver *s, double lambda)
{
    path_rows_predict(&s->rows, s->col, s->b, s->m);
    s->loglik = path_rows_loglik(&s->rows);
    return penalty(s, lambda) - s->loglik / s->rows.total;
}

/* The step led uphill: back towards where it began, on the straight line, with all that was in the model then. */
static double step_back(PathSolver *s, double lambda, double objective, double slack)
{
    double now = INFINITY;
    for (size_t k = 0; k < s->old_m; k++) s->new_b[k] = s->beta[s->old_col[k]];
    memcpy(s->col, s->old_col, s->old_m * sizeof *s->col);
    s->m = s->old_m;
    double share = 0.5;
    for (int half = 0; half < MOST_HALVINGS; half++, share /= 2) {
        for (size_t k = 0; k < s->m; k++) s->b[k] = s->old_b[k] + share * (s->new_b[k] - s->old_b[k]);
        now = evaluate(s, lambda);
        if (now <= objective + slack) break;
    }
    size_t m = 0;
    for (size_t k = 0; k < s->m; k++) {
        const size_t j = s->col[k];
        const double b = s->b[k];
        s->beta[j] = b;
        s->in_model[j] = b != 0 || l1(s, j, lambda) == 0;
        if (!s->in_model[j]) continue;
        s->col[m] = j;
        s->b[m] = b;
        s->sign[m++] = l1(s, j, lambda) == 0 ? 0 : copysign(1, b);
    }
    s->m = m;
    s->held = false;
    return now;
}

/* Newton on the watched columns until they satisfy their conditions; *worst is their largest violation. The rows' score and the gradient
 * of what is watched are those at beta, before and after. */
static Rc solve_watched(PathSolver *s, double *worst, double lambda, double enough, Err *e)
{
    Rc rc = OK;
    double objective = penalty(s, lambda) - s->loglik / s->rows.total, last = INFINITY;
    bool changed = true, fresh = false;
    for (int it = 0; ; it++) {
        size_t entering = 0;
        double inside = 0;
        for (size_t k = 0; k < s->m; k++) inside = fmax(inside, violation(s, s->col[k], lambda));
        *worst = inside;
        for (size_t w = 0; w < s->n_watched; w++) {
            const size_t j = s->watch[w];
            if (s->in_model[j]) continue;
            const double v = violation(s, j, lambda);
            *worst = fmax(*worst, v);
            if (v > fmax(enough, ENTERS * inside) || l1(s, j, lambda) == 0) s->other[entering++] = j;
        }
        if (*worst < enough || it == MOST_STEPS) break;
        if (fresh && !changed && *worst < KKT_LIMIT && inside >= last) break;           /* the floor of rounding */
        if (!changed && inside > SHRINKS_WELL * last) s->held = false;
        last = inside;
        changed = entering > 0;
        TRY(enter(s, s->other, entering, lambda, e));
        if ((fresh = !s->held)) make_curvature(s, lambda);
        memcpy(s->old_col, s->col, s->m * sizeof *s->col);
        memcpy(s->old_b, s->b, s->m * sizeof *s->b);
        s->old_m = s->m;
        if (!quadratic_step(s, &changed, lambda)) { *worst = INFINITY; break; }
        const double slack = 1e-13 * (1 + fabs(objective));
        double now = evaluate(s, lambda);
        if (!(now <= objective + slack)) {
            now = step_back(s, lambda, objective, slack);
            changed = true;
        }
        objective = now;
        path_rows_gradient(s->gradient, &s->rows, s->watch, s->n_watched);
    }
out:
    return rc;
}

static void watch(PathSolver *s, size_t j)
{
    s->watched[j] = 1;
    s->watch[s->n_watched++] = j;
}

static Rc solve_at(PathSolver *s, double *worst, double lambda, double enough, Err *e)
{
    Rc rc = OK;
    /* Sequential strong rule: a column whose score is below 2 lambda - lambda_before is not expected to enter. */
    const double bar = fmin(lambda, 2 * lambda - s->lambda);
    memset(s->watched, 0, s->columns);
    s->n_watched = 0;
    for (size_t j = 0; j < s->columns; j++) {
        const double f = s->factor[j] * s->alpha;
        if (s->in_model[j] || f == 0 || fabs(s->gradient[j]) >= f * bar) watch(s, j);
    }
    bool more = true;
    for (int round = 0; more && round < MOST_ROUNDS; round++) {
        TRY(solve_watched(s, worst, lambda, enough, e));
        if (isinf(*worst)) break;
        size_t others = 0;
        for (size_t j = 0; j < s->columns; j++) if (!s->watched[j]) s->other[others++] = j;
        path_rows_gradient(s->gradient, &s->rows, s->other, others);
        more = false;
        for (size_t k = 0; k < others; k++) {
            const double v = violation(s, s->other[k], lambda);
            *worst = fmax(*worst, v);
            if (v <= enough) continue;
            watch(s, s->other[k]);
            more = true;
        }
    }
    s->lambda = lambda;
out:
    return rc;
}

/* What is not penalised is in the model from the start. */
static Rc start(PathSolver *s, double *lambda, Err *e)
{
    Rc rc = OK;
    double inside;
    const double alpha = fmax(s->alpha, 1e-3);
    path_restart(s);
    memset(s->watched, 0, s->columns);
    s->n_watched = 0;
    for (size_t j = 0; j < s->columns; j++) if (s->factor[j] == 0) watch(s, j);
    evaluate(s, 1);
    path_rows_gradient(s->gradient, &s->rows, s->watch, s->n_watched);
    TRY(solve_watched(s, &inside, 1, KKT_ENOUGH, e));
    size_t others = 0;
    for (size_t j = 0; j < s->columns; j++) if (s->factor[j] > 0) s->other[others++] = j;
    path_rows_gradient(s->gradient, &s->rows, s->other, others);
    *lambda = 0;
    for (size_t k = 0; k < others; k++) *lambda = fmax(*lambda, fabs(s->gradient[s->other[k]]) / (s->factor[s->other[k]] * alpha));
    s->lambda = *lambda;
out:
    return rc;
}

Rc path_lambda_max(double *lambda, PathSolver *s, Err *e)
{
    return start(s, lambda, e);
}

Rc path_solve(PathSolution *out, PathSolver *s, double lambda, Err *e)
{
    Rc rc = OK;
    double top;
    const size_t p = s->rows.p;
    if (!isfinite(s->lambda)) TRY(start(s, &top, e));
    for (int k = 0; k < MOST_BETWEEN && lambda < FAR_STEP * s->lambda; k++)
        TRY(solve_at(s, &out->kkt, FAR_STEP * s->lambda, BETWEEN_ENOUGH * FAR_STEP * s->lambda, e));
    TRY(solve_at(s, &out->kkt, lambda, KKT_ENOUGH, e));
    out->loglik = s->loglik;
    Sum intercept = { s->rows.cox ? 0 : s->beta[p], 0 };
    for (size_t j = 0; j < p; j++) {
        const double b = s->beta[j] / s->rows.scale[j];
        if (out->beta) out->beta[j] = b;
        if (!s->rows.cox && b != 0) sum_add(&intercept, -b * s->rows.center[j]);
    }
    out->intercept = sum_value(&intercept);
    if (!(out->kkt < KKT_LIMIT))
        rc = err_set(e, ERR_ESTIMATE, "elastic net at lambda %.6g did not converge: optimality conditions missed by %.3g", lambda, out->kkt);
out:
    return rc;
}
