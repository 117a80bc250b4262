/* stats/survreg.c: `survreg`: parametric survival on the log scale: log T = x'b + scale * error.
 * Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, ch. 3. Scale is estimated as its logarithm. */
#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/fit_json.h"
#include "stats/influence.h"
#include "stats/linalg.h"
#include "stats/newton.h"
#include "stats/response.h"
#include "stats/result_keys.h"
#include "stats/survreg_dist.h"

static const MethodOption options[] = {
    { "dist", OPTION_CHOICE, "weibull|exponential|lognormal|loglogistic", "distribution of the times" },
    { "robust", OPTION_FLAG, NULL, "sandwich variance (HC0, by cluster CR0); on by itself with a cluster or weights other than whole numbers" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

typedef struct {
    SurvregDist dist;
    size_t n, p;                 /* p columns, the intercept among them */
    const double *x, *log_time, *event, *weight, *offset;
    bool free_scale;
    double *score;               /* n x (p + free_scale): each row's part of the score, filled with it; NULL: not wanted */
} Sample;

/* log density (event) or log survival (censored) of the error at z, with its first two derivatives. */
static double error_log(double *d1, double *d2, SurvregDist dist, bool event, double z)
{
    switch (dist) {
    case SURVREG_WEIBULL: case SURVREG_EXPONENTIAL: {
        double w = exp(z);
        *d1 = (event ? 1 : 0) - w;
        *d2 = -w;
        return (event ? z : 0) - w;
    }
    case SURVREG_LOGLOGISTIC: {
        double t = exp(-fabs(z)), pr = z >= 0 ? 1 / (1 + t) : t / (1 + t), soft = fmax(z, 0) + log1p(t);      /* log(1 + e^z) */
        int k = event ? 2 : 1;
        *d1 = (event ? 1 : 0) - k * pr;
        *d2 = -k * t / ((1 + t) * (1 + t));
        return (event ? z : 0) - k * soft;
    }
    case SURVREG_LOGNORMAL:
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

Rc survreg_slope(double *slope, double *se, SurvregDist dist, const double *lp, const double *time, const double *event, const double *weight,
                 size_t n, Arena *a, Err *e)
{
    Rc rc = OK;
    const bool free_scale = dist != SURVREG_EXPONENTIAL;
    const size_t q = 2 + free_scale;
    double *x = ARENA_NEW(a, 2 * n + 1, double), *log_time = ARENA_NEW(a, n + 1, double), theta[3], vcov[9], robust[9], events = 0;
    ScaledColumns c;
    NewtonReport r;
    Err why = { 0 };
    bool whole = true, varies = false;
    *slope = *se = NAN;
    if (!x || !log_time) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        if (!(time[i] > 0)) return OK;
        x[i] = 1;
        x[n + i] = lp[i];
        log_time[i] = log(time[i]);
        events += event[i] != 0;
        whole = whole && (!weight || weight[i] == floor(weight[i]));
        varies = varies || lp[i] != lp[0];
    }
    if (events == 0 || !varies) return OK;
    TRY(columns_scale(&c, x, n, 2, a, e));
    const Sample s = { .dist = dist, .n = n, .p = 2, .x = c.x, .log_time = log_time, .event = event, .weight = weight, .free_scale = free_scale };
    rc = fit(theta, vcov, &r, &s, a, &why);
    if (rc == ERR_ESTIMATE) return OK;
    if (rc != OK) return err_set(e, rc, "%s", why.text);
    if (!whole) TRY(robust_variance(robust, &s, theta, vcov, &(Design){ .n = n }, a, e));
    *slope = theta[1] / c.scale[1];
    *se = sqrt((whole ? vcov : robust)[q + 1]) / c.scale[1];
out:
    return rc;
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

/* Survival of the rows of --newdata at --times. */
static Rc predict(Json *out, const SurvregModel *m, const double *b, const Design *d, const StatCall *call, Arena *a, Err *e)
{
    Rc rc = OK;
    const double *times = NULL;
    const size_t n = call->newdata->rows, n_times = option_numbers(&times, call, "times", a);
    double *x = NULL, *offset = NULL, *row = ARENA_NEW(a, m->p + 1, double), *eta = ARENA_NEW(a, n + 1, double), *o[5];
    for (int k = 0; k < 5; k++) if (!(o[k] = ARENA_NEW(a, n * n_times + 1, double))) return err_nomem(e);
    if (!row || !eta) return err_nomem(e);
    for (size_t t = 0; t < n_times; t++)
        if (!(times[t] > 0)) return err_set(e, ERR_USAGE, "--times: %g, expected a time above 0 for a model of log time", times[t]);
    TRY(design_matrix_for(&x, d, call->newdata, a, e));
    TRY(design_offset_for(&offset, d, call->newdata, a, e));
    for (size_t i = 0; i < n; i++) {
        eta[i] = offset[i];
        for (size_t j = 0; j < m->p; j++) { row[j] = x[j * n + i]; eta[i] += row[j] * b[j]; }
        for (size_t t = 0; t < n_times; t++) {
            const SurvregRisk r = survreg_risk_at(m, row, eta[i], times[t], conf_z(call_conf(call)));
            const double width = conf_z(call_conf(call)) * r.se_z;
            const double v[] = { survreg_survival(m->dist, r.z), r.se, survreg_survival(m->dist, r.z + width), survreg_survival(m->dist, r.z - width),
                                 r.risk };
            for (int k = 0; k < 5; k++) o[k][i * n_times + t] = isnan(eta[i]) ? NAN : v[k];
        }
    }
    json_set_numbers(out, "linear_predictor", eta, n);
    if (!n_times) goto out;
    static const char *const names[] = { "surv", "se", "lower", "upper", "risk" };
    Json *j = json_set(out, "pred_surv", json_object());
    json_set_numbers(j, "times", times, n_times);
    for (int k = 0; k < 5; k++) json_set_matrix(j, names[k], o[k], n_times, n, NULL, NULL);
out:
    return rc;
}

/* The fit as it is kept (stats/predict.h). */
static Rc keep(Json *out, const SurvregModel *m, const double *b, bool robust, const Design *d, double nevent, const StatCall *call, Arena *a, Err *e)
{
    int *column = ARENA_NEW(a, m->p + 1, int);
    double last = 0;
    if (!column) return err_nomem(e);
    for (size_t j = 0; j < m->p; j++) column[j] = (int)(d->column ? d->column[j] : j);
    for (size_t i = 0; i < d->n; i++) last = fmax(last, d->time[i]);
    Json *fit = json_set(out, "fit", fit_json_begin("survreg", d, call, (int)m->p, column, nevent));
    json_set_text(fit, "dist", survreg_dist_name(m->dist));
    json_set_number(fit, "scale", m->scale);
    json_set_number(fit, "last_time", last);
    json_set_texts(fit, "term", (const char *const *)d->term, m->p);
    json_set_numbers(fit, "coef", b, m->p);
    json_set_matrix(fit, "vcov", m->vcov, m->q, m->q, NULL, NULL);
    json_set_text(fit, "variance", robust ? "robust" : "model");
    return OK;
}

static Rc read_sample(Sample *s, const Design *d, Json *out, const StatCall *call, Arena *a, Err *e)
{
    double events = 0;
    if (d->response != RESPONSE_SURVIVAL) return err_set(e, ERR_USAGE, "survreg takes Surv(time, event), not intervals");
    if (d->stratum || d->group) return err_set(e, ERR_USAGE, "survreg takes no strata() and no random effect");
    if (!d->has_intercept) return err_set(e, ERR_USAGE, "survreg wants an intercept");
    double *log_time = ARENA_NEW(a, d->n, double);
    if (!log_time) return err_nomem(e);
    *s = (Sample){ .n = d->n, .p = d->p, .x = d->x, .log_time = log_time, .event = d->event, .weight = d->weight, .offset = d->offset };
    survreg_dist_parse(&s->dist, option_text(call, "dist", "weibull"));
    s->free_scale = s->dist != SURVREG_EXPONENTIAL;
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
    const SurvregModel model = { s.dist, s.free_scale ? exp(theta[p]) : 1, (size_t)p, (size_t)q, robust ? robust : vcov };
    if (option_flag(call, "keep_fit")) TRY(keep(out, &model, theta, robust != NULL, &d, json_number(json_get(out, "nevent")), call, &a, e));
    if (call->newdata) TRY(predict(out, &model, theta, &d, call, &a, e));
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_survreg = {
    "survreg", "parametric survival: Weibull, exponential, log-normal, log-logistic", FORMULA_SURVIVAL, true, false, options, survreg_run,
    "Kalbfleisch & Prentice 2002, ch. 3"
};
