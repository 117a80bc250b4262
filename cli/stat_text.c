/* cli/stat_text.c: the result of an analysis as a table for people. */
#include "cli/stat_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

enum { ROWS_MAX = 40, COLUMNS_MAX = 10, ITEMS_MAX = 12 };

static void number(Str *out, double x, int width)
{
    char text[48];
    if (isnan(x)) snprintf(text, sizeof text, "NA");
    else if (x == floor(x) && fabs(x) < 1e7) snprintf(text, sizeof text, "%.0f", x);
    else if (fabs(x) >= 1e-4 && fabs(x) < 1e6) snprintf(text, sizeof text, "%.5g", x);
    else snprintf(text, sizeof text, "%.3e", x);
    str_appendf(out, "%*s", width, text);
}

static void value(Str *out, const Json *j, int width)
{
    if (json_text(j)) str_appendf(out, "%*s", width, json_text(j));
    else if (json_type(j) == JSON_BOOL) str_appendf(out, "%*s", width, json_bool(j) ? "yes" : "no");
    else number(out, json_number(j), width);
}

/* Columns on a terminal, not bytes: names of terms may be UTF-8. */
static int width_of(const char *t) { return (int)utf8_length(t); }

static void name_padded(Str *out, const char *name, int width)
{
    str_append(out, name);
    for (int i = width_of(name); i < width; i++) str_append_char(out, ' ');
}

static bool is_matrix(const Json *j) { return json_get(j, "data") && json_get(j, "cols"); }
static bool is_scalar(const Json *j) { return json_type(j) != JSON_ARRAY && json_type(j) != JSON_OBJECT; }

static bool all_scalars(const Json *j)
{
    for (const Json *x = json_first(j); x; x = json_next(x))
        if (!is_scalar(x)) return false;
    return true;
}

/* chisq 12.3 on 2 df, p = 0.002 */
static void small_object(Str *out, const Json *o)
{
    bool first = true;
    for (const Json *x = json_first(o); x; x = json_next(x)) {
        str_appendf(out, "%s%s ", first ? "" : ", ", json_key(x));
        value(out, x, 0);
        first = false;
    }
    str_append_char(out, '\n');
}

/* Columns of the Wald table that coef and se show already. */
static bool stands_left(const char *column)
{
    return column && (strcmp(column, "est") == 0 || strcmp(column, "se") == 0);
}

/* One row a term, from the objects by term that are there. */
static void coefficients(Str *out, const Json *r)
{
    static const char *const by_term[] = { "coef", "se", "robust_se", NULL };
    const Json *coef = json_get(r, "coef"), *side = json_get(r, "hr");
    if (json_type(coef) != JSON_OBJECT) return;
    if (!is_matrix(side)) side = json_get(r, "or");
    if (!is_matrix(side)) side = json_get(r, "profile_ci95");
    int width = 12;
    for (const Json *x = json_first(coef); x; x = json_next(x)) if (width_of(json_key(x)) > width) width = width_of(json_key(x));
    str_append_char(out, '\n');
    name_padded(out, "", width);
    for (int k = 0; by_term[k]; k++) if (json_type(json_get(r, by_term[k])) == JSON_OBJECT) str_appendf(out, "%12s", by_term[k]);
    if (is_matrix(side))
        for (const Json *c = json_first(json_get(side, "cols")); c; c = json_next(c))
            if (!stands_left(json_text(c))) str_appendf(out, "%12s", json_text(c));
    str_append_char(out, '\n');
    for (const Json *x = json_first(coef); x; x = json_next(x)) {
        name_padded(out, json_key(x), width);
        for (int k = 0; by_term[k]; k++) {
            const Json *o = json_get(r, by_term[k]);
            if (json_type(o) == JSON_OBJECT) number(out, json_number(json_get(o, json_key(x))), 12);
        }
        if (is_matrix(side)) {
            size_t i = 0;
            for (const Json *row = json_first(json_get(side, "rows")); row; row = json_next(row), i++) {
                if (!json_text(row) || strcmp(json_text(row), json_key(x)) != 0) continue;
                const Json *column = json_first(json_get(side, "cols"));
                for (const Json *v = json_first(json_at(json_get(side, "data"), i)); v; v = json_next(v), column = json_next(column))
                    if (!stands_left(json_text(column))) number(out, json_number(v), 12);
            }
        }
        str_append_char(out, '\n');
    }
}

/* A long heading makes its column wider: two never run into each other. */
static int column_width(const Json *heading_of)
{
    int n = json_text(heading_of) ? width_of(json_text(heading_of)) + 2 : 0;
    return n > 13 ? n : 13;
}

static void heading(Str *out, const Json *name, int width)
{
    if (!json_text(name)) { value(out, name, width); return; }
    for (int i = width_of(json_text(name)); i < width; i++) str_append_char(out, ' ');
    str_append(out, json_text(name));
}

static void matrix(Str *out, const char *name, const Json *m)
{
    const Json *rows = json_get(m, "rows"), *cols = json_get(m, "cols"), *data = json_get(m, "data");
    if (json_size(data) > ROWS_MAX || json_size(cols) > COLUMNS_MAX) {
        str_appendf(out, "\n%s: %zu x %zu, with --json\n", name, json_size(data), json_size(cols));
        return;
    }
    int width = 12;
    for (const Json *x = json_first(rows); x; x = json_next(x))
        if (json_text(x) && width_of(json_text(x)) > width) width = width_of(json_text(x));
    str_appendf(out, "\n%s\n", name);
    name_padded(out, "", width);
    for (const Json *c = json_first(cols); c; c = json_next(c)) heading(out, c, column_width(c));
    str_append_char(out, '\n');
    size_t i = 0;
    for (const Json *row = json_first(data); row; row = json_next(row), i++) {
        const Json *label = json_at(rows, i);
        char text[32];
        if (!json_text(label)) snprintf(text, sizeof text, "%.6g", label ? json_number(label) : (double)(i + 1));
        name_padded(out, json_text(label) ? json_text(label) : text, width);
        const Json *c = json_first(cols);
        for (const Json *v = json_first(row); v; v = json_next(v), c = c ? json_next(c) : NULL) value(out, v, column_width(c));
        str_append_char(out, '\n');
    }
}

static bool is_list(const Json *j) { return json_type(j) == JSON_ARRAY && all_scalars(j); }

/* [0.63, 0.83] */
static void short_list(Str *out, const Json *list)
{
    str_append_char(out, '[');
    for (const Json *v = json_first(list); v; v = json_next(v)) {
        if (v != json_first(list)) str_append(out, ", ");
        value(out, v, 0);
    }
    str_append_char(out, ']');
}

/* Members that are lists of one length, more than one of them: columns of a table. Their length, 0 when there are none. Pairs of
 * numbers alone are limits, no table. */
static size_t table_length(const Json *o)
{
    size_t n = 0, lists = 0;
    bool texts = false;
    for (const Json *x = json_first(o); x; x = json_next(x)) {
        if (!is_list(x) || json_size(x) < 2) continue;
        if (lists && json_size(x) != n) return 0;
        n = json_size(x);
        texts = texts || json_text(json_first(x));
        lists++;
    }
    return lists > 1 && (n > 2 || texts) ? n : 0;
}

static void table(Str *out, const char *path, const Json *o, size_t rows)
{
    if (rows > ROWS_MAX) {
        str_appendf(out, "%s: %zu rows, with --json\n", path, rows);
        return;
    }
    str_appendf(out, "\n%s\n", path);
    for (const Json *x = json_first(o); x; x = json_next(x))
        if (is_list(x) && json_size(x) == rows) str_appendf(out, "%*s", width_of(json_key(x)) > 11 ? width_of(json_key(x)) + 2 : 13, json_key(x));
    str_append_char(out, '\n');
    for (size_t i = 0; i < rows; i++) {
        for (const Json *x = json_first(o); x; x = json_next(x))
            if (is_list(x) && json_size(x) == rows)
                value(out, json_at(x, i), width_of(json_key(x)) > 11 ? width_of(json_key(x)) + 2 : 13);
        str_append_char(out, '\n');
    }
}

enum { DEPTH_MAX = 4, PATH_MAX_TEXT = 160 };

/* Anything with parts: its scalars and short lists on a line, then tables, then what lies deeper, each under its path. */
static void part(Str *out, const char *path, const Json *o, int depth)
{
    size_t rows = table_length(o);
    bool any = false;
    for (const Json *x = json_first(o); x; x = json_next(x)) {
        bool list = is_list(x) && !(rows && json_size(x) == rows) && json_size(x) <= ITEMS_MAX && json_size(x) > 0;
        if (!json_key(x) || json_type(x) == JSON_NULL || !(is_scalar(x) || list)) continue;
        if (any) str_append(out, ", ");
        else str_appendf(out, "%s: ", path);
        str_appendf(out, "%s ", json_key(x));
        if (list) short_list(out, x); else value(out, x, 0);
        any = true;
    }
    if (any) str_append_char(out, '\n');
    if (rows) table(out, path, o, rows);
    size_t at = 0;
    for (const Json *x = json_first(o); x; x = json_next(x)) {
        char deeper[PATH_MAX_TEXT];
        at++;
        if (is_scalar(x) || (rows && is_list(x) && json_size(x) == rows)) continue;
        if (json_key(x)) snprintf(deeper, sizeof deeper, "%s.%s", path, json_key(x));
        else snprintf(deeper, sizeof deeper, "%s[%zu]", path, at);
        if (json_type(x) == JSON_OBJECT && is_matrix(x)) matrix(out, deeper, x);
        else if (is_list(x)) {
            if (json_size(x) > ITEMS_MAX) str_appendf(out, "%s: %zu entries, with --json\n", deeper, json_size(x));
        } else if (depth < DEPTH_MAX && json_size(x) <= ROWS_MAX) {
            part(out, deeper, x, depth + 1);
        } else {
            str_appendf(out, "%s: %zu entries, with --json\n", deeper, json_size(x));
        }
    }
}

static bool shown_elsewhere(const char *key)
{
    static const char *const keys[] = { "schema", "method", "formula", "diagnosis", "missing", "coef", "se", "robust_se", "hr", "or", "wald",
                                        "vcov", "robust_vcov", "fit", NULL };
    for (int k = 0; keys[k]; k++) if (strcmp(keys[k], key) == 0) return true;
    return strncmp(key, "vcov_", 5) == 0;             /* other covariance matrices: with --json */
}

void stat_text(Str *out, const Json *r)
{
    const char *formula = json_text(json_get(r, "formula"));
    str_appendf(out, "%s%s%s\n", json_text(json_get(r, "method")), formula ? "  " : "", formula ? formula : "");
    bool first = true;
    for (const Json *x = json_first(r); x; x = json_next(x)) {
        if (!is_scalar(x) || json_text(x) || shown_elsewhere(json_key(x)) || json_type(x) == JSON_NULL) continue;
        str_appendf(out, "%s%s ", first ? "" : ", ", json_key(x));
        value(out, x, 0);
        first = false;
    }
    if (!first) str_append_char(out, '\n');
    for (const Json *x = json_first(r); x; x = json_next(x))      /* sentences each on a line */
        if (json_text(x) && !shown_elsewhere(json_key(x))) str_appendf(out, "%s: %s\n", json_key(x), json_text(x));
    bool any = false;
    for (const Json *x = json_first(json_get(r, "missing")); x; x = json_next(x))
        if (json_number(x) > 0) { str_appendf(out, "%s%s %g", any ? ", " : "missing: ", json_key(x), json_number(x)); any = true; }
    if (any) str_append_char(out, '\n');
    for (const Json *d = json_first(json_get(r, "diagnosis")); d; d = json_next(d))
        str_appendf(out, "note: %s: %s\n", json_text(json_get(d, "code")), json_text(json_get(d, "message")));
    coefficients(out, r);
    str_append_char(out, '\n');
    for (const Json *x = json_first(r); x; x = json_next(x)) {
        const char *key = json_key(x);
        if (is_scalar(x) || shown_elsewhere(key) || json_size(x) == 0) continue;
        if (json_type(x) == JSON_OBJECT && is_matrix(x)) matrix(out, key, x);
        else if (json_type(x) == JSON_OBJECT && all_scalars(x) && json_size(x) <= ITEMS_MAX) { str_appendf(out, "%s: ", key); small_object(out, x); }
        else if (is_list(x) && json_size(x) <= ITEMS_MAX) { str_appendf(out, "%s ", key); short_list(out, x); str_append_char(out, '\n'); }
        else if (is_list(x) || json_size(x) > ROWS_MAX) str_appendf(out, "%s: %zu entries, with --json\n", key, json_size(x));
        else part(out, key, x, 0);
    }
}
