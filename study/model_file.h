/* study/model_file.h: a fitted model as a file with all that a stranger needs to apply and to judge it. */
#ifndef REOX_STUDY_MODEL_FILE_H
#define REOX_STUDY_MODEL_FILE_H

#include "core/err.h"
#include "core/json.h"
#include "db/db.h"
#include "db/db_model.h"
#include "ingest/study_tables.h"

/* model_export's document {schema "reox.model/1", model, fit, competing} with
 *   program, disclaimer; subset and exclusions of the protocol; horizon (board's, null);
 *   definitions  what each column means (study/model_definitions.h)
 *   performance  apparent and corrected by 200 bootstrap resamples (method validate, seed 1), or {reason} where that cannot be
 * ERR_INPUT for a document that cannot predict. Free with json_free. */
Rc model_file(Json **out, const StoredModel *m, const StudyTables *t, Db *db, Err *e);

#endif
