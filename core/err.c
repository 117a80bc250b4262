/* core/err.c: messages are always one printable line. */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"

/* Copies text so that no byte of a user's file can move the cursor or break the line: whole UTF-8 characters pass,
 * controls (C0, DEL, C1) and bytes that are no UTF-8 become \xNN. */
static void printable(char *out, size_t cap, const char *text)
{
    size_t n = 0;
    const char *p = text;
    while (*p && n + 5 < cap) {
        unsigned char c = (unsigned char)*p;
        size_t len = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
        size_t there = strnlen(p, len);
        int control = c < 0x20 || c == 0x7F || (c == 0xC2 && there == 2 && (unsigned char)p[1] < 0xA0);
        if (there == len && text_is_utf8(p, len) && !control) {
            memcpy(out + n, p, len);
            n += len;
            p += len;
        } else {
            n += (size_t)snprintf(out + n, cap - n, "\\x%02X", c);
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
