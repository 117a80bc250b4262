/* tests/unit/test_fft.c: core/fft.c against the sum that defines the transform, and against its own identities. */
#include "unit.h"

#include "core/fft.h"

static double noise(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / (double)(1u << 24) - 0.5;
}

/* Largest error of fft_1d relative to the norm, against the definition in long double. */
static double error_of(int n, int sign)
{
    double *z = malloc(sizeof(double) * 2 * (size_t)n), *x = malloc(sizeof(double) * 2 * (size_t)n);
    unsigned seed = (unsigned)n;
    for (int i = 0; i < 2 * n; i++) x[i] = z[i] = noise(&seed);
    assert_ok(fft_1d(z, n, sign, &e_));
    long double worst = 0, norm = 0;
    for (int k = 0; k < n; k++) {
        long double re = 0, im = 0;
        for (int j = 0; j < n; j++) {
            long double a = sign * 6.283185307179586476925286766559L * (long double)((long long)j * k % n) / n;
            long double c = cosl(a), s = sinl(a);
            re += x[2 * j] * c - x[2 * j + 1] * s;
            im += x[2 * j] * s + x[2 * j + 1] * c;
        }
        long double d = hypotl(re - z[2 * k], im - z[2 * k + 1]);
        if (d > worst) worst = d;
        norm += re * re + im * im;
    }
    free(z);
    free(x);
    return (double)(worst / sqrtl(norm / n));
}

START_TEST(small_by_hand)
{
    double z[] = { 1, 0, 2, 0, 3, 0, 4, 0 };                   /* 1 2 3 4 -> 10, -2+2i, -2, -2-2i */
    double want[] = { 10, 0, -2, 2, -2, 0, -2, -2 };
    assert_ok(fft_1d(z, 4, -1, &e_));
    for (int i = 0; i < 8; i++) ck_assert_double_eq(z[i], want[i]);
    double one[] = { 7, -3 };
    assert_ok(fft_1d(one, 1, -1, &e_));
    ck_assert(one[0] == 7 && one[1] == -3);
}
END_TEST

START_TEST(definition)
{
    static const int n[] = { 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 21, 25, 27, 30, 31, 37, 45, 49, 60, 64, 67, 74, 97, 125,
                             128, 197, 201, 240, 243, 256, 360, 509, 625 };
    for (size_t i = 0; i < sizeof n / sizeof *n; i++)
        for (int sign = -1; sign <= 1; sign += 2) {
            double err = error_of(n[i], sign);
            ck_assert_msg(err < 2.5e-15, "length %d, sign %d: error %.3g of the root mean square", n[i], sign, err);
        }
}
END_TEST

START_TEST(back_and_forth_3d)
{
    static const int sizes[][3] = { { 6, 5, 4 }, { 1, 9, 8 }, { 16, 1, 3 }, { 11, 37, 2 }, { 30, 20, 27 }, { 1, 1, 1 } };
    for (size_t c = 0; c < sizeof sizes / sizeof *sizes; c++) {
        const int *n = sizes[c];
        size_t total = (size_t)n[0] * (size_t)n[1] * (size_t)n[2];
        double *z = malloc(sizeof(double) * 2 * total), *x = malloc(sizeof(double) * 2 * total);
        unsigned seed = 5;
        double before = 0, after = 0;
        for (size_t i = 0; i < 2 * total; i++) { x[i] = z[i] = noise(&seed); before += x[i] * x[i]; }
        assert_ok(fft_3d(z, n, -1, &e_));
        for (size_t i = 0; i < 2 * total; i++) after += z[i] * z[i];
        assert_near(after / (double)total, before, 1e-13);     /* Parseval */
        assert_ok(fft_3d(z, n, 1, &e_));
        for (size_t i = 0; i < 2 * total; i++) assert_near_abs(z[i] / (double)total, x[i], 0, 2e-15);
        free(z);
        free(x);
    }
}
END_TEST

/* A unit impulse at (a, b, c) has the transform exp(-2 pi i (ka/nx + lb/ny + mc/nz)). */
START_TEST(impulse_3d)
{
    const int n[3] = { 10, 7, 6 };
    double *z = calloc(2 * 420, sizeof *z);
    z[2 * ((4 * 7 + 3) * 10 + 2)] = 1;
    assert_ok(fft_3d(z, n, -1, &e_));
    for (int m = 0; m < 6; m++)
        for (int l = 0; l < 7; l++)
            for (int k = 0; k < 10; k++) {
                long double a = -6.283185307179586476925L * (2.0L * k / 10 + 3.0L * l / 7 + 4.0L * m / 6);
                const double *v = z + 2 * ((m * 7 + l) * 10 + k);
                assert_near_abs(v[0], (double)cosl(a), 0, 1e-15);
                assert_near_abs(v[1], (double)sinl(a), 0, 1e-15);
            }
    free(z);
}
END_TEST

START_TEST(lanes_do_not_touch)
{
    static const int n[] = { 60, 41, 26 };
    for (size_t c = 0; c < 3; c++) {
        enum { L = 5 };
        size_t len = (size_t)n[c];
        FftPlan *p = NULL;
        assert_ok(fft_plan_new(&p, n[c], &e_));
        double *re = malloc(sizeof(double) * 2 * len * L), *im = re + len * L, *work = malloc(sizeof(double) * fft_work(p, L));
        double *z = malloc(sizeof(double) * 2 * len);
        unsigned seed = 9;
        for (size_t i = 0; i < 2 * len * L; i++) re[i] = noise(&seed);
        for (size_t k = 0; k < len; k++) { z[2 * k] = re[k * L + 3]; z[2 * k + 1] = im[k * L + 3]; }
        fft_lines(p, re, im, L, -1, work);
        assert_ok(fft_1d(z, n[c], -1, &e_));
        for (size_t k = 0; k < len; k++) ck_assert(z[2 * k] == re[k * L + 3] && z[2 * k + 1] == im[k * L + 3]);
        free(re);
        free(work);
        free(z);
        fft_plan_free(p);
    }
}
END_TEST

START_TEST(good_lengths)
{
    ck_assert_int_eq(fft_good_length(1), 1);
    ck_assert_int_eq(fft_good_length(7), 8);
    ck_assert_int_eq(fft_good_length(121), 125);
    ck_assert_int_eq(fft_good_length(161), 162);
    ck_assert_int_eq(fft_good_length(0), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fft");
    TCase *c = unit_case(s, "fft");
    tcase_add_test(c, small_by_hand);
    tcase_add_test(c, definition);
    tcase_add_test(c, back_and_forth_3d);
    tcase_add_test(c, impulse_3d);
    tcase_add_test(c, lanes_do_not_touch);
    tcase_add_test(c, good_lengths);
    return s;
}
UNIT_MAIN("fft")
