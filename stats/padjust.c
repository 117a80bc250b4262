/* stats/padjust.c: `padjust`: p-values of a column, adjusted for their number. */
#include <math.h>

#include "stats/design.h"
#include "stats/method.h"
#include "stats/multiplicity.h"

static const MethodOption options[] = { { NULL, OPTION_FLAG, NULL, NULL } };

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_COLUMNS, .no_intercept = true, .keep_tiny = true }, e));
    if (d.p != 1) { rc = err_set(e, ERR_USAGE, "'%s': one column of p-values is expected", call->formula); goto out; }
    for (size_t i = 0; i < d.n; i++)
        if (!(d.x[i] >= 0 && d.x[i] <= 1)) {
            const Frame *f = call->data;
            rc = err_set(e, ERR_INPUT, "%s:%zu: %s is %g, expected a p-value between 0 and 1", f->name,
                         f->line && f->line[d.row[i]] ? f->line[d.row[i]] : d.row[i] + 2, d.term[0], d.x[i]);
            goto out;
        }
    double *adjusted = ARENA_NEW(&d.arena, d.n, double);
    if (!adjusted) { rc = err_nomem(e); goto out; }
    for (int k = 0; k < ADJUST_N; k++) {
        TRY(p_adjust(adjusted, d.x, d.n, (Adjustment)k, e));
        json_set_numbers(out, adjustment_name((Adjustment)k), adjusted, d.n);
    }
out:
    design_free(&d);
    return rc;
}

const Method method_padjust = {
    .name = "padjust", .summary = "p-values adjusted for their number: Holm, Hochberg, Hommel, Benjamini-Hochberg and others",
    .formula = FORMULA_COLUMNS, .needs_data = true, .options = options, .run = run,
    .source = "Holm 1979; Hochberg 1988; Hommel 1988; Benjamini & Hochberg 1995; Benjamini & Yekutieli 2001"
};
