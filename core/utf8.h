/* core/utf8.h: which bytes are characters. */
#ifndef REOX_CORE_UTF8_H
#define REOX_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that the n bytes at p begin with, and its code point (NULL: not wanted). 0 when they begin with none:
 * truncated, overlong, a surrogate, beyond U+10FFFF, or n is 0. Unicode 15, 3.9, table 3-7. */
size_t utf8_next(uint32_t *code, const char *p, size_t n);

/* Characters of a text that is UTF-8. */
size_t utf8_length(const char *text);

bool text_is_utf8(const char *text, size_t n);

#endif
