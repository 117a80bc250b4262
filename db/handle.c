/* db/handle.c: the one sentence for what SQLite could not do. */
#include "db/handle.h"

Rc db_failure(Db *db, const char *doing, Err *e)
{
    int code = sqlite3_errcode(db->sql) & 0xff;        /* extended codes keep the kind in the low byte */
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return err_set(e, ERR_DB, "%s: the database is damaged (corrupt): %s", db->path, sqlite3_errmsg(db->sql));
    return err_set(e, code == SQLITE_NOMEM ? ERR_NOMEM : ERR_DB, "%s: %s: %s", db->path, doing, sqlite3_errmsg(db->sql));
}
