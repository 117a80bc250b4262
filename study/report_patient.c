/* study/report_patient.c: one patient's report from what the database and the image files hold. */
#include "study/report_patient.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/version.h"
#include "reports/format.h"
#include "study/report_labels.h"
#include "study/scan_features.h"
#include "study/scan_read.h"

static const Scan *listed_scan(const ReportData *d, const char *patient, const char *slug, const char *timepoint)
{
    const ScanList *l = &d->tables->scans;
    for (size_t i = 0; i < l->n; i++) {
        const Scan *s = &l->scan[i];
        if (strcmp(s->patient, patient) == 0 && strcmp(s->tracer_slug, slug) == 0 && strcmp(s->timepoint, timepoint) == 0) return s;
    }
    return NULL;
}

/* ---- slices */

void patient_slices_free(PatientSlices *s)
{
    for (size_t i = 0; i < s->n; i++) slice_free(&s->slice[i]);
    arena_free(&s->arena);
    *s = (PatientSlices){ 0 };
}

/* Only the image that was ingested may be shown beside its numbers. */
static Rc read_scan(ScanData *data, const char **why, const ReportData *d, const Scan *s, const PageScan *stored, const ScanMethod *m, Err *e)
{
    Err told = { 0 };
    Rc rc = scan_read(data, d->study_dir, s, m->rule.region, &told);
    if (rc == ERR_NOMEM) return err_nomem(e);
    if (rc != OK) { *why = "the image cannot be read now"; return OK; }
    if (!text_equal(data->image_sha256, stored->image_sha)) *why = "the image changed since it was ingested";
    else if (!scan_region(data, "gtv")) *why = "no tumour contour";
    return OK;
}

Rc patient_slices_read(PatientSlices *out, const ReportData *d, size_t row, Err *e)
{
    Rc rc = OK;
    const char *patient = report_patient(d, row);
    const size_t T = d->space.n_timepoints, n = d->n_tracers * T;
    PatientSlices s = { 0 };
    s.slice = ARENA_NEW(&s.arena, n, Slice);
    s.why = ARENA_NEW(&s.arena, n, const char *);
    ScanData *data = ARENA_NEW(&s.arena, n, ScanData);
    ScanMethod *method = ARENA_NEW(&s.arena, n, ScanMethod);
    const Scan **scan = ARENA_NEW(&s.arena, n, const Scan *);
    if (!s.slice || !s.why || !data || !method || !scan) { rc = err_nomem(e); goto out; }
    s.n = n;
    for (size_t k = 0; k < d->n_tracers; k++) {
        double size = 0;
        for (size_t i = k * T; i < (k + 1) * T; i++) {
            const char *slug = d->tracer[k].slug, *at = d->space.timepoint[i - k * T];
            const PageScan *stored = report_scan(d, patient, slug, at);
            if (!stored || stored->status != SCAN_DONE) continue;
            scan[i] = listed_scan(d, patient, slug, at);
            if (!scan[i] || scan[i]->status != SCAN_DONE) { s.why[i] = "no longer in the list of scans"; scan[i] = NULL; continue; }
            if (scan_method(&method[i], &d->tables->protocol, scan[i], NULL) != OK) { s.why[i] = "its settings cannot be read"; scan[i] = NULL; continue; }
            TRY(read_scan(&data[i], &s.why[i], d, scan[i], stored, &method[i], e));
            if (s.why[i]) { scan[i] = NULL; continue; }
            size = fmax(size, slice_size_mm(&scan_region(&data[i], "gtv")->mask));
        }
        for (size_t i = k * T; i < (k + 1) * T; i++) {             /* one scale for all scans of a tracer */
            const char *name;
            if (!scan[i]) continue;
            double reference = scan_reference(&name, &method[i], scan[i], &data[i]);
            rc = slice_cut(&s.slice[i], &data[i].image, &scan_region(&data[i], "gtv")->mask, reference, method[i].rule.threshold,
                           method[i].rule.has_operator ? method[i].rule.op : OP_GE, size, e);
            if (rc == ERR_INPUT) { rc = OK; s.why[i] = "no slice can be cut"; }
            if (rc != OK) goto out;
            scan_data_free(&data[i]);
        }
    }
    *out = s;
    if (data) for (size_t i = 0; i < n; i++) { scan_data_free(&data[i]); scan_method_free(&method[i]); }
    return OK;
out:
    if (data && method) for (size_t i = 0; i < n; i++) { scan_data_free(&data[i]); scan_method_free(&method[i]); }
    patient_slices_free(&s);
    return rc;
}

/* ---- numbers */

static PatientValue value_of(const PageValue *v)
{
    return v ? (PatientValue){ v->value, v->reason } : (PatientValue){ NAN, "not computed (reox extract)" };
}

static Rc scan_gather(PatientScan *out, const ReportData *d, const char *patient, size_t tracer, size_t at, Arena *a, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    const ReportTracer *t = &d->tracer[tracer];
    const char *timepoint = d->space.timepoint[at];
    const PageScan *s = report_scan(d, patient, t->slug, timepoint);
    const PageRefusedScan *refused = report_refused_scan(d, patient, t->name, timepoint);
    const PatientValue none = { NAN, NULL };
    *out = (PatientScan){ .tracer = t->name, .timepoint = timepoint, .listed = s != NULL, .status = s ? s->status : SCAN_NOT_DONE,
                          .refused = refused ? refused->reason : NULL, .day = s ? s->day : NAN, .uptake_min = s ? s->uptake_min : NAN,
                          .tbr_max = none, .tbr_mean = none, .fhv = none, .hv_ml = none, .volume_ml = none };
    if (s && s->status == SCAN_DONE && !refused) {
        out->tbr_max = value_of(report_value(d, patient, t->slug, timepoint, "tbr_max"));
        out->tbr_mean = value_of(report_value(d, patient, t->slug, timepoint, "tbr_mean"));
        out->fhv = value_of(report_value(d, patient, t->slug, timepoint, "fhv"));
        out->hv_ml = value_of(report_value(d, patient, t->slug, timepoint, "hv_ml"));
        out->volume_ml = (PatientValue){ s->volume_ml, NULL };
        if (isfinite(out->fhv.value)) report_rank(&out->lower, &out->others, d, tracer, at, out->fhv.value);
    }
    /* The rule of the tracer, from any of its scans: it stands over the whole group. */
    for (size_t i = 0; i < d->tables->scans.n; i++) {
        const Scan *any = &d->tables->scans.scan[i];
        if (strcmp(any->tracer_slug, t->slug) != 0) continue;
        ScanRule rule;
        scan_rule(&rule, &d->tables->protocol, any);
        definition_label(&text, &rule, any->units);
        if (!(out->tracer = arena_strdup(a, rule.tracer))) { rc = err_nomem(e); goto out; }
        break;
    }
    TRY(str_check(&text, e));
    if (!(out->definition = arena_strdup(a, text.len ? text.s : "no longer in the list of scans"))) rc = err_nomem(e);
out:
    str_free(&text);
    return rc;
}

/* Described columns, at most four, so that the line stays a line. */
static Rc facts_gather(PatientReport *out, const ReportData *d, size_t row, Arena *a, Err *e)
{
    enum { FACTS_MAX = 4 };
    const Protocol *p = &d->tables->protocol;
    PatientFact *fact = ARENA_NEW(a, FACTS_MAX, PatientFact);
    if (!fact) return err_nomem(e);
    for (size_t i = 0; i < p->n_columns && out->n_facts < FACTS_MAX; i++) {
        const FrameColumn *c = frame_column(&d->clinical, p->column[i].name);
        char number[NUMBER_TEXT_MAX];
        if (!c || (c->is_text ? !c->text[row] : isnan(c->num[row]))) continue;
        const char *unit = p->column[i].unit;
        char *value = arena_printf(a, "%s%s%s", c->is_text ? c->text[row] : number_write_short(number, c->num[row]), unit ? " " : "", unit ? unit : "");
        if (!value) return err_nomem(e);
        fact[out->n_facts++] = (PatientFact){ p->column[i].label ? p->column[i].label : c->name, value };
    }
    out->fact = fact;
    return OK;
}

static Rc changes_gather(PatientReport *out, const ReportData *d, const char *patient, Arena *a, Err *e)
{
    const Protocol *p = &d->tables->protocol;
    PatientChange *change = ARENA_NEW(a, d->n_tracers * p->n_changes, PatientChange);
    if (!change) return err_nomem(e);
    for (size_t k = 0; k < d->n_tracers; k++) for (size_t i = 0; i < p->n_changes; i++) {
        const char *from = p->timepoint[p->change[i].from], *to = p->timepoint[p->change[i].to], *slug = d->tracer[k].slug;
        const PageValue *tbr = report_change(d, patient, slug, from, to, "delta_tbr_max");
        const PageValue *fhv = report_change(d, patient, slug, from, to, "delta_fhv");
        const PageValue *hv = report_change(d, patient, slug, from, to, "delta_hv_ml");
        if (!tbr && !fhv && !hv) continue;
        change[out->n_changes++] = (PatientChange){ d->tracer[k].name, from, to, value_of(tbr), value_of(fhv), value_of(hv) };
    }
    out->change = change;
    return OK;
}

/* ---- risk */

size_t report_terms_spent(const ReportModel *m)
{
    const Json *edf = json_get(m->stored->fit, "edf");
    size_t terms = 0;
    double spent = json_type(edf) == JSON_NUMBER ? json_number(edf) : 0;
    if (isnan(m->stored->nevent)) return 0;
    for (const Json *x = json_type(edf) == JSON_OBJECT ? json_first(edf) : NULL; x; x = json_next(x)) spent += json_number(x);
    if (spent > 0) return (size_t)ceil(spent - 1e-6);
    for (size_t i = 0; i < m->n_terms; i++) terms += strcmp(m->term[i].term, "(Intercept)") != 0;
    return terms;
}

static Rc risk_gather(PatientRisk *out, const ReportData *d, const ReportModel *m, const char *patient, double horizon, Arena *a, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    *out = (PatientRisk){ .model = m->spec->name, .formula = m->spec->formula, .value = NAN, .lower = NAN, .upper = NAN, .in_range = true,
                          .detail = "", .clock = "" };
    if (m->refused || !m->stored || !m->stored->estimated) {
        out->absent = m->refused ? "the model was refused" : !m->stored ? "the model has not been fitted" : "the model could not be estimated";
        goto out;
    }
    out->n = m->stored->n > 0 ? (size_t)m->stored->n : 0;
    out->n_events = m->stored->nevent > 0 ? (size_t)m->stored->nevent : 0;
    out->n_terms = report_terms_spent(m);
    str_append(&text, "from ");
    if (m->spec->landmark == LANDMARK_TIMEPOINT) str_appendf(&text, "the %s scan", d->tables->protocol.timepoint[m->spec->landmark_timepoint]);
    else clock_label(&text, m->spec, &d->tables->protocol);
    TRY(str_check(&text, e));
    out->clock = arena_strdup(a, text.s);
    out->detail = isnan(m->stored->nevent) ? arena_printf(a, "n = %zu; %s", out->n, text.s)      /* levels are no events */
                                           : arena_printf(a, "n = %zu, %zu events; %s", out->n, out->n_events, text.s);
    if (!out->clock || !out->detail) { rc = err_nomem(e); goto out; }
    out->absent = "no prediction is stored for this patient";
    const char *left_out = NULL;
    for (size_t i = 0; i < m->n_left_out; i++) if (strcmp(m->left_out[i].patient, patient) == 0) left_out = m->left_out[i].reason;
    for (size_t i = 0; i < m->n_predictions; i++) {
        const PredictionRow *p = &m->prediction[i];
        if (strcmp(p->patient, patient) != 0 || (p->horizon != horizon && p->horizon != 0)) continue;
        if (strncmp(p->measure, "probability of ", strlen("probability of ")) == 0) {
            out->absent = "the model gives a probability for each level of its outcome: reox predict prints them";
            break;
        }
        out->value = p->value;
        out->lower = p->lower95;
        out->upper = p->upper95;
        out->in_range = p->in_range;
        out->note = p->note;
        if (isnan(p->value) && p->note) out->absent = p->note;
        break;
    }
    if (isnan(out->value) && left_out) out->absent = left_out;
out:
    str_free(&text);
    return rc;
}

static Rc board_gather(PatientReport *out, const ReportData *d, const char *patient, Arena *a, Err *e)
{
    Rc rc = OK;
    const Protocol *p = &d->tables->protocol;
    const Endpoint *endpoint = p->board_endpoint ? protocol_endpoint(p, p->board_endpoint) : NULL;
    char number[NUMBER_TEXT_MAX];
    if (!endpoint) return OK;
    out->risk_of = endpoint->time ? arena_printf(a, "risk of an event (%s) within %s %s", endpoint_label(endpoint),
                                                 number_write_short(number, p->board_horizon), time_unit_name(endpoint->unit))
                                  : arena_printf(a, "probability of %s", endpoint_label(endpoint));
    PatientRisk *risk = ARENA_NEW(a, p->n_board_models, PatientRisk);
    if (!risk || !out->risk_of) return err_nomem(e);
    for (size_t i = 0; i < p->n_board_models; i++)
        for (size_t k = 0; k < d->n_models; k++)
            if (strcmp(d->model[k].spec->name, p->board_model[i]) == 0) TRY(risk_gather(&risk[out->n_risks++], d, &d->model[k], patient, p->board_horizon, a, e));
    out->risk = risk;
out:
    return rc;
}

Rc patient_report_gather(PatientReport *out, const ReportData *d, size_t row, const PatientSlices *slices, const char *inputs_sha, Arena *a, Err *e)
{
    Rc rc = OK;
    const char *patient = report_patient(d, row);
    const size_t T = d->space.n_timepoints;
    Str tracers = { 0 };
    *out = (PatientReport){ .study = d->tables->protocol.name && *d->tables->protocol.name ? d->tables->protocol.name : "Study without a name",
                            .patient = patient, .row = (int)d->clinical.line[row] - 1 };
    PatientScan *scan = ARENA_NEW(a, d->n_tracers * T, PatientScan);
    if (!scan) { rc = err_nomem(e); goto out; }
    for (size_t k = 0; k < d->n_tracers; k++) {
        size_t listed = 0, from = out->n_scans;
        for (size_t t = 0; t < T; t++) {
            PatientScan *s = &scan[out->n_scans++];
            TRY(scan_gather(s, d, patient, k, t, a, e));
            listed += s->listed || s->refused;
            const size_t i = k * T + t;
            if (i >= slices->n) continue;
            if (slices->slice[i].n) s->slice = &slices->slice[i];
            else s->no_slice = slices->why[i];
        }
        if (!listed) { out->n_scans = from; continue; }            /* a tracer that this patient never had */
        str_appendf(&tracers, "%s%s", tracers.len ? ", " : "", scan[from].tracer);
    }
    out->scan = scan;
    TRY(str_check(&tracers, e));
    out->tracers = arena_strdup(a, tracers.len ? tracers.s : "no scan");
    out->provenance = arena_printf(a, "Made from study.json %.10s, %s %.10s, %s %.10s; all that is shown: %.10s (SHA-256).", d->tables->protocol_sha256,
                                   d->tables->protocol.clinical, d->tables->clinical.sha256, d->tables->protocol.scans, d->tables->scans.sha256, inputs_sha);
    if (!out->tracers || !out->provenance) { rc = err_nomem(e); goto out; }
    TRY(facts_gather(out, d, row, a, e));
    TRY(changes_gather(out, d, patient, a, e));
    TRY(board_gather(out, d, patient, a, e));
out:
    str_free(&tracers);
    return rc;
}
