/* stats/response.c: what a column left of ~ must be for a method. */
#include "stats/response.h"

#include <math.h>
#include <string.h>

#include "stats/diagnosis.h"

size_t design_row_line(const Design *d, size_t i)
{
    const Frame *f = d->frame;
    return f->line && f->line[d->row[i]] ? f->line[d->row[i]] : d->row[i] + 2;
}

static void permute_numbers(double *x, const size_t *order, double *scratch, size_t n)
{
    if (!x) return;
    for (size_t i = 0; i < n; i++) scratch[i] = x[order[i]];
    memcpy(x, scratch, n * sizeof *x);
}

static void permute_codes(int *x, const size_t *order, double *scratch, size_t n)
{
    if (!x) return;
    for (size_t i = 0; i < n; i++) scratch[i] = x[order[i]];
    for (size_t i = 0; i < n; i++) x[i] = (int)scratch[i];
}

Rc design_sort_rows(Design *d, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    size_t *order = NULL, *row = ARENA_NEW(&a, d->n, size_t);
    double *scratch = ARENA_NEW(&a, d->n, double);
    if (!row || !scratch) { rc = err_nomem(e); goto out; }
    TRY(design_canonical_order(&order, d, &a, e));
    for (size_t i = 0; i < d->n; i++) row[i] = d->row[order[i]];
    memcpy(d->row, row, d->n * sizeof *row);
    double *numbers[] = { d->start, d->time, d->event, d->y, d->offset, d->weight, d->slope };
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) permute_numbers(numbers[k], order, scratch, d->n);
    for (size_t j = 0; j < d->p; j++) permute_numbers(d->x + j * d->n, order, scratch, d->n);
    int *codes[] = { d->stratum, d->cluster, d->group };
    for (size_t k = 0; k < 3; k++) permute_codes(codes[k], order, scratch, d->n);
out:
    arena_free(&a);
    return rc;
}

Rc response_binary(double **y, Design *d, Json *out, Err *e)
{
    double *v = ARENA_NEW(&d->arena, d->n, double), low = INFINITY, high = -INFINITY;
    if (!v) return err_nomem(e);
    *y = v;
    for (size_t i = 0; i < d->n; i++) {
        low = fmin(low, d->y[i]);
        high = fmax(high, d->y[i]);
    }
    if (low == high) {
        if (d->response == RESPONSE_TEXT)
            return diagnose_fatal(out, e, "one_class", "the outcome is '%s' in all %zu rows: there is nothing to tell apart",
                                  d->y_level[(size_t)low], d->n);
        return diagnose_fatal(out, e, "one_class", "the outcome is %g in all %zu rows: there is nothing to tell apart", low, d->n);
    }
    for (size_t i = 0; i < d->n; i++) {
        if (d->y[i] != low && d->y[i] != high) {
            if (d->response == RESPONSE_TEXT)
                return err_set(e, ERR_INPUT, "%s:%zu: the outcome has %zu levels ('%s', '%s', '%s' …), expected two", d->frame->name,
                               design_row_line(d, i), d->n_y_levels, d->y_level[0], d->y_level[1], d->y_level[2]);
            return err_set(e, ERR_INPUT, "%s:%zu: the outcome is %g, beside %g and %g; expected two values", d->frame->name,
                           design_row_line(d, i), d->y[i], low, high);
        }
        v[i] = d->y[i] == high;
    }
    if (d->response == RESPONSE_NUMBER && !(low == 0 && high == 1))
        diagnose(out, "event_coding", "the outcome holds %g and %g: %g is taken as the event", low, high, high);
    return OK;
}

Rc response_two_groups(int **group, char ***label, Design *d, Json *out, const StatCall *call, Err *e)
{
    size_t n_groups = 0;
    if (d->n_terms != 1) return err_set(e, ERR_USAGE, "'%s': one group is expected right of ~", call->formula);
    Rc rc = design_groups(group, label, &n_groups, d, call, 0, true, e);
    if (rc != OK) return rc;
    if (n_groups < 2)
        return diagnose_fatal(out, e, "one_group", "all %zu rows are in one group: there is nothing to compare", d->n);
    if (n_groups > 2) return err_set(e, ERR_USAGE, "'%s' makes %zu groups, expected two", call->formula, n_groups);
    return OK;
}
