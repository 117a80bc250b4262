/* study/model_definitions.h: what the variables of a model mean, kept with the model and held against another cohort. */
#ifndef REOX_STUDY_MODEL_DEFINITIONS_H
#define REOX_STUDY_MODEL_DEFINITIONS_H

#include "core/err.h"
#include "core/json.h"
#include "core/protocol.h"
#include "db/db.h"
#include "study/variables.h"

/* *out: an object by column. Of a variable of images:
 *   {kind "image", label, units, definition, source, measured: [how: settings, or reference, threshold and operator, each once],
 *    uptake_min: [least, most] or null}
 * of a clinical column: {kind "clinical", label, unit, levels}. What cannot change a variable's value (the families and
 * aggregations that were asked for beside it, the day's uptake time) is not among its settings. Free with json_free. */
Rc model_definitions(Json **out, const char *const *columns, const Protocol *p, const VariableSpace *s, Db *db, Err *e);

/* ERR_INPUT headed by `where` for the first column that this cohort lacks or that means something else here: other settings, reference,
 * threshold, operator, unit. */
Rc model_definitions_agree(const Json *definitions, const char *const *columns, const Protocol *p, const VariableSpace *s, Db *db,
                           const Frame *clinical, const char *where, Err *e);

#endif
