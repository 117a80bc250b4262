/* stats/meta.c: `meta`: random-effects meta-analysis of published estimates. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/kendall.h"
#include "stats/meta_model.h"
#include "stats/result_keys.h"
#include "stats/trim_fill.h"

static const MethodOption options[] = {
    { "variance", OPTION_TEXT, NULL, "column with the variance of each estimate (formula yi~mod)" },
    { "effect", OPTION_CHOICE, "RR|OR|RD|HR", "work the estimates out of --columns (formula ~mod)" },
    { "columns", OPTION_TEXT, NULL, "ai,bi,ci,di for RR, OR, RD; hr,lower,upper for HR (95 % limits)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* The columns named in --columns, in order. */
static Rc read_columns(const double **column, size_t wanted, const StatCall *call, Arena *a, Err *e)
{
    const char *text = option_text(call, "columns", NULL);
    if (!text) return err_set(e, ERR_USAGE, "--effect wants --columns with %zu names", wanted);
    char *names = arena_strdup(a, text);
    if (!names) return err_nomem(e);
    size_t n = 0;
    for (char *p = names; p && n <= wanted; n++) {
        char *comma = strchr(p, ',');
        if (comma) *comma = '\0';
        if (n < wanted) {
            const FrameColumn *c = frame_column(call->data, p);
            if (!c || c->is_text) return err_set(e, ERR_USAGE, "--columns %s: %s %s", text, p, c ? "holds text, expected numbers" : "is no column of the table");
            column[n] = c->num;
        }
        p = comma ? comma + 1 : NULL;
    }
    if (n != wanted) return err_set(e, ERR_USAGE, "--columns %s: expected %zu names", text, wanted);
    return OK;
}

/* Log ratios and differences of two groups (a of a + b against c of c + d); a half is added to all cells of a table with a 0. */
static void two_groups(double *y, double *v, const char *effect, double a, double b, double c, double d)
{
    if (a * b * c * d == 0) { a += 0.5; b += 0.5; c += 0.5; d += 0.5; }
    double n1 = a + b, n2 = c + d;
    if (strcmp(effect, "RR") == 0) { *y = log(a / n1) - log(c / n2); *v = 1 / a - 1 / n1 + 1 / c - 1 / n2; }
    else if (strcmp(effect, "OR") == 0) { *y = log(a * d / (b * c)); *v = 1 / a + 1 / b + 1 / c + 1 / d; }
    else { *y = a / n1 - c / n2; *v = a * b / (n1 * n1 * n1) + c * d / (n2 * n2 * n2); }
}

/* Squares and products of variances and weights must stay finite. */
static const double LARGEST = 1e75;

static Rc read_effects(double *y, double *v, const Design *d, const StatCall *call, Arena *a, Err *e)
{
    Rc rc = OK;
    const char *effect = option_text(call, "effect", NULL), *variance = option_text(call, "variance", NULL);
    const double *c[4] = { NULL };
    if (effect) {
        bool hr = strcmp(effect, "HR") == 0;
        TRY(read_columns(c, hr ? 3 : 4, call, a, e));
        double z = normal_quantile(0.975);
        for (size_t i = 0; i < d->n; i++) {
            size_t r = d->row[i];
            if (!hr) { two_groups(&y[i], &v[i], effect, c[0][r], c[1][r], c[2][r], c[3][r]); continue; }
            y[i] = log(c[0][r]);
            v[i] = pow((log(c[2][r]) - log(c[1][r])) / (2 * z), 2);
        }
    } else {
        const FrameColumn *col = variance ? frame_column(call->data, variance) : NULL;
        if (!col || col->is_text || !d->y) return err_set(e, ERR_USAGE, "meta wants yi~mod with --variance COLUMN, or ~mod with --effect and --columns");
        for (size_t i = 0; i < d->n; i++) { y[i] = d->y[i]; v[i] = col->num[d->row[i]]; }
    }
    for (size_t i = 0; i < d->n; i++)
        if (!(fabs(y[i]) <= LARGEST) || !(v[i] >= 1 / LARGEST) || !(v[i] <= LARGEST))
            return err_set(e, ERR_INPUT, "%s:%zu: estimate %g with variance %g, expected finite numbers and a variance above 0", d->frame->name,
                           d->frame->line[d->row[i]], y[i], v[i]);
out:
    return rc;
}

static void set_interval(Json *o, const char *key, double centre, double half)
{
    set_limits(o, key, centre - half, centre + half);
}

/* One model: estimate, heterogeneity; for random effects Hartung & Knapp's interval and the prediction intervals. */
static Rc write_model(Json *out, const MetaData *d, MetaMethod method, double conf, Arena *a, Err *e)
{
    Rc rc = OK;
    MetaFit f;
    TRY(meta_fit(&f, d, method, a, e));
    Json *o = json_set(out, meta_method_name(method), json_object());
    double z = conf_z(conf), se = sqrt(f.vcov[0]), k = (double)d->k;
    json_set_number(o, "est", f.beta[0]);
    json_set_number(o, "se", se);
    set_level_number(o, "lower", conf, f.beta[0] - z * se);
    set_level_number(o, "upper", conf, f.beta[0] + z * se);
    json_set_number(o, "p", normal_two_sided_p(f.beta[0] / se));
    json_set_number(o, "tau2", f.tau2);
    json_set_number(o, "se_tau2", f.se_tau2);
    json_set_number(o, "I2", f.i2);
    json_set_number(o, "H2", f.h2);
    json_set_number(o, "Q", f.q);
    json_set_number(o, "Qp", f.q_p);
    json_set_number(o, "loglik", f.loglik);
    if (method == META_FE) goto out;
    double t = t_quantile(0.5 + conf / 2, k - 1), hk = sqrt(meta_generalised_q(d, f.tau2) / (k - 1) * f.vcov[0]);
    Json *h = json_set(o, "hksj", json_object());
    json_set_number(h, "se", hk);
    set_level_number(h, "lower", conf, f.beta[0] - t * hk);
    set_level_number(h, "upper", conf, f.beta[0] + t * hk);
    json_set_number(h, "p", t_two_sided_p(f.beta[0] / hk, k - 1));
    set_interval(o, "prediction_interval_z", f.beta[0], z * sqrt(f.tau2 + se * se));
    set_interval(o, "prediction_interval_t_hksj", f.beta[0], t * sqrt(f.tau2 + hk * hk));
    if (d->k > 2) set_interval(o, "prediction_interval_higgins_t_km2", f.beta[0], t_quantile(0.5 + conf / 2, k - 2) * sqrt(f.tau2 + se * se));
    double *w = ARENA_NEW(a, d->k, double);
    if (!w) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < d->k; i++) w[i] = 100 * f.vcov[0] / (d->v[i] + f.tau2);
    json_set_numbers(o, "weights_pct", w, d->k);
out:
    return rc;
}

/* Egger et al. 1997: weighted regression on the standard error. Begg & Mazumdar 1994: rank correlation of the standardised deviates. */
static Rc write_asymmetry(Json *out, const MetaData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t k = d->k;
    double *x = ARENA_NEW(a, 2 * k, double), *star = ARENA_NEW(a, k, double);
    MetaFit f;
    Kendall kt;
    Json *o;
    bool differ = false;
    if (!x || !star) return err_nomem(e);
    for (size_t i = 1; i < k; i++) differ = differ || d->v[i] != d->v[0];
    if (!differ) {
        o = json_set(out, "egger_lm", json_object());
        for (int i = 0; i < 3; i++) json_set_number(o, (const char *[]){ "t", "df", "p" }[i], NAN);
        o = json_set(out, "begg", json_object());
        for (int i = 0; i < 2; i++) json_set_number(o, (const char *[]){ "tau", "p" }[i], NAN);
        json_set_text(out, "asymmetry", "all variances are equal: no test of the funnel's asymmetry exists");
        return OK;
    }
    for (size_t i = 0; i < k; i++) { x[i] = 1; x[k + i] = sqrt(d->v[i]); }
    MetaData on_se = { k, 2, d->y, d->v, x };
    TRY(meta_fit(&f, &on_se, META_FE, a, e));
    double df = (double)k - 2, sigma2 = meta_generalised_q(&on_se, 0) / df, t = f.beta[1] / sqrt(sigma2 * f.vcov[3]);
    o = json_set(out, "egger_lm", json_object());
    json_set_number(o, "t", t);
    json_set_number(o, "df", df);
    json_set_number(o, "p", t_two_sided_p(t, df));
    TRY(meta_fit(&f, d, META_FE, a, e));
    for (size_t i = 0; i < k; i++) star[i] = (d->y[i] - f.beta[0]) / sqrt(d->v[i] - f.vcov[0]);
    TRY(kendall_test(&kt, star, d->v, k, e));
    o = json_set(out, "begg", json_object());
    json_set_number(o, "tau", kt.tau);
    json_set_number(o, "p", kt.p);
out:
    return rc;
}

typedef struct { double y, v; } Study;
static int by_precision(const void *a, const void *b)
{
    const Study *x = a, *y = b;
    if (x->v != y->v) return x->v < y->v ? -1 : 1;
    return (x->y > y->y) - (x->y < y->y);
}

static Rc write_sensitivity(Json *out, const MetaData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t k = d->k;
    double *y = ARENA_NEW(a, k, double), *v = ARENA_NEW(a, k, double), *left = ARENA_NEW(a, k, double), *growing = ARENA_NEW(a, k, double);
    Study *s = ARENA_NEW(a, k, Study);
    MetaFit f;
    if (!y || !v || !left || !growing || !s) return err_nomem(e);
    for (size_t out_ = 0; out_ < k; out_++) {
        size_t n = 0;
        for (size_t i = 0; i < k; i++) if (i != out_) { y[n] = d->y[i]; v[n++] = d->v[i]; }
        MetaData part = { n, 1, y, v, NULL };
        TRY(meta_fit(&f, &part, META_REML, a, e));
        left[out_] = f.beta[0];
    }
    for (size_t i = 0; i < k; i++) s[i] = (Study){ d->y[i], d->v[i] };
    qsort(s, k, sizeof *s, by_precision);
    for (size_t n = 1; n <= k; n++) {
        y[n - 1] = s[n - 1].y;
        v[n - 1] = s[n - 1].v;
        MetaData part = { n, 1, y, v, NULL };
        growing[n - 1] = y[0];
        if (n > 1) { TRY(meta_fit(&f, &part, META_REML, a, e)); growing[n - 1] = f.beta[0]; }
    }
    json_set_numbers(out, "leave1out_est", left, k);
    json_set_numbers(out, "cumulative_by_precision_est", growing, k);
out:
    return rc;
}

static Rc write_trim_and_fill(Json *out, const MetaData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    TrimFill t;
    char why[120];
    TRY(trim_and_fill(&t, d, a, e));
    Json *o = json_set(out, "trimfill_L0_DL", json_object());
    json_set_number(o, "k0", t.k0);
    if (t.sided) json_set_text(o, "side", t.right ? "right" : "left");
    else json_set(o, "side", json_null());
    json_set_number(o, "est", t.est);
    if (!t.sided) json_set_text(o, "reason", "all variances are equal: the funnel has no side");
    else if (isnan(t.k0)) {
        snprintf(why, sizeof why, "the number of missing studies does not settle: it goes round between %d and %d", t.low, t.high);
        json_set_text(o, "reason", why);
    }
out:
    return rc;
}

/* Mixed-effects regression on the moderator by REML. */
static Rc write_regression(Json *out, const MetaData *d, const double *moderator, const char *name, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t k = d->k;
    double *x = ARENA_NEW(a, 2 * k, double);
    MetaFit f, alone;
    if (!x) return err_nomem(e);
    bool constant = true;
    for (size_t i = 0; i < k; i++) {
        x[i] = 1;
        x[k + i] = moderator[i];
        constant = constant && moderator[i] == moderator[0];
    }
    if (constant) {
        diagnose(out, "constant_column", "%s has the same value in every study: there is no regression on it", name);
        return OK;
    }
    MetaData with = { k, 2, d->y, d->v, x };
    TRY(meta_fit(&alone, d, META_REML, a, e));
    TRY(meta_fit(&f, &with, META_REML, a, e));
    const char *terms[] = { "(Intercept)", name };
    Json *o = json_set(out, "metareg", json_object()), *c = json_set(o, "coef", json_object());
    for (int j = 0; j < 2; j++) json_set_number(c, terms[j], f.beta[j]);
    json_set_matrix(o, "vcov", f.vcov, 2, 2, terms, terms);
    json_set_number(o, "tau2", f.tau2);
    double qm = f.beta[1] * f.beta[1] / f.vcov[3];
    json_set_number(o, "QM", qm);
    json_set_number(o, "QMp", chisq_sf(qm, 1));
    json_set_number(o, "R2", alone.tau2 > 0 ? 100 * fmax(0, (alone.tau2 - f.tau2) / alone.tau2) : (double)NAN);
out:
    return rc;
}

static Rc meta_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Design d = { 0 };
    DesignWish wish = { .kind = FORMULA_ANY };
    double conf = call_conf(call), profile[2];
    TRY(design_build(&d, out, call, &wish, e));
    TRY(design_check_levels(&d, out, true, e));
    if (d.response != RESPONSE_NONE && d.response != RESPONSE_NUMBER) { rc = err_set(e, ERR_USAGE, "meta wants numbers left of ~"); goto out; }
    if (d.n < 2) { rc = diagnose_fatal(out, e, "too_few_rows", "%zu study: at least two are needed to pool", d.n); goto out; }
    double *y = ARENA_NEW(&a, d.n, double), *v = ARENA_NEW(&a, d.n, double);
    if (!y || !v) { rc = err_nomem(e); goto out; }
    TRY(read_effects(y, v, &d, call, &a, e));
    MetaData m = { d.n, 1, y, v, NULL };
    MetaFit reml;
    json_set_number(out, "k", (double)d.n);
    json_set_text(out, "convention", "REML log-likelihood with + log(k)/2; prediction intervals named by their quantile; Egger's test by weighted least squares");
    json_set_numbers(out, "yi", y, d.n);
    json_set_numbers(out, "vi", v, d.n);
    for (int k = 0; k < META_METHODS; k++) TRY(write_model(out, &m, (MetaMethod)k, conf, &a, e));
    TRY(meta_fit(&reml, &m, META_REML, &a, e));
    meta_q_profile(profile, &m, conf);
    double three[3] = { reml.tau2, profile[0], profile[1] };
    json_set_numbers(out, "tau2_qprofile_ci", three, 3);
    TRY(write_sensitivity(out, &m, &a, e));
    if (d.n > 2) { TRY(write_asymmetry(out, &m, &a, e)); TRY(write_trim_and_fill(out, &m, &a, e)); }
    if (d.n < 5) diagnose(out, "few_events", "%zu studies: the variance between them is hardly known; read Hartung and Knapp's interval", d.n);
    size_t skip = d.has_intercept ? 1 : 0;
    if (d.p > skip + 1) { rc = err_set(e, ERR_USAGE, "meta takes one moderator, not %zu columns", d.p - skip); goto out; }
    if (d.p == skip + 1 && d.n > 2) TRY(write_regression(out, &m, d.x + skip * d.n, d.term[skip], &a, e));
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_meta = {
    "meta", "random-effects meta-analysis of published estimates", FORMULA_ANY, true, false, options, meta_run,
    "Viechtbauer 2005, 2007; DerSimonian & Laird 1986; Hartung & Knapp 2001"
};
