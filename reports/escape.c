/* reports/escape.c: the one place where text of users becomes text of pages. */
#include "reports/escape.h"

#include <stdint.h>
#include <string.h>

#include "core/utf8.h"

/* Unicode's default ignorables, bidirectional controls, line separators, annotations and tags: a label must not hide or
 * reorder another label. */
static int is_deceptive(uint32_t c)
{
    return c == 0xAD || c == 0x34F || c == 0x61C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF0 && c <= 0xFFFF) ||
           (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xE0000 && c <= 0xE0FFF) || c >= 0xF0000;
}

void text_visible(Str *out, const char *text)
{
    for (const char *p = text; *p; ) {
        uint32_t c = 0;
        size_t n = utf8_next(&c, p, strnlen(p, 4));
        if (n == 0) { str_appendf(out, "\\x%02X", (unsigned char)*p); n = 1; }
        else if (c == '\n' || c == '\t' || c == '\r') str_append_char(out, ' ');
        else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) str_appendf(out, "\\x%02X", (unsigned)c);
        else if (is_deceptive(c)) str_appendf(out, "[U+%04X]", (unsigned)c);
        else str_append_n(out, p, n);
        p += n;
    }
}

void html_escape(Str *out, const char *text)
{
    Str plain = { 0 };
    text_visible(&plain, text);
    if (plain.failed) out->failed = true;
    for (const char *p = str_text(&plain); *p; ) {
        size_t n = strcspn(p, "&<>\"'");
        str_append_n(out, p, n);
        p += n;
        switch (*p) {
        case '&': str_append(out, "&amp;"); break;
        case '<': str_append(out, "&lt;"); break;
        case '>': str_append(out, "&gt;"); break;
        case '"': str_append(out, "&quot;"); break;
        case '\'': str_append(out, "&#39;"); break;
        default: continue;
        }
        p++;
    }
    str_free(&plain);
}
