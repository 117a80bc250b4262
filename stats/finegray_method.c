/* stats/finegray_method.c: `finegray`: proportional subdistribution hazards of one cause. */
#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/finegray.h"
#include "stats/fit_json.h"
#include "stats/method.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "cause", OPTION_NUMBER, NULL, "code of the event of interest (default 1)" },
    { "cens-code", OPTION_NUMBER, NULL, "code of a censored time (default 0); each stratum of strata() has its own censoring curve and baseline" },
    { "convention", OPTION_CHOICE, "cmprsk|survival", "how the censoring curve steps at tied times, and the variance (default cmprsk)" },
    { "ties", OPTION_CHOICE, "breslow|efron", "tied events of the cause (default breslow)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* The design without the columns that --drop-collinear left out. */
typedef struct {
    Design d;
    size_t p, *column;             /* kept columns of d.x */
    double *x;                     /* n x p */
    const char **name;
    int *state;
    double cause, censored, n_cause;
} Model;

static Rc model_build(Model *m, Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design *d = &m->d;
    Arena *a = &m->d.arena;
    TRY(design_build(d, out, call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true, .codes = true }, e));
    if (d->start) { rc = err_set(e, ERR_USAGE, "finegray wants Surv(time, code), not start and stop"); goto out; }
    if ((d->weight || d->cluster) && strcmp(option_text(call, "convention", "cmprsk"), "survival") != 0) {
        rc = err_set(e, ERR_USAGE, "finegray takes %s with --convention survival alone: cmprsk's variance knows none", d->weight ? "weights" : "clusters");
        goto out;
    }
    if (d->p == 0) { rc = err_set(e, ERR_USAGE, "'%s': a covariate is expected right of ~", call->formula); goto out; }
    m->cause = option_number(call, "cause", 1);
    m->censored = option_number(call, "cens_code", 0);
    m->state = ARENA_NEW(a, d->n, int);
    unsigned char *keep = arena_alloc(a, d->p);
    m->column = ARENA_NEW(a, d->p, size_t);
    m->x = ARENA_NEW(a, d->n * d->p, double);
    m->name = (const char **)arena_array(a, d->p, sizeof(char *));
    double *code = ARENA_NEW(a, d->n, double);
    if (!m->state || !keep || !m->column || !m->x || !m->name || !code) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < d->n; i++) {
        code[i] = d->event[i];
        m->state[i] = code[i] == m->censored ? 0 : code[i] == m->cause ? 1 : 2;
        m->n_cause += m->state[i] == 1;
    }
    sort_doubles(code, d->n);
    Json *counts = json_set(out, "counts", json_object());
    for (size_t i = 0, j; i < d->n; i = j) {
        char key[KEY_MAX];
        for (j = i; j < d->n && code[j] == code[i]; j++) continue;
        json_set_number(counts, number_key(key, code[i]), (double)(j - i));
    }
    json_set_number(out, "nevent", m->n_cause);
    if (m->n_cause == 0) {
        rc = diagnose_fatal(out, e, "no_events", "no row has code %g, the cause asked for (--cause)", m->cause);
        goto out;
    }
    TRY(design_check_rank(d, out, call, keep, e));
    for (size_t j = 0; j < d->p; j++) {
        if (!keep[j]) continue;
        memcpy(m->x + m->p * d->n, d->x + j * d->n, d->n * sizeof(double));
        m->name[m->p] = d->term[j];
        m->column[m->p++] = j;
    }
    if (m->p == 0) rc = diagnose_fatal(out, e, "no_information", "no column is left to estimate");
out:
    return rc;
}

/* An object by term over all columns; null for those left out. */
static Json *by_term(Json *out, const char *key, const Model *m, const double *x)
{
    Json *o = json_set(out, key, json_object());
    for (size_t j = 0; j < m->d.p; j++) json_set_number(o, m->d.term[j], NAN);
    for (size_t j = 0; j < m->p; j++) json_set_number(o, m->name[j], x[j]);
    return o;
}

static Rc write_hazard_ratios(Json *out, const Model *m, const double *coef, const double *se, double conf, Err *e)
{
    size_t p = m->p;
    double *x = ARENA_NEW((Arena *)(size_t)&m->d.arena, 5 * p, double), z = conf_z(conf);
    if (!x) return err_nomem(e);
    for (size_t j = 0; j < p; j++) {
        x[j] = exp(coef[j]);
        x[p + j] = exp(coef[j] - z * se[j]);
        x[2 * p + j] = exp(coef[j] + z * se[j]);
        x[3 * p + j] = coef[j] / se[j];
        x[4 * p + j] = normal_two_sided_p(coef[j] / se[j]);
    }
    char lower[KEY_MAX], upper[KEY_MAX];
    const char *col[5] = { "hr", level_key(lower, "lower", conf), level_key(upper, "upper", conf), "z", "p" };
    json_set_matrix(out, "hr", x, p, 5, m->name, col);
    return OK;
}

/* Incidence of every row of the new data at each time; with strata a matrix a stratum, for no row says of itself which baseline it has. */
static Rc write_predictions(Json *out, const Model *m, const FineGrayFit *f, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const double *times = NULL;
    double *x = NULL;
    size_t n_times = option_numbers(&times, call, "times", &a), rows = call->newdata->rows;
    if (!n_times) { rc = err_set(e, ERR_USAGE, "--newdata wants --times as well"); goto out; }
    TRY(design_matrix_for(&x, &m->d, call->newdata, &a, e));
    double *cif = ARENA_NEW(&a, n_times * rows, double), *number = ARENA_NEW(&a, rows, double);
    if (!cif || !number) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < rows; i++) number[i] = (double)i + 1;
    const char **row = number_keys(times, n_times, &a), **col = number_keys(number, rows, &a);
    if (!row || !col) { rc = err_nomem(e); goto out; }
    Json *o = json_set(out, "pred_cif", json_object());
    json_set_numbers(o, "times", times, n_times);
    Json *by_stratum = m->d.stratum ? json_set(o, "cif", json_object()) : NULL;
    for (size_t s = 0; s < (by_stratum ? m->d.n_strata : 1); s++) {
        for (size_t i = 0; i < rows; i++) {
            double eta = 0;
            for (size_t j = 0; j < m->p; j++) eta += x[m->column[j] * rows + i] * f->coef[j];
            for (size_t t = 0; t < n_times; t++) cif[i * n_times + t] = isnan(eta) ? NAN : finegray_incidence(f, (int)s, times[t], eta);
        }
        json_set_matrix(by_stratum ? by_stratum : o, by_stratum ? m->d.stratum_label[s] : "cif", cif, n_times, rows, row, col);
    }
out:
    arena_free(&a);
    return rc;
}

/* The fit as it is kept (stats/predict.h): the baseline of a stratum is its cumulative subdistribution hazard where all columns are 0. */
static Rc keep(Json *out, const Model *m, const FineGrayFit *f, bool robust, const StatCall *call, Err *e)
{
    const Design *d = &m->d;
    int *column = ARENA_NEW((Arena *)(size_t)&d->arena, m->p + 1, int);
    if (!column) return err_nomem(e);
    for (size_t j = 0; j < m->p; j++) column[j] = (int)m->column[j];
    Json *fit = json_set(out, "fit", fit_json_begin("finegray", d, call, (int)m->p, column, m->n_cause));
    json_set_number(fit, "cause", m->cause);
    json_set_text(fit, "convention", option_text(call, "convention", "cmprsk"));
    json_set_text(fit, "ties", option_text(call, "ties", "breslow"));
    json_set_texts(fit, "term", m->name, m->p);
    json_set_numbers(fit, "coef", f->coef, m->p);
    json_set_matrix(fit, "vcov", f->vcov, m->p, m->p, NULL, NULL);
    json_set_text(fit, "variance", robust ? "robust" : "model");
    Json *list = json_set(fit, "baseline", json_array());
    for (size_t s = 0; s < (d->stratum ? d->n_strata : 1); s++) {
        Json *o = json_push(list, json_object()), *time, *cumhaz;
        double last = 0;
        for (size_t i = 0; i < d->n; i++) if (!d->stratum || (size_t)d->stratum[i] == s) last = fmax(last, d->time[i]);
        json_set_text(o, "label", d->stratum ? d->stratum_label[s] : "");
        json_set_number(o, "last_time", last);
        time = json_set(o, "time", json_array());
        cumhaz = json_set(o, "cumhaz", json_array());
        for (size_t k = 0; k < f->n_steps; k++) {
            if ((size_t)f->step_stratum[k] != s) continue;
            json_push(time, json_from_number(f->step_time[k]));
            json_push(cumhaz, json_from_number(f->cumhaz[k]));
        }
    }
    return OK;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Model m = { 0 };
    FineGrayFit f = { 0 };
    double conf = call_conf(call);
    const char *convention = option_text(call, "convention", "cmprsk");
    json_set_text(out, "convention", convention);
    TRY(model_build(&m, out, call, e));
    Arena *a = &m.d.arena;
    FineGrayData data = { m.d.n, (int)m.p, m.d.time, m.x, m.state,
                          strcmp(convention, "survival") == 0 ? FINEGRAY_SURVIVAL : FINEGRAY_CMPRSK,
                          strcmp(option_text(call, "ties", "breslow"), "efron") == 0, m.d.stratum,
                          m.d.weight, m.d.cluster, m.d.n_clusters };
    if (m.d.stratum) {
        Json *labels = json_set(out, "strata", json_array());
        for (size_t s = 0; s < m.d.n_strata; s++) json_push(labels, json_from_text(m.d.stratum_label[s]));
    }
    Err own = { 0 };
    rc = finegray_fit(&f, &data, a, &own);
    if (rc == ERR_ESTIMATE) {
        rc = diagnose_fatal(out, e, "no_information", "the information is singular: no row can be told from the others at risk at "
                            "an event");
        goto out;
    }
    if (rc != OK) { err_set(e, rc, "%s", own.text); goto out; }
    json_set_bool(out, "converged", f.converged);
    json_set_number(out, "iterations", f.iterations);
    by_term(out, "coef", &m, f.coef);
    json_set_number(out, "loglik_null", f.loglik_null);
    json_set_number(out, "loglik", f.loglik);
    set_test(out, "lr_test", 2 * (f.loglik - f.loglik_null), (double)m.p, chisq_sf(2 * (f.loglik - f.loglik_null), (double)m.p));
    if (f.direction) {
        Json *s = json_set(out, "separation", json_object()), *way = json_set(s, "direction", json_object());
        const char *worst = m.name[0];
        json_set_bool(s, "separated", true);
        for (size_t j = 0; j < m.p; j++) {
            json_set_number(way, m.name[j], f.direction[j]);
            if (f.direction[j] != 0) worst = m.name[j];
        }
        rc = diagnose_fatal(out, e, "monotone_likelihood", "every event of the cause has the most extreme %s of all at risk: its "
                            "coefficient is infinite and has no standard error; merge levels, leave it out, or use cox --penalty "
                            "firth on the cause", worst);
        goto out;
    }
    by_term(out, "se", &m, f.se);
    json_set_matrix(out, "vcov", f.vcov, m.p, m.p, m.name, m.name);
    if (m.d.weight)
        json_set_text(out, "weights_convention", "weights multiply those of the expanded rows; the censoring curve counts rows (survival::finegray)");
    if (data.convention == FINEGRAY_SURVIVAL) json_set_matrix(out, "robust_vcov", f.vcov, m.p, m.p, m.name, m.name);
    json_set_matrix(out, "inv_information", f.information_inverse, m.p, m.p, m.name, m.name);
    json_set_number(out, "max_abs_score", f.max_abs_score);
    json_set_number(out, "condition_number", f.condition);
    double lr = 2 * (f.loglik - f.loglik_null);
    json_set_number(out, "heuristic_shrinkage", (lr - (double)m.p) / lr);
    TRY(write_hazard_ratios(out, &m, f.coef, f.se, conf, e));
    if (!f.converged) diagnose(out, "ill_conditioned", "the fit did not settle; largest score times standard error %g", f.max_abs_score);
    else if (f.condition > 1e8)
        diagnose(out, "ill_conditioned", "condition number %.3g: some columns are nearly combinations of others", f.condition);
    if (m.n_cause < 10 * (double)m.p)
        diagnose(out, "few_events", "%g events of the cause for %zu parameters (%.1f each, fewer than 10)", m.n_cause, m.p,
                 m.n_cause / (double)m.p);
    if (option_flag(call, "keep_fit")) TRY(keep(out, &m, &f, data.convention == FINEGRAY_SURVIVAL, call, e));
    if (call->newdata) TRY(write_predictions(out, &m, &f, call, e));
out:
    design_free(&m.d);
    return rc;
}

const Method method_finegray = {
    .name = "finegray", .summary = "proportional subdistribution hazards of one cause among competing events",
    .formula = FORMULA_SURVIVAL, .needs_data = true, .fits_protocol = true, .options = options, .run = run,
    .source = "Fine & Gray 1999; Geskus 2011; Zhou et al. 2011 (strata)"
};
