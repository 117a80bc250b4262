/* stats/clogit.c: `clogit`: conditional logistic regression of matched sets: the partial likelihood of sets in which every row has
 * the same time (Breslow and Day 1980). */
#include <string.h>

#include "stats/cox_model.h"
#include "stats/diagnosis.h"
#include "stats/response.h"

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    CoxModel c = { .call = call, .out = out, .matched = true };
    const DesignWish wish = { .kind = FORMULA_RESPONSE, .no_intercept = true, .no_matrix = true };
    const CoxTies ties = cox_ties_of(call, "exact");
    TRY(design_build(&c.d, out, call, &wish, e));
    TRY(design_want_rows(&c.d, out, 2, e));
    if (!c.d.stratum) { rc = err_set(e, ERR_USAGE, "clogit: strata(set) is expected in the formula"); goto out; }
    TRY(response_binary(&c.d.event, &c.d, out, e));
    c.d.time = ARENA_NEW(&c.d.arena, c.d.n, double);
    c.keep = arena_alloc(&c.a, c.d.p + 1);
    if (!c.d.time || !c.keep) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < c.d.n; i++) c.d.time[i] = 1;
    c.d.response = RESPONSE_SURVIVAL;
    c.d.y = NULL;
    if (ties == TIES_EXACT && cox_weights_are_odd(&c)) {
        rc = err_set(e, ERR_USAGE, "clogit: weights go with --ties efron or breslow alone");
        goto out;
    }
    TRY(design_check_rank(&c.d, out, call, c.keep, e));
    TRY(cox_model_columns(&c, e));
    rc = cox_model_fit(&c, ties, e);
out:
    arena_free(&c.a);
    design_free(&c.d);
    return rc;
}

static const MethodOption options[] = {
    { "ties", OPTION_CHOICE, "exact|efron|breslow", "how several cases of a set are treated (exact)" },
    { "profile", OPTION_FLAG, NULL, "likelihood-ratio intervals" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

const Method method_clogit = {
    .name = "clogit",
    .summary = "conditional logistic regression of matched sets",
    .formula = FORMULA_RESPONSE,
    .needs_data = true,
    .fits_protocol = true,
    .options = options,
    .run = run,
    .source = "Breslow and Day 1980; Gail, Lubin and Rubinstein 1981",
};
