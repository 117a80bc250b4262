/* db/schema.h: schema versions, and whether a file has the schema it says it has. */
#ifndef REOX_DB_SCHEMA_H
#define REOX_DB_SCHEMA_H

#include "core/embed.h"
#include "core/err.h"
#include "db/handle.h"

/* Files are NNNN_*.sql; file number N leads from version N - 1 to N. */
int schema_newest(const EmbeddedFile *schema);

/* The bytes of an empty database of the newest version; free with sqlite3_free. */
Rc schema_empty_database(unsigned char **bytes, sqlite3_int64 *size, const EmbeddedFile *schema, Err *e);

/* Runs the files behind `version` and sets user_version; the caller's transaction is open. */
Rc schema_apply(Db *db, int version, const EmbeddedFile *schema, Err *e);

/* ERR_DB when a table, index, trigger or view of this version is missing, altered or added. The views v_wide… depend on the study
 * and are left out. */
Rc schema_check(Db *db, int version, const EmbeddedFile *schema, Err *e);

#endif
