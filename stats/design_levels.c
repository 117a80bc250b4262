/* stats/design_levels.c: categories: which levels a column has, in which order, and which spellings are one level. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/design_values.h"
#include "stats/diagnosis.h"

/* One distinct value: its text, as a number when it is one, and how many rows hold it. */
typedef struct { const char *text; double number; size_t count; } Value;

static int by_text(const void *a, const void *b) { return strcmp(((const Value *)a)->text, ((const Value *)b)->text); }
static int by_number(const void *a, const void *b)
{
    double x = ((const Value *)a)->number, y = ((const Value *)b)->number;
    return (x > y) - (x < y);
}

/* Distinct values over the rows: numbers ascending, texts by bytes. Missing ones are left out. */
static Rc distinct(Value **out, size_t *n_out, const ExprValue *v, const size_t *row, size_t n, Arena *a, Err *e)
{
    Value *all = ARENA_NEW(a, n, Value);
    size_t m = 0, k = 0;
    if (!all) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t r = row[i];
        if (value_missing(v, r)) continue;
        all[m].text = v->is_text ? v->text[r] : NULL;
        all[m].number = v->is_text ? 0 : v->num[r];
        all[m++].count = 1;
    }
    qsort(all, m, sizeof *all, v->is_text ? by_text : by_number);
    for (size_t i = 0; i < m; i++) {
        if (k && (v->is_text ? by_text : by_number)(&all[k - 1], &all[i]) == 0) all[k - 1].count++;
        else all[k++] = all[i];
    }
    for (size_t i = 0; i < k; i++)
        if (!v->is_text) {
            all[i].text = v->is_logical ? (all[i].number != 0 ? "TRUE" : "FALSE") : expr_number_label(all[i].number, a);
            if (!all[i].text) return err_nomem(e);
        }
    *out = all;
    *n_out = k;
    return OK;
}

/* Text without blanks at its ends, in lower case, runs of blanks as one: two spellings of one thing agree in it. */
static const char *spelling_key(const char *text, Arena *a)
{
    char *out = arena_alloc(a, strlen(text) + 1);
    size_t n = 0;
    if (!out) return NULL;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == ' ' || c == '\t') { if (n && out[n - 1] != ' ') out[n++] = ' '; }
        else out[n++] = (char)(c < 128 ? tolower(c) : c);
    }
    while (n && out[n - 1] == ' ') n--;
    out[n] = 0;
    return out;
}

Rc levels_asked(char ***level, size_t *n, const StatCall *call, const char *column, Arena *a, Err *e)
{
    *n = 0;
    *level = NULL;
    const Json *j = call ? json_get(call->options, "levels") : NULL;
    if (!j) return OK;
    const Json *item = json_type(j) == JSON_ARRAY ? json_first(j) : j;
    for (; item; item = json_type(j) == JSON_ARRAY ? json_next(item) : NULL) {
        const char *t = json_text(item), *equals = t ? strchr(t, '=') : NULL;
        size_t width = strlen(column);
        if (!equals || (size_t)(equals - t) != width || strncmp(t, column, width) != 0) continue;
        size_t count = 1;
        for (const char *c = equals + 1; *c; c++) count += *c == ',';
        *level = ARENA_NEW(a, count, char *);
        if (!*level) return err_nomem(e);
        const char *from = equals + 1;
        for (size_t k = 0; k < count; k++) {
            const char *to = strchr(from, ',');
            size_t length = to ? (size_t)(to - from) : strlen(from);
            (*level)[k] = arena_strndup(a, from, length);
            if (!(*level)[k]) return err_nomem(e);
            for (size_t q = 0; q < k; q++)
                if (strcmp((*level)[q], (*level)[k]) == 0)
                    return err_set(e, ERR_USAGE, "--levels: '%s' names the level '%s' twice", column, (*level)[k]);
            from = to ? to + 1 : from + length;
        }
        *n = count;
    }
    return OK;
}

static size_t line_of(const ExprValue *v, const char *text, const size_t *row, size_t n, const Frame *f)
{
    char buffer[NUMBER_TEXT_MAX];
    for (size_t i = 0; i < n; i++) {
        if (value_missing(v, row[i])) continue;
        const char *t = expr_value_text(v, row[i], buffer);
        if (strcmp(t, text) == 0) return design_line(f, row[i]);
    }
    return 0;
}

/* Levels in the asked order; those that no row holds are left out and said. */
static Rc levels_by_list(Var *v, const ExprValue *value, const Value *seen, size_t n_seen, char *const *asked, size_t n_asked,
                         const size_t *row, size_t n, const Frame *f, Json *out, Arena *a, Err *e)
{
    unsigned char *used = arena_alloc(a, n_asked);
    int *index = ARENA_NEW(a, n_seen, int);
    if (!used || !index) return err_nomem(e);
    for (size_t i = 0; i < n_seen; i++) {
        index[i] = -1;
        const char *key = spelling_key(seen[i].text, a);
        if (!key) return err_nomem(e);
        for (size_t k = 0; k < n_asked; k++)
            if (strcmp(asked[k], seen[i].text) == 0) index[i] = (int)k;
        for (size_t k = 0; k < n_asked && index[i] < 0; k++) {
            const char *other = spelling_key(asked[k], a);
            if (other && strcmp(other, key) == 0) index[i] = (int)k;
        }
        if (index[i] < 0)
            return err_set(e, ERR_INPUT, "%s:%zu: %s is '%s', expected one of its levels '%s'%s%s%s%s", f->name,
                           line_of(value, seen[i].text, row, n, f), v->expr->label, seen[i].text, asked[0],
                           n_asked > 1 ? ", '" : "", n_asked > 1 ? asked[1] : "", n_asked > 1 ? "'" : "", n_asked > 2 ? ", …" : "");
        used[index[i]] = 1;
    }
    int *place = ARENA_NEW(a, n_asked, int);
    v->level = (const char **)arena_array(a, n_asked, sizeof(char *));
    v->alias = (const char **)arena_array(a, n_seen, sizeof(char *));
    v->alias_of = ARENA_NEW(a, n_seen, int);
    if (!place || !v->level || !v->alias || !v->alias_of) return err_nomem(e);
    for (size_t k = 0; k < n_asked; k++) {
        place[k] = v->n_levels;
        if (!used[k]) {
            if (out) diagnose(out, "unused_level", "level '%s' of %s is in no row that is used and has no coefficient", asked[k],
                              v->expr->label);
            continue;
        }
        v->level[v->n_levels] = arena_strdup(a, asked[k]);
        if (!v->level[v->n_levels++]) return err_nomem(e);
    }
    for (size_t i = 0; i < n_seen; i++) {
        if (strcmp(asked[index[i]], seen[i].text) == 0) continue;
        v->alias[v->n_aliases] = arena_strdup(a, seen[i].text);
        v->alias_of[v->n_aliases++] = place[index[i]];
        if (out) diagnose(out, "level_variants", "'%s' in %s is taken as level '%s'; write it in one way", seen[i].text, v->expr->label,
                          asked[index[i]]);
    }
    return OK;
}

Rc var_find_levels(Var *v, const ExprValue *value, const size_t *row, size_t n, const Frame *f, const StatCall *call, Json *out,
                   Arena *a, Err *e)
{
    Rc rc = OK;
    Value *seen = NULL;
    size_t n_seen = 0, n_asked = 0;
    char **asked = NULL;
    const char **key = NULL;
    TRY(distinct(&seen, &n_seen, value, row, n, a, e));
    if (v->expr->kind == EXPR_COLUMN) TRY(levels_asked(&asked, &n_asked, call, v->expr->name, a, e));
    if (n_asked) return levels_by_list(v, value, seen, n_seen, asked, n_asked, row, n, f, out, a, e);
    v->level = (const char **)arena_array(a, n_seen, sizeof(char *));
    v->alias = (const char **)arena_array(a, n_seen, sizeof(char *));
    v->alias_of = ARENA_NEW(a, n_seen, int);
    key = (const char **)arena_array(a, n_seen, sizeof(char *));
    if (!v->level || !v->alias || !v->alias_of || !key) return err_nomem(e);
    for (size_t i = 0; i < n_seen; i++)
        if (!(key[i] = spelling_key(seen[i].text, a))) return err_nomem(e);
    for (size_t i = 0; i < n_seen; i++) {
        /* Of several spellings the one in most rows is the level; among equals the first by bytes. */
        size_t best = i;
        for (size_t k = 0; k < n_seen && value->is_text; k++) {
            if (k == i || strcmp(key[k], key[i]) != 0) continue;
            if (seen[k].count > seen[best].count || (seen[k].count == seen[best].count && k < best)) best = k;
        }
        if (best == i) v->level[v->n_levels++] = seen[i].text;
        else v->alias[v->n_aliases++] = seen[i].text;
    }
    for (int k = 0; k < v->n_aliases; k++) {
        const char *own = spelling_key(v->alias[k], a);
        for (int q = 0; q < v->n_levels; q++) {
            const char *other = spelling_key(v->level[q], a);
            if (own && other && strcmp(own, other) == 0) v->alias_of[k] = q;
        }
        if (out) diagnose(out, "level_variants", "'%s' in %s is taken as level '%s'; write it in one way", v->alias[k], v->expr->label,
                          v->level[v->alias_of[k]]);
    }
    for (int q = 0; q < v->n_levels; q++) {
        v->level[q] = arena_strdup(a, v->level[q]);
        if (!v->level[q]) { rc = err_nomem(e); goto out; }
    }
    for (int k = 0; k < v->n_aliases; k++) {
        v->alias[k] = arena_strdup(a, v->alias[k]);
        if (!v->alias[k]) { rc = err_nomem(e); goto out; }
    }
out:
    return rc;
}

static int compare_code(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

Rc combine_categories(int **code, char ***label, size_t *n_groups, const Needed *const *values, size_t n_values, const size_t *row,
                      size_t n, const Frame *f, const StatCall *call, Json *out, bool bare, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t *combined = ARENA_NEW(a, n, size_t), *present = ARENA_NEW(a, n, size_t), k = 0;
    Var *var = ARENA_NEW(a, n_values, Var);
    int *own = ARENA_NEW(a, n, int);
    char buffer[NUMBER_TEXT_MAX];
    if (!combined || !present || !var || !own) return err_nomem(e);
    for (size_t v = 0; v < n_values; v++) {
        const ExprValue *x = &values[v]->value;
        var[v].label = values[v]->label ? values[v]->label : values[v]->expr->label;
        var[v].expr = expr_is_call(values[v]->expr, "factor", 1) ? values[v]->expr->arg[0] : values[v]->expr;
        /* Numbers need no text of their levels until the labels are made: ranks by sorting. */
        Value *seen = NULL;
        size_t n_seen = 0, n_asked = 0;
        char **asked = NULL;
        if (var[v].expr->kind == EXPR_COLUMN) TRY(levels_asked(&asked, &n_asked, call, var[v].expr->name, a, e));
        if (x->is_text || n_asked) {
            TRY(var_find_levels(&var[v], x, row, n, f, call, out, a, e));
            for (size_t i = 0; i < n; i++) {
                const char *t = expr_value_text(x, row[i], buffer);
                own[i] = var_level(&var[v], t);
            }
        } else {
            TRY(distinct(&seen, &n_seen, x, row, n, a, e));
            var[v].n_levels = (int)n_seen;
            var[v].level = (const char **)arena_array(a, n_seen, sizeof(char *));
            if (!var[v].level) return err_nomem(e);
            for (size_t q = 0; q < n_seen; q++) var[v].level[q] = seen[q].text;
            for (size_t i = 0; i < n; i++) {
                Value target = { .number = x->num[row[i]] };
                const Value *hit = bsearch(&target, seen, n_seen, sizeof *seen, by_number);
                own[i] = hit ? (int)(hit - seen) : -1;
            }
        }
        for (size_t i = 0; i < n; i++) combined[i] = combined[i] * (size_t)var[v].n_levels + (size_t)own[i];
    }
    if (n) memcpy(present, combined, n * sizeof *present);
    qsort(present, n, sizeof *present, compare_code);
    for (size_t i = 0; i < n; i++)
        if (k == 0 || present[k - 1] != present[i]) present[k++] = present[i];
    *code = ARENA_NEW(a, n, int);
    *label = ARENA_NEW(a, k, char *);
    if (!*code || !*label) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const size_t *hit = bsearch(&combined[i], present, k, sizeof *present, compare_code);
        (*code)[i] = (int)(hit - present);
    }
    for (size_t g = 0; g < k; g++) {
        size_t rest = present[g];
        char *text = NULL;
        for (size_t v = n_values; v-- > 0;) {
            const char *level = var[v].level[rest % (size_t)var[v].n_levels];
            rest /= (size_t)var[v].n_levels;
            const char *part = bare && n_values == 1 ? level : arena_printf(a, "%s=%s", var[v].label, level);
            text = text ? arena_printf(a, "%s, %s", part, text) : arena_strdup(a, part);
            if (!text) return err_nomem(e);
        }
        (*label)[g] = text ? text : arena_strdup(a, "");
        if (!(*label)[g]) return err_nomem(e);
    }
    *n_groups = k;
out:
    return rc;
}

Rc design_groups(int **code, char ***label, size_t *n_groups, Design *d, const StatCall *call, int t, bool bare, Err *e)
{
    Rc rc = OK;
    const Formula *f = d->formula;
    Needed *value = ARENA_NEW(&d->arena, f->n_vars, Needed);
    const Needed **list = (const Needed **)arena_array(&d->arena, f->n_vars + 1, sizeof(Needed *));
    bool *taken = ARENA_NEW(&d->arena, f->n_vars + 1, bool);
    size_t n = 0;
    if (!value || !list || !taken) return err_nomem(e);
    for (size_t k = 0; k < f->n_terms; k++) {
        if (t >= 0 && (size_t)t != k) continue;
        for (int q = 0; q < f->term[k].n; q++) {
            if (taken[f->term[k].var[q]]) continue;        /* a:b parts no more than a and b did */
            taken[f->term[k].var[q]] = true;
            const Var *v = &f->var[f->term[k].var[q]];
            value[n] = (Needed){ .expr = v->expr, .label = v->label, .as_category = true };
            TRY(expr_eval(&value[n].value, v->expr, d->frame, &d->arena, e));
            list[n] = &value[n];
            n++;
        }
    }
    TRY(combine_categories(code, label, n_groups, list, n, d->row, d->n, d->frame, call, NULL, bare, &d->arena, e));
out:
    return rc;
}
