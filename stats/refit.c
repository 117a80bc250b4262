/* stats/refit.c: bootstrap optimism of any method that keeps its fit. */
#include "stats/refit.h"

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "core/sum.h"
#include "stats/calibration.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/formula.h"
#include "stats/predict.h"
#include "stats/response.h"
#include "stats/subdistribution.h"
#include "stats/terms.h"
#include "stats/trained.h"

enum { STATS_MAX = 4, GRID = 25 };
static const char *const stat_name[STATS_MAX] = { "C", "slope", "intercept", "brier" };

typedef struct {
    const Method *method;
    StatCall call;             /* with the options that all fits have */
    const RefitWish *wish;
    Design d;
    Frame rows;                /* complete rows, in an order of their own */
    size_t n;
    double *time, *event, *horizon;      /* time and horizon NULL for a response; horizon[n] all the same */
    bool subdistribution;      /* event holds states: 0 censored, 1 the cause, 2 another event */
    int *stratum;              /* NULL: one */
    int n_strata, n_stats;
    bool wants_curve;
} Work;

/* Rows of a frame, each as often as it is named; texts stay the frame's. */
static Rc take(Frame *out, const Frame *f, const size_t *row, size_t n, Err *e)
{
    Rc rc = OK;
    Frame g = { 0 };
    TRY(frame_init(&g, f->name, n, e));
    for (size_t i = 0; i < n; i++) g.line[i] = f->line ? f->line[row[i]] : row[i] + 2;
    for (size_t c = 0; c < f->columns; c++) {
        const FrameColumn *from = &f->column[c];
        double *num = NULL;
        char **text = NULL;
        if (from->is_text) TRY(frame_add_texts(&text, &g, from->name, e));
        else TRY(frame_add_numbers(&num, &g, from->name, e));
        g.column[g.columns - 1].is_logical = from->is_logical;
        for (size_t i = 0; i < n; i++) {
            if (text) text[i] = from->text[row[i]];
            else num[i] = from->num[row[i]];
        }
    }
    *out = g;
    g = (Frame){ 0 };
out:
    frame_free(&g);
    return rc;
}

static bool has_key(const Json *list, const char *column)
{
    const size_t n = strlen(column);
    for (const Json *x = json_first(list); x; x = json_next(x))
        if (json_text(x) && strncmp(json_text(x), column, n) == 0 && json_text(x)[n] == '=') return true;
    return false;
}

/* The categories of all rows as --levels, so that a resample that lacks one has the same reference and columns. */
static Rc keep_levels(Json *options, const Design *d, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    const Json *own = json_get(options, "levels");
    Json *list = json_array();
    if (json_text(own)) json_push(list, json_from_text(json_text(own)));
    for (const Json *x = json_type(own) == JSON_ARRAY ? json_first(own) : NULL; x; x = json_next(x)) json_push(list, json_copy(x));
    for (size_t v = 0; v < d->formula->n_vars; v++) {
        const Var *var = &d->formula->var[v];
        bool plain = var->kind == VAR_FACTOR && var->expr->kind == EXPR_COLUMN && !has_key(list, var->expr->name);
        for (int k = 0; plain && k < var->n_levels; k++) plain = !strchr(var->level[k], ',');
        if (!plain) continue;
        text.len = 0;
        str_appendf(&text, "%s=", var->expr->name);
        for (int k = 0; k < var->n_levels; k++) str_appendf(&text, "%s%s", k ? "," : "", var->level[k]);
        TRY(str_check(&text, e));
        json_push(list, json_from_text(str_text(&text)));
    }
    if (json_size(list)) {
        json_set(options, "levels", list);
        list = NULL;
    }
out:
    json_free(list);
    str_free(&text);
    return rc;
}

/* 0 censored, 1 the cause, 2 another event. */
static double state_of(const StatCall *call, double code)
{
    return code == option_number(call, "cause", 1) ? 1 : code == option_number(call, "cens_code", 0) ? 0 : 2;
}

/* Complete rows, their outcome and strata. */
static Rc prepare(Work *w, Json *options, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Json *ignored = json_object();
    Formula *f = NULL;
    Arena parsed = { 0 };
    Design *d = &w->d;
    double *y = NULL;
    size_t *order = NULL, *row = NULL;
    if (!ignored) { rc = err_nomem(e); goto out; }
    if (option_text(call, "weights", NULL)) {
        rc = err_set(e, ERR_USAGE, "the model has case weights, which the measures of performance do not take");
        goto out;
    }
    TRY(formula_parse(&f, call->formula, &parsed, e));
    const bool survival = f->left_kind == LEFT_SURV;
    w->subdistribution = strcmp(w->method->name, "finegray") == 0;
    TRY(design_build(d, ignored, call, &(DesignWish){ .kind = survival ? FORMULA_SURVIVAL : FORMULA_RESPONSE, .codes = w->subdistribution,
                                                      .no_intercept = survival }, e));
    if (d->start) { rc = err_set(e, ERR_USAGE, "intervals (start, stop] belong to no one patient at time zero, for whom a prediction is judged"); goto out; }
    if (!survival) TRY(response_binary(&y, d, ignored, e));
    TRY(design_canonical_order(&order, d, &d->arena, e));
    w->n = d->n;
    row = ARENA_NEW(&d->arena, w->n + 1, size_t);
    w->event = ARENA_NEW(&d->arena, w->n + 1, double);
    w->time = survival ? ARENA_NEW(&d->arena, w->n + 1, double) : NULL;
    w->horizon = survival ? ARENA_NEW(&d->arena, w->n + 1, double) : NULL;
    w->stratum = d->stratum ? ARENA_NEW(&d->arena, w->n + 1, int) : NULL;
    if (!row || !w->event || (survival && (!w->time || !w->horizon)) || (d->stratum && !w->stratum)) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < w->n; i++) {
        row[i] = d->row[order[i]];
        w->event[i] = !survival ? y[order[i]] : w->subdistribution ? state_of(call, d->event[order[i]]) : d->event[order[i]] != 0;
        if (w->stratum) w->stratum[i] = d->stratum[order[i]];
        if (!survival) continue;
        w->time[i] = d->time[order[i]];
        w->horizon[i] = w->wish->horizon;
    }
    w->n_strata = d->stratum ? (int)d->n_strata : 1;
    w->n_stats = survival ? 2 : 4;
    w->wants_curve = !w->wish->no_curve && (!survival || !isnan(w->wish->horizon));
    TRY(take(&w->rows, call->data, row, w->n, e));
    TRY(keep_levels(options, d, e));
    json_remove(options, "subset");                        /* done by the design; the clock of a landmark is not, and is refused */
    json_set_bool(options, "keep_fit", true);
    json_set_bool(options, "drop_collinear", true);
    if (json_get(options, "landmark")) rc = err_set(e, ERR_USAGE, "--landmark is not possible here: the table must be cut before");
out:
    json_free(ignored);
    arena_free(&parsed);
    return rc;
}

/* Linear predictor, risk where it is wanted, outcome and stratum of rows; `from` (NULL: in order) gathers the outcome. whole false: some row
 * has no prediction. */
/* scale: of a survreg fit, else NaN. */
typedef struct { double *eta, *risk, *time, *event; int *stratum; double scale; SurvregDist dist; } Sample;

static Rc sample_new(Sample *s, size_t n, Arena *a, Err *e)
{
    *s = (Sample){ ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double),
                   ARENA_NEW(a, n + 1, int), NAN, SURVREG_WEIBULL };
    return s->eta && s->risk && s->time && s->event && s->stratum ? OK : err_nomem(e);
}

/* What a fit says of all rows. incidence: at the horizon, of a subdistribution; else NULL. */
typedef struct { FitRows rows; Prediction *incidence; } Told;

static Rc tell(Told *out, const Work *w, const Json *fit, Arena *a, Err *e)
{
    Rc rc = OK;
    const PredictWish wish = { .horizon = w->wish->horizon, .conf = .95, .group = GROUP_TYPICAL };
    *out = (Told){ 0 };
    TRY(fit_rows(&out->rows, fit, &w->rows, w->time ? w->horizon : NULL, &wish, a, e));
    if (!w->subdistribution || isnan(w->wish->horizon)) goto out;
    out->incidence = ARENA_NEW(a, w->n + 1, Prediction);
    if (!out->incidence) return err_nomem(e);
    TRY(predict_risk(out->incidence, fit, NULL, 0, &w->rows, &wish, a, e));
out:
    return rc;
}

static void apply(Sample *s, bool *whole, const Work *w, const Json *fit, const size_t *from, const Told *told)
{
    const FitRows r = told->rows;
    const bool varying = json_get(fit, "tt") != NULL;
    *whole = true;
    s->scale = r.scale;
    s->dist = r.dist;
    for (size_t i = 0; i < w->n; i++) {
        const size_t k = from ? from[i] : i;
        s->eta[i] = r.eta[k];
        s->event[i] = w->event[k];
        if (w->time) s->time[i] = w->time[k];
        if (w->stratum) s->stratum[i] = w->stratum[k];
        const double hazard = !w->time || !r.cumhaz ? NAN : exp(r.eta[k]) * (varying ? 1 : r.cumhaz[k]);
        s->risk[i] = told->incidence ? told->incidence[k].estimate : w->time ? -expm1(-hazard) : 1 / (1 + exp(-r.eta[k]));
        *whole = *whole && !isnan(r.eta[k]);
    }
}

static Rc judge_incidence(Judged *j, const Work *w, const Sample *s, Arena *a, Err *e)
{
    int *state = ARENA_NEW(a, w->n + 1, int);
    if (!state) return err_nomem(e);
    for (size_t i = 0; i < w->n; i++) state[i] = (int)s->event[i];
    return subdistribution_judge(j, &(SubdistributionRows){ .n = w->n, .eta = s->eta, .time = s->time, .state = state,
                                                            .stratum = w->stratum ? s->stratum : NULL }, a, e);
}

static Rc judge_sample(double *stats, const Work *w, const Sample *s, Arena *a, Err *e)
{
    Judged j;
    Rc rc = w->subdistribution ? judge_incidence(&j, w, s, a, e)
                               : judge(&j, s->eta, w->time ? s->time : NULL, s->event, w->stratum ? s->stratum : NULL, w->n_strata, w->n, a, e);
    if (rc == OK && w->time && !isnan(s->scale)) {
        double *lp = ARENA_NEW(a, w->n + 1, double);
        if (!lp) return err_nomem(e);
        for (size_t i = 0; i < w->n; i++) lp[i] = -s->eta[i] * s->scale;
        rc = survreg_slope(&j.slope, &j.se_slope, s->dist, lp, s->time, s->event, NULL, w->n, a, e);
    }
    stats[0] = j.c;
    stats[1] = j.slope;
    stats[2] = j.intercept;
    stats[3] = j.brier;
    return rc;
}

static Rc curve_of(CalibrationCurve *out, const Work *w, const Sample *s, const double *grid, Arena *a, Err *e)
{
    return calibration_curve(out, &(CalibrationData){ w->n, s->risk, s->event, w->time ? s->time : NULL, w->wish->horizon, NULL }, grid, GRID, a, e);
}

/* The method on these rows. *fit NULL: no estimate. *result is the caller's. */
static Rc fit_on(Json **result, const Json **fit, const Work *w, const Frame *rows, Err *e)
{
    StatCall call = w->call;
    Err why = { 0 };
    call.data = rows;
    Rc rc = method_call(result, w->method, &call, &why);
    *fit = rc == OK ? json_get(*result, "fit") : NULL;
    if (rc != OK && rc != ERR_ESTIMATE) return err_set(e, rc, "%s", why.text);
    return OK;
}

static void set_stats(Json *out, const char *key, const Work *w, const double *s)
{
    Json *o = json_set(out, key, json_object());
    for (int k = 0; k < w->n_stats; k++) json_set_number(o, stat_name[k], s[k]);
}

typedef struct { Sum train[STATS_MAX], test[STATS_MAX], lost[GRID]; size_t used, curves; } Totals;

static Rc one_resample(Totals *t, const Work *w, const CalibrationCurve *apparent, size_t b, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Frame rows = { 0 };
    Json *result = NULL;
    const Json *fit = NULL;
    Sample s;
    Told told;
    double train[STATS_MAX], test[STATS_MAX];
    CalibrationCurve own = { 0 }, other = { 0 };
    bool whole = false;
    size_t *row = ARENA_NEW(&a, w->n + 1, size_t);
    Rng g = rng_stream(w->wish->seed, b);
    if (!row) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < w->n; i++) row[i] = rng_below(&g, (uint32_t)w->n);
    TRY(take(&rows, &w->rows, row, w->n, e));
    TRY(fit_on(&result, &fit, w, &rows, e));
    if (!fit) goto out;
    TRY(sample_new(&s, w->n, &a, e));
    TRY(tell(&told, w, fit, &a, e));
    apply(&s, &whole, w, fit, row, &told);
    TRY(judge_sample(train, w, &s, &a, e));
    if (apparent->exists) TRY(curve_of(&own, w, &s, apparent->grid, &a, e));
    bool all = false;
    apply(&s, &all, w, fit, NULL, &told);
    if (!all || !whole) goto out;
    TRY(judge_sample(test, w, &s, &a, e));
    if (apparent->exists) TRY(curve_of(&other, w, &s, apparent->grid, &a, e));
    for (int k = 0; k < w->n_stats; k++) if (isnan(train[k]) || isnan(test[k])) goto out;
    t->used++;
    for (int k = 0; k < w->n_stats; k++) {
        sum_add(&t->train[k], train[k]);
        sum_add(&t->test[k], test[k]);
    }
    if (!own.exists || !other.exists) goto out;
    t->curves++;
    for (int k = 0; k < GRID; k++) sum_add(&t->lost[k], own.observed[k] - other.observed[k]);
out:
    json_free(result);
    frame_free(&rows);
    arena_free(&a);
    return rc;
}

static void report(Json *out, const Work *w, const double *apparent, const CalibrationCurve *curve, const Totals *t)
{
    double mean[2][STATS_MAX], optimism[STATS_MAX], corrected[STATS_MAX];
    for (int k = 0; k < w->n_stats; k++) {
        mean[0][k] = sum_value(&t->train[k]) / (double)t->used;
        mean[1][k] = sum_value(&t->test[k]) / (double)t->used;
        optimism[k] = mean[0][k] - mean[1][k];
        corrected[k] = apparent[k] - optimism[k];
    }
    set_stats(out, "train_mean", w, mean[0]);
    set_stats(out, "test_mean", w, mean[1]);
    set_stats(out, "optimism", w, optimism);
    set_stats(out, "corrected", w, corrected);
    json_set_number(out, "resamples", w->wish->resamples);
    json_set_number(out, "resamples_used", (double)t->used);
    if (!curve->exists || !t->curves) return;
    double fixed[GRID], distance[GRID];
    for (int k = 0; k < GRID; k++) {
        fixed[k] = curve->observed[k] - sum_value(&t->lost[k]) / (double)t->curves;
        distance[k] = fabs(fixed[k] - curve->grid[k]);
    }
    Json *o = json_set(out, "calibration_curve_corrected", json_object());
    json_set_numbers(o, "predicted", curve->grid, GRID);
    json_set_numbers(o, "observed", fixed, GRID);
    json_set_number(o, "mean_distance", mean_of(distance, GRID));
}

Rc refit_validate(Json *out, const Method *m, const StatCall *call, const RefitWish *wish, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Json *options = call->options ? json_copy(call->options) : json_object(), *result = NULL;
    const Json *fit = NULL;
    Work w = { .method = m, .call = *call, .wish = wish };
    Sample s;
    CalibrationCurve curve = { 0 };
    Totals t = { 0 };
    double apparent[STATS_MAX];
    bool whole;
    Told told;
    if (!options) return err_nomem(e);
    w.call.options = options;
    TRY(prepare(&w, options, call, e));
    TRY(fit_on(&result, &fit, &w, &w.rows, e));
    if (!fit) {
        rc = err_set(e, ERR_USAGE, "this analysis of method %s keeps no fit that predicts", m->name);
        goto out;
    }
    w.wants_curve = w.wants_curve && (!w.time || json_size(json_get(fit, "baseline")) || json_get(fit, "dist"));
    TRY(sample_new(&s, w.n, &a, e));
    TRY(tell(&told, &w, fit, &a, e));
    apply(&s, &whole, &w, fit, NULL, &told);
    TRY(judge_sample(apparent, &w, &s, &a, e));
    if (w.wants_curve) TRY(curve_of(&curve, &w, &s, NULL, &a, e));
    set_stats(out, "apparent", &w, apparent);
    for (int b = 0; b < wish->resamples; b++) TRY(one_resample(&t, &w, &curve, (size_t)b, e));
    if (!t.used) { rc = err_set(e, ERR_ESTIMATE, "the model could be estimated in none of %d resamples", wish->resamples); goto out; }
    report(out, &w, apparent, &curve, &t);
out:
    json_free(result);
    json_free(options);
    frame_free(&w.rows);
    design_free(&w.d);
    arena_free(&a);
    return rc;
}
