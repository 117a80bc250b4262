/* study/report_cohort.c: the cohort report's structs from what the database holds. */
#include "study/report_cohort.h"

#include <math.h>
#include <string.h>

#include "core/version.h"
#include "reports/format.h"
#include "study/report_labels.h"
#include "study/report_survival.h"

enum { CHANGES_MAX = 3 };          /* waterfalls a tracer */

static const char *hypoxia_title(const char *name)
{
    return strcmp(name, "fhv") == 0 ? "hypoxic fraction (FHV)" : strcmp(name, "tbr_max") == 0 ? "TBRmax" : "SUVmax";
}

/* The quantities of the table, in its order; the first with any value is the one that is drawn. */
static const struct { const char *name, *label, *axis, *change; double scale; int decimals; } METRIC[] = {
    { "fhv", "FHV, % of tumour volume", "FHV (% of tumour volume)", "Change in FHV (percentage points)", 100, 1 },
    { "hv_ml", "HV, mL", "HV (mL)", NULL, 1, 1 },
    { "tbr_max", "TBRmax", "TBRmax", "Change in TBRmax", 1, 2 },
    { "suv_max", "SUVmax", "SUVmax", "Change in SUVmax", 1, 1 },
};
enum { N_METRICS = sizeof METRIC / sizeof *METRIC };

/* All patients at all time points; *any: whether there is one value. */
static Rc course(double **out, bool *any, const ReportData *d, const char *slug, int metric, Arena *a, Err *e)
{
    const size_t n = d->clinical.rows, T = d->space.n_timepoints;
    double *x = ARENA_NEW(a, n * T, double);
    if (!x) return err_nomem(e);
    *any = false;
    for (size_t i = 0; i < n; i++) for (size_t t = 0; t < T; t++) {
        const PageValue *v = report_value(d, report_patient(d, i), slug, d->space.timepoint[t], METRIC[metric].name);
        x[i * T + t] = v ? METRIC[metric].scale * v->value : NAN;
        *any |= isfinite(x[i * T + t]);
    }
    *out = x;
    return OK;
}

static Rc count_scans(ScanCounts *out, const ReportData *d, const ReportTracer *t)
{
    for (size_t i = 0; i < d->clinical.rows; i++) for (size_t k = 0; k < d->space.n_timepoints; k++) {
        const char *patient = report_patient(d, i), *at = d->space.timepoint[k];
        const PageScan *s = report_scan(d, patient, t->slug, at);
        if (report_refused_scan(d, patient, t->name, at)) out[k].refused++;
        else if (!s) out[k].not_listed++;
        else if (s->status == SCAN_DONE) out[k].done++;
        else if (s->status == SCAN_NOT_DONE) out[k].not_done++;
        else out[k].not_assessable++;
    }
    return OK;
}

static const Scan *first_scan(const ReportData *d, const char *slug)
{
    for (size_t i = 0; i < d->tables->scans.n; i++) if (strcmp(d->tables->scans.scan[i].tracer_slug, slug) == 0) return &d->tables->scans.scan[i];
    return NULL;
}

static Rc tracer_gather(TracerResult *out, int *drawn, double **drawn_values, const ReportData *d, const ReportTracer *t, Arena *a, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    ScanCounts *counts = ARENA_NEW(a, d->space.n_timepoints, ScanCounts);
    MetricCourse *metric = ARENA_NEW(a, N_METRICS + 1, MetricCourse);
    double *volume = ARENA_NEW(a, d->clinical.rows * d->space.n_timepoints, double);
    if (!counts || !metric || !volume) { rc = err_nomem(e); goto out; }
    *out = (TracerResult){ .name = t->name, .count = counts, .metric = metric };
    *drawn = -1;
    TRY(count_scans(counts, d, t));
    const Scan *s = first_scan(d, t->slug);
    if (s) {
        ScanRule rule;
        scan_rule(&rule, &d->tables->protocol, s);
        definition_label(&text, &rule, s->units);
        out->name = rule.tracer;
    } else str_append(&text, "no longer in the list of scans");
    TRY(str_check(&text, e));
    out->definition = arena_strdup(a, str_text(&text));
    out->name = arena_strdup(a, out->name);
    if (!out->definition || !out->name) { rc = err_nomem(e); goto out; }
    for (int m = 0; m < N_METRICS; m++) {
        double *x = NULL;
        bool any = false;
        TRY(course(&x, &any, d, t->slug, m, a, e));
        if (!any) continue;
        metric[out->n_metrics++] = (MetricCourse){ METRIC[m].label, METRIC[m].decimals, x };
        if (*drawn < 0 && METRIC[m].change) { *drawn = m; *drawn_values = x; }
    }
    bool any = false;
    for (size_t i = 0; i < d->clinical.rows; i++) for (size_t k = 0; k < d->space.n_timepoints; k++) {
        const PageScan *p = report_scan(d, report_patient(d, i), t->slug, d->space.timepoint[k]);
        volume[i * d->space.n_timepoints + k] = p ? p->volume_ml : NAN;
        any |= p && isfinite(p->volume_ml);
    }
    if (any) metric[out->n_metrics++] = (MetricCourse){ "Tumour (GTV), mL", 1, volume };
out:
    str_free(&text);
    return rc;
}

static Rc change_gather(ChangePlot *out, bool *any, const ReportData *d, const ReportTracer *t, const char *tracer, const ChangePair *pair, int m, Arena *a, Err *e)
{
    const size_t n = d->clinical.rows;
    const char *from = d->tables->protocol.timepoint[pair->from], *to = d->tables->protocol.timepoint[pair->to];
    double *x = ARENA_NEW(a, n, double);
    char *name = arena_printf(a, "delta_%s", METRIC[m].name);
    char *title = arena_printf(a, "%s: change of %s, %s to %s", tracer, hypoxia_title(METRIC[m].name), from, to);
    if (!x || !name || !title) return err_nomem(e);
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        const PageValue *v = report_change(d, report_patient(d, i), t->slug, from, to, name);
        x[i] = v ? METRIC[m].scale * v->value : NAN;
        known += isfinite(x[i]);
    }
    *any = known > 0;
    *out = (ChangePlot){ { title, METRIC[m].change, x, n },
                         arena_printf(a, "A bar a patient: the %s scan minus the %s scan, each by its own tumour contour; n = %zu. Of the other %zu "
                                         "patients one of the two is missing, not assessable or undefined.",
                                      to, from, known, n - known) };
    return out->caption ? OK : err_nomem(e);
}

static Rc hypoxia_gather(CohortReport *out, const ReportData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t T = d->space.n_timepoints;
    TracerResult *tracer = ARENA_NEW(a, d->n_tracers, TracerResult);
    CoursePlot *courses = ARENA_NEW(a, d->n_tracers, CoursePlot);
    ChangePlot *changes = ARENA_NEW(a, d->n_tracers * CHANGES_MAX, ChangePlot);
    if (!tracer || !courses || !changes) { rc = err_nomem(e); goto out; }
    for (size_t k = 0; k < d->n_tracers; k++) {
        int m = -1;
        double *x = NULL;
        TRY(tracer_gather(&tracer[k], &m, &x, d, &d->tracer[k], a, e));
        out->n_tracers++;
        if (m < 0 || T < 2) continue;
        char *title = arena_printf(a, "%s: %s over time", tracer[k].name, hypoxia_title(METRIC[m].name));
        char *caption = arena_printf(a, "%s. A scan that is missing has no point: it is not a scan without hypoxia. Equal steps between time "
                                        "points, whatever the days between them.", tracer[k].definition);
        if (!title || !caption) { rc = err_nomem(e); goto out; }
        courses[out->n_courses++] = (CoursePlot){ { title, METRIC[m].axis, (const char *const *)d->space.timepoint, T, x, d->clinical.rows }, caption };
        for (size_t i = 0, made = 0; i < d->tables->protocol.n_changes && made < CHANGES_MAX; i++) {
            bool any = false;
            TRY(change_gather(&changes[out->n_changes], &any, d, &d->tracer[k], tracer[k].name, &d->tables->protocol.change[i], m, a, e));
            if (any) { out->n_changes++; made++; }
        }
    }
    out->tracer = tracer;
    out->course = courses;
    out->change = changes;
out:
    return rc;
}

static Rc outcome_gather(CohortReport *out, const ReportData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    const Protocol *p = &d->tables->protocol;
    EndpointResult *endpoint = ARENA_NEW(a, p->n_endpoints, EndpointResult);
    SurvivalPlot *plot = ARENA_NEW(a, p->n_endpoints + d->n_models, SurvivalPlot);
    const char **columns = ARENA_NEW(a, 3 * p->n_endpoints + 1, const char *);
    size_t k = 0;
    bool there;
    if (!endpoint || !plot || !columns) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < p->n_endpoints; i++) {
        const Endpoint *x = &p->endpoint[i];
        const char *const used[] = { x->time, x->event, x->column };
        for (int c = 0; c < 3; c++) if (used[c]) columns[k++] = used[c];
        TRY(endpoint_gather(&endpoint[i], d, x, a, e));
        out->n_endpoints++;
        if (!x->time) continue;
        TRY(survival_gather(&plot[out->n_survival], &there, d, x, a, e));
        if (there) out->n_survival++;
        for (size_t m = 0; m < d->n_models; m++) {
            if (!d->model[m].stored || !text_equal(d->model[m].stored->endpoint, x->name)) continue;
            TRY(split_gather(&plot[out->n_survival], &there, d, &d->model[m], a, e));
            for (size_t s = 0; there && s < out->n_survival; s++)            /* the same variable again, in another model */
                there = strcmp(plot[s].figure.title, plot[out->n_survival].figure.title) != 0;
            if (there) out->n_survival++;
        }
    }
    out->endpoint = endpoint;
    out->survival = plot;
    out->outcome_columns = columns;
out:
    return rc;
}

/* ---- models */

static Rc left_out_gather(ModelResult *out, const ReportModel *m, Arena *a, Err *e)
{
    RowCount *count = ARENA_NEW(a, m->n_left_out, RowCount);
    if (!count) return err_nomem(e);
    for (size_t i = 0; i < m->n_left_out; i++) {
        size_t k = 0;
        while (k < out->n_left_out && strcmp(count[k].reason, m->left_out[i].reason) != 0) k++;
        if (k == out->n_left_out) count[out->n_left_out++].reason = m->left_out[i].reason;
        count[k].n++;
    }
    out->left_out = count;
    return OK;
}

/* "Concordance 0.66 (SE 0.04). Likelihood-ratio test p = 0.003." of what the method printed. */
static void facts_text(Str *out, const Json *fit)
{
    char a[FORMAT_MAX], b[FORMAT_MAX];
    const Json *c = json_get(fit, "concordance"), *lr = json_get(fit, "lr_test");
    double value = json_type(c) == JSON_OBJECT ? json_number(json_get(c, "c")) : json_number(c);
    double auc = json_number(json_get(json_get(fit, "auc_apparent"), "auc")), p = lr ? json_number(json_get(lr, "p")) : NAN;
    if (!isnan(value)) {
        double se = json_type(c) == JSON_OBJECT ? json_number(json_get(c, "se")) : NAN;
        str_appendf(out, "Concordance %s", format_fixed(a, value, 2));
        if (!isnan(se)) str_appendf(out, " (SE %s)", format_fixed(b, se, 2));
        str_append(out, ", in the data it was fitted to. ");
    }
    if (!isnan(auc)) str_appendf(out, "Area under the ROC curve %s, in the data it was fitted to. ", format_fixed(a, auc, 2));
    if (!isnan(p)) {
        format_p(a, p);
        str_appendf(out, "Likelihood-ratio test of the whole model: p %s%s.", a[0] == '<' ? "" : "= ", a);
    }
}

/* Of an ordinal response. */
static Rc levels_gather(ModelResult *out, const ReportModel *m, Arena *a, Err *e)
{
    const Json *counts = json_get(m->stored->fit, "n_by_level");
    RowCount *level = ARENA_NEW(a, json_size(counts) + 1, RowCount);
    if (!level) return err_nomem(e);
    for (const Json *x = json_first(counts); x; x = json_next(x)) level[out->n_levels++] = (RowCount){ json_key(x), (size_t)json_number(x) };
    out->level = level;
    return OK;
}

Rc model_result_gather(ModelResult *out, const ReportData *d, const ReportModel *m, Arena *a, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    const Protocol *p = &d->tables->protocol;
    *out = (ModelResult){ .name = m->spec->name, .method = m->spec->method, .formula = m->spec->formula, .measure = "", .refused = m->refused,
                          .n_total = d->clinical.rows };
    if (!m->stored && !m->refused) out->refused = "it has not been fitted yet (reox fit).";
    if (!m->stored || m->refused) goto out;
    out->estimated = m->stored->estimated;
    out->stale = m->stored->stale;
    out->n = m->stored->n > 0 ? (size_t)m->stored->n : 0;
    out->n_events = m->stored->nevent > 0 ? (size_t)m->stored->nevent : 0;
    out->has_events = !isnan(m->stored->nevent);
    TRY(levels_gather(out, m, a, e));
    const Endpoint *endpoint = m->stored->endpoint ? protocol_endpoint(p, m->stored->endpoint) : NULL;
    if (endpoint && !(out->endpoint = arena_printf(a, "%s (%s)", endpoint_label(endpoint), endpoint->name))) { rc = err_nomem(e); goto out; }
    if (endpoint && endpoint->time) {
        clock_label(&text, m->spec, p);
        TRY(str_check(&text, e));
        if (!(out->clock = arena_strdup(a, str_text(&text)))) { rc = err_nomem(e); goto out; }
        str_free(&text);
    }
    TRY(left_out_gather(out, m, a, e));
    ModelTerm *term = ARENA_NEW(a, m->n_terms, ModelTerm);
    const size_t n_findings = json_size(m->stored->diagnosis);
    ModelFinding *finding = ARENA_NEW(a, n_findings, ModelFinding);
    if (!term || !finding) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < m->n_terms; i++) {
        const PageTerm *t = &m->term[i];
        term[i] = (ModelTerm){ .coef = t->coef, .se = t->se, .ratio = t->ratio, .lower = t->lower95, .upper = t->upper95, .p = t->p };
        term_label(&text, &term[i].per, &term[i].step, t->term, &d->space, p, &d->clinical);
        TRY(str_check(&text, e));
        if (!(term[i].label = arena_strdup(a, str_text(&text)))) { rc = err_nomem(e); goto out; }
        str_free(&text);
        if (t->measure && *t->measure) out->measure = t->measure;
    }
    out->term = term;
    out->n_terms = m->n_terms;
    for (const Json *x = json_first(m->stored->diagnosis); x; x = json_next(x)) {
        const char *code = json_text(json_get(x, "code")), *message = json_text(json_get(x, "message"));
        if (code && message) finding[out->n_findings++] = (ModelFinding){ code, message };
    }
    out->finding = finding;
    facts_text(&text, m->stored->fit);
    TRY(str_check(&text, e));
    if (text.len && !(out->facts = arena_strdup(a, text.s))) rc = err_nomem(e);
out:
    str_free(&text);
    return rc;
}

static Rc provenance_gather(CohortReport *out, const ReportData *d, const char *inputs_sha, Arena *a, Err *e)
{
    Provenance *p = ARENA_NEW(a, 5, Provenance);
    if (!p) return err_nomem(e);
    p[0] = (Provenance){ "Program", "reox " REOX_VERSION };
    p[1] = (Provenance){ "study.json", arena_printf(a, "SHA-256 %s", d->tables->protocol_sha256) };
    p[2] = (Provenance){ d->tables->protocol.clinical, arena_printf(a, "SHA-256 %s", d->tables->clinical.sha256) };
    p[3] = (Provenance){ d->tables->protocol.scans, arena_printf(a, "SHA-256 %s", d->tables->scans.sha256) };
    p[4] = (Provenance){ "All that is shown", arena_printf(a, "SHA-256 %s", inputs_sha) };
    for (int i = 1; i < 5; i++) if (!p[i].value) return err_nomem(e);
    out->provenance = p;
    out->n_provenance = 5;
    return OK;
}

Rc cohort_report_gather(CohortReport *out, const ReportData *d, const char *inputs_sha, Arena *a, Err *e)
{
    Rc rc = OK;
    const Protocol *p = &d->tables->protocol;
    *out = (CohortReport){ .study = p->name && *p->name ? p->name : "Study without a name", .clinical = &d->clinical, .column = p->column, .n_columns = p->n_columns,
                           .timepoint = (const char *const *)d->space.timepoint, .n_timepoints = d->space.n_timepoints };
    TRY(hypoxia_gather(out, d, a, e));
    TRY(outcome_gather(out, d, a, e));
    ModelResult *model = ARENA_NEW(a, d->n_models, ModelResult);
    const char **refusal = ARENA_NEW(a, d->n_refusals, const char *);
    if (!model || !refusal) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < d->n_models; i++) TRY(model_result_gather(&model[i], d, &d->model[i], a, e));
    for (size_t i = 0; i < d->n_refusals; i++) refusal[i] = d->refusal[i].reason;
    out->model = model;
    out->n_models = d->n_models;
    out->refusal = refusal;
    out->n_refusals = d->n_refusals;
    TRY(provenance_gather(out, d, inputs_sha, a, e));
out:
    return rc;
}
