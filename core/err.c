/* core/err.c: messages are always one printable line. */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Copies text so that no byte of a user's file can move the cursor or break the line. UTF-8 passes. */
static void printable(char *out, size_t cap, const char *text)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p && n + 5 < cap; p++) {
        /* C1 controls arrive as C2 80 … C2 9F in UTF-8. */
        int c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] <= 0x9F;
        if (*p < 0x20 || *p == 0x7F || c1) {
            n += (size_t)snprintf(out + n, cap - n, "\\x%02X", c1 ? p[1] : *p);
            if (c1) p++;
        } else {
            out[n++] = (char)*p;
        }
    }
    /* Never end in the middle of a UTF-8 character. */
    size_t back = 0;
    while (n > 0 && back < 4 && ((unsigned char)out[n - 1] & 0xC0) == 0x80) { n--; back++; }
    if (back || (n > 0 && (unsigned char)out[n - 1] >= 0xC0)) {
        unsigned char lead = n > 0 ? (unsigned char)out[n - 1] : 0;
        size_t need = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
        if (need == back) n += back;
        else if (n > 0 && lead >= 0xC0) n--;
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
    char prefix[ERR_TEXT_MAX], raw[2 * ERR_TEXT_MAX];
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
