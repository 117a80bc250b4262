/* stats/icc.c: `icc`: agreement of repeated measurements: intraclass correlations, kappas, Friedman's test. */
#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/method.h"
#include "stats/ranks.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = { { NULL, OPTION_FLAG, NULL, NULL } };

/* Mean squares of subjects x raters (McGraw & Wong 1996). */
typedef struct { double n, k, subjects, raters, residual, within, conf; } Anova;

static Anova anova(const Design *d, double conf)
{
    size_t n = d->n, k = d->p;
    double N = (double)n, K = (double)k;
    Sum all = { 0 }, rows = { 0 }, cols = { 0 }, total = { 0 };
    for (size_t i = 0; i < n * k; i++) sum_add(&all, d->x[i]);
    double grand = sum_value(&all) / (N * K);
    for (size_t i = 0; i < n; i++) {
        Sum s = { 0 };
        for (size_t j = 0; j < k; j++) {
            double v = d->x[j * n + i] - grand;
            sum_add(&s, v);
            sum_add(&total, v * v);
        }
        sum_add(&rows, sum_value(&s) * sum_value(&s) / K);
    }
    for (size_t j = 0; j < k; j++) {
        Sum s = { 0 };
        for (size_t i = 0; i < n; i++) sum_add(&s, d->x[j * n + i] - grand);
        sum_add(&cols, sum_value(&s) * sum_value(&s) / N);
    }
    double r = sum_value(&rows), c = sum_value(&cols), t = sum_value(&total);
    return (Anova){ N, K, r / (N - 1), c / (K - 1), (t - r - c) / ((N - 1) * (K - 1)), (t - r) / (N * (K - 1)), conf };
}

static void write_icc(Json *out, const char *key, const Anova *a, double icc, double lower, double upper, double F, double df2)
{
    Json *o = json_set(out, key, json_object());
    json_set_number(o, "icc", icc);
    set_level_number(o, "lower", a->conf, lower);
    set_level_number(o, "upper", a->conf, upper);
    json_set_number(o, "F", F);
    json_set_number(o, "df1", a->n - 1);
    json_set_number(o, "df2", df2);
    json_set_number(o, "p", f_sf(F, a->n - 1, df2));
}

/* One-way and consistency: limits from the F ratio itself. */
static void write_by_ratio(Json *out, const char *single, const char *average, const Anova *a, double error, double df2)
{
    double F = a->subjects / error, k = a->k, p = 0.5 + a->conf / 2;
    double low = F / f_quantile(p, a->n - 1, df2), high = F * f_quantile(p, df2, a->n - 1);
    write_icc(out, single, a, (a->subjects - error) / (a->subjects + (k - 1) * error), (low - 1) / (low + k - 1),
              (high - 1) / (high + k - 1), F, df2);
    write_icc(out, average, a, 1 - error / a->subjects, 1 - 1 / low, 1 - 1 / high, F, df2);
}

/* Absolute agreement: Satterthwaite's degrees of freedom for the limits; those of the average by Spearman and Brown. The test of
 * a zero correlation has (n-1)(k-1). */
static void write_agreement(Json *out, const Anova *a)
{
    double n = a->n, k = a->k, S = a->subjects, R = a->raters, E = a->residual, p = 0.5 + a->conf / 2;
    double icc = (S - E) / (S + (k - 1) * E + k / n * (R - E));
    double A = k * icc / (n * (1 - icc)), B = 1 + k * icc * (n - 1) / (n * (1 - icc));
    double v = (A * R + B * E) * (A * R + B * E) / (A * R * A * R / (k - 1) + B * E * B * E / ((n - 1) * (k - 1)));
    double low = f_quantile(p, n - 1, v), high = f_quantile(p, v, n - 1), other = k * R + (k * n - k - n) * E;
    double lower = n * (S - low * E) / (low * other + n * S), upper = n * (high * S - E) / (other + n * high * S);
    double df2 = (n - 1) * (k - 1);
    write_icc(out, "icc_twoway_agreement_single", a, icc, lower, upper, S / E, df2);
    write_icc(out, "icc_twoway_agreement_average", a, (S - E) / (S + (R - E) / n), k * lower / (1 + (k - 1) * lower),
              k * upper / (1 + (k - 1) * upper), S / E, df2);
}

/* Distinct values of the given columns, ascending. */
static size_t categories(double *level, const double *x, size_t count)
{
    size_t k = 0;
    memcpy(level, x, count * sizeof *level);
    sort_doubles(level, count);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || level[i] != level[k - 1]) level[k++] = level[i];
    return k;
}

static size_t category_of(const double *level, size_t k, double v)
{
    size_t q = 0;
    while (q + 1 < k && level[q] != v) q++;
    return q;
}

/* Cohen's kappa of two raters, plain and with weights by the distance of ordered categories. */
static Rc write_kappa(Json *out, const Design *d, Arena *a, Err *e)
{
    size_t n = d->n;
    double *level = ARENA_NEW(a, 2 * n, double);
    if (!level) return err_nomem(e);
    size_t k = categories(level, d->x, 2 * n);
    double *cell = ARENA_NEW(a, k * k + 2 * k, double), *row = cell + k * k, *col = row + k;
    if (!cell) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t u = category_of(level, k, d->x[i]), v = category_of(level, k, d->x[n + i]);
        cell[v * k + u] += 1 / (double)n;
        row[u] += 1 / (double)n;
        col[v] += 1 / (double)n;
    }
    double seen[3] = { 0 }, chance[3] = { 0 };      /* disagreement: any, linear, quadratic */
    for (size_t u = 0; u < k; u++)
        for (size_t v = 0; v < k; v++) {
            double far = fabs((double)u - (double)v), w[3] = { far > 0, far, far * far };
            for (int t = 0; t < 3; t++) {
                seen[t] += w[t] * cell[v * k + u];
                chance[t] += w[t] * row[u] * col[v];
            }
        }
    /* Large-sample variance under no association (Fleiss, Cohen & Everitt 1969). */
    double pe = 1 - chance[0], s = 0, kappa = 1 - seen[0] / chance[0];
    for (size_t u = 0; u < k; u++) s += row[u] * col[u] * (row[u] + col[u]);
    double var = (pe + pe * pe - s) / ((double)n * chance[0] * chance[0]);
    Json *o = json_set(out, "kappa_first_two", json_object());
    json_set_number(o, "unweighted", kappa);
    json_set_number(o, "z", var > 0 ? kappa / sqrt(var) : NAN);
    json_set_number(o, "linear", 1 - seen[1] / chance[1]);
    json_set_number(o, "quadratic", 1 - seen[2] / chance[2]);
    return OK;
}

/* Fleiss 1971. */
static Rc write_fleiss(Json *out, const Design *d, Arena *a, Err *e)
{
    size_t n = d->n, r = d->p;
    double N = (double)n, R = (double)r, agree = 0, chance = 0;
    double *level = ARENA_NEW(a, n * r, double);
    if (!level) return err_nomem(e);
    size_t k = categories(level, d->x, n * r);
    double *count = ARENA_NEW(a, 2 * k, double);
    if (!count) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        for (size_t q = 0; q < k; q++) count[q] = 0;
        for (size_t j = 0; j < r; j++) count[category_of(level, k, d->x[j * n + i])]++;
        for (size_t q = 0; q < k; q++) {
            agree += count[q] * (count[q] - 1) / (N * R * (R - 1));
            count[k + q] += count[q] / (N * R);
        }
    }
    for (size_t q = 0; q < k; q++) chance += count[k + q] * count[k + q];
    json_set_number(out, "fleiss", (agree - chance) / (1 - chance));
    return OK;
}

static Rc write_friedman(Json *out, const Design *d, Arena *a, Err *e)
{
    size_t n = d->n, k = d->p;
    double N = (double)n, K = (double)k, ties = 0, ss = 0;
    double *x = ARENA_NEW(a, 3 * k, double), *rank = x + k, *sum = x + 2 * k;
    if (!x) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        double t;
        for (size_t j = 0; j < k; j++) x[j] = d->x[j * n + i];
        Rc rc = ranks_mid(rank, &t, x, k, e);
        if (rc != OK) return rc;
        ties += t;
        for (size_t j = 0; j < k; j++) sum[j] += rank[j];
    }
    for (size_t j = 0; j < k; j++) ss += (sum[j] - N * (K + 1) / 2) * (sum[j] - N * (K + 1) / 2);
    double chisq = 12 * ss / (N * K * (K + 1) - ties / (K - 1));
    set_test(out, "friedman", chisq, K - 1, chisq_sf(chisq, K - 1));
    return OK;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_COLUMNS, .no_intercept = true }, e));
    TRY(design_want_numbers(&d, call, e));
    if (d.p < 2) { rc = err_set(e, ERR_USAGE, "'%s': two or more columns of numbers are expected, ~a+b", call->formula); goto out; }
    TRY(design_want_rows(&d, out, 2, e));
    TRY(design_sort_rows(&d, e));
    Anova a = anova(&d, call_conf(call));
    json_set_number(out, "k", a.k);
    write_by_ratio(out, "icc_oneway_consistency_single", "icc_oneway_consistency_average", &a, a.within, a.n * (a.k - 1));
    write_by_ratio(out, "icc_twoway_consistency_single", "icc_twoway_consistency_average", &a, a.residual, (a.n - 1) * (a.k - 1));
    write_agreement(out, &a);
    Json *m = json_set(out, "mean_squares", json_object());
    json_set_number(m, "subjects", a.subjects);
    json_set_number(m, "raters", a.raters);
    json_set_number(m, "residual", a.residual);
    bool whole = true;
    for (size_t i = 0; i < d.n * d.p; i++) whole = whole && d.x[i] == floor(d.x[i]);
    if (whole) {
        TRY(write_kappa(out, &d, &d.arena, e));
        TRY(write_fleiss(out, &d, &d.arena, e));
    }
    TRY(write_friedman(out, &d, &d.arena, e));
    if (!(a.residual > 0)) diagnose(out, "degenerate_variance", "the measurements differ by constants alone: there is no error to set "
                                    "the differences between subjects against");
out:
    design_free(&d);
    return rc;
}

const Method method_icc = {
    .name = "icc", .summary = "agreement of repeated measurements: intraclass correlations, kappas, Friedman's test",
    .formula = FORMULA_COLUMNS, .needs_data = true, .options = options, .run = run,
    .source = "Shrout & Fleiss 1979; McGraw & Wong 1996; Cohen 1960; Fleiss 1971; Friedman 1937"
};
