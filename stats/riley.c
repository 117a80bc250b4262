/* stats/riley.c: sample size for prediction models. */
#include "stats/riley.h"

#include <math.h>

double riley_max_r2_binary(double p) { return -expm1(2 * (p * log(p) + (1 - p) * log1p(-p))); }
double riley_max_r2_survival(double e) { return -expm1(2 * (e * log(e) - e)); }
double riley_rows_for_shrinkage(double parameters, double r2, double s) { return parameters / ((s - 1) * log1p(-r2 / s)); }
double riley_shrinkage_for_optimism(double r2, double r2_max) { return r2 / (r2 + RILEY_OPTIMISM * r2_max); }

double riley_rows_for_prevalence(double p)
{
    double z = RILEY_Z / RILEY_MARGIN;
    return z * z * p * (1 - p);
}

void riley_report(Json *out, const RileyFit *f)
{
    if (!(f->parameters > 0 && f->lr > 0)) return;
    double shrinkage = (f->lr - f->parameters) / f->lr, share = f->events / f->n, r2 = -expm1(-f->lr / f->n);
    json_set_number(out, "heuristic_shrinkage", shrinkage);
    if (!(f->n > 0)) return;
    Json *o = json_set(out, "sample_size_check", json_object());
    double top = f->binary ? riley_max_r2_binary(share) : riley_max_r2_survival(share), adjusted = shrinkage * r2;
    json_set_number(o, "events_per_parameter", (f->binary ? fmin(f->events, f->n - f->events) : f->events) / f->parameters);
    json_set_number(o, "r2_cs", r2);
    json_set_number(o, "r2_cs_adjusted", fmax(0, adjusted));
    json_set_number(o, "r2_nagelkerke", r2 / top);
    if (!(adjusted > 0) || adjusted >= top || share <= 0) return;
    double need = ceil(riley_rows_for_shrinkage(f->parameters, adjusted, RILEY_SHRINKAGE));
    double optimism = ceil(riley_rows_for_shrinkage(f->parameters, adjusted, riley_shrinkage_for_optimism(adjusted, top)));
    json_set_number(o, "needed_shrinkage", need);
    json_set_number(o, "needed_optimism", optimism);
    need = fmax(need, optimism);
    if (f->binary) {
        double overall = ceil(riley_rows_for_prevalence(share));
        json_set_number(o, "needed_overall_risk", overall);
        need = fmax(need, overall);
    }
    json_set_number(o, "n", f->n);
    json_set_bool(o, "enough", f->n >= need);
}
