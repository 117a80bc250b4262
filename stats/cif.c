/* stats/cif.c: cumulative incidence with competing events, and Gray's test, on plain arrays. */
#include "stats/cif.h"

#include <math.h>
#include <stdlib.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/dist.h"
#include "stats/linalg.h"

typedef struct { double time; int cause, group, stratum; } Row;

/* Rows by stratum, time and cause; group and stratum may be NULL. */
static Rc gather(Row *row, size_t n, const double *time, const int *cause, const int *group, const int *stratum, Err *e)
{
    Rc rc = OK;
    size_t *order = malloc((n + 1) * sizeof *order);
    if (!order) return err_nomem(e);
    order_start(order, n);
    TRY(order_by_codes(order, cause, n, e));
    TRY(order_by(order, time, n, e));
    if (stratum) TRY(order_by_codes(order, stratum, n, e));
    for (size_t k = 0; k < n; k++) {
        size_t i = order[k];
        row[k] = (Row){ time[i], cause[i], group ? group[i] : 0, stratum ? stratum[i] : 0 };
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

/* Influence of those who left: P - Q F(t) each, kept as three sums; of those at risk: B, the same for all. */
typedef struct { double pp, pq, qq, B; } Jackknife;

Rc cif_estimate(CifCurve *out, size_t n, const double *time, const int *cause, int K, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t m = 0;
    Row *row = calloc(n + 1, sizeof *row);
    Delta *delta = calloc((size_t)K + 1, sizeof *delta);
    Jackknife *jack = calloc((size_t)K + 1, sizeof *jack);
    double *F = calloc(2 * (size_t)K + 2, sizeof *F), *d = F ? F + K + 1 : NULL;
    *out = (CifCurve){ .n_rows = n, .n_causes = K };
    if (!row || !delta || !jack || !F) { rc = err_nomem(e); goto out; }
    TRY(gather(row, n, time, cause, NULL, NULL, e));
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

    double S = 1, R = 0, settled = 0;      /* R: sum of d/(n(n-d)); settled: squared influence on log S of those who left */
    size_t j = 0;
    for (size_t i = 0; i < m; i++) {
        double Y = (double)(n - j), events = 0, t = row[j].time, censored = 0;
        for (int k = 0; k <= K; k++) d[k] = 0;
        for (; j < n && row[j].time == t; j++) d[row[j].cause]++;
        censored = d[0];
        for (int k = 1; k <= K; k++) events += d[k];
        double after = events > 0 ? S * (Y - events) / Y : S;
        double u = Y > events ? 1 / (Y - events) : 0, R_after = R + (Y > events ? events / (Y * (Y - events)) : 0);
        out->time[i] = t;
        out->n_risk[i] = Y;
        out->n_censor[i] = censored;
        out->surv[i] = after;
        for (int k = 1; k <= K; k++) {
            Delta *v = &delta[k];
            Jackknife *q = &jack[k];
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
            q->B += S * (R * d[k] / Y - d[k] / (Y * Y));
            for (int c = 0; c <= K; c++) {
                if (d[c] == 0) continue;
                double Q = (c > 0 ? u : 0) - R_after;                   /* what log S lost for good */
                double P = q->B + (c == k ? S / Y : 0) + Q * F[k];
                q->pp += d[c] * P * P;
                q->pq += d[c] * P * Q;
                q->qq += d[c] * Q * Q;
            }
            double v2 = q->pp - 2 * F[k] * q->pq + F[k] * F[k] * q->qq + (double)(n - j) * q->B * q->B;
            out->se_state[(size_t)k * m + i] = v2 > 0 ? sqrt(v2) : 0;
        }
        settled += censored * R_after * R_after + events * (u - R_after) * (u - R_after);
        R = R_after;
        S = after;
        out->se_state[i] = S * sqrt(settled + (double)(n - j) * R * R);
    }
out:
    free(row);
    free(delta);
    free(jack);
    free(F);
    return rc;
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
    for (size_t i = lo; i < hi; i++) q->rs[row[i].group]++;
    double fm = 0, f = 0;
    for (size_t i = lo; i < hi;) {
        double nd1 = 0, nd2 = 0, tr = 0, tq = 0, t = row[i].time;
        size_t j = i;
        for (int g = 0; g < G; g++) q->d1[g] = q->d2[g] = 0;
        for (; j < hi && row[j].time == t; j++) {
            if (row[j].cause == cause) { q->d1[row[j].group]++; nd1++; }
            else if (row[j].cause > 0) { q->d2[row[j].group]++; nd2++; }
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
        for (; i < j; i++) q->rs[row[i].group]--;
        fm = f;
        for (int g = 0; g < G; g++) { q->f1m[g] = q->f1[g]; q->skmm[g] = q->skm[g]; }
    }
    for (int g = 0; g < G; g++)
        for (int h = 0; h < G; h++)
            for (int k = 0; k < G; k++)
                v[h * G + g] += q->c[k * G + g] * q->c[k * G + h] * q->v3[k] + q->c[k * G + g] * q->v2[k * G + h]
                    + q->c[k * G + h] * q->v2[k * G + g];
}

Rc gray_test(GrayTest *out, size_t n, const double *time, const int *cause_of, int cause, const int *group, int G,
             const int *stratum, int n_strata, double rho, Err *e)
{
    (void)n_strata;
    Rc rc = OK;
    Row *row = calloc(n + 1, sizeof *row);
    size_t g = (size_t)G;
    double *block = calloc(8 * g + 3 * g * g + g + g * g + 2 * g + g * g + 1, sizeof *block);
    *out = (GrayTest){ NAN, NAN, G - 1 };
    if (!row || !block) { rc = err_nomem(e); goto out; }
    Gray q = { block, block + g, block + 2 * g, block + 3 * g, block + 4 * g, block + 5 * g, block + 6 * g, block + 7 * g,
               block + 8 * g, block + 8 * g + g * g, block + 8 * g + 2 * g * g };
    double *s = block + 8 * g + 3 * g * g, *v = s + g, *z = v + g * g, *m = z + g;
    TRY(gather(row, n, time, cause_of, group, stratum, e));
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        for (hi = lo; hi < n && row[hi].stratum == row[lo].stratum; hi++) continue;
        gray_stratum(s, v, &q, row, lo, hi, G, cause, rho);
    }
    int p = G - 1;
    for (int j = 0; j < p; j++) {
        z[j] = s[j];
        for (int i = 0; i < p; i++) m[j * p + i] = v[j * G + i];
    }
    if (p > 0 && linalg_solve(m, p, z, 1, NULL) == OK) {
        double stat = 0;
        for (int j = 0; j < p; j++) stat += s[j] * z[j];
        out->stat = stat;
        out->p = chisq_sf(stat, p);
    }
out:
    free(row);
    free(block);
    return rc;
}
