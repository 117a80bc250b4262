/* features/settings.c: the settings object of INTERFACE §4, read strictly and written whole. */
#include "features/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "core/tracer.h"

enum { MAX_BINS = 65535, MAX_DISTANCE = 64, WHERE_MAX = 256 };

static const char *const interpolation_names[] = { "nearest", "linear", "cubic", NULL };
static const char *const quantity_names[] = { "image", "tbr", NULL };
static const char *const bin_names[] = { "none", "fixed_bin_size", "fixed_bin_number", NULL };
static const char *const filter_dimensions[] = { "2D", "3D", NULL };
static const char *const filter_paddings[] = { "zero", "nearest", "periodic", "mirror", NULL };
static const char *const filter_names[] = { "mean", "log", "laws", "gabor", "wavelet", "simoncelli", NULL };

/* Settings while they are read: whether an origin was written, for the default is the lower end of a range that a later
 * layer may still move. */
typedef struct {
    Settings s;
    bool discretise_origin, ivh_origin;
} Draft;

/* Where the bins of this kind of image begin when neither origin nor range says it. */
static double natural_origin(Units u) { return u == UNITS_HU ? -1000 : 0; }

void settings_defaults(Settings *out, Units units)
{
    bool hu = units == UNITS_HU;
    *out = (Settings){
        .image = INTERPOLATE_CUBIC, .mask = INTERPOLATE_LINEAR, .mask_threshold = 0.5, .round = hu,
        .range = { natural_origin(units), hu ? 400 : INFINITY },
        .discretise = { .method = BINS_FIXED_SIZE, .bin_size = hu ? 25 : 0.25, .origin = natural_origin(units) },
        .ivh = { .method = BINS_FIXED_SIZE, .bin_size = hu ? 2.5 : 0.1, .origin = natural_origin(units) },
        .distance = 1
    };
    out->aggregation[AGGREGATION_3D_MRG] = out->aggregation[AGGREGATION_3D] = true;
    for (int f = 0; f < FAMILY_COUNT; f++) out->family[f] = true;
}

/* ---- members ---- */

/* Between an object and its member: "s.json: resample", then "s.json: resample.image". */
static const char *dot(const char *where) { return strchr(where, ':') ? "." : ": "; }

static Rc refuse(Err *e, const char *where, const char *key, const Json *j, const char *expected)
{
    if (json_type(j) == JSON_NUMBER) {
        char text[NUMBER_TEXT_MAX];
        return err_set(e, ERR_INPUT, "%s%s%s: %s, expected %s", where, dot(where), key, number_write_short(text, json_number(j)),
                       expected);
    }
    if (json_type(j) == JSON_TEXT) return err_set(e, ERR_INPUT, "%s%s%s: '%s', expected %s", where, dot(where), key, json_text(j),
                                                      expected);
    return err_set(e, ERR_INPUT, "%s%s%s: %s, expected %s", where, dot(where), key, json_type_name(j), expected);
}

/* One word of a list; absent leaves *out alone. */
static Rc want_word(int *out, const Json *object, const char *key, const char *const *words, const char *where, Err *e)
{
    const Json *j = json_get(object, key);
    if (!j) return OK;
    Str list = { 0 };
    for (int i = 0; words[i]; i++) {
        if (text_equal(words[i], json_text(j))) { *out = i; str_free(&list); return OK; }
        str_appendf(&list, "%s%s", i ? ", " : "", words[i]);
    }
    Rc rc = refuse(e, where, key, j, str_text(&list));
    str_free(&list);
    return rc;
}

/* A finite number in [low, high]; absent leaves *out alone. */
static Rc want_between(double *out, const Json *object, const char *key, double low, double high, const char *where,
                       const char *expected, Err *e)
{
    const Json *j = json_get(object, key);
    if (!j) return OK;
    double x = json_number(j);
    if (!(x >= low && x <= high)) return refuse(e, where, key, j, expected);
    *out = x;
    return OK;
}

static Rc want_whole(int *out, const Json *object, const char *key, int low, int high, const char *where,
                     const char *expected, Err *e)
{
    const Json *j = json_get(object, key);
    if (!j) return OK;
    double x = json_number(j);
    if (!(x >= low && x <= high && x == floor(x))) return refuse(e, where, key, j, expected);
    *out = (int)x;
    return OK;
}

static Rc read_resample(Settings *s, const Json *j, const char *where, Err *e)
{
    static const char *const known[] = { "spacing_mm", "in_plane", "image", "mask", "mask_threshold", "round", NULL };
    static const char *const rounds[] = { "none", "integer", NULL };
    Rc rc = json_refuse_unknown(j, known, where, e);
    int image = (int)s->image, mask = (int)s->mask, round = s->round;
    if (rc == OK) rc = json_want_bool(&s->in_plane, j, "in_plane", where, e);
    const Json *spacing = json_get(j, "spacing_mm");
    if (rc == OK && spacing && json_type(spacing) == JSON_NULL) s->has_spacing = false;
    else if (rc == OK && spacing) {
        const char *expected = "three spacings [x, y, z] in mm, each from 0.01 to 100";
        if (json_type(spacing) != JSON_ARRAY || json_size(spacing) != 3) rc = refuse(e, where, "spacing_mm", spacing, expected);
        for (size_t a = 0; a < 3 && rc == OK; a++) {
            double x = json_number(json_at(spacing, a));
            bool good = x >= 0.01 && x <= 100;
            if (!good && !(a == 2 && s->in_plane)) rc = refuse(e, where, "spacing_mm", json_at(spacing, a), expected);
            s->spacing_mm[a] = good ? x : 0;           /* z is not read in the plane */
        }
        s->has_spacing = true;
    }
    if (rc == OK && s->has_spacing && !s->in_plane && s->spacing_mm[2] == 0)
        rc = err_set(e, ERR_INPUT, "%s.spacing_mm: its z was not read while in_plane was true, expected all three", where);
    if (rc == OK) rc = want_word(&image, j, "image", interpolation_names, where, e);
    if (rc == OK) rc = want_word(&mask, j, "mask", interpolation_names, where, e);
    if (rc == OK) rc = want_between(&s->mask_threshold, j, "mask_threshold", 1e-6, 1, where, "a number above 0, at most 1", e);
    if (rc == OK) rc = want_word(&round, j, "round", rounds, where, e);
    s->image = (Interpolation)image;
    s->mask = (Interpolation)mask;
    s->round = round != 0;
    return rc;
}

static Rc read_resegment(Settings *s, const Json *j, const char *where, Err *e)
{
    static const char *const known[] = { "range", "outlier_sigma", NULL };
    Rc rc = json_refuse_unknown(j, known, where, e);
    const Json *range = json_get(j, "range"), *sigma = json_get(j, "outlier_sigma");
    if (rc == OK && range) {
        const char *expected = "[low, high] with low below high, null for an open end";
        if (json_type(range) != JSON_ARRAY || json_size(range) != 2) return refuse(e, where, "range", range, expected);
        for (size_t i = 0; i < 2; i++) {
            const Json *end = json_at(range, i);
            if (json_type(end) == JSON_NULL) s->range[i] = i ? INFINITY : -INFINITY;
            else if (json_type(end) == JSON_NUMBER) s->range[i] = json_number(end);
            else return refuse(e, where, "range", end, expected);
        }
        if (!(s->range[0] < s->range[1]))
            return err_set(e, ERR_INPUT, "%s.range: [%g, %g], expected %s", where, s->range[0], s->range[1], expected);
    }
    if (rc == OK && sigma && json_type(sigma) == JSON_NULL) s->outlier_sigma = 0;
    else if (rc == OK)
        rc = want_between(&s->outlier_sigma, j, "outlier_sigma", 1e-3, 1e6, where, "a number of standard deviations above 0, or null", e);
    return rc;
}

static Rc read_binning(Binning *b, bool *has_origin, const Json *j, const char *where, Err *e)
{
    static const char *const known[] = { "method", "bin_size", "origin", "bins", NULL };
    Rc rc = json_refuse_unknown(j, known, where, e);
    int method = (int)b->method;
    if (rc == OK) rc = want_word(&method, j, "method", bin_names, where, e);
    if (rc != OK) return rc;
    b->method = (BinMethod)method;
    static const char *const of_size[] = { "bin_size", "origin", NULL }, *const of_number[] = { "bins", NULL };
    for (int i = 0; of_size[i]; i++)
        if (b->method != BINS_FIXED_SIZE && json_get(j, of_size[i]))
            return err_set(e, ERR_INPUT, "%s.%s: the method is %s, which does not take it", where, of_size[i], bin_names[method]);
    for (int i = 0; of_number[i]; i++)
        if (b->method != BINS_FIXED_NUMBER && json_get(j, of_number[i]))
            return err_set(e, ERR_INPUT, "%s.%s: the method is %s, which does not take it", where, of_number[i], bin_names[method]);
    TRY(want_between(&b->bin_size, j, "bin_size", 1e-12, 1e12, where, "a number above 0", e));
    TRY(want_between(&b->origin, j, "origin", -1e12, 1e12, where, "a number", e));
    if (json_get(j, "origin")) *has_origin = true;
    TRY(want_whole(&b->bins, j, "bins", 1, MAX_BINS, where, "a whole number from 1 to 65535", e));
    if (b->method == BINS_FIXED_NUMBER && b->bins == 0)
        return err_set(e, ERR_INPUT, "%s.bins: missing, fixed_bin_number needs it", where);
out:
    return rc;
}

static Rc read_aggregations(Settings *s, const Json *list, const char *where, Err *e)
{
    const char *expected = "names out of 2D:avg, 2D:mrg, 2.5D:dir, 2.5D:mrg, 3D:avg, 3D:mrg";
    if (json_type(list) != JSON_ARRAY || json_size(list) == 0) return refuse(e, where, "aggregation", list, expected);
    memset(s->aggregation, 0, sizeof s->aggregation);
    for (const Json *x = json_first(list); x; x = json_next(x)) {
        Aggregation a = AGGREGATION_NONE;
        if (!json_text(x) || !aggregation_parse(&a, json_text(x)) || !family_has_aggregation(FAMILY_GLCM, a))
            return refuse(e, where, "aggregation", x, expected);
        s->aggregation[a] = true;
    }
    /* Matrices without a direction take the dimension alone. */
    s->aggregation[AGGREGATION_2D] = s->aggregation[AGGREGATION_2D_AVG] || s->aggregation[AGGREGATION_2D_MRG];
    s->aggregation[AGGREGATION_25D] = s->aggregation[AGGREGATION_25D_DIR] || s->aggregation[AGGREGATION_25D_MRG];
    s->aggregation[AGGREGATION_3D] = s->aggregation[AGGREGATION_3D_AVG] || s->aggregation[AGGREGATION_3D_MRG];
    return OK;
}

static Rc read_texture(Settings *s, const Json *j, const char *where, Err *e)
{
    static const char *const known[] = { "aggregation", "distance", "ngldm_alpha", NULL };
    Rc rc = json_refuse_unknown(j, known, where, e);
    if (rc == OK && json_get(j, "aggregation")) rc = read_aggregations(s, json_get(j, "aggregation"), where, e);
    if (rc == OK) rc = want_whole(&s->distance, j, "distance", 1, MAX_DISTANCE, where, "a whole number of voxels from 1 to 64", e);
    if (rc == OK) rc = want_between(&s->ngldm_alpha, j, "ngldm_alpha", 0, MAX_BINS, where, "a number of grey levels, at least 0", e);
    return rc;
}

static Rc read_families(Settings *s, const Json *list, const char *where, Err *e)
{
    if (json_type(list) != JSON_ARRAY) return refuse(e, where, "families", list, "an array of names of families");
    memset(s->family, 0, sizeof s->family);
    const char *names[FAMILY_COUNT];
    for (int f = 0; f < FAMILY_COUNT; f++) names[f] = family_name((Family)f);
    for (const Json *x = json_first(list); x; x = json_next(x)) {
        Family f = FAMILY_MORPHOLOGY;
        if (!json_text(x)) return refuse(e, where, "families", x, "names of families");
        if (!family_parse(&f, json_text(x))) {
            const char *near = text_nearest(json_text(x), names, FAMILY_COUNT);
            return err_set(e, ERR_INPUT, "%s%sfamilies: no family is called '%s'%s%s%s", where, dot(where), json_text(x),
                           near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
        }
        s->family[f] = true;
    }
    return OK;
}

enum { MEAN = 1, LOG = 2, LAWS = 4, GABOR = 8, WAVELET = 16, SIMONCELLI = 32 };      /* bits in the order of filter_names */

/* Keys of INTERFACE §4.1 beside type, dimension and padding, with the types that take them. */
static const struct { const char *key; unsigned types; JsonType value; } filter_keys[] = {
    { "support", MEAN, JSON_NUMBER }, { "sigma_mm", LOG | GABOR, JSON_NUMBER }, { "cutoff", LOG, JSON_NUMBER },
    { "kernels", LAWS, JSON_TEXT }, { "energy_distance", LAWS, JSON_NUMBER },
    { "lambda_mm", GABOR, JSON_NUMBER }, { "gamma", GABOR, JSON_NUMBER }, { "theta_deg", GABOR, JSON_NUMBER }, { "theta_step_deg", GABOR, JSON_NUMBER },
    { "wavelet", WAVELET, JSON_TEXT }, { "subband", WAVELET, JSON_TEXT }, { "level", WAVELET | SIMONCELLI, JSON_NUMBER },
    { "rotation_invariant", LAWS | WAVELET, JSON_BOOL }, { "pooling", LAWS | GABOR | WAVELET, JSON_TEXT },
    { "riesz", LOG | SIMONCELLI, JSON_ARRAY } };

/* What a filter does to the image is the filters' own; here a slip in its keys is found. */
static Rc read_filter(Settings *s, const Json *j, const char *where, Err *e)
{
    static const char *const known[] = { "type", "dimension", "padding", "support", "sigma_mm", "cutoff", "kernels",
        "energy_distance", "lambda_mm", "gamma", "theta_deg", "theta_step_deg", "wavelet", "subband", "level",
        "rotation_invariant", "pooling", "riesz", NULL };
    int type = -1, dimension = -1, padding = -1;
    Rc rc = json_refuse_unknown(j, known, where, e);
    if (rc == OK) rc = want_word(&type, j, "type", filter_names, where, e);
    if (rc == OK && type < 0) rc = err_set(e, ERR_INPUT, "%s.type: missing", where);
    if (rc == OK) rc = want_word(&dimension, j, "dimension", filter_dimensions, where, e);
    if (rc == OK) rc = want_word(&padding, j, "padding", filter_paddings, where, e);
    for (size_t i = 0; rc == OK && i < sizeof filter_keys / sizeof *filter_keys; i++) {
        const Json *value = json_get(j, filter_keys[i].key);
        if (!value) continue;
        if (!(filter_keys[i].types & 1u << type))
            rc = err_set(e, ERR_INPUT, "%s.%s: the type is %s, which does not take it", where, filter_keys[i].key, filter_names[type]);
        else if (json_type(value) != filter_keys[i].value)
            rc = err_set(e, ERR_INPUT, "%s.%s: is %s, expected %s", where, filter_keys[i].key, json_type_name(value),
                         filter_keys[i].value == JSON_NUMBER ? "a number" : filter_keys[i].value == JSON_TEXT ? "text"
                         : filter_keys[i].value == JSON_BOOL ? "true or false" : "an array of three orders");
    }
    if (rc != OK) return rc;
    Json *copy = json_copy(j);
    if (!copy) return err_nomem(e);
    json_free(s->filter);
    s->filter = copy;
    return OK;
}

/* ---- the whole object ---- */

static Rc read_layer(Draft *d, const Json *j, bool may_have_tracers, const char *where, Err *e)
{
    static const char *const known[] = { "resample", "quantity", "resegment", "discretise", "ivh", "texture", "families", "filter",
                                         "by_tracer", NULL };
    static const char *const known_of_tracer[] = { "resample", "quantity", "resegment", "discretise", "ivh", "texture", "families",
                                                   "filter", NULL };
    Settings *s = &d->s;
    Rc rc = OK;
    char name[WHERE_MAX];
    int quantity = (int)s->quantity;
    if (json_type(j) != JSON_OBJECT)
        return err_set(e, ERR_INPUT, "%s: %s, expected an object of settings", where, json_type_name(j));
    TRY(json_refuse_unknown(j, may_have_tracers ? known : known_of_tracer, where, e));
    static const char *const objects[] = { "resample", "resegment", "discretise", "ivh", "texture", "filter" };
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        const Json *part = NULL;
        if (i == 5 && json_get(j, "filter") && json_type(json_get(j, "filter")) == JSON_NULL) continue;
        TRY(json_want_object(&part, j, objects[i], where, e));
        if (!part) continue;
        snprintf(name, sizeof name, "%s%s%s", where, dot(where), objects[i]);
        switch (i) {
        case 0: TRY(read_resample(s, part, name, e)); break;
        case 1: TRY(read_resegment(s, part, name, e)); break;
        case 2: TRY(read_binning(&s->discretise, &d->discretise_origin, part, name, e)); break;
        case 3: TRY(read_binning(&s->ivh, &d->ivh_origin, part, name, e)); break;
        case 4: TRY(read_texture(s, part, name, e)); break;
        default: TRY(read_filter(s, part, name, e)); break;
        }
    }
    TRY(want_word(&quantity, j, "quantity", quantity_names, where, e));
    s->quantity = (Quantity)quantity;
    if (json_get(j, "families")) TRY(read_families(s, json_get(j, "families"), where, e));
out:
    return rc;
}

/* Names of one tracer: aliases of one preset, or the same word but for case and punctuation. */
static bool same_tracer(const char *a, const char *b)
{
    enum { LONGEST = 256 };
    char x[LONGEST + 64], y[LONGEST + 64];         /* room as tracer_slug wants it */
    if (!a || !b || strlen(a) >= LONGEST || strlen(b) >= LONGEST) return false;
    return text_equal(tracer_slug(x, a), tracer_slug(y, b));
}

/* Every member of by_tracer is read, so that a slip is found whichever scan comes first; the tracer's own counts. */
static Rc read_tracers(Draft *d, const Json *j, const char *tracer, const char *where, Err *e)
{
    Rc rc = OK;
    const Json *all = NULL;
    Draft other = { 0 };
    TRY(json_want_object(&all, j, "by_tracer", where, e));
    for (const Json *x = all ? json_first(all) : NULL; x; x = json_next(x)) {
        char name[WHERE_MAX];
        snprintf(name, sizeof name, "%s%sby_tracer.%s", where, dot(where), json_key(x));
        if (same_tracer(json_key(x), tracer)) {
            TRY(read_layer(d, x, false, name, e));
            continue;
        }
        other = *d;
        other.s.filter = NULL;
        TRY(read_layer(&other, x, false, name, e));
        settings_free(&other.s);
    }
out:
    json_free(other.s.filter);
    return rc;
}

static void resolve_origin(Binning *b, bool written, const double range[2], Units units)
{
    if (written || b->method != BINS_FIXED_SIZE) return;
    b->origin = isfinite(range[0]) ? range[0] : natural_origin(units);
}

Rc settings_read(Settings *out, const Json *j, const char *tracer, Units units, const char *where, Err *e)
{
    Rc rc = OK;
    Draft d = { 0 };
    settings_defaults(&d.s, units);
    if (j) {
        TRY(read_layer(&d, j, true, where, e));
        TRY(read_tracers(&d, j, tracer, where, e));
    }
    resolve_origin(&d.s.discretise, d.discretise_origin, d.s.range, units);
    resolve_origin(&d.s.ivh, d.ivh_origin, d.s.range, units);
    *out = d.s;
    d.s.filter = NULL;
out:
    settings_free(&d.s);
    return rc;
}

Rc settings_check_built(const Settings *s, const char *where, Err *e)
{
    return s->filter ? err_set(e, ERR_INPUT, "%s: filter in the settings of features: image filters are not built yet, expected none", where) : OK;
}

Rc settings_read_file(Settings *out, const char *path, const char *name, const char *tracer, Units units, Err *e)
{
    Json *j = NULL;
    Rc rc = json_read(&j, path, name, e);
    if (rc == OK) rc = settings_read(out, j, tracer, units, name, e);
    json_free(j);
    return rc;
}

/* ---- back to Json ---- */

static void set_binning(Json *parent, const char *key, const Binning *b)
{
    Json *j = json_set(parent, key, json_object());
    json_set_text(j, "method", bin_names[b->method]);
    if (b->method == BINS_FIXED_SIZE) {
        json_set_number(j, "bin_size", b->bin_size);
        json_set_number(j, "origin", b->origin);
    }
    if (b->method == BINS_FIXED_NUMBER) json_set_number(j, "bins", b->bins);
}

Json *settings_json(const Settings *s)
{
    Json *j = json_object();
    Json *resample = json_set(j, "resample", json_object());
    if (s->has_spacing) json_set_numbers(resample, "spacing_mm", s->spacing_mm, 3);
    json_set_bool(resample, "in_plane", s->in_plane);
    json_set_text(resample, "image", interpolation_names[s->image]);
    json_set_text(resample, "mask", interpolation_names[s->mask]);
    json_set_number(resample, "mask_threshold", s->mask_threshold);
    json_set_text(resample, "round", s->round ? "integer" : "none");
    json_set_text(j, "quantity", quantity_names[s->quantity]);
    Json *resegment = json_set(j, "resegment", json_object());
    json_set_numbers(resegment, "range", s->range, 2);          /* an infinity becomes null */
    json_set_number(resegment, "outlier_sigma", s->outlier_sigma > 0 ? s->outlier_sigma : NAN);
    set_binning(j, "discretise", &s->discretise);
    set_binning(j, "ivh", &s->ivh);
    Json *texture = json_set(j, "texture", json_object());
    Json *list = json_set(texture, "aggregation", json_array());
    for (int a = AGGREGATION_2D_AVG; a <= AGGREGATION_3D_MRG; a++)
        if (s->aggregation[a]) json_push(list, json_from_text(aggregation_name((Aggregation)a)));
    json_set_number(texture, "distance", s->distance);
    json_set_number(texture, "ngldm_alpha", s->ngldm_alpha);
    Json *families = json_set(j, "families", json_array());
    for (int f = 0; f < FAMILY_COUNT; f++)
        if (s->family[f]) json_push(families, json_from_text(family_name((Family)f)));
    if (s->filter) json_set(j, "filter", json_copy(s->filter));
    return j;
}

void settings_free(Settings *s)
{
    json_free(s->filter);
    s->filter = NULL;
}
