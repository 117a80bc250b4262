/* cli/step_fit.c: fits models and tells how they came out. */
#include "cli/step_fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/terminal.h"
#include "core/str.h"
#include "study/fit_study.h"

static const char *const state_name[] = { "fitted", "unchanged", "refused", "not_estimated" };

static Json *outcome_json(const ModelOutcome *m, const Protocol *p)
{
    const ModelSpec *spec = protocol_model(p, m->name);
    Json *j = json_object();
    json_set_text(j, "name", m->name);
    json_set_text(j, "method", spec->method);
    json_set_text(j, "formula", spec->formula);
    json_set_text(j, "status", state_name[m->state]);
    json_set(j, "reason", json_from_text(m->why));
    if (m->state == MODEL_REFUSED) return j;
    json_set(j, "landmark", json_copy(json_get(json_get(m->document, "model"), "landmark")));
    json_set_number(j, "patients", (double)m->patients);
    json_set_number(j, "n", (double)m->rows);
    json_set_number(j, "nevent", m->nevent);
    Json *left = json_set(j, "left_out", json_object());
    for (size_t i = 0; i < m->n_left_out; i++) json_set_number(left, m->left_out[i].reason, (double)m->left_out[i].n);
    Json *terms = json_set(j, "terms", json_array());
    for (size_t i = 0; i < m->n_terms; i++) {
        const TermRow *t = &m->term[i];
        Json *row = json_push(terms, json_object());
        json_set_text(row, "term", t->term);
        json_set_number(row, "coef", t->coef);
        json_set_number(row, "se", t->se);
        json_set_text(row, "measure", t->measure);
        json_set_number(row, "ratio", t->ratio);
        json_set_number(row, "lower95", t->lower95);
        json_set_number(row, "upper95", t->upper95);
        json_set_number(row, "p", t->p);
    }
    json_set(j, "result", json_copy(m->document));
    return j;
}

bool step_fit(Json **out, StudyRun *r, const char *const *only, bool force)
{
    Err e = { 0 };
    FitResult s = { 0 };
    const Rc rc = fit_study(&s, &r->tables, r->db, r->run_id, only, force, cli_threads(r->command), cli_progress(r->command), &e);
    Json *j = json_object();
    json_set_text(j, "schema", "reox.models/1");
    Json *list = json_set(j, "models", json_array());
    for (size_t i = 0; i < s.n; i++) {
        const ModelOutcome *m = &s.model[i];
        json_push(list, outcome_json(m, &r->tables.protocol));
        if (m->state == MODEL_REFUSED) {
            terminal_line("", m->why);
            r->code = exit_code_worse(r->code, EXIT_REFUSED);
        }
        if (m->state == MODEL_NOT_ESTIMATED) {
            Str line = { 0 };
            str_appendf(&line, "model %s: not estimated: %s", m->name, m->why ? m->why : "");
            terminal_line("", str_text(&line));
            str_free(&line);
            r->code = exit_code_worse(r->code, EXIT_NOT_ESTIMATED);
        }
    }
    fit_result_free(&s);
    *out = j;
    return study_run_check(r, rc, &e);
}

/* A ratio or coefficient with three digits, "-" where there is none. */
static const char *show(char buf[32], const Json *row, const char *key)
{
    const double x = json_type(json_get(row, key)) == JSON_NUMBER ? json_number(json_get(row, key)) : NAN;
    if (isnan(x)) return "-";
    snprintf(buf, 32, fabs(x) >= 1e5 || (fabs(x) < 1e-3 && x != 0) ? "%.2e" : "%.4g", x);
    return buf;
}

static void print_terms(Str *text, const Json *model)
{
    char a[32], b[32], c[32], d[32];
    size_t width = 12;
    for (const Json *t = json_first(json_get(model, "terms")); t; t = json_next(t)) {
        const size_t n = strlen(json_text(json_get(t, "term")));
        if (n > width) width = n;
    }
    for (const Json *t = json_first(json_get(model, "terms")); t; t = json_next(t)) {
        const char *measure = json_text(json_get(t, "measure"));
        const bool ratio = measure && *measure;
        str_appendf(text, "  %-*s  %s %s (95 %% CI %s to %s), p = %s\n", (int)width, json_text(json_get(t, "term")), ratio ? measure : "coef",
                    show(a, t, ratio ? "ratio" : "coef"), show(b, t, "lower95"), show(c, t, "upper95"), show(d, t, "p"));
    }
}

void step_fit_print(StudyRun *r, const Json *j)
{
    Err e = { 0 };
    Str text = { 0 };
    for (const Json *m = json_first(json_get(j, "models")); m; m = json_next(m)) {
        const char *landmark = json_text(json_get(m, "landmark"));
        str_appendf(&text, "%s: %s %s", json_text(json_get(m, "name")), json_text(json_get(m, "method")), json_text(json_get(m, "formula")));
        const bool clock = text_equal(json_text(json_get(json_get(json_get(m, "result"), "model"), "kind")), "survival");
        if (landmark) str_appendf(&text, clock ? ", clock from each patient's %s scan" : ", patients with a %s scan", landmark);
        if (json_type(json_get(m, "landmark")) == JSON_NUMBER) str_appendf(&text, ", clock from day %g", json_number(json_get(m, "landmark")));
        str_appendf(&text, " [%s]\n", json_text(json_get(m, "status")));
        if (!json_get(m, "n")) continue;
        str_appendf(&text, "  %.0f of %.0f patients", json_number(json_get(m, "n")), json_number(json_get(m, "patients")));
        if (json_type(json_get(m, "nevent")) == JSON_NUMBER) str_appendf(&text, ", %.0f events", json_number(json_get(m, "nevent")));
        bool first = true;
        for (const Json *x = json_first(json_get(m, "left_out")); x; x = json_next(x), first = false)
            str_appendf(&text, "%s%.0f (%s)", first ? "; left out: " : ", ", json_number(x), json_key(x));
        str_append(&text, "\n");
        print_terms(&text, m);
        for (const Json *x = json_first(json_get(json_get(m, "result"), "diagnosis")); x; x = json_next(x))
            str_appendf(&text, "  ! %s\n", json_text(json_get(x, "message")));
    }
    if (!json_size(json_get(j, "models"))) str_append(&text, "fit: the protocol has no models\n");
    Rc rc = str_check(&text, &e);
    if (rc == OK) rc = cli_print(text.s, &e);
    study_run_check(r, rc, &e);
    str_free(&text);
}
