/* stats/expr_parse.c: R's expressions from text to tree, with R's order of precedence. */
#include "stats/expr.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"

enum { DEPTH_MAX = 200, ARGS_MAX = 4096, CHAIN_LONG = 32 };

typedef enum { TOKEN_END, TOKEN_NUMBER, TOKEN_NAME, TOKEN_QUOTED_NAME, TOKEN_TEXT, TOKEN_SIGN } TokenKind;

typedef struct {
    const char *text;          /* the whole expression */
    size_t at;                 /* where the next token begins */
    Arena *arena;
    Err *e;
    int depth;
    TokenKind kind;
    size_t begin, end;         /* the current token's place */
    size_t last_end;           /* end of the token before it */
    double number;
    char *word;                /* name, text or sign */
} Parser;

static bool is_name_start(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80; }
static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
static bool is_name_part(unsigned char c) { return is_name_start(c) || is_digit(c) || c == '.' || c == '_'; }

static Rc fail_at(Parser *p, size_t at, const char *what)
{
    return err_set(p->e, ERR_USAGE, "'%.200s': %s at character %zu", p->text, what, at + 1);
}

/* The text between two quotes; a backslash keeps the next character as it is. */
static Rc token_quoted(Parser *p, char quote, TokenKind kind)
{
    size_t i = p->at + 1;
    Str s = { 0 };
    while (p->text[i] && p->text[i] != quote) {
        if (p->text[i] == '\\' && quote != '`' && p->text[i + 1]) i++;
        str_append_char(&s, p->text[i++]);
    }
    if (p->text[i] != quote) { str_free(&s); return fail_at(p, p->at, "a quote that does not end"); }
    p->kind = kind;
    p->word = arena_strdup(p->arena, str_text(&s));
    str_free(&s);
    p->end = i + 1;
    return p->word ? OK : err_nomem(p->e);
}

static Rc token_number(Parser *p)
{
    const char *t = p->text;
    size_t i = p->at;
    char buffer[64];
    while (is_digit((unsigned char)t[i]) || t[i] == '.') i++;
    if (t[i] == 'e' || t[i] == 'E') {
        size_t k = i + 1;
        if (t[k] == '+' || t[k] == '-') k++;
        if (is_digit((unsigned char)t[k])) { i = k; while (is_digit((unsigned char)t[i])) i++; }
    }
    size_t n = i - p->at;
    if (n >= sizeof buffer) return fail_at(p, p->at, "a number of too many digits");
    memcpy(buffer, t + p->at, n);
    buffer[n] = 0;
    if (!number_read(&p->number, buffer)) return fail_at(p, p->at, "no number that can be read");
    if (t[i] == 'L') i++;
    p->kind = TOKEN_NUMBER;
    p->end = i;
    return OK;
}

static Rc next(Parser *p)
{
    static const char *const signs[] = { "<=", ">=", "==", "!=", "&&", "||", "(", ")", ",", "~", "+", "-", "*", "/", "^", ":",
                                         "<", ">", "!", "&", "|", "=", NULL };
    const char *t = p->text;
    p->last_end = p->end;
    while (t[p->at] == ' ' || t[p->at] == '\t' || t[p->at] == '\n' || t[p->at] == '\r') p->at++;
    p->begin = p->at;
    unsigned char c = (unsigned char)t[p->at];
    Rc rc = OK;
    if (!c) {
        p->kind = TOKEN_END;
        p->end = p->at;
    } else if (is_digit(c) || (c == '.' && is_digit((unsigned char)t[p->at + 1]))) {
        rc = token_number(p);
    } else if (c == '\'' || c == '"') {
        rc = token_quoted(p, (char)c, TOKEN_TEXT);
    } else if (c == '`') {
        rc = token_quoted(p, '`', TOKEN_QUOTED_NAME);
    } else if (is_name_start(c) || c == '.') {
        size_t i = p->at;
        while (is_name_part((unsigned char)t[i])) i++;
        p->kind = TOKEN_NAME;
        p->word = arena_strndup(p->arena, t + p->at, i - p->at);
        p->end = i;
        if (!p->word) rc = err_nomem(p->e);
    } else if (c == '%') {
        const char *close = strchr(t + p->at + 1, '%');
        if (!close) return fail_at(p, p->at, "a % that does not end");
        p->kind = TOKEN_SIGN;
        p->end = (size_t)(close - t) + 1;
        p->word = arena_strndup(p->arena, t + p->at, p->end - p->at);
        if (!p->word) rc = err_nomem(p->e);
    } else {
        size_t k = 0;
        while (signs[k] && strncmp(t + p->at, signs[k], strlen(signs[k])) != 0) k++;
        if (!signs[k]) return fail_at(p, p->at, "a character that no expression holds");
        p->kind = TOKEN_SIGN;
        p->end = p->at + strlen(signs[k]);
        p->word = arena_strdup(p->arena, signs[k]);
        if (!p->word) rc = err_nomem(p->e);
    }
    p->at = p->end;
    return rc;
}

static bool sign_is(const Parser *p, const char *s) { return p->kind == TOKEN_SIGN && strcmp(p->word, s) == 0; }

/* Characters from begin to end without blanks outside quotes. */
static const char *label_of(Parser *p, size_t begin, size_t end)
{
    char *out = arena_alloc(p->arena, end - begin + 1);
    size_t n = 0;
    char quote = 0;
    if (!out) return NULL;
    for (size_t i = begin; i < end; i++) {
        char c = p->text[i];
        if (quote) { if (c == quote) quote = 0; }
        else if (c == '\'' || c == '"' || c == '`') quote = c;
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
        out[n++] = c;
    }
    out[n] = 0;
    return out;
}

static Rc node(Expr **out, Parser *p, ExprKind kind, const char *name, int n_args, size_t begin, size_t end)
{
    Expr *x = ARENA_NEW(p->arena, 1, Expr);
    if (!x) return err_nomem(p->e);
    x->kind = kind;
    x->name = name;
    x->n_args = n_args;
    x->arg = ARENA_NEW(p->arena, (size_t)n_args, Expr *);
    x->arg_name = (const char **)arena_array(p->arena, (size_t)n_args, sizeof(char *));
    x->label = label_of(p, begin, end);
    if (!x->arg || !x->arg_name || !x->label) return err_nomem(p->e);
    *out = x;
    return OK;
}

static Rc parse(Expr **out, Parser *p, int lowest);

static Rc parse_call(Expr **out, Parser *p, const char *name, size_t begin)
{
    Rc rc = OK;
    Expr *args[64], **more = NULL;
    const char *names[64], **more_names = NULL;
    int n = 0;
    /* c() may be long; other calls never are. */
    int cap = 64;
    Expr **arg = args;
    const char **arg_name = names;
    TRY(next(p));                                   /* the '(' */
    while (!sign_is(p, ")")) {
        if (n == cap) {
            if (cap == ARGS_MAX) return fail_at(p, p->begin, "too many arguments");
            more = ARENA_NEW(p->arena, ARGS_MAX, Expr *);
            more_names = (const char **)arena_array(p->arena, ARGS_MAX, sizeof(char *));
            if (!more || !more_names) return err_nomem(p->e);
            memcpy(more, args, sizeof args);
            memcpy(more_names, names, sizeof names);
            arg = more; arg_name = more_names; cap = ARGS_MAX;
        }
        arg_name[n] = NULL;
        TRY(parse(&arg[n], p, 1));
        if (sign_is(p, "=")) {
            if (arg[n]->kind != EXPR_COLUMN) return fail_at(p, p->begin, "an '=' (a comparison is ==)");
            arg_name[n] = arg[n]->name;
            TRY(next(p));
            TRY(parse(&arg[n], p, 1));
        }
        n++;
        if (sign_is(p, ",")) {
            TRY(next(p));
            if (sign_is(p, ")")) return fail_at(p, p->begin, "an argument is missing");
        } else if (!sign_is(p, ")")) {
            return fail_at(p, p->begin, p->kind == TOKEN_END ? "a ')' is missing" : "expected ',' or ')'");
        }
    }
    TRY(node(out, p, EXPR_CALL, name, n, begin, p->end));
    for (int i = 0; i < n; i++) { (*out)->arg[i] = arg[i]; (*out)->arg_name[i] = arg_name[i]; }
    TRY(next(p));
out:
    return rc;
}

static Rc parse_primary(Expr **out, Parser *p)
{
    Rc rc = OK;
    size_t begin = p->begin;
    if (p->kind == TOKEN_NUMBER) {
        TRY(node(out, p, EXPR_NUMBER, "", 0, begin, p->end));
        (*out)->number = p->number;
        TRY(next(p));
    } else if (p->kind == TOKEN_TEXT) {
        TRY(node(out, p, EXPR_TEXT, p->word, 0, begin, p->end));
        TRY(next(p));
    } else if (p->kind == TOKEN_QUOTED_NAME) {
        TRY(node(out, p, EXPR_COLUMN, p->word, 0, begin, p->end));
        TRY(next(p));
    } else if (p->kind == TOKEN_NAME) {
        const char *name = p->word;
        size_t end = p->end;
        TRY(next(p));
        if (sign_is(p, "(")) return parse_call(out, p, name, begin);
        if (strcmp(name, "TRUE") == 0 || strcmp(name, "FALSE") == 0) {
            TRY(node(out, p, EXPR_LOGICAL, "", 0, begin, end));
            (*out)->number = name[0] == 'T';
        } else if (strcmp(name, "NA") == 0 || strcmp(name, "Inf") == 0) {
            TRY(node(out, p, EXPR_NUMBER, "", 0, begin, end));
            (*out)->number = name[0] == 'N' ? (double)NAN : (double)INFINITY;
        } else {
            TRY(node(out, p, EXPR_COLUMN, name, 0, begin, end));
        }
    } else if (sign_is(p, "(")) {
        Expr *inner = NULL;
        TRY(next(p));
        TRY(parse(&inner, p, 1));
        if (!sign_is(p, ")")) return fail_at(p, p->begin, "a ')' is missing");
        TRY(node(out, p, EXPR_CALL, "(", 1, begin, p->end));
        (*out)->arg[0] = inner;
        TRY(next(p));
    } else {
        return fail_at(p, p->begin, p->kind == TOKEN_END ? "the text ends too early" : "a value was expected");
    }
out:
    return rc;
}

/* How strongly a binary sign binds; 0 when the token is none. */
static int binding(const Parser *p)
{
    static const struct { const char *sign; int level; } table[] = {
        { "~", 1 }, { "|", 2 }, { "||", 2 }, { "&", 3 }, { "&&", 3 }, { "<", 5 }, { "<=", 5 }, { ">", 5 }, { ">=", 5 }, { "==", 5 },
        { "!=", 5 }, { "+", 6 }, { "-", 6 }, { "*", 7 }, { "/", 7 }, { ":", 9 }, { "^", 11 } };
    if (p->kind != TOKEN_SIGN) return 0;
    if (p->word[0] == '%') return 8;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].sign, p->word) == 0) return table[i].level;
    return 0;
}

/* Precedence climbing; `lowest` is the weakest sign that may stand at this level. */
static Rc parse(Expr **out, Parser *p, int lowest)
{
    Rc rc = OK;
    Expr *left = NULL;
    size_t begin = p->begin;
    int links = 0;
    if (++p->depth > DEPTH_MAX) return fail_at(p, p->begin, "too many levels");
    if (sign_is(p, "-") || sign_is(p, "+") || sign_is(p, "!") || sign_is(p, "~")) {
        const char *sign = p->word;
        int level = sign[0] == '!' ? 4 : sign[0] == '~' ? 1 : 10;
        Expr *inner = NULL;
        TRY(next(p));
        TRY(parse(&inner, p, level));
        TRY(node(&left, p, EXPR_CALL, sign, 1, begin, p->last_end));
        left->arg[0] = inner;
    } else {
        TRY(parse_primary(&left, p));
    }
    for (;;) {
        int level = binding(p);
        if (!level || level < lowest) break;
        const char *sign = p->word;
        Expr *right = NULL, *x = NULL;
        TRY(next(p));
        /* ^ binds to the right and lets a sign stand in its exponent; the others bind to the left. */
        TRY(parse(&right, p, level == 11 ? 10 : level + 1));
        /* The label of each link of a chain would make a formula of a thousand columns quadratic: inside of a long one it ends early. */
        const bool inner = ++links > CHAIN_LONG;
        TRY(node(&x, p, EXPR_CALL, sign, 2, begin, inner ? begin : p->last_end));
        if (inner) x->label = left->label;
        x->arg[0] = left;
        x->arg[1] = right;
        left = x;
        if (level == 5 && binding(p) == 5) return fail_at(p, p->begin, "comparisons cannot be chained");
    }
    if (links > CHAIN_LONG && !(left->label = label_of(p, begin, p->last_end))) rc = err_nomem(p->e);
    *out = left;
    p->depth--;
out:
    return rc;
}

Rc expr_parse(Expr **out, const char *text, Arena *a, Err *e)
{
    Rc rc = OK;
    Parser p = { .text = text, .arena = a, .e = e };
    TRY(next(&p));
    TRY(parse(out, &p, 1));
    if (p.kind != TOKEN_END) return fail_at(&p, p.begin, "something that does not belong here");
out:
    return rc;
}

const char *expr_label(const Expr *x) { return x->label; }

bool expr_is_call(const Expr *x, const char *name, int n)
{
    return x && x->kind == EXPR_CALL && strcmp(x->name, name) == 0 && (n < 0 || x->n_args == n);
}

const Expr *expr_bare(const Expr *x)
{
    while (expr_is_call(x, "(", 1)) x = x->arg[0];
    return x;
}

const char *expr_number_label(double x, Arena *a)
{
    char buffer[NUMBER_TEXT_MAX];
    return arena_strdup(a, number_write_short(buffer, x));
}

const char *expr_value_label(const ExprValue *v, size_t i, Arena *a)
{
    char buffer[NUMBER_TEXT_MAX];
    const char *text = expr_value_text(v, i, buffer);
    return text == buffer ? arena_strdup(a, text) : text;
}

const char *expr_value_text(const ExprValue *v, size_t i, char buffer[NUMBER_TEXT_MAX])
{
    if (v->is_text) return v->text[i];
    if (v->num[i] != v->num[i]) return NULL;
    if (v->is_logical) return v->num[i] != 0 ? "TRUE" : "FALSE";
    number_write_short(buffer, v->num[i]);
    return buffer;
}

/* ---- the columns an expression reads */

typedef struct { const char **name; size_t n, cap; } Names;

static Rc names_add(Names *s, const char *name, Arena *a, Err *e)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->name[i], name) == 0) return OK;
    if (s->n + 1 >= s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 8;
        const char **more = (const char **)arena_array(a, cap, sizeof(char *));
        if (!more) return err_nomem(e);
        if (s->n) memcpy(more, s->name, s->n * sizeof *more);
        s->name = more;
        s->cap = cap;
    }
    s->name[s->n++] = name;
    return OK;
}

static Rc names_of(Names *s, const Expr *x, Arena *a, Err *e)
{
    Rc rc = OK;
    if (x->kind == EXPR_COLUMN) TRY(names_add(s, x->name, a, e));
    for (int i = 0; i < x->n_args; i++) TRY(names_of(s, x->arg[i], a, e));
out:
    return rc;
}

Rc expr_columns(const char *const **out, const Expr *x, Arena *a, Err *e)
{
    Rc rc = OK;
    Names s = { 0 };
    TRY(names_of(&s, x, a, e));
    if (!s.name) {
        s.name = (const char **)arena_array(a, 1, sizeof(char *));
        if (!s.name) return err_nomem(e);
    }
    *out = s.name;
out:
    return rc;
}
