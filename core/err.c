/* core/err.c: messages are always one printable line. */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

/* Copies text so that no byte of a user's file can move the cursor or break the line: whole UTF-8 characters pass,
 * controls (C0, DEL, C1) and bytes that are no UTF-8 become \xNN. */
static void printable(char *out, size_t cap, const char *text)
{
    size_t n = 0;
    const char *p = text;
    while (*p && n + 5 < cap) {
        uint32_t code = 0;
        size_t length = utf8_next(&code, p, strnlen(p, 4));
        bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
        if (length && !control) {
            memcpy(out + n, p, length);
            n += length;
            p += length;
        } else {
            n += (size_t)snprintf(out + n, cap - n, "\\x%02X", (unsigned char)*p);
            p++;
        }
    }
    out[n] = '\0';
}

Rc err_set(Err *e, Rc rc, const char *format, ...)
{
    if (!e) return rc;
    char raw[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(raw, sizeof raw, format, ap);
    va_end(ap);
    e->rc = rc;
    printable(e->text, sizeof e->text, raw);
    return rc;
}

void err_prefix(Err *e, const char *format, ...)
{
    if (!e) return;
    char prefix[ERR_TEXT_MAX], raw[2 * ERR_TEXT_MAX + 4];
    va_list ap;
    va_start(ap, format);
    vsnprintf(prefix, sizeof prefix, format, ap);
    va_end(ap);
    snprintf(raw, sizeof raw, "%s: %s", prefix, e->text);
    printable(e->text, sizeof e->text, raw);
}

Rc err_nomem(Err *e)
{
    return err_set(e, ERR_NOMEM, "out of memory");
}
