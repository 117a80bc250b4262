/* stats/formula.c: R's formulas: which variables, which products of them, in which order (Wilkinson and Rogers 1973, as R
 * understands it). */
#include "stats/formula.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/expr.h"
#include "stats/terms.h"

/* A set of variables per term while the formula is expanded: sorted by the order in which variables were met. */
typedef struct { int n; int *var; } Product;
typedef struct { size_t n, cap; Product *item; } Products;

typedef struct {
    Formula *f;
    size_t vars_cap;
    uint64_t *hash;            /* [vars_cap] of the variables' labels: most of a long formula is told apart without reading them */
    Arena *a;
    Err *e;
    const char *text;
} Builder;

static Rc refuse(Builder *b, const Expr *x, const char *what)
{
    return err_set(b->e, ERR_USAGE, "'%s': %s", x->label, what);
}

static bool same_product(const Product *p, const Product *q)
{
    int k = 0;
    if (p->n != q->n) return false;
    while (k < p->n && p->var[k] == q->var[k]) k++;
    return k == p->n;
}

static Rc products_add(Products *s, Product p, Builder *b)
{
    for (size_t i = 0; i < s->n; i++)
        if (same_product(&s->item[i], &p)) return OK;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 16;
        Product *more = ARENA_NEW(b->a, cap, Product);
        if (!more) return err_nomem(b->e);
        if (s->n) memcpy(more, s->item, s->n * sizeof *more);
        s->item = more;
        s->cap = cap;
    }
    s->item[s->n++] = p;
    return OK;
}

static void products_remove(Products *s, const Product *p)
{
    size_t k = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!same_product(&s->item[i], p)) s->item[k++] = s->item[i];
    s->n = k;
}

static int compare_int(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static Rc product_of(Product *out, const Product *p, const Product *q, Builder *b)
{
    out->var = ARENA_NEW(b->a, (size_t)(p->n + q->n), int);
    if (!out->var) return err_nomem(b->e);
    for (int i = 0; i < p->n; i++) out->var[i] = p->var[i];
    for (int i = 0; i < q->n; i++) out->var[p->n + i] = q->var[i];
    int n = p->n + q->n, k = 0;
    qsort(out->var, (size_t)n, sizeof(int), compare_int);
    for (int i = 0; i < n; i++)
        if (i == 0 || out->var[i] != out->var[i - 1]) out->var[k++] = out->var[i];
    out->n = k;
    return OK;
}

static Rc constant_of(double *out, const Expr *x, const char *what, Builder *b)
{
    const Expr *v = expr_bare(x);
    double sign = 1;
    if (expr_is_call(v, "-", 1)) { sign = -1; v = v->arg[0]; }
    if (v->kind != EXPR_NUMBER || isnan(v->number)) return refuse(b, x, what);
    *out = sign * v->number;
    return OK;
}

/* What a call such as rcs(x,4) or factor(x) says about the variable. */
static Rc describe(Var *v, const Expr *x, Builder *b)
{
    Rc rc = OK;
    double k = 0;
    v->label = x->label;
    v->expr = x;
    v->kind = VAR_NUMBER;
    if (expr_is_call(x, "factor", 1) || expr_is_call(x, "as.factor", 1)) {
        v->expr = x->arg[0];
        v->wants_factor = true;
    } else if (expr_is_call(x, "rcs", -1)) {
        if (x->n_args < 1 || x->n_args > 2) return refuse(b, x, "rcs takes a variable and the number of knots");
        v->kind = VAR_RCS;
        v->expr = x->arg[0];
        v->wanted_knots = 5;
        if (x->n_args == 2 && expr_is_call(x->arg[1], "c", -1)) {
            v->n_knots = x->arg[1]->n_args;
            v->knot = ARENA_NEW(b->a, (size_t)v->n_knots, double);
            if (!v->knot) return err_nomem(b->e);
            for (int i = 0; i < v->n_knots; i++) {
                TRY(constant_of(&v->knot[i], x->arg[1]->arg[i], "a knot is a number", b));
                if (i && v->knot[i] <= v->knot[i - 1]) return refuse(b, x, "knots must increase");
            }
            if (v->n_knots < 3) return refuse(b, x, "a restricted cubic spline has 3 knots or more");
            v->wanted_knots = v->n_knots;
        } else if (x->n_args == 2) {
            TRY(constant_of(&k, x->arg[1], "the number of knots is a number", b));
            if (k < 3 || k > 7 || k != floor(k)) return refuse(b, x, "the number of knots is 3 to 7");
            v->wanted_knots = (int)k;
        }
    } else if (expr_is_call(x, "pspline", -1)) {
        if (x->n_args < 1 || x->n_args > 2) return refuse(b, x, "pspline takes a variable and df=");
        v->kind = VAR_PSPLINE;
        v->expr = x->arg[0];
        v->wanted_df = 4;
        if (x->n_args == 2) {
            if (x->arg_name[1] && strcmp(x->arg_name[1], "df") != 0) return refuse(b, x, "pspline knows df= alone");
            TRY(constant_of(&v->wanted_df, x->arg[1], "the degrees of freedom are a number", b));
            if (!(v->wanted_df > 1)) return refuse(b, x, "the degrees of freedom of pspline must be above 1");
        }
    } else if (expr_is_call(x, "fp", -1) || expr_is_call(x, "tt", -1)) {
        if (x->n_args != 1) return refuse(b, x, "takes one variable");
        v->kind = x->name[0] == 'f' ? VAR_FP : VAR_TT;
        v->expr = x->arg[0];
    }
out:
    return rc;
}

/* FNV-1a. */
static uint64_t hash_of(const char *text)
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3;
    return h;
}

static Rc variable(int *index, const Expr *x, Builder *b)
{
    Formula *f = b->f;
    const uint64_t hash = hash_of(x->label);
    for (size_t i = 0; i < f->n_vars; i++)
        if (b->hash[i] == hash && strcmp(f->var[i].label, x->label) == 0) { *index = (int)i; return OK; }
    if (f->n_vars == b->vars_cap) {
        size_t cap = b->vars_cap ? 2 * b->vars_cap : 16;
        Var *more = ARENA_NEW(b->a, cap, Var);
        uint64_t *hashes = ARENA_NEW(b->a, cap, uint64_t);
        if (!more || !hashes) return err_nomem(b->e);
        if (f->n_vars) memcpy(more, f->var, f->n_vars * sizeof *more);
        if (f->n_vars) memcpy(hashes, b->hash, f->n_vars * sizeof *hashes);
        f->var = more;
        b->hash = hashes;
        b->vars_cap = cap;
    }
    b->hash[f->n_vars] = hash;
    *index = (int)f->n_vars;
    return describe(&f->var[f->n_vars++], x, b);
}

static Rc add_expr(const Expr ***list, size_t *n, const Expr *x, Builder *b)
{
    const Expr **more = (const Expr **)arena_array(b->a, *n + 1, sizeof(Expr *));
    if (!more) return err_nomem(b->e);
    if (*n) memcpy(more, *list, *n * sizeof *more);
    more[(*n)++] = x;
    *list = more;
    return OK;
}

/* strata(), cluster(), offset(), frailty() and (1|g) are no terms. `took` says that x was one of them. */
static Rc take_special(bool *took, const Expr *x, Builder *b)
{
    Rc rc = OK;
    Formula *f = b->f;
    *took = true;
    if (expr_is_call(x, "strata", -1)) {
        if (x->n_args < 1) return refuse(b, x, "strata takes columns");
        for (int i = 0; i < x->n_args; i++) TRY(add_expr(&f->strata, &f->n_strata, x->arg[i], b));
    } else if (expr_is_call(x, "offset", 1)) {
        TRY(add_expr(&f->offset, &f->n_offsets, x->arg[0], b));
    } else if (expr_is_call(x, "cluster", 1)) {
        if (f->cluster) return refuse(b, x, "only one cluster() is possible");
        f->cluster = x->arg[0];
    } else if (expr_is_call(x, "frailty", 1)) {
        if (f->group) return refuse(b, x, "only one group effect is possible");
        f->group = x->arg[0];
        f->is_frailty = true;
    } else if (expr_is_call(x, "(", 1) && expr_is_call(x->arg[0], "|", 2)) {
        const Expr *bar = x->arg[0], *slope = expr_bare(bar->arg[0]);
        if (f->group) return refuse(b, x, "only one group effect is possible");
        f->group = bar->arg[1];
        if (slope->kind == EXPR_NUMBER) {
            if (slope->number != 1) return refuse(b, x, "left of | stands 1 or a column");
        } else {
            f->slope = slope;
        }
    } else {
        *took = false;
    }
out:
    return rc;
}

static Rc expand(Products *out, const Expr *x, Builder *b);

/* A stratum, an offset or a group is no factor of a product and cannot be taken away: dropping it in silence would fit another model. */
static Rc no_special(const Expr *x, Builder *b)
{
    Rc rc = OK;
    static const char *const name[] = { "strata", "offset", "cluster", "frailty" };
    if (x->kind != EXPR_CALL) return OK;
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
        if (expr_is_call(x, name[i], -1)) return refuse(b, x, "can only be added; for an interaction use factor() in its place");
    if (expr_is_call(x, "|", 2)) return refuse(b, x, "a group effect can only be added");
    /* Only the operators of formulas: inside of any other call these names are that call's business. */
    static const char *const op[] = { "(", "+", "-", "*", ":", "/", "^" };
    for (size_t i = 0; i < sizeof op / sizeof op[0]; i++)
        if (expr_is_call(x, op[i], -1))
            for (int k = 0; k < x->n_args; k++) TRY(no_special(x->arg[k], b));
out:
    return rc;
}

/* a/b: b within the levels of all of a, a + a:b. */
static Rc expand_nested(Products *out, const Expr *x, Builder *b)
{
    Rc rc = OK;
    Products left = { 0 }, right = { 0 };
    Product all = { 0 };
    if (expr_bare(x->arg[1])->kind == EXPR_NUMBER) return refuse(b, x, "/ in a formula nests terms; a division is I(x/10)");
    TRY(no_special(x, b));
    TRY(expand(&left, x->arg[0], b));
    TRY(expand(&right, x->arg[1], b));
    for (size_t i = 0; i < left.n; i++) {
        TRY(products_add(out, left.item[i], b));
        Product more = { 0 };
        TRY(product_of(&more, &all, &left.item[i], b));
        all = more;
    }
    for (size_t k = 0; k < right.n; k++) {
        Product p = { 0 };
        TRY(product_of(&p, &all, &right.item[k], b));
        TRY(products_add(out, p, b));
    }
out:
    return rc;
}

static Rc expand_product(Products *out, const Expr *x, bool margins, Builder *b)
{
    Rc rc = OK;
    Products left = { 0 }, right = { 0 };
    TRY(no_special(x, b));
    TRY(expand(&left, x->arg[0], b));
    TRY(expand(&right, x->arg[1], b));
    if (margins) {
        for (size_t i = 0; i < left.n; i++) TRY(products_add(out, left.item[i], b));
        for (size_t i = 0; i < right.n; i++) TRY(products_add(out, right.item[i], b));
    }
    for (size_t i = 0; i < left.n; i++)
        for (size_t k = 0; k < right.n; k++) {
            Product p = { 0 };
            TRY(product_of(&p, &left.item[i], &right.item[k], b));
            TRY(products_add(out, p, b));
        }
out:
    return rc;
}

static Rc expand_power(Products *out, const Expr *x, Builder *b)
{
    Rc rc = OK;
    Products base = { 0 }, power = { 0 };
    double k = 0;
    TRY(constant_of(&k, x->arg[1], "the exponent of a formula is a whole number", b));
    if (k < 1 || k > 8 || k != floor(k)) return refuse(b, x, "the exponent of a formula is 1 to 8");
    TRY(no_special(x->arg[0], b));
    TRY(expand(&base, x->arg[0], b));
    /* The power is of what stands in the brackets, not of the terms met before. */
    for (size_t i = 0; i < base.n; i++) TRY(products_add(&power, base.item[i], b));
    for (int step = 1; step < (int)k; step++) {
        size_t n = power.n;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < base.n; j++) {
                Product p = { 0 };
                TRY(product_of(&p, &power.item[i], &base.item[j], b));
                TRY(products_add(&power, p, b));
            }
    }
    for (size_t i = 0; i < power.n; i++) TRY(products_add(out, power.item[i], b));
out:
    return rc;
}

static Rc expand(Products *out, const Expr *x, Builder *b)
{
    Rc rc = OK;
    bool special = false;
    Products part = { 0 };
    TRY(take_special(&special, x, b));
    if (special) return OK;
    if (x->kind == EXPR_NUMBER) {
        if (x->number != 0 && x->number != 1) return refuse(b, x, "a number is no term; 1 and 0 stand for the intercept");
        b->f->intercept = x->number == 1;
        return OK;
    }
    if (expr_is_call(x, "(", 1)) return expand(out, x->arg[0], b);
    if (expr_is_call(x, "+", 1)) return expand(out, x->arg[0], b);
    if (expr_is_call(x, "+", 2)) {
        TRY(expand(out, x->arg[0], b));
        return expand(out, x->arg[1], b);
    }
    if (expr_is_call(x, ":", 2)) return expand_product(out, x, false, b);
    if (expr_is_call(x, "*", 2)) return expand_product(out, x, true, b);
    if (expr_is_call(x, "/", 2)) return expand_nested(out, x, b);
    if (expr_is_call(x, "^", 2)) return expand_power(out, x, b);
    if (expr_is_call(x, "-", 1) || expr_is_call(x, "-", 2)) {
        const Expr *minus = x->arg[x->n_args - 1];
        if (x->n_args == 2) TRY(expand(out, x->arg[0], b));
        if (minus->kind == EXPR_NUMBER) { b->f->intercept = minus->number == 0; return OK; }
        TRY(no_special(minus, b));
        TRY(expand(&part, minus, b));
        for (size_t i = 0; i < part.n; i++) products_remove(out, &part.item[i]);
        return OK;
    }
    if (x->kind == EXPR_TEXT || x->kind == EXPR_LOGICAL) return refuse(b, x, "a constant is no term");
    int v = 0;
    TRY(variable(&v, x, b));
    Product p = { 1, ARENA_NEW(b->a, 1, int) };
    if (!p.var) return err_nomem(b->e);
    p.var[0] = v;
    TRY(products_add(out, p, b));
out:
    return rc;
}

/* Whether one of the first n terms holds all variables of p: what p alone could say is then said already. */
static bool contained(const Term *term, size_t n, const Product *p)
{
    if (p->n == 0) return true;
    for (size_t i = 0; i < n; i++) {
        int found = 0;
        for (int v = 0; v < p->n; v++)
            for (int w = 0; w < term[i].n; w++) found += term[i].var[w] == p->var[v];
        if (found == p->n) return true;
    }
    return false;
}

/* Terms in order of their degree; a factor is coded by contrasts when the term without it is part of an earlier one (R's rule). */
static Rc make_terms(const Products *s, Builder *b)
{
    Formula *f = b->f;
    int top = 0;
    size_t k = 0;
    f->term = ARENA_NEW(b->a, s->n, Term);
    if (!f->term) return err_nomem(b->e);
    for (size_t i = 0; i < s->n; i++)
        if (s->item[i].n > top) top = s->item[i].n;
    for (int degree = 1; degree <= top; degree++)
        for (size_t i = 0; i < s->n; i++) {
            const Product *p = &s->item[i];
            if (p->n != degree) continue;
            Term *t = &f->term[k++];
            t->n = p->n;
            t->var = p->var;
            t->full = ARENA_NEW(b->a, (size_t)p->n, bool);
            Product margin = { p->n - 1, ARENA_NEW(b->a, (size_t)p->n, int) };
            Str label = { 0 };
            if (!t->full || !margin.var) return err_nomem(b->e);
            for (int v = 0; v < p->n; v++) {
                int m = 0;
                for (int w = 0; w < p->n; w++)
                    if (w != v) margin.var[m++] = p->var[w];
                /* Without an intercept the first factor alone takes its place. */
                t->full[v] = !contained(f->term, k - 1, &margin);
                if (v) str_append_char(&label, ':');
                str_append(&label, f->var[p->var[v]].label);
            }
            t->label = arena_strdup(b->a, str_text(&label));
            str_free(&label);
            if (!t->label) return err_nomem(b->e);
        }
    f->n_terms = k;
    return OK;
}

static Rc take_left(const Expr *left, Builder *b)
{
    Formula *f = b->f;
    const Expr *x = expr_bare(left);
    f->left = left;
    if (!expr_is_call(x, "Surv", -1)) { f->left_kind = LEFT_VALUE; return OK; }
    if (x->n_args != 2 && x->n_args != 3) return refuse(b, x, "Surv takes (time, event) or (start, stop, event)");
    for (int i = 0; i < x->n_args; i++)
        if (x->arg_name[i]) return refuse(b, x, "Surv takes no named arguments");
    f->left_kind = LEFT_SURV;
    f->start = x->n_args == 3 ? x->arg[0] : NULL;
    f->time = x->arg[x->n_args - 2];
    f->event = x->arg[x->n_args - 1];
    return OK;
}

Rc formula_parse(Formula **out, const char *text, Arena *a, Err *e)
{
    Rc rc = OK;
    Expr *x = NULL;
    Products all = { 0 };
    Formula *f = ARENA_NEW(a, 1, Formula);
    if (!f) return err_nomem(e);
    Builder b = { .f = f, .a = a, .e = e, .text = text };
    f->intercept = true;
    f->text = arena_strdup(a, text);
    TRY(expr_parse(&x, text, a, e));
    if (!expr_is_call(x, "~", -1)) return err_set(e, ERR_USAGE, "'%s': no formula, a ~ is missing", text);
    if (x->n_args == 2) TRY(take_left(x->arg[0], &b));
    TRY(expand(&all, x->arg[x->n_args - 1], &b));
    TRY(make_terms(&all, &b));
    *out = f;
out:
    return rc;
}

/* ---- columns of either side */

typedef struct { const char **name; size_t n, cap; } List;

static Rc list_add(List *s, const Expr *x, Arena *a, Err *e)
{
    Rc rc = OK;
    const char *const *names = NULL;
    if (!x) return OK;
    TRY(expr_columns(&names, x, a, e));
    for (; *names; names++) {
        bool known = false;
        for (size_t i = 0; i < s->n; i++) known = known || strcmp(s->name[i], *names) == 0;
        if (known) continue;
        if (s->n + 1 >= s->cap) {
            size_t cap = s->cap ? 2 * s->cap : 8;
            const char **more = (const char **)arena_array(a, cap, sizeof(char *));
            if (!more) return err_nomem(e);
            if (s->n) memcpy(more, s->name, s->n * sizeof *more);
            s->name = more;
            s->cap = cap;
        }
        s->name[s->n++] = *names;
    }
out:
    return rc;
}

static Rc list_end(const char *const **out, List *s, Arena *a, Err *e)
{
    if (!s->name) s->name = (const char **)arena_array(a, 1, sizeof(char *));
    if (!s->name) return err_nomem(e);
    *out = s->name;
    return OK;
}

Rc formula_columns(const char *const **left, const char *const **right, const Formula *f, Arena *a, Err *e)
{
    Rc rc = OK;
    List l = { 0 }, r = { 0 };
    TRY(list_add(&l, f->left, a, e));
    for (size_t i = 0; i < f->n_vars; i++) TRY(list_add(&r, f->var[i].expr, a, e));
    for (size_t i = 0; i < f->n_strata; i++) TRY(list_add(&r, f->strata[i], a, e));
    for (size_t i = 0; i < f->n_offsets; i++) TRY(list_add(&r, f->offset[i], a, e));
    TRY(list_add(&r, f->cluster, a, e));
    TRY(list_add(&r, f->group, a, e));
    TRY(list_add(&r, f->slope, a, e));
    TRY(list_end(left, &l, a, e));
    TRY(list_end(right, &r, a, e));
out:
    return rc;
}
