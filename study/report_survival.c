/* study/report_survival.c: endpoints and survival curves of a cohort for its report. */
#include "study/report_survival.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "reports/format.h"
#include "stats/design.h"
#include "stats/logrank.h"
#include "study/model_columns.h"
#include "study/model_frame.h"
#include "study/report_labels.h"

/* Complete rows of Surv(time, event), coded by the rules of all other analyses. */
typedef struct { Design design; Json *said; } Outcome;

static void outcome_free(Outcome *o)
{
    design_free(&o->design);
    json_free(o->said);
    *o = (Outcome){ 0 };
}

/* *there false where the columns hold no analysable outcome. With a cause: event 1 is the cause, 2 any other. */
static Rc outcome_read(Outcome *o, bool *there, const Frame *f, const char *time, const char *event, const Endpoint *p, Err *e)
{
    Rc rc = OK;
    Str formula = { 0 };
    Err why = { 0 };
    *there = false;
    *o = (Outcome){ .said = json_object() };
    if (!o->said) { rc = err_nomem(e); goto out; }
    str_appendf(&formula, "Surv(`%s`, `%s`)~1", time, event);
    TRY(str_check(&formula, e));
    const StatCall call = { .formula = formula.s, .data = f, .threads = 1 };
    rc = design_build(&o->design, o->said, &call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true, .codes = p->has_cause }, &why);
    if (rc == ERR_NOMEM) { rc = err_nomem(e); goto out; }
    *there = rc == OK && o->design.n > 0;            /* nobody with a follow-up is no failure of the report */
    rc = OK;
    for (size_t i = 0; *there && p->has_cause && i < o->design.n; i++) {
        double code = o->design.event[i];
        o->design.event[i] = code == 0 ? 0 : code == p->cause ? 1 : 2;
    }
out:
    str_free(&formula);
    return rc;
}

/* Arrays that outlive the design. competing: cumulative incidence of event 1 beside event 2. */
static Rc curve_make(SurvivalCurve *out, const char *label, const double *time, const double *event, size_t n, bool competing, Arena *a, Err *e)
{
    double *t = ARENA_NEW(a, n, double), *v = ARENA_NEW(a, n, double);
    int *cause = ARENA_NEW(a, n, int);
    if (!t || !v || !cause) return err_nomem(e);
    memcpy(t, time, n * sizeof *t);
    memcpy(v, event, n * sizeof *v);
    for (size_t i = 0; i < n; i++) cause[i] = (int)event[i];
    *out = (SurvivalCurve){ .label = label, .data = { .n = n, .time = t, .event = v } };
    if (competing) return cif_estimate(&out->incidence, n, t, cause, 2, a, e);
    return km_estimate(&out->estimate, &out->data, &(KmOptions){ 0 }, a, e);
}

/* "Months from day 0". */
static char *time_label(const Endpoint *p, const char *from, Arena *a)
{
    char *text = arena_printf(a, "%s from %s", time_unit_name(p->unit), from);
    if (text) text[0] = (char)toupper((unsigned char)text[0]);
    return text;
}

static Rc response_gather(EndpointResult *out, const ReportData *d, const Endpoint *p)
{
    const FrameColumn *c = frame_column(&d->clinical, p->column);
    const char *highest = NULL;
    double high = -INFINITY;
    if (!c) return OK;
    for (size_t i = 0; i < d->clinical.rows; i++) {
        if (c->is_text && c->text[i] && (!highest || strcmp(c->text[i], highest) > 0)) highest = c->text[i];
        if (!c->is_text && c->num[i] > high) high = c->num[i];
    }
    for (size_t i = 0; i < d->clinical.rows; i++) {
        bool known = c->is_text ? c->text[i] != NULL : !isnan(c->num[i]);
        out->n += known;
        if (known) out->n_events += c->is_text ? strcmp(c->text[i], highest) == 0 : c->num[i] == fmax(high, 1);
    }
    return OK;
}

Rc endpoint_gather(EndpointResult *out, const ReportData *d, const Endpoint *p, Arena *a, Err *e)
{
    Rc rc = OK;
    Outcome o = { 0 };
    SurvivalCurve curve = { 0 };
    bool there;
    double low, high;
    *out = (EndpointResult){ .name = p->name, .survival = p->time != NULL, .competing = p->time && p->has_cause, .unit = time_unit_name(p->unit),
                             .median = NAN, .median_lower = NAN,
                             .median_upper = NAN, .follow_up = NAN };
    out->label = arena_printf(a, "%s (%s)", endpoint_label(p), p->name);
    if (!out->label) { rc = err_nomem(e); goto out; }
    if (!out->survival) { rc = response_gather(out, d, p); goto out; }
    TRY(outcome_read(&o, &there, &d->clinical, p->time, p->event, p, e));
    if (!there) goto out;
    const size_t n = o.design.n;
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        out->n_events += o.design.event[i] == 1;
        out->n_competing += o.design.event[i] == 2;
    }
    TRY(curve_make(&curve, out->label, o.design.time, o.design.event, n, false, a, e));
    km_quantiles(&out->median, &out->median_lower, &out->median_upper, &curve.estimate, &(double){ 0.5 }, 1, KM_LOGLOG, 0.95);
    for (size_t i = 0; i < n; i++) o.design.event[i] = o.design.event[i] == 0;            /* reverse: being censored is the event */
    TRY(curve_make(&curve, out->label, o.design.time, o.design.event, n, false, a, e));
    km_quantiles(&out->follow_up, &low, &high, &curve.estimate, &(double){ 0.5 }, 1, KM_LOGLOG, 0.95);
out:
    outcome_free(&o);
    return rc;
}

/* What the figure is, in its caption. */
static const char *method_words(const Endpoint *p)
{
    return p->has_cause ? "Cumulative incidence (Aalen–Johansen) with 95 % band; other causes compete, they are not censored"
                        : "Kaplan–Meier estimate with 95 % band (log–log)";
}

static const char *axis_words(const Endpoint *p) { return p->has_cause ? endpoint_incidence_label(p) : endpoint_curve_label(p); }

static double board_horizon(const ReportData *d, const Endpoint *p)
{
    const Protocol *protocol = &d->tables->protocol;
    return text_equal(protocol->board_endpoint, p->name) ? protocol->board_horizon : NAN;
}

Rc survival_gather(SurvivalPlot *out, bool *there, const ReportData *d, const Endpoint *p, Arena *a, Err *e)
{
    Rc rc = OK;
    Outcome o = { 0 };
    *out = (SurvivalPlot){ 0 };
    TRY(outcome_read(&o, there, &d->clinical, p->time, p->event, p, e));
    if (!*there) goto out;
    SurvivalCurve *curve = ARENA_NEW(a, 1, SurvivalCurve);
    if (!curve) { rc = err_nomem(e); goto out; }
    TRY(curve_make(curve, "All patients", o.design.time, o.design.event, o.design.n, p->has_cause, a, e));
    double last = 0;
    for (size_t i = 0; i < curve->data.n; i++) last = fmax(last, curve->data.time[i]);
    if (!(last > 0)) { *there = false; goto out; }
    out->figure = (KmFigure){ .title = arena_printf(a, "%s, all patients", endpoint_label(p)), .y_label = axis_words(p),
                              .x_label = time_label(p, "day 0", a), .unit = p->unit, .horizon = board_horizon(d, p), .curve = curve, .n_curves = 1 };
    out->caption = arena_printf(a, "%s; ticks: censored. n = %zu, %zu events; %zu patients without this outcome.", method_words(p), curve->data.n,
                                curve_events(curve), d->clinical.rows - curve->data.n);
    if (!out->figure.title || !out->figure.x_label || !out->caption) rc = err_nomem(e);
out:
    outcome_free(&o);
    return rc;
}

/* ---- split by a hypoxia variable */

static bool left_out(const ReportModel *m, const char *patient)
{
    for (size_t i = 0; i < m->n_left_out; i++) if (strcmp(m->left_out[i].patient, patient) == 0) return true;
    return false;
}

/* The variable of the rows that the model was fitted to; NaN for a patient whom it left out for a missing value. */
static Rc model_values(const double **out, const ModelFrame *f, const ReportModel *m, const char *variable, Arena *a, Err *e)
{
    const FrameColumn *v = frame_column(&f->frame, variable), *id = frame_column(&f->frame, "patient");
    double *x = ARENA_NEW(a, f->frame.rows, double);
    if (!x) return err_nomem(e);
    for (size_t i = 0; i < f->frame.rows; i++) x[i] = v && !v->is_text && id && id->text[i] && !left_out(m, id->text[i]) ? v->num[i] : NAN;
    *out = x;
    return OK;
}

/* "≤ 0.43"; a hypoxic share as a percentage. */
static char *group_label(const char *sign, const Variable *v, double cut, Arena *a)
{
    char text[FORMAT_MAX];
    const char *name = feature_info(v->feature)->name;
    if (strcmp(name, "fhv") == 0 && v->kind != VARIABLE_RATIO)
        return arena_printf(a, "%s %s %s", sign, format_fixed(text, 100 * cut, 1), v->kind == VARIABLE_FEATURE ? "%" : "points");
    return arena_printf(a, "%s %s", sign, format_digits(text, cut, 3));
}

Rc split_gather(SurvivalPlot *out, bool *there, const ReportData *d, const ReportModel *m, Arena *a, Err *e)
{
    Rc rc = OK;
    ModelFrame f = { 0 };
    Outcome o = { 0 };
    ModelColumns c = { 0 };
    const double *values = NULL;
    LogrankTest test = { 0 };
    Str label = { 0 }, from = { 0 };
    const char *variable = NULL;
    size_t which = 0;

    *out = (SurvivalPlot){ 0 };
    *there = false;
    if (!m->stored || !m->stored->estimated || m->refused) goto out;
    if (model_columns(&c, m->spec, &d->tables->protocol, &d->space, &d->tables->clinical.frame, a, NULL) != OK) goto out;
    if (!c.survival || !c.endpoint || !c.event) goto out;
    for (size_t i = 0; i < c.n && !variable; i++) if (c.is_variable[i]) { variable = c.name[i]; which = i; }
    if (!variable) goto out;
    TRY(model_frame(&f, m->spec, &c, &d->tables->protocol, &d->space, d->db, e));
    TRY(model_values(&values, &f, m, variable, a, e));
    bool known;
    /* The frame's event is 0/1 already where the endpoint has a cause; the events of the others stand in a frame of their own. */
    Endpoint plain = *c.endpoint;
    plain.has_cause = false;
    TRY(outcome_read(&o, &known, &f.frame, c.time, c.event, &plain, e));
    if (!known) goto out;
    const bool competes = c.endpoint->has_cause && f.competing.rows == f.frame.rows && f.frame.rows;
    const FrameColumn *others = competes ? frame_column(&f.competing, c.event) : NULL;

    double *x = ARENA_NEW(a, o.design.n, double), *time = ARENA_NEW(a, o.design.n, double), *event = ARENA_NEW(a, o.design.n, double);
    int *group = ARENA_NEW(a, o.design.n, int);
    SurvivalCurve *curve = ARENA_NEW(a, 2, SurvivalCurve);
    if (!x || !time || !event || !group || !curve) { rc = err_nomem(e); goto out; }
    size_t n = 0;
    for (size_t i = 0; i < o.design.n; i++) {            /* those with a value, in place */
        double v = values[o.design.row[i]];
        if (isnan(v)) continue;
        x[n] = v;
        o.design.time[n] = o.design.time[i];
        o.design.event[n] = o.design.event[i] != 0 ? 1 : others && !others->is_text && others->num[o.design.row[i]] == 1 ? 2 : 0;
        o.design.row[n++] = o.design.row[i];
    }
    if (!n) goto out;
    sort_doubles(x, n);
    const double cut = quantile_sorted(x, n, 0.5);
    const char *name[2] = { group_label("≤", &c.variable[which], cut, a), group_label(">", &c.variable[which], cut, a) };
    if (!name[0] || !name[1]) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) group[i] = values[o.design.row[i]] > cut;
    for (int g = 0; g < 2; g++) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++) if (group[i] == g) { time[k] = o.design.time[i]; event[k++] = o.design.event[i]; }
        if (!k) goto out;
        TRY(curve_make(&curve[g], name[g], time, event, k, competes, a, e));
    }
    double p_value;
    if (competes) {
        int *cause = ARENA_NEW(a, n, int);
        GrayTest gray = { 0 };
        if (!cause) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < n; i++) cause[i] = (int)o.design.event[i];
        TRY(gray_test(&gray, n, o.design.time, cause, 1, group, 2, NULL, 0, NULL, 0, e));
        p_value = gray.p;
    } else {
        TRY(logrank_test(&test, &(LogrankData){ .n = n, .time = o.design.time, .event = o.design.event, .group = group, .n_groups = 2 }, 0, a, e));
        p_value = test.p;
    }
    variable_words(&label, &d->space, &c.variable[which]);
    clock_label(&from, m->spec, &d->tables->protocol);
    if (m->spec->landmark != LANDMARK_NONE) str_append(&from, " (landmark)");
    TRY(str_check(&label, e));
    TRY(str_check(&from, e));
    char p[FORMAT_MAX];
    format_p(p, p_value);
    out->figure = (KmFigure){ .title = arena_printf(a, "%s by %s", endpoint_label(c.endpoint), label.s),
                              .y_label = competes ? endpoint_incidence_label(c.endpoint) : endpoint_curve_label(c.endpoint),
                              .x_label = time_label(c.endpoint, from.s, a), .unit = c.endpoint->unit, .horizon = board_horizon(d, c.endpoint),
                              .curve = curve, .n_curves = 2 };
    out->caption = arena_printf(a, "The %zu patients of model %s, split at the median of %s: the cut is made from these data, an illustration and no threshold. "
                                   "%s test: p %s%s. %s; ticks: censored.",
                                n, m->spec->name, label.s, competes ? "Gray's" : "Log-rank", p[0] == '<' ? "" : "= ", p,
                                method_words(competes ? c.endpoint : &plain));
    if (!out->figure.title || !out->figure.x_label || !out->caption) { rc = err_nomem(e); goto out; }
    *there = true;
out:
    outcome_free(&o);
    model_frame_free(&f);
    str_free(&label);
    str_free(&from);
    return rc;
}
