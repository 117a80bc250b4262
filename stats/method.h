/* stats/method.h: what a statistical method is, and how it is called. */
#ifndef REOX_STATS_METHOD_H
#define REOX_STATS_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/frame.h"
#include "core/json.h"

typedef enum { FORMULA_NONE, FORMULA_SURVIVAL, FORMULA_RESPONSE, FORMULA_COLUMNS, FORMULA_ANY } FormulaKind;
typedef enum { OPTION_FLAG, OPTION_NUMBER, OPTION_INTEGER, OPTION_TEXT, OPTION_NUMBERS, OPTION_TABLE, OPTION_CHOICE } OptionKind;

/* One option: "--lambda-min-ratio .01" on the command line, "lambda_min_ratio": 0.01 in study.json. A TABLE is the name of
 * a CSV file, read by the caller. */
typedef struct {
    const char *name;             /* with '-' */
    OptionKind kind;
    const char *choices;          /* "efron|breslow|exact" for CHOICE, else NULL */
    const char *help;
} MethodOption;

struct Method;

/* What a method makes of the common options and of terms that are no covariates; the other columns of methods.def. What is not
 * taken is refused: weights, cluster and the terms by design_build, the rest by method_check_options. */
typedef enum { TAKES_NOT, TAKES, TAKES_FOR_NEWDATA } Take;
typedef struct { Take weights, cluster, strata, offset, group, newdata, times, tau, conf, own_terms; } MethodTakes;

/* The options as given, checked against the method's rows. Numbers lists are arrays; flags are true. `tables` holds what
 * TABLE options named. Everything belongs to the caller. */
typedef struct {
    const char *formula;          /* NULL when the method takes none */
    const Frame *data;            /* NULL when the method takes none */
    const Json *options;          /* an object; keys with '_' ; may be NULL */
    const Frame *newdata;         /* --newdata, or NULL */
    const Frame *resamples;       /* --resamples, or NULL (columns "V1", "V2" …) */
    int threads;
    const struct Method *method;  /* which, and what it takes: set by method_call; NULL: anything goes */
    const MethodTakes *takes;
} StatCall;

/* Runs the method and fills `out`, an object that holds schema, method and formula already; it adds converged, iterations,
 * diagnosis, missing and its own keys (INTERFACE §5, COMMANDS.md §2). OK: done. ERR_ESTIMATE: nothing to estimate, `out`
 * still holds what exists and its diagnosis. ERR_INPUT: the data hold a value that cannot be. ERR_USAGE: formula or option. */
typedef Rc MethodRun(Json *out, const StatCall *call, Err *e);

/* A row of the methods table (methods.def). */
typedef struct Method {
    const char *name, *summary;
    FormulaKind formula;
    bool needs_data;
    bool fits_protocol;           /* usable as a model of study.json */
    const MethodOption *options;  /* own options, ends with name NULL; common ones are implied */
    MethodRun *run;
    const char *source;           /* where the method is from */
} Method;

const Method *method_by_name(const char *name);            /* NULL when there is none */
const Method *method_at(size_t i);                         /* NULL past the last row */
const MethodTakes *method_takes(const Method *m);
bool method_takes_option(const Method *m, const char *name);       /* a common option has a meaning for it */
extern const MethodOption method_common_options[];         /* subset weights levels conf seed … ; ends with name NULL */

/* Options of a call. Absent: the fallback. The table has checked types before. */
double option_number(const StatCall *c, const char *key, double fallback);
const char *option_text(const StatCall *c, const char *key, const char *fallback);
bool option_flag(const StatCall *c, const char *key);
size_t option_numbers(const double **x, const StatCall *c, const char *key, Arena *a);   /* count; 0 when absent */

/* ERR_INPUT or ERR_USAGE for an option the method does not have, that means nothing to it, or of a wrong type; `where` heads the
 * message. */
Rc method_check_options(const Method *m, const Json *options, const char *where, Err *e);

/* out = a new object with schema, method, formula; then runs. What `reox stat`, `reox fit` and tests call. */
Rc method_call(Json **out, const Method *m, const StatCall *call, Err *e);

#endif
