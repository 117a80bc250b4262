/* core/str.h: growable text, and numbers to text and back without a locale. */
#ifndef REOX_CORE_STR_H
#define REOX_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* NUL-terminated growable buffer; {0} is empty. `failed` stays set once memory ran out, so a chain of
 * appends is checked once, at its end, by str_check. */
typedef struct {
    char *s;
    size_t len, cap;
    bool failed;
} Str;

void str_append(Str *b, const char *text);
void str_append_n(Str *b, const char *bytes, size_t n);
void str_append_char(Str *b, char c);
__attribute__((format(printf, 2, 3)))
void str_appendf(Str *b, const char *format, ...);
Rc str_check(const Str *b, Err *e);          /* ERR_NOMEM when an append failed */
const char *str_text(const Str *b);          /* never NULL */
char *str_take(Str *b);                      /* hands the buffer over (free() it); b is empty again */
void str_free(Str *b);

/* Room for the longest double written by number_write. */
enum { NUMBER_TEXT_MAX = 32 };

/* x with 17 significant digits ("%.17g"), so that reading it back gives the same bits; "NA" for NaN,
 * "Inf" and "-Inf". Returns buf. The decimal sign is a point whatever the locale. */
char *number_write(char buf[NUMBER_TEXT_MAX], double x);

/* The shortest decimal that reads back to the same double; for people and for CSV. */
char *number_write_short(char buf[NUMBER_TEXT_MAX], double x);

/* Reads a decimal number that fills the text whole: sign, digits, point, exponent. No hex, "nan", "inf",
 * blanks or trailing text; overflow to infinity is refused, underflow gives 0. */
bool number_read(double *x, const char *text);

/* The same for a number that something else may follow; its end, or NULL when the text does not begin with one. Bytes up to `end`
 * may be looked at, where the text or a NUL ends at the latest. */
const char *number_scan(double *x, const char *text, const char *end);

/* strdup without the libc's feature-test macros; NULL when memory is out. */
char *text_copy(const char *text);

bool text_equal(const char *a, const char *b);               /* both may be NULL; NULL equals NULL alone */
bool text_equal_nocase(const char *a, const char *b);        /* ASCII */

/* §3's rule for names of variables: lower case, each run of other characters becomes one '_', none at the
 * ends. Returns out, which needs strlen(text)+1 bytes. */
char *text_slug(char *out, const char *text);

/* Edits between two words (insert, delete, replace, ASCII case ignored), for "did you mean". */
int text_distance(const char *a, const char *b);

/* The nearest of n words, or NULL when none is near enough to be a slip of the pen. */
const char *text_nearest(const char *word, const char *const *words, size_t n);

#endif
