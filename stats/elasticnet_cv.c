/* stats/elasticnet_cv.c: cross-validation of an elastic-net path; everything data-driven is done inside the fold. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lanes.h"
#include "core/par.h"
#include "core/rng.h"
#include "core/sum.h"
#include "stats/concordance.h"
#include "stats/diagnosis.h"
#include "stats/elasticnet.h"

/* A measure by fold and lambda, with the weight of each fold. value[fold + lambda*n_folds]; NaN where a fold has none. */
typedef struct {
    const char *key;
    bool higher_is_better;
    double *value, *weight;
} Measure;

typedef struct {
    const PathProblem *net;
    const int *fold;
    int n_folds;
    const double *lambda;
    size_t n_lambda;
    Measure *measure;
    size_t n_measures;
} Folds;

/* The rows of one fold, and the others. */
typedef struct { size_t n, n_train, *train, *test; } Split;

static Rc split(Split *s, const Folds *f, int fold, Arena *a, Err *e)
{
    const size_t n = f->net->n;
    *s = (Split){ .train = ARENA_NEW(a, n, size_t), .test = ARENA_NEW(a, n, size_t) };
    if (!s->train || !s->test) return err_nomem(e);
    for (size_t i = 0; i < n; i++) if (f->fold[i] == fold) s->test[s->n++] = i; else s->train[s->n_train++] = i;
    return OK;
}

/* eta[n] of all rows. */
static FOR_EACH_WIDTH void linear_predictors(double *eta, const PathProblem *net, const double *beta, double intercept)
{
    for (size_t i = 0; i < net->n; i++) eta[i] = intercept + (net->offset ? net->offset[i] : 0);
    for (size_t j = 0; j < net->p; j++) {
        const double *x = net->x + j * net->n, b = beta[j];
        if (b != 0) for (size_t i = 0; i < net->n; i++) eta[i] += b * x[i];
    }
}

/* AUC with weights: P(case above control) + half the ties, by sorting. */
typedef struct { double eta, weight; bool is_case; } Scored;
static int by_eta(const void *a, const void *b)
{
    double x = ((const Scored *)a)->eta, y = ((const Scored *)b)->eta;
    return (x > y) - (x < y);
}
static double weighted_auc(Scored *s, size_t n)
{
    double below = 0, pairs = 0, cases = 0, controls = 0;
    qsort(s, n, sizeof *s, by_eta);
    for (size_t i = 0; i < n;) {
        size_t k = i;
        double c = 0, d = 0;
        for (; k < n && s[k].eta == s[i].eta; k++) { if (s[k].is_case) c += s[k].weight; else d += s[k].weight; }
        pairs += c * (below + d / 2);
        below += d;
        cases += c;
        controls += d;
        i = k;
    }
    return pairs / (cases * controls);
}

static Rc logistic_fold(Folds *f, const Split *split, const NetPath *path, int fold, double *eta, Arena *a, Err *e)
{
    /* Probabilities are kept away from 0 and 1 as in the reference program, else one row can make the deviance infinite. */
    static const double edge = 1e-5;
    const PathProblem *net = f->net;
    Scored *s = ARENA_NEW(a, split->n, Scored);
    if (!s) return err_nomem(e);
    for (size_t k = 0; k < f->n_lambda; k++) {
        Sum dev = { 0 }, wrong = { 0 }, total = { 0 };
        linear_predictors(eta, net, path->beta + k * net->p, path->intercept[k]);
        for (size_t t = 0; t < split->n; t++) {
            const size_t i = split->test[t];
            const double w = net->weight ? net->weight[i] : 1, pr = 1 / (1 + exp(-eta[i])), q = fmin(fmax(pr, edge), 1 - edge);
            sum_add(&dev, -2 * w * (net->event[i] != 0 ? log(q) : log1p(-q)));
            sum_add(&wrong, w * ((eta[i] > 0) != (net->event[i] != 0)));
            sum_add(&total, w);
            s[t] = (Scored){ pr, w, net->event[i] != 0 };
        }
        size_t at = (size_t)fold + k * (size_t)f->n_folds;
        f->measure[0].value[at] = sum_value(&dev) / sum_value(&total);
        f->measure[1].value[at] = weighted_auc(s, split->n);
        f->measure[2].value[at] = sum_value(&wrong) / sum_value(&total);
        for (int m = 0; m < 3; m++) f->measure[m].weight[fold] = sum_value(&total);
    }
    return OK;
}

/* Deviance by fold: what all rows have more than the rows without the fold, at the coefficients found without it. */
static Rc cox_fold(Folds *f, const PathProblem *train, const Split *split, const NetPath *path, int fold, double *eta, Arena *a, Err *e)
{
    Rc rc = OK;
    const PathProblem *net = f->net;
    PathProblem all_rows = *net, rest_rows = *train;
    PathSolver *whole, *part;
    const size_t n = split->n;
    double *column = ARENA_NEW(a, 4 * n, double), *time = column, *event = column + n, *marker = column + 2 * n, *weight = column + 3 * n;
    double events = 0, total = 0;
    int *stratum = ARENA_NEW(a, n, int);
    if (!column || !stratum) return err_nomem(e);
    all_rows.p = rest_rows.p = 0;                       /* they only evaluate likelihoods */
    TRY(path_solver_new(&whole, &all_rows, a, e));
    TRY(path_solver_new(&part, &rest_rows, a, e));
    for (size_t t = 0; t < n; t++) {
        const size_t i = split->test[t];
        time[t] = net->time[i];
        event[t] = net->event[i];
        weight[t] = net->weight ? net->weight[i] : 1;
        stratum[t] = net->stratum ? net->stratum[i] : 0;
        total += weight[t];
        events += event[t] != 0 ? weight[t] : 0;
    }
    f->measure[0].weight[fold] = events;
    f->measure[1].weight[fold] = total;
    const double saturated = path_saturated(whole) - path_saturated(part);
    for (size_t k = 0; k < f->n_lambda; k++) {
        size_t at = (size_t)fold + k * (size_t)f->n_folds;
        linear_predictors(eta, net, path->beta + k * net->p, 0);
        f->measure[0].value[at] = events > 0 ? 2 * (saturated - (path_loglik(whole, eta) - path_loglik(part, eta))) / events : NAN;
        for (size_t t = 0; t < n; t++) marker[t] = eta[split->test[t]];
        ConcordanceData cd = { .n = n, .time = time, .event = event, .weight = net->weight ? weight : NULL, .marker = marker,
                               .stratum = net->stratum ? stratum : NULL, .pairs = PAIRS_N, .tau = INFINITY };
        Concordance c = { 0 };
        TRY(concordance_estimate(&c, &cd, NULL, a, e));
        f->measure[1].value[at] = c.c;
    }
out:
    return rc;
}

static Rc one_fold(void *context, size_t i, int worker, Err *e)
{
    (void)worker;
    Rc rc = OK;
    Folds *f = context;
    Arena a = { 0 };
    Split s;
    PathSolver *solver;
    NetPath path = { 0 };
    PathProblem train = *f->net;
    double *eta = ARENA_NEW(&a, f->net->n, double);
    if (!eta) { rc = err_nomem(e); goto out; }
    TRY(split(&s, f, (int)i, &a, e));
    train.n = s.n_train;
    train.row = s.train;
    train.x_rows = f->net->n;
    TRY(path_solver_new(&solver, &train, &a, e));
    TRY(net_path(&path, solver, &train, f->lambda, f->n_lambda, &a, e));
    if (f->net->time) TRY(cox_fold(f, &train, &s, &path, (int)i, eta, &a, e));
    else TRY(logistic_fold(f, &s, &path, (int)i, eta, &a, e));
out:
    if (rc != OK) err_prefix(e, "fold %zu", i + 1);
    arena_free(&a);
    return rc;
}

static Rc write_measure(Json *out, const Folds *f, const Measure *m, Arena *a, Err *e)
{
    double *cvm = ARENA_NEW(a, f->n_lambda, double), *cvsd = ARENA_NEW(a, f->n_lambda, double);
    if (!cvm || !cvsd) return err_nomem(e);
    size_t best = 0;
    for (size_t k = 0; k < f->n_lambda; k++) {
        Sum w = { 0 }, mean = { 0 }, var = { 0 };
        int used = 0;
        const double *v = m->value + k * (size_t)f->n_folds;
        for (int i = 0; i < f->n_folds; i++)
            if (!isnan(v[i])) { sum_add(&w, m->weight[i]); sum_add(&mean, m->weight[i] * v[i]); used++; }
        cvm[k] = sum_value(&mean) / sum_value(&w);
        for (int i = 0; i < f->n_folds; i++) if (!isnan(v[i])) sum_add(&var, m->weight[i] * (v[i] - cvm[k]) * (v[i] - cvm[k]));
        cvsd[k] = sqrt(sum_value(&var) / sum_value(&w) / (used - 1));
        if (m->higher_is_better ? cvm[k] > cvm[best] : cvm[k] < cvm[best]) best = k;
    }
    /* The largest lambda within one standard error of the best. */
    size_t within = best;
    for (size_t k = 0; k <= best; k++)
        if (m->higher_is_better ? cvm[k] >= cvm[best] - cvsd[best] : cvm[k] <= cvm[best] + cvsd[best]) { within = k; break; }
    Json *j = json_set(out, m->key, json_object());
    json_set_numbers(j, "cvm", cvm, f->n_lambda);
    json_set_numbers(j, "cvsd", cvsd, f->n_lambda);
    json_set_number(j, "lambda_min", f->lambda[best]);
    json_set_number(j, "lambda_1se", f->lambda[within]);
    return OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* fold[i] 0 … n_folds-1: the distinct values of the column in ascending order, or a random split of equal sizes. */
static Rc read_folds(int *fold, int *n_folds, const PathProblem *net, const Design *d, const StatCall *call, Arena *a, Err *e)
{
    const char *column = option_text(call, "foldid", NULL);
    size_t n = net->n;
    double *value = ARENA_NEW(a, n, double), *sorted = ARENA_NEW(a, n, double);
    if (!value || !sorted) return err_nomem(e);
    if (column) {
        const FrameColumn *c = frame_column(d->frame, column);
        if (!c || c->is_text) return err_set(e, ERR_USAGE, "--foldid %s: %s", column, c ? "the column holds text, expected numbers" : "no such column");
        for (size_t i = 0; i < n; i++) {
            value[i] = c->num[d->row[i]];
            if (isnan(value[i])) return err_set(e, ERR_INPUT, "%s:%zu: %s is missing, expected a fold's number", d->frame->name, d->frame->line[d->row[i]], column);
        }
    } else {
        double k = option_number(call, "folds", 10);
        if (!(k >= 3 && k <= (double)n)) return err_set(e, ERR_USAGE, "--folds %g: expected 3 to the number of rows (%zu)", k, n);
        Rng r = rng_stream((uint64_t)option_number(call, "seed", 1), 0);
        for (size_t i = 0; i < n; i++) value[i] = (double)(i % (size_t)k);
        for (size_t i = n; i-- > 1;) {
            size_t j = rng_below(&r, (uint32_t)(i + 1));
            double t = value[i];
            value[i] = value[j];
            value[j] = t;
        }
    }
    memcpy(sorted, value, n * sizeof *value);
    qsort(sorted, n, sizeof *sorted, ascending);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++) if (i == 0 || sorted[i] != sorted[i - 1]) sorted[distinct++] = sorted[i];
    if (distinct < 3) return err_set(e, ERR_USAGE, "cross-validation over %zu folds, expected at least 3", distinct);
    for (size_t i = 0; i < n; i++)
        fold[i] = (int)((double *)bsearch(&value[i], sorted, distinct, sizeof *sorted, ascending) - sorted);
    *n_folds = (int)distinct;
    return OK;
}

Rc net_cross_validate(Json *out, const PathProblem *net, const Design *d, const StatCall *call, const double *lambda, size_t n_lambda,
                      Arena *a, Err *e)
{
    Rc rc = OK;
    Measure cox[] = { { "cv_deviance", false, NULL, NULL }, { "cv_C", true, NULL, NULL } };
    Measure binary[] = { { "cv_deviance", false, NULL, NULL }, { "cv_auc", true, NULL, NULL }, { "cv_class", false, NULL, NULL } };
    int *fold = ARENA_NEW(a, net->n, int), n_folds = 0;
    if (!fold) return err_nomem(e);
    TRY(read_folds(fold, &n_folds, net, d, call, a, e));
    Folds f = { net, fold, n_folds, lambda, n_lambda, net->time ? cox : binary, net->time ? 2 : 3 };
    for (size_t m = 0; m < f.n_measures; m++) {
        f.measure[m].value = ARENA_NEW(a, (size_t)n_folds * n_lambda, double);
        f.measure[m].weight = ARENA_NEW(a, (size_t)n_folds, double);
        if (!f.measure[m].value || !f.measure[m].weight) { rc = err_nomem(e); goto out; }
    }
    rc = parallel_for((size_t)n_folds, call->threads > 0 ? call->threads : 1, one_fold, &f, e);
    if (rc == ERR_ESTIMATE) rc = diagnose_fatal(out, e, "ill_conditioned", "cross-validation: %s", e ? e->text : "a fold did not converge");
    if (rc != OK) goto out;
    json_set_number(out, "n_folds", n_folds);
    for (size_t m = 0; m < f.n_measures; m++) TRY(write_measure(out, &f, &f.measure[m], a, e));
out:
    return rc;
}
