/* tests/unit/test_core.c: core/arena, sum, geom, volume, frame, hash, par, file. */
#include "tests/unit/unit.h"

#include <stdint.h>
#include <sys/stat.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/hash.h"
#include "core/par.h"
#include "core/rng.h"
#include "core/sum.h"
#include "core/volume.h"

START_TEST(sha256_meets_fips_vectors)
{
    char h[HASH_TEXT];
    sha256_of(h, "abc", 3);
    ck_assert_str_eq(h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_of(h, "", 0);
    ck_assert_str_eq(h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    Sha256 s;
    sha256_begin(&s);
    for (size_t i = 0; i < sizeof two - 1; i++) sha256_add(&s, two + i, 1);
    sha256_end(&s, h);
    ck_assert_str_eq(h, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    sha256_begin(&s);
    for (int i = 0; i < 1000; i++) {
        char block[1000];
        memset(block, 'a', sizeof block);
        sha256_add(&s, block, sizeof block);
    }
    sha256_end(&s, h);
    ck_assert_str_eq(h, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(arena_gives_zeroed_aligned_memory)
{
    Arena a = { 0 };
    for (size_t i = 0; i < 3000; i++) {
        unsigned char *p = arena_alloc(&a, i % 97 + (i % 500 == 0 ? 2000000 : 0));
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % 16, 0);
        for (size_t j = 0; j < i % 97; j++) ck_assert(p[j] == 0);
        memset(p, 0xAA, i % 97);
    }
    ck_assert_ptr_null(arena_array(&a, SIZE_MAX / 2, 3));
    ck_assert_str_eq(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    arena_free(&a);
    arena_free(&a);
}
END_TEST

/* What an arena gives is zero and its own, whoever had those pages before; room keeps what is beside it. */
START_TEST(pages_come_back_clean)
{
    enum { N = 40 };
    for (int round = 0; round < 3; round++) {
        Arena a = { 0 }, other = { 0 };
        unsigned char *p[N];
        size_t size[N];
        for (int i = 0; i < N; i++) {
            size[i] = (size_t)(i * 7919 % N + 1) * 100003;
            p[i] = i % 3 == 2 ? arena_room(&a, size[i], 1) : arena_alloc(i % 2 ? &a : &other, size[i]);
            ck_assert_ptr_nonnull(p[i]);
            ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
            for (size_t j = 0; i % 3 != 2 && j < size[i]; j++) if (p[i][j]) ck_abort_msg("round %d: item %d is not zero at %zu", round, i, j);
            memset(p[i], i + 1, size[i]);
        }
        for (int i = 0; i < N; i++) ck_assert(p[i][0] == i + 1 && p[i][size[i] / 2] == i + 1 && p[i][size[i] - 1] == i + 1);
        arena_free(&other);
        arena_free(&a);
    }
    Arena a = { 0 };
    ck_assert_ptr_null(arena_room(&a, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(arena_room(&a, SIZE_MAX - 10, 1));
    ck_assert_ptr_nonnull(arena_room(&a, 0, 8));
    arena_free(&a);
}
END_TEST

START_TEST(sums_keep_what_plain_ones_lose)
{
    const double x[] = { 1, 1e100, 1, -1e100 };
    ck_assert(sum_of(x, 4) == 2);
    ck_assert(isnan(mean_of(x, 0)));
}
END_TEST

/* R: quantile(c(1, 2, 4, 8, 16), c(0, .1, .25, .5, .9, 1)) = 1, 1.4, 2, 4, 12.8, 16 */
START_TEST(quantiles_are_type_7)
{
    const double x[] = { 1, 2, 4, 8, 16 };
    ck_assert(quantile_sorted(x, 5, 0) == 1);
    assert_near(quantile_sorted(x, 5, .1), 1.4, 1e-15);
    ck_assert(quantile_sorted(x, 5, .25) == 2);
    ck_assert(quantile_sorted(x, 5, .5) == 4);
    assert_near(quantile_sorted(x, 5, .9), 12.8, 1e-15);
    ck_assert(quantile_sorted(x, 5, 1) == 16);
    ck_assert(quantile_sorted(x, 1, .3) == 1);
    ck_assert(isnan(quantile_sorted(x, 0, .3)));
}
END_TEST

START_TEST(affine_and_corners)
{
    const double spacing[3] = { 2, 3, 4 }, origin[3] = { -10, 5, 7 };
    Grid a = { { 10, 20, 5 }, { 2, 3, 4 }, affine_from_spacing(spacing, origin) }, b = a;
    Affine inverse;
    double p[3] = { 1, 2, 3 }, q[3];
    ck_assert(affine_invert(&inverse, &a.world));
    affine_apply(q, &a.world, p);
    affine_apply(q, &inverse, q);
    for (int i = 0; i < 3; i++) assert_near(q[i], p[i], 1e-14);
    ck_assert(grid_same(&a, &b));
    b.world.m[2][2] = 4.5;                                 /* last z corner is 4 * 0.5 mm off */
    int corner = 0;
    assert_near(grid_corner_distance_mm(&a, &b, &corner), 2.0, 1e-14);
    ck_assert(corner & 4);
    Err e = { 0 };
    ck_assert_int_eq(grid_require_same(&a, &b, "m.nii", &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "by 2 mm at the corner"));
    assert_near(grid_voxel_ml(&a), 0.024, 1e-14);
    a.world.m[0][0] = 0;
    ck_assert(!affine_invert(&inverse, &a.world));
}
END_TEST

START_TEST(mask_box_is_tight)
{
    Grid g = { { 7, 6, 5 }, { 1, 1, 1 }, affine_identity() };
    Mask m = { 0 };
    int lo[3], hi[3];
    assert_ok(mask_alloc(&m, &g, &e_));
    ck_assert(!mask_box(lo, hi, &m));
    m.in[voxel_at(&g, 2, 5, 1)] = 1;
    m.in[voxel_at(&g, 6, 3, 4)] = 1;
    ck_assert(mask_box(lo, hi, &m));
    ck_assert(lo[0] == 2 && hi[0] == 7 && lo[1] == 3 && hi[1] == 6 && lo[2] == 1 && hi[2] == 5);
    ck_assert_uint_eq(mask_count(&m), 2);
    mask_free(&m);
    mask_free(&m);
}
END_TEST

START_TEST(frame_types_columns)
{
    Err e = { 0 };
    CsvTable t = { 0 };
    Frame f = { 0 };
    const char text[] = "id,x,flag,mixed\nA,1.5,TRUE,1\nB,NA,FALSE,b\nC,,TRUE,\n";
    assert_ok_e(csv_parse(&t, text, sizeof text - 1, "t.csv", &e), e);
    assert_ok_e(frame_from_csv(&f, &t, &e), e);
    ck_assert(frame_column(&f, "id")->is_text && !frame_column(&f, "x")->is_text && frame_column(&f, "mixed")->is_text);
    ck_assert(frame_column(&f, "x")->num[0] == 1.5 && isnan(frame_column(&f, "x")->num[1]) && isnan(frame_column(&f, "x")->num[2]));
    ck_assert(frame_column(&f, "flag")->num[0] == 1 && frame_column(&f, "flag")->num[1] == 0);
    ck_assert_ptr_null(frame_column(&f, "mixed")->text[2]);
    ck_assert_ptr_null(frame_column(&f, "X"));
    frame_free(&f);
    csv_free(&t);
}
END_TEST

static bool same_frames(const Frame *a, const Frame *b)
{
    if (a->rows != b->rows || a->columns != b->columns) return false;
    for (size_t j = 0; j < a->columns; j++) {
        const FrameColumn *x = &a->column[j], *y = &b->column[j];
        if (strcmp(x->name, y->name) != 0 || x->is_text != y->is_text || x->is_logical != y->is_logical) return false;
        for (size_t i = 0; i < a->rows; i++) {
            if (a->line[i] != b->line[i]) return false;
            if (x->is_text && (!x->text[i] != !y->text[i] || (x->text[i] && strcmp(x->text[i], y->text[i]) != 0))) return false;
            if (!x->is_text && !(x->num[i] == y->num[i] || (isnan(x->num[i]) && isnan(y->num[i])))) return false;
        }
    }
    return true;
}

/* Field by field and by way of a table of texts: the same columns, or the same refusal. */
START_TEST(two_ways_to_read_a_table)
{
    static const char *const cell[] = { "1", "-2.5e3", "", "NA", "\"NA\"", "TRUE", "FALSE", "true", "\"3\"", "x y", "\"a,b\"", "\"q\"\"q\"", "\"two\nlines\"",
                                        "1e999", "12345678901234567.25", " 4", "M\xc3\xbcller", "\"open", "a\"b", "\"shut\"x", "7,7", "\xff", "\x01" };
    enum { GOOD = 17, ALL = sizeof cell / sizeof *cell, COLUMNS = 4 };
    for (uint64_t seed = 0; seed < 3000; seed++) {
        Rng r = rng_stream(seed, 3);
        Str text = { 0 };
        CsvTable t = { 0 };
        Frame a = { 0 }, b = { 0 };
        Err ea = { 0 }, eb = { 0 };
        size_t kinds[COLUMNS], rows = rng_below(&r, 12), bad = seed % 4 ? (size_t)-1 : rng_below(&r, 12);
        for (int j = 0; j < COLUMNS; j++) kinds[j] = rng_below(&r, 4);
        str_append(&text, seed % 5 ? "a,b,c,\"d\"\n" : "\xEF\xBB\xBF" "a,b,c,d\r\n");
        for (size_t i = 0; i < rows; i++) {
            for (int j = 0; j < COLUMNS; j++) {
                size_t k = kinds[j] == 0 ? rng_below(&r, 5) : kinds[j] == 1 ? 2 + rng_below(&r, 5) : rng_below(&r, (uint64_t)(i == bad ? ALL : GOOD));
                str_appendf(&text, "%s%s", j ? "," : "", cell[k]);
            }
            str_append(&text, rng_below(&r, 8) ? "\n" : rng_below(&r, 2) ? "\r\n" : "\n\n");
        }
        Rc one = csv_parse(&t, str_text(&text), text.len, "t.csv", &ea), two = frame_parse_csv(&b, str_text(&text), text.len, "t.csv", &eb);
        ck_assert_int_eq(one, two);
        if (one != OK) ck_assert_str_eq(ea.text, eb.text);
        else {
            assert_ok_e(frame_from_csv(&a, &t, &ea), ea);
            ck_assert_msg(same_frames(&a, &b), "%s", str_text(&text));
        }
        frame_free(&a);
        frame_free(&b);
        csv_free(&t);
        str_free(&text);
    }
}
END_TEST

typedef struct { double out[1000]; } Squares;
static Rc square(void *context, size_t i, int worker, Err *e)
{
    (void)worker;
    Squares *s = context;
    if (i == 700 || i == 750) return err_set(e, ERR_INPUT, "piece %zu", i);
    s->out[i] = (double)i * (double)i;
    return OK;
}

START_TEST(parallel_loop_reports_the_first_failure)
{
    for (int threads = 1; threads <= 8; threads *= 2) {
        Squares s = { { 0 } };
        Err e = { 0 };
        ck_assert_int_eq(parallel_for(1000, threads, square, &s, &e), ERR_INPUT);
        ck_assert_str_eq(e.text, "piece 700");
        for (size_t i = 0; i < 700; i++) ck_assert(s.out[i] == (double)i * (double)i);
        assert_ok(parallel_for(700, threads, square, &s, &e_));
        assert_ok(parallel_for(0, threads, square, &s, &e_));
    }
}
END_TEST

START_TEST(files_have_one_door)
{
    Err e = { 0 };
    char dir[] = "/tmp/reox-test-XXXXXX", path[64];
    Bytes b = { 0 };
    Str real = { 0 };
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/f", dir);
    assert_ok_e(file_write_atomic(path, "hello", 5, &e), e);
    assert_ok_e(file_read(&b, path, NULL, 100, &e), e);
    ck_assert_uint_eq(b.size, 5);
    ck_assert_str_eq((char *)b.data, "hello");
    bytes_free(&b);
    ck_assert_int_eq(file_read(&b, path, "f", 4, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "too large"));
    ck_assert_int_eq(file_read(&b, dir, "d", 100, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "folder"));
    snprintf(path, sizeof path, "%s/pipe", dir);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(file_read(&b, path, "p", 100, &e), ERR_INPUT);        /* and does not hang */
    assert_ok_e(path_inside(&real, dir, "f", "t", &e), e);
    str_free(&real);
    ck_assert_int_eq(path_inside(&real, dir, "../..", "t", &e), ERR_INPUT);
    ck_assert_int_eq(path_inside(&real, dir, "/etc/passwd", "t", &e), ERR_INPUT);
    snprintf(path, sizeof path, "%s/link", dir);
    ck_assert_int_eq(symlink("/etc", path), 0);
    ck_assert_int_eq(path_inside(&real, dir, "link/passwd", "t", &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "outside"));
    str_free(&real);
    static const char *const names[] = { "f", "pipe", "link" };
    for (int i = 0; i < 3; i++) { snprintf(path, sizeof path, "%s/%s", dir, names[i]); unlink(path); }
    ck_assert_int_eq(rmdir(dir), 0);                       /* no temporary file was left */
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("core");
    TCase *c = unit_case(s, "core");
    tcase_add_test(c, sha256_meets_fips_vectors);
    tcase_add_test(c, arena_gives_zeroed_aligned_memory);
    tcase_add_test(c, pages_come_back_clean);
    tcase_add_test(c, sums_keep_what_plain_ones_lose);
    tcase_add_test(c, quantiles_are_type_7);
    tcase_add_test(c, affine_and_corners);
    tcase_add_test(c, mask_box_is_tight);
    tcase_add_test(c, frame_types_columns);
    tcase_add_test(c, two_ways_to_read_a_table);
    tcase_add_test(c, parallel_loop_reports_the_first_failure);
    tcase_add_test(c, files_have_one_door);
    return s;
}

UNIT_MAIN("core")
