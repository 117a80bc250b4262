/* db/db_definition.h: what the values of one variable mean in this cohort. */
#ifndef REOX_DB_DB_DEFINITION_H
#define REOX_DB_DB_DEFINITION_H

#include "core/json.h"
#include "db/db_feature.h"

/* *out: a list of {document, unit}, each pair once, over the accepted scans (or pairs of scans) that give the variable a value. Free with
 * json_free. */
Rc db_variable_definitions(Json **out, Db *db, const VariableKey *key, Err *e);

#endif
