/* cli/cmd_hypoxia.c: reox hypoxia IMAGE MASK --reference MASK|VALUE: hypoxia metrics of one scan, no study, no database. */
#include <math.h>

#include "cli/command.h"
#include "cli/scan_files.h"
#include "core/json.h"
#include "core/version.h"
#include "features/hypoxia.h"

static Json *document(const FeatureVector *v, const HypoxiaRule *rule, const char *region, const ReferenceRegion *reference, Units units)
{
    Json *j = json_object();
    json_set_text(j, "schema", "reox.hypoxia/1");
    json_set_text(j, "version", REOX_VERSION);
    Json *definition = json_set(j, "definition", hypoxia_definition_json(rule, region, NAN));
    json_set_text(definition, "units", units_name(units));
    Json *r = json_set(j, "reference", json_object());
    json_set_number(r, "voxels", reference->voxels ? (double)reference->voxels : NAN);      /* null for a value */
    json_set_number(r, "mean", reference->mean);
    json_set_number(r, "sd", reference->sd);
    json_set_number(r, "cov", reference->cov);
    Json *list = json_set(j, "metrics", json_array());
    for (size_t i = 0; i < v->n; i++) {
        const FeatureValue *x = &v->value[i];
        Json *m = json_push(list, json_object());
        json_set_text(m, "name", feature_info(x->id)->name);
        json_set_text(m, "unit", feature_unit(x->id, units));
        json_set_number(m, "value", x->value);
        json_set_text(m, "status", x->reason ? "undefined" : "ok");
        json_set_text(m, "reason", x->reason);
    }
    json_set_text(j, "disclaimer", REOX_DISCLAIMER);
    return j;
}

static Rc print_table(const FeatureVector *v, const HypoxiaRule *rule, const char *region, const ReferenceRegion *reference, Units units,
                      Err *e)
{
    Str text = { 0 };
    str_appendf(&text, "tracer     %s\n", rule->tracer ? rule->tracer : "not given");
    if (isnan(reference->mean)) str_appendf(&text, "reference  not given\n");
    else if (reference->voxels)
        str_appendf(&text, "reference  %s: mean %.6g %s, SD %.4g, COV %.3g, %zu voxels\n", region, reference->mean, units_name(units),
                    reference->sd, reference->cov, reference->voxels);
    else str_appendf(&text, "reference  %.6g %s\n", reference->mean, units_name(units));
    if (rule->has_threshold)
        str_appendf(&text, "hypoxic    where the ratio to the reference is %s %g\n\n", operator_name(rule->has_operator ? rule->op : OP_GE),
                    rule->threshold);
    else str_appendf(&text, "hypoxic    no threshold given\n\n");
    for (size_t i = 0; i < v->n; i++) {
        const FeatureValue *x = &v->value[i];
        str_appendf(&text, "%-24s ", feature_info(x->id)->name);
        if (x->reason) str_appendf(&text, "undefined: %s\n", x->reason);
        else str_appendf(&text, "%14.8g %s\n", x->value, feature_unit(x->id, units));
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
    HypoxiaRule rule = { 0 };
    ReferenceRegion reference = { 0 };
    FeatureVector v = { 0 };
    Json *j = NULL;

    TRY(rule_options(&rule, c, &e));
    TRY(image_argument(&image, c, cli_argument(c, 0), &e));
    TRY(mask_argument(&mask, cli_argument(c, 1), &image.grid, &e));
    TRY(reference_option(&reference, c, &image, &e));
    TRY(hypoxia_measure(&v, cli_argument(c, 0), &image, &mask, reference.mean, &rule, &e));
    const char *region = image.units == UNITS_TBR ? NULL : cli_text(c, "reference");
    if (cli_json(c)) {
        j = document(&v, &rule, region, &reference, image.units);
        TRY(cli_print_json(j, &e));
    } else {
        TRY(print_table(&v, &rule, region, &reference, image.units, &e));
    }
out:
    json_free(j);
    feature_vector_free(&v);
    mask_free(&mask);
    volume_free(&image);
    return rc == OK ? EXIT_DONE : cli_fail(&e);
}

static const CliOption options[] = {
    { .name = "reference", .kind = CLI_TEXT, .value = "MASK|VALUE", .help = "reference region, or its mean uptake in the image's unit" },
    { .name = "tracer", .kind = CLI_TEXT, .value = "T", .help = "preset of threshold and operator (reox list tracers)" },
    { .name = "threshold", .kind = CLI_NUMBER, .value = "X", .help = "ratio to the reference at which a voxel counts as hypoxic" },
    { .name = "operator", .kind = CLI_TEXT, .value = "OP", .help = ">= (default), >, <= or <" },
    { .name = "units", .kind = CLI_TEXT, .value = "U", .help = "of the image: SUV (default), Bq/mL, TBR or HU" },
    { 0 }
};

const Command command_hypoxia = {
    .name = "hypoxia",
    .synopsis = "IMAGE MASK --reference MASK|VALUE [--tracer T] [--threshold X] [--operator OP] [--units U]",
    .summary = "hypoxia metrics of one scan, no study, no database",
    .details =
        "  reox hypoxia fmiso.nii.gz tumour.nii.gz --reference blood.nii.gz --tracer FMISO\n"
        "  reox hypoxia fmiso.nii.gz tumour.nii.gz --reference 1.31 --threshold 1.4 --json\n"
        "\n"
        "Without a reference or a threshold the values that need it are undefined, and say why.",
    .options = options, .min_arguments = 2, .max_arguments = 2, .run = run
};
