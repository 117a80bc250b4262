/* tests/unit/test_scan_read.c: one scan's image, masks and reference regions, each wrong in one way. */
#include <sys/stat.h>

#include "core/file.h"
#include "ingest/nifti.h"
#include "study/scan_read.h"
#include "unit.h"

static char folder[] = "/tmp/reox-scan-XXXXXX";
static ScanRoi rois[3];
static Scan scan;

static const char *at(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static Grid grid(int nx, double shift_mm)
{
    return (Grid){ .n = { nx, 4, 3 }, .spacing_mm = { 2, 3, 4 }, .world = { { { 2, 0, 0, shift_mm }, { 0, 3, 0, 0 }, { 0, 0, 4, 0 } } } };
}

/* Voxels 1, 2, 3 …; the mask holds voxels [from, to). */
static void save_image(const char *name, double nan_at)
{
    Err e = { 0 };
    Volume v = { 0 };
    const Grid g = grid(5, 0);
    assert_ok_e(volume_alloc(&v, &g, UNITS_SUV, &e), e);
    for (size_t i = 0; i < 60; i++) v.v[i] = (float)(i + 1);
    if (nan_at >= 0) v.v[(size_t)nan_at] = NAN;
    assert_ok_e(nifti_write_volume(at(name), &v, &e), e);
    volume_free(&v);
}

static void save_mask(const char *name, int nx, double shift_mm, size_t from, size_t to, uint8_t label)
{
    Err e = { 0 };
    Mask m = { 0 };
    const Grid g = grid(nx, shift_mm);
    assert_ok_e(mask_alloc(&m, &g, &e), e);
    for (size_t i = from; i < to; i++) m.in[i] = label;
    assert_ok_e(nifti_write_mask(at(name), &m, &e), e);
    mask_free(&m);
}

static void setup(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    save_image("image.nii.gz", -1);
    save_mask("gtv.nii.gz", 5, 0, 10, 20, 1);
    save_mask("blood.nii.gz", 5, 0, 20, 60, 1);
    rois[0] = (ScanRoi){ .name = (char *)"gtv", .path = (char *)"gtv.nii.gz" };
    rois[1] = (ScanRoi){ .name = (char *)"blood", .path = (char *)"blood.nii.gz" };
    rois[2] = (ScanRoi){ .name = (char *)"node", .path = NULL };
    scan = (Scan){ .patient = (char *)"P1", .timepoint = (char *)"pre", .tracer = (char *)"FMISO", .tracer_slug = (char *)"fmiso", .status = SCAN_DONE,
                   .image = (char *)"image.nii.gz", .units = UNITS_SUV, .roi = rois, .n_roi = 3, .reference_value = NAN, .day = NAN };
}

static void teardown(void)
{
    static const char *const names[] = { "image.nii.gz", "gtv.nii.gz", "blood.nii.gz", "spoilt.nii.gz" };
    for (size_t i = 0; i < 4; i++) unlink(at(names[i]));
    rmdir(at("dicom"));
    rmdir(folder);
}

static void refuse(const char *file, const char *word)
{
    Err e = { 0 };
    ScanData d = { 0 };
    ck_assert_int_eq(scan_read(&d, folder, &scan, "blood", &e), ERR_INPUT);
    ck_assert_msg(strncmp(e.text, file, strlen(file)) == 0, "'%s' does not begin with %s", e.text, file);
    ck_assert_msg(strstr(e.text, word) != NULL, "'%s' does not say '%s'", e.text, word);
    ck_assert_ptr_nonnull(strstr(e.text, "(scan P1/pre/FMISO)"));
    ck_assert(d.n_regions == 0 && d.image.v == NULL);
}

START_TEST(regions_by_hand)
{
    Err e = { 0 };
    ScanData d = { 0 };
    assert_ok_e(scan_read(&d, folder, &scan, "blood", &e), e);
    ck_assert_uint_eq(d.n_regions, 2);
    const ScanRegion *gtv = scan_region(&d, "gtv"), *blood = scan_region(&d, "blood");
    ck_assert(!gtv->is_reference && blood->is_reference && scan_region(&d, "node") == NULL);
    ck_assert_uint_eq(gtv->voxels, 10);
    assert_near(gtv->mean, 15.5, 1e-15);                       /* 11 … 20 */
    assert_near(gtv->sd, sqrt(82.5 / 9), 1e-14);
    assert_near(blood->mean, 40.5, 1e-15);                     /* 21 … 60 */
    assert_near(blood->cov, sqrt(5330.0 / 39) / 40.5, 1e-14);
    ck_assert_uint_eq(d.n_warnings, 1);                        /* COV 29 % */
    ck_assert_ptr_nonnull(strstr(d.warning[0], "roi_blood varies by 29 %"));
    ck_assert_uint_eq(strlen(d.image_sha256), 64);
    scan_data_free(&d);
}
END_TEST

START_TEST(masks_on_other_grids)
{
    save_mask("spoilt.nii.gz", 6, 0, 10, 20, 1);
    rois[0].path = (char *)"spoilt.nii.gz";
    refuse("spoilt.nii.gz", "6 x 4 x 3");
    save_mask("spoilt.nii.gz", 5, 1, 10, 20, 1);               /* half a voxel in x */
    refuse("spoilt.nii.gz", "by 1 mm");
}
END_TEST

START_TEST(empty_labels_and_labels)
{
    Err e = { 0 };
    ScanData d = { 0 };
    save_mask("spoilt.nii.gz", 5, 0, 0, 0, 1);
    rois[0].path = (char *)"spoilt.nii.gz";
    refuse("spoilt.nii.gz", "empty");
    save_mask("spoilt.nii.gz", 5, 0, 10, 20, 3);
    refuse("spoilt.nii.gz", "label");
    rois[0].path = (char *)"spoilt.nii.gz#2";
    refuse("spoilt.nii.gz", "no voxel has the label 2");
    rois[0].path = (char *)"spoilt.nii.gz#three";
    refuse("spoilt.nii.gz", "whole number");
    rois[0].path = (char *)"rt.dcm#GTV";
    refuse("rt.dcm", "not supported yet");
    rois[0].path = (char *)"spoilt.nii.gz#3";
    assert_ok_e(scan_read(&d, folder, &scan, "blood", &e), e);
    ck_assert_uint_eq(scan_region(&d, "gtv")->voxels, 10);
    ck_assert_int_eq(scan_region(&d, "gtv")->label, 3);
    scan_data_free(&d);
}
END_TEST

START_TEST(nan_counts_inside_a_region_alone)
{
    Err e = { 0 };
    ScanData d = { 0 };
    save_image("image.nii.gz", 5);
    assert_ok_e(scan_read(&d, folder, &scan, "blood", &e), e);
    scan_data_free(&d);
    save_image("image.nii.gz", 12);
    refuse("image.nii.gz", "voxel (2, 2, 0) inside roi_gtv is NaN");
}
END_TEST

START_TEST(paths)
{
    scan.image = (char *)"missing.nii.gz";
    refuse("missing.nii.gz", "No such file");
    scan.image = (char *)"../image.nii.gz";
    refuse("../image.nii.gz", "");
    scan.image = (char *)"/etc/passwd";
    refuse("/etc/passwd", "absolute");
    ck_assert_int_eq(mkdir(at("dicom"), 0700), 0);
    scan.image = (char *)"dicom";
    refuse("dicom", "DICOM");
}
END_TEST

/* A reference that is zero would make every ratio infinite; a value of the row's own takes its place. */
START_TEST(a_reference_without_uptake)
{
    Err e = { 0 };
    ScanData d = { 0 };
    Volume v = { 0 };
    const Grid g = grid(5, 0);
    assert_ok_e(volume_alloc(&v, &g, UNITS_SUV, &e), e);
    for (size_t i = 0; i < 20; i++) v.v[i] = (float)i;
    assert_ok_e(nifti_write_volume(at("image.nii.gz"), &v, &e), e);
    volume_free(&v);
    refuse("blood.nii.gz", "positive uptake");
    scan.reference_value = 1.2;
    assert_ok_e(scan_read(&d, folder, &scan, "blood", &e), e);
    scan_data_free(&d);
}
END_TEST

START_TEST(files_hash_changes_with_any_file)
{
    Err e = { 0 };
    char a[HASH_TEXT], b[HASH_TEXT];
    assert_ok_e(scan_files_hash(a, folder, &scan, &e), e);
    assert_ok_e(scan_files_hash(b, folder, &scan, &e), e);
    ck_assert_str_eq(a, b);
    save_mask("blood.nii.gz", 5, 0, 21, 60, 1);
    assert_ok_e(scan_files_hash(b, folder, &scan, &e), e);
    ck_assert_str_ne(a, b);
}
END_TEST

/* Row before protocol before preset. */
START_TEST(which_reference_counts)
{
    HypoxiaRule rule = { .tracer = (char *)"18F-FMISO", .reference = (char *)"muscle", .has_threshold = true, .threshold = 1.6 };
    Protocol p = { 0 };
    ScanRule r;
    scan_rule(&r, &p, &scan);
    ck_assert_str_eq(r.region, "blood");
    assert_near(r.threshold, 1.4, 0);
    ck_assert(r.has_operator && r.op == OP_GE && isnan(r.value));
    p.hypoxia = &rule;
    p.n_hypoxia = 1;
    scan_rule(&r, &p, &scan);
    ck_assert_str_eq(r.region, "muscle");
    assert_near(r.threshold, 1.6, 0);
    ck_assert_int_eq(r.op, OP_GE);
    scan.reference_value = 2;
    scan_rule(&r, &p, &scan);
    assert_near(r.value, 2, 0);
    scan.tracer = scan.tracer_slug = (char *)"xyz";
    scan_rule(&r, &p, &scan);
    ck_assert(r.region == NULL && isnan(r.threshold) && !r.has_operator);
    ck_assert(region_is_reference("blood", NULL) && region_is_reference("liver", "liver") && !region_is_reference("gtv", "gtv") && !region_is_reference("node", "blood"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("scan_read");
    TCase *c = unit_case(s, "scan_read");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, regions_by_hand);
    tcase_add_test(c, masks_on_other_grids);
    tcase_add_test(c, empty_labels_and_labels);
    tcase_add_test(c, nan_counts_inside_a_region_alone);
    tcase_add_test(c, paths);
    tcase_add_test(c, a_reference_without_uptake);
    tcase_add_test(c, files_hash_changes_with_any_file);
    tcase_add_test(c, which_reference_counts);
    return s;
}

UNIT_MAIN("scan_read")
