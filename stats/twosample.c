/* stats/twosample.c: `twosample`: two groups of numbers: Mann-Whitney, t tests, Kolmogorov-Smirnov, effect sizes. */
#include <math.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/method.h"
#include "stats/ranks.h"
#include "stats/response.h"
#include "stats/result_keys.h"
#include "stats/shapiro.h"

static const MethodOption options[] = { { NULL, OPTION_FLAG, NULL, NULL } };

/* One group, values ascending. */
typedef struct { size_t n; double *x, mean, var; } Group;

static void group_moments(Group *g)
{
    Sum ss = { 0 };
    sort_doubles(g->x, g->n);
    g->mean = mean_of(g->x, g->n);
    for (size_t i = 0; i < g->n; i++) sum_add(&ss, (g->x[i] - g->mean) * (g->x[i] - g->mean));
    g->var = g->n > 1 ? sum_value(&ss) / (double)(g->n - 1) : NAN;
}

static void write_t(Json *out, const char *key, double diff, double se, double df, double conf)
{
    double q = t_quantile(0.5 + conf / 2, df);
    Json *o = json_set(out, key, json_object());
    json_set_number(o, "t", diff / se);
    json_set_number(o, "df", df);
    json_set_number(o, "p", t_two_sided_p(diff / se, df));
    set_level_limits(o, "ci", conf, "", diff - q * se, diff + q * se);
}

static void write_means(Json *out, const Group *g, double conf)
{
    double n0 = (double)g[0].n, n1 = (double)g[1].n, v0 = g[0].var / n0, v1 = g[1].var / n1, diff = g[0].mean - g[1].mean;
    double df = (v0 + v1) * (v0 + v1) / (v0 * v0 / (n0 - 1) + v1 * v1 / (n1 - 1)), pooled_df = n0 + n1 - 2;
    double pooled = sqrt(((n0 - 1) * g[0].var + (n1 - 1) * g[1].var) / pooled_df);
    double F = g[0].var / g[1].var, tail = f_cdf(F, n0 - 1, n1 - 1), upper = f_sf(F, n0 - 1, n1 - 1);
    double mean[2] = { g[0].mean, g[1].mean }, sd[2] = { sqrt(g[0].var), sqrt(g[1].var) };
    json_set_numbers(out, "mean", mean, 2);
    json_set_numbers(out, "sd", sd, 2);
    write_t(out, "welch", diff, sqrt(v0 + v1), df, conf);
    write_t(out, "student", diff, pooled * sqrt(1 / n0 + 1 / n1), pooled_df, conf);
    Json *f = json_set(out, "f_test", json_object());
    json_set_number(f, "F", F);
    json_set_number(f, "p", 2 * fmin(tail, upper));
    json_set_number(out, "cohens_d", diff / pooled);
    json_set_number(out, "hedges_g", diff / pooled * (1 - 3 / (4 * pooled_df - 1)));
}

/* 1 - Kolmogorov's distribution. */
static double kolmogorov_sf(double z)
{
    double s = 0;
    if (z < 0.2) return 1;
    if (z < 1) {      /* the other series converges fast there */
        double pi = acos(-1);
        for (int k = 1; k < 40; k += 2) s += exp(-k * k * pi * pi / (8 * z * z));
        return 1 - sqrt(2 * pi) / z * s;
    }
    for (int k = 1; k < 40; k++) s += (k & 1 ? 2 : -2) * exp(-2.0 * k * k * z * z);
    return fmin(fmax(s, 0), 1);
}

static void write_kolmogorov(Json *out, const Group *g)
{
    size_t i = 0, j = 0;
    double D = 0, n0 = (double)g[0].n, n1 = (double)g[1].n;
    while (i < g[0].n && j < g[1].n) {
        double x = fmin(g[0].x[i], g[1].x[j]);
        while (i < g[0].n && g[0].x[i] == x) i++;
        while (j < g[1].n && g[1].x[j] == x) j++;
        D = fmax(D, fabs((double)i / n0 - (double)j / n1));
    }
    Json *o = json_set(out, "ks", json_object());
    json_set_number(o, "D", D);
    json_set_number(o, "p_asym", kolmogorov_sf(D * sqrt(n0 * n1 / (n0 + n1))));
}

static Rc write_exact(Json *out, const Group *g, const double *rank, size_t n, double rank_sum, bool ties, double conf, Err *e)
{
    Rc rc = OK;
    double p, q, lower = NAN, upper = NAN;
    TRY(rank_sum_exact_p(&p, rank, n, g[0].n, rank_sum, e));
    if (isnan(p)) return OK;
    if (!ties) {
        TRY(mann_whitney_quantile(&q, (1 - conf) / 2, g[0].n, g[1].n, e));
        if (q == 0) q = 1;
        double pairs = (double)g[0].n * (double)g[1].n;
        if (q > 0) {
            lower = kth_difference(g[0].x, g[0].n, g[1].x, g[1].n, q);
            upper = kth_difference(g[0].x, g[0].n, g[1].x, g[1].n, pairs - q + 1);
        }
    }
    Json *o = json_set(out, "exact", json_object());
    json_set_number(o, "p", p);
    set_level_limits(o, "ci", conf, "", lower, upper);
    json_set_number(o, "estimate", median_difference(g[0].x, g[0].n, g[1].x, g[1].n));
out:
    return rc;
}

static Rc write_ranks(Json *out, const Group *g, double conf, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = g[0].n + g[1].n;
    double *all = ARENA_NEW(a, 2 * n, double), *rank = all + n, ties = 0;
    if (!all) return err_nomem(e);
    for (size_t i = 0; i < n; i++) all[i] = i < g[0].n ? g[0].x[i] : g[1].x[i - g[0].n];
    TRY(ranks_mid(rank, &ties, all, n, e));
    Sum s = { 0 };
    for (size_t i = 0; i < g[0].n; i++) sum_add(&s, rank[i]);
    double n0 = (double)g[0].n, n1 = (double)g[1].n, N = n0 + n1, W = sum_value(&s) - n0 * (n0 + 1) / 2, d = W - n0 * n1 / 2;
    double sd = sqrt(n0 * n1 / 12 * (N + 1 - ties / (N * (N - 1)))), cc = d > 0 ? 0.5 : d < 0 ? -0.5 : 0;
    json_set_number(out, "W", W);
    json_set_number(out, "p_normal_cc", normal_two_sided_p((d - cc) / sd));
    json_set_number(out, "p_normal_nocc", normal_two_sided_p(d / sd));
    json_set_number(out, "auc_equiv", W / (n0 * n1));
    json_set_number(out, "hodges_lehmann_median_of_differences", median_difference(g[0].x, g[0].n, g[1].x, g[1].n));
    TRY(write_exact(out, g, rank, n, sum_value(&s), ties > 0, conf, e));
out:
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    int *group = NULL;
    char **label = NULL;
    double conf = call_conf(call), count[2];
    Group g[2] = { { .n = 0 }, { .n = 0 } };
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_RESPONSE, .no_intercept = true }, e));
    if (d.response != RESPONSE_NUMBER) { rc = err_set(e, ERR_USAGE, "'%s': numbers are expected left of ~", call->formula); goto out; }
    TRY(response_two_groups(&group, &label, &d, out, call, e));
    for (int k = 0; k < 2; k++) {
        g[k].x = ARENA_NEW(&d.arena, d.n, double);
        if (!g[k].x) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < d.n; i++)
            if (group[i] == k) g[k].x[g[k].n++] = d.y[i];
        group_moments(&g[k]);
        count[k] = (double)g[k].n;
    }
    json_set_texts(out, "groups", (const char *const *)label, 2);
    json_set_numbers(out, "n", count, 2);
    TRY(write_ranks(out, g, conf, &d.arena, e));
    write_means(out, g, conf);
    write_kolmogorov(out, g);
    Json *s = json_set(out, "shapiro", json_object());
    for (int k = 0; k < 2; k++) {
        double w, p;
        TRY(shapiro_wilk(&w, &p, g[k].x, g[k].n, e));
        json_set_number(s, k ? "w2" : "w1", w);
        json_set_number(s, k ? "p2" : "p1", p);
    }
    if (g[0].n < 2 || g[1].n < 2) diagnose(out, "degenerate_variance", "a group of one row has no variance: the t tests are undefined");
    else if (g[0].var == 0 && g[1].var == 0) diagnose(out, "degenerate_variance", "both groups are constant: the t tests are undefined");
out:
    design_free(&d);
    return rc;
}

const Method method_twosample = {
    .name = "twosample", .summary = "two groups of numbers: Mann-Whitney (exact and normal), t tests, Kolmogorov-Smirnov, effect sizes",
    .formula = FORMULA_RESPONSE, .needs_data = true, .options = options, .run = run,
    .source = "Mann & Whitney 1947; Welch 1947; Streitberg & Röhmel 1986; Royston 1995"
};
