/* study/scan_read.c: the files of one scan, read and judged. */
#include "study/scan_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/limits.h"
#include "core/sum.h"
#include "core/tracer.h"
#include "ingest/nifti.h"

enum { PATH_LONGEST = 400, MAX_LABEL = 1000000, FEW_VOXELS = 8, FEW_REFERENCE_VOXELS = 30 };
static const double MAX_REFERENCE_COV = 0.25;    /* of a reference region; above it, it holds more than one tissue */

typedef struct {
    ScanData *out;
    const char *study_dir;
    const Scan *scan;
    const char *reference;
    Err *e;
} Reading;

__attribute__((format(printf, 2, 3)))
static void warn(Reading *r, const char *format, ...)
{
    ScanData *d = r->out;
    Err line = { 0 };
    char text[768];
    __builtin_va_list ap;
    __builtin_va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    __builtin_va_end(ap);
    err_set(&line, OK, "%s (scan %s/%s/%s)", text, r->scan->patient, r->scan->timepoint, r->scan->tracer);
    char **list = arena_array(&d->arena, d->n_warnings + 1, sizeof *list);
    char *copy = arena_strdup(&d->arena, line.text);
    if (!list || !copy) return;
    if (d->n_warnings) memcpy(list, d->warning, d->n_warnings * sizeof *list);
    list[d->n_warnings++] = copy;
    d->warning = list;
}

bool region_is_reference(const char *roi_name, const char *reference)
{
    static const char *const always[] = { "blood", "muscle", "mediastinum" };
    for (int i = 0; i < 3; i++) if (strcmp(roi_name, always[i]) == 0) return true;
    return reference && strcmp(roi_name, reference) == 0 && strcmp(roi_name, "gtv") != 0;
}

void scan_rule(ScanRule *out, const Protocol *p, const Scan *s)
{
    const Preset *preset = tracer_find(s->tracer);
    *out = (ScanRule){ .value = s->reference_value, .threshold = NAN, .tracer = preset ? preset->name : s->tracer };
    if (preset) {
        out->region = preset->reference;
        if (preset->has_threshold) out->threshold = preset->threshold;
        out->has_operator = preset->has_operator;
        out->op = preset->op;
    }
    char slug[LIMIT_ID + 64];
    for (size_t i = 0; i < p->n_hypoxia; i++) {
        const HypoxiaRule *h = &p->hypoxia[i];
        if (strlen(h->tracer) > LIMIT_ID || strcmp(tracer_slug(slug, h->tracer), s->tracer_slug) != 0) continue;
        if (h->reference) out->region = h->reference;
        if (h->has_threshold) out->threshold = h->threshold;
        if (h->has_operator) {
            out->has_operator = true;
            out->op = h->op;
        }
    }
}

Rc mask_path_split(Str *path, int *label, const char *cell, Err *e)
{
    const char *hash = strrchr(cell, '#');
    *label = -1;
    if (!hash) {
        str_append(path, cell);
        return str_check(path, e);
    }
    double x = NAN;
    str_append_n(path, cell, (size_t)(hash - cell));
    const size_t n = path->len;
    if (n >= 4 && strcmp(path->s + n - 4, ".dcm") == 0)
        return err_set(e, ERR_INPUT, "%s: regions of DICOM files are not supported yet, expected a NIfTI mask", cell);
    if (!number_read(&x, hash + 1) || x != floor(x) || x < 1 || x > MAX_LABEL)
        return err_set(e, ERR_INPUT, "%s: label \"%s\" behind '#', expected a whole number from 1 to %d", str_text(path), hash + 1, MAX_LABEL);
    *label = (int)x;
    return str_check(path, e);
}

/* The file behind a cell, inside the study folder; folders and DICOM are told apart from what is merely broken. */
static Rc locate(Str *path, const char *study_dir, const char *name, Err *e)
{
    Rc rc = OK;
    const size_t n = strlen(name);
    if (n > PATH_LONGEST)
        return err_set(e, ERR_INPUT, "...%s: path is too long, %zu characters, expected at most %d", name + n - 60, n, PATH_LONGEST);
    TRY(path_inside(path, study_dir, name, name, e));
    if (folder_exists(path->s))
        rc = err_set(e, ERR_INPUT, "%s: is a directory; a folder of DICOM files is not supported yet, expected a regular NIfTI file", name);
    else if (n >= 4 && strcmp(name + n - 4, ".dcm") == 0)
        rc = err_set(e, ERR_INPUT, "%s: DICOM is not supported yet, expected a NIfTI file", name);
out:
    return rc;
}

static Rc read_image(Reading *r)
{
    Rc rc = OK;
    Str path = { 0 };
    ScanData *d = r->out;
    const char *name = r->scan->image;
    TRY(locate(&path, r->study_dir, name, r->e));
    TRY(nifti_read_volume(&d->image, path.s, name, r->scan->units, d->image_sha256, r->e));
    const size_t voxels = grid_voxels(&d->image.grid);
    size_t same = 0;
    while (same < voxels && d->image.v[same] == d->image.v[0]) same++;
    if (same == voxels)
        warn(r, "%s: image is constant, every voxel is %s", name, d->image.v[0] == 0 ? "zero" : "the same");
out:
    str_free(&path);
    return rc;
}

/* Voxels, mean and SD inside, and whether every one of them is a number. */
static Rc measure(ScanRegion *g, Reading *r)
{
    const Volume *image = &r->out->image;
    const size_t voxels = grid_voxels(&image->grid);
    Sum sum = { 0, 0 }, squares = { 0, 0 };
    for (size_t i = 0; i < voxels; i++) {
        if (!g->mask.in[i]) continue;
        const double x = image->v[i];
        if (!isfinite(x)) {
            const size_t nx = (size_t)image->grid.n[0], ny = (size_t)image->grid.n[1];
            return err_set(r->e, ERR_INPUT, "%s: voxel (%zu, %zu, %zu) inside roi_%s is NaN or infinite, expected a finite number there",
                           r->scan->image, i % nx, i / nx % ny, i / (nx * ny), g->name);
        }
        sum_add(&sum, x);
        g->voxels++;
    }
    g->mean = sum_value(&sum) / (double)g->voxels;
    for (size_t i = 0; i < voxels; i++)
        if (g->mask.in[i]) sum_add(&squares, (image->v[i] - g->mean) * (image->v[i] - g->mean));
    g->sd = g->voxels > 1 ? sqrt(sum_value(&squares) / (double)(g->voxels - 1)) : NAN;
    g->cov = g->sd / g->mean;
    return OK;
}

static void judge_size(const ScanRegion *g, Reading *r)
{
    if (g->is_reference) {
        if (g->voxels < FEW_REFERENCE_VOXELS)
            warn(r, "%s: reference region roi_%s has only %zu voxels, its mean is uncertain", g->path, g->name, g->voxels);
        if (g->cov > MAX_REFERENCE_COV)
            warn(r, "%s: reference region roi_%s varies by %.0f %% (SD / mean), expected at most %.0f %%", g->path, g->name, 100 * g->cov,
                 100 * MAX_REFERENCE_COV);
        return;
    }
    if (g->voxels == grid_voxels(&g->mask.grid)) warn(r, "%s: roi_%s is the whole image", g->path, g->name);
    if (r->out->image.units != UNITS_HU && g->mean <= 0) warn(r, "%s: mean uptake in roi_%s is %g, not positive", r->scan->image, g->name, g->mean);
    if (g->voxels < FEW_VOXELS)
        warn(r, "%s: roi_%s has only %zu voxel%s: shape and texture are undefined or uncertain", g->path, g->name, g->voxels, g->voxels > 1 ? "s" : "");
}

static Rc read_region(ScanRegion *g, const ScanRoi *roi, Reading *r)
{
    Rc rc = OK;
    Str file = { 0 }, path = { 0 };
    g->name = roi->name;
    g->is_reference = region_is_reference(roi->name, r->reference);
    TRY(mask_path_split(&file, &g->label, roi->path, r->e));
    g->path = arena_strdup(&r->out->arena, file.s);
    if (!g->path) { rc = err_nomem(r->e); goto out; }
    TRY(locate(&path, r->study_dir, g->path, r->e));
    TRY(nifti_read_mask(&g->mask, path.s, g->path, g->label, g->sha256, r->e));
    TRY(grid_require_same(&r->out->image.grid, &g->mask.grid, g->path, r->e));
    TRY(measure(g, r));
    judge_size(g, r);
    if (r->reference && strcmp(roi->name, r->reference) == 0 && isnan(r->scan->reference_value) && !(g->mean > 0))
        rc = err_set(r->e, ERR_INPUT, "%s: mean of the reference region roi_%s is %g, expected a positive uptake", g->path, g->name, g->mean);
out:
    str_free(&file);
    str_free(&path);
    return rc;
}

Rc scan_read(ScanData *out, const char *study_dir, const Scan *s, const char *reference, Err *e)
{
    Rc rc = OK;
    ScanData d = { 0 };
    Err line = { 0 };
    Reading r = { &d, study_dir, s, reference, &line };
    bool measured = false;

    d.region = ARENA_NEW(&d.arena, s->n_roi + 1, ScanRegion);
    if (!d.region) { rc = err_nomem(&line); goto out; }
    TRY(read_image(&r));
    for (size_t i = 0; i < s->n_roi; i++) {
        if (!s->roi[i].path) continue;
        TRY(read_region(&d.region[d.n_regions++], &s->roi[i], &r));
        measured |= !d.region[d.n_regions - 1].is_reference;
    }
    if (!measured) warn(&r, "%s: no roi_gtv and no other region to measure: the scan has no features", s->image);
    else if (!scan_region(&d, "gtv")) warn(&r, "%s: no roi_gtv: the scan has no features of the tumour", s->image);
    if (s->units == UNITS_TBR && !isnan(s->reference_value) && s->reference_value != 1)
        warn(&r, "%s: reference_value %g is not used, an image in TBR has reference 1", s->image, s->reference_value);
    *out = d;
    d = (ScanData){ 0 };
out:
    if (rc == ERR_INPUT) err_set(e, rc, "%s (scan %s/%s/%s)", line.text, s->patient, s->timepoint, s->tracer);
    else if (rc != OK && e) *e = line;
    scan_data_free(&d);
    return rc;
}

void scan_data_free(ScanData *d)
{
    for (size_t i = 0; i < d->n_regions; i++) mask_free(&d->region[i].mask);
    volume_free(&d->image);
    arena_free(&d->arena);
    *d = (ScanData){ 0 };
}

const ScanRegion *scan_region(const ScanData *d, const char *name)
{
    for (size_t i = 0; i < d->n_regions; i++) if (strcmp(d->region[i].name, name) == 0) return &d->region[i];
    return NULL;
}

static Rc add_file(Sha256 *all, const char *study_dir, const char *what, const char *name, Err *e)
{
    Rc rc = OK;
    Str path = { 0 };
    Bytes b = { 0 };
    char sha[HASH_TEXT];
    TRY(locate(&path, study_dir, name, e));
    TRY(file_read(&b, path.s, name, LIMIT_FILE_BYTES, e));
    sha256_of(sha, b.data, b.size);
    sha256_add(all, what, strlen(what) + 1);
    sha256_add(all, name, strlen(name) + 1);
    sha256_add(all, sha, HASH_TEXT);
out:
    bytes_free(&b);
    str_free(&path);
    return rc;
}

Rc scan_files_hash(char out[HASH_TEXT], const char *study_dir, const Scan *s, Err *e)
{
    Rc rc = OK;
    Sha256 all;
    Str file = { 0 };
    int label;
    sha256_begin(&all);
    if (s->image) TRY(add_file(&all, study_dir, "image", s->image, e));
    for (size_t i = 0; i < s->n_roi; i++) {
        if (!s->roi[i].path) continue;
        str_free(&file);
        TRY(mask_path_split(&file, &label, s->roi[i].path, e));
        TRY(add_file(&all, study_dir, s->roi[i].name, file.s, e));
    }
    sha256_end(&all, out);
out:
    str_free(&file);
    return rc;
}
