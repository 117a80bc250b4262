/* stats/roc_method.c: `roc`: areas under the curve, their comparison, cut-points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"
#include "stats/roc.h"

static const MethodOption options[] = {
    { "pauc", OPTION_NUMBERS, NULL, "partial area between two specificities: 1,0.8" },
    { "by", OPTION_TEXT, NULL, "column or expression: compare the areas of its two groups" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

typedef unsigned __int128 Wide;

/* Weights that are no counts: scores to within rounding. */
static void write_best_weighted(Json *const *list, const RocCurve *c, bool youden)
{
    double best = youden ? -1 : 3;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < c->n; i++) {
            double sens = c->true_pos[i] / c->pos, spec = c->true_neg[i] / c->neg;
            double score = youden ? sens + spec - 1 : (1 - sens) * (1 - sens) + (1 - spec) * (1 - spec);
            if (pass == 0) { best = youden ? fmax(best, score) : fmin(best, score); continue; }
            if (fabs(score - best) > 1e-12) continue;
            double v[4] = { c->threshold[i], sens, spec, sens + spec - 1 };
            for (int k = 0; k < (youden ? 4 : 3); k++) json_push(list[k], json_from_number(v[k]));
        }
}

/* Points of the curve with the largest score; whole numbers, so that ties are ties. */
static void write_best(Json *o, const char *key, const RocCurve *c, bool youden)
{
    Json *q = json_set(o, key, json_object()), *list[4];
    static const char *const name[4] = { "threshold", "sensitivity", "specificity", "j" };
    for (int k = 0; k < (youden ? 4 : 3); k++) list[k] = json_set(q, name[k], json_array());
    if (!c->counts) { write_best_weighted(list, c, youden); return; }
    Wide best = 0, pos = (Wide)c->pos, neg = (Wide)c->neg;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < c->n; i++) {
            Wide tp = (Wide)c->true_pos[i] * neg, tn = (Wide)c->true_neg[i] * pos, all = pos * neg;
            Wide score = youden ? tp + tn : ((all - tp) * (all - tp) + (all - tn) * (all - tn));
            if (pass == 0) {
                if (i == 0 || (youden ? score > best : score < best)) best = score;
                continue;
            }
            if (score != best) continue;
            double sens = c->true_pos[i] / c->pos, spec = c->true_neg[i] / c->neg;
            double v[4] = { c->threshold[i], sens, spec, sens + spec - 1 };
            for (int k = 0; k < (youden ? 4 : 3); k++) json_push(list[k], json_from_number(v[k]));
        }
}

/* Two-sided normal p of the rank sum, variance corrected for ties, no continuity correction. */
static double rank_sum_p(const RocCurve *c, double auc)
{
    double n = c->pos + c->neg, ties = 0;
    for (size_t i = 1; i < c->n; i++) {
        double t = c->true_pos[i - 1] - c->true_pos[i] + c->true_neg[i] - c->true_neg[i - 1];
        ties += t * t * t - t;
    }
    double m = c->pos * c->neg, var = m / 12 * (n + 1 - ties / (n * (n - 1)));
    return var > 0 ? normal_two_sided_p((auc - 0.5) * m / sqrt(var)) : NAN;
}

static Rc write_curve(Json *o, const RocCurve *c, Err *e)
{
    Json *q = json_set(o, "curve", json_object());
    double *share = malloc((c->n + 1) * sizeof *share);
    if (!share) return err_nomem(e);
    json_set_numbers(q, "threshold", c->threshold, c->n);
    for (size_t i = 0; i < c->n; i++) share[i] = c->true_pos[i] / c->pos;
    json_set_numbers(q, "sens", share, c->n);
    for (size_t i = 0; i < c->n; i++) share[i] = c->true_neg[i] / c->neg;
    json_set_numbers(q, "spec", share, c->n);
    free(share);
    return OK;
}

static double clamp01(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

/* `independent`: rows are draws of their own, so what is made of their number alone has a meaning. */
static Rc write_marker(Json *out, Json *o, const char *name, const RocArea *r, const RocCurve *c, double conf, const double *range,
                       bool independent, Err *e)
{
    Rc rc = OK;
    bool constant = c->n <= 2, flat = constant || r->var == 0;
    double A = r->auc, z = conf_z(conf), var = constant ? NAN : r->var, se = sqrt(var), lo, hi;
    json_set_number(o, "auc", A);
    json_set_number(o, "var_delong", var);
    json_set_number(o, "se", se);
    double logit = log(A / (1 - A)), d = z * se / (A * (1 - A));
    set_level_limits(o, "ci", conf, "_delong", flat ? NAN : clamp01(A - z * se), flat ? NAN : clamp01(A + z * se));
    set_level_limits(o, "ci", conf, "_logit_delong", flat ? NAN : 1 / (1 + exp(-(logit - d))), flat ? NAN : 1 / (1 + exp(-(logit + d))));
    lo = hi = NAN;
    if (independent) roc_limits_newcombe(&lo, &hi, A, (double)r->n_pos, (double)r->n_neg, conf);
    set_level_limits(o, "ci", conf, "_newcombe", lo, hi);
    json_set_number(o, "var_hanley_mcneil", independent ? roc_variance_hanley(A, (double)r->n_pos, (double)r->n_neg) : NAN);
    write_best(o, "youden", c, true);
    write_best(o, "closest_topleft", c, false);
    double part = range ? roc_partial_area(c, range[0], range[1]) : NAN;
    json_set_number(o, "pauc", part);
    json_set_number(o, "pauc_corrected", range ? roc_partial_corrected(part, range[0], range[1]) : NAN);
    json_set_number(o, "wilcoxon_p_normal_nocc", independent ? rank_sum_p(c, A) : NAN);
    TRY(write_curve(o, c, e));
    if (constant)
        diagnose(out, "degenerate_variance", "%s has the same value in every row: its area is 0.5 and has no variance", name);
    else if (r->var == 0 && !independent)
        diagnose(out, "degenerate_variance", "%s parts the classes completely (area %g): its variance is 0", name, A);
    else if (r->var == 0)
        diagnose(out, "degenerate_variance", "%s parts the classes completely (area %g): DeLong's variance is 0; its %g %% limits of "
                 "Wilson's kind are %.3f to %.3f", name, A, 100 * conf, lo, hi);
    else if (isnan(r->var))
        diagnose(out, "degenerate_variance", "one class has a single row: the area of %s has no variance", name);
out:
    return rc;
}

static Rc write_pairs(Json *out, const Design *d, const RocArea *r, const RocSample *sample, double conf, Err *e)
{
    double z = conf_z(conf);
    Json *list = json_set(out, "paired_delong", json_array());
    for (size_t i = 0; i < d->p; i++)
        for (size_t j = i + 1; j < d->p; j++) {
            double diff = r[i].auc - r[j].auc, cov = NAN;
            if (!sample) cov = roc_covariance(&r[i], &r[j]);
            else {
                Rc rc = roc_covariance_of_sample(&cov, &r[i], &r[j], sample, e);
                if (rc != OK) return rc;
            }
            double var = r[i].var + r[j].var - 2 * cov;
            /* Two markers in one order differ by nothing at all. */
            double se = var > 1e-14 * (r[i].var + r[j].var) ? sqrt(var) : 0;
            Json *o = json_push(list, json_object());
            json_set_text(o, "a", d->term[i]);
            json_set_text(o, "b", d->term[j]);
            json_set_number(o, "auc_diff", diff);
            json_set_number(o, "z", se > 0 ? diff / se : NAN);
            json_set_number(o, "p", se > 0 ? normal_two_sided_p(diff / se) : NAN);
            json_set_number(o, "cov", cov);
            set_level_limits(o, "ci", conf, "_diff", se > 0 ? diff - z * se : NAN, se > 0 ? diff + z * se : NAN);
        }
    return OK;
}

/* The area of one marker in each of two groups of rows. */
static Rc write_by(Json *out, Design *d, const StatCall *call, const double *marker, const double *y, Err *e)
{
    Rc rc = OK;
    Arena *a = &d->arena;
    Expr *by = NULL;
    ExprValue value = { 0 };
    const char *text = option_text(call, "by", NULL), *name[2] = { NULL, NULL };
    double level[2] = { 0, 0 }, *x = ARENA_NEW(a, 3 * d->n, double);
    RocArea r[2];
    if (!x) return err_nomem(e);
    TRY(expr_parse(&by, text, a, e));
    TRY(expr_eval(&value, by, d->frame, a, e));
    int groups = 0;
    for (size_t i = 0; i < d->n; i++) {
        size_t row = d->row[i];
        if (value.is_text ? !value.text[row] : isnan(value.num[row])) continue;
        int g = 0;
        while (g < groups && (value.is_text ? strcmp(name[g], value.text[row]) != 0 : level[g] != value.num[row])) g++;
        if (g < groups) continue;
        if (groups == 2) { rc = err_set(e, ERR_USAGE, "--by %s makes more than two groups", text); goto out; }
        name[g] = value.is_text ? value.text[row] : NULL;
        level[g] = value.is_text ? 0 : value.num[row];
        groups++;
    }
    if (groups < 2) { rc = diagnose_fatal(out, e, "one_group", "--by %s leaves one group: there is nothing to compare", text); goto out; }
    if (value.is_text ? strcmp(name[0], name[1]) > 0 : level[0] > level[1]) {
        const char *t = name[0];
        double v = level[0];
        name[0] = name[1], name[1] = t;
        level[0] = level[1], level[1] = v;
    }
    double size[2];
    for (int g = 0; g < 2; g++) {
        size_t n = 0, pos = 0;
        for (size_t i = 0; i < d->n; i++) {
            size_t row = d->row[i];
            if (value.is_text ? !value.text[row] || strcmp(value.text[row], name[g]) != 0 : value.num[row] != level[g]) continue;
            if (d->weight) x[2 * d->n + n] = d->weight[i];
            x[n] = marker[i];
            x[d->n + n++] = y[i];
            pos += y[i] != 0;
        }
        if (pos == 0 || pos == n) {
            rc = diagnose_fatal(out, e, "one_class", "one group of %s has a single class (%zu of %zu positive)", text, pos, n);
            goto out;
        }
        RocSample sample = { .n = n, .y = x + d->n, .weight = x + 2 * d->n };
        TRY(d->weight ? roc_area_of_sample(&r[g], x, &sample, a, e) : roc_area(&r[g], x, x + d->n, n, a, e));
        size[g] = (double)n;
    }
    double v0 = r[0].var, v1 = r[1].var, D = (r[0].auc - r[1].auc) / sqrt(v0 + v1), auc[2] = { r[0].auc, r[1].auc };
    double df = (v0 + v1) * (v0 + v1) / (v0 * v0 / (size[0] - 1) + v1 * v1 / (size[1] - 1));
    Json *o = json_set(out, "unpaired_delong", json_object()), *groups_json = json_set(o, "groups", json_array());
    for (int g = 0; g < 2; g++) {
        char number[KEY_MAX];
        json_push(groups_json, json_from_text(value.is_text ? name[g] : number_key(number, level[g])));
    }
    json_set_numbers(o, "n", size, 2);
    json_set_numbers(o, "auc", auc, 2);
    json_set_number(o, "D", D);
    json_set_number(o, "df", df);
    json_set_number(o, "p", t_two_sided_p(D, df));
    if (!(v0 + v1 > 0)) diagnose(out, "degenerate_variance", "neither group's area has a variance");
out:
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    double *y = NULL, conf = call_conf(call);
    const double *range = NULL;
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_RESPONSE, .no_intercept = true }, e));
    TRY(design_check_levels(&d, out, d.p > 0, e));
    if (d.p == 0) { rc = err_set(e, ERR_USAGE, "'%s': a marker is expected right of ~", call->formula); goto out; }
    TRY(design_sort_rows(&d, e));
    TRY(response_binary(&y, &d, out, e));
    size_t n_range = option_numbers(&range, call, "pauc", &d.arena), pos = 0;
    if (n_range && (n_range != 2 || !(range[1] >= 0 && range[1] < range[0] && range[0] <= 1))) {
        rc = err_set(e, ERR_USAGE, "--pauc wants two specificities, the higher first: 1,0.8");
        goto out;
    }
    for (size_t i = 0; i < d.n; i++) pos += y[i] != 0;
    json_set_number(out, "n_pos", (double)pos);
    json_set_number(out, "n_neg", (double)(d.n - pos));
    json_set_text(out, "convention", "a higher marker speaks for the event; positive is marker >= threshold");
    RocArea *area = ARENA_NEW(&d.arena, d.p, RocArea);
    if (!area) { rc = err_nomem(e); goto out; }
    const RocSample weighted = { d.n, y, d.weight, d.cluster, d.n_clusters }, *sample = d.weight || d.cluster ? &weighted : NULL;
    if (sample)
        json_set_text(out, "convention", "a higher marker speaks for the event; positive is marker >= threshold; pairs count by the product of their "
                                         "weights; variance between rows or clusters (DeLong, Obuchowski)");
    Json *markers = json_set(out, "markers", json_object());
    for (size_t j = 0; j < d.p; j++) {
        RocCurve curve;
        const double *marker = d.x + j * d.n;
        TRY(sample ? roc_area_of_sample(&area[j], marker, sample, &d.arena, e) : roc_area(&area[j], marker, y, d.n, &d.arena, e));
        TRY(roc_curve(&curve, marker, y, d.weight, d.n, &d.arena, e));
        TRY(write_marker(out, json_set(markers, d.term[j], json_object()), d.term[j], &area[j], &curve, conf, n_range ? range : NULL, !sample, e));
    }
    TRY(write_pairs(out, &d, area, sample, conf, e));
    if (option_text(call, "by", NULL)) {
        if (d.p != 1) { rc = err_set(e, ERR_USAGE, "--by wants one marker"); goto out; }
        if (d.cluster) { rc = err_set(e, ERR_USAGE, "--by compares independent groups: no --cluster"); goto out; }
        TRY(write_by(out, &d, call, d.x, y, e));
    }
out:
    design_free(&d);
    return rc;
}

const Method method_roc = {
    .name = "roc", .summary = "areas under ROC curves with DeLong intervals and tests, cut-points, partial areas",
    .formula = FORMULA_RESPONSE, .needs_data = true, .options = options, .run = run,
    .source = "DeLong et al. 1988; Hanley & McNeil 1982; McClish 1989; Newcombe 2006"
};
