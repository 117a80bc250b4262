/* stats/landmark.c: `landmark`: a marker or an exposure that becomes known during follow-up, analysed from time zero (naive), from
 * landmarks, and with its time of beginning. Anderson, Cain & Gelber 1983; Suissa 2008; van Houwelingen & Putter 2012. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/diagnosis.h"
#include "stats/expr.h"
#include "stats/method.h"
#include "stats/terms.h"

static const MethodOption options[] = {
    { "since", OPTION_TEXT, NULL, "column: time at which the marker was measured, or the exposure began (missing: never)" },
    { "exposure", OPTION_TEXT, NULL, "column of the formula that is 0 before that time and 1 after it; without it the formula's values are known from then on" },
    { "landmark", OPTION_NUMBERS, NULL, "landmarks; default: the median of --since; of several also one effect for all, with robust errors" },
    { "ties", OPTION_CHOICE, "efron|breslow|exact", "tied event times (efron)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

static const char START[] = "landmark_start_", TIME[] = "landmark_time_", EVENT[] = "landmark_event_", MARK[] = "landmark_", ROW[] = "landmark_row_";

/* One row of a derived table: a row of the data with its own clock and exposure. */
typedef struct { size_t row; double start, time, event, exposed, mark; } Piece;

typedef struct {
    const StatCall *call;
    const Frame *data;
    const double *time, *event, *since;      /* [rows] of the data; NaN where missing */
    const char *exposure, *right;            /* right side of the formula */
    Piece *piece;                            /* room for max(2, number of landmarks) a row */
    Json *inner;                             /* options handed on to cox */
} Work;

static Rc copy_column(Frame *f, const FrameColumn *from, const Piece *piece, const char *exposure, Err *e)
{
    Rc rc = OK;
    bool replaced = exposure && strcmp(exposure, from->name) == 0;
    if (from->is_text && !replaced) {
        char **text;
        TRY(frame_add_texts(&text, f, from->name, e));
        for (size_t i = 0; i < f->rows; i++) text[i] = from->text[piece[i].row];      /* the data outlive the table */
    } else {
        double *x;
        TRY(frame_add_numbers(&x, f, from->name, e));
        for (size_t i = 0; i < f->rows; i++) x[i] = replaced ? piece[i].exposed : from->num[piece[i].row];
    }
out:
    return rc;
}

/* Fits the pieces and keeps what is compared: n, events, coefficients, errors, hazard ratios, what was wrong. */
typedef enum { FROM_ZERO, INTERVALS, STACKED } Layout;

static Rc analyse(Json **out, Work *w, size_t n, Layout layout, Err *e)
{
    Rc rc = OK;
    Frame f = { 0 };
    Str formula = { 0 };
    Json *fit = NULL, *handed = NULL;
    double *start, *time, *event, *mark, *row;
    TRY(frame_init(&f, w->data->name, n, e));
    for (size_t j = 0; j < w->data->columns; j++) TRY(copy_column(&f, &w->data->column[j], w->piece, w->exposure, e));
    TRY(frame_add_numbers(&start, &f, START, e));
    TRY(frame_add_numbers(&time, &f, TIME, e));
    TRY(frame_add_numbers(&event, &f, EVENT, e));
    TRY(frame_add_numbers(&mark, &f, MARK, e));
    TRY(frame_add_numbers(&row, &f, ROW, e));
    for (size_t i = 0; i < n; i++) {
        mark[i] = w->piece[i].mark;
        row[i] = (double)w->piece[i].row;
        start[i] = w->piece[i].start;
        time[i] = w->piece[i].time;
        event[i] = w->piece[i].event;
        if (w->data->line) f.line[i] = w->data->line[w->piece[i].row];
    }
    if (layout == INTERVALS) str_appendf(&formula, "Surv(%s,%s,%s)~%s", START, TIME, EVENT, w->right);
    else str_appendf(&formula, "Surv(%s,%s)~%s", TIME, EVENT, w->right);
    if (layout == STACKED) str_appendf(&formula, "+strata(%s)", MARK);
    handed = json_copy(w->inner);
    if (!handed) { rc = err_nomem(e); goto out; }
    if (layout == STACKED && !json_get(handed, "cluster")) json_set_text(handed, "cluster", ROW);
    TRY(str_check(&formula, e));
    StatCall inner = { .formula = formula.s, .data = &f, .options = handed, .threads = w->call->threads };
    rc = method_call(&fit, method_by_name("cox"), &inner, e);
    /* One analysis that does not exist leaves the others standing. */
    if (rc == ERR_ESTIMATE) rc = OK;
    if (rc != OK) goto out;
    static const char *const kept[] = { "n", "nevent", "n_dropped_missing", "coef", "se", "robust_se", "robust_vcov", "hr", "wald_test", "lr_test", "diagnosis" };
    *out = json_object();
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
        if (json_get(fit, kept[k])) json_set(*out, kept[k], json_copy(json_get(fit, kept[k])));
out:
    json_free(fit);
    json_free(handed);
    str_free(&formula);
    frame_free(&f);
    return rc;
}

static bool known(const Work *w, size_t i, double at) { return !isnan(w->since[i]) && w->since[i] <= at; }

/* From time zero, as if the marker had been known then: the analysis that immortal time distorts. */
static Rc naive(Json *out, Work *w, Err *e)
{
    Rc rc = OK;
    Json *o = NULL;
    size_t n = 0;
    for (size_t i = 0; i < w->data->rows; i++)
        if (w->exposure || !isnan(w->since[i])) w->piece[n++] = (Piece){ i, 0, w->time[i], w->event[i], !isnan(w->since[i]), 0 };
    TRY(analyse(&o, w, n, FROM_ZERO, e));
    json_set(out, "naive", o);
out:
    return rc;
}

typedef struct { size_t event_before, censored_before, later, never; } LeftOut;

/* The rows at risk behind a landmark, with what was known by then, added behind the n pieces that are there. */
static LeftOut take_landmark(Work *w, size_t *n, double mark)
{
    LeftOut out = { 0 };
    for (size_t i = 0; i < w->data->rows; i++) {
        if (isnan(w->time[i])) continue;
        if (!(w->time[i] > mark)) {
            if (w->event[i] != 0) out.event_before++;
            else out.censored_before++;
        } else if (!w->exposure && !known(w, i, mark)) {
            if (isnan(w->since[i])) out.never++;
            else out.later++;
        } else {
            w->piece[(*n)++] = (Piece){ i, 0, w->time[i] - mark, w->event[i], known(w, i, mark), mark };
        }
    }
    return out;
}

static Rc at_landmark(Json *list, Work *w, double mark, Err *e)
{
    Rc rc = OK;
    Json *o = NULL;
    size_t n = 0;
    const LeftOut gone = take_landmark(w, &n, mark);
    TRY(analyse(&o, w, n, FROM_ZERO, e));
    json_set_number(o, "landmark", mark);
    Json *left = json_set(o, "left_out", json_object());
    json_set_number(left, "event_before", (double)gone.event_before);
    json_set_number(left, "censored_before", (double)gone.censored_before);
    if (!w->exposure) {
        json_set_number(left, "known_later", (double)gone.later);
        json_set_number(left, "never_known", (double)gone.never);
    }
    json_push(list, o);
out:
    return rc;
}

/* One effect for all landmarks: their tables one below the other, each with a baseline of its own, and errors that know that a patient is in
 * several of them. van Houwelingen 2007. */
static Rc super_model(Json *out, Work *w, const double *mark, size_t n_marks, Err *e)
{
    Rc rc = OK;
    Json *o = NULL;
    size_t n = 0, patients = 0;
    for (size_t k = 0; k < n_marks; k++) take_landmark(w, &n, mark[k]);
    unsigned char *in = calloc(w->data->rows + 1, 1);
    if (!in) return err_nomem(e);
    for (size_t i = 0; i < n; i++) patients += !in[w->piece[i].row], in[w->piece[i].row] = 1;
    free(in);
    TRY(analyse(&o, w, n, STACKED, e));
    json_set_numbers(o, "landmarks", mark, n_marks);
    json_set_number(o, "patients", (double)patients);
    json_set(out, "super_model", o);
out:
    return rc;
}

/* An exposure is split at its beginning; a marker's rows enter the risk sets when it is known (delayed entry). */
static Rc time_dependent(Json *out, Work *w, Err *e)
{
    Rc rc = OK;
    Json *o = NULL;
    size_t n = 0, too_late = 0;
    for (size_t i = 0; i < w->data->rows; i++) {
        double s = w->since[i], t = w->time[i], d = w->event[i];
        if (isnan(t)) continue;
        if (!isnan(s) && s >= t) too_late++;
        bool begins = !isnan(s) && s > 0 && s < t, from_zero = !isnan(s) && s <= 0;
        if (w->exposure) {
            if (begins) {
                w->piece[n++] = (Piece){ i, 0, s, 0, 0, 0 };
                w->piece[n++] = (Piece){ i, s, t, d, 1, 0 };
            } else {
                w->piece[n++] = (Piece){ i, 0, t, d, from_zero, 0 };
            }
        } else if (begins || from_zero) {
            w->piece[n++] = (Piece){ i, from_zero ? 0 : s, t, d, 1, 0 };
        }
    }
    TRY(analyse(&o, w, n, INTERVALS, e));
    json_set_number(o, "begins_after_the_end", (double)too_late);
    json_set(out, "time_dependent", o);
out:
    return rc;
}

/* Numbers of one column or expression, rows that --subset leaves out as missing. */
static Rc numbers_of(double **x, const Expr *expr, const Frame *f, const unsigned char *keep, const char *what, Arena *a, Err *e)
{
    Rc rc = OK;
    ExprValue v;
    TRY(expr_eval(&v, expr, f, a, e));
    if (v.is_text) return err_set(e, ERR_USAGE, "landmark: %s holds text, expected numbers", what);
    *x = ARENA_NEW(a, f->rows, double);
    if (!*x) return err_nomem(e);
    for (size_t i = 0; i < f->rows; i++) (*x)[i] = keep[i] ? v.num[i] : NAN;
out:
    return rc;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_since(const Work *w, Arena *a)
{
    double *x = ARENA_NEW(a, w->data->rows, double);
    size_t n = 0;
    for (size_t i = 0; x && i < w->data->rows; i++) if (!isnan(w->since[i]) && !isnan(w->time[i])) x[n++] = w->since[i];
    if (!n) return NAN;
    qsort(x, n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static Rc prepare(Work *w, const StatCall *call, size_t n_marks, Arena *a, Err *e)
{
    Rc rc = OK;
    Formula *f;
    Expr *since;
    double *time, *event, *begin;
    const char *column = option_text(call, "since", NULL), *subset = option_text(call, "subset", NULL), *tilde = strchr(call->formula, '~');
    unsigned char *keep = ARENA_NEW(a, call->data->rows, unsigned char);
    if (!keep) return err_nomem(e);
    if (!column) return err_set(e, ERR_USAGE, "landmark wants --since COLUMN: when the marker was known");
    TRY(formula_parse(&f, call->formula, a, e));
    if (f->left_kind != LEFT_SURV || f->start || !tilde) return err_set(e, ERR_USAGE, "landmark takes Surv(time, event) ~ …, not intervals");
    memset(keep, 1, call->data->rows);
    if (subset) TRY(expr_eval_rows(keep, subset, call->data, e));
    TRY(expr_parse(&since, column, a, e));
    TRY(numbers_of(&time, f->time, call->data, keep, "time", a, e));
    TRY(numbers_of(&event, f->event, call->data, keep, "event", a, e));
    TRY(numbers_of(&begin, since, call->data, keep, column, a, e));
    double top = 0;
    for (size_t i = 0; i < call->data->rows; i++) if (event[i] > top) top = event[i];
    for (size_t i = 0; i < call->data->rows; i++) {
        if (isnan(event[i])) time[i] = NAN;
        if (time[i] < 0)
            return err_set(e, ERR_INPUT, "%s:%zu: time %s is %.17g, expected 0 or more (often an error in a date)", call->data->name,
                           call->data->line ? call->data->line[i] : i + 2, f->time->label, time[i]);
        event[i] = event[i] == top && top > 0;             /* 0/1 or 1/2: the higher is the event */
    }
    w->call = call;
    w->data = call->data;
    w->time = time;
    w->event = event;
    w->since = begin;
    w->right = tilde + 1;
    w->exposure = option_text(call, "exposure", NULL);
    if (w->exposure && !frame_column(call->data, w->exposure)) return err_set(e, ERR_USAGE, "--exposure %s: no such column", w->exposure);
    w->piece = ARENA_NEW(a, (n_marks > 2 ? n_marks : 2) * call->data->rows + 1, Piece);
    w->inner = json_object();
    if (!w->piece || !w->inner) return err_nomem(e);
    static const char *const handed_on[] = { "ties", "levels", "conf", "weights", "cluster", "drop_collinear" };
    for (size_t k = 0; k < sizeof handed_on / sizeof *handed_on; k++) {
        const Json *v = json_get(call->options, handed_on[k]);
        if (v) json_set(w->inner, handed_on[k], json_copy(v));
    }
out:
    return rc;
}

/* A row of the comparison: n, events, and each term's hazard ratio with its limits. */
static void compare(Json *table, const char *name, const Json *o, const Json *terms)
{
    const Json *hr = json_get(o, "hr"), *rows = json_get(hr, "rows"), *data = json_get(hr, "data");
    Json *row = json_push((Json *)json_get(table, "data"), json_array());
    json_push((Json *)json_get(table, "rows"), json_from_text(name));
    json_push(row, json_copy(json_get(o, "n")));
    json_push(row, json_copy(json_get(o, "nevent")));
    for (const Json *t = json_first(terms); t; t = json_next(t)) {
        size_t at = 0;
        while (at < json_size(rows) && strcmp(json_text(json_at(rows, at)), json_key(t)) != 0) at++;
        for (size_t k = 0; k < 3; k++) json_push(row, json_from_number(json_number(json_at(json_at(data, at), k))));
    }
}

static Rc side_by_side(Json *out, const double *mark, size_t n, Arena *a, Err *e)
{
    const Json *whole = json_get(out, "time_dependent"), *terms = json_get(whole, "coef"), *list = json_get(out, "landmarks");
    Json *table = json_set(out, "side_by_side", json_object()), *cols;
    json_set(table, "rows", json_array());
    cols = json_set(table, "cols", json_array());
    json_set(table, "data", json_array());
    json_push(cols, json_from_text("n"));
    json_push(cols, json_from_text("events"));
    for (const Json *t = json_first(terms); t; t = json_next(t))
        for (int k = 0; k < 3; k++) {
            static const char *const side[] = { "hr", "lower", "upper" };
            const char *name = arena_printf(a, "%s %s", json_key(t), side[k]);
            if (!name) return err_nomem(e);
            json_push(cols, json_from_text(name));
        }
    compare(table, "naive", json_get(out, "naive"), terms);
    for (size_t k = 0; k < n; k++) {
        const char *name = arena_printf(a, "landmark %g", mark[k]);
        if (!name) return err_nomem(e);
        compare(table, name, json_at(list, k), terms);
    }
    if (json_get(out, "super_model")) compare(table, "all landmarks", json_get(out, "super_model"), terms);
    compare(table, "time-dependent", whole, terms);
    return OK;
}

static Rc landmark_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Work w = { 0 };
    const double *mark;
    size_t n = option_numbers(&mark, call, "landmark", &a), usable = 0;
    TRY(prepare(&w, call, n, &a, e));
    double median = median_since(&w, &a);
    for (size_t i = 0; i < w.data->rows; i++) usable += !isnan(w.time[i]);
    json_set_number(out, "n", (double)usable);
    if (isnan(median)) {
        rc = diagnose_fatal(out, e, "no_data", "%s is missing in every row: nothing becomes known", option_text(call, "since", ""));
        goto out;
    }
    if (!n) { mark = &median; n = 1; }
    json_set_text(out, "convention", w.exposure ? "naive: ever exposed, from time zero; landmark: exposed by then, at risk then; time-dependent: "
                                                  "exposed from its beginning"
                                                : "naive: from time zero; landmark: known by then, at risk then; time-dependent: at risk from when it is known");
    TRY(naive(out, &w, e));
    Json *list = json_set(out, "landmarks", json_array());
    for (size_t k = 0; k < n; k++) TRY(at_landmark(list, &w, mark[k], e));
    if (n > 1) TRY(super_model(out, &w, mark, n, e));
    TRY(time_dependent(out, &w, e));
    TRY(side_by_side(out, mark, n, &a, e));
    json_set_text(out, "reading", "the naive analysis takes for granted that everyone lives until the marker is known; how far it lies from the other "
                                  "two is immortal time");
out:
    json_free(w.inner);
    arena_free(&a);
    return rc;
}

const Method method_landmark = {
    "landmark", "a marker known only later: naive, landmark and time-dependent analysis side by side", FORMULA_SURVIVAL, true, false, options, landmark_run,
    "Anderson, Cain & Gelber 1983; Suissa 2008; van Houwelingen & Putter 2012"
};
