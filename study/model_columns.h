/* study/model_columns.h: which columns a model reads, and the rules of time about them (INTERFACE §2). */
#ifndef REOX_STUDY_MODEL_COLUMNS_H
#define REOX_STUDY_MODEL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/frame.h"
#include "core/protocol.h"
#include "stats/method.h"
#include "study/variables.h"

/* Everything is the arena's, the protocol's or the space's. */
typedef struct {
    const Method *method;
    const char **name;             /* columns of formula, subset, weights, cluster and exclude, each once; NULL-terminated */
    size_t n, n_formula;           /* the first n_formula are those of the formula */
    Variable *variable;            /* [n] */
    bool *is_variable;             /* [n] else a clinical column */
    bool survival;                 /* the left side is Surv() */
    const char *time, *event;      /* columns of Surv(); event NULL when it is an expression */
    const char *event_expression;  /* what stands behind the comma of Surv(), as typed; NULL without Surv() */
    const Endpoint *endpoint;      /* of a survival model; of a response whose column is the left side; else NULL */
    int latest;                    /* latest time point of its variables, -1 without any */
} ModelColumns;

/* Reads method, options and formula of a model. ERR_INPUT in one line headed "study.json: models.NAME" for a method that is not
 * there or fits no protocol, an option it does not take, a formula that cannot be read, a column that neither the clinical table
 * nor a variable gives, Surv() of columns that no endpoint declares, a variable where the protocol declares no time points. */
Rc model_columns(ModelColumns *out, const ModelSpec *m, const Protocol *p, const VariableSpace *s, const Frame *clinical, Arena *a, Err *e);

/* ERR_INPUT when the model looks into the future of its own clock: a variable later than its landmark, or, in a survival model, a scan after
 * the first time point without a landmark (immortal time), unless allow_immortal_time. */
Rc model_time_rules(const ModelColumns *c, const ModelSpec *m, const Protocol *p, Err *e);

/* ERR_INPUT unless every column of an expression is clinical or a variable; `where` heads the message. */
Rc expression_columns(const char *const **out, const char *text, const VariableSpace *s, const Frame *clinical, const char *where,
                      Arena *a, Err *e);

#endif
