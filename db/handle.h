/* db/handle.h: what stands behind Db; for the files of db/ that speak with SQLite themselves. */
#ifndef REOX_DB_HANDLE_H
#define REOX_DB_HANDLE_H

#include <sqlite3.h>
#include <stddef.h>

#include "core/err.h"

#define REOX_APPLICATION_ID 0x52454F58         /* "REOX" */

typedef struct Db Db;
typedef struct CachedQuery CachedQuery;

struct Db {
    sqlite3 *sql;
    char *path;
    CachedQuery *cached;                       /* prepared statements of db/query */
    size_t n_cached, cap_cached;
};

/* ERR_DB (ERR_NOMEM) with the file, what was being done, and SQLite's sentence. */
Rc db_failure(Db *db, const char *doing, Err *e);

#endif
