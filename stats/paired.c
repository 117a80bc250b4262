/* stats/paired.c: `paired`: two measurements of the same subjects: tests of change, agreement and repeatability. */
#include <math.h>

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
    size_t n;
    const double *a, *b;
    double *diff;
    double conf, mean, sd;      /* of the differences */
    Arena *arena;
} Pairs;

/* Sums of squares and products about the means. */
static void moments(double *mx, double *my, double *sxx, double *syy, double *sxy, const double *x, const double *y, size_t n)
{
    Sum xx = { 0 }, yy = { 0 }, xy = { 0 };
    *mx = mean_of(x, n);
    *my = mean_of(y, n);
    for (size_t i = 0; i < n; i++) {
        double u = x[i] - *mx, v = y[i] - *my;
        sum_add(&xx, u * u);
        sum_add(&yy, v * v);
        sum_add(&xy, u * v);
    }
    *sxx = sum_value(&xx);
    *syy = sum_value(&yy);
    *sxy = sum_value(&xy);
}

/* Wilcoxon's signed ranks: zeros dropped (Wilcoxon) for all but Pratt's, which ranks them and then drops their ranks. */
static Rc write_signed_ranks(Json *out, const Pairs *p, Err *e)
{
    Rc rc = OK;
    size_t n = p->n, m = 0, kept = 0;
    double *size = ARENA_NEW(p->arena, n, double), *rank = ARENA_NEW(p->arena, n, double), *used = ARENA_NEW(p->arena, n, double);
    double V = 0, V_pratt = 0, ties = 0, exact, pratt;
    if (!size || !rank || !used) return err_nomem(e);
    for (size_t i = 0; i < n; i++)
        if (p->diff[i] != 0) size[m++] = fabs(p->diff[i]);
    TRY(ranks_mid(rank, &ties, size, m, e));
    for (size_t i = 0, k = 0; i < n; i++) {
        if (p->diff[i] == 0) continue;
        if (p->diff[i] > 0) V += rank[k];
        k++;
    }
    double M = (double)m, d = V - M * (M + 1) / 4, sd = sqrt(M * (M + 1) * (2 * M + 1) / 24 - ties / 48);
    double cc = d > 0 ? 0.5 : d < 0 ? -0.5 : 0;
    json_set_number(out, "V", V);
    json_set_number(out, "p_normal_cc", normal_two_sided_p((d - cc) / sd));
    json_set_number(out, "p_normal_nocc", normal_two_sided_p(d / sd));
    TRY(signed_rank_exact_p(&exact, rank, m, V, e));
    for (size_t i = 0; i < n; i++) size[i] = fabs(p->diff[i]);
    TRY(ranks_mid(rank, NULL, size, n, e));
    for (size_t i = 0; i < n; i++) {
        if (p->diff[i] == 0) continue;
        used[kept++] = rank[i];
        if (p->diff[i] > 0) V_pratt += rank[i];
    }
    TRY(signed_rank_exact_p(&pratt, used, kept, V_pratt, e));
    json_set_number(out, "p_exact", exact);
    json_set_number(out, "p_exact_pratt", pratt);
    for (size_t i = 0; i < n; i++) size[i] = p->diff[i];
    sort_doubles(size, n);
    json_set_number(out, "hl_pseudomedian", median_walsh(size, n));
out:
    return rc;
}

static void write_mean(Json *out, const Pairs *p)
{
    double n = (double)p->n, se = p->sd / sqrt(n), q = t_quantile(0.5 + p->conf / 2, n - 1), positive = 0, nonzero = 0;
    Json *t = json_set(out, "t", json_object());
    json_set_number(t, "t", p->mean / se);
    json_set_number(t, "df", n - 1);
    json_set_number(t, "p", t_two_sided_p(p->mean / se, n - 1));
    json_set_number(t, "mean", p->mean);
    set_level_limits(t, "ci", p->conf, "", p->mean - q * se, p->mean + q * se);
    for (size_t i = 0; i < p->n; i++) {
        positive += p->diff[i] > 0;
        nonzero += p->diff[i] != 0;
    }
    Json *s = json_set(out, "sign_test", json_object());
    json_set_number(s, "pos", positive);
    json_set_number(s, "n_nonzero", nonzero);
    json_set_number(s, "p", fmin(1, 2 * binomial_cdf(fmin(positive, nonzero - positive), nonzero, 0.5)));
}

/* Bland & Altman 1986, limits of agreement; slope of difference on mean tells a bias that grows with size. */
static Rc write_agreement(Json *out, const Pairs *p, Err *e)
{
    double n = (double)p->n, z = conf_z(p->conf), q = t_quantile(0.5 + p->conf / 2, n - 1), se = p->sd / sqrt(n);
    double *sum = ARENA_NEW(p->arena, 2 * p->n, double), *mean = sum + p->n, mx, my, sxx, syy, sxy;
    if (!sum) return err_nomem(e);
    for (size_t i = 0; i < p->n; i++) {
        sum[i] = p->a[i] + p->b[i];
        mean[i] = sum[i] / 2;
    }
    Json *o = json_set(out, "bland_altman", json_object());
    json_set_number(o, "bias", p->mean);
    json_set_number(o, "sd", p->sd);
    set_limits(o, "loa", p->mean - z * p->sd, p->mean + z * p->sd);
    set_level_limits(o, "bias_ci", p->conf, "", p->mean - q * se, p->mean + q * se);
    json_set_number(o, "loa_se_approx", p->sd * sqrt(3 / n));
    moments(&mx, &my, &sxx, &syy, &sxy, mean, p->diff, p->n);
    json_set_number(o, "slope_diff_on_mean", sxy / sxx);
    moments(&mx, &my, &sxx, &syy, &sxy, sum, p->diff, p->n);
    double r = sxy / sqrt(sxx * syy), t = r * sqrt((n - 2) / (1 - r * r));
    Json *m = json_set(out, "pitman_morgan", json_object());
    json_set_number(m, "r", r);
    json_set_number(m, "p", t_two_sided_p(t, n - 2));
    moments(&mx, &my, &sxx, &syy, &sxy, p->a, p->b, p->n);
    json_set_number(out, "lin_ccc", 2 * sxy / (sxx + syy + n * (mx - my) * (mx - my)));
    return OK;
}

/* Within-subject SD from pairs: wSD^2 is the mean of d^2/2. */
static void write_repeatability(Json *out, const Pairs *p)
{
    double n = (double)p->n, z = conf_z(p->conf);
    Sum dd = { 0 }, cv = { 0 }, ll = { 0 };
    bool positive = true;
    for (size_t i = 0; i < p->n; i++) {
        double d = p->diff[i], m = (p->a[i] + p->b[i]) / 2;
        positive = positive && p->a[i] > 0 && p->b[i] > 0;
        sum_add(&dd, d * d / 2);
        if (!positive) continue;
        double l = log(p->a[i] / p->b[i]);
        sum_add(&cv, d * d / 2 / (m * m));
        sum_add(&ll, l * l / 2);
    }
    double wsd = sqrt(sum_value(&dd) / n), rc = z * sqrt(2) * wsd, log_rc = z * sqrt(2) * sqrt(sum_value(&ll) / n);
    Json *o = json_set(out, "repeatability", json_object());
    json_set_number(o, "wSD", wsd);
    json_set_number(o, "rc", rc);
    json_set_number(o, "wCV_rms", positive ? sqrt(sum_value(&cv) / n) : NAN);
    set_level_limits(o, "rc_ci", p->conf, "", rc * sqrt(n / chisq_quantile(0.5 + p->conf / 2, n)),
                     rc * sqrt(n / chisq_quantile(0.5 - p->conf / 2, n)));
    if (positive) set_limits(o, "log_rc_asym_percent", 100 * expm1(-log_rc), 100 * expm1(log_rc));
    else json_set(o, "log_rc_asym_percent", json_null());
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_COLUMNS, .no_intercept = true }, e));
    TRY(design_want_numbers(&d, call, e));
    if (d.p != 2) { rc = err_set(e, ERR_USAGE, "'%s': two columns of numbers are expected, ~a+b", call->formula); goto out; }
    TRY(design_want_rows(&d, out, 2, e));
    TRY(design_sort_rows(&d, e));
    Pairs p = { .n = d.n, .a = d.x, .b = d.x + d.n, .conf = call_conf(call), .arena = &d.arena };
    p.diff = ARENA_NEW(&d.arena, d.n, double);
    if (!p.diff) { rc = err_nomem(e); goto out; }
    Sum ss = { 0 };
    for (size_t i = 0; i < d.n; i++) p.diff[i] = p.a[i] - p.b[i];
    p.mean = mean_of(p.diff, d.n);
    for (size_t i = 0; i < d.n; i++) sum_add(&ss, (p.diff[i] - p.mean) * (p.diff[i] - p.mean));
    p.sd = sqrt(sum_value(&ss) / (double)(d.n - 1));
    TRY(write_signed_ranks(out, &p, e));
    write_mean(out, &p);
    TRY(write_agreement(out, &p, e));
    write_repeatability(out, &p);
    if (p.sd == 0) diagnose(out, "degenerate_variance", "%s and %s differ by the same amount in every row", d.term[0], d.term[1]);
out:
    design_free(&d);
    return rc;
}

const Method method_paired = {
    .name = "paired", .summary = "two measurements of the same subjects: signed ranks, t test, Bland-Altman, repeatability",
    .formula = FORMULA_COLUMNS, .needs_data = true, .options = options, .run = run,
    .source = "Wilcoxon 1945; Pratt 1959; Bland & Altman 1986; Lin 1989; Obuchowski & Bullen 2018"
};
