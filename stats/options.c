/* stats/options.c: options of a call: those that all methods share, how they are read, what is wrong with a value. */
#include "stats/options.h"

#include <math.h>
#include <string.h>

const MethodOption method_common_options[] = {
    { "subset", OPTION_TEXT, NULL, "keep the rows where this expression is true" },
    { "weights", OPTION_TEXT, NULL, "column with the weight of each row" },
    { "levels", OPTION_TEXT, NULL, "\"col=a,b,c\": order of a column's levels, the first is the reference" },
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

const MethodOption *option_find(const MethodOption *table, const char *key)
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

const char *option_misfit(const MethodOption *o, const Json *v)
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
