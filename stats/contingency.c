/* stats/contingency.c: `contingency`: two categories against each other. */
#include <math.h>

#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/fisher_rxc.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = { { NULL, OPTION_FLAG, NULL, NULL } };

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    int *row = NULL, *col = NULL;
    char **row_label = NULL, **col_label = NULL;
    size_t r = 0, c = 0;
    double exact, se, chisq = 0, least = INFINITY;
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_COLUMNS, .no_intercept = true }, e));
    if (d.n_terms != 2) { rc = err_set(e, ERR_USAGE, "'%s': two columns are expected, ~a+b", call->formula); goto out; }
    TRY(design_groups(&row, &row_label, &r, &d, call, 0, true, e));
    TRY(design_groups(&col, &col_label, &c, &d, call, 1, true, e));
    double *count = ARENA_NEW(&d.arena, r * c + r + c, double), *rows = count + r * c, *cols = rows + r, n = (double)d.n;
    if (!count) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < d.n; i++) {
        count[(size_t)col[i] * r + (size_t)row[i]]++;
        rows[row[i]]++;
        cols[col[i]]++;
    }
    json_set_matrix(out, "counts", count, r, c, (const char *const *)row_label, (const char *const *)col_label);
    if (r < 2 || c < 2) {
        rc = diagnose_fatal(out, e, "one_group", "%s has one level in all %zu rows: there is nothing to compare",
                            d.term_label[r < 2 ? 0 : 1], d.n);
        goto out;
    }
    for (size_t j = 0; j < c; j++)
        for (size_t i = 0; i < r; i++) {
            double expected = rows[i] * cols[j] / n, off = count[j * r + i] - expected;
            chisq += off * off / expected;
            least = fmin(least, expected);
        }
    double df = ((double)r - 1) * ((double)c - 1), smaller = (double)(r < c ? r : c) - 1;
    json_set_number(out, "chisq", chisq);
    json_set_number(out, "df", df);
    json_set_number(out, "p", chisq_sf(chisq, df));
    json_set_number(out, "least_expected", least);
    if (r == 2 && c == 2) {
        double off = fabs(count[0] * count[3] - count[1] * count[2]), cut = fmax(off - fmin(n / 2, off), 0);
        double x = n * cut * cut / (rows[0] * rows[1] * cols[0] * cols[1]);
        set_test(out, "chisq_yates", x, 1, chisq_sf(x, 1));
    }
    TRY(fisher_rxc(&exact, &se, count, r, c, (uint64_t)option_number(call, "seed", 1), e));
    json_set_number(out, "fisher_p", exact);
    json_set_number(out, "fisher_p_se", se);
    json_set_number(out, "cramers_v", sqrt(chisq / (n * smaller)));
    json_set_text(out, "convention", se > 0 ? "chi-square without correction; fisher_p from random tables with these margins, with its "
                                              "standard error" : "chi-square without correction; fisher_p exact");
out:
    design_free(&d);
    return rc;
}

const Method method_contingency = {
    .name = "contingency", .summary = "two categories against each other: chi-square, Fisher's exact test, Cramer's V",
    .formula = FORMULA_COLUMNS, .needs_data = true, .options = options, .run = run,
    .source = "Pearson 1900; Fisher 1935; Freeman & Halton 1951; Cramer 1946"
};
