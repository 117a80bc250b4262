/* stats/predict_rows.c: rows of a table as a fit sees them. */
#include "stats/predict_rows.h"

#include <math.h>
#include <string.h>

void prediction_say(Prediction *out, PredictStatus status, const char *reason)
{
    if (out->status != PREDICTED) return;
    out->status = status;
    out->reason = reason;
}

void prediction_overflow(Prediction *out)
{
    static const char reason[] = "the row's values overflow in the model";
    if (!isnan(out->estimate)) return;
    out->lower = out->upper = out->se = NAN;
    prediction_say(out, PREDICT_MISSING, reason);
}

Rc prediction_ranges(Prediction *out, const Fit *f, const Frame *rows, Arena *a, Err *e)
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
static Rc own_groups(FitInput *r, Prediction *out, const Fit *f, const Frame *rows, Arena *a, Err *e)
{
    Rc rc = OK;
    const FitFrailty *g = &f->frailty;
    ExprValue value = { 0 };
    if (!g->level)
        return err_set(e, ERR_INPUT, "the model does not name its groups of %s: their frailties are known to the study that fitted it, or to an "
                                     "export with --groups",
                       g->group->label);
    TRY(expr_eval(&value, g->group, rows, a, e));
    for (size_t i = 0; i < rows->rows; i++) {
        const char *label = expr_value_label(&value, i, a);
        size_t k = 0;
        if (!label) { prediction_say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", g->group->label)); continue; }
        while (k < g->n && strcmp(g->level[k], label) != 0) k++;
        if (k == g->n) prediction_say(&out[i], PREDICT_UNKNOWN_LEVEL, arena_printf(a, "%s is '%s', a group that the model has not seen", g->group->label, label));
        else if (f->q) r->x[i * (f->p + f->q) + f->p + k] = 1;
        else r->offset[i] += g->effect[k];
    }
out:
    return rc;
}

Rc fit_input(FitInput *r, Prediction *out, const Fit *f, const Frame *rows, FitGroup group, Arena *a, Err *e)
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
            prediction_say(&out[i], PREDICT_UNKNOWN_LEVEL, arena_printf(a, "%s is '%s', which the model has not seen", v->expr->label, label ? label : ""));
        }
        for (size_t j = 0; j < f->p; j++) r->x[i * width + j] = all[f->column[j] * n + i];
    }
    for (size_t v = 0; v < f->terms->n_vars; v++) {
        ExprValue here = { 0 };
        TRY(expr_eval(&here, f->terms->var[v].expr, rows, a, e));
        for (size_t i = 0; i < n; i++)
            if (here.is_text ? !here.text[i] : isnan(here.num[i]) != 0)
                prediction_say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", f->terms->var[v].expr->label));
            else if (!here.is_text && isinf(here.num[i]))
                prediction_say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is infinite", f->terms->var[v].expr->label));
    }
    for (size_t k = 0; k < f->n_offsets; k++) {
        ExprValue here = { 0 };
        TRY(expr_eval(&here, f->offset[k], rows, a, e));
        if (here.is_text) return err_set(e, ERR_INPUT, "%s: the offset %s is text", rows->name, f->offset[k]->label);
        for (size_t i = 0; i < n; i++) {
            r->offset[i] += here.num[i];
            if (isnan(here.num[i])) prediction_say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", f->offset[k]->label));
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
        if (missing) prediction_say(&out[i], PREDICT_MISSING, arena_printf(a, "%s is missing", f->strata[0]->label));
        else if (r->baseline[i] < 0) prediction_say(&out[i], PREDICT_UNKNOWN_LEVEL, arena_printf(a, "the model has no stratum %s", label));
    }
out:
    return rc;
}

double fit_at_center(const Fit *f, const double *x, size_t j, double factor)
{
    return (f->varying && j < f->p && f->varying[j] ? x[j] * factor : x[j]) - (f->center ? f->center[j] : 0);
}

double fit_linear(const Fit *f, const double *x, double offset, double factor)
{
    double eta = offset;
    for (size_t j = 0; j < f->p + f->q; j++) eta += fit_at_center(f, x, j, factor) * f->coef[j];
    return eta;
}
