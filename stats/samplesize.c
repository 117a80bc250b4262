/* stats/samplesize.c: `samplesize`: Riley's criteria for a prediction model; `power`: events and power for a hazard or odds ratio. */
#include <math.h>
#include <string.h>

#include "stats/dist.h"
#include "stats/method.h"
#include "stats/riley.h"

static const MethodOption size_options[] = {
    { "type", OPTION_CHOICE, "binary|survival", "kind of outcome" },
    { "csrsquared", OPTION_NUMBER, NULL, "expected Cox-Snell R2" },
    { "parameters", OPTION_NUMBER, NULL, "candidate parameters" },
    { "prevalence", OPTION_NUMBER, NULL, "share with the outcome (binary)" },
    { "rate", OPTION_NUMBER, NULL, "events per unit of time (survival)" },
    { "timepoint", OPTION_NUMBER, NULL, "time of the predicted risk (survival)" },
    { "meanfup", OPTION_NUMBER, NULL, "mean follow-up (survival)" },
    { "shrinkage", OPTION_NUMBER, NULL, "least shrinkage wanted (0.9)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};
static const MethodOption power_options[] = {
    { "hr", OPTION_NUMBER, NULL, "hazard ratio: with --prop of two groups, without it per SD of a covariate" },
    { "or", OPTION_NUMBER, NULL, "odds ratio, likewise" },
    { "prop", OPTION_NUMBER, NULL, "share of the first group" },
    { "prevalence", OPTION_NUMBER, NULL, "share with the outcome (--or)" },
    { "alpha", OPTION_NUMBER, NULL, "two-sided level (0.05)" },
    { "power", OPTION_NUMBER, NULL, "wanted power (0.8)" },
    { "events", OPTION_NUMBER, NULL, "events at hand: their power (--hr)" },
    { "n", OPTION_NUMBER, NULL, "patients at hand: their power (--or)" },
    { "r2", OPTION_NUMBER, NULL, "R2 of the covariate on the others in the model (0)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

static Rc want(double *x, const StatCall *call, const char *key, double low, double high, double fallback, Err *e)
{
    *x = option_number(call, key, fallback);
    if (!(*x > low && *x < high)) {
        if (isnan(*x)) return err_set(e, ERR_USAGE, "--%s is missing", key);
        return err_set(e, ERR_USAGE, "--%s %g: expected between %g and %g", key, *x, low, high);
    }
    return OK;
}

/* Half width of the 95 % interval of the overall risk at the time point. */
static double risk_margin(double rate, double time, double person_time)
{
    double se = sqrt(rate / person_time), z = RILEY_Z;
    double low = -expm1(-fmax(0, rate - z * se) * time), high = -expm1(-(rate + z * se) * time);
    return (high - low) / 2;
}

static Rc samplesize_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    double r2, parameters, s, prevalence = NAN, rate = NAN, time = NAN, follow_up = NAN, top, share;
    bool binary = strcmp(option_text(call, "type", "binary"), "binary") == 0;
    TRY(want(&r2, call, "csrsquared", 0, 1, NAN, e));
    TRY(want(&parameters, call, "parameters", 0, 1e6, NAN, e));
    TRY(want(&s, call, "shrinkage", 0, 1, RILEY_SHRINKAGE, e));
    if (binary) {
        TRY(want(&prevalence, call, "prevalence", 0, 1, NAN, e));
        share = prevalence;
        top = riley_max_r2_binary(share);
    } else {
        TRY(want(&rate, call, "rate", 0, 1e9, NAN, e));
        TRY(want(&time, call, "timepoint", 0, 1e9, NAN, e));
        TRY(want(&follow_up, call, "meanfup", 0, 1e9, NAN, e));
        share = rate * follow_up;
        top = riley_max_r2_survival(share);
    }
    if (r2 >= top) return err_set(e, ERR_USAGE, "--csrsquared %g: expected below the largest possible R2 of %.3g", r2, top);
    double s2 = riley_shrinkage_for_optimism(r2, top), n[4];
    n[0] = ceil(riley_rows_for_shrinkage(parameters, r2, s));
    n[1] = ceil(riley_rows_for_shrinkage(parameters, r2, s2));
    if (binary) {
        n[2] = ceil(riley_rows_for_prevalence(share));
    } else {
        for (n[2] = fmax(n[0], n[1]); risk_margin(rate, time, n[2] * follow_up) > RILEY_MARGIN; n[2]++) ;
    }
    n[3] = fmax(n[0], fmax(n[1], n[2]));
    double shrink[4] = { s, s2, s, n[3] == n[0] ? s : n[3] == n[1] ? s2 : s }, table[7 * 4];
    static const char *const rows[] = { "criterion1", "criterion2", "criterion3", "final" };
    static const char *const cols[] = { "n", "shrinkage", "parameters", "r2_cs", "r2_max", "r2_nagelkerke", "epp" };
    for (int i = 0; i < 4; i++) {
        double v[7] = { n[i], shrink[i], parameters, r2, top, r2 / top, n[i] * share / parameters };
        for (int j = 0; j < 7; j++) table[j * 4 + i] = v[j];
    }
    json_set_matrix(out, "table", table, 4, 7, rows, cols);
    json_set_number(out, "sample_size", n[3]);
out:
    return rc;
}

/* Events for a hazard ratio between groups (Schoenfeld 1983) or per SD (Hsieh & Lavori 2000): variance of the covariate p(1-p) or 1.
 * Both take the spread of the covariate among those at risk for constant: too hopeful where nearly all fail and the effect is large. */
static Rc hazard_power(Json *out, const StatCall *call, double za, Err *e)
{
    Rc rc = OK;
    double hr, prop = option_number(call, "prop", NAN), power, r2, events = option_number(call, "events", NAN);
    TRY(want(&hr, call, "hr", 0, 1e9, NAN, e));
    TRY(want(&r2, call, "r2", -1, 1, 0, e));
    if (!isnan(prop)) TRY(want(&prop, call, "prop", 0, 1, NAN, e));
    if (hr == 1) return err_set(e, ERR_USAGE, "--hr 1: there is no effect to see");
    double information = (isnan(prop) ? 1 : prop * (1 - prop)) * log(hr) * log(hr) * (1 - r2);
    if (!isnan(events)) {
        TRY(want(&events, call, "events", 0, 1e12, NAN, e));
        double z = sqrt(events * information);
        json_set_number(out, "events", events);
        json_set_number(out, "power", normal_cdf(z - za) + normal_cdf(-z - za));
        return OK;
    }
    TRY(want(&power, call, "power", 0, 1, 0.8, e));
    double z = za + normal_quantile(power), wanted = z * z / information;
    json_set_number(out, "events", wanted);
    json_set_number(out, "events_ceiling", ceil(wanted));
    json_set_number(out, "power", power);
out:
    return rc;
}

/* P of the outcome without the property, when overall it is `prevalence` and the odds ratio is `odds`. */
static double baseline_risk(double prevalence, double odds, double prop)
{
    double low = 0, high = 1;
    for (int i = 0; i < 200; i++) {
        double p = (low + high) / 2, with = odds * p / (1 - p + odds * p);
        if (prop * with + (1 - prop) * p < prevalence) low = p;
        else high = p;
    }
    return (low + high) / 2;
}

/* Hsieh, Bloch & Larsen 1998: equation 1 for a normal covariate (per SD), 2 for two groups. */
static Rc odds_power(Json *out, const StatCall *call, double za, Err *e)
{
    Rc rc = OK;
    double odds, prevalence, prop = option_number(call, "prop", NAN), power, r2, n = option_number(call, "n", NAN), z_needed, scale, zb_weight = 1, za_weight = 1;
    TRY(want(&odds, call, "or", 0, 1e9, NAN, e));
    TRY(want(&prevalence, call, "prevalence", 0, 1, NAN, e));
    TRY(want(&r2, call, "r2", -1, 1, 0, e));
    if (odds == 1) return err_set(e, ERR_USAGE, "--or 1: there is no effect to see");
    if (isnan(prop)) {
        scale = prevalence * (1 - prevalence) * log(odds) * log(odds);
    } else {
        TRY(want(&prop, call, "prop", 0, 1, NAN, e));
        double p0 = baseline_risk(prevalence, odds, prop), p1 = odds * p0 / (1 - p0 + odds * p0);
        scale = (p1 - p0) * (p1 - p0) * (1 - prop);
        za_weight = sqrt(prevalence * (1 - prevalence) / prop);
        zb_weight = sqrt(p0 * (1 - p0) + p1 * (1 - p1) * (1 - prop) / prop);
    }
    scale *= 1 - r2;
    if (!isnan(n)) {
        TRY(want(&n, call, "n", 0, 1e12, NAN, e));
        z_needed = (sqrt(n * scale) - za * za_weight) / zb_weight;
        json_set_number(out, "n", n);
        json_set_number(out, "power", normal_cdf(z_needed));
        return OK;
    }
    TRY(want(&power, call, "power", 0, 1, 0.8, e));
    double z = za * za_weight + normal_quantile(power) * zb_weight;
    json_set_number(out, "n", ceil(z * z / scale));
    json_set_number(out, "power", power);
out:
    return rc;
}

static Rc power_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    double alpha;
    TRY(want(&alpha, call, "alpha", 0, 1, 0.05, e));
    double za = normal_quantile(1 - alpha / 2);
    json_set_number(out, "alpha", alpha);
    bool hazard = json_get(call->options, "hr") != NULL, odds = json_get(call->options, "or") != NULL;
    if (hazard == odds) return err_set(e, ERR_USAGE, "power wants one of --hr and --or");
    rc = hazard ? hazard_power(out, call, za, e) : odds_power(out, call, za, e);
out:
    return rc;
}

const Method method_samplesize = { "samplesize", "rows that a prediction model needs (Riley's criteria)", FORMULA_NONE, false, false, size_options,
                                   samplesize_run, "Riley et al. 2019" };
const Method method_power = { "power", "events or patients for a hazard or odds ratio, or their power", FORMULA_NONE, false, false, power_options, power_run,
                              "Schoenfeld 1983; Hsieh & Lavori 2000; Hsieh, Bloch & Larsen 1998" };
