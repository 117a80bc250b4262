/* stats/cox.c: `cox`: the proportional hazards model (Cox 1972), as survival's coxph has it. */
#include <string.h>

#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/terms.h"

/* What makes a model of its own kind: two of them would need an analysis that does not exist, and each has options that it has no answer to. */
static Rc refuse_mixtures(const CoxModel *c, bool penalised, Err *e)
{
    static const char *const asked[] = { "profile", "residuals", "baseline", "explained", "step", "robust", "cluster" };
    enum { PROFILE = 1, RESIDUALS = 2, BASELINE = 4, EXPLAINED = 8, STEP = 16, ROBUST = 32 | 64 };
    const bool firth = strcmp(option_text(c->call, "penalty", "none"), "firth") == 0, frailty = c->d.group != NULL;
    const struct { bool there; const char *name; unsigned lacks; } kind[] = {
        { penalised, "--lambda1, --lambda2", PROFILE | STEP | (option_number(c->call, "lambda1", 0) > 0 ? ROBUST : 0) },
        { firth, "--penalty firth", STEP | ROBUST },
        { frailty, c->d.formula->is_frailty ? "frailty()" : "(1|g)", PROFILE | RESIDUALS | BASELINE | EXPLAINED | STEP },
        { terms_have(c->d.formula, VAR_FP), "fp()", STEP },
        { terms_have(c->d.formula, VAR_PSPLINE), "pspline()", PROFILE | STEP },
        { terms_have(c->d.formula, VAR_TT), "tt()", RESIDUALS | BASELINE | EXPLAINED | STEP },
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

/* Terms that have a fit of their own. */
static bool special(const CoxModel *c)
{
    return c->d.group || terms_have(c->d.formula, VAR_FP) || terms_have(c->d.formula, VAR_PSPLINE) || terms_have(c->d.formula, VAR_TT);
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
    /* Strata count by themselves; small tables are looked at as fast in the careful way. */
    c.unchecked = !penalised && !special(&c) && !c.d.stratum && c.d.n > 10 * c.d.p;
    /* A penalty determines what the data leave open; tt(x) is x until time comes in. */
    if (c.unchecked || penalised || terms_have(c.d.formula, VAR_TT)) memset(c.keep, 1, c.d.p);
    else if (terms_have(c.d.formula, VAR_PSPLINE)) TRY(cox_smooth_rank(&c, e));
    else TRY(design_check_rank(&c.d, out, call, c.keep, e));
    TRY(cox_model_columns(&c, e));
    if (penalised) rc = cox_ridge_lasso(&c, ties, e);
    else if (c.d.group) rc = cox_shared_frailty(&c, ties, c.d.formula->is_frailty, e);
    else if (terms_have(c.d.formula, VAR_FP)) rc = cox_fractional(&c, ties, run, e);
    else if (terms_have(c.d.formula, VAR_PSPLINE)) rc = cox_smooth(&c, ties, e);
    else if (terms_have(c.d.formula, VAR_TT)) rc = cox_time_varying(&c, ties, e);
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
