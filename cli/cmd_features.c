/* cli/cmd_features.c: reox features IMAGE MASK: the features of one image and mask, no study, no database. */
#include <math.h>

#include "cli/command.h"
#include "cli/scan_files.h"
#include "core/json.h"
#include "core/version.h"
#include "features/extract.h"

static Rc settings_option(Settings *out, const CommandLine *c, Units units, Err *e)
{
    const char *path = cli_text(c, "settings");
    if (path) return settings_read_file(out, path, path, cli_text(c, "tracer"), units, e);
    settings_defaults(out, units);
    return OK;
}

static Json *feature_json(const FeatureValue *v, Units units)
{
    const FeatureInfo *row = feature_info(v->id);
    Json *j = json_object();
    json_set_text(j, "name", row->name);
    json_set_text(j, "ibsi", row->ibsi);
    json_set_text(j, "aggregation", aggregation_name(v->aggregation));
    json_set_text(j, "family", family_name(row->family));
    json_set_text(j, "unit", feature_unit(v->id, units));
    json_set_number(j, "value", v->value);
    json_set_text(j, "status", v->reason ? "undefined" : "ok");
    if (v->reason) json_set_text(j, "reason", v->reason);
    return j;
}

static Json *document(Extraction *x, const Settings *s)
{
    Json *j = json_object();
    json_set_text(j, "schema", "reox.features/1");
    json_set_text(j, "version", REOX_VERSION);
    json_set(j, "settings", settings_json(s));
    Json *roi = json_set(j, "roi", json_object());
    json_set_number(roi, "voxels", (double)x->roi_voxels);
    json_set_number(roi, "volume_ml", x->roi_ml);
    if (x->grey_levels > 0) json_set_number(roi, "grey_levels", x->grey_levels);
    Json *list = json_set(j, "features", json_array());
    for (size_t i = 0; i < x->features.n; i++) json_push(list, feature_json(&x->features.value[i], x->units));
    json_set(j, "diagnostics", x->diagnostics);
    x->diagnostics = NULL;                          /* the document has it now */
    json_set_texts(j, "warnings", x->warning, x->n_warnings);
    json_set_text(j, "disclaimer", REOX_DISCLAIMER);
    return j;
}

static Rc print_table(const Extraction *x, Err *e)
{
    Str text = { 0 };
    Family family = FAMILY_COUNT;
    str_appendf(&text, "ROI: %zu voxels, %.4g mL", x->roi_voxels, x->roi_ml);
    if (x->grey_levels > 0) str_appendf(&text, ", %d grey levels", x->grey_levels);
    str_append_char(&text, '\n');
    for (size_t i = 0; i < x->features.n; i++) {
        const FeatureValue *v = &x->features.value[i];
        const FeatureInfo *row = feature_info(v->id);
        if (row->family != family) str_appendf(&text, "\n%s\n", family_name(family = row->family));
        str_appendf(&text, "  %-70s %-8s ", row->name, aggregation_name(v->aggregation) ? aggregation_name(v->aggregation) : "");
        if (v->reason) str_appendf(&text, "undefined: %s\n", v->reason);
        else str_appendf(&text, "%14.8g %s\n", v->value, feature_unit(v->id, x->units));
    }
    Rc rc = str_check(&text, e);
    if (rc == OK) rc = cli_print(str_text(&text), e);
    str_free(&text);
    return rc;
}

static ExitCode run(const CommandLine *c)
{
    Rc rc = OK;
    Err e = { 0 };
    Volume image = { 0 };
    Mask mask = { 0 };
    Settings settings = { 0 };
    HypoxiaRule rule = { 0 };
    ReferenceRegion reference = { 0 };
    Extraction x = { 0 };
    Json *j = NULL;

    TRY(rule_options(&rule, c, &e));
    TRY(image_argument(&image, c, cli_argument(c, 0), &e));
    TRY(settings_option(&settings, c, image.units, &e));
    TRY(mask_argument(&mask, cli_argument(c, 1), &image.grid, &e));
    TRY(reference_option(&reference, c, &image, &e));
    ExtractInput in = { .name = cli_argument(c, 0), .image = &image, .mask = &mask, .reference = reference.mean, .rule = &rule,
                        .diagnostics = cli_json(c) };
    TRY(feature_extract(&x, &in, &settings, &e));
    for (size_t i = 0; i < x.n_warnings; i++) print_warning(c, x.warning[i]);
    if (cli_json(c)) {
        j = document(&x, &settings);
        TRY(cli_print_json(j, &e));
    } else {
        TRY(print_table(&x, &e));
    }
out:
    json_free(j);
    extraction_free(&x);
    settings_free(&settings);
    mask_free(&mask);
    volume_free(&image);
    return rc == OK ? EXIT_DONE : cli_fail(&e);
}

static const CliOption options[] = {
    { .name = "settings", .kind = CLI_TEXT, .value = "F.json", .help = "how features are computed; what is left out keeps its default" },
    { .name = "units", .kind = CLI_TEXT, .value = "U", .help = "of the image: SUV (default), Bq/mL, TBR or HU; the defaults follow it" },
    { .name = "reference", .kind = CLI_TEXT, .value = "MASK|VALUE", .help = "reference region or its mean uptake, for ratios (quantity tbr, hypoxia)" },
    { .name = "tracer", .kind = CLI_TEXT, .value = "T", .help = "preset of threshold and operator, and which by_tracer settings apply" },
    { .name = "threshold", .kind = CLI_NUMBER, .value = "X", .help = "ratio to the reference at which a voxel counts as hypoxic" },
    { .name = "operator", .kind = CLI_TEXT, .value = "OP", .help = ">= (default), >, <= or <" },
    { 0 }
};

const Command command_features = {
    .name = "features",
    .synopsis = "IMAGE MASK [--settings F.json] [--reference MASK|VALUE]",
    .summary = "features of one image and mask, no study, no database",
    .details =
        "  reox features pet.nii.gz tumour.nii.gz --json\n"
        "  reox features ct.nii.gz rois.nii.gz#2 --units HU --settings ct.json\n"
        "\n"
        "MASK is a NIfTI mask of the image's grid, or FILE#LABEL for one of several labels.\n"
        "`reox list features` says what each name means.",
    .options = options, .min_arguments = 2, .max_arguments = 2, .run = run
};
