/* db/db_run.h: runs and the audit trail. */
#ifndef REOX_DB_DB_RUN_H
#define REOX_DB_DB_RUN_H

#include <stdint.h>

#include "core/json.h"
#include "db/db.h"

/* Opens a run: a row of `run` with version, command and start. The database's later rows point to it. Own transaction. */
Rc db_run_begin(int64_t *run_id, Db *db, const char *command, Err *e);

/* Completes it. settings_sha: of study.json, NULL when it could not be read; inputs: {file: sha}, NULL for none. Own transaction. */
Rc db_run_end(Db *db, int64_t run_id, int exit_code, const char *settings_sha, const Json *inputs, Err *e);

/* One row of the chain; inside the caller's transaction. */
Rc db_audit_add(Db *db, int64_t run_id, const char *action, const char *object, const char *detail, Err *e);

/* ERR_DB naming the first row whose digest does not follow from the rows before it. */
Rc db_audit_verify(Db *db, Err *e);

#endif
