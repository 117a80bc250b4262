/* reports/model_result.h: a fitted model as pages show it: coefficients, who is in it, what was found wrong. */
#ifndef REOX_REPORTS_MODEL_RESULT_H
#define REOX_REPORTS_MODEL_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/document.h"

typedef struct {
    const char *label;             /* "FMISO pre FHV" */
    double per;                    /* the step that ratios are shown for: 0.1 for a share, else 1 */
    const char *step;              /* it in words: "per 10 points"; NULL when the step is one unit that the label names */
    double coef, se, ratio, lower, upper, p;       /* per one unit, as fitted; NaN where not estimated */
} ModelTerm;

typedef struct { const char *reason; size_t n; } RowCount;
typedef struct { const char *code, *message; } ModelFinding;

typedef struct {
    const char *name, *method, *formula;
    const char *endpoint;          /* "Overall survival (os)"; NULL for none */
    const char *clock;             /* where time starts: "day 0" or "each patient's mid scan"; NULL for a response */
    const char *measure;           /* HR, OR, … or "" */
    const char *refused;           /* why it was not fitted; NULL when it was */
    bool estimated, stale;
    size_t n_total, n, n_events;   /* patients of the study; in the model; events among them, where the outcome is one */
    bool has_events;
    const RowCount *level;         /* of an ordinal outcome: patients at each of its levels, in their order */
    size_t n_levels;
    const RowCount *left_out;
    size_t n_left_out;
    const ModelTerm *term;
    size_t n_terms;
    const ModelFinding *finding;
    size_t n_findings;
    const char *facts;             /* one sentence of what else the fit says; may be NULL */
} ModelResult;

/* "Hazard ratio", "Odds ratio" … or NULL. */
const char *measure_name(const char *measure);

/* Heading, table, row accounting and findings of one model. */
void model_blocks(Document *d, const ModelResult *m);

/* Forest plots of all effects, one a measure; nothing where there is no effect. */
Rc model_forests(Document *d, const ModelResult *m, size_t n, Err *e);

#endif
