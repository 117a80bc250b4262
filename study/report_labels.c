/* study/report_labels.c: what pages call endpoints, terms, definitions and clocks. */
#include "study/report_labels.h"

#include <math.h>
#include <string.h>

#include "core/tracer.h"

/* The last: what an axis of its cumulative incidence says. */
static const struct { const char *name, *label, *curve, *incidence; } ENDPOINT[] = {
    { "os", "Overall survival", "Overall survival", NULL },
    { "pfs", "Progression-free survival", "Progression-free survival", NULL },
    { "dfs", "Disease-free survival", "Disease-free survival", NULL },
    { "lrf", "Locoregional failure", "Free of locoregional failure", "Incidence of locoregional failure" },
    { "lf", "Local failure", "Free of local failure", "Incidence of local failure" },
    { "lc", "Local control", "Local control", NULL },
    { "lrc", "Locoregional control", "Locoregional control", NULL },
    { "dm", "Distant metastasis", "Free of distant metastasis", "Incidence of distant metastasis" },
    { "response", "Response", NULL, NULL },
};

static int endpoint_index(const Endpoint *p)
{
    for (size_t i = 0; i < sizeof ENDPOINT / sizeof *ENDPOINT; i++) if (text_equal_nocase(ENDPOINT[i].name, p->name)) return (int)i;
    return -1;
}

const char *endpoint_label(const Endpoint *p)
{
    int i = endpoint_index(p);
    return i >= 0 ? ENDPOINT[i].label : p->name;
}

const char *endpoint_curve_label(const Endpoint *p)
{
    int i = endpoint_index(p);
    return i >= 0 && ENDPOINT[i].curve ? ENDPOINT[i].curve : "Event-free";
}

const char *endpoint_incidence_label(const Endpoint *p)
{
    int i = endpoint_index(p);
    return i >= 0 && ENDPOINT[i].incidence ? ENDPOINT[i].incidence : "Cumulative incidence";
}

static const char *operator_sign(Operator op)
{
    static const char *const sign[] = { [OP_GE] = "≥", [OP_GT] = ">", [OP_LE] = "≤", [OP_LT] = "<" };
    return sign[op];
}

void definition_label(Str *out, const ScanRule *rule, Units units)
{
    char text[NUMBER_TEXT_MAX];
    if (isnan(rule->threshold)) { str_append(out, "no threshold is named for this tracer"); return; }
    str_appendf(out, "TBR %s %s", operator_sign(rule->has_operator ? rule->op : OP_GE), number_write_short(text, rule->threshold));
    if (units == UNITS_TBR) str_append(out, ", image in TBR");
    else if (!isnan(rule->value)) str_append(out, ", reference value given by scan");
    else if (rule->region) str_appendf(out, ", reference %s", rule->region);
    else str_append(out, ", but no reference is named");
}

/* What clinicians call the usual quantities; others keep their name. */
static const char *feature_words(const char *name)
{
    static const char *const word[][2] = {
        { "fhv", "FHV" }, { "hv_ml", "HV" }, { "tbr_max", "TBRmax" }, { "tbr_mean", "TBRmean" }, { "tbr_peak", "TBRpeak" }, { "tbr_p95", "TBR P95" },
        { "suv_max", "SUVmax" }, { "suv_mean", "SUVmean" }, { "suv_peak", "SUVpeak" }, { "hypoxic_burden", "hypoxic burden" }, { "fhv_auc", "FHV area" },
        { "morphology_volume", "tumour volume" },
    };
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) if (strcmp(word[i][0], name) == 0) return word[i][1];
    return name;
}

void variable_words(Str *out, const VariableSpace *s, const Variable *v)
{
    const Preset *preset = tracer_find(v->tracer);
    if (v->kind != VARIABLE_FEATURE) str_append(out, v->kind == VARIABLE_DELTA ? "change of " : "ratio of ");
    str_append(out, feature_words(feature_info(v->feature)->name));
    if (v->aggregation != AGGREGATION_NONE) str_appendf(out, " (%s)", aggregation_name(v->aggregation));
    if (strcmp(v->roi, "gtv") != 0) str_appendf(out, " of %s", v->roi);
    str_appendf(out, ", %s %s", preset ? preset->name : v->tracer, s->timepoint[v->from]);
    if (v->to >= 0) str_appendf(out, " to %s", s->timepoint[v->to]);
}

static const ColumnSpec *column_spec(const Protocol *p, const char *name, size_t n)
{
    for (size_t i = 0; i < p->n_columns; i++)
        if (strlen(p->column[i].name) == n && strncmp(p->column[i].name, name, n) == 0) return &p->column[i];
    return NULL;
}

void term_label(Str *out, double *per, const char **step, const char *term, const VariableSpace *s, const Protocol *p, const Frame *clinical)
{
    Variable v;
    bool found = false;
    *per = 1;
    *step = NULL;
    /* log(x) of one variable: the words of x. */
    size_t length = strlen(term);
    if (length > 5 && length < 200 && strncmp(term, "log(", 4) == 0 && term[length - 1] == ')') {
        char inside[200];
        memcpy(inside, term + 4, length - 5);
        inside[length - 5] = '\0';
        if (variable_resolve(&v, &found, s, inside, NULL) == OK && found) {
            str_append(out, "log ");
            variable_words(out, s, &v);
            return;
        }
    }
    if (variable_resolve(&v, &found, s, term, NULL) == OK && found) {
        variable_words(out, s, &v);
        const char *name = feature_info(v.feature)->name;
        if (v.kind != VARIABLE_RATIO && strcmp(name, "fhv") == 0) { *per = 0.1; *step = "per 10 points"; }
        else if (v.kind != VARIABLE_RATIO && strcmp(variable_unit(s, &v), "1") != 0) str_appendf(out, ", per %s", variable_unit(s, &v));
        return;
    }
    /* A column, or a column with a level behind it (a factor); the longest name that fits. */
    const FrameColumn *best = NULL;
    for (size_t i = 0; i < clinical->columns; i++) {
        const FrameColumn *c = &clinical->column[i];
        size_t n = strlen(c->name);
        bool fits = c->is_text ? strncmp(term, c->name, n) == 0 : strcmp(term, c->name) == 0;
        if (fits && (!best || n > strlen(best->name))) best = c;
    }
    if (!best) { str_append(out, term); return; }
    size_t n = strlen(best->name);
    const ColumnSpec *spec = column_spec(p, best->name, n);
    str_append(out, spec && spec->label ? spec->label : best->name);
    if (term[n]) {
        str_appendf(out, ": %s", term + n);
        if (spec && spec->n_levels) str_appendf(out, " against %s", spec->levels[0]);
    } else if (spec && spec->unit) str_appendf(out, ", per %s", strcmp(spec->unit, "years") == 0 ? "year" : spec->unit);
}

void clock_label(Str *out, const ModelSpec *m, const Protocol *p)
{
    char text[NUMBER_TEXT_MAX];
    if (m->landmark == LANDMARK_TIMEPOINT) str_appendf(out, "each patient's %s scan", p->timepoint[m->landmark_timepoint]);
    else if (m->landmark == LANDMARK_DAYS) str_appendf(out, "day %s", number_write_short(text, m->landmark_days));
    else str_append(out, "day 0");
}
