/* stats/elasticnet.c: `elasticnet`: the elastic-net path of a Cox or logistic model, with cross-validation.
 * Friedman, Hastie & Tibshirani 2010; Simon et al. 2011. Loss: -loglik/n, Breslow ties; columns standardised with 1/n variance. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/elasticnet.h"
#include "stats/response.h"

static const MethodOption options[] = {
    { "alpha", OPTION_NUMBER, NULL, "1: lasso (default), 0: ridge, between: elastic net" },
    { "nlambda", OPTION_INTEGER, NULL, "lambdas of the path (100)" },
    { "lambda-min-ratio", OPTION_NUMBER, NULL, "smallest lambda as a share of the largest (0.01 where p > n, else 1e-4)" },
    { "lambda", OPTION_NUMBERS, NULL, "these lambdas, falling, instead of a path of its own" },
    { "no-standardize", OPTION_FLAG, NULL, "penalise the columns as they come" },
    { "penalty-factor", OPTION_NUMBERS, NULL, "weight of each column's penalty; 0 leaves it unpenalised" },
    { "foldid", OPTION_TEXT, NULL, "cross-validate over the folds named in this column" },
    { "folds", OPTION_INTEGER, NULL, "cross-validate over so many random folds (--seed)" },
    { "choose", OPTION_CHOICE, "min|1se", "the lambda that is the model: of the least cross-validated deviance, or the largest within one standard error of it" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* The columns of the design without the intercept, and what else the path needs. */
static Rc read_problem(PathProblem *net, Design *d, Json *out, const StatCall *call, Arena *a, Err *e)
{
    Rc rc = OK;
    if (d->response != RESPONSE_SURVIVAL && !d->y)
        return err_set(e, ERR_USAGE, "elasticnet wants Surv(time, event) or a response of two values left of ~");
    if (d->response == RESPONSE_COUNTING) return err_set(e, ERR_USAGE, "elasticnet takes Surv(time, event), not intervals");
    if (d->cluster || d->group) return err_set(e, ERR_USAGE, "elasticnet takes no cluster() and no random effect");
    size_t skip = d->has_intercept ? 1 : 0;
    *net = (PathProblem){ .n = d->n, .p = d->p - skip, .x = d->x + skip * d->n, .weight = d->weight, .offset = d->offset, .stratum = d->stratum };
    double *event = ARENA_NEW(a, d->n, double), *factor = ARENA_NEW(a, net->p, double);
    if (!event || !factor) return err_nomem(e);
    net->event = event;
    net->factor = factor;
    size_t ones = 0;
    if (d->response == RESPONSE_SURVIVAL) {
        net->time = d->time;
        memcpy(event, d->event, d->n * sizeof *event);
    } else {
        double lo = INFINITY, hi = -INFINITY;
        for (size_t i = 0; i < d->n; i++) { lo = fmin(lo, d->y[i]); hi = fmax(hi, d->y[i]); }
        for (size_t i = 0; i < d->n; i++) {
            if (d->y[i] != lo && d->y[i] != hi)
                return err_set(e, ERR_INPUT, "elasticnet: the response has more than two values (%g, %g, %g), expected two", lo, d->y[i], hi);
            event[i] = d->y[i] == hi && hi > lo;
        }
        if (!(hi > lo)) return diagnose_fatal(out, e, "one_class", "all %zu rows have the same response: nothing tells the classes apart", d->n);
    }
    for (size_t i = 0; i < d->n; i++) ones += event[i] != 0;
    json_set_number(out, "nevent", (double)ones);
    if (!ones) return diagnose_fatal(out, e, "no_events", "no event among %zu rows: there is nothing to fit", d->n);
    if (!net->p) return err_set(e, ERR_USAGE, "elasticnet wants columns right of ~");
    /* Penalty factors keep their ratios and add up to the number of columns. */
    const double *given;
    size_t n_given = option_numbers(&given, call, "penalty_factor", a);
    if (n_given && n_given != net->p)
        return err_set(e, ERR_USAGE, "--penalty-factor has %zu numbers, expected one for each of %zu columns", n_given, net->p);
    double sum = n_given ? sum_of(given, n_given) : (double)net->p;
    for (size_t j = 0; j < net->p; j++) {
        factor[j] = n_given ? given[j] * (double)net->p / sum : 1;
        if (!(factor[j] >= 0) || !isfinite(factor[j]))
            return err_set(e, ERR_USAGE, "--penalty-factor %g: expected numbers of at least 0, not all 0", n_given ? given[j] : 0);
    }
    net->alpha = option_number(call, "alpha", 1);
    if (!(net->alpha >= 0 && net->alpha <= 1)) return err_set(e, ERR_USAGE, "--alpha %g: expected 0 to 1", net->alpha);
    net->standardize = !option_flag(call, "no_standardize");
    return rc;
}

static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The lambdas asked for, or a path of own making from lambda_max down in equal steps of the logarithm. */
static Rc read_lambdas(double **lambda, size_t *n, PathSolver *s, const PathProblem *net, const StatCall *call, Arena *a, Err *e)
{
    const double *given;
    size_t n_given = option_numbers(&given, call, "lambda", a);
    if (n_given) {
        *lambda = ARENA_NEW(a, n_given, double);
        if (!*lambda) return err_nomem(e);
        memcpy(*lambda, given, n_given * sizeof **lambda);
        qsort(*lambda, n_given, sizeof **lambda, falling);
        if (!((*lambda)[n_given - 1] >= 0)) return err_set(e, ERR_USAGE, "--lambda %g: expected at least 0", (*lambda)[n_given - 1]);
        *n = n_given;
        return OK;
    }
    double count = option_number(call, "nlambda", 100), ratio = option_number(call, "lambda_min_ratio", net->n < net->p ? 0.01 : 1e-4);
    if (!(count >= 1 && count <= 10000)) return err_set(e, ERR_USAGE, "--nlambda %g: expected 1 to 10000", count);
    if (!(ratio > 0 && ratio < 1)) return err_set(e, ERR_USAGE, "--lambda-min-ratio %g: expected between 0 and 1", ratio);
    double top;
    Rc rc = path_lambda_max(&top, s, e);
    if (rc != OK) return rc;
    *n = (size_t)count;
    *lambda = ARENA_NEW(a, *n, double);
    if (!*lambda) return err_nomem(e);
    for (size_t k = 0; k < *n; k++) (*lambda)[k] = top * (*n > 1 ? pow(ratio, (double)k / (double)(*n - 1)) : 1);
    return OK;
}

static Rc write_path(Json *out, const PathProblem *net, const char *const *term, const NetPath *path, const double *lambda, size_t n_lambda,
                     Arena *a, Err *e)
{
    double *df = ARENA_NEW(a, n_lambda, double);
    const char **cols = ARENA_NEW(a, n_lambda, const char *);
    if (!df || !cols) return err_nomem(e);
    for (size_t k = 0; k < n_lambda; k++) {
        for (size_t j = 0; j < net->p; j++) df[k] += path->beta[k * net->p + j] != 0;
        cols[k] = arena_printf(a, "s%zu", k);
        if (!cols[k]) return err_nomem(e);
    }
    json_set_text(out, "family", net->time ? "cox" : "binomial");
    json_set_text(out, "convention", "loss -loglik/n, Breslow ties, censored at t are at risk at t; columns standardised with 1/n variance");
    json_set_number(out, "n", (double)net->n);
    json_set_number(out, "alpha", net->alpha);
    json_set_numbers(out, "lambda", lambda, n_lambda);
    json_set_numbers(out, "df", df, n_lambda);
    json_set_numbers(out, "dev_ratio", path->dev_ratio, n_lambda);
    json_set_number(out, "nulldev", path->nulldev);
    json_set_matrix(out, "beta", path->beta, net->p, n_lambda, term, cols);
    if (!net->time) json_set_numbers(out, "intercept", path->intercept, n_lambda);
    json_set_number(out, "max_kkt_violation", path->worst_kkt);
    return OK;
}

/* The one lambda, or the one that cross-validation chose: only then is the path a model. */
static Rc chosen(Json *out, const PathProblem *net, Design *d, const StatCall *call, const NetPath *path, const double *lambda, size_t n_lambda, Err *e)
{
    const char *choose = option_text(call, "choose", NULL);
    const Json *cv = json_get(out, "cv_deviance");
    size_t k = 0;
    if (choose && !cv) return err_set(e, ERR_USAGE, "elasticnet: --choose %s wants --folds or --foldid: lambda is chosen by cross-validation", choose);
    if (!choose && n_lambda > 1) return OK;
    const double wanted = choose ? json_number(json_get(cv, strcmp(choose, "min") == 0 ? "lambda_min" : "lambda_1se")) : lambda[0];
    while (k + 1 < n_lambda && lambda[k] != wanted) k++;
    json_set_number(out, "lambda_chosen", lambda[k]);
    return net_chosen(out, net, d, call, path->beta + k * net->p, path->intercept[k], e);
}

static Rc elasticnet_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Design d = { 0 };
    PathProblem net;
    NetPath path = { 0 };
    PathSolver *s;
    double *lambda = NULL;
    size_t n_lambda = 0;
    DesignWish wish = { .kind = FORMULA_ANY };
    TRY(design_build(&d, out, call, &wish, e));
    TRY(design_want_rows(&d, out, 2, e));
    TRY(design_check_levels(&d, out, d.p > d.has_intercept, e));
    TRY(design_sort_rows(&d, e));
    TRY(read_problem(&net, &d, out, call, &a, e));
    TRY(path_solver_new(&s, &net, &a, e));
    TRY(read_lambdas(&lambda, &n_lambda, s, &net, call, &a, e));
    rc = net_path(&path, s, &net, lambda, n_lambda, &a, e);
    if (rc == ERR_ESTIMATE) diagnose(out, "ill_conditioned", "%s", e ? e->text : "the path did not converge");
    if (rc != OK) goto out;
    TRY(write_path(out, &net, (const char *const *)d.term + (d.has_intercept ? 1 : 0), &path, lambda, n_lambda, &a, e));
    if (option_text(call, "foldid", NULL) || option_number(call, "folds", 0) > 0)
        TRY(net_cross_validate(out, &net, &d, call, lambda, n_lambda, &a, e));
    TRY(chosen(out, &net, &d, call, &path, lambda, n_lambda, e));
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_elasticnet = {
    "elasticnet", "elastic-net path of a Cox or logistic model, with cross-validation", FORMULA_ANY, true, false, options, elasticnet_run,
    "Friedman, Hastie & Tibshirani 2010; Simon et al. 2011"
};
