/* stats/survreg.c: `survreg`: parametric survival on the log scale: log T = x'b + scale * error.
 * Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, ch. 3. Scale is estimated as its logarithm. */
#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/influence.h"
#include "stats/linalg.h"
#include "stats/newton.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "dist", OPTION_CHOICE, "weibull|exponential|lognormal|loglogistic", "distribution of the times" },
    { "robust", OPTION_FLAG, NULL, "sandwich variance (HC0, by cluster CR0); on by itself with a cluster or weights other than whole numbers" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

typedef enum { WEIBULL, EXPONENTIAL, LOGNORMAL, LOGLOGISTIC } Dist;

typedef struct {
    Dist dist;
    size_t n, p;                 /* p columns, the intercept among them */
    const double *x, *log_time, *event, *weight, *offset;
    bool free_scale;
    double *score;               /* n x (p + free_scale): each row's part of the score, filled with it; NULL: not wanted */
} Sample;

/* log density (event) or log survival (censored) of the error at z, with its first two derivatives. */
static double error_log(double *d1, double *d2, Dist dist, bool event, double z)
{
    switch (dist) {
    case WEIBULL: case EXPONENTIAL: {
        double w = exp(z);
        *d1 = (event ? 1 : 0) - w;
        *d2 = -w;
        return (event ? z : 0) - w;
    }
    case LOGLOGISTIC: {
        double t = exp(-fabs(z)), pr = z >= 0 ? 1 / (1 + t) : t / (1 + t), soft = fmax(z, 0) + log1p(t);      /* log(1 + e^z) */
        int k = event ? 2 : 1;
        *d1 = (event ? 1 : 0) - k * pr;
        *d2 = -k * t / ((1 + t) * (1 + t));
        return (event ? z : 0) - k * soft;
    }
    case LOGNORMAL:
        if (event) { *d1 = -z; *d2 = -1; return -0.5 * z * z - 0.91893853320467274178; }      /* log sqrt(2 pi) */
        break;
    }
    /* Hazard of the normal; its ratio is taken from the asymptotic series where the tail underflows. */
    double s = normal_sf(z), hazard = s > 0 ? normal_pdf(z) / s : z + 1 / z;
    *d1 = -hazard;
    *d2 = -hazard * (hazard - z);
    return s > 0 ? log(s) : -0.5 * z * z - 0.91893853320467274178 - log(z);
}

static double loglik_at(double *g, double *h, const double *theta, void *context)
{
    const Sample *s = context;
    int p = (int)s->p, q = p + s->free_scale;
    double scale = s->free_scale ? exp(theta[p]) : 1;
    Sum ll = { 0 };
    if (g) { memset(g, 0, (size_t)q * sizeof *g); memset(h, 0, (size_t)(q * q) * sizeof *h); }
    for (size_t i = 0; i < s->n; i++) {
        double eta = s->offset ? s->offset[i] : 0, w = s->weight ? s->weight[i] : 1, d1, d2;
        if (w == 0) continue;
        for (int j = 0; j < p; j++) eta += s->x[(size_t)j * s->n + i] * theta[j];
        double z = (s->log_time[i] - eta) / scale;
        bool event = s->event[i] != 0;
        double l = error_log(&d1, &d2, s->dist, event, z);
        sum_add(&ll, w * (l - (event ? log(scale) + s->log_time[i] : 0)));
        if (!g) continue;
        for (int j = 0; j < p; j++) {
            double xj = s->x[(size_t)j * s->n + i] / scale;
            g[j] -= w * d1 * xj;
            if (s->score) s->score[(size_t)j * s->n + i] = -w * d1 * xj;
            for (int k = 0; k <= j; k++) h[k * q + j] += w * d2 * xj * s->x[(size_t)k * s->n + i] / scale;
            if (s->free_scale) h[j * q + p] += w * (d2 * z + d1) * xj;
        }
        if (s->free_scale) {
            g[p] -= w * (d1 * z + (event ? 1 : 0));
            if (s->score) s->score[(size_t)p * s->n + i] = -w * (d1 * z + (event ? 1 : 0));
            h[p * q + p] += w * (d2 * z * z + d1 * z);
        }
    }
    for (int j = 0; h && j < q; j++) for (int k = 0; k < j; k++) h[j * q + k] = h[k * q + j];
    return sum_value(&ll);
}

/* Start: least squares would need the censored times; the mean and spread of all log times is good enough for Newton. */
static Rc fit(double *theta, double *vcov, NewtonReport *r, const Sample *s, Arena *a, Err *e)
{
    int q = (int)s->p + s->free_scale;
    double m = mean_of(s->log_time, s->n);
    Sum v = { 0 };
    for (size_t i = 0; i < s->n; i++) sum_add(&v, (s->log_time[i] - m) * (s->log_time[i] - m));
    double sd = sqrt(sum_value(&v) / (double)s->n);
    memset(theta, 0, (size_t)q * sizeof *theta);
    theta[0] = m;
    if (s->free_scale) theta[s->p] = log(sd > 0 ? sd : 1);
    return newton_maximise(theta, vcov, r, q, loglik_at, (void *)s, a, e);
}

/* The sandwich of a fit's own scores. */
static Rc robust_variance(double *out, const Sample *fitted, const double *theta, const double *vcov, const Design *d, Arena *a, Err *e)
{
    const size_t q = fitted->p + fitted->free_scale;
    Sample s = *fitted;
    double *g = ARENA_NEW(a, q, double), *h = ARENA_NEW(a, q * q, double);
    s.score = ARENA_NEW(a, s.n * q, double);
    if (!g || !h || !s.score) return err_nomem(e);
    loglik_at(g, h, theta, &s);
    return influence_sandwich(out, vcov, s.score, q, &(Clusters){ s.n, d->cluster, d->n_clusters }, e);
}

/* Wald's test of the slopes, which follow the intercept. */
static Rc wald_test(Json *out, const double *theta, const double *vcov, int p, int q, Arena *a, Err *e)
{
    int m = p - 1;
    double *v = ARENA_NEW(a, (size_t)(m * m) + 1, double);
    if (!v) return err_nomem(e);
    for (int j = 0; j < m; j++) for (int i = 0; i < m; i++) v[j * m + i] = vcov[(j + 1) * q + i + 1];
    set_chisq_test(out, "wald_test", m ? linalg_quadratic_form_inverse(theta + 1, v, m) : NAN, m);
    return OK;
}

static Rc read_sample(Sample *s, const Design *d, Json *out, const StatCall *call, Arena *a, Err *e)
{
    static const char *const names[] = { "weibull", "exponential", "lognormal", "loglogistic" };
    const char *dist = option_text(call, "dist", "weibull");
    double events = 0;
    if (d->response != RESPONSE_SURVIVAL) return err_set(e, ERR_USAGE, "survreg takes Surv(time, event), not intervals");
    if (d->stratum || d->group) return err_set(e, ERR_USAGE, "survreg takes no strata() and no random effect");
    if (!d->has_intercept) return err_set(e, ERR_USAGE, "survreg wants an intercept");
    double *log_time = ARENA_NEW(a, d->n, double);
    if (!log_time) return err_nomem(e);
    *s = (Sample){ .n = d->n, .p = d->p, .x = d->x, .log_time = log_time, .event = d->event, .weight = d->weight, .offset = d->offset };
    for (int k = 0; k < 4; k++) if (strcmp(names[k], dist) == 0) s->dist = (Dist)k;
    s->free_scale = s->dist != EXPONENTIAL;
    for (size_t i = 0; i < d->n; i++) {
        if (!(d->time[i] > 0))
            return err_set(e, ERR_INPUT, "%s:%zu: time %g, expected more than 0 for a model of log time", d->frame->name, d->frame->line[d->row[i]], d->time[i]);
        log_time[i] = log(d->time[i]);
        events += d->event[i] != 0;
    }
    json_set_number(out, "n", (double)d->n);
    json_set_number(out, "nevent", events);
    if (events == 0) return diagnose_fatal(out, e, "no_events", "no event among %zu rows: the scale of time cannot be estimated", d->n);
    if (events < 10 * (double)(d->p - 1)) diagnose(out, "few_events", "%g events for %zu parameters: fewer than 10 a parameter", events, d->p - 1);
    return OK;
}

static Rc survreg_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Design d = { 0 };
    Sample s;
    ScaledColumns c;
    NewtonReport null, r;
    DesignWish wish = { .kind = FORMULA_SURVIVAL };
    TRY(design_build(&d, out, call, &wish, e));
    TRY(design_want_rows(&d, out, 2, e));
    TRY(design_sort_rows(&d, e));
    TRY(read_sample(&s, &d, out, call, &a, e));
    TRY(design_drop_collinear(&d, out, call, e));
    s.p = d.p;
    TRY(columns_scale(&c, d.x, d.n, d.p, &a, e));
    int p = (int)d.p, q = p + s.free_scale;
    size_t room = (size_t)(q + 1);
    double *theta = ARENA_NEW(&a, room, double), *vcov = ARENA_NEW(&a, room * room, double), *t = ARENA_NEW(&a, room * room, double),
           *scratch = ARENA_NEW(&a, room * room, double), *same = ARENA_NEW(&a, room, double),
           *robust = design_wants_robust(&d, call) ? ARENA_NEW(&a, room * room, double) : NULL;
    char **term = ARENA_NEW(&a, room, char *);
    if (!theta || !vcov || !t || !scratch || !same || !term) { rc = err_nomem(e); goto out; }
    Sample scaled = s, alone = s;
    scaled.x = c.x;
    alone.p = 1;
    alone.x = c.x;               /* the intercept is the first column */
    rc = fit(theta, vcov, &null, &alone, &a, e);
    if (rc == OK) rc = fit(theta, vcov, &r, &scaled, &a, e);
    if (rc == ERR_ESTIMATE) rc = diagnose_fatal(out, e, "ill_conditioned", "survreg: %s", e ? e->text : "no maximum");
    if (rc != OK) goto out;
    if (robust) TRY(robust_variance(robust, &scaled, theta, vcov, &d, &a, e));
    /* Back to the columns as they came. */
    for (int j = 0; j < q; j++) t[j * q + j] = j < p ? 1 / c.scale[j] : 1;
    for (int j = 1; j < p; j++) t[j * q] = -c.mean[j] / c.scale[j];
    parameters_transform(theta, vcov, t, q, scratch);
    if (robust) parameters_transform(same, robust, t, q, scratch);
    for (int j = 0; j < p; j++) term[j] = d.term[j];
    if (s.free_scale) term[p] = (char *)"Log(scale)";
    json_set_text(out, "dist", option_text(call, "dist", "weibull"));
    json_set_text(out, "convention", "log T = x'b + scale * error; log-likelihood of the times themselves");
    design_say_left_out(set_by_term(out, "coef", theta, (size_t)p, d.term), &d);
    for (int j = 0; j < p; j++) scratch[j] = sqrt(vcov[j * q + j]);
    set_by_term(out, "se", scratch, (size_t)p, d.term);
    json_set_number(out, "scale", s.free_scale ? exp(theta[p]) : 1);
    set_matrix_by_term(out, "vcov", vcov, (size_t)q, term);
    if (robust) TRY(set_robust(out, robust, (size_t)q, term, d.cluster != NULL, e));
    TRY(wald_test(out, theta, robust ? robust : vcov, p, q, &a, e));
    json_set_number(out, "loglik_null", null.loglik);
    json_set_number(out, "loglik", r.loglik);
    json_set_number(out, "aic", 2 * q - 2 * r.loglik);
    set_chisq_test(out, "lr_test", 2 * (r.loglik - null.loglik), p - 1);
    json_set_number(out, "iterations", r.iterations);
    json_set_number(out, "max_abs_score", r.max_abs_score);
    json_set_number(out, "condition_number", r.condition_number);
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_survreg = {
    "survreg", "parametric survival: Weibull, exponential, log-normal, log-logistic", FORMULA_SURVIVAL, true, false, options, survreg_run,
    "Kalbfleisch & Prentice 2002, ch. 3"
};
