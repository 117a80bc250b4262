/* sample_cohort/spec.c: reads a simulation's specification; tables of tracers, centres and effects. */
#include "sample_cohort/spec.h"

#include <math.h>
#include <string.h>

#include "core/str.h"
#include "sample_cohort/marginal.h"

/* Amplitudes are tuned so that the measured TBRmax has the published mean (FMISO and FETNIM: Wei et al. in lung cancer; HX4:
 * van Loon et al.; FAZA: Bollineni et al.). Threshold 1.4 against blood is the commonest definition of these tracers. */
static const SimulationTracer tracers[] = {
    { "FMISO", 1.4, 0.50, 1.6, 0.95, 1.3, 370, 45 },
    { "HX4", 1.4, 0.35, 1.6, 0.95, 1.2, 426, 72 },
    { "FAZA", 1.4, 0.45, 1.6, 0.90, 1.2, 300, 40 },
    { "FETNIM", 1.4, 0.20, 1.6, 0.95, 1.5, 370, 45 },
};
enum { TRACERS = sizeof tracers / sizeof *tracers };

static const SimulationCenter centers[SIMULATION_CENTERS] = {
    { "A", { 2.0, 2.0, 2.0 }, 5.0, 0.10, 120 },
    { "B", { 4.07, 4.07, 3.0 }, 6.0, 0.12, 150 },
    { "C", { 4.07, 4.07, 5.0 }, 6.5, 0.16, 180 },
    { "D", { 2.73, 2.73, 3.27 }, 7.0, 0.20, 240 },
};

static const char *const scenario_names[SCENARIO_COUNT] = { "null", "pre", "mid", "both", "separation" };

const char *scenario_name(Scenario s) { return scenario_names[s]; }

const SimulationCenter *simulation_center(int i) { return &centers[i]; }

/* Hypoxia's effect of scenario `both`; the others put its sum on one time point, or none, so that their power is alike. */
static void effects_of_scenario(SimulationSpec *s)
{
    Effects *all[] = { &s->lrf, &s->death, &s->response };

    s->lrf = (Effects){ .z0 = 0.20, .zm = 0.45, .v = 0.30 };
    s->death = (Effects){ .z0 = 0.15, .zm = 0.30, .v = 0.25, .a = 0.20 };
    s->response = (Effects){ .intercept = 0.35, .z0 = -0.5, .zm = -0.9, .v = -0.25 };
    for (int k = 0; k < 3; k++) {
        Effects *f = all[k];
        double sum = f->z0 + f->zm;
        switch (s->scenario) {
        case SCENARIO_NULL: f->z0 = f->zm = 0; break;
        case SCENARIO_PRE: f->z0 = sum; f->zm = 0; break;
        case SCENARIO_MID: f->z0 = 0; f->zm = sum; break;
        default: break;
        }
    }
}

static Rc want_whole(double *x, const Json *j, const char *key, double lo, double hi, const char *name, Err *e)
{
    Rc rc = json_want_number(x, j, key, name, e);

    if (rc != OK) return rc;
    if (!(*x >= lo && *x <= hi) || *x != floor(*x))
        return err_set(e, ERR_INPUT, "%s: %s: %.17g, expected a whole number from %.0f to %.0f", name, key, *x, lo, hi);
    return OK;
}

static Rc want_effects(Effects *f, const Json *all, const char *key, bool intercept, bool age, const char *name, Err *e)
{
    static const char *const known[] = { "z0", "zm", "v", "a", "intercept", NULL };
    const Json *j = NULL;
    Str where = { 0 };
    Rc rc = OK;
    double *slot[] = { &f->z0, &f->zm, &f->v, &f->a, &f->intercept };

    str_appendf(&where, "%s: effects", name);
    TRY(json_want_object(&j, all, key, str_text(&where), e));
    if (!j) goto out;
    str_appendf(&where, ".%s", key);
    TRY(json_refuse_unknown(j, known, str_text(&where), e));
    for (int k = 0; k < 5; k++) {
        if (!json_get(j, known[k])) continue;
        if ((k == 3 && !age) || (k == 4 && !intercept)) {
            rc = err_set(e, ERR_INPUT, "%s: %s: this endpoint has no such effect", str_text(&where), known[k]);
            goto out;
        }
        TRY(json_want_number(slot[k], j, known[k], str_text(&where), e));
        if (!(fabs(*slot[k]) <= 10)) {
            rc = err_set(e, ERR_INPUT, "%s: %s: %.17g, expected -10 to 10", str_text(&where), known[k], *slot[k]);
            goto out;
        }
    }
out:
    str_free(&where);
    return rc;
}

static Rc want_centers(SimulationSpec *s, const Json *j, const char *name, Err *e)
{
    const Json *list = NULL;
    Rc rc = json_want_array(&list, j, "centers", name, e);

    if (rc != OK || !list) return rc;
    if (json_size(list) == 0) return err_set(e, ERR_INPUT, "%s: centers: an empty list, expected some of A, B, C, D", name);
    memset(s->center, 0, sizeof s->center);
    for (const Json *x = json_first(list); x; x = json_next(x)) {
        const char *t = json_text(x);
        int c = -1;
        for (int i = 0; i < SIMULATION_CENTERS; i++) if (t && strcmp(t, centers[i].name) == 0) c = i;
        if (c < 0)
            return err_set(e, ERR_INPUT, "%s: centers: %s, expected A, B, C or D", name, t ? t : json_type_name(x));
        if (s->center[c]) return err_set(e, ERR_INPUT, "%s: centers: %s stands there twice", name, t);
        s->center[c] = true;
    }
    return OK;
}

static Rc want_tracer(SimulationSpec *s, const Json *j, const char *name, Err *e)
{
    const char *t = NULL;
    Rc rc = json_want_text(&t, j, "tracer", name, e);

    if (rc != OK || !t) return rc;
    for (int i = 0; i < TRACERS; i++)
        if (text_equal_nocase(t, tracers[i].name)) { s->tracer = &tracers[i]; return OK; }
    return err_set(e, ERR_INPUT, "%s: tracer: %s, expected FMISO, HX4, FAZA or FETNIM", name, t);
}

static Rc want_scenario(SimulationSpec *s, const Json *j, const char *name, Err *e)
{
    const char *t = NULL;
    Rc rc = json_want_text(&t, j, "scenario", name, e);

    if (rc != OK || !t) return rc;
    for (int i = 0; i < SCENARIO_COUNT; i++)
        if (strcmp(t, scenario_names[i]) == 0) { s->scenario = (Scenario)i; return OK; }
    return err_set(e, ERR_INPUT, "%s: scenario: %s, expected null, pre, mid, both or separation", name, t);
}

/* true, false, or a factor on the centres' noise. */
static Rc want_noise(SimulationSpec *s, const Json *j, const char *name, Err *e)
{
    const Json *x = json_get(j, "noise");

    if (!x) return OK;
    if (json_type(x) == JSON_BOOL) { s->noise = json_bool(x) ? 1 : 0; return OK; }
    if (json_type(x) != JSON_NUMBER)
        return err_set(e, ERR_INPUT, "%s: noise: %s, expected true, false or a factor", name, json_type_name(x));
    s->noise = json_number(x);
    if (!(s->noise >= 0 && s->noise <= 5))
        return err_set(e, ERR_INPUT, "%s: noise: %.17g, expected a factor from 0 to 5", name, s->noise);
    return OK;
}

Rc simulation_spec_read(SimulationSpec *out, const Json *j, const char *name, Err *e)
{
    static const char *const known[] = { "n", "seed", "tracer", "scenario", "effects", "centers", "images", "noise", "motion",
                                         "missing", "censoring", NULL };
    static const char *const endpoints[] = { "os", "lrf", "response", NULL };
    SimulationSpec s = { .n = 60, .seed = 1, .tracer = &tracers[0], .scenario = SCENARIO_BOTH, .center = { true },
                         .images = true, .motion = true, .missing = true, .censoring = true, .noise = 1 };
    const Json *effects = NULL;
    double x;
    Rc rc = OK;

    if (!j) { effects_of_scenario(&s); *out = s; return OK; }
    if (json_type(j) != JSON_OBJECT)
        return err_set(e, ERR_INPUT, "%s: holds %s, expected an object", name, json_type_name(j));
    TRY(json_refuse_unknown(j, known, name, e));
    TRY(want_scenario(&s, j, name, e));
    x = s.scenario == SCENARIO_SEPARATION ? 14 : 60;       /* Dehdashti et al.: 8 responders and 6 others */
    TRY(want_whole(&x, j, "n", 1, 1000000, name, e));
    s.n = (int)x;
    x = 1;
    TRY(want_whole(&x, j, "seed", 0, 9007199254740991.0, name, e));
    s.seed = (uint64_t)x;
    TRY(want_tracer(&s, j, name, e));
    TRY(want_centers(&s, j, name, e));
    TRY(want_noise(&s, j, name, e));
    TRY(json_want_bool(&s.images, j, "images", name, e));
    TRY(json_want_bool(&s.motion, j, "motion", name, e));
    TRY(json_want_bool(&s.missing, j, "missing", name, e));
    TRY(json_want_bool(&s.censoring, j, "censoring", name, e));
    effects_of_scenario(&s);
    TRY(json_want_object(&effects, j, "effects", name, e));
    if (effects) {
        TRY(json_refuse_unknown(effects, endpoints, name, e));
        TRY(want_effects(&s.death, effects, "os", false, true, name, e));
        TRY(want_effects(&s.lrf, effects, "lrf", false, false, name, e));
        TRY(want_effects(&s.response, effects, "response", true, false, name, e));
        s.own_effects = json_size(effects) > 0;
    }
    if (s.images && s.n > 100000) {
        rc = err_set(e, ERR_INPUT, "%s: n: %d patients with images, expected at most 100000", name, s.n);
        goto out;
    }
    *out = s;
out:
    return rc;
}

static Json *effects_json(const Effects *f, bool intercept, bool age)
{
    Json *j = json_object();

    if (intercept) json_set_number(j, "intercept", f->intercept);
    json_set_number(j, "z0", f->z0);
    json_set_number(j, "zm", f->zm);
    json_set_number(j, "v", f->v);
    if (age) json_set_number(j, "a", f->a);
    return j;
}

Json *simulation_spec_json(const SimulationSpec *s)
{
    Json *j = json_object(), *effects = json_object();
    const char *names[SIMULATION_CENTERS];
    size_t n = 0;

    for (int i = 0; i < SIMULATION_CENTERS; i++) if (s->center[i]) names[n++] = centers[i].name;
    json_set_number(j, "n", s->n);
    json_set_number(j, "seed", (double)s->seed);
    json_set_text(j, "tracer", s->tracer->name);
    json_set_text(j, "scenario", scenario_name(s->scenario));
    json_set(effects, "os", effects_json(&s->death, false, true));
    json_set(effects, "lrf", effects_json(&s->lrf, false, false));
    json_set(effects, "response", effects_json(&s->response, true, false));
    json_set(j, "effects", effects);
    json_set_texts(j, "centers", names, n);
    json_set_bool(j, "images", s->images);
    json_set_number(j, "noise", s->noise);
    json_set_bool(j, "motion", s->motion);
    json_set_bool(j, "missing", s->missing);
    json_set_bool(j, "censoring", s->censoring);
    return j;
}

bool simulation_marginal_os(Effects *out, const SimulationSpec *s)
{
    if (s->own_effects || s->scenario == SCENARIO_SEPARATION) return false;
    const double *b = marginal_os[s->scenario][s->censoring ? 1 : 0];
    *out = (Effects){ .z0 = b[0], .zm = b[1], .v = b[2], .a = b[3] };
    return true;
}
