/* stats/predict.c: what a fit as Json predicts for other rows. */
#include "stats/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/dist.h"
#include "stats/fit.h"

const char *predict_status_name(PredictStatus s)
{
    static const char *const names[] = { "ok", "missing", "unknown_level", "beyond_follow_up" };
    return names[s];
}

static const char *const group_names[] = { "typical", "average", "own" };

const char *fit_group_name(FitGroup group) { return group_names[group]; }

bool fit_group_parse(FitGroup *out, const char *text)
{
    *out = GROUP_TYPICAL;
    for (int k = 0; text && k < 3; k++)
        if (strcmp(text, group_names[k]) == 0) { *out = (FitGroup)k; return true; }
    return text == NULL;
}

/* ---- rows */

/* What the rows are for one fit: columns (p + q a row, the own group's last ones 1), offset, stratum. */
typedef struct { double *x, *offset; int *baseline; } Rows;

static void say(Prediction *out, PredictStatus status, const char *reason)
{
    if (out->status != PREDICTED) return;
    out->status = status;
    out->reason = reason;
}

/* Covariates so far out that their columns overflow. */
static void say_overflow(Prediction *out)
{
    static const char reason[] = "the row's values overflow in the model";
    if (!isnan(out->estimate)) return;
    out->lower = out->upper = out->se = NAN;
    say(out, PREDICT_MISSING, reason);
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

/* The own group's frailty: a column of its own where the covariance knows the groups, else part of the offset. */
static Rc own_groups(Rows *r, Prediction *out, const Fit *f, const Frame *rows, Arena *a, Err *e)
{
    Rc rc = OK;
    const FitFrailty *g = &f->frailty;
    ExprValue value = { 0 };
    if (!g->level)
        return err_set(e, ERR_INPUT, "the model does not name its groups of %s: their frailties are known to the study that fitted it, or to an export with --groups",
                       g->group->label);
    TRY(expr_eval(&value, g->group, rows, a, e));
    for (size_t i = 0; i < rows->rows; i++) {
        const char *label = expr_value_label(&value, i, a);
        size_t k = 0;
        if (!label) { say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", g->group->label)); continue; }
        while (k < g->n && strcmp(g->level[k], label) != 0) k++;
        if (k == g->n) say(&out[i], PREDICT_UNKNOWN_LEVEL, arena_printf(a, "%s is '%s', a group that the model has not seen", g->group->label, label));
        else if (f->q) r->x[i * (f->p + f->q) + f->p + k] = 1;
        else r->offset[i] += g->effect[k];
    }
out:
    return rc;
}

static Rc rows_prepare(Rows *r, Prediction *out, const Fit *f, const Frame *rows, FitGroup group, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = rows->rows, p_all = 0, width = f->p + f->q;
    double *all = NULL;
    int *unknown = ARENA_NEW(a, n + 1, int);
    ExprValue *value = ARENA_NEW(a, f->n_strata + 1, ExprValue);
    r->x = ARENA_NEW(a, n * width + 1, double);
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
        for (size_t j = 0; j < f->p; j++) r->x[i * width + j] = all[f->column[j] * n + i];
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
    if (group == GROUP_OWN) TRY(own_groups(r, out, f, rows, a, e));
    for (size_t k = 0; k < f->n_strata; k++) TRY(expr_eval(&value[k], f->strata[k], rows, a, e));
    for (size_t i = 0; i < n; i++) r->baseline[i] = -1;
    for (size_t i = 0; i < n && f->n_baselines; i++) {
        const char *label = "";
        bool missing = false;
        for (size_t k = 0; k < f->n_strata; k++) {
            const char *level = expr_value_label(&value[k], i, a);
            missing = missing || !level;
            const char *part = arena_printf(a, "%s=%s", f->strata[k]->label, level ? level : "");
            label = k ? arena_printf(a, "%s, %s", label, part) : part;
            if (!label) return err_nomem(e);
        }
        for (size_t b = 0; b < f->n_baselines; b++) if (strcmp(f->baseline[b].label, label) == 0) r->baseline[i] = (int)b;
        if (missing) say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", f->strata[0]->label));
        else if (r->baseline[i] < 0) say(&out[i], PREDICT_UNKNOWN_LEVEL, arena_printf(a, "the model has no stratum %s", label));
    }
out:
    return rc;
}

/* Column j of a row at the center, where tt() multiplies by `factor`. */
static double at_center(const Fit *f, const double *x, size_t j, double factor)
{
    return (f->varying && j < f->p && f->varying[j] ? x[j] * factor : x[j]) - (f->center ? f->center[j] : 0);
}

static double linear(const Fit *f, const double *x, double offset, double factor)
{
    double eta = offset;
    for (size_t j = 0; j < f->p + f->q; j++) eta += at_center(f, x, j, factor) * f->coef[j];
    return eta;
}

static double factor_at(const FitBaseline *b, size_t k) { return b->factor ? b->factor[k] : 1; }

/* ---- risk */

/* One jump of a hazard of this row. */
typedef struct { double time, jump, variance, factor; size_t fit; const double *mean; } Jump;

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

/* 1 - the mean of exp(-H w) over the frailties w, and its derivative in H. The normal integral by the trapezoid rule, which converges
 * faster than any power here (Trefethen and Weideman 2014). */
static double averaged_risk(double *slope, const FitFrailty *g, double H)
{
    const double theta = g->theta, step = .05;
    if (!(theta > 0)) {
        *slope = exp(-H);
        return -expm1(-H);
    }
    if (g->gamma) {
        *slope = exp(-(1 / theta + 1) * log1p(theta * H));
        return -expm1(-log1p(theta * H) / theta);
    }
    double risk = 0;
    *slope = 0;
    for (int k = -180; k <= 180; k++) {
        double w = exp(sqrt(theta) * k * step), weight = step * exp(-k * step * (k * step) / 2) / sqrt(2 * acos(-1));
        risk += weight * -expm1(-H * w);
        *slope += weight * w * exp(-H * w);
    }
    return risk;
}

static Rc risk_of_row(Prediction *out, const Fit *const *fits, size_t n_fits, const Rows *rows, size_t i, const PredictWish *w, double z,
                      Arena *scratch, Err *e)
{
    size_t m = 0, n = 0;
    for (size_t k = 0; k < n_fits; k++) m += fits[k]->baseline[rows[k].baseline[i]].n;
    Jump *j = ARENA_NEW(scratch, m + 1, Jump);
    double *weight = ARENA_NEW(scratch, m + 1, double), *F = ARENA_NEW(scratch, m + 1, double), *S = ARENA_NEW(scratch, m + 1, double);
    if (!j || !weight || !F || !S) return err_nomem(e);
    for (size_t k = 0; k < n_fits; k++) {
        const Fit *f = fits[k];
        const FitBaseline *b = &f->baseline[rows[k].baseline[i]];
        const size_t width = f->p + f->q;
        const double *x = rows[k].x + i * width;
        double risk = exp(linear(f, x, rows[k].offset[i], 1));
        for (size_t q = 0; q < b->n && b->time[q] <= w->horizon; q++) {
            if (f->tt) risk = exp(linear(f, x, rows[k].offset[i], factor_at(b, q)));
            j[n++] = (Jump){ b->time[q], b->hazard[q] * risk, b->variance[q] * risk * risk, factor_at(b, q), k, b->mean + q * width };
        }
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
        const Fit *f = fits[k];
        size_t width = f->p + f->q;
        const double *x = rows[k].x + i * width;
        double *h = ARENA_NEW(scratch, width + 1, double);
        if (!h) return err_nomem(e);
        for (size_t q = 0; q < n; q++)
            for (size_t c = 0; j[q].fit == k && c < width; c++) h[c] += weight[q] * j[q].jump * (at_center(f, x, c, j[q].factor) - j[q].mean[c]);
        if (!f->vcov) variance = NAN;
        for (size_t c = 0; c < width && f->vcov; c++) for (size_t d = 0; d < width; d++) variance += h[c] * f->vcov[d * width + c] * h[d];
    }
    double se_hazard;                                /* of -log(1 - estimate), before frailties are averaged over */
    if (n_fits == 1) {
        out->estimate = -expm1(-hazard);
        se_hazard = sqrt(variance);
        out->se = exp(-hazard) * se_hazard;
    } else {
        out->se = sqrt(variance);
        se_hazard = out->se / (1 - out->estimate);
    }
    out->lower = out->upper = NAN;
    double low = NAN, high = NAN;
    if (hazard > 0) {
        double factor = exp(z * se_hazard / hazard);
        low = hazard / factor;
        high = hazard * factor;
        out->lower = -expm1(-low);
        out->upper = -expm1(-high);
    }
    if (w->group == GROUP_AVERAGE) {
        double slope, ignored;
        out->estimate = averaged_risk(&slope, &fits[0]->frailty, hazard);
        out->se = slope * se_hazard;
        if (hazard > 0) {
            out->lower = averaged_risk(&ignored, &fits[0]->frailty, low);
            out->upper = averaged_risk(&ignored, &fits[0]->frailty, high);
        }
    }
    return OK;
}

static Rc check_group(const Fit *f, FitGroup group, size_t n_fits, Err *e)
{
    if (group == GROUP_TYPICAL) return OK;
    if (!f->frailty.group) return err_set(e, ERR_USAGE, "the model has no frailty: groups are all alike");
    if (group == GROUP_AVERAGE && n_fits > 1)
        return err_set(e, ERR_USAGE, "an average over frailties is known for one kind of event alone, here events compete: their frailties would have to be known together");
    return OK;
}

Rc predict_risk(Prediction *out, const Json *fit, const Json *const *competing, size_t n_competing, const Frame *rows, const PredictWish *w,
                Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = rows->rows, n_fits = n_competing + 1;
    const double horizon = w->horizon;
    Fit *fits = ARENA_NEW(a, n_fits, Fit);
    const Fit **list = (const Fit **)arena_array(a, n_fits, sizeof(Fit *));
    Rows *r = ARENA_NEW(a, n_fits, Rows);
    double z = normal_quantile((1 + w->conf) / 2);
    if (!fits || !list || !r) return err_nomem(e);
    for (size_t i = 0; i < n; i++)
        out[i] = (Prediction){ .estimate = NAN, .lower = NAN, .upper = NAN, .se = NAN, .linear_predictor = NAN };
    for (size_t k = 0; k < n_fits; k++) {
        TRY(fit_read(&fits[k], k ? competing[k - 1] : fit, "fit", a, e));
        if (fits[k].kind != FIT_COX) return err_set(e, ERR_USAGE, "a risk at a horizon wants a survival model");
        if (!fits[k].n_baselines) return err_set(e, ERR_USAGE, "a fit with exact ties has no baseline hazard and predicts no risk");
        TRY(check_group(&fits[k], w->group, n_fits, e));
        list[k] = &fits[k];
        TRY(rows_prepare(&r[k], out, &fits[k], rows, w->group, a, e));
    }
    TRY(ranges(out, &fits[0], rows, a, e));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n_fits && out[i].status == PREDICTED; k++) {
            const FitBaseline *b = &fits[k].baseline[r[k].baseline[i]];
            if (horizon > b->last_time)
                say(&out[i], PREDICT_BEYOND, arena_printf(a, "the horizon %.6g lies behind the last time that the model has seen, %.6g", horizon,
                                                          b->last_time));
        }
        if ((out[i].status == PREDICTED || out[i].status == PREDICT_BEYOND) && !fits[0].tt)
            out[i].linear_predictor = linear(&fits[0], r[0].x + i * (fits[0].p + fits[0].q), r[0].offset[i], 1);
        if (out[i].status != PREDICTED) continue;
        Arena scratch = { 0 };
        rc = risk_of_row(&out[i], list, n_fits, r, i, w, z, &scratch, e);
        arena_free(&scratch);
        if (rc != OK) goto out;
        say_overflow(&out[i]);
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
    TRY(rows_prepare(&r, out, &f, rows, GROUP_TYPICAL, a, e));
    TRY(ranges(out, &f, rows, a, e));
    for (size_t i = 0; i < rows->rows; i++) {
        if (out[i].status != PREDICTED) continue;
        const double *x = r.x + i * f.p;
        double eta = linear(&f, x, r.offset[i], 1), form = 0;
        if (!f.vcov) form = NAN;
        for (size_t j = 0; j < f.p && f.vcov; j++) for (size_t k = 0; k < f.p; k++) form += x[j] * f.vcov[k * f.p + j] * x[k];
        double se = sqrt(form), prob = 1 / (1 + exp(-eta));
        out[i].linear_predictor = eta;
        out[i].estimate = prob;
        out[i].se = se * prob * (1 - prob);
        out[i].lower = 1 / (1 + exp(-(eta - z * se)));
        out[i].upper = 1 / (1 + exp(-(eta + z * se)));
        say_overflow(&out[i]);
    }
out:
    return rc;
}

/* ---- rows of a cohort that validates */

/* The expression of tt() at the end of each row's follow-up, NaN where it has no finite value. */
static Rc own_factors(double **out, const Fit *f, const double *time, size_t n, Arena *a, Err *e)
{
    Rc rc = OK;
    Frame frame = { 0 };
    ExprValue v = { 0 };
    double *t = NULL;
    TRY(frame_init(&frame, "times of the cohort", n, e));
    TRY(frame_add_numbers(&t, &frame, "t", e));
    memcpy(t, time, n * sizeof *t);
    *out = ARENA_NEW(a, n + 1, double);
    if (!*out) { rc = err_nomem(e); goto out; }
    TRY(expr_eval(&v, f->tt, &frame, a, e));
    for (size_t i = 0; i < n; i++) (*out)[i] = !v.is_text && isfinite(v.num[i]) ? v.num[i] : NAN;
out:
    frame_free(&frame);
    return rc;
}

/* With tt() a row is a piece for each of its hazard steps, and one without hazard where its follow-up ends. */
static Rc make_pieces(FitRows *out, const Fit *f, const Rows *r, const double *time, const double *own, size_t n, Arena *a, Err *e)
{
    const size_t width = f->p + f->q;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(out->eta[i])) continue;
        const FitBaseline *b = &f->baseline[r->baseline[i]];
        for (size_t k = 0; k < b->n && b->time[k] <= time[i]; k++) m++;
        m++;
    }
    FitPieces *q = ARENA_NEW(a, 1, FitPieces);
    if (!q) return err_nomem(e);
    *q = (FitPieces){ m, ARENA_NEW(a, m + 1, size_t), arena_alloc(a, m + 1), ARENA_NEW(a, m * f->p + 1, double), ARENA_NEW(a, m + 1, double),
                      ARENA_NEW(a, m + 1, double), ARENA_NEW(a, m + 1, double) };
    if (!q->row || !q->ends || !q->x || !q->eta || !q->offset || !q->cumhaz) return err_nomem(e);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(out->eta[i])) continue;
        const FitBaseline *b = &f->baseline[r->baseline[i]];
        const double *x = r->x + i * width;
        for (size_t k = 0; k <= b->n; k++) {
            const bool ends = k == b->n || b->time[k] > time[i];
            const double factor = ends ? own[i] : b->factor[k];
            q->row[at] = i;
            q->ends[at] = ends;
            q->eta[at] = linear(f, x, r->offset[i], factor);
            q->offset[at] = out->offset[i];
            q->cumhaz[at] = ends ? 0 : b->hazard[k];
            for (size_t j = 0; j < f->p; j++) q->x[j * m + at] = at_center(f, x, j, factor);
            at++;
            if (ends) break;
        }
    }
    out->pieces = q;
    return OK;
}

/* With tt() the linear predictor of a row is the logarithm of its own cumulative hazard up to the horizon. */
static double log_hazard_until(const Fit *f, const FitBaseline *b, const double *x, double offset, double horizon)
{
    double sum = 0;
    for (size_t k = 0; k < b->n && b->time[k] <= horizon; k++) sum += b->hazard[k] * exp(linear(f, x, offset, b->factor[k]));
    return sum > 0 ? log(sum) : NAN;
}

Rc fit_rows(FitRows *out, const Json *fit, const Frame *rows, const double *time, const PredictWish *w, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = rows->rows;
    Fit f;
    Rows r;
    double *own = NULL;
    Prediction *said = ARENA_NEW(a, n + 1, Prediction);
    if (!said) return err_nomem(e);
    TRY(fit_read(&f, fit, "fit", a, e));
    if ((f.kind == FIT_COX) != (time != NULL)) return err_set(e, ERR_USAGE, "times go with a survival model, and only with one");
    if (w->group == GROUP_AVERAGE) return err_set(e, ERR_USAGE, "rows have the frailty of their own group or 1: an average over groups has no hazard to recalibrate");
    TRY(check_group(&f, w->group, 1, e));
    if (f.tt && isnan(w->horizon))
        return err_set(e, ERR_USAGE, "a model with tt() ranks patients differently at each time: a horizon must name the one that is meant");
    TRY(rows_prepare(&r, said, &f, rows, w->group, a, e));
    if (f.tt) TRY(own_factors(&own, &f, time, n, a, e));
    const size_t first = f.kind == FIT_LOGISTIC && f.intercept && f.p > 0 && f.column[0] == 0 ? 1 : 0, width = f.p + f.q;
    *out = (FitRows){ .p = f.p - first, .x = ARENA_NEW(a, n * f.p + 1, double), .eta = ARENA_NEW(a, n + 1, double),
                      .offset = ARENA_NEW(a, n + 1, double), .stratum = r.baseline, .cumhaz = ARENA_NEW(a, n + 1, double),
                      .last_time = ARENA_NEW(a, n + 1, double) };
    if (!out->x || !out->eta || !out->offset || !out->cumhaz || !out->last_time) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const double *x = r.x + i * width;
        const bool there = said[i].status == PREDICTED;
        out->eta[i] = there ? linear(&f, x, r.offset[i], 1) : NAN;
        for (size_t j = first; j < f.p; j++) out->x[(j - first) * n + i] = x[j] - (f.center ? f.center[j] : 0);
        out->offset[i] = r.offset[i];
        for (size_t j = f.p; j < width; j++) out->offset[i] += x[j] * f.coef[j];
        out->last_time[i] = f.n_baselines ? NAN : INFINITY;
        if (!time || !there || !f.n_baselines) continue;
        const FitBaseline *b = &f.baseline[r.baseline[i]];
        out->last_time[i] = b->last_time;
        for (size_t k = 0; k < b->n && b->time[k] <= time[i]; k++) out->cumhaz[i] += b->hazard[k];
        if (f.tt) out->eta[i] = isnan(own[i]) ? NAN : log_hazard_until(&f, b, x, r.offset[i], w->horizon);
    }
    if (f.tt) TRY(make_pieces(out, &f, &r, time, own, n, a, e));
out:
    return rc;
}
