/* stats/fisher.c: `fisher`, `proportion`, `mcnemar`: exact tests and limits of small tables given on the command line. */
#include <math.h>

#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/exact22.h"
#include "stats/result_keys.h"
#include "stats/small_table.h"

static const MethodOption table_options[] = {
    { "table", OPTION_NUMBERS, NULL, "the four cells, row after row: a,b,c,d" },
    { NULL, OPTION_FLAG, NULL, NULL }
};
static const MethodOption proportion_options[] = {
    { "count", OPTION_NUMBER, NULL, "so many with the property" },
    { "n", OPTION_NUMBER, NULL, "of so many" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

Rc table_cells(double cell[4], const StatCall *call, const char *what, Arena *a, Err *e)
{
    const double *x;
    size_t n = option_numbers(&x, call, "table", a);
    if (n != 4) return err_set(e, ERR_USAGE, "--table has %zu numbers, expected four: %s", n, what);
    for (int i = 0; i < 4; i++) {
        cell[i] = x[i];
        if (!(x[i] >= 0) || x[i] != floor(x[i])) return err_set(e, ERR_INPUT, "--table: cell %d is %g, expected a whole number of at least 0", i + 1, x[i]);
    }
    return OK;
}

void write_proportion(Json *o, double k, double n, double conf)
{
    double alpha = 1 - conf;
    Interval cp = proportion_clopper_pearson(k, n, alpha), w = proportion_wilson(k, n, alpha), cc = proportion_wilson_cc(k, n, alpha);
    json_set_number(o, "est", n > 0 ? k / n : (double)NAN);
    set_limits(o, "clopper_pearson", cp.lower, cp.upper);
    set_limits(o, "wilson", w.lower, w.upper);
    set_limits(o, "wilson_cc", cc.lower, cc.upper);
}

static Rc fisher_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Exact22 x;
    double cell[4], conf = call_conf(call);
    TRY(table_cells(cell, call, "a,b,c,d, row after row", &a, e));
    TRY(exact22_new(&x, cell, &a, e));
    json_set_number(out, "n", cell[0] + cell[1] + cell[2] + cell[3]);
    if (x.lo == x.hi) {
        rc = diagnose_fatal(out, e, "one_group", "a margin of the table is 0: given its margins only this one table is possible");
        goto out;
    }
    Interval ci = exact22_central(&x, 1 - conf);
    json_set_number(out, "p", exact22_p_minlike(&x));
    json_set_number(out, "or", exact22_odds_ratio(&x));
    set_level_limits(out, "ci", conf, "", ci.lower, ci.upper);
    json_set_number(out, "p_greater", exact22_p_greater(&x));
    json_set_number(out, "p_less", exact22_p_less(&x));
    json_set_number(out, "p_mid", exact22_p_mid(&x));
    json_set_text(out, "convention", "two-sided p by minimum likelihood; odds ratio and central limits conditional on the margins");
out:
    arena_free(&a);
    return rc;
}

static Rc proportion_run(Json *out, const StatCall *call, Err *e)
{
    double k = option_number(call, "count", NAN), n = option_number(call, "n", NAN);
    if (!(k >= 0 && n >= 1 && k <= n && k == floor(k) && n == floor(n)))
        return err_set(e, ERR_USAGE, "--count %g --n %g: expected whole numbers, 0 <= count <= n, n >= 1", k, n);
    json_set_number(out, "n", n);
    write_proportion(out, k, n, call_conf(call));
    return OK;
}

/* McNemar 1947; exact and mid-p: binomial on the discordant pairs (Fagerland et al. 2013). */
static Rc mcnemar_run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    double cell[4], conf = call_conf(call);
    TRY(table_cells(cell, call, "n11,n12,n21,n22", &a, e));
    double b = cell[1], c = cell[2], n = b + c, low = fmin(b, c);
    json_set_number(out, "n", cell[0] + cell[1] + cell[2] + cell[3]);
    if (n == 0) {
        rc = diagnose_fatal(out, e, "no_information", "no discordant pair: both off-diagonal cells are 0");
        goto out;
    }
    double cc = (fabs(b - c) - 1) * (fabs(b - c) - 1) / n, plain = (b - c) * (b - c) / n;
    if (fabs(b - c) < 1) cc = 0;
    double exact = fmin(1, 2 * binomial_cdf(low, n, 0.5)), point = binomial_pmf(low, n, 0.5);
    double mid = b == c ? 1 - point / 2 : exact - point;      /* what was seen counts half: on both sides, or once where they are one */
    Interval p = proportion_clopper_pearson(b, n, 1 - conf);
    json_set_number(out, "chisq_cc", cc);
    json_set_number(out, "p_cc", chisq_sf(cc, 1));
    json_set_number(out, "chisq", plain);
    json_set_number(out, "p", chisq_sf(plain, 1));
    json_set_number(out, "p_exact", exact);
    json_set_number(out, "p_midp", mid);
    json_set_number(out, "or", b / c);
    set_level_limits(out, "or_ci", conf, "_exact", p.lower / (1 - p.lower), p.upper / (1 - p.upper));
out:
    arena_free(&a);
    return rc;
}

const Method method_fisher = { "fisher", "Fisher's exact test of a 2x2 table", FORMULA_NONE, false, false, table_options, fisher_run, "Fisher 1935; Fay 2010" };
const Method method_proportion = { "proportion", "limits of a proportion", FORMULA_NONE, false, false, proportion_options, proportion_run,
                                   "Clopper & Pearson 1934; Wilson 1927" };
const Method method_mcnemar = { "mcnemar", "McNemar's test of paired yes/no answers", FORMULA_NONE, false, false, table_options, mcnemar_run,
                                "McNemar 1947; Fagerland, Lydersen & Laake 2013" };
