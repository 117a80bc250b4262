/* stats/ksample.c: `ksample`: several groups of numbers; `trend`: a proportion over ordered groups. */
#include <math.h>

#include "core/str.h"
#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/method.h"
#include "stats/ranks.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = { { NULL, OPTION_FLAG, NULL, NULL } };

typedef struct {
    size_t k, n;
    const double *y;
    const int *group;
    double *size, *mean, *var, *median;
    Arena *arena;
} Groups;

static Rc describe(Groups *g, Err *e)
{
    double *x = ARENA_NEW(g->arena, g->n, double);
    g->size = ARENA_NEW(g->arena, 4 * g->k, double);
    if (!x || !g->size) return err_nomem(e);
    g->mean = g->size + g->k;
    g->var = g->size + 2 * g->k;
    g->median = g->size + 3 * g->k;
    for (size_t q = 0; q < g->k; q++) {
        size_t m = 0;
        Sum ss = { 0 };
        for (size_t i = 0; i < g->n; i++)
            if (g->group[i] == (int)q) x[m++] = g->y[i];
        sort_doubles(x, m);
        g->size[q] = (double)m;
        g->mean[q] = mean_of(x, m);
        g->median[q] = m ? (x[(m - 1) / 2] + x[m / 2]) / 2 : NAN;
        for (size_t i = 0; i < m; i++) sum_add(&ss, (x[i] - g->mean[q]) * (x[i] - g->mean[q]));
        g->var[q] = m > 1 ? sum_value(&ss) / (double)(m - 1) : NAN;
    }
    return OK;
}

static Rc write_kruskal(Json *out, const Groups *g, Err *e)
{
    double *rank = ARENA_NEW(g->arena, g->n + g->k, double), *sum = rank + g->n, ties = 0, N = (double)g->n, H = 0;
    if (!rank) return err_nomem(e);
    Rc rc = ranks_mid(rank, &ties, g->y, g->n, e);
    if (rc != OK) return rc;
    for (size_t i = 0; i < g->n; i++) sum[g->group[i]] += rank[i];
    for (size_t q = 0; q < g->k; q++) H += sum[q] * sum[q] / g->size[q];
    double chisq = (12 * H / (N * (N + 1)) - 3 * (N + 1)) / (1 - ties / (N * N * N - N)), df = (double)g->k - 1;
    set_test(out, "kw", chisq, df, chisq_sf(chisq, df));
    return OK;
}

static void write_f(Json *out, const char *key, double F, double df1, double df2)
{
    Json *o = json_set(out, key, json_object());
    json_set_number(o, "F", F);
    json_set_number(o, "df1", df1);
    json_set_number(o, "df2", df2);
    json_set_number(o, "p", f_sf(F, df1, df2));
}

static void write_anova(Json *out, const Groups *g)
{
    double N = (double)g->n, k = (double)g->k, grand = 0, between = 0, within = 0, W = 0, centre = 0, spread = 0, lambda = 0;
    for (size_t q = 0; q < g->k; q++) grand += g->size[q] * g->mean[q] / N;
    for (size_t q = 0; q < g->k; q++) {
        double d = g->mean[q] - grand, w = g->size[q] / g->var[q];
        between += g->size[q] * d * d;
        within += g->size[q] > 1 ? (g->size[q] - 1) * g->var[q] : 0;
        W += w;
        centre += w * g->mean[q];
    }
    centre /= W;
    for (size_t q = 0; q < g->k; q++) {
        double w = g->size[q] / g->var[q], d = g->mean[q] - centre;
        spread += w * d * d;
        lambda += (1 - w / W) * (1 - w / W) / (g->size[q] - 1);
    }
    write_f(out, "anova", between / (k - 1) / (within / (N - k)), k - 1, N - k);
    lambda /= k * k - 1;
    write_f(out, "welch_anova", spread / (k - 1) / (1 + 2 * (k - 2) * lambda), k - 1, 1 / (3 * lambda));
}

/* Bartlett's test of equal variances. */
static void write_bartlett(Json *out, const Groups *g)
{
    double N = (double)g->n, k = (double)g->k, pooled = 0, logs = 0, inverse = 0;
    for (size_t q = 0; q < g->k; q++) {
        pooled += (g->size[q] - 1) * g->var[q];
        logs += (g->size[q] - 1) * log(g->var[q]);
        inverse += 1 / (g->size[q] - 1);
    }
    double k2 = ((N - k) * log(pooled / (N - k)) - logs) / (1 + (inverse - 1 / (N - k)) / (3 * (k - 1)));
    Json *o = json_set(out, "bartlett", json_object());
    json_set_number(o, "k2", k2);
    json_set_number(o, "p", chisq_sf(k2, k - 1));
}

/* Fligner and Killeen's, with medians (Conover et al. 1981). */
static Rc write_fligner(Json *out, const Groups *g, Err *e)
{
    double *away = ARENA_NEW(g->arena, 3 * g->n + g->k, double), *rank = away + g->n, *a = away + 2 * g->n, *mean = away + 3 * g->n;
    if (!away) return err_nomem(e);
    for (size_t i = 0; i < g->n; i++) away[i] = fabs(g->y[i] - g->median[g->group[i]]);
    Rc rc = ranks_mid(rank, NULL, away, g->n, e);
    if (rc != OK) return rc;
    double N = (double)g->n, chisq = 0;
    for (size_t i = 0; i < g->n; i++) a[i] = normal_quantile((1 + rank[i] / (N + 1)) / 2);
    double grand = mean_of(a, g->n);
    Sum ss = { 0 };
    for (size_t i = 0; i < g->n; i++) {
        mean[g->group[i]] += a[i] / g->size[g->group[i]];
        sum_add(&ss, (a[i] - grand) * (a[i] - grand));
    }
    for (size_t q = 0; q < g->k; q++) chisq += g->size[q] * (mean[q] - grand) * (mean[q] - grand);
    chisq /= sum_value(&ss) / (N - 1);
    Json *o = json_set(out, "fligner", json_object());
    json_set_number(o, "chisq", chisq);
    json_set_number(o, "p", chisq_sf(chisq, (double)g->k - 1));
    return OK;
}

static Rc groups_of(int **group, char ***label, size_t *k, Design *d, Json *out, const StatCall *call, Err *e)
{
    if (d->n_terms != 1) return err_set(e, ERR_USAGE, "'%s': one group is expected right of ~", call->formula);
    Rc rc = design_groups(group, label, k, d, call, 0, true, e);
    if (rc == OK && *k < 2) rc = diagnose_fatal(out, e, "one_group", "all %zu rows are in one group: there is nothing to compare", d->n);
    return rc;
}

static Rc run_ksample(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    int *group = NULL;
    char **label = NULL;
    Groups g = { .arena = &d.arena };
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_RESPONSE, .no_intercept = true }, e));
    if (d.response != RESPONSE_NUMBER) { rc = err_set(e, ERR_USAGE, "'%s': numbers are expected left of ~", call->formula); goto out; }
    TRY(design_sort_rows(&d, e));
    TRY(groups_of(&group, &label, &g.k, &d, out, call, e));
    g.n = d.n;
    g.y = d.y;
    g.group = group;
    TRY(describe(&g, e));
    json_set_texts(out, "groups", (const char *const *)label, g.k);
    json_set_numbers(out, "group_n", g.size, g.k);
    json_set_numbers(out, "group_mean", g.mean, g.k);
    json_set_numbers(out, "group_median", g.median, g.k);
    TRY(write_kruskal(out, &g, e));
    write_anova(out, &g);
    write_bartlett(out, &g);
    TRY(write_fligner(out, &g, e));
    for (size_t q = 0; q < g.k; q++)
        if (!(g.var[q] > 0)) {
            diagnose(out, "degenerate_variance", "group %s has %g row%s and no variance: Welch's and Bartlett's tests are undefined",
                     label[q], g.size[q], g.size[q] == 1 ? "" : "s");
            break;
        }
out:
    design_free(&d);
    return rc;
}

/* Scores of groups: their numbers, or 1 … k where some label is no number. */
static void scores_of(double *score, char *const *label, size_t k)
{
    bool numbers = true;
    for (size_t q = 0; q < k; q++) numbers = numbers && number_read(&score[q], label[q]);
    for (size_t q = 0; q < k && !numbers; q++) score[q] = (double)q + 1;
}

/* Chi-square for a linear trend of a proportion over scored groups. Cochran 1954, Armitage 1955. */
static Rc run_trend(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    int *group = NULL;
    char **label = NULL;
    double *y = NULL, *count = NULL;
    size_t k = 0;
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_RESPONSE, .no_intercept = true }, e));
    TRY(response_binary(&y, &d, out, e));
    TRY(groups_of(&group, &label, &k, &d, out, call, e));
    count = ARENA_NEW(&d.arena, 3 * k, double);
    if (!count) { rc = err_nomem(e); goto out; }
    scores_of(count + 2 * k, label, k);
    for (size_t i = 0; i < d.n; i++) {
        count[group[i]] += y[i];
        count[k + (size_t)group[i]]++;
    }
    double N = (double)d.n, X = 0, xs = 0, ns = 0, nss = 0;
    for (size_t q = 0; q < k; q++) {
        double s = count[2 * k + q];
        X += count[q];
        xs += count[q] * s;
        ns += count[k + q] * s;
        nss += count[k + q] * s * s;
    }
    double p = X / N, top = xs - p * ns, chisq = top * top / (p * (1 - p) * (nss - ns * ns / N));
    json_set_texts(out, "groups", (const char *const *)label, k);
    json_set_numbers(out, "events", count, k);
    json_set_numbers(out, "group_n", count + k, k);
    json_set_number(out, "chisq", chisq);
    json_set_number(out, "df", 1);
    json_set_number(out, "p", chisq_sf(chisq, 1));
    json_set_numbers(out, "scores", count + 2 * k, k);
out:
    design_free(&d);
    return rc;
}

const Method method_ksample = {
    .name = "ksample", .summary = "several groups of numbers: Kruskal-Wallis, analysis of variance, equality of variances",
    .formula = FORMULA_RESPONSE, .needs_data = true, .options = options, .run = run_ksample,
    .source = "Kruskal & Wallis 1952; Welch 1951; Bartlett 1937; Fligner & Killeen 1976"
};

const Method method_trend = {
    .name = "trend", .summary = "linear trend of a proportion over ordered groups",
    .formula = FORMULA_RESPONSE, .needs_data = true, .options = options, .run = run_trend,
    .source = "Cochran 1954; Armitage 1955"
};
