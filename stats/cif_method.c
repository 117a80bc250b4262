/* stats/cif_method.c: `cif`: cumulative incidence of competing events by group, and Gray's test between the groups. */
#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "stats/cif.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "rho", OPTION_NUMBERS, NULL, "Gray's test with weights (1 - F(t-))^rho (default 0); several by commas" },
    { "cens-code", OPTION_NUMBER, NULL, "code of a censored time (default 0)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

typedef struct {
    const Design *d;
    int *group, *cause;              /* cause: 0 censored, 1 … K */
    char **label;
    size_t n_groups;
    const char **cause_name;         /* [K+1], 0 is the event-free state */
    int n_causes;
    CifCurve *curve;
    bool robust;                     /* rows are no draws of their own, or stand for more than themselves: the jackknife alone holds */
    Arena *arena;
} Cif;

/* Distinct codes other than that of censoring, ascending, become 1 … K. */
static Rc find_causes(Cif *c, double censored, Err *e)
{
    const Design *d = c->d;
    double *code = ARENA_NEW(c->arena, d->n + 1, double);
    c->cause = ARENA_NEW(c->arena, d->n, int);
    if (!code || !c->cause) return err_nomem(e);
    size_t n = 0, k = 0;
    for (size_t i = 0; i < d->n; i++)
        if (d->event[i] != censored) code[n++] = d->event[i];
    sort_doubles(code, n);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || code[i] != code[k - 1]) code[k++] = code[i];
    for (size_t i = 0; i < d->n; i++)
        for (size_t q = 0; q < k; q++)
            if (d->event[i] == code[q] && d->event[i] != censored) c->cause[i] = (int)q + 1;
    c->n_causes = (int)k;
    const char **name = number_keys(code, k, c->arena);
    c->cause_name = (const char **)arena_array(c->arena, k + 1, sizeof(char *));
    if (!name || !c->cause_name) return err_nomem(e);
    c->cause_name[0] = "(s0)";
    for (size_t q = 0; q < k; q++) c->cause_name[q + 1] = name[q];
    return OK;
}

static Rc estimate(Cif *c, Err *e)
{
    const Design *d = c->d;
    double *time = ARENA_NEW(c->arena, 2 * d->n, double), *weight = d->weight ? time + d->n : NULL;
    int *cause = ARENA_NEW(c->arena, 2 * d->n, int), *cluster = d->cluster ? cause + d->n : NULL;
    c->curve = ARENA_NEW(c->arena, c->n_groups, CifCurve);
    if (!time || !cause || !c->curve) return err_nomem(e);
    for (size_t g = 0; g < c->n_groups; g++) {
        size_t n = 0;
        for (size_t i = 0; i < d->n; i++) {
            if (c->group[i] != (int)g) continue;
            if (weight) weight[n] = d->weight[i];
            if (cluster) cluster[n] = d->cluster[i];
            time[n] = d->time[i];
            cause[n++] = c->cause[i];
        }
        Rc rc = cif_curve(&c->curve[g], &(CifData){ n, time, cause, c->n_causes, weight, cluster, d->n_clusters }, c->arena, e);
        if (rc != OK) return rc;
    }
    return OK;
}

static const char *group_name(const Cif *c, size_t g) { return c->label[g][0] ? c->label[g] : "all"; }

/* est and var: a row a curve and cause, a column a time. */
static Rc write_estimates(Json *out, const Cif *c, const double *times, size_t n_times, Err *e)
{
    size_t rows = c->n_groups * (size_t)c->n_causes, at = 0;
    const char **row = (const char **)arena_array(c->arena, rows, sizeof *row), **col = number_keys(times, n_times, c->arena);
    double *est = ARENA_NEW(c->arena, rows * n_times, double), *var = ARENA_NEW(c->arena, rows * n_times, double);
    if (!row || !col || !est || !var) return err_nomem(e);
    for (int k = 1; k <= c->n_causes; k++)
        for (size_t g = 0; g < c->n_groups; g++, at++) {
            const CifCurve *q = &c->curve[g];
            row[at] = arena_printf(c->arena, "%s, %s", group_name(c, g), c->cause_name[k]);
            if (!row[at]) return err_nomem(e);
            for (size_t i = 0; i < n_times; i++) {
                long r = cif_row(q, times[i]);
                bool known = times[i] <= q->time[q->n - 1] || q->surv[q->n - 1] == 0;
                est[i * rows + at] = known ? cif_at(q, k, times[i]) : NAN;
                double se = r == CIF_BEFORE ? 0 : q->se_state[(size_t)k * q->n + (size_t)r];
                var[i * rows + at] = !known ? NAN : c->robust ? se * se : r == CIF_BEFORE ? 0 : q->var[(size_t)(k - 1) * q->n + (size_t)r];
            }
        }
    json_set_matrix(out, "est", est, rows, n_times, row, col);
    json_set_matrix(out, "var", var, rows, n_times, row, col);
    return OK;
}

static Rc write_states(Json *out, const Cif *c, const double *times, size_t n_times, Err *e)
{
    size_t rows = c->n_groups * n_times, states = (size_t)c->n_causes + 1, at = 0;
    double *p = ARENA_NEW(c->arena, rows * states, double), *se = ARENA_NEW(c->arena, rows * states, double);
    const char **row = (const char **)arena_array(c->arena, rows, sizeof *row);
    if (!p || !se || !row) return err_nomem(e);
    Json *o = json_set(out, "aalen_johansen", json_object());
    Json *strata = json_set(o, "strata", json_array()), *time = json_set(o, "time", json_array()),
         *risk = json_set(o, "n_risk", json_array());
    json_set_texts(o, "states", c->cause_name, states);
    for (size_t g = 0; g < c->n_groups; g++)
        for (size_t i = 0; i < n_times; i++, at++) {
            const CifCurve *q = &c->curve[g];
            long r = cif_row(q, times[i]), next = r != CIF_BEFORE && q->time[r] == times[i] ? r : r + 1;
            bool known = times[i] <= q->time[q->n - 1] || q->surv[q->n - 1] == 0;
            json_push(strata, json_from_text(group_name(c, g)));
            json_push(time, json_from_number(times[i]));
            json_push(risk, json_from_number((size_t)next < q->n ? q->n_risk[next] : 0));
            char number[KEY_MAX];
            row[at] = arena_printf(c->arena, "%s, %s", group_name(c, g), number_key(number, times[i]));
            if (!row[at]) return err_nomem(e);
            for (size_t k = 0; k < states; k++) {
                p[k * rows + at] = known ? cif_at(q, (int)k, times[i]) : NAN;
                se[k * rows + at] = !known ? NAN : r == CIF_BEFORE ? 0 : q->se_state[k * q->n + (size_t)r];
            }
        }
    json_set_matrix(o, "pstate", p, rows, states, row, c->cause_name);
    json_set_matrix(o, "se_infinitesimal_jackknife", se, rows, states, row, c->cause_name);
    return OK;
}

static Rc write_years_lost(Json *out, const Cif *c, double tau, Err *e)
{
    size_t states = (size_t)c->n_causes + 1, rows = c->n_groups * states, at = 0;
    double *x = ARENA_NEW(c->arena, 3 * rows, double);
    const char **row = (const char **)arena_array(c->arena, rows, sizeof *row);
    static const char *const col[3] = { "n", "nevent", "rmean" };
    if (!x || !row) return err_nomem(e);
    for (size_t k = 0; k < states; k++)
        for (size_t g = 0; g < c->n_groups; g++, at++) {
            const CifCurve *q = &c->curve[g];
            row[at] = arena_printf(c->arena, "%s, %s", group_name(c, g), c->cause_name[k]);
            if (!row[at]) return err_nomem(e);
            x[at] = (double)q->n_rows;
            for (size_t i = 0; k > 0 && i < q->n; i++) x[rows + at] += q->n_event[(k - 1) * q->n + i];
            x[2 * rows + at] = cif_area(q, (int)k, tau);
        }
    json_set_matrix(out, "years_lost_table", x, rows, 3, row, col);
    return OK;
}

static Rc write_gray(Json *out, const Cif *c, double rho, Err *e)
{
    const Design *d = c->d;
    size_t K = (size_t)c->n_causes;
    double *x = ARENA_NEW(c->arena, 3 * K + 1, double);
    static const char *const col[3] = { "stat", "p", "df" };
    char number[KEY_MAX];
    const char *key = rho == 0 ? "gray_tests" : arena_printf(c->arena, "gray_tests_rho%s", number_key(number, rho));
    if (!x || !key) return err_nomem(e);
    for (size_t k = 0; k < K; k++) {
        GrayTest t;
        Rc rc = gray_test(&t, d->n, d->time, c->cause, (int)k + 1, c->group, (int)c->n_groups, d->stratum, (int)d->n_strata, d->weight, rho, e);
        if (rc != OK) return rc;
        x[k] = t.stat;
        x[K + k] = t.p;
        x[2 * K + k] = t.df;
    }
    json_set_matrix(out, key, x, K, 3, c->cause_name + 1, col);
    return OK;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    Arena a = { 0 };
    Cif c = { .d = &d, .arena = &a };
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true, .codes = true }, e));
    if (d.start) { rc = err_set(e, ERR_USAGE, "cif wants Surv(time, code), not start and stop"); goto out; }
    c.robust = d.cluster || !design_weights_whole(&d);
    if (c.robust) TRY(design_sort_rows(&d, e));
    TRY(design_groups(&c.group, &c.label, &c.n_groups, &d, call, -1, false, e));
    TRY(find_causes(&c, option_number(call, "cens_code", 0), e));
    TRY(estimate(&c, e));
    size_t events = 0;
    for (size_t i = 0; i < d.n; i++) events += c.cause[i] > 0;
    json_set_number(out, "nevent", (double)events);
    const double *times = NULL, *rho = NULL, none[1] = { 0 };
    size_t n_times = option_numbers(&times, call, "times", &a), n_rho = option_numbers(&rho, call, "rho", &a);
    double tau = option_number(call, "tau", NAN);
    if (n_times) {
        TRY(write_estimates(out, &c, times, n_times, e));
        TRY(write_states(out, &c, times, n_times, e));
    }
    if (!isnan(tau)) TRY(write_years_lost(out, &c, tau, e));
    json_set_text(out, "convention", c.robust ? "var: infinitesimal jackknife between rows or clusters, the square of se_infinitesimal_jackknife"
                                   : d.weight ? "var and Gray's test: cmprsk's, a row of weight 2 counts as two rows; se_infinitesimal_jackknife: of "
                                                "survival, a weighted row is one"
                                              : "var: delta method of cmprsk; se_infinitesimal_jackknife: of survival");
    if (c.robust && n_rho) {
        rc = err_set(e, ERR_USAGE, "--rho: Gray's test has no form for clusters or weights that are no counts; finegray --convention survival has");
        goto out;
    }
    if (events == 0) {
        diagnose(out, "no_events", "nobody has an event of any cause: every incidence is 0");
    } else if (c.n_groups > 1 && c.robust) {
        diagnose(out, "option_unused", "Gray's test has no form for clusters or weights that are no counts and is left out; "
                 "finegray --convention survival tests the groups with a robust variance");
    } else if (c.n_groups > 1) {
        if (!n_rho) { rho = none; n_rho = 1; }
        for (size_t i = 0; i < n_rho; i++) TRY(write_gray(out, &c, rho[i], e));
    }
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_cif = {
    .name = "cif", .summary = "cumulative incidence with competing events, Gray's test, time lost by cause",
    .formula = FORMULA_SURVIVAL, .needs_data = true, .fits_protocol = true, .options = options, .run = run,
    .source = "Aalen & Johansen 1978; Gray 1988"
};
