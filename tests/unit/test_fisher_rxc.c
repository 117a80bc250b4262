/* tests/unit/test_fisher_rxc.c: the exact test against going through all tables cell by cell. */
#include "stats/fisher_rxc.h"

#include "core/rng.h"
#include "stats/dist.h"
#include "tests/unit/unit.h"

/* All tables with the margins of `seen`, cell by cell. */
typedef struct { size_t r, c; double row[6], col[6], limit, hit, all; } Walk;

static double weight_of(const double *x, size_t n)
{
    double w = 1;
    for (size_t k = 0; k < n; k++) w /= tgamma(x[k] + 1);
    return w;
}

static void walk(Walk *q, double *x, size_t at)
{
    if (at == q->r * q->c) {
        for (size_t i = 0; i < q->r; i++) if (q->row[i] != 0) return;
        for (size_t j = 0; j < q->c; j++) if (q->col[j] != 0) return;
        double w = weight_of(x, at);
        q->all += w;
        if (w <= q->limit * (1 + 1e-10)) q->hit += w;
        return;
    }
    size_t i = at % q->r, j = at / q->r;
    if (i == 0 && j > 0 && q->col[j - 1] != 0) return;
    for (double v = 0; v <= fmin(q->row[i], q->col[j]); v++) {
        x[at] = v;
        q->row[i] -= v; q->col[j] -= v;
        walk(q, x, at + 1);
        q->row[i] += v; q->col[j] += v;
    }
}

START_TEST(all_tables)
{
    static const size_t shape[7][2] = { { 2, 2 }, { 3, 2 }, { 2, 4 }, { 3, 3 }, { 3, 4 }, { 2, 6 }, { 4, 3 } };
    for (uint64_t seed = 0; seed < 21; seed++) {
        size_t r = shape[seed % 7][0], c = shape[seed % 7][1];
        Rng g = rng_stream(seed, 0);
        double seen[24], x[24], p, se;
        Walk q = { .r = r, .c = c };
        for (size_t k = 0; k < r * c; k++) {
            seen[k] = rng_below(&g, r * c > 9 ? 3 : 5);
            q.row[k % r] += seen[k];
            q.col[k / r] += seen[k];
        }
        q.limit = weight_of(seen, r * c);
        walk(&q, x, 0);
        assert_ok(fisher_rxc(&p, &se, seen, r, c, 1, NULL));
        assert_near(p, q.hit / q.all, 1e-10);
        assert_near(se, 0, 0);
    }
}
END_TEST

/* Fisher's lady: 3 of 4 cups right on each side, 34 of 70 tables are at most as likely. */
START_TEST(tea)
{
    static const double cups[4] = { 3, 1, 1, 3 }, one_row[3] = { 2, 0, 1 };
    double p, se;
    assert_ok(fisher_rxc(&p, &se, cups, 2, 2, 1, NULL));
    assert_near(p, 34. / 70, 1e-13);
    assert_ok(fisher_rxc(&p, &se, one_row, 1, 3, 1, NULL));
    assert_near(p, 1, 0);
}
END_TEST

/* Rows, columns and sides changed about: the same p. */
START_TEST(symmetric)
{
    static const double a[12] = { 9, 4, 7, 3, 8, 2, 5, 5, 1, 6, 10, 2 };      /* 4 x 3 */
    double b[12], c[12], p, q, s, se;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 3; j++) {
            b[i * 3 + j] = a[j * 4 + i];
            c[(2 - j) * 4 + (3 - i)] = a[j * 4 + i];
        }
    assert_ok(fisher_rxc(&p, &se, a, 4, 3, 1, NULL));
    assert_ok(fisher_rxc(&q, &se, b, 3, 4, 1, NULL));
    assert_ok(fisher_rxc(&s, &se, c, 4, 3, 1, NULL));
    assert_near(q, p, 1e-12);
    assert_near(s, p, 1e-12);
}
END_TEST

/* Drawn: a table too large to count, against chi-square, which is right there; and one of two rows and columns against the exact p. */
START_TEST(drawn)
{
    enum { R = 5, C = 4 };
    double count[R * C], col[C] = { 0 }, row[R] = { 0 }, n = 0, chisq = 0, p, se;
    Rng r = rng_stream(3, 0);
    for (int k = 0; k < R * C; k++) {
        count[k] = 400 + (double)rng_below(&r, 60);
        row[k % R] += count[k];
        col[k / R] += count[k];
        n += count[k];
    }
    for (int k = 0; k < R * C; k++) { double x = row[k % R] * col[k / R] / n; chisq += (count[k] - x) * (count[k] - x) / x; }
    assert_ok(fisher_rxc(&p, &se, count, R, C, 1, NULL));
    ck_assert(se > 0 && se < .002);
    ck_assert_double_lt(fabs(p - chisq_sf(chisq, (R - 1) * (C - 1))), 4 * se + .002);
    /* More than 12 columns are never counted: this one has the p of its two that hold anything. */
    double wide[2 * 13] = { 8, 2, 3, 9 }, two[4] = { 8, 2, 3, 9 }, exact;
    assert_ok(fisher_rxc(&exact, &se, two, 2, 2, 1, NULL));
    assert_ok(fisher_rxc(&p, &se, wide, 2, 13, 1, NULL));
    ck_assert(se > 0);
    ck_assert_double_lt(fabs(p - exact), 4 * se);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fisher_rxc");
    TCase *c = unit_case(s, "fisher_rxc");
    tcase_add_test(c, tea);
    tcase_add_test(c, all_tables);
    tcase_add_test(c, symmetric);
    tcase_add_test(c, drawn);
    return s;
}

UNIT_MAIN("fisher_rxc")
