/* bench/regression.c: what regression costs, in CPU seconds of one thread: regression TASK N P [FILE]. Data are made here (PCG32, seed 1;
 * written as CSV to FILE when one is named, for R to time the same rows). Prints seconds and one number to compare. Tasks:
 *   cox       the whole analysis, as `reox stat cox` has it      bare      sort, basis and fit alone
 *   logistic  basis and fit                                  screen    P variables one by one */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"
#include "core/frame.h"
#include "core/rng.h"
#include "core/str.h"
#include "stats/cox_fit.h"
#include "stats/linalg.h"
#include "stats/logistic_fit.h"
#include "stats/method.h"

typedef struct { size_t n; int p; double *t, *d, *y, *x; } Data;

static void make(Data *q, size_t n, int p)
{
    Rng r = rng_stream(1, 0);
    *q = (Data){ n, p, malloc(n * sizeof(double)), malloc(n * sizeof(double)), malloc(n * sizeof(double)), malloc(n * (size_t)p * sizeof(double)) };
    for (size_t i = 0; i < n; i++) {
        double eta = 0;
        for (int j = 0; j < p; j++) {
            double v = nearbyint(1e4 * rng_normal(&r)) / 1e4;
            q->x[(size_t)j * n + i] = v;
            if (j < 20) eta += .1 * v;
        }
        q->t[i] = nearbyint(1e6 * rng_exponential(&r) * exp(-eta)) / 1e6 + 1e-6;
        q->d[i] = rng_uniform(&r) < .5;
        q->y[i] = rng_uniform(&r) < 1 / (1 + exp(-eta));
    }
}

static void save(const Data *q, const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f) return;
    fprintf(f, "t,d,y");
    for (int j = 0; j < q->p; j++) fprintf(f, ",x%d", j + 1);
    fprintf(f, "\n");
    for (size_t i = 0; i < q->n; i++) {
        fprintf(f, "%.7g,%g,%g", q->t[i], q->d[i], q->y[i]);
        for (int j = 0; j < q->p; j++) fprintf(f, ",%.5g", q->x[(size_t)j * q->n + i]);
        fprintf(f, "\n");
    }
    fclose(f);
}

static Rc analysis(const Data *q, const char *method, double *number, double *seconds, Err *e)
{
    Rc rc = OK;
    Frame f = { 0 };
    Str formula = { 0 };
    Json *out = NULL;
    double *c = NULL;
    TRY(frame_init(&f, "bench", q->n, e));
    TRY(frame_add_numbers(&c, &f, "t", e));
    memcpy(c, q->t, q->n * sizeof *c);
    TRY(frame_add_numbers(&c, &f, "d", e));
    memcpy(c, q->d, q->n * sizeof *c);
    str_append(&formula, "Surv(t,d)~");
    for (int j = 0; j < q->p; j++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", j + 1);
        TRY(frame_add_numbers(&c, &f, name, e));
        memcpy(c, q->x + (size_t)j * q->n, q->n * sizeof *c);
        str_appendf(&formula, "%s%s", j ? "+" : "", name);
    }
    StatCall call = { .formula = str_text(&formula), .data = &f, .threads = 1 };
    double start = cpu_seconds();
    TRY(method_call(&out, method_by_name(method), &call, e));
    *seconds = cpu_seconds() - start;
    *number = method[0] == 'c' ? json_number(json_get(json_get(out, "coef"), "x1"))
                               : json_number(json_at(json_at(json_get(json_get(out, "table"), "data"), 0), 1));
out:
    json_free(out);
    frame_free(&f);
    str_free(&formula);
    return rc;
}

static Rc bare(const Data *q, double *number, double *seconds, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    CoxData d = { 0 };
    CoxMaximum m = { 0 };
    double start = cpu_seconds(), *beta = ARENA_NEW(&a, (size_t)q->p, double);
    size_t *order = ARENA_NEW(&a, q->n, size_t);
    if (!beta || !order) { rc = err_nomem(e); goto out; }
    TRY(cox_time_order(order, q->n, NULL, q->t, q->d, e));
    CoxInput in = { .n = q->n, .p = q->p, .x = q->x, .time = q->t, .event = q->d, .order = order, .ties = TIES_EFRON };
    TRY(cox_data_init(&d, &in, &a, e));
    TRY(cox_maximise(&m, &d, NULL, NULL, &a, e));
    cox_to_columns(beta, &d, m.g);
    *number = beta[0];
    *seconds = cpu_seconds() - start;
out:
    arena_free(&a);
    return rc;
}

static Rc logistic(const Data *q, double *number, double *seconds, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    LogisticData d = { 0 };
    LogisticMaximum m = { 0 };
    double *x = malloc(q->n * (size_t)(q->p + 1) * sizeof *x);
    if (!x) return err_nomem(e);
    for (size_t i = 0; i < q->n; i++) x[i] = 1;
    memcpy(x + q->n, q->x, q->n * (size_t)q->p * sizeof *x);
    double start = cpu_seconds();
    LogisticInput in = { .n = q->n, .p = q->p + 1, .x = x, .has_intercept = true, .y = q->y };
    TRY(logistic_data_init(&d, &in, &a, e));
    TRY(logistic_maximise(&m, &d, NULL, &a, e));
    *number = m.beta[1];
    *seconds = cpu_seconds() - start;
out:
    free(x);
    arena_free(&a);
    return rc;
}

int main(int argc, char **argv)
{
    Rc rc = OK;
    Err e = { 0 };
    Data q = { 0 };
    if (argc < 4) { fprintf(stderr, "usage: regression TASK N P [FILE]\n"); return 2; }
    double number = 0, seconds = 0, best = 1e300;
    const char *task = argv[1];
    make(&q, (size_t)atol(argv[2]), atoi(argv[3]));
    if (argc > 4) save(&q, argv[4]);
    linalg_init();
    for (int round = 0; round < 3 && rc == OK; round++) {
        if (strcmp(task, "cox") == 0 || strcmp(task, "screen") == 0) rc = analysis(&q, task, &number, &seconds, &e);
        else if (strcmp(task, "bare") == 0) rc = bare(&q, &number, &seconds, &e);
        else rc = logistic(&q, &number, &seconds, &e);
        if (seconds < best) best = seconds;
    }
    if (rc != OK) fprintf(stderr, "regression: %s\n", e.text);
    else printf("%.6f %.12g\n", best, number);
    free(q.t);
    free(q.d);
    free(q.y);
    free(q.x);
    return rc != OK;
}
