/* stats/fit_read.c: a fit as Json, read back. A file that was cut or changed is refused here, by key, before a number is made of it. */
#include "stats/fit.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ---- lists */

/* A list of `n` finite numbers (SIZE_MAX: of any length, which is told). */
static Rc numbers(double **out, size_t *length, const Json *object, const char *key, size_t n, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const Json *list = NULL;
    TRY(json_want_array(&list, object, key, where, e));
    if (!list) return err_set(e, ERR_INPUT, "%s: the fit lacks '%s'", where, key);
    if (n != SIZE_MAX && json_size(list) != n)
        return err_set(e, ERR_INPUT, "%s: '%s' holds %zu numbers, expected %zu", where, key, json_size(list), n);
    *out = ARENA_NEW(a, json_size(list) + 1, double);
    if (!*out) return err_nomem(e);
    size_t i = 0;
    for (const Json *q = json_first(list); q; q = json_next(q)) {
        (*out)[i] = json_number(q);
        if (!isfinite((*out)[i++])) return err_set(e, ERR_INPUT, "%s: '%s' holds something that is no number", where, key);
    }
    if (length) *length = i;
out:
    return rc;
}

/* Rows of `width` finite numbers, one behind the other. */
static Rc table(double *out, size_t step, const Json *object, const char *key, size_t rows, size_t width, const char *where, Err *e)
{
    Rc rc = OK;
    const Json *list = NULL;
    TRY(json_want_array(&list, object, key, where, e));
    if (!list || json_size(list) != rows)
        return err_set(e, ERR_INPUT, "%s: '%s' has %zu rows, expected %zu", where, key, json_size(list), rows);
    size_t i = 0;
    for (const Json *row = json_first(list); row; row = json_next(row), i++) {
        if (json_type(row) != JSON_ARRAY || json_size(row) != width)
            return err_set(e, ERR_INPUT, "%s: row %zu of '%s' has %zu numbers, expected %zu", where, i + 1, key, json_size(row), width);
        size_t j = 0;
        for (const Json *x = json_first(row); x; x = json_next(x), j++) {
            out[i * step + j] = json_number(x);
            if (!isfinite(out[i * step + j])) return err_set(e, ERR_INPUT, "%s: '%s' holds something that is no number", where, key);
        }
    }
out:
    return rc;
}

/* A covariance: symmetric, no negative variance. */
static Rc covariance(double *out, const Json *object, const char *key, size_t p, const char *where, Err *e)
{
    Rc rc = OK;
    const Json *matrix = NULL;
    TRY(json_want_object(&matrix, object, key, where, e));
    TRY(table(out, p, matrix, "data", p, p, where, e));
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j <= i; j++) {
            const double u = out[i * p + j], v = out[j * p + i], size = sqrt(fabs(out[i * p + i] * out[j * p + j]));
            if (out[i * p + i] < 0 || fabs(u - v) > 1e-8 * size || fabs(u) > (1 + 1e-8) * size)
                return err_set(e, ERR_INPUT, "%s: '%s' is no covariance matrix (row %zu, column %zu)", where, key, i + 1, j + 1);
        }
out:
    return rc;
}

static Rc one_expression(const Expr **out, const char *text, const char *key, const char *where, Arena *a, Err *e)
{
    Expr *x = NULL;
    Err why = { 0 };
    char *copy = arena_strdup(a, text);
    if (!copy) return err_nomem(e);
    const Rc rc = expr_parse(&x, copy, a, &why);
    if (rc != OK) return err_set(e, rc == ERR_NOMEM ? rc : ERR_INPUT, "%s: %s: %s", where, key, why.text);
    *out = x;
    return OK;
}

static Rc expressions(const Expr ***out, size_t *n, const Json *fit, const char *key, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const Json *list = NULL;
    TRY(json_want_array(&list, fit, key, where, e));
    if (!list) return err_set(e, ERR_INPUT, "%s: the fit lacks '%s'", where, key);
    *n = json_size(list);
    *out = (const Expr **)arena_array(a, *n + 1, sizeof(Expr *));
    if (!*out) return err_nomem(e);
    size_t i = 0;
    for (const Json *q = json_first(list); q; q = json_next(q)) {
        if (!json_text(q)) return err_set(e, ERR_INPUT, "%s: '%s' wants a list of texts", where, key);
        TRY(one_expression(&(*out)[i++], json_text(q), key, where, a, e));
    }
out:
    return rc;
}

/* ---- parts */

/* The expression of tt() at every time of a baseline. */
static Rc factors(FitBaseline *b, const Expr *tt, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    Frame f = { 0 };
    ExprValue v = { 0 };
    double *t = NULL;
    b->factor = ARENA_NEW(a, b->n + 1, double);
    if (!b->factor) return err_nomem(e);
    TRY(frame_init(&f, where, b->n, e));
    TRY(frame_add_numbers(&t, &f, "t", e));
    memcpy(t, b->time, b->n * sizeof *t);
    TRY(expr_eval(&v, tt, &f, a, e));
    for (size_t k = 0; k < b->n; k++) {
        if (v.is_text || !isfinite(v.num[k])) { rc = err_set(e, ERR_INPUT, "%s: tt.expression has no finite value at t = %g", where, b->time[k]); goto out; }
        b->factor[k] = v.num[k];
    }
out:
    frame_free(&f);
    return rc;
}

static Rc one_baseline(FitBaseline *b, const Fit *f, const Json *o, const char *where, Arena *a, Err *e)
{
    static const char *const known[] = { "label", "time", "hazard", "variance", "mean", "group_mean", "last_time", NULL };
    Rc rc = OK;
    const char *label = NULL;
    const size_t all = f->p + f->q;
    if (json_type(o) != JSON_OBJECT) return err_set(e, ERR_INPUT, "%s: 'baseline' wants a list of objects", where);
    TRY(json_refuse_unknown(o, known, where, e));
    TRY(json_want_text(&label, o, "label", where, e));
    b->label = arena_strdup(a, label ? label : "");
    if (!b->label) return err_nomem(e);
    TRY(numbers(&b->time, &b->n, o, "time", SIZE_MAX, where, a, e));
    TRY(numbers(&b->hazard, NULL, o, "hazard", b->n, where, a, e));
    TRY(numbers(&b->variance, NULL, o, "variance", b->n, where, a, e));
    b->last_time = NAN;
    TRY(json_want_number(&b->last_time, o, "last_time", where, e));
    b->mean = ARENA_NEW(a, b->n * all + 1, double);
    if (!b->mean) return err_nomem(e);
    TRY(table(b->mean, all, o, "mean", b->n, f->p, where, e));
    if (f->q) TRY(table(b->mean + f->p, all, o, "group_mean", b->n, f->q, where, e));
    for (size_t k = 0; k < b->n; k++)
        if (!(b->hazard[k] >= 0) || !(b->variance[k] >= 0) || (k && !(b->time[k] > b->time[k - 1])))
            return err_set(e, ERR_INPUT, "%s: step %zu of the baseline is none: time %g, hazard %g, variance %g", where, k + 1, b->time[k], b->hazard[k],
                           b->variance[k]);
    if (isnan(b->last_time) || (b->n && b->last_time < b->time[b->n - 1]))
        return err_set(e, ERR_INPUT, "%s: the baseline's last_time is %g, before its last step", where, b->last_time);
    if (f->tt) TRY(factors(b, f->tt, where, a, e));
out:
    return rc;
}

static Rc baselines(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const Json *list = NULL;
    TRY(json_want_array(&list, fit, "baseline", where, e));
    if (!list) return err_set(e, ERR_INPUT, "%s: the fit lacks 'baseline'", where);
    f->n_baselines = json_size(list);
    f->baseline = ARENA_NEW(a, f->n_baselines + 1, FitBaseline);
    if (!f->baseline) return err_nomem(e);
    size_t i = 0;
    for (const Json *q = json_first(list); q; q = json_next(q)) TRY(one_baseline(&f->baseline[i++], f, q, where, a, e));
out:
    return rc;
}

static Rc time_varying(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    static const char *const known[] = { "expression", "columns", NULL };
    Rc rc = OK;
    const Json *o = NULL;
    const char *text = NULL;
    double *column = NULL;
    size_t n = 0;
    TRY(json_want_object(&o, fit, "tt", where, e));
    f->varying = arena_alloc(a, f->p + 1);
    if (!f->varying) return err_nomem(e);
    if (!o) goto out;
    TRY(json_refuse_unknown(o, known, where, e));
    TRY(json_want_text(&text, o, "expression", where, e));
    if (!text) return err_set(e, ERR_INPUT, "%s: tt lacks its expression", where);
    TRY(one_expression(&f->tt, text, "tt.expression", where, a, e));
    TRY(numbers(&column, &n, o, "columns", SIZE_MAX, where, a, e));
    for (size_t k = 0; k < n; k++) {
        if (!(column[k] >= 0 && column[k] < (double)f->p)) return err_set(e, ERR_INPUT, "%s: tt.columns holds %g, of %zu coefficients", where, column[k], f->p);
        f->varying[(size_t)column[k]] = 1;
    }
out:
    return rc;
}

/* Sets q, with the effects behind the fixed coefficients and the covariance of all. */
static Rc frailties(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    static const char *const known[] = { "group", "distribution", "theta", "levels", "effect", "vcov", NULL };
    Rc rc = OK;
    const Json *o = NULL, *levels = NULL;
    const char *group = NULL, *distribution = NULL;
    FitFrailty *g = &f->frailty;
    TRY(json_want_object(&o, fit, "frailty", where, e));
    if (!o) goto out;
    TRY(json_refuse_unknown(o, known, where, e));
    TRY(json_want_text(&group, o, "group", where, e));
    TRY(json_want_text(&distribution, o, "distribution", where, e));
    if (!group) return err_set(e, ERR_INPUT, "%s: frailty lacks its group", where);
    if (!distribution || (strcmp(distribution, "gamma") != 0 && strcmp(distribution, "log-normal") != 0))
        return err_set(e, ERR_INPUT, "%s: frailty.distribution is '%s', expected gamma or log-normal", where, distribution ? distribution : "missing");
    g->gamma = strcmp(distribution, "gamma") == 0;
    TRY(one_expression(&g->group, group, "frailty.group", where, a, e));
    g->theta = NAN;
    TRY(json_want_number(&g->theta, o, "theta", where, e));
    if (!(g->theta >= 0 && isfinite(g->theta))) return err_set(e, ERR_INPUT, "%s: frailty.theta is %g, expected a variance", where, g->theta);
    TRY(numbers(&g->effect, &g->n, o, "effect", SIZE_MAX, where, a, e));
    TRY(json_want_array(&levels, o, "levels", where, e));
    if (levels && json_size(levels) != g->n)
        return err_set(e, ERR_INPUT, "%s: frailty.levels names %zu groups, effect has %zu", where, json_size(levels), g->n);
    if (levels) {
        g->level = (const char **)arena_array(a, g->n + 1, sizeof(char *));
        if (!g->level) return err_nomem(e);
        size_t k = 0;
        for (const Json *q = json_first(levels); q; q = json_next(q), k++) {
            if (!json_text(q)) return err_set(e, ERR_INPUT, "%s: frailty.levels wants a list of texts", where);
            if (!(g->level[k] = arena_strdup(a, json_text(q)))) return err_nomem(e);
        }
    }
    if (!json_get(o, "vcov")) goto out;
    f->q = g->n;
    const size_t all = f->p + f->q;
    double *coef = ARENA_NEW(a, all + 1, double), *center = ARENA_NEW(a, all + 1, double);
    f->vcov = ARENA_NEW(a, all * all + 1, double);
    if (!coef || !center || !f->vcov) return err_nomem(e);
    memcpy(coef, f->coef, f->p * sizeof *coef);
    memcpy(coef + f->p, g->effect, f->q * sizeof *coef);
    memcpy(center, f->center, f->p * sizeof *center);
    f->coef = coef;
    f->center = center;
    TRY(covariance(f->vcov, o, "vcov", all, where, e));
out:
    return rc;
}

static Rc header(Fit *f, const Json *fit, const char *where, Err *e)
{
    static const char *const known[] = { "schema", "kind", "formula", "penalty", "n", "nevent", "design", "intercept", "columns", "strata", "offsets",
                                         "term", "coef", "vcov", "variance", "ties", "center", "baseline", "tt", "frailty", "dist", "scale", "last_time",
                                         "link", "levels", "thresholds", "cause", "convention", NULL };
    static const char *const kinds[] = { [FIT_COX] = "cox", [FIT_LOGISTIC] = "logistic", [FIT_SURVREG] = "survreg", [FIT_ORDINAL] = "ordinal",
                                         [FIT_FINEGRAY] = "finegray" };
    Rc rc = OK;
    const char *schema = NULL, *kind = NULL, *formula = NULL;
    if (json_type(fit) != JSON_OBJECT) return err_set(e, ERR_INPUT, "%s: fit is %s, expected an object", where, json_type_name(fit));
    TRY(json_want_text(&schema, fit, "schema", where, e));
    if (!schema || strcmp(schema, "reox.fit/1") != 0)
        return err_set(e, ERR_INPUT, "%s: schema is '%s', expected 'reox.fit/1'", where, schema ? schema : "missing");
    TRY(json_refuse_unknown(fit, known, where, e));
    TRY(json_want_text(&kind, fit, "kind", where, e));
    int k = 0;
    while (k <= FIT_FINEGRAY && (!kind || strcmp(kind, kinds[k]) != 0)) k++;
    if (k > FIT_FINEGRAY)
        return err_set(e, ERR_INPUT, "%s: kind is '%s', expected cox, logistic, survreg, ordinal or finegray", where, kind ? kind : "missing");
    f->kind = (FitKind)k;
    TRY(json_want_text(&formula, fit, "formula", where, e));
    if (!formula || !strchr(formula, '~')) return err_set(e, ERR_INPUT, "%s: fit.formula is no formula", where);
    f->n = NAN;
    TRY(json_want_number(&f->n, fit, "n", where, e));
    TRY(json_want_bool(&f->intercept, fit, "intercept", where, e));
    if (!json_get(fit, "intercept")) return err_set(e, ERR_INPUT, "%s: the fit lacks 'intercept'", where);
    if (!(f->n > 0)) return err_set(e, ERR_INPUT, "%s: fit.n is %g, expected a number of rows", where, f->n);
out:
    return rc;
}

static Rc coefficients(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const Json *terms = NULL;
    const char *variance = NULL;
    double *column = NULL;
    TRY(numbers(&f->coef, &f->p, fit, "coef", SIZE_MAX, where, a, e));
    TRY(numbers(&column, NULL, fit, "columns", f->p, where, a, e));
    TRY(json_want_array(&terms, fit, "term", where, e));
    if (json_size(terms) != f->p) return err_set(e, ERR_INPUT, "%s: 'term' names %zu coefficients, expected %zu", where, json_size(terms), f->p);
    f->column = ARENA_NEW(a, f->p + 1, size_t);
    const size_t all = f->p + f->n_more;
    f->vcov = ARENA_NEW(a, all * all + 1, double);
    if (!f->column || !f->vcov) return err_nomem(e);
    for (size_t j = 0; j < f->p; j++) {
        if (!(column[j] >= 0 && column[j] < 1e6 && column[j] == floor(column[j])) || (j && column[j] <= column[j - 1]))
            return err_set(e, ERR_INPUT, "%s: columns[%zu] is %g", where, j, column[j]);
        if (!json_text(json_at(terms, j))) return err_set(e, ERR_INPUT, "%s: 'term' wants a list of texts", where);
        f->column[j] = (size_t)column[j];
    }
    TRY(json_want_text(&variance, fit, "variance", where, e));
    if (variance && strcmp(variance, "none") == 0 && json_type(json_get(fit, "vcov")) == JSON_NULL) f->vcov = NULL;
    else TRY(covariance(f->vcov, fit, "vcov", all, where, e));
out:
    return rc;
}

/* ---- kinds of their own */

static Rc positive(double *out, const Json *fit, const char *key, const char *where, Err *e)
{
    Rc rc = OK;
    *out = NAN;
    TRY(json_want_number(out, fit, key, where, e));
    if (!(*out > 0 && isfinite(*out))) return err_set(e, ERR_INPUT, "%s: fit.%s is %g, expected a number above 0", where, key, *out);
out:
    return rc;
}

static Rc distribution(Fit *f, const Json *fit, const char *where, Err *e)
{
    Rc rc = OK;
    const char *dist = NULL;
    TRY(json_want_text(&dist, fit, "dist", where, e));
    if (!survreg_dist_parse(&f->dist, dist))
        return err_set(e, ERR_INPUT, "%s: dist is '%s', expected weibull, exponential, lognormal or loglogistic", where, dist ? dist : "missing");
    TRY(positive(&f->scale, fit, "scale", where, e));
    TRY(positive(&f->last_time, fit, "last_time", where, e));
    f->n_more = f->dist != SURVREG_EXPONENTIAL;
out:
    return rc;
}

static Rc levels(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const char *link = NULL;
    const Json *list = NULL;
    TRY(json_want_text(&link, fit, "link", where, e));
    if (!ordinal_link_parse(&f->link, link))
        return err_set(e, ERR_INPUT, "%s: link is '%s', expected logit, probit or cloglog", where, link ? link : "missing");
    TRY(json_want_array(&list, fit, "levels", where, e));
    f->n_levels = json_size(list);
    if (f->n_levels < 2) return err_set(e, ERR_INPUT, "%s: 'levels' names %zu levels, expected two or more", where, f->n_levels);
    f->level = (const char **)arena_array(a, f->n_levels + 1, sizeof(char *));
    if (!f->level) return err_nomem(e);
    size_t k = 0;
    for (const Json *q = json_first(list); q; q = json_next(q), k++) {
        if (!json_text(q)) return err_set(e, ERR_INPUT, "%s: 'levels' wants a list of texts", where);
        if (!(f->level[k] = arena_strdup(a, json_text(q)))) return err_nomem(e);
    }
    f->n_more = f->n_levels - 1;
    TRY(numbers(&f->threshold, NULL, fit, "thresholds", f->n_more, where, a, e));
    for (k = 1; k < f->n_more; k++)
        if (!(f->threshold[k] > f->threshold[k - 1])) return err_set(e, ERR_INPUT, "%s: 'thresholds' do not ascend", where);
out:
    return rc;
}

/* Cumulative subdistribution hazards by stratum. */
static Rc subdistribution(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    static const char *const known[] = { "label", "time", "cumhaz", "last_time", NULL };
    Rc rc = OK;
    const Json *list = NULL;
    TRY(json_want_array(&list, fit, "baseline", where, e));
    f->n_baselines = json_size(list);
    if (!f->n_baselines) return err_set(e, ERR_INPUT, "%s: the fit lacks 'baseline'", where);
    FitBaseline *b = f->baseline = ARENA_NEW(a, f->n_baselines + 1, FitBaseline);
    FineGrayFit *g = &f->subdistribution;
    double **cumhaz = (double **)arena_array(a, f->n_baselines + 1, sizeof(double *));
    if (!b || !cumhaz) return err_nomem(e);
    size_t s = 0;
    for (const Json *o = json_first(list); o; o = json_next(o), s++) {
        const char *label = NULL;
        if (json_type(o) != JSON_OBJECT) return err_set(e, ERR_INPUT, "%s: 'baseline' wants a list of objects", where);
        TRY(json_refuse_unknown(o, known, where, e));
        TRY(json_want_text(&label, o, "label", where, e));
        if (!(b[s].label = arena_strdup(a, label ? label : ""))) return err_nomem(e);
        TRY(numbers(&b[s].time, &b[s].n, o, "time", SIZE_MAX, where, a, e));
        TRY(numbers(&cumhaz[s], NULL, o, "cumhaz", b[s].n, where, a, e));
        TRY(positive(&b[s].last_time, o, "last_time", where, e));
        for (size_t k = 0; k < b[s].n; k++)
            if (!(cumhaz[s][k] >= (k ? cumhaz[s][k - 1] : 0)) || (k && !(b[s].time[k] > b[s].time[k - 1])))
                return err_set(e, ERR_INPUT, "%s: step %zu of the baseline %s does not ascend", where, k + 1, b[s].label);
        g->n_steps += b[s].n;
    }
    g->step_stratum = ARENA_NEW(a, g->n_steps + 1, int);
    g->step_time = ARENA_NEW(a, g->n_steps + 1, double);
    g->cumhaz = ARENA_NEW(a, g->n_steps + 1, double);
    if (!g->step_stratum || !g->step_time || !g->cumhaz) return err_nomem(e);
    size_t at = 0;
    for (s = 0; s < f->n_baselines; s++)
        for (size_t k = 0; k < b[s].n; k++, at++) {
            g->step_stratum[at] = (int)s;
            g->step_time[at] = b[s].time[k];
            g->cumhaz[at] = cumhaz[s][k];
        }
out:
    return rc;
}

Rc fit_read(Fit *f, const Json *fit, const char *where, Arena *a, Err *e)
{
    Rc rc = OK;
    const Json *design = NULL;
    *f = (Fit){ 0 };
    TRY(header(f, fit, where, e));
    TRY(json_want_object(&design, fit, "design", where, e));
    if (!design) return err_set(e, ERR_INPUT, "%s: the fit lacks 'design'", where);
    TRY(terms_from_json(&f->terms, design, where, a, e));
    if (f->kind == FIT_SURVREG) TRY(distribution(f, fit, where, e));
    if (f->kind == FIT_ORDINAL) TRY(levels(f, fit, where, a, e));
    TRY(coefficients(f, fit, where, a, e));
    if (!f->vcov && (f->kind == FIT_SURVREG || f->kind == FIT_ORDINAL)) return err_set(e, ERR_INPUT, "%s: the fit lacks 'vcov'", where);
    if (f->kind == FIT_FINEGRAY) TRY(subdistribution(f, fit, where, a, e));
    TRY(expressions(&f->strata, &f->n_strata, fit, "strata", where, a, e));
    TRY(expressions(&f->offset, &f->n_offsets, fit, "offsets", where, a, e));
    if (f->kind == FIT_COX) {
        TRY(numbers(&f->center, NULL, fit, "center", f->p, where, a, e));
        TRY(time_varying(f, fit, where, a, e));
        TRY(frailties(f, fit, where, a, e));
        TRY(baselines(f, fit, where, a, e));
    }
out:
    return rc;
}

Rc fit_check(FitKind *kind, const Json *fit, const char *where, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Fit f;
    TRY(fit_read(&f, fit, where, &a, e));
    if (kind) *kind = f.kind;
out:
    arena_free(&a);
    return rc;
}

/* ---- which columns rows must have */

static Rc add_names(const char **list, size_t *n, const Expr *x, Arena *a, Err *e)
{
    Rc rc = OK;
    const char *const *names = NULL;
    TRY(expr_columns(&names, x, a, e));
    for (; *names; names++) {
        bool known = false;
        for (size_t i = 0; i < *n; i++) known = known || strcmp(list[i], *names) == 0;
        if (!known) list[(*n)++] = *names;
    }
out:
    return rc;
}

Rc fit_columns(const char *const **columns, const Json *fit, FitGroup group, Arena *a, Err *e)
{
    Rc rc = OK;
    Fit f;
    TRY(fit_read(&f, fit, "fit", a, e));
    const Expr *own = group == GROUP_OWN ? f.frailty.group : NULL;
    /* No expression names more columns than it has characters. */
    size_t room = 1 + (own ? strlen(own->label) : 0), n = 0;
    for (size_t k = 0; k < f.terms->n_vars; k++) room += strlen(f.terms->var[k].expr->label) + 1;
    for (size_t k = 0; k < f.n_strata; k++) room += strlen(f.strata[k]->label) + 1;
    for (size_t k = 0; k < f.n_offsets; k++) room += strlen(f.offset[k]->label) + 1;
    const char **list = (const char **)arena_array(a, room, sizeof(char *));
    if (!list) return err_nomem(e);
    for (size_t k = 0; k < f.terms->n_vars; k++) TRY(add_names(list, &n, f.terms->var[k].expr, a, e));
    for (size_t k = 0; k < f.n_strata; k++) TRY(add_names(list, &n, f.strata[k], a, e));
    for (size_t k = 0; k < f.n_offsets; k++) TRY(add_names(list, &n, f.offset[k], a, e));
    if (own) TRY(add_names(list, &n, own, a, e));
    *columns = list;
out:
    return rc;
}
