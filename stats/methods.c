/* stats/methods.c: the table of methods, what each one takes, and the one way to call them. */
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
#include "stats/options.h"

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

Rc method_check_options(const Method *m, const Json *options, const char *where, Err *e)
{
    for (const Json *v = json_first(options); v; v = json_next(v)) {
        const char *key = json_key(v);
        const MethodOption *own = option_find(m->options, key), *o = own ? own : option_find(method_common_options, key);
        if (!o) {
            const char *names[96];
            size_t n = 0;
            for (const MethodOption *q = m->options; q && q->name && n < 64; q++) names[n++] = q->name;
            for (const MethodOption *q = method_common_options; q->name && n < 96; q++) names[n++] = q->name;
            const char *near = text_nearest(key, names, n);
            return err_set(e, ERR_INPUT, "%s: %s has no option '%s'%s%s%s", where, m->name, key, near ? "; did you mean '" : "",
                           near ? near : "", near ? "'?" : "");
        }
        const char *wanted = option_misfit(o, v);
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
        own.takes = method_takes(m);
        rc = option_text(call, "imp", NULL) ? pooled_call(j, m, &own, e) : m->run(j, &own, e);
    }
    if (json_get(call->options, "conf") && !method_takes_option(m, "conf"))
        diagnose(j, "option_unused", "%s prints no interval: --conf changes nothing", m->name);
    if (rc == ERR_ESTIMATE && !json_size(json_get(j, "diagnosis"))) diagnose(j, "no_information", "%s", e && e->text[0] ? e->text : "no estimate");
    set_absent(j, "converged", json_from_bool(rc == OK));
    set_absent(j, "iterations", json_from_number(0));
    set_absent(j, "diagnosis", json_array());
    set_absent(j, "missing", json_object());
    if (rc != OK && rc != ERR_ESTIMATE) { json_free(j); j = NULL; }
    *out = j;
    return rc;
}
