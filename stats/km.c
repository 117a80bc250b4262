/* stats/km.c: survival curves by Kaplan–Meier and Fleming–Harrington. */
#include "stats/km.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lanes.h"
#include "core/order.h"
#include "core/sum.h"
#include "stats/dist.h"
#include "stats/time_counts.h"

/* R compares probabilities with this margin (sqrt of the machine epsilon). */
#define P_MARGIN 1.4901161193847656e-08

typedef struct { double time, start, event, weight; int cluster; } Row;

/* Infinitesimal jackknife of one cumulative sum over clusters. Row i contributes w_i (u(T_i) d_i - [R(min(t, T_i)) - R(start_i)]):
 * `settled` holds what left the risk set, `at_risk` the weight still in it, and the variance at R is the sum over clusters
 * of (settled - R at_risk)^2, kept up as three sums. */
typedef struct { double *settled, *at_risk, ss, sr, rr; } Jackknife;

static void jackknife_move(Jackknife *j, int c, double d_settled, double d_risk)
{
    double s = j->settled[c], r = j->at_risk[c], s2 = s + d_settled, r2 = r + d_risk;
    j->ss += s2 * s2 - s * s;
    j->sr += s2 * r2 - s * r;
    j->rr += r2 * r2 - r * r;
    j->settled[c] = s2;
    j->at_risk[c] = r2;
}

static double jackknife_variance(const Jackknife *j, double R)
{
    double v = j->ss - 2 * R * j->sr + R * R * j->rr;
    return v > 0 ? v : 0;
}

/* What one time adds. `hazard` to the cumulative hazard, `variance` to its variance; `u` and `r` are the derivatives of the
 * sum with respect to the weight of an event and (negative) of a row at risk. */
typedef struct { double hazard, variance, u, r; } Step;

static Step hazard_step(double n_risk, double n_event, size_t events, bool tie_corrected)
{
    Step s = { 0 };
    if (!tie_corrected || events < 2) {
        s.hazard = n_event / n_risk;
        s.variance = n_event / (n_risk * n_risk);
        s.u = 1 / n_risk;
        s.r = n_event / (n_risk * n_risk);
        return s;
    }
    double mean = n_event / (double)events;
    for (size_t k = 0; k < events; k++) {
        double left = n_risk - (double)k * mean;
        s.hazard += mean / left;
        s.variance += mean / (left * left);
        s.u += (1 / left + mean * (double)k / (left * left)) / (double)events;
        s.r += mean / (left * left);
    }
    return s;
}

/* ---- rows that count one each and are all there from the start: counts at each time are enough */

enum { STEPS = 64 };

/* Of consecutive times: what each adds to the cumulative hazard and its variance, what it leaves of S, what it adds to Greenwood's sum. */
typedef struct { double hazard[STEPS], variance[STEPS], kept[STEPS], greenwood[STEPS]; } Steps;

FOR_EACH_WIDTH
static void steps_of(Steps *s, const double *at_risk, const double *n_event)
{
    for (size_t i = 0; i < STEPS; i += LANES) {
        const Lanes n = lanes_at(at_risk + i), d = lanes_at(n_event + i), left = n - d;
        lanes_put(s->hazard + i, d / n);
        lanes_put(s->variance + i, d / (n * n));
        lanes_put(s->kept + i, left / n);
        lanes_put(s->greenwood + i, d / (n * left));      /* infinite where all fail, as the error of log S then is */
    }
}

FOR_EACH_WIDTH
static void square_roots(double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = sqrt(x[i]);
}

static Rc of_counts(KmCurve *out, const KmData *d, const KmOptions *how, Arena *a, Err *e)
{
    Rc rc = OK;
    TimeCounts c;
    TRY(time_counts(&c, d->time, d->event, d->n, a, e));
    const size_t m = c.n;
    *out = (KmCurve){ m, d->n, c.time, c.more[0], c.n_event, c.n_censor, c.more[1], c.more[2], c.more[3], c.more[4], out->log_scale };
    double at_risk = (double)d->n, hazard = 0, variance = 0, surv = 1, greenwood = 0;
    for (size_t from = 0; from < m; from += STEPS) {
        const size_t here = m - from < STEPS ? m - from : STEPS;
        double n[STEPS], events[STEPS];
        Steps s;
        for (size_t i = 0; i < STEPS; i++) {
            n[i] = i < here ? at_risk : 1;
            events[i] = i < here ? c.n_event[from + i] : 0;
            if (i < here) at_risk -= events[i] + c.n_censor[from + i];
        }
        steps_of(&s, n, events);
        for (size_t i = 0; i < here && how->tie_corrected; i++) {
            if (events[i] < 2) continue;
            const Step tied = hazard_step(n[i], events[i], (size_t)events[i], true);
            s.hazard[i] = tied.hazard;
            s.variance[i] = tied.variance;
        }
        memcpy(out->n_risk + from, n, here * sizeof *n);
        for (size_t i = 0; i < here; i++) {
            out->cumhaz[from + i] = hazard += s.hazard[i];
            out->se_cumhaz[from + i] = variance += s.variance[i];
            out->surv[from + i] = surv *= s.kept[i];
            out->std_err[from + i] = greenwood += s.greenwood[i];
        }
        square_roots(out->se_cumhaz + from, here);
        square_roots(out->std_err + from, here);
    }
    for (size_t k = 0; k < m && how->exponential; k++) {
        out->surv[k] = exp(-out->cumhaz[k]);
        out->std_err[k] = out->se_cumhaz[k];
    }
out:
    return rc;
}

/* ---- weights, delayed entry, robust variance: row by row */

static Rc of_rows(KmCurve *out, const KmData *d, const KmOptions *how, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = d->n, m = 0;
    Row *row = calloc(n + 1, sizeof *row), *entry = NULL;
    double *scratch = NULL;
    size_t *order = malloc((2 * n + 1) * sizeof *order), *place = order ? order + n : NULL;      /* place: row -> its sorted place */
    if (!row || !order) { rc = err_nomem(e); goto out; }
    /* Canonical order: rows that are equal in all of this are interchangeable, so sums have the same bits however the rows were
     * shuffled. */
    order_start(order, n);
    if (d->start) TRY(order_by(order, d->start, n, e));
    if (d->weight) TRY(order_by(order, d->weight, n, e));
    TRY(order_by(order, d->event, n, e));
    TRY(order_by(order, d->time, n, e));
    for (size_t k = 0; k < n; k++) {
        size_t i = order[k];
        place[i] = k;
        row[k] = (Row){ d->time[i], d->start ? d->start[i] : -INFINITY, d->event[i] != 0, d->weight ? d->weight[i] : 1,
                        d->cluster ? d->cluster[i] : 0 };
    }
    int n_clusters = 0;
    for (size_t i = 0; i < n; i++) {
        if (!d->cluster) row[i].cluster = (int)i;
        if (row[i].cluster >= n_clusters) n_clusters = row[i].cluster + 1;
        m += i == 0 || row[i].time != row[i - 1].time;
    }
    if (d->start) {
        entry = malloc((n + 1) * sizeof *entry);
        if (!entry) { rc = err_nomem(e); goto out; }
        TRY(order_by(order, d->start, n, e));
        for (size_t q = 0; q < n; q++) {
            size_t i = order[q];
            entry[q] = (Row){ d->time[i], d->start[i], 0, d->weight ? d->weight[i] : 1, row[place[i]].cluster };
        }
    }
    double *block = ARENA_NEW(a, 8 * (m + 1), double);
    scratch = calloc(4 * (size_t)(n_clusters + 1), sizeof *scratch);
    if (!block || !scratch) { rc = err_nomem(e); goto out; }
    out->n = m;
    double **column[8] = { &out->time, &out->n_risk, &out->n_event, &out->n_censor, &out->surv, &out->std_err, &out->cumhaz,
                           &out->se_cumhaz };
    for (int k = 0; k < 8; k++) *column[k] = block + (size_t)k * (m + 1);

    /* Counts, from the last time back, so that the sums of weights stay exact where few are left. */
    Sum risk = { 0 }, late = { 0 };
    size_t j = n, entering = n;
    for (size_t k = m; k-- > 0;) {
        double t = row[j - 1].time;
        Sum events = { 0 }, censored = { 0 };
        while (j > 0 && row[j - 1].time == t) {
            j--;
            sum_add(&risk, row[j].weight);
            sum_add(row[j].event != 0 ? &events : &censored, row[j].weight);
        }
        while (entry && entering > 0 && entry[entering - 1].start >= t) sum_add(&late, entry[--entering].weight);
        out->time[k] = t;
        out->n_event[k] = sum_value(&events);
        out->n_censor[k] = sum_value(&censored);
        out->n_risk[k] = entry ? sum_value(&risk) - sum_value(&late) : sum_value(&risk);
    }

    Jackknife of_hazard = { .settled = scratch, .at_risk = scratch + n_clusters + 1 };
    Jackknife of_product = { .settled = scratch + 2 * (n_clusters + 1), .at_risk = scratch + 3 * (n_clusters + 1) };
    bool robust = how->robust;
    if (!entry && robust)
        for (size_t i = 0; i < n; i++) {
            jackknife_move(&of_hazard, row[i].cluster, 0, row[i].weight);
            jackknife_move(&of_product, row[i].cluster, 0, row[i].weight);
        }
    double surv = 1, greenwood = 0, hazard = 0, variance = 0, R_hazard = 0, R_product = 0;
    size_t left = 0, entered = 0;
    j = 0;
    for (size_t k = 0; k < m; k++) {
        double t = out->time[k], at_risk = out->n_risk[k], events = out->n_event[k];
        for (; entry && entered < n && entry[entered].start < t; entered++) {
            const Row *x = &entry[entered];
            if (!robust) continue;
            jackknife_move(&of_hazard, x->cluster, x->weight * R_hazard, x->weight);
            jackknife_move(&of_product, x->cluster, x->weight * R_product, x->weight);
        }
        for (left = j; left < n && row[left].time == t;) left++;
        size_t n_events = 0;
        for (size_t i = j; i < left; i++) n_events += row[i].event != 0 && row[i].weight > 0;
        bool all_fail = n_events > 0 && at_risk - events <= 1e-12 * at_risk;
        double u_hazard = 0, u_product = 0;
        if (n_events > 0) {
            Step s = hazard_step(at_risk, events, n_events, how->tie_corrected);
            hazard += s.hazard;
            variance += s.variance;
            R_hazard += s.r;
            u_hazard = s.u;
            if (all_fail) {
                surv = 0;
                greenwood = INFINITY;
            } else {
                surv *= (at_risk - events) / at_risk;
                greenwood += events / (at_risk * (at_risk - events));
                u_product = 1 / (at_risk - events);
                R_product += events / (at_risk * (at_risk - events));
            }
        }
        for (; j < left; j++) {
            double w = row[j].weight, event = row[j].event;
            if (!robust) continue;
            jackknife_move(&of_hazard, row[j].cluster, w * (u_hazard * event - R_hazard), -w);
            jackknife_move(&of_product, row[j].cluster, w * (u_product * event - R_product), -w);
        }
        out->cumhaz[k] = hazard;
        /* Leaving or entering without an event changes nothing; carrying the value on keeps it equal to the bit. */
        if (k > 0 && n_events == 0) {
            out->se_cumhaz[k] = out->se_cumhaz[k - 1];
            out->surv[k] = out->surv[k - 1];
            out->std_err[k] = out->std_err[k - 1];
            continue;
        }
        out->se_cumhaz[k] = how->robust ? sqrt(jackknife_variance(&of_hazard, R_hazard)) : sqrt(variance);
        if (how->exponential) {
            out->surv[k] = exp(-hazard);
            out->std_err[k] = out->se_cumhaz[k];
        } else {
            out->surv[k] = surv;
            out->std_err[k] = how->robust ? surv * sqrt(jackknife_variance(&of_product, R_product)) : sqrt(greenwood);
        }
    }
out:
    free(row);
    free(order);
    free(entry);
    free(scratch);
    return rc;
}

Rc km_estimate(KmCurve *out, const KmData *d, const KmOptions *how, Arena *a, Err *e)
{
    *out = (KmCurve){ .n_rows = d->n, .log_scale = !how->robust || how->exponential };
    return (d->start || d->weight || how->robust ? of_rows : of_counts)(out, d, how, a, e);
}

Rc km_by_group(KmCurve *curve, const KmData *d, const int *group, size_t n_groups, const KmOptions *how, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = d->n;
    double *x = malloc((4 * n + 1) * sizeof *x);
    int *cluster = malloc((n + 1) * sizeof *cluster);
    if (!x || !cluster) { rc = err_nomem(e); goto out; }
    for (size_t g = 0; g < n_groups; g++) {
        KmData part = { .n = 0, .time = x, .event = x + n, .start = d->start ? x + 2 * n : NULL,
                        .weight = d->weight ? x + 3 * n : NULL, .cluster = d->cluster ? cluster : NULL };
        for (size_t i = 0; i < n; i++) {
            if (group[i] != (int)g) continue;
            size_t k = part.n++;
            x[k] = d->time[i];
            x[n + k] = d->event[i];
            if (d->start) x[2 * n + k] = d->start[i];
            if (d->weight) x[3 * n + k] = d->weight[i];
            if (d->cluster) cluster[k] = d->cluster[i];
        }
        TRY(km_estimate(&curve[g], &part, how, a, e));
    }
out:
    free(x);
    free(cluster);
    return rc;
}

long km_row(const KmCurve *c, double t)
{
    size_t lo = 0, hi = c->n;      /* rows below lo have time <= t */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->time[mid] <= t) lo = mid + 1; else hi = mid;
    }
    return (long)lo - 1;
}

double km_survival(const KmCurve *c, double t)
{
    long k = km_row(c, t);
    return k == KM_BEFORE ? 1 : c->surv[k];
}

double km_survival_before(const KmCurve *c, double t)
{
    long k = km_row(c, t);
    if (k != KM_BEFORE && c->time[k] == t) k--;
    return k < 0 ? 1 : c->surv[k];
}

double km_at_risk(const KmData *d, double t)
{
    Sum s = { 0 };
    for (size_t i = 0; i < d->n; i++)
        if (d->time[i] >= t && (!d->start || d->start[i] < t)) sum_add(&s, d->weight ? d->weight[i] : 1);
    return sum_value(&s);
}

double km_next_at_risk(const KmCurve *c, double t)
{
    long k = km_row(c, t);
    if (k == KM_BEFORE || c->time[k] < t) k++;
    return (size_t)k < c->n ? c->n_risk[k] : 0;
}

const char *km_interval_name(KmInterval kind)
{
    static const char *const name[KM_N_INTERVALS] = { "log", "loglog", "plain", "logit", "arcsin" };
    return name[kind];
}

static double clamp(double x, double lo, double hi) { return x < lo ? lo : x > hi ? hi : x; }

static double two_sided_z(double conf) { return normal_quantile(1 - (1 - conf) / 2); }

static void limits_at(double *lower, double *upper, KmInterval kind, double z, double s, double std_err, bool log_scale)
{
    *lower = *upper = NAN;
    if (s >= 1) { *lower = *upper = 1; return; }
    if (s <= 0 && kind == KM_PLAIN && !log_scale) *lower = *upper = 0;      /* R keeps this one at S = 0 */
    double se = log_scale ? std_err : s > 0 ? std_err / s : INFINITY;      /* of log S */
    if (!(s > 0) || !isfinite(se)) return;
    double d;
    switch (kind) {
    case KM_LOG:
        *lower = exp(log(s) - z * se);
        *upper = fmin(exp(log(s) + z * se), 1);
        break;
    case KM_LOGLOG:
        d = z * se / log(s);       /* negative */
        *lower = exp(-exp(log(-log(s)) - d));
        *upper = exp(-exp(log(-log(s)) + d));
        break;
    case KM_PLAIN:
        *lower = fmax(s - z * se * s, 0);
        *upper = fmin(s + z * se * s, 1);
        break;
    case KM_LOGIT:
        d = z * se / (1 - s);
        *lower = 1 / (1 + exp(-(log(s / (1 - s)) - d)));
        *upper = 1 / (1 + exp(-(log(s / (1 - s)) + d)));
        break;
    case KM_ARCSIN:
        d = 0.5 * z * se * sqrt(s / (1 - s));
        *lower = pow(sin(clamp(asin(sqrt(s)) - d, 0, acos(0))), 2);
        *upper = pow(sin(clamp(asin(sqrt(s)) + d, 0, acos(0))), 2);
        break;
    case KM_N_INTERVALS:
        break;
    }
}

void km_limits(double *lower, double *upper, KmInterval kind, double conf, double s, double std_err, bool log_scale)
{
    limits_at(lower, upper, kind, two_sided_z(conf), s, std_err, log_scale);
}

void km_row_limits(double *lower, double *upper, const KmCurve *c, long row, KmInterval kind, double conf)
{
    if (row == KM_BEFORE) { *lower = *upper = 1; return; }
    km_limits(lower, upper, kind, conf, c->surv[row], c->std_err[row], c->log_scale);
}

/* Where 1 - S or 1 less a band reaches a level. Bands need not be monotone: as in R the point whose value is nearest beyond the level is
 * taken, which for a monotone one is the first; of equal values the first in time. `at` may lie a margin below the level, `past` lies as
 * much above it. */
typedef struct { double y, time; } Point;
typedef struct { Point at, past; } Reached;

static void reached_see(Reached *r, double p, double y, double time)
{
    if (y + P_MARGIN >= p && y < r->at.y) r->at = (Point){ y, time };
    if (y - P_MARGIN >= p && y < r->past.y) r->past = (Point){ y, time };
}

static double reached_time(const Reached *r, double p, double last_y, double last_time)
{
    if (isinf(r->at.y)) return NAN;
    /* It ends exactly at the level: the flat piece goes on to the last time seen. */
    if (fabs(last_y - p) < P_MARGIN) return (r->at.time + last_time) / 2;
    return isinf(r->past.y) ? NAN : (r->at.time + r->past.time) / 2;
}

void km_quantiles(double *quantile, double *lower, double *upper, const KmCurve *c, const double *p, size_t n, KmInterval kind, double conf)
{
    enum { CURVES = 3 };
    const double z = two_sided_z(conf), last_time = c->n ? c->time[c->n - 1] : NAN;
    double *const out[CURVES] = { quantile, lower, upper };
    for (size_t from = 0; from < n; from += KM_QUANTILES) {
        const size_t m = n - from < KM_QUANTILES ? n - from : KM_QUANTILES;
        Reached r[CURVES][KM_QUANTILES];
        double previous[CURVES] = { 0 };
        for (int k = 0; k < CURVES; k++)
            for (size_t q = 0; q < m; q++) {
                r[k][q] = (Reached){ { INFINITY, 0 }, { INFINITY, 0 } };
                reached_see(&r[k][q], p[from + q], 0, 0);
            }
        for (size_t i = 0; i < c->n; i++) {
            double y[CURVES] = { c->surv[i] };
            if (i > 0 && c->surv[i] == c->surv[i - 1] && c->std_err[i] == c->std_err[i - 1]) continue;      /* carried on */
            limits_at(&y[1], &y[2], kind, z, c->surv[i], c->std_err[i], c->log_scale);
            for (int k = 0; k < CURVES; k++) {
                if (isnan(y[k])) { previous[k] = NAN; continue; }
                const double now = 1 - y[k];
                if (now == previous[k]) continue;
                for (size_t q = 0; q < m; q++) reached_see(&r[k][q], p[from + q], now, c->time[i]);
                previous[k] = now;
            }
        }
        for (int k = 0; k < CURVES; k++)
            for (size_t q = 0; q < m; q++) out[k][from + q] = reached_time(&r[k][q], p[from + q], previous[k], last_time);
    }
}

void km_restricted_mean(double *mean, double *se, const KmCurve *c, double tau)
{
    size_t k = 0;
    while (k < c->n && c->time[k] <= tau) k++;
    /* From the right: the area between each time and tau is what Greenwood's term of that time is weighted with. */
    Sum area = { 0 }, variance = { 0 };
    double right = tau;
    for (; k > 0; k--) {
        double t = c->time[k - 1], n = c->n_risk[k - 1], d = c->n_event[k - 1];
        sum_add(&area, (right - t) * c->surv[k - 1]);
        double A = sum_value(&area);
        if (n - d > 1e-12 * n) sum_add(&variance, A * A * d / (n * (n - d)));
        right = t;
    }
    sum_add(&area, right > 0 ? right : 0);
    *mean = sum_value(&area);
    *se = sqrt(sum_value(&variance));
}

Rc km_restricted_mean_influence(double *u, const KmCurve *c, const KmData *d, const int *group, int g, double tau, Err *e)
{
    /* A row moves log S at an event time by 1/n less d/(n(n-d)) for being at risk (times -1), and so the area behind that time:
     * own[k] by its event at time k, met[k+1] by having been at risk up to there. */
    double *own = calloc(2 * c->n + 2, sizeof *own), *met = own ? own + c->n : NULL, right = tau;
    if (!own) return err_nomem(e);
    Sum area = { 0 }, total = { 0 };
    for (size_t k = c->n; k-- > 0;) {
        double t = c->time[k], n = c->n_risk[k], events = c->n_event[k];
        if (t > tau) continue;
        sum_add(&area, (right - t) * c->surv[k]);
        right = t;
        if (!(events > 0 && n - events > 1e-12 * n)) continue;      /* nobody is left: S stays 0 */
        double A = sum_value(&area);
        own[k] = A / (n - events);
        met[k + 1] = A * events / (n * (n - events));
    }
    for (size_t k = 0; k < c->n; k++) {
        sum_add(&total, met[k + 1]);
        met[k + 1] = sum_value(&total);
    }
    for (size_t i = 0; i < d->n; i++) {
        if (group && group[i] != g) continue;
        size_t at = (size_t)(km_row(c, d->time[i]) + 1), before = d->start ? (size_t)(km_row(c, d->start[i]) + 1) : 0;
        double drop = (d->event[i] != 0 ? own[at - 1] : 0) - (met[at] - met[before]);
        u[i] = -(d->weight ? d->weight[i] : 1) * drop;
    }
    free(own);
    return OK;
}
