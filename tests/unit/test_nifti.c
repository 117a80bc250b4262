/* tests/unit/test_nifti.c: the NIfTI reader on files made here byte by byte, and the writer's own. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/file.h"
#include "ingest/gzip.h"
#include "ingest/nifti.h"
#include "unit.h"

enum { NX = 3, NY = 2, NZ = 2, N = NX * NY * NZ };

/* A valid NIfTI-1 file of int16 voxels 0 … 11, spacing 2 x 3 x 4 mm, sform; tests spoil one thing. */
typedef struct { uint8_t b[1024]; size_t size; } File;

static void put2(File *f, size_t at, int x) { int16_t v = (int16_t)x; memcpy(f->b + at, &v, 2); }
static void put4(File *f, size_t at, int x) { int32_t v = x; memcpy(f->b + at, &v, 4); }
static void putf(File *f, size_t at, double x) { float v = (float)x; memcpy(f->b + at, &v, 4); }

static File valid(void)
{
    File f = { { 0 }, 352 + 2 * N };
    put4(&f, 0, 348);
    const int dim[4] = { 3, NX, NY, NZ };
    for (size_t i = 0; i < 4; i++) put2(&f, 40 + 2 * i, dim[i]);
    put2(&f, 70, 4);
    put2(&f, 72, 16);
    const double pixdim[4] = { 1, 2, 3, 4 };
    for (size_t i = 0; i < 4; i++) putf(&f, 76 + 4 * i, pixdim[i]);
    putf(&f, 108, 352);
    putf(&f, 112, 1);
    f.b[123] = 2;
    put2(&f, 254, 1);
    const double rows[3][4] = { { 2, 0, 0, -10 }, { 0, 3, 0, 20 }, { 0, 0, 4, 30 } };
    for (size_t i = 0; i < 3; i++) for (size_t j = 0; j < 4; j++) putf(&f, 280 + 16 * i + 4 * j, rows[i][j]);
    memcpy(f.b + 344, "n+1", 4);
    for (int i = 0; i < N; i++) put2(&f, 352 + 2 * (size_t)i, i);
    return f;
}

static char folder[] = "/tmp/reox-nifti-XXXXXX";
static char path[128];

static void setup(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/image.nii", folder);
}

static void teardown(void)
{
    char command[160];
    unlink(path);
    snprintf(command, sizeof command, "%s/image.nii.gz", folder);
    unlink(command);
    rmdir(folder);
}

static void save_as(const char *name, const void *data, size_t n)
{
    Err e = { 0 };
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok_e(file_write_atomic(path, data, n, &e), e);
}

static Volume read_good(const File *f)
{
    Err e = { 0 };
    Volume v = { 0 };
    save_as("image.nii", f->b, f->size);
    assert_ok_e(nifti_read_volume(&v, path, "image.nii", UNITS_SUV, NULL, &e), e);
    return v;
}

/* The file is refused with ERR_INPUT, names itself and says the word. */
static void refuse(const File *f, const char *word)
{
    Err e = { 0 };
    Volume v = { 0 };
    save_as("image.nii", f->b, f->size);
    Rc rc = nifti_read_volume(&v, path, "image.nii", UNITS_SUV, NULL, &e);
    ck_assert_msg(rc == ERR_INPUT, "expected a refusal for %s, got %d", word, rc);
    ck_assert_msg(strstr(e.text, word) != NULL, "'%s' does not say %s", e.text, word);
    ck_assert_int_eq(strncmp(e.text, "image.nii: ", 11), 0);
    ck_assert_ptr_null(v.v);
}

START_TEST(reads_voxels_and_world)
{
    File f = valid();
    Volume v = read_good(&f);
    ck_assert_int_eq(v.grid.n[0], NX);
    ck_assert_int_eq(v.grid.n[2], NZ);
    assert_near(v.grid.spacing_mm[1], 3, 0);
    double at[3];
    affine_apply(at, &v.grid.world, (double[]){ 1, 1, 1 });
    assert_near(at[0], -8, 0);
    assert_near(at[1], 23, 0);
    assert_near(at[2], 34, 0);
    for (int i = 0; i < N; i++) assert_near(v.v[i], i, 0);
    volume_free(&v);
}
END_TEST

START_TEST(scales_in_double_and_knows_slope_zero)
{
    File f = valid();
    putf(&f, 112, 0.5);
    putf(&f, 116, -1);
    Volume v = read_good(&f);
    assert_near(v.v[7], 2.5, 0);
    volume_free(&v);
    putf(&f, 112, 0);
    v = read_good(&f);
    assert_near(v.v[7], 7, 0);
    volume_free(&v);
}
END_TEST

/* The same image with every number of the header and the voxels turned round. */
START_TEST(reads_the_other_byte_order)
{
    File f = valid();
    static const struct { size_t from, n; int width; } fields[] = { { 0, 1, 4 }, { 40, 8, 2 }, { 70, 2, 2 }, { 76, 8, 4 }, { 108, 3, 4 }, { 252, 2, 2 },
                                                                   { 256, 18, 4 }, { 352, N, 2 } };
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
        for (size_t i = 0; i < fields[k].n; i++) {
            uint8_t *p = f.b + fields[k].from + i * (size_t)fields[k].width;
            for (int a = 0, b = fields[k].width - 1; a < b; a++, b--) { uint8_t t = p[a]; p[a] = p[b]; p[b] = t; }
        }
    Volume v = read_good(&f);
    for (int i = 0; i < N; i++) assert_near(v.v[i], i, 0);
    assert_near(v.grid.spacing_mm[2], 4, 0);
    volume_free(&v);
}
END_TEST

/* Quarter turn about z: b = c = 0, d = sin 45 degrees; x runs along +y, y along -x (nifti1.h, method 2). */
START_TEST(qform_by_hand)
{
    File f = valid();
    put2(&f, 254, 0);
    put2(&f, 252, 1);
    putf(&f, 264, sqrt(0.5));
    putf(&f, 268, 5);
    Volume v = read_good(&f);
    double at[3];
    affine_apply(at, &v.grid.world, (double[]){ 1, 1, 1 });
    assert_near_abs(at[0], 5 - 3, 0, 1e-6);
    assert_near_abs(at[1], 2, 0, 1e-6);
    assert_near_abs(at[2], 4, 0, 1e-6);
    volume_free(&v);
    putf(&f, 76, -1);                            /* qfac */
    v = read_good(&f);
    affine_apply(at, &v.grid.world, (double[]){ 0, 0, 1 });
    assert_near_abs(at[2], -4, 0, 1e-6);
    volume_free(&v);
}
END_TEST

START_TEST(agreeing_transforms_pass_and_others_do_not)
{
    File f = valid();
    put2(&f, 252, 1);
    putf(&f, 268, -10);
    putf(&f, 272, 20);
    putf(&f, 276, 30);
    Volume v = read_good(&f);
    volume_free(&v);
    putf(&f, 268, -8);
    refuse(&f, "differ by 2 mm");
}
END_TEST

START_TEST(refuses_what_cannot_be)
{
    File f = valid(); f.size = 0; refuse(&f, "empty");
    f = valid(); f.size = 200; refuse(&f, "truncated");
    f = valid(); f.size -= 1; refuse(&f, "truncated");
    f = valid(); put4(&f, 0, 349); refuse(&f, "sizeof_hdr");
    f = valid(); memcpy(f.b + 344, "n+9", 4); refuse(&f, "magic");
    f = valid(); memcpy(f.b + 344, "ni1", 4); refuse(&f, ".hdr/.img");
    f = valid(); put2(&f, 40, 0); refuse(&f, "dim[0]");
    f = valid(); put2(&f, 40, 200); refuse(&f, "dim[0]");
    f = valid(); put2(&f, 40, -5); refuse(&f, "dim[0]");
    f = valid(); put2(&f, 42, -3); refuse(&f, "dim[1]");
    f = valid(); put2(&f, 42, 4096); put2(&f, 44, 4096); put2(&f, 46, 4096); refuse(&f, "larger than the limit");
    f = valid(); put2(&f, 40, 4); put2(&f, 48, 2); refuse(&f, "frames");
    f = valid(); put2(&f, 70, 3); refuse(&f, "datatype");
    f = valid(); put2(&f, 70, 32); put2(&f, 72, 64); refuse(&f, "complex");
    f = valid(); put2(&f, 72, 8); refuse(&f, "bitpix");
    f = valid(); putf(&f, 108, 100); refuse(&f, "vox_offset");
    f = valid(); putf(&f, 108, (double)NAN); refuse(&f, "vox_offset");
    f = valid(); putf(&f, 108, 352.5); refuse(&f, "vox_offset");
    f = valid(); putf(&f, 108, 4096); refuse(&f, "vox_offset");
    f = valid(); putf(&f, 112, (double)NAN); refuse(&f, "scl_slope");
    f = valid(); putf(&f, 116, (double)INFINITY); refuse(&f, "scl_inter");
    f = valid(); putf(&f, 80, 0); refuse(&f, "pixdim[1]");
    f = valid(); putf(&f, 88, (double)NAN); refuse(&f, "pixdim[3]");
    f = valid(); putf(&f, 80, -2); refuse(&f, "pixdim[1]");
    f = valid(); f.b[123] = 1; refuse(&f, "2000 mm");
    f = valid(); put2(&f, 254, 0); refuse(&f, "orientation");
    f = valid(); putf(&f, 280, 0); refuse(&f, "singular");
    f = valid(); putf(&f, 284, 1); refuse(&f, "shear");
    f = valid(); putf(&f, 280, 5); refuse(&f, "spacing");
    f = valid(); putf(&f, 292, (double)NAN); refuse(&f, "sform");
    f = valid(); put2(&f, 254, 0); put2(&f, 252, 1); putf(&f, 256, 1); putf(&f, 260, 1); refuse(&f, "rotation");
    f = valid(); memcpy(f.b, "<nifti_image", 12); refuse(&f, "ASCII");
    f = valid(); memcpy(f.b + 128, "DICM", 4); refuse(&f, "DICOM");
}
END_TEST

/* Extensions are walked, never trusted: a zero size would not advance, a long one lead out of the header. */
START_TEST(walks_extensions)
{
    File f = valid();
    memmove(f.b + 384, f.b + 352, 2 * N);
    f.size += 32;
    putf(&f, 108, 384);
    f.b[348] = 1;
    put4(&f, 352, 32);
    Volume v = read_good(&f);
    assert_near(v.v[5], 5, 0);
    volume_free(&v);
    put4(&f, 352, 0);
    refuse(&f, "esize");
    put4(&f, 352, 48);
    refuse(&f, "esize");
    f = valid();
    f.b[348] = 1;
    refuse(&f, "extension");
}
END_TEST

START_TEST(gzip_members_and_damage)
{
    Err e = { 0 };
    File f = valid();
    Bytes one = { 0 }, two = { 0 };
    uint8_t joined[2048];
    Volume v = { 0 };
    assert_ok_e(gzip_deflate(&one, f.b, 200, &e), e);                       /* the header itself lies in two members */
    assert_ok_e(gzip_deflate(&two, f.b + 200, f.size - 200, &e), e);
    memcpy(joined, one.data, one.size);
    memcpy(joined + one.size, two.data, two.size);
    const size_t n = one.size + two.size;
    save_as("image.nii.gz", joined, n);
    assert_ok_e(nifti_read_volume(&v, path, "image.nii.gz", UNITS_SUV, NULL, &e), e);
    for (int i = 0; i < N; i++) assert_near(v.v[i], i, 0);
    volume_free(&v);

    joined[n - 6] ^= 1;                                                     /* CRC of the second member */
    save_as("image.nii.gz", joined, n);
    ck_assert_int_eq(nifti_read_volume(&v, path, "image.nii.gz", UNITS_SUV, NULL, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "corrupt"));
    joined[n - 6] ^= 1;
    save_as("image.nii.gz", joined, n - 3);
    ck_assert_int_eq(nifti_read_volume(&v, path, "image.nii.gz", UNITS_SUV, NULL, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "gzip"));
    save_as("image.nii.gz", f.b, f.size);                                   /* not packed at all */
    ck_assert_int_eq(nifti_read_volume(&v, path, "image.nii.gz", UNITS_SUV, NULL, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "gzip"));
    bytes_free(&one);
    bytes_free(&two);
}
END_TEST

/* A bomb: a header of a few voxels, gigabytes of zeros behind. Memory stays that of the header's promise. */
START_TEST(gzip_bomb_stops_at_the_cap)
{
    Err e = { 0 };
    File f = valid();
    const size_t size = 64 << 20;
    uint8_t *zeros = calloc(1, size);
    Bytes packed = { 0 };
    Volume v = { 0 };
    ck_assert_ptr_nonnull(zeros);
    memcpy(zeros, f.b, f.size);
    assert_ok_e(gzip_deflate(&packed, zeros, size, &e), e);
    save_as("image.nii.gz", packed.data, packed.size);
    ck_assert_int_eq(nifti_read_volume(&v, path, "image.nii.gz", UNITS_SUV, NULL, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "unpacks to more than"));
    free(zeros);
    bytes_free(&packed);
}
END_TEST

static Rc read_mask(Mask *m, const File *f, int label, Err *e)
{
    save_as("image.nii", f->b, f->size);
    return nifti_read_mask(m, path, "image.nii", label, NULL, e);
}

START_TEST(masks_and_labels)
{
    Err e = { 0 };
    Mask m = { 0 };
    File f = valid();
    for (size_t i = 0; i < N; i++) put2(&f, 352 + 2 * i, i == 4 || i == 5);
    assert_ok_e(read_mask(&m, &f, -1, &e), e);
    ck_assert_uint_eq(mask_count(&m), 2);
    ck_assert_int_eq(m.in[4], 1);
    mask_free(&m);

    put2(&f, 352, 3);
    ck_assert_int_eq(read_mask(&m, &f, -1, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "labels 1, 3"));
    assert_ok_e(read_mask(&m, &f, 3, &e), e);
    ck_assert_uint_eq(mask_count(&m), 1);
    mask_free(&m);
    ck_assert_int_eq(read_mask(&m, &f, 2, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "label 2"));

    for (size_t i = 0; i < N; i++) put2(&f, 352 + 2 * i, 0);
    ck_assert_int_eq(read_mask(&m, &f, -1, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "empty"));
}
END_TEST

START_TEST(infinite_voxels_are_kept_as_nan)
{
    File f = valid();
    put2(&f, 70, 16);
    put2(&f, 72, 32);
    f.size = 352 + 4 * N;
    for (size_t i = 0; i < N; i++) putf(&f, 352 + 4 * i, (double)i);
    putf(&f, 352, (double)NAN);
    putf(&f, 356, (double)INFINITY);
    Volume v = read_good(&f);
    ck_assert(isnan(v.v[0]) && isnan(v.v[1]));
    assert_near(v.v[2], 2, 0);
    volume_free(&v);
}
END_TEST

/* What the writer makes, the reader gives back to the bit, and twice the same bytes. */
START_TEST(round_trip_is_exact_and_reproducible)
{
    static const char *const names[] = { "image.nii", "image.nii.gz" };
    Err e = { 0 };
    Volume v = { 0 }, back = { 0 };
    Grid g = { .n = { 7, 5, 3 }, .spacing_mm = { 1.5, 2.25, 4 } };
    const double c = 0.8, s = 0.6;
    g.world = (Affine){ { { 1.5 * c, -2.25 * s, 0, 11 }, { 1.5 * s, 2.25 * c, 0, -7 }, { 0, 0, 4, 3 } } };
    assert_ok_e(volume_alloc(&v, &g, UNITS_TBR, &e), e);
    for (size_t i = 0; i < 105; i++) v.v[i] = (float)sin((double)i) * 1e3f;
    for (int k = 0; k < 2; k++) {
        Bytes a = { 0 }, b = { 0 };
        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        assert_ok_e(nifti_write_volume(path, &v, &e), e);
        assert_ok_e(file_read(&a, path, NULL, 1 << 20, &e), e);
        assert_ok_e(nifti_read_volume(&back, path, names[k], UNITS_TBR, NULL, &e), e);
        ck_assert_int_eq(memcmp(back.v, v.v, 105 * sizeof *v.v), 0);
        ck_assert(grid_same(&v.grid, &back.grid));
        volume_free(&back);
        usleep(1100 * 1000 * (k == 1));                                     /* gzip headers carry seconds */
        assert_ok_e(nifti_write_volume(path, &v, &e), e);
        assert_ok_e(file_read(&b, path, NULL, 1 << 20, &e), e);
        ck_assert(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
        bytes_free(&a);
        bytes_free(&b);
        unlink(path);
    }
    volume_free(&v);
}
END_TEST

/* Every field spoilt in every byte: nothing may crash, and what is accepted must be a grid that is sane (asan build watches). */
START_TEST(any_byte_of_the_header_may_be_wrong)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    Err e = { 0 };
    size_t accepted = 0;
    for (size_t at = 0; at < 352; at++)
        for (size_t k = 0; k < sizeof values; k++) {
            File f = valid();
            Volume v = { 0 };
            f.b[at] = values[k];
            int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
            ck_assert_int_ge(fd, 0);
            ck_assert_int_eq(write(fd, f.b, f.size), (ssize_t)f.size);
            close(fd);
            if (nifti_read_volume(&v, path, "image.nii", UNITS_SUV, NULL, &e) != OK) continue;
            accepted++;
            ck_assert(grid_voxels(&v.grid) <= f.size && v.grid.spacing_mm[0] >= 0.01 && v.grid.spacing_mm[2] <= 100);
            ck_assert(isfinite(affine_det(&v.grid.world)) && affine_det(&v.grid.world) != 0);
            volume_free(&v);
        }
    ck_assert_uint_gt(accepted, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("nifti");
    TCase *c = unit_case(s, "nifti");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, reads_voxels_and_world);
    tcase_add_test(c, scales_in_double_and_knows_slope_zero);
    tcase_add_test(c, reads_the_other_byte_order);
    tcase_add_test(c, qform_by_hand);
    tcase_add_test(c, agreeing_transforms_pass_and_others_do_not);
    tcase_add_test(c, refuses_what_cannot_be);
    tcase_add_test(c, walks_extensions);
    tcase_add_test(c, gzip_members_and_damage);
    tcase_add_test(c, gzip_bomb_stops_at_the_cap);
    tcase_add_test(c, masks_and_labels);
    tcase_add_test(c, infinite_voxels_are_kept_as_nan);
    tcase_add_test(c, round_trip_is_exact_and_reproducible);
    tcase_add_test(c, any_byte_of_the_header_may_be_wrong);
    return s;
}

UNIT_MAIN("nifti")
