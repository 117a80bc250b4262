/* stats/diagnostic.c: `diagnostic`: how a yes/no test stands to the truth, --table tp,fp,fn,tn. */
#include <math.h>

#include "stats/dist.h"
#include "stats/exact22.h"
#include "stats/result_keys.h"
#include "stats/small_table.h"

static const MethodOption options[] = {
    { "table", OPTION_NUMBERS, NULL, "tp,fp,fn,tn: true and false positives, false and true negatives" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* {est, ciX} of a ratio with its standard error on the log scale. */
static void write_ratio(Json *out, const char *key, double est, double se, double conf, const char *tail)
{
    double z = conf_z(conf);
    Json *o = json_set(out, key, json_object());
    json_set_number(o, "est", est);
    set_level_limits(o, "ci", conf, tail, est * exp(-z * se), est * exp(z * se));
}

static void write_chisq(Json *out, const char *key, const double c[4], double correction)
{
    double n = c[0] + c[1] + c[2] + c[3], x = 0;
    for (int i = 0; i < 4; i++) {
        double row = i < 2 ? c[0] + c[1] : c[2] + c[3], col = i % 2 ? c[1] + c[3] : c[0] + c[2], expected = row * col / n;
        double d = fabs(c[i] - expected);
        d -= fmin(correction, d);
        x += d * d / expected;
    }
    Json *o = json_set(out, key, json_object());
    json_set_number(o, "x", x);
    json_set_number(o, "p", chisq_sf(x, 1));
}

/* Newcombe 1998, method 10: difference of two proportions from their Wilson limits. */
static void write_newcombe(Json *out, double k1, double n1, double k2, double n2, double alpha)
{
    Interval a = proportion_wilson(k1, n1, alpha), b = proportion_wilson(k2, n2, alpha);
    double p = k1 / n1, q = k2 / n2, d = p - q;
    double limits[3] = { d, d - sqrt((p - a.lower) * (p - a.lower) + (b.upper - q) * (b.upper - q)),
                         d + sqrt((a.upper - p) * (a.upper - p) + (q - b.lower) * (q - b.lower)) };
    json_set_numbers(out, "newcombe_riskdiff_wilson", limits, 3);
}

static Rc write_exact(Json *out, const double cell[4], double conf, Arena *a, Err *e)
{
    Rc rc = OK;
    Exact22 x;
    char key[KEY_MAX];
    TRY(exact22_new(&x, cell, a, e));
    if (x.lo == x.hi) goto out;               /* a margin of 0: one table is possible, there is nothing to test */
    Interval central = exact22_central(&x, 1 - conf), mid = exact22_central_mid(&x, 1 - conf), ml = exact22_minlike(&x, 1 - conf),
             bl = exact22_blaker(&x, 1 - conf);
    Json *f = json_set(out, "fisher", json_object());
    json_set_number(f, "p_two_sided", exact22_p_minlike(&x));
    json_set_number(f, "or_cmle", exact22_odds_ratio(&x));
    set_level_limits(f, "ci", conf, "", central.lower, central.upper);
    json_set_number(f, "p_greater", exact22_p_greater(&x));
    json_set_number(f, "p_less", exact22_p_less(&x));
    set_limits(out, "fisher_minlike_ci", ml.lower, ml.upper);
    Json *b = json_set(out, "fisher_blaker", json_object());
    json_set_number(b, "p", exact22_p_blaker(&x));
    set_limits(b, level_key(key, "ci", conf), bl.lower, bl.upper);
    Json *m = json_set(out, "midp_central", json_object());
    json_set_number(m, "p", exact22_p_mid(&x));
    set_level_limits(m, "ci", conf, "", mid.lower, mid.upper);
out:
    return rc;
}

static Rc diagnostic_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    double c[4], conf = call_conf(call);
    TRY(table_cells(c, call, "tp,fp,fn,tn", &a, e));
    double tp = c[0], fp = c[1], fn = c[2], tn = c[3], n = tp + fp + fn + tn;
    json_set_number(out, "n", n);
    struct { const char *key; double k, n; } share[] = {
        { "sensitivity", tp, tp + fn }, { "specificity", tn, fp + tn }, { "ppv", tp, tp + fp }, { "npv", tn, fn + tn }, { "accuracy", tp + tn, n } };
    for (int i = 0; i < 5; i++) {
        if (share[i].n == 0) { json_set(out, share[i].key, json_null()); continue; }
        write_proportion(json_set(out, share[i].key, json_object()), share[i].k, share[i].n, conf);
    }
    write_ratio(out, "lr_pos", tp / (tp + fn) / (fp / (fp + tn)), sqrt(1 / tp - 1 / (tp + fn) + 1 / fp - 1 / (fp + tn)), conf, "_log");
    write_ratio(out, "lr_neg", fn / (tp + fn) / (tn / (fp + tn)), sqrt(1 / fn - 1 / (tp + fn) + 1 / tn - 1 / (fp + tn)), conf, "_log");
    write_ratio(out, "odds_ratio", tp * tn / (fp * fn), sqrt(1 / tp + 1 / fp + 1 / fn + 1 / tn), conf, "_woolf");
    write_ratio(out, "risk_ratio_testpos", tp / (tp + fp) / (fn / (fn + tn)), sqrt(1 / tp - 1 / (tp + fp) + 1 / fn - 1 / (fn + tn)), conf, "");
    TRY(write_exact(out, c, conf, &a, e));
    if ((tp + fp) * (fn + tn) * (tp + fn) * (fp + tn) > 0) {
        write_chisq(out, "chisq_yates", c, 0.5);
        write_chisq(out, "chisq", c, 0);
        write_newcombe(out, tp, tp + fp, fn, fn + tn, 1 - conf);
    }
    double agree = (tp + tn) / n, chance = ((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)) / (n * n);
    json_set_number(out, "kappa", (agree - chance) / (1 - chance));
out:
    arena_free(&a);
    return rc;
}

const Method method_diagnostic = { "diagnostic", "sensitivity, specificity and their kin from four cells", FORMULA_NONE, false, false, options,
                                   diagnostic_run, "Altman & Bland 1994; Newcombe 1998; Fay 2010" };
