/* core/json.h: strict JSON in, exact JSON out. The one file behind it knows cJSON. */
#ifndef REOX_CORE_JSON_H
#define REOX_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/str.h"

typedef struct cJSON Json;

/* ---- reading. Refused with file, line and reason: text over 4 MB or 64 levels, control characters, invalid UTF-8, \u0000, text
 * behind the end, duplicate keys, numbers that are not JSON's or overflow. Free with json_free. */
Rc json_read(Json **out, const char *path, const char *name, Err *e);
Rc json_parse(Json **out, const char *text, size_t size, const char *name, Err *e);
void json_free(Json *j);                       /* NULL is fine */

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT } JsonType;
JsonType json_type(const Json *j);
const char *json_type_name(const Json *j);     /* "null", "true or false", "a number", "text", "an array", "an object" */

const Json *json_get(const Json *object, const char *key);     /* NULL when absent or j is no object; case counts */
size_t json_size(const Json *array_or_object);
const Json *json_at(const Json *array, size_t i);              /* also the i-th member of an object */
const Json *json_first(const Json *array_or_object);           /* for (x = json_first(a); x; x = json_next(x)) */
const Json *json_next(const Json *item);
const char *json_key(const Json *member);                      /* NULL for items of an array */
double json_number(const Json *j);                             /* NaN when it is no number */
const char *json_text(const Json *j);                          /* NULL when it is no text */
bool json_bool(const Json *j);                                 /* false when it is no true */

/* Typed members of an object. `where` is how messages name the object ("study.json: hypoxia.FMISO").
 * Absent leaves *out alone; a wrong type is ERR_INPUT naming key, what was found and what was expected. */
Rc json_want_number(double *out, const Json *object, const char *key, const char *where, Err *e);
Rc json_want_bool(bool *out, const Json *object, const char *key, const char *where, Err *e);
Rc json_want_text(const char **out, const Json *object, const char *key, const char *where, Err *e);
Rc json_want_array(const Json **out, const Json *object, const char *key, const char *where, Err *e);
Rc json_want_object(const Json **out, const Json *object, const char *key, const char *where, Err *e);

/* ERR_INPUT for the first key that is not among `known` (NULL-terminated), with the nearest known one. */
Rc json_refuse_unknown(const Json *object, const char *const *known, const char *where, Err *e);

/* ---- writing: build a tree, print it. Every json_set/json_push takes the value over (also when it fails) and returns it, or NULL
 * when memory is out; a tree whose building failed prints as ERR_NOMEM (json_print checks). A key set twice keeps the later value. */
Json *json_object(void);
Json *json_array(void);
Json *json_from_text(const char *text);        /* NULL text becomes null */
Json *json_from_number(double x);              /* NaN and infinities become null */
Json *json_from_bool(bool b);
Json *json_null(void);
Json *json_copy(const Json *j);
Json *json_set(Json *object, const char *key, Json *value);
/* For a key that the object does not have yet: at once, where json_set looks through all keys. */
Json *json_add(Json *object, const char *key, Json *value);
Json *json_push(Json *array, Json *value);
Json *json_set_text(Json *object, const char *key, const char *text);
Json *json_set_number(Json *object, const char *key, double x);
Json *json_set_bool(Json *object, const char *key, bool b);
Json *json_set_numbers(Json *object, const char *key, const double *x, size_t n);      /* array of numbers */
Json *json_set_texts(Json *object, const char *key, const char *const *x, size_t n);
/* {"rows":[…],"cols":[…],"data":[[…],…]} of x, n_row x n_col, column-major; rows and cols may be NULL. */
Json *json_set_matrix(Json *object, const char *key, const double *x, size_t n_row, size_t n_col,
                      const char *const *rows, const char *const *cols);
void json_remove(Json *object, const char *key);

/* Numbers with 17 significant digits (whole numbers below 2^53 plainly). pretty: two blanks an indent, short arrays of
 * numbers on one line. No newline at the end. */
Rc json_print(Str *out, const Json *j, bool pretty, Err *e);

/* Pretty, each number as the shortest decimal that reads back to the same double: for files that people edit. */
Rc json_print_short(Str *out, const Json *j, Err *e);

/* One canonical line: keys sorted, no blanks; what settings hashes are taken of. */
Rc json_print_canonical(Str *out, const Json *j, Err *e);

/* Only the text between the quotes, escaped; for writers that stream. */
void json_escape(Str *out, const char *text);

#endif
