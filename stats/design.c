/* stats/design.c: formula and frame to response, model matrix, strata and weights: which rows count, and what they hold. */
#include "stats/design.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/extent.h"
#include "core/str.h"
#include "core/sum.h"
#include "stats/design_values.h"
#include "stats/diagnosis.h"
#include "stats/spline.h"
#include "stats/terms.h"

size_t design_line(const Frame *f, size_t row) { return f->line && f->line[row] ? f->line[row] : row + 2; }

bool value_missing(const ExprValue *v, size_t row) { return v->is_text ? !v->text[row] : isnan(v->num[row]) != 0; }

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
    const Method *m = b->call->method;
    const Formula *f = b->formula;
    if (!m) return OK;
    const MethodTakes *t = method_takes(m);
    const struct { bool there; Take take; const char *what; } part[] = {
        { option_text(b->call, "weights", NULL) != NULL, t->weights, "--weights" },
        { option_text(b->call, "cluster", NULL) != NULL, t->cluster, "--cluster" },
        { f->cluster != NULL, t->cluster, "cluster()" }, { f->n_strata > 0, t->strata, "strata()" },
        { f->n_offsets > 0, t->offset, "offset()" }, { f->group != NULL, t->group, f->is_frailty ? "frailty()" : "random effect" },
    };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (part[i].there && part[i].take == TAKES_NOT) return err_set(b->e, ERR_USAGE, "%s takes no %s", m->name, part[i].what);
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

/* Values that cannot be, in rows that are kept: text for a number, infinities. */
static Rc refuse_values(Building *b)
{
    for (size_t k = 0; k < b->n_need; k++) {
        const Needed *q = &b->need[k];
        if (q->value.is_text) {
            if (q->as_category) continue;
            double unused;
            for (size_t i = 0; i < b->f->rows; i++)
                if (b->keep[i] && q->value.text[i] && !number_read(&unused, q->value.text[i]))
                    return err_set(b->e, ERR_INPUT, "%s:%zu: %s is '%s', expected a number", b->f->name, design_line(b->f, i),
                                   q->expr->label, q->value.text[i]);
            continue;
        }
        for (size_t i = 0; !q->finite && i < b->f->rows; i++)
            if (b->keep[i] && isinf(q->value.num[i]))
                return err_set(b->e, ERR_INPUT, "%s:%zu: %s is %s, expected a finite number", b->f->name, design_line(b->f, i),
                               q->expr->label, q->value.num[i] > 0 ? "Inf" : "-Inf");
    }
    return OK;
}

static Rc landmark(Building *b)
{
    double L = option_number(b->call, "landmark", (double)NAN);
    if (isnan(L)) return OK;
    if (b->time < 0 || b->start >= 0)
        return err_set(b->e, ERR_USAGE, "--landmark wants Surv(time, event), not start and stop");
    double *t = b->need[b->time].value.num, *shifted = ARENA_NEW(&b->scratch, b->f->rows, double);
    if (!shifted) return err_nomem(b->e);
    size_t total = 0, at = 0;
    for (size_t i = 0; i < b->f->rows; i++) {
        shifted[i] = t[i];
        if (!b->keep[i]) continue;
        total++;
        if (t[i] <= L) b->keep[i] = 0;
        else { at++; shifted[i] = t[i] - L; }
    }
    b->need[b->time].value.num = shifted;
    b->need[b->time].finite = false;                   /* not looked at again */
    Json *o = json_set(b->out, "landmark", json_object());
    json_set_number(o, "time", L);
    json_set_number(o, "n_total", (double)total);
    json_set_number(o, "n_at_landmark", (double)at);
    json_set_number(o, "n_excluded", (double)(total - at));
    return OK;
}

static bool column_missing(const FrameColumn *c, size_t row) { return c->is_text ? !c->text[row] : isnan(c->num[row]) != 0; }

/* Drops incomplete rows; counts them in all and by the column that is empty there. */
static Rc drop_missing(Building *b)
{
    Rc rc = OK;
    size_t rows = b->f->rows, dropped = 0;
    bool any = false;
    unsigned char *incomplete = arena_alloc(&b->scratch, rows), *mark = arena_alloc(&b->scratch, rows);
    Json *missing = json_set(b->out, "missing", json_object());
    if (!incomplete || !mark) return err_nomem(b->e);
    for (size_t k = 0; k < b->n_need; k++)
        for (size_t i = 0; !b->need[k].finite && i < rows; i++)
            if (b->keep[i] && value_missing(&b->need[k].value, i)) { incomplete[i] = 1; any = true; }
    for (size_t k = 0; k < b->n_need; k++) {
        const char *const *names = NULL;
        TRY(expr_columns(&names, b->need[k].expr, &b->scratch, b->e));
        for (; *names; names++) {
            const FrameColumn *c = frame_column(b->f, *names);
            if (!c || json_get(missing, *names)) continue;
            if (!any) { json_set_number(missing, *names, 0); continue; }
            memset(mark, 0, rows);
            for (size_t q = 0; q < b->n_need; q++) {
                const char *const *own = NULL;
                bool reads = false;
                TRY(expr_columns(&own, b->need[q].expr, &b->scratch, b->e));
                for (; *own; own++) reads = reads || strcmp(*own, *names) == 0;
                if (!reads) continue;
                for (size_t i = 0; i < rows; i++)
                    if (incomplete[i] && column_missing(c, i) && value_missing(&b->need[q].value, i)) mark[i] = 1;
            }
            size_t n = 0;
            for (size_t i = 0; i < rows; i++) n += mark[i];
            json_set_number(missing, *names, (double)n);
        }
    }
    /* log(-1) is missing although its column is not. */
    for (size_t k = 0; any && k < b->n_need; k++) {
        if (b->need[k].expr->kind == EXPR_COLUMN) continue;
        const char *const *names = NULL;
        size_t n = 0;
        TRY(expr_columns(&names, b->need[k].expr, &b->scratch, b->e));
        for (size_t i = 0; i < rows; i++) {
            if (!incomplete[i] || !value_missing(&b->need[k].value, i)) continue;
            bool by_column = false;
            for (const char *const *q = names; *q; q++) {
                const FrameColumn *c = frame_column(b->f, *q);
                by_column = by_column || (c && column_missing(c, i));
            }
            n += !by_column;
        }
        if (n) json_set_number(missing, b->need[k].expr->label, (double)n);
    }
    for (size_t i = 0; i < rows; i++)
        if (incomplete[i]) { b->keep[i] = 0; dropped++; }
    b->d->n_dropped_missing = dropped;
out:
    return rc;
}

static Rc weights(Building *b)
{
    if (b->weight < 0) return OK;
    const double *w = b->need[b->weight].value.num;
    bool any = false, some_row = false;
    size_t zero = 0;
    for (size_t i = 0; i < b->f->rows; i++) {
        if (!b->keep[i]) continue;
        some_row = true;
        if (w[i] < 0)
            return err_set(b->e, ERR_INPUT, "%s:%zu: weight %s is %g, expected 0 or more", b->f->name, design_line(b->f, i),
                           b->need[b->weight].expr->label, w[i]);
        any = any || w[i] > 0;
        zero += w[i] == 0;
    }
    if (some_row && !any)
        return diagnose_fatal(b->out, b->e, "no_data", "every weight in %s is 0: no row counts", b->need[b->weight].expr->label);
    if (b->wish->keep_zero_weight || zero == 0) return OK;
    for (size_t i = 0; i < b->f->rows; i++)
        if (b->keep[i] && w[i] == 0) b->keep[i] = 0;
    json_set_number(b->out, "n_weight_zero", (double)zero);
    return OK;
}

static Rc list_rows(Building *b)
{
    Design *d = b->d;
    size_t n = 0;
    for (size_t i = 0; i < b->f->rows; i++) n += b->keep[i];
    d->n = n;
    d->row = ARENA_NEW(&d->arena, n, size_t);
    if (!d->row) return err_nomem(b->e);
    n = 0;
    for (size_t i = 0; i < b->f->rows; i++)
        if (b->keep[i]) d->row[n++] = i;
    json_set_number(b->out, "n", (double)d->n);
    json_set_number(b->out, "n_dropped_missing", (double)d->n_dropped_missing);
    return OK;
}

Rc design_want_rows(const Design *d, Json *out, size_t least, Err *e)
{
    if (d->n >= least) return OK;
    const char *worst = NULL;
    double most = 0;
    for (const Json *m = json_first(json_get(out, "missing")); m; m = json_next(m))
        if (json_number(m) > most) { most = json_number(m); worst = json_key(m); }
    if (worst)
        return diagnose_fatal(out, e, "too_few_rows", "%zu row%s left, %zu dropped for missing values, most of them (%g) empty in %s: "
                              "fill or leave out that column", d->n, d->n == 1 ? " is" : "s are", d->n_dropped_missing, most, worst);
    return diagnose_fatal(out, e, "too_few_rows", "%zu row%s left, at least %zu are needed", d->n, d->n == 1 ? " is" : "s are", least);
}

/* ---- variables */

/* The k-th smallest of x, which is rearranged (quickselect, middle of three). */
static double select_kth(double *x, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        double a = x[low], b = x[middle], c = x[high], pivot = fmax(fmin(a, b), fmin(fmax(a, b), c));
        size_t i = low, j = high;
        for (;;) {
            while (x[i] < pivot) i++;
            while (x[j] > pivot) j--;
            if (i >= j) break;
            double swap = x[i]; x[i] = x[j]; x[j] = swap;
            i++;
            j--;
        }
        if (k <= j) high = j;
        else low = j + 1;
    }
    return x[k];
}

/* Median; the values in x are rearranged. */
static double median_of(double *x, size_t n)
{
    double upper = select_kth(x, n, n / 2);
    return n % 2 ? upper : (select_kth(x, n, n / 2 - 1) + upper) / 2;
}

/* Without an intercept the first factor to appear has a column for every level, in a product too. R codes x + g:x so as well and
 * then loses a column, for x is the sum of the others; here the product with a term of the model keeps its contrasts. */
static void first_factor_in_full(Formula *f)
{
    for (size_t t = 0; t < f->n_terms; t++) {
        Term *term = &f->term[t];
        for (int k = 0; k < term->n; k++) {
            VarKind kind = f->var[term->var[k]].kind;
            if (kind != VAR_FACTOR && kind != VAR_LOGICAL) continue;
            for (size_t u = 0; u < t; u++) {
                int shared = 0;
                for (int w = 0; w < term->n; w++)
                    for (int q = 0; w != k && q < f->term[u].n; q++) shared += f->term[u].var[q] == term->var[w];
                if (f->term[u].n == term->n - 1 && shared == term->n - 1) return;
            }
            term->full[k] = true;
            return;
        }
    }
}

/* A column of measurements with a word in it ('-', '<0.5') is a mistake, not a category of some hundred levels; a handful of whole
 * numbers beside words (a stage 1 2 3 4a) is one. */
static Rc refuse_stray_text(Building *b, const Var *v, const ExprValue *value)
{
    enum { STAGES = 12 };
    double seen[STAGES], x;
    size_t numbers = 0, words = 0, stray = 0;
    int distinct = 0;
    bool measured = false;
    for (size_t i = 0; i < b->d->n; i++) {
        const char *text = value->text[b->d->row[i]];
        if (!text) continue;
        if (!number_read(&x, text)) { if (!words++) stray = b->d->row[i]; continue; }
        numbers++;
        if (x != floor(x)) measured = true;
        int k = 0;
        while (k < distinct && seen[k] != x) k++;
        if (k < distinct) continue;
        if (distinct == STAGES) measured = true;
        else seen[distinct++] = x;
    }
    if (!measured || !words || words >= numbers) return OK;
    return err_set(b->e, ERR_INPUT, "%s:%zu: %s is '%s' where %zu of the other values are numbers; leave a missing value empty, or take all "
                   "as names with factor(%s)", b->f->name, design_line(b->f, stray), v->expr->label, value->text[stray], numbers, v->expr->label);
}

static Rc number_variable(Building *b, Var *v, const Needed *q)
{
    enum { LARGE_TABLE = 100000 };
    Rc rc = OK;
    size_t n = b->d->n;
    double *x = NULL;
    v->low = q->low;
    v->high = q->high;
    v->median = (double)NAN;
    /* The median is for readers of a cohort's model, where one is kept. */
    const bool median = option_flag(b->call, "keep_fit") && n <= LARGE_TABLE, whole = q->finite && n == b->f->rows;
    if (whole && !median && v->kind != VAR_RCS && v->kind != VAR_PSPLINE) return OK;
    x = malloc(n * sizeof *x);
    if (!x) return err_nomem(b->e);
    for (size_t i = 0; i < n; i++) x[i] = q->value.num[b->d->row[i]];
    extent_of(&v->low, &v->high, x, n);
    if (median) v->median = median_of(x, n);
    if (v->kind == VAR_RCS && !v->n_knots) {
        sort_doubles(x, n);
        v->n_knots = v->wanted_knots;
        v->knot = ARENA_NEW(&b->d->arena, (size_t)v->n_knots, double);
        if (!v->knot) { rc = err_nomem(b->e); goto out; }
        Err why = { 0 };
        if (rcs_knots(v->knot, v->n_knots, x, n, &why) != OK) {
            rc = diagnose_fatal(b->out, b->e, "collinear", "%s: %s", v->label, why.text);
            goto out;
        }
    }
    if (v->kind == VAR_PSPLINE) {
        if (!(v->high > v->low)) {
            rc = diagnose_fatal(b->out, b->e, "constant_column", "%s is %g in every row", v->label, v->low);
            goto out;
        }
        /* R's default: 2.5 intervals a degree of freedom. */
        v->n_knots = (int)nearbyint(2.5 * v->wanted_df) + 1;
        v->knot = ARENA_NEW(&b->d->arena, (size_t)v->n_knots, double);
        if (!v->knot) { rc = err_nomem(b->e); goto out; }
        for (int i = 0; i < v->n_knots; i++) v->knot[i] = v->low + (v->high - v->low) * i / (v->n_knots - 1);
        v->knot[v->n_knots - 1] = v->high;
    }
out:
    free(x);
    return rc;
}

static Rc variables(Building *b)
{
    Rc rc = OK;
    Formula *f = b->formula;
    for (size_t i = 0; i < f->n_vars; i++) {
        Var *v = &f->var[i];
        const ExprValue *value = &b->need[b->first_var + (int)i].value;
        char **asked = NULL;
        size_t n_asked = 0;
        if (v->expr->kind == EXPR_COLUMN) TRY(levels_asked(&asked, &n_asked, b->call, v->expr->name, &b->scratch, b->e));
        if (v->kind == VAR_NUMBER && value->is_text && !v->wants_factor && !n_asked) TRY(refuse_stray_text(b, v, value));
        bool factor = v->kind == VAR_NUMBER && (v->wants_factor || value->is_text || n_asked);
        if (factor) {
            v->kind = VAR_FACTOR;
            TRY(var_find_levels(v, value, b->d->row, b->d->n, b->f, b->call, b->out, &b->d->arena, b->e));
        } else if (value->is_text) {
            rc = err_set(b->e, ERR_USAGE, "'%s' wants a column of numbers, %s holds text", v->label, v->expr->label);
            goto out;
        } else {
            if (v->kind == VAR_NUMBER && value->is_logical) v->kind = VAR_LOGICAL;
            TRY(number_variable(b, v, &b->need[b->first_var + (int)i]));
        }
    }
    if (!f->intercept && !b->wish->no_intercept) first_factor_in_full(f);
out:
    return rc;
}

static Rc column_names(Building *b)
{
    Design *d = b->d;
    const Formula *f = b->formula;
    d->term = ARENA_NEW(&d->arena, d->p, char *);
    d->assign = ARENA_NEW(&d->arena, d->p, int);
    d->term_label = ARENA_NEW(&d->arena, f->n_terms, char *);
    if (!d->term || !d->assign || !d->term_label) return err_nomem(b->e);
    size_t at = 0;
    if (d->has_intercept) d->term[at++] = arena_strdup(&d->arena, "(Intercept)");
    for (size_t t = 0; t < f->n_terms; t++) {
        const Term *term = &f->term[t];
        int width = 1;
        for (int k = 0; k < term->n; k++) width *= var_columns(&f->var[term->var[k]], term->full[k]);
        for (int q = 0; q < width; q++) {
            Str name = { 0 };
            int rest = q;
            for (int k = 0; k < term->n; k++) {
                const Var *v = &f->var[term->var[k]];
                int w = var_columns(v, term->full[k]);
                const char *part = var_column_name(v, term->full[k], rest % w, &b->scratch);
                rest /= w;
                if (k) str_append_char(&name, ':');
                str_append(&name, part ? part : "");
            }
            d->assign[at] = (int)t + 1;
            d->term[at++] = arena_strdup(&d->arena, str_text(&name));
            str_free(&name);
            if (!d->term[at - 1]) return err_nomem(b->e);
        }
        d->term_label[t] = arena_strdup(&d->arena, term->label);
        if (!d->term_label[t]) return err_nomem(b->e);
    }
    d->n_terms = f->n_terms;
    return OK;
}

static Rc gather(double **out, Building *b, int place)
{
    if (place < 0) { *out = NULL; return OK; }
    *out = ARENA_NEW(&b->d->arena, b->d->n, double);
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
    b.keep = arena_alloc(&b.scratch, b.f->rows);
    if (!b.keep) { rc = err_nomem(e); goto out; }
    memset(b.keep, 1, b.f->rows);
    if (subset) TRY(expr_eval_rows(b.keep, subset, b.f, e));
    TRY(evaluate(&b));
    TRY(refuse_values(&b));
    TRY(landmark(&b));
    TRY(drop_missing(&b));
    TRY(weights(&b));
    if (b.time >= 0) TRY(design_outcome(&b));
    TRY(list_rows(&b));
    TRY(design_want_rows(d, out, 1, e));
    if (b.time >= 0) {
        d->response = b.start >= 0 ? RESPONSE_COUNTING : RESPONSE_SURVIVAL;
        TRY(gather(&d->start, &b, b.start));
        TRY(gather(&d->time, &b, b.time));
        TRY(gather(&d->event, &b, b.event));
    }
    TRY(response(&b));
    TRY(variables(&b));
    d->has_intercept = b.formula->intercept && !wish->no_intercept;
    TRY(terms_matrix(&d->x, &d->p, b.formula, d->has_intercept, b.f, d->n == b.f->rows ? NULL : d->row, d->n, NULL, &d->arena, e));
    TRY(column_names(&b));
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
