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

/* The rows at risk at every event time, one risk set a stratum. */
typedef struct { double *x, *weight, *offset; double *time, *event; int *stratum, *cluster; size_t n; } Pieces;

static Rc expand(Pieces *out, CoxModel *c, CoxTies ties, Err *e)
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
    /* A row's pieces belong together in a robust variance. */
    Pieces q = { .x = ARENA_NEW(a, m * p + 1, double), .time = ARENA_NEW(a, m + 1, double), .event = ARENA_NEW(a, m + 1, double),
                 .weight = d->w ? ARENA_NEW(a, m + 1, double) : NULL, .offset = d->offset ? ARENA_NEW(a, m + 1, double) : NULL,
                 .stratum = ARENA_NEW(a, m + 1, int), .cluster = ARENA_NEW(a, m + 1, int) };
    if (!q.x || !q.time || !q.event || !q.stratum || !q.cluster || (d->w && !q.weight) || (d->offset && !q.offset)) return err_nomem(e);
    for (size_t s = 0; s < d->n_strata; s++)
        for (size_t k = d->stratum[s].block_from; k < d->stratum[s].block_to; k++)
            for (int pass = 0; pass < 2; pass++)       /* deaths behind the others, as the order wants it */
                for (size_t i = d->block[k].from; i < d->stratum[s].row_to; i++) {
                    bool dies = i >= d->block[k].first_death && i < d->block[k].to;
                    if (dies != (pass == 1) || (d->start && d->start[i] >= d->block[k].time)) continue;
                    for (size_t j = 0; j < p; j++)
                        q.x[j * m + at] = c->xj[j][d->order[i]] * (is_tt(c, (int)j) ? factor[k] : 1);
                    q.time[at] = 1;
                    q.event[at] = dies;
                    q.stratum[at] = (int)k;
                    q.cluster[at] = c->d.cluster ? c->d.cluster[d->order[i]] : (int)d->order[i];
                    if (q.weight) q.weight[at] = d->w[i];
                    if (q.offset) q.offset[at] = d->offset[i];
                    at++;
                }
    /* Columns were laid out for m rows; at < m only where a row is at risk for nothing. */
    if (at < m) for (size_t j = 1; j < p; j++) memmove(q.x + j * at, q.x + j * m, at * sizeof *q.x);
    q.n = at;
    *out = q;
out:
    return rc;
}

/* What the likelihood can tell apart: columns within risk sets, with time in them. */
static Rc keep_independent(bool *dropped, CoxModel *c, const Pieces *q, Err *e)
{
    Rc rc = OK;
    const bool drop = option_flag(c->call, "drop_collinear");
    unsigned char *keep = arena_alloc(&c->a, (size_t)c->p + 1);
    const double **column = (const double **)arena_array(&c->a, (size_t)c->p + 1, sizeof *column);
    if (!keep || !column) return err_nomem(e);
    for (int j = 0; j < c->p; j++) column[j] = q->x + (size_t)j * q->n;
    const DesignColumns columns = { .n = q->n, .p = (size_t)c->p, .xj = column, .term = c->term, .centre = true, .stratum = q->stratum,
                                    .n_strata = c->data.n_blocks, .of = " of a risk set" };
    *dropped = false;
    TRY(design_check_levels(&c->d, c->out, drop, e));
    TRY(design_columns_rank(keep, &columns, c->out, drop, e));
    for (int j = 0; j < c->p; j++) {
        c->keep[c->column[j]] = keep[j];
        *dropped = *dropped || !keep[j];
    }
out:
    return rc;
}

Rc cox_time_varying(CoxModel *c, CoxTies ties, Err *e)
{
    Rc rc = OK;
    Pieces q;
    bool dropped = false;
    TRY(expand(&q, c, ties, e));
    TRY(keep_independent(&dropped, c, &q, e));
    if (dropped) {
        TRY(cox_model_columns(c, e));
        TRY(expand(&q, c, ties, e));
    }
    const size_t p = (size_t)c->p;
    CoxInput big = { .n = q.n, .p = c->p, .x = q.x, .time = q.time, .event = q.event, .weight = q.weight, .offset = q.offset, .stratum = q.stratum,
                     .ties = ties };
    const CoxData own = c->data;                       /* the fit puts its own in this place */
    unsigned char *varying = arena_alloc(&c->a, p + 1);
    if (!varying) return err_nomem(e);
    for (size_t j = 0; j < p; j++) varying[j] = is_tt(c, (int)j);
    c->piece_cluster = q.cluster;
    c->n_piece_clusters = c->d.cluster ? c->d.n_clusters : c->d.n;
    TRY(cox_fit_and_report(c, &big, e));
    if (option_flag(c->call, "keep_fit")) TRY(cox_fit_json_tt(c, &own, varying, e));
out:
    return rc;
}
