/* stats/impute_pool.c: Rubin's rules. */
#include "stats/impute_pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "core/sum.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/result_keys.h"

enum { IMPUTATIONS_MAX = 1000 };

/* The rows of `f` in which column `imp` has this value. */
static Rc part(Frame *out, const Frame *f, const double *imp, double value, Err *e)
{
    Rc rc = OK;
    size_t n = 0, k;
    Frame g = { 0 };
    for (size_t i = 0; i < f->rows; i++) n += imp[i] == value;
    TRY(frame_init(&g, f->name, n, e));
    k = 0;
    for (size_t i = 0; i < f->rows; i++) if (imp[i] == value) g.line[k++] = f->line ? f->line[i] : i + 2;
    for (size_t c = 0; c < f->columns; c++) {
        const FrameColumn *from = &f->column[c];
        double *num = NULL;
        char **text = NULL;
        if (from->is_text) TRY(frame_add_texts(&text, &g, from->name, e));
        else TRY(frame_add_numbers(&num, &g, from->name, e));
        k = 0;
        for (size_t i = 0; i < f->rows; i++) {
            if (imp[i] != value) continue;
            if (from->is_text) text[k++] = from->text[i];      /* the whole table outlives its parts */
            else num[k++] = from->num[i];
        }
    }
    *out = g;
    g = (Frame){ 0 };
out:
    frame_free(&g);
    return rc;
}

static double dfcom_of(const StatCall *call, const Json *one, size_t p)
{
    const Json *given = json_get(call->options, "dfcom");
    double x = 0;
    if (json_text(given) && strcmp(json_text(given), "inf") == 0) return INFINITY;
    if (json_text(given) && number_read(&x, json_text(given))) return x;
    const Json *events = strncmp(call->formula, "Surv", 4) == 0 ? json_get(one, "nevent") : NULL;
    return json_number(events ? events : json_get(one, "n")) - (double)p;
}

/* estimate ubar b t dfcom df riv lambda fmi of one term. */
static void rubin(double *row, const double *est, const double *var, size_t m, double dfcom)
{
    double mean = mean_of(est, m), ubar = mean_of(var, m), b = 0;
    for (size_t k = 0; k < m; k++) b += (est[k] - mean) * (est[k] - mean) / ((double)m - 1);
    double between = (1 + 1 / (double)m) * b, t = ubar + between, lambda = between / t, riv = between / ubar;
    double old = ((double)m - 1) / (lambda * lambda), df = old;
    if (isfinite(dfcom)) {
        double seen = (dfcom + 1) / (dfcom + 3) * dfcom * (1 - lambda);
        df = isfinite(old) ? old * seen / (old + seen) : seen;
    }
    const double all[9] = { mean, ubar, b, t, dfcom, df, riv, lambda, (riv + 2 / (df + 3)) / (riv + 1) };
    memcpy(row, all, sizeof all);
}

static Rc report(Json *out, const StatCall *call, char *const *term, size_t p, const double *est, const double *var, size_t m, double dfcom,
                 Arena *a, Err *e)
{
    static const char *const cols[] = { "estimate", "ubar", "b", "t", "dfcom", "df", "riv", "lambda", "fmi" };
    double *table = ARENA_NEW(a, 9 * p + 1, double), *ci = ARENA_NEW(a, 2 * p + 1, double), *q = ARENA_NEW(a, p + 1, double);
    double *te = ARENA_NEW(a, m * p + 1, double), *tv = ARENA_NEW(a, m * p + 1, double), *mean = ARENA_NEW(a, p + 1, double), *se = ARENA_NEW(a, p + 1, double);
    static const char *const sides[] = { "lower", "upper" };
    char key[KEY_MAX];
    if (!table || !ci || !q || !te || !tv || !mean || !se) return err_nomem(e);
    for (size_t j = 0; j < p; j++) {
        double row[9];
        rubin(row, est + j * m, var + j * m, m, dfcom);
        for (int k = 0; k < 9; k++) table[(size_t)k * p + j] = row[k];
        mean[j] = row[0];
        se[j] = sqrt(row[3]);
        double half = t_quantile(.5 + call_conf(call) / 2, row[5]) * se[j];
        ci[j] = row[0] - half;
        ci[p + j] = row[0] + half;
        q[j] = t_two_sided_p(row[0] / se[j], row[5]);
        for (size_t k = 0; k < m; k++) { te[k * p + j] = est[j * m + k]; tv[k * p + j] = var[j * m + k]; }
    }
    set_by_term(out, "coef", mean, p, term);
    set_by_term(out, "se", se, p, term);
    json_set_matrix(out, "per_imputation_est", te, p, m, (const char *const *)term, NULL);
    json_set_matrix(out, "per_imputation_var", tv, p, m, (const char *const *)term, NULL);
    json_set_matrix(out, "pooled", table, p, 9, (const char *const *)term, cols);
    json_set_matrix(out, level_key(key, "ci", call_conf(call)), ci, p, 2, (const char *const *)term, sides);
    set_by_term(out, "p", q, p, term);
    return OK;
}

Rc pooled_call(Json *out, const Method *method, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const char *name = option_text(call, "imp", "");
    const FrameColumn *imp = call->data ? frame_column(call->data, name) : NULL;
    double *value = NULL, *est = NULL, *var = NULL, dfcom = NAN;
    char **term = NULL;
    size_t m = 0, p = 0;
    if (!imp || imp->is_text) {
        rc = err_set(e, ERR_USAGE, "--imp %s: no column of numbers with that name in %s", name, call->data ? call->data->name : "the table");
        goto out;
    }
    value = ARENA_NEW(&a, call->data->rows + 1, double);
    if (!value) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < call->data->rows; i++) {
        if (isnan(imp->num[i])) {
            rc = err_set(e, ERR_INPUT, "%s:%zu: %s is empty, expected the number of an imputation", call->data->name, call->data->line[i], name);
            goto out;
        }
        value[m++] = imp->num[i];
    }
    sort_doubles(value, m);
    size_t distinct = 0;
    for (size_t i = 0; i < m; i++) if (!distinct || value[distinct - 1] != value[i]) value[distinct++] = value[i];
    m = distinct;
    if (m < 2 || m > IMPUTATIONS_MAX) {
        rc = err_set(e, ERR_INPUT, "%s: %s has %zu value%s, expected 2 to %d imputations", call->data->name, name, m, m == 1 ? "" : "s", IMPUTATIONS_MAX);
        goto out;
    }
    for (size_t k = 0; k < m; k++) {
        Frame f = { 0 };
        StatCall one = *call;
        Json *r = json_object();
        rc = r ? part(&f, call->data, imp->num, value[k], e) : err_nomem(e);
        one.data = &f;
        one.method = method;
        if (rc == OK) rc = method->run(r, &one, e);
        const Json *coef = json_get(r, "coef"), *robust = json_get(r, "robust_se"), *se = robust ? robust : json_get(r, "se");
        if (rc == OK && (json_type(coef) != JSON_OBJECT || json_type(se) != JSON_OBJECT))
            rc = err_set(e, ERR_USAGE, "%s has no coefficients with standard errors to pool", method->name);
        if (rc == OK && k == 0) {
            p = json_size(coef);
            term = ARENA_NEW(&a, p + 1, char *);
            est = ARENA_NEW(&a, m * p + 1, double);
            var = ARENA_NEW(&a, m * p + 1, double);
            if (!term || !est || !var) rc = err_nomem(e);
            for (size_t j = 0; rc == OK && j < p; j++)
                if (!(term[j] = arena_strdup(&a, json_key(json_at(coef, j))))) rc = err_nomem(e);
            dfcom = dfcom_of(call, r, p);
            for (size_t j = 0; rc == OK && j < 2; j++) {
                static const char *const keys[] = { "n", "nevent" };
                if (json_get(r, keys[j])) json_set(out, keys[j], json_copy(json_get(r, keys[j])));
            }
        }
        for (size_t j = 0; rc == OK && j < p; j++) {
            const Json *b = json_get(coef, term[j]), *s = json_get(se, term[j]);
            if (!b || !s || json_size(coef) != p)
                rc = err_set(e, ERR_INPUT, "%s: imputation %g has other terms than the first (levels that occur in some alone?)", call->data->name, value[k]);
            est[j * m + k] = json_number(b);
            var[j * m + k] = json_number(s) * json_number(s);
        }
        if (rc == ERR_ESTIMATE) {
            diagnose(out, "no_data", "imputation %g could not be analysed", value[k]);
            for (const Json *d = json_first(json_get(r, "diagnosis")); d; d = json_next(d))
                diagnose(out, json_text(json_get(d, "code")), "imputation %g: %s", value[k], json_text(json_get(d, "message")));
        } else if (k == 0 && rc == OK) {
            for (const Json *d = json_first(json_get(r, "diagnosis")); d; d = json_next(d))
                diagnose(out, json_text(json_get(d, "code")), "%s", json_text(json_get(d, "message")));
        }
        json_free(r);
        frame_free(&f);
        if (rc != OK) goto out;
    }
    json_set_number(out, "imputations", (double)m);
    json_set_number(out, "dfcom", dfcom);
    TRY(report(out, call, term, p, est, var, m, dfcom, &a, e));
out:
    arena_free(&a);
    return rc;
}
