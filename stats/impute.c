/* stats/impute.c: `impute`: an analysis of incomplete data: multiple imputation by chained equations, the analysis on each completed table,
 * Rubin's rules. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/chained.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/impute_pool.h"
#include "stats/km.h"
#include "stats/method.h"
#include "stats/terms.h"

static const MethodOption options[] = {
    { "analysis", OPTION_CHOICE, "cox|logistic|linear", "what is fitted to each completed table (default: by the left side)" },
    { "imputations", OPTION_INTEGER, NULL, "how many completed tables (20)" },
    { "iterations", OPTION_INTEGER, NULL, "cycles through the variables (10)" },
    { "auxiliary", OPTION_TEXT, NULL, "columns that predict what is missing without being in the model: a,b" },
    { "numbers", OPTION_CHOICE, "pmm|normal", "numbers by predictive mean matching (default) or normal draws" },
    { "donors", OPTION_INTEGER, NULL, "nearest rows that a matched value is taken from (5)" },
    { "values", OPTION_FLAG, NULL, "prints what was imputed, too" },
    { "ties", OPTION_CHOICE, "efron|breslow|exact", "of the Cox model (efron)" },
    { "robust", OPTION_FLAG, NULL, "robust variance of the analysis" },
    { "dfcom", OPTION_TEXT, NULL, "degrees of freedom with complete data (default n - p; survival: events - p), or inf" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

enum { LEVELS_MAX = 50, IMPUTATIONS_MAX = 1000 };
#define IMP_COLUMN ".imp"

typedef struct {
    Json *out;
    const StatCall *call;
    Formula *formula;
    Arena a;
    size_t n, *row;                /* rows with an outcome */
    size_t units, *unit;           /* what is imputed once: rows, or the subjects of start-stop rows; unit[n] of each row */
    int *cluster;                  /* [n] subject of each start-stop row; NULL */
    size_t n_clusters;
    const char **column;           /* of the frame, that can be imputed or predict */
    size_t n_columns;
    ChainedVariable *variable;     /* [n_columns] then the outcome's */
    size_t n_variables;
    char ***level;                 /* [n_columns] of text columns */
    double **pair;                 /* [n_columns] the two values of a binary column of numbers */
    int imputations, iterations;
    double *trace;                 /* imputations x iterations x n_variables */
} Work;

/* ---- rows and columns */

static Rc add_column(Work *w, const char *name, Err *e)
{
    for (size_t k = 0; k < w->n_columns; k++) if (strcmp(w->column[k], name) == 0) return OK;
    if (!frame_column(w->call->data, name)) return err_set(e, ERR_USAGE, "%s has no column %s", w->call->data->name, name);
    w->column[w->n_columns++] = name;
    return OK;
}

static Rc list_columns(Work *w, Err *e)
{
    Rc rc = OK;
    const char *const *left = NULL, *const *right = NULL;
    const char *more = option_text(w->call, "auxiliary", NULL);
    size_t room = 3;
    TRY(formula_columns(&left, &right, w->formula, &w->a, e));
    for (const char *const *c = right; *c; c++) room++;
    for (const char *c = more; c && *c; c++) room += *c == ',';
    w->column = ARENA_NEW(&w->a, room, const char *);
    if (!w->column) return err_nomem(e);
    for (const char *const *c = right; *c; c++) TRY(add_column(w, *c, e));
    if (option_text(w->call, "weights", NULL)) TRY(add_column(w, option_text(w->call, "weights", NULL), e));
    for (const char *from = more; from && *from;) {
        const char *to = strchr(from, ',');
        size_t n = to ? (size_t)(to - from) : strlen(from);
        while (n && *from == ' ') { from++; n--; }
        while (n && from[n - 1] == ' ') n--;
        char *name = arena_strndup(&w->a, from, n);
        if (!name) return err_nomem(e);
        for (const char *const *c = left; *c; c++)
            if (strcmp(*c, name) == 0) return err_set(e, ERR_USAGE, "--auxiliary %s: the outcome is among the predictors anyway", name);
        TRY(add_column(w, name, e));
        from = to ? to + 1 : NULL;
    }
out:
    return rc;
}

/* Rows of the subset that have an outcome, and the outcome as predictors: time-to-event data as event and Nelson-Aalen hazard at the own
 * time (White and Royston 2009), of an interval (start, stop] the hazard that was lived through in it: that is what its likelihood holds. */
static Rc outcome(Work *w, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    bool survival = w->formula->left_kind == LEFT_SURV;
    const char *text = w->call->formula, *tilde = strchr(text, '~');
    char *left = tilde ? arena_strndup(&w->a, text, (size_t)(tilde - text)) : NULL, *formula = arena_printf(&w->a, "%s ~ 1", left ? left : "");
    StatCall call = *w->call;
    DesignWish wish = { .kind = survival ? FORMULA_SURVIVAL : FORMULA_RESPONSE, .no_intercept = survival };
    if (!left || !formula) return err_nomem(e);
    call.formula = formula;
    TRY(design_build(&d, w->out, &call, &wish, e));
    TRY(design_want_rows(&d, w->out, 3, e));
    w->n = d.n;
    w->row = ARENA_NEW(&w->a, d.n + 1, size_t);
    double *first = ARENA_NEW(&w->a, d.n + 1, double), *second = ARENA_NEW(&w->a, d.n + 1, double);
    if (!w->row || !first || !second) { rc = err_nomem(e); goto out; }
    memcpy(w->row, d.row, d.n * sizeof *w->row);
    ChainedVariable *v = w->variable + w->n_columns;
    if (survival) {
        KmCurve c;
        TRY(km_estimate(&c, &(KmData){ .n = d.n, .start = d.start, .time = d.time, .event = d.event, .weight = d.weight }, &(KmOptions){ 0 }, &w->a, e));
        for (size_t i = 0; i < d.n; i++) {
            const long at = km_row(&c, d.time[i]), from = d.start ? km_row(&c, d.start[i]) : KM_BEFORE;
            first[i] = d.event[i] != 0;
            second[i] = (at == KM_BEFORE ? 0 : c.cumhaz[at]) - (from == KM_BEFORE ? 0 : c.cumhaz[from]);
        }
        if (d.start && d.cluster) {
            w->cluster = ARENA_NEW(&w->a, d.n + 1, int);
            if (!w->cluster) { rc = err_nomem(e); goto out; }
            memcpy(w->cluster, d.cluster, d.n * sizeof *w->cluster);
            w->n_clusters = d.n_clusters;
        }
        *v++ = (ChainedVariable){ "event", first, 0, IMPUTE_NONE };
        *v++ = (ChainedVariable){ "Nelson-Aalen hazard", second, 0, IMPUTE_NONE };
    } else {
        memcpy(first, d.y, d.n * sizeof *first);
        *v++ = (ChainedVariable){ "outcome", first, d.response == RESPONSE_TEXT ? (int)d.n_y_levels : 0, IMPUTE_NONE };
    }
    w->n_variables = (size_t)(v - w->variable);
out:
    design_free(&d);
    return rc;
}

/* Codes of a text column over the rows, levels in order of first appearance by bytes. */
static Rc text_codes(double *value, int *n_levels, char ***level, const FrameColumn *c, const Work *w, Arena *a, Err *e)
{
    char **list = ARENA_NEW(a, LEVELS_MAX + 1, char *);
    int n = 0;
    if (!list) return err_nomem(e);
    for (size_t i = 0; i < w->n; i++) {
        char *text = c->text[w->row[i]];
        int at = 0, order = 1;
        if (!text) continue;
        while (at < n && (order = strcmp(list[at], text)) < 0) at++;
        if (at < n && order == 0) continue;
        if (n == LEVELS_MAX)
            return err_set(e, ERR_USAGE, "column %s has more than %d categories, too many to be imputed or to impute from", c->name, LEVELS_MAX);
        memmove(list + at + 1, list + at, (size_t)(n - at) * sizeof *list);
        list[at] = text;
        n++;
    }
    for (size_t i = 0; i < w->n; i++) {
        const char *text = c->text[w->row[i]];
        int at = 0;
        while (text && strcmp(list[at], text) != 0) at++;
        value[i] = text ? at : NAN;
    }
    *n_levels = n;
    *level = list;
    return OK;
}

/* Whether a variable has one value in all rows of each subject, where it has any. */
static Rc constant_within(bool *yes, const Work *w, const double *value, Arena *a, Err *e)
{
    double *first = ARENA_NEW(a, w->n_clusters + 1, double);
    if (!first) return err_nomem(e);
    for (size_t g = 0; g < w->n_clusters; g++) first[g] = NAN;
    *yes = true;
    for (size_t i = 0; i < w->n; i++) {
        double *f = &first[w->cluster[i]];
        if (isnan(value[i])) continue;
        if (isnan(*f)) *f = value[i];
        else *yes = *yes && *f == value[i];
    }
    return OK;
}

/* One value a subject: the sum of an outcome, else the first that is there. */
static Rc collapse(ChainedVariable *v, const Work *w, bool sum, Arena *a, Err *e)
{
    double *value = ARENA_NEW(a, w->n_clusters + 1, double);
    if (!value) return err_nomem(e);
    for (size_t g = 0; g < w->n_clusters; g++) value[g] = sum ? 0 : NAN;
    for (size_t i = 0; i < w->n; i++) {
        double *x = &value[w->cluster[i]];
        if (sum) *x += v->value[i];
        else if (isnan(*x)) *x = v->value[i];
    }
    v->value = value;
    return OK;
}

/* A covariate that does not change belongs to the subject: it is imputed once for all of its intervals, and observed in one of them it is known
 * in all. Where what is missing does change, each interval is imputed for itself. */
static Rc choose_units(Work *w, Err *e)
{
    Rc rc = OK;
    size_t incomplete = 0, constant = 0, first = 0;
    w->units = w->n;
    w->unit = ARENA_NEW(&w->a, w->n + 1, size_t);
    if (!w->unit) return err_nomem(e);
    for (size_t i = 0; i < w->n; i++) w->unit[i] = i;
    if (!w->cluster) return OK;
    for (size_t k = 0; k < w->n_columns; k++) {
        bool yes = false;
        if (w->variable[k].model == IMPUTE_NONE) continue;
        TRY(constant_within(&yes, w, w->variable[k].value, &w->a, e));
        if (yes) { constant++; first = k; }
        incomplete++;
    }
    if (constant < incomplete) {
        if (constant)
            diagnose(w->out, "imputed_by_row", "%s does not change within a subject, but another column with gaps does: each interval is imputed for itself, "
                     "and one subject may get several values", w->variable[first].name);
        return OK;
    }
    for (size_t k = 0; k < w->n_variables; k++) TRY(collapse(&w->variable[k], w, k >= w->n_columns, &w->a, e));
    for (size_t i = 0; i < w->n; i++) w->unit[i] = (size_t)w->cluster[i];
    w->units = w->n_clusters;
out:
    return rc;
}

static Rc variables(Work *w, Err *e)
{
    Rc rc = OK;
    const bool normal = strcmp(option_text(w->call, "numbers", "pmm"), "normal") == 0;
    w->level = ARENA_NEW(&w->a, w->n_columns + 1, char **);
    w->pair = ARENA_NEW(&w->a, w->n_columns + 1, double *);
    if (!w->level || !w->pair) return err_nomem(e);
    for (size_t k = 0; k < w->n_columns; k++) {
        const FrameColumn *c = frame_column(w->call->data, w->column[k]);
        double *value = ARENA_NEW(&w->a, w->n + 1, double), a = NAN, b = NAN;
        size_t missing = 0, kinds = 0;
        ChainedVariable v = { .name = c->name, .value = value };
        if (!value) return err_nomem(e);
        if (c->is_text) TRY(text_codes(value, &v.n_levels, &w->level[k], c, w, &w->a, e));
        else for (size_t i = 0; i < w->n; i++) value[i] = c->num[w->row[i]];
        for (size_t i = 0; i < w->n; i++) {
            if (isnan(value[i])) { missing++; continue; }
            if (isinf(value[i])) return err_set(e, ERR_INPUT, "%s:%zu: %s is infinite", w->call->data->name, w->call->data->line[w->row[i]], c->name);
            if (kinds == 0) { a = value[i]; kinds = 1; }
            else if (kinds == 1 && value[i] != a) { b = value[i]; kinds = 2; }
            else if (kinds == 2 && value[i] != a && value[i] != b) kinds = 3;
        }
        if (!c->is_text && kinds == 2) {                    /* two numbers are two categories */
            const double low = fmin(a, b);
            double *pair = ARENA_NEW(&w->a, 2, double);
            if (!pair) return err_nomem(e);
            pair[0] = low;
            pair[1] = fmax(a, b);
            w->pair[k] = pair;
            v.n_levels = 2;
            for (size_t i = 0; i < w->n; i++) if (!isnan(value[i])) value[i] = value[i] != low;
        }
        if (missing) v.model = v.n_levels == 0 ? (normal ? IMPUTE_NORMAL : IMPUTE_PMM) : v.n_levels == 2 ? IMPUTE_LOGISTIC : IMPUTE_MULTINOMIAL;
        if (missing && (missing == w->n || kinds < 2 || v.n_levels == 1))
            return diagnose_fatal(w->out, e, "no_data", "%s has %s in %zu rows and nothing that varies: it cannot be imputed; leave it out", c->name,
                                  missing == w->n ? "no value" : "one value", w->n);
        w->variable[k] = v;
    }
out:
    return rc;
}

/* ---- completed tables */

/* The table m times over, one below the other, gaps filled, with the number of the imputation as a column. */
static Rc stack(Frame *out, Work *w, double **const *filled, Err *e)
{
    Rc rc = OK;
    const Frame *f = w->call->data;
    Frame g = { 0 };
    size_t n = w->n, m = (size_t)w->imputations;
    double *imp = NULL;
    TRY(frame_init(&g, f->name, n * m, e));
    for (size_t i = 0; i < n * m; i++) g.line[i] = f->line ? f->line[w->row[i % n]] : w->row[i % n] + 2;
    for (size_t c = 0; c < f->columns; c++) {
        const FrameColumn *from = &f->column[c];
        size_t k = 0;
        double *num = NULL;
        char **text = NULL;
        while (k < w->n_columns && strcmp(w->column[k], from->name) != 0) k++;
        const bool mine = k < w->n_columns && w->variable[k].model != IMPUTE_NONE;
        if (from->is_text) TRY(frame_add_texts(&text, &g, from->name, e));
        else TRY(frame_add_numbers(&num, &g, from->name, e));
        for (size_t i = 0; i < n * m; i++) {
            const size_t row = w->row[i % n];
            const double v = mine ? filled[i / n][k][w->unit[i % n]] : NAN;
            if (text) text[i] = mine ? w->level[k][(size_t)v] : from->text[row];
            else num[i] = !mine ? from->num[row] : w->variable[k].n_levels ? w->pair[k][(size_t)v] : v;
        }
    }
    TRY(frame_add_numbers(&imp, &g, IMP_COLUMN, e));
    for (size_t k = 0; k < m; k++) for (size_t i = 0; i < n; i++) imp[k * n + i] = (double)(k + 1);
    *out = g;
    g = (Frame){ 0 };
out:
    frame_free(&g);
    return rc;
}

static const Method *analysis_of(const Work *w)
{
    const char *name = option_text(w->call, "analysis", NULL);
    if (!name) {
        name = w->formula->left_kind == LEFT_SURV ? "cox" : "linear";
        const ChainedVariable *y = &w->variable[w->n_columns];
        double a = NAN, b = NAN;
        bool two = w->formula->left_kind != LEFT_SURV;
        for (size_t i = 0; i < w->n && two; i++) {
            if (isnan(a)) a = y->value[i];
            else if (y->value[i] != a && isnan(b)) b = y->value[i];
            else if (y->value[i] != a && y->value[i] != b) two = false;
        }
        if (two && !isnan(b)) name = "logistic";
    }
    return method_by_name(name);
}

static Rc analyse(Work *w, const Frame *stacked, Err *e)
{
    Rc rc = OK;
    static const char *const passed[] = { "levels", "conf", "ties", "robust", "cluster", "weights", "landmark", "dfcom", "drop_collinear", "no_timefix" };
    const Method *m = analysis_of(w);
    Json *o = json_object();
    StatCall call = *w->call;
    json_set_text(o, "imp", IMP_COLUMN);
    for (size_t k = 0; k < sizeof passed / sizeof *passed; k++) {
        const Json *given = json_get(w->call->options, passed[k]);
        if (given) json_set(o, passed[k], json_copy(given));
    }
    json_set_text(w->out, "analysis", m->name);
    call.options = o;
    call.data = stacked;
    rc = pooled_call(w->out, m, &call, e);
    json_free(o);
    return rc;
}

/* ---- what is said */

/* Potential scale reduction of a variable's mean over the second half of the iterations: between against within imputations. */
static double scale_reduction(const Work *w, size_t v)
{
    const size_t V = w->n_variables, m = (size_t)w->imputations, from = (size_t)w->iterations / 2, n = (size_t)w->iterations - from;
    double all = 0, within = 0, between = 0;
    if (n < 2 || m < 2) return NAN;
    for (size_t k = 0; k < m; k++) for (size_t t = from; t < from + n; t++) all += w->trace[(k * (size_t)w->iterations + t) * V + v] / (double)(m * n);
    for (size_t k = 0; k < m; k++) {
        double mean = 0;
        for (size_t t = from; t < from + n; t++) mean += w->trace[(k * (size_t)w->iterations + t) * V + v] / (double)n;
        for (size_t t = from; t < from + n; t++) {
            double x = w->trace[(k * (size_t)w->iterations + t) * V + v] - mean;
            within += x * x / (double)(m * (n - 1));
        }
        between += (mean - all) * (mean - all) / (double)(m - 1);
    }
    return within > 0 ? sqrt(((double)(n - 1) / (double)n * within + between) / within) : NAN;
}

static void describe(Work *w, double **const *filled)
{
    Json *o = json_set(w->out, "imputed", json_object()), *predictors = json_array();
    const bool values = option_flag(w->call, "values");
    for (size_t v = 0; v < w->n_variables; v++) json_push(predictors, json_from_text(w->variable[v].name));
    for (size_t k = 0; k < w->n_columns; k++) {
        const ChainedVariable *v = &w->variable[k];
        size_t missing = 0;
        if (v->model == IMPUTE_NONE) continue;
        for (size_t u = 0; u < w->units; u++) missing += isnan(v->value[u]);
        Json *q = json_set(o, v->name, json_object());
        json_set_number(q, "missing", (double)missing);
        json_set_text(q, "model", impute_model_name(v->model));
        json_set_number(q, "scale_reduction", scale_reduction(w, k));
        if (!values) continue;
        const FrameColumn *c = frame_column(w->call->data, v->name);
        Json *lines = json_set(q, "lines", json_array()), *data = json_set(q, "values", json_array());
        for (size_t i = 0; i < w->n; i++) {
            const size_t u = w->unit[i];
            if (!isnan(v->value[u])) continue;
            json_push(lines, json_from_number(w->call->data->line ? (double)w->call->data->line[w->row[i]] : (double)w->row[i] + 2));
            Json *row = json_push(data, json_array());
            for (int m = 0; m < w->imputations; m++) {
                const double x = filled[m][k][u];
                json_push(row, c->is_text ? json_from_text(w->level[k][(size_t)x])
                                          : json_from_number(v->n_levels ? w->pair[k][(size_t)x] : x));
            }
        }
    }
    json_set(w->out, "predictors", predictors);
    json_set_number(w->out, "n_imputation_rows", (double)w->n);
    if (w->units < w->n) json_set_number(w->out, "n_imputation_subjects", (double)w->units);
}

/* The loss of precision left to chance is small when there are as many imputations as per cent of missing information. */
static void enough(Work *w)
{
    const Json *pooled = json_get(w->out, "pooled"), *rows = json_get(pooled, "data"), *cols = json_get(pooled, "cols");
    size_t at = 0;
    double most = 0;
    while (at < json_size(cols) && strcmp(json_text(json_at(cols, at)), "fmi") != 0) at++;
    for (const Json *r = json_first(rows); r; r = json_next(r)) most = fmax(most, json_number(json_at(r, at)));
    if (w->imputations < 100 * most)
        diagnose(w->out, "few_imputations", "%.0f %% of the information on a coefficient is missing, so %d imputations leave its interval to chance; "
                 "--imputations %.0f is enough (White, Royston & Wood 2011)", 100 * most, w->imputations, ceil(100 * most));
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Work w = { .out = out, .call = call };
    Frame stacked = { 0 };
    double ***filled = NULL, m = option_number(call, "imputations", 20), it = option_number(call, "iterations", 10), donors = option_number(call, "donors", 5);
    w.imputations = (int)m;
    w.iterations = (int)it;
    if (!(m >= 2 && m <= IMPUTATIONS_MAX) || !(it >= 1 && it <= 10000) || !(donors >= 1 && donors <= 1000)) {
        rc = err_set(e, ERR_USAGE, "impute wants 2 to %d --imputations, at least one of --iterations and --donors", IMPUTATIONS_MAX);
        goto out;
    }
    TRY(formula_parse(&w.formula, call->formula, &w.a, e));
    TRY(list_columns(&w, e));
    w.variable = ARENA_NEW(&w.a, w.n_columns + 3, ChainedVariable);
    if (!w.variable) { rc = err_nomem(e); goto out; }
    TRY(outcome(&w, e));
    TRY(variables(&w, e));
    TRY(choose_units(&w, e));
    w.trace = ARENA_NEW(&w.a, (size_t)w.imputations * (size_t)w.iterations * w.n_variables + 1, double);
    filled = ARENA_NEW(&w.a, (size_t)w.imputations + 1, double **);
    if (!w.trace || !filled) { rc = err_nomem(e); goto out; }
    ChainedData d = { w.units, w.n_variables, w.variable, w.iterations, (int)donors, (uint64_t)option_number(call, "seed", 1) };
    for (int k = 0; k < w.imputations; k++)
        TRY(chained_impute(&filled[k], w.trace + (size_t)k * (size_t)w.iterations * w.n_variables, &d, (uint64_t)k, &w.a, e));
    describe(&w, filled);
    json_set_number(out, "iterations", w.iterations);
    json_set_text(out, "convention", "rows without an outcome are left out; transformations and products are taken of the imputed columns; weights predict what is "
                  "missing and count in the analysis");
    TRY(stack(&stacked, &w, filled, e));
    TRY(analyse(&w, &stacked, e));
    enough(&w);
out:
    frame_free(&stacked);
    arena_free(&w.a);
    return rc;
}

const Method method_impute = {
    .name = "impute", .summary = "multiple imputation by chained equations, analysed and pooled by Rubin's rules",
    .formula = FORMULA_ANY, .needs_data = true, .fits_protocol = true, .options = options, .run = run,
    .source = "van Buuren 2018; White, Royston & Wood 2011; Rubin 1987; Barnard & Rubin 1999"
};
