/* stats/screen.c: `screen`: every variable alone in a Cox model, on its own complete rows, with p-values adjusted for their number. */
#include <math.h>
#include <string.h>

#include "core/par.h"
#include "stats/concordance.h"
#include "stats/cox_fit.h"
#include "stats/cox_inference.h"
#include "stats/cox_single.h"
#include "stats/design_values.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/existence.h"
#include "stats/multiplicity.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"
#include "stats/terms.h"

enum { COLUMNS = 8, ROBUST_SE = 7 };      /* n coef se p_wald p_lr p_score c robust_se */

typedef struct {
    const StatCall *call;
    const Formula *formula;
    double *table;             /* terms x COLUMNS, column-major */
    char **note;               /* why a term has no estimate */
    Arena *arena;              /* one a worker */
    size_t n;
    const Design *outcome;     /* the rows that have an outcome, without columns */
    bool robust;               /* weights other than 0 and 1, as in cox: Wald tests by the sandwich variance */
    bool complete;             /* every variable is a plain column without a missing value in them */
    bool plain;                /* they have no more than times and events, so that plain columns go side by side */
    double **column;           /* [n] values by those rows, NaN where missing; NULL where it is no plain column */
    CoxSingle single;
} Screen;

/* Fit, tests and concordance of the columns x (n x p) on the design's rows: one row of the table. */
static Rc estimate(Screen *q, size_t t, const Design *d, const size_t *order, const double *x, int p, Arena *arena, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxData data = { 0 };
    CoxMaximum m = { 0 };
    double *row = q->table + t;
    const char *ties = option_text(q->call, "ties", "efron");
    CoxInput in = { .n = d->n, .p = p, .x = x, .start = d->start, .time = d->time, .event = d->event, .weight = d->weight,
                    .offset = d->offset, .stratum = d->stratum, .order = order,
                    .ties = strcmp(ties, "breslow") == 0 ? TIES_BRESLOW : strcmp(ties, "exact") == 0 ? TIES_EXACT : TIES_EFRON };
    row[0] = (double)d->n;
    TRY(cox_data_init(&data, &in, &a, e));
    if (data.n_events == 0) { rc = err_set(e, ERR_ESTIMATE, "no_events: no event among its rows"); goto out; }
    TRY(cox_maximise(&m, &data, NULL, NULL, &a, e));
    row[4 * q->n] = chisq_sf(fmax(2 * (m.loglik - m.loglik_start), 0), p);
    row[5 * q->n] = chisq_sf(linalg_quadratic_form_inverse(m.score_start, m.info_start, p), p);
    if (!m.certified) {
        Existence ex = { 0 };
        Err own = { 0 };
        if (existence_cox(&ex, &data, &a, &own) == OK && ex.separated) {
            q->note[t] = arena_strdup(arena, "monotone_likelihood: no finite coefficient; the likelihood-ratio test holds");
            goto out;
        }
    }
    const double *v = m.vcov;
    if (q->robust) {
        double *sums = NULL, *sandwich = ARENA_NEW(&a, (size_t)(p * p) + 1, double);
        size_t rows = 0;
        if (!sandwich) { rc = err_nomem(e); goto out; }
        TRY(cox_cluster_scores(&sums, &rows, &data, m.g, NULL, 0, &a, e));
        TRY(cox_robust(sandwich, sums, rows, m.vcov, p, &a, e));
        v = sandwich;
        if (p == 1) row[ROBUST_SE * q->n] = sqrt(sandwich[0]) * data.T[0];
    }
    row[3 * q->n] = chisq_sf(linalg_quadratic_form_inverse(m.g, v, p), p);
    if (p == 1) {
        row[q->n] = m.g[0] * data.T[0];
        row[2 * q->n] = sqrt(m.vcov[0]) * data.T[0];
    }
    double *marker = ARENA_NEW(&a, d->n + 1, double), *event = ARENA_NEW(&a, d->n + 1, double), *beta = ARENA_NEW(&a, (size_t)p + 1, double);
    int *stratum = d->stratum ? ARENA_NEW(&a, d->n + 1, int) : NULL;
    if (!marker || !event || !beta || (d->stratum && !stratum)) { rc = err_nomem(e); goto out; }
    cox_to_columns(beta, &data, m.g);
    for (size_t i = 0; i < d->n; i++) {
        size_t r = data.order[i];
        for (int j = 0; j < p; j++) marker[i] += beta[j] * x[(size_t)j * d->n + r];
        event[i] = data.event[i];
        if (stratum) stratum[i] = d->stratum[r];
    }
    Concordance c = { 0 };
    ConcordanceData pairs = { .n = d->n, .start = data.start, .time = data.time, .event = event, .weight = data.w, .marker = marker,
                              .stratum = stratum, .tau = INFINITY, .no_influence = true };
    TRY(concordance_estimate(&c, &pairs, NULL, &a, e));
    row[6 * q->n] = c.c;
out:
    arena_free(&a);
    return rc;
}

/* What could not be estimated becomes a note of its variable. */
static Rc take_note(Screen *q, size_t t, int worker, Rc rc, const Err *own, Err *e)
{
    if (rc == ERR_ESTIMATE) { q->note[t] = arena_strdup(&q->arena[worker], own->text); return OK; }
    if (rc != OK && e) *e = *own;
    return rc;
}

/* The model of these covariates with all else that the formula has. */
static char *formula_with(const Screen *q, const char *covariates, Arena *a)
{
    char *text = arena_printf(a, "%s~%s", q->formula->left->label, covariates);
    for (size_t k = 0; text && k < q->formula->n_strata; k++) text = arena_printf(a, "%s+strata(%s)", text, q->formula->strata[k]->label);
    for (size_t k = 0; text && k < q->formula->n_offsets; k++) text = arena_printf(a, "%s+offset(%s)", text, q->formula->offset[k]->label);
    return text;
}

/* One variable with rows of its own: the same analysis as `cox 'Surv(…) ~ variable'`. */
static Rc one(Screen *q, size_t t, int worker, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Design d = { 0 };
    Json *out = json_object();
    size_t *order = NULL;
    Err own = { 0 };
    char *text = formula_with(q, q->formula->term[t].label, &a);
    StatCall call = *q->call;
    const DesignWish wish = { .kind = FORMULA_SURVIVAL, .no_intercept = true };
    for (int k = 0; k < COLUMNS; k++) q->table[t + (size_t)k * q->n] = NAN;
    if (!text || !out) { rc = err_nomem(e); goto out; }
    call.formula = text;
    rc = design_build(&d, out, &call, &wish, &own);
    unsigned char *keep = arena_alloc(&a, d.p + 1);
    if (rc == OK && !keep) rc = err_nomem(&own);
    if (rc == OK) rc = design_check_rank(&d, out, &call, keep, &own);
    if (rc == OK) rc = design_canonical_order(&order, &d, &a, &own);
    if (rc == OK) rc = estimate(q, t, &d, order, d.x, (int)d.p, &q->arena[worker], &own);
    rc = take_note(q, t, worker, rc, &own, e);
out:
    json_free(out);
    design_free(&d);
    arena_free(&a);
    return rc;
}

/* A variable that the common rows have complete: they are sorted already, or need no more than this. */
static Rc one_of_common(Screen *q, size_t t, int worker, Err *e)
{
    Design d = *q->outcome;                    /* borrowed, with one column */
    Arena a = { 0 };
    size_t *order = NULL;
    Err own = { 0 };
    Rc rc = OK;
    bool constant = true;
    const double *only[] = { q->column[t] };
    d.x = q->column[t];
    d.xj = only;
    d.p = 1;
    for (int k = 0; k < COLUMNS; k++) q->table[t + (size_t)k * q->n] = NAN;
    for (size_t i = 1; i < d.n && constant; i++) constant = d.x[i] == d.x[0];
    if (constant) rc = err_set(&own, ERR_ESTIMATE, "constant_column: the same value in every row");
    else {
        rc = design_canonical_order(&order, &d, &a, &own);
        if (rc == OK) rc = estimate(q, t, &d, order, d.x, 1, &q->arena[worker], &own);
    }
    arena_free(&a);
    return take_note(q, t, worker, rc, &own, e);
}

/* LANES variables: those that are plain columns side by side, the others and what those leave one by one. */
static Rc some(void *context, size_t batch, int worker, Err *e)
{
    Screen *q = context;
    Rc rc = OK;
    const size_t from = batch * LANES, to = from + LANES < q->n ? from + LANES : q->n;
    const double *x[LANES] = { NULL };
    size_t term[LANES], m = 0;
    CoxSingleFit f[LANES];
    bool found[LANES] = { false }, done[LANES] = { false };
    for (size_t t = from; t < to && q->plain; t++)
        if (q->column[t]) { x[m] = q->column[t]; term[m++] = t; }
    if (m) TRY(cox_single_fit(f, found, &q->single, x, m, e));
    for (size_t k = 0; k < m; k++) {
        if (!found[k]) continue;
        const double z = f[k].coef / f[k].se, lr = fmax(2 * (f[k].loglik - f[k].loglik_null), 0);
        const double value[COLUMNS] = { f[k].n, f[k].coef, f[k].se, chisq_sf(z * z, 1), chisq_sf(lr, 1), chisq_sf(f[k].score_chisq, 1), f[k].c, NAN };
        for (size_t c = 0; c < COLUMNS; c++) q->table[term[k] + c * q->n] = value[c];
        done[term[k] - from] = true;
    }
    for (size_t t = from; t < to; t++) {
        if (done[t - from]) continue;
        if (q->complete) TRY(one_of_common(q, t, worker, e));
        else TRY(one(q, t, worker, e));
    }
out:
    return rc;
}

/* A variable's numbers by the outcome's rows, NaN where missing; NULL when it is no plain column of numbers. */
static Rc plain_column(double **out, bool *complete, const Screen *q, const Term *term, const Design *d, Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    const Var *v = &q->formula->var[term->var[0]];
    ExprValue value = { 0 };
    char **level = NULL;
    size_t n_levels = 0;
    bool whole = *complete;
    *out = NULL;
    *complete = false;                         /* until it is seen to be */
    if (term->n != 1 || v->kind != VAR_NUMBER || v->wants_factor) return OK;
    if (v->expr->kind == EXPR_COLUMN) TRY(levels_asked(&level, &n_levels, q->call, v->expr->name, &scratch, e));
    TRY(expr_eval(&value, v->expr, q->call->data, &scratch, e));
    if (n_levels || value.is_text || value.is_logical) goto out;
    double *x = ARENA_NEW(a, d->n + 1, double);
    if (!x) { rc = err_nomem(e); goto out; }
    double largest = 0;
    for (size_t i = 0; i < d->n; i++) {
        x[i] = value.num[d->row[i]];
        if (fabs(x[i]) > largest) largest = fabs(x[i]);
        whole = whole && !isnan(x[i]);
    }
    if (largest > DESIGN_LARGEST || (largest > 0 && largest < DESIGN_SMALLEST)) goto out;      /* refused by name, the general way */
    *out = x;
    *complete = whole;
out:
    arena_free(&scratch);
    return rc;
}

static bool codes_events(const Json *out)
{
    for (const Json *d = json_first(json_get(out, "diagnosis")); d; d = json_next(d))
        if (strcmp(json_text(json_get(d, "code")), "event_coding") == 0) return true;
    return false;
}

/* The outcome alone, its rows sorted once, and the plain columns. What fails here fails again, and says so, for a variable. */
static void build_common(Screen *q, Design *d, Arena *a)
{
    Json *out = json_object();
    Err ignored = { 0 };
    const DesignWish wish = { .kind = FORMULA_SURVIVAL, .no_intercept = true };
    const char *ties = option_text(q->call, "ties", "efron");
    StatCall call = *q->call;
    call.formula = formula_with(q, "1", a);
    q->outcome = d;
    q->complete = out && call.formula && design_build(d, out, &call, &wish, &ignored) == OK;
    q->plain = q->complete && strcmp(ties, "exact") != 0 && !d->start && !d->weight && !d->offset && !d->stratum && !d->cluster;
    for (size_t t = 0; (q->plain || q->complete) && t < q->n; t++)
        if (plain_column(&q->column[t], &q->complete, q, &q->formula->term[t], d, a, &ignored) != OK) q->plain = q->complete = false;
    /* How times are merged and events coded is decided by a variable's own rows; here by all. */
    if (!q->complete && (d->n_times_merged || codes_events(out))) q->plain = false;
    if (q->plain && cox_single_init(&q->single, d->time, d->event, d->n, strcmp(ties, "efron") == 0 ? TIES_EFRON : TIES_BRESLOW, a, &ignored) != OK)
        q->plain = q->complete = false;
    json_free(out);
}

/* cox's rule for a robust variance. What is no number is refused by the design. */
static bool weights_are_odd(const StatCall *call)
{
    const char *name = option_text(call, "weights", NULL);
    const FrameColumn *c = name ? frame_column(call->data, name) : NULL;
    for (size_t i = 0; c && !c->is_text && i < call->data->rows; i++)
        if (!isnan(c->num[i]) && c->num[i] != 0 && c->num[i] != 1) return true;
    return false;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    static const char *const cols[COLUMNS] = { "n", "coef", "se", "p_wald", "p_lr", "p_score", "c", "robust_se" };
    Rc rc = OK;
    Arena a = { 0 };
    Formula *f = NULL;
    int threads = call->threads > 0 ? call->threads : 1;
    Screen q = { .call = call };
    Design common = { 0 };
    TRY(formula_parse(&f, call->formula, &a, e));
    if (f->left_kind != LEFT_SURV || f->n_terms == 0) {
        rc = err_set(e, ERR_USAGE, "screen: Surv(time, event) ~ a + b + … is expected");
        goto out;
    }
    if (f->cluster || f->group) {
        rc = err_set(e, ERR_USAGE, "screen takes no cluster() and no random effect: its p are those of the likelihood");
        goto out;
    }
    q.formula = f;
    q.n = f->n_terms;
    q.robust = weights_are_odd(call);
    if (q.robust && strcmp(option_text(call, "ties", "efron"), "exact") == 0) {
        rc = err_set(e, ERR_USAGE, "screen: --ties exact does not go with weights; take efron or breslow");
        goto out;
    }
    q.table = ARENA_NEW(&a, q.n * COLUMNS, double);
    q.note = ARENA_NEW(&a, q.n, char *);
    q.arena = ARENA_NEW(&a, (size_t)threads, Arena);
    q.column = ARENA_NEW(&a, q.n, double *);
    double *adjusted = ARENA_NEW(&a, q.n, double);
    const char **rows = (const char **)arena_array(&a, q.n, sizeof(char *));
    if (!q.table || !q.note || !q.arena || !q.column || !adjusted || !rows) { rc = err_nomem(e); goto out; }
    for (size_t t = 0; t < q.n; t++) rows[t] = f->term[t].label;
    build_common(&q, &common, &a);
    rc = parallel_for((q.n + LANES - 1) / LANES, threads, some, &q, e);
    for (size_t t = 0; rc == OK && t < q.n; t++)
        if (q.note[t]) diagnose(out, strstr(q.note[t], "monotone") ? "monotone_likelihood" : "no_information", "%s: %s", rows[t], q.note[t]);
    for (int w = 0; w < threads; w++) arena_free(&q.arena[w]);
    if (rc != OK) goto out;
    json_set_number(out, "tests", (double)q.n);
    json_set_matrix(out, "table", q.table, q.n, q.robust ? COLUMNS : COLUMNS - 1, rows, cols);
    TRY(p_adjust(adjusted, q.table + 4 * q.n, q.n, ADJUST_BH, e));
    set_by_term(out, "p_lr_BH", adjusted, q.n, (char *const *)rows);
    TRY(p_adjust(adjusted, q.table + 4 * q.n, q.n, ADJUST_HOLM, e));
    set_by_term(out, "p_lr_holm", adjusted, q.n, (char *const *)rows);
    if (q.robust) {
        json_set_text(out, "convention", "weights other than 0 and 1: p_wald is by the robust variance; p_lr and p_score hold only where a weight counts rows");
        TRY(p_adjust(adjusted, q.table + 3 * q.n, q.n, ADJUST_BH, e));
        set_by_term(out, "p_wald_BH", adjusted, q.n, (char *const *)rows);
        TRY(p_adjust(adjusted, q.table + 3 * q.n, q.n, ADJUST_HOLM, e));
        set_by_term(out, "p_wald_holm", adjusted, q.n, (char *const *)rows);
    }
out:
    design_free(&common);
    arena_free(&a);
    return rc;
}

static const MethodOption options[] = {
    { "ties", OPTION_CHOICE, "efron|breslow|exact", "how tied event times are treated (efron)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

const Method method_screen = {
    .name = "screen",
    .summary = "each variable alone in a Cox model, with adjusted p-values",
    .formula = FORMULA_SURVIVAL,
    .needs_data = true,
    .options = options,
    .run = run,
    .source = "Cox 1972; Benjamini and Hochberg 1995; Holm 1979",
};
