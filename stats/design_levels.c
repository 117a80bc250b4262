/* stats/design_levels.c: categories: which levels a column has, in which order, and which spellings are one level. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "core/str.h"
#include "stats/design_values.h"
#include "stats/diagnosis.h"

/* One distinct value: its text, as a number when it is one, how many rows hold it, and the how manieth it was met. */
typedef struct { const char *text; double number; size_t count, met; } Value;

static int by_text(const void *a, const void *b) { return strcmp(((const Value *)a)->text, ((const Value *)b)->text); }
static int by_number(const void *a, const void *b)
{
    double x = ((const Value *)a)->number, y = ((const Value *)b)->number;
    return (x > y) - (x < y);
}

/* Distinct values as they are met, found again by a hash: slot[] holds one more than their place, 0 where it is free. */
typedef struct {
    const ExprValue *v;
    Arena arena;
    Value *value;
    size_t n, room;
    uint32_t *slot;
    int width;
} Met;

static uint64_t hash_of(const ExprValue *v, size_t row)
{
    uint64_t h = 0;
    if (!v->is_text) return order_key(v->num[row]) * 0x9e3779b97f4a7c15u;
    for (const char *c = v->text[row]; *c; c++) h = (h ^ (unsigned char)*c) * 0x100000001b3u;
    return h * 0x9e3779b97f4a7c15u;
}

static bool is_value(const Value *seen, const ExprValue *v, size_t row)
{
    return v->is_text ? seen->text == v->text[row] || strcmp(seen->text, v->text[row]) == 0 : seen->number == v->num[row];
}

/* Twice the room, and every value at a slot of its new hash. `first`: a row of each. */
static bool met_grow(Met *m, size_t **first)
{
    const size_t room = m->room ? 2 * m->room : 256;
    Value *value = ARENA_ROOM(&m->arena, room, Value);
    size_t *rows = ARENA_ROOM(&m->arena, room, size_t);
    m->width = 1;
    while ((size_t)1 << m->width < 2 * room) m->width++;
    m->slot = ARENA_NEW(&m->arena, (size_t)1 << m->width, uint32_t);
    if (!value || !rows || !m->slot) return false;
    if (m->n) {
        memcpy(value, m->value, m->n * sizeof *value);
        memcpy(rows, *first, m->n * sizeof *rows);
    }
    m->value = value;
    m->room = room;
    *first = rows;
    const size_t mask = ((size_t)1 << m->width) - 1;
    for (size_t k = 0; k < m->n; k++) {
        size_t at = hash_of(m->v, rows[k]) >> (64 - m->width);
        while (m->slot[at]) at = (at + 1) & mask;
        m->slot[at] = (uint32_t)(k + 1);
    }
    return true;
}

/* Distinct values over the rows: numbers ascending, texts by bytes; own[i], where it is wanted, is the place of row[i]'s among them. Missing ones
 * are left out, their place is -1. */
static Rc distinct(Value **out, size_t *n_out, int *own, const ExprValue *v, const size_t *row, size_t n, Arena *a, Err *e)
{
    Rc rc = OK;
    Met m = { .v = v };
    size_t *first = NULL, last = 0;
    int *rank = NULL;
    if (!met_grow(&m, &first)) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) {
        const size_t r = row[i];
        if (value_missing(v, r)) { if (own) own[i] = -1; continue; }
        if (!(m.n && is_value(&m.value[last], v, r))) {
            const size_t mask = ((size_t)1 << m.width) - 1;
            size_t at = hash_of(v, r) >> (64 - m.width);
            while (m.slot[at] && !is_value(&m.value[m.slot[at] - 1], v, r)) at = (at + 1) & mask;
            if (!m.slot[at]) {
                m.slot[at] = (uint32_t)(m.n + 1);
                first[m.n] = r;
                m.value[m.n] = (Value){ v->is_text ? v->text[r] : NULL, v->is_text ? 0 : v->num[r] + 0., 0, m.n };
                last = m.n++;
                if (m.n == m.room && !met_grow(&m, &first)) { rc = err_nomem(e); goto out; }
            } else {
                last = m.slot[at] - 1;
            }
        }
        m.value[last].count++;
        if (own) own[i] = (int)last;
    }
    qsort(m.value, m.n, sizeof *m.value, v->is_text ? by_text : by_number);
    Value *all = ARENA_ROOM(a, m.n, Value);
    rank = ARENA_ROOM(&m.arena, m.n, int);
    if (!all || !rank) { rc = err_nomem(e); goto out; }
    if (m.n) memcpy(all, m.value, m.n * sizeof *all);
    for (size_t k = 0; k < m.n; k++) {
        rank[all[k].met] = (int)k;
        if (v->is_text) continue;
        all[k].text = v->is_logical ? (all[k].number != 0 ? "TRUE" : "FALSE") : expr_number_label(all[k].number, a);
        if (!all[k].text) { rc = err_nomem(e); goto out; }
    }
    for (size_t i = 0; own && i < n; i++) if (own[i] >= 0) own[i] = rank[own[i]];
    *out = all;
    *n_out = m.n;
out:
    arena_free(&m.arena);
    return rc;
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
    TRY(distinct(&seen, &n_seen, NULL, value, row, n, a, e));
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

/* code[i]: the place of combined[i] among those that are present, `present` ascending. All are below `limit`. */
static Rc places_present(int *code, size_t **present, size_t *n_present, const size_t *combined, size_t n, size_t limit, Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    size_t k = 0, *list = NULL;
    if (limit <= 4 * n + 256) {
        int *place = ARENA_NEW(&scratch, limit, int);
        if (!place) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < n; i++) place[combined[i]] = 1;
        for (size_t c = 0; c < limit; c++) if (place[c]) place[c] = (int)k++;
        list = ARENA_ROOM(a, k, size_t);
        if (!list) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < n; i++) {
            code[i] = place[combined[i]];
            list[code[i]] = combined[i];
        }
    } else {
        uint64_t *key = ARENA_ROOM(&scratch, 2 * n, uint64_t);
        list = ARENA_ROOM(a, n, size_t);
        if (!key || !list) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < n; i++) key[i] = combined[i];
        order_keys(key, key + n, n);
        for (size_t i = 0; i < n; i++) if (k == 0 || list[k - 1] != key[i]) list[k++] = key[i];
        for (size_t i = 0; i < n; i++) {
            size_t low = 0, high = k;
            while (low < high) { const size_t middle = low + (high - low) / 2; if (list[middle] < combined[i]) low = middle + 1; else high = middle; }
            code[i] = (int)low;
        }
    }
    *present = list;
    *n_present = k;
out:
    arena_free(&scratch);
    return rc;
}

Rc combine_categories(int **code, char ***label, size_t *n_groups, const Needed *const *values, size_t n_values, const size_t *row,
                      size_t n, const Frame *f, const StatCall *call, Json *out, bool bare, Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    size_t *combined = ARENA_NEW(&scratch, n, size_t), *present = NULL, k = 0, limit = 1;
    Var *var = ARENA_NEW(a, n_values, Var);
    int *own = ARENA_ROOM(&scratch, n, int);
    char buffer[NUMBER_TEXT_MAX];
    *code = ARENA_ROOM(a, n, int);
    if (!combined || !var || !own || !*code) { rc = err_nomem(e); goto out; }
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
            TRY(distinct(&seen, &n_seen, own, x, row, n, a, e));
            var[v].n_levels = (int)n_seen;
            var[v].level = (const char **)arena_array(a, n_seen, sizeof(char *));
            if (!var[v].level) { rc = err_nomem(e); goto out; }
            for (size_t q = 0; q < n_seen; q++) var[v].level[q] = seen[q].text;
        }
        int least = 0;
        for (size_t i = 0; i < n; i++) {
            combined[i] = combined[i] * (size_t)var[v].n_levels + (size_t)own[i];
            least = own[i] < least ? own[i] : least;
        }
        if (least < 0 || __builtin_mul_overflow(limit, (size_t)var[v].n_levels, &limit)) limit = SIZE_MAX;
    }
    TRY(places_present(*code, &present, &k, combined, n, limit, a, e));
    *label = ARENA_NEW(a, k, char *);
    if (!*label) { rc = err_nomem(e); goto out; }
    for (size_t g = 0; g < k; g++) {
        size_t rest = present[g];
        char *text = NULL;
        for (size_t v = n_values; v-- > 0;) {
            const char *level = var[v].level[rest % (size_t)var[v].n_levels];
            rest /= (size_t)var[v].n_levels;
            const char *part = bare && n_values == 1 ? level : arena_printf(a, "%s=%s", var[v].label, level);
            text = text ? arena_printf(a, "%s, %s", part, text) : arena_strdup(a, part);
            if (!text) { rc = err_nomem(e); goto out; }
        }
        (*label)[g] = text ? text : arena_strdup(a, "");
        if (!(*label)[g]) { rc = err_nomem(e); goto out; }
    }
    *n_groups = k;
out:
    arena_free(&scratch);
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
