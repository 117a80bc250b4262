/* stats/logrank_method.c: `logrank`: log-rank and G-rho tests, stratified, for trend and by pairs. */
#include <math.h>
#include <stdio.h>

#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/logrank.h"
#include "stats/method.h"
#include "stats/multiplicity.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "rho", OPTION_NUMBERS, NULL, "weights S(t-)^rho: 0 log-rank (default), 1 Peto-Wilcoxon; several by commas" },
    { "robust", OPTION_FLAG, NULL, "variance between rows; on by itself with a cluster or weights other than whole numbers" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

typedef struct {
    const Design *d;
    int *group;
    char **label;
    size_t n_groups, *size;
    bool robust;
    Arena *arena;
} Setting;

static LogrankData data_of(const Setting *s)
{
    const Design *d = s->d;
    return (LogrankData){ d->n, d->start, d->time, d->event, s->group, d->stratum, (int)s->n_groups, (int)d->n_strata, d->weight, d->cluster,
                          d->n_clusters, s->robust };
}

static Rc write_test(Json *out, const Setting *s, double rho, Err *e)
{
    LogrankTest t;
    LogrankData data = data_of(s);
    Rc rc = logrank_test(&t, &data, rho, s->arena, e);
    if (rc != OK) return rc;
    char number[KEY_MAX];
    const char *key = arena_printf(s->arena, "rho%s", number_key(number, rho));
    if (!key) return err_nomem(e);
    const char *const *name = (const char *const *)s->label;
    Json *o = json_set(out, key, json_object()), *n = NULL;
    json_set_texts(o, "groups", name, s->n_groups);
    n = json_set(o, "n", json_array());
    for (size_t g = 0; g < s->n_groups; g++) json_push(n, json_from_number((double)s->size[g]));
    json_set_numbers(o, "observed", t.observed, s->n_groups);
    json_set_numbers(o, "expected", t.expected, s->n_groups);
    json_set_matrix(o, "var", t.var, s->n_groups, s->n_groups, name, name);
    json_set_number(o, "chisq", t.chisq);
    json_set_number(o, "df", t.df);
    json_set_number(o, "p", t.p);
    Json *trend = json_set(o, "trend", json_object()), *scores = json_set(trend, "scores", json_array());
    for (size_t g = 0; g < s->n_groups; g++) json_push(scores, json_from_number((double)g + 1));
    json_set_number(trend, "chisq", t.trend_chisq);
    json_set_number(trend, "p", t.trend_p);
    return OK;
}

/* Every pair of groups by its own rows. */
static Rc write_pairs(Json *out, const Setting *s, Err *e)
{
    Rc rc = OK;
    const Design *d = s->d;
    size_t m = s->n_groups * (s->n_groups - 1) / 2, at = 0;
    double *x = ARENA_NEW(s->arena, 4 * d->n, double), *p = ARENA_NEW(s->arena, 4 * m, double);
    int *group = ARENA_NEW(s->arena, 2 * d->n, int);
    const char **a = (const char **)arena_array(s->arena, m, sizeof *a), **b = (const char **)arena_array(s->arena, m, sizeof *b);
    if (!x || !p || !group || !a || !b) return err_nomem(e);
    for (size_t g = 0; g < s->n_groups; g++)
        for (size_t h = g + 1; h < s->n_groups; h++, at++) {
            LogrankData q = { .time = x, .event = x + d->n, .start = d->start ? x + 2 * d->n : NULL, .group = group, .n_groups = 2,
                              .weight = d->weight ? x + 3 * d->n : NULL, .cluster = d->cluster ? group + d->n : NULL,
                              .n_clusters = d->n_clusters, .robust = s->robust };
            for (size_t i = 0; i < d->n; i++) {
                if (s->group[i] != (int)g && s->group[i] != (int)h) continue;
                x[q.n] = d->time[i];
                x[d->n + q.n] = d->event[i];
                if (d->start) x[2 * d->n + q.n] = d->start[i];
                if (d->weight) x[3 * d->n + q.n] = d->weight[i];
                if (d->cluster) group[d->n + q.n] = d->cluster[i];
                group[q.n++] = s->group[i] == (int)h;
            }
            LogrankTest t;
            TRY(logrank_test(&t, &q, 0, s->arena, e));
            a[at] = s->label[g];
            b[at] = s->label[h];
            p[at] = t.p;
            p[m + at] = t.chisq;
        }
    TRY(p_adjust(p + 2 * m, p, m, ADJUST_HOLM, e));
    TRY(p_adjust(p + 3 * m, p, m, ADJUST_BH, e));
    Json *o = json_set(out, "pairwise_rho0", json_object());
    json_set_texts(o, "a", a, m);
    json_set_texts(o, "b", b, m);
    json_set_numbers(o, "chisq", p + m, m);
    json_set_numbers(o, "p", p, m);
    json_set_numbers(o, "p_holm", p + 2 * m, m);
    json_set_numbers(o, "p_bh", p + 3 * m, m);
out:
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    Arena a = { 0 };
    Setting s = { .d = &d, .arena = &a };
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true }, e));
    if (d.n_terms == 0) { rc = err_set(e, ERR_USAGE, "'%s': a group is expected right of ~", call->formula); goto out; }
    s.robust = option_flag(call, "robust") || d.cluster || !design_weights_whole(&d);
    if (s.robust) TRY(design_sort_rows(&d, e));
    TRY(design_groups(&s.group, &s.label, &s.n_groups, &d, call, -1, true, e));
    double events = 0;
    s.size = ARENA_NEW(&a, s.n_groups, size_t);
    if (!s.size) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < d.n; i++) { events += d.event[i] != 0; s.size[s.group[i]]++; }
    json_set_number(out, "nevent", events);
    if (s.n_groups < 2) {
        rc = diagnose_fatal(out, e, "one_group", "all %zu rows are in one group (%s): there is nothing to compare", d.n,
                            s.n_groups ? s.label[0] : "");
        goto out;
    }
    if (events == 0) {
        rc = diagnose_fatal(out, e, "no_events", "none of %zu rows has an event: the test is not defined", d.n);
        goto out;
    }
    if (s.robust)
        json_set_text(out, "convention", "variance between rows or clusters (robust score test of Cox, ties by Breslow); observed and expected are "
                                         "sums of weights");
    else
        json_set_text(out, "convention", d.weight ? "hypergeometric variance; a row of weight 2 counts as two rows" : "hypergeometric variance");
    const double *rho = NULL, log_rank[1] = { 0 };
    size_t n_rho = option_numbers(&rho, call, "rho", &a);
    if (!n_rho) { rho = log_rank; n_rho = 1; }
    for (size_t i = 0; i < n_rho; i++) {
        if (rho[i] < 0) { rc = err_set(e, ERR_USAGE, "--rho is %g, expected 0 or more", rho[i]); goto out; }
        TRY(write_test(out, &s, rho[i], e));
    }
    if (s.n_groups > 2 && !d.stratum) TRY(write_pairs(out, &s, e));
    if (events < 10) diagnose(out, "few_events", "%g events: the chi-square distribution is a rough guide only", events);
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_logrank = {
    .name = "logrank", .summary = "log-rank and G-rho tests of survival curves, stratified, for trend, by pairs",
    .formula = FORMULA_SURVIVAL, .needs_data = true, .fits_protocol = true, .options = options, .run = run,
    .source = "Mantel 1966; Harrington & Fleming 1982; Tarone 1975"
};
