/* stats/trained.c: training on some rows, judgement on others. */
#include "stats/trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/concordance.h"
#include "stats/cox_fit.h"
#include "stats/cox_inference.h"
#include "stats/existence.h"
#include "stats/influence.h"
#include "stats/logistic_fit.h"
#include "stats/roc.h"

/* ---- sorting */

typedef struct { const TrainData *d; const int *stratum; const double *weight; } Sorting;

/* Stratum, time and event alone. */
static int by_outcome(const Sorting *s, size_t a, size_t b)
{
    const TrainData *d = s->d;
    if (s->stratum && s->stratum[a] != s->stratum[b]) return s->stratum[a] < s->stratum[b] ? -1 : 1;
    if (d->time && d->time[a] != d->time[b]) return d->time[a] < d->time[b] ? -1 : 1;
    if (d->event[a] != d->event[b]) return d->event[a] < d->event[b] ? -1 : 1;
    return 0;
}

static int by_content(const void *pa, const void *pb, void *context)
{
    const Sorting *s = context;
    const TrainData *d = s->d;
    const size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    const int outcome = by_outcome(s, a, b);
    if (outcome) return outcome;
    for (int j = 0; j < d->p; j++) {
        double u = d->x[(size_t)j * d->n + a], v = d->x[(size_t)j * d->n + b];
        if (u != v) return u < v ? -1 : 1;
    }
    if (s->weight && s->weight[a] != s->weight[b]) return s->weight[a] < s->weight[b] ? -1 : 1;
    return (a > b) - (a < b);
}

/* Many rows are sorted by outcome in linear time, if they are not already; those that agree in it are compared. */
static Rc sort_rows(size_t *row, size_t m, Sorting *s, Err *e)
{
    enum { MANY = 2000 };
    Rc rc = OK;
    const TrainData *d = s->d;
    size_t i = 1;
    while (i < m && by_outcome(s, row[i - 1], row[i]) <= 0) i++;
    if (i < m && (m < MANY || !d->time)) { qsort_r(row, m, sizeof *row, by_content, s); return OK; }
    if (i < m) {
        TRY(order_by(row, d->event, m, e));
        TRY(order_by(row, d->time, m, e));
        if (s->stratum) TRY(order_by_codes(row, s->stratum, m, e));
    }
    for (size_t from = 0, to; from < m; from = to) {
        for (to = from + 1; to < m && by_outcome(s, row[from], row[to]) == 0; to++) continue;
        if (to - from > 1) qsort_r(row + from, to - from, sizeof *row, by_content, s);
    }
out:
    return rc;
}

Rc train_sort(size_t *row, size_t m, const TrainData *d, Err *e)
{
    return sort_rows(row, m, &(Sorting){ d, NULL, d->weight }, e);
}

/* ---- choice of columns */

/* Score test of one column at 0, rows sorted by time. Breslow ties: the choice is the same but in ties of the statistic. */
static double score_survival(const double *x, const TrainData *d, const size_t *row, size_t m)
{
    double s0 = 0, s1 = 0, s2 = 0, u = 0, v = 0, mean = 0;
    for (size_t i = 0; i < m; i++) mean += x[row[i]] / (double)m;
    for (size_t to = m; to > 0;) {
        size_t from = to;
        double deaths = 0, sum = 0;
        for (; from > 0 && d->time[row[from - 1]] == d->time[row[to - 1]]; from--) {
            double c = x[row[from - 1]] - mean;
            s0++; s1 += c; s2 += c * c;
            if (d->event[row[from - 1]] != 0) { deaths++; sum += c; }
        }
        u += sum - deaths * s1 / s0;
        v += deaths * (s2 / s0 - s1 / s0 * (s1 / s0));
        to = from;
    }
    return v > 0 ? u * u / v : 0;
}

static double score_response(const double *x, const TrainData *d, const size_t *row, size_t m)
{
    double mx = 0, my = 0, sxy = 0, sxx = 0, syy = 0;
    for (size_t i = 0; i < m; i++) { mx += x[row[i]] / (double)m; my += d->event[row[i]] / (double)m; }
    for (size_t i = 0; i < m; i++) {
        double a = x[row[i]] - mx, b = d->event[row[i]] - my;
        sxy += a * b; sxx += a * a; syy += b * b;
    }
    return sxx > 0 && syy > 0 ? sxy * sxy / (sxx * syy) : 0;
}

typedef struct { double score; int column; } Candidate;

static int by_score(const void *pa, const void *pb)
{
    const Candidate *a = pa, *b = pb;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

/* Columns in the model, ascending: those that vary, the best `select` of them. */
static int choose(int *column, const TrainData *d, const size_t *row, size_t m, Candidate *list)
{
    int n = 0, kept = 0;
    for (int j = 0; j < d->p; j++) {
        const double *x = d->x + (size_t)j * d->n;
        size_t i = 1;
        while (i < m && x[row[i]] == x[row[0]]) i++;
        if (i >= m) continue;
        list[n++] = (Candidate){ d->select ? (d->time ? score_survival : score_response)(x, d, row, m) : 0, j };
    }
    if (d->select && n > d->select) { qsort(list, (size_t)n, sizeof *list, by_score); n = d->select; }
    for (int j = 0; j < n; j++) {                          /* ascending again, by insertion */
        int k = kept++;
        for (; k > 0 && column[k - 1] > list[j].column; k--) column[k] = column[k - 1];
        column[k] = list[j].column;
    }
    return kept;
}

/* ---- fits */

static Rc fit_cox(Trained *t, const TrainData *d, const size_t *order, size_t m, const int *column, int p, Arena *a, Err *e)
{
    Rc rc = OK;
    CoxData data = { 0 };
    CoxMaximum best = { 0 };
    Existence ex = { 0 };
    double *beta = ARENA_NEW(a, (size_t)p + 1, double);
    const double **x = ARENA_NEW(a, (size_t)p + 1, const double *);
    const CoxInput in = { .n = m, .p = p, .xj = x, .time = d->time, .event = d->event, .weight = d->weight, .order = order,
                          .ties = TIES_EFRON };
    if (!beta || !x) return err_nomem(e);
    for (int j = 0; j < p; j++) x[j] = d->x + (size_t)column[j] * d->n;
    TRY(cox_data_init(&data, &in, a, e));
    if (data.n_events == 0) goto out;
    for (int i = p; d->start && i-- > 0;) {      /* into the basis: T is upper triangular */
        beta[i] = d->start[column[i]];
        for (int j = i + 1; j < p; j++) beta[i] -= data.T[j * p + i] * beta[j];
        beta[i] /= data.T[i * p + i];
    }
    TRY(cox_maximise(&best, &data, d->start ? beta : NULL, NULL, a, e));
    if (best.singular || !best.converged) goto out;
    if (!best.certified) {
        TRY(existence_cox(&ex, &data, a, e));
        if (ex.separated) goto out;
    }
    cox_to_columns(beta, &data, best.g);
    for (int j = 0; j < p; j++) t->beta[column[j]] = beta[j];
    for (int j = 0; j < p; j++) t->center += beta[j] * data.center[j];
    t->exists = true;
    if (isnan(d->horizon)) goto out;
    double loglik;
    if (!cox_evaluate(&data, best.g, &loglik, NULL, NULL)) { t->exists = false; goto out; }
    for (size_t k = 0; k < data.n_blocks && data.block[k].time <= d->horizon; k++) t->cumhaz += data.event_terms[k].jump * exp(-data.shift[0]);
out:
    return rc;
}

static Rc fit_logistic(Trained *t, const TrainData *d, const size_t *order, size_t m, const int *column, int p, Arena *a, Err *e)
{
    Rc rc = OK;
    double *event = ARENA_ROOM(a, m + 1, double), *x = ARENA_ROOM(a, m * ((size_t)p + 1) + 1, double);
    double *weight = d->weight ? ARENA_ROOM(a, m + 1, double) : NULL;
    if (!event || !x || (d->weight && !weight)) return err_nomem(e);
    for (size_t i = 0; weight && i < m; i++) weight[i] = d->weight[order[i]];
    for (size_t i = 0; i < m; i++) { event[i] = d->event[order[i]] != 0; x[i] = 1; }
    for (int j = 0; j < p; j++) {
        const double *from = d->x + (size_t)column[j] * d->n;
        double *to = x + (size_t)(j + 1) * m;
        for (size_t i = 0; i < m; i++) to[i] = from[order[i]];
    }
    LogisticData data = { 0 };
    LogisticMaximum best = { 0 };
    size_t ones = 0;
    LogisticInput in = { .n = m, .p = p + 1, .x = x, .has_intercept = true, .y = event, .weight = weight };
    for (size_t i = 0; i < m; i++) ones += event[i] != 0;
    if (ones == 0 || ones == m) return OK;
    TRY(logistic_data_init(&data, &in, a, e));
    TRY(logistic_maximise(&best, &data, NULL, a, e));
    if (!best.converged) goto out;
    if (!best.certified) {
        Existence ex = { 0 };
        double *sign = ARENA_NEW(a, m + 1, double);
        if (!sign) return err_nomem(e);
        for (size_t i = 0; i < m; i++) sign[i] = data.y[i] != 0 ? 1 : -1;
        TRY(existence_binary(&ex, data.x, sign, m, p + 1, a, e));
        if (ex.separated) goto out;
    }
    t->intercept = best.beta[0];
    for (int j = 0; j < p; j++) t->beta[column[j]] = best.beta[j + 1];
    t->exists = true;
out:
    return rc;
}

Rc trained_fit(Trained *out, const TrainData *d, const size_t *row, size_t n_rows, Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    size_t m = n_rows;
    int *column = ARENA_NEW(&scratch, (size_t)d->p + 1, int);
    Candidate *list = ARENA_NEW(&scratch, (size_t)d->p + 1, Candidate);
    size_t *order = ARENA_ROOM(&scratch, m + 1, size_t);
    *out = (Trained){ .beta = ARENA_NEW(a, (size_t)d->p + 1, double) };
    if (!column || !list || !order || !out->beta) { rc = err_nomem(e); goto out; }
    if (m == 0) goto out;
    memcpy(order, row, m * sizeof *order);
    TRY(train_sort(order, m, d, e));
    const int p = choose(column, d, order, m, list);
    rc = d->time ? fit_cox(out, d, order, m, column, p, &scratch, e) : fit_logistic(out, d, order, m, column, p, &scratch, e);
out:
    arena_free(&scratch);
    return rc;
}

double trained_eta(const Trained *t, const TrainData *d, size_t i)
{
    double s = t->intercept;
    for (int j = 0; j < d->p; j++) if (t->beta[j] != 0) s += t->beta[j] * d->x[(size_t)j * d->n + i];
    return s;
}

double trained_risk(const Trained *t, const TrainData *d, double eta)
{
    if (!d->time) return 1 / (1 + exp(-eta));
    return -expm1(-t->cumhaz * exp(eta - t->center));
}

/* ---- judgement */

static bool whole(const double *weight, size_t m)
{
    for (size_t i = 0; weight && i < m; i++) if (weight[i] != floor(weight[i])) return false;
    return true;
}

static Rc judge_survival(Judged *out, const double *eta, const double *time, const double *event, const double *weight, const int *stratum, size_t m,
                         Arena *a, Err *e)
{
    Rc rc = OK;
    Concordance c = { 0 };
    CoxData data = { 0 };
    CoxMaximum best = { 0 };
    TrainData rows = { .n = m, .p = 1, .x = eta, .time = time, .event = event };
    Sorting sorting = { &rows, stratum, weight };
    size_t *order = ARENA_NEW(a, m + 1, size_t), changing = 1;
    double v = NAN, b = NAN;
    if (!order) return err_nomem(e);
    for (size_t i = 0; i < m; i++) order[i] = i;
    TRY(sort_rows(order, m, &sorting, e));
    TRY(concordance_estimate(&c, &(ConcordanceData){ .n = m, .time = time, .event = event, .weight = weight, .marker = eta,
                                                     .stratum = stratum, .tau = INFINITY }, NULL, a, e));
    out->c = c.c;
    out->se_c = sqrt(c.var);
    while (changing < m && eta[changing] == eta[0]) changing++;
    if (changing >= m) goto out;
    TRY(cox_data_init(&data, &(CoxInput){ .n = m, .p = 1, .x = eta, .time = time, .event = event, .weight = weight, .stratum = stratum,
                                          .order = order }, a, e));
    if (data.n_events == 0) goto out;
    TRY(cox_maximise(&best, &data, NULL, NULL, a, e));
    if (best.singular || !best.converged) goto out;
    if (!best.certified) {
        Existence ex = { 0 };
        TRY(existence_cox(&ex, &data, a, e));
        if (ex.separated) goto out;
    }
    cox_to_columns(&b, &data, best.g);
    double robust = best.vcov[0];
    if (!whole(weight, m)) {
        double *sums = NULL;
        size_t groups = 0;
        TRY(cox_cluster_scores(&sums, &groups, &data, best.g, NULL, 0, a, e));
        TRY(cox_robust(&robust, sums, groups, best.vcov, 1, a, e));
    }
    cox_vcov_to_columns(&v, &data, &robust);
    out->slope = b;
    out->se_slope = sqrt(v);
out:
    return rc;
}

/* Area over pairs within strata, each stratum by its number of pairs. */
static Rc area_within(Judged *out, const double *eta, const double *y, const double *weight, const int *stratum, int n_strata, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    double *marker = ARENA_NEW(a, 3 * m + 1, double), *class = marker + m, *own = class + m, sum = 0, pairs = 0, var = 0;
    if (!marker) return err_nomem(e);
    for (int s = 0; s < n_strata; s++) {
        size_t k = 0, ones = 0;
        double total[2] = { 0, 0 };
        RocArea area = { 0 };
        for (size_t i = 0; i < m; i++) {
            if (stratum && stratum[i] != s) continue;
            marker[k] = eta[i];
            own[k] = weight ? weight[i] : 1;
            total[y[i] != 0] += own[k];
            class[k++] = y[i];
            ones += y[i] != 0;
        }
        if (ones == 0 || ones == k) continue;
        TRY(roc_area_of_sample(&area, marker, &(RocSample){ .n = k, .y = class, .weight = weight ? own : NULL }, a, e));
        double w = total[0] * total[1];
        sum += w * area.auc;
        var += w * w * area.var;
        pairs += w;
    }
    if (pairs > 0) { out->c = sum / pairs; out->se_c = sqrt(var) / pairs; }
out:
    return rc;
}

/* The sandwich of an intercept and a slope, rows in order. */
static Rc robust_response(double out[4], const LogisticMaximum *best, const double *x, const double *y, const double *weight, const size_t *order, size_t m,
                          Arena *a, Err *e)
{
    double *score = ARENA_NEW(a, 2 * m, double);
    if (!score) return err_nomem(e);
    for (size_t k = 0; k < m; k++) {
        const size_t i = order[k];
        score[k] = weight[i] * (y[i] - 1 / (1 + exp(-(best->beta[0] + best->beta[1] * x[m + i]))));
        score[m + k] = score[k] * x[m + i];
    }
    return influence_sandwich(out, best->vcov, score, 2, &(Clusters){ m, NULL, 0 }, e);
}

static Rc judge_response(Judged *out, const double *eta, const double *y, const double *weight, const int *stratum, int n_strata, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    Trained t = { 0 };
    size_t ones = 0, changing = 1;
    Sum brier = { 0 }, total = { 0 };
    TrainData rows = { .n = m, .p = 1, .x = eta, .event = y };
    size_t *order = ARENA_NEW(a, m + 1, size_t);
    if (!order) return err_nomem(e);
    Sorting sorting = { &rows, NULL, weight };
    for (size_t i = 0; i < m; i++) order[i] = i;
    TRY(sort_rows(order, m, &sorting, e));
    TRY(area_within(out, eta, y, weight, stratum, n_strata, m, a, e));
    for (size_t i = 0; i < m; i++) {
        double t_i = y[order[i]], d = 1 / (1 + exp(-eta[order[i]])) - t_i, w = weight ? weight[order[i]] : 1;
        ones += t_i != 0;
        sum_add(&brier, w * d * d);
        sum_add(&total, w);
    }
    out->brier = sum_value(&brier) / sum_value(&total);
    while (changing < m && eta[changing] == eta[0]) changing++;
    if (ones == 0 || ones == m || changing >= m) goto out;
    LogisticData data = { 0 };
    LogisticMaximum best = { 0 };
    double *x = ARENA_NEW(a, 2 * m, double);
    if (!x) return err_nomem(e);
    for (size_t i = 0; i < m; i++) { x[i] = 1; x[m + i] = eta[i]; }
    TRY(logistic_data_init(&data, &(LogisticInput){ .n = m, .p = 2, .x = x, .has_intercept = true, .y = y, .weight = weight,
                                                    .order = order }, a, e));
    TRY(logistic_maximise(&best, &data, NULL, a, e));
    t.exists = best.converged;
    if (t.exists && !best.certified) {
        Existence ex = { 0 };
        double *sign = ARENA_NEW(a, m + 1, double);
        if (!sign) return err_nomem(e);
        for (size_t i = 0; i < m; i++) sign[i] = data.y[i] != 0 ? 1 : -1;
        TRY(existence_binary(&ex, data.x, sign, m, 2, a, e));
        t.exists = !ex.separated;
    }
    if (!t.exists) goto out;
    out->intercept = best.beta[0];
    out->slope = best.beta[1];
    double robust[4], *v = best.vcov;
    if (!whole(weight, m)) { TRY(robust_response(robust, &best, x, y, weight, order, m, a, e)); v = robust; }
    out->se_slope = sqrt(v[3]);
out:
    return rc;
}

Rc judge(Judged *out, const double *eta, const double *time, const double *event, const int *stratum, int n_strata, size_t m, Arena *a, Err *e)
{
    return judge_weighted(out, eta, time, event, NULL, stratum, n_strata, m, a, e);
}

Rc judge_weighted(Judged *out, const double *eta, const double *time, const double *event, const double *weight, const int *stratum, int n_strata,
                  size_t m, Arena *a, Err *e)
{
    *out = (Judged){ NAN, NAN, NAN, NAN, NAN, NAN };
    if (m == 0) return OK;
    return time ? judge_survival(out, eta, time, event, weight, stratum, m, a, e) : judge_response(out, eta, event, weight, stratum, n_strata, m, a, e);
}
