/* stats/maxstat_method.c: `maxstat`: the best cut of a marker, and what is left of it once the search is allowed for. */
#include <math.h>

#include "core/sum.h"
#include "stats/cox_risk.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/maxstat.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "minprop", OPTION_NUMBER, NULL, "least share of rows at or below the cut (default 0.1)" },
    { "maxprop", OPTION_NUMBER, NULL, "largest share of rows at or below the cut (default 0.9)" },
    { "permutations", OPTION_INTEGER, NULL, "a p-value by so many permutations as well" },
    { "bootstrap", OPTION_INTEGER, NULL, "spread of the cut over so many resamples" },
    { "folds", OPTION_INTEGER, NULL, "hazard ratio between groups whose cut was chosen on the other folds" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

static Rc write_permutation(Json *out, const MaxstatSearch *s, const StatCall *call, Err *e)
{
    double count = option_number(call, "permutations", 0), p, se;
    if (!(count >= 1)) return OK;
    Rc rc = maxstat_p_permutation(&p, &se, s, (size_t)count, (uint64_t)option_number(call, "seed", 1), e);
    if (rc != OK) return rc;
    json_set_number(out, "p_permutation", p);
    json_set_number(out, "p_permutation_se", se);
    return OK;
}

static Rc write_bootstrap(Json *out, const MaxstatData *d, const StatCall *call, Arena *a, Err *e)
{
    double count = option_number(call, "bootstrap", 0), conf = call_conf(call);
    size_t found = 0;
    if (!(count >= 1)) return OK;
    double *cut = ARENA_NEW(a, (size_t)count, double);
    if (!cut) return err_nomem(e);
    Rc rc = maxstat_bootstrap(cut, &found, d, (size_t)count, (uint64_t)option_number(call, "seed", 1), e);
    if (rc != OK) return rc;
    Json *o = json_set(out, "cut_bootstrap", json_object());
    json_set_number(o, "resamples", (double)found);
    json_set_number(o, "median", quantile_sorted(cut, found, 0.5));
    set_level_number(o, "lower", conf, quantile_sorted(cut, found, 0.5 - conf / 2));
    set_level_number(o, "upper", conf, quantile_sorted(cut, found, 0.5 + conf / 2));
    return OK;
}

static Rc write_crossfit(Json *out, const MaxstatData *d, const StatCall *call, Arena *a, Err *e)
{
    double folds = option_number(call, "folds", 0), conf = call_conf(call), z = conf_z(conf), above = 0;
    static const char *const name[1] = { "group above the cut" };
    CoxRisk fit;
    Rc rc = OK;
    if (!(folds >= 2)) return OK;
    if (!d->time) return err_set(e, ERR_USAGE, "--folds wants a survival outcome");
    if (folds > (double)d->n) return err_set(e, ERR_USAGE, "--folds %g: there are %zu rows", folds, d->n);
    double *high = ARENA_NEW(a, d->n, double);
    if (!high) return err_nomem(e);
    TRY(maxstat_crossfit(high, d, (int)folds, (uint64_t)option_number(call, "seed", 1), e));
    for (size_t i = 0; i < d->n; i++) above += high[i];
    Json *o = json_set(out, "crossfit", json_object());
    json_set_number(o, "folds", folds);
    json_set_number(o, "n_above", above);
    if (isnan(above) || above == 0 || above == (double)d->n) return OK;
    TRY(cox_risk_fit(&fit, high, d->n, 1, d->time, d->event, TIES_EFRON, name, out, a, e));
    double lr = fmax(2 * (fit.loglik - fit.loglik_null), 0), b = fit.beta[0], se = lr > 0 ? fabs(b) / sqrt(lr) : NAN;
    json_set_number(o, "hr", exp(b));
    set_level_number(o, "lower", conf, exp(b - z * se));
    set_level_number(o, "upper", conf, exp(b + z * se));
    json_set_number(o, "p", chisq_sf(lr, 1));
out:
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    MaxstatSearch s = { 0 };
    double minprop = option_number(call, "minprop", 0.1), maxprop = option_number(call, "maxprop", 0.9), gauss, exact;
    if (!(minprop > 0 && minprop < maxprop && maxprop < 1))
        return err_set(e, ERR_USAGE, "--minprop %g and --maxprop %g: expected 0 < minprop < maxprop < 1", minprop, maxprop);
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_ANY, .no_intercept = true }, e));
    TRY(design_check_levels(&d, out, d.p > 0, e));
    if (d.response == RESPONSE_COUNTING || d.response == RESPONSE_TEXT || d.response == RESPONSE_NONE || d.p != 1) {
        rc = err_set(e, ERR_USAGE, "'%s': maxstat wants Surv(time, event) or a number left of ~ and one marker right of it", call->formula);
        goto out;
    }
    TRY(design_sort_rows(&d, e));
    double events = 0;
    for (size_t i = 0; d.event && i < d.n; i++) events += d.event[i] != 0;
    if (d.event) json_set_number(out, "nevent", events);
    if (d.event && events == 0) { rc = diagnose_fatal(out, e, "no_events", "none of %zu rows has an event", d.n); goto out; }
    MaxstatData data = { d.n, d.x, d.time, d.event, d.y, minprop, maxprop };
    TRY(maxstat_search(&s, &data, &d.arena, e));
    if (s.n_cuts == 0) {
        rc = diagnose_fatal(out, e, "one_group", "no cut of %s leaves between %g and %g of the rows at or below it", d.term[0], minprop,
                            maxprop);
        goto out;
    }
    double b = s.stat[s.best];
    if (!isfinite(b)) { rc = diagnose_fatal(out, e, "one_class", "all outcomes rank the same: there is nothing to select"); goto out; }
    TRY(maxstat_p_gauss(&gauss, b, &s, e));
    TRY(maxstat_p_bound(&exact, &s, e));
    json_set_number(out, "statistic", b);
    json_set_number(out, "cutpoint", s.cut[s.best]);
    json_set_number(out, "p_uncorrected", normal_two_sided_p(b));
    json_set_number(out, "p_Lau92", maxstat_p_bridge(b, minprop, maxprop));
    json_set_number(out, "p_Lau94", maxstat_p_bonferroni(b, &s));
    json_set_number(out, "p_HL", exact);
    json_set_number(out, "p_exactGauss", gauss);
    json_set_text(out, "convention", "low group x <= cut; p_HL bounds the permutation distribution of whole-number scores");
    Json *o = json_set(out, "profile", json_object());
    json_set_numbers(o, "cut", s.cut, s.n_cuts);
    json_set_numbers(o, "stat", s.stat, s.n_cuts);
    TRY(write_permutation(out, &s, call, e));
    TRY(write_bootstrap(out, &data, call, &d.arena, e));
    TRY(write_crossfit(out, &data, call, &d.arena, e));
out:
    design_free(&d);
    return rc;
}

const Method method_maxstat = {
    .name = "maxstat", .summary = "the best cut-point of a marker, with p-values corrected for the search",
    .formula = FORMULA_ANY, .needs_data = true, .options = options, .run = run,
    .source = "Lausen & Schumacher 1992; Lausen et al. 1994; Hothorn & Lausen 2003"
};
