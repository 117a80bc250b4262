/* stats/expr_eval.c: values of an expression for every row of a frame. A missing operand gives missing, save in is.na,
 * FALSE & and TRUE | (COMMANDS.md §1). */
#include "stats/expr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"

typedef struct {
    const Frame *f;
    Arena *a;
    Err *e;
} Context;

typedef ExprValue Value;

static Rc eval(Value *out, const Expr *x, Context *c);

static Rc value_new(Value *v, Context *c, bool logical)
{
    *v = (Value){ .n = c->f->rows, .is_logical = logical };
    v->num = ARENA_NEW(c->a, c->f->rows, double);
    return v->num ? OK : err_nomem(c->e);
}

/* A decimal number all the same, where number_read found it too large to be one: 1e400. */
static bool is_decimal(const char *t)
{
    t += *t == '+' || *t == '-';
    size_t digits = strspn(t, "0123456789");
    t += digits;
    if (*t == '.') {
        const size_t more = strspn(t + 1, "0123456789");
        digits += more;
        t += 1 + more;
    }
    if (digits && (*t == 'e' || *t == 'E')) {
        t++;
        t += *t == '+' || *t == '-';
        digits = strspn(t, "0123456789");
        t += digits;
    }
    return digits && !*t;
}

/* A word that stands for a number which cannot be used; number_read has failed on it. */
static bool reads_as_special(double *x, const char *t)
{
    static const struct { const char *word; double value; } words[] = {
        { "inf", (double)INFINITY }, { "+inf", (double)INFINITY }, { "-inf", -(double)INFINITY },
        { "infinity", (double)INFINITY }, { "-infinity", -(double)INFINITY }, { "nan", (double)NAN } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal_nocase(t, words[i].word)) { *x = words[i].value; return true; }
    if (!is_decimal(t)) return false;
    *x = *t == '-' ? -(double)INFINITY : (double)INFINITY;
    return true;
}

Rc expr_text_as_numbers(double **out, const FrameColumn *col, size_t rows, Arena *a, Err *e)
{
    double *x = NULL, v = 0;
    bool any = false;
    *out = NULL;
    for (size_t i = 0; i < rows; i++) {
        const char *t = col->text[i];
        if (!t) continue;
        if (!number_read(&v, t) && !reads_as_special(&v, t)) return OK;
        any = true;
    }
    if (!any) return OK;
    x = ARENA_NEW(a, rows, double);
    if (!x) return err_nomem(e);
    for (size_t i = 0; i < rows; i++) {
        x[i] = (double)NAN;
        if (col->text[i] && !number_read(&x[i], col->text[i])) reads_as_special(&x[i], col->text[i]);
    }
    *out = x;
    return OK;
}

static Rc eval_column(Value *out, const Expr *x, Context *c)
{
    const FrameColumn *col = frame_column(c->f, x->name);
    if (!col) {
        const char **names = (const char **)arena_array(c->a, c->f->columns + 1, sizeof(char *));
        if (!names) return err_nomem(c->e);
        for (size_t i = 0; i < c->f->columns; i++) names[i] = c->f->column[i].name;
        const char *near = text_nearest(x->name, names, c->f->columns);
        return err_set(c->e, ERR_USAGE, "%s: no column '%s'%s%s%s", c->f->name, x->name, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
    }
    *out = (Value){ .n = c->f->rows };
    if (!col->is_text) {
        out->num = col->num;
        out->is_logical = col->is_logical;
        return OK;
    }
    double *numbers = NULL;
    Rc rc = expr_text_as_numbers(&numbers, col, c->f->rows, c->a, c->e);
    if (rc != OK) return rc;
    if (numbers) out->num = numbers;
    else { out->is_text = true; out->text = col->text; }
    return OK;
}

/* Arithmetic wants numbers: text says which cell is in the way. */
static Rc want_numbers(const Value *v, const Expr *x, Context *c)
{
    double unused;
    if (!v->is_text) return OK;
    for (size_t i = 0; i < v->n; i++)
        if (v->text[i] && !number_read(&unused, v->text[i])) {
            if (x->kind == EXPR_COLUMN)
                return err_set(c->e, ERR_INPUT, "%s:%zu: column '%s' is '%s', expected a number", c->f->name,
                               c->f->line ? c->f->line[i] : i + 2, x->name, v->text[i]);
            break;
        }
    return err_set(c->e, ERR_USAGE, "'%s' is text, expected a number", x->label);
}

static Rc eval_number(Value *out, const Expr *x, Context *c)
{
    Rc rc = eval(out, x, c);
    return rc == OK ? want_numbers(out, x, c) : rc;
}

/* R 4's rule: the nearer of the two neighbours with so many digits, the even one when they are equally near. */
static double round_digits(double x, double digits)
{
    if (!isfinite(x) || digits > 15) return x;
    double p = pow(10.0, fabs(digits));
    if (digits < 0) return nearbyint(x / p) * p;
    double scaled = x * p, low = floor(scaled);
    double a = low / p, b = ceil(scaled) / p, below = x - a, above = b - x;
    return below < above || (below == above && fmod(low, 2) == 0) ? a : b;
}

static double binary(const char *op, double a, double b)
{
    if (isnan(a) || isnan(b)) return (double)NAN;
    switch (op[0]) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    case '^': return b == 2 ? a * a : pow(a, b);
    case '%':
        if (op[1] == '/') return floor(a / b);
        { double q = a - floor(a / b) * b; return q; }
    case '<': return op[1] ? a <= b : a < b;
    case '>': return op[1] ? a >= b : a > b;
    case '=': return a == b;
    default: return a != b;
    }
}

static double both(char op, double a, double b)
{
    if (op == '&') {
        if (a == 0 || b == 0) return 0;
        return isnan(a) || isnan(b) ? (double)NAN : 1;
    }
    if ((!isnan(a) && a != 0) || (!isnan(b) && b != 0)) return 1;
    return isnan(a) || isnan(b) ? (double)NAN : 0;
}

/* Text of row i of a value, numbers as their shortest decimal; NULL when missing. */
static const char *text_at(const Value *v, size_t i, char buffer[NUMBER_TEXT_MAX])
{
    if (v->is_text) return v->text[i];
    return isnan(v->num[i]) ? NULL : number_write_short(buffer, v->num[i]);
}

static Rc compare(Value *out, const Expr *x, const Value *a, const Value *b, Context *c)
{
    Rc rc = value_new(out, c, true);
    if (rc != OK) return rc;
    char left[NUMBER_TEXT_MAX], right[NUMBER_TEXT_MAX];
    for (size_t i = 0; i < out->n; i++) {
        if (!a->is_text && !b->is_text) { out->num[i] = binary(x->name, a->num[i], b->num[i]); continue; }
        const char *s = text_at(a, i, left), *t = text_at(b, i, right);
        out->num[i] = s && t ? binary(x->name, strcmp(s, t), 0) : (double)NAN;
    }
    return OK;
}

static Rc eval_binary(Value *out, const Expr *x, Context *c)
{
    Rc rc = OK;
    Value a = { 0 }, b = { 0 };
    char op = x->name[0];
    bool compares = op == '<' || op == '>' || op == '=' || op == '!';
    TRY(eval(&a, x->arg[0], c));
    TRY(eval(&b, x->arg[1], c));
    if (compares) return compare(out, x, &a, &b, c);
    TRY(want_numbers(&a, x->arg[0], c));
    TRY(want_numbers(&b, x->arg[1], c));
    TRY(value_new(out, c, op == '&' || op == '|'));
    for (size_t i = 0; i < out->n; i++)
        out->num[i] = op == '&' || op == '|' ? both(op, a.num[i], b.num[i]) : binary(x->name, a.num[i], b.num[i]);
out:
    return rc;
}

static Rc eval_in(Value *out, const Expr *x, Context *c)
{
    Rc rc = OK;
    Value v = { 0 };
    const Expr *set = expr_bare(x->arg[1]);
    const Expr *const *item = (const Expr *const *)set->arg;
    int n = set->n_args;
    char left[NUMBER_TEXT_MAX], right[NUMBER_TEXT_MAX];
    if (!expr_is_call(set, "c", -1)) { item = (const Expr *const *)&x->arg[1]; n = 1; }
    TRY(eval(&v, x->arg[0], c));
    TRY(value_new(out, c, true));
    for (int k = 0; k < n; k++) {
        const Expr *q = expr_bare(item[k]);
        double sign = 1;
        if (expr_is_call(q, "-", 1)) { sign = -1; q = q->arg[0]; }
        if (q->kind != EXPR_NUMBER && q->kind != EXPR_TEXT && q->kind != EXPR_LOGICAL)
            return err_set(c->e, ERR_USAGE, "'%s': %%in%% wants numbers or texts on its right", x->label);
        for (size_t i = 0; i < out->n; i++) {
            if (q->kind != EXPR_TEXT && !v.is_text) { out->num[i] += v.num[i] == sign * q->number; continue; }
            const char *s = text_at(&v, i, left);
            const char *t = q->kind == EXPR_TEXT ? q->name : number_write_short(right, sign * q->number);
            out->num[i] += s && strcmp(s, t) == 0;
        }
    }
    for (size_t i = 0; i < out->n; i++)
        out->num[i] = (v.is_text ? !v.text[i] : isnan(v.num[i])) ? (double)NAN : out->num[i] > 0;
out:
    return rc;
}

static double fn_log2(double x) { return log2(x); }
static double fn_sqrt(double x) { return sqrt(x); }
static double fn_identity(double x) { return x; }
static double fn_not(double x) { return x == 0; }
static double fn_minus(double x) { return -x; }

static Rc eval_map(Value *out, const Expr *x, double (*f)(double), bool logical, Context *c)
{
    Rc rc = OK;
    Value v = { 0 };
    TRY(eval_number(&v, x->arg[0], c));
    TRY(value_new(out, c, logical));
    for (size_t i = 0; i < out->n; i++) out->num[i] = isnan(v.num[i]) ? (double)NAN : f(v.num[i]);
out:
    return rc;
}

static Rc eval_ifelse(Value *out, const Expr *x, Context *c)
{
    Rc rc = OK;
    Value t = { 0 }, a = { 0 }, b = { 0 };
    TRY(eval_number(&t, x->arg[0], c));
    TRY(eval(&a, x->arg[1], c));
    TRY(eval(&b, x->arg[2], c));
    if (a.is_text != b.is_text) return err_set(c->e, ERR_USAGE, "'%s': text and number in one ifelse", x->label);
    TRY(value_new(out, c, a.is_logical && b.is_logical));
    if (a.is_text) {
        out->is_text = true;
        out->text = ARENA_NEW(c->a, out->n, char *);
        if (!out->text) return err_nomem(c->e);
    }
    for (size_t i = 0; i < out->n; i++) {
        const Value *from = t.num[i] != 0 ? &a : &b;      /* for a missing condition see below */
        if (a.is_text) out->text[i] = isnan(t.num[i]) ? NULL : from->text[i];
        else out->num[i] = isnan(t.num[i]) ? (double)NAN : from->num[i];
    }
out:
    return rc;
}

static Rc eval_extreme(Value *out, const Expr *x, bool largest, Context *c)
{
    Rc rc = OK;
    Value v = { 0 };
    if (x->n_args < 1) return err_set(c->e, ERR_USAGE, "'%s' wants arguments", x->label);
    for (int k = 0; k < x->n_args; k++) {
        TRY(eval_number(&v, x->arg[k], c));
        if (k == 0) {
            TRY(value_new(out, c, false));
            memcpy(out->num, v.num, out->n * sizeof *v.num);
        }
        for (size_t i = 0; k > 0 && i < out->n; i++)
            if (isnan(v.num[i]) || (!isnan(out->num[i]) && (largest ? v.num[i] > out->num[i] : v.num[i] < out->num[i])))
                out->num[i] = v.num[i];
    }
out:
    return rc;
}

static Rc eval_round(Value *out, const Expr *x, Context *c)
{
    Rc rc = OK;
    Value v = { 0 }, d = { 0 };
    TRY(eval_number(&v, x->arg[0], c));
    if (x->n_args == 2) TRY(eval_number(&d, x->arg[1], c));
    TRY(value_new(out, c, false));
    for (size_t i = 0; i < out->n; i++) out->num[i] = round_digits(v.num[i], x->n_args == 2 ? d.num[i] : 0);
out:
    return rc;
}

static Rc eval_call(Value *out, const Expr *x, Context *c)
{
    static const struct { const char *name; int args; double (*f)(double); bool logical; } maps[] = {
        { "log", 1, log, false }, { "log2", 1, fn_log2, false }, { "log10", 1, log10, false }, { "log1p", 1, log1p, false },
        { "exp", 1, exp, false }, { "sqrt", 1, fn_sqrt, false }, { "abs", 1, fabs, false }, { "floor", 1, floor, false },
        { "ceiling", 1, ceil, false }, { "as.numeric", 1, fn_identity, false }, { "!", 1, fn_not, true },
        { "-", 1, fn_minus, false }, { "+", 1, fn_identity, false } };
    static const char *const operators[] = { "+", "-", "*", "/", "^", "%%", "%/%", "<", "<=", ">", ">=", "==", "!=", "&", "&&",
                                             "|", "||", NULL };
    static const char *const known[] = { "is.na", "log", "log2", "log10", "log1p", "exp", "sqrt", "abs", "floor", "ceiling",
                                         "round", "pmin", "pmax", "ifelse", "seq_along", "as.numeric", "factor", "I" };
    Rc rc = OK;
    Value v = { 0 };
    for (int i = 0; i < x->n_args; i++)
        if (x->arg_name[i]) return err_set(c->e, ERR_USAGE, "'%s': no argument '%s' here", x->label, x->arg_name[i]);
    if (expr_is_call(x, "(", 1) || expr_is_call(x, "I", 1) || expr_is_call(x, "factor", 1) || expr_is_call(x, "as.factor", 1))
        return eval(out, x->arg[0], c);
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        if (expr_is_call(x, maps[i].name, maps[i].args)) return eval_map(out, x, maps[i].f, maps[i].logical, c);
    for (size_t i = 0; operators[i]; i++)
        if (expr_is_call(x, operators[i], 2)) return eval_binary(out, x, c);
    if (expr_is_call(x, "%in%", 2)) return eval_in(out, x, c);
    if (expr_is_call(x, "ifelse", 3)) return eval_ifelse(out, x, c);
    if (expr_is_call(x, "pmin", -1)) return eval_extreme(out, x, false, c);
    if (expr_is_call(x, "pmax", -1)) return eval_extreme(out, x, true, c);
    if (expr_is_call(x, "round", 1) || expr_is_call(x, "round", 2)) return eval_round(out, x, c);
    if (expr_is_call(x, "is.na", 1)) {
        TRY(eval(&v, x->arg[0], c));
        TRY(value_new(out, c, true));
        for (size_t i = 0; i < out->n; i++) out->num[i] = v.is_text ? !v.text[i] : isnan(v.num[i]) != 0;
        return OK;
    }
    if (expr_is_call(x, "seq_along", 1)) {
        TRY(eval(&v, x->arg[0], c));
        TRY(value_new(out, c, false));
        for (size_t i = 0; i < out->n; i++) out->num[i] = (double)(i + 1);
        return OK;
    }
    const char *near = text_nearest(x->name, known, sizeof known / sizeof *known);
    rc = err_set(c->e, ERR_USAGE, "'%s': no function or operator '%s' of %d argument%s%s%s%s", x->label, x->name, x->n_args,
                 x->n_args == 1 ? "" : "s", near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
out:
    return rc;
}

static Rc eval(Value *out, const Expr *x, Context *c)
{
    Rc rc = OK;
    switch (x->kind) {
    case EXPR_COLUMN: return eval_column(out, x, c);
    case EXPR_CALL: return eval_call(out, x, c);
    case EXPR_TEXT:
        *out = (Value){ .n = c->f->rows, .is_text = true, .text = ARENA_NEW(c->a, c->f->rows, char *) };
        if (!out->text) return err_nomem(c->e);
        for (size_t i = 0; i < out->n; i++) out->text[i] = (char *)(size_t)x->name;      /* never written through */
        return OK;
    default:
        TRY(value_new(out, c, x->kind == EXPR_LOGICAL));
        for (size_t i = 0; i < out->n; i++) out->num[i] = x->number;
    }
out:
    return rc;
}

Rc expr_eval(ExprValue *out, const Expr *x, const Frame *f, Arena *a, Err *e)
{
    Context c = { f, a, e };
    return eval(out, x, &c);
}

Rc expr_eval_rows(unsigned char *keep, const char *text, const Frame *f, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Expr *x = NULL;
    Value v = { 0 };
    Context c = { f, &a, e };
    TRY(expr_parse(&x, text, &a, e));
    TRY(eval_number(&v, x, &c));
    for (size_t i = 0; i < f->rows; i++) keep[i] = !isnan(v.num[i]) && v.num[i] != 0;
out:
    arena_free(&a);
    return rc;
}
