/* stats/design_rows.c: which rows of the table count: complete ones, of the subset, past the landmark, with a weight. */
#include <math.h>
#include <string.h>

#include "core/str.h"
#include "stats/design_values.h"
#include "stats/diagnosis.h"

/* Products of four of either are still numbers. */
const double DESIGN_LARGEST = 1e75, DESIGN_SMALLEST = 1e-75;

/* A column that is not 0, yet so near it in every row that its squares, or one over them, are no numbers. */
static Rc refuse_vanishing(const Building *b, const Needed *q)
{
    double largest = 0;
    if (b->wish->keep_tiny || (q->finite && fmax(q->high, -q->low) >= DESIGN_SMALLEST)) return OK;
    for (size_t i = 0; i < b->f->rows && largest < DESIGN_SMALLEST; i++)
        if (b->keep[i] && !isnan(q->value.num[i])) largest = fmax(largest, fabs(q->value.num[i]));
    if (largest == 0 || largest >= DESIGN_SMALLEST) return OK;
    return err_set(b->e, ERR_INPUT, "%s: %s is never further from 0 than %g, expected more than %g: take another unit", b->f->name, q->expr->label,
                   largest, DESIGN_SMALLEST);
}

/* An infinite value as the file has it: 1e400 is said so. */
static const char *infinite_text(const Building *b, const Needed *q, size_t row)
{
    const FrameColumn *c = q->expr->kind == EXPR_COLUMN ? frame_column(b->f, q->expr->name) : NULL;
    return c && c->is_text && c->text[row] ? c->text[row] : q->value.num[row] > 0 ? "Inf" : "-Inf";
}

/* Values that cannot be, in rows that are kept: text for a number, infinities, what overflows once squared. */
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
                               q->expr->label, infinite_text(b, q, i));
        for (size_t i = 0; !(q->finite && q->high <= DESIGN_LARGEST && q->low >= -DESIGN_LARGEST) && i < b->f->rows; i++)
            if (b->keep[i] && fabs(q->value.num[i]) > DESIGN_LARGEST)
                return err_set(b->e, ERR_INPUT, "%s:%zu: %s is %g, expected a number within %g of 0: take another unit", b->f->name,
                               design_line(b->f, i), q->expr->label, q->value.num[i], DESIGN_LARGEST);
        Rc rc = refuse_vanishing(b, q);
        if (rc != OK) return rc;
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
        if (!b->keep[i] || t[i] < 0) continue;         /* no time at all: refused with the others' checks, unless the row is incomplete */
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

Rc design_complete_rows(Building *b)
{
    Rc rc = OK;
    TRY(refuse_values(b));
    TRY(landmark(b));
    TRY(drop_missing(b));
    TRY(weights(b));
out:
    return rc;
}

Rc design_list_rows(Building *b)
{
    Design *d = b->d;
    size_t n = 0;
    for (size_t i = 0; i < b->f->rows; i++) n += b->keep[i];
    d->n = n;
    d->row = ARENA_ROOM(&d->arena, n, size_t);
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

Rc design_want_numbers(const Design *d, const StatCall *call, Err *e)
{
    const Formula *f = d->formula;
    for (size_t k = 0; k < f->n_vars; k++) {
        const Var *v = &f->var[k];
        if (v->kind != VAR_FACTOR) continue;
        const FrameColumn *c = v->expr->kind == EXPR_COLUMN ? frame_column(call->data, v->expr->name) : NULL;
        double unused;
        for (size_t i = 0; c && c->is_text && i < d->n; i++)
            if (c->text[d->row[i]] && !number_read(&unused, c->text[d->row[i]]))
                return err_set(e, ERR_INPUT, "%s:%zu: %s is '%s', expected a number", call->data->name, design_line(call->data, d->row[i]),
                               v->expr->label, c->text[d->row[i]]);
        return err_set(e, ERR_USAGE, "'%s': %s is a category, a column of numbers is expected", call->formula, v->label);
    }
    return OK;
}
