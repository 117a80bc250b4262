/* stats/validate_resample.c: bootstrap optimism and repeated cross-validation. */
#include <math.h>
#include <stdlib.h>

#include "core/rng.h"
#include "core/sum.h"
#include "stats/diagnosis.h"
#include "stats/validate.h"

/* Room for training sets side by side. */
static bool row_lists(RowList *set, size_t n, Arena *a)
{
    size_t *room = ARENA_NEW(a, LANES * n + 1, size_t);
    for (size_t k = 0; room && k < LANES; k++) set[k] = (RowList){ room + k * n, n };
    return room != NULL;
}

/* ---- bootstrap */

static Rc resample_rows(size_t *row, const Validation *w, size_t b, Err *e)
{
    size_t n = w->d.n;
    const Frame *f = w->call->resamples;
    if (!f) {
        Rng r = rng_stream((uint64_t)option_number(w->call, "seed", 1), b);
        for (size_t i = 0; i < n; i++) row[i] = rng_below(&r, (uint32_t)n);
        return OK;
    }
    for (size_t i = 0; i < n; i++) {
        double v = f->column[i].is_text ? NAN : f->column[i].num[b];
        if (!(v >= 1 && v <= (double)n && v == floor(v)))
            return err_set(e, ERR_INPUT, "%s:%zu: field %zu is no row number between 1 and %zu, the complete rows", f->name, b + 1, i + 1, n);
        row[i] = (size_t)v - 1;
    }
    return OK;
}

/* What the resamples add up to. */
typedef struct {
    size_t used, curves;
    Sum train[VALIDATE_STATS], test[VALIDATE_STATS], lost[VALIDATE_GRID];
    double *table;                 /* B x n_stats: on all rows */
} Tally;

/* Resample b, with its model: how it does on its own rows and on all. */
static Rc count_resample(Tally *q, Validation *w, const Trained *t, const Judged *own, const Judged *all, const size_t *row, size_t B, size_t b,
                         Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = w->d.n;
    double train[VALIDATE_STATS], test[VALIDATE_STATS];
    bool whole = true;
    validation_stats(train, own);
    validation_stats(test, all);
    for (int k = 0; k < w->n_stats; k++) whole = whole && !isnan(train[k]) && !isnan(test[k]);
    if (!whole) { w->failed++; return OK; }
    q->used++;
    for (int k = 0; k < w->n_stats; k++) {
        sum_add(&q->train[k], train[k]);
        sum_add(&q->test[k], test[k]);
        q->table[(size_t)k * B + b] = test[k];
    }
    if (!w->curve.exists) return OK;
    CalibrationCurve curve[2] = { { 0 }, { 0 } };
    ValidationSample s;
    TRY(validation_sample(&s, n, a, e));
    for (int c = 0; c < 2; c++) {
        for (size_t i = 0; i < n; i++) validation_row(&s, i, w, t, c ? i : row[i]);
        TRY(validation_curve(&curve[c], w, &s, n, w->curve.grid, a, e));
    }
    if (!curve[0].exists || !curve[1].exists) goto out;
    q->curves++;
    for (int k = 0; k < VALIDATE_GRID; k++) sum_add(&q->lost[k], curve[0].observed[k] - curve[1].observed[k]);
out:
    return rc;
}

/* As many resamples as are fitted side by side, from number b on. Knots that follow the training rows make columns that no other
 * resample has: then it is one. */
static Rc some_resamples(Tally *q, Validation *w, Training *side, const RowList *set, size_t B, size_t b, size_t m, Arena *a, Err *e)
{
    Rc rc = OK;
    Trained t[LANES] = { { 0 } };
    Judged own[LANES], all[LANES];
    for (size_t k = 0; k < m; k++) {
        for (int j = 0; j < VALIDATE_STATS; j++) q->table[(size_t)j * B + b + k] = NAN;
        TRY(resample_rows(set[k].row, w, b + k, e));
    }
    TRY(validation_columns(w, set[0].row, set[0].n, a, e));
    TRY(training_fit(t, side, set, m, a, e));
    TRY(training_judge(own, all, side, t, set, m, a, e));
    for (size_t k = 0; k < m; k++) {
        if (t[k].exists) TRY(count_resample(q, w, &t[k], &own[k], &all[k], set[k].row, B, b + k, a, e));
        else w->failed++;
    }
out:
    return rc;
}

Rc validate_bootstrap(Validation *w, size_t B, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 }, whole = { 0 };
    Tally q = { .table = malloc((VALIDATE_STATS * B + 1) * sizeof(double)) };
    Training side;
    RowList set[LANES];
    double mean[2][VALIDATE_STATS], optimism[VALIDATE_STATS], corrected[VALIDATE_STATS];
    if (!q.table || !row_lists(set, w->d.n, &whole)) { rc = err_nomem(e); goto out; }
    TRY(training_init(&side, &w->data, !w->has_knots, &whole, e));
    for (size_t b = 0, m; b < B; b += m) {
        m = w->has_knots ? 1 : B - b < LANES ? B - b : LANES;
        arena_free(&a);
        TRY(some_resamples(&q, w, &side, set, B, b, m, &a, e));
    }
    for (int k = 0; k < w->n_stats; k++) {
        mean[0][k] = sum_value(&q.train[k]) / (double)q.used;
        mean[1][k] = sum_value(&q.test[k]) / (double)q.used;
        optimism[k] = mean[0][k] - mean[1][k];
        corrected[k] = w->stats[k] - optimism[k];
    }
    json_set_number(w->out, "resamples", (double)B);
    json_set_number(w->out, "resamples_used", (double)q.used);
    validation_set(w->out, "train_mean", w, mean[0]);
    validation_set(w->out, "test_mean", w, mean[1]);
    validation_set(w->out, "optimism", w, optimism);
    validation_set(w->out, "corrected", w, corrected);
    json_set_matrix(w->out, "test", q.table, B, (size_t)w->n_stats, NULL, validate_stat_name);
    if (w->curve.exists && q.curves) {
        double fixed[VALIDATE_GRID], distance[VALIDATE_GRID];
        for (int k = 0; k < VALIDATE_GRID; k++) {
            fixed[k] = w->curve.observed[k] - sum_value(&q.lost[k]) / (double)q.curves;
            distance[k] = fabs(fixed[k] - w->curve.grid[k]);
        }
        Json *o = json_set(w->out, "calibration_curve_corrected", json_object());
        json_set_numbers(o, "predicted", w->curve.grid, VALIDATE_GRID);
        json_set_numbers(o, "observed", fixed, VALIDATE_GRID);
        json_set_number(o, "mean_distance", mean_of(distance, VALIDATE_GRID));
    }
    if (w->failed)
        diagnose(w->out, "unestimable_resamples", "in %zu of %zu resamples the model has no estimate (separation, a constant column); they are "
                 "left out",
                 w->failed, B);
    if (!q.used) rc = diagnose_fatal(w->out, e, "no_information", "the model could be estimated in none of %zu resamples", B);
out:
    free(q.table);
    arena_free(&a);
    arena_free(&whole);
    return rc;
}

/* ---- cross-validation */

/* Deals rows out to folds, those with an event and the others for themselves, so that each fold has its share. */
static void deal(int *fold, size_t *row, const Validation *w, int folds, uint64_t repeat)
{
    size_t n = w->d.n;
    Rng r = rng_stream((uint64_t)option_number(w->call, "seed", 1), repeat);
    int next = 0;
    for (int class = 1; class >= 0; class--) {
        size_t m = 0;
        for (size_t i = 0; i < n; i++) if ((w->data.event[i] != 0) == class) row[m++] = i;
        for (size_t i = m; i > 1; i--) {
            size_t k = rng_below(&r, (uint32_t)i), keep = row[i - 1];
            row[i - 1] = row[k];
            row[k] = keep;
        }
        for (size_t i = 0; i < m; i++, next = (next + 1) % folds) fold[row[i]] = next;
    }
}

Rc validate_folds(Validation *w, int folds, size_t repeats, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 }, all = { 0 };
    Training side;
    RowList set[LANES];
    size_t n = w->d.n, used = 0;
    Sum sum[VALIDATE_STATS] = { { 0 } };
    size_t *row = ARENA_NEW(&all, n + 1, size_t);
    double *table = malloc((VALIDATE_STATS * repeats + 1) * sizeof *table), mean[VALIDATE_STATS], sd[VALIDATE_STATS], optimism[VALIDATE_STATS];
    bool shown = false;
    if (!row || !table || !row_lists(set, n, &all)) { rc = err_nomem(e); goto out; }
    TRY(training_init(&side, &w->data, !w->has_knots, &all, e));
    for (size_t r = 0; r < repeats; r++) {
        ValidationSample s;
        Judged j;
        bool whole = true;
        arena_free(&a);
        TRY(validation_sample(&s, n, &a, e));
        deal(s.stratum, row, w, folds, r);
        for (int f = 0, m; f < folds && whole; f += m) {
            Trained t[LANES] = { { 0 } };
            m = w->has_knots ? 1 : folds - f < LANES ? folds - f : LANES;
            for (int k = 0; k < m; k++) {
                set[k].n = 0;
                for (size_t i = 0; i < n; i++) if (s.stratum[i] != f + k) set[k].row[set[k].n++] = i;
            }
            TRY(validation_columns(w, set[0].row, set[0].n, &a, e));
            TRY(training_fit(t, &side, set, (size_t)m, &a, e));
            for (int k = 0; k < m; k++) whole = whole && t[k].exists;
            for (size_t i = 0; i < n && whole; i++)
                if (s.stratum[i] >= f && s.stratum[i] < f + m) validation_row(&s, i, w, &t[s.stratum[i] - f], i);
        }
        w->failed += !whole;
        for (int k = 0; k < VALIDATE_STATS; k++) table[(size_t)k * repeats + r] = NAN;
        if (!whole) continue;
        TRY(judge(&j, s.eta, w->data.time ? s.time : NULL, s.event, s.stratum, folds, n, &a, e));
        validation_stats(mean, &j);
        used++;
        for (int k = 0; k < w->n_stats; k++) { sum_add(&sum[k], mean[k]); table[(size_t)k * repeats + r] = mean[k]; }
        if (shown || !validation_wants_curve(w)) continue;
        CalibrationCurve c;
        TRY(validation_curve(&c, w, &s, n, NULL, &a, e));
        if (c.exists) calibration_json(w->out, "calibration_curve_corrected", &c);
        shown = c.exists;
    }
    for (int k = 0; k < w->n_stats; k++) {
        Sum ss = { 0 };
        mean[k] = sum_value(&sum[k]) / (double)used;
        for (size_t r = 0; r < repeats; r++) {
            double v = table[(size_t)k * repeats + r] - mean[k];
            if (!isnan(v)) sum_add(&ss, v * v);
        }
        sd[k] = used > 1 ? sqrt(sum_value(&ss) / (double)(used - 1)) : NAN;
        optimism[k] = w->stats[k] - mean[k];
    }
    json_set_number(w->out, "folds", folds);
    json_set_number(w->out, "repeats", (double)repeats);
    validation_set(w->out, "test_mean", w, mean);
    validation_set(w->out, "sd_repeats", w, sd);
    validation_set(w->out, "optimism", w, optimism);
    validation_set(w->out, "corrected", w, mean);
    json_set_matrix(w->out, "test", table, repeats, (size_t)w->n_stats, NULL, validate_stat_name);
    json_set_text(w->out, "convention", "C over pairs within a fold, slope stratified by fold; calibration and Brier score over all rows out of their "
                                        "fold");
    if (w->failed)
        diagnose(w->out, "unestimable_resamples", "in %zu of %zu repeats a training set has no estimate (separation, a constant column); they are "
                 "left out",
                 repeats - used, repeats);
    if (!used) rc = diagnose_fatal(w->out, e, "no_information", "the model could be estimated in none of the repeats");
out:
    free(table);
    arena_free(&a);
    arena_free(&all);
    return rc;
}
