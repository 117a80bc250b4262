/* cli/stat_text.c: the result of an analysis as tables for people. Nothing here knows a method: what stands together in the result, by the
 * shape of its JSON, becomes one table. */
#include "cli/stat_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/text_table.h"
#include "core/utf8.h"

enum { ROWS_SHOWN = 40, LIST_SHOWN = 12, CELLS_SHOWN = 40, DEPTH_MAX = 4, PATH_MAX_TEXT = 160 };

/* `labels` names the rows of a table that has none itself and as many rows: the time points of the analysis, or the table before it. */
typedef struct { Str *out; const Json *result, *labels; bool after_table; } Page;

/* ---- what a part of the result is */

static bool is_matrix(const Json *j) { return json_type(json_get(j, "data")) == JSON_ARRAY; }
static bool is_scalar(const Json *j) { return json_type(j) != JSON_ARRAY && json_type(j) != JSON_OBJECT; }

static bool is_list(const Json *j)
{
    if (json_type(j) != JSON_ARRAY) return false;
    if (json_size(j) > ROWS_SHOWN) return is_scalar(json_at(j, 0));
    for (const Json *x = json_first(j); x; x = json_next(x)) if (!is_scalar(x)) return false;
    return true;
}

/* [lower, upper] under a name that says so. */
static bool is_limits(const Json *j)
{
    const char *key = json_key(j);
    return key && is_list(j) && json_size(j) == 2 && !json_text(json_at(j, 0)) &&
           (strncmp(key, "ci", 2) == 0 || strstr(key, "_ci") || strstr(key, "interval") || strstr(key, "asym") || strcmp(key, "loa") == 0 ||
            strncmp(key, "wilson", 6) == 0 || strcmp(key, "clopper_pearson") == 0);
}

static bool in_one_cell(const Json *j) { return is_scalar(j) || is_limits(j) || (is_list(j) && json_size(j) == 1); }
static const Json *cell_of(const Json *j) { return is_list(j) && json_size(j) == 1 ? json_at(j, 0) : j; }

/* Lists of one length below each other, with more than one of them: columns. Their length, 0 when there are none. */
static size_t column_length(const Json *o)
{
    size_t best = 0, lists = 1;
    if (json_type(o) != JSON_OBJECT) return 0;
    for (const Json *x = json_first(o); x; x = json_next(x)) {
        size_t same = 0;
        if (!is_list(x) || is_limits(x) || json_size(x) < 2) continue;
        for (const Json *y = json_first(o); y; y = json_next(y)) same += is_list(y) && !is_limits(y) && json_size(y) == json_size(x);
        if (same > lists) { lists = same; best = json_size(x); }
    }
    return best;
}
static bool is_column(const Json *x, size_t rows) { return rows > 0 && is_list(x) && !is_limits(x) && json_size(x) == rows; }

/* Objects whose values in one cell have the same names, at least two of them: rows of one table. */
static bool alike(const Json *a, const Json *b)
{
    size_t shared = 0;
    if (json_type(a) != JSON_OBJECT || json_type(b) != JSON_OBJECT || is_matrix(a) || is_matrix(b)) return false;
    for (const Json *x = json_first(a); x; x = json_next(x)) {
        if (!in_one_cell(x)) continue;
        const Json *y = json_get(b, json_key(x));
        if (!y || !in_one_cell(y)) return false;
        shared++;
    }
    for (const Json *y = json_first(b); y; y = json_next(y)) if (in_one_cell(y) && !json_get(a, json_key(y))) return false;
    return shared > 1;
}

/* The result's parts that are shown in the head, among the coefficients, or with --json alone. */
static bool shown_elsewhere(const char *key)
{
    static const char *const keys[] = { "schema", "method", "formula", "diagnosis", "missing", "coef", "se", "robust_se", "hr", "or", "wald", "robust_wald",
                                        "vcov", "robust_vcov", "fit", NULL };
    for (int k = 0; keys[k]; k++) if (strcmp(keys[k], key) == 0) return true;
    return strncmp(key, "vcov_", 5) == 0;
}

/* Of parts that say the same in several ways (types of interval, time transforms) the first is shown, the others are named. */
static bool is_another_of_its_kind(const Json *parent, const Json *x)
{
    static const char *const kinds[] = { "ci_", "quantiles_", "zph_" };
    for (size_t k = 0; json_key(x) && k < sizeof kinds / sizeof *kinds; k++) {
        const size_t n = strlen(kinds[k]);
        if (strncmp(json_key(x), kinds[k], n) != 0) continue;
        for (const Json *y = json_first(parent); y != x; y = json_next(y)) if (strncmp(json_key(y), kinds[k], n) == 0) return true;
    }
    return false;
}

static bool hidden(const Page *p, const Json *parent, const Json *x)
{
    return json_type(x) == JSON_NULL || (parent == p->result && shown_elsewhere(json_key(x))) || is_another_of_its_kind(parent, x);
}

/* ---- lines */

static void left_to_json(Page *p, const char *path, const Json *j)
{
    if (is_matrix(j)) str_appendf(p->out, "%s: %zu x %zu, with --json\n", path, json_size(json_get(j, "data")),
                                  json_size(json_at(json_get(j, "data"), 0)));
    else str_appendf(p->out, "%s: %zu %s, with --json\n", path, json_size(j), is_list(j) ? "values" : "entries");
}

/* A line that goes on below when it is full; it begins at `start` and has `n` items. */
typedef struct { Str *out; size_t start, n; } Line;

static void item(Line *l, const char *name, const Json *j)
{
    Str text = { 0 };
    str_appendf(&text, "%s ", name);
    if (in_one_cell(j)) text_value(&text, cell_of(j));
    else {
        str_append_char(&text, '[');
        for (const Json *v = json_first(j); v; v = json_next(v)) {
            if (v != json_first(j)) str_append(&text, ", ");
            text_value(&text, v);
        }
        str_append_char(&text, ']');
    }
    if (l->n++ > 0) {
        str_append_char(l->out, ',');
        if (utf8_length(str_text(l->out) + l->start) + utf8_length(str_text(&text)) < TEXT_LINE) str_append_char(l->out, ' ');
        else {
            str_append(l->out, "\n    ");
            l->start = l->out->len - 4;
        }
    }
    str_append(l->out, str_text(&text));
    l->out->failed = l->out->failed || text.failed;
    str_free(&text);
}

static void line_end(Line *l) { if (l->n > 0) str_append_char(l->out, '\n'); }

/* Before a line: a blank one when a table stands above. */
static void leave_table(Page *p)
{
    if (p->after_table) str_append_char(p->out, '\n');
    p->after_table = false;
}

/* ---- tables */

/* `title` NULL: the line above is the title; "": none. */
static void print_table(Page *p, const char *title, TextTable *t)
{
    if (title) str_appendf(p->out, "\n%s%s", title, *title ? "\n" : "");
    text_table_print(p->out, t);
    p->after_table = true;
}

static void fill(TextTable *t, const char *heading, const Json *list)
{
    size_t i = 0;
    text_table_column(t, heading);
    for (const Json *v = json_first(list); v; v = json_next(v)) text_table_json(t, i++, v);
}

static bool names_rows(const Json *x)
{
    static const char *const names[] = { "strata", "time", "times", NULL };
    for (int k = 0; json_key(x) && names[k]; k++) if (strcmp(json_key(x), names[k]) == 0) return true;
    return false;
}

/* Labels from the page for a table of `rows` rows: of a row each, or of a curve each. */
static void label_rows(TextTable *t, const Page *p, size_t rows)
{
    const Json *strata = json_get(p->labels, "strata"), *before = NULL;
    size_t curves = 0;
    for (const Json *s = json_first(strata); s; before = s, s = json_next(s)) curves += !before || !text_equal(json_text(s), json_text(before));
    if (curves == rows && curves < json_size(strata)) {
        size_t i = 0;
        text_table_column(t, "strata");
        for (const Json *s = json_first(strata); s; before = s, s = json_next(s))
            if (i == 0 || !text_equal(json_text(s), json_text(before))) text_table_json(t, i++, s);
        t->n_labels++;
        return;
    }
    for (const Json *x = json_first(p->labels); x; x = json_next(x))
        if (names_rows(x) && is_column(x, rows)) { fill(t, json_key(x), x); t->n_labels++; }
}

static void matrix(Page *p, const char *path, const Json *m)
{
    const Json *rows = json_get(m, "rows"), *cols = json_get(m, "cols"), *data = json_get(m, "data");
    const size_t n_columns = json_size(json_at(data, 0));
    TextTable t = { 0 };
    if (json_size(data) > ROWS_SHOWN || n_columns > TEXT_TABLE_COLUMNS - 4) { leave_table(p); left_to_json(p, path, m); return; }
    if (json_size(rows)) { fill(&t, "", rows); t.n_labels++; }
    else label_rows(&t, p, json_size(data));
    for (size_t k = 0; k < n_columns; k++) {
        Str heading = { 0 };
        size_t i = 0;
        if (cols) text_value(&heading, json_at(cols, k)); else str_appendf(&heading, "%zu", k + 1);
        text_table_column(&t, str_text(&heading));
        str_free(&heading);
        for (const Json *row = json_first(data); row; row = json_next(row)) text_table_json(&t, i++, json_at(row, k));
    }
    print_table(p, path, &t);
}

/* The members of `o` that are columns of `rows` rows. */
static void columns(Page *p, const char *title, const Json *o, size_t rows)
{
    TextTable t = { 0 };
    bool labelled = false;
    for (const Json *x = json_first(o); x; x = json_next(x)) labelled = labelled || (is_column(x, rows) && (names_rows(x) || json_text(json_at(x, 0))));
    if (!labelled) label_rows(&t, p, rows);
    for (const Json *x = json_first(o); x; x = json_next(x))
        if (is_column(x, rows) && !hidden(p, o, x) && t.n_columns < TEXT_TABLE_COLUMNS) fill(&t, json_key(x), x);
    print_table(p, title, &t);
    if (labelled) p->labels = o;
}

/* A row for every member of `parent` that is alike `first`, a column for each value in one cell. False when it would be too large. */
static bool rows_alike(Page *p, const char *title, const Json *parent, const Json *first)
{
    TextTable t = { 0 };
    size_t rows = 0, cells = 0;
    for (const Json *x = first; x; x = json_next(x)) rows += !hidden(p, parent, x) && alike(first, x);
    for (const Json *c = json_first(first); c; c = json_next(c)) cells += in_one_cell(c);
    if (rows > ROWS_SHOWN || cells >= TEXT_TABLE_COLUMNS) return false;
    if (json_key(first)) {
        size_t i = 0;
        text_table_column(&t, "");
        t.n_labels = 1;
        for (const Json *x = first; x; x = json_next(x)) if (!hidden(p, parent, x) && alike(first, x)) text_table_cell(&t, i++, json_key(x));
    }
    for (const Json *c = json_first(first); c; c = json_next(c)) {
        size_t i = 0;
        bool any = false;
        if (!in_one_cell(c)) continue;
        for (const Json *x = first; x; x = json_next(x)) any = any || (alike(first, x) && json_type(json_get(x, json_key(c))) != JSON_NULL);
        if (!any) continue;
        text_table_column(&t, json_key(c));
        for (const Json *x = first; x; x = json_next(x))
            if (!hidden(p, parent, x) && alike(first, x)) text_table_json(&t, i++, cell_of(json_get(x, json_key(c))));
    }
    print_table(p, title, &t);
    return true;
}

/* ---- the walk */

/* The first of the members of `parent` that are alike x when x is not alone; NULL when it is. */
static const Json *first_alike(const Page *p, const Json *parent, const Json *x)
{
    const Json *first = NULL;
    size_t n = 0;
    for (const Json *y = json_first(parent); y; y = json_next(y)) {
        if (hidden(p, parent, y) || !alike(x, y)) continue;
        if (!first) first = y;
        n++;
    }
    return n > 1 ? first : NULL;
}

static void path_of(char out[PATH_MAX_TEXT], const char *path, const Json *x, size_t at)
{
    if (json_key(x)) snprintf(out, PATH_MAX_TEXT, "%s%s%s", path, *path ? "." : "", json_key(x));
    else snprintf(out, PATH_MAX_TEXT, "%s[%zu]", path, at);
}

/* Anything with parts: its single values (unless a table above has them) and short lists on a line, its columns as a table, then what lies
 * deeper, each under its path. */
static void part(Page *p, const char *path, const Json *o, bool cells_shown, int depth)
{
    char deeper[PATH_MAX_TEXT];
    size_t at = 0, cells = 0;
    const size_t rows = column_length(o);
    for (const Json *x = json_first(o); x; x = json_next(x)) cells += in_one_cell(x);
    if (!cells_shown && cells > CELLS_SHOWN) { leave_table(p); left_to_json(p, path, o); return; }
    Line line = { .out = p->out };
    for (const Json *x = json_first(o); x; x = json_next(x)) {
        const bool cell = in_one_cell(x), list = is_list(x) && !cell && !is_column(x, rows) && json_size(x) > 0 && json_size(x) <= LIST_SHOWN;
        if (!json_key(x) || hidden(p, o, x) || !(list || (cell && !cells_shown))) continue;
        if (line.n == 0) {
            if (rows && rows <= ROWS_SHOWN) str_append_char(p->out, '\n'); else leave_table(p);
            line.start = p->out->len;
            if (*path) str_appendf(p->out, "%s: ", path);
        }
        item(&line, json_key(x), x);
    }
    line_end(&line);
    if (rows > ROWS_SHOWN) { leave_table(p); str_appendf(p->out, "%s: %zu rows, with --json\n", path, rows); }
    else if (rows) columns(p, line.n > 0 ? NULL : path, o, rows);
    bool titled = line.n > 0 && rows == 0 && *path;
    for (const Json *x = json_first(o); x; x = json_next(x)) {
        at++;
        if (hidden(p, o, x) || in_one_cell(x) || is_column(x, rows) || json_size(x) == 0) continue;
        path_of(deeper, path, x, at);
        const Json *first = first_alike(p, o, x);
        if (is_matrix(x)) matrix(p, deeper, x);
        else if (is_list(x)) { if (json_size(x) > LIST_SHOWN) { leave_table(p); left_to_json(p, deeper, x); } }
        else if (depth == DEPTH_MAX || (json_type(x) == JSON_ARRAY && json_size(x) > ROWS_SHOWN)) { leave_table(p); left_to_json(p, deeper, x); }
        else if (!first) part(p, deeper, x, false, depth + 1);
        else if (first == x) {
            const bool shown = rows_alike(p, titled ? NULL : path, o, first);
            size_t sibling = 0;
            for (const Json *y = json_first(o); y; y = json_next(y)) {
                sibling++;
                if (hidden(p, o, y) || !alike(x, y)) continue;
                path_of(deeper, path, y, sibling);
                part(p, deeper, y, shown, depth + 1);
            }
        }
        titled = false;
    }
    line = (Line){ .out = p->out };
    for (const Json *x = json_first(o); x; x = json_next(x)) {
        if (!is_another_of_its_kind(o, x)) continue;
        if (line.n++ == 0) { leave_table(p); str_append(p->out, "with --json:"); }
        path_of(deeper, path, x, 0);
        str_appendf(p->out, " %s", deeper);
    }
    line_end(&line);
}

/* Columns of the Wald table that coef and se show already. */
static bool stands_left(const Json *column) { return json_text(column) && (strcmp(json_text(column), "est") == 0 || strcmp(json_text(column), "se") == 0); }

static const Json *row_named(const Json *m, const char *name)
{
    size_t i = 0;
    for (const Json *row = json_first(json_get(m, "rows")); row; row = json_next(row), i++)
        if (json_text(row) && strcmp(json_text(row), name) == 0) return json_at(json_get(m, "data"), i);
    return NULL;
}

/* One row a term, from the objects by term that are there. */
static void coefficients(Page *p)
{
    static const char *const by_term[] = { "coef", "se", "robust_se", NULL };
    const Json *r = p->result, *coef = json_get(r, "coef"), *side = json_get(r, "hr");
    TextTable t = { .n_labels = 1 };
    if (json_type(coef) != JSON_OBJECT || json_size(coef) == 0) return;
    if (json_size(coef) > TEXT_TABLE_ROWS) { left_to_json(p, "coef", coef); return; }
    if (!is_matrix(side)) side = json_get(r, "or");
    if (!is_matrix(side)) side = json_get(r, "profile_ci95");
    size_t i = 0;
    text_table_column(&t, "");
    for (const Json *x = json_first(coef); x; x = json_next(x)) text_table_cell(&t, i++, json_key(x));
    for (int k = 0; by_term[k]; k++) {
        const Json *o = json_get(r, by_term[k]);
        if (json_type(o) != JSON_OBJECT) continue;
        text_table_column(&t, by_term[k]);
        i = 0;
        for (const Json *x = json_first(coef); x; x = json_next(x)) text_table_json(&t, i++, json_get(o, json_key(x)));
    }
    size_t k = 0;
    for (const Json *c = is_matrix(side) ? json_first(json_get(side, "cols")) : NULL; c; c = json_next(c), k++) {
        if (stands_left(c) || !json_text(c) || !text_table_column(&t, json_text(c))) continue;
        i = 0;
        for (const Json *x = json_first(coef); x; x = json_next(x), i++) {
            const Json *row = row_named(side, json_key(x));
            if (row) text_table_json(&t, i, json_at(row, k));
        }
    }
    str_append_char(p->out, '\n');
    print_table(p, NULL, &t);
}

/* What was done, on how many rows, in which convention; what is missing, what to be warned of. */
static void opening(Page *p)
{
    const Json *r = p->result;
    const char *formula = json_text(json_get(r, "formula"));
    str_appendf(p->out, "%s%s%s\n", json_text(json_get(r, "method")), formula ? "  " : "", formula ? formula : "");
    const bool iterated = json_number(json_get(r, "iterations")) > 0 || !json_bool(json_get(r, "converged"));
    Line line = { .out = p->out, .start = p->out->len };
    for (const Json *x = json_first(r); x; x = json_next(x)) {
        const char *key = json_key(x);
        if (!in_one_cell(x) || json_text(cell_of(x)) || hidden(p, r, x)) continue;
        if (!iterated && (strcmp(key, "iterations") == 0 || strcmp(key, "converged") == 0)) continue;
        item(&line, key, x);
    }
    line_end(&line);
    for (const Json *x = json_first(r); x; x = json_next(x))      /* sentences each on a line */
        if (json_text(x) && !hidden(p, r, x)) str_appendf(p->out, "%s: %s\n", json_key(x), json_text(x));
    line = (Line){ .out = p->out };
    for (const Json *x = json_first(json_get(r, "missing")); x; x = json_next(x)) {
        if (!(json_number(x) > 0)) continue;
        if (line.n == 0) { line.start = p->out->len; str_append(p->out, "missing: "); }
        item(&line, json_key(x), x);
    }
    line_end(&line);
    for (const Json *d = json_first(json_get(r, "diagnosis")); d; d = json_next(d))
        str_appendf(p->out, "note: %s: %s\n", json_text(json_get(d, "code")), json_text(json_get(d, "message")));
}

void stat_text(Str *out, const Json *result)
{
    Page p = { .out = out, .result = result, .labels = result, .after_table = true };
    opening(&p);
    coefficients(&p);
    part(&p, "", result, true, 0);
}
