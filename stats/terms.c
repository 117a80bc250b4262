/* stats/terms.c: the columns that a formula's terms make, for the rows they were built from and for any others. */
#include "stats/terms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "stats/spline.h"

bool terms_have(const struct Formula *f, VarKind kind)
{
    for (size_t v = 0; v < f->n_vars; v++) if (f->var[v].kind == kind) return true;
    return false;
}

int var_columns(const Var *v, bool full)
{
    switch (v->kind) {
    case VAR_FACTOR: return full ? v->n_levels : v->n_levels - 1;
    case VAR_LOGICAL: return full ? 2 : 1;
    case VAR_RCS: return v->n_knots - 1;
    case VAR_PSPLINE: return pspline_columns(v->n_knots);
    default: return 1;
    }
}

void var_basis(double *out, const Var *v, bool full, double x, int level)
{
    switch (v->kind) {
    case VAR_FACTOR:
        for (int k = full ? 0 : 1; k < v->n_levels; k++) *out++ = k == level;
        break;
    case VAR_LOGICAL:
        if (full) *out++ = x == 0;
        *out = x != 0;
        break;
    case VAR_RCS: rcs_basis(out, x, v->knot, v->n_knots); break;
    case VAR_PSPLINE: pspline_basis(out, x, v->knot, v->n_knots); break;
    default: *out = x;
    }
}

const char *var_column_name(const Var *v, bool full, int k, Arena *a)
{
    switch (v->kind) {
    case VAR_FACTOR: return arena_printf(a, "%s%s", v->label, v->level[k + (full ? 0 : 1)]);
    case VAR_LOGICAL: return arena_printf(a, "%s%s", v->label, full && k == 0 ? "FALSE" : "TRUE");
    case VAR_RCS: {
        char primes[16] = "";
        for (int i = 0; i < k && i < 15; i++) { primes[i] = '\''; primes[i + 1] = 0; }
        return arena_printf(a, "%s%s", v->expr->label, primes);
    }
    case VAR_PSPLINE: return arena_printf(a, "ps(%s)%d", v->expr->label, k + 3);     /* R drops the first and counts from 3 */
    default: return v->label;
    }
}

int var_level(const Var *v, const char *text)
{
    for (int k = 0; k < v->n_levels; k++)
        if (strcmp(v->level[k], text) == 0) return k;
    for (int k = 0; k < v->n_aliases; k++)
        if (strcmp(v->alias[k], text) == 0) return v->alias_of[k];
    return -1;
}

/* A variable's value for every row of the frame. */
typedef struct { const ExprValue *value; const int *level; } Column;

static Rc levels_of(int **out, const Var *v, const ExprValue *value, const Frame *frame, const size_t *row, size_t n, int *unknown,
                    int number, Arena *a, Err *e)
{
    char buffer[NUMBER_TEXT_MAX];
    int *level = ARENA_NEW(a, n, int);
    if (!level) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t r = row ? row[i] : i;
        const char *t = expr_value_text(value, r, buffer);
        level[i] = -1;
        if (!t) continue;
        level[i] = var_level(v, t);
        if (level[i] < 0 && unknown) { unknown[i] = number; continue; }
        if (level[i] < 0)
            return err_set(e, ERR_INPUT, "%s:%zu: '%s' in %s is no level of the model (it knows %s%s%s%s)", frame->name,
                           frame->line ? frame->line[r] : r + 2, t, v->expr->label, v->n_levels ? v->level[0] : "none",
                           v->n_levels > 1 ? ", " : "", v->n_levels > 1 ? v->level[1] : "", v->n_levels > 2 ? ", …" : "");
    }
    *out = level;
    return OK;
}

/* The variables of a formula with their values. */
typedef struct { const struct Formula *f; const Frame *frame; const size_t *row; size_t n;
                 ExprValue *value; int **level; double *basis, *product; } Values;

static size_t term_width(const struct Formula *f, size_t t)
{
    size_t w = 1;
    for (int k = 0; k < f->term[t].n; k++) w *= (size_t)var_columns(&f->var[f->term[t].var[k]], f->term[t].full[k]);
    return w;
}

static Rc values_of(Values *q, size_t *columns, int *unknown, Arena *scratch, Err *e)
{
    Rc rc = OK;
    const struct Formula *f = q->f;
    size_t widest = 1;
    q->value = ARENA_NEW(scratch, f->n_vars, ExprValue);
    q->level = ARENA_NEW(scratch, f->n_vars, int *);
    if (!q->value || !q->level) return err_nomem(e);
    for (size_t v = 0; v < f->n_vars; v++) {
        TRY(expr_eval(&q->value[v], f->var[v].expr, q->frame, scratch, e));
        if (f->var[v].kind == VAR_FACTOR)
            TRY(levels_of(&q->level[v], &f->var[v], &q->value[v], q->frame, q->row, q->n, unknown, (int)v + 1, scratch, e));
        else if (q->value[v].is_text)
            return err_set(e, ERR_INPUT, "%s: '%s' is text, the model wants a number", q->frame->name, f->var[v].expr->label);
    }
    for (size_t t = 0; t < f->n_terms; t++) {
        const size_t w = term_width(f, t);
        *columns += w;
        if (w > widest) widest = w;
    }
    q->basis = ARENA_NEW(scratch, widest, double);
    q->product = ARENA_NEW(scratch, 2 * widest, double);
    if (!q->basis || !q->product) return err_nomem(e);
out:
    return rc;
}

/* The numbers of a term that is one column of them as it stands; NULL for any other. */
static const double *plain_numbers(const Values *q, size_t t)
{
    const Term *term = &q->f->term[t];
    if (term->n != 1) return NULL;
    const VarKind kind = q->f->var[term->var[0]].kind;
    return kind == VAR_NUMBER || kind == VAR_TT ? q->value[term->var[0]].num : NULL;
}

/* Columns of term t, n numbers each from m on. */
static void term_columns(double *m, const Values *q, size_t t)
{
    const Term *term = &q->f->term[t];
    const size_t n = q->n, *row = q->row;
    const double *from = plain_numbers(q, t);
    double *basis = q->basis, *product = q->product;
    if (from) {
        if (row) for (size_t i = 0; i < n; i++) m[i] = from[row[i]];
        else if (n) memcpy(m, from, n * sizeof *from);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t r = row ? row[i] : i, w = 1;
        product[0] = 1;
        bool missing = false;
        for (int k = 0; k < term->n; k++) {
            const Var *v = &q->f->var[term->var[k]];
            int lv = v->kind == VAR_FACTOR ? q->level[term->var[k]][i] : 0;
            double value_here = v->kind == VAR_FACTOR ? 0 : q->value[term->var[k]].num[r];
            int columns_here = var_columns(v, term->full[k]);
            missing = missing || lv < 0 || isnan(value_here);
            var_basis(basis, v, term->full[k], value_here, lv);
            /* The first variable's columns run fastest, as in R. */
            for (int b = columns_here - 1; b >= 0; b--)
                for (size_t c = 0; c < w; c++) product[(size_t)b * w + c] = product[c] * basis[b];
            w *= (size_t)columns_here;
        }
        for (size_t c = 0; c < w; c++) m[c * n + i] = missing ? (double)NAN : product[c];
    }
}

Rc terms_matrix(double **x, size_t *p, const struct Formula *f, bool intercept, const Frame *frame, const size_t *row, size_t n,
                int *unknown, Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    Values q = { .f = f, .frame = frame, .row = row, .n = n };
    size_t columns = intercept, at = intercept;
    double *m = NULL;
    TRY(values_of(&q, &columns, unknown, &scratch, e));
    m = ARENA_ROOM(a, columns * n, double);
    if (!m) { rc = err_nomem(e); goto out; }
    if (intercept) for (size_t i = 0; i < n; i++) m[i] = 1;
    for (size_t t = 0; t < f->n_terms; t++) {
        term_columns(m + at * n, &q, t);
        at += term_width(f, t);
    }
    *x = m;
    *p = columns;
out:
    arena_free(&scratch);
    return rc;
}

/* A term's numbers, where they are a column of the frame itself. */
static const double *own_column(const Values *q, size_t t)
{
    const double *x = q->row ? NULL : plain_numbers(q, t);
    const Expr *named = q->f->var[q->f->term[t].var[0]].expr;
    const FrameColumn *c = x && named->kind == EXPR_COLUMN ? frame_column(q->frame, named->name) : NULL;
    return c && c->num == x ? x : NULL;
}

Rc terms_columns(const double ***xj, size_t *p, const struct Formula *f, bool intercept, const Frame *frame, const size_t *row, size_t n,
                 Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    Values q = { .f = f, .frame = frame, .row = row, .n = n };
    size_t columns = intercept, at = 0;
    const double **column = NULL;
    TRY(values_of(&q, &columns, NULL, &scratch, e));
    column = (const double **)arena_array(a, columns + 1, sizeof *column);
    if (!column) { rc = err_nomem(e); goto out; }
    if (intercept) {
        double *ones = ARENA_ROOM(a, n, double);
        if (!ones) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < n; i++) ones[i] = 1;
        column[at++] = ones;
    }
    for (size_t t = 0; t < f->n_terms; t++) {
        const double *own = own_column(&q, t);
        const size_t w = term_width(f, t);
        if (own) { column[at++] = own; continue; }
        double *m = ARENA_ROOM(a, w * n, double);
        if (!m) { rc = err_nomem(e); goto out; }
        term_columns(m, &q, t);
        for (size_t k = 0; k < w; k++) column[at++] = m + k * n;
    }
    *xj = column;
    *p = columns;
out:
    arena_free(&scratch);
    return rc;
}

/* ---- as Json */

static const char *const kind_names[] = { "number", "logical", "factor", "rcs", "pspline", "fp", "tt" };

Json *terms_to_json(const struct Formula *f)
{
    Json *j = json_object(), *vars, *terms;
    json_set_text(j, "formula", f->text);
    json_set_bool(j, "intercept", f->intercept);
    vars = json_set(j, "variables", json_array());
    for (size_t i = 0; i < f->n_vars; i++) {
        const Var *v = &f->var[i];
        Json *o = json_push(vars, json_object());
        json_set_text(o, "label", v->label);
        json_set_text(o, "expression", v->expr->label);
        json_set_text(o, "kind", kind_names[v->kind]);
        if (v->kind == VAR_FACTOR) {
            json_set_texts(o, "levels", v->level, (size_t)v->n_levels);
            Json *alias = v->n_aliases ? json_set(o, "spellings", json_array()) : NULL;
            for (int k = 0; k < v->n_aliases; k++) {
                Json *pair = json_push(alias, json_array());
                json_push(pair, json_from_text(v->alias[k]));
                json_push(pair, json_from_number(v->alias_of[k]));
            }
        } else {
            json_set_number(o, "low", v->low);
            json_set_number(o, "high", v->high);
            json_set_number(o, "median", v->median);
            if (v->n_knots) json_set_numbers(o, "knots", v->knot, (size_t)v->n_knots);
        }
    }
    terms = json_set(j, "terms", json_array());
    for (size_t i = 0; i < f->n_terms; i++) {
        const Term *t = &f->term[i];
        Json *o = json_push(terms, json_object()), *vs, *full;
        json_set_text(o, "label", t->label);
        vs = json_set(o, "variables", json_array());
        full = json_set(o, "all_levels", json_array());
        for (int k = 0; k < t->n; k++) {
            json_push(vs, json_from_number(t->var[k]));
            json_push(full, json_from_bool(t->full[k]));
        }
    }
    return j;
}

static Rc texts_from(const char ***out, int *n, const Json *list, Arena *a, Err *e)
{
    *n = (int)json_size(list);
    *out = (const char **)arena_array(a, (size_t)*n, sizeof(char *));
    if (!*out) return err_nomem(e);
    int i = 0;
    for (const Json *x = json_first(list); x; x = json_next(x)) {
        (*out)[i] = arena_strdup(a, json_text(x) ? json_text(x) : "");
        if (!(*out)[i++]) return err_nomem(e);
    }
    return OK;
}

static Rc var_from_json(Var *v, const Json *o, const char *where, Arena *a, Err *e)
{
    static const char *const known[] = { "label", "expression", "kind", "levels", "spellings", "low", "high", "median", "knots", NULL };
    Rc rc = OK;
    Err why = { 0 };
    const char *label = NULL, *expression = NULL, *kind = NULL;
    const Json *list = NULL;
    Expr *x = NULL;
    if (json_type(o) != JSON_OBJECT) return err_set(e, ERR_INPUT, "%s: design.variables wants a list of objects", where);
    TRY(json_refuse_unknown(o, known, where, e));
    TRY(json_want_text(&label, o, "label", where, e));
    TRY(json_want_text(&expression, o, "expression", where, e));
    TRY(json_want_text(&kind, o, "kind", where, e));
    if (!label || !expression || !kind) return err_set(e, ERR_INPUT, "%s: a variable lacks label, expression or kind", where);
    size_t k = 0;
    while (k < sizeof kind_names / sizeof *kind_names && strcmp(kind_names[k], kind) != 0) k++;
    if (k == sizeof kind_names / sizeof *kind_names) return err_set(e, ERR_INPUT, "%s: unknown kind of variable '%s'", where, kind);
    v->kind = (VarKind)k;
    v->label = arena_strdup(a, label);
    if (!v->label) return err_nomem(e);
    char *text = arena_strdup(a, expression);
    if (!text) return err_nomem(e);
    rc = expr_parse(&x, text, a, &why);
    if (rc != OK) return err_set(e, rc == ERR_NOMEM ? rc : ERR_INPUT, "%s: design.variables: %s", where, why.text);
    v->expr = x;
    v->low = v->high = v->median = (double)NAN;
    TRY(json_want_array(&list, o, "levels", where, e));
    if (list) TRY(texts_from(&v->level, &v->n_levels, list, a, e));
    list = NULL;
    TRY(json_want_array(&list, o, "spellings", where, e));
    if (list) {
        v->alias = (const char **)arena_array(a, json_size(list), sizeof(char *));
        v->alias_of = ARENA_NEW(a, json_size(list), int);
        if (!v->alias || !v->alias_of) return err_nomem(e);
        for (const Json *q = json_first(list); q; q = json_next(q)) {
            const char *spelling = json_text(json_at(q, 0));
            double index = json_number(json_at(q, 1));
            if (!spelling || !(index >= 0 && index < v->n_levels)) return err_set(e, ERR_INPUT, "%s: bad spelling of '%s'", where, label);
            v->alias[v->n_aliases] = arena_strdup(a, spelling);
            if (!v->alias[v->n_aliases]) return err_nomem(e);
            v->alias_of[v->n_aliases++] = (int)index;
        }
    }
    list = NULL;
    TRY(json_want_array(&list, o, "knots", where, e));
    if (list) {
        v->n_knots = (int)json_size(list);
        v->knot = ARENA_NEW(a, json_size(list), double);
        if (!v->knot) return err_nomem(e);
        int i = 0;
        for (const Json *q = json_first(list); q; q = json_next(q), i++) {
            v->knot[i] = json_number(q);
            if (!isfinite(v->knot[i]) || (i && !(v->knot[i] > v->knot[i - 1])))
                return err_set(e, ERR_INPUT, "%s: the knots of '%s' do not ascend", where, label);
        }
    }
    if (json_type(json_get(o, "low")) == JSON_NUMBER) v->low = json_number(json_get(o, "low"));
    if (json_type(json_get(o, "high")) == JSON_NUMBER) v->high = json_number(json_get(o, "high"));
    if (json_type(json_get(o, "median")) == JSON_NUMBER) v->median = json_number(json_get(o, "median"));
    const int least = v->kind == VAR_RCS ? 3 : v->kind == VAR_PSPLINE ? 2 : 0;
    if ((v->kind == VAR_FACTOR && v->n_levels < 1) || v->n_knots < least || v->low > v->high)
        return err_set(e, ERR_INPUT, "%s: variable '%s' lacks its levels, knots or range", where, label);
out:
    return rc;
}

Rc terms_from_json(struct Formula **out, const Json *j, const char *where, Arena *a, Err *e)
{
    static const char *const known[] = { "formula", "intercept", "variables", "terms", NULL }, *const known_term[] = { "label", "variables", "all_levels", NULL };
    Rc rc = OK;
    const Json *vars = NULL, *terms = NULL;
    struct Formula *f = ARENA_NEW(a, 1, struct Formula);
    if (!f) return err_nomem(e);
    TRY(json_refuse_unknown(j, known, where, e));
    TRY(json_want_array(&vars, j, "variables", where, e));
    TRY(json_want_array(&terms, j, "terms", where, e));
    if (!vars || !terms) return err_set(e, ERR_INPUT, "%s: the design lacks its variables or terms", where);
    f->text = arena_strdup(a, json_text(json_get(j, "formula")) ? json_text(json_get(j, "formula")) : "");
    f->intercept = json_bool(json_get(j, "intercept"));
    f->n_vars = json_size(vars);
    f->n_terms = json_size(terms);
    f->var = ARENA_NEW(a, f->n_vars, Var);
    f->term = ARENA_NEW(a, f->n_terms, Term);
    if (!f->text || !f->var || !f->term) return err_nomem(e);
    size_t i = 0;
    for (const Json *o = json_first(vars); o; o = json_next(o)) TRY(var_from_json(&f->var[i++], o, where, a, e));
    i = 0;
    for (const Json *o = json_first(terms); o; o = json_next(o)) {
        Term *t = &f->term[i++];
        const Json *vs = json_get(o, "variables"), *full = json_get(o, "all_levels");
        if (json_type(o) != JSON_OBJECT || json_type(vs) != JSON_ARRAY || json_size(vs) != json_size(full) || !json_size(vs))
            return err_set(e, ERR_INPUT, "%s: a term of the design lacks variables or all_levels", where);
        TRY(json_refuse_unknown(o, known_term, where, e));
        t->n = (int)json_size(vs);
        t->label = arena_strdup(a, json_text(json_get(o, "label")) ? json_text(json_get(o, "label")) : "");
        t->var = ARENA_NEW(a, (size_t)t->n, int);
        t->full = ARENA_NEW(a, (size_t)t->n, bool);
        if (!t->label || !t->var || !t->full) return err_nomem(e);
        for (int k = 0; k < t->n; k++) {
            double index = json_number(json_at(vs, (size_t)k));
            if (!(index >= 0 && index < (double)f->n_vars && index == (double)(int)index)) return err_set(e, ERR_INPUT, "%s: a term names no variable", where);
            t->var[k] = (int)index;
            t->full[k] = json_bool(json_at(full, (size_t)k));
        }
    }
    *out = f;
out:
    return rc;
}
