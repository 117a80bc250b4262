/* stats/predict.c: what a fit as Json predicts for other rows. */
#include "stats/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/dist.h"
#include "stats/terms.h"

/* A fit read back. Matrices column-major, memory of an arena. */
typedef struct {
    FitKind kind;
    struct Formula *terms;
    bool intercept;
    size_t p, n_strata, n_offsets, n_baselines;
    size_t *column;
    double *coef, *vcov, *center, n;
    const Expr **strata, **offset;
    struct Baseline {
        const char *label;
        size_t n;
        double *time, *hazard, *variance, *mean;     /* mean p x n */
        double last_time;
    } *baseline;
} Fit;

const char *predict_status_name(PredictStatus s)
{
    static const char *const names[] = { "ok", "missing", "unknown_level", "beyond_follow_up" };
    return names[s];
}

/* ---- reading */

static Rc numbers(double **out, size_t *n, const Json *object, const char *key, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const Json *list = NULL;
    TRY(json_want_array(&list, object, key, where, e));
    if (!list) return err_set(e, ERR_INPUT, "%s: the fit lacks '%s'", where, key);
    *n = json_size(list);
    *out = ARENA_NEW(a, *n + 1, double);
    if (!*out) return err_nomem(e);
    size_t i = 0;
    for (const Json *q = json_first(list); q; q = json_next(q)) {
        (*out)[i] = json_number(q);
        if (!isfinite((*out)[i++])) return err_set(e, ERR_INPUT, "%s: '%s' holds something that is no number", where, key);
    }
out:
    return rc;
}

static Rc expressions(const Expr ***out, size_t *n, const Json *fit, const char *key, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const Json *list = NULL;
    TRY(json_want_array(&list, fit, key, where, e));
    *n = json_size(list);
    *out = (const Expr **)arena_array(a, *n + 1, sizeof(Expr *));
    if (!*out) return err_nomem(e);
    size_t i = 0;
    for (const Json *q = json_first(list); q; q = json_next(q)) {
        Expr *x = NULL;
        const char *text = json_text(q) ? arena_strdup(a, json_text(q)) : NULL;
        if (!text) return err_set(e, ERR_INPUT, "%s: '%s' wants a list of texts", where, key);
        TRY(expr_parse(&x, text, a, e));
        (*out)[i++] = x;
    }
out:
    return rc;
}

static Rc baselines(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const Json *list = NULL;
    TRY(json_want_array(&list, fit, "baseline", where, e));
    if (!list) return err_set(e, ERR_INPUT, "%s: the fit lacks 'baseline'", where);
    f->n_baselines = json_size(list);
    f->baseline = ARENA_NEW(a, f->n_baselines + 1, struct Baseline);
    if (!f->baseline) return err_nomem(e);
    size_t i = 0;
    for (const Json *q = json_first(list); q; q = json_next(q)) {
        struct Baseline *b = &f->baseline[i++];
        size_t m = 0, v = 0;
        b->label = arena_strdup(a, json_text(json_get(q, "label")) ? json_text(json_get(q, "label")) : "");
        if (!b->label) return err_nomem(e);
        TRY(numbers(&b->time, &b->n, q, "time", where, a, e));
        TRY(numbers(&b->hazard, &m, q, "hazard", where, a, e));
        TRY(numbers(&b->variance, &v, q, "variance", where, a, e));
        const Json *rows = json_get(q, "mean");
        b->last_time = json_number(json_get(q, "last_time"));
        b->mean = ARENA_NEW(a, b->n * f->p + 1, double);
        if (!b->mean) return err_nomem(e);
        if (m != b->n || v != b->n || json_size(rows) != b->n || isnan(b->last_time))
            return err_set(e, ERR_INPUT, "%s: the baseline's lists differ in length", where);
        size_t k = 0;
        for (const Json *row = json_first(rows); row; row = json_next(row)) {
            if (json_size(row) != f->p) return err_set(e, ERR_INPUT, "%s: the baseline's means do not fit the coefficients", where);
            for (const Json *x = json_first(row); x; x = json_next(x)) b->mean[k++] = json_number(x);
        }
    }
out:
    return rc;
}

static Rc fit_read(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const char *schema = NULL, *kind = NULL;
    const Json *design = NULL;
    double *column = NULL;
    size_t m = 0;
    *f = (Fit){ 0 };
    TRY(json_want_text(&schema, fit, "schema", where, e));
    if (!schema || strcmp(schema, "reox.fit/1") != 0)
        return err_set(e, ERR_INPUT, "%s: schema is '%s', expected 'reox.fit/1'", where, schema ? schema : "missing");
    TRY(json_want_text(&kind, fit, "kind", where, e));
    if (!kind || (strcmp(kind, "cox") != 0 && strcmp(kind, "logistic") != 0))
        return err_set(e, ERR_INPUT, "%s: kind is '%s', expected 'cox' or 'logistic'", where, kind ? kind : "missing");
    f->kind = kind[0] == 'c' ? FIT_COX : FIT_LOGISTIC;
    TRY(json_want_object(&design, fit, "design", where, e));
    if (!design) return err_set(e, ERR_INPUT, "%s: the fit lacks 'design'", where);
    TRY(terms_from_json(&f->terms, design, where, a, e));
    f->intercept = json_bool(json_get(fit, "intercept"));
    f->n = json_number(json_get(fit, "n"));
    TRY(numbers(&f->coef, &f->p, fit, "coef", where, a, e));
    TRY(numbers(&column, &m, fit, "columns", where, a, e));
    f->column = ARENA_NEW(a, f->p + 1, size_t);
    f->vcov = ARENA_NEW(a, f->p * f->p + 1, double);
    if (!f->column || !f->vcov) return err_nomem(e);
    if (m != f->p) return err_set(e, ERR_INPUT, "%s: %zu columns and %zu coefficients", where, m, f->p);
    for (size_t j = 0; j < m; j++) {
        if (!(column[j] >= 0 && column[j] < 1e6)) return err_set(e, ERR_INPUT, "%s: columns[%zu] is %g", where, j, column[j]);
        f->column[j] = (size_t)column[j];
    }
    const Json *data = json_get(json_get(fit, "vcov"), "data");
    if (json_size(data) != f->p) return err_set(e, ERR_INPUT, "%s: vcov does not fit the coefficients", where);
    size_t i = 0;
    for (const Json *row = json_first(data); row; row = json_next(row), i++) {
        if (json_size(row) != f->p) return err_set(e, ERR_INPUT, "%s: vcov does not fit the coefficients", where);
        size_t j = 0;
        for (const Json *x = json_first(row); x; x = json_next(x)) f->vcov[j++ * f->p + i] = json_number(x);
    }
    TRY(expressions(&f->strata, &f->n_strata, fit, "strata", where, a, e));
    TRY(expressions(&f->offset, &f->n_offsets, fit, "offsets", where, a, e));
    if (f->kind == FIT_COX) {
        TRY(numbers(&f->center, &m, fit, "center", where, a, e));
        if (m != f->p) return err_set(e, ERR_INPUT, "%s: center does not fit the coefficients", where);
        TRY(baselines(f, fit, where, a, e));
    }
out:
    return rc;
}

Rc fit_check(FitKind *kind, const Json *fit, const char *where, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Fit f;
    TRY(fit_read(&f, fit, where, &a, e));
    if (kind) *kind = f.kind;
out:
    arena_free(&a);
    return rc;
}

static Rc add_names(const char **list, size_t *n, const Expr *x, Arena *a, Err *e)
{
    Rc rc = OK;
    const char *const *names = NULL;
    TRY(expr_columns(&names, x, a, e));
    for (; *names; names++) {
        bool known = false;
        for (size_t i = 0; i < *n; i++) known = known || strcmp(list[i], *names) == 0;
        if (!known) list[(*n)++] = *names;
    }
out:
    return rc;
}

Rc fit_columns(const char *const **columns, const Json *fit, Arena *a, Err *e)
{
    Rc rc = OK;
    Fit f;
    TRY(fit_read(&f, fit, "fit", a, e));
    /* No expression names more columns than it has characters. */
    size_t room = 1, n = 0;
    for (size_t k = 0; k < f.terms->n_vars; k++) room += strlen(f.terms->var[k].expr->label) + 1;
    for (size_t k = 0; k < f.n_strata; k++) room += strlen(f.strata[k]->label) + 1;
    for (size_t k = 0; k < f.n_offsets; k++) room += strlen(f.offset[k]->label) + 1;
    const char **list = (const char **)arena_array(a, room, sizeof(char *));
    if (!list) return err_nomem(e);
    for (size_t k = 0; k < f.terms->n_vars; k++) TRY(add_names(list, &n, f.terms->var[k].expr, a, e));
    for (size_t k = 0; k < f.n_strata; k++) TRY(add_names(list, &n, f.strata[k], a, e));
    for (size_t k = 0; k < f.n_offsets; k++) TRY(add_names(list, &n, f.offset[k], a, e));
    *columns = list;
out:
    return rc;
}

/* ---- rows */

/* What the rows are for one fit: columns, offset, stratum, and what is wrong with each. */
typedef struct { double *x, *offset; int *baseline; } Rows;

static void say(Prediction *out, PredictStatus status, char *reason)
{
    if (out->status != PREDICTED) return;
    out->status = status;
    out->reason = reason;
}

static Rc ranges(Prediction *out, const Fit *f, const Frame *rows, Arena *a, Err *e)
{
    Rc rc = OK;
    for (size_t v = 0; v < f->terms->n_vars; v++) {
        const Var *var = &f->terms->var[v];
        ExprValue value = { 0 };
        if (var->kind == VAR_FACTOR || isnan(var->low)) continue;
        TRY(expr_eval(&value, var->expr, rows, a, e));
        if (value.is_text) continue;
        for (size_t i = 0; i < rows->rows; i++) {
            double x = value.num[i];
            if (isnan(x) || (x >= var->low && x <= var->high)) continue;
            bool above = x > var->high;
            char *text = arena_printf(a, "%s%s%s %.6g is %s %.6g, the %s of %.0f patients", out[i].out_of_range_text ? out[i].out_of_range_text : "",
                                      out[i].out_of_range_text ? "; " : "", var->expr->label, x, above ? "above" : "below",
                                      above ? var->high : var->low, above ? "highest" : "lowest", f->n);
            if (!text) return err_nomem(e);
            out[i].out_of_range = true;
            out[i].out_of_range_text = text;
        }
    }
out:
    return rc;
}

static Rc rows_prepare(Rows *r, Prediction *out, const Fit *f, const Frame *rows, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = rows->rows, p_all = 0;
    double *all = NULL;
    int *unknown = ARENA_NEW(a, n + 1, int);
    ExprValue *value = ARENA_NEW(a, f->n_strata + 1, ExprValue);
    r->x = ARENA_NEW(a, n * f->p + 1, double);
    r->offset = ARENA_NEW(a, n + 1, double);
    r->baseline = ARENA_NEW(a, n + 1, int);
    if (!unknown || !value || !r->x || !r->offset || !r->baseline) return err_nomem(e);
    TRY(terms_matrix(&all, &p_all, f->terms, f->intercept, rows, NULL, n, unknown, a, e));
    for (size_t j = 0; j < f->p; j++)
        if (f->column[j] >= p_all) return err_set(e, ERR_INPUT, "the fit's columns do not fit its design");
    for (size_t i = 0; i < n; i++) {
        if (unknown[i]) {
            const Var *v = &f->terms->var[unknown[i] - 1];
            ExprValue here = { 0 };
            TRY(expr_eval(&here, v->expr, rows, a, e));
            const char *label = expr_value_label(&here, i, a);
            say(&out[i], PREDICT_UNKNOWN_LEVEL, arena_printf(a, "%s is '%s', which the model has not seen", v->expr->label, label ? label : ""));
        }
        for (size_t j = 0; j < f->p; j++) r->x[i * f->p + j] = all[f->column[j] * n + i];
    }
    for (size_t v = 0; v < f->terms->n_vars; v++) {
        ExprValue here = { 0 };
        TRY(expr_eval(&here, f->terms->var[v].expr, rows, a, e));
        for (size_t i = 0; i < n; i++)
            if (here.is_text ? !here.text[i] : isnan(here.num[i]) != 0)
                say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", f->terms->var[v].expr->label));
            else if (!here.is_text && isinf(here.num[i]))
                say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is infinite", f->terms->var[v].expr->label));
    }
    for (size_t k = 0; k < f->n_offsets; k++) {
        ExprValue here = { 0 };
        TRY(expr_eval(&here, f->offset[k], rows, a, e));
        if (here.is_text) return err_set(e, ERR_INPUT, "%s: the offset %s is text", rows->name, f->offset[k]->label);
        for (size_t i = 0; i < n; i++) {
            r->offset[i] += here.num[i];
            if (isnan(here.num[i])) say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", f->offset[k]->label));
        }
    }
    for (size_t k = 0; k < f->n_strata; k++) TRY(expr_eval(&value[k], f->strata[k], rows, a, e));
    for (size_t i = 0; i < n && f->kind == FIT_COX; i++) {
        const char *label = "";
        bool missing = false;
        for (size_t k = 0; k < f->n_strata; k++) {
            const char *level = expr_value_label(&value[k], i, a);
            missing = missing || !level;
            const char *part = arena_printf(a, "%s=%s", f->strata[k]->label, level ? level : "");
            label = k ? arena_printf(a, "%s, %s", label, part) : part;
            if (!label) return err_nomem(e);
        }
        r->baseline[i] = -1;
        for (size_t b = 0; b < f->n_baselines; b++) if (strcmp(f->baseline[b].label, label) == 0) r->baseline[i] = (int)b;
        if (missing) say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", f->strata[0]->label));
        else if (r->baseline[i] < 0) say(&out[i], PREDICT_UNKNOWN_LEVEL, arena_printf(a, "the model has no stratum %s", label));
    }
out:
    return rc;
}

static double linear(const Fit *f, const double *x, double offset)
{
    double eta = offset;
    for (size_t j = 0; j < f->p; j++) eta += (x[j] - (f->center ? f->center[j] : 0)) * f->coef[j];
    return eta;
}

/* ---- risk */

/* One jump of a hazard of this row. */
typedef struct { double time, jump, variance; size_t fit; const double *mean; } Jump;

static int by_time(const void *pa, const void *pb)
{
    const Jump *a = pa, *b = pb;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return (a->fit > b->fit) - (a->fit < b->fit);
}

/* (1 - exp(-T))/T and its derivative. */
static void leave(double *phi, double *slope, double T)
{
    if (T < 1e-4) {
        *phi = 1 - T / 2 + T * T / 6;
        *slope = -.5 + T / 3 - T * T / 8;
        return;
    }
    *phi = -expm1(-T) / T;
    *slope = (exp(-T) * (T + 1) - 1) / (T * T);
}

/* Cumulative incidence from sorted jumps; weight[k] = dF/d jump k. */
static double incidence(double *weight, const Jump *j, size_t n, double *F, double *S)
{
    double f = 0, s = 1;
    size_t k = 0;
    for (; k < n;) {                                 /* forwards: F and S by group of one time */
        size_t to = k;
        double own = 0, all = 0, phi, slope;
        for (; to < n && j[to].time == j[k].time; to++) { all += j[to].jump; if (j[to].fit == 0) own += j[to].jump; }
        leave(&phi, &slope, all);
        f += s * own * phi;
        for (size_t q = k; q < to; q++) {
            F[q] = f;
            S[q] = s;
            weight[q] = s * own * slope + (j[q].fit == 0 ? s * phi : 0);
        }
        s *= exp(-all);
        k = to;
    }
    for (size_t q = 0; q < n; q++) weight[q] -= f - F[q];
    return f;
}

static Rc risk_of_row(Prediction *out, const Fit *const *fits, size_t n_fits, const Rows *rows, size_t i, double horizon, double z,
                      Arena *scratch, Err *e)
{
    size_t m = 0, n = 0;
    for (size_t k = 0; k < n_fits; k++) m += fits[k]->baseline[rows[k].baseline[i]].n;
    Jump *j = ARENA_NEW(scratch, m + 1, Jump);
    double *weight = ARENA_NEW(scratch, m + 1, double), *F = ARENA_NEW(scratch, m + 1, double), *S = ARENA_NEW(scratch, m + 1, double);
    if (!j || !weight || !F || !S) return err_nomem(e);
    for (size_t k = 0; k < n_fits; k++) {
        const struct Baseline *b = &fits[k]->baseline[rows[k].baseline[i]];
        double risk = exp(linear(fits[k], rows[k].x + i * fits[k]->p, rows[k].offset[i]));
        for (size_t q = 0; q < b->n && b->time[q] <= horizon; q++)
            j[n++] = (Jump){ b->time[q], b->hazard[q] * risk, b->variance[q] * risk * risk, k, b->mean + q * fits[k]->p };
    }
    double hazard = 0, variance = 0;
    if (n_fits == 1) {
        for (size_t q = 0; q < n; q++) { hazard += j[q].jump; weight[q] = 1; }
    } else {
        qsort(j, n, sizeof *j, by_time);
        out->estimate = incidence(weight, j, n, F, S);
        hazard = -log1p(-out->estimate);             /* on the scale of a cumulative hazard for the limits */
    }
    for (size_t q = 0; q < n; q++) variance += weight[q] * weight[q] * j[q].variance;
    for (size_t k = 0; k < n_fits; k++) {
        size_t p = fits[k]->p;
        const double *x = rows[k].x + i * p;
        double *h = ARENA_NEW(scratch, p + 1, double);
        if (!h) return err_nomem(e);
        for (size_t q = 0; q < n; q++)
            for (size_t c = 0; j[q].fit == k && c < p; c++) h[c] += weight[q] * j[q].jump * (x[c] - fits[k]->center[c] - j[q].mean[c]);
        for (size_t c = 0; c < p; c++) for (size_t d = 0; d < p; d++) variance += h[c] * fits[k]->vcov[d * p + c] * h[d];
    }
    double se_hazard;                                /* of -log(1 - estimate) */
    if (n_fits == 1) {
        out->estimate = -expm1(-hazard);
        se_hazard = sqrt(variance);
        out->se = exp(-hazard) * se_hazard;
    } else {
        out->se = sqrt(variance);
        se_hazard = out->se / (1 - out->estimate);
    }
    out->lower = out->upper = NAN;
    if (hazard > 0) {
        double factor = exp(z * se_hazard / hazard);
        out->lower = -expm1(-hazard / factor);
        out->upper = -expm1(-hazard * factor);
    }
    return OK;
}

Rc predict_risk(Prediction *out, const Json *fit, const Json *const *competing, size_t n_competing, const Frame *rows, double horizon,
                double conf, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = rows->rows, n_fits = n_competing + 1;
    Fit *fits = ARENA_NEW(a, n_fits, Fit);
    const Fit **list = (const Fit **)arena_array(a, n_fits, sizeof(Fit *));
    Rows *r = ARENA_NEW(a, n_fits, Rows);
    double z = normal_quantile((1 + conf) / 2);
    if (!fits || !list || !r) return err_nomem(e);
    for (size_t i = 0; i < n; i++)
        out[i] = (Prediction){ .estimate = NAN, .lower = NAN, .upper = NAN, .se = NAN, .linear_predictor = NAN };
    for (size_t k = 0; k < n_fits; k++) {
        TRY(fit_read(&fits[k], k ? competing[k - 1] : fit, "fit", a, e));
        if (fits[k].kind != FIT_COX) return err_set(e, ERR_USAGE, "a risk at a horizon wants a survival model");
        if (!fits[k].n_baselines) return err_set(e, ERR_USAGE, "a fit with exact ties has no baseline hazard and predicts no risk");
        list[k] = &fits[k];
        TRY(rows_prepare(&r[k], out, &fits[k], rows, a, e));
    }
    TRY(ranges(out, &fits[0], rows, a, e));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n_fits && out[i].status == PREDICTED; k++) {
            const struct Baseline *b = &fits[k].baseline[r[k].baseline[i]];
            if (horizon > b->last_time)
                say(&out[i], PREDICT_BEYOND, arena_printf(a, "the horizon %.6g lies behind the last time that the model has seen, %.6g", horizon,
                                                          b->last_time));
        }
        if (out[i].status == PREDICTED || out[i].status == PREDICT_BEYOND)
            out[i].linear_predictor = linear(&fits[0], r[0].x + i * fits[0].p, r[0].offset[i]);
        if (out[i].status != PREDICTED) continue;
        Arena scratch = { 0 };
        rc = risk_of_row(&out[i], list, n_fits, r, i, horizon, z, &scratch, e);
        arena_free(&scratch);
        if (rc != OK) goto out;
    }
out:
    return rc;
}

Rc predict_probability(Prediction *out, const Json *fit, const Frame *rows, double conf, Arena *a, Err *e)
{
    Rc rc = OK;
    Fit f;
    Rows r;
    double z = normal_quantile((1 + conf) / 2);
    for (size_t i = 0; i < rows->rows; i++)
        out[i] = (Prediction){ .estimate = NAN, .lower = NAN, .upper = NAN, .se = NAN, .linear_predictor = NAN };
    TRY(fit_read(&f, fit, "fit", a, e));
    if (f.kind != FIT_LOGISTIC) return err_set(e, ERR_USAGE, "a probability of response wants a logistic model");
    TRY(rows_prepare(&r, out, &f, rows, a, e));
    TRY(ranges(out, &f, rows, a, e));
    for (size_t i = 0; i < rows->rows; i++) {
        if (out[i].status != PREDICTED) continue;
        const double *x = r.x + i * f.p;
        double eta = linear(&f, x, r.offset[i]), form = 0;
        for (size_t j = 0; j < f.p; j++) for (size_t k = 0; k < f.p; k++) form += x[j] * f.vcov[k * f.p + j] * x[k];
        double se = sqrt(form), prob = 1 / (1 + exp(-eta));
        out[i].linear_predictor = eta;
        out[i].estimate = prob;
        out[i].se = se * prob * (1 - prob);
        out[i].lower = 1 / (1 + exp(-(eta - z * se)));
        out[i].upper = 1 / (1 + exp(-(eta + z * se)));
    }
out:
    return rc;
}

Rc fit_rows(FitRows *out, const Json *fit, const Frame *rows, const double *time, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = rows->rows;
    Fit f;
    Rows r;
    Prediction *said = ARENA_NEW(a, n + 1, Prediction);
    if (!said) return err_nomem(e);
    TRY(fit_read(&f, fit, "fit", a, e));
    if ((f.kind == FIT_COX) != (time != NULL)) return err_set(e, ERR_USAGE, "times go with a survival model, and only with one");
    TRY(rows_prepare(&r, said, &f, rows, a, e));
    const size_t first = f.kind == FIT_LOGISTIC && f.intercept && f.p > 0 && f.column[0] == 0 ? 1 : 0;
    *out = (FitRows){ f.p - first, ARENA_NEW(a, n * f.p + 1, double), ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double),
                      ARENA_NEW(a, n + 1, double) };
    if (!out->x || !out->eta || !out->cumhaz || !out->last_time) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const double *x = r.x + i * f.p;
        out->eta[i] = said[i].status == PREDICTED ? linear(&f, x, r.offset[i]) : NAN;
        for (size_t j = first; j < f.p; j++) out->x[(j - first) * n + i] = x[j] - (f.center ? f.center[j] : 0);
        if (!time || said[i].status != PREDICTED || !f.n_baselines) continue;
        const struct Baseline *b = &f.baseline[r.baseline[i]];
        out->last_time[i] = b->last_time;
        for (size_t k = 0; k < b->n && b->time[k] <= time[i]; k++) out->cumhaz[i] += b->hazard[k];
    }
out:
    return rc;
}
