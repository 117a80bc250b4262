/* study/model_file.h: a fitted model as a file with all that a stranger needs to apply and to judge it. */
#ifndef REOX_STUDY_MODEL_FILE_H
#define REOX_STUDY_MODEL_FILE_H

#include <stdbool.h>

#include "core/err.h"
#include "core/json.h"
#include "db/db.h"
#include "db/db_model.h"
#include "ingest/study_tables.h"
#include "stats/predict.h"

/* model_export's document {schema "reox.model/1", model, fit, competing} with
 *   program, disclaimer; subset and exclusions of the protocol; horizon (board's, null);
 *   definitions  what each column means (study/model_definitions.h)
 *   performance  apparent and corrected by 200 bootstrap resamples (seed 1), or {reason} where that cannot be
 *   sha256       of all the rest in canonical form, so that a file that was changed is known
 * groups: with the names of a frailty's groups. ERR_INPUT for a document that cannot predict. Free with json_free. */
Rc model_file(Json **out, const StoredModel *m, bool groups, const StudyTables *t, Db *db, Err *e);

/* Reads such a file. ERR_INPUT in one line headed by path for what is none: an unknown key, a fit that does not hold together, a digest
 * that is not the content's. Free with json_free. */
Rc model_file_read(Json **out, const char *path, Err *e);

/* The file's model as one of this study's: its own right side, subset and landmark, the left side of `endpoint`. spec->options is the
 * caller's to free. ERR_INPUT for a time point that this study does not have. */
Rc model_file_spec(ModelSpec *spec, const Json *file, const Endpoint *endpoint, const Protocol *p, const char *path, Arena *a, Err *e);

/* What the file's model predicts for the patients of this study (or one). ERR_INPUT for a variable that is not here or means something
 * else. Who had the event before the model's clock began has no risk, where this study has the model's endpoint. Arena memory. */
Rc model_file_predict(PredictionRow **out, size_t *n, const Json *file, const char *path, const char *only, const StudyTables *t, Db *db,
                      const PredictWish *w, Arena *a, Err *e);

#endif
