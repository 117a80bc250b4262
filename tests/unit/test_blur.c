/* tests/unit/test_blur.c: the scanner's point spread against closed forms, its noise against its own promise. */
#include "sample_cohort/blur.h"

#include "unit.h"

/* A step of height 1 at x = 0, blurred with sigma and averaged over [lo, hi]: mean of Phi(x/sigma). */
static double blurred_step(double lo, double hi, double sigma)
{
    double a = lo / sigma, b = hi / sigma;
    double ia = a * .5 * erfc(-a / sqrt(2)) + exp(-a * a / 2) / sqrt(2 * M_PI);
    double ib = b * .5 * erfc(-b / sqrt(2)) + exp(-b * b / 2) / sqrt(2 * M_PI);
    return (ib - ia) / (b - a);
}

START_TEST(edge_is_the_error_function)
{
    static const double widths[] = { 2, 4.07, 5, 2.73 }, sigmas[] = { 2.12, 2.55, 2.76, 2.97 };
    Err e = { 0 };
    for (int c = 0; c < 4; c++) {
        AxisBlur b = { 0 };
        int n = 20, fine = (int)ceil(n * widths[c]), edge = fine / 2;
        assert_ok_e(axis_blur_init(&b, n, widths[c], fine, sigmas[c], &e), e);
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int i = 0; i < b.taps; i++) if (b.first[k] + i >= edge) sum += b.weight[k * b.taps + i];
            assert_near_abs(sum, blurred_step(k * widths[c] - edge, (k + 1) * widths[c] - edge, sigmas[c]), 0, 1e-4);   /* cut at 4 sigma */
        }
        axis_blur_free(&b);
    }
}
END_TEST

START_TEST(weights_sum_to_one_and_without_blur_are_overlaps)
{
    Err e = { 0 };
    AxisBlur b = { 0 };
    assert_ok_e(axis_blur_init(&b, 10, 2.5, 25, 0, &e), e);
    for (int k = 0; k < 10; k++) {
        double sum = 0;
        for (int i = 0; i < b.taps; i++) {
            double x = b.first[k] + i, overlap = fmax(0, fmin(k * 2.5 + 2.5, x + 1) - fmax(k * 2.5, x));
            assert_near_abs(b.weight[k * b.taps + i], overlap / 2.5, 1e-14, 1e-15);
            sum += b.weight[k * b.taps + i];
        }
        assert_near(sum, 1, 1e-14);
    }
    axis_blur_free(&b);
    axis_blur_free(&b);
}
END_TEST

/* Three dimensions at once are the product of three axes; a constant stays, with its ends going on. */
START_TEST(separable)
{
    Err e = { 0 };
    AxisBlur axis[3] = { { 0 } };
    int fine[3] = { 23, 17, 29 }, coarse[3] = { 9, 8, 10 };
    double width[3] = { 2.5, 2, 2.9 }, sigma[3] = { 1.3, .7, 2.2 };
    float in[23 * 17 * 29];
    double out[9 * 8 * 10];
    Rng r = rng_stream(3, 3);
    for (int a = 0; a < 3; a++) assert_ok_e(axis_blur_init(&axis[a], coarse[a], width[a], fine[a], sigma[a], &e), e);
    for (int i = 0; i < 23 * 17 * 29; i++) in[i] = 2.5f;
    assert_ok_e(blur_resample(out, in, axis, &e), e);
    for (int i = 0; i < 9 * 8 * 10; i++) assert_near(out[i], 2.5, 1e-12);
    for (int i = 0; i < 23 * 17 * 29; i++) in[i] = (float)rng_uniform(&r);
    assert_ok_e(blur_resample(out, in, axis, &e), e);
    for (int z = 0; z < 10; z++)
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 9; x++) {
                double sum = 0;
                for (int k = 0; k < axis[2].taps; k++)
                    for (int j = 0; j < axis[1].taps; j++)
                        for (int i = 0; i < axis[0].taps; i++) {
                            int p[3] = { axis[0].first[x] + i, axis[1].first[y] + j, axis[2].first[z] + k };
                            for (int a = 0; a < 3; a++) p[a] = p[a] < 0 ? 0 : p[a] >= fine[a] ? fine[a] - 1 : p[a];
                            sum += axis[0].weight[x * axis[0].taps + i] * axis[1].weight[y * axis[1].taps + j]
                                 * axis[2].weight[z * axis[2].taps + k] * (double)in[(p[2] * 17 + p[1]) * 23 + p[0]];
                        }
                assert_near(out[(z * 8 + y) * 9 + x], sum, 1e-12);
            }
    for (int a = 0; a < 3; a++) axis_blur_free(&axis[a]);
}
END_TEST

/* SD 1, mean 0, and the correlation of neighbours that smoothing with sigma gives: exp(-d^2 / (4 sigma^2)). */
START_TEST(noise_is_correlated_as_asked)
{
    enum { N = 60 };
    Err e = { 0 };
    int n[3] = { N, N, N };
    double sigma[3] = { 1.06, 1.5, .63 };
    float *x = malloc(N * N * N * sizeof *x);
    Rng r = rng_stream(8, 1);
    double mean = 0, squares = 0, lag[3] = { 0 };
    size_t step[3] = { 1, N, N * N };
    assert_ok_e(correlated_noise(x, n, sigma, &r, &e), e);
    for (size_t i = 0; i < N * N * N; i++) {
        mean += (double)x[i];
        squares += (double)x[i] * (double)x[i];
        int at[3] = { (int)(i % N), (int)(i / N % N), (int)(i / N / N) };
        for (int a = 0; a < 3; a++) if (at[a] + 1 < N) lag[a] += (double)x[i] * (double)x[i + step[a]];
    }
    double all = N * N * N;
    assert_near_abs(mean / all, 0, 0, .03);
    assert_near(sqrt(squares / all), 1, .02);
    for (int a = 0; a < 3; a++)
        assert_near_abs(lag[a] / (all - N * N) / (squares / all), exp(-1 / (4 * sigma[a] * sigma[a])), 0, .03);
    free(x);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("blur");
    TCase *c = unit_case(s, "blur");
    tcase_add_test(c, edge_is_the_error_function);
    tcase_add_test(c, weights_sum_to_one_and_without_blur_are_overlaps);
    tcase_add_test(c, separable);
    tcase_add_test(c, noise_is_correlated_as_asked);
    return s;
}

UNIT_MAIN("blur")
