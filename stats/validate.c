/* stats/validate.c: `validate`: what a prediction model is worth on patients that it has not seen: bootstrap optimism, repeated
 * cross-validation, leaving out one centre at a time. Everything that the data decide (knots, chosen columns, coefficients) is
 * decided anew in each training set. */
#include "stats/validate.h"

#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/diagnosis.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/spline.h"
#include "stats/terms.h"

static const MethodOption options[] = {
    { "model", OPTION_CHOICE, "cox|logistic", "what is fitted (default: by the left side)" },
    { "bootstrap", OPTION_INTEGER, NULL, "so many resamples: Harrell's optimism" },
    { "resamples", OPTION_TABLE, NULL, "resamples as a table without header: a row each, of row numbers among complete rows" },
    { "folds", OPTION_INTEGER, NULL, "cross-validation with so many folds, events and the others dealt out evenly" },
    { "repeats", OPTION_INTEGER, NULL, "so many times over (default 1)" },
    { "leave-out", OPTION_TEXT, NULL, "column: trains on all groups but one, in turn" },
    { "select", OPTION_INTEGER, NULL, "keep so many columns, chosen in each training set by their own score tests" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

const char *const validate_stat_name[VALIDATE_STATS] = { "C", "slope", "intercept", "brier" };

void validation_stats(double *s, const Judged *j)
{
    s[0] = j->c;
    s[1] = j->slope;
    s[2] = j->intercept;
    s[3] = j->brier;
}

void validation_set(Json *object, const char *key, const Validation *w, const double *s)
{
    Json *o = json_set(object, key, json_object());
    for (int k = 0; k < w->n_stats; k++) json_set_number(o, validate_stat_name[k], s[k]);
}

Rc validation_columns(Validation *w, const size_t *row, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    Design *d = &w->d;
    double *x = NULL, *value = NULL;
    size_t p = 0;
    if (!w->has_knots) return OK;
    value = ARENA_NEW(a, m + 1, double);
    if (!value) return err_nomem(e);
    for (size_t v = 0; v < d->formula->n_vars; v++) {
        Var *var = &d->formula->var[v];
        ExprValue here = { 0 };
        Err why = { 0 };
        double *knot = ARENA_NEW(a, (size_t)var->n_knots + 1, double);
        if (var->kind != VAR_RCS) continue;
        if (!knot) return err_nomem(e);
        TRY(expr_eval(&here, var->expr, d->frame, a, e));
        for (size_t i = 0; i < m; i++) value[i] = here.num[d->row[row[i]]];
        sort_doubles(value, m);
        if (rcs_knots(knot, var->n_knots, value, NULL, m, &why) == OK) memcpy(var->knot, knot, (size_t)var->n_knots * sizeof *knot);
    }
    TRY(terms_matrix(&x, &p, d->formula, d->has_intercept, d->frame, d->row, d->n, NULL, a, e));
    for (int j = 0; j < w->data.p; j++) memcpy(w->x + (size_t)j * d->n, x + w->column[j] * d->n, d->n * sizeof *x);
out:
    return rc;
}

Rc validation_train(Trained *t, bool *ok, Validation *w, const size_t *row, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    TRY(validation_columns(w, row, m, a, e));
    TRY(trained_fit(t, &w->data, row, m, a, e));
    *ok = t->exists;
    if (!*ok) w->failed++;
out:
    return rc;
}

Rc validation_sample(ValidationSample *s, size_t n, Arena *a, Err *e)
{
    *s = (ValidationSample){ ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double),
                              ARENA_NEW(a, n + 1, int) };
    return s->eta && s->time && s->event && s->risk && s->stratum ? OK : err_nomem(e);
}

void validation_row(ValidationSample *s, size_t k, const Validation *w, const Trained *t, size_t i)
{
    s->eta[k] = trained_eta(t, &w->data, i);
    s->risk[k] = trained_risk(t, &w->data, s->eta[k]);
    s->event[k] = w->data.event[i];
    if (w->data.time) s->time[k] = w->data.time[i];
}

Rc validation_judge(Judged *out, const Validation *w, const ValidationSample *s, size_t m, Arena *a, Err *e)
{
    return judge(out, s->eta, w->data.time ? s->time : NULL, s->event, NULL, 1, m, a, e);
}

bool validation_wants_curve(const Validation *w) { return !w->data.time || !isnan(w->data.horizon); }

Rc validation_curve(CalibrationCurve *out, const Validation *w, const ValidationSample *s, size_t m, const double *grid, Arena *a, Err *e)
{
    CalibrationData d = { m, s->risk, s->event, w->data.time ? s->time : NULL, w->data.horizon, NULL };
    return calibration_curve(out, &d, grid, VALIDATE_GRID, a, e);
}

static Rc prepare(Validation *w, bool survival, Err *e)
{
    Rc rc = OK;
    Design *d = &w->d;
    Arena *a = &d->arena;
    const StatCall *call = w->call;
    size_t events = 0;
    double *y = NULL;
    TRY(design_build(d, w->out, call, &(DesignWish){ .kind = survival ? FORMULA_SURVIVAL : FORMULA_RESPONSE, .no_intercept = survival }, e));
    if (d->start || d->stratum || d->offset || d->weight || d->cluster || d->group || (!survival && !d->has_intercept))
        return err_set(e, ERR_USAGE, "validate takes neither start times, weights, strata(), cluster(), offset(), frailties nor -1");
    size_t first = d->has_intercept ? 1 : 0, n = d->n;
    if (d->p == first) return err_set(e, ERR_USAGE, "'%s': a covariate is expected right of ~", call->formula);
    json_set_number(w->out, "n", (double)n);
    TRY(design_want_rows(d, w->out, 3, e));
    if (!survival) TRY(response_binary(&y, d, w->out, e));
    w->data = (TrainData){ .n = n, .time = survival ? d->time : NULL, .event = survival ? d->event : y, .horizon = NAN,
                           .select = (int)option_number(call, "select", 0) };
    for (size_t i = 0; i < n; i++) events += w->data.event[i] != 0;
    json_set_number(w->out, "nevent", (double)events);
    if (events == 0) return diagnose_fatal(w->out, e, "no_events", "none of %zu rows has an event", n);
    const double *times = NULL;
    const size_t n_times = option_numbers(&times, call, "times", a);
    if (n_times && !survival) return err_set(e, ERR_USAGE, "validate: a response has no --times");
    if (n_times > 1) return err_set(e, ERR_USAGE, "validate: %zu --times, expected the one time at which risks are judged", n_times);
    if (n_times) w->data.horizon = times[0];
    unsigned char *keep = arena_alloc(a, d->p + 1);
    w->x = ARENA_NEW(a, n * d->p + 1, double);
    w->name = ARENA_NEW(a, d->p + 1, const char *);
    w->column = ARENA_NEW(a, d->p + 1, size_t);
    w->eta = ARENA_NEW(a, n + 1, double);
    if (!keep || !w->x || !w->name || !w->column || !w->eta) return err_nomem(e);
    if (w->data.select) memset(keep, 1, d->p);             /* the choice may come from more columns than rows */
    else TRY(design_check_rank(d, w->out, call, keep, e));
    for (size_t j = first; j < d->p; j++) {
        if (!keep[j]) continue;
        memcpy(w->x + (size_t)w->data.p * n, d->x + j * n, n * sizeof(double));
        w->name[w->data.p] = d->term[j];
        w->column[w->data.p++] = j;
    }
    w->data.x = w->x;
    for (size_t v = 0; v < d->formula->n_vars; v++) w->has_knots = w->has_knots || d->formula->var[v].kind == VAR_RCS;
    w->n_stats = survival ? 2 : 4;
out:
    return rc;
}

static Rc apparent(Validation *w, Err *e)
{
    Rc rc = OK;
    Arena *a = &w->d.arena;
    size_t n = w->d.n, *row = ARENA_NEW(a, n + 1, size_t);
    bool ok;
    ValidationSample s;
    Judged j;
    if (!row) return err_nomem(e);
    for (size_t i = 0; i < n; i++) row[i] = i;
    TRY(validation_train(&w->full, &ok, w, row, n, a, e));
    if (!ok)
        return diagnose_fatal(w->out, e, w->data.time ? "monotone_likelihood" : "quasi_separation",
                              "the likelihood of all rows has no maximum, so there is no model to validate: reox stat %s names the column, "
                              "--penalty firth there is the cure", w->data.time ? "cox" : "logistic");
    TRY(validation_sample(&s, n, a, e));
    for (size_t i = 0; i < n; i++) validation_row(&s, i, w, &w->full, i);
    memcpy(w->eta, s.eta, n * sizeof(double));
    TRY(validation_judge(&j, w, &s, n, a, e));
    validation_stats(w->stats, &j);
    Json *coef = json_set(w->out, "coef", json_object());
    if (!w->data.time) json_set_number(coef, "(Intercept)", w->full.intercept);
    for (int k = 0; k < w->data.p; k++) if (!w->data.select || w->full.beta[k] != 0) json_set_number(coef, w->name[k], w->full.beta[k]);
    validation_set(w->out, "apparent", w, w->stats);
    if (!validation_wants_curve(w)) goto out;
    TRY(validation_curve(&w->curve, w, &s, n, NULL, a, e));
    calibration_json(w->out, "calibration_curve", &w->curve);
out:
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Formula *f = NULL;
    Validation w = { .out = out, .call = call };
    double B = option_number(call, "bootstrap", 0), folds = option_number(call, "folds", 0), repeats = option_number(call, "repeats", 1);
    const char *groups = option_text(call, "leave_out", NULL), *model = option_text(call, "model", NULL);
    TRY(formula_parse(&f, call->formula, &a, e));
    bool survival = f->left_kind == LEFT_SURV;
    if (model && (strcmp(model, "cox") == 0) != survival) {
        rc = err_set(e, ERR_USAGE, "validate: --model %s does not fit '%s'", model, call->formula);
        goto out;
    }
    if ((B > 0) + (call->resamples != NULL) + (folds > 0) + (groups != NULL) != 1) {
        rc = err_set(e, ERR_USAGE, "validate wants one of --bootstrap, --resamples, --folds, --leave-out");
        goto out;
    }
    if (B < 0 || B > 1e6 || folds < 0 || folds == 1 || repeats < 1 || repeats > 1e6 || option_number(call, "select", 0) < 0) {
        rc = err_set(e, ERR_USAGE, "validate: --bootstrap, --repeats and --select want a number above 0, --folds one above 1");
        goto out;
    }
    if (json_get(call->options, "repeats") && !(folds > 0)) { rc = err_set(e, ERR_USAGE, "validate: --repeats goes with --folds"); goto out; }
    TRY(prepare(&w, survival, e));
    if (folds > (double)w.d.n) { rc = err_set(e, ERR_USAGE, "validate: --folds %g of %zu rows", folds, w.d.n); goto out; }
    if (call->resamples && call->resamples->columns != w.d.n) {
        rc = err_set(e, ERR_INPUT, "%s: %zu row numbers a line, expected %zu, the number of complete rows", call->resamples->name,
                     call->resamples->columns, w.d.n);
        goto out;
    }
    TRY(apparent(&w, e));
    w.failed = 0;
    if (groups) TRY(validate_leave_out(&w, groups, e));
    else if (folds > 0) TRY(validate_folds(&w, (int)folds, (size_t)repeats, e));
    else TRY(validate_bootstrap(&w, call->resamples ? call->resamples->rows : (size_t)B, e));
out:
    design_free(&w.d);
    arena_free(&a);
    return rc;
}

const Method method_validate = {
    .name = "validate", .summary = "bootstrap optimism, repeated cross-validation, leave-one-centre-out of a prediction model",
    .formula = FORMULA_ANY, .needs_data = true, .options = options, .run = run,
    .source = "Harrell, Lee & Mark 1996; Steyerberg & Harrell 2016; Austin & Steyerberg 2019"
};
