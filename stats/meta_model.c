/* stats/meta_model.c: random-effects models. The moments follow Viechtbauer 2005. */
#include "stats/meta_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/dist.h"

const char *meta_method_name(MetaMethod m)
{
    static const char *const names[] = { "FE", "DL", "REML", "ML", "PM", "HS", "SJ", "EB", "HE" };
    return names[m];
}

static double xcol(const MetaData *d, size_t j, size_t i) { return d->x ? d->x[j * d->k + i] : 1; }

/* A moderator far from 0 (a year, a date) would lose its digits in the normal equations: they are built around its mean. */
static double moderator_mean(const MetaData *d) { return d->p > 1 ? mean_of(d->x + d->k, d->k) : 0; }

/* Weighted least squares with weights w: beta and (X'WX)^-1 for p <= 2. */
static void weighted_fit(double beta[2], double inv[4], const MetaData *d, const double *w)
{
    Sum s[5] = { { 0, 0 } };
    for (size_t i = 0; i < d->k; i++) {
        double m = d->p > 1 ? xcol(d, 1, i) : 0;
        sum_add(&s[0], w[i]);
        sum_add(&s[1], w[i] * m);
        sum_add(&s[2], w[i] * m * m);
        sum_add(&s[3], w[i] * d->y[i]);
        sum_add(&s[4], w[i] * m * d->y[i]);
    }
    double a = sum_value(&s[0]), b = sum_value(&s[1]), c = sum_value(&s[2]), u = sum_value(&s[3]), v = sum_value(&s[4]);
    beta[1] = inv[1] = inv[2] = inv[3] = 0;
    if (d->p == 1) {
        inv[0] = 1 / a;
        beta[0] = u / a;
        return;
    }
    double det = a * c - b * b;
    inv[0] = c / det;
    inv[1] = inv[2] = -b / det;
    inv[3] = a / det;
    beta[0] = (c * u - b * v) / det;
    beta[1] = (a * v - b * u) / det;
}

/* P = W - W X (X'WX)^-1 X'W (k x k) and what is asked of it. */
typedef struct { double tr, tr_pp, ypy, yppy, tr_pv, tr_pvpv, sum_pv_p; } Projection;

static Rc project(Projection *out, const MetaData *d, const double *w, Arena *a, Err *e)
{
    size_t k = d->k;
    double beta[2], inv[4], *P = ARENA_NEW(a, k * k, double), *py = ARENA_NEW(a, k, double);
    if (!P || !py) return err_nomem(e);
    weighted_fit(beta, inv, d, w);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            double h = 0;
            for (size_t r = 0; r < d->p; r++) for (size_t c = 0; c < d->p; c++) h += xcol(d, r, i) * inv[r * 2 * (d->p > 1) + c] * xcol(d, c, j);
            P[j * k + i] = (i == j ? w[i] : 0) - w[i] * h * w[j];
        }
    /* P y = W (y - X beta). */
    for (size_t i = 0; i < k; i++) py[i] = w[i] * (d->y[i] - beta[0] - (d->p > 1 ? beta[1] * xcol(d, 1, i) : 0));
    Sum tr = { 0 }, pp = { 0 }, ypy = { 0 }, yppy = { 0 }, pv = { 0 }, pvpv = { 0 }, pvp = { 0 };
    for (size_t i = 0; i < k; i++) {
        sum_add(&tr, P[i * k + i]);
        sum_add(&pv, P[i * k + i] * d->v[i]);
        sum_add(&ypy, d->y[i] * py[i]);
        sum_add(&yppy, py[i] * py[i]);
        for (size_t j = 0; j < k; j++) {
            double p2 = P[j * k + i] * P[j * k + i];
            sum_add(&pp, p2);
            sum_add(&pvpv, p2 * d->v[i] * d->v[j]);
            sum_add(&pvp, p2 * d->v[j]);
        }
    }
    *out = (Projection){ sum_value(&tr), sum_value(&pp), sum_value(&ypy), sum_value(&yppy), sum_value(&pv), sum_value(&pvpv), sum_value(&pvp) };
    return OK;
}

static void weights_at(double *w, const MetaData *d, double tau2) { for (size_t i = 0; i < d->k; i++) w[i] = 1 / (d->v[i] + tau2); }

double meta_generalised_q(const MetaData *d, double tau2)
{
    Sum s[5] = { { 0, 0 } }, q = { 0 };
    double beta[2] = { 0, 0 };
    const double shift = moderator_mean(d);
    for (size_t i = 0; i < d->k; i++) {
        double w = 1 / (d->v[i] + tau2), m = d->p > 1 ? xcol(d, 1, i) - shift : 0;
        sum_add(&s[0], w);
        sum_add(&s[1], w * m);
        sum_add(&s[2], w * m * m);
        sum_add(&s[3], w * d->y[i]);
        sum_add(&s[4], w * m * d->y[i]);
    }
    double a = sum_value(&s[0]), b = sum_value(&s[1]), c = sum_value(&s[2]), u = sum_value(&s[3]), v = sum_value(&s[4]), det = a * c - b * b;
    if (d->p > 1) { beta[0] = (c * u - b * v) / det; beta[1] = (a * v - b * u) / det; }
    else beta[0] = u / a;
    for (size_t i = 0; i < d->k; i++) {
        double r = d->y[i] - beta[0] - (d->p > 1 ? beta[1] * (xcol(d, 1, i) - shift) : 0);
        sum_add(&q, r * r / (d->v[i] + tau2));
    }
    return sum_value(&q);
}

/* tau2 >= 0 where the generalised Q equals the target; 0 when it is below already. */
static double solve_q(const MetaData *d, double target)
{
    if (meta_generalised_q(d, 0) <= target) return 0;
    double low = 0, high = 1;
    while (meta_generalised_q(d, high) > target && high < 1e300) { low = high; high *= 2; }
    for (int i = 0; i < 200 && high - low > 1e-16 * high; i++) {
        double middle = (low + high) / 2;
        if (meta_generalised_q(d, middle) > target) low = middle;
        else high = middle;
    }
    return (low + high) / 2;
}

/* Fisher scoring; the step is halved as long as it leads below 0. */
static Rc by_scoring(double *tau2, const MetaData *d, bool reml, double start, double *w, Err *e)
{
    Rc rc = OK;
    *tau2 = start;
    for (int i = 0; i < 1000; i++) {
        Arena scratch = { 0 };
        Projection p;
        Sum sw = { 0 }, sww = { 0 };
        weights_at(w, d, *tau2);
        rc = project(&p, d, w, &scratch, e);
        arena_free(&scratch);
        if (rc != OK) return rc;
        for (size_t j = 0; j < d->k; j++) { sum_add(&sw, w[j]); sum_add(&sww, w[j] * w[j]); }
        double step = reml ? (p.yppy - p.tr) / p.tr_pp : (p.yppy - sum_value(&sw)) / sum_value(&sww), next = *tau2 + step;
        while (next < 0 && step < -1e-18) { step /= 2; next = *tau2 + step; }
        /* At the border: 0, when the likelihood falls from there. */
        if (next < 1e-12 * (*tau2 + d->v[0])) next = 0;
        bool done = fabs(next - *tau2) <= 1e-15 * (fabs(next) + 1e-300) || (next == 0 && *tau2 == 0);
        *tau2 = next;
        if (done) break;
    }
    return OK;
}

static Rc estimate_tau2(MetaFit *out, const MetaData *d, MetaMethod method, double *w, Arena *a, Err *e)
{
    Rc rc = OK;
    Projection p, at;
    double k = (double)d->k, df = k - (double)d->p, t, se2 = NAN;
    Sum sw = { 0 }, sww = { 0 };
    weights_at(w, d, 0);
    TRY(project(&p, d, w, a, e));
    for (size_t i = 0; i < d->k; i++) sum_add(&sw, w[i]);
    switch (method) {
    case META_FE: t = 0; break;
    case META_DL:
        t = fmax(0, (p.ypy - df) / p.tr);
        se2 = (2 * df + 4 * t * p.tr + 2 * t * t * p.tr_pp) / (p.tr * p.tr);
        break;
    case META_HS:
        t = fmax(0, (p.ypy - k) / sum_value(&sw));
        se2 = (2 * df + 4 * t * p.tr + 2 * t * t * p.tr_pp) / (sum_value(&sw) * sum_value(&sw));
        break;
    case META_HE:
        for (size_t i = 0; i < d->k; i++) w[i] = 1;
        TRY(project(&at, d, w, a, e));
        t = fmax(0, (at.ypy - at.tr_pv) / df);
        se2 = (2 * at.tr_pvpv + 4 * t * at.tr_pv + 2 * t * t * df) / (df * df);
        break;
    case META_SJ: {
        double m = mean_of(d->y, d->k), first = 0;
        for (size_t i = 0; i < d->k; i++) first += (d->y[i] - m) * (d->y[i] - m) / k;
        weights_at(w, d, first);
        TRY(project(&at, d, w, a, e));
        t = first * at.ypy / df;
        se2 = first * first / (df * df) * (2 * at.tr_pvpv + 4 * t * at.sum_pv_p + 2 * t * t * at.tr_pp);
        break;
    }
    case META_REML: case META_ML:
        TRY(by_scoring(&t, d, method == META_REML, fmax(0, (p.ypy - df) / p.tr), w, e));
        break;
    default: t = solve_q(d, df); break;
    }
    weights_at(w, d, t);
    Sum s = { 0 };
    for (size_t i = 0; i < d->k; i++) { sum_add(&s, w[i]); sum_add(&sww, w[i] * w[i]); }
    if (method == META_ML) se2 = 2 / sum_value(&sww);
    if (method == META_REML) { TRY(project(&at, d, w, a, e)); se2 = 2 / at.tr_pp; }
    if (method == META_PM || method == META_EB) se2 = 2 * k * k / df / (sum_value(&s) * sum_value(&s));
    out->tau2 = t;
    out->se_tau2 = sqrt(se2);
    out->q = p.ypy;
    out->q_p = chisq_sf(p.ypy, df);
    double typical = df / p.tr;
    out->i2 = method == META_FE ? 100 * fmax(0, (p.ypy - df) / p.ypy) : 100 * t / (t + typical);
    out->h2 = method == META_FE ? p.ypy / df : t / typical + 1;
out:
    return rc;
}

Rc meta_fit(MetaFit *out, const MetaData *given, MetaMethod method, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t k = given->k;
    const double shift = moderator_mean(given), K = (double)k;
    double *w = ARENA_NEW(a, k, double), *x = given->p > 1 ? ARENA_NEW(a, 2 * k, double) : NULL, inv[4], rss;
    MetaData centred = *given;
    const MetaData *const d = &centred;
    if (!w || (given->p > 1 && !x)) return err_nomem(e);
    for (size_t i = 0; x && i < k; i++) {
        x[i] = 1;
        x[k + i] = given->x[k + i] - shift;
    }
    centred.x = x;
    *out = (MetaFit){ .se_tau2 = NAN };
    TRY(estimate_tau2(out, d, method, w, a, e));
    weights_at(w, d, out->tau2);
    weighted_fit(out->beta, inv, d, w);
    rss = meta_generalised_q(d, out->tau2);
    Sum ld = { 0 }, mm = { 0 };
    for (size_t i = 0; i < k; i++) {
        sum_add(&ld, log(d->v[i] + out->tau2));
        if (x) sum_add(&mm, x[k + i] * x[k + i]);
    }
    double xx = x ? K * sum_value(&mm) : K, xwx = x ? 1 / (inv[0] * inv[3] - inv[1] * inv[2]) : 1 / inv[0];
    out->loglik = method == META_REML
        ? -0.5 * (K - (double)d->p) * log(2 * M_PI) + 0.5 * log(xx) - 0.5 * (sum_value(&ld) + log(xwx) + rss)
        : -0.5 * K * log(2 * M_PI) - 0.5 * (sum_value(&ld) + rss);
    /* Back to the moderator as given. */
    out->beta[0] -= shift * out->beta[1];
    inv[0] += shift * (shift * inv[3] - 2 * inv[1]);
    inv[1] = inv[2] -= shift * inv[3];
    memcpy(out->vcov, inv, sizeof inv);
out:
    return rc;
}

void meta_q_profile(double limits[2], const MetaData *d, double conf)
{
    double df = (double)d->k - 1;
    limits[0] = solve_q(d, chisq_quantile(0.5 + conf / 2, df));
    limits[1] = solve_q(d, chisq_quantile(0.5 - conf / 2, df));
}
