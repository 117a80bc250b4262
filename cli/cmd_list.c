/* cli/cmd_list.c: reox list features|tracers|methods: what there is, with definitions and sources. */
#include <math.h>
#include <string.h>

#include "cli/command.h"
#include "core/json.h"
#include "core/tracer.h"
#include "features/feature.h"
#include "stats/method.h"

static Json *feature_rows(void)
{
    Json *list = json_array();
    for (int i = 0; i < FEATURE_COUNT; i++) {
        const FeatureInfo *f = feature_info((FeatureId)i);
        Json *row = json_push(list, json_object());
        json_set_text(row, "name", f->name);
        json_set(row, "ibsi", *f->ibsi ? json_from_text(f->ibsi) : json_null());
        json_set_text(row, "family", family_name(f->family));
        json_set_text(row, "unit", f->unit);
        json_set_text(row, "definition", f->definition);
        json_set_text(row, "source", f->source);
        Json *ways = json_set(row, "aggregations", json_array());
        for (int a = AGGREGATION_NONE + 1; a < AGGREGATION_COUNT; a++)
            if (family_has_aggregation(f->family, (Aggregation)a)) json_push(ways, json_from_text(aggregation_name((Aggregation)a)));
    }
    return list;
}

static Json *tracer_rows(void)
{
    Json *list = json_array();
    size_t n = 0;
    const Preset *p = tracer_presets(&n);
    for (size_t i = 0; i < n; i++, p++) {
        Json *row = json_push(list, json_object());
        json_set_text(row, "name", p->name);
        json_set_text(row, "label", p->label);
        json_set_texts(row, "aliases", (const char *const *)p->alias, p->n_aliases);
        json_set_text(row, "nuclide", p->nuclide);
        json_set_number(row, "half_life_s", p->half_life_s);
        if (isnan(p->window_min[0])) json_set(row, "uptake_min", json_null());
        else json_set_numbers(row, "uptake_min", p->window_min, 2);
        json_set(row, "reference", json_from_text(p->reference));
        json_set(row, "threshold", json_from_number(p->threshold));
        json_set(row, "operator", p->has_operator ? json_from_text(operator_name(p->op)) : json_null());
        json_set_text(row, "source", p->source);
        json_set(row, "repeatability_percent", json_from_number(p->repeat_percent));
        json_set(row, "repeatability_source", json_from_text(p->repeat_source));
    }
    return list;
}

/* INTERFACE §2: methods without a table or a formula are for `reox stat` alone. */
static bool fits_protocol(const Method *m) { return m->needs_data && m->formula != FORMULA_NONE; }

static Json *method_rows(void)
{
    static const char *const kinds[] = { "none", "survival", "response", "columns", "any" };
    Json *list = json_array();
    for (size_t i = 0; method_at(i); i++) {
        const Method *m = method_at(i);
        Json *row = json_push(list, json_object());
        json_set_text(row, "name", m->name);
        json_set_text(row, "summary", m->summary);
        json_set_text(row, "formula", kinds[m->formula]);
        json_set_bool(row, "needs_data", m->needs_data);
        json_set_bool(row, "fits_protocol", fits_protocol(m));
        Json *options = json_set(row, "options", json_array());
        for (const MethodOption *o = m->options; o && o->name; o++) json_push(options, json_from_text(o->name));
        json_set(row, "source", json_from_text(m->source));
    }
    return list;
}

/* A list for people: one line a row, what matters first, sources below. */
static void feature_text(Str *out)
{
    Family family = FAMILY_COUNT;
    for (int i = 0; i < FEATURE_COUNT; i++) {
        const FeatureInfo *f = feature_info((FeatureId)i);
        if (f->family != family) str_appendf(out, "%s%s\n", i ? "\n" : "", family_name(family = f->family));
        str_appendf(out, "  %-46s %-5s [%s] %s (%s)\n", f->name, f->ibsi, f->unit, f->definition, f->source);
    }
    str_append(out, "\nchange\n  delta_<feature>, ratio_<feature>: between two time points of a patient, to - from and to / from\n"
                    "\nIn formulas: <tracer>_<timepoint>[_<roi>]_<feature>, <tracer>_<from>_<to>[_<roi>]_<change>; no <roi> for gtv.\n");
}

static void tracer_text(Str *out)
{
    size_t n = 0;
    const Preset *p = tracer_presets(&n);
    for (size_t i = 0; i < n; i++, p++) {
        str_appendf(out, "%-10s %s, %s, half-life %.6g min", p->name, p->label, p->nuclide, p->half_life_s / 60);
        if (p->has_threshold) str_appendf(out, "; hypoxic: ratio to %s %s %g", p->reference, operator_name(p->op), p->threshold);
        else str_append(out, "; no threshold");
        if (!isnan(p->window_min[0]))
            str_appendf(out, p->window_min[0] < p->window_min[1] ? "; %g to %g min after injection" : "; %g min after injection", p->window_min[0],
                        p->window_min[1]);
        str_appendf(out, "\n           %s\n           also: ", p->source);
        for (size_t k = 0; k < p->n_aliases; k++) str_appendf(out, "%s%s", k ? ", " : "", p->alias[k]);
        str_append(out, "\n");
    }
}

static void method_text(Str *out)
{
    for (size_t i = 0; method_at(i); i++) {
        const Method *m = method_at(i);
        str_appendf(out, "%-16s %s%s%s%s\n", m->name, m->summary, fits_protocol(m) ? " [study.json]" : "", m->source ? "  " : "", m->source ? m->source : "");
    }
    str_append(out, "\n[study.json]: also a method of models in a protocol. Options: reox stat METHOD --help\n");
}

static const struct {
    const char *name;
    Json *(*rows)(void);
    void (*text)(Str *);
} lists[] = { { "features", feature_rows, feature_text }, { "tracers", tracer_rows, tracer_text }, { "methods", method_rows, method_text } };
enum { LISTS = sizeof lists / sizeof *lists };

static ExitCode run(const CommandLine *c)
{
    Err e = { 0 };
    Rc rc = OK;
    Str text = { 0 };
    Json *j = NULL;
    const char *what = cli_argument(c, 0);
    int k = 0;
    while (k < LISTS && strcmp(lists[k].name, what) != 0) k++;
    if (k == LISTS) {
        err_set(&e, ERR_USAGE, "list: unknown list %s, expected features, tracers or methods", what);
        return cli_fail(&e);
    }
    if (cli_json(c)) {
        j = json_object();
        json_set_text(j, "schema", "reox.list/1");
        json_set(j, what, lists[k].rows());
        TRY(cli_print_json(j, &e));
    } else {
        lists[k].text(&text);
        TRY(str_check(&text, &e));
        TRY(cli_print(text.s, &e));
    }
out:
    json_free(j);
    str_free(&text);
    return rc == OK ? EXIT_DONE : cli_fail(&e);
}

const Command command_list = {
    .name = "list",
    .synopsis = "features|tracers|methods",
    .summary = "what there is, with definitions and sources",
    .details = "reox list features          every feature with IBSI code, unit, definition and source\n"
               "reox list tracers --json    the presets as JSON",
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
