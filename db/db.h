/* db/db.h: the study's database: opening, creating, migrating, transactions. */
#ifndef REOX_DB_DB_H
#define REOX_DB_DB_H

#include <stdbool.h>

#include "core/embed.h"
#include "core/err.h"

typedef struct Db Db;

/* READ: rows are only read, though a transaction that a killed run left behind is rolled back first. WRITE: must be there, an
 * older schema is migrated after a copy was written to PATH.schema-N.bak. CREATE: as WRITE, made when absent. */
typedef enum { DB_READ, DB_WRITE, DB_CREATE } DbMode;

/* Opens STUDY/reox.db or what --db names. A file that is not ours, was written by a newer version, whose schema was altered or
 * whose pages are damaged is refused (ERR_DB) without changing a byte of it. Durable settings: journal DELETE, synchronous EXTRA. */
Rc db_open(Db **out, const char *path, DbMode mode, Err *e);

/* The same with another list of schema files, NNNN_*.sql in order; for tests of migration. */
Rc db_open_schema(Db **out, const char *path, DbMode mode, const EmbeddedFile *schema, Err *e);

void db_close(Db *db);                         /* NULL is fine; what was not committed is rolled back */
const char *db_name(const Db *db);             /* the path, as messages say it */

/* One transaction a user-visible act. A failed commit is never tried again. */
Rc db_begin(Db *db, Err *e);
Rc db_commit(Db *db, Err *e);
void db_rollback(Db *db);                      /* nothing when there is none */

#endif
