/* cli/scan_files.c: images, masks and references as the commands without a study take them. */
#include "cli/scan_files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/str.h"
#include "core/tracer.h"
#include "ingest/nifti.h"
#include "study/scan_read.h"

void print_warning(const CommandLine *c, const char *line)
{
    progress_warn(cli_progress(c), "%s", line);
}

Rc image_argument(Volume *out, const CommandLine *c, const char *path, Err *e)
{
    Units units = UNITS_SUV;
    const char *text = cli_text(c, "units");
    if (text && !units_parse(&units, text))
        return err_set(e, ERR_USAGE, "--units: '%s', expected SUV, Bq/mL, TBR or HU", text);
    Rc rc = nifti_read_volume(out, path, path, units, NULL, e);
    if (rc == OK && units == UNITS_BQ_ML) print_warning(c, "images in Bq/mL are not converted to SUV; suv_* are undefined, ratios are not");
    return rc;
}

Rc mask_argument(Mask *out, const char *text, const Grid *image, Err *e)
{
    Rc rc = OK;
    Mask m = { 0 };
    int label = -1;
    Str path = { 0 };
    /* What stands behind the last '#' is a label, unless a file has that name. */
    if (file_exists(text)) str_append(&path, text);
    else TRY(mask_path_split(&path, &label, text, e));
    TRY(str_check(&path, e));
    TRY(nifti_read_mask(&m, path.s, text, label, NULL, e));
    TRY(grid_require_same(image, &m.grid, text, e));
    *out = m;
    m = (Mask){ 0 };
out:
    mask_free(&m);
    str_free(&path);
    return rc;
}

Rc reference_option(ReferenceRegion *out, const CommandLine *c, const Volume *image, Err *e)
{
    const char *text = cli_text(c, "reference");
    double value = NAN;
    *out = reference_from_value(NAN);
    if (image->units == UNITS_TBR) {
        *out = reference_from_value(1);
        if (text) print_warning(c, "--reference: an image in TBR has the reference 1, what is given is not used");
        return OK;
    }
    if (!text) return OK;
    if (number_read(&value, text)) {
        if (!(value > 0)) return err_set(e, ERR_USAGE, "--reference: %s, expected an uptake above 0 or a mask file", text);
        *out = reference_from_value(value);
        return OK;
    }
    Mask region = { 0 };
    Rc rc = mask_argument(&region, text, &image->grid, e);
    if (rc == OK) rc = reference_measure(out, image, &region, text, e);
    mask_free(&region);
    return rc;
}

Rc rule_options(HypoxiaRule *out, const CommandLine *c, Err *e)
{
    const char *tracer = cli_text(c, "tracer"), *operator = cli_text(c, "operator");
    const Preset *preset = tracer ? tracer_find(tracer) : NULL;
    HypoxiaRule rule = { .tracer = (char *)tracer };
    if (tracer && !preset) {
        char line[ERR_TEXT_MAX];
        snprintf(line, sizeof line, "--tracer: no preset is called '%s', so there are no defaults", tracer);
        print_warning(c, line);
    }
    if (preset) {
        rule.tracer = preset->name;
        rule.has_threshold = preset->has_threshold;
        rule.threshold = preset->threshold;
        rule.has_operator = preset->has_operator;
        rule.op = preset->op;
    }
    if (cli_given(c, "threshold")) {
        rule.has_threshold = true;
        rule.threshold = cli_number(c, "threshold", NAN);
        if (!isfinite(rule.threshold) || rule.threshold <= 0)
            return err_set(e, ERR_USAGE, "--threshold: %g, expected a ratio to the reference above 0", rule.threshold);
    }
    if (operator) {
        rule.has_operator = true;
        if (!operator_parse(&rule.op, operator)) return err_set(e, ERR_USAGE, "--operator: '%s', expected >=, >, <= or <", operator);
    }
    *out = rule;
    return OK;
}
