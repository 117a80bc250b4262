/* cli/text_table.c: see text_table.h. */
#include "cli/text_table.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

enum { BETWEEN = 2 };                              /* blanks between two columns */

void text_number(Str *out, double x)
{
    if (isnan(x)) str_append(out, "NA");
    else if (x == floor(x) && fabs(x) < 1e7) str_appendf(out, "%.0f", x);
    else if (fabs(x) >= 1e-4 && fabs(x) < 1e6) str_appendf(out, "%.5g", x);
    else str_appendf(out, "%.3e", x);
}

void text_value(Str *out, const Json *j)
{
    if (json_text(j)) str_append(out, json_text(j));
    else if (json_type(j) == JSON_BOOL) str_append(out, json_bool(j) ? "yes" : "no");
    else if (json_type(j) == JSON_ARRAY && json_size(j) == 2 && (json_type(json_at(j, 0)) != JSON_NULL || json_type(json_at(j, 1)) != JSON_NULL)) {
        text_value(out, json_at(j, 0));
        str_append(out, " to ");
        text_value(out, json_at(j, 1));
    } else text_number(out, json_number(j));
}

bool text_table_column(TextTable *t, const char *heading)
{
    if (t->n_columns == TEXT_TABLE_COLUMNS) return false;
    t->n_columns++;
    if (t->texts.len == 0) str_append_char(&t->texts, '\0');
    t->at[t->n_columns - 1][0] = t->texts.len;
    str_append_n(&t->texts, heading, strlen(heading) + 1);
    return true;
}

/* Where the next cell's text begins. */
static void begin(TextTable *t, size_t row)
{
    t->at[t->n_columns - 1][row + 1] = t->texts.len;
    if (row >= t->n_rows) t->n_rows = row + 1;
}

void text_table_cell(TextTable *t, size_t row, const char *text)
{
    begin(t, row);
    str_append_n(&t->texts, text, strlen(text) + 1);
}

void text_table_json(TextTable *t, size_t row, const Json *value)
{
    begin(t, row);
    text_value(&t->texts, value);
    str_append_char(&t->texts, '\0');
}

static const char *cell(const TextTable *t, size_t column, size_t row)
{
    return t->texts.failed ? "" : t->texts.s + t->at[column][row];
}

/* Characters before the decimal sign: all of a whole number, of NA and of a text. */
static size_t before_point(const char *text)
{
    if (!isdigit((unsigned char)text[*text == '-' ? 1 : 0])) return utf8_length(text);
    return strcspn(text, ".e");
}

/* A column of texts stands at the left, one of numbers (and NA) has its decimal signs below each other. */
typedef struct { bool is_text; size_t width, before; } Layout;

static Layout layout_of(const TextTable *t, size_t column)
{
    Layout l = { false, 0, 0 };
    size_t after = 0;
    for (size_t i = 1; i <= t->n_rows; i++) {
        const char *s = cell(t, column, i);
        const size_t whole = utf8_length(s), left = before_point(s);
        if (*s && strcmp(s, "NA") != 0 && !isdigit((unsigned char)s[*s == '-' ? 1 : 0])) l.is_text = true;
        if (left > l.before) l.before = left;
        if (whole - left > after) after = whole - left;
        if (whole > l.width) l.width = whole;
    }
    if (!l.is_text) l.width = l.before + after;
    const size_t heading = utf8_length(cell(t, column, 0));
    if (heading > l.width) {
        if (!l.is_text) l.before += heading - l.width;
        l.width = heading;
    }
    return l;
}

static void blanks(Str *out, size_t n) { for (; n > 0; n--) str_append_char(out, ' '); }

static void print_cell(Str *out, const char *text, const Layout *l, bool heading)
{
    const size_t wide = utf8_length(text);
    const size_t lead = l->is_text ? 0 : heading ? l->width - wide : l->before - before_point(text);
    blanks(out, lead);
    str_append(out, text);
    blanks(out, l->width - lead - wide);
}

/* Blanks at the end of a line are nobody's. */
static void end_line(Str *out)
{
    while (!out->failed && out->len > 0 && out->s[out->len - 1] == ' ') out->s[--out->len] = '\0';
    str_append_char(out, '\n');
}

void text_table_print(Str *out, TextTable *t)
{
    Layout layout[TEXT_TABLE_COLUMNS];
    size_t labels = 0;
    for (size_t k = 0; k < t->n_columns; k++) {
        layout[k] = layout_of(t, k);
        if (k < t->n_labels) labels += layout[k].width + BETWEEN;
    }
    for (size_t first = t->n_labels, end; first < t->n_columns || first == t->n_labels; first = end) {
        size_t used = labels;
        for (end = first; end < t->n_columns; end++) {
            used += layout[end].width + BETWEEN;
            if (end > first && used > TEXT_LINE + BETWEEN) break;
        }
        if (first > t->n_labels) str_append_char(out, '\n');
        for (size_t i = 0; i <= t->n_rows; i++) {
            str_append(out, "  ");
            for (size_t k = 0; k < end; k++) {
                if (k == t->n_labels && k < first) k = first;
                print_cell(out, cell(t, k, i), &layout[k], i == 0);
                blanks(out, BETWEEN);
            }
            end_line(out);
        }
        if (end == t->n_columns) break;
    }
    out->failed = out->failed || t->texts.failed;
    str_free(&t->texts);
    *t = (TextTable){ 0 };
}
