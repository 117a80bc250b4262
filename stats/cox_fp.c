/* stats/cox_fp.c: fractional polynomials fp(x) in the Cox model: powers chosen by the closed test procedure (Royston and Altman 1994;
 * Ambler and Royston 2001), variable by variable until nothing changes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "stats/cox_model.h"
#include "stats/dist.h"
#include "stats/method.h"
#include "stats/terms.h"

static const double POWERS[] = { -2, -1, -.5, 0, .5, 1, 2, 3 };
enum { N_POWERS = 8, CYCLES_MAX = 20 };

typedef struct {
    const Var *var;
    int column;                /* among the kept ones */
    double shift, scale;       /* (x + shift)/scale is transformed */
    int n_powers;
    double power[2];
} Poly;

static double power_of(double x, double p) { return p == 0 ? log(x) : p == 1 ? x : pow(x, p); }

/* The columns of a polynomial: x^p, x^q; x^p, x^p log x when p = q. */
static void columns(double *out, const double *x, size_t n, const Poly *f, const double *power, int n_powers)
{
    for (size_t i = 0; i < n; i++) {
        double z = (x[i] + f->shift) / f->scale;
        out[i] = power_of(z, power[0]);
        if (n_powers == 2) out[n + i] = power[0] == power[1] ? out[i] * log(z) : power_of(z, power[1]);
    }
}

/* Room for the columns of a trial: those of polynomials stand in x. */
typedef struct { double *x; const double **xj; } Trial;

/* Log-likelihood with polynomial `which` at these powers (n_powers 0: left out), the others as they are. */
static Rc try_powers(double *loglik, const CoxModel *c, const Poly *poly, int n_poly, int which, const double *power, int n_powers, Trial q,
                     Err *e)
{
    size_t n = c->d.n;
    int m = 0;
    CoxRefit r = { 0 };
    for (int k = 0; k < c->p; k++) {
        int f = 0;
        while (f < n_poly && poly[f].column != k) f++;
        if (f == n_poly) { q.xj[m++] = c->xj[k]; continue; }
        const double *own = f == which ? power : poly[f].power;
        int own_n = f == which ? n_powers : poly[f].n_powers;
        if (own_n) columns(q.x + (size_t)m * n, c->xj[k], n, &poly[f], own, own_n);
        for (int i = 0; i < own_n; i++, m++) q.xj[m] = q.x + (size_t)m * n;
    }
    Rc rc = cox_refit(&r, NULL, NULL, c, q.xj, m, e);
    *loglik = r.loglik;
    return rc;
}

/* Best powers by likelihood, then the closed tests: two powers against a line (3 df), against the best single power (2 df). */
static Rc choose(bool *changed, const CoxModel *c, Poly *poly, int n_poly, int which, double alpha, Trial q, Err *e)
{
    Rc rc = OK;
    double line = 0, one = -INFINITY, two = -INFINITY, p1 = 1, p2[2] = { 1, 1 }, ll = 0;
    Poly *f = &poly[which];
    for (int i = 0; i < N_POWERS; i++) {
        const double single[2] = { POWERS[i], 0 };
        TRY(try_powers(&ll, c, poly, n_poly, which, single, 1, q, e));
        if (POWERS[i] == 1) line = ll;
        if (ll > one) { one = ll; p1 = POWERS[i]; }
        for (int j = i; j < N_POWERS; j++) {
            const double pair[2] = { POWERS[i], POWERS[j] };
            TRY(try_powers(&ll, c, poly, n_poly, which, pair, 2, q, e));
            if (ll > two) { two = ll; p2[0] = pair[0]; p2[1] = pair[1]; }
        }
    }
    double power[2] = { 1, 0 };
    int n = 1;
    if (chisq_sf(fmax(2 * (two - line), 0), 3) < alpha) {
        if (chisq_sf(fmax(2 * (two - one), 0), 2) < alpha) { n = 2; power[0] = p2[0]; power[1] = p2[1]; }
        else power[0] = p1;
    }
    *changed = *changed || n != f->n_powers || power[0] != f->power[0] || (n == 2 && power[1] != f->power[1]);
    f->n_powers = n;
    f->power[0] = power[0];
    f->power[1] = power[1];
out:
    return rc;
}

/* Shift and scale of mfp: positive values, divided by 10 to the rounded log of their mean. */
static Rc set_scale(Poly *f, const double *x, size_t n, Arena *a, Err *e)
{
    double low = INFINITY, mean = 0, gap = INFINITY;
    for (size_t i = 0; i < n; i++) if (x[i] < low) low = x[i];
    if (low <= 0) {
        /* The smallest distance between values, so that the lowest becomes that. */
        double *sorted = ARENA_NEW(a, n, double);
        if (!sorted) return err_nomem(e);
        memcpy(sorted, x, n * sizeof *sorted);
        for (size_t i = 1; i < n; i++) {               /* insertion into order; n is a cohort's */
            double v = sorted[i];
            size_t k = i;
            for (; k > 0 && sorted[k - 1] > v; k--) sorted[k] = sorted[k - 1];
            sorted[k] = v;
        }
        for (size_t i = 1; i < n; i++) if (sorted[i] > sorted[i - 1] && sorted[i] - sorted[i - 1] < gap) gap = sorted[i] - sorted[i - 1];
        f->shift = isfinite(gap) ? ceil((gap - low) * 10) / 10 : 1 - low;
    }
    for (size_t i = 0; i < n; i++) mean += (x[i] + f->shift) / (double)n;
    double digits = mean > 0 ? log10(mean) : 0;
    f->scale = pow(10, (digits < 0 ? -1 : 1) * nearbyint(fabs(digits)));
    return OK;
}

/* The right side that stands for fp(x) with its powers. */
static void append_terms(Str *out, const Poly *f)
{
    char number[NUMBER_TEXT_MAX], z[512];
    const char *x = f->var->expr->label;
    if (f->shift != 0) snprintf(z, sizeof z, "((%s+%s)/", x, number_write_short(number, f->shift));
    else snprintf(z, sizeof z, "(%s/", x);
    size_t used = strlen(z);
    snprintf(z + used, sizeof z - used, "%s)", number_write_short(number, f->scale));
    for (int k = 0; k < f->n_powers; k++) {
        if (k) str_append(out, "+");
        number_write_short(number, f->power[k]);
        if (k == 1 && f->power[0] == f->power[1]) {
            if (f->power[0] == 0) str_appendf(out, "I(log(%s)*log(%s))", z, z);
            else str_appendf(out, "I(%s^%s*log(%s))", z, number, z);
        } else if (f->power[k] == 0) str_appendf(out, "log(%s)", z);
        else str_appendf(out, "I(%s^%s)", z, number);
    }
}

static void append_list(Str *out, const char *name, const Expr *const *list, size_t n)
{
    for (size_t k = 0; k < n; k++) str_appendf(out, "+%s(%s)", name, list[k]->label);
}

/* Terms in the order of their significance when all are lines: the order in which mfp visits them. */
static Rc visiting_order(int *order, const CoxModel *c, const Poly *poly, int n_poly, Trial q, Arena *a, Err *e)
{
    Rc rc = OK;
    double *drop = ARENA_NEW(a, (size_t)n_poly + 1, double), none[2] = { 0, 0 };
    if (!drop) return err_nomem(e);
    for (int f = 0; f < n_poly; f++) {
        TRY(try_powers(&drop[f], c, poly, n_poly, f, none, 0, q, e));
        order[f] = f;
    }
    for (int i = 1; i < n_poly; i++)
        for (int k = i; k > 0 && drop[order[k]] < drop[order[k - 1]]; k--) { int s = order[k]; order[k] = order[k - 1]; order[k - 1] = s; }
out:
    return rc;
}

Rc cox_fractional(CoxModel *c, CoxTies ties, MethodRun *run, Err *e)
{
    Rc rc = OK;
    Arena *a = &c->a;
    const Formula *f = c->d.formula;
    Str text = { 0 };
    Poly *poly = ARENA_NEW(a, (size_t)c->p + 1, Poly);
    int *order = ARENA_NEW(a, (size_t)c->p + 1, int), n_poly = 0, cycles = 0;
    const size_t most = 2 * (size_t)(c->p + 1);
    Trial q = { ARENA_ROOM(a, c->d.n * most, double), (const double **)arena_array(a, most, sizeof(double *)) };
    double alpha = option_number(c->call, "alpha", .05), ll = 0;
    if (!poly || !order || !q.x || !q.xj) return err_nomem(e);
    c->data.ties = ties;
    for (int k = 0; k < c->p; k++) {
        const Term *t = &f->term[c->d.assign[c->column[k]] - 1];
        const Var *v = &f->var[t->var[0]];
        if (v->kind != VAR_FP) continue;
        if (t->n > 1) return err_set(e, ERR_USAGE, "cox: fp() stands alone, not in a product");
        poly[n_poly] = (Poly){ .var = v, .column = k, .n_powers = 1, .power = { 1, 0 } };
        TRY(set_scale(&poly[n_poly++], c->xj[k], c->d.n, a, e));
    }
    TRY(visiting_order(order, c, poly, n_poly, q, a, e));
    for (bool changed = true; changed && cycles < CYCLES_MAX; cycles++) {
        changed = false;
        for (int k = 0; k < n_poly; k++) TRY(choose(&changed, c, poly, n_poly, order[k], alpha, q, e));
    }
    TRY(try_powers(&ll, c, poly, n_poly, -1, NULL, 0, q, e));
    /* The chosen model as an ordinary one. */
    str_appendf(&text, "%s~", f->left->label);
    for (size_t t = 0; t < f->n_terms; t++) {
        int k = 0;
        while (k < n_poly && poly[k].var != &f->var[f->term[t].var[0]]) k++;
        if (t) str_append(&text, "+");
        if (k < n_poly && f->term[t].n == 1) append_terms(&text, &poly[k]);
        else str_append(&text, f->term[t].label);
    }
    append_list(&text, "strata", f->strata, f->n_strata);
    append_list(&text, "offset", f->offset, f->n_offsets);
    if (f->cluster) str_appendf(&text, "+cluster(%s)", f->cluster->label);
    TRY(str_check(&text, e));
    StatCall call = *c->call;
    call.formula = str_text(&text);
    json_remove(c->out, "diagnosis");
    rc = run(c->out, &call, e);
    json_set_text(c->out, "formula_chosen", str_text(&text));
    json_set_number(c->out, "deviance", -2 * ll);
    Json *o = json_set(c->out, "fp", json_object());
    for (int k = 0; k < n_poly; k++) json_set_numbers(o, poly[k].var->expr->label, poly[k].power, (size_t)poly[k].n_powers);
    json_set_text(c->out, "note", "powers were chosen by the data: standard errors and tests do not know it");
out:
    str_free(&text);
    return rc;
}
