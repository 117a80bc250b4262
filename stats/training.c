/* stats/training.c: training sets side by side. */
#include "stats/training.h"

#include <math.h>

#include "core/lanes_exp.h"
#include "stats/concordance_lanes.h"

/* Pairs of a logistic model are compared one with another up to here. */
enum { ROWS_FEW = 2000 };

static Rc prepare_cox(Training *t, const TrainData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    TRY(cox_data_init(&t->cox, &(CoxInput){ .n = d->n, .p = d->p, .x = d->x, .time = d->time, .event = d->event, .order = t->order, .ties = TIES_EFRON }, a, e));
    t->side_by_side = t->cox.n_events > 0;
    TRY(cox_lanes_init(&t->cox_fit, &t->cox, false, a, e));
    TRY(cox_lanes_init(&t->cox_slope, &t->cox, true, a, e));
out:
    return rc;
}

static Rc prepare_logistic(Training *t, const TrainData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    double *x = ARENA_NEW(a, d->n * (size_t)(d->p + 1) + 1, double), *y = ARENA_NEW(a, d->n + 1, double);
    if (!x || !y) return err_nomem(e);
    for (size_t i = 0; i < d->n; i++) { x[i] = 1; y[i] = d->event[i] != 0; }
    for (size_t i = 0; i < d->n * (size_t)d->p; i++) x[d->n + i] = d->x[i];
    TRY(logistic_data_init(&t->logistic, &(LogisticInput){ .n = d->n, .p = d->p + 1, .x = x, .has_intercept = true, .y = y, .order = t->order }, a, e));
    TRY(logistic_lanes_init(&t->logistic_fit, &t->logistic, false, a, e));
    TRY(logistic_lanes_init(&t->logistic_slope, &t->logistic, true, a, e));
    t->side_by_side = true;
out:
    return rc;
}

Rc training_init(Training *t, const TrainData *d, bool fixed, Arena *a, Err *e)
{
    const size_t n = d->n;
    *t = (Training){ .d = d, .order = ARENA_NEW(a, n + 1, size_t), .place = ARENA_NEW(a, n + 1, size_t), .w = lanes_new(a, n), .all = lanes_new(a, n),
                     .eta = lanes_new(a, n), .z = lanes_new(a, n) };
    if (!t->order || !t->place || !t->w || !t->all || !t->eta || !t->z) return err_nomem(e);
    if (!fixed || d->select || d->p == 0) return OK;
    for (size_t i = 0; i < n; i++) { t->order[i] = i; t->all[i] = lanes_all(1); }
    const Rc rc = train_sort(t->order, n, d, e);
    if (rc != OK) return rc;
    for (size_t i = 0; i < n; i++) t->place[t->order[i]] = i;
    return d->time ? prepare_cox(t, d, a, e) : prepare_logistic(t, d, a, e);
}

/* ---- fits */

static Rc take_cox(Trained *out, bool *found, Training *t, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t p = (size_t)t->d->p;
    LanesMaximum best;
    Lanes hazard = lanes_all(0);
    double *g = ARENA_NEW(a, p + 1, double);
    if (!g) return err_nomem(e);
    cox_lanes_resamples(&t->cox_fit, t->w);
    TRY(cox_lanes_maximise(&best, &t->cox_fit, false, a, e));
    if (!isnan(t->d->horizon)) TRY(cox_lanes_hazard(&hazard, &t->cox_fit, best.g, t->d->horizon, a, e));
    for (size_t k = 0; k < m; k++) {
        found[k] = best.found[k] != 0;
        if (!found[k]) continue;
        out[k] = (Trained){ .exists = true, .beta = ARENA_NEW(a, p + 1, double), .cumhaz = hazard[k] };
        if (!out[k].beta) return err_nomem(e);
        for (size_t j = 0; j < p; j++) g[j] = best.g[j][k];
        cox_to_columns(out[k].beta, &t->cox, g);
        for (size_t j = 0; j < p; j++) out[k].center += out[k].beta[j] * t->cox.center[j];
    }
out:
    return rc;
}

static Rc take_logistic(Trained *out, bool *found, Training *t, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t p = (size_t)t->d->p;
    LanesMaximum best;
    double *g = ARENA_NEW(a, 2 * p + 2, double), *beta = g + p + 1;
    if (!g) return err_nomem(e);
    logistic_lanes_resamples(&t->logistic_fit, t->w);
    TRY(logistic_lanes_maximise(&best, &t->logistic_fit, false, a, e));
    for (size_t k = 0; k < m; k++) {
        found[k] = best.found[k] != 0;
        if (!found[k]) continue;
        out[k] = (Trained){ .exists = true, .beta = ARENA_NEW(a, p + 1, double) };
        if (!out[k].beta) return err_nomem(e);
        for (size_t j = 0; j <= p; j++) g[j] = best.g[j][k];
        logistic_to_columns(beta, &t->logistic, g);
        out[k].intercept = beta[0];
        for (size_t j = 0; j < p; j++) out[k].beta[j] = beta[j + 1];
    }
out:
    return rc;
}

Rc training_fit(Trained *out, Training *t, const RowList *set, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    bool found[LANES] = { false };
    if (t->side_by_side) {
        for (size_t i = 0; i < t->d->n; i++) t->w[i] = lanes_all(0);
        for (size_t k = 0; k < m; k++) for (size_t i = 0; i < set[k].n; i++) t->w[t->place[set[k].row[i]]][k]++;
        TRY((t->d->time ? take_cox : take_logistic)(out, found, t, m, a, e));
    }
    for (size_t k = 0; k < m; k++) if (!found[k]) TRY(trained_fit(&out[k], t->d, set[k].row, set[k].n, a, e));
out:
    return rc;
}

/* ---- judgement */

static FOR_EACH_WIDTH void predict(Lanes *eta, const Lanes *beta, const TrainData *d, const size_t *order)
{
    for (size_t i = 0; i < d->n; i++) {
        Lanes s = beta[0];
        for (int j = 0; j < d->p; j++) s += beta[j + 1] * d->x[(size_t)j * d->n + order[i]];
        eta[i] = s;
    }
}

/* Mean square of the response less its probability. */
static FOR_EACH_WIDTH void brier_scores(Lanes *out, const Lanes *eta, const Lanes *w, const double *y, size_t n)
{
    const Lanes zero = lanes_all(0), limit = lanes_all(700);
    Lanes sum = zero, rows = zero;
    for (size_t i = 0; i < n; i++) {
        const LanesMask negative = lanes_below(eta[i], zero);
        const Lanes size = lanes_select(negative, -eta[i], eta[i]), t = lanes_exp_within(-lanes_select(lanes_below(size, limit), size, limit));
        const Lanes off = lanes_select(negative, t, lanes_all(1)) / (1 + t) - lanes_all(y[i]);
        sum += w[i] * off * off;
        rows += w[i];
    }
    *out = sum / rows;
}

/* Area under the curve: pairs of a row with the response and one without. */
static FOR_EACH_WIDTH void areas(Lanes *out, const Lanes *eta, const Lanes *w, const double *y, size_t n)
{
    Lanes below = lanes_all(0), above = lanes_all(0), pairs = lanes_all(0);
    for (size_t i = 0; i < n; i++) {
        if (y[i] == 0) continue;
        Lanes under = lanes_all(0), over = lanes_all(0), others = lanes_all(0);
        for (size_t k = 0; k < n; k++) {
            if (y[k] != 0) continue;
            under += (Lanes)((LanesMask)w[k] & lanes_below(eta[k], eta[i]));
            over += (Lanes)((LanesMask)w[k] & lanes_below(eta[i], eta[k]));
            others += w[k];
        }
        below += w[i] * under;
        above += w[i] * over;
        pairs += w[i] * others;
    }
    *out = (below + (pairs - below - above) / 2) / pairs;
}

/* The lane's model in the general way, on its own rows and on all. */
static Rc one_by_one(Judged *own, Judged *all, const TrainData *d, const Trained *model, const RowList *set, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const size_t n = d->n > set->n ? d->n : set->n;
    double *eta = ARENA_NEW(&a, n + 1, double), *time = ARENA_NEW(&a, n + 1, double), *event = ARENA_NEW(&a, n + 1, double);
    if (!eta || !time || !event) { rc = err_nomem(e); goto out; }
    for (int whole = 0; whole < 2; whole++) {
        const size_t m = whole ? d->n : set->n;
        for (size_t k = 0; k < m; k++) {
            const size_t i = whole ? k : set->row[k];
            eta[k] = trained_eta(model, d, i);
            event[k] = d->event[i];
            if (d->time) time[k] = d->time[i];
        }
        TRY(judge(whole ? all : own, eta, d->time ? time : NULL, event, NULL, 1, m, &a, e));
    }
    if (!isnan(own->slope)) own->slope = 1;
    if (!isnan(own->intercept)) own->intercept = 0;
out:
    arena_free(&a);
    return rc;
}

Rc training_judge(Judged *own, Judged *all, Training *t, const Trained *model, const RowList *set, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    const TrainData *d = t->d;
    const size_t n = d->n;
    Lanes *beta = lanes_new(a, (size_t)d->p + 1), mean, sd, rows, c_own, c_all, brier_own = lanes_all(NAN), brier_all = lanes_all(NAN);
    LanesMaximum best = { .found = { 0 } };
    const bool abreast = t->side_by_side && (d->time || n <= ROWS_FEW);
    if (!beta) return err_nomem(e);
    if (abreast) {
        for (size_t k = 0; k < m; k++) {
            if (!model[k].exists) continue;
            beta[0][k] = model[k].intercept;
            for (int j = 0; j < d->p; j++) beta[j + 1][k] = model[k].beta[j];
        }
        predict(t->eta, beta, d, t->order);
        for (size_t i = 0; i < n; i++) t->z[i] = t->eta[i];
        lanes_standardise(t->z, t->all, &mean, &sd, &rows, n);
        if (d->time) {
            TRY(concordance_lanes(&c_own, &t->cox, t->eta, t->w, e));
            TRY(concordance_lanes(&c_all, &t->cox, t->eta, t->all, e));
            cox_lanes_columns(&t->cox_slope, t->z, t->all);
            TRY(cox_lanes_maximise(&best, &t->cox_slope, false, a, e));
        } else {
            areas(&c_own, t->eta, t->w, t->logistic.y, n);
            areas(&c_all, t->eta, t->all, t->logistic.y, n);
            brier_scores(&brier_own, t->eta, t->w, t->logistic.y, n);
            brier_scores(&brier_all, t->eta, t->all, t->logistic.y, n);
            logistic_lanes_columns(&t->logistic_slope, t->z, t->all);
            TRY(logistic_lanes_maximise(&best, &t->logistic_slope, false, a, e));
        }
    }
    for (size_t k = 0; k < m; k++) {
        own[k] = all[k] = (Judged){ NAN, NAN, NAN, NAN, NAN, NAN };
        if (!model[k].exists) continue;
        if (!abreast || !best.found[k] || !(sd[k] > 1e-6 * fabs(mean[k]))) {
            TRY(one_by_one(&own[k], &all[k], d, &model[k], &set[k], e));
            continue;
        }
        const double slope = best.g[d->time ? 0 : 1][k] / sd[k];
        own[k].c = c_own[k];
        own[k].slope = 1;
        own[k].brier = brier_own[k];
        all[k].c = c_all[k];
        all[k].slope = slope;
        all[k].brier = brier_all[k];
        if (d->time) continue;
        own[k].intercept = 0;
        all[k].intercept = best.g[0][k] - slope * mean[k];
    }
out:
    return rc;
}
