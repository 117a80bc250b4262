/* stats/lp.c: linear programs over a cone given by cuts. d = u - v with u, v in [0, 1], so the origin is a feasible vertex. */
#include "stats/lp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef long double Real;

enum { ROUNDS_MAX = 400, CUTS_A_ROUND = 64, ROWS_MAX = 20000, PIVOTS_MAX = 200000 };
static const Real ENTER = 1e-12L, PIVOT = 1e-11L;
static const double CUT = 1e-9;

/* Tableau of m rows and n columns (structural), slack basis; the last row is the objective, the last column the right side. */
typedef struct { size_t m, n; Real *t; size_t *basic; size_t *nonbasic; } Tableau;

static Real *cell(const Tableau *q, size_t i, size_t j) { return &q->t[i * (q->n + 1) + j]; }

static void pivot(Tableau *q, size_t r, size_t c)
{
    Real p = *cell(q, r, c);
    for (size_t j = 0; j <= q->n; j++) if (j != c) *cell(q, r, j) /= p;
    for (size_t i = 0; i <= q->m; i++) {
        if (i == r) continue;
        Real f = *cell(q, i, c);
        if (f == 0) continue;
        for (size_t j = 0; j <= q->n; j++) if (j != c) *cell(q, i, j) -= f * *cell(q, r, j);
        *cell(q, i, c) = -f / p;
    }
    *cell(q, r, c) = 1 / p;
    size_t swap = q->basic[r];
    q->basic[r] = q->nonbasic[c];
    q->nonbasic[c] = swap;
}

/* Bland: the entering and the leaving variable of lowest index, so that ties at 0 cannot cycle. */
static bool simplex(Tableau *q)
{
    for (int k = 0; k < PIVOTS_MAX; k++) {
        size_t c = q->n, r = q->m;
        for (size_t j = 0; j < q->n; j++)
            if (*cell(q, q->m, j) < -ENTER && (c == q->n || q->nonbasic[j] < q->nonbasic[c])) c = j;
        if (c == q->n) return true;
        Real best = 0;
        for (size_t i = 0; i < q->m; i++) {
            Real a = *cell(q, i, c);
            if (a <= PIVOT) continue;
            Real ratio = *cell(q, i, q->n) / a;
            if (ratio < 0) ratio = 0;
            if (r == q->m || ratio < best - 1e-15L || (ratio <= best + 1e-15L && q->basic[i] < q->basic[r])) { r = i; best = ratio; }
        }
        if (r == q->m) return false;                 /* cannot be: every variable has a bound */
        pivot(q, r, c);
    }
    return false;
}

static Rc solve(double *d, const double *c, int p, const double *rows, size_t m_rows, Err *e)
{
    size_t n = 2 * (size_t)p, m = m_rows + n;
    Tableau q = { m, n, calloc((m + 1) * (n + 1), sizeof(Real)), calloc(m + 1, sizeof(size_t)), calloc(n + 1, sizeof(size_t)) };
    Rc rc = OK;
    if (!q.t || !q.basic || !q.nonbasic) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < m_rows; i++)              /* -a'(u - v) <= 0 */
        for (int j = 0; j < p; j++) {
            *cell(&q, i, (size_t)j) = -rows[i * (size_t)p + (size_t)j];
            *cell(&q, i, (size_t)(p + j)) = rows[i * (size_t)p + (size_t)j];
        }
    for (size_t j = 0; j < n; j++) { *cell(&q, m_rows + j, j) = 1; *cell(&q, m_rows + j, n) = 1; }
    for (int j = 0; j < p; j++) { *cell(&q, m, (size_t)j) = -c[j]; *cell(&q, m, (size_t)(p + j)) = c[j]; }
    for (size_t j = 0; j < n; j++) q.nonbasic[j] = j;
    for (size_t i = 0; i < m; i++) q.basic[i] = n + i;
    if (!simplex(&q)) { rc = err_set(e, ERR_ESTIMATE, "the linear program of the existence check did not end"); goto out; }
    for (int j = 0; j < p; j++) d[j] = 0;
    for (size_t i = 0; i < m; i++)
        if (q.basic[i] < n) {
            double x = (double)*cell(&q, i, n);
            if (q.basic[i] < (size_t)p) d[q.basic[i]] += x;
            else d[q.basic[i] - (size_t)p] -= x;
        }
out:
    free(q.t);
    free(q.basic);
    free(q.nonbasic);
    return rc;
}

Rc lp_cone_maximise(double *d, double *value, const double *c, int p, ConeCut *cut, const void *cone, Err *e)
{
    Rc rc = OK;
    size_t width = (size_t)p, m = 0;
    double *rows = NULL, *objective = malloc((width + 1) * sizeof *objective), largest = 0;
    if (!objective) return err_nomem(e);
    for (int j = 0; j < p; j++) if (fabs(c[j]) > largest) largest = fabs(c[j]);
    for (int j = 0; j < p; j++) { objective[j] = largest > 0 ? c[j] / largest : 0; d[j] = 0; }
    *value = 0;
    if (!(largest > 0)) goto out;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        TRY(solve(d, objective, p, rows, m, e));
        if (m + CUTS_A_ROUND > ROWS_MAX) { rc = err_set(e, ERR_ESTIMATE, "the existence check met too many constraints"); goto out; }
        double *more = realloc(rows, (m + CUTS_A_ROUND) * width * sizeof *rows);
        if (!more) { rc = err_nomem(e); goto out; }
        rows = more;
        size_t n = cut(rows + m * width, CUTS_A_ROUND, d, CUT, cone);
        if (n == 0) {
            for (int j = 0; j < p; j++) *value += c[j] * d[j];
            goto out;
        }
        for (size_t i = m; i < m + n; i++) {         /* rows of length 1, so one tolerance fits all */
            double top = 0;
            for (size_t j = 0; j < width; j++) if (fabs(rows[i * width + j]) > top) top = fabs(rows[i * width + j]);
            for (size_t j = 0; top > 0 && j < width; j++) rows[i * width + j] /= top;
        }
        m += n;
    }
    rc = err_set(e, ERR_ESTIMATE, "the existence check did not end");
out:
    free(objective);
    free(rows);
    return rc;
}
