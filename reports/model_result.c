/* reports/model_result.c: fitted models as tables and forest plots. */
#include "reports/model_result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "reports/forest_figure.h"
#include "reports/format.h"

static const struct { const char *measure, *name, *below, *above; } MEASURE[] = {
    { "HR", "Hazard ratio", "lower hazard", "higher hazard" },
    { "SHR", "Subdistribution hazard ratio", "lower incidence", "higher incidence" },
    { "OR", "Odds ratio", "lower odds", "higher odds" },
    { "TR", "Time ratio", "shorter time", "longer time" },
};
enum { N_MEASURES = sizeof MEASURE / sizeof *MEASURE };

const char *measure_name(const char *measure)
{
    for (int i = 0; i < N_MEASURES; i++) if (text_equal(MEASURE[i].measure, measure)) return MEASURE[i].name;
    return NULL;
}

/* The ratio for another step: per 0.1 rather than per 1. */
static double ratio_per(double ratio, double per) { return per == 1 ? ratio : pow(ratio, per); }

static void term_label(Str *out, const ModelTerm *t)
{
    str_append(out, t->label);
    if (t->step) str_appendf(out, ", %s", t->step);
}

/* What the patients of a model had: events, or levels of an ordinal outcome. */
static void outcome_counts(Str *out, const ModelResult *m)
{
    if (m->has_events) str_appendf(out, ", %zu event%s", m->n_events, m->n_events == 1 ? "" : "s");
    for (size_t k = 0; k < m->n_levels; k++) str_appendf(out, "%s%s %zu", k ? ", " : ": ", m->level[k].reason, m->level[k].n);
}

static void term_table(Document *d, const ModelResult *m)
{
    char a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];
    const bool ratios = measure_name(m->measure) != NULL;
    Str text = { 0 };
    size_t columns = ratios ? 5 : 4, k = 0;
    Table *t = document_table(d, NULL, columns);
    document_table_column(d, t, k++, "Term", ALIGN_LEFT);
    document_table_column(d, t, k++, "Coefficient", ALIGN_RIGHT);
    document_table_column(d, t, k++, "SE", ALIGN_RIGHT);
    if (ratios) {
        str_appendf(&text, "%s (95 %% CI)", measure_name(m->measure));
        document_table_column(d, t, k++, str_text(&text), ALIGN_RIGHT);
        str_free(&text);
    }
    document_table_column(d, t, k, "p", ALIGN_RIGHT);
    for (size_t i = 0; i < m->n_terms; i++) {
        const ModelTerm *x = &m->term[i];
        k = 0;
        document_table_row(d, t, ROW_PLAIN);
        term_label(&text, x);
        document_table_cell(d, t, k++, str_text(&text));
        str_free(&text);
        document_table_cell(d, t, k++, format_fixed(a, x->coef, 3));
        document_table_cell(d, t, k++, format_fixed(a, x->se, 3));
        if (ratios) {
            if (isnan(x->ratio)) str_append(&text, "–");
            else str_appendf(&text, "%s (%s–%s)", format_ratio(a, ratio_per(x->ratio, x->per)), format_ratio(b, ratio_per(x->lower, x->per)),
                             format_ratio(c, ratio_per(x->upper, x->per)));
            document_table_cell(d, t, k++, str_text(&text));
            str_free(&text);
        }
        document_table_cell(d, t, k, format_p(a, x->p));
    }
}

/* Findings that ask for a look, not for doubt about the estimate. */
static bool is_remark(const char *code)
{
    static const char *const remark[] = { "influential", "times_merged", "heavy_ties", "event_coding", "unused_level", "level_variants",
                                           "words_among_numbers", "time_zero" };
    for (size_t i = 0; i < sizeof remark / sizeof *remark; i++) if (strcmp(remark[i], code) == 0) return true;
    return false;
}

void model_blocks(Document *d, const ModelResult *m)
{
    Str text = { 0 };
    str_append(&text, m->name);
    if (m->endpoint) str_appendf(&text, ": %s", m->endpoint);
    document_subheading(d, str_text(&text));
    str_free(&text);

    str_appendf(&text, "%s, %s.", m->method, m->formula);
    if (m->clock) str_appendf(&text, " The clock starts at %s.", m->clock);
    document_note(d, str_text(&text));
    str_free(&text);
    if (m->refused) {
        str_appendf(&text, "Not fitted: %s", m->refused);
        document_warning(d, str_text(&text));
        str_free(&text);
        return;
    }
    if (m->stale) document_warning(d, "Made from inputs that have changed since; run `reox fit` again.");

    str_appendf(&text, "n = %zu of %zu patients", m->n, m->n_total);
    outcome_counts(&text, m);
    str_append(&text, ".");
    if (m->n_left_out) {
        str_append(&text, " Left out: ");
        for (size_t i = 0; i < m->n_left_out; i++)
            str_appendf(&text, "%s%s (%zu)", i ? ", " : "", m->left_out[i].reason, m->left_out[i].n);
        str_append(&text, ".");
    }
    if (m->facts) str_appendf(&text, " %s", m->facts);
    if (text.failed) d->rc = ERR_NOMEM;
    document_text(d, str_text(&text));
    str_free(&text);
    if (!m->estimated) document_warning(d, "Not estimated: the data do not determine this model. What exists is shown.");
    for (size_t i = 0; i < m->n_findings; i++) {
        str_appendf(&text, "%s: %s.", m->finding[i].code, m->finding[i].message);
        if (is_remark(m->finding[i].code)) document_note(d, str_text(&text));
        else document_warning(d, str_text(&text));
        str_free(&text);
    }
    if (m->n_terms) term_table(d, m);
}

static Rc one_forest(Document *d, const ModelResult *m, size_t n, int measure, Err *e)
{
    Rc rc = OK;
    Scene scene = { 0 };
    ForestRow *row = NULL;
    Arena a = { 0 };
    size_t rows = 0, models = 0, effects = 0;
    for (size_t i = 0; i < n; i++) rows += 1 + m[i].n_terms;
    row = calloc(rows, sizeof *row);
    if (!row) return err_nomem(e);
    rows = 0;
    for (size_t i = 0; i < n; i++) {
        size_t before = rows, here = 0;
        if (m[i].refused || !text_equal(m[i].measure, MEASURE[measure].measure)) continue;
        Str counts = { 0 };
        str_appendf(&counts, "n = %zu", m[i].n);
        outcome_counts(&counts, &m[i]);
        row[rows++] = (ForestRow){ .heading = true, .label = arena_printf(&a, "%s%s%s", m[i].name, m[i].endpoint ? ": " : "", m[i].endpoint ? m[i].endpoint : ""),
                                   .detail = arena_strdup(&a, str_text(&counts)) };
        str_free(&counts);
        if (!row[before].label || !row[before].detail) { rc = err_nomem(e); goto out; }
        for (size_t k = 0; k < m[i].n_terms; k++) {
            const ModelTerm *t = &m[i].term[k];
            /* An intercept is no effect. */
            if (strcmp(t->label, "(Intercept)") == 0) continue;
            Str label = { 0 };
            term_label(&label, t);
            row[rows] = (ForestRow){ .label = arena_strdup(&a, str_text(&label)), .estimate = ratio_per(t->ratio, t->per),
                                     .lower = ratio_per(t->lower, t->per), .upper = ratio_per(t->upper, t->per), .p = t->p };
            str_free(&label);
            if (!row[rows].label) { rc = err_nomem(e); goto out; }
            rows++;
            here++;
        }
        if (!here) rows = before;
        else { models++; effects += here; }
    }
    if (!effects) goto out;
    char title[128], caption[256];
    snprintf(title, sizeof title, "%ss of the fitted models", MEASURE[measure].name);
    ForestFigure f = { title, MEASURE[measure].name, MEASURE[measure].below, MEASURE[measure].above, 95, row, rows };
    TRY(forest_draw(&scene, &f, e));
    snprintf(caption, sizeof caption, "%zu effect%s of %zu model%s. Squares: estimates; lines: 95 %% intervals, arrows where they leave the axis. "
                                      "Effects of one model hold given its other terms.",
             effects, effects == 1 ? "" : "s", models, models == 1 ? "" : "s");
    document_figure(d, &scene, caption);
out:
    scene_free(&scene);
    free(row);
    arena_free(&a);
    return rc;
}

Rc model_forests(Document *d, const ModelResult *m, size_t n, Err *e)
{
    Rc rc = OK;
    for (int k = 0; k < N_MEASURES; k++) TRY(one_forest(d, m, n, k, e));
out:
    return rc;
}
