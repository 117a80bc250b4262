/* db/db_model.h: fitted models, their terms, who is not in them, and predictions. */
#ifndef REOX_DB_DB_MODEL_H
#define REOX_DB_DB_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/hash.h"
#include "core/json.h"
#include "db/db.h"

typedef struct {
    const char *term;
    double coef, se, ratio, lower95, upper95, p;           /* NaN where there is none; limits are of the ratio */
    const char *measure;                                   /* "HR", "OR"; "" when exp(coef) means nothing, limits then of coef */
} TermRow;

typedef struct { const char *patient, *reason; } ModelRow; /* a patient who is not in the model, and why */

/* A column that the model reads. tracer (slug) and timepoint NULL for a clinical column; a change has a row for each of its two
 * time points. */
typedef struct { const char *name, *tracer, *timepoint; } ModelColumn;

typedef struct {
    const char *name, *method, *formula;
    const char *endpoint, *landmark;                       /* NULL where there is none; landmark as in the protocol, "mid" or "28" */
    int position;                                          /* place in the protocol, from 1 */
    const char *settings_sha, *inputs_sha;                 /* what it was made of: entry of the protocol, table it was fitted to */
    bool estimated;                                        /* false: the method ended with ERR_ESTIMATE */
    double n, nevent;                                      /* NaN where the method has none */
    const Json *fit;                                       /* the method's output, or what stats/fit_json makes of it */
    const Json *diagnosis;                                 /* its list of {code, message}; NULL: empty */
    const TermRow *term;
    size_t n_terms;
    const ModelRow *row;
    size_t n_rows;
    const ModelColumn *column;
    size_t n_columns;
} ModelRecord;

/* Replaces the model with its terms, rows, columns and predictions; a refusal that stood against it is lifted (db_accept). Inside
 * the caller's transaction. */
Rc db_model_store(Db *db, int64_t run_id, const ModelRecord *m, Err *e);

/* Whether the stored fit was made of just this: then it is marked as still good (no longer stale) and needs no new fit. */
Rc db_model_confirm(bool *current, Db *db, int64_t run_id, const char *name, const char *settings_sha, const char *inputs_sha, Err *e);

/* Removes models that the protocol no longer has; names is NULL-terminated. */
Rc db_models_keep(Db *db, const char *const *names, Err *e);

typedef struct {
    const char *name, *method, *formula, *endpoint, *landmark, *settings_sha, *inputs_sha;
    bool estimated, stale;
    double n, nevent;
    Json *fit, *diagnosis;
} StoredModel;
typedef struct {
    StoredModel *model;
    size_t n;
    Arena arena;
} StoredModels;

/* All models that are not refused, in the protocol's order; only: one name, or NULL. */
Rc db_models_load(StoredModels *out, Db *db, const char *only, Err *e);
void stored_models_free(StoredModels *m);

/* Patients left out of a model and why, in order of row. Arena memory. */
Rc db_model_rows_load(ModelRow **out, size_t *n, Db *db, const char *model, Arena *a, Err *e);

typedef struct {
    const char *patient, *measure;                         /* "risk", "cumulative_incidence", "probability" */
    double horizon;                                        /* endpoint's unit, from the model's clock; 0 for a response */
    double value, lower95, upper95;
    bool in_range;                                         /* all columns within the range of the model's own data */
    const char *note;                                      /* what is outside, or why there is no value; NULL */
} PredictionRow;

/* Replaces the predictions of one model. Inside the caller's transaction. */
Rc db_predictions_store(Db *db, const char *model, const PredictionRow *row, size_t n, Err *e);
Rc db_predictions_load(PredictionRow **out, size_t *n, Db *db, const char *model, Arena *a, Err *e);

#endif
