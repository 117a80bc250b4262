/* stats/rmst.c: `rmst`: restricted mean survival times of two arms and their contrasts. */
#include <math.h>
#include <string.h>

#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/influence.h"
#include "stats/km.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "robust", OPTION_FLAG, NULL, "infinitesimal jackknife instead of Greenwood; on by itself with a cluster or weights other than whole numbers" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* One row of the contrasts: estimate, limits and two-sided p; on the log scale for ratios, shown as a ratio. */
static void contrast(double *x, int row, double est, double se, double z, bool ratio)
{
    double lower = est - z * se, upper = est + z * se;
    x[row] = ratio ? exp(est) : est;
    x[3 + row] = ratio ? exp(lower) : lower;
    x[6 + row] = ratio ? exp(upper) : upper;
    x[9 + row] = normal_two_sided_p(est / se);
}

static void write_arm(Json *out, const char *key, const char *label, double n, double mean, double se, double conf)
{
    double z = conf_z(conf);
    Json *o = json_set(out, key, json_object());
    json_set_text(o, "group", label);
    json_set_number(o, "n", n);
    json_set_number(o, "rmst", mean);
    json_set_number(o, "se", se);
    set_level_number(o, "lower", conf, mean - z * se);
    set_level_number(o, "upper", conf, mean + z * se);
}

/* Covariance matrix of the two means (column-major) from the influence of the rows: a cluster may have rows in both groups. */
static Rc robust_covariance(double cov[4], const KmCurve curve[2], const KmData *data, const int *group, size_t n_clusters, double tau,
                            Arena *a, Err *e)
{
    Rc rc = OK;
    double *u = ARENA_NEW(a, 2 * data->n, double);
    Clusters clusters = { data->n, data->cluster, n_clusters };
    if (!u) return err_nomem(e);
    for (int g = 0; g < 2; g++) TRY(km_restricted_mean_influence(u + (size_t)g * data->n, &curve[g], data, group, g, tau, e));
    for (size_t k = 0; k < 4; k++) TRY(influence_product(&cov[k], u + (k % 2) * data->n, u + (k / 2) * data->n, &clusters, e));
out:
    return rc;
}

/* Standard error of b2 x mean of the second group - b1 x mean of the first. */
static double difference_se(const double cov[4], double b1, double b2)
{
    return sqrt(b1 * b1 * cov[0] + b2 * b2 * cov[3] - 2 * b1 * b2 * cov[1]);
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    Arena a = { 0 };
    int *group = NULL;
    char **label = NULL;
    size_t n_groups = 0;
    KmCurve curve[2];
    double conf = call_conf(call), z = conf_z(conf), m[2], se[2], cov[4] = { 0 }, tau = option_number(call, "tau", NAN), last = INFINITY;
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true }, e));
    const bool robust = option_flag(call, "robust") || d.cluster || !design_weights_whole(&d);
    if (robust) TRY(design_sort_rows(&d, e));
    TRY(design_groups(&group, &label, &n_groups, &d, call, -1, true, e));
    if (n_groups < 2) {
        rc = diagnose_fatal(out, e, "one_group", "all %zu rows are in one group: there is nothing to compare (km gives one mean)", d.n);
        goto out;
    }
    if (n_groups > 2) { rc = err_set(e, ERR_USAGE, "rmst compares two groups, %s makes %zu", call->formula, n_groups); goto out; }
    KmData data = { d.n, d.start, d.time, d.event, d.weight, d.cluster };
    TRY(km_by_group(curve, &data, group, 2, &(KmOptions){ 0 }, &a, e));
    /* A curve that has come down to 0 stays there, any other is unknown after its last time. */
    for (int g = 0; g < 2; g++)
        if (curve[g].surv[curve[g].n - 1] > 0) last = fmin(last, curve[g].time[curve[g].n - 1]);
    if (isnan(tau)) tau = isfinite(last) ? last : fmax(curve[0].time[curve[0].n - 1], curve[1].time[curve[1].n - 1]);
    if (!(tau > 0)) { rc = err_set(e, ERR_USAGE, "--tau is %g, expected a time above 0", tau); goto out; }
    if (tau > last) {
        rc = err_set(e, ERR_USAGE, "--tau %g lies beyond the follow-up of one group, the latest possible is %g", tau, last);
        goto out;
    }
    double events = 0;
    for (size_t i = 0; i < d.n; i++) events += d.event[i] != 0 && d.time[i] <= tau;
    if (robust) TRY(robust_covariance(cov, curve, &data, group, d.n_clusters, tau, &a, e));
    for (int g = 0; g < 2; g++) {
        km_restricted_mean(&m[g], &se[g], &curve[g], tau);
        if (robust) se[g] = sqrt(cov[3 * g]);
        else cov[3 * g] = se[g] * se[g];
        write_arm(out, g ? "arm1" : "arm0", label[g], (double)curve[g].n_rows, m[g], se[g], conf);
    }
    json_set_text(out, "convention", robust ? "robust variance (infinitesimal jackknife)" : "Greenwood variance");
    json_set_number(out, "tau", tau);
    json_set_number(out, "nevent", events);
    if (events == 0) {
        rc = diagnose_fatal(out, e, "no_events", "no event up to %g: both means are %g and their difference has no error", tau, tau);
        goto out;
    }
    /* Delta method; lost time is tau less the mean and has the same error. */
    double x[12], lost[2] = { tau - m[0], tau - m[1] };
    contrast(x, 0, m[1] - m[0], difference_se(cov, 1, 1), z, false);
    contrast(x, 1, log(m[1] / m[0]), difference_se(cov, 1 / m[0], 1 / m[1]), z, true);
    contrast(x, 2, log(lost[1] / lost[0]), difference_se(cov, 1 / lost[0], 1 / lost[1]), z, true);
    char lower[KEY_MAX], upper[KEY_MAX];
    static const char *const row[3] = { "difference", "ratio", "rmtl_ratio" };
    const char *col[4] = { "est", level_key(lower, "lower", conf), level_key(upper, "upper", conf), "p" };
    json_set_matrix(out, "contrasts", x, 3, 4, row, col);
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_rmst = {
    .name = "rmst", .summary = "restricted mean survival times of two groups: difference, ratio, ratio of lost time",
    .formula = FORMULA_SURVIVAL, .needs_data = true, .fits_protocol = true, .options = options, .run = run,
    .source = "Uno et al. 2014"
};
