/* db/query.h: one SQL statement with bound parameters, for the files of this room. Statements stand in db/query by name. */
#ifndef REOX_DB_QUERY_H
#define REOX_DB_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/str.h"

typedef struct Db Db;                          /* db/db.h opens one */
typedef struct Query Query;

/* The statement called `name` in db/query, ready to be bound. It stays prepared with the database; one use at a time. */
Rc query_begin(Query **out, Db *db, const char *name, Err *e);

/* A statement as text, for SELECT * FROM a view. End it with query_end like the others. */
Rc query_sql(Query **out, Db *db, const char *sql, Err *e);

/* Parameters by name (":patient"). NULL text and NaN become NULL. A failure is kept and told by the next step. */
void query_text(Query *q, const char *parameter, const char *text);
void query_number(Query *q, const char *parameter, double x);
void query_integer(Query *q, const char *parameter, int64_t x);

Rc query_step(bool *row, Query *q, Err *e);    /* *row false at the end */
Rc query_done(Query *q, Err *e);               /* runs a statement without rows to its end and ends it */
void query_end(Query *q);                      /* NULL is fine */

/* Columns of the row at hand. Text is good until the next step. */
const char *query_get_text(Query *q, int column);      /* NULL for NULL */
double query_get_number(Query *q, int column);         /* NaN for NULL */
int64_t query_get_integer(Query *q, int column);       /* 0 for NULL */
bool query_is_null(Query *q, int column);
bool query_is_number(Query *q, int column);            /* an integer or a real */
bool query_is_whole(Query *q, int column);             /* an integer */
int query_columns(Query *q);
const char *query_column_name(Query *q, int column);

/* Ends what query_begin keeps prepared; db_close calls it. */
void queries_free(Db *db);

/* Statements of the schema (views that depend on the study), outside db/query. */
Rc db_exec(Db *db, const char *sql, Err *e);

/* Rows changed by the last statement. */
int64_t db_changes(Db *db);

/* 53 bits of the SHA-256 of some texts, for ids that do not depend on when a row came and that every reader of numbers takes
 * exactly. Ends with NULL. */
__attribute__((sentinel))
int64_t id_of(const char *first, ...);

/* 'text' and "name" as SQL literals. */
void sql_quote(Str *out, const char *text);
void sql_name(Str *out, const char *name);

#endif
