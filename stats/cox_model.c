/* stats/cox_model.c: what every kind of Cox analysis starts from and writes with: its columns, its input, its keys by term. */
#include "stats/cox_model.h"

#include <math.h>
#include <string.h>

#include "stats/result_keys.h"

Rc cox_model_columns(CoxModel *c, Err *e)
{
    Rc rc = OK;
    TRY(design_canonical_order(&c->order, &c->d, &c->a, e));
    c->column = ARENA_NEW(&c->a, c->d.p + 1, int);
    c->assign = ARENA_NEW(&c->a, c->d.p + 1, int);
    c->term = ARENA_NEW(&c->a, c->d.p + 1, char *);
    c->xj = (const double **)arena_array(&c->a, c->d.p + 1, sizeof *c->xj);
    c->term_label = ARENA_NEW(&c->a, c->d.n_terms + 1, char *);
    if (!c->column || !c->assign || !c->term || !c->xj || !c->term_label) return err_nomem(e);
    int last = 0;
    c->p = 0;
    c->n_terms = 0;
    for (size_t j = 0; j < c->d.p; j++) {
        if (!c->keep[j]) continue;
        if (c->d.assign[j] != last) { last = c->d.assign[j]; c->term_label[c->n_terms++] = c->d.term_label[last - 1]; }
        c->column[c->p] = (int)j;
        c->xj[c->p] = c->d.xj[j];
        c->assign[c->p] = (int)c->n_terms;
        c->term[c->p++] = c->d.term[j];
    }
out:
    return rc;
}

CoxTies cox_ties_of(const StatCall *call, const char *otherwise)
{
    const char *t = option_text(call, "ties", otherwise);
    return strcmp(t, "breslow") == 0 ? TIES_BRESLOW : strcmp(t, "exact") == 0 ? TIES_EXACT : TIES_EFRON;
}

bool cox_weights_are_odd(const CoxModel *c)
{
    for (size_t i = 0; c->d.weight && i < c->d.n; i++)
        if (c->d.weight[i] != 0 && c->d.weight[i] != 1) return true;
    return false;
}

CoxInput cox_model_input(const CoxModel *c, CoxTies ties)
{
    return (CoxInput){ .n = c->d.n, .p = c->p, .xj = c->xj, .start = c->d.start, .time = c->d.time, .event = c->d.event,
                       .weight = c->d.weight, .offset = c->d.offset, .stratum = c->d.stratum, .order = c->order, .ties = ties };
}

void cox_model_basis(double *xb, const CoxModel *c, const double *x_row)
{
    int p = c->p;
    for (int k = 0; k < p; k++) {
        double s = 0;
        for (int j = 0; j <= k; j++) s += (x_row[j] - c->data.center[j]) * c->data.T[k * p + j];
        xb[k] = s;
    }
}

void cox_model_by_term(const CoxModel *c, const char *key, const double *x)
{
    Json *o = json_set(c->out, key, json_object());
    int k = 0;
    for (size_t j = 0; j < c->d.p; j++) json_set_number(o, c->d.term[j], c->keep[j] ? x[k++] : (double)NAN);
}

void cox_model_matrix(const CoxModel *c, const char *key, const double *m)
{
    set_matrix_by_term(c->out, key, m, (size_t)c->p, c->term);
}
