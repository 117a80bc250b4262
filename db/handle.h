/* db/handle.h: what stands behind Db; for db.c, schema.c and query.c alone. */
#ifndef REOX_DB_HANDLE_H
#define REOX_DB_HANDLE_H

#include <sqlite3.h>
#include <stddef.h>

#include "db/db.h"

#define REOX_APPLICATION_ID 0x52454F58         /* "REOX" */

typedef struct CachedQuery CachedQuery;

struct Db {
    sqlite3 *sql;
    char *path;
    CachedQuery *cached;                       /* prepared statements of db/query */
    size_t n_cached, cap_cached;
};

void queries_free(Db *db);

/* ERR_DB (ERR_NOMEM) with the file, what was being done, and SQLite's sentence. */
Rc db_failure(Db *db, const char *doing, Err *e);

#endif
