/* reports/patient_report.c: the page of one patient for the tumour board. */
#include "reports/patient_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "reports/format.h"
#include "reports/risk_figure.h"
#include "reports/slice_figure.h"

/* What stands where a number would: the state of the scan, never a zero. */
static const char *state(const PatientScan *s)
{
    if (s->refused) return "refused";
    if (!s->listed) return "not listed";
    return s->status == SCAN_NOT_DONE ? "not done" : s->status == SCAN_NOT_ASSESSABLE ? "not assessable" : NULL;
}

static const char *value_text(char buf[FORMAT_MAX], const PatientScan *s, const PatientValue *v, double scale, int decimals)
{
    if (state(s)) return "–";
    return isnan(v->value) ? "undefined" : format_fixed(buf, scale * v->value, decimals);
}

/* The hypoxic share of the first tracer at each time point, before anything else; TBRmax where no share is defined. */
static void headline(Document *d, const PatientReport *r)
{
    char a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];
    size_t n = 0;
    bool share = false, ratio = false;
    for (; n < r->n_scans && n < 4 && text_equal(r->scan[n].tracer, r->scan[0].tracer); n++) {
        share |= isfinite(r->scan[n].fhv.value);
        ratio |= isfinite(r->scan[n].tbr_max.value);
    }
    share |= !ratio;
    for (size_t i = 0; i < n; i++) {
        const PatientScan *s = &r->scan[i];
        const double percent = 100 * s->fhv.value;
        const char *what = state(s), *value = what, *detail = NULL;
        char *label = arena_printf(&d->arena, "%s, %s", share ? "FHV" : "TBRmax", s->timepoint);
        if (!what && share) {
            value = isnan(percent) ? "undefined" : arena_printf(&d->arena, "%s %%", format_fixed(a, percent, percent < 9.95 ? 1 : 0));      /* 0.4 is not 0 */
            detail = arena_printf(&d->arena, "HV %s of %s mL · TBRmax %s", format_fixed(a, s->hv_ml.value, 1), format_fixed(b, s->volume_ml.value, 1),
                                  format_fixed(c, s->tbr_max.value, 2));
            if (detail && !isnan(percent) && s->others)
                detail = arena_printf(&d->arena, "%s. Higher than in %zu of %zu other patients", detail, s->lower, s->others);
        } else if (!what) {
            value = isnan(s->tbr_max.value) ? "undefined" : arena_strdup(&d->arena, format_fixed(a, s->tbr_max.value, 2));
            detail = arena_printf(&d->arena, "tumour %s mL; FHV undefined", format_fixed(b, s->volume_ml.value, 1));
        }
        if (!label || !value) { d->rc = ERR_NOMEM; return; }
        document_fact(d, value, label, detail);
    }
}

static const char *change_text(char buf[FORMAT_MAX], const PatientValue *v, double scale, int decimals)
{
    return isnan(v->value) ? "–" : format_signed(buf, scale * v->value, decimals);
}

static void change_rows(Document *d, Table *t, const PatientReport *r)
{
    char buf[FORMAT_MAX];
    const char *tracer = NULL;
    for (size_t i = 0; i < r->n_changes; i++) {
        const PatientChange *c = &r->change[i];
        char *group = arena_printf(&d->arena, "%s · change", c->tracer), *label = arena_printf(&d->arena, "%s to %s", c->from, c->to);
        if (!label || !group) { d->rc = ERR_NOMEM; return; }
        if (!text_equal(tracer, c->tracer)) {
            document_table_row(d, t, ROW_GROUP);
            document_table_cell(d, t, 0, group);
            tracer = c->tracer;
        }
        document_table_row(d, t, ROW_INDENTED);
        document_table_cell(d, t, 0, label);
        document_table_cell(d, t, 4, change_text(buf, &c->tbr_max, 1, 2));
        document_table_cell(d, t, 5, change_text(buf, &c->fhv, 100, 1));
        document_table_cell(d, t, 6, change_text(buf, &c->hv_ml, 1, 1));
    }
}

static void scan_table(Document *d, const PatientReport *r)
{
    static const char *const head[] = { "Scan", "State", "Day", "Uptake, min", "TBRmax", "FHV, %", "HV, mL", "Tumour, mL" };
    char buf[FORMAT_MAX];
    Table *t = document_table(d, "Hypoxia by time point", 8);
    for (size_t k = 0; k < 8; k++) document_table_column(d, t, k, head[k], k < 2 ? ALIGN_LEFT : ALIGN_RIGHT);
    const char *tracer = NULL;
    for (size_t i = 0; i < r->n_scans; i++) {
        const PatientScan *s = &r->scan[i];
        if (!text_equal(tracer, s->tracer)) {
            char *group = arena_printf(&d->arena, "%s · %s", s->tracer, s->definition);
            if (!group) { d->rc = ERR_NOMEM; return; }
            document_table_row(d, t, ROW_GROUP);
            document_table_cell(d, t, 0, group);
            tracer = s->tracer;
        }
        const char *what = state(s);
        document_table_row(d, t, ROW_INDENTED);
        document_table_cell(d, t, 0, s->timepoint);
        document_table_cell(d, t, 1, what ? what : "done");
        document_table_cell(d, t, 2, what && isnan(s->day) ? "–" : format_fixed(buf, s->day, 0));
        document_table_cell(d, t, 3, what ? "–" : format_fixed(buf, s->uptake_min, 0));
        document_table_cell(d, t, 4, value_text(buf, s, &s->tbr_max, 1, 2));
        document_table_cell(d, t, 5, value_text(buf, s, &s->fhv, 100, 1));
        document_table_cell(d, t, 6, value_text(buf, s, &s->hv_ml, 1, 1));
        document_table_cell(d, t, 7, value_text(buf, s, &s->volume_ml, 1, 1));
    }
    change_rows(d, t, r);
    Str note = { 0 };
    str_append(&note, "TBR: uptake relative to the reference; FHV, HV: hypoxic share and volume of the tumour (GTV). A scan that was not done or not "
                      "assessable has no value; it is not a scan without hypoxia.");
    if (r->n_changes) str_append(&note, " Change: later minus earlier, FHV in points, each scan by its own contour; shrinkage alone lowers TBR.");
    for (size_t i = 0; i < r->n_scans; i++) {
        const PatientScan *s = &r->scan[i];
        const char *why = s->refused ? s->refused : !state(s) && isnan(s->fhv.value) ? s->fhv.reason : NULL;
        if (why) str_appendf(&note, " %s %s: %s.", s->tracer, s->timepoint, why);
    }
    if (note.failed) d->rc = ERR_NOMEM;
    document_table_note(d, t, str_text(&note));
    str_free(&note);
}

/* One strip of slices a tracer. */
static Rc image_strips(Document *d, const PatientReport *r, Err *e)
{
    Rc rc = OK;
    Scene scene = { 0 };
    SlicePanel *panel = calloc(r->n_scans ? r->n_scans : 1, sizeof *panel);
    if (!panel) return err_nomem(e);
    for (size_t from = 0, to; from < r->n_scans; from = to) {
        size_t shown = 0;
        double hottest = 0;
        bool ratio = true;
        const char *unit = "TBR";
        for (to = from; to < r->n_scans && text_equal(r->scan[to].tracer, r->scan[from].tracer); to++) {
            const PatientScan *s = &r->scan[to];
            char day[FORMAT_MAX];
            const char *what = state(s);
            char *detail = isnan(s->day) || what ? NULL : arena_printf(&d->arena, "day %s", format_fixed(day, s->day, 0));
            panel[to - from] = (SlicePanel){ s->timepoint, detail, s->slice, what ? what : s->no_slice };
            if (!s->slice) continue;
            shown++;
            ratio &= s->slice->is_ratio;
            unit = units_name(s->slice->units);
            if (isfinite(s->tbr_max.value)) hottest = fmax(hottest, s->tbr_max.value);
        }
        if (!shown) continue;
        SliceFigure f = { .panel = panel, .n_panels = to - from, .unit = ratio ? "TBR" : unit };
        if (ratio) f.window_hi = hottest > 4 ? ceil(hottest) : 3;
        else {
            float top = 1;
            for (size_t i = from; i < to; i++)
                for (int k = 0; r->scan[i].slice && k < r->scan[i].slice->n * r->scan[i].slice->n; k++)
                    if (r->scan[i].slice->value[k] > top) top = r->scan[i].slice->value[k];
            f.window_hi = ceil(top);
        }
        char *title = arena_printf(&d->arena, "%s: axial slice through the hottest voxel of the tumour", r->scan[from].tracer);
        char *hypoxic = ratio ? arena_printf(&d->arena, "hypoxic subvolume (%s)", r->scan[from].definition) : NULL;
        if (!title) { rc = err_nomem(e); goto out; }
        f.title = title;
        f.threshold = NAN;
        for (size_t i = from; i < to; i++) if (r->scan[i].slice && r->scan[i].slice->hypoxic.n) f.hypoxic_label = hypoxic;
        TRY(slice_figure_draw(&scene, &f, e));
        char *caption = arena_printf(&d->arena, "%zu of %zu scans, one window and one scale; linear interpolation; R: the patient's right. Scans "
                                                "are not registered to each other.", shown, to - from);
        document_figure(d, &scene, caption);
    }
out:
    scene_free(&scene);
    free(panel);
    return rc;
}

static Rc risk_blocks(Document *d, const PatientReport *r, Err *e)
{
    Rc rc = OK;
    Scene scene = { 0 };
    RiskRow *row = calloc(r->n_risks, sizeof *row);
    if (!row) return err_nomem(e);
    size_t predicted = 0;
    for (size_t i = 0; i < r->n_risks; i++) {
        const PatientRisk *x = &r->risk[i];
        row[i] = (RiskRow){ x->model, x->detail, x->value, x->lower, x->upper, x->absent, !x->in_range };
        predicted += !isnan(x->value);
    }
    char *title = arena_printf(&d->arena, "Predicted %s", r->risk_of);
    if (!title) { rc = err_nomem(e); goto out; }
    TRY(risk_draw(&scene, &(RiskFigure){ title, "Predicted risk (%), with 95 % interval", row, r->n_risks }, e));
    Str caption = { 0 };
    char a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];
    for (size_t i = 0; i < r->n_risks; i++) {
        const PatientRisk *x = &r->risk[i];
        if (isnan(x->value)) continue;
        str_appendf(&caption, "%s (%s): of 100 patients like this one, about %s (95 %% CI %s–%s). ", x->model, x->clock, format_fixed(a, 100 * x->value, 0),
                    format_fixed(b, 100 * x->lower, 0), format_fixed(c, 100 * x->upper, 0));
    }
    str_append(&caption, predicted ? "The interval covers the uncertainty of the estimated risk, not of one person's fate. Not validated outside "
                                     "this cohort." : "No model gives a risk for this patient.");
    if (caption.failed) d->rc = ERR_NOMEM;
    document_figure(d, &scene, str_text(&caption));
    str_free(&caption);
    for (size_t i = 0; i < r->n_risks; i++) {
        const PatientRisk *x = &r->risk[i];
        Str warn = { 0 };
        if (!isnan(x->value) && !x->in_range)
            str_appendf(&warn, "* %s: an extrapolation. %s.", x->model, x->note ? x->note : "This patient lies outside the range of the model's data");
        if (!isnan(x->value) && x->n_terms && (double)x->n_events / (double)x->n_terms < 5) {
            if (warn.len) str_append_char(&warn, ' ');
            str_appendf(&warn, "%s: %zu events for %zu terms; with so few the number may be far off.", x->model, x->n_events, x->n_terms);
        }
        if (warn.failed) d->rc = ERR_NOMEM;
        if (warn.len) document_warning(d, str_text(&warn));
        str_free(&warn);
    }
out:
    scene_free(&scene);
    free(row);
    return rc;
}

Rc patient_document(Document *d, const PatientReport *r, Err *e)
{
    Rc rc = OK;
    Str line = { 0 }, sub = { 0 };
    str_appendf(&line, "%s · patient report %03d", r->study, r->row);
    str_appendf(&sub, "PET: %s", r->tracers);
    for (size_t i = 0; i < r->n_facts; i++) str_appendf(&sub, " · %s %s", r->fact[i].label, r->fact[i].value);
    TRY(str_check(&line, e));
    TRY(str_check(&sub, e));
    char title[160];
    snprintf(title, sizeof title, "Patient %.100s", r->patient);
    document_init(d, title, str_text(&sub), str_text(&line));
    d->compact = true;
    if (r->n_scans) { headline(d, r); scan_table(d, r); }
    else document_warning(d, "No scan of this patient is listed.");
    TRY(image_strips(d, r, e));
    if (r->risk_of && r->n_risks) TRY(risk_blocks(d, r, e));
    if (r->provenance) document_note(d, r->provenance);
    if (d->rc != OK) rc = err_nomem(e);
out:
    str_free(&line);
    str_free(&sub);
    return rc;
}
