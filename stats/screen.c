/* stats/screen.c: `screen`: every variable alone in a Cox model, on its own complete rows, with p-values adjusted for their number. */
#include <math.h>
#include <string.h>

#include "core/par.h"
#include "stats/concordance.h"
#include "stats/cox_fit.h"
#include "stats/cox_single.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/existence.h"
#include "stats/multiplicity.h"
#include "stats/linalg.h"
#include "stats/result_keys.h"
#include "stats/terms.h"

enum { COLUMNS = 7 };      /* n coef se p_wald p_lr p_score c */

typedef struct {
    const StatCall *call;
    const Formula *formula;
    double *table;             /* terms x COLUMNS, column-major */
    char **note;               /* why a term has no estimate */
    Arena *arena;              /* one a worker */
    size_t n;
    const Design *common;      /* rows and columns of all variables at once, when they allow it */
    size_t *order;
    CoxSingle single;          /* of the common rows, when they have no more than times and events; else n is 0 */
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
    row[3 * q->n] = chisq_sf(linalg_quadratic_form_inverse(m.g, m.vcov, p), p);
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
    ConcordanceData pairs = { d->n, data.start, data.time, event, data.w, marker, stratum, PAIRS_N, INFINITY };
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

/* One variable with rows of its own: the same analysis as `cox 'Surv(…) ~ variable'`. */
static Rc one(void *context, size_t t, int worker, Err *e)
{
    Screen *q = context;
    Rc rc = OK;
    Arena a = { 0 };
    Design d = { 0 };
    Json *out = json_object();
    size_t *order = NULL;
    Err own = { 0 };
    char *text = arena_printf(&a, "%s~%s", q->formula->left->label, q->formula->term[t].label);
    for (size_t k = 0; text && k < q->formula->n_strata; k++) text = arena_printf(&a, "%s+strata(%s)", text, q->formula->strata[k]->label);
    for (size_t k = 0; text && k < q->formula->n_offsets; k++) text = arena_printf(&a, "%s+offset(%s)", text, q->formula->offset[k]->label);
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

/* The short way for a plain column; false where the general one has more to say. */
static bool short_way(Screen *q, size_t t, const double *x)
{
    Arena a = { 0 };
    CoxSingleFit f;
    const bool done = q->single.n > 0 && cox_single_fit(&f, &q->single, x, &a);
    arena_free(&a);
    if (!done) return false;
    const double z2 = f.coef / f.se * (f.coef / f.se), lr = fmax(2 * (f.loglik - f.loglik_null), 0);
    const double value[COLUMNS] = { (double)q->single.n, f.coef, f.se, chisq_sf(z2, 1), chisq_sf(lr, 1), chisq_sf(f.score_chisq, 1), f.c };
    for (size_t k = 0; k < COLUMNS; k++) q->table[t + k * q->n] = value[k];
    return true;
}

/* One column of numbers of the common design, when no row is incomplete: rows are sorted once for all. */
static Rc one_of_common(void *context, size_t t, int worker, Err *e)
{
    Screen *q = context;
    const Design *d = q->common;
    const double *x = d->x + t * d->n;
    Err own = { 0 };
    Rc rc = OK;
    bool constant = true;
    if (short_way(q, t, x)) return OK;
    for (int k = 0; k < COLUMNS; k++) q->table[t + (size_t)k * q->n] = NAN;
    for (size_t i = 1; i < d->n && constant; i++) constant = x[i] == x[0];
    if (constant) rc = err_set(&own, ERR_ESTIMATE, "constant_column: the same value in every row");
    else rc = estimate(q, t, d, q->order, x, 1, &q->arena[worker], &own);
    return take_note(q, t, worker, rc, &own, e);
}

/* Builds the common design; false when some variable is no number or some row is incomplete. */
static bool build_common(Screen *q, Design *d, Arena *a)
{
    Json *out = json_object();
    Err ignored = { 0 };
    const DesignWish wish = { .kind = FORMULA_SURVIVAL, .no_intercept = true };
    bool fine = out && design_build(d, out, q->call, &wish, &ignored) == OK && d->n_dropped_missing == 0 && d->p == q->n;
    for (size_t t = 0; fine && t < q->n; t++)
        fine = q->formula->term[t].n == 1 && d->formula->var[d->formula->term[t].var[0]].kind == VAR_NUMBER;
    if (fine) fine = design_canonical_order(&q->order, d, a, &ignored) == OK;
    q->common = fine ? d : NULL;
    const char *ties = option_text(q->call, "ties", "efron");
    const bool plain = fine && !d->start && !d->weight && !d->offset && !d->stratum && !d->cluster && strcmp(ties, "exact") != 0;
    if (plain && cox_single_init(&q->single, d->time, d->event, d->n, strcmp(ties, "efron") == 0, a, &ignored) != OK) q->single.n = 0;
    json_free(out);
    return fine;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    static const char *const cols[COLUMNS] = { "n", "coef", "se", "p_wald", "p_lr", "p_score", "c" };
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
    q.table = ARENA_NEW(&a, q.n * COLUMNS, double);
    q.note = ARENA_NEW(&a, q.n, char *);
    q.arena = ARENA_NEW(&a, (size_t)threads, Arena);
    double *adjusted = ARENA_NEW(&a, q.n, double);
    const char **rows = (const char **)arena_array(&a, q.n, sizeof(char *));
    if (!q.table || !q.note || !q.arena || !adjusted || !rows) { rc = err_nomem(e); goto out; }
    for (size_t t = 0; t < q.n; t++) rows[t] = f->term[t].label;
    rc = parallel_for(q.n, threads, build_common(&q, &common, &a) ? one_of_common : one, &q, e);
    for (size_t t = 0; rc == OK && t < q.n; t++)
        if (q.note[t]) diagnose(out, strstr(q.note[t], "monotone") ? "monotone_likelihood" : "no_information", "%s: %s", rows[t], q.note[t]);
    for (int w = 0; w < threads; w++) arena_free(&q.arena[w]);
    if (rc != OK) goto out;
    json_set_number(out, "tests", (double)q.n);
    json_set_matrix(out, "table", q.table, q.n, COLUMNS, rows, cols);
    TRY(p_adjust(adjusted, q.table + 4 * q.n, q.n, ADJUST_BH, e));
    set_by_term(out, "p_lr_BH", adjusted, q.n, (char *const *)rows);
    TRY(p_adjust(adjusted, q.table + 4 * q.n, q.n, ADJUST_HOLM, e));
    set_by_term(out, "p_lr_holm", adjusted, q.n, (char *const *)rows);
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
