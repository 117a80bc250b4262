/* reports/cohort_report.c: the report of a whole cohort as a list of blocks. */
#include "reports/cohort_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "reports/format.h"
#include "reports/table_one.h"

static void headline(Document *d, const CohortReport *r)
{
    char value[FORMAT_MAX], detail[160];
    size_t done = 0, models = 0, estimated = 0;
    for (size_t k = 0; k < r->n_tracers; k++) for (size_t t = 0; t < r->n_timepoints; t++) done += r->tracer[k].count[t].done;
    for (size_t k = 0; k < r->n_models; k++) { models++; estimated += r->model[k].estimated && !r->model[k].refused; }
    snprintf(value, sizeof value, "%zu", r->clinical->rows);
    snprintf(detail, sizeof detail, "%zu refused subject%s", r->n_refusals, r->n_refusals == 1 ? "" : "s");
    document_fact(d, value, "patients", r->n_refusals ? detail : NULL);
    snprintf(value, sizeof value, "%zu", done);
    snprintf(detail, sizeof detail, "at %zu time point%s", r->n_timepoints, r->n_timepoints == 1 ? "" : "s");
    document_fact(d, value, "scans done", detail);
    if (r->n_tracers && r->tracer[0].n_metrics && r->n_timepoints) {
        const MetricCourse *m = &r->tracer[0].metric[0];
        double *first = ARENA_NEW(&d->arena, r->clinical->rows, double);
        size_t known = 0;
        if (!first) { d->rc = ERR_NOMEM; return; }
        for (size_t i = 0; i < r->clinical->rows; i++) first[i] = m->value[i * r->n_timepoints];
        char *text = median_text(&d->arena, first, r->clinical->rows, m->decimals, &known);
        if (!text) { d->rc = ERR_NOMEM; return; }
        const char *range = strchr(text, ' ');
        char *median = arena_strndup(&d->arena, text, range ? (size_t)(range - text) : strlen(text));
        /* "42.8 (14.8–70.7)": the card shows the two parts apart, without the parentheses. */
        char *rest = !range ? arena_printf(&d->arena, "median at %s; n = 0", r->timepoint[0]) :
            arena_printf(&d->arena, "median at %s; quartiles %.*s; n = %zu", r->timepoint[0], (int)strlen(range + 2) - 1, range + 2, known);
        if (!median || !rest) { d->rc = ERR_NOMEM; return; }
        document_fact(d, median, m->label, rest);
    }
    if (r->n_endpoints) {
        const EndpointResult *x = &r->endpoint[0];
        snprintf(value, sizeof value, "%zu", x->n_events);
        snprintf(detail, sizeof detail, "of %zu patients", x->n);
        char *label = arena_printf(&d->arena, "%s: events", x->label);
        if (!label) { d->rc = ERR_NOMEM; return; }
        document_fact(d, value, label, detail);
    }
    if (models) {
        snprintf(value, sizeof value, "%zu", estimated);
        snprintf(detail, sizeof detail, "of %zu in the protocol", models);
        document_fact(d, value, estimated == 1 ? "model estimated" : "models estimated", detail);
    }
}

static void scan_table(Document *d, const CohortReport *r)
{
    static const char *const state[] = { "done", "not done", "not assessable", "refused", "not in the list" };
    char text[FORMAT_MAX];
    Table *t = document_table(d, "Table 2. Scans and hypoxia by time point", 1 + r->n_timepoints);
    document_table_column(d, t, 0, "", ALIGN_LEFT);
    for (size_t k = 0; k < r->n_timepoints; k++) document_table_column(d, t, k + 1, r->timepoint[k], ALIGN_RIGHT);
    for (size_t i = 0; i < r->n_tracers; i++) {
        const TracerResult *x = &r->tracer[i];
        char *head = arena_printf(&d->arena, "%s (%s)", x->name, x->definition);
        if (!head) { d->rc = ERR_NOMEM; return; }
        document_table_row(d, t, ROW_GROUP);
        document_table_cell(d, t, 0, head);
        for (int s = 0; s < 5; s++) {
            size_t sum = 0;
            for (size_t k = 0; k < r->n_timepoints; k++) {
                const size_t n[5] = { x->count[k].done, x->count[k].not_done, x->count[k].not_assessable, x->count[k].refused, x->count[k].not_listed };
                sum += n[s];
            }
            if (s && !sum) continue;
            char *label = arena_printf(&d->arena, "Scans %s, n", state[s]);
            if (!label) { d->rc = ERR_NOMEM; return; }
            document_table_row(d, t, ROW_INDENTED);
            document_table_cell(d, t, 0, label);
            for (size_t k = 0; k < r->n_timepoints; k++) {
                const size_t n[5] = { x->count[k].done, x->count[k].not_done, x->count[k].not_assessable, x->count[k].refused, x->count[k].not_listed };
                snprintf(text, sizeof text, "%zu", n[s]);
                document_table_cell(d, t, k + 1, text);
            }
        }
        double *at = ARENA_NEW(&d->arena, r->clinical->rows, double);
        if (!at) { d->rc = ERR_NOMEM; return; }
        for (size_t m = 0; m < x->n_metrics; m++) {
            document_table_row(d, t, ROW_INDENTED);
            document_table_cell(d, t, 0, x->metric[m].label);
            for (size_t k = 0; k < r->n_timepoints; k++) {
                size_t known;
                for (size_t p = 0; p < r->clinical->rows; p++) at[p] = x->metric[m].value[p * r->n_timepoints + k];
                char *cell = median_text(&d->arena, at, r->clinical->rows, x->metric[m].decimals, &known);
                if (cell && known && known != x->count[k].done) cell = arena_printf(&d->arena, "%s, n = %zu", cell, known);
                if (!cell) { d->rc = ERR_NOMEM; return; }
                document_table_cell(d, t, k + 1, cell);
            }
        }
    }
    document_table_note(d, t, "Median (quartiles) over the scans done; n where a value is undefined for some of them. A scan that was not done or "
                              "could not be assessed has no value and is never counted as zero hypoxia.");
}

static void endpoint_table(Document *d, const CohortReport *r)
{
    char text[FORMAT_MAX], a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];
    bool survival = false, competing = false;
    for (size_t i = 0; i < r->n_endpoints; i++) { survival |= r->endpoint[i].survival; competing |= r->endpoint[i].competing; }
    size_t columns = 3 + (competing ? 1 : 0) + (survival ? 2 : 0), k = 0;
    Table *t = document_table(d, "Table 3. Endpoints", columns);
    document_table_column(d, t, k++, "Endpoint", ALIGN_LEFT);
    document_table_column(d, t, k++, "n", ALIGN_RIGHT);
    document_table_column(d, t, k++, "Events", ALIGN_RIGHT);
    if (competing) document_table_column(d, t, k++, "Competing", ALIGN_RIGHT);
    if (survival) {
        document_table_column(d, t, k++, "Median time (95 % CI)", ALIGN_RIGHT);
        document_table_column(d, t, k, "Median follow-up", ALIGN_RIGHT);
    }
    for (size_t i = 0; i < r->n_endpoints; i++) {
        const EndpointResult *x = &r->endpoint[i];
        k = 0;
        document_table_row(d, t, ROW_PLAIN);
        document_table_cell(d, t, k++, x->label);
        snprintf(text, sizeof text, "%zu", x->n);
        document_table_cell(d, t, k++, text);
        document_table_cell(d, t, k++, format_share(text, x->n_events, x->n));
        if (competing) {
            snprintf(text, sizeof text, "%zu", x->n_competing);
            document_table_cell(d, t, k++, x->competing ? text : "–");
        }
        if (!survival) continue;
        const char *median = !x->survival || x->competing || !x->n ? "–" : isnan(x->median) ? arena_strdup(&d->arena, "not reached") :
            arena_printf(&d->arena, "%s (%s–%s) %s", format_fixed(a, x->median, 1), isnan(x->median_lower) ? "…" : format_fixed(b, x->median_lower, 1),
                         isnan(x->median_upper) ? "…" : format_fixed(c, x->median_upper, 1), x->unit);
        const char *follow = !x->survival || isnan(x->follow_up) ? "–" : arena_printf(&d->arena, "%s %s", format_fixed(a, x->follow_up, 1), x->unit);
        if (!median || !follow) { d->rc = ERR_NOMEM; return; }
        document_table_cell(d, t, k++, median);
        document_table_cell(d, t, k, follow);
    }
    if (survival) document_table_note(d, t, "Median time: Kaplan–Meier; none where events compete. Median follow-up: reverse Kaplan–Meier. “…”: limit not reached.");
}

Rc cohort_document(Document *d, const CohortReport *r, Err *e)
{
    Rc rc = OK;
    Scene scene = { 0 };
    Str text = { 0 };
    str_appendf(&text, "%s · cohort report", r->study);
    document_init(d, r->study, "Cohort report: hypoxia before and during treatment, its change, and outcome", str_text(&text));
    headline(d, r);

    document_heading(d, "Patients and scans");
    table_one(d, r->clinical, r->column, r->n_columns, r->outcome_columns);
    if (r->n_tracers && r->n_timepoints) scan_table(d, r);
    if (r->n_endpoints) endpoint_table(d, r);

    if (r->n_courses || r->n_changes) document_heading(d, "Hypoxia over time");
    for (size_t i = 0; i < r->n_courses; i++) {
        TRY(spaghetti_draw(&scene, &r->course[i].figure, e));
        document_figure(d, &scene, r->course[i].caption);
    }
    for (size_t i = 0; i < r->n_changes; i++) {
        TRY(waterfall_draw(&scene, &r->change[i].figure, e));
        document_figure(d, &scene, r->change[i].caption);
    }

    if (r->n_survival) document_heading(d, "Outcome");
    for (size_t i = 0; i < r->n_survival; i++) {
        TRY(km_draw(&scene, &r->survival[i].figure, e));
        document_figure(d, &scene, r->survival[i].caption);
    }

    document_heading(d, "Models");
    if (!r->n_models) document_text(d, "The protocol names no model.");
    else document_note(d, "Coefficients and standard errors are per one unit, as fitted; ratios are for the step that the term names (10 points of "
                          "a share are 0.1).");
    TRY(model_forests(d, r->model, r->n_models, e));
    for (size_t i = 0; i < r->n_models; i++) model_blocks(d, &r->model[i]);

    document_heading(d, "Data quality and provenance");
    if (!r->n_refusals) document_text(d, "Nothing is refused.");
    else {
        Table *t = document_table(d, "Refused, and left out of everything above", 1);
        document_table_column(d, t, 0, "Subject and reason", ALIGN_LEFT);
        for (size_t i = 0; i < r->n_refusals; i++) {
            document_table_row(d, t, ROW_PLAIN);
            document_table_cell(d, t, 0, r->refusal[i]);
        }
    }
    if (r->n_provenance) {
        Table *t = document_table(d, "Made from", 2);
        document_table_column(d, t, 0, "Item", ALIGN_LEFT);
        document_table_column(d, t, 1, "Value", ALIGN_LEFT);
        for (size_t i = 0; i < r->n_provenance; i++) {
            document_table_row(d, t, ROW_PLAIN);
            document_table_cell(d, t, 0, r->provenance[i].label);
            document_table_cell(d, t, 1, r->provenance[i].value);
        }
    }
    TRY(str_check(&text, e));
    if (d->rc != OK) rc = err_nomem(e);
out:
    scene_free(&scene);
    str_free(&text);
    return rc;
}
