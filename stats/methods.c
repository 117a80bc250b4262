/* stats/methods.c: the table of methods, their options, and the one way to call them. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/diagnosis.h"
#include "stats/impute_pool.h"
#include "stats/linalg.h"
#include "stats/method.h"

#define METHOD(name, ...) extern const Method method_##name;
#include "stats/methods.def"
#undef METHOD

static const Method *const methods[] = {
#define METHOD(name, ...) &method_##name,
#include "stats/methods.def"
#undef METHOD
    NULL
};

static const MethodTakes takes[] = {
#define METHOD(name, ...) { __VA_ARGS__ },
#include "stats/methods.def"
#undef METHOD
};

const MethodOption method_common_options[] = {
    { "subset", OPTION_TEXT, NULL, "keep the rows where this expression is true" },
    { "weights", OPTION_TEXT, NULL, "column with the weight of each row" },
    { "levels", OPTION_TEXT, NULL, "\"col=a,b,c\": order of a column's levels, the first is the reference; repeatable" },
    { "cluster", OPTION_TEXT, NULL, "column of what belongs together; makes the variance robust" },
    { "newdata", OPTION_TABLE, NULL, "table of rows to predict for" },
    { "times", OPTION_NUMBERS, NULL, "times to evaluate at" },
    { "tau", OPTION_NUMBER, NULL, "upper limit of time" },
    { "conf", OPTION_NUMBER, NULL, "level of intervals (0.95)" },
    { "seed", OPTION_INTEGER, NULL, "of random numbers" },
    { "landmark", OPTION_NUMBER, NULL, "keep rows with time > L and start the clock there" },
    { "imp", OPTION_TEXT, NULL, "column that numbers completed tables stacked in one: pooled by Rubin's rules" },
    { "dfcom", OPTION_TEXT, NULL, "degrees of freedom of the complete table, or inf (n - p; survival: events - p)" },
    { "drop-collinear", OPTION_FLAG, NULL, "go on without the later of collinear columns" },
    { "drop-empty", OPTION_FLAG, NULL, "leave out intervals of length 0" },
    { "no-timefix", OPTION_FLAG, NULL, "do not merge times that differ by rounding" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

const Method *method_at(size_t i)
{
    size_t n = sizeof methods / sizeof *methods - 1;
    return i < n ? methods[i] : NULL;
}

const Method *method_by_name(const char *name)
{
    for (size_t i = 0; method_at(i); i++)
        if (strcmp(method_at(i)->name, name) == 0) return method_at(i);
    return NULL;
}

const MethodTakes *method_takes(const Method *m)
{
    size_t i = 0;
    while (methods[i] && methods[i] != m) i++;
    assert(methods[i]);
    return &takes[i];
}

/* Of the common options that only some methods can use; TAKES for the others. */
static Take takes_option(const Method *m, const char *key)
{
    const MethodTakes *t = method_takes(m);
    const struct { const char *name; Take take; } row[] = {
        { "weights", t->weights }, { "cluster", t->cluster }, { "newdata", t->newdata }, { "times", t->times }, { "tau", t->tau },
        { "conf", t->conf }, { "subset", m->needs_data }, { "levels", m->needs_data }, { "landmark", m->needs_data },
        { "imp", m->needs_data }, { "dfcom", m->needs_data }
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (strcmp(row[i].name, key) == 0) return row[i].take;
    return TAKES;
}

bool method_takes_option(const Method *m, const char *name) { return takes_option(m, name) != TAKES_NOT; }

/* ---- options */

double option_number(const StatCall *c, const char *key, double fallback)
{
    const Json *j = json_get(c->options, key);
    return json_type(j) == JSON_NUMBER ? json_number(j) : fallback;
}

const char *option_text(const StatCall *c, const char *key, const char *fallback)
{
    const char *t = json_text(json_get(c->options, key));
    return t ? t : fallback;
}

bool option_flag(const StatCall *c, const char *key) { return json_bool(json_get(c->options, key)); }

size_t option_numbers(const double **x, const StatCall *c, const char *key, Arena *a)
{
    const Json *j = json_get(c->options, key);
    size_t n = 0;
    *x = NULL;
    if (json_type(j) != JSON_NUMBER && json_type(j) != JSON_ARRAY) return 0;
    double *v = ARENA_NEW(a, json_type(j) == JSON_ARRAY ? json_size(j) : 1, double);
    if (!v) return 0;
    if (json_type(j) == JSON_NUMBER) v[n++] = json_number(j);
    else for (const Json *q = json_first(j); q; q = json_next(q)) v[n++] = json_number(q);
    *x = v;
    return n;
}

static const MethodOption *find_option(const MethodOption *table, const char *key)
{
    for (; table && table->name; table++) {
        size_t i = 0;
        while (key[i] && table->name[i] && (key[i] == table->name[i] || (key[i] == '_' && table->name[i] == '-'))) i++;
        if (!key[i] && !table->name[i]) return table;
    }
    return NULL;
}

static bool choice_fits(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *c = choices; *c;) {
        const char *end = strchr(c, '|');
        size_t width = end ? (size_t)(end - c) : strlen(c);
        if (width == n && strncmp(c, text, n) == 0) return true;
        c = end ? end + 1 : c + width;
    }
    return false;
}

/* What is wrong with a value, as "expected …"; NULL when it fits. */
static const char *misfit(const MethodOption *o, const Json *v)
{
    JsonType t = json_type(v);
    switch (o->kind) {
    case OPTION_FLAG: return t == JSON_BOOL ? NULL : "true or false";
    case OPTION_NUMBER: return t == JSON_NUMBER ? NULL : "a number";
    case OPTION_INTEGER: return t == JSON_NUMBER && json_number(v) == floor(json_number(v)) ? NULL : "a whole number";
    case OPTION_NUMBERS:
        if (t == JSON_NUMBER) return NULL;
        if (t != JSON_ARRAY) return "a list of numbers";
        for (const Json *q = json_first(v); q; q = json_next(q))
            if (json_type(q) != JSON_NUMBER) return "a list of numbers";
        return NULL;
    case OPTION_CHOICE: return t == JSON_TEXT && choice_fits(o->choices, json_text(v)) ? NULL : o->choices;
    default:
        if (t == JSON_TEXT) return NULL;
        if (t != JSON_ARRAY || strcmp(o->name, "levels") != 0) return "text";
        for (const Json *q = json_first(v); q; q = json_next(q))
            if (json_type(q) != JSON_TEXT) return "a list of texts";
        return NULL;
    }
}

Rc method_check_options(const Method *m, const Json *options, const char *where, Err *e)
{
    for (const Json *v = json_first(options); v; v = json_next(v)) {
        const char *key = json_key(v);
        const MethodOption *own = find_option(m->options, key), *o = own ? own : find_option(method_common_options, key);
        if (!o) {
            const char *names[96];
            size_t n = 0;
            for (const MethodOption *q = m->options; q && q->name && n < 64; q++) names[n++] = q->name;
            for (const MethodOption *q = method_common_options; q->name && n < 96; q++) names[n++] = q->name;
            const char *near = text_nearest(key, names, n);
            return err_set(e, ERR_INPUT, "%s: %s has no option '%s'%s%s%s", where, m->name, key, near ? "; did you mean '" : "",
                           near ? near : "", near ? "'?" : "");
        }
        const char *wanted = misfit(o, v);
        if (wanted)
            return err_set(e, ERR_INPUT, "%s: %s is %s%s%s, expected %s", where, key,
                           json_text(v) ? "'" : "", json_text(v) ? json_text(v) : json_type_name(v), json_text(v) ? "'" : "", wanted);
        Take take = own ? TAKES : takes_option(m, key);
        if (take == TAKES_NOT && strcmp(key, "conf") != 0) return err_set(e, ERR_USAGE, "%s: %s takes no --%s", where, m->name, key);
        if (take == TAKES_FOR_NEWDATA && !json_get(options, "newdata"))
            return err_set(e, ERR_USAGE, "%s: %s takes --%s for the rows of --newdata alone", where, m->name, key);
    }
    double conf = json_type(json_get(options, "conf")) == JSON_NUMBER ? json_number(json_get(options, "conf")) : .95;
    if (!(conf > 0 && conf < 1)) return err_set(e, ERR_INPUT, "%s: conf is %g, expected a number between 0 and 1", where, conf);
    return OK;
}

/* ---- the call */

static void set_absent(Json *out, const char *key, Json *value)
{
    if (json_get(out, key)) json_free(value);
    else json_set(out, key, value);
}

Rc method_call(Json **out, const Method *m, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Json *j = json_object();
    if (!j) return err_nomem(e);
    linalg_init();
    json_set_text(j, "schema", "reox.stat/1");
    json_set_text(j, "method", m->name);
    json_set(j, "formula", json_from_text(call->formula));
    if (m->formula != FORMULA_NONE && !call->formula)
        rc = err_set(e, ERR_USAGE, "%s wants a formula", m->name);
    else if (m->formula == FORMULA_NONE && call->formula)
        rc = err_set(e, ERR_USAGE, "%s takes no formula", m->name);
    else if (m->needs_data && !call->data)
        rc = err_set(e, ERR_USAGE, "%s wants a table (--data F.csv)", m->name);
    else {
        StatCall own = *call;
        own.method = m;
        rc = option_text(call, "imp", NULL) ? pooled_call(j, m, &own, e) : m->run(j, &own, e);
    }
    if (json_get(call->options, "conf") && !method_takes_option(m, "conf"))
        diagnose(j, "option_unused", "%s prints no interval: --conf changes nothing", m->name);
    set_absent(j, "converged", json_from_bool(rc == OK));
    set_absent(j, "iterations", json_from_number(0));
    set_absent(j, "diagnosis", json_array());
    set_absent(j, "missing", json_object());
    if (rc != OK && rc != ERR_ESTIMATE) { json_free(j); j = NULL; }
    *out = j;
    return rc;
}
