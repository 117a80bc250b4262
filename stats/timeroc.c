/* stats/timeroc.c: `timeroc`: areas under time-dependent ROC curves, with competing events, and their comparison. */
#include <math.h>
#include <string.h>

#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/ipcw_cox.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "cause", OPTION_NUMBER, NULL, "code of the event of interest (default 1)" },
    { "cens-code", OPTION_NUMBER, NULL, "code of a censored time (default 0)" },
    { "weighting", OPTION_CHOICE, "marginal|cox", "censoring curve: Kaplan-Meier (default), or a Cox model on all markers" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

typedef struct {
    Design d;
    int *state;
    const double *times;
    size_t n_times;
    bool competing;
    bool any;                      /* there is an area */
    Ipcw ipcw;
    CensoringModel censoring;      /* Cox */
    double *weight;                /* [times][n] of it; NULL: marginal */
    double *influence;             /* [2 definitions][markers][times][n]: NULL with one marker and marginal weights */
    Measure *auc;                  /* [2][markers][times] */
} Work;

static size_t at(const Work *w, int definition, size_t marker, size_t t)
{
    return ((size_t)definition * w->d.p + marker) * w->n_times + t;
}

/* Every row is one of four at each time: T before t with the event, after t, before with another event, and the rest. */
static Rc write_counts(Json *out, const Work *w, Err *e)
{
    static const char *const all[4] = { "cases", "event_free", "other_events", "censored" }, *const two[3] = { "cases", "event_free",
                                                                                                             "censored" };
    size_t m = w->n_times, cols = w->competing ? 4 : 3;
    Arena a = { 0 };
    double *x = ARENA_NEW(&a, 4 * m, double);
    const char **row = (const char **)arena_array(&a, m + 1, sizeof *row);
    Rc rc = OK;
    if (!x || !row) { rc = err_nomem(e); goto out; }
    for (size_t t = 0; t < m; t++) {
        double count[4] = { 0 };
        char number[KEY_MAX];
        for (size_t i = 0; i < w->d.n; i++) {
            double T = w->d.time[i];
            int k = T > w->times[t] ? 1 : T < w->times[t] && w->state[i] == 1 ? 0 : T < w->times[t] && w->state[i] == 2 ? 2 : 3;
            count[k]++;
        }
        row[t] = arena_printf(&a, "t=%s", number_key(number, w->times[t]));
        if (!row[t]) { rc = err_nomem(e); goto out; }
        x[t] = count[0];
        x[m + t] = count[1];
        x[2 * m + t] = w->competing ? count[2] : count[3];
        x[3 * m + t] = count[3];
    }
    json_set_matrix(out, "counts", x, m, cols, row, w->competing ? all : two);
out:
    arena_free(&a);
    return rc;
}

static void write_series(Json *o, const char *key, const Work *w, int definition, size_t marker, bool se)
{
    Json *list = json_set(o, key, json_array());
    for (size_t t = 0; t < w->n_times; t++) {
        const Measure *m = &w->auc[at(w, definition, marker, t)];
        json_push(list, json_from_number(se ? m->se : m->value));
    }
}

static Rc write_comparison(Json *o, const char *key, const Work *w, int definition, size_t i, size_t j, Err *e)
{
    size_t n = w->d.n;
    Arena a = { 0 };
    double *u = ARENA_NEW(&a, n, double);
    if (!u) { arena_free(&a); return err_nomem(e); }
    Json *list = json_set(o, key, json_array());
    for (size_t t = 0; t < w->n_times; t++) {
        const double *ui = w->influence + at(w, definition, i, t) * n, *uj = w->influence + at(w, definition, j, t) * n;
        for (size_t k = 0; k < n; k++) u[k] = ui[k] - uj[k];
        double diff = w->auc[at(w, definition, i, t)].value - w->auc[at(w, definition, j, t)].value, se = NAN;
        Rc rc = ipcw_se(&se, &w->ipcw, u, e);
        if (rc != OK) { arena_free(&a); return rc; }
        json_push(list, json_from_number(se > 0 ? normal_two_sided_p(diff / se) : NAN));
    }
    arena_free(&a);
    return OK;
}

static Rc prepare(Work *w, Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design *d = &w->d;
    double cause = option_number(call, "cause", 1), censored = option_number(call, "cens_code", 0), cases = 0;
    TRY(design_build(d, out, call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true, .codes = true }, e));
    TRY(design_check_levels(d, out, d->p > 0, e));
    if (d->start) { rc = err_set(e, ERR_USAGE, "timeroc wants Surv(time, code), not start and stop"); goto out; }
    if (d->p == 0) { rc = err_set(e, ERR_USAGE, "'%s': a marker is expected right of ~", call->formula); goto out; }
    w->n_times = option_numbers(&w->times, call, "times", &d->arena);
    if (w->n_times == 0) { rc = err_set(e, ERR_USAGE, "timeroc wants --times"); goto out; }
    TRY(design_sort_rows(d, e));
    w->state = ARENA_NEW(&d->arena, d->n, int);
    if (!w->state) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < d->n; i++) {
        w->state[i] = d->event[i] == censored ? 0 : d->event[i] == cause ? 1 : 2;
        w->competing = w->competing || w->state[i] == 2;
        cases += w->state[i] == 1;
    }
    json_set_number(out, "nevent", cases);
    if (cases == 0) rc = diagnose_fatal(out, e, "no_events", "no row has code %g, the cause asked for (--cause)", cause);
out:
    return rc;
}

/* 1/G(T-|x) for who had an event by each time, 1/G(t|x) beyond, G by a Cox model of censoring on all markers. */
static Rc cox_weights(Work *w, Json *out, Err *e)
{
    Rc rc = OK;
    Design *d = &w->d;
    size_t n = d->n;
    w->weight = ARENA_NEW(&d->arena, n * w->n_times, double);
    if (!w->weight) return err_nomem(e);
    TRY(censoring_fit(&w->censoring, &w->ipcw, d->x, d->p, (const char *const *)d->term, out, &d->arena, e));
    for (size_t t = 0; t < w->n_times; t++) censoring_weights(w->weight + t * n, &w->censoring, d->x, w->times[t]);
out:
    return rc;
}

/* Every marker by every definition at every time. */
static Rc areas(Work *w, Err *e)
{
    Rc rc = OK;
    const size_t n = w->d.n;
    Arena a = { 0 };
    for (size_t j = 0; j < w->d.p; j++) {
        IpcwRanked ranked;
        TRY(ipcw_ranked_init(&ranked, &w->ipcw, w->d.x + j * n, &a, e));
        for (int k = 0; k < (w->competing ? 2 : 1); k++)
            for (size_t t = 0; t < w->n_times; t++) {
                const size_t q = at(w, k, j, t);
                TRY(ipcw_auc_ranked(&w->auc[q], w->influence ? w->influence + q * n : NULL, &ranked, w->times[t], CASES_BEFORE_T, k == 1,
                                    w->weight ? w->weight + t * n : NULL, e));
                w->any = w->any || !isnan(w->auc[q].value);
                if (!w->weight || isnan(w->auc[q].value)) continue;
                TRY(censoring_influence(w->influence + q * n, &w->censoring, w->times[t], e));
                TRY(ipcw_se(&w->auc[q].se, &w->ipcw, w->influence + q * n, e));
            }
        arena_free(&a);
    }
out:
    arena_free(&a);
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Work w = { 0 };
    Design *d = &w.d;
    TRY(prepare(&w, out, call, e));
    const Clusters clusters = { d->n, d->cluster, d->n_clusters };
    TRY(ipcw_init_weighted(&w.ipcw, d->time, w.state, d->weight, &clusters, &d->arena, e));
    bool cox = strcmp(option_text(call, "weighting", "marginal"), "cox") == 0;
    double n_censored = 0;
    for (size_t i = 0; i < d->n; i++) n_censored += w.state[i] == 0;
    const bool modelled = cox && n_censored > 0, kept = modelled || d->p > 1;
    if (kept) w.influence = ARENA_NEW(&d->arena, 2 * d->p * w.n_times * d->n, double);
    w.auc = ARENA_NEW(&d->arena, 2 * d->p * w.n_times, Measure);
    if ((kept && !w.influence) || !w.auc) { rc = err_nomem(e); goto out; }
    if (modelled) TRY(cox_weights(&w, out, e));
    TRY(areas(&w, e));
    json_set_numbers(out, "times", w.times, w.n_times);
    json_set_text(out, "convention", cox ? "cases T < t, controls T > t; weights 1/G(T-|x) and 1/G(t|x) of a Cox model of censoring on all "
                                           "markers, whose estimation is in the standard errors; def2: controls are all without the cause"
                                         : "cases T < t, controls T > t; weights 1/G(T-) and 1/G(t) of the marginal Kaplan-Meier curve "
                                           "of censoring; def2: controls are all without the cause");
    if (d->weight || d->cluster)
        json_set_text(out, "weights_convention", "weighted sums, in the censoring curve as well; counts are rows; variance between rows or clusters");
    TRY(write_counts(out, &w, e));
    Json *markers = json_set(out, "markers", json_object()), *list = json_set(out, "compare", json_array());
    for (size_t j = 0; j < d->p; j++) {
        Json *o = json_set(markers, d->term[j], json_object());
        write_series(o, "auc", &w, 0, j, false);
        write_series(o, "se", &w, 0, j, true);
        if (!w.competing) continue;
        write_series(o, "auc_def2", &w, 1, j, false);
        write_series(o, "se_def2", &w, 1, j, true);
    }
    for (size_t i = 0; i < d->p; i++)
        for (size_t j = i + 1; j < d->p; j++) {
            Json *o = json_push(list, json_object());
            json_set_text(o, "a", d->term[i]);
            json_set_text(o, "b", d->term[j]);
            TRY(write_comparison(o, "p", &w, 0, i, j, e));
            if (w.competing) TRY(write_comparison(o, "p_def2", &w, 1, i, j, e));
        }
    if (!w.any)
        rc = diagnose_fatal(out, e, "one_class", "at none of the times are there both cases (T < t) and controls (T > t)");
out:
    design_free(d);
    return rc;
}

const Method method_timeroc = {
    .name = "timeroc", .summary = "areas under time-dependent ROC curves weighted for censoring, with competing events",
    .formula = FORMULA_SURVIVAL, .needs_data = true, .options = options, .run = run,
    .source = "Uno et al. 2007; Hung & Chiang 2010; Blanche et al. 2013"
};
