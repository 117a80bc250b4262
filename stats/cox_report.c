/* stats/cox_report.c: a Cox model from its input to its keys: fit, existence of the maximum, report. */
#include <math.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/linalg.h"

/* A direction without any information: its largest column is named. */
static Rc check_information(CoxModel *c, const double *info, Err *e)
{
    int p = c->p;
    double *v = ARENA_NEW(&c->a, (size_t)(p * p), double), *w = ARENA_NEW(&c->a, (size_t)p, double);
    double *column = ARENA_NEW(&c->a, (size_t)p, double);
    if (!v || !w || !column) return err_nomem(e);
    /* With that much taken from its diagonal it is still positive definite: no eigenvalue is as small as is asked below. */
    double floor = 1e-12 * (double)c->data.n_events, trace = 0;
    for (int j = 0; j < p; j++) trace += info[j * p + j];
    memcpy(v, info, (size_t)(p * p) * sizeof *v);
    for (int j = 0; j < p; j++) v[j * p + j] -= 2 * (floor + 1e-13 * trace);
    if (linalg_cholesky(v, p, NULL) == OK) return OK;
    memcpy(v, info, (size_t)(p * p) * sizeof *v);
    Rc rc = linalg_symmetric_eigen(w, v, p, e);
    if (rc != OK) return rc;
    if (w[0] > floor && w[0] > 1e-13 * w[p - 1]) return OK;
    cox_to_columns(column, &c->data, v);
    int worst = 0;
    for (int j = 1; j < p; j++)
        if (fabs(column[j]) * c->data.scale[j] > fabs(column[worst]) * c->data.scale[worst]) worst = j;
    return diagnose_fatal(c->out, e, "no_information", "no event meets a risk set in which %s differs: its coefficient is not determined",
                          c->term[worst]);
}

Rc cox_check_free(CoxModel *c, const CoxInput *in, char **term, Err *e)
{
    Rc rc = OK;
    const CoxModel whole = *c;
    CoxMaximum m = { 0 };
    Existence ex = { 0 };
    Str names = { 0 };
    if (in->p == 0) return OK;
    double *raw = ARENA_NEW(&c->a, in->p, double), *sign = ARENA_NEW(&c->a, in->p, double);
    if (!raw || !sign) return err_nomem(e);
    c->data = (CoxData){ 0 };
    c->p = in->p;
    c->term = term;
    TRY(cox_data_init(&c->data, in, &c->a, e));
    TRY(cox_maximise(&m, &c->data, NULL, NULL, &c->a, e));
    TRY(check_information(c, m.info_start, e));
    if (m.certified) goto out;
    rc = existence_cox(&ex, &c->data, &c->a, e);
    if (rc == ERR_ESTIMATE) rc = OK;                   /* not known: the penalised fit says what it can */
    if (rc != OK || !ex.separated) goto out;
    cox_to_columns(raw, &c->data, ex.direction);
    existence_signs(sign, raw, c->data.scale, in->p);
    for (int j = 0; j < in->p; j++)
        if (sign[j] != 0) str_appendf(&names, "%s%s (%s)", names.len ? ", " : "", term[j], sign[j] > 0 ? "+" : "-");
    rc = diagnose_fatal(c->out, e, "monotone_likelihood", "the likelihood rises for ever along %s, where the penalty of the other terms does not "
                        "reach: no finite coefficient; leave the column out, or merge a level with another", str_text(&names));
out:
    str_free(&names);
    c->data = whole.data;
    c->p = whole.p;
    c->term = whole.term;
    return rc;
}

/* c->data, with columns that can be told apart. Their own cross products say so at once nearly always, and then no one looks further. */
static Rc independent_data(CoxModel *c, CoxTies ties, Err *e)
{
    Rc rc = OK;
    CoxInput in = cox_model_input(c, ties);
    in.only_independent = c->unchecked;
    TRY(cox_data_init(&c->data, &in, &c->a, e));
    if (!c->unchecked) goto out;
    if (c->data.independent) { rc = design_check_levels(&c->d, c->out, option_flag(c->call, "drop_collinear"), e); goto out; }
    TRY(design_check_rank(&c->d, c->out, c->call, c->keep, e));
    TRY(cox_model_columns(c, e));
    in = cox_model_input(c, ties);
    TRY(cox_data_init(&c->data, &in, &c->a, e));
out:
    return rc;
}

/* What c->data describe. `limited`: their rows are not the design's (tt), so keys by row are left out. */
static Rc fit_and_report(CoxModel *c, bool limited, Err *e)
{
    Rc rc = OK;
    const int p = c->p;
    Existence ex = { 0 };
    c->limited = limited;
    json_set_number(c->out, "nevent", (double)c->data.n_events);
    c->center = ARENA_NEW(&c->a, (size_t)p + 1, double);
    c->beta = ARENA_NEW(&c->a, (size_t)p + 1, double);
    c->se = ARENA_NEW(&c->a, (size_t)p + 1, double);
    c->vcov = ARENA_NEW(&c->a, (size_t)(p * p) + 1, double);
    if (!c->center || !c->beta || !c->se || !c->vcov) return err_nomem(e);
    cox_r_means(c->center, c->xj, c->d.n, p, c->d.start ? NULL : c->d.weight, c->order, limited ? NULL : c->data.center);
    if (p && strcmp(option_text(c->call, "penalty", "none"), "firth") == 0) return cox_firth(c, e);
    TRY(cox_maximise(&c->m, &c->data, NULL, NULL, &c->a, e));
    c->loglik_null = c->m.loglik_start;
    if (p) TRY(check_information(c, c->m.info_start, e));
    if (p && !c->m.certified) {
        rc = existence_cox(&ex, &c->data, &c->a, e);
        if (rc == OK && ex.separated) return cox_separated(c, &ex, e);
        if (rc != OK && rc != ERR_ESTIMATE) goto out;
        rc = OK;
    }
    json_set_bool(c->out, "converged", c->m.converged);
    json_set_number(c->out, "iterations", c->m.iterations);
    json_set_number(c->out, "max_abs_score", c->m.max_abs_score);
    if (!c->m.converged) {
        if (c->m.singular)
            return diagnose_fatal(c->out, e, "no_information", "the information about the coefficients vanished during the fit");
        diagnose(c->out, "ill_conditioned", "the fit stopped with a score of %.3g standard errors: the digits beyond that are not sure",
                 c->m.max_abs_score);
    }
    c->g = c->m.g;
    cox_to_columns(c->beta, &c->data, c->g);
    cox_vcov_to_columns(c->vcov, &c->data, c->m.vcov);
    for (int j = 0; j < p; j++) c->se[j] = sqrt(c->vcov[j * p + j]);
    TRY(cox_results(c, e));
out:
    return rc;
}

Rc cox_model_fit(CoxModel *c, CoxTies ties, Err *e)
{
    const Rc rc = independent_data(c, ties, e);
    return rc == OK ? fit_and_report(c, false, e) : rc;
}

Rc cox_fit_and_report(CoxModel *c, const CoxInput *in, Err *e)
{
    const Rc rc = cox_data_init(&c->data, in, &c->a, e);
    return rc == OK ? fit_and_report(c, true, e) : rc;
}
