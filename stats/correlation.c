/* stats/correlation.c: `correlation`: Pearson, Spearman and Kendall of two columns, with limits. */
#include <math.h>
#include <stdlib.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/method.h"
#include "stats/ranks.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = { { NULL, OPTION_FLAG, NULL, NULL } };

static double pearson(const double *x, const double *y, size_t n)
{
    double mx = mean_of(x, n), my = mean_of(y, n);
    Sum xx = { 0 }, yy = { 0 }, xy = { 0 };
    for (size_t i = 0; i < n; i++) {
        sum_add(&xx, (x[i] - mx) * (x[i] - mx));
        sum_add(&yy, (y[i] - my) * (y[i] - my));
        sum_add(&xy, (x[i] - mx) * (y[i] - my));
    }
    double r = sum_value(&xy) / sqrt(sum_value(&xx) * sum_value(&yy));
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

static void fisher_limits(Json *o, const char *tail, double r, double se, double conf)
{
    double z = conf_z(conf), f = atanh(r);
    set_level_limits(o, "ci", conf, tail, tanh(f - z * se), tanh(f + z * se));
}

typedef struct { double x, y; } Point;

static int by_x_then_y(const void *p, const void *q)
{
    const Point *a = p, *b = q;
    if (a->x != b->x) return a->x < b->x ? -1 : 1;
    return (a->y > b->y) - (a->y < b->y);
}

/* Inversions of y while merging, O(n log n). */
static double merge_count(double *y, double *scratch, size_t n)
{
    if (n < 2) return 0;
    size_t half = n / 2, i = 0, j = half, k = 0;
    double c = merge_count(y, scratch, half) + merge_count(y + half, scratch, n - half);
    while (i < half && j < n) {
        if (y[i] <= y[j]) scratch[k++] = y[i++];
        else { c += (double)(half - i); scratch[k++] = y[j++]; }
    }
    while (i < half) scratch[k++] = y[i++];
    while (j < n) scratch[k++] = y[j++];
    for (size_t q = 0; q < n; q++) y[q] = scratch[q];
    return c;
}

/* Sums over groups of ties that Kendall's variance needs: t(t-1), t(t-1)(t-2), t(t-1)(2t+5). */
typedef struct { double two, three, five; } Ties;

static void ties_add(Ties *s, double t)
{
    s->two += t * (t - 1);
    s->three += t * (t - 1) * (t - 2);
    s->five += t * (t - 1) * (2 * t + 5);
}

/* Kendall's S = concordant less discordant, and its variance without continuity correction (Kendall 1970). */
static Rc write_kendall(Json *out, const double *x, const double *y, size_t n, Arena *a, Err *e)
{
    Point *p = ARENA_NEW(a, n, Point);
    double *v = ARENA_NEW(a, 2 * n, double);
    Ties tx = { 0 }, ty = { 0 };
    double both = 0, N = (double)n;
    if (!p || !v) return err_nomem(e);
    for (size_t i = 0; i < n; i++) p[i] = (Point){ x[i], y[i] };
    qsort(p, n, sizeof *p, by_x_then_y);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && p[j].x == p[i].x; j++) continue;
        ties_add(&tx, (double)(j - i));
        for (size_t s = i, t; s < j; s = t) {
            for (t = s; t < j && p[t].y == p[s].y; t++) continue;
            both += (double)(t - s) * ((double)(t - s) - 1) / 2;
        }
    }
    for (size_t i = 0; i < n; i++) v[i] = p[i].y;
    double discordant = merge_count(v, v + n, n);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && v[j] == v[i]; j++) continue;
        ties_add(&ty, (double)(j - i));
    }
    double pairs = N * (N - 1) / 2, S = pairs - tx.two / 2 - ty.two / 2 + both - 2 * discordant;
    double var = (N * (N - 1) * (2 * N + 5) - tx.five - ty.five) / 18 + tx.three * ty.three / (9 * N * (N - 1) * (N - 2))
        + tx.two * ty.two / (2 * N * (N - 1));
    Json *o = json_set(out, "kendall", json_object());
    json_set_number(o, "tau_b", S / sqrt((pairs - tx.two / 2) * (pairs - ty.two / 2)));
    json_set_number(o, "z", S / sqrt(var));
    json_set_number(o, "p_normal", normal_two_sided_p(S / sqrt(var)));
    return OK;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    double conf = call_conf(call);
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_COLUMNS, .no_intercept = true }, e));
    TRY(design_want_numbers(&d, call, e));
    if (d.p != 2) { rc = err_set(e, ERR_USAGE, "'%s': two columns of numbers are expected, ~a+b", call->formula); goto out; }
    TRY(design_want_rows(&d, out, 3, e));
    TRY(design_sort_rows(&d, e));
    size_t n = d.n;
    const double *x = d.x, *y = d.x + n;
    for (int j = 0; j < 2; j++) {
        bool constant = true;
        for (size_t i = 1; i < n; i++) constant = constant && d.x[(size_t)j * n + i] == d.x[(size_t)j * n];
        if (constant) {
            rc = diagnose_fatal(out, e, "constant_column", "%s is %g in every row: a correlation with it is not defined", d.term[j],
                                d.x[(size_t)j * n]);
            goto out;
        }
    }
    double *rank = ARENA_NEW(&d.arena, 2 * n, double), df = (double)n - 2, se = 1 / sqrt((double)n - 3);
    if (!rank) { rc = err_nomem(e); goto out; }
    double r = pearson(x, y, n), t = r * sqrt(df / ((1 - r) * (1 + r)));
    Json *o = json_set(out, "pearson", json_object());
    json_set_number(o, "r", r);
    json_set_number(o, "t", t);
    json_set_number(o, "df", df);
    json_set_number(o, "p", t_two_sided_p(t, df));
    fisher_limits(o, "_fisher", r, se, conf);
    TRY(ranks_mid(rank, NULL, x, n, e));
    TRY(ranks_mid(rank + n, NULL, y, n, e));
    double rho = pearson(rank, rank + n, n);
    o = json_set(out, "spearman", json_object());
    json_set_number(o, "rho", rho);
    json_set_number(o, "p_t_approx", t_two_sided_p(rho * sqrt(df / ((1 - rho) * (1 + rho))), df));
    fisher_limits(o, "_fisher_se", rho, se, conf);
    fisher_limits(o, "_bonett_wright", rho, sqrt((1 + rho * rho / 2) / ((double)n - 3)), conf);
    TRY(write_kendall(out, x, y, n, &d.arena, e));
    if (fabs(r) == 1) diagnose(out, "degenerate_variance", "%s and %s lie on one line: r is %g without error", d.term[0], d.term[1], r);
out:
    design_free(&d);
    return rc;
}

const Method method_correlation = {
    .name = "correlation", .summary = "correlation of two columns: Pearson, Spearman, Kendall, with limits",
    .formula = FORMULA_COLUMNS, .needs_data = true, .options = options, .run = run,
    .source = "Fisher 1921; Bonett & Wright 2000; Kendall 1970"
};
