/* stats/ordinal.c: `ordinal`: cumulative-link models, link P(Y <= k) = threshold_k - x'b.
 * McCullagh 1980; Agresti, Analysis of Ordinal Categorical Data. */
#include <math.h>
#include <string.h>

#include "core/str.h"
#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/existence.h"
#include "stats/fit_json.h"
#include "stats/influence.h"
#include "stats/linalg.h"
#include "stats/newton.h"
#include "stats/ordinal_indexes.h"
#include "stats/ordinal_link.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "link", OPTION_CHOICE, "logit|probit|cloglog", "link of the cumulative probabilities" },
    { "robust", OPTION_FLAG, NULL, "sandwich variance (HC0, by cluster CR0); on by itself with a cluster or weights other than whole numbers" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* Levels 0 … K-1 by row; p columns without intercept. Parameters: K-1 thresholds, then p slopes. */
typedef struct {
    OrdinalLink link;
    size_t n, p, K;
    const double *x, *y, *weight, *offset;
    double *score;                 /* n x (K-1 + p): each row's part of the score, filled with it; NULL: not wanted */
} Sample;

static double loglik_at(double *g, double *h, const double *theta, void *context)
{
    const Sample *s = context;
    size_t m = s->K - 1, q = m + s->p;
    Sum ll = { 0 };
    for (size_t k = 1; k < m; k++) if (!(theta[k] > theta[k - 1])) return -INFINITY;
    if (g) { memset(g, 0, q * sizeof *g); memset(h, 0, q * q * sizeof *h); }
    for (size_t i = 0; i < s->n; i++) {
        double w = s->weight ? s->weight[i] : 1, eta = s->offset ? s->offset[i] : 0;
        if (w == 0) continue;
        for (size_t j = 0; j < s->p; j++) eta += s->x[j * s->n + i] * theta[m + j];
        size_t y = (size_t)s->y[i];
        LinkAt up = ordinal_link_at(s->link, y < m ? theta[y] - eta : INFINITY), lo = ordinal_link_at(s->link, y ? theta[y - 1] - eta : -INFINITY);
        double pr = ordinal_between(&lo, &up);
        if (!(pr > 0)) return -INFINITY;
        sum_add(&ll, w * log(pr));
        if (!g) continue;
        /* Derivatives of log P by the upper end, the lower end and eta; then second ones. */
        double a = up.d1 / pr, b = -lo.d1 / pr, c = -(a + b);
        double aa = up.d2 / pr - a * a, bb = -lo.d2 / pr - b * b, ab = -a * b;
        double ac = -(aa + ab), bc = -(bb + ab), cc = -(ac + bc);
        if (s->score) {
            if (y < m) s->score[y * s->n + i] = w * a;
            if (y) s->score[(y - 1) * s->n + i] = w * b;
            for (size_t j = 0; j < s->p; j++) s->score[(m + j) * s->n + i] = w * c * s->x[j * s->n + i];
        }
        if (y < m) { g[y] += w * a; h[y * q + y] += w * aa; }
        if (y) { g[y - 1] += w * b; h[(y - 1) * q + y - 1] += w * bb; }
        if (y && y < m) h[(y - 1) * q + y] += w * ab;
        for (size_t j = 0; j < s->p; j++) {
            double xj = s->x[j * s->n + i];
            g[m + j] += w * c * xj;
            if (y < m) h[y * q + m + j] += w * ac * xj;
            if (y) h[(y - 1) * q + m + j] += w * bc * xj;
            for (size_t k = 0; k <= j; k++) h[(m + k) * q + m + j] += w * cc * xj * s->x[k * s->n + i];
        }
    }
    for (size_t j = 0; h && j < q; j++) for (size_t k = 0; k < j; k++) h[j * q + k] = h[k * q + j];
    return sum_value(&ll);
}

/* The sandwich of a fit's own scores. */
static Rc robust_variance(double *out, const Sample *fitted, const double *theta, const double *vcov, const Design *d, Arena *a, Err *e)
{
    const size_t q = fitted->K - 1 + fitted->p;
    Sample s = *fitted;
    double *g = ARENA_NEW(a, q, double), *h = ARENA_NEW(a, q * q, double);
    s.score = ARENA_NEW(a, s.n * q, double);
    if (!g || !h || !s.score) return err_nomem(e);
    loglik_at(g, h, theta, &s);
    return influence_sandwich(out, vcov, s.score, q, &(Clusters){ s.n, d->cluster, d->n_clusters }, e);
}

/* Thresholds of the model without slopes: known in closed form without an offset, and a fair start with one. */
static void start_at(double *theta, const Sample *s, const double *share)
{
    double below = 0;
    for (size_t k = 0; k + 1 < s->K; k++) theta[k] = ordinal_link_inverse(s->link, below += share[k]);
    memset(theta + s->K - 1, 0, s->p * sizeof *theta);
}

static Rc read_sample(Sample *s, double **share, const Design *d, Json *out, const StatCall *call, Arena *a, Err *e)
{
    if (d->stratum || d->group) return err_set(e, ERR_USAGE, "ordinal takes no strata() and no random effect");
    if (!d->has_intercept) return err_set(e, ERR_USAGE, "ordinal has thresholds: leave -1 out of the formula");
    *s = (Sample){ .n = d->n, .p = d->p - 1, .K = d->n_y_levels, .x = d->x + d->n, .y = d->y, .weight = d->weight, .offset = d->offset };
    ordinal_link_parse(&s->link, option_text(call, "link", "logit"));
    json_set_number(out, "n", (double)d->n);
    if (s->K < 2) return diagnose_fatal(out, e, "one_class", "all %zu rows have the same level: nothing tells the levels apart", d->n);
    *share = ARENA_NEW(a, s->K, double);
    if (!*share) return err_nomem(e);
    double *rows = ARENA_NEW(a, s->K, double), total = 0;
    if (!rows) return err_nomem(e);
    for (size_t i = 0; i < d->n; i++) rows[(size_t)d->y[i]]++;
    set_by_term(out, "n_by_level", rows, s->K, d->y_level);
    for (size_t i = 0; i < d->n; i++) { double w = d->weight ? d->weight[i] : 1; (*share)[(size_t)d->y[i]] += w; total += w; }
    for (size_t k = 0; k < s->K; k++) {
        if (!((*share)[k] > 0)) return diagnose_fatal(out, e, "unused_level", "level %s of the response has no row: leave it out of --levels", d->y_level[k]);
        (*share)[k] /= total;
    }
    return OK;
}

/* Is there a direction in which every row's probability only rises? Each row gives one condition for its upper end, one for its
 * lower end. Names the columns and their signs. */
static Rc check_existence(Json *out, const Sample *s, const ScaledColumns *c, const Design *d, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t m = s->K - 1, q = m + s->p, rows = 0;
    double *x = ARENA_NEW(a, 2 * s->n * q, double), *sign = ARENA_NEW(a, 2 * s->n, double);
    Existence ex = { 0 };
    if (!x || !sign) return err_nomem(e);
    for (size_t i = 0; i < s->n; i++) {
        size_t y = (size_t)s->y[i];
        if (s->weight && s->weight[i] == 0) continue;
        for (int lower = 0; lower < 2; lower++) {
            if (lower ? y == 0 : y == m) continue;
            double *row = x + rows * q;
            row[lower ? y - 1 : y] = 1;
            for (size_t j = 0; j < s->p; j++) row[m + j] = -c->x[j * s->n + i];
            sign[rows++] = lower ? -1 : 1;
        }
    }
    TRY(existence_binary(&ex, x, sign, rows, (int)q, a, e));
    if (!ex.separated) goto out;
    double largest = 0;
    Json *sep = json_set(out, "separation", json_object()), *direction;
    Str names = { 0 };
    json_set_bool(sep, "separated", true);
    direction = json_set(sep, "direction", json_object());
    for (size_t j = 0; j < s->p; j++) largest = fmax(largest, fabs(ex.direction[m + j]));
    for (size_t j = 0; j < s->p; j++) {
        double v = ex.direction[m + j];
        bool moves = fabs(v) > 1e-7 * largest;
        json_set_number(direction, d->term[j + 1], moves ? (v > 0 ? 1 : -1) : 0);
        if (moves) str_appendf(&names, "%s%s", names.len ? ", " : "", d->term[j + 1]);
    }
    rc = diagnose_fatal(out, e, ex.complete ? "complete_separation" : "quasi_separation",
                        "%s: levels of the response are told apart %s, so there is no finite estimate; merge levels or leave it out",
                        str_text(&names), ex.complete ? "perfectly" : "perfectly in part of the rows");
    str_free(&names);
out:
    return rc;
}

static Rc predict(Json *out, const Sample *s, const Design *d, const double *theta, const Frame *rows, Arena *a, Err *e)
{
    Rc rc = OK;
    double *x, *offset, *pr = ARENA_NEW(a, rows->rows * s->K, double), *own = ARENA_NEW(a, s->K, double);
    const char **name = ARENA_NEW(a, rows->rows, const char *);
    if (!pr || !own || !name) return err_nomem(e);
    TRY(design_matrix_for(&x, d, rows, a, e));
    TRY(design_offset_for(&offset, d, rows, a, e));
    for (size_t i = 0; i < rows->rows; i++) {
        double eta = offset[i];
        for (size_t j = 0; j < s->p; j++) eta += x[(j + 1) * rows->rows + i] * theta[s->K - 1 + j];
        ordinal_probabilities(own, NULL, NULL, s->link, theta, s->K, eta);
        for (size_t k = 0; k < s->K; k++) pr[k * rows->rows + i] = own[k];
        name[i] = arena_printf(a, "%zu", i + 1);
        if (!name[i]) { rc = err_nomem(e); goto out; }
    }
    json_set_matrix(out, "pred_prob", pr, rows->rows, s->K, name, (const char *const *)d->y_level);
out:
    return rc;
}

/* The fit as it is kept; vcov with the thresholds first. */
static Rc keep(Json *out, const Sample *s, const Design *d, const double *theta, const double *vcov, bool robust, const StatCall *call, Arena *a, Err *e)
{
    const size_t m = s->K - 1, q = m + s->p;
    int *column = ARENA_NEW(a, s->p + 1, int);
    if (!column) return err_nomem(e);
    for (size_t j = 0; j < s->p; j++) column[j] = (int)(d->column ? d->column[j + 1] : j + 1);
    Json *fit = json_set(out, "fit", fit_json_begin("ordinal", d, call, (int)s->p, column, NAN));
    json_set_text(fit, "link", ordinal_link_name(s->link));
    json_set_texts(fit, "levels", (const char *const *)d->y_level, s->K);
    json_set_numbers(fit, "thresholds", theta, m);
    json_set_texts(fit, "term", (const char *const *)d->term + 1, s->p);
    json_set_numbers(fit, "coef", theta + m, s->p);
    json_set_matrix(fit, "vcov", vcov, q, q, NULL, NULL);
    json_set_text(fit, "variance", robust ? "robust" : "model");
    return OK;
}

static Rc write_fit(Json *out, const Sample *s, const Design *d, const double *theta, const double *vcov, const double *robust,
                    const NewtonReport *r, double null_loglik, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t m = s->K - 1, q = m + s->p;
    char **name = ARENA_NEW(a, q, char *);
    double *se = ARENA_NEW(a, q, double), *slopes = ARENA_NEW(a, s->p * s->p + 1, double);
    if (!name || !se || !slopes) return err_nomem(e);
    for (size_t k = 0; k < m; k++) {
        name[k] = arena_printf(a, "%s|%s", d->y_level[k], d->y_level[k + 1]);
        if (!name[k]) return err_nomem(e);
    }
    for (size_t j = 0; j < s->p; j++) name[m + j] = d->term[j + 1];
    for (size_t k = 0; k < q; k++) se[k] = sqrt(vcov[k * q + k]);
    json_set_text(out, "convention", "link P(Y <= k) = threshold_k - x'b; covariance from the observed information");
    set_by_term(out, "thresholds", theta, m, name);
    design_say_left_out(set_by_term(out, "coef", theta + m, s->p, name + m), d);
    set_by_term(out, "se", se, q, name);
    set_matrix_by_term(out, "vcov", vcov, q, name);
    if (robust) TRY(set_robust(out, robust, q, name, d->cluster != NULL, e));
    for (size_t j = 0; j < s->p; j++) for (size_t i = 0; i < s->p; i++) slopes[j * s->p + i] = (robust ? robust : vcov)[(m + j) * q + m + i];
    set_chisq_test(out, "wald_test", s->p ? linalg_quadratic_form_inverse(theta + m, slopes, (int)s->p) : NAN, (double)s->p);
    json_set_number(out, "loglik_null", null_loglik);
    json_set_number(out, "loglik", r->loglik);
    json_set_number(out, "aic", 2 * (double)q - 2 * r->loglik);
    set_chisq_test(out, "lr_test", 2 * (r->loglik - null_loglik), (double)s->p);
    json_set_number(out, "iterations", r->iterations);
    json_set_number(out, "max_abs_score", r->max_abs_score);
    json_set_number(out, "condition_number", r->condition_number);
out:
    return rc;
}

static Rc ordinal_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Design d = { 0 };
    Sample s;
    ScaledColumns c;
    NewtonReport null, r;
    double *share = NULL;
    DesignWish wish = { .kind = FORMULA_RESPONSE };
    TRY(design_build(&d, out, call, &wish, e));
    TRY(design_want_rows(&d, out, 2, e));
    TRY(design_sort_rows(&d, e));
    if (d.response != RESPONSE_TEXT) { rc = err_set(e, ERR_USAGE, "ordinal wants text levels left of ~, with their order in --levels"); goto out; }
    TRY(read_sample(&s, &share, &d, out, call, &a, e));
    TRY(design_drop_collinear(&d, out, call, e));
    s.p = d.p - 1;
    size_t m = s.K - 1, q = m + s.p;
    double *theta = ARENA_NEW(&a, q, double), *vcov = ARENA_NEW(&a, q * q, double), *t = ARENA_NEW(&a, q * q, double),
           *scratch = ARENA_NEW(&a, q * q, double), *eta = ARENA_NEW(&a, d.n, double), *same = ARENA_NEW(&a, q, double),
           *robust = design_wants_robust(&d, call) ? ARENA_NEW(&a, q * q, double) : NULL;
    if (!theta || !vcov || !t || !scratch || !eta || !same) { rc = err_nomem(e); goto out; }
    TRY(columns_scale(&c, s.x, s.n, s.p, &a, e));
    TRY(check_existence(out, &s, &c, &d, &a, e));
    Sample scaled = s, alone = s;
    scaled.x = c.x;
    alone.p = 0;
    start_at(theta, &alone, share);
    rc = newton_maximise(theta, vcov, &null, (int)m, loglik_at, &alone, &a, e);
    if (rc == OK) {
        start_at(theta, &scaled, share);
        rc = newton_maximise(theta, vcov, &r, (int)q, loglik_at, &scaled, &a, e);
    }
    if (rc == ERR_ESTIMATE) rc = diagnose_fatal(out, e, "ill_conditioned", "ordinal: %s", e ? e->text : "no maximum");
    if (rc != OK) goto out;
    if (robust) TRY(robust_variance(robust, &scaled, theta, vcov, &d, &a, e));
    for (size_t k = 0; k < q; k++) t[k * q + k] = k < m ? 1 : 1 / c.scale[k - m];
    for (size_t j = 0; j < s.p; j++) for (size_t k = 0; k < m; k++) t[(m + j) * q + k] = c.mean[j] / c.scale[j];
    parameters_transform(theta, vcov, t, (int)q, scratch);
    if (robust) parameters_transform(same, robust, t, (int)q, scratch);
    TRY(write_fit(out, &s, &d, theta, vcov, robust, &r, null.loglik, &a, e));
    for (size_t i = 0; i < s.n; i++) for (size_t j = 0; j < s.p; j++) eta[i] += s.x[j * s.n + i] * theta[m + j];
    if (s.link == ORDINAL_LOGIT) {
        OrdinalFit of = { s.n, s.K, s.y, s.weight, eta, theta, r.loglik, null.loglik };
        TRY(ordinal_indexes(out, &of, &a, e));
    }
    if (option_flag(call, "keep_fit")) TRY(keep(out, &s, &d, theta, robust ? robust : vcov, robust != NULL, call, &a, e));
    if (call->newdata) TRY(predict(out, &s, &d, theta, call->newdata, &a, e));
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_ordinal = {
    "ordinal", "cumulative-link model of an ordered response", FORMULA_RESPONSE, true, false, options, ordinal_run, "McCullagh 1980"
};
