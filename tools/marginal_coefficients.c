/* tools/marginal_coefficients.c: makes sample_cohort/marginal.h (`make marginal`).
 *
 * Overall survival of a simulated cohort mixes hazards: it doubles at locoregional failure, and patients differ in frailty. A Cox
 * model of it on the standardised covariates therefore does not estimate the generating coefficients but marginal ones, which depend
 * on scenario and censoring. They are the maximum of the partial likelihood of a very large table-only cohort. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/par.h"
#include "sample_cohort/outcome.h"
#include "stats/linalg.h"

enum { P = 4, BLOCK = 10000 };
typedef struct { double time, x[P]; int event; } Row;
typedef struct { SimulationSpec spec; Row *row; } Work;

static Rc draw_block(void *context, size_t block, int worker, Err *e)
{
    Work *w = context;

    (void)worker;
    (void)e;
    for (size_t i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
        CohortPatient p;
        patient_draw(&p, &w->spec, i);
        int event = p.death_time <= p.censor_time;
        w->row[i] = (Row){ event ? p.death_time : p.censor_time, { p.z0, p.zm, p.v, p.a }, event };
    }
    return OK;
}

static int latest_first(const void *a, const void *b)
{
    const Row *x = a, *y = b;

    return (x->time < y->time) - (x->time > y->time);
}

/* Newton's method on Cox's partial likelihood; times are continuous, ties do not occur. */
static Rc cox(double beta[P], double se[P], const Row *row, size_t n, Err *e)
{
    Rc rc = OK;

    for (int k = 0; k < P; k++) beta[k] = 0;
    for (int iteration = 0; iteration < 12; iteration++) {
        double s0 = 0, s1[P] = { 0 }, s2[P * P] = { 0 }, score[P] = { 0 }, info[P * P] = { 0 }, inverse[P * P];
        for (size_t i = 0; i < n; i++) {
            double eta = 0;
            for (int k = 0; k < P; k++) eta += beta[k] * row[i].x[k];
            double w = exp(eta);
            s0 += w;
            for (int k = 0; k < P; k++) {
                s1[k] += w * row[i].x[k];
                for (int l = 0; l < P; l++) s2[k * P + l] += w * row[i].x[k] * row[i].x[l];
            }
            if (!row[i].event) continue;
            for (int k = 0; k < P; k++) {
                score[k] += row[i].x[k] - s1[k] / s0;
                for (int l = 0; l < P; l++) info[k * P + l] += s2[k * P + l] / s0 - s1[k] / s0 * s1[l] / s0;
            }
        }
        TRY(linalg_cholesky(info, P, e));
        linalg_cholesky_inverse(inverse, info, P);
        linalg_cholesky_solve(info, P, score, 1);
        for (int k = 0; k < P; k++) { beta[k] += score[k]; se[k] = sqrt(inverse[k * P + k]); }
    }
out:
    return rc;
}

int main(int argc, char **argv)
{
    size_t n = (argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 4000000) / BLOCK * BLOCK;
    Row *row = malloc(n * sizeof *row);
    Err e = { 0 };

    if (!row || n == 0) { fprintf(stderr, "marginal_coefficients: no memory, or fewer than %d patients\n", BLOCK); return 1; }
    linalg_init();
    puts("/* sample_cohort/marginal.h: made by tools/marginal_coefficients.c; do not edit. */");
    puts("#ifndef REOX_SAMPLE_COHORT_MARGINAL_H\n#define REOX_SAMPLE_COHORT_MARGINAL_H\n");
    printf("/* Log hazard ratios of overall survival of z0, zm, v, a: by scenario (null, pre, mid, both), without and with censoring.\n"
           " * From %zu simulated patients each. */\n", n);
    puts("static const double marginal_os[4][2][4] = {");
    for (int scenario = SCENARIO_NULL; scenario <= SCENARIO_BOTH; scenario++) {
        for (int censoring = 0; censoring < 2; censoring++) {
            char text[128];
            double beta[P], se[P];
            Work w = { .row = row };
            Json *j = NULL;
            int size = snprintf(text, sizeof text, "{\"scenario\":\"%s\",\"censoring\":%s,\"seed\":%d,\"images\":false,\"n\":%d}",
                                scenario_name((Scenario)scenario), censoring ? "true" : "false", 7919 + 2 * scenario + censoring, 1);
            if (json_parse(&j, text, (size_t)size, "specification", &e) != OK || simulation_spec_read(&w.spec, j, "specification", &e) != OK
                || parallel_for(n / BLOCK, 0, draw_block, &w, &e) != OK) goto fail;
            json_free(j);
            qsort(row, n, sizeof *row, latest_first);
            if (cox(beta, se, row, n, &e) != OK) goto fail;
            printf("    %s{ %.4f, %.4f, %.4f, %.4f }%s /* %s, censoring %s; SE %.4f %.4f %.4f %.4f */\n", censoring ? "  " : "{ ", beta[0],
                   beta[1], beta[2], beta[3], censoring ? " }," : ",", scenario_name((Scenario)scenario), censoring ? "on" : "off", se[0], se[1],
                   se[2], se[3]);
        }
    }
    puts("};\n\n#endif");
    free(row);
    return 0;
fail:
    fprintf(stderr, "marginal_coefficients: %s\n", e.text);
    return 1;
}
