/* stats/design_variables.c: what each variable of a formula is: its kind, levels, knots and range, and the names of its columns. */
#include <math.h>
#include <stdlib.h>

#include "core/extent.h"
#include "core/str.h"
#include "core/sum.h"
#include "stats/design_values.h"
#include "stats/diagnosis.h"
#include "stats/spline.h"

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

/* A column of measurements with a word in it ('-', '<0.5') is a mistake, not a category of some hundred levels, and so is a single word among many
 * numbers of any kind; a handful of whole numbers beside words (a stage 1 2 3 4a) is a category, and said to be one. */
static Rc judge_words(Building *b, const Var *v, const ExprValue *value)
{
    enum { STAGES = 12, MANY = 19 };
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
    if (!words || words >= numbers) return OK;
    if (measured || (words == 1 && numbers >= MANY))
        return err_set(b->e, ERR_INPUT, "%s:%zu: %s is '%s' where %zu of the other values are numbers; leave a missing value empty, or take all "
                       "as names with factor(%s)", b->f->name, design_line(b->f, stray), v->expr->label, value->text[stray], numbers, v->expr->label);
    diagnose(b->out, "words_among_numbers", "%s is '%s' in line %zu and a number in %zu of %zu rows: taken as a category; leave a missing value "
             "empty, or write factor(%s)", v->expr->label, value->text[stray], design_line(b->f, stray), numbers, numbers + words, v->expr->label);
    return OK;
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
        if (rcs_knots(v->knot, v->n_knots, x, NULL, n, &why) != OK) {
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

Rc design_variables(Building *b)
{
    Rc rc = OK;
    Formula *f = b->formula;
    for (size_t i = 0; i < f->n_vars; i++) {
        Var *v = &f->var[i];
        const ExprValue *value = &b->need[b->first_var + (int)i].value;
        char **asked = NULL;
        size_t n_asked = 0;
        if (v->expr->kind == EXPR_COLUMN) TRY(levels_asked(&asked, &n_asked, b->call, v->expr->name, &b->scratch, b->e));
        if (v->kind == VAR_NUMBER && value->is_text && !v->wants_factor && !n_asked) TRY(judge_words(b, v, value));
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

Rc design_column_names(Building *b)
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
