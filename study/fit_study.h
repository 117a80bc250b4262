/* study/fit_study.h: the models of the protocol on the database's table. */
#ifndef REOX_STUDY_FIT_STUDY_H
#define REOX_STUDY_FIT_STUDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/json.h"
#include "core/progress.h"
#include "db/db.h"
#include "db/db_model.h"
#include "ingest/study_tables.h"

typedef enum { MODEL_FITTED, MODEL_CURRENT, MODEL_REFUSED, MODEL_NOT_ESTIMATED } ModelState;

typedef struct { const char *reason; size_t n; } LeftOut;

/* What became of one model. Text and counts are the result's arena, document is owned. */
typedef struct {
    const char *name;
    ModelState state;
    const char *why;           /* of a refusal or a failed estimate: one line; else NULL */
    size_t patients, rows;     /* accepted patients; rows in the model */
    double nevent;             /* NaN when the method has none */
    LeftOut *left_out;         /* in order of first appearance */
    size_t n_left_out;
    TermRow *term;             /* names are the document's */
    size_t n_terms;
    Json *document;            /* NULL when refused */
} ModelOutcome;

typedef struct {
    ModelOutcome *model;
    size_t n;
    bool changed;              /* some model was fitted anew, refused or removed */
    Arena arena;
} FitResult;

/* Fits the models named (NULL-terminated; NULL: all), each in a transaction of its own, those alone whose protocol entry or table
 * changed (force: all). A model that looks into the future or has an impossible value is refused and recorded, the others go on.
 * Predictions for every patient are stored beside: at board's horizon, probabilities always.
 * ERR_USAGE for a name that the protocol does not have. */
Rc fit_study(FitResult *out, const StudyTables *t, Db *db, int64_t run_id, const char *const *only, bool force, int threads, const Progress *w, Err *e);
void fit_result_free(FitResult *r);

#endif
