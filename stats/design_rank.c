/* stats/design_rank.c: constant and collinear columns, found before anything is fitted. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/lanes.h"
#include "core/str.h"
#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/linalg.h"
#include "stats/terms.h"

/* A column whose remainder, once the earlier ones are taken out, is below this share of it counts as their combination. */
static const double RANK_TOLERANCE = 1e-9;

/* Columns centred (unless there is an intercept to do it) and scaled to length 1; false for a constant one. `noise` is what
 * rounding of the values themselves leaves in it, of size `from` before they were centred within strata. */
static bool standardise(double *z, double *noise, const double *x, size_t n, bool centre, double from)
{
    double mean = 0, largest = 0;
    if (centre) {
        mean = mean_of(x, n);
        double low = x[0], high = x[0];
        for (size_t i = 1; i < n; i++) { if (x[i] < low) low = x[i]; if (x[i] > high) high = x[i]; }
        if (low == high) return false;
    }
    for (size_t i = 0; i < n; i++) { z[i] = x[i] - mean; if (fabs(z[i]) > largest) largest = fabs(z[i]); }
    if (!(largest > 0)) return false;
    Sum s = { 0 };
    for (size_t i = 0; i < n; i++) { z[i] /= largest; sum_add(&s, z[i] * z[i]); }
    double length = sqrt(sum_value(&s));
    *noise = 8 * DBL_EPSILON * (fmax(fabs(mean), from) + largest) / (largest * length) * sqrt((double)n);
    for (size_t i = 0; i < n; i++) z[i] /= length;
    return true;
}

/* The combination b = c1*a1 + c2*a2 that column j is of the kept ones before it, as text. */
static void describe_combination(Str *out, const DesignColumns *d, size_t j, const unsigned char *keep, Arena *a)
{
    Err ignored = { 0 };
    size_t n = d->n, m = 0;
    int *which = ARENA_NEW(a, d->p, int);
    double *gram = ARENA_NEW(a, d->p * d->p, double), *rhs = ARENA_NEW(a, d->p, double), *mean = ARENA_NEW(a, d->p, double);
    if (!which || !gram || !rhs || !mean) return;
    for (size_t k = 0; k < j; k++) if (keep[k]) which[m++] = (int)k;
    if (!m) return;
    double target_mean = d->centre ? mean_of(d->xj[j], n) : 0;
    for (size_t k = 0; k < m; k++) mean[k] = d->centre ? mean_of(d->xj[which[k]], n) : 0;
    for (size_t k = 0; k < m; k++) {
        const double *x = d->xj[which[k]];
        for (size_t q = 0; q < m; q++) {
            const double *y = d->xj[which[q]];
            Sum s = { 0 };
            for (size_t i = 0; i < n; i++) sum_add(&s, (x[i] - mean[k]) * (y[i] - mean[q]));
            gram[q * m + k] = sum_value(&s);
        }
        Sum s = { 0 };
        for (size_t i = 0; i < n; i++) sum_add(&s, (x[i] - mean[k]) * (d->xj[j][i] - target_mean));
        rhs[k] = sum_value(&s);
    }
    if (linalg_solve(gram, (int)m, rhs, 1, &ignored) != OK) return;
    bool any = false;
    for (size_t k = 0; k < m; k++) {
        double scale = fabs(rhs[k]);
        if (scale < 1e-7) continue;
        str_appendf(out, "%s%.6g*%s", any ? " + " : "", rhs[k], d->term[which[k]]);
        any = true;
    }
}

enum { ROWS = 256 };

/* gram (m x m, lower) += z'z for ROWS rows of m columns, a column after the other. */
FOR_EACH_WIDTH static void add_cross_products(double *gram, const double *z, size_t m)
{
    for (size_t j = 0; j < m; j += 2)
        for (size_t k = 0; k <= j; k += 4) {
            /* Two columns by four; what lies beyond the last repeats it and is not kept. */
            const double *a[2], *b[4];
            Lanes s[2][4] = { { { 0 } } };
            for (size_t q = 0; q < 2; q++) a[q] = z + (j + q < m ? j + q : m - 1) * ROWS;
            for (size_t q = 0; q < 4; q++) b[q] = z + (k + q < m ? k + q : m - 1) * ROWS;
            for (size_t i = 0; i < ROWS; i += LANES) {
                const Lanes u = lanes_at(a[0] + i), v = lanes_at(a[1] + i);
#pragma GCC unroll 4
                for (int q = 0; q < 4; q++) {
                    const Lanes w = lanes_at(b[q] + i);
                    s[0][q] += u * w;
                    s[1][q] += v * w;
                }
            }
            for (size_t p = 0; p < 2 && j + p < m; p++)
                for (size_t q = 0; q < 4 && k + q <= j + p; q++)
                    for (int i = 0; i < LANES; i++) gram[(j + p) * m + k + q] += s[p][q][i];
        }
}

/* Whether the cross products of the columns say at once that each is far from the others' span: 1 - R2 above 1e-6 for all. One pass
 * over the rows, so large tables are done with that. */
static bool plainly_independent(const DesignColumns *d, Arena *a)
{
    const bool centre = d->centre;
    size_t n = d->n, m = d->p;
    double *shift = ARENA_NEW(a, m + 1, double), *sum = ARENA_NEW(a, m + 1, double), *gram = ARENA_NEW(a, m * m + 1, double);
    double *z = ARENA_NEW(a, ROWS * m + 1, double);
    if (!shift || !sum || !gram || !z) return false;
    /* From near the mean, which the first rows tell well enough; the rest is taken out below. */
    for (size_t j = 0; centre && j < m; j++) {
        size_t few = n < ROWS ? n : ROWS;
        for (size_t i = 0; i < few; i++) shift[j] += d->xj[j][i] / (double)few;
    }
    for (size_t at = 0; at < n; at += ROWS) {
        size_t k = n - at < ROWS ? n - at : ROWS;
        if (k < ROWS) memset(z, 0, ROWS * m * sizeof *z);
        for (size_t j = 0; j < m; j++) {
            const double *x = d->xj[j] + at, origin = shift[j];
            double *to = z + j * ROWS, s[4] = { 0 };
            for (size_t i = 0; i < k && at + 3 * ROWS < n; i += LANES) __builtin_prefetch(x + 2 * ROWS + i);
            for (size_t i = 0; i < k; i++) to[i] = x[i] - origin;
            for (size_t i = 0; i < ROWS && k == ROWS; i += 4) { s[0] += to[i]; s[1] += to[i + 1]; s[2] += to[i + 2]; s[3] += to[i + 3]; }
            for (size_t i = 0; k < ROWS && i < k; i++) s[0] += to[i];
            sum[j] += (s[0] + s[1]) + (s[2] + s[3]);
        }
        add_cross_products(gram, z, m);
    }
    for (size_t j = 0; j < m; j++) {
        double mean = sum[j] / (double)n, total = gram[j * m + j];
        if (centre) for (size_t k = 0; k <= j; k++) gram[j * m + k] -= mean * sum[k];
        double own = gram[j * m + j];
        /* Where the shift was off, or the values lie far from 0, digits are lost: leave that to the careful way. */
        if (!(own > 1e-4 * total) || !(own < (double)INFINITY)) return false;
        if (centre && own < 1e-12 * (double)n * (shift[j] + mean) * (shift[j] + mean)) return false;
    }
    for (size_t j = 0; j < m; j++) sum[j] = 1 / sqrt(gram[j * m + j]);
    for (size_t j = 0; j < m; j++) for (size_t k = 0; k <= j; k++) gram[k * m + j] = gram[j * m + k] *= sum[j] * sum[k];
    Err ignored = { 0 };
    if (linalg_cholesky(gram, (int)m, &ignored) != OK) return false;
    for (size_t j = 0; j < m; j++) if (!(gram[j * m + j] * gram[j * m + j] >= 1e-6)) return false;
    return true;
}

/* A category with one level has no column: said like a constant number, not dropped in silence. */
Rc design_check_levels(const Design *d, Json *out, bool drop, Err *e)
{
    const Formula *f = d->formula;
    for (size_t t = 0; t < f->n_terms; t++)
        for (int k = 0; k < f->term[t].n; k++) {
            const Var *v = &f->var[f->term[t].var[k]];
            if (v->kind != VAR_FACTOR || var_columns(v, f->term[t].full[k]) > 0) continue;
            const char *level = v->n_levels ? v->level[0] : "missing";
            if (!drop) return diagnose_fatal(out, e, "constant_column", "%s is '%s' in every row: leave it out (--drop-collinear does)",
                                             v->label, level);
            diagnose(out, "constant_column", "%s is '%s' in every row and was left out", v->label, level);
        }
    return OK;
}

/* x less the mean of its stratum, exactly 0 where a stratum has one value; largest[p] what |x| comes to. */
static Rc centre_within(const double **out, double *largest, const DesignColumns *d, Arena *a, Err *e)
{
    const size_t n = d->n, k = d->n_strata;
    double *z = ARENA_NEW(a, n * d->p + 1, double), *low = ARENA_NEW(a, k + 1, double), *high = ARENA_NEW(a, k + 1, double);
    Sum *sum = ARENA_NEW(a, k + 1, Sum);
    size_t *count = ARENA_NEW(a, k + 1, size_t);
    if (!z || !low || !high || !sum || !count) return err_nomem(e);
    for (size_t i = 0; i < n; i++) count[d->stratum[i]]++;
    for (size_t j = 0; j < d->p; j++) {
        const double *x = d->xj[j];
        double *to = z + j * n;
        out[j] = to;
        largest[j] = 0;
        for (size_t s = 0; s < k; s++) {
            low[s] = INFINITY;
            high[s] = -INFINITY;
            sum[s] = (Sum){ 0 };
        }
        for (size_t i = 0; i < n; i++) {
            const int s = d->stratum[i];
            if (x[i] < low[s]) low[s] = x[i];
            if (x[i] > high[s]) high[s] = x[i];
            if (fabs(x[i]) > largest[j]) largest[j] = fabs(x[i]);
            sum_add(&sum[s], x[i]);
        }
        for (size_t i = 0; i < n; i++) {
            const int s = d->stratum[i];
            to[i] = low[s] == high[s] ? 0 : x[i] - sum_value(&sum[s]) / (double)count[s];
        }
    }
    return OK;
}

Rc design_columns_rank(unsigned char *keep, const DesignColumns *given, Json *out, bool drop, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Str what = { 0 };
    DesignColumns d = *given;
    const size_t n = d.n, p = d.p;
    double *q = NULL, *largest = NULL;
    const double **within = NULL;
    size_t kept = 0;
    memset(keep, 1, p);
    if (p >= n && p > 0) {
        rc = diagnose_fatal(out, e, "underdetermined", "%zu columns and %zu rows: without a penalty the coefficients are not determined; "
                            "use --lambda2 (ridge), elasticnet, or fewer columns", p, n);
        goto out;
    }
    if (p == 0) goto out;
    largest = ARENA_NEW(&a, p, double);
    within = (const double **)arena_array(&a, p, sizeof *within);
    if (!largest || !within) { rc = err_nomem(e); goto out; }
    if (d.stratum && d.centre) {
        TRY(centre_within(within, largest, &d, &a, e));
        d.xj = within;
        d.centre = false;
    }
    if (plainly_independent(&d, &a)) goto out;
    q = ARENA_NEW(&a, n * p, double);
    if (!q) { rc = err_nomem(e); goto out; }
    /* Modified Gram-Schmidt, twice, in the order of the formula: the later of two columns goes, as in R. */
    for (size_t j = 0; j < p; j++) {
        double *z = q + kept * n, noise = 0;
        if (!standardise(z, &noise, d.xj[j], n, d.centre, largest[j])) {
            keep[j] = 0;
            if (drop) { diagnose(out, "constant_column", "%s has the same value in every row%s and was left out", d.term[j], d.of); continue; }
            rc = diagnose_fatal(out, e, "constant_column", "%s has the same value in every row%s: leave it out (--drop-collinear does)",
                                d.term[j], d.of);
            goto out;
        }
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < kept; k++) {
                double dot = 0;
                for (size_t i = 0; i < n; i++) dot += q[k * n + i] * z[i];
                for (size_t i = 0; i < n; i++) z[i] -= dot * q[k * n + i];
            }
        double length = 0;
        for (size_t i = 0; i < n; i++) length += z[i] * z[i];
        length = sqrt(length);
        if (length <= fmax(RANK_TOLERANCE, noise)) {
            keep[j] = 0;
            what.len = 0;
            if (what.s) what.s[0] = 0;
            describe_combination(&what, &d, j, keep, &a);
            const char *combination = what.len ? str_text(&what) : "a combination of the columns before it";
            if (drop) { diagnose(out, "collinear", "%s = %s and was left out", d.term[j], combination); continue; }
            rc = diagnose_fatal(out, e, "collinear", "%s = %s (up to a constant): leave one out (--drop-collinear drops %s)",
                                d.term[j], combination, d.term[j]);
            goto out;
        }
        for (size_t i = 0; i < n; i++) z[i] /= length;
        kept++;
    }
out:
    str_free(&what);
    arena_free(&a);
    return rc;
}

Rc design_check_rank(const Design *d, Json *out, const StatCall *call, unsigned char *keep, Err *e)
{
    Rc rc = OK;
    const bool drop = option_flag(call, "drop_collinear");
    /* Cox and its friends have no intercept, yet a constant changes nothing there: centre as well. */
    const bool survival = d->response == RESPONSE_SURVIVAL || d->response == RESPONSE_COUNTING;
    const size_t from = d->has_intercept ? 1 : 0;
    const DesignColumns columns = { .n = d->n, .p = d->p - from, .xj = d->xj + from, .term = d->term + from, .centre = d->has_intercept || survival,
                                    .stratum = d->stratum, .n_strata = d->n_strata, .of = d->stratum ? " of a stratum" : "" };
    memset(keep, 1, d->p);
    TRY(design_check_levels(d, out, drop, e));
    TRY(design_columns_rank(keep + from, &columns, out, drop, e));
out:
    return rc;
}

Rc design_drop_collinear(Design *d, Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    size_t p = 0, n = d->n;
    unsigned char *keep = ARENA_NEW(&d->arena, d->p + 1, unsigned char);
    d->column = ARENA_NEW(&d->arena, d->p + 1, size_t);
    d->left_out = ARENA_NEW(&d->arena, d->p + 1, char *);
    if (!keep || !d->column || !d->left_out) return err_nomem(e);
    TRY(design_check_rank(d, out, call, keep, e));
    for (size_t j = 0; j < d->p; j++) {
        if (!keep[j]) { d->left_out[d->n_left_out++] = d->term[j]; continue; }
        if (p < j && d->x) memcpy(d->x + p * n, d->x + j * n, n * sizeof *d->x);
        d->xj[p] = d->x ? d->x + p * n : d->xj[j];
        d->term[p] = d->term[j];
        d->assign[p] = d->assign[j];
        d->column[p++] = j;
    }
    d->p = p;
out:
    return rc;
}

void design_say_left_out(Json *by_term, const Design *d)
{
    for (size_t k = 0; k < d->n_left_out; k++) json_set_number(by_term, d->left_out[k], NAN);
}
