/* stats/validate.c: `validate`: what a prediction model is worth on patients that it has not seen: bootstrap optimism, repeated
 * cross-validation, leaving out one centre at a time. Everything that the data decide (knots, chosen columns, coefficients) is
 * decided anew in each training set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "core/sum.h"
#include "stats/calibration.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/meta_model.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"
#include "stats/spline.h"
#include "stats/terms.h"
#include "stats/trained.h"
#include "stats/training.h"

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

enum { STATS_MAX = 4, GRID = 25 };
static const char *const stat_name[STATS_MAX] = { "C", "slope", "intercept", "brier" };

typedef struct {
    Design d;
    Json *out;
    const StatCall *call;
    TrainData data;
    double *x;                     /* data.x: filled anew where knots follow the training rows */
    const char **name;             /* [p] */
    size_t *column;                /* [p] among the design's */
    bool has_knots;
    int n_stats;
    Trained full;
    double stats[STATS_MAX];       /* apparent */
    double *eta;                   /* [n] of the full model */
    CalibrationCurve curve;        /* apparent */
    size_t failed;
} Work;

static void stats_of(double *s, const Judged *j)
{
    s[0] = j->c;
    s[1] = j->slope;
    s[2] = j->intercept;
    s[3] = j->brier;
}

static void set_stats(Json *object, const char *key, const Work *w, const double *s)
{
    Json *o = json_set(object, key, json_object());
    for (int k = 0; k < w->n_stats; k++) json_set_number(o, stat_name[k], s[k]);
}

/* ---- training */

/* Knots of restricted cubic splines from the training rows alone, and the columns that they make for every row. */
static Rc columns_from(Work *w, const size_t *row, size_t m, Arena *a, Err *e)
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

/* *ok false: these rows have no estimate. */
static Rc train(Trained *t, bool *ok, Work *w, const size_t *row, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    TRY(columns_from(w, row, m, a, e));
    TRY(trained_fit(t, &w->data, row, m, a, e));
    *ok = t->exists;
    if (!*ok) w->failed++;
out:
    return rc;
}

/* Room for training sets side by side. */
static bool row_lists(RowList *set, size_t n, Arena *a)
{
    size_t *room = ARENA_NEW(a, LANES * n + 1, size_t);
    for (size_t k = 0; room && k < LANES; k++) set[k] = (RowList){ room + k * n, n };
    return room != NULL;
}

typedef struct { double *eta, *time, *event, *risk; int *stratum; } Sample;

static Rc sample_new(Sample *s, size_t n, Arena *a, Err *e)
{
    *s = (Sample){ ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double), ARENA_NEW(a, n + 1, double),
                   ARENA_NEW(a, n + 1, int) };
    return s->eta && s->time && s->event && s->risk && s->stratum ? OK : err_nomem(e);
}

static void sample_row(Sample *s, size_t k, const Work *w, const Trained *t, size_t i)
{
    s->eta[k] = trained_eta(t, &w->data, i);
    s->risk[k] = trained_risk(t, &w->data, s->eta[k]);
    s->event[k] = w->data.event[i];
    if (w->data.time) s->time[k] = w->data.time[i];
}

static Rc judge_sample(Judged *out, const Work *w, const Sample *s, size_t m, Arena *a, Err *e)
{
    return judge(out, s->eta, w->data.time ? s->time : NULL, s->event, NULL, 1, m, a, e);
}

static bool wants_curve(const Work *w) { return !w->data.time || !isnan(w->data.horizon); }

static Rc curve_of(CalibrationCurve *out, const Work *w, const Sample *s, size_t m, const double *grid, Arena *a, Err *e)
{
    CalibrationData d = { m, s->risk, s->event, w->data.time ? s->time : NULL, w->data.horizon, NULL };
    return calibration_curve(out, &d, grid, GRID, a, e);
}

/* ---- bootstrap */

static Rc resample_rows(size_t *row, const Work *w, size_t b, Err *e)
{
    size_t n = w->d.n;
    const Frame *f = w->call->resamples;
    if (!f) {
        Rng r = rng_stream((uint64_t)option_number(w->call, "seed", 1), b);
        for (size_t i = 0; i < n; i++) row[i] = rng_below(&r, (uint32_t)n);
        return OK;
    }
    for (size_t i = 0; i < n; i++) {
        double v = f->column[i].is_text ? NAN : f->column[i].num[b];
        if (!(v >= 1 && v <= (double)n && v == floor(v)))
            return err_set(e, ERR_INPUT, "%s:%zu: field %zu is no row number between 1 and %zu, the complete rows", f->name, b + 1, i + 1, n);
        row[i] = (size_t)v - 1;
    }
    return OK;
}

/* What the resamples add up to. */
typedef struct {
    size_t used, curves;
    Sum train[STATS_MAX], test[STATS_MAX], lost[GRID];
    double *table;                 /* B x n_stats: on all rows */
} Tally;

/* Resample b, with its model: how it does on its own rows and on all. */
static Rc count_resample(Tally *q, Work *w, const Trained *t, const Judged *own, const Judged *all, const size_t *row, size_t B, size_t b, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = w->d.n;
    double train[STATS_MAX], test[STATS_MAX];
    bool whole = true;
    stats_of(train, own);
    stats_of(test, all);
    for (int k = 0; k < w->n_stats; k++) whole = whole && !isnan(train[k]) && !isnan(test[k]);
    if (!whole) { w->failed++; return OK; }
    q->used++;
    for (int k = 0; k < w->n_stats; k++) {
        sum_add(&q->train[k], train[k]);
        sum_add(&q->test[k], test[k]);
        q->table[(size_t)k * B + b] = test[k];
    }
    if (!w->curve.exists) return OK;
    CalibrationCurve curve[2] = { { 0 }, { 0 } };
    Sample s;
    TRY(sample_new(&s, n, a, e));
    for (int c = 0; c < 2; c++) {
        for (size_t i = 0; i < n; i++) sample_row(&s, i, w, t, c ? i : row[i]);
        TRY(curve_of(&curve[c], w, &s, n, w->curve.grid, a, e));
    }
    if (!curve[0].exists || !curve[1].exists) goto out;
    q->curves++;
    for (int k = 0; k < GRID; k++) sum_add(&q->lost[k], curve[0].observed[k] - curve[1].observed[k]);
out:
    return rc;
}

/* As many resamples as are fitted side by side, from number b on. Knots that follow the training rows make columns that no other
 * resample has: then it is one. */
static Rc some_resamples(Tally *q, Work *w, Training *side, const RowList *set, size_t B, size_t b, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    Trained t[LANES] = { { 0 } };
    Judged own[LANES], all[LANES];
    for (size_t k = 0; k < m; k++) {
        for (int j = 0; j < STATS_MAX; j++) q->table[(size_t)j * B + b + k] = NAN;
        TRY(resample_rows(set[k].row, w, b + k, e));
    }
    TRY(columns_from(w, set[0].row, set[0].n, a, e));
    TRY(training_fit(t, side, set, m, a, e));
    TRY(training_judge(own, all, side, t, set, m, a, e));
    for (size_t k = 0; k < m; k++) {
        if (t[k].exists) TRY(count_resample(q, w, &t[k], &own[k], &all[k], set[k].row, B, b + k, a, e));
        else w->failed++;
    }
out:
    return rc;
}

static Rc bootstrap(Work *w, size_t B, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 }, whole = { 0 };
    Tally q = { .table = malloc((STATS_MAX * B + 1) * sizeof(double)) };
    Training side;
    RowList set[LANES];
    double mean[2][STATS_MAX], optimism[STATS_MAX], corrected[STATS_MAX];
    if (!q.table || !row_lists(set, w->d.n, &whole)) { rc = err_nomem(e); goto out; }
    TRY(training_init(&side, &w->data, !w->has_knots, &whole, e));
    for (size_t b = 0, m; b < B; b += m) {
        m = w->has_knots ? 1 : B - b < LANES ? B - b : LANES;
        arena_free(&a);
        TRY(some_resamples(&q, w, &side, set, B, b, m, &a, e));
    }
    for (int k = 0; k < w->n_stats; k++) {
        mean[0][k] = sum_value(&q.train[k]) / (double)q.used;
        mean[1][k] = sum_value(&q.test[k]) / (double)q.used;
        optimism[k] = mean[0][k] - mean[1][k];
        corrected[k] = w->stats[k] - optimism[k];
    }
    json_set_number(w->out, "resamples", (double)B);
    json_set_number(w->out, "resamples_used", (double)q.used);
    set_stats(w->out, "train_mean", w, mean[0]);
    set_stats(w->out, "test_mean", w, mean[1]);
    set_stats(w->out, "optimism", w, optimism);
    set_stats(w->out, "corrected", w, corrected);
    json_set_matrix(w->out, "test", q.table, B, (size_t)w->n_stats, NULL, stat_name);
    if (w->curve.exists && q.curves) {
        double fixed[GRID], distance[GRID];
        for (int k = 0; k < GRID; k++) {
            fixed[k] = w->curve.observed[k] - sum_value(&q.lost[k]) / (double)q.curves;
            distance[k] = fabs(fixed[k] - w->curve.grid[k]);
        }
        Json *o = json_set(w->out, "calibration_curve_corrected", json_object());
        json_set_numbers(o, "predicted", w->curve.grid, GRID);
        json_set_numbers(o, "observed", fixed, GRID);
        json_set_number(o, "mean_distance", mean_of(distance, GRID));
    }
    if (w->failed)
        diagnose(w->out, "unestimable_resamples", "in %zu of %zu resamples the model has no estimate (separation, a constant column); they are left out",
                 w->failed, B);
    if (!q.used) rc = diagnose_fatal(w->out, e, "no_information", "the model could be estimated in none of %zu resamples", B);
out:
    free(q.table);
    arena_free(&a);
    arena_free(&whole);
    return rc;
}

/* ---- cross-validation */

/* Deals rows out to folds, those with an event and the others for themselves, so that each fold has its share. */
static void deal(int *fold, size_t *row, const Work *w, int folds, uint64_t repeat)
{
    size_t n = w->d.n;
    Rng r = rng_stream((uint64_t)option_number(w->call, "seed", 1), repeat);
    int next = 0;
    for (int class = 1; class >= 0; class--) {
        size_t m = 0;
        for (size_t i = 0; i < n; i++) if ((w->data.event[i] != 0) == class) row[m++] = i;
        for (size_t i = m; i > 1; i--) {
            size_t k = rng_below(&r, (uint32_t)i), keep = row[i - 1];
            row[i - 1] = row[k];
            row[k] = keep;
        }
        for (size_t i = 0; i < m; i++, next = (next + 1) % folds) fold[row[i]] = next;
    }
}

static Rc cross_validate(Work *w, int folds, size_t repeats, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 }, all = { 0 };
    Training side;
    RowList set[LANES];
    size_t n = w->d.n, used = 0;
    Sum sum[STATS_MAX] = { { 0 } };
    size_t *row = ARENA_NEW(&all, n + 1, size_t);
    double *table = malloc((STATS_MAX * repeats + 1) * sizeof *table), mean[STATS_MAX], sd[STATS_MAX], optimism[STATS_MAX];
    bool shown = false;
    if (!row || !table || !row_lists(set, n, &all)) { rc = err_nomem(e); goto out; }
    TRY(training_init(&side, &w->data, !w->has_knots, &all, e));
    for (size_t r = 0; r < repeats; r++) {
        Sample s;
        Judged j;
        bool whole = true;
        arena_free(&a);
        TRY(sample_new(&s, n, &a, e));
        deal(s.stratum, row, w, folds, r);
        for (int f = 0, m; f < folds && whole; f += m) {
            Trained t[LANES] = { { 0 } };
            m = w->has_knots ? 1 : folds - f < LANES ? folds - f : LANES;
            for (int k = 0; k < m; k++) {
                set[k].n = 0;
                for (size_t i = 0; i < n; i++) if (s.stratum[i] != f + k) set[k].row[set[k].n++] = i;
            }
            TRY(columns_from(w, set[0].row, set[0].n, &a, e));
            TRY(training_fit(t, &side, set, (size_t)m, &a, e));
            for (int k = 0; k < m; k++) whole = whole && t[k].exists;
            for (size_t i = 0; i < n && whole; i++)
                if (s.stratum[i] >= f && s.stratum[i] < f + m) sample_row(&s, i, w, &t[s.stratum[i] - f], i);
        }
        w->failed += !whole;
        for (int k = 0; k < STATS_MAX; k++) table[(size_t)k * repeats + r] = NAN;
        if (!whole) continue;
        TRY(judge(&j, s.eta, w->data.time ? s.time : NULL, s.event, s.stratum, folds, n, &a, e));
        stats_of(mean, &j);
        used++;
        for (int k = 0; k < w->n_stats; k++) { sum_add(&sum[k], mean[k]); table[(size_t)k * repeats + r] = mean[k]; }
        if (shown || !wants_curve(w)) continue;
        CalibrationCurve c;
        TRY(curve_of(&c, w, &s, n, NULL, &a, e));
        if (c.exists) calibration_json(w->out, "calibration_curve_corrected", &c);
        shown = c.exists;
    }
    for (int k = 0; k < w->n_stats; k++) {
        Sum ss = { 0 };
        mean[k] = sum_value(&sum[k]) / (double)used;
        for (size_t r = 0; r < repeats; r++) {
            double v = table[(size_t)k * repeats + r] - mean[k];
            if (!isnan(v)) sum_add(&ss, v * v);
        }
        sd[k] = used > 1 ? sqrt(sum_value(&ss) / (double)(used - 1)) : NAN;
        optimism[k] = w->stats[k] - mean[k];
    }
    json_set_number(w->out, "folds", folds);
    json_set_number(w->out, "repeats", (double)repeats);
    set_stats(w->out, "test_mean", w, mean);
    set_stats(w->out, "sd_repeats", w, sd);
    set_stats(w->out, "optimism", w, optimism);
    set_stats(w->out, "corrected", w, mean);
    json_set_matrix(w->out, "test", table, repeats, (size_t)w->n_stats, NULL, stat_name);
    json_set_text(w->out, "convention", "C over pairs within a fold, slope stratified by fold; calibration and Brier score over all rows out of their fold");
    if (w->failed)
        diagnose(w->out, "unestimable_resamples", "in %zu of %zu repeats a training set has no estimate (separation, a constant column); they are left out",
                 repeats - used, repeats);
    if (!used) rc = diagnose_fatal(w->out, e, "no_information", "the model could be estimated in none of the repeats");
out:
    free(table);
    arena_free(&a);
    arena_free(&all);
    return rc;
}

/* ---- leaving out groups */

static void pool(Json *out, const char *key, const double *y, const double *v, size_t k, Arena *a)
{
    MetaFit m;
    Json *o = json_set(out, key, json_object());
    double half = NAN;
    bool done = k > 0 && meta_fit(&m, &(MetaData){ .k = k, .p = 1, .y = y, .v = v }, META_REML, a, NULL) == OK;
    json_set_number(o, "est", done ? m.beta[0] : NAN);
    json_set_number(o, "se", done ? sqrt(m.vcov[0]) : NAN);
    json_set_number(o, "tau2", done ? m.tau2 : NAN);
    /* Of a new group: t with k - 2 degrees of freedom (Higgins, Thompson & Spiegelhalter 2009). */
    if (done && k > 2) half = t_quantile(.975, (double)k - 2) * sqrt(m.tau2 + m.vcov[0]);
    set_limits(o, "prediction_interval95", done ? m.beta[0] - half : NAN, done ? m.beta[0] + half : NAN);
}

typedef struct { const char *label; double number; } Group;

static int by_group(const void *pa, const void *pb)
{
    const Group *a = pa, *b = pb;
    if (!isnan(a->number) && a->number != b->number) return a->number < b->number ? -1 : 1;
    return strcmp(a->label, b->label);
}

static Rc leave_out(Work *w, const char *text, Err *e)
{
    Rc rc = OK;
    Design *d = &w->d;
    Arena *a = &d->arena, scratch = { 0 };
    size_t n = d->n, groups = 0, kc = 0, ks = 0;
    Expr *x = NULL;
    ExprValue value = { 0 };
    Group *group = ARENA_NEW(a, n + 1, Group);
    const char **label = ARENA_NEW(a, n + 1, const char *);
    size_t *row = ARENA_NEW(a, n + 1, size_t);
    double *y = ARENA_NEW(a, 4 * n + 4, double), *c = y, *vc = y + n + 1, *sl = y + 2 * (n + 1), *vs = y + 3 * (n + 1);
    if (!group || !label || !row || !y) return err_nomem(e);
    TRY(expr_parse(&x, text, a, e));
    TRY(expr_eval(&value, x, d->frame, a, e));
    for (size_t i = 0; i < n; i++) {
        label[i] = expr_value_label(&value, d->row[i], a);
        if (!label[i]) return err_set(e, ERR_INPUT, "%s:%zu: %s is missing, so the row has no group to be left out with", d->frame->name,
                                      design_row_line(d, i), text);
        size_t k = 0;
        while (k < groups && strcmp(group[k].label, label[i]) != 0) k++;
        if (k == groups) group[groups++] = (Group){ label[i], value.is_text ? NAN : value.num[d->row[i]] };
    }
    if (groups < 2) return diagnose_fatal(w->out, e, "one_group", "%s has one value, there is nothing to leave out", text);
    qsort(group, groups, sizeof *group, by_group);
    Json *table = json_set(w->out, "table", json_object()), *cols = json_set(table, "cols", json_array());
    static const char *const names[] = { "centre", "n", "events", "c", "se_c", "slope", "se_slope", "intercept", "brier" };
    size_t n_cols = w->data.time ? 7 : 9;
    for (size_t k = 0; k < n_cols; k++) json_push(cols, json_from_text(names[k]));
    Json *data = json_set(table, "data", json_array());
    for (size_t g = 0; g < groups; g++) {
        Trained t = { 0 };
        Sample s;
        Judged j = { NAN, NAN, NAN, NAN, NAN, NAN };
        bool ok;
        size_t m = 0, inside = 0, events = 0;
        arena_free(&scratch);
        TRY(sample_new(&s, n, &scratch, e));
        for (size_t i = 0; i < n; i++) if (strcmp(label[i], group[g].label) != 0) row[m++] = i;
        TRY(train(&t, &ok, w, row, m, &scratch, e));
        for (size_t i = 0; i < n; i++) {
            if (strcmp(label[i], group[g].label) != 0) continue;
            if (ok) sample_row(&s, inside, w, &t, i);
            inside++;
            events += w->data.event[i] != 0;
        }
        if (ok) TRY(judge_sample(&j, w, &s, inside, &scratch, e));
        Json *r = json_push(data, json_array());
        json_push(r, isnan(group[g].number) ? json_from_text(group[g].label) : json_from_number(group[g].number));
        const double v[] = { (double)inside, (double)events, j.c, j.se_c, j.slope, j.se_slope, j.intercept, j.brier };
        for (size_t k = 0; k + 1 < n_cols; k++) json_push(r, json_from_number(v[k]));
        if (j.se_c > 0) { c[kc] = j.c; vc[kc++] = j.se_c * j.se_c; }
        if (j.se_slope > 0) { sl[ks] = j.slope; vs[ks++] = j.se_slope * j.se_slope; }
    }
    pool(w->out, "c_pooled", c, vc, kc, a);
    pool(w->out, "slope_pooled", sl, vs, ks, a);
    if (groups < 5)
        diagnose(w->out, "few_groups", "%zu groups say little about how performance differs between settings: between published settings the "
                 "AUC varies with a standard deviation of about 0.055", groups);
out:
    arena_free(&scratch);
    return rc;
}

/* ---- */

static Rc prepare(Work *w, bool survival, Err *e)
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

static Rc apparent(Work *w, Err *e)
{
    Rc rc = OK;
    Arena *a = &w->d.arena;
    size_t n = w->d.n, *row = ARENA_NEW(a, n + 1, size_t);
    bool ok;
    Sample s;
    Judged j;
    if (!row) return err_nomem(e);
    for (size_t i = 0; i < n; i++) row[i] = i;
    TRY(train(&w->full, &ok, w, row, n, a, e));
    if (!ok)
        return diagnose_fatal(w->out, e, w->data.time ? "monotone_likelihood" : "quasi_separation",
                              "the likelihood of all rows has no maximum, so there is no model to validate: reox stat %s names the column, "
                              "--penalty firth there is the cure", w->data.time ? "cox" : "logistic");
    TRY(sample_new(&s, n, a, e));
    for (size_t i = 0; i < n; i++) sample_row(&s, i, w, &w->full, i);
    memcpy(w->eta, s.eta, n * sizeof(double));
    TRY(judge_sample(&j, w, &s, n, a, e));
    stats_of(w->stats, &j);
    Json *coef = json_set(w->out, "coef", json_object());
    if (!w->data.time) json_set_number(coef, "(Intercept)", w->full.intercept);
    for (int k = 0; k < w->data.p; k++) if (!w->data.select || w->full.beta[k] != 0) json_set_number(coef, w->name[k], w->full.beta[k]);
    set_stats(w->out, "apparent", w, w->stats);
    if (!wants_curve(w)) goto out;
    TRY(curve_of(&w->curve, w, &s, n, NULL, a, e));
    calibration_json(w->out, "calibration_curve", &w->curve);
out:
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Formula *f = NULL;
    Work w = { .out = out, .call = call };
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
    if (groups) TRY(leave_out(&w, groups, e));
    else if (folds > 0) TRY(cross_validate(&w, (int)folds, (size_t)repeats, e));
    else TRY(bootstrap(&w, call->resamples ? call->resamples->rows : (size_t)B, e));
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
