/* study/predict.h: absolute risk or probability of response from a fitted model of the protocol. */
#ifndef REOX_STUDY_PREDICT_H
#define REOX_STUDY_PREDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/csv.h"
#include "core/err.h"
#include "core/frame.h"
#include "core/json.h"
#include "core/protocol.h"
#include "db/db.h"
#include "db/db_model.h"
#include "stats/predict.h"
#include "study/variables.h"

/* A model's document is its method's output with two keys more: `fit` and `competing` (fits that stats/predict.h reads; absent
 * where the method gives none) and
 *   model  {name, method, formula, endpoint, time_unit, landmark, has_cause, has_competing, kind: "survival" | "response"}
 * It is what the database keeps. */
Rc model_describe(Json *document, const ModelSpec *m, const Endpoint *endpoint, bool survival, bool has_cause, bool has_competing, const Protocol *p, Err *e);

enum { MODEL_LEVELS_MAX = 64 };

/* What a document says of itself. Text is the document's. ERR_INPUT, headed by where, for one that cannot predict. */
typedef struct {
    const char *name, *endpoint, *time_unit, *landmark, *measure;      /* NULL where they do not apply */
    bool survival, has_cause, has_competing;
    bool subdistribution;                                              /* the risk is a model's own cumulative incidence, its ranking one of it */
    size_t n_levels;                                                   /* an ordinal model's levels, each with a probability; 0: one number a row */
    const char *level[MODEL_LEVELS_MAX];
    const char *no_interval;                                           /* why predictions have no limits; NULL: they have */
    const char *no_value;                                              /* why there is no risk, for a model that only ranks; NULL: there is */
    const Json *fit, *competing;                                       /* competing NULL: none */
} ModelDocument;
Rc model_document(ModelDocument *out, const Json *document, const char *where, Err *e);

/* What `reox export --model` writes and `predict --model FILE` reads: {schema "reox.model/1", model, fit, competing}, without anything of
 * single patients. groups: also the names of a frailty's groups. ERR_INPUT for a document that cannot predict. Free with json_free. */
Rc model_export(Json **out, const Json *document, bool groups, const char *where, Err *e);

/* One row a row of `rows`, of an ordinal model one for each level behind each other (n: how many in all); out[i].patient is rows' column "patient",
 * else "row N". Survival: risk up to the wish's horizon in the endpoint's
 * unit from the model's clock, as cumulative incidence where the endpoint has a cause. Response: probability ("probability of LEVEL"), horizon 0. */
Rc predict_rows(PredictionRow **out, size_t *n, const Json *document, const char *where, const Frame *rows, const PredictWish *w, Arena *a, Err *e);

/* The accepted patients of the study (or one: ERR_INPUT when he is not there), with a note where the model (by its name; NULL: one from
 * elsewhere, that left out nobody of here) left the patient out: who had the event before the landmark gets no risk. */
Rc predict_patients(PredictionRow **out, size_t *n, const StoredModel *m, const char *only, const VariableSpace *s, Db *db,
                    const PredictWish *w, Arena *a, Err *e);

/* Takes the risk from a patient who had the event before the model's clock began, as `reason` says; other reasons become a note. */
void predict_left_out(PredictionRow *r, const char *reason, Arena *a);

/* The table of --newdata as the model wants it: columns with levels are text however they look. */
Rc predict_newdata(Frame *out, const char *path, const Protocol *p, Err *e);

/* Horizon that the protocol names for this model: board's, where the endpoint is the same; NaN otherwise, 0 for a response. */
double predict_horizon(const ModelDocument *d, const Protocol *p);

#endif
