/* stats/km_method.c: `km`: survival curves by group, their limits, quantiles and restricted means. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/km.h"
#include "stats/method.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "stype", OPTION_INTEGER, NULL, "1: product limit (default), 2: exp(-cumulative hazard)" },
    { "ctype", OPTION_INTEGER, NULL, "cumulative hazard 1: Nelson-Aalen (default), 2: corrected for ties" },
    { "robust", OPTION_FLAG, NULL, "infinitesimal jackknife instead of Greenwood" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* The curves and what they are asked. */
typedef struct {
    const int *group;
    char **label;
    size_t n_groups;
    KmCurve *curve;
    Arena *arena;
    double conf;
} Km;

static void set_strata(Json *o, const Km *k, const size_t *count)
{
    if (k->n_groups < 2 && !k->label[0][0]) return;
    Json *s = json_set(o, "strata", json_array());
    for (size_t g = 0; g < k->n_groups; g++)
        for (size_t i = 0; i < count[g]; i++) json_push(s, json_from_text(k->label[g]));
}

static Rc write_curve(Json *out, const Km *k, size_t *count, Err *e)
{
    size_t all = 0;
    Json *o = json_set(out, "curve", json_object());
    for (size_t g = 0; g < k->n_groups; g++) all += count[g] = k->curve[g].n;
    set_strata(o, k, count);
    static const char *const key[8] = { "time", "n_risk", "n_event", "n_censor", "surv", "se_over_surv", "cumhaz", "se_cumhaz" };
    double *joined = malloc((all + 1) * sizeof *joined);
    if (!joined) return err_nomem(e);
    for (int c = 0; c < 8; c++) {
        double *to = joined;
        for (size_t g = 0; g < k->n_groups; g++) {
            const KmCurve *q = &k->curve[g];
            const double *column[8] = { q->time, q->n_risk, q->n_event, q->n_censor, q->surv, q->std_err, q->cumhaz, q->se_cumhaz };
            memcpy(to, column[c], q->n * sizeof *to);
            to += q->n;
        }
        json_set_numbers(o, key[c], joined, all);
    }
    free(joined);
    return OK;
}

/* Values at asked times. Beyond a curve's last time the last value is carried on, as summary(extend=TRUE) does; where S had not
 * reached 0 there, `beyond_last_time` says that it is carried and not seen. */
static void write_times(Json *out, const Km *k, const double *times, size_t n_times, size_t *count)
{
    Json *o = json_set(out, "at_times", json_object()), *col[6], *limit[KM_N_INTERVALS][2];
    static const char *const key[6] = { "time", "n_risk", "surv", "se", "cumhaz", "se_cumhaz" };
    for (size_t g = 0; g < k->n_groups; g++) count[g] = n_times;
    set_strata(o, k, count);
    for (int c = 0; c < 6; c++) col[c] = json_set(o, key[c], json_array());
    Json *beyond = json_set(o, "beyond_last_time", json_array());
    for (int i = 0; i < KM_N_INTERVALS; i++) {
        char name[KEY_MAX] = "ci_";
        for (const char *s = km_interval_name((KmInterval)i), *end = s; *end; end++) name[3 + (end - s)] = *end, name[4 + (end - s)] = 0;
        Json *ci = json_set(out, name, json_object());
        limit[i][0] = json_set(ci, "lower", json_array());
        limit[i][1] = json_set(ci, "upper", json_array());
    }
    for (size_t g = 0; g < k->n_groups; g++) {
        const KmCurve *q = &k->curve[g];
        for (size_t i = 0; i < n_times; i++) {
            long row = km_row(q, times[i]);
            json_push(beyond, json_from_bool(row != KM_BEFORE && times[i] > q->time[q->n - 1] && q->surv[q->n - 1] > 0));
            double s = row == KM_BEFORE ? 1 : q->surv[row], se = row == KM_BEFORE ? 0 : q->std_err[row];
            double v[6] = { times[i], km_next_at_risk(q, times[i]), s, q->log_scale ? (s > 0 ? se * s : NAN) : se,
                            row == KM_BEFORE ? 0 : q->cumhaz[row], row == KM_BEFORE ? 0 : q->se_cumhaz[row] };
            for (int c = 0; c < 6; c++) json_push(col[c], json_from_number(v[c]));
            for (int m = 0; m < KM_N_INTERVALS; m++) {
                double lo, hi;
                km_row_limits(&lo, &hi, q, row, (KmInterval)m, k->conf);
                json_push(limit[m][0], json_from_number(lo));
                json_push(limit[m][1], json_from_number(hi));
            }
        }
    }
}

static Rc write_quantiles(Json *out, const Km *k, Err *e)
{
    static const double p[3] = { 0.25, 0.5, 0.75 };
    static const char *const col[3] = { "25", "50", "75" };
    const char **row = (const char **)arena_array(k->arena, k->n_groups, sizeof *row);
    double *x = ARENA_NEW(k->arena, 9 * k->n_groups, double);
    if (!row || !x) return err_nomem(e);
    for (int m = 0; m < KM_N_INTERVALS; m++) {
        for (size_t g = 0; g < k->n_groups; g++) {
            row[g] = k->label[g][0] ? k->label[g] : "all";
            double t[9];
            km_quantiles(t, t + 3, t + 6, &k->curve[g], p, 3, (KmInterval)m, k->conf);
            for (size_t i = 0; i < 9; i++) x[i * k->n_groups + g] = t[i];
        }
        char *name = arena_printf(k->arena, "quantiles_%s", km_interval_name((KmInterval)m));
        if (!name) return err_nomem(e);
        Json *o = json_set(out, name, json_object());
        json_set_matrix(o, "quantile", x, k->n_groups, 3, row, col);
        json_set_matrix(o, "lower", x + 3 * k->n_groups, k->n_groups, 3, row, col);
        json_set_matrix(o, "upper", x + 6 * k->n_groups, k->n_groups, 3, row, col);
    }
    return OK;
}

static void write_means(Json *out, const Km *k, double tau)
{
    Json *o = json_set(out, "rmst", json_object()), *mean, *se;
    json_set_number(o, "tau", tau);
    mean = json_set(o, "rmean", json_array());
    se = json_set(o, "se", json_array());
    for (size_t g = 0; g < k->n_groups; g++) {
        double m, s;
        km_restricted_mean(&m, &s, &k->curve[g], tau);
        json_push(mean, json_from_number(m));
        json_push(se, json_from_number(s));
    }
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    Arena a = { 0 };
    int *group = NULL;
    double stype = option_number(call, "stype", 1), ctype = option_number(call, "ctype", 1);
    Km k = { .arena = &a, .conf = call_conf(call) };
    if ((stype != 1 && stype != 2) || (ctype != 1 && ctype != 2))
        return err_set(e, ERR_USAGE, "km: --stype and --ctype are 1 or 2");
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true }, e));
    TRY(design_groups(&group, &k.label, &k.n_groups, &d, call, -1, false, e));
    k.group = group;
    k.curve = ARENA_NEW(&a, k.n_groups, KmCurve);
    size_t *count = ARENA_NEW(&a, k.n_groups, size_t);
    if (!k.curve || !count) { rc = err_nomem(e); goto out; }
    KmOptions how = { .exponential = stype == 2, .tie_corrected = ctype == 2,
                      .robust = option_flag(call, "robust") || d.cluster || !design_weights_whole(&d) };
    KmData data = { d.n, d.start, d.time, d.event, d.weight, d.cluster };
    TRY(km_by_group(k.curve, &data, group, k.n_groups, &how, &a, e));
    double events = 0;
    Json *n = json_set(out, "n", json_array());
    for (size_t g = 0; g < k.n_groups; g++) json_push(n, json_from_number((double)k.curve[g].n_rows));
    for (size_t i = 0; i < d.n; i++) events += d.event[i] != 0;
    json_set_number(out, "nevent", events);
    if (events == 0) diagnose(out, "no_events", "nobody has an event: the curve stays at 1 and says nothing about later times");
    json_set_text(out, "convention", how.robust ? "robust variance (infinitesimal jackknife): se_over_surv is the standard error of S"
                                                : "Greenwood variance: se_over_surv is the standard error of log S");
    if (how.robust && how.exponential)
        json_set_text(out, "convention", "robust variance (infinitesimal jackknife) of the cumulative hazard: se_over_surv is the "
                                         "standard error of log S");
    TRY(write_curve(out, &k, count, e));
    const double *times = NULL;
    size_t n_times = option_numbers(&times, call, "times", &a);
    if (n_times) write_times(out, &k, times, n_times, count);
    TRY(write_quantiles(out, &k, e));
    double tau = option_number(call, "tau", NAN);
    if (!isnan(tau)) write_means(out, &k, tau);
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_km = {
    .name = "km", .summary = "survival curves: Kaplan-Meier and Fleming-Harrington, limits, quantiles, restricted means",
    .formula = FORMULA_SURVIVAL, .needs_data = true, .fits_protocol = true, .options = options, .run = run,
    .source = "Kaplan & Meier 1958; Greenwood 1926; Brookmeyer & Crowley 1982"
};
