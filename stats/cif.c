/* stats/cif.c: cumulative incidence with competing events, and Gray's test, on plain arrays. */
#include "stats/cif.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/dist.h"
#include "stats/linalg.h"

typedef struct { double time, weight; int cause, group, stratum, cluster; } Row;

/* Rows by stratum, time and cause, and by weight where there are some; all but time and cause may be NULL. */
static Rc gather(Row *row, size_t n, const double *time, const int *cause, const int *group, const int *stratum, const double *weight,
                 const int *cluster, Err *e)
{
    Rc rc = OK;
    size_t *order = malloc((n + 1) * sizeof *order);
    if (!order) return err_nomem(e);
    order_start(order, n);
    if (weight) TRY(order_by(order, weight, n, e));
    TRY(order_by_codes(order, cause, n, e));
    TRY(order_by(order, time, n, e));
    if (stratum) TRY(order_by_codes(order, stratum, n, e));
    for (size_t k = 0; k < n; k++) {
        size_t i = order[k];
        row[k] = (Row){ time[i], weight ? weight[i] : 1, cause[i], group ? group[i] : 0, stratum ? stratum[i] : 0, cluster ? cluster[i] : 0 };
    }
out:
    free(order);
    return rc;
}

/* Running sums of the delta-method variance, as cmprsk's cinc. */
typedef struct { double v1, v2, v3; } Delta;

static void delta_add(Delta *v, double S, double d, double n, double t3, double t4)
{
    double t5 = d > 1 ? 1 - (d - 1) / (n - 1) : 1, t6 = S * S * t5 * d / (n * n);
    v->v1 += t4 * t4 * t6;
    v->v2 += t3 * t4 * t6;
    v->v3 += t3 * t3 * t6;
}

/* Influence on F of one cause. Who has left holds w (P - Q F(t)), whoever is at risk w B, with B the same for all; a cluster holds the
 * sum over its rows, and the variance is the sum of squares over clusters (rows), kept up as products of P, Q and the weight W at
 * risk. Without clusters a row has either P and Q or W. */
typedef struct { double pp, pq, pw, B; } Jackknife;
typedef struct { double qq, qw, ww; } Common;      /* the products without P, one for all causes */

/* Takes a row of weight w and cluster c out of the risk set: its own P (by cause) and Q come in, its weight goes. PQW: Q, W and P of
 * each cause, n_clusters each. */
static void cluster_leaves(Jackknife *jack, Common *all, double *PQW, size_t n_clusters, int K, size_t c, const double *P_own, double Q_own,
                           double w)
{
    double *Q = PQW + c, *W = PQW + n_clusters + c, q = *Q + w * Q_own, r = *W - w;
    for (int k = 1; k <= K; k++) {
        double *P = PQW + ((size_t)k + 1) * n_clusters + c, p = *P + w * P_own[k];
        jack[k].pp += p * p - *P * *P;
        jack[k].pq += p * q - *P * *Q;
        jack[k].pw += p * r - *P * *W;
        *P = p;
    }
    all->qq += q * q - *Q * *Q;
    all->qw += q * r - *Q * *W;
    all->ww += r * r - *W * *W;
    *Q = q;
    *W = r;
}

Rc cif_curve(CifCurve *out, const CifData *data, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = data->n, m = 0, n_clusters = data->cluster ? data->n_clusters : 0;
    int K = data->n_causes;
    Row *row = calloc(n + 1, sizeof *row);
    Delta *delta = calloc((size_t)K + 1, sizeof *delta);
    Jackknife *jack = calloc((size_t)K + 1, sizeof *jack);
    Common all = { 0 };
    double *F = calloc(4 * (size_t)K + 4, sizeof *F), *d = F ? F + K + 1 : NULL, *square = F ? d + K + 1 : NULL, *P = F ? square + K + 1 : NULL;
    double *PQW = calloc(((size_t)K + 2) * n_clusters + 1, sizeof *PQW);
    *out = (CifCurve){ .n_rows = n, .n_causes = K };
    if (!row || !delta || !jack || !F || !PQW) { rc = err_nomem(e); goto out; }
    TRY(gather(row, n, data->time, data->cause, NULL, NULL, data->weight, data->cluster, e));
    for (size_t i = 0; i < n; i++) m += i == 0 || row[i].time != row[i - 1].time;
    out->n = m;
    double *block = ARENA_NEW(a, m * (size_t)(4 + 3 * K + K + 1) + 1, double);
    if (!block) { rc = err_nomem(e); goto out; }
    out->time = block;
    out->n_risk = block + m;
    out->n_censor = block + 2 * m;
    out->surv = block + 3 * m;
    out->n_event = block + 4 * m;
    out->cif = out->n_event + (size_t)K * m;
    out->var = out->cif + (size_t)K * m;
    out->se_state = out->var + (size_t)K * m;

    /* At risk, from the last time back, where sums of weights stay exact. */
    Sum risk = { 0 };
    for (size_t i = m, at = n; i-- > 0;) {
        double t = row[at - 1].time;
        for (; at > 0 && row[at - 1].time == t; at--) {
            sum_add(&risk, row[at - 1].weight);
            all.ww += row[at - 1].weight * row[at - 1].weight;
        }
        out->n_risk[i] = sum_value(&risk);
    }
    if (n_clusters) {
        all.ww = 0;
        for (size_t i = 0; i < n; i++) PQW[n_clusters + (size_t)row[i].cluster] += row[i].weight;
        for (size_t c = 0; c < n_clusters; c++) all.ww += PQW[n_clusters + c] * PQW[n_clusters + c];
    }
    double S = 1, R = 0;      /* R: sum of d/(n(n-d)) */
    size_t j = 0;
    for (size_t i = 0; i < m; i++) {
        double Y = out->n_risk[i], events = 0, t = row[j].time;
        size_t from = j;
        for (int k = 0; k <= K; k++) d[k] = square[k] = 0;
        for (; j < n && row[j].time == t; j++) {
            d[row[j].cause] += row[j].weight;
            square[row[j].cause] += row[j].weight * row[j].weight;
        }
        for (int k = 1; k <= K; k++) events += d[k];
        bool left = Y - events > 1e-12 * Y;
        double after = events > 0 ? (left ? S * (Y - events) / Y : 0) : S;
        double u = left ? 1 / (Y - events) : 0, R_after = R + (left ? events / (Y * (Y - events)) : 0);
        out->time[i] = t;
        out->n_censor[i] = d[0];
        out->surv[i] = after;
        for (int k = 1; k <= K; k++) {
            Delta *v = &delta[k];
            double other = events - d[k], var = i > 0 ? out->var[(size_t)(k - 1) * m + i - 1] : 0;
            F[k] += S * d[k] / Y;
            if (other > 0 && after > 0) delta_add(v, S, other, Y, 1 / after, F[k] / after);
            if (d[k] > 0) {
                double t3 = after > 0 ? 1 / after : 0;
                delta_add(v, S, d[k], Y, t3, 1 + t3 * F[k]);
                var = v->v1 + F[k] * F[k] * v->v3 - 2 * F[k] * v->v2;
            }
            out->n_event[(size_t)(k - 1) * m + i] = d[k];
            out->cif[(size_t)(k - 1) * m + i] = F[k];
            out->var[(size_t)(k - 1) * m + i] = var;
            /* Those at risk: S(t-) moves by S R, the hazard by -d/n. */
            jack[k].B += S * (R * d[k] / Y - d[k] / (Y * Y));
        }
        for (int c = 0; c <= K; c++) {
            if (d[c] == 0) continue;
            double Q = (c > 0 ? u : 0) - R_after;                       /* what log S lost for good */
            for (int k = 1; k <= K; k++) P[k] = jack[k].B + (c == k ? S / Y : 0) + Q * F[k];
            if (!n_clusters) {
                for (int k = 1; k <= K; k++) {
                    jack[k].pp += square[c] * P[k] * P[k];
                    jack[k].pq += square[c] * P[k] * Q;
                }
                all.qq += square[c] * Q * Q;
                all.ww -= square[c];
                continue;
            }
            for (size_t q = from; q < j; q++)
                if (row[q].cause == c) cluster_leaves(jack, &all, PQW, n_clusters, K, (size_t)row[q].cluster, P, Q, row[q].weight);
        }
        R = R_after;
        S = after;
        for (int k = 1; k <= K; k++) {
            const Jackknife *q = &jack[k];
            double v2 = q->pp - 2 * F[k] * q->pq + F[k] * F[k] * all.qq + q->B * (all.ww * q->B + 2 * (q->pw - F[k] * all.qw));
            out->se_state[(size_t)k * m + i] = v2 > 0 ? sqrt(v2) : 0;
        }
        double v0 = all.qq + R * (R * all.ww - 2 * all.qw);
        out->se_state[i] = v0 > 0 ? S * sqrt(v0) : 0;
    }
out:
    free(row);
    free(delta);
    free(jack);
    free(F);
    free(PQW);
    return rc;
}

Rc cif_estimate(CifCurve *out, size_t n, const double *time, const int *cause, int n_causes, Arena *a, Err *e)
{
    return cif_curve(out, &(CifData){ .n = n, .time = time, .cause = cause, .n_causes = n_causes }, a, e);
}

long cif_row(const CifCurve *c, double t)
{
    size_t lo = 0, hi = c->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->time[mid] <= t) lo = mid + 1; else hi = mid;
    }
    return (long)lo - 1;
}

static double value_of(const CifCurve *c, int cause, long row)
{
    if (row == CIF_BEFORE) return cause == 0;
    return cause == 0 ? c->surv[row] : c->cif[(size_t)(cause - 1) * c->n + (size_t)row];
}

double cif_at(const CifCurve *c, int cause, double t)
{
    return value_of(c, cause, cif_row(c, t));
}

double cif_area(const CifCurve *c, int cause, double tau)
{
    Sum s = { 0 };
    double from = 0;
    long i = 0;
    for (; i < (long)c->n && c->time[i] < tau; i++) {
        sum_add(&s, (c->time[i] - from) * value_of(c, cause, i - 1));
        from = c->time[i];
    }
    sum_add(&s, (tau - from) * value_of(c, cause, i - 1));
    return sum_value(&s);
}

/* ---- Gray's test. Names of the sums are those of cmprsk's crst. */
typedef struct { double *rs, *skm, *skmm, *f1, *f1m, *v3, *d1, *d2, *a, *c, *v2; } Gray;

static void gray_stratum(double *s, double *v, const Gray *q, const Row *row, size_t lo, size_t hi, int G, int cause, double rho)
{
    for (int g = 0; g < G; g++) {
        q->rs[g] = q->f1[g] = q->f1m[g] = q->v3[g] = 0;
        q->skm[g] = q->skmm[g] = 1;
        for (int h = 0; h < G; h++) q->c[h * G + g] = q->v2[h * G + g] = 0;
    }
    for (size_t i = lo; i < hi; i++) q->rs[row[i].group] += row[i].weight;
    double fm = 0, f = 0;
    for (size_t i = lo; i < hi;) {
        double nd1 = 0, nd2 = 0, tr = 0, tq = 0, t = row[i].time;
        size_t j = i;
        for (int g = 0; g < G; g++) q->d1[g] = q->d2[g] = 0;
        for (; j < hi && row[j].time == t; j++) {
            double w = row[j].weight;
            if (row[j].cause == cause) { q->d1[row[j].group] += w; nd1 += w; }
            else if (row[j].cause > 0) { q->d2[row[j].group] += w; nd2 += w; }
        }
        if (nd1 > 0 || nd2 > 0) {
            for (int g = 0; g < G; g++) {
                if (q->rs[g] <= 0) continue;
                q->skm[g] = q->skmm[g] * (q->rs[g] - q->d1[g] - q->d2[g]) / q->rs[g];
                q->f1[g] = q->f1m[g] + q->skmm[g] * q->d1[g] / q->rs[g];
                tr += q->rs[g] / q->skmm[g];
                tq += q->rs[g] * (1 - q->f1m[g]) / q->skmm[g];
            }
            f = fm + nd1 / tr;
            double fb = rho == 0 ? 1 : pow(1 - fm, rho);
            for (int g = 0; g < G; g++)
                for (int h = 0; h < G; h++) {
                    double *A = &q->a[h * G + g];
                    *A = 0;
                    if (q->rs[g] <= 0 || q->rs[h] <= 0) continue;
                    double t1 = q->rs[g] / q->skmm[g], t2 = q->rs[h] / q->skmm[h];
                    *A = g == h ? fb * t1 * (1 - t1 / tr) : -fb * t1 * t2 / tr;
                    q->c[h * G + g] += *A * nd1 / (tr * (1 - fm));
                }
            for (int g = 0; g < G; g++)
                if (q->rs[g] > 0) s[g] += fb * (q->d1[g] - nd1 * q->rs[g] * (1 - q->f1m[g]) / (q->skmm[g] * tq));
            for (int k = 0; k < G; k++) {
                if (nd1 > 0 && q->rs[k] > 0) {
                    double t4 = q->skm[k] > 0 ? 1 - (1 - f) / q->skm[k] : 1;
                    double t5 = nd1 > 1 ? 1 - (nd1 - 1) / (tr * q->skmm[k] - 1) : 1, t3 = t5 * q->skmm[k] * nd1 / (tr * q->rs[k]);
                    q->v3[k] += t4 * t4 * t3;
                    for (int g = 0; g < G; g++) {
                        double t1 = q->a[k * G + g] - t4 * q->c[k * G + g];
                        q->v2[k * G + g] += t1 * t4 * t3;
                        for (int h = 0; h < G; h++) v[h * G + g] += t1 * (q->a[k * G + h] - t4 * q->c[k * G + h]) * t3;
                    }
                }
                if (q->skm[k] > 0 && q->d2[k] > 0) {
                    double t4 = (1 - f) / q->skm[k], t5 = q->d2[k] > 1 ? 1 - (q->d2[k] - 1) / (q->rs[k] - 1) : 1;
                    double t3 = t5 * q->skmm[k] * q->skmm[k] * q->d2[k] / (q->rs[k] * q->rs[k]);
                    q->v3[k] += t4 * t4 * t3;
                    for (int g = 0; g < G; g++) {
                        double t1 = t4 * q->c[k * G + g];
                        q->v2[k * G + g] -= t1 * t4 * t3;
                        for (int h = 0; h < G; h++) v[h * G + g] += t1 * t4 * q->c[k * G + h] * t3;
                    }
                }
            }
        }
        for (; i < j; i++) q->rs[row[i].group] -= row[i].weight;
        fm = f;
        for (int g = 0; g < G; g++) { q->f1m[g] = q->f1[g]; q->skmm[g] = q->skm[g]; }
    }
    for (int g = 0; g < G; g++)
        for (int h = 0; h < G; h++)
            for (int k = 0; k < G; k++)
                v[h * G + g] += q->c[k * G + g] * q->c[k * G + h] * q->v3[k] + q->c[k * G + g] * q->v2[k * G + h]
                    + q->c[k * G + h] * q->v2[k * G + g];
}

/* s'm^-1 s, m p x p. Groups that are never at risk when the cause strikes leave m singular to rounding, with s in its range: then the form of
 * what is compared, and how many that is. NaN where it is nothing. room: p x p + 2 p. */
static Rc form_and_rank(double *form, int *rank, const double *m, const double *s, double *z, double *room, int p, Err *e)
{
    Rc rc = OK;
    double *scaled = room, *w = room + p * p, *unit = w + p;
    *form = NAN;
    *rank = 0;
    for (int j = 0; j < p; j++) unit[j] = m[j * p + j] > 0 ? 1 / sqrt(m[j * p + j]) : 1;
    for (int j = 0; j < p; j++) for (int i = 0; i < p; i++) scaled[j * p + i] = m[j * p + i] * unit[i] * unit[j];
    TRY(linalg_symmetric_eigen(w, scaled, p, e));
    for (int k = 0; k < p; k++) *rank += w[k] > 1e-9;
    if (*rank == p) {
        memcpy(scaled, m, (size_t)(p * p) * sizeof *m);
        memcpy(z, s, (size_t)p * sizeof *s);
        if (linalg_solve(scaled, p, z, 1, NULL) != OK) goto out;
        *form = 0;
        for (int j = 0; j < p; j++) *form += s[j] * z[j];
    } else if (*rank > 0) {
        *form = 0;
        for (int k = p - *rank; k < p; k++) {
            double along = 0;
            for (int j = 0; j < p; j++) along += scaled[k * p + j] * unit[j] * s[j];
            *form += along * along / w[k];
        }
    }
out:
    return rc;
}

Rc gray_test(GrayTest *out, size_t n, const double *time, const int *cause_of, int cause, const int *group, int G,
             const int *stratum, int n_strata, const double *weight, double rho, Err *e)
{
    (void)n_strata;
    Rc rc = OK;
    Row *row = calloc(n + 1, sizeof *row);
    size_t g = (size_t)G;
    double *block = calloc(8 * g + 3 * g * g + g + g * g + 2 * g + g * g + g * g + 2 * g + 1, sizeof *block);
    *out = (GrayTest){ NAN, NAN, G - 1 };
    if (!row || !block) { rc = err_nomem(e); goto out; }
    Gray q = { block, block + g, block + 2 * g, block + 3 * g, block + 4 * g, block + 5 * g, block + 6 * g, block + 7 * g,
               block + 8 * g, block + 8 * g + g * g, block + 8 * g + 2 * g * g };
    double *s = block + 8 * g + 3 * g * g, *v = s + g, *z = v + g * g, *m = z + g, *room = m + g * g;
    TRY(gather(row, n, time, cause_of, group, stratum, weight, NULL, e));
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        for (hi = lo; hi < n && row[hi].stratum == row[lo].stratum; hi++) continue;
        gray_stratum(s, v, &q, row, lo, hi, G, cause, rho);
    }
    int p = G - 1, rank = 0;
    for (int j = 0; j < p; j++) for (int i = 0; i < p; i++) m[j * p + i] = v[j * G + i];
    if (p > 0) {
        TRY(form_and_rank(&out->stat, &rank, m, s, z, room, p, e));
        if (rank > 0) out->df = rank;
        out->p = isnan(out->stat) ? (double)NAN : chisq_sf(out->stat, out->df);
    }
out:
    free(row);
    free(block);
    return rc;
}
