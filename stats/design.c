/* stats/design.c: formula and frame to response, model matrix, strata and weights. */
#include "stats/design.h"

#include <math.h>
#include <string.h>

#include "core/extent.h"
#include "core/str.h"
#include "stats/design_values.h"
#include "stats/diagnosis.h"
#include "stats/terms.h"

static Rc need(int *place, Building *b, const Expr *x, bool as_category)
{
    if (!x) { *place = -1; return OK; }
    Needed *q = &b->need[b->n_need];
    *place = (int)b->n_need++;
    *q = (Needed){ .expr = x, .as_category = as_category };
    Rc rc = expr_eval(&q->value, x, b->f, &b->scratch, b->e);
    if (rc == OK && !q->value.is_text) q->finite = extent_of(&q->low, &q->high, q->value.num, b->f->rows);
    return rc;
}

static Rc check_kind(Building *b)
{
    const Formula *f = b->formula;
    switch (b->wish->kind) {
    case FORMULA_SURVIVAL:
        if (f->left_kind != LEFT_SURV) return err_set(b->e, ERR_USAGE, "'%s': Surv(time, event) is expected left of ~", f->text);
        break;
    case FORMULA_RESPONSE:
        if (f->left_kind != LEFT_VALUE) return err_set(b->e, ERR_USAGE, "'%s': one column or expression is expected left of ~", f->text);
        break;
    case FORMULA_COLUMNS:
        if (f->left_kind != LEFT_NONE) return err_set(b->e, ERR_USAGE, "'%s': nothing is expected left of ~", f->text);
        break;
    default: break;
    }
    return OK;
}

/* What the method would pass over: an answer that leaves out a part of the question is no answer. */
static Rc refuse_untaken(Building *b)
{
    const Formula *f = b->formula;
    const MethodTakes *t = b->call->takes;
    if (!t) return OK;
    const struct { bool there; Take take; const char *what; } part[] = {
        { option_text(b->call, "weights", NULL) != NULL, t->weights, "--weights" },
        { option_text(b->call, "cluster", NULL) != NULL, t->cluster, "--cluster" },
        { f->cluster != NULL, t->cluster, "cluster()" }, { f->n_strata > 0, t->strata, "strata()" },
        { f->n_offsets > 0, t->offset, "offset()" }, { f->group != NULL, t->group, f->is_frailty ? "frailty()" : "random effect" },
        { terms_have(f, VAR_PSPLINE), t->own_terms, "pspline()" }, { terms_have(f, VAR_FP), t->own_terms, "fp()" },
        { terms_have(f, VAR_TT), t->own_terms, "tt()" },
    };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (part[i].there && part[i].take == TAKES_NOT) return err_set(b->e, ERR_USAGE, "%s takes no %s", b->call->method->name, part[i].what);
    return OK;
}

/* Every --levels names a column of the table. */
static Rc check_levels(Building *b)
{
    const Json *j = json_get(b->call->options, "levels"), *item = json_type(j) == JSON_ARRAY ? json_first(j) : j;
    for (; item; item = json_type(j) == JSON_ARRAY ? json_next(item) : NULL) {
        const char *t = json_text(item), *equals = t ? strchr(t, '=') : NULL;
        const char *name = equals ? arena_strndup(&b->scratch, t, (size_t)(equals - t)) : NULL;
        if (!equals) return err_set(b->e, ERR_USAGE, "--levels '%s': expected \"col=a,b,c\"", t ? t : "");
        if (!name) return err_nomem(b->e);
        if (!frame_column(b->f, name)) return err_set(b->e, ERR_USAGE, "--levels '%s': %s has no column '%s'", t, b->f->name, name);
    }
    return OK;
}

/* Every expression that a row must have a value for. */
static Rc evaluate(Building *b)
{
    Rc rc = OK;
    Formula *f = b->formula;
    int unused = 0;
    Expr *weight = NULL, *cluster = NULL;
    const char *weight_text = option_text(b->call, "weights", NULL), *cluster_text = option_text(b->call, "cluster", NULL);
    b->need = ARENA_NEW(&b->scratch, f->n_vars + f->n_strata + f->n_offsets + 16, Needed);
    if (!b->need) return err_nomem(b->e);
    if (weight_text) TRY(expr_parse(&weight, weight_text, &b->d->arena, b->e));
    if (cluster_text) TRY(expr_parse(&cluster, cluster_text, &b->d->arena, b->e));
    b->y = b->start = b->time = b->event = -1;
    if (f->left_kind == LEFT_SURV) {
        TRY(need(&b->start, b, f->start, false));
        TRY(need(&b->time, b, f->time, false));
        TRY(need(&b->event, b, f->event, false));
    } else if (f->left_kind == LEFT_VALUE) {
        TRY(need(&b->y, b, f->left, true));
    }
    b->first_var = (int)b->n_need;
    for (size_t i = 0; i < f->n_vars; i++) TRY(need(&unused, b, f->var[i].expr, true));
    b->first_stratum = (int)b->n_need;
    for (size_t i = 0; i < f->n_strata; i++) TRY(need(&unused, b, f->strata[i], true));
    b->first_offset = (int)b->n_need;
    for (size_t i = 0; i < f->n_offsets; i++) TRY(need(&unused, b, f->offset[i], false));
    TRY(need(&b->weight, b, weight, false));
    TRY(need(&b->cluster, b, cluster ? cluster : f->cluster, true));
    TRY(need(&b->group, b, f->group, true));
    TRY(need(&b->slope, b, f->slope, false));
out:
    return rc;
}

static Rc gather(double **out, Building *b, int place)
{
    if (place < 0) { *out = NULL; return OK; }
    *out = ARENA_ROOM(&b->d->arena, b->d->n, double);
    if (!*out) return err_nomem(b->e);
    const double *from = b->need[place].value.num;
    if (b->d->n == b->f->rows) memcpy(*out, from, b->d->n * sizeof *from);
    else for (size_t i = 0; i < b->d->n; i++) (*out)[i] = from[b->d->row[i]];
    return OK;
}

static Rc one_category(int **code, char ***label, size_t *n, Building *b, int place)
{
    if (place < 0) return OK;
    const Needed *one = &b->need[place];
    return combine_categories(code, label, n, &one, 1, b->d->row, b->d->n, b->f, NULL, NULL, true, &b->d->arena, b->e);
}

static Rc rows_attributes(Building *b)
{
    Rc rc = OK;
    Design *d = b->d;
    const Formula *f = b->formula;
    char **unused = NULL;
    TRY(gather(&d->weight, b, b->weight));
    bool all_one = true;
    for (size_t i = 0; d->weight && i < d->n; i++) all_one = all_one && d->weight[i] == 1;
    if (all_one) d->weight = NULL;
    TRY(gather(&d->slope, b, b->slope));
    for (size_t k = 0; k < f->n_offsets; k++) {
        double *o = NULL;
        TRY(gather(&o, b, b->first_offset + (int)k));
        if (!d->offset) d->offset = o;
        else for (size_t i = 0; i < d->n; i++) d->offset[i] += o[i];
    }
    TRY(one_category(&d->cluster, &unused, &d->n_clusters, b, b->cluster));
    TRY(one_category(&d->group, &d->group_label, &d->n_groups, b, b->group));
    if (f->n_strata) {
        const Needed **values = (const Needed **)arena_array(&b->scratch, f->n_strata, sizeof(Needed *));
        if (!values) return err_nomem(b->e);
        for (size_t k = 0; k < f->n_strata; k++) values[k] = &b->need[b->first_stratum + (int)k];
        TRY(combine_categories(&d->stratum, &d->stratum_label, &d->n_strata, values, f->n_strata, d->row, d->n, b->f, b->call, b->out,
                               false, &d->arena, b->e));
    }
out:
    return rc;
}

static Rc response(Building *b)
{
    Rc rc = OK;
    Design *d = b->d;
    if (b->y < 0) return OK;
    const ExprValue *v = &b->need[b->y].value;
    char **asked = NULL;
    size_t n_asked = 0;
    if (b->need[b->y].expr->kind == EXPR_COLUMN)
        TRY(levels_asked(&asked, &n_asked, b->call, b->need[b->y].expr->name, &b->scratch, b->e));
    if (!v->is_text && !n_asked) {
        d->response = RESPONSE_NUMBER;
        return gather(&d->y, b, b->y);
    }
    Var levels = { .label = b->need[b->y].expr->label, .expr = b->need[b->y].expr };
    d->response = RESPONSE_TEXT;
    TRY(var_find_levels(&levels, v, d->row, d->n, b->f, b->call, b->out, &d->arena, b->e));
    d->n_y_levels = (size_t)levels.n_levels;
    d->y_level = ARENA_NEW(&d->arena, d->n_y_levels, char *);
    d->y = ARENA_NEW(&d->arena, d->n, double);
    if (!d->y_level || !d->y) return err_nomem(b->e);
    for (size_t k = 0; k < d->n_y_levels; k++) {
        d->y_level[k] = arena_strdup(&d->arena, levels.level[k]);
        if (!d->y_level[k]) return err_nomem(b->e);
    }
    for (size_t i = 0; i < d->n; i++) {
        char buffer[NUMBER_TEXT_MAX];
        const char *t = expr_value_text(v, d->row[i], buffer);
        d->y[i] = var_level(&levels, t);
    }
out:
    return rc;
}

/* The columns of x, all in one matrix or each where it stands. */
static Rc columns(Building *b)
{
    Rc rc = OK;
    Design *d = b->d;
    const size_t *row = d->n == b->f->rows ? NULL : d->row;
    if (b->wish->no_matrix) return terms_columns(&d->xj, &d->p, b->formula, d->has_intercept, b->f, row, d->n, &d->arena, b->e);
    TRY(terms_matrix(&d->x, &d->p, b->formula, d->has_intercept, b->f, row, d->n, NULL, &d->arena, b->e));
    d->xj = (const double **)arena_array(&d->arena, d->p + 1, sizeof *d->xj);
    if (!d->xj) return err_nomem(b->e);
    for (size_t j = 0; j < d->p; j++) d->xj[j] = d->x + j * d->n;
out:
    return rc;
}

Rc design_build(Design *d, Json *out, const StatCall *call, const DesignWish *wish, Err *e)
{
    Rc rc = OK;
    Building b = { .d = d, .out = out, .call = call, .wish = wish, .f = call->data, .e = e };
    const char *subset = option_text(call, "subset", NULL);
    *d = (Design){ .frame = call->data };
    if (!call->data || !call->formula) { rc = err_set(e, ERR_USAGE, "a formula and a table are needed"); goto out; }
    TRY(formula_parse(&b.formula, call->formula, &d->arena, e));
    d->formula = b.formula;
    TRY(check_kind(&b));
    TRY(refuse_untaken(&b));
    TRY(check_levels(&b));
    b.keep = arena_room(&b.scratch, b.f->rows, 1);
    if (!b.keep) { rc = err_nomem(e); goto out; }
    memset(b.keep, 1, b.f->rows);
    if (subset) TRY(expr_eval_rows(b.keep, subset, b.f, e));
    TRY(evaluate(&b));
    TRY(design_complete_rows(&b));
    if (b.time >= 0) TRY(design_outcome(&b));
    TRY(design_list_rows(&b));
    TRY(design_want_rows(d, out, 1, e));
    if (b.time >= 0) {
        d->response = b.start >= 0 ? RESPONSE_COUNTING : RESPONSE_SURVIVAL;
        TRY(gather(&d->start, &b, b.start));
        TRY(gather(&d->time, &b, b.time));
        TRY(gather(&d->event, &b, b.event));
    }
    TRY(response(&b));
    TRY(design_variables(&b));
    d->has_intercept = b.formula->intercept && !wish->no_intercept;
    TRY(columns(&b));
    TRY(design_column_names(&b));
    TRY(rows_attributes(&b));
    if (b.time >= 0) TRY(design_look_at_strata(&b));
out:
    arena_free(&b.scratch);
    return rc;
}

bool design_weights_whole(const Design *d)
{
    for (size_t i = 0; d->weight && i < d->n; i++)
        if (d->weight[i] != floor(d->weight[i])) return false;
    return true;
}

bool design_wants_robust(const Design *d, const StatCall *call)
{
    return option_flag(call, "robust") || d->cluster || !design_weights_whole(d);
}

void design_note_weights(const Design *d, Json *out)
{
    if (!design_weights_whole(d))
        diagnose(out, "weights_model_based", "the weights are no whole numbers and this fit has no robust variance: standard errors, tests and limits take "
                 "them for counts of rows, and are too small or too large");
}

void design_free(Design *d)
{
    arena_free(&d->arena);
    *d = (Design){ 0 };
}

Rc design_matrix_for(double **x, const Design *d, const Frame *rows, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t p = 0, n = rows->rows;
    TRY(terms_matrix(x, &p, d->formula, d->has_intercept, rows, NULL, n, NULL, a, e));
    for (size_t j = 0; d->n_left_out && j < d->p; j++)
        if (j < d->column[j]) memcpy(*x + j * n, *x + d->column[j] * n, n * sizeof **x);
out:
    return rc;
}

Rc design_offset_for(double **offset, const Design *d, const Frame *rows, Arena *a, Err *e)
{
    Rc rc = OK;
    double *sum = ARENA_NEW(a, rows->rows + 1, double);
    if (!sum) return err_nomem(e);
    for (size_t i = 0; i < rows->rows; i++) sum[i] = 0;
    for (size_t k = 0; k < d->formula->n_offsets; k++) {
        const Expr *x = d->formula->offset[k];
        ExprValue value = { 0 };
        TRY(expr_eval(&value, x, rows, a, e));
        if (value.is_text) return err_set(e, ERR_INPUT, "%s: '%s' is text, offset() wants a number", rows->name, x->label);
        for (size_t i = 0; i < rows->rows; i++) sum[i] += value.num[i];
    }
    *offset = sum;
out:
    return rc;
}

Rc design_strata_for(int **stratum, const Design *d, const Frame *rows, Arena *a, Err *e)
{
    Rc rc = OK;
    const Formula *f = d->formula;
    ExprValue *value = ARENA_NEW(a, f->n_strata + 1, ExprValue);
    int *out = ARENA_NEW(a, rows->rows + 1, int);
    if (!value || !out) return err_nomem(e);
    *stratum = out;
    if (!f->n_strata) return OK;
    for (size_t k = 0; k < f->n_strata; k++) TRY(expr_eval(&value[k], f->strata[k], rows, a, e));
    for (size_t i = 0; i < rows->rows; i++) {
        const char *label = NULL;
        size_t s = 0;
        for (size_t k = 0; k < f->n_strata; k++) {
            const char *level = expr_value_label(&value[k], i, a), *part = arena_printf(a, "%s=%s", f->strata[k]->label, level ? level : "NA");
            label = label ? arena_printf(a, "%s, %s", label, part) : part;
            if (!label) return err_nomem(e);
        }
        while (s < d->n_strata && strcmp(d->stratum_label[s], label) != 0) s++;
        if (s == d->n_strata)
            return err_set(e, ERR_INPUT, "%s:%zu: the stratum %s is not among the data", rows->name, rows->line ? rows->line[i] : i + 2, label);
        out[i] = (int)s;
    }
out:
    return rc;
}
