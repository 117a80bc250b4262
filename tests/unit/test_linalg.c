/* tests/unit/test_linalg.c: small matrices worked by hand, and what must be refused. */
#include "stats/linalg.h"

#include "tests/unit/unit.h"

START_TEST(cholesky_by_hand)
{
    /* [4 2; 2 3] = L L', L = [2 0; 1 sqrt 2]; inverse [3 -2; -2 4] / 8. */
    double a[4] = { 4, 2, 2, 3 }, b[2] = { 8, 7 }, inverse[4];
    Err e = { 0 };
    assert_ok_e(linalg_cholesky(a, 2, &e), e);
    assert_near(a[0], 2, 1e-15);
    assert_near(a[1], 1, 1e-15);
    assert_near_abs(a[2], 0, 0, 0);
    assert_near(a[3], sqrt(2), 1e-15);
    linalg_cholesky_solve(a, 2, b, 1);
    assert_near(b[0], 1.25, 1e-14);
    assert_near(b[1], 1.5, 1e-14);
    linalg_cholesky_inverse(inverse, a, 2);
    assert_near(inverse[0], 0.375, 1e-14);
    assert_near(inverse[3], 0.5, 1e-14);
    assert_near(inverse[1], -0.25, 1e-14);
    ck_assert(inverse[1] == inverse[2]);
    assert_near(linalg_cholesky_logdet(a, 2), log(8), 1e-14);
}
END_TEST

START_TEST(refusals)
{
    double indefinite[4] = { 1, 2, 2, 1 }, infinite[4] = { 1, 0, 0, INFINITY }, singular[4] = { 1, 2, 2, 4 };
    double b[2] = { 1, 1 }, w[2];
    int pivot[2], rank;
    Err e = { 0 };
    ck_assert_int_eq(linalg_cholesky(indefinite, 2, &e), ERR_ESTIMATE);
    ck_assert_int_eq(linalg_cholesky(infinite, 2, &e), ERR_INTERNAL);
    ck_assert_int_eq(linalg_symmetric_eigen(w, infinite, 2, &e), ERR_INTERNAL);
    ck_assert_int_eq(linalg_singular_values(w, infinite, 2, 2, &e), ERR_INTERNAL);
    ck_assert_int_eq(linalg_qr_pivot(infinite, 2, 2, pivot, w, 1e-9, &rank, &e), ERR_INTERNAL);
    ck_assert_int_eq(linalg_solve(singular, 2, b, 1, &e), ERR_ESTIMATE);
}
END_TEST

START_TEST(eigen_and_singular)
{
    double a[4] = { 2, 1, 1, 2 }, w[2];
    Err e = { 0 };
    assert_ok_e(linalg_symmetric_eigen(w, a, 2, &e), e);
    assert_near(w[0], 1, 1e-14);
    assert_near(w[1], 3, 1e-14);
    assert_near(fabs(a[2]), sqrt(0.5), 1e-14);
    /* A'A of [3 0; 4 5]' has singular values 3 sqrt 5 and sqrt 5. */
    double m[4] = { 3, 4, 0, 5 };
    assert_ok_e(linalg_singular_values(w, m, 2, 2, &e), e);
    assert_near(w[0], 3 * sqrt(5), 1e-14);
    assert_near(w[1], sqrt(5), 1e-14);
    double s[4] = { 4e20, 1e10, 1e10, 1 };      /* correlation 0.5: eigenvalues 1.5 and 0.5 */
    assert_near(linalg_scaled_condition(s, 2), 3, 1e-13);
    double flat[4] = { 1, 0, 0, 0 };
    ck_assert(isinf(linalg_scaled_condition(flat, 2)));
}
END_TEST

START_TEST(rank_by_qr)
{
    /* Third column is the sum of the first two. */
    double a[12] = { 1, 2, 3, 4, 1, 0, 1, 0, 2, 2, 4, 4 }, tau[3];
    int pivot[3], rank;
    Err e = { 0 };
    assert_ok_e(linalg_qr_pivot(a, 4, 3, pivot, tau, 1e-9, &rank, &e), e);
    ck_assert_int_eq(rank, 2);
    ck_assert_int_eq(pivot[0] + pivot[1] + pivot[2], 3);
    double zero[4] = { 0 };
    assert_ok_e(linalg_qr_pivot(zero, 2, 2, pivot, tau, 1e-9, &rank, &e), e);
    ck_assert_int_eq(rank, 0);
}
END_TEST

START_TEST(products)
{
    double a[6] = { 1, 2, 3, 4, 5, 6 };          /* 3 x 2 */
    double b[6] = { 1, 0, 2, 0, 1, 1 };          /* 3 x 2 */
    double c[4] = { NAN, NAN, NAN, NAN };
    linalg_gemm_tn(c, a, b, 2, 2, 3, 1, 0);
    assert_near(c[0], 7, 0);
    assert_near(c[1], 16, 0);
    assert_near(c[2], 5, 0);
    assert_near(c[3], 11, 0);
    linalg_syrk_t(c, a, 3, 2, 0);
    assert_near(c[0], 14, 0);
    assert_near(c[1], 32, 0);
    assert_near(c[2], 32, 0);
    assert_near(c[3], 77, 0);
    double d[9], v[2] = { 1, -1 }, r[3] = { 1, 1, 1 };
    linalg_gemm_nt(d, a, b, 3, 3, 2, 1, 0);
    assert_near(d[0], 1, 0);                     /* row 1 of a (1,4) with row 1 of b (1,0) */
    assert_near(d[3], 4, 0);                     /* with row 2 of b (0,1) */
    linalg_gemm_nn(r, a, v, 3, 1, 2, 2, 1);      /* 2 a v + r */
    assert_near(r[0], -5, 0);
    assert_near(r[2], -5, 0);
    double s[4] = { 2, 1, 1, 3 }, x[2] = { 3, 5 };
    assert_ok(linalg_solve(s, 2, x, 1, NULL));
    assert_near(x[0], 0.8, 1e-14);
    assert_near(x[1], 1.4, 1e-14);
}
END_TEST

static Suite *suite(void)
{
    linalg_init();
    Suite *s = suite_create("linalg");
    TCase *c = unit_case(s, "linalg");
    tcase_add_test(c, cholesky_by_hand);
    tcase_add_test(c, refusals);
    tcase_add_test(c, eigen_and_singular);
    tcase_add_test(c, rank_by_qr);
    tcase_add_test(c, products);
    return s;
}

UNIT_MAIN("linalg")
