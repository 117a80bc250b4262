/* bench/task.h: what the benches of statistics share: `PROGRAM DIR [TASK …]` prints "TASK seconds check [floor]" a line and leaves in DIR
 * what R needs for the same tasks (bench/task.R reads it, bench/rows.sh sets both side by side). A bench is one file, so all of it is here. */
#ifndef REOX_BENCH_TASK_H
#define REOX_BENCH_TASK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/frame.h"
#include "core/json.h"
#include "stats/method.h"

static const char *folder;      /* DIR */

static inline void *need(void *p) { if (!p) { fputs("no memory\n", stderr); exit(1); } return p; }
static inline void must(Rc rc, const Err *e) { if (rc != OK) { fprintf(stderr, "%s\n", e->text); exit(1); } }

/* Is the task among those asked for? Without any, all are. */
static inline bool wanted(int argc, char **argv, const char *task)
{
    for (int i = 2; i < argc; i++) if (strcmp(argv[i], task) == 0) return true;
    return argc <= 2;
}

/* check: a number that R must find too. floor_s: seconds of one pass of what the task cannot do without; 0: not asked. */
static inline void line(const char *task, double seconds, double check, double floor_s)
{
    printf("%s %.6g %.12g", task, seconds, check);
    if (floor_s > 0) printf(" %.6g", floor_s);
    putchar('\n');
    fflush(stdout);
}

/* Columns of n doubles into DIR/task.bin: rows, number of columns, then each. */
static inline void leave(const char *task, size_t n, int n_columns, const double *const *column)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.bin", folder, task);
    FILE *out = fopen(path, "wb");
    const double head[2] = { (double)n, n_columns };
    bool good = out && fwrite(head, sizeof head, 1, out) == 1;
    for (int j = 0; good && j < n_columns; j++) good = fwrite(column[j], sizeof(double), n, out) == n;
    if (!good || fclose(out) != 0) { perror(path); exit(1); }
}

/* A column of the frame's rows that the caller fills. */
static inline double *column(Frame *f, const char *name)
{
    Err e = { 0 };
    double *x = NULL;
    must(frame_add_numbers(&x, f, name, &e), &e);
    return x;
}

/* The method's whole answer, one thread; options NULL or JSON. */
static inline Json *call(const char *method, const char *formula, const Frame *f, const char *options)
{
    Json *out = NULL, *o = NULL;
    Err e = { 0 };
    if (options) must(json_parse(&o, options, strlen(options), "options", &e), &e);
    StatCall c = { .formula = formula, .data = f, .options = o, .threads = 1 };
    const Rc rc = method_call(&out, method_by_name(method), &c, &e);
    if (rc != OK) { fprintf(stderr, "%s %.200s: %s\n", method, formula, e.text); exit(1); }
    json_free(o);
    return out;
}

#endif
