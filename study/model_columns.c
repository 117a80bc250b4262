/* study/model_columns.c: what a model of the protocol reads. */
#include "study/model_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/formula.h"

enum { WHERE_MAX = 160 };

/* A parser's complaint about text of the protocol is a fault of the protocol. */
static Rc as_input(Err *e, const char *where)
{
    Err told = { 0 };
    if (e) told = *e;
    return err_set(e, ERR_INPUT, "%s: %s", where, told.text);
}

static bool is_clinical(const Frame *clinical, const char *name)
{
    return strcmp(name, "patient") != 0 && frame_find(clinical, name) >= 0;
}

static Rc unknown_column(const char *name, const VariableSpace *s, const Frame *clinical, const char *where, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Str text = { 0 };
    size_t n = 0;
    const size_t cap = clinical->columns + s->n_tracers * s->n_timepoints * FEATURE_COUNT;
    const char **word = ARENA_NEW(&a, cap + 1, const char *), *several = NULL;
    if (!word) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < clinical->columns; i++) word[n++] = clinical->column[i].name;
    for (size_t t = 0; t < s->n_tracers; t++)
        for (size_t k = 0; k < s->n_timepoints; k++)
            for (int i = 0; i < FEATURE_COUNT; i++) {
                char *w = arena_printf(&a, "%s_%s_%s", s->tracer[t], s->timepoint_slug[k], feature_info((FeatureId)i)->name);
                if (!w) { rc = err_nomem(e); goto out; }
                word[n++] = w;
                if (strcmp(w, name) != 0) continue;
                several = s->aggregations[i] ? "is computed in more than one aggregation, expected one such as _3d_mrg at its end"
                                             : "is not computed by the settings in features";
            }
    if (several) rc = err_set(e, ERR_INPUT, "%s: variable %s %s", where, name, several);
    else {
        const char *near = text_nearest(name, word, n);
        rc = err_set(e, ERR_INPUT, "%s: unknown column %s, neither in the clinical table nor a variable of the scans%s%s", where, name,
                     near ? ", perhaps " : "", near ? near : "");
    }
out:
    str_free(&text);
    arena_free(&a);
    return rc;
}

static Rc known_column(Variable *v, bool *is_variable, const char *name, const VariableSpace *s, const Frame *clinical, const char *where, Err *e)
{
    Err why = { 0 };
    *is_variable = false;
    if (is_clinical(clinical, name)) return OK;
    Rc rc = variable_resolve(v, is_variable, s, name, &why);
    if (rc != OK) return err_set(e, rc, "%s: %s", where, why.text);
    return *is_variable ? OK : unknown_column(name, s, clinical, where, e);
}

Rc expression_columns(const char *const **out, const char *text, const VariableSpace *s, const Frame *clinical, const char *where,
                      Arena *a, Err *e)
{
    Rc rc = OK;
    Expr *x = NULL;
    Variable v;
    bool is_variable;
    if (expr_parse(&x, text, a, e) != OK) return as_input(e, where);
    TRY(expr_columns(out, x, a, e));
    for (const char *const *c = *out; *c; c++) TRY(known_column(&v, &is_variable, *c, s, clinical, where, e));
out:
    return rc;
}

/* What stands left of ~, without blanks and backquotes. */
static char *left_side(const char *formula, Arena *a)
{
    char *text = arena_alloc(a, strlen(formula) + 1);
    size_t n = 0;
    for (const char *c = formula; text && *c && *c != '~'; c++)
        if (*c != ' ' && *c != '\t' && *c != '`') text[n++] = *c;
    return text;
}

/* What stands behind the first comma of Surv(), up to its closing bracket. */
static char *event_side(const char *formula, Arena *a)
{
    const char *from = NULL;
    int depth = 0;
    char quote = 0;
    for (const char *c = formula; *c; c++) {
        if (quote) { if (*c == quote) quote = 0; continue; }
        if (*c == '\'' || *c == '"' || *c == '`') quote = *c;
        else if (*c == '(') depth++;
        else if (*c == ')' && --depth == 0) return from ? arena_strndup(a, from, (size_t)(c - from)) : NULL;
        else if (*c == ',' && depth == 1 && !from) from = c + 1;
    }
    return NULL;
}

/* Surv(time, event): its columns must be those of an endpoint, so that everybody means the same by an event. */
static Rc find_endpoint(ModelColumns *out, const ModelSpec *m, const Protocol *p, const char *const *left, const char *where, Arena *a, Err *e)
{
    const char *side = left_side(m->formula, a);
    if (!side) return err_nomem(e);
    out->survival = strncmp(side, "Surv(", 5) == 0;
    for (size_t i = 0; i < p->n_endpoints; i++) {
        const Endpoint *end = &p->endpoint[i];
        if (!out->survival) {
            if (end->column && strcmp(side, end->column) == 0) out->endpoint = end;
            continue;
        }
        if (!end->time) continue;
        char *plain = arena_printf(a, "Surv(%s,%s)", end->time, end->event);
        if (!plain) return err_nomem(e);
        bool time = false, event = false, other = false;
        for (const char *const *c = left; *c; c++) {
            if (strcmp(*c, end->time) == 0) time = true;
            else if (strcmp(*c, end->event) == 0) event = true;
            else other = true;
        }
        if (!time || !event || other) continue;
        const bool exact = strcmp(side, plain) == 0;
        if (out->endpoint && !exact) continue;
        out->endpoint = end;
        out->time = end->time;
        out->event = exact ? end->event : NULL;
    }
    if (out->survival) out->event_expression = event_side(m->formula, a);
    if (out->survival && !out->endpoint)
        return err_set(e, ERR_INPUT, "%s: %s is of no declared endpoint, expected Surv() of the time and event of one of endpoints", where, side);
    return OK;
}

static Rc add_name(ModelColumns *out, const char *name, size_t cap, Err *e)
{
    for (size_t i = 0; i < out->n; i++) if (strcmp(out->name[i], name) == 0) return OK;
    if (out->n == cap) return err_set(e, ERR_INTERNAL, "more columns than were counted");
    out->name[out->n++] = name;
    return OK;
}

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n]) n++;
    return n;
}

/* Options whose text is the name of a column. */
static const char *const column_options[] = { "weights", "cluster", "foldid", "imp" };

/* Collects the columns of formula, options and exclude. */
static Rc collect(ModelColumns *out, const ModelSpec *m, const Protocol *p, const VariableSpace *s, const Frame *clinical, const char *where,
                  Arena *a, Err *e)
{
    Rc rc = OK;
    Formula *f = NULL;
    const char *const *left = NULL, *const *right = NULL, *const *list = NULL;
    const char *const **lists = arena_array(a, p->n_exclude + 3, sizeof *lists);
    size_t n_lists = 0, cap = sizeof column_options / sizeof *column_options;
    if (!lists) return err_nomem(e);
    if (formula_parse(&f, m->formula, a, e) != OK) return as_input(e, where);
    if (formula_columns(&left, &right, f, a, e) != OK) return as_input(e, where);
    lists[n_lists++] = left;
    lists[n_lists++] = right;
    const char *subset = json_text(json_get(m->options, "subset"));
    if (subset) {
        TRY(expression_columns(&list, subset, s, clinical, where, a, e));
        lists[n_lists++] = list;
    }
    for (size_t i = 0; i < p->n_exclude; i++) {
        TRY(expression_columns(&list, p->exclude[i].expression, s, clinical, "study.json: exclude", a, e));
        lists[n_lists++] = list;
    }
    for (size_t i = 0; i < n_lists; i++) cap += count(lists[i]);
    out->name = ARENA_NEW(a, cap + 1, const char *);
    out->variable = ARENA_NEW(a, cap + 1, Variable);
    out->is_variable = ARENA_NEW(a, cap + 1, bool);
    if (!out->name || !out->variable || !out->is_variable) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n_lists; i++) {
        for (const char *const *c = lists[i]; *c; c++) TRY(add_name(out, *c, cap, e));
        if (i == 1) out->n_formula = out->n;               /* lists[0] and [1]: left and right side */
    }
    for (size_t i = 0; i < sizeof column_options / sizeof *column_options; i++) {
        const char *column = json_text(json_get(m->options, column_options[i]));
        if (column && strcmp(column, "patient") != 0) TRY(add_name(out, column, cap, e));
    }
    TRY(find_endpoint(out, m, p, left, where, a, e));
out:
    return rc;
}

/* Tables beside the study are for `reox stat`. */
static Rc refuse_tables(const Method *method, const Json *options, const char *where, Err *e)
{
    const MethodOption *const tables[] = { method->options, method_common_options };
    for (int k = 0; k < 2; k++)
        for (const MethodOption *o = tables[k]; o && o->name; o++)
            if (o->kind == OPTION_TABLE && json_get(options, o->name))
                return err_set(e, ERR_INPUT, "%s: %s of %s names a table of its own and is for reox stat alone", where, o->name, method->name);
    return OK;
}

Rc model_columns(ModelColumns *out, const ModelSpec *m, const Protocol *p, const VariableSpace *s, const Frame *clinical, Arena *a, Err *e)
{
    Rc rc = OK;
    char where[WHERE_MAX];
    snprintf(where, sizeof where, "study.json: models.%.100s", m->name);
    *out = (ModelColumns){ .latest = -1 };
    out->method = method_by_name(m->method);
    if (!out->method) {
        const char *names[128];
        size_t n = 0;
        while (n < 128 && method_at(n)) { names[n] = method_at(n)->name; n++; }
        const char *near = text_nearest(m->method, names, n);
        return err_set(e, ERR_INPUT, "%s.method: unknown method %s%s%s (see reox list methods)", where, m->method, near ? ", perhaps " : "", near ? near : "");
    }
    if (out->method->formula == FORMULA_NONE || !out->method->needs_data)          /* INTERFACE §2 */
        return err_set(e, ERR_INPUT, "%s.method: %s is for reox stat alone, expected a method that fits a model", where, m->method);
    TRY(method_check_options(out->method, m->options, where, e));
    TRY(refuse_tables(out->method, m->options, where, e));
    TRY(collect(out, m, p, s, clinical, where, a, e));
    if (out->method->formula == FORMULA_SURVIVAL && !out->survival) {
        rc = err_set(e, ERR_INPUT, "%s.formula: %s wants Surv(time, event) on the left side", where, m->method);
        goto out;
    }
    for (size_t i = 0; i < out->n; i++) {
        TRY(known_column(&out->variable[i], &out->is_variable[i], out->name[i], s, clinical, where, e));
        if (!out->is_variable[i]) continue;
        if (!p->timepoints_declared) {
            rc = err_set(e, ERR_INPUT, "%s: variable %s names a time point, but timepoints is missing; expected them in their order in time", where, out->name[i]);
            goto out;
        }
        const int latest = variable_latest(&out->variable[i]);
        if (latest > out->latest) out->latest = latest;
    }
out:
    return rc;
}

Rc model_time_rules(const ModelColumns *c, const ModelSpec *m, const Protocol *p, Err *e)
{
    const char *name = NULL;
    for (size_t i = 0; i < c->n && !name; i++)
        if (c->is_variable[i] && variable_latest(&c->variable[i]) == c->latest) name = c->name[i];
    if (!name) return OK;
    if (m->landmark == LANDMARK_TIMEPOINT && c->latest > m->landmark_timepoint)
        return err_set(e, ERR_INPUT, "study.json: models.%s: variable %s is of time point %s, later than the landmark %s: the model would look into the future",
                       m->name, name, p->timepoint[c->latest], p->timepoint[m->landmark_timepoint]);
    if (c->survival && m->landmark == LANDMARK_NONE && c->latest > 0 && !m->allow_immortal_time)
        return err_set(e, ERR_INPUT, "study.json: models.%s: variable %s is of the scan %s, after time zero, and no landmark is set: patients must "
                                     "survive until that "
                       "scan (immortal time); expected \"landmark\": \"%s\", or \"allow_immortal_time\": true", m->name, name, p->timepoint[c->latest],
                       p->timepoint[c->latest]);
    return OK;
}
