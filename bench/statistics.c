/* bench/statistics.c: CPU time of statistics on generated data: statistics DIR [TASK …], in the form of bench/task.h. Generator: core/rng.h
 * (PCG32), seed 20261125, a stream a task. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clock.h"
#include "bench/task.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/json.h"
#include "core/order.h"
#include "core/rng.h"
#include "core/str.h"
#include "stats/concordance.h"
#include "stats/cox_fit.h"
#include "stats/cox_inference.h"
#include "stats/finegray.h"
#include "stats/linalg.h"
#include "stats/method.h"
#include "stats/training.h"

static const uint64_t SEED = 20261125;

/* n rows, p normal covariates, exponential times with coefficients that fall off, uniform censoring; time in whole days, so there are
 * ties as in a real cohort. Column-major. Competing: a third of the events is of another cause. */
typedef struct { size_t n; int p; double *x, *time, *event; } Cohort;

static Cohort cohort(size_t n, int p, uint64_t stream, double days, int causes, const char *name)
{
    Cohort c = { n, p, need(malloc(n * (size_t)p * sizeof(double))), need(malloc(n * sizeof(double))), need(malloc(n * sizeof(double))) };
    Rng r = rng_stream(SEED, stream);
    for (size_t i = 0; i < n * (size_t)p; i++) c.x[i] = rng_normal(&r);
    for (size_t i = 0; i < n; i++) {
        double eta = 0;
        for (int j = 0; j < p && j < 20; j++) eta += .4 / (j + 1) * c.x[(size_t)j * n + i];
        double t = rng_exponential(&r) / exp(eta), end = 2 * rng_uniform(&r);
        c.event[i] = t > end ? 0 : causes > 1 && rng_uniform(&r) < .33 ? 2 : 1;
        c.time[i] = ceil(days * fmin(t, end));
    }
    const double **left = need(malloc((2 + (size_t)p) * sizeof *left));
    left[0] = c.time;
    left[1] = c.event;
    for (int j = 0; j < p; j++) left[2 + j] = c.x + (size_t)j * n;
    leave(name, n, 2 + p, left);
    free(left);
    return c;
}

static void cohort_free(Cohort *c) { free(c->x); free(c->time); free(c->event); }

static void frame_of(Frame *f, const Cohort *c)
{
    Err e = { 0 };
    char name[16];
    must(frame_init(f, "bench", c->n, &e), &e);
    memcpy(column(f, "time"), c->time, c->n * sizeof(double));
    memcpy(column(f, "event"), c->event, c->n * sizeof(double));
    for (int j = 0; j < c->p; j++) {
        snprintf(name, sizeof name, "x%d", j + 1);
        memcpy(column(f, name), c->x + (size_t)j * c->n, c->n * sizeof(double));
    }
}

/* outcome ~ x1 + … + xp */
static Json *call_on(const char *method, const char *outcome, const Frame *f, int p, const char *options)
{
    Str text = { 0 };
    str_append(&text, outcome);
    for (int j = 0; j < p; j++) str_appendf(&text, "%sx%d", j ? "+" : "~", j + 1);
    Json *out = call(method, str_text(&text), f, options);
    str_free(&text);
    return out;
}

/* One weighted cross product of the rows: what a Newton step on them cannot do without. */
static double pass(size_t n, int p)
{
    double *x = need(malloc(n * (size_t)p * sizeof *x)), *c = need(malloc((size_t)(p * p) * sizeof *c)), best;
    for (size_t i = 0; i < n * (size_t)p; i++) x[i] = (double)(i % 7);
    BEST_OF(3, best, linalg_gemm_nt(c, x, x, p, p, (int)n, 1, 0));
    free(x);
    free(c);
    return best;
}

/* Places by time, then event; R's bare fit sorts by itself, so this is inside the clock. */
typedef struct { double time, event; size_t row; } Key;
static int by_time(const void *pa, const void *pb)
{
    const Key *a = pa, *b = pb;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->event != b->event) return a->event < b->event ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static size_t *sorted(const Cohort *c, Arena *a)
{
    size_t *order = need(arena_array(a, c->n, sizeof *order));
    order_start(order, c->n);
    if (order_by(order, c->event, c->n, NULL) != OK || order_by(order, c->time, c->n, NULL) != OK) exit(1);
    return order;
}

static double bare_cox(const Cohort *c, const double *start, const size_t *order, Arena *a)
{
    Err e = { 0 };
    CoxData d = { 0 };
    CoxMaximum m = { 0 };
    double *beta = need(arena_array(a, (size_t)c->p, sizeof *beta));
    CoxInput in = { .n = c->n, .p = c->p, .x = c->x, .start = start, .time = c->time, .event = c->event, .order = order };
    if (cox_data_init(&d, &in, a, &e) != OK || cox_maximise(&m, &d, NULL, NULL, a, &e) != OK || !m.converged) exit(1);
    cox_to_columns(beta, &d, m.g);
    return beta[0];
}

static void cox(const char *task, size_t n, int p, double days, uint64_t stream, int rounds)
{
    char name[64];
    Cohort c = cohort(n, p, stream, days, 1, task);
    Frame f = { 0 };
    double seconds, check = 0, floor_s = pass(n, p);
    frame_of(&f, &c);
    BEST_OF(rounds, seconds, Json *out = call_on("cox", "Surv(time,event)", &f, p, NULL);
            check = json_number(json_get(json_get(out, "coef"), "x1")); json_free(out));
    line(task, seconds, check, floor_s);
    snprintf(name, sizeof name, "%s_bare", task);
    BEST_OF(rounds, seconds, Arena a = { 0 }; check = bare_cox(&c, NULL, sorted(&c, &a), &a); arena_free(&a));
    line(name, seconds, check, floor_s);
    frame_free(&f);
    cohort_free(&c);
}

/* Rows that come under observation at a day of their own: the whole call, and the fit against R's agreg.fit. */
static void start_stop(const char *task, size_t n, int p, uint64_t stream, int rounds)
{
    char name[64];
    Cohort c = cohort(n, p, stream, 2000, 1, task);
    Frame f = { 0 };
    Rng r = rng_stream(SEED, stream + 100);
    double seconds, check = 0, floor_s = pass(n, p), *start;
    const double **left = need(malloc((3 + (size_t)p) * sizeof *left));
    for (size_t i = 0; i < n; i++) c.time[i] += rng_below(&r, 1000);
    r = rng_stream(SEED, stream + 100);
    frame_of(&f, &c);
    start = column(&f, "start");
    for (size_t i = 0; i < n; i++) start[i] = rng_below(&r, 1000);
    left[0] = c.time;
    left[1] = c.event;
    left[2] = start;
    for (int j = 0; j < p; j++) left[3 + j] = c.x + (size_t)j * n;
    leave(task, n, 3 + p, left);
    free(left);
    BEST_OF(rounds, seconds, Json *out = call_on("cox", "Surv(start,time,event)", &f, p, NULL);
            check = json_number(json_get(json_get(out, "coef"), "x1"));
            json_free(out));
    line(task, seconds, check, floor_s);
    snprintf(name, sizeof name, "%s_bare", task);
    BEST_OF(rounds, seconds, Arena a = { 0 }; check = bare_cox(&c, start, sorted(&c, &a), &a); arena_free(&a));
    line(name, seconds, check, floor_s);
    frame_free(&f);
    cohort_free(&c);
}

/* All four tests of proportionality of a fit that is there; R's cox.zph makes one. The check is the overall test by 1 - Kaplan-Meier. */
static void zph(const char *task, size_t n, int p, uint64_t stream, int rounds)
{
    Cohort c = cohort(n, p, stream, 2000, 1, task);
    Arena a = { 0 };
    CoxData d = { 0 };
    CoxMaximum m = { 0 };
    CoxInput in = { .n = n, .p = p, .x = c.x, .time = c.time, .event = c.event, .order = sorted(&c, &a) };
    const size_t tests = (size_t)p + 1;
    double seconds, *chisq = need(arena_array(&a, ZPH_TIMES * tests, sizeof *chisq)), *df = need(arena_array(&a, ZPH_TIMES * tests, sizeof *df));
    int *assign = need(arena_array(&a, (size_t)p, sizeof *assign));
    Err e = { 0 };
    for (int j = 0; j < p; j++) assign[j] = j + 1;
    must(cox_data_init(&d, &in, &a, &e), &e);
    must(cox_maximise(&m, &d, NULL, NULL, &a, &e), &e);
    BEST_OF(rounds, seconds, d.risks_known = false; must(cox_zph(chisq, df, &d, m.g, m.info, assign, (size_t)p, &e), &e));
    line(task, seconds, chisq[ZPH_KM * tests + (size_t)p], pass(n, p));
    arena_free(&a);
    cohort_free(&c);
}

/* 1,000 resamples of 200 rows, refitted as `validate` does; the check is the mean of the first coefficient. R resamples the same rows, left
 * in `name`.bin. A response (logistic) is an event before the middle of the times. */
enum { RESAMPLES = 1000, RESAMPLED = 200 };

static double refits(const TrainData *d, const int (*rows)[RESAMPLED])
{
    Arena all = { 0 }, a = { 0 };
    Training side;
    double sum = 0;
    static size_t room[LANES][RESAMPLED];
    if (training_init(&side, d, true, &all, NULL) != OK) exit(1);
    for (int b = 0; b < RESAMPLES; b += LANES) {
        Trained t[LANES];
        RowList set[LANES];
        for (int k = 0; k < LANES; k++) {
            set[k] = (RowList){ room[k], RESAMPLED };
            for (int i = 0; i < RESAMPLED; i++) room[k][i] = (size_t)rows[b + k][i];
        }
        if (training_fit(t, &side, set, LANES, &a, NULL) != OK) exit(1);
        for (int k = 0; k < LANES; k++) { if (!t[k].exists) exit(1); sum += t[k].beta[0]; }
        arena_free(&a);
    }
    arena_free(&all);
    return sum / RESAMPLES;
}

static void bootstrap(void)
{
    enum { P = 5 };
    Cohort c = cohort(RESAMPLED, P, 3, 300, 1, "bootstrap");
    static int rows[RESAMPLES][RESAMPLED];
    Rng r = rng_stream(SEED, 4);
    for (int b = 0; b < RESAMPLES; b++) for (int i = 0; i < RESAMPLED; i++) rows[b][i] = (int)rng_below(&r, RESAMPLED);
    char path[1024];
    snprintf(path, sizeof path, "%s/resamples.bin", folder);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(rows, sizeof rows, 1, f) != 1 || fclose(f) != 0) exit(1);
    double seconds, check = 0, y[RESAMPLED];
    TrainData d = { .n = RESAMPLED, .p = P, .x = c.x, .time = c.time, .event = c.event, .horizon = NAN };
    BEST_OF(5, seconds, check = refits(&d, rows));
    line("bootstrap", seconds, check, 5 * RESAMPLES * pass(RESAMPLED, P));
    for (int i = 0; i < RESAMPLED; i++) y[i] = c.time[i] < 100 && c.event[i] == 1;
    d.time = NULL;
    d.event = y;
    BEST_OF(5, seconds, check = refits(&d, rows));
    line("logistic_refits", seconds, check, 5 * RESAMPLES * pass(RESAMPLED, P + 1));
    cohort_free(&c);
}

/* The whole call. The check is the C index of the rows themselves: the resamples are each program's own. */
static void validation(void)
{
    enum { P = 5 };
    Cohort c = cohort(RESAMPLED, P, 3, 300, 1, "validate");
    Frame f = { 0 };
    double seconds, check = 0;
    frame_of(&f, &c);
    BEST_OF(5, seconds, Json *out = call_on("validate", "Surv(time,event)", &f, P, "{\"bootstrap\": 200}");
            check = json_number(json_get(json_get(out, "apparent"), "C")); json_free(out));
    line("validate", seconds, check, 5 * 200 * pass(RESAMPLED, P));
    frame_free(&f);
    cohort_free(&c);
}

/* Penalised limits of every coefficient; R's packages for it are not at hand here, so there is no time of theirs. */
static void firth(void)
{
    enum { P = 5 };
    Cohort c = cohort(RESAMPLED, P, 3, 300, 1, "firth");
    Frame f = { 0 };
    double seconds, check = 0;
    frame_of(&f, &c);
    for (int logistic = 0; logistic < 2; logistic++) {
        BEST_OF(5, seconds, {
            Json *out = logistic ? call_on("logistic", "event", &f, P, "{\"penalty\": \"firth\"}")
                                 : call_on("cox", "Surv(time,event)", &f, P, "{\"penalty\": \"firth\"}");
            check = json_number(json_get(json_get(out, "coef"), "x1"));
            json_free(out);
        });
        line(logistic ? "firth_logistic" : "firth_cox", seconds, check, 5 * pass(RESAMPLED, P));
    }
    frame_free(&f);
    cohort_free(&c);
}

static void screening(void)
{
    enum { N = 200, P = 1000 };
    Cohort c = cohort(N, P, 5, 300, 1, "screening");
    Frame f = { 0 };
    double seconds, check = 0;
    frame_of(&f, &c);
    BEST_OF(2, seconds, {
        Json *out = call_on("screen", "Surv(time,event)", &f, P, NULL);
        const Json *data = json_get(json_get(out, "table"), "data");
        check = 0;
        for (const Json *row = json_first(data); row; row = json_next(row)) check += json_number(json_at(row, 1)) / P;
        json_free(out);
    });
    line("screening", seconds, check, 5 * P * pass(N, 1));
    frame_free(&f);
    cohort_free(&c);
}

static void pairs(const char *task, size_t n, uint64_t stream, int rounds)
{
    Cohort c = cohort(n, 1, stream, 2000, 1, task);
    double seconds, check = 0, sorted;
    BEST_OF(rounds, seconds, {
        Arena a = { 0 };
        Concordance r;
        ConcordanceData d = { .n = c.n, .time = c.time, .event = c.event, .marker = c.x, .tau = INFINITY };
        if (concordance_estimate(&r, &d, NULL, &a, NULL) != OK) exit(1);
        check = r.c + sqrt(r.var);
        arena_free(&a);
    });
    Key *key = need(malloc(c.n * sizeof *key));
    BEST_OF(1, sorted, for (size_t i = 0; i < c.n; i++) key[i] = (Key){ c.time[i], c.event[i], i }; qsort(key, c.n, sizeof *key, by_time));
    free(key);
    line(task, seconds, check, sorted);
    cohort_free(&c);
}

/* From a file to the answer as text: a table of n rows is read, fitted, printed. digits: of its covariates. The floor is counting its lines. */
static void from_file(const char *task, size_t n, uint64_t stream, const char *number, int rounds)
{
    char path[1024];
    Cohort c = cohort(n, 20, stream, 2000, 1, task);
    snprintf(path, sizeof path, "%s/%s.csv", folder, task);
    FILE *f = fopen(path, "wb");
    if (!f) { perror(path); exit(1); }
    fputs("time,event", f);
    for (int j = 1; j <= 20; j++) fprintf(f, ",x%d", j);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "\n%.0f,%.0f", c.time[i], c.event[i]);
        for (size_t j = 0; j < 20; j++) { putc(',', f); fprintf(f, number, c.x[j * n + i]); }
    }
    if (fputs("\n", f) == EOF || fclose(f) != 0) { perror(path); exit(1); }
    cohort_free(&c);
    double seconds, check = 0, floor_s;
    BEST_OF(rounds, seconds, {
        Frame table = { 0 };
        Str text = { 0 };
        Err e = { 0 };
        if (frame_read_csv(&table, path, task, &e) != OK) { fprintf(stderr, "%s\n", e.text); exit(1); }
        Json *out = call_on("cox", "Surv(time,event)", &table, 20, NULL);
        check = json_number(json_get(json_get(out, "coef"), "x1"));
        if (json_print(&text, out, true, &e) != OK) exit(1);
        json_free(out);
        str_free(&text);
        frame_free(&table);
    });
    BEST_OF(rounds, floor_s, {
        Bytes b = { 0 };
        size_t lines = 0;
        if (file_read(&b, path, NULL, SIZE_MAX, NULL) != OK) exit(1);
        for (size_t i = 0; i < b.size; i++) lines += b.data[i] == '\n';
        if (lines != n + 1) exit(1);
        bytes_free(&b);
    });
    line(task, seconds, check, floor_s);
}

static void fine_gray(const char *task, size_t n, uint64_t stream, int rounds)
{
    enum { P = 5 };
    Cohort c = cohort(n, P, stream, 1e9, 2, task);
    int *state = need(malloc(n * sizeof *state));
    double seconds, check = 0;
    for (size_t i = 0; i < n; i++) state[i] = (int)c.event[i];
    BEST_OF(rounds, seconds, {
        Arena a = { 0 };
        FineGrayFit fit;
        FineGrayData d = { .n = n, .p = P, .time = c.time, .x = c.x, .state = state, .convention = FINEGRAY_CMPRSK };
        if (finegray_fit(&fit, &d, &a, NULL) != OK || !fit.converged) exit(1);
        check = fit.coef[0] + sqrt(fit.vcov[0]);
        arena_free(&a);
    });
    line(task, seconds, check, pass(n, P));
    free(state);
    cohort_free(&c);
}

static void path(void)
{
    enum { N = 200, P = 1000 };
    Cohort c = cohort(N, P, 8, 1e9, 1, "path");
    Frame f = { 0 };
    double seconds, check = 0, *fold = NULL;
    frame_of(&f, &c);
    if (frame_add_numbers(&fold, &f, "fold", NULL) != OK) exit(1);
    for (int i = 0; i < N; i++) fold[i] = i % 10 + 1;
    double one, floor_s = 100 * pass(P, N);
    BEST_OF(1, one, Json *out = call_on("elasticnet", "Surv(time,event)", &f, P, "{\"alpha\": 1, \"nlambda\": 100, \"lambda_min_ratio\": 0.05}");
                    check = json_number(json_at(json_get(out, "lambda"), 0)); json_free(out));
    line("path", one, check, floor_s);
    BEST_OF(1, seconds, Json *out = call_on("elasticnet", "Surv(time,event)", &f, P,
            "{\"alpha\": 1, \"nlambda\": 100, \"lambda_min_ratio\": 0.05, \"foldid\": \"fold\"}");
                        check = json_number(json_get(json_get(out, "cv_deviance"), "lambda_min")); json_free(out));
    line("path_cv", seconds, check, 10 * floor_s);
    BEST_OF(1, seconds, Json *out = call_on("elasticnet", "event", &f, P, "{\"alpha\": 1, \"nlambda\": 100, \"lambda_min_ratio\": 0.05, \"foldid\": \"fold\"}");
                        check = json_number(json_get(json_get(out, "cv_deviance"), "lambda_min")); json_free(out));
    line("path_binomial_cv", seconds, check, 10 * floor_s);
    frame_free(&f);
    cohort_free(&c);
}

/* More rows than columns: half lasso, half ridge; the check is the first coefficient at lambda 20 of 100. */
static void path_of_many(void)
{
    enum { N = 100000, P = 50 };
    Cohort c = cohort(N, P, 10, 1e9, 1, "path_1e5");
    Frame f = { 0 };
    double seconds, check = 0;
    frame_of(&f, &c);
    BEST_OF(1, seconds, Json *out = call_on("elasticnet", "event", &f, P, "{\"alpha\": 0.5, \"nlambda\": 100}");
                        check = json_number(json_at(json_at(json_get(json_get(out, "beta"), "data"), 0), 20)); json_free(out));
    line("path_1e5", seconds, check, 100 * pass(N, P));
    frame_free(&f);
    cohort_free(&c);
}

int main(int argc, char **argv)
{
    if (argc < 2) { fputs("statistics DIR [TASK …]\n", stderr); return 2; }
    folder = argv[1];
    arena_keep_freed();
    linalg_init();
    if (wanted(argc, argv, "cox_1e3")) cox("cox_1e3", 1000, 20, 2000, 13, 50);
    if (wanted(argc, argv, "cox_1e4")) cox("cox_1e4", 10000, 20, 2000, 14, 20);
    if (wanted(argc, argv, "cox_1e5")) cox("cox_1e5", 100000, 20, 2000, 1, 5);
    if (wanted(argc, argv, "cox_1e6")) cox("cox_1e6", 1000000, 20, 2000, 2, 2);
    if (wanted(argc, argv, "cox_40_times")) cox("cox_40_times", 1000000, 1, 20, 15, 3);
    if (wanted(argc, argv, "start_stop")) start_stop("start_stop", 100000, 10, 16, 5);
    if (wanted(argc, argv, "zph")) zph("zph", 10000, 10, 17, 20);
    if (wanted(argc, argv, "bootstrap")) bootstrap();
    if (wanted(argc, argv, "screening")) screening();
    if (wanted(argc, argv, "validate")) validation();
    if (wanted(argc, argv, "firth")) firth();
    if (wanted(argc, argv, "concordance")) pairs("concordance", 1000000, 6, 2);
    if (wanted(argc, argv, "concordance_1e5")) pairs("concordance_1e5", 100000, 10, 5);
    if (wanted(argc, argv, "file_1e5")) from_file("file_1e5", 100000, 11, "%.17g", 3);
    if (wanted(argc, argv, "file_1e6")) from_file("file_1e6", 1000000, 12, "%.6f", 1);
    if (wanted(argc, argv, "finegray")) fine_gray("finegray", 10000, 7, 5);
    if (wanted(argc, argv, "finegray_1e6")) fine_gray("finegray_1e6", 1000000, 9, 1);
    if (wanted(argc, argv, "path")) path();
    if (wanted(argc, argv, "path_1e5")) path_of_many();
    return 0;
}
