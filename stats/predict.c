/* stats/predict.c: what a fit as Json predicts for other rows. */
#include "stats/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/dist.h"
#include "stats/predict_rows.h"

const char *predict_status_name(PredictStatus s)
{
    static const char *const names[] = { "ok", "missing", "unknown_level", "beyond_follow_up" };
    return names[s];
}

static const char *const group_names[] = { "typical", "average", "own" };

const char *fit_group_name(FitGroup group) { return group_names[group]; }

bool fit_group_parse(FitGroup *out, const char *text)
{
    *out = GROUP_TYPICAL;
    for (int k = 0; text && k < 3; k++)
        if (strcmp(text, group_names[k]) == 0) { *out = (FitGroup)k; return true; }
    return text == NULL;
}

bool fit_kind_is_survival(FitKind kind) { return kind == FIT_COX || kind == FIT_SURVREG || kind == FIT_FINEGRAY; }

static double factor_at(const FitBaseline *b, size_t k) { return b->factor ? b->factor[k] : 1; }

/* ---- risk */

/* One jump of a hazard of this row. */
typedef struct { double time, jump, variance, factor; size_t fit; const double *mean; } Jump;

static int by_time(const void *pa, const void *pb)
{
    const Jump *a = pa, *b = pb;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return (a->fit > b->fit) - (a->fit < b->fit);
}

/* (1 - exp(-T))/T and its derivative. */
static void leave(double *phi, double *slope, double T)
{
    if (T < 1e-4) {
        *phi = 1 - T / 2 + T * T / 6;
        *slope = -.5 + T / 3 - T * T / 8;
        return;
    }
    *phi = -expm1(-T) / T;
    *slope = (exp(-T) * (T + 1) - 1) / (T * T);
}

/* Cumulative incidence from sorted jumps; weight[k] = dF/d jump k. */
static double incidence(double *weight, const Jump *j, size_t n, double *F, double *S)
{
    double f = 0, s = 1;
    size_t k = 0;
    for (; k < n;) {                                 /* forwards: F and S by group of one time */
        size_t to = k;
        double own = 0, all = 0, phi, slope;
        for (; to < n && j[to].time == j[k].time; to++) { all += j[to].jump; if (j[to].fit == 0) own += j[to].jump; }
        leave(&phi, &slope, all);
        f += s * own * phi;
        for (size_t q = k; q < to; q++) {
            F[q] = f;
            S[q] = s;
            weight[q] = s * own * slope + (j[q].fit == 0 ? s * phi : 0);
        }
        s *= exp(-all);
        k = to;
    }
    for (size_t q = 0; q < n; q++) weight[q] -= f - F[q];
    return f;
}

/* 1 - the mean of exp(-H w) over the frailties w, and its derivative in H. The normal integral by the trapezoid rule, which converges
 * faster than any power here (Trefethen and Weideman 2014). */
static double averaged_risk(double *slope, const FitFrailty *g, double H)
{
    const double theta = g->theta, step = .05;
    if (!(theta > 0)) {
        *slope = exp(-H);
        return -expm1(-H);
    }
    if (g->gamma) {
        *slope = exp(-(1 / theta + 1) * log1p(theta * H));
        return -expm1(-log1p(theta * H) / theta);
    }
    double risk = 0;
    *slope = 0;
    for (int k = -180; k <= 180; k++) {
        double w = exp(sqrt(theta) * k * step), weight = step * exp(-k * step * (k * step) / 2) / sqrt(2 * acos(-1));
        risk += weight * -expm1(-H * w);
        *slope += weight * w * exp(-H * w);
    }
    return risk;
}

static Rc risk_of_row(Prediction *out, const Fit *const *fits, size_t n_fits, const FitInput *rows, size_t i, const PredictWish *w, double z,
                      Arena *scratch, Err *e)
{
    size_t m = 0, n = 0;
    for (size_t k = 0; k < n_fits; k++) m += fits[k]->baseline[rows[k].baseline[i]].n;
    Jump *j = ARENA_NEW(scratch, m + 1, Jump);
    double *weight = ARENA_NEW(scratch, m + 1, double), *F = ARENA_NEW(scratch, m + 1, double), *S = ARENA_NEW(scratch, m + 1, double);
    if (!j || !weight || !F || !S) return err_nomem(e);
    for (size_t k = 0; k < n_fits; k++) {
        const Fit *f = fits[k];
        const FitBaseline *b = &f->baseline[rows[k].baseline[i]];
        const size_t width = f->p + f->q;
        const double *x = rows[k].x + i * width;
        double risk = exp(fit_linear(f, x, rows[k].offset[i], 1));
        for (size_t q = 0; q < b->n && b->time[q] <= w->horizon; q++) {
            if (f->tt) risk = exp(fit_linear(f, x, rows[k].offset[i], factor_at(b, q)));
            j[n++] = (Jump){ b->time[q], b->hazard[q] * risk, b->variance[q] * risk * risk, factor_at(b, q), k, b->mean + q * width };
        }
    }
    double hazard = 0, variance = 0;
    if (n_fits == 1) {
        for (size_t q = 0; q < n; q++) { hazard += j[q].jump; weight[q] = 1; }
    } else {
        qsort(j, n, sizeof *j, by_time);
        out->estimate = incidence(weight, j, n, F, S);
        hazard = -log1p(-out->estimate);             /* on the scale of a cumulative hazard for the limits */
    }
    for (size_t q = 0; q < n; q++) variance += weight[q] * weight[q] * j[q].variance;
    for (size_t k = 0; k < n_fits; k++) {
        const Fit *f = fits[k];
        size_t width = f->p + f->q;
        const double *x = rows[k].x + i * width;
        double *h = ARENA_NEW(scratch, width + 1, double);
        if (!h) return err_nomem(e);
        for (size_t q = 0; q < n; q++)
            for (size_t c = 0; j[q].fit == k && c < width; c++) h[c] += weight[q] * j[q].jump * (fit_at_center(f, x, c, j[q].factor) - j[q].mean[c]);
        if (!f->vcov) variance = NAN;
        for (size_t c = 0; c < width && f->vcov; c++) for (size_t d = 0; d < width; d++) variance += h[c] * f->vcov[d * width + c] * h[d];
    }
    double se_hazard;                                /* of -log(1 - estimate), before frailties are averaged over */
    if (n_fits == 1) {
        out->estimate = -expm1(-hazard);
        se_hazard = sqrt(variance);
        out->se = exp(-hazard) * se_hazard;
    } else {
        out->se = sqrt(variance);
        se_hazard = out->se / (1 - out->estimate);
    }
    out->lower = out->upper = NAN;
    double low = NAN, high = NAN;
    if (hazard > 0) {
        double factor = exp(z * se_hazard / hazard);
        low = hazard / factor;
        high = hazard * factor;
        out->lower = -expm1(-low);
        out->upper = -expm1(-high);
    }
    if (w->group == GROUP_AVERAGE) {
        double slope, ignored;
        out->estimate = averaged_risk(&slope, &fits[0]->frailty, hazard);
        out->se = slope * se_hazard;
        if (hazard > 0) {
            out->lower = averaged_risk(&ignored, &fits[0]->frailty, low);
            out->upper = averaged_risk(&ignored, &fits[0]->frailty, high);
        }
    }
    return OK;
}

static Rc check_group(const Fit *f, FitGroup group, size_t n_fits, Err *e)
{
    if (group == GROUP_TYPICAL) return OK;
    if (!f->frailty.group) return err_set(e, ERR_USAGE, "the model has no frailty: groups are all alike");
    if (group == GROUP_AVERAGE && n_fits > 1)
        return err_set(e, ERR_USAGE, "an average over frailties is known for one kind of event alone, here events compete: their frailties would "
                                     "have to be known together");
    return OK;
}

static void nothing_said(Prediction *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (Prediction){ .estimate = NAN, .lower = NAN, .upper = NAN, .se = NAN, .linear_predictor = NAN };
}

static Rc parametric_risk(Prediction *out, const Fit *f, const FitInput *r, const Frame *rows, const PredictWish *w, double z, Arena *a, Err *e)
{
    const SurvregModel m = { f->dist, f->scale, f->p, f->p + f->n_more, f->vcov };
    for (size_t i = 0; i < rows->rows; i++) {
        if (out[i].status != PREDICTED) continue;
        const double *x = r->x + i * f->p, eta = fit_linear(f, x, r->offset[i], 1);
        const SurvregRisk risk = survreg_risk_at(&m, x, eta, w->horizon, z);
        out[i].linear_predictor = eta;
        out[i].estimate = risk.risk;
        out[i].lower = risk.lower;
        out[i].upper = risk.upper;
        out[i].se = risk.se;
        prediction_overflow(&out[i]);
        if (!(w->horizon > f->last_time)) continue;
        const char *before = out[i].out_of_range_text;
        out[i].out_of_range = true;
        out[i].out_of_range_text = arena_printf(a, "%s%sthe horizon %.6g lies behind the last time of the data, %.6g: it rests on the distribution alone",
                                                before ? before : "", before ? "; " : "", w->horizon, f->last_time);
        if (!out[i].out_of_range_text) return err_nomem(e);
    }
    return OK;
}

static Rc subdistribution_risk(Prediction *out, const Fit *f, const FitInput *r, const Frame *rows, const PredictWish *w, Arena *a, Err *e)
{
    for (size_t i = 0; i < rows->rows; i++) {
        if (out[i].status != PREDICTED) continue;
        const FitBaseline *b = &f->baseline[r->baseline[i]];
        const double eta = fit_linear(f, r->x + i * f->p, r->offset[i], 1);
        out[i].linear_predictor = eta;
        if (w->horizon > b->last_time) {
            const char *text = arena_printf(a, "the horizon %.6g lies behind the last time that the model has seen, %.6g", w->horizon, b->last_time);
            if (!text) return err_nomem(e);
            prediction_say(&out[i], PREDICT_BEYOND, text);
            continue;
        }
        out[i].estimate = finegray_incidence(&f->subdistribution, r->baseline[i], w->horizon, eta);
        prediction_overflow(&out[i]);
    }
    return OK;
}

/* A fit that stands for itself: no competing ones, no frailty. */
static Rc risk_alone(Prediction *out, const Fit *f, size_t n_competing, const Frame *rows, const PredictWish *w, double z, Arena *a, Err *e)
{
    Rc rc = OK;
    FitInput r;
    if (n_competing) return err_set(e, ERR_USAGE, "a cumulative incidence from fits of each cause wants Cox models");
    TRY(check_group(f, w->group, 1, e));
    TRY(fit_input(&r, out, f, rows, GROUP_TYPICAL, a, e));
    TRY(prediction_ranges(out, f, rows, a, e));
    if (f->kind == FIT_SURVREG) TRY(parametric_risk(out, f, &r, rows, w, z, a, e));
    else TRY(subdistribution_risk(out, f, &r, rows, w, a, e));
out:
    return rc;
}

Rc predict_risk(Prediction *out, const Json *fit, const Json *const *competing, size_t n_competing, const Frame *rows, const PredictWish *w,
                Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = rows->rows, n_fits = n_competing + 1;
    const double horizon = w->horizon;
    Fit *fits = ARENA_NEW(a, n_fits, Fit);
    const Fit **list = (const Fit **)arena_array(a, n_fits, sizeof(Fit *));
    FitInput *r = ARENA_NEW(a, n_fits, FitInput);
    double z = normal_quantile((1 + w->conf) / 2);
    if (!fits || !list || !r) return err_nomem(e);
    nothing_said(out, n);
    for (size_t k = 0; k < n_fits; k++) {
        TRY(fit_read(&fits[k], k ? competing[k - 1] : fit, "fit", a, e));
        if (k == 0 && (fits[0].kind == FIT_SURVREG || fits[0].kind == FIT_FINEGRAY)) {
            rc = risk_alone(out, &fits[0], n_competing, rows, w, z, a, e);
            goto out;
        }
        if (fits[k].kind != FIT_COX) return err_set(e, ERR_USAGE, "a risk at a horizon wants a survival model");
        if (!fits[k].n_baselines) return err_set(e, ERR_USAGE, "a fit with exact ties has no baseline hazard and predicts no risk");
        TRY(check_group(&fits[k], w->group, n_fits, e));
        list[k] = &fits[k];
        TRY(fit_input(&r[k], out, &fits[k], rows, w->group, a, e));
    }
    TRY(prediction_ranges(out, &fits[0], rows, a, e));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n_fits && out[i].status == PREDICTED; k++) {
            const FitBaseline *b = &fits[k].baseline[r[k].baseline[i]];
            if (horizon > b->last_time)
                prediction_say(&out[i], PREDICT_BEYOND, arena_printf(a, "the horizon %.6g lies behind the last time that the model has seen, %.6g", horizon,
                                                          b->last_time));
        }
        if ((out[i].status == PREDICTED || out[i].status == PREDICT_BEYOND) && !fits[0].tt)
            out[i].linear_predictor = fit_linear(&fits[0], r[0].x + i * (fits[0].p + fits[0].q), r[0].offset[i], 1);
        if (out[i].status != PREDICTED) continue;
        Arena scratch = { 0 };
        rc = risk_of_row(&out[i], list, n_fits, r, i, w, z, &scratch, e);
        arena_free(&scratch);
        if (rc != OK) goto out;
        prediction_overflow(&out[i]);
    }
out:
    return rc;
}

Rc predict_probability(Prediction *out, const Json *fit, const Frame *rows, double conf, Arena *a, Err *e)
{
    Rc rc = OK;
    Fit f;
    FitInput r;
    double z = normal_quantile((1 + conf) / 2);
    nothing_said(out, rows->rows);
    TRY(fit_read(&f, fit, "fit", a, e));
    if (f.kind != FIT_LOGISTIC) return err_set(e, ERR_USAGE, "a probability of response wants a logistic model");
    TRY(fit_input(&r, out, &f, rows, GROUP_TYPICAL, a, e));
    TRY(prediction_ranges(out, &f, rows, a, e));
    for (size_t i = 0; i < rows->rows; i++) {
        if (out[i].status != PREDICTED) continue;
        const double *x = r.x + i * f.p;
        double eta = fit_linear(&f, x, r.offset[i], 1), form = 0;
        if (!f.vcov) form = NAN;
        for (size_t j = 0; j < f.p && f.vcov; j++) for (size_t k = 0; k < f.p; k++) form += x[j] * f.vcov[k * f.p + j] * x[k];
        double se = sqrt(form), prob = 1 / (1 + exp(-eta));
        out[i].linear_predictor = eta;
        out[i].estimate = prob;
        out[i].se = se * prob * (1 - prob);
        out[i].lower = 1 / (1 + exp(-(eta - z * se)));
        out[i].upper = 1 / (1 + exp(-(eta + z * se)));
        prediction_overflow(&out[i]);
    }
out:
    return rc;
}

Rc fit_levels(const char *const **level, size_t *n, const Json *fit, Arena *a, Err *e)
{
    Rc rc = OK;
    Fit f;
    TRY(fit_read(&f, fit, "fit", a, e));
    *level = f.level;
    *n = f.n_levels;
out:
    return rc;
}

Rc predict_levels(Prediction *out, const Json *fit, const Frame *rows, double conf, Arena *a, Err *e)
{
    Rc rc = OK;
    Fit f;
    FitInput r;
    const double z = normal_quantile((1 + conf) / 2);
    TRY(fit_read(&f, fit, "fit", a, e));
    if (f.kind != FIT_ORDINAL) return err_set(e, ERR_USAGE, "probabilities of levels want an ordinal model");
    const size_t K = f.n_levels, m = K - 1, q = m + f.p;
    Prediction *said = ARENA_NEW(a, rows->rows + 1, Prediction);
    double *pr = ARENA_NEW(a, 3 * K + q, double), *upper = pr + K, *lower = upper + K, *g = lower + K;
    if (!said || !pr) return err_nomem(e);
    nothing_said(said, rows->rows);
    TRY(fit_input(&r, said, &f, rows, GROUP_TYPICAL, a, e));
    TRY(prediction_ranges(said, &f, rows, a, e));
    for (size_t i = 0; i < rows->rows; i++) {
        const double *x = r.x + i * f.p, eta = fit_linear(&f, x, r.offset[i], 1);
        ordinal_probabilities(pr, upper, lower, f.link, f.threshold, K, eta);
        for (size_t k = 0; k < K; k++) {
            Prediction *p = &out[i * K + k];
            double form = 0;
            *p = said[i];
            if (p->status != PREDICTED) continue;
            memset(g, 0, q * sizeof *g);
            if (k < m) g[k] = upper[k];
            if (k) g[k - 1] = lower[k];
            for (size_t j = 0; j < f.p; j++) g[m + j] = -(upper[k] + lower[k]) * x[j];
            for (size_t j = 0; j < q; j++) for (size_t l = 0; l < q; l++) form += g[j] * f.vcov[l * q + j] * g[l];
            const double logit = log(pr[k] / (1 - pr[k])), se = sqrt(fmax(form, 0)), width = z * se / (pr[k] * (1 - pr[k]));
            p->linear_predictor = eta;
            p->estimate = pr[k];
            p->se = se;
            p->lower = 1 / (1 + exp(-(logit - width)));
            p->upper = 1 / (1 + exp(-(logit + width)));
            prediction_overflow(p);
        }
    }
out:
    return rc;
}

/* ---- rows of a cohort that validates */

/* The expression of tt() at the end of each row's follow-up, NaN where it has no finite value. */
static Rc own_factors(double **out, const Fit *f, const double *time, size_t n, Arena *a, Err *e)
{
    Rc rc = OK;
    Frame frame = { 0 };
    ExprValue v = { 0 };
    double *t = NULL;
    TRY(frame_init(&frame, "times of the cohort", n, e));
    TRY(frame_add_numbers(&t, &frame, "t", e));
    memcpy(t, time, n * sizeof *t);
    *out = ARENA_NEW(a, n + 1, double);
    if (!*out) { rc = err_nomem(e); goto out; }
    TRY(expr_eval(&v, f->tt, &frame, a, e));
    for (size_t i = 0; i < n; i++) (*out)[i] = !v.is_text && isfinite(v.num[i]) ? v.num[i] : NAN;
out:
    frame_free(&frame);
    return rc;
}

/* With tt() a row is a piece for each of its hazard steps, and one without hazard where its follow-up ends. */
static Rc make_pieces(FitRows *out, const Fit *f, const FitInput *r, const double *time, const double *own, size_t n, Arena *a, Err *e)
{
    const size_t width = f->p + f->q;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(out->eta[i])) continue;
        const FitBaseline *b = &f->baseline[r->baseline[i]];
        for (size_t k = 0; k < b->n && b->time[k] <= time[i]; k++) m++;
        m++;
    }
    FitPieces *q = ARENA_NEW(a, 1, FitPieces);
    if (!q) return err_nomem(e);
    *q = (FitPieces){ m, ARENA_NEW(a, m + 1, size_t), arena_alloc(a, m + 1), ARENA_NEW(a, m * f->p + 1, double), ARENA_NEW(a, m + 1, double),
                      ARENA_NEW(a, m + 1, double), ARENA_NEW(a, m + 1, double) };
    if (!q->row || !q->ends || !q->x || !q->eta || !q->offset || !q->cumhaz) return err_nomem(e);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(out->eta[i])) continue;
        const FitBaseline *b = &f->baseline[r->baseline[i]];
        const double *x = r->x + i * width;
        for (size_t k = 0; k <= b->n; k++) {
            const bool ends = k == b->n || b->time[k] > time[i];
            const double factor = ends ? own[i] : b->factor[k];
            q->row[at] = i;
            q->ends[at] = ends;
            q->eta[at] = fit_linear(f, x, r->offset[i], factor);
            q->offset[at] = out->offset[i];
            q->cumhaz[at] = ends ? 0 : b->hazard[k];
            for (size_t j = 0; j < f->p; j++) q->x[j * m + at] = fit_at_center(f, x, j, factor);
            at++;
            if (ends) break;
        }
    }
    out->pieces = q;
    return OK;
}

/* With tt() the linear predictor of a row is the logarithm of its own cumulative hazard up to the horizon. */
static double log_hazard_until(const Fit *f, const FitBaseline *b, const double *x, double offset, double horizon)
{
    double sum = 0;
    for (size_t k = 0; k < b->n && b->time[k] <= horizon; k++) sum += b->hazard[k] * exp(fit_linear(f, x, offset, b->factor[k]));
    return sum > 0 ? log(sum) : NAN;
}

Rc fit_rows(FitRows *out, const Json *fit, const Frame *rows, const double *time, const PredictWish *w, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = rows->rows;
    Fit f;
    FitInput r;
    double *own = NULL;
    Prediction *said = ARENA_NEW(a, n + 1, Prediction);
    if (!said) return err_nomem(e);
    TRY(fit_read(&f, fit, "fit", a, e));
    if (f.kind == FIT_ORDINAL) return err_set(e, ERR_USAGE, "rows of an ordinal model have a probability for each level, not one outcome");
    if (fit_kind_is_survival(f.kind) != (time != NULL)) return err_set(e, ERR_USAGE, "times go with a survival model, and only with one");
    if (w->group == GROUP_AVERAGE) return err_set(e, ERR_USAGE, "rows have the frailty of their own group or 1: an average over groups has no "
                                                                "hazard to recalibrate");
    TRY(check_group(&f, w->group, 1, e));
    if (f.tt && isnan(w->horizon))
        return err_set(e, ERR_USAGE, "a model with tt() ranks patients differently at each time: a horizon must name the one that is meant");
    TRY(fit_input(&r, said, &f, rows, w->group, a, e));
    if (f.tt) TRY(own_factors(&own, &f, time, n, a, e));
    const bool parametric = f.kind == FIT_SURVREG, hazards = parametric || (f.kind == FIT_COX && f.n_baselines);
    const size_t first = (f.kind == FIT_LOGISTIC || parametric) && f.intercept && f.p > 0 && f.column[0] == 0 ? 1 : 0, width = f.p + f.q;
    *out = (FitRows){ .p = f.p - first, .x = ARENA_NEW(a, n * f.p + 1, double), .eta = ARENA_NEW(a, n + 1, double),
                      .offset = ARENA_NEW(a, n + 1, double), .stratum = r.baseline, .cumhaz = ARENA_NEW(a, n + 1, double),
                      .last_time = ARENA_NEW(a, n + 1, double), .scale = parametric ? f.scale : NAN, .dist = f.dist };
    if (!out->x || !out->eta || !out->offset || !out->cumhaz || !out->last_time) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const double *x = r.x + i * width;
        const bool there = said[i].status == PREDICTED;
        out->eta[i] = there ? fit_linear(&f, x, r.offset[i], 1) : NAN;
        for (size_t j = first; j < f.p; j++) out->x[(j - first) * n + i] = x[j] - (f.center ? f.center[j] : 0);
        out->offset[i] = r.offset[i];
        for (size_t j = f.p; j < width; j++) out->offset[i] += x[j] * f.coef[j];
        out->last_time[i] = f.n_baselines ? NAN : INFINITY;
        if (parametric && there) {
            const double eta = out->eta[i];
            out->eta[i] = -eta / f.scale;
            out->offset[i] = -r.offset[i] / f.scale;
            out->cumhaz[i] = survreg_cumhaz(f.dist, (log(time[i]) - eta) / f.scale) * exp(-out->eta[i]);
        }
        if (!time || !there || !f.n_baselines) continue;
        const FitBaseline *b = &f.baseline[r.baseline[i]];
        out->last_time[i] = b->last_time;
        if (f.kind == FIT_FINEGRAY) continue;
        for (size_t k = 0; k < b->n && b->time[k] <= time[i]; k++) out->cumhaz[i] += b->hazard[k];
        if (f.tt) out->eta[i] = isnan(own[i]) ? NAN : log_hazard_until(&f, b, x, r.offset[i], w->horizon);
    }
    if (f.tt) TRY(make_pieces(out, &f, &r, time, own, n, a, e));
    if (time && !hazards) out->cumhaz = NULL;
out:
    return rc;
}
