/* reports/table_one.c: Table 1. */
#include "reports/table_one.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "core/sum.h"
#include "reports/format.h"

enum { LEVELS_MAX = 40 };

char *median_text(Arena *a, const double *x, size_t n, int decimals, size_t *n_known)
{
    char m[FORMAT_MAX], q1[FORMAT_MAX], q3[FORMAT_MAX];
    double *sorted = malloc((n ? n : 1) * sizeof *sorted);
    size_t k = 0;
    char *text = NULL;
    if (n_known) *n_known = 0;
    if (!sorted) return NULL;
    for (size_t i = 0; i < n; i++) if (isfinite(x[i])) sorted[k++] = x[i];
    sort_doubles(sorted, k);
    if (!k) text = arena_strdup(a, "–");
    else text = arena_printf(a, "%s (%s–%s)", format_fixed(m, quantile_sorted(sorted, k, 0.5), decimals),
                             format_fixed(q1, quantile_sorted(sorted, k, 0.25), decimals), format_fixed(q3, quantile_sorted(sorted, k, 0.75), decimals));
    if (n_known) *n_known = k;
    free(sorted);
    return text;
}

static void row(Document *d, Table *t, RowStyle style, const char *label, const char *value, const char *missing)
{
    document_table_row(d, t, style);
    document_table_cell(d, t, 0, label);
    document_table_cell(d, t, 1, value);
    document_table_cell(d, t, 2, missing);
}

/* Whole numbers only: shown without decimals. */
static int decimals_of(const double *x, size_t n)
{
    double sum = 0;
    size_t k = 0;
    bool whole = true;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) continue;
        whole &= x[i] == round(x[i]);
        sum += fabs(x[i]);
        k++;
    }
    return whole || !k ? 0 : format_decimals(sum / (double)k);
}

static bool is_binary(const FrameColumn *c, size_t n)
{
    bool any = false;
    if (c->is_text) return false;
    for (size_t i = 0; i < n; i++) {
        if (isnan(c->num[i])) continue;
        if (c->num[i] != 0 && c->num[i] != 1) return false;
        any = true;
    }
    return any;
}

/* The cell as text: a number in its shortest form. NULL when missing. */
static const char *cell_text(char buf[NUMBER_TEXT_MAX], const FrameColumn *c, size_t i)
{
    if (c->is_text) return c->text[i];
    return isnan(c->num[i]) ? NULL : number_write_short(buf, c->num[i]);
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Levels in the protocol's order, then others by sort; at most LEVELS_MAX, the rest counts as `more`. */
static size_t find_levels(char **level, size_t *more, Document *d, const FrameColumn *c, size_t n, const ColumnSpec *spec)
{
    char buf[NUMBER_TEXT_MAX];
    size_t k = 0, declared;
    *more = 0;
    for (size_t i = 0; spec && i < spec->n_levels && k < LEVELS_MAX; i++) level[k++] = spec->levels[i];
    declared = k;
    for (size_t i = 0; i < n; i++) {
        const char *text = cell_text(buf, c, i);
        bool known = !text;
        for (size_t j = 0; j < k && !known; j++) known = strcmp(level[j], text) == 0;
        if (known) continue;
        if (k == LEVELS_MAX) { ++*more; continue; }
        level[k] = arena_strdup(&d->arena, text);
        if (!level[k]) { d->rc = ERR_NOMEM; return k; }
        k++;
    }
    qsort(level + declared, k - declared, sizeof *level, by_text);
    return k;
}

static void column_rows(Document *d, Table *t, const FrameColumn *c, size_t n, const ColumnSpec *spec)
{
    char value[FORMAT_MAX], missing[FORMAT_MAX], buf[NUMBER_TEXT_MAX];
    size_t known = 0;
    for (size_t i = 0; i < n; i++) known += cell_text(buf, c, i) != NULL;
    snprintf(missing, sizeof missing, "%zu", n - known);
    char *label = arena_printf(&d->arena, "%s%s%s", spec && spec->label ? spec->label : c->name, spec && spec->unit ? ", " : "",
                               spec && spec->unit ? spec->unit : "");
    if (!label) { d->rc = ERR_NOMEM; return; }
    if (!c->is_text && !(spec && spec->n_levels)) {
        if (is_binary(c, n)) {
            size_t ones = 0;
            for (size_t i = 0; i < n; i++) ones += c->num[i] == 1;
            row(d, t, ROW_PLAIN, label, format_share(value, ones, known), missing);
        } else {
            char *text = median_text(&d->arena, c->num, n, decimals_of(c->num, n), NULL);
            if (!text) d->rc = ERR_NOMEM;
            row(d, t, ROW_PLAIN, label, text, missing);
        }
        return;
    }
    char *level[LEVELS_MAX];
    size_t more, k = find_levels(level, &more, d, c, n, spec);
    row(d, t, ROW_PLAIN, label, NULL, missing);
    for (size_t j = 0; j < k && d->rc == OK; j++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++) { const char *text = cell_text(buf, c, i); count += text && strcmp(text, level[j]) == 0; }
        row(d, t, ROW_INDENTED, level[j], format_share(value, count, known), NULL);
    }
    if (more) row(d, t, ROW_INDENTED, "other values", format_share(value, more, known), NULL);
}

static bool named(const char *const *list, const char *name)
{
    for (; list && *list; list++) if (strcmp(*list, name) == 0) return true;
    return false;
}

void table_one(Document *d, const Frame *clinical, const ColumnSpec *column, size_t n_columns, const char *const *leave_out)
{
    char head[64];
    Table *t = document_table(d, "Table 1. Patients at entry", 3);
    snprintf(head, sizeof head, "All patients (n = %zu)", clinical->rows);
    document_table_column(d, t, 0, "Characteristic", ALIGN_LEFT);
    document_table_column(d, t, 1, head, ALIGN_RIGHT);
    document_table_column(d, t, 2, "Missing", ALIGN_RIGHT);
    size_t rows = 0;
    for (size_t i = 0; i < n_columns; i++) {
        const FrameColumn *c = frame_column(clinical, column[i].name);
        if (c) { column_rows(d, t, c, clinical->rows, &column[i]); rows++; }
    }
    for (size_t i = 0; !rows && i < clinical->columns; i++) {
        const FrameColumn *c = &clinical->column[i];
        if (strcmp(c->name, "patient") != 0 && !named(leave_out, c->name)) column_rows(d, t, c, clinical->rows, NULL);
    }
    document_table_note(d, t, "Numbers: median (quartiles). Counts: n (% of those known).");
}
