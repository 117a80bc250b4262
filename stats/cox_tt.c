/* stats/cox_tt.c: effects that change with time: tt(x) is x times an expression in t at every event time, so that every risk set
 * becomes a stratum of its own. */
#include <math.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/terms.h"

/* The expression in t at every event time. */
static Rc multipliers(double *out, const CoxModel *c, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Frame f = { 0 };
    Expr *x = NULL;
    ExprValue v = { 0 };
    double *t = NULL;
    const char *text = option_text(c->call, "tt", NULL);
    if (!text) { rc = err_set(e, ERR_USAGE, "cox: tt(x) wants --tt, an expression in t such as 'log(t)'"); goto out; }
    TRY(frame_init(&f, "--tt", c->data.n_blocks, e));
    TRY(frame_add_numbers(&t, &f, "t", e));
    for (size_t k = 0; k < c->data.n_blocks; k++) t[k] = c->data.block[k].time;
    TRY(expr_parse(&x, text, &a, e));
    TRY(expr_eval(&v, x, &f, &a, e));
    for (size_t k = 0; k < c->data.n_blocks; k++) {
        if (v.is_text || !isfinite(v.num[k])) {
            rc = err_set(e, ERR_INPUT, "--tt '%s' has no finite value at t = %g", text, t[k]);
            goto out;
        }
        out[k] = v.num[k];
    }
out:
    frame_free(&f);
    arena_free(&a);
    return rc;
}

/* Whether column k of the kept ones belongs to a term with tt(). */
static bool is_tt(const CoxModel *c, int k)
{
    const Term *t = &c->d.formula->term[c->d.assign[c->column[k]] - 1];
    for (int q = 0; q < t->n; q++) if (c->d.formula->var[t->var[q]].kind == VAR_TT) return true;
    return false;
}

Rc cox_time_varying(CoxModel *c, CoxTies ties, Err *e)
{
    Rc rc = OK;
    Arena *a = &c->a;
    size_t p = (size_t)c->p, m = 0, at = 0;
    CoxInput in = cox_model_input(c, ties);
    TRY(cox_data_init(&c->data, &in, a, e));
    CoxData *d = &c->data;
    double *factor = ARENA_NEW(a, d->n_blocks + 1, double);
    if (!factor) return err_nomem(e);
    TRY(multipliers(factor, c, e));
    for (size_t s = 0; s < d->n_strata; s++)
        for (size_t i = d->stratum[s].row_from; i < d->stratum[s].row_to; i++) m += d->leave[i] > d->enter[i] ? d->leave[i] - d->enter[i] : 0;
    double *x = ARENA_NEW(a, m * p + 1, double), *time = ARENA_NEW(a, m + 1, double), *event = ARENA_NEW(a, m + 1, double);
    double *weight = d->w ? ARENA_NEW(a, m + 1, double) : NULL, *offset = d->offset ? ARENA_NEW(a, m + 1, double) : NULL;
    int *stratum = ARENA_NEW(a, m + 1, int), *cluster = ARENA_NEW(a, m + 1, int);      /* a row's pieces belong together in a robust variance */
    if (!x || !time || !event || !stratum || !cluster || (d->w && !weight) || (d->offset && !offset)) return err_nomem(e);
    for (size_t s = 0; s < d->n_strata; s++)
        for (size_t k = d->stratum[s].block_from; k < d->stratum[s].block_to; k++)
            for (int pass = 0; pass < 2; pass++)       /* deaths behind the others, as the order wants it */
                for (size_t i = d->block[k].from; i < d->stratum[s].row_to; i++) {
                    bool dies = i >= d->block[k].first_death && i < d->block[k].to;
                    if (dies != (pass == 1) || (d->start && d->start[i] >= d->block[k].time)) continue;
                    for (size_t j = 0; j < p; j++)
                        x[j * m + at] = c->xj[j][d->order[i]] * (is_tt(c, (int)j) ? factor[k] : 1);
                    time[at] = 1;
                    event[at] = dies;
                    stratum[at] = (int)k;
                    cluster[at] = c->d.cluster ? c->d.cluster[d->order[i]] : (int)d->order[i];
                    if (weight) weight[at] = d->w[i];
                    if (offset) offset[at] = d->offset[i];
                    at++;
                }
    CoxInput big = { .n = at, .p = c->p, .x = x, .time = time, .event = event, .weight = weight, .offset = offset, .stratum = stratum,
                     .ties = ties };
    /* Columns were laid out for m rows; at < m only where a row is at risk for nothing. */
    if (at < m) for (size_t j = 1; j < p; j++) memmove(x + j * at, x + j * m, at * sizeof *x);
    const CoxData own = *d;                            /* the fit puts its own in this place */
    unsigned char *varying = arena_alloc(a, p + 1);
    if (!varying) return err_nomem(e);
    for (size_t j = 0; j < p; j++) varying[j] = is_tt(c, (int)j);
    c->piece_cluster = cluster;
    c->n_piece_clusters = c->d.cluster ? c->d.n_clusters : c->d.n;
    TRY(cox_fit_and_report(c, &big, true, e));
    if (option_flag(c->call, "keep_fit")) TRY(cox_fit_json_tt(c, &own, varying, e));
out:
    return rc;
}
