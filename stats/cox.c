/* stats/cox.c: `cox`: the proportional hazards model (Cox 1972), as survival's coxph has it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/linalg.h"
#include "stats/terms.h"

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

CoxInput cox_model_input(const CoxModel *c, CoxTies ties)
{
    return (CoxInput){ .n = c->d.n, .p = c->p, .xj = c->xj, .start = c->d.start, .time = c->d.time, .event = c->d.event,
                       .weight = c->d.weight, .offset = c->d.offset, .stratum = c->d.stratum, .order = c->order, .ties = ties };
}

/* A direction without any information: its largest column is named. */
static Rc check_information(CoxModel *c, const double *info, Err *e)
{
    int p = c->p;
    double *v = ARENA_NEW(&c->a, (size_t)(p * p), double), *w = ARENA_NEW(&c->a, (size_t)p, double);
    double *column = ARENA_NEW(&c->a, (size_t)p, double);
    if (!v || !w || !column) return err_nomem(e);
    memcpy(v, info, (size_t)(p * p) * sizeof *v);
    Rc rc = linalg_symmetric_eigen(w, v, p, e);
    if (rc != OK) return rc;
    double floor = 1e-12 * (double)c->data.n_events;
    if (w[0] > floor && w[0] > 1e-13 * w[p - 1]) return OK;
    cox_to_columns(column, &c->data, v);
    int worst = 0;
    for (int j = 1; j < p; j++)
        if (fabs(column[j]) * c->data.scale[j] > fabs(column[worst]) * c->data.scale[worst]) worst = j;
    return diagnose_fatal(c->out, e, "no_information", "no event meets a risk set in which %s differs: its coefficient is not determined",
                          c->term[worst]);
}

/* Fits what `in` describes and reports it. `limited`: rows of `in` are not the design's (tt), so keys by row are left out. */
Rc cox_fit_and_report(CoxModel *c, const CoxInput *in, bool limited, Err *e)
{
    Rc rc = OK;
    int p = c->p;
    Existence ex = { 0 };
    TRY(cox_data_init(&c->data, in, &c->a, e));
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
    cox_to_columns(c->beta, &c->data, c->m.g);
    cox_vcov_to_columns(c->vcov, &c->data, c->m.vcov);
    for (int j = 0; j < p; j++) c->se[j] = sqrt(c->vcov[j * p + j]);
    TRY(cox_results(c, e));
out:
    return rc;
}

Rc cox_model_fit(CoxModel *c, CoxTies ties, Err *e)
{
    CoxInput in = cox_model_input(c, ties);
    return cox_fit_and_report(c, &in, false, e);
}

static bool has_kind(const CoxModel *c, VarKind kind)
{
    for (size_t k = 0; k < c->d.formula->n_vars; k++)
        if (c->d.formula->var[k].kind == kind) return true;
    return false;
}

/* What makes a model of its own kind: two of them would need an analysis that does not exist, and each has options that it has no answer to. */
static Rc refuse_mixtures(const CoxModel *c, bool penalised, Err *e)
{
    static const char *const asked[] = { "profile", "residuals", "baseline", "explained", "step", "robust", "cluster" };
    enum { PROFILE = 1, RESIDUALS = 2, BASELINE = 4, EXPLAINED = 8, STEP = 16, ROBUST = 32 | 64 };
    const bool firth = strcmp(option_text(c->call, "penalty", "none"), "firth") == 0, frailty = c->d.group != NULL;
    const struct { bool there; const char *name; unsigned lacks; } kind[] = {
        { penalised, "--lambda1, --lambda2", PROFILE | STEP | ROBUST },
        { firth, "--penalty firth", STEP | ROBUST },
        { frailty, c->d.formula->is_frailty ? "frailty()" : "(1|g)", PROFILE | RESIDUALS | BASELINE | EXPLAINED | STEP },
        { has_kind(c, VAR_FP), "fp()", STEP },
        { has_kind(c, VAR_PSPLINE), "pspline()", PROFILE | STEP | ROBUST },
        { has_kind(c, VAR_TT), "tt()", RESIDUALS | BASELINE | EXPLAINED | STEP },
    };
    const char *first = NULL;
    for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
        if (!kind[k].there) continue;
        const bool firth_with_tt = firth && !penalised && k == 5;      /* a penalty of the rows that tt() makes is as any other */
        if (first && !firth_with_tt) return err_set(e, ERR_USAGE, "cox: %s and %s do not go together", first, kind[k].name);
        first = kind[k].name;
        for (size_t o = 0; o < sizeof asked / sizeof *asked; o++) {
            const bool there = option_flag(c->call, asked[o]) || option_text(c->call, asked[o], NULL) || (o == 6 && c->d.cluster);
            if (there && (kind[k].lacks & 1u << o)) return err_set(e, ERR_USAGE, "cox: %s and --%s do not go together", first, asked[o]);
        }
    }
    return OK;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    CoxModel c = { .call = call, .out = out };
    const DesignWish wish = { .kind = FORMULA_SURVIVAL, .no_intercept = true, .no_matrix = true };
    const CoxTies ties = cox_ties_of(call, "efron");
    const bool penalised = option_number(call, "lambda1", 0) > 0 || option_number(call, "lambda2", 0) > 0;
    TRY(design_build(&c.d, out, call, &wish, e));
    TRY(refuse_mixtures(&c, penalised, e));
    TRY(design_want_rows(&c.d, out, 2, e));
    size_t events = 0;
    for (size_t i = 0; i < c.d.n; i++) events += c.d.event[i] == 1;
    json_set_number(out, "nevent", (double)events);
    if (events == 0) {
        rc = diagnose_fatal(out, e, "no_events", "no event among %zu rows: nothing can be said about hazards", c.d.n);
        goto out;
    }
    if (ties == TIES_EXACT && cox_weights_are_odd(&c)) {
        rc = err_set(e, ERR_USAGE, "cox: --ties exact does not go with weights; take efron or breslow");
        goto out;
    }
    c.keep = arena_alloc(&c.a, c.d.p + 1);
    if (!c.keep) { rc = err_nomem(e); goto out; }
    /* A penalty determines what the data leave open; tt(x) is x until time comes in. */
    if (penalised || has_kind(&c, VAR_TT)) memset(c.keep, 1, c.d.p);
    else if (has_kind(&c, VAR_PSPLINE)) TRY(cox_smooth_rank(&c, e));
    else TRY(design_check_rank(&c.d, out, call, c.keep, e));
    TRY(cox_model_columns(&c, e));
    if (penalised) rc = cox_ridge_lasso(&c, ties, e);
    else if (c.d.group) rc = cox_shared_frailty(&c, ties, c.d.formula->is_frailty, e);
    else if (has_kind(&c, VAR_FP)) rc = cox_fractional(&c, ties, e);
    else if (has_kind(&c, VAR_PSPLINE)) rc = cox_smooth(&c, ties, e);
    else if (has_kind(&c, VAR_TT)) rc = cox_time_varying(&c, ties, e);
    else rc = cox_model_fit(&c, ties, e);
out:
    arena_free(&c.a);
    design_free(&c.d);
    return rc;
}

static const MethodOption options[] = {
    { "ties", OPTION_CHOICE, "efron|breslow|exact", "how tied event times are treated (efron)" },
    { "penalty", OPTION_CHOICE, "none|firth", "Firth's penalty: finite where the likelihood has no maximum (none)" },
    { "robust", OPTION_FLAG, NULL, "sandwich variance; on by itself with a cluster or weights other than 0 and 1" },
    { "profile", OPTION_FLAG, NULL, "likelihood-ratio intervals" },
    { "residuals", OPTION_FLAG, NULL, "martingale, deviance, score, dfbeta, dfbetas, Schoenfeld residuals" },
    { "baseline", OPTION_FLAG, NULL, "cumulative hazard at covariates 0" },
    { "lambda1", OPTION_NUMBER, NULL, "lasso: subtracts lambda1 times the sum of |b| from the log-likelihood" },
    { "lambda2", OPTION_NUMBER, NULL, "ridge: subtracts lambda2/2 times the sum of b^2" },
    { "standardize", OPTION_FLAG, NULL, "penalties are of b times the column's deviation" },
    { "tt", OPTION_TEXT, NULL, "expression in t by which tt(x) multiplies x" },
    { "alpha", OPTION_NUMBER, NULL, "level of the tests that choose powers of fp(x) (0.05)" },
    { "explained", OPTION_FLAG, NULL, "measures of explained variation" },
    { "step", OPTION_CHOICE, "backward", "backward elimination by AIC; for comparison only" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

const Method method_cox = {
    .name = "cox",
    .summary = "proportional hazards regression",
    .formula = FORMULA_SURVIVAL,
    .needs_data = true,
    .fits_protocol = true,
    .options = options,
    .run = run,
    .source = "Cox 1972; Efron 1977 (ties); Grambsch and Therneau 1994 (zph); Lin and Wei 1989 (robust)",
};
