/* bench/curves.c: CPU time of survival curves, rank methods and logistic regression on generated data: curves DIR [TASK …], in
 * the form of bench/task.h. `curves sweep N [METHOD …]` runs every method that takes a table on one of N rows: seconds, and memory beyond the
 * table's. Generator: core/rng.h (PCG32), seed 20261126, a stream a column. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/task.h"
#include "core/frame.h"
#include "core/json.h"
#include "core/rng.h"
#include "stats/cif.h"
#include "stats/km.h"
#include "stats/linalg.h"
#include "stats/logistic_fit.h"
#include "stats/logrank.h"
#include "stats/meta_model.h"
#include "stats/method.h"
#include "stats/roc.h"

static const uint64_t SEED = 20261126;

/* ---- one cohort with a column of every kind */

/* Columns: x1 … xp normal; days (whole), months (the same time, not rounded) with event 0/1 and code 0/1/2; g of 2 and h of 5 groups;
 * y 0/1 and grade 0 … 3 that follow x; a, b two readings of one thing; r1 r2 r3 three raters' whole marks; id of five rows a patient;
 * pair of two rows, one of them a case; s of 50 strata; p uniform; hole: x1 with a tenth missing; w whole weights 1 … 3. */
static void cohort(Frame *f, size_t n, int p)
{
    Err e = { 0 };
    char name[16];
    double *x[64];
    must(frame_init(f, "bench", n, &e), &e);
    for (int j = 0; j < p; j++) {
        Rng r = rng_stream(SEED, (uint64_t)j);
        snprintf(name, sizeof name, "x%d", j + 1);
        x[j] = column(f, name);
        for (size_t i = 0; i < n; i++) x[j][i] = rng_normal(&r);
    }
    double *days = column(f, "days"), *months = column(f, "months"), *event = column(f, "event"), *code = column(f, "code");
    double *g = column(f, "g"), *h = column(f, "h"), *y = column(f, "y"), *grade = column(f, "grade"), *a = column(f, "a"), *b = column(f, "b");
    double *mark[3] = { column(f, "r1"), column(f, "r2"), column(f, "r3") }, *id = column(f, "id"), *pair = column(f, "pair");
    double *is_case = column(f, "case"), *s = column(f, "s"), *u = column(f, "p"), *hole = column(f, "hole"), *w = column(f, "w");
    Rng r = rng_stream(SEED, 1000);
    double own = 0;
    for (size_t i = 0; i < n; i++) {
        double eta = 0;
        for (int j = 0; j < p && j < 20; j++) eta += .4 / (j + 1) * x[j][i];
        double t = rng_exponential(&r) / exp(eta), end = 2 * rng_uniform(&r);
        months[i] = 40 * fmin(t, end);
        days[i] = ceil(1000 * fmin(t, end));
        event[i] = t <= end;
        code[i] = t > end ? 0 : 1 + (rng_uniform(&r) < .33);
        g[i] = rng_below(&r, 2);
        h[i] = rng_below(&r, 5);
        y[i] = rng_uniform(&r) < 1 / (1 + exp(-eta));
        const double latent = eta + log(1 / rng_uniform(&r) - 1);
        grade[i] = (latent > -1) + (latent > 0) + (latent > 1.5);
        a[i] = 10 + eta + rng_normal(&r);
        b[i] = a[i] + .5 * rng_normal(&r);
        for (int k = 0; k < 3; k++) mark[k][i] = fmin(fmax(round(3 + eta + .7 * rng_normal(&r)), 1), 5);
        id[i] = (double)(i / 5);
        if (i % 5 == 0) own = rng_normal(&r);
        a[i] += own;
        pair[i] = (double)(i / 2);
        is_case[i] = i % 2 == 0;
        s[i] = rng_below(&r, 50);
        u[i] = rng_uniform(&r);
        hole[i] = rng_uniform(&r) < .1 ? NAN : x[0][i];
        w[i] = 1 + rng_below(&r, 3);
    }
}

static const double *of(const Frame *f, const char *name) { return frame_column(f, name)->num; }

#define LEAVE(f, task, ...) leave_columns(f, task, sizeof (const char *const[]){ __VA_ARGS__ } / sizeof(char *), (const char *const[]){ __VA_ARGS__ })
static void leave_columns(const Frame *f, const char *task, int n_columns, const char *const *name)
{
    const double *x[64];
    for (int j = 0; j < n_columns; j++) x[j] = of(f, name[j]);
    leave(task, f->rows, n_columns, x);
}

static double number_at(const Json *j, const char *a, const char *b, size_t i)
{
    j = json_get(j, a);
    if (b) j = json_get(j, b);
    return json_number(json_type(j) == JSON_ARRAY ? json_at(j, i) : j);
}

/* ---- the tasks */

#define TWENTY "x1+x2+x3+x4+x5+x6+x7+x8+x9+x10+x11+x12+x13+x14+x15+x16+x17+x18+x19+x20"

static void logistic(const char *task, size_t n, int rounds)
{
    enum { P = 21 };
    Frame f = { 0 };
    char name[64];
    double seconds, check = 0;
    cohort(&f, n, P - 1);
    LEAVE(&f, task, "y", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20");
    BEST_OF(rounds, seconds, Json *out = call("logistic", "y~" TWENTY, &f, NULL); check = number_at(out, "coef", "x1", 0); json_free(out));
    line(task, seconds, check, 0);
    double *x = need(malloc(n * P * sizeof *x));
    for (size_t i = 0; i < n; i++) x[i] = 1;
    for (int j = 1; j < P; j++) {
        snprintf(name, sizeof name, "x%d", j);
        memcpy(x + (size_t)j * n, of(&f, name), n * sizeof *x);
    }
    BEST_OF(rounds, seconds, {
        Arena a = { 0 };
        Err e = { 0 };
        LogisticData d;
        LogisticMaximum m;
        LogisticInput in = { .n = n, .p = P, .x = x, .has_intercept = true, .y = of(&f, "y") };
        must(logistic_data_init(&d, &in, &a, &e), &e);
        must(logistic_maximise(&m, &d, NULL, &a, &e), &e);
        check = m.beta[1];
        arena_free(&a);
    });
    snprintf(name, sizeof name, "%s_bare", task);
    line(name, seconds, check, 0);
    free(x);
    frame_free(&f);
}

/* Kaplan–Meier of whole days, and of times that are all distinct; the log-rank test of two groups; incidence and Gray's test. */
static void curves(const char *suffix, size_t n, int rounds)
{
    Frame f = { 0 };
    char name[64];
    double seconds, check = 0;
    Err e = { 0 };
    cohort(&f, n, 3);
    snprintf(name, sizeof name, "curves_%s", suffix);
    LEAVE(&f, name, "days", "months", "event", "code", "g", "x1", "x2", "x3", "y");
    for (int k = 0; k < 2; k++) {
        const char *unit = k ? "months" : "days";
        char formula[64];
        BEST_OF(rounds, seconds, {
            Arena a = { 0 };
            KmCurve c;
            must(km_estimate(&c, &(KmData){ .n = n, .time = of(&f, unit), .event = of(&f, "event") }, &(KmOptions){ 0 }, &a, &e), &e);
            const long row = km_row(&c, k ? 20 : 500);
            check = c.surv[row] + c.std_err[row];
            arena_free(&a);
        });
        snprintf(name, sizeof name, "km_%s_%s", unit, suffix);
        line(name, seconds, check, 0);
        snprintf(formula, sizeof formula, "Surv(%s,event)~1", unit);
        BEST_OF(rounds, seconds, {
            Json *out = call("km", formula, &f, k ? "{\"times\": [20]}" : "{\"times\": [500]}");
            check = number_at(out, "at_times", "surv", 0);
            json_free(out);
        });
        snprintf(name, sizeof name, "km_%s_%s_method", unit, suffix);
        line(name, seconds, check, 0);
    }
    int *group = need(malloc(n * sizeof *group)), *cause = need(malloc(n * sizeof *cause));
    for (size_t i = 0; i < n; i++) { group[i] = (int)of(&f, "g")[i]; cause[i] = (int)of(&f, "code")[i]; }
    BEST_OF(rounds, seconds, {
        Arena a = { 0 };
        LogrankTest t;
        LogrankData d = { .n = n, .time = of(&f, "days"), .event = of(&f, "event"), .group = group, .n_groups = 2 };
        must(logrank_test(&t, &d, 0, &a, &e), &e);
        check = t.chisq;
        arena_free(&a);
    });
    snprintf(name, sizeof name, "logrank_%s", suffix);
    line(name, seconds, check, 0);
    BEST_OF(rounds, seconds, {
        Json *out = call("logrank", "Surv(days,event)~g", &f, NULL);
        check = number_at(out, "rho0", "chisq", 0);
        json_free(out);
    });
    snprintf(name, sizeof name, "logrank_%s_method", suffix);
    line(name, seconds, check, 0);
    BEST_OF(rounds, seconds, {
        Arena a = { 0 };
        CifCurve c;
        GrayTest gray;
        must(cif_estimate(&c, n, of(&f, "months"), cause, 2, &a, &e), &e);
        must(gray_test(&gray, n, of(&f, "months"), cause, 1, group, 2, NULL, 0, NULL, 0, &e), &e);
        check = gray.stat + cif_at(&c, 1, 20);
        arena_free(&a);
    });
    snprintf(name, sizeof name, "cif_%s", suffix);
    line(name, seconds, check, 0);
    free(group);
    free(cause);
    BEST_OF(rounds, seconds, {
        Arena a = { 0 };
        RocArea r[2];
        for (int j = 0; j < 2; j++) must(roc_area(&r[j], of(&f, j ? "x2" : "x1"), of(&f, "y"), n, &a, &e), &e);
        check = (r[0].auc - r[1].auc) / sqrt(r[0].var + r[1].var - 2 * roc_covariance(&r[0], &r[1]));
        arena_free(&a);
    });
    snprintf(name, sizeof name, "delong_%s_all", suffix);
    line(name, seconds, check, 0);
    BEST_OF(rounds, seconds, {
        Json *out = call("performance", "Surv(months,event)~x1+x2+x3", &f, "{\"times\": [10, 20, 30]}");
        check = json_number(json_at(json_get(json_get(json_get(out, "brier"), "model"), "brier"), 1));
        json_free(out);
    });
    snprintf(name, sizeof name, "performance_%s", suffix);
    line(name, seconds, check, 0);
    frame_free(&f);
}

static void time_roc(const char *task, size_t n, int rounds)
{
    Frame f = { 0 };
    double seconds, check = 0;
    cohort(&f, n, 1);
    LEAVE(&f, task, "months", "event", "x1");
    BEST_OF(rounds, seconds, {
        Json *out = call("timeroc", "Surv(months,event)~x1", &f, "{\"times\": [10, 20, 30]}");
        const Json *m = json_get(json_get(out, "markers"), "x1");
        check = number_at(m, "auc", NULL, 1) + number_at(m, "se", NULL, 1);
        json_free(out);
    });
    line(task, seconds, check, 0);
    frame_free(&f);
}

/* The whole method: search, Lau92, Lau94, multivariate normal and HL; then with 9,999 permutations. */
static void maximally_selected(void)
{
    Frame f = { 0 };
    double seconds, check = 0;
    cohort(&f, 200, 1);
    LEAVE(&f, "maxstat", "months", "event", "x1");
    BEST_OF(3, seconds, Json *out = call("maxstat", "Surv(months,event)~x1", &f, NULL); check = number_at(out, "p_Lau94", NULL, 0); json_free(out));
    line("maxstat_all", seconds, check, 0);
    double with;
    BEST_OF(3, with, Json *out = call("maxstat", "Surv(months,event)~x1", &f, "{\"permutations\": 9999}"); json_free(out));
    line("maxstat_permutations", with - seconds, check, 0);
    frame_free(&f);
}

static void meta(void)
{
    enum { K = 30, TIMES = 200 };
    double y[K], v[K], seconds, check = 0;
    Rng r = rng_stream(SEED, 2000);
    for (int i = 0; i < K; i++) {
        v[i] = .01 + .2 * rng_uniform(&r);
        y[i] = .3 + sqrt(v[i] + .05) * rng_normal(&r);
    }
    leave("meta", K, 2, (const double *const[]){ y, v });
    BEST_OF(5, seconds, for (int k = 0; k < TIMES; k++) {
        Arena a = { 0 };
        Err e = { 0 };
        MetaFit m;
        must(meta_fit(&m, &(MetaData){ K, 1, y, v, NULL }, META_REML, &a, &e), &e);
        check = m.beta[0] + m.tau2;
        arena_free(&a);
    });
    line("meta", seconds / TIMES, check, 0);
}

/* ---- every method that takes a table */

typedef struct { const char *method, *formula, *options; size_t rows_max; } Sweep;
static const Sweep SWEEP[] = {
    { "km", "Surv(days,event)~g", "{\"times\": [100, 500], \"tau\": 900}", 0 },
    { "km", "Surv(months,event)~g", "{\"times\": [10, 20], \"tau\": 40}", 0 },
    { "km", "Surv(months,event)~1", "{\"robust\": true}", 0 },
    { "logrank", "Surv(days,event)~g", NULL, 0 },
    { "logrank", "Surv(months,event)~h+strata(s)", "{\"rho\": [0, 0.5, 1]}", 0 },
    { "logrank", "Surv(months,event)~h", NULL, 0 },
    { "rmst", "Surv(months,event)~g", "{\"tau\": 60}", 0 },
    { "concordance", "Surv(months,event)~x1+x2", NULL, 0 },
    { "cif", "Surv(months,code)~g", "{\"times\": [10, 20], \"tau\": 40}", 0 },
    { "finegray", "Surv(months,code)~x1+x2+x3", NULL, 0 },
    { "roc", "y~x1+x2", NULL, 0 },
    { "roc", "y~r1", "{\"by\": \"g\"}", 0 },
    { "timeroc", "Surv(months,code)~x1+x2", "{\"times\": [10, 20]}", 0 },
    { "timeroc", "Surv(months,code)~x1+x2", "{\"times\": [10, 20], \"weighting\": \"cox\"}", 0 },
    { "performance", "Surv(months,event)~x1+x2+x3", "{\"times\": [10, 20]}", 0 },
    { "compare", "y~x1+x2+x3", "{\"versus\": \"y~x1\", \"thresholds\": [0.2, 0.5]}", 0 },
    { "compare", "Surv(months,event)~x1+x2+x3", "{\"versus\": \"Surv(months,event)~x1\", \"thresholds\": [0.2, 0.5], \"times\": [20]}", 0 },
    { "validate", "Surv(months,event)~x1+x2+x3", "{\"model\": \"cox\", \"bootstrap\": 10, \"seed\": 1}", 0 },
    { "validate", "y~x1+x2+x3", "{\"model\": \"logistic\", \"bootstrap\": 10, \"seed\": 1}", 0 },
    { "validate", "Surv(months,event)~x1+x2+x3", "{\"model\": \"cox\", \"leave_out\": \"h\"}", 0 },
    { "twosample", "a~g", NULL, 0 },
    { "twosample", "r1~g", NULL, 0 },
    { "ksample", "a~h", NULL, 0 },
    { "trend", "y~h", NULL, 0 },
    { "contingency", "~h+grade", NULL, 0 },
    { "correlation", "~a+b", NULL, 0 },
    { "correlation", "~r1+r2", NULL, 0 },
    { "icc", "~r1+r2+r3", NULL, 0 },
    { "icc", "~a+b", NULL, 0 },
    { "paired", "~a+b", NULL, 0 },
    { "maxstat", "Surv(months,event)~x1", NULL, 0 },
    { "maxstat", "a~x1", NULL, 0 },
    { "cox", "Surv(months,event)~x1+x2+x3", NULL, 0 },
    { "cox", "Surv(months,event)~x1+x2+x3", "{\"residuals\": true}", 0 },
    { "logistic", "y~x1+x2+x3", NULL, 0 },
    { "logistic", "y~x1+x2+x3", "{\"penalty\": \"firth\"}", 0 },
    { "linear", "a~x1+x2+x3", NULL, 0 },
    { "survreg", "Surv(days,event)~x1+x2+x3", NULL, 0 },
    { "ordinal", "grade~x1+x2+x3", "{\"levels\": [\"grade=0,1,2,3\"]}", 0 },
    { "lmm", "a~x1+(1|id)", NULL, 0 },
    { "lmm", "a~x1+(x1|id)", NULL, 0 },
    { "clogit", "case~x1+x2+strata(pair)", NULL, 0 },
    { "elasticnet", "Surv(months,event)~x1+x2+x3", NULL, 0 },
    { "elasticnet", "y~x1+x2+x3", NULL, 0 },
    { "screen", "Surv(months,event)~x1+x2+x3", NULL, 0 },
    { "impute", "~hole+x2+x3", "{\"imputations\": 2, \"seed\": 1}", 0 },
    { "padjust", "~p", NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static double mebibytes(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

/* Each in a process of its own: method seconds seconds-of-printing MiB bytes of JSON. */
static void sweep(size_t n, int only_n, char **only)
{
    Frame f = { 0 };
    cohort(&f, n, 3);
    for (const Sweep *s = SWEEP; s->method; s++) {
        bool wanted = only_n == 0;
        for (int i = 0; i < only_n; i++) wanted = wanted || strcmp(only[i], s->method) == 0;
        if (!wanted) continue;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            double before = mebibytes(), t0 = cpu_seconds(), t1, t2;
            Str text = { 0 };
            Err e = { 0 };
            Json *out = call(s->method, s->formula, &f, s->options);
            t1 = cpu_seconds();
            must(json_print(&text, out, true, &e), &e);
            t2 = cpu_seconds();
            printf("%-12s %-32s %8.3f s, printed %7.3f s, %7.0f MiB, %6.1f MB  %s\n", s->method, s->formula, t1 - t0, t2 - t1, mebibytes() - before,
                   (double)text.len / 1e6, s->options ? s->options : "");
            exit(0);
        }
        int status;
        waitpid(child, &status, 0);
        if (status) printf("%-12s %-32s FAILED  %s\n", s->method, s->formula, s->options ? s->options : "");
    }
    frame_free(&f);
}

int main(int argc, char **argv)
{
    if (argc < 2) { fputs("curves DIR [TASK …] | curves sweep N [METHOD …]\n", stderr); return 2; }
    linalg_init();
    arena_keep_freed();
    if (strcmp(argv[1], "sweep") == 0) { sweep(argc > 2 ? (size_t)atof(argv[2]) : 100000, argc > 3 ? argc - 3 : 0, argv + 3); return 0; }
    folder = argv[1];
    if (wanted(argc, argv, "logistic_1e4")) logistic("logistic_1e4", 10000, 5);
    if (wanted(argc, argv, "logistic_1e5")) logistic("logistic_1e5", 100000, 3);
    if (wanted(argc, argv, "logistic_1e6")) logistic("logistic_1e6", 1000000, 2);
    if (wanted(argc, argv, "curves_1e5")) curves("1e5", 100000, 5);
    if (wanted(argc, argv, "curves_1e6")) curves("1e6", 1000000, 3);
    if (wanted(argc, argv, "timeroc_200")) time_roc("timeroc_200", 200, 20);
    if (wanted(argc, argv, "timeroc_1000")) time_roc("timeroc_1000", 1000, 20);
    if (wanted(argc, argv, "timeroc_1e5")) time_roc("timeroc_1e5", 100000, 3);
    if (wanted(argc, argv, "timeroc_1e6")) time_roc("timeroc_1e6", 1000000, 2);
    if (wanted(argc, argv, "maxstat")) maximally_selected();
    if (wanted(argc, argv, "meta")) meta();
    return 0;
}
